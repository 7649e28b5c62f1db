//! What users of the built binary see, on both engines.

#[path = "../support/mod.rs"]
mod support;

mod architecture;
mod journey;
