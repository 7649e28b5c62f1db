//! The log as an outsider saw it through all lives of the service: each signed tree that was ever shown begins the last one, and the
//! last one soon has every event.

use aws_lc_rs::signature::Ed25519KeyPair;
use reqwest::Client;
use serde_json::Value;
use std::{
    collections::{BTreeMap, BTreeSet},
    fmt,
    sync::{Arc, Mutex},
    time::{Duration, Instant},
};
use tillid_log::{
    Algorithm, Checkpoint, Frontier, Hash, Note, Resource, Signer, VerifierKey, read_entry_bundle,
};
use tillid_testkit::Administrator;
use tokio::{task::JoinHandle, time};

const LOOKS_EACH: Duration = Duration::from_millis(40);
/// How long an event may wait for its place after a start, also while another node's lease must end first.
const SOON: Duration = Duration::from_secs(20);
const WIDTH: u64 = 256;

/// Every signed tree that was seen: the roots for each size. An honest log has one.
pub(crate) type Trees = BTreeMap<u64, BTreeSet<Hash>>;

/// Somebody who looks at the checkpoint all the time, and keeps what they saw.
pub(crate) struct History {
    service: String,
    keys: Vec<VerifierKey>,
    seen: Arc<Mutex<Trees>>,
    watcher: JoinHandle<()>,
}

/// What was looked at.
pub(crate) struct Logged {
    entries: usize,
    trees: usize,
    waited: Duration,
}

impl fmt::Display for Logged {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let Self { entries, trees, waited } = self;
        write!(
            f,
            "{trees} signed trees seen, each the beginning of the last one of {entries} entries, complete after {waited:?}"
        )
    }
}

impl Drop for History {
    fn drop(&mut self) {
        self.watcher.abort();
    }
}

impl History {
    /// Looks from now on at the log at this address, and believes the keys that it names now.
    pub(crate) async fn watch(service: &str) -> Self {
        let client = Client::builder().timeout(Duration::from_secs(5)).build().expect("a client");
        let keys = client.get(format!("{service}/log/keys")).send().await.expect("the keys");
        let keys: Value = keys.json().await.expect("the keys");
        let keys = keys["log"]["keys"].as_array().expect("keys").iter();
        let keys: Vec<VerifierKey> =
            keys.map(|key| key["vkey"].as_str().expect("a key").parse().expect("a key")).collect();
        let seen = Arc::new(Mutex::new(Trees::new()));
        let watcher = tokio::spawn({
            let (seen, keys, service) = (seen.clone(), keys.clone(), service.to_owned());
            async move {
                let mut ticks = time::interval(LOOKS_EACH);
                ticks.set_missed_tick_behavior(time::MissedTickBehavior::Delay);
                loop {
                    ticks.tick().await;
                    // Between two lives nobody answers.
                    if let Some(tree) = newest(&client, &service, &keys).await {
                        seen.lock().expect("trees").entry(tree.size).or_default().insert(tree.root);
                    }
                }
            }
        });
        Self { service: service.to_owned(), keys, seen, watcher }
    }

    /// Takes over what somebody else saw, of another node.
    pub(crate) fn saw_too(&self, other: &Self) {
        let theirs = other.seen.lock().expect("trees").clone();
        let mut ours = self.seen.lock().expect("trees");
        for (size, roots) in theirs {
            ours.entry(size).or_default().extend(roots);
        }
    }

    /// Waits until every event of the database is in the published tree; how long that took, and whatever the trees contradict.
    pub(crate) async fn faults(&self, database: &mut Administrator) -> (Logged, Vec<String>) {
        let client = Client::new();
        let began = Instant::now();
        let last = loop {
            let events = database.count("SELECT COUNT(*) FROM event").await;
            let tree = newest(&client, &self.service, &self.keys).await;
            if let Some(tree) = tree.filter(|tree| i64::try_from(tree.size).ok() == Some(events)) {
                break tree;
            }
            assert!(began.elapsed() < SOON, "events are not in the log after {SOON:?}");
            time::sleep(LOOKS_EACH).await;
        };
        let waited = began.elapsed();
        let entries = self.entries(&client, last.size).await;
        let mut trees = self.seen.lock().expect("trees").clone();
        trees.entry(last.size).or_default().insert(last.root);
        let leaves: Vec<Hash> = entries.iter().map(|entry| Hash::of_entry(entry)).collect();
        let mut faults = contradictions(&trees, &leaves);
        if self.watcher.is_finished() {
            faults.push("a checkpoint was seen that the log did not sign".to_owned());
        }
        let logged: BTreeSet<String> = entries.iter().map(|entry| hex(entry)).collect();
        let commitments = match database {
            Administrator::Sqlite(_) => "lower(hex(commitment))",
            Administrator::Postgres(_) => "encode(commitment, 'hex')",
        };
        let events = database.column(&format!("SELECT {commitments} FROM event")).await;
        let missing = events.iter().filter(|commitment| !logged.contains(&format!("01{commitment}")));
        faults.extend(missing.map(|commitment| format!("not in the log: {commitment}")));
        (Logged { entries: entries.len(), trees: trees.len(), waited }, faults)
    }

