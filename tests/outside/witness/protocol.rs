//! What a witness answers, by the specification (C2SP tlog-witness).

use super::{
    log::{History, body},
    process::{NAME, ORIGIN, Setup, hash, log_key},
};
use std::{fs, sync::Arc};
use tillid_log::{Checkpoint, Hash, Note};

const SIZE: &str = "text/x.tlog.size";

#[tokio::test]
async fn a_checkpoint_is_cosigned_by_every_key_and_served_until_a_larger_one_comes() {
    let key = log_key(ORIGIN);
    let setup = Setup::new(&[key.verifier()]);
    let witness = setup.first();
    let history = History::true_one();
    assert_eq!(witness.served(&key.verifier()).await, None);
    let mut old = 0;
    for size in [0, 0, 1, 1, 5, 8, 300] {
        let (status, _, lines) = witness.add(&history.request(old, size, &[&key])).await;
        assert_eq!(status, 200, "{old} to {size}: {lines}");
        let note = witness.cosigned(&history.checkpoint(size, &[&key]), &lines);
        let seen = witness.served(&key.verifier()).await.expect("a checkpoint");
        assert_eq!((seen.size, seen.root), (size, history.root(size)));
        // What was answered is what is served.
        let (.., served) = witness.get(&format!("/{}/checkpoint", hash(ORIGIN)), "en").await;
        assert_eq!(served, note.to_string());
        let days = note
            .verify(&setup.keys)
            .expect("good")
            .iter()
            .filter_map(|v| v.seconds)
            .all(|s| s > 1_750_000_000);
        assert!(days, "the time is real: {lines}");
        old = size;
    }
    assert_eq!(witness.get("/health/live", "en").await.0, 200);
    let stored = fs::read_to_string(setup.file(ORIGIN)).expect("the state");
    assert!(stored.parse::<Note>().expect("a note").verify(&setup.keys).is_ok());
    assert!(witness.stop(), "it stops when asked");
    assert_eq!(setup.start().served(&key.verifier()).await.expect("it remembers").size, 300);
}

#[tokio::test]
async fn every_refusal_has_its_status() {
    let key = log_key(ORIGIN);
    let (stranger, other) = (log_key(ORIGIN), log_key("log.example/two"));
    let setup = Setup::new(&[key.verifier()]);
    let witness = setup.first();
    let truth = History::true_one();
    assert_eq!(witness.add(&truth.request(0, 5, &[&key])).await.0, 200);
    let fork = History::forked_at(3, 1);
    let signed = truth.checkpoint(8, &[&key]).to_string();
    // The name and id of the log's key over a signature of something else.
    let forged = {
        let good = truth.checkpoint(7, &[&key]);
        let mut note = Note::new(truth.checkpoint(8, &[&key]).text()).expect("a note");
        note.push(good.signatures()[0].clone());
        note.to_string()
    };
    let proof = truth.proof(5, 8);
    let mut wrong = proof.clone();
    wrong[0] = Hash::of_nothing();
    let nothing = {
        let origin = key.verifier().name().clone().into();
        let text = Checkpoint { origin, size: 0, root: truth.root(1) }.text();
        let mut note = Note::new(text.clone()).expect("a note");
        note.push(key.sign(&text).expect("a signature"));
        note.to_string()
    };
    for (what, request, status) in [
        ("nothing", String::new(), 400),
        ("no old size", signed.clone(), 400),
        ("a leading zero", body(5, &proof, &signed).replace("old 5", "old 05"), 400),
        ("no such hash", body(5, &proof, &signed).replace("old 5\n", "old 5\nAAAA\n"), 400),
        ("64 hashes", body(5, &[Hash::of_nothing(); 64], &signed), 400),
        ("old is larger", body(9, &[], &signed), 400),
        ("no such log", truth.request(0, 5, &[&other]), 404),
        ("an unknown key", truth.request(5, 8, &[&stranger]), 403),
        ("a bad signature", body(5, &proof, &forged), 403),
        ("another size", truth.request(3, 8, &[&key]), 409),
        ("from nothing", truth.request(0, 8, &[&key]), 409),
        ("a fork", fork.request(5, 8, &[&key]), 422),
        ("a fork of the same size", fork.request(5, 5, &[&key]), 422),
        ("a wrong hash", body(5, &wrong, &signed), 422),
        ("no proof", body(5, &[], &signed), 422),
        ("one hash too many", body(5, &[proof.clone(), vec![Hash::of_nothing()]].concat(), &signed), 422),
    ] {
        let answer = witness.add(&request).await;
        assert_eq!(answer.0, status, "{what}: {answer:?}");
        if status == 409 {
            assert_eq!((answer.1.as_str(), answer.2.as_str()), (SIZE, "5\n"), "{what}");
        }
        let seen = witness.served(&key.verifier()).await.expect("a checkpoint");
        assert_eq!((seen.size, seen.root), (5, truth.root(5)), "{what}");
    }
    let unreadable = witness.add(&"x".repeat(70 * 1024)).await;
    assert_eq!(unreadable.0, 413);
    assert_eq!(witness.get("/add-checkpoint", "en").await.0, 405);
    assert_eq!(witness.get(&format!("/{}/checkpoint", hash("log.example/two")), "en").await.0, 404);
    // With an unknown key beside the known one, and with both keys after a rotation.
    assert_eq!(witness.add(&truth.request(5, 8, &[&stranger, &key])).await.0, 200);
    let fresh = Setup::new(&[key.verifier()]);
    let fresh = fresh.first();
    assert_eq!(fresh.add(&body(0, &[], &nothing)).await.0, 422, "a root of nothing that is not one");
    assert_eq!(fresh.add(&body(0, &[Hash::of_nothing()], &signed)).await.0, 422, "a proof from nothing");
}

