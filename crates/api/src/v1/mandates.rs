//! `/v1/mandates`: giving, reading, revoking, renouncing.

use super::with_etag;
use crate::{
    Api,
    bodies::{PastPart, PastTimes, next},
    view::{AsOfView, MandateView, PastPageView, PastView},
};
use axum::{
    extract::State,
    http::StatusCode,
    response::{IntoResponse, Redirect, Response},
};
use serde::Deserialize;
use tillid_domain::id::{MandateId, PresentationId};
use tillid_edge::{Bare, Caller, Gate, Json, Path, Problem, Query, Sent};
use tillid_service::ReceiptOf;
use utoipa::ToSchema;
use utoipa_axum::{router::OpenApiRouter, routes};

const LIST: &str = "mandates";

pub(super) fn router() -> OpenApiRouter<Api> {
    OpenApiRouter::new()
        .routes(routes!(list, give))
        .routes(routes!(read))
        .routes(routes!(revoke))
        .routes(routes!(renounce))
        .routes(routes!(receipt))
}

/// A power of attorney as it was shown.
#[derive(Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
struct GiveBody {
    /// What you were shown.
    #[schema(value_type = uuid::Uuid)]
    presentation_id: PresentationId,
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
    let items = page.items.into_iter().map(MandateView::found).collect();
    let as_of = as_of.map(|as_of| AsOfView::new(as_of, now));
    Ok(Json(PastPageView { items, next: next(LIST, page.next), as_of }).into_response())
}

/// Give the power of attorney that you were shown. It can be used at once.
#[utoipa::path(post, operation_id = "give_mandate", path = "/mandates", tag = "mandates", request_body = GiveBody,
    responses((status = 201, body = MandateView), (status = 401), (status = 403), (status = 409), (status = 422)))]
async fn give(State(gate): State<Gate>, caller: Caller, sent: Sent<GiveBody>) -> Result<Response, Problem> {
    let call = caller.change(sent.fingerprint);
    let done =
        gate.service.give_mandate(&call, sent.value.presentation_id).await.map_err(|e| caller.problem(&e))?;
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
    let as_of = as_of.map(|as_of| AsOfView::new(as_of, now));
    Ok(with_etag(StatusCode::OK, revision, PastView { view: MandateView::found(found), as_of }))
}

/// Revoke a mandate that you gave. From this answer on, nothing is permitted by it.
#[utoipa::path(post, operation_id = "revoke_mandate", path = "/mandates/{id}/revoke", tag = "mandates", params(("id" = uuid::Uuid, Path)),
    responses((status = 200, body = MandateView), (status = 403), (status = 404), (status = 409), (status = 412)))]
async fn revoke(
    State(gate): State<Gate>,
    caller: Caller,
    Path(id): Path<MandateId>,
    bare: Bare,
) -> Result<Response, Problem> {
    let call = caller.change(bare.fingerprint);
    let done = gate.service.revoke_mandate(&call, id).await.map_err(|e| caller.problem(&e))?;
    shown(&gate, &caller, StatusCode::OK, done.value).await
}

/// Give up a mandate that you hold.
#[utoipa::path(post, operation_id = "renounce_mandate", path = "/mandates/{id}/renounce", tag = "mandates", params(("id" = uuid::Uuid, Path)),
    responses((status = 200, body = MandateView), (status = 403), (status = 404), (status = 409), (status = 412)))]
async fn renounce(
    State(gate): State<Gate>,
    caller: Caller,
    Path(id): Path<MandateId>,
    bare: Bare,
) -> Result<Response, Problem> {
    let call = caller.change(bare.fingerprint);
    let done = gate.service.renounce_mandate(&call, id).await.map_err(|e| caller.problem(&e))?;
    shown(&gate, &caller, StatusCode::OK, done.value).await
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
    Ok(with_etag(status, mandate.revision, MandateView::new(mandate, now)))
}
