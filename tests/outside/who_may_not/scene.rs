//! What there is of Anna's, and who comes to the door.

use super::aim::{Aim, Which};
use super::serving::{
    Serving, grant_body, granted, guarded, guardian_body, privilege_body, put_entity, put_privilege,
    registered, said,
};
use crate::clients::system::{p256, registration};
use crate::door::{CASE, Door, UNKNOWN, answers, id, nothing};
use crate::second_verifier::logged;
use serde_json::{Value, json};
use std::{
    collections::BTreeMap,
    sync::atomic::{AtomicU64, Ordering},
};
use tillid_testkit::Engine;

/// A plus is somebody with a look-up of Anna, an arrow somebody who acts for her; with the exclamation mark, after she has
/// revoked it. The last one comes last.
pub(crate) const CALLERS: [&str; 27] = [
    "none",
    "anna",
    "bo",
    "bo>anna",
    "clara",
    "dorte",
    "erik",
    "finn",
    "gitte",
    "hans",
    "hans+",
    "jens",
    "jens+",
    "inge",
    "inge+",
    "niels",
    "karin",
    "ole",
    "lars",
    "lars+",
    "mona",
    "mona+",
    "fagsystem",
    "fagsystem+",
    "naboby",
    "naboby+",
    "bo>anna!",
];

/// Words for several callers.
pub(crate) fn group(word: &str) -> Vec<&str> {
    let members = match word {
        "everyone" => return CALLERS.to_vec(),
        "strangers" => "clara dorte erik finn gitte",
        "staff" => "hans hans+ jens jens+ inge inge+ niels karin ole lars lars+ mona mona+",
        "machines" => "fagsystem fagsystem+ naboby naboby+",
        "blind" => "hans jens inge niels karin ole lars mona fagsystem naboby",
        "neighbours+" => "mona+ naboby+",
        "ours+" => "hans+ inge+ lars+ fagsystem+",
        _ => return vec![word],
    };
    members.split(' ').collect()
}

pub(crate) struct Scene {
    pub(crate) door: Door,
    tokens: BTreeMap<&'static str, String>,
    lookups: BTreeMap<&'static str, String>,
    cprs: BTreeMap<&'static str, String>,
    open: String,
    consents: Vec<String>,
    mandate: String,
    other_mandate: String,
    shown: String,
    shown_unasked: String,
    shown_mandate: String,
    mandate_request: String,
    shown_request: String,
    receipt: String,
    drafts: [u64; 2],
    client: String,
    grant: String,
    told: String,
    registered: Vec<String>,
    document: String,
    printed: String,
    declaration: String,
    /// That declaration in the state's format.
    xml: String,
    task: String,
    power: String,
    names: AtomicU64,
}

