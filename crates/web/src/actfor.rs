//! Acting for somebody else: picking whom, and stopping.

use crate::{
    Web,
    page::{Here, Page, see},
    view::Titles,
};
use askama::Template;
use axum::{Router, response::Response, routing::get};
use http::header;
use tillid_domain::{
    Reason,
    actor::{Actor, Who},
    id::PersonId,
    mandate::MandateStanding,
};
use tillid_edge::{Form, Problem, Visitor};
use tillid_service::{Call, Error, MayActFor, Overview, OwnOverview};

pub(crate) fn router() -> Router<Web> {
    Router::new()
        .route("/act-for", get(page).post(begin))
        .route("/act-for/stop", get(async || see("/act-for")).post(stop))
}

/// Somebody whom the visitor may act for.
struct Row {
    field: String,
    person: PersonId,
    name: String,
    packages: String,
    until: String,
    /// Whether they do already.
    now: bool,
}

#[derive(Template)]
#[template(path = "actfor.html")]
struct ActFor<'p> {
    page: &'p Page,
    rows: Vec<Row>,
}

async fn page(here: Here) -> Result<Response, Problem> {
    let own = own(&here).await?;
    shown(&here, &own).await
}

async fn begin(mut here: Here, Form(fields): Form) -> Result<Response, Problem> {
    let own = own(&here).await?;
    let asked: Option<PersonId> = fields.get("person").and_then(|person| person.parse().ok());
    let Some(found) = own.may_act_for.iter().find(|m| Some(m.person) == asked) else {
        let text = if asked.is_some() { "actfor.not_any_more" } else { "actfor.missing" };
        here.page.wrong("person-0", here.page.t(text));
        return shown(&here, &own).await;
    };
    let cookie = here.visitor.act_for(Some((found.person, name(&here.page, found)))).await?;
    Ok(with_cookie(see("/overview"), cookie))
}

async fn stop(here: Here) -> Result<Response, Problem> {
    let cookie = here.visitor.act_for(None).await?;
    Ok(with_cookie(see("/overview"), cookie))
}

fn with_cookie(mut response: Response, cookie: http::HeaderValue) -> Response {
    response.headers_mut().insert(header::SET_COOKIE, cookie);
    response
}

/// The visitor's own overview, also while they act for somebody.
async fn own(here: &Here) -> Result<Box<OwnOverview>, Problem> {
    let call = here.told(own_call(&here.visitor).ok_or(Error::Denied(Reason::CitizensOnly)))?;
    match here.told(here.service.overview(&call).await)?.0 {
        Overview::Own(own) => Ok(own),
        Overview::Representative(_) => here.told(Err(Error::NotFound)),
    }
}

fn own_call(visitor: &Visitor) -> Option<Call> {
    let who = Who::Citizen { person: visitor.person()?, acting_for: None };
    Some(Call::by(Actor { who, ..visitor.actor().clone() }))
}

fn name(page: &Page, found: &MayActFor) -> String {
    found.name.as_ref().map_or_else(|| page.t("actfor.no_name").to_owned(), ToString::to_string)
}

async fn shown(here: &Here, own: &OwnOverview) -> Result<Response, Problem> {
    let page = &here.page;
    let usable =
        || own.held.iter().filter(|m| m.standing == MandateStanding::Active && m.mandate.case.is_none());
    let packages = usable().flat_map(|m| &m.mandate.packages).collect();
    let titles = Titles::of(&here.service, page.language, packages).await;
    let present = here.visitor.acting_for().map(|(person, _)| person);
    let row = |(at, found): (usize, &MayActFor)| {
        let theirs = usable().filter(|m| m.mandate.grantor == found.person);
        let lines: Vec<String> = theirs.map(|m| titles.line(&m.mandate.packages)).collect();
        Row {
            field: format!("person-{at}"),
            person: found.person,
            name: name(page, found),
            packages: lines.join(", "),
            until: page.last_day(found.until),
            now: present == Some(found.person),
        }
    };
    let rows = own.may_act_for.iter().enumerate().map(row).collect();
    Ok(page.answer(&ActFor { page, rows }))
}
