//! Access tokens: JWTs of configured issuers, as RFC 9068 profiles them.

use crate::{
    problem::{Problem, Protocol},
    strict,
    token::{Claims, Principal, principal},
};
use base64::{Engine as _, engine::general_purpose::URL_SAFE_NO_PAD};
use http::{HeaderMap, header};
use jsonwebtoken::{
    Algorithm, DecodingKey,
    jwk::{AlgorithmParameters, EllipticCurve, Jwk, JwkSet, KeyAlgorithm, KeyOperations, PublicKeyUse},
};
use serde_json::{Map, Value};
use std::collections::{BTreeMap, BTreeSet};
use tillid_domain::{Cvr, Instant, actor::Role};

/// No issuer's tokens are near this long.
const MAX_LENGTH: usize = 16 * 1024;
/// How far the issuer's clock may be behind ours, in seconds.
const LEEWAY: i64 = 30;
/// How far the issuer's clock may be ahead of ours, in seconds (FAPI 2.0, section 5.3.2.1).
const AHEAD: i64 = 60;

/// Whom an issuer can vouch for.
#[derive(Clone, PartialEq, Eq, Debug)]
pub enum SpeaksFor {
    /// Anyone: the national broker, or our own token endpoint.
    Everyone,
    /// Employees and systems of these authorities, and no citizen.
    Authorities(BTreeSet<Cvr>),
}

/// An issuer of tokens, as configured.
#[derive(Clone, Debug)]
pub struct Issuer {
    /// Its name, exactly as it stands in `iss`.
    pub issuer: String,
    /// Our name, exactly as it must stand in `aud`.
    pub audience: String,
    /// Its public keys.
    pub keys: JwkSet,
    /// What its roles are called here; a role that is not listed counts for nothing.
    pub roles: BTreeMap<String, Role>,
    /// Whom it can vouch for.
    pub speaks_for: SpeaksFor,
    /// The issuer whose names for citizens it uses to say who an employee is in private; its own when absent.
    pub citizens_issuer: Option<String>,
}

/// Why a configuration of issuers cannot be used.
#[derive(Debug, thiserror::Error, PartialEq, Eq, Clone)]
pub enum VerifierError {
    /// An issuer has no name.
    #[error("an issuer has no name")]
    NoIssuer,
    /// An issuer is there twice.
    #[error("issuer {0} is there twice")]
    IssuerTwice(String),
    /// No audience is configured, and the check would be none.
    #[error("issuer {0} has no audience")]
    NoAudience(String),
    /// There is no key to verify a signature with.
    #[error("issuer {0} has no key for signatures")]
    NoKeys(String),
    /// Who can verify with a symmetric key can sign with it.
    #[error("issuer {0} has a symmetric key")]
    SymmetricKey(String),
    /// A key is of a type or for an algorithm that is not accepted, or is damaged.
    #[error("issuer {0} has a key that cannot be used")]
    UnusableKey(String),
    /// Two keys have the same id, or one of several has none.
    #[error("issuer {0} has keys that cannot be told apart")]
    AmbiguousKeys(String),
}

/// Why a token was refused; for logs, and without anything of the token.
#[derive(Debug, thiserror::Error, PartialEq, Eq, Clone, Copy)]
pub enum TokenRefusal {
    /// Longer than 16 KiB.
    #[error("too long")]
    TooLong,
    /// Not three parts of base64url, or not JSON objects without duplicate names.
    #[error("not a token")]
    Malformed,
    /// The type is not that of an access token.
    #[error("not an access token")]
    Type,
    /// The algorithm is not accepted, or is not the key's.
    #[error("algorithm not accepted")]
    Algorithm,
    /// The header brings a key of its own, or asks for something to be understood.
    #[error("header field not accepted")]
    HeaderField,
    /// No such issuer is configured.
    #[error("issuer not configured")]
    Issuer,
    /// The issuer has no such key, or several keys and none is named.
    #[error("key not known")]
    Key,
    /// The signature is not the issuer's.
    #[error("signature does not verify")]
    Signature,
    /// It is meant for somebody else.
    #[error("for another audience")]
    Audience,
    /// It has expired.
    #[error("expired")]
    Expired,
    /// It does not hold yet, or was issued in the future.
    #[error("not valid yet")]
    NotYet,
    /// The issuer cannot vouch for such a bearer.
    #[error("the issuer does not speak for the bearer")]
    NotTheirs,
    /// A claim is missing or is not what it must be.
    #[error("claim {0} missing or invalid")]
    Claim(&'static str),
}

impl From<TokenRefusal> for Problem {
    /// One answer whatever the cause, so that nobody learns how close they came.
    fn from(_: TokenRefusal) -> Self {
        Protocol::TokenInvalid.into()
    }
}

struct Key {
    id: Option<String>,
    public: DecodingKey,
    algorithms: Vec<Algorithm>,
}

/// Verifies access tokens. Immutable: when keys rotate, put a new one in its place.
pub struct Verifier {
    issuers: BTreeMap<String, (Issuer, Vec<Key>)>,
}

impl Verifier {
    /// A verifier of these issuers' tokens; refuses what would leave a check undone.
    pub fn new(issuers: Vec<Issuer>) -> Result<Self, VerifierError> {
        let mut read = BTreeMap::new();
        for issuer in issuers {
            let name = issuer.issuer.clone();
            if name.is_empty() {
                return Err(VerifierError::NoIssuer);
            }
            if issuer.audience.is_empty() {
                return Err(VerifierError::NoAudience(name));
            }
            let keys = usable_keys(&issuer)?;
            if read.insert(name.clone(), (issuer, keys)).is_some() {
                return Err(VerifierError::IssuerTwice(name));
            }
        }
        Ok(Self { issuers: read })
    }

