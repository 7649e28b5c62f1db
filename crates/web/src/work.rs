//! At work for an organisation that people are represented by: what it holds, as whom one acts, and who of its employees may (M5).

use crate::{
    Web,
    overview::{AskRow, Desk, MandateRow},
    page::{Here, Page, see},
    problem::again_here,
    refused::{Notice, form, noted},
};
use askama::Template;
use axum::{
    Router,
    response::Response,
    routing::{get, post},
};
use serde::Deserialize;
use tillid_domain::{Reason, id::PersonId, party::Employment, person::Person};
use tillid_edge::{Form, Path, Problem, Query, Working};
use tillid_service::{Error, FoundMandate, Overview};

/// How many employees stand on a page.
const AT_A_TIME: u32 = 50;

pub(crate) fn router() -> Router<Web> {
    Router::new()
        .route("/work", get(page))
        .route("/act-as", get(async || see("/work")).post(choose))
        .route("/employees", get(employees))
        .route("/employees/{id}/admit", post(admit))
        .route("/employees/{id}/stop", get(before_stopping).post(stop))
}

#[derive(Template)]
#[template(path = "work.html")]
struct WorkPage<'p> {
    page: &'p Page,
    organisation: String,
    cvr: String,
    /// Since when they may act.
    admitted: Option<String>,
    in_own_name: bool,
    held: Vec<MandateRow>,
    asked: Vec<AskRow>,
}

async fn page(here: Here) -> Result<Response, Problem> {
    let working = working(&here)?.clone();
    if here.visitor.acting_for().is_some() {
        return Ok(see("/overview"));
    }
    let (mut held, mut asked) = (Vec::new(), Vec::new());
    // Whoever may not act yet is told what to do about it, and sees nothing of whom the organisation represents.
    if working.seen.admitted_since.is_some() {
        let (overview, _) = here.told(here.service.overview(&here.visitor.read()).await)?;
        let Overview::Own(own) = overview else { return here.told(Err(Error::NotFound)) };
        let desk = Desk { service: &here.service, page: &here.page };
        let name = |m: &FoundMandate| {
            let found = own.may_act_for.iter().find(|found| found.person == m.mandate.grantor);
            found.and_then(|found| found.name.as_ref()).map(ToString::to_string)
        };
        held = desk.mandates(&own.held, name).await;
        asked = desk.asks(&own.asked_mandates).await;
    }
    let shown = WorkPage {
        page: &here.page,
        organisation: organisation(&working),
        cvr: working.seen.cvr.to_string(),
        admitted: working.seen.admitted_since.map(|since| here.page.moment(since)),
        in_own_name: working.in_own_name,
        held,
        asked,
    };
    Ok(here.page.answer(&shown))
}

async fn choose(here: Here, Form(fields): Form) -> Result<Response, Problem> {
    working(&here)?;
    let own_name = fields.get("as") == Some("own-name");
    let cookie = here.visitor.act_for(None, own_name).await?;
    Ok(crate::actfor::with_cookie(see("/work"), cookie))
}

fn working(here: &Here) -> Result<&Working, Problem> {
    let refused = || here.visitor.problem(&Error::Denied(Reason::RoleMissing));
    here.visitor.working().ok_or_else(refused)
}

fn organisation(working: &Working) -> String {
    let name = working.seen.organisation_name.as_ref();
    name.map_or_else(|| working.seen.cvr.to_string(), ToString::to_string)
}

struct EmployeeRow {
    id: PersonId,
    name: String,
    admitted: Option<String>,
}

impl EmployeeRow {
    fn new(page: &Page, employee: &Person) -> Self {
        let since = employee.employment().and_then(Employment::admitted_since);
        let nameless = || page.t("work.no_name").to_owned();
        Self {
            id: employee.id,
            name: employee.name.as_ref().map_or_else(nameless, ToString::to_string),
            admitted: since.map(|since| page.moment(since)),
        }
    }
}

#[derive(Template)]
#[template(path = "work_employees.html")]
struct EmployeesPage<'p> {
    page: &'p Page,
    organisation: String,
    rows: Vec<EmployeeRow>,
    next: Option<PersonId>,
    notice: Option<Notice>,
}

#[derive(Template)]
#[template(path = "work_employee_stop.html")]
struct StopPage<'p> {
    page: &'p Page,
    row: EmployeeRow,
}

#[derive(Deserialize)]
struct Part {
    after: Option<PersonId>,
}

