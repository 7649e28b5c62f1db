//! Asking witnesses to sign the tree too (C2SP tlog-witness), and what their answers mean.

use super::{LogTrouble, keys::signer_name};
use crate::{Error, Service};
use tillid_domain::Instant;
use tillid_log::{AddCheckpoint, Checkpoint, Note, Tiles, VerifierKey, WitnessLine};
use tillid_storage::{SignatureLine, SignedTree, WitnessRow};

/// How long a witness's signature under an unchanged tree is good before it is asked for again, in seconds: it says that there was no
/// larger tree at its time.
const RENEW: i64 = 3600;

/// What a witness is to be asked.
#[derive(Clone, Debug)]
pub struct WitnessTask {
    /// The request.
    pub request: AddCheckpoint,
    tree: SignedTree,
}

/// What a witness answered.
#[derive(Clone, PartialEq, Eq, Debug)]
pub enum WitnessAnswer {
    /// 200: signature lines.
    Signed(String),
    /// 409: it has cosigned a tree of this size.
    Conflict(u64),
    /// Another status.
    Refused(u16),
    /// It could not be reached, or what it said could not be read.
    Silent,
}

impl Service {
    /// What to ask a witness next; `None` while it has nothing to sign.
    pub async fn witness_task(&self, witness: &WitnessLine) -> Result<Option<WitnessTask>, Error> {
        let name = signer_name(&witness.key);
        let mut tx = self.store.read().await?;
        let (Some(tree), Some(head)) = (tx.signed_trees(u64::MAX, 1).await?.pop(), tx.log_head().await?)
        else {
            return Ok(None);
        };
        let rows = tx.log_witnesses().await?;
        let known = rows.iter().find(|row| row.witness == name).map_or(0, |row| row.size);
        let renew = self.ambient.now().plus_seconds(-RENEW);
        let signed = tree.cosignatures.iter().any(|line| line.signer == name && line.at > renew);
        // A witness that is ahead of us has been asked why; it is asked again when the log has grown past that.
        if signed || known > tree.size {
            return Ok(None);
        }
        let tiles = self.tiles(&mut tx, &head, Tiles::for_consistency(known, tree.size)).await?;
        let proof = if known == 0 { Ok(Vec::new()) } else { tiles.consistency(known, tree.size) };
        let proof = proof.map_err(|error| Error::Broken(Box::new(error)))?;
        let mut bare = tree.clone();
        bare.cosignatures.clear();
        let checkpoint = self.log_keys.note(&bare)?;
        Ok(Some(WitnessTask { request: AddCheckpoint { old: known, proof, checkpoint }, tree }))
    }

    /// Takes note of what a witness answered; whether it is to be asked again at once.
    pub async fn witness_answered(
        &self,
        witness: &WitnessLine,
        task: &WitnessTask,
        answer: &WitnessAnswer,
    ) -> Result<bool, Error> {
        let now = self.ambient.now();
        let signed = match answer {
            WitnessAnswer::Signed(lines) => Self::signatures_of(&witness.key, task, lines),
            _ => Vec::new(),
        };
        let (size, code) = match answer {
            WitnessAnswer::Signed(_) if signed.is_empty() => {
                (task.request.old, "not_its_signature".to_owned())
            }
            WitnessAnswer::Signed(_) => (task.tree.size, "signed".to_owned()),
            WitnessAnswer::Conflict(size) => (*size, "conflict".to_owned()),
            WitnessAnswer::Refused(status) => (task.request.old, format!("status_{status}")),
            WitnessAnswer::Silent => (task.request.old, "silent".to_owned()),
        };
        let again = matches!(answer, WitnessAnswer::Conflict(size) if *size != task.request.old && *size <= task.tree.size);
        let row = WitnessRow { witness: signer_name(&witness.key), size, asked_at: now, answer: code };
        let mut tx = self.store.upkeep().await?;
        tx.cosign_log(task.tree.size, &signed).await?;
        tx.note_witness(&row).await?;
        tx.finish().await?;
        Ok(again)
    }

    /// Whether an answer says that the witness has seen another tree than the database's: then it is asked for that one.
    pub fn is_suspicious(&self, task: &WitnessTask, answer: &WitnessAnswer) -> bool {
        match answer {
            WitnessAnswer::Conflict(size) => *size > task.tree.size,
            WitnessAnswer::Refused(status) => *status == 422,
            _ => false,
        }
    }

    /// Holds a checkpoint that a witness serves for this log against the database. If the log signed it and the database has another
    /// tree, the log signs nothing more: it would be a fork. What the log did not sign proves nothing, and is passed over.
    pub async fn confront(&self, checkpoint: &Note) -> Result<bool, Error> {
        let keys = self.log_keys.verifiers();
        if checkpoint.verify(&keys).is_err() {
            return Ok(false);
        }
        let Ok(theirs) = Checkpoint::from_text(checkpoint.text()) else { return Ok(false) };
        if theirs.origin != *self.log_keys.origin() {
            return Ok(false);
        }
        let mut tx = self.store.read().await?;
        let ours = self.root_at(&mut tx, theirs.size).await?;
        if ours == Some(theirs.root) {
            return Ok(false);
        }
        tracing::error!(size = theirs.size, "a witness holds a signed tree that the database contradicts");
        let _ = self.log_health.fail(LogTrouble::Contradicted);
        Ok(true)
    }

    /// The lines of an answer that are this witness's signatures under the tree.
    fn signatures_of(key: &VerifierKey, task: &WitnessTask, lines: &str) -> Vec<SignatureLine> {
        let Ok(mut note) = Note::new(task.request.checkpoint.text().to_owned()) else { return Vec::new() };
        for line in lines.split_inclusive('\n').filter_map(|line| line.parse().ok()) {
            note.push(line);
        }
        let keys = [key.clone()];
        let Ok(verified) = note.verify(&keys) else { return Vec::new() };
        let mine = note.signatures().iter().filter(|s| s.name == *key.name() && s.key_id == key.id());
        let lines = mine.zip(verified).map(|(signature, verified)| SignatureLine {
            signer: signer_name(key),
            line: signature.to_string(),
            at: Instant::from_micros(
                i64::try_from(verified.seconds.unwrap_or(0)).unwrap_or(0).saturating_mul(1_000_000),
            ),
        });
        // A witness always tells the time (C2SP tlog-witness).
        lines.filter(|line| line.at > Instant::from_micros(0)).collect()
    }
}
