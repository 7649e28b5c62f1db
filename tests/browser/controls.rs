//! That the harness would notice: pages with known faults, served by the test itself.

use crate::browser::{Browser, NARROW, Scripts, Size, WIDE};
use std::{
    io::{BufRead, BufReader, Write},
    net::{TcpListener, TcpStream},
};

/// What the pages here may do: as little as the service's own.
const POLICY: &str =
    "default-src 'none'; script-src 'self'; style-src 'self' 'unsafe-inline'; form-action 'self'";

const GOOD: &str = r#"<!doctype html><html lang="da"><head><title>God</title></head><body>
<header><a href="/bad">Videre</a></header>
<main><h1>God side</h1>
<form action="/good"><label for="name">Dit navn (valgfrit)</label><input id="name" name="name">
<fieldset><legend>Må vi?</legend>
<input type="radio" id="yes" name="may" value="yes"><label for="yes">Ja</label>
<input type="radio" id="no" name="may" value="no"><label for="no">Nej</label></fieldset>
<button style="padding: 8px">Send</button></form>
<details><summary>Mere</summary><p>Det hele</p></details></main>
<script src="/script.js"></script></body></html>"#;

const BAD: &str = r#"<!doctype html><html lang="da"><head><title>Dårlig</title></head><body>
<main><h1>Dårlig side</h1><img src="/none.png"><p style="color: #bbb; background: #fff">svær at læse</p>
<p style="width: 600px">bred</p></main></body></html>"#;

const NO_RING: &str = r#"<!doctype html><html lang="da"><head><title>Fokus</title></head><body>
<main><h1>Fokus</h1><a href="/good">ses</a> <a href="/good" style="outline: none">ses ikke</a></main></body></html>"#;

const TRAP: &str = r#"<!doctype html><html lang="da"><head><title>Fælde</title></head><body>
<main><h1>Fælde</h1><button>en</button><button id="trap">to</button><button>tre</button></main>
<script src="/trap.js"></script></body></html>"#;

const ORDER: &str = r#"<!doctype html><html lang="da"><head><title>Orden</title></head><body>
<main><h1>Orden</h1><button>en</button><button tabindex="1">to</button></main></body></html>"#;

const FORBIDDEN: &str = r#"<!doctype html><html lang="da"><head><title>Forbudt</title></head><body>
<main><h1>Forbudt</h1></main><script>document.title = 'kørte'</script></body></html>"#;

fn body(path: &str) -> (&'static str, &'static str) {
    let html = "text/html; charset=utf-8";
    let js = "text/javascript";
    match path.split('?').next().unwrap_or_default() {
        "/good" => (html, GOOD),
        "/bad" => (html, BAD),
        "/no-ring" => (html, NO_RING),
        "/trap" => (html, TRAP),
        "/order" => (html, ORDER),
        "/forbidden" => (html, FORBIDDEN),
        "/script.js" => (js, "document.querySelector('h1').textContent = 'Et script var her'"),
        "/trap.js" => {
            (js, "document.getElementById('trap').onkeydown = e => e.key === 'Tab' && e.preventDefault()")
        }
        _ => ("text/plain", ""),
    }
}

fn answer(stream: &mut TcpStream) -> std::io::Result<()> {
    let mut lines = BufReader::new(stream.try_clone()?).lines();
    let first = lines.next().unwrap_or_else(|| Ok(String::new()))?;
    for line in lines {
        if line?.is_empty() {
            break;
        }
    }
    let (kind, body) = body(first.split(' ').nth(1).unwrap_or_default());
    write!(
        stream,
        "HTTP/1.1 200 OK\r\nContent-Type: {kind}\r\nContent-Length: {}\r\nContent-Security-Policy: {POLICY}\r\nConnection: close\r\n\r\n{body}",
        body.len()
    )
}

