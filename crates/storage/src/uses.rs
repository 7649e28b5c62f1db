//! Uses of mandates, as the records of looks tell of them. Nothing of it is stored a second time: the statements here are the one place
//! that says which record tells of which mandate.

use crate::{
    StoreError,
    access::AccessRow,
    column::instant,
    engine::{Sql, Tx, on},
};
use sqlx::FromRow;
use tillid_domain::{
    Cvr, Instant,
    access::AccessRecord,
    id::{AccessId, MandateId, PersonId},
};
use uuid::Uuid;

/// The columns of a record `r`.
macro_rules! of_record {
    () => {
        "r.id, r.person_id, r.at, r.actor, r.act, r.target, r.purpose, r.case_ref, r.lookup_id, r.outcome, r.permits_until, r.held_reason, \
         r.held_by, r.held_until, r.decision, r.salt"
    };
}

/// The id of the mandate `m` as it stands in a record.
macro_rules! written_sqlite {
    ($id:literal) => {
        concat!(
            "lower(substr(hex(",
            $id,
            "), 1, 8) || '-' || substr(hex(",
            $id,
            "), 9, 4) || '-' || substr(hex(",
            $id,
            "), 13, 4) || '-' || substr(hex(",
            $id,
            "), 17, 4) || '-' || substr(hex(",
            $id,
            "), 21))"
        )
    };
}
macro_rules! written_postgres {
    ($id:literal) => {
        concat!($id, "::TEXT")
    };
}

/// Whether the record `r` tells of a use of the mandate `m`: a question was answered yes because of it; or its representative acted here
/// for its grantor, when it was taken to hold, with what it gives. What is for one case gives nothing here.
macro_rules! is_use {
    ($written:ident) => {
        concat!(
            "r.outcome <> 'refused' AND (r.decision LIKE '%\"id\":\"' || ",
            $written!("m.id"),
            " || '\"%' OR (r.decision IS NULL AND m.case_ref IS NULL AND m.state <> 'awaiting' AND r.at >= m.valid_from \
             AND r.at < m.valid_to AND (m.ended_at IS NULL OR r.at < m.ended_at) \
             AND r.actor LIKE '%\"acting_for\":%\"person\":\"' || ",
            $written!("m.representative_id"),
            " || '\"%' AND (r.act NOT IN ('see_request', 'see_consent') \
             OR m.privileges LIKE '%\"urn:dk:tillid:fuldmagt:samtykke:samtykke:laes\"%') \
             AND (r.act <> 'withdraw_consent' \
             OR m.privileges LIKE '%\"urn:dk:tillid:fuldmagt:samtykke:samtykke-tilbagekald:handle\"%') \
             AND (r.act NOT IN ('answer_request', 'give_consent') \
             OR m.privileges LIKE '%\"urn:dk:tillid:fuldmagt:samtykke:samtykke-giv:handle\"%')))"
        )
    };
}

macro_rules! uses_of {
    ($written:ident) => {
        concat!(
            "SELECT ",
            of_record!(),
            " FROM mandate m JOIN access_record r ON r.person_id = m.grantor_id WHERE m.id = $1 AND r.id < $2 \
             AND (r.held_until IS NULL OR r.held_until <= $3) AND ",
            is_use!($written),
            " ORDER BY r.id DESC LIMIT $4"
        )
    };
}

macro_rules! last_uses {
    ($written:ident) => {
        concat!(
            "SELECT l.mandate_id, ",
            of_record!(),
            " FROM (SELECT m.id AS mandate_id, (SELECT r.id FROM access_record r WHERE r.person_id = m.grantor_id \
             AND (r.held_until IS NULL OR r.held_until <= $3) AND ",
            is_use!($written),
            " ORDER BY r.id DESC LIMIT 1) AS record_id FROM mandate m WHERE m.grantor_id = $1 AND m.id >= $2) l \
             JOIN access_record r ON r.id = l.record_id"
        )
    };
}

/// From the ends that became known within the time to the records of their grantors, in that order also on SQLite, where a cross join says so:
/// the other way round every record there is would be read.
macro_rules! late_uses {
    ($written:ident) => {
        concat!(
            "SELECT m.id AS mandate_id, m.ended_at AS known_at, ",
            of_record!(),
            " FROM mandate m CROSS JOIN access_record r WHERE r.person_id = m.grantor_id AND m.state IN ('ended', 'annulled') \
             AND m.ended_at >= $1 AND m.ended_at > COALESCE(m.effective_at, m.valid_from) \
             AND r.at >= $1 AND r.at >= COALESCE(m.effective_at, m.valid_from) AND r.at < m.ended_at AND r.decision IS NOT NULL \
             AND (r.actor LIKE '%\"authority\":\"' || $2 || '\"%' OR r.actor LIKE '%\"client\":%') \
             AND (m.ended_at < $3 OR (m.ended_at = $3 AND (m.id < $4 OR (m.id = $4 AND r.id < $5)))) \
             AND (r.held_until IS NULL OR r.held_until <= $6) AND ",
            is_use!($written),
            " ORDER BY m.ended_at DESC, m.id DESC, r.id DESC LIMIT $7"
        )
    };
}

