//! Views of powers of attorney.

use serde::Serialize;
use tillid_domain::{
    Instant,
    event::EndCause,
    id::{MandateId, PersonId, PresentationId},
    mandate::{Mandate, MandateState},
    text::{CaseRef, Name, PrivilegeUri},
};
use tillid_service::FoundMandate;
use utoipa::ToSchema;

/// A version of a package, by name.
#[derive(Serialize, ToSchema)]
pub(crate) struct PackageRef {
    /// Its code.
    #[schema(example = "M14")]
    code: String,
    /// Its version.
    version: u32,
}

/// A power of attorney.
#[derive(Serialize, ToSchema)]
pub(crate) struct MandateView {
    /// Its id.
    #[schema(value_type = uuid::Uuid)]
    id: MandateId,
    /// How many changes it has had; the `ETag`.
    pub(crate) revision: u64,
    /// `active`, `planned`, `revoked`, `renounced`, `expired` or `ended`.
    state: &'static str,
    /// Who gave it.
    #[schema(value_type = uuid::Uuid)]
    grantor_id: PersonId,
    /// Who may act.
    #[schema(value_type = uuid::Uuid)]
    representative_id: PersonId,
    /// The representative's name: what the grantor called them, and to staff what the register says.
    #[schema(value_type = Option<String>)]
    representative_name: Option<Name>,
    /// Which packages.
    packages: Vec<PackageRef>,
    /// Which of their privileges.
    #[schema(value_type = Vec<String>)]
    privileges: Vec<PrivilegeUri>,
    /// The only case, if it is for one.
    #[schema(value_type = Option<String>)]
    case: Option<CaseRef>,
    /// The first moment when it can be used.
    #[schema(value_type = String, format = "date-time")]
    valid_from: Instant,
    /// The first moment when it no longer can.
    #[schema(value_type = String, format = "date-time")]
    valid_to: Instant,
    /// What had been shown.
    #[schema(value_type = uuid::Uuid)]
    presentation_id: PresentationId,
    /// When it was given.
    #[schema(value_type = String, format = "date-time")]
    given_at: Instant,
    /// When it was revoked or renounced or ended.
    #[schema(value_type = Option<String>, format = "date-time")]
    ended_at: Option<Instant>,
    /// Why it ended.
    #[schema(value_type = Option<String>)]
    end_cause: Option<EndCause>,
}

impl MandateView {
    pub(crate) fn new(mandate: Mandate, now: Instant) -> Self {
        let state = mandate.standing(now).code();
        let (ended_at, end_cause) = match mandate.state {
            MandateState::Given => (None, None),
            MandateState::Revoked { at } | MandateState::Renounced { at } => (Some(at), None),
            MandateState::Ended { effective_at, cause, .. } => (Some(effective_at), Some(cause)),
        };
        Self {
            id: mandate.id,
            revision: mandate.revision,
            state,
            grantor_id: mandate.grantor,
            representative_id: mandate.representative,
            representative_name: None,
            packages: mandate
                .packages
                .iter()
                .map(|p| PackageRef { code: p.code.to_string(), version: p.number })
                .collect(),
            privileges: mandate.privileges,
            case: mandate.case,
            valid_from: mandate.valid.from,
            valid_to: mandate.valid.to,
            presentation_id: mandate.presentation,
            given_at: mandate.given_at,
            ended_at,
            end_cause,
        }
    }

    pub(crate) fn found(found: FoundMandate, now: Instant) -> Self {
        Self { representative_name: found.representative_name, ..Self::new(found.mandate, now) }
    }
}
