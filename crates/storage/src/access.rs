//! The records of who looked at whose data.

use crate::{
    StoreError,
    column::{RowRef, instant, json},
    engine::{Engine, Pools, Sql, Store, Tx, Write, on},
    journal::{Written, signed},
    persons::newest,
};
use serde::Deserialize;
use serde_json::value::RawValue;
use sqlx::FromRow;
use tillid_domain::{
    Digest, Instant, Salt,
    access::{AccessRecord, Visibility},
    actor::Purpose,
    canonical,
    external::ExternalRecord,
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
    /// What was asked about external things.
    pub external: Vec<ExternalRecord>,
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
    decision: Option<String>,
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
            decision: self.decision.as_deref().map(|text| at.json(text)).transpose()?,
        };
        let salt = Salt::from_bytes(self.salt.as_slice().try_into().map_err(|_| at.corrupt())?);
        Ok((record, salt))
    }
}

macro_rules! access_columns {
    ($rest:literal) => {
        concat!(
            "SELECT id, person_id, at, actor, act, target, purpose, case_ref, lookup_id, outcome, permits_until, held_reason, \
             held_by, held_until, decision, salt FROM access_record ",
            $rest
        )
    };
}
pub(crate) use access_columns;

/// Inserts every record of a batch at once, beside whatever comes before.
macro_rules! insert_all {
    ($before:literal) => {
        concat!(
            $before,
            "INSERT INTO access_record (id, batch_id, person_id, at, actor, act, target, purpose, case_ref, lookup_id, outcome, \
             permits_until, held_reason, held_by, held_until, decision, salt) SELECT q.id, $1, q.person, q.at, q.actor, q.act, q.target, \
             q.purpose, q.case_ref, q.lookup, q.outcome, q.permits, q.reason, q.by, q.until, q.decision, q.salt \
             FROM unnest($2::UUID[], $3::UUID[], $4::BIGINT[], $5::TEXT[], $6::TEXT[], $7::UUID[], $8::TEXT[], $9::TEXT[], $10::UUID[], \
             $11::TEXT[], $12::BIGINT[], $13::TEXT[], $14::UUID[], $15::BIGINT[], $16::TEXT[], $17::BYTEA[]) AS q(id, person, at, actor, \
             act, target, purpose, case_ref, lookup, outcome, permits, reason, by, until, decision, salt)"
        )
    };
}

/// The same from a list of rows.
macro_rules! insert_rows {
    ($before:literal) => {
        concat!(
            $before,
            "INSERT INTO access_record (id, batch_id, person_id, at, actor, act, target, purpose, case_ref, lookup_id, outcome, \
             permits_until, held_reason, held_by, held_until, decision, salt) SELECT unhex(q.value ->> 0), $1, unhex(q.value ->> 1), \
             q.value ->> 2, q.value ->> 3, q.value ->> 4, unhex(q.value ->> 5), q.value ->> 6, q.value ->> 7, unhex(q.value ->> 8), \
             q.value ->> 9, q.value ->> 10, q.value ->> 11, unhex(q.value ->> 12), q.value ->> 13, q.value ->> 14, \
             unhex(q.value ->> 15) FROM json_each($2) q"
        )
    };
}

const INSERT: Sql = Sql { postgres: insert_all!(""), sqlite: insert_rows!("") };

/// The records with the event that commits to them and its place in the queue: all of it in one message.
const RECORD: Sql = Sql {
    postgres: insert_all!(
        "WITH events AS (INSERT INTO event (id, kind, aggregate_id, revision, fact, recorded_at, commitment) \
         VALUES ($18, $19, $1, $20, $21, $22, $23)), \
         bodies AS (INSERT INTO event_body (event_id, salt, bytes) VALUES ($18, $24, $25)), \
         queue AS (INSERT INTO pending (event_id) VALUES ($18)) "
    ),
    sqlite: insert_rows!(
        "INSERT INTO event (id, kind, aggregate_id, revision, fact, recorded_at, commitment) VALUES ($3, $4, $1, $5, $6, $7, $8); \
         INSERT INTO event_body (event_id, salt, bytes) VALUES ($3, $9, $10); INSERT INTO pending (event_id) VALUES ($3); "
    ),
};

