//! The relying party: people log in at identity providers (OpenID Connect Core 1.0), and we believe what holds.
//!
//! Code flow with PKCE (RFC 7636), nonce, `iss` (RFC 9207), pushed requests (RFC 9126) and `private_key_jwt` (RFC 7523) where the
//! provider takes them. The level of assurance and the time of the login are ours to check. No provider has a branch of its own: a
//! dialect is a table of names.

mod claims;
mod client_key;
mod http;
mod id_token;
mod login;
mod logout;
mod metadata;
mod provider;
mod refusal;
mod routes;

pub use claims::ClaimNames;
pub use client_key::{ClientKey, NotAClientKey};
pub use login::RelyingParty;
pub use provider::{ClientAuth, Dialect, Provider};
pub use routes::{Door, login_router};

use tillid_domain::Localized;

/// A way to log in, for the button of it.
#[derive(Clone, Debug)]
pub struct LoginOption {
    /// Its key: `/login/{key}` begins it.
    pub key: String,
    /// What people call it.
    pub name: Localized,
}
