//! Registers that two persons are one (M10): one goes on, what was given as or to the other ends, and what
//! was said of the human is said of who goes on.

use super::die::ALL;
use crate::{Call, Error, Service};
use std::collections::BTreeSet;
use tillid_domain::{
    Instant, LocalDate, Period, Reason,
    actor::Actor,
    catalogue::Polarity,
    consent::{Consent, ConsentStanding, ConsentState},
    event::{ConsentAnswer, EndCause, Entity, Event, Fact},
    family::{Custody, Family, Holder},
    id::{ConsentId, CustodyId, DeclarationId, NumberId, PersonId, StatutoryId},
    mandate::Mandate,
    mandate_request::MandateRequestStanding,
    person::Person,
    request::RequestStanding,
    source::Source,
    statutory::{Charge, Days, StatutoryPower},
};
use tillid_storage::{Tx, Write};

const CAUSE: EndCause = EndCause::CprChangeUnresolved;

impl Service {
    /// Registers, on the word of a register, that `gone` and `kept` are one person, who goes on as `kept`. Numbers, logins and the id of
    /// `gone` lead to `kept` from then on, and what stands in their log is theirs.
    ///
    /// Nobody gave anything as `kept` that was given as `gone`, or to them. So it does not move: mandates on either side, consents and
    /// requests end in the same transaction. Consents that are in use are asked for anew, and what forbids goes on to forbid. Custody,
    /// guardianship and removed capacity were said of the human, and are said again of `kept`; custody of `gone` as a child, and lasting
    /// powers, end until their register tells more. Told again, it changes nothing.
    pub async fn register_merge(&self, kept: PersonId, gone: PersonId) -> Result<(), Error> {
        let call = Call::by(Actor::OPERATOR);
        let mut concerned = vec![kept, gone];
        loop {
            let mut tx = self.store.write().await?;
            tx.lock(&concerned).await?;
            if !tx.holds(&[kept, gone]) {
                return Err(Error::NotFound);
            }
            if gone != kept && tx.goes_on_as(gone).await? == kept {
                return Ok(());
            }
            // What was given before the locks were taken may concern somebody who is not locked yet.
            let mut everyone = self.whom_it_concerns_with(&mut tx, gone).await?;
            everyone.insert(kept);
            let everyone: Vec<PersonId> = everyone.into_iter().collect();
            if !tx.holds(&everyone) {
                concerned = everyone;
                continue;
            }
            let now = self.now(&mut tx).await?;
            let (kept, gone) =
                (self.known_person(&mut tx, kept).await?, self.known_person(&mut tx, gone).await?);
            gone.must_live()?;
            let events = self.merge(&call, &mut tx, &kept, gone, now).await?;
            tx.commit(events, None).await?;
            return Ok(());
        }
    }

    /// Whether nothing is known of somebody but their number: they became known by being asked about, and that is all.
    pub(super) async fn is_only_a_number(&self, tx: &mut Tx<Write>, person: &Person) -> Result<bool, Error> {
        let version = tx.version_of(person.id, tillid_storage::KnownAt::Now).await?;
        let untold = person.name.is_none() && person.born.is_none() && person.numbers.len() == 1;
        Ok(version == Some(1) && untold && person.party.is_citizen() && person.must_live().is_ok())
    }

    /// Lets somebody go on as another of whom nothing is known but a number, which is theirs from then on. Both are locked.
    pub(super) async fn take_over(
        &self,
        call: &Call,
        tx: &mut Tx<Write>,
        kept: &Person,
        empty: Person,
        now: Instant,
    ) -> Result<Event, Error> {
        let number: Option<NumberId> = empty.numbers.first().copied();
        if let Some(number) = number {
            tx.release_number(number).await?;
        }
        let (merged, fact) = empty.merge(kept, number, now)?;
        Ok(self.event(call, now, &merged, fact))
    }

    async fn whom_it_concerns_with(
        &self,
        tx: &mut Tx<Write>,
        gone: PersonId,
    ) -> Result<BTreeSet<PersonId>, Error> {
        let mut everyone: BTreeSet<PersonId> = self.everyone_around(tx, gone).await?.into_iter().collect();
        everyone.extend(self.family_of(tx, gone).await?);
        everyone.extend(tx.custody_of(gone).await?.iter().flat_map(Custody::persons));
        everyone.extend(tx.statutory_about(gone).await?.iter().flat_map(Entity::subjects));
        everyone.extend(tx.merged_into(gone).await?);
        Ok(everyone)
    }

