//! The outbox: what people are told by post, how far it has been made, and what became of it. No fact follows from any of it.

use crate::{
    StoreError,
    access::AccessRow,
    column::{RowRef, instant, json},
    engine::{Engine, Sql, Tx, Upkeep, on, run},
    journal::{signed, unsigned},
    persons::NumberRow,
    vault::Sealed,
};
use sqlx::FromRow;
use std::collections::BTreeSet;
use tillid_domain::{
    Cpr, Cvr, Instant,
    access::AccessRecord,
    event::{Kind, Recorded},
    id::{EventId, MandateId, NoticeId, NumberId, PersonId},
    notice::{Message, Notice, NoticeKind, PostalChannel},
};
use uuid::Uuid;

/// How far notices have been made.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub struct NoticeCursor {
    /// The first entry of the log that has not been looked at.
    pub next_entry: u64,
    /// Up to which moment of business time it was told what ends; `None` before the first time.
    pub told_until: Option<Instant>,
}

/// A notice to put into the outbox.
#[derive(Clone, Debug)]
pub struct NewNotice {
    /// Its id, and for good that of the message.
    pub id: NoticeId,
    /// Who gets it.
    pub to: PersonId,
    /// What it tells.
    pub notice: Notice,
    /// In which words.
    pub message: Message,
    /// When, in business time.
    pub made_at: Instant,
    /// When, in security time.
    pub queued_at: Instant,
}

/// What became of a notice.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub enum Posted {
    /// It waits for its turn, or for another try.
    Waiting,
    /// It was handed over to be sent.
    Delivered {
        /// How.
        channel: PostalChannel,
        /// When, in business time.
        at: Instant,
    },
    /// It is not sent any more.
    Dropped {
        /// Since when, in business time.
        at: Instant,
    },
}

/// A notice of the outbox.
#[derive(Clone, PartialEq, Eq, Debug)]
pub struct OutboxNotice {
    /// Its id.
    pub id: NoticeId,
    /// Who gets it.
    pub to: PersonId,
    /// What it tells.
    pub kind: NoticeKind,
    /// In whose name.
    pub sender: Cvr,
    /// In which words.
    pub message: Message,
    /// When it was made, in business time.
    pub made_at: Instant,
    /// Since when it waits, in security time.
    pub queued_at: Instant,
    /// When it is tried next, in security time.
    pub next_at: Instant,
    /// How often it was tried.
    pub attempts: u32,
    /// What became of it.
    pub posted: Posted,
}

/// The outbox in numbers.
#[derive(Clone, Copy, PartialEq, Eq, Debug, Default)]
pub struct NoticeNumbers {
    /// How many wait.
    pub waiting: u64,
    /// How many of these were tried in vain.
    pub failing: u64,
}

/// Something that ends, and the event with which it began.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub struct Ending {
    /// Which one.
    pub id: Uuid,
    /// The event.
    pub began_with: EventId,
    /// When it ends or can no longer be answered.
    pub end: Instant,
}

#[derive(FromRow)]
struct NoticeRow {
    id: Uuid,
    person_id: Uuid,
    kind: String,
    sender: String,
    message: String,
    made_at: i64,
    queued_at: i64,
    next_at: i64,
    attempts: i64,
    state: String,
    channel: Option<String>,
    settled_at: Option<i64>,
}

impl TryFrom<NoticeRow> for OutboxNotice {
    type Error = StoreError;

    fn try_from(row: NoticeRow) -> Result<Self, StoreError> {
        let at = RowRef { table: "notice", id: row.id };
        let channel = row.channel.as_deref().map(|code| PostalChannel::from_code(code).ok_or(at.corrupt()));
        let posted = match (row.state.as_str(), channel.transpose()?, row.settled_at.map(instant)) {
            ("waiting", None, None) => Posted::Waiting,
            ("delivered", Some(channel), Some(at)) => Posted::Delivered { channel, at },
            ("dropped", None, Some(at)) => Posted::Dropped { at },
            _ => return Err(at.corrupt()),
        };
        Ok(Self {
            id: NoticeId::from_uuid(row.id),
            to: PersonId::from_uuid(row.person_id),
            kind: NoticeKind::from_code(&row.kind).ok_or(at.corrupt())?,
            sender: at.text(&row.sender)?,
            message: at.json(&row.message)?,
            made_at: instant(row.made_at),
            queued_at: instant(row.queued_at),
            next_at: instant(row.next_at),
            attempts: at.number(row.attempts)?,
            posted,
        })
    }
}

