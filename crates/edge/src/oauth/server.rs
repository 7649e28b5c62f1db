//! What the token endpoint does.

use super::{
    binding::{Cnf, Unbound, confirm},
    exchange,
    metadata::metadata,
    pairwise::Pairwise,
    refusal::{OAuthError, uncached},
    remote_keys::RemoteKeys,
    request::TokenRequest,
    token_keys::TokenKeys,
};
use crate::{Gate, Json};
use axum::response::{IntoResponse, Response};
use http::StatusCode;
use serde::Serialize;
use serde_json::{Map, Value, json};
use tillid_domain::client::{Client, Scopes};

/// For how many seconds our tokens hold: 60 to 600.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub struct Lifetime(i64);

/// A lifetime that no token of ours has.
#[derive(Debug, thiserror::Error, PartialEq, Eq, Clone, Copy)]
#[error("our tokens hold for 60 to 600 seconds")]
pub struct NotALifetime;

impl Lifetime {
    /// Five minutes.
    pub const USUAL: Self = Self(300);

    /// Seconds.
    pub const fn seconds(self) -> i64 {
        self.0
    }
}

impl TryFrom<u32> for Lifetime {
    type Error = NotALifetime;

    fn try_from(seconds: u32) -> Result<Self, NotALifetime> {
        if (60..=600).contains(&seconds) { Ok(Self(seconds.into())) } else { Err(NotALifetime) }
    }
}

/// Issues our own tokens.
pub struct AuthorizationServer {
    gate: Gate,
    keys: TokenKeys,
    remote_keys: RemoteKeys,
    lifetime: Lifetime,
    pairwise: Option<Pairwise>,
}

/// A token, as RFC 6749 (section 5.1) and RFC 8693 (section 2.2.1) answer it.
#[derive(Clone, PartialEq, Eq, Debug, Serialize)]
pub struct TokenAnswer {
    /// The token.
    pub access_token: String,
    /// What kind of token an exchange led to.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub issued_token_type: Option<&'static str>,
    /// `DPoP` or `Bearer`, or `N_A` for one that is no access token.
    pub token_type: &'static str,
    /// For how many seconds it can be used.
    pub expires_in: i64,
    /// What it permits.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub scope: Option<String>,
    /// What it permits, in more words (RFC 9396).
    #[serde(skip_serializing_if = "Option::is_none")]
    pub authorization_details: Option<Value>,
}

impl IntoResponse for TokenAnswer {
    fn into_response(self) -> Response {
        (uncached(), Json(self)).into_response()
    }
}

impl AuthorizationServer {
    /// The server behind that gate, whose verifier knows these keys as ours.
    pub fn new(gate: Gate, keys: TokenKeys, lifetime: Lifetime) -> Result<Self, reqwest::Error> {
        Ok(Self { gate, keys, remote_keys: RemoteKeys::new()?, lifetime, pairwise: None })
    }

    /// With names for persons, without which there are no tokens for acting on somebody's behalf.
    #[must_use]
    pub fn with_pairwise(mut self, pairwise: Pairwise) -> Self {
        self.pairwise = Some(pairwise);
        self
    }

    /// What it calls itself, as it stands in `iss`: the address of the service.
    pub fn issuer(&self) -> &str {
        &self.gate.service.settings().base_url
    }

    /// What it says of itself (RFC 8414).
    pub fn metadata(&self) -> Value {
        metadata(self.issuer())
    }

    /// Its public keys (RFC 7517).
    pub fn jwks(&self) -> Value {
        self.keys.jwks()
    }

    /// Answers a request for a token.
    pub async fn token(&self, request: &TokenRequest) -> Result<TokenAnswer, OAuthError> {
        let outcome = match request.get("grant_type") {
            None => Err(OAuthError::invalid_request("grant_type is missing")),
            Some("client_credentials") => self.client_credentials(request).await,
            Some(exchange::GRANT_TYPE) => exchange::exchange(self, request).await,
            Some(_) => Err(OAuthError::unsupported_grant_type()),
        };
        let told = outcome.as_ref().map_or_else(OAuthError::code, |_| "issued");
        metrics::counter!("tillid_token_requests_total", "outcome" => told).increment(1);
        outcome
    }

