//! The built binary from outside: started on either engine, spoken to over HTTP, stopped or killed.

use reqwest::{Client, Method, StatusCode, header::HeaderMap};
use serde_json::{Value, json};
use std::{
    io::{BufRead, BufReader},
    net::TcpListener,
    path::{Path, PathBuf},
    process::{Child, Command, ExitStatus, Stdio},
    sync::atomic::{AtomicU32, Ordering},
    time::{Duration, Instant},
};
use tempfile::TempDir;
use tillid_storage::Address;
use tillid_testkit::{Administrator, Database, Engine};

/// The program under test.
pub(crate) const TILLID: &str = env!("CARGO_BIN_EXE_tillid");

/// The options of a demo whose employees look up more than anybody should.
const UNHURRIED: [&str; 2] = ["--lookups", "1000000"];

/// A running demo, with its folder and its database.
pub(crate) struct Tillid {
    child: Child,
    /// The address of the service, such as `http://127.0.0.1:40321`.
    pub(crate) base: String,
    /// Where it listens; `base` may be a proxy before it.
    listen: String,
    /// The address of the operator's listener.
    pub(crate) internal: String,
    /// Where the demo keeps its keys, its log and, on SQLite, its data.
    pub(crate) home: TempDir,
    /// On PostgreSQL; on SQLite the data is a file in `home`.
    database: Option<Database>,
    /// What it was started with besides.
    options: Vec<String>,
    client: Client,
}

/// An answer, read whole.
#[derive(Debug, Clone)]
pub(crate) struct Answer {
    pub(crate) status: StatusCode,
    pub(crate) headers: HeaderMap,
    pub(crate) body: Vec<u8>,
}

impl Answer {
    /// The body as JSON; `null` when it is none.
    pub(crate) fn json(&self) -> Value {
        serde_json::from_slice(&self.body).unwrap_or(Value::Null)
    }

    /// The stable code of a problem; empty when it is none.
    pub(crate) fn code(&self) -> String {
        self.json()["code"].as_str().unwrap_or_default().to_owned()
    }

    /// The answer, which must have this status.
    #[track_caller]
    pub(crate) fn expect(self, status: u16) -> Self {
        assert_eq!(self.status.as_u16(), status, "{}", String::from_utf8_lossy(&self.body));
        self
    }
}

/// A request that is being put together.
pub(crate) struct Ask<'a> {
    tillid: &'a Tillid,
    method: Method,
    path: String,
    headers: Vec<(String, String)>,
    body: Option<(String, Vec<u8>)>,
}

impl Ask<'_> {
    /// With a bearer token.
    pub(crate) fn by(self, token: &str) -> Self {
        self.header("authorization", &format!("Bearer {token}"))
    }

    /// With a header.
    pub(crate) fn header(mut self, name: &str, value: &str) -> Self {
        self.headers.push((name.to_owned(), value.to_owned()));
        self
    }

    /// With a JSON body.
    pub(crate) fn json(self, body: &Value) -> Self {
        self.bytes("application/json", serde_json::to_vec(body).expect("json"))
    }

    /// With a body of any kind.
    pub(crate) fn bytes(mut self, content_type: &str, bytes: Vec<u8>) -> Self {
        self.body = Some((content_type.to_owned(), bytes));
        self
    }

    /// The answer; `None` when the connection broke before it was complete.
    pub(crate) async fn try_send(self) -> Option<Answer> {
        let url = if self.path.starts_with("http") {
            self.path
        } else {
            format!("{}{}", self.tillid.base, self.path)
        };
        let mut request = self.tillid.client.request(self.method, url);
        for (name, value) in &self.headers {
            request = request.header(name, value);
        }
        if let Some((kind, bytes)) = self.body {
            request = request.header("content-type", kind).body(bytes);
        }
        let response = request.send().await.ok()?;
        let (status, headers) = (response.status(), response.headers().clone());
        let body = response.bytes().await.ok()?.to_vec();
        Some(Answer { status, headers, body })
    }

    /// The answer.
    pub(crate) async fn send(self) -> Answer {
        let line = format!("{} {}", self.method, self.path);
        self.try_send().await.unwrap_or_else(|| panic!("no answer to {line}"))
    }
}

impl Tillid {
    /// A demo on a fresh database. Its employees may look up as many as a test likes.
    pub(crate) async fn demo(engine: Engine) -> Self {
        Self::demo_with(engine, &UNHURRIED).await
    }

