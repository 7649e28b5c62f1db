//! The steps of a version before and after its use: `/v1/consent-types/{code}/versions` and those of mandate packages.

use super::with_etag;
use crate::{
    Api,
    view::{EntryView, PageView, WithdrawingView, directory},
};
use axum::{
    extract::State,
    http::StatusCode,
    response::{IntoResponse, Response},
};
use serde::Deserialize;
use tillid_domain::{
    LocalDate, Reason,
    catalogue::{CatalogueEntry, ConsentType, Definition, MandatePackage, Shelf},
    text::{Code, Prose},
};
use tillid_edge::{Bare, Caller, Gate, Json, Path, Problem, Sent};
use tillid_service::{Call, Done, Error, Service};
use utoipa::ToSchema;
use utoipa_axum::{router::OpenApiRouter, routes};

pub(super) fn router() -> OpenApiRouter<Api> {
    OpenApiRouter::new()
        .routes(routes!(list_consent_type_versions))
        .routes(routes!(submit_consent_type))
        .routes(routes!(return_consent_type))
        .routes(routes!(discard_consent_type))
        .routes(routes!(retire_consent_type))
        .routes(routes!(change_consent_type))
        .routes(routes!(list_mandate_package_versions))
        .routes(routes!(submit_mandate_package))
        .routes(routes!(return_mandate_package))
        .routes(routes!(discard_mandate_package))
        .routes(routes!(retire_mandate_package))
        .routes(routes!(withdraw_mandate_package))
        .routes(routes!(mandate_package_withdrawal))
        .routes(routes!(change_mandate_package))
}

/// Why a draft goes back to be written on.
#[derive(Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
struct ReturnBody {
    /// What its author should change.
    #[schema(value_type = String, max_length = 2000)]
    comment: Prose,
}

/// From when on what was given under a package ends.
#[derive(Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
struct WithdrawBody {
    /// The first day on which nothing that was given under it can be used. Today is at once.
    #[schema(value_type = String, format = "date", example = "2027-03-01")]
    from: LocalDate,
    /// Why.
    #[schema(value_type = String, max_length = 2000)]
    reason: Prose,
}

/// Every version of a consent type, drafts among them, the newest first; for its authority's catalogue administrators.
#[utoipa::path(get, path = "/consent-types/{code}/versions", tag = "catalogues", params(("code" = String, Path)),
    responses((status = 200, body = PageView<EntryView>), (status = 403), (status = 404)))]
async fn list_consent_type_versions(
    State(gate): State<Gate>,
    caller: Caller,
    Path(code): Path<Code>,
) -> Result<Response, Problem> {
    versions(&gate, &caller, Shelf::ConsentType, &code).await
}

/// Write a draft of a consent type anew.
#[utoipa::path(put, path = "/consent-types/{code}/versions/{number}", tag = "catalogues", request_body = Object,
    params(("code" = String, Path), ("number" = u32, Path)),
    responses((status = 200, body = EntryView), (status = 403), (status = 404), (status = 409), (status = 412), (status = 422)))]
async fn change_consent_type(
    State(gate): State<Gate>,
    caller: Caller,
    Path((code, number)): Path<(Code, u32)>,
    sent: Sent<Box<ConsentType>>,
) -> Result<Response, Problem> {
    let call = caller.change(sent.fingerprint);
    change(&gate, &caller, &call, &code, number, Definition::ConsentType(sent.value)).await
}

/// Give a consent type in review back to be written on.
#[utoipa::path(post, path = "/consent-types/{code}/versions/{number}/return", tag = "catalogues", request_body = ReturnBody,
    params(("code" = String, Path), ("number" = u32, Path)),
    responses((status = 200, body = EntryView), (status = 403), (status = 404), (status = 409), (status = 412)))]
async fn return_consent_type(
    State(gate): State<Gate>,
    caller: Caller,
    Path((code, number)): Path<(Code, u32)>,
    sent: Sent<ReturnBody>,
) -> Result<Response, Problem> {
    let call = caller.change(sent.fingerprint);
    let comment = sent.value.comment;
    let done = gate.service.return_entry(&call, Shelf::ConsentType, &code, number, comment).await;
    moved(&gate, &caller, done)
}

/// Ask a colleague to look at a draft of a consent type.
#[utoipa::path(post, path = "/consent-types/{code}/versions/{number}/submit", tag = "catalogues",
    params(("code" = String, Path), ("number" = u32, Path)),
    responses((status = 200, body = EntryView), (status = 403), (status = 404), (status = 409), (status = 412), (status = 422)))]
