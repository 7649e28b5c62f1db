//! Checkpoints that somebody kept outside of the database: what the log once signed, it cannot take back.

use super::LogTrust;
use std::collections::BTreeMap;
use tillid_log::{Checkpoint, Hash, Note, VerifierKey};
use tillid_storage::{Audit, Fault};

const TABLE: &str = "held checkpoint";

/// The checkpoints that the log signed, by their size.
#[derive(Debug, Default)]
pub(super) struct Held {
    trees: BTreeMap<u64, Hash>,
    /// The largest size up to which the database has what was signed.
    agreed: u64,
}

impl Held {
    /// Takes those that a key of the log signed; the others prove nothing, and are named.
    pub(super) fn read(notes: &[Note], trust: &LogTrust, audit: &mut Audit) -> Self {
        let keys: Vec<VerifierKey> = trust.keys.iter().chain(&trust.witnesses).cloned().collect();
        let mut held = Self::default();
        for (note, number) in notes.iter().zip(1_u32..) {
            let Some(tree) =
                Checkpoint::from_text(note.text()).ok().filter(|tree| tree.origin == trust.origin)
            else {
                audit.find(TABLE, number, Fault::Changed, "it is not a checkpoint of this log");
                continue;
            };
            let by_the_log =
                |note: &Note| Some(note.verify(&keys).ok()?.iter().any(|v| trust.keys.contains(v.key)));
            if by_the_log(note) != Some(true) {
                audit.find(TABLE, tree.size, Fault::Changed, "no known key of the log has signed it");
                continue;
            }
            let other = held.trees.insert(tree.size, tree.root);
            if other.is_some_and(|other| other != tree.root) {
                audit.find(TABLE, tree.size, Fault::Changed, "the log has signed two trees of this size");
            }
        }
        held
    }

    pub(super) fn is_empty(&self) -> bool {
        self.trees.is_empty()
    }

    /// Compares what was signed with the tree of that size; `None` when it could not be computed.
    pub(super) fn compare(&mut self, size: u64, root: impl FnOnce() -> Option<Hash>, audit: &mut Audit) {
        let Some(expected) = self.trees.remove(&size) else { return };
        match root() {
            Some(root) if root == expected => self.agreed = size,
            Some(_) => {
                audit.find(
                    TABLE,
                    size,
                    Fault::Changed,
                    "the log signed it, and the database has another tree",
                );
                let range = format!("{}..{size}", self.agreed);
                audit.find(
                    "log_entry",
                    range,
                    Fault::Changed,
                    "the log signed other entries here: they were rewritten",
                );
            }
            None => {
                audit.find(TABLE, size, Fault::Changed, "the tree of that size cannot be computed any more");
            }
        }
    }

    /// What was signed and is larger than the tree.
    pub(super) fn beyond(&mut self, size: u64, audit: &mut Audit) {
        for (larger, _) in std::mem::take(&mut self.trees) {
            audit.find(
                TABLE,
                larger,
                Fault::Missing,
                "the log signed it, and the database has fewer entries",
            );
            let range = format!("{size}..{larger}");
            audit.find(
                "log_entry",
                range,
                Fault::Missing,
                "the log signed them: the database was rolled back behind them",
            );
        }
    }
}
