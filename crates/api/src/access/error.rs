//! What cannot be answered, in AuthZEN's own form: a status and a message.

use axum::http::{HeaderMap, StatusCode, header};
use axum::{
    Json,
    response::{IntoResponse, Response},
};
use tillid_domain::Language;
use tillid_edge::{Caller, Gate, Problem};
use tillid_service::Error;

/// A status with an error message string (section 10.1.2 of the specification).
#[derive(Debug)]
pub(crate) struct Failure(Box<Told>);

#[derive(Debug)]
struct Told {
    status: StatusCode,
    message: String,
    headers: HeaderMap,
}

impl Failure {
    /// A request that is not one. The message never holds what the caller wrote.
    pub(super) fn bad_request(message: impl Into<String>) -> Self {
        let (status, headers) = (StatusCode::BAD_REQUEST, HeaderMap::new());
        Self(Box::new(Told { status, message: message.into(), headers }))
    }

    /// The message.
    pub(super) fn message(&self) -> &str {
        &self.0.message
    }

    /// What a verb's refusal is here.
    pub(super) fn of(caller: &Caller, error: &Error) -> Self {
        caller.problem(error).into()
    }
}

impl From<Problem> for Failure {
    fn from(problem: Problem) -> Self {
        let words = problem.detail(Language::En).unwrap_or_else(|| problem.title(Language::En)).to_owned();
        let (status, code) = (problem.status(), problem.code());
        // The headers of the problem, such as which login is asked for.
        let mut headers = problem.into_response().headers().clone();
        for name in [header::CONTENT_TYPE, header::CONTENT_LENGTH, header::CONTENT_LANGUAGE, header::VARY] {
            headers.remove(name);
        }
        Self(Box::new(Told { status, message: format!("{code}: {words}"), headers }))
    }
}

impl IntoResponse for Failure {
    fn into_response(self) -> Response {
        let Told { status, message, headers } = *self.0;
        (status, headers, Json(message)).into_response()
    }
}

/// Who calls; whoever is not known is told in the form of this interface.
pub(super) struct Asking(pub(super) Caller);

impl<S: Send + Sync> axum::extract::FromRequestParts<S> for Asking
where
    Gate: axum::extract::FromRef<S>,
{
    type Rejection = Failure;

    async fn from_request_parts(parts: &mut axum::http::request::Parts, state: &S) -> Result<Self, Failure> {
        Ok(Self(Caller::from_request_parts(parts, state).await?))
    }
}
