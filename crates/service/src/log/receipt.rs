//! A receipt with its place in the log, checked again and as plain values: for a page that says what is proven, and by whom.

use super::{LogKeys, entry, keys::signer_name};
use crate::{Call, Error, Service};
use std::collections::BTreeSet;
use tillid_documents::Opened;
use tillid_domain::{Digest, Instant, event::Recorded, id::EventId};
use tillid_log::{Checkpoint, LogProof, Note, VerifierKey};

/// How soon a receipt promises that its event is in the log, in seconds.
const PROMISED: i64 = 60;

/// What of a receipt does not hold.
#[derive(Debug, thiserror::Error, PartialEq, Eq, Clone, Copy)]
pub enum Flaw {
    /// No key of ours has signed it, or its commitment does not open.
    #[error("the receipt is not signed, or its commitment does not open")]
    Receipt,
    /// The path does not lead from its entry to the root of the signed tree.
    #[error("the proof does not lead to the root")]
    Path,
    /// The log has not signed the tree, or a signature under it is bad.
    #[error("the tree is not signed, or a signature under it is bad")]
    Signature,
}

/// What is proven of an event. Nothing in it is taken from a table: all of it is read from the receipt as it is handed out.
#[derive(Clone, PartialEq, Eq, Debug)]
pub struct ReceiptView {
    /// What happened.
    pub recorded: Recorded,
    /// The thumbprint of the key that signed the receipt (RFC 7638).
    pub signer: String,
    /// What the log holds of the event: the 33 bytes of its entry.
    pub entry: [u8; 33],
    /// Where in the log that is.
    pub placed: Placed,
}

/// Whether the log has an event.
#[derive(Clone, PartialEq, Eq, Debug)]
pub enum Placed {
    /// No signed tree has it yet.
    Waiting {
        /// Whether it has waited for longer than the receipt promises.
        late: bool,
    },
    /// A signed tree has it.
    Logged(Place),
}

/// Where in the log an event is, and who has signed that.
#[derive(Clone, PartialEq, Eq, Debug)]
pub struct Place {
    /// Which entry, from 0.
    pub index: u64,
    /// How many entries the signed tree has.
    pub size: u64,
    /// The steps from the entry to the root of that tree.
    pub steps: Vec<PathStep>,
    /// The root, as a checkpoint writes it.
    pub root: String,
    /// When the log signed the tree, by its own clock; that time is not part of what is signed.
    pub signed_at: Option<Instant>,
    /// Who has signed the tree.
    pub signatures: Signatures,
}

/// Who has signed a tree. Each signature has been verified.
#[derive(Clone, PartialEq, Eq, Debug)]
pub struct Signatures {
    /// The log's keys: name and id.
    pub log_keys: Vec<String>,
    /// The witnesses.
    pub witnesses: Vec<Witnessed>,
    /// How many keys of witnesses the operator asks to sign.
    pub asked: usize,
    /// Whether those who signed are as many as the policy asks for.
    pub quorum: bool,
}

/// On which side of its parent a node of the tree is.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub enum Side {
    /// On the left.
    Left,
    /// On the right.
    Right,
}

/// One step from an entry up to the root.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub struct PathStep {
    /// On which side the node is that the step comes from.
    pub from: Side,
    /// How many entries are below the node on the other side.
    pub beside: u64,
}

/// A witness that has signed.
#[derive(Clone, PartialEq, Eq, Debug)]
pub struct Witnessed {
    /// What the policy calls it.
    pub name: String,
    /// When, as it says itself; `None` if it does not say.
    pub at: Option<Instant>,
}

impl Service {
    /// What the receipt of an event proves, for somebody whom it concerns; refuses as [`Service::receipt`] does. The inner error is
    /// for what it should prove and does not.
    pub async fn receipt_view(&self, call: &Call, id: EventId) -> Result<Result<ReceiptView, Flaw>, Error> {
        let handed_out = self.receipt(call, id).await?;
        let checked = self.checked(&handed_out.receipt, handed_out.proof.as_deref());
        if let Err(flaw) = checked {
            tracing::error!(event = %id, "a receipt proves nothing: {flaw}");
        }
        let Ok(mut view) = checked else { return Ok(checked) };
        let mut tx = self.store.read().await?;
        match &mut view.placed {
            Placed::Waiting { late } => {
                *late = view.recorded.recorded_at.plus_seconds(PROMISED) < self.now(&mut tx).await?;
            }
            Placed::Logged(place) => {
                let tree = tx.signed_trees(place.size.saturating_add(1), 1).await?.pop();
                place.signed_at = tree.filter(|tree| tree.size == place.size).map(|tree| tree.at);
            }
        }
        Ok(Ok(view))
    }

