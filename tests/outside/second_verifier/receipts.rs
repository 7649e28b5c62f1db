//! Receipts, as somebody checks them who has nothing but the receipt and the published keys.

use super::{Outsider, told};
use crate::{bad_input::on_both, door::Door};
use aws_lc_rs::signature::Ed25519KeyPair;
use base64::{Engine as _, engine::general_purpose::URL_SAFE_NO_PAD as B64};
use serde_json::{Value, json};
use std::fs;
use tillid_domain::{Digest, Salt, canonical};
use tillid_testkit::Engine;

/// A change of one line of a proof, and what is said of it.
type Lie = (&'static str, fn(&mut Vec<String>), &'static str);

/// The lines of a proof: title, index, hashes, nothing, origin, size, root, nothing, signature.
const LIES: [Lie; 10] = [
    ("another title", |l| l[0].push('1'), "proof"),
    ("another index", |l| "index 9".clone_into(&mut l[1]), "inclusion"),
    ("an index beyond the tree", |l| "index 99999999999999999999".clone_into(&mut l[1]), "inclusion"),
    ("an index with a zero before it", |l| l[1] = l[1].replace("index ", "index 0"), "proof"),
    ("another hash", |l| l.swap(2, 3), "inclusion"),
    ("a hash too few", |l| drop(l.remove(2)), "inclusion"),
    ("a hash too many", |l| l.insert(2, l[2].clone()), "inclusion"),
    ("a hash that is cut off", |l| "AAAA".clone_into(&mut l[2]), "proof"),
    ("another size", |l| from_end(l, 5).push('0'), "signature"),
    ("another root", |l| *from_end(l, 4) = l[2].clone(), "signature"),
];

/// A line of a proof whose last line break ends an empty one.
fn from_end(lines: &mut [String], n: usize) -> &mut String {
    let at = lines.len() - n;
    &mut lines[at]
}

/// A receipt with other lines in its proof.
fn with_proof(receipt: &Value, change: impl Fn(&mut Vec<String>)) -> Value {
    let mut lines: Vec<String> =
        receipt["proof"].as_str().expect("a proof").split('\n').map(str::to_owned).collect();
    change(&mut lines);
    json!({"receipt": receipt["receipt"], "proof": lines.join("\n")})
}

fn part(receipt: &Value, n: usize) -> Value {
    let part = receipt["receipt"].as_str().expect("a receipt").split('.').nth(n).expect("a part");
    serde_json::from_slice(&B64.decode(part).expect("base64")).expect("json")
}

/// A receipt with another payload, under the installation's own key.
fn signed(outsider: &Outsider, receipt: &Value, payload: &Value) -> Value {
    let text = signed_by(&outsider.door, &canonical(&part(receipt, 0)), &canonical(payload));
    json!({"receipt": text, "proof": receipt["proof"]})
}

/// A JWS with these bytes, under an installation's own key.
pub(super) fn signed_by(door: &Door, header: &[u8], payload: &[u8]) -> String {
    let secret = fs::read(door.tillid.folder().join("keys/receipts.key")).expect("the key");
    let pair = Ed25519KeyPair::from_pkcs8(&secret).expect("a key pair");
    let text = format!("{}.{}", B64.encode(header), B64.encode(payload));
    let signature = B64.encode(pair.sign(text.as_bytes()));
    format!("{text}.{signature}")
}

async fn receipts_hold_and_altered_ones_do_not(engine: Engine) {
    let outsider = Outsider::new(engine).await;
    let base = outsider.door.tillid.base.clone();
    let keys = outsider.get("/log/keys").await.expect(200).body;
    let keys = outsider.keeps("keys.json", &keys);
    let offline = ["--keys", keys.as_str()];
    for receipt in &outsider.receipts {
        let said = outsider.checks_receipt(receipt, &base, &[]).await;
        told("with the server's keys", &said, 0, "");
        assert_eq!(said.1["event"], part(receipt, 1)["event"]["id"]);
        told("with keys that were kept", &outsider.checks_receipt(receipt, "-", &offline).await, 0, "");
        let promise = json!({"receipt": receipt["receipt"], "proof": null});
        told("a promise", &outsider.checks_receipt(&promise, "-", &offline).await, 2, "no_proof");
        told("its proof is there", &outsider.checks_receipt(&promise, &base, &[]).await, 0, "");
        told("no keys", &outsider.checks_receipt(receipt, "-", &[]).await, 2, "usage");
    }
    let [consent, mandate] = &outsider.receipts;
    for (what, change, code) in LIES {
        let altered = with_proof(consent, change);
        told(what, &outsider.checks_receipt(&altered, "-", &offline).await, 1, code);
    }
    let swapped = json!({"receipt": consent["receipt"], "proof": mandate["proof"]});
    told("another's proof", &outsider.checks_receipt(&swapped, "-", &offline).await, 1, "inclusion");
    altered_bytes(&outsider, consent, &offline).await;
    resigned(&outsider, consent, &offline).await;
    other_keys(&outsider, consent).await;
}

