//! The log's tables as they are, in pages: whoever knows the tree compares them with it.

use super::{Audit, PAGE};
use crate::{
    StoreError,
    column::instant,
    engine::{Read, Tx, on},
    journal::{signed, unsigned},
    log::SignatureLine,
};
use std::collections::BTreeMap;
use tillid_domain::{Digest, Instant, id::EventId};
use uuid::Uuid;

/// An entry of the log, with what its event commits to.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub struct LoggedEvent {
    /// Its place.
    pub index: u64,
    /// The event.
    pub event: EventId,
    /// What the event commits to; `None` when there is no such event, or it commits to nothing.
    pub commitment: Option<Digest>,
}

/// A row that says that a tree was signed.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub struct CheckpointRow {
    /// How many entries the tree has.
    pub size: u64,
    /// Its root; `None` when what is there is not one.
    pub root: Option<Digest>,
    /// When it was signed.
    pub at: Instant,
    /// When the first of the log's signatures under it was made; `None` when there is no signature.
    pub first: Option<Instant>,
}

/// A signature or cosignature, with the root of the tree that it stands under.
#[derive(Clone, PartialEq, Eq, Debug)]
pub struct SignatureRow {
    /// How many entries the tree has.
    pub size: u64,
    /// The root that the database says the tree has; `None` when there is no such tree, or what is there is not a root.
    pub root: Option<Digest>,
    /// The signature.
    pub line: SignatureLine,
}

type EntryTuple = (i64, Uuid, Option<Vec<u8>>);
type LineTuple = (i64, String, String, i64, Option<Vec<u8>>);

fn digest(bytes: &[u8]) -> Option<Digest> {
    Digest::try_from(bytes).ok()
}

fn signature((size, signer, line, at, root): LineTuple) -> SignatureRow {
    let line = SignatureLine { signer, line, at: instant(at) };
    SignatureRow { size: unsigned(size), root: root.as_deref().and_then(digest), line }
}

/// What comes after the last row of a page; `None` when that was the last page.
fn rest<T, K>(page: &[T], key: impl Fn(&T) -> K) -> Option<K> {
    page.last().map(key)
}

impl Tx<Read> {
    /// The entries from one place up to and without another, in their order. None is there twice; some may be missing.
    pub async fn audit_entries(&mut self, from: u64, to: u64) -> Result<Vec<LoggedEvent>, StoreError> {
        const SQL: &str = "SELECT l.entry_index, l.event_id, e.commitment FROM log_entry l LEFT JOIN event e ON e.id = l.event_id \
             WHERE l.entry_index >= $1 AND l.entry_index < $2 ORDER BY l.entry_index";
        let rows: Vec<EntryTuple> =
            on!(self, |conn| sqlx::query_as(SQL).bind(signed(from)).bind(signed(to)).fetch_all(conn).await)?;
        let read = |(index, event, commitment): EntryTuple| LoggedEvent {
            index: unsigned(index),
            event: EventId::from_uuid(event),
            commitment: commitment.as_deref().and_then(digest),
        };
        Ok(rows.into_iter().map(read).collect())
    }

    /// How many entries there would be if the last one were in its place.
    pub async fn audit_extent(&mut self) -> Result<u64, StoreError> {
        const SQL: &str = "SELECT COALESCE(MAX(entry_index) + 1, 0) FROM log_entry";
        let extent: i64 = on!(self, |conn| sqlx::query_scalar(SQL).fetch_one(conn).await)?;
        Ok(unsigned(extent.max(0)))
    }

    /// Entries at places that a tree of that size does not have; at most a page, the lowest first.
    pub async fn audit_entries_outside(&mut self, size: u64) -> Result<Vec<(i64, EventId)>, StoreError> {
        const SQL: &str = "SELECT entry_index, event_id FROM log_entry WHERE entry_index < 0 OR entry_index >= $1 \
             ORDER BY entry_index LIMIT $2";
        let rows: Vec<(i64, Uuid)> =
            on!(self, |conn| sqlx::query_as(SQL).bind(signed(size)).bind(PAGE).fetch_all(conn).await)?;
        Ok(rows.into_iter().map(|(index, event)| (index, EventId::from_uuid(event))).collect())
    }

