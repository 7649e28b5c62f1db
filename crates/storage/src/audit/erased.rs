//! One erased thing: its tombstone is what it was, and nothing else of it is anywhere.

use super::{Audit, Fault, Group};
use crate::{
    StoreError,
    engine::{Read, Tx, on},
    erasure::TraceRow,
};
use tillid_domain::event::{Fact, Kind, Recorded, Trace, tombstone};
use uuid::Uuid;

pub(super) fn is_erasure(event: &Recorded) -> bool {
    matches!(event.fact, Fact::Erased { .. })
}

impl Tx<Read> {
    /// What came before the erasure has no body, and stands as the erasure says; no row of the thing is left.
    pub(super) async fn audit_erased(
        &mut self,
        audit: &mut Audit,
        group: &Group,
        erasure: &Recorded,
    ) -> Result<(), StoreError> {
        let Fact::Erased { tombstone: expected, .. } = &erasure.fact else { return Ok(()) };
        let mut subjects = erasure.clone();
        for row in group.rows.iter().filter(|row| row.id == erasure.id.as_uuid()) {
            audit.compare_subjects(&row.subjects, &mut subjects);
        }
        let earlier = || group.rows.iter().filter(|row| row.id != erasure.id.as_uuid());
        for row in earlier().filter(|row| row.salt.is_some() || row.bytes.is_some()) {
            audit.find("event_body", row.id, Fault::Added, "its thing was erased, and it was not");
        }
        let traces: Result<Vec<Trace>, StoreError> = earlier()
            .map(|row| {
                TraceRow {
                    id: row.id,
                    revision: row.revision,
                    fact: row.fact.clone(),
                    recorded_at: row.recorded_at,
                    commitment: row.commitment.clone(),
                }
                .try_into()
            })
            .collect();
        if !traces.is_ok_and(|traces| tombstone(&traces) == *expected) {
            // Which of them was changed cannot be told without their bodies.
            for row in earlier() {
                audit.find("event", row.id, Fault::Changed, "the erasure left something else");
            }
            if earlier().next().is_none() {
                audit.find("event", erasure.id, Fault::Missing, "what was erased left an event");
            }
        }
        let Some(remains) = remains(erasure.aggregate_kind) else {
            audit.find("event", erasure.id, Fault::Added, "nothing of that kind is ever erased");
            return Ok(());
        };
        for (table, sql) in remains {
            self.audit_remains(audit, table, sql, group.aggregate).await?;
        }
        Ok(())
    }

    async fn audit_remains(
        &mut self,
        audit: &mut Audit,
        table: &'static str,
        sql: &'static str,
        thing: Uuid,
    ) -> Result<(), StoreError> {
        let left: i64 = on!(self, |conn| sqlx::query_scalar(sql)
            .bind(thing)
            .bind(thing.to_string())
            .fetch_one(conn)
            .await)?;
        if left > 0 {
            audit.find(table, thing, Fault::Added, "it was erased, and this is left of it");
        }
        Ok(())
    }
}

type Remains = &'static [(&'static str, &'static str)];

/// Where something of a thing of that kind could be left, and how much is; `None` for what is never erased. The second parameter
/// is the id as a text, and has to be used, so that both engines know its type.
const fn remains(kind: Kind) -> Option<Remains> {
    match kind {
        Kind::Person => Some(PERSON),
        Kind::Presentation => Some(PRESENTATION),
        Kind::ConsentRequest => Some(REQUEST),
        Kind::Consent => Some(CONSENT),
        Kind::Mandate => Some(MANDATE),
        Kind::MandateRequest => Some(MANDATE_REQUEST),
        Kind::Document => Some(DOCUMENT),
        Kind::Task => Some(TASK),
        Kind::Custody => Some(CUSTODY),
        Kind::StatutoryPower => Some(STATUTORY),
        Kind::CatalogueEntry
        | Kind::Client
        | Kind::ExternalEntity
        | Kind::ExternalPrivilege
        | Kind::ExternalGrant
        | Kind::AccessBatch => None,
    }
}

/// Notices of a thing, by the events that they came of.
const NOTICES: (&str, &str) = (
    "notice",
    "SELECT COUNT(*) FROM notice n JOIN event e ON e.id = n.event_id WHERE e.aggregate_id = $1 AND $2 <> ''",
);

macro_rules! left {
    ($table:literal, $column:literal) => {
        ($table, concat!("SELECT COUNT(*) FROM ", $table, " WHERE ", $column, " = $1 AND $2 <> ''"))
    };
}

const PERSON: Remains = &[
    left!("person", "id"),
    left!("person", "merged_into"),
    left!("person_number", "person_id"),
    left!("person_login", "person_id"),
    left!("event_subject", "person_id"),
    left!("consent_request", "person_id"),
    left!("consent", "person_id"),
    left!("presentation", "person_id"),
    ("presentation", "SELECT COUNT(*) FROM presentation WHERE presented LIKE '%' || $2 || '%' AND id <> $1"),
    left!("mandate", "grantor_id"),
    left!("mandate", "passed_on_by"),
    left!("mandate", "representative_id"),
    left!("mandate_request", "grantor_id"),
    left!("mandate_request", "representative_id"),
    left!("power", "grantor_id"),
    left!("power", "representative_id"),
    left!("custody", "child_id"),
    left!("custody_holder", "person_id"),
    left!("statutory_power", "person_id"),
    left!("statutory_holder", "person_id"),
    (
        "consent_request",
        "SELECT COUNT(*) FROM consent_request WHERE (voices LIKE '%' || $2 || '%' OR exceptions LIKE '%' || $2 || '%') AND id <> $1",
    ),
    ("mandate", "SELECT COUNT(*) FROM mandate WHERE for_child LIKE '%' || $2 || '%' AND id <> $1"),
    ("consent", "SELECT COUNT(*) FROM consent WHERE for_child LIKE '%' || $2 || '%' AND id <> $1"),
    left!("access_record", "person_id"),
    left!("document", "person_id"),
    left!("task", "person_id"),
    left!("notice", "person_id"),
    ("session", "SELECT COUNT(*) FROM session WHERE principal LIKE '%' || $2 || '%' AND id <> $1"),
    ("idempotency", "SELECT COUNT(*) FROM idempotency WHERE actor LIKE '%' || $2 || '%' OR resource_id = $1"),
];
const PRESENTATION: Remains = &[left!("presentation", "id"), left!("idempotency", "resource_id")];
const REQUEST: Remains = &[left!("consent_request", "id"), left!("idempotency", "resource_id"), NOTICES];
const CONSENT: Remains = &[left!("consent", "id"), left!("idempotency", "resource_id"), NOTICES];
const CUSTODY: Remains =
    &[left!("custody", "id"), left!("custody_holder", "custody_id"), left!("idempotency", "resource_id")];
const STATUTORY: Remains = &[
    left!("statutory_power", "id"),
    left!("statutory_holder", "statutory_id"),
    left!("idempotency", "resource_id"),
    NOTICES,
];
const MANDATE: Remains = &[
    left!("mandate", "id"),
    left!("mandate", "under_id"),
    left!("power", "source_id"),
    left!("idempotency", "resource_id"),
    NOTICES,
];
const DOCUMENT: Remains =
    &[left!("document", "id"), left!("document_key", "document_id"), left!("idempotency", "resource_id")];
const TASK: Remains = &[left!("task", "id"), left!("idempotency", "resource_id")];
const MANDATE_REQUEST: Remains =
    &[left!("mandate_request", "id"), left!("idempotency", "resource_id"), NOTICES];
