//! Machine clients: an authority registers its systems, changes what they may, and stops them.

mod edit;
mod read;
mod rights;

pub use edit::NewClient;
pub(crate) use rights::Rights;
