//! What a server could say instead of the truth, and that each of it is noticed.

use super::{Outsider, told};
use crate::bad_input::on_both;
use std::{collections::BTreeMap, fs};
use tillid_log::{
    Algorithm, Checkpoint, Edge, Hash, Note, Policy, Resource, Signer, TileId, entry_bundle,
    read_entry_bundle,
};
use tillid_testkit::Engine;

const HASH: usize = 32;
/// An entry of 33 bytes after its length.
const ENTRY: usize = 35;

/// Where, what, and what is said of it.
type Lie = (&'static str, fn(&mut Vec<u8>), &'static str);

const LIES: [Lie; 16] = [
    ("tile/0/000", |b| b[77] ^= 1, "tile_differs"),
    ("tile/0/000", |b| b[..2 * HASH].rotate_left(HASH), "tile_differs"),
    ("tile/0/000", |b| b.truncate(255 * HASH), "tile_length"),
    ("tile/0/000", |b| b.extend([0; HASH]), "tile_length"),
    ("tile/0/PART", |b| b[HASH - 1] ^= 0x80, "tile_differs"),
    ("tile/1/000.p/1", |b| b[0] ^= 1, "tile_differs"),
    ("tile/entries/000", |b| b[2 + 20] ^= 1, "tile_differs"),
    ("tile/entries/000", |b| b[2] ^= 1, "tile_differs"),
    ("tile/entries/000", |b| b[..2 * ENTRY].rotate_left(ENTRY), "tile_differs"),
    ("tile/entries/000", |b| b.truncate(255 * ENTRY), "bundle"),
    ("tile/entries/000", |b| b.truncate(256 * ENTRY - 1), "bundle"),
    ("tile/entries/PART", |b| b[ENTRY + 20] ^= 1, "tile_differs"),
    ("checkpoint", |b| in_line(b, 1, |line| line.push(b'0')), "signature"),
    (
        "checkpoint",
        |b| in_line(b, 2, |line| line[3] = if line[3] == b'A' { b'B' } else { b'A' }),
        "signature",
    ),
    ("checkpoint", |b| in_line(b, 0, |line| line.push(b'x')), "signature"),
    ("checkpoint", |b| in_line(b, 4, |line| swap_letter(line, 20)), "signature"),
];

/// Changes a line of a text, counted from its first.
fn in_line(bytes: &mut Vec<u8>, number: usize, change: impl Fn(&mut Vec<u8>)) {
    let mut lines: Vec<Vec<u8>> = bytes.split(|b| *b == b'\n').map(<[u8]>::to_vec).collect();
    change(&mut lines[number]);
    *bytes = lines.join(&b'\n');
}

/// Another letter, so many from the end of the line.
fn swap_letter(line: &mut [u8], from_end: usize) {
    let at = line.len() - from_end;
    line[at] = if line[at] == b'A' { b'B' } else { b'A' };
}

async fn every_lie_is_noticed(engine: Engine) {
    let outsider = Outsider::new(engine).await;
    let liar = outsider.liar.clone();
    let honest = outsider.checks_log(&liar.base, &[]).await;
    told("the proxy itself", &honest, 0, "");
    let partial = format!("001.p/{}", honest.1["size"].as_u64().expect("a size") - 256);
    let policy: Policy = format!("log {}\nquorum none\n", outsider.vkey).parse().expect("a policy");
    let checkpoint = outsider.get("/log/checkpoint").await.body;
    for (path, change, code) in LIES {
        let path = path.replace("PART", &partial);
        liar.alters(&format!("/log/{path}"), change);
        told(&path, &outsider.checks_log(&liar.base, &[]).await, 1, code);
        if path == "checkpoint" {
            let mut altered = checkpoint.clone();
            change(&mut altered);
            let note = String::from_utf8(altered).expect("text").parse::<Note>().expect("a note");
            assert!(policy.judge(&note).is_err(), "ours refuses it too");
        }
    }
    liar.says(|path, body| body.filter(|_| !path.ends_with("entries/000")));
    told("nothing there", &outsider.checks_log(&liar.base, &[]).await, 2, "not_served");
    // Partial tiles may go when the complete one is there, and a log without them is whole.
    liar.says(|path, body| body.filter(|_| !path.contains(".p/")));
    told(
        "incomplete tiles are the log's newest",
        &outsider.checks_log(&liar.base, &[]).await,
        2,
        "not_served",
    );
}

/// The log's own key, in the hands of somebody who has the installation's folder.
fn stolen(outsider: &Outsider) -> Signer {
    let origin = outsider.vkey.split('+').next().expect("a name").parse().expect("a name");
    let secret = fs::read(outsider.door.tillid.folder().join("keys/log.key")).expect("the key");
    let signer = Signer::ed25519(origin, Algorithm::Ed25519, &secret).expect("a signer");
    assert_eq!(signer.verifier().to_string(), outsider.vkey);
    signer
}

