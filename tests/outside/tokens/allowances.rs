//! How much may be asked (bar S19).

use super::system::{System, error};
use crate::{bad_input::on_both, door::Door, support::Tillid};
use serde_json::json;
use tillid_testkit::Engine;

on_both!(s19_an_employee_who_looks_up_many_is_stopped_and_others_are_not, s19_a_client_is_told_its_allowance);

async fn s19_an_employee_who_looks_up_many_is_stopped_and_others_are_not(engine: Engine) {
    // With the limit as it is when nobody says otherwise.
    let door = Door::of(Tillid::demo_with(engine, &["--lookups", "60"]).await).await;
    let (hans, jens, cpr) = (door.token("hans").await, door.token("jens").await, door.cpr("anna").await);
    let look = json!({"person": {"cpr": cpr}, "purpose": "case_processing", "case": "27.36.04-2026-17"});
    let send = async |token: &str| door.tillid.post("/v1/lookups").by(token).json(&look).send().await;
    let mut let_in = 0;
    for _ in 0..80 {
        let answer = send(&hans).await;
        if answer.status == 201 {
            let_in += 1;
            continue;
        }
        assert_eq!((answer.status.as_u16(), answer.code().as_str()), (429, "too_many_lookups"));
        assert_eq!(answer.json()["type"], "https://iana.org/assignments/http-problem-types#quota-exceeded");
        assert_eq!(answer.json()["violated-policies"], json!(["look-ups"]));
        let wait: i64 = answer.headers["retry-after"].to_str().expect("text").parse().expect("seconds");
        assert!((1..=600).contains(&wait), "{wait}");
    }
    assert_eq!(let_in, 60);
    send(&jens).await.expect(201);
    let anna = door.token("anna").await;
    let log = door.get("/v1/access-log?limit=200").by(&anna).send().await.expect(200).json();
    assert_eq!(log["items"].as_array().expect("a list").len(), 61, "what was not answered was not looked at");
}

async fn s19_a_client_is_told_its_allowance(engine: Engine) {
    let door = Door::open(engine).await;
    let small = System::registered(&door, "small", json!({"scope": "represent", "quota": 60})).await;
    let token = small.token(&door.tillid).await;
    let ask = async || {
        let proof = small.proof(&door.tillid, "GET", "/v1/mandates", Some(&token));
        let ask = door.tillid.get("/v1/mandates").header("authorization", &format!("DPoP {token}"));
        ask.header("dpop", &proof).send().await
    };
    let header = |answer: &crate::support::Answer, name: &str| {
        answer.headers.get(name).map(|value| value.to_str().expect("text").to_owned())
    };
    let first = ask().await;
    assert_eq!(first.status, 403);
    assert_eq!(header(&first, "ratelimit-policy").as_deref(), Some(r#""client";q=60;w=60"#));
    assert_eq!(header(&first, "ratelimit").as_deref(), Some(r#""client";r=9;t=1"#));
    let mut refused = 0;
    for _ in 0..30 {
        let answer = ask().await;
        if answer.status == 429 {
            refused += 1;
            assert_eq!(
                (answer.code().as_str(), &answer.json()["violated-policies"]),
                ("quota_exceeded", &json!(["client"]))
            );
            assert_eq!(header(&answer, "ratelimit").as_deref(), Some(r#""client";r=0;t=1"#));
            assert_eq!(header(&answer, "retry-after").as_deref(), Some("1"));
        }
    }
    assert!(refused >= 10, "{refused}");
    let other = System::registered(&door, "another", json!({"scope": "represent", "quota": 60})).await;
    let token = other.token(&door.tillid).await;
    let proof = other.proof(&door.tillid, "GET", "/v1/mandates", Some(&token));
    let ask = door
        .tillid
        .get("/v1/mandates")
        .header("authorization", &format!("DPoP {token}"))
        .header("dpop", &proof);
    assert_eq!(ask.send().await.status, 403, "another client's allowance is its own");
    // People are not told of allowances, and have none here.
    let anna = door.token("anna").await;
    assert!(header(&door.get("/v1/mandates").by(&anna).send().await.expect(200), "ratelimit").is_none());

    // A client that guesses mandates is refused everything until somebody has looked.
    let guessing = System::registered(&door, "guessing", json!({"scope": "represent"})).await;
    let bo = door.token("bo").await;
    let guess = async |n: u128| {
        let details = json!([{"type": "dk_mandate", "identifier": crate::door::nothing(n)}]);
        let form = vec![
            ("grant_type", super::system::EXCHANGE.to_owned()),
            ("requested_token_type", super::system::JWT.to_owned()),
            ("subject_token", bo.clone()),
            ("subject_token_type", super::system::ACCESS_TOKEN.to_owned()),
            ("authorization_details", details.to_string()),
        ];
        guessing.ask(&door.tillid, form).await
    };
    let mut answers = Vec::new();
    for n in 0..45 {
        answers.push(error(&guess(n).await).0);
    }
    assert_eq!(answers[..40], [400; 40]);
    assert_eq!(answers[40..], [429; 5]);
    let metrics = door.tillid.get(&format!("{}/metrics", door.tillid.internal)).send().await.expect(200);
    let metrics = String::from_utf8_lossy(&metrics.body).into_owned();
    assert!(metrics.contains(r#"tillid_client_alarms_total{client="guessing"} 1"#), "{metrics}");
    let karin = door.token("karin").await;
    let path = format!("/v1/clients/{}", guessing.registration);
    assert_eq!(door.get(&path).by(&karin).send().await.expect(200).json()["alarm"], true);
    for step in ["stop", "resume"] {
        let path = format!("/v1/clients/{}/{step}", guessing.registration);
        door.post(&path).by(&karin).send().await.expect(200);
    }
    assert_eq!(error(&guess(100).await).0, 400, "it goes on after somebody has looked");
}
