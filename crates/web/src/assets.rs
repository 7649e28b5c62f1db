//! What browsers fetch beside the pages: styles, fonts, icons and one small script, all from here.

use axum::{
    Router,
    body::Body,
    extract::Path,
    response::{IntoResponse, Response},
    routing::get,
};
use http::{HeaderMap, HeaderValue, header};
use tillid_edge::Protocol;

mod gathered {
    use super::File;
    include!(concat!(env!("OUT_DIR"), "/assets.rs"));
}

/// A file as it is kept.
struct File {
    name: &'static str,
    /// Whether `bytes` are compressed.
    gzip: bool,
    bytes: &'static [u8],
}

/// The address of a file. It changes with its content, so that browsers may keep it for good.
pub(crate) fn address(name: &str) -> String {
    format!("/assets/{}/{name}", gathered::VERSION)
}

pub(crate) fn router<S: Clone + Send + Sync + 'static>() -> Router<S> {
    Router::new().route("/assets/{version}/{*name}", get(file))
}

async fn file(Path((version, name)): Path<(String, String)>, headers: HeaderMap) -> Response {
    let found = gathered::FILES.iter().find(|file| file.name == name);
    // Another version's page asks for what may have changed meanwhile.
    let Some(file) = found.filter(|_| version == gathered::VERSION) else {
        return Protocol::NotFound.into_response();
    };
    if file.gzip && !takes_gzip(&headers) {
        return (http::StatusCode::NOT_ACCEPTABLE, [(header::VARY, "Accept-Encoding")]).into_response();
    }
    let mut response = Response::new(Body::from(file.bytes));
    let out = response.headers_mut();
    out.insert(header::CONTENT_TYPE, HeaderValue::from_static(content_type(file.name)));
    out.insert(header::CACHE_CONTROL, HeaderValue::from_static("public, max-age=31536000, immutable"));
    if file.gzip {
        out.insert(header::CONTENT_ENCODING, HeaderValue::from_static("gzip"));
        out.insert(header::VARY, HeaderValue::from_static("Accept-Encoding"));
    }
    response
}

/// Every browser does; who says nothing takes anything (RFC 9110, section 12.5.3).
fn takes_gzip(headers: &HeaderMap) -> bool {
    let Some(line) = headers.get(header::ACCEPT_ENCODING) else { return true };
    line.to_str().is_ok_and(|line| {
        line.split(',').map(str::trim).any(|coding| {
            let (name, weight) = coding.split_once(';').unwrap_or((coding, ""));
            matches!(name.trim(), "gzip" | "*") && weight.trim().trim_start_matches("q=") != "0"
        })
    })
}

fn content_type(name: &str) -> &'static str {
    match name.rsplit_once('.').map(|(_, ending)| ending) {
        Some("css") => "text/css; charset=utf-8",
        Some("js") => "text/javascript; charset=utf-8",
        Some("svg") => "image/svg+xml",
        Some("woff2") => "font/woff2",
        Some("md") => "text/markdown; charset=utf-8",
        _ => "application/octet-stream",
    }
}
