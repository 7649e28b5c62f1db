//! Bodies, path segments and query strings, with problems of ours for what cannot be read.

use crate::{
    problem::{FieldError, Flaw, Problem, Protocol},
    stream::BodyTooSlow,
    strict,
};
use axum::{
    body::Bytes,
    extract::{FromRequest, FromRequestParts, Request, rejection::PathRejection},
    response::{IntoResponse, Response},
};
use http::{HeaderMap, HeaderValue, Method, Uri, header, request::Parts};
use http_body_util::{BodyExt as _, LengthLimitError};
use serde::{Serialize, de::DeserializeOwned};
use serde_json::Value;
use serde_path_to_error::{Path as ErrorPath, Segment};
use std::{error::Error, fmt::Write as _};
use tillid_domain::Digest;

/// A JSON body, in and out.
///
/// In: the content type says JSON (415), the bytes are JSON without duplicate names and half characters (400), and have the shape
/// of `T` (422, pointing at the first flaw). Types refuse unknown fields themselves. What the caller wrote is never repeated.
#[derive(Clone, Copy, Debug)]
pub struct Json<T>(pub T);

impl<S: Send + Sync, T: DeserializeOwned> FromRequest<S> for Json<T> {
    type Rejection = Problem;

    async fn from_request(request: Request, _: &S) -> Result<Self, Problem> {
        read(request).await.map(|(value, _)| Self(value))
    }
}

async fn read<T: DeserializeOwned>(request: Request) -> Result<(T, Bytes), Problem> {
    if !says_json(request.headers()) {
        return Err(Protocol::WrongContentType.into());
    }
    let bytes = whole_body(request).await?;
    Ok((shaped(&bytes)?, bytes))
}

fn shaped<T: DeserializeOwned>(bytes: &[u8]) -> Result<T, Problem> {
    from_json(strict::parse(bytes).map_err(|_| Protocol::MalformedJson)?)
}

/// What has the shape of `T`; else a problem that points at the first flaw (422).
pub fn from_json<T: DeserializeOwned>(value: Value) -> Result<T, Problem> {
    serde_path_to_error::deserialize(value).map_err(|error| {
        let flaw = flaw(error.path(), &error.inner().to_string());
        Problem::from(Protocol::Unprocessable).with_error(flaw)
    })
}

/// A JSON body like [`Json`]'s, with the fingerprint of the whole request: the same method, path and bytes give the same one.
#[derive(Clone, Debug)]
pub struct Sent<T> {
    /// What was sent.
    pub value: T,
    /// The fingerprint. It leaves this process only under a key: a body may hold a CPR number, and those can be guessed.
    pub fingerprint: Digest,
}

impl<S: Send + Sync, T: DeserializeOwned> FromRequest<S> for Sent<T> {
    type Rejection = Problem;

    async fn from_request(request: Request, _: &S) -> Result<Self, Problem> {
        let line = request_line(request.method(), request.uri());
        let (value, bytes) = read(request).await?;
        Ok(Self { value, fingerprint: Digest::of(&[line.as_bytes(), &bytes].concat()) })
    }
}

/// A body of whatever kind, with the fingerprint of the whole request.
#[derive(Clone, Debug)]
pub struct SentBytes {
    /// The body.
    pub bytes: Bytes,
    /// The fingerprint, like that of [`Sent`].
    pub fingerprint: Digest,
    /// The fingerprint where the body means nothing, like that of [`Bare`].
    pub without_body: Digest,
    says_json: bool,
}

impl SentBytes {
    /// The body, read like that of [`Json`].
    pub fn json<T: DeserializeOwned>(&self) -> Result<T, Problem> {
        if !self.says_json {
            return Err(Protocol::WrongContentType.into());
        }
        shaped(&self.bytes)
    }
}

impl<S: Send + Sync> FromRequest<S> for SentBytes {
    type Rejection = Problem;

    async fn from_request(request: Request, _: &S) -> Result<Self, Problem> {
        let line = request_line(request.method(), request.uri());
        let says_json = says_json(request.headers());
        let bytes = whole_body(request).await?;
        let fingerprint = Digest::of(&[line.as_bytes(), &bytes].concat());
        Ok(Self { bytes, fingerprint, without_body: Digest::of(line.as_bytes()), says_json })
    }
}

