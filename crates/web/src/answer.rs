//! Answering a request: what it is before it is opened, and what came of it.

use crate::{
    Web,
    page::{Here, Page, see},
    question::{self, About},
    view::{ConsentRow, authority},
};
use askama::Template;
use axum::{Router, response::Response, routing::get};
use serde::Deserialize;
use tillid_domain::{
    id::{ConsentId, PresentationId, RequestId},
    request::{RequestStanding, RequestState},
};
use tillid_edge::{Form, Path, Problem, Query};
use tillid_service::{Error, TypedConsent};

pub(crate) fn router() -> Router<Web> {
    Router::new()
        .route("/requests/{id}", get(request).post(open))
        .route("/requests/{id}/summary", get(back_to_request).post(summary))
        .route("/requests/{id}/answer", get(back_to_request).post(answer))
        .route("/requests/{id}/answered", get(answered))
}

/// What a request is about, before it is opened.
#[derive(Template)]
#[template(path = "request.html")]
pub(crate) struct RequestPage<'p> {
    pub(crate) page: &'p Page,
    pub(crate) id: RequestId,
    pub(crate) title: &'p str,
    pub(crate) authority: String,
    pub(crate) asked: String,
    pub(crate) deadline: String,
    /// Why it cannot be answered; open requests have no such reason.
    pub(crate) closed: Option<&'static str>,
    /// Who answers, where it is not the person alone.
    pub(crate) voices: Vec<String>,
}

/// What came of it.
#[derive(Template)]
#[template(path = "answer_done.html")]
pub(crate) struct DonePage<'p> {
    pub(crate) page: &'p Page,
    pub(crate) title: &'p str,
    pub(crate) authority: String,
    pub(crate) at: String,
    pub(crate) consents: Vec<ConsentRow>,
    /// Where the receipt of all of it is.
    pub(crate) receipt: Option<String>,
}

#[derive(Deserialize)]
struct Opened {
    attempt: Option<String>,
}

async fn request(
    here: Here,
    Path(id): Path<RequestId>,
    Query(opened): Query<Opened>,
) -> Result<Response, Problem> {
    let (request, of, now) = here.told(here.service.read_request(&here.visitor.read(), id).await)?;
    let closed = match request.standing(now) {
        RequestStanding::Open => None,
        RequestStanding::Answered => return Ok(see(&format!("/requests/{id}/answered"))),
        RequestStanding::Cancelled => Some(here.page.t("answer.cancelled")),
        RequestStanding::Lapsed => Some(here.page.t("answer.lapsed")),
        RequestStanding::ExpiredUnanswered => Some(here.page.t("answer.expired")),
    };
    let attempt = opened.attempt.filter(|_| closed.is_none());
    if let Some(question) = question::opened(&here, &About::Request(id), attempt).await? {
        return Ok(question);
    }
    let voices = crate::voices::lines(&here, &request, &of, now).await?;
    let page = &here.page;
    Ok(page.answer(&RequestPage {
        page,
        id,
        title: page.say(&of.title),
        authority: authority(&here.service, request.authority, page.language),
        asked: page.moment(request.asked_at),
        deadline: page.last_day(request.deadline),
        closed,
        voices,
    }))
}

async fn open(here: Here, Path(id): Path<RequestId>, Form(fields): Form) -> Result<Response, Problem> {
    question::open(here, About::Request(id), &fields).await
}

async fn summary(here: Here, Path(id): Path<RequestId>, Form(fields): Form) -> Result<Response, Problem> {
    question::summary(here, About::Request(id), &fields).await
}

async fn answer(here: Here, Path(id): Path<RequestId>, Form(fields): Form) -> Result<Response, Problem> {
    question::send(here, About::Request(id), &fields).await
}

async fn answered(here: Here, Path(id): Path<RequestId>) -> Result<Response, Problem> {
    let (request, of, _) = here.told(here.service.read_request(&here.visitor.read(), id).await)?;
    let RequestState::Answered { at, .. } = request.state else {
        return Ok(see(&format!("/requests/{id}")));
    };
    let page = &here.page;
    let consents = here.told(found(&here, Of::Request(id)).await)?;
    let consents = consents.iter().map(|c| ConsentRow::new(c, &here.service, page)).collect();
    let authority = authority(&here.service, request.authority, page.language);
    let title = page.say(&of.title);
    let receipt = here.visitor.acting_for().is_none().then(|| format!("/requests/{id}/receipt"));
    Ok(page.answer(&DonePage { page, title, authority, at: page.moment(at), consents, receipt }))
}

async fn back_to_request(Path(id): Path<RequestId>) -> Response {
    see(&format!("/requests/{id}"))
}

/// What answers have in common that were given together.
#[derive(Clone, Copy)]
pub(crate) enum Of {
    Request(RequestId),
    Presentation(PresentationId),
}

/// The answers that were given together, in the order in which they were asked.
pub(crate) async fn found(here: &Here, of: Of) -> Result<Vec<TypedConsent>, Error> {
    let fits = |typed: &TypedConsent| match of {
        Of::Request(id) => typed.consent.answer.request == Some(id),
        Of::Presentation(id) => typed.consent.answer.presentation == id,
    };
    let mut found = Vec::new();
    let mut below: Option<ConsentId> = None;
    loop {
        let part = here.service.list_consents(&here.visitor.read(), below, 100).await?;
        found.extend(part.items.into_iter().filter(fits));
        below = part.next;
        if below.is_none() || !found.is_empty() {
            found.reverse();
            return Ok(found);
        }
    }
}
