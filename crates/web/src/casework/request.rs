//! A request that was asked under a look-up, what came of it, and taking it back.

use super::{
    Stop, Under, except,
    found::{Consent, consent, may_ask, state},
    read, roles,
};
use crate::{
    page::{Here, Page, see},
    refused::{Notice, form, noted},
};
use askama::Template;
use axum::response::Response;
use tillid_domain::{
    catalogue::ConsentType,
    id::{AccessId, RequestId},
    request::{ConsentRequest, RequestStanding, RequestState},
};
use tillid_edge::{Form, Path};

const ALL: u32 = 1000;

#[derive(Template)]
#[template(path = "casework_request.html")]
struct RequestPage<'p> {
    page: &'p Page,
    /// The page of the look-up.
    found: String,
    /// The address of this page, without its query.
    address: String,
    of: &'p ConsentType,
    state: &'static str,
    colour: &'static str,
    meaning: String,
    asked: String,
    deadline: String,
    case: Option<String>,
    /// How long it is to hold.
    lasts: String,
    statements: Vec<String>,
    answers: Vec<Consent>,
    voices: Vec<String>,
    /// Whether somebody's answer is awaited that the authority may do without.
    can_do_without: bool,
    can_be_cancelled: bool,
    /// Where an answer that was given in another way is registered.
    register: String,
    notice: Option<Notice>,
}

pub(super) async fn page(
    here: Here,
    Path((lookup, id)): Path<(AccessId, RequestId)>,
) -> Result<Response, Stop> {
    shown(&here, lookup, id, None).await
}

pub(super) async fn cancel(
    mut here: Here,
    Path((lookup, id)): Path<(AccessId, RequestId)>,
    Form(fields): Form,
) -> Result<Response, Stop> {
    roles(&here)?;
    let call = here.visitor.change(&format!("cancel:{id}"), &fields);
    match here.service.cancel_request(&call, id).await {
        Ok(_) => Ok(see(&format!("/casework/lookups/{lookup}/requests/{id}"))),
        Err(error) => {
            let notice = noted(&mut here, &error, &[])?;
            shown(&here, lookup, id, notice).await
        }
    }
}

async fn shown(
    here: &Here,
    lookup: AccessId,
    id: RequestId,
    notice: Option<Notice>,
) -> Result<Response, Stop> {
    let may_ask = may_ask(roles(here)?);
    let under = Under::new(here, lookup);
    let (request, of, now) = read(here, here.service.read_request(&under.call, id).await)?;
    let standing = request.standing(now);
    let answers = answers(here, lookup, &under, &request).await?;
    let voices = read(here, here.service.voices(&request, &of, now).await)?;
    let page = &here.page;
    let (state, colour) = state(standing);
    let status = notice.as_ref().map(|notice| notice.status);
    let statement = |code| of.item(code).map(|item| page.say(&item.statement).to_owned());
    let template = RequestPage {
        page,
        found: format!("/casework/lookups/{lookup}"),
        address: format!("/casework/lookups/{lookup}/requests/{id}"),
        of: &of,
        lasts: request.terms.duration(&of, page.language),
        state: page.t(state),
        colour,
        meaning: meaning(page, &request, standing),
        asked: page.moment(request.asked_at),
        deadline: page.last_day(request.deadline),
        case: request.case.as_ref().map(ToString::to_string),
        statements: request.items.iter().filter_map(statement).collect(),
        answers,
        can_do_without: may_ask && voices.iter().any(except::is_awaited),
        voices: voices.iter().map(|voice| crate::voices::line(page, voice)).collect(),
        can_be_cancelled: may_ask && standing == RequestStanding::Open,
        register: format!("/casework/lookups/{lookup}/register?request={id}"),
        notice,
    };
    Ok(form(page, status, &template))
}

/// The consents that the request was answered with, as they stand now.
async fn answers(
    here: &Here,
    lookup: AccessId,
    under: &Under,
    request: &ConsentRequest,
) -> Result<Vec<Consent>, Stop> {
    if !matches!(request.state, RequestState::Answered { .. }) {
        return Ok(Vec::new());
    }
    let consents = read(here, here.service.list_consents(&under.call, None, ALL).await)?.items;
    let theirs = consents.iter().filter(|typed| typed.consent.answer.request == Some(request.id));
    Ok(theirs.map(|typed| consent(here, lookup, typed)).collect())
}

/// What came of it, and what it means for the case.
fn meaning(page: &Page, request: &ConsentRequest, standing: RequestStanding) -> String {
    match (&request.state, standing) {
        (RequestState::Answered { at, .. }, _) => {
            page.fill("casework.was_answered", "moment", page.moment(*at))
        }
        (RequestState::Cancelled { at }, _) => {
            page.fill("casework.was_cancelled", "moment", page.moment(*at))
        }
        (RequestState::Lapsed { effective_at, .. }, _) => {
            page.fill("casework.has_lapsed", "moment", page.moment(*effective_at))
        }
        (RequestState::Open, RequestStanding::ExpiredUnanswered) => {
            page.t("casework.was_not_answered").to_owned()
        }
        (RequestState::Open, _) => page.fill("casework.waits", "deadline", page.last_day(request.deadline)),
    }
}
