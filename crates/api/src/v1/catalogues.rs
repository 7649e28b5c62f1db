//! `/v1/consent-types` and `/v1/mandate-packages`.

use super::with_etag;
use crate::{
    Api,
    bodies::{Part, next},
    view::{EntryView, PageView, directory},
};
use axum::{
    extract::State,
    http::StatusCode,
    response::{IntoResponse, Response},
};
use tillid_domain::{
    Audience,
    catalogue::{ConsentType, Definition, MandatePackage, Shelf},
    text::Code,
};
use tillid_edge::{Bare, Caller, Gate, Json, Path, Problem, Query, Sent, refusal};
use utoipa_axum::{router::OpenApiRouter, routes};

pub(super) fn router() -> OpenApiRouter<Api> {
    OpenApiRouter::new()
        .routes(routes!(list_consent_types, draft_consent_type))
        .routes(routes!(read_consent_type))
        .routes(routes!(read_consent_type_version))
        .routes(routes!(publish_consent_type))
        .routes(routes!(list_mandate_packages, draft_mandate_package))
        .routes(routes!(read_mandate_package))
        .routes(routes!(read_mandate_package_version))
        .routes(routes!(publish_mandate_package))
}

/// The consent types that are in use.
#[utoipa::path(get, path = "/consent-types", tag = "catalogues", security(()), params(Part),
    responses((status = 200, body = PageView<EntryView>)))]
async fn list_consent_types(State(gate): State<Gate>, Query(part): Query<Part>) -> Result<Response, Problem> {
    list(&gate, Shelf::ConsentType, &part).await
}

/// The version of a consent type that is in use.
#[utoipa::path(get, path = "/consent-types/{code}", tag = "catalogues", security(()), params(("code" = String, Path)),
    responses((status = 200, body = EntryView), (status = 404)))]
async fn read_consent_type(State(gate): State<Gate>, Path(code): Path<Code>) -> Result<Response, Problem> {
    read(&gate, Shelf::ConsentType, &code).await
}

/// A version of a consent type that is or was in use: what was given under it points here.
#[utoipa::path(get, path = "/consent-types/{code}/versions/{number}", tag = "catalogues", security(()),
    params(("code" = String, Path), ("number" = u32, Path)), responses((status = 200, body = EntryView), (status = 404)))]
async fn read_consent_type_version(
    State(gate): State<Gate>,
    Path((code, number)): Path<(Code, u32)>,
) -> Result<Response, Problem> {
    version(&gate, Shelf::ConsentType, &code, number).await
}

/// Draft the next version of a consent type of your authority.
#[utoipa::path(post, path = "/consent-types", tag = "catalogues", request_body = Object,
    responses((status = 201, body = EntryView), (status = 403), (status = 422)))]
async fn draft_consent_type(
    State(gate): State<Gate>,
    caller: Caller,
    sent: Sent<Box<ConsentType>>,
) -> Result<Response, Problem> {
    let call = caller.change(sent.fingerprint);
    draft(&gate, &caller, call, Definition::ConsentType(sent.value)).await
}

/// Take a draft into use; someone else than who wrote it last does so.
#[utoipa::path(post, path = "/consent-types/{code}/versions/{number}/publish", tag = "catalogues",
    params(("code" = String, Path), ("number" = u32, Path)),
    responses((status = 200, body = EntryView), (status = 403), (status = 404), (status = 409), (status = 412), (status = 422)))]
async fn publish_consent_type(
    State(gate): State<Gate>,
    caller: Caller,
    Path((code, number)): Path<(Code, u32)>,
    bare: Bare,
) -> Result<Response, Problem> {
    publish(&gate, &caller, Shelf::ConsentType, &code, number, bare).await
}

/// The mandate packages that are in use.
#[utoipa::path(get, path = "/mandate-packages", tag = "catalogues", security(()), params(Part),
    responses((status = 200, body = PageView<EntryView>)))]
async fn list_mandate_packages(
    State(gate): State<Gate>,
    Query(part): Query<Part>,
) -> Result<Response, Problem> {
    list(&gate, Shelf::MandatePackage, &part).await
}

/// The version of a mandate package that is in use.
#[utoipa::path(get, path = "/mandate-packages/{code}", tag = "catalogues", security(()), params(("code" = String, Path)),
    responses((status = 200, body = EntryView), (status = 404)))]
