//! `tillid verify` and `tillid export` as outsiders use them: an honest log, one that lies, altered receipts and altered archives.

use crate::support::{TILLID, Tillid};
use axum::{
    Router,
    body::Bytes,
    extract::State,
    http::{StatusCode, Uri},
};
use reqwest::Client;
use serde_json::{Value, json};
use std::{
    collections::BTreeMap,
    fs,
    path::{Path, PathBuf},
    process::Command,
    sync::{Arc, Mutex},
    time::{Duration, Instant},
};
use tillid_log::{
    Algorithm, Checkpoint, Edge, Hash, Note, Resource, Signer, TILE_WIDTH, TileId, entry_bundle,
    read_entry_bundle,
};
use tillid_testkit::Engine;

/// What a server answers to a path below `/log/`, given what the honest one does.
type Lie = Box<dyn Fn(&str, u16, Vec<u8>) -> (u16, Vec<u8>) + Send + Sync>;

/// A server before the honest one.
struct Liar {
    base: String,
    lie: Arc<Mutex<Lie>>,
}

#[derive(Clone)]
struct Before {
    honest: String,
    client: Client,
    lie: Arc<Mutex<Lie>>,
}

impl Liar {
    async fn before(honest: &str) -> Self {
        let lie: Arc<Mutex<Lie>> = Arc::new(Mutex::new(Box::new(|_, status, bytes| (status, bytes))));
        let before = Before { honest: honest.to_owned(), client: Client::new(), lie: lie.clone() };
        let listener = tokio::net::TcpListener::bind("127.0.0.1:0").await.expect("a port");
        let base = format!("http://{}", listener.local_addr().expect("an address"));
        let app = Router::new().fallback(answer).with_state(before);
        tokio::spawn(async move { axum::serve(listener, app).await });
        Self { base, lie }
    }

    fn tell(&self, lie: impl Fn(&str, u16, Vec<u8>) -> (u16, Vec<u8>) + Send + Sync + 'static) {
        *self.lie.lock().expect("no panic") = Box::new(lie);
    }

    /// Alters what stands at one path.
    fn alter(&self, path: &str, alter: impl Fn(Vec<u8>) -> Vec<u8> + Send + Sync + 'static) {
        let path = path.to_owned();
        self.tell(move |at, status, bytes| (status, if at == path { alter(bytes) } else { bytes }));
    }
}

async fn answer(State(before): State<Before>, uri: Uri) -> (StatusCode, Bytes) {
    let answer = before.client.get(format!("{}{uri}", before.honest)).send().await.expect("an answer");
    let status = answer.status().as_u16();
    let bytes = answer.bytes().await.expect("a body").to_vec();
    let path = uri.path().trim_start_matches("/log/").to_owned();
    let (status, bytes) = (before.lie.lock().expect("no panic"))(&path, status, bytes);
    (StatusCode::from_u16(status).expect("a status"), bytes.into())
}

/// A verdict: the exit code, and the object for programs.
pub(super) struct Said {
    pub(super) exit: i32,
    pub(super) json: Value,
}

impl Said {
    pub(super) fn codes(&self) -> Vec<&str> {
        let statements = self.json["statements"].as_array().expect("statements");
        statements.iter().map(|s| s["code"].as_str().expect("a code")).collect()
    }

    pub(super) fn text(&self) -> String {
        self.json["statements"].to_string()
    }

    #[track_caller]
    pub(super) fn is(&self, exit: i32, code: &str) {
        assert!(
            self.exit == exit && self.codes().contains(&code),
            "{exit} {code}, not {}: {}",
            self.exit,
            self.json
        );
        assert_eq!(self.json["exit"], exit);
    }
}

pub(super) fn run(args: &[&str]) -> std::process::Output {
    Command::new(TILLID).args(args).output().expect("it runs")
}

pub(super) fn verify(args: &[&str]) -> Said {
    let output = run(&[&["verify", "--json"], args].concat());
    let json = serde_json::from_slice(&output.stdout);
    let json = json.unwrap_or_else(|_| panic!("{}", String::from_utf8_lossy(&output.stderr)));
    Said { exit: output.status.code().expect("a code"), json }
}

