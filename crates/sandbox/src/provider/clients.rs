//! Who may ask: registered clients, which prove themselves with a signed assertion (RFC 7523).

use super::{
    Provider, ProviderError, authorize,
    identity::seconds,
    keys::{Parts, PublicKeys},
    memory::Memory,
    wire::{Form, Parameters, Refusal, refusal, secret, uncached},
};
use crate::Sandbox;
use axum::{
    Json,
    extract::State,
    response::{IntoResponse, Response},
};
use http::StatusCode;
use serde_json::{Value, json};
use std::sync::Arc;
use tillid_domain::Instant;
use url::Url;

const BEARER: &str = "urn:ietf:params:oauth:client-assertion-type:jwt-bearer";
/// How long an assertion may hold, in seconds; and how far a client's clock may be ahead of ours.
const LONGEST: i64 = 300;
const AHEAD: i64 = 10;
/// How long a pushed request waits for its browser, in seconds.
const PUSHED: i64 = 90;
const PUSHED_PREFIX: &str = "urn:ietf:params:oauth:request_uri:";

/// A relying party.
#[derive(Clone, Debug)]
pub struct Client {
    /// Its `client_id`.
    pub id: String,
    /// Where its people may be sent back to after a login; compared byte by byte.
    pub redirect_uris: Vec<String>,
    /// Where its people may be sent back to after a logout; compared byte by byte.
    pub post_logout_redirect_uris: Vec<String>,
    /// Where it wants to be told of logouts, if it does.
    pub backchannel_logout_uri: Option<String>,
    /// Its public keys: a JWK set.
    pub keys: Value,
}

/// A client whose registration has been read.
pub(crate) struct Registered {
    pub(crate) client: Client,
    keys: PublicKeys,
}

impl std::fmt::Debug for Registered {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.write_str(&self.client.id)
    }
}

impl Registered {
    pub(crate) fn read(client: Client) -> Result<Self, ProviderError> {
        let flawed = |what| ProviderError::Client(client.id.clone(), what);
        let addresses = client.redirect_uris.iter().chain(&client.post_logout_redirect_uris);
        if !addresses.chain(&client.backchannel_logout_uri).all(|address| is_address(address)) {
            return Err(flawed("an address that is not absolute, or has a fragment"));
        }
        let keys = PublicKeys::read(&client.keys).ok_or_else(|| flawed("no key to verify with"))?;
        Ok(Self { client, keys })
    }
}

fn is_address(text: &str) -> bool {
    Url::parse(text).is_ok_and(|url| {
        matches!(url.scheme(), "http" | "https") && url.has_host() && url.fragment().is_none()
    })
}

const NOT_PROVEN: Refusal = refusal("invalid_client", "the client has not proven who it is");

impl Provider {
    /// The client that the assertion proves. One assertion proves it once.
    pub(crate) fn authenticated(
        &self,
        memory: &mut Memory,
        parameters: &Parameters,
        now: Instant,
    ) -> Result<Arc<Registered>, Refusal> {
        let assertion = parameters.get("client_assertion").ok_or(NOT_PROVEN)?;
        if parameters.get("client_assertion_type") != Some(BEARER) {
            return Err(refusal("invalid_client", "client_assertion_type is not jwt-bearer"));
        }
        let token = Parts::of(assertion).ok_or(NOT_PROVEN)?;
        let text = |name: &str| token.claims.get(name).and_then(Value::as_str);
        let client = text("sub").and_then(|sub| self.clients.get(sub)).ok_or(NOT_PROVEN)?;
        let id = Some(client.client.id.as_str());
        if text("iss") != id || parameters.get("client_id").is_some_and(|named| Some(named) != id) {
            return Err(NOT_PROVEN);
        }
        let kind = token.field("typ").unwrap_or("JWT");
        let is_meant = kind.eq_ignore_ascii_case("JWT") || kind == "client-authentication+jwt";
        if !is_meant || !client.keys.have_signed(&token) {
            return Err(NOT_PROVEN);
        }
        if text("aud") != Some(&self.issuer) {
            return Err(refusal("invalid_client", "aud is not the issuer alone"));
        }
        let time = |name: &str| token.claims.get(name).and_then(Value::as_f64);
        #[expect(clippy::cast_precision_loss, reason = "seconds are far below 2 to the power of 53")]
        let from_now = |at: f64| at - seconds(now) as f64;
        #[expect(clippy::cast_precision_loss, reason = "a few hundred")]
        let (longest, ahead) = ((LONGEST + AHEAD) as f64, AHEAD as f64);
        let in_time = time("exp").map(from_now).is_some_and(|left| left > 0.0 && left <= longest)
            && ["iat", "nbf"].into_iter().filter_map(time).all(|at| from_now(at) <= ahead);
        if !in_time {
            return Err(refusal(
                "invalid_client",
                "the assertion does not hold now, or holds longer than five minutes",
            ));
        }
        let jti = text("jti").filter(|jti| !jti.is_empty() && jti.len() <= 200).ok_or(NOT_PROVEN)?;
        let used = format!("{}\n{jti}", client.client.id);
        if memory.assertions.get(now, &used).is_some() {
            return Err(refusal("invalid_client", "the assertion has been used"));
        }
        if memory.assertions.is_full(now) {
            return Err(refusal("temporarily_unavailable", "too many assertions within a short time"));
        }
        memory.assertions.put(now, used, now.plus_seconds(LONGEST + AHEAD), ());
        Ok(client.clone())
    }
}

/// Takes an authorization request from the client itself (RFC 9126).
pub(crate) async fn push(State(sandbox): State<Sandbox>, Form(sent): Form) -> Response {
    let Sandbox { service, provider, .. } = sandbox;
    let Some(parameters) = sent else {
        return refusal("invalid_request", "not a form, or a parameter twice").into_response();
    };
    let now = service.security_now();
    let mut memory = provider.memory();
    let asked = provider.authenticated(&mut memory, &parameters, now).and_then(|client| {
        if parameters.get("request_uri").is_some() {
            return Err(refusal("invalid_request", "a pushed request has no request_uri"));
        }
        authorize::asked(&client, &parameters).map_err(|refused| refused.refusal)
    });
    let asked = match asked {
        Ok(asked) => asked,
        Err(refused) => return refused.into_response(),
    };
    let name = secret(service.ambient());
    let request_uri = format!("{PUSHED_PREFIX}{name}");
    memory.pushed.put(now, name, now.plus_seconds(PUSHED), asked);
    let body = json!({"request_uri": request_uri, "expires_in": PUSHED});
    (StatusCode::CREATED, uncached(), Json(body)).into_response()
}

/// The name of a pushed request.
pub(crate) fn pushed_name(request_uri: &str) -> Option<&str> {
    request_uri.strip_prefix(PUSHED_PREFIX)
}
