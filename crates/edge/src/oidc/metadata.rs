//! What a provider says of itself (OpenID Connect Discovery 1.0), and its keys.

use super::{
    http::{Http, is_safe},
    provider::Provider,
    refusal::LoginRefusal,
};
use crate::jose::{Jwt, Key, TokenRefusal, usable};
use jsonwebtoken::jwk::JwkSet;
use serde::Deserialize;
use std::sync::Arc;
use tillid_domain::Instant;
use tokio::sync::Mutex;

/// Metadata is read anew after this many seconds.
const FRESH: i64 = 3600;
/// A key that is not known is looked for at the provider at most once in this many seconds.
const REFETCH: i64 = 60;

/// A provider's metadata, as far as we use it. Every address in it has been found safe.
#[derive(Clone, Debug, Deserialize)]
pub(crate) struct Metadata {
    pub(crate) issuer: String,
    pub(crate) authorization_endpoint: String,
    pub(crate) token_endpoint: String,
    pub(crate) jwks_uri: String,
    pub(crate) userinfo_endpoint: Option<String>,
    pub(crate) end_session_endpoint: Option<String>,
    pub(crate) pushed_authorization_request_endpoint: Option<String>,
    #[serde(default)]
    pub(crate) authorization_response_iss_parameter_supported: bool,
    code_challenge_methods_supported: Option<Vec<String>>,
}

impl Metadata {
    fn checked(self, provider: &Provider) -> Result<Self, LoginRefusal> {
        if self.issuer != provider.issuer {
            return Err(LoginRefusal::DiscoveryIssuer);
        }
        let optional = |url: &Option<String>| url.as_deref().is_none_or(is_safe);
        for (name, safe) in [
            ("authorization_endpoint", is_safe(&self.authorization_endpoint)),
            ("token_endpoint", is_safe(&self.token_endpoint)),
            ("jwks_uri", is_safe(&self.jwks_uri)),
            ("userinfo_endpoint", optional(&self.userinfo_endpoint)),
            ("end_session_endpoint", optional(&self.end_session_endpoint)),
            ("pushed_authorization_request_endpoint", optional(&self.pushed_authorization_request_endpoint)),
        ] {
            if !safe {
                return Err(LoginRefusal::DiscoveryEndpoint(name));
            }
        }
        // A provider that does not say which methods it knows may still know ours; one that lists others does not.
        if self.code_challenge_methods_supported.as_ref().is_some_and(|all| !all.iter().any(|m| m == "S256"))
        {
            return Err(LoginRefusal::DiscoveryPkce);
        }
        if provider.require_par && self.pushed_authorization_request_endpoint.is_none() {
            return Err(LoginRefusal::DiscoveryPar);
        }
        Ok(self)
    }
}

/// What is known of a provider, fetched when it is first needed.
#[derive(Default)]
pub(crate) struct Known(Mutex<State>);

#[derive(Default)]
struct State {
    metadata: Option<(Arc<Metadata>, Instant)>,
    keys: Option<Arc<Vec<Key>>>,
    refetched_at: Option<Instant>,
}

impl Known {
    pub(crate) async fn metadata(
        &self,
        http: &Http,
        provider: &Provider,
        now: Instant,
    ) -> Result<Arc<Metadata>, LoginRefusal> {
        let mut state = self.0.lock().await;
        if let Some((metadata, at)) = &state.metadata
            && now < at.plus_seconds(FRESH)
        {
            return Ok(metadata.clone());
        }
        let url = format!("{}/.well-known/openid-configuration", provider.issuer.trim_end_matches('/'));
        let answer = http.send(http.get(&url)).await?;
        if !answer.status.is_success() {
            return Err(LoginRefusal::DiscoveryStatus(answer.status.as_u16()));
        }
        let read: Metadata = answer.json().ok_or(LoginRefusal::DiscoveryMalformed)?;
        let metadata = Arc::new(read.checked(provider)?);
        state.metadata = Some((metadata.clone(), now));
        Ok(metadata)
    }

    /// Whether the provider signed the token, with a key that it has now. Keys that nobody knows cost one look at the provider in a
    /// while, however many tokens name them.
    pub(crate) async fn must_have_signed(
        &self,
        http: &Http,
        metadata: &Metadata,
        jwt: &Jwt<'_>,
        now: Instant,
    ) -> Result<(), LoginRefusal> {
        let mut state = self.0.lock().await;
        let keys = match &state.keys {
            Some(keys) => keys.clone(),
            None => state.keys.insert(Arc::new(fetch(http, metadata).await?)).clone(),
        };
        let recently = state.refetched_at.is_some_and(|at| now < at.plus_seconds(REFETCH));
        match jwt.must_be_signed_by(&keys) {
            Err(TokenRefusal::Key) if !recently => {
                state.refetched_at = Some(now);
                let keys = Arc::new(fetch(http, metadata).await?);
                state.keys = Some(keys.clone());
                Ok(jwt.must_be_signed_by(&keys)?)
            }
            outcome => Ok(outcome?),
        }
    }
}

async fn fetch(http: &Http, metadata: &Metadata) -> Result<Vec<Key>, LoginRefusal> {
    let answer = http.send(http.get(&metadata.jwks_uri)).await?;
    let malformed = || LoginRefusal::Keys(answer.status.as_u16());
    if !answer.status.is_success() {
        return Err(malformed());
    }
    // A key of a type that nobody here knows must not hide the others.
    let set: RawKeys = answer.json().ok_or_else(malformed)?;
    let keys = set.keys.into_iter().filter_map(|key| serde_json::from_value(key).ok()).collect();
    Ok(usable(&JwkSet { keys }))
}

#[derive(Deserialize)]
struct RawKeys {
    keys: Vec<serde_json::Value>,
}
