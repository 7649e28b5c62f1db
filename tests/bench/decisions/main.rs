//! What a decision costs: authenticated, explained and with a durable record, against what the same database and the same HTTP server do
//! without any of that. It prints; it judges nothing.
//!
//! `cargo bench -p tillid --bench decisions -- [MANDATES [SECONDS]] [server|file CALLERS]`: on so many mandates (5,000,000) and a fifth as many consents, and on a
//! tenth of them, with so many seconds for each measurement of a round (4). The service is the built program under `tillid serve`,
//! a process of its own on a PostgreSQL that flushes as it does by default, and then on a file. Its callers are one thread of this
//! program; they and the database share the processors with it. What it is compared with runs in turn with it, round by round, so
//! that only the ratios say something: the machine, its disk and whoever else uses it are in all rows alike. With an engine and a number of
//! callers, these alone ask, for as long as the program is left to run, so that a profiler can look on.
//!
//! The systems that ask are registered, and have tokens that the service issued; each question is counted against its quota. One question
//! in thirty-two is answered no. Pages of the database are in the kernel's memory, as they are on any machine that is large enough.
#![expect(
    clippy::print_stdout,
    clippy::unwrap_used,
    clippy::panic,
    clippy::indexing_slicing,
    reason = "a benchmark prints, and stops where it cannot go on"
)]

mod bare;
mod generate;
mod http;
mod load;
mod pgbench;
mod processor;
mod questions;
mod served;
mod table;
mod writes;

use bare::Bare;
use generate::Filling;
use load::{Done, closed, open};
use questions::Questions;
use served::Served;
use std::{collections::BTreeMap, path::Path, time::Duration};
use table::{Bar, Series};
use tillid_testkit::{Administrator, Cluster, Database, Engine};
use tokio::runtime::Runtime;

const ROUNDS: u64 = 5;
/// As many as `pgbench` has.
const CALLERS: u64 = 8;
/// As many as it takes to find what the service can do at most.
const MANY: u64 = 64;
const BATCH: usize = 1000;
/// A batch's requests are large; each caller keeps those of so many systems.
const SYSTEMS_OF_A_BATCH: usize = 2;

fn main() {
    if bare::is_asked_for() {
        return;
    }
    let words: Vec<String> = std::env::args().skip(1).collect();
    let mut numbers = words.iter().filter_map(|word| word.replace('_', "").parse().ok());
    let filling = Filling { mandates: numbers.next().unwrap_or(5_000_000) };
    let during = Duration::from_secs(numbers.next().unwrap_or(4));
    let runtime = Runtime::new().unwrap();
    if let Some(at) = words.iter().position(|word| ["server", "file"].contains(&word.as_str())) {
        let callers = words.get(at + 1).and_then(|word| word.parse().ok()).unwrap_or(CALLERS);
        watched(&runtime, filling, &words[at], callers, during);
    }
    let mut measured = Measured { during, ..Measured::default() };
    println!("PostgreSQL, default durable settings");
    on_server(&runtime, filling, &mut measured);
    println!("\nSQLite");
    in_file(&runtime, filling, &mut measured);
    measured.print();
}

/// Everything that was measured, by name.
#[derive(Default)]
struct Measured {
    during: Duration,
    rates: BTreeMap<&'static str, Series>,
    /// Microseconds of the service and of its database for each decision.
    processor: BTreeMap<&'static str, (Series, Series)>,
    /// At half of the peak rate, in milliseconds.
    slowest: Series,
    median: Series,
    half: Series,
}

const OURS: &str = "POST /access/v1/evaluation, 8 callers";
const OURS_MANY: &str = "POST /access/v1/evaluation, 64 callers";
const OURS_SMALL: &str = "POST /access/v1/evaluation, 8 callers, a tenth of the mandates";
const OURS_BATCH: &str = "POST /access/v1/evaluations, 1,000 each, 8 callers";
const POINT: &str = "pgbench, point look-up of a power, 8 clients";
const LOOKED_UP: &str = "bare route, one pooled look-up, 8 callers";
const PARSED: &str = "bare route that reads the body, 8 callers";
const CHANGES: &str = "grants and revocations, 8 callers";
const SHOWN: &str = "presentations, which each grant rests on, 8 callers";
const TWO_INSERTS: &str = "pgbench, BEGIN, two inserts, COMMIT, 8 clients";
const FILE_OURS: &str = "SQLite: POST /access/v1/evaluation, 8 callers";
const FILE_LOOKED_UP: &str = "SQLite: bare route, one pooled look-up, 8 callers";

