//! A log to be witnessed, made by the book (RFC 6962, section 2.1) and sharing no code with the product's tree but the hash.

use tillid_log::{Checkpoint, Hash, Note, Signer};

/// A history: leaves up to a branch are those of every history, the later ones are its own.
#[derive(Clone, Copy)]
pub(crate) struct History {
    branch: Option<u64>,
    name: u8,
}

impl History {
    /// The one that is told first.
    pub(crate) fn true_one() -> Self {
        Self { branch: None, name: 0 }
    }

    /// Another one, from that size on.
    pub(crate) fn forked_at(size: u64, name: u8) -> Self {
        Self { branch: Some(size), name }
    }

    fn leaf(self, index: u64) -> Hash {
        let name = if self.branch.is_some_and(|branch| index >= branch) { self.name } else { 0 };
        Hash::of_entry(format!("{name} {index}").as_bytes())
    }

    fn leaves(self, size: u64) -> Vec<Hash> {
        (0..size).map(|index| self.leaf(index)).collect()
    }

    pub(crate) fn root(self, size: u64) -> Hash {
        root(&self.leaves(size))
    }

    /// The consistency proof between two sizes; none from 0.
    pub(crate) fn proof(self, old: u64, size: u64) -> Vec<Hash> {
        if old == 0 || old == size {
            return Vec::new();
        }
        subproof(usize::try_from(old).expect("a size"), &self.leaves(size), true)
    }

    /// Its checkpoint of that size, signed by each of the keys.
    pub(crate) fn checkpoint(self, size: u64, keys: &[&Signer]) -> Note {
        let origin = keys[0].verifier().name().clone().into();
        let text = Checkpoint { origin, size, root: self.root(size) }.text();
        let mut note = Note::new(text.clone()).expect("a note");
        for key in keys {
            note.push(key.sign(&text).expect("a signature"));
        }
        note
    }

    /// The body of a request.
    pub(crate) fn request(self, old: u64, size: u64, keys: &[&Signer]) -> String {
        body(old, &self.proof(old, size), &self.checkpoint(size, keys).to_string())
    }
}

/// A body as the specification writes it.
pub(crate) fn body(old: u64, proof: &[Hash], checkpoint: &str) -> String {
    let proof: String = proof.iter().flat_map(|hash| [hash.to_string(), "\n".to_owned()]).collect();
    format!("old {old}\n{proof}\n{checkpoint}")
}

fn split(size: usize) -> usize {
    let half = size.next_power_of_two() / 2;
    assert!(half < size && size <= 2 * half);
    half
}

fn root(leaves: &[Hash]) -> Hash {
    match leaves {
        [] => Hash::of_nothing(),
        [leaf] => *leaf,
        _ => {
            let (left, right) = leaves.split_at(split(leaves.len()));
            Hash::of_children(&root(left), &root(right))
        }
    }
}

/// SUBPROOF of RFC 6962, section 2.1.2.
fn subproof(old: usize, leaves: &[Hash], complete: bool) -> Vec<Hash> {
    if old == leaves.len() {
        return if complete { Vec::new() } else { vec![root(leaves)] };
    }
    let half = split(leaves.len());
    let (left, right) = leaves.split_at(half);
    let (mut proof, other) = if old <= half {
        (subproof(old, left, complete), root(right))
    } else {
        (subproof(old - half, right, false), root(left))
    };
    proof.push(other);
    proof
}
