//! Proofs that can be checked offline (tlog-proof, "Format").

use crate::{Checkpoint, Hash, Note, ProofError, text, verify_inclusion};
use std::{fmt, str::FromStr};

const FIRST_LINE: &str = "c2sp.org/tlog-proof@v1";
/// As many as a tree of 2^64 entries would need.
const MOST_HASHES: usize = 64;

/// That an entry is in the log, in one text: where, the path to the root, and the signed checkpoint.
#[derive(Clone, PartialEq, Eq, Hash, Debug)]
pub struct LogProof {
    /// Data of the application. Nobody has signed it.
    pub extra: Option<Vec<u8>>,
    /// Which entry, from 0.
    pub index: u64,
    /// From the leaf's sibling to the root's child.
    pub hashes: Vec<Hash>,
    /// The checkpoint as it was served.
    pub checkpoint: Note,
}

/// A text that is not a proof.
#[derive(Debug, thiserror::Error, PartialEq, Eq, Clone, Copy)]
#[error("not a tlog-proof of version 1")]
pub struct NotALogProof;

impl LogProof {
    /// Whether the entry is where the proof says, in the tree of the checkpoint.
    ///
    /// This is the Merkle part alone. Whether the checkpoint is to be believed, [`crate::Policy::judge`] says.
    pub fn includes(&self, entry: &[u8]) -> Result<Checkpoint, ProofError> {
        let checkpoint = Checkpoint::from_text(self.checkpoint.text())?;
        let leaf = Hash::of_entry(entry);
        verify_inclusion(self.index, checkpoint.size, leaf, &self.hashes, checkpoint.root)?;
        Ok(checkpoint)
    }
}

impl fmt::Display for LogProof {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        writeln!(f, "{FIRST_LINE}")?;
        if let Some(extra) = &self.extra {
            writeln!(f, "extra {}", text::encode(extra))?;
        }
        writeln!(f, "index {}", self.index)?;
        for hash in &self.hashes {
            writeln!(f, "{hash}")?;
        }
        write!(f, "\n{}", self.checkpoint)
    }
}

impl FromStr for LogProof {
    type Err = NotALogProof;

    fn from_str(proof: &str) -> Result<Self, NotALogProof> {
        let (head, checkpoint) = proof.split_once("\n\n").ok_or(NotALogProof)?;
        let mut lines = head.split('\n').peekable();
        if lines.next() != Some(FIRST_LINE) {
            return Err(NotALogProof);
        }
        let extra =
            lines.next_if(|line| line.starts_with("extra ")).and_then(|line| line.strip_prefix("extra "));
        let extra = extra.map(|data| text::decode(data).ok_or(NotALogProof)).transpose()?;
        let index = lines.next().and_then(|line| text::decimal(line.strip_prefix("index ")?));
        let index = index.ok_or(NotALogProof)?;
        let mut hashes = Vec::new();
        for line in lines {
            if hashes.len() == MOST_HASHES {
                return Err(NotALogProof);
            }
            hashes.push(line.parse().map_err(|_| NotALogProof)?);
        }
        let checkpoint: Note = checkpoint.parse().map_err(|_| NotALogProof)?;
        Checkpoint::from_text(checkpoint.text()).map_err(|_| NotALogProof)?;
        Ok(Self { extra, index, hashes, checkpoint })
    }
}
