//! Makes proofs, for tests.

use aws_lc_rs::{
    rand::SystemRandom,
    signature::{ECDSA_P256_SHA256_FIXED_SIGNING, EcdsaKeyPair, Ed25519KeyPair, KeyPair as _},
};
use base64::{Engine as _, engine::general_purpose::URL_SAFE_NO_PAD as B64};
use serde_json::{Value, json};
use tillid_domain::Digest;

/// Somebody with a key.
pub(crate) enum Prover {
    Es256(EcdsaKeyPair),
    Ed25519(Ed25519KeyPair),
}

impl Prover {
    pub(crate) fn es256() -> Self {
        Self::Es256(EcdsaKeyPair::generate(&ECDSA_P256_SHA256_FIXED_SIGNING).unwrap())
    }

    pub(crate) fn ed25519() -> Self {
        Self::Ed25519(Ed25519KeyPair::generate().unwrap())
    }

    pub(crate) fn public(&self) -> Value {
        match self {
            Self::Es256(pair) => {
                let point = pair.public_key().as_ref();
                json!({"kty": "EC", "crv": "P-256", "x": B64.encode(&point[1..33]), "y": B64.encode(&point[33..])})
            }
            Self::Ed25519(pair) => {
                json!({"kty": "OKP", "crv": "Ed25519", "x": B64.encode(pair.public_key().as_ref())})
            }
        }
    }

    pub(crate) fn thumbprint(&self) -> String {
        B64.encode(Digest::of_canonical(&self.public()).as_bytes())
    }

    pub(crate) fn head(&self) -> Value {
        let alg = match self {
            Self::Es256(_) => "ES256",
            Self::Ed25519(_) => "EdDSA",
        };
        json!({"typ": "dpop+jwt", "alg": alg, "jwk": self.public()})
    }

    pub(crate) fn signed(&self, claims: &Value) -> String {
        self.signed_under(&self.head(), claims)
    }

    pub(crate) fn signed_under(&self, head: &Value, claims: &Value) -> String {
        let message = format!("{}.{}", B64.encode(head.to_string()), B64.encode(claims.to_string()));
        let signature = match self {
            Self::Es256(pair) => {
                pair.sign(&SystemRandom::new(), message.as_bytes()).unwrap().as_ref().to_vec()
            }
            Self::Ed25519(pair) => pair.sign(message.as_bytes()).as_ref().to_vec(),
        };
        format!("{message}.{}", B64.encode(signature))
    }
}
