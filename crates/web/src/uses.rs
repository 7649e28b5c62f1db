//! Who used a power of attorney and when.

use crate::{
    Web,
    page::{Here, Page},
    view::authority,
};
use askama::Template;
use axum::{Router, response::Response, routing::get};
use serde::Deserialize;
use tillid_domain::{
    access::AccessRecord,
    actor::ActorTrace,
    id::{AccessId, MandateId},
};
use tillid_edge::{Path, Problem, Query};
use tillid_service::{Call, CatalogueWords, Error, MandateUse, Service};

/// How many stand on the page of the mandate itself.
const FIRST: u32 = 3;
const AT_A_TIME: u32 = 20;

pub(crate) fn router() -> Router<Web> {
    Router::new().route("/mandates/{id}/uses", get(page))
}

#[derive(Deserialize)]
pub(crate) struct Part {
    pub(crate) after: Option<AccessId>,
}

/// One use.
pub(crate) struct UseRow {
    pub(crate) at: String,
    pub(crate) what: String,
    pub(crate) place: String,
    /// Which employee of an organisation it was.
    pub(crate) employee: Option<String>,
    pub(crate) case: Option<String>,
    pub(crate) after_end: bool,
}

impl UseRow {
    fn new(service: &Service, page: &Page, words: &CatalogueWords, used: &MandateUse) -> Self {
        let record = &used.record;
        Self {
            at: page.moment(record.at),
            what: what(page, words, record),
            place: place(service, page, &record.actor),
            employee: used.employee.as_ref().map(|using| {
                let nameless = || page.t("work.no_name").to_owned();
                page.fill(
                    "work.used_by",
                    "name",
                    using.name.as_ref().map_or_else(nameless, ToString::to_string),
                )
            }),
            case: record.case.as_ref().map(ToString::to_string),
            after_end: used.after_end,
        }
    }
}

/// Uses in a list, and where the next part begins.
pub(crate) struct Uses {
    pub(crate) rows: Vec<UseRow>,
    pub(crate) next: Option<AccessId>,
}

impl Uses {
    /// Whether any of them came after the end.
    pub(crate) fn any_late(&self) -> bool {
        self.rows.iter().any(|row| row.after_end)
    }

    async fn part(
        here: &Here,
        call: &Call,
        id: MandateId,
        after: Option<AccessId>,
        limit: u32,
    ) -> Result<Self, Error> {
        let (found, _) = here.service.mandate_uses(call, id, after, limit).await?;
        let words = words(&here.service, found.items.iter().map(|used| &used.record)).await?;
        let row = |used| UseRow::new(&here.service, &here.page, &words, used);
        Ok(Self { rows: found.items.iter().map(row).collect(), next: found.next })
    }

    /// Those that stand on the page of the mandate.
    pub(crate) async fn first(here: &Here, call: &Call, id: MandateId) -> Result<Self, Error> {
        Self::part(here, call, id, None, FIRST).await
    }

    /// A page of all of them.
    pub(crate) async fn after(
        here: &Here,
        call: &Call,
        id: MandateId,
        after: Option<AccessId>,
    ) -> Result<Self, Error> {
        Self::part(here, call, id, after, AT_A_TIME).await
    }
}

/// All uses of one mandate, part by part.
#[derive(Template)]
#[template(path = "uses.html")]
pub(crate) struct UsesPage<'p> {
    page: &'p Page,
    /// The address of the mandate's own page.
    mandate: String,
    uses: Uses,
    first: bool,
    for_staff: bool,
}

impl<'p> UsesPage<'p> {
    pub(crate) fn new(page: &'p Page, mandate: String, uses: Uses, first: bool, for_staff: bool) -> Self {
        Self { page, mandate, uses, first, for_staff }
    }
}

async fn page(here: Here, Path(id): Path<MandateId>, Query(part): Query<Part>) -> Result<Response, Problem> {
    let uses = here.told(Uses::after(&here, &here.visitor.read(), id, part.after).await)?;
    let (mandate, first) = (format!("/mandates/{id}"), part.after.is_none());
    Ok(here.page.answer(&UsesPage::new(&here.page, mandate, uses, first, false)))
}

