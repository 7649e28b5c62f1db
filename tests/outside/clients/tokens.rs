//! What a token of ours is, to others and to us.

use super::system::{System, now, p256, registration};
use crate::support::Tillid;
use jsonwebtoken::{DecodingKey, Validation, decode, decode_header, jwk::JwkSet};
use serde_json::{Value, json};
use tillid_testkit::Engine;

async fn published(tillid: &Tillid) -> JwkSet {
    let answer = tillid.get("/oauth2/jwks").send().await.expect(200);
    let text = String::from_utf8(answer.body).expect("text");
    for private in ["\"d\"", "\"p\"", "\"k\""] {
        assert!(!text.contains(private), "{text}");
    }
    serde_json::from_str(&text).expect("a JWK set")
}

/// The claims, by a library that knows nothing of us.
async fn verified(tillid: &Tillid, token: &str) -> Value {
    let header = decode_header(token).expect("a header");
    assert_eq!(header.typ.as_deref(), Some("at+jwt"));
    let keys = published(tillid).await;
    let key = keys.find(header.kid.as_deref().expect("a kid")).expect("it is published");
    let mut validation = Validation::new(header.alg);
    validation.set_audience(&[&tillid.base]);
    validation.set_issuer(&[&tillid.base]);
    validation.set_required_spec_claims(&["exp", "iss", "aud", "sub"]);
    let key = DecodingKey::from_jwk(key).expect("a key");
    decode::<Value>(token, &key, &validation).expect("it verifies").claims
}

async fn looks_up(tillid: &Tillid, token: &str) -> u16 {
    let cpr = tillid.somebody("anna").await["cpr"].clone();
    let body = json!({"person": {"cpr": cpr}, "purpose": "automated_step", "case": "27.36.04-2026-17"});
    tillid.post("/v1/lookups").by(token).json(&body).send().await.status.as_u16()
}

#[tokio::test]
async fn a_token_says_what_rfc_9068_asks_for_and_a_stock_library_believes_it() {
    let tillid = Tillid::demo(Engine::Sqlite).await;
    let system = System::of(&tillid, p256("one")).await;
    let before = now();
    let answer = System::asked(&tillid, &system.assertion(), &[]).await.expect(200);
    assert_eq!(
        (&answer.headers["cache-control"], &answer.headers["pragma"]),
        (&"no-store".parse().expect("a value"), &"no-cache".parse().expect("a value"))
    );
    let body = answer.json();
    assert_eq!((&body["token_type"], &body["expires_in"]), (&json!("Bearer"), &json!(300)));
    assert_eq!(body["scope"], "decide search look_up");
    let token = body["access_token"].as_str().expect("a token");
    let claims = verified(&tillid, token).await;
    for (name, wanted) in [
        ("iss", json!(tillid.base)),
        ("aud", json!(tillid.base)),
        ("sub", json!(system.client)),
        ("client_id", json!(system.client)),
        ("scope", json!("decide search look_up")),
        ("cvr", tillid.somebody("hans").await["cvr"].clone()),
        ("purposes", json!(["automated_step"])),
        ("identity_type", json!("system")),
    ] {
        assert_eq!(claims[name], wanted, "{name}");
    }
    let seconds = |name: &str| claims[name].as_i64().expect(name);
    assert!((before..=now()).contains(&seconds("iat")));
    assert_eq!(seconds("exp"), seconds("iat") + 300);
    assert!(claims["jti"].as_str().is_some_and(|jti| jti.len() >= 32));
    assert_eq!(looks_up(&tillid, token).await, 201);

    // A part of what it has, and nothing but that part.
    let less = System::asked(&tillid, &system.assertion(), &[("scope", "decide")]).await.expect(200).json();
    assert_eq!(less["scope"], "decide");
    let less = less["access_token"].as_str().expect("a token");
    assert_eq!(verified(&tillid, less).await["scope"], "decide");
    assert_eq!(looks_up(&tillid, less).await, 403);
}

