use crate::support::Tillid;
use serde_json::{Value, json};
use tillid_testkit::Engine;

const CASE: &str = "27.36.04-2026-17";

/// The journey that the README walks: asked, shown, answered, looked up, acted for, revoked, withdrawn, verified.
#[expect(clippy::too_many_lines, reason = "one story, told from its beginning to its end")]
async fn journey(engine: Engine) {
    let tillid = Tillid::demo(engine).await;
    let (hans, mona) = (tillid.token("hans").await, tillid.token("mona").await);
    let (anna, bo) = (tillid.token("anna").await, tillid.somebody("bo").await);
    let anna_cpr = tillid.somebody("anna").await["cpr"].clone();
    let look =
        |purpose: &str, case: &str| json!({"person": {"cpr": anna_cpr}, "purpose": purpose, "case": case});

    let asked = json!({"person": {"cpr": anna_cpr}, "consent_type": "C02", "case": CASE});
    let request = tillid.post("/v1/consent-requests").by(&hans).json(&asked).send().await.expect(201).json();
    let about = json!({"about": {"request": request["id"]}});
    let shown = tillid.post("/v1/presentations").by(&anna).json(&about).send().await.expect(201).json();
    let document: Value =
        serde_json::from_str(shown["document"].as_str().expect("a document")).expect("json");
    let items = document["items"].as_array().expect("items");
    assert!(
        items.len() > 1 && items.iter().all(|i| i["chosen_beforehand"].is_null()),
        "nothing is chosen beforehand"
    );
    let answers: Vec<Value> =
        items.iter().enumerate().map(|(n, i)| json!({"item": i["code"], "given": n == 0})).collect();
    let path = format!("/v1/consent-requests/{}/answer", request["id"].as_str().expect("an id"));
    let answer = json!({"presentation_id": shown["id"], "answers": answers});
    let declaration = tillid.post(&path).by(&anna).json(&answer).send().await.expect(201).json();
    let states: Vec<&str> = declaration["consents"]
        .as_array()
        .expect("consents")
        .iter()
        .filter_map(|c| c["state"].as_str())
        .collect();
    assert_eq!(states.iter().filter(|s| **s == "active").count(), 1);
    assert_eq!(states.iter().filter(|s| **s == "declined").count(), items.len() - 1);
    let consent = declaration["consents"][0]["id"].as_str().expect("an id").to_owned();

    let redirect = tillid.get(&format!("/v1/consents/{consent}/receipt")).by(&anna).send().await.expect(303);
    let location = redirect.headers["location"].to_str().expect("a path").to_owned();
    let receipt = tillid.get(&location).by(&anna).send().await.expect(200).json();
    assert!(receipt["proof"].is_null() || receipt["proof"].is_string(), "{receipt}");
    verify_receipt(&tillid, receipt["receipt"].as_str().expect("a receipt"), &consent).await;

    let found = tillid
        .post("/v1/lookups")
        .by(&hans)
        .json(&look("case_processing", CASE))
        .send()
        .await
        .expect(201)
        .json();
    assert!(
        found["consents"]
            .as_array()
            .expect("consents")
            .iter()
            .any(|c| c["id"] == consent.as_str() && c["state"] == "active")
    );
    let nothing = tillid
        .post("/v1/lookups")
        .by(&mona)
        .json(&look("case_processing", "N-1"))
        .send()
        .await
        .expect(201)
        .json();
    assert_eq!((&nothing["consents"], &nothing["powers"]), (&json!([]), &json!([])));
    let refused =
        tillid.post("/v1/lookups").by(&mona).json(&look("supervision", "N-1")).send().await.expect(403);
    assert_eq!(refused.code(), "purpose_not_allowed");

    let log = tillid.get("/v1/access-log").by(&anna).send().await.expect(200).json();
    let seen = |cvr: &str, outcome: &str, purpose: &str| {
        log["items"].as_array().expect("a log").iter().any(|r| {
            r["by"]["authority"]["cvr"] == cvr && r["outcome"] == outcome && r["purpose"]["code"] == purpose
        })
    };
    assert!(seen("99100001", "found", "case_processing"), "hans's look-up stands in her log");
    assert!(seen("99173009", "nothing", "case_processing"), "mona's stands there although it found nothing");
    assert!(seen("99173009", "refused", "supervision"), "and the refused one too");

    let about = json!({"about": {"mandate": {"representative": {"cpr": bo["cpr"]}, "packages": ["M14"], "valid_until": in_a_year(&tillid).await}}});
    let shown = tillid.post("/v1/presentations").by(&anna).json(&about).send().await.expect(201).json();
    let given = json!({"presentation_id": shown["id"]});
    let mandate = tillid.post("/v1/mandates").by(&anna).json(&given).send().await.expect(201).json();
    let bo_for_anna = tillid.token_for("bo", "anna").await;
    let overview = tillid.get("/v1/overview").by(&bo_for_anna).send().await.expect(200).json();
    assert_eq!(overview["of"], "acting_for");
    assert!(overview["consents"].is_null(), "package M14 does not let bo see her consents");
    let refused = tillid.get("/v1/consents").by(&bo_for_anna).send().await.expect(403);
    assert_eq!(refused.code(), "power_does_not_cover");
    let found = tillid
        .post("/v1/lookups")
        .by(&mona)
        .json(&look("case_processing", "N-2"))
        .send()
        .await
        .expect(201)
        .json();
    assert_eq!(found["powers"], json!([]), "mona's municipality has no part in that mandate");
    let revoke = format!("/v1/mandates/{}/revoke", mandate["id"].as_str().expect("an id"));
    assert_eq!(tillid.post(&revoke).by(&anna).send().await.expect(200).json()["state"], "revoked");
    let refused = tillid.get("/v1/overview").by(&bo_for_anna).send().await.expect(403);
    assert_eq!(refused.code(), "power_revoked");

    tillid.post(&format!("/v1/consents/{consent}/withdraw")).by(&anna).send().await.expect(200);
    let found = tillid
        .post("/v1/lookups")
        .by(&hans)
        .json(&look("consent_follow_up", CASE))
        .send()
        .await
        .expect(201)
        .json();
    let withdrawn = found["consents"]
        .as_array()
        .expect("consents")
        .iter()
        .find(|c| c["id"] == consent.as_str())
        .expect("it")
        .clone();
    assert_eq!(withdrawn["state"], "withdrawn");
    assert_eq!(withdrawn["withdrawal"]["effects"], json!(["STOP", "DECIDE"]));
    assert!(withdrawn["withdrawal"]["text"]["da"].as_str().is_some_and(|t| t.len() > 20));

    let (code, words) = tillid.verify();
    assert_eq!(code, 0, "{words}");
}

async fn in_a_year(tillid: &Tillid) -> String {
    let now = tillid.get("/sandbox/clock").send().await.expect(200).json();
    let now = now["now"].as_str().expect("a time").to_owned();
    let year: i32 = now[..4].parse().expect("a year");
    format!("{}-{}-01", year + 1, &now[5..7])
}

/// Verifies the receipt with the published key alone.
async fn verify_receipt(tillid: &Tillid, receipt: &str, consent: &str) {
    use base64::{Engine as _, engine::general_purpose::URL_SAFE_NO_PAD as B64};
    let keys = tillid.get("/log/keys").send().await.expect(200).json();
    let key = B64.decode(keys["keys"][0]["x"].as_str().expect("x")).expect("base64");
    let recorded =
        tillid_documents::verify(receipt, &key).expect("the signature holds and the commitment opens");
    assert_eq!(recorded.aggregate.to_string(), consent);
}

#[tokio::test]
async fn the_journey_works_on_sqlite() {
    journey(Engine::Sqlite).await;
}

#[tokio::test]
async fn the_journey_works_on_postgresql() {
    journey(Engine::Postgres).await;
}
