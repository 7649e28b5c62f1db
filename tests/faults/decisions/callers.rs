//! Sixteen callers who give mandates, revoke them, and ask what holds, at whichever node comes next. What each saw is kept.

use super::{
    history::{NEVER, Seen, What},
    nodes::{Nodes, Outcome, Times},
};
use serde_json::{Value, json};
use std::{
    collections::BTreeSet,
    sync::{
        Arc, Mutex,
        atomic::{AtomicUsize, Ordering},
    },
    time::Duration,
};
use tokio::time::sleep;
use uuid::Uuid;

const CALLERS: usize = 16;
/// A pair has at most so many mandates at a time.
const MOST: usize = 4;
const AID: &str = "urn:dk:eksempelkommune:fuldmagt:aeldre:hjaelpemidler:handle";
const CASE: &str = "27.36.04-2026-17";
/// Everybody who is old enough to give a mandate, without the caseworker who asks.
const GRANTORS: [&str; 13] =
    ["anna", "bo", "dorte", "erik", "gitte", "finn", "inge", "niels", "jens", "karin", "ole", "lars", "mona"];

/// Those who are asked about, those who ask, and what they have seen.
pub(crate) struct Scene {
    pub(crate) nodes: Nodes,
    pairs: Vec<Pair>,
    askers: [Asker; 2],
    until: String,
    seed: u64,
    /// How many calls are still to be made.
    left: AtomicUsize,
    seen: Mutex<Vec<Seen>>,
    unresolved: Mutex<Vec<Unresolved>>,
    answers: Mutex<Vec<Answer>>,
    /// Questions that may have been recorded although nobody was answered.
    pub(crate) unanswered: AtomicUsize,
}

/// One who gives, and one who may act.
struct Pair {
    grantor: String,
    by_grantor: String,
    representative: String,
    /// The mandates that somebody was told of, and that nobody has revoked for sure.
    given: Mutex<Vec<Uuid>>,
}

struct Asker {
    token: String,
    purpose: &'static str,
}

/// A mandate that was or was not given: its presentation says which, in the end.
pub(crate) struct Unresolved {
    pair: usize,
    client: u32,
    asked: i64,
    pub(crate) presentation: Uuid,
}

/// An answer that somebody has.
#[derive(Clone)]
pub(crate) struct Answer {
    pub(crate) id: Uuid,
    pub(crate) pair: usize,
    pub(crate) holding: BTreeSet<Uuid>,
}

impl Scene {
    /// So many pairs; each has a mandate to begin with, which is part of their history.
    pub(crate) async fn new(nodes: Nodes, pairs: usize, seed: u64) -> Arc<Self> {
        let hans = Asker { token: nodes.token("hans", false).await, purpose: "case_processing" };
        let system = Asker { token: nodes.token("fagsystem", false).await, purpose: "automated_step" };
        let now = nodes.get(0, "/sandbox/clock", "none").await;
        let now = now["now"].as_str().expect("a time");
        let year: i32 = now[..4].parse().expect("a year");
        let mut scene = Self {
            until: format!("{}-{}-01", year + 1, &now[5..7]),
            nodes,
            pairs: Vec::with_capacity(pairs),
            askers: [system, hans],
            seed,
            left: AtomicUsize::new(0),
            seen: Mutex::default(),
            unresolved: Mutex::default(),
            answers: Mutex::default(),
            unanswered: AtomicUsize::new(0),
        };
        let mut grantors = Vec::new();
        for name in GRANTORS {
            grantors.push(scene.nodes.token(name, true).await);
        }
        for pair in 0..pairs {
            let first = scene.first(pair, &grantors[pair % GRANTORS.len()]).await;
            scene.pairs.push(first);
        }
        Arc::new(scene)
    }

    /// The pair's first mandate, by which everybody learns who they are.
    async fn first(&self, pair: usize, by_grantor: &str) -> Pair {
        // Invented numbers of the replacement kind, which belong to nobody.
        let number = json!({"cpr": format!("{:02}{:02}701{:03}", 61 + pair / 9000, 1 + pair / 900 % 10, 100 + pair % 900)});
        let shown = self.present(0, by_grantor, &number).await.expect("it is shown");
        let body = json!({"presentation_id": shown});
        let (outcome, times) = self.nodes.post(0, "/v1/mandates", by_grantor, &body).await;
        let Outcome::Answered(201, made) = outcome else { panic!("no mandate to begin with") };
        let given = id(&made["id"]);
        self.saw(pair, 0, times, What::Given(given));
        let text = |name: &str| made[name].as_str().expect(name).to_owned();
        Pair {
            grantor: text("grantor_id"),
            by_grantor: by_grantor.to_owned(),
            representative: text("representative_id"),
            given: Mutex::new(vec![given]),
        }
    }

