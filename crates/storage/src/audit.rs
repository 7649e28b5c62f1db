//! Whether the tables are what the journal says, and the journal what it committed to. Shares nothing with the code that
//! writes but the domain; reads one snapshot in pages.

use crate::{
    StoreError,
    access::{AccessRow, access_columns},
    column::instant,
    engine::{Read, Tx, on},
    journal::{signed, unsigned},
    vault::SealedNumber,
};
use sqlx::FromRow;
use std::{collections::BTreeMap, fmt};
use tillid_domain::{
    Digest, Salt,
    catalogue::CatalogueEntry,
    consent::Consent,
    event::{AccessCommitment, Entity, Fact, Kind, Recorded, replay},
    id::{ConsentId, EntryId, MandateId, NumberId, PresentationId, RequestId},
    mandate::{Mandate, powers_of},
    person::Person,
    presentation::Presentation,
    request::ConsentRequest,
};
use uuid::Uuid;

/// What is wrong with a row.
#[derive(Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Debug)]
pub enum Fault {
    /// It says something else than the journal.
    Changed,
    /// The journal says that it should be there.
    Missing,
    /// The journal knows nothing of it.
    Added,
}

/// A row that is not as the journal says.
#[derive(Clone, PartialEq, Eq, PartialOrd, Ord, Debug)]
pub struct Finding {
    /// The table.
    pub table: &'static str,
    /// The row, or the thing that it belongs to.
    pub id: String,
    /// What is wrong.
    pub fault: Fault,
    /// What was compared.
    pub detail: &'static str,
}

impl fmt::Display for Finding {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let fault = match self.fault {
            Fault::Changed => "changed",
            Fault::Missing => "missing",
            Fault::Added => "added",
        };
        write!(f, "{fault}: {} {}: {}", self.table, self.id, self.detail)
    }
}

/// How much was looked at, and what was found.
#[derive(Clone, PartialEq, Eq, Debug, Default)]
pub struct Audit {
    /// Events whose commitments were opened.
    pub events: u64,
    /// Things whose state was replayed.
    pub aggregates: u64,
    /// Every row that is not as the journal says.
    pub findings: Vec<Finding>,
}

impl Audit {
    fn find(&mut self, table: &'static str, id: impl fmt::Display, fault: Fault, detail: &'static str) {
        self.findings.push(Finding { table, id: id.to_string(), fault, detail });
    }

    /// Two events whose places in the order are the wrong way round; which of the two was moved cannot be told.
    fn find_disorder(&mut self, earlier: Uuid, later: Uuid) {
        for event in [earlier, later] {
            self.find("pending", event, Fault::Changed, "an effect has its place before its cause");
        }
    }

    /// Compares what belongs to a person, and returns them as if that were right.
    fn compare_belongings(&mut self, found: Person, expected: &Person) -> Person {
        for number in found.numbers.difference(&expected.numbers) {
            self.find("person_number", number, Fault::Added, "no event gives the person that number");
        }
        for number in expected.numbers.difference(&found.numbers) {
            self.find("person_number", number, Fault::Missing, "an event gives the person that number");
        }
        for _ in found.logins.difference(&expected.logins) {
            self.find("person_login", found.id, Fault::Added, "no event gives the person that login");
        }
        for _ in expected.logins.difference(&found.logins) {
            self.find("person_login", found.id, Fault::Missing, "an event gives the person that login");
        }
        Person { numbers: expected.numbers.clone(), logins: expected.logins.clone(), ..found }
    }

    /// Compares what a table has with what the journal says.
    fn compare<T: PartialEq>(
        &mut self,
        table: &'static str,
        id: Uuid,
        found: Result<Option<T>, StoreError>,
        expected: &T,
    ) -> Result<(), StoreError> {
        match found {
            Ok(Some(found)) if found == *expected => {}
            Ok(Some(_)) => self.find(table, id, Fault::Changed, "the row differs from what its events say"),
            Ok(None) => self.find(table, id, Fault::Missing, "the journal has events of it"),
            Err(StoreError::Corrupt { .. }) => {
                self.find(table, id, Fault::Changed, "the row breaks a rule of the domain");
            }
            Err(other) => return Err(other),
        }
        Ok(())
    }
}

const PAGE: i64 = 500;

