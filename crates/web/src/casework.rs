//! The pages of an authority's staff: looking a person up, asking for consent, registering answers, what came of it, what there is to do
//! because of it, and erasing what is over.

mod ask;
mod cases;
mod catalogue;
mod clients;
mod collect;
mod consent;
mod declaration;
mod erase;
mod evidence;
mod except;
mod found;
mod given;
mod late;
mod lookup;
mod mandate;
mod narrow;
mod powers;
mod register;
mod registration;
mod request;
mod tasks;

pub use evidence::{UPLOAD_LIMIT, UPLOAD_PATHS};

use crate::{
    Web,
    page::{Here, Page, see},
};
use askama::Template;
use axum::{
    Router,
    response::{IntoResponse, Response},
    routing::{get, post},
};
use http::StatusCode;
use tillid_domain::{
    Reason,
    actor::Role,
    id::{AccessId, ConsentId, MandateId, MandateRequestId, RegistrationId, RequestId, TaskId},
    text::Code,
};
use tillid_edge::{Fields, Path, Problem};
use tillid_service::{Call, Error};

pub(crate) fn router() -> Router<Web> {
    Router::new()
        .route("/casework", get(lookup::page))
        .route("/casework/cases/close", get(cases::page).post(cases::confirm))
        .route("/casework/cases/close/confirm", post(cases::close).get(async || see("/casework/cases/close")))
        .route("/casework/catalogue", get(catalogue::list))
        .route(
            "/casework/catalogue/{shelf}/new",
            get(catalogue::write::new_page).post(catalogue::write::new_sent),
        )
        .route("/casework/catalogue/{shelf}/{code}/{number}", get(catalogue::entry))
        .route(
            "/casework/catalogue/{shelf}/{code}/{number}/write",
            get(catalogue::write::page).post(catalogue::write::sent),
        )
        .route("/casework/catalogue/{shelf}/{code}/{number}/{step}", post(catalogue::step).get(to_entry))
        .route("/casework/clients", get(clients::list).post(register::sent))
        .route("/casework/clients/new", get(register::page))
        .route("/casework/clients/{client}", get(clients::page))
        .route("/casework/clients/{client}/stop", get(clients::before_stopping).post(clients::stop))
        .route("/casework/clients/{client}/resume", post(clients::resume).get(to_client))
        .route("/casework/consents", get(given::page))
        .route("/casework/erasures", get(erase::page).post(erase::plan))
        .route("/casework/erasures/confirm", post(erase::erase).get(async || see("/casework/erasures")))
        .route("/casework/late-uses", get(late::list))
        .route("/casework/lookups", post(lookup::look_up).get(async || see("/casework")))
        .route("/casework/lookups/{lookup}", get(found::page))
        .route("/casework/lookups/{lookup}/ask", get(ask::page).post(ask::sent))
        .route("/casework/lookups/{lookup}/consents/{consent}", get(consent::page))
        .route(
            "/casework/lookups/{lookup}/consents/{consent}/annul",
            get(consent::before_annulling).post(consent::annul),
        )
        .route("/casework/lookups/{lookup}/consents/{consent}/use", post(consent::use_up).get(to_consent))
        .route(
            "/casework/lookups/{lookup}/consents/{consent}/withdraw",
            get(consent::before_withdrawing).post(consent::withdraw),
        )
        .route("/casework/lookups/{lookup}/documents/{document}", get(evidence::have))
        .route("/casework/lookups/{lookup}/declarations", get(declaration::page).post(declaration::sent))
        .route("/casework/lookups/{lookup}/declarations/{declaration}", get(declaration::taken))
        .route(
            "/casework/lookups/{lookup}/declarations/{declaration}/viljestilkendegivelse",
            get(evidence::state_format),
        )
        .route("/casework/lookups/{lookup}/mandates/new", get(mandate::new).post(mandate::make))
        .route(
            "/casework/lookups/{lookup}/mandates/requests/{request}",
            post(mandate::print).get(to_new_mandate),
        )
        .route(
            "/casework/lookups/{lookup}/mandates/forms/{presentation}",
            get(mandate::form).post(mandate::enter),
        )
        .route("/casework/lookups/{lookup}/mandates/{mandate}", get(mandate::page))
        .route("/casework/lookups/{lookup}/mandates/{mandate}/uses", get(mandate::uses))
        .route("/casework/lookups/{lookup}/mandates/{mandate}/{deed}", post(mandate::change).get(to_mandate))
        .route("/casework/lookups/{lookup}/presentations/{presentation}/form", get(evidence::form))
        .route(
            "/casework/lookups/{lookup}/presentations/{presentation}",
            get(registration::page).post(registration::sent),
        )
        .route("/casework/lookups/{lookup}/powers", get(powers::page).post(powers::sent))
        .route("/casework/lookups/{lookup}/powers/{power}", get(powers::one).post(powers::step))
        .route("/casework/lookups/{lookup}/register", get(collect::page).post(collect::sent))
        .route("/casework/lookups/{lookup}/requests/{request}", get(request::page))
        .route("/casework/lookups/{lookup}/requests/{request}/except", get(except::page).post(except::sent))
        .route("/casework/lookups/{lookup}/requests/{request}/cancel", post(request::cancel).get(to_request))
        .route("/casework/tasks", get(tasks::list))
        .route("/casework/tasks/{task}", get(tasks::page))
        .route("/casework/tasks/{task}/close", post(tasks::close).get(to_task))
}

