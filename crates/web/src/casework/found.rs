//! What a look-up found: consents, requests and powers of attorney, with what they mean for the case.

use super::{Stop, Under, powers::may_register, read, roles};
use crate::{
    page::{Here, Page},
    statutory::PowerRow,
    view::{ConsentRow, Titles},
    when,
};
use askama::Template;
use axum::response::Response;
use tillid_domain::{
    Instant,
    actor::{Purpose, Role},
    catalogue::{ConsentType, Polarity},
    consent::ConsentStanding,
    id::{AccessId, PersonId, RequestId},
    mandate::MandateStanding,
    presentation::{Presentation, Presented},
    request::{ConsentRequest, RequestStanding},
};
use tillid_edge::Path;
use tillid_service::{FoundMandate, TypedConsent};

/// A consent, and what it means for the case.
pub(super) struct Consent {
    pub(super) row: ConsentRow,
    /// Its page under the look-up.
    pub(super) address: String,
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
    case: Option<String>,
    state: &'static str,
    colour: &'static str,
}

/// A form on paper that waits for its answer.
struct Sheet {
    address: String,
    title: String,
    printed: String,
    /// What stands on the paper.
    code: String,
    case: Option<String>,
}

struct Power {
    address: String,
    who: String,
    packages: String,
    case: Option<String>,
    until: String,
    state: &'static str,
    colour: &'static str,
}

#[derive(Template)]
#[template(path = "casework_found.html")]
#[expect(clippy::struct_excessive_bools, reason = "what the page offers, each by itself")]
struct Found<'p> {
    page: &'p Page,
    lookup: AccessId,
    /// Whom, where something was found.
    name: Option<String>,
    purpose: &'p str,
    case: Option<String>,
    /// Until when it can be read, in security time.
    until: String,
    may_ask: bool,
    is_registrar: bool,
    consents: Vec<Consent>,
    requests: Vec<Request>,
    sheets: Vec<Sheet>,
    powers: Vec<Power>,
    /// What follows from the law.
    statutory: Vec<PowerRow>,
    may_register: bool,
    more: bool,
}

pub(super) async fn page(here: Here, Path(lookup): Path<AccessId>) -> Result<Response, Stop> {
    let may_ask = may_ask(roles(&here)?);
    let (is_registrar, may_register) =
        (roles(&here)?.contains(&Role::Registrar), may_register(roles(&here)?));
    let under = Under::new(&here, lookup);
    let found = read(&here, here.service.read_lookup(&under.call).await)?;
    let page = &here.page;
    let packages = found.mandates.iter().flat_map(|found| &found.mandate.packages).collect();
    let titles = Titles::of(&here.service, page.language, packages).await;
    let (record, person) = (&found.record, &found.person);
    Ok(page.answer(&Found {
        page,
        lookup,
        name: person.name.as_ref().map(ToString::to_string),
        purpose: record.purpose.and_then(Purpose::words).map_or("", |words| page.say(words)),
        case: record.case.as_ref().map(ToString::to_string),
        until: record.permits_until.map(|until| when::clock(until, page.language)).unwrap_or_default(),
        may_ask,
        is_registrar,
        may_register,
        statutory: found.statutory.iter().map(|seen| PowerRow::new(page, seen, None)).collect(),
        more: found.more,
        consents: found.consents.iter().map(|typed| consent(&here, lookup, typed)).collect(),
        requests: found.requests.iter().map(|(asked, of)| request(page, asked, of, found.now)).collect(),
        sheets: found.forms.iter().map(|(shown, of)| sheet(page, lookup, shown, of)).collect(),
        powers: found
            .mandates
            .iter()
            .map(|mandate| power(page, &titles, mandate, (lookup, person.id)))
            .collect(),
    }))
}

/// Whether asking for consent is a thing of these roles; the verb decides, this saves a way in vain.
pub(super) fn may_ask(roles: &[Role]) -> bool {
    roles.contains(&Role::Caseworker) || roles.contains(&Role::Registrar)
}

pub(super) fn consent(here: &Here, lookup: AccessId, typed: &TypedConsent) -> Consent {
    let page = &here.page;
    let withdrawn = typed.standing == ConsentStanding::Withdrawn;
    let case = typed.consent.answer.case.as_ref();
    Consent {
        row: ConsentRow::new(typed, &here.service, page),
        address: format!("/casework/lookups/{lookup}/consents/{}", typed.consent.id),
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
        (ConsentStanding::Annulled, _) => "casework.means_annulled",
    }
}

fn sheet(page: &Page, lookup: AccessId, shown: &Presentation, of: &ConsentType) -> Sheet {
    let case = match &shown.presented {
        Presented::Consent { case, .. } => case.as_ref(),
        Presented::Mandate { .. } => None,
    };
    Sheet {
        address: format!("/casework/lookups/{lookup}/presentations/{}", shown.id),
        title: page.say(&of.title).to_owned(),
        printed: page.moment(shown.shown_at),
        code: shown.id.code(),
        case: case.map(ToString::to_string),
    }
}

