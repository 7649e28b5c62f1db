//! What a verb can answer besides success.

use std::error::Error as StdError;
use tillid_domain::{Reason, access::Refusal, actor::Assurance, catalogue::Flaw};
use tillid_storage::StoreError;

/// Why a verb did not do what was asked; nothing was changed, except that refusals are recorded.
#[derive(Debug, thiserror::Error)]
pub enum Error {
    /// There is no such thing, or none that the caller may know of; the two cannot be told apart.
    #[error("not found")]
    NotFound,
    /// The caller may not, and may know why.
    #[error("not allowed: {}", .0.code())]
    Denied(Reason),
    /// The caller may once they have proved better who they are.
    #[error("a stronger login is needed")]
    StepUp(Assurance),
    /// The caller may once they have logged in again: at most so many seconds ago.
    #[error("a fresh login is needed")]
    LoginAgain(i64),
    /// It is true but not possible now, or never.
    #[error("refused: {}", .0.code())]
    Rule(Reason),
    /// What was sent cannot be accepted, and where.
    #[error("not acceptable")]
    Invalid(Vec<Flaw>),
    /// The thing has another revision than the caller expected.
    #[error("it was changed meanwhile")]
    RevisionChanged,
    /// The idempotency key was used for another request.
    #[error("the idempotency key was used for another request")]
    KeyReused,
    /// The service cannot do it at the moment; asked again, it may.
    #[error("busy")]
    Busy(#[source] Box<dyn StdError + Send + Sync>),
    /// A fault of this service or its data.
    #[error("broken")]
    Broken(#[source] Box<dyn StdError + Send + Sync>),
}

impl Error {
    /// One field that cannot be accepted.
    pub fn invalid(pointer: &str, reason: Reason) -> Self {
        Self::Invalid(vec![Flaw { pointer: pointer.to_owned(), reason }])
    }
}

impl From<StoreError> for Error {
    fn from(error: StoreError) -> Self {
        match error {
            StoreError::Contention(_)
            | StoreError::Unavailable(_)
            | StoreError::Exists(_)
            | StoreError::FlushFailed => Self::Busy(Box::new(error)),
            StoreError::Corrupt { .. }
            | StoreError::NotLocked
            | StoreError::Refused(_)
            | StoreError::Sealed
            | StoreError::Keys(_)
            | StoreError::Migration(_) => Self::Broken(Box::new(error)),
        }
    }
}

impl From<Refusal> for Error {
    fn from(refusal: Refusal) -> Self {
        match refusal {
            Refusal::Hidden => Self::NotFound,
            Refusal::Denied(reason) => Self::Denied(reason),
            Refusal::StepUp(level) => Self::StepUp(level),
            Refusal::LoginAgain(seconds) => Self::LoginAgain(seconds),
        }
    }
}

/// A rule of the domain that does not allow it.
impl From<Reason> for Error {
    fn from(reason: Reason) -> Self {
        Self::Rule(reason)
    }
}
