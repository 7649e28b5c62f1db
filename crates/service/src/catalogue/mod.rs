//! The catalogues: reading them, drafting and publishing versions.

mod edit;
pub mod file;
mod read;

pub use read::{CatalogueWords, Page};
