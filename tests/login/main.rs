//! Logging in, staying logged in, and all that must not let anybody in: the built binary and an OpenID Provider, over HTTP.
#![expect(
    clippy::indexing_slicing,
    clippy::panic,
    clippy::print_stdout,
    reason = "a test may stop, and say how much it tried"
)]

#[path = "../support/mod.rs"]
#[expect(dead_code, reason = "shared with the tests from outside, which use more of it")]
mod support;

#[path = "../outside/tables.rs"]
#[expect(dead_code, reason = "shared with the tests from outside, which use more of it")]
mod tables;

#[path = "../support/html.rs"]
mod html;
#[path = "../support/provider/mod.rs"]
mod provider;
#[path = "../support/served.rs"]
mod served;
#[path = "../support/walker.rs"]
mod walker;

mod anywhere;
mod catalogue;
mod crawl;
mod csrf;
mod declarations;
mod erasing;
mod flow;
mod foreign;
mod giving;
mod logout;
mod modules;
mod negatives;
mod pages;
mod paper;
mod positives;
mod receipts;
mod registering;
mod scene;
mod sessions;