pub(super) async fn fetch(base: &str, path: &str) -> Vec<u8> {
    let answer = reqwest::get(format!("{base}/log/{path}")).await.expect("an answer");
    assert_eq!(answer.status(), 200, "{path}");
    answer.bytes().await.expect("a body").to_vec()
}

async fn checkpoint(base: &str) -> (Note, Checkpoint) {
    let note: Note =
        String::from_utf8(fetch(base, "checkpoint").await).expect("text").parse().expect("a note");
    let checkpoint = Checkpoint::from_text(note.text()).expect("a checkpoint");
    (note, checkpoint)
}

/// Waits until the log has that many entries and nothing more comes.
pub(super) async fn grown(base: &str, least: u64) -> Checkpoint {
    let begun = Instant::now();
    // Nothing is signed in the first moments of a log.
    while reqwest::get(format!("{base}/log/checkpoint")).await.expect("an answer").status() == 404 {
        assert!(begun.elapsed() < Duration::from_secs(30), "nothing is signed");
        tokio::time::sleep(Duration::from_millis(50)).await;
    }
    let mut last = checkpoint(base).await.1;
    let mut since = Instant::now();
    while last.size < least || since.elapsed() < Duration::from_secs(1) {
        assert!(begun.elapsed() < Duration::from_secs(30), "{} entries", last.size);
        tokio::time::sleep(Duration::from_millis(50)).await;
        let now = checkpoint(base).await.1;
        if now != last {
            (last, since) = (now, Instant::now());
        }
    }
    last
}

/// Look-ups by a caseworker, each of which is an event.
pub(super) async fn look(tillid: &Tillid, times: usize) {
    let (hans, anna) = (tillid.token("hans").await, tillid.somebody("anna").await);
    let body =
        json!({"person": {"cpr": anna["cpr"]}, "purpose": "case_processing", "case": "27.36.04-2026-17"});
    for _ in 0..times {
        tillid.post("/v1/lookups").by(&hans).json(&body).send().await.expect(201);
    }
}

/// The receipt of a consent that Anna gave, as the service answers it.
pub(super) async fn receipt(tillid: &Tillid) -> (String, Value) {
    let (hans, anna) = (tillid.token("hans").await, tillid.token("anna").await);
    let cpr = tillid.somebody("anna").await["cpr"].clone();
    let asked = json!({"person": {"cpr": cpr}, "consent_type": "C02", "case": "27.36.04-2026-17"});
    let request = tillid.post("/v1/consent-requests").by(&hans).json(&asked).send().await.expect(201).json();
    let about = json!({"about": {"request": request["id"]}});
    let shown = tillid.post("/v1/presentations").by(&anna).json(&about).send().await.expect(201).json();
    let document: Value = serde_json::from_str(shown["document"].as_str().expect("one")).expect("json");
    let items = document["items"].as_array().expect("items");
    let answers: Vec<Value> = items.iter().map(|i| json!({"item": i["code"], "given": true})).collect();
    let path = format!("/v1/consent-requests/{}/answer", request["id"].as_str().expect("an id"));
    let answer = json!({"presentation_id": shown["id"], "answers": answers});
    let given = tillid.post(&path).by(&anna).json(&answer).send().await.expect(201).json();
    let consent = given["consents"][0]["id"].as_str().expect("an id").to_owned();
    let redirect = tillid.get(&format!("/v1/consents/{consent}/receipt")).by(&anna).send().await.expect(303);
    let location = redirect.headers["location"].to_str().expect("a path").to_owned();
    let early = tillid.get(&location).by(&anna).send().await.expect(200).json();
    (location, early)
}

pub(super) fn path_of(path: &Path) -> &str {
    path.to_str().expect("text")
}

/// The key of the demo's log, in the hands of a thief.
fn stolen(tillid: &Tillid, log: &Checkpoint) -> Signer {
    let key = fs::read(tillid.folder().join("keys/log.key")).expect("the key");
    Signer::ed25519(log.origin.as_ref().parse().expect("a name"), Algorithm::Ed25519, &key).expect("a key")
}

fn made(home: &Path, kind: &str, name: &str, file: &str) -> (Vec<u8>, String) {
    let path = home.join(file);
    assert!(run(&["keygen", kind, "--name", name, path_of(&path)]).status.success());
    let vkey = fs::read_to_string(home.join(format!("{file}.vkey"))).expect("its verifier key");
    (fs::read(path).expect("it"), vkey.trim().to_owned())
}

