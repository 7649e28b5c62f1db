//! A fact in, bytes out: what people and systems take away with them.

pub mod pdf;
mod receipt;
pub mod viljestilkendegivelse;

pub use receipt::{KeyError, NotAReceipt, Opened, Receipt, ReceiptKeys, TYPE, is_signed, open, verify};
