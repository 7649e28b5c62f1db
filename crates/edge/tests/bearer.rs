//! Tokens that hold and tokens that do not. Each bad one differs from a good one in a single thing.
#![expect(clippy::unwrap_used, clippy::indexing_slicing, reason = "a test may stop")]

use aws_lc_rs::signature::{
    ECDSA_P256_SHA256_FIXED_SIGNING, EcdsaKeyPair, Ed25519KeyPair, KeyPair as _, RsaKeyPair,
};
use aws_lc_rs::{encoding::AsDer as _, rsa::KeySize};
use base64::{Engine as _, engine::general_purpose::URL_SAFE_NO_PAD};
use http::{HeaderMap, HeaderValue, header};
use jsonwebtoken::{Algorithm, EncodingKey, jwk::JwkSet};
use serde_json::{Value, json};
use std::{collections::BTreeMap, sync::LazyLock};
use tillid_domain::{
    Instant,
    actor::{Assurance, Purpose, Role, Sensitivity},
};
use tillid_edge::{Issuer, PrincipalKind, SpeaksFor, TokenRefusal, Verifier, VerifierError, bearer_token};

const NOW: i64 = 1_800_000_000;
const ISSUER: &str = "https://broker.example";
const AUDIENCE: &str = "https://tillid.example";
const AUTHORITY: &str = "64942212";
const EMPLOYEE: &str = "00000000-0000-0000-0000-000000000007";

struct Signer {
    key: EncodingKey,
    algorithm: Algorithm,
    jwk: Value,
}

fn b64(bytes: impl AsRef<[u8]>) -> String {
    URL_SAFE_NO_PAD.encode(bytes)
}

fn es256(kid: &str) -> Signer {
    let pair = EcdsaKeyPair::generate(&ECDSA_P256_SHA256_FIXED_SIGNING).unwrap();
    let point = pair.public_key().as_ref();
    let jwk = json!({"kty": "EC", "crv": "P-256", "kid": kid, "use": "sig", "alg": "ES256", "x": b64(&point[1..33]), "y": b64(&point[33..])});
    let key = EncodingKey::from_ec_der(pair.to_pkcs8v1().unwrap().as_ref());
    Signer { key, algorithm: Algorithm::ES256, jwk }
}

fn ed25519(kid: &str) -> Signer {
    let pair = Ed25519KeyPair::generate().unwrap();
    let jwk = json!({"kty": "OKP", "crv": "Ed25519", "kid": kid, "x": b64(pair.public_key())});
    let key = EncodingKey::from_ed_der(pair.to_pkcs8v1().unwrap().as_ref());
    Signer { key, algorithm: Algorithm::EdDSA, jwk }
}

fn rsa(kid: &str, algorithm: Algorithm) -> Signer {
    let pair = RsaKeyPair::generate(KeySize::Rsa2048).unwrap();
    let (n, e) = (pair.public_key().modulus(), pair.public_key().exponent());
    let strip = |bytes: &[u8]| b64(bytes.iter().copied().skip_while(|b| *b == 0).collect::<Vec<u8>>());
    let jwk = json!({"kty": "RSA", "kid": kid, "n": strip(n.big_endian_without_leading_zero()), "e": strip(e.big_endian_without_leading_zero())});
    let pkcs8: aws_lc_rs::encoding::Pkcs8V1Der<'_> = pair.as_der().unwrap();
    // `jsonwebtoken` takes what stands inside of the PKCS#8 of an RSA key: its header is 26 bytes for 2048 bits.
    let key = EncodingKey::from_rsa_der(&pkcs8.as_ref()[26..]);
    Signer { key, algorithm, jwk }
}

struct World {
    ec: Signer,
    ed: Signer,
    rsa: Signer,
    stranger: Signer,
    verifier: Verifier,
}

static WORLD: LazyLock<World> = LazyLock::new(|| {
    let (ec, ed, rsa) = (es256("ec"), ed25519("ed"), rsa("rsa", Algorithm::PS256));
    let stranger = es256("ec");
    let municipal = Issuer {
        issuer: "https://kommune.example".to_owned(),
        speaks_for: SpeaksFor::Authorities([AUTHORITY.parse().unwrap()].into()),
        ..issuer(&[&ed])
    };
    let verifier = Verifier::new(vec![issuer(&[&ec, &ed, &rsa]), municipal]).unwrap();
    World { ec, ed, rsa, stranger, verifier }
});

