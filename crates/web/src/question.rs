//! A question with its specific consents, whether an authority asked it or the person came of their own accord: it is shown, each
//! specific consent gets its own yes or no, and there is a last look before it counts.
//!
//! Showing is a change of its own (C4): it happens when somebody opens the question with a button. The `attempt` names that
//! opening; with it, what was shown can be fetched again as often as the pages need it, and is not recorded as shown once more.

use crate::{
    document::{ConsentDocument, Item},
    page::{FieldError, Here, Page, see},
    problem::again,
};
use askama::Template;
use axum::response::Response;
use tillid_domain::{
    Audience, Digest,
    id::{PresentationId, RequestId},
    terms::Proposal,
    text::Code,
};
use tillid_edge::{Fields, Problem};
use tillid_service::{Answer, Call, Done, Error, NewPresentation, TypedConsent};

/// What a question is about.
#[derive(Clone, PartialEq, Eq, Debug)]
pub(crate) enum About {
    /// What an authority asked.
    Request(RequestId),
    /// A type of consent, or of opt-out, that the person chose themselves.
    Unasked(Code),
}

impl About {
    /// The address of its pages.
    pub(crate) fn address(&self) -> String {
        match self {
            Self::Request(id) => format!("/requests/{id}"),
            Self::Unasked(code) => format!("/consents/new/{code}"),
        }
    }

    fn presentation(&self) -> NewPresentation {
        match self {
            Self::Request(id) => NewPresentation::Request(*id),
            Self::Unasked(code) => NewPresentation::Consent {
                consent_type: code.clone(),
                items: Vec::new(),
                case: None,
                proposal: Proposal::default(),
            },
        }
    }

    /// The address that tells what came of it.
    fn answered(&self, presentation: PresentationId) -> String {
        let address = self.address();
        match self {
            Self::Request(_) => format!("{address}/answered"),
            Self::Unasked(_) => format!("{address}/answered?presentation={presentation}"),
        }
    }
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

/// What was shown, and what has been chosen so far.
pub(crate) struct Question {
    pub(crate) about: About,
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
        about: About,
        attempt: String,
        presentation: PresentationId,
        document: ConsentDocument,
        fields: &Fields,
    ) -> Self {
        let choices = choices(&document, fields);
        Self { about, attempt, presentation, document, choices }
    }

    /// Who is answered, in a sentence.
    pub(crate) fn lead(&self, page: &Page) -> String {
        let key = match (&self.about, self.document.is_opt_out()) {
            (About::Request(_), _) => "answer.asks",
            (About::Unasked(_), false) => "giving.gives",
            (About::Unasked(_), true) => "giving.opts_out",
        };
        page.fill(key, "authority", &self.document.authority.name)
    }

    /// What a yes and a no are here.
    pub(crate) fn free(&self, page: &Page) -> &'static str {
        page.t(if self.document.is_opt_out() { "giving.opt_out_free" } else { "answer.free" })
    }

    /// What is missing, field by field.
    pub(crate) fn unanswered(&self, page: &Page) -> Vec<FieldError> {
        unanswered(page, &self.choices)
    }
}

/// The specific consents of a document, with what the fields say to them.
pub(crate) fn choices(document: &ConsentDocument, fields: &Fields) -> Vec<Choice> {
    let chosen = |item: &Item| match fields.get(&format!("answer.{}", item.code)) {
        Some("yes") => Some(true),
        Some("no") => Some(false),
        _ => None,
    };
    let items = document.items.iter().enumerate();
    items.map(|(at, item)| Choice { number: at + 1, said: chosen(item), item: item.clone() }).collect()
}

/// What is missing, field by field.
pub(crate) fn unanswered(page: &Page, choices: &[Choice]) -> Vec<FieldError> {
    let missing = choices.iter().filter(|choice| choice.said.is_none());
    missing
        .map(|choice| FieldError {
            field: choice.field(),
            text: page.fill("answer.unanswered", "number", choice.number),
        })
        .collect()
}

/// The question that was opened under this attempt, if this session opened it.
pub(crate) async fn opened(
    here: &Here,
    about: &About,
    attempt: Option<String>,
) -> Result<Option<Response>, Problem> {
    let Some(attempt) = attempt.filter(|attempt| is_from(here, about, attempt)) else { return Ok(None) };
    let asked = here.told(shown(here, about, attempt, &Fields::default()).await)??;
    Ok(Some(here.page.answer(&ChoosePage { page: &here.page, asked: &asked })))
}

