//! What the pages promise to everybody who reads them.

use crate::client::Rp;
use axum::{
    body::Body,
    http::{Request, StatusCode, header},
};

#[tokio::test]
async fn a_page_runs_nothing_and_is_in_no_frame() {
    let rp = Rp::new().await;
    let page = rp.authorize(&[]).await;
    assert_eq!(
        page.header("content-security-policy"),
        "default-src 'none'; style-src 'self'; form-action 'self' https://rp.example; frame-ancestors 'none'; base-uri 'none'"
    );
    assert_eq!((page.header("cache-control"), page.header("referrer-policy")), ("no-store", "no-referrer"));
    for never in ["<script", "<style", " style=", " onclick", "<img"] {
        assert!(!page.body.contains(never), "{never}");
    }
    let style = rp.get("style.css", &[]).await;
    assert_eq!((style.status, style.header("content-type")), (StatusCode::OK, "text/css; charset=utf-8"));
}

#[tokio::test]
async fn a_page_is_in_the_language_that_is_asked_for() {
    let rp = Rp::new().await;
    let danish = rp.authorize(&[]).await.body;
    assert!(danish.contains("<html lang=\"da\">") && danish.contains("Dette er en simulering"));
    assert!(danish.contains("<p lang=\"en\">This is a simulation."));
    let english = rp.authorize(&[("ui_locales", "sv en-GB da")]).await.body;
    assert!(
        english.contains("<html lang=\"en\">") && english.contains("trusted registrar, Nabo Municipality")
    );
    let request = Request::get("/sandbox/mitid/authorize").header(header::ACCEPT_LANGUAGE, "en");
    let trouble = rp.ask(request.body(Body::empty()).expect("a request")).await;
    assert!(trouble.body.contains("That is not possible"));
}

#[tokio::test]
async fn what_the_client_sends_is_no_markup() {
    let rp = Rp::new().await;
    let page = rp.authorize(&[("login_hint", "<b>"), ("state", "\"><b>"), ("ui_locales", "<b>")]).await;
    assert!(!page.body.contains("<b>"));
}
