//! `/v1/documents`: evidence that somebody handed over.

use super::file;
use crate::Api;
use axum::{
    extract::State,
    http::StatusCode,
    response::{IntoResponse, Response},
};
use serde::Serialize;
use tillid_domain::{
    Digest, Instant,
    document::{Document, LARGEST_DOCUMENT},
    id::DocumentId,
};
use tillid_edge::{Caller, Gate, Json, Path, Problem, SentBytes};
use utoipa::ToSchema;
use utoipa_axum::{router::OpenApiRouter, routes};

/// Where documents are handed in.
pub const DOCUMENTS_PATH: &str = "/v1/documents";
/// The largest body there, in bytes: one more than a document may have, so that whoever sends a larger one is told what is wrong with it.
pub const DOCUMENTS_LIMIT: usize = LARGEST_DOCUMENT + 1;

pub(super) fn router() -> OpenApiRouter<Api> {
    OpenApiRouter::new().routes(routes!(keep)).routes(routes!(read))
}

/// A document that is kept.
#[derive(Serialize, ToSchema)]
struct DocumentView {
    /// Its id.
    #[schema(value_type = uuid::Uuid)]
    id: DocumentId,
    /// What its bytes say that it is.
    media_type: &'static str,
    /// How many bytes it has.
    size: u64,
    /// SHA-256 of its bytes.
    #[schema(value_type = String)]
    sha256: Digest,
    /// Since when it is kept.
    #[schema(value_type = String, format = "date-time")]
    kept_at: Instant,
}

impl From<Document> for DocumentView {
    fn from(document: Document) -> Self {
        Self {
            id: document.id,
            media_type: document.media_type.name(),
            size: document.size,
            sha256: document.digest,
            kept_at: document.kept_at,
        }
    }
}

/// Keep a signed form or a letter about the person of the look-up: PDF, PNG or JPEG, at most 10 MiB, as the body. It is encrypted. Name it
/// when you register what it proves.
#[utoipa::path(post, operation_id = "keep_document", path = "/documents", tag = "documents",
    params(("Lookup-Id" = uuid::Uuid, Header)), request_body(content = Vec<u8>, content_type = "application/octet-stream"),
    responses((status = 201, body = DocumentView), (status = 403), (status = 413), (status = 422)))]
async fn keep(State(gate): State<Gate>, caller: Caller, sent: SentBytes) -> Result<Response, Problem> {
    let call = caller.change(sent.fingerprint);
    let done = gate.service.keep_document(&call, &sent.bytes).await.map_err(|e| caller.problem(&e))?;
    Ok((StatusCode::CREATED, Json(DocumentView::from(done.value))).into_response())
}

/// A document about you, or about the person of the look-up that your authority keeps, byte for byte.
#[utoipa::path(get, operation_id = "read_document", path = "/documents/{id}", tag = "documents",
    params(("id" = uuid::Uuid, Path), ("Lookup-Id" = Option<uuid::Uuid>, Header, description = "needed by staff and systems")),
    responses((status = 200, body = Vec<u8>, content_type = "application/octet-stream"), (status = 403), (status = 404)))]
async fn read(
    State(gate): State<Gate>,
    caller: Caller,
    Path(id): Path<DocumentId>,
) -> Result<Response, Problem> {
    let read = gate.service.read_document(&caller.read(), id).await;
    let (document, bytes) = read.map_err(|e| caller.problem(&e))?;
    let media_type = document.media_type;
    Ok(file(media_type.name(), &format!("{id}.{}", media_type.extension()), bytes))
}
