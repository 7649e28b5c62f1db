//! On SQLite, what is acknowledged has been flushed to the disk: seen in the system calls of the process.
//!
//! After each request has been read and before its answer is sent, the process writes to the write-ahead log and flushes it. The log of
//! events is extended beside it, so something of that may be unflushed at the moment. The journal of PostgreSQL is PostgreSQL's own affair.
//!
//! Negative control: the same reader of the same calls, on a program that uses SQLite with `synchronous = NORMAL`, finds
//! acknowledgements of what only the page cache has. With `FULL`, the same program passes.

use crate::support::Tillid;
use serde_json::json;
use std::{collections::BTreeMap, fs, path::Path, process::Command};
use tillid_testkit::Engine;

const REVOCATIONS: usize = 200;
const CALLS: &str = "trace=fsync,fdatasync,write,sendto,writev,recvfrom,pwrite64,pwritev";
const NO_STRACE: &str = "strace was not found: install the Debian package `strace`";

/// What acknowledges a change, written by whoever acknowledges it.
const ACKNOWLEDGED: &str = "\"HTTP/1.1 200";
/// What asks for one.
const ASKED: &str = "\"POST /v1/mandates/";

/// How many acknowledgements there were, and how many of them came before the flush.
#[derive(Default, Debug, PartialEq, Eq)]
struct Flushes {
    durable: usize,
    early: usize,
}

/// Reads the calls in their order. A flush counts when it has returned, an acknowledgement when it begins.
fn read(calls: &str) -> Flushes {
    let mut flushes = Flushes::default();
    // What each thread is in the middle of.
    let mut unfinished: BTreeMap<&str, &str> = BTreeMap::new();
    let (mut written, mut flushed) = (false, false);
    for line in calls.lines() {
        // The thread, padded to five digits; the time; the call.
        let Some((thread, rest)) = line.trim_start().split_once(' ') else { continue };
        let Some((_, call)) = rest.trim_start().split_once(' ') else { continue };
        let call = call.trim_start();
        let begins = !call.starts_with("<...");
        let call = if begins { call } else { unfinished.remove(thread).unwrap_or_default() };
        let returns = !line.ends_with("<unfinished ...>");
        if !returns {
            unfinished.insert(thread, call);
        }
        let on_log = call.split('>').next().is_some_and(|file| file.ends_with("-wal"));
        if begins && call.starts_with("pwrite") && on_log {
            written = true;
        } else if returns && on_log && (call.starts_with("fdatasync(") || call.starts_with("fsync(")) {
            flushed = flushed || (written && line.ends_with("= 0"));
        } else if returns && call.starts_with("recvfrom(") && line.contains(ASKED) {
            (written, flushed) = (false, false);
        } else if begins
            && call.contains(ACKNOWLEDGED)
            && ["sendto(", "write(", "writev("].iter().any(|c| call.starts_with(c))
        {
            if flushed {
                flushes.durable += 1;
            } else {
                flushes.early += 1;
            }
            (written, flushed) = (false, false);
        }
    }
    flushes
}

fn strace(calls: &Path) -> Vec<String> {
    let found = Command::new("strace").arg("--version").output();
    assert!(found.is_ok_and(|output| output.status.success()), "{NO_STRACE}");
    let mut words = ["strace", "-f", "-tt", "-y", "-s", "64", "-e", CALLS, "-o"].map(str::to_owned).to_vec();
    words.push(calls.display().to_string());
    words
}

/// The one process that `strace` has started; it takes no signals itself.
fn traced(strace: u32) -> String {
    let children =
        fs::read_to_string(format!("/proc/{strace}/task/{strace}/children")).expect("the children");
    children.split_whitespace().next().expect("the process").to_owned()
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn every_revocation_on_sqlite_is_flushed_before_it_is_acknowledged() {
    let tillid = Tillid::demo(Engine::Sqlite).await;
    let mut mandates = Vec::with_capacity(REVOCATIONS);
    let anna = tillid.token("anna").await;
    let bo = tillid.somebody("bo").await["person_id"].clone();
    let until = super::in_a_year(&tillid).await;
    for _ in 0..REVOCATIONS {
        let about =
            json!({"mandate": {"representative": {"id": bo}, "packages": ["M14"], "valid_until": until}});
        let shown = tillid
            .post("/v1/presentations")
            .by(&anna)
            .json(&json!({"about": about}))
            .send()
            .await
            .expect(201)
            .json();
        let given = json!({"presentation_id": shown["id"]});
        let mandate = tillid.post("/v1/mandates").by(&anna).json(&given).send().await.expect(201).json();
        mandates.push(mandate["id"].as_str().expect("an id").to_owned());
    }

    let calls = tillid.folder().join("calls");
    let wrapper = strace(&calls);
    let mut tillid = tillid.again_under(&wrapper.iter().map(String::as_str).collect::<Vec<_>>());
    let mut acknowledged = 0;
    for mandate in &mandates {
        let answer = tillid.post(&format!("/v1/mandates/{mandate}/revoke")).by(&anna).send().await;
        // A disk that is busy for longer than a request may take gets 503, which promises nothing.
        if answer.status != 503 {
            answer.expect(200);
            acknowledged += 1;
        }
    }
    assert!(acknowledged * 2 > REVOCATIONS, "{acknowledged} of {REVOCATIONS} were acknowledged");
    let stopped = Command::new("kill").args(["-TERM", &traced(tillid.pid())]).status().expect("kill");
    assert!(stopped.success());
    tillid.stop();

    let flushes = read(&fs::read_to_string(&calls).expect("the calls"));
    println!("{} of {acknowledged} revocations were flushed before they were acknowledged", flushes.durable);
    assert_eq!(flushes, Flushes { durable: acknowledged, early: 0 });
}

/// Commits and acknowledges, one after the other, as the service must.
const CONTROL: &str = "
import os, sqlite3, sys
db = sqlite3.connect(sys.argv[1], isolation_level=None)
db.execute('PRAGMA journal_mode = WAL')
db.execute('PRAGMA synchronous = ' + sys.argv[2])
db.execute('CREATE TABLE revocation (id INTEGER PRIMARY KEY)')
for _ in range(20):
    db.execute('BEGIN IMMEDIATE')
    db.execute('INSERT INTO revocation DEFAULT VALUES')
    db.execute('COMMIT')
    os.write(1, b'HTTP/1.1 200 OK\\n')
";

fn control(synchronous: &str) -> Flushes {
    let home = tempfile::tempdir().expect("a folder");
    let calls = home.path().join("calls");
    let wrapper = strace(&calls);
    let file = home.path().join("control.db");
    let done = Command::new(&wrapper[0])
        .args(&wrapper[1..])
        .args(["python3", "-c", CONTROL])
        .arg(&file)
        .arg(synchronous)
        .output()
        .expect("strace runs");
    let words = String::from_utf8_lossy(&done.stderr).into_owned();
    assert!(
        done.status.success(),
        "python3 with sqlite3 is needed, of the Debian package `python3`: {words}"
    );
    read(&fs::read_to_string(&calls).expect("the calls"))
}

#[test]
fn acknowledgements_before_the_flush_are_caught() {
    let (normal, full) = (control("NORMAL"), control("FULL"));
    println!("of 20 acknowledgements, NORMAL had flushed {}, FULL {}", normal.durable, full.durable);
    assert_eq!(full, Flushes { durable: 20, early: 0 });
    assert!(normal.early >= 19, "{normal:?}");
}
