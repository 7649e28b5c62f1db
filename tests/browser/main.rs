//! What people see and do in a real browser: Chromium, driven over WebDriver, against the built binary.
#![expect(clippy::indexing_slicing, clippy::panic, reason = "a test may stop")]

#[path = "../support/mod.rs"]
#[expect(dead_code, reason = "shared with the tests from outside, which use more of it")]
mod support;

mod asking;
mod at_work;
mod audit;
mod browser;
mod by_law;
mod controls;
mod every_page;
mod journey;
mod keyboard;
mod page;
mod registering;
mod session;
mod story;
mod together;
mod words;
