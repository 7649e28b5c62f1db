//! Erasure: what goes from the tables, and what is read to decide about it.

use crate::{
    StoreError,
    column::{RowRef, instant},
    engine::{Engine, Pools, Sql, Store, Tx, Write, on, run},
};
use sqlx::FromRow;
use std::collections::BTreeSet;
use tillid_domain::{
    Digest, Instant, Language,
    actor::ActorTrace,
    event::{Fact, Kind, Recorded, Trace},
    id::{AccessId, BatchId, EventId, PersonId, PresentationId},
    presentation::Presentation,
};
use uuid::Uuid;

/// A look at a person or by them, as far as erasure must know it.
#[derive(Clone, PartialEq, Eq, Debug)]
pub struct LookTrace {
    /// The record.
    pub id: AccessId,
    /// Its batch.
    pub batch: BatchId,
    /// In whose log it stands.
    pub person: PersonId,
    /// When, in business time.
    pub at: Instant,
    /// Who looked.
    pub actor: ActorTrace,
    /// The code of what was done.
    pub act: String,
}

#[derive(FromRow)]
pub(crate) struct TraceRow {
    pub(crate) id: Uuid,
    pub(crate) revision: i64,
    pub(crate) fact: String,
    pub(crate) recorded_at: i64,
    pub(crate) commitment: Vec<u8>,
}

impl TryFrom<TraceRow> for Trace {
    type Error = StoreError;

    fn try_from(row: TraceRow) -> Result<Self, StoreError> {
        let at = RowRef { table: "event", id: row.id };
        Ok(Self {
            id: EventId::from_uuid(row.id),
            revision: at.number(row.revision)?,
            commitment: Digest::try_from(row.commitment.as_slice()).map_err(|_| at.corrupt())?,
            fact: row.fact,
            recorded_at: instant(row.recorded_at),
        })
    }
}

#[derive(FromRow)]
struct LookRow {
    id: Uuid,
    batch_id: Uuid,
    person_id: Uuid,
    at: i64,
    actor: String,
    act: String,
}

#[derive(FromRow)]
struct ShownRow {
    id: Uuid,
    person_id: Uuid,
    language: String,
    presented: String,
    document_hash: Vec<u8>,
    shown_at: i64,
    means: Option<String>,
}

impl Store {
    /// Empties the file that SQLite writes ahead, so that what was deleted is in no file of the database. Where somebody reads from
    /// it, it is left for the next time. On PostgreSQL that is the server's own work, and takes longer: see docs/privacy.md.
    pub async fn scrub(&self) -> Result<(), StoreError> {
        let Pools::Sqlite { write, disk, .. } = &self.pools else { return Ok(()) };
        let turn = disk.turn().await?;
        let mut connection = write.acquire().await?;
        // Nobody who wants to write waits for readers because of this.
        sqlx::query("PRAGMA busy_timeout = 50").execute(&mut *connection).await?;
        let emptied = sqlx::query("PRAGMA wal_checkpoint(TRUNCATE)").execute(&mut *connection).await;
        sqlx::query("PRAGMA busy_timeout = 5000").execute(&mut *connection).await?;
        turn.noted(emptied)?;
        Ok(())
    }
}

impl<Mode> Tx<Mode> {
    /// What the journal says of each event of one thing, without their bodies; empty when there is no such thing.
    pub async fn traces(&mut self, kind: Kind, aggregate: Uuid) -> Result<Vec<Trace>, StoreError> {
        const SQL: &str = "SELECT id, revision, fact, recorded_at, commitment FROM event WHERE kind = $1 AND aggregate_id = $2 \
             ORDER BY revision";
        let rows: Vec<TraceRow> =
            on!(self, |conn| sqlx::query_as(SQL).bind(kind.code()).bind(aggregate).fetch_all(conn).await)?;
        rows.into_iter().map(TryInto::try_into).collect()
    }