macro_rules! notice_columns {
    ($rest:literal) => {
        concat!(
            "SELECT id, person_id, kind, sender, message, made_at, queued_at, next_at, attempts, state, channel, settled_at FROM notice ",
            $rest
        )
    };
}

macro_rules! ending {
    ($table:literal, $kind:literal, $end:literal, $states:literal) => {
        concat!(
            "SELECT t.id, e.id, t.",
            $end,
            " FROM ",
            $table,
            " t \
             JOIN event e ON e.kind = '",
            $kind,
            "' AND e.aggregate_id = t.id AND e.revision = 1 \
             WHERE ",
            $states,
            " AND t.",
            $end,
            " >= $1 AND t.",
            $end,
            " < $2 AND (t.",
            $end,
            " > $3 OR t.id > $4) \
             ORDER BY t.",
            $end,
            ", t.id LIMIT $5"
        )
    };
}

impl<Mode> Tx<Mode> {
    /// How far notices have been made.
    pub async fn notice_cursor(&mut self) -> Result<NoticeCursor, StoreError> {
        const SQL: &str = "SELECT next_entry, told_until FROM notice_cursor WHERE id = 1";
        self.read_notice_cursor(SQL).await
    }

    async fn read_notice_cursor(&mut self, sql: &'static str) -> Result<NoticeCursor, StoreError> {
        let (next, told): (i64, Option<i64>) = on!(self, |conn| sqlx::query_as(sql).fetch_one(conn).await)?;
        Ok(NoticeCursor { next_entry: unsigned(next), told_until: told.map(instant) })
    }

    /// The events of the log from one entry up to another (exclusive), in its order: without looks, and without what was erased.
    pub async fn logged_events(&mut self, from: u64, to: u64) -> Result<Vec<Recorded>, StoreError> {
        const SQL: &str = "SELECT b.event_id, b.bytes FROM log_entry l JOIN event e ON e.id = l.event_id \
             JOIN event_body b ON b.event_id = e.id \
             WHERE l.entry_index >= $1 AND l.entry_index < $2 AND e.fact <> 'access_recorded' ORDER BY l.entry_index";
        let rows: Vec<(Uuid, Vec<u8>)> =
            on!(self, |conn| sqlx::query_as(SQL).bind(signed(from)).bind(signed(to)).fetch_all(conn).await)?;
        rows.into_iter()
            .map(|(id, bytes)| {
                let corrupt = StoreError::Corrupt { table: "event_body", id: Some(id) };
                Recorded::from_bytes(&bytes).ok_or(corrupt)
            })
            .collect()
    }

    /// The looks in those entries of the log that may tell of the use of a power, in the log's order, each with the event that recorded it.
    pub async fn logged_uses(
        &mut self,
        from: u64,
        to: u64,
    ) -> Result<Vec<(EventId, AccessRecord)>, StoreError> {
        #[derive(FromRow)]
        struct Logged {
            event_id: Uuid,
            #[sqlx(flatten)]
            record: AccessRow,
        }
        // What a subquery of its own finds is looked up entry by entry, whatever the planner makes of the size of a stretch: planned as a
        // join it cost ten times as much.
        const SQL: Sql = Sql {
            postgres: "SELECT l.event_id, r.id, r.person_id, r.at, r.actor, r.act, r.target, r.purpose, r.case_ref, r.lookup_id, \
                 r.outcome, r.permits_until, r.held_reason, r.held_by, r.held_until, r.decision, r.salt FROM log_entry l \
                 CROSS JOIN LATERAL (SELECT aggregate_id FROM event WHERE id = l.event_id AND fact = 'access_recorded' OFFSET 0) e \
                 CROSS JOIN LATERAL (SELECT * FROM access_record WHERE batch_id = e.aggregate_id \
                 AND (decision LIKE '%\"decision\":true%' OR actor LIKE '%\"acting_for\":%') OFFSET 0) r \
                 WHERE l.entry_index >= $1 AND l.entry_index < $2 ORDER BY l.entry_index, r.id",
            sqlite: "SELECT l.event_id, r.id, r.person_id, r.at, r.actor, r.act, r.target, r.purpose, r.case_ref, r.lookup_id, \
                 r.outcome, r.permits_until, r.held_reason, r.held_by, r.held_until, r.decision, r.salt FROM log_entry l \
                 CROSS JOIN event e ON e.id = l.event_id CROSS JOIN access_record r ON r.batch_id = e.aggregate_id \
                 WHERE l.entry_index >= $1 AND l.entry_index < $2 AND e.fact = 'access_recorded' \
                 AND (r.decision LIKE '%\"decision\":true%' OR r.actor LIKE '%\"acting_for\":%') ORDER BY l.entry_index, r.id",
        };
        let sql = self.sql(&SQL);
        let rows: Vec<Logged> =
            on!(self, |conn| sqlx::query_as(sql).bind(signed(from)).bind(signed(to)).fetch_all(conn).await)?;
        rows.into_iter().map(|row| Ok((EventId::from_uuid(row.event_id), row.record.read()?.0))).collect()
    }

