//! All that a provider can do wrong, one thing at a time.

use super::keys::{Algorithm, SigningKey, broken, jwt_with_secret, object, unsigned};
use serde_json::{Map, Value, json};

/// One thing that is wrong, and nothing else.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub(crate) enum Misbehaviour {
    /// Nothing is wrong.
    None,

    // What it says of itself.
    IssuerOfAnother,
    TokenEndpointWithoutTls,
    JwksWithoutTls,
    AuthorizationEndpointMissing,
    MetadataNotJson,
    MetadataHuge,
    MetadataSlow,
    NoPkce,
    KeysNotJson,
    NoKeys,

    // The pushed authorization request.
    PushRefused,
    PushWithoutName,

    // The authorization response.
    ResponseWithoutIss,
    ResponseIssOfAnother,
    ResponseWithoutState,
    StateOfNobody,
    StateTwice,
    ResponseWithoutCode,
    ServerError,

    // The token response.
    TokenError,
    TokenTypeMac,
    TokenTypeMissing,
    TokenNotJson,
    TokenHuge,
    TokenSlow,
    TokenRedirects,
    NoIdToken,
    NoAccessToken,

    // The ID token's claims.
    InvalidIss,
    MissingIss,
    InvalidAud,
    MissingAud,
    SecondaryAud,
    InvalidAzp,
    AzpOfAnotherAlone,
    MissingSub,
    EmptySub,
    MissingIat,
    OldIat,
    FutureIat,
    Expired,
    MissingExp,
    FutureNbf,
    InvalidNonce,
    MissingNonce,
    InvalidAtHash,
    MissingAuthTime,
    FutureAuthTime,
    OldAuthTime,
    LowAcr,
    MissingAcr,
    UnknownAcr,

    // The ID token's signature.
    SignatureNone,
    SignatureNoneUnderRealAlgorithm,
    BrokenSignature,
    HmacWithClientSecret,
    HmacWithPublicKey,
    AlgorithmOfAnotherKeyType,
    AlgorithmOfAnotherKey,
    NoKidAmongSeveral,
    UnknownKid,
    UnpublishedKey,
    EncryptionKey,
    KeyFromJku,
    KeyFromJwk,
    KeyFromX5c,
    UnknownCritical,
    LogoutTokenAsIdToken,
    AccessTokenAsIdToken,
    ClaimTwice,
    NotAToken,

    // Userinfo, where it is asked.
    UserinfoOfAnother,
    UserinfoWithoutSub,
    UserinfoRefuses,

    // Whom it speaks of.
    UnknownKindOfUser,
}

/// The name of another issuer, and of another client.
pub(crate) const ANOTHER: &str = "https://another.example";

impl Misbehaviour {
    /// What is done to the claims of an ID token of that moment.
    pub(crate) fn bend(self, claims: &mut Map<String, Value>, now: i64) {
        let own = claims["aud"].clone();
        match self {
            Self::InvalidIss => put(claims, "iss", json!(ANOTHER)),
            Self::MissingIss => drop(claims.remove("iss")),
            Self::InvalidAud => put(claims, "aud", json!(ANOTHER)),
            Self::MissingAud => drop(claims.remove("aud")),
            Self::SecondaryAud => put(claims, "aud", json!([own, ANOTHER])),
            Self::InvalidAzp => {
                put(claims, "aud", json!([own, ANOTHER]));
                put(claims, "azp", json!(ANOTHER));
            }
            Self::AzpOfAnotherAlone => put(claims, "azp", json!(ANOTHER)),
            Self::MissingSub => drop(claims.remove("sub")),
            Self::EmptySub => put(claims, "sub", json!("")),
            Self::MissingIat => drop(claims.remove("iat")),
            Self::OldIat => put(claims, "iat", json!(now - 11 * 60)),
            Self::FutureIat => put(claims, "iat", json!(now + 120)),
            Self::Expired => {
                put(claims, "iat", json!(now - 300));
                put(claims, "exp", json!(now - 120));
            }
            Self::MissingExp => drop(claims.remove("exp")),
            Self::FutureNbf => put(claims, "nbf", json!(now + 120)),
            Self::InvalidNonce => put(claims, "nonce", json!("a-nonce-of-somebody-else")),
            Self::MissingNonce => drop(claims.remove("nonce")),
            Self::InvalidAtHash => put(claims, "at_hash", json!("AAAAAAAAAAAAAAAAAAAAAA")),
            Self::MissingAuthTime => drop(claims.remove("auth_time")),
            Self::FutureAuthTime => put(claims, "auth_time", json!(now + 300)),
            Self::OldAuthTime => put(claims, "auth_time", json!(now - 7200)),
            Self::LowAcr => level(claims, Some("https://data.gov.dk/concept/core/nsis/loa/Low")),
            Self::MissingAcr => level(claims, None),
            Self::UnknownAcr => level(claims, Some("https://data.gov.dk/concept/core/nsis/loa/Utmost")),
            Self::LogoutTokenAsIdToken => {
                put(claims, "events", json!({"http://schemas.openid.net/event/backchannel-logout": {}}));
            }
            Self::UnknownKindOfUser => put(claims, "identity_type", json!("robot")),
            _ => {}
        }
    }

