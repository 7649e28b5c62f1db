//! The document that was shown to somebody, read back from its own bytes: nothing on the page comes from elsewhere (C3).

use serde::Deserialize;
use tillid_domain::{Language, catalogue::Polarity, text::Code};
use tillid_edge::{Problem, Protocol};

/// The document about consents, in the one language that it was shown in.
#[derive(Deserialize, Clone, PartialEq, Eq, Debug)]
pub(crate) struct ConsentDocument {
    pub(crate) language: Language,
    pub(crate) r#type: Kind,
    pub(crate) authority: Controller,
    pub(crate) case: Option<String>,
    pub(crate) title: String,
    pub(crate) purpose: String,
    pub(crate) why: String,
    pub(crate) legal_references: Vec<Law>,
    pub(crate) duration: String,
    pub(crate) if_you_say_no: String,
    pub(crate) if_you_withdraw: String,
    pub(crate) other_ways: String,
    pub(crate) conditional: bool,
    pub(crate) supervisory_authority: String,
    pub(crate) items: Vec<Item>,
}

/// Under which version of which type.
#[derive(Deserialize, Clone, PartialEq, Eq, Debug)]
pub(crate) struct Kind {
    pub(crate) polarity: Polarity,
}

#[derive(Deserialize, Clone, PartialEq, Eq, Debug)]
pub(crate) struct Controller {
    pub(crate) cvr: String,
    pub(crate) name: String,
    pub(crate) data_protection_officer: String,
}

#[derive(Deserialize, Clone, PartialEq, Eq, Debug)]
pub(crate) struct Law {
    pub(crate) citation: String,
    pub(crate) text: String,
}

/// A specific consent.
#[derive(Deserialize, Clone, PartialEq, Eq, Debug)]
pub(crate) struct Item {
    pub(crate) code: Code,
    pub(crate) statement: String,
    pub(crate) data: Vec<String>,
    pub(crate) special_categories: bool,
    pub(crate) sources: Vec<String>,
    pub(crate) recipients: Vec<String>,
}

impl ConsentDocument {
    /// Whether a yes forbids something.
    pub(crate) fn is_opt_out(&self) -> bool {
        self.r#type.polarity == Polarity::OptOut
    }

    /// Reads the bytes of a document that this service made.
    pub(crate) fn read(bytes: &[u8]) -> Result<Self, Problem> {
        serde_json::from_slice(bytes).map_err(|error| {
            tracing::error!(%error, "a document that was shown cannot be read");
            Protocol::Internal.into()
        })
    }
}
