//! Declarations in the state's own format, from outside: out, valid by its schema, and in again where they were given elsewhere.

use crate::{
    door::{CASE, Door, UNKNOWN, answers, id},
    papers::valid_by_the_schema,
    support::Answer,
};
use serde_json::{Value, json};
use tillid_testkit::Engine;

/// Another declaration of the same words.
const ELSEWHERE: &str = "0198bbbb-0000-4000-8000-00000000e15e";

/// Somebody of Eksempel Kommune, under a look-up of Anna.
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

    /// Sends a document from that source, as an attempt of that name.
    async fn sends(&self, xml: &str, source: &str, key: &str) -> Answer {
        let path = format!("/v1/declarations/viljestilkendegivelse?source={source}");
        let knock = self.door.ask("POST", &path).by(&self.token).header("lookup-id", &self.lookup);
        knock.header("idempotency-key", key).bytes("application/xml", xml.as_bytes().to_vec()).send().await
    }

    async fn posts(&self, path: &str, body: &Value) -> Answer {
        self.door.post(path).by(&self.token).header("lookup-id", &self.lookup).json(body).send().await
    }

    /// Notes what Anna said to C02; the consents.
    async fn notes(&self) -> Value {
        let about = json!({"about": {"consent": {"consent_type": "C02", "case": CASE}}, "means": "told"});
        let shown = self.posts("/v1/presentations", &about).await.expect(201).json();
        let text: Value = serde_json::from_str(shown["document"].as_str().expect("text")).expect("json");
        let items = text["items"].as_array().expect("items").iter().map(|i| id(&i["code"]));
        let mut body = answers(&id(&shown["id"]), &items.collect::<Vec<_>>());
        body["registration"] =
            json!({"channel": "oral", "said_at": self.door.now().await, "note": "Ja", "why": "Telefon"});
        self.posts("/v1/consents", &body).await.expect(201).json()
    }
}

fn path(declaration: &str) -> String {
    format!("/v1/declarations/{declaration}/viljestilkendegivelse")
}

/// The declaration of a consent of Anna's.
async fn declaration(door: &Door, anna: &str, consent: &str) -> String {
    id(
        &door.get(&format!("/v1/consents/{consent}")).by(anna).send().await.expect(200).json()["declaration_id"],
    )
}

/// The declaration as its holder takes it out: the document, and the codes of what is not in it.
async fn taken_out(door: &Door, token: &str, declaration: &str) -> (String, Vec<String>) {
    let out = door.get(&path(declaration)).by(token).send().await.expect(200);
    let told = |name: &str| out.headers[name].to_str().expect("text").to_owned();
    assert_eq!(told("content-type"), "application/xml; charset=utf-8");
    assert_eq!(
        told("content-disposition"),
        format!("attachment; filename=\"declaration-{declaration}.xml\"")
    );
    let xml = String::from_utf8(out.body.clone()).expect("UTF-8");
    assert_eq!(valid_by_the_schema(xml.as_bytes()), Ok(()), "{xml}");
    let left_out = told("left-out");
    assert!(
        xml.contains(&format!("<!-- Left out: {left_out} -->")),
        "whoever gets the file is told too: {xml}"
    );
    (xml, left_out.split(", ").map(str::to_owned).collect())
}

/// The texts of the elements of that name.
fn texts<'x>(xml: &'x str, name: &str) -> Vec<&'x str> {
    let (open, close) = (format!("<{name}>"), format!("</{name}>"));
    xml.split(&open).skip(1).filter_map(|rest| rest.split(&close).next()).collect()
}

/// The codes of what was not taken over.
fn left_out(answer: &Answer) -> Vec<String> {
    answer.json()["left_out"].as_array().expect("a list").iter().map(|lost| id(&lost["what"])).collect()
}

