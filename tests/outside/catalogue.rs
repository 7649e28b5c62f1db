//! A consent type from its first draft to the version that takes its place, from outside.

use crate::door::{CASE, Door, id};
use serde_json::{Value, json};
use tillid_testkit::Engine;

const TYPE: &str = "/v1/consent-types/N1/versions";

/// A type of the authority's own that nobody has drafted yet.
async fn new_type(door: &Door) -> Value {
    let mut definition = door.definition("consent-types", "C02").await;
    definition["code"] = json!("N1");
    definition
}

async fn r43_it_is_drafted_returned_published_given_and_replaced(engine: Engine) {
    let door = Door::open(engine).await;
    let (karin, ole, hans) = (door.token("karin").await, door.token("ole").await, door.token("hans").await);
    let (anna, cpr) = (door.token("anna").await, door.cpr("anna").await);
    let mut definition = new_type(&door).await;
    definition["items"][0]["statement"]["da"] = json!("Kommunen må hente alle oplysninger hos min læge.");
    let drafted = door.post("/v1/consent-types").by(&karin).json(&definition).send().await.expect(201);
    assert_eq!((&drafted.json()["version"], &drafted.json()["state"]), (&json!(1), &json!("draft")));
    door.get(&format!("{TYPE}/1")).send().await.expect(404);
    door.get("/v1/consent-types/N1").send().await.expect(404);
    assert_eq!(door.get(TYPE).by(&hans).send().await.expect(403).code(), "role_missing");
    let seen = door.get(TYPE).by(&ole).send().await.expect(200).json();
    assert_eq!(seen["items"][0]["definition"], definition);

    // what covers everything goes no further, and the place is told.
    let step = |name: &str| format!("{TYPE}/1/{name}");
    let refused = door.post(&step("submit")).by(&karin).send().await.expect(422).json();
    let flaw = &refused["errors"][0];
    assert_eq!(flaw["code"], "draft_too_broad", "{refused}");
    assert!(flaw["pointer"].as_str().is_some_and(|at| at.ends_with("/items/0/statement/da")), "{refused}");
    definition["items"][0]["statement"]["da"] = json!("Kommunen må spørge min læge om min sygdom.");
    let write = |definition: &Value| door.ask("PUT", &format!("{TYPE}/1")).by(&karin).json(definition);
    write(&definition).send().await.expect(200);
    door.post(&step("submit")).by(&karin).send().await.expect(200);
    let comment = json!({"comment": "Skriv, hvad der spørges om."});
    door.post(&step("return")).by(&ole).json(&comment).send().await.expect(200);
    definition["items"][0]["statement"]["da"] =
        json!("Kommunen må spørge min læge om min sygdom og min medicin.");
    let written = write(&definition).send().await.expect(200).json();
    assert_eq!((&written["state"], &written["revision"]), (&json!("draft"), &json!(5)));
    door.post(&step("submit")).by(&karin).send().await.expect(200);
    assert_eq!(write(&definition).send().await.expect(409).code(), "draft_in_review");
    let publish = door.post(&step("publish")).by(&karin).send().await.expect(409);
    assert_eq!(publish.code(), "second_person_needed");
    door.post(&step("publish")).by(&ole).send().await.expect(200);

    // It is asked for and given; the next version takes its place and changes nothing of that.
    let request = door.asked(&hans, &cpr, "N1").await;
    let given = door.answered(&anna, &request).await[0].clone();
    let mut newer = definition.clone();
    newer["title"]["da"] = json!("Oplysninger i en social sag");
    let number = door.post("/v1/consent-types").by(&ole).json(&newer).send().await.expect(201).json();
    assert_eq!(number["version"], 2);
    door.post(&format!("{TYPE}/2/publish")).by(&karin).send().await.expect(200);
    let consent = door.get(&format!("/v1/consents/{given}")).by(&anna).send().await.expect(200).json();
    assert_eq!(
        (&consent["state"], &consent["consent_type"]["version"]),
        (&json!("active"), &json!(1)),
        "{consent}"
    );
    let then = door.get(&format!("{TYPE}/1")).send().await.expect(200).json();
    assert_eq!((&then["state"], &then["definition"]), (&json!("retired"), &definition));

    // Out of use without another: nobody is asked any more, and the consent holds.
    door.post(&format!("{TYPE}/2/retire")).by(&ole).send().await.expect(200);
    let ask = json!({"person": {"cpr": cpr}, "consent_type": "N1", "case": CASE});
    let refused = door.post("/v1/consent-requests").by(&hans).json(&ask).send().await.expect(422);
    assert_eq!(refused.json()["errors"][0]["code"], "entry_not_published");
    let consent = door.get(&format!("/v1/consents/{given}")).by(&anna).send().await.expect(200).json();
    assert_eq!(consent["state"], "active");
    assert!(!id(&consent["id"]).is_empty());
    door.events();
}

#[tokio::test]
async fn on_sqlite() {
    r43_it_is_drafted_returned_published_given_and_replaced(Engine::Sqlite).await;
}

#[tokio::test]
async fn on_postgres() {
    r43_it_is_drafted_returned_published_given_and_replaced(Engine::Postgres).await;
}
