//! Names of keys and public keys (signed-note, "Verifier keys").

use crate::{Hash, text};
use aws_lc_rs::signature::{ED25519, ML_DSA_44, UnparsedPublicKey, VerificationAlgorithm};
use std::{fmt, str::FromStr};

/// The name of a key: not empty, without spaces, control characters and `+`.
#[derive(Clone, PartialEq, Eq, PartialOrd, Ord, Hash, Debug)]
pub struct KeyName(String);

/// What cannot name a key.
#[derive(Debug, thiserror::Error, PartialEq, Eq, Clone, Copy)]
#[error("the name of a key is empty or has a space, a control character or a plus")]
pub struct NotAKeyName;

impl FromStr for KeyName {
    type Err = NotAKeyName;

    fn from_str(name: &str) -> Result<Self, NotAKeyName> {
        let refused = |c: char| c.is_whitespace() || c.is_control() || c == '+';
        if name.is_empty() || name.contains(refused) { Err(NotAKeyName) } else { Ok(Self(name.to_owned())) }
    }
}

impl fmt::Display for KeyName {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.0)
    }
}

impl AsRef<str> for KeyName {
    fn as_ref(&self) -> &str {
        &self.0
    }
}

/// What a key signs, and how (signed-note, "Signature types").
#[derive(Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash, Debug)]
pub enum Algorithm {
    /// Type 0x01: Ed25519 over the text of a note.
    Ed25519,
    /// Type 0x04: Ed25519 over a checkpoint and a time (tlog-cosignature).
    Ed25519Cosignature,
    /// Type 0x06: ML-DSA-44 over a checkpoint and a time (tlog-cosignature).
    MlDsa44Cosignature,
}

impl Algorithm {
    /// The byte that identifies it.
    pub const fn byte(self) -> u8 {
        match self {
            Self::Ed25519 => 0x01,
            Self::Ed25519Cosignature => 0x04,
            Self::MlDsa44Cosignature => 0x06,
        }
    }

    fn from_byte(byte: u8) -> Option<Self> {
        [Self::Ed25519, Self::Ed25519Cosignature, Self::MlDsa44Cosignature]
            .into_iter()
            .find(|algorithm| algorithm.byte() == byte)
    }

    const fn public_len(self) -> usize {
        match self {
            Self::Ed25519 | Self::Ed25519Cosignature => 32,
            Self::MlDsa44Cosignature => 1312,
        }
    }
}

/// A key that cannot be used.
#[derive(Debug, thiserror::Error, PartialEq, Eq, Clone, Copy)]
pub enum KeyError {
    /// The text is not a name, an id and a key with `+` between them.
    #[error("not a verifier key: NAME+ID+KEY")]
    Malformed,
    /// Its name cannot name a key.
    #[error(transparent)]
    Name(#[from] NotAKeyName),
    /// It is of a type that is not read here, or not of the one asked for.
    #[error("a key of an unknown type, or of another than asked for")]
    Algorithm,
    /// A public key of this type has another length.
    #[error("a public key of this type has another length")]
    Length,
    /// The id is not that of the key.
    #[error("the id is not that of the key")]
    Id,
    /// A secret key that is not PKCS#8 of its type.
    #[error("not a secret key of this type in PKCS#8")]
    NotPkcs8,
}

/// A public key with its name and what it signs. Its text is a *vkey*.
#[derive(Clone, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct VerifierKey {
    name: KeyName,
    id: u32,
    algorithm: Algorithm,
    public: Vec<u8>,
}

impl VerifierKey {
    /// A key of 32 bytes (Ed25519) or 1312 bytes (ML-DSA-44).
    pub fn new(name: KeyName, algorithm: Algorithm, public: &[u8]) -> Result<Self, KeyError> {
        if public.len() != algorithm.public_len() {
            return Err(KeyError::Length);
        }
        let hash = Hash::sha256(&[name.0.as_bytes(), b"\n", &[algorithm.byte()], public]);
        let [a, b, c, d, ..] = *hash.as_bytes();
        Ok(Self { name, id: u32::from_be_bytes([a, b, c, d]), algorithm, public: public.to_vec() })
    }

    /// Whose key it is. The key of a log has the origin as its name.
    pub fn name(&self) -> &KeyName {
        &self.name
    }

    /// Four bytes of the hash of name, type and key.
    pub fn id(&self) -> u32 {
        self.id
    }

    /// What it signs.
    pub fn algorithm(&self) -> Algorithm {
        self.algorithm
    }

    /// The public key as RFC 8032 or FIPS 204 encodes it.
    pub fn public(&self) -> &[u8] {
        &self.public
    }

    pub(crate) fn holds(&self, message: &[u8], signature: &[u8]) -> bool {
        let algorithm: &'static dyn VerificationAlgorithm = match self.algorithm {
            Algorithm::Ed25519 | Algorithm::Ed25519Cosignature => &ED25519,
            Algorithm::MlDsa44Cosignature => &ML_DSA_44,
        };
        UnparsedPublicKey::new(algorithm, &self.public).verify(message, signature).is_ok()
    }
}

impl fmt::Display for VerifierKey {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let typed: Vec<u8> =
            std::iter::once(self.algorithm.byte()).chain(self.public.iter().copied()).collect();
        write!(f, "{}+{:08x}+{}", self.name, self.id, text::encode(&typed))
    }
}

impl fmt::Debug for VerifierKey {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "VerifierKey({}+{:08x} {:?})", self.name, self.id, self.algorithm)
    }
}

impl FromStr for VerifierKey {
    type Err = KeyError;

    fn from_str(text: &str) -> Result<Self, KeyError> {
        let mut parts = text.splitn(3, '+');
        let (Some(name), Some(id), Some(typed)) = (parts.next(), parts.next(), parts.next()) else {
            return Err(KeyError::Malformed);
        };
        let hex = |b: u8| b.is_ascii_digit() || (b'a'..=b'f').contains(&b);
        if id.len() != 8 || !id.bytes().all(hex) {
            return Err(KeyError::Malformed);
        }
        let id = u32::from_str_radix(id, 16).map_err(|_| KeyError::Malformed)?;
        let typed = text::decode(typed).ok_or(KeyError::Malformed)?;
        let (byte, public) = typed.split_first().ok_or(KeyError::Malformed)?;
        let algorithm = Algorithm::from_byte(*byte).ok_or(KeyError::Algorithm)?;
        let key = Self::new(name.parse()?, algorithm, public)?;
        if key.id == id { Ok(key) } else { Err(KeyError::Id) }
    }
}
