//! Keys, notes and signatures, against the specification and against signed_note.

use crate::make::{ORIGIN, checkpoint, cosigner, log_key, name, post_quantum, signed};
use aws_lc_rs::signature::{ED25519, Ed25519KeyPair, ML_DSA_44, UnparsedPublicKey};
use base64::{Engine, engine::general_purpose::STANDARD as B64};
use proptest::prelude::*;
use signed_note::{StandardSigner, StandardVerifier, VerifierList};
use tillid_log::{
    Algorithm, KeyError, KeyName, NotANote, Note, NoteError, NoteSignature, SignError, Signer, VerifierKey,
};

/// The example of signed-note.
const VKEY: &str = "example.com/foo+530d903a+AekyeRrm56hApGFkyQR4ZCbV54Id2LKaANYcrnKv3U2k";
const NOTE: &str = "This is an example message.\n\n\u{2014} example.com/foo \
                    Uw2QOkn8srV1yJGh2VYRlL1Tnagv1YEq6TfXppzi2ONncAlTgK7Ztg1ERYNZXsYjOBH3mFXmRKuwHjG1Yu72IneyaQM=\n";

fn vkey(text: &str) -> Result<VerifierKey, KeyError> {
    text.parse()
}

fn note(text: &str) -> Result<Note, NotANote> {
    text.parse()
}

#[test]
fn the_example_of_the_specification_verifies() {
    let keys = [vkey(VKEY).unwrap()];
    assert_eq!((keys[0].to_string().as_str(), keys[0].id()), (VKEY, 0x530d_903a));
    let read = note(NOTE).unwrap();
    assert_eq!((read.text(), read.to_string().as_str()), ("This is an example message.\n", NOTE));
    let verified = read.verify(&keys).unwrap();
    assert_eq!((verified.len(), verified[0].key, verified[0].seconds), (1, &keys[0], None));
    let altered = note(&NOTE.replace("an example", "no example")).unwrap();
    assert_eq!(altered.verify(&keys), Err(NoteError::BadSignature));
}

#[test]
fn a_key_that_is_not_written_as_it_should_be_is_refused() {
    let (rest, key) = VKEY.rsplit_once('+').unwrap();
    let with = |bytes: &[u8]| format!("{rest}+{}", B64.encode(bytes));
    let bytes = B64.decode(key).unwrap();
    for (text, error) in [
        (VKEY.replace("530d903a", "530d903b"), KeyError::Id),
        (VKEY.replace("example.com/foo", "example.com/bar"), KeyError::Id),
        (VKEY.replace("530d903a", "530D903A"), KeyError::Malformed),
        (VKEY.replace("530d903a", "+30d903a"), KeyError::Malformed),
        (VKEY.replace("530d903a", "30d903a"), KeyError::Malformed),
        (VKEY.replace("+Aek", "+"), KeyError::Malformed),
        (format!("{VKEY}\n"), KeyError::Malformed),
        (format!("{VKEY}="), KeyError::Malformed),
        (rest.to_owned(), KeyError::Malformed),
        (String::new(), KeyError::Malformed),
        (with(&[]), KeyError::Malformed),
        (with(&[1]), KeyError::Length),
        (with(&bytes[..32]), KeyError::Length),
        (with(&[&[2], &bytes[1..]].concat()), KeyError::Algorithm),
        (with(&[&[4], &bytes[1..]].concat()), KeyError::Id),
        (with(&[&[6], &bytes[1..]].concat()), KeyError::Length),
    ] {
        assert_eq!(vkey(&text), Err(error), "{text}");
    }
    assert!(matches!(vkey(&VKEY.replace("com/foo", "com foo")), Err(KeyError::Name(_))));
    assert!(matches!(vkey(&VKEY.replace("example.com/foo", "")), Err(KeyError::Name(_))));
    for bad in ["", " ", "a b", "a\u{a0}b", "a\u{2003}", "a+b", "a\n", "a\tb", "\u{0}"] {
        assert!(bad.parse::<KeyName>().is_err(), "{bad:?}");
    }
    assert_eq!("ærø.example/log".parse::<KeyName>().unwrap().as_ref(), "ærø.example/log");
}

