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
use tillid_domain::{Reason, basis::Basis, mandate::MandateStanding};
use tillid_edge::{Form, Problem};
use tillid_service::{Call, Error, MayActFor, Overview, OwnOverview};

pub(crate) fn router() -> Router<Web> {
    Router::new()
        .route("/act-for", get(page).post(begin))
        .route("/act-for/stop", get(async || see("/act-for")).post(stop))
}

/// Somebody whom the visitor may act for.
struct Row {
    field: String,
    /// The person and, where somebody at work acts for them in their own name, that.
    value: String,
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
    at_work: bool,
    rows: Vec<Row>,
}

async fn page(here: Here) -> Result<Response, Problem> {
    let own = own(&here).await?;
    shown(&here, &own).await
}

async fn begin(mut here: Here, Form(fields): Form) -> Result<Response, Problem> {
    let own = own(&here).await?;
    let asked = fields.get("person");
    let found = own.iter().find_map(|hat| {
        let found = hat.own.may_act_for.iter().find(|m| asked == Some(hat.value(m).as_str()));
        found.map(|found| (found, hat.in_own_name))
    });
    let Some((found, in_own_name)) = found else {
        let text = if asked.is_some() { "actfor.not_any_more" } else { "actfor.missing" };
        here.page.wrong("person-0", here.page.t(text));
        return shown(&here, &own).await;
    };
    let basis = found.basis.iter().map(|basis| basis.code().to_owned()).collect();
    let whom = (found.person, name(&here.page, found), basis);
    let cookie = here.visitor.act_for(Some(whom), in_own_name).await?;
    Ok(with_cookie(see("/overview"), cookie))
}

/// What acting by law is called; a power of attorney is called by its packages.
pub(crate) const fn words_of(basis: Basis) -> Option<&'static str> {
    Some(match basis {
        Basis::MandateDigital | Basis::MandatePaper | Basis::GeneralPoa => return None,
        Basis::OrganisationRole => "work.by_organisation",
        Basis::FosterCarer => "child.by_holders",
        Basis::CustodySole => "statutory.custody_sole",
        Basis::CustodyJoint => "statutory.custody_joint",
        Basis::GuardianS5 => "statutory.guardian_s5",
        Basis::GuardianS6 => "statutory.guardian_s6",
        Basis::CoGuardianS7 => "statutory.co_guardian_s7",
        Basis::LastingPoa => "statutory.lasting_poa",
    })
}

async fn stop(here: Here) -> Result<Response, Problem> {
    let in_own_name = here.visitor.working().is_some_and(|working| working.in_own_name);
    let cookie = here.visitor.act_for(None, in_own_name).await?;
    Ok(with_cookie(see("/overview"), cookie))
}

pub(crate) fn with_cookie(mut response: Response, cookie: http::HeaderValue) -> Response {
    response.headers_mut().insert(header::SET_COOKIE, cookie);
    response
}

/// As whom the visitor holds powers.
struct Hat {
    own: Box<OwnOverview>,
    in_own_name: bool,
}

impl Hat {
    /// Whom it is about, as the form sends it.
    fn value(&self, found: &MayActFor) -> String {
        if self.in_own_name { format!("{}.{OWN_NAME}", found.person) } else { found.person.to_string() }
    }
}

/// After a person's id: in one's own name, at work.
const OWN_NAME: &str = "own-name";

/// The visitor's own overview, also while they act for somebody; at work that of the organisation that lets them act, and that of
/// what names them.
async fn own(here: &Here) -> Result<Vec<Hat>, Problem> {
    let hats: &[bool] = match here.visitor.working() {
        None => &[false],
        Some(working) if working.seen.admitted_since.is_some() => &[false, true],
        Some(_) => &[],
    };
    let mut own = Vec::with_capacity(hats.len());
    for in_own_name in hats.iter().copied() {
        if here.visitor.person().is_none() {
            return here.told(Err(Error::Denied(Reason::CitizensOnly)));
        }
        let call = Call::by(here.visitor.oneself(in_own_name));
        match here.told(here.service.overview(&call).await)?.0 {
            Overview::Own(overview) => own.push(Hat { own: overview, in_own_name }),
            Overview::Representative(_) => return here.told(Err(Error::NotFound)),
        }
    }
    Ok(own)
}

fn name(page: &Page, found: &MayActFor) -> String {
    found.name.as_ref().map_or_else(|| page.t("actfor.no_name").to_owned(), ToString::to_string)
}

async fn shown(here: &Here, own: &[Hat]) -> Result<Response, Problem> {
    let page = &here.page;
    let present = here.visitor.acting_for().map(|(person, _)| person);
    let as_themselves = here.visitor.working().is_some_and(|working| working.in_own_name);
    let mut rows = Vec::new();
    for hat in own {
        let usable = || {
            let held = hat.own.held.iter();
            held.filter(|m| m.standing == MandateStanding::Active && m.mandate.case.is_none())
        };
        let packages = usable().flat_map(|m| &m.mandate.packages).collect();
        let titles = Titles::of(&here.service, page.language, packages).await;
        for found in &hat.own.may_act_for {
            let theirs = usable().filter(|m| m.mandate.grantor == found.person);
            let mut lines: BTreeSet<String> = theirs.map(|m| titles.line(&m.mandate.packages)).collect();
            if found.by_custody {
                lines.insert(page.t("actfor.custody").to_owned());
            }
            if here.visitor.working().is_some() {
                let key = if hat.in_own_name { "work.in_your_name" } else { "work.for_organisation" };
                lines.insert(page.t(key).to_owned());
            }
            // What it rests on is always said.
            let basis = found.basis.iter().filter_map(|basis| words_of(*basis));
            lines.extend(basis.map(|key| page.t(key).to_owned()));
            rows.push(Row {
                field: format!("person-{}", rows.len()),
                value: hat.value(found),
                name: name(page, found),
                packages: lines.into_iter().collect::<Vec<_>>().join(", "),
                until: found.until.map(|until| page.last_day(until)),
                now: present == Some(found.person) && as_themselves == hat.in_own_name,
            });
        }
    }
    Ok(page.answer(&ActFor { page, at_work: here.visitor.working().is_some(), rows }))
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::tests::{must_hold_together, page};
    use tillid_domain::{Language, id::PersonId};
    use uuid::Uuid;

    fn row(at: u128, now: bool) -> Row {
        Row {
            field: format!("person-{at}"),
            value: PersonId::from_uuid(Uuid::from_u128(at)).to_string(),
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
            let html = ActFor { page: &page, at_work: false, rows: vec![row(0, false), row(1, false)] }
                .render()
                .expect("a page");
            must_hold_together(&html);
            assert_eq!((html.matches("type=\"radio\"").count(), html.matches(" checked").count()), (2, 0));
            let html = ActFor { page: &page, at_work: false, rows: Vec::new() }.render().expect("a page");
            must_hold_together(&html);
            assert!(!html.contains("action=\"/act-for\""));
            page.wrong("person-0", page.t("actfor.not_any_more"));
            // The power that was picked may have been the last one.
            must_hold_together(
                &ActFor { page: &page, at_work: false, rows: Vec::new() }.render().expect("a page"),
            );
        }
    }
}