    /// Of which of these mandates its grantor has been told already that it was used on the day that began then.
    pub async fn told_of_use(
        &mut self,
        uses: &[(MandateId, Instant)],
    ) -> Result<BTreeSet<(MandateId, Instant)>, StoreError> {
        // A value of a subquery is looked up row by row, whatever the planner makes of the size of a list.
        const SQL: Sql = Sql {
            postgres: "SELECT q.mandate, q.day FROM unnest($1::UUID[], $2::BIGINT[]) AS q(mandate, day) WHERE (SELECT n.id FROM notice n \
                 WHERE n.person_id = (SELECT grantor_id FROM mandate WHERE id = q.mandate) AND n.kind = $3 AND n.about = q.mandate \
                 AND n.days_before = 0 AND n.moment = q.day) IS NOT NULL",
            sqlite: "SELECT unhex(i.value), d.value FROM json_each($1) i JOIN json_each($2) d ON d.key = i.key WHERE (SELECT n.id FROM notice n \
                 WHERE n.person_id = (SELECT grantor_id FROM mandate WHERE id = unhex(i.value)) AND n.kind = $3 AND n.about = unhex(i.value) \
                 AND n.days_before = 0 AND n.moment = d.value) IS NOT NULL",
        };
        let days: Vec<i64> = uses.iter().map(|(_, day)| day.as_micros()).collect();
        let ids = uses.iter().map(|(mandate, _)| mandate.as_uuid());
        let kind = NoticeKind::MandateUsed.code();
        let told: Vec<(Uuid, i64)> = match &mut self.engine {
            Engine::Postgres(tx) => {
                let query = sqlx::query_as(SQL.postgres).bind(ids.collect::<Vec<_>>()).bind(days).bind(kind);
                query.fetch_all(&mut **tx).await?
            }
            Engine::Sqlite(tx) => {
                let ids: Vec<String> = ids.map(|id| id.simple().to_string()).collect();
                let query = sqlx::query_as(SQL.sqlite).bind(json(&ids)).bind(json(&days)).bind(kind);
                query.fetch_all(&mut **tx).await?
            }
        };
        Ok(told.into_iter().map(|(id, day)| (MandateId::from_uuid(id), instant(day))).collect())
    }

    /// What of a kind ends from one moment up to another (exclusive) and was not ended, page by page after the last one of the page before:
    /// of requests for mandates also those that lapsed. Of kinds that have no end, nothing.
    pub async fn ending(
        &mut self,
        kind: Kind,
        (from, to): (Instant, Instant),
        after: Option<Ending>,
        limit: u32,
    ) -> Result<Vec<Ending>, StoreError> {
        let sql = match kind {
            Kind::Consent => ending!("consent", "consent", "valid_to", "t.state = 'given'"),
            Kind::ConsentRequest => {
                ending!("consent_request", "consent_request", "deadline", "t.state = 'open'")
            }
            Kind::Mandate => {
                ending!(
                    "mandate",
                    "mandate",
                    "valid_to",
                    "t.state IN ('awaiting', 'given', 'suspended', 'disputed')"
                )
            }
            Kind::MandateRequest => {
                ending!("mandate_request", "mandate_request", "deadline", "t.state IN ('open', 'lapsed')")
            }
            Kind::StatutoryPower => {
                ending!("statutory_power", "statutory_power", "ends_at", "t.ends_at IS NOT NULL")
            }
            _ => return Ok(Vec::new()),
        };
        // The first page includes the least id there can be.
        let (from, past_end, past_id) = match after {
            Some(last) => (last.end.max(from), last.end.as_micros(), last.id),
            None => (from, from.as_micros().saturating_sub(1), Uuid::nil()),
        };
        let rows: Vec<(Uuid, Uuid, i64)> = on!(self, |conn| sqlx::query_as(sql)
            .bind(from.as_micros())
            .bind(to.as_micros())
            .bind(past_end)
            .bind(past_id)
            .bind(i64::from(limit))
            .fetch_all(conn)
            .await)?;
        let ending =
            |(id, event, end)| Ending { id, began_with: EventId::from_uuid(event), end: instant(end) };
        Ok(rows.into_iter().map(ending).collect())
    }

