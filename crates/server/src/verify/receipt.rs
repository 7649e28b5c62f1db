//! Receipts, which prove themselves: what was recorded, who promised it, and that the log has it.

use super::{
    trust::{Published, Signed, Trust},
    verdict::{Says, Verdict},
};
use std::{fs, path::Path};
use tillid_documents::{NotAReceipt, Opened, Receipt, is_signed, open};
use tillid_domain::id::EventId;
use tillid_log::{Hash, LogProof};

/// What a receipt tells.
#[derive(Debug)]
pub(super) struct Held {
    /// The name of its file.
    pub(super) what: String,
    pub(super) event: EventId,
    pub(super) recorded_at: String,
    /// The leaf that the log must have.
    pub(super) leaf: Hash,
    entry: [u8; 33],
    /// The proof in the file; none while there is but the promise.
    proof: Option<String>,
}

/// The entry of an event in the log: the form, and the commitment.
fn entry(opened: &Opened) -> [u8; 33] {
    let mut entry = [1; 33];
    let (_, commitment) = entry.split_at_mut(1);
    commitment.copy_from_slice(opened.commitment.as_bytes());
    entry
}

/// Reads a receipt, opens its commitment, and checks who signed it.
pub(super) fn read(file: &Path, keys: Option<&Published>, verdict: &mut Verdict) -> Option<Held> {
    let what = file.display().to_string();
    let read = fs::read(file).map_err(|error| error.to_string());
    let read =
        read.and_then(|bytes| serde_json::from_slice::<Receipt>(&bytes).map_err(|error| error.to_string()));
    let receipt = match read {
        Ok(receipt) => receipt,
        Err(error) => {
            verdict.say(Says::ReceiptUnreadable, &[("what", &what), ("error", &error)]);
            return None;
        }
    };
    let opened = match open(&receipt.receipt) {
        Ok(opened) => opened,
        Err(error) => {
            let says = match error {
                NotAReceipt::Malformed => Says::ReceiptMalformed,
                NotAReceipt::OtherEvent => Says::ReceiptOtherEvent,
            };
            verdict.say(says, &[("what", &what)]);
            return None;
        }
    };
    let (event, recorded_at) = (opened.recorded.id.to_string(), opened.recorded.recorded_at.to_string());
    let values =
        [("what", what.as_str()), ("event", &event), ("time", &recorded_at), ("issuer", &opened.issuer)];
    verdict.say(Says::ReceiptOpens, &values);
    let says = match keys {
        None => Says::ReceiptKeysMissing,
        Some(keys) if keys.receipts.iter().any(|key| is_signed(&receipt.receipt, key)) => Says::ReceiptSigned,
        Some(_) => Says::ReceiptNotSigned,
    };
    verdict.say(says, &values);
    if says == Says::ReceiptNotSigned {
        return None;
    }
    let entry = entry(&opened);
    let leaf = Hash::of_entry(&entry);
    Some(Held { what, event: opened.recorded.id, recorded_at, leaf, entry, proof: receipt.proof })
}

impl Held {
    /// Whether there is a proof.
    pub(super) fn has_proof(&self) -> bool {
        self.proof.is_some()
    }

    /// Takes a proof that somebody else had.
    pub(super) fn take_proof(&mut self, proof: String) {
        self.proof = Some(proof);
    }

    /// Checks the proof, if there is one; the signed tree in it.
    pub(super) fn prove(&self, trust: Option<&Trust>, verdict: &mut Verdict) -> Option<Signed> {
        let what = self.what.as_str();
        let Ok(proof) = self.proof.as_ref()?.parse::<LogProof>() else {
            verdict.say(Says::ProofMalformed, &[("what", what)]);
            return None;
        };
        let checkpoint = match proof.includes(&self.entry) {
            Ok(checkpoint) => checkpoint,
            Err(error) => {
                verdict.say(Says::ProofWrong, &[("what", what), ("error", &error.to_string())]);
                verdict.keep("checkpoint", proof.checkpoint.to_string().as_bytes());
                return None;
            }
        };
        let Some(trust) = trust else {
            verdict.say(Says::LogKeysMissing, &[("what", what)]);
            return None;
        };
        let (signed, judgement) = trust.judge(what, proof.checkpoint, verdict)?;
        let (index, size) = (proof.index.to_string(), checkpoint.size.to_string());
        let origin = checkpoint.origin.as_ref();
        verdict.say(
            Says::ReceiptInLog,
            &[("what", what), ("index", &index), ("size", &size), ("origin", origin)],
        );
        trust.tell(&signed, &judgement, verdict);
        Some(signed)
    }

    /// Says that there is no proof yet.
    pub(super) fn say_promise_only(&self, verdict: &mut Verdict) {
        verdict.say(Says::PromiseOnly, &[("what", &self.what), ("time", &self.recorded_at)]);
    }

    /// Says where in a whole tree the event is.
    pub(super) fn say_place(&self, place: Option<u64>, size: u64, verdict: &mut Verdict) {
        let (size, index) = (size.to_string(), place.map(|index| index.to_string()).unwrap_or_default());
        let says = if place.is_some() { Says::ReceiptInTree } else { Says::NotInTree };
        let values =
            [("what", self.what.as_str()), ("index", &index), ("size", &size), ("time", &self.recorded_at)];
        verdict.say(says, &values);
    }
}
