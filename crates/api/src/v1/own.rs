//! `/v1/overview`, `/v1/upcoming`, `/v1/access-log` and `/v1/export`: what a person sees of themselves.

use crate::{
    Api,
    bodies::{Part, next},
    view::{AccessView, OverviewView, PageView, UpcomingView, directory},
};
use axum::{
    extract::State,
    http::HeaderMap,
    response::{IntoResponse, Response},
};
use serde::Deserialize;
use tillid_domain::CalendarPeriod;
use tillid_edge::{Caller, Gate, Json, Problem, Query, archive, language};
use utoipa::IntoParams;
use utoipa_axum::{router::OpenApiRouter, routes};

const LOG: &str = "access-log";

pub(super) fn router() -> OpenApiRouter<Api> {
    OpenApiRouter::new()
        .routes(routes!(overview))
        .routes(routes!(upcoming))
        .routes(routes!(access_log))
        .routes(routes!(export))
}

/// Everything about you in one place; or, when you act for somebody, what your powers let you see of them.
#[utoipa::path(get, path = "/overview", tag = "own view", responses((status = 200, body = OverviewView), (status = 403)))]
async fn overview(State(gate): State<Gate>, caller: Caller) -> Result<Response, Problem> {
    let (overview, now) = gate.service.overview(&caller.read()).await.map_err(|e| caller.problem(&e))?;
    Ok(Json(OverviewView::new(overview, caller.actor(), now, directory(&gate.service))).into_response())
}

/// How far ahead.
#[derive(Deserialize, IntoParams)]
#[serde(deny_unknown_fields)]
#[into_params(parameter_in = Query)]
struct Ahead {
    /// A number of days, months or years, such as `P90D` or `P1Y`; 90 days when not said.
    #[param(value_type = Option<String>, example = "P90D")]
    within: Option<CalendarPeriod>,
}

/// What happens by itself within that time, if nobody does anything, the first first: what begins, what ends, and birthdays on which the
/// law changes who decides.
#[utoipa::path(get, path = "/upcoming", tag = "own view", params(Ahead),
    responses((status = 200, body = PageView<UpcomingView>), (status = 403)))]
async fn upcoming(
    State(gate): State<Gate>,
    caller: Caller,
    Query(ahead): Query<Ahead>,
) -> Result<Response, Problem> {
    let within = ahead.within.unwrap_or(CalendarPeriod::days(90));
    let (coming, _) = gate.service.upcoming(&caller.read(), within).await.map_err(|e| caller.problem(&e))?;
    let items = coming.into_iter().map(UpcomingView::from).collect();
    Ok(Json(PageView { items, next: None }).into_response())
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

/// Everything that is held about you, as one ZIP: lists in JSON, receipts with their proofs, the exact documents that you were shown, and
/// a page to read, in the language that you ask for.
#[utoipa::path(get, path = "/export", tag = "own view",
    responses((status = 200, content_type = "application/zip", body = Vec<u8>), (status = 403)))]
async fn export(State(gate): State<Gate>, caller: Caller, headers: HeaderMap) -> Result<Response, Problem> {
    let export = gate.service.export(&caller.read(), language(&headers)).await;
    let export = export.map_err(|e| caller.problem(&e))?;
    Box::pin(archive(export, "tillid.zip")).await.map_err(|e| caller.problem(&e))
}
