//! A negative control: a cache of answers before a node. It keeps each for half a second, as somebody might who finds decisions slow.

use axum::{
    Router,
    body::{Bytes, to_bytes},
    extract::{Request, State},
    http::{HeaderName, StatusCode, header, request::Parts},
    response::{IntoResponse, Response},
};
use reqwest::Client;
use std::{
    collections::HashMap,
    sync::{
        Arc, Mutex,
        atomic::{AtomicUsize, Ordering},
    },
    time::{Duration, Instant},
};
use tokio::{net::TcpListener, task::JoinHandle};

pub(crate) const KEPT: Duration = Duration::from_millis(500);
const CACHED: &str = "/access/v1/evaluation";

/// The cache.
pub(crate) struct Cache {
    /// Its address, to be used in place of the node's.
    pub(crate) base: String,
    proxy: Proxy,
    task: JoinHandle<()>,
}

#[derive(Clone)]
struct Proxy {
    node: String,
    client: Client,
    kept: Arc<Mutex<HashMap<Question, (Instant, Bytes)>>>,
    hits: Arc<AtomicUsize>,
}

/// Who asks, and what.
type Question = (Vec<u8>, Bytes);

impl Cache {
    /// In front of the node at this address.
    pub(crate) async fn before(node: &str) -> Self {
        let listener = TcpListener::bind("127.0.0.1:0").await.expect("a port");
        let base = format!("http://{}", listener.local_addr().expect("an address"));
        let proxy = Proxy {
            node: node.to_owned(),
            client: Client::new(),
            kept: Arc::default(),
            hits: Arc::default(),
        };
        let app = Router::new().fallback(answer).with_state(proxy.clone());
        let task = tokio::spawn(async { axum::serve(listener, app).await.expect("it serves") });
        Self { base, proxy, task }
    }

    /// How often it has answered by itself.
    pub(crate) fn hits(&self) -> usize {
        self.proxy.hits.load(Ordering::Relaxed)
    }
}

impl Drop for Cache {
    fn drop(&mut self) {
        self.task.abort();
    }
}

async fn answer(State(proxy): State<Proxy>, request: Request) -> Response {
    let (parts, body) = request.into_parts();
    let body = to_bytes(body, 1 << 20).await.expect("a body");
    if parts.uri.path() != CACHED {
        return match proxy.pass_on(parts, body).await {
            Some((status, body)) => (status, body).into_response(),
            None => StatusCode::BAD_GATEWAY.into_response(),
        };
    }
    let who = parts.headers.get(header::AUTHORIZATION).map_or_else(Vec::new, |who| who.as_bytes().to_vec());
    let question = (who, body.clone());
    let kept = proxy.kept.lock().expect("the answers").get(&question).cloned();
    if let Some((_, answer)) = kept.filter(|(since, _)| since.elapsed() < KEPT) {
        proxy.hits.fetch_add(1, Ordering::Relaxed);
        return (StatusCode::OK, answer).into_response();
    }
    let asked = Instant::now();
    match proxy.pass_on(parts, body).await {
        Some((StatusCode::OK, answer)) => {
            proxy.kept.lock().expect("the answers").insert(question, (asked, answer.clone()));
            (StatusCode::OK, answer).into_response()
        }
        Some((status, body)) => (status, body).into_response(),
        None => StatusCode::BAD_GATEWAY.into_response(),
    }
}

impl Proxy {
    async fn pass_on(&self, parts: Parts, body: Bytes) -> Option<(StatusCode, Bytes)> {
        let mut request = self.client.request(parts.method, format!("{}{}", self.node, parts.uri));
        let hop = [HeaderName::from_static("host"), HeaderName::from_static("content-length")];
        for (name, value) in parts.headers.iter().filter(|(name, _)| !hop.contains(name)) {
            request = request.header(name, value);
        }
        let answer = request.body(body).send().await.ok()?;
        let status = answer.status();
        Some((status, answer.bytes().await.ok()?))
    }
}
