//! Persons: becoming known, how post reaches them, dying.

mod die;
mod post;
pub(crate) mod register;
