//! What somebody may do for others, in the form in which identity providers tell services of it; and whether what such a form claims holds.

use crate::{
    door::{CASE, Door, id},
    support::Answer,
};
use base64::{Engine as _, engine::general_purpose::STANDARD as B64};
use serde_json::{Value, json};
use tillid_testkit::Engine;

const NEW: &str = "http://digst.dk/oiosaml/basic_privilege_profile";
const OLD: &str = "http://itst.dk/oiosaml/basic_privilege_profile";
const HELD: &str = "/v1/powers/privileges";

async fn xml(door: &Door, token: &str, path: &str) -> Answer {
    door.get(path).by(token).header("accept", "application/xml").send().await
}

fn text(answer: &Answer) -> String {
    String::from_utf8(answer.body.clone()).expect("UTF-8")
}

fn by_id(person: &str) -> String {
    format!("Scope=\"urn:uuid:{person}\"")
}

fn by_number(cpr: &str) -> String {
    format!("Scope=\"urn:dk:gov:saml:cprNumberIdentifier:{}\"", cpr.replace('-', ""))
}

/// Anna's mandate to somebody for one case alone.
async fn for_one_case(door: &Door, anna: &str, cpr: &str) -> String {
    let mut about = door.mandate_to(cpr, "M14").await;
    about["mandate"]["case"] = json!(CASE);
    let (shown, _) = door.shown(anna, about).await;
    let given = door.post("/v1/mandates").by(anna).json(&json!({"presentation_id": shown})).send().await;
    id(&given.expect(201).json()["id"])
}

async fn what_somebody_holds_is_told_to_them_by_ids_in_every_form(engine: Engine) {
    let door = Door::open(engine).await;
    let (anna, bo, dorte) = (door.token("anna").await, door.token("bo").await, door.token("dorte").await);
    let number = door.cpr("bo").await;
    let none = xml(&door, &bo, HELD).await.expect(204);
    assert!(none.body.is_empty(), "the profile has no empty list");
    assert_eq!(door.get(HELD).by(&bo).send().await.expect(200).json()["items"], json!([]));
    let first = door.mandated(&anna, &number, "M14").await;
    door.mandated(&dorte, &number, "M14").await;
    let (of_anna, of_dorte) = (door.person_id("anna").await, door.person_id("dorte").await);

    let listed = door.get(HELD).by(&bo).send().await.expect(200).json();
    let items = listed["items"].as_array().expect("a list");
    let mut persons: Vec<String> = items.iter().map(|item| id(&item["person"])).collect();
    persons.sort();
    let mut expected = vec![of_anna.clone(), of_dorte.clone()];
    expected.sort();
    assert_eq!(persons, expected, "one group for each: {listed}");
    assert!(
        items.iter().all(|item| item["p"].as_array().is_some_and(|p| !p.is_empty()) && item["cpr"].is_null())
    );
    let new = text(&xml(&door, &bo, HELD).await.expect(200));
    assert!(new.contains(NEW) && new.contains(&by_id(&of_anna)) && new.contains(&by_id(&of_dorte)), "{new}");
    let old = text(&xml(&door, &bo, &format!("{HELD}?profile=1.0.1")).await.expect(200));
    assert_eq!(old, new.replace(NEW, OLD));
    let packed = door.get(&format!("{HELD}?encoding=base64")).by(&bo).send().await.expect(200);
    assert_eq!(B64.decode(&packed.body).expect("base64"), new.as_bytes(), "as it stands in an assertion");
    for bad in ["profile=2", "profile=1.2&x=1", "encoding=hex"] {
        let refused = door.get(&format!("{HELD}?{bad}")).by(&bo).send().await.expect(400);
        assert_eq!(refused.code(), "invalid_query", "{bad}");
    }

    // For one case alone: a constraint, which the older version cannot say.
    let narrow = for_one_case(&door, &anna, &number).await;
    let path = format!("/v1/mandates/{narrow}/privileges");
    let new = text(&xml(&door, &bo, &path).await.expect(200));
    assert!(
        new.contains(&format!("<Constraint Name=\"urn:tillid:constraint:case\">{CASE}</Constraint>")),
        "{new}"
    );
    let old = xml(&door, &bo, &format!("{path}?profile=1.0.1")).await.expect(204);
    assert_eq!(old.headers["left-out"], "case", "nothing wider is told in its place");
    let narrowed = door.get(&path).by(&anna).send().await.expect(200).json();
    assert_eq!(narrowed["items"][0]["c"], json!([{"urn:tillid:constraint:case": CASE}]));

    // Only whoever holds them, and what holds now.
    let acting = door.tillid.token_for("bo", "anna").await;
    assert_eq!(door.get(HELD).by(&acting).send().await.expect(403).code(), "only_in_person");
    let path = format!("/v1/mandates/{first}/privileges");
    assert_eq!(door.get(&path).by(&dorte).send().await.expect(404).code(), "not_found");
    assert_eq!(
        door.get(&path).by(&anna).send().await.expect(200).json()["items"][0]["person"],
        json!(of_anna)
    );
    door.post(&format!("/v1/mandates/{first}/revoke")).by(&anna).send().await.expect(200);
    xml(&door, &bo, &path).await.expect(204);
    let left = text(&xml(&door, &bo, &format!("{HELD}?profile=1.0.1")).await.expect(200));
    assert!(!left.contains(&by_id(&of_anna)) && left.contains(&by_id(&of_dorte)), "{left}");
}