#[tokio::test]
async fn the_metadata_is_that_of_rfc_8414() {
    let tillid = Tillid::demo(Engine::Sqlite).await;
    let told = tillid.get("/.well-known/oauth-authorization-server").send().await.expect(200).json();
    assert_eq!(told["issuer"], tillid.base);
    assert_eq!(told["token_endpoint"], format!("{}/oauth2/token", tillid.base));
    assert_eq!(told["jwks_uri"], format!("{}/oauth2/jwks", tillid.base));
    assert_eq!(told["token_endpoint_auth_methods_supported"], json!(["private_key_jwt"]));
    assert_eq!(told["token_endpoint_auth_signing_alg_values_supported"], json!(["ES256", "EdDSA", "PS256"]));
    for (name, value) in told.as_object().expect("an object") {
        let empty = value.is_null() || value.as_array().is_some_and(Vec::is_empty) || value == "";
        assert!(!empty, "{name}");
    }
    tillid.get(told["jwks_uri"].as_str().expect("an address")).send().await.expect(200);
}

#[tokio::test]
async fn a_client_changes_its_key_without_a_pause() {
    let tillid = Tillid::demo(Engine::Sqlite).await;
    let (old, new) = (p256("old"), p256("new"));
    let system = System::of(&tillid, old.clone()).await;
    let after = System { key: new.clone(), ..system.clone() };
    let karin = tillid.token("karin").await;
    let put = async |keys: Value| {
        let mut body = registration(&old);
        body["jwks"]["keys"] = keys;
        tillid
            .ask("PUT", &format!("/v1/clients/{}", system.id))
            .by(&karin)
            .json(&body)
            .send()
            .await
            .expect(200);
    };
    let works = async |system: &System| System::asked(&tillid, &system.assertion(), &[]).await.status == 200;
    assert_eq!((works(&system).await, works(&after).await), (true, false));
    put(json!([old.jwk(), new.jwk()])).await;
    assert_eq!((works(&system).await, works(&after).await), (true, true));
    put(json!([new.jwk()])).await;
    assert_eq!((works(&system).await, works(&after).await), (false, true));
    assert_eq!(tillid.verify().0, 0, "{}", tillid.verify().1);
}

#[tokio::test]
async fn the_systems_of_the_demo_get_tokens_with_the_keys_of_its_folder() {
    let tillid = Tillid::demo(Engine::Sqlite).await;
    for (name, status) in [("fagsystem", 200), ("naboby", 400)] {
        let pem = std::fs::read_to_string(tillid.folder().join(format!("keys/{name}.pem"))).expect("its key");
        let key = tillid_edge::ClientKey::from_pem(&pem, Some(name.to_owned())).expect("a key");
        let der: String = pem.lines().filter(|line| !line.starts_with('-')).collect();
        let der = base64::Engine::decode(&base64::engine::general_purpose::STANDARD, der).expect("base64");
        let mut header = jsonwebtoken::Header::new(jsonwebtoken::Algorithm::EdDSA);
        header.kid = key.public_jwk()["kid"].as_str().map(str::to_owned);
        let system = System {
            issuer: tillid.base.clone(),
            client: name.to_owned(),
            id: String::new(),
            key: p256("x"),
        };
        let claims = Value::Object(system.claims());
        let signing = jsonwebtoken::EncodingKey::from_ed_der(&der);
        let assertion = jsonwebtoken::encode(&header, &claims, &signing).expect("an assertion");
        let answer = System::asked(&tillid, &assertion, &[]).await;
        // The neighbour's tokens are bound to a key, and it has brought no proof of one.
        assert_eq!(answer.status.as_u16(), status, "{name}: {}", answer.json());
        if status == 200 {
            let token = answer.json()["access_token"].as_str().expect("a token").to_owned();
            assert_eq!(looks_up(&tillid, &token).await, 201);
        } else {
            assert_eq!(answer.json()["error"], "invalid_dpop_proof");
        }
    }
    // Tokens of the simulated broker go on as they did.
    assert_eq!(looks_up(&tillid, &tillid.token("fagsystem").await).await, 201);
}
