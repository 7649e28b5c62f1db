//! The log and its receipts as an outsider checks them: with `tests/transparency/verifier.mjs`, which shares no code with ours.

mod liar;
mod libraries;
mod lies;
mod receipts;
mod served;
mod witnesses;

use crate::{bad_input::on_both, door::Door, support::Answer};
use liar::Liar;
use serde_json::{Value, json};
use std::{fs, path::PathBuf, process::Command, time::Duration};
use tempfile::TempDir;
use tillid_log::{Frontier, Hash, Note, Policy, read_entry_bundle};
use tillid_testkit::Engine;

/// So many that, with what the demo begins with, the first tile is complete and the second one is not.
const LOOKUPS: u64 = 200;

/// An installation whose log has complete tiles, and somebody outside who checks it.
struct Outsider {
    door: Door,
    /// What they reach instead of the service when it is to lie to them.
    liar: Liar,
    /// The log's verifier key, which they have from elsewhere.
    vkey: String,
    /// What they keep.
    desk: TempDir,
    /// The receipts of a consent and of a mandate, as they were answered.
    receipts: [Value; 2],
}

impl Outsider {
    async fn new(engine: Engine) -> Self {
        let door = Door::open(engine).await;
        let (anna, hans) = (door.token("anna").await, door.token("hans").await);
        let (cpr, bo) = (door.cpr("anna").await, door.cpr("bo").await);
        let consent = door.given(&anna, "C15").await.remove(0);
        let mandate = door.mandated(&anna, &bo, "M14").await;
        // A look-up is one event.
        for _ in 0..LOOKUPS {
            door.looked_up(&hans, &cpr, "case_processing").await;
        }
        let receipts = [
            receipt(&door, &anna, &format!("consents/{consent}")).await,
            receipt(&door, &anna, &format!("mandates/{mandate}")).await,
        ];
        let keys = door.get("/log/keys").send().await.expect(200).json();
        let vkey = keys["log"]["keys"][0]["vkey"].as_str().expect("a key").to_owned();
        let liar = Liar::before(&door.tillid.base).await;
        let desk = tempfile::tempdir().expect("a folder");
        let outsider = Self { door, liar, vkey, desk, receipts };
        outsider.settled().await;
        outsider
    }

    /// Waits until every event so far is in the signed tree.
    async fn settled(&self) {
        let (anna, bo) = (self.door.token("anna").await, self.door.cpr("bo").await);
        let last = self.door.mandated(&anna, &bo, "M14").await;
        receipt(&self.door, &anna, &format!("mandates/{last}")).await;
    }

    /// A file on their desk.
    fn keeps(&self, name: &str, content: &[u8]) -> String {
        let path = self.desk.path().join(name);
        fs::write(&path, content).expect("a file");
        path.display().to_string()
    }

    /// What the verifier says of the log below an address: its exit code and its words.
    async fn checks_log(&self, base: &str, more: &[&str]) -> (i32, Value) {
        let url = format!("{base}/log");
        verifier(&[&["log", &url, "--vkey", &self.vkey], more].concat()).await
    }

    /// What the verifier says of a receipt.
    async fn checks_receipt(&self, receipt: &Value, base: &str, more: &[&str]) -> (i32, Value) {
        let file = self.keeps("receipt.json", &serde_json::to_vec(receipt).expect("json"));
        let url = if base == "-" { base.to_owned() } else { format!("{base}/log") };
        verifier(&[&["receipt", &url, &file, "--vkey", &self.vkey], more].concat()).await
    }

    async fn get(&self, path: &str) -> Answer {
        self.door.get(path).send().await
    }
}

/// The newest receipt of a consent or mandate, once it has its proof.
async fn receipt(door: &Door, token: &str, of: &str) -> Value {
    let moved = door.get(&format!("/v1/{of}/receipt")).by(token).send().await.expect(303);
    let path = moved.headers["location"].to_str().expect("a path").to_owned();
    let event = path.rsplit('/').next().expect("an id");
    logged(door, event).await;
    let receipt = door.get(&path).by(token).send().await.expect(200).json();
    assert!(receipt["proof"].is_string(), "{receipt}");
    receipt
}

/// The proof of an event; until a signed tree has it, those who ask are told to come again.
pub(crate) async fn logged(door: &Door, event: &str) -> Answer {
    for _ in 0..500 {
        let answer = door.tillid.get(&format!("/log/proof/{event}")).send().await;
        if answer.status == 200 {
            return answer;
        }
        let answer = answer.expect(503);
        assert_eq!(answer.headers["retry-after"], "1");
        tokio::time::sleep(Duration::from_millis(20)).await;
    }
    panic!("{event} is not in the log after ten seconds");
}