fn issuer(signers: &[&Signer]) -> Issuer {
    let keys: Vec<&Value> = signers.iter().map(|signer| &signer.jwk).collect();
    with_keys(json!({ "keys": keys }))
}

fn with_keys(set: Value) -> Issuer {
    let keys: JwkSet = serde_json::from_value(set).unwrap();
    let roles =
        BTreeMap::from([("sagsbehandler".to_owned(), Role::Caseworker), ("läs".to_owned(), Role::Reader)]);
    Issuer {
        issuer: ISSUER.to_owned(),
        audience: AUDIENCE.to_owned(),
        keys,
        roles,
        speaks_for: SpeaksFor::Everyone,
        citizens_issuer: None,
    }
}

fn head(signer: &Signer) -> Value {
    json!({"typ": "at+jwt", "alg": signer.algorithm, "kid": signer.jwk["kid"]})
}

fn citizen() -> Value {
    json!({
        "iss": ISSUER, "aud": AUDIENCE, "sub": "anna", "client_id": "web", "jti": "1", "iat": NOW - 10, "exp": NOW + 300,
        "identity_type": "private", "acr": "https://data.gov.dk/concept/core/nsis/loa/Substantial", "auth_time": NOW - 20,
    })
}

fn employee() -> Value {
    with(
        citizen(),
        &json!({
            "identity_type": "professional", "sub": EMPLOYEE, "cvr": AUTHORITY, "person": "hans",
            "roles": ["ukendt", "sagsbehandler", "sagsbehandler"], "kle": ["27.*", "15.17.06"], "sensitivity": "special",
        }),
    )
}

fn system() -> Value {
    with(
        citizen(),
        &json!({
            "identity_type": "system", "sub": "fagsystem", "client_id": "fagsystem", "cvr": AUTHORITY,
            "purposes": ["automated_step"], "acr": null, "auth_time": null,
        }),
    )
}

/// The object with these members; `null` takes one away.
fn with(mut object: Value, changes: &Value) -> Value {
    for (name, value) in changes.as_object().unwrap() {
        let members = object.as_object_mut().unwrap();
        if value.is_null() {
            members.remove(name);
        } else {
            members.insert(name.clone(), value.clone());
        }
    }
    object
}

fn sign_text(signer: &Signer, head: &str, claims: &str) -> String {
    let message = format!("{}.{}", b64(head), b64(claims));
    let signature = jsonwebtoken::crypto::sign(message.as_bytes(), &signer.key, signer.algorithm).unwrap();
    format!("{message}.{signature}")
}

fn sign(signer: &Signer, claims: &Value) -> String {
    sign_text(signer, &head(signer).to_string(), &claims.to_string())
}

fn at(seconds: i64) -> Instant {
    Instant::from_micros(seconds * 1_000_000)
}

fn refusal(token: &str) -> TokenRefusal {
    WORLD.verifier.verify(token, at(NOW)).unwrap_err()
}

fn refused_claims(changes: &Value) -> TokenRefusal {
    refusal(&sign(&WORLD.ec, &with(citizen(), changes)))
}

fn refused_head(changes: &Value) -> TokenRefusal {
    let head = with(head(&WORLD.ec), changes);
    refusal(&sign_text(&WORLD.ec, &head.to_string(), &citizen().to_string()))
}

#[test]
fn a_citizen_is_known_by_issuer_and_login() {
    let pkcs1 =
        Signer { key: WORLD.rsa.key.clone(), algorithm: Algorithm::RS256, jwk: WORLD.rsa.jwk.clone() };
    for signer in [&WORLD.ec, &WORLD.ed, &WORLD.rsa, &pkcs1] {
        let principal = WORLD.verifier.verify(&sign(signer, &citizen()), at(NOW)).unwrap();
        let (issuer, login) = (ISSUER.parse().unwrap(), "anna".parse().unwrap());
        assert_eq!(principal.kind, PrincipalKind::Citizen { issuer, login, acting_for: None, number: None });
        assert_eq!(
            (principal.assurance, principal.authenticated_at),
            (Assurance::Substantial, Some(at(NOW - 20)))
        );
    }
    let unsaid = with(citizen(), &json!({"acr": null, "aud": ["https://other.example", AUDIENCE]}));
    assert_eq!(WORLD.verifier.verify(&sign(&WORLD.ec, &unsaid), at(NOW)).unwrap().assurance, Assurance::Low);
}

