//! The certification scenario of the `AuthZEN` working group, on all its levels. Its requests are read from `CONFORMANCE_DATA`; what
//! they must be answered is written down here from the scenario's text. The fixture is registered through the interface like any
//! authority's own subjects and objects.

use crate::support::{Answer, Tillid};
use serde_json::{Value, json};
use tillid_testkit::Engine;

/// What an answer must be.
enum Must {
    /// A single decision.
    Decide(bool),
    /// Decisions in this order; `None` where the scenario leaves them open.
    Batch(&'static [Option<bool>]),
    /// Results of this kind that have at least these.
    Find(&'static str, &'static [&'static str]),
    /// No results.
    FindNothing,
    /// Refused.
    Refuse,
}

use Must::{Batch, Decide, Find, FindNothing, Refuse};

const YES: Option<bool> = Some(true);
const NO: Option<bool> = Some(false);
const SUBJECT: &str = "search/subject";
const RESOURCE: &str = "search/resource";
const ACTION: &str = "search/action";

/// Each request of the list, in its order: section, endpoint, and what it must be answered.
const SCENARIO: [(&str, &str, Must); 50] = [
    ("c-2-2-1", "evaluation", Decide(true)),
    ("c-2-2-2", "evaluation", Decide(false)),
    ("c-2-2-3", "evaluation", Decide(true)),
    ("c-2-2-4", "evaluation", Decide(false)),
    ("c-2-2-5", "evaluation", Decide(true)),
    ("c-2-2-6", "evaluation", Decide(true)),
    ("c-2-2-7", "evaluation", Decide(false)),
    ("c-2-2-8", "evaluation", Decide(true)),
    ("c-2-2-9", "evaluation", Decide(true)),
    ("c-2-4-1", "evaluation", Refuse),
    ("c-2-4-1", "evaluation", Refuse),
    ("c-2-4-1", "evaluation", Refuse),
    ("c-2-4-2", "evaluation", Refuse),
    ("c-2-4-2", "evaluation", Refuse),
    ("c-2-4-2", "evaluation", Refuse),
    ("c-2-4-2", "evaluation", Refuse),
    ("c-2-4-2", "evaluation", Refuse),
    ("c-2-4-6", "evaluation", Refuse),
    ("c-2-4-6", "evaluation", Refuse),
    ("c-3-2-1", "evaluations", Batch(&[YES, None])),
    ("c-3-2-2", "evaluations", Batch(&[YES, NO])),
    ("c-3-2-3", "evaluations", Batch(&[YES, NO])),
    ("c-3-2-4", "evaluations", Batch(&[NO, YES])),
    ("c-3-2-5", "evaluations", Batch(&[YES, NO])),
    ("c-3-2-6", "evaluations", Batch(&[None, None])),
    ("c-3-2-7", "evaluations", Batch(&[YES, NO])),
    ("c-3-4-1", "evaluations", Batch(&[YES, NO])),
    ("c-3-4-2", "evaluations", Decide(true)),
    ("c-3-4-3", "evaluations", Decide(true)),
    ("c-4-2-1", SUBJECT, Find("user", &["alice", "bob"])),
    ("c-4-2-2", SUBJECT, Find("user", &["alice", "bob"])),
    ("c-4-2-3", SUBJECT, Find("user", &["alice", "bob"])),
    ("c-4-2-4", SUBJECT, Find("user", &["bob"])),
    ("c-4-3-1", RESOURCE, Find("record", &["record-1"])),
    ("c-4-3-2", RESOURCE, Find("record", &["record-1"])),
    ("c-4-3-3", RESOURCE, Find("record", &["record-1"])),
    ("c-4-3-4", RESOURCE, Find("record", &["record-2"])),
    ("c-4-4-1", ACTION, Find("", &["read", "write"])),
    ("c-4-4-2", ACTION, Find("", &["read", "write"])),
    ("c-4-4-3", ACTION, Find("", &["write"])),
    ("c-4-5-1", SUBJECT, Find("user", &[])),
    ("c-4-5-2", SUBJECT, Find("user", &[])),
    ("c-4-6-1", ACTION, FindNothing),
    ("c-4-6-2", SUBJECT, FindNothing),
    ("c-4-7-1", SUBJECT, Refuse),
    ("c-4-7-1", RESOURCE, Refuse),
    ("c-4-7-1", ACTION, Refuse),
    ("c-4-7-2", SUBJECT, Refuse),
    ("c-4-7-2", RESOURCE, Refuse),
    ("c-4-7-2", ACTION, Refuse),
];

/// A demo whose `fagsystem` has registered the scenario's fixture.
pub(super) async fn fixture(engine: Engine) -> (Tillid, String) {
    let tillid = Tillid::demo(engine).await;
    let system = tillid.token("fagsystem").await;
    let fixture: Value =
        serde_json::from_str(include_str!("../../support/authzen_fixture.json")).expect("the fixture");
    let each = |name: &str| fixture[name].as_array().expect("a list").clone();
    for entity in each("entities") {
        let path = format!("/v1/external/entities/{}/{}", text(&entity["type"]), text(&entity["id"]));
        tillid.ask("PUT", &path).by(&system).json(&entity["body"]).send().await.expect(201);
    }
    for privilege in each("privileges") {
        let path = format!("/v1/external/privileges/{}", text(&privilege["code"]));
        tillid.ask("PUT", &path).by(&system).json(&privilege["body"]).send().await.expect(201);
    }
    for grant in each("grants") {
        tillid.post("/v1/external/grants").by(&system).json(&grant).send().await.expect(201);
    }
    (tillid, system)
}

fn text(value: &Value) -> &str {
    value.as_str().expect("a text")
}

#[expect(clippy::disallowed_methods, reason = "where other people's requests are is said by the environment")]
async fn scenario(engine: Engine) {
    let Ok(data) = std::env::var("CONFORMANCE_DATA") else {
        println!("SKIPPED: without CONFORMANCE_DATA there are no requests of the scenario");
        return;
    };
    let file = std::path::Path::new(&data).join("authzen/authzen-cert-scenario-requests.json");
    let requests: Vec<Value> =
        serde_json::from_slice(&std::fs::read(file).expect("the requests")).expect("a list");
    assert_eq!(requests.len(), SCENARIO.len());
    let (tillid, system) = fixture(engine).await;
    for (n, (request, (section, endpoint, must))) in requests.iter().zip(&SCENARIO).enumerate() {
        assert_eq!(request["section"], *section, "the list has changed");
        let mut body = request["request"].clone();
        if *section == "c-4-5-2" {
            body["page"]["token"] = token_of_a_first_part(&tillid, &system, &body).await;
        }
        let post = || tillid.post(&format!("/access/v1/{endpoint}")).by(&system);
        // Asked three times it is answered the same (c-2-6), and the request id comes back (c-2-5).
        for _ in 0..3 {
            let answer = post().header("x-request-id", "scenario-1").json(&body).send().await;
            assert_eq!(answer.headers["x-request-id"], "scenario-1");
            check(&format!("{n} {section} {}", request["title"]), must, &answer);
        }
    }
    println!("{} requests of the scenario on {engine:?}", SCENARIO.len());
}

async fn token_of_a_first_part(tillid: &Tillid, system: &str, body: &Value) -> Value {
    let mut first = body.clone();
    first["page"] = json!({"limit": 1});
    let part =
        tillid.post("/access/v1/search/subject").by(system).json(&first).send().await.expect(200).json();
    assert_eq!(part["results"].as_array().map(Vec::len), Some(1));
    assert_ne!(part["page"]["next_token"], "", "there is more");
    part["page"]["next_token"].clone()
}

#[track_caller]
fn check(what: &str, must: &Must, answer: &Answer) {
    let json = answer.json();
    if matches!(must, Refuse) {
        assert_eq!(answer.status, 400, "{what}: {json}");
        assert!(json.is_string(), "{what}: an error message string: {json}");
        return;
    }
    assert_eq!(answer.status, 200, "{what}: {json}");
    assert_eq!(answer.headers["content-type"], "application/json", "{what}");
    let decisions = |json: &Value| -> Vec<bool> {
        let each = json["evaluations"].as_array().expect("evaluations");
        each.iter().map(|one| one["decision"].as_bool().expect("a decision")).collect()
    };
    let results = || json["results"].as_array().expect("results");
    match must {
        Decide(expected) => assert_eq!(json["decision"], *expected, "{what}: {json}"),
        Batch(expected) => {
            let decisions = decisions(&json);
            assert_eq!(decisions.len(), expected.len(), "{what}");
            assert!(json.get("decision").is_none(), "{what}");
            let agree = decisions.iter().zip(*expected).all(|(is, must)| must.is_none_or(|must| must == *is));
            assert!(agree, "{what}: {json}");
        }
        Find(kind, least) => {
            let key = if kind.is_empty() { "name" } else { "id" };
            assert!(kind.is_empty() || results().iter().all(|r| r["type"] == *kind), "{what}: {json}");
            let found: Vec<&str> = results().iter().filter_map(|r| r[key].as_str()).collect();
            assert!(least.iter().all(|one| found.contains(one)), "{what}: {json}");
            assert!(!found.is_empty(), "{what}");
            assert!(json["page"]["next_token"].is_string(), "{what}");
        }
        FindNothing => assert_eq!(json["results"], json!([]), "{what}"),
        Refuse => {}
    }
}

#[tokio::test]
async fn the_certification_scenario_sqlite() {
    scenario(Engine::Sqlite).await;
}

#[tokio::test]
async fn the_certification_scenario_postgres() {
    scenario(Engine::Postgres).await;
}

/// What the list of requests cannot say: content types, bodies that are no JSON, where things are, and whom it does not answer.
#[tokio::test]
async fn the_transport_is_what_the_specification_asks_for() {
    let (tillid, system) = fixture(Engine::Sqlite).await;
    let read = json!({"subject": {"type": "user", "id": "alice"}, "action": {"name": "read"},
        "resource": {"type": "record", "id": "record-1"}});
    for path in ["evaluation", "evaluations", SUBJECT, RESOURCE, ACTION] {
        let path = format!("/access/v1/{path}");
        for (kind, body) in [
            ("text/plain", read.to_string()),
            ("application/x-www-form-urlencoded", read.to_string()),
            ("application/json", String::new()),
            ("application/json", "{".to_owned()),
            ("application/json", "[]".to_owned()),
            ("application/json", "null".to_owned()),
            ("application/json", "\"text\"".to_owned()),
            ("application/json", "{\"subject\": \"0101701234\"}".to_owned()),
            ("application/json", "[".repeat(5000)),
        ] {
            let answer = tillid.post(&path).by(&system).bytes(kind, body.clone().into_bytes()).send().await;
            assert_eq!(answer.status, 400, "{path} {kind} {body:.40}");
            let message = answer.json();
            assert!(message.is_string(), "{path}: {message}");
            assert!(!message.to_string().contains("0101701234"), "what was sent is not told again");
        }
        let anonymous = tillid.post(&path).json(&read).send().await.expect(401);
        assert!(anonymous.json().is_string() && anonymous.headers.contains_key("www-authenticate"));
        tillid.get(&path).by(&system).send().await.expect(405);
    }
    let answer = tillid.post("/access/v1/evaluation").by(&system);
    let with_charset = answer.bytes("application/json; charset=utf-8", read.to_string().into_bytes());
    let answer = with_charset.send().await.expect(200);
    assert_eq!(answer.json()["decision"], true);
    assert_eq!(answer.headers["cache-control"], "no-store", "an answer is kept by nobody");

    let metadata = tillid.get("/.well-known/authzen-configuration").send().await.expect(200).json();
    let base = metadata["policy_decision_point"].as_str().expect("an address").to_owned();
    assert_eq!(metadata.as_object().expect("an object").len(), 6, "nothing empty: {metadata}");
    for (name, path) in [
        ("access_evaluation_endpoint", "evaluation"),
        ("access_evaluations_endpoint", "evaluations"),
        ("search_subject_endpoint", SUBJECT),
        ("search_resource_endpoint", RESOURCE),
        ("search_action_endpoint", ACTION),
    ] {
        assert_eq!(metadata[name], format!("{base}/access/v1/{path}"));
    }
    assert!(base.ends_with(&format!(":{}", tillid.base.rsplit(':').next().expect("a port"))));
}

/// The three semantics: a batch is cut off after the question that decides it, and no other is recorded.
#[tokio::test]
async fn a_batch_ends_where_it_is_told_to() {
    let (tillid, system) = fixture(Engine::Sqlite).await;
    let resource = |id: &str| json!({"resource": {"type": "record", "id": id}});
    let batch = |semantic: &Value, items: Vec<Value>| {
        json!({"subject": {"type": "user", "id": "alice"}, "action": {"name": "write"},
            "options": {"evaluations_semantic": semantic}, "evaluations": items})
    };
    let items =
        || vec![resource("record-1"), resource("record-2"), resource("record-1"), json!({"resource": 5})];
    let ask = async |semantic: Value, items| {
        let answer =
            tillid.post("/access/v1/evaluations").by(&system).json(&batch(&semantic, items)).send().await;
        let each = answer.expect(200).json()["evaluations"].as_array().expect("a list").clone();
        each.iter().map(|one| one["decision"] == true).collect::<Vec<_>>()
    };
    assert_eq!(ask(json!("execute_all"), items()).await, [true, false, true, false]);
    assert_eq!(ask(json!("deny_on_first_deny"), items()).await, [true, false]);
    assert_eq!(ask(json!("permit_on_first_permit"), items()).await, [true]);
    let last = vec![resource("record-2"), json!({"resource": 5}), resource("record-1"), resource("record-1")];
    assert_eq!(ask(json!("permit_on_first_permit"), last).await, [false, false, true]);
    for semantic in [json!("first"), json!(""), json!(7)] {
        let post = tillid.post("/access/v1/evaluations").by(&system);
        post.json(&batch(&semantic, items())).send().await.expect(400);
    }
    let many: Vec<Value> = (0..1001).map(|_| resource("record-1")).collect();
    let post = tillid.post("/access/v1/evaluations").by(&system).json(&batch(&json!("execute_all"), many));
    assert!(post.send().await.expect(400).json().as_str().expect("a message").contains("1000"));
    let thousand: Vec<Value> = (0..1000).map(|_| resource("record-1")).collect();
    assert_eq!(ask(json!("execute_all"), thousand).await.len(), 1000, "never cut");
}
