//! Persons: becoming known, dying.

mod die;
pub(crate) mod register;
