//! Who looked at a person's data, when and why.

use crate::{
    Web,
    page::{Here, Page},
    view::authority,
};
use askama::Template;
use axum::{Router, response::Response, routing::get};
use serde::Deserialize;
use std::collections::BTreeMap;
use tillid_domain::{
    access::{AccessRecord, Act, Outcome},
    actor::{ActorTrace, Purpose},
    decision::Question,
    id::{AccessId, PersonId},
};
use tillid_edge::{Cursor, Problem, Protocol, Query};
use tillid_service::{CatalogueWords, Overview};

const LIST: &str = "access-log";
const AT_A_TIME: u32 = 20;

pub(crate) fn router() -> Router<Web> {
    Router::new().route("/access-log", get(page))
}

#[derive(Deserialize)]
struct Part {
    after: Option<String>,
}

/// One look, as the person concerned reads it.
struct Row {
    at: String,
    who: String,
    what: &'static str,
    /// Of a question, what it was about.
    about: Option<String>,
    why: Option<&'static str>,
    case: Option<String>,
    outcome: &'static str,
    refused: bool,
}

#[derive(Template)]
#[template(path = "accesslog.html")]
struct Log<'p> {
    page: &'p Page,
    rows: Vec<Row>,
    /// Where the next part begins.
    next: Option<String>,
    first: bool,
}

async fn page(here: Here, Query(part): Query<Part>) -> Result<Response, Problem> {
    let below = part.after.as_deref().map(after).transpose()?;
    let found = here.told(here.service.access_log(&here.visitor.read(), below, AT_A_TIME).await)?;
    let names = names(&here, &found.items).await?;
    let page = &here.page;
    let words = if found.items.iter().any(|record| record.decision.is_some()) {
        here.told(here.service.catalogue_words().await)?
    } else {
        CatalogueWords::default()
    };
    let rows = found.items.iter().map(|record| row(&here, &names, &words, record)).collect();
    let next = found.next.map(|id| Cursor::encode(LIST, &[id.to_string()]));
    Ok(page.answer(&Log { page, rows, next, first: below.is_none() }))
}

fn after(cursor: &str) -> Result<AccessId, Problem> {
    let keys = Cursor::decode(LIST, cursor)?;
    match keys.as_slice() {
        [id] => id.parse().map_err(|_| Protocol::InvalidCursor.into()),
        _ => Err(Protocol::InvalidCursor.into()),
    }
}

/// What the person called their representatives.
async fn names(here: &Here, records: &[AccessRecord]) -> Result<BTreeMap<PersonId, String>, Problem> {
    let is_representative = |record: &AccessRecord| {
        matches!(record.actor, ActorTrace::Representative { .. }) || record.decision.is_some()
    };
    if !records.iter().any(is_representative) {
        return Ok(BTreeMap::new());
    }
    let Overview::Own(own) = here.told(here.service.overview(&here.visitor.read()).await)?.0 else {
        return Ok(BTreeMap::new());
    };
    let named =
        own.given.into_iter().filter_map(|m| Some((m.mandate.representative, m.representative_name?)));
    Ok(named.map(|(person, name)| (person, name.to_string())).collect())
}

fn row(
    here: &Here,
    names: &BTreeMap<PersonId, String>,
    words: &CatalogueWords,
    record: &AccessRecord,
) -> Row {
    let page = &here.page;
    let outcome = match (record.outcome, record.act) {
        (Outcome::Found, Act::Decide) => "accesslog.yes",
        (Outcome::Nothing, Act::Decide) => "accesslog.no",
        (Outcome::Found, act) => found(act),
        (Outcome::Nothing, _) => "accesslog.nothing",
        (Outcome::Refused, _) => "accesslog.refused",
    };
    Row {
        at: page.moment(record.at),
        who: who(here, names, &record.actor),
        what: record.act.words().map_or("", |words| page.say(words)),
        about: record.decision.as_ref().map(|decision| about(page, names, words, &decision.question)),
        why: why(page, record),
        case: record.case.as_ref().map(ToString::to_string),
        outcome: page.t(outcome),
        refused: record.outcome == Outcome::Refused,
    }
}

/// What a question was about: who would act and how, or which data.
fn about(
    page: &Page,
    names: &BTreeMap<PersonId, String>,
    words: &CatalogueWords,
    question: &Question,
) -> String {
    match question {
        Question::Acting(asked) => {
            let name = names.get(&asked.representative).map_or(page.t("accesslog.somebody"), String::as_str);
            // A privilege that is in no catalogue any more is told by its name for systems.
            let privilege = words.privileges.get(&asked.privilege).map(|words| page.say(words).to_owned());
            let privilege = privilege.unwrap_or_else(|| asked.privilege.to_string());
            page.fill_two("accesslog.acting", "name", name, "privilege", &privilege)
        }
        Question::Consent(asked) => {
            let data = words.data.get(&asked.category).map(|words| page.say(words).to_owned());
            page.fill("accesslog.data", "data", data.unwrap_or_else(|| asked.category.to_string()))
        }
    }
}

