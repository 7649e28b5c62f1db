//! What is true in Tillid: values, states and rules. No clock, no chance, no input or output, no other crate of ours.
//!
//! A transition consumes the old value and returns the new one together with the [`event::Fact`] that tells of it, or the
//! [`Reason`] why it cannot be. Every state replays from its events ([`event::Entity`]), which is how the journal is checked.

pub mod access;
pub mod actor;
pub mod basis;
pub mod birthday;
pub mod catalogue;
pub mod client;
pub mod collected;
pub mod consent;
mod cpr;
mod cvr;
pub mod decision;
mod digest;
pub mod document;
pub mod erasure;
pub mod event;
pub mod external;
pub mod family;
pub mod id;
mod instant;
pub mod joint;
mod kle;
pub mod listing;
pub mod mandate;
pub mod mandate_request;
pub mod notice;
pub mod party;
pub mod person;
pub mod power;
pub mod presentation;
#[cfg(test)]
mod properties;
mod readability;
mod reason;
pub mod request;
pub mod source;
pub mod statutory;
pub mod task;
pub mod terms;
pub mod text;
pub mod upcoming;
mod words;

pub use cpr::{Cpr, NotACpr};
pub use cvr::{Cvr, NotACvr};
pub use digest::{Digest, NotADigest, Salt, canonical};
pub use instant::{CalendarPeriod, Instant, LocalDate, NotATime, Period};
pub use kle::{Kle, NotAKle};
pub use readability::lix;
pub use reason::{Audience, Reason, Sentences};
pub use text::{Language, Localized};
