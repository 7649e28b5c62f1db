//! Proofs as they are attached to receipts.

use crate::make::{ORIGIN, cosigner, grown, log_key, name, signed};
use tillid_log::{Checkpoint, Hash, LogProof, NotALogProof, ProofError};

fn proof(index: u64, size: u64, extra: Option<&[u8]>) -> LogProof {
    let (edge, tiles) = grown(size);
    let checkpoint = Checkpoint { origin: name(ORIGIN).into(), size, root: edge.root() };
    let witness = cosigner("witness.example/w1", 2);
    LogProof {
        extra: extra.map(<[u8]>::to_vec),
        index,
        hashes: tiles.inclusion(index, size).unwrap(),
        checkpoint: signed(&checkpoint, &log_key(ORIGIN, 1), &[(&witness, 1000)]),
    }
}

#[test]
fn a_proof_reads_back_and_includes_its_entry_alone() {
    for (index, size) in [(0, 1), (0, 2), (1, 2), (4, 7), (6, 7), (255, 257), (256, 257), (300, 1000)] {
        for extra in [None, Some(b"".as_slice()), Some(b"more")] {
            let ours = proof(index, size, extra);
            let read: LogProof = ours.to_string().parse().unwrap();
            assert_eq!(read, ours);
            let checkpoint = read.includes(&index.to_be_bytes()).unwrap();
            assert_eq!((checkpoint.size, checkpoint.root), (size, grown(size).0.root()));
            assert!(read.includes(&(index + 1).to_be_bytes()).is_err());
            let elsewhere = LogProof { index: index ^ 1, ..read };
            assert!(elsewhere.includes(&index.to_be_bytes()).is_err());
        }
    }
}

#[test]
fn a_proof_is_written_as_the_specification_says() {
    let ours = proof(1, 3, Some(b"abc"));
    let checkpoint = ours.checkpoint.to_string();
    let [a, b] = ours.hashes[..] else { panic!("two hashes") };
    assert_eq!(
        ours.to_string(),
        format!("c2sp.org/tlog-proof@v1\nextra YWJj\nindex 1\n{a}\n{b}\n\n{checkpoint}")
    );
    let alone = proof(0, 1, None);
    let checkpoint = alone.checkpoint.to_string();
    assert_eq!(alone.to_string(), format!("c2sp.org/tlog-proof@v1\nindex 0\n\n{checkpoint}"));
}

#[test]
fn a_proof_that_is_not_written_as_it_should_be_is_refused() {
    let good = proof(1, 3, Some(b"abc")).to_string();
    let hash = grown(3).1.inclusion(1, 3).unwrap()[0];
    let (head, checkpoint) = good.split_once("\n\n").unwrap();
    for text in [
        String::new(),
        head.to_owned(),
        format!("{head}\n\n"),
        format!("{head}\n{checkpoint}"),
        format!("{head}\n\n\n{checkpoint}"),
        format!("\n{good}"),
        format!("{good}\n"),
        good.trim_end().to_owned(),
        good.replace("@v1", "@v2"),
        good.replace("@v1\n", "@v1 \n"),
        good.replacen('\n', "\r\n", 1),
        good.replace("extra YWJj", "extra YWJ"),
        good.replace("extra YWJj", "extra"),
        good.replace("extra YWJj", "extra  YWJj"),
        good.replace("extra YWJj\n", "extra YWJj\nextra YWJj\n"),
        good.replace("extra YWJj\nindex 1\n", "index 1\nextra YWJj\n"),
        good.replace("index 1", "index 01"),
        good.replace("index 1", "index +1"),
        good.replace("index 1", "index -1"),
        good.replace("index 1", "index 1 "),
        good.replace("index 1", "index 18446744073709551616"),
        good.replace("index 1\n", ""),
        good.replace("index 1\n", "index 1\nindex 1\n"),
        good.replace(&format!("{hash}\n"), "AAAA\n"),
        good.replace(&format!("{hash}\n"), &format!("{hash} \n")),
        good.replace(&format!("{hash}\n"), &format!("{hash}\n").repeat(64)),
    ] {
        assert_ne!(text, good);
        assert_eq!(text.parse::<LogProof>(), Err(NotALogProof), "{text}");
    }
    assert_eq!(
        good.replace(&format!("{hash}\n"), &format!("{hash}\n").repeat(63))
            .parse::<LogProof>()
            .unwrap()
            .hashes
            .len(),
        64
    );
}

#[test]
fn a_proof_with_too_few_or_too_many_hashes_or_no_checkpoint_proves_nothing() {
    let good = proof(1, 3, None);
    let entry = 1_u64.to_be_bytes();
    let with = |hashes: Vec<Hash>| LogProof { hashes, ..good.clone() }.includes(&entry).err();
    assert_eq!(with(good.hashes[..1].to_vec()), Some(ProofError::WrongLength));
    assert_eq!(with([good.hashes.as_slice(), &[Hash::of_nothing()]].concat()), Some(ProofError::WrongLength));
    assert_eq!(with(good.hashes.iter().rev().copied().collect()), Some(ProofError::WrongRoot));
    let index = LogProof { index: 3, ..good.clone() };
    assert_eq!(index.includes(&entry), Err(ProofError::OutOfRange));
    let note = tillid_log::Note::new("not a checkpoint\n").unwrap();
    let other = LogProof { checkpoint: note, ..good };
    assert!(matches!(other.includes(&entry), Err(ProofError::NotACheckpoint(_))));
}
