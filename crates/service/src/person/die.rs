//! Registers a death, and ends what ends with it.

use crate::{Call, Error, Service};
use tillid_domain::{
    LocalDate, Reason,
    actor::Actor,
    consent::ConsentStanding,
    event::{EndCause, Event},
    id::PersonId,
    mandate_request::MandateRequestStanding,
    request::RequestStanding,
};
use tillid_storage::{Tx, Write};

/// More than anyone has; a death must end all of it in one transaction.
const ALL: u32 = 100_000;

impl Service {
    /// Registers that a person died. Their mandates, on either side, their consents and their open requests end in the same
    /// transaction.
    pub async fn register_death(&self, person: PersonId, on: LocalDate) -> Result<(), Error> {
        let call = Call::by(Actor::OPERATOR);
        let mut concerned = vec![person];
        loop {
            let mut tx = self.store.write().await?;
            tx.lock(&concerned).await?;
            // A mandate given or asked for before the locks were taken may concern somebody who is not locked yet.
            let mandates = tx.mandates_of(person, None, ALL).await?;
            let asked = tx.mandate_requests_of(person, None, ALL).await?;
            let everyone: Vec<PersonId> = mandates
                .iter()
                .flat_map(|m| [m.grantor, m.representative])
                .chain(asked.iter().flat_map(|r| [r.grantor, r.representative]))
                .chain([person])
                .chain(tx.children_of(person).await?)
                .collect();
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
        for mandate in tx.mandates_of(person, None, ALL).await? {
            if mandate.standing(now).is_alive() {
                let cause =
                    if mandate.grantor == person { EndCause::Death } else { EndCause::RepresentativeDeath };
                let (ended, fact) = mandate.lapse(cause, on.start(), now)?;
                events.push(self.event(call, now, &ended, fact));
            }
        }
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
        // who has died answers for no child any more.
        for child in tx.children_of(person).await? {
            let mut family = self.family(tx, child).await?;
            family.holders.retain(|holder| holder.person != person);
            if self.known_person(tx, child).await?.must_live().is_ok() {
                events.extend(self.reconsidered(call, tx, &family, on.start(), now).await?);
            }
        }
        Ok(events)
    }
}
