//! The built binary on PostgreSQL as an installation runs it: the owner brings the tables, the service owns none of them.

use crate::support::{TILLID, free_address};
use reqwest::Client;
use serde_json::{Value, json};
use std::{
    fs::{self, File, OpenOptions},
    io::Write as _,
    os::unix::fs::OpenOptionsExt as _,
    path::PathBuf,
    process::{Child, Command, Output, Stdio},
    time::{Duration, Instant},
};
use tempfile::TempDir;
use tillid_storage::Address;
use tillid_testkit::{Administrator, Cluster, Database};

const SOON: Duration = Duration::from_secs(20);

/// Keys, a configuration and a database, whose owner is no superuser.
struct Installation {
    home: TempDir,
    database: Database,
    /// The owner of the database.
    owner: String,
}

/// A process that ends with the test.
struct Process(Child);

impl Drop for Process {
    fn drop(&mut self) {
        let _ = self.0.kill();
        let _ = self.0.wait();
    }
}

fn url(address: &Address) -> &str {
    match address {
        Address::Postgres(url) => url,
        Address::Sqlite(_) => panic!("not a server"),
    }
}

impl Installation {
    async fn new() -> Self {
        let home = tempfile::tempdir().expect("a folder");
        let database = Database::empty(Cluster::shared()).await;
        let (server, name) = url(&database.owner).rsplit_once('/').expect("a database");
        let owner = format!("{name}_owner");
        let host = server.rsplit_once(['@', '/']).expect("a host").1;
        let owner_url = format!("postgres://{owner}:{owner}@{host}/{name}");
        let service_url = url(&database.address).to_owned();
        let mut administrator = database.administrator().await;
        let given =
            format!("CREATE ROLE {owner} LOGIN PASSWORD '{owner}'; ALTER DATABASE {name} OWNER TO {owner}");
        administrator.execute(&given).await.expect("an owner");
        let this = Self { home, database, owner };
        for (kind, file) in [
            ("person-numbers", "numbers.key"),
            ("receipts", "receipts.key"),
            ("receipts", "sandbox.key"),
            ("tokens", "tokens.pem"),
        ] {
            assert!(Installation::tillid(&["keygen", kind], &this.path(file)).status.success());
        }
        let log = Installation::tillid(&["keygen", "log", "--name", "127.0.0.1/log"], &this.path("log.key"));
        assert!(log.status.success());
        this.write_secret("owner-url", &owner_url);
        this.write_secret("url", &service_url);
        this.configure();
        this
    }

    fn path(&self, name: &str) -> PathBuf {
        self.home.path().join(name)
    }

    fn write_secret(&self, name: &str, text: &str) {
        let file =
            OpenOptions::new().write(true).create(true).truncate(true).mode(0o600).open(self.path(name));
        file.expect("a file").write_all(text.as_bytes()).expect("written");
    }

    fn configure(&self) {
        let home = self.home.path().display();
        let text = format!(
            "base_url = \"http://127.0.0.1\"\nlisten = \"{}\"\ninternal_listen = \"127.0.0.1:0\"\n\n\
             [database]\npostgres_url_file = \"{home}/url\"\n\n\
             [keys]\nperson_numbers = [\"{home}/numbers.key\"]\nreceipts = \"{home}/receipts.key\"\nlog = [\"{home}/log.key\"]\ntokens = [\"{home}/tokens.pem\"]\n\n\
             [sandbox]\nkey = \"{home}/sandbox.key\"\n",
            free_address(),
        );
        fs::write(self.path("tillid.toml"), text).expect("a configuration");
    }

    fn tillid(words: &[&str], file: &PathBuf) -> Output {
        Command::new(TILLID).args(words).arg(file).output().expect("the program runs")
    }

    /// Runs `tillid migrate` as the owner: its exit code and its words.
    fn migrate(&self, grant_to: Option<&str>) -> (Option<i32>, String) {
        let mut command = Command::new(TILLID);
        command.args(["migrate", "--config"]).arg(self.path("tillid.toml"));
        command.arg("--owner-url-file").arg(self.path("owner-url"));
        if let Some(role) = grant_to {
            command.args(["--grant-to", role]);
        }
        let output = command.output().expect("migrate");
        (output.status.code(), String::from_utf8_lossy(&output.stderr).into_owned())
    }

