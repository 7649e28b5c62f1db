//! The addresses of logging in and out.

use super::{
    login::{BACK_WITHIN, Callback, RelyingParty, Wanted},
    refusal::LoginRefusal,
};
use crate::{
    Form, Gate, ReturnTo, Visitor,
    browser::{
        AtProvider, Sessions,
        cookie::{self, Secret},
        guarded,
    },
    json::Path,
    problem::{Problem, Protocol, language},
};
use ::http::{HeaderMap, HeaderValue, StatusCode, header};
use axum::{
    Router,
    extract::{FromRef, RawQuery, State},
    response::{IntoResponse, Redirect, Response},
    routing::{get, post},
};
use std::sync::Arc;
use tillid_domain::actor::Assurance;

/// What stands at the door where people log in.
#[derive(Clone)]
pub struct Door {
    /// The verbs.
    pub gate: Gate,
    /// Who vouches for people.
    pub relying_party: Arc<RelyingParty>,
}

impl FromRef<Door> for Gate {
    fn from_ref(door: &Door) -> Self {
        door.gate.clone()
    }
}

/// The router of logging in and out. The pages that it sends people to are another crate's.
pub fn login_router(door: Door) -> Router {
    let base_url = door.gate.service.settings().base_url.clone();
    let guarded_routes = Router::new()
        .route("/logout", post(log_out))
        .route("/session/keep", post(keep))
        .with_state(door.clone());
    Router::new()
        .route("/login/again", get(again))
        .route("/login/{provider}", get(begin))
        .route("/login/{provider}/callback", get(callback))
        .route("/login/{provider}/backchannel-logout", post(backchannel_logout))
        .route("/logout/{provider}", get(end_session))
        .with_state(door)
        .merge(guarded(guarded_routes, &base_url))
}

async fn begin(
    State(door): State<Door>,
    Path(key): Path<String>,
    RawQuery(query): RawQuery,
    headers: HeaderMap,
) -> Result<Response, Problem> {
    let wanted = Wanted {
        return_to: return_to(query.as_deref()),
        language: language(&headers),
        least: None,
        again: false,
    };
    send_off(&door, &key, &headers, wanted).await
}

/// A fresh login of whoever is logged in: to prove again, or better, who they are.
async fn again(
    State(door): State<Door>,
    visitor: Visitor,
    RawQuery(query): RawQuery,
    headers: HeaderMap,
) -> Result<Response, Problem> {
    let level = parameter(query.as_deref(), "level").ok().flatten();
    let wanted = Wanted {
        return_to: return_to(query.as_deref()),
        language: language(&headers),
        least: level.and_then(|level| level.parse::<Assurance>().ok()),
        again: true,
    };
    send_off(&door, visitor.provider(), &headers, wanted).await
}

async fn send_off(door: &Door, key: &str, headers: &HeaderMap, wanted: Wanted) -> Result<Response, Problem> {
    let relying_party = &door.relying_party;
    let provider = relying_party.provider(key).ok_or(Protocol::NotFound)?;
    // Several logins may have begun in one browser, in its tabs.
    let browser =
        Secret::of(headers, cookie::LOGIN).unwrap_or_else(|| Secret::new(relying_party.service().ambient()));
    let address = relying_party.begin(provider, &browser, wanted).await.map_err(|r| told(&r))?;
    let cookies = [browser.set(cookie::LOGIN, Some(BACK_WITHIN))];
    Ok(with_cookies(see_other(&address), cookies))
}

async fn callback(
    State(door): State<Door>,
    Path(key): Path<String>,
    RawQuery(query): RawQuery,
    headers: HeaderMap,
) -> Result<Response, Problem> {
    let callback = read(query.as_deref()).map_err(|r| told(&r))?;
    let browser = Secret::of(&headers, cookie::LOGIN);
    let relying_party = &door.relying_party;
    let attempt = relying_party.take(&key, &callback, browser.as_ref()).await.map_err(|r| told(&r))?;
    let finished = relying_party.finish(&attempt, &callback).await.map_err(|r| told(&r))?;

    let sessions = Sessions(relying_party.service());
    let before = sessions.of(&headers).await?;
    let at = AtProvider { issuer: finished.issuer, login: finished.login, sid: finished.sid };
    let mut logged_in = finished.logged_in;
    let session = match before {
        Some((_, old, who)) if attempt.again => {
            if !who.is_same_user(&logged_in) {
                return Err(told(&LoginRefusal::OtherUser));
            }
            logged_in.go_on_as(who);
            sessions.renew(&old, &logged_in, at).await?.ok_or(Protocol::SessionMissing)?
        }
        Some((_, old, _)) => {
            relying_party.service().end_session(old.id).await.map_err(|e| told(&e.into()))?;
            sessions.begin(&logged_in, at).await?
        }
        // The session that it was to renew has ended: perhaps because somebody else has logged in at the provider.
        None if attempt.again => return Err(Protocol::SessionMissing.into()),
        None => sessions.begin(&logged_in, at).await?,
    };
    tracing::info!(provider = attempt.provider, again = attempt.again, "logged in");
    let response = see_other(attempt.return_to.as_str());
    // The cookie of the login stays until its time is over: another tab may be about to come back.
    Ok(with_cookies(response, [session]))
}

