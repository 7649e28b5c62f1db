//! A mandate under the locks of everybody whom a change of it concerns, and what follows from one for everything below it.

use crate::{Call, Error, Service};
use tillid_domain::{
    Instant,
    event::{Event, Fact},
    id::{MandateId, PersonId},
    mandate::{Mandate, follow},
};
use tillid_storage::{Tx, Write};
use uuid::Uuid;

/// A mandate with all that a change of it depends on and changes.
///
/// Whatever changes a mandate, or passes part of one on, holds the lock of its grantor. So what lies above and below it stays as it is.
pub(super) struct Held {
    pub(super) tx: Tx<Write>,
    /// What the same call did before.
    pub(super) before: Option<Uuid>,
    pub(super) mandate: Mandate,
    /// What it rests on.
    pub(super) above: Option<Mandate>,
    /// All that rests on it.
    pub(super) below: Vec<Mandate>,
    pub(super) now: Instant,
}

impl Service {
    pub(super) async fn hold_mandate(&self, call: &Call, id: MandateId) -> Result<Held, Error> {
        let mut concerned = Vec::new();
        loop {
            let mut tx = self.store.write().await?;
            let before = self.claim(&mut tx, call).await?;
            if concerned.is_empty() {
                let mandate = tx.mandate(id).await?.ok_or(Error::NotFound)?;
                concerned = everybody(&mandate, &tx.mandates_below(id).await?);
            }
            tx.lock(&concerned).await?;
            let mandate = tx.mandate(id).await?.ok_or(Error::NotFound)?;
            let below = tx.mandates_below(id).await?;
            let everybody = everybody(&mandate, &below);
            // Part of it was passed on before the locks were taken.
            if !tx.holds(&everybody) {
                concerned = everybody;
                continue;
            }
            let above = match mandate.under {
                Some(under) => tx.mandate(under.mandate).await?,
                None => None,
            };
            let now = self.now(&mut tx).await?;
            return Ok(Held { tx, before, mandate, above, below, now });
        }
    }

    /// The mandate as it is under the locks of both sides, which never change.
    pub(super) async fn locked_mandate(
        &self,
        tx: &mut Tx<Write>,
        id: MandateId,
    ) -> Result<(Mandate, Instant), Error> {
        let parties = tx.mandate(id).await?.ok_or(Error::NotFound)?;
        tx.lock(&parties.parties().collect::<Vec<_>>()).await?;
        let mandate = tx.mandate(id).await?.ok_or(Error::NotFound)?;
        Ok((mandate, self.now(tx).await?))
    }

    /// That a mandate has just come to be so, and what follows for everything below it.
    pub(crate) fn with_what_follows(
        &self,
        call: &Call,
        now: Instant,
        next: &Mandate,
        fact: Fact,
        below: &[Mandate],
    ) -> Vec<Event> {
        let followed = follow(next, &fact, below, now);
        let mut events = vec![self.event(call, now, next, fact)];
        events.extend(followed.into_iter().map(|(mandate, fact)| self.event(call, now, &mandate, fact)));
        events
    }
}

fn everybody(mandate: &Mandate, below: &[Mandate]) -> Vec<PersonId> {
    mandate.parties().chain(below.iter().flat_map(Mandate::parties)).collect()
}
