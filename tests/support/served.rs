//! The built binary as an installation runs it: `tillid serve` with a configuration, its own keys and a database.

use super::support::{TILLID, free_address};
use reqwest::Client;
use serde_json::Value;
use std::{
    fs::{self, File, OpenOptions},
    io::Write as _,
    os::unix::fs::OpenOptionsExt as _,
    path::{Path, PathBuf},
    process::{Child, Command, Stdio},
    time::{Duration, Instant},
};
use tempfile::TempDir;
use tillid_storage::Address;
use tillid_testkit::{Administrator, Database, Engine};

/// How long anything may take that happens by itself.
const SOON: Duration = Duration::from_secs(20);
/// Everything is logged but what the engines say of themselves.
const LOGGED: &str = "trace,sqlx=debug,hyper=info,h2=info";

/// An installation that is not running yet.
pub(crate) struct Installation {
    pub(crate) home: TempDir,
    database: Database,
    /// The address of the service.
    pub(crate) base: String,
    listen: String,
}

/// A running program, which ends with the test.
struct Process(Child);

/// A running one.
pub(crate) struct Served {
    process: Process,
    installation: Installation,
    pub(crate) base: String,
}

impl Installation {
    /// With keys and an empty database, and a port that was free a moment ago.
    pub(crate) async fn new(engine: Engine) -> Self {
        let listen = free_address();
        let home = tempfile::tempdir().expect("a folder");
        let database = Database::new(engine).await;
        let this = Self { home, database, base: format!("http://{listen}"), listen };
        for (kind, name) in [
            (&["person-numbers"][..], "numbers-1.key"),
            (&["receipts"], "receipts.key"),
            (&["tokens"], "tokens.pem"),
            (&["log", "--name", "127.0.0.1/log"], "log.key"),
        ] {
            let made = Command::new(TILLID).arg("keygen").args(kind).arg(this.path(name)).status();
            assert!(made.expect("keygen").success());
        }
        if let Address::Postgres(url) = &this.database.address {
            let file = OpenOptions::new().write(true).create_new(true).mode(0o600).open(this.path("url"));
            file.expect("a file").write_all(url.as_bytes()).expect("written");
        }
        this
    }

    pub(crate) fn path(&self, name: &str) -> PathBuf {
        self.home.path().join(name)
    }

    /// Writes the configuration: these providers, and the authorities of the seed catalogue.
    pub(crate) fn configure(&self, providers: &str) {
        let quoted = |path: &Path| format!("\"{}\"", path.display());
        let database = match &self.database.address {
            Address::Sqlite(file) => format!("sqlite = {}", quoted(file)),
            Address::Postgres(_) => format!("postgres_url_file = {}", quoted(&self.path("url"))),
        };
        let text = format!(
            "base_url = \"{}\"\nlisten = \"{}\"\ninternal_listen = \"127.0.0.1:0\"\n\n\
             [database]\n{database}\nmigrate_on_start = true\n\n\
             [keys]\nperson_numbers = [{}]\nreceipts = {}\nlog = [{}]\ntokens = [{}]\n\n{}\n{providers}",
            self.base,
            self.listen,
            quoted(&self.path("numbers-1.key")),
            quoted(&self.path("receipts.key")),
            quoted(&self.path("log.key")),
            quoted(&self.path("tokens.pem")),
            authorities(),
        );
        fs::write(self.path("tillid.toml"), text).expect("a configuration");
    }

    /// Brings the seed catalogue into use.
    pub(crate) fn import(&self) {
        let output = Command::new(TILLID)
            .args(["import", "--config"])
            .arg(self.path("tillid.toml"))
            .arg(catalogue())
            .output()
            .expect("import");
        assert!(output.status.success(), "{}", String::from_utf8_lossy(&output.stderr));
    }

    fn spawn(&self) -> Child {
        let log = File::create(self.path("log")).expect("a log");
        let child = Command::new(TILLID)
            .args(["--log", LOGGED, "serve", "--config"])
            .arg(self.path("tillid.toml"))
            .stdin(Stdio::null())
            .stdout(Stdio::null())
            .stderr(log)
            .spawn();
        child.expect("the program starts")
    }

    fn log(&self) -> String {
        fs::read_to_string(self.path("log")).expect("the log")
    }

    /// Starts, and waits until it answers.
    pub(crate) async fn start(self) -> Served {
        let mut process = Process(self.spawn());
        let client = Client::builder().no_proxy().build().expect("a client");
        let url = format!("{}/health/ready", self.base);
        until("it is ready", async || {
            let ended = process.0.try_wait().expect("its state");
            assert!(ended.is_none(), "{}", self.log());
            client.get(&url).send().await.is_ok_and(|answer| answer.status().is_success())
        })
        .await;
        Served { process, base: self.base.clone(), installation: self }
    }

    /// Starts, and says why it refuses to.
    pub(crate) async fn refusal(&self) -> String {
        let mut child = Process(self.spawn());
        until("it refuses to run", async || child.0.try_wait().expect("its state").is_some()).await;
        self.log()
    }
}

impl Served {
    /// The same installation in another process, which knows nothing but what is in the database.
    pub(crate) async fn again(self) -> Self {
        let Self { process, installation, .. } = self;
        drop(process);
        installation.start().await
    }

    /// An address of the service.
    pub(crate) fn at(&self, path: &str) -> String {
        format!("{}{path}", self.base)
    }

    /// All that was logged so far.
    pub(crate) fn log(&self) -> String {
        self.installation.log()
    }

    /// The lines after that many bytes of the log, as JSON.
    pub(crate) fn logged_since(&self, bytes: usize) -> Vec<Value> {
        let log = self.log();
        log[bytes..].lines().filter_map(|line| serde_json::from_str(line).ok()).collect()
    }

    /// Somebody who can look at the database behind the service's back.
    pub(crate) async fn administrator(&self) -> Administrator {
        self.installation.database.administrator().await
    }
}

impl Drop for Process {
    fn drop(&mut self) {
        let _ = self.0.kill();
        let _ = self.0.wait();
    }
}

/// Waits until the condition holds.
pub(crate) async fn until(what: &str, mut condition: impl AsyncFnMut() -> bool) {
    let began = Instant::now();
    while !condition().await {
        assert!(began.elapsed() < SOON, "not within {SOON:?}: {what}");
        tokio::time::sleep(Duration::from_millis(20)).await;
    }
}

/// The folder of the seed catalogue.
fn catalogue() -> PathBuf {
    Path::new(env!("CARGO_MANIFEST_DIR")).join("../../catalogue")
}

/// The authorities of the seed catalogue, as a configuration names them.
fn authorities() -> String {
    let text = fs::read_to_string(catalogue().join("authorities.toml")).expect("the authorities");
    text.lines().filter(|line| !line.starts_with("kind")).flat_map(|line| [line, "\n"]).collect()
}
