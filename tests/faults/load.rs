//! Sixteen clients who give and take back mandates and consents and look people up, until the process is gone or they are told that
//! it is enough. What is answered is booked in a ledger.

use super::{
    history::History,
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
        atomic::{AtomicBool, AtomicUsize, Ordering},
    },
    time::{Duration, Instant, SystemTime},
};
use tillid_testkit::{Administrator, Engine};

const CLIENTS: usize = 16;
/// How long anybody may be told to try again.
const RECOVERS: Duration = Duration::from_mins(1);
/// Everybody who is old enough to give a mandate, without the caseworker: nobody acts in their own case. Nobody comes
/// after whom they guard: such a pair may act without a mandate.
const PEOPLE: [&str; 13] =
    ["anna", "bo", "dorte", "erik", "gitte", "finn", "inge", "niels", "jens", "karin", "ole", "lars", "mona"];

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
pub(crate) struct Round {
    pub(crate) tillid: Tillid,
    /// At how many acknowledgements the process is killed.
    fatal: usize,
    /// From then on nobody asks for more.
    pub(crate) enough: AtomicBool,
    pub(crate) acks: AtomicUsize,
    /// When what was acknowledged had been asked, and what it was.
    pub(crate) asked: Mutex<Vec<(SystemTime, String)>>,
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

impl Round {
    /// Sends a change until something other than "try again" comes back; `None` when the outcome is unknown.
    async fn make(&self, step: Step) -> Option<Value> {
        if self.enough.load(Ordering::SeqCst) {
            return None;
        }
        // One answer in eight is lost on its way, whatever it was; the change is sent again like one of unknown outcome.
        if chance().is_multiple_of(8) && send(&self.tillid, &step).await.is_some() {
            self.repeated.fetch_add(1, Ordering::Relaxed);
        }
        let began = Instant::now();
        let (asked, answer) = loop {
            assert!(began.elapsed() < RECOVERS, "{}: told to try again for {RECOVERS:?}", step.path);
            let asked = now();
            match send(&self.tillid, &step).await {
                // The proxy's word for a service that is gone.
                None | Some((502, _)) => {
                    self.unknown.lock().expect("steps").push(step);
                    return None;
                }
                Some((503, _)) => self.busy.fetch_add(1, Ordering::Relaxed),
                Some((200 | 201, answer)) => break (asked, answer),
                Some((status, answer)) => panic!("{}: {status} {answer}", step.path),
            };
        };
        self.ledger.lock().expect("the ledger").book(step.effect, &step.path, &answer);
        self.acknowledged(asked, &step.path);
        self.made.lock().expect("steps").push((step, answer.clone()));
        Some(answer)
    }

    /// Counts an answer that has arrived; the process dies at one of them, while others are under way.
    fn acknowledged(&self, asked: SystemTime, path: &str) {
        self.asked.lock().expect("times").push((asked, path.to_owned()));
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
        if self.enough.load(Ordering::SeqCst) {
            return None;
        }
        let asked = now();
        let body =
            json!({"person": {"cpr": pair.grantor["cpr"]}, "purpose": "case_processing", "case": case});
        let answer = self.tillid.post("/v1/lookups").by(hans).json(&body).try_send().await;
        let mut ledger = self.ledger.lock().expect("the ledger");
        match answer.map(|answer| (answer.status.as_u16(), answer.json())) {
            Some((201, found)) => ledger.book_lookup(&found),
            Some((503, _)) => {
                ledger.unknown_lookups += 1;
                return Some(());
            }
            Some((status, answer)) if status != 502 => panic!("look-up: {status} {answer}"),
            _ => {
                ledger.unknown_lookups += 1;
                return None;
            }
        }
        drop(ledger);
        self.acknowledged(asked, "/v1/lookups");
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

#[expect(clippy::disallowed_methods, reason = "held against the times that another program writes down")]
fn now() -> SystemTime {
    SystemTime::now()
}

/// A number that nobody can foresee.
pub(crate) fn chance() -> u64 {
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

/// What the rounds of one engine came to.
#[derive(Default)]
pub(crate) struct Tally {
    pub(crate) rounds: usize,
    pub(crate) acknowledged: usize,
    pub(crate) unknown: usize,
    /// Rows that the database had although their answers never arrived: what a retry could double.
    pub(crate) unseen: usize,
    pub(crate) busy: usize,
    /// Changes that were sent again while the process lived.
    pub(crate) repeated: usize,
}

/// An installation, and everything that it has promised so far.
pub(crate) struct Installation {
    pub(crate) tillid: Tillid,
    pairs: Vec<Arc<Pair>>,
    pub(crate) ledger: Ledger,
    pub(crate) tally: Tally,
    /// What its log has shown, in all its lives.
    pub(crate) history: History,
}

/// One on which nobody works any more; its process may be gone.
pub(crate) struct Stopped {
    pub(crate) round: Round,
    pairs: Vec<Arc<Pair>>,
    tally: Tally,
    history: History,
}

impl Installation {
    pub(crate) async fn new(engine: Engine) -> Self {
        let tillid = Tillid::demo(engine).await;
        let pairs = pairs(&tillid).await;
        let history = History::watch(&tillid.base).await;
        Self { tillid, pairs, ledger: Ledger::default(), tally: Tally::default(), history }
    }

    /// Sixteen clients work until the process is killed in the middle of it; then it is started again, and every change whose
    /// outcome nobody knows is sent again.
    pub(crate) async fn round(self, fatal: usize, database: &mut Administrator) -> Self {
        let mut stopped = self.work(fatal, async |_| {}).await;
        stopped.round.tillid = stopped.round.tillid.again();
        stopped.go_on(database).await
    }

    /// Sixteen clients work until the process is gone, which is killed at that many acknowledgements, or until it is enough.
    /// Something else happens meanwhile.
    pub(crate) async fn work(self, fatal: usize, meanwhile: impl AsyncFnOnce(&Round)) -> Stopped {
        let Self { tillid, pairs, ledger, tally, history } = self;
        let (hans, until) = (tillid.token("hans").await, super::in_a_year(&tillid).await);
        let round = Arc::new(Round {
            tillid,
            fatal,
            enough: AtomicBool::new(false),
            acks: AtomicUsize::new(0),
            asked: Mutex::default(),
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
        meanwhile(&round).await;
        for client in clients {
            client.await.expect("a client");
        }
        let round = Arc::into_inner(round).expect("every client has ended");
        Stopped { round, pairs, tally, history }
    }

    /// Everything that is not as promised.
    pub(crate) async fn faults(&self, database: &mut Administrator) -> Vec<String> {
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

impl Stopped {
    /// Finds out, from the process that runs now, what came of every change whose outcome nobody knows.
    pub(crate) async fn go_on(self, database: &mut Administrator) -> Installation {
        let Self { round, pairs, mut tally, history } = self;
        let tillid = round.tillid;
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
        Installation { tillid, pairs, ledger, tally, history }
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
