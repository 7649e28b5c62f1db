//! Consents: showing, asking, answering, withdrawing, reading.

pub(crate) mod answer;
pub(crate) mod ask;
mod cancel;
pub(crate) mod close_case;
pub(crate) mod exchange;
pub(crate) mod list;
pub(crate) mod present;
mod read;
mod register;
pub(crate) mod shown;
pub(crate) mod view;
pub(crate) mod voices;
mod withdraw;

pub(crate) use read::{BATCH, confined_to};
