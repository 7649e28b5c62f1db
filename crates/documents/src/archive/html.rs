//! The page in the archive: everything in the reader's language, with nothing to fetch from anywhere.

use super::{Entry, fact_word, page_word};
use askama::Template;
use tillid_domain::{Instant, Language};

/// What the page is divided into.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub enum Chapter {
    /// Consents.
    Consents,
    /// Requests for consent.
    Requests,
    /// Powers of attorney.
    Mandates,
    /// Requests for them.
    MandateRequests,
    /// Who looked.
    AccessLog,
}

impl Chapter {
    /// Every chapter, in the order of the page.
    pub const ALL: [Self; 5] =
        [Self::Consents, Self::Requests, Self::Mandates, Self::MandateRequests, Self::AccessLog];

    /// The file that has the same for programs, without its ending.
    pub const fn file(self) -> &'static str {
        match self {
            Self::Consents => "consents",
            Self::Requests => "requests",
            Self::Mandates => "mandates",
            Self::MandateRequests => "mandate_requests",
            Self::AccessLog => "access_log",
        }
    }
}

#[derive(Template)]
#[template(path = "archive_head.html")]
struct Head<'a> {
    language: Language,
    name: &'a str,
    made: String,
    issuer: &'a str,
    chapters: [Chapter; 5],
}

#[derive(Template)]
#[template(path = "archive_rows.html")]
struct Rows<'a> {
    language: Language,
    /// The chapter that begins here.
    begins: Option<Chapter>,
    /// Whether the chapter has nothing at all.
    empty: bool,
    entries: &'a [Entry],
    ends: bool,
}

impl Head<'_> {
    fn word(&self, key: &str) -> &'static str {
        page_word(key, self.language)
    }
}

impl Rows<'_> {
    fn word(&self, key: &str) -> &'static str {
        page_word(key, self.language)
    }

    fn fact_word(&self, key: &str) -> &'static str {
        fact_word(key, self.language)
    }
}

/// The beginning of the page.
pub fn head(language: Language, name: &str, made_at: Instant, issuer: &str) -> Result<String, askama::Error> {
    let made = made_at.local_date().to_string();
    Head { language, name, made, issuer, chapters: Chapter::ALL }.render()
}

/// A part of a chapter; the first part begins it and the last part ends it.
pub fn rows(
    language: Language,
    chapter: Chapter,
    entries: &[Entry],
    first: bool,
    last: bool,
) -> Result<String, askama::Error> {
    let begins = first.then_some(chapter);
    Rows { language, begins, empty: first && last && entries.is_empty(), entries, ends: last }.render()
}

/// The end of the page.
pub const fn foot() -> &'static str {
    "</main>\n</body>\n</html>\n"
}