#[test]
fn who_acts_for_another_is_the_actor_and_not_the_subject() {
    let act =
        |act: Value| WORLD.verifier.verify(&sign(&WORLD.ec, &with(citizen(), &json!({"act": act}))), at(NOW));
    let principal = act(json!({"sub": "bo", "iss": ISSUER})).unwrap();
    let (issuer, login) = (ISSUER.parse().unwrap(), "bo".parse().unwrap());
    assert_eq!(
        principal.kind,
        PrincipalKind::Citizen { issuer, login, acting_for: "anna".parse().ok(), number: None }
    );
    assert_eq!(principal.kind.name(), "representative");
    for bad in [
        json!({}),
        json!("bo"),
        json!({"sub": 1}),
        json!({"sub": "anna"}),
        json!({"sub": "bo", "act": {"sub": "clara"}}),
        json!({"sub": "bo", "iss": "https://other.example"}),
    ] {
        assert_eq!(act(bad.clone()), Err(TokenRefusal::Claim("act")), "{bad}");
    }
    let staff = with(employee(), &json!({"act": {"sub": "bo"}}));
    assert_eq!(refusal(&sign(&WORLD.ec, &staff)), TokenRefusal::Claim("act"));
}

#[test]
fn an_employee_has_the_roles_that_the_configuration_knows() {
    let principal = WORLD.verifier.verify(&sign(&WORLD.ec, &employee()), at(NOW)).unwrap();
    assert_eq!(
        principal.kind,
        PrincipalKind::Employee {
            id: EMPLOYEE.parse().unwrap(),
            person: "hans".parse().ok(),
            issuer: ISSUER.parse().unwrap(),
            authority: AUTHORITY.parse().unwrap(),
            of_everybody: true,
            roles: vec![Role::Caseworker],
            kle: vec!["27.*".parse().unwrap(), "15.17.06".parse().unwrap()],
            sensitivity: Sensitivity::Special,
        }
    );
    for (changes, claim) in [
        (json!({"sub": "hans"}), "sub"),
        (json!({"cvr": "12345678"}), "cvr"),
        (json!({"cvr": null}), "cvr"),
        (json!({"kle": ["x"]}), "kle"),
        (json!({"roles": "sagsbehandler"}), "roles"),
        (json!({"sensitivity": "all"}), "sensitivity"),
        (json!({"person": ""}), "person"),
    ] {
        assert_eq!(refusal(&sign(&WORLD.ec, &with(employee(), &changes))), TokenRefusal::Claim(claim));
    }
}

#[test]
fn a_system_is_its_client() {
    let principal = WORLD.verifier.verify(&sign(&WORLD.ec, &system()), at(NOW)).unwrap();
    let (client, authority) = ("fagsystem".parse().unwrap(), AUTHORITY.parse().unwrap());
    assert_eq!(
        principal.kind,
        PrincipalKind::System {
            client,
            authority,
            purposes: vec![Purpose::AutomatedStep],
            scopes: Vec::new()
        }
    );
    assert_eq!((principal.assurance, principal.authenticated_at), (Assurance::High, None));
    for (changes, claim) in [
        (json!({"sub": "anna"}), "client_id"),
        (json!({"purposes": ["anything"]}), "purposes"),
        (json!({"cvr": null}), "cvr"),
    ] {
        assert_eq!(refusal(&sign(&WORLD.ec, &with(system(), &changes))), TokenRefusal::Claim(claim));
    }
}

#[test]
fn a_municipal_issuer_speaks_for_its_own_only() {
    let theirs = json!({"iss": "https://kommune.example"});
    let verify = |claims: Value| WORLD.verifier.verify(&sign(&WORLD.ed, &with(claims, &theirs)), at(NOW));
    assert!(verify(employee()).is_ok() && verify(system()).is_ok());
    assert_eq!(verify(citizen()), Err(TokenRefusal::NotTheirs));
    assert_eq!(verify(with(employee(), &json!({"cvr": "26769388"}))), Err(TokenRefusal::NotTheirs));
    assert_eq!(verify(with(system(), &json!({"cvr": "26769388"}))), Err(TokenRefusal::NotTheirs));
    // One issuer's key proves nothing of another issuer.
    assert_eq!(refusal(&sign(&WORLD.ec, &with(employee(), &theirs))), TokenRefusal::Key);
}

