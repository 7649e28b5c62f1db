//! Views of what was erased, and of what stays.

use serde::Serialize;
use tillid_domain::{Instant, erasure::Kept};
use tillid_service::Erasure;
use utoipa::ToSchema;
use uuid::Uuid;

/// What goes or went, and what stays.
#[derive(Serialize, ToSchema)]
pub(crate) struct ErasureView {
    /// Whether nothing was erased, and this is what would be.
    preview: bool,
    /// How much of each kind.
    erased: ErasedView,
    /// What stays, and why.
    kept: Vec<KeptView>,
    /// Whether the person goes or went too, with their name, numbers and logins.
    person_erased: bool,
}

/// How much of each kind.
#[derive(Serialize, ToSchema)]
struct ErasedView {
    /// Requests for consent.
    consent_requests: usize,
    /// Consents, also those that were declined.
    consents: usize,
    /// Powers of attorney.
    mandates: usize,
    /// Requests for powers of attorney.
    mandate_requests: usize,
    /// What was shown.
    presentations: usize,
    /// Documents that were handed over.
    documents: usize,
    /// Tasks that consents taken back made.
    tasks: usize,
    /// Statements of who has custody.
    custody_statements: usize,
    /// Guardianships and lasting powers.
    statutory_powers: usize,
    /// Records of who looked.
    access_records: usize,
}

/// Something that stays.
#[derive(Serialize, ToSchema)]
struct KeptView {
    /// What it is: `person`, `consent_request`, `consent`, `mandate_request`, `mandate`, `presentation`, `document`, `task`, `custody` or `statutory_power`.
    kind: &'static str,
    /// Which one.
    id: Uuid,
    /// The code of the reason.
    reason: &'static str,
    /// The first moment when it may go if nothing else happens; `null` where that is not known.
    #[schema(value_type = Option<String>, format = "date-time")]
    until: Option<Instant>,
}

impl From<&Kept> for KeptView {
    fn from(kept: &Kept) -> Self {
        Self { kind: kept.kind.code(), id: kept.id, reason: kept.reason.code(), until: kept.until }
    }
}

impl ErasureView {
    pub(crate) fn new(erasure: &Erasure, preview: bool) -> Self {
        let e = erasure.erased;
        Self {
            preview,
            erased: ErasedView {
                consent_requests: e.requests,
                consents: e.consents,
                mandates: e.mandates,
                mandate_requests: e.mandate_requests,
                presentations: e.presentations,
                documents: e.documents,
                tasks: e.tasks,
                custody_statements: e.custody_statements,
                statutory_powers: e.statutory_powers,
                access_records: e.looks,
            },
            kept: erasure.kept.iter().map(KeptView::from).collect(),
            person_erased: erasure.person,
        }
    }
}