fn request(page: &Page, asked: &ConsentRequest, of: &ConsentType, now: Instant) -> Request {
    let (state, colour) = state(asked.standing(now));
    Request {
        id: asked.id,
        title: page.say(&of.title).to_owned(),
        asked: page.moment(asked.asked_at),
        deadline: page.last_day(asked.deadline),
        case: asked.case.as_ref().map(ToString::to_string),
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

fn power(
    page: &Page,
    titles: &Titles,
    found: &FoundMandate,
    (lookup, person): (AccessId, PersonId),
) -> Power {
    let mandate = &found.mandate;
    let given = mandate.grantor == person;
    let who = match &found.representative_name {
        Some(name) if given => page.fill("casework.power_given_to", "name", name),
        _ if given => page.t("casework.power_given").to_owned(),
        _ => page.t("casework.power_held").to_owned(),
    };
    let (state, colour) = power_state(found.standing);
    Power {
        address: format!("/casework/lookups/{lookup}/mandates/{}", mandate.id),
        who,
        packages: titles.line(&mandate.packages),
        case: mandate.case.as_ref().map(ToString::to_string),
        until: page.last_day(mandate.valid.to),
        state: page.t(state),
        colour,
    }
}

/// Where a power of attorney stands, and in which colour.
pub(super) const fn power_state(standing: MandateStanding) -> (&'static str, &'static str) {
    match standing {
        MandateStanding::Active => ("casework.power_active", "badge-success"),
        MandateStanding::Together => ("joint.badge", "badge-info"),
        MandateStanding::Planned => ("casework.power_planned", "badge-info"),
        MandateStanding::Revoked => ("casework.power_revoked", ""),
        MandateStanding::Renounced => ("casework.power_renounced", ""),
        MandateStanding::Expired => ("casework.power_expired", ""),
        MandateStanding::Ended => ("casework.power_ended", ""),
        MandateStanding::Awaiting => ("casework.power_awaiting", "badge-info"),
        MandateStanding::Suspended => ("casework.power_suspended", "badge-warning"),
        MandateStanding::Disputed => ("casework.power_disputed", "badge-warning"),
        MandateStanding::Annulled => ("casework.power_annulled", ""),
    }
}

#[cfg(test)]
pub(super) mod tests {
    use super::*;
    use crate::{
        tests::{must_hold_together, page},
        view::Standing,
    };
    use tillid_domain::{Language, id::ConsentId};
    use uuid::Uuid;

    pub(in crate::casework) fn found_consent(page: &Page, standing: ConsentStanding) -> Consent {
        Consent {
            row: ConsentRow {
                id: ConsentId::from_uuid(Uuid::from_u128(1)),
                title: "Indhentning".to_owned(),
                statement: "Må vi spørge?".to_owned(),
                authority: "Eksempel Kommune".to_owned(),
                standing: Standing::new(standing, page),
                opt_out: false,
                when: "nu".to_owned(),
            },
            address: "/casework/lookups/1/consents/2".to_owned(),
            case: Some("27.36".to_owned()),
            meaning: page.t(meaning(standing, Polarity::Consent)),
            withdrawal: (standing == ConsentStanding::Withdrawn).then(|| "Stop".to_owned()),
        }
    }

    fn found(page: &Page, consents: Vec<Consent>, may_ask: bool) -> Found<'_> {
        let requests = consents.iter().map(|_| Request {
            id: RequestId::from_uuid(Uuid::from_u128(2)),
            title: "Indhentning".to_owned(),
            asked: "nu".to_owned(),
            deadline: "1. maj 2027".to_owned(),
            case: None,
            state: page.t(state(RequestStanding::ExpiredUnanswered).0),
            colour: "",
        });
        let sheets = consents.iter().map(|_| Sheet {
            address: "/casework/lookups/1/presentations/2".to_owned(),
            title: "Indhentning".to_owned(),
            printed: "nu".to_owned(),
            code: "K7M4-PX2A".to_owned(),
            case: None,
        });
        let powers = consents.iter().map(|_| Power {
            address: "/casework/lookups/0/mandates/0".to_owned(),
            who: page.fill("casework.power_given_to", "name", "Bo"),
            packages: "Ældre".to_owned(),
            case: None,
            until: "1. maj 2027".to_owned(),
            state: page.t("casework.power_active"),
            colour: "badge-success",
        });
        Found {
            page,
            lookup: AccessId::from_uuid(Uuid::from_u128(3)),
            name: may_ask.then(|| "Anna Lind".to_owned()),
            purpose: "Sagsbehandling",
            case: Some("27.36".to_owned()),
            until: "09.32".to_owned(),
            is_registrar: true,
            may_ask,
            may_register: may_ask,
            statutory: Vec::new(),
            requests: requests.collect(),
            sheets: sheets.collect(),
            powers: powers.collect(),
            consents,
            more: true,
        }
    }

    #[test]
    fn each_consent_says_what_it_means_for_the_case() {
        const ALL: [ConsentStanding; 6] = [
            ConsentStanding::Active,
            ConsentStanding::Planned,
            ConsentStanding::Declined,
            ConsentStanding::Withdrawn,
            ConsentStanding::Lapsed,
            ConsentStanding::Expired,
        ];
        for language in Language::ALL {
            let page = page(language);
            let consents = ALL.map(|standing| found_consent(&page, standing));
            let html = found(&page, consents.into(), true).render().expect("a page");
            must_hold_together(&html);
            for standing in ALL {
                assert!(html.contains(page.t(meaning(standing, Polarity::Consent))), "{standing:?}");
            }
            assert!(html.contains("/ask") && html.contains(page.t("casework.do_now")));
        }
    }

    #[test]
    fn nothing_found_is_a_page() {
        let page = page(Language::Da);
        let html = found(&page, Vec::new(), false).render().expect("a page");
        must_hold_together(&html);
        assert!(
            html.contains("Der er ikke noget at se om borgeren")
                && !html.contains("/ask")
                && !html.contains("/register")
        );
    }
}
