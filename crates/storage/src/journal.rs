//! The journal: every change of a fact, with what it commits to. [`Tx::commit`] is the only way to change a fact.

use crate::{
    StoreError,
    access::Looks,
    engine::{Sql, Tx, Write, on, run},
};
use sqlx::FromRow;
use tillid_domain::{
    Digest, Instant, Salt,
    event::{AccessCommitment, Event, Fact, Kind, Recorded, SubjectVersion},
    id::{EventId, PersonId},
};
use uuid::Uuid;

/// An event with what its commitment opens with.
#[derive(Clone, Debug)]
pub struct Opened {
    /// The event.
    pub recorded: Recorded,
    /// The salt of the commitment.
    pub salt: Salt,
    /// HMAC-SHA-256 of the canonical bytes under the salt.
    pub commitment: Digest,
}

impl Tx<Write> {
    /// Locks the persons that are about to be decided about, in the order of their ids. Whoever is unknown stays unlocked.
    pub async fn lock(&mut self, persons: &[PersonId]) -> Result<(), StoreError> {
        // SQLite has one writer; the transaction itself is the lock.
        const LOCK: Sql = Sql {
            sqlite: "SELECT version FROM person WHERE id = $1",
            // Other verbs about the person wait; rows that only refer to the person, such as access records, do not.
            postgres: "SELECT version FROM person WHERE id = $1 FOR NO KEY UPDATE",
        };
        let mut persons = persons.to_vec();
        persons.sort_unstable();
        persons.dedup();
        let sql = self.sql(&LOCK);
        for person in persons {
            let found: Option<i64> =
                on!(self, |conn| sqlx::query_scalar(sql).bind(person.as_uuid()).fetch_optional(conn).await)?;
            if found.is_some() && !self.locked.contains(&person) {
                self.locked.push(person);
            }
        }
        Ok(())
    }

    /// Whether all of them have been locked.
    pub fn holds(&self, persons: &[PersonId]) -> bool {
        persons.iter().all(|p| self.locked.contains(p))
    }

    /// Ends the transaction: writes the events, what follows from them in the tables, and the records of looks; all or
    /// nothing, durable when it returns. Returns the events as the journal has them.
    pub async fn commit(
        mut self,
        events: Vec<Event>,
        looks: Option<Looks>,
    ) -> Result<Vec<Recorded>, StoreError> {
        let mut recorded = Vec::with_capacity(events.len() + 1);
        for event in events {
            recorded.push(self.append(event).await?);
        }
        if let Some(looks) = looks.filter(|l| !l.records.is_empty()) {
            let event = self.record_looks(looks).await.map_err(unrecorded)?;
            recorded.push(self.append(event).await.map_err(unrecorded)?);
        }
        // The pending rows come last: an effect never stands before its cause, whatever the nodes' clocks say.
        for event in &recorded {
            run!(self, sqlx::query("INSERT INTO pending (event_id) VALUES ($1)").bind(event.id.as_uuid()))?;
        }
        self.end().await?;
        Ok(recorded)
    }

    async fn append(&mut self, event: Event) -> Result<Recorded, StoreError> {
        if matches!(event.fact, Fact::PersonRegistered { .. }) {
            self.introduce(&event).await?;
        }
        let mut subjects = Vec::with_capacity(event.subjects.len());
        for person in &event.subjects {
            if !self.locked.contains(person) {
                return Err(StoreError::NotLocked);
            }
            let version: i64 = on!(self, |conn| sqlx::query_scalar(
                "UPDATE person SET version = version + 1 WHERE id = $1 RETURNING version"
            )
            .bind(person.as_uuid())
            .fetch_one(conn)
            .await)?;
            subjects.push(SubjectVersion { person: *person, version: unsigned(version) });
        }
        let recorded = Recorded::new(event, subjects);
        let bytes = recorded.to_bytes();
        let salt = self.salt();
        let commitment = Digest::commit(&salt, &bytes);
        run!(self, sqlx::query(
            "INSERT INTO event (id, kind, aggregate_id, revision, fact, recorded_at, commitment) VALUES ($1, $2, $3, $4, $5, $6, $7)"
        )
        .bind(recorded.id.as_uuid())
        .bind(recorded.aggregate_kind.code())
        .bind(recorded.aggregate)
        .bind(signed(recorded.revision))
        .bind(recorded.fact.code())
        .bind(recorded.recorded_at.as_micros())
        .bind(commitment.as_bytes().as_slice()))?;
        run!(
            self,
            sqlx::query("INSERT INTO event_body (event_id, salt, bytes) VALUES ($1, $2, $3)")
                .bind(recorded.id.as_uuid())
                .bind(salt.reveal().as_slice())
                .bind(bytes)
        )?;
        for subject in &recorded.subjects {
            run!(
                self,
                sqlx::query("INSERT INTO event_subject (person_id, version, event_id) VALUES ($1, $2, $3)")
                    .bind(subject.person.as_uuid())
                    .bind(signed(subject.version))
                    .bind(recorded.id.as_uuid())
            )?;
        }
        self.project(&recorded).await?;
        Ok(recorded)
    }

