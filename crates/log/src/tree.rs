//! Verification of proofs, and roots of long trees in little memory.

use crate::{Hash, NotACheckpoint};

/// Why a proof proves nothing.
#[derive(Debug, thiserror::Error, PartialEq, Eq, Clone, Copy)]
pub enum ProofError {
    /// The entry is not in a tree of that size, or the old tree is empty or larger than the new one.
    #[error("there is no such proof for a tree of this size")]
    OutOfRange,
    /// There are more or fewer hashes than that proof has.
    #[error("the proof has a wrong number of hashes")]
    WrongLength,
    /// It leads to another root.
    #[error("the proof leads to another root")]
    WrongRoot,
    /// The text that the proof comes with is not a checkpoint.
    #[error(transparent)]
    NotACheckpoint(#[from] NotACheckpoint),
}

/// Whether `leaf` is entry `index` of the tree with that size and root (RFC 9162, section 2.1.3.2).
pub fn verify_inclusion(
    index: u64,
    size: u64,
    leaf: Hash,
    proof: &[Hash],
    root: Hash,
) -> Result<(), ProofError> {
    if index >= size {
        return Err(ProofError::OutOfRange);
    }
    let (mut node, mut last) = (index, size - 1);
    let mut hash = leaf;
    for sibling in proof {
        if last == 0 {
            return Err(ProofError::WrongLength);
        }
        if node & 1 == 1 || node == last {
            hash = Hash::of_children(sibling, &hash);
            // `node` is not 0 here: it is odd, or `last`.
            let up = node.trailing_zeros();
            node >>= up;
            last >>= up;
        } else {
            hash = Hash::of_children(&hash, sibling);
        }
        node >>= 1;
        last >>= 1;
    }
    if last != 0 {
        return Err(ProofError::WrongLength);
    }
    if hash == root { Ok(()) } else { Err(ProofError::WrongRoot) }
}

/// Whether the new tree begins with the whole old one (RFC 9162, section 2.1.4.2).
///
/// Two trees of one size are consistent when their roots are equal and the proof is empty; there is one empty tree. Nothing is
/// proved from it to a larger one: that is [`ProofError::OutOfRange`].
pub fn verify_consistency(
    old_size: u64,
    new_size: u64,
    proof: &[Hash],
    old_root: Hash,
    new_root: Hash,
) -> Result<(), ProofError> {
    if old_size == new_size {
        let possible = old_size > 0 || old_root == Hash::of_nothing();
        return match proof {
            [] if old_root == new_root && possible => Ok(()),
            [] => Err(ProofError::WrongRoot),
            _ => Err(ProofError::WrongLength),
        };
    }
    if old_size == 0 || old_size > new_size {
        return Err(ProofError::OutOfRange);
    }
    let (first, rest) = match proof {
        rest if old_size.is_power_of_two() => (old_root, rest),
        [first, rest @ ..] => (*first, rest),
        [] => return Err(ProofError::WrongLength),
    };
    let odd = (old_size - 1).trailing_ones();
    let (mut node, mut last) = ((old_size - 1) >> odd, (new_size - 1) >> odd);
    let (mut old, mut new) = (first, first);
    for sibling in rest {
        if last == 0 {
            return Err(ProofError::WrongLength);
        }
        if node & 1 == 1 || node == last {
            old = Hash::of_children(sibling, &old);
            new = Hash::of_children(sibling, &new);
            // `node` is not 0 here: it is odd, or `last`.
            let up = node.trailing_zeros();
            node >>= up;
            last >>= up;
        } else {
            new = Hash::of_children(&new, sibling);
        }
        node >>= 1;
        last >>= 1;
    }
    if last != 0 {
        return Err(ProofError::WrongLength);
    }
    if old == old_root && new == new_root { Ok(()) } else { Err(ProofError::WrongRoot) }
}

/// The roots of the perfect subtrees that a tree consists of: its root can be told without its leaves.
///
/// A tree of n leaves takes at most log2(n) + 1 hashes. The default is the empty tree.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Frontier {
    size: u64,
    /// Largest first.
    subtrees: Vec<Hash>,
}

impl Frontier {
    /// The empty tree.
    pub fn new() -> Self {
        Self::default()
    }

    /// Adds a leaf at the end.
    pub fn push(&mut self, leaf: Hash) {
        let mut hash = leaf;
        for _ in 0..self.size.trailing_ones() {
            if let Some(left) = self.subtrees.pop() {
                hash = Hash::of_children(&left, &hash);
            }
        }
        self.subtrees.push(hash);
        self.size += 1;
    }

    /// How many leaves there are.
    pub fn size(&self) -> u64 {
        self.size
    }

    /// The root of the tree so far.
    pub fn root(&self) -> Hash {
        fold(&self.subtrees)
    }
}

/// The node over perfect subtrees, the largest and leftmost first.
pub(crate) fn fold(subtrees: &[Hash]) -> Hash {
    let from_the_right = subtrees.iter().rev().copied();
    from_the_right.reduce(|right, left| Hash::of_children(&left, &right)).unwrap_or_else(Hash::of_nothing)
}

/// The root over hashes that are a power of two many.
pub(crate) fn perfect_root(hashes: &[Hash]) -> Hash {
    let mut frontier = Frontier::new();
    for hash in hashes {
        frontier.push(*hash);
    }
    frontier.root()
}