async fn what_goes_out_is_valid_and_comes_in_once_where_it_was_given_elsewhere(engine: Engine) {
    let door = Door::open(engine).await;
    let (anna, cpr) = (door.token("anna").await, door.cpr("anna").await);
    let hans = Clerk::at(&door, "hans", "case_processing").await;
    let request = door.asked(&hans.token, &cpr, "C02").await;
    let own = door.answered(&anna, &request).await;
    let declared = declaration(&door, &anna, &own[0]).await;
    let (xml, lost) = taken_out(&door, &anna, &declared).await;
    assert_eq!(lost, ["name_withheld"]);
    let statuses = texts(&xml, "Status");
    assert_eq!((statuses[0], statuses.iter().filter(|s| **s == "gaeldende").count()), ("gaeldende", 2));
    assert_eq!(statuses.iter().filter(|s| **s == "afvist").count(), own.len() - 1);
    assert!(!xml.contains(&cpr) && !xml.contains(&cpr.replace('-', "")) && !xml.contains("Anna"));
    let looked = door.get(&path(&declared)).by(&hans.token).header("lookup-id", &hans.lookup);
    assert_eq!(looked.send().await.expect(200).body, xml.as_bytes(), "the same for those who look her up");
    let log = door.get("/v1/access-log").by(&anna).send().await.expect(200).json();
    assert_eq!(
        (&log["items"][0]["act"]["code"], &log["items"][0]["target"]),
        (&json!("see_consent"), &json!(declared))
    );

    // What stands here comes in from nowhere.
    assert_eq!(hans.sends(&xml, "ESDH", "own").await.expect(409).code(), "declaration_taken_before");
    let foreign = xml.replace(&declared, ELSEWHERE);
    let taken = hans.sends(&foreign, "ESDH", "first").await.expect(201);
    assert!(left_out(&taken).contains(&"attestation".to_owned()), "{}", taken.json());
    let consents = taken.json()["consents"].as_array().expect("consents").clone();
    assert_eq!(consents.len(), own.len());
    for (n, consent) in consents.iter().enumerate() {
        let state = if n == 0 { "active" } else { "declined" };
        assert_eq!(
            (&consent["channel"], &consent["state"]),
            (&json!("imported"), &json!(state)),
            "{consent}"
        );
        assert_eq!(consent["collected"]["reference"], format!("urn:uuid:{ELSEWHERE}"));
    }
    let again = hans.sends(&foreign, "ESDH", "first").await.expect(201);
    assert_eq!((again.json(), left_out(&again)), (taken.json(), left_out(&taken)), "the same attempt");
    assert_eq!(hans.sends(&foreign, "Arkiv", "first").await.expect(422).code(), "key_reused");
    for source in ["ESDH", "Arkiv"] {
        let twice = hans.sends(&foreign, source, source).await.expect(409);
        assert_eq!(twice.code(), "declaration_taken_before", "{source}");
    }
    // It is a consent like any other: withdrawn, it does not come back.
    let yes = id(&consents[0]["id"]);
    door.post(&format!("/v1/consents/{yes}/withdraw")).by(&anna).send().await.expect(200);
    assert_eq!(hans.sends(&foreign, "ESDH", "back").await.expect(409).code(), "declaration_taken_before");
    let second = id(&taken.json()["declaration_id"]);
    let (out, lost) = taken_out(&door, &anna, &second).await;
    assert_eq!(lost, ["name_withheld", "original_attestation"]);
    assert!(out.contains(&format!("ESDH: urn:uuid:{ELSEWHERE}")), "{out}");
    assert!(texts(&out, "Status").contains(&"tilbagekaldt"), "{out}");
    door.events();
}

