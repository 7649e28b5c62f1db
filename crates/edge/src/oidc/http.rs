//! What is fetched from a provider: from the address it gave, within limits, and never from where it sends us on to.

use super::refusal::LoginRefusal;
use http::StatusCode;
use reqwest::{Client, RequestBuilder, redirect::Policy};
use serde::de::DeserializeOwned;
use std::time::Duration;

/// No document of a provider is near this large.
const MAX_BODY: usize = 256 * 1024;

/// A client for providers.
#[derive(Clone)]
pub(crate) struct Http(Client);

/// An answer, read whole.
pub(crate) struct Answer {
    pub(crate) status: StatusCode,
    body: Vec<u8>,
}

impl Answer {
    pub(crate) fn json<T: DeserializeOwned>(&self) -> Option<T> {
        serde_json::from_slice(&self.body).ok()
    }
}

impl Http {
    pub(crate) fn new() -> Result<Self, reqwest::Error> {
        let client = Client::builder()
            .redirect(Policy::none())
            .connect_timeout(Duration::from_secs(2))
            .timeout(Duration::from_secs(4))
            .build()?;
        Ok(Self(client))
    }

    pub(crate) fn get(&self, url: &str) -> RequestBuilder {
        self.0.get(url).header("accept", "application/json")
    }

    /// A form (`application/x-www-form-urlencoded`).
    pub(crate) fn post(&self, url: &str, fields: &[(&str, String)]) -> RequestBuilder {
        let body = form_urlencoded::Serializer::new(String::new()).extend_pairs(fields).finish();
        self.0
            .post(url)
            .header("accept", "application/json")
            .header("content-type", "application/x-www-form-urlencoded")
            .body(body)
    }

    pub(crate) async fn send(&self, request: RequestBuilder) -> Result<Answer, LoginRefusal> {
        let away = |error: reqwest::Error| LoginRefusal::Away(error.without_url());
        let mut response = request.send().await.map_err(away)?;
        let status = response.status();
        let mut body = Vec::new();
        while let Some(chunk) = response.chunk().await.map_err(away)? {
            if body.len() + chunk.len() > MAX_BODY {
                return Err(LoginRefusal::TooLarge);
            }
            body.extend_from_slice(&chunk);
        }
        Ok(Answer { status, body })
    }
}

/// Whether an address that an issuer names can be trusted with what is sent to it: TLS; or this machine, if the issuer is there too.
pub(crate) fn is_safe(url: &str, issuer: &str) -> bool {
    let here = |url: &reqwest::Url| matches!(url.host_str(), Some("127.0.0.1" | "localhost" | "[::1]"));
    match (reqwest::Url::parse(url), reqwest::Url::parse(issuer)) {
        (Ok(url), Ok(issuer)) if url.scheme() == "https" => url.has_host() && (!here(&url) || here(&issuer)),
        (Ok(url), Ok(issuer)) if url.scheme() == "http" => here(&url) && here(&issuer),
        _ => false,
    }
}
