//! The operational tables: idempotency keys, the sandbox's clock, the re-encryption of numbers, and what is over. None of
//! them holds a fact, and nothing here or in `sessions` writes one.

use crate::{
    StoreError,
    documents::DocumentKeyRow,
    engine::{Tx, Upkeep, Write, on, run},
    journal::{signed, unsigned},
    persons::NumberRow,
    project::actor_key,
    vault::Sealed,
};
use sqlx::FromRow;
use tillid_domain::{
    Digest, Instant,
    actor::ActorTrace,
    id::{DocumentId, NumberId},
};
use uuid::Uuid;

/// The tables that upkeep writes. `person_number`, its index and `document_key` change their key, never what is under it; what the log has is in its
/// tables for good, and an event leaves `pending` only into it.
pub const OPERATIONAL_TABLES: [&str; 20] = [
    "idempotency",
    "session",
    "login_attempt",
    "used_token",
    "client_assertion",
    "business_clock",
    "person_number",
    "person_number_index",
    "document_key",
    "pending",
    "log_head",
    "log_entry",
    "log_tile",
    "log_checkpoint",
    "log_signature",
    "log_cosignature",
    "log_witness",
    "notice",
    "notice_cursor",
    "withdrawal_progress",
];

/// A key that a caller sends with a change, so that sending it again changes nothing more.
#[derive(Clone, PartialEq, Eq, Debug)]
pub struct IdempotencyKey {
    /// The caller; another caller's equal key is another key.
    pub actor: ActorTrace,
    /// The key.
    pub key: String,
    /// The fingerprint of the method, the path and the body; stored under a key.
    pub fingerprint: Digest,
}

/// What a change led to, as much as is needed to answer again.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub struct Effect {
    /// The HTTP status that was answered.
    pub status: u16,
    /// The resource.
    pub resource: Option<Uuid>,
    /// Its revision then.
    pub revision: Option<u64>,
}

/// What a key is found to be.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub enum Claim {
    /// New: the change is to be made, in this transaction.
    New,
    /// Used, for the same request; this came of it.
    Done(Effect),
    /// Used, for another request.
    Reused,
}

#[derive(FromRow)]
struct IdempotencyRow {
    fingerprint: Vec<u8>,
    status: i64,
    resource_id: Option<Uuid>,
    revision: Option<i64>,
}

impl Tx<Write> {
    /// Claims the key within the transaction that makes the change. Whoever sends the same key meanwhile waits.
    pub async fn claim(&mut self, key: &IdempotencyKey, now: Instant) -> Result<Claim, StoreError> {
        let fingerprints = self.vault.fingerprints(key.fingerprint);
        let active = fingerprints.first().ok_or(StoreError::Keys("no key is configured"))?;
        let inserted = run!(self, sqlx::query(
            "INSERT INTO idempotency (actor, key, fingerprint, status, claimed_at) VALUES ($1, $2, $3, 0, $4) ON CONFLICT DO NOTHING"
        )
        .bind(actor_key(&key.actor))
        .bind(key.key.as_str())
        .bind(active.as_bytes().as_slice())
        .bind(now.as_micros()))?;
        if inserted == 1 {
            return Ok(Claim::New);
        }
        const SQL: &str = "SELECT fingerprint, status, resource_id, revision FROM idempotency WHERE actor = $1 AND key = $2";
        let row: IdempotencyRow = on!(self, |conn| sqlx::query_as(SQL)
            .bind(actor_key(&key.actor))
            .bind(key.key.as_str())
            .fetch_one(conn)
            .await)?;
        if !fingerprints.iter().any(|f| f.as_bytes().as_slice() == row.fingerprint) {
            return Ok(Claim::Reused);
        }
        let status =
            u16::try_from(row.status).map_err(|_| StoreError::Corrupt { table: "idempotency", id: None })?;
        Ok(Claim::Done(Effect { status, resource: row.resource_id, revision: row.revision.map(unsigned) }))
    }

