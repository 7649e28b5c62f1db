//! Proofs that whoever sends a token holds the key that it is bound to (RFC 9449).

use super::replays::Replays;
use crate::{
    arrival::Arrived,
    jose::{Jwt, TokenRefusal},
};
use base64::{Engine as _, engine::general_purpose::URL_SAFE_NO_PAD as B64};
use http::{HeaderMap, HeaderName, Method, request::Parts};
use tillid_domain::{Digest, Instant};
use tillid_service::{Error, Service};

/// The algorithms that a proof may be signed with, as `algs` and `dpop_signing_alg_values_supported` list them.
pub const PROOF_ALGORITHMS: [&str; 2] = ["ES256", "EdDSA"];

/// The header that a proof comes in.
pub(crate) const DPOP: HeaderName = HeaderName::from_static("dpop");

/// How old a proof may be, in seconds.
const OLDEST: i64 = 60;
/// How far the client's clock may be ahead of ours, in seconds (FAPI 2.0, section 5.3.2.1).
const AHEAD: i64 = 10;
/// A `jti` longer than this is none that a client needs.
const LONGEST_JTI: usize = 256;

/// Why a proof is none; for logs, and without anything of it.
#[derive(Debug, thiserror::Error, PartialEq, Eq, Clone, Copy)]
pub(crate) enum BadProof {
    /// There is none.
    #[error("no proof")]
    Missing,
    /// There is more than one.
    #[error("more than one proof")]
    Several,
    /// It is no signed token of this type that holds.
    #[error("{0}")]
    Token(#[from] TokenRefusal),
    /// The key that it brings is not a public key for ES256 or EdDSA.
    #[error("the key cannot be used")]
    Key,
    /// It is for another method.
    #[error("for another method")]
    Method,
    /// It is for another address.
    #[error("for another address")]
    Address,
    /// It is too old, or from the future.
    #[error("too old or from the future")]
    Time,
    /// It is for another access token.
    #[error("for another access token")]
    AccessToken,
    /// The token is bound to another key.
    #[error("signed with another key than the token's")]
    OtherKey,
    /// It was sent before.
    #[error("sent before")]
    Used,
}

/// Why a proof could not be accepted.
#[derive(Debug)]
pub(crate) enum Refused {
    /// It is none.
    Bad(BadProof),
    /// Whether it was sent before cannot be told at the moment.
    Unsure(Error),
}

impl From<BadProof> for Refused {
    fn from(bad: BadProof) -> Self {
        Self::Bad(bad)
    }
}

/// What a request must be proven to be.
struct Expected<'r> {
    method: &'r Method,
    url: &'r str,
    /// The hash of the access token that comes with it.
    token: Option<&'r Digest>,
}

/// A proof that holds, and whose use is still to be noted.
#[derive(Clone, PartialEq, Eq, Debug)]
struct Proof {
    /// The thumbprint of its key (RFC 7638).
    key: Digest,
    jti: String,
    issued: Instant,
}

impl Proof {
    /// What names this one use; neither key nor `jti` can be told from it.
    fn name(&self) -> Digest {
        Digest::of(&[self.key.as_bytes().as_slice(), self.jti.as_bytes()].concat())
    }

    /// The first moment when it would be too old anyway.
    const fn ends_at(&self) -> Instant {
        self.issued.plus_seconds(OLDEST + 1)
    }
}

/// Checks proofs, and sees to it that each is used once.
///
/// A use at the token endpoint, and one that changes something, is noted in the database: no node takes the same proof twice, also
/// after a restart. Questions and reads, which come by the thousand, are noted in this node's memory alone. What is left to somebody
/// who got hold of a token *and* a proof, from within TLS, is this: for at most 71 seconds they can send the proof once to each other
/// node, to the same address with the same method, and so ask one more question or read one more list in the client's name. It stands
/// in the log of whom it concerns like the client's own, counts against the client's quota and its misses, and changes nothing.
pub struct Proofs {
    base_url: String,
    seen: Replays,
}

impl Proofs {
    /// For a service at that address, which has no slash at its end.
    pub fn new(base_url: &str) -> Self {
        Self { base_url: base_url.to_owned(), seen: Replays::new(OLDEST + AHEAD + 1) }
    }

    /// The thumbprint of the key that a token request proves to hold; `None` when it brings no proof.
    pub(crate) async fn at_token_endpoint(
        &self,
        service: &Service,
        parts: &Parts,
    ) -> Result<Option<Digest>, Refused> {
        let now = service.security_now();
        let Some(proof) = self.read(parts, None, now)? else { return Ok(None) };
        self.must_be_new(&proof, now)?;
        must_be_new_everywhere(service, &proof).await?;
        Ok(Some(proof.key))
    }

