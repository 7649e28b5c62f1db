//! A connection and a request body that cannot be held open by saying little.

use axum::body::Bytes;
use http::{HeaderMap, header};
use http_body_util::BodyExt as _;
use hyper::body::{Body, Frame, Incoming, SizeHint};
use std::{
    error::Error,
    future::Future as _,
    io,
    pin::Pin,
    task::{Context, Poll},
    time::Duration,
};
use tokio::{
    io::{AsyncRead, AsyncWrite, ReadBuf},
    runtime::Handle,
    time::{Sleep, sleep, timeout_at},
};

/// How every HTTP/2 connection begins (RFC 9113, section 3.4).
const PREFACE: &[u8] = b"PRI * HTTP/2.0\r\n\r\nSM\r\n\r\n";
/// What a slow reader must take within the write deadline. A byte now and then is no progress.
const LEAST_PROGRESS: usize = 16 * 1024;
/// How much of a body that nobody wants is read away, until its deadline: closing a socket with unread bytes resets it, and the
/// client would not see the answer. More than any route takes, so that whoever sends somewhat too much is told so.
const DISCARD_AT_MOST: usize = 16 * 1024 * 1024;

/// A connection with deadlines for what hyper has none for: the bytes by which the protocol's version shows, and a peer that does
/// not read its answer.
pub(crate) struct Watched<S> {
    stream: S,
    greeting: Option<Greeting>,
    write_deadline: Duration,
    blocked: Option<Blocked>,
}

struct Greeting {
    matched: usize,
    deadline: Pin<Box<Sleep>>,
}

struct Blocked {
    written: usize,
    deadline: Pin<Box<Sleep>>,
}

impl<S> Watched<S> {
    pub(crate) fn new(stream: S, greeting_deadline: Duration, write_deadline: Duration) -> Self {
        let greeting = Greeting { matched: 0, deadline: Box::pin(sleep(greeting_deadline)) };
        Self { stream, greeting: Some(greeting), write_deadline, blocked: None }
    }

    /// Until the version shows, hyper-util reads without a deadline.
    fn greet(&mut self, bytes: &[u8]) {
        for byte in bytes {
            let Some(greeting) = &mut self.greeting else { return };
            if PREFACE.get(greeting.matched) == Some(byte) && greeting.matched + 1 < PREFACE.len() {
                greeting.matched += 1;
            } else {
                self.greeting = None;
            }
        }
    }

    fn written(&mut self, cx: &mut Context<'_>, poll: Poll<io::Result<usize>>) -> Poll<io::Result<usize>> {
        match &poll {
            Poll::Ready(Ok(count)) => {
                if let Some(blocked) = &mut self.blocked {
                    blocked.written += count;
                    if blocked.written >= LEAST_PROGRESS {
                        self.blocked = None;
                    }
                }
                poll
            }
            Poll::Ready(Err(_)) => poll,
            Poll::Pending => {
                let wait = self.write_deadline;
                let new = || Blocked { written: 0, deadline: Box::pin(sleep(wait)) };
                let blocked = self.blocked.get_or_insert_with(new);
                if blocked.deadline.as_mut().poll(cx).is_ready() {
                    return Poll::Ready(Err(io::ErrorKind::TimedOut.into()));
                }
                Poll::Pending
            }
        }
    }
}

impl<S: AsyncRead + Unpin> AsyncRead for Watched<S> {
    fn poll_read(
        mut self: Pin<&mut Self>,
        cx: &mut Context<'_>,
        buffer: &mut ReadBuf<'_>,
    ) -> Poll<io::Result<()>> {
        let before = buffer.filled().len();
        let poll = Pin::new(&mut self.stream).poll_read(cx, buffer);
        if self.greeting.is_some() {
            self.greet(buffer.filled().get(before..).unwrap_or_default());
        }
        if poll.is_pending()
            && let Some(greeting) = &mut self.greeting
            && greeting.deadline.as_mut().poll(cx).is_ready()
        {
            return Poll::Ready(Err(io::ErrorKind::TimedOut.into()));
        }
        poll
    }
}

impl<S: AsyncWrite + Unpin> AsyncWrite for Watched<S> {
    fn poll_write(mut self: Pin<&mut Self>, cx: &mut Context<'_>, bytes: &[u8]) -> Poll<io::Result<usize>> {
        let poll = Pin::new(&mut self.stream).poll_write(cx, bytes);
        self.written(cx, poll)
    }

