//! Hashes of the tree (RFC 6962, section 2.1).

use crate::text;
use aws_lc_rs::digest::{Context, SHA256};
use std::{fmt, str::FromStr};

/// A node of the tree: a SHA-256 hash. Its text is standard base64.
#[derive(Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct Hash([u8; 32]);

impl Hash {
    /// A hash from its bytes.
    pub const fn from_bytes(bytes: [u8; 32]) -> Self {
        Self(bytes)
    }

    /// Its bytes.
    pub const fn as_bytes(&self) -> &[u8; 32] {
        &self.0
    }

    /// The hash of an entry: `SHA-256(0x00 || entry)`.
    pub fn of_entry(entry: &[u8]) -> Self {
        Self::sha256(&[&[0], entry])
    }

    /// The hash of an inner node: `SHA-256(0x01 || left || right)`.
    pub fn of_children(left: &Self, right: &Self) -> Self {
        Self::sha256(&[&[1], &left.0, &right.0])
    }

    /// The root of the empty tree: SHA-256 of nothing.
    pub fn of_nothing() -> Self {
        Self::sha256(&[])
    }

    pub(crate) fn sha256(parts: &[&[u8]]) -> Self {
        let mut context = Context::new(&SHA256);
        for part in parts {
            context.update(part);
        }
        let mut bytes = [0; 32];
        bytes.copy_from_slice(context.finish().as_ref());
        Self(bytes)
    }
}

impl fmt::Display for Hash {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&text::encode(&self.0))
    }
}

impl fmt::Debug for Hash {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        fmt::Display::fmt(self, f)
    }
}

/// What is not 32 bytes, or not their base64.
#[derive(Debug, thiserror::Error, PartialEq, Eq, Clone, Copy)]
#[error("not a hash of 32 bytes")]
pub struct NotAHash;

impl TryFrom<&[u8]> for Hash {
    type Error = NotAHash;

    fn try_from(bytes: &[u8]) -> Result<Self, NotAHash> {
        bytes.try_into().map(Self).map_err(|_| NotAHash)
    }
}

impl FromStr for Hash {
    type Err = NotAHash;

    fn from_str(text: &str) -> Result<Self, NotAHash> {
        text::decode(text).ok_or(NotAHash)?.as_slice().try_into()
    }
}
