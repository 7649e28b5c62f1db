//! The process is killed under concurrent load, on both engines: no acknowledged write is lost, none is doubled by a retry, no
//! revoked power can be used, and the journal still says what the tables say.
//!
//! `kill -9` leaves the page cache alone, so this shows that answers come after commits; `fsync.rs` shows that commits are flushed.
//!
//! Negative controls: a proxy that acknowledges revocations before they are made (`early.rs`), and a mandate that nobody was told of.

use super::{
    early::Early,
    ledger::{Effect, Ledger},
};
use crate::support::Tillid;
use serde_json::{Value, json};
use std::{
    collections::hash_map::RandomState,
    hash::{BuildHasher, Hasher},
    process::Command,
    sync::{
        Arc, Mutex,
        atomic::{AtomicUsize, Ordering},
    },
};
use tillid_testkit::{Administrator, Engine};

const CLIENTS: usize = 16;
/// Everybody who is old enough to give a mandate, without the caseworker: nobody acts in their own case.
const PEOPLE: [&str; 13] =
    ["anna", "bo", "dorte", "erik", "finn", "gitte", "inge", "niels", "jens", "karin", "ole", "lars", "mona"];

/// A change as it is sent, once or again.
#[derive(Clone)]
struct Step {
    by: String,
    path: String,
    body: Option<Value>,
    key: String,
    effect: Effect,
}

/// What all clients of a round share.
struct Round {
    tillid: Tillid,
    /// At how many acknowledgements the process is killed.
    fatal: usize,
    acks: AtomicUsize,
    busy: AtomicUsize,
    repeated: AtomicUsize,
    ledger: Mutex<Ledger>,
    unknown: Mutex<Vec<Step>>,
    made: Mutex<Vec<(Step, Value)>>,
}

/// One who gives, and one who may act.
struct Pair {
    grantor: Value,
    representative: Value,
    by_grantor: String,
    by_representative: String,
    acting: String,
}

/// What the rounds of one engine came to.
#[derive(Default)]
struct Tally {
    rounds: usize,
    acknowledged: usize,
    unknown: usize,
    /// Rows that the database had although their answers never arrived: what a retry could double.
    unseen: usize,
    busy: usize,
    /// Changes that were sent again while the process lived.
    repeated: usize,
}

impl Round {
    /// Sends a change until something other than "try again" comes back; `None` when the outcome is unknown.
    async fn make(&self, step: Step) -> Option<Value> {
        // One answer in eight is lost on its way, whatever it was; the change is sent again like one of unknown outcome.
        if chance().is_multiple_of(8) && send(&self.tillid, &step).await.is_some() {
            self.repeated.fetch_add(1, Ordering::Relaxed);
        }
        let answer = loop {
            match send(&self.tillid, &step).await {
                // The proxy's word for a service that is gone.
                None | Some((502, _)) => {
                    self.unknown.lock().expect("steps").push(step);
                    return None;
                }
                Some((503, _)) => self.busy.fetch_add(1, Ordering::Relaxed),
                Some((200 | 201, answer)) => break answer,
                Some((status, answer)) => panic!("{}: {status} {answer}", step.path),
            };
        };
        self.ledger.lock().expect("the ledger").book(step.effect, &step.path, &answer);
        self.made.lock().expect("steps").push((step, answer.clone()));
        self.acknowledged();
        Some(answer)
    }

    /// Counts an answer that has arrived; the process dies at one of them, while others are under way.
    fn acknowledged(&self) {
        if self.acks.fetch_add(1, Ordering::SeqCst) + 1 == self.fatal {
            let killed = Command::new("kill").args(["-KILL", &self.tillid.pid().to_string()]).status();
            assert!(killed.expect("kill").success());
        }
    }

    /// One client, until the process is gone.
    async fn client(&self, number: usize, pair: &Pair, hans: &str, until: &str) {
        for turn in 0.. {
            if self.mandate(number, turn, pair, until).await.is_none()
                || self.consent(turn, pair, hans).await.is_none()
            {
                return;
            }
        }
    }

