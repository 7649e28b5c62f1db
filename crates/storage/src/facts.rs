//! Reads of catalogue entries, presentations and requests.

use crate::{
    StoreError,
    column::{RowRef, instant},
    engine::{Tx, on},
    persons::newest,
};
use sqlx::FromRow;
use tillid_domain::{
    Cvr, Digest, Language,
    catalogue::{CatalogueEntry, EntryState, EntryVersion, Shelf, Withdrawal},
    id::{DeclarationId, EntryId, PersonId, PresentationId, RequestId},
    presentation::Presentation,
    request::{ConsentRequest, RequestState},
    text::Code,
};
use uuid::Uuid;

#[derive(FromRow)]
struct EntryRow {
    id: Uuid,
    revision: i64,
    shelf: String,
    code: String,
    number: i64,
    authority: String,
    definition: String,
    drafted_by: String,
    edited_by: Option<String>,
    state: String,
    submitted_at: Option<i64>,
    discarded_at: Option<i64>,
    published_at: Option<i64>,
    retired_at: Option<i64>,
    withdrawn_at: Option<i64>,
    withdrawn_from: Option<i64>,
    withdrawn_why: Option<String>,
}

impl TryFrom<EntryRow> for CatalogueEntry {
    type Error = StoreError;

    fn try_from(row: EntryRow) -> Result<Self, StoreError> {
        let at = RowRef { table: "catalogue_entry", id: row.id };
        let before_use = (row.submitted_at, row.discarded_at);
        let withdrawal = match (row.withdrawn_at, row.withdrawn_from, row.withdrawn_why.as_deref()) {
            (None, None, None) => None,
            (Some(said), Some(from), Some(why)) => {
                Some(Withdrawal { at: instant(said), from: instant(from), why: at.text(why)? })
            }
            _ => return Err(at.corrupt()),
        };
        if withdrawal.is_some() && row.state != "retired" {
            return Err(at.corrupt());
        }
        let state = match (row.state.as_str(), before_use, row.published_at, row.retired_at) {
            ("draft", (None, None), None, None) => EntryState::Draft,
            ("draft", (Some(submitted), None), None, None) => EntryState::InReview { at: instant(submitted) },
            ("draft", (None, Some(discarded)), None, None) => {
                EntryState::Discarded { at: instant(discarded) }
            }
            ("published", (None, None), Some(published), None) => {
                EntryState::Published { at: instant(published) }
            }
            ("retired", (None, None), Some(published), Some(retired)) => {
                EntryState::Retired { published_at: instant(published), at: instant(retired), withdrawal }
            }
            _ => return Err(at.corrupt()),
        };
        let entry = Self {
            id: EntryId::from_uuid(row.id),
            revision: at.number(row.revision)?,
            number: at.number(row.number)?,
            definition: at.json(&row.definition)?,
            drafted_by: at.json(&row.drafted_by)?,
            edited_by: at.json(row.edited_by.as_deref().ok_or_else(|| at.corrupt())?)?,
            state,
        };
        let d = &entry.definition;
        if d.shelf().code() != row.shelf
            || d.code().as_str() != row.code
            || d.authority().to_string() != row.authority
        {
            return Err(at.corrupt());
        }
        Ok(entry)
    }
}

#[derive(FromRow)]
struct PresentationRow {
    id: Uuid,
    person_id: Uuid,
    language: String,
    presented: String,
    document: Vec<u8>,
    document_hash: Vec<u8>,
    shown_at: i64,
    means: Option<String>,
}

#[derive(FromRow)]
struct RequestRow {
    id: Uuid,
    revision: i64,
    person_id: Uuid,
    authority: String,
    asked_by: String,
    asked_at: i64,
    entry_id: Uuid,
    code: String,
    number: i64,
    items: String,
    case_ref: Option<String>,
    deadline: i64,
    state: String,
    declaration_id: Option<Uuid>,
    presentation_id: Option<Uuid>,
    ended_at: Option<i64>,
    cause: Option<String>,
    effective_at: Option<i64>,
    voices: Option<String>,
    exceptions: Option<String>,
    terms: Option<String>,
}

impl TryFrom<RequestRow> for ConsentRequest {
    type Error = StoreError;

