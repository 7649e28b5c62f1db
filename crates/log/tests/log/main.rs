//! What the log promises: held against the specifications, against vectors of others, and against other implementations.
#![expect(clippy::unwrap_used, clippy::indexing_slicing, reason = "a test may stop")]

mod bytes;
mod checkpoints;
mod make;
mod notes;
mod policies;
mod proofs;
mod resources;
mod tiles;
mod trees;
mod vectors;
mod witnesses;
