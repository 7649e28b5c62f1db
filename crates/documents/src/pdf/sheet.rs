//! What stands in a document.

use super::{NotDrawn, draw, layout};
use tillid_domain::{Instant, Language};

/// One thing below another.
#[derive(Clone, PartialEq, Eq, Debug)]
pub enum Block {
    /// A heading of a part.
    Heading(String),
    /// A paragraph.
    Paragraph(String),
    /// Points.
    List(Vec<String>),
    /// What something is called, and what it is.
    Rows(Vec<(String, String)>),
    /// A question with empty boxes to tick, one for each answer.
    Question {
        /// What is asked.
        text: String,
        /// The answers.
        answers: Vec<String>,
    },
    /// Lines to write on, with what to write below each.
    Lines(Vec<String>),
    /// A short text in large letters, to be typed or read aloud.
    Code(String),
}

/// A document.
#[derive(Clone, PartialEq, Eq, Debug)]
pub struct Sheet {
    /// Its title; also its first heading.
    pub title: String,
    /// The language of all of it.
    pub language: Language,
    /// Whose document it is.
    pub author: String,
    /// When it was made.
    pub created: Instant,
    /// What stands at the foot of each page, before the number of the page.
    pub foot: String,
    /// "Page" and "of", as the page's number is written.
    pub page_words: [String; 2],
    /// What is in it.
    pub blocks: Vec<Block>,
}

impl Sheet {
    /// The bytes of the PDF.
    pub fn to_pdf(&self) -> Result<Vec<u8>, NotDrawn> {
        draw::pdf(self, &layout::lay_out(self)?)
    }
}