    fn checked(&self, receipt: &str, proof: Option<&str>) -> Result<ReceiptView, Flaw> {
        let signer = self.receipts.signer_of(receipt).ok_or(Flaw::Receipt)?;
        let Opened { recorded, commitment, .. } =
            tillid_documents::open(receipt).map_err(|_| Flaw::Receipt)?;
        let placed = match proof {
            None => Placed::Waiting { late: false },
            Some(proof) => Placed::Logged(place(&self.log_keys, commitment, proof)?),
        };
        Ok(ReceiptView { recorded, signer, entry: entry(commitment), placed })
    }
}

/// Where a proof says that a commitment is, if it does prove that.
fn place(keys: &LogKeys, commitment: Digest, proof: &str) -> Result<Place, Flaw> {
    let proof: LogProof = proof.parse().map_err(|_| Flaw::Path)?;
    let tree = proof.includes(&entry(commitment)).map_err(|_| Flaw::Path)?;
    let steps = path(proof.index, tree.size);
    if steps.len() != proof.hashes.len() {
        return Err(Flaw::Path);
    }
    Ok(Place {
        index: proof.index,
        size: tree.size,
        steps,
        root: tree.root.to_string(),
        signed_at: None,
        signatures: signatures(keys, &proof.checkpoint)?,
    })
}

/// Who has signed a checkpoint: the log under one of its keys at least, and no known key badly.
pub(super) fn signatures(keys: &LogKeys, checkpoint: &Note) -> Result<Signatures, Flaw> {
    let tree = Checkpoint::from_text(checkpoint.text()).map_err(|_| Flaw::Signature)?;
    let own = keys.verifiers();
    let asked = keys.policy().map_or(&[][..], |policy| policy.witnesses());
    let all: Vec<VerifierKey> = own.iter().chain(asked.iter().map(|w| &w.key)).cloned().collect();
    let verified = checkpoint.verify(&all).map_err(|_| Flaw::Signature)?;
    let log_keys: Vec<String> =
        verified.iter().filter(|v| own.contains(v.key)).map(|v| signer_name(v.key)).collect();
    if log_keys.is_empty() || tree.origin != *keys.origin() {
        return Err(Flaw::Signature);
    }
    let witnessed = verified.iter().filter_map(|v| {
        let witness = asked.iter().find(|w| w.key == *v.key)?;
        Some(Witnessed { name: witness.name.clone(), at: v.seconds.and_then(moment) })
    });
    let witnesses: Vec<Witnessed> = witnessed.collect();
    let names: BTreeSet<&str> = witnesses.iter().map(|w| w.name.as_str()).collect();
    let quorum = keys.policy().is_none_or(|policy| policy.quorum_of(&names));
    Ok(Signatures { log_keys, asked: asked.len(), quorum, witnesses })
}

fn moment(seconds: u64) -> Option<Instant> {
    let micros = i64::try_from(seconds).ok()?.checked_mul(1_000_000)?;
    (micros > 0).then(|| Instant::from_micros(micros))
}

/// The steps from an entry to the root (RFC 6962, section 2.1.1): at each node the left side has the largest power of two of entries
/// that is less than all of them.
fn path(mut index: u64, mut size: u64) -> Vec<PathStep> {
    let mut down = Vec::new();
    while size > 1 {
        let left = 1 << (u64::BITS - 1 - (size - 1).leading_zeros());
        if index < left {
            down.push(PathStep { from: Side::Left, beside: size - left });
            size = left;
        } else {
            down.push(PathStep { from: Side::Right, beside: left });
            index -= left;
            size -= left;
        }
    }
    down.reverse();
    down
}

#[cfg(test)]
mod tests {
    use super::*;
    use aws_lc_rs::signature::Ed25519KeyPair;
    use tillid_log::{Algorithm, Frontier, Hash, Policy, Signer};

    const LOG: &str = "tillid.example/log";

    fn key(name: &str, algorithm: Algorithm, seed: u8) -> Signer {
        let pair = Ed25519KeyPair::from_seed_unchecked(&[seed; 32]).expect("a key");
        let pkcs8 = pair.to_pkcs8().expect("pkcs8");
        Signer::ed25519(name.parse().expect("a name"), algorithm, pkcs8.as_ref()).expect("a signer")
    }

    fn log_key(seed: u8) -> Signer {
        key(LOG, Algorithm::Ed25519, seed)
    }

    fn witness(seed: u8) -> Signer {
        key("witness.example", Algorithm::Ed25519Cosignature, seed)
    }

    /// Keys of a log that asks two witnesses, of whom one is enough.
    fn keys() -> LogKeys {
        let policy = format!(
            "log {}\nwitness w1 {}\nwitness w2 {}\ngroup g 1 w1 w2\nquorum g\n",
            log_key(1).verifier(),
            witness(2).verifier(),
            witness(3).verifier()
        );
        let policy: Policy = policy.parse().expect("a policy");
        LogKeys::new(LOG.parse().expect("a name"), vec![log_key(1)], Vec::new(), Some(policy)).expect("keys")
    }

