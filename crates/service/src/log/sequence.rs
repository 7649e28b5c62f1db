//! Giving the events their places. A crash between any two steps leaves a tree that the next sequencer goes on from; what was once
//! signed stays part of it.

use super::{LogTrouble, digest, hash, leaf};
use crate::{Error, Service};
use std::{
    collections::BTreeMap,
    sync::{Mutex, MutexGuard, PoisonError},
};
use tillid_domain::Instant;
use tillid_log::{Edge, Hash, TileId};
use tillid_storage::{Growth, LogHead, SignedTree, Waiting};
use uuid::Uuid;

/// How many events one step of the tree takes at most.
const BATCH: u32 = 4096;
/// For how long a sequencer has the log to itself, in seconds. One that dies is followed after that time.
const LEASE: u32 = 10;

/// Where a sequencer is; each can be its last.
#[derive(Clone, Copy, PartialEq, Eq, Debug, Hash)]
pub enum Step {
    /// About to take the lease.
    Lease,
    /// About to read the queue.
    Read,
    /// About to make the larger tree durable.
    Extend,
    /// The larger tree is durable; nobody has been told.
    Extended,
    /// About to make the signatures durable.
    Sign,
    /// The signatures are durable; nobody has been told.
    Signed,
}

impl Step {
    /// Every step, in order.
    pub const ALL: [Self; 6] =
        [Self::Lease, Self::Read, Self::Extend, Self::Extended, Self::Sign, Self::Signed];
}

/// What came of a round.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub enum Sequenced {
    /// Another node has the log.
    Elsewhere,
    /// The queue is empty, and the tree is signed at this size.
    Done {
        /// How many entries the log has.
        size: u64,
        /// How many of them came in this round.
        added: u64,
    },
    /// More is in the queue; the tree is signed as far as it goes.
    More {
        /// How many came in this round.
        added: u64,
    },
}

/// Extends the log while it holds the lease. A node has one.
pub struct Sequencer {
    service: Service,
    holder: Uuid,
    /// The largest tree that it has seen signed: a database that comes back smaller was rolled back beneath it.
    seen: Mutex<Option<(u64, Hash)>>,
    /// Its epoch, and until when it does not ask for the lease again. It may be wrong: nothing is extended or signed in another epoch.
    lease: Mutex<Option<(u64, Instant)>>,
}

impl Sequencer {
    /// A sequencer of the service; its lease is its own.
    pub fn new(service: Service) -> Self {
        let holder = service.ambient.id();
        Self { service, holder, seen: Mutex::new(None), lease: Mutex::new(None) }
    }

    /// One round: takes or keeps the lease, moves up to a batch of events into the tree, signs it.
    pub async fn round(&self) -> Result<Sequenced, Error> {
        self.round_with(&|_| Ok(())).await
    }

    /// A round that is told before each step whether to go on; for tests that let it die there.
    pub async fn round_with(
        &self,
        at: &(dyn Fn(Step) -> Result<(), Error> + Sync),
    ) -> Result<Sequenced, Error> {
        if self.service.log_health.trouble().is_some_and(LogTrouble::is_for_good) {
            return Err(LogTrouble::Halted.into());
        }
        if let Some(size) = self.idle_at().await? {
            return Ok(Sequenced::Done { size, added: 0 });
        }
        let Some(epoch) = self.lease(at).await? else { return Ok(Sequenced::Elsewhere) };
        let extended = self.extend(epoch, at).await?;
        let signed = match &extended {
            Some((head, ..)) => self.sign(head, at).await?,
            None => false,
        };
        let Some((head, added, more)) = extended.filter(|_| signed) else {
            *unpoisoned(&self.lease) = None;
            return Ok(Sequenced::Elsewhere);
        };
        Ok(if more { Sequenced::More { added } } else { Sequenced::Done { size: head.size, added } })
    }

    /// The size of the tree when nothing waits and every key has signed it: then nobody needs the lease, and nothing is written.
    async fn idle_at(&self) -> Result<Option<u64>, Error> {
        let mut tx = self.service.store.read().await?;
        let (Some(head), false) = (tx.log_head().await?, tx.log_waits().await?) else { return Ok(None) };
        let newest = tx.signed_trees(u64::MAX, 1).await?.pop();
        self.refuse_to_go_back(&head, newest.as_ref())?;
        let signed =
            newest.is_some_and(|tree| tree.size == head.size && self.service.log_keys.has_signed(&tree));
        Ok(signed.then_some(head.size))
    }

    /// The epoch in which this sequencer has the log, or `None` while another does.
    async fn lease(&self, at: &(dyn Fn(Step) -> Result<(), Error> + Sync)) -> Result<Option<u64>, Error> {
        let now = self.service.ambient.now();
        if let Some((epoch, _)) = unpoisoned(&self.lease).filter(|(_, until)| now < *until) {
            return Ok(Some(epoch));
        }
        at(Step::Lease)?;
        let mut tx = self.service.store.upkeep().await?;
        let epoch = tx.lease_log(self.holder, LEASE).await?;
        tx.finish().await?;
        *unpoisoned(&self.lease) = epoch.map(|epoch| (epoch, now.plus_seconds(i64::from(LEASE / 2))));
        Ok(epoch)
    }

    /// Lets another node go on at once.
    pub async fn leave(&self) -> Result<(), Error> {
        if unpoisoned(&self.lease).take().is_none() {
            return Ok(());
        }
        let mut tx = self.service.store.upkeep().await?;
        tx.leave_log(self.holder).await?;
        Ok(tx.finish().await?)
    }