fn on_server(runtime: &Runtime, filling: Filling, measured: &mut Measured) {
    let cluster = Cluster::start_durable();
    let small = Filling { mandates: (filling.mandates / 10).max(1000) };
    let (ours, small, plain, mut administrator) = runtime.block_on(async {
        let ours = Served::new(Database::on(&cluster).await, filling).await;
        let small = Served::new(Database::on(&cluster).await, small).await;
        let plain = Database::empty(&cluster.url).await;
        pgbench::make_tables(&mut plain.administrator().await).await;
        let administrator = ours.database.administrator().await;
        (ours, small, plain, administrator)
    });
    let (parsing, looking_up) = (Bare::parsing(), Bare::looking_up(&ours.database.address));
    let folder = tempfile::tempdir().unwrap();
    let look_up = pgbench::look_up(filling);
    let backend = backend(runtime, &mut administrator);
    // The first of each warms up.
    for round in 0..=ROUNDS {
        let is_counted = round > 0;
        let tokens = ours.tokens();
        let seconds = measured.during.as_secs();
        let point = pgbench::run(&ours.database.owner, &look_up, seconds, folder.path());
        let two_inserts = pgbench::run(&plain.owner, pgbench::two_inserts(), seconds, folder.path());
        if is_counted {
            measured.rate(POINT, point);
            measured.rate(TWO_INSERTS, two_inserts);
        }
        let single = |callers| each(callers, |seed| Questions::single(filling, &tokens, round * MANY + seed));
        let batch = each(CALLERS, |seed| {
            Questions::batch(filling, &tokens[..SYSTEMS_OF_A_BATCH], round * MANY + seed, BATCH)
        });
        let small_tokens = small.tokens();
        let few = each(CALLERS, |seed| Questions::single(small.filling, &small_tokens, round * MANY + seed));
        let size = u64::try_from(BATCH).unwrap();
        for (name, pid, address, questions, size) in [
            (PARSED, parsing.pid(), &parsing.address, single(CALLERS), 1),
            (OURS, ours.pid(), &ours.address, single(CALLERS), 1),
            (LOOKED_UP, looking_up.pid(), &looking_up.address, single(CALLERS), 1),
            (OURS_SMALL, small.pid(), &small.address, few, 1),
            (OURS_BATCH, ours.pid(), &ours.address, batch, size),
            (OURS_MANY, ours.pid(), &ours.address, single(MANY), 1),
        ] {
            let used = || (processor::used_by(pid), processor::used_beside(backend));
            let before = used();
            let done = closed(address, questions, size, measured.during);
            let after = used();
            if is_counted {
                measured.load(name, &done, (after.0 - before.0, after.1 - before.1));
            }
        }
        let written = writes::round(&ours);
        if is_counted {
            measured.rate(CHANGES, written.changes);
            measured.rate(SHOWN, written.presentations);
        }
    }
    let half = measured.rates[OURS_MANY].median() / 2.0;
    for round in 0..ROUNDS {
        let tokens = ours.tokens();
        let callers = each(MANY, |seed| Questions::single(filling, &tokens, round * MANY + seed));
        measured.latency(&open(&ours.address, callers, half, measured.during));
    }
}

fn in_file(runtime: &Runtime, filling: Filling, measured: &mut Measured) {
    let ours = runtime.block_on(async { Served::new(Database::new(Engine::Sqlite).await, filling).await });
    let looking_up = Bare::looking_up(&ours.database.address);
    for round in 0..=ROUNDS {
        let tokens = ours.tokens();
        for (name, pid, address) in
            [(FILE_LOOKED_UP, looking_up.pid(), &looking_up.address), (FILE_OURS, ours.pid(), &ours.address)]
        {
            let questions = each(CALLERS, |seed| Questions::single(filling, &tokens, round * MANY + seed));
            let before = processor::used_by(pid);
            let done = closed(address, questions, 1, measured.during);
            if round > 0 {
                measured.load(name, &done, (processor::used_by(pid) - before, 0.0));
            }
        }
    }
}

