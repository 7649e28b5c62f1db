//! Roots and proofs from tiles (RFC 6962, section 2.1; tlog-tiles, "Merkle Tree").

use crate::{Hash, TILE_WIDTH, TileId, tree};
use std::collections::{BTreeMap, BTreeSet};

/// Tiles held in memory to compute from, or the beginnings of tiles.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Tiles(BTreeMap<TileId, Vec<Hash>>);

/// Why something cannot be computed from these tiles.
#[derive(Debug, thiserror::Error, PartialEq, Eq, Clone, Copy)]
pub enum MissingTile {
    /// This tile is not there, or has too few hashes.
    #[error("tile {0} is missing or too short")]
    Tile(TileId),
    /// No tree of that size has that entry, or the old tree is larger than the new one.
    #[error("there is no such proof for a tree of this size")]
    OutOfRange,
}

/// Entries from `start` up to and without `end`, a node of a tree.
type Range = (u64, u64);

/// A perfect subtree: the node `index` at `height`, over the entries from `index * 2^height` to `(index + 1) * 2^height`.
#[derive(Clone, Copy)]
struct Perfect {
    height: u32,
    index: u64,
}

impl Perfect {
    /// The one tile that tells its root, the first of its hashes there, and how many.
    fn in_tile(self) -> (TileId, usize, usize) {
        const WIDTH: u64 = TILE_WIDTH as u64;
        let (level, height) = (self.height / 8, self.height % 8);
        let first = self.index << height;
        let id = TileId { level: u8::try_from(level).unwrap_or(u8::MAX), index: first / WIDTH };
        (id, usize::try_from(first % WIDTH).unwrap_or(usize::MAX), 1 << height)
    }
}

impl Tiles {
    /// None.
    pub fn new() -> Self {
        Self::default()
    }

    /// Adds a tile, or as many of its first hashes as are known; replaces what was there for it.
    pub fn insert(&mut self, id: TileId, hashes: Vec<Hash>) {
        self.0.insert(id, hashes);
    }

    /// The hashes of a tile.
    pub fn get(&self, id: TileId) -> Option<&[Hash]> {
        self.0.get(&id).map(Vec::as_slice)
    }

    /// Which tiles of a tree of that size [`Self::root`] needs.
    pub fn for_root(size: u64) -> BTreeSet<TileId> {
        needed(&[(0, size)])
    }

    /// Which tiles of a tree of that size [`Self::inclusion`] needs.
    pub fn for_inclusion(index: u64, size: u64) -> BTreeSet<TileId> {
        inclusion(index, size).map(|path| needed(&path)).unwrap_or_default()
    }

    /// Which tiles of a tree of the new size [`Self::consistency`] needs.
    pub fn for_consistency(old: u64, new: u64) -> BTreeSet<TileId> {
        consistency(old, new).map(|path| needed(&path)).unwrap_or_default()
    }

    /// The root of the tree of that size.
    pub fn root(&self, size: u64) -> Result<Hash, MissingTile> {
        if size == 0 { Ok(Hash::of_nothing()) } else { self.node((0, size)) }
    }

    /// The proof that entry `index` is in the tree of that size, from the leaf's sibling to the root's child.
    pub fn inclusion(&self, index: u64, size: u64) -> Result<Vec<Hash>, MissingTile> {
        let path = inclusion(index, size).ok_or(MissingTile::OutOfRange)?;
        path.into_iter().map(|range| self.node(range)).collect()
    }

    /// The proof that the new tree begins with the old one; empty if the old tree is empty or as large as the new one.
    pub fn consistency(&self, old: u64, new: u64) -> Result<Vec<Hash>, MissingTile> {
        let path = consistency(old, new).ok_or(MissingTile::OutOfRange)?;
        path.into_iter().map(|range| self.node(range)).collect()
    }

    fn node(&self, range: Range) -> Result<Hash, MissingTile> {
        let roots: Vec<Hash> =
            perfect(range).into_iter().map(|p| self.perfect(p)).collect::<Result<_, _>>()?;
        Ok(tree::fold(&roots))
    }

    fn perfect(&self, subtree: Perfect) -> Result<Hash, MissingTile> {
        let (id, first, count) = subtree.in_tile();
        let hashes = self.get(id).and_then(|hashes| hashes.get(first..)?.get(..count));
        hashes.map(tree::perfect_root).ok_or(MissingTile::Tile(id))
    }
}

fn needed(ranges: &[Range]) -> BTreeSet<TileId> {
    ranges.iter().flat_map(|range| perfect(*range)).map(|subtree| subtree.in_tile().0).collect()
}

/// The perfect subtrees that a node consists of, from left to right.
fn perfect((mut start, end): Range) -> Vec<Perfect> {
    let mut subtrees = Vec::new();
    while start < end {
        let height = (end - start).ilog2().min(start.trailing_zeros());
        subtrees.push(Perfect { height, index: start >> height });
        start += 1 << height;
    }
    subtrees
}

/// Where a node of `width` > 1 entries is split: the largest power of two below.
fn split(width: u64) -> u64 {
    1 << (width - 1).ilog2()
}

/// The nodes of an audit path, `PATH(m, D[n])` of RFC 6962, section 2.1.1.
fn inclusion(index: u64, size: u64) -> Option<Vec<Range>> {
    if index >= size {
        return None;
    }
    let (mut start, mut end) = (0, size);
    let mut path = Vec::new();
    while end - start > 1 {
        let middle = start + split(end - start);
        if index < middle {
            path.push((middle, end));
            end = middle;
        } else {
            path.push((start, middle));
            start = middle;
        }
    }
    path.reverse();
    Some(path)
}

/// The nodes of a consistency proof, `PROOF(m, D[n])` of RFC 6962, section 2.1.2.
fn consistency(old: u64, new: u64) -> Option<Vec<Range>> {
    if old > new {
        return None;
    }
    if old == 0 {
        return Some(Vec::new());
    }
    let (mut start, mut end) = (0, new);
    let mut path = Vec::new();
    while old != end {
        let middle = start + split(end - start);
        if old <= middle {
            path.push((middle, end));
            end = middle;
        } else {
            path.push((start, middle));
            start = middle;
        }
    }
    if start > 0 {
        path.push((start, end));
    }
    path.reverse();
    Some(path)
}