    /// Moves a batch from the queue into the tree; the tree after it, how many came, and whether more may wait.
    async fn extend(
        &self,
        epoch: u64,
        at: &(dyn Fn(Step) -> Result<(), Error> + Sync),
    ) -> Result<Option<(LogHead, u64, bool)>, Error> {
        at(Step::Read)?;
        let mut tx = self.service.store.log_upkeep().await?;
        let Some(head) = tx.lock_log().await? else { return Ok(None) };
        if head.epoch != epoch {
            return Ok(None);
        }
        self.refuse_to_go_back(&head, None)?;
        let waiting = tx.waiting(BATCH).await?;
        let Some(growth) = self.grow(&head, &waiting)? else { return Ok(Some((head, 0, false))) };
        let after = LogHead {
            size: growth.size,
            root: growth.root,
            edge: growth.edge.clone(),
            ..growth.from.clone()
        };
        at(Step::Extend)?;
        if !tx.extend_log(&growth).await? {
            return Ok(None);
        }
        tx.finish().await?;
        at(Step::Extended)?;
        Ok(Some((after, growth.size - head.size, waiting.len() == BATCH as usize)))
    }

    /// The tree with the waiting events; `None` when none waits.
    fn grow(&self, head: &LogHead, waiting: &[Waiting]) -> Result<Option<Growth>, Error> {
        let mut edge = self.service.edge_of(head)?;
        let Some(last) = waiting.last() else { return Ok(None) };
        let mut tiles = BTreeMap::new();
        for event in waiting {
            tiles.extend(edge.push(leaf(event.commitment)));
        }
        let tiles = tiles.into_iter().map(|(TileId { level, index }, hashes)| {
            (level, index, hashes.iter().flat_map(|hash| *hash.as_bytes()).collect())
        });
        Ok(Some(Growth {
            from: head.clone(),
            through: last.position,
            size: edge.size(),
            root: digest(edge.root()),
            edge: edge.to_bytes(),
            tiles: tiles.collect(),
        }))
    }

    /// Signs the tree with every key that has not; `false` when another node has moved on meanwhile.
    async fn sign(
        &self,
        head: &LogHead,
        at: &(dyn Fn(Step) -> Result<(), Error> + Sync),
    ) -> Result<bool, Error> {
        let service = &self.service;
        let mut tx = service.store.read().await?;
        if tx.log_head().await?.is_none_or(|is| is.epoch != head.epoch) {
            return Ok(false);
        }
        let newest = tx.signed_trees(u64::MAX, 1).await?.pop();
        drop(tx);
        self.refuse_to_go_back(head, newest.as_ref())?;
        let there = newest.filter(|tree| tree.size == head.size).map(|tree| tree.signatures);
        let tree = service.log_keys.checkpoint(head.size, hash(head.root));
        let lines = service.log_keys.sign(&tree, &there.unwrap_or_default(), service.ambient.now())?;
        if lines.is_empty() {
            return Ok(true);
        }
        at(Step::Sign)?;
        let mut tx = service.store.log_upkeep().await?;
        if !tx.sign_log(head, &lines).await? {
            return Ok(false);
        }
        tx.finish().await?;
        at(Step::Signed)?;
        Ok(true)
    }

    /// A tree that is smaller than one that was signed, or another of the same size, is never signed: the database was rolled back, or
    /// the head was changed by hand.
    fn refuse_to_go_back(&self, head: &LogHead, newest: Option<&SignedTree>) -> Result<(), Error> {
        let mut seen = unpoisoned(&self.seen);
        let (size, root) = (head.size, hash(head.root));
        let before = seen.iter().copied().chain(newest.map(|tree| (tree.size, hash(tree.root))));
        for (was, with) in before {
            if was > size || (was == size && with != root) {
                return Err(self.service.log_health.fail(LogTrouble::RolledBack));
            }
        }
        *seen = Some((size, root));
        Ok(())
    }
}

fn unpoisoned<T>(mutex: &Mutex<T>) -> MutexGuard<'_, T> {
    mutex.lock().unwrap_or_else(PoisonError::into_inner)
}

impl Service {
    /// Begins the log, if it has not begun; refuses to go on under another origin than it began with.
    pub async fn begin_log(&self) -> Result<(), Error> {
        let origin = self.log_keys.origin().to_string();
        // No snapshot: the node that extends the log meanwhile must not keep another one from starting.
        let mut tx = self.store.upkeep().await?;
        tx.begin_log(&origin, digest(Hash::of_nothing())).await?;
        let head = tx.log_head().await?;
        tx.finish().await?;
        match head {
            Some(head) if head.origin == origin => Ok(()),
            _ => Err(LogTrouble::OtherOrigin.into()),
        }
    }

    /// The edge of a tree, which its root must follow from.
    pub(super) fn edge_of(&self, head: &LogHead) -> Result<Edge, Error> {
        let edge = Edge::from_bytes(head.size, &head.edge).ok();
        edge.filter(|edge| digest(edge.root()) == head.root)
            .ok_or_else(|| self.log_health.fail(LogTrouble::HeadChanged))
    }

    /// Takes every waiting event into the log and signs it, as the sequencer does in the background.
    pub async fn sequence_all(&self) -> Result<u64, Error> {
        let sequencer = Sequencer::new(self.clone());
        loop {
            match sequencer.round().await? {
                Sequenced::Done { size, .. } => {
                    sequencer.leave().await?;
                    return Ok(size);
                }
                Sequenced::More { .. } => {}
                Sequenced::Elsewhere => return Err(Error::Busy(Box::new(LogTrouble::Elsewhere))),
            }
        }
    }
}
