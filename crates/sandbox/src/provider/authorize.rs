//! The authorization endpoint (OpenID Connect Core 1.0, section 3.1.2).

use super::{
    Provider,
    clients::{Registered, pushed_name},
    identity::{Identity, Login, SCOPES},
    logout,
    memory::{Code, Grant, Memory, Session, Waiting},
    pages::{Trouble, language},
    picker,
    wire::{
        BROWSER, Form, Parameters, Refusal, SESSION, cookie, refusal, secret, see_other, with_cookie,
        with_parameters,
    },
};
use crate::Sandbox;
use axum::{
    extract::{RawQuery, State},
    response::Response,
};
use http::HeaderMap;
use serde_json::Value;
use std::{
    collections::{BTreeMap, BTreeSet},
    sync::Arc,
};
use tillid_domain::{Instant, Language, actor::Assurance};
use url::Url;

/// How long somebody who is logged in here is let through without being asked, in seconds.
const LET_THROUGH: i64 = 30 * 60;
/// How long a session is remembered, so that it can be ended, in seconds.
const REMEMBERED: i64 = 12 * 60 * 60;
/// How long a page waits for its answer, in seconds.
pub(crate) const PAGE: i64 = 60 * 60;
/// How long a code is remembered, so that its second use is noticed, in seconds.
const CODE_REMEMBERED: i64 = 10 * 60;

/// An authorization request that holds.
#[derive(Clone, Debug)]
pub(crate) struct Asked {
    pub(crate) client: Arc<Registered>,
    pub(crate) redirect_uri: Url,
    /// As the client wrote it, and as it must write it at the token endpoint.
    redirect_text: String,
    state: Option<String>,
    nonce: Option<String>,
    challenge: String,
    scopes: BTreeSet<&'static str>,
    prompt: Prompt,
    max_age: Option<i64>,
    pub(crate) assurance: Option<Assurance>,
    pub(crate) login_hint: Option<String>,
    id_token_hint: Option<String>,
    pub(crate) locales: Option<String>,
}

#[derive(Clone, Copy, PartialEq, Eq, Debug)]
enum Prompt {
    /// Whatever is needed.
    Any,
    /// Nothing may be shown.
    None,
    /// The person is asked anew.
    Login,
}

/// A request that does not hold, and where to say so.
#[derive(Debug)]
pub(crate) struct Refused {
    pub(crate) refusal: Refusal,
    told: Told,
}

#[derive(Debug)]
enum Told {
    /// The person: whom the request comes from is not known, or not where to send anyone back to.
    Person(Trouble),
    Client(Box<(Url, Option<String>)>),
}

impl Refused {
    fn person(trouble: Trouble) -> Self {
        let refusal = refusal("invalid_request", trouble.code());
        Self { refusal, told: Told::Person(trouble) }
    }
}

/// Reads the request of a client.
pub(crate) fn asked(client: &Arc<Registered>, sent: &Parameters) -> Result<Asked, Refused> {
    let text =
        sent.get("redirect_uri").filter(|uri| client.client.redirect_uris.iter().any(|known| known == uri));
    let redirect_uri = text.and_then(|uri| Url::parse(uri).ok());
    let (Some(text), Some(redirect_uri)) = (text, redirect_uri) else {
        return Err(Refused::person(Trouble::UnknownRedirect));
    };
    let told = Told::Client(Box::new((redirect_uri.clone(), sent.owned("state"))));
    match read(client, sent, text, redirect_uri) {
        Ok(asked) => Ok(asked),
        Err(refusal) => Err(Refused { refusal, told }),
    }
}

fn read(
    client: &Arc<Registered>,
    sent: &Parameters,
    redirect_text: &str,
    redirect_uri: Url,
) -> Result<Asked, Refusal> {
    let flawed = |what| refusal("invalid_request", what);
    if sent.get("request").is_some() {
        return Err(refusal("request_not_supported", "push the request instead"));
    }
    match sent.get("response_type") {
        Some("code") => {}
        None => return Err(flawed("response_type is missing")),
        Some(_) => return Err(refusal("unsupported_response_type", "only code")),
    }
    if sent.get("response_mode").is_some_and(|mode| mode != "query") {
        return Err(flawed("only response_mode query"));
    }
    let scopes: BTreeSet<&'static str> =
        sent.words("scope").filter_map(|word| SCOPES.into_iter().find(|known| *known == word)).collect();
    if !scopes.contains("openid") {
        return Err(refusal("invalid_scope", "openid is not among the scopes"));
    }
    let is_digest = |text: &&str| {
        text.len() == 43 && text.bytes().all(|b| b.is_ascii_alphanumeric() || b == b'-' || b == b'_')
    };
    let challenge = sent.get("code_challenge").filter(is_digest);
    let (Some(challenge), Some("S256")) = (challenge, sent.get("code_challenge_method")) else {
        return Err(flawed("a code_challenge with method S256 is needed"));
    };
    let max_age = match sent.get("max_age").map(str::parse::<u32>) {
        None => None,
        Some(Ok(seconds)) => Some(i64::from(seconds)),
        Some(Err(_)) => return Err(flawed("max_age is not a number of seconds")),
    };
    Ok(Asked {
        client: client.clone(),
        redirect_uri,
        redirect_text: redirect_text.to_owned(),
        state: sent.owned("state"),
        nonce: sent.owned("nonce"),
        challenge: challenge.to_owned(),
        scopes,
        prompt: prompt(sent)?,
        max_age,
        assurance: assurance(sent),
        login_hint: sent.owned("login_hint"),
        id_token_hint: sent.owned("id_token_hint"),
        locales: sent.owned("ui_locales"),
    })
}

