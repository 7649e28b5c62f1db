//! What happens by itself, if nobody does anything (M10).

use crate::{
    Web,
    page::{Here, Page},
    statutory::PowerRow,
    view::Titles,
    when,
};
use askama::Template;
use axum::{Router, response::Response, routing::get};
use serde::Deserialize;
use tillid_domain::{
    CalendarPeriod, Instant,
    catalogue::ConsentType,
    statutory::StatutoryStanding,
    upcoming::{Expected, Upcoming},
};
use tillid_edge::{Problem, Query};
use tillid_service::{Coming, ComingTo};

pub(crate) fn router() -> Router<Web> {
    Router::new().route("/upcoming", get(page))
}

const YEAR: CalendarPeriod = CalendarPeriod::months(12);

#[derive(Deserialize)]
struct Ahead {
    within: Option<CalendarPeriod>,
}

struct Row {
    when: String,
    what: String,
    /// What the law changes, and which law it is.
    law: Option<String>,
    told_on: Option<String>,
    /// Where there is more about it.
    path: Option<String>,
}

#[derive(Template)]
#[template(path = "upcoming.html")]
struct UpcomingPage<'p> {
    page: &'p Page,
    rows: Vec<Row>,
    /// Whether more than the next year is shown.
    far: bool,
}

async fn page(here: Here, Query(ahead): Query<Ahead>) -> Result<Response, Problem> {
    let within = ahead.within.unwrap_or(YEAR);
    let (coming, _) = here.told(here.service.upcoming(&here.visitor.read(), within).await)?;
    let packages = coming.iter().flat_map(|coming| match &coming.to {
        ComingTo::Mandate(mandate) => mandate.packages.as_slice(),
        ComingTo::MandateRequest(seen) => seen.request.packages.as_slice(),
        _ => &[],
    });
    let titles = Titles::of(&here.service, here.page.language, packages.collect()).await;
    let rows = coming.iter().map(|coming| row(&here, &titles, coming)).collect();
    Ok(here.page.answer(&UpcomingPage { page: &here.page, rows, far: within != YEAR }))
}

fn row(here: &Here, titles: &Titles, coming: &Coming) -> Row {
    let page = &here.page;
    let Upcoming { at, what, then, told_on, .. } = &coming.upcoming;
    let titled = |of: &ConsentType| page.say(&of.title).to_owned();
    let (sentence, path) = match &coming.to {
        ComingTo::Consent(typed) => {
            let key = match what {
                Expected::ConsentBegins(_) => "upcoming.consent_begins",
                _ if typed.consent.ends_by_age() => "upcoming.consent_by_age",
                _ => "upcoming.consent_ends",
            };
            (page.fill(key, "what", titled(&typed.of)), Some(format!("/consents/{}", typed.consent.id)))
        }
        ComingTo::Request(asked) => {
            (page.fill("upcoming.request_closes", "what", titled(&asked.1)), Some("/overview".to_owned()))
        }
        ComingTo::Mandate(mandate) => {
            let begins = matches!(what, Expected::MandateBegins(_));
            let key = if begins { "upcoming.mandate_begins" } else { "upcoming.mandate_ends" };
            (
                page.fill(key, "what", titles.line(&mandate.packages)),
                Some(format!("/mandates/{}", mandate.id)),
            )
        }
        ComingTo::MandateRequest(seen) => {
            let what = titles.line(&seen.request.packages);
            (page.fill("upcoming.mandate_request_closes", "what", what), Some("/overview".to_owned()))
        }
        ComingTo::Statutory(seen) => {
            let row = PowerRow::new(page, seen, here.visitor.person());
            let over = *then == StatutoryStanding::Ended.code();
            let key = if over { "upcoming.representation_ends" } else { "upcoming.representation_holds" };
            (page.fill(key, "what", format!("{} ({})", row.words, row.whom)), None)
        }
        ComingTo::Birthday { person, rule, .. } => {
            let sentence = if here.visitor.person() == Some(person.id) {
                page.fill("upcoming.birthday_own", "age", rule.age)
            } else {
                let known = person.name.as_ref().map(ToString::to_string);
                let name = known.unwrap_or_else(|| page.t("upcoming.a_child").to_owned());
                page.fill_two("upcoming.birthday", "name", name, "age", rule.age)
            };
            (sentence, None)
        }
    };
    let law = match &coming.to {
        ComingTo::Birthday { rule, .. } => {
            let words = rule.words.in_language(page.language);
            Some(format!("{words} {}", page.fill("upcoming.law", "law", &rule.law)))
        }
        _ => None,
    };
    let days: Vec<String> = told_on.iter().map(|day| when::day(*day, page.language)).collect();
    let told_on = (!days.is_empty()).then(|| page.fill("upcoming.told_on", "days", listed(page, &days)));
    Row { when: from(page, *at), what: sentence, law, told_on, path }
}

/// From when on: a day, where the day is what counts.
fn from(page: &Page, at: Instant) -> String {
    if at == at.local_date().start() {
        page.fill("upcoming.from", "day", when::day(at.local_date(), page.language))
    } else {
        page.fill("upcoming.from_moment", "moment", page.moment(at))
    }
}

/// One, two and three.
fn listed(page: &Page, days: &[String]) -> String {
    match days.split_last() {
        Some((last, rest)) if !rest.is_empty() => {
            format!("{} {} {last}", rest.join(", "), page.t("upcoming.and"))
        }
        _ => days.concat(),
    }
}
