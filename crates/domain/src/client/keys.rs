//! Public keys of clients (RFC 7517, RFC 7518, RFC 8037).

use crate::{canonical, digest::Digest, text::KeyId};
use serde::{Deserialize, Serialize};
use std::collections::BTreeSet;

/// One to eight public keys for signatures, each with an id of its own: P-256, Ed25519, or RSA from 2048 bits. Never a private or
/// symmetric key.
#[derive(Clone, PartialEq, Eq, Debug, Serialize, Deserialize)]
#[serde(try_from = "RawSet", into = "RawSet")]
pub struct KeySet(Vec<PublicKey>);

const MOST: usize = 8;

/// Why something is no set of keys that a client can have here.
#[derive(Debug, thiserror::Error, PartialEq, Eq, Clone, Copy)]
pub enum NotAKeySet {
    /// It is no JWK set.
    #[error("not a JWK set")]
    Malformed,
    /// There is no key in it, or there are more than eight.
    #[error("not one to eight keys")]
    Count,
    /// A key is a secret that nobody but its owner should have.
    #[error("a key is private or symmetric")]
    Secret,
    /// A key is of a type, size or use that is not accepted, or is damaged.
    #[error("a key is not one for signatures with ES256, EdDSA or PS256")]
    Unusable,
    /// Two keys have the same id.
    #[error("two keys have the same kid")]
    SameId,
}

/// A public key.
#[derive(Clone, PartialEq, Eq, Debug)]
pub struct PublicKey {
    /// What the client calls it, in `kid`.
    pub id: KeyId,
    material: Material,
}

/// The members that make the key, in base64url as they came.
#[derive(Clone, PartialEq, Eq, Debug)]
enum Material {
    P256 { x: String, y: String },
    Ed25519 { x: String },
    Rsa { n: String, e: String },
}

#[derive(Clone, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
struct RawSet {
    keys: Vec<RawKey>,
}

/// The members that a public key of ours may have; what is not listed is refused, private members above all.
#[derive(Clone, Default, Serialize, Deserialize)]
#[serde(deny_unknown_fields, default)]
struct RawKey {
    kty: String,
    kid: String,
    #[serde(skip_serializing_if = "Option::is_none")]
    crv: Option<String>,
    #[serde(skip_serializing_if = "Option::is_none")]
    x: Option<String>,
    #[serde(skip_serializing_if = "Option::is_none")]
    y: Option<String>,
    #[serde(skip_serializing_if = "Option::is_none")]
    n: Option<String>,
    #[serde(skip_serializing_if = "Option::is_none")]
    e: Option<String>,
    #[serde(skip_serializing_if = "Option::is_none")]
    alg: Option<String>,
    #[serde(rename = "use", skip_serializing_if = "Option::is_none")]
    usage: Option<String>,
    #[serde(skip_serializing)]
    key_ops: Option<Vec<String>>,
    #[serde(skip_serializing)]
    ext: Option<bool>,
}

impl KeySet {
    /// Reads a JWK set in JSON, as people paste it.
    pub fn parse(text: &str) -> Result<Self, NotAKeySet> {
        let value: serde_json::Value = serde_json::from_str(text).map_err(|_| NotAKeySet::Malformed)?;
        let keys = value.get("keys").and_then(serde_json::Value::as_array).ok_or(NotAKeySet::Malformed)?;
        let secret = |key: &serde_json::Value| {
            ["d", "p", "q", "k", "oth"].iter().any(|member| key.get(member).is_some())
        };
        if keys.iter().any(secret) {
            return Err(NotAKeySet::Secret);
        }
        serde_json::from_value::<RawSet>(value).map_err(|_| NotAKeySet::Unusable)?.try_into()
    }

    /// The keys.
    pub fn keys(&self) -> &[PublicKey] {
        &self.0
    }
}

impl PublicKey {
    /// The one algorithm that its signatures are accepted under.
    pub const fn algorithm(&self) -> &'static str {
        match self.material {
            Material::P256 { .. } => "ES256",
            Material::Ed25519 { .. } => "EdDSA",
            Material::Rsa { .. } => "PS256",
        }
    }

    /// Its thumbprint (RFC 7638): SHA-256 of the members that make it.
    pub fn thumbprint(&self) -> Digest {
        let members = match &self.material {
            Material::P256 { x, y } => serde_json::json!({"crv": "P-256", "kty": "EC", "x": x, "y": y}),
            Material::Ed25519 { x } => serde_json::json!({"crv": "Ed25519", "kty": "OKP", "x": x}),
            Material::Rsa { n, e } => serde_json::json!({"e": e, "kty": "RSA", "n": n}),
        };
        Digest::of(&canonical(&members))
    }
}

impl TryFrom<RawSet> for KeySet {
    type Error = NotAKeySet;

