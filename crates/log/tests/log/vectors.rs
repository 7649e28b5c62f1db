//! The vectors of transparency-dev/merkle, most of them tampered with.

use serde::Deserialize;
use std::{fs, path::Path};
use tillid_log::{Hash, verify_consistency, verify_inclusion};

#[derive(Deserialize)]
#[serde(rename_all = "camelCase")]
struct Inclusion {
    leaf_idx: u64,
    tree_size: u64,
    root: String,
    leaf_hash: String,
    proof: Option<Vec<String>>,
    desc: String,
    want_err: bool,
}

#[derive(Deserialize)]
#[serde(rename_all = "camelCase")]
struct Consistency {
    size1: u64,
    size2: u64,
    root1: String,
    root2: String,
    proof: Option<Vec<String>>,
    desc: String,
    want_err: bool,
}

#[derive(Deserialize)]
struct Vectors {
    inclusion: Vec<Inclusion>,
    consistency: Vec<Consistency>,
}

/// A root. Some vectors have text in place of a root that nobody looks at: another hash stands in for it.
fn root(base64: &str) -> Hash {
    base64.parse().unwrap_or_else(|_| Hash::of_entry(base64.as_bytes()))
}

fn hashes(proof: Option<&Vec<String>>) -> Option<Vec<Hash>> {
    proof.map(Vec::as_slice).unwrap_or_default().iter().map(|hash| hash.parse().ok()).collect()
}

#[test]
fn every_vector_of_rfc_6962_proofs_is_judged_as_its_authors_say() {
    #[expect(
        clippy::disallowed_methods,
        reason = "what others wrote is not in the tree; this says where it is"
    )]
    let Ok(data) = std::env::var("CONFORMANCE_DATA") else {
        println!("SKIPPED: without CONFORMANCE_DATA there are no vectors to hold this against");
        return;
    };
    let text = fs::read_to_string(Path::new(&data).join("tlog/rfc6962-vectors.json")).expect("the vectors");
    let vectors: Vectors = serde_json::from_str(&text).expect("json");
    assert_eq!((vectors.inclusion.len(), vectors.consistency.len()), (98, 98));
    let mut accepted = 0;
    for v in &vectors.inclusion {
        // A leaf or a proof that is not of hashes is refused before anything is computed.
        let holds = hashes(v.proof.as_ref()).zip(v.leaf_hash.parse().ok()).is_some_and(|(proof, leaf)| {
            verify_inclusion(v.leaf_idx, v.tree_size, leaf, &proof, root(&v.root)).is_ok()
        });
        assert_eq!(holds, !v.want_err, "inclusion of {} in {}: {}", v.leaf_idx, v.tree_size, v.desc);
        accepted += u32::from(holds);
    }
    for v in &vectors.consistency {
        let holds = hashes(v.proof.as_ref()).is_some_and(|proof| {
            verify_consistency(v.size1, v.size2, &proof, root(&v.root1), root(&v.root2)).is_ok()
        });
        assert_eq!(holds, !v.want_err, "consistency of {} and {}: {}", v.size1, v.size2, v.desc);
        accepted += u32::from(holds);
    }
    println!("{accepted} of 196 vectors accepted, the others refused, as they should be");
}
