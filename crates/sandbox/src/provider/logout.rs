//! Logging out: RP-Initiated Logout 1.0, and telling the clients (Back-Channel Logout 1.0).

use super::{
    Provider,
    authorize::PAGE,
    identity::seconds,
    memory::{Leaving, Memory, Session, Waiting},
    pages::{Leave, Trouble, language, page},
    wire::{
        BROWSER, Form, Parameters, SESSION, cookie, is_from_elsewhere, secret, see_other, with_cookie,
        with_parameters,
    },
};
use crate::Sandbox;
use axum::{
    extract::{RawQuery, State},
    response::Response,
};
use http::{HeaderMap, header};
use serde_json::{Map, Value, json};
use tillid_domain::{Instant, Language};
use url::{Url, form_urlencoded};

/// How long a logout token holds, in seconds.
const LOGOUT_TOKEN: i64 = 120;
const EVENT: &str = "http://schemas.openid.net/event/backchannel-logout";

/// The wish in an address.
pub(crate) async fn by_address(
    State(sandbox): State<Sandbox>,
    headers: HeaderMap,
    RawQuery(query): RawQuery,
) -> Response {
    end_session(&sandbox, &headers, Parameters::read(query.unwrap_or_default().as_bytes()).as_ref())
}

/// The wish in a form.
pub(crate) async fn by_form(
    State(sandbox): State<Sandbox>,
    headers: HeaderMap,
    Form(sent): Form,
) -> Response {
    end_session(&sandbox, &headers, sent.as_ref())
}

fn end_session(sandbox: &Sandbox, headers: &HeaderMap, sent: Option<&Parameters>) -> Response {
    let Sandbox { service, provider, .. } = sandbox;
    let now = service.security_now();
    let language = language(sent.and_then(|sent| sent.get("ui_locales")), headers);
    let Some(sent) = sent else { return provider.texts(language).trouble(Trouble::Unreadable) };
    let hint = sent.get("id_token_hint").and_then(|token| provider.key.own(token));
    let to = match back(provider, sent, hint.as_ref()) {
        Ok(to) => to,
        Err(trouble) => return provider.texts(language).trouble(trouble),
    };
    let mut memory = provider.memory();
    let Some((session, state)) = meant(&memory, headers, hint.as_ref(), now) else {
        return gone(provider, to.as_ref(), language);
    };
    let known = cookie(headers, BROWSER);
    let browser = known.clone().unwrap_or_else(|| secret(service.ambient()));
    let leave = secret(service.ambient());
    let texts = provider.texts(language);
    let person = state.login.identity.somebody.name;
    let shown = page(&Leave { t: texts, name: &leave, person }, to.as_ref());
    let waiting = Waiting { browser: browser.clone(), value: Leaving { session, to } };
    memory.leaves.put(now, leave, now.plus_seconds(PAGE), waiting);
    if known.is_some() { shown } else { with_cookie(shown, BROWSER, &browser) }
}

/// Where to go on to: only where the client has said beforehand.
fn back(
    provider: &Provider,
    sent: &Parameters,
    hint: Option<&Map<String, Value>>,
) -> Result<Option<Url>, Trouble> {
    let hinted = hint.and_then(|claims| claims.get("aud")).and_then(Value::as_str);
    let named = sent.get("client_id");
    if named.is_some() && hinted.is_some() && named != hinted {
        return Err(Trouble::UnknownClient);
    }
    let client = match named.or(hinted) {
        Some(id) => Some(provider.clients.get(id).ok_or(Trouble::UnknownClient)?),
        None => None,
    };
    let Some(wanted) = sent.get("post_logout_redirect_uri") else { return Ok(None) };
    let known = client.is_some_and(|client| {
        client.client.post_logout_redirect_uris.iter().any(|registered| registered == wanted)
    });
    let to = Url::parse(wanted).ok().filter(|_| known).ok_or(Trouble::UnknownRedirect)?;
    Ok(Some(match sent.get("state") {
        Some(state) => with_parameters(to, &[("state", state)]),
        None => to,
    }))
}

/// The session of this browser, or the one that the ID token was issued in.
fn meant(
    memory: &Memory,
    headers: &HeaderMap,
    hint: Option<&Map<String, Value>>,
    now: Instant,
) -> Option<(String, Session)> {
    let own = cookie(headers, SESSION);
    let own = own.and_then(|name| memory.sessions.get(now, &name).cloned().map(|session| (name, session)));
    own.or_else(|| memory.session_of_sid(now, hint?.get("sid")?.as_str()?))
}

fn gone(provider: &Provider, to: Option<&Url>, language: Language) -> Response {
    match to {
        Some(to) => see_other(to.as_str()),
        None => provider.texts(language).logged_out(),
    }
}

/// The answer to the page that asks.
pub(crate) async fn leave(State(sandbox): State<Sandbox>, headers: HeaderMap, Form(sent): Form) -> Response {
    let Sandbox { service, provider, .. } = &sandbox;
    let now = service.security_now();
    let language = language(None, &headers);
    let texts = provider.texts(language);
    if is_from_elsewhere(&headers) {
        return texts.trouble(Trouble::Elsewhere);
    }
    let mut memory = provider.memory();
    let (Some(sent), Some(browser)) = (sent, cookie(&headers, BROWSER)) else {
        return texts.trouble(Trouble::Stale);
    };
    let name = sent.get("leave").unwrap_or_default();
    if memory.leaves.get(now, name).is_none_or(|waiting| waiting.browser != browser) {
        return texts.trouble(Trouble::Stale);
    }
    let Some(Waiting { value: Leaving { session, to }, .. }) = memory.leaves.take(now, name) else {
        return texts.trouble(Trouble::Stale);
    };
    if sent.get("answer") == Some("yes")
        && let Some(ended) = memory.end(now, &session)
    {
        tell(&sandbox, &ended, now);
    }
    gone(provider, to.as_ref(), language)
}

/// Tells the clients of a session that has ended; nobody waits for them.
pub(crate) fn tell(sandbox: &Sandbox, ended: &Session, now: Instant) {
    let Sandbox { service, provider, .. } = sandbox;
    for client in ended.clients.iter().filter_map(|id| provider.clients.get(id)) {
        let Some(address) = client.client.backchannel_logout_uri.clone() else { continue };
        let claims = json!({
            "iss": provider.issuer,
            "aud": client.client.id,
            "sub": ended.login.identity.subject(),
            "sid": ended.login.sid,
            "iat": seconds(now),
            "exp": seconds(now) + LOGOUT_TOKEN,
            "jti": service.ambient().id(),
            "events": {EVENT: {}},
        });
        let token =
            crate::tokens::object(claims).and_then(|claims| provider.key.sign("logout+jwt", &claims).ok());
        let Some(token) = token else { continue };
        let body =
            form_urlencoded::Serializer::new(String::new()).append_pair("logout_token", &token).finish();
        let kind = (header::CONTENT_TYPE, "application/x-www-form-urlencoded");
        let post = provider.http.post(address).header(kind.0, kind.1).body(body);
        let client = client.client.id.clone();
        tokio::spawn(async move {
            match post.send().await {
                Ok(answer) if answer.status().is_success() => {}
                Ok(answer) => tracing::warn!(client, status = answer.status().as_u16(), "logout not taken"),
                Err(error) => tracing::warn!(client, error = %error.without_url(), "logout not told"),
            }
        });
    }
}