#[derive(FromRow)]
struct EventRow {
    id: Uuid,
    kind: String,
    aggregate_id: Uuid,
    revision: i64,
    fact: String,
    recorded_at: i64,
    commitment: Vec<u8>,
    salt: Option<Vec<u8>>,
    bytes: Option<Vec<u8>>,
    position: Option<i64>,
}

#[derive(FromRow)]
struct SubjectRow {
    person_id: Uuid,
    version: i64,
}

#[derive(FromRow)]
struct IndexRow {
    lookup: Vec<u8>,
    key_id: String,
}

/// The events of one thing, while they are being read.
#[derive(Default)]
struct Group {
    kind: String,
    aggregate: Uuid,
    rows: Vec<EventRow>,
}

impl Tx<Read> {
    /// Recomputes every fact from the journal and compares; `progress` is told the number of events after each page.
    pub async fn audit(&mut self, mut progress: impl FnMut(u64) + Send) -> Result<Audit, StoreError> {
        const SQL: &str = "SELECT e.id, e.kind, e.aggregate_id, e.revision, e.fact, e.recorded_at, e.commitment, b.salt, b.bytes, p.position \
             FROM event e LEFT JOIN event_body b ON b.event_id = e.id LEFT JOIN pending p ON p.event_id = e.id \
             WHERE (e.kind, e.aggregate_id, e.revision) > ($1, $2, $3) ORDER BY e.kind, e.aggregate_id, e.revision LIMIT $4";
        let mut audit = Audit::default();
        let mut group = Group::default();
        let mut after = (String::new(), Uuid::nil(), i64::MIN);
        loop {
            let page: Vec<EventRow> = on!(self, |conn| sqlx::query_as(SQL)
                .bind(after.0.as_str())
                .bind(after.1)
                .bind(after.2)
                .bind(PAGE)
                .fetch_all(conn)
                .await)?;
            let Some(last) = page.last() else { break };
            after = (last.kind.clone(), last.aggregate_id, last.revision);
            for row in page {
                audit.events += 1;
                if row.kind != group.kind || row.aggregate_id != group.aggregate {
                    let done = std::mem::take(&mut group);
                    self.audit_group(&mut audit, done).await?;
                    group = Group { kind: row.kind.clone(), aggregate: row.aggregate_id, rows: Vec::new() };
                }
                group.rows.push(row);
            }
            progress(audit.events);
        }
        self.audit_group(&mut audit, group).await?;
        self.audit_strangers(&mut audit).await?;
        Ok(audit)
    }

    async fn audit_group(&mut self, audit: &mut Audit, group: Group) -> Result<(), StoreError> {
        if group.rows.is_empty() {
            return Ok(());
        }
        audit.aggregates += 1;
        let mut history = Vec::with_capacity(group.rows.len());
        let mut last = None;
        for (row, expected) in group.rows.iter().zip(1_i64..) {
            if row.revision != expected {
                audit.find(
                    "event",
                    row.id,
                    Fault::Missing,
                    "an event before this one of the same thing is gone",
                );
            }
            if row.position.is_none() {
                audit.find("pending", row.id, Fault::Missing, "the event has no place in the order");
            }
            if let Some((before, place)) = last
                && row.position.is_some_and(|position| position <= place)
            {
                audit.find_disorder(before, row.id);
            }
            last = row.position.map(|position| (row.id, position)).or(last);
            match opened(row) {
                // Nothing is erased yet, so nobody has erased anything: who says so hides something.
                Ok(recorded) if matches!(recorded.fact, Fact::Erased { .. }) => {
                    audit.find("event", row.id, Fault::Added, "this version erases nothing");
                }
                Ok(mut recorded) => {
                    self.audit_subjects(audit, &mut recorded).await?;
                    history.push(recorded);
                }
                Err((table, fault, detail)) => audit.find(table, row.id, fault, detail),
            }
        }
        // A history that cannot be read in full says nothing reliable of the state; its bad events are named already.
        if history.len() != group.rows.len() {
            return Ok(());
        }
        self.audit_state(audit, group.aggregate, &history).await
    }