#[test]
fn a_note_that_is_not_written_as_it_should_be_is_refused() {
    let (text, line) = NOTE.split_once("\n\n").unwrap();
    let lines = |lines: &str| format!("{text}\n\n{lines}");
    let named = |name: &str| lines(&line.replace("example.com/foo", name));
    for (written, error) in [
        (String::new(), NotANote::Lines),
        ("\n\n".to_owned(), NotANote::Lines),
        (format!("{text}\n"), NotANote::Lines),
        (lines(""), NotANote::Lines),
        (format!("{text}\n{line}"), NotANote::Lines),
        (NOTE.replace("an example", "an\texample"), NotANote::Control),
        (NOTE.replace('\n', "\r\n"), NotANote::Lines),
        (NOTE.replace("This", "\rThis"), NotANote::Control),
        (lines(&line.replace("Uw2Q", "Uw2Q\u{1}")), NotANote::Control),
        (lines(line.trim_end()), NotANote::SignatureLine),
        (lines(&format!("{line}x")), NotANote::SignatureLine),
        (lines(&line.replace('\u{2014}', "-")), NotANote::SignatureLine),
        (lines(&line.replace("\u{2014} ", "\u{2014}  ")), NotANote::SignatureLine),
        (lines(&line.replace("foo U", "foo  U")), NotANote::SignatureLine),
        (lines(&line.replace("QM=", "QM")), NotANote::SignatureLine),
        (lines(&line.replace("QM=", "QN=")), NotANote::SignatureLine),
        (lines("\u{2014} example.com/foo Uw2QOg==\n"), NotANote::SignatureLine),
        (lines("\u{2014} example.com/foo \n"), NotANote::SignatureLine),
        (lines("\u{2014} example.com/foo\n"), NotANote::SignatureLine),
        (named(""), NotANote::SignatureLine),
        (named("a+b"), NotANote::SignatureLine),
        (named("a\u{a0}b"), NotANote::SignatureLine),
        (lines(&line.repeat(65)), NotANote::TooMany),
    ] {
        assert_eq!(note(&written), Err(error), "{written:?}");
    }
    assert_eq!(note(&lines(&line.repeat(64))).unwrap().signatures().len(), 64);
    let paragraphs = note(&format!("one\n\ntwo\n\n\n{NOTE}")).unwrap();
    assert_eq!(paragraphs.text(), "one\n\ntwo\n\n\nThis is an example message.\n");
    assert_eq!(Note::new("no newline"), Err(NotANote::Lines));
    assert_eq!(Note::new("a\u{7}\n"), Err(NotANote::Control));
    assert_eq!(Note::new(""), Err(NotANote::Lines));
}

#[test]
fn only_known_keys_count_and_a_bad_signature_of_one_spoils_the_note() {
    let (log, other) = (log_key(ORIGIN, 1), log_key("other.example", 2));
    let keys = [log.verifier()];
    let checkpoint = checkpoint(3);
    let mut note = signed(&checkpoint, &other, &[]);
    assert_eq!(note.verify(&keys), Err(NoteError::NoKnownSignature));
    assert_eq!(note.verify(&[]), Err(NoteError::NoKnownSignature));
    let good = log.sign(note.text()).unwrap();
    // The same name with another id, and the same id with another name, are other keys.
    note.push(NoteSignature { key_id: good.key_id ^ 1, ..good.clone() });
    note.push(NoteSignature { name: name("someone.example"), ..good.clone() });
    assert_eq!(note.verify(&keys), Err(NoteError::NoKnownSignature));
    note.push(good.clone());
    note.push(good.clone());
    assert_eq!(note.verify(&keys).unwrap().len(), 1);
    assert_eq!(note.verify(&[other.verifier(), log.verifier()]).unwrap().len(), 2);
    let read: Note = note.to_string().parse().unwrap();
    assert_eq!(read, note);
    let mut bytes = good.bytes.clone();
    bytes[10] ^= 1;
    note.push(NoteSignature { bytes, ..good.clone() });
    assert_eq!(note.verify(&keys), Err(NoteError::BadSignature));
    let mut note = signed(&checkpoint, &log, &[]);
    note.push(NoteSignature { bytes: good.bytes[..63].to_vec(), ..good });
    assert_eq!(note.verify(&keys), Err(NoteError::BadSignature));
}

