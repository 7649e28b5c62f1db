//! The keys that sign the log, and whom the operator has asked to watch it.

use crate::Error;
use tillid_domain::Instant;
use tillid_log::{
    Algorithm, Checkpoint, KeyName, Note, NoteSignature, Policy, SignError, Signer, VerifierKey, WitnessLine,
};
use tillid_storage::{SignatureLine, SignedTree};

/// Keys that do not serve.
#[derive(Debug, thiserror::Error, PartialEq, Eq, Clone, Copy)]
pub enum LogKeysError {
    /// There is none that signs.
    #[error("a log needs a key to sign with")]
    NoKey,
    /// A key has another name than the log (C2SP tlog-checkpoint: the key's name is the origin).
    #[error("a key of the log is named otherwise than the log")]
    OtherName,
}

/// A key of the log, as it is published.
#[derive(Clone, PartialEq, Eq, Debug)]
pub struct OwnKey {
    /// The key.
    pub key: VerifierKey,
    /// Whether it still signs.
    pub signs: bool,
}

/// What the log signs with, what it signed with before, and its witnesses.
#[derive(Debug)]
pub struct LogKeys {
    origin: KeyName,
    signers: Vec<Signer>,
    retired: Vec<VerifierKey>,
    policy: Option<Policy>,
}

impl LogKeys {
    /// All `signers` sign every tree, so that one can take over from another. The log's origin is their name.
    pub fn new(
        origin: KeyName,
        signers: Vec<Signer>,
        retired: Vec<VerifierKey>,
        policy: Option<Policy>,
    ) -> Result<Self, LogKeysError> {
        if signers.is_empty() {
            return Err(LogKeysError::NoKey);
        }
        let mut keys = signers.iter().map(Signer::verifier).chain(retired.iter().cloned());
        if keys.any(|key| *key.name() != origin) {
            return Err(LogKeysError::OtherName);
        }
        Ok(Self { origin, signers, retired, policy })
    }

    /// What the log calls itself.
    pub fn origin(&self) -> &KeyName {
        &self.origin
    }

    /// Whom the operator asks to sign too, and how many of them it takes.
    pub fn policy(&self) -> Option<&Policy> {
        self.policy.as_ref()
    }

    /// Every key of the log, those that sign first. A retired one stays for as long as there are receipts.
    pub fn published(&self) -> Vec<OwnKey> {
        let active = self.signers.iter().map(|s| OwnKey { key: s.verifier(), signs: true });
        active.chain(self.retired.iter().map(|key| OwnKey { key: key.clone(), signs: false })).collect()
    }

    /// The keys, to verify with.
    pub fn verifiers(&self) -> Vec<VerifierKey> {
        self.published().into_iter().map(|own| own.key).collect()
    }

    /// Signs a tree with every key whose signature is not there yet.
    pub(super) fn sign(
        &self,
        tree: &Checkpoint,
        there: &[SignatureLine],
        now: Instant,
    ) -> Result<Vec<SignatureLine>, Error> {
        let mut lines = Vec::new();
        for signer in &self.signers {
            let name = signer_name(&signer.verifier());
            if there.iter().any(|line| line.signer == name) {
                continue;
            }
            let seconds = u64::try_from(now.as_micros() / 1_000_000).unwrap_or(0);
            let signature = sign(signer, tree, seconds).map_err(broken)?;
            lines.push(SignatureLine { signer: name, line: signature.to_string(), at: now });
        }
        Ok(lines)
    }

    /// Whether every key that signs has signed a tree.
    pub(super) fn has_signed(&self, tree: &SignedTree) -> bool {
        self.signers.iter().all(|signer| {
            let name = signer_name(&signer.verifier());
            tree.signatures.iter().any(|line| line.signer == name)
        })
    }

    /// A signed tree as the log publishes it, with every signature under it.
    pub(super) fn note(&self, tree: &SignedTree) -> Result<Note, Error> {
        let text = self.checkpoint(tree.size, super::hash(tree.root)).text();
        let mut note = Note::new(text).map_err(broken)?;
        for line in tree.signatures.iter().chain(&tree.cosignatures) {
            note.push(line.line.parse().map_err(broken)?);
        }
        Ok(note)
    }

    pub(super) fn checkpoint(&self, size: u64, root: tillid_log::Hash) -> Checkpoint {
        Checkpoint { origin: self.origin.clone().into(), size, root }
    }

    /// Whether the witnesses that signed a tree are as many as the policy asks for; without a policy, nobody is asked for.
    pub(super) fn is_witnessed(&self, tree: &SignedTree) -> bool {
        let Some(policy) = &self.policy else { return true };
        let signed =
            |w: &&WitnessLine| tree.cosignatures.iter().any(|line| line.signer == signer_name(&w.key));
        let names = policy.witnesses().iter().filter(signed).map(|w| w.name.as_str()).collect();
        policy.quorum_of(&names)
    }
}

fn broken(error: impl std::error::Error + Send + Sync + 'static) -> Error {
    Error::Broken(Box::new(error))
}

/// The log signs notes; under a key that signs trees only (ML-DSA-44), it cosigns its own.
fn sign(signer: &Signer, tree: &Checkpoint, seconds: u64) -> Result<NoteSignature, SignError> {
    match signer.verifier().algorithm() {
        Algorithm::Ed25519 => signer.sign(&tree.text()),
        Algorithm::Ed25519Cosignature | Algorithm::MlDsa44Cosignature => signer.cosign(tree, seconds),
    }
}

/// How a key is called in the tables: its name, and its id in hexadecimal.
pub(super) fn signer_name(key: &VerifierKey) -> String {
    format!("{}+{:08x}", key.name(), key.id())
}