async fn read_mandate_package(State(gate): State<Gate>, Path(code): Path<Code>) -> Result<Response, Problem> {
    read(&gate, Shelf::MandatePackage, &code).await
}

/// A version of a mandate package that is or was in use.
#[utoipa::path(get, path = "/mandate-packages/{code}/versions/{number}", tag = "catalogues", security(()),
    params(("code" = String, Path), ("number" = u32, Path)), responses((status = 200, body = EntryView), (status = 404)))]
async fn read_mandate_package_version(
    State(gate): State<Gate>,
    Path((code, number)): Path<(Code, u32)>,
) -> Result<Response, Problem> {
    version(&gate, Shelf::MandatePackage, &code, number).await
}

/// Draft the next version of a mandate package of your authority.
#[utoipa::path(post, path = "/mandate-packages", tag = "catalogues", request_body = Object,
    responses((status = 201, body = EntryView), (status = 403), (status = 422)))]
async fn draft_mandate_package(
    State(gate): State<Gate>,
    caller: Caller,
    sent: Sent<Box<MandatePackage>>,
) -> Result<Response, Problem> {
    let call = caller.change(sent.fingerprint);
    draft(&gate, &caller, call, Definition::MandatePackage(sent.value)).await
}

/// Take a draft into use; someone else than who wrote it last does so.
#[utoipa::path(post, path = "/mandate-packages/{code}/versions/{number}/publish", tag = "catalogues",
    params(("code" = String, Path), ("number" = u32, Path)),
    responses((status = 200, body = EntryView), (status = 403), (status = 404), (status = 409), (status = 412), (status = 422)))]
async fn publish_mandate_package(
    State(gate): State<Gate>,
    caller: Caller,
    Path((code, number)): Path<(Code, u32)>,
    bare: Bare,
) -> Result<Response, Problem> {
    publish(&gate, &caller, Shelf::MandatePackage, &code, number, bare).await
}

async fn list(gate: &Gate, shelf: Shelf, part: &Part) -> Result<Response, Problem> {
    let after: Option<Code> = part.after(shelf.code())?;
    let page =
        gate.service.list_catalogue(shelf, after.as_ref(), part.limit()?).await.map_err(|e| anyone(&e))?;
    let items = page.items.into_iter().map(|e| EntryView::new(e, directory(&gate.service))).collect();
    Ok(Json(PageView { items, next: next(shelf.code(), page.next) }).into_response())
}

async fn read(gate: &Gate, shelf: Shelf, code: &Code) -> Result<Response, Problem> {
    let entry = gate.service.published_entry(shelf, code).await.map_err(|e| anyone(&e))?;
    Ok(with_etag(StatusCode::OK, entry.revision, EntryView::new(entry, directory(&gate.service))))
}

async fn version(gate: &Gate, shelf: Shelf, code: &Code, number: u32) -> Result<Response, Problem> {
    let entry = gate.service.entry_version(shelf, code, number).await.map_err(|e| anyone(&e))?;
    Ok(with_etag(StatusCode::OK, entry.revision, EntryView::new(entry, directory(&gate.service))))
}

async fn draft(
    gate: &Gate,
    caller: &Caller,
    call: tillid_service::Call,
    definition: Definition,
) -> Result<Response, Problem> {
    let done = gate.service.draft_entry(&call, definition).await.map_err(|e| caller.problem(&e))?;
    let revision = done.value.revision;
    Ok(with_etag(StatusCode::CREATED, revision, EntryView::new(done.value, directory(&gate.service))))
}

async fn publish(
    gate: &Gate,
    caller: &Caller,
    shelf: Shelf,
    code: &Code,
    number: u32,
    bare: Bare,
) -> Result<Response, Problem> {
    let call = caller.change(bare.fingerprint);
    let done =
        gate.service.publish_entry(&call, shelf, code, number).await.map_err(|e| caller.problem(&e))?;
    let revision = done.value.revision;
    Ok(with_etag(StatusCode::OK, revision, EntryView::new(done.value, directory(&gate.service))))
}

fn anyone(error: &tillid_service::Error) -> Problem {
    refusal(error, Audience::Citizen)
}
