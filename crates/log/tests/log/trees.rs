//! Roots and proofs, against the definition and against ct-merkle.

use crate::make::{grown, leaf, leaves};
use ct_merkle::{ConsistencyProof, InclusionProof, mem_backed_tree::MemoryBackedTree};
use proptest::prelude::*;
use sha2::Sha256;
use tillid_log::{Frontier, Hash, ProofError, verify_consistency, verify_inclusion};

type Oracle = MemoryBackedTree<Sha256, [u8; 8]>;

fn oracle(size: u64) -> Oracle {
    let mut tree = Oracle::new();
    for index in 0..size {
        tree.push(index.to_be_bytes());
    }
    tree
}

fn concat(hashes: &[Hash]) -> Vec<u8> {
    hashes.iter().flat_map(|hash| *hash.as_bytes()).collect()
}

#[test]
fn the_hashes_are_those_of_rfc_6962() {
    let empty = "47DEQpj8HBSa+/TImW+5JCeuQeRkm5NMpJWZG3hSuFU=";
    let leaf_of_nothing = "bjQLnP+zepicpUTmu3gKLHiQHT+zNzh2hRGjBhevoB0=";
    assert_eq!(Hash::of_nothing().to_string(), empty);
    assert_eq!(Hash::of_entry(b"").to_string(), leaf_of_nothing);
    assert_eq!(Frontier::new().root(), Hash::of_nothing());
    let children = Hash::of_children(&leaf(0), &leaf(1));
    let bytes = [&[1], leaf(0).as_bytes().as_slice(), leaf(1).as_bytes()].concat();
    assert_eq!(children.as_bytes().as_slice(), <Sha256 as sha2::Digest>::digest(bytes).as_slice());
    assert_eq!(Hash::try_from([7; 31].as_slice()).ok(), None);
    assert_eq!(format!("{:?}", Hash::of_nothing()), empty);
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(24))]

    #[test]
    fn roots_and_proofs_are_those_of_another_implementation(
        size in 1_u64..3000,
        picks in prop::collection::vec(any::<prop::sample::Index>(), 12),
    ) {
        let theirs = oracle(size);
        let (edge, tiles) = grown(size);
        let root = edge.root();
        let their_root = theirs.root();
        prop_assert_eq!(their_root.as_bytes().as_slice(), root.as_bytes().as_slice());
        prop_assert_eq!(tiles.root(size).unwrap(), root);
        let count = usize::try_from(size).unwrap();
        for pick in picks {
            let at = pick.index(count);
            let index = u64::try_from(at).unwrap();
            let ours = tiles.inclusion(index, size).unwrap();
            let proof = theirs.prove_inclusion(at);
            prop_assert_eq!(concat(&ours), proof.as_bytes());
            prop_assert_eq!(verify_inclusion(index, size, leaf(index), &ours, root), Ok(()));
            let read = InclusionProof::<Sha256>::try_from_bytes(concat(&ours)).unwrap();
            prop_assert!(their_root.verify_inclusion(&index.to_be_bytes(), index, &read).is_ok());

            let old = index + 1;
            let ours = tiles.consistency(old, size).unwrap();
            let proof = theirs.prove_consistency(count - at - 1);
            prop_assert_eq!(concat(&ours), proof.as_bytes());
            let old_root = tiles.root(old).unwrap();
            prop_assert_eq!(verify_consistency(old, size, &ours, old_root, root), Ok(()));
            let read = ConsistencyProof::<Sha256>::try_from_bytes(concat(&ours)).unwrap();
            prop_assert!(their_root.verify_consistency(&oracle(old).root(), &read).is_ok());
        }
    }

    #[test]
    fn sizes_near_the_end_of_the_numbers_are_judged_without_a_panic(
        a in any::<u64>(),
        b in any::<u64>(),
        back in 0_u64..4,
        proof in prop::collection::vec(any::<[u8; 32]>().prop_map(Hash::from_bytes), 0..70),
    ) {
        for (a, b) in [(a, b), (u64::MAX - back, u64::MAX), (a, u64::MAX), (back, b), (0, 0), (b, b)] {
            let _ = verify_inclusion(a, b, leaf(0), &proof, leaf(1));
            let _ = verify_consistency(a, b, &proof, leaf(0), leaf(1));
        }
    }
}

fn flipped(hash: Hash, bit: usize) -> Hash {
    let mut bytes = *hash.as_bytes();
    bytes[bit / 8] ^= 1 << (bit % 8);
    Hash::from_bytes(bytes)
}

