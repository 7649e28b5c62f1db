//! Where something is known from that nobody gave here.

use crate::{id::DocumentId, text::CaseRef};
use serde::{Deserialize, Serialize};

/// Where it is known from that somebody answers or may act for another.
#[derive(Clone, PartialEq, Eq, Debug, Serialize, Deserialize)]
#[serde(tag = "type", rename_all = "snake_case")]
pub enum Source {
    /// A register told it.
    Register {},
    /// An authority or a court decided it, in that case.
    Decision {
        /// The case in which the decision can be read.
        case: CaseRef,
        /// The decision itself, where it was handed over.
        #[serde(default, skip_serializing_if = "Option::is_none")]
        document: Option<DocumentId>,
    },
}

impl Source {
    /// The decision that was handed over.
    pub const fn document(&self) -> Option<DocumentId> {
        match self {
            Self::Register {} => None,
            Self::Decision { document, .. } => *document,
        }
    }
}