async fn what_was_said_goes_out_as_that_and_what_was_annulled_held_at_no_time(engine: Engine) {
    let door = Door::open(engine).await;
    let anna = door.token("anna").await;
    let hans = Clerk::at(&door, "hans", "case_processing").await;
    let noted = hans.notes().await;
    let declared = id(&noted["declaration_id"]);
    let (_, lost) = taken_out(&door, &anna, &declared).await;
    assert_eq!(lost, ["how_it_was_said", "name_withheld"]);
    let wrong = json!({"ground": "wrong_person", "note": "En andens svar"});
    for consent in noted["consents"].as_array().expect("consents") {
        let annul = format!("/v1/consents/{}/annul", id(&consent["id"]));
        hans.posts(&annul, &wrong).await.expect(200);
    }
    let (xml, lost) = taken_out(&door, &anna, &declared).await;
    assert_eq!(lost, ["how_it_was_said", "invalidated", "name_withheld"]);
    assert!(texts(&xml, "Status").iter().all(|status| *status == "lukket"), "{xml}");
    assert_eq!(texts(&xml, "GaeldendeFra"), texts(&xml, "GaeldendeTil"), "{xml}");
    let refused = hans.sends(&xml.replace(&declared, ELSEWHERE), "ESDH", "k").await.expect(422);
    assert_eq!(refused.json()["errors"][0]["code"], "declaration_ended");
}

async fn whoever_spoke_for_her_is_told_with_their_right_and_none_of_it_comes_in(engine: Engine) {
    let door = Door::open(engine).await;
    let anna = door.token("anna").await;
    let mandate = door.mandated(&anna, &door.cpr("bo").await, "M18").await;
    let bo = door.tillid.token_for("bo", "anna").await;
    let given = door.given(&bo, "C15").await;
    let declared = declaration(&door, &anna, &given[0]).await;
    let (xml, _) = taken_out(&door, &anna, &declared).await;
    let his = format!("urn:uuid:{}", door.person_id("bo").await);
    assert_eq!(texts(&xml, "Bemyndigelsestype"), ["fuldmagtshaver"]);
    assert_eq!(texts(&xml, "ViljestilkendegiverID"), [his.as_str()]);
    assert_eq!(door.get(&path(&declared)).by(&bo).send().await.expect(200).body, xml.as_bytes());
    // His right is the one that he had.
    door.post(&format!("/v1/mandates/{mandate}/revoke")).by(&anna).send().await.expect(200);
    assert_eq!(taken_out(&door, &anna, &declared).await.0, xml);
    door.get(&path(&declared)).by(&bo).send().await.expect(403);
    let hans = Clerk::at(&door, "hans", "case_processing").await;
    let refused = hans.sends(&xml.replace(&declared, ELSEWHERE), "ESDH", "k").await.expect(422);
    assert_eq!(refused.json()["errors"][0]["code"], "declaration_by_representative");
    door.get(&path(UNKNOWN)).by(&anna).send().await.expect(404);
}

async fn those_who_have_custody_are_told_each_with_that_right(engine: Engine) {
    let door = Door::open(engine).await;
    let request = door.asked(&door.token("hans").await, &door.cpr("clara").await, "C02").await;
    let mut given = Value::Null;
    let parents =
        [door.tillid.token_for("dorte", "clara").await, door.tillid.token_for("erik", "clara").await];
    for parent in &parents {
        let (shown, items) = door.shown(parent, json!({"request": request})).await;
        let answer = door.post(&format!("/v1/consent-requests/{request}/answer")).by(parent);
        given = answer.json(&answers(&shown, &items)).send().await.expect(201).json();
    }
    let declared = id(&given["declaration_id"]);
    let (xml, _) = taken_out(&door, &door.token("clara").await, &declared).await;
    assert_eq!(texts(&xml, "Bemyndigelsestype"), ["foraeldremyndighedsindehaver"; 2]);
    let last = format!("urn:uuid:{}", door.person_id("erik").await);
    assert_eq!(texts(&xml, "ViljestilkendegiverID"), [last.as_str()]);
    assert_eq!(taken_out(&door, &parents[0], &declared).await.0, xml);
}

crate::bad_input::on_both!(
    those_who_have_custody_are_told_each_with_that_right,
    what_goes_out_is_valid_and_comes_in_once_where_it_was_given_elsewhere,
    what_was_said_goes_out_as_that_and_what_was_annulled_held_at_no_time,
    whoever_spoke_for_her_is_told_with_their_right_and_none_of_it_comes_in,
);
