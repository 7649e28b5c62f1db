//! What a witness answers over HTTP (C2SP tlog-witness, "HTTP Interface"): a refusal is a status and one line of text.

use super::{Declined, Witness, page};
use anyhow::Result;
use axum::{
    Router,
    body::Bytes,
    extract::{Path, State, rejection::BytesRejection},
    http::{HeaderMap, HeaderName, HeaderValue, StatusCode, header},
    response::{IntoResponse, Response},
    routing::{get, post},
};
use std::sync::Arc;
use tillid_log::Refusal;

const TEXT: &str = "text/plain; charset=utf-8";
const SIZE: &str = "text/x.tlog.size";

/// A monitor may be a page of somebody else's.
const CORS: [(HeaderName, HeaderValue); 1] =
    [(header::ACCESS_CONTROL_ALLOW_ORIGIN, HeaderValue::from_static("*"))];

#[derive(Clone)]
struct Shared {
    witness: Arc<Witness>,
    texts: Arc<page::AllTexts>,
}

pub(super) fn router(witness: Arc<Witness>) -> Result<Router> {
    let texts = Arc::new(page::AllTexts::read()?);
    Ok(Router::new()
        .route("/", get(front))
        .route("/add-checkpoint", post(add_checkpoint))
        .route("/{hash}/checkpoint", get(checkpoint))
        .route("/health/live", get(live))
        .with_state(Shared { witness, texts }))
}

async fn add_checkpoint(State(shared): State<Shared>, body: Result<Bytes, BytesRejection>) -> Response {
    let body = match body {
        Ok(body) => body,
        Err(rejection) => return text(rejection.status(), TEXT, "the body cannot be read\n".to_owned()),
    };
    // It waits for the disk; and what was begun is finished, also when the caller goes away.
    let answer = tokio::task::spawn_blocking(move || shared.witness.add(&body)).await;
    match answer {
        Ok(Ok(lines)) => text(StatusCode::OK, TEXT, lines),
        Ok(Err(Declined::Refused(refusal))) => refused(refusal),
        Ok(Err(Declined::Unable)) | Err(_) => {
            text(StatusCode::INTERNAL_SERVER_ERROR, TEXT, "nothing was signed\n".to_owned())
        }
    }
}

fn refused(refusal: Refusal) -> Response {
    let status = StatusCode::from_u16(refusal.status()).unwrap_or(StatusCode::INTERNAL_SERVER_ERROR);
    match refusal {
        Refusal::Conflict { size } => text(status, SIZE, format!("{size}\n")),
        other => text(status, TEXT, format!("{other}\n")),
    }
}

async fn checkpoint(State(shared): State<Shared>, Path(hash): Path<String>) -> Response {
    let log = shared.witness.state.logs().find(|log| log.hash() == hash);
    match log.and_then(super::Log::held) {
        Some(held) => (CORS, text(StatusCode::OK, TEXT, held.note.to_string())).into_response(),
        None => {
            (CORS, text(StatusCode::NOT_FOUND, TEXT, "nothing was cosigned\n".to_owned())).into_response()
        }
    }
}

async fn live() -> Response {
    ([(header::CONTENT_TYPE, "application/json")], "{\"status\":\"live\"}").into_response()
}

async fn front(State(shared): State<Shared>, headers: HeaderMap) -> Response {
    page::front(&shared.witness, shared.texts.in_language(tillid_edge::language(&headers)))
}

fn text(status: StatusCode, kind: &'static str, body: String) -> Response {
    (status, [(header::CONTENT_TYPE, kind)], body).into_response()
}