    fn try_from(raw: RawSet) -> Result<Self, NotAKeySet> {
        if !(1..=MOST).contains(&raw.keys.len()) {
            return Err(NotAKeySet::Count);
        }
        let keys: Vec<PublicKey> =
            raw.keys.into_iter().map(TryInto::try_into).collect::<Result<_, NotAKeySet>>()?;
        let ids: BTreeSet<&KeyId> = keys.iter().map(|key| &key.id).collect();
        if ids.len() == keys.len() { Ok(Self(keys)) } else { Err(NotAKeySet::SameId) }
    }
}

impl TryFrom<RawKey> for PublicKey {
    type Error = NotAKeySet;

    fn try_from(raw: RawKey) -> Result<Self, NotAKeySet> {
        let RawKey { kty, kid, crv, x, y, n, e, alg, usage, key_ops, ext: _ } = raw;
        let material = match (kty.as_str(), crv.as_deref(), (x, y), (n, e)) {
            ("EC", Some("P-256"), (Some(x), Some(y)), (None, None)) if is_32(&x) && is_32(&y) => {
                Material::P256 { x, y }
            }
            ("OKP", Some("Ed25519"), (Some(x), None), (None, None)) if is_32(&x) => Material::Ed25519 { x },
            ("RSA", None, (None, None), (Some(n), Some(e))) if is_modulus(&n) && is_exponent(&e) => {
                Material::Rsa { n, e }
            }
            _ => return Err(NotAKeySet::Unusable),
        };
        let key = Self { id: kid.parse().map_err(|_| NotAKeySet::Unusable)?, material };
        let fits = alg.is_none_or(|alg| alg == key.algorithm())
            && usage.is_none_or(|usage| usage == "sig")
            && key_ops.is_none_or(|all| all == ["verify"]);
        if fits { Ok(key) } else { Err(NotAKeySet::Unusable) }
    }
}

impl From<KeySet> for RawSet {
    fn from(set: KeySet) -> Self {
        Self { keys: set.0.into_iter().map(Into::into).collect() }
    }
}

impl From<PublicKey> for RawKey {
    fn from(key: PublicKey) -> Self {
        let alg = Some(key.algorithm().to_owned());
        let plain = Self { kid: key.id.to_string(), alg, usage: Some("sig".to_owned()), ..Self::default() };
        let some = |text: &str| Some(text.to_owned());
        match key.material {
            Material::P256 { x, y } => {
                Self { kty: "EC".to_owned(), crv: some("P-256"), x: Some(x), y: Some(y), ..plain }
            }
            Material::Ed25519 { x } => {
                Self { kty: "OKP".to_owned(), crv: some("Ed25519"), x: Some(x), ..plain }
            }
            Material::Rsa { n, e } => Self { kty: "RSA".to_owned(), n: Some(n), e: Some(e), ..plain },
        }
    }
}

fn is_32(text: &str) -> bool {
    bytes(text).is_some_and(|bytes| bytes.len() == 32)
}

/// 2048 to 8192 bits, odd, in as few bytes as it takes.
fn is_modulus(text: &str) -> bool {
    let Some(bytes) = bytes(text) else { return false };
    let (Some(first), Some(last)) = (bytes.first(), bytes.last()) else { return false };
    let long = bytes.len() > 256 || (bytes.len() == 256 && first & 0x80 != 0);
    long && bytes.len() <= 1024 && *first != 0 && last & 1 == 1
}

/// From 65537, odd, and of at most 33 bits: what the libraries in use take.
fn is_exponent(text: &str) -> bool {
    let Some(bytes) = bytes(text).filter(|bytes| bytes.len() <= 5 && bytes.first() != Some(&0)) else {
        return false;
    };
    let value = bytes.iter().fold(0_u64, |value, byte| value << 8 | u64::from(*byte));
    (65_537..1 << 33).contains(&value) && value & 1 == 1
}

