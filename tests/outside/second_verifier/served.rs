//! How the log is served: to everybody, byte by byte as the specifications say, and nothing else below its address.

use super::{Outsider, logged};
use crate::{
    bad_input::on_both,
    door::{UNKNOWN, id},
    support::Answer,
};
use tillid_testkit::Engine;
use tokio::{
    io::{AsyncReadExt as _, AsyncWriteExt as _},
    net::TcpStream,
};

fn header<'a>(answer: &'a Answer, name: &str) -> &'a str {
    answer.headers.get(name).and_then(|value| value.to_str().ok()).unwrap_or_default()
}

/// The status of a path that a client would tidy up before it asks.
async fn raw(base: &str, path: &str) -> u16 {
    let mut stream = TcpStream::connect(base.trim_start_matches("http://")).await.expect("a connection");
    let request = format!("GET {path} HTTP/1.1\r\nHost: localhost\r\nConnection: close\r\n\r\n");
    stream.write_all(request.as_bytes()).await.expect("sent");
    let mut answer = String::new();
    let mut bytes = Vec::new();
    stream.read_to_end(&mut bytes).await.expect("an answer");
    answer.push_str(&String::from_utf8_lossy(&bytes));
    answer
        .split(' ')
        .nth(1)
        .and_then(|status| status.parse().ok())
        .unwrap_or_else(|| panic!("{path}: {answer}"))
}

async fn the_log_is_served_as_specified(engine: Engine) {
    let outsider = Outsider::new(engine).await;
    let checkpoint = outsider.get("/log/checkpoint").await.expect(200);
    let text = String::from_utf8(checkpoint.body.clone()).expect("text");
    let size: u64 = text.lines().nth(1).expect("a size").parse().expect("a number");
    let width = size - 256;
    let receipt = outsider.receipts[0]["receipt"].as_str().expect("a receipt");
    let event = event_of(receipt);

    let (text, bytes) = ("text/plain; charset=utf-8", "application/octet-stream");
    let good = "public, max-age=31536000, immutable";
    for (path, kind, cache) in [
        ("checkpoint".to_owned(), text, "public, max-age=1"),
        ("tile/0/000".to_owned(), bytes, good),
        (format!("tile/0/001.p/{width}"), bytes, good),
        ("tile/1/000.p/1".to_owned(), bytes, good),
        ("tile/entries/000".to_owned(), bytes, good),
        (format!("tile/entries/001.p/{width}"), bytes, good),
        (format!("proof/{event}"), text, "no-cache"),
        ("keys".to_owned(), "application/json", "no-store"),
    ] {
        let answer = outsider.get(&format!("/log/{path}")).await.expect(200);
        let headers = ["content-type", "cache-control", "access-control-allow-origin", "set-cookie"];
        assert_eq!(headers.map(|name| header(&answer, name)), [kind, cache, "*", ""], "{path}");
        let asked = outsider.door.tillid.ask("POST", &format!("/log/{path}")).send().await;
        assert_eq!(asked.status, 405, "{path}");
    }
    no_other_resource(&outsider, width).await;
    narrower_ones_stay(&outsider).await;
    for path in [format!("/log/proof/{UNKNOWN}"), "/log/proof/x".to_owned(), format!("/log/proof/{event}/x")]
    {
        outsider.door.tillid.get(&path).send().await.expect(404);
    }
    a_new_event_is_there_or_soon(&outsider).await;
}

fn event_of(receipt: &str) -> String {
    use base64::{Engine as _, engine::general_purpose::URL_SAFE_NO_PAD as B64};
    let payload = B64.decode(receipt.split('.').nth(1).expect("a payload")).expect("base64");
    id(&serde_json::from_slice::<serde_json::Value>(&payload).expect("json")["event"]["id"])
}

/// Paths that are not the one canonical one, and tiles that no signed tree has.
async fn no_other_resource(outsider: &Outsider, width: u64) {
    let beyond = [format!("0/001.p/{}", width + 1), format!("entries/001.p/{}", width + 1)];
    let odd = [
        "0/000.p/0",
        "0/000.p/00",
        "0/000.p/01",
        "0/000.p/256",
        "0/000.p/-1",
        "0/000.p/",
        "0/000.p",
        "0/000.p/1/",
        "0/000/",
        "0/0",
        "0/00",
        "0/0000",
        "0/x000/000",
        "0/x000",
        "0/001",
        "0/002",
        "0/002.p/1",
        "00/000",
        "0",
        "0/",
        "/0/000",
        "0//000",
        "1/000",
        "1/000.p/2",
        "2/000",
        "2/000.p/1",
        "63/000.p/1",
        "64/000",
        "-1/000",
        "+0/000",
        "entries",
        "entries/",
        "entries/000.p/0",
        "entries/0",
        "entries/001",
        "entries/002",
        "Entries/000",
        "0/000.P/1",
        "0/\u{661}",
        "0/000%00",
        "0/..",
        "0/../0/000",
        "../checkpoint",
        "../tile/0/000",
        "0/./000",
        "%2e%2e/checkpoint",
        "0/%2e%2e/0/000",
        "..%2fkeys",
        "0/999",
        "0/x999/x999/x999/x999/x999/x999/999",
        "0/x999/x999/x999/x999/x999/x999/x999/999",
    ];
    let base = &outsider.door.tillid.base;
    for path in odd.iter().map(|path| (*path).to_owned()).chain(beyond) {
        let status = raw(base, &format!("/log/tile/{path}")).await;
        assert!([400, 404].contains(&status), "/log/tile/{path} is {status}");
    }
    assert_eq!(raw(base, "/log/tile/0/000").await, 200, "such a request works");
}

/// Who has an older checkpoint finds the tiles of its tree.
async fn narrower_ones_stay(outsider: &Outsider) {
    for (kind, length) in [("0", 32), ("entries", 35)] {
        let full = outsider.get(&format!("/log/tile/{kind}/000")).await.expect(200).body;
        assert_eq!(full.len(), 256 * length);
        for width in [1, 2, 100, 255] {
            let part = outsider.get(&format!("/log/tile/{kind}/000.p/{width}")).await.expect(200).body;
            assert_eq!(part, full[..width * length], "{kind}/000.p/{width}");
        }
    }
}

async fn a_new_event_is_there_or_soon(outsider: &Outsider) {
    let door = &outsider.door;
    let (anna, bo) = (door.token("anna").await, door.cpr("bo").await);
    let mandate = door.mandated(&anna, &bo, "M14").await;
    let moved = door.get(&format!("/v1/mandates/{mandate}/receipt")).by(&anna).send().await.expect(303);
    let path = moved.headers["location"].to_str().expect("a path").to_owned();
    let proof = logged(door, path.rsplit('/').next().expect("an id")).await;
    assert!(proof.body.starts_with(b"c2sp.org/tlog-proof@v1\nindex "));
}

on_both!(the_log_is_served_as_specified);
