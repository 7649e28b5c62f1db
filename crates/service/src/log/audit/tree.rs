//! The tree, computed again from what the events commit to, beside the hashes that the database keeps.

use super::{
    super::{leaf, prove},
    held::Held,
    signed::Signed,
};
use crate::Error;
use std::collections::BTreeSet;
use tillid_domain::id::EventId;
use tillid_log::{Edge, Frontier, Hash, TILE_WIDTH, TileId};
use tillid_storage::{Audit, Fault, LoggedEvent, Read, Tx};

const WIDTH: u64 = TILE_WIDTH as u64;
/// So many entries are read at once.
const BLOCK: u64 = 16 * WIDTH;
/// So many entries that are not those of the tree are named one by one.
const NAMED: usize = 64;

/// An entry that the tree has otherwise.
#[derive(Debug)]
struct Differs {
    index: u64,
    event: EventId,
    /// What its event makes; `None` when there is no such event.
    mine: Option<Hash>,
    /// What the tree has.
    stored: Hash,
}

/// The tree so far.
#[derive(Default)]
struct Tree {
    edge: Edge,
    frontier: Frontier,
}

pub(super) struct Walk<'a> {
    size: u64,
    /// The tiles at the edge as the database has them, when they lead to its root.
    stored: Option<&'a Edge>,
    /// `None` once an entry is missing whose hash nobody has.
    tree: Option<Tree>,
    /// The tile of level 1 that has been read last, and its hashes.
    above: Option<(u64, Option<Vec<Hash>>)>,
    missing: Option<(u64, u64)>,
    differ: Vec<Differs>,
    unnamed: u64,
}

/// One tile of entries.
struct Leaves<'a> {
    index: u64,
    entries: Vec<Option<&'a LoggedEvent>>,
    stored: Option<Vec<Hash>>,
}

impl<'a> Walk<'a> {
    pub(super) fn new(size: u64, stored: Option<&'a Edge>) -> Self {
        let tree = Some(Tree::default());
        Self { size, stored, tree, above: None, missing: None, differ: Vec::new(), unnamed: 0 }
    }

    /// Computes the whole tree in blocks, and compares whatever was signed on the way.
    pub(super) async fn run(
        &mut self,
        tx: &mut Tx<Read>,
        audit: &mut Audit,
        signed: &mut Signed,
        held: &mut Held,
        progress: &mut (impl FnMut(u64) + Send),
    ) -> Result<(), Error> {
        signed.reach(tx, 0).await?;
        self.compare_signed(0, signed, held, audit);
        let mut start = 0;
        while start < self.size {
            let end = self.size.min(start + BLOCK);
            let entries = tx.audit_entries(start, end).await?;
            let mut tiles = tx.audit_tiles(0, start / WIDTH, self.size.min(end) / WIDTH).await?;
            signed.reach(tx, end).await?;
            let mut entries = entries.iter().peekable();
            for tile in start / WIDTH..end.div_ceil(WIDTH) {
                let first = tile * WIDTH;
                let places = first..self.size.min(first + WIDTH);
                let is_full = places.end - first == WIDTH;
                let entries = places.clone().map(|index| entries.next_if(|e| e.index == index)).collect();
                let stored = self.stored_leaves(is_full, tile, tiles.remove(&tile), audit);
                let leaves = self.settle(tx, Leaves { index: tile, entries, stored }, is_full, audit).await?;
                for (index, leaf) in places.zip(leaves) {
                    self.push(tx, leaf, audit).await?;
                    self.compare_signed(index + 1, signed, held, audit);
                }
            }
            audit.entries = end;
            progress(audit.events + audit.entries);
            start = end;
        }
        held.beyond(self.size, audit);
        Ok(())
    }

    /// Compares what was signed of the tree as it is by now.
    fn compare_signed(&self, size: u64, signed: &mut Signed, held: &mut Held, audit: &mut Audit) {
        let root = || self.tree.as_ref().map(|tree| tree.frontier.root());
        signed.compare(size, root, audit);
        held.compare(size, root, audit);
    }

