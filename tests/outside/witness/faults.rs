//! A witness that dies, or whose disk fails, at each step of keeping a checkpoint: it never cosigns a tree that is inconsistent with a
//! cosignature it gave.
//!
//! `strace` kills it at a system call or lets the call fail. Negative control: a rename that says it was done and was not.

use super::{
    log::History,
    process::{ORIGIN, Setup, Witness, log_key},
};
use std::{
    collections::BTreeMap,
    fs,
    io::{BufRead, BufReader},
    process::{Child, Command, Stdio},
};
use tillid_log::{Checkpoint, Hash, Signer};

/// Where the two histories part; it has cosigned that much before anything goes wrong.
const COMMON: u64 = 5;

/// What was given out.
#[derive(Default)]
struct Given(Vec<(u64, Hash)>);

impl Given {
    fn book(&mut self, checkpoint: &Checkpoint) {
        self.0.push((checkpoint.size, checkpoint.root));
    }

    /// Whether one history has all of it.
    fn is_one_history(&self) -> bool {
        let has = |history: &History| self.0.iter().all(|(size, root)| history.root(*size) == *root);
        [History::true_one(), fork()].iter().any(has)
    }
}

fn fork() -> History {
    History::forked_at(COMMON, 1)
}

/// `strace` with these options, on the calls for the new file and the folder alone.
fn strace(setup: &Setup, options: &[&str]) -> Vec<String> {
    let mut words = ["strace", "-f", "-o"].map(str::to_owned).to_vec();
    words.push(setup.home.path().join("calls").display().to_string());
    words.extend(options.iter().map(|word| (*word).to_owned()));
    for path in [setup.file(ORIGIN).with_extension("checkpoint.new"), setup.state()] {
        words.extend(["-P".to_owned(), path.display().to_string()]);
    }
    words
}

/// What lets the how-manieth call of a kind fail. `strace` counts for each thread; a request has one of its own.
fn inject(call: &str, when: usize, how: &str) -> Vec<String> {
    vec![
        "-e".to_owned(),
        format!("trace={call}"),
        "-e".to_owned(),
        format!("inject={call}:{how}:when={when}"),
    ]
}

/// A tracer of a running witness; both end together.
struct Tracer(Child);

impl Tracer {
    fn attach(setup: &Setup, witness: &Witness, options: &[String]) -> Self {
        let options: Vec<&str> = options.iter().map(String::as_str).collect();
        let words = strace(setup, &options);
        let child = Command::new(&words[0])
            .args(&words[1..])
            .args(["-p", &witness.pid().to_string()])
            .stderr(Stdio::piped())
            .spawn();
        let mut child = child.expect("strace was not found: install the Debian package `strace`");
        let mut lines = BufReader::new(child.stderr.take().expect("its words")).lines();
        assert!(
            lines.by_ref().map_while(Result::ok).any(|line| line.contains("attached")),
            "it does not trace"
        );
        std::thread::spawn(move || lines.for_each(drop));
        Self(child)
    }
}

impl Drop for Tracer {
    fn drop(&mut self) {
        let _ = self.0.kill();
        let _ = self.0.wait();
    }
}

/// Asks for a cosignature, and books it if it is given.
async fn ask(
    witness: &Witness,
    history: History,
    old: u64,
    size: u64,
    key: &Signer,
    given: &mut Given,
) -> Option<u16> {
    let (status, _, lines) = witness.post(&history.request(old, size, &[key])).await?;
    if status == 200 {
        let note = witness.cosigned(&history.checkpoint(size, &[key]), &lines);
        given.book(&Checkpoint::from_text(note.text()).expect("a checkpoint"));
    }
    Some(status)
}

/// What everybody is shown, and what the witness makes of two histories that go on from wherever it may be.
async fn tempt(witness: &Witness, key: &Signer, given: &mut Given) {
    given.0.extend(witness.served(&key.verifier()).await.map(|seen| (seen.size, seen.root)));
    for old in [COMMON, 8, 0] {
        ask(witness, fork(), old, 9, key, given).await;
    }
    for old in [COMMON, 8, 9] {
        ask(witness, History::true_one(), old, 10, key, given).await;
    }
    given.0.extend(witness.served(&key.verifier()).await.map(|seen| (seen.size, seen.root)));
}

/// A witness that has cosigned the common part.
async fn prepared(key: &Signer) -> (Setup, Given) {
    let (setup, mut given) = (Setup::new(&[key.verifier()]), Given::default());
    let witness = setup.first();
    assert_eq!(ask(&witness, History::true_one(), 0, COMMON, key, &mut given).await, Some(200));
    assert!(witness.stop());
    (setup, given)
}

