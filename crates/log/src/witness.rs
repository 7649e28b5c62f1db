//! What a witness is asked, and what it decides (tlog-witness, "add-checkpoint").

use crate::{Checkpoint, Hash, Note, VerifierKey, text, verify_consistency};
use std::{fmt, str::FromStr};

const MOST_HASHES: usize = 63;

/// The body of a request: the checkpoint to cosign, and the proof from the size that the witness is thought to know.
#[derive(Clone, PartialEq, Eq, Hash, Debug)]
pub struct AddCheckpoint {
    /// The size that the witness cosigned last for this log.
    pub old: u64,
    /// The consistency proof from there, at most 63 hashes; empty if the old size is 0.
    pub proof: Vec<Hash>,
    /// The checkpoint.
    pub checkpoint: Note,
}

/// Why a witness does not cosign.
#[derive(Debug, thiserror::Error, PartialEq, Eq, Clone, Copy)]
pub enum Refusal {
    /// The body is not a request, or the note in it not a checkpoint: 400.
    #[error("not a request to cosign a checkpoint")]
    Malformed,
    /// The witness knows no log of this origin: 404.
    #[error("an unknown log")]
    UnknownOrigin,
    /// No trusted key of the log has signed, or a signature of one does not hold: 403.
    #[error("not signed by the log")]
    Unsigned,
    /// The old size is larger than the checkpoint's: 400.
    #[error("the old size is larger than that of the checkpoint")]
    Behind,
    /// Another size was cosigned last: 409, and the size with a newline is the body, of type `text/x.tlog.size`.
    #[error("size {size} was cosigned last")]
    Conflict {
        /// The size cosigned last, 0 if there is none.
        size: u64,
    },
    /// The new tree does not begin with the one that was cosigned last, or the proof does not say so: 422.
    #[error("not proved consistent with what was cosigned last")]
    Inconsistent,
}

impl Refusal {
    /// The HTTP status that says so.
    pub const fn status(&self) -> u16 {
        match self {
            Self::Malformed | Self::Behind => 400,
            Self::Unsigned => 403,
            Self::UnknownOrigin => 404,
            Self::Conflict { .. } => 409,
            Self::Inconsistent => 422,
        }
    }
}

/// Whether to cosign. `keys` are the trusted keys of all logs; the name of each is the origin of its log.
/// `known` is the size and root that were cosigned last for this origin.
///
/// Before the cosignature is given out, the checkpoint must be on record as cosigned last, and `known` must have been
/// what was on record until then.
pub fn judge(
    request: &AddCheckpoint,
    keys: &[VerifierKey],
    known: Option<(u64, Hash)>,
) -> Result<Checkpoint, Refusal> {
    let checkpoint = Checkpoint::read(request.checkpoint.text()).map_err(|_| Refusal::Malformed)?;
    let trusted: Vec<VerifierKey> =
        keys.iter().filter(|key| checkpoint.origin == *key.name()).cloned().collect();
    if trusted.is_empty() {
        return Err(Refusal::UnknownOrigin);
    }
    request.checkpoint.verify(&trusted).map_err(|_| Refusal::Unsigned)?;
    if request.old > checkpoint.size {
        return Err(Refusal::Behind);
    }
    let (size, root) = known.unwrap_or_else(|| (0, Hash::of_nothing()));
    if request.old != size {
        return Err(Refusal::Conflict { size });
    }
    let consistent = if size == 0 {
        request.proof.is_empty()
    } else {
        verify_consistency(size, checkpoint.size, &request.proof, root, checkpoint.root).is_ok()
    };
    if consistent && checkpoint.is_possible() { Ok(checkpoint) } else { Err(Refusal::Inconsistent) }
}

impl fmt::Display for AddCheckpoint {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        writeln!(f, "old {}", self.old)?;
        for hash in &self.proof {
            writeln!(f, "{hash}")?;
        }
        write!(f, "\n{}", self.checkpoint)
    }
}

impl FromStr for AddCheckpoint {
    type Err = Refusal;

    fn from_str(body: &str) -> Result<Self, Refusal> {
        let (head, checkpoint) = body.split_once("\n\n").ok_or(Refusal::Malformed)?;
        let mut lines = head.split('\n');
        let old = lines.next().and_then(|line| text::decimal(line.strip_prefix("old ")?));
        let old = old.ok_or(Refusal::Malformed)?;
        let mut proof = Vec::new();
        for line in lines {
            if proof.len() == MOST_HASHES {
                return Err(Refusal::Malformed);
            }
            proof.push(line.parse().map_err(|_| Refusal::Malformed)?);
        }
        let checkpoint: Note = checkpoint.parse().map_err(|_| Refusal::Malformed)?;
        Checkpoint::read(checkpoint.text()).map_err(|_| Refusal::Malformed)?;
        Ok(Self { old, proof, checkpoint })
    }
}