    /// Everything that was shown to a person, and what was shown to others about a mandate to them.
    pub async fn presentations_about(&mut self, person: PersonId) -> Result<Vec<Presentation>, StoreError> {
        // An id stands nowhere by chance: as the representative, or as one of several.
        const SQL: &str = "SELECT id, person_id, language, presented, document_hash, shown_at, means FROM presentation \
             WHERE person_id = $1 OR presented LIKE '%' || $2 || '%' ORDER BY id";
        let rows: Vec<ShownRow> = on!(self, |conn| sqlx::query_as(SQL)
            .bind(person.as_uuid())
            .bind(person.to_string())
            .fetch_all(conn)
            .await)?;
        rows.into_iter()
            .map(|row| {
                let at = RowRef { table: "presentation", id: row.id };
                Ok(Presentation {
                    id: PresentationId::from_uuid(row.id),
                    person: PersonId::from_uuid(row.person_id),
                    language: at.code::<Language>(&row.language)?,
                    presented: at.json(&row.presented)?,
                    document: Digest::try_from(row.document_hash.as_slice()).map_err(|_| at.corrupt())?,
                    means: at.code_opt(row.means.as_deref())?.unwrap_or_default(),
                    shown_at: instant(row.shown_at),
                })
            })
            .collect()
    }

    /// The looks in a person's log, and those of theirs in the logs of others.
    pub async fn looks_about(&mut self, person: PersonId) -> Result<Vec<LookTrace>, StoreError> {
        const SQL: Sql = Sql {
            sqlite: "SELECT id, batch_id, person_id, at, actor, act FROM access_record \
                 WHERE person_id = $1 OR json_extract(actor, '$.person') = $2 ORDER BY id",
            postgres: "SELECT id, batch_id, person_id, at, actor, act FROM access_record \
                 WHERE person_id = $1 OR (actor::JSON ->> 'person') = $2 ORDER BY id",
        };
        let sql = self.sql(&SQL);
        let rows: Vec<LookRow> = on!(self, |conn| sqlx::query_as(sql)
            .bind(person.as_uuid())
            .bind(person.to_string())
            .fetch_all(conn)
            .await)?;
        rows.into_iter()
            .map(|row| {
                let at = RowRef { table: "access_record", id: row.id };
                Ok(LookTrace {
                    id: AccessId::from_uuid(row.id),
                    batch: BatchId::from_uuid(row.batch_id),
                    person: PersonId::from_uuid(row.person_id),
                    at: instant(row.at),
                    actor: at.json(&row.actor)?,
                    act: row.act,
                })
            })
            .collect()
    }

    /// Whether an event that concerns one of the others tells that this person did it on their behalf.
    pub async fn acted_for(
        &mut self,
        person: PersonId,
        others: &BTreeSet<PersonId>,
    ) -> Result<bool, StoreError> {
        const SQL: &str = "SELECT b.bytes FROM event_subject s JOIN event_body b ON b.event_id = s.event_id WHERE s.person_id = $1";
        for other in others {
            let bodies: Vec<Vec<u8>> =
                on!(self, |conn| sqlx::query_scalar(SQL).bind(other.as_uuid()).fetch_all(conn).await)?;
            let theirs = |event: Recorded| matches!(event.actor, ActorTrace::Representative { person: who, .. } if who == person);
            if bodies.iter().filter_map(|bytes| Recorded::from_bytes(bytes)).any(theirs) {
                return Ok(true);
            }
        }
        Ok(false)
    }

    /// The events that one erasure was made of, by one of them; empty when it is none of an erasure.
    pub async fn erasure_with(&mut self, event: EventId) -> Result<Vec<Recorded>, StoreError> {
        const SQL: &str = "SELECT b.bytes FROM event e JOIN event_body b ON b.event_id = e.id \
             WHERE e.fact IN ('erased', 'access_erased') AND e.recorded_at = (SELECT recorded_at FROM event WHERE id = $1)";
        let bodies: Vec<Vec<u8>> =
            on!(self, |conn| sqlx::query_scalar(SQL).bind(event.as_uuid()).fetch_all(conn).await)?;
        let events: Vec<Recorded> = bodies.iter().filter_map(|bytes| Recorded::from_bytes(bytes)).collect();
        let Some(actor) = events.iter().find(|e| e.id == event).map(|e| e.actor.clone()) else {
            return Ok(Vec::new());
        };
        Ok(events.into_iter().filter(|e| e.actor == actor).collect())
    }
}

