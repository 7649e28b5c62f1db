//! Tokens that do not hold.

use crate::{bad_input::on_both, door::Door, tables};
use aws_lc_rs::{
    hmac,
    signature::{Ed25519KeyPair, KeyPair},
};
use base64::{Engine as _, engine::general_purpose::URL_SAFE_NO_PAD as B64};
use serde_json::{Value, json};
use tillid_testkit::Engine;

on_both!(a_token_that_does_not_hold_opens_nothing, a_weak_login_is_told_which_one_is_needed);

/// A token taken apart, and the key that it was signed with.
struct Forge {
    head: Value,
    claims: Value,
    key: Ed25519KeyPair,
}

impl Forge {
    fn of(token: &str, door: &Door) -> Self {
        let part = |n: usize| {
            let bytes = B64.decode(token.split('.').nth(n).expect("a part")).expect("base64");
            serde_json::from_slice(&bytes).expect("json")
        };
        let pkcs8 = std::fs::read(door.tillid.folder().join("keys/sandbox.key")).expect("the broker's key");
        Self { head: part(0), claims: part(1), key: Ed25519KeyPair::from_pkcs8(&pkcs8).expect("a key") }
    }

    fn signed(&self, head: &Value, claims: &Value) -> String {
        self.signed_bytes(head.to_string().as_bytes(), claims.to_string().as_bytes())
    }

    fn signed_bytes(&self, head: &[u8], claims: &[u8]) -> String {
        let message = format!("{}.{}", B64.encode(head), B64.encode(claims));
        let signature = B64.encode(self.key.sign(message.as_bytes()).as_ref());
        format!("{message}.{signature}")
    }

    /// With another header field, or without it.
    fn head(&self, name: &str, value: Value) -> String {
        self.signed(&changed(&self.head, name, value), &self.claims)
    }

    /// With another claim, or without it.
    fn claim(&self, name: &str, value: Value) -> String {
        self.signed(&self.head, &changed(&self.claims, name, value))
    }

    fn in_seconds(&self, seconds: i64) -> Value {
        json!(self.claims["iat"].as_i64().expect("a time") + seconds)
    }
}

/// `null` takes the field away.
fn changed(object: &Value, name: &str, value: Value) -> Value {
    let mut object = object.clone();
    if value.is_null() {
        object.as_object_mut().expect("an object").remove(name);
    } else {
        object[name] = value;
    }
    object
}

