//! Who is not believed: each way in which an assertion may not hold, and what is told of it.

use super::system::{
    ASSERTION, FORM, System, form,
    keys::{Algorithm, SigningKey, broken, jwt_with_secret, object, unsigned},
    now, p256, unique,
};
use crate::support::{Answer, Tillid};
use serde_json::{Map, Value, json};
use std::collections::BTreeSet;
use tillid_testkit::Engine;

/// That there is no token in it, and that it is told as RFC 6749 has it.
#[track_caller]
fn refused(what: &str, answer: &Answer, status: u16, error: &str) {
    let body = answer.json();
    assert_eq!((answer.status.as_u16(), &body["error"]), (status, &json!(error)), "{what}: {body}");
    let names: BTreeSet<&str> = body.as_object().expect("an object").keys().map(String::as_str).collect();
    assert_eq!(names, ["error", "error_description"].into(), "{what}");
    assert_eq!(answer.headers["cache-control"], "no-store", "{what}");
    assert_eq!(answer.headers["content-type"], "application/json", "{what}");
    assert_eq!(answer.headers.contains_key("www-authenticate"), status == 401, "{what}");
}

/// Assertions that prove nothing: all of them are told the same, to the byte.
fn unproven(system: &System, other: &System) -> Vec<(&'static str, String)> {
    let head = |alg: &str, kid: &str| object(json!({"alg": alg, "kid": kid, "typ": "JWT"}));
    let kid = system.key.kid.as_str();
    let with = |head: &Map<String, Value>| system.key.jwt(head, &system.claims());
    let mut jku = head("ES256", kid);
    jku.insert("jku".to_owned(), json!("https://evil.example/jwks"));
    let mut own = head("ES256", kid);
    own.insert("jwk".to_owned(), other.key.jwk());
    let stranger = p256(kid);
    vec![
        ("no token", "x".to_owned()),
        ("two parts", unsigned(&head("ES256", kid), &system.claims())),
        ("alg none", format!("{}.", unsigned(&head("none", kid), &system.claims()))),
        (
            "HS256 with the public key",
            jwt_with_secret(&system.key.public_bytes(), &head("HS256", kid), &system.claims()),
        ),
        ("another algorithm than the key's", with(&head("EdDSA", kid))),
        ("RS256", with(&head("RS256", kid))),
        ("ES384", with(&head("ES384", kid))),
        ("a key of its own along with it", other.key.jwt(&own, &system.claims())),
        ("an address of keys", with(&jku)),
        ("an unknown kid", with(&head("ES256", "unknown"))),
        ("another's kid", with(&head("ES256", &other.key.kid))),
        ("a stranger's key under the kid", stranger.sign("JWT", &system.claims())),
        ("another client's key", other.key.named(kid).sign("JWT", &system.claims())),
        ("a broken signature", broken(&system.assertion())),
        (
            "no such client",
            other.key.sign("JWT", &other.but(&[("sub", json!("nobody")), ("iss", json!("nobody"))])),
        ),
        ("iss is another", system.key.sign("JWT", &system.but(&[("iss", json!(other.client))]))),
        ("sub is another", system.key.sign("JWT", &system.but(&[("sub", json!(other.client))]))),
        ("no iss", system.key.sign("JWT", &system.but(&[("iss", Value::Null)]))),
        ("no sub", system.key.sign("JWT", &system.but(&[("sub", Value::Null)]))),
        ("an access token", system.key.sign("at+jwt", &system.claims())),
        ("a proof", system.key.sign("dpop+jwt", &system.claims())),
    ]
}

