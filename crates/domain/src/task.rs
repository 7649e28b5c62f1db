//! What an authority has to do because a consent is gone: stop, decide on what is there, erase.

use crate::{
    Cvr,
    catalogue::{ConsentType, EntryVersion, Polarity, WithdrawalEffect},
    consent::{Consent, ConsentState},
    event::{Entity, Fact, Kind, Recorded},
    id::{ConsentId, PersonId, TaskId},
    instant::{Instant, LocalDate},
    reason::Reason,
    text::{CaseRef, Code, Prose},
};
use serde::{Deserialize, Serialize};
use uuid::Uuid;

/// What is to be done, about what.
#[derive(Clone, PartialEq, Eq, Debug, Serialize, Deserialize)]
pub struct TaskWork {
    /// Whose consent it was.
    pub person: PersonId,
    /// Who has to act.
    pub authority: Cvr,
    /// The consent that is gone.
    pub consent: ConsentId,
    /// Its type, and the version that the person saw.
    pub entry: EntryVersion,
    /// The specific consent of it.
    pub item: Code,
    /// Its case.
    pub case: Option<CaseRef>,
    /// What to do.
    pub effects: Vec<WithdrawalEffect>,
    /// The last day for it, where the person was promised one.
    pub due: Option<LocalDate>,
}

/// What came of a task. The list is closed.
#[derive(Clone, Copy, PartialEq, Eq, Debug, Hash, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum TaskOutcome {
    /// All of it was done.
    Done,
    /// What is there stays on another basis in law, which the note names.
    OtherBasis,
    /// Nothing had been obtained, disclosed or kept.
    NothingThere,
}

impl TaskOutcome {
    /// Every outcome.
    pub const ALL: [Self; 3] = [Self::Done, Self::OtherBasis, Self::NothingThere];

    /// The code.
    pub const fn code(self) -> &'static str {
        match self {
            Self::Done => "done",
            Self::OtherBasis => "other_basis",
            Self::NothingThere => "nothing_there",
        }
    }
}

/// Where a task stands.
#[derive(Clone, PartialEq, Eq, Debug)]
pub enum TaskState {
    /// It waits.
    Open,
    /// Somebody closed it.
    Closed {
        /// When.
        at: Instant,
        /// What came of it.
        outcome: TaskOutcome,
        /// In their words.
        note: Option<Prose>,
    },
}

impl Consent {
    /// What the authority has to do because this consent has just been taken back; nothing, where it permitted nothing.
    pub fn task(&self, id: TaskId, of: &ConsentType, now: Instant) -> Option<(Task, Fact)> {
        let taken_back = matches!(self.state, ConsentState::Withdrawn { .. } | ConsentState::Annulled { .. });
        if !taken_back || self.answer.polarity == Polarity::OptOut || of.withdrawal_effects.is_empty() {
            return None;
        }
        let work = TaskWork {
            person: self.answer.person,
            authority: self.answer.authority,
            consent: self.id,
            entry: self.answer.entry.clone(),
            item: self.answer.item.clone(),
            case: self.answer.case.clone(),
            effects: of.withdrawal_effects.clone(),
            due: of.erased_within.map(|within| now.local_date().plus(within)),
        };
        let task = Task { id, revision: 1, work: work.clone(), opened_at: now, state: TaskState::Open };
        Some((task, Fact::TaskOpened(work)))
    }
}

/// A task.
#[derive(Clone, PartialEq, Eq, Debug)]
pub struct Task {
    /// Its id.
    pub id: TaskId,
    /// Its events so far.
    pub revision: u64,
    /// What is to be done.
    pub work: TaskWork,
    /// Since when.
    pub opened_at: Instant,
    /// Where it stands.
    pub state: TaskState,
}

impl Task {
    /// Whether the last day for it has passed and it is open.
    pub fn is_overdue(&self, now: Instant) -> bool {
        self.state == TaskState::Open && self.work.due.is_some_and(|due| now.local_date() > due)
    }

    /// Closes it. What stays on another basis is told with that basis.
    pub fn close(
        self,
        outcome: TaskOutcome,
        note: Option<Prose>,
        now: Instant,
    ) -> Result<(Self, Fact), Reason> {
        if self.state != TaskState::Open {
            return Err(Reason::TaskClosed);
        }
        if outcome == TaskOutcome::OtherBasis && note.is_none() {
            return Err(Reason::TaskBasisMissing);
        }
        let state = TaskState::Closed { at: now, outcome, note: note.clone() };
        Ok((Self { revision: self.revision + 1, state, ..self }, Fact::TaskClosed { outcome, note }))
    }
}

impl Entity for Task {
    const KIND: Kind = Kind::Task;

    fn id(&self) -> Uuid {
        self.id.as_uuid()
    }

    fn revision(&self) -> u64 {
        self.revision
    }

    fn subjects(&self) -> Vec<PersonId> {
        vec![self.work.person]
    }

    fn replay(before: Option<Self>, event: &Recorded) -> Option<Self> {
        match (before, &event.fact) {
            (None, Fact::TaskOpened(work)) => Some(Self {
                id: TaskId::from_uuid(event.aggregate),
                revision: 1,
                work: work.clone(),
                opened_at: event.recorded_at,
                state: TaskState::Open,
            }),
            (Some(task), Fact::TaskClosed { outcome, note }) => {
                task.close(*outcome, note.clone(), event.recorded_at).ok().map(|(next, _)| next)
            }
            _ => None,
        }
    }
}
