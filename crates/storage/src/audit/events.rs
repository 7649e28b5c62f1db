//! One event: whether its commitment opens, and whom it concerns.

use super::{Audit, Fault, PAGE};
use crate::{
    StoreError,
    column::instant,
    engine::{Read, Tx, on},
    journal::{signed, unsigned},
};
use sqlx::FromRow;
use std::collections::BTreeMap;
use tillid_domain::{Digest, Salt, event::Recorded};
use uuid::Uuid;

#[derive(FromRow)]
pub(super) struct EventRow {
    pub id: Uuid,
    pub kind: String,
    pub aggregate_id: Uuid,
    pub revision: i64,
    pub fact: String,
    pub recorded_at: i64,
    pub commitment: Vec<u8>,
    pub salt: Option<Vec<u8>>,
    pub bytes: Option<Vec<u8>>,
    pub position: Option<i64>,
    pub entry_index: Option<i64>,
    #[sqlx(skip)]
    pub subjects: Vec<SubjectRow>,
}

/// Where an event stands in the order: first everything that is in the log, then what waits for it.
#[derive(Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Debug)]
pub(super) enum Place {
    Logged(i64),
    Waiting(i64),
}

impl Place {
    pub(super) fn of(entry_index: Option<i64>, position: Option<i64>) -> Option<Self> {
        entry_index.map(Self::Logged).or(position.map(Self::Waiting))
    }

    /// The table that says so.
    pub(super) const fn table(self) -> &'static str {
        match self {
            Self::Logged(_) => "log_entry",
            Self::Waiting(_) => "pending",
        }
    }
}

impl EventRow {
    pub(super) fn place(&self) -> Option<Place> {
        Place::of(self.entry_index, self.position)
    }
}

/// A person whom an event concerns.
pub(super) struct SubjectRow {
    person: Uuid,
    version: i64,
}

/// The key of an event in the order of the audit.
pub(super) type Key = (String, Uuid, i64);

impl EventRow {
    pub(super) fn key(&self) -> Key {
        (self.kind.clone(), self.aggregate_id, self.revision)
    }
}

impl Tx<Read> {
    /// A page of events after one, each with the persons that the rows beside it name.
    pub(super) async fn audit_page(&mut self, after: &Key) -> Result<Vec<EventRow>, StoreError> {
        const SQL: &str = "SELECT e.id, e.kind, e.aggregate_id, e.revision, e.fact, e.recorded_at, e.commitment, b.salt, b.bytes, \
             p.position, l.entry_index \
             FROM event e LEFT JOIN event_body b ON b.event_id = e.id LEFT JOIN pending p ON p.event_id = e.id \
             LEFT JOIN log_entry l ON l.event_id = e.id \
             WHERE (e.kind, e.aggregate_id, e.revision) > ($1, $2, $3) ORDER BY e.kind, e.aggregate_id, e.revision LIMIT $4";
        const SUBJECTS: &str = "SELECT s.event_id, s.person_id, s.version FROM event e JOIN event_subject s ON s.event_id = e.id \
             WHERE (e.kind, e.aggregate_id, e.revision) > ($1, $2, $3) AND (e.kind, e.aggregate_id, e.revision) <= ($4, $5, $6)";
        let mut page: Vec<EventRow> = on!(self, |conn| sqlx::query_as(SQL)
            .bind(after.0.as_str())
            .bind(after.1)
            .bind(after.2)
            .bind(PAGE)
            .fetch_all(conn)
            .await)?;
        let Some(last) = page.last().map(EventRow::key) else { return Ok(page) };
        let subjects: Vec<(Uuid, Uuid, i64)> = on!(self, |conn| sqlx::query_as(SUBJECTS)
            .bind(after.0.as_str())
            .bind(after.1)
            .bind(after.2)
            .bind(last.0.as_str())
            .bind(last.1)
            .bind(last.2)
            .fetch_all(conn)
            .await)?;
        let mut of: BTreeMap<Uuid, Vec<SubjectRow>> = BTreeMap::new();
        for (event, person, version) in subjects {
            of.entry(event).or_default().push(SubjectRow { person, version });
        }
        for row in &mut page {
            row.subjects = of.remove(&row.id).unwrap_or_default();
        }
        Ok(page)
    }
}

impl Audit {
    /// Compares the persons of an event with the rows beside it, and reads the versions that those give.
    pub(super) fn compare_subjects(&mut self, rows: &[SubjectRow], event: &mut Recorded) {
        let id = event.id;
        for subject in &mut event.subjects {
            match rows.iter().find(|r| r.person == subject.person.as_uuid()) {
                Some(row) => subject.version = unsigned(row.version),
                None => self.find(
                    "event_subject",
                    id,
                    Fault::Missing,
                    "the event concerns a person that no row names",
                ),
            }
        }
        let stranger = |r: &&SubjectRow| !event.subjects.iter().any(|s| s.person.as_uuid() == r.person);
        if rows.iter().any(|r| stranger(&r)) || rows.len() > event.subjects.len() {
            self.find("event_subject", id, Fault::Added, "the event does not concern that person");
        }
    }
}

/// Opens the commitment of one row; says which table is wrong, and how, if it does not open.
pub(super) fn opened(row: &EventRow) -> Result<Recorded, (&'static str, Fault, &'static str)> {
    let (Some(salt), Some(bytes)) = (&row.salt, &row.bytes) else {
        return Err(("event_body", Fault::Missing, "the event was not erased"));
    };
    let changed = |detail| Err(("event", Fault::Changed, detail));
    let salt: [u8; 32] = match salt.as_slice().try_into() {
        Ok(salt) => salt,
        Err(_) => return Err(("event_body", Fault::Changed, "its salt is not one")),
    };
    if Digest::commit(&Salt::from_bytes(salt), bytes).as_bytes().as_slice() != row.commitment {
        return changed("its commitment does not open to its body");
    }
    let Some(recorded) = Recorded::from_bytes(bytes) else {
        return Err(("event_body", Fault::Changed, "it is not a record in its canonical form"));
    };
    let same = recorded.id.as_uuid() == row.id
        && recorded.aggregate_kind.code() == row.kind
        && recorded.aggregate == row.aggregate_id
        && signed(recorded.revision) == row.revision
        && recorded.fact.code() == row.fact
        && recorded.recorded_at == instant(row.recorded_at);
    if same { Ok(recorded) } else { changed("it says something else than its body") }
}
