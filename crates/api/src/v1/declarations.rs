//! `/v1/declarations`: what was answered together, in the state's own format for consents and opt-outs.

use super::{consents::DeclarationView, file};
use crate::Api;
use axum::{
    extract::State,
    http::{HeaderName, HeaderValue, StatusCode},
    response::{IntoResponse, Response},
};
use serde::{Deserialize, Serialize};
use std::collections::BTreeSet;
use tillid_documents::viljestilkendegivelse::{Lost, MAX_BYTES};
use tillid_domain::{
    Digest,
    id::DeclarationId,
    text::{Code, Name},
};
use tillid_edge::{Caller, Gate, Json, Path, Problem, Protocol, Query, SentBytes};
use utoipa::{IntoParams, ToSchema};
use utoipa_axum::{router::OpenApiRouter, routes};

/// Where documents in the state's format are taken in.
pub const DECLARATIONS_PATH: &str = "/v1/declarations/viljestilkendegivelse";
/// The largest body there, in bytes: one more than is read, so that whoever sends a larger one is told what is wrong with it.
pub const DECLARATIONS_LIMIT: usize = MAX_BYTES + 1;

/// What an exported document has no place for.
const LEFT_OUT: HeaderName = HeaderName::from_static("left-out");

pub(super) fn router() -> OpenApiRouter<Api> {
    OpenApiRouter::new().routes(routes!(take_in)).routes(routes!(write_out))
}

/// What was not taken over from a document, and where it stands there.
#[derive(Serialize, ToSchema)]
struct LeftOutView {
    /// The code, of those in `docs/viljestilkendegivelse.md`.
    #[schema(value_type = String)]
    what: tillid_documents::viljestilkendegivelse::Loss,
    /// Where: element names, or the id of an expression.
    at: String,
}

impl From<Lost> for LeftOutView {
    fn from(lost: Lost) -> Self {
        Self { what: lost.what, at: lost.at }
    }
}

/// What a document became.
#[derive(Serialize, ToSchema)]
struct TakenInView {
    #[serde(flatten)]
    declaration: DeclarationView,
    /// What was not taken over.
    left_out: Vec<LeftOutView>,
}

/// Where a document comes from, and what it is here.
#[derive(Deserialize, IntoParams)]
#[serde(deny_unknown_fields)]
#[into_params(parameter_in = Query)]
struct Origin {
    /// The system or file that it comes from.
    #[param(value_type = String)]
    source: Name,
    /// The code of the consent type; needed where the document was not made from one of ours.
    #[param(value_type = Option<String>)]
    consent_type: Option<Code>,
}

/// Take in a declaration in the state's format (Viljestilkendegivelseserklaering, XML) that the person of the look-up gave elsewhere, as
/// consents of your authority. What no longer holds there, and what has no place here, is left out and told.
#[utoipa::path(post, operation_id = "take_in_declaration", path = "/declarations/viljestilkendegivelse", tag = "declarations",
    params(Origin, ("Lookup-Id" = uuid::Uuid, Header)), request_body(content = Vec<u8>, content_type = "application/xml"),
    responses((status = 201, body = TakenInView), (status = 403), (status = 409), (status = 413), (status = 422)))]
async fn take_in(
    State(gate): State<Gate>,
    caller: Caller,
    Query(origin): Query<Origin>,
    sent: SentBytes,
) -> Result<Response, Problem> {
    let consent_type = origin.consent_type.as_ref();
    // Where it comes from is part of what is sent, though it stands beside the document.
    let named = consent_type.map(Code::as_str).unwrap_or_default();
    let whole = format!("{}\n{}\n{named}", sent.fingerprint, origin.source);
    let call = caller.change(Digest::of(whole.as_bytes()));
    let done = gate.service.import_declaration(&call, &origin.source, consent_type, &sent.bytes).await;
    let done = done.map_err(|e| caller.problem(&e))?.value;
    let view = TakenInView {
        declaration: DeclarationView::new(done.consents, &caller, &gate),
        left_out: done.lost.into_iter().map(LeftOutView::from).collect(),
    };
    Ok((StatusCode::CREATED, Json(view)).into_response())
}

/// A declaration of yours, or of the person that you look at, in the state's format. The header `Left-Out`, and a comment in the document
/// itself, have the codes of what the format has no place for. The person stands in it by id: no name, no CPR number.
#[utoipa::path(get, operation_id = "write_out_declaration", path = "/declarations/{id}/viljestilkendegivelse", tag = "declarations",
    params(("id" = uuid::Uuid, Path), ("Lookup-Id" = Option<uuid::Uuid>, Header, description = "needed by staff and systems")),
    responses((status = 200, body = Vec<u8>, content_type = "application/xml",
        headers(("Left-Out" = String, description = "what the format has no place for: codes with commas between them"))),
        (status = 403), (status = 404)))]
async fn write_out(
    State(gate): State<Gate>,
    caller: Caller,
    Path(id): Path<DeclarationId>,
) -> Result<Response, Problem> {
    let written = gate.service.export_declaration(&caller.read(), id).await;
    let written = written.map_err(|e| caller.problem(&e))?;
    let codes: BTreeSet<&str> = written.lost.iter().map(|lost| lost.what.code()).collect();
    let codes: Vec<&str> = codes.into_iter().collect();
    let told = HeaderValue::from_str(&codes.join(", ")).map_err(|_| Protocol::Internal)?;
    let mut response = file("application/xml; charset=utf-8", &format!("declaration-{id}.xml"), written.xml);
    response.headers_mut().insert(LEFT_OUT, told);
    Ok(response)
}
