//! A client proves who it is with an assertion that it has signed (RFC 7523, with the audience as its correction and FAPI 2.0 have it).

use super::{
    refusal::OAuthError, remote_keys::KeysRefusal, request::TokenRequest, server::AuthorizationServer,
};
use crate::{
    jose::{Jwt, Key, TokenRefusal, usable},
    token::Claims,
};
use http::header;
use jsonwebtoken::Algorithm;
use serde_json::Value;
use tillid_domain::{
    Instant,
    client::{Client, KeySet, Keys},
    text::ClientId,
};
use tillid_service::Error;

const ASSERTION_TYPE: &str = "urn:ietf:params:oauth:client-assertion-type:jwt-bearer";
/// How long an assertion may hold, in seconds.
const LONGEST: i64 = 300;
/// How far a client's clock may be ahead of ours, in seconds: at least 10 and at most 60 (FAPI 2.0, section 5.3.2.1).
const AHEAD: i64 = 30;
/// How far the clocks of two nodes may be apart, in seconds, with plenty to spare: a `jti` is remembered for so much longer.
const NODES_APART: i64 = 60;
const LONGEST_JTI: usize = 255;

/// Why a client was not believed; for our log.
#[derive(Debug, thiserror::Error)]
enum Unproven {
    #[error("no assertion, or another way to authenticate")]
    NoAssertion,
    #[error("the assertion: {0}")]
    Token(#[from] TokenRefusal),
    #[error("iss and sub are not one client, or not the client that is named")]
    NotOneClient,
    #[error("no such client")]
    Unknown,
    #[error("the client is stopped")]
    Stopped,
    #[error("{0}")]
    Keys(#[from] KeysRefusal),
    #[error("{0}")]
    Claim(&'static str),
    #[error("our own records: {0}")]
    Ours(#[from] Error),
}

impl From<Unproven> for OAuthError {
    /// What is wrong with an assertion is told to whoever has signed it; everybody else gets one answer.
    fn from(unproven: Unproven) -> Self {
        match unproven {
            Unproven::Claim(what) => Self::invalid_client(what),
            Unproven::Ours(error) => error.into(),
            _ => Self::not_proven(),
        }
    }
}

impl AuthorizationServer {
    /// The client that the request proves to come from, as it is registered at this moment. One assertion proves it once.
    pub(super) async fn authenticated(&self, request: &TokenRequest) -> Result<Client, OAuthError> {
        let outcome = self.proven(request).await;
        if let Err(cause) = &outcome {
            tracing::info!(%cause, "a client was not believed");
        }
        Ok(outcome?)
    }

    async fn proven(&self, request: &TokenRequest) -> Result<Client, Unproven> {
        let another = request.parts.headers.contains_key(header::AUTHORIZATION)
            || request.get("client_secret").is_some()
            || request.get("client_assertion_type") != Some(ASSERTION_TYPE);
        let assertion = request.get("client_assertion").filter(|_| !another).ok_or(Unproven::NoAssertion)?;
        let kinds = |kind: Option<&str>| matches!(kind, None | Some("jwt" | "client-authentication+jwt"));
        let jwt = Jwt::read(assertion, kinds)?;
        // RS256 is for issuers that have nothing better; FAPI 2.0 takes it from no client.
        if jwt.algorithm == Algorithm::RS256 {
            return Err(TokenRefusal::Algorithm.into());
        }
        let id: ClientId = jwt.claims.parsed("sub")?;
        let is_it = |name: &str| name == id.as_str();
        if !is_it(jwt.claims.text("iss")?) || !request.get("client_id").is_none_or(is_it) {
            return Err(Unproven::NotOneClient);
        }
        let service = &self.gate().service;
        let client = service.client_for(&id).await?.ok_or(Unproven::Unknown)?;
        if !client.is_active() {
            return Err(Unproven::Stopped);
        }
        let now = service.security_now();
        match &client.registration.keys {
            Keys::Jwks(set) => jwt.must_be_signed_by(&verifying(set))?,
            Keys::JwksUri(uri) => self.remote_keys().must_have_signed(uri, &jwt, now).await?,
        }
        let until = self.holds(&jwt.claims, now)?;
        let jti = jwt.claims.text("jti").map_err(|_| Unproven::Claim("jti is missing"))?;
        if jti.len() > LONGEST_JTI {
            return Err(Unproven::Claim("jti is too long"));
        }
        if !service.use_assertion(&id, jti, until.plus_seconds(NODES_APART)).await? {
            return Err(Unproven::Claim("the assertion has been used"));
        }
        Ok(client)
    }

    /// Whether the claims are for us and for now; until when they hold.
    fn holds(&self, claims: &Claims, now: Instant) -> Result<Instant, Unproven> {
        match claims.0.get("aud") {
            Some(Value::String(one)) if one == self.issuer() => {}
            _ => return Err(Unproven::Claim("aud is not the issuer alone, as a text")),
        }
        let time = |name: &'static str| claims.time(name).ok().flatten();
        let expires = time("exp").ok_or(Unproven::Claim("exp is missing"))?;
        let issued = time("iat").ok_or(Unproven::Claim("iat is missing"))?;
        if expires <= now {
            return Err(Unproven::Claim("the assertion has expired"));
        }
        if expires > now.plus_seconds(LONGEST + AHEAD) || expires > issued.plus_seconds(LONGEST) {
            return Err(Unproven::Claim("the assertion holds for longer than five minutes"));
        }
        let starts = if claims.0.contains_key("nbf") {
            time("nbf").ok_or(Unproven::Claim("nbf is not a time"))?
        } else {
            issued
        };
        if issued > now.plus_seconds(AHEAD) || starts > now.plus_seconds(AHEAD) {
            return Err(Unproven::Claim("the assertion does not hold yet"));
        }
        Ok(expires)
    }
}

/// The keys, to verify with: each under one algorithm, which its registration names.
fn verifying(set: &KeySet) -> Vec<Key> {
    let read = serde_json::to_value(set).and_then(serde_json::from_value);
    read.map(|set| usable(&set)).unwrap_or_default()
}
