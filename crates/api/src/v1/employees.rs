//! `/v1/employees`: the administrator of an organisation says which of its employees act for those whom it represents.

use super::with_etag;
use crate::{
    Api,
    bodies::{Part, next},
    view::{EmployeeView, PageView},
};
use axum::{
    extract::State,
    http::StatusCode,
    response::{IntoResponse, Response},
};
use tillid_domain::{id::PersonId, person::Person};
use tillid_edge::{Bare, Caller, Gate, Json, Path, Problem, Query};
use utoipa_axum::{router::OpenApiRouter, routes};

const LIST: &str = "employees";

pub(super) fn router() -> OpenApiRouter<Api> {
    OpenApiRouter::new().routes(routes!(list)).routes(routes!(admit)).routes(routes!(stop))
}

/// The employees of your organisation who have logged in, with since when each may act. For its administrator.
#[utoipa::path(get, operation_id = "list_employees", path = "/employees", tag = "employees", params(Part),
    responses((status = 200, body = PageView<EmployeeView>), (status = 403)))]
async fn list(
    State(gate): State<Gate>,
    caller: Caller,
    Query(part): Query<Part>,
) -> Result<Response, Problem> {
    let (after, limit) = (part.after(LIST)?, part.limit()?);
    let page = gate.service.employees(&caller.read(), after, limit).await.map_err(|e| caller.problem(&e))?;
    let items = page.items.iter().map(EmployeeView::from).collect();
    Ok(Json(PageView { items, next: next(LIST, page.next) }).into_response())
}

/// Let an employee act for all whom your organisation represents, from now on.
#[utoipa::path(post, operation_id = "admit_employee", path = "/employees/{id}/admit", tag = "employees", params(("id" = uuid::Uuid, Path)),
    responses((status = 200, body = EmployeeView), (status = 401), (status = 403), (status = 404), (status = 409), (status = 412)))]
async fn admit(
    State(gate): State<Gate>,
    caller: Caller,
    Path(id): Path<PersonId>,
    bare: Bare,
) -> Result<Response, Problem> {
    let done = gate.service.admit_employee(&caller.change(bare.fingerprint), id).await;
    Ok(shown(&done.map_err(|e| caller.problem(&e))?.value))
}

/// Let an employee act no longer. No question that is asked after this answer is answered with what they had; what was given to them by
/// name ends, and whoever gave it is told.
#[utoipa::path(post, operation_id = "stop_employee", path = "/employees/{id}/stop", tag = "employees", params(("id" = uuid::Uuid, Path)),
    responses((status = 200, body = EmployeeView), (status = 403), (status = 404), (status = 409), (status = 412)))]
async fn stop(
    State(gate): State<Gate>,
    caller: Caller,
    Path(id): Path<PersonId>,
    bare: Bare,
) -> Result<Response, Problem> {
    let done = gate.service.stop_employee(&caller.change(bare.fingerprint), id).await;
    Ok(shown(&done.map_err(|e| caller.problem(&e))?.value))
}

fn shown(employee: &Person) -> Response {
    with_etag(StatusCode::OK, employee.revision, EmployeeView::from(employee))
}
