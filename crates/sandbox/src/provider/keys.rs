//! Signed tokens: the provider's own, and those that clients prove themselves with.

use aws_lc_rs::{
    error::Unspecified,
    rand::SystemRandom,
    signature::{ECDSA_P256_SHA256_FIXED_SIGNING, EcdsaKeyPair, KeyPair},
};
use base64::{Engine as _, engine::general_purpose::URL_SAFE_NO_PAD as B64};
use jsonwebtoken::{
    Algorithm, DecodingKey,
    jwk::{AlgorithmParameters, EllipticCurve, Jwk, JwkSet, KeyAlgorithm, PublicKeyUse},
};
use serde_json::{Map, Value, json};
use tillid_domain::{Digest, canonical};

/// The algorithms that clients may sign with.
pub(crate) const ALGORITHMS: [&str; 4] = ["ES256", "EdDSA", "PS256", "RS256"];

/// No client needs a token this long.
const LONGEST: usize = 8 * 1024;

/// The provider's key. It is made at start and kept nowhere: a restart is a rotation.
pub(crate) struct SigningKey {
    pair: EcdsaKeyPair,
    id: String,
    public: Value,
    verifying: DecodingKey,
}

impl SigningKey {
    /// A new key.
    pub(crate) fn generate() -> Result<Self, Unspecified> {
        let pair = EcdsaKeyPair::generate(&ECDSA_P256_SHA256_FIXED_SIGNING)?;
        // Uncompressed (SEC 1, section 2.3.3): a byte 4, then both coordinates.
        let point = pair.public_key().as_ref().get(1..).ok_or(Unspecified)?;
        let (x, y) = point.split_at_checked(32).ok_or(Unspecified)?;
        let (x, y) = (B64.encode(x), B64.encode(y));
        // RFC 7638: the required members alone, in order.
        let required = json!({"kty": "EC", "crv": "P-256", "x": x, "y": y});
        let id = B64.encode(Digest::of_canonical(&required).as_bytes());
        let public = json!({
            "kty": "EC", "crv": "P-256", "alg": "ES256", "use": "sig", "kid": id, "x": x, "y": y,
        });
        let verifying = DecodingKey::from_ec_components(&x, &y).map_err(|_| Unspecified)?;
        Ok(Self { pair, id, public, verifying })
    }

    /// Its public half, as a JWK set.
    pub(crate) fn jwks(&self) -> Value {
        json!({"keys": [self.public]})
    }

    /// A token with these claims.
    pub(crate) fn sign(&self, typ: &str, claims: &Map<String, Value>) -> Result<String, Unspecified> {
        let header = json!({"alg": "ES256", "typ": typ, "kid": self.id});
        let message = format!("{}.{}", B64.encode(canonical(&header)), B64.encode(canonical(claims)));
        let signature = self.pair.sign(&SystemRandom::new(), message.as_bytes())?;
        Ok(format!("{message}.{}", B64.encode(signature.as_ref())))
    }

    /// The claims of an ID token of ours, also of one that has expired.
    pub(crate) fn own(&self, token: &str) -> Option<Map<String, Value>> {
        let parts = Parts::of(token)?;
        let ours = parts.field("typ") == Some("JWT")
            && parts.field("alg") == Some("ES256")
            && parts.is_signed_with(&self.verifying, Algorithm::ES256);
        ours.then_some(parts.claims)
    }
}

/// A token, taken apart.
pub(crate) struct Parts<'t> {
    message: &'t str,
    signature: &'t str,
    head: Map<String, Value>,
    /// Only to find the key by, before the signature holds.
    pub(crate) claims: Map<String, Value>,
}

impl<'t> Parts<'t> {
    pub(crate) fn of(token: &'t str) -> Option<Self> {
        let (message, signature) = token.rsplit_once('.').filter(|_| token.len() <= LONGEST)?;
        let (head, claims) = message.split_once('.')?;
        let object = |part: &str| serde_json::from_slice(&B64.decode(part).ok()?).ok();
        Some(Self { message, signature, head: object(head)?, claims: object(claims)? })
    }

    /// A text of the header.
    pub(crate) fn field(&self, name: &str) -> Option<&str> {
        self.head.get(name)?.as_str()
    }

    fn is_signed_with(&self, key: &DecodingKey, algorithm: Algorithm) -> bool {
        let held = jsonwebtoken::crypto::verify(self.signature, self.message.as_bytes(), key, algorithm);
        held.unwrap_or(false)
    }
}

/// The public keys of a client.
pub(crate) struct PublicKeys(Vec<PublicKey>);

struct PublicKey {
    id: Option<String>,
    algorithms: Vec<Algorithm>,
    key: DecodingKey,
}

impl PublicKeys {
    /// The keys of a JWK set that can verify; `None` when none can.
    pub(crate) fn read(jwks: &Value) -> Option<Self> {
        let set: JwkSet = serde_json::from_value(jwks.clone()).ok()?;
        let keys: Vec<PublicKey> = set.keys.iter().filter_map(public_key).collect();
        (!keys.is_empty()).then_some(Self(keys))
    }

    /// Whether one of them, the one that the token names, has signed it.
    pub(crate) fn have_signed(&self, token: &Parts<'_>) -> bool {
        let Some(algorithm) = token.field("alg").and_then(|name| name.parse().ok()) else { return false };
        let id = token.field("kid");
        let named = self.0.iter().filter(|key| id.is_none() || key.id.as_deref() == id);
        let mut fitting = named.filter(|key| key.algorithms.contains(&algorithm));
        fitting.any(|key| token.is_signed_with(&key.key, algorithm))
    }
}

fn public_key(jwk: &Jwk) -> Option<PublicKey> {
    let common = &jwk.common;
    if common.public_key_use.as_ref().is_some_and(|usage| *usage != PublicKeyUse::Signature) {
        return None;
    }
    let mut algorithms = match &jwk.algorithm {
        AlgorithmParameters::EllipticCurve(p) if p.curve == EllipticCurve::P256 => vec![Algorithm::ES256],
        AlgorithmParameters::OctetKeyPair(p) if p.curve == EllipticCurve::Ed25519 => vec![Algorithm::EdDSA],
        AlgorithmParameters::RSA(_) => vec![Algorithm::PS256, Algorithm::RS256],
        _ => return None,
    };
    algorithms.retain(|a| common.key_algorithm.is_none_or(|named| KeyAlgorithm::from(*a) == named));
    Some(PublicKey { id: common.key_id.clone(), algorithms, key: DecodingKey::from_jwk(jwk).ok()? })
}
