//! Whoever takes messages and sends them.

use futures_util::future::BoxFuture;
use tillid_domain::{Cpr, Cvr, Instant, Language, notice::PostalChannel, text::Name};
use tillid_storage::OutboxNotice;

/// A message, addressed.
#[derive(Debug)]
pub struct Addressed {
    /// What is sent. Its id is that of the message, also when it is handed over again.
    pub notice: OutboxNotice,
    /// How it is sent.
    pub channel: PostalChannel,
    /// The number that post reaches the person by, from the vault; it is in no outbox.
    pub number: Option<Cpr>,
    /// The number that post reaches an organisation by, and whoever works for it.
    pub cvr: Option<Cvr>,
    /// What they are called.
    pub name: Option<Name>,
    /// Where they read more.
    pub link: String,
    /// When it is handed over, in business time.
    pub at: Instant,
}

impl Addressed {
    /// The language that post is written in.
    pub const LANGUAGE: Language = Language::Da;
}

/// Why a message was not handed over. Nothing in it names a person.
#[derive(Debug, thiserror::Error)]
pub enum NotHandedOver {
    /// The person has no number that post would find them by.
    #[error("the person has no number")]
    NoNumber,
    /// It could not be written down for whoever sends it.
    #[error("it could not be written: {0}")]
    Io(#[from] std::io::Error),
}

/// Takes messages and sends them. It gets the same message again when nobody got to know that it was sent: by its id, whoever takes it
/// sees that it is the same.
pub trait Postal: Send + Sync {
    /// Takes a message. When this returns, it is taken for good.
    fn take<'a>(&'a self, message: &'a Addressed) -> BoxFuture<'a, Result<(), NotHandedOver>>;
}

/// The post of the demo world: whatever it takes lies in the outbox as delivered, where the inbox of the sandbox shows it.
#[derive(Debug, Clone, Copy)]
pub struct SandboxPost;

impl Postal for SandboxPost {
    fn take<'a>(&'a self, _: &'a Addressed) -> BoxFuture<'a, Result<(), NotHandedOver>> {
        Box::pin(std::future::ready(Ok(())))
    }
}
