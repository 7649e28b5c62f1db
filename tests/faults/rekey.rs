//! The key of the CPR numbers is changed while everybody is being looked up, on both engines: each look-up finds the person it
//! always found, nobody becomes known twice, and in the end the old key can be destroyed.
//!
//! Negative controls: with the old key gone too early, or another key in its place, the service does not start; so nobody is ever
//! looked up with keys that do not find them. Without that check, the first such look-up would have made a new person.

use crate::support::TILLID;
use reqwest::Client;
use serde_json::{Value, json};
use std::{
    collections::BTreeMap,
    fs::{self, File, OpenOptions},
    io::Write,
    os::unix::fs::OpenOptionsExt,
    path::{Path, PathBuf},
    process::{Child, Command, Stdio},
    sync::{
        Arc, Mutex,
        atomic::{AtomicBool, AtomicUsize, Ordering},
    },
    time::{Duration, Instant},
};
use tempfile::TempDir;
use tillid_storage::Address;
use tillid_testkit::{Administrator, Database, Engine};
use tokio::time::sleep;

/// So many that they are moved in several rounds, with callers in between.
const NUMBERS: usize = 450;
const CLIENTS: usize = 4;
const CASE: &str = "27.36.04-2026-17";

/// An installation under `tillid serve`: its keys, its configuration and its database.
pub(crate) struct Installation {
    home: TempDir,
    pub(crate) database: Database,
    starts: AtomicUsize,
    /// The keys of its own tokens, the one that signs first.
    tokens: Mutex<Vec<String>>,
}

/// It runs.
pub(crate) struct Running {
    pub(crate) child: Child,
    pub(crate) base: String,
    internal: String,
}

impl Installation {
    pub(crate) async fn new(engine: Engine) -> Self {
        let this = Self {
            home: tempfile::tempdir().expect("a folder"),
            database: Database::new(engine).await,
            starts: AtomicUsize::new(0),
            tokens: Mutex::new(vec!["tokens-1".to_owned()]),
        };
        for (kind, name) in [
            ("person-numbers", "numbers-1"),
            ("person-numbers", "numbers-2"),
            ("receipts", "receipts"),
            ("receipts", "sandbox"),
            ("tokens", "tokens-1"),
            ("tokens", "tokens-2"),
        ] {
            this.keygen(&[kind], name);
        }
        this.keygen(&["log", "--name", "127.0.0.1/log"], "log");
        if let Address::Postgres(url) = &this.database.address {
            let file = OpenOptions::new().write(true).create_new(true).mode(0o600).open(this.path("url"));
            file.expect("a file").write_all(url.as_bytes()).expect("written");
        }
        this
    }

    /// What starts from now on signs its own tokens with the first of these keys, and publishes all of them.
    pub(crate) fn sign_tokens_with(&self, keys: &[&str]) {
        *self.tokens.lock().expect("the keys") = keys.iter().map(|key| (*key).to_owned()).collect();
    }

    fn path(&self, name: &str) -> PathBuf {
        self.home.path().join(name)
    }

    fn key(&self, name: &str) -> PathBuf {
        self.path(&format!("{name}.key"))
    }

    fn keygen(&self, kind: &[&str], name: &str) {
        let made =
            Command::new(TILLID).arg("keygen").args(kind).arg(self.key(name)).status().expect("keygen");
        assert!(made.success());
    }

    /// Writes the configuration with these keys for CPR numbers, the active one first.
    fn configure(&self, keys: &[&str]) -> PathBuf {
        let quoted = |path: &Path| format!("\"{}\"", path.display());
        let database = match &self.database.address {
            Address::Sqlite(file) => format!("sqlite = {}", quoted(file)),
            Address::Postgres(_) => format!("postgres_url_file = {}", quoted(&self.path("url"))),
        };
        let numbers: Vec<String> = keys.iter().map(|key| quoted(&self.key(key))).collect();
        let tokens = self.tokens.lock().expect("the keys").clone();
        let tokens: Vec<String> = tokens.iter().map(|key| quoted(&self.key(key))).collect();
        let text = format!(
            "base_url = \"http://127.0.0.1\"\nlisten = \"127.0.0.1:0\"\ninternal_listen = \"127.0.0.1:0\"\n\n\
             [database]\n{database}\nmigrate_on_start = true\n\n\
             [keys]\nperson_numbers = [{}]\nreceipts = {}\nlog = [{}]\ntokens = [{}]\n\n[limits]\nlookups_in_ten_minutes = 1000000\n\n[sandbox]\nkey = {}\n",
            numbers.join(", "),
            quoted(&self.key("receipts")),
            quoted(&self.key("log")),
            tokens.join(", "),
            quoted(&self.key("sandbox")),
        );
        let file = self.path("tillid.toml");
        fs::write(&file, text).expect("a configuration");
        file
    }

