//! What a witness answers, in the order in which the specification looks.

use crate::make::{ORIGIN, checkpoint, cosigner, grown, leaf, log_key, post_quantum, signed};
use tillid_log::{AddCheckpoint, Checkpoint, Hash, Note, Refusal, VerifierKey, judge};

fn keys() -> Vec<VerifierKey> {
    vec![log_key("other.example", 9).verifier(), log_key(ORIGIN, 1).verifier()]
}

fn request(old: u64, size: u64) -> AddCheckpoint {
    let proof = if old > size { Vec::new() } else { grown(size).1.consistency(old, size).unwrap() };
    AddCheckpoint { old, proof, checkpoint: signed(&checkpoint(size), &log_key(ORIGIN, 1), &[]) }
}

fn known(size: u64) -> (u64, Hash) {
    (size, grown(size).0.root())
}

#[test]
fn a_checkpoint_that_follows_from_the_last_one_is_cosigned() {
    for (old, size) in [(0, 0), (0, 5), (5, 5), (5, 9), (256, 300)] {
        let request: AddCheckpoint = request(old, size).to_string().parse().unwrap();
        assert_eq!(judge(&request, &keys(), Some(known(old))), Ok(checkpoint(size)), "{old} to {size}");
        if old == 0 {
            assert_eq!(judge(&request, &keys(), None), Ok(checkpoint(size)));
        }
        let witness = cosigner("w.example", 2);
        let mut note = request.checkpoint.clone();
        note.push(witness.cosign_note(&request.checkpoint, 1000).unwrap());
        assert_eq!(note.verify(&[witness.verifier()]).unwrap().len(), 1);
    }
}

#[test]
fn each_refusal_comes_before_the_next() {
    // Everything is wrong with this one; it is mended step by step.
    let other = Checkpoint { origin: "unknown.example".parse().unwrap(), ..checkpoint(5) };
    let mut bad =
        AddCheckpoint { old: 6, proof: vec![leaf(1)], checkpoint: signed(&other, &log_key(ORIGIN, 7), &[]) };
    let answer = |request: &AddCheckpoint| judge(request, &keys(), Some(known(3)));
    assert_eq!(answer(&bad), Err(Refusal::UnknownOrigin));
    bad.checkpoint = signed(&checkpoint(5), &log_key(ORIGIN, 7), &[]);
    assert_eq!(answer(&bad), Err(Refusal::Unsigned));
    bad.checkpoint = signed(&checkpoint(5), &log_key(ORIGIN, 1), &[]);
    assert_eq!(answer(&bad), Err(Refusal::Behind));
    bad.old = 4;
    assert_eq!(answer(&bad), Err(Refusal::Conflict { size: 3 }));
    bad.old = 3;
    assert_eq!(answer(&bad), Err(Refusal::Inconsistent));
    bad.proof = grown(5).1.consistency(3, 5).unwrap();
    assert_eq!(answer(&bad), Ok(checkpoint(5)));
}

#[test]
fn each_refusal_has_its_status() {
    let statuses = [
        (Refusal::Malformed, 400),
        (Refusal::UnknownOrigin, 404),
        (Refusal::Unsigned, 403),
        (Refusal::Behind, 400),
        (Refusal::Conflict { size: 3 }, 409),
        (Refusal::Inconsistent, 422),
    ];
    for (refusal, status) in statuses {
        assert_eq!(refusal.status(), status);
    }
}

#[test]
fn a_checkpoint_without_a_good_signature_of_a_trusted_key_is_unsigned() {
    let good = request(0, 5);
    let answer = |checkpoint: Note| judge(&AddCheckpoint { checkpoint, ..good.clone() }, &keys(), None);
    let mut spoilt = good.checkpoint.clone();
    let mut bad = spoilt.signatures()[0].clone();
    bad.bytes[0] ^= 1;
    spoilt.push(bad);
    assert_eq!(answer(spoilt), Err(Refusal::Unsigned));
    assert_eq!(answer(signed(&checkpoint(5), &log_key("other.example", 9), &[])), Err(Refusal::Unsigned));
    assert_eq!(answer(Note::new("one line\n").unwrap()), Err(Refusal::Malformed));
    let mut with_others = good.checkpoint.clone();
    with_others.push(cosigner("w.example", 2).cosign(&checkpoint(5), 1).unwrap());
    assert_eq!(answer(with_others), Ok(checkpoint(5)));
    let mut quantum = Note::new(checkpoint(5).text()).unwrap();
    quantum.push(post_quantum(ORIGIN, 3).cosign(&checkpoint(5), 0).unwrap());
    let request = AddCheckpoint { checkpoint: quantum, ..good.clone() };
    assert_eq!(judge(&request, &[post_quantum(ORIGIN, 3).verifier()], None), Ok(checkpoint(5)));
    assert_eq!(judge(&good, &[], None), Err(Refusal::UnknownOrigin));
}