    /// Everybody makes calls until so many have been made, while something else happens.
    pub(crate) async fn work(self: &Arc<Self>, calls: usize, meanwhile: impl Future<Output = ()>) {
        self.left.store(calls, Ordering::SeqCst);
        let callers: Vec<_> = (0..CALLERS)
            .map(|caller| {
                let scene = self.clone();
                tokio::spawn(async move { scene.caller(caller).await })
            })
            .collect();
        meanwhile.await;
        for caller in callers {
            caller.await.expect("a caller");
        }
    }

    /// Waits until half of the calls have been made, and kills a node.
    pub(crate) async fn kill_in_the_middle(&self, node: usize, calls: usize) {
        while self.left.load(Ordering::SeqCst) > calls / 2 {
            sleep(Duration::from_millis(5)).await;
        }
        self.nodes.kill(node).await;
    }

    async fn caller(&self, number: usize) {
        let mut chance = Chance(self.seed ^ ((number as u64) << 32));
        let client = u32::try_from(number).expect("a small number");
        while self.left.fetch_update(Ordering::SeqCst, Ordering::SeqCst, |left| left.checked_sub(1)).is_ok() {
            let pair = chance.below(self.pairs.len());
            let node = chance.below(self.nodes.count());
            let known = self.pairs[pair].given.lock().expect("mandates").clone();
            let is_made = match chance.below(20) {
                0..4 if known.len() < MOST => self.give(client, node, pair).await,
                0..9 if !known.is_empty() => {
                    self.revoke(client, node, pair, known[chance.below(known.len())]).await
                }
                asker => self.ask(client, node, pair, &self.askers[asker % 2]).await,
            };
            if !is_made {
                // A node that is gone is no call.
                self.left.fetch_add(1, Ordering::SeqCst);
                sleep(Duration::from_millis(5)).await;
            }
        }
    }

    async fn present(&self, node: usize, by: &str, representative: &Value) -> Option<Uuid> {
        let mandate =
            json!({"representative": representative, "packages": ["M14"], "valid_until": self.until});
        let about = json!({"about": {"mandate": mandate}});
        match self.nodes.post(node, "/v1/presentations", by, &about).await.0 {
            Outcome::Answered(201, shown) => Some(id(&shown["id"])),
            Outcome::Answered(status, answer) => panic!("presentation: {status} {answer}"),
            Outcome::NotAsked | Outcome::Unknown => None,
        }
    }

    async fn give(&self, client: u32, node: usize, pair: usize) -> bool {
        let Pair { by_grantor, representative, given, .. } = &self.pairs[pair];
        let Some(shown) = self.present(node, by_grantor, &json!({"id": representative})).await else {
            return false;
        };
        let body = json!({"presentation_id": shown});
        let (outcome, times) = self.nodes.post(node, "/v1/mandates", by_grantor, &body).await;
        match outcome {
            Outcome::Answered(201, made) => {
                let mandate = id(&made["id"]);
                self.saw(pair, client, times, What::Given(mandate));
                given.lock().expect("mandates").push(mandate);
            }
            Outcome::Answered(status, answer) => panic!("mandate: {status} {answer}"),
            Outcome::NotAsked => return false,
            Outcome::Unknown => {
                let unresolved = Unresolved { pair, client, asked: times.asked, presentation: shown };
                self.unresolved.lock().expect("mandates").push(unresolved);
            }
        }
        true
    }

    async fn revoke(&self, client: u32, node: usize, pair: usize, mandate: Uuid) -> bool {
        let Pair { by_grantor, given, .. } = &self.pairs[pair];
        let path = format!("/v1/mandates/{mandate}/revoke");
        let (outcome, times) = self.nodes.post(node, &path, by_grantor, &Value::Null).await;
        let what = match outcome {
            Outcome::Answered(200, _) => What::Revoked(mandate),
            Outcome::Answered(409, _) => What::Over(mandate),
            Outcome::Answered(status, answer) => panic!("revocation: {status} {answer}"),
            Outcome::NotAsked => return false,
            Outcome::Unknown => What::MaybeRevoked(mandate),
        };
        if !matches!(what, What::MaybeRevoked(_)) {
            given.lock().expect("mandates").retain(|one| *one != mandate);
        }
        self.saw(pair, client, times, what);
        true
    }