async fn a_number_is_told_to_staff_and_systems_that_sent_it_alone(engine: Engine) {
    let door = Door::open(engine).await;
    let (anna, bo, dorte) = (door.token("anna").await, door.token("bo").await, door.token("dorte").await);
    let (of_anna, of_bo) = (door.cpr("anna").await, door.cpr("bo").await);
    let mandate = door.mandated(&anna, &of_bo, "M14").await;
    door.mandated(&dorte, &of_bo, "M14").await;
    let numbers = json!({"numbers": [of_anna, of_bo]});
    // A guess would be confirmed.
    for path in [HELD.to_owned(), format!("/v1/mandates/{mandate}/privileges")] {
        let refused = door.ask("POST", &path).by(&bo).json(&numbers).send().await.expect(403);
        assert_eq!(refused.code(), "staff_only", "{path}");
    }
    let machine = door.token("fagsystem").await;
    let lookup = door.looked_up(&machine, &of_bo, "automated_step").await;
    let ask = |path: &str| door.ask("POST", path).by(&machine).header("lookup-id", &lookup);
    let told = ask(&format!("{HELD}?encoding=base64")).json(&numbers).send().await.expect(200);
    let value = String::from_utf8(told.body.clone()).expect("text");
    let xml = String::from_utf8(B64.decode(&value).expect("base64")).expect("UTF-8");
    assert!(xml.contains(&by_number(&of_anna)), "{xml}");
    assert!(xml.contains(&by_id(&door.person_id("dorte").await)), "nobody said her number: {xml}");
    let listed = ask(HELD).json(&numbers).send().await.expect(200).json();
    let known: Vec<&Value> =
        listed["items"].as_array().expect("a list").iter().map(|item| &item["cpr"]).collect();
    assert!(known.contains(&&json!(of_anna.replace('-', ""))) && known.contains(&&Value::Null), "{listed}");
    let log = door.get("/v1/access-log").by(&dorte).send().await.expect(200).json();
    assert_eq!(log["items"][0]["act"]["code"], "see_mandate", "whoever is seen is told: {log}");
    let lookup_of_other = door.looked_up(&door.token("naboby").await, &of_bo, "automated_step").await;
    let others = door.ask("POST", HELD).by(&door.token("naboby").await).header("lookup-id", &lookup_of_other);
    let others = others.json(&numbers).send().await.expect(200).json();
    assert_eq!(others["items"], json!([]), "of another authority's packages they see nothing");
    for bad in
        [json!({"numbers": []}), json!({"numbers": vec![of_anna.as_str(); 101]}), json!({"numbers": ["1"]})]
    {
        ask(HELD).json(&bad).send().await.expect(422);
    }

    // What was told holds, until it does not.
    let check = async |value: &str| {
        let body = json!({"representative": {"cpr": of_bo}, "value": value, "purpose": "automated_step", "case": CASE});
        door.ask("POST", "/v1/privileges/check").by(&machine).json(&body).send().await
    };
    let claims = check(&value).await.expect(200).json();
    let claims = claims["items"].as_array().expect("a list").clone();
    assert!(claims.len() > 1 && claims.iter().all(|claim| claim["holds"] == json!(true)), "{claims:?}");
    let log = door.get("/v1/access-log").by(&anna).send().await.expect(200).json();
    assert_eq!(log["items"][0]["act"]["code"], "decide", "{log}");
    door.post(&format!("/v1/mandates/{mandate}/revoke")).by(&anna).send().await.expect(200);
    let after = check(&value).await.expect(200).json();
    let after = after["items"].as_array().expect("a list");
    let revoked: Vec<&Value> = after.iter().filter(|claim| claim["holds"] == json!(false)).collect();
    assert!(!revoked.is_empty() && revoked.len() < after.len(), "{after:?}");
    // Who ended it is the two's to know.
    assert!(revoked.iter().all(|claim| claim["reason"]["code"] == "power_ended"), "{revoked:?}");
    let organisation =
        xml.replace(&by_number(&of_anna), "Scope=\"urn:dk:gov:saml:cvrNumberIdentifier:99100001\"");
    let about = check(&organisation).await.expect(200).json();
    assert!(
        about["items"]
            .as_array()
            .expect("a list")
            .iter()
            .any(|c| c["holds"] == json!(false) && c["decision_id"].is_null())
    );
    let elsewhere = "<Constraint Name=\"urn:tillid:constraint:case\">another</Constraint></PrivilegeGroup>";
    let narrowed = check(&xml.replace("</PrivilegeGroup>", elsewhere)).await.expect(200).json();
    let narrowed = narrowed["items"].as_array().expect("a list");
    assert!(
        narrowed.iter().all(|claim| claim["holds"] == json!(false)),
        "for another case alone: {narrowed:?}"
    );
    for bad in
        [format!("<!DOCTYPE x>{xml}"), xml.replace(&of_anna.replace('-', ""), "3102651234"), "?".to_owned()]
    {
        assert_eq!(check(&bad).await.expect(422).json()["errors"][0]["code"], "privileges_unreadable");
    }
}

macro_rules! on_both {
    ($($name:ident),+ $(,)?) => {
        mod on_sqlite {$(
            #[tokio::test(flavor = "multi_thread", worker_threads = 2)]
            async fn $name() {
                super::$name(tillid_testkit::Engine::Sqlite).await;
            }
        )+}
        mod on_postgres {$(
            #[tokio::test(flavor = "multi_thread", worker_threads = 2)]
            async fn $name() {
                super::$name(tillid_testkit::Engine::Postgres).await;
            }
        )+}
    };
}

on_both! {
    what_somebody_holds_is_told_to_them_by_ids_in_every_form,
    a_number_is_told_to_staff_and_systems_that_sent_it_alone,
}
