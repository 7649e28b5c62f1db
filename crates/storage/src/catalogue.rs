//! How the table of catalogue entries follows from their events, and the events themselves.

use crate::{
    StoreError,
    column::json,
    engine::{Tx, Write, on, run},
    journal::signed,
};
use tillid_domain::{
    Instant,
    catalogue::Definition,
    event::{Kind, Recorded},
    id::EntryId,
    text::Prose,
};

impl Tx<Write> {
    pub(crate) async fn insert_entry(
        &mut self,
        event: &Recorded,
        number: u32,
        definition: &Definition,
    ) -> Result<(), StoreError> {
        run!(self, sqlx::query(
            "INSERT INTO catalogue_entry (id, revision, shelf, code, number, authority, definition, drafted_by, edited_by, state) \
             VALUES ($1, 1, $2, $3, $4, $5, $6, $7, $7, 'draft')"
        )
        .bind(event.aggregate)
        .bind(definition.shelf().code())
        .bind(definition.code().as_str())
        .bind(i64::from(number))
        .bind(definition.authority().to_string())
        .bind(json(definition))
        .bind(json(&event.actor)))?;
        Ok(())
    }

    pub(crate) async fn change_entry(
        &mut self,
        event: &Recorded,
        definition: &Definition,
    ) -> Result<(), StoreError> {
        run!(
            self,
            sqlx::query(
                "UPDATE catalogue_entry SET revision = $2, definition = $3, edited_by = $4 WHERE id = $1"
            )
            .bind(event.aggregate)
            .bind(signed(event.revision))
            .bind(json(definition))
            .bind(json(&event.actor))
        )?;
        Ok(())
    }

    pub(crate) async fn return_entry(&mut self, event: &Recorded) -> Result<(), StoreError> {
        run!(
            self,
            sqlx::query("UPDATE catalogue_entry SET revision = $2, submitted_at = NULL WHERE id = $1")
                .bind(event.aggregate)
                .bind(signed(event.revision))
        )?;
        Ok(())
    }
}

impl Tx<Write> {
    /// What was in use goes out of use by it; when it went out of use before, and when it was first withdrawn, stays.
    pub(crate) async fn withdraw_entry(
        &mut self,
        event: &Recorded,
        from: Instant,
        why: &Prose,
    ) -> Result<(), StoreError> {
        run!(self, sqlx::query(
            "UPDATE catalogue_entry SET revision = $2, state = 'retired', retired_at = COALESCE(retired_at, $3), \
             withdrawn_at = COALESCE(withdrawn_at, $3), withdrawn_from = $4, withdrawn_why = $5 WHERE id = $1"
        )
        .bind(event.aggregate)
        .bind(signed(event.revision))
        .bind(event.recorded_at.as_micros())
        .bind(from.as_micros())
        .bind(why.as_str()))?;
        Ok(())
    }
}

impl<Mode> Tx<Mode> {
    /// Everything that has happened to a version, in its order.
    pub async fn entry_history(&mut self, id: EntryId) -> Result<Vec<Recorded>, StoreError> {
        const SQL: &str = "SELECT b.bytes FROM event e JOIN event_body b ON b.event_id = e.id \
             WHERE e.kind = $1 AND e.aggregate_id = $2 ORDER BY e.revision";
        let rows: Vec<Vec<u8>> = on!(self, |conn| sqlx::query_scalar(SQL)
            .bind(Kind::CatalogueEntry.code())
            .bind(id.as_uuid())
            .fetch_all(conn)
            .await)?;
        let corrupt = || StoreError::Corrupt { table: "event_body", id: Some(id.as_uuid()) };
        rows.iter().map(|bytes| Recorded::from_bytes(bytes).ok_or_else(corrupt)).collect()
    }
}
