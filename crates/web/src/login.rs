//! Logging in and out as people meet it, and the language they choose. What happens in between is the edge's.

use crate::{
    Web,
    page::{Anyone, Here, Page, see},
};
use askama::Template;
use axum::{
    Router,
    extract::State,
    response::{IntoResponse as _, Response},
    routing::get,
};
use http::header;
use serde::Deserialize;
use tillid_domain::Language;
use tillid_edge::{LoginOption, Path, Problem, Protocol, Query, ReturnTo, language_cookie};

pub(crate) fn router() -> Router<Web> {
    Router::new()
        .route("/login", get(login))
        .route("/logged-out", get(logged_out))
        .route("/language/{tag}", get(language))
        .route("/resume", get(resume))
}

/// The ways to log in, as a page shows them.
pub(crate) struct Way {
    pub(crate) address: String,
    pub(crate) name: String,
}

impl Way {
    pub(crate) fn all(logins: &[LoginOption], page: &Page, return_to: &ReturnTo) -> Vec<Self> {
        let way = |login: &LoginOption| Self {
            address: format!("/login/{}?return_to={}", login.key, return_to.encoded()),
            name: page.say(&login.name).to_owned(),
        };
        logins.iter().map(way).collect()
    }
}

#[derive(Template)]
#[template(path = "login.html")]
pub(crate) struct LoginPage<'p> {
    pub(crate) page: &'p Page,
    pub(crate) ways: Vec<Way>,
}

#[derive(Template)]
#[template(path = "logged_out.html")]
pub(crate) struct LoggedOutPage<'p> {
    pub(crate) page: &'p Page,
    /// Where the provider's own logout begins, and what the provider is called.
    pub(crate) onward: Option<(String, String)>,
    /// Whether it happened because nothing was done for a while.
    pub(crate) idle: bool,
}

/// What waits to be sent again after a fresh login.
#[derive(Template)]
#[template(path = "resume.html")]
pub(crate) struct ResumePage<'p> {
    pub(crate) page: &'p Page,
    pub(crate) action: &'p str,
    pub(crate) fields: &'p [(String, String)],
}

#[derive(Deserialize)]
struct Returning {
    return_to: Option<String>,
}

impl Returning {
    fn to(self) -> ReturnTo {
        self.return_to.map_or_else(ReturnTo::default, |path| ReturnTo::new(&path))
    }
}

async fn login(
    State(web): State<Web>,
    Anyone { page, .. }: Anyone,
    Query(returning): Query<Returning>,
) -> Response {
    let ways = Way::all(&web.logins, &page, &returning.to());
    page.answer(&LoginPage { page: &page, ways })
}

#[derive(Deserialize)]
struct Left {
    at: Option<String>,
    because: Option<String>,
}

async fn logged_out(
    State(web): State<Web>,
    Anyone { page, .. }: Anyone,
    Query(left): Query<Left>,
) -> Response {
    let provider = web.logins.iter().find(|login| left.at.as_deref() == Some(login.key.as_str()));
    let onward = provider.map(|p| (format!("/logout/{}", p.key), page.say(&p.name).to_owned()));
    let idle = left.because.as_deref() == Some("idle");
    page.answer(&LoggedOutPage { page: &page, onward, idle })
}

async fn language(Path(tag): Path<String>, Query(returning): Query<Returning>) -> Result<Response, Problem> {
    let chosen = Language::ALL.into_iter().find(|language| language.tag() == tag);
    let chosen = chosen.ok_or(Protocol::NotFound)?;
    let mut response = see(returning.to().as_str()).into_response();
    response.headers_mut().insert(header::SET_COOKIE, language_cookie(chosen));
    Ok(response)
}

async fn resume(here: Here) -> Response {
    match here.visitor.draft() {
        Some((action, fields)) => here.page.answer(&ResumePage { page: &here.page, action, fields }),
        None => see("/"),
    }
}
