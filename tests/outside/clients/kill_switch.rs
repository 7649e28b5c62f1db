//! A client that is stopped is stopped everywhere, at once; and our own key changes without a pause.

use super::system::{ASSERTION, FORM, System, form, p256, registration};
use crate::{
    faults::rekey::{Installation, Running},
    support::Tillid,
};
use reqwest::Client;
use serde_json::{Value, json};
use std::time::{Duration, Instant};
use tillid_testkit::Engine;

const KEYS: [&str; 1] = ["numbers-1"];
/// What the nodes call themselves, whichever answers.
const ISSUER: &str = "http://127.0.0.1";

async fn post(node: &Running, path: &str, token: &str, body: &Value) -> (u16, Value) {
    let call = Client::new().post(format!("{}{path}", node.base)).bearer_auth(token).json(body);
    let answer = call.send().await.expect("an answer");
    (answer.status().as_u16(), answer.json().await.unwrap_or(Value::Null))
}

async fn karin(node: &Running) -> String {
    let (_, token) = post(node, "/sandbox/tokens", "x", &json!({"person": "karin"})).await;
    token["access_token"].as_str().expect("a token").to_owned()
}

async fn asked(node: &Running, assertion: &str) -> (u16, Value) {
    let fields = [
        ("grant_type", "client_credentials"),
        ("client_assertion_type", ASSERTION),
        ("client_assertion", assertion),
    ];
    let call = Client::new().post(format!("{}/oauth2/token", node.base)).header("content-type", FORM);
    let answer = call.body(form(&fields)).send().await.expect("an answer");
    (answer.status().as_u16(), answer.json().await.unwrap_or(Value::Null))
}

async fn looks_up(node: &Running, token: &str) -> u16 {
    let body =
        json!({"person": {"cpr": "6101601000"}, "purpose": "automated_step", "case": "27.36.04-2026-17"});
    post(node, "/v1/lookups", token, &body).await.0
}

async fn registered(node: &Running) -> System {
    let key = p256("one");
    let (status, made) = post(node, "/v1/clients", &karin(node).await, &registration(&key)).await;
    assert_eq!(status, 201, "{made}");
    let text = |name: &str| made[name].as_str().expect(name).to_owned();
    System { issuer: ISSUER.to_owned(), client: text("client_id"), id: text("id"), key }
}