    /// A demo on a fresh database, with these options.
    pub(crate) async fn demo_with(engine: Engine, options: &[&str]) -> Self {
        let home = tempfile::tempdir().expect("a folder");
        let database = match engine {
            Engine::Sqlite => None,
            Engine::Postgres => Some(Database::new(engine).await),
        };
        Self::start(&free_address(), home, database, &[], options)
    }

    /// A demo on that empty database.
    pub(crate) fn demo_on(database: Database) -> Self {
        let home = tempfile::tempdir().expect("a folder");
        Self::start(&free_address(), home, Some(database), &[], &UNHURRIED)
    }

    fn start(
        listen: &str,
        home: TempDir,
        database: Option<Database>,
        wrapper: &[&str],
        options: &[&str],
    ) -> Self {
        let mut words: Vec<String> = wrapper.iter().map(|w| (*w).to_owned()).collect();
        words.extend([TILLID, "--log", "trace,sqlx=debug,hyper=info,h2=info", "demo"].map(str::to_owned));
        words.extend(["--listen", listen, "--internal-listen", "127.0.0.1:0", "--data"].map(str::to_owned));
        words.push(home.path().display().to_string());
        words.extend(options.iter().map(|option| (*option).to_owned()));
        if let Some(url) = postgres_url(database.as_ref()) {
            words.extend(["--postgres".to_owned(), url]);
        }
        let log = std::fs::OpenOptions::new()
            .create(true)
            .append(true)
            .open(home.path().join("log"))
            .expect("a log");
        let mut child = Command::new(&words[0])
            .args(&words[1..])
            .stdin(Stdio::null())
            .stdout(Stdio::piped())
            .stderr(log)
            .spawn()
            .expect("the program starts");
        let mut lines = BufReader::new(child.stdout.take().expect("its output")).lines();
        let mut address = |word: &str| {
            let line = lines.by_ref().map_while(Result::ok).find(|line| line.trim_start().starts_with(word));
            let line = line.unwrap_or_else(|| {
                panic!("{}", std::fs::read_to_string(home.path().join("log")).expect("the log"))
            });
            line.split_whitespace().nth(1).expect("an address").to_owned()
        };
        let (base, internal) = (address("service"), address("operations"));
        // Whatever else it says must not block it.
        std::thread::spawn(move || lines.for_each(drop));
        let client = Client::builder()
            .timeout(Duration::from_secs(20))
            // The service closes a connection that has been idle for five seconds; one of those must not be used at that very moment.
            .pool_idle_timeout(Duration::from_secs(2))
            .redirect(reqwest::redirect::Policy::none());
        Self {
            child,
            base,
            listen: listen.to_owned(),
            internal,
            home,
            database,
            options: options.iter().map(|option| (*option).to_owned()).collect(),
            client: client.build().expect("a client"),
        }
    }

    /// The process.
    pub(crate) fn pid(&self) -> u32 {
        self.child.id()
    }

