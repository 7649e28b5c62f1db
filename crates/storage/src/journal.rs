//! The journal: every change of a fact, with what it commits to. [`Tx::commit`] is the only way to change a fact.

use crate::{
    StoreError,
    access::{Looks, Salted},
    engine::{Engine, Store, Tx, Write, on, run},
    vault::Vault,
};
use sqlx::FromRow;
use std::collections::BTreeMap;
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

impl Store {
    /// Makes records of looks durable, and nothing else.
    pub async fn record(&self, looks: Looks) -> Result<(), StoreError> {
        if !looks.external.is_empty() {
            self.write().await?.commit(Vec::new(), Some(looks)).await?;
            return Ok(());
        }
        if looks.records.is_empty() {
            return Ok(());
        }
        // What decisions wait for: one message to the database instead of five.
        let salted: Vec<_> =
            looks.records.iter().map(|record| Salted::new(record, salt(&self.vault))).collect();
        let event = batch_event(&looks, committed(&salted), Vec::new());
        let event = Written::of(Recorded::new(event, Vec::new()), salt(&self.vault));
        self.record_at_once(looks.batch, &salted, &event).await.map_err(unrecorded)
    }
}

impl Tx<Write> {
    /// Locks the persons that are about to be decided about, in the order of their ids. Whoever is unknown stays unlocked.
    pub async fn lock(&mut self, persons: &[PersonId]) -> Result<(), StoreError> {
        // SQLite has one writer; the transaction itself is the lock.
        const KNOWN: &str = "SELECT id FROM person WHERE id = $1";
        // Other verbs about the person wait; rows that only refer to the person, such as access records, do not. Rows are locked as
        // they are sorted.
        const LOCK: &str = "SELECT id FROM person WHERE id = ANY($1) ORDER BY id FOR NO KEY UPDATE";
        let found: Vec<Uuid> = match &mut self.engine {
            Engine::Postgres(tx) => {
                let ids: Vec<Uuid> = persons.iter().map(|person| person.as_uuid()).collect();
                sqlx::query_scalar(LOCK).bind(ids).fetch_all(&mut **tx).await?
            }
            Engine::Sqlite(tx) => {
                let mut found = Vec::with_capacity(persons.len());
                for person in persons {
                    let query = sqlx::query_scalar(KNOWN).bind(person.as_uuid());
                    found.extend(query.fetch_optional(&mut **tx).await?.map(|id: Uuid| id));
                }
                found
            }
        };
        for person in found.into_iter().map(PersonId::from_uuid) {
            if !self.locked.contains(&person) {
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
        let mut recorded = self.append(events).await?;
        if let Some(looks) = looks.filter(|l| !l.records.is_empty() || !l.external.is_empty()) {
            let event = self.record_looks(looks).await.map_err(unrecorded)?;
            recorded.extend(self.append(vec![event]).await.map_err(unrecorded)?);
        }
        // The pending rows come last: an effect never stands before its cause, whatever the nodes' clocks say.
        self.queue(&recorded).await?;
        self.end().await?;
        Ok(recorded)
    }

    /// Writes events that belong together, and then what follows from each, in their order.
    async fn append(&mut self, events: Vec<Event>) -> Result<Vec<Recorded>, StoreError> {
        if events.is_empty() {
            return Ok(Vec::new());
        }
        for event in &events {
            self.introduce(event).await?;
        }
        let mut versions = self.count_up(&events).await?;
        let mut written = Vec::with_capacity(events.len());
        for event in events {
            let mut subjects = Vec::with_capacity(event.subjects.len());
            for person in &event.subjects {
                let version = versions.get_mut(person).ok_or(StoreError::NotLocked)?;
                *version += 1;
                subjects.push(SubjectVersion { person: *person, version: unsigned(*version) });
            }
            written.push(Written::of(Recorded::new(event, subjects), self.salt()));
        }
        self.insert_events(&written).await?;
        for event in &written {
            self.project(&event.recorded).await?;
        }
        Ok(written.into_iter().map(|event| event.recorded).collect())
    }

    /// Counts up the versions of everybody whom the events concern; answers with what each was before.
    async fn count_up(&mut self, events: &[Event]) -> Result<BTreeMap<PersonId, i64>, StoreError> {
        const ALL: &str = "UPDATE person SET version = version + q.times FROM unnest($1::UUID[], $2::BIGINT[]) AS q(person, times) \
             WHERE id = q.person RETURNING id, version";
        const ONE: &str = "UPDATE person SET version = version + $2 WHERE id = $1 RETURNING version";
        let mut times: BTreeMap<PersonId, i64> = BTreeMap::new();
        for person in events.iter().flat_map(|event| &event.subjects) {
            if !self.locked.contains(person) {
                return Err(StoreError::NotLocked);
            }
            *times.entry(*person).or_default() += 1;
        }
        if times.is_empty() {
            return Ok(times);
        }
        let mut versions = BTreeMap::new();
        match &mut self.engine {
            Engine::Postgres(tx) => {
                let rows: Vec<(Uuid, i64)> = sqlx::query_as(ALL)
                    .bind(times.keys().map(|person| person.as_uuid()).collect::<Vec<_>>())
                    .bind(times.values().copied().collect::<Vec<_>>())
                    .fetch_all(&mut **tx)
                    .await?;
                for (person, version) in rows {
                    let person = PersonId::from_uuid(person);
                    versions.insert(person, version - times.get(&person).copied().unwrap_or_default());
                }
            }
            Engine::Sqlite(tx) => {
                for (person, times) in &times {
                    let query = sqlx::query_scalar(ONE).bind(person.as_uuid()).bind(times);
                    let version: i64 = query.fetch_one(&mut **tx).await?;
                    versions.insert(*person, version - times);
                }
            }
        }
        Ok(versions)
    }

    async fn insert_events(&mut self, written: &[Written]) -> Result<(), StoreError> {
        const ALL: &str = "WITH written AS (SELECT * FROM unnest($1::UUID[], $2::TEXT[], $3::UUID[], $4::BIGINT[], $5::TEXT[], \
             $6::BIGINT[], $7::BYTEA[], $8::BYTEA[], $9::BYTEA[]) AS q(id, kind, aggregate_id, revision, fact, recorded_at, commitment, \
             salt, bytes)), \
             events AS (INSERT INTO event (id, kind, aggregate_id, revision, fact, recorded_at, commitment) \
             SELECT id, kind, aggregate_id, revision, fact, recorded_at, commitment FROM written), \
             bodies AS (INSERT INTO event_body (event_id, salt, bytes) SELECT id, salt, bytes FROM written) \
             INSERT INTO event_subject (person_id, version, event_id) SELECT * FROM unnest($10::UUID[], $11::BIGINT[], $12::UUID[])";
        if let Engine::Sqlite(_) = &self.engine {
            for event in written {
                self.insert_event(event).await?;
            }
            return Ok(());
        }
        let column = Columns::of(written);
        let query = sqlx::query(ALL)
            .bind(column.ids)
            .bind(column.kinds)
            .bind(column.aggregates)
            .bind(column.revisions)
            .bind(column.facts)
            .bind(column.times)
            .bind(column.commitments)
            .bind(column.salts)
            .bind(column.bytes)
            .bind(column.subjects)
            .bind(column.versions)
            .bind(column.concerned_by);
        if let Engine::Postgres(tx) = &mut self.engine {
            query.execute(&mut **tx).await?;
        }
        Ok(())
    }

    async fn insert_event(&mut self, event: &Written) -> Result<(), StoreError> {
        let Written { recorded, bytes, salt, commitment } = event;
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
                .bind(bytes.as_slice())
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
        Ok(())
    }

    /// Lets the events wait for the log, in their order.
    async fn queue(&mut self, recorded: &[Recorded]) -> Result<(), StoreError> {
        const ALL: &str = "INSERT INTO pending (event_id) SELECT id FROM unnest($1::UUID[]) WITH ORDINALITY AS q(id, place) ORDER BY place";
        if let Engine::Postgres(tx) = &mut self.engine {
            let ids: Vec<Uuid> = recorded.iter().map(|event| event.id.as_uuid()).collect();
            sqlx::query(ALL).bind(ids).execute(&mut **tx).await?;
            return Ok(());
        }
        for event in recorded {
            run!(self, sqlx::query("INSERT INTO pending (event_id) VALUES ($1)").bind(event.id.as_uuid()))?;
        }
        Ok(())
    }

    async fn record_looks(&mut self, looks: Looks) -> Result<Event, StoreError> {
        let salted: Vec<_> = looks.records.iter().map(|record| Salted::new(record, self.salt())).collect();
        self.insert_looks(looks.batch, &salted).await?;
        let asked: Vec<_> = looks.external.iter().map(|record| (record, self.salt())).collect();
        let external = asked
            .iter()
            .map(|(record, salt)| AccessCommitment { id: record.id, commitment: record.commitment(salt) })
            .collect();
        self.insert_external_records(looks.batch, &asked).await?;
        Ok(batch_event(&looks, committed(&salted), external))
    }

    fn salt(&self) -> Salt {
        salt(&self.vault)
    }
}

fn salt(vault: &Vault) -> Salt {
    let mut bytes = [0; 32];
    vault.fill(&mut bytes);
    Salt::from_bytes(bytes)
}

fn committed(salted: &[Salted<'_>]) -> Vec<AccessCommitment> {
    salted.iter().map(|one| AccessCommitment { id: one.record.id, commitment: one.commitment() }).collect()
}

/// The event of a batch of looks; it concerns nobody.
fn batch_event(looks: &Looks, records: Vec<AccessCommitment>, external: Vec<AccessCommitment>) -> Event {
    Event {
        id: looks.event,
        kind: Kind::AccessBatch,
        aggregate: looks.batch.as_uuid(),
        revision: 1,
        at: looks.at,
        actor: tillid_domain::actor::ActorTrace::Service,
        subjects: Vec::new(),
        fact: Fact::AccessRecorded { records, external },
    }
}

/// An event with what is written of it.
pub(crate) struct Written {
    pub(crate) recorded: Recorded,
    pub(crate) bytes: Vec<u8>,
    pub(crate) salt: Salt,
    pub(crate) commitment: Digest,
}

impl Written {
    fn of(recorded: Recorded, salt: Salt) -> Self {
        let bytes = recorded.to_bytes();
        let commitment = Digest::commit(&salt, &bytes);
        Self { recorded, bytes, salt, commitment }
    }
}

/// Events as columns.
struct Columns<'a> {
    ids: Vec<Uuid>,
    kinds: Vec<&'static str>,
    aggregates: Vec<Uuid>,
    revisions: Vec<i64>,
    facts: Vec<&'static str>,
    times: Vec<i64>,
    commitments: Vec<&'a [u8]>,
    salts: Vec<&'a [u8]>,
    bytes: Vec<&'a [u8]>,
    subjects: Vec<Uuid>,
    versions: Vec<i64>,
    concerned_by: Vec<Uuid>,
}

impl<'a> Columns<'a> {
    fn of(written: &'a [Written]) -> Self {
        let events = || written.iter().map(|event| &event.recorded);
        let concerned = || events().flat_map(|event| event.subjects.iter().map(move |s| (event.id, s)));
        Self {
            ids: events().map(|event| event.id.as_uuid()).collect(),
            kinds: events().map(|event| event.aggregate_kind.code()).collect(),
            aggregates: events().map(|event| event.aggregate).collect(),
            revisions: events().map(|event| signed(event.revision)).collect(),
            facts: events().map(|event| event.fact.code()).collect(),
            times: events().map(|event| event.recorded_at.as_micros()).collect(),
            commitments: written.iter().map(|event| event.commitment.as_bytes().as_slice()).collect(),
            salts: written.iter().map(|event| event.salt.reveal().as_slice()).collect(),
            bytes: written.iter().map(|event| event.bytes.as_slice()).collect(),
            subjects: concerned().map(|(_, subject)| subject.person.as_uuid()).collect(),
            versions: concerned().map(|(_, subject)| signed(subject.version)).collect(),
            concerned_by: concerned().map(|(event, _)| event.as_uuid()).collect(),
        }
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
pub(crate) struct OpenedRow {
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

pub(crate) fn open(row: &OpenedRow) -> Option<Opened> {
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
