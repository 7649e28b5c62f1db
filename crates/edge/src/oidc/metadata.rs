//! What a provider says of itself (OpenID Connect Discovery 1.0), and its keys.

use super::{
    http::{Http, is_safe},
    provider::Provider,
    refusal::LoginRefusal,
};
use crate::jose::{Jwt, Key, TokenRefusal, usable};
use jsonwebtoken::jwk::JwkSet;
use serde::Deserialize;
use std::sync::{Arc, Mutex, PoisonError};
use tillid_domain::Instant;

/// Metadata is read anew after this many seconds.
const FRESH: i64 = 3600;
/// A key that is not known is looked for at the provider at most once in this many seconds.
const REFETCH: i64 = 60;
/// A provider that did not answer as it should is asked again after this many seconds.
const AGAIN: i64 = 5;

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
        let safe = |url: &str| is_safe(url, &provider.issuer);
        let optional = |url: &Option<String>| url.as_deref().is_none_or(safe);
        for (name, safe) in [
            ("authorization_endpoint", safe(&self.authorization_endpoint)),
            ("token_endpoint", safe(&self.token_endpoint)),
            ("jwks_uri", safe(&self.jwks_uri)),
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
pub(crate) struct Known {
    read: Mutex<Read>,
    /// Held by whoever asks the provider, so that it is asked once.
    asking: tokio::sync::Mutex<()>,
}

#[derive(Default, Clone)]
struct Read {
    metadata: Option<(Arc<Metadata>, Instant)>,
    keys: Option<Arc<Vec<Key>>>,
    refetched_at: Option<Instant>,
    /// When the provider last did not answer as it should.
    failed_at: Option<Instant>,
}

impl Known {
    /// The provider's metadata. A provider that does not answer is known by what it said last, and asked again in a while.
    pub(crate) async fn metadata(
        &self,
        http: &Http,
        provider: &Provider,
        now: Instant,
    ) -> Result<Arc<Metadata>, LoginRefusal> {
        let fresh = |read: &Read| {
            let fresh = |(_, at): &&(Arc<Metadata>, Instant)| now < at.plus_seconds(FRESH);
            read.metadata.as_ref().filter(fresh).map(|(metadata, _)| metadata.clone())
        };
        if let Some(metadata) = fresh(&self.read()) {
            return Ok(metadata);
        }
        let _asking = self.asking.lock().await;
        let read = self.read();
        if let Some(metadata) = fresh(&read) {
            return Ok(metadata);
        }
        let old = read.metadata.map(|(metadata, _)| metadata);
        if read.failed_at.is_some_and(|at| now < at.plus_seconds(AGAIN)) {
            return old.ok_or(LoginRefusal::AwayLately);
        }
        match discover(http, provider).await {
            Ok(metadata) => {
                let metadata = Arc::new(metadata);
                // Keys go with it: one that the provider has withdrawn does not stay.
                self.note(|read| {
                    *read = Read { metadata: Some((metadata.clone(), now)), ..Read::default() };
                });
                Ok(metadata)
            }
            Err(refusal) => {
                self.note(|read| read.failed_at = Some(now));
                old.ok_or(refusal)
            }
        }
    }

    /// The provider's metadata, if it has been read; nobody waits for the provider.
    pub(crate) fn metadata_so_far(&self) -> Option<Arc<Metadata>> {
        self.read().metadata.map(|(metadata, _)| metadata)
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
        let _asking = self.asking.lock().await;
        let Read { keys, refetched_at, failed_at, .. } = self.read();
        let keys = match keys {
            Some(keys) => keys,
            None if failed_at.is_some_and(|at| now < at.plus_seconds(AGAIN)) => {
                return Err(LoginRefusal::AwayLately);
            }
            None => self.fetched(http, metadata, now).await?,
        };
        // A key without a name cannot be told to be another one than ours.
        let unknown = |refusal: &TokenRefusal| match refusal {
            TokenRefusal::Key => true,
            TokenRefusal::Signature => !jwt.head.contains_key("kid"),
            _ => false,
        };
        let recently = refetched_at.is_some_and(|at| now < at.plus_seconds(REFETCH));
        match jwt.must_be_signed_by(&keys) {
            Err(refusal) if unknown(&refusal) && !recently => {
                self.note(|read| read.refetched_at = Some(now));
                let keys = self.fetched(http, metadata, now).await?;
                Ok(jwt.must_be_signed_by(&keys)?)
            }
            outcome => Ok(outcome?),
        }
    }

    async fn fetched(
        &self,
        http: &Http,
        metadata: &Metadata,
        now: Instant,
    ) -> Result<Arc<Vec<Key>>, LoginRefusal> {
        let fetched = fetch(http, metadata).await.map(Arc::new);
        self.note(|read| match &fetched {
            Ok(keys) => read.keys = Some(keys.clone()),
            Err(_) => read.failed_at = Some(now),
        });
        fetched
    }

    fn read(&self) -> Read {
        self.read.lock().unwrap_or_else(PoisonError::into_inner).clone()
    }

    fn note(&self, change: impl FnOnce(&mut Read)) {
        change(&mut self.read.lock().unwrap_or_else(PoisonError::into_inner));
    }
}

async fn discover(http: &Http, provider: &Provider) -> Result<Metadata, LoginRefusal> {
    let url = format!("{}/.well-known/openid-configuration", provider.issuer.trim_end_matches('/'));
    let answer = http.send(http.get(&url)).await?;
    if !answer.status.is_success() {
        return Err(LoginRefusal::DiscoveryStatus(answer.status.as_u16()));
    }
    let read: Metadata = answer.json().ok_or(LoginRefusal::DiscoveryMalformed)?;
    read.checked(provider)
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
