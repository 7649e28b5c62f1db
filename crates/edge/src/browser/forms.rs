//! Forms that pages send, and that no other site can send for somebody.

use super::cookie::{SESSION, Secret};
use crate::problem::{Problem, Protocol};
use aws_lc_rs::constant_time::verify_slices_are_equal;
use axum::{
    Router,
    body::{Body, Bytes},
    extract::{FromRequestParts, Request},
    middleware::{Next, from_fn},
    response::{IntoResponse, Response},
};
use futures_util::stream;
use http::{HeaderMap, Method, header, request::Parts};
use http_body_util::BodyExt as _;
use multer::Multipart;
use std::convert::Infallible;
use tower_http::csrf::{CsrfLayer, ProtectionError};

/// The fields of a form, in the order they were sent. Of a field that was sent twice, the first counts.
#[derive(Clone, Default)]
pub struct Fields(Vec<(String, String)>);

impl Fields {
    /// `application/x-www-form-urlencoded`.
    pub fn parse(bytes: &[u8]) -> Option<Self> {
        let fields: Vec<(String, String)> = form_urlencoded::parse(bytes).into_owned().collect();
        Self::of(fields)
    }

    fn of(fields: Vec<(String, String)>) -> Option<Self> {
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

/// The files that a form was sent with, by the name of their field. What the sender calls a file, and what it says that it is, counts
/// for nothing and is not kept.
#[derive(Clone, Default)]
pub struct Files(Vec<(String, Bytes)>);

impl Files {
    /// The file that was chosen in that field; nothing where none was.
    pub fn get(&self, name: &str) -> Option<&Bytes> {
        self.0.iter().find(|(key, bytes)| key == name && !bytes.is_empty()).map(|(_, bytes)| bytes)
    }
}

/// The most parts that a form has.
const MOST_PARTS: usize = 200;

/// What a form was sent with, however it was sent.
struct Posted {
    fields: Fields,
    files: Files,
}

impl Posted {
    async fn read(headers: &HeaderMap, bytes: Bytes) -> Option<Self> {
        let kind = headers.get(header::CONTENT_TYPE).and_then(|line| line.to_str().ok()).unwrap_or_default();
        match multer::parse_boundary(kind) {
            Ok(boundary) => Self::multipart(bytes, boundary).await,
            Err(multer::Error::NoMultipart | multer::Error::DecodeContentType(_)) => {
                Some(Self { fields: Fields::parse(&bytes)?, files: Files::default() })
            }
            Err(_) => None,
        }
    }

    /// `multipart/form-data` (RFC 7578), as browsers write it: in UTF-8, a part with a file name is a file.
    async fn multipart(bytes: Bytes, boundary: String) -> Option<Self> {
        let body = stream::iter([Ok::<_, Infallible>(bytes)]);
        let mut parts = Multipart::new(body, boundary);
        let (mut fields, mut files) = (Vec::new(), Vec::new());
        while let Some(part) = parts.next_field().await.ok()? {
            if fields.len() + files.len() == MOST_PARTS {
                return None;
            }
            let name = part.name()?.to_owned();
            let is_file = part.file_name().is_some();
            let content = part.bytes().await.ok()?;
            if is_file {
                files.push((name, content));
            } else {
                fields.push((name, String::from_utf8(content.to_vec()).ok()?));
            }
        }
        Some(Self { fields: Fields::of(fields)?, files: Files(files) })
    }
}

/// The fields of the form of a request. Only behind [`guarded`].
pub struct Form(pub Fields);

/// The fields of the form of a request, with the files that were chosen in it. Only behind [`guarded`].
pub struct Upload(pub Fields, pub Files);

impl<S: Send + Sync> FromRequestParts<S> for Upload {
    type Rejection = Problem;

    async fn from_request_parts(parts: &mut Parts, state: &S) -> Result<Self, Problem> {
        let Form(fields) = Form::from_request_parts(parts, state).await?;
        Ok(Self(fields, parts.extensions.get::<Files>().cloned().unwrap_or_default()))
    }
}

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
    let posted = Posted::read(&parts.headers, bytes).await.ok_or(Protocol::MalformedForm)?;
    let Posted { fields, files } = posted;
    if let Some(secret) = Secret::of(&parts.headers, SESSION) {
        let sent = fields.get("csrf").unwrap_or_default();
        verify_slices_are_equal(sent.as_bytes(), secret.derived("csrf").as_bytes())
            .map_err(|_| Protocol::Csrf)?;
    }
    parts.extensions.insert(fields);
    parts.extensions.insert(files);
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

    async fn posted(kind: &str, body: &[u8]) -> Option<Posted> {
        let mut headers = HeaderMap::new();
        headers.insert(header::CONTENT_TYPE, kind.parse().expect("a kind"));
        Posted::read(&headers, Bytes::copy_from_slice(body)).await
    }

    const KIND: &str = "multipart/form-data; boundary=xx";

    #[tokio::test]
    async fn a_form_with_a_file_is_read_as_a_browser_writes_it() {
        let body = b"--xx\r\nContent-Disposition: form-data; name=\"csrf\"\r\n\r\nsecret\r\n\
            --xx\r\nContent-Disposition: form-data; name=\"note\"\r\n\r\n \xc3\xa6 & + \r\n\
            --xx\r\nContent-Disposition: form-data; name=\"scan\"; filename=\"../../a.pdf\"\r\nContent-Type: text/html\r\n\r\n%PDF-\0\xff\r\n\r\n\
            --xx\r\nContent-Disposition: form-data; name=\"none\"; filename=\"\"\r\nContent-Type: application/octet-stream\r\n\r\n\r\n--xx--\r\n";
        let Posted { fields, files } = posted(KIND, body).await.expect("a form");
        assert_eq!((fields.get("csrf"), fields.get("note")), (Some("secret"), Some("æ & +")));
        assert_eq!(fields.get("scan"), None, "a file is no field");
        assert_eq!(files.get("scan").map(|file| &file[..]), Some(&b"%PDF-\0\xff\r\n"[..]));
        assert!(files.get("none").is_none() && files.get("csrf").is_none());
        let plain = posted("application/x-www-form-urlencoded", b"a=1").await.expect("a form");
        assert_eq!(plain.fields.get("a"), Some("1"));
    }

    #[tokio::test]
    async fn what_no_browser_writes_is_no_form() {
        let part = |head: &str, content: &str| {
            format!("--xx\r\nContent-Disposition: form-data{head}\r\n\r\n{content}\r\n")
        };
        let end = "--xx--\r\n";
        for body in [
            "nothing".to_owned(),
            part("; name=\"a\"", "cut off"),
            format!("{}{end}", part("", "no name")),
            format!("{}{end}", part("; name=\"a\"", "nul \0")),
            format!("{}{end}", part("; name=\"a\"", "1").repeat(MOST_PARTS + 1)),
        ] {
            assert!(posted(KIND, body.as_bytes()).await.is_none(), "{}", &body[..body.len().min(80)]);
        }
        assert!(posted("multipart/form-data", end.as_bytes()).await.is_none(), "without a boundary");
    }
}
