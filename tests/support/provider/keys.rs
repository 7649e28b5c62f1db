//! Keys that sign: of the provider, of its clients, and of those who would like to be either.

use aws_lc_rs::{
    encoding::{AsDer, Pkcs8V1Der},
    hmac,
    rand::SystemRandom,
    rsa::KeySize,
    signature::{
        ECDSA_P256_SHA256_FIXED_SIGNING, EcdsaKeyPair, Ed25519KeyPair, KeyPair as _, RSA_PKCS1_SHA256,
        RSA_PSS_SHA256, RsaEncoding, RsaKeyPair,
    },
};
use base64::{
    Engine as _,
    engine::general_purpose::{STANDARD, URL_SAFE_NO_PAD as B64},
};
use serde_json::{Map, Value, json};
use std::sync::Arc;

/// The algorithms of OpenID Connect that are signatures.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub(crate) enum Algorithm {
    Rs256,
    Ps256,
    Es256,
    EdDsa,
}

impl Algorithm {
    pub(crate) const ALL: [Self; 4] = [Self::Rs256, Self::Ps256, Self::Es256, Self::EdDsa];

    pub(crate) const fn name(self) -> &'static str {
        match self {
            Self::Rs256 => "RS256",
            Self::Ps256 => "PS256",
            Self::Es256 => "ES256",
            Self::EdDsa => "EdDSA",
        }
    }
}

enum Pair {
    Rsa(RsaKeyPair),
    Ec(EcdsaKeyPair),
    Ed(Ed25519KeyPair),
}

/// A key pair with a name, for one algorithm.
#[derive(Clone)]
pub(crate) struct SigningKey {
    pub(crate) kid: String,
    pub(crate) algorithm: Algorithm,
    pair: Arc<Pair>,
}

impl SigningKey {
    pub(crate) fn new(algorithm: Algorithm, kid: &str) -> Self {
        let pair = match algorithm {
            Algorithm::Rs256 | Algorithm::Ps256 => {
                Pair::Rsa(RsaKeyPair::generate(KeySize::Rsa2048).expect("a key"))
            }
            Algorithm::Es256 => {
                Pair::Ec(EcdsaKeyPair::generate(&ECDSA_P256_SHA256_FIXED_SIGNING).expect("a key"))
            }
            Algorithm::EdDsa => Pair::Ed(Ed25519KeyPair::generate().expect("a key")),
        };
        Self { kid: kid.to_owned(), algorithm, pair: Arc::new(pair) }
    }

    /// The same key under another name.
    pub(crate) fn named(&self, kid: &str) -> Self {
        Self { kid: kid.to_owned(), ..self.clone() }
    }

    /// The public half (RFC 7517).
    pub(crate) fn jwk(&self) -> Value {
        let mut jwk = match self.pair.as_ref() {
            Pair::Rsa(pair) => {
                let (n, e) = rsa_parts(pair.public_key().as_ref());
                json!({"kty": "RSA", "n": B64.encode(n), "e": B64.encode(e)})
            }
            Pair::Ec(pair) => {
                let (x, y) = pair.public_key().as_ref()[1..].split_at(32);
                json!({"kty": "EC", "crv": "P-256", "x": B64.encode(x), "y": B64.encode(y)})
            }
            Pair::Ed(pair) => {
                json!({"kty": "OKP", "crv": "Ed25519", "x": B64.encode(pair.public_key().as_ref())})
            }
        };
        jwk["kid"] = json!(self.kid);
        jwk["alg"] = json!(self.algorithm.name());
        jwk["use"] = json!("sig");
        jwk
    }

    /// The private half, as OpenSSL writes it.
    pub(crate) fn pem(&self) -> String {
        let der = match self.pair.as_ref() {
            Pair::Rsa(pair) => AsDer::<Pkcs8V1Der<'_>>::as_der(pair).expect("its bytes").as_ref().to_vec(),
            Pair::Ec(pair) => pair.to_pkcs8v1().expect("its bytes").as_ref().to_vec(),
            Pair::Ed(pair) => pair.to_pkcs8v1().expect("its bytes").as_ref().to_vec(),
        };
        let text = STANDARD.encode(der);
        let lines: Vec<&str> =
            text.as_bytes().chunks(64).map(|line| std::str::from_utf8(line).expect("base64")).collect();
        format!("-----BEGIN PRIVATE KEY-----\n{}\n-----END PRIVATE KEY-----\n", lines.join("\n"))
    }

