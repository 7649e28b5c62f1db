//! The trees that the database says were signed, and the signatures under them.

use super::{super::keys::signer_name, LogTrust, hash};
use crate::Error;
use std::collections::{BTreeMap, VecDeque};
use tillid_log::{Checkpoint, Hash, KeyName, Note, VerifierKey};
use tillid_storage::{Audit, CheckpointRow, Fault, Read, SignatureRow, Tx};

/// So many wrong trees are judged one by one; of the others it is said that there are more.
const NAMED: usize = 64;

/// Signed trees, while the tree is computed beside them.
#[derive(Debug, Default)]
pub(super) struct Signed {
    ahead: VecDeque<CheckpointRow>,
    after: Option<u64>,
    ended: bool,
    /// The largest size whose signed root is that of the entries.
    agreed: u64,
    wrong: BTreeMap<u64, WrongTree>,
    unnamed: u64,
}

/// A tree of which the database says another root than its entries have.
#[derive(Debug)]
struct WrongTree {
    /// The root that its entries have; `None` when there are not so many, or they cannot be computed.
    is: Option<Hash>,
    /// The largest size before it whose root was right.
    agreed: u64,
    /// Whether a key of the log has signed what the database says.
    said_is_signed: bool,
    /// Whether one has signed what its entries have.
    is_is_signed: bool,
}

impl Signed {
    /// Reads ahead to the trees of that size.
    pub(super) async fn reach(&mut self, tx: &mut Tx<Read>, size: u64) -> Result<(), Error> {
        while !self.ended && self.ahead.back().is_none_or(|row| row.size < size) {
            let page = tx.audit_checkpoints(self.after).await?;
            self.ended = page.is_empty();
            self.after = page.last().map(|row| row.size).or(self.after);
            self.ahead.extend(page);
        }
        Ok(())
    }

    /// Compares the tree of that size, which has been reached, with what was signed.
    pub(super) fn compare(&mut self, size: u64, root: impl FnOnce() -> Option<Hash>, audit: &mut Audit) {
        let Some(row) = self.ahead.pop_front_if(|row| row.size <= size) else { return };
        let root = root();
        self.look(&row, root, audit);
        if root.is_some() && row.root.map(hash) == root {
            self.agreed = size;
        }
    }

    fn look(&mut self, row: &CheckpointRow, root: Option<Hash>, audit: &mut Audit) {
        let size = row.size;
        if row.first.is_none() {
            audit.find("log_checkpoint", size, Fault::Added, "no key of the log has signed it");
            audit.find("log_signature", size, Fault::Missing, "a tree stands as signed without it");
        } else if row.first != Some(row.at) {
            // Which of the two was changed cannot be told.
            for table in ["log_checkpoint", "log_signature"] {
                audit.find(
                    table,
                    size,
                    Fault::Changed,
                    "the tree and its first signature are not of one time",
                );
            }
        }
        if root.is_some() && row.root.map(hash) == root {
            return;
        }
        if self.wrong.len() == NAMED {
            self.unnamed += 1;
            return;
        }
        let wrong = WrongTree { is: root, agreed: self.agreed, said_is_signed: false, is_is_signed: false };
        self.wrong.insert(size, wrong);
    }

    /// Verifies every signature, and says what is wrong with the trees that are not those of the entries.
    pub(super) async fn judge(
        mut self,
        tx: &mut Tx<Read>,
        trust: &LogTrust,
        size: u64,
        audit: &mut Audit,
    ) -> Result<(), Error> {
        loop {
            self.reach(tx, u64::MAX).await?;
            let Some(row) = self.ahead.pop_front() else { break };
            self.look(&row, None, audit);
        }
        let log = Signers {
            table: "log_signature",
            origin: &trust.origin,
            keys: &trust.keys,
            to_the_second: false,
        };
        tx.audit_signatures(audit, |audit, row| log.check(&row, &mut self.wrong, audit)).await?;
        if !trust.witnesses.is_empty() {
            let (table, keys) = ("log_cosignature", &trust.witnesses);
            let witnesses = Signers { table, origin: &trust.origin, keys, to_the_second: true };
            tx.audit_cosignatures(audit, |audit, row| witnesses.check(&row, &mut self.wrong, audit)).await?;
        }
        self.name_wrong_trees(size, audit);
        Ok(())
    }