#[test]
fn sizes_that_do_not_fit_what_was_cosigned_last_are_a_conflict() {
    assert_eq!(judge(&request(3, 5), &keys(), None), Err(Refusal::Conflict { size: 0 }));
    assert_eq!(judge(&request(0, 5), &keys(), Some(known(3))), Err(Refusal::Conflict { size: 3 }));
    assert_eq!(judge(&request(3, 5), &keys(), Some(known(9))), Err(Refusal::Conflict { size: 9 }));
    assert_eq!(judge(&request(5, 3), &keys(), Some(known(5))), Err(Refusal::Behind));
}

#[test]
fn a_tree_that_does_not_follow_from_the_last_one_is_inconsistent() {
    let log = log_key(ORIGIN, 1);
    let signed_root = |size, root| {
        let fork = Checkpoint { size, root, ..checkpoint(size) };
        signed(&fork, &log, &[])
    };
    for (request, known) in [
        // Another root at the same size, a proof where there can be none, none where there must be one.
        (AddCheckpoint { checkpoint: signed_root(5, leaf(0)), ..request(5, 5) }, Some(known(5))),
        (AddCheckpoint { proof: vec![leaf(0)], ..request(5, 5) }, Some(known(5))),
        (AddCheckpoint { proof: vec![leaf(0)], ..request(0, 5) }, None),
        (AddCheckpoint { proof: vec![], ..request(3, 5) }, Some(known(3))),
        // A fork, and an empty tree with a root.
        (AddCheckpoint { checkpoint: signed_root(5, leaf(0)), ..request(3, 5) }, Some(known(3))),
        (request(3, 5), Some((3, leaf(0)))),
        (AddCheckpoint { checkpoint: signed_root(0, leaf(0)), ..request(0, 0) }, None),
        (AddCheckpoint { checkpoint: signed_root(0, leaf(0)), ..request(0, 0) }, Some(known(0))),
    ] {
        assert_eq!(judge(&request, &keys(), known), Err(Refusal::Inconsistent), "{request}");
    }
}

#[test]
fn a_request_that_is_not_written_as_it_should_be_is_malformed() {
    let good = request(3, 5).to_string();
    let hash = grown(5).1.consistency(3, 5).unwrap()[0];
    let (head, note) = good.split_once("\n\n").unwrap();
    let proof = |lines: usize| good.replace(&format!("{hash}\n"), &format!("{hash}\n").repeat(lines));
    let lines = request(3, 5).proof.len();
    for body in [
        String::new(),
        head.to_owned(),
        format!("{head}\n\n"),
        format!("{head}\n{note}"),
        format!("{head}\n\n\n{note}"),
        good.trim_end().to_owned(),
        format!("{good}\n"),
        good.replace("old 3", "old 03"),
        good.replace("old 3", "old  3"),
        good.replace("old 3", "old 3 "),
        good.replace("old 3", "old -3"),
        good.replace("old 3", "old"),
        good.replace("old 3", "Old 3"),
        good.replace("old 3\n", ""),
        good.replace("old 3\n", "old 3\r\n"),
        good.replace("old 3", "old 18446744073709551616"),
        good.replace(&format!("{hash}\n"), "AAAA\n"),
        proof(64 - lines + 1),
        good.replace("\u{2014}", "-"),
    ] {
        assert_ne!(body, good);
        assert_eq!(body.parse::<AddCheckpoint>(), Err(Refusal::Malformed), "{body}");
    }
    assert_eq!(proof(63 - lines + 1).parse::<AddCheckpoint>().unwrap().proof.len(), 63);
}
