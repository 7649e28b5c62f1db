//! The catalogues: reading them, drafting and publishing versions, and taking them out of use.

mod edit;
pub mod file;
mod read;
mod steps;

pub use read::{CatalogueWords, Page};
