//! What authorities have to do: what follows from the events of tasks, and their reads.

use crate::{
    StoreError,
    column::{RowRef, code_of, instant, json},
    engine::{Tx, Write, on, run},
    journal::signed,
};
use sqlx::FromRow;
use tillid_domain::{
    Cvr,
    event::Recorded,
    id::{PersonId, TaskId},
    task::{Task, TaskOutcome, TaskState, TaskWork},
    text::Prose,
};
use uuid::Uuid;

#[derive(FromRow)]
struct TaskRow {
    id: Uuid,
    revision: i64,
    person_id: Uuid,
    authority: String,
    consent_id: Uuid,
    work: String,
    opened_at: i64,
    state: String,
    closed_at: Option<i64>,
    outcome: Option<String>,
    note: Option<String>,
}

impl TryFrom<TaskRow> for Task {
    type Error = StoreError;

    fn try_from(row: TaskRow) -> Result<Self, StoreError> {
        let at = RowRef { table: "task", id: row.id };
        let work: TaskWork = at.json(&row.work)?;
        let fits = work.person.as_uuid() == row.person_id
            && work.consent.as_uuid() == row.consent_id
            && work.authority.to_string() == row.authority;
        let note: Option<Prose> = at.text_opt(row.note.as_deref())?;
        let state = match (row.state.as_str(), row.closed_at.map(instant), row.outcome.as_deref(), note) {
            ("open", None, None, None) => TaskState::Open,
            ("closed", Some(at_), Some(outcome), note) => {
                TaskState::Closed { at: at_, outcome: at.code(outcome)?, note }
            }
            _ => return Err(at.corrupt()),
        };
        if !fits {
            return Err(at.corrupt());
        }
        Ok(Self {
            id: TaskId::from_uuid(row.id),
            revision: at.number(row.revision)?,
            work,
            opened_at: instant(row.opened_at),
            state,
        })
    }
}

macro_rules! task_columns {
    ($rest:literal) => {
        concat!(
            "SELECT id, revision, person_id, authority, consent_id, work, opened_at, state, closed_at, outcome, note FROM task ",
            $rest
        )
    };
}

impl<Mode> Tx<Mode> {
    /// A task.
    pub async fn task(&mut self, id: TaskId) -> Result<Option<Task>, StoreError> {
        const SQL: &str = task_columns!("WHERE id = $1");
        let row: Option<TaskRow> =
            on!(self, |conn| sqlx::query_as(SQL).bind(id.as_uuid()).fetch_optional(conn).await)?;
        row.map(TryInto::try_into).transpose()
    }

    /// The open tasks of an authority, the oldest first, above an id.
    pub async fn open_tasks(
        &mut self,
        authority: Cvr,
        above: Option<TaskId>,
        limit: u32,
    ) -> Result<Vec<Task>, StoreError> {
        const SQL: &str =
            task_columns!("WHERE authority = $1 AND state = 'open' AND id > $2 ORDER BY id LIMIT $3");
        let rows: Vec<TaskRow> = on!(self, |conn| sqlx::query_as(SQL)
            .bind(authority.to_string())
            .bind(above.map_or(Uuid::nil(), TaskId::as_uuid))
            .bind(i64::from(limit))
            .fetch_all(conn)
            .await)?;
        rows.into_iter().map(TryInto::try_into).collect()
    }

    /// The tasks because of a person's consents.
    pub async fn tasks_about(&mut self, person: PersonId) -> Result<Vec<Task>, StoreError> {
        const SQL: &str = task_columns!("WHERE person_id = $1 ORDER BY id");
        let rows: Vec<TaskRow> =
            on!(self, |conn| sqlx::query_as(SQL).bind(person.as_uuid()).fetch_all(conn).await)?;
        rows.into_iter().map(TryInto::try_into).collect()
    }
}

impl Tx<Write> {
    pub(crate) async fn insert_task(&mut self, event: &Recorded, work: &TaskWork) -> Result<(), StoreError> {
        run!(
            self,
            sqlx::query(
                "INSERT INTO task (id, revision, person_id, authority, consent_id, work, opened_at, state) \
             VALUES ($1, 1, $2, $3, $4, $5, $6, 'open')"
            )
            .bind(event.aggregate)
            .bind(work.person.as_uuid())
            .bind(work.authority.to_string())
            .bind(work.consent.as_uuid())
            .bind(json(work))
            .bind(event.recorded_at.as_micros())
        )?;
        Ok(())
    }

    pub(crate) async fn close_task(
        &mut self,
        event: &Recorded,
        outcome: TaskOutcome,
        note: Option<&Prose>,
    ) -> Result<(), StoreError> {
        run!(self, sqlx::query(
            "UPDATE task SET revision = $2, state = 'closed', closed_at = $3, outcome = $4, note = $5 WHERE id = $1"
        )
        .bind(event.aggregate)
        .bind(signed(event.revision))
        .bind(event.recorded_at.as_micros())
        .bind(code_of(&outcome))
        .bind(note.map(|n| n.as_str().to_owned())))?;
        Ok(())
    }
}
