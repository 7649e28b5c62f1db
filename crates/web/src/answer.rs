//! Answering a request: what is asked is shown, each specific consent gets its own yes or no, and a last look before it counts.
//!
//! Showing is a change of its own (C4): it happens when somebody opens the question with a button. The `attempt` names that
//! opening; with it, what was shown can be fetched again as often as the pages need it, and is not recorded as shown once more.

use crate::{
    Web,
    document::{ConsentDocument, Item},
    page::{FieldError, Here, Page, see},
    problem::again,
    view::{ConsentRow, authority},
};
use askama::Template;
use axum::{Router, response::Response, routing::get};
use serde::Deserialize;
use tillid_domain::{
    Audience, Digest,
    id::{ConsentId, PresentationId, RequestId},
    request::{RequestStanding, RequestState},
};
use tillid_edge::{Fields, Form, Path, Problem, Query};
use tillid_service::{Answer, Error, NewPresentation, TypedConsent};

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

/// The question, with everything that must be told before it is answered.
#[derive(Template)]
#[template(path = "answer_choose.html")]
pub(crate) struct ChoosePage<'p> {
    pub(crate) page: &'p Page,
    pub(crate) asked: &'p Question,
}

/// The choices once more, before they count.
#[derive(Template)]
#[template(path = "answer_summary.html")]
pub(crate) struct SummaryPage<'p> {
    pub(crate) page: &'p Page,
    pub(crate) asked: &'p Question,
}

/// What came of it.
#[derive(Template)]
#[template(path = "answer_done.html")]
pub(crate) struct DonePage<'p> {
    pub(crate) page: &'p Page,
    pub(crate) id: RequestId,
    pub(crate) title: &'p str,
    pub(crate) authority: String,
    pub(crate) at: String,
    pub(crate) consents: Vec<ConsentRow>,
}

/// What was shown, and what has been chosen so far.
pub(crate) struct Question {
    pub(crate) id: RequestId,
    pub(crate) attempt: String,
    pub(crate) presentation: PresentationId,
    pub(crate) document: ConsentDocument,
    pub(crate) choices: Vec<Choice>,
}

/// A specific consent, and what was said to it.
pub(crate) struct Choice {
    pub(crate) number: usize,
    pub(crate) item: Item,
    pub(crate) said: Option<bool>,
}

impl Choice {
    /// The id of the first of its two buttons.
    pub(crate) fn field(&self) -> String {
        format!("answer-{}-yes", self.item.code)
    }
}

impl Question {
    /// The question as it was shown, with what the fields say.
    pub(crate) fn new(
        id: RequestId,
        attempt: String,
        presentation: PresentationId,
        document: ConsentDocument,
        fields: &Fields,
    ) -> Self {
        let chosen = |item: &Item| match fields.get(&format!("answer.{}", item.code)) {
            Some("yes") => Some(true),
            Some("no") => Some(false),
            _ => None,
        };
        let choices = document.items.iter().enumerate().map(|(at, item)| Choice {
            number: at + 1,
            said: chosen(item),
            item: item.clone(),
        });
        let choices = choices.collect();
        Self { id, attempt, presentation, document, choices }
    }

