//! An authority withdraws a package, from outside: what was given under it says its day, and is over then (M8, M10).

use crate::{
    door::Door,
    notices::{kinds, post},
};
use serde_json::{Value, json};
use tillid_domain::{CalendarPeriod, LocalDate};
use tillid_testkit::Engine;

const AID: &str = "urn:dk:eksempelkommune:fuldmagt:aeldre:hjaelpemidler:handle";
const VERSION: &str = "/v1/mandate-packages/M14/versions/1";

/// What Bo is told when he asks whether he may act for Anna.
async fn may(door: &Door) -> Value {
    let question = json!({"subject": {"type": "person", "id": door.person_id("bo").await}, "action": {"name": AID},
        "resource": {"type": "person", "id": door.person_id("anna").await}});
    let bo = door.token("bo").await;
    door.post("/access/v1/evaluation").by(&bo).json(&question).send().await.expect(200).json()
}

async fn a_withdrawn_package_ends_what_was_given_on_its_day(engine: Engine) {
    let door = Door::open(engine).await;
    let (anna, ole) = (door.token("anna").await, door.token("ole").await);
    let mandate = door.mandated(&anna, &door.cpr("bo").await, "M14").await;
    assert_eq!(may(&door).await["decision"], true);
    post(&door, "bo", 1).await;

    let clock = door.get("/sandbox/clock").send().await.expect(200).json();
    let today = clock["now"].as_str().and_then(|now| now.get(..10)).expect("a day").to_owned();
    let day = today.parse::<LocalDate>().expect("a day").plus(CalendarPeriod::days(40)).to_string();
    let body = json!({"from": day, "reason": "Hjælpemidler søges nu hos regionen."});
    let withdraw = |body: &Value| door.post(&format!("{VERSION}/withdraw")).by(&ole).json(body);
    let entry = withdraw(&body).send().await.expect(200).json();
    assert_eq!((&entry["state"], &entry["withdrawal"]["reason"]), (&json!("retired"), &body["reason"]));
    let from = entry["withdrawal"]["from"].clone();
    let known = door.get(VERSION).send().await.expect(200).json();
    assert_eq!(known["withdrawal"], entry["withdrawal"], "everybody reads it in the catalogue");
    let progress = door.get(&format!("{VERSION}/withdrawal")).by(&ole).send().await.expect(200).json();
    assert_eq!((&progress["mandates"], &progress["from"]), (&json!(1), &from));
    assert_eq!(withdraw(&body).send().await.expect(409).code(), "package_withdrawn");
    let past = withdraw(&json!({"from": "2020-01-01", "reason": "For sent."})).send().await.expect(422);
    assert_eq!(past.json()["errors"][0]["code"], "end_date_past");

    // It holds until then, and says so everywhere.
    let path = format!("/v1/mandates/{mandate}");
    let seen = door.get(&path).by(&anna).send().await.expect(200).json();
    assert_eq!((&seen["state"], &seen["valid_to"]), (&json!("active"), &from));
    assert_eq!((&seen["withdrawn"][0]["code"], &seen["withdrawn"][0]["from"]), (&json!("M14"), &from));
    let yes = may(&door).await;
    assert_eq!((&yes["decision"], &yes["context"]["valid_until"]), (&json!(true), &from), "{yes}");
    let coming = door.get("/v1/upcoming?within=P10Y").by(&anna).send().await.expect(200).json();
    let end = coming["items"].as_array().expect("a list").iter().find(|c| c["what"] == "mandate_ends");
    let end = end.expect("its end");
    assert_eq!((&end["at"], &end["then"]), (&from, &json!("ended")));
    assert_eq!(kinds(&post(&door, "bo", 2).await), ["mandate_received", "package_withdrawn"]);

    door.post("/sandbox/clock").json(&json!({"now": from})).send().await.expect(200);
    let no = may(&door).await;
    assert_eq!(
        (&no["decision"], &no["context"]["reason"]["code"]),
        (&json!(false), &json!("package_withdrawn"))
    );
    let seen = door.get(&path).by(&anna).send().await.expect(200).json();
    assert_eq!((&seen["state"], &seen["end_cause"]), (&json!("ended"), &json!("package_withdrawn")));
    assert_eq!(kinds(&post(&door, "bo", 3).await).last(), Some(&"mandate_ended"));
    door.events();
}

#[tokio::test]
async fn a_withdrawn_package_ends_what_was_given_on_its_day_on_sqlite() {
    a_withdrawn_package_ends_what_was_given_on_its_day(Engine::Sqlite).await;
}

#[tokio::test]
async fn a_withdrawn_package_ends_what_was_given_on_its_day_on_postgresql() {
    a_withdrawn_package_ends_what_was_given_on_its_day(Engine::Postgres).await;
}
