//! `/v1/mandates`: giving, entering, reading.

use super::with_etag;
use crate::{
    Api,
    bodies::{Part, PastPart, PastTimes, next},
    view::{
        AsOfView, MandateReader, MandateView, PageView, PastPageView, PastView, Reader, UseView, directory,
    },
};
use axum::{
    extract::State,
    http::StatusCode,
    response::{IntoResponse, Redirect, Response},
};
use serde::Deserialize;
use tillid_domain::{
    LocalDate, Reason,
    id::{DocumentId, MandateId, PresentationId},
    mandate::MandatePaper,
};
use tillid_edge::{Caller, Gate, Json, Path, Problem, Query, Sent};
use tillid_service::{Error, FoundMandate, MandateEntry, ReceiptOf};
use utoipa::ToSchema;
use utoipa_axum::{router::OpenApiRouter, routes};

const LIST: &str = "mandates";
const USES: &str = "mandate-uses";

pub(super) fn router() -> OpenApiRouter<Api> {
    OpenApiRouter::new()
        .routes(routes!(list, give))
        .routes(routes!(read))
        .routes(routes!(receipt))
        .routes(routes!(preview))
        .routes(routes!(uses))
}

/// A power of attorney as it was shown.
#[derive(Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
struct GiveBody {
    /// What you were shown; or, of a registrar, what was printed for the person of the look-up.
    #[schema(value_type = uuid::Uuid)]
    presentation_id: PresentationId,
    /// Of a registrar: what the person signed.
    registration: Option<EntryBody>,
}

/// A power of attorney on paper.
#[derive(Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
struct EntryBody {
    /// `form` (the one that was printed here) or `general` (a general power of attorney, without exceptions, signed before a lawyer or two
    /// witnesses).
    #[schema(value_type = String)]
    paper: MandatePaper,
    /// The day beside the signature.
    #[schema(value_type = String, format = "date")]
    signed_on: LocalDate,
    /// The scanned paper, from `POST /v1/documents`.
    #[schema(value_type = uuid::Uuid)]
    document_id: DocumentId,
}

/// The mandates that you gave or hold, or those of the person that you look at, the newest first.
#[utoipa::path(get, operation_id = "list_mandates", path = "/mandates", tag = "mandates",
    params(PastPart, ("Lookup-Id" = Option<uuid::Uuid>, Header, description = "needed by staff and systems")),
    responses((status = 200, body = PastPageView<MandateView>), (status = 403)))]
async fn list(
    State(gate): State<Gate>,
    caller: Caller,
    Query(past): Query<PastPart>,
) -> Result<Response, Problem> {
    let (part, times) = (past.part(), past.times()?);
    let (below, limit) = (part.after(LIST)?, part.limit()?);
    let listed = gate.service.list_mandates_at(&caller.read(), times, below, limit).await;
    let (page, as_of, now) = listed.map_err(|e| caller.problem(&e))?;
    let seen = |found: FoundMandate| {
        let reader = MandateReader::of(caller.actor(), &found.mandate);
        MandateView::found(found, reader)
    };
    let items = page.items.into_iter().map(seen).collect();
    let as_of = as_of.map(|as_of| AsOfView::new(as_of, now));
    Ok(Json(PastPageView { items, next: next(LIST, page.next), as_of }).into_response())
}

/// Give the power of attorney that you were shown, or pass on what you were shown of one that you hold. It can be used at once, unless one of its packages asks for more. A registrar enters
/// what the person of the look-up signed on paper; where one registrar is not enough, it waits for a second one.
#[utoipa::path(post, operation_id = "give_mandate", path = "/mandates", tag = "mandates", request_body = GiveBody,
    params(("Lookup-Id" = Option<uuid::Uuid>, Header, description = "needed by staff")),
    responses((status = 201, body = MandateView), (status = 401), (status = 403), (status = 409), (status = 422)))]
async fn give(State(gate): State<Gate>, caller: Caller, sent: Sent<GiveBody>) -> Result<Response, Problem> {
    let call = caller.change(sent.fingerprint);
    let GiveBody { presentation_id, registration } = sent.value;
    let done = match (Reader::from(caller.actor()), registration) {
        (Reader::Citizen, None) => gate.service.give_mandate(&call, presentation_id).await,
        (Reader::Citizen, Some(_)) => Err(Error::invalid("/registration", Reason::StaffOnly)),
        (Reader::Staff, None) => Err(Error::Denied(Reason::CitizensOnly)),
        (Reader::Staff, Some(EntryBody { paper, signed_on, document_id })) => {
            let entry = MandateEntry { paper, signed_on, document: document_id };
            gate.service.register_mandate(&call, presentation_id, entry).await
        }
    };
    let done = done.map_err(|e| caller.problem(&e))?;
    shown(&gate, &caller, StatusCode::CREATED, done.value).await
}