    fn name_wrong_trees(&self, size: u64, audit: &mut Audit) {
        let mut first = true;
        for (signed, wrong) in &self.wrong {
            let (fault, detail) = match (wrong.said_is_signed, wrong.is_is_signed) {
                (true, _) if *signed > size => {
                    (Fault::Added, "the log signed it, and has fewer entries: its end is gone")
                }
                (true, _) if wrong.is.is_none() => (Fault::Changed, "the tree cannot be computed any more"),
                (true, _) => (Fault::Changed, "the log signed it, and its entries make another tree"),
                (false, true) => {
                    (Fault::Changed, "the log signed the tree of its entries, and not this root")
                }
                (false, false) if *signed > size => {
                    (Fault::Added, "the log has fewer entries, and did not sign it")
                }
                (false, false) => (Fault::Changed, "its root is not that of its entries, and not signed"),
            };
            audit.find("log_checkpoint", signed, fault, detail);
            if !(wrong.said_is_signed && first) {
                continue;
            }
            first = false;
            if *signed > size {
                let range = format!("{size}..{signed}");
                audit.find("log_entry", range, Fault::Missing, "the log signed a tree that had them");
            } else {
                let range = format!("{}..{signed}", wrong.agreed);
                audit.find("log_entry", range, Fault::Changed, "the log signed other entries here");
            }
        }
        if self.unnamed > 0 {
            let more = format!("{} more", self.unnamed);
            audit.find("log_checkpoint", more, Fault::Changed, "their roots are not those of their entries");
        }
    }
}

/// Those whose signatures stand in one of the tables.
struct Signers<'a> {
    table: &'static str,
    origin: &'a KeyName,
    keys: &'a [VerifierKey],
    /// Whether rows have whole seconds.
    to_the_second: bool,
}

impl Signers<'_> {
    fn check(&self, row: &SignatureRow, wrong: &mut BTreeMap<u64, WrongTree>, audit: &mut Audit) {
        let id = format!("{} {}", row.size, row.line.signer);
        let mut find = |fault, detail| audit.find(self.table, &id, fault, detail);
        let Some(key) = self.keys.iter().find(|key| signer_name(key) == row.line.signer) else {
            return find(Fault::Added, "it is of no key that is known");
        };
        let Some(said) = row.root.map(hash) else {
            find(Fault::Added, "no such tree stands as signed");
            return audit.find("log_checkpoint", row.size, Fault::Missing, "a signature stands under it");
        };
        let tree = wrong.get_mut(&row.size);
        let is = tree.as_ref().and_then(|tree| tree.is);
        let under_said = self.time_under(key, row, said);
        let under_is = is.and_then(|is| self.time_under(key, row, is));
        if let Some(tree) = tree {
            tree.said_is_signed |= under_said.is_some();
            tree.is_is_signed |= under_is.is_some();
        }
        match under_said.or(under_is) {
            None => find(Fault::Changed, "it does not hold under the tree"),
            Some(Told::Seconds(seconds)) if !self.is_of(row, seconds) => {
                find(Fault::Changed, "it says another time");
            }
            Some(_) => {}
        }
    }

    /// Whether a row has the time of its signature; a key of the log may have signed within that second.
    fn is_of(&self, row: &SignatureRow, seconds: u64) -> bool {
        let micros = row.line.at.as_micros();
        let within = micros.rem_euclid(1_000_000);
        u64::try_from(micros.div_euclid(1_000_000)) == Ok(seconds) && (within == 0 || !self.to_the_second)
    }

    /// The time of a signature under a tree with that root; `None` when it does not hold.
    fn time_under(&self, key: &VerifierKey, row: &SignatureRow, root: Hash) -> Option<Told> {
        let tree = Checkpoint { origin: self.origin.clone().into(), size: row.size, root };
        let mut note = Note::new(tree.text()).ok()?;
        note.push(row.line.line.parse().ok()?);
        let keys = [key.clone()];
        let verified = note.verify(&keys).ok()?;
        Some(verified.first()?.seconds.map_or(Told::Nothing, Told::Seconds))
    }
}

/// What a signature tells of its time: of the log's own it tells nothing, a witness's tells seconds.
#[derive(Clone, Copy)]
enum Told {
    Nothing,
    Seconds(u64),
}
