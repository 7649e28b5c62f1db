//! What is about to be given, as the grantor is shown it, and the last yes.

use super::{has_custody, must_be_a_giver, together::ShownCompany};
use crate::{
    page::{Here, Page, see},
    refused::{Notice, form, noted},
    view::authority,
};
use askama::Template;
use axum::response::Response;
use serde::Deserialize;
use tillid_domain::{
    Cvr, Instant, Language,
    catalogue::PrivilegeAction,
    id::PresentationId,
    mandate::Mandate,
    presentation::Presented,
    text::{CaseRef, Code, Name},
};
use tillid_edge::{Form, Path, Problem};
use tillid_service::{Done, Error, Shown};

/// The document that was shown (`tillid.presentation.mandate/1`), as this page reads it.
#[derive(Deserialize)]
pub(crate) struct Document {
    pub(crate) language: Language,
    pub(crate) representative: Option<Name>,
    packages: Vec<ShownPackage>,
    pub(crate) case: Option<CaseRef>,
    until: Instant,
    /// For how long it rests first.
    usable_after_hours: Option<u32>,
    #[serde(default)]
    acceptance_required: bool,
    /// With whom else it is given or held.
    pub(crate) together: Option<ShownCompany>,
}

#[derive(Deserialize)]
pub(crate) struct ShownPackage {
    authority: Cvr,
    pub(crate) title: String,
    pub(crate) implication: String,
    pub(crate) does_not_cover: String,
    pub(crate) privileges: Vec<ShownPrivilege>,
}

#[derive(Deserialize)]
pub(crate) struct ShownPrivilege {
    action: PrivilegeAction,
    pub(crate) name: String,
    pub(crate) covers: String,
    pub(crate) does_not_cover: String,
}

impl Document {
    /// The document of a presentation, if it is one of a mandate.
    pub(crate) fn read(shown: &Shown) -> Option<Self> {
        serde_json::from_slice(&shown.document).ok()
    }

    /// The packages, each with its authority's name; they are told in the document's place.
    pub(crate) fn take_packages(&mut self, name: impl Fn(Cvr) -> String) -> Vec<(String, ShownPackage)> {
        let packages = std::mem::take(&mut self.packages);
        packages.into_iter().map(|package| (name(package.authority), package)).collect()
    }

    /// Whether enough must sign it before it can be used.
    pub(crate) fn waits_for_signatures(&self) -> bool {
        self.together.as_ref().is_some_and(ShownCompany::is_signed)
    }

    /// What must be so before it can be used, as texts; none when it can be used at once.
    pub(crate) fn first(&self) -> Vec<&'static str> {
        let later = self.usable_after_hours.map(|_| "mandate.usable_later");
        later.into_iter().chain(self.acceptance_required.then_some("mandate.must_be_accepted")).collect()
    }

    /// Its last day, in words.
    pub(crate) fn until(&self, page: &Page) -> String {
        page.last_day(self.until)
    }
}

impl ShownPrivilege {
    pub(crate) const fn action(&self) -> &'static str {
        super::words::action(self.action)
    }
}

/// What was shown and waits for the last yes.
pub(super) struct Ready {
    pub(super) document: Document,
    /// The packages of the document, each with its authority's name.
    pub(super) packages: Vec<(String, ShownPackage)>,
    pub(super) until: String,
}

/// What was shown in that presentation, if it is what the address says.
pub(super) async fn ready(
    here: &Here,
    id: PresentationId,
    fits: impl Fn(&Presented) -> bool,
) -> Result<Ready, Problem> {
    let shown = here.told(here.service.read_presentation(&here.visitor.read(), id).await)?;
    let document = Document::read(&shown).filter(|_| fits(&shown.presentation.presented));
    let mut document = here.told(document.ok_or(Error::NotFound))?;
    let until = document.until(&here.page);
    let packages = document.take_packages(|cvr| authority(&here.service, cvr, here.page.language));
    Ok(Ready { document, packages, until })
}

/// What comes of the last yes.
pub(super) enum Yes {
    /// The next page: that of the mandate, or of a login that leads back here. What was chosen is in the presentation, and the page of this
    /// address shows it again.
    Next(Response),
    /// The same page, with what was refused.
    Again(Option<Notice>),
}