    /// Compares the persons of an event with the rows beside it, and reads the versions that those give.
    async fn audit_subjects(&mut self, audit: &mut Audit, event: &mut Recorded) -> Result<(), StoreError> {
        const SQL: &str = "SELECT person_id, version FROM event_subject WHERE event_id = $1";
        let id = event.id;
        let rows: Vec<SubjectRow> =
            on!(self, |conn| sqlx::query_as(SQL).bind(id.as_uuid()).fetch_all(conn).await)?;
        for subject in &mut event.subjects {
            match rows.iter().find(|r| r.person_id == subject.person.as_uuid()) {
                Some(row) => subject.version = unsigned(row.version),
                None => audit.find(
                    "event_subject",
                    id,
                    Fault::Missing,
                    "the event concerns a person that no row names",
                ),
            }
        }
        let stranger = |r: &&SubjectRow| !event.subjects.iter().any(|s| s.person.as_uuid() == r.person_id);
        if rows.iter().any(|r| stranger(&r)) || rows.len() > event.subjects.len() {
            audit.find("event_subject", id, Fault::Added, "the event does not concern that person");
        }
        Ok(())
    }

    async fn audit_state(
        &mut self,
        audit: &mut Audit,
        id: Uuid,
        history: &[Recorded],
    ) -> Result<(), StoreError> {
        let Some(kind) = history.first().map(|e| e.aggregate_kind) else { return Ok(()) };
        match kind {
            Kind::Person => {
                let Some(expected) = expect::<Person>(audit, id, history) else { return Ok(()) };
                let found = self.person(expected.id).await;
                let found = found.map(|p| p.map(|p| audit.compare_belongings(p, &expected)));
                audit.compare("person", id, found, &expected)?;
                self.audit_numbers(audit, id).await?;
                self.audit_version(audit, id).await
            }
            Kind::CatalogueEntry => {
                let Some(expected) = expect::<CatalogueEntry>(audit, id, history) else { return Ok(()) };
                let found = self.entry(EntryId::from_uuid(id)).await;
                audit.compare("catalogue_entry", id, found, &expected)
            }
            Kind::Presentation => {
                let Some(expected) = expect::<Presentation>(audit, id, history) else { return Ok(()) };
                let found = self.presentation(PresentationId::from_uuid(id)).await.map(|p| p.map(|(p, _)| p));
                audit.compare("presentation", id, found, &expected)
            }
            Kind::ConsentRequest => {
                let Some(expected) = expect::<ConsentRequest>(audit, id, history) else { return Ok(()) };
                let found = self.request(RequestId::from_uuid(id)).await;
                audit.compare("consent_request", id, found, &expected)
            }
            Kind::Consent => {
                let Some(expected) = expect::<Consent>(audit, id, history) else { return Ok(()) };
                let found = self.consent(ConsentId::from_uuid(id)).await;
                audit.compare("consent", id, found, &expected)
            }
            Kind::Mandate => {
                let Some(expected) = expect::<Mandate>(audit, id, history) else { return Ok(()) };
                let found = self.mandate(MandateId::from_uuid(id)).await;
                audit.compare("mandate", id, found, &expected)?;
                self.audit_powers(audit, id, history).await
            }
            Kind::AccessBatch => self.audit_batch(audit, id, history).await,
        }
    }

    async fn audit_powers(
        &mut self,
        audit: &mut Audit,
        mandate: Uuid,
        history: &[Recorded],
    ) -> Result<(), StoreError> {
        let expected = powers_of(history);
        let found = match self.powers_of(mandate).await {
            Ok(found) => found,
            Err(StoreError::Corrupt { .. }) => {
                audit.find(
                    "power",
                    mandate,
                    Fault::Changed,
                    "a power of this mandate breaks a rule of the domain",
                );
                return Ok(());
            }
            Err(other) => return Err(other),
        };
        let missing = expected.iter().filter(|p| !found.contains(p)).count();
        let added = found.iter().filter(|p| !expected.contains(p)).count();
        match (missing, added) {
            (0, 0) => {}
            (0, _) => audit.find("power", mandate, Fault::Added, "no event of this mandate gives that power"),
            (_, 0) => {
                audit.find(
                    "power",
                    mandate,
                    Fault::Missing,
                    "a power that follows from this mandate is gone",
                );
            }
            _ => audit.find(
                "power",
                mandate,
                Fault::Changed,
                "a power of this mandate differs from what its events say",
            ),
        }
        Ok(())
    }

