//! An officer erases what is over: through the interface of the built binary, and years later.

use crate::{
    door::{Door, id},
    verify_outside::{fetch, grown, path_of, verify},
};
use serde_json::{Value, json};
use tillid_testkit::Engine;

async fn erased(door: &Door, by: &str, body: &Value, key: &str, status: u16) -> Value {
    let knock = door.ask("POST", "/v1/erasures").by(by).header("idempotency-key", key);
    knock.json(body).send().await.expect(status).json()
}

async fn what_is_over_goes(engine: Engine) {
    let door = Door::open(engine).await;
    let (anna, lars, hans) = (door.token("anna").await, door.token("lars").await, door.token("hans").await);
    let (cpr, bo) = (door.cpr("anna").await, door.cpr("bo").await);
    let consents = door.given(&anna, "C15").await;
    let mandate = door.mandated(&anna, &bo, "M14").await;
    door.looked_up(&hans, &cpr, "case_processing").await;
    let receipt =
        door.get(&format!("/v1/consents/{}/receipt", consents[0])).by(&anna).send().await.expect(303);
    let receipt = receipt.headers["location"].to_str().expect("a path").to_owned();
    grown(&door.tillid.base, 1).await;
    let own = door.get(&receipt).by(&anna).send().await.expect(200).json();
    assert!(own["proof"].is_string(), "the log has it: {own}");
    let home = tempfile::tempdir().expect("a folder");
    let (file, keys) = (home.path().join("receipt.json"), home.path().join("keys"));
    std::fs::write(&file, own.to_string()).expect("written");
    std::fs::write(&keys, fetch(&door.tillid.base, "keys").await).expect("written");
    let offline = ["--receipt", path_of(&file), "--keys", path_of(&keys)];
    verify(&offline).is(0, "receipt_in_log");

    let body = json!({"person": {"cpr": cpr}, "ground": "retention_over"});
    let early = erased(&door, &lars, &body, "early", 409).await;
    assert_eq!(early["code"], "nothing_to_erase");
    let no_case = json!({"person": {"cpr": cpr}, "ground": "ordered"});
    let refused = erased(&door, &lars, &no_case, "caseless", 422).await;
    assert_eq!(refused["errors"][0]["code"], "case_missing", "{refused}");
    let free = json!({"person": {"cpr": cpr}, "ground": "because"});
    erased(&door, &lars, &free, "free", 422).await;
    let mut preview = body.clone();
    preview["preview"] = json!(true);
    let planned = erased(&door, &lars, &preview, "preview", 200).await;
    let why = |kind: &str, id: &str| {
        let kept = planned["kept"].as_array().expect("a list").iter();
        kept.clone().find(|k| k["kind"] == kind && k["id"] == id).map(|k| k["reason"].clone())
    };
    assert_eq!(why("mandate", &mandate), Some(json!("still_in_force")), "{planned}");
    assert_eq!((&planned["preview"], &planned["person_erased"]), (&json!(true), &json!(false)));

    for consent in &consents {
        let path = format!("/v1/consents/{consent}/withdraw");
        // What was declined cannot be withdrawn, and needs not be.
        let told = door.post(&path).by(&anna).send().await.status;
        assert!([200, 409].contains(&told.as_u16()), "{told}");
    }
    door.turned("P7Y").await;
    let done = erased(&door, &lars, &body, "erase", 200).await;
    assert_eq!(done["person_erased"], true, "{done}");
    assert_eq!(done["kept"], json!([]));
    assert!(done["erased"]["consents"].as_u64() >= Some(1) && done["erased"]["mandates"] == 1, "{done}");
    assert_eq!(erased(&door, &lars, &body, "erase", 200).await, done, "told again, under the same key");
    let unknown = erased(&door, &lars, &body, "anew", 422).await;
    assert!(unknown.to_string().contains("\"nobody_known\""), "{unknown}");
    assert!(!door.get(&receipt).by(&anna).send().await.status.to_string().starts_with('2'));
    // The copy that she kept needs nothing of what went.
    verify(&offline).is(0, "receipt_in_log");
    let altered = own.to_string().replacen("index ", "index 9", 1);
    std::fs::write(&file, altered).expect("written");
    verify(&offline).is(1, "proof_wrong");
    let bo_token = door.token("bo").await;
    let left = door.get("/v1/mandates").by(&bo_token).send().await.expect(200).json();
    assert_eq!(left["items"], json!([]));
    door.get("/v1/overview").by(&bo_token).send().await.expect(200);
    let log = door.get("/v1/access-log").by(&bo_token).send().await.expect(200).json();
    assert!(
        log["items"].as_array().expect("a list").iter().any(|look| look["act"]["code"] == "erase"),
        "{log}"
    );
    // Looked up anew, the number is somebody's of whom nothing is known.
    let body = json!({"person": {"cpr": cpr}, "purpose": "case_processing", "case": "27.36.04-2026-17"});
    let found = door.post("/v1/lookups").by(&hans).json(&body).send().await.expect(201).json();
    assert!(found["person"]["name"].is_null() && !id(&found["person"]["id"]).is_empty(), "{found}");
    assert!(door.events() > 0, "and all that is left verifies");
}

#[tokio::test]
async fn what_is_over_goes_and_everything_else_verifies_on_sqlite() {
    what_is_over_goes(Engine::Sqlite).await;
}

#[tokio::test]
async fn what_is_over_goes_and_everything_else_verifies_on_postgresql() {
    what_is_over_goes(Engine::Postgres).await;
}
