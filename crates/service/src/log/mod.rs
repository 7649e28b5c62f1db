//! The log that outsiders can check: one sequencer gives the events their places, signs the tree, and asks witnesses to sign it too;
//! everybody can fetch the tree and have a proof.

mod audit;
mod health;
mod keys;
mod prove;
mod read;
mod receipt;
mod sequence;
mod witness;

pub use audit::{LogTrust, audit};
pub use health::{LogHealth, LogNumbers, LogTrouble};
pub use keys::{LogKeys, LogKeysError, OwnKey};
pub use prove::Proof;
pub use read::{LogView, WitnessView};
pub use receipt::{Flaw, PathStep, Place, Placed, ReceiptView, Side, Signatures, Witnessed};
pub use sequence::{Sequenced, Sequencer, Step};
pub use witness::{WitnessAnswer, WitnessTask};

use tillid_domain::Digest;
use tillid_log::Hash;

/// What the log holds of an event: the form of the entry, and the event's own commitment. Nothing else, because anything else could
/// link one entry with another: 33 bytes that look random.
pub fn entry(commitment: Digest) -> [u8; 33] {
    let mut entry = [1; 33];
    let (_, rest) = entry.split_at_mut(1);
    rest.copy_from_slice(commitment.as_bytes());
    entry
}

/// A root as checkpoints write it: in standard base64.
pub fn root_text(root: Digest) -> String {
    hash(root).to_string()
}

fn leaf(commitment: Digest) -> Hash {
    Hash::of_entry(&entry(commitment))
}

fn hash(digest: Digest) -> Hash {
    Hash::from_bytes(*digest.as_bytes())
}

fn digest(hash: Hash) -> Digest {
    Digest::from_bytes(*hash.as_bytes())
}