    /// The bearer, if the token holds at `now`.
    pub fn verify(&self, token: &str, now: Instant) -> Result<Principal, TokenRefusal> {
        if token.len() > MAX_LENGTH {
            return Err(TokenRefusal::TooLong);
        }
        let (message, signature) = token.rsplit_once('.').ok_or(TokenRefusal::Malformed)?;
        let (head, body) = message.split_once('.').ok_or(TokenRefusal::Malformed)?;
        let head = object(head)?;
        let algorithm = accepted_header(&head)?;
        let claims = Claims(object(body)?);

        // Only to find the key; nothing else of the claims is looked at before the signature holds.
        let (issuer, keys) = self.issuers.get(claims.text("iss")?).ok_or(TokenRefusal::Issuer)?;
        let key = named_key(&head, keys)?;
        if !key.algorithms.contains(&algorithm) {
            return Err(TokenRefusal::Algorithm);
        }
        match jsonwebtoken::crypto::verify(signature, message.as_bytes(), &key.public, algorithm) {
            Ok(true) => {}
            _ => return Err(TokenRefusal::Signature),
        }

        holds_for(&claims, &issuer.audience)?;
        holds_at(&claims, now)?;
        for name in ["sub", "client_id", "jti"] {
            claims.text(name)?;
        }
        principal(&claims, issuer)
    }
}

fn usable_keys(issuer: &Issuer) -> Result<Vec<Key>, VerifierError> {
    let name = || issuer.issuer.clone();
    let mut keys: Vec<Key> = Vec::new();
    for jwk in issuer.keys.keys.iter().filter(|jwk| is_for_signatures(jwk)) {
        if matches!(jwk.algorithm, AlgorithmParameters::OctetKey(_)) {
            return Err(VerifierError::SymmetricKey(name()));
        }
        let algorithms = algorithms(jwk).ok_or_else(|| VerifierError::UnusableKey(name()))?;
        let public = DecodingKey::from_jwk(jwk).map_err(|_| VerifierError::UnusableKey(name()))?;
        let id = jwk.common.key_id.clone();
        if keys.iter().any(|other| other.id == id) {
            return Err(VerifierError::AmbiguousKeys(name()));
        }
        keys.push(Key { id, public, algorithms });
    }
    match keys.as_slice() {
        [] => Err(VerifierError::NoKeys(name())),
        [_, _, ..] if keys.iter().any(|key| key.id.is_none()) => Err(VerifierError::AmbiguousKeys(name())),
        _ => Ok(keys),
    }
}

/// A provider may publish keys for encryption in the same set; they are none of ours.
fn is_for_signatures(jwk: &Jwk) -> bool {
    let common = &jwk.common;
    common.public_key_use.as_ref().is_none_or(|usage| *usage == PublicKeyUse::Signature)
        && common.key_operations.as_ref().is_none_or(|all| all.contains(&KeyOperations::Verify))
}

/// The algorithms that the key's type fits, narrowed to the one it names.
fn algorithms(jwk: &Jwk) -> Option<Vec<Algorithm>> {
    let is_long = |text: &str| URL_SAFE_NO_PAD.decode(text).is_ok_and(|bytes| bytes.len() == 32);
    let fitting = match &jwk.algorithm {
        AlgorithmParameters::EllipticCurve(p)
            if p.curve == EllipticCurve::P256 && is_long(&p.x) && is_long(&p.y) =>
        {
            vec![Algorithm::ES256]
        }
        AlgorithmParameters::OctetKeyPair(p) if p.curve == EllipticCurve::Ed25519 && is_long(&p.x) => {
            vec![Algorithm::EdDSA]
        }
        AlgorithmParameters::RSA(_) => vec![Algorithm::RS256, Algorithm::PS256],
        _ => return None,
    };
    let Some(named) = jwk.common.key_algorithm else { return Some(fitting) };
    let narrowed: Vec<Algorithm> = fitting.into_iter().filter(|a| KeyAlgorithm::from(*a) == named).collect();
    (!narrowed.is_empty()).then_some(narrowed)
}

fn object(part: &str) -> Result<Map<String, Value>, TokenRefusal> {
    let bytes = URL_SAFE_NO_PAD.decode(part).map_err(|_| TokenRefusal::Malformed)?;
    match strict::parse(&bytes) {
        Ok(Value::Object(object)) => Ok(object),
        _ => Err(TokenRefusal::Malformed),
    }
}

fn accepted_header(head: &Map<String, Value>) -> Result<Algorithm, TokenRefusal> {
    let field = |name: &str| head.get(name).and_then(Value::as_str).unwrap_or_default();
    let kind = field("typ").to_ascii_lowercase();
    if kind != "at+jwt" && kind != "application/at+jwt" {
        return Err(TokenRefusal::Type);
    }
    if ["jku", "jwk", "x5u", "x5c", "crit", "b64", "zip", "enc"].iter().any(|name| head.contains_key(*name)) {
        return Err(TokenRefusal::HeaderField);
    }
    match field("alg") {
        "ES256" => Ok(Algorithm::ES256),
        "EdDSA" => Ok(Algorithm::EdDSA),
        "RS256" => Ok(Algorithm::RS256),
        "PS256" => Ok(Algorithm::PS256),
        _ => Err(TokenRefusal::Algorithm),
    }
}

fn named_key<'k>(head: &Map<String, Value>, keys: &'k [Key]) -> Result<&'k Key, TokenRefusal> {
    let found = match (head.get("kid"), keys) {
        (None, [only]) => Some(only),
        (Some(Value::String(id)), _) => keys.iter().find(|key| key.id.as_deref() == Some(id)),
        _ => None,
    };
    found.ok_or(TokenRefusal::Key)
}

