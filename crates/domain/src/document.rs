//! Evidence that somebody handed over: a signed form, a letter. Its bytes are kept encrypted beside it.

use crate::{
    Cvr, Digest,
    event::{Entity, Fact, Kind, Recorded},
    id::{DocumentId, PersonId},
    instant::Instant,
    reason::Reason,
};
use serde::{Deserialize, Serialize};
use uuid::Uuid;

/// The most bytes that a document may have.
pub const LARGEST_DOCUMENT: usize = 10 * 1024 * 1024;

/// What a document may be.
#[derive(Clone, Copy, PartialEq, Eq, Debug, Serialize, Deserialize)]
pub enum MediaType {
    /// PDF.
    #[serde(rename = "application/pdf")]
    Pdf,
    /// PNG.
    #[serde(rename = "image/png")]
    Png,
    /// JPEG.
    #[serde(rename = "image/jpeg")]
    Jpeg,
}

impl MediaType {
    /// Every type.
    pub const ALL: [Self; 3] = [Self::Pdf, Self::Png, Self::Jpeg];

    /// Its name (RFC 6838).
    pub const fn name(self) -> &'static str {
        match self {
            Self::Pdf => "application/pdf",
            Self::Png => "image/png",
            Self::Jpeg => "image/jpeg",
        }
    }

    /// How a file of the type ends.
    pub const fn extension(self) -> &'static str {
        match self {
            Self::Pdf => "pdf",
            Self::Png => "png",
            Self::Jpeg => "jpg",
        }
    }

    /// The type that the bytes begin like, whatever a sender calls them; only what is not empty, not too large and of a known type.
    pub fn of(bytes: &[u8]) -> Result<Self, Reason> {
        if bytes.len() > LARGEST_DOCUMENT {
            return Err(Reason::DocumentTooLarge);
        }
        let begins = |start: &[u8]| bytes.starts_with(start);
        if begins(b"%PDF-") {
            Ok(Self::Pdf)
        } else if begins(b"\x89PNG\r\n\x1a\n") {
            Ok(Self::Png)
        } else if begins(b"\xff\xd8\xff") {
            Ok(Self::Jpeg)
        } else {
            Err(Reason::DocumentTypeUnknown)
        }
    }
}

/// A document, without its bytes.
#[derive(Clone, PartialEq, Eq, Debug)]
pub struct Document {
    /// Its id.
    pub id: DocumentId,
    /// Whom it is about.
    pub person: PersonId,
    /// The authority that keeps it.
    pub authority: Cvr,
    /// What it is.
    pub media_type: MediaType,
    /// How many bytes it has.
    pub size: u64,
    /// The fingerprint of the bytes.
    pub digest: Digest,
    /// Since when it is kept.
    pub kept_at: Instant,
}

impl Entity for Document {
    const KIND: Kind = Kind::Document;

    fn id(&self) -> Uuid {
        self.id.as_uuid()
    }

    fn revision(&self) -> u64 {
        1
    }

    fn subjects(&self) -> Vec<PersonId> {
        vec![self.person]
    }

    fn replay(before: Option<Self>, event: &Recorded) -> Option<Self> {
        match (before, &event.fact) {
            (None, Fact::DocumentKept { person, authority, media_type, size, digest }) => Some(Self {
                id: DocumentId::from_uuid(event.aggregate),
                person: *person,
                authority: *authority,
                media_type: *media_type,
                size: *size,
                digest: *digest,
                kept_at: event.recorded_at,
            }),
            _ => None,
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_document_is_what_its_bytes_say_and_no_larger_than_allowed() {
        assert_eq!(MediaType::of(b"%PDF-1.7\n"), Ok(MediaType::Pdf));
        assert_eq!(MediaType::of(b"\x89PNG\r\n\x1a\n...."), Ok(MediaType::Png));
        assert_eq!(MediaType::of(b"\xff\xd8\xff\xe0"), Ok(MediaType::Jpeg));
        for bytes in [b"".as_slice(), b"<html>", b" %PDF-1.7", b"MZ\x90", b"<?xml version=\"1.0\"?><svg/>"] {
            assert_eq!(MediaType::of(bytes), Err(Reason::DocumentTypeUnknown));
        }
        let mut large = b"%PDF-".to_vec();
        large.resize(LARGEST_DOCUMENT, 0);
        assert_eq!(MediaType::of(&large), Ok(MediaType::Pdf));
        large.push(0);
        assert_eq!(MediaType::of(&large), Err(Reason::DocumentTooLarge));
    }
}
