//! One system call of the SQLite database fails, or the process dies in it: the nth write to the log that is written ahead, the nth
//! flush of it, and the same on the database itself. Nothing acknowledged is lost, nobody who asks after a failed flush is told that
//! it is done, the process ends by itself, and the next one goes on; also with the log that outsiders have seen.
//!
//! A full disk (ENOSPC) refuses a write before anything is lost: there the service goes on in the same process.
//!
//! Negative controls: an acknowledgement that is forged after the failure, and one of something that is not there.

use super::{
    ledger::Effect,
    load::{Installation, Round},
};
use serde_json::json;
use std::{
    fmt, fs,
    os::unix::process::ExitStatusExt,
    path::{Path, PathBuf},
    process::{Child, Command, Stdio},
    sync::atomic::Ordering,
    time::{Duration, Instant, SystemTime, UNIX_EPOCH},
};
use tillid_testkit::Engine;

/// How the process ends after a failed flush.
const FLUSH_FAILED: i32 = 70;
const KILL: i32 = 9;
/// How many more answers show that the service goes on.
const GOES_ON: usize = 20;
/// How long the process may go on after a failed flush, to refuse whoever has asked.
const ENDS: Duration = Duration::from_secs(10);
const WITHIN: Duration = Duration::from_mins(2);

/// What goes wrong.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
enum Harm {
    InputOutput,
    NoSpace,
    Killed,
}

/// One call to hit: of that name, on that file, the nth since the work began.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
struct Point {
    file: &'static str,
    call: &'static str,
    harm: Harm,
    nth: usize,
}

const LOG: &str = "tillid.db-wal";
const DATABASE: &str = "tillid.db";
/// The calls by which SQLite changes its files. How many of them there are: a transaction writes a few dozen times to the log and
/// flushes it once; after some sixty transactions it is copied into the database, which is sized and flushed.
const CALLS: [(&str, &str, usize); 6] = [
    (LOG, "pwrite64", 400),
    (LOG, "fsync", 24),
    (DATABASE, "pwrite64", 80),
    (LOG, "pwrite64", 4000),
    (DATABASE, "fsync", 1),
    (DATABASE, "ftruncate", 1),
];
const HARMS: [Harm; 3] = [Harm::InputOutput, Harm::NoSpace, Harm::Killed];

impl Point {
    /// So many of them, spread over every call and every harm.
    fn spread(points: usize) -> impl Iterator<Item = Self> {
        (0..points).map(|number| {
            let (file, call, most) = CALLS[number % CALLS.len()];
            let harm = HARMS[number / CALLS.len() % HARMS.len()];
            // A step that meets every place in time.
            Self { file, call, harm, nth: 1 + number * 137 % most }
        })
    }

    /// Whether SQLite says of it that the disk is full, and nothing else.
    fn is_a_full_disk(&self) -> bool {
        self.harm == Harm::NoSpace && self.call == "pwrite64"
    }
}

impl fmt::Display for Point {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{:?} in {} {} of {}", self.harm, self.call, self.nth, self.file)
    }
}

/// `strace` on the threads that speak to SQLite.
struct Fault {
    point: Point,
    strace: Child,
    calls: PathBuf,
}

impl Fault {
    async fn prepare(point: Point, pid: u32, folder: &Path) -> Self {
        let calls = folder.join("calls");
        let _ = fs::remove_file(&calls);
        let harm = match point.harm {
            Harm::InputOutput => "error=EIO",
            Harm::NoSpace => "error=ENOSPC",
            Harm::Killed => "signal=SIGKILL",
        };
        let mut command = Command::new("strace");
        command.args(["-ttt", "-y", "-s", "8", "-o"]).arg(&calls);
        command.arg("-P").arg(folder.join(point.file));
        command.args(["-e", &format!("trace={}", point.call)]);
        command.args(["-e", &format!("inject={}:{harm}:when={}", point.call, point.nth)]);
        let threads = threads_of_sqlite(pid);
        for thread in &threads {
            command.args(["-p", thread]);
        }
        let strace = command.stdin(Stdio::null()).stderr(Stdio::null()).spawn();
        let strace = strace.expect("strace was not found: install the Debian package `strace`");
        let this = Self { point, strace, calls };
        until(&point, "it is watched", || threads.iter().all(|thread| is_traced(pid, thread))).await;
        this
    }

    /// When it happened.
    fn happened(&self) -> Option<SystemTime> {
        let calls = fs::read_to_string(&self.calls).unwrap_or_default();
        let line = calls.lines().find(|line| line.contains("(INJECTED)"))?;
        // The thread's id comes first where several are watched.
        let seconds: f64 = line.split_whitespace().find(|word| word.contains('.'))?.parse().ok()?;
        Some(UNIX_EPOCH + Duration::from_secs_f64(seconds))
    }

    /// Waits until it has happened and, where the service is to go on, until it has gone on.
    async fn happens(&self, round: &Round) {
        let killed = self.point.harm == Harm::Killed;
        // Whoever is killed in a call has not returned from it: `strace` may have nothing to say of it.
        let is_gone = || killed && !is_alive(round.tillid.pid());
        until(&self.point, "it happens", || self.happened().is_some() || is_gone()).await;
        if self.point.is_a_full_disk() {
            let before = round.acks.load(Ordering::SeqCst);
            until(&self.point, "it goes on", || round.acks.load(Ordering::SeqCst) > before + GOES_ON).await;
        } else {
            let (began, pid) = (Instant::now(), round.tillid.pid());
            while is_alive(pid) && began.elapsed() < ENDS {
                tokio::time::sleep(Duration::from_millis(5)).await;
            }
        }
        round.enough.store(true, Ordering::SeqCst);
    }

