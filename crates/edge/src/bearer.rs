//! Access tokens: JWTs of configured issuers, as RFC 9068 profiles them.

use crate::{
    jose::{Jwt, Key, KeyFlaw, TokenRefusal, is_for_signatures},
    oauth::binding::{Scheme, presented},
    problem::{Problem, Protocol},
    proved::{Proved, ProvedTokens, Times},
    token::{Claims, Principal, principal},
};
use http::HeaderMap;
use jsonwebtoken::jwk::JwkSet;
use serde_json::Value;
use std::{
    collections::{BTreeMap, BTreeSet},
    sync::Arc,
};
use tillid_domain::{Cvr, Digest, Instant, actor::Role};

/// How far the issuer's clock may be behind ours, in seconds.
pub(crate) const LEEWAY: i64 = 30;
/// How far the issuer's clock may be ahead of ours, in seconds (FAPI 2.0, section 5.3.2.1).
pub(crate) const AHEAD: i64 = 60;

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

impl Issuer {
    /// Whether it is this service itself: nobody else has its own audience for a name.
    pub(crate) fn is_ours(&self) -> bool {
        self.issuer == self.audience
    }
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

impl From<TokenRefusal> for Problem {
    /// One answer whatever the cause, so that nobody learns how close they came.
    fn from(_: TokenRefusal) -> Self {
        Protocol::TokenInvalid.into()
    }
}

/// Verifies access tokens, the signature of each once. When keys rotate, put a new one in its place.
pub struct Verifier {
    issuers: BTreeMap<String, (Issuer, Vec<Key>)>,
    proved: ProvedTokens,
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
        Ok(Self { issuers: read, proved: ProvedTokens::default() })
    }

    /// The bearer, if the token holds at `now`.
    pub fn verify(&self, token: &str, now: Instant) -> Result<Principal, TokenRefusal> {
        self.verify_hashed(token, Digest::of(token.as_bytes()), now)
    }

    /// Likewise, by whoever has the token's hash already.
    pub(crate) fn verify_hashed(
        &self,
        token: &str,
        hash: Digest,
        now: Instant,
    ) -> Result<Principal, TokenRefusal> {
        if let Some(proved) = self.proved.get(&hash) {
            proved.times.hold_at(now)?;
            return Ok(proved.principal.clone());
        }
        let proved = Arc::new(self.prove(token)?);
        proved.times.hold_at(now)?;
        self.proved.keep(hash, Arc::clone(&proved));
        Ok(proved.principal.clone())
    }

    /// The claims of a token of our own of that type, which is no access token, if it holds at `now`.
    pub(crate) fn verify_own(&self, token: &str, typ: &str, now: Instant) -> Result<Claims, TokenRefusal> {
        let jwt = Jwt::read(token, |kind| kind == Some(typ))?;
        let named = self.issuers.get(jwt.claims.text("iss")?).filter(|(issuer, _)| issuer.is_ours());
        let (issuer, keys) = named.ok_or(TokenRefusal::Issuer)?;
        jwt.must_be_signed_by(keys)?;
        holds_for(&jwt.claims, &issuer.audience)?;
        Times::of(&jwt.claims)?.hold_at(now)?;
        Ok(jwt.claims)
    }

    /// What the token's signature proves, whatever the time is.
    fn prove(&self, token: &str) -> Result<Proved, TokenRefusal> {
        let access = |kind: Option<&str>| matches!(kind, Some("at+jwt" | "application/at+jwt"));
        let jwt = Jwt::read(token, access)?;
        // Only to find the keys; nothing else of the claims is looked at before the signature holds.
        let (issuer, keys) = self.issuers.get(jwt.claims.text("iss")?).ok_or(TokenRefusal::Issuer)?;
        jwt.must_be_signed_by(keys)?;
        let claims = jwt.claims;

        holds_for(&claims, &issuer.audience)?;
        let times = Times::of(&claims)?;
        for name in ["sub", "client_id", "jti"] {
            claims.text(name)?;
        }
        Ok(Proved { principal: principal(&claims, issuer)?, times })
    }
}

fn usable_keys(issuer: &Issuer) -> Result<Vec<Key>, VerifierError> {
    let name = || issuer.issuer.clone();
    let mut keys: Vec<Key> = Vec::new();
    for jwk in issuer.keys.keys.iter().filter(|jwk| is_for_signatures(jwk)) {
        let key = Key::read(jwk).map_err(|flaw| match flaw {
            KeyFlaw::Symmetric => VerifierError::SymmetricKey(name()),
            KeyFlaw::Unusable => VerifierError::UnusableKey(name()),
        })?;
        if keys.iter().any(|other| other.id == key.id) {
            return Err(VerifierError::AmbiguousKeys(name()));
        }
        keys.push(key);
    }
    match keys.as_slice() {
        [] => Err(VerifierError::NoKeys(name())),
        [_, _, ..] if keys.iter().any(|key| key.id.is_none()) => Err(VerifierError::AmbiguousKeys(name())),
        _ => Ok(keys),
    }
}

pub(crate) fn holds_for(claims: &Claims, audience: &str) -> Result<(), TokenRefusal> {
    let ours = match claims.0.get("aud") {
        Some(Value::String(one)) => one == audience,
        Some(Value::Array(several)) => several.iter().any(|one| one.as_str() == Some(audience)),
        _ => return Err(TokenRefusal::Claim("aud")),
    };
    if ours { Ok(()) } else { Err(TokenRefusal::Audience) }
}

impl Times {
    fn of(claims: &Claims) -> Result<Self, TokenRefusal> {
        Ok(Self {
            expires: claims.time("exp")?.ok_or(TokenRefusal::Claim("exp"))?,
            issued: claims.time("iat")?.ok_or(TokenRefusal::Claim("iat"))?,
            starts: claims.time("nbf")?,
            authenticated: claims.time("auth_time")?,
        })
    }

    fn hold_at(self, now: Instant) -> Result<(), TokenRefusal> {
        if self.expires.plus_seconds(LEEWAY) <= now {
            return Err(TokenRefusal::Expired);
        }
        let ahead = |at: Instant| at > now.plus_seconds(AHEAD);
        if ahead(self.issued)
            || self.authenticated.is_some_and(ahead)
            || self.starts.is_some_and(|at| at > now.plus_seconds(LEEWAY))
        {
            return Err(TokenRefusal::NotYet);
        }
        Ok(())
    }
}

/// The bearer token of a request: of exactly one `Authorization` header, and from nowhere else.
pub fn bearer_token(headers: &HeaderMap) -> Result<&str, Problem> {
    match presented(headers)? {
        (Scheme::Bearer, token) => Ok(token),
        (Scheme::Dpop, _) => Err(Protocol::TokenMissing.into()),
    }
}
