//! The accept loop over real sockets. A client that is slow at anything is let go in bounded time, and nobody else notices.
#![expect(clippy::unwrap_used, reason = "a test may stop")]

use axum::{
    Router,
    body::{Body, Bytes},
    routing::{get, post},
};
use hyper::body::Frame;
use serde_json::Value;
use std::{
    io,
    net::SocketAddr,
    pin::Pin,
    sync::Arc,
    task::{Context, Poll},
    time::{Duration, Instant},
};
use tillid_edge::{Json, Limits, Settings, layers, serve};
use tokio::{
    io::{AsyncReadExt as _, AsyncWriteExt as _},
    net::{TcpListener, TcpStream},
    sync::{Notify, mpsc, oneshot},
    task::JoinHandle,
    time::timeout,
};

const SHORT: Duration = Duration::from_millis(300);
/// Well past every short deadline, also on a busy machine.
const BOUND: Duration = Duration::from_secs(5);

fn limits() -> Limits {
    Limits {
        header_deadline: SHORT,
        body_deadline: SHORT,
        idle_deadline: BOUND * 4,
        write_deadline: SHORT,
        drain: BOUND,
        ..Limits::default()
    }
}

fn app() -> Router {
    let router = Router::new()
        .route("/", get(async || "hello"))
        .route("/echo", post(async |Json(value): Json<Value>| Json(value)));
    layers(router, Settings::new(|| "id".to_owned()))
}

struct Server {
    address: SocketAddr,
    stop: oneshot::Sender<()>,
    running: JoinHandle<io::Result<()>>,
}

async fn start(app: Router, limits: Limits) -> Server {
    let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
    let address = listener.local_addr().unwrap();
    let (stop, stopped) = oneshot::channel();
    let running = tokio::spawn(serve(listener, app, limits, async {
        // A test that lets go of its end does not mean a shutdown.
        if stopped.await.is_err() {
            std::future::pending::<()>().await;
        }
    }));
    Server { address, stop, running }
}

/// Sends the bytes, then `drip` again and again, and reads until the server closes; `None` if it does not within `bound`.
async fn until_closed(to: SocketAddr, bytes: &[u8], drip: &'static [u8], bound: Duration) -> Option<String> {
    let (mut read, mut write) = TcpStream::connect(to).await.unwrap().into_split();
    let _ = write.write_all(bytes).await;
    let dripping = tokio::spawn(async move {
        for byte in drip.iter().cycle() {
            tokio::time::sleep(SHORT / 6).await;
            if write.write_all(&[*byte]).await.is_err() {
                return;
            }
        }
        // Nothing to drip: stay.
        std::future::pending::<()>().await;
    });
    let mut seen = Vec::new();
    let closed = timeout(bound, read.read_to_end(&mut seen)).await;
    dripping.abort();
    closed.ok().map(|_| String::from_utf8_lossy(&seen).into_owned())
}

async fn honest(to: SocketAddr) -> Duration {
    let began = Instant::now();
    let request = b"GET / HTTP/1.1\r\nHost: a\r\nConnection: close\r\n\r\n";
    let answer = until_closed(to, request, b"", BOUND).await.unwrap();
    assert!(answer.starts_with("HTTP/1.1 200 OK\r\n") && answer.ends_with("hello"), "{answer}");
    began.elapsed()
}

const SLOW_HEAD: &[u8] = b"GET / HTTP/1.1\r\nHost: a\r\nX-Slow: ";

#[tokio::test]
async fn slow_heads_are_closed_and_an_honest_client_is_served_meanwhile() {
    let server = start(app(), limits()).await;
    let to = server.address;
    let slow: Vec<_> = (0..200).map(|_| tokio::spawn(until_closed(to, SLOW_HEAD, b"a", BOUND))).collect();
    for _ in 0..10 {
        assert!(honest(to).await < Duration::from_secs(1));
    }
    for client in slow {
        assert!(client.await.unwrap().is_some(), "still open");
    }
}

#[tokio::test]
async fn the_same_client_holds_axums_own_loop() {
    let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
    let to = listener.local_addr().unwrap();
    let running = tokio::spawn(async { axum::serve(listener, app()).await });
    assert_eq!(until_closed(to, SLOW_HEAD, b"a", SHORT * 5).await, None);
    running.abort();
}

#[tokio::test]
async fn who_says_nothing_or_never_tells_the_version_is_closed() {
    let to = start(app(), limits()).await.address;
    for (bytes, drip) in
        [(&b""[..], &b""[..]), (b"P", b""), (b"PRI * HTTP/2.0\r\n", b""), (b"", b"\r\n"), (b"PR", b"I")]
    {
        let seen = until_closed(to, bytes, drip, BOUND).await;
        assert!(seen.is_some(), "{bytes:?} {drip:?}");
    }
    // One that has had its answer and stays.
    assert!(
        until_closed(to, b"GET / HTTP/1.1\r\nHost: a\r\n\r\n", b"", BOUND).await.unwrap().ends_with("hello")
    );
}

