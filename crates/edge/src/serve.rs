//! The accept loop.
//!
//! `axum::serve` waits for a slow client for ever. Here every connection has a deadline for whatever it is waiting for, and there
//! are only so many of them.

use crate::{
    layers::secured,
    problem::{Problem, Protocol, render_problems},
    stream::{Arriving, Watched},
};
use axum::{
    Router,
    body::{Body, Bytes},
    extract::ConnectInfo,
    middleware,
};
use http::{HeaderValue, Request, Response, header};
use hyper::body::{Body as HttpBody, Frame, Incoming, SizeHint};
use hyper_util::{
    rt::{TokioExecutor, TokioIo, TokioTimer},
    server::conn::auto::Builder,
};
use std::{
    convert::Infallible,
    io,
    net::SocketAddr,
    pin::{Pin, pin},
    sync::Arc,
    task::{Context, Poll},
    time::Duration,
};
use tokio::{
    net::{TcpListener, TcpStream},
    sync::watch,
    task::JoinSet,
    time::{sleep, timeout},
};
use tower::ServiceExt as _;

/// Connections beyond the limit that are told so; any further ones are just closed.
const TOLD_THAT_IT_IS_FULL: usize = 128;
/// How long to wait for file descriptors.
const ACCEPT_PAUSE: Duration = Duration::from_millis(50);

/// How long anything may take, and how much of it there may be.
///
/// The defaults close a connection on which nothing useful happens within 15 seconds, whatever it is slow at.
#[derive(Clone, Debug)]
pub struct Limits {
    /// From the connection, or the answer before, to the end of a request's head. An HTTP/1 connection is therefore also idle for
    /// at most this long: a proxy in front must give idle connections up sooner.
    pub header_deadline: Duration,
    /// From the end of a request's head to the end of its body; then it is [`Protocol::RequestTimeout`]. Shorter than the
    /// deadline of a request, so that a slow client is not taken for a slow server.
    pub body_deadline: Duration,
    /// How long an HTTP/2 connection stays without a request. One that answers no ping is closed after two header deadlines.
    pub idle_deadline: Duration,
    /// How long a client that does not read its answer is waited for, for each 16 KiB of it.
    pub write_deadline: Duration,
    /// How many connections are served at the same time.
    pub max_connections: usize,
    /// How many bytes of a request's head are held. Beyond it hyper answers a bare 431 or 414 by itself; [`layers`](crate::layers())
    /// has the limits that are answered properly, and they are lower.
    pub max_header_bytes: usize,
    /// How long requests are waited for at shutdown.
    pub drain: Duration,
}

impl Default for Limits {
    fn default() -> Self {
        Self {
            header_deadline: Duration::from_secs(5),
            body_deadline: Duration::from_secs(8),
            idle_deadline: Duration::from_mins(1),
            write_deadline: Duration::from_secs(10),
            max_connections: 10_000,
            max_header_bytes: 40 * 1024,
            drain: Duration::from_secs(15),
        }
    }
}

/// Serves until `shutdown`, then lets the requests under way finish within [`Limits::drain`] and returns.
///
/// Each request has the peer's address in its extensions, as `ConnectInfo<SocketAddr>`.
pub async fn serve(
    listener: TcpListener,
    app: Router,
    limits: Limits,
    shutdown: impl Future<Output = ()>,
) -> io::Result<()> {
    tracing::info!(address = %listener.local_addr()?, "listening");
    let full = full();
    let (stop, stopped) = watch::channel(());
    let mut connections = JoinSet::new();
    let mut shutdown = pin!(shutdown);
    loop {
        let accepted = tokio::select! {
            () = &mut shutdown => break,
            Some(_) = connections.join_next() => continue,
            accepted = listener.accept() => accepted,
        };
        match accepted {
            Ok((stream, peer)) => {
                let app = match connections.len().checked_sub(limits.max_connections) {
                    None => &app,
                    Some(over) if over < TOLD_THAT_IT_IS_FULL => &full,
                    Some(_) => continue,
                };
                connections.spawn(connection(stream, peer, app.clone(), limits.clone(), stopped.clone()));
            }
            Err(error) if is_the_peers(&error) => {}
            Err(error) => {
                // Out of file descriptors or memory: only time helps, and the listener stays good.
                tracing::warn!(%error, "cannot accept connections");
                sleep(ACCEPT_PAUSE).await;
            }
        }
    }
    drop(listener);
    drop(stop);
    let all = async { while connections.join_next().await.is_some() {} };
    if timeout(limits.drain, all).await.is_err() {
        tracing::warn!(connections = connections.len(), "requests were cut off at shutdown");
    }
    connections.shutdown().await;
    Ok(())
}