/// A record with its salt, and the canonical bytes that its commitment is made of.
pub(crate) struct Salted<'r> {
    pub(crate) record: &'r AccessRecord,
    salt: Salt,
    bytes: Vec<u8>,
}

impl<'r> Salted<'r> {
    pub(crate) fn new(record: &'r AccessRecord, salt: Salt) -> Self {
        Self { record, salt, bytes: canonical(record) }
    }

    pub(crate) fn commitment(&self) -> Digest {
        Digest::commit(&self.salt, &self.bytes)
    }

    /// What of the bytes stands in columns of its own: what is canonical has canonical parts.
    fn parts(&self) -> Parts<'_> {
        serde_json::from_slice(&self.bytes).unwrap_or_default()
    }
}

/// Parts of a record as they are written.
#[derive(Deserialize, Default)]
struct Parts<'b> {
    #[serde(borrow)]
    actor: Option<&'b RawValue>,
    #[serde(borrow)]
    decision: Option<&'b RawValue>,
}

/// A record as its columns.
struct Columns {
    id: Uuid,
    person: Uuid,
    at: i64,
    actor: String,
    act: &'static str,
    target: Option<Uuid>,
    purpose: Option<&'static str>,
    case: Option<String>,
    lookup: Option<Uuid>,
    outcome: &'static str,
    permits_until: Option<i64>,
    held_reason: Option<String>,
    held_by: Option<Uuid>,
    held_until: Option<i64>,
    decision: Option<String>,
    salt: [u8; 32],
}

impl Columns {
    fn of(salted: &Salted<'_>) -> Self {
        let record = salted.record;
        let Parts { actor, decision } = salted.parts();
        let text = |part: &RawValue| part.get().to_owned();
        let (held_reason, held_by, held_until) = match &record.visibility {
            Visibility::Normal => (None, None, None),
            Visibility::Held { reason, approved_by, until } => {
                (Some(reason.as_str().to_owned()), Some(approved_by.as_uuid()), Some(until.as_micros()))
            }
        };
        Self {
            id: record.id.as_uuid(),
            person: record.person.as_uuid(),
            at: record.at.as_micros(),
            actor: actor.map_or_else(|| json(&record.actor), text),
            act: record.act.code(),
            target: record.target,
            purpose: record.purpose.map(Purpose::code),
            case: record.case.as_ref().map(|case| case.as_str().to_owned()),
            lookup: record.lookup.map(AccessId::as_uuid),
            outcome: record.outcome.code(),
            permits_until: record.permits_until.map(Instant::as_micros),
            held_reason,
            held_by,
            held_until,
            decision: record.decision.as_ref().map(|said| decision.map_or_else(|| json(said), text)),
            salt: *salted.salt.reveal(),
        }
    }

    fn json(&self) -> serde_json::Value {
        let hex = |id: Option<Uuid>| id.map(|id| id.simple().to_string());
        serde_json::json!([
            hex(Some(self.id)),
            hex(Some(self.person)),
            self.at,
            self.actor,
            self.act,
            hex(self.target),
            self.purpose,
            self.case,
            hex(self.lookup),
            self.outcome,
            self.permits_until,
            self.held_reason,
            hex(self.held_by),
            self.held_until,
            self.decision,
            Digest::from_bytes(self.salt).to_string(),
        ])
    }
}

fn rows(columns: &[Columns]) -> String {
    serde_json::Value::Array(columns.iter().map(Columns::json).collect()).to_string()
}