    /// The notices to a person, the newest first.
    pub async fn notices_to(
        &mut self,
        person: PersonId,
        limit: u32,
    ) -> Result<Vec<OutboxNotice>, StoreError> {
        const SQL: &str = notice_columns!("WHERE person_id = $1 ORDER BY id DESC LIMIT $2");
        let rows: Vec<NoticeRow> = on!(self, |conn| sqlx::query_as(SQL)
            .bind(person.as_uuid())
            .bind(i64::from(limit))
            .fetch_all(conn)
            .await)?;
        rows.into_iter().map(TryInto::try_into).collect()
    }

    /// The notices whose turn has come at that moment of security time, the longest waiting first.
    pub async fn notices_due(&mut self, now: Instant, limit: u32) -> Result<Vec<OutboxNotice>, StoreError> {
        const SQL: &str =
            notice_columns!("WHERE state = 'waiting' AND next_at <= $1 ORDER BY next_at, id LIMIT $2");
        let rows: Vec<NoticeRow> = on!(self, |conn| sqlx::query_as(SQL)
            .bind(now.as_micros())
            .bind(i64::from(limit))
            .fetch_all(conn)
            .await)?;
        rows.into_iter().map(TryInto::try_into).collect()
    }

    /// The outbox in numbers.
    pub async fn notice_numbers(&mut self) -> Result<NoticeNumbers, StoreError> {
        const SQL: &str = "SELECT COUNT(*), COALESCE(SUM(CASE WHEN attempts > 1 THEN 1 ELSE 0 END), 0) FROM notice WHERE state = 'waiting'";
        let (waiting, failing): (i64, i64) = on!(self, |conn| sqlx::query_as(SQL).fetch_one(conn).await)?;
        Ok(NoticeNumbers { waiting: unsigned(waiting), failing: unsigned(failing) })
    }

    /// The CPR number of a person, for whoever delivers to them; the newest, where they have had several.
    pub async fn number_of(&mut self, person: PersonId) -> Result<Option<Cpr>, StoreError> {
        let newest: Option<NumberRow> = self.numbers_of(person.as_uuid()).await?.pop();
        newest.map(|row| self.vault.open(NumberId::from_uuid(row.id), &Sealed::from(&row))).transpose()
    }
}

impl Tx<Upkeep> {
    /// How far notices have been made; nobody else moves it until the transaction ends.
    pub async fn lock_notice_cursor(&mut self) -> Result<NoticeCursor, StoreError> {
        const SQL: Sql = Sql {
            sqlite: "SELECT next_entry, told_until FROM notice_cursor WHERE id = 1",
            postgres: "SELECT next_entry, told_until FROM notice_cursor WHERE id = 1 FOR UPDATE",
        };
        let sql = self.sql(&SQL);
        self.read_notice_cursor(sql).await
    }

    /// The entries before this one have been looked at.
    pub async fn move_notice_cursor(&mut self, next_entry: u64) -> Result<(), StoreError> {
        run!(
            self,
            sqlx::query("UPDATE notice_cursor SET next_entry = $1 WHERE id = 1").bind(signed(next_entry))
        )?;
        Ok(())
    }

    /// What ended or was near its end by that moment has been told; never back.
    pub async fn tell_until(&mut self, moment: Instant) -> Result<(), StoreError> {
        run!(
            self,
            sqlx::query(
                "UPDATE notice_cursor SET told_until = $1 WHERE id = 1 AND (told_until IS NULL OR told_until < $1)"
            )
            .bind(moment.as_micros())
        )?;
        Ok(())
    }

