//! Signed tokens (RFC 7515, RFC 7519): what they are made of, and which key signed them. What a token is for is for whoever asks.

use crate::{strict, token::Claims};
use base64::{Engine as _, engine::general_purpose::URL_SAFE_NO_PAD};
use jsonwebtoken::{
    Algorithm, DecodingKey,
    jwk::{AlgorithmParameters, EllipticCurve, Jwk, JwkSet, KeyAlgorithm, KeyOperations, PublicKeyUse},
};
use serde_json::{Map, Value};
use tillid_domain::Digest;

/// No issuer's tokens are near this long.
const MAX_LENGTH: usize = 16 * 1024;

/// Why a token was refused; for logs, and without anything of the token.
#[derive(Debug, thiserror::Error, PartialEq, Eq, Clone, Copy)]
pub enum TokenRefusal {
    /// Longer than 16 KiB.
    #[error("too long")]
    TooLong,
    /// Not three parts of base64url, or not JSON objects without duplicate names.
    #[error("not a token")]
    Malformed,
    /// The type is not that of the token that is asked for.
    #[error("not this kind of token")]
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

/// A public key of an issuer.
pub(crate) struct Key {
    pub(crate) id: Option<String>,
    public: DecodingKey,
    algorithms: Vec<Algorithm>,
}

/// Why a key is none.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub(crate) enum KeyFlaw {
    Symmetric,
    Unusable,
}

impl Key {
    /// The key; who can verify with a symmetric one can sign with it.
    pub(crate) fn read(jwk: &Jwk) -> Result<Self, KeyFlaw> {
        if matches!(jwk.algorithm, AlgorithmParameters::OctetKey(_)) {
            return Err(KeyFlaw::Symmetric);
        }
        let algorithms = algorithms(jwk).ok_or(KeyFlaw::Unusable)?;
        let public = DecodingKey::from_jwk(jwk).map_err(|_| KeyFlaw::Unusable)?;
        Ok(Self { id: jwk.common.key_id.clone(), public, algorithms })
    }

    /// The key that a proof brings along, and its thumbprint (RFC 7638): one of P-256 or Ed25519 without any private member.
    fn brought(members: &Map<String, Value>) -> Option<(Self, Digest)> {
        let text = |name: &str| members.get(name).and_then(Value::as_str);
        let coordinate = |name: &str| text(name).filter(|text| is_coordinate(text));
        if ["d", "k", "p", "q", "oth"].iter().any(|name| members.contains_key(*name)) {
            return None;
        }
        // The required members alone, in order; none of them needs an escape.
        let (public, algorithm, required) = match (text("kty")?, text("crv")?) {
            ("EC", "P-256") => {
                let (x, y) = (coordinate("x")?, coordinate("y")?);
                let required = format!(r#"{{"crv":"P-256","kty":"EC","x":"{x}","y":"{y}"}}"#);
                (DecodingKey::from_ec_components(x, y), Algorithm::ES256, required)
            }
            ("OKP", "Ed25519") => {
                let x = coordinate("x")?;
                let required = format!(r#"{{"crv":"Ed25519","kty":"OKP","x":"{x}"}}"#);
                (DecodingKey::from_ed_components(x), Algorithm::EdDSA, required)
            }
            _ => return None,
        };
        let key = Self { id: None, public: public.ok()?, algorithms: vec![algorithm] };
        Some((key, Digest::of(required.as_bytes())))
    }
}

/// The keys of a provider's set that can be used here; a provider may publish others.
pub(crate) fn usable(set: &JwkSet) -> Vec<Key> {
    set.keys.iter().filter(|jwk| is_for_signatures(jwk)).filter_map(|jwk| Key::read(jwk).ok()).collect()
}

/// A token, read and not yet believed.
pub(crate) struct Jwt<'t> {
    message: &'t str,
    signature: &'t str,
    pub(crate) head: Map<String, Value>,
    pub(crate) claims: Claims,
    pub(crate) algorithm: Algorithm,
}

impl<'t> Jwt<'t> {
    /// Reads a token whose `typ` is accepted; `None` is a token without.
    pub(crate) fn read(token: &'t str, accepts: impl Fn(Option<&str>) -> bool) -> Result<Self, TokenRefusal> {
        Self::read_but_for(token, accepts, "")
    }