fn holds_for(claims: &Claims, audience: &str) -> Result<(), TokenRefusal> {
    let ours = match claims.0.get("aud") {
        Some(Value::String(one)) => one == audience,
        Some(Value::Array(several)) => several.iter().any(|one| one.as_str() == Some(audience)),
        _ => return Err(TokenRefusal::Claim("aud")),
    };
    if ours { Ok(()) } else { Err(TokenRefusal::Audience) }
}

fn holds_at(claims: &Claims, now: Instant) -> Result<(), TokenRefusal> {
    let expires = claims.time("exp")?.ok_or(TokenRefusal::Claim("exp"))?;
    let issued = claims.time("iat")?.ok_or(TokenRefusal::Claim("iat"))?;
    let starts = claims.time("nbf")?;
    let authenticated = claims.time("auth_time")?;
    if expires.plus_seconds(LEEWAY) <= now {
        return Err(TokenRefusal::Expired);
    }
    let ahead = |at: Instant| at > now.plus_seconds(AHEAD);
    if ahead(issued)
        || authenticated.is_some_and(ahead)
        || starts.is_some_and(|at| at > now.plus_seconds(LEEWAY))
    {
        return Err(TokenRefusal::NotYet);
    }
    Ok(())
}

/// The bearer token of a request: of exactly one `Authorization` header, and from nowhere else.
pub fn bearer_token(headers: &HeaderMap) -> Result<&str, Problem> {
    let mut lines = headers.get_all(header::AUTHORIZATION).iter();
    let (line, more) = (lines.next().ok_or(Protocol::TokenMissing)?, lines.next());
    if more.is_some() {
        return Err(Protocol::TokenInvalid.into());
    }
    let text = line.to_str().map_err(|_| Protocol::TokenInvalid)?;
    let (scheme, token) = text.split_once(' ').unwrap_or((text, ""));
    if !scheme.eq_ignore_ascii_case("bearer") {
        return Err(Protocol::TokenMissing.into());
    }
    let token = token.trim_start_matches(' ');
    let allowed = |b: u8| b.is_ascii_alphanumeric() || b"-._~+/=".contains(&b);
    if token.is_empty() || !token.bytes().all(allowed) {
        return Err(Protocol::TokenInvalid.into());
    }
    Ok(token)
}
