//! Parameters, cookies, redirects and refusals, as OAuth and browsers write them.

use axum::{
    Json,
    body::{Body, to_bytes},
    extract::{FromRequest, Request},
    response::{IntoResponse, Response},
};
use base64::{Engine as _, engine::general_purpose::URL_SAFE_NO_PAD as B64};
use http::{HeaderMap, HeaderValue, StatusCode, header};
use serde_json::json;
use std::{collections::BTreeMap, convert::Infallible};
use tillid_service::ambient::Ambient;
use url::{Url, form_urlencoded};

/// The cookie of whoever is logged in here.
pub(crate) const SESSION: &str = "__Host-sandbox-mitid";
/// The cookie that binds pages to the browser that was shown them.
pub(crate) const BROWSER: &str = "__Host-sandbox-mitid-browser";

const LONGEST_BODY: usize = 32 * 1024;
const LONGEST_VALUE: usize = 4 * 1024;

/// The parameters of a request. One without a value counts as not sent (RFC 6749, section 3.1).
#[derive(Clone, Debug, Default)]
pub(crate) struct Parameters(BTreeMap<String, String>);

impl Parameters {
    /// Reads them; `None` when one is sent twice, or is longer than anything that is meant well.
    pub(crate) fn read(text: &[u8]) -> Option<Self> {
        let mut read = BTreeMap::new();
        for (name, value) in form_urlencoded::parse(text).filter(|(_, value)| !value.is_empty()) {
            if value.len() > LONGEST_VALUE || read.insert(name.into_owned(), value.into_owned()).is_some() {
                return None;
            }
        }
        Some(Self(read))
    }

    /// The value, if it was sent.
    pub(crate) fn get(&self, name: &str) -> Option<&str> {
        self.0.get(name).map(String::as_str)
    }

    /// The value, as one's own.
    pub(crate) fn owned(&self, name: &str) -> Option<String> {
        self.0.get(name).cloned()
    }

    /// The words of the value.
    pub(crate) fn words(&self, name: &str) -> impl Iterator<Item = &str> {
        self.get(name).unwrap_or_default().split(' ').filter(|word| !word.is_empty())
    }
}

/// The parameters of a form that was sent; `None` for what is no form.
pub(crate) struct Form(pub(crate) Option<Parameters>);

impl<S: Send + Sync> FromRequest<S> for Form {
    type Rejection = Infallible;

    async fn from_request(request: Request<Body>, _: &S) -> Result<Self, Infallible> {
        let kind = request.headers().get(header::CONTENT_TYPE).and_then(|kind| kind.to_str().ok());
        let kind = kind.unwrap_or_default().split(';').next().unwrap_or_default().trim();
        if !kind.eq_ignore_ascii_case("application/x-www-form-urlencoded") {
            return Ok(Self(None));
        }
        let body = to_bytes(request.into_body(), LONGEST_BODY).await;
        Ok(Self(body.ok().and_then(|bytes| Parameters::read(&bytes))))
    }
}

/// What a client is told that asked for something it cannot have (RFC 6749, section 5.2). The words are for its developers.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub(crate) struct Refusal {
    pub(crate) error: &'static str,
    pub(crate) description: &'static str,
}

/// A refusal with such an error code.
pub(crate) const fn refusal(error: &'static str, description: &'static str) -> Refusal {
    Refusal { error, description }
}

impl IntoResponse for Refusal {
    fn into_response(self) -> Response {
        let status = match self.error {
            "invalid_client" => StatusCode::UNAUTHORIZED,
            "temporarily_unavailable" => StatusCode::SERVICE_UNAVAILABLE,
            "server_error" => StatusCode::INTERNAL_SERVER_ERROR,
            _ => StatusCode::BAD_REQUEST,
        };
        let body = json!({"error": self.error, "error_description": self.description});
        (status, uncached(), Json(body)).into_response()
    }
}

/// Nothing on the way keeps it (RFC 6749, section 5.1).
pub(crate) const fn uncached() -> [(http::HeaderName, &'static str); 2] {
    [(header::CACHE_CONTROL, "no-store"), (header::PRAGMA, "no-cache")]
}

/// 256 bits that nobody can guess.
pub(crate) fn secret(ambient: &Ambient) -> String {
    let mut bytes = [0; 32];
    ambient.fill(&mut bytes);
    B64.encode(bytes)
}

/// The value of a cookie.
pub(crate) fn cookie(headers: &HeaderMap, name: &str) -> Option<String> {
    let lines = headers.get_all(header::COOKIE).iter().filter_map(|line| line.to_str().ok());
    let mut pairs = lines.flat_map(|line| line.split(';')).filter_map(|pair| pair.trim().split_once('='));
    pairs.find(|(given, _)| *given == name).map(|(_, value)| value.to_owned())
}

/// The answer, which also sets that cookie.
pub(crate) fn with_cookie(mut response: Response, name: &str, value: &str) -> Response {
    let line = format!("{name}={value}; Path=/; Secure; HttpOnly; SameSite=Lax");
    if let Ok(line) = HeaderValue::try_from(line) {
        response.headers_mut().append(header::SET_COOKIE, line);
    }
    response
}

/// Whether a browser says that the request comes from elsewhere.
pub(crate) fn is_from_elsewhere(headers: &HeaderMap) -> bool {
    headers.get("sec-fetch-site").is_some_and(|site| site != "same-origin" && site != "none")
}

/// Sends the browser on. 303, because what it sends here must not be sent there.
pub(crate) fn see_other(to: &str) -> Response {
    (StatusCode::SEE_OTHER, [(header::LOCATION, to)]).into_response()
}

/// The address with these parameters besides its own.
pub(crate) fn with_parameters(mut to: Url, parameters: &[(&str, &str)]) -> Url {
    to.query_pairs_mut().extend_pairs(parameters);
    to
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_parameter_is_sent_once() {
        let read = Parameters::read(b"a=1&b=&c=x+y%20z&b=2").expect("parameters");
        assert_eq!((read.get("a"), read.get("b")), (Some("1"), Some("2")));
        assert_eq!(read.words("c").collect::<Vec<_>>(), ["x", "y", "z"]);
        assert!(Parameters::read(b"a=1&a=1").is_none());
        assert!(Parameters::read(format!("a={}", "x".repeat(5000)).as_bytes()).is_none());
    }

    #[test]
    fn a_cookie_is_found_by_its_whole_name() {
        let mut headers = HeaderMap::new();
        headers.append(header::COOKIE, HeaderValue::from_static("x__Host-sandbox-mitid=1; a=b"));
        headers.append(
            header::COOKIE,
            HeaderValue::from_static("__Host-sandbox-mitid-browser=2; __Host-sandbox-mitid=3"),
        );
        assert_eq!(cookie(&headers, SESSION).as_deref(), Some("3"));
        assert_eq!(cookie(&headers, "b"), None);
    }
}
