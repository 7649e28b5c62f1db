//! What users of the built binary see, on both engines.
#![expect(
    clippy::indexing_slicing,
    clippy::panic,
    clippy::print_stdout,
    reason = "a test may stop, and say how much it tried"
)]

#[path = "../support/mod.rs"]
mod support;

#[path = "../support/checker.rs"]
#[expect(dead_code, reason = "shared with the tests of documents, which use more of it")]
mod checker;
#[path = "../support/papers.rs"]
mod papers;

#[path = "../faults/mod.rs"]
mod faults;

mod architecture;
mod asking;
mod authzen;
mod bad_input;
mod by_law;
mod catalogue;
mod children;
mod clients;
mod collecting;
mod contract;
mod declarations;
mod door;
mod erasure;
mod journey;
mod notices;
mod organisations;
mod printing;
mod privacy;
mod privileges;
mod roles;
mod second_verifier;
mod tables;
mod the_verdict_names_the_row;
mod together;
mod tokens;
mod upcoming;
mod uses;
mod verify_files;
mod verify_outside;
mod who_may_not;
mod withdrawing;
mod witness;
