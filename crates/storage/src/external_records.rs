//! The records of what was asked about external things.

use crate::{
    StoreError,
    column::{RowRef, instant, json},
    engine::{Engine, Sql, Tx, Write, on},
};
use sqlx::FromRow;
use tillid_domain::{
    Cvr, Digest, Salt,
    external::ExternalRecord,
    id::{AccessId, BatchId},
};
use uuid::Uuid;

#[derive(FromRow)]
pub(crate) struct ExternalRow {
    pub(crate) id: Uuid,
    authority: String,
    at: i64,
    actor: String,
    asked: String,
    answered: String,
    salt: Vec<u8>,
}

impl ExternalRow {
    pub(crate) fn read(self) -> Result<(ExternalRecord, Salt), StoreError> {
        let at = RowRef { table: "external_record", id: self.id };
        let record = ExternalRecord {
            id: AccessId::from_uuid(self.id),
            at: instant(self.at),
            authority: at.text(&self.authority)?,
            actor: at.json(&self.actor)?,
            asked: at.json(&self.asked)?,
            answered: at.json(&self.answered)?,
        };
        let salt = Salt::from_bytes(self.salt.as_slice().try_into().map_err(|_| at.corrupt())?);
        Ok((record, salt))
    }
}

macro_rules! external_columns {
    ($rest:literal) => {
        concat!("SELECT id, authority, at, actor, asked, answered, salt FROM external_record ", $rest)
    };
}
pub(crate) use external_columns;

/// Inserts every record of a batch at once.
const INSERT: Sql = Sql {
    postgres: "INSERT INTO external_record (id, batch_id, authority, at, actor, asked, answered, salt) \
        SELECT q.id, $1, q.authority, q.at, q.actor, q.asked, q.answered, q.salt \
        FROM unnest($2::UUID[], $3::TEXT[], $4::BIGINT[], $5::TEXT[], $6::TEXT[], $7::TEXT[], $8::BYTEA[]) \
        AS q(id, authority, at, actor, asked, answered, salt)",
    sqlite: "INSERT INTO external_record (id, batch_id, authority, at, actor, asked, answered, salt) \
        SELECT unhex(q.value ->> 0), $1, q.value ->> 1, q.value ->> 2, q.value ->> 3, q.value ->> 4, q.value ->> 5, \
        unhex(q.value ->> 6) FROM json_each($2) q",
};

impl Tx<Write> {
    pub(crate) async fn insert_external_records(
        &mut self,
        batch: BatchId,
        records: &[(&ExternalRecord, Salt)],
    ) -> Result<(), StoreError> {
        if records.is_empty() {
            return Ok(());
        }
        match &mut self.engine {
            Engine::Sqlite(tx) => {
                let row = |(r, salt): &(&ExternalRecord, Salt)| {
                    serde_json::json!([
                        r.id.as_uuid().simple().to_string(),
                        r.authority.to_string(),
                        r.at.as_micros(),
                        json(&r.actor),
                        json(&r.asked),
                        json(&r.answered),
                        Digest::from_bytes(*salt.reveal()).to_string(),
                    ])
                };
                let rows: Vec<_> = records.iter().map(row).collect();
                let query = sqlx::query(INSERT.sqlite)
                    .bind(batch.as_uuid())
                    .bind(serde_json::Value::Array(rows).to_string());
                let done = query.execute(&mut **tx).await;
                match &self.turn {
                    Some(turn) => turn.noted(done),
                    None => done,
                }?;
            }
            Engine::Postgres(tx) => {
                let query = sqlx::query(INSERT.postgres)
                    .bind(batch.as_uuid())
                    .bind(records.iter().map(|(r, _)| r.id.as_uuid()).collect::<Vec<_>>())
                    .bind(records.iter().map(|(r, _)| r.authority.to_string()).collect::<Vec<_>>())
                    .bind(records.iter().map(|(r, _)| r.at.as_micros()).collect::<Vec<_>>())
                    .bind(records.iter().map(|(r, _)| json(&r.actor)).collect::<Vec<_>>())
                    .bind(records.iter().map(|(r, _)| json(&r.asked)).collect::<Vec<_>>())
                    .bind(records.iter().map(|(r, _)| json(&r.answered)).collect::<Vec<_>>())
                    .bind(records.iter().map(|(_, salt)| salt.reveal().as_slice()).collect::<Vec<_>>());
                query.execute(&mut **tx).await?;
            }
        }
        Ok(())
    }
}

impl<Mode> Tx<Mode> {
    /// One record.
    pub async fn external_record(&mut self, id: AccessId) -> Result<Option<ExternalRecord>, StoreError> {
        const SQL: &str = external_columns!("WHERE id = $1");
        let row: Option<ExternalRow> =
            on!(self, |conn| sqlx::query_as(SQL).bind(id.as_uuid()).fetch_optional(conn).await)?;
        row.map(|row| row.read().map(|(record, _)| record)).transpose()
    }

    /// The records about an authority's things, the newest first, below an id.
    pub async fn external_records(
        &mut self,
        authority: Cvr,
        below: Option<AccessId>,
        limit: u32,
    ) -> Result<Vec<ExternalRecord>, StoreError> {
        const SQL: &str = external_columns!("WHERE authority = $1 AND id < $2 ORDER BY id DESC LIMIT $3");
        let rows: Vec<ExternalRow> = on!(self, |conn| sqlx::query_as(SQL)
            .bind(authority.to_string())
            .bind(below.map_or(Uuid::max(), AccessId::as_uuid))
            .bind(i64::from(limit))
            .fetch_all(conn)
            .await)?;
        rows.into_iter().map(|row| row.read().map(|(record, _)| record)).collect()
    }
}
