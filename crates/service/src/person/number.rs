//! Registers that a person has another CPR number (M10).

use crate::{Call, Error, Service};
use tillid_domain::{
    Cpr, Reason,
    actor::Actor,
    id::{NumberId, PersonId},
};

impl Service {
    /// Registers, on the word of a register, that a person was given another number. Whoever still uses one from before finds the same
    /// person, with everything that is theirs; post goes to the new one. A number that is theirs already changes nothing. Where somebody
    /// has only asked about it, what stands in its log is theirs from then on; one that somebody else goes by here is refused: that two
    /// persons are one is for the register to say (see [`Service::register_merge`]).
    pub async fn register_number(&self, person: PersonId, number: &Cpr) -> Result<(), Error> {
        let call = Call::by(Actor::OPERATOR);
        let mut other = None;
        loop {
            let mut tx = self.store.write().await?;
            let person = tx.goes_on_as(person).await?;
            tx.lock(&[person].into_iter().chain(other).collect::<Vec<_>>()).await?;
            match tx.person_by_number(number).await? {
                Some(known) if known == person => return Ok(()),
                known if known != other => {
                    other = known;
                    continue;
                }
                _ => {}
            }
            let now = self.now(&mut tx).await?;
            let known = tx.person(person).await?.filter(|known| known.party.is_citizen());
            let known = known.ok_or(Error::NotFound)?;
            let mut events = Vec::new();
            if let Some(other) = other {
                let other = self.known_person(&mut tx, other).await?;
                if !self.is_only_a_number(&mut tx, &other).await? {
                    return Err(Error::Rule(Reason::NumberTaken));
                }
                events.push(self.take_over(&call, &mut tx, &known, other, now).await?);
            }
            let id = NumberId::from_uuid(self.ambient.id());
            tx.keep_number(id, person, number).await?;
            let (changed, fact) = known.change_number(id);
            events.push(self.event(&call, now, &changed, fact));
            tx.commit(events, None).await?;
            return Ok(());
        }
    }
}
