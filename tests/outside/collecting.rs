//! Consents that reach an authority otherwise, from outside: said, signed, brought; taken back, annulled, and what follows.

use crate::door::{CASE, Door, answers, id, ids};
use serde_json::{Value, json};
use tillid_testkit::Engine;

/// Somebody of an authority, under a look-up of Anna.
struct Clerk<'a> {
    door: &'a Door,
    token: String,
    lookup: String,
}

impl<'a> Clerk<'a> {
    async fn at(door: &'a Door, name: &str, purpose: &str) -> Self {
        let token = door.token(name).await;
        let lookup = door.looked_up(&token, &door.cpr("anna").await, purpose).await;
        Self { door, token, lookup }
    }

    async fn posts(&self, path: &str, body: &Value) -> crate::support::Answer {
        let knock = self.door.post(path).by(&self.token).header("lookup-id", &self.lookup);
        knock.json(body).send().await
    }

    /// The text for her, by some means, and what it asks.
    async fn tells(&self, about: &Value, means: &str) -> (String, Vec<String>) {
        let body = json!({"about": about, "means": means});
        let shown = self.posts("/v1/presentations", &body).await.expect(201).json();
        assert_eq!(shown["means"], means);
        let text: Value = serde_json::from_str(shown["document"].as_str().expect("text")).expect("json");
        let items = text["items"].as_array().expect("items").iter().map(|i| id(&i["code"])).collect();
        (id(&shown["id"]), items)
    }

    async fn registers(&self, path: &str, told: (String, Vec<String>), how: Value) -> Vec<String> {
        let mut body = answers(&told.0, &told.1);
        body["registration"] = how;
        ids(&self.posts(path, &body).await.expect(201).json()["consents"])
    }
}

fn about(code: &str) -> Value {
    json!({"consent": {"consent_type": code, "case": CASE}})
}

async fn said(door: &Door) -> Value {
    json!({"channel": "oral", "said_at": door.now().await, "note": "Anna sagde ja i telefonen", "why": "Hun ser dårligt"})
}

/// Whether the municipality may obtain what her doctor has on her, in the case.
async fn holds(door: &Door, system: &str) -> Value {
    let question = json!({"subject": {"type": "organisation", "id": "cvr:99100001"}, "action": {"name": "data.obtain"},
        "resource": {"type": "person-data", "id": door.person_id("anna").await, "properties": {"category": "medical-records",
        "source": "doctor", "case": CASE}}, "context": {"purpose": "automated_step", "case": CASE}});
    door.post("/access/v1/evaluation").by(system).json(&question).send().await.expect(200).json()
}

async fn what_was_said_holds_until_it_is_taken_back_and_that_makes_work(engine: Engine) {
    let door = Door::open(engine).await;
    let (anna, system) = (door.token("anna").await, door.token("fagsystem").await);
    let hans = Clerk::at(&door, "hans", "case_processing").await;
    let request = door.asked(&hans.token, &door.cpr("anna").await, "C02").await;
    let told = hans.tells(&json!({"request": request}), "told").await;
    let path = format!("/v1/consent-requests/{request}/answer");
    assert_eq!(holds(&door, &system).await["decision"], false);
    let consents = hans.registers(&path, told, said(&door).await).await;
    assert_eq!(holds(&door, &system).await["decision"], true);
    let hers = door.get(&format!("/v1/consents/{}", consents[0])).by(&anna).send().await.expect(200).json();
    assert_eq!((&hers["channel"], &hers["state"]), (&json!("oral"), &json!("active")));
    assert_eq!(hers["collected"]["note"], "Anna sagde ja i telefonen");
    let text = format!("/v1/presentations/{}", id(&hers["presentation_id"]));
    assert_eq!(door.get(&text).by(&anna).send().await.expect(200).json()["means"], "told");
    // She takes it back like any other: one request, without a body.
    let gone =
        door.post(&format!("/v1/consents/{}/withdraw", consents[0])).by(&anna).send().await.expect(200);
    assert_eq!(
        (&gone.json()["state"], &gone.json()["withdrawn_through"]),
        (&json!("withdrawn"), &json!("digital"))
    );
    assert_eq!(holds(&door, &system).await["decision"], false);
    let tasks = door.get("/v1/tasks").by(&hans.token).send().await.expect(200).json();
    let [task] = tasks["items"].as_array().expect("tasks").as_slice() else { panic!("{tasks}") };
    assert_eq!((&task["consent_id"], &task["effects"]), (&json!(consents[0]), &json!(["STOP", "DECIDE"])));
    let close = format!("/v1/tasks/{}/close", id(&task["id"]));
    let without = json!({"outcome": "other_basis"});
    let refused = door.post(&close).by(&hans.token).json(&without).send().await.expect(422).json();
    assert_eq!(refused["errors"][0]["code"], "task_basis_missing");
    let closed = door.post(&close).by(&hans.token).json(&json!({"outcome": "done"})).send().await.expect(200);
    assert_eq!(closed.json()["state"], "closed");
    let log = door.get("/v1/access-log?limit=100").by(&anna).send().await.expect(200).json();
    let acts: Vec<&Value> =
        log["items"].as_array().expect("looks").iter().map(|r| &r["act"]["code"]).collect();
    for act in ["register_consent", "see_task", "close_task"] {
        assert!(acts.iter().any(|a| *a == act), "{act} in {acts:?}");
    }
    let (exit, verdict) = door.tillid.verify();
    assert_eq!(exit, 0, "{verdict}");
}