#[test]
fn an_ed25519_cosigner_signs_the_time_and_the_whole_text() {
    let witness = cosigner("witness.example/w1", 3);
    let checkpoint = checkpoint(70);
    let signature = witness.cosign(&checkpoint, 1_679_315_147).unwrap();
    let (time, ed25519) = signature.bytes.split_at(8);
    assert_eq!(time, 1_679_315_147_u64.to_be_bytes());
    let message = format!("cosignature/v1\ntime 1679315147\n{}", checkpoint.text());
    let public = witness.verifier();
    UnparsedPublicKey::new(&ED25519, public.public()).verify(message.as_bytes(), ed25519).unwrap();

    let mut extended = Note::new(format!("{}one more line\n", checkpoint.text())).unwrap();
    extended.push(signature);
    assert_eq!(extended.verify(&[witness.verifier()]), Err(NoteError::BadSignature));
    let mut extended = Note::new(extended.text()).unwrap();
    extended.push(witness.cosign_note(&extended, 5).unwrap());
    assert_eq!(extended.verify(&[witness.verifier()]).unwrap()[0].seconds, Some(5));
}

#[test]
fn an_ml_dsa_44_cosigner_signs_name_time_origin_size_and_root() {
    let witness = post_quantum("witness.example/w2", 4);
    let checkpoint = checkpoint(70);
    let signature = witness.cosign(&checkpoint, 1_679_315_147).unwrap();
    assert_eq!(signature.bytes.len(), 8 + 2420);
    let message = [
        b"subtree/v1\n\0".as_slice(),
        &[18],
        b"witness.example/w2",
        &1_679_315_147_u64.to_be_bytes(),
        &[18],
        ORIGIN.as_bytes(),
        &[0; 8],
        &70_u64.to_be_bytes(),
        checkpoint.root.as_bytes(),
    ]
    .concat();
    assert_eq!(ORIGIN.len(), 18);
    let public = witness.verifier();
    UnparsedPublicKey::new(&ML_DSA_44, public.public()).verify(&message, &signature.bytes[8..]).unwrap();

    let mut extended = Note::new(format!("{}one more line\n", checkpoint.text())).unwrap();
    extended.push(signature);
    assert_eq!(extended.verify(&[witness.verifier()]).unwrap()[0].seconds, Some(1_679_315_147));
    let without_time = witness.cosign(&checkpoint, 0).unwrap();
    let mut note = Note::new(checkpoint.text()).unwrap();
    note.push(without_time);
    assert_eq!(note.verify(&[witness.verifier()]).unwrap()[0].seconds, Some(0));
}

