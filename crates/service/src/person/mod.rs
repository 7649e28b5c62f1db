//! Persons: becoming known, their numbers, being one with another, how post reaches them, dying.

mod die;
mod merge;
mod number;
pub(crate) mod own;
mod post;
pub(crate) mod register;
