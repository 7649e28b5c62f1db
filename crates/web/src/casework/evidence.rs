//! Evidence under a look-up: a scan or a letter that is handed in with a form, and having it again.

use super::{Stop, Under, read};
use crate::{
    collected::download,
    page::Here,
    refused::{Places, noted},
};
use axum::response::Response;
use tillid_domain::{
    Digest,
    document::LARGEST_DOCUMENT,
    id::{AccessId, DocumentId},
};
use tillid_edge::{Fields, Files, Path};

/// The field in which a file is chosen.
pub(super) const FILE: &str = "scan";
/// The routes whose forms take a file, as they stand in the router.
pub const UPLOAD_PATHS: [&str; 2] = [
    "/casework/lookups/{lookup}/presentations/{presentation}",
    "/casework/lookups/{lookup}/consents/{consent}/withdraw",
];
/// The largest body there, in bytes: a document with the fields around it, and room to say what is wrong with one that is too large.
pub const UPLOAD_LIMIT: usize = LARGEST_DOCUMENT + 256 * 1024;

const PLACES: &Places = &[("", FILE)];

/// The document that the form brings: the file chosen in it, which is kept now, or the one that an earlier sending of it brought, by its
/// id. Nothing where there is neither, or where it cannot be kept; that is noted.
pub(super) async fn brought(
    here: &mut Here,
    under: &Under,
    files: &Files,
    earlier: &str,
) -> Result<Option<DocumentId>, Stop> {
    let Some(bytes) = files.get(FILE) else { return Ok(earlier.parse().ok()) };
    let call = under.change(here, &format!("keep:{}", Digest::of(bytes)), &Fields::default());
    match here.service.keep_document(&call, bytes).await {
        Ok(done) => Ok(Some(done.value.id)),
        Err(error) => {
            noted(here, &error, PLACES)?;
            Ok(None)
        }
    }
}

/// The document, as it was handed over.
pub(super) async fn have(
    here: Here,
    Path((lookup, id)): Path<(AccessId, DocumentId)>,
) -> Result<Response, Stop> {
    super::roles(&here)?;
    let under = Under::new(&here, lookup);
    let (document, bytes) = read(&here, here.service.read_document(&under.call, id).await)?;
    Ok(download(&here.page, &document, bytes)?)
}
