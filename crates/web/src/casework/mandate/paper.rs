//! A form that was printed for somebody to sign: to print it, and to enter it once it is signed.

use super::must_be_registrar;
use crate::{
    casework::{
        Stop, Under,
        evidence::{FILE, brought},
        read as told,
    },
    fields::{Radio, WrittenDate},
    mandate::{Document, ShownPackage},
    page::{Here, Page, see},
    refused::{Notice, Places, form as answer, noted},
    view::authority,
};
use askama::Template;
use axum::response::Response;
use tillid_domain::{
    id::{AccessId, PresentationId},
    mandate::MandatePaper,
};
use tillid_edge::{Fields, Path, Upload};
use tillid_service::{Error, MandateEntry, PrintedMandate};

const PLACES: &Places = &[
    ("/registration/document_id", FILE),
    ("/registration/signed_on", "at_day"),
    ("/registration", "at_day"),
];

/// What was filled in, as it was written.
#[derive(Default)]
struct Filled {
    at: WrittenDate,
    paper: String,
    /// The id of a document that an earlier sending of the form brought.
    document: String,
}

#[derive(Template)]
#[template(path = "casework_mandate_form.html")]
struct FormPage<'p> {
    page: &'p Page,
    found: String,
    address: String,
    /// Where the PDF is.
    print: String,
    code: String,
    document: Document,
    packages: Vec<(String, ShownPackage)>,
    until: String,
    papers: Vec<Radio>,
    filled: &'p Filled,
    notice: Option<Notice>,
}

type Ids = Path<(AccessId, PresentationId)>;

pub(in crate::casework) async fn page(here: Here, Path((lookup, id)): Ids) -> Result<Response, Stop> {
    must_be_registrar(&here)?;
    let under = Under::new(&here, lookup);
    let printed = told(&here, here.service.read_mandate_form(&under.call, id).await)?;
    shown(&here, lookup, &printed, &Filled::default(), None)
}

pub(in crate::casework) async fn enter(
    mut here: Here,
    Path((lookup, id)): Ids,
    Upload(fields, files): Upload,
) -> Result<Response, Stop> {
    must_be_registrar(&here)?;
    let under = Under::new(&here, lookup);
    let printed = told(&here, here.service.read_mandate_form(&under.call, id).await)?;
    let mut filled = Filled::sent(&fields);
    let signed_on = filled.at.date();
    let signed_on =
        signed_on.map_err(|(part, flaw)| here.page.wrong(format!("at_{part}"), here.page.t(flaw)));
    let paper = MandatePaper::ALL.into_iter().find(|paper| paper.code() == filled.paper);
    if paper.is_none() {
        here.page.wrong("paper-0", here.page.t("mandates.paper_missing"));
    }
    let document = brought(&mut here, &under, &files, &filled.document).await?;
    filled.document = document.map(|id| id.to_string()).unwrap_or_default();
    if document.is_none() && here.page.error(FILE).is_none() {
        here.page.wrong(FILE, here.page.t("registering.scan_missing"));
    }
    let (Ok(signed_on), Some(paper), Some(document)) = (signed_on, paper, document) else {
        return shown(&here, lookup, &printed, &filled, None);
    };
    let call = under.change(&here, &format!("enter:{id}:{}:{signed_on}", paper.code()), &fields);
    let entry = MandateEntry { paper, signed_on, document };
    match here.service.register_mandate(&call, id, entry).await {
        Ok(done) => Ok(see(&format!("/casework/lookups/{lookup}/mandates/{}", done.value.id))),
        Err(error @ (Error::LoginAgain(_) | Error::StepUp(_))) => {
            Ok(crate::problem::again_here(&here, &error)?)
        }
        Err(error) => {
            let notice = noted(&mut here, &error, PLACES)?;
            shown(&here, lookup, &printed, &filled, notice)
        }
    }
}

impl Filled {
    fn sent(fields: &Fields) -> Self {
        let text = |name: &str| fields.get(name).unwrap_or_default().to_owned();
        Self { at: WrittenDate::sent(fields, "at"), paper: text("paper"), document: text("document") }
    }
}

fn shown(
    here: &Here,
    lookup: AccessId,
    printed: &PrintedMandate,
    filled: &Filled,
    notice: Option<Notice>,
) -> Result<Response, Stop> {
    let found = format!("/casework/lookups/{lookup}");
    if let (Some(mandate), None) = (printed.mandate, &notice) {
        return Ok(see(&format!("{found}/mandates/{mandate}")));
    }
    let page = &here.page;
    let mut document = here.told(Document::read(&printed.shown).ok_or(Error::NotFound))?;
    let until = document.until(page);
    let packages = document.take_packages(|cvr| authority(&here.service, cvr, page.language));
    let id = printed.shown.presentation.id;
    let status = notice.as_ref().map(|notice| notice.status);
    let radio = |paper: MandatePaper| {
        let (words, hint) = match paper {
            MandatePaper::Form => ("mandates.paper_form", "mandates.paper_form_hint"),
            MandatePaper::General => ("mandates.paper_general", "mandates.paper_general_hint"),
        };
        let chosen = filled.paper == paper.code();
        Radio { code: paper.code(), words: page.t(words).to_owned(), hint: Some(page.t(hint)), chosen }
    };
    let template = FormPage {
        page,
        address: format!("{found}/mandates/forms/{id}"),
        print: format!("{found}/presentations/{id}/form"),
        found,
        code: id.code(),
        document,
        packages,
        until,
        papers: MandatePaper::ALL.into_iter().map(radio).collect(),
        filled,
        notice,
    };
    Ok(answer(page, status, &template))
}
