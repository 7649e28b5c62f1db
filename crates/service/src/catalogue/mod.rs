//! The catalogues: reading them, drafting and publishing versions, and taking them out of use.

mod edit;
pub mod file;
mod read;
mod steps;
mod withdraw;

pub use read::{CatalogueWords, Page};
pub use withdraw::Withdrawing;