    /// Whether the request with a token, by its hash, is by whoever holds the key.
    pub(crate) async fn must_hold(
        &self,
        service: &Service,
        parts: &Parts,
        token: &Digest,
        key: Digest,
    ) -> Result<(), Refused> {
        let now = service.security_now();
        let proof = self.read(parts, Some(token), now)?.ok_or(BadProof::Missing)?;
        if proof.key != key {
            return Err(BadProof::OtherKey.into());
        }
        self.must_be_new(&proof, now)?;
        if changes_something(&parts.method, Arrived::path_of(parts)) {
            must_be_new_everywhere(service, &proof).await?;
        }
        Ok(())
    }

    fn read(&self, parts: &Parts, token: Option<&Digest>, now: Instant) -> Result<Option<Proof>, BadProof> {
        let url = format!("{}{}", self.base_url, Arrived::path_of(parts));
        read(&parts.headers, &Expected { method: &parts.method, url: &url, token }, now)
    }

    fn must_be_new(&self, proof: &Proof, now: Instant) -> Result<(), BadProof> {
        if self.seen.is_new(&proof.name(), now) { Ok(()) } else { Err(BadProof::Used) }
    }
}

async fn must_be_new_everywhere(service: &Service, proof: &Proof) -> Result<(), Refused> {
    match service.use_proof(proof.name(), proof.ends_at()).await {
        Ok(true) => Ok(()),
        Ok(false) => Err(BadProof::Used.into()),
        Err(error) => Err(Refused::Unsure(error)),
    }
}

/// Look-ups and decisions are sent with POST because what they name stands in no address; they leave records, and change nothing.
fn changes_something(method: &Method, path: &str) -> bool {
    let asks = path.starts_with("/access/v1/") || path == "/v1/lookups";
    !matches!(*method, Method::GET | Method::HEAD) && !asks
}

fn read(headers: &HeaderMap, expected: &Expected<'_>, now: Instant) -> Result<Option<Proof>, BadProof> {
    let mut lines = headers.get_all(DPOP).iter();
    let Some(line) = lines.next() else { return Ok(None) };
    if lines.next().is_some() {
        return Err(BadProof::Several);
    }
    let text = line.to_str().map_err(|_| TokenRefusal::Malformed)?;
    let (jwt, public) = Jwt::read_with_key(text, |kind| kind == Some("dpop+jwt"))?;
    let (key, thumbprint) = public.ok_or(BadProof::Key)?;
    jwt.must_be_signed_by(std::slice::from_ref(&key))?;
    let claims = jwt.claims;
    if claims.text("htm")? != expected.method.as_str() {
        return Err(BadProof::Method);
    }
    if !is_same_address(claims.text("htu")?, expected.url) {
        return Err(BadProof::Address);
    }
    let issued = claims.time("iat")?.ok_or(TokenRefusal::Claim("iat"))?;
    if issued < now.plus_seconds(-OLDEST) || issued > now.plus_seconds(AHEAD) {
        return Err(BadProof::Time);
    }
    if let Some(token) = expected.token
        && claims.text("ath")? != B64.encode(token.as_bytes())
    {
        return Err(BadProof::AccessToken);
    }
    let jti = claims.text("jti")?;
    if jti.len() > LONGEST_JTI {
        return Err(TokenRefusal::Claim("jti").into());
    }
    Ok(Some(Proof { key: thumbprint, jti: jti.to_owned(), issued }))
}