/// Assertions of the client itself that do not hold.
fn false_ones(system: &System) -> Vec<(&'static str, Map<String, Value>)> {
    let issuer = &system.issuer;
    let but = |name: &'static str, value: Value| system.but(&[(name, value)]);
    vec![
        ("aud is the token endpoint", but("aud", json!(format!("{issuer}/oauth2/token")))),
        ("aud is a list", but("aud", json!([issuer]))),
        ("aud is a list with another", but("aud", json!([issuer, "https://other.example"]))),
        ("aud is another issuer", but("aud", json!("https://other.example"))),
        ("aud with a slash", but("aud", json!(format!("{issuer}/")))),
        ("no aud", but("aud", Value::Null)),
        ("expired", system.but(&[("iat", json!(now() - 120)), ("exp", json!(now() - 1))])),
        ("exp is far away", but("exp", json!(now() + 3600))),
        ("six minutes", but("exp", json!(now() + 361))),
        (
            "five minutes and a second after iat",
            system.but(&[("iat", json!(now() - 200)), ("exp", json!(now() + 101))]),
        ),
        ("no exp", but("exp", Value::Null)),
        ("exp is a text", but("exp", json!("2100-01-01"))),
        ("no iat", but("iat", Value::Null)),
        ("issued in the future", system.but(&[("iat", json!(now() + 61)), ("exp", json!(now() + 120))])),
        ("not yet", but("nbf", json!(now() + 61))),
        ("nbf is no time", but("nbf", json!("now"))),
        ("no jti", but("jti", Value::Null)),
        ("an empty jti", but("jti", json!(""))),
        ("jti is a number", but("jti", json!(7))),
        ("a long jti", but("jti", json!("x".repeat(256)))),
    ]
}

async fn who_is_not_believed(engine: Engine) {
    let tillid = Tillid::demo(engine).await;
    let system = System::of(&tillid, p256("one")).await;
    let other = System::of(&tillid, p256("two")).await;
    let mut told = BTreeSet::new();
    let list = unproven(&system, &other);
    let count = list.len();
    for (what, assertion) in list {
        let answer = System::asked(&tillid, &assertion, &[]).await;
        refused(what, &answer, 401, "invalid_client");
        told.insert(answer.body);
    }
    // S20: a client that is stopped is told what one is told that there never was.
    let karin = tillid.token("karin").await;
    tillid.post(&format!("/v1/clients/{}/stop", other.id)).by(&karin).send().await.expect(200);
    let answer = System::asked(&tillid, &other.assertion(), &[]).await;
    refused("a stopped client", &answer, 401, "invalid_client");
    told.insert(answer.body);
    assert_eq!(told.len(), 1, "one answer for all of them");
    let false_ones = false_ones(&system);
    println!("{} assertions are refused", count + 1 + false_ones.len());
    for (what, claims) in false_ones {
        let answer = System::asked(&tillid, &system.key.sign("JWT", &claims), &[]).await;
        refused(what, &answer, 401, "invalid_client");
    }
    // What is within the tolerance holds: the refusals are not for another reason.
    for (what, changes) in [
        ("as it should be", vec![]),
        ("ten seconds ahead", vec![("iat", json!(now() + 10)), ("nbf", json!(now() + 10))]),
        ("five minutes", vec![("exp", json!(now() + 299))]),
        ("another claim", vec![("x", json!(1))]),
    ] {
        let token = system.key.sign("JWT", &system.but(&changes));
        assert_eq!(System::asked(&tillid, &token, &[]).await.status, 200, "{what}");
    }
    let typed = system.key.sign("client-authentication+jwt", &system.claims());
    System::asked(&tillid, &typed, &[("client_id", &system.client)]).await.expect(200);
}

#[tokio::test]
async fn who_is_not_believed_on_sqlite() {
    who_is_not_believed(Engine::Sqlite).await;
}

#[tokio::test]
async fn who_is_not_believed_on_postgresql() {
    who_is_not_believed(Engine::Postgres).await;
}

#[tokio::test]
async fn an_rsa_key_signs_with_pss_and_with_nothing_else() {
    let tillid = Tillid::demo(Engine::Sqlite).await;
    for algorithm in [Algorithm::Ps256, Algorithm::EdDsa, Algorithm::Es256] {
        let system = System::of(&tillid, SigningKey::new(algorithm, "k")).await;
        System::asked(&tillid, &system.assertion(), &[]).await.expect(200);
        if algorithm == Algorithm::Ps256 {
            let assertion = system.key.using(Algorithm::Rs256).sign("JWT", &system.claims());
            refused("RS256", &System::asked(&tillid, &assertion, &[]).await, 401, "invalid_client");
        }
    }
}

