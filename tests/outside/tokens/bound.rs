//! A token is of use to whoever it is bound to, and to nobody else.

use super::system::{Signer, System, error, now, once, part, text};
use crate::{
    bad_input::on_both,
    door::Door,
    support::{Answer, Tillid},
    tables,
};
use base64::{
    Engine as _,
    engine::general_purpose::{STANDARD, URL_SAFE_NO_PAD as B64},
};
use serde_json::{Value, json};
use tillid_domain::Digest;
use tillid_testkit::Engine;

on_both!(
    s1_a_bound_token_without_its_proof_opens_nothing,
    s22_a_token_is_bound_to_the_certificate_that_our_proxy_tells_of,
);

const LIST: &str = "/v1/mandate-packages";
const ASK: &str = "/v1/consent-requests";

struct Caller<'c> {
    tillid: &'c Tillid,
    token: String,
}

impl Caller<'_> {
    async fn send(&self, method: &str, path: &str, scheme: &str, proofs: &[String]) -> Answer {
        let mut ask =
            self.tillid.ask(method, path).header("authorization", &format!("{scheme} {}", self.token));
        for proof in proofs {
            ask = ask.header("dpop", proof);
        }
        if method == "POST" {
            ask = ask.json(&json!({}));
        }
        ask.send().await
    }
}

fn with(mut object: Value, name: &str, value: Value) -> Value {
    let members = object.as_object_mut().expect("an object");
    if value.is_null() {
        members.remove(name);
    } else {
        members.insert(name.to_owned(), value);
    }
    object
}

/// Proofs that prove nothing, each with what is wrong with it.
fn bad_proofs(
    system: &System,
    tillid: &Tillid,
    token: &str,
    path: &str,
    method: &str,
) -> Vec<(&'static str, String)> {
    let claims = || Value::Object(System::proof_claims(tillid, method, path, Some(token)));
    let claim =
        |name: &str, value: Value| system.bound.sign(&system.proof_head(), &with(claims(), name, value));
    let head =
        |name: &str, value: Value| system.bound.sign(&with(system.proof_head(), name, value), &claims());
    let stranger = Signer::new();
    let theirs = json!({"typ": "dpop+jwt", "alg": "ES256", "jwk": stranger.public()});
    let good = system.bound.sign(&system.proof_head(), &claims());
    let (message, signature) = good.rsplit_once('.').expect("a signature");
    let none = format!(
        "{}.{}.",
        B64.encode(with(system.proof_head(), "alg", json!("none")).to_string()),
        B64.encode(claims().to_string())
    );
    let private = with(system.bound.public(), "d", json!(B64.encode([7; 32])));
    let symmetric = json!({"kty": "oct", "k": B64.encode([7; 32])});
    let other = B64.encode(Digest::of(b"another token").as_bytes());
    vec![
        ("cut off", good[..good.len() / 2].to_owned()),
        ("no signature", format!("{message}.")),
        (
            "the claims of another one",
            format!(
                "{}.{}.{signature}",
                B64.encode(system.proof_head().to_string()),
                B64.encode(claims().to_string())
            ),
        ),
        ("alg none", none),
        ("alg HS256", head("alg", json!("HS256"))),
        ("alg RS256", head("alg", json!("RS256"))),
        ("typ JWT", head("typ", json!("JWT"))),
        ("typ of an access token", head("typ", json!("at+jwt"))),
        ("no typ", head("typ", Value::Null)),
        ("no key", head("jwk", Value::Null)),
        ("a private key", head("jwk", private)),
        ("a symmetric key", head("jwk", symmetric)),
        ("another key", stranger.sign(&theirs, &claims())),
        ("another key's signature", stranger.sign(&system.proof_head(), &claims())),
        ("jku", head("jku", json!("http://127.0.0.1:1/jwks"))),
        ("crit", head("crit", json!(["iat"]))),
        ("another method", claim("htm", json!("DELETE"))),
        ("no method", claim("htm", Value::Null)),
        ("another path", claim("htu", json!(format!("{}/v1/overview", tillid.base)))),
        ("another host", claim("htu", json!(format!("https://tillid.example{path}")))),
        ("no address", claim("htu", Value::Null)),
        ("too old", claim("iat", json!(now() - 75))),
        ("from the future", claim("iat", json!(now() + 60))),
        ("no time", claim("iat", Value::Null)),
        ("another token's", claim("ath", json!(other))),
        ("no token's", claim("ath", Value::Null)),
        ("no id", claim("jti", Value::Null)),
        ("16 KiB", "a".repeat(12 * 1024)),
        ("no token at all", "proof".to_owned()),
    ]
}

