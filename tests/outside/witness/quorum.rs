//! A log that asks for witnesses: what it publishes while they come and go, and that it signs no fork when its database is put back.

use super::{
    log::{History, body},
    process::{Setup, Witness, hash},
};
use crate::support::{Tillid, free_address};
use serde_json::json;
use std::{
    fs,
    path::PathBuf,
    time::{Duration, Instant},
};
use tempfile::TempDir;
use tillid_log::{Algorithm, Checkpoint, Edge, Hash, Judgement, Note, Policy, Signer, VerifierKey};
use tillid_testkit::Engine;

const SOON: Duration = Duration::from_mins(1);

/// A demo that is watched.
struct Scene {
    tillid: Tillid,
    setups: Vec<Setup>,
    addresses: Vec<String>,
    key: VerifierKey,
    folder: TempDir,
    /// Every checkpoint that was ever served.
    seen: Vec<Checkpoint>,
    /// Whether enough witnesses have ever signed.
    quorate: bool,
}

impl Scene {
    /// A demo and that many witnesses, none of them asked yet.
    async fn new(engine: Engine, witnesses: usize) -> Self {
        let tillid = Tillid::demo(engine).await;
        let keys = tillid.get("/log/keys").send().await.expect(200).json();
        let key: VerifierKey =
            keys["log"]["keys"][0]["vkey"].as_str().expect("a key").parse().expect("a key");
        let setups: Vec<Setup> = (1..=witnesses)
            .map(|n| Setup::named(&format!("w{n}.example"), std::slice::from_ref(&key)))
            .collect();
        let addresses = setups.iter().map(|_| free_address()).collect();
        let folder = tempfile::tempdir().expect("a folder");
        Self { tillid, setups, addresses, key, folder, seen: Vec::new(), quorate: false }
    }

    fn policy_file(&self) -> PathBuf {
        self.folder.path().join("policy")
    }

    /// Writes whom to ask: that many of the witnesses must sign, with any of their keys.
    fn ask_for(&self, quorum: &str) -> Policy {
        let mut lines = vec![format!("log {}", self.key)];
        let mut groups = Vec::new();
        for (n, (setup, address)) in (1..).zip(self.setups.iter().zip(&self.addresses)) {
            for (kind, key) in ["ed", "pq"].iter().zip(&setup.keys) {
                lines.push(format!("witness w{n}{kind} {key} http://{address}"));
            }
            lines.push(format!("group w{n} any w{n}ed w{n}pq"));
            groups.push(format!("w{n}"));
        }
        lines.push(format!("group enough {quorum} {}\nquorum enough\n", groups.join(" ")));
        let text = lines.join("\n");
        fs::write(self.policy_file(), &text).expect("a policy");
        text.parse().expect("a policy")
    }

    fn witness(&self, n: usize) -> Witness {
        self.setups[n].start_at(&self.addresses[n])
    }

    /// Starts the demo again, with its witnesses.
    fn again(self) -> Self {
        let script = format!("exec \"$@\" --log-policy {}", self.policy_file().display());
        let tillid = self.tillid.again_under(&["sh", "-c", &script, "sh"]);
        Self { tillid, ..self }
    }

    /// What everybody is shown.
    async fn served(&mut self) -> Option<Note> {
        let answer = self.tillid.get("/log/checkpoint").send().await;
        if answer.status == 404 {
            return None;
        }
        let note: Note = String::from_utf8(answer.expect(200).body).expect("text").parse().expect("a note");
        self.seen.push(Checkpoint::from_text(note.text()).expect("a checkpoint"));
        Some(note)
    }

    /// Waits until a checkpoint is served that these many keys have cosigned and that is larger than `size`.
    async fn witnessed(&mut self, policy: &Policy, size: u64, keys: usize) -> Judgement {
        let began = Instant::now();
        loop {
            if let Some(note) = self.served().await {
                let judged = policy.judge(&note).expect("it is signed");
                // Before the first quorum, the log is shown as it is.
                assert!(judged.quorum || !self.quorate, "never again without the quorum: {note}");
                self.quorate |= judged.quorum;
                if judged.quorum && judged.checkpoint.size > size && judged.witnesses.len() >= keys {
                    return judged;
                }
            }
            assert!(began.elapsed() < SOON, "not witnessed above {size} by {keys}: {}", self.tillid.log());
            tokio::time::sleep(Duration::from_millis(50)).await;
        }
    }

    /// Waits until a number of the operator's is at least that.
    async fn measured(&self, name: &str, least: f64) -> f64 {
        let began = Instant::now();
        loop {
            let value = self.gauge(name).await;
            if let Some(value) = value.filter(|value| *value >= least) {
                return value;
            }
            assert!(began.elapsed() < SOON, "{name} is {value:?} and not {least}");
            tokio::time::sleep(Duration::from_millis(50)).await;
        }
    }

