//! The token endpoint and the UserInfo endpoint.

use super::{
    identity::{Days, seconds},
    memory::{Code, Grant, Memory},
    wire::{Form, Parameters, Refusal, refusal, secret, uncached},
};
use crate::{Sandbox, seed::first_day};
use axum::{
    Json,
    extract::State,
    response::{IntoResponse, Response},
};
use base64::{Engine as _, engine::general_purpose::URL_SAFE_NO_PAD as B64};
use http::{HeaderMap, HeaderValue, StatusCode, header};
use serde_json::json;
use tillid_domain::{Digest, Instant};
use tillid_edge::bearer_token;
use tillid_service::Error;

/// How long a code can be exchanged, and how long what it is exchanged for holds, in seconds.
const CODE: i64 = 60;
const ID_TOKEN: i64 = 300;
const ACCESS_TOKEN: i64 = 600;

/// Exchanges a code (OpenID Connect Core 1.0, section 3.1.3).
pub(crate) async fn exchange(State(sandbox): State<Sandbox>, Form(sent): Form) -> Response {
    let Some(parameters) = sent else {
        return refusal("invalid_request", "not a form, or a parameter twice").into_response();
    };
    exchanged(&sandbox, &parameters).unwrap_or_else(IntoResponse::into_response)
}

fn exchanged(sandbox: &Sandbox, sent: &Parameters) -> Result<Response, Refusal> {
    let Sandbox { service, provider, .. } = sandbox;
    let now = service.security_now();
    let mut memory = provider.memory();
    let client = provider.authenticated(&mut memory, sent, now)?;
    match sent.get("grant_type") {
        Some("authorization_code") => {}
        None => return Err(refusal("invalid_request", "grant_type is missing")),
        Some(_) => return Err(refusal("unsupported_grant_type", "only authorization_code")),
    }
    let access_token = secret(service.ambient());
    let (grant, nonce) = redeemed(&mut memory, sent, &client.client.id, &access_token, now)?;

    let mut claims = grant.login.claims(&grant.scopes);
    let half = Digest::of(access_token.as_bytes());
    let half = half.as_bytes().split_at(16).0;
    for (name, value) in [
        ("iss", json!(provider.issuer)),
        ("aud", json!(grant.client)),
        ("iat", json!(seconds(now))),
        ("exp", json!(seconds(now) + ID_TOKEN)),
        ("at_hash", json!(B64.encode(half))),
    ] {
        claims.insert(name.to_owned(), value);
    }
    if let Some(nonce) = nonce {
        claims.insert("nonce".to_owned(), json!(nonce));
    }
    let id_token = provider.key.sign("JWT", &claims);
    let id_token = id_token.map_err(|_| refusal("server_error", "no token could be signed"))?;
    let scope: Vec<&str> = grant.scopes.iter().copied().collect();
    let body = json!({
        "access_token": access_token,
        "token_type": "Bearer",
        "expires_in": ACCESS_TOKEN,
        "scope": scope.join(" "),
        "id_token": id_token,
    });
    memory.tokens.put(now, access_token, now.plus_seconds(ACCESS_TOKEN), grant);
    Ok((uncached(), Json(body)).into_response())
}

/// What the code stands for. A code that is shown twice ends also what it was exchanged for the first time.
fn redeemed(
    memory: &mut Memory,
    sent: &Parameters,
    client: &str,
    access_token: &str,
    now: Instant,
) -> Result<(Grant, Option<String>), Refusal> {
    let name = sent.get("code").ok_or(refusal("invalid_request", "code is missing"))?;
    let code = memory.codes.get_mut(now, name).filter(|code| code.grant.client == client);
    let code = code.ok_or(refusal("invalid_grant", "no such code"))?;
    if let Some(spent) = code.spent.take() {
        code.spent = Some(String::new());
        memory.tokens.take(now, &spent);
        return Err(refusal("invalid_grant", "the code has been used"));
    }
    // Also an attempt that fails uses it up: nobody tries verifiers one after another.
    code.spent = Some(access_token.to_owned());
    if now.seconds_since(code.issued_at) >= CODE {
        return Err(refusal("invalid_grant", "the code has expired"));
    }
    if sent.get("redirect_uri") != Some(&code.redirect_uri) {
        return Err(refusal("invalid_grant", "redirect_uri is not that of the request"));
    }
    if !is_verified(code, sent.get("code_verifier").unwrap_or_default()) {
        return Err(refusal("invalid_grant", "code_verifier is not that of the challenge"));
    }
    Ok((code.grant.clone(), code.nonce.clone()))
}

/// RFC 7636, section 4.6.
fn is_verified(code: &Code, verifier: &str) -> bool {
    (43..=128).contains(&verifier.len())
        && B64.encode(Digest::of(verifier.as_bytes()).as_bytes()) == code.challenge
}

/// Who it is (OpenID Connect Core 1.0, section 5.3).
pub(crate) async fn userinfo(State(sandbox): State<Sandbox>, headers: HeaderMap) -> Response {
    let Sandbox { service, broker, provider } = &sandbox;
    let granted = match bearer_token(&headers) {
        Ok(token) => provider.memory().tokens.get(service.security_now(), token).cloned(),
        Err(_) => None,
    };
    let Some(Grant { scopes, login, .. }) = granted else {
        let challenge = HeaderValue::from_static("Bearer error=\"invalid_token\"");
        return (StatusCode::UNAUTHORIZED, [(header::WWW_AUTHENTICATE, challenge)]).into_response();
    };
    match days(&sandbox).await {
        Ok(days) => (uncached(), Json(login.user(&scopes, days, broker.authorities()))).into_response(),
        Err(error) => {
            tracing::warn!(%error, "the demo world could not be read");
            refusal("temporarily_unavailable", "the database is away").into_response()
        }
    }
}

/// People of the demo world age by its own clock, and their numbers are counted from its first day.
async fn days(sandbox: &Sandbox) -> Result<Days, Error> {
    let first = first_day(&sandbox.service, &sandbox.broker).await?;
    let today = sandbox.service.business_now().await?.local_date();
    Ok(Days { first, today })
}
