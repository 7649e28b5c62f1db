//! A witness process, its folder and its keys.

use crate::support::TILLID;
use aws_lc_rs::signature::Ed25519KeyPair;
use reqwest::Client;
use std::{
    fs::{self, OpenOptions},
    io::{BufRead, BufReader},
    path::PathBuf,
    process::{Child, Command, Output, Stdio},
    time::Duration,
};
use tempfile::TempDir;
use tillid_log::{Algorithm, Checkpoint, KeyName, Note, Signer, VerifierKey};

/// The name of every witness here.
pub(crate) const NAME: &str = "witness.example/w1";
pub(crate) const ORIGIN: &str = "log.example/one";

/// A witness that can be started and started again.
pub(crate) struct Setup {
    pub(crate) home: TempDir,
    /// Its public keys: Ed25519, ML-DSA-44.
    pub(crate) keys: Vec<VerifierKey>,
}

/// A running one.
pub(crate) struct Witness {
    child: Child,
    pub(crate) url: String,
    client: Client,
    own: Vec<VerifierKey>,
}

/// An answer: status, type of content, body.
pub(crate) type Answer = (u16, String, String);

/// A key of a log, made here.
pub(crate) fn log_key(origin: &str) -> Signer {
    let pair = Ed25519KeyPair::generate().expect("a key");
    let name: KeyName = origin.parse().expect("a name");
    Signer::ed25519(name, Algorithm::Ed25519, pair.to_pkcs8().expect("pkcs8").as_ref()).expect("a signer")
}

impl Setup {
    /// Keys, and the logs to watch.
    pub(crate) fn new(logs: &[VerifierKey]) -> Self {
        Self::named(NAME, logs)
    }

    pub(crate) fn named(name: &str, logs: &[VerifierKey]) -> Self {
        let home = tempfile::tempdir().expect("a folder");
        let mut keys = Vec::new();
        for (file, more) in [("ed", None), ("pq", Some("--post-quantum"))] {
            let path = home.path().join(file);
            let made = Command::new(TILLID)
                .args(["keygen", "witness", "--name", name])
                .args(more)
                .arg(&path)
                .output();
            let made = made.expect("keygen");
            assert!(made.status.success(), "{}", String::from_utf8_lossy(&made.stderr));
            let text =
                fs::read_to_string(home.path().join(format!("{file}.vkey"))).expect("the verifier key");
            keys.push(text.trim().parse().expect("a verifier key"));
        }
        let this = Self { home, keys };
        this.watch(logs);
        this
    }

    /// Writes the policy.
    pub(crate) fn watch(&self, logs: &[VerifierKey]) {
        let lines: Vec<String> = logs.iter().map(|key| format!("log {key}\n")).collect();
        fs::write(self.home.path().join("logs"), format!("{}quorum none\n", lines.concat()))
            .expect("a policy");
    }

    pub(crate) fn state(&self) -> PathBuf {
        self.home.path().join("state")
    }

    /// Where the newest checkpoint of that log is.
    pub(crate) fn file(&self, origin: &str) -> PathBuf {
        self.state().join(format!("{}.checkpoint", hash(origin)))
    }

    fn command(&self, wrapper: &[String], listen: &str, init: bool) -> Command {
        let mut words = wrapper.to_vec();
        words.extend([TILLID, "--log", "info", "witness", "--listen", listen].map(str::to_owned));
        let mut command = Command::new(&words[0]);
        command.args(&words[1..]).args(["--name", self.keys[0].name().as_ref()]);
        for (option, file) in [("--key", "ed"), ("--key", "pq"), ("--logs", "logs"), ("--state", "state")] {
            command.arg(option).arg(self.home.path().join(file));
        }
        if init {
            command.arg("--init");
        }
        command.stdin(Stdio::null());
        command
    }

    /// Starts it for the first time.
    pub(crate) fn first(&self) -> Witness {
        self.spawn(&[], "127.0.0.1:0", true)
    }

    /// Starts it again.
    pub(crate) fn start(&self) -> Witness {
        self.spawn(&[], "127.0.0.1:0", false)
    }

    pub(crate) fn start_at(&self, listen: &str) -> Witness {
        self.spawn(&[], listen, !self.state().exists())
    }

    pub(crate) fn spawn(&self, wrapper: &[String], listen: &str, init: bool) -> Witness {
        self.try_spawn(wrapper, listen, init).unwrap_or_else(|| panic!("{}", self.log()))
    }

