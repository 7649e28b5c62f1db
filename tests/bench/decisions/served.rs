//! The built program as an installation runs it: `tillid serve`, its own keys, a broker and a municipality that it believes, and systems
//! that are registered and get their tokens at its token endpoint.

use crate::{
    generate::{self, Filling, ISSUER},
    load::thread,
};
use aws_lc_rs::{
    rand::SystemRandom,
    signature::{ECDSA_P256_SHA256_FIXED_SIGNING, EcdsaKeyPair, Ed25519KeyPair, KeyPair},
};
use base64::{Engine as _, engine::general_purpose::URL_SAFE_NO_PAD as B64};
use reqwest::Client;
use serde_json::{Value, json};
use std::{
    fs::{self, File, OpenOptions},
    io::Write as _,
    os::unix::fs::OpenOptionsExt as _,
    path::{Path, PathBuf},
    process::{Child, Command, Stdio},
    time::{Duration, Instant},
};
use tempfile::TempDir;
use tillid_service::ambient::Ambient;
use tillid_storage::Address;
use tillid_testkit::Database;
use tokio::time::sleep;

const TILLID: &str = env!("CARGO_BIN_EXE_tillid");
/// What it calls itself; where it listens is another matter.
const BASE: &str = "http://127.0.0.1";
/// A system may ask at most a thousand times a second: so many of them are never told to wait.
const SYSTEMS: usize = 64;
const ASSERTION: &str = "urn:ietf:params:oauth:client-assertion-type:jwt-bearer";

/// A running installation with its database.
pub(crate) struct Served {
    child: Child,
    /// Where it listens.
    pub(crate) address: String,
    pub(crate) database: Database,
    pub(crate) filling: Filling,
    broker: Ed25519KeyPair,
    system: EcdsaKeyPair,
    _home: TempDir,
}

impl Drop for Served {
    fn drop(&mut self) {
        let _ = self.child.kill();
        let _ = self.child.wait();
    }
}

impl Served {
    /// On that database, which has nothing in it yet but perhaps its tables; it is filled.
    pub(crate) async fn new(database: Database, filling: Filling) -> Self {
        let home = tempfile::tempdir().unwrap();
        let broker = Ed25519KeyPair::generate().unwrap();
        let config = configuration(home.path(), &database, &broker);
        must(Command::new(TILLID).args(["import", "--config"]).arg(&config).arg(catalogue()));
        let began = Instant::now();
        generate::generate(&database, filling).await;
        println!(
            "  {} mandates, {} consents and {} persons in {:.0?}",
            filling.mandates,
            filling.consents(),
            filling.persons(),
            began.elapsed()
        );
        let log = home.path().join("log");
        let child = Command::new(TILLID)
            .args(["--log", "warn,tillid::serve=info", "serve", "--config"])
            .arg(&config)
            .stdin(Stdio::null())
            .stdout(Stdio::null())
            .stderr(File::create(&log).unwrap())
            .spawn();
        let mut child = child.unwrap();
        let address = loop {
            let said = fs::read_to_string(&log).unwrap();
            let ready = said.lines().filter_map(|line| serde_json::from_str::<Value>(line).ok());
            let ready = ready.map(|line| line["fields"].clone()).find(|fields| fields["message"] == "ready");
            if let Some(ready) = ready {
                break ready["public"].as_str().unwrap().to_owned();
            }
            assert!(child.try_wait().unwrap().is_none(), "{said}");
            sleep(Duration::from_millis(20)).await;
        };
        let system = EcdsaKeyPair::generate(&ECDSA_P256_SHA256_FIXED_SIGNING).unwrap();
        let this = Self { child, address, database, filling, broker, system, _home: home };
        let client = Client::new();
        for number in 0..SYSTEMS {
            this.register(&client, number).await;
        }
        this
    }

    pub(crate) fn pid(&self) -> u32 {
        self.child.id()
    }

    /// A citizen's token, as the national broker issues it.
    pub(crate) fn citizen(&self, login: &str) -> String {
        self.token(json!({"sub": login, "identity_type": "private"}))
    }

    fn token(&self, who: Value) -> String {
        let now = now();
        let mut claims = json!({
            "iss": ISSUER, "aud": BASE, "iat": now, "exp": now + 3600, "jti": once(), "client_id": "bench",
            "acr": "https://data.gov.dk/concept/core/nsis/loa/Substantial",
        });
        let (Value::Object(all), Value::Object(who)) = (&mut claims, who) else { panic!("claims") };
        all.extend(who);
        let message = message(&json!({"alg": "EdDSA", "typ": "at+jwt", "kid": "broker"}), &claims);
        format!("{message}.{}", B64.encode(self.broker.sign(message.as_bytes()).as_ref()))
    }

    /// Registers a system, by the municipality's administrator.
    async fn register(&self, client: &Client, number: usize) {
        let administrator = self.token(json!({
            "sub": "00000009-0000-8000-8000-000000000001", "identity_type": "professional", "cvr": "99100001",
            "roles": ["systemadministrator"], "kle": ["*"], "sensitivity": "special",
        }));
        let point = self.system.public_key().as_ref();
        let key = json!({
            "kty": "EC", "crv": "P-256", "kid": "k", "x": B64.encode(&point[1..33]), "y": B64.encode(&point[33..]),
        });
        let body = json!({
            "client_id": name(number), "client_name": "Fagsystem", "scope": "decide", "purposes": ["automated_step"],
            "jwks": {"keys": [key]}, "token_binding": "bearer", "quota": 60_000,
        });
        let url = format!("http://{}/v1/clients", self.address);
        let made = client.post(url).bearer_auth(administrator).json(&body).send().await.unwrap();
        let status = made.status();
        assert!(status.is_success(), "{status} {}", made.text().await.unwrap());
    }