    /// RFC 6749, section 4.4.
    async fn client_credentials(&self, request: &TokenRequest) -> Result<TokenAnswer, OAuthError> {
        let client = self.authenticated(request).await?;
        let scopes = asked_scopes(request, &client)?;
        if request.all("resource").chain(request.all("audience")).any(|target| target != self.issuer()) {
            return Err(OAuthError::invalid_target());
        }
        let cnf = self.bound(request, &client).await?;
        let claims = json!({
            "aud": self.issuer(),
            "sub": client.client,
            "client_id": client.client,
            "scope": scopes,
            "cvr": client.authority,
            "purposes": client.registration.purposes,
            "identity_type": "system",
        });
        Ok(TokenAnswer {
            access_token: self.issued("at+jwt", claims, cnf.as_ref(), self.lifetime.seconds())?,
            issued_token_type: None,
            token_type: Cnf::token_type(cnf.as_ref()),
            expires_in: self.lifetime.seconds(),
            scope: Some(scopes.to_string()),
            authorization_details: None,
        })
    }

    /// What the client's token is bound to.
    pub(super) async fn bound(
        &self,
        request: &TokenRequest,
        client: &Client,
    ) -> Result<Option<Cnf>, OAuthError> {
        let bad = StatusCode::BAD_REQUEST;
        confirm(&self.gate, &request.parts, client.registration.binding).await.map_err(|why| match why {
            Unbound::Proof => {
                OAuthError::new(bad, "invalid_dpop_proof", "the DPoP proof is missing or does not hold")
            }
            Unbound::Certificate => {
                OAuthError::invalid_request("the client connects without its certificate")
            }
            Unbound::Unsure(error) => error.into(),
        })
    }

    /// A token of ours with these claims and those that every one has, for so many seconds from now.
    pub(super) fn issued(
        &self,
        typ: &str,
        claims: Value,
        cnf: Option<&Cnf>,
        seconds: i64,
    ) -> Result<String, OAuthError> {
        let service = &self.gate.service;
        let now = service.security_now().as_micros() / 1_000_000;
        let mut all = Map::new();
        if let Value::Object(claims) = claims {
            all.extend(claims);
        }
        all.extend([
            ("iss".to_owned(), json!(self.issuer())),
            ("iat".to_owned(), json!(now)),
            ("exp".to_owned(), json!(now + seconds)),
            ("jti".to_owned(), json!(service.ambient().id())),
        ]);
        if let Some(cnf) = cnf {
            all.insert("cnf".to_owned(), cnf.claim());
        }
        self.keys.sign(typ, &Value::Object(all)).ok_or_else(|| {
            tracing::error!("a token could not be signed");
            OAuthError::new(StatusCode::INTERNAL_SERVER_ERROR, "server_error", "a fault of this service")
        })
    }

    pub(super) const fn pairwise(&self) -> Option<&Pairwise> {
        self.pairwise.as_ref()
    }

    pub(super) const fn gate(&self) -> &Gate {
        &self.gate
    }

    pub(super) const fn remote_keys(&self) -> &RemoteKeys {
        &self.remote_keys
    }
}

/// The scopes that are asked for, which the client must have; all that it has when it asks for none.
fn asked_scopes(request: &TokenRequest, client: &Client) -> Result<Scopes, OAuthError> {
    let has = &client.registration.scopes;
    let Some(text) = request.get("scope") else { return Ok(has.clone()) };
    let asked: Scopes = text.parse().map_err(|_| OAuthError::invalid_scope())?;
    if asked.are_within(has) { Ok(asked) } else { Err(OAuthError::invalid_scope()) }
}
