//! What every verb is told of the call: who acts, and what they sent to make it safe to repeat.

use crate::{Error, Service};
use tillid_domain::{
    Digest, Instant,
    actor::{Actor, ActorTrace},
    event::{Entity, Event, Fact},
    id::{AccessId, EventId},
    text::{ClientId, PrivilegeUri},
};
use tillid_storage::{Claim, Effect, IdempotencyKey, StoreError, Tx, Write};
use uuid::Uuid;

/// Who acts, and how.
#[derive(Clone, Debug)]
pub struct Call {
    /// Who.
    pub actor: Actor,
    /// The key that makes a change safe to repeat.
    pub key: Option<Key>,
    /// The revision that the caller expects the thing to have.
    pub expected: Option<u64>,
    /// The look-up under which staff and systems read.
    pub lookup: Option<AccessId>,
    /// Of somebody who acts for another through a system, what it was let do.
    pub through: Option<Through>,
}

/// A system through which somebody acts for another, and what they were let do there. It narrows what they may; what they may is asked
/// anew each time.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Through {
    /// The system.
    pub client: ClientId,
    /// The privileges that its token is for.
    pub privileges: Vec<PrivilegeUri>,
}

/// An idempotency key with the fingerprint of the request that it came with.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Key {
    /// The key.
    pub key: String,
    /// The fingerprint of method, route and body.
    pub fingerprint: Digest,
}

/// What came of a change.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Done<T> {
    /// The thing, as it is now.
    pub value: T,
    /// Whether it had been done before, under the same key.
    pub replayed: bool,
}

impl Call {
    /// A call by this actor, with nothing else.
    pub fn by(actor: Actor) -> Self {
        Self { actor, key: None, expected: None, lookup: None, through: None }
    }

    /// What the journal and the access log keep of who acted.
    pub(crate) fn trace(&self) -> ActorTrace {
        match (self.actor.trace(), &self.through) {
            (ActorTrace::Representative { person, acting_for, client: None, at_work }, Some(through)) => {
                let client = Some(through.client.clone());
                ActorTrace::Representative { person, acting_for, client, at_work }
            }
            (trace, _) => trace,
        }
    }

    /// Refuses when the caller expects another revision.
    pub(crate) fn must_expect(&self, revision: u64) -> Result<(), Error> {
        match self.expected {
            Some(expected) if expected != revision => Err(Error::RevisionChanged),
            _ => Ok(()),
        }
    }
}

impl Service {
    /// An event about a thing as it is after it.
    pub(crate) fn event<E: Entity>(&self, call: &Call, now: Instant, after: &E, fact: Fact) -> Event {
        let mut subjects = after.subjects();
        subjects.sort_unstable();
        subjects.dedup();
        Event {
            id: EventId::from_uuid(self.ambient.id()),
            kind: E::KIND,
            aggregate: after.id(),
            revision: after.revision(),
            at: now,
            actor: call.trace(),
            subjects,
            fact,
        }
    }

    /// Claims the call's key. `Some` is the id of what the same call led to before.
    pub(crate) async fn claim(&self, tx: &mut Tx<Write>, call: &Call) -> Result<Option<Uuid>, Error> {
        Ok(self.claim_status(tx, call).await?.map(|(id, _)| id))
    }

    /// Likewise, with the status that was answered.
    pub(crate) async fn claim_status(
        &self,
        tx: &mut Tx<Write>,
        call: &Call,
    ) -> Result<Option<(Uuid, u16)>, Error> {
        let Some(key) = storage_key(call) else { return Ok(None) };
        match tx.claim(&key, self.ambient.now()).await? {
            Claim::New => Ok(None),
            Claim::Reused => Err(Error::KeyReused),
            Claim::Done(Effect { resource: Some(id), status, .. }) => Ok(Some((id, status))),
            Claim::Done(_) => {
                Err(Error::Broken(Box::new(StoreError::Corrupt { table: "idempotency", id: None })))
            }
        }
    }

    /// Writes down what the claimed key led to; commits with the change itself.
    pub(crate) async fn settle(
        &self,
        tx: &mut Tx<Write>,
        call: &Call,
        status: u16,
        id: Uuid,
        revision: u64,
    ) -> Result<(), Error> {
        if let Some(key) = storage_key(call) {
            tx.settle(&key, Effect { status, resource: Some(id), revision: Some(revision) }).await?;
        }
        Ok(())
    }
}

/// Callers make their keys of anything, also of CPR numbers; so a key is kept by its hash.
fn storage_key(call: &Call) -> Option<IdempotencyKey> {
    let key = call.key.as_ref()?;
    let hash = Digest::of(key.key.as_bytes()).to_string();
    Some(IdempotencyKey { actor: call.actor.trace(), key: hash, fingerprint: key.fingerprint })
}

/// Whether trying once more may help: somebody else got in between, and nothing was changed.
pub(crate) fn contended(error: &Error) -> bool {
    let Error::Busy(cause) = error else { return false };
    matches!(cause.downcast_ref::<StoreError>(), Some(StoreError::Contention(_) | StoreError::Exists(_)))
}

/// How often a verb tries before it answers that it is busy.
pub(crate) const ATTEMPTS: usize = 4;