async fn token(node: &Running, system: &System) -> String {
    let (status, answer) = asked(node, &system.assertion()).await;
    assert_eq!(status, 200, "{answer}");
    answer["access_token"].as_str().expect("a token").to_owned()
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn two_nodes_stop_a_client_at_once_and_take_an_assertion_once() {
    let installation = Installation::new(Engine::Postgres).await;
    let (first, second) = (installation.start(&KEYS).await, installation.start(&KEYS).await);
    let system = registered(&first).await;

    // The same assertion at both nodes is one use.
    let assertion = system.assertion();
    let mut statuses =
        [tokio::join!(asked(&first, &assertion), asked(&second, &assertion))].map(|(a, b)| [a.0, b.0])[0];
    statuses.sort_unstable();
    assert_eq!(statuses, [200, 401]);

    // A token of one node works at the other, until the client is stopped at the first.
    let (one, two) = (token(&first, &system).await, token(&second, &system).await);
    for (node, token) in [(&first, &two), (&second, &one), (&second, &two)] {
        assert_eq!(looks_up(node, token).await, 201);
    }
    let stop = format!("/v1/clients/{}/stop", system.id);
    let administrator = karin(&first).await;
    assert_eq!(post(&first, &stop, &administrator, &json!({})).await.0, 200);
    let began = Instant::now();
    // No wait in between: it holds from the answer on.
    for (node, token) in [(&second, &one), (&second, &two), (&first, &one), (&first, &two)] {
        assert_eq!(looks_up(node, token).await, 401);
    }
    for node in [&second, &first] {
        assert_eq!(asked(node, &system.assertion()).await.0, 401);
    }
    assert!(began.elapsed() < Duration::from_secs(1), "{:?}", began.elapsed());

    let resume = format!("/v1/clients/{}/resume", system.id);
    assert_eq!(post(&second, &resume, &administrator, &json!({})).await.0, 200);
    assert_eq!(looks_up(&first, &token(&second, &system).await).await, 201);
    drop((first, second));
    let (code, words) = installation.verify(&KEYS);
    assert_eq!(code, Some(0), "{words}");
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn our_own_key_changes_without_a_pause_and_goes_when_its_tokens_have() {
    let installation = Installation::new(Engine::Postgres).await;
    installation.sign_tokens_with(&["tokens-1", "tokens-2"]);
    let first = installation.start(&KEYS).await;
    let system = registered(&first).await;
    let old = token(&first, &system).await;
    // The new key was published before it signs, so that a node that has not been restarted knows its tokens.
    installation.sign_tokens_with(&["tokens-2", "tokens-1"]);
    let second = installation.start(&KEYS).await;
    let new = token(&second, &system).await;
    let kid = |token: &str| jsonwebtoken::decode_header(token).expect("a header").kid;
    assert_ne!(kid(&old), kid(&new));
    for (node, token) in [(&first, &new), (&second, &old), (&second, &new)] {
        assert_eq!(looks_up(node, token).await, 201);
    }
    installation.sign_tokens_with(&["tokens-2"]);
    let third = installation.start(&KEYS).await;
    assert_eq!((looks_up(&third, &old).await, looks_up(&third, &new).await), (401, 201));
}

#[tokio::test]
async fn what_its_authority_takes_from_a_client_it_loses_at_once() {
    let tillid = Tillid::demo(Engine::Sqlite).await;
    let system = System::of(&tillid, p256("one")).await;
    let (token, karin) = (system.token(&tillid).await, tillid.token("karin").await);
    let cpr = tillid.somebody("anna").await["cpr"].clone();
    let body = json!({"person": {"cpr": cpr}, "purpose": "automated_step", "case": "27.36.04-2026-17"});
    let look = async || {
        let answer = tillid.post("/v1/lookups").by(&token).json(&body).send().await;
        (answer.status.as_u16(), answer.code())
    };
    assert_eq!(look().await.0, 201);
    let path = format!("/v1/clients/{}", system.id);
    for (name, value, code) in
        [("purposes", json!([]), "purpose_not_allowed"), ("scope", json!("decide"), "scope_missing")]
    {
        let mut less = registration(&system.key);
        less[name] = value;
        tillid.ask("PUT", &path).by(&karin).json(&less).send().await.expect(200);
        assert_eq!(look().await, (403, code.to_owned()));
    }
    tillid.ask("PUT", &path).by(&karin).json(&registration(&system.key)).send().await.expect(200);
    assert_eq!(look().await.0, 201);
}

#[tokio::test]
async fn who_may_not_ask_learns_not_even_that_nobody_is_there() {
    let tillid = Tillid::demo(Engine::Sqlite).await;
    let system = System::of(&tillid, p256("one")).await;
    let (token, karin) = (system.token(&tillid).await, tillid.token("karin").await);
    let person = |id: &str| json!({"type": "person", "id": id});
    let organisation = |id: &str| json!({"type": "organisation", "id": id});
    let data = |id: &str| json!({"type": "person_data", "id": id});
    let action = json!({"name": "nothing"});
    let questions = [
        ("evaluation", json!({"subject": person("x"), "action": action, "resource": person("y")})),
        ("evaluation", json!({"subject": organisation("x"), "action": action, "resource": data("y")})),
        ("search/subject", json!({"subject": {"type": "person"}, "action": action, "resource": person("y")})),
        (
            "search/subject",
            json!({"subject": {"type": "organisation"}, "action": action, "resource": data("y")}),
        ),
        (
            "search/resource",
            json!({"subject": person("x"), "action": action, "resource": {"type": "person"}}),
        ),
        (
            "search/resource",
            json!({"subject": organisation("x"), "action": action, "resource": {"type": "person_data"}}),
        ),
        ("search/action", json!({"subject": person("x"), "resource": person("y")})),
        ("search/action", json!({"subject": organisation("x"), "resource": data("y")})),
    ];
    for (scope, expected) in [("decide search look_up", 200), ("look_up", 403)] {
        let mut registration = registration(&system.key);
        registration["scope"] = json!(scope);
        let path = format!("/v1/clients/{}", system.id);
        tillid.ask("PUT", &path).by(&karin).json(&registration).send().await.expect(200);
        for (verb, question) in &questions {
            let path = format!("/access/v1/{verb}");
            let answer = tillid.post(&path).by(&token).json(question).send().await;
            let text = String::from_utf8_lossy(&answer.body);
            assert_eq!(answer.status.as_u16(), expected, "{verb} {question}: {text}");
        }
    }
}
