//! Acting for somebody else: picking whom, and stopping.

use crate::{
    Web,
    page::{Here, Page, see},
    view::Titles,
};
use askama::Template;
use axum::{Router, response::Response, routing::get};
use http::header;
use std::collections::BTreeSet;
use tillid_domain::{
    Reason,
    actor::{Actor, Who},
    basis::Basis,
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
    /// The last day, where it is known.
    until: Option<String>,
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
    let basis = found.basis.iter().map(|basis| basis.code().to_owned()).collect();
    let cookie = here.visitor.act_for(Some((found.person, name(&here.page, found), basis))).await?;
    Ok(with_cookie(see("/overview"), cookie))
}

/// What acting by law is called; a power of attorney is called by its packages.
pub(crate) const fn words_of(basis: Basis) -> Option<&'static str> {
    Some(match basis {
        Basis::MandateDigital | Basis::MandatePaper | Basis::GeneralPoa => return None,
        Basis::CustodySole => "statutory.custody_sole",
        Basis::CustodyJoint => "statutory.custody_joint",
        Basis::GuardianS5 => "statutory.guardian_s5",
        Basis::GuardianS6 => "statutory.guardian_s6",
        Basis::CoGuardianS7 => "statutory.co_guardian_s7",
        Basis::LastingPoa => "statutory.lasting_poa",
    })
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
        let mut lines: BTreeSet<String> = theirs.map(|m| titles.line(&m.mandate.packages)).collect();
        if found.by_custody {
            lines.insert(page.t("actfor.custody").to_owned());
        }
        // What it rests on is always said.
        lines.extend(
            found.basis.iter().filter_map(|basis| words_of(*basis)).map(|key| page.t(key).to_owned()),
        );
        Row {
            field: format!("person-{at}"),
            person: found.person,
            name: name(page, found),
            packages: lines.into_iter().collect::<Vec<_>>().join(", "),
            until: found.until.map(|until| page.last_day(until)),
            now: present == Some(found.person),
        }
    };
    let rows = own.may_act_for.iter().enumerate().map(row).collect();
    Ok(page.answer(&ActFor { page, rows }))
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::tests::{must_hold_together, page};
    use tillid_domain::Language;
    use uuid::Uuid;

    fn row(at: u128, now: bool) -> Row {
        Row {
            field: format!("person-{at}"),
            person: PersonId::from_uuid(Uuid::from_u128(at)),
            name: "Anna Lind".to_owned(),
            packages: "Ældre".to_owned(),
            until: Some("1. maj 2027".to_owned()),
            now,
        }
    }

    #[test]
    fn whom_one_may_act_for_can_be_picked_and_nobody_is_beforehand() {
        for language in Language::ALL {
            let mut page = page(language);
            let html =
                ActFor { page: &page, rows: vec![row(0, false), row(1, false)] }.render().expect("a page");
            must_hold_together(&html);
            assert_eq!((html.matches("type=\"radio\"").count(), html.matches(" checked").count()), (2, 0));
            let html = ActFor { page: &page, rows: Vec::new() }.render().expect("a page");
            must_hold_together(&html);
            assert!(!html.contains("action=\"/act-for\""));
            page.wrong("person-0", page.t("actfor.not_any_more"));
            // The power that was picked may have been the last one.
            must_hold_together(&ActFor { page: &page, rows: Vec::new() }.render().expect("a page"));
        }
    }
}
