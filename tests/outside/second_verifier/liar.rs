//! A server between the log and whoever checks it, which alters what it hands on.

use axum::{
    Router,
    body::Body,
    extract::State,
    http::{StatusCode, Uri},
    response::{IntoResponse, Response},
};
use std::sync::{Arc, Mutex};

/// What is handed on of a path instead of the truth; `None` is what is not there.
type Lie = Box<dyn Fn(&str, Option<Vec<u8>>) -> Option<Vec<u8>> + Send>;

#[derive(Clone)]
pub(super) struct Liar {
    /// Its address, such as `http://127.0.0.1:40321`.
    pub(super) base: String,
    told: Arc<Mutex<Lie>>,
}

#[derive(Clone)]
struct Way {
    honest: String,
    client: reqwest::Client,
    told: Arc<Mutex<Lie>>,
}

impl Liar {
    /// One who hands on what that server says; honest until it is told otherwise.
    pub(super) async fn before(honest: &str) -> Self {
        let honest_words: Lie = Box::new(|_, body| body);
        let told = Arc::new(Mutex::new(honest_words));
        let way = Way { honest: honest.to_owned(), client: reqwest::Client::new(), told: Arc::clone(&told) };
        let listener = tokio::net::TcpListener::bind("127.0.0.1:0").await.expect("a port");
        let base = format!("http://{}", listener.local_addr().expect("an address"));
        tokio::spawn(
            async move { axum::serve(listener, Router::new().fallback(hand_on).with_state(way)).await },
        );
        Self { base, told }
    }

    /// From now on, this of whatever is asked for.
    pub(super) fn says(&self, lie: impl Fn(&str, Option<Vec<u8>>) -> Option<Vec<u8>> + Send + 'static) {
        *self.told.lock().expect("the lie") = Box::new(lie);
    }

    /// From now on, that path's bytes after this change, and everything else as it is.
    pub(super) fn alters(&self, path: &str, change: fn(&mut Vec<u8>)) {
        let path = path.to_owned();
        self.says(move |asked, mut body| {
            if let Some(bytes) = body.as_mut().filter(|_| asked == path) {
                change(bytes);
            }
            body
        });
    }

    /// From now on, these bytes at that path, and everything else as it is.
    pub(super) fn serves(&self, path: &str, bytes: Vec<u8>) {
        let path = path.to_owned();
        self.says(move |asked, body| if asked == path { Some(bytes.clone()) } else { body });
    }
}

async fn hand_on(State(way): State<Way>, uri: Uri) -> Response {
    let answer = way.client.get(format!("{}{}", way.honest, uri.path())).send().await.expect("an answer");
    let found = answer.status() == StatusCode::OK;
    let body = answer.bytes().await.expect("a body").to_vec();
    match (way.told.lock().expect("the lie"))(uri.path(), found.then_some(body)) {
        Some(body) => Body::from(body).into_response(),
        None => StatusCode::NOT_FOUND.into_response(),
    }
}
