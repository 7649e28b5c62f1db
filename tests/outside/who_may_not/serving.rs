//! What is there because others did it before: systems, what is registered of them, and what staff do for Anna.

use crate::clients::system::{p256, registration};
use crate::door::{CASE, Door, answers, id};
use serde_json::{Value, json};

/// A new system of Eksempel Kommune.
pub(super) async fn registered(door: &Door, karin: &str) -> String {
    let made = door.post("/v1/clients").by(karin).json(&registration(&p256("k"))).send().await.expect(201);
    id(&made.json()["id"])
}

/// A user of Eksempel Kommune's systems.
pub(super) async fn put_entity(door: &Door, karin: &str, name: &str) {
    let path = format!("/v1/external/entities/user/{name}");
    door.ask("PUT", &path).by(karin).json(&json!({"properties": {}})).send().await.expect(201);
}

/// What can be done to its records.
pub(super) async fn put_privilege(door: &Door, karin: &str, code: &str) {
    let path = format!("/v1/external/privileges/{code}");
    door.ask("PUT", &path).by(karin).json(&privilege_body()).send().await.expect(201);
}

pub(super) fn privilege_body() -> Value {
    json!({"action": "read", "object_type": "record"})
}

pub(super) fn grant_body(subject: &str) -> Value {
    json!({"subject": {"type": "user", "id": subject}, "privileges": ["read"], "objects": {"type": "record"}})
}

/// What one of them may do with the other.
pub(super) async fn granted(door: &Door, karin: &str) -> String {
    let given =
        door.post("/v1/external/grants").by(karin).json(&grant_body("alice")).send().await.expect(201);
    id(&given.json()["id"])
}

/// That somebody is Anna's guardian in what is not about money.
pub(super) fn guardian_body(guardian: &str) -> Value {
    json!({"what": "guardianship", "areas": ["personal"], "holders": [{"person": {"cpr": guardian}}], "decision": {"case": CASE}})
}

/// Such a guardianship, as Inge registers it.
pub(super) async fn guarded(door: &Door, inge: &str, lookup: &str, guardian: &str) -> String {
    let new = door.post("/v1/statutory-powers").by(inge).header("lookup-id", lookup);
    id(&new.json(&guardian_body(guardian)).send().await.expect(201).json()["id"])
}

/// What Hans does for Anna under his look-up.
pub(super) struct Serving<'a> {
    pub(super) door: &'a Door,
    pub(super) hans: &'a str,
    pub(super) lookup: &'a str,
}

/// What a person said.
pub(super) fn said(presentation: &str, items: &[String]) -> Value {
    let mut body = answers(presentation, items);
    body["registration"] =
        json!({"channel": "oral", "said_at": "2026-03-02T09:00:00Z", "note": "Ja", "why": "Telefon"});
    body
}

impl Serving<'_> {
    /// Reads the text aloud.
    pub(super) async fn told(&self, about: Value) -> (String, Vec<String>) {
        self.shown(about, "told").await
    }

    pub(super) async fn shown(&self, about: Value, means: &str) -> (String, Vec<String>) {
        let body = json!({"about": about, "means": means});
        let shown = self.door.post("/v1/presentations").by(self.hans).header("lookup-id", self.lookup);
        let shown = shown.json(&body).send().await.expect(201).json();
        let document: Value =
            serde_json::from_str(shown["document"].as_str().expect("a document")).expect("json");
        let items = document["items"].as_array().expect("items");
        (id(&shown["id"]), items.iter().map(|i| id(&i["code"])).collect())
    }

    /// Notes what she said.
    pub(super) async fn registered(&self) -> Vec<String> {
        let (told, items) = self.told(json!({"consent": {"consent_type": "C02", "case": CASE}})).await;
        let mut body = said(&told, &items);
        body["registration"]["said_at"] = self.door.now().await.into();
        let given = self.door.post("/v1/consents").by(self.hans).header("lookup-id", self.lookup);
        let given = given.json(&body).send().await.expect(201).json();
        given["consents"].as_array().expect("consents").iter().map(|c| id(&c["id"])).collect()
    }

    /// Keeps a letter of hers.
    pub(super) async fn kept(&self) -> String {
        let kept = self.door.post("/v1/documents").by(self.hans).header("lookup-id", self.lookup);
        id(
            &kept.bytes("application/pdf", b"%PDF-1.7 a letter".to_vec()).send().await.expect(201).json()["id"],
        )
    }

    /// What she takes back makes work.
    pub(super) async fn task(&self, anna: &str) -> String {
        let consents = self.registered().await;
        self.door.post(&format!("/v1/consents/{}/withdraw", consents[0])).by(anna).send().await.expect(200);
        let tasks = self.door.get("/v1/tasks?limit=100").by(self.hans).send().await.expect(200).json();
        let tasks = tasks["items"].as_array().expect("tasks").clone();
        let of = |task: &&Value| task["consent_id"] == consents[0].as_str();
        id(&tasks.iter().find(of).expect("its task")["id"])
    }
}