/// Serves the pages above until the test's process ends.
fn serve() -> String {
    let listener = TcpListener::bind("127.0.0.1:0").expect("a port");
    let address = listener.local_addr().expect("its address");
    std::thread::spawn(move || {
        for mut stream in listener.incoming().flatten() {
            // Chromium opens connections ahead of need; one that says nothing must not hold up the others.
            std::thread::spawn(move || answer(&mut stream));
        }
    });
    format!("http://{address}")
}

async fn at(path: &str, size: Size, scripts: Scripts) -> Browser {
    let browser = Browser::new(&serve(), size, scripts).await;
    browser.open(path).await;
    browser
}

#[tokio::test]
async fn the_harness_finds_what_axe_knows_to_be_wrong() {
    let browser = at("/bad", WIDE, Scripts::On).await;
    let rules: Vec<String> = browser.axe().await.into_iter().map(|v| v.rule).collect();
    assert_eq!(rules, ["color-contrast", "image-alt"]);
    browser.open("/good").await;
    assert_eq!(browser.axe().await, []);
}

#[tokio::test]
async fn the_harness_finds_what_a_policy_forbids() {
    let browser = at("/forbidden", WIDE, Scripts::On).await;
    let complaints = browser.complaints().await;
    assert!(complaints.len() == 1 && complaints[0].contains("script-src"), "{complaints:?}");
    browser.open("/good").await;
    assert_eq!(browser.faults().await, Vec::<String>::new(), "axe-core works under a policy that forbids it");
}

#[tokio::test]
async fn the_harness_finds_a_page_that_is_too_wide() {
    let browser = at("/bad", NARROW, Scripts::On).await;
    assert!(!browser.horizontal_overflow().await.is_empty());
    browser.resize(WIDE).await;
    assert!(browser.horizontal_overflow().await.is_empty());
    browser.resize(NARROW).await;
    browser.open("/good").await;
    assert!(browser.horizontal_overflow().await.is_empty());
}

#[tokio::test]
async fn the_harness_finds_what_a_keyboard_cannot_use() {
    let browser = at("/good", WIDE, Scripts::On).await;
    assert!(browser.keyboard_walk().await.is_empty());
    for (path, wrong) in [
        ("/no-ring", "stop 1: the focus cannot be seen"),
        ("/trap", "stop 2: expected"),
        ("/order", "stop 1: expected"),
    ] {
        browser.open(path).await;
        let found = browser.keyboard_walk().await;
        assert!(found.len() == 1 && found[0].starts_with(wrong), "{path}: {found:?}");
    }
}

/// Everything that a person does must work in both; only the first heading tells whether scripts run.
async fn a_person_uses_a_page(scripts: Scripts) {
    let browser = at("/good", WIDE, scripts).await;
    let heading = if scripts == Scripts::On { "Et script var her" } else { "God side" };
    assert_eq!(browser.heading().await, heading);
    assert_eq!(browser.questions().await, ["Må vi?"]);
    assert!(browser.chosen().await.is_empty());
    browser.fill("Dit navn", "Åse's").await;
    assert_eq!(browser.value("Dit navn").await, "Åse's");
    browser.choose("Må vi?", "Nej").await;
    assert_eq!(browser.chosen().await, ["Nej"]);
    browser.expect_not("Det hele").await;
    browser.press("Mere").await;
    browser.expect("Det hele").await;
    assert_eq!(browser.steps(), 0, "one is still on the same page");
    browser.click("Send").await;
    assert_eq!(browser.path().await, "/good?name=%C3%85se%27s&may=no");
    browser.click("Videre").await;
    assert_eq!((browser.heading().await.as_str(), browser.steps()), ("Dårlig side", 2));
    assert!(!browser.offers("Videre").await);
}

#[tokio::test]
async fn a_person_can_use_a_page_with_scripts() {
    a_person_uses_a_page(Scripts::On).await;
}

#[tokio::test]
async fn a_person_can_use_a_page_without_scripts() {
    a_person_uses_a_page(Scripts::Off).await;
}