async fn submit_consent_type(
    State(gate): State<Gate>,
    caller: Caller,
    Path((code, number)): Path<(Code, u32)>,
    bare: Bare,
) -> Result<Response, Problem> {
    let call = caller.change(bare.fingerprint);
    let done = gate.service.submit_entry(&call, Shelf::ConsentType, &code, number).await;
    moved(&gate, &caller, done)
}

/// Give a draft of a consent type up.
#[utoipa::path(post, path = "/consent-types/{code}/versions/{number}/discard", tag = "catalogues",
    params(("code" = String, Path), ("number" = u32, Path)),
    responses((status = 200, body = EntryView), (status = 403), (status = 404), (status = 409), (status = 412), (status = 422)))]
async fn discard_consent_type(
    State(gate): State<Gate>,
    caller: Caller,
    Path((code, number)): Path<(Code, u32)>,
    bare: Bare,
) -> Result<Response, Problem> {
    let call = caller.change(bare.fingerprint);
    let done = gate.service.discard_entry(&call, Shelf::ConsentType, &code, number).await;
    moved(&gate, &caller, done)
}

/// Take a consent type out of use without a newer version; what was given under it lives on.
#[utoipa::path(post, path = "/consent-types/{code}/versions/{number}/retire", tag = "catalogues",
    params(("code" = String, Path), ("number" = u32, Path)),
    responses((status = 200, body = EntryView), (status = 403), (status = 404), (status = 409), (status = 412), (status = 422)))]
async fn retire_consent_type(
    State(gate): State<Gate>,
    caller: Caller,
    Path((code, number)): Path<(Code, u32)>,
    bare: Bare,
) -> Result<Response, Problem> {
    let call = caller.change(bare.fingerprint);
    let done = gate.service.retire_entry(&call, Shelf::ConsentType, &code, number).await;
    moved(&gate, &caller, done)
}

/// Every version of a mandate package, drafts among them, the newest first; for its authority's catalogue administrators.
#[utoipa::path(get, path = "/mandate-packages/{code}/versions", tag = "catalogues", params(("code" = String, Path)),
    responses((status = 200, body = PageView<EntryView>), (status = 403), (status = 404)))]
async fn list_mandate_package_versions(
    State(gate): State<Gate>,
    caller: Caller,
    Path(code): Path<Code>,
) -> Result<Response, Problem> {
    versions(&gate, &caller, Shelf::MandatePackage, &code).await
}

/// Write a draft of a mandate package anew.
#[utoipa::path(put, path = "/mandate-packages/{code}/versions/{number}", tag = "catalogues", request_body = Object,
    params(("code" = String, Path), ("number" = u32, Path)),
    responses((status = 200, body = EntryView), (status = 403), (status = 404), (status = 409), (status = 412), (status = 422)))]
async fn change_mandate_package(
    State(gate): State<Gate>,
    caller: Caller,
    Path((code, number)): Path<(Code, u32)>,
    sent: Sent<Box<MandatePackage>>,
) -> Result<Response, Problem> {
    let call = caller.change(sent.fingerprint);
    change(&gate, &caller, &call, &code, number, Definition::MandatePackage(sent.value)).await
}

/// Give a mandate package in review back to be written on.
#[utoipa::path(post, path = "/mandate-packages/{code}/versions/{number}/return", tag = "catalogues", request_body = ReturnBody,
    params(("code" = String, Path), ("number" = u32, Path)),
    responses((status = 200, body = EntryView), (status = 403), (status = 404), (status = 409), (status = 412)))]
async fn return_mandate_package(
    State(gate): State<Gate>,
    caller: Caller,
    Path((code, number)): Path<(Code, u32)>,
    sent: Sent<ReturnBody>,
) -> Result<Response, Problem> {
    let call = caller.change(sent.fingerprint);
    let comment = sent.value.comment;
    let done = gate.service.return_entry(&call, Shelf::MandatePackage, &code, number, comment).await;
    moved(&gate, &caller, done)
}

/// Ask a colleague to look at a draft of a mandate package.
#[utoipa::path(post, path = "/mandate-packages/{code}/versions/{number}/submit", tag = "catalogues",
    params(("code" = String, Path), ("number" = u32, Path)),
    responses((status = 200, body = EntryView), (status = 403), (status = 404), (status = 409), (status = 412), (status = 422)))]
async fn submit_mandate_package(
    State(gate): State<Gate>,
    caller: Caller,
    Path((code, number)): Path<(Code, u32)>,
    bare: Bare,
) -> Result<Response, Problem> {
    let call = caller.change(bare.fingerprint);
    let done = gate.service.submit_entry(&call, Shelf::MandatePackage, &code, number).await;
    moved(&gate, &caller, done)
}