impl Tx<Write> {
    /// Locks a person who may be about to go, under each id of theirs, and others, in the order of their ids. Nothing that refers to the
    /// person is written meanwhile either: the record of a look at them waits, and then finds nobody.
    pub async fn lock_out(&mut self, own: &[PersonId], others: &[PersonId]) -> Result<(), StoreError> {
        let everyone: BTreeSet<PersonId> = others.iter().chain(own).copied().collect();
        for one in everyone {
            if own.contains(&one) && matches!(self.engine, Engine::Postgres(_)) {
                run!(self, sqlx::query("SELECT 1 FROM person WHERE id = $1 FOR UPDATE").bind(one.as_uuid()))?;
            }
            self.lock(&[one]).await?;
        }
        Ok(())
    }

    /// What follows from an erasure: the rows of the thing go, and the bodies and salts of all its events but this.
    pub(crate) async fn erase(&mut self, event: &Recorded) -> Result<(), StoreError> {
        let id = event.aggregate;
        match event.aggregate_kind {
            Kind::Consent => {
                self.must_hold("SELECT person_id FROM consent WHERE id = $1", id).await?;
                run!(self, sqlx::query("DELETE FROM consent WHERE id = $1").bind(id))?;
            }
            Kind::ConsentRequest => {
                self.must_hold("SELECT person_id FROM consent_request WHERE id = $1", id).await?;
                run!(self, sqlx::query("DELETE FROM consent_request WHERE id = $1").bind(id))?;
            }
            Kind::Presentation => {
                self.must_hold("SELECT person_id FROM presentation WHERE id = $1", id).await?;
                run!(self, sqlx::query("DELETE FROM presentation WHERE id = $1").bind(id))?;
            }
            Kind::Mandate => {
                const PARTIES: &str = "SELECT grantor_id FROM mandate WHERE id = $1 \
                     UNION SELECT representative_id FROM mandate WHERE id = $1 \
                     UNION SELECT passed_on_by FROM mandate WHERE id = $1 AND passed_on_by IS NOT NULL";
                self.must_hold(PARTIES, id).await?;
                run!(self, sqlx::query("DELETE FROM power WHERE source_id = $1").bind(id))?;
                run!(self, sqlx::query("DELETE FROM mandate WHERE id = $1").bind(id))?;
            }
            Kind::MandateRequest => {
                const PARTIES: &str = "SELECT grantor_id FROM mandate_request WHERE id = $1 \
                     UNION SELECT representative_id FROM mandate_request WHERE id = $1";
                self.must_hold(PARTIES, id).await?;
                run!(self, sqlx::query("DELETE FROM mandate_request WHERE id = $1").bind(id))?;
            }
            Kind::Document => {
                self.must_hold("SELECT person_id FROM document WHERE id = $1", id).await?;
                run!(self, sqlx::query("DELETE FROM document_key WHERE document_id = $1").bind(id))?;
                run!(self, sqlx::query("DELETE FROM document WHERE id = $1").bind(id))?;
            }
            Kind::Task => {
                self.must_hold("SELECT person_id FROM task WHERE id = $1", id).await?;
                run!(self, sqlx::query("DELETE FROM task WHERE id = $1").bind(id))?;
            }
            Kind::Custody => {
                const PARTIES: &str = "SELECT child_id FROM custody WHERE id = $1 \
                     UNION SELECT person_id FROM custody_holder WHERE custody_id = $1";
                self.must_hold(PARTIES, id).await?;
                run!(self, sqlx::query("DELETE FROM custody_holder WHERE custody_id = $1").bind(id))?;
                run!(self, sqlx::query("DELETE FROM custody WHERE id = $1").bind(id))?;
            }
            Kind::StatutoryPower => {
                const PARTIES: &str = "SELECT person_id FROM statutory_power WHERE id = $1 \
                     UNION SELECT person_id FROM statutory_holder WHERE statutory_id = $1";
                self.must_hold(PARTIES, id).await?;
                run!(self, sqlx::query("DELETE FROM statutory_holder WHERE statutory_id = $1").bind(id))?;
                run!(self, sqlx::query("DELETE FROM statutory_power WHERE id = $1").bind(id))?;
            }
            Kind::Person => self.erase_person(id).await?,
            Kind::CatalogueEntry
            | Kind::Client
            | Kind::ExternalEntity
            | Kind::ExternalPrivilege
            | Kind::ExternalGrant
            | Kind::AccessBatch => {
                return Err(StoreError::Corrupt { table: "event", id: Some(id) });
            }
        }
        run!(self, sqlx::query("DELETE FROM idempotency WHERE resource_id = $1").bind(id))?;
        run!(self, sqlx::query(
            "DELETE FROM event_body WHERE event_id IN (SELECT id FROM event WHERE kind = $1 AND aggregate_id = $2 AND id <> $3)"
        )
        .bind(event.aggregate_kind.code())
        .bind(id)
        .bind(event.id.as_uuid()))?;
        Ok(())
    }

