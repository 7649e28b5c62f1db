//! The overview: what waits for an answer, what holds, what no longer does, and who looked.

use crate::{
    Web,
    mandate::has_custody,
    page::{Here, Page, see},
    statutory::PowerRow,
    uses,
    view::{ConsentRow, Titles, actor, authority},
};
use askama::Template;
use axum::{Router, response::Response, routing::get};
use tillid_domain::{
    access::{AccessRecord, Outcome},
    catalogue::ConsentType,
    id::{MandateId, MandateRequestId, PersonId, RequestId},
    mandate::MandateStanding,
    mandate_request::MandateRequestStanding,
    request::ConsentRequest,
};
use tillid_edge::Problem;
use tillid_service::{
    FoundMandate, Overview, OwnOverview, RepresentativeOverview, RequestReader, SeenMandateRequest, Service,
    TypedConsent,
};

pub(crate) fn router() -> Router<Web> {
    Router::new().route("/overview", get(overview))
}

/// The overview, of oneself or of whom one acts for.
#[derive(Template)]
#[template(path = "overview.html")]
pub(crate) struct OverviewPage<'p> {
    pub(crate) page: &'p Page,
    /// The name of whom one acts for.
    pub(crate) of_other: Option<String>,
    /// Nothing where the powers do not reach.
    pub(crate) matters: Option<Matters>,
    pub(crate) mandates: Vec<Mandates>,
    /// Requests for powers of attorney: those to the visitor that wait, and those of theirs.
    pub(crate) to_answer: Vec<AskRow>,
    pub(crate) asked: Vec<AskRow>,
    /// What follows from the law, over the visitor and by them.
    pub(crate) statutory: Vec<PowerRow>,
    /// Who looked most recently; in one's own overview only.
    pub(crate) looks: Option<Vec<LookRow>>,
    /// Whether the visitor has custody of whom they act for, and so gives powers of attorney for them.
    pub(crate) gives_for_child: bool,
}

/// What there is of requests and consents.
pub(crate) struct Matters {
    pub(crate) requests: Vec<RequestRow>,
    pub(crate) holding: Vec<ConsentRow>,
    /// What was said no thanks to (C12).
    pub(crate) opt_outs: Vec<ConsentRow>,
    pub(crate) former: Vec<ConsentRow>,
}

pub(crate) struct RequestRow {
    pub(crate) id: RequestId,
    pub(crate) title: String,
    pub(crate) authority: String,
    pub(crate) deadline: String,
}

/// A list of powers of attorney.
pub(crate) struct Mandates {
    pub(crate) heading: String,
    pub(crate) none: &'static str,
    pub(crate) rows: Vec<MandateRow>,
}

pub(crate) struct MandateRow {
    pub(crate) id: MandateId,
    pub(crate) packages: String,
    pub(crate) other: String,
    pub(crate) standing: &'static str,
    pub(crate) colour: &'static str,
    pub(crate) until: String,
    /// Of one that the visitor gave: when it was used last, and where.
    pub(crate) last_used: Option<String>,
    /// Whether the visitor gave it and can end it: from here it takes no more than two steps.
    pub(crate) revocable: bool,
}

/// A request for a power of attorney.
pub(crate) struct AskRow {
    pub(crate) id: MandateRequestId,
    pub(crate) heading: String,
    pub(crate) packages: String,
    /// Where it stands, in words and in colour; nothing where it waits for the visitor.
    pub(crate) standing: Option<(&'static str, &'static str)>,
    pub(crate) deadline: String,
}

pub(crate) struct LookRow {
    pub(crate) at: String,
    pub(crate) who: String,
    pub(crate) what: String,
    /// Whether it was tried only.
    pub(crate) refused: bool,
}

