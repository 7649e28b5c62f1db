//! Problems as pages: what happened, what one can do about it, and a code for whoever helps.

use crate::{
    Web,
    page::{Anyone, Here, Page},
};
use askama::Template;
use axum::{
    extract::{FromRequestParts as _, Request, State},
    middleware::Next,
    response::Response,
};
use http::{HeaderValue, StatusCode, header};
use std::sync::Arc;
use tillid_domain::{Language, actor::Assurance};
use tillid_edge::{Fields, Problem, RenderPage, ReturnTo, Told};
use tillid_service::Error;

/// A problem.
#[derive(Template)]
#[template(path = "problem.html")]
pub(crate) struct ProblemPage<'p> {
    page: &'p Page,
    code: &'p str,
    title: &'p str,
    detail: Option<&'p str>,
    /// What is wrong with the fields.
    flaws: Vec<&'p str>,
    /// What one can do, where the problem's own words do not say it.
    advice: Option<&'static str>,
    /// What to press.
    way: Way,
}

/// An address, and the words on its button.
struct Way {
    address: String,
    words: &'static str,
}

/// Writes problems as pages for people.
pub fn problem_page() -> RenderPage {
    Arc::new(|told: &Told<'_>| {
        let page = Page::at(told.language, told.path);
        written(&page, told.problem, way(&page, told.problem))
    })
}

/// Middleware that tells a problem of these pages on a page that still says who is logged in and for whom they act, as every page
/// does. Without a session, and where something of ours is away, it leaves it to [`problem_page`].
pub(crate) async fn told_to_visitor(State(web): State<Web>, request: Request, next: Next) -> Response {
    let (mut parts, body) = request.into_parts();
    let asked = parts.clone();
    let response = next.run(Request::from_parts(asked, body)).await;
    let Some(problem) = response.extensions().get::<Problem>().cloned() else { return response };
    let html = |line: &HeaderValue| line.to_str().is_ok_and(|line| line.contains("text/html"));
    if problem.status().is_server_error() || !parts.headers.get_all(header::ACCEPT).iter().any(html) {
        return response;
    }
    let Ok(Anyone { visitor: Some(_), page }) = Anyone::from_request_parts(&mut parts, &web).await else {
        return response;
    };
    let mut told = written(&page, &problem, way(&page, &problem));
    for (name, value) in response.headers() {
        if name != header::CONTENT_LENGTH && !told.headers().contains_key(name) {
            told.headers_mut().insert(name, value.clone());
        }
    }
    told
}

/// Asks for a fresh or stronger login where that is what the verb wants; what was filled in waits for it, to be sent to `action`
/// again. Any other refusal is told as it is.
pub(crate) async fn again(
    here: &Here,
    error: &Error,
    action: &str,
    fields: &Fields,
) -> Result<Response, Problem> {
    if asked_level(error).is_none() {
        return Err(here.visitor.problem(error));
    }
    here.visitor.keep_draft(action, fields).await?;
    log_in_again(here, error, "/resume")
}

/// Likewise where nothing has to wait: the page of this address, opened anew, still knows what was chosen.
pub(crate) fn again_here(here: &Here, error: &Error) -> Result<Response, Problem> {
    log_in_again(here, error, &here.page.path)
}

fn log_in_again(here: &Here, error: &Error, return_to: &str) -> Result<Response, Problem> {
    let problem = here.visitor.problem(error);
    let Some(level) = asked_level(error) else { return Err(problem) };
    let address = format!("/login/again?return_to={}{level}", ReturnTo::new(return_to).encoded());
    let mut response =
        written(&here.page, &problem, Way { address, words: here.page.t("problem.log_in_again") });
    *response.status_mut() = StatusCode::FORBIDDEN;
    Ok(response)
}

/// What the address of the fresh login says of the level; nothing where no login would help.
fn asked_level(error: &Error) -> Option<&'static str> {
    match error {
        Error::LoginAgain(_) => Some(""),
        Error::StepUp(Assurance::High) => Some("&level=high"),
        Error::StepUp(_) => Some("&level=substantial"),
        _ => None,
    }
}

fn written(page: &Page, problem: &Problem, way: Way) -> Response {
    let language = page.language;
    let template = ProblemPage {
        page,
        code: problem.code(),
        title: problem.title(language),
        detail: problem.detail(language),
        flaws: problem.errors().iter().map(|flaw| flaw.detail.in_language(language)).collect(),
        advice: advice(problem).map(|key| page.t(key)),
        way,
    };
    page.answer_as(problem.status(), &template)
}

/// What one can do about it.
fn advice(problem: &Problem) -> Option<&'static str> {
    match problem.code() {
        "session_missing" => Some("problem.advice_log_in"),
        "not_found" | "method_not_allowed" => Some("problem.advice_address"),
        "login_cancelled" | "login_refused" => Some("problem.advice_begin_again"),
        "unprocessable" => Some("problem.advice_fields"),
        // The problem's own words say it.
        _ if problem.detail(Language::Da).is_some() => None,
        _ if problem.status().is_server_error() => Some("problem.advice_later"),
        _ => Some("problem.advice_other"),
    }
}

fn way(page: &Page, problem: &Problem) -> Way {
    let to = |address: String, key: &'static str| Way { address, words: page.t(key) };
    let return_to = page.return_to();
    match problem.code() {
        "session_missing" => to(format!("/login?return_to={return_to}"), "problem.log_in"),
        "login_too_old" => to(format!("/login/again?return_to={return_to}"), "problem.log_in_again"),
        "assurance_too_low" => {
            to(format!("/login/again?return_to={return_to}&level=substantial"), "problem.log_in_again")
        }
        "login_cancelled"
        | "login_refused"
        | "login_unknown"
        | "login_too_weak"
        | "login_not_accepted"
        | "provider_unavailable" => to("/login".to_owned(), "problem.log_in"),
        // Whoever acts for somebody may do it for themselves, or for somebody else.
        "no_power" | "only_in_person" | "sensitive_by_representative" => {
            to("/act-for".to_owned(), "problem.act_for")
        }
        code if code.starts_with("power_") => to("/act-for".to_owned(), "problem.act_for"),
        _ => to("/".to_owned(), "problem.to_front"),
    }
}