    /// Likewise, of a token that brings along the key that signed it, with the key and its thumbprint (RFC 7638): a proof, which says
    /// no more than that somebody has that key. `None` when what it brings is not a public key for ES256 or EdDSA and nothing else.
    pub(crate) fn read_with_key(
        token: &'t str,
        accepts: impl Fn(Option<&str>) -> bool,
    ) -> Result<(Self, Option<(Key, Digest)>), TokenRefusal> {
        let jwt = Self::read_but_for(token, accepts, "jwk")?;
        let key = jwt.head.get("jwk").and_then(Value::as_object).and_then(Key::brought);
        // There is one key, whatever the token calls it.
        let id = jwt.head.get("kid").and_then(Value::as_str).map(str::to_owned);
        Ok((jwt, key.map(|(key, thumbprint)| (Key { id, ..key }, thumbprint))))
    }

    fn read_but_for(
        token: &'t str,
        accepts: impl Fn(Option<&str>) -> bool,
        allowed: &str,
    ) -> Result<Self, TokenRefusal> {
        if token.len() > MAX_LENGTH {
            return Err(TokenRefusal::TooLong);
        }
        let (message, signature) = token.rsplit_once('.').ok_or(TokenRefusal::Malformed)?;
        let (head, body) = message.split_once('.').ok_or(TokenRefusal::Malformed)?;
        let head = object(head)?;
        let kind = match head.get("typ") {
            None => None,
            Some(kind) => Some(kind.as_str().ok_or(TokenRefusal::Type)?.to_ascii_lowercase()),
        };
        if !accepts(kind.as_deref()) {
            return Err(TokenRefusal::Type);
        }
        let algorithm = accepted_algorithm(&head, allowed)?;
        Ok(Self { message, signature, head, claims: Claims(object(body)?), algorithm })
    }

    /// Whether one of the keys signed it: the named one, or the only one.
    pub(crate) fn must_be_signed_by(&self, keys: &[Key]) -> Result<(), TokenRefusal> {
        let key = named_key(&self.head, self.algorithm, keys)?;
        if !key.algorithms.contains(&self.algorithm) {
            return Err(TokenRefusal::Algorithm);
        }
        match jsonwebtoken::crypto::verify(
            self.signature,
            self.message.as_bytes(),
            &key.public,
            self.algorithm,
        ) {
            Ok(true) => Ok(()),
            _ => Err(TokenRefusal::Signature),
        }
    }
}

/// A provider may publish keys for encryption in the same set; they are none of ours.
pub(crate) fn is_for_signatures(jwk: &Jwk) -> bool {
    let common = &jwk.common;
    common.public_key_use.as_ref().is_none_or(|usage| *usage == PublicKeyUse::Signature)
        && common.key_operations.as_ref().is_none_or(|all| all.contains(&KeyOperations::Verify))
}

/// Thirty-two bytes in their one spelling.
fn is_coordinate(text: &str) -> bool {
    URL_SAFE_NO_PAD.decode(text).is_ok_and(|bytes| bytes.len() == 32)
}

/// The algorithms that the key's type fits, narrowed to the one it names.
fn algorithms(jwk: &Jwk) -> Option<Vec<Algorithm>> {
    let is_long = is_coordinate;
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

fn accepted_algorithm(head: &Map<String, Value>, allowed: &str) -> Result<Algorithm, TokenRefusal> {
    let field = |name: &str| head.get(name).and_then(Value::as_str).unwrap_or_default();
    let mut refused = ["jku", "jwk", "x5u", "x5c", "crit", "b64", "zip", "enc"].iter();
    if refused.any(|name| *name != allowed && head.contains_key(*name)) {
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

fn named_key<'k>(
    head: &Map<String, Value>,
    algorithm: Algorithm,
    keys: &'k [Key],
) -> Result<&'k Key, TokenRefusal> {
    let found = match (head.get("kid"), keys) {
        (None, [only]) => Some(only),
        (Some(Value::String(id)), _) => {
            let named = || keys.iter().filter(|key| key.id.as_deref() == Some(id));
            named().find(|key| key.algorithms.contains(&algorithm)).or_else(|| named().next())
        }
        _ => None,
    };
    found.ok_or(TokenRefusal::Key)
}
