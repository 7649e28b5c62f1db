//! The simulated MitID, asked as any OpenID Connect client asks.

#![expect(clippy::indexing_slicing, reason = "a test may stop")]

mod client;
mod login;
mod logout;
mod pages;
mod tokens;