fn signed(signer: &Signer, checkpoint: &Checkpoint) -> Note {
    let mut note = Note::new(checkpoint.text()).expect("a text");
    note.push(signer.sign(note.text()).expect("a signature"));
    note
}

pub(super) fn flipped(mut bytes: Vec<u8>, at: usize) -> Vec<u8> {
    bytes[at] ^= 1;
    bytes
}

/// A complete log with these entries, as files by path.
fn log_of(entries: &[Vec<u8>], origin: &Checkpoint, signer: &Signer) -> BTreeMap<String, Vec<u8>> {
    let mut files = BTreeMap::new();
    let mut edge = Edge::default();
    let bytes = |hashes: &[Hash]| hashes.iter().flat_map(|h| *h.as_bytes()).collect::<Vec<u8>>();
    for entry in entries {
        for (id, hashes) in edge.push(Hash::of_entry(entry)) {
            files.insert(format!("tile/{}", Resource::Tile { id, width: 256 }), bytes(&hashes));
        }
    }
    for level in 0..8 {
        let hashes = edge.partial(level);
        if !hashes.is_empty() {
            let id = TileId { level, index: edge.size() >> (8 * (u32::from(level) + 1)) };
            let width = u16::try_from(hashes.len()).expect("a width");
            files.insert(format!("tile/{}", Resource::Tile { id, width }), bytes(hashes));
        }
    }
    for (index, bundle) in (0..).zip(entries.chunks(TILE_WIDTH)) {
        let width = u16::try_from(bundle.len()).expect("a width");
        let bytes = entry_bundle(bundle.iter().map(Vec::as_slice)).expect("a bundle");
        files.insert(format!("tile/{}", Resource::Entries { index, width }), bytes);
    }
    let tree = Checkpoint { size: edge.size(), root: edge.root(), ..origin.clone() };
    files.insert("checkpoint".to_owned(), signed(signer, &tree).to_string().into_bytes());
    files
}

async fn entries(base: &str, size: u64) -> Vec<Vec<u8>> {
    let mut all = Vec::new();
    for index in 0..size.div_ceil(256) {
        let width = TileId { level: 0, index }.width_at(size).expect("there");
        let bundle = fetch(base, &format!("tile/{}", Resource::Entries { index, width })).await;
        all.extend(read_entry_bundle(&bundle).expect("a bundle").into_iter().map(<[u8]>::to_vec));
    }
    all
}

async fn honest(engine: Engine) {
    let tillid = Tillid::demo(engine).await;
    let home = tempfile::tempdir().expect("a folder");
    let file = |name: &str| path_of(&home.path().join(name)).to_owned();
    let (base, remember) = (tillid.base.as_str(), file("remembered"));
    let small = grown(base, 1).await;
    let first = verify(&["--server", base, "--remember", &remember]);
    first.is(0, "nothing_remembered");
    assert!(first.codes().contains(&"first_use") && first.codes().contains(&"nobody_vouched"));

    let (location, mut early) = receipt(&tillid).await;
    look(&tillid, 300).await;
    let large = grown(base, small.size + 300).await;
    verify(&["--server", base, "--remember", &remember]).is(0, "consistent");
    let again = verify(&["--server", base, "--remember", &remember, "--all"]);
    again.is(0, "tree_recomputed");
    assert!(again.codes().contains(&"same_tree"), "it remembered the larger one");

    let anna = tillid.token("anna").await;
    let late = tillid.get(&location).by(&anna).send().await.expect(200).json();
    early["proof"] = Value::Null;
    fs::write(file("early"), early.to_string()).expect("written");
    fs::write(file("late"), late.to_string()).expect("written");
    fs::write(file("keys"), fetch(base, "keys").await).expect("written");
    verify(&["--receipt", &file("late"), "--keys", &file("keys")]).is(0, "receipt_in_log");
    verify(&["--receipt", &file("early"), &file("late"), "--keys", &file("keys")]).is(3, "promise_only");
    verify(&["--receipt", &file("late")]).is(2, "receipt_keys_missing");
    verify(&["--receipt", &file("early"), "--server", base]).is(0, "receipt_in_log");
    verify(&["--receipt", &file("early"), "--server", base, "--all"]).is(0, "receipt_in_tree");

    let archive = file("archive");
    let mut export = vec!["export", "--log-to", &archive, "--data", path_of(tillid.folder())];
    let url = tillid.postgres_url();
    export.extend(url.iter().flat_map(|url| ["--postgres", url]));
    let exported = run(&export);
    assert!(exported.status.success(), "{}", String::from_utf8_lossy(&exported.stderr));
    let receipts = ["--receipt", &file("early"), &file("late"), "--keys", &file("keys")];
    let whole = verify(&[&["--archive", archive.as_str()], receipts.as_slice()].concat());
    whole.is(0, "tree_recomputed");
    assert_eq!(whole.codes().iter().filter(|code| **code == "receipt_in_tree").count(), 2);
    for path in ["checkpoint", "keys", "tile/0/000", "tile/entries/000"] {
        assert_eq!(
            fs::read(home.path().join("archive").join(path)).expect(path),
            fetch(base, path).await,
            "{path}"
        );
    }
    let danish = run(&["verify", "--archive", &archive, "--language", "da"]);
    assert!(String::from_utf8_lossy(&danish.stdout).contains(&format!("alle {} poster er læst", large.size)));
}

