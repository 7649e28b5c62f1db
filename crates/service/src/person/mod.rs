//! Persons: becoming known, their numbers, being one with another, when they were born, how post reaches them, dying.

mod born;
mod die;
mod merge;
mod number;
pub(crate) mod own;
mod post;
pub(crate) mod register;
