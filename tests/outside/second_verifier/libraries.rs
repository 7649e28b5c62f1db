//! Receipts of consents in the shape of ISO/IEC TS 27560, as libraries of another ecosystem check and read them.

use super::{logged, receipts::signed_by};
use crate::{bad_input::on_both, door::Door};
use base64::{Engine as _, engine::general_purpose::URL_SAFE_NO_PAD as B64};
use serde_json::{Value, json};
use std::{fs, path::PathBuf, process::Command};
use tempfile::TempDir;
use tillid_domain::canonical;
use tillid_testkit::Engine;

/// What `tests/transparency/receipt.mjs` says of a receipt.
fn checked(desk: &TempDir, receipt: &Value, keys: &Value) -> Value {
    let keep = |name: &str, value: &Value| {
        let path = desk.path().join(name);
        fs::write(&path, serde_json::to_vec(value).expect("json")).expect("a file");
        path
    };
    let program = PathBuf::from(env!("CARGO_MANIFEST_DIR")).join("../../tests/transparency/receipt.mjs");
    let mut command = Command::new("node");
    command.arg(program).arg(keep("receipt.json", receipt)).arg(keep("keys.json", keys));
    let output = command.output().expect("node runs");
    serde_json::from_slice(&output.stdout)
        .unwrap_or_else(|_| panic!("{}", String::from_utf8_lossy(&output.stderr)))
}

async fn newest(door: &Door, token: &str, consent: &str) -> Value {
    let moved = door.get(&format!("/v1/consents/{consent}/receipt")).by(token).send().await.expect(303);
    let path = moved.headers["location"].to_str().expect("a path").to_owned();
    logged(door, path.rsplit('/').next().expect("an id")).await;
    door.get(&path).by(token).send().await.expect(200).json()
}

fn states(told: &Value) -> Vec<&str> {
    let list = &told["dpv:hasRecordOfActivity"][0]["dpv:hasConsentStatus"];
    list.as_array().expect("states").iter().filter_map(|state| state["@type"][0].as_str()).collect()
}

async fn c5_libraries_of_others_check_and_read_a_receipt(engine: Engine) {
    let door = Door::open(engine).await;
    let desk = tempfile::tempdir().expect("a folder");
    let anna = door.token("anna").await;
    let consent = door.given(&anna, "C15").await.remove(0);
    let keys = door.get("/log/keys").send().await.expect(200).json();
    let given = newest(&door, &anna, &consent).await;
    let told = checked(&desk, &given, &keys);
    assert_eq!(told["ok"], true, "{told:#}");
    let told = &told["told"];
    assert_eq!(told["@type"], "dpv:ConsentReceipt");
    assert_eq!(states(told), ["dpv:ConsentGiven"]);
    let record = &told["dpv:hasRecordOfActivity"][0];
    assert_eq!(record["dct:identifier"], consent);
    says_what_was_shown(&door, &anna, &consent, record).await;
    names_nobody(&door, record).await;
    let context = told["@context"][0].as_str().expect("an address");
    let path = context.strip_prefix(&door.tillid.base).expect("our own");
    let served = door.get(path).send().await.expect(200);
    assert_eq!(served.headers["content-type"], "application/ld+json");

    door.post(&format!("/v1/consents/{consent}/withdraw")).by(&anna).send().await.expect(200);
    let withdrawn = newest(&door, &anna, &consent).await;
    let later = checked(&desk, &withdrawn, &keys);
    assert_eq!(states(&later["told"]), ["dpv:ConsentGiven", "dpv:ConsentWithdrawn"]);
    let first = told["receipt_id"].as_str().expect("an id");
    assert!(later["told"]["dct:replaces"].as_str().is_some_and(|iri| iri.ends_with(first)));
    let again = door.get(&format!("/v1/receipts/{first}")).by(&anna).send().await.expect(200).json();
    assert_eq!(again["receipt"], given["receipt"], "the receipt of an event stays what it was");

    refuses_what_is_altered(&door, &desk, &given, &keys);
    let file = desk.path().join("given.json");
    fs::write(&file, serde_json::to_vec(&withdrawn).expect("json")).expect("a file");
    assert_eq!(door.tillid.verify().0, 0);
}

/// The fingerprint is that of the exact document that the person read.
async fn says_what_was_shown(door: &Door, token: &str, consent: &str, record: &Value) {
    let seen = door.get(&format!("/v1/consents/{consent}")).by(token).send().await.expect(200).json();
    let id = seen["presentation_id"].as_str().expect("an id");
    let notice = &record["dpv:hasNotice"][0];
    assert_eq!(notice["dct:identifier"], id);
    let shown = door.get(&format!("/v1/presentations/{id}")).by(token).send().await.expect(200).json();
    assert_eq!(notice["tillid:sha256"], shown["sha256"], "{shown:#}");
}

/// The record tells who the controller is, and of the person nothing that others could find them by.
async fn names_nobody(door: &Door, record: &Value) {
    let text = record.to_string();
    assert!(text.contains("\"schema:value\":\"99100001\"") && text.contains("urn:dk:tillid:ppid:"));
    assert!(!text.contains(&door.person_id("anna").await) && !text.contains(&door.cpr("anna").await));
}

fn refuses_what_is_altered(door: &Door, desk: &TempDir, receipt: &Value, keys: &Value) {
    let text = receipt["receipt"].as_str().expect("a receipt");
    let parts: Vec<&str> = text.split('.').collect();
    let part =
        |n: usize| -> Value { serde_json::from_slice(&B64.decode(parts[n]).expect("base64")).expect("json") };
    let mut payload = part(1);
    payload["dpv:hasRecordOfActivity"][0]["dpv:hasConsentStatus"][0]["@type"][0] =
        json!("dpv:ConsentRefused");
    let altered = format!("{}.{}.{}", parts[0], B64.encode(canonical(&payload)), parts[2]);
    let said = checked(desk, &json!({ "receipt": altered }), keys);
    assert_eq!(said["why"], "ERR_JWS_SIGNATURE_VERIFICATION_FAILED", "another state");

    let mut header = part(0);
    header["typ"] = json!("at+jwt");
    let other = signed_by(door, &canonical(&header), &canonical(&part(1)));
    assert_eq!(checked(desk, &json!({ "receipt": other }), keys)["why"], "of type at+jwt");
    let spaced = serde_json::to_vec_pretty(&part(1)).expect("json");
    let other = signed_by(door, &canonical(&part(0)), &spaced);
    assert_eq!(checked(desk, &json!({ "receipt": other }), keys)["why"], "not canonical");
    let same = signed_by(door, &canonical(&part(0)), &canonical(&part(1)));
    assert_eq!(checked(desk, &json!({ "receipt": same }), keys)["ok"], true, "signed anew as it was");
}

on_both!(c5_libraries_of_others_check_and_read_a_receipt);