    /// Refuses unless there is somebody that the thing concerns, and all of them are locked.
    async fn must_hold(&mut self, persons: &'static str, thing: Uuid) -> Result<(), StoreError> {
        let persons: Vec<Uuid> =
            on!(self, |conn| sqlx::query_scalar(persons).bind(thing).fetch_all(conn).await)?;
        let persons: Vec<PersonId> = persons.into_iter().map(PersonId::from_uuid).collect();
        match persons.as_slice() {
            [] => Err(StoreError::Corrupt { table: "event", id: Some(thing) }),
            persons if self.holds(persons) => Ok(()),
            _ => Err(StoreError::NotLocked),
        }
    }

    async fn erase_person(&mut self, id: Uuid) -> Result<(), StoreError> {
        self.must_hold("SELECT id FROM person WHERE id = $1", id).await?;
        run!(self, sqlx::query(
            "DELETE FROM session WHERE principal LIKE '%' || $2 || '%' OR EXISTS (SELECT 1 FROM person_login l \
             WHERE l.person_id = $1 AND l.issuer = session.issuer AND l.login = session.login)"
        )
        .bind(id)
        .bind(id.to_string()))?;
        run!(
            self,
            sqlx::query("DELETE FROM idempotency WHERE actor LIKE '%' || $1 || '%'").bind(id.to_string())
        )?;
        run!(self, sqlx::query(
            "DELETE FROM person_number_index WHERE number_id IN (SELECT id FROM person_number WHERE person_id = $1)"
        )
        .bind(id))?;
        run!(self, sqlx::query("DELETE FROM person_number WHERE person_id = $1").bind(id))?;
        run!(self, sqlx::query("DELETE FROM person_login WHERE person_id = $1").bind(id))?;
        // What is about a thing of theirs went with that thing.
        run!(self, sqlx::query("DELETE FROM notice WHERE person_id = $1").bind(id))?;
        run!(self, sqlx::query("DELETE FROM event_subject WHERE person_id = $1").bind(id))?;
        run!(self, sqlx::query("DELETE FROM person WHERE id = $1").bind(id))?;
        self.locked.retain(|person| person.as_uuid() != id);
        Ok(())
    }

    /// What follows from the erasure of records of looks: each of them goes, and must have been there.
    pub(crate) async fn erase_looks(&mut self, event: &Recorded) -> Result<(), StoreError> {
        let Fact::AccessErased { records } = &event.fact else { return Ok(()) };
        for record in records {
            let gone = run!(
                self,
                sqlx::query("DELETE FROM access_record WHERE id = $1 AND batch_id = $2")
                    .bind(record.as_uuid())
                    .bind(event.aggregate)
            )?;
            if gone != 1 {
                return Err(StoreError::Corrupt { table: "access_record", id: Some(record.as_uuid()) });
            }
        }
        Ok(())
    }
}
