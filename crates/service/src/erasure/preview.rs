//! Shows what an erasure would take away, and what would stay and why.

use super::{Erasure, NewErasure, may_erase};
use crate::{Call, Error, Service};
use tillid_domain::access::{AccessRecord, Act, Outcome, Subject, may};

impl Service {
    /// What an erasure would do now. It is a look at the person, and stands in their log before it is answered.
    pub async fn preview_erasure(&self, call: &Call, new: &NewErasure) -> Result<Erasure, Error> {
        let authority = may_erase(call, new)?;
        let mut tx = self.store.read().await?;
        let now = self.now(&mut tx).await?;
        let person = self.meant(&mut tx, new).await?;
        let subject = Subject { person: Some(person), ..Subject::default() };
        if let Err(refusal) = may(&call.actor, Act::Erase, &subject) {
            drop(tx);
            return Err(self.refused(call, person, Act::Erase, refusal, now).await);
        }
        let considered = self.consider(&mut tx, person, authority, new.ground, now).await?;
        drop(tx);
        let look = self.look(call, person, Act::Erase, Outcome::Found, now);
        self.record(vec![AccessRecord { case: new.case.clone(), ..look }], now).await?;
        Ok(considered.erasure())
    }
}
