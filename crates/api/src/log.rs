//! `/log`: the log as everybody can check it (C2SP tlog-tiles). No login, no JSON, answers that can be kept for good; a refusal is a
//! status and one line of text.

use crate::Api;
use axum::{
    extract::{Path, State},
    http::{HeaderName, HeaderValue, StatusCode, header},
    response::{IntoResponse, Response},
};
use serde_json::Value;
use tillid_domain::id::EventId;
use tillid_edge::{Gate, Json};
use tillid_service::{Error, Proof, Service};
use utoipa_axum::{router::OpenApiRouter, routes};

/// The pattern that the router knows, and the one that a contract can say.
const TILE_ROUTE: (&str, &str) = ("/log/tile/{*path}", "/log/tile/{path}");

const TEXT: &str = "text/plain; charset=utf-8";
const BYTES: &str = "application/octet-stream";
/// A tile or bundle of that width never becomes another.
const FOR_GOOD: &str = "public, max-age=31536000, immutable";
/// A checkpoint is the newest for about a second.
const FOR_A_MOMENT: &str = "public, max-age=1";

pub(crate) fn router() -> OpenApiRouter<Api> {
    let mut router = OpenApiRouter::new()
        .routes(routes!(checkpoint))
        .routes(routes!(tile))
        .routes(routes!(proof))
        .routes(routes!(keys));
    let paths = &mut router.get_openapi_mut().paths.paths;
    if let Some(item) = paths.remove(TILE_ROUTE.0) {
        paths.insert(TILE_ROUTE.1.to_owned(), item);
    }
    router
}

/// The newest tree that the log has signed and, where the operator asks for witnesses, enough of them too (C2SP tlog-checkpoint).
#[utoipa::path(get, operation_id = "log_checkpoint", path = "/log/checkpoint", tag = "log", security(()),
    responses((status = 200, description = "A signed note", body = String, content_type = "text/plain; charset=utf-8"), (status = 404, description = "Nothing is signed yet")))]
async fn checkpoint(State(gate): State<Gate>) -> Response {
    match gate.service.log_checkpoint().await {
        Ok(note) => found(TEXT, FOR_A_MOMENT, note.to_string()),
        Err(error) => refused(&error),
    }
}

/// Hashes of the tree, 32 bytes each (`0/x001/067`, `1/000.p/3`), or the entries that they are of (`entries/x001/067`), each after its
/// length in two bytes (C2SP tlog-tiles). An entry is 33 bytes: 1, and the commitment to an event.
#[utoipa::path(get, operation_id = "log_tile", path = "/log/tile/{*path}", tag = "log", security(()), params(("path" = String, Path)),
    responses((status = 200, body = Vec<u8>, content_type = "application/octet-stream"), (status = 404, description = "No signed tree has it")))]
async fn tile(State(gate): State<Gate>, Path(path): Path<String>) -> Response {
    match gate.service.log_resource(&path).await {
        Ok(bytes) => found(BYTES, FOR_GOOD, bytes),
        Err(error) => refused(&error),
    }
}

/// The proof that the log has an event (C2SP tlog-proof); the event's receipt tells what its entry is.
#[utoipa::path(get, operation_id = "log_proof", path = "/log/proof/{event_id}", tag = "log", security(()), params(("event_id" = uuid::Uuid, Path)),
    responses((status = 200, description = "A proof", body = String, content_type = "text/plain; charset=utf-8"), (status = 404),
        (status = 503, description = "It is recorded and not in a signed tree yet; ask again in a second")))]
async fn proof(State(gate): State<Gate>, Path(id): Path<String>) -> Response {
    let Ok(id) = id.parse::<EventId>() else { return refused(&Error::NotFound) };
    match gate.service.log_proof(id).await {
        Ok(Proof::Logged(proof)) => found(TEXT, "no-cache", proof.to_string()),
        Ok(Proof::Waiting) => later("waiting"),
        Err(error) => refused(&error),
    }
}

/// The public keys of receipts (RFC 7517) and of the log (C2SP signed-note), those that sign and those that did, and whom the operator
/// has asked to witness the log (C2SP tlog-policy).
#[utoipa::path(get, operation_id = "keys", path = "/log/keys", tag = "log", security(()), responses((status = 200, body = Object)))]
async fn keys(State(gate): State<Gate>) -> Response {
    (CORS, Json(published_keys(&gate.service))).into_response()
}

/// What `/log/keys` answers.
pub fn published_keys(service: &Service) -> Value {
    service.published_keys()
}

/// A monitor may be a page of somebody else's.
const CORS: [(HeaderName, HeaderValue); 1] =
    [(header::ACCESS_CONTROL_ALLOW_ORIGIN, HeaderValue::from_static("*"))];

fn found(kind: &'static str, cache: &'static str, body: impl Into<axum::body::Body>) -> Response {
    let headers = [(header::CONTENT_TYPE, kind), (header::CACHE_CONTROL, cache)];
    (CORS, headers, body.into()).into_response()
}

fn refused(error: &Error) -> Response {
    match error {
        Error::NotFound => (StatusCode::NOT_FOUND, CORS, "not found\n").into_response(),
        Error::Busy(_) => later("unavailable"),
        other => {
            tracing::error!(error = ?other, "the log cannot be read");
            (StatusCode::INTERNAL_SERVER_ERROR, CORS, "broken\n").into_response()
        }
    }
}

fn later(why: &str) -> Response {
    (StatusCode::SERVICE_UNAVAILABLE, CORS, [(header::RETRY_AFTER, "1")], format!("{why}\n")).into_response()
}
