//! Rows that no event knows of.

use super::{Audit, Fault, PAGE};
use crate::{
    StoreError,
    engine::{Read, Tx, on},
    journal::signed,
};
use sqlx::FromRow;
use uuid::Uuid;

impl Tx<Read> {
    /// Rows that no event knows of.
    pub(super) async fn audit_strangers(&mut self, audit: &mut Audit) -> Result<(), StoreError> {
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
const STRANGERS: [(&str, &str); 28] = [
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
        "mandate_request",
        "id",
        "event e WHERE e.kind = 'mandate_request' AND e.aggregate_id = t.id AND e.revision = 1"
    ),
    stranger!(
        "custody",
        "id",
        "event e WHERE e.kind = 'custody' AND e.aggregate_id = t.id AND e.revision = 1"
    ),
    stranger!(
        "custody_holder",
        "custody_id",
        "event e WHERE e.kind = 'custody' AND e.aggregate_id = t.id AND e.revision = 1"
    ),
    stranger!(
        "statutory_power",
        "id",
        "event e WHERE e.kind = 'statutory_power' AND e.aggregate_id = t.id AND e.revision = 1"
    ),
    stranger!(
        "statutory_holder",
        "statutory_id",
        "event e WHERE e.kind = 'statutory_power' AND e.aggregate_id = t.id AND e.revision = 1"
    ),
    stranger!("client", "id", "event e WHERE e.kind = 'client' AND e.aggregate_id = t.id AND e.revision = 1"),
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
    stranger!(
        "external_entity",
        "id",
        "event e WHERE e.kind = 'external_entity' AND e.aggregate_id = t.id AND e.revision = 1"
    ),
    stranger!(
        "external_privilege",
        "id",
        "event e WHERE e.kind = 'external_privilege' AND e.aggregate_id = t.id AND e.revision = 1"
    ),
    stranger!(
        "external_grant",
        "id",
        "event e WHERE e.kind = 'external_grant' AND e.aggregate_id = t.id AND e.revision = 1"
    ),
    stranger!(
        "external_grant_privilege",
        "grant_id",
        "event e WHERE e.kind = 'external_grant' AND e.aggregate_id = t.id AND e.revision = 1"
    ),
    stranger!(
        "external_record",
        "batch_id",
        "event e WHERE e.kind = 'access_batch' AND e.aggregate_id = t.id AND e.revision = 1"
    ),
    stranger!(
        "document",
        "id",
        "event e WHERE e.kind = 'document' AND e.aggregate_id = t.id AND e.revision = 1"
    ),
    stranger!("task", "id", "event e WHERE e.kind = 'task' AND e.aggregate_id = t.id AND e.revision = 1"),
    stranger!("document_key", "document_id", "document d WHERE d.id = t.id"),
    stranger!("event_body", "event_id", "event e WHERE e.id = t.id"),
    stranger!("event_subject", "event_id", "event e WHERE e.id = t.id"),
    stranger!("pending", "event_id", "event e WHERE e.id = t.id"),
    stranger!("person_login", "person_id", "person p WHERE p.id = t.id"),
    stranger!("person_number", "person_id", "person p WHERE p.id = t.id"),
    stranger!("person_number_index", "number_id", "person_number n WHERE n.id = t.id"),
];
