//! What approving a request would give, as the grantor is shown it, and the last yes.

use super::{
    must_be_oneself,
    summary::{Document, ShownPackage, Yes, said},
};
use crate::{
    page::{Here, Page},
    refused::{Notice, form},
    view::authority,
};
use askama::Template;
use axum::response::Response;
use tillid_domain::{
    Cvr,
    id::{MandateRequestId, PresentationId},
    presentation::Presented,
};
use tillid_edge::{Form, Path, Problem};
use tillid_service::{Error, Shown};

#[derive(Template)]
#[template(path = "mandate_request_summary.html")]
struct Summary<'p> {
    page: &'p Page,
    id: MandateRequestId,
    presentation: PresentationId,
    /// The page of the request.
    request: String,
    document: Document,
    /// The packages of the document, each with its authority's name.
    packages: Vec<(String, ShownPackage)>,
    until: String,
    notice: Option<Notice>,
}

impl<'p> Summary<'p> {
    fn new(
        page: &'p Page,
        id: MandateRequestId,
        presentation: PresentationId,
        mut document: Document,
        name: impl Fn(Cvr) -> String,
        notice: Option<Notice>,
    ) -> Self {
        let until = document.until(page);
        let packages = document.take_packages(name);
        let request = format!("/mandate-requests/{id}");
        Self { page, id, presentation, request, document, packages, until, notice }
    }
}

pub(super) async fn page(
    here: Here,
    Path((id, presentation)): Path<(MandateRequestId, PresentationId)>,
) -> Result<Response, Problem> {
    must_be_oneself(&here)?;
    shown(&here, id, presentation, None).await
}

pub(super) async fn approve(
    mut here: Here,
    Path((id, presentation)): Path<(MandateRequestId, PresentationId)>,
    Form(fields): Form,
) -> Result<Response, Problem> {
    must_be_oneself(&here)?;
    let call = here.visitor.change(&presentation.to_string(), &fields);
    let done = here.service.approve_mandate_request(&call, id, presentation).await;
    match said(&mut here, done)? {
        Yes::Next(next) => Ok(next),
        Yes::Again(notice) => shown(&here, id, presentation, notice).await,
    }
}

async fn shown(
    here: &Here,
    id: MandateRequestId,
    presentation: PresentationId,
    notice: Option<Notice>,
) -> Result<Response, Problem> {
    let shown = here.told(here.service.read_presentation(&here.visitor.read(), presentation).await)?;
    let document = here.told(document(&shown, id).ok_or(Error::NotFound))?;
    let status = notice.as_ref().map(|notice| notice.status);
    let page = &here.page;
    let name = |cvr| authority(&here.service, cvr, page.language);
    let template = Summary::new(page, id, presentation, document, name, notice);
    Ok(form(page, status, &template))
}

/// The document of a presentation of that request.
fn document(shown: &Shown, id: MandateRequestId) -> Option<Document> {
    let Presented::Mandate { request: Some(of), .. } = &shown.presentation.presented else { return None };
    if *of == id { Document::read(shown) } else { None }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::tests::{must_hold_together, package, page};
    use tillid_domain::{
        Language, LocalDate,
        presentation::{MandateSetting, mandate_document},
    };
    use uuid::Uuid;

    #[test]
    fn everything_that_was_shown_stands_before_the_last_yes_and_a_no_is_beside_it() {
        let package = package("M14");
        let last: LocalDate = "2027-02-01".parse().expect("a day");
        let privileges: Vec<_> = package.privileges.iter().map(|p| p.uri.clone()).collect();
        let setting = MandateSetting {
            representative: None,
            packages: &[(&package, 3)],
            privileges: &privileges,
            case: None,
            until: last.next().start(),
            passed_on: false,
            together: None,
        };
        let bytes = mandate_document(&setting, Language::Da);
        for language in Language::ALL {
            let page = page(language);
            let document: Document = serde_json::from_slice(&bytes).expect("a document");
            let (id, presentation) = (
                MandateRequestId::from_uuid(Uuid::from_u128(7)),
                PresentationId::from_uuid(Uuid::from_u128(8)),
            );
            let html = Summary::new(&page, id, presentation, document, |_| "Eksempel".to_owned(), None);
            let html = html.render().expect("a page");
            must_hold_together(&html);
            let approve = format!("<form method=\"post\" action=\"/mandate-requests/{id}/{presentation}\">");
            let (told, rest) = html.split_once(&approve).expect("a form");
            for text in [&package.title, &package.implication, &package.does_not_cover] {
                assert!(told.contains(text.da.as_str()), "{}", text.da);
            }
            for privilege in &package.privileges {
                assert!(told.contains(privilege.covers.da.as_str()), "{}", privilege.covers.da);
            }
            assert!(told.contains(page.t("asking.someone")) && told.contains("<div lang=\"da\">"));
            assert!(rest.contains(&format!("action=\"/mandate-requests/{id}/decline\"")));
        }
    }
}