/// Opens the question.
pub(crate) async fn open(here: Here, about: About, fields: &Fields) -> Result<Response, Problem> {
    let attempt = match fields.get("attempt") {
        Some(attempt) => attempt.to_owned(),
        None => new_attempt(&here, &about),
    };
    let asked = here.told(shown(&here, &about, attempt, fields).await)??;
    // Somebody who comes back to change an answer finds it as they left it.
    if asked.choices.iter().any(|choice| choice.said.is_some()) {
        return Ok(here.page.answer(&ChoosePage { page: &here.page, asked: &asked }));
    }
    Ok(see(&format!("{}?attempt={}", about.address(), asked.attempt)))
}

/// Shows the choices once more.
pub(crate) async fn summary(mut here: Here, about: About, fields: &Fields) -> Result<Response, Problem> {
    let attempt = fields.get("attempt").map_or_else(|| new_attempt(&here, &about), str::to_owned);
    let asked = here.told(shown(&here, &about, attempt, fields).await)??;
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

/// Answers.
pub(crate) async fn send(mut here: Here, about: About, fields: &Fields) -> Result<Response, Problem> {
    let presentation = fields.get("presentation").and_then(|text| text.parse::<PresentationId>().ok());
    let (Some(presentation), Some(answers)) = (presentation, answers(fields)) else {
        return summary(here, about, fields).await;
    };
    let call = here.visitor.change(&format!("answer:{presentation}"), fields);
    match answered(&here, &call, &about, presentation, &answers).await {
        Ok(_) => Ok(see(&about.answered(presentation))),
        Err(Error::Invalid(flaws)) => {
            let sentence = flaws.first().and_then(|flaw| flaw.reason.sentence(Audience::Citizen));
            let told = sentence.map_or("", |sentence| here.page.say(sentence));
            let attempt = new_attempt(&here, &about);
            let asked = here.told(shown(&here, &about, attempt, fields).await)??;
            here.page.wrong("answers", told);
            Ok(here.page.answer(&ChoosePage { page: &here.page, asked: &asked }))
        }
        Err(error) => again(&here, &error, &format!("{}/summary", about.address()), fields).await,
    }
}

async fn answered(
    here: &Here,
    call: &Call,
    about: &About,
    presentation: PresentationId,
    answers: &[Answer],
) -> Result<Done<Vec<TypedConsent>>, Error> {
    match about {
        About::Request(id) => here.service.answer_request(call, *id, presentation, answers).await,
        About::Unasked(_) => here.service.give_consents(call, presentation, answers).await,
    }
}

/// What was said to each specific consent; nothing where anything is neither yes nor no.
pub(crate) fn answers(fields: &Fields) -> Option<Vec<Answer>> {
    fields.beginning("answer.").map(said).collect()
}

fn said((code, value): (&str, &str)) -> Option<Answer> {
    let given = match value {
        "yes" => true,
        "no" => false,
        _ => return None,
    };
    Some(Answer { item: code.parse().ok()?, given })
}

/// What is shown under this attempt, in the page's language: recorded the first time, fetched each time after.
async fn shown(
    here: &Here,
    about: &About,
    attempt: String,
    fields: &Fields,
) -> Result<Result<Question, Problem>, Error> {
    let language = here.page.language;
    let key = match about {
        About::Request(id) => format!("present:{id}:{attempt}:{}", language.tag()),
        About::Unasked(code) => format!("present:{code}:{attempt}:{}", language.tag()),
    };
    let call = here.visitor.change(&key, &Fields::default());
    let shown = here.service.present(&call, &about.presentation(), language).await?.value;
    let document = ConsentDocument::read(&shown.document);
    Ok(document
        .map(|document| Question::new(about.clone(), attempt, shown.presentation.id, document, fields)))
}

/// A name for an opening of the question, which this session alone can have made: a link from elsewhere shows nothing in
/// somebody's name.
fn new_attempt(here: &Here, about: &About) -> String {
    let name = here.service.ambient().id().to_string();
    format!("{name}.{}", bound(here, about, &name))
}

fn is_from(here: &Here, about: &About, attempt: &str) -> bool {
    attempt.split_once('.').is_some_and(|(name, proof)| proof == bound(here, about, name))
}

fn bound(here: &Here, about: &About, name: &str) -> String {
    Digest::of(format!("attempt|{}|{}|{name}", here.visitor.csrf(), about.address()).as_bytes()).to_string()
}
