//! Taking out everything: what is in the archive, and the archive.

use crate::{
    Web,
    page::{Here, Page},
};
use askama::Template;
use axum::{Router, response::Response, routing::get};
use tillid_domain::Reason;
use tillid_edge::{Problem, archive};
use tillid_service::Error;

pub(crate) fn router() -> Router<Web> {
    Router::new().route("/export", get(about)).route("/export/download", get(download))
}

/// What is in the archive.
#[derive(Template)]
#[template(path = "export.html")]
pub(crate) struct ExportPage<'p> {
    pub(crate) page: &'p Page,
    pub(crate) contents: [&'static str; 7],
}

async fn about(here: Here) -> Result<Response, Problem> {
    let refused = match (here.visitor.person(), here.visitor.acting_for()) {
        (Some(_), None) if here.visitor.working().is_some() => Err(Error::Denied(Reason::NotAtWork)),
        (Some(_), None) => Ok(()),
        (Some(_), Some(_)) => Err(Error::Denied(Reason::OnlyInPerson)),
        (None, _) => Err(Error::Denied(Reason::CitizensOnly)),
    };
    here.told(refused)?;
    let page = &here.page;
    let contents = [
        "export.consents",
        "export.mandates",
        "export.requests",
        "export.looks",
        "export.receipts",
        "export.documents",
        "export.page",
    ];
    Ok(page.answer(&ExportPage { page, contents: contents.map(|key| page.t(key)) }))
}

async fn download(here: Here) -> Result<Response, Problem> {
    let export = here.told(here.service.export(&here.visitor.read(), here.page.language).await)?;
    here.told(Box::pin(archive(export, "tillid.zip")).await)
}