#[tokio::test(flavor = "multi_thread")]
async fn an_honest_log_is_proven_on_sqlite() {
    honest(Engine::Sqlite).await;
}

#[tokio::test(flavor = "multi_thread")]
async fn an_honest_log_is_proven_on_postgres() {
    honest(Engine::Postgres).await;
}

/// A log, what is remembered of it, and a liar before it.
struct Scene {
    tillid: Tillid,
    liar: Liar,
    home: tempfile::TempDir,
    /// What is remembered, and what the log is now.
    small: Checkpoint,
    large: Checkpoint,
}

impl Scene {
    async fn new() -> Self {
        let tillid = Tillid::demo(Engine::Sqlite).await;
        let home = tempfile::tempdir().expect("a folder");
        let small = grown(&tillid.base, 1).await;
        let remembered = fetch(&tillid.base, "checkpoint").await;
        fs::write(home.path().join("remembered"), remembered).expect("written");
        look(&tillid, 300).await;
        let large = grown(&tillid.base, small.size + 300).await;
        assert!(small.size < 256 && large.size > 257 && large.size < 512, "the tiles that the lies name");
        let liar = Liar::before(&tillid.base).await;
        Self { tillid, liar, home, small, large }
    }

    fn file(&self, name: &str) -> PathBuf {
        self.home.path().join(name)
    }

    /// What is said of the liar by who remembers; what is remembered does not change.
    fn said(&self, more: &[&str]) -> Said {
        let copy = self.file("copy");
        fs::copy(self.file("remembered"), &copy).expect("copied");
        let said = verify(&[&["--server", &self.liar.base, "--remember", path_of(&copy)], more].concat());
        let kept = fs::read(&copy).expect("it is there") == fs::read(self.file("remembered")).expect("it");
        assert_eq!(kept, matches!(said.exit, 1 | 2) || said.codes().contains(&"behind"), "{}", said.json);
        said
    }