    fn commitment(n: u8) -> Digest {
        Digest::of(&[n])
    }

    /// A tree of three, and the proof of its last entry, under a checkpoint with these signatures.
    fn proof(origin: &str, signers: &[&Signer]) -> LogProof {
        let leaf = |n| Hash::of_entry(&entry(commitment(n)));
        let mut frontier = Frontier::new();
        (0..3).for_each(|n| frontier.push(leaf(n)));
        let tree = Checkpoint { origin: origin.parse().expect("an origin"), size: 3, root: frontier.root() };
        let mut checkpoint = Note::new(tree.text()).expect("a note");
        for signer in signers {
            let signature = match signer.verifier().algorithm() {
                Algorithm::Ed25519 => signer.sign(&tree.text()),
                _ => signer.cosign(&tree, 1_700_000_000),
            };
            checkpoint.push(signature.expect("a signature"));
        }
        let hashes = vec![Hash::of_children(&leaf(0), &leaf(1))];
        LogProof { extra: None, index: 2, hashes, checkpoint }
    }

    fn placed(n: u8, proof: &LogProof) -> Result<Place, Flaw> {
        place(&keys(), commitment(n), &proof.to_string())
    }

    #[test]
    fn whoever_has_signed_is_named_and_nobody_else() {
        let alone = placed(2, &proof(LOG, &[&log_key(1)])).expect("a place");
        assert_eq!((alone.index, alone.size), (2, 3));
        assert_eq!(alone.steps, [PathStep { from: Side::Right, beside: 2 }]);
        assert_eq!((alone.signatures.witnesses.len(), alone.signatures.asked), (0, 2));
        assert!(!alone.signatures.quorum);
        // A stranger's signature says nothing.
        let seen = placed(2, &proof(LOG, &[&log_key(1), &witness(3), &witness(9)])).expect("a place");
        let at = Some(Instant::from_micros(1_700_000_000_000_000));
        assert_eq!(seen.signatures.witnesses, [Witnessed { name: "w2".to_owned(), at }]);
        assert!(seen.signatures.quorum);
        assert_eq!(seen.signatures.log_keys, [signer_name(&log_key(1).verifier())]);
    }

    #[test]
    fn what_does_not_hold_is_named() {
        let good = proof(LOG, &[&log_key(1), &witness(2)]);
        assert!(placed(2, &good).is_ok());
        assert_eq!(placed(1, &good), Err(Flaw::Path), "another event");
        assert_eq!(placed(2, &LogProof { index: 1, ..good.clone() }), Err(Flaw::Path));
        let hashes = vec![Hash::of_nothing()];
        assert_eq!(placed(2, &LogProof { hashes, ..good.clone() }), Err(Flaw::Path));
        assert_eq!(place(&keys(), commitment(2), "no proof"), Err(Flaw::Path));

        for (signers, why) in
            [(vec![&log_key(9)], "another log's key"), (vec![&witness(2)], "a witness alone")]
        {
            assert_eq!(placed(2, &proof(LOG, &signers)), Err(Flaw::Signature), "{why}");
        }
        assert_eq!(placed(2, &proof("another.example", &[&log_key(1)])), Err(Flaw::Signature), "another log");
        let mut forged = good;
        let mut signature = witness(3).cosign_note(&forged.checkpoint, 7).expect("a signature");
        signature.bytes[7] ^= 1;
        forged.checkpoint.push(signature);
        assert_eq!(placed(2, &forged), Err(Flaw::Signature), "a witness's signature with another time");
    }

    /// The path that `verify_inclusion` (RFC 9162, section 2.1.3.2) goes through: on which side its node is, level by level.
    fn by_the_verifier(index: u64, size: u64) -> Vec<Side> {
        let (mut node, mut last, mut sides) = (index, size - 1, Vec::new());
        while last > 0 {
            if node & 1 == 1 || node == last {
                sides.push(Side::Right);
                while node & 1 == 0 {
                    node >>= 1;
                    last >>= 1;
                }
            } else {
                sides.push(Side::Left);
            }
            node >>= 1;
            last >>= 1;
        }
        sides
    }

    #[test]
    fn a_path_goes_as_the_verifier_goes_and_passes_every_other_entry_once() {
        for size in 1..130 {
            for index in 0..size {
                let steps = path(index, size);
                let sides: Vec<Side> = steps.iter().map(|step| step.from).collect();
                assert_eq!(sides, by_the_verifier(index, size), "{index} of {size}");
                assert_eq!(steps.iter().map(|step| step.beside).sum::<u64>(), size - 1, "{index} of {size}");
            }
        }
        assert_eq!(path(0, u64::MAX).len(), 64);
    }
}
