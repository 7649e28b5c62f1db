//! What every answer shares, whatever the request was.
#![expect(clippy::unwrap_used, clippy::panic, reason = "a test may stop")]

use axum::{
    Extension, Router,
    body::Body,
    routing::{get, post},
};
use http::{HeaderValue, Method, Request, StatusCode, header};
use http_body_util::BodyExt as _;
use metrics_exporter_prometheus::PrometheusBuilder;
use serde_json::Value;
use std::{
    collections::BTreeMap,
    io::{self, Write},
    sync::{Arc, Mutex},
    time::Duration,
};
use tillid_domain::id::PersonId;
use tillid_edge::{ActorKind, Json, Path, Query, RequestId, Settings, layers};
use tower::ServiceExt as _;

fn app() -> Router {
    let settings = Settings { deadline: Duration::from_millis(200), ..Settings::new(|| "new".to_owned()) };
    let router = Router::new()
        .route("/", get(async |Extension(id): Extension<RequestId>| id.as_str().to_owned()))
        .route("/people/{id}", get(person))
        .route("/echo", post(async |Json(value): Json<Value>| Json(value)))
        .route("/panic", get(async || -> String { panic!("0101011234") }))
        .route("/slow", get(async || std::future::pending::<()>().await))
        .route("/page", get(async || [(header::CACHE_CONTROL, "private"), (header::SERVER, "x")]));
    layers(router, settings)
}

async fn person(
    Extension(actor): Extension<ActorKind>,
    Path(id): Path<PersonId>,
    Query(_): Query<BTreeMap<String, u8>>,
) -> String {
    actor.set("employee");
    id.to_string()
}

struct Seen {
    status: StatusCode,
    headers: http::HeaderMap,
    body: String,
}

impl Seen {
    fn header(&self, name: &str) -> &str {
        self.headers.get(name).map_or("", |value| value.to_str().unwrap())
    }
}

async fn ask(request: http::request::Builder, body: impl Into<Body>) -> Seen {
    let response = app().oneshot(request.body(body.into()).unwrap()).await.unwrap();
    let (parts, body) = response.into_parts();
    let body = String::from_utf8(body.collect().await.unwrap().to_bytes().to_vec()).unwrap();
    Seen { status: parts.status, headers: parts.headers, body }
}

fn get_(uri: &str) -> http::request::Builder {
    Request::get(uri)
}

const PERSON: &str = "/people/00000000-0000-0000-0000-000000000007";

#[tokio::test]
async fn every_answer_has_the_headers_and_every_refusal_is_a_problem() {
    let long = format!("/{}", "a".repeat(9000));
    let query = format!("{PERSON}?limit=x");
    let json = (header::CONTENT_TYPE, HeaderValue::from_static("application/json"));
    let large = HeaderValue::from_str(&"a".repeat(17_000)).unwrap();
    let endless = || Body::from_stream_of(70_000);
    for (request, body, status, code) in [
        (get_("/"), Body::empty(), 200, ""),
        (get_("/nowhere"), Body::empty(), 404, "not_found"),
        (get_("/people/7"), Body::empty(), 404, "not_found"),
        (get_("/people/%ff"), Body::empty(), 404, "not_found"),
        (get_(&query), Body::empty(), 400, "invalid_query"),
        (Request::delete("/"), Body::empty(), 405, "method_not_allowed"),
        (Request::builder().method("BREW").uri("/"), Body::empty(), 405, "method_not_allowed"),
        (get_(&long), Body::empty(), 414, "uri_too_long"),
        (get_("/").header("x", large), Body::empty(), 431, "headers_too_large"),
        (Request::post("/echo"), Body::from("{}"), 415, "wrong_content_type"),
        (Request::post("/echo").header(&json.0, &json.1), Body::from("{"), 400, "malformed_json"),
        (Request::post("/echo").header(&json.0, &json.1), endless(), 413, "body_too_large"),
        (Request::post("/echo").header(header::CONTENT_LENGTH, 70_000), Body::empty(), 413, "body_too_large"),
        (get_("/panic"), Body::empty(), 500, "internal"),
        (get_("/slow"), Body::empty(), 503, "unavailable"),
    ] {
        let seen = ask(request, body).await;
        assert_eq!(seen.status, status, "{code}: {}", seen.body);
        assert!(!seen.body.contains("0101011234"));
        assert_eq!(seen.header("x-request-id"), "new", "{code}");
        assert_eq!(seen.header("x-content-type-options"), "nosniff");
        assert_eq!(seen.header("referrer-policy"), "same-origin");
        assert_eq!(seen.header("cache-control"), "no-store");
        assert_eq!(seen.header("content-security-policy"), "default-src 'none'; frame-ancestors 'none'");
        assert_eq!(seen.header("server"), "");
        if !code.is_empty() {
            assert_eq!(seen.header("content-type"), "application/problem+json", "{code}");
            let problem: Value = serde_json::from_str(&seen.body).unwrap();
            assert_eq!(
                (problem["code"].as_str(), problem["status"].as_u64()),
                (Some(code), Some(status.into()))
            );
            assert_eq!(problem["type"], format!("/problems/{code}"));
        }
    }
}

