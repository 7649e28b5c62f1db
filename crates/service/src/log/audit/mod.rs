//! Whether the log in the database is the tree that was signed, and its events are those of the journal. Computes every hash again and
//! shares nothing with the sequencer but the tree; no network: what witnesses hold is given as checkpoints.

mod held;
mod signed;
mod tree;

use super::{LogKeys, hash};
use crate::{Error, Service};
use held::Held;
use signed::Signed;
use tillid_log::{Edge, KeyName, Note, VerifierKey};
use tillid_storage::{Audit, Fault, LogHead, Read, Store, StoreError, Tx};
use tree::Walk;

/// Whose signatures count under the log.
#[derive(Clone, Debug)]
pub struct LogTrust {
    /// What the log calls itself.
    pub origin: KeyName,
    /// Every key of the log, also those that sign no more.
    pub keys: Vec<VerifierKey>,
    /// The keys of its witnesses; when there is none, nobody's cosignatures are looked at.
    pub witnesses: Vec<VerifierKey>,
}

impl LogTrust {
    /// Whose signatures count under a log with these keys.
    pub fn of(keys: &LogKeys) -> Self {
        let witnesses =
            keys.policy().map(|policy| policy.witnesses().iter().map(|w| w.key.clone()).collect());
        Self {
            origin: keys.origin().clone(),
            keys: keys.verifiers(),
            witnesses: witnesses.unwrap_or_default(),
        }
    }
}

impl Service {
    /// Compares every table with the journal, the journal with what it committed to, and the log with both; holds signed checkpoints
    /// that were kept elsewhere against it. `progress` is told now and then how many rows were looked at.
    pub async fn audit(&self, held: &[Note], progress: impl FnMut(u64) + Send) -> Result<Audit, Error> {
        audit(&self.store, &LogTrust::of(&self.log_keys), held, progress).await
    }
}

/// As [`Service::audit`], for whoever has a store and public keys only.
pub async fn audit(
    store: &Store,
    trust: &LogTrust,
    held: &[Note],
    mut progress: impl FnMut(u64) + Send,
) -> Result<Audit, Error> {
    let mut tx = store.read().await?;
    let mut audit = tx.audit(&mut progress).await?;
    audit_log(&mut tx, trust, held, &mut audit, &mut progress).await?;
    Ok(audit)
}

async fn audit_log(
    tx: &mut Tx<Read>,
    trust: &LogTrust,
    held: &[Note],
    audit: &mut Audit,
    progress: &mut (impl FnMut(u64) + Send),
) -> Result<(), Error> {
    let mut held = Held::read(held, trust, audit);
    let extent = tx.audit_extent().await?;
    let head = match tx.log_head().await {
        Ok(head) => head,
        Err(StoreError::Corrupt { .. }) => None,
        Err(other) => return Err(other.into()),
    };
    if head.is_none() && (extent > 0 || !held.is_empty() || !tx.audit_checkpoints(None).await?.is_empty()) {
        audit.find("log_head", 1, Fault::Missing, "the log has begun");
    }
    let edge = head.as_ref().and_then(|head| edge_of(head, trust, audit));
    // Without a head that can be right, the entries alone say how many there are.
    let size = edge.as_ref().map_or(extent, Edge::size);
    for (index, event) in tx.audit_entries_outside(size).await? {
        audit.find("log_entry", format!("{index} event {event}"), Fault::Added, "the tree ends before it");
    }
    find_surplus_tiles(tx, size, audit).await?;
    let mut signed = Signed::default();
    let mut walk = Walk::new(size, edge.as_ref());
    walk.run(tx, audit, &mut signed, &mut held, progress).await?;
    walk.finish(audit);
    signed.judge(tx, trust, size, audit).await
}

/// The incomplete tiles of the tree, if they lead to its root.
fn edge_of(head: &LogHead, trust: &LogTrust, audit: &mut Audit) -> Option<Edge> {
    if head.origin != trust.origin.as_ref() {
        audit.find("log_head", 1, Fault::Changed, "the log began under another origin");
    }
    let edge = Edge::from_bytes(head.size, &head.edge).ok().filter(|edge| edge.root() == hash(head.root));
    if edge.is_none() {
        audit.find(
            "log_head",
            1,
            Fault::Changed,
            "its size, root and incomplete tiles do not belong together",
        );
    }
    edge
}

async fn find_surplus_tiles(tx: &mut Tx<Read>, size: u64, audit: &mut Audit) -> Result<(), Error> {
    let mut after = (i64::MIN, i64::MIN);
    loop {
        let page = tx.audit_tile_names(after).await?;
        let Some(last) = page.last() else { return Ok(()) };
        after = *last;
        for (level, index) in page {
            if !is_complete(level, index, size) {
                audit.find(
                    "log_tile",
                    format!("{level}/{index}"),
                    Fault::Added,
                    "the tree has no such complete tile",
                );
            }
        }
    }
}

fn is_complete(level: i64, index: i64, size: u64) -> bool {
    let (Ok(level), Ok(index)) = (u8::try_from(level), u64::try_from(index)) else { return false };
    tillid_log::TileId { level, index }
        .width_at(size)
        .is_some_and(|width| usize::from(width) == tillid_log::TILE_WIDTH)
}
