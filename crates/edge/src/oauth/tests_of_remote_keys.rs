//! S23: nobody makes us connect to what is not public; and keys are fetched as seldom as promised.

use super::*;
use crate::ClientKey;
use aws_lc_rs::signature::{ECDSA_P256_SHA256_FIXED_SIGNING, EcdsaKeyPair};
use base64::{Engine as _, engine::general_purpose::STANDARD};
use serde_json::{Value, json};
use std::{
    io::ErrorKind,
    sync::atomic::{AtomicUsize, Ordering},
};
use tokio::{
    io::{AsyncReadExt as _, AsyncWriteExt as _},
    net::TcpListener,
};

fn key(id: &str) -> ClientKey {
    let pair = EcdsaKeyPair::generate(&ECDSA_P256_SHA256_FIXED_SIGNING).expect("a key");
    let der = pair.to_pkcs8v1().expect("pkcs8");
    let pem = format!(
        "-----BEGIN PRIVATE KEY-----\n{}\n-----END PRIVATE KEY-----\n",
        STANDARD.encode(der.as_ref())
    );
    ClientKey::from_pem(&pem, Some(id.to_owned())).expect("a key")
}

fn at(seconds: i64) -> Instant {
    Instant::from_micros(1_800_000_000_000_000).plus_seconds(seconds)
}

/// Whether a key that was published signed a token.
async fn signed(remote: &RemoteKeys, url: &str, by: &ClientKey, seconds: i64) -> Result<(), KeysRefusal> {
    let token = by.sign(&json!({"iss": "x"})).expect("a token");
    let jwt = Jwt::read(&token, |_| true).expect("readable");
    remote.signed(url, &jwt, at(seconds)).await
}

/// Leads every name to this machine, as nobody's resolver should.
struct Home;

impl Resolve for Home {
    fn resolve(&self, _: Name) -> Resolving {
        let home: Addrs = Box::new(std::iter::once(SocketAddr::from(([127, 0, 0, 1], 0))));
        Box::pin(async move { Ok(home) })
    }
}

fn unguarded() -> RemoteKeys {
    RemoteKeys::with(Home, false).expect("a client")
}

/// Answers every request alike, and counts them.
async fn served(answer: impl Fn(usize) -> String + Send + 'static) -> (u16, Arc<AtomicUsize>) {
    let listener = TcpListener::bind("127.0.0.1:0").await.expect("a port");
    let port = listener.local_addr().expect("its address").port();
    let count = Arc::new(AtomicUsize::new(0));
    let counted = count.clone();
    tokio::spawn(async move {
        while let Ok((mut stream, _)) = listener.accept().await {
            let nth = counted.fetch_add(1, Ordering::SeqCst);
            let mut request = [0; 4096];
            let _ = stream.read(&mut request).await;
            let _ = stream.write_all(answer(nth).as_bytes()).await;
        }
    });
    (port, count)
}

fn with_body(body: &str) -> String {
    format!("HTTP/1.1 200 OK\r\ncontent-length: {}\r\nconnection: close\r\n\r\n{body}", body.len())
}

fn keys(keys: &[&ClientKey]) -> String {
    with_body(&json!({"keys": keys.iter().map(|key| key.public_jwk()).collect::<Vec<Value>>()}).to_string())
}

/// That nobody has connected to it.
fn untouched(listener: &std::net::TcpListener) {
    listener.set_nonblocking(true).expect("it is ours");
    let refused = listener.accept().map(|_| ()).expect_err("nobody connects");
    assert_eq!(refused.kind(), ErrorKind::WouldBlock);
}

#[test]
fn s23_only_global_unicast_is_public() {
    for text in [
        "0.0.0.0",
        "0.1.2.3",
        "10.0.0.1",
        "10.255.255.255",
        "100.64.0.1",
        "100.127.255.255",
        "127.0.0.1",
        "127.255.255.254",
        "169.254.169.254",
        "172.16.0.1",
        "172.31.255.255",
        "192.0.0.8",
        "192.0.2.1",
        "192.88.99.1",
        "192.168.1.1",
        "198.18.0.1",
        "198.19.255.255",
        "198.51.100.1",
        "203.0.113.9",
        "224.0.0.1",
        "239.255.255.255",
        "240.0.0.1",
        "255.255.255.255",
        "::",
        "::1",
        "::ffff:127.0.0.1",
        "::ffff:8.8.8.8",
        "::127.0.0.1",
        "64:ff9b::7f00:1",
        "64:ff9b:1::1",
        "100::1",
        "2001::1",
        "2001:10::1",
        "2001:db8::1",
        "2002:7f00:1::1",
        "3fff::1",
        "5f00::1",
        "fc00::1",
        "fd12:3456::1",
        "fe80::1",
        "fec0::1",
        "ff02::1",
    ] {
        let address: IpAddr = text.parse().expect("an address");
        assert!(!is_public(address), "{text}");
        let mixed = vec![SocketAddr::from(([8, 8, 8, 8], 0)), SocketAddr::new(address, 0)];
        assert!(only_public(mixed).is_err(), "{text} beside a public one");
    }
    for text in ["8.8.8.8", "100.63.255.255", "100.128.0.1", "172.32.0.1", "192.0.1.1", "198.20.0.1"] {
        assert!(is_public(text.parse().expect("an address")), "{text}");
    }
    for text in ["2a00:1450:400f::1", "2606:4700::1111", "2001:4860:4860::8888"] {
        assert!(is_public(text.parse().expect("an address")), "{text}");
    }
    assert!(only_public(Vec::new()).is_err());
}