#[tokio::test]
async fn a_log_changes_its_key_when_the_witness_knows_both() {
    let (old, new) = (log_key(ORIGIN), log_key(ORIGIN));
    let setup = Setup::new(&[old.verifier(), new.verifier()]);
    let witness = setup.first();
    let truth = History::true_one();
    assert_eq!(witness.add(&truth.request(0, 3, &[&old])).await.0, 200);
    assert_eq!(witness.add(&truth.request(3, 4, &[&old, &new])).await.0, 200);
    assert!(witness.stop());
    setup.watch(&[new.verifier()]);
    let witness = setup.start();
    assert_eq!(witness.add(&truth.request(4, 5, &[&old])).await.0, 403);
    assert_eq!(witness.add(&truth.request(4, 5, &[&new])).await.0, 200);
    assert!(witness.stop());
    setup.watch(&[old.verifier()]);
    assert!(
        setup.refusal(false).contains("no key of the log"),
        "what it holds is signed by the new one alone"
    );
}

/// The race that the specification tells of: whoever was checked first must not be the last to be written.
#[tokio::test(flavor = "multi_thread", worker_threads = 4)]
async fn requests_at_the_same_time_never_roll_back() {
    let key = log_key(ORIGIN);
    let setup = Setup::new(&[key.verifier()]);
    let witness = Arc::new(setup.first());
    let truth = History::true_one();
    let mut known = 0;
    for round in 1..=8_u64 {
        let requests: Vec<String> =
            (1..=32).map(|n| truth.request(known, round * 100 + n, &[&key])).collect();
        let mut tasks = tokio::task::JoinSet::new();
        for (request, n) in requests.into_iter().zip(1..) {
            let witness = witness.clone();
            tasks.spawn(async move { (round * 100 + n, witness.add(&request).await) });
        }
        let (mut signed, mut told) = (Vec::new(), Vec::new());
        while let Some(answer) = tasks.join_next().await {
            match answer.expect("an answer") {
                (size, (200, ..)) => signed.push(size),
                (_, (409, _, size)) => told.push(size.trim().parse::<u64>().expect("a size")),
                (size, answer) => panic!("{size}: {answer:?}"),
            }
        }
        assert_eq!(signed.len(), 1, "one continues {known}, all others come too late");
        assert!(told.iter().all(|size| *size == signed[0]), "{told:?}");
        known = signed[0];
        assert_eq!(witness.served(&key.verifier()).await.expect("it").size, known);
    }
}