    /// A fresh token of each system. They hold for ten minutes.
    pub(crate) fn tokens(&self) -> Vec<String> {
        thread().block_on(async {
            // Not over the connections of an earlier runtime.
            let client = Client::new();
            let mut tokens = Vec::with_capacity(SYSTEMS);
            for number in 0..SYSTEMS {
                tokens.push(self.system_token(&client, &name(number)).await);
            }
            tokens
        })
    }

    async fn system_token(&self, client: &Client, name: &str) -> String {
        let claims =
            json!({"iss": name, "sub": name, "aud": BASE, "iat": now(), "exp": now() + 60, "jti": once()});
        let message = message(&json!({"alg": "ES256", "kid": "k", "typ": "JWT"}), &claims);
        let signature = self.system.sign(&SystemRandom::new(), message.as_bytes()).unwrap();
        let assertion = format!("{message}.{}", B64.encode(signature.as_ref()));
        let form = form_urlencoded::Serializer::new(String::new())
            .append_pair("grant_type", "client_credentials")
            .append_pair("client_assertion_type", ASSERTION)
            .append_pair("client_assertion", &assertion)
            .finish();
        let call = client.post(format!("http://{}/oauth2/token", self.address));
        let call = call.header("content-type", "application/x-www-form-urlencoded").body(form);
        let answer: Value = call.send().await.unwrap().json().await.unwrap();
        answer["access_token"].as_str().unwrap_or_else(|| panic!("{answer}")).to_owned()
    }
}

fn name(number: usize) -> String {
    format!("fagsystem-{number}")
}

fn now() -> i64 {
    Ambient::system().now().as_micros() / 1_000_000
}

fn once() -> String {
    Ambient::system().id().to_string()
}

fn message(head: &Value, claims: &Value) -> String {
    format!("{}.{}", B64.encode(head.to_string()), B64.encode(claims.to_string()))
}

fn must(command: &mut Command) {
    let output = command.output().unwrap();
    assert!(output.status.success(), "{command:?}: {}", String::from_utf8_lossy(&output.stderr));
}

fn catalogue() -> PathBuf {
    Path::new(env!("CARGO_MANIFEST_DIR")).join("../../catalogue")
}

/// A file with a secret.
fn secret(path: &Path, text: &str) {
    let file = OpenOptions::new().write(true).create_new(true).mode(0o600).open(path);
    file.unwrap().write_all(text.as_bytes()).unwrap();
}

fn configuration(home: &Path, database: &Database, broker: &Ed25519KeyPair) -> PathBuf {
    for (kind, name) in [
        (&["person-numbers"][..], "numbers.key"),
        (&["receipts"], "receipts.key"),
        (&["tokens"], "tokens.pem"),
        (&["log", "--name", "127.0.0.1/log"], "log.key"),
    ] {
        must(Command::new(TILLID).arg("keygen").args(kind).arg(home.join(name)));
    }
    let quoted = |path: &Path| format!("\"{}\"", path.display());
    let at = |name: &str| quoted(&home.join(name));
    let place = match &database.address {
        Address::Sqlite(file) => format!("sqlite = {}", quoted(file)),
        Address::Postgres(url) => {
            secret(&home.join("url"), url);
            format!("postgres_url_file = {}", at("url"))
        }
    };
    let x = B64.encode(broker.public_key().as_ref());
    let key = json!({"kty": "OKP", "crv": "Ed25519", "alg": "EdDSA", "use": "sig", "kid": "broker", "x": x});
    fs::write(home.join("broker.jwks.json"), json!({"keys": [key]}).to_string()).unwrap();
    let authorities = fs::read_to_string(catalogue().join("authorities.toml")).unwrap();
    let authorities = authorities.lines().filter(|line| !line.starts_with("kind"));
    let authorities: String = authorities.flat_map(|line| [line, "\n"]).collect();
    let text = format!(
        "base_url = \"{BASE}\"\nlisten = \"127.0.0.1:0\"\ninternal_listen = \"127.0.0.1:0\"\n\n\
         [database]\n{place}\nmigrate_on_start = true\n\n\
         [keys]\nperson_numbers = [{}]\nreceipts = {}\nlog = [{}]\ntokens = [{}]\n\n[tokens]\nlifetime_seconds = 600\n\n\
         [[issuers]]\nissuer = \"{ISSUER}\"\naudience = \"{BASE}\"\njwks_file = {}\neveryone = true\n\
         roles = {{ systemadministrator = \"system_administrator\" }}\n\n{authorities}",
        at("numbers.key"),
        at("receipts.key"),
        at("log.key"),
        at("tokens.pem"),
        at("broker.jwks.json"),
    );
    let file = home.join("tillid.toml");
    fs::write(&file, text).unwrap();
    file
}