    async fn mandate(&self, number: usize, turn: usize, pair: &Pair, until: &str) -> Option<()> {
        let about = json!({"mandate": {"representative": {"cpr": pair.representative["cpr"]}, "packages": ["M14"], "valid_until": until}});
        let shown = self
            .make(post(&pair.by_grantor, "/v1/presentations", json!({"about": about}), Effect::Shown))
            .await?;
        let give =
            post(&pair.by_grantor, "/v1/mandates", json!({"presentation_id": shown["id"]}), Effect::Given);
        let mandate = self.make(give).await?["id"].as_str().expect("an id").to_owned();
        // Every fourth pair keeps some.
        if number.is_multiple_of(4) && turn.is_multiple_of(3) {
            return Some(());
        }
        let (by, how, effect) = if turn.is_multiple_of(2) {
            (&pair.by_grantor, "revoke", Effect::Revoked)
        } else {
            (&pair.by_representative, "renounce", Effect::Renounced)
        };
        self.make(bare(by, format!("/v1/mandates/{mandate}/{how}"), effect)).await?;
        Some(())
    }

    async fn consent(&self, turn: usize, pair: &Pair, hans: &str) -> Option<()> {
        let case = format!("27.36.04-2026-{turn}");
        let asked = json!({"person": {"cpr": pair.grantor["cpr"]}, "consent_type": "C02", "case": case});
        let request =
            self.make(post(hans, "/v1/consent-requests", asked, Effect::Asked)).await?["id"].clone();
        let about = json!({"about": {"request": request}});
        let shown = self.make(post(&pair.by_grantor, "/v1/presentations", about, Effect::Shown)).await?;
        let document: Value =
            serde_json::from_str(shown["document"].as_str().expect("a document")).expect("json");
        let items = document["items"].as_array().expect("items").iter().enumerate();
        let answers: Vec<Value> =
            items.map(|(n, item)| json!({"item": item["code"], "given": n < 2})).collect();
        let body = json!({"presentation_id": shown["id"], "answers": answers});
        let path = format!("/v1/consent-requests/{}/answer", request.as_str().expect("an id"));
        let declaration = self.make(post(&pair.by_grantor, &path, body, Effect::Answered)).await?;
        let consent = declaration["consents"][0]["id"].as_str().expect("an id");
        self.make(bare(&pair.by_grantor, format!("/v1/consents/{consent}/withdraw"), Effect::Withdrawn))
            .await?;
        self.look_up(pair, hans, &case).await
    }

    /// A look-up takes no key; asked again, it is another one.
    async fn look_up(&self, pair: &Pair, hans: &str, case: &str) -> Option<()> {
        let body =
            json!({"person": {"cpr": pair.grantor["cpr"]}, "purpose": "case_processing", "case": case});
        let answer = self.tillid.post("/v1/lookups").by(hans).json(&body).try_send().await;
        let mut ledger = self.ledger.lock().expect("the ledger");
        match answer.map(|answer| (answer.status.as_u16(), answer.json())) {
            Some((201, found)) => ledger.book_lookup(&found),
            Some((503, _)) => ledger.unknown_lookups += 1,
            Some((status, answer)) if status != 502 => panic!("look-up: {status} {answer}"),
            _ => {
                ledger.unknown_lookups += 1;
                return None;
            }
        }
        drop(ledger);
        self.acknowledged();
        Some(())
    }
}

fn post(by: &str, path: &str, body: Value, effect: Effect) -> Step {
    Step {
        by: by.to_owned(),
        path: path.to_owned(),
        body: Some(body),
        key: format!("{:016x}", chance()),
        effect,
    }
}

fn bare(by: &str, path: String, effect: Effect) -> Step {
    Step { by: by.to_owned(), path, body: None, key: format!("{:016x}", chance()), effect }
}

/// The status and the body; `None` when the connection broke.
async fn send(tillid: &Tillid, step: &Step) -> Option<(u16, Value)> {
    let ask = tillid.post(&step.path).by(&step.by).header("idempotency-key", &step.key);
    let ask = match &step.body {
        Some(body) => ask.json(body),
        None => ask,
    };
    let answer = ask.try_send().await?;
    Some((answer.status.as_u16(), answer.json()))
}

/// Sends a change again that has been made, or may have been. It is there once, whichever it was.
async fn again(tillid: &Tillid, step: &Step) -> Value {
    loop {
        match send(tillid, step).await.expect("an answer") {
            (503, _) => {}
            (200 | 201, answer) => return answer,
            (status, answer) => panic!("sent again, {}: {status} {answer}", step.path),
        }
    }
}