async fn overview(here: Here) -> Result<Response, Problem> {
    if here.visitor.working().is_some() && here.visitor.acting_for().is_none() {
        return Ok(see("/work"));
    }
    let (overview, _) = here.told(here.service.overview(&here.visitor.read()).await)?;
    let desk = Desk { service: &here.service, page: &here.page };
    let shown = match overview {
        Overview::Own(own) => {
            let to_answer = desk.asks(&own.mandate_requests).await;
            let asked = desk.asks(&own.asked_mandates).await;
            let me = here.visitor.person();
            let statutory = own.statutory.iter().map(|seen| PowerRow::new(&here.page, seen, me)).collect();
            let OwnOverview {
                requests,
                consents,
                given,
                last_uses,
                held,
                passed_on,
                may_act_for,
                latest_access,
                ..
            } = *own;
            let name = |person: PersonId| {
                let found = may_act_for.iter().find(|m| m.person == person)?;
                found.name.as_ref().map(ToString::to_string)
            };
            let name_given = |m: &FoundMandate| m.representative_name.as_ref().map(ToString::to_string);
            let passed_on = desk.mandates(&passed_on, name_given).await;
            let mut rows = desk.mandates(&given, name_given).await;
            for (row, found) in rows.iter_mut().zip(&given) {
                row.last_used = last_uses.get(&row.id).map(|record| desk.last_used(record));
                row.revocable = found.standing.is_alive();
            }
            let held = desk.mandates(&held, |m| {
                name(m.mandate.grantor).or_else(|| m.grantor_name.as_ref().map(ToString::to_string))
            });
            let held = held.await;
            OverviewPage {
                page: &here.page,
                of_other: None,
                matters: Some(desk.matters(&requests, &consents)),
                mandates: lists(&here.page, rows, held, passed_on),
                to_answer,
                asked,
                statutory,
                looks: Some(latest_access.iter().map(|record| desk.look(record)).collect()),
                gives_for_child: false,
            }
        }
        Overview::Representative(of) => {
            let RepresentativeOverview { person, mandates, consents, requests, .. } = *of;
            let name = person.name.map(|name| name.to_string());
            let me = here.visitor.person();
            let is_side = |m: &FoundMandate| m.mandate.parties().any(|party| Some(party) == me);
            let (between, given): (Vec<_>, Vec<_>) = mandates.into_iter().partition(is_side);
            let rows = desk.mandates(&between, |_| name.clone()).await;
            let called = |m: &FoundMandate| m.representative_name.as_ref().map(ToString::to_string);
            let mut rows_given = desk.mandates(&given, called).await;
            let gives_for_child = has_custody(&here);
            for (row, found) in rows_given.iter_mut().zip(&given) {
                let for_child = gives_for_child && found.mandate.for_child.is_some();
                row.revocable = for_child && found.standing.is_alive();
            }
            let matters = consents.zip(requests).map(|(c, r)| desk.matters(&r, &c));
            let known = here.visitor.acting_for().map(|(_, name)| name.to_owned());
            let of_other = known.or(name);
            OverviewPage {
                page: &here.page,
                matters,
                mandates: lists_of_other(&here.page, of_other.as_deref(), rows, rows_given, gives_for_child),
                of_other,
                to_answer: Vec::new(),
                asked: Vec::new(),
                statutory: Vec::new(),
                looks: None,
                gives_for_child,
            }
        }
    };
    Ok(here.page.answer(&shown))
}

/// What the visitor holds from whom they act for, and what that person gave to others, where it is theirs to see.
fn lists_of_other(
    page: &Page,
    name: Option<&str>,
    between: Vec<MandateRow>,
    given: Vec<MandateRow>,
    gives_for_child: bool,
) -> Vec<Mandates> {
    let name = name.unwrap_or_else(|| page.t("overview.someone"));
    let given = Mandates {
        heading: page.fill("overview.given_by", "name", name),
        none: page.t("child.none_given"),
        rows: given,
    };
    let between = Mandates {
        heading: page.t("overview.between").to_owned(),
        none: page.t("overview.none_held"),
        rows: between,
    };
    // Whoever has custody acts by that, and seldom holds a power of attorney of the child's.
    let (first, second) = if gives_for_child { (given, between) } else { (between, given) };
    let second = (!second.rows.is_empty()).then_some(second);
    [first].into_iter().chain(second).collect()
}

/// What the visitor gave, holds and passed on; of the last, nothing where there is none.
fn lists(
    page: &Page,
    given: Vec<MandateRow>,
    held: Vec<MandateRow>,
    passed_on: Vec<MandateRow>,
) -> Vec<Mandates> {
    let list =
        |heading, none, rows| Mandates { heading: page.t(heading).to_owned(), none: page.t(none), rows };
    let mut lists = vec![
        list("overview.given", "overview.none_given", given),
        list("overview.held", "overview.none_held", held),
    ];
    if !passed_on.is_empty() {
        lists.push(list("overview.passed_on", "overview.none_given", passed_on));
    }
    lists
}

pub(crate) struct Desk<'d> {
    pub(crate) service: &'d Service,
    pub(crate) page: &'d Page,
}

