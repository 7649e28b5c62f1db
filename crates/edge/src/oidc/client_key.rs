//! The key that proves to an identity provider that it is us (RFC 7523).

use aws_lc_rs::{
    rand::SystemRandom,
    rsa,
    signature::{
        ECDSA_P256_SHA256_FIXED_SIGNING, EcdsaKeyPair, Ed25519KeyPair, KeyPair as _, RSA_PSS_SHA256,
        RsaKeyPair,
    },
};
use base64::{
    Engine as _,
    engine::general_purpose::{STANDARD, URL_SAFE_NO_PAD as B64},
};
use serde_json::{Value, json};
use tillid_domain::{Digest, canonical};

/// A private key for signatures.
pub struct ClientKey {
    id: String,
    pair: Pair,
}

enum Pair {
    P256(EcdsaKeyPair),
    Ed25519(Ed25519KeyPair),
    Rsa(RsaKeyPair),
}

/// What is no key of ours.
#[derive(Debug, thiserror::Error, PartialEq, Eq, Clone, Copy)]
#[error("not a private key for signatures: PKCS#8 in PEM, of P-256, Ed25519 or RSA from 2048 bits")]
pub struct NotAClientKey;

impl ClientKey {
    /// Reads PKCS#8 in PEM. Its id is the one that the provider knows it by, or else its thumbprint (RFC 7638).
    pub fn from_pem(pem: &str, id: Option<String>) -> Result<Self, NotAClientKey> {
        let body = pem
            .split_once("-----BEGIN PRIVATE KEY-----")
            .and_then(|(_, rest)| rest.split_once("-----END PRIVATE KEY-----"))
            .ok_or(NotAClientKey)?
            .0;
        let text: zeroize::Zeroizing<String> = body.split_ascii_whitespace().collect::<String>().into();
        let der = zeroize::Zeroizing::new(STANDARD.decode(text.as_bytes()).map_err(|_| NotAClientKey)?);
        let pair = if let Ok(pair) = EcdsaKeyPair::from_pkcs8(&ECDSA_P256_SHA256_FIXED_SIGNING, &der) {
            Pair::P256(pair)
        } else if let Ok(pair) = Ed25519KeyPair::from_pkcs8(&der) {
            Pair::Ed25519(pair)
        } else {
            let pair = RsaKeyPair::from_pkcs8(&der).map_err(|_| NotAClientKey)?;
            if pair.public_modulus_len() < 256 {
                return Err(NotAClientKey);
            }
            Pair::Rsa(pair)
        };
        let id = id.unwrap_or_else(|| thumbprint(&public_members(&pair)));
        Ok(Self { id, pair })
    }

    /// The public key, to register at the provider (RFC 7517).
    pub fn public_jwk(&self) -> Value {
        let mut jwk = public_members(&self.pair);
        if let Some(members) = jwk.as_object_mut() {
            members.insert("kid".to_owned(), json!(self.id));
            members.insert("use".to_owned(), json!("sig"));
            members.insert("alg".to_owned(), json!(self.algorithm()));
        }
        jwk
    }

    const fn algorithm(&self) -> &'static str {
        match self.pair {
            Pair::P256(_) => "ES256",
            Pair::Ed25519(_) => "EdDSA",
            Pair::Rsa(_) => "PS256",
        }
    }

    /// The claims as a signed token.
    pub(crate) fn sign(&self, claims: &Value) -> Option<String> {
        self.sign_as("JWT", claims)
    }

    /// The claims as a signed token of that type.
    pub(crate) fn sign_as(&self, typ: &str, claims: &Value) -> Option<String> {
        let head = json!({"alg": self.algorithm(), "kid": self.id, "typ": typ});
        let message = format!("{}.{}", B64.encode(canonical(&head)), B64.encode(canonical(claims)));
        let random = SystemRandom::new();
        let signature = match &self.pair {
            Pair::P256(pair) => pair.sign(&random, message.as_bytes()).ok()?.as_ref().to_vec(),
            Pair::Ed25519(pair) => pair.sign(message.as_bytes()).as_ref().to_vec(),
            Pair::Rsa(pair) => {
                let mut signature = vec![0; pair.public_modulus_len()];
                pair.sign(&RSA_PSS_SHA256, &random, message.as_bytes(), &mut signature).ok()?;
                signature
            }
        };
        Some(format!("{message}.{}", B64.encode(signature)))
    }
}

