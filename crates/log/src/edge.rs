//! What a log keeps to grow.

use crate::{HASH_LEN, Hash, TILE_WIDTH, TileId, tree};

/// 256^8 is more than any size.
const LEVELS: u8 = 8;

/// The incomplete tiles of each level: all that a log needs to grow, and its root.
///
/// On level l there are `floor(size / 256^l) mod 256` hashes (tlog-tiles, "Partial Tiles"). The default is the empty tree.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Edge {
    size: u64,
    /// One for each level, 0 first; what is above the last one is empty.
    levels: Vec<Vec<Hash>>,
}

/// Bytes that are not the edge of a tree of that size.
#[derive(Debug, thiserror::Error, PartialEq, Eq, Clone, Copy)]
pub enum NotAnEdge {
    /// The size is more than 2^63 - 1.
    #[error("no tree has that many leaves")]
    TooLarge,
    /// The edge of a tree of this size has another length.
    #[error("the edge of a tree of this size has another length")]
    WrongLength,
}

impl Edge {
    /// How many leaves there are.
    pub fn size(&self) -> u64 {
        self.size
    }

    /// The root of the tree.
    pub fn root(&self) -> Hash {
        let mut subtrees = Vec::new();
        for hashes in self.levels.iter().rev() {
            let mut rest = hashes.as_slice();
            while let Some(height) = rest.len().checked_ilog2() {
                let (perfect, after) = rest.split_at(1 << height);
                subtrees.push(tree::perfect_root(perfect));
                rest = after;
            }
        }
        tree::fold(&subtrees)
    }

    /// Adds a leaf at the end. Returns the tiles that became full by it, of 256 hashes each, the lowest level first.
    pub fn push(&mut self, leaf: Hash) -> Vec<(TileId, Vec<Hash>)> {
        self.size += 1;
        let mut full = Vec::new();
        let mut hash = leaf;
        for level in 0..LEVELS {
            if self.levels.len() <= usize::from(level) {
                self.levels.push(Vec::new());
            }
            let Some(hashes) = self.levels.get_mut(usize::from(level)) else { break };
            hashes.push(hash);
            if hashes.len() < TILE_WIDTH {
                break;
            }
            let tile = std::mem::take(hashes);
            hash = tree::perfect_root(&tile);
            let tiles = self.size.checked_shr(8 * (u32::from(level) + 1)).unwrap_or_default();
            full.push((TileId { level, index: tiles.saturating_sub(1) }, tile));
        }
        full
    }

    /// The hashes of the incomplete tile of a level; empty if there is none.
    pub fn partial(&self, level: u8) -> &[Hash] {
        self.levels.get(usize::from(level)).map_or(&[], Vec::as_slice)
    }

    /// The hashes of the incomplete tiles, the lowest level first. [`Self::from_bytes`] needs the size with it.
    pub fn to_bytes(&self) -> Vec<u8> {
        self.levels.iter().flatten().flat_map(|hash| *hash.as_bytes()).collect()
    }

    /// The edge of a tree of that size from what [`Self::to_bytes`] gave.
    pub fn from_bytes(size: u64, bytes: &[u8]) -> Result<Self, NotAnEdge> {
        // A size of more bits could overflow when the tree grows, and fits no database.
        if i64::try_from(size).is_err() {
            return Err(NotAnEdge::TooLarge);
        }
        let (hashes, []) = bytes.as_chunks::<HASH_LEN>() else { return Err(NotAnEdge::WrongLength) };
        let mut hashes = hashes.iter().copied().map(Hash::from_bytes);
        let mut levels = Vec::new();
        let mut above = size;
        while above > 0 {
            let width = usize::try_from(above % 256).unwrap_or_default();
            let level: Vec<Hash> = hashes.by_ref().take(width).collect();
            if level.len() != width {
                return Err(NotAnEdge::WrongLength);
            }
            levels.push(level);
            above /= 256;
        }
        if hashes.next().is_some() { Err(NotAnEdge::WrongLength) } else { Ok(Self { size, levels }) }
    }
}