    /// Puts notices into the outbox, all in one message; how many there were of which their persons are not told already.
    pub async fn put_notices(&mut self, new: &[NewNotice]) -> Result<u64, StoreError> {
        const POSTGRES: &str = "INSERT INTO notice (id, person_id, kind, about, days_before, moment, event_id, sender, message, made_at, \
             queued_at, next_at, attempts, state) SELECT id, person, kind, about, days, moment, event, sender, message, made, queued, queued, \
             0, 'waiting' FROM unnest($1::UUID[], $2::UUID[], $3::TEXT[], $4::UUID[], $5::BIGINT[], $6::BIGINT[], $7::UUID[], $8::TEXT[], \
             $9::TEXT[], $10::BIGINT[], $11::BIGINT[]) AS q(id, person, kind, about, days, moment, event, sender, message, made, queued) \
             ON CONFLICT (person_id, kind, about, days_before, moment) DO NOTHING";
        // `WHERE TRUE` tells SQLite that ON belongs to the INSERT.
        const SQLITE: &str = "INSERT INTO notice (id, person_id, kind, about, days_before, moment, event_id, sender, message, made_at, \
             queued_at, next_at, attempts, state) SELECT unhex(q.value ->> 0), unhex(q.value ->> 1), q.value ->> 2, unhex(q.value ->> 3), \
             q.value ->> 4, q.value ->> 5, unhex(q.value ->> 6), q.value ->> 7, q.value ->> 8, q.value ->> 9, q.value ->> 10, \
             q.value ->> 10, 0, 'waiting' FROM json_each($1) q WHERE TRUE \
             ON CONFLICT (person_id, kind, about, days_before, moment) DO NOTHING";
        if new.is_empty() {
            return Ok(0);
        }
        if let Engine::Postgres(tx) = &mut self.engine {
            let query = sqlx::query(POSTGRES)
                .bind(new.iter().map(|n| n.id.as_uuid()).collect::<Vec<_>>())
                .bind(new.iter().map(|n| n.to.as_uuid()).collect::<Vec<_>>())
                .bind(new.iter().map(|n| n.notice.kind.code()).collect::<Vec<_>>())
                .bind(new.iter().map(|n| n.notice.about).collect::<Vec<_>>())
                .bind(new.iter().map(|n| i64::from(n.notice.days_before)).collect::<Vec<_>>())
                .bind(new.iter().map(|n| n.notice.moment.as_micros()).collect::<Vec<_>>())
                .bind(new.iter().map(|n| n.notice.source.as_uuid()).collect::<Vec<_>>())
                .bind(new.iter().map(|n| n.notice.sender.to_string()).collect::<Vec<_>>())
                .bind(new.iter().map(|n| json(&n.message)).collect::<Vec<_>>())
                .bind(new.iter().map(|n| n.made_at.as_micros()).collect::<Vec<_>>())
                .bind(new.iter().map(|n| n.queued_at.as_micros()).collect::<Vec<_>>());
            return Ok(query.execute(&mut **tx).await?.rows_affected());
        }
        let row = |n: &NewNotice| {
            let hex = |id: Uuid| id.simple().to_string();
            serde_json::json!([
                hex(n.id.as_uuid()),
                hex(n.to.as_uuid()),
                n.notice.kind.code(),
                hex(n.notice.about),
                n.notice.days_before,
                n.notice.moment.as_micros(),
                hex(n.notice.source.as_uuid()),
                n.notice.sender.to_string(),
                json(&n.message),
                n.made_at.as_micros(),
                n.queued_at.as_micros(),
            ])
        };
        let rows = serde_json::Value::Array(new.iter().map(row).collect()).to_string();
        Ok(run!(self, sqlx::query(SQLITE).bind(rows.as_str()))?)
    }

    /// Takes a notice to try it: `false` when somebody else has. If nothing comes of it, it is tried again at `again_at`.
    pub async fn take_notice(&mut self, found: &OutboxNotice, again_at: Instant) -> Result<bool, StoreError> {
        let taken = run!(
            self,
            sqlx::query(
                "UPDATE notice SET attempts = attempts + 1, next_at = $3 WHERE id = $1 AND attempts = $2 AND state = 'waiting'"
            )
            .bind(found.id.as_uuid())
            .bind(i64::from(found.attempts))
            .bind(again_at.as_micros())
        )?;
        Ok(taken == 1)
    }

    /// A notice was handed over, or is dropped; what was settled stays so.
    pub async fn settle_notice(&mut self, id: NoticeId, posted: Posted) -> Result<(), StoreError> {
        let (state, channel, at) = match posted {
            Posted::Waiting => return Ok(()),
            Posted::Delivered { channel, at } => ("delivered", Some(channel.code()), at),
            Posted::Dropped { at } => ("dropped", None, at),
        };
        run!(
            self,
            sqlx::query(
                "UPDATE notice SET state = $2, channel = $3, settled_at = $4 WHERE id = $1 AND state = 'waiting'"
            )
            .bind(id.as_uuid())
            .bind(state)
            .bind(channel)
            .bind(at.as_micros())
        )?;
        Ok(())
    }
}
