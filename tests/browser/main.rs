//! What people see and do in a real browser: Chromium, driven over WebDriver, against the built binary.
#![expect(
    clippy::indexing_slicing,
    clippy::panic,
    clippy::print_stdout,
    reason = "a test may stop, and say what it left out"
)]

#[path = "../support/mod.rs"]
#[expect(dead_code, reason = "shared with the tests from outside, which use more of it")]
mod support;

#[path = "../support/papers.rs"]
#[expect(dead_code, reason = "shared with the tests from outside, which use more of it")]
mod papers;

mod asking;
mod at_work;
mod audit;
mod browser;
mod by_law;
mod controls;
mod every_page;
mod for_child;
mod journey;
mod keyboard;
mod page;
mod paper;
mod registering;
mod session;
mod story;
mod together;
mod words;
