//! Histories, read back with what opens them: of one thing, and of everything that concerns a person.

use crate::{
    StoreError,
    engine::{Tx, on},
    journal::{Opened, OpenedRow, open, signed, unsigned},
};
use sqlx::FromRow;
use tillid_domain::{
    event::Kind,
    id::{EventId, MandateId, PersonId},
    text::PrivilegeUri,
};
use uuid::Uuid;

#[derive(FromRow)]
struct ConcerningRow {
    version: i64,
    #[sqlx(flatten)]
    opened: OpenedRow,
}

fn read(row: &OpenedRow) -> Result<Opened, StoreError> {
    open(row).ok_or(StoreError::Corrupt { table: "event_body", id: None })
}

impl<Mode> Tx<Mode> {
    /// The events of one thing up to a revision, in their order; none when it has been erased.
    pub async fn history(
        &mut self,
        kind: Kind,
        aggregate: Uuid,
        up_to: u64,
    ) -> Result<Vec<Opened>, StoreError> {
        const SQL: &str = "SELECT e.commitment, b.salt, b.bytes FROM event e JOIN event_body b ON b.event_id = e.id \
             WHERE e.kind = $1 AND e.aggregate_id = $2 AND e.revision <= $3 ORDER BY e.revision";
        let rows: Vec<OpenedRow> = on!(self, |conn| sqlx::query_as(SQL)
            .bind(kind.code())
            .bind(aggregate)
            .bind(signed(up_to))
            .fetch_all(conn)
            .await)?;
        rows.iter().map(read).collect()
    }

    /// The events that concern a person after so many of them, in their order, each with its number.
    pub async fn concerning(
        &mut self,
        person: PersonId,
        after: u64,
        limit: u32,
    ) -> Result<Vec<(u64, Opened)>, StoreError> {
        const SQL: &str = "SELECT s.version, e.commitment, b.salt, b.bytes FROM event_subject s JOIN event e ON e.id = s.event_id \
             JOIN event_body b ON b.event_id = e.id WHERE s.person_id = $1 AND s.version > $2 ORDER BY s.version LIMIT $3";
        let rows: Vec<ConcerningRow> = on!(self, |conn| sqlx::query_as(SQL)
            .bind(person.as_uuid())
            .bind(signed(after))
            .bind(i64::from(limit))
            .fetch_all(conn)
            .await)?;
        rows.iter().map(|row| Ok((unsigned(row.version), read(&row.opened)?))).collect()
    }

    /// The mandate that gave a representative a privilege when something happened that concerns the grantor, as far as was known
    /// by then, whether it was given here or on paper; the first one, where several did.
    pub async fn mandate_behind(
        &mut self,
        event: EventId,
        grantor: PersonId,
        representative: PersonId,
        privilege: &PrivilegeUri,
    ) -> Result<Option<MandateId>, StoreError> {
        const SQL: &str = "SELECT p.source_id FROM power p JOIN event_subject s ON s.person_id = p.grantor_id \
             JOIN event e ON e.id = s.event_id WHERE e.id = $1 AND p.grantor_id = $2 AND p.representative_id = $3 \
             AND p.privilege = $4 AND p.case_ref IS NULL AND p.valid_from <= e.recorded_at \
             AND p.valid_to > e.recorded_at AND p.known_from <= s.version AND (p.known_to IS NULL OR p.known_to > s.version) \
             ORDER BY p.source_id LIMIT 1";
        let id: Option<Uuid> = on!(self, |conn| sqlx::query_scalar(SQL)
            .bind(event.as_uuid())
            .bind(grantor.as_uuid())
            .bind(representative.as_uuid())
            .bind(privilege.as_str())
            .fetch_optional(conn)
            .await)?;
        Ok(id.map(MandateId::from_uuid))
    }
}
