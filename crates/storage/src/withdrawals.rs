//! What was given under a version that its authority withdraws (M8), and how far that has been gone through.

use crate::{
    StoreError,
    column::instant,
    engine::{Tx, Upkeep, on, run},
    journal::{signed, unsigned},
};
use tillid_domain::{
    Instant,
    id::{EntryId, MandateId},
};
use uuid::Uuid;

/// How far the mandates under a withdrawn version have been gone through.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub struct WithdrawalProgress {
    /// The version.
    pub entry: EntryId,
    /// What it was withdrawn by: its revision then. A withdrawal from an earlier day begins anew.
    pub revision: u64,
    /// The last mandate that was looked at.
    pub after: MandateId,
    /// When the first way through all of them began, in security time.
    pub since: Instant,
    /// When this way through all of them began.
    pub began_at: Instant,
    /// How many mandates this way has found that end, or give less, by it.
    pub counted: u64,
    /// The most of them that any way has found.
    pub concerned: u64,
    /// When the last way through them found no more; `None` as long as there may be more.
    pub done_at: Option<Instant>,
}

/// A part of all mandates, in the order of their ids.
#[derive(Clone, PartialEq, Eq, Debug)]
pub struct MandatePart {
    /// Those of it that are not over, rest on nothing, and have the package; and whether each of them was concerned before.
    pub found: Vec<(MandateId, bool)>,
    /// How many of it ended, or gave less, by the withdrawal before.
    pub concerned: u64,
    /// The last one of the part; `None` where there are no more.
    pub last: Option<MandateId>,
}

type ProgressRow = (Uuid, i64, Uuid, i64, i64, i64, i64, Option<i64>);

impl<Mode> Tx<Mode> {
    /// The next so many mandates after that one, and which of them are to be looked at.
    pub async fn mandates_with_package(
        &mut self,
        package: EntryId,
        after: MandateId,
        now: Instant,
        limit: u32,
    ) -> Result<MandatePart, StoreError> {
        // The list of packages is JSON text, in which an id stands as it is written everywhere.
        const SQL: &str = "SELECT id, state IN ('awaiting', 'given', 'suspended', 'disputed') AND under_id IS NULL \
             AND valid_to > $4 AND packages LIKE '%' || $3 || '%', COALESCE(withdrawn, '') LIKE '%' || $3 || '%' OR (COALESCE(cause, '') = 'package_withdrawn' \
             AND packages LIKE '%' || $3 || '%') FROM mandate WHERE id > $1 ORDER BY id LIMIT $2";
        let rows: Vec<(Uuid, bool, bool)> = on!(self, |conn| sqlx::query_as(SQL)
            .bind(after.as_uuid())
            .bind(i64::from(limit))
            .bind(package.as_uuid().to_string())
            .bind(now.as_micros())
            .fetch_all(conn)
            .await)?;
        let last = rows.last().map(|(id, ..)| MandateId::from_uuid(*id));
        let concerned = rows.iter().filter(|(_, _, concerned)| *concerned).count();
        let concerned = u64::try_from(concerned).unwrap_or(u64::MAX);
        let found = rows.into_iter().filter(|(_, found, _)| *found);
        let found = found.map(|(id, _, concerned)| (MandateId::from_uuid(id), concerned));
        Ok(MandatePart { found: found.collect(), concerned, last })
    }

    /// How far the mandates under that version have been gone through; `None` before anybody began.
    pub async fn withdrawal_progress(
        &mut self,
        entry: EntryId,
    ) -> Result<Option<WithdrawalProgress>, StoreError> {
        const SQL: &str = "SELECT entry_id, revision, after_id, since, began_at, counted, concerned, done_at FROM withdrawal_progress WHERE entry_id = $1";
        let row: Option<ProgressRow> =
            on!(self, |conn| sqlx::query_as(SQL).bind(entry.as_uuid()).fetch_optional(conn).await)?;
        Ok(row.map(|(entry, revision, after, since, began_at, counted, concerned, done_at)| {
            WithdrawalProgress {
                entry: EntryId::from_uuid(entry),
                revision: unsigned(revision),
                after: MandateId::from_uuid(after),
                since: instant(since),
                began_at: instant(began_at),
                counted: unsigned(counted),
                concerned: unsigned(concerned),
                done_at: done_at.map(instant),
            }
        }))
    }
}

impl Tx<Upkeep> {
    /// Keeps how far it is, unless somebody is on with a newer withdrawal of the same version.
    pub async fn keep_withdrawal_progress(&mut self, to: &WithdrawalProgress) -> Result<(), StoreError> {
        run!(self, sqlx::query(
            "INSERT INTO withdrawal_progress (entry_id, revision, after_id, since, began_at, counted, concerned, done_at) \
             VALUES ($1, $2, $3, $4, $5, $6, $7, $8) \
             ON CONFLICT (entry_id) DO UPDATE SET revision = $2, after_id = $3, since = $4, began_at = $5, counted = $6, concerned = $7, done_at = $8 \
             WHERE withdrawal_progress.revision <= $2"
        )
        .bind(to.entry.as_uuid())
        .bind(signed(to.revision))
        .bind(to.after.as_uuid())
        .bind(to.since.as_micros())
        .bind(to.began_at.as_micros())
        .bind(signed(to.counted))
        .bind(signed(to.concerned))
        .bind(to.done_at.map(Instant::as_micros)))?;
        Ok(())
    }
}
