//! `/v1/receipts`.

use super::file;
use crate::{Api, view::ReceiptView};
use axum::{
    extract::State,
    http::{HeaderMap, header},
    response::{IntoResponse, Response},
};
use tillid_domain::id::EventId;
use tillid_edge::{Caller, Gate, Json, Path, Problem, language};
use utoipa_axum::{router::OpenApiRouter, routes};

pub(super) fn router() -> OpenApiRouter<Api> {
    OpenApiRouter::new().routes(routes!(read)).routes(routes!(on_paper))
}

/// What is not part of any version of the interface.
pub(crate) fn context_router() -> OpenApiRouter<Api> {
    OpenApiRouter::new().routes(routes!(context))
}

/// What the names in receipts mean (JSON-LD 1.1). Nothing needs to fetch it: a receipt is checked by its bytes.
#[utoipa::path(get, operation_id = "read_receipt_context", path = "/contexts/receipt-v1.jsonld", tag = "receipts", security(()),
    responses((status = 200, content_type = "application/ld+json", body = serde_json::Value)))]
async fn context(State(gate): State<Gate>) -> Response {
    let body = gate.service.receipt_context().to_string();
    ([(header::CONTENT_TYPE, "application/ld+json")], body).into_response()
}

/// The receipt of something that concerns you: signed, with what opens the journal's commitment to it.
#[utoipa::path(get, operation_id = "read_receipt", path = "/receipts/{event_id}", tag = "receipts", params(("event_id" = uuid::Uuid, Path)),
    responses((status = 200, body = ReceiptView), (status = 403), (status = 404)))]
async fn read(
    State(gate): State<Gate>,
    caller: Caller,
    Path(id): Path<EventId>,
) -> Result<Response, Problem> {
    let receipt = gate.service.receipt(&caller.read(), id).await.map_err(|e| caller.problem(&e))?;
    Ok(Json(ReceiptView { receipt: receipt.receipt, proof: receipt.proof }).into_response())
}

/// The receipt of an answer of yours as a PDF to print and keep, in the language that you ask for: what was answered, to what, when, and
/// where the receipt itself is. Other receipts are not made as a PDF.
#[utoipa::path(get, operation_id = "print_receipt", path = "/receipts/{event_id}/pdf", tag = "receipts", params(("event_id" = uuid::Uuid, Path)),
    responses((status = 200, body = Vec<u8>, content_type = "application/pdf"), (status = 403), (status = 404), (status = 409)))]
async fn on_paper(
    State(gate): State<Gate>,
    caller: Caller,
    Path(id): Path<EventId>,
    headers: HeaderMap,
) -> Result<Response, Problem> {
    let paper = gate.service.receipt_on_paper(&caller.read(), id, language(&headers)).await;
    let paper = paper.map_err(|e| caller.problem(&e))?;
    Ok(file("application/pdf", &format!("receipt-{}.pdf", paper.code), paper.pdf))
}
