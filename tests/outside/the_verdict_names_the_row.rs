//! `tillid verify`: whoever changes a row behind the service's back is found out, and the row is named.

use crate::{
    door::{CASE, Door},
    support::TILLID,
};
use serde_json::json;
use std::{fs, process::Command};
use tillid_testkit::{Administrator, Engine};

/// What an administrator does to one row: the table that is named, what picks the row, and the statement with `{id}` for it.
const HANDS: [(&str, &str, &str); 17] = [
    ("consent", "consent WHERE state = 'given'", "UPDATE consent SET state = 'declined' WHERE id = {id}"),
    (
        "consent",
        "consent WHERE state = 'declined'",
        "UPDATE consent SET valid_to = valid_to + 1 WHERE id = {id}",
    ),
    ("consent", "consent WHERE state = 'withdrawn'", "DELETE FROM consent WHERE id = {id}"),
    (
        "consent_request",
        "consent_request WHERE state = 'open'",
        "UPDATE consent_request SET deadline = deadline + 1 WHERE id = {id}",
    ),
    (
        "consent_request",
        "consent_request WHERE state = 'answered'",
        "DELETE FROM consent_request WHERE id = {id}",
    ),
    (
        "mandate",
        "mandate WHERE state = 'revoked'",
        "UPDATE mandate SET state = 'given', ended_at = NULL WHERE id = {id}",
    ),
    ("mandate", "mandate WHERE state = 'given'", "UPDATE mandate SET case_ref = 'x' WHERE id = {id}"),
    (
        "mandate_request",
        "mandate_request WHERE state = 'open'",
        "UPDATE mandate_request SET representative_id = grantor_id WHERE id = {id}",
    ),
    ("presentation", "presentation", "UPDATE presentation SET document = document_hash WHERE id = {id}"),
    (
        "catalogue_entry",
        "catalogue_entry WHERE code = 'C02'",
        "UPDATE catalogue_entry SET state = 'retired', retired_at = published_at WHERE id = {id}",
    ),
    ("person", "person WHERE name LIKE 'Bo %'", "UPDATE person SET name = 'Bo Lund' WHERE id = {id}"),
    ("person", "person WHERE name LIKE 'Anna %'", "UPDATE person SET version = version + 1 WHERE id = {id}"),
    (
        "person_number",
        "person_number",
        "DELETE FROM person_number_index WHERE number_id = {id}; DELETE FROM person_number WHERE id = {id}",
    ),
    ("access_record", "access_record", "UPDATE access_record SET outcome = 'nothing' WHERE id = {id}"),
    ("access_record", "access_record WHERE act = 'look_up'", "DELETE FROM access_record WHERE id = {id}"),
    (
        "pending",
        "event WHERE fact = 'consent_withdrawn'",
        "DELETE FROM pending WHERE event_id = {id}; DELETE FROM log_entry WHERE event_id = {id}",
    ),
    (
        "event_body",
        "event WHERE fact = 'mandate_revoked'",
        "UPDATE event_body SET salt = bytes WHERE event_id = {id}",
    ),
];

/// A copy of a row with an id that nobody gave.
const ADDED: &str = "0198aaaa-0000-7000-8000-00000000beef";

async fn lived(engine: Engine) -> Door {
    let door = Door::open(engine).await;
    let (hans, anna) = (door.token("hans").await, door.token("anna").await);
    let (cpr, bo) = (door.cpr("anna").await, door.cpr("bo").await);
    let request = door.asked(&hans, &cpr, "C02").await;
    door.answered(&anna, &request).await;
    door.asked(&hans, &cpr, "C01").await;
    let unasked = door.given(&anna, "C15").await;
    door.post(&format!("/v1/consents/{}/withdraw", unasked[0])).by(&anna).send().await.expect(200);
    let revoked = door.mandated(&anna, &bo, "M14").await;
    door.mandated(&anna, &bo, "M15").await;
    door.asked_for_mandate(&door.token("bo").await, &cpr, "M14").await;
    door.post(&format!("/v1/mandates/{revoked}/revoke")).by(&anna).send().await.expect(200);
    for purpose in ["case_processing", "supervision"] {
        let body = json!({"person": {"cpr": cpr}, "purpose": purpose, "case": CASE});
        door.post("/v1/lookups").by(&hans).json(&body).send().await;
    }
    door
}

fn literal(administrator: &Administrator, id: &str) -> String {
    match administrator {
        Administrator::Sqlite(_) => format!("X'{}'", id.replace('-', "")),
        Administrator::Postgres(_) => format!("'{id}'::uuid"),
    }
}