fn prompt(sent: &Parameters) -> Result<Prompt, Refusal> {
    let words: BTreeSet<&str> = sent.words("prompt").collect();
    if words.contains("none") {
        return match words.len() {
            1 => Ok(Prompt::None),
            _ => Err(refusal("invalid_request", "prompt none stands alone")),
        };
    }
    if words.iter().any(|word| !["login", "consent", "select_account"].contains(word)) {
        return Err(refusal("invalid_request", "prompt not known"));
    }
    // Nobody is asked for consent here, and to choose an account is to log in.
    let anew = words.contains("login") || words.contains("select_account");
    Ok(if anew { Prompt::Login } else { Prompt::Any })
}

/// The level as `acr_values` asks for it, or as this broker's own parameter does.
fn assurance(sent: &Parameters) -> Option<Assurance> {
    let own = || {
        let all: BTreeMap<String, Value> = serde_json::from_str(sent.get("idp_params")?).ok()?;
        all.get("mitid")?.get("loa_value")?.as_str()?.parse().ok()
    };
    sent.words("acr_values").find_map(|word| word.parse().ok()).or_else(own)
}

/// The request in an address.
pub(crate) async fn by_address(
    State(sandbox): State<Sandbox>,
    headers: HeaderMap,
    RawQuery(query): RawQuery,
) -> Response {
    let sent = Parameters::read(query.unwrap_or_default().as_bytes());
    authorize(&sandbox, &headers, sent.as_ref())
}

/// The request in a form.
pub(crate) async fn by_form(
    State(sandbox): State<Sandbox>,
    headers: HeaderMap,
    Form(sent): Form,
) -> Response {
    authorize(&sandbox, &headers, sent.as_ref())
}

fn authorize(sandbox: &Sandbox, headers: &HeaderMap, sent: Option<&Parameters>) -> Response {
    let provider = &sandbox.provider;
    let now = sandbox.service.security_now();
    let mut memory = provider.memory();
    match found(provider, &memory, sent, now) {
        Ok(asked) => answer(sandbox, &mut memory, headers, asked, now),
        Err(Refused { told: Told::Person(trouble), .. }) => {
            let locales = sent.and_then(|sent| sent.get("ui_locales"));
            provider.texts(language(locales, headers)).trouble(trouble)
        }
        Err(Refused { told: Told::Client(back), refusal }) => {
            provider.send_back(&back.0, back.1.as_deref(), refusal)
        }
    }
}

fn found(
    provider: &Provider,
    memory: &Memory,
    sent: Option<&Parameters>,
    now: Instant,
) -> Result<Asked, Refused> {
    let sent = sent.ok_or_else(|| Refused::person(Trouble::Unreadable))?;
    let client = sent.get("client_id").and_then(|id| provider.clients.get(id));
    let client = client.ok_or_else(|| Refused::person(Trouble::UnknownClient))?;
    let Some(request_uri) = sent.get("request_uri") else { return asked(client, sent) };
    // Of a pushed request, the address can change nothing.
    let pushed = pushed_name(request_uri).and_then(|name| memory.pushed.get(now, name));
    let pushed = pushed.filter(|pushed| Arc::ptr_eq(&pushed.client, client));
    pushed.cloned().ok_or_else(|| Refused::person(Trouble::UnknownRequest))
}

fn answer(
    sandbox: &Sandbox,
    memory: &mut Memory,
    headers: &HeaderMap,
    asked: Asked,
    now: Instant,
) -> Response {
    let provider = &sandbox.provider;
    let authorities = sandbox.broker.authorities();
    let hinted = asked.login_hint.as_deref().and_then(|hint| Identity::named(hint, authorities));
    let meant = asked.id_token_hint.as_deref().map(|token| of_token(provider, token));
    let session = cookie(headers, SESSION).filter(|name| {
        memory.sessions.get(now, name).is_some_and(|session| {
            let login = &session.login;
            let is_meant = meant.is_none_or(|meant| meant == Some(login.identity));
            is_meant
                && hinted.is_none_or(|hinted| hinted == login.identity)
                && is_let_through(&asked, login, now)
        })
    });
    match (asked.prompt, session, hinted) {
        (Prompt::Any | Prompt::None, Some(session), _) => grant(sandbox, memory, &asked, &session, now),
        (Prompt::None, None, _) => {
            let refused = refusal("login_required", "nobody who fits is logged in");
            provider.send_back(&asked.redirect_uri, asked.state.as_deref(), refused)
        }
        (Prompt::Any, None, Some(identity)) => {
            let level = asked.assurance.unwrap_or(Assurance::Substantial);
            log_in(sandbox, memory, headers, &asked, (identity, level), now)
        }
        (Prompt::Any, None, None) | (Prompt::Login, ..) => {
            show_picker(sandbox, memory, headers, asked, hinted.or(meant.flatten()), now)
        }
    }
}