    /// Writes down what the claimed key led to.
    pub async fn settle(&mut self, key: &IdempotencyKey, effect: Effect) -> Result<(), StoreError> {
        run!(self, sqlx::query(
            "UPDATE idempotency SET status = $3, resource_id = $4, revision = $5 WHERE actor = $1 AND key = $2"
        )
        .bind(actor_key(&key.actor))
        .bind(key.key.as_str())
        .bind(i64::from(effect.status))
        .bind(effect.resource)
        .bind(effect.revision.map(signed)))?;
        Ok(())
    }
}

impl<Mode> Tx<Mode> {
    /// How far business time has been turned, in microseconds.
    pub async fn business_offset(&mut self) -> Result<i64, StoreError> {
        const SQL: &str = "SELECT offset_micros FROM business_clock WHERE id = 1";
        let offset: Option<i64> = on!(self, |conn| sqlx::query_scalar(SQL).fetch_optional(conn).await)?;
        Ok(offset.unwrap_or(0))
    }
}

impl Tx<Upkeep> {
    /// Ends the transaction, durably.
    pub async fn finish(self) -> Result<(), StoreError> {
        self.end().await
    }

    /// Turns business time to this offset; never back.
    pub async fn turn_business_clock(&mut self, offset: i64) -> Result<(), StoreError> {
        run!(
            self,
            sqlx::query(
                "INSERT INTO business_clock (id, offset_micros) VALUES (1, $1) \
             ON CONFLICT (id) DO UPDATE SET offset_micros = $1 WHERE business_clock.offset_micros < $1"
            )
            .bind(offset)
        )?;
        Ok(())
    }

    /// Removes what has ended before that moment of security time: sessions, logins that never came back, used tokens and
    /// assertions, and idempotency keys claimed a day before it.
    pub async fn purge(&mut self, now: Instant) -> Result<(), StoreError> {
        run!(
            self,
            sqlx::query("DELETE FROM session WHERE ends_at <= $1 OR idle_until <= $1").bind(now.as_micros())
        )?;
        run!(self, sqlx::query("DELETE FROM login_attempt WHERE ends_at <= $1").bind(now.as_micros()))?;
        run!(self, sqlx::query("DELETE FROM used_token WHERE ends_at <= $1").bind(now.as_micros()))?;
        run!(self, sqlx::query("DELETE FROM client_assertion WHERE ends_at <= $1").bind(now.as_micros()))?;
        run!(
            self,
            sqlx::query("DELETE FROM idempotency WHERE claimed_at <= $1")
                .bind(now.plus_seconds(-24 * 3600).as_micros())
        )?;
        Ok(())
    }

    /// Brings up to `limit` numbers and as many keys of documents under the active key, and says how many were and how many are left.
    /// What does not open stays as it is. When none is left, hashes under keys that are no longer live go.
    pub async fn rekey(&mut self, limit: u32) -> Result<(u64, u64), StoreError> {
        const OLD: &str = "SELECT n.id, n.key_id, n.sealed FROM person_number n WHERE n.key_id <> $1 OR NOT EXISTS (\
             SELECT 1 FROM person_number_index i WHERE i.number_id = n.id AND i.key_id = $1) ORDER BY n.id LIMIT $2";
        let active = self.vault.active().to_owned();
        let rows: Vec<NumberRow> = on!(self, |conn| sqlx::query_as(OLD)
            .bind(active.as_str())
            .bind(i64::from(limit))
            .fetch_all(conn)
            .await)?;
        let mut done = 0;
        for row in &rows {
            match self.rekey_one(row).await {
                Ok(()) => done += 1,
                Err(StoreError::Sealed) => {}
                Err(other) => return Err(other),
            }
        }
        let (keys, keys_left) = self.rekey_documents(&active, limit).await?;
        done += keys;
        const LEFT: &str = "SELECT COUNT(*) FROM person_number n WHERE n.key_id <> $1 OR NOT EXISTS (\
             SELECT 1 FROM person_number_index i WHERE i.number_id = n.id AND i.key_id = $1)";
        let left: i64 =
            on!(self, |conn| sqlx::query_scalar(LEFT).bind(active.as_str()).fetch_one(conn).await)?;
        if rows.is_empty() {
            self.forget_retired_keys().await?;
        }
        Ok((done, unsigned(left) + keys_left))
    }