fn bad_tokens(forge: &Forge, good: &str) -> Vec<(&'static str, String)> {
    let (message, signature) = good.rsplit_once('.').expect("a signature");
    let (head, body) = message.split_once('.').expect("two parts");
    let other = Forge {
        key: Ed25519KeyPair::generate().expect("a key"),
        head: forge.head.clone(),
        claims: forge.claims.clone(),
    };
    let public = forge.key.public_key().as_ref();
    let hs256 = {
        let head = changed(&forge.head, "alg", json!("HS256"));
        let message = format!("{}.{body}", B64.encode(head.to_string()));
        let tag = hmac::sign(&hmac::Key::new(hmac::HMAC_SHA256, public), message.as_bytes());
        format!("{message}.{}", B64.encode(tag.as_ref()))
    };
    let none = changed(&forge.head, "alg", json!("none"));
    let twice = forge.claims.to_string().replacen('{', "{\"sub\":\"bo\",", 1);
    let jwk = json!({"kty": "OKP", "crv": "Ed25519", "x": B64.encode(other.key.public_key().as_ref())});
    let flipped = {
        let mut bytes = B64.decode(signature).expect("base64");
        bytes[0] ^= 1;
        format!("{message}.{}", B64.encode(bytes))
    };
    let for_bo = changed(&forge.claims, "sub", json!("bo"));
    vec![
        ("signed with another key", other.signed(&forge.head, &forge.claims)),
        ("signed with the key that it brings along", other.head("jwk", jwk.clone())),
        ("no signature", format!("{message}.")),
        ("another signature", flipped),
        ("claims of another token", format!("{head}.{}.{signature}", B64.encode(for_bo.to_string()))),
        ("alg none", format!("{}.{body}.", B64.encode(none.to_string()))),
        ("alg none with a signature", format!("{}.{body}.{signature}", B64.encode(none.to_string()))),
        ("HS256 with the public key", hs256),
        ("alg ES256", forge.head("alg", json!("ES256"))),
        ("alg RS256", forge.head("alg", json!("RS256"))),
        ("alg eddsa", forge.head("alg", json!("eddsa"))),
        ("no alg", forge.head("alg", Value::Null)),
        ("typ JWT", forge.head("typ", json!("JWT"))),
        ("typ of a receipt", forge.head("typ", json!("tillid-receipt+jwt"))),
        ("typ of an id token", forge.head("typ", json!("id_token"))),
        ("no typ", forge.head("typ", Value::Null)),
        ("another kid", forge.head("kid", json!("other"))),
        ("a kid that is a path", forge.head("kid", json!("../../../../dev/null"))),
        ("a kid that is no text", forge.head("kid", json!(1))),
        ("crit", forge.head("crit", json!(["exp"]))),
        ("jku", forge.head("jku", json!("http://127.0.0.1:1/jwks"))),
        ("x5u", forge.head("x5u", json!("http://127.0.0.1:1/x5u"))),
        ("b64", forge.head("b64", json!(false))),
        ("expired", forge.claim("exp", forge.in_seconds(-60))),
        ("expired a second beyond what clocks may differ", forge.claim("exp", forge.in_seconds(-31))),
        ("no exp", forge.claim("exp", Value::Null)),
        ("exp as text", forge.claim("exp", json!("9999999999"))),
        ("exp beyond all numbers", forge.claim("exp", json!(1e300))),
        ("exp below zero", forge.claim("exp", json!(-1))),
        ("not valid yet", forge.claim("nbf", forge.in_seconds(600))),
        ("issued in the future", forge.claim("iat", forge.in_seconds(600))),
        ("no iat", forge.claim("iat", Value::Null)),
        ("another issuer", forge.claim("iss", json!("https://login.example"))),
        ("no issuer", forge.claim("iss", Value::Null)),
        (
            "an issuer with a slash more",
            forge.claim("iss", json!(format!("{}/", forge.claims["iss"].as_str().expect("iss")))),
        ),
        ("another audience", forge.claim("aud", json!("https://other.example"))),
        ("other audiences", forge.claim("aud", json!(["https://other.example"]))),
        ("no audience", forge.claim("aud", Value::Null)),
        ("no subject", forge.claim("sub", Value::Null)),
        ("an empty subject", forge.claim("sub", json!(""))),
        ("a subject that is no text", forge.claim("sub", json!(["anna"]))),
        ("no jti", forge.claim("jti", Value::Null)),
        ("no client", forge.claim("client_id", Value::Null)),
        ("another kind of identity", forge.claim("identity_type", json!("operator"))),
        ("no kind of identity", forge.claim("identity_type", Value::Null)),
        ("acting for oneself", forge.claim("act", json!({"sub": forge.claims["sub"]}))),
        ("acting for nobody", forge.claim("act", json!({}))),
        ("acting in a chain", forge.claim("act", json!({"sub": "bo", "act": {"sub": "clara"}}))),
        (
            "acting as somebody of another issuer",
            forge.claim("act", json!({"sub": "bo", "iss": "https://login.example"})),
        ),
        ("a claim twice", forge.signed_bytes(forge.head.to_string().as_bytes(), twice.as_bytes())),
        ("claims that are a list", forge.signed(&forge.head, &json!([forge.claims]))),
        ("a header that is no JSON", forge.signed_bytes(b"{", forge.claims.to_string().as_bytes())),
        ("cut off", good[..good.len() / 2].to_owned()),
        ("one character short", good[..good.len() - 1].to_owned()),
        ("padded", format!("{good}=")),
        ("a part more", format!("{good}.{signature}")),
        ("one part", "anna".to_owned()),
        ("only dots", "..".to_owned()),
        ("15 KiB", "a".repeat(15 * 1024)),
    ]
}