impl Scene {
    pub(crate) async fn set(engine: Engine) -> Self {
        let door = Door::open(engine).await;
        let (mut tokens, mut lookups, mut cprs) = (BTreeMap::new(), BTreeMap::new(), BTreeMap::new());
        for caller in CALLERS.iter().filter(|c| **c != "none") {
            let (name, rest) = caller.split_at(caller.find(['+', '>']).unwrap_or(caller.len()));
            let acting = rest.starts_with('>');
            let token =
                if acting { door.tillid.token_for(name, "anna").await } else { door.token(name).await };
            tokens.insert(*caller, token);
        }
        for name in ["anna", "bo", "dorte", "finn", "gitte"] {
            cprs.insert(name, door.cpr(name).await);
        }
        let (anna, hans) = (tokens["anna"].clone(), tokens["hans"].clone());
        let answered = door.asked(&hans, &cprs["anna"], "C02").await;
        let consents = door.answered(&anna, &answered).await;
        let open = door.asked(&hans, &cprs["anna"], "C02").await;
        let (shown, _) = door.shown(&anna, json!({"request": open})).await;
        let (shown_unasked, _) = door.shown(&anna, json!({"consent": {"consent_type": "C15"}})).await;
        let (shown_mandate, _) = door.shown(&anna, door.mandate_to(&cprs["gitte"], "M14").await).await;
        let mandate = door.mandated(&anna, &cprs["bo"], "M14").await;
        let other_mandate = door.mandated(&anna, &cprs["dorte"], "M14").await;
        let mandate_request = door.asked_for_mandate(&tokens["bo"], &cprs["anna"], "M14").await;
        let (shown_request, _) = door.shown(&anna, json!({"mandate_request": mandate_request})).await;
        let location =
            door.get(&format!("/v1/consents/{}/receipt", consents[0])).by(&anna).send().await.expect(303);
        let receipt = location.headers["location"]
            .to_str()
            .expect("a path")
            .rsplit('/')
            .next()
            .expect("an id")
            .to_owned();
        logged(&door, &receipt).await;
        for (caller, purpose) in [
            ("hans+", "case_processing"),
            ("jens+", "case_processing"),
            ("mona+", "case_processing"),
            ("inge+", "citizen_service"),
            ("lars+", "supervision"),
            ("fagsystem+", "automated_step"),
            ("naboby+", "automated_step"),
        ] {
            lookups.insert(caller, door.looked_up(&tokens[caller], &cprs["anna"], purpose).await);
        }
        let drafts = [
            door.drafted(&tokens["karin"], "consent-types", "C15").await,
            door.drafted(&tokens["karin"], "mandate-packages", "M14").await,
        ];
        let client = registered(&door, &tokens["karin"]).await;
        put_entity(&door, &tokens["karin"], "alice").await;
        put_privilege(&door, &tokens["karin"], "read").await;
        let grant = granted(&door, &tokens["karin"]).await;
        let serving = Serving { door: &door, hans: &hans, lookup: &lookups["hans+"] };
        let told = serving.told(json!({"consent": {"consent_type": "C02", "case": CASE}})).await;
        let registered = serving.registered().await;
        let document = serving.kept().await;
        let (printed, _) =
            serving.shown(json!({"consent": {"consent_type": "C02", "case": CASE}}), "paper").await;
        let seen = door.get(&format!("/v1/consents/{}", consents[0])).by(&anna).send().await.expect(200);
        let declaration = id(&seen.json()["declaration_id"]);
        let xml = door.get(&format!("/v1/declarations/{declaration}/viljestilkendegivelse")).by(&anna);
        let xml = String::from_utf8(xml.send().await.expect(200).body).expect("UTF-8");
        let task = serving.task(&anna).await;
        let power = guarded(&door, &tokens["inge+"], &lookups["inge+"], &cprs["gitte"]).await;
        Self {
            door,
            tokens,
            lookups,
            cprs,
            open,
            consents,
            mandate,
            other_mandate,
            shown,
            shown_unasked,
            shown_mandate,
            mandate_request,
            shown_request,
            receipt,
            drafts,
            client,
            grant,
            told: told.0,
            registered,
            document,
            printed,
            declaration,
            xml,
            task,
            power,
            names: AtomicU64::new(0),
        }
    }

    /// Anna takes back what she gave Bo.
    pub(crate) async fn revoke_bo(&self) {
        let anna = &self.tokens["anna"];
        // The newest is what he is told of, and it must not be one that he has given up himself.
        self.door.mandated(anna, &self.cprs["bo"], "M14").await;
        let listed = self.door.get("/v1/mandates").by(anna).send().await.expect(200).json();
        let bo = self.door.person_id("bo").await;
        for mandate in listed["items"].as_array().expect("mandates") {
            if mandate["representative_id"] == bo.as_str() && mandate["state"] == "active" {
                let path = format!("/v1/mandates/{}/revoke", id(&mandate["id"]));
                self.door.post(&path).by(anna).send().await.expect(200);
            }
        }
    }

    /// What nobody else's answer may show: the ids of Anna's consents, requests, presentations and receipts.
    pub(crate) fn secrets(&self) -> Vec<&str> {
        let single = [&self.open, &self.shown, &self.shown_unasked, &self.shown_mandate, &self.receipt];
        self.consents.iter().chain(single).map(String::as_str).collect()
    }

    /// How everything of Anna's looks to her.
    pub(crate) async fn look_of_things(&self) -> Vec<String> {
        let mut looks = Vec::new();
        for path in [
            format!("/v1/consent-requests/{}", self.open),
            format!("/v1/consents/{}", self.consents[0]),
            format!("/v1/consents/{}", self.consents[1]),
            format!("/v1/mandates/{}", self.mandate),
            format!("/v1/mandates/{}", self.other_mandate),
            format!("/v1/mandate-requests/{}", self.mandate_request),
            format!("/v1/presentations/{}", self.shown),
        ] {
            let answer = self.door.get(&path).by(&self.tokens["anna"]).send().await.expect(200);
            looks.push(String::from_utf8(answer.body).expect("text"));
        }
        for (path, draft) in [("consent-types/C15", self.drafts[0]), ("mandate-packages/M14", self.drafts[1])]
        {
            let path = format!("/v1/{path}/versions");
            let versions = self.door.get(&path).by(&self.tokens["karin"]).send().await.expect(200).json();
            let versions = versions["items"].as_array().expect("versions");
            looks.extend(versions.iter().filter(|v| v["version"] == draft).map(Value::to_string));
        }
        looks
    }