    /// Asks the process to stop, and waits until it has; for a minute, which is more than it may take.
    #[expect(
        clippy::disallowed_methods,
        reason = "it waits for a process, also where nothing can be awaited"
    )]
    pub(crate) fn stop(&mut self) -> ExitStatus {
        let asked = Command::new("kill").args(["-TERM", &self.pid().to_string()]).status().expect("kill");
        assert!(asked.success());
        let began = Instant::now();
        loop {
            if let Some(status) = self.child.try_wait().expect("its state") {
                return status;
            }
            assert!(began.elapsed() < Duration::from_mins(1), "it was asked to stop, and goes on");
            std::thread::sleep(Duration::from_millis(20));
        }
    }

    /// Waits until the process has ended by itself, or been killed.
    pub(crate) async fn ended(&mut self) -> ExitStatus {
        let began = Instant::now();
        loop {
            if let Some(status) = self.child.try_wait().expect("its state") {
                return status;
            }
            assert!(began.elapsed() < Duration::from_secs(20), "the process goes on");
            tokio::time::sleep(Duration::from_millis(20)).await;
        }
    }

    /// Whether the process runs.
    pub(crate) fn runs(&mut self) -> bool {
        self.child.try_wait().expect("its state").is_none()
    }

    /// The same installation, started again after it was stopped or killed.
    pub(crate) fn again(self) -> Self {
        self.again_under(&[])
    }

    /// The same installation, started again under another program such as `strace`.
    pub(crate) fn again_under(mut self, wrapper: &[&str]) -> Self {
        let _ = self.child.kill();
        let _ = self.child.wait();
        let home = std::mem::replace(&mut self.home, tempfile::tempdir().expect("a folder"));
        let database = self.database.take();
        let options = std::mem::take(&mut self.options);
        // At the same address: its tokens name it.
        let listen = std::mem::take(&mut self.listen);
        drop(self);
        let options: Vec<&str> = options.iter().map(String::as_str).collect();
        Self::start(&listen, home, database, wrapper, &options)
    }

    /// A request.
    pub(crate) fn ask(&self, method: &str, path: &str) -> Ask<'_> {
        let method = method.parse().expect("a method");
        Ask { tillid: self, method, path: path.to_owned(), headers: Vec::new(), body: None }
    }

    /// GET.
    pub(crate) fn get(&self, path: &str) -> Ask<'_> {
        self.ask("GET", path)
    }

    /// POST.
    pub(crate) fn post(&self, path: &str) -> Ask<'_> {
        self.ask("POST", path)
    }

    /// A token of somebody of the sandbox.
    pub(crate) async fn token(&self, person: &str) -> String {
        self.token_of(json!({ "person": person })).await
    }

    /// A token of somebody who says they act for another.
    pub(crate) async fn token_for(&self, person: &str, acting_for: &str) -> String {
        self.token_of(json!({ "person": person, "acting_for": acting_for })).await
    }

    /// A token as ordered.
    pub(crate) async fn token_of(&self, order: Value) -> String {
        let answer = self.post("/sandbox/tokens").json(&order).send().await.expect(200);
        answer.json()["access_token"].as_str().expect("a token").to_owned()
    }

    /// What the sandbox tells of somebody: `person_id`, `cpr`, `cvr` and more.
    pub(crate) async fn somebody(&self, key: &str) -> Value {
        let people = self.get("/sandbox/people").send().await.expect(200).json();
        people["items"].as_array().expect("people").iter().find(|p| p["key"] == key).expect(key).clone()
    }

    /// Everything that the process has logged so far.
    pub(crate) fn log(&self) -> String {
        std::fs::read_to_string(self.home.path().join("log")).expect("the log")
    }

    /// The connection URL of the database; `None` on SQLite.
    pub(crate) fn postgres_url(&self) -> Option<String> {
        postgres_url(self.database.as_ref())
    }

    /// The SQLite file; `None` on PostgreSQL.
    pub(crate) fn sqlite_file(&self) -> Option<PathBuf> {
        self.postgres_url().is_none().then(|| self.home.path().join("tillid.db"))
    }

    /// Somebody who can run any statement on the database behind the service's back.
    pub(crate) async fn administrator(&self) -> Administrator {
        match &self.database {
            Some(database) => database.administrator().await,
            None => Administrator::of(&Address::Sqlite(self.home.path().join("tillid.db"))).await,
        }
    }

    /// What `tillid verify` says of this installation: its exit code and its words.
    pub(crate) fn verify(&self) -> (i32, String) {
        let mut command = Command::new(TILLID);
        command.args(["verify", "--data"]).arg(self.home.path());
        if let Some(url) = self.postgres_url() {
            command.args(["--postgres", &url]);
        }
        let output = command.output().expect("verify runs");
        let words = [output.stdout, output.stderr].concat();
        (output.status.code().unwrap_or(-1), String::from_utf8_lossy(&words).into_owned())
    }

    /// The folder of the demo.
    pub(crate) fn folder(&self) -> &Path {
        self.home.path()
    }
}

impl Drop for Tillid {
    fn drop(&mut self) {
        let _ = self.child.kill();
        let _ = self.child.wait();
    }
}

/// An address of this machine that nobody listens on. Its port lies below those that the system gives to connections, so that none
/// of them takes it while a process is started again.
pub(crate) fn free_address() -> String {
    static NEXT: AtomicU32 = AtomicU32::new(0);
    (0..1000)
        .map(|_| {
            let next = NEXT.fetch_add(1, Ordering::Relaxed);
            format!("127.0.0.1:{}", 12_000 + (std::process::id() * 61 + next) % 18_000)
        })
        .find(|address| TcpListener::bind(address).is_ok())
        .expect("a free port")
}

fn postgres_url(database: Option<&Database>) -> Option<String> {
    match &database?.address {
        Address::Postgres(url) => Some(url.clone()),
        Address::Sqlite(_) => None,
    }
}
