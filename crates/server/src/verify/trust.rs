//! Whose signatures count.

use super::verdict::{Says, Verdict};
use base64::{Engine, engine::general_purpose::URL_SAFE_NO_PAD as B64};
use serde::Deserialize;
use std::{collections::BTreeSet, fmt::Write as _};
use tillid_domain::Instant;
use tillid_log::{Checkpoint, Judgement, Note, NoteError, Policy, VerifierKey};

/// The keys that a service publishes (`/log/keys`).
#[derive(Debug)]
pub(super) struct Published {
    /// 32-byte public keys of receipts.
    pub(super) receipts: Vec<Vec<u8>>,
    /// Keys of the log.
    pub(super) log: Vec<VerifierKey>,
}

#[derive(Deserialize)]
struct KeySet {
    keys: Vec<ReceiptKey>,
    log: LogPart,
}

#[derive(Deserialize)]
struct ReceiptKey {
    crv: String,
    x: String,
}

#[derive(Deserialize)]
struct LogPart {
    keys: Vec<LogKey>,
}

#[derive(Deserialize)]
struct LogKey {
    vkey: String,
}

impl Published {
    /// The keys in those bytes; `None` unless all of them can be read.
    pub(super) fn read(bytes: &[u8]) -> Option<Self> {
        let set: KeySet = serde_json::from_slice(bytes).ok()?;
        let receipts = set.keys.iter().filter(|key| key.crv == "Ed25519").map(|key| B64.decode(&key.x).ok());
        let log = set.log.keys.iter().map(|key| key.vkey.parse().ok());
        Some(Self { receipts: receipts.collect::<Option<_>>()?, log: log.collect::<Option<_>>()? })
    }
}

/// Where the keys come from.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub(super) enum Basis {
    /// A policy that whoever verifies has chosen.
    Policy,
    /// A list of keys that was saved before, or lies beside what is verified.
    Keys,
    /// The server itself, just now.
    FirstUse,
}

/// Whose signatures count, and why.
#[derive(Debug)]
pub(super) struct Trust {
    policy: Policy,
    pub(super) basis: Basis,
}

/// A checkpoint that the log has signed.
#[derive(Clone, Debug)]
pub(super) struct Signed {
    /// Where it comes from, for people.
    pub(super) what: String,
    pub(super) note: Note,
    pub(super) checkpoint: Checkpoint,
}

impl Trust {
    /// In the logs and witnesses of a policy.
    pub(super) fn in_policy(policy: Policy) -> Self {
        Self { policy, basis: Basis::Policy }
    }

    /// In these keys of a log and in nobody else; `None` if there are none.
    pub(super) fn in_keys(keys: &[VerifierKey], basis: Basis) -> Option<Self> {
        let once: BTreeSet<&[u8]> = keys.iter().map(VerifierKey::public).collect();
        let mut policy = String::new();
        for key in once.iter().filter_map(|public| keys.iter().find(|key| key.public() == *public)) {
            let _ = writeln!(policy, "log {key}");
        }
        policy.push_str("quorum none\n");
        let policy: Policy = policy.parse().ok()?;
        if policy.logs().is_empty() { None } else { Some(Self { policy, basis }) }
    }

    /// The keys of logs that have this name.
    pub(super) fn keys_of(&self, checkpoint: &Checkpoint) -> Vec<VerifierKey> {
        let logs = self.policy.logs().iter().map(|log| &log.key);
        logs.filter(|key| checkpoint.origin == *key.name()).cloned().collect()
    }

    /// Whether a key is that of a log.
    pub(super) fn knows(&self, key: &VerifierKey) -> bool {
        self.policy.logs().iter().any(|log| log.key == *key)
    }

    /// Whether any witness is asked for.
    fn asks(&self) -> bool {
        !self.policy.quorum_of(&BTreeSet::new())
    }

    /// What there is to say of a checkpoint; the checkpoint if its log has signed it.
    pub(super) fn judge(&self, what: &str, note: Note, verdict: &mut Verdict) -> Option<(Signed, Judgement)> {
        match self.policy.judge(&note) {
            Ok(judgement) => {
                let signed = Signed { what: what.to_owned(), note, checkpoint: judgement.checkpoint.clone() };
                Some((signed, judgement))
            }
            Err(NoteError::NotACheckpoint(error)) => {
                let values = [("what", what), ("error", &error.to_string())];
                verdict.say(Says::CheckpointUnreadable, &values);
                None
            }
            Err(error) => {
                let origin = note.text().lines().next().unwrap_or_default();
                let says = match error {
                    NoteError::UnknownOrigin => Says::UnknownLog,
                    NoteError::BadSignature => Says::BadSignature,
                    _ => Says::NotSigned,
                };
                verdict.say(says, &[("what", what), ("origin", origin)]);
                verdict.keep("checkpoint", note.to_string().as_bytes());
                None
            }
        }
    }

    /// Says who has signed a checkpoint, and who has not.
    pub(super) fn tell(&self, signed: &Signed, judgement: &Judgement, verdict: &mut Verdict) {
        let Signed { what, checkpoint, .. } = signed;
        let key = format!("{}+{:08x}", judgement.log.name(), judgement.log.id());
        let (size, root) = (checkpoint.size.to_string(), checkpoint.root.to_string());
        let origin = checkpoint.origin.as_ref();
        let values =
            [("what", what.as_str()), ("origin", origin), ("size", &size), ("root", &root), ("key", &key)];
        verdict.say(Says::CheckpointSigned, &values);
        for witness in &judgement.witnesses {
            let time = moment(witness.seconds);
            let values = [("what", what.as_str()), ("name", &witness.name), ("time", &time)];
            verdict.say(Says::Witnessed, &values);
        }
        let count = judgement.witnesses.len().to_string();
        let values = [("what", what.as_str()), ("count", &count)];
        let says = match (self.asks(), judgement.quorum) {
            (true, true) => Says::QuorumMet,
            (true, false) => Says::QuorumMissing,
            (false, _) if judgement.witnesses.is_empty() => Says::NobodyVouched,
            (false, _) => return,
        };
        verdict.say(says, &values);
    }
}

/// A time of a cosignature, for people.
fn moment(seconds: u64) -> String {
    let micros = i64::try_from(seconds).ok().and_then(|seconds| seconds.checked_mul(1_000_000));
    match micros {
        Some(0) | None => "?".to_owned(),
        Some(micros) => Instant::from_micros(micros).to_string().replace(".000000Z", "Z"),
    }
}
