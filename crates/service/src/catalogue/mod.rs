//! The catalogues: reading them, drafting and publishing versions.

mod edit;
mod read;

pub use read::Page;
