//! Persons: becoming known, their numbers, how post reaches them, dying.

mod die;
mod number;
mod post;
pub(crate) mod register;
