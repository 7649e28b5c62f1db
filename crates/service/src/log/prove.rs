//! Proofs: that an event is in the signed tree.

use super::{digest, hash, keys::signer_name};
use crate::{Error, Service};
use std::collections::BTreeSet;
use tillid_domain::id::EventId;
use tillid_log::{Hash, LogProof, TileId, Tiles};
use tillid_storage::{LogHead, Read, SignedTree, Tx};

/// What can be proven of an event.
#[derive(Clone, Debug)]
pub enum Proof {
    /// That it is in the log.
    Logged(LogProof),
    /// It is recorded, and no signed tree has it yet.
    Waiting,
}

impl Service {
    /// The proof that an event is in the log; `NotFound` when there is no such event. Needs no login: whoever knows the event's id,
    /// which cannot be guessed, learns that the log has it and where.
    pub async fn log_proof(&self, event: EventId) -> Result<Proof, Error> {
        let mut tx = self.store.read().await?;
        self.prove(&mut tx, event).await?.ok_or(Error::NotFound)
    }

    pub(crate) async fn prove(&self, tx: &mut Tx<Read>, event: EventId) -> Result<Option<Proof>, Error> {
        let index = match tx.log_index(event).await? {
            None => return Ok(None),
            Some(None) => return Ok(Some(Proof::Waiting)),
            Some(Some(index)) => index,
        };
        let has = |tree: &SignedTree| tree.size > index;
        // A tree that the witnesses have signed says more than a newer one that they have not.
        let tree = match self.published_tree(tx).await?.filter(has) {
            Some(tree) => Some(tree),
            None => tx.signed_trees(u64::MAX, 1).await?.pop().filter(has),
        };
        let (Some(tree), Some(head)) = (tree, tx.log_head().await?) else { return Ok(Some(Proof::Waiting)) };
        let tiles = self.tiles(tx, &head, Tiles::for_inclusion(index, tree.size)).await?;
        let hashes = tiles.inclusion(index, tree.size).map_err(|error| Error::Broken(Box::new(error)))?;
        let checkpoint = self.log_keys.note(&tree)?;
        Ok(Some(Proof::Logged(LogProof { extra: None, index, hashes, checkpoint })))
    }

    /// The tree that everybody is shown: the largest that the policy's witnesses have signed. Without a policy, or before they have,
    /// the largest that is signed.
    pub(super) async fn published_tree(&self, tx: &mut Tx<Read>) -> Result<Option<SignedTree>, Error> {
        /// Witnesses are asked about the same trees, so the one looked for is among the first; but one that is away leaves many behind.
        const PAGE: u32 = 4;
        if let Some(mut below) = self.not_witnessed_from(tx).await? {
            loop {
                let page = tx.cosigned_trees(below, PAGE).await?;
                let Some(last) = page.last() else { break };
                below = last.size;
                if let Some(tree) = page.into_iter().find(|tree| self.log_keys.is_witnessed(tree)) {
                    return Ok(Some(tree));
                }
            }
        }
        Ok(tx.signed_trees(u64::MAX, 1).await?.pop())
    }

    /// A size from which on no tree can have enough signatures of witnesses, because too few have signed any that large; `None` where
    /// nobody needs to sign, or too few have ever signed.
    async fn not_witnessed_from(&self, tx: &mut Tx<Read>) -> Result<Option<u64>, Error> {
        let Some(policy) = self.log_keys.policy() else { return Ok(None) };
        if policy.quorum_of(&BTreeSet::new()) {
            return Ok(None);
        }
        let mut newest = Vec::new();
        for witness in policy.witnesses() {
            if let Some((size, _)) = tx.newest_cosignature(&signer_name(&witness.key)).await? {
                newest.push((size, witness.name.as_str()));
            }
        }
        newest.sort_unstable_by(|a, b| b.cmp(a));
        let mut names = BTreeSet::new();
        for (size, name) in newest {
            names.insert(name);
            if policy.quorum_of(&names) {
                return Ok(Some(size.saturating_add(1)));
            }
        }
        Ok(None)
    }

    /// The tiles, as the database has them.
    pub(super) async fn tiles(
        &self,
        tx: &mut Tx<Read>,
        head: &LogHead,
        ids: BTreeSet<TileId>,
    ) -> Result<Tiles, Error> {
        let edge = self.edge_of(head)?;
        let mut tiles = Tiles::new();
        for id in ids {
            let hashes = match tx.log_tile(id.level, id.index).await? {
                Some(bytes) => hashes(&bytes),
                None if id.width_at(head.size).is_some() => edge.partial(id.level).to_vec(),
                None => continue,
            };
            tiles.insert(id, hashes);
        }
        Ok(tiles)
    }

    /// The root that the tree in the database had at an earlier size.
    pub(super) async fn root_at(&self, tx: &mut Tx<Read>, size: u64) -> Result<Option<Hash>, Error> {
        let Some(head) = tx.log_head().await?.filter(|head| head.size >= size) else { return Ok(None) };
        if size == head.size {
            return Ok(Some(hash(head.root)));
        }
        let tiles = self.tiles(tx, &head, Tiles::for_root(size)).await?;
        Ok(Some(tiles.root(size).map_err(|error| Error::Broken(Box::new(error)))?))
    }
}

/// The hashes in the bytes of a tile.
pub(super) fn hashes(bytes: &[u8]) -> Vec<Hash> {
    bytes.chunks(tillid_log::HASH_LEN).filter_map(|chunk| Hash::try_from(chunk).ok()).collect()
}

/// The hashes as bytes, one after the other.
pub(super) fn bytes(hashes: &[Hash]) -> Vec<u8> {
    hashes.iter().flat_map(|hash| *digest(*hash).as_bytes()).collect()
}