    fn serve(&self, keys: &[&str]) -> (Child, PathBuf) {
        let log = self.path(&format!("log-{}", self.starts.fetch_add(1, Ordering::Relaxed)));
        let child = Command::new(TILLID)
            .args(["--log", "info", "serve", "--allow-sandbox", "--config"])
            .arg(self.configure(keys))
            .stdin(Stdio::null())
            .stdout(Stdio::null())
            .stderr(File::create(&log).expect("a log"))
            .spawn();
        (child.expect("the program starts"), log)
    }

    /// Starts the service, and waits until it says where it listens.
    pub(crate) async fn start(&self, keys: &[&str]) -> Running {
        let (mut child, log) = self.serve(keys);
        let began = Instant::now();
        let ready = loop {
            let text = fs::read_to_string(&log).expect("the log");
            let fields =
                |line: &str| serde_json::from_str::<Value>(line).ok().map(|line| line["fields"].clone());
            if let Some(ready) = text.lines().filter_map(fields).find(|fields| fields["message"] == "ready") {
                break ready;
            }
            let ended = child.try_wait().expect("its state");
            assert!(ended.is_none(), "it ended instead of starting: {ended:?}\n{text}");
            assert!(began.elapsed() < Duration::from_secs(20), "it does not start\n{text}");
            sleep(Duration::from_millis(20)).await;
        };
        let address = |field: &str| format!("http://{}", ready[field].as_str().expect("an address"));
        Running { child, base: address("public"), internal: address("internal") }
    }

    /// Starts the service, which must refuse; returns what it says.
    fn refusal(&self, keys: &[&str]) -> String {
        let (mut child, log) = self.serve(keys);
        let ended = child.wait().expect("it ends");
        let words = fs::read_to_string(log).expect("the log");
        assert_eq!(ended.code(), Some(2), "{words}");
        words
    }

    pub(crate) fn verify(&self, keys: &[&str]) -> (Option<i32>, String) {
        let output = Command::new(TILLID)
            .args(["verify", "--config"])
            .arg(self.configure(keys))
            .output()
            .expect("verify");
        (output.status.code(), String::from_utf8_lossy(&[output.stdout, output.stderr].concat()).into_owned())
    }
}

impl Running {
    /// Asks it to stop, as a supervisor does.
    fn stop(mut self) {
        assert!(
            Command::new("kill")
                .args(["-TERM", &self.child.id().to_string()])
                .status()
                .expect("kill")
                .success()
        );
        assert_eq!(self.child.wait().expect("it ends").code(), Some(0));
    }
}

impl Drop for Running {
    fn drop(&mut self) {
        let _ = self.child.kill();
        let _ = self.child.wait();
    }
}

/// Where the service is now, and who asks it.
struct Caller {
    client: Client,
    base: Mutex<String>,
    token: String,
}

impl Caller {
    async fn new(base: &str) -> Self {
        let client = Client::new();
        let order = json!({"person": "hans"});
        let token = client.post(format!("{base}/sandbox/tokens")).json(&order).send().await.expect("a token");
        let token: Value = token.json().await.expect("a token");
        let token = token["access_token"].as_str().expect("a token").to_owned();
        Self { client, base: Mutex::new(base.to_owned()), token }
    }

    /// The status, and who was found; `None` while nobody listens.
    async fn look_up(&self, number: &str) -> Option<(u16, String)> {
        let base = self.base.lock().expect("an address").clone();
        let body = json!({"person": {"cpr": number}, "purpose": "case_processing", "case": CASE});
        let call = self.client.post(format!("{base}/v1/lookups")).bearer_auth(&self.token).json(&body);
        let answer = call.send().await.ok()?;
        let status = answer.status().as_u16();
        let found: Value = answer.json().await.ok()?;
        Some((status, found["person"]["id"].as_str().unwrap_or_default().to_owned()))
    }

    fn moved_to(&self, base: &str) {
        base.clone_into(&mut self.base.lock().expect("an address"));
    }
}

/// Invented numbers of the replacement kind, which belong to nobody.
fn numbers() -> Vec<String> {
    let number = |n: usize| format!("{:02}{:02}{:02}1{n:03}", 61 + n % 28, 1 + n % 12, 60 + n % 30);
    (0..NUMBERS).map(number).collect()
}

/// Everybody is looked up, over and over, until `stop`; returns how many answers there were, and those that were wrong.
async fn look_everybody_up(
    caller: Arc<Caller>,
    known: Arc<BTreeMap<String, String>>,
    begin: usize,
    stop: Arc<AtomicBool>,
) -> (usize, Vec<String>) {
    let (mut answers, mut wrong) = (0, Vec::new());
    for (number, person) in known.iter().cycle().skip(begin) {
        if stop.load(Ordering::SeqCst) {
            break;
        }
        match caller.look_up(number).await {
            Some((201, found)) if found == *person => answers += 1,
            Some(answer) => wrong.push(format!("{person} was answered by {answer:?}")),
            // Between two starts nobody listens.
            None => tokio::time::sleep(Duration::from_millis(5)).await,
        }
    }
    (answers, wrong)
}

