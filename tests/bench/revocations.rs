//! How many revocations a second the service acknowledges through REST, against what the same database does with two plain inserts
//! in a transaction at the same time on the same machine. It prints; it judges nothing.
//!
//! `cargo bench -p tillid --bench revocations`. Only the ratios say something: the machine, its disk and whoever else uses it are in
//! all rows alike, and the callers share the processors with the service.
#![expect(
    clippy::print_stdout,
    clippy::unwrap_used,
    clippy::panic,
    clippy::indexing_slicing,
    reason = "a benchmark prints, and stops where it cannot go on"
)]

use serde_json::{Value, json};
use std::{
    fs::File,
    io::{BufRead, BufReader, Read, Write},
    net::TcpStream,
    process::{Child, Command, Stdio},
    sync::Barrier,
    thread,
    time::Instant,
};
use tempfile::TempDir;
use tillid_storage::Address;
use tillid_testkit::{Administrator, Cluster, Database, Engine, program};
use tokio::runtime::Runtime;

const ROUNDS: usize = 5;
const CLIENTS: usize = 8;
/// Revocations of one client in one round.
const EACH: usize = 50;
/// Revocations of all of them in one round.
const ALL: u32 = 400;
/// They give; each has a representative of their own, so that no two clients wait for the same person.
const GRANTORS: [&str; CLIENTS] = ["anna", "bo", "dorte", "erik", "finn", "gitte", "inge", "niels"];

fn main() {
    const { assert!(CLIENTS * EACH == ALL as usize) };
    let runtime = Runtime::new().unwrap();
    println!(
        "Revocations a second through REST, {CLIENTS} callers, {ROUNDS} rounds, each after a round of its baseline."
    );
    postgres(&runtime);
    sqlite(&runtime);
}

fn postgres(runtime: &Runtime) {
    let cluster = Cluster::start_durable();
    let (ours, plain) =
        runtime.block_on(async { (Database::on(&cluster).await, Database::empty(&cluster.url).await) });
    runtime.block_on(async {
        let tables = "CREATE TABLE event (id UUID NOT NULL PRIMARY KEY, kind TEXT NOT NULL, aggregate_id UUID NOT NULL, \
                      revision BIGINT NOT NULL, recorded_at BIGINT NOT NULL, commitment BYTEA NOT NULL); \
                      CREATE TABLE audit (event_id UUID NOT NULL PRIMARY KEY, salt BYTEA NOT NULL, bytes BYTEA NOT NULL)";
        plain.administrator().await.execute(tables).await.unwrap();
    });
    let Address::Postgres(url) = &ours.address else { panic!("not a server") };
    let demo = Demo::start(Some(url));
    let mandates = demo.give();
    let script = demo.home.path().join("two-inserts.sql");
    std::fs::write(&script, TWO_INSERTS).unwrap();
    let baseline = || pgbench(&plain.owner, &script);
    report("PostgreSQL", "pgbench, BEGIN, 2 inserts, COMMIT, 8 clients", &demo, &mandates, baseline);
    drop(demo);
    drop((ours, plain));
}

/// One event and its body, of about the size of ours.
const TWO_INSERTS: &str = "\
BEGIN;
INSERT INTO event VALUES (gen_random_uuid(), 'mandate', gen_random_uuid(), 2, 1800000000000000, decode(md5(random()::text) || md5(random()::text), 'hex'));
INSERT INTO audit VALUES (gen_random_uuid(), decode(md5(random()::text) || md5(random()::text), 'hex'), convert_to(repeat(md5(random()::text), 13), 'UTF8'));
COMMIT;
";

fn pgbench(address: &Address, script: &std::path::Path) -> f64 {
    let Address::Postgres(url) = address else { panic!("not a server") };
    let output = Command::new(program("pgbench"))
        .args(["-n", "-M", "prepared", "-c", "8", "-j", "2", "-T", "4", "-f"])
        .arg(script)
        .arg(url)
        .output()
        .unwrap();
    let text = String::from_utf8_lossy(&output.stdout).into_owned();
    let tps = text.lines().find_map(|line| line.strip_prefix("tps = ")?.split(' ').next()?.parse().ok());
    tps.unwrap_or_else(|| panic!("{text}{}", String::from_utf8_lossy(&output.stderr)))
}

