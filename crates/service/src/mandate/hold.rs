//! A mandate under the locks of everybody whom a change of it concerns, and what follows from one for everything that hangs together with it
//! (R-37, M6).

use crate::{Call, Done, Error, Service, guard::at_work};
use tillid_domain::{
    Instant,
    event::{Event, Fact},
    id::{MandateId, PersonId},
    mandate::{Following, Mandate},
};
use tillid_storage::{Tx, Write};
use uuid::Uuid;

/// A mandate with all that a change of it depends on and changes.
///
/// Whatever changes a mandate, passes part of one on, or ties some together, holds the lock of its grantor. So what lies above and below it,
/// and what it is tied to, stays as it is.
pub(crate) struct Held {
    pub(crate) tx: Tx<Write>,
    /// What the same call did before.
    pub(crate) before: Option<Uuid>,
    pub(crate) mandate: Mandate,
    pub(crate) around: Around,
    pub(crate) now: Instant,
}

impl Held {
    /// What it rests on.
    pub(super) fn above(&self) -> Option<&Mandate> {
        let under = self.mandate.under?;
        self.around.above.iter().find(|above| above.id == under.mandate)
    }
}

/// What hangs together with a mandate.
pub(crate) struct Around {
    /// What it rests on, with what that is tied to.
    pub(crate) above: Vec<Mandate>,
    /// What it is tied to, and all that rests on any of it.
    pub(crate) others: Vec<Mandate>,
}

impl Around {
    pub(crate) fn parties(&self) -> impl Iterator<Item = PersonId> {
        self.others.iter().flat_map(Mandate::parties)
    }
}

impl Service {
    pub(crate) async fn hold_mandate(&self, call: &Call, id: MandateId) -> Result<Held, Error> {
        let mut concerned = Vec::new();
        loop {
            let mut tx = self.store.write().await?;
            let before = self.claim(&mut tx, call).await?;
            if concerned.is_empty() {
                let mandate = tx.mandate(id).await?.ok_or(Error::NotFound)?;
                concerned = everybody(&mandate, &self.around(&mut tx, &mandate).await?);
                concerned.extend(at_work(call));
            }
            tx.lock(&concerned).await?;
            let mandate = tx.mandate(id).await?.ok_or(Error::NotFound)?;
            let around = self.around(&mut tx, &mandate).await?;
            let everybody = everybody(&mandate, &around);
            // Part of it was passed on before the locks were taken.
            if !tx.holds(&everybody) {
                concerned = everybody;
                concerned.extend(at_work(call));
                continue;
            }
            let now = self.now(&mut tx).await?;
            return Ok(Held { tx, before, mandate, around, now });
        }
    }

    /// What hangs together with it.
    pub(crate) async fn around<M>(&self, tx: &mut Tx<M>, mandate: &Mandate) -> Result<Around, Error> {
        let mut others = tx.mandates_below(mandate.id).await?;
        if let Some(joint) = mandate.joint {
            for tied in tx.mandates_joined(joint.id).await? {
                if tied.id != mandate.id {
                    others.extend(tx.mandates_below(tied.id).await?);
                    others.push(tied);
                }
            }
        }
        let above = match mandate.under {
            Some(under) => tx.mandate(under.mandate).await?,
            None => None,
        };
        let above = match above {
            Some(Mandate { joint: Some(joint), .. }) => tx.mandates_joined(joint.id).await?,
            above => above.into_iter().collect(),
        };
        Ok(Around { above, others })
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

    /// That a mandate has just come to be so, and what follows for everything that hangs together with it; with the mandate as it is then.
    pub(crate) fn with_what_follows(
        &self,
        call: &Call,
        (now, from): (Instant, Instant),
        next: Mandate,
        fact: Fact,
        around: &Around,
    ) -> (Mandate, Vec<(Mandate, Event)>) {
        let Around { above, others } = around;
        let followed = Following { top: &next, fact: &fact, others, above, from, now }.changes();
        let mut last = next.clone();
        let mut events = Vec::with_capacity(followed.len() + 1);
        for (mandate, fact) in [(next, fact)].into_iter().chain(followed) {
            if mandate.id == last.id {
                last = mandate.clone();
            }
            let event = self.event(call, now, &mandate, fact);
            events.push((mandate, event));
        }
        (last, events)
    }

    /// Records that it has just come to be so, with what follows.
    pub(super) async fn changed(
        &self,
        call: &Call,
        mut held: Held,
        next: Mandate,
        fact: Fact,
    ) -> Result<Done<Mandate>, Error> {
        let from = self.complete_from(&mut held).await?;
        let Held { mut tx, mandate, around, now, .. } = held;
        let (value, events) = self.with_what_follows(call, (now, from), next, fact, &around);
        self.settle(&mut tx, call, 200, mandate.id.as_uuid(), value.revision).await?;
        tx.commit(events.into_iter().map(|(_, event)| event).collect(), None).await?;
        Ok(Done { value, replayed: false })
    }
}

fn everybody(mandate: &Mandate, around: &Around) -> Vec<PersonId> {
    mandate.parties().chain(around.parties()).collect()
}
