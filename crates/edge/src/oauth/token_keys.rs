//! The keys that our own tokens are signed with.

use crate::{ClientKey, Issuer, SpeaksFor};
use serde_json::{Value, json};
use std::collections::BTreeMap;

/// One key that signs, and others that are published beside it: the next one before it signs, the last one until its tokens have
/// expired.
pub struct TokenKeys(Vec<ClientKey>);

/// Keys that do not serve.
#[derive(Debug, thiserror::Error, PartialEq, Eq, Clone, Copy)]
pub enum NotTokenKeys {
    /// There is none that signs.
    #[error("there is no key to sign tokens with")]
    NoKey,
    /// Two are the same.
    #[error("a key for tokens is there twice")]
    Twice,
}

impl TokenKeys {
    /// The first of these signs; all of them are published.
    pub fn new(keys: Vec<ClientKey>) -> Result<Self, NotTokenKeys> {
        if keys.is_empty() {
            return Err(NotTokenKeys::NoKey);
        }
        let mut ids: Vec<String> =
            keys.iter().filter_map(|key| key.public_jwk().get("kid").map(ToString::to_string)).collect();
        ids.sort();
        ids.dedup();
        if ids.len() == keys.len() { Ok(Self(keys)) } else { Err(NotTokenKeys::Twice) }
    }

    /// The public keys, as a JWK set (RFC 7517); the first one signs.
    pub fn jwks(&self) -> Value {
        json!({ "keys": self.0.iter().map(ClientKey::public_jwk).collect::<Vec<_>>() })
    }

    /// This service as one more issuer of tokens, whose name and audience are its own address.
    pub fn issuer(&self, base_url: &str) -> Result<Issuer, serde_json::Error> {
        Ok(Issuer {
            issuer: base_url.to_owned(),
            audience: base_url.to_owned(),
            keys: serde_json::from_value(self.jwks())?,
            roles: BTreeMap::new(),
            speaks_for: SpeaksFor::Everyone,
            citizens_issuer: None,
        })
    }

    /// The claims as a signed token of that type.
    pub(super) fn sign(&self, typ: &str, claims: &Value) -> Option<String> {
        self.0.first()?.sign_as(typ, claims)
    }
}