#[tokio::test]
async fn a_silent_http_2_connection_is_closed() {
    let to = start(app(), limits()).await.address;
    let preface = b"PRI * HTTP/2.0\r\n\r\nSM\r\n\r\n";
    let settings = [0, 0, 0, 4, 0, 0, 0, 0, 0];
    for bytes in [&preface[..], &[&preface[..], &settings].concat()] {
        assert!(until_closed(to, bytes, b"", BOUND).await.is_some());
    }
}

#[tokio::test]
async fn an_http_2_connection_without_a_request_is_closed() {
    let limits = Limits { header_deadline: BOUND * 4, idle_deadline: SHORT, drain: SHORT, ..limits() };
    let to = start(app(), limits).await.address;
    let hello = b"PRI * HTTP/2.0\r\n\r\nSM\r\n\r\n\0\0\0\x04\0\0\0\0\0";
    assert!(until_closed(to, hello, b"", BOUND).await.is_some());
}

#[tokio::test]
async fn a_slow_body_is_told_so_and_closed() {
    let to = start(app(), limits()).await.address;
    for head in [
        "POST /echo HTTP/1.1\r\nHost: a\r\nContent-Type: application/json\r\nContent-Length: 9000\r\n\r\n",
        "POST /echo HTTP/1.1\r\nHost: a\r\nContent-Type: application/json\r\nTransfer-Encoding: chunked\r\n\r\n1\r\n[\r\n",
    ] {
        let seen = until_closed(to, head.as_bytes(), b"1", BOUND).await.unwrap();
        assert!(seen.starts_with("HTTP/1.1 408 ") && seen.contains("application/problem+json"), "{seen}");
    }
}

static ZEROS: [u8; 64 * 1024] = [0; 64 * 1024];

/// A body without end, which tells when the server has let it go.
struct Endless(mpsc::Sender<()>);

impl hyper::body::Body for Endless {
    type Data = Bytes;
    type Error = io::Error;

    fn poll_frame(
        self: Pin<&mut Self>,
        _: &mut Context<'_>,
    ) -> Poll<Option<Result<Frame<Bytes>, io::Error>>> {
        Poll::Ready(Some(Ok(Frame::data(Bytes::from_static(&ZEROS)))))
    }
}

impl Drop for Endless {
    fn drop(&mut self) {
        let _ = self.0.try_send(());
    }
}

#[tokio::test]
async fn who_does_not_read_the_answer_is_closed() {
    let (gone, mut is_gone) = mpsc::channel(1);
    let router = Router::new().route("/", get(async move || Body::new(Endless(gone.clone()))));
    let to = start(router, limits()).await.address;
    let mut client = TcpStream::connect(to).await.unwrap();
    client.write_all(b"GET / HTTP/1.1\r\nHost: a\r\n\r\n").await.unwrap();
    // A byte now and then is no reading.
    let reading = tokio::spawn(async move {
        let mut byte = [0];
        while client.read_exact(&mut byte).await.is_ok() {
            tokio::time::sleep(SHORT / 6).await;
        }
    });
    assert_eq!(timeout(BOUND, is_gone.recv()).await, Ok(Some(())));
    reading.abort();
}

/// Sends the head, waits until there is an answer, sends the whole body all the same, and only then reads.
async fn stubborn(to: SocketAddr, head: &str, length: usize) -> io::Result<String> {
    let mut client = TcpStream::connect(to).await?;
    let head = format!("{head}Host: a\r\nConnection: close\r\nContent-Length: {length}\r\n\r\n");
    client.write_all(head.as_bytes()).await?;
    client.write_all(b"1").await?;
    client.readable().await?;
    for sent in (1..length).step_by(1000) {
        client.write_all(&vec![b'1'; 1000.min(length - sent)]).await?;
    }
    let mut seen = String::new();
    client.read_to_string(&mut seen).await?;
    Ok(seen)
}

