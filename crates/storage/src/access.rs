//! The records of who looked at whose data.

use crate::{
    StoreError,
    column::{RowRef, code_of, instant, json},
    engine::{Tx, Write, on, run},
};
use sqlx::FromRow;
use tillid_domain::{
    Instant, Salt,
    access::{AccessRecord, Visibility},
    id::{AccessId, BatchId, EmployeeId, EventId, PersonId},
};
use uuid::Uuid;

/// Looks that are to be made durable together, with the ids of their batch and its event.
#[derive(Clone, Debug)]
pub struct Looks {
    /// The batch.
    pub batch: BatchId,
    /// Its event.
    pub event: EventId,
    /// When, in business time.
    pub at: Instant,
    /// The looks.
    pub records: Vec<AccessRecord>,
}

#[derive(FromRow)]
pub(crate) struct AccessRow {
    pub(crate) id: Uuid,
    person_id: Uuid,
    at: i64,
    actor: String,
    act: String,
    target: Option<Uuid>,
    purpose: Option<String>,
    case_ref: Option<String>,
    lookup_id: Option<Uuid>,
    outcome: String,
    permits_until: Option<i64>,
    held_reason: Option<String>,
    held_by: Option<Uuid>,
    held_until: Option<i64>,
    salt: Vec<u8>,
}

impl AccessRow {
    pub(crate) fn read(self) -> Result<(AccessRecord, Salt), StoreError> {
        let at = RowRef { table: "access_record", id: self.id };
        let visibility = match (self.held_reason.as_deref(), self.held_by, self.held_until) {
            (None, None, None) => Visibility::Normal,
            (Some(reason), Some(by), Some(until)) => Visibility::Held {
                reason: at.text(reason)?,
                approved_by: EmployeeId::from_uuid(by),
                until: instant(until),
            },
            _ => return Err(at.corrupt()),
        };
        let record = AccessRecord {
            id: AccessId::from_uuid(self.id),
            at: instant(self.at),
            person: PersonId::from_uuid(self.person_id),
            actor: at.json(&self.actor)?,
            act: at.code(&self.act)?,
            target: self.target,
            purpose: at.code_opt(self.purpose.as_deref())?,
            case: at.text_opt(self.case_ref.as_deref())?,
            lookup: self.lookup_id.map(AccessId::from_uuid),
            outcome: at.code(&self.outcome)?,
            permits_until: self.permits_until.map(instant),
            visibility,
        };
        let salt = Salt::from_bytes(self.salt.as_slice().try_into().map_err(|_| at.corrupt())?);
        Ok((record, salt))
    }
}

macro_rules! access_columns {
    ($rest:literal) => {
        concat!(
            "SELECT id, person_id, at, actor, act, target, purpose, case_ref, lookup_id, outcome, permits_until, held_reason, \
             held_by, held_until, salt FROM access_record ",
            $rest
        )
    };
}
pub(crate) use access_columns;

impl Tx<Write> {
    pub(crate) async fn insert_access(
        &mut self,
        batch: BatchId,
        r: &AccessRecord,
        salt: &Salt,
    ) -> Result<(), StoreError> {
        let (reason, by, until) = match &r.visibility {
            Visibility::Normal => (None, None, None),
            Visibility::Held { reason, approved_by, until } => {
                (Some(reason.as_str().to_owned()), Some(approved_by.as_uuid()), Some(until.as_micros()))
            }
        };
        run!(self, sqlx::query(
            "INSERT INTO access_record (id, batch_id, person_id, at, actor, act, target, purpose, case_ref, lookup_id, outcome, \
             permits_until, held_reason, held_by, held_until, salt) \
             VALUES ($1, $2, $3, $4, $5, $6, $7, $8, $9, $10, $11, $12, $13, $14, $15, $16)"
        )
        .bind(r.id.as_uuid())
        .bind(batch.as_uuid())
        .bind(r.person.as_uuid())
        .bind(r.at.as_micros())
        .bind(json(&r.actor))
        .bind(r.act.code())
        .bind(r.target)
        .bind(r.purpose.map(tillid_domain::actor::Purpose::code))
        .bind(r.case.as_ref().map(|c| c.as_str().to_owned()))
        .bind(r.lookup.map(AccessId::as_uuid))
        .bind(code_of(&r.outcome))
        .bind(r.permits_until.map(Instant::as_micros))
        .bind(reason)
        .bind(by)
        .bind(until)
        .bind(salt.reveal().as_slice()))?;
        Ok(())
    }
}

impl<Mode> Tx<Mode> {
    /// One record.
    pub async fn access_record(&mut self, id: AccessId) -> Result<Option<AccessRecord>, StoreError> {
        const SQL: &str = access_columns!("WHERE id = $1");
        let row: Option<AccessRow> =
            on!(self, |conn| sqlx::query_as(SQL).bind(id.as_uuid()).fetch_optional(conn).await)?;
        row.map(|row| row.read().map(|(record, _)| record)).transpose()
    }

    /// The records about a person that they may see at that moment, the newest first, below an id.
    pub async fn access_log(
        &mut self,
        person: PersonId,
        now: Instant,
        below: Option<AccessId>,
        limit: u32,
    ) -> Result<Vec<AccessRecord>, StoreError> {
        const SQL: &str = access_columns!(
            "WHERE person_id = $1 AND id < $2 AND (held_until IS NULL OR held_until <= $3) ORDER BY id DESC LIMIT $4"
        );
        let rows: Vec<AccessRow> = on!(self, |conn| sqlx::query_as(SQL)
            .bind(person.as_uuid())
            .bind(below.map_or(Uuid::max(), AccessId::as_uuid))
            .bind(now.as_micros())
            .bind(i64::from(limit))
            .fetch_all(conn)
            .await)?;
        rows.into_iter().map(|row| row.read().map(|(record, _)| record)).collect()
    }
}
