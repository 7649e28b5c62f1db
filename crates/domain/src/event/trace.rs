//! What stays of an erased event.

use crate::{Digest, id::EventId, instant::Instant};
use serde::Serialize;

/// What the journal keeps of an event whose body is gone.
#[derive(Clone, PartialEq, Eq, Debug, Serialize)]
pub struct Trace {
    /// Its id.
    pub id: EventId,
    /// Its number among the events of its thing.
    pub revision: u64,
    /// The code of what happened.
    pub fact: String,
    /// When it was recorded.
    pub recorded_at: Instant,
    /// What the event's body and salt would open.
    pub commitment: Digest,
}

/// The fingerprint of all traces that an erased thing leaves, in the order of their revisions.
pub fn tombstone(traces: &[Trace]) -> Digest {
    Digest::of_canonical(&traces)
}