    /// The hashes that the database has of a tile of entries.
    fn stored_leaves(
        &self,
        is_full: bool,
        index: u64,
        tile: Option<Vec<u8>>,
        audit: &mut Audit,
    ) -> Option<Vec<Hash>> {
        if !is_full {
            return self.stored.map(|edge| edge.partial(0).to_vec());
        }
        let hashes = tile.map(|bytes| prove::hashes(&bytes));
        if hashes.is_none() {
            audit.find("log_tile", format!("0/{index}"), Fault::Missing, "the tree has it");
        }
        hashes.filter(|hashes| hashes.len() == TILE_WIDTH)
    }

    /// The hashes to go on with: where entries and tile differ, those that the hash above vouches for. Names the others.
    async fn settle(
        &mut self,
        tx: &mut Tx<Read>,
        leaves: Leaves<'_>,
        is_full: bool,
        audit: &mut Audit,
    ) -> Result<Vec<Option<Hash>>, Error> {
        let hash = |entry: Option<&LoggedEvent>| entry.and_then(|entry| entry.commitment).map(leaf);
        let mine: Vec<Option<Hash>> = leaves.entries.iter().copied().map(hash).collect();
        let first = leaves.index * WIDTH;
        for (index, entry) in (first..).zip(&leaves.entries) {
            if entry.is_none() {
                self.miss(index, audit);
            }
        }
        let Some(stored) = leaves.stored else {
            differ_from_nothing(first, &leaves.entries, audit);
            return Ok(mine);
        };
        if mine.iter().eq(stored.iter().map(|hash| Some(*hash)).collect::<Vec<_>>().iter()) {
            return Ok(mine);
        }
        let above = if is_full { self.above(tx, leaves.index).await? } else { None };
        let vouched = |hashes: &[Hash]| above.is_some_and(|above| above == root_of(hashes));
        let entries: Option<Vec<Hash>> = mine.iter().copied().collect();
        if is_full && !vouched(&stored) {
            let at = mine
                .iter()
                .zip(&stored)
                .position(|(mine, stored)| mine.as_ref() != Some(stored))
                .unwrap_or(0);
            let id = format!("0/{} at {at}", leaves.index);
            audit.find("log_tile", id, Fault::Changed, "it does not lead to the hash above it");
            if entries.as_deref().is_some_and(vouched) {
                return Ok(mine);
            }
        }
        for (((index, entry), mine), stored) in (first..).zip(&leaves.entries).zip(&mine).zip(&stored) {
            if let Some(entry) = entry
                && mine.as_ref() != Some(stored)
            {
                self.differ(Differs { index, event: entry.event, mine: *mine, stored: *stored });
            }
        }
        Ok(stored.into_iter().map(Some).collect())
    }

    fn differ(&mut self, differs: Differs) {
        if self.differ.len() < NAMED {
            self.differ.push(differs);
        } else {
            self.unnamed += 1;
        }
    }

    /// Takes note of a place without an entry; places in a row are one finding.
    fn miss(&mut self, index: u64, audit: &mut Audit) {
        match &mut self.missing {
            Some((_, end)) if *end == index => *end += 1,
            _ => {
                self.name_missing(audit);
                self.missing = Some((index, index + 1));
            }
        }
    }

    fn name_missing(&mut self, audit: &mut Audit) {
        let Some((first, end)) = self.missing.take() else { return };
        let id = if end - first == 1 { first.to_string() } else { format!("{first}..{end}") };
        audit.find("log_entry", id, Fault::Missing, "the tree has an entry here");
    }