    /// A step of a version: the shared draft, or one that it can be taken with.
    async fn of_catalogue(
        &self,
        aim: Aim,
        which: Which,
        (shelf, code, shared): (&str, &str, u64),
    ) -> (String, Option<Value>) {
        let (door, karin) = (&self.door, &self.tokens["karin"]);
        let (mut number, new) = (shared, which == Which::New);
        if new {
            number = door.drafted(karin, shelf, code).await;
        }
        let body = match aim {
            Aim::ChangeType | Aim::ChangePackage => Some(door.definition(shelf, code).await),
            Aim::ReturnType | Aim::ReturnPackage => Some(json!({"comment": "Skriv kortere."})),
            Aim::WithdrawPackage => {
                Some(json!({"from": door.in_half_a_year().await, "reason": "Den er erstattet."}))
            }
            _ => None,
        };
        if new && matches!(aim, Aim::ReturnType | Aim::ReturnPackage) {
            let path = format!("/v1/{shelf}/{code}/versions/{number}/submit");
            door.post(&path).by(karin).send().await.expect(200);
        }
        (number.to_string(), body)
    }

    /// The answer to this caller, who sends what would be right if it were theirs to send.
    pub(crate) async fn send(
        &self,
        caller: &str,
        method: &str,
        template: &str,
        aim: Aim,
        which: Which,
    ) -> crate::support::Answer {
        let (thing, body) = self.aimed(aim, which).await;
        let mut path = template.to_owned();
        for (name, value) in [
            ("{id}", &thing),
            ("{event_id}", &thing),
            ("{number}", &thing),
            ("{path}", &thing),
            ("{person}", &thing),
        ] {
            path = path.replace(name, value);
        }
        let code = match template {
            external if external.starts_with("/v1/external/") => thing.as_str(),
            packages if packages.contains("packages") => "M14",
            _ => "C15",
        };
        path = path.replace("{code}", code).replace("{type}", "user");
        if let Aim::Given(purpose) = aim {
            path = format!("{path}?purpose={purpose}&case={CASE}");
        }
        if aim == Aim::TakeIn {
            path += "?source=Arkiv";
        }
        let mut knock = if method == "POST" { self.door.post(&path) } else { self.door.ask(method, &path) };
        if let Some(token) = self.tokens.get(caller) {
            knock = knock.by(token);
        }
        if let Some(lookup) = self.lookups.get(caller) {
            knock = knock.header("lookup-id", lookup);
        }
        if let Some(body) = body {
            knock = knock.json(&body);
        } else if aim == Aim::TakeIn {
            knock = knock.bytes("application/xml", self.given_elsewhere(which));
        } else if aim == Aim::Keep {
            knock = knock.bytes("application/pdf", b"%PDF-1.7 a form".to_vec());
        }
        knock.send().await
    }

    /// The declaration as if it had been given elsewhere, under another name each time that it is to come in.
    fn given_elsewhere(&self, which: Which) -> String {
        let other = match which {
            Which::New => nothing(u128::from(self.names.fetch_add(1, Ordering::Relaxed))),
            Which::Shared | Which::Unknown => UNKNOWN.to_owned(),
        };
        self.xml.replace(&self.declaration, &other)
    }

