//! What was done at the authority with powers of attorney that had ended, before anybody knew.

use super::roles;
use crate::{
    page::{Here, Page},
    uses::{place, what, words},
};
use askama::Template;
use axum::response::Response;
use serde::Deserialize;
use tillid_domain::event::EndCause;
use tillid_edge::{Cursor, Problem, Protocol, Query};
use tillid_service::{CatalogueWords, LatePlace, LateUse, Service};

const AT_A_TIME: u32 = 50;
const LIST: &str = "late-uses";

#[derive(Deserialize)]
pub(super) struct Part {
    after: Option<String>,
}

struct Row {
    /// Whose affairs it was about.
    whose: String,
    case: Option<String>,
    used: String,
    what: String,
    place: String,
    ended: String,
    known: String,
    why: &'static str,
}

#[derive(Template)]
#[template(path = "casework_late_uses.html")]
struct LateUses<'p> {
    page: &'p Page,
    rows: Vec<Row>,
    /// The address of what comes after these.
    next: Option<String>,
    first: bool,
}

pub(super) async fn list(here: Here, Query(part): Query<Part>) -> Result<Response, Problem> {
    roles(&here)?;
    let after = part.after.as_deref().map(read_place).transpose()?;
    let (found, _) = here.told(here.service.list_late_uses(&here.visitor.read(), after, AT_A_TIME).await)?;
    let page = &here.page;
    let words = here.told(words(&here.service, found.items.iter().map(|late| &late.record)).await)?;
    let rows = found.items.iter().map(|late| Row::new(&here.service, page, &words, late)).collect();
    let next = found.next.map(|place| format!("/casework/late-uses?after={}", written(place)));
    Ok(page.answer(&LateUses { page, rows, next, first: after.is_none() }))
}

fn written(LatePlace { known_at, mandate, record }: LatePlace) -> String {
    Cursor::encode(LIST, &[known_at.to_string(), mandate.to_string(), record.to_string()])
}

fn read_place(cursor: &str) -> Result<LatePlace, Problem> {
    let read = |keys: &[String]| {
        let [known_at, mandate, record] = keys else { return None };
        let known_at = known_at.parse().ok()?;
        Some(LatePlace { known_at, mandate: mandate.parse().ok()?, record: record.parse().ok()? })
    };
    read(&Cursor::decode(LIST, cursor)?).ok_or_else(|| Protocol::InvalidCursor.into())
}

impl Row {
    fn new(service: &Service, page: &Page, words: &CatalogueWords, late: &LateUse) -> Self {
        let record = &late.record;
        let name = late.name.as_ref().map(ToString::to_string);
        Self {
            whose: name.unwrap_or_else(|| page.t("tasks.nameless").to_owned()),
            case: record.case.as_ref().map(ToString::to_string),
            used: page.moment(record.at),
            what: what(page, words, record),
            place: place(service, page, &record.actor),
            ended: page.moment(late.end.since),
            known: page.moment(late.end.known_at),
            why: page.t(because(late.end.cause)),
        }
    }
}

const fn because(cause: Option<EndCause>) -> &'static str {
    match cause {
        None => "uses.because_annulled",
        Some(EndCause::Death) => "uses.because_death",
        Some(EndCause::RepresentativeDeath) => "uses.because_representative",
        Some(EndCause::ParentEnded | EndCause::ParentEndedQuietly) => "uses.because_above",
        Some(EndCause::JointEnded | EndCause::JointEndedQuietly) => "uses.because_others",
        Some(EndCause::EmployeeLeft) => "work.because_left",
        Some(
            EndCause::CaseClosed
            | EndCause::Used
            | EndCause::Age
            | EndCause::CustodyChanged
            | EndCause::CprChangeUnresolved
            | EndCause::PackageWithdrawn,
        ) => "uses.because_other",
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::tests::{must_hold_together, page};
    use tillid_domain::{
        Language,
        id::{AccessId, MandateId},
    };
    use uuid::Uuid;

    #[test]
    fn both_times_are_told_and_the_list_leads_on() {
        for language in Language::ALL {
            let page = page(language);
            let row = Row {
                whose: "Anna <b>".to_owned(),
                case: Some("27.36.04".to_owned()),
                used: "dengang".to_owned(),
                what: "Se sager".to_owned(),
                place: "Et it-system".to_owned(),
                ended: "før".to_owned(),
                known: "siden".to_owned(),
                why: page.t(because(Some(EndCause::Death))),
            };
            let next = Some("/casework/late-uses?after=1".to_owned());
            let html = LateUses { page: &page, rows: vec![row], next, first: false }.render();
            let html = html.expect("a page");
            must_hold_together(&html);
            for told in ["27.36.04", "dengang", "før", "siden", "?after=1", "/casework/late-uses\""] {
                assert!(html.contains(told), "{told}");
            }
            assert!(html.contains(page.t("uses.because_death")) && !html.contains("<b>"));
            let html = LateUses { page: &page, rows: Vec::new(), next: None, first: true }.render();
            let html = html.expect("a page");
            must_hold_together(&html);
            assert!(html.contains(page.t("uses.late_none")));
        }
    }

    #[test]
    fn a_place_in_the_list_comes_back() {
        let place = LatePlace {
            known_at: "2026-03-07T09:00:00Z".parse().expect("a time"),
            mandate: MandateId::from_uuid(Uuid::from_u128(7)),
            record: AccessId::from_uuid(Uuid::from_u128(8)),
        };
        assert_eq!(read_place(&written(place)).ok(), Some(place));
        for cursor in [Cursor::encode(LIST, &["1".to_owned()]), "x".to_owned()] {
            assert_eq!(read_place(&cursor).map_err(|problem| problem.code()), Err("invalid_cursor"));
        }
    }
}
