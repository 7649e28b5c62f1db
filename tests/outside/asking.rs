//! A question for a power of attorney from outside: asked, shown, approved, used; and what was known before.

use crate::door::{CASE, Door, id};
use serde_json::{Value, json};
use tillid_testkit::Engine;

async fn a_no_is_turned_into_a_request_in_one_call(engine: Engine) {
    let door = Door::open(engine).await;
    let (anna, bo) = (door.token("anna").await, door.token("bo").await);
    let (annas, bos) = (door.cpr("anna").await, door.cpr("bo").await);
    let (fagsystem, hans) = (door.token("fagsystem").await, door.token("hans").await);
    let early = door.now().await;
    door.turned("P1D").await;

    // As a decision says what would permit it, so it is sent.
    let consent =
        json!({"type": "consent_request", "person": {"cpr": annas}, "consent_type": "C02", "case": CASE});
    let asked = door.post("/v1/consent-requests").by(&fagsystem).json(&consent).send().await.expect(201);
    assert_eq!(asked.json()["state"], "open");
    let mandate = json!({"type": "mandate_request", "grantor": {"cpr": annas}, "representative": {"cpr": bos},
        "packages": ["M14"], "case": CASE});
    let asked =
        door.post("/v1/mandate-requests").by(&fagsystem).json(&mandate).send().await.expect(201).json();
    assert_eq!((&asked["state"], &asked["authority"]["cvr"]), (&json!("open"), &json!("99100001")));
    assert!(asked["grantor_id"].is_null() && asked["representative_id"].is_null(), "{asked}");

    let body = json!({"grantor": {"cpr": annas}, "grantor_name": "Mor", "packages": ["M14"]});
    let asked = door.post("/v1/mandate-requests").by(&bo).json(&body).send().await.expect(201).json();
    assert_eq!((&asked["grantor_name"], &asked["grantor_id"]), (&json!("Mor"), &Value::Null));
    let request = id(&asked["id"]);
    let hers = door.get("/v1/overview").by(&anna).send().await.expect(200).json();
    assert_eq!(hers["mandate_requests"].as_array().map(Vec::len), Some(2));
    assert_eq!(hers["mandate_requests"][0]["id"], request.as_str());
    assert_eq!(hers["mandate_requests"][0]["representative_name"], "Bo Lind");
    assert!(hers["mandate_requests"][0]["grantor_name"].is_null());

    let for_anna = door.tillid.token_for("bo", "anna").await;
    assert_eq!(door.get("/v1/overview").by(&for_anna).send().await.expect(403).code(), "no_power");
    let (shown, _) = door.shown(&anna, json!({"mandate_request": request})).await;
    let approve = format!("/v1/mandate-requests/{request}/approve");
    let body = json!({"presentation_id": shown});
    let given = door.post(&approve).by(&anna).json(&body).send().await.expect(201).json();
    assert_eq!((&given["state"], &given["presentation_id"]), (&json!("active"), &json!(shown)));
    let again = door.post(&approve).by(&anna).json(&body).send().await.expect(409);
    assert_eq!(again.code(), "request_answered");
    door.get("/v1/overview").by(&for_anna).send().await.expect(200);
    let seen = door.get(&format!("/v1/mandate-requests/{request}")).by(&bo).send().await.expect(200).json();
    assert_eq!((&seen["state"], &seen["mandate_id"]), (&json!("approved"), &given["id"]));

    // Before that, there was no mandate; and the answer says of when it tells.
    let path = format!("/v1/mandates/{}", id(&given["id"]));
    let late = door.now().await;
    door.turned("P4000D").await;
    let then = door.get(&format!("{path}?known_at={early}")).by(&anna).send().await.expect(404);
    assert_eq!(then.code(), "not_found");
    let then = door.get(&format!("{path}?known_at={late}")).by(&anna).send().await.expect(200).json();
    assert_eq!((&then["state"], &then["as_of"]["valid_at"]), (&json!("active"), &then["as_of"]["known_at"]));
    let now = door.get(&path).by(&anna).send().await.expect(200).json();
    assert_eq!((&now["state"], now.get("as_of")), (&json!("expired"), None));
    for list in ["mandates", "consents"] {
        let then = door.get(&format!("/v1/{list}?known_at=0")).by(&anna).send().await.expect(200).json();
        assert_eq!((&then["items"], &then["as_of"]["known_at"]), (&json!([]), &json!(0)), "{list}");
    }
    let look =
        json!({"person": {"cpr": annas}, "purpose": "case_processing", "case": CASE, "known_at": late});
    let found = door.post("/v1/lookups").by(&hans).json(&look).send().await.expect(201).json();
    assert_eq!(found["powers"][0]["state"], "active", "{found}");
    assert!(found["as_of"]["valid_at"].is_string());
    let (code, words) = door.tillid.verify();
    assert_eq!(code, 0, "{words}");
    door.events();
}

#[tokio::test]
async fn a_no_is_turned_into_a_request_in_one_call_on_sqlite() {
    a_no_is_turned_into_a_request_in_one_call(Engine::Sqlite).await;
}

#[tokio::test]
async fn a_no_is_turned_into_a_request_in_one_call_on_postgresql() {
    a_no_is_turned_into_a_request_in_one_call(Engine::Postgres).await;
}