/// A number that nobody can foresee.
fn chance() -> u64 {
    RandomState::new().build_hasher().finish()
}

async fn pairs(tillid: &Tillid) -> Vec<Arc<Pair>> {
    let people = tillid.get("/sandbox/people").send().await.expect(200).json();
    let somebody = |key: &str| {
        people["items"].as_array().expect("people").iter().find(|p| p["key"] == key).expect(key).clone()
    };
    let mut pairs = Vec::with_capacity(CLIENTS);
    for number in 0..CLIENTS {
        let grantor = PEOPLE[number % PEOPLE.len()];
        let representative = PEOPLE[(number + 1 + number / PEOPLE.len()) % PEOPLE.len()];
        pairs.push(Arc::new(Pair {
            grantor: somebody(grantor),
            representative: somebody(representative),
            by_grantor: tillid.token_of(json!({"person": grantor, "identity": "private"})).await,
            by_representative: tillid
                .token_of(json!({"person": representative, "identity": "private"}))
                .await,
            acting: tillid.token_for(representative, grantor).await,
        }));
    }
    pairs
}

/// An installation, and everything that it has promised so far.
struct Installation {
    tillid: Tillid,
    pairs: Vec<Arc<Pair>>,
    ledger: Ledger,
    tally: Tally,
}

impl Installation {
    async fn new(engine: Engine) -> Self {
        let tillid = Tillid::demo(engine).await;
        let pairs = pairs(&tillid).await;
        Self { tillid, pairs, ledger: Ledger::default(), tally: Tally::default() }
    }

    /// Sixteen clients work until the process is killed in the middle of it; then it is started again, and every change whose
    /// outcome nobody knows is sent again.
    async fn round(self, fatal: usize, database: &mut Administrator) -> Self {
        let Self { tillid, pairs, ledger, mut tally } = self;
        let (hans, until) = (tillid.token("hans").await, super::in_a_year(&tillid).await);
        let round = Arc::new(Round {
            tillid,
            fatal,
            acks: AtomicUsize::new(0),
            busy: AtomicUsize::new(0),
            repeated: AtomicUsize::new(0),
            ledger: Mutex::new(ledger),
            unknown: Mutex::default(),
            made: Mutex::default(),
        });
        let clients: Vec<_> = (0..CLIENTS)
            .map(|number| {
                let (round, pair, hans, until) =
                    (round.clone(), pairs[number].clone(), hans.clone(), until.clone());
                tokio::spawn(async move { round.client(number, &pair, &hans, &until).await })
            })
            .collect();
        for client in clients {
            client.await.expect("a client");
        }
        let round = Arc::into_inner(round).expect("every client has ended");
        let tillid = round.tillid.again();
        let mut ledger = round.ledger.into_inner().expect("the ledger");
        let unknown = round.unknown.into_inner().expect("steps");
        tally.unseen += ledger.faults(engine_of(&tillid), database).await.len();
        for step in &unknown {
            let answer = again(&tillid, step).await;
            assert_eq!(made(&answer), made(&again(&tillid, step).await), "{}", step.path);
            ledger.book(step.effect, &step.path, &answer);
        }
        // What was acknowledged answers the same when it is sent again.
        for (step, answer) in round.made.into_inner().expect("steps").iter().rev().take(CLIENTS) {
            assert_eq!(made(answer), made(&again(&tillid, step).await), "{}", step.path);
        }
        tally.rounds += 1;
        tally.acknowledged += round.acks.into_inner();
        tally.unknown += unknown.len();
        tally.busy += round.busy.into_inner();
        tally.repeated += round.repeated.into_inner();
        Self { tillid, pairs, ledger, tally }
    }

    /// Everything that is not as promised.
    async fn faults(&self, database: &mut Administrator) -> Vec<String> {
        let mut faults = self.ledger.faults(engine_of(&self.tillid), database).await;
        for pair in &self.pairs {
            let answer = self.tillid.get("/v1/overview").by(&pair.acting).send().await;
            let (grantor, representative) = (&pair.grantor["person_id"], &pair.representative["person_id"]);
            match (answer.status.as_u16(), self.ledger.may_act(grantor, representative)) {
                (200, true) | (403, false) => {}
                (status, promised) => faults
                    .push(format!("power: {grantor} to {representative} is {status}, promised {promised}")),
            }
        }
        faults
    }
}