/// The same callers for ever, with a line for each measurement.
#[expect(clippy::cast_precision_loss, reason = "fewer than a mantissa holds")]
fn watched(runtime: &Runtime, filling: Filling, engine: &str, callers: u64, during: Duration) -> ! {
    let cluster = (engine == "server").then(Cluster::start_durable);
    let mut administrator = None;
    let ours = runtime.block_on(async {
        let database = match &cluster {
            Some(cluster) => Database::on(cluster).await,
            None => Database::new(Engine::Sqlite).await,
        };
        if cluster.is_some() {
            administrator = Some(database.administrator().await);
        }
        Served::new(database, filling).await
    });
    let backend = administrator.as_mut().map(|administrator| backend(runtime, administrator));
    println!("  the service is process {}", ours.pid());
    for round in 0.. {
        let tokens = ours.tokens();
        let questions = each(callers, |seed| Questions::single(filling, &tokens, round * MANY + seed));
        let used = || (processor::used_by(ours.pid()), backend.map_or(0.0, processor::used_beside));
        let before = used();
        let done = closed(&ours.address, questions, 1, during);
        let after = used();
        let each = |seconds: f64| seconds / done.decisions as f64;
        println!(
            "  {:.0} a second; {:.1} us of the service, {:.1} us of PostgreSQL each",
            done.rate(),
            each(after.0 - before.0),
            each(after.1 - before.1)
        );
    }
    unreachable!("rounds do not end")
}

/// So many callers, none of which draws what another does.
fn each(callers: u64, questions: impl Fn(u64) -> Questions) -> Vec<Questions> {
    (0..callers).map(questions).collect()
}

/// The process that serves a connection.
fn backend(runtime: &Runtime, administrator: &mut Administrator) -> u32 {
    let pid = runtime.block_on(administrator.count("SELECT pg_backend_pid()"));
    let pid = u32::try_from(pid).unwrap();
    assert!(Path::new(&format!("/proc/{pid}")).exists(), "the server is on this machine");
    pid
}

impl Measured {
    fn rate(&mut self, name: &'static str, value: f64) {
        self.rates.entry(name).or_default().push(value);
    }

    #[expect(clippy::cast_precision_loss, reason = "fewer than a mantissa holds")]
    fn load(&mut self, name: &'static str, done: &Done, (service, database): (f64, f64)) {
        self.rate(name, done.rate());
        let used = self.processor.entry(name).or_default();
        used.0.push(service / done.decisions as f64);
        used.1.push(database / done.decisions as f64);
    }

    fn latency(&mut self, done: &Done) {
        let mut times = done.times.clone();
        times.sort_unstable();
        let at =
            |percent: usize| times[(times.len() * percent / 100).min(times.len() - 1)].as_secs_f64() * 1e3;
        self.slowest.push(at(99));
        self.median.push(at(50));
        self.half.push(done.rate());
    }

    fn print(&self) {
        println!("\nMedians of {ROUNDS} rounds of {:?} each", self.during);
        for (name, series) in &self.rates {
            let used = self.processor.get(name).map_or_else(String::new, |(service, database)| {
                format!(
                    "; {:.1} us of the service, {:.1} us of PostgreSQL each",
                    service.median(),
                    database.median()
                )
            });
            println!("  {name}: {series}{used}");
        }
        println!(
            "  at half of the peak: {:.0} a second, p50 {:.2} ms, p99 {:.2} ms",
            self.half.median(),
            self.median.median(),
            self.slowest.median()
        );
        let rate = |name: &str| self.rates[name].median();
        let at_least = |must, goal| Bar::AtLeast { must, goal };
        table::head();
        for (what, is, bar) in [
            (
                "evaluation against pgbench's point look-up, c = 8",
                rate(OURS) / rate(POINT),
                at_least(0.6, 1.0),
            ),
            (
                "... against one pooled look-up behind a bare route",
                rate(OURS) / rate(LOOKED_UP),
                at_least(1.2, 2.0),
            ),
            ("... against a bare route that reads the body", rate(OURS) / rate(PARSED), at_least(0.2, 0.35)),
            (
                "the same on SQLite against its own look-up per request",
                rate(FILE_OURS) / rate(FILE_LOOKED_UP),
                at_least(0.7, 1.2),
            ),
            (
                "a batch of 1,000 pairs, pairs per second, against single evaluations",
                rate(OURS_BATCH) / rate(OURS),
                at_least(3.0, 8.0),
            ),
            (
                "ten times the mandates, cost of one decision",
                rate(OURS_SMALL) / rate(OURS),
                Bar::AtMost { must: 1.5, goal: 1.2 },
            ),
        ] {
            table::row(what, is, "", bar);
        }
        table::row(
            "p99 at half of the peak rate",
            self.slowest.median(),
            " ms",
            Bar::AtMost { must: 50.0, goal: 15.0 },
        );
        table::row(
            "grant + revoke against pgbench's two-insert transaction, c = 8",
            rate(CHANGES) / rate(TWO_INSERTS),
            "",
            at_least(0.4, 0.8),
        );
    }
}
