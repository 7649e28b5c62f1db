//! The whole log, recomputed from its entries.

use super::{
    climb::{Climb, Fault, hashes},
    source::{Source, Unread},
    trust::Signed,
    verdict::{Says, Verdict},
};
use std::{
    collections::{BTreeMap, VecDeque},
    time::Instant,
};
use tillid_log::{Checkpoint, Edge, Hash, Resource, TILE_WIDTH, TileId, entry_bundle, read_entry_bundle};
use tokio::task::JoinHandle;

/// So many bundles are asked for at a time.
const AHEAD: usize = 8;
/// So many tiles that differ are named one by one.
const NAMED: usize = 16;

/// What is told while it runs: how many entries, and how many each second.
pub(super) type Progress<'a> = &'a dyn Fn(u64, u64);

/// What is looked for on the way through the entries.
#[derive(Debug, Default)]
pub(super) struct Found {
    /// Whether all of it is as it was signed.
    pub(super) whole: bool,
    /// Where the leaves are that were asked for.
    pub(super) places: BTreeMap<Hash, u64>,
}

struct Walk<'a> {
    source: &'a Source,
    tree: &'a Checkpoint,
    edge: Edge,
    /// Tiles that are not what the entries give, and where they differ first.
    differ: Vec<(Resource, usize)>,
    /// Trees that were signed before, the smallest first.
    before: VecDeque<&'a Signed>,
    /// Those of them that the entries do not give.
    other: Vec<&'a Signed>,
    wanted: &'a [Hash],
    places: BTreeMap<Hash, u64>,
}

/// Fetches every entry and every tile, recomputes the tree and compares; also with the trees that the log signed before, and looks
/// for leaves.
pub(super) async fn recompute(
    source: &Source,
    now: &Signed,
    before: &[&Signed],
    wanted: &[Hash],
    progress: Progress<'_>,
    verdict: &mut Verdict,
) -> Found {
    let tree = &now.checkpoint;
    let mut before: Vec<&Signed> =
        before.iter().copied().filter(|b| b.checkpoint.size <= tree.size).collect();
    before.sort_by_key(|signed| signed.checkpoint.size);
    let mut walk = Walk {
        source,
        tree,
        edge: Edge::default(),
        differ: Vec::new(),
        before: before.into(),
        other: Vec::new(),
        wanted,
        places: BTreeMap::new(),
    };
    let begun = Instant::now();
    let walked = walk.all(|done| {
        let millis = u64::try_from(begun.elapsed().as_millis()).unwrap_or(u64::MAX).max(1);
        progress(done, done.saturating_mul(1000) / millis);
    });
    let whole = match walked.await {
        Ok(()) => walk.judge(now, verdict).await,
        Err(Stop::Fault(fault)) => {
            fault.tell(verdict);
            false
        }
        Err(Stop::Entries(resource)) => {
            verdict.say(Says::EntriesMalformed, &[("tile", &format!("tile/{resource}"))]);
            false
        }
    };
    Found { whole, places: walk.places }
}

enum Stop {
    Fault(Fault),
    /// A bundle that cannot be read, or has another number of entries.
    Entries(Resource),
}

impl From<Fault> for Stop {
    fn from(fault: Fault) -> Self {
        Self::Fault(fault)
    }
}

impl From<Unread> for Stop {
    fn from(unread: Unread) -> Self {
        Self::Fault(unread.into())
    }
}

/// A bundle, and the tile of the hashes of its entries.
struct Pair {
    index: u64,
    width: u16,
    entries: Result<Vec<u8>, Unread>,
    tile: Result<Vec<u8>, Unread>,
}

impl Pair {
    async fn fetch(source: Source, index: u64, width: u16) -> Self {
        let entries = source.resource(Resource::Entries { index, width }).await;
        let tile = source.resource(Resource::Tile { id: TileId { level: 0, index }, width }).await;
        Self { index, width, entries, tile }
    }
}

