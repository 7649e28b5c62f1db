//! Views of tasks.

use super::Text;
use serde::Serialize;
use tillid_domain::{
    Instant, LocalDate,
    catalogue::WithdrawalEffect,
    id::{ConsentId, PersonId, TaskId},
    task::{TaskOutcome, TaskState},
    text::{CaseRef, Prose},
};
use tillid_service::TypedTask;
use utoipa::ToSchema;

/// What an authority has to do because a consent is gone.
#[derive(Serialize, ToSchema)]
pub(crate) struct TaskView {
    /// Its id.
    #[schema(value_type = uuid::Uuid)]
    id: TaskId,
    /// How many changes it has had; the `ETag`.
    revision: u64,
    /// `open` or `closed`.
    state: &'static str,
    /// Whose consent it was.
    #[schema(value_type = uuid::Uuid)]
    person_id: PersonId,
    /// The consent that is gone.
    #[schema(value_type = uuid::Uuid)]
    consent_id: ConsentId,
    /// The code of its type.
    consent_type: String,
    /// Its title.
    title: Text,
    /// The case.
    #[schema(value_type = Option<String>)]
    case: Option<CaseRef>,
    /// What to do: `STOP`, `DECIDE`, `ERASE`, `STOP_TREATMENT` or `REASSESS`.
    #[schema(value_type = Vec<String>)]
    effects: Vec<WithdrawalEffect>,
    /// The same in words.
    instruction: Text,
    /// Since when.
    #[schema(value_type = String, format = "date-time")]
    opened_at: Instant,
    /// The last day for it, where the person was promised one.
    #[schema(value_type = Option<String>, format = "date")]
    due: Option<LocalDate>,
    /// Whether that day has passed and it is open.
    overdue: bool,
    /// When it was closed.
    #[schema(value_type = Option<String>, format = "date-time")]
    closed_at: Option<Instant>,
    /// `done`, `other_basis` or `nothing_there`.
    #[schema(value_type = Option<String>)]
    outcome: Option<TaskOutcome>,
    /// What whoever closed it wrote.
    #[schema(value_type = Option<String>)]
    note: Option<Prose>,
}

impl TaskView {
    pub(crate) fn new(typed: TypedTask, now: Instant) -> Self {
        let TypedTask { task, of, .. } = typed;
        let overdue = task.is_overdue(now);
        let (state, closed_at, outcome, note) = match task.state {
            TaskState::Open => ("open", None, None, None),
            TaskState::Closed { at, outcome, note } => ("closed", Some(at), Some(outcome), note),
        };
        let work = task.work;
        Self {
            id: task.id,
            revision: task.revision,
            state,
            person_id: work.person,
            consent_id: work.consent,
            consent_type: work.entry.code.to_string(),
            title: (&of.title).into(),
            case: work.case,
            effects: work.effects,
            instruction: (&of.withdrawal_for_staff).into(),
            opened_at: task.opened_at,
            due: work.due,
            overdue,
            closed_at,
            outcome,
            note,
        }
    }
}
