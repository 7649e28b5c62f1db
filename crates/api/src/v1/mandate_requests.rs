//! `/v1/mandate-requests`: asking for a power of attorney, and answering.

use super::{mandates, with_etag};
use crate::{
    Api,
    bodies::{Part, PartyBody, PersonBody, next},
    view::{MandateRequestView, MandateView, PageView, directory},
};
use axum::{
    extract::State,
    http::StatusCode,
    response::{IntoResponse, Response},
};
use serde::Deserialize;
use tillid_domain::{
    LocalDate,
    id::{MandateRequestId, PresentationId},
    text::{CaseRef, Code, Name, PrivilegeUri},
};
use tillid_edge::{Bare, Caller, Gate, Json, Path, Problem, Query, Sent};
use tillid_service::{NewMandateRequest, SeenMandateRequest};
use utoipa::ToSchema;
use utoipa_axum::{router::OpenApiRouter, routes};

const LIST: &str = "mandate-requests";

pub(super) fn router() -> OpenApiRouter<Api> {
    OpenApiRouter::new()
        .routes(routes!(list, ask))
        .routes(routes!(read))
        .routes(routes!(approve))
        .routes(routes!(decline))
}

/// What is asked for.
#[derive(Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
struct MandateRequestBody {
    /// What this is, as a decision's `would_permit` says it; it need not be said.
    #[serde(rename = "type")]
    _kind: Option<MandateRequestKind>,
    /// Who is asked to give it.
    grantor: PersonBody,
    /// What you call them; only you are shown it.
    #[schema(value_type = Option<String>)]
    grantor_name: Option<Name>,
    /// Who would act; left out by citizens, who ask for themselves, and by those at work, who ask for their organisation.
    representative: Option<PartyBody>,
    /// The codes of the packages.
    #[schema(value_type = Vec<String>)]
    packages: Vec<Code>,
    /// Which of their privileges; all when left out.
    #[serde(default)]
    #[schema(value_type = Vec<String>)]
    privileges: Vec<PrivilegeUri>,
    /// For one case only.
    #[schema(value_type = Option<String>)]
    case: Option<CaseRef>,
    /// The last day on which it could be used; what the packages propose when left out.
    #[schema(value_type = Option<String>, format = "date")]
    valid_until: Option<LocalDate>,
    /// The last day on which it can be answered; thirty days when left out, six months at most, and never after `valid_until`.
    #[schema(value_type = Option<String>, format = "date")]
    deadline: Option<LocalDate>,
}

/// The one kind of request that is made here.
#[derive(Deserialize, ToSchema)]
#[serde(rename_all = "snake_case")]
enum MandateRequestKind {
    /// A request for a power of attorney.
    MandateRequest,
}

/// What is approved.
#[derive(Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
struct ApproveBody {
    /// What you were shown about this request.
    #[schema(value_type = uuid::Uuid)]
    presentation_id: PresentationId,
}

/// The requests to you and those for a mandate to you, or those of the person that you look at, the newest first.
#[utoipa::path(get, operation_id = "list_mandate_requests", path = "/mandate-requests", tag = "mandate requests",
    params(Part, ("Lookup-Id" = Option<uuid::Uuid>, Header, description = "needed by staff and systems")),
    responses((status = 200, body = PageView<MandateRequestView>), (status = 403)))]
async fn list(
    State(gate): State<Gate>,
    caller: Caller,
    Query(part): Query<Part>,
) -> Result<Response, Problem> {
    let (below, limit) = (part.after(LIST)?, part.limit()?);
    let page = gate.service.list_mandate_requests(&caller.read(), below, limit).await;
    let page = page.map_err(|e| caller.problem(&e))?;
    let view = |seen| MandateRequestView::new(seen, directory(&gate.service));
    let items = page.items.into_iter().map(view).collect();
    Ok(Json(PageView { items, next: next(LIST, page.next) }).into_response())
}

/// Ask a person for a power of attorney: for yourself, or, as an authority with packages of your own, for somebody else. The answer is
/// the same whoever they are.
#[utoipa::path(post, operation_id = "ask_for_mandate", path = "/mandate-requests", tag = "mandate requests", request_body = MandateRequestBody,
    responses((status = 201, body = MandateRequestView), (status = 403), (status = 409), (status = 422)))]
async fn ask(
    State(gate): State<Gate>,
    caller: Caller,
    sent: Sent<MandateRequestBody>,
) -> Result<Response, Problem> {
    let call = caller.change(sent.fingerprint);
    let body = sent.value;
    let new = NewMandateRequest {
        grantor: body.grantor.into(),
        grantor_name: body.grantor_name,
        representative: body.representative.map(Into::into),
        packages: body.packages,
        privileges: body.privileges,
        case: body.case,
        valid_until: body.valid_until,
        deadline: body.deadline,
    };
    let done = gate.service.ask_for_mandate(&call, &new).await.map_err(|e| caller.problem(&e))?;
    Ok(shown(&gate, StatusCode::CREATED, done.value))
}

/// One request.
#[utoipa::path(get, operation_id = "read_mandate_request", path = "/mandate-requests/{id}", tag = "mandate requests",
    params(("id" = uuid::Uuid, Path), ("Lookup-Id" = Option<uuid::Uuid>, Header, description = "needed by staff and systems")),
    responses((status = 200, body = MandateRequestView), (status = 403), (status = 404)))]
async fn read(
    State(gate): State<Gate>,
    caller: Caller,
    Path(id): Path<MandateRequestId>,
) -> Result<Response, Problem> {
    let seen = gate.service.read_mandate_request(&caller.read(), id).await.map_err(|e| caller.problem(&e))?;
    Ok(shown(&gate, StatusCode::OK, seen))
}

/// Approve a request: name what you were shown about it. That gives the mandate, which can be used at once.
#[utoipa::path(post, operation_id = "approve_mandate_request", path = "/mandate-requests/{id}/approve", tag = "mandate requests", params(("id" = uuid::Uuid, Path)),
    request_body = ApproveBody,
    responses((status = 201, body = MandateView), (status = 401), (status = 403), (status = 404), (status = 409), (status = 412), (status = 422)))]
async fn approve(
    State(gate): State<Gate>,
    caller: Caller,
    Path(id): Path<MandateRequestId>,
    sent: Sent<ApproveBody>,
) -> Result<Response, Problem> {
    let call = caller.change(sent.fingerprint);
    let done = gate.service.approve_mandate_request(&call, id, sent.value.presentation_id).await;
    let done = done.map_err(|e| caller.problem(&e))?;
    mandates::shown(&gate, &caller, StatusCode::CREATED, done.value).await
}

/// Say no to a request. No reason is asked, and no body is needed.
#[utoipa::path(post, operation_id = "decline_mandate_request", path = "/mandate-requests/{id}/decline", tag = "mandate requests", params(("id" = uuid::Uuid, Path)),
    responses((status = 200, body = MandateRequestView), (status = 403), (status = 404), (status = 409), (status = 412)))]
async fn decline(
    State(gate): State<Gate>,
    caller: Caller,
    Path(id): Path<MandateRequestId>,
    bare: Bare,
) -> Result<Response, Problem> {
    let call = caller.change(bare.fingerprint);
    let done = gate.service.decline_mandate_request(&call, id).await.map_err(|e| caller.problem(&e))?;
    Ok(shown(&gate, StatusCode::OK, done.value))
}

fn shown(gate: &Gate, status: StatusCode, seen: SeenMandateRequest) -> Response {
    let revision = seen.request.revision;
    with_etag(status, revision, MandateRequestView::new(seen, directory(&gate.service)))
}
