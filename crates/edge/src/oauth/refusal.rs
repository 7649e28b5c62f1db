//! Why there is no token, in the form of RFC 6749, section 5.2.

use axum::response::{IntoResponse, Response};
use http::{HeaderMap, HeaderName, HeaderValue, StatusCode, header};
use serde_json::json;
use std::borrow::Cow;
use tillid_domain::Reason;
use tillid_service::Error;

/// An answer of the token endpoint that is no token.
#[derive(Clone, Debug)]
pub struct OAuthError(Box<Inner>);

#[derive(Clone, Debug)]
struct Inner {
    status: StatusCode,
    code: &'static str,
    description: Cow<'static, str>,
    reason: Option<Reason>,
    headers: HeaderMap,
}

impl OAuthError {
    /// An error with a code of RFC 6749 or one that builds upon it. The description is ASCII without quotes and backslashes, and holds
    /// nothing that was sent.
    pub fn new(status: StatusCode, code: &'static str, description: impl Into<Cow<'static, str>>) -> Self {
        let description = description.into();
        Self(Box::new(Inner { status, code, description, reason: None, headers: HeaderMap::new() }))
    }

    /// The request cannot be read, or says something twice.
    pub fn invalid_request(description: &'static str) -> Self {
        Self::new(StatusCode::BAD_REQUEST, "invalid_request", description)
    }

    /// What is granted upon does not hold.
    pub fn invalid_grant(description: &'static str) -> Self {
        Self::new(StatusCode::BAD_REQUEST, "invalid_grant", description)
    }

    /// A scope is not known, or is more than the client has.
    pub fn invalid_scope() -> Self {
        Self::new(StatusCode::BAD_REQUEST, "invalid_scope", "a scope that the client is not registered for")
    }

    /// A token for nobody that is registered here (RFC 8707).
    pub fn invalid_target() -> Self {
        Self::new(StatusCode::BAD_REQUEST, "invalid_target", "not a resource that tokens are issued for")
    }

    /// The client may not use this grant.
    pub fn unauthorized_client(description: &'static str) -> Self {
        Self::new(StatusCode::BAD_REQUEST, "unauthorized_client", description)
    }

    /// No such grant.
    pub fn unsupported_grant_type() -> Self {
        Self::new(
            StatusCode::BAD_REQUEST,
            "unsupported_grant_type",
            "client_credentials or urn:ietf:params:oauth:grant-type:token-exchange",
        )
    }

    /// The client has not proven who it is: one answer for a client that is not known, one that is stopped, a key that is not its own and
    /// a signature that does not verify.
    pub(crate) fn not_proven() -> Self {
        Self::invalid_client("the client has not proven who it is")
    }

    /// The client's assertion, which it has signed, says something that does not hold.
    pub(crate) fn invalid_client(description: &'static str) -> Self {
        Self::new(StatusCode::UNAUTHORIZED, "invalid_client", description).with_header(
            header::WWW_AUTHENTICATE,
            HeaderValue::from_static("Bearer realm=\"tillid\", error=\"invalid_client\""),
        )
    }

    /// With our own reason, in `reason`, which programs can tell apart.
    #[must_use]
    pub fn because(mut self, reason: Reason) -> Self {
        self.0.reason = Some(reason);
        self
    }

    /// With a header.
    #[must_use]
    pub fn with_header(mut self, name: HeaderName, value: HeaderValue) -> Self {
        self.0.headers.insert(name, value);
        self
    }

    /// The code.
    pub const fn code(&self) -> &'static str {
        self.0.code
    }
}

impl From<Error> for OAuthError {
    /// What a verb that stands behind the token endpoint could not do.
    fn from(error: Error) -> Self {
        match error {
            Error::Busy(cause) => {
                tracing::warn!(error = %cause, "the store is busy or away");
                Self::new(StatusCode::SERVICE_UNAVAILABLE, "temporarily_unavailable", "try again in a moment")
                    .with_header(header::RETRY_AFTER, HeaderValue::from_static("2"))
            }
            Error::Denied(reason) | Error::Rule(reason) => {
                Self::new(StatusCode::BAD_REQUEST, "access_denied", "it is not allowed").because(reason)
            }
            other => {
                tracing::error!(error = ?other, "the token endpoint broke");
                Self::new(StatusCode::INTERNAL_SERVER_ERROR, "server_error", "a fault of this service")
            }
        }
    }
}

impl IntoResponse for OAuthError {
    fn into_response(self) -> Response {
        let Inner { status, code, description, reason, headers } = *self.0;
        let mut body = json!({"error": code, "error_description": description});
        if let (Some(reason), Some(members)) = (reason, body.as_object_mut()) {
            members.insert("reason".to_owned(), json!(reason.code()));
        }
        let kind = [(header::CONTENT_TYPE, HeaderValue::from_static("application/json"))];
        (status, headers, kind, uncached(), body.to_string()).into_response()
    }
}

/// RFC 6749, section 5.1.
pub(super) fn uncached() -> [(HeaderName, HeaderValue); 2] {
    [
        (header::CACHE_CONTROL, HeaderValue::from_static("no-store")),
        (header::PRAGMA, HeaderValue::from_static("no-cache")),
    ]
}
