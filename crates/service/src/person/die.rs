//! Registers a death, and ends what ends with it.

use crate::{Call, Error, Service};
use std::collections::BTreeMap;
use tillid_domain::{
    Instant, LocalDate, Reason,
    actor::Actor,
    consent::ConsentStanding,
    event::{EndCause, Event},
    family::Custody,
    id::{CustodyId, MandateId, PersonId},
    mandate::Mandate,
    mandate_request::MandateRequestStanding,
    request::RequestStanding,
    source::Source,
};
use tillid_storage::{Tx, Write};

/// More than anyone has; a death must end all of it in one transaction.
pub(super) const ALL: u32 = 100_000;

impl Service {
    /// Registers that a person died. Their mandates, on either side, their consents and their open requests end in the same
    /// transaction.
    pub async fn register_death(&self, person: PersonId, on: LocalDate) -> Result<(), Error> {
        let call = Call::by(Actor::OPERATOR);
        let mut concerned = vec![person];
        loop {
            let mut tx = self.store.write().await?;
            let person = tx.goes_on_as(person).await?;
            tx.lock(&concerned).await?;
            // A mandate given or asked for before the locks were taken may concern somebody who is not locked yet.
            let mut everyone = self.everyone_around(&mut tx, person).await?;
            everyone.extend(self.family_of(&mut tx, person).await?);
            if !tx.holds(&everyone) {
                if tx.person(person).await?.is_none() {
                    return Err(Error::NotFound);
                }
                concerned = everyone;
                continue;
            }
            let events = self.death(&call, &mut tx, person, on).await?;
            tx.commit(events, None).await?;
            return Ok(());
        }
    }

    /// Somebody and all whom it concerns what happens to their mandates, on either side, and to the requests for some.
    pub(crate) async fn everyone_around(
        &self,
        tx: &mut Tx<Write>,
        person: PersonId,
    ) -> Result<Vec<PersonId>, Error> {
        let mandates = tx.mandates_of(person, None, ALL).await?;
        let asked = tx.mandate_requests_of(person, None, ALL).await?;
        let around = self.around_all(tx, person, &mandates).await?;
        let sides = mandates.iter().flat_map(Mandate::parties).chain(around);
        Ok(sides.chain(asked.iter().flat_map(|r| [r.grantor, r.representative])).chain([person]).collect())
    }

    /// The children of whom somebody has custody, and whom it concerns with them.
    pub(super) async fn family_of(
        &self,
        tx: &mut Tx<Write>,
        holder: PersonId,
    ) -> Result<Vec<PersonId>, Error> {
        let mut all = Vec::new();
        for child in tx.children_of(holder).await? {
            let custody = tx.custody_of(child).await?;
            all.extend(custody.iter().flat_map(Custody::persons).chain([child]));
            all.extend(self.parties_for_child(tx, child).await?);
        }
        Ok(all)
    }

    /// Whom it concerns what hangs together with the mandates that a person holds, or gave or holds with others.
    async fn around_all(
        &self,
        tx: &mut Tx<Write>,
        person: PersonId,
        mandates: &[Mandate],
    ) -> Result<Vec<PersonId>, Error> {
        let mut all = Vec::new();
        for mandate in mandates.iter().filter(|m| m.representative == person || m.joint.is_some()) {
            all.extend(self.around(tx, mandate).await?.parties());
        }
        Ok(all)
    }

    /// How those of somebody's mandates end that end for a cause, since a moment, and all that hangs together with those: each once.
    pub(crate) async fn mandates_ended_with(
        &self,
        call: &Call,
        tx: &mut Tx<Write>,
        person: PersonId,
        cause: impl Fn(&Mandate) -> Option<EndCause>,
        since: Instant,
        now: Instant,
    ) -> Result<Vec<Event>, Error> {
        let (mut events, mut own) = (Vec::new(), Vec::new());
        for mandate in tx.mandates_of(person, None, ALL).await? {
            let Some(cause) = cause(&mandate) else { continue };
            if mandate.standing(now).is_alive() {
                let around = self.around(tx, &mandate).await?;
                let (ended, fact) = mandate.lapse(cause, since, now)?;
                events.push(self.event(call, now, &ended, fact.clone()));
                own.push((ended, fact, around));
            }
        }
        let mut known: BTreeMap<MandateId, Mandate> =
            own.iter().map(|(ended, ..)| (ended.id, ended.clone())).collect();
        for (ended, fact, mut around) in own {
            // what they passed on ends with it, and so does what they did with others; but each once.
            for other in around.others.iter_mut().chain(&mut around.above) {
                if let Some(later) = known.get(&other.id) {
                    other.clone_from(later);
                }
            }
            let (_, followed) = self.with_what_follows(call, (now, now), ended, fact, &around);
            for (mandate, event) in followed.into_iter().skip(1) {
                known.insert(mandate.id, mandate);
                events.push(event);
            }
        }
        Ok(events)
    }

    async fn death(
        &self,
        call: &Call,
        tx: &mut Tx<Write>,
        person: PersonId,
        on: LocalDate,
    ) -> Result<Vec<Event>, Error> {
        let now = self.now(tx).await?;
        if on.start() > now {
            return Err(Error::invalid("/on", Reason::EndDateTooLate));
        }
        let (dead, fact) = self.known_person(tx, person).await?.die(on, now)?;
        let mut events = vec![self.event(call, now, &dead, fact)];
        let cause = |mandate: &Mandate| match person {
            dead if dead == mandate.grantor => Some(EndCause::Death),
            dead if dead == mandate.representative => Some(EndCause::RepresentativeDeath),
            _ => None,
        };
        events.extend(self.mandates_ended_with(call, tx, person, cause, on.start(), now).await?);
        for consent in tx.consents_of(person, None, None, ALL).await? {
            if matches!(consent.standing(now), ConsentStanding::Active | ConsentStanding::Planned) {
                let (lapsed, fact) = consent.lapse(EndCause::Death, on.start(), now)?;
                events.push(self.event(call, now, &lapsed, fact));
            }
        }
        for request in tx.requests_to(person, None, None, ALL).await? {
            if request.standing(now) == RequestStanding::Open {
                let (lapsed, fact) = request.lapse(EndCause::Death, on.start(), now)?;
                events.push(self.event(call, now, &lapsed, fact));
            }
        }
        for request in tx.mandate_requests_of(person, None, ALL).await? {
            if request.standing(now) == MandateRequestStanding::Open {
                let cause =
                    if request.grantor == person { EndCause::Death } else { EndCause::RepresentativeDeath };
                let (lapsed, fact) = request.lapse(cause, on.start(), now)?;
                events.push(self.event(call, now, &lapsed, fact));
            }
        }
        // who has died answers for no child any more. Who shared custody with them has it alone from then on (forældreansvarsloven
        // section 15).
        for child in tx.children_of(person).await? {
            if let Some(before) = tx.custody_of(child).await? {
                let mut left = before.holders.clone();
                left.retain(|holder| holder.person != person);
                let id = CustodyId::from_uuid(self.ambient.id());
                let (from, source) = (on.max(before.from), Source::Register {});
                let (stated, fact) = Custody::state(id, child, left, Some(&before), from, source, now)?;
                events.push(self.event(call, now, &stated, fact));
            }
            let mut family = self.family(tx, child).await?;
            family.holders.retain(|holder| holder.person != person);
            if self.known_person(tx, child).await?.must_live().is_ok() {
                events.extend(self.reconsidered(call, tx, &family, on.start(), now).await?);
            }
        }
        Ok(events)
    }
}
