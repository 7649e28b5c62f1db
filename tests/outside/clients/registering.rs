//! Registering a system: what is taken, what is not, and by whom.

use super::system::{System, keys::Algorithm, keys::SigningKey, p256, registration};
use crate::{bad_input::on_both, door::Door};
use serde_json::{Value, json};
use tillid_testkit::Engine;

on_both!(a_client_is_registered_changed_stopped_and_listed);

async fn a_client_is_registered_changed_stopped_and_listed(engine: Engine) {
    let door = Door::open(engine).await;
    let (karin, ole, hans) = (door.token("karin").await, door.token("ole").await, door.token("hans").await);
    let key = p256("one");
    let mut body = registration(&key);
    body["client_id"] = json!("sagssystem-2026");
    body["resource"] = json!("https://sagssystem.example/api");
    body["quota"] = json!(120);
    let register = async |by: &str, body: &Value, key: &str| {
        door.ask("POST", "/v1/clients").header("idempotency-key", key).by(by).json(body).send().await
    };
    let made = register(&karin, &body, "a").await.expect(201);
    assert_eq!(made.headers["etag"], "\"v1\"");
    let client = made.json();
    for name in
        ["client_id", "client_name", "scope", "purposes", "token_binding", "quota", "resource", "jwks"]
    {
        assert_eq!(client[name], body[name], "{name}");
    }
    assert_eq!((&client["state"], &client["stopped_at"]), (&json!("active"), &Value::Null));
    // Sent again it is the same one; the id is taken, also for the neighbours, and never changes.
    assert_eq!(register(&karin, &body, "a").await.expect(201).json()["id"], client["id"]);
    let taken = register(&ole, &body, "b").await.expect(422).json();
    assert_eq!(
        taken["errors"][0],
        json!({"pointer": "#/client_id", "code": "client_id_taken", "detail": taken["errors"][0]["detail"]})
    );
    assert_eq!(register(&hans, &body, "c").await.expect(403).code(), "role_missing");

    let path = format!("/v1/clients/{}", client["id"].as_str().expect("an id"));
    let listed = door.get("/v1/clients?limit=1").by(&ole).send().await.expect(200).json();
    assert_eq!(
        (&listed["items"][0]["id"], listed["items"].as_array().map(Vec::len)),
        (&client["id"], Some(1))
    );
    let next = listed["next"].as_str().expect("there is more: the demo's own").to_owned();
    let more =
        door.get(&format!("/v1/clients?limit=1&cursor={next}")).by(&ole).send().await.expect(200).json();
    assert_eq!((&more["items"][0]["client_id"], &more["next"]), (&json!("fagsystem"), &Value::Null));

    body["client_name"] = json!("Nyt navn");
    let put = async |body: &Value, version: &str| {
        door.ask("PUT", &path).header("if-match", version).by(&ole).json(body).send().await
    };
    assert_eq!(put(&body, "\"v9\"").await.expect(412).code(), "revision_changed");
    assert_eq!(put(&body, "\"v1\"").await.expect(200).json()["client_name"], "Nyt navn");
    body["client_id"] = json!("another");
    put(&body, "*").await.expect(422);

    let stop = || door.post(&format!("{path}/stop"));
    let stopped = stop().by(&karin).send().await.expect(200).json();
    assert_eq!((&stopped["state"], stopped["stopped_at"].is_string()), (&json!("stopped"), true));
    assert_eq!(stop().by(&karin).send().await.expect(409).code(), "client_stopped");
    let resume = || door.post(&format!("{path}/resume"));
    resume().by(&karin).send().await.expect(200);
    assert_eq!(resume().by(&karin).send().await.expect(409).code(), "client_active");
    assert_eq!(door.get(&path).by(&karin).send().await.expect(200).json()["revision"], 4);
    door.events();
}

#[tokio::test]
async fn a_key_that_nobody_should_have_is_refused() {
    let door = Door::open(Engine::Sqlite).await;
    let karin = door.token("karin").await;
    let key = p256("one");
    let good = key.jwk();
    let with = |name: &str, value: Value| {
        let mut jwk = good.clone();
        jwk[name] = value;
        jwk
    };
    let mut eight: Vec<Value> = (0..9).map(|n| with("kid", json!(n.to_string()))).collect();
    let nine = json!(eight.clone());
    eight.pop();
    for (what, keys, status) in [
        ("eight", json!(eight), 201),
        ("nine", nine, 422),
        ("none", json!([]), 422),
        ("twice the same kid", json!([good, good]), 422),
        ("a private key", json!([with("d", json!("AAAA"))]), 422),
        ("a symmetric key", json!([{"kty": "oct", "kid": "k", "k": "c2VjcmV0"}]), 422),
        ("for encryption", json!([with("use", json!("enc"))]), 422),
        ("RS256", json!([SigningKey::new(Algorithm::Rs256, "r").jwk()]), 422),
        ("PS256", json!([SigningKey::new(Algorithm::Ps256, "r").jwk()]), 201),
        ("without a name", json!([with("kid", json!(""))]), 422),
        ("an address of keys", json!([with("x5u", json!("https://a.example"))]), 422),
    ] {
        let mut body = registration(&key);
        body["jwks"]["keys"] = keys;
        let answer = door.post("/v1/clients").by(&karin).json(&body).send().await;
        assert_eq!(answer.status.as_u16(), status, "{what}: {}", answer.json());
    }
    let mut both = registration(&key);
    both["jwks_uri"] = json!("https://keys.example/jwks");
    door.post("/v1/clients").by(&karin).json(&both).send().await.expect(422);
    let system = System::of(&door.tillid, key).await;
    assert_eq!(system.client, system.id, "an id is chosen for whoever names none");
}
