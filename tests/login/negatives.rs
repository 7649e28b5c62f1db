//! Each thing that a provider can do wrong is refused, for its own reason: named after the OpenID Foundation's relying-party
//! tests (`oidcc-client-test-...`) where there is one.

use crate::{
    provider::{
        Algorithm, Misbehaviour as Wrong, Person, Tenant,
        person::{ELSEWHERE, NABO},
    },
    scene::Scene,
};
use std::collections::BTreeSet;
use tillid_testkit::Engine;

/// A name, what is wrong, the code of the page, and what the log says of it.
type Case = (&'static str, Wrong, &'static str, &'static str);

const AWAY: &str = "provider_unavailable";
const UNKNOWN: &str = "login_unknown";
const NOT_ACCEPTED: &str = "login_not_accepted";

const CASES: &[Case] = &[
    // What the provider says of itself.
    (
        "discovery-issuer-mismatch",
        Wrong::IssuerOfAnother,
        AWAY,
        "discovery: the issuer is not the one that is configured",
    ),
    (
        "discovery-http-endpoint",
        Wrong::TokenEndpointWithoutTls,
        AWAY,
        "discovery: the address of token_endpoint is missing or not safe",
    ),
    (
        "discovery-http-jwks",
        Wrong::JwksWithoutTls,
        AWAY,
        "discovery: the address of jwks_uri is missing or not safe",
    ),
    (
        "discovery-no-authorization-endpoint",
        Wrong::AuthorizationEndpointMissing,
        AWAY,
        "discovery: not a metadata document",
    ),
    ("discovery-not-json", Wrong::MetadataNotJson, AWAY, "discovery: not a metadata document"),
    ("discovery-huge", Wrong::MetadataHuge, AWAY, "the provider's answer is too large"),
    ("discovery-no-pkce", Wrong::NoPkce, AWAY, "discovery: PKCE with S256 is not offered"),
    ("jwks-not-json", Wrong::KeysNotJson, AWAY, "keys: status 200, or not a key set"),
    ("jwks-empty", Wrong::NoKeys, NOT_ACCEPTED, "id token: key not known"),
    // The pushed authorization request.
    (
        "par-refused",
        Wrong::PushRefused,
        AWAY,
        "pushed authorization request: status 403, or without request_uri",
    ),
    (
        "par-without-name",
        Wrong::PushWithoutName,
        AWAY,
        "pushed authorization request: status 201, or without request_uri",
    ),
    // The authorization response.
    (
        "remove-authorization-response-iss",
        Wrong::ResponseWithoutIss,
        NOT_ACCEPTED,
        "callback: iss is missing, which this provider promised",
    ),
    (
        "invalid-authorization-response-iss",
        Wrong::ResponseIssOfAnother,
        NOT_ACCEPTED,
        "callback: iss is another issuer's",
    ),
    (
        "missing-state",
        Wrong::ResponseWithoutState,
        UNKNOWN,
        "callback: a parameter is missing or there twice",
    ),
    (
        "invalid-state",
        Wrong::StateOfNobody,
        UNKNOWN,
        "callback: the state is not one that began here, or was used or is too old",
    ),
    ("state-twice", Wrong::StateTwice, UNKNOWN, "callback: a parameter is missing or there twice"),
    ("missing-code", Wrong::ResponseWithoutCode, UNKNOWN, "callback: a parameter is missing or there twice"),
    (
        "authorization-server-error",
        Wrong::ServerError,
        "login_refused",
        "callback: the provider refused: server_error",
    ),
    // The token response.
    ("token-error", Wrong::TokenError, NOT_ACCEPTED, "token endpoint: status 400"),
    ("token-type-mac", Wrong::TokenTypeMac, NOT_ACCEPTED, "token endpoint: the token type is not Bearer"),
    ("token-type-missing", Wrong::TokenTypeMissing, NOT_ACCEPTED, "token endpoint: not a token response"),
    ("token-not-json", Wrong::TokenNotJson, NOT_ACCEPTED, "token endpoint: not a token response"),
    ("token-huge", Wrong::TokenHuge, AWAY, "the provider's answer is too large"),
    ("token-slow", Wrong::TokenSlow, AWAY, "the provider cannot be reached"),
    ("token-redirects", Wrong::TokenRedirects, NOT_ACCEPTED, "token endpoint: status 307"),
    ("token-without-id-token", Wrong::NoIdToken, NOT_ACCEPTED, "token endpoint: not a token response"),
    (
        "token-without-access-token",
        Wrong::NoAccessToken,
        NOT_ACCEPTED,
        "token endpoint: not a token response",
    ),
    // The ID token's claims.
    ("invalid-iss", Wrong::InvalidIss, NOT_ACCEPTED, "id token: issuer not configured"),
    ("missing-iss", Wrong::MissingIss, NOT_ACCEPTED, "id token: claim iss missing or invalid"),
    ("invalid-aud", Wrong::InvalidAud, NOT_ACCEPTED, "id token: for another audience"),
    ("missing-aud", Wrong::MissingAud, NOT_ACCEPTED, "id token: claim aud missing or invalid"),
    ("secondary-aud", Wrong::SecondaryAud, NOT_ACCEPTED, "id token: azp is not us"),
    ("invalid-azp", Wrong::InvalidAzp, NOT_ACCEPTED, "id token: azp is not us"),
    ("invalid-azp-alone", Wrong::AzpOfAnotherAlone, NOT_ACCEPTED, "id token: azp is not us"),
    ("missing-sub", Wrong::MissingSub, NOT_ACCEPTED, "id token: claim sub missing or invalid"),
    ("empty-sub", Wrong::EmptySub, NOT_ACCEPTED, "id token: claim sub missing or invalid"),
    ("missing-iat", Wrong::MissingIat, NOT_ACCEPTED, "id token: claim iat missing or invalid"),
    ("old-iat", Wrong::OldIat, NOT_ACCEPTED, "id token: issued too long ago"),
    ("future-iat", Wrong::FutureIat, NOT_ACCEPTED, "id token: not valid yet"),
    ("expired", Wrong::Expired, NOT_ACCEPTED, "id token: expired"),
    ("missing-exp", Wrong::MissingExp, NOT_ACCEPTED, "id token: claim exp missing or invalid"),
    ("future-nbf", Wrong::FutureNbf, NOT_ACCEPTED, "id token: not valid yet"),
    ("nonce-invalid", Wrong::InvalidNonce, NOT_ACCEPTED, "id token: the nonce is not ours"),
    ("missing-nonce", Wrong::MissingNonce, NOT_ACCEPTED, "id token: claim nonce missing or invalid"),
    ("invalid-athash", Wrong::InvalidAtHash, NOT_ACCEPTED, "id token: at_hash does not fit the access token"),
    (
        "missing-auth-time",
        Wrong::MissingAuthTime,
        NOT_ACCEPTED,
        "id token: claim auth_time missing or invalid",
    ),
    ("future-auth-time", Wrong::FutureAuthTime, NOT_ACCEPTED, "id token: not valid yet"),
    ("old-auth-time", Wrong::OldAuthTime, NOT_ACCEPTED, "id token: the user logged in too long ago"),
    ("low-acr", Wrong::LowAcr, "login_too_weak", "level: too low"),
    ("missing-acr", Wrong::MissingAcr, NOT_ACCEPTED, "level: no claim tells it"),
    ("unknown-acr", Wrong::UnknownAcr, NOT_ACCEPTED, "level: not a level that is known"),
    (
        "unknown-identity-type",
        Wrong::UnknownKindOfUser,
        NOT_ACCEPTED,
        "identity: claim identity_type missing or invalid",
    ),
    ("claim-twice", Wrong::ClaimTwice, NOT_ACCEPTED, "id token: not a token"),
    ("not-a-token", Wrong::NotAToken, NOT_ACCEPTED, "id token: not a token"),
    // The ID token's signature.
    ("idtoken-sig-none", Wrong::SignatureNone, NOT_ACCEPTED, "id token: algorithm not accepted"),
    (
        "idtoken-sig-none-under-rs256",
        Wrong::SignatureNoneUnderRealAlgorithm,
        NOT_ACCEPTED,
        "id token: signature does not verify",
    ),
    ("invalid-sig-hs256", Wrong::HmacWithClientSecret, NOT_ACCEPTED, "id token: algorithm not accepted"),
    (
        "invalid-sig-hs256-public-key",
        Wrong::HmacWithPublicKey,
        NOT_ACCEPTED,
        "id token: algorithm not accepted",
    ),
    (
        "alg-of-another-key-type",
        Wrong::AlgorithmOfAnotherKeyType,
        NOT_ACCEPTED,
        "id token: algorithm not accepted",
    ),
    ("alg-of-another-key", Wrong::AlgorithmOfAnotherKey, NOT_ACCEPTED, "id token: algorithm not accepted"),
    ("kid-absent-multiple-jwks", Wrong::NoKidAmongSeveral, NOT_ACCEPTED, "id token: key not known"),
    ("unknown-kid", Wrong::UnknownKid, NOT_ACCEPTED, "id token: key not known"),
    ("unpublished-key", Wrong::UnpublishedKey, NOT_ACCEPTED, "id token: signature does not verify"),
    ("encryption-key", Wrong::EncryptionKey, NOT_ACCEPTED, "id token: key not known"),
    ("key-from-jku", Wrong::KeyFromJku, NOT_ACCEPTED, "id token: header field not accepted"),
    ("key-from-jwk", Wrong::KeyFromJwk, NOT_ACCEPTED, "id token: header field not accepted"),
    ("key-from-x5c", Wrong::KeyFromX5c, NOT_ACCEPTED, "id token: header field not accepted"),
    ("unknown-crit", Wrong::UnknownCritical, NOT_ACCEPTED, "id token: header field not accepted"),
    (
        "logout-token-as-id-token",
        Wrong::LogoutTokenAsIdToken,
        NOT_ACCEPTED,
        "id token: not this kind of token",
    ),
    (
        "access-token-as-id-token",
        Wrong::AccessTokenAsIdToken,
        NOT_ACCEPTED,
        "id token: not this kind of token",
    ),
];

/// A provider that is right but for one thing that is not a misbehaviour of its tokens.
fn special() -> Vec<(String, Tenant, &'static str, &'static str)> {
    let mut cases: Vec<(String, Tenant, &'static str, &'static str)> = Vec::new();
    for algorithm in Algorithm::ALL {
        let name = format!("invalid-sig-{}", algorithm.name().to_lowercase());
        let tenant = Tenant::wrong(Wrong::BrokenSignature).signing(algorithm);
        cases.push((name, tenant, NOT_ACCEPTED, "id token: signature does not verify"));
    }
    for (name, wrong, cause) in [
        ("userinfo-invalid-sub", Wrong::UserinfoOfAnother, "userinfo: sub is another user's"),
        ("userinfo-missing-sub", Wrong::UserinfoWithoutSub, "userinfo: sub is another user's"),
        ("userinfo-refused", Wrong::UserinfoRefuses, "userinfo: status 403, or not a JSON object"),
    ] {
        let tenant = Tenant { tells_at_userinfo: true, ..Tenant::wrong(wrong) };
        cases.push((name.to_owned(), tenant, NOT_ACCEPTED, cause));
    }
    let of = |person: Person| Tenant { person: Some(person), ..Tenant::right() };
    let nobody = Person { cpr: None, sub: "nobody-here".to_owned(), ..Person::anna() };
    let strange = Person { cpr: Some("9913223344".to_owned()), ..Person::anna() };
    let foreign = Tenant { everyone: false, ..of(Person::hans().employed_by(NABO)) };
    let citizen = Tenant { everyone: false, ..of(Person::anna()) };
    let unknown = Tenant { everyone: false, ..of(Person::hans().employed_by(ELSEWHERE)) };
    let iss = Tenant { promises_iss: false, ..Tenant::wrong(Wrong::ResponseIssOfAnother) };
    let numbered = Person { sub: "6702451236".to_owned(), ..Person::anna() };
    let stale = Tenant { login_age: 600, ignores_freshness: true, ..Tenant::right() };
    let long_ago = Tenant { login_age: 7200, single_sign_on: true, ..stale.clone() };
    let no_par = Tenant { needs_par: true, offers_par: false, ..Tenant::right() };
    let theirs = "identity: the provider does not speak for this user";
    for (name, tenant, code, cause) in [
        ("no-number", of(nobody), "login_without_number", "identity: nobody known here, and no number"),
        ("not-a-number", of(strange), NOT_ACCEPTED, "identity: claim cpr missing or invalid"),
        ("employee-of-another-authority", foreign, "other_authority", theirs),
        ("citizen-of-an-authority", citizen, "other_authority", theirs),
        ("employee-of-nobody-here", unknown, "other_authority", "identity: no authority of ours"),
        ("number-as-sub", of(numbered), NOT_ACCEPTED, "identity: claim sub missing or invalid"),
        ("login-of-another-service", stale, NOT_ACCEPTED, "id token: the user logged in too long ago"),
        ("login-too-long-ago", long_ago, NOT_ACCEPTED, "id token: the user logged in too long ago"),
        ("par-needed", no_par, AWAY, "discovery: no pushed authorization requests, which are required here"),
        ("authorization-response-iss-unpromised", iss, NOT_ACCEPTED, "callback: iss is another issuer's"),
        (
            "user-cancels",
            Tenant { person: None, ..Tenant::right() },
            "login_cancelled",
            "callback: the user turned back",
        ),
    ] {
        cases.push((name.to_owned(), tenant, code, cause));
    }
    cases
}

/// The names of the rows.
pub(crate) fn names() -> Vec<String> {
    let table = CASES.iter().map(|(name, ..)| (*name).to_owned());
    table.chain(special().into_iter().map(|(name, ..)| name)).collect()
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn whatever_a_provider_does_wrong_is_refused_for_its_own_reason() {
    let table = CASES
        .iter()
        .map(|(name, wrong, code, cause)| ((*name).to_owned(), Tenant::wrong(*wrong), *code, *cause));
    let cases: Vec<_> = table.chain(special()).collect();
    let tenants = cases.iter().map(|(name, tenant, ..)| (name.clone(), tenant.clone()));
    let right = [("right".to_owned(), Tenant::right())];
    let scene = Scene::new(Engine::Sqlite, tenants.chain(right)).await;

    let (mut tried, mut flaws) = (BTreeSet::new(), Vec::new());
    for (name, _, code, cause) in &cases {
        assert!(tried.insert(name.clone()), "{name} is there twice");
        let before = scene.log_length();
        let (mut walker, page) = scene.walk(name).await;
        let mut must = |holds: bool, what: String| {
            if !holds {
                flaws.push(format!("{name}: {what}"));
            }
        };
        let (told, logged) = ((page.status.as_u16(), page.code()), scene.causes_since(before));
        must(matches!(told.0, 400 | 403 | 503) && told.1 == *code, format!("{told:?} {}", page.url.path()));
        must(logged == [*cause], format!("{logged:?}"));
        must(!scene.is_in(&mut walker).await, "somebody is in".to_owned());
        let seen = scene.provider.seen(name);
        must(seen.complaints.is_empty() && seen.elsewhere == 0, format!("{:?}", seen.complaints));
        must(seen.jwks <= 2, format!("{} looks at the keys", seen.jwks));
    }
    assert_eq!(flaws, [""; 0]);

    // The negative control: the same walk at a provider that does nothing wrong.
    let (mut walker, page) = scene.walk("right").await;
    assert!(scene.is_in(&mut walker).await, "{} {}", page.code(), page.text());
    scene.nothing_leaked(&["6702451236", "670245-1236", "6805791237", "9913223344"]);
    println!("{} misbehaviours refused, each for its own reason", tried.len());
    assert!(tried.len() >= 80);
}
