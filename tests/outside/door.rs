//! The service seen from the street: every answer is held against the contract that the service itself publishes.

use crate::support::{Answer, Ask, Tillid};
use reqwest::header::HeaderMap;
use serde_json::{Value, json};
use std::{
    collections::{BTreeMap, BTreeSet},
    sync::{
        Mutex,
        atomic::{AtomicU64, Ordering},
    },
};
use tillid_testkit::Engine;
use uuid::Uuid;

/// What any operation may answer without saying so: a request that cannot be read, a caller who is not known, something that is
/// away.
const COMMON: [u16; 10] = [400, 401, 404, 405, 413, 414, 415, 422, 431, 503];

/// An id that is nobody's and nothing's.
pub(crate) const UNKNOWN: &str = "0198aaaa-0000-7000-8000-00000000dead";

/// A running demo, and all that it has said so far.
pub(crate) struct Door {
    pub(crate) tillid: Tillid,
    contract: BTreeMap<String, BTreeMap<String, BTreeSet<u16>>>,
    heard: Mutex<Vec<(String, Answer)>>,
    keys: AtomicU64,
}

/// A request that is being put together.
pub(crate) struct Knock<'a> {
    door: &'a Door,
    ask: Ask<'a>,
    method: String,
    path: String,
}

impl Knock<'_> {
    pub(crate) fn by(self, token: &str) -> Self {
        Self { ask: self.ask.by(token), ..self }
    }

    pub(crate) fn header(self, name: &str, value: &str) -> Self {
        Self { ask: self.ask.header(name, value), ..self }
    }

    pub(crate) fn json(self, body: &Value) -> Self {
        Self { ask: self.ask.json(body), ..self }
    }

    pub(crate) fn bytes(self, content_type: &str, bytes: impl Into<Vec<u8>>) -> Self {
        Self { ask: self.ask.bytes(content_type, bytes.into()), ..self }
    }

    /// The answer, after it was found to be one that the contract knows.
    pub(crate) async fn send(self) -> Answer {
        let answer = self.ask.send().await;
        self.door.keep(&self.method, &self.path, &answer);
        answer
    }
}

impl Door {
    pub(crate) async fn open(engine: Engine) -> Self {
        Self::of(Tillid::demo(engine).await).await
    }

    /// The door of a service that runs already.
    pub(crate) async fn of(tillid: Tillid) -> Self {
        let document = tillid.get("/openapi.json").send().await.expect(200).json();
        let mut contract: BTreeMap<String, BTreeMap<String, BTreeSet<u16>>> = BTreeMap::new();
        for (path, operations) in document["paths"].as_object().expect("paths") {
            for (method, operation) in operations.as_object().expect("operations") {
                let listed = operation["responses"].as_object().expect("responses").keys();
                let listed = listed.map(|status| status.parse().expect("a status")).collect();
                contract.entry(path.clone()).or_default().insert(method.to_uppercase(), listed);
            }
        }
        Self { tillid, contract, heard: Mutex::default(), keys: AtomicU64::new(0) }
    }

    /// The operations of the contract: method and path.
    pub(crate) fn operations(&self) -> BTreeSet<(String, String)> {
        let pairs = |(path, methods): (&String, &BTreeMap<String, BTreeSet<u16>>)| {
            methods.keys().map(|method| (method.clone(), path.clone())).collect::<Vec<_>>()
        };
        self.contract.iter().flat_map(pairs).collect()
    }