#[tokio::test]
async fn s23_nothing_that_is_not_public_is_connected_to() {
    let listener = std::net::TcpListener::bind("127.0.0.1:0").expect("a port");
    let port = listener.local_addr().expect("its address").port();
    let remote = RemoteKeys::new().expect("a client");
    let signer = key("k");
    let hosts =
        ["localhost", "127.0.0.1", "127.1", "2130706433", "0x7f.1", "[::1]", "[::ffff:127.0.0.1]", "0.0.0.0"];
    for host in hosts {
        for scheme in ["https", "http"] {
            let url = format!("{scheme}://{host}:{port}/jwks");
            assert!(signed(&remote, &url, &signer, 0).await.is_err(), "{url}");
            untouched(&listener);
        }
    }
    // Without the guard, the same name is connected to: the test can fail.
    let (port, count) = served(move |_| keys(&[&key("k")])).await;
    let unguarded = unguarded();
    let _ = signed(&unguarded, &format!("http://localhost:{port}/jwks"), &signer, 0).await;
    assert_eq!(count.load(Ordering::SeqCst), 1);
}

#[tokio::test]
async fn s23_nobody_is_followed_to_another_address() {
    let inside = std::net::TcpListener::bind("127.0.0.1:0").expect("a port");
    let target = format!("http://127.0.0.1:{}/jwks", inside.local_addr().expect("its address").port());
    for status in [
        "301 Moved Permanently",
        "302 Found",
        "303 See Other",
        "307 Temporary Redirect",
        "308 Permanent Redirect",
    ] {
        let answer = format!(
            "HTTP/1.1 {status}\r\nlocation: {target}\r\ncontent-length: 0\r\nconnection: close\r\n\r\n"
        );
        let (port, count) = served(move |_| answer.clone()).await;
        let refused = signed(&unguarded(), &format!("http://keys.example:{port}/"), &key("k"), 0).await;
        assert!(matches!(refused, Err(KeysRefusal::Status(300..400))), "{status}: {refused:?}");
        assert_eq!(count.load(Ordering::SeqCst), 1);
        untouched(&inside);
    }
}

#[tokio::test]
async fn keys_are_kept_for_ten_minutes_and_looked_for_once_a_minute() {
    let (old, new) = (key("old"), key("new"));
    let answers = [keys(&[&old]), keys(&[&old, &new]), keys(&[&new])];
    let (port, count) = served(move |nth| answers[nth.min(2)].clone()).await;
    let (remote, url) = (unguarded(), format!("http://keys.example:{port}/jwks"));
    let asked = || count.load(Ordering::SeqCst);
    for second in [0, 1, 300, 59] {
        signed(&remote, &url, &old, second).await.expect("signed");
    }
    assert_eq!(asked(), 1);
    // A key that is not known is looked for after a minute, and not before.
    assert!(matches!(signed(&remote, &url, &new, 59).await, Err(KeysRefusal::Token(TokenRefusal::Key))));
    assert_eq!(asked(), 1);
    signed(&remote, &url, &new, 60).await.expect("signed");
    assert_eq!(asked(), 2);
    for second in [61, 119] {
        assert!(signed(&remote, &url, &key("unknown"), second).await.is_err());
    }
    assert_eq!(asked(), 2);
    // After ten minutes, what the client has withdrawn is forgotten.
    signed(&remote, &url, &old, 659).await.expect("signed");
    assert!(matches!(signed(&remote, &url, &old, 660).await, Err(KeysRefusal::Token(TokenRefusal::Key))));
    assert_eq!(asked(), 3);
}

#[tokio::test]
async fn an_answer_that_is_too_large_or_no_key_set_is_refused_and_not_asked_for_at_once_again() {
    let large = with_body(&format!("{{\"keys\":[],\"x\":\"{}\"}}", "a".repeat(MAX_BODY)));
    for (answer, what) in [
        (large, "too large"),
        (with_body("[]"), "not a JWK set"),
        ("HTTP/1.1 404 Not Found\r\ncontent-length: 0\r\nconnection: close\r\n\r\n".to_owned(), "status 404"),
    ] {
        let (port, count) = served(move |_| answer.clone()).await;
        let (remote, url) = (unguarded(), format!("http://keys.example:{port}/"));
        let refused = signed(&remote, &url, &key("k"), 0).await.expect_err(what).to_string();
        assert!(refused.contains(what), "{refused}");
        assert!(matches!(signed(&remote, &url, &key("k"), 4).await, Err(KeysRefusal::AwayLately)));
        assert_eq!(count.load(Ordering::SeqCst), 1);
        assert!(signed(&remote, &url, &key("k"), 5).await.is_err());
        assert_eq!(count.load(Ordering::SeqCst), 2);
    }
}