fn sqlite(runtime: &Runtime) {
    let plain = runtime.block_on(Database::new(Engine::Sqlite));
    let Address::Sqlite(file) = &plain.address else { panic!("not a file") };
    File::create(file).unwrap();
    let mut connection = runtime.block_on(async {
        let mut connection = plain.administrator().await;
        let tables = "PRAGMA journal_mode = WAL; PRAGMA synchronous = FULL; \
                      CREATE TABLE event (id BLOB NOT NULL PRIMARY KEY, kind TEXT NOT NULL, aggregate_id BLOB NOT NULL, \
                      revision INTEGER NOT NULL, recorded_at INTEGER NOT NULL, commitment BLOB NOT NULL); \
                      CREATE TABLE audit (event_id BLOB NOT NULL PRIMARY KEY, salt BLOB NOT NULL, bytes BLOB NOT NULL)";
        connection.execute(tables).await.unwrap();
        connection
    });
    let demo = Demo::start(None);
    let mandates = demo.give();
    let baseline = || runtime.block_on(two_inserts(&mut connection));
    report("SQLite", "one connection, BEGIN, 2 inserts, COMMIT", &demo, &mandates, baseline);
}

async fn two_inserts(connection: &mut Administrator) -> f64 {
    const TIMES: u32 = 2000;
    const SQL: &str = "BEGIN IMMEDIATE; \
        INSERT INTO event VALUES (randomblob(16), 'mandate', randomblob(16), 2, 1800000000000000, randomblob(32)); \
        INSERT INTO audit VALUES (randomblob(16), randomblob(32), randomblob(400)); COMMIT";
    let began = Instant::now();
    for _ in 0..TIMES {
        connection.execute(SQL).await.unwrap();
    }
    f64::from(TIMES) / began.elapsed().as_secs_f64()
}

fn report(
    engine: &str,
    what: &str,
    demo: &Demo,
    mandates: &[Vec<String>],
    mut baseline: impl FnMut() -> f64,
) {
    // The first of each warms up.
    baseline();
    demo.revoke(mandates, 0);
    let (mut ours, mut plain) = (Vec::new(), Vec::new());
    for round in 1..=ROUNDS {
        plain.push(baseline());
        ours.push(demo.revoke(mandates, round));
    }
    let (ours, plain) = (Spread::of(ours), Spread::of(plain));
    println!("\n{engine}");
    println!("  revocations through REST: {ours}");
    println!("  {what}: {plain}");
    println!("  ratio of the medians: {:.2}", ours.median / plain.median);
}

struct Spread {
    median: f64,
    least: f64,
    most: f64,
}

impl Spread {
    fn of(mut values: Vec<f64>) -> Self {
        values.sort_by(f64::total_cmp);
        Self { median: values[values.len() / 2], least: values[0], most: values[values.len() - 1] }
    }
}

impl std::fmt::Display for Spread {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        write!(f, "{:.0} a second ({:.0} to {:.0})", self.median, self.least, self.most)
    }
}

/// The built program as a demo on one database.
struct Demo {
    child: Child,
    address: String,
    home: TempDir,
}

impl Demo {
    /// On that server, or on a file of its own.
    fn start(postgres: Option<&str>) -> Self {
        let home = tempfile::tempdir().unwrap();
        let mut command = Command::new(env!("CARGO_BIN_EXE_tillid"));
        command.args(["demo", "--listen", "127.0.0.1:0", "--internal-listen", "127.0.0.1:0", "--data"]);
        command.arg(home.path());
        if let Some(url) = postgres {
            command.args(["--postgres", url]);
        }
        let log = File::create(home.path().join("log")).unwrap();
        let mut child = command.stdin(Stdio::null()).stdout(Stdio::piped()).stderr(log).spawn().unwrap();
        let mut lines = BufReader::new(child.stdout.take().unwrap()).lines().map_while(Result::ok);
        let line = lines.find(|line| line.trim_start().starts_with("service")).expect("it starts");
        let address = line.split_whitespace().nth(1).unwrap().trim_start_matches("http://").to_owned();
        thread::spawn(move || lines.for_each(drop));
        Self { child, address, home }
    }