    /// Lets the process go.
    fn end(&mut self) {
        let asked = Command::new("kill")
            .args(["-TERM", &self.strace.id().to_string()])
            .stderr(Stdio::null())
            .status();
        assert!(asked.is_ok());
        self.strace.wait().expect("strace ends");
    }
}

impl Drop for Fault {
    fn drop(&mut self) {
        let _ = self.strace.kill();
        let _ = self.strace.wait();
    }
}

async fn until(point: &Point, what: &str, condition: impl Fn() -> bool) {
    let began = Instant::now();
    while !condition() {
        assert!(began.elapsed() < WITHIN, "{point}: not within {WITHIN:?}: {what}");
        tokio::time::sleep(Duration::from_millis(5)).await;
    }
}

/// Linux keeps 15 letters of a thread's name.
fn threads_of_sqlite(pid: u32) -> Vec<String> {
    let threads = fs::read_dir(format!("/proc/{pid}/task"))
        .expect("the threads")
        .map(|thread| thread.expect("a thread"));
    let of_sqlite = threads.filter(|thread| {
        fs::read_to_string(thread.path().join("comm")).is_ok_and(|name| name.starts_with("sqlx-sqlite"))
    });
    of_sqlite.map(|thread| thread.file_name().into_string().expect("a number")).collect()
}

fn is_traced(pid: u32, thread: &str) -> bool {
    let status = fs::read_to_string(format!("/proc/{pid}/task/{thread}/status")).unwrap_or_default();
    status.lines().any(|line| line.strip_prefix("TracerPid:").is_some_and(|tracer| tracer.trim() != "0"))
}

/// A process that has ended and was not waited for is none.
fn is_alive(pid: u32) -> bool {
    let status = fs::read_to_string(format!("/proc/{pid}/status")).unwrap_or_default();
    status.lines().any(|line| line.starts_with("State:") && !line.contains('Z') && !line.contains('X'))
}

/// What was asked after that moment and acknowledged all the same.
fn acknowledged_after(failed: SystemTime, acks: &[(SystemTime, String)]) -> Vec<String> {
    acks.iter().filter(|(asked, _)| *asked > failed).map(|(_, path)| path.clone()).collect()
}

/// One point: work until it is hit; then everything must be as promised.
async fn survives(installation: Installation, point: Point) -> Installation {
    let folder = installation.tillid.folder().to_owned();
    let mut fault = Fault::prepare(point, installation.tillid.pid(), &folder).await;
    let mut stopped = installation.work(usize::MAX, async |round| fault.happens(round).await).await;
    let failed = fault.happened();
    if point.is_a_full_disk() {
        fault.end();
        assert!(stopped.round.tillid.runs(), "{point}: the process has ended");
    } else {
        if point.harm != Harm::Killed {
            let acks = stopped.round.asked.lock().expect("times").clone();
            let late = acknowledged_after(failed.expect("a time"), &acks);
            assert_eq!(late, Vec::<String>::new(), "{point}: acknowledged after the failure");
        }
        let status = stopped.round.tillid.ended().await;
        fault.end();
        if point.harm == Harm::Killed {
            assert_eq!(status.signal(), Some(KILL), "{point}");
        } else {
            assert_eq!(status.code(), Some(FLUSH_FAILED), "{point}");
        }
        stopped.round.tillid = stopped.round.tillid.again();
    }
    let mut database = stopped.round.tillid.administrator().await;
    let installation = stopped.go_on(&mut database).await;
    assert_eq!(installation.faults(&mut database).await, Vec::<String>::new(), "{point}");
    let (code, words) = installation.tillid.verify();
    assert_eq!(code, 0, "{point}: {words}");
    installation
}

#[expect(clippy::disallowed_methods, reason = "the long form of a test is asked for from outside")]
fn points() -> usize {
    std::env::var("TILLID_SYSCALL_POINTS").map_or(18, |points| points.parse().expect("a number of points"))
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn no_failing_write_or_flush_of_sqlite_loses_what_was_acknowledged() {
    let mut installation = Installation::new(Engine::Sqlite).await;
    let began = Instant::now();
    for point in Point::spread(points()) {
        installation = survives(installation, point).await;
        println!("{:?}: {point}", began.elapsed());
    }
    let mut database = installation.tillid.administrator().await;
    let (logged, faults) = installation.history.faults(&mut database).await;
    assert_eq!(faults, Vec::<String>::new());
    let tally = &installation.tally;
    println!(
        "{} points; {} acknowledged, {} told to try again; {} unknown and resolved ({} rows were there already); {} rows promised \
         and found; {logged}",
        tally.rounds,
        tally.acknowledged,
        tally.busy,
        tally.unknown,
        tally.unseen,
        installation.ledger.len()
    );
    // The checker does see a promise that was not kept.
    let forged =
        json!({"id": "00000000-0000-7000-8000-000000000001", "grantor_id": "a", "representative_id": "b"});
    installation.ledger.book(Effect::Given, "/v1/mandates", &forged);
    let faults = installation.faults(&mut database).await;
    assert!(faults.iter().any(|fault| fault.starts_with("lost: mandate 00000000")), "{faults:?}");
}

#[test]
fn an_acknowledgement_of_what_was_asked_after_the_failure_is_seen() {
    let at = |seconds| UNIX_EPOCH + Duration::from_secs(seconds);
    let acks = [(at(1), "before".to_owned()), (at(3), "after".to_owned())];
    assert_eq!(acknowledged_after(at(2), &acks), ["after"]);
}
