//! Policies: what they may say, and what they say of a checkpoint.

use crate::make::{ORIGIN, checkpoint, cosigner, log_key, post_quantum, signed};
use proptest::prelude::*;
use std::collections::BTreeSet;
use tillid_log::{Checkpoint, Note, NoteError, Policy, PolicyFault, Signer};

fn witness(number: u8) -> Signer {
    cosigner(&format!("w{number}.example"), 10 + number)
}

fn witness_line(number: u8) -> String {
    format!("witness W{number} {}\n", witness(number).verifier())
}

fn log_line() -> String {
    format!("log {}\n", log_key(ORIGIN, 1).verifier())
}

/// Our log, witnesses W1 to W6, and these lines.
fn policy(lines: &str) -> Result<Policy, (usize, PolicyFault)> {
    let witnesses: String = (1..=6).map(witness_line).collect();
    let text = format!("{}{witnesses}{lines}", log_line());
    text.parse().map_err(|error: tillid_log::PolicyError| (error.line, error.fault))
}

const TWO_LEVELS: &str = "group X 2 W1 W2 W3\ngroup Y any W4 W5 W6\ngroup X-and-Y all X Y\nquorum X-and-Y\n";

fn enough(policy: &Policy, names: &[&str]) -> bool {
    policy.quorum_of(&names.iter().copied().collect())
}

#[test]
fn the_example_of_the_specification_wants_two_of_three_and_one_of_three() {
    let policy = policy(TWO_LEVELS).unwrap();
    assert_eq!((policy.logs().len(), policy.witnesses().len()), (1, 6));
    for (names, yes) in [
        (vec!["W1", "W2", "W4"], true),
        (vec!["W2", "W3", "W6"], true),
        (vec!["W1", "W2", "W3", "W4", "W5", "W6"], true),
        (vec!["W1", "W4", "W5", "W6"], false),
        (vec!["W1", "W2", "W3"], false),
        (vec![], false),
        (vec!["X", "Y"], false),
        (vec!["X-and-Y"], false),
        (vec!["none", "W7"], false),
    ] {
        assert_eq!(enough(&policy, &names), yes, "{names:?}");
    }
}

#[test]
fn a_quorum_is_none_or_a_witness_or_a_group() {
    assert!(enough(&policy("quorum none\n").unwrap(), &[]));
    let one = policy("quorum W2\n").unwrap();
    assert!(enough(&one, &["W2"]) && !enough(&one, &["W1"]));
    let all: Policy = policy("group G all W1 W2\nquorum G").unwrap();
    assert!(enough(&all, &["W1", "W2"]) && !enough(&all, &["W1"]));
    let without_logs: Policy = "quorum none\n".parse().unwrap();
    assert!(without_logs.logs().is_empty());
}

#[test]
fn comments_empty_lines_blanks_urls_and_lines_in_another_order_are_read() {
    let text = format!(
        "# a comment with æ\n\n \t \n\t# another\nwitness \tw {} https://w.example/\t\n  quorum w \n{}",
        witness(1).verifier(),
        log_line().replace('\n', " https://log.example/tillid\n")
    );
    let policy: Policy = text.parse().unwrap();
    assert_eq!(policy.logs()[0].url.as_deref(), Some("https://log.example/tillid"));
    assert_eq!(policy.witnesses()[0].url.as_deref(), Some("https://w.example/"));
    assert_eq!(
        (policy.witnesses()[0].name.as_str(), &policy.witnesses()[0].key),
        ("w", &witness(1).verifier())
    );
    assert_eq!(policy.to_string().parse(), Ok(policy));
}

#[test]
fn what_is_written_reads_back() {
    for lines in
        [TWO_LEVELS, "quorum none\n", "quorum W1\n", "group none-but 6 W6 W5 W4 W3 W2 W1\nquorum none-but\n"]
    {
        let policy = policy(lines).unwrap();
        assert_eq!(policy.to_string().parse(), Ok(policy));
    }
}

