//! Whether somebody may act for a person, and whether a consent holds, over the interface.

use crate::support::Tillid;
use serde_json::{Value, json};
use tillid_testkit::Engine;

const AID: &str = "urn:dk:eksempelkommune:fuldmagt:aeldre:hjaelpemidler:handle";
const CASE: &str = "27.36.04-2026-17";

fn may(representative: &Value, grantor: &Value) -> Value {
    json!({"subject": {"type": "person", "id": representative}, "action": {"name": AID},
        "resource": {"type": "person", "id": grantor}, "context": {"purpose": "automated_step", "case": CASE}})
}

async fn ask(tillid: &Tillid, token: &str, question: &Value) -> Value {
    tillid.post("/access/v1/evaluation").by(token).json(question).send().await.expect(200).json()
}

async fn give(tillid: &Tillid, anna: &str, bo: &Value) -> String {
    let now = tillid.get("/sandbox/clock").send().await.expect(200).json();
    let year: i32 = now["now"].as_str().expect("a time")[..4].parse().expect("a year");
    let about = json!({"about": {"mandate": {"representative": {"id": bo}, "packages": ["M14"],
        "valid_until": format!("{}-01-01", year + 1)}}});
    let shown = tillid.post("/v1/presentations").by(anna).json(&about).send().await.expect(201).json();
    let given = json!({"presentation_id": shown["id"]});
    let mandate = tillid.post("/v1/mandates").by(anna).json(&given).send().await.expect(201).json();
    mandate["id"].as_str().expect("an id").to_owned()
}

/// A no that explains itself becomes a request, the request a mandate, the mandate a yes; revoked, it is a no at once. The person
/// sees each question.
async fn a_no_becomes_a_yes(engine: Engine) {
    let tillid = Tillid::demo(engine).await;
    let (system, hans, anna) =
        (tillid.token("fagsystem").await, tillid.token("hans").await, tillid.token("anna").await);
    let (a, b) = (tillid.somebody("anna").await, tillid.somebody("bo").await);
    let by_number = |somebody: &Value| json!(format!("cpr:{}", somebody["cpr"].as_str().expect("a number")));
    let question = may(&by_number(&b), &by_number(&a));
    let no = ask(&tillid, &system, &question).await;
    assert_eq!((&no["decision"], &no["context"]["reason"]["code"]), (&json!(false), &json!("no_power")));
    assert!(!no.to_string().contains(a["cpr"].as_str().expect("a number")), "no number comes back");
    let missing = no["context"]["would_permit"][0].clone();
    assert_eq!(missing["type"], "mandate_request");
    let request =
        tillid.post("/v1/mandate-requests").by(&system).json(&missing).send().await.expect(201).json();
    let about = json!({"about": {"mandate_request": request["id"]}});
    let shown = tillid.post("/v1/presentations").by(&anna).json(&about).send().await.expect(201).json();
    let approve = format!("/v1/mandate-requests/{}/approve", request["id"].as_str().expect("an id"));
    let presented = json!({"presentation_id": shown["id"]});
    tillid.post(&approve).by(&anna).json(&presented).send().await.expect(201);
    let yes = ask(&tillid, &system, &question).await;
    assert_eq!(yes["decision"], true, "{yes}");
    let basis = &yes["context"]["basis"][0];
    assert_eq!((&basis["type"], &basis["version"]), (&json!("MANDATE_DIGITAL"), &json!(1)));
    assert!(yes["context"]["valid_until"].is_string() && yes["context"].get("would_permit").is_none());
    let revoke = format!("/v1/mandates/{}/revoke", basis["id"].as_str().expect("an id"));
    tillid.post(&revoke).by(&anna).send().await.expect(200);
    let over = ask(&tillid, &system, &question).await;
    assert_eq!(over["context"]["reason"]["code"], "power_ended");
    let mut of_hans = question.clone();
    of_hans["context"]["purpose"] = json!("case_processing");
    assert_eq!(ask(&tillid, &hans, &of_hans).await["context"]["reason"]["code"], "power_revoked");

    // What was answered then is answered again, for whoever names the answer.
    let mut again = question.clone();
    again["context"]["known_at"] = yes["context"]["decision_id"].clone();
    let again = ask(&tillid, &system, &again).await;
    assert_eq!((&again["decision"], &again["context"]["basis"]), (&json!(true), &yes["context"]["basis"]));

    let log = tillid.get("/v1/access-log").by(&anna).send().await.expect(200).json();
    let items = log["items"].as_array().expect("a log");
    let decisions: Vec<&Value> = items.iter().filter(|item| item["act"]["code"] == "decide").collect();
    assert_eq!(decisions.len(), 5, "{log}");
    let seen = items.iter().find(|item| item["id"] == yes["context"]["decision_id"]).expect("the yes");
    assert_eq!(seen["privilege"], AID);
    assert_eq!((&seen["outcome"], &seen["case"]), (&json!("found"), &json!(CASE)));
    assert_eq!(seen["by"]["client"], "fagsystem");
}

#[tokio::test]
async fn a_no_becomes_a_request_and_then_a_yes_sqlite() {
    a_no_becomes_a_yes(Engine::Sqlite).await;
}

#[tokio::test]
async fn a_no_becomes_a_request_and_then_a_yes_postgres() {
    a_no_becomes_a_yes(Engine::Postgres).await;
}