trait FromStreamOf {
    fn from_stream_of(bytes: usize) -> Body;
}

impl FromStreamOf for Body {
    /// A body that does not tell its length beforehand.
    fn from_stream_of(bytes: usize) -> Body {
        Body::new(
            http_body_util::Full::new(axum::body::Bytes::from(vec![b' '; bytes])).map_frame(|frame| frame),
        )
    }
}

#[tokio::test]
async fn a_problem_speaks_the_callers_language() {
    let danish = ask(get_("/nowhere"), Body::empty()).await;
    let english = ask(get_("/nowhere").header("accept-language", "en"), Body::empty()).await;
    assert_eq!(
        danish.body,
        r#"{"type":"/problems/not_found","title":"Findes ikke","status":404,"code":"not_found"}"#
    );
    assert_eq!(english.body, danish.body.replace("Findes ikke", "Not found"));
    assert_eq!((danish.header("content-language"), english.header("content-language")), ("da", "en"));
    assert_eq!(english.header("content-length"), english.body.len().to_string());
    assert_eq!(english.header("vary"), "Accept-Language");
}

#[tokio::test]
async fn what_is_set_stays_and_what_is_not_allowed_says_what_is() {
    let page = ask(get_("/page"), Body::empty()).await;
    assert_eq!((page.header("cache-control"), page.header("server")), ("private", ""));
    let refused = ask(Request::builder().method(Method::DELETE).uri("/"), Body::empty()).await;
    assert_eq!(refused.header("allow"), "GET,HEAD");
    let named = ask(get_("/").header("x-request-id", "mine.1"), Body::empty()).await;
    assert_eq!((named.header("x-request-id"), named.body.as_str()), ("mine.1", "mine.1"));
}

#[derive(Clone, Default)]
struct Log(Arc<Mutex<Vec<u8>>>);

impl Write for Log {
    fn write(&mut self, bytes: &[u8]) -> io::Result<usize> {
        self.0.lock().unwrap().extend_from_slice(bytes);
        Ok(bytes.len())
    }

    fn flush(&mut self) -> io::Result<()> {
        Ok(())
    }
}

/// What is logged and counted while these requests are answered.
fn observed(requests: Vec<http::request::Builder>) -> (String, String) {
    let log = Log::default();
    let writer = log.clone();
    let subscriber = tracing_subscriber::fmt()
        .with_max_level(tracing::Level::TRACE)
        .with_ansi(false)
        .with_writer(move || writer.clone())
        .finish();
    let recorder = PrometheusBuilder::new().build_recorder();
    let runtime = tokio::runtime::Builder::new_current_thread().enable_all().build().unwrap();
    metrics::with_local_recorder(&recorder, || {
        tracing::subscriber::with_default(subscriber, || {
            runtime.block_on(async {
                for request in requests {
                    ask(request, Body::empty()).await;
                }
            });
        });
    });
    let lines = String::from_utf8(log.0.lock().unwrap().clone()).unwrap();
    (lines, recorder.handle().render())
}

#[test]
fn a_request_is_one_line_with_its_route_and_never_its_address() {
    let (lines, _) = observed(vec![
        get_(&format!("{PERSON}?cpr=1"))
            .header("authorization", "Bearer s3cret")
            .header("x-request-id", "mine"),
        get_("/secret-path?token=s3cret"),
        get_("/panic"),
    ]);
    let answered: Vec<&str> = lines.lines().filter(|line| line.contains("answered")).collect();
    assert_eq!(answered.len(), 3, "{lines}");
    let first = answered.first().unwrap();
    for part in [
        "request_id=\"mine\"",
        "method=\"GET\"",
        "route=\"/people/{id}\"",
        "status=\"200\"",
        "duration_ms=",
        "actor=\"employee\"",
    ] {
        assert!(first.contains(part), "{part}: {first}");
    }
    for secret in ["00000000-0000", "cpr", "s3cret", "secret-path", "0101011234"] {
        assert!(!lines.contains(secret), "{secret}: {lines}");
    }
    assert!(lines.contains("a handler panicked"));
}

#[test]
fn requests_are_measured_by_route_and_status() {
    let unknown = Request::builder().method("BREW").uri("/x");
    let (_, metrics) = observed(vec![get_(PERSON), get_("/panic"), get_("/secret-path"), unknown]);
    let count = |method: &str, route: &str, status: &str| {
        let line = format!(
            "http_server_request_duration_seconds_count{{method=\"{method}\",route=\"{route}\",status=\"{status}\"}} 1"
        );
        assert!(metrics.contains(&line), "{line}\n{metrics}");
    };
    count("GET", "/people/{id}", "200");
    count("GET", "/panic", "500");
    count("GET", "unmatched", "404");
    count("other", "unmatched", "404");
    assert!(metrics.contains("http_server_active_requests 0"), "{metrics}");
}

#[tokio::test]
async fn a_head_request_has_no_body() {
    let seen = ask(Request::head("/"), Body::empty()).await;
    assert_eq!((seen.status, seen.body.as_str()), (StatusCode::OK, ""));
}