#[test]
fn a_line_that_is_not_as_it_should_be_is_refused_by_its_number() {
    let ed25519 = log_key("w.example", 30).verifier();
    let same_key = cosigner("another.example", 11).verifier();
    let same_log = format!("log {}\nquorum none\n", cosigner("another.example", 1).verifier());
    let name = |name: &str| name.to_owned();
    for (lines, line, fault) in [
        ("", 7, PolicyFault::NoQuorum),
        ("group G any W1\n", 8, PolicyFault::NoQuorum),
        ("quorum W1\nquorum W1\n", 9, PolicyFault::SecondQuorum),
        ("quorum none\nquorum none\n", 9, PolicyFault::SecondQuorum),
        ("quorum W7\n", 8, PolicyFault::Unknown(name("W7"))),
        ("quorum w1\n", 8, PolicyFault::Unknown(name("w1"))),
        ("quorum G\ngroup G any W1\n", 8, PolicyFault::Unknown(name("G"))),
        ("group G any W1 W7\nquorum G\n", 8, PolicyFault::Unknown(name("W7"))),
        ("group G any H\ngroup H any W1\nquorum G\n", 8, PolicyFault::Unknown(name("H"))),
        ("group G any G\nquorum G\n", 8, PolicyFault::Unknown(name("G"))),
        ("group G any none\nquorum G\n", 8, PolicyFault::Unknown(name("none"))),
        ("group G any W1 W1\nquorum G\n", 8, PolicyFault::MemberTwice(name("W1"))),
        ("group G any W1\ngroup H any W1\nquorum G\n", 9, PolicyFault::MemberTwice(name("W1"))),
        ("group W1 any W2\nquorum W1\n", 8, PolicyFault::NameTaken(name("W1"))),
        ("group none any W2\nquorum none\n", 8, PolicyFault::NameTaken(name("none"))),
        ("group G any W1\n\ngroup G any W2\nquorum G\n", 10, PolicyFault::NameTaken(name("G"))),
        ("group G 0 W1 W2\nquorum G\n", 8, PolicyFault::Threshold),
        ("group G 3 W1 W2\nquorum G\n", 8, PolicyFault::Threshold),
        ("group G 01 W1 W2\nquorum G\n", 8, PolicyFault::Threshold),
        ("group G +1 W1 W2\nquorum G\n", 8, PolicyFault::Threshold),
        ("group G -1 W1 W2\nquorum G\n", 8, PolicyFault::Threshold),
        ("group G W1 W2\nquorum G\n", 8, PolicyFault::Threshold),
        ("group G ALL W1 W2\nquorum G\n", 8, PolicyFault::Threshold),
        ("group G 99999999999999999999 W1\nquorum G\n", 8, PolicyFault::Threshold),
        ("group G any\nquorum G\n", 8, PolicyFault::Words),
        ("group G\nquorum G\n", 8, PolicyFault::Words),
        ("quorum\n", 8, PolicyFault::Words),
        ("quorum none none\n", 8, PolicyFault::Words),
        ("log\n", 8, PolicyFault::Words),
        ("witness W7\n", 8, PolicyFault::Words),
        ("Quorum none\n", 8, PolicyFault::Kind),
        ("quorum none # why\n", 8, PolicyFault::Words),
        ("quorum none\r\n", 8, PolicyFault::Control),
        ("# \u{7f}\nquorum none\n", 8, PolicyFault::Control),
        ("quorum none\n# \u{0}\n", 9, PolicyFault::Control),
        ("log x\n", 8, PolicyFault::Key(tillid_log::KeyError::Malformed)),
        (&format!("witness W7 {ed25519}\n"), 8, PolicyFault::NotACosigner),
        (&format!("witness W7 {same_key}\n"), 8, PolicyFault::DuplicateKey),
        (&format!("log {} a b\n", log_key("a", 9).verifier()), 8, PolicyFault::Words),
        (&witness_line(1), 8, PolicyFault::DuplicateKey),
        (&witness_line(7).replace("W7", "W1"), 8, PolicyFault::NameTaken(name("W1"))),
        (&witness_line(7).replace("W7", "none"), 8, PolicyFault::NameTaken(name("none"))),
        (&log_line(), 8, PolicyFault::DuplicateKey),
        (&same_log, 8, PolicyFault::DuplicateKey),
    ] {
        assert_eq!(policy(lines).err(), Some((line, fault)), "{lines}");
    }
    assert_eq!(policy("quorum W7\n").unwrap_err().1.to_string(), "no line before defines W7");
}

fn judged(policy: &Policy, note: &Note) -> Result<(Vec<String>, bool), NoteError> {
    let judgement = policy.judge(note)?;
    Ok((judgement.witnesses.into_iter().map(|w| w.name).collect(), judgement.quorum))
}

