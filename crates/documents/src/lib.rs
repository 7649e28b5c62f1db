//! A fact in, bytes out: what people and systems take away with them.

mod receipt;

pub use receipt::{KeyError, NotAReceipt, Opened, Receipt, ReceiptKeys, TYPE, is_signed, open, verify};
