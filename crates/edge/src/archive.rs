//! The answer that is an archive: sent as it is made.

use axum::{
    body::{Body, Bytes},
    response::{IntoResponse, Response},
};
use futures_util::stream;
use http::header;
use tillid_service::{Error, Export};

/// The archive as an answer, to keep under that name. Its first part is made before the answer begins, so that what cannot be made is
/// still told as a problem; what fails later breaks the answer off, and nobody takes a part of it for the whole.
pub async fn archive(mut export: Export, name: &'static str) -> Result<Response, Error> {
    let first = export.next().await?.unwrap_or_default();
    let rest = stream::try_unfold(export, |mut export| async move {
        match export.next().await {
            Ok(part) => Ok(part.map(|part| (Bytes::from(part), export))),
            Err(error) => {
                tracing::error!(%error, "an archive broke off");
                Err(error)
            }
        }
    });
    let first = stream::iter([Ok::<_, Error>(Bytes::from(first))]);
    let body = Body::from_stream(futures_util::StreamExt::chain(first, rest));
    let headers = [
        (header::CONTENT_TYPE, "application/zip".to_owned()),
        (header::CACHE_CONTROL, "no-store".to_owned()),
        (header::CONTENT_DISPOSITION, format!("attachment; filename=\"{name}\"")),
    ];
    Ok((headers, body).into_response())
}