    /// The same for the keys of documents; their bytes stay as they are.
    async fn rekey_documents(&mut self, active: &str, limit: u32) -> Result<(u64, u64), StoreError> {
        const OLD: &str = "SELECT document_id, key_id, sealed FROM document_key WHERE key_id <> $1 ORDER BY document_id LIMIT $2";
        let rows: Vec<DocumentKeyRow> =
            on!(self, |conn| sqlx::query_as(OLD).bind(active).bind(i64::from(limit)).fetch_all(conn).await)?;
        let mut done = 0;
        for DocumentKeyRow { document_id, key_id, sealed } in rows {
            let id = DocumentId::from_uuid(document_id);
            let key = match self.vault.open_document_key(id, &Sealed { key_id, bytes: sealed }) {
                Ok(key) => key,
                Err(StoreError::Sealed) => continue,
                Err(other) => return Err(other),
            };
            let sealed = self.vault.seal_document_key(id, &key)?;
            run!(
                self,
                sqlx::query("UPDATE document_key SET key_id = $2, sealed = $3 WHERE document_id = $1")
                    .bind(document_id)
                    .bind(sealed.key_id)
                    .bind(sealed.bytes)
            )?;
            done += 1;
        }
        const LEFT: &str = "SELECT COUNT(*) FROM document_key WHERE key_id <> $1";
        let left: i64 = on!(self, |conn| sqlx::query_scalar(LEFT).bind(active).fetch_one(conn).await)?;
        Ok((done, unsigned(left)))
    }

    async fn rekey_one(&mut self, row: &NumberRow) -> Result<(), StoreError> {
        let id = NumberId::from_uuid(row.id);
        let number = self.vault.open(id, &Sealed::from(row))?;
        let sealed = self.vault.seal(id, &number)?;
        run!(
            self,
            sqlx::query("UPDATE person_number SET key_id = $2, sealed = $3 WHERE id = $1")
                .bind(row.id)
                .bind(sealed.key_id)
                .bind(sealed.bytes)
        )?;
        for lookup in self.vault.lookups(&number) {
            run!(self, sqlx::query(
                "INSERT INTO person_number_index (lookup, key_id, number_id) VALUES ($1, $2, $3) ON CONFLICT DO NOTHING"
            )
            .bind(lookup.hash.as_bytes().as_slice())
            .bind(lookup.key_id)
            .bind(row.id))?;
        }
        Ok(())
    }

    async fn forget_retired_keys(&mut self) -> Result<(), StoreError> {
        let known: Vec<String> =
            on!(self, |conn| sqlx::query_scalar("SELECT DISTINCT key_id FROM person_number_index")
                .fetch_all(conn)
                .await)?;
        let live: Vec<String> = self.vault.live().into_iter().map(str::to_owned).collect();
        for retired in known.into_iter().filter(|id| !live.contains(id)) {
            run!(
                self,
                sqlx::query("DELETE FROM person_number_index WHERE key_id = $1").bind(retired.as_str())
            )?;
        }
        Ok(())
    }
}

#[cfg(test)]
mod tests {
    use super::OPERATIONAL_TABLES;

    #[test]
    fn upkeep_writes_no_table_that_holds_a_fact() {
        let upkeep = include_str!("upkeep.rs").split("#[cfg(test)]").next().unwrap_or_default();
        let source = [
            upkeep,
            include_str!("sessions.rs"),
            include_str!("log.rs"),
            include_str!("notices.rs"),
            include_str!("withdrawals.rs"),
        ]
        .concat();
        let words: Vec<&str> = source
            .split(|c: char| !c.is_ascii_alphanumeric() && c != '_')
            .filter(|w| !w.is_empty())
            .collect();
        let mut written = 0;
        for pair in words.windows(3) {
            let table = match pair {
                ["INSERT", "INTO", table] | ["DELETE", "FROM", table] | ["UPDATE", table, "SET"]
                    if *table != "SET" =>
                {
                    table
                }
                _ => continue,
            };
            written += 1;
            assert!(OPERATIONAL_TABLES.contains(table), "{table}");
        }
        assert!(written >= 20, "the statements are found: {written}");
    }
}