/// A place in the list of uses after an end: what became known last comes first.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub struct LatePlace {
    /// When the end became known.
    pub known_at: Instant,
    /// The mandate.
    pub mandate: MandateId,
    /// The use.
    pub record: AccessId,
}

impl LatePlace {
    /// Before all that there can be.
    const FIRST: Self = Self {
        known_at: Instant::from_micros(i64::MAX),
        mandate: MandateId::from_uuid(Uuid::max()),
        record: AccessId::from_uuid(Uuid::max()),
    };
}

/// Which uses after an end.
#[derive(Clone, Copy, Debug)]
pub struct LatePart {
    /// At which authority, or through a system that may be one of its own.
    pub authority: Cvr,
    /// Not earlier, and the end known no earlier.
    pub since: Instant,
    /// The moment of the question.
    pub now: Instant,
    /// After which place.
    pub after: Option<LatePlace>,
    /// How many.
    pub limit: u32,
}

#[derive(FromRow)]
struct UseRow {
    mandate_id: Uuid,
    #[sqlx(flatten)]
    record: AccessRow,
}

#[derive(FromRow)]
struct LateRow {
    mandate_id: Uuid,
    known_at: i64,
    #[sqlx(flatten)]
    record: AccessRow,
}

impl<Mode> Tx<Mode> {
    /// The records that tell of uses of a mandate and that its grantor may see at that moment, the newest first, below an id.
    pub async fn uses_of(
        &mut self,
        mandate: MandateId,
        now: Instant,
        below: Option<AccessId>,
        limit: u32,
    ) -> Result<Vec<AccessRecord>, StoreError> {
        const USES: Sql = Sql { sqlite: uses_of!(written_sqlite), postgres: uses_of!(written_postgres) };
        let sql = self.sql(&USES);
        let rows: Vec<AccessRow> = on!(self, |conn| sqlx::query_as(sql)
            .bind(mandate.as_uuid())
            .bind(below.map_or(Uuid::max(), AccessId::as_uuid))
            .bind(now.as_micros())
            .bind(i64::from(limit))
            .fetch_all(conn)
            .await)?;
        rows.into_iter().map(|row| row.read().map(|(record, _)| record)).collect()
    }

    /// The newest such record of each mandate that a person gave, from one id of a mandate on.
    pub async fn last_uses(
        &mut self,
        grantor: PersonId,
        from: MandateId,
        now: Instant,
    ) -> Result<Vec<(MandateId, AccessRecord)>, StoreError> {
        const LAST: Sql = Sql { sqlite: last_uses!(written_sqlite), postgres: last_uses!(written_postgres) };
        let sql = self.sql(&LAST);
        let rows: Vec<UseRow> = on!(self, |conn| sqlx::query_as(sql)
            .bind(grantor.as_uuid())
            .bind(from.as_uuid())
            .bind(now.as_micros())
            .fetch_all(conn)
            .await)?;
        rows.into_iter().map(|row| Ok((MandateId::from_uuid(row.mandate_id), row.record.read()?.0))).collect()
    }

    /// The uses of mandates that had ended, before anybody knew: in the order of the list, the ends that became known last first.
    pub async fn late_uses(&mut self, part: &LatePart) -> Result<Vec<(LatePlace, AccessRecord)>, StoreError> {
        const LATE: Sql = Sql { sqlite: late_uses!(written_sqlite), postgres: late_uses!(written_postgres) };
        let sql = self.sql(&LATE);
        let after = part.after.unwrap_or(LatePlace::FIRST);
        let rows: Vec<LateRow> = on!(self, |conn| sqlx::query_as(sql)
            .bind(part.since.as_micros())
            .bind(part.authority.to_string())
            .bind(after.known_at.as_micros())
            .bind(after.mandate.as_uuid())
            .bind(after.record.as_uuid())
            .bind(part.now.as_micros())
            .bind(i64::from(part.limit))
            .fetch_all(conn)
            .await)?;
        let late = |row: LateRow| {
            let record = row.record.read()?.0;
            let mandate = MandateId::from_uuid(row.mandate_id);
            Ok((LatePlace { known_at: instant(row.known_at), mandate, record: record.id }, record))
        };
        rows.into_iter().map(late).collect()
    }
}