/// Every place of the database where the id of a key stands.
async fn places_of(key: &str, database: &mut Administrator) -> Vec<String> {
    let mut places = Vec::new();
    for table in database.tables().await {
        for column in database.columns(&table).await {
            let sql =
                format!("SELECT COUNT(*) FROM {table} WHERE CAST({} AS TEXT) LIKE '%{key}%'", column.name);
            if column.kind == "TEXT" && database.count(&sql).await > 0 {
                places.push(format!("{table}.{}", column.name));
            }
        }
    }
    places
}

async fn the_key_is_changed_under_load(engine: Engine) {
    let installation = Installation::new(engine).await;
    let running = installation.start(&["numbers-1"]).await;
    let mut database = installation.database.administrator().await;
    let caller = Arc::new(Caller::new(&running.base).await);
    let mut known = BTreeMap::new();
    for number in numbers() {
        let (status, person) = caller.look_up(&number).await.expect("an answer");
        assert_eq!(status, 201);
        known.insert(number, person);
    }
    let known = Arc::new(known);
    let persons = database.count("SELECT COUNT(*) FROM person").await;
    running.stop();

    // The new key alone, too early, finds nobody; nor does another key of the same name find or open anything.
    let words = installation.refusal(&["numbers-2"]);
    assert!(words.contains("do not fit the database"), "{words}");
    let key = fs::read(installation.key("numbers-1")).expect("a key");
    fs::copy(installation.key("numbers-2"), installation.key("numbers-1")).expect("another key");
    let words = installation.refusal(&["numbers-1"]);
    assert!(words.contains("do not fit the database"), "{words}");
    let (code, words) = installation.verify(&["numbers-1"]);
    assert_ne!(code, Some(0), "{words}");
    fs::write(installation.key("numbers-1"), key).expect("the key");

    let running = installation.start(&["numbers-1"]).await;
    caller.moved_to(&running.base);
    let stop = Arc::new(AtomicBool::new(false));
    let clients: Vec<_> = (0..CLIENTS)
        .map(|n| {
            tokio::spawn(look_everybody_up(
                caller.clone(),
                known.clone(),
                n * NUMBERS / CLIENTS,
                stop.clone(),
            ))
        })
        .collect();
    let began = Instant::now();
    running.stop();
    let running = installation.start(&["numbers-2", "numbers-1"]).await;
    caller.moved_to(&running.base);
    let database = Arc::new(tokio::sync::Mutex::new(database));
    let none = async |sql: &str| database.lock().await.count(sql).await == 0;
    let old = "SELECT COUNT(*) FROM person_number WHERE key_id <> 'numbers-2'";
    super::outage::until("every number is under the new key", Duration::from_secs(30), async || {
        none(old).await
    })
    .await;
    let metric = async || {
        let answer =
            caller.client.get(format!("{}/metrics", running.internal)).send().await.expect("metrics");
        answer.text().await.expect("metrics").lines().any(|line| line == "tillid_numbers_to_rekey 0")
    };
    super::outage::until("the operator is told so", Duration::from_secs(10), metric).await;
    let moved = began.elapsed();

    running.stop();
    fs::remove_file(installation.key("numbers-1")).expect("the old key is destroyed");
    let running = installation.start(&["numbers-2"]).await;
    caller.moved_to(&running.base);
    let old = "SELECT COUNT(*) FROM person_number_index WHERE key_id <> 'numbers-2'";
    super::outage::until("nothing leads to the old key", Duration::from_secs(30), async || none(old).await)
        .await;
    stop.store(true, Ordering::SeqCst);
    let mut answers = 0;
    for client in clients {
        let (right, wrong) = client.await.expect("a client");
        assert_eq!(wrong, Vec::<String>::new());
        answers += right;
    }
    for (number, person) in known.iter() {
        assert_eq!(caller.look_up(number).await, Some((201, person.clone())));
    }
    println!(
        "{engine:?}: {persons} persons, moved after {moved:?} and two restarts; {answers} look-ups meanwhile, none wrong"
    );
    assert!(answers > 0);
    let mut database = database.lock().await;
    assert_eq!(database.count("SELECT COUNT(*) FROM person").await, persons);
    assert_eq!(places_of("numbers-1", &mut database).await, Vec::<String>::new());
    assert!(
        !places_of("numbers-2", &mut database).await.is_empty(),
        "the new one is found where the old one was"
    );
    running.stop();
    let (code, words) = installation.verify(&["numbers-2"]);
    assert_eq!(code, Some(0), "{words}");
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn the_key_of_numbers_is_changed_while_everybody_is_looked_up_on_sqlite() {
    the_key_is_changed_under_load(Engine::Sqlite).await;
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn the_key_of_numbers_is_changed_while_everybody_is_looked_up_on_postgresql() {
    the_key_is_changed_under_load(Engine::Postgres).await;
}