async fn log_out(State(door): State<Door>, visitor: Visitor, _: Form) -> Result<Response, Problem> {
    visitor.end().await?;
    let provider = visitor.provider();
    tracing::info!(provider, "logged out");
    let mut cookies = vec![cookie::clear(cookie::SESSION)];
    let next = match door.relying_party.end_session(provider, None).await {
        Some(_) => {
            // The page in between says what happens; the hint waits in the browser, where it came from.
            cookies.extend(visitor.hint().map(|hint| cookie::set(cookie::LOGOUT, hint, Some(120))));
            format!("/logged-out?at={provider}")
        }
        None => "/logged-out".to_owned(),
    };
    let mut response = with_cookies(see_other(&next), cookies);
    response.headers_mut().insert("clear-site-data", HeaderValue::from_static("\"cache\""));
    Ok(response)
}

async fn end_session(State(door): State<Door>, Path(key): Path<String>, headers: HeaderMap) -> Response {
    let hint = cookie::cookie(&headers, cookie::LOGOUT);
    let address = door.relying_party.end_session(&key, hint).await;
    let response = see_other(address.as_deref().unwrap_or("/logged-out"));
    with_cookies(response, [cookie::clear(cookie::LOGOUT)])
}

async fn keep(_: Visitor, _: Form) -> StatusCode {
    StatusCode::NO_CONTENT
}

async fn backchannel_logout(
    State(door): State<Door>,
    Path(key): Path<String>,
    body: axum::body::Bytes,
) -> Result<Response, Problem> {
    let fields = crate::Fields::parse(&body).ok_or(Protocol::MalformedForm)?;
    let token = fields.get("logout_token").ok_or(LoginRefusal::LogoutToken("none"));
    let ended = match token {
        Ok(token) => door.relying_party.log_out(&key, token).await,
        Err(refusal) => Err(refusal),
    };
    match ended {
        Ok(ended) => {
            tracing::info!(provider = key, ended, "logged out by the provider");
            Ok(StatusCode::OK.into_response())
        }
        Err(refusal) => {
            tracing::warn!(cause = %refusal, "a logout token was refused");
            let problem = refusal.problem();
            // The specification knows one answer to a token that does not hold.
            let ours = problem.status().is_server_error();
            Err(if ours { problem } else { Protocol::LogoutInvalid.into() })
        }
    }
}

fn told(refusal: &LoginRefusal) -> Problem {
    let source = std::error::Error::source(refusal).map(tracing::field::display);
    tracing::warn!(cause = %refusal, source, "a login was refused");
    refusal.problem()
}

fn read(query: Option<&str>) -> Result<Callback, LoginRefusal> {
    Ok(Callback {
        state: parameter(query, "state")?,
        code: parameter(query, "code")?,
        iss: parameter(query, "iss")?,
        error: parameter(query, "error")?,
    })
}

/// A parameter of a query; one that is there twice could be read as one thing here and another there.
fn parameter(query: Option<&str>, name: &str) -> Result<Option<String>, LoginRefusal> {
    let mut values = form_urlencoded::parse(query.unwrap_or_default().as_bytes())
        .filter(|(key, _)| key == name)
        .map(|(_, value)| value.into_owned());
    match (values.next(), values.next()) {
        (_, Some(_)) => Err(LoginRefusal::CallbackMalformed),
        (value, None) => Ok(value),
    }
}

fn return_to(query: Option<&str>) -> ReturnTo {
    let path = parameter(query, "return_to").ok().flatten();
    path.map_or_else(ReturnTo::default, |path| ReturnTo::new(&path))
}

fn see_other(address: &str) -> Response {
    Redirect::to(address).into_response()
}

fn with_cookies(mut response: Response, cookies: impl IntoIterator<Item = HeaderValue>) -> Response {
    for cookie in cookies {
        response.headers_mut().append(header::SET_COOKIE, cookie);
    }
    response
}
