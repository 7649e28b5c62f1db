//! Keys that clients publish at an address of their own, fetched so that nobody can make us ask a machine of ours for something (SSRF).
//!
//! The address has been found to be `https` and of a named host when it was registered. What the name leads to is checked when we
//! connect, with the very addresses that are connected to: a name that leads somewhere else the second time leads nowhere.

use crate::jose::{Jwt, Key, TokenRefusal, usable};
use jsonwebtoken::jwk::JwkSet;
use reqwest::{
    Client, Url,
    dns::{Addrs, Name, Resolve, Resolving},
    redirect::Policy,
};
use serde::Deserialize;
use std::{
    collections::BTreeMap,
    net::{IpAddr, Ipv4Addr, Ipv6Addr, SocketAddr},
    sync::{Arc, Mutex, PoisonError},
    time::Duration,
};
use tillid_domain::{Instant, client::HttpsUri};

/// Keys are fetched anew after this many seconds.
const FRESH: i64 = 600;
/// A key that is not known is looked for at an address at most once in this many seconds.
const REFETCH: i64 = 60;
/// An address that did not answer as it should is asked again after this many seconds.
const AGAIN: i64 = 5;
/// How long an answer may take.
const PATIENCE: Duration = Duration::from_secs(3);
/// How large it may be.
const MAX_BODY: usize = 64 * 1024;
/// How many keys of it are looked at.
const MAX_KEYS: usize = 32;
/// For how many addresses something is remembered; there are as many as clients that have one.
const MAX_PLACES: usize = 10_000;