/// Staff state a purpose; a representative is there for the person.
fn why(page: &Page, record: &AccessRecord) -> Option<&'static str> {
    match record.actor {
        ActorTrace::Representative { .. } => Some(page.t("accesslog.for_you")),
        _ => record.purpose.and_then(Purpose::words).map(|words| page.say(words)),
    }
}

/// What a look that was not in vain came to: something was seen, or something was done.
const fn found(act: Act) -> &'static str {
    match act {
        Act::SeeOverview
        | Act::SeeAccessLog
        | Act::SeeRequest
        | Act::SeeConsent
        | Act::SeeMandate
        | Act::SeeMandateRequest
        | Act::Decide
        | Act::Search
        | Act::LookUp
        | Act::SeeDocument
        | Act::SeeTask
        | Act::SeeLateUses
        | Act::ListConsents
        | Act::SeeStatutory
        | Act::Export => "accesslog.found",
        Act::AnswerRequest
        | Act::GiveConsent
        | Act::WithdrawConsent
        | Act::GiveMandate
        | Act::PassOnMandate
        | Act::SignMandate
        | Act::RevokeMandate
        | Act::RenounceMandate
        | Act::ConfirmMandate
        | Act::SuspendMandate
        | Act::ResumeMandate
        | Act::DisputeMandate
        | Act::RegisterMandate
        | Act::AnnulMandate
        | Act::AskForConsent
        | Act::CancelRequest
        | Act::ExceptHolder
        | Act::EditCatalogue
        | Act::Erase
        | Act::Represent
        | Act::AskForMandate
        | Act::AnswerMandateRequest
        | Act::ManageClients
        | Act::ManageEmployees
        | Act::RegisterExternal
        | Act::RegisterConsent
        | Act::AnnulConsent
        | Act::KeepDocument
        | Act::CloseTask
        | Act::CloseCase
        | Act::RegisterStatutory
        | Act::UseUp => "accesslog.done",
    }
}

/// Who it was; never an employee's name.
fn who(here: &Here, names: &BTreeMap<PersonId, String>, actor: &ActorTrace) -> String {
    let page = &here.page;
    let named = |cvr| authority(&here.service, cvr, page.language);
    match actor {
        ActorTrace::Employee { authority, .. } => {
            page.fill("accesslog.by_employee", "authority", named(*authority))
        }
        ActorTrace::System { authority, .. } => {
            page.fill("accesslog.by_system", "authority", named(*authority))
        }
        ActorTrace::Representative { person, client, .. } => {
            let name = match names.get(person) {
                Some(name) => name.clone(),
                None => page.t("accesslog.by_representative").to_owned(),
            };
            match client {
                Some(client) => page.fill_two("accesslog.through", "name", name, "client", client),
                None => name,
            }
        }
        ActorTrace::Citizen { .. } => page.t("accesslog.by_citizen").to_owned(),
        ActorTrace::Operator | ActorTrace::Service => page.t("layout.name").to_owned(),
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::tests::{must_hold_together, page};
    use tillid_domain::Language;
    use uuid::Uuid;

    fn row(case: Option<&str>, why: Option<&'static str>, refused: bool) -> Row {
        Row {
            about: None,
            at: "nu".to_owned(),
            who: "En ansat i <Eksempel>".to_owned(),
            what: "Slog dig op",
            why,
            case: case.map(str::to_owned),
            outcome: "Fandt intet",
            refused,
        }
    }

    #[test]
    fn the_log_tells_why_and_that_there_was_no_why() {
        for language in Language::ALL {
            let page = page(language);
            let rows = vec![
                row(Some("27.36"), Some("Sagsbehandling"), false),
                row(None, None, true),
                row(Some("1"), None, false),
            ];
            let html = Log { page: &page, rows, next: Some("abc".to_owned()), first: false };
            let html = html.render().expect("a page");
            must_hold_together(&html);
            assert_eq!(html.matches(page.t("accesslog.no_purpose")).count(), 1);
            assert!(html.contains("href=\"/access-log?after=abc\"") && html.contains("Sagsbehandling<br>"));
            let html =
                Log { page: &page, rows: Vec::new(), next: None, first: true }.render().expect("a page");
            must_hold_together(&html);
            assert!(html.contains(page.t("accesslog.nobody")) && !html.contains("<table"));
        }
    }

    #[test]
    fn a_cursor_is_one_of_this_list() {
        let id = AccessId::from_uuid(Uuid::from_u128(7));
        assert_eq!(after(&Cursor::encode(LIST, &[id.to_string()])).ok(), Some(id));
        for cursor in [
            Cursor::encode("mandates", &[id.to_string()]),
            Cursor::encode(LIST, &["7".to_owned()]),
            "x".to_owned(),
        ] {
            assert_eq!(after(&cursor).map_err(|problem| problem.code()), Err("invalid_cursor"));
        }
    }
}
