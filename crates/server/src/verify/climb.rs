//! Proofs from tiles, none of which is believed before its hashes are found to lead to the signed root.

use super::{
    source::{Source, Unread},
    trust::Signed,
    verdict::{Says, Verdict},
};
use std::collections::BTreeSet;
use tillid_log::{
    Checkpoint, Frontier, HASH_LEN, Hash, Resource, TILE_WIDTH, TileId, Tiles, verify_consistency,
};

/// Why a tile is not to be used.
#[derive(Debug, thiserror::Error)]
pub(super) enum Fault {
    #[error(transparent)]
    Unread(#[from] Unread),
    /// It has another length than it must have in this tree.
    #[error("{resource} has {is} bytes, not {must}")]
    Length { resource: Resource, is: usize, must: usize },
    /// It is not what the tile above it, or the root, says.
    #[error("{0} is altered")]
    Altered(Resource),
    /// The incomplete tiles together are not what the root says.
    #[error("the incomplete tiles do not lead to the root")]
    Edge,
}

impl Fault {
    /// Says so.
    pub(super) fn tell(&self, verdict: &mut Verdict) {
        match self {
            Self::Unread(unread) => unread.tell(verdict),
            Self::Length { resource, is, must } => {
                let values = [
                    ("tile", format!("tile/{resource}")),
                    ("is", is.to_string()),
                    ("must", must.to_string()),
                ];
                verdict
                    .say(Says::TileLength, &values.each_ref().map(|(name, value)| (*name, value.as_str())));
            }
            Self::Altered(resource) => {
                verdict.say(Says::TileAltered, &[("tile", &format!("tile/{resource}"))]);
            }
            Self::Edge => verdict.say(Says::EdgeAltered, &[]),
        }
    }
}

/// The hashes in the bytes of a tile, which must be as many as asked for.
pub(super) fn hashes(resource: Resource, width: u16, bytes: &[u8]) -> Result<Vec<Hash>, Fault> {
    let (chunks, rest) = bytes.as_chunks::<HASH_LEN>();
    if !rest.is_empty() || chunks.len() != usize::from(width) {
        let must = usize::from(width) * HASH_LEN;
        return Err(Fault::Length { resource, is: bytes.len(), must });
    }
    Ok(chunks.iter().copied().map(Hash::from_bytes).collect())
}

/// The tiles of one signed tree, as far as they have been fetched and found to be its own.
pub(super) struct Climb<'a> {
    source: &'a Source,
    tree: &'a Checkpoint,
    tiles: Tiles,
    /// Those that lead to the root.
    sure: BTreeSet<TileId>,
    edge_is_sure: bool,
}

impl<'a> Climb<'a> {
    /// In this tree, from there.
    pub(super) fn new(source: &'a Source, tree: &'a Checkpoint) -> Self {
        Self { source, tree, tiles: Tiles::new(), sure: BTreeSet::new(), edge_is_sure: false }
    }

    /// Whether the tree begins with the whole of an older one: `false` if another tree was signed then.
    pub(super) async fn begins_with(&mut self, old: &Checkpoint) -> Result<bool, Fault> {
        for id in Tiles::for_consistency(old.size, self.tree.size) {
            self.tile(id).await?;
        }
        if old.size == 0 {
            return Ok(true);
        }
        let Ok(proof) = self.tiles.consistency(old.size, self.tree.size) else { return Err(Fault::Edge) };
        Ok(verify_consistency(old.size, self.tree.size, &proof, old.root, self.tree.root).is_ok())
    }

    /// A tile of the tree that leads to its root.
    pub(super) async fn tile(&mut self, id: TileId) -> Result<&[Hash], Fault> {
        self.edge().await?;
        // From the tile up to one that is not full: every hash of such a one is in the root.
        let mut path = Vec::new();
        let mut at = id;
        while !self.sure.contains(&at) {
            path.push(at);
            at = TileId { level: at.level.saturating_add(1), index: at.index / TILE_WIDTH as u64 };
            if path.len() > 8 {
                return Err(Fault::Edge);
            }
        }
        for id in path.into_iter().rev() {
            self.below(at, id).await?;
            at = id;
        }
        Ok(self.tiles.get(id).unwrap_or_default())
    }