/// A change without a body, with the fingerprint of the request. A body that is sent all the same means nothing.
#[derive(Clone, Copy, Debug)]
pub struct Bare {
    /// The fingerprint.
    pub fingerprint: Digest,
}

impl<S: Send + Sync> FromRequestParts<S> for Bare {
    type Rejection = Problem;

    async fn from_request_parts(parts: &mut Parts, _: &S) -> Result<Self, Problem> {
        Ok(Self { fingerprint: Digest::of(request_line(&parts.method, &parts.uri).as_bytes()) })
    }
}

fn request_line(method: &Method, uri: &Uri) -> String {
    format!("{method} {}\n", uri.path())
}

impl<T: Serialize> IntoResponse for Json<T> {
    fn into_response(self) -> Response {
        match serde_json::to_vec(&self.0) {
            Ok(bytes) => ([(header::CONTENT_TYPE, HeaderValue::from_static("application/json"))], bytes)
                .into_response(),
            Err(error) => {
                tracing::error!(%error, "an answer has no JSON form");
                Protocol::Internal.into_response()
            }
        }
    }
}

fn says_json(headers: &HeaderMap) -> bool {
    let mut lines = headers.get_all(header::CONTENT_TYPE).iter();
    let (Some(line), None) = (lines.next(), lines.next()) else { return false };
    let essence =
        line.to_str().unwrap_or_default().split(';').next().unwrap_or_default().trim().to_ascii_lowercase();
    essence.strip_prefix("application/").is_some_and(|kind| kind == "json" || kind.ends_with("+json"))
}

pub(crate) async fn whole_body(request: Request) -> Result<Bytes, Problem> {
    match request.into_body().collect().await {
        Ok(body) => Ok(body.to_bytes()),
        Err(error) if is_caused_by::<LengthLimitError>(&error) => Err(Protocol::BodyTooLarge.into()),
        Err(error) if is_caused_by::<BodyTooSlow>(&error) => Err(Protocol::RequestTimeout.into()),
        Err(_) => Err(Protocol::MalformedJson.into()),
    }
}

fn is_caused_by<E: Error + 'static>(error: &(dyn Error + 'static)) -> bool {
    error.is::<E>() || error.source().is_some_and(is_caused_by::<E>)
}

/// The kind of flaw shows only in serde's words. They are written by serde and by our own types; the parts that repeat the input
/// are never passed on.
fn flaw(path: &ErrorPath, message: &str) -> FieldError {
    let (mut pointer, whole) = pointer(path);
    if let Some(name) = message.strip_prefix("missing field `").and_then(|rest| rest.split('`').next()) {
        // The name is our type's.
        let _ = write!(pointer, "/{name}");
        return Flaw::Missing.at(pointer);
    }
    if message.starts_with("unknown field") || !whole {
        Flaw::UnknownField.at(pointer)
    } else if message.starts_with("invalid type") {
        Flaw::WrongType.at(pointer)
    } else {
        Flaw::InvalidValue.at(pointer)
    }
}

/// The path as a pointer, and whether it is the whole path. A name that no field of ours could have ends it: it is the caller's,
/// and could be anything, such as a CPR number.
fn pointer(path: &ErrorPath) -> (String, bool) {
    let mut pointer = "#".to_owned();
    for segment in path {
        let _ = match segment {
            Segment::Seq { index } => write!(pointer, "/{index}"),
            Segment::Map { key } if is_a_field(key) => write!(pointer, "/{key}"),
            Segment::Map { .. } => return (pointer, false),
            Segment::Enum { .. } | Segment::Unknown => Ok(()),
        };
    }
    (pointer, true)
}

fn is_a_field(name: &str) -> bool {
    (1..=40).contains(&name.len()) && name.bytes().all(|b| b.is_ascii_lowercase() || b == b'_')
}

/// The segments of the path; what is no id is just not found.
#[derive(Clone, Copy, Debug)]
pub struct Path<T>(pub T);

impl<S: Send + Sync, T: DeserializeOwned + Send> FromRequestParts<S> for Path<T> {
    type Rejection = Problem;

    async fn from_request_parts(parts: &mut Parts, state: &S) -> Result<Self, Problem> {
        match axum::extract::Path::from_request_parts(parts, state).await {
            Ok(axum::extract::Path(read)) => Ok(Self(read)),
            Err(PathRejection::FailedToDeserializePathParams(e)) if e.status().is_client_error() => {
                Err(Protocol::NotFound.into())
            }
            Err(rejection) => {
                tracing::error!(%rejection, "a handler does not fit its route");
                Err(Protocol::Internal.into())
            }
        }
    }
}