    async fn ask(&self, client: u32, node: usize, pair: usize, asker: &Asker) -> bool {
        let Pair { grantor, representative, .. } = &self.pairs[pair];
        let (outcome, times) = self
            .nodes
            .post(
                node,
                "/access/v1/evaluation",
                &asker.token,
                &question(grantor, representative, asker.purpose),
            )
            .await;
        match outcome {
            Outcome::Answered(200, answer) => {
                let context = &answer["context"];
                let basis = context["basis"].as_array().expect("a basis").iter();
                let holding: BTreeSet<Uuid> = basis.map(|ground| id(&ground["id"])).collect();
                assert_eq!(answer["decision"], !holding.is_empty(), "{answer}");
                let kept = Answer { id: id(&context["decision_id"]), pair, holding: holding.clone() };
                self.answers.lock().expect("answers").push(kept);
                self.saw(pair, client, times, What::Asked(holding));
            }
            Outcome::Answered(status, answer) => panic!("question: {status} {answer}"),
            Outcome::NotAsked => return false,
            Outcome::Unknown => {
                self.unanswered.fetch_add(1, Ordering::SeqCst);
            }
        }
        true
    }

    /// When nobody else calls any more: what each node says of each pair, as part of their history.
    pub(crate) async fn ask_everywhere(&self) {
        for pair in 0..self.pairs.len() {
            for node in 0..self.nodes.count() {
                assert!(self.ask(0, node, pair, &self.askers[1]).await, "node {node} is there");
            }
        }
    }

    /// One grant and its revocation at one node: whether the other one still says yes when it is asked the moment after.
    pub(crate) async fn is_stale(&self, round: usize) -> bool {
        let pair = round % self.pairs.len();
        let (first, second) = (round / self.pairs.len() % 2, (round / self.pairs.len() + 1) % 2);
        assert!(self.give(0, first, pair).await, "a mandate is given");
        let holds = async |node: usize| {
            assert!(self.ask(0, node, pair, &self.askers[0]).await, "it is asked");
            let answers = self.answers.lock().expect("answers");
            answers.last().is_some_and(|answer| !answer.holding.is_empty())
        };
        assert!(holds(second).await, "what was given holds");
        let known = self.pairs[pair].given.lock().expect("mandates").clone();
        for mandate in known {
            assert!(self.revoke(0, first, pair, mandate).await, "it is revoked");
        }
        holds(second).await
    }

    fn saw(&self, pair: usize, client: u32, times: Times, what: What) {
        let Times { asked, answered } = times;
        let seen = Seen { pair, client, asked, answered: answered.unwrap_or(NEVER), what };
        self.seen.lock().expect("a history").push(seen);
    }

    /// The whole history; what became of a mandate whose grantor was not told, its presentation says: `None` where it was never given.
    pub(crate) fn history(&self, given_on: impl Fn(Uuid) -> Option<Uuid>) -> Vec<Seen> {
        let mut history = self.seen.lock().expect("a history").clone();
        for one in self.unresolved.lock().expect("mandates").iter() {
            if let Some(mandate) = given_on(one.presentation) {
                let Unresolved { pair, client, asked, presentation: _ } = *one;
                history.push(Seen { pair, client, asked, answered: NEVER, what: What::Given(mandate) });
            }
        }
        history
    }

    /// The presentations of mandates of which nobody knows whether they were given.
    pub(crate) fn unresolved(&self) -> BTreeSet<Uuid> {
        self.unresolved.lock().expect("mandates").iter().map(|one| one.presentation).collect()
    }

    /// Every answer that somebody has.
    pub(crate) fn answers(&self) -> Vec<Answer> {
        self.answers.lock().expect("answers").clone()
    }

    /// The id of the grantor of a pair, and their token.
    pub(crate) fn grantor(&self, pair: usize) -> (&str, &str) {
        (&self.pairs[pair].grantor, &self.pairs[pair].by_grantor)
    }
}

/// May they act with one privilege of M14.
fn question(grantor: &str, representative: &str, purpose: &str) -> Value {
    json!({
        "subject": {"type": "person", "id": representative},
        "action": {"name": AID},
        "resource": {"type": "person", "id": grantor, "properties": {"case": CASE}},
        "context": {"purpose": purpose},
    })
}

pub(crate) fn id(value: &Value) -> Uuid {
    value.as_str().and_then(|text| text.parse().ok()).unwrap_or_else(|| panic!("{value} is no id"))
}

/// Numbers that look like chance and are the same for the same seed (SplitMix64).
struct Chance(u64);

impl Chance {
    fn below(&mut self, bound: usize) -> usize {
        self.0 = self.0.wrapping_add(0x9e37_79b9_7f4a_7c15);
        let mixed = (self.0 ^ (self.0 >> 30)).wrapping_mul(0xbf58_476d_1ce4_e5b9);
        let mixed = (mixed ^ (mixed >> 27)).wrapping_mul(0x94d0_49bb_1331_11eb);
        let bound = u64::try_from(bound).expect("it is small");
        usize::try_from((mixed ^ (mixed >> 31)) % bound).expect("it is small")
    }
}