async fn a_signed_form_is_evidence_and_a_wrong_one_never_counted(engine: Engine) {
    let door = Door::open(engine).await;
    let (anna, system) = (door.token("anna").await, door.token("fagsystem").await);
    let hans = Clerk::at(&door, "hans", "case_processing").await;
    let inge = Clerk::at(&door, "inge", "citizen_service").await;
    let printed = inge.tells(&about("C02"), "paper").await;
    let scan = b"%PDF-1.7 signed by Anna".to_vec();
    let kept = door.post("/v1/documents").by(&inge.token).header("lookup-id", &inge.lookup);
    let kept = kept.bytes("application/pdf", scan.clone()).send().await.expect(201).json();
    let document = id(&kept["id"]);
    let now: tillid_domain::Instant = door.now().await.parse().expect("a moment");
    let signed_on = now.local_date().to_string();
    let paper = json!({"channel": "paper", "signed_on": signed_on, "document_id": document});
    let consents = inge.registers("/v1/consents", printed, paper).await;
    assert_eq!(holds(&door, &system).await["decision"], true);
    let path = format!("/v1/documents/{document}");
    let hers = door.get(&path).by(&anna).send().await.expect(200);
    assert_eq!(hers.body, scan);
    assert_eq!(hers.headers["content-type"], "application/pdf");
    assert!(hers.headers["content-disposition"].to_str().expect("text").starts_with("attachment"));
    door.get(&path).by(&door.token("bo").await).send().await.expect(404);
    // It was somebody else's form: for each of its consents, and from the beginning.
    let wrong = json!({"ground": "wrong_person", "note": "Skemaet er en andens"});
    for consent in &consents {
        let annulled = hans.posts(&format!("/v1/consents/{consent}/annul"), &wrong).await.expect(200).json();
        assert_eq!(
            (&annulled["state"], &annulled["annulled_because"]),
            (&json!("annulled"), &json!("wrong_person"))
        );
    }
    let no = holds(&door, &system).await;
    assert_eq!((&no["decision"], &no["context"]["reason"]["code"]), (&json!(false), &json!("no_consent")));
    // What Anna answered herself is not the staff's to annul; on her word they withdraw it.
    let request = door.asked(&hans.token, &door.cpr("anna").await, "C02").await;
    let own = door.answered(&anna, &request).await;
    let refused = hans.posts(&format!("/v1/consents/{}/annul", own[0]), &wrong).await.expect(409);
    assert_eq!(refused.code(), "not_registered_by_staff");
    let word = json!({"assistance": {"channel": "oral", "note": "Hun ringede"}});
    let gone = hans.posts(&format!("/v1/consents/{}/withdraw", own[0]), &word).await.expect(200).json();
    assert_eq!((&gone["state"], &gone["withdrawn_through"]), (&json!("withdrawn"), &json!("oral")));
    // The case is decided, and what is left for it ends.
    let request = door.asked(&hans.token, &door.cpr("anna").await, "C02").await;
    door.answered(&anna, &request).await;
    assert_eq!(holds(&door, &system).await["decision"], true);
    let close = format!("/v1/cases/{CASE}/close");
    let closed = door.post(&close).by(&system).send().await.expect(200).json();
    assert_eq!(closed, json!({"consents": 1, "requests": 0}));
    assert_eq!(holds(&door, &system).await["decision"], false);
    let (exit, verdict) = door.tillid.verify();
    assert_eq!(exit, 0, "{verdict}");
}

crate::bad_input::on_both!(
    what_was_said_holds_until_it_is_taken_back_and_that_makes_work,
    a_signed_form_is_evidence_and_a_wrong_one_never_counted,
);