/// What the verifier says.
async fn verifier(words: &[&str]) -> (i32, Value) {
    let program = PathBuf::from(env!("CARGO_MANIFEST_DIR")).join("../../tests/transparency/verifier.mjs");
    let mut command = Command::new("node");
    command.arg(program).args(words);
    // Off this thread: the liar answers on it.
    let output =
        tokio::task::spawn_blocking(move || command.output().expect("node runs")).await.expect("it ended");
    let said = serde_json::from_slice(&output.stdout)
        .unwrap_or_else(|_| panic!("{}", String::from_utf8_lossy(&[output.stdout, output.stderr].concat())));
    (output.status.code().unwrap_or(-1), said)
}

#[track_caller]
fn told(what: &str, said: &(i32, Value), code: i32, problem: &str) {
    let (exit, words) = said;
    let found = words["problem"]["code"].as_str().unwrap_or_default();
    assert_eq!((*exit, found), (code, problem), "{what}: {words:#}");
}

/// Both verifiers say the same of the same checkpoint, and the tree grows.
async fn two_verifiers_agree(engine: Engine) {
    let outsider = Outsider::new(engine).await;
    let base = outsider.door.tillid.base.clone();
    let kept = outsider.desk.path().join("kept").display().to_string();
    let first = outsider.checks_log(&base, &["--remember", &kept]).await;
    told("an honest log", &first, 0, "");
    let size = first.1["size"].as_u64().expect("a size");
    assert!(size > 256 && size < 512 && first.1["tiles"].as_u64() >= Some(3), "{}", first.1);
    assert_eq!(first.1["quorum"], Value::Null, "there is no policy");

    let note: Note = fs::read_to_string(&kept).expect("the checkpoint").parse().expect("a note");
    let policy: Policy = format!("log {}\nquorum none\n", outsider.vkey).parse().expect("a policy");
    let judged = policy.judge(&note).expect("it is signed").checkpoint;
    let ours = json!([judged.origin.to_string(), judged.size, judged.root.to_string()]);
    assert_eq!(ours, json!([first.1["origin"], first.1["size"], first.1["root"]]));
    assert_eq!(
        root_of_entries(&outsider, size).await,
        judged.root,
        "ours finds the same root in the entries"
    );

    told("again", &outsider.checks_log(&base, &["--remember", &kept]).await, 0, "");
    outsider.settled().await;
    let second = outsider.checks_log(&base, &["--remember", &kept]).await;
    told("a log that grew", &second, 0, "");
    assert!(second.1["size"].as_u64() > Some(size) && second.1["consistent_with"] == size, "{}", second.1);
    assert_eq!(outsider.door.tillid.verify().0, 0);
}

async fn root_of_entries(outsider: &Outsider, size: u64) -> Hash {
    let mut tree = Frontier::new();
    for path in ["entries/000".to_owned(), format!("entries/001.p/{}", size - 256)] {
        let bundle = outsider.get(&format!("/log/tile/{path}")).await.expect(200).body;
        for entry in read_entry_bundle(&bundle).expect("a bundle") {
            tree.push(Hash::of_entry(entry));
        }
    }
    assert_eq!(tree.size(), size);
    tree.root()
}

on_both!(two_verifiers_agree);

#[expect(clippy::disallowed_methods, reason = "the folder of what other projects test against")]
#[tokio::test]
async fn the_second_verifier_agrees_with_the_vectors_of_others() {
    let Ok(data) = std::env::var("CONFORMANCE_DATA") else {
        println!("SKIPPED: without CONFORMANCE_DATA there are no vectors to hold this against");
        return;
    };
    let said = verifier(&["self-test", &format!("{data}/tlog/rfc6962-vectors.json")]).await;
    told("vectors", &said, 0, "");
    assert_eq!(said.1["vectors"], 196);
}

#[tokio::test]
async fn what_cannot_be_told_is_neither_proven_nor_contradicted() {
    let nowhere = format!("http://{}/log", crate::support::free_address());
    let vkey = "example.com/foo+530d903a+AekyeRrm56hApGFkyQR4ZCbV54Id2LKaANYcrnKv3U2k";
    told("nobody there", &verifier(&["log", &nowhere, "--vkey", vkey]).await, 2, "unreachable");
    told("no such command", &verifier(&["prove", &nowhere]).await, 2, "usage");
    let wrong = vkey.replace("530d", "530e");
    told("a key that is none", &verifier(&["log", &nowhere, "--vkey", &wrong]).await, 2, "vkey");
    told("no file", &verifier(&["self-test", "/nonexistent"]).await, 2, "failed");
}