#[test]
fn a_cosignature_of_anything_else_does_not_hold() {
    let checkpoint = checkpoint(70);
    let other = crate::make::checkpoint(71);
    for witness in [cosigner("witness.example/w", 3), post_quantum("witness.example/w", 4)] {
        let keys = [witness.verifier()];
        let good = witness.cosign(&checkpoint, 1000).unwrap();
        let verdict = |text: String, bytes: Vec<u8>| {
            let mut note = Note::new(text).unwrap();
            note.push(NoteSignature { bytes, ..good.clone() });
            note.verify(&keys).map(|verified| verified[0].seconds)
        };
        assert_eq!(verdict(checkpoint.text(), good.bytes.clone()), Ok(Some(1000)));
        assert_eq!(verdict(other.text(), good.bytes.clone()), Err(NoteError::BadSignature));
        let renamed = checkpoint.text().replace("tillid", "mistillid");
        assert_eq!(verdict(renamed, good.bytes.clone()), Err(NoteError::BadSignature));
        for (at, bit) in [(7, 1), (0, 0x80), (8, 1), (20, 4), (good.bytes.len() - 1, 1)] {
            let mut bytes = good.bytes.clone();
            bytes[at] ^= bit;
            assert_eq!(verdict(checkpoint.text(), bytes), Err(NoteError::BadSignature), "byte {at}");
        }
        for end in [0, 7, 8, good.bytes.len() - 1] {
            let short = good.bytes[..end].to_vec();
            assert_eq!(verdict(checkpoint.text(), short), Err(NoteError::BadSignature), "{end} bytes");
        }
        let text = "not a checkpoint\n".to_owned();
        assert!(matches!(verdict(text, good.bytes.clone()), Err(NoteError::NotACheckpoint(_))));
    }
}

#[test]
fn a_time_that_no_cosignature_can_have_does_not_hold_even_if_it_is_signed() {
    let (witness, checkpoint) = (cosigner("witness.example/w", 3), checkpoint(70));
    let pair = Ed25519KeyPair::from_pkcs8(&crate::make::pkcs8(3)).unwrap();
    let verdict = |seconds: u64| {
        let message = format!("cosignature/v1\ntime {seconds}\n{}", checkpoint.text());
        let bytes = [&seconds.to_be_bytes(), pair.sign(message.as_bytes()).as_ref()].concat();
        let mut note = Note::new(checkpoint.text()).unwrap();
        note.push(NoteSignature { bytes, ..witness.cosign(&checkpoint, 1).unwrap() });
        note.verify(&[witness.verifier()]).map(|verified| verified[0].seconds)
    };
    let last = (1 << 63) - 1;
    assert_eq!(verdict(last), Ok(Some(last)));
    assert_eq!(verdict(last + 1), Err(NoteError::BadSignature));
}

#[test]
fn a_key_signs_only_what_it_is_for() {
    let (log, witness, quantum) =
        (log_key(ORIGIN, 1), cosigner("w.example", 2), post_quantum("w.example", 3));
    let checkpoint = checkpoint(1);
    assert_eq!(log.cosign(&checkpoint, 1), Err(SignError::OtherUse));
    assert_eq!(witness.sign("text\n"), Err(SignError::OtherUse));
    assert_eq!(quantum.sign("text\n"), Err(SignError::OtherUse));
    assert_eq!(log.sign("text"), Err(SignError::NotText));
    assert_eq!(log.sign("te\txt\n"), Err(SignError::NotText));
    assert_eq!(witness.cosign(&checkpoint, 0), Err(SignError::Time));
    assert_eq!(witness.cosign(&checkpoint, 1 << 63), Err(SignError::Time));
    assert_eq!(quantum.cosign(&checkpoint, u64::MAX), Err(SignError::Time));
    assert!(quantum.cosign(&checkpoint, (1 << 63) - 1).is_ok());
    assert!(matches!(
        witness.cosign_note(&Note::new("text\n").unwrap(), 1),
        Err(SignError::NotACheckpoint(_))
    ));
    let long = "w".repeat(256);
    assert_eq!(post_quantum(&long, 3).cosign(&checkpoint, 1), Err(SignError::TooLong));
    assert!(post_quantum(&long[1..], 3).cosign(&checkpoint, 1).is_ok());
    let far = tillid_log::Checkpoint { origin: long.parse().unwrap(), ..checkpoint };
    assert_eq!(quantum.cosign(&far, 1), Err(SignError::TooLong));
}

