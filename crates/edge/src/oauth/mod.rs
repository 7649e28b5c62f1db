//! Our own authorization server: systems prove who they are with a key of theirs (RFC 7523) and get short-lived tokens of ours
//! (RFC 9068), bound to a key or certificate (RFC 9449, RFC 8705).

mod assertion;
pub(crate) mod binding;
pub(crate) mod certificate;
pub(crate) mod dpop;
mod exchange;
mod metadata;
mod pairwise;
mod refusal;
mod remote_keys;
mod replays;
mod request;
mod server;
#[cfg(test)]
mod tests_of_proofs;
mod token_keys;

pub use binding::Cnf;
pub use dpop::{PROOF_ALGORITHMS, Proofs};
pub use pairwise::{NotAPairwiseKey, Pairwise};
pub use refusal::OAuthError;
pub use request::TokenRequest;
pub use server::{AuthorizationServer, Lifetime, NotALifetime, TokenAnswer};
pub use token_keys::{NotTokenKeys, TokenKeys};
