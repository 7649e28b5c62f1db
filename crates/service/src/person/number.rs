//! Registers that a person has another CPR number (M10).

use crate::{Call, Error, Service};
use tillid_domain::{
    Cpr, Reason,
    actor::Actor,
    id::{NumberId, PersonId},
};

impl Service {
    /// Registers, on the word of a register, that a person was given another number. Whoever still uses one from before finds the same
    /// person, with everything that is theirs; post goes to the new one. A number that is theirs already changes nothing, and one that is
    /// somebody else's here is refused, also where somebody has only asked about it: that two persons are one is not for this service to say.
    pub async fn register_number(&self, person: PersonId, number: &Cpr) -> Result<(), Error> {
        let mut tx = self.store.write().await?;
        tx.lock(&[person]).await?;
        match tx.person_by_number(number).await? {
            Some(known) if known == person => return Ok(()),
            Some(_) => return Err(Error::Rule(Reason::NumberTaken)),
            None => {}
        }
        let now = self.now(&mut tx).await?;
        let known = tx.person(person).await?.filter(|known| known.party.is_citizen());
        let known = known.ok_or(Error::NotFound)?;
        let id = NumberId::from_uuid(self.ambient.id());
        tx.keep_number(id, person, number).await?;
        let (changed, fact) = known.change_number(id);
        let event = self.event(&Call::by(Actor::OPERATOR), now, &changed, fact);
        tx.commit(vec![event], None).await?;
        Ok(())
    }
}