/// A consent is asked for with what the no names, and covers what was asked about and nothing beside it.
#[tokio::test]
async fn a_consent_check_names_the_consent_that_is_missing() {
    let tillid = Tillid::demo(Engine::Sqlite).await;
    let (system, anna) = (tillid.token("fagsystem").await, tillid.token("anna").await);
    let person = tillid.somebody("anna").await["person_id"].clone();
    let check = |cvr: &str, category: &str, source: &str| {
        json!({"subject": {"type": "organisation", "id": format!("cvr:{cvr}")}, "action": {"name": "data.obtain"},
            "resource": {"type": "person-data", "id": person,
                "properties": {"category": category, "source": source, "case": CASE}},
            "context": {"purpose": "automated_step"}})
    };
    let no = ask(&tillid, &system, &check("99100001", "bank-information", "bank")).await;
    assert_eq!(no["context"]["reason"]["code"], "no_consent", "{no}");
    let missing = no["context"]["would_permit"][0].clone();
    assert_eq!((&missing["type"], &missing["consent_type"]), (&json!("consent_request"), &json!("C02")));
    let request =
        tillid.post("/v1/consent-requests").by(&system).json(&missing).send().await.expect(201).json();
    let about = json!({"about": {"request": request["id"]}});
    let shown = tillid.post("/v1/presentations").by(&anna).json(&about).send().await.expect(201).json();
    let answers = json!({"presentation_id": shown["id"],
        "answers": [{"item": missing["items"][0], "given": true}]});
    let path = format!("/v1/consent-requests/{}/answer", request["id"].as_str().expect("an id"));
    tillid.post(&path).by(&anna).json(&answers).send().await.expect(201);
    let decided = async |question: Value| ask(&tillid, &system, &question).await["context"].clone();
    let yes = decided(check("99100001", "bank-information", "bank")).await;
    assert_eq!(yes["basis"][0]["type"], "CONSENT", "{yes}");
    for (question, code) in [
        (check("99100001", "medical-records", "doctor"), "consent_does_not_cover"),
        (check("99100001", "bank-information", "doctor"), "consent_does_not_cover"),
        (check("99173009", "bank-information", "bank"), "other_authority"),
    ] {
        assert_eq!(decided(question).await["reason"]["code"], code);
    }
}

/// Whom it does not concern, and what is no question: the same answers whatever is so.
#[tokio::test]
async fn who_may_not_ask_learns_nothing() {
    let tillid = Tillid::demo(Engine::Sqlite).await;
    let (anna, other) = (tillid.token("anna").await, tillid.token("naboby").await);
    let (clara, dpo) = (tillid.token("clara").await, tillid.token("lars").await);
    let (a, b) = (
        tillid.somebody("anna").await["person_id"].clone(),
        tillid.somebody("bo").await["person_id"].clone(),
    );
    let bare = |mut answer: Value| {
        answer["context"]["decision_id"] = Value::Null;
        answer
    };
    let mut before = Vec::new();
    for token in [&other, &clara, &dpo] {
        before.push(bare(ask(&tillid, token, &may(&b, &a)).await));
    }
    give(&tillid, &anna, &b).await;
    for (token, before) in [&other, &clara, &dpo].into_iter().zip(before) {
        assert_eq!(bare(ask(&tillid, token, &may(&b, &a)).await), before);
        assert_eq!(before["decision"], false);
    }
    let acting = tillid.token_for("bo", "anna").await;
    tillid.post("/access/v1/evaluation").by(&acting).json(&may(&b, &a)).send().await.expect(403);
    let nobody = json!("018f0000-0000-7000-8000-000000000000");
    for question in [
        may(&nobody, &a),
        may(&b, &nobody),
        may(&json!("cpr:abc"), &a),
        may(&json!("user-1"), &a),
        json!({"subject": {"type": "person", "id": b}, "action": {"name": "read"}, "resource": {"type": "person", "id": a}}),
    ] {
        let answer = ask(&tillid, &tillid.token("fagsystem").await, &question).await;
        assert_eq!(answer["decision"], false, "{question}");
    }
}

/// A search in parts finds what a decision says yes to; a token of another search is refused.
#[tokio::test]
async fn a_search_of_persons_comes_in_parts() {
    let tillid = Tillid::demo(Engine::Sqlite).await;
    let (system, anna) = (tillid.token("fagsystem").await, tillid.token("anna").await);
    let a = tillid.somebody("anna").await["person_id"].clone();
    let mut expected = Vec::new();
    for name in ["bo", "dorte", "erik"] {
        let somebody = tillid.somebody(name).await["person_id"].clone();
        give(&tillid, &anna, &somebody).await;
        expected.push(somebody);
    }
    let mut search = json!({"subject": {"type": "person"}, "action": {"name": AID}, "resource": {"type": "person", "id": a},
        "context": {"purpose": "automated_step", "case": CASE}, "page": {"limit": 1}});
    let mut found = Vec::new();
    let find =
        async |search: &Value| tillid.post("/access/v1/search/subject").by(&system).json(search).send().await;
    for _ in 0..6 {
        let part = find(&search).await.expect(200).json();
        found.extend(part["results"].as_array().expect("results").iter().map(|r| r["id"].clone()));
        if part["page"]["next_token"] == "" {
            break;
        }
        search["page"]["token"] = part["page"]["next_token"].clone();
    }
    let sorted = |mut ids: Vec<Value>| {
        ids.sort_by_key(ToString::to_string);
        ids
    };
    assert_eq!(sorted(found), sorted(expected));
    search["context"]["case"] = json!("another");
    find(&search).await.expect(400);
    let actions = json!({"subject": {"type": "person", "id": tillid.somebody("bo").await["person_id"]},
        "resource": {"type": "person", "id": a}, "context": {"purpose": "automated_step", "case": CASE}});
    let part =
        tillid.post("/access/v1/search/action").by(&system).json(&actions).send().await.expect(200).json();
    assert!(part["results"].as_array().expect("results").contains(&json!({"name": AID})), "{part}");
}