    /// Gives every client the mandates that it will revoke; all clients at once.
    fn give(&self) -> Vec<Vec<String>> {
        thread::scope(|scope| {
            let clients: Vec<_> =
                (0..CLIENTS).map(|client| scope.spawn(move || self.give_one(client))).collect();
            clients.into_iter().map(|client| client.join().unwrap()).collect()
        })
    }

    fn give_one(&self, client: usize) -> Vec<String> {
        let mut line = Line::to(&self.address, GRANTORS[client]);
        let now = line.ask("GET", "/sandbox/clock", None, None)["now"].as_str().unwrap().to_owned();
        let until = format!("{}-{}-01", now[..4].parse::<i32>().unwrap() + 1, &now[5..7]);
        // Invented numbers of the replacement kind, which belong to nobody.
        let representative = json!({"cpr": format!("61017010{client:02}")});
        let give = |_| {
            let about = json!({"mandate": {"representative": representative, "packages": ["M14"], "valid_until": until}});
            let shown = line.ask("POST", "/v1/presentations", None, Some(&json!({"about": about})));
            let given =
                line.ask("POST", "/v1/mandates", None, Some(&json!({"presentation_id": shown["id"]})));
            given["id"].as_str().unwrap_or_else(|| panic!("{given}")).to_owned()
        };
        (0..EACH * (ROUNDS + 1)).map(give).collect()
    }

    /// Every client revokes its mandates of one round; returns how many were acknowledged a second.
    fn revoke(&self, mandates: &[Vec<String>], round: usize) -> f64 {
        let barrier = Barrier::new(CLIENTS + 1);
        let took = thread::scope(|scope| {
            let clients: Vec<_> = mandates
                .iter()
                .zip(GRANTORS)
                .map(|(mandates, grantor)| {
                    let (barrier, mandates) = (&barrier, &mandates[round * EACH..(round + 1) * EACH]);
                    scope.spawn(move || {
                        let mut line = Line::to(&self.address, grantor);
                        barrier.wait();
                        for id in mandates {
                            let answer =
                                line.ask("POST", &format!("/v1/mandates/{id}/revoke"), Some(id), None);
                            assert_eq!(answer["state"], "revoked", "{answer}");
                        }
                    })
                })
                .collect();
            barrier.wait();
            let began = Instant::now();
            for client in clients {
                client.join().unwrap();
            }
            began.elapsed()
        });
        f64::from(ALL) / took.as_secs_f64()
    }
}

impl Drop for Demo {
    fn drop(&mut self) {
        let _ = self.child.kill();
        let _ = self.child.wait();
    }
}

/// One connection that is kept, for one person. It does as little as it can, so that the service has the processors.
struct Line {
    stream: BufReader<TcpStream>,
    token: String,
}

impl Line {
    fn to(address: &str, person: &str) -> Self {
        let stream = TcpStream::connect(address).unwrap();
        stream.set_nodelay(true).unwrap();
        let mut line = Self { stream: BufReader::new(stream), token: String::new() };
        let order = json!({"person": person, "identity": "private"});
        let token = line.ask("POST", "/sandbox/tokens", None, Some(&order));
        token["access_token"].as_str().unwrap().clone_into(&mut line.token);
        line
    }

    fn ask(&mut self, method: &str, path: &str, key: Option<&str>, body: Option<&Value>) -> Value {
        let body = body.map(Value::to_string).unwrap_or_default();
        let key = key.map(|key| format!("idempotency-key: {key}\r\n")).unwrap_or_default();
        let kind = if body.is_empty() { "" } else { "content-type: application/json\r\n" };
        let request = format!(
            "{method} {path} HTTP/1.1\r\nhost: localhost\r\nauthorization: Bearer {}\r\n{key}{kind}content-length: {}\r\n\r\n{body}",
            self.token,
            body.len()
        );
        self.stream.get_mut().write_all(request.as_bytes()).unwrap();
        let mut length = 0;
        loop {
            let mut head = String::new();
            self.stream.read_line(&mut head).unwrap();
            if let Some((name, value)) = head.split_once(':') {
                if name.eq_ignore_ascii_case("content-length") {
                    length = value.trim().parse().unwrap();
                }
            } else if head.trim().is_empty() {
                break;
            }
        }
        let mut answer = vec![0; length];
        self.stream.read_exact(&mut answer).unwrap();
        serde_json::from_slice(&answer).unwrap()
    }
}
