//! A fact in, bytes out: what people and systems take away with them.

mod post;
mod receipt;

pub use post::{Post, letter, memo};
pub use receipt::{KeyError, NotAReceipt, Opened, Receipt, ReceiptKeys, TYPE, is_signed, open, verify};