    fn serving(&self) -> Serving<'_> {
        Serving { door: &self.door, hans: &self.tokens["hans+"], lookup: &self.lookups["hans+"] }
    }

    async fn said_now(&self, presentation: &str, items: &[String]) -> Value {
        let mut body = said(presentation, items);
        body["registration"]["said_at"] = self.door.now().await.into();
        body
    }

    /// Whether Bo may do something for Anna.
    async fn question(&self, which: Which) -> Value {
        let anna =
            if which == Which::Unknown { UNKNOWN.to_owned() } else { self.door.person_id("anna").await };
        let bo = self.door.person_id("bo").await;
        json!({"subject": {"type": "person", "id": bo}, "resource": {"type": "person", "id": anna},
            "action": {"name": "urn:dk:eksempelkommune:fuldmagt:aeldre:hjaelpemidler:handle"},
            "context": {"purpose": "automated_step", "case": CASE}})
    }

    /// A name that nothing has yet.
    fn new_name(&self) -> String {
        format!("new-{}", self.names.fetch_add(1, Ordering::Relaxed))
    }

    /// The thing in the path, and the body.
    #[expect(clippy::too_many_lines, reason = "one line for each aim")]
    async fn aimed(&self, aim: Aim, which: Which) -> (String, Option<Value>) {
        let (door, anna, hans) = (&self.door, &self.tokens["anna"], &self.tokens["hans"]);
        let cpr = |name: &str| self.cprs[name].clone();
        let pick =
            |shared: &String| if which == Which::Unknown { UNKNOWN.to_owned() } else { shared.clone() };
        let new = which == Which::New;
        let body = |value: Value| (String::new(), Some(value));
        match aim {
            Aim::Given(_) | Aim::Plain | Aim::Type | Aim::Package => (String::new(), None),
            Aim::TypeVersion | Aim::PackageVersion => ("1".to_owned(), None),
            Aim::Evaluate => body(self.question(which).await),
            Aim::EvaluateAll => {
                let question = self.question(which).await;
                body(json!({"evaluations": [question, {}]}))
            }
            Aim::Search(sought) => {
                let mut question = self.question(which).await;
                if sought == "action" {
                    question["action"] = Value::Null;
                }
                body(question)
            }
            Aim::Clock => body(json!({"now": "2020-01-01T00:00:00Z"})),
            Aim::Death => body(json!({"event": "death", "person": "nobody"})),
            Aim::Token => body(json!({"person": "anna"})),
            Aim::DraftType => body(door.definition("consent-types", "C15").await),
            Aim::DraftPackage => body(door.definition("mandate-packages", "M14").await),
            Aim::PublishType if new => {
                (door.drafted(&self.tokens["karin"], "consent-types", "C15").await.to_string(), None)
            }
            Aim::PublishType => (self.drafts[0].to_string(), None),
            Aim::PublishPackage if new => {
                (door.drafted(&self.tokens["karin"], "mandate-packages", "M14").await.to_string(), None)
            }
            Aim::PublishPackage => (self.drafts[1].to_string(), None),
            Aim::ChangeType | Aim::ReturnType => {
                self.of_catalogue(aim, which, ("consent-types", "C15", self.drafts[0])).await
            }
            Aim::ChangePackage | Aim::ReturnPackage | Aim::WithdrawPackage => {
                self.of_catalogue(aim, which, ("mandate-packages", "M14", self.drafts[1])).await
            }
            Aim::Consent => (pick(&self.consents[0]), None),
            Aim::Request => (pick(&self.open), None),
            Aim::Mandate => (pick(&self.mandate), None),
            Aim::OtherMandate => (pick(&self.other_mandate), None),
            Aim::MandateByNumber => (pick(&self.mandate), Some(json!({"numbers": [cpr("anna")]}))),
            Aim::HeldByNumber => body(json!({"numbers": [cpr("anna")]})),
            Aim::Claims => {
                let question = self.question(which).await;
                let (scope, privilege) = (id(&question["resource"]["id"]), id(&question["action"]["name"]));
                body(json!({"representative": {"id": question["subject"]["id"]}, "purpose": "automated_step",
                    "value": format!("<PrivilegeList><PrivilegeGroup Scope=\"urn:uuid:{scope}\"><Privilege>{privilege}</Privilege></PrivilegeGroup></PrivilegeList>")}))
            }
            Aim::Presentation => (pick(&self.shown), None),
            Aim::Receipt | Aim::LoggedReceipt => (pick(&self.receipt), None),
            // Whoever has no post: in the demo world the post of all lies open.
            Aim::Inbox => ("mona".to_owned(), None),
            Aim::Tile => ("0/000.p/1".to_owned(), None),
            Aim::Withdraw if new => {
                let request = door.asked(hans, &cpr("anna"), "C02").await;
                (door.answered(anna, &request).await[0].clone(), None)
            }
            Aim::Withdraw => (pick(&self.consents[0]), None),
            Aim::Cancel if new => (door.asked(hans, &cpr("anna"), "C02").await, None),
            Aim::Cancel => (pick(&self.open), None),
            Aim::Except => {
                let body =
                    json!({"holder": door.person_id("bo").await, "ground": "impossible", "case": CASE});
                (pick(&self.open), Some(body))
            }
            Aim::Revoke | Aim::Renounce if new => (door.mandated(anna, &cpr("bo"), "M14").await, None),
            Aim::Revoke | Aim::Renounce => (pick(&self.mandate), None),
            Aim::Life(step) => {
                let mandate =
                    if new { door.mandated(anna, &cpr("bo"), "M14").await } else { pick(&self.mandate) };
                let sent = match step {
                    "dispute" => Some(json!({"ground": "misuse", "note": "Datteren har ringet."})),
                    "renew" | "sign" => Some(json!({"presentation_id": self.shown_mandate})),
                    _ => None,
                };
                (mandate, sent)
            }
            Aim::RevokeFor => {
                let mandate =
                    if new { door.mandated(anna, &cpr("gitte"), "M14").await } else { pick(&self.mandate) };
                (mandate, Some(json!({"assistance": {"channel": "oral", "note": "Stop"}})))
            }
            Aim::AnnulMandate => {
                (pick(&self.mandate), Some(json!({"ground": "wrong_person", "note": "En anden"})))
            }
            Aim::EnterMandate => {
                let today = &door.now().await[..10];
                let paper = json!({"paper": "form", "signed_on": today, "document_id": self.document});
                body(json!({"presentation_id": pick(&self.shown_mandate), "registration": paper}))
            }
            Aim::ShowPart => body(json!({"about": {"mandate": {
                "representative": {"cpr": cpr("dorte")}, "packages": ["M14"], "valid_until": "2027-01-01",
                "under": pick(&self.mandate)}}})),
            Aim::ShowRenewal => body(
                json!({"about": {"renewal": {"mandate": pick(&self.mandate), "valid_until": "2026-01-01"}}}),
            ),
            Aim::Answer => {
                let request =
                    if new { door.asked(hans, &cpr("anna"), "C02").await } else { pick(&self.open) };
                let about = json!({"request": if which == Which::Unknown { &self.open } else { &request }});
                let (presentation, items) = door.shown(anna, about).await;
                (request, Some(answers(&presentation, &items)))
            }
            Aim::ShowRequest => body(json!({"about": {"request": pick(&self.open)}})),
            Aim::ShowConsent => body(json!({"about": {"consent": {"consent_type": "C15"}}})),
            Aim::ShowMandate => body(json!({"about": door.mandate_to(&cpr("finn"), "M14").await})),
            Aim::GiveConsents => {
                let items = ["sms", "nyhedsbrev", "borgerpanel"].map(str::to_owned);
                if new {
                    let (shown, items) = door.shown(anna, json!({"consent": {"consent_type": "C15"}})).await;
                    return body(answers(&shown, &items));
                }
                body(answers(&pick(&self.shown_unasked), &items))
            }
            Aim::GiveMandate if new => {
                let (shown, _) = door.shown(anna, door.mandate_to(&cpr("gitte"), "M14").await).await;
                body(json!({"presentation_id": shown}))
            }
            Aim::GiveMandate => body(json!({"presentation_id": pick(&self.shown_mandate)})),
            Aim::Entity => (pick(&"alice".to_owned()), None),
            Aim::PutEntity => {
                let name = if new { self.new_name() } else { pick(&"alice".to_owned()) };
                (name, Some(json!({"properties": {}})))
            }
            Aim::RemoveEntity if new => {
                let name = self.new_name();
                put_entity(door, &self.tokens["karin"], &name).await;
                (name, None)
            }
            Aim::RemoveEntity => (pick(&"alice".to_owned()), None),
            Aim::Privilege => (pick(&"read".to_owned()), None),
            Aim::PutPrivilege => {
                let name = if new { self.new_name() } else { pick(&"read".to_owned()) };
                (name, Some(privilege_body()))
            }
            Aim::RemovePrivilege if new => {
                let name = self.new_name();
                put_privilege(door, &self.tokens["karin"], &name).await;
                (name, None)
            }
            Aim::RemovePrivilege => (pick(&"read".to_owned()), None),
            Aim::Grant => (pick(&self.grant), None),
            Aim::GiveGrant => body(grant_body(&pick(&"alice".to_owned()))),
            Aim::RevokeGrant if new => (granted(door, &self.tokens["karin"]).await, None),
            Aim::RevokeGrant => (pick(&self.grant), None),
            Aim::Ask => body(json!({"person": {"cpr": cpr("anna")}, "consent_type": "C02", "case": CASE})),
            Aim::MandateRequest => (pick(&self.mandate_request), None),
            Aim::AskMandate => body(json!({"grantor": {"cpr": cpr("anna")}, "packages": ["M14"]})),
            Aim::AskMandateFor => {
                let representative = json!({"cpr": cpr("bo")});
                body(
                    json!({"grantor": {"cpr": cpr("anna")}, "representative": representative, "packages": ["M14"]}),
                )
            }
            Aim::ShowMandateRequest => {
                body(json!({"about": {"mandate_request": pick(&self.mandate_request)}}))
            }
            Aim::Approve if new => {
                let asked = door.asked_for_mandate(&self.tokens["bo"], &cpr("anna"), "M14").await;
                let (shown, _) = door.shown(anna, json!({"mandate_request": asked})).await;
                (asked, Some(json!({"presentation_id": shown})))
            }
            Aim::Approve => {
                (pick(&self.mandate_request), Some(json!({"presentation_id": self.shown_request})))
            }
            Aim::Decline if new => {
                (door.asked_for_mandate(&self.tokens["bo"], &cpr("anna"), "M14").await, None)
            }
            Aim::Decline => (pick(&self.mandate_request), None),
            // Of nobody: what may be erased is another test, and nobody else may even ask.
            Aim::Erase => body(json!({"person": {"id": UNKNOWN}, "ground": "retention_over"})),
            Aim::NewClient => body(registration(&p256("k"))),
            Aim::Employee => (UNKNOWN.to_owned(), None),
            Aim::Client | Aim::StoppedClient if new => {
                let client = registered(door, &self.tokens["karin"]).await;
                if aim == Aim::StoppedClient {
                    let stop = door.post(&format!("/v1/clients/{client}/stop"));
                    stop.by(&self.tokens["karin"]).send().await.expect(200);
                }
                (client, None)
            }
            Aim::Client | Aim::StoppedClient => (pick(&self.client), None),
            Aim::ChangedClient => (pick(&self.client), Some(registration(&p256("k")))),
            Aim::Tell => {
                body(json!({"about": {"consent": {"consent_type": "C02", "case": CASE}}, "means": "told"}))
            }
            Aim::Register => {
                let (told, items) = if new {
                    self.serving().told(json!({"consent": {"consent_type": "C02", "case": CASE}})).await
                } else {
                    (pick(&self.told), Vec::new())
                };
                body(self.said_now(&told, &items).await)
            }
            Aim::RegisterAnswer => {
                let request =
                    if new { door.asked(hans, &cpr("anna"), "C02").await } else { pick(&self.open) };
                let (told, items) = if new {
                    self.serving().told(json!({"request": request})).await
                } else {
                    (pick(&self.told), Vec::new())
                };
                (request, Some(self.said_now(&told, &items).await))
            }
            Aim::WithdrawFor | Aim::Annul | Aim::UseUp => {
                let consent = if new {
                    self.serving().registered().await[0].clone()
                } else {
                    pick(&self.registered[0])
                };
                let sent = match aim {
                    Aim::WithdrawFor => Some(json!({"assistance": {"channel": "oral", "note": "Stop"}})),
                    Aim::Annul => Some(json!({"ground": "wrong_person", "note": "En anden"})),
                    _ => None,
                };
                (consent, sent)
            }
            Aim::Keep | Aim::TakeIn => (String::new(), None),
            Aim::PrintedForm => (pick(&self.printed), None),
            Aim::Declaration => (pick(&self.declaration), None),
            Aim::Document => (pick(&self.document), None),
            Aim::Task => (pick(&self.task), None),
            Aim::CloseTask => {
                let task = if new { self.serving().task(anna).await } else { pick(&self.task) };
                (task, Some(json!({"outcome": "done"})))
            }
            Aim::Power => (pick(&self.power), None),
            Aim::NewPower => body(guardian_body(&cpr("gitte"))),
            Aim::ChangePower | Aim::EndPower => {
                let power = if new {
                    guarded(door, &self.tokens["inge+"], &self.lookups["inge+"], &cpr("gitte")).await
                } else {
                    pick(&self.power)
                };
                let end = json!({"decision": {"case": CASE}});
                (power, Some(if aim == Aim::EndPower { end } else { guardian_body(&cpr("gitte")) }))
            }
            Aim::CloseCase => ("27.36.04-G01-99-26".to_owned(), None),
            Aim::LookUp(purpose) => {
                body(json!({"person": {"cpr": cpr("anna")}, "purpose": purpose, "case": CASE}))
            }
        }
    }
}
