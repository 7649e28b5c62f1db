//! Evidence under a look-up: a scan or a letter that is handed in with a form, and having it again; the form on paper itself, and what
//! was answered in the state's format.

use super::{Stop, Under, collect::must_register, read};
use crate::{
    collected,
    page::Here,
    receipt::attachment,
    refused::{Places, noted},
};
use axum::response::Response;
use tillid_domain::{
    Digest,
    document::LARGEST_DOCUMENT,
    id::{AccessId, DeclarationId, DocumentId, PresentationId},
};
use tillid_edge::{Fields, Files, Path};

/// The field in which a file is chosen.
pub(super) const FILE: &str = "scan";
/// The routes whose forms take a file, as they stand in the router.
pub const UPLOAD_PATHS: [&str; 4] = [
    "/casework/lookups/{lookup}/presentations/{presentation}",
    "/casework/lookups/{lookup}/consents/{consent}/withdraw",
    "/casework/lookups/{lookup}/declarations",
    "/casework/lookups/{lookup}/mandates/forms/{presentation}",
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

/// What was answered together, in the state's format.
pub(super) async fn state_format(
    here: Here,
    Path((lookup, id)): Path<(AccessId, DeclarationId)>,
) -> Result<Response, Stop> {
    super::roles(&here)?;
    let under = Under::new(&here, lookup);
    let written = read(&here, here.service.export_declaration(&under.call, id).await)?;
    Ok(collected::state_format(&here.page, id, written)?)
}

/// The form on which somebody answers, to print.
pub(super) async fn form(
    here: Here,
    Path((lookup, id)): Path<(AccessId, PresentationId)>,
) -> Result<Response, Stop> {
    must_register(&here)?;
    let under = Under::new(&here, lookup);
    let paper = read(&here, here.service.form_on_paper(&under.call, id).await)?;
    let name = format!("{}-{}.pdf", here.page.t("registering.form_file"), paper.code);
    Ok(attachment("application/pdf", &name, paper.pdf)?)
}

/// The document, as it was handed over.
pub(super) async fn have(
    here: Here,
    Path((lookup, id)): Path<(AccessId, DocumentId)>,
) -> Result<Response, Stop> {
    super::roles(&here)?;
    let under = Under::new(&here, lookup);
    let (document, bytes) = read(&here, here.service.read_document(&under.call, id).await)?;
    Ok(collected::download(&here.page, &document, bytes)?)
}
