//! A fact in, bytes out: what people and systems take away with them.

pub mod archive;
pub mod bpp;
mod iso27560;
pub mod pdf;
mod post;
mod receipt;
pub mod viljestilkendegivelse;

pub use iso27560::{
    Agent, CONTEXT_PATH, ConsentFacts, Controller, Notice, Pseudonym, Step, consent_members, context,
};
pub use post::{Mailbox, Post, letter, memo};
pub use receipt::{KeyError, NotAReceipt, Opened, Receipt, ReceiptKeys, TYPE, is_signed, open, verify};
