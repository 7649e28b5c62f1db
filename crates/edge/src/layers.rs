//! What every request goes through and every answer shares.

use crate::{
    arrival::arrived,
    headers::{REQUEST_ID, RequestId},
    problem::{Protocol, Reader, RenderPage},
};
use axum::{
    Router,
    body::Body,
    extract::{MatchedPath, Request, State},
    middleware::{Next, from_fn_with_state},
    response::{IntoResponse, Response},
};
use futures_util::FutureExt as _;
use http::{HeaderMap, HeaderName, HeaderValue, Method, header};
use http_body_util::Limited;
use std::{
    fmt,
    net::IpAddr,
    panic::AssertUnwindSafe,
    sync::{Arc, OnceLock},
    time::{Duration, Instant},
};
use tracing::{Instrument as _, Span};

const MAX_URI: usize = 8 * 1024;
const MAX_HEADERS: usize = 16 * 1024;

/// What the layers need to be told.
#[derive(Clone)]
pub struct Settings {
    /// Makes the id of a request whose caller gave none: 1 to 64 characters of `A-Za-z0-9._-`.
    pub new_request_id: Arc<dyn Fn() -> String + Send + Sync>,
    /// The largest request body, in bytes.
    pub body_limit: usize,
    /// The routes that take larger ones, and how large.
    pub large_bodies: &'static [(&'static str, usize)],
    /// How long a handler may take until its answer begins; then it is dropped, and the caller is told
    /// [`Protocol::Unavailable`].
    pub deadline: Duration,
    /// Writes a problem for a browser; without it, a browser is told like a program.
    pub page: Option<RenderPage>,
    /// The proxies that are believed when they tell of a client's certificate (RFC 9440); from anybody else, the header is refused.
    pub client_cert_from: Arc<[IpAddr]>,
}

impl Settings {
    /// 64 KiB and ten seconds.
    pub fn new(new_request_id: impl Fn() -> String + Send + Sync + 'static) -> Self {
        let deadline = Duration::from_secs(10);
        Self {
            new_request_id: Arc::new(new_request_id),
            body_limit: 64 * 1024,
            large_bodies: &[],
            deadline,
            page: None,
            client_cert_from: Arc::new([]),
        }
    }
}

impl fmt::Debug for Settings {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let Self { new_request_id: _, body_limit, large_bodies, deadline, page: _, client_cert_from } = self;
        f.debug_struct("Settings")
            .field("body_limit", body_limit)
            .field("large_bodies", large_bodies)
            .field("deadline", deadline)
            .field("client_cert_from", client_cert_from)
            .finish_non_exhaustive()
    }
}

/// The kind of caller, for the log line of a request. It is in every request's extensions; who authenticates sets it.
#[derive(Clone, Default, Debug)]
pub struct ActorKind(Arc<OnceLock<&'static str>>);

impl ActorKind {
    /// Sets the kind; the first one stays.
    pub fn set(&self, kind: &'static str) {
        let _ = self.0.set(kind);
    }
}

/// The router with, from the outside in: request id, log line and metrics, security headers, problems in the caller's language, what
/// is noted of a request when it arrives, limits, deadline, panics as [`Protocol::Internal`]. What no route takes is
/// [`Protocol::NotFound`] or [`Protocol::MethodNotAllowed`]; a fallback that the router has is replaced.
pub fn layers(router: Router, settings: Settings) -> Router {
    // One layer for all of it: each one costs every request a copy of what is further in.
    router
        .method_not_allowed_fallback(async || Protocol::MethodNotAllowed)
        .fallback(async || Protocol::NotFound)
        .layer(from_fn_with_state(Arc::new(settings), through))
}

async fn through(State(settings): State<Arc<Settings>>, mut request: Request, next: Next) -> Response {
    let id = RequestId::of(request.headers(), || (settings.new_request_id)());
    let value = HeaderValue::from_str(id.as_str());
    let span = span(&request, &id);
    let underway = Underway::begin(&mut request);
    request.extensions_mut().insert(id);
    let mut response = underway.until(answered(&settings, request, next)).instrument(span).await;
    if let Ok(value) = value {
        response.headers_mut().insert(REQUEST_ID, value);
    }
    response
}

/// Only the route's template is logged and counted: an address can name a person.
fn span(request: &Request, id: &RequestId) -> Span {
    let route = request.extensions().get::<MatchedPath>().map_or(UNMATCHED, MatchedPath::as_str);
    tracing::info_span!("request", request_id = id.as_str(), method = method(request.method()), route)
}

async fn answered(settings: &Settings, mut request: Request, next: Next) -> Response {
    let reader = Reader::of(&request, settings.page.as_ref());
    let response = match arrived(&mut request, &settings.client_cert_from) {
        Ok(allowance) => {
            let mut response = within_limits(settings, request, next).await;
            allowance.tell(response.headers_mut());
            response
        }
        Err(problem) => problem.into_response(),
    };
    let mut response = reader.told(response);
    secure(response.headers_mut());
    response
}

const UNMATCHED: &str = "unmatched";

/// Methods that nobody here knows would be labels that anyone can invent.
fn method(method: &Method) -> &'static str {
    match *method {
        Method::GET => "GET",
        Method::HEAD => "HEAD",
        Method::POST => "POST",
        Method::PUT => "PUT",
        Method::PATCH => "PATCH",
        Method::DELETE => "DELETE",
        Method::OPTIONS => "OPTIONS",
        _ => "other",
    }
}

