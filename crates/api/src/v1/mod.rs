//! Version 1 of the interface: one line for each path.

mod catalogue_steps;
pub(crate) mod catalogues;
pub(crate) mod clients;
pub(crate) mod consents;
pub(crate) mod declarations;
mod documents;
pub(crate) mod employees;
pub(crate) mod erasures;
pub(crate) mod external;
mod given;
pub(crate) mod lookups;
mod mandate_life;
pub(crate) mod mandate_requests;
pub(crate) mod mandates;
pub(crate) mod own;
pub(crate) mod presentations;
pub(crate) mod privileges;
pub(crate) mod receipts;
pub(crate) mod registration;
pub(crate) mod requests;
pub(crate) mod statutory;
pub(crate) mod tasks;

pub use declarations::{DECLARATIONS_LIMIT, DECLARATIONS_PATH};
pub use documents::{DOCUMENTS_LIMIT, DOCUMENTS_PATH};

use crate::Api;
use axum::{
    http::{HeaderValue, StatusCode, header},
    response::{IntoResponse, Response},
};
use serde::Serialize;
use tillid_edge::{Json, etag};
use utoipa_axum::router::OpenApiRouter;

pub(crate) fn router() -> OpenApiRouter<Api> {
    OpenApiRouter::new()
        .merge(catalogues::router())
        .merge(catalogue_steps::router())
        .merge(presentations::router())
        .merge(requests::router())
        .merge(consents::router())
        .merge(registration::router())
        .merge(documents::router())
        .merge(declarations::router())
        .merge(tasks::router())
        .merge(mandates::router())
        .merge(mandate_life::router())
        .merge(privileges::router())
        .merge(mandate_requests::router())
        .merge(statutory::router())
        .merge(lookups::router())
        .merge(erasures::router())
        .merge(external::router())
        .merge(clients::router())
        .merge(employees::router())
        .merge(own::router())
        .merge(receipts::router())
}

/// A file to keep under that name; nothing of it is rendered in this origin.
fn file(kind: &'static str, name: &str, bytes: Vec<u8>) -> Response {
    let mut response = bytes.into_response();
    let headers = response.headers_mut();
    headers.insert(header::CONTENT_TYPE, HeaderValue::from_static(kind));
    let disposition = HeaderValue::from_str(&format!("attachment; filename=\"{name}\""));
    headers.extend(disposition.ok().map(|disposition| (header::CONTENT_DISPOSITION, disposition)));
    response
}

/// An answer with the revision of what it shows.
fn with_etag<T: Serialize>(status: StatusCode, revision: u64, view: T) -> Response {
    (status, [(header::ETAG, etag(revision))], Json(view)).into_response()
}