    async fn merge(
        &self,
        call: &Call,
        tx: &mut Tx<Write>,
        kept: &Person,
        gone: Person,
        now: Instant,
    ) -> Result<Vec<Event>, Error> {
        let (id, mut events) = (gone.id, Vec::new());
        // Nobody is merged into somebody who is: who went on as the one goes on as the other.
        let mut all = vec![gone];
        for earlier in tx.merged_into(id).await? {
            all.push(self.known_person(tx, earlier).await?);
        }
        for one in all {
            let (merged, fact) = one.merge(kept, None, now)?;
            events.push(self.event(call, now, &merged, fact));
        }
        let theirs =
            |mandate: &Mandate| [mandate.grantor, mandate.representative].contains(&id).then_some(CAUSE);
        events.extend(self.mandates_ended_with(call, tx, id, theirs, now, now).await?);
        for request in tx.mandate_requests_of(id, None, ALL).await? {
            if request.standing(now) == MandateRequestStanding::Open {
                let (lapsed, fact) = request.lapse(CAUSE, now, now)?;
                events.push(self.event(call, now, &lapsed, fact));
            }
        }
        for request in tx.requests_to(id, None, None, ALL).await? {
            if request.standing(now) == RequestStanding::Open {
                let (lapsed, fact) = request.lapse(CAUSE, now, now)?;
                events.push(self.event(call, now, &lapsed, fact));
            }
        }
        events.extend(self.consents_of_merged(call, tx, kept.id, id, now).await?);
        events.extend(self.custody_of_merged(call, tx, kept.id, id, now).await?);
        for power in tx.statutory_about(id).await? {
            events.extend(self.power_of_merged(call, power, kept.id, id, now)?);
        }
        Ok(events)
    }

    /// What a court or a register said of somebody, it said of a human: a guardian goes on as guardian, and whose capacity is removed does
    /// not get it back by being found to be another. A lasting power names its attorneys, and its register names them anew.
    fn power_of_merged(
        &self,
        call: &Call,
        power: StatutoryPower,
        kept: PersonId,
        gone: PersonId,
        now: Instant,
    ) -> Result<Vec<Event>, Error> {
        let (today, source) = (now.local_date(), Source::Register {});
        let restated = match power.on(today) {
            Some((charge, _, next)) if power.person == gone && power.dormant.is_none() => {
                let mut charge = charge.clone();
                charge.holders.remove(&kept);
                let until = next.map(|next| next.days_before(1));
                let id = StatutoryId::from_uuid(self.ambient.id());
                let days = Days { from: today, until };
                StatutoryPower::guardianship(id, kept, charge, days, source, now).ok()
            }
            _ => None,
        };
        let ended = as_another(power, kept, gone, now)?;
        let events = ended.into_iter().chain(restated);
        Ok(events.map(|(stated, fact)| self.event(call, now, &stated, fact)).collect())
    }

    /// Lets the consents lapse. What permitted is asked for anew, unless who goes on has said it too or is asked already; what forbids
    /// is said for who goes on: that two persons are one is no reason to do what one of them has forbidden.
    async fn consents_of_merged(
        &self,
        call: &Call,
        tx: &mut Tx<Write>,
        kept: PersonId,
        gone: PersonId,
        now: Instant,
    ) -> Result<Vec<Event>, Error> {
        let stands = |consent: &Consent| {
            matches!(consent.standing(now), ConsentStanding::Active | ConsentStanding::Planned)
        };
        let mut said = tx.consents_of(kept, None, None, ALL).await?;
        said.retain(stands);
        let mut waiting = tx.requests_to(kept, None, None, ALL).await?;
        waiting.retain(|request| request.standing(now) == RequestStanding::Open);
        let (mut events, mut wanted) = (Vec::new(), Vec::new());
        for consent in tx.consents_of(gone, None, None, ALL).await?.into_iter().filter(stands) {
            let answer = consent.answer.clone();
            let (lapsed, fact) = consent.lapse(CAUSE, now, now)?;
            events.push(self.event(call, now, &lapsed, fact));
            let same = |other: &ConsentAnswer| {
                (&other.entry.code, &other.item, &other.case)
                    == (&answer.entry.code, &answer.item, &answer.case)
                    && other.terms == answer.terms
            };
            if said.iter().any(|other| same(&other.answer)) {
                continue;
            }
            if answer.polarity == Polarity::OptOut {
                let (forbids, fact) = self.said_for(kept, answer, now);
                events.push(self.event(call, now, &forbids, fact));
            } else if !waiting.iter().any(|r| (&r.entry.code, &r.case) == (&answer.entry.code, &answer.case))
            {
                wanted.push(Consent { answer: ConsentAnswer { person: kept, ..answer }, ..lapsed });
            }
        }
        events.extend(self.asked_anew(call, tx, &wanted, now).await?);
        Ok(events)
    }

