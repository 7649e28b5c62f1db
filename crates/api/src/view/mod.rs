//! What the API answers with. A view is made from a value of the domain and holds only what the caller may see.

mod catalogue;
mod consent;
mod erasure;
mod mandate;
mod person;

pub(crate) use catalogue::EntryView;
pub(crate) use consent::{ConsentView, Reader, RequestView};
pub(crate) use erasure::ErasureView;
pub(crate) use mandate::MandateView;
pub(crate) use person::{AccessView, LookupView, OverviewView, PresentationView, ReceiptView};

use serde::Serialize;
use tillid_domain::{Cvr, Localized};
use tillid_service::{Directory, Service};
use utoipa::ToSchema;

/// The same text in Danish and in English.
#[derive(Serialize, ToSchema)]
pub(crate) struct Text {
    /// Danish.
    da: String,
    /// English.
    en: String,
}

impl From<&Localized> for Text {
    fn from(text: &Localized) -> Self {
        Self { da: text.da.to_string(), en: text.en.to_string() }
    }
}

/// An authority.
#[derive(Serialize, ToSchema)]
pub(crate) struct AuthorityView {
    /// Its CVR number.
    #[schema(value_type = String, example = "99100001")]
    cvr: Cvr,
    /// Its name, where it is known here.
    name: Option<Text>,
}

impl AuthorityView {
    pub(crate) fn new(cvr: Cvr, directory: &Directory) -> Self {
        Self { cvr, name: directory.get(cvr).map(|a| Text::from(&a.name)) }
    }
}

/// A part of a list.
#[derive(Serialize, ToSchema)]
pub(crate) struct PageView<T> {
    /// The part.
    pub(crate) items: Vec<T>,
    /// Where the next part begins: send it as `cursor`. `null` at the end.
    pub(crate) next: Option<String>,
}

pub(crate) fn directory(service: &Service) -> &Directory {
    service.directory()
}
