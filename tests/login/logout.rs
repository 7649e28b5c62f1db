//! Logout tokens (OpenID Connect Back-Channel Logout 1.0): those that hold end exactly the sessions that they name, at once, and
//! the others end nothing.

use crate::{
    provider::{Algorithm, LOGOUT, Person, SigningKey, Tenant, keys, now, object},
    scene::Scene,
    walker::{Page, Raw, Walker},
};
use serde_json::{Map, Value, json};
use std::time::{Duration, Instant};
use tillid_testkit::Engine;

impl Scene {
    /// What is answered to that logout token of that provider.
    pub(crate) async fn tell_of_logout(&self, key: &str, token: &str) -> Page {
        let fields = vec![("logout_token".to_owned(), token.to_owned())];
        let url = self.at(&format!("/login/{key}/backchannel-logout"));
        let headers = vec![("accept", "application/json")];
        Walker::new().post(&url, &Raw { fields, headers, file: None }).await
    }

    fn signed(&self, claims: &Map<String, Value>) -> String {
        self.provider.signs_with("mitid").sign("logout+jwt", claims)
    }
}

/// A logout token that is right but for what is done to its claims.
fn bent(scene: &Scene, bend: impl FnOnce(&mut Map<String, Value>)) -> String {
    let mut claims = scene.provider.logout_claims("mitid");
    bend(&mut claims);
    scene.signed(&claims)
}

fn with(scene: &Scene, name: &str, value: Value) -> String {
    bent(scene, |claims| drop(claims.insert(name.to_owned(), value)))
}

fn without(scene: &Scene, names: &[&str]) -> String {
    bent(scene, |claims| claims.retain(|name, _| !names.contains(&name.as_str())))
}

/// A logout token whose header says what it should not.
fn headed(scene: &Scene, header: Value) -> String {
    let key = scene.provider.signs_with("mitid");
    let mut head = object(json!({"alg": key.algorithm.name(), "kid": key.kid, "typ": "logout+jwt"}));
    head.extend(object(header));
    key.jwt(&head, &scene.provider.logout_claims("mitid"))
}