/// Whom an ID token of ours is about.
fn of_token(provider: &Provider, token: &str) -> Option<Identity> {
    Identity::with_subject(provider.key.own(token)?.get("sub")?.as_str()?)
}

/// Whether a login is new and sure enough to be let through with.
fn is_let_through(asked: &Asked, login: &Login, now: Instant) -> bool {
    let age = now.seconds_since(login.authenticated_at);
    age < LET_THROUGH
        && asked.max_age.is_none_or(|most| most > 0 && age <= most)
        && asked.assurance.is_none_or(|least| login.assurance >= least)
}

fn show_picker(
    sandbox: &Sandbox,
    memory: &mut Memory,
    headers: &HeaderMap,
    asked: Asked,
    hinted: Option<Identity>,
    now: Instant,
) -> Response {
    let ambient = sandbox.service.ambient();
    let known = cookie(headers, BROWSER);
    let browser = known.clone().unwrap_or_else(|| secret(ambient));
    let pick = secret(ambient);
    let language = language(asked.locales.as_deref(), headers);
    let page = picker::page_of(sandbox, &asked, &pick, hinted, language);
    let waiting = Waiting { browser: browser.clone(), value: asked };
    memory.picks.put(now, pick, now.plus_seconds(PAGE), waiting);
    if known.is_some() { page } else { with_cookie(page, BROWSER, &browser) }
}

/// Logs somebody in, and lets them through.
///
/// Whoever was logged in as the same identity stays so, under a new cookie; anybody else is logged out, and their clients are told.
pub(crate) fn log_in(
    sandbox: &Sandbox,
    memory: &mut Memory,
    headers: &HeaderMap,
    asked: &Asked,
    (identity, level): (Identity, Assurance),
    now: Instant,
) -> Response {
    let ambient = sandbox.service.ambient();
    let before = cookie(headers, SESSION);
    let same = before.as_deref().and_then(|name| memory.sessions.get(now, name));
    let same = same.is_some_and(|session| session.login.identity == identity);
    let kept = match before {
        Some(name) if same => memory.sessions.take(now, &name),
        Some(name) => {
            if let Some(ended) = memory.end(now, &name) {
                logout::tell(sandbox, &ended, now);
            }
            None
        }
        None => None,
    };
    let (sid, clients) = match kept {
        Some(session) => (session.login.sid, session.clients),
        None => (ambient.id().to_string(), BTreeSet::new()),
    };
    let login = Login { identity, assurance: identity.at_most(level), authenticated_at: now, sid };
    let session = secret(ambient);
    memory.sessions.put(now, session.clone(), now.plus_seconds(REMEMBERED), Session { login, clients });
    with_cookie(grant(sandbox, memory, asked, &session, now), SESSION, &session)
}

/// Sends the browser back with a code.
fn grant(sandbox: &Sandbox, memory: &mut Memory, asked: &Asked, session: &str, now: Instant) -> Response {
    let provider = &sandbox.provider;
    let Some(session) = memory.sessions.get_mut(now, session) else {
        let refused = refusal("login_required", "the session has ended");
        return provider.send_back(&asked.redirect_uri, asked.state.as_deref(), refused);
    };
    let client = asked.client.client.id.clone();
    session.clients.insert(client.clone());
    let code = Code {
        grant: Grant { client, scopes: asked.scopes.clone(), login: session.login.clone() },
        redirect_uri: asked.redirect_text.clone(),
        challenge: asked.challenge.clone(),
        nonce: asked.nonce.clone(),
        issued_at: now,
        spent: None,
    };
    let name = secret(sandbox.service.ambient());
    memory.codes.put(now, name.clone(), now.plus_seconds(CODE_REMEMBERED), code);
    provider.send(&asked.redirect_uri, asked.state.as_deref(), &[("code", &name)])
}

impl Asked {
    /// Sends the browser back because the person does not want to.
    pub(crate) fn cancelled(&self, provider: &Provider) -> Response {
        let refused = refusal("access_denied", "the person did not log in");
        provider.send_back(&self.redirect_uri, self.state.as_deref(), refused)
    }

    /// The language of its pages.
    pub(crate) fn language(&self, headers: &HeaderMap) -> Language {
        language(self.locales.as_deref(), headers)
    }
}

impl Provider {
    fn send_back(&self, to: &Url, state: Option<&str>, refused: Refusal) -> Response {
        self.send(to, state, &[("error", refused.error), ("error_description", refused.description)])
    }

    fn send(&self, to: &Url, state: Option<&str>, parameters: &[(&str, &str)]) -> Response {
        let state = state.map(|state| ("state", state));
        let more = state.into_iter().chain([("iss", self.issuer.as_str())]);
        let all: Vec<(&str, &str)> = parameters.iter().copied().chain(more).collect();
        see_other(with_parameters(to.clone(), &all).as_str())
    }
}
