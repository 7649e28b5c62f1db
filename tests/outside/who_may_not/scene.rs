//! What there is of Anna's, and who comes to the door.

use crate::door::{CASE, Door, UNKNOWN, answers, id};
use crate::second_verifier::logged;
use serde_json::{Value, json};
use std::collections::BTreeMap;
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

/// What a request is aimed at.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub(crate) enum Aim {
    Plain,
    Clock,
    Death,
    Token,
    Type,
    Package,
    TypeVersion,
    PackageVersion,
    DraftType,
    DraftPackage,
    PublishType,
    PublishPackage,
    Consent,
    Request,
    Mandate,
    OtherMandate,
    Presentation,
    Receipt,
    LoggedReceipt,
    Tile,
    Withdraw,
    Answer,
    Cancel,
    Revoke,
    Renounce,
    ShowRequest,
    ShowConsent,
    ShowMandate,
    GiveConsents,
    GiveMandate,
    Ask,
    LookUp(&'static str),
    Erase,
}

/// Whose thing it is: the shared one, which only refusals may touch; a new one for whom it should work; or none at all.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub(crate) enum Which {
    Shared,
    New,
    Unknown,
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
    receipt: String,
    drafts: [u64; 2],
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
            receipt,
            drafts,
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
            format!("/v1/presentations/{}", self.shown),
            format!("/v1/consent-types/C15/versions/{}", self.drafts[0]),
            format!("/v1/mandate-packages/M14/versions/{}", self.drafts[1]),
        ] {
            let answer = self.door.get(&path).by(&self.tokens["anna"]).send().await.expect(200);
            looks.push(String::from_utf8(answer.body).expect("text"));
        }
        looks
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
        for (name, value) in
            [("{id}", &thing), ("{event_id}", &thing), ("{number}", &thing), ("{path}", &thing)]
        {
            path = path.replace(name, value);
        }
        let code = if template.contains("packages") { "M14" } else { "C15" };
        path = path.replace("{code}", code);
        let mut knock = if method == "POST" { self.door.post(&path) } else { self.door.ask(method, &path) };
        if let Some(token) = self.tokens.get(caller) {
            knock = knock.by(token);
        }
        if let Some(lookup) = self.lookups.get(caller) {
            knock = knock.header("lookup-id", lookup);
        }
        if let Some(body) = body {
            knock = knock.json(&body);
        }
        knock.send().await
    }

    /// The thing in the path, and the body.
    async fn aimed(&self, aim: Aim, which: Which) -> (String, Option<Value>) {
        let (door, anna, hans) = (&self.door, &self.tokens["anna"], &self.tokens["hans"]);
        let cpr = |name: &str| self.cprs[name].clone();
        let pick =
            |shared: &String| if which == Which::Unknown { UNKNOWN.to_owned() } else { shared.clone() };
        let new = which == Which::New;
        let body = |value: Value| (String::new(), Some(value));
        match aim {
            Aim::Plain | Aim::Type | Aim::Package => (String::new(), None),
            Aim::TypeVersion | Aim::PackageVersion => ("1".to_owned(), None),
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
            Aim::Consent => (pick(&self.consents[0]), None),
            Aim::Request => (pick(&self.open), None),
            Aim::Mandate => (pick(&self.mandate), None),
            Aim::OtherMandate => (pick(&self.other_mandate), None),
            Aim::Presentation => (pick(&self.shown), None),
            Aim::Receipt | Aim::LoggedReceipt => (pick(&self.receipt), None),
            Aim::Tile => ("0/000.p/1".to_owned(), None),
            Aim::Withdraw if new => {
                let request = door.asked(hans, &cpr("anna"), "C02").await;
                (door.answered(anna, &request).await[0].clone(), None)
            }
            Aim::Withdraw => (pick(&self.consents[0]), None),
            Aim::Cancel if new => (door.asked(hans, &cpr("anna"), "C02").await, None),
            Aim::Cancel => (pick(&self.open), None),
            Aim::Revoke | Aim::Renounce if new => (door.mandated(anna, &cpr("bo"), "M14").await, None),
            Aim::Revoke | Aim::Renounce => (pick(&self.mandate), None),
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
            Aim::Ask => body(json!({"person": {"cpr": cpr("anna")}, "consent_type": "C02", "case": CASE})),
            // Of nobody: what may be erased is another test, and nobody else may even ask.
            Aim::Erase => body(json!({"person": {"id": UNKNOWN}, "ground": "retention_over"})),
            Aim::LookUp(purpose) => {
                body(json!({"person": {"cpr": cpr("anna")}, "purpose": purpose, "case": CASE}))
            }
        }
    }
}
