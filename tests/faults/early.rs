//! A negative control: a service that acknowledges revocations before they are durable.
//!
//! It stands between the callers and the real service. A revocation is answered at once and passed on only when enough others have
//! come after it, as by a database that commits in the background. Everything else is passed on first and answered afterwards.

use axum::{
    Router,
    body::{Bytes, to_bytes},
    extract::{Request, State},
    http::{HeaderName, StatusCode, request::Parts},
    response::{IntoResponse, Response},
};
use reqwest::Client;
use std::{
    collections::VecDeque,
    sync::{Arc, Mutex},
};
use tokio::{net::TcpListener, task::JoinHandle};

/// How many revocations are acknowledged and not yet made.
const BEHIND: usize = 8;

/// The early acknowledger; what it has not passed on when it is dropped is lost.
pub(crate) struct Early {
    /// Its address, to be used in place of the service's.
    pub(crate) base: String,
    task: JoinHandle<()>,
}

#[derive(Clone)]
struct Proxy {
    service: String,
    client: Client,
    held: Arc<Mutex<VecDeque<(Parts, Bytes)>>>,
}

impl Early {
    /// In front of the service at this address.
    pub(crate) async fn before(service: &str) -> Self {
        let listener = TcpListener::bind("127.0.0.1:0").await.expect("a port");
        let base = format!("http://{}", listener.local_addr().expect("an address"));
        let proxy = Proxy { service: service.to_owned(), client: Client::new(), held: Arc::default() };
        let app = Router::new().fallback(answer).with_state(proxy);
        let task = tokio::spawn(async { axum::serve(listener, app).await.expect("it serves") });
        Self { base, task }
    }
}

impl Drop for Early {
    fn drop(&mut self) {
        self.task.abort();
    }
}

async fn answer(State(proxy): State<Proxy>, request: Request) -> Response {
    let (parts, body) = request.into_parts();
    let body = to_bytes(body, 1 << 20).await.expect("a body");
    let path = parts.uri.path().to_owned();
    let Some(mandate) = path.strip_prefix("/v1/mandates/").and_then(|rest| rest.strip_suffix("/revoke"))
    else {
        return proxy.pass_on(parts, body).await;
    };
    let oldest = {
        let mut held = proxy.held.lock().expect("the queue");
        held.push_back((parts, body));
        if held.len() > BEHIND { held.pop_front() } else { None }
    };
    if let Some((parts, body)) = oldest {
        proxy.pass_on(parts, body).await;
    }
    axum::Json(serde_json::json!({"id": mandate, "state": "revoked"})).into_response()
}

impl Proxy {
    async fn pass_on(&self, parts: Parts, body: Bytes) -> Response {
        let mut request = self.client.request(parts.method, format!("{}{}", self.service, parts.uri));
        let hop = [HeaderName::from_static("host"), HeaderName::from_static("content-length")];
        for (name, value) in parts.headers.iter().filter(|(name, _)| !hop.contains(name)) {
            request = request.header(name, value);
        }
        // A service that is gone is a bad gateway; the caller does not know what came of it.
        let Ok(answer) = request.body(body).send().await else {
            return StatusCode::BAD_GATEWAY.into_response();
        };
        let status = answer.status();
        match answer.bytes().await {
            Ok(body) => (status, body).into_response(),
            Err(_) => StatusCode::BAD_GATEWAY.into_response(),
        }
    }
}