#[tokio::test]
async fn what_a_log_signs_against_itself_is_kept_with_what_it_contradicts() {
    let key = log_key(ORIGIN);
    let setup = Setup::new(&[key.verifier()]);
    let witness = setup.first();
    let (truth, fork) = (History::true_one(), History::forked_at(2, 1));
    assert_eq!(witness.add(&truth.request(0, 5, &[&key])).await.0, 200);
    let mut expected = Vec::new();
    for (old, size, status) in [(5, 5, 422), (5, 9, 422), (4, 5, 409)] {
        let fork = if old == 4 { History::forked_at(2, 2) } else { fork };
        let request = fork.request(old, size, &[&key]);
        assert_eq!(witness.add(&request).await.0, status);
        expected.push(request.clone());
        // Told again, it is not kept again.
        assert_eq!(witness.add(&request).await.0, status);
    }
    let mut kept = setup.evidence();
    kept.sort();
    expected.sort();
    assert_eq!(kept, expected);
    let held = fs::read_to_string(setup.state().join(format!("evidence/{}-1.held.txt", hash(ORIGIN))));
    assert_eq!(
        held.expect("what it contradicts"),
        fs::read_to_string(setup.file(ORIGIN)).expect("the state")
    );
    assert!(setup.log().contains("a log signed what does not fit"));
    let (status, kind, page) = witness.get("/", "en").await;
    assert_eq!((status, kind.as_str()), (200, "text/html; charset=utf-8"));
    assert!(
        page.contains("Pieces of evidence kept: 3") && page.contains(ORIGIN) && page.contains(NAME),
        "{page}"
    );
    assert!(witness.get("/", "da").await.2.contains("Antal gemte beviser: 3"));
    // What strangers send is no evidence.
    assert_eq!(witness.add(&fork.request(5, 5, &[&log_key(ORIGIN)])).await.0, 403);
    assert_eq!(setup.evidence().len(), 3);
}

#[tokio::test]
async fn a_folder_that_cannot_be_trusted_is_not_used() {
    let (key, other) = (log_key(ORIGIN), log_key("log.example/two"));
    let setup = Setup::new(&[key.verifier()]);
    assert!(setup.refusal(false).contains("--init"), "no folder");
    let witness = setup.first();
    assert!(setup.refusal(false).contains("used by another process"));
    assert_eq!(witness.add(&History::true_one().request(0, 5, &[&key])).await.0, 200);
    assert!(witness.stop());
    let file = setup.file(ORIGIN);
    let good = fs::read_to_string(&file).expect("the state");
    let name = file.file_name().expect("a name").to_str().expect("text").to_owned();
    let own_lines = |text: &str| text.split_inclusive('\n').filter(|l| !l.contains(NAME)).collect::<String>();
    for (what, bad) in [
        ("empty", String::new()),
        ("cut off", good[..good.len() - 10].to_owned()),
        ("another size", good.replace("\n5\n", "\n4\n")),
        ("not its own", own_lines(&good)),
        ("not the log's", good.replace(&format!("\u{2014} {ORIGIN} "), "\u{2014} log.example/three ")),
    ] {
        fs::write(&file, &bad).expect("written");
        let words = setup.refusal(false);
        assert!(words.contains(&name), "{what}: {words}");
        assert!(setup.refusal(true).contains(&name), "--init forgives nothing: {what}");
        assert_eq!(fs::read_to_string(&file).expect("it"), bad, "{what}: nothing is repaired");
    }
    fs::remove_file(&file).expect("removed");
    assert!(setup.refusal(false).contains(&name), "a file that is gone is missed");
    fs::write(&file, &good).expect("written");
    setup.watch(&[key.verifier(), other.verifier()]);
    assert!(setup.refusal(false).contains("log.example/two"), "a new log is begun only when it is meant");
    assert!(setup.spawn(&[], "127.0.0.1:0", true).stop());
    setup.watch(&[other.verifier()]);
    assert!(setup.refusal(false).contains(&name), "a log is not dropped silently");
    setup.watch(&[key.verifier(), other.verifier()]);
    assert_eq!(setup.start().served(&key.verifier()).await.expect("it").size, 5);
}

#[tokio::test]
async fn a_clock_before_what_was_signed_is_refused() {
    let key = log_key(ORIGIN);
    let setup = Setup::new(&[key.verifier()]);
    assert!(setup.first().stop());
    let truth = History::true_one();
    let note = truth.checkpoint(5, &[&key]);
    let cosigner = tillid_log::Signer::ed25519(
        NAME.parse().expect("a name"),
        tillid_log::Algorithm::Ed25519Cosignature,
        &fs::read(setup.home.path().join("ed")).expect("the key"),
    );
    let mut held = note.clone();
    held.push(cosigner.expect("a signer").cosign_note(&note, 4_102_444_800).expect("a signature"));
    fs::write(setup.file(ORIGIN), held.to_string()).expect("written");
    assert!(setup.refusal(false).contains("the clock is before the time that was signed last"));
}