fn signed(signer: &Signer, size: u64, root: Hash) -> Vec<u8> {
    let checkpoint = Checkpoint { origin: signer.verifier().name().clone().into(), size, root };
    let mut note = Note::new(checkpoint.text()).expect("a note");
    note.push(signer.sign(&checkpoint.text()).expect("a signature"));
    note.to_string().into_bytes()
}

/// Another history, complete and properly signed: every file of a log with these entries.
fn forged(signer: &Signer, entries: &[Vec<u8>]) -> BTreeMap<String, Vec<u8>> {
    let mut edge = Edge::default();
    let mut files = BTreeMap::new();
    let mut write = |resource: Resource, bytes| files.insert(format!("/log/tile/{resource}"), bytes);
    let bytes = |hashes: &[Hash]| hashes.iter().flat_map(|hash| *hash.as_bytes()).collect::<Vec<u8>>();
    for entry in entries {
        for (id, hashes) in edge.push(Hash::of_entry(entry)) {
            write(Resource::Tile { id, width: 256 }, bytes(&hashes));
        }
    }
    for level in 0..2 {
        let hashes = edge.partial(level);
        let (width, index) = (hashes.len().try_into().expect("a width"), u64::from(level == 0));
        write(Resource::Tile { id: TileId { level, index }, width }, bytes(hashes));
    }
    for (index, chunk) in (0..).zip(entries.chunks(256)) {
        let width = chunk.len().try_into().expect("a width");
        let bundle = entry_bundle(chunk.iter().map(Vec::as_slice)).expect("short entries");
        write(Resource::Entries { index, width }, bundle);
    }
    files.insert("/log/checkpoint".to_owned(), signed(signer, edge.size(), edge.root()));
    files
}

/// Whoever remembers a checkpoint notices another history, also when the log's own key has signed it.
async fn a_thief_with_the_key_is_noticed_by_who_remembers(engine: Engine) {
    let outsider = Outsider::new(engine).await;
    let (liar, base) = (outsider.liar.clone(), outsider.door.tillid.base.clone());
    let signer = stolen(&outsider);
    let old = outsider.get("/log/checkpoint").await.body;
    outsider.settled().await;
    let kept = outsider.desk.path().join("kept").display().to_string();
    let now = outsider.checks_log(&base, &["--remember", &kept]).await;
    told("honest", &now, 0, "");
    let size = now.1["size"].as_u64().expect("a size");
    let before = fs::read(&kept).expect("what is kept");

    liar.serves("/log/checkpoint", old);
    told("an older tree", &outsider.checks_log(&liar.base, &["--remember", &kept]).await, 1, "rolled_back");
    told("is proven to who forgets", &outsider.checks_log(&liar.base, &[]).await, 0, "");

    liar.serves("/log/checkpoint", signed(&signer, size, Hash::of_entry(b"another root")));
    told("two roots", &outsider.checks_log(&liar.base, &["--remember", &kept]).await, 1, "fork");
    told("a root without entries", &outsider.checks_log(&liar.base, &[]).await, 1, "root");

    let mut entries = Vec::new();
    for path in ["entries/000".to_owned(), format!("entries/001.p/{}", size - 256)] {
        let bundle = outsider.get(&format!("/log/tile/{path}")).await.expect(200).body;
        entries.extend(read_entry_bundle(&bundle).expect("a bundle").into_iter().map(<[u8]>::to_vec));
    }
    entries[3][20] ^= 1;
    entries.push(vec![1; 33]);
    let files = forged(&signer, &entries);
    liar.says(move |path, _| files.get(path).cloned());
    told("a forged log holds by itself", &outsider.checks_log(&liar.base, &[]).await, 0, "");
    let caught = outsider.checks_log(&liar.base, &["--remember", &kept]).await;
    told("and not for who remembers", &caught, 1, "fork");
    assert_eq!(caught.1["problem"]["evidence"].as_array().map(Vec::len), Some(2), "both checkpoints");
    assert_eq!(fs::read(&kept).expect("what is kept"), before, "what contradicts is not remembered");

    let foreign = fresh_key(&signer);
    let url = format!("{base}/log");
    let said = super::verifier(&["log", &url, "--vkey", &foreign]).await;
    told("another key of that name", &said, 1, "signature");
}

/// A verifier key of the log's name, of somebody else.
fn fresh_key(signer: &Signer) -> String {
    let pkcs8 = aws_lc_rs::signature::Ed25519KeyPair::generate().expect("a key").to_pkcs8().expect("pkcs8");
    let name = signer.verifier().name().clone();
    Signer::ed25519(name, Algorithm::Ed25519, pkcs8.as_ref()).expect("a signer").verifier().to_string()
}

on_both!(every_lie_is_noticed, a_thief_with_the_key_is_noticed_by_who_remembers);