/// The name, the token, and what the log says of it.
fn cases(scene: &Scene) -> Vec<(&'static str, String, &'static str)> {
    let claims = scene.provider.logout_claims("mitid");
    let key = scene.provider.signs_with("mitid");
    let head = |alg: &str| object(json!({"alg": alg, "kid": key.kid, "typ": "logout+jwt"}));
    let id_token = scene.provider.seen("mitid").id_token;
    let stranger = SigningKey::new(Algorithm::Rs256, &key.kid);
    let no_event = "logout token: no logout event";
    let unnamed = "logout token: neither sub nor sid";
    vec![
        (
            "alg-none",
            format!("{}.", keys::unsigned(&head("none"), &claims)),
            "id token: algorithm not accepted",
        ),
        (
            "wrong-alg",
            keys::jwt_with_secret(&key.public_bytes(), &head("HS256"), &claims),
            "id token: algorithm not accepted",
        ),
        ("alg-of-another-key", headed(scene, json!({"alg": "ES256"})), "id token: algorithm not accepted"),
        ("invalid-sig", keys::broken(&scene.signed(&claims)), "id token: signature does not verify"),
        ("stranger", stranger.sign("logout+jwt", &claims), "id token: signature does not verify"),
        ("unknown-kid", headed(scene, json!({"kid": "nobody's"})), "id token: key not known"),
        ("key-from-jwk", headed(scene, json!({"jwk": key.jwk()})), "id token: header field not accepted"),
        ("wrong-typ", headed(scene, json!({"typ": "at+jwt"})), "id token: not this kind of token"),
        ("wrong-aud", with(scene, "aud", json!("another")), "id token: for another audience"),
        ("missing-aud", without(scene, &["aud"]), "id token: claim aud missing or invalid"),
        (
            "wrong-iss",
            with(scene, "iss", json!("https://another.example")),
            "id token: issuer not configured",
        ),
        ("missing-iss", without(scene, &["iss"]), "id token: claim iss missing or invalid"),
        ("no-event", without(scene, &["events"]), no_event),
        (
            "wrong-event",
            with(scene, "events", json!({"http://schemas.openid.net/event/other": {}})),
            no_event,
        ),
        ("event-not-an-object", with(scene, "events", json!({LOGOUT: true})), no_event),
        ("events-a-list", with(scene, "events", json!([LOGOUT])), no_event),
        ("with-nonce", with(scene, "nonce", json!("n")), "logout token: a nonce, as in an ID token"),
        ("missing-sub-and-sid", without(scene, &["sub", "sid"]), unnamed),
        ("empty-sub", with(scene, "sub", json!("")), "id token: claim sub missing or invalid"),
        ("sid-a-number", with(scene, "sid", json!(1)), "id token: claim sid missing or invalid"),
        (
            "expired",
            bent(scene, |claims| drop(claims.insert("exp".to_owned(), json!(now() - 60)))),
            "id token: expired",
        ),
        ("missing-exp", without(scene, &["exp"]), "id token: claim exp missing or invalid"),
        ("old-iat", with(scene, "iat", json!(now() - 300)), "id token: issued too long ago"),
        ("future-iat", with(scene, "iat", json!(now() + 120)), "id token: not valid yet"),
        ("missing-iat", without(scene, &["iat"]), "id token: claim iat missing or invalid"),
        ("missing-jti", without(scene, &["jti"]), "id token: claim jti missing or invalid"),
        ("id-token-as-logout-token", id_token, no_event),
        ("not-a-token", "x.y.z".to_owned(), "id token: not a token"),
        ("no-token", String::new(), "logout token: none"),
    ]
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_logout_token_that_does_not_hold_ends_nothing() {
    let scene = Scene::new(Engine::Sqlite, [("mitid", Tenant::right()), ("other", Tenant::right())]).await;
    let mut anna = scene.logged_in("mitid", Person::anna()).await;
    let cases = cases(&scene);
    for (name, token, cause) in &cases {
        let before = scene.log_length();
        let told = scene.tell_of_logout("mitid", token).await;
        assert_eq!(told.status.as_u16(), 400, "{name}: {}", told.body);
        assert!(told.body.contains("\"logout_invalid\""), "{name}: {}", told.body);
        assert_eq!(told.header("cache-control"), "no-store", "{name}");
        assert_eq!(scene.causes_since(before), [*cause], "{name}");
        assert!(scene.is_in(&mut anna).await, "{name} ended a session");
    }
    // Right for one provider, told to another; and for a provider that nobody knows.
    let token = scene.signed(&scene.provider.logout_claims("mitid"));
    for key in ["other", "nobody"] {
        assert_eq!(scene.tell_of_logout(key, &token).await.status.as_u16(), 400, "{key}");
        assert!(scene.is_in(&mut anna).await, "{key}");
    }
    // Twice: the first time it holds.
    assert_eq!(scene.tell_of_logout("mitid", &token).await.expect(200).header("cache-control"), "no-store");
    assert!(!scene.is_in(&mut anna).await);
    let before = scene.log_length();
    assert_eq!(scene.tell_of_logout("mitid", &token).await.status.as_u16(), 400);
    assert_eq!(scene.causes_since(before), ["logout token: used before"]);
    scene.nothing_leaked(&["6702451236"]);
    println!("{} logout tokens refused", cases.len() + 3);
}

/// A logout token ends the sessions that it names within a second, and no other.
async fn ends_exactly(engine: Engine) {
    let scene = Scene::new(engine, [("mitid", Tenant::right()), ("other", Tenant::right())]).await;
    let (anna, bo) = (Person::anna(), Person::bo());
    let mut elsewhere = scene.logged_in("other", anna.clone()).await;
    let mut bos = scene.logged_in("mitid", bo).await;
    let mut first = scene.logged_in("mitid", anna.clone()).await;
    let claims = scene.provider.logout_claims("mitid");
    let mut second = scene.logged_in("mitid", anna.clone()).await;
    let mut third = scene.logged_in("mitid", anna).await;
    let third_claims = scene.provider.logout_claims("mitid");

    let began = Instant::now();
    scene.tell_of_logout("mitid", &scene.signed(&claims)).await.expect(200);
    assert!(!scene.is_in(&mut first).await);
    assert!(began.elapsed() < Duration::from_secs(1));
    for walker in [&mut second, &mut third, &mut bos, &mut elsewhere] {
        assert!(scene.is_in(walker).await);
    }

    let mut by_sid = third_claims;
    by_sid.remove("sub");
    scene.tell_of_logout("mitid", &scene.signed(&by_sid)).await.expect(200);
    assert!(!scene.is_in(&mut third).await && scene.is_in(&mut second).await);

    let by_sub = bent(&scene, |claims| drop(claims.remove("sid")));
    scene.tell_of_logout("mitid", &by_sub).await.expect(200);
    assert!(!scene.is_in(&mut second).await, "all of a user's sessions");
    assert!(scene.is_in(&mut bos).await && scene.is_in(&mut elsewhere).await);

    // The sid of one user with the name of another is nobody's.
    let mixed = bent(&scene, |claims| drop(claims.insert("sid".to_owned(), json!("another"))));
    scene.tell_of_logout("mitid", &mixed).await.expect(200);
    assert!(scene.is_in(&mut bos).await);
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_logout_token_ends_exactly_the_sessions_it_names_on_sqlite() {
    ends_exactly(Engine::Sqlite).await;
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_logout_token_ends_exactly_the_sessions_it_names_on_postgres() {
    ends_exactly(Engine::Postgres).await;
}