fn is_the_peers(error: &io::Error) -> bool {
    use io::ErrorKind::{ConnectionAborted, ConnectionRefused, ConnectionReset};
    matches!(error.kind(), ConnectionAborted | ConnectionRefused | ConnectionReset)
}

fn full() -> Router {
    let answer = || async {
        Problem::from(Protocol::TooManyConnections)
            .with_header(header::CONNECTION, HeaderValue::from_static("close"))
    };
    Router::new()
        .fallback(answer)
        .layer(middleware::from_fn_with_state(None, render_problems))
        .layer(middleware::from_fn(secured))
}

async fn connection(
    stream: TcpStream,
    peer: SocketAddr,
    app: Router,
    limits: Limits,
    mut stop: watch::Receiver<()>,
) {
    // Answers are short, and a client waits for each.
    let _ = stream.set_nodelay(true);
    let activity = Activity::default();
    let service = {
        let (activity, body_deadline) = (activity.clone(), limits.body_deadline);
        hyper::service::service_fn(move |request| {
            answer(app.clone(), request, peer, body_deadline, activity.begin())
        })
    };
    let builder = builder(&limits);
    let io = TokioIo::new(Watched::new(stream, limits.header_deadline, limits.write_deadline));
    let mut connection = pin!(builder.serve_connection(io, service));
    tokio::select! {
        ended = connection.as_mut() => {
            if let Err(error) = ended {
                tracing::debug!(%error, "a connection ended");
            }
            return;
        }
        _ = stop.changed() => {}
        () = activity.idle_for(limits.idle_deadline) => {}
    }
    connection.as_mut().graceful_shutdown();
    if timeout(limits.drain, connection).await.is_err() {
        tracing::debug!("a connection was cut off");
    }
}

fn builder(limits: &Limits) -> Builder<TokioExecutor> {
    let mut builder = Builder::new(TokioExecutor::new());
    builder
        .http1()
        .timer(TokioTimer::new())
        .header_read_timeout(limits.header_deadline)
        // hyper's own least.
        .max_buf_size(limits.max_header_bytes.max(8192));
    builder
        .http2()
        .timer(TokioTimer::new())
        .keep_alive_interval(limits.header_deadline)
        .keep_alive_timeout(limits.header_deadline)
        .max_concurrent_streams(64)
        .max_header_list_size(u32::try_from(limits.max_header_bytes).unwrap_or(u32::MAX))
        .max_pending_accept_reset_streams(16)
        .max_local_error_reset_streams(64)
        .max_send_buf_size(64 * 1024)
        .initial_stream_window_size(64 * 1024)
        .initial_connection_window_size(256 * 1024);
    builder
}

async fn answer(
    app: Router,
    request: Request<Incoming>,
    peer: SocketAddr,
    body_deadline: Duration,
    busy: Busy,
) -> Result<Response<Answer>, Infallible> {
    let (mut parts, body) = request.into_parts();
    parts.extensions.insert(ConnectInfo(peer));
    let body = if body.is_end_stream() {
        Body::empty()
    } else {
        Body::new(Arriving::new(body, &parts.headers, body_deadline))
    };
    let response = app.oneshot(Request::from_parts(parts, body)).await?;
    Ok(response.map(|body| Answer { body, _busy: busy }))
}

/// An answer's body; the request is under way until it is gone.
struct Answer {
    body: Body,
    _busy: Busy,
}

impl HttpBody for Answer {
    type Data = Bytes;
    type Error = axum::Error;

    fn poll_frame(
        mut self: Pin<&mut Self>,
        cx: &mut Context<'_>,
    ) -> Poll<Option<Result<Frame<Bytes>, axum::Error>>> {
        Pin::new(&mut self.body).poll_frame(cx)
    }

    fn is_end_stream(&self) -> bool {
        self.body.is_end_stream()
    }

    fn size_hint(&self) -> SizeHint {
        self.body.size_hint()
    }
}

/// How many requests of a connection are under way.
#[derive(Clone, Default)]
struct Activity(Arc<watch::Sender<usize>>);

impl Activity {
    fn begin(&self) -> Busy {
        self.0.send_modify(|count| *count += 1);
        Busy(self.clone())
    }

    /// Returns when no request has been under way for that long.
    async fn idle_for(&self, wait: Duration) {
        let mut count = self.0.subscribe();
        loop {
            // The sender lives as long as `self`, so waiting for it does not fail.
            let _ = count.wait_for(|count| *count == 0).await;
            if timeout(wait, count.changed()).await.is_err() {
                return;
            }
        }
    }
}

struct Busy(Activity);

impl Drop for Busy {
    fn drop(&mut self) {
        self.0.0.send_modify(|count| *count = count.saturating_sub(1));
    }
}
