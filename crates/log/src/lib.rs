//! The transparency log: a Merkle tree, its tiles, signed checkpoints and proofs, as bytes and text.
//!
//! It knows nothing of consents and does no I/O. The formats are those of C2SP: tlog-tiles, signed-note, tlog-checkpoint,
//! tlog-cosignature, tlog-proof, tlog-policy and tlog-witness. The tree is that of RFC 6962.

mod checkpoint;
mod edge;
mod hash;
mod key;
mod note;
mod policy;
mod proof;
mod sign;
mod text;
mod tile;
mod tiles;
mod tree;
mod witness;

pub use checkpoint::{Checkpoint, NotACheckpoint, NotAnOrigin, Origin};
pub use edge::{Edge, NotAnEdge};
pub use hash::{Hash, NotAHash};
pub use key::{Algorithm, KeyError, KeyName, NotAKeyName, VerifierKey};
pub use note::{NotANote, Note, NoteError, NoteSignature, Verified};
pub use policy::{Cosigned, Judgement, LogLine, Policy, PolicyError, PolicyFault, WitnessLine};
pub use proof::{LogProof, NotALogProof};
pub use sign::{SignError, Signer};
pub use tile::{
    EntryTooLong, HASH_LEN, NotABundle, NotAResource, Resource, TILE_WIDTH, TileId, entry_bundle,
    read_entry_bundle,
};
pub use tiles::{MissingTile, Tiles};
pub use tree::{Frontier, ProofError, verify_consistency, verify_inclusion};
pub use witness::{AddCheckpoint, Refusal, judge};
