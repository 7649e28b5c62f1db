//! PDFs that people keep, print and fill in: tagged (PDF/UA-1) and for the archive (PDF/A-2a), always the same bytes for the same content.
//!
//! A [`Sheet`] says what stands in it, without saying where. It is laid out in lines on A4 pages and drawn with its structure: what a screen
//! reader reads is what the eye sees, in the same order. A document that is not accessible is not made.

mod draw;
mod font;
mod form;
mod layout;
mod mandate;
mod receipt;
mod sheet;
mod words;

pub use form::{FormItem, PaperForm};
pub use mandate::{FormFrame, MandateForm};
pub use receipt::{PaperReceipt, ReceiptAnswer, ReceiptItem};
pub use sheet::{Block, Sheet};

/// Why a PDF was not made.
#[derive(Clone, PartialEq, Eq, Debug, thiserror::Error)]
pub enum NotDrawn {
    /// The fonts in the program cannot be read.
    #[error("the fonts cannot be read")]
    Font,
    /// It would not be the accessible, archivable document that is promised.
    #[error("not PDF/UA-1 and PDF/A-2a: {0}")]
    NotValid(String),
}