#[tokio::test]
async fn an_answer_reaches_a_client_whose_body_nobody_wants() {
    let to = start(app(), Limits::default()).await.address;
    for (head, length, status) in [
        ("POST /nowhere HTTP/1.1\r\n", 10_000, "404"),
        ("POST /nowhere HTTP/1.1\r\n", 12_000_000, "413"),
        ("POST /echo HTTP/1.1\r\n", 10_000, "415"),
        ("POST /echo HTTP/1.1\r\nContent-Type: application/json\r\n", 100_000, "413"),
        ("POST /echo HTTP/1.1\r\nContent-Type: application/json\r\n", 12_000_000, "413"),
    ] {
        let seen = stubborn(to, head, length).await.unwrap();
        assert!(seen.starts_with(&format!("HTTP/1.1 {status} ")), "{status}: {seen}");
        assert!(seen.contains("\"code\":"), "{seen}");
    }
}

#[tokio::test]
async fn heads_that_are_too_large_are_refused() {
    let to = start(app(), limits()).await.address;
    let get = |path: &str, header: usize| {
        format!(
            "GET /{path} HTTP/1.1\r\nHost: a\r\nConnection: close\r\nX-Large: {}\r\n\r\n",
            "a".repeat(header)
        )
    };
    for (request, status, is_ours) in [
        (get("", 17 * 1024), "431", true),
        (get("", 100 * 1024), "431", false),
        (get(&"a".repeat(9 * 1024), 1), "414", true),
    ] {
        let seen = until_closed(to, request.as_bytes(), b"", BOUND).await.unwrap();
        // What is far too large can be cut off before its answer is seen.
        assert!(seen.starts_with(&format!("HTTP/1.1 {status} ")) || (!is_ours && seen.is_empty()), "{seen}");
        assert_eq!(seen.contains("\"code\":"), is_ours, "{seen}");
    }
    honest(to).await;
}

#[tokio::test]
async fn connections_beyond_the_limit_are_told_so() {
    let limits = Limits { max_connections: 1, header_deadline: BOUND, ..limits() };
    let to = start(app(), limits).await.address;
    let mut first = TcpStream::connect(to).await.unwrap();
    let mut answer = [0; 12];
    first.write_all(b"GET / HTTP/1.1\r\nHost: a\r\n\r\n").await.unwrap();
    first.read_exact(&mut answer).await.unwrap();
    assert_eq!(&answer, b"HTTP/1.1 200");
    let request = b"GET / HTTP/1.1\r\nHost: a\r\nAccept-Language: en\r\n\r\n";
    let seen = until_closed(to, request, b"", BOUND).await.unwrap();
    assert!(seen.starts_with("HTTP/1.1 503 ") && seen.contains("retry-after: 2"), "{seen}");
    assert!(seen.contains("too_many_connections") && seen.contains("There are too many"), "{seen}");
}

#[tokio::test]
async fn at_shutdown_a_request_under_way_is_answered_and_no_other() {
    let (entered, mut has_entered) = mpsc::channel(1);
    let go_on = Arc::new(Notify::new());
    let handler = {
        let go_on = Arc::clone(&go_on);
        async move || {
            entered.send(()).await.unwrap();
            go_on.notified().await;
            "done"
        }
    };
    let limits = Limits { header_deadline: BOUND * 4, ..limits() };
    let server = start(Router::new().route("/", get(handler)), limits).await;
    let to = server.address;
    let request = b"GET / HTTP/1.1\r\nHost: a\r\n\r\n";
    let client = tokio::spawn(until_closed(to, request, b"", BOUND));
    has_entered.recv().await.unwrap();
    let mut idle = TcpStream::connect(to).await.unwrap();
    server.stop.send(()).unwrap();
    while TcpStream::connect(to).await.is_ok() {
        tokio::task::yield_now().await;
    }
    // Who asks nothing is not waited for.
    assert!(!matches!(timeout(BOUND, idle.read(&mut [0])).await, Ok(Ok(1)) | Err(_)));
    assert!(!server.running.is_finished());
    go_on.notify_one();
    let seen = client.await.unwrap().unwrap();
    assert!(seen.starts_with("HTTP/1.1 200 ") && seen.ends_with("done"), "{seen}");
    timeout(BOUND, server.running).await.unwrap().unwrap().unwrap();
}

#[tokio::test]
async fn a_request_that_does_not_finish_is_cut_off_at_shutdown() {
    let (entered, mut has_entered) = mpsc::channel(1);
    let handler = async move || {
        entered.send(()).await.unwrap();
        std::future::pending::<()>().await;
    };
    let server = start(Router::new().route("/", get(handler)), Limits { drain: SHORT, ..limits() }).await;
    let client = tokio::spawn(until_closed(server.address, b"GET / HTTP/1.1\r\nHost: a\r\n\r\n", b"", BOUND));
    has_entered.recv().await.unwrap();
    server.stop.send(()).unwrap();
    timeout(BOUND, server.running).await.unwrap().unwrap().unwrap();
    assert_eq!(client.await.unwrap().as_deref(), Some(""));
}