    /// The ID token of those claims: signed by that key, one of `published`, or as badly as is wanted.
    pub(crate) fn token(
        self,
        key: &SigningKey,
        secret: &str,
        evil: &Evil,
        claims: &Map<String, Value>,
    ) -> String {
        let mut head = object(json!({"alg": key.algorithm.name(), "kid": key.kid, "typ": "JWT"}));
        match self {
            Self::SignatureNone => {
                head.remove("kid");
                put(&mut head, "alg", json!("none"));
                format!("{}.", unsigned(&head, claims))
            }
            Self::SignatureNoneUnderRealAlgorithm => format!("{}.", unsigned(&head, claims)),
            Self::BrokenSignature => broken(&key.jwt(&head, claims)),
            Self::HmacWithClientSecret | Self::HmacWithPublicKey => {
                put(&mut head, "alg", json!("HS256"));
                let public = key.public_bytes();
                let by: &[u8] = if self == Self::HmacWithPublicKey { &public } else { secret.as_bytes() };
                jwt_with_secret(by, &head, claims)
            }
            Self::AlgorithmOfAnotherKeyType => {
                let other = if key.algorithm == Algorithm::Es256 { "RS256" } else { "ES256" };
                put(&mut head, "alg", json!(other));
                key.jwt(&head, claims)
            }
            // An RSA key that is published for another of its algorithms.
            Self::AlgorithmOfAnotherKey => {
                put(&mut head, "alg", json!("PS256"));
                key.using(Algorithm::Ps256).jwt(&head, claims)
            }
            Self::NoKidAmongSeveral => {
                head.remove("kid");
                key.jwt(&head, claims)
            }
            Self::UnknownKid => {
                put(&mut head, "kid", json!("a-key-of-nobody"));
                key.jwt(&head, claims)
            }
            // The right name on another key, and the key beside it.
            Self::UnpublishedKey => evil.key.named(&key.kid).jwt(&head, claims),
            Self::EncryptionKey => {
                put(&mut head, "kid", json!("for-encryption"));
                key.jwt(&head, claims)
            }
            Self::KeyFromJku => {
                put(&mut head, "jku", json!(evil.jwks_address));
                put(&mut head, "kid", json!(evil.key.kid));
                evil.key.jwt(&head, claims)
            }
            Self::KeyFromJwk => {
                put(&mut head, "jwk", evil.key.jwk());
                put(&mut head, "kid", json!(evil.key.kid));
                evil.key.jwt(&head, claims)
            }
            Self::KeyFromX5c => {
                put(&mut head, "x5c", json!(["MIIB"]));
                key.jwt(&head, claims)
            }
            Self::UnknownCritical => {
                put(&mut head, "crit", json!(["b64"]));
                put(&mut head, "b64", json!(true));
                key.jwt(&head, claims)
            }
            Self::LogoutTokenAsIdToken => {
                put(&mut head, "typ", json!("logout+jwt"));
                key.jwt(&head, claims)
            }
            Self::AccessTokenAsIdToken => {
                put(&mut head, "typ", json!("at+jwt"));
                key.jwt(&head, claims)
            }
            Self::ClaimTwice => key.jwt_of_text(&head, &twice(claims)),
            Self::NotAToken => "this is no token".to_owned(),
            _ => key.jwt(&head, claims),
        }
    }
}

/// Somebody who would like to be the provider.
pub(crate) struct Evil {
    pub(crate) key: SigningKey,
    /// Where that key is published.
    pub(crate) jwks_address: String,
}

fn put(claims: &mut Map<String, Value>, name: &str, value: Value) {
    claims.insert(name.to_owned(), value);
}

/// The level in each of its claims.
fn level(claims: &mut Map<String, Value>, to: Option<&str>) {
    for name in ["acr", "loa", "https://data.gov.dk/concept/core/nsis/loa"] {
        if claims.remove(name).is_some()
            && let Some(to) = to
        {
            put(claims, name, json!(to));
        }
    }
}

/// The claims, with the subject there once more, as another.
fn twice(claims: &Map<String, Value>) -> String {
    let text = serde_json::to_string(claims).expect("json");
    format!("{{\"sub\":\"somebody-else\",{}", &text[1..])
}