async fn a_token_that_does_not_hold_opens_nothing(engine: Engine) {
    let door = Door::open(engine).await;
    let (good, hans) = (door.token("anna").await, door.token("hans").await);
    let (cpr, unknown) = (door.cpr("anna").await, crate::door::UNKNOWN);
    let before = tables::facts(&door.tillid).await;
    let look = json!({"person": {"cpr": cpr}, "purpose": "case_processing", "case": "1"});
    let withdraw = format!("/v1/consents/{unknown}/withdraw");
    let places = [
        ("GET", "/v1/overview"),
        ("GET", "/v1/mandates"),
        ("POST", "/v1/lookups"),
        ("POST", withdraw.as_str()),
    ];
    let refused = async |flaw: &str, headers: &[String], code: &str, challenge: &str| {
        for (method, path) in places {
            let mut knock = door.ask(method, path).json(&look);
            for header in headers {
                knock = knock.header("authorization", header);
            }
            let answer = knock.send().await;
            assert_eq!(
                (answer.status.as_u16(), answer.code().as_str()),
                (401, code),
                "{flaw}: {method} {path}"
            );
            assert_eq!(answer.headers["www-authenticate"], challenge, "{flaw}: {method} {path}");
        }
    };
    let invalid = r#"Bearer error="invalid_token""#;
    let mut classes = 0;
    for token in [&good, &hans] {
        let forge = Forge::of(token, &door);
        let again = forge.signed(&forge.head, &forge.claims);
        let lookup_or_not = door.get("/v1/access-log").by(&again).send().await.status.as_u16();
        assert!([200, 403].contains(&lookup_or_not), "what the forge signs with nothing changed is taken");
        for (flaw, token) in bad_tokens(&forge, token) {
            refused(flaw, &[format!("Bearer {token}")], "token_invalid", invalid).await;
            classes += 1;
        }
    }
    let bearer = format!("Bearer {good}");
    refused("two headers", &[bearer.clone(), bearer.clone()], "token_invalid", invalid).await;
    refused(
        "two headers, the first of them bad",
        &["Bearer x".to_owned(), bearer.clone()],
        "token_invalid",
        invalid,
    )
    .await;
    refused("no token", &["Bearer ".to_owned()], "token_invalid", invalid).await;
    refused("only the scheme", &["Bearer".to_owned()], "token_invalid", invalid).await;
    refused("a comma", &[format!("{bearer}, {bearer}")], "token_invalid", invalid).await;
    refused("no header", &[], "token_missing", "Bearer").await;
    refused("another scheme", &["Basic YW5uYTphbm5h".to_owned()], "token_missing", "Bearer").await;
    refused("without a scheme", std::slice::from_ref(&good), "token_missing", "Bearer").await;
    let bound = r#"DPoP error="invalid_token", algs="ES256 EdDSA""#;
    refused("DPoP, of a token that is not bound", &[format!("DPoP {good}")], "token_invalid", bound).await;

    for name in ["access_token", "token", "authorization"] {
        let answer = door.get(&format!("/v1/overview?{name}={good}")).send().await;
        assert_eq!((answer.status.as_u16(), answer.code().as_str()), (401, "token_missing"), "in the query");
        let answer = door.get("/v1/overview").header("cookie", &format!("{name}={good}")).send().await;
        assert_eq!((answer.status.as_u16(), answer.code().as_str()), (401, "token_missing"), "in a cookie");
    }
    let form = door
        .ask("POST", "/v1/lookups")
        .bytes("application/x-www-form-urlencoded", format!("access_token={good}"));
    assert_eq!(form.send().await.code(), "token_missing", "in a form");
    // Headers of this size are not looked into, whatever stands in them; much larger ones are not even read to their end.
    let large = door.get("/v1/overview").by(&"a".repeat(17 * 1024)).send().await;
    assert_eq!((large.status.as_u16(), large.code().as_str()), (431, "headers_too_large"));
    let huge = door.tillid.get("/v1/overview").by(&"a".repeat(64 * 1024)).try_send().await;
    assert!(huge.is_none_or(|answer| answer.status == 431));

    println!("{} bad tokens at {} places", classes + 9, places.len());
    let log = door.tillid.log();
    for part in good.split('.').chain(hans.split('.')) {
        assert!(!log.contains(part), "a part of a token stands in the log");
    }
    assert_eq!(tables::facts(&door.tillid).await, before);
    door.events();
}