    async fn gauge(&self, name: &str) -> Option<f64> {
        let text =
            self.tillid.get(&format!("{}/metrics", self.tillid.internal)).send().await.expect(200).body;
        let text = String::from_utf8(text).expect("text");
        text.lines().find_map(|line| line.strip_prefix(name)?.trim().parse().ok())
    }

    /// A mandate is given and revoked: four events at least.
    async fn grow(&self) {
        let anna = self.tillid.token("anna").await;
        let bo = self.tillid.somebody("bo").await;
        let now = self.tillid.get("/sandbox/clock").send().await.expect(200).json();
        let year: i32 = now["now"].as_str().expect("a time")[..4].parse().expect("a year");
        let until = format!("{}-06-01", year + 1);
        let about = json!({"mandate": {"representative": {"cpr": bo["cpr"]}, "representative_name": bo["name"], "packages": ["M14"], "valid_until": until}});
        let shown =
            self.tillid.post("/v1/presentations").by(&anna).json(&json!({"about": about})).send().await;
        let shown = shown.expect(201).json()["id"].clone();
        let given =
            self.tillid.post("/v1/mandates").by(&anna).json(&json!({"presentation_id": shown})).send().await;
        let id = given.expect(201).json()["id"].as_str().expect("an id").to_owned();
        self.tillid.post(&format!("/v1/mandates/{id}/revoke")).by(&anna).send().await.expect(200);
    }

    /// The leaves of the log as it is served, up to a size below 256.
    async fn leaves(&self, size: u64) -> Vec<Hash> {
        assert!(size < 256, "one tile is enough for this test");
        let tile = self.tillid.get(&format!("/log/tile/0/000.p/{size}")).send().await.expect(200).body;
        tile.chunks(32).map(|hash| hash.try_into().expect("a hash")).collect()
    }

    /// Whether everything that was ever served is of the history with these leaves.
    fn is_one_history(&self, leaves: &[Hash]) -> bool {
        self.seen.iter().all(|seen| {
            let first = leaves.get(..usize::try_from(seen.size).expect("a size"));
            first.is_some_and(|leaves| root(leaves) == seen.root)
        })
    }

    fn database(&self) -> PathBuf {
        self.tillid.sqlite_file().expect("a file")
    }

    /// Puts a copy of the database in its place, as a restore would.
    fn put_back(&self, copy: &PathBuf) {
        let file = self.database();
        for more in ["-wal", "-shm"] {
            let _ = fs::remove_file(format!("{}{more}", file.display()));
        }
        fs::copy(copy, file).expect("copied");
    }
}

