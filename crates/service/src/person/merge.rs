//! Registers that two persons are one (M10): one goes on, and what was given as or to the other ends.

use super::die::ALL;
use crate::{Call, Error, Service};
use std::collections::BTreeSet;
use tillid_domain::{
    Instant, LocalDate, Period, Reason,
    actor::Actor,
    catalogue::Polarity,
    consent::{Consent, ConsentStanding, ConsentState},
    event::{ConsentAnswer, EndCause, Entity, Event, Fact},
    family::Custody,
    id::{ConsentId, CustodyId, DeclarationId, NumberId, PersonId},
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
    /// requests end in the same transaction, and so does what the law gave. Consents that are in use are asked for anew, and what forbids
    /// goes on to forbid. Told again, it changes nothing.
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
        events.extend(self.custody_without(call, tx, id, now).await?);
        for power in tx.statutory_about(id).await? {
            if let Some((stated, fact)) = without(power, id, now)? {
                events.push(self.event(call, now, &stated, fact));
            }
        }
        Ok(events)
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

    /// Custody in which somebody is named ends for them, as the child and as one who has it, until a register tells more.
    async fn custody_without(
        &self,
        call: &Call,
        tx: &mut Tx<Write>,
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
            let mut left = before.holders.clone();
            left.retain(|holder| child != gone && holder.person != gone);
            let id = CustodyId::from_uuid(self.ambient.id());
            let from = now.local_date().max(before.from);
            let (stated, fact) =
                Custody::state(id, child, left, Some(&before), from, Source::Register {}, now)?;
            events.push(self.event(call, now, &stated, fact));
            if child != gone && self.known_person(tx, child).await?.must_live().is_ok() {
                let mut family = self.family(tx, child).await?;
                family.holders.retain(|holder| holder.person != gone);
                events.extend(self.reconsidered(call, tx, &family, now, now).await?);
            }
        }
        Ok(events)
    }
}

/// A guardianship or lasting power without somebody whom it names, from today on; `None` where it names them of earlier days alone.
/// Whatever was known of days to come, after the first change, is for the register to tell again.
fn without(
    power: StatutoryPower,
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
    if charge.holders.is_empty() {
        return power.end(from, source, now).map(Some);
    }
    let until = next.map(|next| next.days_before(1));
    power.change(charge, Days { from, until }, source, now).map(Some)
}
