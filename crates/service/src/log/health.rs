//! Whether the log keeps its promise: events are in a signed tree soon, witnesses see it, and nobody went back behind it.

use crate::{Error, Service};
use std::sync::{Mutex, PoisonError};
use tillid_domain::Instant;

/// How long the log may stand still while events wait, in seconds. A receipt promises sixty.
const BEHIND: i64 = 30;

/// What is wrong with the log.
#[derive(Debug, thiserror::Error, PartialEq, Eq, Clone, Copy)]
pub enum LogTrouble {
    /// Events wait, and none has found its place for half a minute.
    #[error("events wait and the log stands still")]
    Behind,
    /// The witnesses that the policy asks for have not signed for longer than the operator allows.
    #[error("the log has gone unwitnessed for too long")]
    Unwitnessed,
    /// The database has a smaller tree than one that was signed: it was rolled back, or restored from a backup.
    #[error("the database was rolled back behind a signed tree")]
    RolledBack,
    /// The tree's head in the database is not what its own hashes say.
    #[error("the head of the tree was changed by hand")]
    HeadChanged,
    /// A witness holds a tree that this log signed and that the database contradicts.
    #[error("a witness holds a signed tree that the database contradicts")]
    Contradicted,
    /// It was found to be broken, and signs nothing more.
    #[error("the log was found to be broken, and signs nothing more")]
    Halted,
    /// The log began under another origin.
    #[error("the log began under another origin, which is fixed at its first start")]
    OtherOrigin,
    /// Another node extends the log at the moment.
    #[error("another node extends the log")]
    Elsewhere,
}

impl LogTrouble {
    /// A code, for operators.
    pub const fn code(self) -> &'static str {
        match self {
            Self::Behind => "log_behind",
            Self::Unwitnessed => "log_unwitnessed",
            Self::RolledBack => "log_rolled_back",
            Self::HeadChanged => "log_head_changed",
            Self::Contradicted => "log_contradicted",
            Self::Halted => "log_halted",
            Self::OtherOrigin => "log_origin",
            Self::Elsewhere => "log_elsewhere",
        }
    }

    /// Whether a person must look before anything more is signed: another signature could be one under a fork.
    pub const fn is_for_good(self) -> bool {
        matches!(self, Self::RolledBack | Self::HeadChanged | Self::Contradicted | Self::Halted)
    }
}

impl From<LogTrouble> for Error {
    fn from(trouble: LogTrouble) -> Self {
        Self::Broken(Box::new(trouble))
    }
}

/// What this node has seen of the log.
#[derive(Debug, Default)]
pub struct LogHealth(Mutex<Seen>);

#[derive(Debug, Default)]
struct Seen {
    for_good: Option<LogTrouble>,
    for_now: Option<LogTrouble>,
    /// Where the queue and the signed tree were, and since when they are there.
    progress: Option<((i64, u64), Instant)>,
}

impl LogHealth {
    /// What is wrong, if anything.
    pub fn trouble(&self) -> Option<LogTrouble> {
        let seen = self.0.lock().unwrap_or_else(PoisonError::into_inner);
        seen.for_good.or(seen.for_now)
    }

    /// Takes note of something that does not go away; the error to give up with.
    pub(super) fn fail(&self, trouble: LogTrouble) -> Error {
        tracing::error!(code = trouble.code(), "{trouble}");
        self.0.lock().unwrap_or_else(PoisonError::into_inner).for_good.get_or_insert(trouble);
        trouble.into()
    }

    /// Takes note of where the log is; `waiting` is its first event without a signed place and the size of the signed tree.
    fn observe(&self, waiting: Option<(i64, u64)>, unwitnessed: bool, now: Instant) {
        let mut seen = self.0.lock().unwrap_or_else(PoisonError::into_inner);
        let since = match (waiting, seen.progress) {
            (None, _) => None,
            (Some(at), Some((was, since))) if at == was => Some((at, since)),
            (Some(at), _) => Some((at, now)),
        };
        seen.progress = since;
        let stands = since.is_some_and(|(_, since)| since.plus_seconds(BEHIND) <= now);
        seen.for_now = match (stands, unwitnessed) {
            (true, _) => Some(LogTrouble::Behind),
            (false, true) => Some(LogTrouble::Unwitnessed),
            (false, false) => None,
        };
    }
}

/// Numbers for an operator's gauges.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub struct LogNumbers {
    /// How many entries the log has.
    pub size: u64,
    /// How many events wait.
    pub waiting: u64,
    /// How many entries the largest signed tree has.
    pub signed: u64,
    /// How many entries the largest tree has that the witnesses signed.
    pub witnessed: u64,
}

impl Service {
    /// What is wrong with the log, as far as this node has seen.
    pub fn log_trouble(&self) -> Option<LogTrouble> {
        self.log_health.trouble()
    }

    /// Looks where the log is; to be called every second or so.
    pub async fn watch_log(&self) -> Result<LogNumbers, Error> {
        let mut tx = self.store.read().await?;
        let Some(head) = tx.log_head().await? else { return Err(LogTrouble::HeadChanged.into()) };
        let queue = tx.log_queue().await?;
        let signed = tx.signed_trees(u64::MAX, 1).await?.pop();
        let witnessed = self.published_tree(&mut tx).await?.filter(|tree| self.log_keys.is_witnessed(tree));
        let now = self.ambient.now();
        let (signed_size, witnessed_size) =
            (signed.as_ref().map_or(0, |tree| tree.size), witnessed.map_or(0, |tree| tree.size));
        let waits = match queue {
            Some((first, _)) => Some((first, signed_size)),
            None if head.size > signed_size => Some((0, signed_size)),
            None => None,
        };
        let unwitnessed = match (signed_size > witnessed_size, self.settings.witness_grace) {
            (true, Some(grace)) => {
                let first = tx.first_signed_after(witnessed_size).await?;
                first.is_some_and(|at| at.plus_seconds(grace) <= now)
            }
            _ => false,
        };
        self.log_health.observe(waits, unwitnessed, now);
        Ok(LogNumbers {
            size: head.size,
            waiting: queue.map_or(0, |(_, count)| count),
            signed: signed_size,
            witnessed: witnessed_size,
        })
    }
}