fn engine_of(tillid: &Tillid) -> Engine {
    if tillid.sqlite_file().is_some() { Engine::Sqlite } else { Engine::Postgres }
}

/// What an answer says was made: one thing, or the consents of a declaration.
fn made(answer: &Value) -> Vec<Value> {
    match answer["consents"].as_array() {
        Some(consents) => consents.iter().map(|consent| consent["id"].clone()).collect(),
        None => vec![answer["id"].clone()],
    }
}

/// How often the process of one engine is killed.
#[expect(clippy::disallowed_methods, reason = "the long form of a test is asked for from outside")]
fn rounds() -> usize {
    std::env::var("TILLID_KILL_ROUNDS").map_or(4, |rounds| rounds.parse().expect("a number of rounds"))
}

async fn nothing_is_lost_or_doubled(engine: Engine) {
    let mut installation = Installation::new(engine).await;
    let mut database = installation.tillid.administrator().await;
    for number in 1..=rounds() {
        let fatal = 50 + usize::try_from(chance() % 300).expect("it is small");
        installation = installation.round(fatal, &mut database).await;
        let faults = installation.faults(&mut database).await;
        assert_eq!(faults, Vec::<String>::new(), "round {number}, killed at {fatal}");
        let (code, words) = installation.tillid.verify();
        assert_eq!(code, 0, "round {number}, killed at {fatal}: {words}");
    }
    let Tally { rounds, acknowledged, unknown, unseen, busy, repeated } = installation.tally;
    println!(
        "{engine:?}: {rounds} kills; {acknowledged} acknowledged, {repeated} of them sent twice, {busy} told to try again; \
         {unknown} unknown and resolved ({unseen} rows were there already); {} rows promised and found",
        installation.ledger.len()
    );
    assert!(unknown >= rounds, "requests are under way when the process dies");
    // The checker does see what is there without anybody having been told.
    installation.ledger.forget_a_mandate();
    let faults = installation.faults(&mut database).await;
    assert!(faults.iter().any(|fault| fault.starts_with("doubled: mandate")), "{faults:?}");
}

/// The control: with acknowledgements before the commit, the same rounds and the same checker find lost revocations, and powers
/// that can still be used. `verify` does not: nothing that is in the journal is wrong.
async fn early_acknowledgements_are_caught(engine: Engine) {
    let mut installation = Installation::new(engine).await;
    let mut database = installation.tillid.administrator().await;
    let early = Early::before(&installation.tillid.base).await;
    installation.tillid.base.clone_from(&early.base);
    let mut installation = installation.round(150, &mut database).await;
    drop(early);
    // Pairs that keep no mandate show the power most clearly; the ledger has the exact ids.
    let faults = installation.faults(&mut database).await;
    let lost = faults.iter().filter(|fault| fault.ends_with("was revoked and is given")).count();
    let usable = faults.iter().filter(|fault| fault.starts_with("power: ")).count();
    println!(
        "{engine:?}: {lost} of the revocations acknowledged early were lost, {usable} powers could still be used"
    );
    assert!(lost > 0 && usable > 0, "{faults:?}");
    assert_eq!(lost + usable, faults.len(), "{faults:?}");
    let (code, words) = installation.tillid.verify();
    assert_eq!(code, 0, "{words}");
    // The same installation without the proxy loses nothing more.
    installation = installation.round(60, &mut database).await;
    let later = installation.faults(&mut database).await;
    assert_eq!(later.iter().filter(|fault| fault.starts_with("lost")).count(), lost, "{later:?}");
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn no_acknowledged_write_is_lost_or_doubled_by_kills_on_sqlite() {
    nothing_is_lost_or_doubled(Engine::Sqlite).await;
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn no_acknowledged_write_is_lost_or_doubled_by_kills_on_postgresql() {
    nothing_is_lost_or_doubled(Engine::Postgres).await;
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn revocations_acknowledged_before_the_commit_are_caught_on_sqlite() {
    early_acknowledgements_are_caught(Engine::Sqlite).await;
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn revocations_acknowledged_before_the_commit_are_caught_on_postgresql() {
    early_acknowledgements_are_caught(Engine::Postgres).await;
}