#[tokio::test]
async fn an_assertion_proves_a_client_once_however_many_ask_at_once() {
    for engine in [Engine::Sqlite, Engine::Postgres] {
        let tillid = Tillid::demo(engine).await;
        let (system, other) =
            (System::of(&tillid, p256("one")).await, System::of(&tillid, p256("two")).await);
        let claims = system.claims();
        let assertion = system.key.sign("JWT", &claims);
        let asked = (0..8).map(|_| System::asked(&tillid, &assertion, &[]));
        let mut statuses = Vec::new();
        for answer in futures(asked).await {
            statuses.push(answer.status.as_u16());
        }
        statuses.sort_unstable();
        assert_eq!(statuses, [200, 401, 401, 401, 401, 401, 401, 401]);
        // The same jti in another assertion is used too; another client's is another one.
        let again = system
            .key
            .sign("JWT", &system.but(&[("jti", claims["jti"].clone()), ("exp", json!(now() + 70))]));
        refused("the jti again", &System::asked(&tillid, &again, &[]).await, 401, "invalid_client");
        let theirs = other.key.sign("JWT", &other.but(&[("jti", claims["jti"].clone())]));
        System::asked(&tillid, &theirs, &[]).await.expect(200);
    }
}

/// All of them at once, in their order.
async fn futures<T>(all: impl Iterator<Item = impl Future<Output = T>>) -> Vec<T> {
    let mut all: Vec<_> = all.map(Box::pin).collect();
    let mut done: Vec<Option<T>> = all.iter().map(|_| None).collect();
    std::future::poll_fn(|cx| {
        for (future, done) in all.iter_mut().zip(&mut done) {
            if done.is_none()
                && let std::task::Poll::Ready(value) = future.as_mut().poll(cx)
            {
                *done = Some(value);
            }
        }
        if done.iter().all(Option::is_some) { std::task::Poll::Ready(()) } else { std::task::Poll::Pending }
    })
    .await;
    done.into_iter().map(|value| value.expect("it is done")).collect()
}

