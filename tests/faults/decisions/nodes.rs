//! The processes that are asked, which die and come back meanwhile.

use crate::faults::rekey::{Installation, Running};
use reqwest::{Client, header::RETRY_AFTER};
use serde_json::{Value, json};
use std::{process::Command, sync::RwLock, time::Duration};
use tillid_testkit::Engine;
use tokio::{sync::Mutex, time::sleep};

pub(crate) const KEYS: [&str; 1] = ["numbers-1"];

/// Processes of the built program on one database.
pub(crate) struct Nodes {
    pub(crate) installation: Installation,
    running: Vec<Mutex<Running>>,
    /// Where each is asked, which may be a proxy before it.
    bases: Vec<RwLock<String>>,
    client: Client,
}

/// What came of a call.
pub(crate) enum Outcome {
    /// An answer.
    Answered(u16, Value),
    /// Nobody was there: it has not been asked.
    NotAsked,
    /// The connection broke, or the node could not say: it has been asked, and nobody knows more.
    Unknown,
}

impl Nodes {
    pub(crate) async fn new(engine: Engine, count: usize) -> Self {
        let installation = Installation::new(engine).await;
        let (mut running, mut bases) = (Vec::new(), Vec::new());
        for _ in 0..count {
            let node = installation.start(&KEYS).await;
            bases.push(RwLock::new(node.base.clone()));
            running.push(Mutex::new(node));
        }
        let client = Client::builder().timeout(Duration::from_secs(20)).build().expect("a client");
        Self { installation, running, bases, client }
    }

    pub(crate) fn count(&self) -> usize {
        self.running.len()
    }

    pub(crate) fn base(&self, node: usize) -> String {
        self.bases[node].read().expect("an address").clone()
    }

    /// From now on this node is asked there.
    pub(crate) fn is_asked_at(&self, node: usize, base: &str) {
        base.clone_into(&mut self.bases[node].write().expect("an address"));
    }

    /// Kills a node as `kill -9` does, and starts it again.
    pub(crate) async fn kill(&self, node: usize) {
        let mut running = self.running[node].lock().await;
        let killed = Command::new("kill").args(["-KILL", &running.child.id().to_string()]).status();
        assert!(killed.expect("kill").success());
        running.child.wait().expect("it is gone");
        *running = self.installation.start(&KEYS).await;
        self.is_asked_at(node, &running.base);
    }

    /// A call. One that is told to come later, because its caller has asked too much, comes later.
    pub(crate) async fn post(&self, node: usize, path: &str, token: &str, body: &Value) -> (Outcome, Times) {
        loop {
            let request = self.client.post(format!("{}{path}", self.base(node))).bearer_auth(token);
            let request = if body.is_null() { request } else { request.json(body) };
            let asked = Times::now();
            let answer = match request.send().await {
                Ok(answer) => answer,
                Err(error) if error.is_connect() => return (Outcome::NotAsked, asked),
                Err(_) => return (Outcome::Unknown, asked),
            };
            let status = answer.status().as_u16();
            if status == 429 {
                let later =
                    answer.headers().get(RETRY_AFTER).and_then(|later| later.to_str().ok()?.parse().ok());
                sleep(Duration::from_secs(later.unwrap_or(1))).await;
                continue;
            }
            // 502 is a proxy's word for a node that is gone.
            return match answer.json().await {
                Ok(body) if !matches!(status, 502 | 503) => {
                    (Outcome::Answered(status, body), asked.until_now())
                }
                _ => (Outcome::Unknown, asked),
            };
        }
    }

    /// A call that is answered with this status, by a node that is there.
    pub(crate) async fn must(
        &self,
        node: usize,
        path: &str,
        token: &str,
        body: &Value,
        status: u16,
    ) -> Value {
        match self.post(node, path, token, body).await.0 {
            Outcome::Answered(got, answer) if got == status => answer,
            Outcome::Answered(got, answer) => panic!("{path}: {got} {answer}"),
            _ => panic!("no answer to {path}"),
        }
    }

    /// Reads something.
    pub(crate) async fn get(&self, node: usize, path: &str, token: &str) -> Value {
        let answer = self.client.get(format!("{}{path}", self.base(node))).bearer_auth(token).send().await;
        let answer = answer.expect("an answer");
        assert!(answer.status().is_success(), "{path}: {}", answer.status());
        answer.json().await.expect("json")
    }

    /// A token of somebody of the sandbox; of a citizen as themselves, whatever they do for a living.
    pub(crate) async fn token(&self, person: &str, privately: bool) -> String {
        let mut order = json!({"person": person});
        if privately {
            order["identity"] = json!("private");
        }
        let answer = self.must(0, "/sandbox/tokens", "none", &order, 200).await;
        answer["access_token"].as_str().expect("a token").to_owned()
    }
}

/// When a call was asked and answered, in nanoseconds since this process first looked.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Times {
    pub(crate) asked: i64,
    /// `None` when there was no answer.
    pub(crate) answered: Option<i64>,
}

impl Times {
    fn now() -> Self {
        Self { asked: nanoseconds(), answered: None }
    }

    fn until_now(self) -> Self {
        Self { answered: Some(nanoseconds()), ..self }
    }
}

fn nanoseconds() -> i64 {
    static BEGAN: std::sync::OnceLock<std::time::Instant> = std::sync::OnceLock::new();
    let began = BEGAN.get_or_init(std::time::Instant::now);
    i64::try_from(began.elapsed().as_nanos()).expect("less than three hundred years")
}