/// What comes of the last yes to something.
pub(super) fn said(here: &mut Here, done: Result<Done<Mandate>, Error>) -> Result<Yes, Problem> {
    match done {
        Ok(done) => Ok(Yes::Next(see(&format!("/mandates/{}", done.value.id)))),
        Err(error @ (Error::LoginAgain(_) | Error::StepUp(_))) => {
            crate::problem::again_here(here, &error).map(Yes::Next)
        }
        Err(error) => Ok(Yes::Again(noted(here, &error, &[])?)),
    }
}

#[derive(Template)]
#[template(path = "mandate_summary.html")]
struct Summary<'p> {
    page: &'p Page,
    code: &'p Code,
    id: PresentationId,
    document: Document,
    /// The packages of the document, each with its authority's name.
    packages: Vec<(String, ShownPackage)>,
    until: String,
    /// Where what was filled in can be changed.
    change: String,
    /// Whether it is given for a child, so that others who have custody may have to sign it too.
    for_child: bool,
    notice: Option<Notice>,
}

impl<'p> Summary<'p> {
    fn new(
        page: &'p Page,
        code: &'p Code,
        id: PresentationId,
        mut document: Document,
        name: impl Fn(Cvr) -> String,
        notice: Option<Notice>,
    ) -> Self {
        let until = document.until(page);
        let change = format!("/mandates/new/{code}?from={id}");
        let packages = document.take_packages(name);
        Self { page, code, id, document, packages, until, change, for_child: false, notice }
    }
}

pub(super) async fn page(
    here: Here,
    Path((code, id)): Path<(Code, PresentationId)>,
) -> Result<Response, Problem> {
    must_be_a_giver(&here)?;
    shown(&here, &code, id, None).await
}

pub(super) async fn give(
    mut here: Here,
    Path((code, id)): Path<(Code, PresentationId)>,
    Form(fields): Form,
) -> Result<Response, Problem> {
    must_be_a_giver(&here)?;
    let call = here.visitor.change(&id.to_string(), &fields);
    let done = here.service.give_mandate(&call, id).await;
    match said(&mut here, done)? {
        Yes::Next(next) => Ok(next),
        Yes::Again(notice) => shown(&here, &code, id, notice).await,
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
    let name = |cvr| authority(&here.service, cvr, page.language);
    let template =
        Summary { for_child: has_custody(here), ..Summary::new(page, code, id, document, name, notice) };
    Ok(form(page, status, &template))
}

/// The document of a presentation of that package.
fn document(shown: &Shown, code: &Code) -> Option<Document> {
    let Presented::Mandate { packages, request: None, renews: None, under: None, signs: None, .. } =
        &shown.presentation.presented
    else {
        return None;
    };
    packages.iter().find(|version| version.code == *code)?;
    Document::read(shown)
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::tests::{must_hold_together, package, page};
    use tillid_domain::{
        LocalDate,
        presentation::{MandateSetting, mandate_document},
    };

    #[test]
    fn everything_that_was_shown_stands_before_the_last_yes() {
        let package = package("M14");
        let privilege = package.privileges.first().expect("a privilege");
        let last: LocalDate = "2027-02-01".parse().expect("a day");
        let name: Name = "Bo Lind".parse().expect("a name");
        let setting = MandateSetting {
            representative: Some(&name),
            packages: &[(&package, 3)],
            privileges: std::slice::from_ref(&privilege.uri),
            case: None,
            until: last.next().start(),
            passed_on: false,
            together: None,
        };
        let bytes = mandate_document(&setting, Language::Da);
        for language in Language::ALL {
            let page = page(language);
            let document: Document = serde_json::from_slice(&bytes).expect("a document");
            let id = "00000000-0000-0000-0000-000000000007".parse().expect("an id");
            let html = Summary::new(&page, &package.code, id, document, |_| "Eksempel".to_owned(), None);
            let html = html.render().expect("a page");
            must_hold_together(&html);
            let (told, _) =
                html.split_once("<form method=\"post\" action=\"/mandates/new/M14/").expect("a form");
            for text in [&package.title, &package.implication, &package.does_not_cover, &privilege.covers] {
                assert!(told.contains(text.da.as_str()), "{}", text.da);
            }
            assert!(told.contains("Bo Lind") && told.contains("<div lang=\"da\">"));
            assert!(told.contains(&page.last_day(last.next().start())));
            assert!(!told.contains(package.privileges.last().expect("another").name.da.as_str()));
        }
    }
}