    fn poll_write_vectored(
        mut self: Pin<&mut Self>,
        cx: &mut Context<'_>,
        slices: &[io::IoSlice<'_>],
    ) -> Poll<io::Result<usize>> {
        let poll = Pin::new(&mut self.stream).poll_write_vectored(cx, slices);
        self.written(cx, poll)
    }

    fn is_write_vectored(&self) -> bool {
        self.stream.is_write_vectored()
    }

    /// hyper flushes once it has written all that it holds: then nothing is blocked.
    fn poll_flush(mut self: Pin<&mut Self>, cx: &mut Context<'_>) -> Poll<io::Result<()>> {
        self.blocked = None;
        Pin::new(&mut self.stream).poll_flush(cx)
    }

    fn poll_shutdown(mut self: Pin<&mut Self>, cx: &mut Context<'_>) -> Poll<io::Result<()>> {
        Pin::new(&mut self.stream).poll_shutdown(cx)
    }
}

/// A body that did not arrive in time.
#[derive(Debug, thiserror::Error)]
#[error("the body did not arrive in time")]
pub(crate) struct BodyTooSlow;

/// A request body that must have arrived whole by a deadline.
pub(crate) struct Arriving {
    body: Option<Incoming>,
    deadline: Pin<Box<Sleep>>,
    worth_discarding: bool,
}

impl Arriving {
    pub(crate) fn new(body: Incoming, headers: &HeaderMap, wait: Duration) -> Self {
        // Who asks before sending has not sent.
        let worth_discarding = !headers.contains_key(header::EXPECT);
        Self { body: Some(body), deadline: Box::pin(sleep(wait)), worth_discarding }
    }
}

impl Body for Arriving {
    type Data = Bytes;
    type Error = Box<dyn Error + Send + Sync>;

    fn poll_frame(
        mut self: Pin<&mut Self>,
        cx: &mut Context<'_>,
    ) -> Poll<Option<Result<Frame<Bytes>, Self::Error>>> {
        let Some(body) = &mut self.body else { return Poll::Ready(None) };
        let poll = Pin::new(body).poll_frame(cx).map_err(Into::into);
        if poll.is_pending() && self.deadline.as_mut().poll(cx).is_ready() {
            self.body = None;
            return Poll::Ready(Some(Err(BodyTooSlow.into())));
        }
        poll
    }

    fn is_end_stream(&self) -> bool {
        self.body.as_ref().is_none_or(Body::is_end_stream)
    }

    fn size_hint(&self) -> SizeHint {
        self.body.as_ref().map_or_else(|| SizeHint::with_exact(0), Body::size_hint)
    }
}

impl Drop for Arriving {
    fn drop(&mut self) {
        if let Some(body) = self.body.take()
            && self.worth_discarding
            && !body.is_end_stream()
            && let Ok(runtime) = Handle::try_current()
        {
            runtime.spawn(timeout_at(self.deadline.deadline(), discard(body)));
        }
    }
}

async fn discard(mut body: Incoming) {
    let mut read = 0;
    while let Some(Ok(frame)) = body.frame().await {
        read += frame.data_ref().map_or(0, Bytes::len);
        if read > DISCARD_AT_MOST {
            return;
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use tokio::{
        io::{AsyncReadExt as _, AsyncWriteExt as _, duplex},
        time::timeout,
    };

    const WAIT: Duration = Duration::from_secs(10);

    /// Writes a megabyte to someone who reads so many bytes a second.
    async fn write_to_a_reader_of(bytes_a_second: usize) -> io::Result<()> {
        let (ours, mut theirs) = duplex(1024);
        let reader = tokio::spawn(async move {
            let mut taken = vec![0; bytes_a_second];
            while theirs.read_exact(&mut taken).await.is_ok() {
                sleep(Duration::from_secs(1)).await;
            }
        });
        let mut watched = Watched::new(ours, WAIT, WAIT);
        let written = watched.write_all(&vec![0; 1024 * 1024]).await;
        reader.abort();
        written
    }

    #[tokio::test(start_paused = true)]
    async fn a_reader_must_take_16_kib_within_the_deadline() {
        assert!(write_to_a_reader_of(2048).await.is_ok());
        let refused = write_to_a_reader_of(1024).await.map_err(|error| error.kind());
        assert_eq!(refused, Err(io::ErrorKind::TimedOut));
    }

    #[tokio::test(start_paused = true)]
    async fn the_version_must_show_within_the_deadline() {
        for (said, is_known) in
            [(&b""[..], false), (b"PRI * H", false), (b"G", true), (b"PX", true), (PREFACE, true)]
        {
            let (ours, mut theirs) = duplex(1024);
            theirs.write_all(said).await.expect("room");
            let mut watched = Watched::new(ours, WAIT, WAIT);
            let mut read = Vec::new();
            let waited = timeout(WAIT * 2, watched.read_to_end(&mut read)).await;
            assert_eq!(waited.is_err(), is_known, "{said:?}");
        }
    }
}
