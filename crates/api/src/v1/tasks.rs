//! `/v1/tasks`, `/v1/late-uses` and `/v1/cases`: what an authority has to do because a consent is gone, what was done with mandates that had
//! ended, and that a case is decided.

use super::with_etag;
use crate::{
    Api,
    bodies::{Part, next},
    view::{LateUseView, PageView, TaskView, directory},
};
use axum::{
    extract::State,
    http::StatusCode,
    response::{IntoResponse, Response},
};
use serde::{Deserialize, Serialize};
use tillid_domain::{
    Instant,
    id::TaskId,
    task::TaskOutcome,
    text::{CaseRef, Prose},
};
use tillid_edge::{Bare, Caller, Cursor, Gate, Json, Path, Problem, Protocol, Query, Sent};
use tillid_service::LatePlace;
use utoipa::ToSchema;
use utoipa_axum::{router::OpenApiRouter, routes};

const LIST: &str = "tasks";
const LATE: &str = "late-uses";

pub(super) fn router() -> OpenApiRouter<Api> {
    OpenApiRouter::new()
        .routes(routes!(list))
        .routes(routes!(read))
        .routes(routes!(close))
        .routes(routes!(close_case))
        .routes(routes!(late_uses))
}

/// What came of a task.
#[derive(Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
struct OutcomeBody {
    /// `done`, `other_basis` or `nothing_there`.
    #[schema(value_type = String)]
    outcome: TaskOutcome,
    /// In your words; with `other_basis`, the basis in law.
    #[schema(value_type = Option<String>)]
    note: Option<Prose>,
}

/// What ended with a case.
#[derive(Serialize, ToSchema)]
struct ClosedCaseView {
    /// How many consents lapsed.
    consents: usize,
    /// How many open requests lapsed.
    requests: usize,
}

/// The open tasks of your authority that you may see, the oldest first. That you saw them stands in the log of each person concerned.
#[utoipa::path(get, operation_id = "list_tasks", path = "/tasks", tag = "tasks", params(Part),
    responses((status = 200, body = PageView<TaskView>), (status = 403)))]
async fn list(
    State(gate): State<Gate>,
    caller: Caller,
    Query(part): Query<Part>,
) -> Result<Response, Problem> {
    let (above, limit) = (part.after(LIST)?, part.limit()?);
    let listed = gate.service.list_tasks(&caller.read(), above, limit).await;
    let (page, now) = listed.map_err(|e| caller.problem(&e))?;
    let items = page.items.into_iter().map(|typed| TaskView::new(typed, now)).collect();
    Ok(Json(PageView { items, next: next(LIST, page.next) }).into_response())
}

/// The uses at your authority of powers of attorney that had ended, before anybody knew: of the last 90 days, the ends that became known
/// last first. They are for somebody to look at again. That you saw them stands in the log of each person concerned.
#[utoipa::path(get, operation_id = "list_late_uses", path = "/late-uses", tag = "tasks", params(Part),
    responses((status = 200, body = PageView<LateUseView>), (status = 403)))]
async fn late_uses(
    State(gate): State<Gate>,
    caller: Caller,
    Query(part): Query<Part>,
) -> Result<Response, Problem> {
    let after = part.keys(LATE)?.map(|keys| late_place(&keys)).transpose()?;
    let listed = gate.service.list_late_uses(&caller.read(), after, part.limit()?).await;
    let (page, _) = listed.map_err(|e| caller.problem(&e))?;
    let items = page.items.into_iter().map(|late| LateUseView::new(late, directory(&gate.service))).collect();
    let next = page.next.map(|LatePlace { known_at, mandate, record }| {
        Cursor::encode(LATE, &[known_at.to_string(), mandate.to_string(), record.to_string()])
    });
    Ok(Json(PageView { items, next }).into_response())
}

fn late_place(keys: &[String]) -> Result<LatePlace, Problem> {
    let read = |keys: &[String]| {
        let [known_at, mandate, record] = keys else { return None };
        let known_at: Instant = known_at.parse().ok()?;
        Some(LatePlace { known_at, mandate: mandate.parse().ok()?, record: record.parse().ok()? })
    };
    read(keys).ok_or_else(|| Protocol::InvalidCursor.into())
}

/// One task.
#[utoipa::path(get, operation_id = "read_task", path = "/tasks/{id}", tag = "tasks", params(("id" = uuid::Uuid, Path)),
    responses((status = 200, body = TaskView), (status = 403), (status = 404)))]
async fn read(State(gate): State<Gate>, caller: Caller, Path(id): Path<TaskId>) -> Result<Response, Problem> {
    let (typed, now) = gate.service.read_task(&caller.read(), id).await.map_err(|e| caller.problem(&e))?;
    let revision = typed.task.revision;
    Ok(with_etag(StatusCode::OK, revision, TaskView::new(typed, now)))
}

/// Say what came of a task. It stands in the person's log.
#[utoipa::path(post, operation_id = "close_task", path = "/tasks/{id}/close", tag = "tasks", params(("id" = uuid::Uuid, Path)),
    request_body = OutcomeBody,
    responses((status = 200, body = TaskView), (status = 403), (status = 404), (status = 409), (status = 412), (status = 422)))]
async fn close(
    State(gate): State<Gate>,
    caller: Caller,
    Path(id): Path<TaskId>,
    sent: Sent<OutcomeBody>,
) -> Result<Response, Problem> {
    let call = caller.change(sent.fingerprint);
    let OutcomeBody { outcome, note } = sent.value;
    let done = gate.service.close_task(&call, id, outcome, note.as_ref()).await;
    let done = done.map_err(|e| caller.problem(&e))?;
    let now = gate.service.business_now().await.map_err(|e| caller.problem(&e))?;
    let revision = done.value.task.revision;
    Ok(with_etag(StatusCode::OK, revision, TaskView::new(done.value, now)))
}

/// Say that a case of your authority is decided. What was given for it alone, and ends with it, lapses; so do open requests.
#[utoipa::path(post, operation_id = "close_case", path = "/cases/{id}/close", tag = "tasks", params(("id" = String, Path)),
    responses((status = 200, body = ClosedCaseView), (status = 403), (status = 409)))]
async fn close_case(
    State(gate): State<Gate>,
    caller: Caller,
    Path(case): Path<CaseRef>,
    bare: Bare,
) -> Result<Response, Problem> {
    let call = caller.change(bare.fingerprint);
    let done = gate.service.close_case(&call, &case).await.map_err(|e| caller.problem(&e))?;
    let view = ClosedCaseView { consents: done.value.consents, requests: done.value.requests };
    Ok(Json(view).into_response())
}
