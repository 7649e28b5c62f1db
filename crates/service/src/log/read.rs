//! What everybody can fetch of the log: the signed tree, its tiles and entries, its keys, and how its witnesses see it.

use super::{Flaw, OwnKey, Signatures, entry, keys::signer_name, prove, receipt::signatures};
use crate::{Error, Service};
use tillid_domain::Instant;
use tillid_log::{KeyName, Note, Policy, Resource, entry_bundle};
use tillid_storage::SignedTree;

/// The log, for people.
#[derive(Clone, Debug)]
pub struct LogView {
    /// What it calls itself.
    pub origin: KeyName,
    /// The tree that everybody is shown, as a signed note.
    pub checkpoint: Option<(SignedTree, Note)>,
    /// How many entries it has by now, signed or not.
    pub size: u64,
    /// How many events wait for their place.
    pub waiting: u64,
    /// The newest signed trees, the largest first.
    pub history: Vec<SignedTree>,
    /// Its keys, those that sign first.
    pub keys: Vec<OwnKey>,
    /// Its witnesses.
    pub witnesses: Vec<WitnessView>,
    /// Whom the operator has asked to sign too (C2SP tlog-policy), with the log's own keys: it can be used as it is.
    pub policy: Option<String>,
    /// Who has signed the tree that everybody is shown, verified again; a flaw if a signature under it does not hold.
    pub signatures: Option<Result<Signatures, Flaw>>,
}

/// A witness, for people.
#[derive(Clone, PartialEq, Eq, Debug)]
pub struct WitnessView {
    /// What the policy calls it.
    pub name: String,
    /// Its key.
    pub key: tillid_log::VerifierKey,
    /// The largest tree that it signed, and when.
    pub signed: Option<(u64, Instant)>,
    /// What it answered last, as a code, and when it was asked.
    pub answered: Option<(String, Instant)>,
}

impl Service {
    /// The signed tree that everybody is shown; `NotFound` before there is one.
    pub async fn log_checkpoint(&self) -> Result<Note, Error> {
        let mut tx = self.store.read().await?;
        let tree = self.published_tree(&mut tx).await?.ok_or(Error::NotFound)?;
        self.log_keys.note(&tree)
    }

    /// A tile or a bundle of entries of the largest signed tree, by its path below `/log/tile/`; `NotFound` when it has none such.
    pub async fn log_resource(&self, path: &str) -> Result<Vec<u8>, Error> {
        let asked: Resource = path.parse().map_err(|_| Error::NotFound)?;
        let mut tx = self.store.read().await?;
        let signed = tx.signed_trees(u64::MAX, 1).await?.pop().ok_or(Error::NotFound)?;
        if !asked.exists_at(signed.size) {
            return Err(Error::NotFound);
        }
        match asked {
            Resource::Tile { id, width } => {
                let head = tx.log_head().await?.ok_or(Error::NotFound)?;
                let tiles = self.tiles(&mut tx, &head, [id].into()).await?;
                let hashes = tiles.get(id).and_then(|hashes| hashes.get(..usize::from(width)));
                hashes.map(prove::bytes).ok_or(Error::NotFound)
            }
            Resource::Entries { index, width } => {
                let entries = tx.log_entries(index * 256, u32::from(width)).await?;
                if entries.len() != usize::from(width) {
                    return Err(Error::NotFound);
                }
                let entries: Vec<[u8; 33]> = entries.into_iter().map(entry).collect();
                let bundle = entry_bundle(entries.iter().map(<[u8; 33]>::as_slice));
                bundle.map_err(|error| Error::Broken(Box::new(error)))
            }
        }
    }

    /// Every key of the log, those that sign first.
    pub fn log_keys(&self) -> Vec<OwnKey> {
        self.log_keys.published()
    }

    /// What the log calls itself.
    pub fn log_origin(&self) -> &KeyName {
        self.log_keys.origin()
    }

    /// Whom the operator has asked to sign the log too (C2SP tlog-policy).
    pub fn log_policy(&self) -> Option<&Policy> {
        self.log_keys.policy()
    }

    /// The witnesses of the policy, and how they stand.
    pub async fn log_witnesses(&self) -> Result<Vec<WitnessView>, Error> {
        let mut tx = self.store.read().await?;
        self.witnesses(&mut tx).await
    }

    /// The log with its newest `limit` signed trees below a size, for people.
    pub async fn log_view(&self, below: u64, limit: u32) -> Result<LogView, Error> {
        let mut tx = self.store.read().await?;
        let tree = self.published_tree(&mut tx).await?;
        let checkpoint = tree.map(|tree| self.log_keys.note(&tree).map(|note| (tree, note))).transpose()?;
        let queue = tx.log_queue().await?;
        Ok(LogView {
            origin: self.log_keys.origin().clone(),
            signatures: checkpoint.as_ref().map(|(_, note)| signatures(&self.log_keys, note)),
            checkpoint,
            size: tx.log_head().await?.map_or(0, |head| head.size),
            waiting: queue.map_or(0, |(_, count)| count),
            history: tx.signed_trees(below, limit).await?,
            keys: self.log_keys.published(),
            witnesses: self.witnesses(&mut tx).await?,
            policy: self.log_keys.policy().map(|policy| self.with_own_keys(policy)),
        })
    }

    /// An operator's policy may name the witnesses alone.
    fn with_own_keys(&self, policy: &Policy) -> String {
        let named = |own: &OwnKey| policy.logs().iter().any(|log| log.key == own.key);
        let missing = self.log_keys.published().into_iter().filter(|own| !named(own));
        let lines = missing.map(|own| format!("log {}", own.key)).chain([policy.to_string()]);
        lines.collect::<Vec<_>>().join("\n")
    }

    async fn witnesses(
        &self,
        tx: &mut tillid_storage::Tx<tillid_storage::Read>,
    ) -> Result<Vec<WitnessView>, Error> {
        let Some(policy) = self.log_keys.policy() else { return Ok(Vec::new()) };
        let answers = tx.log_witnesses().await?;
        let mut views = Vec::new();
        for witness in policy.witnesses() {
            let name = signer_name(&witness.key);
            let answer = answers.iter().find(|row| row.witness == name);
            views.push(WitnessView {
                name: witness.name.clone(),
                key: witness.key.clone(),
                signed: tx.newest_cosignature(&name).await?,
                answered: answer.map(|row| (row.answer.clone(), row.asked_at)),
            });
        }
        Ok(views)
    }
}