impl Desk<'_> {
    fn matters(&self, requests: &[(ConsentRequest, ConsentType)], consents: &[TypedConsent]) -> Matters {
        let requests = requests.iter().map(|(request, of)| RequestRow {
            id: request.id,
            title: self.page.say(&of.title).to_owned(),
            authority: authority(self.service, request.authority, self.page.language),
            deadline: self.page.last_day(request.deadline),
        });
        let rows = consents.iter().map(|typed| ConsentRow::new(typed, self.service, self.page));
        let (holding, former): (Vec<_>, Vec<_>) = rows.partition(|row| row.standing.holds);
        let (opt_outs, holding) = holding.into_iter().partition(|row| row.opt_out);
        Matters { requests: requests.collect(), holding, opt_outs, former }
    }

    pub(crate) async fn mandates(
        &self,
        found: &[FoundMandate],
        other: impl Fn(&FoundMandate) -> Option<String>,
    ) -> Vec<MandateRow> {
        let packages = found.iter().flat_map(|m| &m.mandate.packages).collect();
        let titles = Titles::of(self.service, self.page.language, packages).await;
        let row = |m: &FoundMandate| {
            let (standing, colour) = self.mandate_standing(m.standing);
            MandateRow {
                id: m.mandate.id,
                packages: titles.line(&m.mandate.packages),
                other: other(m).unwrap_or_else(|| self.page.t("overview.someone").to_owned()),
                standing,
                colour,
                until: self.page.last_day(m.mandate.valid.to),
                last_used: None,
                revocable: false,
            }
        };
        found.iter().map(row).collect()
    }

    pub(crate) async fn asks(&self, found: &[SeenMandateRequest]) -> Vec<AskRow> {
        let packages = found.iter().flat_map(|seen| &seen.request.packages).collect();
        let titles = Titles::of(self.service, self.page.language, packages).await;
        let row = |seen: &SeenMandateRequest| AskRow {
            id: seen.request.id,
            heading: self.ask_heading(seen),
            packages: titles.line(&seen.request.packages),
            standing: self.ask_standing(seen),
            deadline: self.page.last_day(seen.request.deadline),
        };
        found.iter().map(row).collect()
    }

    fn ask_heading(&self, seen: &SeenMandateRequest) -> String {
        match (seen.reader, &seen.representative_name) {
            (RequestReader::Grantor, Some(name)) => self.page.fill("asking.asks_you", "name", name),
            (RequestReader::Grantor, None) => self.page.t("asking.someone_asks").to_owned(),
            _ => {
                let called = seen.grantor_name().map(ToString::to_string);
                called.unwrap_or_else(|| self.page.t("overview.someone").to_owned())
            }
        }
    }

    fn ask_standing(&self, seen: &SeenMandateRequest) -> Option<(&'static str, &'static str)> {
        let (key, colour) = match (seen.standing, seen.reader) {
            (MandateRequestStanding::Open, RequestReader::Grantor) => return None,
            (MandateRequestStanding::Open, _) => ("asking.badge_waits", "badge-info"),
            (MandateRequestStanding::Approved, _) => ("asking.badge_approved", "badge-success"),
            (MandateRequestStanding::Declined, _) => ("asking.badge_declined", ""),
            (MandateRequestStanding::Lapsed, _) => ("asking.badge_lapsed", ""),
            (MandateRequestStanding::ExpiredUnanswered, _) => ("asking.badge_expired", ""),
        };
        Some((self.page.t(key), colour))
    }

    fn mandate_standing(&self, standing: MandateStanding) -> (&'static str, &'static str) {
        let (key, colour) = match standing {
            MandateStanding::Active => ("overview.mandate_active", "badge-success"),
            MandateStanding::Together => ("joint.badge", "badge-info"),
            MandateStanding::Planned => ("overview.mandate_planned", "badge-info"),
            MandateStanding::Revoked => ("overview.mandate_revoked", ""),
            MandateStanding::Renounced => ("overview.mandate_renounced", ""),
            MandateStanding::Expired => ("overview.mandate_expired", ""),
            MandateStanding::Ended => ("overview.mandate_ended", ""),
            MandateStanding::Awaiting => ("overview.mandate_awaiting", "badge-info"),
            MandateStanding::Suspended => ("overview.mandate_suspended", "badge-warning"),
            MandateStanding::Disputed => ("overview.mandate_disputed", "badge-warning"),
            MandateStanding::Annulled => ("overview.mandate_annulled", ""),
        };
        (self.page.t(key), colour)
    }

    fn last_used(&self, record: &AccessRecord) -> String {
        let place = uses::place(self.service, self.page, &record.actor);
        self.page.fill_two("overview.last_used", "at", self.page.moment(record.at), "place", place)
    }

    fn look(&self, record: &AccessRecord) -> LookRow {
        LookRow {
            at: self.page.moment(record.at),
            who: actor(self.service, self.page, &record.actor),
            what: record.act.words().map_or("", |words| self.page.say(words)).to_owned(),
            refused: record.outcome == Outcome::Refused,
        }
    }
}
