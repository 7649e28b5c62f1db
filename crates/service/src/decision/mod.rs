//! May this person act, and does a consent hold: asked one at a time, in batches, and about earlier times.
//!
//! Questions about now are answered together with all others that wait ([`coalesce`]); questions about an earlier time are rare, and
//! each reads the journal for itself. Either way the record is durable before the answer is given.

mod ask;
mod coalesce;
mod past;
mod search;

pub use ask::{AskedAbout, Decided, Question, StatedPurpose};
pub(crate) use coalesce::{Decider, Job, wait};
pub use search::{Found, SearchFor, Searched};
