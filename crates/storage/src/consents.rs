//! Reads of consents.

use crate::{
    StoreError,
    column::{ConsentEnd, RowRef, instant},
    engine::{Tx, on},
    persons::newest,
};
use sqlx::FromRow;
use tillid_domain::{
    Cvr, Period,
    catalogue::EntryVersion,
    collected::Collected,
    consent::Consent,
    event::ConsentAnswer,
    id::{ConsentId, DeclarationId, EntryId, PersonId, PresentationId, RequestId},
    text::CaseRef,
};
use uuid::Uuid;

#[derive(FromRow)]
pub(crate) struct ConsentRow {
    id: Uuid,
    revision: i64,
    person_id: Uuid,
    declaration_id: Uuid,
    request_id: Option<Uuid>,
    presentation_id: Uuid,
    authority: String,
    entry_id: Uuid,
    code: String,
    number: i64,
    item: String,
    polarity: String,
    case_ref: Option<String>,
    channel: String,
    valid_from: i64,
    valid_to: Option<i64>,
    answered_at: i64,
    state: String,
    ended_at: Option<i64>,
    cause: Option<String>,
    effective_at: Option<i64>,
    collected: Option<String>,
    recorded_at: Option<i64>,
    ended_through: Option<String>,
    for_child: Option<String>,
    terms: Option<String>,
}

impl TryFrom<ConsentRow> for Consent {
    type Error = StoreError;

    fn try_from(row: ConsentRow) -> Result<Self, StoreError> {
        let at = RowRef { table: "consent", id: row.id };
        let state = at.consent_state(&ConsentEnd {
            state: &row.state,
            at: row.ended_at,
            cause: row.cause.as_deref(),
            effective_at: row.effective_at,
            through: row.ended_through.as_deref(),
        })?;
        let collected = match row.collected.as_deref() {
            Some(text) => at.json(text)?,
            None => Collected::Digital,
        };
        let recorded_at = row.recorded_at.unwrap_or(row.answered_at);
        if collected.channel().code() != row.channel || row.recorded_at == Some(row.answered_at) {
            return Err(at.corrupt());
        }
        let answer = ConsentAnswer {
            person: PersonId::from_uuid(row.person_id),
            declaration: DeclarationId::from_uuid(row.declaration_id),
            request: row.request_id.map(RequestId::from_uuid),
            presentation: PresentationId::from_uuid(row.presentation_id),
            authority: at.text(&row.authority)?,
            entry: EntryVersion {
                entry: EntryId::from_uuid(row.entry_id),
                code: at.text(&row.code)?,
                number: at.number(row.number)?,
            },
            item: at.text(&row.item)?,
            polarity: at.code(&row.polarity)?,
            case: at.text_opt(row.case_ref.as_deref())?,
            collected,
            valid: Period { from: instant(row.valid_from), to: row.valid_to.map(instant) },
            for_child: row.for_child.as_deref().map(|text| at.json(text)).transpose()?,
            terms: at.terms(row.terms.as_deref())?,
        };
        Ok(Self {
            id: ConsentId::from_uuid(row.id),
            revision: at.number(row.revision)?,
            answer,
            answered_at: instant(row.answered_at),
            recorded_at: instant(recorded_at),
            state,
        })
    }
}

macro_rules! consent_columns {
    ($($rest:literal),+) => {
        concat!(
            "SELECT id, revision, person_id, declaration_id, request_id, presentation_id, authority, entry_id, code, number, item, \
             polarity, case_ref, channel, valid_from, valid_to, answered_at, state, ended_at, cause, effective_at, collected, recorded_at, ended_through, for_child, terms \
             FROM consent ",
            $($rest),+
        )
    };
}

pub(crate) use consent_columns;

impl<Mode> Tx<Mode> {
    /// One specific consent.
    pub async fn consent(&mut self, id: ConsentId) -> Result<Option<Consent>, StoreError> {
        const SQL: &str = consent_columns!("WHERE id = $1");
        let row: Option<ConsentRow> =
            on!(self, |conn| sqlx::query_as(SQL).bind(id.as_uuid()).fetch_optional(conn).await)?;
        row.map(TryInto::try_into).transpose()
    }

    /// Whether consents were answered on the strength of that presentation.
    pub async fn consents_rest_on(&mut self, presentation: PresentationId) -> Result<bool, StoreError> {
        const SQL: &str = "SELECT COUNT(*) FROM consent WHERE presentation_id = $1";
        let count: i64 =
            on!(self, |conn| sqlx::query_scalar(SQL).bind(presentation.as_uuid()).fetch_one(conn).await)?;
        Ok(count > 0)
    }

    /// The consents that were answered on the strength of that presentation, in the order in which they were asked.
    pub async fn consents_of_presentation(&mut self, id: PresentationId) -> Result<Vec<Consent>, StoreError> {
        const SQL: &str = consent_columns!("WHERE presentation_id = $1 ORDER BY id");
        let rows: Vec<ConsentRow> =
            on!(self, |conn| sqlx::query_as(SQL).bind(id.as_uuid()).fetch_all(conn).await)?;
        rows.into_iter().map(TryInto::try_into).collect()
    }

    /// The consents of one declaration, in the order in which they were asked.
    pub async fn consents_of_declaration(&mut self, id: DeclarationId) -> Result<Vec<Consent>, StoreError> {
        const SQL: &str = consent_columns!("WHERE declaration_id = $1 ORDER BY id");
        let rows: Vec<ConsentRow> =
            on!(self, |conn| sqlx::query_as(SQL).bind(id.as_uuid()).fetch_all(conn).await)?;
        rows.into_iter().map(TryInto::try_into).collect()
    }

    /// Whom something that is given or asked for a case of that authority concerns.
    pub async fn persons_of_case(
        &mut self,
        authority: Cvr,
        case: &CaseRef,
    ) -> Result<Vec<PersonId>, StoreError> {
        const SQL: &str = "SELECT person_id FROM consent WHERE authority = $1 AND case_ref = $2 AND state = 'given' \
             UNION SELECT person_id FROM consent_request WHERE authority = $1 AND case_ref = $2 AND state = 'open' ORDER BY 1";
        let ids: Vec<Uuid> = on!(self, |conn| sqlx::query_scalar(SQL)
            .bind(authority.to_string())
            .bind(case.as_str())
            .fetch_all(conn)
            .await)?;
        Ok(ids.into_iter().map(PersonId::from_uuid).collect())
    }

    /// The consents of a person and of those who go on as them, the newest first, below an id; towards one authority or all.
    pub async fn consents_of(
        &mut self,
        person: PersonId,
        authority: Option<Cvr>,
        below: Option<ConsentId>,
        limit: u32,
    ) -> Result<Vec<Consent>, StoreError> {
        const SQL: &str = consent_columns!(
            "WHERE person_id = $1 AND id < $2 AND ($3 = '' OR authority = $3) ORDER BY id DESC LIMIT $4"
        );
        let mut rows: Vec<ConsentRow> = Vec::new();
        for one in self.all_who_are(person).await? {
            rows.extend(on!(self, |conn| sqlx::query_as::<_, ConsentRow>(SQL)
                .bind(one.as_uuid())
                .bind(below.map_or(Uuid::max(), ConsentId::as_uuid))
                .bind(authority.map(|a| a.to_string()).unwrap_or_default())
                .bind(i64::from(limit))
                .fetch_all(conn)
                .await)?);
        }
        newest(rows, limit, |row| row.id).into_iter().map(TryInto::try_into).collect()
    }
}