/// The query string; unknown parameters are for the type to refuse.
#[derive(Clone, Copy, Debug)]
pub struct Query<T>(pub T);

impl<S: Send + Sync, T: DeserializeOwned> FromRequestParts<S> for Query<T> {
    type Rejection = Problem;

    async fn from_request_parts(parts: &mut Parts, _: &S) -> Result<Self, Problem> {
        let read = axum::extract::Query::try_from_uri(&parts.uri);
        read.map(|axum::extract::Query(read)| Self(read)).map_err(|_| Protocol::InvalidQuery.into())
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use axum::body::Body;
    use http::StatusCode;
    use serde::Deserialize;
    use tillid_domain::text::CaseRef;

    #[derive(Deserialize, Debug)]
    #[serde(deny_unknown_fields)]
    #[expect(dead_code, reason = "only their reading is looked at")]
    struct Outer {
        purpose: String,
        count: u8,
        items: Vec<Item>,
    }

    #[derive(Deserialize, Debug)]
    #[serde(deny_unknown_fields)]
    #[expect(dead_code, reason = "only their reading is looked at")]
    struct Item {
        case: CaseRef,
    }

    async fn parsed(content_type: &'static str, body: impl Into<Body>) -> Result<Outer, Problem> {
        let request = Request::post("/")
            .header(header::CONTENT_TYPE, content_type)
            .body(body.into())
            .expect("a request");
        Json::from_request(request, &()).await.map(|Json(read)| read)
    }

    async fn refused(body: &'static str) -> (StatusCode, String, &'static str) {
        let problem = parsed("application/json", body).await.expect_err("a flawed body");
        assert!(!format!("{problem:?}").contains("0101011234"), "{problem:?}");
        let error = problem.errors().first();
        (
            problem.status(),
            error.map_or_else(String::new, |e| e.pointer.clone()),
            error.map_or("", |e| e.code),
        )
    }

    #[tokio::test]
    async fn a_body_is_read_when_it_says_that_it_is_json() {
        let body = r#"{"purpose":"p","count":1,"items":[{"case":"a"}]}"#;
        for kind in ["application/json", "Application/JSON; charset=utf-8", "application/cloudevents+json"] {
            assert!(parsed(kind, body).await.is_ok(), "{kind}");
        }
        for kind in
            ["", "text/json", "application/x-www-form-urlencoded", "application/jsonp", "multipart/form-data"]
        {
            assert_eq!(parsed(kind, body).await.expect_err(kind).code(), "wrong_content_type");
        }
    }

    #[tokio::test]
    async fn what_is_no_json_is_400() {
        for body in
            ["", "{", r#"{"purpose":"p","purpose":"q"}"#, r#"{"purpose":"\ud800"}"#, r#"{"z":{"a":1,"a":1}}"#]
        {
            assert_eq!(refused(body).await.0, StatusCode::BAD_REQUEST, "{body}");
        }
    }

    #[tokio::test]
    async fn a_flaw_is_pointed_at_and_never_repeated() {
        let unprocessable = StatusCode::UNPROCESSABLE_ENTITY;
        for (body, pointer, code) in [
            (r#"{"purpose":"0101011234","count":1}"#, "#/items", "missing"),
            (r#"{"purpose":"p","count":"0101011234","items":[]}"#, "#/count", "wrong_type"),
            (r#"{"purpose":"p","count":101011234,"items":[]}"#, "#/count", "invalid_value"),
            (
                r#"{"purpose":"p","count":1,"items":[{"case":"a"},{"case":"0101011234\u0000"}]}"#,
                "#/items/1/case",
                "invalid_value",
            ),
            (
                r#"{"purpose":"p","count":1,"items":[{"case":"a","0101011234":1}]}"#,
                "#/items/0",
                "unknown_field",
            ),
            (
                r#"{"purpose":"p","count":1,"items":[{"case":"a","role":1}]}"#,
                "#/items/0/role",
                "unknown_field",
            ),
            (r"[]", "#", "invalid_value"),
            (r#""0101011234""#, "#", "wrong_type"),
        ] {
            assert_eq!(refused(body).await, (unprocessable, pointer.to_owned(), code), "{body}");
        }
    }
}