    async fn entries(&self, client: &Client, size: u64) -> Vec<Vec<u8>> {
        let mut entries = Vec::new();
        for index in 0..size.div_ceil(WIDTH) {
            let width = WIDTH.min(size - index * WIDTH);
            let path = Resource::Entries { index, width: u16::try_from(width).expect("a width") };
            let bundle =
                client.get(format!("{}/log/tile/{path}", self.service)).send().await.expect("a bundle");
            assert!(bundle.status().is_success(), "{path}: {}", bundle.status());
            let bundle = bundle.bytes().await.expect("a bundle");
            let read = read_entry_bundle(&bundle).expect("a bundle");
            entries.extend(read.into_iter().map(<[u8]>::to_vec));
        }
        entries
    }
}

/// The tree that is shown now; `None` while nobody answers.
async fn newest(client: &Client, service: &str, keys: &[VerifierKey]) -> Option<Checkpoint> {
    let answer = client.get(format!("{service}/log/checkpoint")).send().await.ok()?;
    if !answer.status().is_success() {
        return None;
    }
    Some(signed(&answer.text().await.ok()?, keys))
}

/// The tree of a note, which one of these keys must have signed.
fn signed(note: &str, keys: &[VerifierKey]) -> Checkpoint {
    let note: Note = note.parse().expect("a note");
    note.verify(keys).expect("the log's signature");
    Checkpoint::from_text(note.text()).expect("a checkpoint")
}

/// The trees that are not the beginning of the tree with these leaves. Without any, each two of them are consistent.
fn contradictions(trees: &Trees, leaves: &[Hash]) -> Vec<String> {
    let mut whole = Frontier::new();
    let mut leaves = leaves.iter();
    let mut faults = Vec::new();
    for (size, roots) in trees {
        while whole.size() < *size {
            let Some(leaf) = leaves.next() else {
                faults.push(format!("a signed tree of {size} is larger than the last one"));
                return faults;
            };
            whole.push(*leaf);
        }
        for root in roots.iter().filter(|root| **root != whole.root()) {
            faults.push(format!("another signed tree of {size}: {root}"));
        }
    }
    faults
}

fn hex(bytes: &[u8]) -> String {
    bytes.iter().fold(String::new(), |text, byte| text + &format!("{byte:02x}"))
}

#[test]
fn two_signed_trees_of_one_size_with_different_roots_are_a_fork() {
    let key = Ed25519KeyPair::generate().expect("a key").to_pkcs8().expect("a key");
    let name = "log.example/log".parse().expect("a name");
    let signer = Signer::ed25519(name, Algorithm::Ed25519, key.as_ref()).expect("a signer");
    let keys = [signer.verifier()];
    let leaves: Vec<Hash> = (0..5_u8).map(|n| Hash::of_entry(&[n; 33])).collect();
    let mut trees = Trees::new();
    let mut see = |size: u64, leaves: &[Hash]| {
        let mut tree = Frontier::new();
        for leaf in leaves {
            tree.push(*leaf);
        }
        let tree =
            Checkpoint { origin: "log.example/log".parse().expect("an origin"), size, root: tree.root() };
        let mut note = Note::new(tree.text()).expect("a note");
        note.push(signer.sign(note.text()).expect("a signature"));
        let tree = signed(&note.to_string(), &keys);
        trees.entry(tree.size).or_default().insert(tree.root);
        trees.clone()
    };
    assert_eq!(contradictions(&see(3, &leaves[..3]), &leaves), Vec::<String>::new());
    assert_eq!(contradictions(&see(5, &leaves), &leaves), Vec::<String>::new());
    let mut other = leaves.clone();
    other[1] = Hash::of_entry(b"another");
    let forked = contradictions(&see(3, &other[..3]), &leaves);
    assert!(forked.len() == 1 && forked[0].starts_with("another signed tree of 3"), "{forked:?}");
    let larger = contradictions(&see(6, &leaves), &leaves);
    assert!(larger.iter().any(|fault| fault.contains("of 6 is larger")), "{larger:?}");
}