    fn try_from(row: RequestRow) -> Result<Self, StoreError> {
        let at = RowRef { table: "consent_request", id: row.id };
        let ended = row.ended_at.map(instant);
        let state = match (
            row.state.as_str(),
            ended,
            row.declaration_id,
            row.presentation_id,
            at.lapse(row.cause.as_deref(), row.effective_at)?,
        ) {
            ("open", None, None, None, None) => RequestState::Open,
            ("answered", Some(ended), Some(declaration), Some(presentation), None) => {
                RequestState::Answered {
                    declaration: DeclarationId::from_uuid(declaration),
                    presentation: PresentationId::from_uuid(presentation),
                    at: ended,
                }
            }
            ("cancelled", Some(ended), None, None, None) => RequestState::Cancelled { at: ended },
            ("lapsed", Some(ended), None, None, Some((cause, effective_at))) => {
                RequestState::Lapsed { at: ended, effective_at, cause }
            }
            _ => return Err(at.corrupt()),
        };
        Ok(Self {
            id: RequestId::from_uuid(row.id),
            revision: at.number(row.revision)?,
            person: PersonId::from_uuid(row.person_id),
            authority: at.text(&row.authority)?,
            asked_by: at.json(&row.asked_by)?,
            asked_at: instant(row.asked_at),
            entry: EntryVersion {
                entry: EntryId::from_uuid(row.entry_id),
                code: at.text(&row.code)?,
                number: at.number(row.number)?,
            },
            items: at.json(&row.items)?,
            case: at.text_opt(row.case_ref.as_deref())?,
            deadline: instant(row.deadline),
            state,
            voices: at.list(row.voices.as_deref())?,
            exceptions: at.list(row.exceptions.as_deref())?,
            terms: at.terms(row.terms.as_deref())?,
        })
    }
}

macro_rules! entry_columns {
    ($rest:literal) => {
        concat!(
            "SELECT id, revision, shelf, code, number, authority, definition, drafted_by, edited_by, state, submitted_at, \
             discarded_at, published_at, retired_at, withdrawn_at, withdrawn_from, withdrawn_why FROM catalogue_entry ",
            $rest
        )
    };
}

macro_rules! request_columns {
    ($rest:literal) => {
        concat!(
            "SELECT id, revision, person_id, authority, asked_by, asked_at, entry_id, code, number, items, case_ref, deadline, state, \
             declaration_id, presentation_id, ended_at, cause, effective_at, voices, exceptions, terms FROM consent_request ",
            $rest
        )
    };
}

impl<Mode> Tx<Mode> {
    /// One version of a definition.
    pub async fn entry(&mut self, id: EntryId) -> Result<Option<CatalogueEntry>, StoreError> {
        const SQL: &str = entry_columns!("WHERE id = $1");
        let row: Option<EntryRow> =
            on!(self, |conn| sqlx::query_as(SQL).bind(id.as_uuid()).fetch_optional(conn).await)?;
        row.map(TryInto::try_into).transpose()
    }

    /// Whose version it is.
    pub async fn entry_authority(&mut self, id: EntryId) -> Result<Option<Cvr>, StoreError> {
        const SQL: &str = "SELECT authority FROM catalogue_entry WHERE id = $1";
        let authority: Option<String> =
            on!(self, |conn| sqlx::query_scalar(SQL).bind(id.as_uuid()).fetch_optional(conn).await)?;
        let at = RowRef { table: "catalogue_entry", id: id.as_uuid() };
        authority.map(|cvr| at.text(&cvr)).transpose()
    }

    /// Every version that is or was in use, of everything.
    pub async fn catalogue(&mut self) -> Result<Vec<CatalogueEntry>, StoreError> {
        const SQL: &str = entry_columns!("WHERE state <> 'draft' ORDER BY id");
        let rows: Vec<EntryRow> = on!(self, |conn| sqlx::query_as(SQL).fetch_all(conn).await)?;
        rows.into_iter().map(TryInto::try_into).collect()
    }

    /// The versions that are withdrawn, and whose mandates have not all been gone through since.
    pub async fn withdrawals_under_way(&mut self) -> Result<Vec<CatalogueEntry>, StoreError> {
        const SQL: &str = entry_columns!(
            "WHERE withdrawn_from IS NOT NULL AND NOT EXISTS (SELECT 1 FROM withdrawal_progress p WHERE p.entry_id = catalogue_entry.id \
             AND p.revision = catalogue_entry.revision AND p.done_at IS NOT NULL) ORDER BY id"
        );
        let rows: Vec<EntryRow> = on!(self, |conn| sqlx::query_as(SQL).fetch_all(conn).await)?;
        rows.into_iter().map(TryInto::try_into).collect()
    }