async fn employees(here: Here, Query(part): Query<Part>) -> Result<Response, Problem> {
    shown(&here, part.after, None).await
}

async fn shown(here: &Here, after: Option<PersonId>, notice: Option<Notice>) -> Result<Response, Problem> {
    let working = working(here)?;
    let found = here.told(here.service.employees(&here.visitor.read(), after, AT_A_TIME).await)?;
    let template = EmployeesPage {
        page: &here.page,
        organisation: organisation(working),
        rows: found.items.iter().map(|employee| EmployeeRow::new(&here.page, employee)).collect(),
        next: found.next,
        notice,
    };
    let status = template.notice.as_ref().map(|notice| notice.status);
    Ok(form(&here.page, status, &template))
}

async fn before_stopping(here: Here, Path(id): Path<PersonId>) -> Result<Response, Problem> {
    working(&here)?;
    let employee = here.told(here.service.employee(&here.visitor.read(), id).await)?;
    let row = EmployeeRow::new(&here.page, &employee);
    if row.admitted.is_none() {
        return Ok(see("/employees"));
    }
    Ok(here.page.answer(&StopPage { page: &here.page, row }))
}

/// Without a key: it is as well done by whoever was first, and may be done again later.
async fn admit(here: Here, Path(id): Path<PersonId>, Form(_): Form) -> Result<Response, Problem> {
    let outcome = here.service.admit_employee(&here.visitor.read(), id).await;
    moved(here, outcome.map(|_| ())).await
}

async fn stop(here: Here, Path(id): Path<PersonId>, Form(_): Form) -> Result<Response, Problem> {
    let outcome = here.service.stop_employee(&here.visitor.read(), id).await;
    moved(here, outcome.map(|_| ())).await
}

async fn moved(mut here: Here, outcome: Result<(), Error>) -> Result<Response, Problem> {
    match outcome {
        // Somebody else was first.
        Ok(()) | Err(Error::Rule(Reason::EmployeeAlreadyAdmitted | Reason::EmployeeNotAdmitted)) => {
            Ok(see("/employees"))
        }
        Err(error @ (Error::LoginAgain(_) | Error::StepUp(_))) => {
            "/employees".clone_into(&mut here.page.path);
            again_here(&here, &error)
        }
        Err(error) => {
            let notice = noted(&mut here, &error, &[])?;
            shown(&here, None, notice).await
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::tests::{must_hold_together, page};
    use tillid_domain::Language;
    use uuid::Uuid;

    #[test]
    fn who_may_act_is_told_and_can_be_changed() {
        for language in Language::ALL {
            let page = page(language);
            let row = |n, admitted: Option<&str>| EmployeeRow {
                id: PersonId::from_uuid(Uuid::from_u128(n)),
                name: "Rikke <Rask>".to_owned(),
                admitted: admitted.map(str::to_owned),
            };
            let template = EmployeesPage {
                page: &page,
                organisation: "Rask Advokater".to_owned(),
                rows: vec![row(1, Some("i dag")), row(2, None)],
                next: None,
                notice: None,
            };
            let html = template.render().expect("a page");
            must_hold_together(&html);
            assert_eq!(
                (
                    html.matches("/employees/00000000-0000-0000-0000-000000000001/stop\"").count(),
                    html.matches("/admit\"").count()
                ),
                (1, 1)
            );
            assert!(!html.contains("<Rask>"));
            must_hold_together(
                &StopPage { page: &page, row: row(1, Some("i dag")) }.render().expect("a page"),
            );
        }
    }

    #[test]
    fn as_whom_one_acts_is_said_and_whoever_may_not_is_told_what_to_do() {
        for language in Language::ALL {
            let page = page(language);
            for (admitted, in_own_name) in [(None, false), (Some("i dag"), false), (Some("i dag"), true)] {
                let template = WorkPage {
                    page: &page,
                    organisation: "Rask Advokater".to_owned(),
                    cvr: "99100001".to_owned(),
                    admitted: admitted.map(str::to_owned),
                    in_own_name,
                    held: Vec::new(),
                    asked: Vec::new(),
                };
                let html = template.render().expect("a page");
                must_hold_together(&html);
                assert_eq!(html.contains(page.t("work.not_admitted")), admitted.is_none());
                assert_eq!(html.contains("action=\"/act-as\""), admitted.is_some());
            }
        }
    }
}