    fn spawn(&self) -> Process {
        let child = Command::new(TILLID)
            .args(["--log", "info", "serve", "--allow-sandbox", "--config"])
            .arg(self.path("tillid.toml"))
            .stdin(Stdio::null())
            .stdout(Stdio::null())
            .stderr(File::create(self.path("log")).expect("a log"))
            .spawn();
        Process(child.expect("the program starts"))
    }

    fn log(&self) -> String {
        fs::read_to_string(self.path("log")).expect("the log")
    }

    fn refusal(&self) -> String {
        let ended = self.spawn().0.wait().expect("it ends");
        assert_eq!(ended.code(), Some(2), "{}", self.log());
        self.log()
    }

    /// Starts the service; where it listens, for everybody and for the operator.
    async fn start(&self) -> (Process, String, String) {
        let mut process = self.spawn();
        let ready = || {
            let lines = self.log();
            let fields = |line: &str| Some(serde_json::from_str::<Value>(line).ok()?["fields"].clone());
            lines.lines().filter_map(fields).find(|fields| fields["message"] == "ready")
        };
        let began = Instant::now();
        let fields = loop {
            let running = process.0.try_wait().expect("its state").is_none();
            assert!(running && began.elapsed() < SOON, "{}", self.log());
            match ready() {
                Some(fields) => break fields,
                None => tokio::time::sleep(Duration::from_millis(20)).await,
            }
        };
        let at = |field: &str| format!("http://{}", fields[field].as_str().expect("an address"));
        (process, at("public"), at("internal"))
    }
}

async fn metric(internal: &str) -> Option<String> {
    let text =
        reqwest::get(format!("{internal}/metrics")).await.expect("metrics").text().await.expect("metrics");
    let line = text.lines().find(|line| line.starts_with("tillid_database_role_is_owner "));
    line.map(|line| line.rsplit(' ').next().expect("a number").to_owned())
}

