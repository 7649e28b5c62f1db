//! `/v1/receipts`.

use crate::{Api, view::ReceiptView};
use axum::{
    extract::State,
    http::header,
    response::{IntoResponse, Response},
};
use tillid_domain::id::EventId;
use tillid_edge::{Caller, Gate, Json, Path, Problem};
use utoipa_axum::{router::OpenApiRouter, routes};

pub(super) fn router() -> OpenApiRouter<Api> {
    OpenApiRouter::new().routes(routes!(read))
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