    /// The same key with another of the algorithms that it can be used with.
    pub(crate) fn using(&self, algorithm: Algorithm) -> Self {
        Self { algorithm, ..self.clone() }
    }

    /// The public half, as bytes that somebody could use as a secret.
    pub(crate) fn public_bytes(&self) -> Vec<u8> {
        match self.pair.as_ref() {
            Pair::Rsa(pair) => pair.public_key().as_ref().to_vec(),
            Pair::Ec(pair) => pair.public_key().as_ref().to_vec(),
            Pair::Ed(pair) => pair.public_key().as_ref().to_vec(),
        }
    }

    fn signature(&self, message: &[u8]) -> Vec<u8> {
        let chance = SystemRandom::new();
        match self.pair.as_ref() {
            Pair::Rsa(pair) => {
                let encoding: &'static dyn RsaEncoding = match self.algorithm {
                    Algorithm::Ps256 => &RSA_PSS_SHA256,
                    _ => &RSA_PKCS1_SHA256,
                };
                let mut signature = vec![0; pair.public_modulus_len()];
                pair.sign(encoding, &chance, message, &mut signature).expect("a signature");
                signature
            }
            Pair::Ec(pair) => pair.sign(&chance, message).expect("a signature").as_ref().to_vec(),
            Pair::Ed(pair) => pair.sign(message).as_ref().to_vec(),
        }
    }

    /// A JWT of this header and these claims, whatever the header says.
    pub(crate) fn jwt(&self, header: &Map<String, Value>, claims: &Map<String, Value>) -> String {
        let message = unsigned(header, claims);
        let signature = B64.encode(self.signature(message.as_bytes()));
        format!("{message}.{signature}")
    }

    /// A JWT of this header and this text.
    pub(crate) fn jwt_of_text(&self, header: &Map<String, Value>, text: &str) -> String {
        let message = format!("{}.{}", part(header), B64.encode(text));
        let signature = B64.encode(self.signature(message.as_bytes()));
        format!("{message}.{signature}")
    }

    /// A JWT as it should be.
    pub(crate) fn sign(&self, typ: &str, claims: &Map<String, Value>) -> String {
        self.jwt(&object(json!({"alg": self.algorithm.name(), "kid": self.kid, "typ": typ})), claims)
    }
}

/// A JWT whose signature is a MAC with that secret.
pub(crate) fn jwt_with_secret(
    secret: &[u8],
    header: &Map<String, Value>,
    claims: &Map<String, Value>,
) -> String {
    let message = unsigned(header, claims);
    let tag = hmac::sign(&hmac::Key::new(hmac::HMAC_SHA256, secret), message.as_bytes());
    format!("{message}.{}", B64.encode(tag.as_ref()))
}

/// A JWT without its signature.
pub(crate) fn unsigned(header: &Map<String, Value>, claims: &Map<String, Value>) -> String {
    format!("{}.{}", part(header), part(claims))
}

fn part(map: &Map<String, Value>) -> String {
    B64.encode(serde_json::to_vec(map).expect("json"))
}

/// The same JWT with one bit of its signature turned.
pub(crate) fn broken(token: &str) -> String {
    let (message, signature) = token.rsplit_once('.').expect("a signature");
    let mut bytes = B64.decode(signature).expect("base64");
    let middle = bytes.len() / 2;
    bytes[middle] ^= 1;
    format!("{message}.{}", B64.encode(bytes))
}

/// The members of a JSON object.
pub(crate) fn object(value: Value) -> Map<String, Value> {
    match value {
        Value::Object(map) => map,
        other => panic!("not an object: {other}"),
    }
}

/// Modulus and exponent of a PKCS #1 public key: a sequence of two integers, without the zero before a high bit.
fn rsa_parts(der: &[u8]) -> (&[u8], &[u8]) {
    let (_, inside) = value(der);
    let (rest, n) = value(inside);
    let (_, e) = value(rest);
    (n.strip_prefix(&[0]).unwrap_or(n), e)
}

/// What follows a DER value, and its content.
fn value(der: &[u8]) -> (&[u8], &[u8]) {
    let (head, length) = match der[1] {
        short @ 0..0x80 => (2, usize::from(short)),
        long => {
            let count = usize::from(long & 0x7f);
            let bytes = &der[2..2 + count];
            (2 + count, bytes.iter().fold(0, |sum, byte| sum << 8 | usize::from(*byte)))
        }
    };
    (&der[head + length..], &der[head..head + length])
}