/// What privileges are called, where any of the records names one.
pub(crate) async fn words(
    service: &Service,
    records: impl IntoIterator<Item = &AccessRecord>,
) -> Result<CatalogueWords, Error> {
    if records.into_iter().any(|record| record.privilege().is_some()) {
        service.catalogue_words().await
    } else {
        Ok(CatalogueWords::default())
    }
}

/// What was done: with which privilege, where that was asked. One that is in no catalogue any more is told by its name for systems.
pub(crate) fn what(page: &Page, words: &CatalogueWords, record: &AccessRecord) -> String {
    let done = || record.act.words().map_or("", |words| page.say(words)).to_owned();
    record.privilege().map_or_else(done, |uri| {
        words.privileges.get(uri).map_or_else(|| uri.to_string(), |words| page.say(words).to_owned())
    })
}

/// Where it was done; never an employee's name.
pub(crate) fn place(service: &Service, page: &Page, actor: &ActorTrace) -> String {
    let named = |cvr| authority(service, cvr, page.language);
    match actor {
        ActorTrace::Employee { authority, .. } => {
            page.fill("accesslog.by_employee", "authority", named(*authority))
        }
        ActorTrace::System { authority, .. } => {
            page.fill("accesslog.by_system", "authority", named(*authority))
        }
        ActorTrace::Representative { client: Some(client), .. } => {
            page.fill("uses.through", "client", client)
        }
        ActorTrace::Representative { client: None, .. }
        | ActorTrace::Citizen { .. }
        | ActorTrace::Operator
        | ActorTrace::Service => page.t("layout.name").to_owned(),
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::tests::{must_hold_together, page};
    use tillid_domain::Language;
    use uuid::Uuid;

    fn row(case: Option<&str>, after_end: bool) -> UseRow {
        UseRow {
            at: "nu".to_owned(),
            what: "Se <sager>".to_owned(),
            place: "Et it-system".to_owned(),
            employee: None,
            case: case.map(str::to_owned),
            after_end,
        }
    }

    #[test]
    fn what_came_after_the_end_is_marked_and_said() {
        for language in Language::ALL {
            let page = page(language);
            for (late, for_staff, marked) in [(false, false, 0), (true, false, 1), (true, true, 1)] {
                let uses = Uses { rows: vec![row(Some("27.36"), late), row(None, false)], next: None };
                let html = UsesPage::new(&page, "/mandates/1".to_owned(), uses, true, for_staff).render();
                let html = html.expect("a page");
                must_hold_together(&html);
                assert_eq!(html.matches(page.t("uses.after_end_text")).count(), marked);
                // Staff are the ones to be asked.
                assert_eq!(html.contains(page.t("uses.after_end_ask")), late && !for_staff);
                assert_eq!(html.matches("badge-warning").count(), marked);
                assert!(html.contains("27.36") && !html.contains("<sager>"));
            }
        }
    }

    #[test]
    fn a_list_leads_on_and_back_and_may_be_empty() {
        for language in Language::ALL {
            let page = page(language);
            for (for_staff, none) in [(false, "uses.none"), (true, "uses.none_here")] {
                let next = AccessId::from_uuid(Uuid::from_u128(7));
                let uses = Uses { rows: vec![row(None, false)], next: Some(next) };
                let html = UsesPage::new(&page, "/mandates/1".to_owned(), uses, false, for_staff).render();
                let html = html.expect("a page");
                must_hold_together(&html);
                assert!(html.contains(&format!("/mandates/1/uses?after={next}")));
                assert!(html.contains("href=\"/mandates/1/uses\"") && html.contains("href=\"/mandates/1\""));
                let uses = Uses { rows: Vec::new(), next: None };
                let html = UsesPage::new(&page, "/mandates/1".to_owned(), uses, true, for_staff).render();
                assert!(html.expect("a page").contains(page.t(none)));
            }
        }
    }
}