/// The first row of a table that a condition picks; its id as `verify` writes it.
async fn picked(administrator: &mut Administrator, from: &str) -> String {
    let ids = match administrator {
        Administrator::Sqlite(_) => {
            administrator.column(&format!("SELECT lower(hex(id)) FROM {from} ORDER BY id LIMIT 1")).await
        }
        Administrator::Postgres(_) => {
            administrator.column(&format!("SELECT id::text FROM {from} ORDER BY id LIMIT 1")).await
        }
    };
    let id = ids.first().unwrap_or_else(|| panic!("no {from}")).replace('-', "");
    format!("{}-{}-{}-{}-{}", &id[..8], &id[8..12], &id[12..16], &id[16..20], &id[20..])
}

async fn every_hand_on_a_row_is_named(engine: Engine) {
    let door = lived(engine).await;
    let (code, words) = door.tillid.verify();
    assert_eq!(code, 0, "{words}");
    assert!(words.contains("verified: "), "{words}");
    let mut administrator = door.tillid.administrator().await;
    administrator.take_protection_away().await;
    assert_eq!(door.tillid.verify().0, 0, "taking the protection away alone changes no row");

    // A row more: somebody who may act for Anna although she never said so.
    let mandate = picked(&mut administrator, "mandate WHERE state = 'given'").await;
    let columns: Vec<String> = administrator
        .columns("mandate")
        .await
        .into_iter()
        .map(|c| c.name)
        .filter(|name| name != "id" && name != "presentation_id")
        .collect();
    let (old, new) = (literal(&administrator, &mandate), literal(&administrator, ADDED));
    let sql = format!(
        "INSERT INTO mandate (id, presentation_id, {0}) SELECT {new}, {new}, {0} FROM mandate WHERE id = {old}",
        columns.join(", ")
    );
    administrator.execute(&sql).await.expect("a row more");
    named(&door, "mandate", ADDED);

    for (table, from, sql) in HANDS {
        let id = picked(&mut administrator, from).await;
        let sql = sql.replace("{id}", &literal(&administrator, &id));
        administrator.execute(&sql).await.unwrap_or_else(|e| panic!("{sql}: {e}"));
        named(&door, table, &id);
    }
}

fn named(door: &Door, table: &str, id: &str) {
    let (code, words) = door.tillid.verify();
    assert_eq!(code, 1, "{table}: {words}");
    let line = |line: &str| line.split(": ").any(|part| part == format!("{table} {id}"));
    assert!(words.lines().any(line), "{table} {id} is not named:\n{words}");
    assert!(words.contains("NOT verified: "), "{words}");
}

/// Who cannot read the numbers cannot say that all is well.
async fn without_the_key_nothing_is_verified(engine: Engine) {
    let mut door = lived(engine).await;
    assert_eq!(door.tillid.verify().0, 0);
    door.tillid.stop();
    let key = door.tillid.folder().join("keys/numbers-1.key");
    let right = fs::read(&key).expect("the key");
    let other: Vec<u8> = right.iter().map(|b| b ^ 0x55).collect();
    fs::write(&key, other).expect("another key");
    let (code, words) = door.tillid.verify();
    assert_ne!(code, 0, "another key: {words}");
    // No key at all is not made anew by looking.
    fs::write(&key, [0_u8; 64]).expect("a default");
    assert_eq!(door.tillid.verify().0, 2, "a key of the same byte");
    fs::write(&key, &right[..32]).expect("half a key");
    assert_eq!(door.tillid.verify().0, 2, "half a key");
    fs::write(&key, right).expect("the key again");
    assert_eq!(door.tillid.verify().0, 0);
    let nowhere = Command::new(TILLID)
        .args(["verify", "--data"])
        .arg(door.tillid.folder().join("nowhere"))
        .output()
        .expect("verify runs");
    assert_eq!(nowhere.status.code(), Some(2), "an installation that is not there");
}

#[tokio::test]
async fn every_hand_on_a_row_is_named_on_sqlite() {
    every_hand_on_a_row_is_named(Engine::Sqlite).await;
}

#[tokio::test]
async fn every_hand_on_a_row_is_named_on_postgresql() {
    every_hand_on_a_row_is_named(Engine::Postgres).await;
}

#[tokio::test]
async fn without_the_key_nothing_is_verified_on_sqlite() {
    without_the_key_nothing_is_verified(Engine::Sqlite).await;
}

#[tokio::test]
async fn without_the_key_nothing_is_verified_on_postgresql() {
    without_the_key_nothing_is_verified(Engine::Postgres).await;
}
