//! Registers that a person was born on another day than was known (M10).

use super::die::ALL;
use crate::{Call, Error, Service};
use tillid_domain::{
    LocalDate, Reason,
    actor::Actor,
    catalogue::ConsentType,
    consent::{Consent, ConsentStanding},
    event::EndCause,
    family::Family,
    id::PersonId,
    joint::valid_for_child,
};

impl Service {
    /// Registers, on the word of a register, the day on which somebody was born. Everything that asks for their age counts from it from then
    /// on. What others gave for a child, and somebody else decides about by the corrected day or will earlier than it said, lapses in the same
    /// transaction and is asked anew; what was given for the child beyond that age ends too. The day that is known already changes nothing.
    pub async fn register_birthday(&self, person: PersonId, born: LocalDate) -> Result<(), Error> {
        let call = Call::by(Actor::OPERATOR);
        let mut concerned = vec![person];
        let (mut tx, person) = loop {
            let mut tx = self.store.write().await?;
            let person = tx.goes_on_as(person).await?;
            tx.lock(&concerned).await?;
            if tx.person(person).await?.is_none() {
                return Err(Error::NotFound);
            }
            let mut everyone = self.parties_for_child(&mut tx, person).await?;
            everyone.push(person);
            if tx.holds(&everyone) {
                break (tx, person);
            }
            concerned = everyone;
        };
        let now = self.now(&mut tx).await?;
        let known = tx.person(person).await?.filter(|known| known.party.is_citizen());
        let known = known.ok_or(Error::NotFound)?;
        if known.born == Some(born) {
            return Ok(());
        }
        let (corrected, fact) = known.correct_birthday(born, now).map_err(|reason| match reason {
            Reason::EndDateTooLate => Error::invalid("/born", reason),
            reason => Error::Rule(reason),
        })?;
        let mut events = vec![self.event(&call, now, &corrected, fact)];
        let family = Family { born: Some(born), ..self.family(&mut tx, person).await? };
        let mut lapsed = Vec::new();
        for consent in tx.consents_of(person, None, None, ALL).await? {
            let stands = matches!(consent.standing(now), ConsentStanding::Active | ConsentStanding::Planned);
            if !stands || consent.answer.for_child.is_none() {
                continue;
            }
            let entry = self.known_entry(&mut tx, consent.answer.entry.entry).await?;
            let outlives = entry.consent_type().is_some_and(|of| outlives(&consent, of, &family));
            if !outlives && self.still_carried(&mut tx, &consent, &family, now).await? {
                continue;
            }
            let (over, fact) = consent.lapse(EndCause::Age, now, now)?;
            events.push(self.event(&call, now, &over, fact));
            lapsed.push(over);
        }
        events.extend(self.asked_anew(&call, &mut tx, &lapsed, now).await?);
        events.extend(self.mandates_outgrown(&call, &mut tx, &family, now).await?);
        tx.commit(events, None).await?;
        Ok(())
    }
}

/// Whether the end that a consent has from the start is later than a birthday from which somebody else decides.
fn outlives(consent: &Consent, of: &ConsentType, family: &Family) -> bool {
    let valid = consent.answer.valid;
    let (counted, by_age) = valid_for_child(of, &consent.answer.terms, family, valid.from);
    by_age && counted.to.is_some_and(|to| valid.to.is_none_or(|end| to < end))
}