/// A request under way; told of when it is dropped, so that one whose client went away is told of too.
struct Underway {
    method: &'static str,
    route: Option<MatchedPath>,
    actor: ActorKind,
    began: Instant,
    status: Option<u16>,
}

impl Underway {
    fn begin(request: &mut Request) -> Self {
        metrics::gauge!("http_server_active_requests").increment(1.0);
        let actor = ActorKind::default();
        request.extensions_mut().insert(actor.clone());
        let route = request.extensions().get::<MatchedPath>().cloned();
        Self { method: method(request.method()), route, actor, began: Instant::now(), status: None }
    }

    async fn until(mut self, answer: impl Future<Output = Response>) -> Response {
        let response = answer.await;
        self.status = Some(response.status().as_u16());
        response
    }
}

impl Drop for Underway {
    fn drop(&mut self) {
        let took = self.began.elapsed();
        metrics::gauge!("http_server_active_requests").decrement(1.0);
        let status = self.status.map_or_else(|| "abandoned".to_owned(), |status| status.to_string());
        tracing::info!(
            status,
            duration_ms = took.as_secs_f64() * 1000.0,
            actor = self.actor.0.get().copied().unwrap_or("unknown"),
            "answered"
        );
        let route = self.route.as_ref().map_or(UNMATCHED, MatchedPath::as_str).to_owned();
        let labels = [("method", self.method.to_owned()), ("route", route), ("status", status)];
        metrics::histogram!("http_server_request_duration_seconds", &labels).record(took.as_secs_f64());
    }
}

/// Middleware that sets the security headers.
pub(crate) async fn secured(request: Request, next: Next) -> Response {
    let mut response = next.run(request).await;
    secure(response.headers_mut());
    response
}

fn secure(headers: &mut HeaderMap) {
    headers.remove(header::SERVER);
    headers.insert(header::X_CONTENT_TYPE_OPTIONS, HeaderValue::from_static("nosniff"));
    let unless_set: [(HeaderName, &str); 3] = [
        (header::REFERRER_POLICY, "same-origin"),
        (header::CACHE_CONTROL, "no-store"),
        (header::CONTENT_SECURITY_POLICY, "default-src 'none'; frame-ancestors 'none'"),
    ];
    for (name, value) in unless_set {
        headers.entry(name).or_insert(HeaderValue::from_static(value));
    }
}

/// Refuses what is too large, and gives up on what takes too long or panics.
async fn within_limits(settings: &Settings, request: Request, next: Next) -> Response {
    if request.uri().path_and_query().is_some_and(|p| p.as_str().len() > MAX_URI) {
        return Protocol::UriTooLong.into_response();
    }
    if size(request.headers()) > MAX_HEADERS {
        return Protocol::HeadersTooLarge.into_response();
    }
    let told =
        request.headers().get(header::CONTENT_LENGTH).and_then(|length| length.to_str().ok()?.parse().ok());
    let route = request.extensions().get::<MatchedPath>().map(MatchedPath::as_str);
    let large = settings.large_bodies.iter().find(|(path, _)| Some(*path) == route);
    let limit = large.map_or(settings.body_limit, |(_, limit)| *limit);
    if told.is_some_and(|length: usize| length > limit) {
        return Protocol::BodyTooLarge.into_response();
    }
    let request = request.map(|body| Body::new(Limited::new(body, limit)));
    let handled = AssertUnwindSafe(next.run(request)).catch_unwind();
    match tokio::time::timeout(settings.deadline, handled).await {
        Ok(Ok(response)) => response,
        // The panic's own text can hold anything, and is not looked at.
        Ok(Err(_panic)) => {
            tracing::error!("a handler panicked");
            Protocol::Internal.into_response()
        }
        Err(_late) => {
            tracing::warn!("a handler took too long");
            Protocol::Unavailable.into_response()
        }
    }
}

/// As HTTP/1 writes them.
fn size(headers: &HeaderMap) -> usize {
    headers.iter().map(|(name, value)| name.as_str().len() + value.len() + 4).sum()
}