    /// The same answer for somebody else, from now on.
    fn said_for(&self, person: PersonId, answer: ConsentAnswer, now: Instant) -> (Consent, Fact) {
        let valid = Period { from: answer.valid.from.max(now), ..answer.valid };
        let declaration = DeclarationId::from_uuid(self.ambient.id());
        let answer = ConsentAnswer { person, declaration, request: None, valid, ..answer };
        let consent = Consent {
            id: ConsentId::from_uuid(self.ambient.id()),
            revision: 1,
            answered_at: answer.collected.answered_at(now),
            recorded_at: now,
            state: ConsentState::Given,
            answer: answer.clone(),
        };
        (consent, Fact::ConsentGiven(answer))
    }

    /// Whoever has custody of a child has it as who they go on as: that the other has it alone, nobody said. Of a child who is
    /// merged themselves nobody has it until the register tells more.
    async fn custody_of_merged(
        &self,
        call: &Call,
        tx: &mut Tx<Write>,
        kept: PersonId,
        gone: PersonId,
        now: Instant,
    ) -> Result<Vec<Event>, Error> {
        let mut events = Vec::new();
        let mut children = tx.children_of(gone).await?;
        children.push(gone);
        for child in children {
            let Some(before) = tx.custody_of(child).await?.filter(|before| !before.holders.is_empty()) else {
                continue;
            };
            let named = |person: PersonId| if person == gone { kept } else { person };
            let lives_with =
                |person| before.holders.iter().any(|h| named(h.person) == person && h.lives_with);
            let persons = before.persons().into_iter().map(named).filter(|holder| *holder != child);
            let holders = persons.map(|person| Holder { person, lives_with: lives_with(person) });
            let left = if child == gone { BTreeSet::new() } else { holders.collect::<BTreeSet<_>>() };
            let id = CustodyId::from_uuid(self.ambient.id());
            let from = now.local_date().max(before.from);
            let (stated, fact) =
                Custody::state(id, child, left.clone(), Some(&before), from, Source::Register {}, now)?;
            events.push(self.event(call, now, &stated, fact));
            if child != gone && self.known_person(tx, child).await?.must_live().is_ok() {
                let mut family = Family { holders: left, ..self.family(tx, child).await? };
                for holder in family.holders.clone() {
                    if self.known_person(tx, holder.person).await?.must_live().is_err() {
                        family.holders.remove(&holder);
                    }
                }
                events.extend(self.reconsidered(call, tx, &family, now, now).await?);
            }
        }
        Ok(events)
    }
}

/// A guardianship with whom somebody goes on as, or a lasting power without them, from today on; of who is represented, its end. `None`
/// where it names them of earlier days alone. Whatever was known of days to come, after the first change, is for the register to tell
/// again.
fn as_another(
    power: StatutoryPower,
    kept: PersonId,
    gone: PersonId,
    now: Instant,
) -> Result<Option<(StatutoryPower, Fact)>, Reason> {
    let (today, source) = (now.local_date(), Source::Register {});
    if power.person == gone {
        return match power.end(today, source, now) {
            Err(Reason::StatutoryOver) => Ok(None),
            ended => ended.map(Some),
        };
    }
    let held = |charge: &Charge| charge.holders.contains(&gone);
    let days = power.spans.iter().enumerate().map(|(n, span)| (span, power.spans.get(n + 1).map(|s| s.from)));
    let mut from_now_on = days.filter(|(_, next)| next.is_none_or(|next| next > today));
    let Some((span, next)) = from_now_on.find(|(span, _)| span.charge.as_ref().is_some_and(held)) else {
        return Ok(None);
    };
    let from: LocalDate = span.from.max(today);
    let Some(mut charge) = span.charge.clone() else { return Ok(None) };
    charge.holders.remove(&gone);
    if power.dormant.is_none() && kept != power.person {
        charge.holders.insert(kept);
    }
    if charge.holders.is_empty() {
        return power.end(from, source, now).map(Some);
    }
    let until = next.map(|next| next.days_before(1));
    power.change(charge, Days { from, until }, source, now).map(Some)
}
