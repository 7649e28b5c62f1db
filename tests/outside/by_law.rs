//! Finn and his guardian, from outside: what she may, on what, as of when, and what a court changes.

use crate::{
    door::{CASE, Door, id},
    notices::{kinds, post},
};
use serde_json::{Value, json};
use tillid_testkit::Engine;

const AID: &str = "urn:dk:eksempelkommune:fuldmagt:aeldre:hjaelpemidler:handle";

async fn asked(door: &Door, system: &str, who: &str, whom: &str, context: &Value) -> Value {
    let mut question = json!({"subject": {"type": "person", "id": who}, "action": {"name": AID},
        "resource": {"type": "person", "id": whom}, "context": {"purpose": "automated_step", "case": CASE}});
    for (key, value) in context.as_object().expect("an object") {
        question["context"][key] = value.clone();
    }
    door.post("/access/v1/evaluation").by(system).json(&question).send().await.expect(200).json()
}

async fn a_guardian_acts_until_it_is_over_and_what_was_answered_stays_answered(engine: Engine) {
    let door = Door::open(engine).await;
    let (system, inge) = (door.token("fagsystem").await, door.token("inge").await);
    let (finn, gitte) = (door.person_id("finn").await, door.person_id("gitte").await);
    let now = json!({});
    let yes = asked(&door, &system, &gitte, &finn, &now).await;
    assert_eq!(yes["decision"], true, "{yes}");
    assert_eq!(yes["context"]["basis"][0]["type"], "GUARDIAN_S5");
    assert!(yes["context"]["valid_until"].is_null(), "no end is known: {yes}");
    let own = door.get("/v1/overview").by(&door.token("gitte").await).send().await.expect(200).json();
    assert_eq!(own["may_act_for"][0]["basis"], json!(["GUARDIAN_S5"]));
    let as_gitte = door.tillid.token_for("gitte", "finn").await;
    let his = door.get("/v1/overview").by(&as_gitte).send().await.expect(200).json();
    assert_eq!((&his["of"], &his["basis"]), (&json!("acting_for"), &json!(["GUARDIAN_S5"])));

    // A search finds her, and him.
    let search = json!({"subject": {"type": "person"}, "action": {"name": AID}, "resource": {"type": "person", "id": finn},
        "context": {"purpose": "automated_step", "case": CASE}});
    let found = door.post("/access/v1/search/subject").by(&system).json(&search).send().await.expect(200);
    assert_eq!(found.json()["results"][0]["id"], json!(gitte));

    // Ten days on, a registrar learns that it was over after the first five.
    door.turned("P5D").await;
    let first = door.now().await;
    door.turned("P5D").await;
    let before = asked(&door, &system, &gitte, &finn, &now).await;
    assert_eq!(before["decision"], true);
    let lookup = door.looked_up(&inge, &door.cpr("finn").await, "citizen_service").await;
    let listed = door.get("/v1/statutory-powers").by(&inge).header("lookup-id", &lookup);
    let listed = listed.send().await.expect(200).json();
    assert_eq!(
        (&listed["items"][0]["state"], &listed["items"][0]["basis"]),
        (&json!("in_force"), &json!("GUARDIAN_S5"))
    );
    let power = id(&listed["items"][0]["id"]);
    let over = json!({"from": &first[..10], "decision": {"case": CASE}});
    let end = door.post(&format!("/v1/statutory-powers/{power}/end")).by(&inge).header("lookup-id", &lookup);
    assert_eq!(end.json(&over).send().await.expect(200).json()["state"], "ended");
    let no = asked(&door, &system, &gitte, &finn, &now).await;
    assert_eq!((&no["decision"], &no["context"]["reason"]["code"]), (&json!(false), &json!("power_ended")));
    let again = json!({"known_at": before["context"]["decision_id"]});
    let again = asked(&door, &system, &gitte, &finn, &again).await;
    assert_eq!((&again["decision"], &again["context"]["basis"]), (&json!(true), &before["context"]["basis"]));
    for person in ["finn", "gitte"] {
        let told = post(&door, person, 2).await;
        assert_eq!(kinds(&told), ["representation_began", "representation_ended"]);
    }

    // Another decision: both must act.
    let both = json!({"what": "co_guardianship", "areas": ["economic", "personal"],
        "holders": [{"person": {"id": gitte}}], "decision": {"case": CASE}});
    let register = door.post("/v1/statutory-powers").by(&inge).header("lookup-id", &lookup);
    assert_eq!(register.json(&both).send().await.expect(201).json()["basis"], "CO_GUARDIAN_S7");
    let alone = asked(&door, &system, &gitte, &finn, &now).await;
    assert_eq!(alone["context"]["reason"]["code"], "power_needs_ward");
}

#[tokio::test]
async fn a_guardian_acts_until_it_is_over_on_sqlite() {
    a_guardian_acts_until_it_is_over_and_what_was_answered_stays_answered(Engine::Sqlite).await;
}

#[tokio::test]
async fn a_guardian_acts_until_it_is_over_on_postgresql() {
    a_guardian_acts_until_it_is_over_and_what_was_answered_stays_answered(Engine::Postgres).await;
}