    pub(crate) fn ask(&self, method: &str, path: &str) -> Knock<'_> {
        let ask = self.tillid.ask(method, path);
        Knock { door: self, ask, method: method.to_owned(), path: path.to_owned() }
    }

    pub(crate) fn get(&self, path: &str) -> Knock<'_> {
        self.ask("GET", path)
    }

    /// A change, with a key of its own.
    pub(crate) fn post(&self, path: &str) -> Knock<'_> {
        let key = format!("door-{}", self.keys.fetch_add(1, Ordering::Relaxed));
        self.ask("POST", path).header("idempotency-key", &key)
    }

    /// Every request line so far, and what was answered.
    pub(crate) fn heard(&self) -> Vec<(String, Answer)> {
        self.heard.lock().expect("the list").clone()
    }

    fn keep(&self, method: &str, path: &str, answer: &Answer) {
        let line: String = format!("{method} {path}").chars().take(200).collect();
        self.must_be_proper(&line, method, path, answer);
        self.heard.lock().expect("the list").push((line, answer.clone()));
    }

    fn must_be_proper(&self, line: &str, method: &str, path: &str, answer: &Answer) {
        let status = answer.status.as_u16();
        let text = String::from_utf8_lossy(&answer.body);
        assert!(status < 500, "{line} broke: {status} {text}");
        let told = |name: &str| answer.headers.get(name).and_then(|v| v.to_str().ok()).unwrap_or_default();
        assert!(!told("x-request-id").is_empty(), "{line}: no request id");
        assert_eq!(told("x-content-type-options"), "nosniff", "{line}");
        let plain = path.split('?').next().unwrap_or_default();
        if plain == "/openapi.json" || plain.starts_with("/docs") {
            return;
        }
        let found = self.contract.iter().find(|(template, _)| fits(template, plain));
        let listed = found.and_then(|(_, methods)| methods.get(method));
        let known = COMMON.contains(&status) || listed.is_some_and(|l| l.contains(&status));
        assert!(known, "{line}: the contract lists {listed:?}, not {status}: {text}");
        // AuthZEN, OAuth and the log speak as their specifications say.
        let of_authzen = plain.starts_with("/access/v1/");
        let of_oauth = plain.starts_with("/oauth2/") || plain == "/.well-known/oauth-authorization-server";
        let of_log = plain.starts_with("/log/") && plain != "/log/keys";
        if status >= 400 && !of_log && !of_oauth && !of_authzen {
            let problem = answer.json();
            let code = problem["code"].as_str().unwrap_or_else(|| panic!("{line}: no problem: {text}"));
            assert_eq!(problem["type"], format!("/problems/{code}"), "{line}");
            assert_eq!(problem["status"], status, "{line}");
            assert_eq!(told("content-type"), "application/problem+json", "{line}");
        }
        if !of_log && (!of_oauth || status >= 400) {
            assert_eq!(told("cache-control"), "no-store", "{line}");
        }
    }
}

/// Whether a path could be one of this template.
fn fits(template: &str, path: &str) -> bool {
    let (mut ours, mut theirs) = (template.split('/'), path.split('/'));
    loop {
        match (ours.next(), theirs.next()) {
            (None, None) => return true,
            (Some("{path}"), Some(_)) => return true,
            (Some(a), Some(b)) if a == b || (a.starts_with('{') && !b.is_empty()) => {}
            _ => return false,
        }
    }
}

/// What tells two answers apart: the status, the headers without those that differ from call to call, and the body.
pub(crate) fn face(answer: &Answer) -> (u16, Vec<(String, String)>, String) {
    let shown = |headers: &HeaderMap| {
        let mut lines: Vec<(String, String)> = headers
            .iter()
            .filter(|(name, _)| !["x-request-id", "date", "ratelimit"].contains(&name.as_str()))
            .map(|(name, value)| (name.to_string(), value.to_str().unwrap_or("?").to_owned()))
            .collect();
        lines.sort();
        lines
    };
    (answer.status.as_u16(), shown(&answer.headers), String::from_utf8_lossy(&answer.body).into_owned())
}

pub(crate) const CASE: &str = "27.36.04-2026-17";

/// What people of the demo do to set a scene; each step must go well.
impl Door {
    pub(crate) async fn token(&self, person: &str) -> String {
        self.tillid.token(person).await
    }

    pub(crate) async fn cpr(&self, person: &str) -> String {
        self.tillid.somebody(person).await["cpr"].as_str().expect("a number").to_owned()
    }

    pub(crate) async fn person_id(&self, person: &str) -> String {
        self.tillid.somebody(person).await["person_id"].as_str().expect("an id").to_owned()
    }

    async fn made(&self, path: &str, token: &str, body: &Value) -> Value {
        self.post(path).by(token).json(body).send().await.expect(201).json()
    }

    /// A caseworker asks a person; the id of the request.
    pub(crate) async fn asked(&self, staff: &str, cpr: &str, code: &str) -> String {
        let body = json!({"person": {"cpr": cpr}, "consent_type": code, "case": CASE});
        id(&self.made("/v1/consent-requests", staff, &body).await["id"])
    }

    /// Somebody is shown something: the id of the presentation, and the codes of the specific consents in it.
    pub(crate) async fn shown(&self, token: &str, about: Value) -> (String, Vec<String>) {
        let shown = self.made("/v1/presentations", token, &json!({"about": about})).await;
        let document: Value =
            serde_json::from_str(shown["document"].as_str().expect("a document")).expect("json");
        let items = document["items"].as_array().cloned().unwrap_or_default();
        (id(&shown["id"]), items.iter().map(|i| id(&i["code"])).collect())
    }