/// Whether two addresses are the same but for query and fragment, which a proof does not cover (RFC 9449, section 4.3).
fn is_same_address(given: &str, ours: &str) -> bool {
    let end = given.find(['?', '#']).unwrap_or(given.len());
    let given = given.split_at(end).0;
    let normal = |text: &str| reqwest::Url::parse(text).ok();
    given == ours || normal(given).is_some_and(|given| Some(given) == normal(ours))
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::oauth::tests_of_proofs::Prover;
    use http::HeaderValue;
    use serde_json::{Value, json};

    const URL: &str = "https://tillid.example/access/v1/evaluation";

    fn now() -> Instant {
        Instant::from_micros(1_800_000_000_000_000)
    }

    fn seconds(from_now: i64) -> Value {
        json!(1_800_000_000 + from_now)
    }

    fn claims() -> Value {
        let token = B64.encode(Digest::of(b"token").as_bytes());
        json!({"jti": "1", "htm": "POST", "htu": URL, "iat": seconds(0), "ath": token})
    }

    fn with(mut object: Value, name: &str, value: Value) -> Value {
        let members = object.as_object_mut().unwrap();
        if value.is_null() {
            members.remove(name);
        } else {
            members.insert(name.to_owned(), value);
        }
        object
    }

    fn check(proofs: &[&str]) -> Result<Option<Proof>, BadProof> {
        let lines = proofs.iter().map(|proof| (DPOP, HeaderValue::from_str(proof).unwrap()));
        let token = Digest::of(b"token");
        let expected = Expected { method: &Method::POST, url: URL, token: Some(&token) };
        read(&lines.collect(), &expected, now())
    }

    #[test]
    fn a_proof_names_its_key_and_its_use() {
        for prover in [Prover::es256(), Prover::ed25519()] {
            let proof = check(&[&prover.signed(&claims())]).unwrap().unwrap();
            assert_eq!(B64.encode(proof.key.as_bytes()), prover.thumbprint());
            let other = check(&[&prover.signed(&with(claims(), "jti", json!("2")))]).unwrap().unwrap();
            assert_ne!(proof.name(), other.name());
        }
        assert_eq!(check(&[]), Ok(None));
    }

    #[test]
    fn the_address_is_ours_but_for_query_fragment_and_spelling() {
        for htu in [
            URL,
            "https://tillid.example/access/v1/evaluation?a=1#b",
            "HTTPS://TILLID.example:443/access/v1/evaluation",
        ] {
            assert!(is_same_address(htu, URL), "{htu}");
        }
        for htu in [
            "https://tillid.example/access/v1/evaluations",
            "https://tillid.example/access/v1/evaluation/",
            "http://tillid.example/access/v1/evaluation",
            "https://tillid.example:8443/access/v1/evaluation",
            "https://a@tillid.example/access/v1/evaluation",
            "/access/v1/evaluation",
            "",
        ] {
            assert!(!is_same_address(htu, URL), "{htu}");
        }
    }

    #[test]
    fn each_claim_counts() {
        let prover = Prover::es256();
        let claim = |name: &str, value: Value| check(&[&prover.signed(&with(claims(), name, value))]);
        for name in ["jti", "htm", "htu", "iat", "ath"] {
            assert!(claim(name, Value::Null).is_err(), "without {name}");
        }
        assert_eq!(claim("htm", json!("GET")), Err(BadProof::Method));
        assert_eq!(claim("htm", json!("post")), Err(BadProof::Method));
        assert_eq!(claim("htu", json!("https://other.example/access/v1/evaluation")), Err(BadProof::Address));
        assert_eq!(
            claim("ath", json!(B64.encode(Digest::of(b"other").as_bytes()))),
            Err(BadProof::AccessToken)
        );
        assert_eq!(claim("jti", json!("j".repeat(LONGEST_JTI + 1))), Err(TokenRefusal::Claim("jti").into()));
        for (iat, holds) in [(-60, true), (-61, false), (10, true), (11, false)] {
            assert_eq!(claim("iat", seconds(iat)).is_ok(), holds, "{iat}");
        }
    }

    #[test]
    fn the_head_and_the_key_count() {
        let prover = Prover::es256();
        let head = |name: &str, value: Value| {
            check(&[&prover.signed_under(&with(prover.head(), name, value), &claims())])
        };
        assert!(head("typ", json!("JWT")).is_err());
        assert!(head("typ", json!("at+jwt")).is_err());
        for alg in ["none", "HS256", "RS256", "PS256", "EdDSA", "ES384"] {
            assert!(head("alg", json!(alg)).is_err(), "{alg}");
        }
        for name in ["jku", "x5u", "x5c", "crit", "b64"] {
            assert!(head(name, json!("x")).is_err(), "{name}");
        }
        assert_eq!(head("jwk", Value::Null), Err(BadProof::Key));
        for (name, value) in [
            ("d", json!("AAAA")),
            ("k", json!("AAAA")),
            ("kty", json!("oct")),
            ("kty", json!("RSA")),
            ("crv", json!("P-384")),
            ("x", json!("AAAA")),
            ("y", Value::Null),
        ] {
            assert_eq!(head("jwk", with(prover.public(), name, value)), Err(BadProof::Key), "{name}");
        }
        let stranger = Prover::es256();
        assert!(head("jwk", stranger.public()).is_err(), "the key of somebody else");
        let good = prover.signed(&claims());
        assert_eq!(check(&[&good, &good]), Err(BadProof::Several));
        assert!(check(&[&good[..good.len() - 2]]).is_err());
        for text in ["", "..", "a.b.c", "proof"] {
            assert!(check(&[text]).is_err(), "{text}");
        }
    }

    #[test]
    fn what_only_asks_changes_nothing() {
        for (method, path, changes) in [
            (Method::GET, "/v1/clients", false),
            (Method::POST, "/access/v1/evaluation", false),
            (Method::POST, "/v1/lookups", false),
            (Method::POST, "/v1/consent-requests", true),
            (Method::PUT, "/v1/clients/1", true),
        ] {
            assert_eq!(changes_something(&method, path), changes, "{method} {path}");
        }
    }
}