/// The members that make the key, which are those of its thumbprint.
fn public_members(pair: &Pair) -> Value {
    match pair {
        Pair::P256(pair) => {
            // An uncompressed point: 0x04, x, y.
            let point = pair.public_key().as_ref();
            let (x, y) = point.get(1..).unwrap_or_default().split_at(32.min(point.len().saturating_sub(1)));
            json!({"kty": "EC", "crv": "P-256", "x": B64.encode(x), "y": B64.encode(y)})
        }
        Pair::Ed25519(pair) => {
            json!({"kty": "OKP", "crv": "Ed25519", "x": B64.encode(pair.public_key().as_ref())})
        }
        Pair::Rsa(pair) => {
            let public = rsa_components(pair);
            json!({"kty": "RSA", "n": B64.encode(public.n), "e": B64.encode(public.e)})
        }
    }
}

fn rsa_components(pair: &RsaKeyPair) -> rsa::PublicKeyComponents<Vec<u8>> {
    rsa::PublicKeyComponents::from(pair.public_key())
}

fn thumbprint(members: &Value) -> String {
    B64.encode(Digest::of(&canonical(members)).as_bytes())
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::jose::{Jwt, usable};
    use aws_lc_rs::{encoding::AsDer as _, rsa::KeySize};

    fn pem(der: &[u8]) -> String {
        format!("-----BEGIN PRIVATE KEY-----\n{}\n-----END PRIVATE KEY-----\n", STANDARD.encode(der))
    }

    #[test]
    fn what_each_kind_of_key_signs_verifies_under_the_key_it_publishes() {
        let p256 = EcdsaKeyPair::generate(&ECDSA_P256_SHA256_FIXED_SIGNING).expect("a key");
        let ed25519 = Ed25519KeyPair::generate().expect("a key");
        let rsa = RsaKeyPair::generate(KeySize::Rsa2048).expect("a key");
        for (algorithm, der) in [
            ("ES256", p256.to_pkcs8v1().expect("pkcs8").as_ref().to_vec()),
            ("EdDSA", ed25519.to_pkcs8().expect("pkcs8").as_ref().to_vec()),
            ("PS256", rsa.as_der().expect("pkcs8").as_ref().to_vec()),
        ] {
            let key = ClientKey::from_pem(&pem(&der), None).expect(algorithm);
            let public = key.public_jwk();
            assert_eq!(public["alg"], algorithm);
            assert!(!public["kid"].as_str().unwrap_or_default().is_empty());
            let token = key.sign(&json!({"iss": "tillid"})).expect("a token");
            let jwt = Jwt::read(&token, |kind| kind == Some("jwt")).expect("readable");
            let set = serde_json::from_value(json!({"keys": [public]})).expect("a key set");
            assert_eq!(jwt.must_be_signed_by(&usable(&set)), Ok(()), "{algorithm}");
        }
        let named =
            ClientKey::from_pem(&pem(p256.to_pkcs8v1().expect("pkcs8").as_ref()), Some("k1".to_owned()));
        assert_eq!(named.expect("a key").public_jwk()["kid"], "k1");
    }

    #[test]
    fn the_thumbprint_is_that_of_rfc_8037() {
        let members = json!({
            "kty": "OKP", "crv": "Ed25519", "x": "11qYAYKxCrfVS_7TyWQHOg7hcvPapiMlrwIaaPcHURo"
        });
        assert_eq!(thumbprint(&members), "kPrK_qmxVWaYVA9wwBF6Iuo3vVzz7TxHCTwXBygrS4k");
    }

    #[test]
    fn what_is_no_private_key_is_refused() {
        for text in ["", "-----BEGIN PRIVATE KEY-----\n!\n-----END PRIVATE KEY-----", &pem(b"nothing")] {
            assert_eq!(ClientKey::from_pem(text, None).err(), Some(NotAClientKey), "{text}");
        }
    }
}