    /// A person says yes to the first and no to the rest: the ids of the consents.
    pub(crate) async fn answered(&self, token: &str, request: &str) -> Vec<String> {
        let (presentation, items) = self.shown(token, json!({"request": request})).await;
        let path = format!("/v1/consent-requests/{request}/answer");
        ids(&self.made(&path, token, &answers(&presentation, &items)).await["consents"])
    }

    /// A person consents unasked: the ids of the consents.
    pub(crate) async fn given(&self, token: &str, code: &str) -> Vec<String> {
        let (presentation, items) = self.shown(token, json!({"consent": {"consent_type": code}})).await;
        ids(&self.made("/v1/consents", token, &answers(&presentation, &items)).await["consents"])
    }

    /// What is to be shown before a mandate is given.
    pub(crate) async fn mandate_to(&self, cpr: &str, package: &str) -> Value {
        json!({"mandate": {"representative": {"cpr": cpr}, "packages": [package], "valid_until": self.in_half_a_year().await}})
    }

    /// A person gives a mandate: its id.
    pub(crate) async fn mandated(&self, token: &str, cpr: &str, package: &str) -> String {
        let (presentation, _) = self.shown(token, self.mandate_to(cpr, package).await).await;
        id(&self.made("/v1/mandates", token, &json!({"presentation_id": presentation})).await["id"])
    }

    /// Somebody asks for a power of attorney: the id of the request.
    pub(crate) async fn asked_for_mandate(&self, token: &str, cpr: &str, package: &str) -> String {
        let body = json!({"grantor": {"cpr": cpr}, "packages": [package]});
        id(&self.made("/v1/mandate-requests", token, &body).await["id"])
    }

    /// Somebody looks a person up: the id of the look-up.
    pub(crate) async fn looked_up(&self, token: &str, cpr: &str, purpose: &str) -> String {
        let body = json!({"person": {"cpr": cpr}, "purpose": purpose, "case": CASE});
        id(&self.made("/v1/lookups", token, &body).await["lookup_id"])
    }

    /// A draft of the next version of a consent type: its number.
    pub(crate) async fn drafted(&self, token: &str, shelf: &str, code: &str) -> u64 {
        let body = self.definition(shelf, code).await;
        let drafted = self.made(&format!("/v1/{shelf}"), token, &body).await;
        drafted["version"].as_u64().unwrap_or_else(|| panic!("{drafted}"))
    }

    /// The definition of an entry of a catalogue that is in use.
    pub(crate) async fn definition(&self, shelf: &str, code: &str) -> Value {
        self.get(&format!("/v1/{shelf}/{code}")).send().await.expect(200).json()["definition"].clone()
    }

    pub(crate) async fn now(&self) -> String {
        id(&self.get("/sandbox/clock").send().await.expect(200).json()["now"])
    }

    pub(crate) async fn in_half_a_year(&self) -> String {
        let now = self.now().await;
        let year: i32 = now[..4].parse().expect("a year");
        let month: i32 = now[5..7].parse().expect("a month");
        let months = month + 6;
        format!("{}-{:02}-01", year + (months - 1) / 12, (months - 1) % 12 + 1)
    }

    pub(crate) async fn turned(&self, period: &str) {
        self.post("/sandbox/clock").json(&json!({"advance": period})).send().await.expect(200);
    }

    /// How many events the journal holds, by what `verify` says, which must be that all is well.
    pub(crate) fn events(&self) -> u64 {
        let (code, words) = self.tillid.verify();
        assert_eq!(code, 0, "{words}");
        let count = words.split_whitespace().skip_while(|w| *w != "verified:").nth(1);
        count.and_then(|c| c.parse().ok()).unwrap_or_else(|| panic!("{words}"))
    }
}

/// A yes to the first, a no to the rest.
pub(crate) fn answers(presentation: &str, items: &[String]) -> Value {
    let answers: Vec<Value> =
        items.iter().enumerate().map(|(n, item)| json!({"item": item, "given": n == 0})).collect();
    json!({"presentation_id": presentation, "answers": answers})
}

#[track_caller]
pub(crate) fn id(value: &Value) -> String {
    value.as_str().expect("a text").to_owned()
}

pub(crate) fn ids(list: &Value) -> Vec<String> {
    list.as_array().expect("a list").iter().map(|thing| id(&thing["id"])).collect()
}

/// Another unknown id for each number.
pub(crate) fn nothing(n: u128) -> String {
    Uuid::from_u128(0x0198_aaaa_0000_7000_8000_0001_0000_0000 + n).to_string()
}