    fn serve(&self, files: BTreeMap<String, Vec<u8>>) {
        self.liar.tell(move |path, status, bytes| match files.get(path) {
            Some(file) => (200, file.clone()),
            None if path.starts_with("tile/") => (404, Vec::new()),
            None => (status, bytes),
        });
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn a_checkpoint_that_lies_is_named() {
    let scene = Scene::new().await;
    let Scene { liar, small, large, tillid, .. } = &scene;
    scene.said(&[]).is(0, "consistent");
    let replaced = |old: String, new: String| {
        move |bytes: Vec<u8>| String::from_utf8(bytes).expect("text").replacen(&old, &new, 1).into_bytes()
    };
    let (size, root) = (large.size.to_string(), large.root.to_string());
    liar.alter("checkpoint", replaced(root.clone(), Hash::of_nothing().to_string()));
    scene.said(&[]).is(1, "bad_signature");
    liar.alter("checkpoint", replaced(format!("\n{size}\n"), format!("\n{}\n", large.size + 1)));
    scene.said(&[]).is(1, "bad_signature");
    liar.alter("checkpoint", replaced(large.origin.to_string(), "other.example/log".to_owned()));
    scene.said(&[]).is(1, "unknown_log");
    liar.alter("checkpoint", |bytes| bytes[..bytes.len() / 2].to_vec());
    scene.said(&[]).is(2, "checkpoint_unreadable");
    for status in [302, 404, 500] {
        liar.tell(move |path, is, bytes| (if path == "checkpoint" { status } else { is }, bytes));
        scene.said(&[]).is(2, if status == 404 { "no_checkpoint" } else { "status" });
    }
    liar.alter("keys", |bytes| bytes[1..].to_vec());
    scene.said(&[]).is(2, "keys_unreadable");

    let older = fs::read(scene.file("remembered")).expect("it");
    verify(&["--server", &tillid.base, "--remember", path_of(&scene.file("remembered"))]).is(0, "remembered");
    liar.alter("checkpoint", move |_| older.clone());
    scene.said(&[]).is(3, "behind");
    let entries = entries(&tillid.base, large.size).await;
    let few = &entries[..usize::try_from(small.size).expect("few")];
    scene.serve(log_of(few, large, &stolen(tillid, large)));
    scene.said(&[]).is(1, "older");
    verify(&["--server", "http://127.0.0.1:9"]).is(2, "unreachable");
    verify(&["--server", "http://tillid.example"]).is(2, "not_safe");
}

#[tokio::test(flavor = "multi_thread")]
async fn keys_that_lie_and_a_stolen_key_are_named() {
    let scene = Scene::new().await;
    let Scene { liar, large, tillid, small, .. } = &scene;
    let (forger, vkey) = made(scene.home.path(), "log", large.origin.as_ref(), "forger");
    let name = || large.origin.as_ref().parse().expect("a name");
    let forger = Signer::ed25519(name(), Algorithm::Ed25519, &forger).expect("a key");
    let forged = signed(&forger, large).to_string().into_bytes();
    let note = forged.clone();
    liar.alter("checkpoint", move |_| note.clone());
    scene.said(&[]).is(1, "not_signed");

    for (keep, exit, code) in [(false, 1, "key_gone"), (true, 2, "key_replaced")] {
        let (forged, vkey) = (forged.clone(), vkey.clone());
        liar.tell(move |path, status, bytes| match path {
            "checkpoint" => (status, forged.clone()),
            "keys" => {
                let mut keys: Value = serde_json::from_slice(&bytes).expect("json");
                let log = keys["log"]["keys"].as_array_mut().expect("keys");
                if !keep {
                    log.clear();
                }
                log.push(json!({"vkey": vkey, "signs": true}));
                (status, serde_json::to_vec(&keys).expect("json"))
            }
            _ => (status, bytes),
        });
        scene.said(&[]).is(exit, code);
    }

    let thief = stolen(tillid, large);
    let mut entries = entries(&tillid.base, large.size).await;
    entries[5] = vec![1; 33];
    scene.serve(log_of(&entries, large, &thief));
    let evidence = scene.file("evidence");
    scene.said(&["--evidence", path_of(&evidence)]).is(1, "rewritten");
    assert_eq!(fs::read_dir(&evidence).expect("it").count(), 2, "both checkpoints are kept");
    verify(&["--server", &liar.base, "--all"]).is(0, "tree_recomputed");
    scene.serve(log_of(&entries[..usize::try_from(small.size).expect("few")], large, &thief));
    scene.said(&[]).is(1, "forked");
}

#[tokio::test(flavor = "multi_thread")]
async fn tiles_and_entries_that_lie_are_named() {
    let scene = Scene::new().await;
    let Scene { liar, large, .. } = &scene;
    let partial = large.size - 256;
    let (edge, last) = (format!("tile/0/001.p/{partial}"), format!("tile/entries/001.p/{partial}"));
    liar.alter("tile/0/000", |bytes| flipped(bytes, 40));
    let said = scene.said(&[]);
    said.is(1, "tile_altered");
    assert!(said.text().contains("tile/0/000"));
    liar.alter("tile/0/000", |bytes| bytes[..8160].to_vec());
    scene.said(&[]).is(1, "tile_length");
    liar.alter("tile/0/000", |mut bytes| {
        bytes.push(0);
        bytes
    });
    scene.said(&[]).is(1, "tile_length");
    liar.alter(&edge, |bytes| flipped(bytes, 3));
    scene.said(&[]).is(1, "edge_altered");
    let said = scene.said(&["--all"]);
    said.is(1, "tile_altered");
    assert!(said.text().contains(&edge), "from the entries it is told which");
    liar.alter("tile/1/000.p/1", |bytes| flipped(bytes, 3));
    assert!(scene.said(&["--all"]).text().contains("tile/1/000.p/1"));
    liar.tell(|path, is, bytes| (if path == "tile/0/000" { 404 } else { is }, bytes));
    scene.said(&[]).is(2, "status");

    for (path, entry) in [("tile/entries/000", 1), (last.as_str(), 257)] {
        liar.alter(path, |bytes| flipped(bytes, 35 + 10));
        scene.said(&[]).is(0, "consistent");
        let said = scene.said(&["--all"]);
        said.is(1, "entries_altered");
        let named =
            said.json["statements"].as_array().expect("them").iter().find(|s| s["code"] == "entries_altered");
        let values = &named.expect("it")["values"];
        assert_eq!(
            (values["tile"].as_str(), values["entry"].as_str()),
            (Some(path), Some(entry.to_string().as_str()))
        );
        assert!(!said.codes().contains(&"rewritten"), "the log itself is as it was");
        liar.alter(path, |bytes| bytes[..bytes.len() - 35].to_vec());
        scene.said(&["--all"]).is(1, "entries_malformed");
        liar.alter(path, |bytes| bytes[..bytes.len() - 1].to_vec());
        scene.said(&["--all"]).is(1, "entries_malformed");
    }
    // An entry and the tile with its hash: nobody who reads these two alone sees it.
    let leaf = Hash::of_entry(&flipped(entries(&scene.tillid.base, 2).await[1].clone(), 8));
    liar.tell(move |path, is, bytes| match path {
        "tile/entries/000" => (is, flipped(bytes, 45)),
        "tile/0/000" => (is, [&bytes[..32], leaf.as_bytes().as_slice(), &bytes[64..]].concat()),
        _ => (is, bytes),
    });
    let said = verify(&["--server", &liar.base, "--all"]);
    said.is(1, "tile_altered");
    assert!(said.text().contains("tile/0/000"));
}

#[tokio::test(flavor = "multi_thread")]
async fn witnesses_are_asked_for_by_the_policy() {
    let scene = Scene::new().await;
    let Scene { liar, large, tillid, .. } = &scene;
    let keys: Value = serde_json::from_slice(&fetch(&tillid.base, "keys").await).expect("json");
    let log = keys["log"]["keys"][0]["vkey"].as_str().expect("a key");
    let (secret, witness) = made(scene.home.path(), "witness", "witness.example", "witness");
    let policy = format!("log {log}\nwitness w {witness}\ngroup all all w\nquorum all\n");
    fs::write(scene.file("policy"), policy).expect("written");
    let file = scene.file("policy");
    let policy = ["--policy", path_of(&file)];
    let said = scene.said(&policy);
    said.is(3, "quorum_missing");
    assert!(said.codes().contains(&"consistent"), "the rest is proven");

    let signer =
        Signer::ed25519("witness.example".parse().expect("a name"), Algorithm::Ed25519Cosignature, &secret);
    let line = signer.expect("a key").cosign(large, 1_790_000_000).expect("a signature").to_string();
    let cosigned = line.clone();
    liar.alter("checkpoint", move |bytes| [bytes, cosigned.clone().into_bytes()].concat());
    let said = scene.said(&policy);
    said.is(0, "quorum_met");
    assert!(said.text().contains("2026-09-21T14:13:20Z"), "{}", said.json);
    liar.alter("checkpoint", move |bytes| [bytes, line.replacen("AAAA", "AAAB", 1).into_bytes()].concat());
    scene.said(&policy).is(1, "bad_signature");
    liar.alter("keys", |_| Vec::new());
    scene.said(&policy).is(3, "quorum_missing");
    fs::write(scene.file("other"), format!("log {witness}\nquorum none\n").replace("witness.", "log."))
        .expect("written");
    verify(&["--server", &liar.base, "--policy", path_of(&scene.file("other"))]).is(2, "policy_unreadable");
}