#[test]
fn what_is_no_token_is_refused() {
    let good = sign(&WORLD.ec, &citizen());
    let signature = good.rsplit('.').next().unwrap();
    for bad in [
        "",
        ".",
        "..",
        "...",
        "a.b.c",
        "é.é.é",
        &good[..good.len() - 5],
        &format!("{good}."),
        &format!("{good}="),
    ] {
        assert!(WORLD.verifier.verify(bad, at(NOW)).is_err(), "{bad}");
    }
    assert_eq!(refusal(&"a".repeat(64 * 1024)), TokenRefusal::TooLong);
    let twice = r#"{"iss":"https://broker.example","iss":"https://broker.example"}"#;
    assert_eq!(refusal(&sign_text(&WORLD.ec, &head(&WORLD.ec).to_string(), twice)), TokenRefusal::Malformed);
    assert_eq!(
        refusal(&sign_text(&WORLD.ec, r#"{"typ":"at+jwt","typ":"at+jwt"}"#, "{}")),
        TokenRefusal::Malformed
    );
    let other = with(citizen(), &json!({"sub": "bo"}));
    let swapped = format!("{}.{}.{signature}", b64(head(&WORLD.ec).to_string()), b64(other.to_string()));
    assert_eq!(refusal(&swapped), TokenRefusal::Signature);
    assert_eq!(refusal(&good.replace(signature, "")), TokenRefusal::Signature);
    assert_eq!(refusal(&sign(&WORLD.stranger, &citizen())), TokenRefusal::Signature);
}

#[test]
fn no_character_of_a_token_can_be_another() {
    let good = sign(&WORLD.ed, &citizen());
    let mut tried = 0;
    for place in 0..good.len() {
        for other in *b"AQgwz09-_.=+ " {
            let mut bytes = good.clone().into_bytes();
            if std::mem::replace(&mut bytes[place], other) != other {
                let token = String::from_utf8(bytes).unwrap();
                assert!(WORLD.verifier.verify(&token, at(NOW)).is_err(), "{place} {other}");
                tried += 1;
            }
        }
    }
    assert!(tried > 5_000, "{tried}");
}

#[test]
fn the_header_decides_nothing_but_which_of_the_known_keys_it_is() {
    for kind in [
        json!(null),
        json!("JWT"),
        json!("jwt"),
        json!("id+jwt"),
        json!("logout+jwt"),
        json!("at+jwt "),
        json!(1),
    ] {
        assert_eq!(refused_head(&json!({"typ": kind})), TokenRefusal::Type, "{kind}");
    }
    for alg in ["none", "None", "", "HS256", "HS512", "ES384", "RS512", "es256"] {
        assert_eq!(refused_head(&json!({"alg": alg})), TokenRefusal::Algorithm, "{alg}");
    }
    for alg in ["RS256", "PS256", "EdDSA"] {
        assert_eq!(refused_head(&json!({"alg": alg})), TokenRefusal::Algorithm, "not the key's: {alg}");
    }
    for kid in [json!(null), json!(""), json!("EC"), json!("nobody"), json!(1), json!(["ec"])] {
        assert_eq!(refused_head(&json!({"kid": kid})), TokenRefusal::Key, "{kid}");
    }
    assert_eq!(refused_head(&json!({"kid": "ed"})), TokenRefusal::Algorithm);
    for (name, value) in [
        ("jku", json!("https://evil.example/jwks")),
        ("jwk", WORLD.stranger.jwk.clone()),
        ("x5u", json!("https://evil.example/x")),
        ("x5c", json!(["MIIB"])),
        ("crit", json!(["exp"])),
        ("crit", json!([])),
    ] {
        assert_eq!(refused_head(&json!({ name: value })), TokenRefusal::HeaderField, "{name}");
    }
    let spelled = with(head(&WORLD.ec), &json!({"typ": "Application/AT+JWT"})).to_string();
    assert!(WORLD.verifier.verify(&sign_text(&WORLD.ec, &spelled, &citizen().to_string()), at(NOW)).is_ok());
}

#[test]
fn an_rsa_key_is_no_secret_to_sign_with() {
    let modulus = URL_SAFE_NO_PAD.decode(WORLD.rsa.jwk["n"].as_str().unwrap()).unwrap();
    let forger = Signer {
        key: EncodingKey::from_secret(&modulus),
        algorithm: Algorithm::HS256,
        jwk: json!({"kid": "rsa"}),
    };
    assert_eq!(refusal(&sign(&forger, &citizen())), TokenRefusal::Algorithm);
    let disguised = with(head(&forger), &json!({"alg": "RS256"}));
    assert_eq!(
        refusal(&sign_text(&forger, &disguised.to_string(), &citizen().to_string())),
        TokenRefusal::Signature
    );
}

#[test]
fn every_claim_that_rfc_9068_requires_is_required() {
    for claim in ["iss", "exp", "aud", "sub", "client_id", "iat", "jti", "identity_type"] {
        for bad in [json!(null), json!({}), json!("")] {
            let refused = refused_claims(&json!({ claim: bad }));
            let expected = [TokenRefusal::Claim(claim), TokenRefusal::Audience, TokenRefusal::Issuer];
            assert!(expected.contains(&refused), "{claim}: {refused}");
        }
    }
    for iss in ["https://broker.example/", "https://BROKER.example", "https://evil.example"] {
        assert_eq!(refused_claims(&json!({"iss": iss})), TokenRefusal::Issuer);
    }
    for aud in [json!("https://tillid.example/"), json!([]), json!(["a", 1]), json!("https://tillid.exampl")]
    {
        assert_eq!(refused_claims(&json!({"aud": aud})), TokenRefusal::Audience, "{aud}");
    }
    for (name, value) in [
        ("exp", json!("1800000300")),
        ("exp", json!(-1)),
        ("exp", json!(1e18)),
        ("iat", json!(true)),
        ("nbf", json!("x")),
        ("auth_time", json!("x")),
        ("acr", json!(3)),
        ("identity_type", json!("operator")),
    ] {
        assert_eq!(refused_claims(&json!({ name: value })), TokenRefusal::Claim(name));
    }
}

#[test]
fn a_token_holds_from_its_start_to_its_end() {
    let verify =
        |changes: Value| WORLD.verifier.verify(&sign(&WORLD.ec, &with(citizen(), &changes)), at(NOW)).err();
    assert_eq!(verify(json!({"exp": NOW - 29})), None);
    assert_eq!(verify(json!({"exp": NOW - 30})), Some(TokenRefusal::Expired));
    assert_eq!(verify(json!({"nbf": NOW + 30})), None);
    assert_eq!(verify(json!({"nbf": NOW + 31})), Some(TokenRefusal::NotYet));
    assert_eq!(verify(json!({"iat": NOW + 60})), None);
    assert_eq!(verify(json!({"iat": NOW + 61})), Some(TokenRefusal::NotYet));
    assert_eq!(verify(json!({"auth_time": NOW + 61})), Some(TokenRefusal::NotYet));
    assert_eq!(verify(json!({"exp": 1_800_000_300.5})), None);
}

#[test]
fn a_verifier_that_would_leave_a_check_out_is_not_made() {
    let refused = |issuer: Issuer| Verifier::new(vec![issuer]).err();
    let name = || ISSUER.to_owned();
    let good = || issuer(&[&WORLD.ec]);
    let keys = |keys: Value| with_keys(json!({ "keys": keys }));
    let ec = |changes: Value| with(WORLD.ec.jwk.clone(), &changes);
    assert_eq!(refused(good()), None);
    assert_eq!(refused(Issuer { issuer: String::new(), ..good() }), Some(VerifierError::NoIssuer));
    assert_eq!(
        refused(Issuer { audience: String::new(), ..good() }),
        Some(VerifierError::NoAudience(name()))
    );
    assert_eq!(refused(keys(json!([]))), Some(VerifierError::NoKeys(name())));
    assert_eq!(refused(keys(json!([ec(json!({"use": "enc"}))]))), Some(VerifierError::NoKeys(name())));
    assert_eq!(
        refused(keys(json!([{"kty": "oct", "k": "c2VjcmV0"}]))),
        Some(VerifierError::SymmetricKey(name()))
    );
    for bad in [
        ec(json!({"alg": "ES384"})),
        ec(json!({"alg": "FOO"})),
        ec(json!({"crv": "P-384"})),
        ec(json!({"x": "AA"})),
    ] {
        assert_eq!(refused(keys(json!([bad]))), Some(VerifierError::UnusableKey(name())), "{bad}");
    }
    let (one, two) = (ec(json!({})), ec(json!({"kid": null})));
    assert_eq!(refused(keys(json!([one, one]))), Some(VerifierError::AmbiguousKeys(name())));
    assert_eq!(refused(keys(json!([one, two]))), Some(VerifierError::AmbiguousKeys(name())));
    assert_eq!(Verifier::new(vec![good(), good()]).err(), Some(VerifierError::IssuerTwice(name())));

    let single = Verifier::new(vec![keys(json!([two]))]).unwrap();
    let unnamed = with(head(&WORLD.ec), &json!({"kid": null})).to_string();
    assert!(single.verify(&sign_text(&WORLD.ec, &unnamed, &citizen().to_string()), at(NOW)).is_ok());
}

#[test]
fn the_token_is_had_from_one_header_only() {
    let read = |lines: &[&'static str]| {
        let mut headers = HeaderMap::new();
        for line in lines {
            headers.append(header::AUTHORIZATION, HeaderValue::from_static(line));
        }
        bearer_token(&headers).map(str::to_owned).map_err(|problem| problem.code())
    };
    assert_eq!(read(&["Bearer a.b-c_~+/="]), Ok("a.b-c_~+/=".to_owned()));
    assert_eq!(read(&["bEARER  x"]), Ok("x".to_owned()));
    for none in [&[][..], &["Basic eDp5"], &["Bearerx"], &["DPoP x"], &[""]] {
        assert_eq!(read(none), Err("token_missing"), "{none:?}");
    }
    for bad in [&["Bearer"][..], &["Bearer "], &["Bearer a b"], &["Bearer a,b"], &["Bearer x", "Bearer x"]] {
        assert_eq!(read(bad), Err("token_invalid"), "{bad:?}");
    }
}

#[test]
fn a_token_that_is_known_is_answered_like_one_that_is_not() {
    let tokens = [
        sign(&WORLD.ec, &citizen()),
        sign(&WORLD.ed, &employee()),
        sign(&WORLD.rsa, &system()),
        sign(&WORLD.ec, &with(citizen(), &json!({"nbf": NOW + 100, "exp": NOW + 200}))),
        sign(&WORLD.ec, &with(citizen(), &json!({"iat": NOW + 400, "exp": NOW + 900}))),
        sign(&WORLD.ec, &with(citizen(), &json!({"auth_time": NOW + 400, "exp": NOW + 900}))),
        sign(&WORLD.stranger, &citizen()),
        sign(&WORLD.ec, &with(citizen(), &json!({"aud": "https://other.example"}))),
        sign(&WORLD.ec, &with(citizen(), &json!({"sub": null}))),
    ];
    let fresh = || Verifier::new(vec![issuer(&[&WORLD.ec, &WORLD.ed, &WORLD.rsa])]).unwrap();
    let known = fresh();
    let (mut held, mut refused) = (0, 0);
    // Forwards and back, so that each token is known at moments at which it does not hold yet, and at which it no longer does.
    let moments: Vec<i64> = (-80..=100).map(|step| step * 11).collect();
    for seconds in moments.iter().chain(moments.iter().rev()) {
        for token in &tokens {
            let now = at(NOW + seconds);
            let answer = known.verify(token, now);
            assert_eq!(answer, fresh().verify(token, now), "{seconds}");
            *(if answer.is_ok() { &mut held } else { &mut refused }) += 1;
        }
    }
    assert!(held > 300 && refused > 300, "{held} {refused}");
}

#[test]
fn what_a_token_is_bound_to_is_told() {
    let thumbprint = "0ZcOCORZNYy-DWpqq30jZyJGHTN0d2HglBV3uiguA4I";
    let bound =
        |cnf: Value| WORLD.verifier.verify(&sign(&WORLD.ec, &with(citizen(), &json!({"cnf": cnf}))), at(NOW));
    let key = bound(json!({"jkt": thumbprint})).unwrap().bound_to.unwrap();
    assert_eq!(key.claim(), json!({"jkt": thumbprint}));
    let certificate = bound(json!({"x5t#S256": thumbprint})).unwrap().bound_to.unwrap();
    assert_eq!(certificate.claim(), json!({"x5t#S256": thumbprint}));
    for cnf in [json!({}), json!({"jwk": {}}), json!({"jkt": ""}), json!("x")] {
        assert_eq!(bound(cnf.clone()).unwrap_err(), TokenRefusal::Claim("cnf"), "{cnf}");
    }
    assert_eq!(WORLD.verifier.verify(&sign(&WORLD.ec, &citizen()), at(NOW)).unwrap().bound_to, None);
}

#[test]
fn who_acts_through_a_system_is_a_person_of_ours_by_our_own_word_alone() {
    const GRANTOR: &str = "01890000-0000-7000-8000-000000000001";
    let ours = Issuer { issuer: AUDIENCE.to_owned(), ..issuer(&[&WORLD.ed]) };
    let verifier = Verifier::new(vec![issuer(&[&WORLD.ec]), ours]).unwrap();
    let privilege = "urn:dk:tillid:fuldmagt:samtykke:samtykke:laes";
    let claims = with(
        citizen(),
        &json!({
            "iss": AUDIENCE, "sub": GRANTOR, "client_id": "fagsystem", "act": {"sub": "bo", "iss": ISSUER},
            "authorization_details": [{"type": "dk_mandate", "identifier": GRANTOR, "privileges": [privilege]}],
        }),
    );
    let verified = |claims: &Value| verifier.verify(&sign(&WORLD.ed, claims), at(NOW));
    let principal = verified(&claims).unwrap();
    assert_eq!(principal.kind.name(), "representative");
    let PrincipalKind::Representative { issuer, login, at_work, grantor, mandate, through } = principal.kind
    else {
        panic!()
    };
    assert_eq!((issuer.as_str(), login.as_str(), grantor.to_string().as_str()), (ISSUER, "bo", GRANTOR));
    assert_eq!((at_work, mandate.to_string().as_str()), (None, GRANTOR));
    assert_eq!((through.client.as_str(), through.privileges.len()), ("fagsystem", 1));
    for changes in [
        json!({"act": null}),
        json!({"act": {"sub": "bo"}}),
        json!({"act": {"iss": ISSUER}}),
        json!({"act": {"sub": "bo", "iss": ISSUER, "act": {"sub": "erik"}}}),
        json!({"sub": "anna"}),
        json!({"client_id": null}),
        json!({"authorization_details": null}),
        json!({"authorization_details": []}),
        json!({"authorization_details": [{"type": "other", "identifier": GRANTOR}]}),
        json!({"typ": null, "identity_type": "professional"}),
        json!({"act": {"sub": "bo", "iss": ISSUER, "cvr": "99482001"}}),
        json!({"identity_type": "professional", "act": {"sub": "bo", "iss": ISSUER, "cvr": "1"}}),
    ] {
        assert!(verified(&with(claims.clone(), &changes)).is_err(), "{changes}");
    }
    // R-37: at work, the organisation stands beside whoever acts.
    let act = json!({"sub": "bo", "iss": ISSUER, "cvr": "99482001"});
    let professional = with(claims.clone(), &json!({"identity_type": "professional", "act": act}));
    let kind = verified(&professional).unwrap().kind;
    assert!(
        matches!(kind, PrincipalKind::Representative { at_work: Some(cvr), .. } if cvr.to_string() == "99482001")
    );
    // Another issuer's word is about its own logins.
    let theirs = with(claims, &json!({"iss": ISSUER}));
    let kind = verifier.verify(&sign(&WORLD.ec, &theirs), at(NOW)).map(|principal| principal.kind);
    assert!(matches!(kind, Ok(PrincipalKind::Citizen { .. })), "{kind:?}");
}

#[test]
fn a_broker_may_tell_a_citizens_number_and_a_bad_one_is_no_token() {
    let number = |cpr: &str| {
        let mut claims = citizen();
        claims["cpr"] = json!(cpr);
        WORLD.verifier.verify(&sign(&WORLD.ec, &claims), at(NOW))
    };
    let told = number("6702451236").unwrap().kind;
    assert!(matches!(told, PrincipalKind::Citizen { number: Some(number), .. } if number.is_replacement()));
    assert_eq!(number("1234"), Err(TokenRefusal::Claim("cpr")));
}
