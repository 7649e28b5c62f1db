//! Giving a consent that nobody asked for, and saying no to something (C12).

use crate::{
    Web,
    answer::{DonePage, Of, found},
    page::{Here, Page, see},
    question::{self, About},
    view::{ConsentRow, authority},
};
use askama::Template;
use axum::{Router, response::Response, routing::get};
use serde::Deserialize;
use tillid_domain::{
    catalogue::{CaseBinding, CatalogueEntry, Channel, ConsentType, Polarity, Shelf},
    id::PresentationId,
    text::Code,
};
use tillid_edge::{Form, Path, Problem, Query};
use tillid_service::Error;

const AT_A_TIME: u32 = 200;

pub(crate) fn router() -> Router<Web> {
    Router::new()
        .route("/consents/new", get(pick))
        .route("/consents/new/{code}", get(before).post(open))
        .route("/consents/new/{code}/summary", get(back).post(summary))
        .route("/consents/new/{code}/answer", get(back).post(answer))
        .route("/consents/new/{code}/answered", get(answered))
}

/// What can be given or refused unasked.
#[derive(Template)]
#[template(path = "giving_pick.html")]
pub(crate) struct PickPage<'p> {
    pub(crate) page: &'p Page,
    pub(crate) consents: Vec<Choice>,
    pub(crate) opt_outs: Vec<Choice>,
}

pub(crate) struct Choice {
    pub(crate) code: String,
    pub(crate) title: String,
    pub(crate) purpose: String,
    pub(crate) authority: String,
}

/// What it is, before it is opened.
#[derive(Template)]
#[template(path = "giving_type.html")]
pub(crate) struct TypePage<'p> {
    pub(crate) page: &'p Page,
    pub(crate) of: Choice,
    pub(crate) opt_out: bool,
}

#[derive(Deserialize)]
struct Opened {
    attempt: Option<String>,
}

#[derive(Deserialize)]
struct Given {
    presentation: PresentationId,
}

/// Whether a person can give it here of their own accord: what belongs to a case is asked in that case.
fn is_unasked(of: &ConsentType) -> bool {
    of.case_binding != CaseBinding::Required && of.channels.contains(&Channel::Digital)
}

fn choice(here: &Here, of: &ConsentType) -> Choice {
    let page = &here.page;
    Choice {
        code: of.code.to_string(),
        title: page.say(&of.title).to_owned(),
        purpose: page.say(&of.purpose).to_owned(),
        authority: authority(&here.service, of.authority, page.language),
    }
}

async fn pick(here: Here) -> Result<Response, Problem> {
    let (mut consents, mut opt_outs, mut after) = (Vec::new(), Vec::new(), None);
    loop {
        let part = here.service.list_catalogue(Shelf::ConsentType, after.as_ref(), AT_A_TIME).await;
        let part = here.told(part)?;
        for of in part.items.iter().filter_map(CatalogueEntry::consent_type).filter(|of| is_unasked(of)) {
            let list = if of.polarity == Polarity::OptOut { &mut opt_outs } else { &mut consents };
            list.push(choice(&here, of));
        }
        after = part.next;
        if after.is_none() {
            break;
        }
    }
    Ok(here.page.answer(&PickPage { page: &here.page, consents, opt_outs }))
}

async fn before(
    here: Here,
    Path(code): Path<Code>,
    Query(opened): Query<Opened>,
) -> Result<Response, Problem> {
    let about = About::Unasked(code.clone());
    if let Some(question) = question::opened(&here, &about, opened.attempt).await? {
        return Ok(question);
    }
    let entry = here.told(here.service.published_entry(Shelf::ConsentType, &code).await)?;
    let of = here.told(entry.consent_type().filter(|of| is_unasked(of)).ok_or(Error::NotFound))?;
    let opt_out = of.polarity == Polarity::OptOut;
    Ok(here.page.answer(&TypePage { page: &here.page, of: choice(&here, of), opt_out }))
}

async fn open(here: Here, Path(code): Path<Code>, Form(fields): Form) -> Result<Response, Problem> {
    question::open(here, About::Unasked(code), &fields).await
}

async fn summary(here: Here, Path(code): Path<Code>, Form(fields): Form) -> Result<Response, Problem> {
    question::summary(here, About::Unasked(code), &fields).await
}

async fn answer(here: Here, Path(code): Path<Code>, Form(fields): Form) -> Result<Response, Problem> {
    question::send(here, About::Unasked(code), &fields).await
}

async fn back(Path(code): Path<Code>) -> Response {
    see(&format!("/consents/new/{code}"))
}

async fn answered(
    here: Here,
    Path(code): Path<Code>,
    Query(given): Query<Given>,
) -> Result<Response, Problem> {
    let answers = here.told(found(&here, Of::Presentation(given.presentation)).await)?;
    let Some(first) = answers.first() else { return Ok(see(&format!("/consents/new/{code}"))) };
    let page = &here.page;
    let at = page.moment(first.consent.answered_at);
    let (title, authority) =
        (page.say(&first.of.title), authority(&here.service, first.consent.answer.authority, page.language));
    let consents = answers.iter().map(|typed| ConsentRow::new(typed, &here.service, page)).collect();
    Ok(page.answer(&DonePage { page, title, authority, at, consents, receipt: None }))
}
