//! What users of the built binary see, on both engines.

#[path = "../support/mod.rs"]
mod support;

#[path = "../faults/mod.rs"]
mod faults;

mod architecture;
mod bad_input;
mod door;
mod journey;
mod tables;
mod who_may_not;