    /// Fetches a full tile below one that is sure.
    async fn below(&mut self, above: TileId, id: TileId) -> Result<(), Fault> {
        let resource = Resource::Tile { id, width: 256 };
        let hashes = self.fetch(id).await?;
        let place = usize::try_from(id.index % TILE_WIDTH as u64).unwrap_or(usize::MAX);
        let said = self.tiles.get(above).and_then(|hashes| hashes.get(place));
        let mut root = Frontier::new();
        for hash in &hashes {
            root.push(*hash);
        }
        if said != Some(&root.root()) {
            return Err(Fault::Altered(resource));
        }
        self.tiles.insert(id, hashes);
        self.sure.insert(id);
        Ok(())
    }

    /// Fetches the incomplete tiles: the root follows from all of their hashes.
    async fn edge(&mut self) -> Result<(), Fault> {
        if self.edge_is_sure {
            return Ok(());
        }
        let edge = Tiles::for_root(self.tree.size);
        for id in &edge {
            let hashes = self.fetch(*id).await?;
            self.tiles.insert(*id, hashes);
        }
        if self.tiles.root(self.tree.size) != Ok(self.tree.root) {
            // One tile that is alone cannot be mixed up with another.
            let alone = edge
                .first()
                .filter(|_| edge.len() == 1)
                .and_then(|id| Some(Resource::Tile { id: *id, width: id.width_at(self.tree.size)? }));
            return Err(alone.map_or(Fault::Edge, Fault::Altered));
        }
        self.sure.extend(edge);
        self.edge_is_sure = true;
        Ok(())
    }

    async fn fetch(&self, id: TileId) -> Result<Vec<Hash>, Fault> {
        let width = id.width_at(self.tree.size).ok_or(Fault::Edge)?;
        let resource = Resource::Tile { id, width };
        hashes(resource, width, &self.source.resource(resource).await?)
    }
}

/// Says whether the tree that is served now begins with one that the log signed before; `false` unless that is proven.
pub(super) async fn compare(source: &Source, now: &Signed, before: &Signed, verdict: &mut Verdict) -> bool {
    let (what, old, new) = (before.what.as_str(), &before.checkpoint, &now.checkpoint);
    let (from, to) = (old.size.to_string(), new.size.to_string());
    let values = [("what", what), ("old", from.as_str()), ("new", to.as_str())];
    let found = if old.origin != new.origin {
        Ok(Says::OtherLog)
    } else if old.size == new.size {
        Ok(if old.root == new.root { Says::SameTree } else { Says::Forked })
    } else if old.size > new.size {
        behind(source, new, old).await
    } else {
        let begins = Climb::new(source, new).begins_with(old).await;
        begins.map(|begins| if begins { Says::Consistent } else { Says::Rewritten })
    };
    let says = match found {
        Ok(says) => says,
        Err(fault) => {
            fault.tell(verdict);
            return false;
        }
    };
    let origins = [("held", old.origin.as_ref()), ("origin", new.origin.as_ref())];
    verdict.say(says, &[values.as_slice(), &origins].concat());
    if matches!(says, Says::OtherLog | Says::Forked | Says::Rewritten | Says::Older) {
        verdict.keep("checkpoint-before", before.note.to_string().as_bytes());
        verdict.keep("checkpoint-now", now.note.to_string().as_bytes());
    }
    matches!(says, Says::SameTree | Says::Consistent)
}

/// A checkpoint that is older than another may come from a cache, or wait for witnesses: then the larger tree is still there, and begins
/// with it. Otherwise the log went back.
async fn behind(source: &Source, shown: &Checkpoint, larger: &Checkpoint) -> Result<Says, Fault> {
    match Climb::new(source, larger).begins_with(shown).await {
        Ok(true) => Ok(Says::Behind),
        Ok(false) => Ok(Says::Rewritten),
        Err(Fault::Unread(unread @ (Unread::Away(..) | Unread::TooLarge(_)))) => Err(unread.into()),
        Err(_) => Ok(Says::Older),
    }
}
