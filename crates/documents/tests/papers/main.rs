//! What leaves the house on paper or as files, checked by other people's programs and against hostile input.
#![expect(clippy::panic, clippy::indexing_slicing, clippy::print_stdout, reason = "a test may stop")]

#[path = "../../../../tests/support/checker.rs"]
mod checker;
mod hostile;
mod mapping;
mod models;
mod pdf;
mod privileges;
mod round_trip;
mod schema;

/// The folder of other people's specifications; says what is skipped where there is none.
#[expect(clippy::disallowed_methods, reason = "where the data is, is not configuration of the program")]
fn conformance_data(skipped: &str) -> Option<String> {
    let folder = std::env::var("CONFORMANCE_DATA").ok();
    if folder.is_none() {
        println!("SKIPPED: CONFORMANCE_DATA is not set, so {skipped}");
    }
    folder
}