#[expect(clippy::too_many_lines, reason = "one list of what can be wrong")]
async fn s1_a_bound_token_without_its_proof_opens_nothing(engine: Engine) {
    let door = Door::open(engine).await;
    let tillid = &door.tillid;
    let system = System::registered(&door, "bound", json!({"scope": "decide ask"})).await;
    let token = system.token(tillid).await;
    assert_eq!(part(&token, 1)["cnf"], json!({"jkt": system.bound.thumbprint()}));
    // What has been used once is kept beside the facts.
    let facts = async || {
        let mut facts = tables::facts(tillid).await;
        facts.retain(|table, _| !["used_token", "client_assertion"].contains(&table.as_str()));
        facts
    };
    let before = facts().await;
    let caller = Caller { tillid, token: token.clone() };
    let requests = "/v1/consent-requests/0198aaaa-0000-7000-8000-00000000dead/cancel";
    let proof = |method: &str, path: &str| system.proof(tillid, method, path, Some(&token));

    // With its proof it is let in, as far as it may go.
    let answer = caller.send("POST", requests, "DPoP", &[proof("POST", requests)]).await;
    assert_eq!((answer.status.as_u16(), answer.code().as_str()), (404, "not_found"));
    let query = "/v1/consent-requests?limit=1";
    let answer = caller.send("GET", query, "dpop", &[proof("GET", ASK)]).await;
    assert_eq!((answer.status.as_u16(), answer.code().as_str()), (403, "lookup_missing"));
    assert!(answer.headers.contains_key("ratelimit") && answer.headers.contains_key("ratelimit-policy"));

    let mut refused = 0;
    let mut must_be_refused = |what: &str, answer: &Answer, code: &str, challenge: &str| {
        assert_eq!((answer.status.as_u16(), answer.code().as_str()), (401, code), "{what}");
        let told = answer.headers["www-authenticate"].to_str().expect("text");
        assert_eq!(told, format!("DPoP error=\"{challenge}\", algs=\"ES256 EdDSA\""), "{what}");
        refused += 1;
    };
    for (method, path) in [("GET", ASK), ("POST", requests)] {
        for (what, proof) in bad_proofs(&system, tillid, &token, path, method) {
            let answer = caller.send(method, path, "DPoP", &[proof]).await;
            must_be_refused(what, &answer, "proof_invalid", "invalid_dpop_proof");
        }
        let answer = caller.send(method, path, "DPoP", &[]).await;
        must_be_refused("no proof", &answer, "proof_invalid", "invalid_dpop_proof");
        let answer = caller.send(method, path, "DPoP", &[proof(method, path), proof(method, path)]).await;
        must_be_refused("two proofs", &answer, "proof_invalid", "invalid_dpop_proof");
        let twice = proof(method, path);
        assert_ne!(
            caller.send(method, path, "DPoP", std::slice::from_ref(&twice)).await.status,
            401,
            "the first time"
        );
        let answer = caller.send(method, path, "DPoP", &[twice]).await;
        must_be_refused("a proof for the second time", &answer, "proof_invalid", "invalid_dpop_proof");
        let answer = caller.send(method, path, "Bearer", &[proof(method, path)]).await;
        must_be_refused("a bound token as bearer", &answer, "token_invalid", "invalid_token");
        // Tokens that do not hold, with a proof that belongs to them.
        let (message, signature) = token.rsplit_once('.').expect("a signature");
        let (head, body) = message.split_once('.').expect("two parts");
        let broken = |head: &str, body: &str, signature: &str| format!("{head}.{body}.{signature}");
        let unbound = with(part(&token, 1), "cnf", Value::Null);
        let head_with = |name: &str, value: Value| B64.encode(with(part(&token, 0), name, value).to_string());
        for (what, token) in [
            ("cut off", token[..token.len() - 2].to_owned()),
            ("without its binding", broken(head, &B64.encode(unbound.to_string()), signature)),
            ("alg none", broken(&head_with("alg", json!("none")), body, "")),
            ("HS256", broken(&head_with("alg", json!("HS256")), body, signature)),
            ("another kid", broken(&head_with("kid", json!("x")), body, signature)),
            ("its own key", broken(&head_with("jwk", system.bound.public()), body, signature)),
            ("typ of a mandate token", broken(&head_with("typ", json!("mandate+jwt")), body, signature)),
            ("signed by the client", system.bound.sign(&part(&token, 0), &part(&token, 1))),
            ("random", once()),
        ] {
            let proof = system.proof(tillid, method, path, Some(&token));
            let answer = Caller { tillid, token }.send(method, path, "DPoP", &[proof]).await;
            must_be_refused(what, &answer, "token_invalid", "invalid_token");
        }
        let anna = door.token("anna").await;
        let proof = system.proof(tillid, method, path, Some(&anna));
        let answer = Caller { tillid, token: anna }.send(method, path, "DPoP", &[proof]).await;
        must_be_refused("a token that is not bound", &answer, "token_invalid", "invalid_token");
    }
    println!("{refused} bound tokens refused");

    // A proof at the token endpoint is used once too, on whichever node: its use stands in the database.
    let proof = system.proof(tillid, "POST", "/oauth2/token", None);
    let form = || vec![("grant_type", "client_credentials".to_owned())];
    system.ask_with(tillid, form(), &[("dpop", &proof)]).await.expect(200);
    let used = "SELECT COUNT(*) FROM used_token WHERE issuer = 'dpop'";
    let count = tillid.administrator().await.count(used).await;
    for headers in [vec![("dpop", proof.as_str())], vec![], vec![("dpop", "x")]] {
        let answer = system.ask_with(tillid, form(), &headers).await;
        assert_eq!(error(&answer), (400, "invalid_dpop_proof".to_owned(), String::new()));
    }
    assert_eq!(tillid.administrator().await.count(used).await, count);
    assert!(count >= 4, "the tokens' own and the changes': {count}");
    assert!(facts().await == before, "something changed");
    let log = tillid.log();
    for secret in token.split('.').chain(proof.split('.')) {
        assert!(!log.contains(secret), "a part of a token or proof stands in the log");
    }

    // Another process that has seen nothing of it refuses what was used up: here the same one, started anew.
    let (asked, change) = (
        system.proof(tillid, "POST", "/oauth2/token", None),
        system.proof(tillid, "POST", requests, Some(&token)),
    );
    system.ask_with(tillid, form(), &[("dpop", &asked)]).await.expect(200);
    caller.send("POST", requests, "DPoP", std::slice::from_ref(&change)).await.expect(404);
    let again = door.tillid.again();
    let answer = system.ask_with(&again, form(), &[("dpop", &asked)]).await;
    assert_eq!(error(&answer).1, "invalid_dpop_proof");
    let caller = Caller { tillid: &again, token };
    let answer = caller.send("POST", requests, "DPoP", &[change]).await;
    assert_eq!((answer.status.as_u16(), answer.code().as_str()), (401, "proof_invalid"));
    let new = system.proof(&again, "POST", requests, Some(&caller.token));
    caller.send("POST", requests, "DPoP", &[new]).await.expect(404);
}

