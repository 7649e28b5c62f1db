//! What is about to be given, as the grantor is shown it, and the last yes.

use super::must_be_oneself;
use crate::{
    page::{Here, Page, see},
    refused::{Notice, noted},
    view::authority,
};
use askama::Template;
use axum::response::Response;
use serde::Deserialize;
use tillid_domain::{
    Cvr, Instant, Language,
    catalogue::PrivilegeAction,
    id::PresentationId,
    presentation::Presented,
    text::{CaseRef, Code, Name},
};
use tillid_edge::{Form, Path, Problem};
use tillid_service::{Error, Shown};

/// The document that was shown (`tillid.presentation.mandate/1`), as this page reads it.
#[derive(Deserialize)]
struct Document {
    language: Language,
    representative: Option<Name>,
    packages: Vec<ShownPackage>,
    case: Option<CaseRef>,
    until: Instant,
}

#[derive(Deserialize)]
struct ShownPackage {
    authority: Cvr,
    title: String,
    implication: String,
    does_not_cover: String,
    privileges: Vec<ShownPrivilege>,
}

#[derive(Deserialize)]
struct ShownPrivilege {
    action: PrivilegeAction,
    name: String,
    covers: String,
    does_not_cover: String,
}

impl ShownPrivilege {
    const fn action(&self) -> &'static str {
        super::words::action(self.action)
    }
}

#[derive(Template)]
#[template(path = "mandate_summary.html")]
struct Summary<'p> {
    page: &'p Page,
    here: &'p Here,
    code: &'p Code,
    id: PresentationId,
    document: Document,
    until: String,
    /// Where what was filled in can be changed.
    change: String,
    notice: Option<Notice>,
}

impl Summary<'_> {
    fn authority(&self, package: &ShownPackage) -> String {
        authority(&self.here.service, package.authority, self.page.language)
    }
}

pub(super) async fn page(
    here: Here,
    Path((code, id)): Path<(Code, PresentationId)>,
) -> Result<Response, Problem> {
    must_be_oneself(&here)?;
    shown(&here, &code, id, None).await
}

pub(super) async fn give(
    mut here: Here,
    Path((code, id)): Path<(Code, PresentationId)>,
    Form(fields): Form,
) -> Result<Response, Problem> {
    must_be_oneself(&here)?;
    let call = here.visitor.change(&id.to_string(), &fields);
    match here.service.give_mandate(&call, id).await {
        Ok(done) => Ok(see(&format!("/mandates/{}", done.value.id))),
        // What was chosen is in the presentation: the page of this address shows it again after the login.
        Err(error @ (Error::LoginAgain(_) | Error::StepUp(_))) => crate::problem::again_here(&here, &error),
        Err(error) => {
            let notice = noted(&mut here, &error, &[])?;
            shown(&here, &code, id, notice).await
        }
    }
}

async fn shown(
    here: &Here,
    code: &Code,
    id: PresentationId,
    notice: Option<Notice>,
) -> Result<Response, Problem> {
    let shown = here.told(here.service.read_presentation(&here.visitor.read(), id).await)?;
    let document = here.told(document(&shown, code).ok_or(Error::NotFound))?;
    let status = notice.as_ref().map(|notice| notice.status);
    let page = &here.page;
    let until = page.last_day(document.until);
    let change = format!("/mandates/new/{code}?from={id}");
    let template = Summary { page, here, code, id, document, until, change, notice };
    Ok(match status {
        Some(status) => page.answer_as(status, &template),
        None => page.answer(&template),
    })
}

/// The document of a presentation of that package.
fn document(shown: &Shown, code: &Code) -> Option<Document> {
    let Presented::Mandate { packages, .. } = &shown.presentation.presented else { return None };
    packages.iter().find(|version| version.code == *code)?;
    serde_json::from_slice(&shown.document).ok()
}