/// The look-up that a page reads under.
struct Under {
    lookup: AccessId,
    call: Call,
}

impl Under {
    fn new(here: &Here, lookup: AccessId) -> Self {
        Self { lookup, call: here.visitor.under(lookup) }
    }

    /// The call of a change for the person who was looked up.
    fn change(&self, here: &Here, key: &str, fields: &Fields) -> Call {
        Call { lookup: Some(self.lookup), ..here.visitor.change(key, fields) }
    }
}

/// Where a page about a look-up stops: at a problem, or at the page that offers a new look-up.
enum Stop {
    Problem(Problem),
    Page(Box<Response>),
}

impl From<Problem> for Stop {
    fn from(problem: Problem) -> Self {
        Self::Problem(problem)
    }
}

impl IntoResponse for Stop {
    fn into_response(self) -> Response {
        match self {
            Self::Problem(problem) => problem.into_response(),
            Self::Page(response) => *response,
        }
    }
}

#[derive(Template)]
#[template(path = "casework_expired.html")]
struct Expired<'p> {
    page: &'p Page,
    code: &'static str,
}

/// What came of a read under a look-up. One that permits nothing any more is no dead end.
fn read<T>(here: &Here, outcome: Result<T, Error>) -> Result<T, Stop> {
    outcome.map_err(|error| match error {
        Error::Denied(reason @ (Reason::LookupInvalid | Reason::LookupMissing)) => {
            let template = Expired { page: &here.page, code: reason.code() };
            Stop::Page(Box::new(here.page.answer_as(StatusCode::FORBIDDEN, &template)))
        }
        error => Stop::Problem(here.visitor.problem(&error)),
    })
}

/// The roles of the employee; a citizen has nothing to do here.
fn roles(here: &Here) -> Result<&[Role], Problem> {
    let employee = here.visitor.employee().map(|(_, roles)| roles);
    here.told(employee.ok_or(Error::Denied(Reason::StaffOnly)))
}

async fn to_entry(Path((shelf, code, number, _)): Path<(String, Code, u32, String)>) -> Response {
    let known = if shelf == "mandate-packages" { "mandate-packages" } else { "consent-types" };
    see(&format!("/casework/catalogue/{known}/{code}/{number}"))
}

async fn to_client(Path(client): Path<RegistrationId>) -> Response {
    see(&format!("/casework/clients/{client}"))
}

async fn to_new_mandate(Path((lookup, _)): Path<(AccessId, MandateRequestId)>) -> Response {
    see(&format!("/casework/lookups/{lookup}/mandates/new"))
}

async fn to_mandate(Path((lookup, mandate, _)): Path<(AccessId, MandateId, String)>) -> Response {
    see(&format!("/casework/lookups/{lookup}/mandates/{mandate}"))
}

async fn to_consent(Path((lookup, consent)): Path<(AccessId, ConsentId)>) -> Response {
    see(&format!("/casework/lookups/{lookup}/consents/{consent}"))
}

async fn to_task(Path(task): Path<TaskId>) -> Response {
    see(&format!("/casework/tasks/{task}"))
}

async fn to_request(Path((lookup, request)): Path<(AccessId, RequestId)>) -> Response {
    see(&format!("/casework/lookups/{lookup}/requests/{request}"))
}