    /// The counter of what is known of a person has no gap and no surplus.
    async fn audit_version(&mut self, audit: &mut Audit, person: Uuid) -> Result<(), StoreError> {
        let version: Option<i64> =
            on!(self, |conn| sqlx::query_scalar("SELECT version FROM person WHERE id = $1")
                .bind(person)
                .fetch_optional(conn)
                .await)?;
        // Distinct by their key, they are the numbers from 1 without a gap when the first, the last and the count are.
        const COUNT: &str = "SELECT COALESCE(MIN(version), 1), COALESCE(MAX(version), 0), COUNT(*) FROM event_subject WHERE person_id = $1";
        let (first, last, events): (i64, i64, i64) =
            on!(self, |conn| sqlx::query_as(COUNT).bind(person).fetch_one(conn).await)?;
        if first != 1 || last != events {
            audit.find(
                "event_subject",
                person,
                Fault::Missing,
                "an event that concerned this person is gone",
            );
        }
        if version.is_some_and(|v| v != last) {
            audit.find("person", person, Fault::Changed, "its version is not the number of its events");
        }
        const DISORDER: &str = "SELECT a.event_id AS earlier, b.event_id AS later FROM event_subject a \
             JOIN event_subject b ON b.person_id = a.person_id AND b.version = a.version + 1 \
             JOIN pending p ON p.event_id = a.event_id JOIN pending q ON q.event_id = b.event_id \
             WHERE a.person_id = $1 AND q.position <= p.position";
        let pairs: Vec<(Uuid, Uuid)> =
            on!(self, |conn| sqlx::query_as(DISORDER).bind(person).fetch_all(conn).await)?;
        for (earlier, later) in pairs {
            audit.find_disorder(earlier, later);
        }
        Ok(())
    }

    async fn audit_numbers(&mut self, audit: &mut Audit, person: Uuid) -> Result<(), StoreError> {
        for row in self.numbers_of(person).await? {
            let Ok(number) = self.vault.open(NumberId::from_uuid(row.id), &SealedNumber::from(&row)) else {
                audit.find(
                    "person_number",
                    row.id,
                    Fault::Changed,
                    "it does not open with the configured keys",
                );
                continue;
            };
            let lookups = self.vault.lookups(&number);
            const SQL: &str = "SELECT lookup, key_id FROM person_number_index WHERE number_id = $1";
            let found: Vec<IndexRow> =
                on!(self, |conn| sqlx::query_as(SQL).bind(row.id).fetch_all(conn).await)?;
            let hash_of =
                |key: &str| lookups.iter().find(|l| l.key_id == key).map(|l| l.hash.as_bytes().as_slice());
            let right = |r: &IndexRow| hash_of(&r.key_id) == Some(r.lookup.as_slice());
            // A hash under a key that is no longer live cannot be checked and leads nowhere; it goes with the next rekeying.
            let stale = |r: &IndexRow| {
                hash_of(&r.key_id).is_none()
                    && !lookups.iter().any(|l| l.hash.as_bytes().as_slice() == r.lookup)
            };
            for wrong in found.iter().filter(|r| !right(r) && !stale(r)) {
                let surplus = found.iter().any(|r| right(r) && r.key_id == wrong.key_id);
                let fault = if surplus { Fault::Added } else { Fault::Changed };
                audit.find("person_number_index", row.id, fault, "it leads to another number");
            }
            if !found.iter().any(|r| right(r) && r.key_id == row.key_id) {
                audit.find("person_number_index", row.id, Fault::Missing, "the number cannot be found");
            }
        }
        Ok(())
    }

    async fn audit_batch(
        &mut self,
        audit: &mut Audit,
        batch: Uuid,
        history: &[Recorded],
    ) -> Result<(), StoreError> {
        let Some(Fact::AccessRecorded { records }) = history.first().map(|e| &e.fact) else { return Ok(()) };
        const SQL: &str = access_columns!("WHERE batch_id = $1");
        let rows: Vec<AccessRow> = on!(self, |conn| sqlx::query_as(SQL).bind(batch).fetch_all(conn).await)?;
        let mut found: BTreeMap<Uuid, AccessRow> = rows.into_iter().map(|row| (row.id, row)).collect();
        for AccessCommitment { id, commitment } in records {
            match found.remove(&id.as_uuid()).map(AccessRow::read) {
                Some(Ok((record, salt))) if record.commitment(&salt) == *commitment => {}
                Some(_) => audit.find(
                    "access_record",
                    id,
                    Fault::Changed,
                    "the row differs from what was committed to",
                ),
                None => audit.find("access_record", id, Fault::Missing, "the journal commits to it"),
            }
        }
        for row in found.keys() {
            audit.find("access_record", row, Fault::Added, "the journal does not commit to it");
        }
        Ok(())
    }