impl Walk<'_> {
    async fn all(&mut self, progress: impl Fn(u64)) -> Result<(), Stop> {
        let mut next = 0;
        let mut asked: VecDeque<JoinHandle<Pair>> = VecDeque::new();
        self.meet();
        loop {
            while asked.len() < AHEAD
                && let Some(width) = (TileId { level: 0, index: next }).width_at(self.tree.size)
            {
                asked.push_back(tokio::spawn(Pair::fetch(self.source.clone(), next, width)));
                next += 1;
            }
            let Some(pair) = asked.pop_front() else { break };
            let Ok(pair) = pair.await else { return Err(Fault::Edge.into()) };
            self.bundle(pair).await?;
            progress(self.edge.size());
        }
        for level in 1..8 {
            let hashes = self.edge.partial(level).to_vec();
            let index = self.tree.size.checked_shr(8 * (u32::from(level) + 1)).unwrap_or(0);
            if !hashes.is_empty() {
                self.above(TileId { level, index }, &hashes).await?;
            }
        }
        Ok(())
    }

    /// Takes a bundle into the tree, and compares the tiles that it completes.
    async fn bundle(&mut self, pair: Pair) -> Result<(), Stop> {
        let resource = Resource::Entries { index: pair.index, width: pair.width };
        let bytes = pair.entries?;
        let entries = read_entry_bundle(&bytes).map_err(|_| Stop::Entries(resource))?;
        if entries.len() != usize::from(pair.width) {
            return Err(Stop::Entries(resource));
        }
        for narrow in self.source.narrower(resource) {
            let Resource::Entries { width, .. } = narrow else { continue };
            let first = entries.iter().take(usize::from(width)).copied();
            if entry_bundle(first).ok() != Some(self.source.resource(narrow).await?) {
                self.differ.push((narrow, 0));
            }
        }
        let mut leaves = Vec::with_capacity(entries.len());
        let mut full = Vec::new();
        for entry in entries {
            let leaf = Hash::of_entry(entry);
            if self.wanted.contains(&leaf) {
                self.places.insert(leaf, self.edge.size());
            }
            leaves.push(leaf);
            full.extend(self.edge.push(leaf));
            self.meet();
        }
        let tile = Resource::Tile { id: TileId { level: 0, index: pair.index }, width: pair.width };
        self.same(tile, &leaves, &hashes(tile, pair.width, &pair.tile?)?);
        self.narrow(tile, &leaves).await?;
        for (id, hashes) in full.into_iter().filter(|(id, _)| id.level > 0) {
            self.above(id, &hashes).await?;
        }
        Ok(())
    }

    /// Compares a tile above the entries.
    async fn above(&mut self, id: TileId, computed: &[Hash]) -> Result<(), Stop> {
        let width = u16::try_from(computed.len()).unwrap_or(256);
        let tile = Resource::Tile { id, width };
        self.same(tile, computed, &hashes(tile, width, &self.source.resource(tile).await?)?);
        self.narrow(tile, computed).await
    }

    async fn narrow(&mut self, tile: Resource, computed: &[Hash]) -> Result<(), Stop> {
        for narrow in self.source.narrower(tile) {
            let Resource::Tile { width, .. } = narrow else { continue };
            let served = hashes(narrow, width, &self.source.resource(narrow).await?)?;
            self.same(narrow, computed.get(..usize::from(width)).unwrap_or(computed), &served);
        }
        Ok(())
    }

    fn same(&mut self, tile: Resource, computed: &[Hash], served: &[Hash]) {
        if computed != served {
            let first = computed.iter().zip(served).position(|(a, b)| a != b);
            self.differ.push((tile, first.unwrap_or(computed.len().min(served.len()))));
        }
    }

    /// Compares with the trees that were signed at this size.
    fn meet(&mut self) {
        while let Some(signed) = self.before.pop_front_if(|b| b.checkpoint.size <= self.edge.size()) {
            if signed.checkpoint.root != self.edge.root() {
                self.other.push(signed);
            }
        }
    }

    /// Says which trees were signed before that the entries contradict, if the entries are those of the tree.
    fn contradicted(&self, verdict: &mut Verdict) {
        let now = self.tree.size.to_string();
        for signed in &self.other {
            let old = signed.checkpoint.size.to_string();
            verdict.say(Says::Rewritten, &[("what", &signed.what), ("old", &old), ("new", &now)]);
            verdict.keep("checkpoint-before", signed.note.to_string().as_bytes());
        }
    }

    /// Says whether what was computed is what was signed, and if not, which entries or tiles are to blame.
    async fn judge(&mut self, now: &Signed, verdict: &mut Verdict) -> bool {
        let size = self.tree.size.to_string();
        let values = [("what", now.what.as_str()), ("size", size.as_str())];
        let entries_hold = self.edge.root() == self.tree.root;
        if entries_hold {
            self.contradicted(verdict);
        }
        if entries_hold && self.differ.is_empty() {
            verdict.say(Says::TreeRecomputed, &values);
            return self.other.is_empty();
        }
        let mut explained = entries_hold;
        let mut climb = Climb::new(self.source, self.tree);
        for (resource, first) in self.differ.iter().take(NAMED) {
            match self.blame(*resource, *first, entries_hold, &mut climb).await {
                Blame::Entry(entries, entry) => {
                    let values = [("tile", format!("tile/{entries}")), ("entry", entry.to_string())];
                    verdict.say(Says::EntriesAltered, &values.each_ref().map(|(n, v)| (*n, v.as_str())));
                    explained = true;
                }
                Blame::Tile(tile) => {
                    verdict.say(Says::TileAltered, &[("tile", &format!("tile/{tile}"))]);
                    explained = true;
                }
                Blame::Below => {}
            }
        }
        if !explained {
            verdict.say(Says::OtherTree, &values);
            verdict.keep("checkpoint-now", now.note.to_string().as_bytes());
        }
        false
    }

    /// What is to blame where a tile is not what the entries give.
    async fn blame(
        &self,
        resource: Resource,
        first: usize,
        entries_hold: bool,
        climb: &mut Climb<'_>,
    ) -> Blame {
        let Resource::Tile { id, width } = resource else { return Blame::Tile(resource) };
        if entries_hold || climb.tile(id).await.is_err() {
            return Blame::Tile(resource);
        }
        // The tile leads to the root, so what is below it does not.
        let at = id.index * TILE_WIDTH as u64 + u64::try_from(first).unwrap_or(0);
        let Some(level) = id.level.checked_sub(1) else {
            return Blame::Entry(Resource::Entries { index: id.index, width }, at);
        };
        let below = Resource::Tile { id: TileId { level, index: at }, width: 256 };
        if self.differ.iter().any(|(tile, _)| *tile == below) { Blame::Below } else { Blame::Tile(below) }
    }
}

enum Blame {
    Tile(Resource),
    /// An entry in a bundle, by its number in the log.
    Entry(Resource, u64),
    /// Something that is named itself.
    Below,
}