/// Why a client's keys did not verify something.
#[derive(Debug, thiserror::Error)]
pub(super) enum KeysRefusal {
    /// None of them signed it.
    #[error("{0}")]
    Token(#[from] TokenRefusal),
    /// The address is none that we connect to.
    #[error("the address of the keys is not of a named host")]
    Address,
    /// It cannot be reached, or must not be.
    #[error("the keys cannot be fetched")]
    Away(#[source] reqwest::Error),
    /// It could not be reached a moment ago.
    #[error("the keys could not be fetched a moment ago")]
    AwayLately,
    /// It answered with another status than success; where it sends us on to is not looked at.
    #[error("the keys: status {0}")]
    Status(u16),
    /// It answered with more than it may.
    #[error("the keys: too large")]
    TooLarge,
    /// It answered with no key set.
    #[error("the keys: not a JWK set")]
    Malformed,
}

/// Fetches keys, and remembers them for a while.
pub(super) struct RemoteKeys {
    http: Client,
    places: Mutex<BTreeMap<String, Arc<Place>>>,
}

/// What is known of one address; held by whoever asks it, so that it is asked once.
#[derive(Default)]
struct Place(tokio::sync::Mutex<Held>);

#[derive(Default)]
struct Held {
    keys: Option<(Vec<Key>, Instant)>,
    failed_at: Option<Instant>,
}

impl RemoteKeys {
    /// Connects to public addresses alone.
    pub(super) fn new() -> Result<Self, reqwest::Error> {
        Self::with(PublicOnly, true)
    }

    fn with(resolver: impl Resolve + 'static, https_only: bool) -> Result<Self, reqwest::Error> {
        let http = Client::builder()
            .redirect(Policy::none())
            // A proxy would look the name up by itself.
            .no_proxy()
            .https_only(https_only)
            .dns_resolver(Arc::new(resolver))
            .connect_timeout(PATIENCE)
            .timeout(PATIENCE)
            // A connection that is kept was made to what the name led to before.
            .pool_max_idle_per_host(0)
            .build()?;
        Ok(Self { http, places: Mutex::default() })
    }

    /// Whether a key of the client's signed the token. A key that is not known costs one look at the address in a while, however many
    /// tokens name it.
    pub(super) async fn must_have_signed(
        &self,
        uri: &HttpsUri,
        jwt: &Jwt<'_>,
        now: Instant,
    ) -> Result<(), KeysRefusal> {
        self.signed(uri.as_str(), jwt, now).await
    }

    async fn signed(&self, url: &str, jwt: &Jwt<'_>, now: Instant) -> Result<(), KeysRefusal> {
        let place = self.place(url);
        let mut held = place.0.lock().await;
        if let Some((keys, at)) = held.keys.as_ref().filter(|(_, at)| now < at.plus_seconds(FRESH)) {
            match jwt.must_be_signed_by(keys) {
                Err(refusal) if may_be_another(jwt, refusal) && now >= at.plus_seconds(REFETCH) => {}
                outcome => return Ok(outcome?),
            }
        }
        if held.failed_at.is_some_and(|at| now < at.plus_seconds(AGAIN)) {
            return Err(KeysRefusal::AwayLately);
        }
        match self.fetch(url).await {
            Ok(keys) => {
                let outcome = jwt.must_be_signed_by(&keys);
                *held = Held { keys: Some((keys, now)), failed_at: None };
                Ok(outcome?)
            }
            Err(refusal) => {
                held.failed_at = Some(now);
                Err(refusal)
            }
        }
    }

    fn place(&self, url: &str) -> Arc<Place> {
        let mut places = self.places.lock().unwrap_or_else(PoisonError::into_inner);
        if places.len() >= MAX_PLACES && !places.contains_key(url) {
            places.clear();
        }
        places.entry(url.to_owned()).or_default().clone()
    }

    async fn fetch(&self, url: &str) -> Result<Vec<Key>, KeysRefusal> {
        let url = Url::parse(url).map_err(|_| KeysRefusal::Address)?;
        // An address of a machine is connected to without being looked up.
        if url.domain().is_none() {
            return Err(KeysRefusal::Address);
        }
        let away = |error: reqwest::Error| KeysRefusal::Away(error.without_url());
        let mut response =
            self.http.get(url).header("accept", "application/json").send().await.map_err(away)?;
        if !response.status().is_success() {
            return Err(KeysRefusal::Status(response.status().as_u16()));
        }
        let mut body = Vec::new();
        while let Some(chunk) = response.chunk().await.map_err(away)? {
            if body.len() + chunk.len() > MAX_BODY {
                return Err(KeysRefusal::TooLarge);
            }
            body.extend_from_slice(&chunk);
        }
        let set: RawKeys = serde_json::from_slice(&body).map_err(|_| KeysRefusal::Malformed)?;
        // A key of a type that nobody here knows must not hide the others.
        let keys = set.keys.into_iter().take(MAX_KEYS).filter_map(|key| serde_json::from_value(key).ok());
        Ok(usable(&JwkSet { keys: keys.collect() }))
    }
}

/// A key without a name cannot be told to be another one than those that are known.
fn may_be_another(jwt: &Jwt<'_>, refusal: TokenRefusal) -> bool {
    refusal == TokenRefusal::Key || (refusal == TokenRefusal::Signature && !jwt.head.contains_key("kid"))
}

#[derive(Deserialize)]
struct RawKeys {
    keys: Vec<serde_json::Value>,
}

/// Looks names up, and refuses what leads to a machine that is not the whole world's.
struct PublicOnly;

#[derive(Debug, thiserror::Error, PartialEq, Eq, Clone, Copy)]
#[error("the name leads to an address that is not public")]
struct NotPublic;

impl Resolve for PublicOnly {
    fn resolve(&self, name: Name) -> Resolving {
        Box::pin(async move {
            let found = tokio::net::lookup_host((name.as_str(), 0)).await?.collect();
            Ok(only_public(found)?)
        })
    }
}

/// All of the addresses; one that is not public spoils the name.
fn only_public(found: Vec<SocketAddr>) -> Result<Addrs, NotPublic> {
    if found.is_empty() || !found.iter().all(|address| is_public(address.ip())) {
        return Err(NotPublic);
    }
    Ok(Box::new(found.into_iter()))
}

/// Whether it is an address of global unicast: neither of the special ones of RFC 6890 and its registries, nor one that stands for
/// another address.
fn is_public(address: IpAddr) -> bool {
    match address {
        IpAddr::V4(v4) => !SPECIAL_V4.iter().any(|(net, bits)| is_in_v4(v4, *net, *bits)),
        IpAddr::V6(v6) => {
            is_in_v6(v6, Ipv6Addr::new(0x2000, 0, 0, 0, 0, 0, 0, 0), 3)
                && !SPECIAL_V6.iter().any(|(net, bits)| is_in_v6(v6, *net, *bits))
        }
    }
}

const SPECIAL_V4: [(Ipv4Addr, u32); 15] = [
    (Ipv4Addr::UNSPECIFIED, 8),
    (Ipv4Addr::new(10, 0, 0, 0), 8),
    (Ipv4Addr::new(100, 64, 0, 0), 10),
    (Ipv4Addr::new(127, 0, 0, 0), 8),
    (Ipv4Addr::new(169, 254, 0, 0), 16),
    (Ipv4Addr::new(172, 16, 0, 0), 12),
    (Ipv4Addr::new(192, 0, 0, 0), 24),
    (Ipv4Addr::new(192, 0, 2, 0), 24),
    (Ipv4Addr::new(192, 88, 99, 0), 24),
    (Ipv4Addr::new(192, 168, 0, 0), 16),
    (Ipv4Addr::new(198, 18, 0, 0), 15),
    (Ipv4Addr::new(198, 51, 100, 0), 24),
    (Ipv4Addr::new(203, 0, 113, 0), 24),
    (Ipv4Addr::new(224, 0, 0, 0), 4),
    (Ipv4Addr::new(240, 0, 0, 0), 4),
];

/// Within 2000::/3: protocol assignments with Teredo, documentation, and 6to4, which stands for an IPv4 address.
const SPECIAL_V6: [(Ipv6Addr, u32); 4] = [
    (Ipv6Addr::new(0x2001, 0, 0, 0, 0, 0, 0, 0), 23),
    (Ipv6Addr::new(0x2001, 0x0db8, 0, 0, 0, 0, 0, 0), 32),
    (Ipv6Addr::new(0x2002, 0, 0, 0, 0, 0, 0, 0), 16),
    (Ipv6Addr::new(0x3fff, 0, 0, 0, 0, 0, 0, 0), 20),
];

fn is_in_v4(address: Ipv4Addr, net: Ipv4Addr, bits: u32) -> bool {
    (address.to_bits() ^ net.to_bits()) >> (32 - bits) == 0
}

fn is_in_v6(address: Ipv6Addr, net: Ipv6Addr, bits: u32) -> bool {
    (address.to_bits() ^ net.to_bits()) >> (128 - bits) == 0
}

#[cfg(test)]
#[path = "tests_of_remote_keys.rs"]
mod tests;