    /// `None` if it ended before it listened.
    pub(crate) fn try_spawn(&self, wrapper: &[String], listen: &str, init: bool) -> Option<Witness> {
        let log =
            OpenOptions::new().create(true).append(true).open(self.home.path().join("log")).expect("a log");
        let child = self.command(wrapper, listen, init).stdout(Stdio::piped()).stderr(log).spawn();
        let mut child = child.expect("the program starts");
        let mut lines = BufReader::new(child.stdout.take().expect("its output")).lines();
        let line = lines.by_ref().map_while(Result::ok).find(|line| line.starts_with("witness"));
        let Some(line) = line else {
            let _ = child.wait();
            return None;
        };
        std::thread::spawn(move || lines.for_each(drop));
        let url = line.split_whitespace().nth(1).expect("an address").to_owned();
        let client = Client::builder().timeout(Duration::from_secs(20)).build().expect("a client");
        Some(Witness { child, url, client, own: self.keys.clone() })
    }

    /// What it says when it refuses to start.
    pub(crate) fn refusal(&self, init: bool) -> String {
        let Output { status, stderr, .. } = self.command(&[], "127.0.0.1:0", init).output().expect("it runs");
        let words = String::from_utf8_lossy(&stderr).into_owned();
        assert_eq!(status.code(), Some(2), "{words}");
        words
    }

    pub(crate) fn log(&self) -> String {
        fs::read_to_string(self.home.path().join("log")).unwrap_or_default()
    }

    /// The requests that are kept as evidence.
    pub(crate) fn evidence(&self) -> Vec<String> {
        let Ok(files) = fs::read_dir(self.state().join("evidence")) else { return Vec::new() };
        let paths = files.map(|entry| entry.expect("an entry").path());
        let requests = paths.filter(|path| !path.display().to_string().ends_with(".held.txt"));
        requests.map(|path| fs::read_to_string(path).expect("a request")).collect()
    }
}

impl Witness {
    pub(crate) async fn post(&self, body: &str) -> Option<Answer> {
        let request = self.client.post(format!("{}/add-checkpoint", self.url)).body(body.to_owned());
        read(request.send().await.ok()?).await
    }

    /// The answer to a request.
    pub(crate) async fn add(&self, body: &str) -> Answer {
        self.post(body).await.expect("an answer")
    }

    pub(crate) async fn get(&self, path: &str, language: &str) -> Answer {
        let request = self.client.get(format!("{}{path}", self.url)).header("accept-language", language);
        read(request.send().await.expect("an answer")).await.expect("a body")
    }

    /// What it serves for that log, which must be signed by its keys and the log's.
    pub(crate) async fn served(&self, log: &VerifierKey) -> Option<Checkpoint> {
        let (status, _, body) = self.get(&format!("/{}/checkpoint", hash(log.name().as_ref())), "en").await;
        if status == 404 {
            return None;
        }
        let note: Note = body.parse().expect("a note");
        let keys: Vec<VerifierKey> = self.own.iter().cloned().chain([log.clone()]).collect();
        assert_eq!(note.verify(&keys).expect("good signatures").len(), 3, "{body}");
        Some(Checkpoint::from_text(note.text()).expect("a checkpoint"))
    }

    /// The checkpoint with the signatures of an answer, which must be good, one of each key.
    pub(crate) fn cosigned(&self, checkpoint: &Note, lines: &str) -> Note {
        let mut note = checkpoint.clone();
        for line in lines.split_inclusive('\n') {
            note.push(line.parse().expect("a signature line"));
        }
        let verified = note.verify(&self.own).expect("good signatures");
        assert_eq!(verified.len(), self.own.len(), "{lines}");
        note
    }

    pub(crate) fn pid(&self) -> u32 {
        self.child.id()
    }

    /// `kill -9`.
    pub(crate) fn kill(&mut self) {
        let _ = self.child.kill();
        let _ = self.child.wait();
    }

    /// Asks it to stop; whether it ended well.
    pub(crate) fn stop(mut self) -> bool {
        let asked = Command::new("kill").args(["-TERM", &self.pid().to_string()]).status().expect("kill");
        assert!(asked.success());
        self.child.wait().expect("it is gone").success()
    }

    /// Waits until it has ended by itself.
    pub(crate) fn ended(&mut self) -> Option<i32> {
        self.child.wait().expect("it is gone").code()
    }
}

impl Drop for Witness {
    fn drop(&mut self) {
        self.kill();
    }
}

async fn read(response: reqwest::Response) -> Option<Answer> {
    let status = response.status().as_u16();
    let kind = response.headers().get("content-type").map(|kind| kind.to_str().expect("text").to_owned());
    Some((status, kind.unwrap_or_default(), response.text().await.ok()?))
}

/// SHA-256 in lower-case hexadecimal.
pub(crate) fn hash(origin: &str) -> String {
    let hash = aws_lc_rs::digest::digest(&aws_lc_rs::digest::SHA256, origin.as_bytes());
    hash.as_ref().iter().map(|byte| format!("{byte:02x}")).collect::<Vec<_>>().concat()
}
