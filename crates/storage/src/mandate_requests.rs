//! Requests for mandates: what follows from their events, and their reads.

use crate::{
    StoreError,
    column::{RowRef, instant, json},
    engine::{Tx, Write, on, run},
    journal::{signed, unsigned},
    persons::newest,
};
use sqlx::FromRow;
use tillid_domain::{
    Instant,
    event::{Fact, Recorded},
    id::{MandateId, MandateRequestId, PersonId, PresentationId},
    mandate_request::{MandateRequest, MandateRequestState},
};
use uuid::Uuid;

#[derive(FromRow)]
struct MandateRequestRow {
    id: Uuid,
    revision: i64,
    grantor_id: Uuid,
    representative_id: Uuid,
    grantor_name: Option<String>,
    authority: Option<String>,
    asked_by: String,
    asked_at: i64,
    packages: String,
    privileges: String,
    case_ref: Option<String>,
    valid_until: String,
    deadline: i64,
    state: String,
    mandate_id: Option<Uuid>,
    presentation_id: Option<Uuid>,
    ended_at: Option<i64>,
    cause: Option<String>,
    effective_at: Option<i64>,
}

impl TryFrom<MandateRequestRow> for MandateRequest {
    type Error = StoreError;

    fn try_from(row: MandateRequestRow) -> Result<Self, StoreError> {
        let at = RowRef { table: "mandate_request", id: row.id };
        let state = match (
            row.state.as_str(),
            row.ended_at.map(instant),
            row.mandate_id,
            row.presentation_id,
            at.lapse(row.cause.as_deref(), row.effective_at)?,
        ) {
            ("open", None, None, None, None) => MandateRequestState::Open,
            ("approved", Some(ended), Some(mandate), Some(presentation), None) => {
                MandateRequestState::Approved {
                    mandate: MandateId::from_uuid(mandate),
                    presentation: PresentationId::from_uuid(presentation),
                    at: ended,
                }
            }
            ("declined", Some(ended), None, None, None) => MandateRequestState::Declined { at: ended },
            ("lapsed", Some(ended), None, None, Some((cause, effective_at))) => {
                MandateRequestState::Lapsed { at: ended, effective_at, cause }
            }
            _ => return Err(at.corrupt()),
        };
        Ok(Self {
            id: MandateRequestId::from_uuid(row.id),
            revision: at.number(row.revision)?,
            grantor: PersonId::from_uuid(row.grantor_id),
            representative: PersonId::from_uuid(row.representative_id),
            grantor_name: at.text_opt(row.grantor_name.as_deref())?,
            authority: at.text_opt(row.authority.as_deref())?,
            asked_by: at.json(&row.asked_by)?,
            asked_at: instant(row.asked_at),
            packages: at.json(&row.packages)?,
            privileges: at.json(&row.privileges)?,
            case: at.text_opt(row.case_ref.as_deref())?,
            valid_until: at.text(&row.valid_until)?,
            deadline: instant(row.deadline),
            state,
        })
    }
}

macro_rules! mandate_request_columns {
    ($rest:literal) => {
        concat!(
            "SELECT id, revision, grantor_id, representative_id, grantor_name, authority, asked_by, asked_at, packages, privileges, \
             case_ref, valid_until, deadline, state, mandate_id, presentation_id, ended_at, cause, effective_at FROM mandate_request ",
            $rest
        )
    };
}

impl<Mode> Tx<Mode> {
    /// A request for a mandate.
    pub async fn mandate_request(
        &mut self,
        id: MandateRequestId,
    ) -> Result<Option<MandateRequest>, StoreError> {
        const SQL: &str = mandate_request_columns!("WHERE id = $1");
        let row: Option<MandateRequestRow> =
            on!(self, |conn| sqlx::query_as(SQL).bind(id.as_uuid()).fetch_optional(conn).await)?;
        row.map(TryInto::try_into).transpose()
    }

    /// How many requests of a citizen's own can still be answered at that moment.
    pub async fn open_mandate_requests_by(
        &mut self,
        representative: PersonId,
        now: Instant,
    ) -> Result<u64, StoreError> {
        const SQL: &str = "SELECT COUNT(*) FROM mandate_request WHERE representative_id = $1 AND authority IS NULL AND state = 'open' \
             AND deadline > $2";
        let count: i64 = on!(self, |conn| sqlx::query_scalar(SQL)
            .bind(representative.as_uuid())
            .bind(now.as_micros())
            .fetch_one(conn)
            .await)?;
        Ok(unsigned(count))
    }

    /// The requests in which a person is asked for a mandate or would get one, the newest first, below an id.
    pub async fn mandate_requests_of(
        &mut self,
        person: PersonId,
        below: Option<MandateRequestId>,
        limit: u32,
    ) -> Result<Vec<MandateRequest>, StoreError> {
        const SQL: &str = mandate_request_columns!(
            "WHERE (grantor_id = $1 OR representative_id = $1) AND id < $2 ORDER BY id DESC LIMIT $3"
        );
        let mut rows: Vec<MandateRequestRow> = Vec::new();
        for one in self.all_who_are(person).await? {
            rows.extend(on!(self, |conn| sqlx::query_as::<_, MandateRequestRow>(SQL)
                .bind(one.as_uuid())
                .bind(below.map_or(Uuid::max(), MandateRequestId::as_uuid))
                .bind(i64::from(limit))
                .fetch_all(conn)
                .await)?);
        }
        newest(rows, limit, |row| row.id).into_iter().map(TryInto::try_into).collect()
    }
}

impl Tx<Write> {
    /// The row of a request that was just made.
    pub(crate) async fn insert_mandate_request(&mut self, event: &Recorded) -> Result<(), StoreError> {
        let Fact::MandateRequested {
            grantor,
            representative,
            grantor_name,
            authority,
            packages,
            privileges,
            case,
            valid_until,
            deadline,
        } = &event.fact
        else {
            return Ok(());
        };
        run!(self, sqlx::query(
            "INSERT INTO mandate_request (id, revision, grantor_id, representative_id, grantor_name, authority, asked_by, asked_at, \
             packages, privileges, case_ref, valid_until, deadline, state) \
             VALUES ($1, 1, $2, $3, $4, $5, $6, $7, $8, $9, $10, $11, $12, 'open')"
        )
        .bind(event.aggregate)
        .bind(grantor.as_uuid())
        .bind(representative.as_uuid())
        .bind(grantor_name.as_ref().map(|n| n.as_str().to_owned()))
        .bind(authority.map(|a| a.to_string()))
        .bind(json(&event.actor))
        .bind(event.recorded_at.as_micros())
        .bind(json(packages))
        .bind(json(privileges))
        .bind(case.as_ref().map(|c| c.as_str().to_owned()))
        .bind(valid_until.to_string())
        .bind(deadline.as_micros()))?;
        Ok(())
    }

    /// The end of a request whose mandate was given.
    pub(crate) async fn approve_mandate_request(
        &mut self,
        event: &Recorded,
        mandate: MandateId,
        presentation: PresentationId,
    ) -> Result<(), StoreError> {
        run!(self, sqlx::query(
            "UPDATE mandate_request SET revision = $2, state = 'approved', ended_at = $3, mandate_id = $4, presentation_id = $5 \
             WHERE id = $1"
        )
        .bind(event.aggregate)
        .bind(signed(event.revision))
        .bind(event.recorded_at.as_micros())
        .bind(mandate.as_uuid())
        .bind(presentation.as_uuid()))?;
        Ok(())
    }
}
