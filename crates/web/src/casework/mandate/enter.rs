//! What a registrar makes a form for: a request that waits for somebody, or a package. Forms that wait for a signature are here too, to be
//! found again by their code.

use super::{make, must_be_registrar};
use crate::{
    casework::{Stop, Under, read as told},
    mandate::{can_be_given_here, published},
    page::{Here, Page, see},
    refused::{Notice, form, noted},
};
use askama::Template;
use axum::response::Response;
use serde::Deserialize;
use tillid_domain::{
    Language,
    catalogue::{CatalogueEntry, MandatePackage},
    id::{AccessId, MandateRequestId},
    mandate_request::MandateRequestStanding,
    presentation::{Means, Presentation, Presented},
    text::Code,
};
use tillid_edge::{Fields, Form, Path, Query};
use tillid_service::{Error, NewPresentation};

const AT_A_TIME: u32 = 200;

/// The package of which a form is to be made.
#[derive(Deserialize)]
pub(in crate::casework) struct Asked {
    package: Option<Code>,
}

/// Something that waits: a request to print, or a form that was printed.
struct Waiting {
    address: String,
    title: String,
    about: String,
}

struct Offered {
    address: String,
    title: String,
    purpose: String,
}

#[derive(Template)]
#[template(path = "casework_mandate_new.html")]
struct NewPage<'p> {
    page: &'p Page,
    found: String,
    forms: Vec<Waiting>,
    requests: Vec<Waiting>,
    offered: Vec<Offered>,
    notice: Option<Notice>,
}

pub(in crate::casework) async fn page(
    here: Here,
    Path(lookup): Path<AccessId>,
    Query(Asked { package }): Query<Asked>,
) -> Result<Response, Stop> {
    must_be_registrar(&here)?;
    match package {
        Some(code) => make::page(&here, lookup, &code).await,
        None => shown(&here, lookup, None).await,
    }
}

/// The form for a request that waits.
pub(in crate::casework) async fn print(
    mut here: Here,
    Path((lookup, request)): Path<(AccessId, MandateRequestId)>,
    Form(fields): Form,
) -> Result<Response, Stop> {
    must_be_registrar(&here)?;
    let about = NewPresentation::MandateRequest(request);
    let (key, language) = (format!("mandate-form:{request}"), here.page.language);
    match made(&here, lookup, &about, &key, language, &fields).await {
        Ok(form) => Ok(form),
        Err(error) => {
            let notice = noted(&mut here, &error, &[])?;
            shown(&here, lookup, notice).await
        }
    }
}

/// Makes the form, and leads to it.
pub(super) async fn made(
    here: &Here,
    lookup: AccessId,
    about: &NewPresentation,
    key: &str,
    language: Language,
    fields: &Fields,
) -> Result<Response, Error> {
    let call = Under::new(here, lookup).change(here, key, fields);
    let done = here.service.present_for(&call, about, Means::Paper, language).await?;
    Ok(see(&format!("/casework/lookups/{lookup}/mandates/forms/{}", done.value.presentation.id)))
}

async fn shown(here: &Here, lookup: AccessId, notice: Option<Notice>) -> Result<Response, Stop> {
    let under = Under::new(here, lookup);
    let found = format!("/casework/lookups/{lookup}");
    let page = &here.page;
    let entries = published(here).await?;
    let packages = || {
        let packages = entries.iter().filter_map(CatalogueEntry::mandate_package);
        packages.filter(|package| can_be_given_here(package))
    };
    let title = |code: &Code| {
        let package = packages().find(|package| package.code == *code);
        package.map_or_else(|| code.to_string(), |package| page.say(&package.title).to_owned())
    };
    let forms = told(here, here.service.waiting_mandate_forms(&under.call).await)?;
    let forms = forms.iter().map(|shown| waiting_form(page, &found, shown, &title)).collect();
    let asked = told(here, here.service.list_mandate_requests(&under.call, None, AT_A_TIME).await)?;
    let open = asked.items.iter().filter(|seen| seen.standing == MandateRequestStanding::Open);
    let requests = open.map(|seen| Waiting {
        address: format!("{found}/mandates/requests/{}", seen.request.id),
        title: seen
            .request
            .packages
            .iter()
            .map(|version| title(&version.code))
            .collect::<Vec<_>>()
            .join(", "),
        about: page.fill("mandates.asked_until", "deadline", page.last_day(seen.request.deadline)),
    });
    let requests = requests.collect();
    let offered = packages().map(|package: &MandatePackage| Offered {
        address: format!("{found}/mandates/new?package={}", package.code),
        title: page.say(&package.title).to_owned(),
        purpose: page.say(&package.purpose).to_owned(),
    });
    let offered = offered.collect();
    let template = NewPage { page, found, forms, requests, offered, notice };
    let status = template.notice.as_ref().map(|notice| notice.status);
    Ok(form(page, status, &template))
}

fn waiting_form(page: &Page, found: &str, shown: &Presentation, title: &impl Fn(&Code) -> String) -> Waiting {
    let packages = match &shown.presented {
        Presented::Mandate { packages, .. } => packages.as_slice(),
        Presented::Consent { .. } => &[],
    };
    Waiting {
        address: format!("{found}/mandates/forms/{}", shown.id),
        title: packages.iter().map(|version| title(&version.code)).collect::<Vec<_>>().join(", "),
        about: page.fill_two("mandates.printed", "at", page.moment(shown.shown_at), "code", shown.id.code()),
    }
}
