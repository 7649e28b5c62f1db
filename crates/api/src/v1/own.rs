//! `/v1/overview` and `/v1/access-log`: what a person sees of themselves.

use crate::{
    Api,
    bodies::{Part, next},
    view::{AccessView, OverviewView, PageView, directory},
};
use axum::{
    extract::State,
    response::{IntoResponse, Response},
};
use tillid_edge::{Caller, Gate, Json, Problem, Query};
use utoipa_axum::{router::OpenApiRouter, routes};

const LOG: &str = "access-log";

pub(super) fn router() -> OpenApiRouter<Api> {
    OpenApiRouter::new().routes(routes!(overview)).routes(routes!(access_log))
}

/// Everything about you in one place; or, when you act for somebody, what your powers let you see of them.
#[utoipa::path(get, path = "/overview", tag = "own view", responses((status = 200, body = OverviewView), (status = 403)))]
async fn overview(State(gate): State<Gate>, caller: Caller) -> Result<Response, Problem> {
    let (overview, now) = gate.service.overview(&caller.read()).await.map_err(|e| caller.problem(&e))?;
    Ok(Json(OverviewView::new(overview, now, directory(&gate.service))).into_response())
}

/// Who looked at your data, when, and why; the newest first.
#[utoipa::path(get, path = "/access-log", tag = "own view", params(Part),
    responses((status = 200, body = PageView<AccessView>), (status = 403)))]
async fn access_log(
    State(gate): State<Gate>,
    caller: Caller,
    Query(part): Query<Part>,
) -> Result<Response, Problem> {
    let (below, limit) = (part.after(LOG)?, part.limit()?);
    let page = gate.service.access_log(&caller.read(), below, limit).await.map_err(|e| caller.problem(&e))?;
    let items = page.items.into_iter().map(|r| AccessView::new(r, directory(&gate.service))).collect();
    Ok(Json(PageView { items, next: next(LOG, page.next) }).into_response())
}
