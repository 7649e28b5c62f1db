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
    access::{AccessRecord, Outcome},
    actor::ActorTrace,
    id::{AccessId, PersonId},
};
use tillid_edge::{Cursor, Problem, Protocol, Query};
use tillid_service::Overview;

const LIST: &str = "access-log";
const AT_A_TIME: u32 = 25;

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
    why: Option<&'static str>,
    case: Option<String>,
    outcome: &'static str,
    colour: &'static str,
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
    let rows = found.items.iter().map(|record| row(&here, &names, record)).collect();
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
    let is_representative = |record: &AccessRecord| matches!(record.actor, ActorTrace::Representative { .. });
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

fn row(here: &Here, names: &BTreeMap<PersonId, String>, record: &AccessRecord) -> Row {
    let page = &here.page;
    let (outcome, colour) = match record.outcome {
        Outcome::Found => ("accesslog.found", "badge-info"),
        Outcome::Nothing => ("accesslog.nothing", ""),
        Outcome::Refused => ("accesslog.refused", "badge-warning"),
    };
    Row {
        at: page.moment(record.at),
        who: who(here, names, &record.actor),
        what: record.act.words().map_or("", |words| page.say(words)),
        why: record.purpose.and_then(|purpose| purpose.words()).map(|words| page.say(words)),
        case: record.case.as_ref().map(ToString::to_string),
        outcome: page.t(outcome),
        colour,
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
        ActorTrace::Representative { person, .. } => match names.get(person) {
            Some(name) => page.fill("accesslog.by_named", "name", name),
            None => page.t("accesslog.by_representative").to_owned(),
        },
        ActorTrace::Citizen { .. } => page.t("accesslog.by_citizen").to_owned(),
        ActorTrace::Operator | ActorTrace::Service => page.t("layout.name").to_owned(),
    }
}