/// One mandate.
#[utoipa::path(get, operation_id = "read_mandate", path = "/mandates/{id}", tag = "mandates",
    params(("id" = uuid::Uuid, Path), PastTimes, ("Lookup-Id" = Option<uuid::Uuid>, Header, description = "needed by staff and systems")),
    responses((status = 200, body = PastView<MandateView>), (status = 403), (status = 404)))]
async fn read(
    State(gate): State<Gate>,
    caller: Caller,
    Path(id): Path<MandateId>,
    Query(past): Query<PastTimes>,
) -> Result<Response, Problem> {
    let read = gate.service.read_mandate_at(&caller.read(), id, past.times()?).await;
    let (found, as_of, now) = read.map_err(|e| caller.problem(&e))?;
    let revision = found.mandate.revision;
    let reader = MandateReader::of(caller.actor(), &found.mandate);
    let as_of = as_of.map(|as_of| AsOfView::new(as_of, now));
    Ok(with_etag(StatusCode::OK, revision, PastView { view: MandateView::found(found, reader), as_of }))
}

/// Everything that would end if the mandate ended now: the mandate itself, then what was passed on of it, what lies above first, then what
/// several give or hold together with it. What ends when it is revoked or given up is exactly that; what others gave together with you is
/// theirs to see, and ends too.
#[utoipa::path(get, operation_id = "preview_revocation", path = "/mandates/{id}/revocation-preview", tag = "mandates",
    params(("id" = uuid::Uuid, Path), ("Lookup-Id" = Option<uuid::Uuid>, Header, description = "needed by staff and systems")),
    responses((status = 200, body = PageView<MandateView>), (status = 403), (status = 404), (status = 409)))]
async fn preview(
    State(gate): State<Gate>,
    caller: Caller,
    Path(id): Path<MandateId>,
) -> Result<Response, Problem> {
    let preview = gate.service.revocation_preview(&caller.read(), id).await;
    let (whole, _) = preview.map_err(|e| caller.problem(&e))?;
    let seen = |found: FoundMandate| {
        let reader = MandateReader::of(caller.actor(), &found.mandate);
        MandateView::found(found, reader)
    };
    let items = std::iter::once(whole.found).chain(whole.below).map(seen).collect();
    Ok(Json(PageView { items, next: None }).into_response())
}

/// Who used the mandate and when, the newest first: all of it to whoever gave it, to its representative what they did themselves, and to
/// staff and systems what was done at their own authority. `after_end` says that there was no power any more, as is known now.
#[utoipa::path(get, operation_id = "list_mandate_uses", path = "/mandates/{id}/uses", tag = "mandates",
    params(("id" = uuid::Uuid, Path), Part, ("Lookup-Id" = Option<uuid::Uuid>, Header, description = "needed by staff and systems")),
    responses((status = 200, body = PageView<UseView>), (status = 403), (status = 404)))]
async fn uses(
    State(gate): State<Gate>,
    caller: Caller,
    Path(id): Path<MandateId>,
    Query(part): Query<Part>,
) -> Result<Response, Problem> {
    let list = format!("{USES} {id}");
    let (below, limit) = (part.after(&list)?, part.limit()?);
    let used = gate.service.mandate_uses(&caller.read(), id, below, limit).await;
    let (page, _) = used.map_err(|e| caller.problem(&e))?;
    let items = page.items.into_iter().map(|used| UseView::new(used, directory(&gate.service))).collect();
    Ok(Json(PageView { items, next: next(&list, page.next) }).into_response())
}

/// The newest receipt of your mandate.
#[utoipa::path(get, operation_id = "newest_mandate_receipt", path = "/mandates/{id}/receipt", tag = "receipts", params(("id" = uuid::Uuid, Path)),
    responses((status = 303), (status = 403), (status = 404)))]
async fn receipt(
    State(gate): State<Gate>,
    caller: Caller,
    Path(id): Path<MandateId>,
) -> Result<Response, Problem> {
    let event = gate.service.newest_receipt(&caller.read(), ReceiptOf::Mandate(id)).await;
    let event = event.map_err(|e| caller.problem(&e))?;
    Ok(Redirect::to(&format!("/v1/receipts/{event}")).into_response())
}

pub(super) async fn shown(
    gate: &Gate,
    caller: &Caller,
    status: StatusCode,
    mandate: tillid_domain::mandate::Mandate,
) -> Result<Response, Problem> {
    let now = gate.service.business_now().await.map_err(|e| caller.problem(&e))?;
    let reader = MandateReader::of(caller.actor(), &mandate);
    Ok(with_etag(status, mandate.revision, MandateView::new(mandate, reader, now)))
}
