//! Names of tiles and entry bundles, and the bytes of bundles (tlog-tiles, "Merkle Tree" and "Log entries").

use crate::text;
use std::{fmt, str::FromStr};

/// How many hashes a full tile has, and how many entries a full bundle.
pub const TILE_WIDTH: usize = 256;
/// How many bytes a hash takes in a tile.
pub const HASH_LEN: usize = 32;

const FULL: u16 = 256;

/// Which tile: hash i of tile n on level l is the root over the entries from `(n * 256 + i) * 256^l` to
/// `(n * 256 + i + 1) * 256^l`.
#[derive(Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash, Debug)]
pub struct TileId {
    /// 0 has the hashes of the entries; each level above has the roots of full tiles of the level below.
    pub level: u8,
    /// Which one of its level, from 0.
    pub index: u64,
}

impl TileId {
    /// How many hashes this tile has in a tree of that size, 1 to 256; `None` if there is no such tile.
    pub fn width_at(self, size: u64) -> Option<u16> {
        let hashes = size.checked_shr(u32::from(self.level) * 8)?;
        let before = self.index.checked_mul(u64::from(FULL))?;
        match hashes.saturating_sub(before) {
            0 => None,
            width => Some(u16::try_from(width).map_or(FULL, |width| width.min(FULL))),
        }
    }
}

impl fmt::Display for TileId {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{}/", self.level)?;
        write_index(f, self.index)
    }
}

/// What is asked for below `<prefix>/tile/`. Its text is that part of the path.
#[derive(Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash, Debug)]
pub enum Resource {
    /// Hashes.
    Tile {
        /// Which tile.
        id: TileId,
        /// How many hashes, 1 to 256.
        width: u16,
    },
    /// Entries.
    Entries {
        /// Which bundle, from 0: the entries of the tile on level 0 with that index.
        index: u64,
        /// How many entries, 1 to 256.
        width: u16,
    },
}

impl Resource {
    /// Whether a tree of that size has it, in that width or a larger one.
    pub fn exists_at(&self, size: u64) -> bool {
        let (id, width) = match *self {
            Self::Tile { id, width } => (id, width),
            Self::Entries { index, width } => (TileId { level: 0, index }, width),
        };
        id.width_at(size).is_some_and(|there| there >= width)
    }
}

impl fmt::Display for Resource {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let width = match *self {
            Self::Tile { id, width } => {
                write!(f, "{id}")?;
                width
            }
            Self::Entries { index, width } => {
                f.write_str("entries/")?;
                write_index(f, index)?;
                width
            }
        };
        if width == FULL { Ok(()) } else { write!(f, ".p/{width}") }
    }
}

/// Three digits in each path element, all but the last one after an `x`: 1234067 is `x001/x234/067`.
fn write_index(f: &mut fmt::Formatter<'_>, index: u64) -> fmt::Result {
    let mut groups = vec![index % 1000];
    let mut rest = index / 1000;
    while rest > 0 {
        groups.push(rest % 1000);
        rest /= 1000;
    }
    for group in groups.iter().skip(1).rev() {
        write!(f, "x{group:03}/")?;
    }
    write!(f, "{:03}", index % 1000)
}

/// A path that names no tile and no bundle, or not in the one way that it is written.
#[derive(Debug, thiserror::Error, PartialEq, Eq, Clone, Copy)]
#[error("not the path of a tile or of an entry bundle")]
pub struct NotAResource;

impl FromStr for Resource {
    type Err = NotAResource;

    fn from_str(path: &str) -> Result<Self, NotAResource> {
        let resource = read_resource(path).ok_or(NotAResource)?;
        // Whatever else could be read as the same number is written differently.
        if resource.to_string() == path { Ok(resource) } else { Err(NotAResource) }
    }
}

fn read_resource(path: &str) -> Option<Resource> {
    let (path, width) = match path.split_once(".p/") {
        Some((path, width)) => (path, u16::from(u8::try_from(text::decimal(width)?).ok()?)),
        None => (path, FULL),
    };
    if width == 0 {
        return None;
    }
    let (kind, index) = path.split_once('/')?;
    let index = read_index(index)?;
    if kind == "entries" {
        return Some(Resource::Entries { index, width });
    }
    let level = u8::try_from(text::decimal(kind)?).ok()?;
    (level <= 63).then_some(Resource::Tile { id: TileId { level, index }, width })
}

fn read_index(path: &str) -> Option<u64> {
    let mut index: u64 = 0;
    for element in path.split('/') {
        let digits = element.strip_prefix('x').unwrap_or(element);
        if digits.len() != 3 || !digits.bytes().all(|b| b.is_ascii_digit()) {
            return None;
        }
        index = index.checked_mul(1000)?.checked_add(digits.parse().ok()?)?;
    }
    Some(index)
}

/// An entry of more than 65 535 bytes: its length cannot be written.
#[derive(Debug, thiserror::Error, PartialEq, Eq, Clone, Copy)]
#[error("an entry is longer than 65535 bytes")]
pub struct EntryTooLong;

/// The bytes of an entry bundle: each entry after its length in two bytes, the higher first.
pub fn entry_bundle<'a>(entries: impl Iterator<Item = &'a [u8]>) -> Result<Vec<u8>, EntryTooLong> {
    let mut bundle = Vec::new();
    for entry in entries {
        let length = u16::try_from(entry.len()).map_err(|_| EntryTooLong)?;
        bundle.extend_from_slice(&length.to_be_bytes());
        bundle.extend_from_slice(entry);
    }
    Ok(bundle)
}

/// Bytes that end within an entry, or hold more than 256.
#[derive(Debug, thiserror::Error, PartialEq, Eq, Clone, Copy)]
#[error("not an entry bundle")]
pub struct NotABundle;

/// The entries of a bundle, at most 256.
pub fn read_entry_bundle(bundle: &[u8]) -> Result<Vec<&[u8]>, NotABundle> {
    let mut entries = Vec::new();
    let mut rest = bundle;
    while !rest.is_empty() {
        let (length, after) = rest.split_first_chunk().ok_or(NotABundle)?;
        let length = usize::from(u16::from_be_bytes(*length));
        let (entry, after) = after.split_at_checked(length).ok_or(NotABundle)?;
        if entries.len() == TILE_WIDTH {
            return Err(NotABundle);
        }
        entries.push(entry);
        rest = after;
    }
    Ok(entries)
}
