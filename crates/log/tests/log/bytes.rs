//! No bytes make a parser panic, and what one reads it writes the same.

use crate::make::{ORIGIN, checkpoint, cosigner, grown, log_key, signed};
use proptest::prelude::*;
use std::{fmt::Display, str::FromStr};
use tillid_log::{
    AddCheckpoint, Checkpoint, Edge, Hash, KeyName, LogProof, Note, NoteSignature, Policy, Resource,
    VerifierKey, read_entry_bundle,
};

fn round<T: FromStr + Display>(text: &str) {
    if let Ok(read) = text.parse::<T>() {
        assert_eq!(read.to_string(), text);
    }
}

fn all_parsers(bytes: &[u8]) {
    let _ = (Hash::try_from(bytes), read_entry_bundle(bytes));
    let Ok(text) = std::str::from_utf8(bytes) else { return };
    round::<Hash>(text);
    round::<KeyName>(text);
    round::<VerifierKey>(text);
    round::<NoteSignature>(text);
    round::<Note>(text);
    round::<LogProof>(text);
    round::<AddCheckpoint>(text);
    round::<Resource>(text);
    let _ = Checkpoint::from_text(text);
    if let Ok(policy) = text.parse::<Policy>() {
        assert_eq!(policy.to_string().parse(), Ok(policy));
    }
}

/// One well-formed text of each kind.
fn good() -> Vec<String> {
    let log = log_key(ORIGIN, 1);
    let witness = cosigner("w.example", 2);
    let note = signed(&checkpoint(5), &log, &[(&witness, 1)]);
    let hashes = grown(5).1.inclusion(2, 5).unwrap();
    let (log, key) = (log.verifier(), witness.verifier());
    vec![
        checkpoint(5).text(),
        note.to_string(),
        note.signatures()[0].to_string(),
        LogProof { extra: Some(vec![1, 2]), index: 2, hashes: hashes.clone(), checkpoint: note.clone() }
            .to_string(),
        AddCheckpoint { old: 3, proof: hashes, checkpoint: note }.to_string(),
        format!("log {log} https://a\nwitness w {key}\ngroup g 1 w\nquorum g\n"),
        key.to_string(),
        "entries/x001/234.p/7".to_owned(),
        Hash::of_nothing().to_string(),
    ]
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(2000))]

    #[test]
    fn any_bytes(bytes in prop::collection::vec(any::<u8>(), 0..300), size in any::<u64>(), small in 0_u64..20) {
        all_parsers(&bytes);
        let _ = (Edge::from_bytes(size, &bytes), Edge::from_bytes(small, &bytes));
    }

    #[test]
    fn any_text_of_the_characters_that_matter(text in "(\u{2014} |extra |index |old |log |witness |group |quorum |none|any|[0-9]{1,3}|[+/=.p# x\n\tÆ\u{a0}]|[A-Za-z]{4}){0,30}") {
        all_parsers(text.as_bytes());
    }
}

#[test]
fn a_good_text_with_any_byte_changed_left_out_or_doubled() {
    for text in good() {
        let bytes = text.as_bytes();
        for at in 0..bytes.len() {
            all_parsers(&bytes[..at]);
            all_parsers(&[&bytes[..at], &bytes[at + 1..]].concat());
            all_parsers(&[&bytes[..=at], &bytes[at..]].concat());
            for with in [0, b'\n', b' ', b'0', b'=', b'+', 0x7f, 0x80, 0xff, bytes[at] ^ 1, bytes[at] ^ 0x20]
            {
                let mut other = bytes.to_vec();
                other[at] = with;
                all_parsers(&other);
            }
        }
    }
}
