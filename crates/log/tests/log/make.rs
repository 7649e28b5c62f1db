//! Keys, trees and checkpoints to test with.

use aws_lc_rs::signature::{ML_DSA_44_SIGNING, PqdsaKeyPair};
use tillid_log::{Algorithm, Checkpoint, Edge, Hash, KeyName, Note, Signer, TileId, Tiles};

pub(crate) const ORIGIN: &str = "log.example/tillid";

pub(crate) fn name(text: &str) -> KeyName {
    text.parse().unwrap()
}

/// PKCS#8 version 1 around an Ed25519 seed (RFC 8410, section 7).
pub(crate) fn pkcs8(seed: u8) -> Vec<u8> {
    let head = [0x30, 0x2e, 2, 1, 0, 0x30, 5, 6, 3, 0x2b, 0x65, 0x70, 4, 0x22, 4, 0x20];
    [head.as_slice(), &[seed; 32]].concat()
}

pub(crate) fn log_key(origin: &str, seed: u8) -> Signer {
    Signer::ed25519(name(origin), Algorithm::Ed25519, &pkcs8(seed)).unwrap()
}

pub(crate) fn cosigner(key_name: &str, seed: u8) -> Signer {
    Signer::ed25519(name(key_name), Algorithm::Ed25519Cosignature, &pkcs8(seed)).unwrap()
}

pub(crate) fn post_quantum(key_name: &str, seed: u8) -> Signer {
    let pair = PqdsaKeyPair::from_seed(&ML_DSA_44_SIGNING, &[seed; 32]).unwrap();
    Signer::ml_dsa_44(name(key_name), pair.to_pkcs8v1().unwrap().as_ref()).unwrap()
}

pub(crate) fn leaf(index: u64) -> Hash {
    Hash::of_entry(&index.to_be_bytes())
}

pub(crate) fn leaves(size: u64) -> Vec<Hash> {
    (0..size).map(leaf).collect()
}

/// The tree of that many [`leaf`]s as a log would keep it: full tiles as they came, and the edge.
pub(crate) fn grown(size: u64) -> (Edge, Tiles) {
    let (mut edge, mut tiles) = (Edge::default(), Tiles::new());
    for index in 0..size {
        for (id, hashes) in edge.push(leaf(index)) {
            tiles.insert(id, hashes);
        }
    }
    for level in 0..8 {
        if !edge.partial(level).is_empty() {
            let index = size >> (8 * (u32::from(level) + 1));
            tiles.insert(TileId { level, index }, edge.partial(level).to_vec());
        }
    }
    (edge, tiles)
}

pub(crate) fn checkpoint(size: u64) -> Checkpoint {
    Checkpoint { origin: name(ORIGIN).into(), size, root: grown(size).0.root() }
}

/// The checkpoint, signed by these.
pub(crate) fn signed(checkpoint: &Checkpoint, log: &Signer, cosigners: &[(&Signer, u64)]) -> Note {
    let mut note = Note::new(checkpoint.text()).unwrap();
    note.push(log.sign(note.text()).unwrap());
    for (cosigner, seconds) in cosigners {
        note.push(cosigner.cosign(checkpoint, *seconds).unwrap());
    }
    note
}
