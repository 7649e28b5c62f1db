//! What a look-up found: consents, requests and powers of attorney, with what they mean for the case.

use super::{About, Stop, Under, read, roles};
use crate::{
    page::{Here, Page},
    view::{ConsentRow, Titles},
};
use askama::Template;
use axum::response::Response;
use tillid_domain::{
    Instant,
    actor::Role,
    catalogue::{ConsentType, Polarity},
    consent::ConsentStanding,
    id::{AccessId, RequestId},
    mandate::{Mandate, MandateStanding},
    request::{ConsentRequest, RequestStanding},
};
use tillid_edge::{Path, Query};
use tillid_service::TypedConsent;

const FIRST: u32 = 100;

/// A consent, and what it means for the case.
pub(super) struct Consent {
    pub(super) row: ConsentRow,
    pub(super) case: Option<String>,
    pub(super) meaning: &'static str,
    /// What the authority does after a withdrawal, as the consent type has it.
    pub(super) withdrawal: Option<String>,
}

struct Request {
    id: RequestId,
    title: String,
    asked: String,
    deadline: String,
    state: &'static str,
    colour: &'static str,
}

struct Power {
    who: &'static str,
    packages: String,
    case: Option<String>,
    until: String,
    state: &'static str,
    colour: &'static str,
}

#[derive(Template)]
#[template(path = "casework_found.html")]
struct Found<'p> {
    page: &'p Page,
    lookup: AccessId,
    query: String,
    may_ask: bool,
    consents: Vec<Consent>,
    requests: Vec<Request>,
    powers: Vec<Power>,
    more: bool,
}

pub(super) async fn page(
    here: Here,
    Path(lookup): Path<AccessId>,
    Query(about): Query<About>,
) -> Result<Response, Stop> {
    let may_ask = may_ask(roles(&here)?);
    let under = Under::new(&here, lookup);
    let consents = read(&here, here.service.list_consents(&under.call, None, FIRST).await)?;
    let (requests, now) = read(&here, here.service.list_requests(&under.call, None, FIRST).await)?;
    let (mandates, _) = read(&here, here.service.list_mandates(&under.call, None, FIRST).await)?;
    let page = &here.page;
    let packages = mandates.items.iter().flat_map(|mandate| &mandate.packages).collect();
    let titles = Titles::of(&here.service, page.language, packages).await;
    Ok(page.answer(&Found {
        page,
        lookup,
        query: about.query(),
        may_ask,
        more: consents.next.is_some() || requests.next.is_some() || mandates.next.is_some(),
        consents: consents.items.iter().map(|typed| consent(&here, typed)).collect(),
        requests: requests.items.iter().map(|(asked, of)| request(page, asked, of, now)).collect(),
        powers: mandates.items.iter().map(|mandate| power(page, &titles, mandate, &about, now)).collect(),
    }))
}

/// Whether asking for consent is a thing of these roles; the verb decides, this saves a way in vain.
pub(super) fn may_ask(roles: &[Role]) -> bool {
    roles.contains(&Role::Caseworker) || roles.contains(&Role::Registrar)
}

pub(super) fn consent(here: &Here, typed: &TypedConsent) -> Consent {
    let page = &here.page;
    let withdrawn = typed.standing == ConsentStanding::Withdrawn;
    let case = typed.consent.answer.case.as_ref();
    Consent {
        row: ConsentRow::new(typed, &here.service, page),
        case: case.map(ToString::to_string),
        meaning: page.t(meaning(typed.standing, typed.consent.answer.polarity)),
        withdrawal: withdrawn.then(|| page.say(&typed.of.withdrawal_for_staff).to_owned()),
    }
}

const fn meaning(standing: ConsentStanding, polarity: Polarity) -> &'static str {
    match (standing, polarity) {
        (ConsentStanding::Active, Polarity::Consent) => "casework.means_active",
        (ConsentStanding::Active, Polarity::OptOut) => "casework.means_opt_out",
        (ConsentStanding::Planned, _) => "casework.means_planned",
        (ConsentStanding::Declined, _) => "casework.means_declined",
        (ConsentStanding::Withdrawn, _) => "casework.means_withdrawn",
        (ConsentStanding::Lapsed, _) => "casework.means_lapsed",
        (ConsentStanding::Expired, _) => "casework.means_expired",
    }
}

fn request(page: &Page, asked: &ConsentRequest, of: &ConsentType, now: Instant) -> Request {
    let (state, colour) = state(asked.standing(now));
    Request {
        id: asked.id,
        title: page.say(&of.title).to_owned(),
        asked: page.moment(asked.asked_at),
        deadline: page.last_day(asked.deadline),
        state: page.t(state),
        colour,
    }
}

/// Where a request stands, and in which colour.
pub(super) const fn state(standing: RequestStanding) -> (&'static str, &'static str) {
    match standing {
        RequestStanding::Open => ("casework.request_open", "badge-info"),
        RequestStanding::Answered => ("casework.request_answered", "badge-success"),
        RequestStanding::Cancelled => ("casework.request_cancelled", ""),
        RequestStanding::Lapsed => ("casework.request_lapsed", ""),
        RequestStanding::ExpiredUnanswered => ("casework.request_expired", "badge-warning"),
    }
}

fn power(page: &Page, titles: &Titles, mandate: &Mandate, about: &About, now: Instant) -> Power {
    let who = match about.person {
        Some(person) if person == mandate.grantor => "casework.power_given",
        Some(person) if person == mandate.representative => "casework.power_held",
        _ => "casework.power",
    };
    let (state, colour) = match mandate.standing(now) {
        MandateStanding::Active => ("casework.power_active", "badge-success"),
        MandateStanding::Planned => ("casework.power_planned", "badge-info"),
        MandateStanding::Revoked => ("casework.power_revoked", ""),
        MandateStanding::Renounced => ("casework.power_renounced", ""),
        MandateStanding::Expired => ("casework.power_expired", ""),
        MandateStanding::Ended => ("casework.power_ended", ""),
    };
    Power {
        who: page.t(who),
        packages: titles.line(&mandate.packages),
        case: mandate.case.as_ref().map(ToString::to_string),
        until: page.last_day(mandate.valid.to),
        state: page.t(state),
        colour,
    }
}
