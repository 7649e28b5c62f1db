//! Signed notes (signed-note, "Format").

use crate::{
    Algorithm, Checkpoint, KeyName, NotACheckpoint, VerifierKey,
    sign::{cosignature_message, subtree_message},
    text,
};
use std::{fmt, str::FromStr};

/// More signatures than the specification's 16, and few enough to verify all of them.
const MOST_SIGNATURES: usize = 64;
/// An em dash and a space.
const DASH: &str = "\u{2014} ";

/// A signature line. Its text is the line with its end.
#[derive(Clone, PartialEq, Eq, Hash, Debug)]
pub struct NoteSignature {
    /// Whose key signed.
    pub name: KeyName,
    /// Which of the keys of that name.
    pub key_id: u32,
    /// The signature; of a cosignature the time comes first, in eight bytes.
    pub bytes: Vec<u8>,
}

impl fmt::Display for NoteSignature {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let bytes = [self.key_id.to_be_bytes().as_slice(), &self.bytes].concat();
        writeln!(f, "{DASH}{} {}", self.name, text::encode(&bytes))
    }
}

impl FromStr for NoteSignature {
    type Err = NotANote;

    fn from_str(line: &str) -> Result<Self, NotANote> {
        let (name, signature) = line
            .strip_suffix('\n')
            .and_then(|line| line.strip_prefix(DASH)?.split_once(' '))
            .ok_or(NotANote::SignatureLine)?;
        let bytes = text::decode(signature).ok_or(NotANote::SignatureLine)?;
        let (id, bytes) = bytes.split_first_chunk().ok_or(NotANote::SignatureLine)?;
        if bytes.is_empty() {
            return Err(NotANote::SignatureLine);
        }
        let name = name.parse().map_err(|_| NotANote::SignatureLine)?;
        Ok(Self { name, key_id: u32::from_be_bytes(*id), bytes: bytes.to_vec() })
    }
}

/// Why something is not a signed note.
#[derive(Debug, thiserror::Error, PartialEq, Eq, Clone, Copy)]
pub enum NotANote {
    /// The text does not end in a newline, or no empty line and signature follow it.
    #[error("no text and empty line with signatures after it")]
    Lines,
    /// There is a control character other than a newline.
    #[error("a note has no control characters")]
    Control,
    /// A line after the text is not a signature.
    #[error("a line after the text is not a signature")]
    SignatureLine,
    /// There are more than 64 signatures.
    #[error("more than 64 signatures")]
    TooMany,
}

/// Why a note is not to be believed.
#[derive(Debug, thiserror::Error, PartialEq, Eq, Clone, Copy)]
pub enum NoteError {
    /// A known key is said to have signed, and has not.
    #[error("a signature of a known key does not hold")]
    BadSignature,
    /// No known key has signed.
    #[error("no known key has signed")]
    NoKnownSignature,
    /// A policy knows no log of this origin.
    #[error("a log that the policy does not know")]
    UnknownOrigin,
    /// It has to be a checkpoint, and is none.
    #[error(transparent)]
    NotACheckpoint(#[from] NotACheckpoint),
}

/// A signature that holds.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub struct Verified<'k> {
    /// Whose.
    pub key: &'k VerifierKey,
    /// The time of a cosignature, in seconds since 1970; 0 if the cosigner says nothing of it. `None` for other signatures.
    pub seconds: Option<u64>,
}

/// A text and who signed it. The text of what was read is kept to the byte.
#[derive(Clone, PartialEq, Eq, Hash, Debug)]
pub struct Note {
    text: String,
    signatures: Vec<NoteSignature>,
}

impl Note {
    /// A note that nobody has signed yet. The text ends in a newline and has no other control characters.
    pub fn new(text: impl Into<String>) -> Result<Self, NotANote> {
        let text = text.into();
        if text::has_control(&text) {
            return Err(NotANote::Control);
        }
        if text.ends_with('\n') { Ok(Self { text, signatures: Vec::new() }) } else { Err(NotANote::Lines) }
    }

    /// Adds a signature at the end.
    pub fn push(&mut self, signature: NoteSignature) {
        self.signatures.push(signature);
    }

    /// The signed text, with its last newline.
    pub fn text(&self) -> &str {
        &self.text
    }

    /// The signatures, in order. Nothing is known of them before [`Self::verify`].
    pub fn signatures(&self) -> &[NoteSignature] {
        &self.signatures
    }

    /// Which of these keys have signed, each once and in the order of the note.
    ///
    /// Signatures of other keys say nothing. One bad signature of a known key spoils the note.
    pub fn verify<'k>(&self, keys: &'k [VerifierKey]) -> Result<Vec<Verified<'k>>, NoteError> {
        let mut verified: Vec<Verified<'k>> = Vec::new();
        for signature in &self.signatures {
            let named = |key: &&VerifierKey| *key.name() == signature.name && key.id() == signature.key_id;
            let checked = keys.iter().filter(named).map(|key| self.check(key, &signature.bytes));
            // Two keys with one name and id are not to be expected; one of them has signed.
            let (good, bad): (Vec<_>, Vec<_>) = checked.partition(Result::is_ok);
            if let (true, Some(Err(error))) = (good.is_empty(), bad.first()) {
                return Err(*error);
            }
            for one in good.into_iter().flatten() {
                if !verified.iter().any(|other| other.key == one.key) {
                    verified.push(one);
                }
            }
        }
        if verified.is_empty() { Err(NoteError::NoKnownSignature) } else { Ok(verified) }
    }

    fn check<'k>(&self, key: &'k VerifierKey, bytes: &[u8]) -> Result<Verified<'k>, NoteError> {
        let (seconds, holds) = if key.algorithm() == Algorithm::Ed25519 {
            (None, key.holds(self.text.as_bytes(), bytes))
        } else {
            let checkpoint = Checkpoint::read(&self.text)?;
            let (time, signature) = bytes.split_first_chunk().ok_or(NoteError::BadSignature)?;
            let seconds = u64::from_be_bytes(*time);
            let message = match key.algorithm() {
                Algorithm::MlDsa44Cosignature => subtree_message(key.name(), &checkpoint, seconds),
                _ => Some(cosignature_message(&self.text, seconds)),
            };
            let possible = i64::try_from(seconds).is_ok();
            (Some(seconds), possible && message.is_some_and(|message| key.holds(&message, signature)))
        };
        if holds { Ok(Verified { key, seconds }) } else { Err(NoteError::BadSignature) }
    }
}

impl fmt::Display for Note {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        writeln!(f, "{}", self.text)?;
        self.signatures.iter().try_for_each(|signature| write!(f, "{signature}"))
    }
}

impl FromStr for Note {
    type Err = NotANote;

    fn from_str(note: &str) -> Result<Self, NotANote> {
        let (text, lines) = note.rsplit_once("\n\n").ok_or(NotANote::Lines)?;
        let mut read = Self::new(format!("{text}\n"))?;
        if text::has_control(lines) {
            return Err(NotANote::Control);
        }
        for line in lines.split_inclusive('\n') {
            if read.signatures.len() == MOST_SIGNATURES {
                return Err(NotANote::TooMany);
            }
            read.push(line.parse()?);
        }
        if read.signatures.is_empty() { Err(NotANote::Lines) } else { Ok(read) }
    }
}