fn root(leaves: &[Hash]) -> Hash {
    let mut edge = Edge::default();
    for leaf in leaves {
        edge.push(*leaf);
    }
    edge.root()
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn one_of_two_witnesses_is_enough_when_the_policy_says_so() {
    let mut scene = Scene::new(Engine::Sqlite, 2).await;
    let policy = scene.ask_for("any");
    let (mut one, two) = (scene.witness(0), scene.witness(1));
    scene = scene.again();
    let first = scene.witnessed(&policy, 0, 4).await.checkpoint.size;
    assert!(two.stop());
    scene.grow().await;
    let second = scene.witnessed(&policy, first, 2).await;
    assert!(second.witnesses.iter().all(|w| w.name.starts_with("w1")), "{second:?}");
    one.kill();
    let _one = scene.witness(0);
    scene.grow().await;
    scene.witnessed(&policy, second.checkpoint.size, 2).await;
    assert!(
        scene.gauge("tillid_log_witness_age_seconds{witness=\"w1ed\"}").await.is_some_and(|age| age < 60.0)
    );
    assert!(
        scene.gauge("tillid_log_witness_age_seconds{witness=\"w2ed\"}").await.is_some_and(f64::is_finite)
    );
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn what_too_few_have_witnessed_is_not_published() {
    for engine in Engine::ALL {
        let mut scene = Scene::new(engine, 2).await;
        let policy = scene.ask_for("all");
        let (one, two) = (scene.witness(0), scene.witness(1));
        scene = scene.again();
        scene.witnessed(&policy, 0, 4).await;
        assert!(two.stop());
        let last = scene.witnessed(&policy, 0, 2).await.checkpoint.size;
        scene.grow().await;
        #[expect(clippy::cast_precision_loss, reason = "a small number")]
        let larger = scene.measured("tillid_log_signed", (last + 1) as f64).await;
        // The other one has seen it; that is not enough.
        let began = Instant::now();
        loop {
            let seen = one.served(&scene.key).await.expect("a checkpoint");
            #[expect(clippy::cast_precision_loss, reason = "a small number")]
            if seen.size as f64 >= larger {
                break;
            }
            assert!(began.elapsed() < SOON);
            tokio::time::sleep(Duration::from_millis(50)).await;
        }
        let note = scene.served().await.expect("the one before");
        assert_eq!(policy.judge(&note).expect("signed").checkpoint.size, last);
        let _two = scene.witness(1);
        scene.witnessed(&policy, last, 3).await;
    }
}

/// A database that is put back to a copy goes on with a fork: with a witness it is found out before anything is signed. Negative
/// control: without one, the fork is published, and this test sees it.
#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_log_that_was_put_back_to_a_copy_signs_nothing_more() {
    for watched in [true, false] {
        let mut scene = Scene::new(Engine::Sqlite, 1).await;
        let policy = scene.ask_for("all");
        let witness = scene.witness(0);
        scene = scene.again();
        let first = scene.witnessed(&policy, 0, 2).await.checkpoint.size;
        scene.tillid.stop();
        let copy = scene.folder.path().join("copy.db");
        fs::copy(scene.database(), &copy).expect("copied");
        scene = scene.again();
        scene.grow().await;
        let second = scene.witnessed(&policy, first, 2).await.checkpoint.size;
        let leaves = scene.leaves(second).await;
        assert!(scene.is_one_history(&leaves));
        scene.tillid.stop();
        scene.put_back(&copy);
        if !watched {
            fs::write(scene.policy_file(), "quorum none\n").expect("a policy");
        }
        scene = scene.again();
        scene.grow().await;
        if !watched {
            #[expect(clippy::cast_precision_loss, reason = "a small number")]
            scene.measured("tillid_log_signed", (first + 1) as f64).await;
            scene.served().await;
            assert!(!scene.is_one_history(&leaves), "without a witness there is a fork");
            continue;
        }
        let ready =
            scene.tillid.get(&format!("{}/health/ready", scene.tillid.internal)).send().await.expect(503);
        assert_eq!(ready.json()["status"], "log_contradicted");
        // The events wait, and go on waiting.
        scene.measured("tillid_log_waiting", 1.0).await;
        scene.measured("tillid_log_in_trouble", 1.0).await;
        scene.grow().await;
        #[expect(clippy::cast_precision_loss, reason = "a small number")]
        let signed = first as f64;
        assert_eq!(scene.gauge("tillid_log_signed").await, Some(signed), "nothing was signed");
        scene.served().await;
        assert!(scene.is_one_history(&leaves), "{:?}", scene.seen);
        assert_eq!(witness.served(&scene.key).await.expect("it").size, second);
    }
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_stolen_key_makes_no_second_history() {
    let mut scene = Scene::new(Engine::Sqlite, 1).await;
    let policy = scene.ask_for("all");
    let witness = scene.witness(0);
    scene = scene.again();
    let size = scene.witnessed(&policy, 0, 2).await.checkpoint.size;
    let stolen = fs::read(scene.tillid.folder().join("keys/log.key")).expect("the key");
    let thief = Signer::ed25519(scene.key.name().clone(), Algorithm::Ed25519, &stolen).expect("a signer");
    let forged = History::true_one();
    let same = body(size, &[], &forged.checkpoint(size, &[&thief]).to_string());
    assert_eq!(witness.add(&same).await.0, 422);
    let (status, _, told) = witness.add(&forged.request(0, size + 5, &[&thief])).await;
    assert_eq!((status, told), (409, format!("{size}\n")));
    assert_eq!(witness.add(&forged.request(size, size + 5, &[&thief])).await.0, 422);
    let mut kept = scene.setups[0].evidence();
    kept.sort();
    let mut expected = vec![same, forged.request(size, size + 5, &[&thief])];
    expected.sort();
    assert_eq!(kept, expected);
    let held = format!("evidence/{}-1.held.txt", hash(scene.key.name().as_ref()));
    let held: Note =
        fs::read_to_string(scene.setups[0].state().join(held)).expect("it").parse().expect("a note");
    assert!(held.verify(std::slice::from_ref(&scene.key)).is_ok(), "both are signed by the log");
    // The true log goes on.
    scene.grow().await;
    scene.witnessed(&policy, size, 2).await;
}

#[test]
fn a_witness_that_anybody_could_answer_for_is_refused() {
    let home = tempfile::tempdir().expect("a folder");
    let setup = Setup::named("w1.example", &[]);
    let file = home.path().join("policy");
    let text = format!("witness w {} http://witness.example\nquorum none\n", setup.keys[0]);
    fs::write(&file, text).expect("a policy");
    let output = std::process::Command::new(crate::support::TILLID)
        .args(["demo", "--listen", "127.0.0.1:0", "--internal-listen", "127.0.0.1:0", "--data"])
        .arg(home.path().join("demo"))
        .arg("--log-policy")
        .arg(&file)
        .output();
    let output = output.expect("it runs");
    assert_eq!(output.status.code(), Some(2));
    assert!(String::from_utf8_lossy(&output.stderr).contains("witness_not_https"));
}