#[test]
fn a_secret_key_of_another_kind_is_refused_and_none_is_shown() {
    let pkcs8 = crate::make::pkcs8(7);
    let refused = |result: Result<Signer, KeyError>| result.err();
    let kind = Algorithm::MlDsa44Cosignature;
    assert_eq!(refused(Signer::ed25519(name("a"), kind, &pkcs8)), Some(KeyError::Algorithm));
    assert_eq!(refused(Signer::ml_dsa_44(name("a"), &pkcs8)), Some(KeyError::NotPkcs8));
    assert_eq!(refused(Signer::ed25519(name("a"), Algorithm::Ed25519, b"")), Some(KeyError::NotPkcs8));
    let shown = format!("{:?} {:?}", log_key("a", 7), post_quantum("b", 7));
    assert!(shown.contains("Signer") && !shown.contains("7, 7") && !shown.contains("0707"), "{shown}");
    let keys = [log_key("a", 7).verifier(), cosigner("a", 7).verifier(), post_quantum("a", 7).verifier()];
    assert_ne!(keys[0].id(), keys[1].id());
    for key in keys {
        assert_eq!(key.to_string().parse(), Ok(key));
    }
}

fn their_key(seed: u8, key_name: &str) -> String {
    let key = log_key(key_name, seed).verifier();
    let secret = [&[1], [seed; 32].as_slice()].concat();
    format!("PRIVATE+KEY+{key_name}+{:08x}+{}", key.id(), B64.encode(secret))
}

proptest! {
    #[test]
    fn another_implementation_verifies_what_we_sign_and_we_what_it_signs(
        seed in any::<u8>(),
        text in "[^\\p{Cc}]{0,40}(\n{1,3}[^\\p{Cc}]{1,40}){0,4}\n",
        key_name in "[a-zæøå]{1,10}\\.example(/[a-z0-9]{1,8})?",
    ) {
        let ours = log_key(&key_name, seed);
        let mut note = Note::new(text.as_str()).unwrap();
        note.push(ours.sign(&text).unwrap());

        let read = signed_note::Note::from_bytes(note.to_string().as_bytes()).unwrap();
        prop_assert_eq!(read.text(), text.as_bytes());
        let verifier = StandardVerifier::new(&ours.verifier().to_string()).unwrap();
        let (verified, unknown) = read.verify(&VerifierList::new(vec![Box::new(verifier)])).unwrap();
        prop_assert_eq!((verified.len(), unknown.len()), (1, 0));

        let theirs = StandardSigner::new(&their_key(seed, &key_name)).unwrap();
        let mut signed = signed_note::Note::new(text.as_bytes(), &[]).unwrap();
        signed.add_sigs(&[&theirs]).unwrap();
        let bytes = String::from_utf8(signed.to_bytes()).unwrap();
        let read: Note = bytes.parse().unwrap();
        prop_assert_eq!(read.to_string(), bytes);
        prop_assert_eq!(read.verify(&[ours.verifier()]).unwrap().len(), 1);
    }

    #[test]
    fn what_one_implementation_reads_as_a_note_so_does_the_other(
        at in any::<prop::sample::Index>(),
        with in prop_oneof![Just("\n"), Just(" "), Just("="), Just("\u{2014}"), Just("+"), Just("A"), Just("\t"), Just("")],
        twice in any::<bool>(),
    ) {
        let start = if twice { format!("{NOTE}\n{}", NOTE.split_once("\n\n").unwrap().1) } else { NOTE.to_owned() };
        let mut characters: Vec<String> = start.chars().map(String::from).collect();
        let at = at.index(characters.len());
        characters[at] = if twice { format!("{}{with}", characters[at]) } else { with.to_owned() };
        let text = characters.concat();
        let theirs = signed_note::Note::from_bytes(text.as_bytes());
        prop_assert_eq!(note(&text).is_ok(), theirs.is_ok(), "{:?}", text);
        if let Ok(read) = note(&text) {
            prop_assert_eq!(read.to_string(), text);
        }
    }
}