/// Everything that is one step away from a proof: a bit, a hash more or less, two hashes exchanged.
fn spoilt(proof: &[Hash]) -> Vec<Vec<Hash>> {
    let mut all = Vec::new();
    for at in 0..proof.len() {
        for bit in 0..256 {
            let mut other = proof.to_vec();
            other[at] = flipped(other[at], bit);
            all.push(other);
        }
        all.push([&proof[..at], &proof[at + 1..]].concat());
        all.push([&proof[..at], &[leaf(99)], &proof[at..]].concat());
        if at > 0 {
            let mut other = proof.to_vec();
            other.swap(at - 1, at);
            all.push(other);
        }
    }
    all.push([proof, &[leaf(99)]].concat());
    all
}

#[test]
fn an_inclusion_proof_with_anything_changed_proves_nothing() {
    for size in (1..18).chain([255, 256, 257, 300]) {
        let (edge, tiles) = grown(size);
        let root = edge.root();
        for index in [0, 1, size / 2, size.saturating_sub(2), size - 1] {
            if index >= size {
                continue;
            }
            let proof = tiles.inclusion(index, size).unwrap();
            let holds = |i, n, l, p: &[Hash], r| verify_inclusion(i, n, l, p, r).is_ok();
            assert!(holds(index, size, leaf(index), &proof, root));
            for other in spoilt(&proof) {
                assert!(!holds(index, size, leaf(index), &other, root), "{index} in {size}");
            }
            for bit in 0..256 {
                assert!(!holds(index, size, flipped(leaf(index), bit), &proof, root));
                assert!(!holds(index, size, leaf(index), &proof, flipped(root, bit)));
            }
            for other in [index.wrapping_sub(1), index + 1, index ^ 2, index + size] {
                assert!(!holds(other, size, leaf(index), &proof, root), "{index} as {other} in {size}");
            }
            // Another size can have the same path. The size is part of what the log signs together with the root, and the
            // path of the last entry of a tree has another length or other sides when the size is off by one.
            if index + 1 == size {
                assert!(!holds(index, size - 1, leaf(index), &proof, root));
                if !size.is_multiple_of(2) {
                    assert!(!holds(index, size + 1, leaf(index), &proof, root), "{index} in {size} + 1");
                }
            }
        }
    }
}

#[test]
fn a_consistency_proof_with_anything_changed_proves_nothing() {
    for new in (2..18).chain([255, 256, 257, 300]) {
        let (edge, tiles) = grown(new);
        let root = edge.root();
        for old in [1, 2, new / 2, new - 1] {
            if old == new {
                continue;
            }
            let old_root = grown(old).0.root();
            let proof = tiles.consistency(old, new).unwrap();
            let holds = |a, b, p: &[Hash], ra, rb| verify_consistency(a, b, p, ra, rb).is_ok();
            assert!(holds(old, new, &proof, old_root, root));
            for other in spoilt(&proof) {
                assert!(!holds(old, new, &other, old_root, root), "{old} to {new}");
            }
            for bit in 0..256 {
                assert!(!holds(old, new, &proof, flipped(old_root, bit), root));
                assert!(!holds(old, new, &proof, old_root, flipped(root, bit)));
            }
            for other in [old - 1, old + 1] {
                assert!(!holds(other, new, &proof, old_root, root), "{old} as {other} to {new}");
            }
            assert!(!holds(new, old, &proof, root, old_root));
        }
    }
}

#[test]
fn the_empty_tree_proves_nothing_but_itself() {
    let (empty, one) = (Hash::of_nothing(), leaf(0));
    assert_eq!(verify_consistency(0, 0, &[], empty, empty), Ok(()));
    assert_eq!(verify_consistency(0, 0, &[], one, one), Err(ProofError::WrongRoot));
    assert_eq!(verify_consistency(0, 0, &[one], empty, empty), Err(ProofError::WrongLength));
    assert_eq!(verify_consistency(0, 1, &[], empty, one), Err(ProofError::OutOfRange));
    assert_eq!(verify_inclusion(0, 0, one, &[], empty), Err(ProofError::OutOfRange));
}

#[test]
fn the_frontier_has_the_root_of_the_edge_at_every_size() {
    let (mut frontier, mut edge) = (Frontier::new(), tillid_log::Edge::default());
    for hash in leaves(70_000) {
        frontier.push(hash);
        edge.push(hash);
        let size = frontier.size();
        assert_eq!(size, edge.size());
        if size < 1000 || size % 251 == 0 || (65_530..65_800).contains(&size) {
            assert_eq!(frontier.root(), edge.root(), "{size}");
        }
    }
}
