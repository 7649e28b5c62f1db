//! Logging out, and who is told.

use crate::client::{LOGGED_OUT, Rp};
use axum::{Router, http::StatusCode, routing::post};
use serde_json::json;
use std::time::Duration;
use tokio::sync::mpsc;
use url::form_urlencoded;

/// An address where logouts are heard of.
async fn ear() -> (String, mpsc::UnboundedReceiver<String>) {
    let listener = tokio::net::TcpListener::bind("127.0.0.1:0").await.expect("a port");
    let address = listener.local_addr().expect("an address");
    let (say, heard) = mpsc::unbounded_channel();
    let app =
        Router::new().route("/out", post(async move |body: String| say.send(body).expect("a listener")));
    tokio::spawn(async move { axum::serve(listener, app).await.expect("a server") });
    (format!("http://{address}/out"), heard)
}

async fn next(heard: &mut mpsc::UnboundedReceiver<String>) -> String {
    let body =
        tokio::time::timeout(Duration::from_secs(10), heard.recv()).await.expect("in time").expect("one");
    let mut fields = form_urlencoded::parse(body.as_bytes());
    let (name, token) = fields.next().expect("a field");
    assert_eq!(name, "logout_token");
    token.into_owned()
}

#[tokio::test]
async fn who_logs_out_is_asked_and_the_clients_are_told() {
    let (address, mut heard) = ear().await;
    let rp = Rp::hearing(Some(address)).await;
    let said = rp.exchange(&rp.code("anna", &[]).await).await.json();
    let (id_token, access_token) =
        (said["id_token"].as_str().expect("one"), said["access_token"].as_str().expect("one"));
    let id = crate::client::payload(id_token);
    // The ID token has expired, and still says who it was; the access token has not.
    rp.pass(400);
    assert_eq!(rp.userinfo(access_token).await.status, StatusCode::OK);

    let page = rp
        .get(
            "end_session",
            &[("id_token_hint", id_token), ("post_logout_redirect_uri", LOGGED_OUT), ("state", "s")],
        )
        .await;
    assert_eq!(page.status, StatusCode::OK);
    assert!(page.body.contains("Anna Lind"));
    assert!(page.header("content-security-policy").contains("form-action 'self' https://rp.example;"));
    let leave = page.hidden("leave");
    rp.new_browser();
    rp.authorize(&[]).await;
    rp.submit("leave", &[("leave", &leave), ("answer", "yes")]).await.trouble("stale_page");

    // The ID token says which session is meant, also in a browser that has no cookie of it.
    let page = rp
        .get(
            "end_session",
            &[("id_token_hint", id_token), ("post_logout_redirect_uri", LOGGED_OUT), ("state", "s")],
        )
        .await;
    let answer = rp.submit("leave", &[("leave", &page.hidden("leave")), ("answer", "yes")]).await;
    let (to, fields) = answer.back();
    assert_eq!((to.as_str(), fields["state"].as_str(), fields.len()), (LOGGED_OUT, "s", 1));

    let token = rp.verified(&next(&mut heard).await, "logout+jwt").await;
    for name in ["iss", "aud", "sub", "sid"] {
        assert_eq!(token[name], id[name], "{name}");
    }
    assert_eq!(token["events"], json!({"http://schemas.openid.net/event/backchannel-logout": {}}));
    assert_eq!((&token["iat"], &token["exp"]), (&json!(rp.now()), &json!(rp.now() + 120)));
    assert!(token["jti"].is_string() && !token.contains_key("nonce"));
    assert_eq!(rp.userinfo(access_token).await.status, StatusCode::UNAUTHORIZED);
    // Nobody is logged in: there is nothing to ask.
    let answer =
        rp.get("end_session", &[("client_id", "rp"), ("post_logout_redirect_uri", LOGGED_OUT)]).await;
    assert_eq!(answer.back().0, LOGGED_OUT);
}

#[tokio::test]
async fn who_stays_stays() {
    let rp = Rp::new().await;
    rp.code("anna", &[]).await;
    let page = rp.get("end_session", &[]).await;
    let answer = rp.submit("leave", &[("leave", &page.hidden("leave")), ("answer", "no")]).await;
    assert!(answer.status == StatusCode::OK && answer.headers.get("location").is_none());
    assert!(rp.authorize(&[("prompt", "none")]).await.callback().contains_key("code"));
    let page = rp.get("end_session", &[]).await;
    rp.submit("leave", &[("leave", &page.hidden("leave")), ("answer", "yes")]).await;
    assert_eq!(rp.authorize(&[("prompt", "none")]).await.callback()["error"], "login_required");
}

#[tokio::test]
async fn another_login_in_the_browser_ends_the_one_before() {
    let (address, mut heard) = ear().await;
    let rp = Rp::hearing(Some(address)).await;
    let anna = rp.person("anna", &[]).await.0;
    rp.person("bo", &[]).await;
    let token = rp.verified(&next(&mut heard).await, "logout+jwt").await;
    assert_eq!((&token["sub"], &token["sid"]), (&anna["sub"], &anna["sid"]));
}

#[tokio::test]
async fn where_to_go_on_to_is_known_beforehand() {
    let rp = Rp::new().await;
    let id_token = rp.exchange(&rp.code("anna", &[]).await).await.json();
    let id_token = id_token["id_token"].as_str().expect("one");
    for (fields, code) in [
        (vec![("post_logout_redirect_uri", LOGGED_OUT)], "unknown_redirect_uri"),
        (
            vec![("client_id", "rp"), ("post_logout_redirect_uri", "https://evil.example/")],
            "unknown_redirect_uri",
        ),
        (vec![("client_id", "nobody")], "unknown_client"),
        (vec![("client_id", "other"), ("id_token_hint", id_token)], "unknown_client"),
    ] {
        rp.get("end_session", &fields).await.trouble(code);
    }
    // A token of another key is no hint.
    let forged = format!("{id_token}A");
    let fields = [("id_token_hint", forged.as_str()), ("post_logout_redirect_uri", LOGGED_OUT)];
    rp.get("end_session", &fields).await.trouble("unknown_redirect_uri");
    assert_eq!(rp.authorize(&[("prompt", "none")]).await.callback().get("error"), None::<&String>);
}
