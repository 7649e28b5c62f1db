//! Secret keys, and what exactly they sign (signed-note, "Signatures"; tlog-cosignature).

use crate::{
    Algorithm, Checkpoint, KeyError, KeyName, NotACheckpoint, Note, NoteSignature, VerifierKey, text,
};
use aws_lc_rs::signature::{Ed25519KeyPair, KeyPair, ML_DSA_44_SIGNING, PqdsaKeyPair};
use std::fmt;

/// A secret key with its name.
pub struct Signer {
    verifier: VerifierKey,
    secret: Secret,
}

enum Secret {
    Ed25519(Ed25519KeyPair),
    MlDsa44(PqdsaKeyPair),
}

/// What a key does not sign.
#[derive(Debug, thiserror::Error, PartialEq, Eq, Clone, Copy)]
pub enum SignError {
    /// A key for notes does not cosign, and a key for cosignatures signs nothing else.
    #[error("this key signs something else")]
    OtherUse,
    /// The text has control characters or does not end its last line.
    #[error("not the text of a note")]
    NotText,
    /// The text is not a checkpoint.
    #[error(transparent)]
    NotACheckpoint(#[from] NotACheckpoint),
    /// The time is after 2^63 - 1.
    #[error("a time that no cosignature can have")]
    Time,
    /// ML-DSA-44 cosignatures hold at most 255 bytes of the cosigner's name, and of the origin.
    #[error("the name of the key or the origin is longer than 255 bytes")]
    TooLong,
    /// The cryptographic library did not sign.
    #[error("the signature could not be made")]
    Failed,
}

impl Signer {
    /// An Ed25519 key in PKCS#8 (RFC 8410), for notes or for cosignatures.
    pub fn ed25519(name: KeyName, algorithm: Algorithm, pkcs8: &[u8]) -> Result<Self, KeyError> {
        if algorithm == Algorithm::MlDsa44Cosignature {
            return Err(KeyError::Algorithm);
        }
        let pair = Ed25519KeyPair::from_pkcs8(pkcs8).map_err(|_| KeyError::NotPkcs8)?;
        let verifier = VerifierKey::new(name, algorithm, pair.public_key().as_ref())?;
        Ok(Self { verifier, secret: Secret::Ed25519(pair) })
    }

    /// An ML-DSA-44 key in PKCS#8 (RFC 9881), for cosignatures.
    pub fn ml_dsa_44(name: KeyName, pkcs8: &[u8]) -> Result<Self, KeyError> {
        let pair = PqdsaKeyPair::from_pkcs8(&ML_DSA_44_SIGNING, pkcs8).map_err(|_| KeyError::NotPkcs8)?;
        let verifier = VerifierKey::new(name, Algorithm::MlDsa44Cosignature, pair.public_key().as_ref())?;
        Ok(Self { verifier, secret: Secret::MlDsa44(pair) })
    }

    /// Its public key.
    pub fn verifier(&self) -> VerifierKey {
        self.verifier.clone()
    }

    /// Signs the text of a note, which ends in a newline, with a key of type [`Algorithm::Ed25519`].
    pub fn sign(&self, text: &str) -> Result<NoteSignature, SignError> {
        if self.verifier.algorithm() != Algorithm::Ed25519 {
            return Err(SignError::OtherUse);
        }
        if text::has_control(text) || !text.ends_with('\n') {
            return Err(SignError::NotText);
        }
        Ok(self.signature(self.raw(text.as_bytes())?))
    }

    /// Cosigns a checkpoint that has no extension lines, at a time in seconds since 1970.
    ///
    /// 0 is for ML-DSA-44 alone: it says nothing of the time. A witness always tells it.
    pub fn cosign(&self, checkpoint: &Checkpoint, seconds: u64) -> Result<NoteSignature, SignError> {
        self.timestamped(&checkpoint.text(), checkpoint, seconds)
    }

    /// Cosigns a note that is a checkpoint, with its extension lines if it has any.
    pub fn cosign_note(&self, note: &Note, seconds: u64) -> Result<NoteSignature, SignError> {
        self.timestamped(note.text(), &Checkpoint::from_text(note.text())?, seconds)
    }

    fn timestamped(
        &self,
        text: &str,
        checkpoint: &Checkpoint,
        seconds: u64,
    ) -> Result<NoteSignature, SignError> {
        if i64::try_from(seconds).is_err() {
            return Err(SignError::Time);
        }
        let message = match self.verifier.algorithm() {
            Algorithm::Ed25519 => return Err(SignError::OtherUse),
            Algorithm::Ed25519Cosignature if seconds == 0 => return Err(SignError::Time),
            Algorithm::Ed25519Cosignature => cosignature_message(text, seconds),
            Algorithm::MlDsa44Cosignature => {
                subtree_message(self.verifier.name(), checkpoint, seconds).ok_or(SignError::TooLong)?
            }
        };
        let mut bytes = seconds.to_be_bytes().to_vec();
        bytes.append(&mut self.raw(&message)?);
        Ok(self.signature(bytes))
    }

    fn raw(&self, message: &[u8]) -> Result<Vec<u8>, SignError> {
        match &self.secret {
            Secret::Ed25519(pair) => Ok(pair.sign(message).as_ref().to_vec()),
            Secret::MlDsa44(pair) => {
                let mut bytes = vec![0; ML_DSA_44_SIGNING.signature_len()];
                let length = pair.sign(message, &mut bytes).map_err(|_| SignError::Failed)?;
                bytes.truncate(length);
                Ok(bytes)
            }
        }
    }

    fn signature(&self, bytes: Vec<u8>) -> NoteSignature {
        NoteSignature { name: self.verifier.name().clone(), key_id: self.verifier.id(), bytes }
    }
}

impl fmt::Debug for Signer {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Signer").field("verifier", &self.verifier).finish_non_exhaustive()
    }
}

/// What an Ed25519 cosigner signs (tlog-cosignature, "Ed25519 signed message").
pub(crate) fn cosignature_message(text: &str, seconds: u64) -> Vec<u8> {
    format!("cosignature/v1\ntime {seconds}\n{text}").into_bytes()
}

/// What an ML-DSA-44 cosigner signs (tlog-cosignature, "ML-DSA-44 signed message"): the tree from its first entry on.
pub(crate) fn subtree_message(cosigner: &KeyName, checkpoint: &Checkpoint, seconds: u64) -> Option<Vec<u8>> {
    let (cosigner, origin) = (cosigner.as_ref(), checkpoint.origin.as_ref());
    let start: u64 = 0;
    let mut message = b"subtree/v1\n\0".to_vec();
    message.push(u8::try_from(cosigner.len()).ok()?);
    message.extend_from_slice(cosigner.as_bytes());
    message.extend_from_slice(&seconds.to_be_bytes());
    message.push(u8::try_from(origin.len()).ok()?);
    message.extend_from_slice(origin.as_bytes());
    message.extend_from_slice(&start.to_be_bytes());
    message.extend_from_slice(&checkpoint.size.to_be_bytes());
    message.extend_from_slice(checkpoint.root.as_bytes());
    Some(message)
}