    async fn record_looks(&mut self, looks: Looks) -> Result<Event, StoreError> {
        let mut commitments = Vec::with_capacity(looks.records.len());
        for record in &looks.records {
            let salt = self.salt();
            commitments.push(AccessCommitment { id: record.id, commitment: record.commitment(&salt) });
            self.insert_access(looks.batch, record, &salt).await?;
        }
        Ok(Event {
            id: looks.event,
            kind: Kind::AccessBatch,
            aggregate: looks.batch.as_uuid(),
            revision: 1,
            at: looks.at,
            actor: tillid_domain::actor::ActorTrace::Service,
            subjects: Vec::new(),
            fact: Fact::AccessRecorded { records: commitments },
        })
    }

    fn salt(&self) -> Salt {
        let mut bytes = [0; 32];
        self.vault.fill(&mut bytes);
        Salt::from_bytes(bytes)
    }
}

/// A look that cannot be recorded is not answered for now, whatever the database has against its record.
fn unrecorded(error: StoreError) -> StoreError {
    match error {
        StoreError::Refused(cause) => StoreError::Unavailable(cause),
        other => other,
    }
}

#[derive(FromRow)]
struct OpenedRow {
    commitment: Vec<u8>,
    salt: Vec<u8>,
    bytes: Vec<u8>,
}

impl<Mode> Tx<Mode> {
    /// An event with its salt, for a receipt; `None` when there is no such event or it has been erased.
    pub async fn event(&mut self, id: EventId) -> Result<Option<Opened>, StoreError> {
        const SQL: &str = "SELECT e.commitment, b.salt, b.bytes FROM event e JOIN event_body b ON b.event_id = e.id WHERE e.id = $1";
        let row: Option<OpenedRow> =
            on!(self, |conn| sqlx::query_as(SQL).bind(id.as_uuid()).fetch_optional(conn).await)?;
        row.map(|row| open(&row).ok_or(StoreError::Corrupt { table: "event_body", id: Some(id.as_uuid()) }))
            .transpose()
    }

    /// The id of the newest event of one thing.
    pub async fn newest_event(&mut self, kind: Kind, aggregate: Uuid) -> Result<Option<EventId>, StoreError> {
        const SQL: &str =
            "SELECT id FROM event WHERE kind = $1 AND aggregate_id = $2 ORDER BY revision DESC LIMIT 1";
        let id: Option<Uuid> = on!(self, |conn| sqlx::query_scalar(SQL)
            .bind(kind.code())
            .bind(aggregate)
            .fetch_optional(conn)
            .await)?;
        Ok(id.map(EventId::from_uuid))
    }

    /// How many events concern the person, and so how much was known of them by that moment.
    pub async fn version_at(&mut self, person: PersonId, known_at: Instant) -> Result<u64, StoreError> {
        const SQL: &str = "SELECT COALESCE(MAX(s.version), 0) FROM event_subject s JOIN event e ON e.id = s.event_id \
             WHERE s.person_id = $1 AND e.recorded_at <= $2";
        let version: i64 = on!(self, |conn| sqlx::query_scalar(SQL)
            .bind(person.as_uuid())
            .bind(known_at.as_micros())
            .fetch_one(conn)
            .await)?;
        Ok(unsigned(version))
    }
}

fn open(row: &OpenedRow) -> Option<Opened> {
    let recorded = Recorded::from_bytes(&row.bytes)?;
    let salt = Salt::from_bytes(row.salt.as_slice().try_into().ok()?);
    let commitment = Digest::try_from(row.commitment.as_slice()).ok()?;
    Some(Opened { recorded, salt, commitment })
}

/// Counters are never negative in the domain and never near the limit of a BIGINT.
pub(crate) const fn signed(count: u64) -> i64 {
    count.cast_signed()
}

pub(crate) const fn unsigned(count: i64) -> u64 {
    count.cast_unsigned()
}