/// Hans asks Anna and looks her up; Anna answers and reads her overview.
async fn a_short_journey(base: &str) {
    let client = Client::new();
    let post = async |token: &str, path: &str, body: Value| {
        let answer = client
            .post(format!("{base}{path}"))
            .bearer_auth(token)
            .json(&body)
            .send()
            .await
            .expect("an answer");
        let status = answer.status().as_u16();
        let body: Value = answer.json().await.expect("json");
        assert!((200..300).contains(&status), "{path}: {status} {body}");
        body
    };
    let token = async |person: &str| {
        let body = post("", "/sandbox/tokens", json!({"person": person})).await;
        body["access_token"].as_str().expect("a token").to_owned()
    };
    let (hans, anna) = (token("hans").await, token("anna").await);
    let people: Value = client
        .get(format!("{base}/sandbox/people"))
        .send()
        .await
        .expect("people")
        .json()
        .await
        .expect("json");
    let items = people["items"].as_array().expect("people");
    let cpr = &items.iter().find(|p| p["key"] == "anna").expect("anna")["cpr"];
    let asked = json!({"person": {"cpr": cpr}, "consent_type": "C02", "case": "27.36.04-2026-17"});
    let request = post(&hans, "/v1/consent-requests", asked).await;
    let shown = post(&anna, "/v1/presentations", json!({"about": {"request": request["id"]}})).await;
    let document: Value =
        serde_json::from_str(shown["document"].as_str().expect("a document")).expect("json");
    let items = document["items"].as_array().expect("items");
    let answers: Vec<Value> = items.iter().map(|i| json!({"item": i["code"], "given": true})).collect();
    let path = format!("/v1/consent-requests/{}/answer", request["id"].as_str().expect("an id"));
    post(&anna, &path, json!({"presentation_id": shown["id"], "answers": answers})).await;
    let look = json!({"person": {"cpr": cpr}, "purpose": "case_processing", "case": "27.36.04-2026-17"});
    let found = post(&hans, "/v1/lookups", look).await;
    assert!(!found["consents"].as_array().expect("consents").is_empty());
    let consent = found["consents"][0]["id"].as_str().expect("an id");
    post(&anna, &format!("/v1/consents/{consent}/withdraw"), json!({})).await;
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn the_service_runs_as_a_role_that_owns_nothing() {
    let installation = Installation::new().await;
    let role = installation.database.role();
    let words = installation.refusal();
    assert!(words.contains("tillid migrate"), "{words}");

    // Tables without rights on them.
    let (code, words) = installation.migrate(None);
    assert_eq!(code, Some(0), "{words}");
    let words = installation.refusal();
    assert!(words.contains("lacks rights") && words.contains("event: INSERT"), "{words}");
    for (role, told) in
        [("nobody", "there is no role"), ("public", "cannot be"), (installation.owner.as_str(), "of its own")]
    {
        let (code, words) = installation.migrate(Some(role));
        assert_eq!(code, Some(2), "{words}");
        assert!(words.contains(told), "{words}");
    }
    // Granting is for the owner, and can be done again.
    for _ in 0..2 {
        let (code, words) = installation.migrate(Some(&role));
        assert_eq!(code, Some(0), "{words}");
    }

    let (process, base, internal) = installation.start().await;
    assert_eq!(metric(&internal).await.as_deref(), Some("0"));
    a_short_journey(&base).await;
    assert!(!installation.log().contains("database role"), "{}", installation.log());
    drop(process);
    let verdict = Installation::tillid(&["verify", "--config"], &installation.path("tillid.toml"));
    let said = String::from_utf8_lossy(&verdict.stdout);
    assert!(verdict.status.success() && said.contains("verified: "), "{said}");

    let mut service = Administrator::of(&installation.database.address).await;
    for sql in [
        "UPDATE event SET recorded_at = 1",
        "ALTER TABLE event DISABLE TRIGGER ALL",
        "CREATE TABLE mine (id BIGINT)",
    ] {
        assert!(service.execute(sql).await.is_err(), "{sql}");
    }

    // As the owner it runs too, and says what is wrong with that.
    let owner_url = fs::read_to_string(installation.path("owner-url")).expect("a URL");
    installation.write_secret("url", &owner_url);
    let (process, _, internal) = installation.start().await;
    assert_eq!(metric(&internal).await.as_deref(), Some("1"));
    let log = installation.log();
    assert_eq!(log.matches("can switch off what protects the journal").count(), 1, "{log}");
    drop(process);
    let mut administrator = installation.database.administrator().await;
    let given_back =
        format!("REASSIGN OWNED BY {0} TO postgres; DROP OWNED BY {0}; DROP ROLE {0}", installation.owner);
    administrator.execute(&given_back).await.expect("the owner is gone");
}

/// SQLite has neither owners nor roles, and says so.
#[test]
fn a_file_is_not_granted_to_anybody() {
    let home = tempfile::tempdir().expect("a folder");
    let text = format!(
        "base_url = \"http://127.0.0.1\"\n\n[database]\nsqlite = \"{0}/tillid.db\"\n\n[keys]\nperson_numbers = [\"{0}/numbers.key\"]\n\
             receipts = \"{0}/receipts.key\"\nlog = [\"{0}/log.key\"]\ntokens = [\"{0}/tokens.pem\"]\n\n[sandbox]\nkey = \"{0}/sandbox.key\"\n",
        home.path().display()
    );
    fs::write(home.path().join("tillid.toml"), text).expect("a configuration");
    let key = home.path().join("numbers.key");
    assert!(
        Command::new(TILLID).args(["keygen", "person-numbers"]).arg(key).status().expect("keygen").success()
    );
    for (words, told) in
        [(["--grant-to", "tillid"], "SQLite has no roles"), (["--owner-url-file", "/nowhere"], "SQLite")]
    {
        let migrate = Command::new(TILLID)
            .args(["migrate", "--config"])
            .arg(home.path().join("tillid.toml"))
            .args(words)
            .output()
            .expect("migrate");
        assert_eq!(migrate.status.code(), Some(2));
        assert!(String::from_utf8_lossy(&migrate.stderr).contains(told));
    }
}