    /// The complete tiles of a level from one index up to and without another.
    pub async fn audit_tiles(
        &mut self,
        level: u8,
        from: u64,
        to: u64,
    ) -> Result<BTreeMap<u64, Vec<u8>>, StoreError> {
        const SQL: &str = "SELECT tile_index, hashes FROM log_tile WHERE level = $1 AND tile_index >= $2 AND tile_index < $3";
        let rows: Vec<(i64, Vec<u8>)> = on!(self, |conn| sqlx::query_as(SQL)
            .bind(i64::from(level))
            .bind(signed(from))
            .bind(signed(to))
            .fetch_all(conn)
            .await)?;
        Ok(rows.into_iter().map(|(index, hashes)| (unsigned(index), hashes)).collect())
    }

    /// A page of the names of the tiles that are there, level and index, after one of them.
    pub async fn audit_tile_names(&mut self, after: (i64, i64)) -> Result<Vec<(i64, i64)>, StoreError> {
        const SQL: &str = "SELECT level, tile_index FROM log_tile WHERE (level, tile_index) > ($1, $2) \
             ORDER BY level, tile_index LIMIT $3";
        Ok(on!(self, |conn| sqlx::query_as(SQL)
            .bind(after.0)
            .bind(after.1)
            .bind(PAGE)
            .fetch_all(conn)
            .await)?)
    }

    /// A page of the signed trees that are larger than that; the smallest first.
    pub async fn audit_checkpoints(&mut self, after: Option<u64>) -> Result<Vec<CheckpointRow>, StoreError> {
        const SQL: &str = "SELECT c.size, c.root, c.signed_at, \
             (SELECT MIN(s.signed_at) FROM log_signature s WHERE s.size = c.size) FROM log_checkpoint c \
             WHERE c.size > $1 ORDER BY c.size LIMIT $2";
        let after = after.map_or(-1, signed);
        let rows: Vec<(i64, Vec<u8>, i64, Option<i64>)> =
            on!(self, |conn| sqlx::query_as(SQL).bind(after).bind(PAGE).fetch_all(conn).await)?;
        let read = |(size, root, at, first): (i64, Vec<u8>, i64, Option<i64>)| CheckpointRow {
            size: unsigned(size),
            root: digest(&root),
            at: instant(at),
            first: first.map(instant),
        };
        Ok(rows.into_iter().map(read).collect())
    }

    /// Hands every signature of the log to `look`, those under smaller trees first.
    pub async fn audit_signatures(
        &mut self,
        audit: &mut Audit,
        mut look: impl FnMut(&mut Audit, SignatureRow),
    ) -> Result<(), StoreError> {
        const SQL: &str = "SELECT s.size, s.signer, s.line, s.signed_at, c.root FROM log_signature s \
             LEFT JOIN log_checkpoint c ON c.size = s.size WHERE (s.size, s.signer) > ($1, $2) ORDER BY s.size, s.signer LIMIT $3";
        let mut after = (i64::MIN, String::new());
        loop {
            let page: Vec<LineTuple> = on!(self, |conn| sqlx::query_as(SQL)
                .bind(after.0)
                .bind(after.1.as_str())
                .bind(PAGE)
                .fetch_all(conn)
                .await)?;
            let Some(next) = rest(&page, |row| (row.0, row.1.clone())) else { return Ok(()) };
            after = next;
            for row in page {
                look(audit, signature(row));
            }
        }
    }

    /// Hands every cosignature to `look`, those under smaller trees first.
    pub async fn audit_cosignatures(
        &mut self,
        audit: &mut Audit,
        mut look: impl FnMut(&mut Audit, SignatureRow),
    ) -> Result<(), StoreError> {
        const SQL: &str = "SELECT s.size, s.signer, s.line, s.cosigned_at, c.root FROM log_cosignature s \
             LEFT JOIN log_checkpoint c ON c.size = s.size WHERE (s.size, s.signer, s.cosigned_at) > ($1, $2, $3) \
             ORDER BY s.size, s.signer, s.cosigned_at LIMIT $4";
        let mut after = (i64::MIN, String::new(), i64::MIN);
        loop {
            let page: Vec<LineTuple> = on!(self, |conn| sqlx::query_as(SQL)
                .bind(after.0)
                .bind(after.1.as_str())
                .bind(after.2)
                .bind(PAGE)
                .fetch_all(conn)
                .await)?;
            let Some(next) = rest(&page, |row| (row.0, row.1.clone(), row.3)) else { return Ok(()) };
            after = next;
            for row in page {
                look(audit, signature(row));
            }
        }
    }
}
