//! Views of what was done with powers of attorney.

use super::{CodedView, LookerView};
use serde::Serialize;
use tillid_domain::{
    Instant,
    event::EndCause,
    id::{AccessId, MandateId, PersonId},
    text::{CaseRef, Name, PrivilegeUri},
};
use tillid_service::{Directory, LateUse, MandateUse};
use utoipa::ToSchema;

/// The employee of an organisation who used what it was given.
#[derive(Serialize, ToSchema)]
pub(crate) struct UsingEmployeeView {
    /// Who.
    #[schema(value_type = uuid::Uuid)]
    person_id: PersonId,
    /// What their identity provider called them.
    #[schema(value_type = Option<String>)]
    name: Option<Name>,
}

/// One use of a power of attorney.
#[derive(Serialize, ToSchema)]
pub(crate) struct UseView {
    /// The id of the look that tells of it.
    #[schema(value_type = uuid::Uuid)]
    id: AccessId,
    /// When.
    #[schema(value_type = String, format = "date-time")]
    at: Instant,
    /// Who acted.
    #[schema(value_type = uuid::Uuid)]
    person_id: PersonId,
    /// Which employee, where that is an organisation.
    employee: Option<UsingEmployeeView>,
    /// Where: whose staff or system asked whether they may, or the representative themselves.
    by: LookerView,
    /// What was done.
    act: CodedView,
    /// With which privilege, where that was asked.
    #[schema(value_type = Option<String>)]
    privilege: Option<PrivilegeUri>,
    /// In which case.
    #[schema(value_type = Option<String>)]
    case: Option<CaseRef>,
    /// Whether there was no power any more, as is known now: it had ended, or it had been entered wrongly and never counted.
    after_end: bool,
}

impl UseView {
    pub(crate) fn new(used: MandateUse, directory: &Directory) -> Self {
        let MandateUse { record, representative, employee, after_end } = used;
        Self {
            id: record.id,
            at: record.at,
            person_id: representative,
            employee: employee.map(|using| UsingEmployeeView { person_id: using.employee, name: using.name }),
            privilege: record.privilege().cloned(),
            act: record.act.into(),
            by: LookerView::for_representative(record.actor, representative, directory),
            case: record.case,
            after_end,
        }
    }
}

/// A use of a power of attorney that had ended, before anybody knew.
#[derive(Serialize, ToSchema)]
pub(crate) struct LateUseView {
    /// The id of the look that tells of it.
    #[schema(value_type = uuid::Uuid)]
    id: AccessId,
    /// When it was used.
    #[schema(value_type = String, format = "date-time")]
    at: Instant,
    /// Whose affairs it was about.
    #[schema(value_type = uuid::Uuid)]
    person_id: PersonId,
    /// The power of attorney.
    #[schema(value_type = uuid::Uuid)]
    mandate_id: MandateId,
    /// Where it was used.
    by: LookerView,
    /// With which privilege.
    #[schema(value_type = Option<String>)]
    privilege: Option<PrivilegeUri>,
    /// In which case.
    #[schema(value_type = Option<String>)]
    case: Option<CaseRef>,
    /// Since when there was no power any more.
    #[schema(value_type = String, format = "date-time")]
    ended_at: Instant,
    /// When that became known.
    #[schema(value_type = String, format = "date-time")]
    known_at: Instant,
    /// Why it ended; `null` where it had been entered wrongly, and never counted.
    #[schema(value_type = Option<String>)]
    end_cause: Option<EndCause>,
}

impl LateUseView {
    pub(crate) fn new(late: LateUse, directory: &Directory) -> Self {
        let LateUse { record, mandate, end, .. } = late;
        Self {
            id: record.id,
            at: record.at,
            person_id: mandate.grantor,
            mandate_id: mandate.id,
            privilege: record.privilege().cloned(),
            by: LookerView::new(record.actor, directory),
            case: record.case,
            ended_at: end.since,
            known_at: end.known_at,
            end_cause: end.cause,
        }
    }
}