    /// The hash on level 1 over a full tile of entries, as the database has it.
    async fn above(&mut self, tx: &mut Tx<Read>, tile: u64) -> Result<Option<Hash>, Error> {
        let (index, at) = (tile / WIDTH, usize::try_from(tile % WIDTH).unwrap_or(usize::MAX));
        if self.above.as_ref().is_none_or(|(known, _)| *known != index) {
            let tile = tx.audit_tiles(1, index, index + 1).await?.remove(&index);
            self.above = Some((index, tile.map(|bytes| prove::hashes(&bytes))));
        }
        let full = self.above.as_ref().and_then(|(_, hashes)| hashes.as_deref());
        let is_full = index < self.size / (WIDTH * WIDTH);
        let hashes = if is_full { full } else { self.stored.map(|edge| edge.partial(1)) };
        Ok(hashes.and_then(|hashes| hashes.get(at)).copied())
    }

    /// Adds a leaf; compares each tile above the entries that becomes complete by it.
    async fn push(&mut self, tx: &mut Tx<Read>, leaf: Option<Hash>, audit: &mut Audit) -> Result<(), Error> {
        let (Some(tree), Some(leaf)) = (&mut self.tree, leaf) else {
            self.tree = None;
            return Ok(());
        };
        tree.frontier.push(leaf);
        for (TileId { level, index }, hashes) in tree.edge.push(leaf) {
            if level == 0 {
                continue;
            }
            let found = tx.audit_tiles(level, index, index + 1).await?.remove(&index);
            let id = format!("{level}/{index}");
            match found {
                None => audit.find("log_tile", id, Fault::Missing, "the tree has it"),
                Some(found) if found == prove::bytes(&hashes) => {}
                Some(_) => audit.find(
                    "log_tile",
                    id,
                    Fault::Changed,
                    "its hashes are not those over the tiles below",
                ),
            }
        }
        Ok(())
    }

    /// Names what can be named only after the whole tree has been seen.
    pub(super) fn finish(mut self, audit: &mut Audit) {
        self.name_missing(audit);
        self.name_edge(audit);
        // The first place of each hash that an entry lacks: an event that is found there was moved.
        let lacking: BTreeSet<Hash> = self.differ.iter().map(|differs| differs.stored).collect();
        for differs in &self.differ {
            let id = format!("{} event {}", differs.index, differs.event);
            let (fault, detail) = match differs.mine {
                None => (Fault::Changed, "there is no such event"),
                Some(mine) if lacking.contains(&mine) => {
                    (Fault::Reordered, "the tree has the event in another place")
                }
                Some(_) => {
                    (Fault::Changed, "the tree has something else here: another event, or this one as it was")
                }
            };
            audit.find("log_entry", id, fault, detail);
        }
        if self.unnamed > 0 {
            let more = format!("{} more", self.unnamed);
            audit.find("log_entry", more, Fault::Changed, "the tree has something else there");
        }
    }

    /// Compares the incomplete tiles above the entries.
    fn name_edge(&self, audit: &mut Audit) {
        let (Some(stored), Some(tree)) = (self.stored, &self.tree) else { return };
        if *stored == tree.edge {
            return;
        }
        audit.find("log_head", 1, Fault::Changed, "it is not the tree of its entries");
        for level in 1..=7_u8 {
            let before = tree.edge.size().checked_shr(8 * (u32::from(level) + 1)).unwrap_or(0) * WIDTH;
            let pairs = stored.partial(level).iter().zip(tree.edge.partial(level));
            for ((stored, mine), index) in pairs.zip(before..) {
                if stored != mine {
                    let id = format!("{}/{index}", level - 1);
                    audit.find("log_tile", id, Fault::Changed, "the tree's head has another hash over it");
                }
            }
        }
    }
}

fn root_of(hashes: &[Hash]) -> Hash {
    let mut frontier = Frontier::new();
    for hash in hashes {
        frontier.push(*hash);
    }
    frontier.root()
}

/// Entries of no event, where no hash says what the event was.
fn differ_from_nothing(first: u64, entries: &[Option<&LoggedEvent>], audit: &mut Audit) {
    for (index, entry) in (first..).zip(entries) {
        if let Some(entry) = entry.filter(|entry| entry.commitment.is_none()) {
            let id = format!("{index} event {}", entry.event);
            audit.find("log_entry", id, Fault::Changed, "there is no such event");
        }
    }
}
