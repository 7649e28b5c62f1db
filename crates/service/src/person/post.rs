//! Registers how post reaches a person.

use crate::{Call, Error, Service};
use tillid_domain::{LocalDate, Reason, actor::Actor, id::PersonId};

impl Service {
    /// Registers, on the word of a register, that a person is exempt from Digital Post since a day, or no longer is. What is known
    /// already changes nothing.
    pub async fn register_post(&self, person: PersonId, exempt: bool, since: LocalDate) -> Result<(), Error> {
        let mut tx = self.store.write().await?;
        let person = tx.goes_on_as(person).await?;
        tx.lock(&[person]).await?;
        let now = self.now(&mut tx).await?;
        if since.start() > now {
            return Err(Error::invalid("/since", Reason::EndDateTooLate));
        }
        let known = tx.person(person).await?.ok_or(Error::NotFound)?;
        if known.born.is_some_and(|born| since < born) {
            return Err(Error::invalid("/since", Reason::EndDatePast));
        }
        if known.post_exempt_since.is_some() == exempt {
            return Ok(());
        }
        let (changed, fact) = known.change_post(exempt, since)?;
        let event = self.event(&Call::by(Actor::OPERATOR), now, &changed, fact);
        tx.commit(vec![event], None).await?;
        Ok(())
    }
}