/// The steps of a replacement: a call, and the how-manieth of its kind it is.
const STEPS: [(&str, usize); 4] = [("write", 1), ("fsync", 1), ("rename", 1), ("fsync", 2)];

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_witness_that_dies_while_it_writes_signs_no_fork_afterwards() {
    let key = log_key(ORIGIN);
    for (call, when) in STEPS {
        let (setup, mut given) = prepared(&key).await;
        let kill = inject(call, when, "signal=KILL");
        let words: Vec<&str> = kill.iter().map(String::as_str).collect();
        assert!(
            setup.try_spawn(&strace(&setup, &words), "127.0.0.1:0", false).is_none(),
            "{call} {when}: at its start"
        );
        let mut witness = setup.start();
        let tracer = Tracer::attach(&setup, &witness, &kill);
        let answer = ask(&witness, History::true_one(), COMMON, 8, &key, &mut given).await;
        assert_eq!(answer, None, "{call} {when}: it is dead");
        witness.kill();
        drop(tracer);
        let witness = setup.start();
        tempt(&witness, &key, &mut given).await;
        assert!(given.0.len() > 2, "{call} {when}: it goes on: {:?}", given.0);
        assert!(given.is_one_history(), "{call} {when}: {:?}", given.0);
    }
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_disk_that_fails_gets_no_signature_and_a_flush_is_never_tried_again() {
    let key = log_key(ORIGIN);
    for (call, when) in STEPS {
        for error in ["EIO", "ENOSPC"] {
            let (setup, mut given) = prepared(&key).await;
            let mut witness = setup.start();
            let tracer = Tracer::attach(&setup, &witness, &inject(call, when, &format!("error={error}")));
            let answer = ask(&witness, History::true_one(), COMMON, 8, &key, &mut given).await;
            assert_eq!(answer, Some(500), "{call} {when} {error}");
            if call == "fsync" {
                assert_eq!(witness.ended(), Some(2), "{call} {when} {error}: {}", setup.log());
                assert!(setup.log().contains("could not be flushed"));
            } else {
                given.0.extend(witness.served(&key.verifier()).await.map(|seen| (seen.size, seen.root)));
                let again = ask(&witness, History::true_one(), COMMON, 8, &key, &mut given).await;
                assert_eq!(again, Some(200), "{call} {when} {error}: the disk is well again");
                witness.kill();
            }
            drop(tracer);
            let witness = setup.start();
            tempt(&witness, &key, &mut given).await;
            assert!(given.is_one_history(), "{call} {when} {error}: {:?}", given.0);
        }
    }
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_disk_that_lies_makes_it_sign_a_fork() {
    let key = log_key(ORIGIN);
    let (setup, mut given) = prepared(&key).await;
    let mut witness = setup.start();
    let tracer = Tracer::attach(&setup, &witness, &inject("rename", 1, "retval=0"));
    let answer = ask(&witness, History::true_one(), COMMON, 8, &key, &mut given).await;
    assert_eq!(answer, Some(200));
    witness.kill();
    drop(tracer);
    let witness = setup.start();
    tempt(&witness, &key, &mut given).await;
    assert!(!given.is_one_history(), "the test does not see a fork: {:?}", given.0);
}

/// How many signatures were given out, and how many of them came before the new file and its name were flushed.
fn read(calls: &str) -> (usize, usize) {
    let (mut durable, mut early, mut stage) = (0, 0, 0);
    let mut unfinished: BTreeMap<&str, &str> = BTreeMap::new();
    for line in calls.lines() {
        let Some((thread, call)) = line.split_once(' ') else { continue };
        let call = call.trim_start();
        let begins = !call.starts_with("<...");
        let whole = if begins { call } else { unfinished.remove(thread).unwrap_or_default() };
        if line.ends_with("<unfinished ...>") {
            unfinished.insert(thread, whole);
        }
        let done = line.ends_with("= 0");
        let file = whole.split('>').next().unwrap_or_default();
        if whole.starts_with("recvfrom(") && line.contains("POST /add-checkpoint") {
            stage = 0;
        } else if whole.starts_with("write(") && file.ends_with(".checkpoint.new") {
            stage = 1;
        } else if whole.starts_with("fsync(") && done && file.ends_with(".checkpoint.new") {
            stage = if stage == 1 { 2 } else { 0 };
        } else if whole.starts_with("rename(") && done && whole.contains(".checkpoint.new") {
            stage = if stage == 2 { 3 } else { 0 };
        } else if whole.starts_with("fsync(") && done && file.ends_with("/state") {
            stage = if stage == 3 { 4 } else { 0 };
        } else if begins && call.contains("HTTP/1.1 200") {
            if stage == 4 {
                durable += 1;
            } else {
                early += 1;
            }
            stage = 0;
        }
    }
    (durable, early)
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn no_signature_leaves_before_the_file_and_its_name_are_flushed() {
    let key = log_key(ORIGIN);
    let (setup, mut given) = prepared(&key).await;
    let calls = setup.home.path().join("calls");
    let mut words = ["strace", "-f", "-qq", "-y", "-s", "64", "-o"].map(str::to_owned).to_vec();
    words.push(calls.display().to_string());
    words.extend(["-e", "trace=write,fsync,rename,sendto,writev,recvfrom"].map(str::to_owned));
    let mut witness = setup.spawn(&words, "127.0.0.1:0", false);
    for size in COMMON..COMMON + 20 {
        let old = size.saturating_sub(1).max(COMMON);
        assert_eq!(ask(&witness, History::true_one(), old, size, &key, &mut given).await, Some(200));
    }
    // `strace` is what was started, and ends with what it traces.
    let strace = witness.pid();
    let traced = fs::read_to_string(format!("/proc/{strace}/task/{strace}/children")).expect("its child");
    let killed = Command::new("kill").args(["-KILL", traced.trim()]).status();
    assert!(killed.expect("kill").success());
    let _ = witness.ended();
    let calls = fs::read_to_string(&calls).expect("the calls");
    assert_eq!(read(&calls), (20, 0));
    for missing in ["rename(", "/state>", ".checkpoint.new>"] {
        let fewer: Vec<&str> = calls.lines().filter(|line| !line.contains(missing)).collect();
        assert_eq!(read(&fewer.join("\n")), (0, 20), "without {missing}");
    }
}