/// One character of the header, the payload and the signature.
async fn altered_bytes(outsider: &Outsider, receipt: &Value, offline: &[&str]) {
    let text = receipt["receipt"].as_str().expect("a receipt");
    let dots: Vec<usize> = text.match_indices('.').map(|(at, _)| at).collect();
    for at in [dots[0] / 2, dots[0] + 40, dots[1] - 40, dots[1] + 20] {
        let mut bytes = text.as_bytes().to_vec();
        bytes[at] = if bytes[at] == b'A' { b'B' } else { b'A' };
        let altered = json!({"receipt": String::from_utf8(bytes).expect("ascii"), "proof": receipt["proof"]});
        let said = outsider.checks_receipt(&altered, "-", offline).await;
        assert_eq!(said.0, 1, "at {at}: {:#}", said.1);
    }
}

/// What the operator could sign, and cannot prove.
async fn resigned(outsider: &Outsider, receipt: &Value, offline: &[&str]) {
    let payload = part(receipt, 1);
    told(
        "signed anew",
        &outsider.checks_receipt(&signed(outsider, receipt, &payload), "-", offline).await,
        0,
        "",
    );

    let salt = [7; 32];
    let mut salted = payload.clone();
    salted["commitment"]["salt"] = json!(B64.encode(salt));
    let said = outsider.checks_receipt(&signed(outsider, receipt, &salted), "-", offline).await;
    told("another salt", &said, 1, "commitment");

    let mut altered = payload.clone();
    altered["event"]["recorded_at"] = json!("2020-01-01T00:00:00Z");
    let said = outsider.checks_receipt(&signed(outsider, receipt, &altered), "-", offline).await;
    told("another event", &said, 1, "commitment");

    let opens = Digest::commit(&Salt::from_bytes(salt), &canonical(&altered["event"]));
    altered["commitment"]["salt"] = json!(B64.encode(salt));
    altered["commitment"]["value"] = json!(B64.encode(opens.as_bytes()));
    let said = outsider.checks_receipt(&signed(outsider, receipt, &altered), "-", offline).await;
    told("another event under a commitment of its own", &said, 1, "inclusion");
}

/// Keys that are not those the receipt or the log was signed with.
async fn other_keys(outsider: &Outsider, receipt: &Value) {
    let liar = &outsider.liar;
    liar.alters("/log/keys", |keys| *keys = with_key(keys, "x"));
    told("another key", &outsider.checks_receipt(receipt, &liar.base, &[]).await, 1, "receipt_signature");
    liar.alters("/log/keys", |keys| *keys = with_key(keys, "kid"));
    told("no such key", &outsider.checks_receipt(receipt, &liar.base, &[]).await, 1, "receipt_key");
    let vkey = "example.com/foo+530d903a+AekyeRrm56hApGFkyQR4ZCbV54Id2LKaANYcrnKv3U2k";
    let file = outsider.keeps("receipt.json", &serde_json::to_vec(receipt).expect("json"));
    let url = format!("{}/log", outsider.door.tillid.base);
    let said = super::verifier(&["receipt", &url, &file, "--vkey", vkey]).await;
    told("another log's key", &said, 1, "signature");
}

/// The published keys with another public key, or another name of it.
fn with_key(keys: &[u8], member: &str) -> Vec<u8> {
    let pair = Ed25519KeyPair::from_seed_unchecked(&[5; 32]).expect("a key pair");
    let x = aws_lc_rs::signature::KeyPair::public_key(&pair).as_ref().to_vec();
    let mut keys: Value = serde_json::from_slice(keys).expect("json");
    keys["keys"][0][member] = json!(B64.encode(x));
    serde_json::to_vec(&keys).expect("json")
}

on_both!(receipts_hold_and_altered_ones_do_not);