    /// Rows that no event knows of.
    async fn audit_strangers(&mut self, audit: &mut Audit) -> Result<(), StoreError> {
        for (table, sql) in STRANGERS {
            // The first page includes the least id there can be.
            let (mut least, mut from) = (Uuid::nil(), 0_i64);
            loop {
                let page: Vec<StrangerRow> = on!(self, |conn| sqlx::query_as(sql)
                    .bind(least)
                    .bind(PAGE)
                    .bind(from)
                    .fetch_all(conn)
                    .await)?;
                let Some(last) = page.last() else { break };
                (least, from) = (last.id, 1);
                for row in page.iter().filter(|row| row.known == signed(0)) {
                    audit.find(table, row.id, Fault::Added, "the journal has no event of it");
                }
            }
        }
        Ok(())
    }
}

#[derive(FromRow)]
struct StrangerRow {
    id: Uuid,
    known: i64,
}

macro_rules! stranger {
    ($table:literal, $id:literal, $known:literal) => {
        (
            $table,
            concat!(
                "SELECT t.id, (SELECT COUNT(*) FROM ",
                $known,
                ") AS known FROM (SELECT DISTINCT ",
                $id,
                " AS id FROM ",
                $table,
                " WHERE (",
                $id,
                " > $1 OR ($3 = 0 AND ",
                $id,
                " = $1)) ORDER BY ",
                $id,
                " LIMIT $2) t ORDER BY t.id"
            ),
        )
    };
}

/// For each table: its keys, and how many rows of the journal (or of the table it belongs to) know each.
const STRANGERS: [(&str, &str); 14] = [
    stranger!("person", "id", "event e WHERE e.kind = 'person' AND e.aggregate_id = t.id AND e.revision = 1"),
    stranger!(
        "catalogue_entry",
        "id",
        "event e WHERE e.kind = 'catalogue_entry' AND e.aggregate_id = t.id AND e.revision = 1"
    ),
    stranger!(
        "presentation",
        "id",
        "event e WHERE e.kind = 'presentation' AND e.aggregate_id = t.id AND e.revision = 1"
    ),
    stranger!(
        "consent_request",
        "id",
        "event e WHERE e.kind = 'consent_request' AND e.aggregate_id = t.id AND e.revision = 1"
    ),
    stranger!(
        "consent",
        "id",
        "event e WHERE e.kind = 'consent' AND e.aggregate_id = t.id AND e.revision = 1"
    ),
    stranger!(
        "mandate",
        "id",
        "event e WHERE e.kind = 'mandate' AND e.aggregate_id = t.id AND e.revision = 1"
    ),
    stranger!(
        "power",
        "source_id",
        "event e WHERE e.kind = 'mandate' AND e.aggregate_id = t.id AND e.revision = 1"
    ),
    stranger!(
        "access_record",
        "batch_id",
        "event e WHERE e.kind = 'access_batch' AND e.aggregate_id = t.id AND e.revision = 1"
    ),
    stranger!("event_body", "event_id", "event e WHERE e.id = t.id"),
    stranger!("event_subject", "event_id", "event e WHERE e.id = t.id"),
    stranger!("pending", "event_id", "event e WHERE e.id = t.id"),
    stranger!("person_login", "person_id", "person p WHERE p.id = t.id"),
    stranger!("person_number", "person_id", "person p WHERE p.id = t.id"),
    stranger!("person_number_index", "number_id", "person_number n WHERE n.id = t.id"),
];

fn expect<E: Entity>(audit: &mut Audit, id: Uuid, history: &[Recorded]) -> Option<E> {
    let state = replay::<E>(history);
    if state.is_none() {
        audit.find("event", id, Fault::Changed, "its events cannot follow one another");
    }
    state
}

/// Opens the commitment of one row; says which table is wrong, and how, if it does not open.
fn opened(row: &EventRow) -> Result<Recorded, (&'static str, Fault, &'static str)> {
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
