//! A request to the token endpoint (RFC 6749, section 3.2).

use super::refusal::OAuthError;
use crate::json::whole_body;
use axum::{
    extract::{FromRequest, Request},
    response::{IntoResponse, Response},
};
use http::{HeaderMap, header, request::Parts};
use std::collections::BTreeSet;

/// These may come more than once (RFC 8693, section 2.1).
const REPEATABLE: [&str; 2] = ["resource", "audience"];

/// A form, and what came with it. A parameter without a value is as if it had not been sent.
pub struct TokenRequest {
    /// What came with it.
    pub parts: Parts,
    fields: Vec<(String, String)>,
}

impl TokenRequest {
    /// Reads a form whose parameters are there once.
    pub(crate) fn new(parts: Parts, body: &[u8]) -> Result<Self, OAuthError> {
        if !says_form(&parts.headers) {
            return Err(OAuthError::invalid_request("the body must be application/x-www-form-urlencoded"));
        }
        let fields: Vec<(String, String)> =
            form_urlencoded::parse(body).into_owned().filter(|(_, value)| !value.is_empty()).collect();
        let mut seen = BTreeSet::new();
        let twice = |name: &str| !REPEATABLE.contains(&name) && !seen.insert(name.to_owned());
        if fields.iter().map(|(name, _)| name.as_str()).any(twice) {
            return Err(OAuthError::invalid_request("a parameter is there twice"));
        }
        Ok(Self { parts, fields })
    }

    /// The value of a parameter.
    pub fn get(&self, name: &str) -> Option<&str> {
        self.all(name).next()
    }

    /// Every value of a parameter that may come more than once.
    pub fn all<'f, 'n>(&'f self, name: &'n str) -> impl Iterator<Item = &'f str> + use<'f, 'n> {
        self.fields.iter().filter(move |(key, _)| key == name).map(|(_, value)| value.as_str())
    }
}

impl<S: Send + Sync> FromRequest<S> for TokenRequest {
    type Rejection = Response;

    async fn from_request(request: Request, _: &S) -> Result<Self, Response> {
        let (parts, body) = request.into_parts();
        let bytes = whole_body(Request::new(body)).await.map_err(IntoResponse::into_response)?;
        Self::new(parts, &bytes).map_err(IntoResponse::into_response)
    }
}

fn says_form(headers: &HeaderMap) -> bool {
    let mut lines = headers.get_all(header::CONTENT_TYPE).iter();
    let (Some(line), None) = (lines.next(), lines.next()) else { return false };
    let essence = line.to_str().unwrap_or_default().split(';').next().unwrap_or_default().trim();
    essence.eq_ignore_ascii_case("application/x-www-form-urlencoded")
}

#[cfg(test)]
mod tests {
    use super::*;

    fn read(kind: &str, body: &str) -> Result<TokenRequest, &'static str> {
        let request =
            Request::post("/oauth2/token").header("content-type", kind).body(()).expect("a request");
        TokenRequest::new(request.into_parts().0, body.as_bytes()).map_err(|error| error.code())
    }

    const FORM: &str = "application/x-www-form-urlencoded";

    #[test]
    fn a_form_is_read_and_nothing_else() {
        let request = read(FORM, "grant_type=a%20b&scope=&audience=1&audience=2&x=y").expect("a form");
        assert_eq!((request.get("grant_type"), request.get("scope")), (Some("a b"), None));
        assert_eq!(request.all("audience").collect::<Vec<_>>(), ["1", "2"]);
        assert!(read("Application/X-WWW-Form-Urlencoded; charset=UTF-8", "a=b").is_ok());
        for kind in ["application/json", "text/plain", "", "multipart/form-data; boundary=x"] {
            assert_eq!(read(kind, "grant_type=x").err(), Some("invalid_request"), "{kind}");
        }
    }

    #[test]
    fn a_parameter_that_is_there_twice_is_refused() {
        for body in ["scope=a&scope=a", "client_assertion=a&x=1&client_assertion=b", "x=1&x=1"] {
            assert_eq!(read(FORM, body).err(), Some("invalid_request"), "{body}");
        }
    }
}