#[test]
fn a_checkpoint_is_believed_when_the_log_and_a_quorum_have_signed_it() {
    let policy = policy(TWO_LEVELS).unwrap();
    let (log, checkpoint) = (log_key(ORIGIN, 1), checkpoint(5));
    let (w1, w2, w4, stranger) = (witness(1), witness(2), witness(4), witness(9));
    let note = signed(&checkpoint, &log, &[(&w1, 1), (&stranger, 1), (&w4, 4)]);
    assert_eq!(judged(&policy, &note), Ok((vec!["W1".to_owned(), "W4".to_owned()], false)));
    let mut note = signed(&checkpoint, &log, &[(&w1, 1), (&w2, 2), (&w4, 4)]);
    let judgement = policy.judge(&note).unwrap();
    assert!(judgement.quorum);
    assert_eq!((&judgement.checkpoint, &judgement.log), (&checkpoint, &log.verifier()));
    assert_eq!(judgement.witnesses.iter().map(|w| w.seconds).collect::<Vec<_>>(), [1, 2, 4]);
    assert_eq!(judgement.witnesses[0].key, w1.verifier());
    let mut bad = w4.cosign(&checkpoint, 9).unwrap();
    bad.bytes[30] ^= 1;
    note.push(bad);
    assert_eq!(judged(&policy, &note), Err(NoteError::BadSignature));
    // One witness that signs twice is one witness.
    let note = signed(&checkpoint, &log, &[(&w1, 1), (&w1, 2), (&w4, 4)]);
    assert_eq!(judged(&policy, &note), Ok((vec!["W1".to_owned(), "W4".to_owned()], false)));
}

#[test]
fn witnesses_alone_or_another_log_or_another_key_are_not_believed() {
    let policy = policy("quorum W1\n").unwrap();
    let (w1, checkpoint) = (witness(1), checkpoint(5));
    let mut without_log = Note::new(checkpoint.text()).unwrap();
    without_log.push(w1.cosign(&checkpoint, 1).unwrap());
    assert_eq!(judged(&policy, &without_log), Err(NoteError::NoKnownSignature));
    let note = signed(&checkpoint, &log_key(ORIGIN, 2), &[(&w1, 1)]);
    assert_eq!(judged(&policy, &note), Err(NoteError::NoKnownSignature));
    // A known log that signs in the name of another one.
    let elsewhere = Checkpoint { origin: "elsewhere.example".parse().unwrap(), ..checkpoint.clone() };
    let note = signed(&elsewhere, &log_key(ORIGIN, 1), &[(&w1, 1)]);
    assert_eq!(judged(&policy, &note), Err(NoteError::UnknownOrigin));
    let two = format!("{policy}log {}\n", log_key("elsewhere.example", 3).verifier());
    assert_eq!(judged(&two.parse().unwrap(), &note), Err(NoteError::NoKnownSignature));
    let text = Note::new("not a checkpoint\n").unwrap();
    assert!(matches!(judged(&policy, &text), Err(NoteError::NotACheckpoint(_))));
}

#[test]
fn a_log_and_witnesses_can_have_keys_of_both_kinds() {
    let (log, checkpoint) = (log_key(ORIGIN, 1), checkpoint(5));
    let (quantum_log, quantum) = (post_quantum(ORIGIN, 2), post_quantum("w.example", 3));
    let text = format!(
        "log {}\nlog {}\nwitness old {}\nwitness new {}\ngroup w any old new\nquorum w\n",
        log.verifier(),
        quantum_log.verifier(),
        cosigner("w.example", 4).verifier(),
        quantum.verifier()
    );
    let policy: Policy = text.parse().unwrap();
    let mut note = Note::new(checkpoint.text()).unwrap();
    note.push(quantum_log.cosign(&checkpoint, 0).unwrap());
    assert_eq!(judged(&policy, &note), Ok((vec![], false)));
    note.push(quantum.cosign(&checkpoint, 7).unwrap());
    let judgement = policy.judge(&note).unwrap();
    assert_eq!((judgement.quorum, judgement.log), (true, quantum_log.verifier()));
    assert_eq!((judgement.witnesses.len(), judgement.witnesses[0].seconds), (1, 7));
}

proptest! {
    /// One more witness never takes a quorum away, and a group of k is reached by exactly k of its members.
    #[test]
    fn quorums_count(k in 1_usize..=6, present in prop::collection::btree_set(1_u8..=6, 0..=6)) {
        let policy = policy(&format!("group G {k} W1 W2 W3 W4 W5 W6\nquorum G\n")).unwrap();
        let names: BTreeSet<String> = present.iter().map(|n| format!("W{n}")).collect();
        let names: BTreeSet<&str> = names.iter().map(String::as_str).collect();
        prop_assert_eq!(policy.quorum_of(&names), present.len() >= k);
    }
}