    /// Every version of one code, the newest first.
    pub async fn entries_of(&mut self, shelf: Shelf, code: &Code) -> Result<Vec<CatalogueEntry>, StoreError> {
        const SQL: &str = entry_columns!("WHERE shelf = $1 AND code = $2 ORDER BY number DESC");
        let rows: Vec<EntryRow> = on!(self, |conn| sqlx::query_as(SQL)
            .bind(shelf.code())
            .bind(code.as_str())
            .fetch_all(conn)
            .await)?;
        rows.into_iter().map(TryInto::try_into).collect()
    }

    /// Every version of one shelf that an authority has, by code and with the newest of each first.
    pub async fn entries_by(
        &mut self,
        shelf: Shelf,
        authority: Cvr,
    ) -> Result<Vec<CatalogueEntry>, StoreError> {
        const SQL: &str =
            entry_columns!("WHERE shelf = $1 AND authority = $2 ORDER BY code, number DESC LIMIT 10000");
        let rows: Vec<EntryRow> = on!(self, |conn| sqlx::query_as(SQL)
            .bind(shelf.code())
            .bind(authority.to_string())
            .fetch_all(conn)
            .await)?;
        rows.into_iter().map(TryInto::try_into).collect()
    }

    /// The published versions of one shelf after a code, in the order of the codes.
    pub async fn published(
        &mut self,
        shelf: Shelf,
        after: &str,
        limit: u32,
    ) -> Result<Vec<CatalogueEntry>, StoreError> {
        const SQL: &str =
            entry_columns!("WHERE shelf = $1 AND state = 'published' AND code > $2 ORDER BY code LIMIT $3");
        let rows: Vec<EntryRow> = on!(self, |conn| sqlx::query_as(SQL)
            .bind(shelf.code())
            .bind(after)
            .bind(i64::from(limit))
            .fetch_all(conn)
            .await)?;
        rows.into_iter().map(TryInto::try_into).collect()
    }

    /// A presentation and the exact document; a document that is not what was committed to is corrupt.
    pub async fn presentation(
        &mut self,
        id: PresentationId,
    ) -> Result<Option<(Presentation, Vec<u8>)>, StoreError> {
        const SQL: &str = "SELECT id, person_id, language, presented, document, document_hash, shown_at, means FROM presentation WHERE id = $1";
        let row: Option<PresentationRow> =
            on!(self, |conn| sqlx::query_as(SQL).bind(id.as_uuid()).fetch_optional(conn).await)?;
        let Some(row) = row else { return Ok(None) };
        let at = RowRef { table: "presentation", id: row.id };
        let document = Digest::try_from(row.document_hash.as_slice()).map_err(|_| at.corrupt())?;
        if Digest::of(&row.document) != document {
            return Err(at.corrupt());
        }
        let presentation = Presentation {
            id,
            person: PersonId::from_uuid(row.person_id),
            language: at.code::<Language>(&row.language)?,
            presented: at.json(&row.presented)?,
            document,
            means: at.code_opt(row.means.as_deref())?.unwrap_or_default(),
            shown_at: instant(row.shown_at),
        };
        Ok(Some((presentation, row.document)))
    }

    /// A request for consent.
    pub async fn request(&mut self, id: RequestId) -> Result<Option<ConsentRequest>, StoreError> {
        const SQL: &str = request_columns!("WHERE id = $1");
        let row: Option<RequestRow> =
            on!(self, |conn| sqlx::query_as(SQL).bind(id.as_uuid()).fetch_optional(conn).await)?;
        row.map(TryInto::try_into).transpose()
    }

    /// The requests to a person and to those who go on as them, the newest first, below an id; of one authority or of all.
    pub async fn requests_to(
        &mut self,
        person: PersonId,
        authority: Option<Cvr>,
        below: Option<RequestId>,
        limit: u32,
    ) -> Result<Vec<ConsentRequest>, StoreError> {
        const SQL: &str = request_columns!(
            "WHERE person_id = $1 AND id < $2 AND ($3 = '' OR authority = $3) ORDER BY id DESC LIMIT $4"
        );
        let mut rows: Vec<RequestRow> = Vec::new();
        for one in self.all_who_are(person).await? {
            rows.extend(on!(self, |conn| sqlx::query_as::<_, RequestRow>(SQL)
                .bind(one.as_uuid())
                .bind(below.map_or(Uuid::max(), RequestId::as_uuid))
                .bind(authority.map(|a| a.to_string()).unwrap_or_default())
                .bind(i64::from(limit))
                .fetch_all(conn)
                .await)?);
        }
        newest(rows, limit, |row| row.id).into_iter().map(TryInto::try_into).collect()
    }
}
