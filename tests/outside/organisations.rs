//! M5 from outside: a mandate to an organisation, used by an employee whom it lets act, and by nobody else.

use crate::door::{CASE, Door};
use serde_json::{Value, json};
use tillid_testkit::Engine;

const BUILD: &str = "urn:dk:eksempelkommune:fuldmagt:byg:ansoegning:handle";
const RASK: &str = "99482001";

/// What the system is told of whether whoever has that id may act for Anna.
async fn may(door: &Door, kind: &str, id: &str) -> (bool, Value) {
    let question = json!({"subject": {"type": kind, "id": id}, "action": {"name": BUILD},
        "resource": {"type": "person", "id": door.person_id("anna").await},
        "context": {"purpose": "automated_step", "case": CASE}});
    let by = door.token("fagsystem").await;
    let answer = door.post("/access/v1/evaluation").by(&by).json(&question).send().await.expect(200).json();
    (answer["decision"].as_bool().expect("a decision"), answer["context"].clone())
}

/// The id and the state of an employee, as the administrator sees them.
async fn employee(door: &Door, name: &str) -> Value {
    let by = door.token("pia").await;
    let list = door.get("/v1/employees").by(&by).send().await.expect(200).json();
    let items = list["items"].as_array().expect("a list");
    items.iter().find(|employee| employee["name"] == name).expect(name).clone()
}

async fn step(door: &Door, by: &str, id: &str, step: &str) -> crate::support::Answer {
    door.post(&format!("/v1/employees/{id}/{step}")).by(&door.token(by).await).send().await
}

async fn an_organisation_is_given_a_mandate_and_its_employee_uses_it(engine: Engine) {
    let door = Door::open(engine).await;
    let mandate = json!({"representative": {"cvr": RASK}, "representative_name": "Rask Advokater", "packages": ["M13"],
        "valid_until": "2027-06-01"});
    let anna = door.token("anna").await;
    let shown = door.post("/v1/presentations").by(&anna).json(&json!({"about": {"mandate": mandate}}));
    let shown = shown.send().await.expect(201).json()["id"].clone();
    let given = door.post("/v1/mandates").by(&anna).json(&json!({"presentation_id": shown}));
    let given = given.send().await.expect(201).json();
    assert_eq!(given["state"], "active");
    let code = |told: &Value| told["reason"]["code"].as_str().unwrap_or_default().to_owned();
    let (yes, told) = may(&door, "organisation", &format!("cvr:{RASK}")).await;
    assert_eq!((yes, code(&told).as_str()), (false, "power_needs_employee"));

    let rune = employee(&door, "Rune Holt").await;
    assert_eq!((&rune["cvr"], &rune["admitted_since"]), (&json!(RASK), &Value::Null));
    let id = rune["id"].as_str().expect("an id").to_owned();
    let by_provider = format!("employee:{}", rune["employee_id"].as_str().expect("an id"));
    let (yes, told) = may(&door, "person", &by_provider).await;
    assert_eq!((yes, code(&told).as_str()), (false, "employee_not_admitted"));
    // Himself he cannot let act, and nobody else's administrator can.
    assert_eq!(step(&door, "rune", &id, "admit").await.expect(403).code(), "role_missing");
    assert_eq!(step(&door, "karin", &id, "admit").await.expect(403).code(), "role_missing");
    let overview = door.get("/v1/mandates").by(&door.token("rune").await).send().await.expect(403);
    assert_eq!(overview.code(), "employee_not_admitted");
    step(&door, "pia", &id, "admit").await.expect(200);
    assert_eq!(step(&door, "pia", &id, "admit").await.expect(409).code(), "employee_already_admitted");
    for subject in [&id, &by_provider] {
        let (yes, told) = may(&door, "person", subject).await;
        assert!(yes, "{told}");
        assert_eq!(told["basis"][0]["type"], "ORGANISATION_ROLE");
        assert_eq!(told["basis"][0]["id"], given["id"]);
    }
    let held = door.get("/v1/mandates").by(&door.token("rune").await).send().await.expect(200).json();
    assert_eq!(held["items"][0]["id"], given["id"], "what his organisation holds");
    // she sees who it was.
    let path = format!("/v1/mandates/{}/uses", given["id"].as_str().expect("an id"));
    let uses = door.get(&path).by(&anna).send().await.expect(200).json();
    assert_eq!(uses["items"][0]["employee"]["name"], "Rune Holt", "{uses:#}");
    let search = json!({"subject": {"type": "person"}, "action": {"name": BUILD},
        "resource": {"type": "person", "id": door.person_id("anna").await},
        "context": {"purpose": "automated_step", "case": CASE}});
    let by = door.token("fagsystem").await;
    let found = door.post("/access/v1/search/subject").by(&by).json(&search).send().await.expect(200).json();
    let ids: Vec<_> = found["results"].as_array().expect("results").iter().map(|r| &r["id"]).collect();
    assert_eq!(ids, [&json!(id)]);

    step(&door, "pia", &id, "stop").await.expect(200);
    let (yes, told) = may(&door, "person", &id).await;
    assert_eq!((yes, code(&told).as_str()), (false, "employee_not_admitted"));
    // What is for persons alone is not for organisations, and a number that nobody here has is told.
    for (representative, package, flaw) in [
        (json!({"cvr": RASK}), "M14", "representative_kind_wrong"),
        (json!({"cvr": "99173009"}), "M13", "organisation_unknown"),
    ] {
        let about = json!({"about": {"mandate": {"representative": representative, "packages": [package], "valid_until": "2027-06-01"}}});
        let refused = door.post("/v1/presentations").by(&anna).json(&about).send().await.expect(422).json();
        assert_eq!(refused["errors"][0]["code"], flaw, "{refused:#}");
    }
    door.events();
}

#[tokio::test]
async fn an_organisation_is_given_a_mandate_and_its_employee_uses_it_on_sqlite() {
    an_organisation_is_given_a_mandate_and_its_employee_uses_it(Engine::Sqlite).await;
}

#[tokio::test]
async fn an_organisation_is_given_a_mandate_and_its_employee_uses_it_on_postgresql() {
    an_organisation_is_given_a_mandate_and_its_employee_uses_it(Engine::Postgres).await;
}
