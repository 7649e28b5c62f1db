//! Canonical bytes and their fingerprints.

use crate::instant::serde_as_text;
use aws_lc_rs::{digest, hmac};
use serde::{Deserialize, Deserializer, Serialize, Serializer, de::Error as _};
use std::{fmt, str::FromStr};

/// The value as RFC 8785 (JCS) writes it: the same value gives the same bytes everywhere and for good.
///
/// Panics only for a value that has no JSON form, which none of the domain's has.
#[expect(
    clippy::expect_used,
    reason = "the domain's values are structs, strings and integers; all of them have a JSON form"
)]
pub fn canonical<T: Serialize>(value: &T) -> Vec<u8> {
    serde_json_canonicalizer::to_vec(value).expect("a value with a JSON form")
}

/// Thirty-two bytes of SHA-256 or HMAC-SHA-256; written in lower-case hexadecimal.
#[derive(Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct Digest([u8; 32]);

/// A text that is not 64 lower-case hexadecimal digits, or bytes that are not 32.
#[derive(Debug, thiserror::Error, PartialEq, Eq, Clone, Copy)]
#[error("not a digest of 32 bytes")]
pub struct NotADigest;

impl Digest {
    /// SHA-256 of the bytes.
    pub fn of(bytes: &[u8]) -> Self {
        Self::from_slice(digest::digest(&digest::SHA256, bytes).as_ref())
    }

    /// SHA-256 of the canonical bytes of the value.
    pub fn of_canonical<T: Serialize>(value: &T) -> Self {
        Self::of(&canonical(value))
    }

    /// HMAC-SHA-256 of the bytes: binds to them without telling anything of them while the salt is unknown.
    pub fn commit(salt: &Salt, bytes: &[u8]) -> Self {
        Self::from_slice(hmac::sign(&hmac::Key::new(hmac::HMAC_SHA256, &salt.0), bytes).as_ref())
    }

    /// The digest with these bytes.
    pub const fn from_bytes(bytes: [u8; 32]) -> Self {
        Self(bytes)
    }

    /// The bytes.
    pub const fn as_bytes(&self) -> &[u8; 32] {
        &self.0
    }

    fn from_slice(bytes: &[u8]) -> Self {
        let mut out = [0; 32];
        out.copy_from_slice(bytes);
        Self(out)
    }
}

impl TryFrom<&[u8]> for Digest {
    type Error = NotADigest;

    fn try_from(bytes: &[u8]) -> Result<Self, NotADigest> {
        bytes.try_into().map(Self).map_err(|_| NotADigest)
    }
}

impl fmt::Display for Digest {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        self.0.iter().try_for_each(|b| write!(f, "{b:02x}"))
    }
}

impl fmt::Debug for Digest {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        fmt::Display::fmt(self, f)
    }
}

impl FromStr for Digest {
    type Err = NotADigest;

    fn from_str(text: &str) -> Result<Self, NotADigest> {
        let digit = |b: u8| match b {
            b'0'..=b'9' => Some(b - b'0'),
            b'a'..=b'f' => Some(b - b'a' + 10),
            _ => None,
        };
        let mut out = [0; 32];
        if text.len() != 64 {
            return Err(NotADigest);
        }
        for (byte, pair) in out.iter_mut().zip(text.as_bytes().chunks_exact(2)) {
            let [high, low] = pair else { return Err(NotADigest) };
            *byte = digit(*high).zip(digit(*low)).map(|(h, l)| h << 4 | l).ok_or(NotADigest)?;
        }
        Ok(Self(out))
    }
}

serde_as_text!(Digest);

/// Thirty-two random bytes that hide what a commitment is to. Deleting them makes it unopenable.
#[derive(Clone, PartialEq, Eq)]
pub struct Salt([u8; 32]);

impl Salt {
    /// These bytes, which the caller got from a good source of randomness.
    pub const fn from_bytes(bytes: [u8; 32]) -> Self {
        Self(bytes)
    }

    /// The bytes, for storage and for the receipt of whom they concern.
    pub const fn reveal(&self) -> &[u8; 32] {
        &self.0
    }
}

impl fmt::Debug for Salt {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("Salt(..)")
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_commitment_is_hmac_sha_256_as_rfc_4231_has_it() {
        let mut key = [0_u8; 32];
        key[..20].fill(0x0b);
        // RFC 4231 case 1 pads its 20-byte key with zeros to the block, and so do these 32 bytes.
        assert_eq!(
            Digest::commit(&Salt::from_bytes(key), b"Hi There").to_string(),
            "b0344c61d8db38535ca8afceaf0bf12b881dc200c9833da726e9376c2e32cff7"
        );
    }

    #[test]
    fn canonical_bytes_do_not_depend_on_the_order_of_fields() {
        let a: serde_json::Value = serde_json::from_str(r#"{"b":1,"a":"é"}"#).expect("json");
        assert_eq!(canonical(&a), r#"{"a":"é","b":1}"#.as_bytes());
    }

    #[test]
    fn a_digest_reads_back_as_written() {
        let digest = Digest::of(b"");
        assert_eq!(digest.to_string().parse(), Ok(digest));
        assert_eq!("E3".repeat(32).parse::<Digest>(), Err(NotADigest));
    }
}