impl Tx<Write> {
    pub(crate) async fn insert_looks(
        &mut self,
        batch: BatchId,
        records: &[Salted<'_>],
    ) -> Result<(), StoreError> {
        let columns: Vec<Columns> = records.iter().map(Columns::of).collect();
        match &mut self.engine {
            Engine::Sqlite(tx) => {
                let query = sqlx::query(INSERT.sqlite).bind(batch.as_uuid()).bind(rows(&columns));
                let done = query.execute(&mut **tx).await;
                match &self.turn {
                    Some(turn) => turn.noted(done),
                    None => done,
                }?;
            }
            Engine::Postgres(tx) => {
                bound(sqlx::query(INSERT.postgres), batch, &columns).execute(&mut **tx).await?;
            }
        }
        Ok(())
    }
}

type PgQuery<'q> = sqlx::query::Query<'q, sqlx::Postgres, sqlx::postgres::PgArguments>;

fn bound<'q>(query: PgQuery<'q>, batch: BatchId, columns: &'q [Columns]) -> PgQuery<'q> {
    query
        .bind(batch.as_uuid())
        .bind(columns.iter().map(|c| c.id).collect::<Vec<_>>())
        .bind(columns.iter().map(|c| c.person).collect::<Vec<_>>())
        .bind(columns.iter().map(|c| c.at).collect::<Vec<_>>())
        .bind(columns.iter().map(|c| c.actor.as_str()).collect::<Vec<_>>())
        .bind(columns.iter().map(|c| c.act).collect::<Vec<_>>())
        .bind(columns.iter().map(|c| c.target).collect::<Vec<_>>())
        .bind(columns.iter().map(|c| c.purpose).collect::<Vec<_>>())
        .bind(columns.iter().map(|c| c.case.as_deref()).collect::<Vec<_>>())
        .bind(columns.iter().map(|c| c.lookup).collect::<Vec<_>>())
        .bind(columns.iter().map(|c| c.outcome).collect::<Vec<_>>())
        .bind(columns.iter().map(|c| c.permits_until).collect::<Vec<_>>())
        .bind(columns.iter().map(|c| c.held_reason.as_deref()).collect::<Vec<_>>())
        .bind(columns.iter().map(|c| c.held_by).collect::<Vec<_>>())
        .bind(columns.iter().map(|c| c.held_until).collect::<Vec<_>>())
        .bind(columns.iter().map(|c| c.decision.as_deref()).collect::<Vec<_>>())
        .bind(columns.iter().map(|c| c.salt.as_slice()).collect::<Vec<_>>())
}

/// Binds what is written of an event behind everything that is bound already.
macro_rules! with_event {
    ($query:expr, $event:expr) => {
        $query
            .bind($event.recorded.id.as_uuid())
            .bind($event.recorded.aggregate_kind.code())
            .bind(signed($event.recorded.revision))
            .bind($event.recorded.fact.code())
            .bind($event.recorded.recorded_at.as_micros())
            .bind($event.commitment.as_bytes().as_slice())
            .bind($event.salt.reveal().as_slice())
            .bind($event.bytes.as_slice())
    };
}

impl Store {
    /// Makes records durable with the event that commits to them; on PostgreSQL by one statement that is its own transaction.
    pub(crate) async fn record_at_once(
        &self,
        batch: BatchId,
        records: &[Salted<'_>],
        event: &Written,
    ) -> Result<(), StoreError> {
        let columns: Vec<Columns> = records.iter().map(Columns::of).collect();
        if let Pools::Postgres(pool) = &self.pools {
            let query = bound(sqlx::query(RECORD.postgres), batch, &columns);
            with_event!(query, event).execute(pool).await?;
            return Ok(());
        }
        let mut tx = self.write().await?;
        if let (Engine::Sqlite(conn), Some(turn)) = (&mut tx.engine, &tx.turn) {
            let query = sqlx::query(RECORD.sqlite).bind(batch.as_uuid()).bind(rows(&columns));
            turn.noted(with_event!(query, event).execute(&mut **conn).await)?;
        }
        tx.end().await
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

    /// The records about a person, and about those who go on as them, that they may see at that moment, the newest first, below an id.
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
        let mut rows: Vec<AccessRow> = Vec::new();
        for one in self.all_who_are(person).await? {
            rows.extend(on!(self, |conn| sqlx::query_as::<_, AccessRow>(SQL)
                .bind(one.as_uuid())
                .bind(below.map_or(Uuid::max(), AccessId::as_uuid))
                .bind(now.as_micros())
                .bind(i64::from(limit))
                .fetch_all(conn)
                .await)?);
        }
        newest(rows, limit, |row| row.id)
            .into_iter()
            .map(|row| row.read().map(|(record, _)| record))
            .collect()
    }
}
