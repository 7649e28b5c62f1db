//! What the API answers with. A view is made from a value of the domain and holds only what the caller may see.

mod catalogue;
mod client;
mod consent;
mod employee;
mod erasure;
mod external;
mod mandate;
mod person;
mod statutory;
mod task;
mod upcoming;
mod uses;

pub(crate) use catalogue::{EntryView, WithdrawingView};
pub(crate) use client::ClientView;
pub(crate) use consent::{ConsentView, Reader, RequestView};
pub(crate) use employee::EmployeeView;
pub(crate) use erasure::ErasureView;
pub(crate) use external::{ExternalEntityView, ExternalGrantView, ExternalPrivilegeView};
pub(crate) use mandate::{MandateReader, MandateRequestView, MandateView};
pub(crate) use person::{AccessView, LookupView, OverviewView, PresentationView, ReceiptView};
pub(crate) use statutory::StatutoryView;
pub(crate) use task::TaskView;
pub(crate) use upcoming::UpcomingView;
pub(crate) use uses::{LateUseView, UseView};

use person::{CodedView, LookerView};

use crate::bodies::{KnownField, TimeField};
use serde::Serialize;
use tillid_domain::{Cvr, Instant, Localized};
use tillid_service::{AsOf, Directory, KnownAt, Service};
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

/// Of which times an answer tells, where they are not both now.
#[derive(Serialize, ToSchema)]
pub(crate) struct AsOfView {
    /// At which moment things stood so.
    valid_at: TimeField,
    /// As known when: a time, or how many entries the log had.
    known_at: KnownField,
}

impl AsOfView {
    pub(crate) fn new(as_of: AsOf, now: Instant) -> Self {
        let known_at = match as_of.known_at {
            KnownAt::Position(size) => KnownField::Position(size),
            KnownAt::Time(at) => KnownField::Time(TimeField(at)),
            KnownAt::Now | KnownAt::Decision(_) => KnownField::Time(TimeField(now)),
        };
        Self { valid_at: TimeField(as_of.valid_at), known_at }
    }
}

/// A part of a list, perhaps of another time.
#[derive(Serialize, ToSchema)]
pub(crate) struct PastPageView<T> {
    /// The part.
    pub(crate) items: Vec<T>,
    /// Where the next part begins: send it as `cursor`, with the same times. `null` at the end.
    pub(crate) next: Option<String>,
    /// Of which times it tells; left out where both are now.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub(crate) as_of: Option<AsOfView>,
}

/// Something, perhaps of another time.
#[derive(Serialize, ToSchema)]
pub(crate) struct PastView<T> {
    /// It.
    #[serde(flatten)]
    pub(crate) view: T,
    /// Of which times it tells; left out where both are now.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub(crate) as_of: Option<AsOfView>,
}

pub(crate) fn directory(service: &Service) -> &Directory {
    service.directory()
}
