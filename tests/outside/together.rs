//! M6 from outside: what several give or hold together is a no to every system until enough of them have signed, and a no again as soon as
//! one of them ends it.

use crate::{
    door::{CASE, Door},
    notices::{kinds, post},
};
use serde_json::{Value, json};
use tillid_testkit::Engine;

const READ: &str = "urn:dk:eksempelkommune:fuldmagt:aeldre:hjaelpemidler:laes";

/// What the system is told of whether one may act for the other.
async fn may(door: &Door, who: &str, of: &str) -> (bool, Option<String>) {
    let question = json!({"subject": {"type": "person", "id": door.person_id(who).await}, "action": {"name": READ},
        "resource": {"type": "person", "id": door.person_id(of).await},
        "context": {"purpose": "automated_step", "case": CASE}});
    let by = door.token("fagsystem").await;
    let answer = door.post("/access/v1/evaluation").by(&by).json(&question).send().await.expect(200).json();
    let reason = answer["context"]["reason"]["code"].as_str().map(str::to_owned);
    (answer["decision"].as_bool().expect("a decision"), reason)
}

async fn show(door: &Door, by: &str, about: Value) -> Value {
    let by = door.token(by).await;
    let shown = door.post("/v1/presentations").by(&by).json(&json!({"about": about})).send().await;
    shown.expect(201).json()["id"].clone()
}

async fn give(door: &Door, by: &str, mandate: Value) -> Value {
    let shown = show(door, by, json!({"mandate": mandate})).await;
    let by = door.token(by).await;
    let given = door.post("/v1/mandates").by(&by).json(&json!({"presentation_id": shown})).send().await;
    given.expect(201).json()
}

async fn sign(door: &Door, by: &str, id: &str) -> Value {
    let shown = show(door, by, json!({"signature": {"mandate": id}})).await;
    let by = door.token(by).await;
    let path = format!("/v1/mandates/{id}/sign");
    door.post(&path).by(&by).json(&json!({"presentation_id": shown})).send().await.expect(200).json()
}

/// The id of the newest mandate that somebody gave, holds or is to sign.
async fn newest(door: &Door, who: &str) -> String {
    let list = door.get("/v1/mandates").by(&door.token(who).await).send().await.expect(200).json();
    list["items"][0]["id"].as_str().expect("an id").to_owned()
}

async fn it_takes_as_many_as_was_said(engine: Engine) {
    let door = Door::open(engine).await;
    let (bo, gitte, erik) = (door.cpr("bo").await, door.cpr("gitte").await, door.cpr("erik").await);
    let mandate = |together: Value| json!({"representative": {"cpr": bo}, "packages": ["M14"], "valid_until": "2027-06-01", "together": together});
    // Two of three who give.
    let others = json!([{"person": {"cpr": gitte}, "name": "Gitte Dam"}, {"person": {"cpr": erik}}]);
    let together = json!({"side": "grantors", "quorum": 2, "others": others});
    let given = give(&door, "anna", mandate(together)).await;
    assert_eq!((&given["state"], &given["awaits"]), (&json!("awaiting"), &json!("others")));
    assert!(!may(&door, "bo", "anna").await.0);
    // She is Finn's guardian, and has been told so.
    assert_eq!(kinds(&post(&door, "gitte", 2).await), ["representation_began", "mandate_to_sign"]);
    let hers = newest(&door, "gitte").await;
    let path = format!("/v1/mandates/{hers}");
    let read = door.get(&path).by(&door.token("gitte").await).send().await.expect(200).json();
    assert_eq!((&read["joint"]["bond"], &read["joint"]["quorum"]), (&json!("grantors"), &json!(2)));
    let said: Vec<_> =
        read["joint"]["members"].as_array().expect("members").iter().map(|m| &m["said"]).collect();
    assert_eq!(said, [&json!("signed"), &json!("awaited"), &json!("awaited")]);
    assert_eq!(sign(&door, "gitte", &hers).await["state"], "active");
    for (grantor, yes) in [("anna", true), ("gitte", true), ("erik", false)] {
        assert_eq!(may(&door, "bo", grantor).await.0, yes, "{grantor}");
    }
    // The third objects, and agrees.
    let his = newest(&door, "erik").await;
    let object = format!("/v1/mandates/{his}/object");
    let objected = door.post(&object).by(&door.token("erik").await).send().await.expect(200).json();
    assert_eq!(objected["awaits"], "agreement");
    assert_eq!(may(&door, "bo", "anna").await, (false, Some("power_ended".to_owned())));
    sign(&door, "erik", &his).await;
    for grantor in ["anna", "gitte", "erik"] {
        assert!(may(&door, "bo", grantor).await.0, "{grantor}");
    }
    // Any one of them ends it, and from that answer on it is a no.
    let revoke = format!("/v1/mandates/{his}/revoke");
    door.post(&revoke).by(&door.token("erik").await).send().await.expect(200);
    for grantor in ["anna", "gitte", "erik"] {
        assert!(!may(&door, "bo", grantor).await.0, "{grantor}");
    }

    // Two who hold: a no that says why, until they agree on something.
    let together = json!({"side": "representatives", "quorum": 2, "others": [{"person": {"cpr": gitte}}]});
    let held = give(&door, "anna", mandate(together)).await;
    assert_eq!(held["state"], "together");
    assert_eq!(may(&door, "bo", "anna").await, (false, Some("power_held_together".to_owned())));
    let act = json!({"representative": {"id": door.person_id("bo").await}, "packages": ["M14"],
        "privileges": [READ], "valid_until": "2026-12-01", "under": held["id"]});
    give(&door, "bo", act).await;
    assert!(!may(&door, "bo", "anna").await.0);
    let asked = newest(&door, "gitte").await;
    sign(&door, "gitte", &asked).await;
    assert!(may(&door, "bo", "anna").await.0 && may(&door, "gitte", "anna").await.0);
    let renounce = format!("/v1/mandates/{asked}/renounce");
    door.post(&renounce).by(&door.token("gitte").await).send().await.expect(200);
    assert!(!may(&door, "bo", "anna").await.0 && !may(&door, "gitte", "anna").await.0);
    door.events();
}

#[tokio::test]
async fn it_takes_as_many_as_was_said_on_sqlite() {
    it_takes_as_many_as_was_said(Engine::Sqlite).await;
}

#[tokio::test]
async fn it_takes_as_many_as_was_said_on_postgresql() {
    it_takes_as_many_as_was_said(Engine::Postgres).await;
}