/// Give a draft of a mandate package up.
#[utoipa::path(post, path = "/mandate-packages/{code}/versions/{number}/discard", tag = "catalogues",
    params(("code" = String, Path), ("number" = u32, Path)),
    responses((status = 200, body = EntryView), (status = 403), (status = 404), (status = 409), (status = 412), (status = 422)))]
async fn discard_mandate_package(
    State(gate): State<Gate>,
    caller: Caller,
    Path((code, number)): Path<(Code, u32)>,
    bare: Bare,
) -> Result<Response, Problem> {
    let call = caller.change(bare.fingerprint);
    let done = gate.service.discard_entry(&call, Shelf::MandatePackage, &code, number).await;
    moved(&gate, &caller, done)
}

/// Take a mandate package out of use without a newer version; what was given under it lives on.
#[utoipa::path(post, path = "/mandate-packages/{code}/versions/{number}/retire", tag = "catalogues",
    params(("code" = String, Path), ("number" = u32, Path)),
    responses((status = 200, body = EntryView), (status = 403), (status = 404), (status = 409), (status = 412), (status = 422)))]
async fn retire_mandate_package(
    State(gate): State<Gate>,
    caller: Caller,
    Path((code, number)): Path<(Code, u32)>,
    bare: Bare,
) -> Result<Response, Problem> {
    let call = caller.change(bare.fingerprint);
    let done = gate.service.retire_entry(&call, Shelf::MandatePackage, &code, number).await;
    moved(&gate, &caller, done)
}

/// Withdraw a version of a mandate package: nothing new is given under it, and what was given under it ends on that day.
///
/// Each mandate ends by itself, and both sides are told: how far that is, its `withdrawal` says. It can be withdrawn again from an earlier
/// day on, never from a later one.
#[utoipa::path(post, path = "/mandate-packages/{code}/versions/{number}/withdraw", tag = "catalogues", request_body = WithdrawBody,
    params(("code" = String, Path), ("number" = u32, Path)),
    responses((status = 200, body = EntryView), (status = 403), (status = 404), (status = 409), (status = 412), (status = 422)))]
async fn withdraw_mandate_package(
    State(gate): State<Gate>,
    caller: Caller,
    Path((code, number)): Path<(Code, u32)>,
    sent: Sent<WithdrawBody>,
) -> Result<Response, Problem> {
    let call = caller.change(sent.fingerprint);
    let WithdrawBody { from, reason } = sent.value;
    let done = gate.service.withdraw_entry(&call, &code, number, from, reason).await;
    moved(&gate, &caller, done)
}

/// How far the withdrawal of a mandate package is; for its authority's catalogue administrators.
#[utoipa::path(get, path = "/mandate-packages/{code}/versions/{number}/withdrawal", tag = "catalogues",
    params(("code" = String, Path), ("number" = u32, Path)),
    responses((status = 200, body = WithdrawingView), (status = 403), (status = 404)))]
async fn mandate_package_withdrawal(
    State(gate): State<Gate>,
    caller: Caller,
    Path((code, number)): Path<(Code, u32)>,
) -> Result<Response, Problem> {
    let withdrawing = gate.service.withdrawing(&caller.read(), &code, number).await;
    let withdrawing = withdrawing.map_err(|e| caller.problem(&e))?;
    Ok(Json(WithdrawingView::new(&withdrawing)).into_response())
}

async fn versions(gate: &Gate, caller: &Caller, shelf: Shelf, code: &Code) -> Result<Response, Problem> {
    let versions = gate.service.versions_of_entry(&caller.read(), shelf, code).await;
    let versions = versions.map_err(|e| caller.problem(&e))?;
    let items = versions.into_iter().map(|e| EntryView::new(e, directory(&gate.service))).collect();
    Ok(Json(PageView { items, next: None }).into_response())
}

async fn change(
    gate: &Gate,
    caller: &Caller,
    call: &Call,
    code: &Code,
    number: u32,
    definition: Definition,
) -> Result<Response, Problem> {
    if definition.code() != code {
        return Err(caller.problem(&Error::invalid("/code", Reason::DraftOfAnotherCode)));
    }
    moved(gate, caller, gate.service.change_entry(call, number, definition).await)
}

fn moved(
    gate: &Gate,
    caller: &Caller,
    done: Result<Done<CatalogueEntry>, Error>,
) -> Result<Response, Problem> {
    let entry = done.map_err(|e| caller.problem(&e))?.value;
    let service: &Service = &gate.service;
    Ok(with_etag(StatusCode::OK, entry.revision, EntryView::new(entry, directory(service))))
}