    /// What is missing, field by field.
    pub(crate) fn unanswered(&self, page: &Page) -> Vec<FieldError> {
        let missing = self.choices.iter().filter(|choice| choice.said.is_none());
        missing
            .map(|choice| FieldError {
                field: choice.field(),
                text: page.fill("answer.unanswered", "number", choice.number),
            })
            .collect()
    }
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
    let attempt = opened.attempt.filter(|attempt| closed.is_none() && is_from(&here, id, attempt));
    if let Some(attempt) = attempt {
        let asked = here.told(shown(&here, id, attempt, &Fields::default()).await)??;
        return Ok(here.page.answer(&ChoosePage { page: &here.page, asked: &asked }));
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
    let attempt = match fields.get("attempt") {
        Some(attempt) => attempt.to_owned(),
        None => new_attempt(&here, id),
    };
    let asked = here.told(shown(&here, id, attempt, &fields).await)??;
    // Somebody who comes back to change an answer finds it as they left it.
    if asked.choices.iter().any(|choice| choice.said.is_some()) {
        return Ok(here.page.answer(&ChoosePage { page: &here.page, asked: &asked }));
    }
    Ok(see(&format!("/requests/{id}?attempt={}", asked.attempt)))
}

async fn summary(mut here: Here, Path(id): Path<RequestId>, Form(fields): Form) -> Result<Response, Problem> {
    let attempt = fields.get("attempt").map_or_else(|| new_attempt(&here, id), str::to_owned);
    let asked = here.told(shown(&here, id, attempt, &fields).await)??;
    let unanswered = asked.unanswered(&here.page);
    let page = &mut here.page;
    page.errors.extend(unanswered);
    // Another language was chosen meanwhile, or what was shown has been forgotten: the words are others than those answered.
    if fields.get("presentation") != Some(&asked.presentation.to_string()) {
        page.wrong("answers", page.t("answer.shown_anew"));
    }
    if page.errors.is_empty() {
        return Ok(page.answer(&SummaryPage { page, asked: &asked }));
    }
    Ok(page.answer(&ChoosePage { page, asked: &asked }))
}

async fn answer(mut here: Here, Path(id): Path<RequestId>, Form(fields): Form) -> Result<Response, Problem> {
    let presentation = fields.get("presentation").and_then(|text| text.parse::<PresentationId>().ok());
    let answers: Option<Vec<Answer>> = fields.beginning("answer.").map(said).collect();
    let (Some(presentation), Some(answers)) = (presentation, answers) else {
        return summary(here, Path(id), Form(fields)).await;
    };
    let call = here.visitor.change(&format!("answer:{presentation}"), &fields);
    match here.service.answer_request(&call, id, presentation, &answers).await {
        Ok(_) => Ok(see(&format!("/requests/{id}/answered"))),
        Err(Error::Invalid(flaws)) => {
            let sentence = flaws.first().and_then(|flaw| flaw.reason.sentence(Audience::Citizen));
            let told = sentence.map_or("", |sentence| here.page.say(sentence));
            let attempt = new_attempt(&here, id);
            let asked = here.told(shown(&here, id, attempt, &fields).await)??;
            here.page.wrong("answers", told);
            Ok(here.page.answer(&ChoosePage { page: &here.page, asked: &asked }))
        }
        Err(error) => again(&here, &error, &format!("/requests/{id}/summary"), &fields).await,
    }
}

fn said((code, value): (&str, &str)) -> Option<Answer> {
    let given = match value {
        "yes" => true,
        "no" => false,
        _ => return None,
    };
    Some(Answer { item: code.parse().ok()?, given })
}

async fn answered(here: Here, Path(id): Path<RequestId>) -> Result<Response, Problem> {
    let (request, of, _) = here.told(here.service.read_request(&here.visitor.read(), id).await)?;
    let RequestState::Answered { at, .. } = request.state else {
        return Ok(see(&format!("/requests/{id}")));
    };
    let page = &here.page;
    let consents = here.told(consents_of(&here, id).await)?;
    let consents = consents.iter().map(|c| ConsentRow::new(c, &here.service, page)).collect();
    let authority = authority(&here.service, request.authority, page.language);
    let title = page.say(&of.title);
    Ok(page.answer(&DonePage { page, id, title, authority, at: page.moment(at), consents }))
}

async fn back_to_request(Path(id): Path<RequestId>) -> Response {
    see(&format!("/requests/{id}"))
}

/// The answers that were given to a request.
async fn consents_of(here: &Here, id: RequestId) -> Result<Vec<TypedConsent>, Error> {
    let mut found = Vec::new();
    let mut below: Option<ConsentId> = None;
    loop {
        let part = here.service.list_consents(&here.visitor.read(), below, 100).await?;
        found.extend(part.items.into_iter().filter(|c| c.consent.answer.request == Some(id)));
        below = part.next;
        if below.is_none() || !found.is_empty() {
            found.reverse();
            return Ok(found);
        }
    }
}

/// What is shown under this attempt, in the page's language: recorded the first time, fetched each time after.
async fn shown(
    here: &Here,
    id: RequestId,
    attempt: String,
    fields: &Fields,
) -> Result<Result<Question, Problem>, Error> {
    let language = here.page.language;
    let key = format!("present:{id}:{attempt}:{}", language.tag());
    let call = here.visitor.change(&key, &Fields::default());
    let shown = here.service.present(&call, &NewPresentation::Request(id), language).await?.value;
    let document = ConsentDocument::read(&shown.document);
    Ok(document.map(|document| Question::new(id, attempt, shown.presentation.id, document, fields)))
}

/// A name for an opening of the question, which this session alone can have made: a link from elsewhere shows nothing in
/// somebody's name.
fn new_attempt(here: &Here, id: RequestId) -> String {
    let name = here.service.ambient().id().to_string();
    format!("{name}.{}", bound(here, id, &name))
}

fn is_from(here: &Here, id: RequestId, attempt: &str) -> bool {
    attempt.split_once('.').is_some_and(|(name, proof)| proof == bound(here, id, name))
}

fn bound(here: &Here, id: RequestId, name: &str) -> String {
    Digest::of(format!("attempt|{}|{id}|{name}", here.visitor.csrf()).as_bytes()).to_string()
}