/// Decodes base64url without padding (RFC 7515, section 2); `None` for any other spelling of the same bytes.
fn bytes(text: &str) -> Option<Vec<u8>> {
    let mut out = Vec::with_capacity(text.len() * 3 / 4);
    let (mut held, mut bits) = (0_u32, 0_u32);
    for c in text.bytes() {
        let value = match c {
            b'A'..=b'Z' => c - b'A',
            b'a'..=b'z' => c - b'a' + 26,
            b'0'..=b'9' => c - b'0' + 52,
            b'-' => 62,
            b'_' => 63,
            _ => return None,
        };
        held = held << 6 | u32::from(value);
        bits += 6;
        if bits >= 8 {
            bits -= 8;
            out.push(u8::try_from(held >> bits & 0xff).ok()?);
            held &= (1 << bits) - 1;
        }
    }
    (bits < 6 && held == 0).then_some(out)
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;
    use serde_json::{Value, json};

    fn long(bytes: usize) -> String {
        // The first bit and the last are set.
        let mut text = "g".to_owned() + &"A".repeat(bytes * 8 / 6);
        text.truncate((bytes * 8).div_ceil(6));
        let last = match bytes * 8 % 6 {
            2 => 'Q',
            4 => 'E',
            _ => 'B',
        };
        text.pop();
        text.push(last);
        text
    }

    fn p256(kid: &str) -> Value {
        json!({"kty": "EC", "crv": "P-256", "kid": kid, "x": "f83OJ3D2xF1Bg8vub9tLe1gHMzV76e8Tus9uPHvRVEU", "y": "x_FEzRu9m36HLN_tue659LNpXW6pCyStikYjKIWI5a0"})
    }

    fn ed25519() -> Value {
        json!({"kty": "OKP", "crv": "Ed25519", "kid": "e", "x": "11qYAYKxCrfVS_7TyWQHOg7hcvPapiMlrwIaaPcHURo"})
    }

    fn rsa(bytes: usize) -> Value {
        json!({"kty": "RSA", "kid": "r", "n": long(bytes), "e": "AQAB"})
    }

    fn read(keys: &[Value]) -> Result<KeySet, NotAKeySet> {
        KeySet::parse(&json!({ "keys": keys }).to_string())
    }

    #[test]
    fn each_kind_of_key_is_read_and_written_alike() {
        let set = read(&[p256("p"), ed25519(), rsa(256), rsa_named("r3", 384)]).expect("keys");
        let algorithms: Vec<&str> = set.keys().iter().map(PublicKey::algorithm).collect();
        assert_eq!(algorithms, ["ES256", "EdDSA", "PS256", "PS256"]);
        let text = String::from_utf8(canonical(&set)).expect("text");
        assert_eq!(KeySet::parse(&text), Ok(set.clone()));
        assert_eq!(serde_json::from_str::<KeySet>(&text).expect("keys"), set);
        // RFC 8037, appendix A.3.
        assert_eq!(
            set.keys()[1].thumbprint().to_string(),
            "90facafea9b1556698540f70c0117a22ea37bd5cf3ed3c47093c1707282b4b89"
        );
    }

    fn rsa_named(kid: &str, bytes: usize) -> Value {
        let mut key = rsa(bytes);
        key["kid"] = json!(kid);
        key
    }

    #[test]
    fn a_private_or_symmetric_key_is_refused_as_such() {
        let mut private = p256("p");
        private["d"] = json!("jpsQnnGQmL-YBIffH1136cspYG6-0iY7X1fCE9-E9LI");
        let symmetric = json!({"kty": "oct", "kid": "s", "k": "c2VjcmV0"});
        for key in [private, symmetric] {
            assert_eq!(read(std::slice::from_ref(&key)), Err(NotAKeySet::Secret));
            assert!(serde_json::from_value::<KeySet>(json!({"keys": [key]})).is_err());
        }
    }

    #[test]
    fn what_is_too_weak_damaged_or_for_something_else_is_refused() {
        let with = |mut key: Value, name: &str, value: Value| {
            key[name] = value;
            key
        };
        let without = |mut key: Value, name: &str| {
            key.as_object_mut().expect("a key").remove(name);
            key
        };
        for key in [
            rsa(128),
            rsa(255),
            rsa(1025),
            with(rsa(256), "e", json!("Aw")),
            with(rsa(256), "e", json!("AQAA")),
            with(rsa(256), "alg", json!("RS256")),
            with(p256("p"), "crv", json!("P-384")),
            with(p256("p"), "crv", json!("secp256k1")),
            with(p256("p"), "alg", json!("HS256")),
            with(p256("p"), "use", json!("enc")),
            with(p256("p"), "key_ops", json!(["sign"])),
            with(p256("p"), "x", json!("f83OJ3D2xF1Bg8vub9tLe1gHMzV76e8Tus9uPHvRVEV")),
            with(p256("p"), "x", json!("f83OJ3D2xF1Bg8vub9tLe1gHMzV76e8Tus9uPHvRVE")),
            with(p256("p"), "x", json!("f83OJ3D2xF1Bg8vub9tLe1gHMzV76e8Tus9uPHvRVEU=")),
            with(p256("p"), "kid", json!("")),
            with(p256("p"), "kid", json!("a b")),
            with(p256("p"), "x5u", json!("https://evil.example/")),
            with(ed25519(), "crv", json!("X25519")),
            with(ed25519(), "y", json!("x_FEzRu9m36HLN_tue659LNpXW6pCyStikYjKIWI5a0")),
            without(p256("p"), "y"),
            without(p256("p"), "kid"),
            without(p256("p"), "kty"),
        ] {
            assert_eq!(read(std::slice::from_ref(&key)), Err(NotAKeySet::Unusable), "{key}");
        }
        assert_eq!(read(&[]), Err(NotAKeySet::Count));
        let nine: Vec<Value> = (0..9).map(|n| p256(&n.to_string())).collect();
        assert_eq!(read(&nine), Err(NotAKeySet::Count));
        assert_eq!(read(&[p256("a"), p256("a")]), Err(NotAKeySet::SameId));
        for text in ["", "{}", "[]", "{\"keys\":1}", "null"] {
            assert_eq!(KeySet::parse(text), Err(NotAKeySet::Malformed), "{text}");
        }
    }

    proptest! {
        #[test]
        fn no_text_breaks_it(text: String) {
            let _ = KeySet::parse(&text);
            let _ = bytes(&text);
        }
    }
}