/// A token with the level of assurance of the order.
async fn at(door: &Door, person: &str, loa: &str) -> String {
    door.tillid.token_of(json!({"person": person, "loa": loa})).await
}

async fn a_weak_login_is_told_which_one_is_needed(engine: Engine) {
    let door = Door::open(engine).await;
    let (anna, hans) = (door.token("anna").await, door.token("hans").await);
    let (low, high) = (at(&door, "anna", "low").await, at(&door, "anna", "high").await);
    let (cpr, bo) = (door.cpr("anna").await, door.cpr("bo").await);
    let request = door.asked(&hans, &cpr, "C02").await;
    let consent = door.answered(&anna, &request).await[0].clone();
    let must_step_up = |answer: &crate::support::Answer, level: &str, what: &str| {
        assert_eq!((answer.status.as_u16(), answer.code().as_str()), (401, "assurance_too_low"), "{what}");
        let challenge = answer.headers["www-authenticate"].to_str().expect("text").to_owned();
        assert!(challenge.contains(r#"error="insufficient_user_authentication""#), "{what}: {challenge}");
        assert!(challenge.contains(&format!("nsis/loa/{level}\"")), "{what}: {challenge}");
    };
    let before = tables::facts(&door.tillid).await;
    for path in ["/v1/overview", "/v1/consents", "/v1/consent-requests", "/v1/access-log"] {
        must_step_up(&door.get(path).by(&low).send().await, "Substantial", path);
    }
    let withdraw = format!("/v1/consents/{consent}/withdraw");
    must_step_up(&door.post(&withdraw).by(&low).send().await, "Substantial", "withdraw");
    let about = json!({"about": {"consent": {"consent_type": "C15"}}});
    must_step_up(
        &door.post("/v1/presentations").by(&low).json(&about).send().await,
        "Substantial",
        "present",
    );
    let look = json!({"person": {"cpr": cpr}, "purpose": "case_processing", "case": "1"});
    let weak_hans = at(&door, "hans", "low").await;
    must_step_up(&door.post("/v1/lookups").by(&weak_hans).json(&look).send().await, "Substantial", "look up");
    let ask = json!({"person": {"cpr": cpr}, "consent_type": "C02", "case": "1"});
    must_step_up(
        &door.post("/v1/consent-requests").by(&weak_hans).json(&ask).send().await,
        "Substantial",
        "ask",
    );
    let draft = door.definition("consent-types", "C15").await;
    let weak_karin = at(&door, "karin", "low").await;
    must_step_up(
        &door.post("/v1/consent-types").by(&weak_karin).json(&draft).send().await,
        "Substantial",
        "draft",
    );
    assert_eq!(tables::facts(&door.tillid).await, before, "nothing changed");

    // A package of high risk asks for more than substantial, and says so.
    let (shown, _) = door.shown(&anna, door.mandate_to(&bo, "M02").await).await;
    let give = json!({"presentation_id": shown});
    let before = tables::facts(&door.tillid).await;
    must_step_up(&door.post("/v1/mandates").by(&anna).json(&give).send().await, "High", "M02");
    assert_eq!(tables::facts(&door.tillid).await, before, "nothing changed");
    door.post("/v1/mandates").by(&high).json(&give).send().await.expect(201);
    door.post(&withdraw).by(&anna).send().await.expect(200);
    door.events();
}