/// DER of what of a certificate is looked at: its times, and a name that tells it from others.
fn certificate(name: &str, from: &str, to: &str) -> String {
    fn tlv(tag: u8, contents: &[u8]) -> Vec<u8> {
        let length = u8::try_from(contents.len()).expect("short");
        let head = if length < 0x80 { vec![tag, length] } else { vec![tag, 0x81, length] };
        [head, contents.to_vec()].concat()
    }
    let times = [tlv(0x17, from.as_bytes()), tlv(0x17, to.as_bytes())].concat();
    let algorithm = tlv(0x30, &tlv(0x06, &[0x2b, 0x65, 0x70]));
    let tbs = [tlv(0x02, &[1]), algorithm.clone(), tlv(0x30, name.as_bytes()), tlv(0x30, &times)].concat();
    let der = tlv(0x30, &[tlv(0x30, &tbs), algorithm].concat());
    format!(":{}:", STANDARD.encode(der))
}

async fn s22_a_token_is_bound_to_the_certificate_that_our_proxy_tells_of(engine: Engine) {
    // This test speaks as the proxy does: from an address that is believed.
    let door = Door::of(Tillid::demo_with(engine, &["--client-cert-from", "127.0.0.1"]).await).await;
    let tillid = &door.tillid;
    let system =
        System::registered(&door, "connected", json!({"scope": "decide", "token_binding": "mutual_tls"}))
            .await;
    let own = certificate("own", "260101000000Z", "491231235959Z");
    let other = certificate("other", "260101000000Z", "491231235959Z");
    let over = certificate("own", "200101000000Z", "201231235959Z");
    let form = || vec![("grant_type", "client_credentials".to_owned())];
    let token = system.ask_with(tillid, form(), &[("client-cert", &own)]).await.expect(200);
    assert_eq!(token.json()["token_type"], "Bearer");
    let token = text(&token, "access_token");
    let der = STANDARD.decode(own.trim_matches(':')).expect("base64");
    assert_eq!(part(&token, 1)["cnf"], json!({"x5t#S256": B64.encode(Digest::of(&der).as_bytes())}));
    for (what, headers) in [("none", vec![]), ("one that is over", vec![("client-cert", over.as_str())])] {
        let answer = system.ask_with(tillid, form(), &headers).await;
        assert_eq!(error(&answer).1, "invalid_request", "{what}");
    }
    let ask = async |headers: &[(&str, &str)], scheme: &str| {
        let mut ask = tillid.get(ASK).header("authorization", &format!("{scheme} {token}"));
        for (name, value) in headers {
            ask = ask.header(name, value);
        }
        let answer = ask.send().await;
        (answer.status.as_u16(), answer.code())
    };
    let certificate = |value| [("client-cert", value)];
    assert_eq!(ask(&certificate(own.as_str()), "Bearer").await, (403, "lookup_missing".to_owned()));
    for (what, headers) in
        [("none", &[][..]), ("another", &certificate(other.as_str())), ("over", &certificate(over.as_str()))]
    {
        assert_eq!(ask(headers, "Bearer").await, (401, "token_invalid".to_owned()), "{what}");
    }
    assert_eq!(ask(&certificate(own.as_str()), "DPoP").await, (401, "token_invalid".to_owned()));
    for bad in [":AAAA:", "x", &own[1..], &format!("{own}, {own}")] {
        assert_eq!(ask(&certificate(bad), "Bearer").await, (400, "client_certificate".to_owned()), "{bad}");
    }

    // Anybody else who tells of a certificate is refused, whatever they ask.
    let stranger = Door::open(engine).await;
    for path in [ASK, LIST, "/oauth2/jwks", "/"] {
        for name in ["client-cert", "client-cert-chain"] {
            let answer = stranger.tillid.get(path).header(name, &own).send().await;
            assert_eq!(
                (answer.status.as_u16(), answer.code().as_str()),
                (400, "client_certificate"),
                "{path}"
            );
        }
    }
}
