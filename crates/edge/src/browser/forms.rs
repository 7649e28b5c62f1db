//! Forms that pages send, and that no other site can send for somebody.

use super::cookie::{SESSION, Secret};
use crate::problem::{Problem, Protocol};
use aws_lc_rs::constant_time::verify_slices_are_equal;
use axum::{
    Router,
    body::Body,
    extract::{FromRequestParts, Request},
    middleware::{Next, from_fn},
    response::{IntoResponse, Response},
};
use http::{Method, request::Parts};
use http_body_util::BodyExt as _;
use tower_http::csrf::{CsrfLayer, ProtectionError};

/// The fields of a form, in the order they were sent. Of a field that was sent twice, the first counts.
#[derive(Clone, Default)]
pub struct Fields(Vec<(String, String)>);

impl Fields {
    /// `application/x-www-form-urlencoded`.
    pub fn parse(bytes: &[u8]) -> Option<Self> {
        let fields: Vec<(String, String)> = form_urlencoded::parse(bytes).into_owned().collect();
        // NUL is text to one database engine and none to the other.
        fields.iter().all(|(n, v)| !n.contains('\0') && !v.contains('\0')).then_some(Self(fields))
    }

    /// The value of a field, without spaces around it; an empty field is like none.
    pub fn get(&self, name: &str) -> Option<&str> {
        let (_, value) = self.0.iter().find(|(key, _)| key == name)?;
        Some(value.trim()).filter(|value| !value.is_empty())
    }

    /// All the values of a field, such as that of several checkboxes.
    pub fn all<'f>(&'f self, name: &'f str) -> impl Iterator<Item = &'f str> {
        self.0.iter().filter(move |(key, _)| key == name).map(|(_, value)| value.trim())
    }

    /// The fields whose name begins so, with the rest of the name.
    pub fn beginning<'f>(&'f self, prefix: &'f str) -> impl Iterator<Item = (&'f str, &'f str)> {
        self.0.iter().filter_map(move |(key, value)| Some((key.strip_prefix(prefix)?, value.trim())))
    }

    pub(crate) fn without_csrf(&self) -> Vec<(String, String)> {
        self.0.iter().filter(|(name, _)| name != "csrf").cloned().collect()
    }
}

/// The fields of the form of a request. Only behind [`guarded`].
pub struct Form(pub Fields);

impl<S: Send + Sync> FromRequestParts<S> for Form {
    type Rejection = Problem;

    async fn from_request_parts(parts: &mut Parts, _: &S) -> Result<Self, Problem> {
        parts.extensions.get::<Fields>().cloned().map(Self).ok_or_else(|| Protocol::Internal.into())
    }
}

/// The router with every unsafe request to it refused unless a page of ours, at `base_url`, sent it: by what the browser tells of
/// its origin, and by a field that is bound to the session. A request without a session passes: it has nothing that another site
/// could use.
pub fn guarded(router: Router, base_url: &str) -> Router {
    let refused = |_: ProtectionError| Protocol::Csrf.into_response();
    let origins = CsrfLayer::new();
    // A base address that is no origin (it has a path) leaves the comparison with `Host`.
    let origins = origins.clone().add_trusted_origin(base_url).unwrap_or(origins);
    router.layer(from_fn(with_fields)).layer(origins.with_rejection_response(refused))
}

async fn with_fields(request: Request, next: Next) -> Response {
    if matches!(*request.method(), Method::GET | Method::HEAD | Method::OPTIONS) {
        return next.run(request).await;
    }
    match checked(request).await {
        Ok(request) => next.run(request).await,
        Err(problem) => problem.into_response(),
    }
}

async fn checked(request: Request) -> Result<Request, Problem> {
    let (mut parts, body) = request.into_parts();
    let bytes = body.collect().await.map_err(|_| Protocol::BodyTooLarge)?.to_bytes();
    let fields = Fields::parse(&bytes).ok_or(Protocol::MalformedForm)?;
    if let Some(secret) = Secret::of(&parts.headers, SESSION) {
        let sent = fields.get("csrf").unwrap_or_default();
        verify_slices_are_equal(sent.as_bytes(), secret.derived("csrf").as_bytes())
            .map_err(|_| Protocol::Csrf)?;
    }
    parts.extensions.insert(fields);
    Ok(Request::from_parts(parts, Body::empty()))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_form_is_read_as_a_browser_writes_it() {
        let fields =
            Fields::parse(b"name=Bo+Lind&item.a=yes&item.b=no&x=%C3%A6+%26&empty=&a=1&a=2").expect("a form");
        assert_eq!(fields.get("name"), Some("Bo Lind"));
        assert_eq!(fields.get("x"), Some("æ &"));
        assert_eq!((fields.get("empty"), fields.get("missing")), (None, None));
        assert_eq!(fields.get("a"), Some("1"));
        assert_eq!(fields.all("a").collect::<Vec<_>>(), ["1", "2"]);
        assert_eq!(fields.beginning("item.").collect::<Vec<_>>(), [("a", "yes"), ("b", "no")]);
        for bytes in [&b"a=%00"[..], b"%00=a"] {
            assert!(Fields::parse(bytes).is_none(), "{bytes:?}");
        }
    }
}