#[tokio::test]
async fn a_request_that_is_not_one_is_refused() {
    let tillid = Tillid::demo(Engine::Sqlite).await;
    let system = System::of(&tillid, p256("one")).await;
    let assertion = || system.assertion();
    let fields = |grant: &str, assertion: &str| {
        form(&[("grant_type", grant), ("client_assertion_type", ASSERTION), ("client_assertion", assertion)])
    };
    let send = async |kind: &str, body: Vec<u8>| tillid.post("/oauth2/token").bytes(kind, body).send().await;

    let json = json!({"grant_type": "client_credentials", "client_assertion_type": ASSERTION, "client_assertion": assertion()});
    refused(
        "JSON",
        &send("application/json", serde_json::to_vec(&json).expect("json")).await,
        400,
        "invalid_request",
    );
    let good = fields("client_credentials", &assertion());
    refused("no content type", &send("", good.clone()).await, 400, "invalid_request");
    let mut twice = good.clone();
    twice.extend(b"&grant_type=client_credentials");
    refused("a parameter twice", &send(FORM, twice).await, 400, "invalid_request");
    let mut twice = good.clone();
    twice.extend(b"&client_assertion=x");
    refused("two assertions", &send(FORM, twice).await, 400, "invalid_request");
    refused("nothing", &send(FORM, Vec::new()).await, 400, "invalid_request");
    for grant in ["password", "authorization_code", "refresh_token", "implicit", "x"] {
        refused(grant, &send(FORM, fields(grant, &assertion())).await, 400, "unsupported_grant_type");
    }
    let bare = |more: &[(&str, &str)]| form(&[&[("grant_type", "client_credentials")][..], more].concat());
    refused("no client", &send(FORM, bare(&[])).await, 401, "invalid_client");
    let secret = bare(&[("client_id", &system.client), ("client_secret", "secret")]);
    refused("a secret", &send(FORM, secret).await, 401, "invalid_client");
    let kind = bare(&[("client_assertion_type", "urn:x"), ("client_assertion", &assertion())]);
    refused("another kind of assertion", &send(FORM, kind).await, 401, "invalid_client");
    let other = bare(&[
        ("client_assertion_type", ASSERTION),
        ("client_assertion", &assertion()),
        ("client_id", "other"),
    ]);
    refused("another client_id", &send(FORM, other).await, 401, "invalid_client");
    for line in ["Basic ZmFnc3lzdGVtOng=", "Bearer x"] {
        let ask = tillid.post("/oauth2/token").header("authorization", line);
        let answer = ask.bytes(FORM, fields("client_credentials", &assertion())).send().await;
        refused(line, &answer, 401, "invalid_client");
    }
    for (scope, what) in [
        ("ask", "a scope that it does not have"),
        ("decide ask", "one of two"),
        ("admin", "no scope"),
        ("decide  search", "two spaces"),
    ] {
        refused(what, &System::asked(&tillid, &assertion(), &[("scope", scope)]).await, 400, "invalid_scope");
    }
    let elsewhere = [("resource", "https://other.example")];
    refused(
        "another resource",
        &System::asked(&tillid, &assertion(), &elsewhere).await,
        400,
        "invalid_target",
    );
    for method in ["GET", "PUT", "DELETE"] {
        tillid.ask(method, "/oauth2/token").send().await.expect(405);
    }
    // It means nothing here: the same key brings another token.
    let mut tokens = BTreeSet::new();
    for _ in 0..2 {
        let ask = tillid.post("/oauth2/token").header("idempotency-key", "k");
        let answer = ask.bytes(FORM, fields("client_credentials", &assertion())).send().await.expect(200);
        tokens.insert(answer.json()["access_token"].to_string());
    }
    assert_eq!(tokens.len(), 2);
    let large = fields("client_credentials", &"x".repeat(70_000));
    assert_eq!(send(FORM, large).await.status, 413);
    assert_ne!(unique(), unique());
}

#[tokio::test]
async fn s23_keys_at_an_address_of_this_machine_are_never_asked_for() {
    let tillid = Tillid::demo(Engine::Sqlite).await;
    let karin = tillid.token("karin").await;
    let listener = std::net::TcpListener::bind("127.0.0.1:0").expect("a port");
    listener.set_nonblocking(true).expect("it is ours");
    let port = listener.local_addr().expect("its address").port();
    let key = p256("one");
    let mut body = super::system::registration(&key);
    body.as_object_mut().expect("an object").remove("jwks");
    for host in [
        "127.0.0.1",
        "10.0.0.1",
        "172.16.0.1",
        "192.168.0.1",
        "169.254.169.254",
        "0.0.0.0",
        "100.64.0.1",
        "[::1]",
        "[fc00::1]",
        "[fd00::1]",
        "[fe80::1]",
        "[::ffff:127.0.0.1]",
        "2130706433",
        "0x7f.1",
        "127.1",
        "u:p@keys.example",
    ] {
        body["jwks_uri"] = json!(format!("https://{host}:{port}/jwks"));
        let answer = tillid.post("/v1/clients").by(&karin).json(&body).send().await;
        assert_eq!((answer.status.as_u16(), answer.code().as_str()), (422, "unprocessable"), "{host}");
    }
    body["jwks_uri"] = json!(format!("http://localhost:{port}/jwks"));
    assert_eq!(tillid.post("/v1/clients").by(&karin).json(&body).send().await.status, 422);
    // A name says nothing of where it leads; that shows when it is asked for.
    body["jwks_uri"] = json!(format!("https://localhost:{port}/jwks"));
    let system = System::registered(&tillid, key, &body).await;
    for _ in 0..3 {
        let answer = System::asked(&tillid, &system.assertion(), &[]).await;
        refused("a name of this machine", &answer, 401, "invalid_client");
    }
    assert!(listener.accept().is_err(), "nobody connects");
}
