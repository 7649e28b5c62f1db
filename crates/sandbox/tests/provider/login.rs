//! The authorization endpoint and the picker.

use crate::client::{Answer, CALLBACK, Rp, form, request};
use axum::http::StatusCode;
use serde_json::json;

const LOW: &str = "https://data.gov.dk/concept/core/nsis/loa/Low";
const HIGH: &str = "https://data.gov.dk/concept/core/nsis/loa/High";

fn names(page: &Answer) -> Vec<&str> {
    page.body.split("name=\"identity\" value=\"").skip(1).filter_map(|rest| rest.split('"').next()).collect()
}

#[tokio::test]
async fn the_metadata_names_every_endpoint() {
    let rp = Rp::new().await;
    let said = rp.get(".well-known/openid-configuration", &[]).await.json();
    assert_eq!(said["issuer"], "https://tillid.example/sandbox/mitid");
    for (name, path) in [
        ("authorization_endpoint", "authorize"),
        ("token_endpoint", "token"),
        ("userinfo_endpoint", "userinfo"),
        ("jwks_uri", "jwks"),
        ("pushed_authorization_request_endpoint", "par"),
        ("end_session_endpoint", "end_session"),
    ] {
        assert_eq!(said[name], format!("https://tillid.example/sandbox/mitid/{path}"));
    }
    assert_eq!(said["token_endpoint_auth_methods_supported"], json!(["private_key_jwt"]));
    assert_eq!(said["authorization_response_iss_parameter_supported"], json!(true));
    assert_eq!(said["acr_values_supported"], json!([LOW, LOW.replace("Low", "Substantial"), HIGH]));
}

#[tokio::test]
async fn somebody_is_picked_and_logged_in() {
    let rp = Rp::new().await;
    let page = rp.authorize(&[]).await;
    let names = names(&page);
    assert_eq!(names.iter().filter(|name| !name.contains(':')).count(), 17);
    assert_eq!(names.iter().filter(|name| name.contains(":professional:")).count(), 11);
    let said = rp.pick(&page, "anna", "low").await.callback();
    let (claims, _) = rp.tokens(&said["code"]).await;
    assert_eq!((&claims["nonce"], &claims["acr"]), (&json!("the nonce"), &json!(LOW)));
    assert_eq!((&claims["identity_type"], &claims["idp"]), (&json!("private"), &json!("mitid")));
    assert_eq!(claims["auth_time"], rp.now());
    assert_eq!(claims["loa"], "https://data.gov.dk/concept/core/nsis/Low");
    assert!(claims["sub"].as_str().is_some_and(|sub| sub.len() == 36));
}

#[tokio::test]
async fn a_pushed_request_is_used_as_it_was_pushed() {
    let rp = Rp::new().await;
    let fields = request(&[]);
    let fields: Vec<_> = fields.iter().map(|(n, v)| (n.as_str(), v.as_str())).collect();
    let pushed = rp.post("par", &fields, &rp.assertion(&json!({}))).await;
    assert_eq!(pushed.status, StatusCode::CREATED, "{}", pushed.body);
    let said = pushed.json();
    let uri = said["request_uri"].as_str().expect("a name");
    let other = rp.get("authorize", &[("client_id", "other"), ("request_uri", uri)]).await;
    other.trouble("unknown_request_uri");
    let page = rp.get("authorize", &[("client_id", "rp"), ("request_uri", uri), ("state", "changed")]).await;
    let said = rp.pick(&page, "anna", "substantial").await.callback();
    rp.tokens(&said["code"]).await;
    rp.pass(90);
    rp.get("authorize", &[("client_id", "rp"), ("request_uri", uri)]).await.trouble("unknown_request_uri");

    let nested: Vec<_> = fields.iter().copied().chain([("request_uri", uri)]).collect();
    rp.post("par", &nested, &rp.assertion(&json!({}))).await.refused("invalid_request");
    rp.ask(form("par", &fields)).await.refused("invalid_client");
}

#[tokio::test]
async fn an_address_that_is_not_registered_is_never_gone_to() {
    let rp = Rp::new().await;
    for (field, value, code) in [
        ("redirect_uri", "https://rp.example/login/callback/", "unknown_redirect_uri"),
        ("redirect_uri", "https://rp.example/login/callback?x=1", "unknown_redirect_uri"),
        ("redirect_uri", "https://evil.example/", "unknown_redirect_uri"),
        ("redirect_uri", "", "unknown_redirect_uri"),
        ("client_id", "nobody", "unknown_client"),
        ("client_id", "", "unknown_client"),
        ("request_uri", "https://rp.example/request", "unknown_request_uri"),
    ] {
        rp.authorize(&[(field, value), ("login_hint", "anna")]).await.trouble(code);
    }
    rp.get("authorize", &[("client_id", "rp"), ("client_id", "rp")]).await.trouble("unreadable_request");
}

#[tokio::test]
async fn what_is_wrong_otherwise_is_told_the_client() {
    let rp = Rp::new().await;
    for (field, value, error) in [
        ("response_type", "token", "unsupported_response_type"),
        ("response_type", "", "invalid_request"),
        ("response_mode", "fragment", "invalid_request"),
        ("scope", "profile", "invalid_scope"),
        ("code_challenge", "", "invalid_request"),
        ("code_challenge", "short", "invalid_request"),
        ("code_challenge_method", "plain", "invalid_request"),
        ("code_challenge_method", "", "invalid_request"),
        ("prompt", "none login", "invalid_request"),
        ("prompt", "create", "invalid_request"),
        ("max_age", "-1", "invalid_request"),
        ("request", "e30.e30.", "request_not_supported"),
    ] {
        let said = rp.authorize(&[(field, value), ("login_hint", "anna")]).await.callback();
        assert_eq!(said["error"], error, "{field}={value}");
    }
}

#[tokio::test]
async fn nothing_is_shown_where_nothing_may_be() {
    let rp = Rp::new().await;
    for hint in ["", "anna"] {
        let said = rp.authorize(&[("prompt", "none"), ("login_hint", hint)]).await.callback();
        assert_eq!(said["error"], "login_required");
    }
    rp.code("anna", &[]).await;
    assert!(rp.authorize(&[("prompt", "none")]).await.callback().contains_key("code"));
    for fields in
        [[("login_hint", "bo")], [("acr_values", HIGH)], [("max_age", "0")], [("id_token_hint", "x")]]
    {
        let fields = [&fields[..], &[("prompt", "none")]].concat();
        assert_eq!(rp.authorize(&fields).await.callback()["error"], "login_required", "{fields:?}");
    }
}

#[tokio::test]
async fn a_second_login_keeps_the_time_of_the_first() {
    let rp = Rp::new().await;
    let first = rp.person("anna", &[]).await.0;
    rp.pass(29 * 60);
    let said = rp.authorize(&[]).await.callback();
    let second = rp.tokens(&said["code"]).await.0;
    for name in ["auth_time", "sid", "sub"] {
        assert_eq!(first[name], second[name], "{name}");
    }
    assert_ne!(first["iat"], second["iat"]);
    rp.pass(60);
    assert_eq!(rp.authorize(&[]).await.status, StatusCode::OK);
}

#[tokio::test]
async fn who_must_prove_it_anew_does() {
    let rp = Rp::new().await;
    let first = rp.person("anna", &[]).await.0;
    rp.pass(100);
    assert!(rp.authorize(&[("max_age", "100")]).await.callback().contains_key("code"));
    for fields in
        [[("max_age", "99")], [("max_age", "0")], [("prompt", "login")], [("prompt", "select_account")]]
    {
        assert_eq!(rp.authorize(&fields).await.status, StatusCode::OK, "{fields:?}");
    }
    let before = rp.cookie("__Host-sandbox-mitid");
    let page = rp.authorize(&[("prompt", "login"), ("max_age", "0"), ("acr_values", HIGH)]).await;
    assert!(page.body.contains("value=\"high\" aria-describedby=\"level-help\" checked"));
    let said = rp.pick(&page, "anna", "high").await.callback();
    let anew = rp.tokens(&said["code"]).await.0;
    assert_eq!((&anew["sid"], &anew["acr"]), (&first["sid"], &json!(HIGH)));
    assert_eq!(anew["auth_time"], rp.now());
    assert_ne!(rp.cookie("__Host-sandbox-mitid"), before);
    // The same cookie as before the login is nobody's any more.
    let other = rp.person("bo", &[]).await.0;
    assert_ne!((&other["sid"], &other["sub"]), (&first["sid"], &first["sub"]));
}

#[tokio::test]
async fn a_hint_logs_in_at_once_unless_the_person_must_be_asked() {
    let rp = Rp::new().await;
    let page = rp.authorize(&[("login_hint", "mona:professional"), ("prompt", "login")]).await;
    assert_eq!(names(&page)[0], "mona:professional:99173009");
    let page = rp.authorize(&[("login_hint", "nobody")]).await;
    assert_eq!(names(&page).len(), 28);
    let claims = rp.person("anna", &[("idp_params", r#"{"mitid":{"loa_value":"high"}}"#)]).await.0;
    assert_eq!(claims["acr"], HIGH);
    let code = rp.exchange(&rp.code("anna", &[]).await).await.json();
    let page = rp
        .authorize(&[("id_token_hint", code["id_token"].as_str().expect("one")), ("prompt", "login")])
        .await;
    assert_eq!(names(&page)[0], "anna");
}

#[tokio::test]
async fn who_cancels_is_sent_back_without_a_code() {
    let rp = Rp::new().await;
    let page = rp.authorize(&[]).await;
    let said = rp.submit("pick", &[("pick", &page.hidden("pick")), ("cancel", "yes")]).await.callback();
    assert_eq!(said["error"], "access_denied");
    assert!(!said.contains_key("code"));
}

#[tokio::test]
async fn a_page_is_answered_once_by_the_browser_that_was_shown_it() {
    let rp = Rp::new().await;
    let page = rp.authorize(&[]).await;
    let pick = page.hidden("pick");
    let fields = [("pick", pick.as_str()), ("identity", "anna"), ("level", "low")];
    let mut from_elsewhere = form("pick", &fields);
    from_elsewhere.headers_mut().insert("sec-fetch-site", "cross-site".parse().expect("a header"));
    rp.browse(from_elsewhere).await.trouble("from_elsewhere");
    rp.ask(form("pick", &fields)).await.trouble("stale_page");
    rp.submit("pick", &[("pick", &pick), ("identity", "nobody")]).await.trouble("unreadable_request");
    rp.submit("pick", &fields).await.callback();
    rp.submit("pick", &fields).await.trouble("stale_page");

    let page = rp.authorize(&[("prompt", "login")]).await;
    rp.new_browser();
    rp.authorize(&[]).await;
    rp.pick(&page, "anna", "low").await.trouble("stale_page");
}

#[tokio::test]
async fn a_form_can_carry_the_request_too() {
    let rp = Rp::new().await;
    let fields = request(&[("login_hint", "anna")]);
    let fields: Vec<_> = fields.iter().map(|(n, v)| (n.as_str(), v.as_str())).collect();
    let (to, said) = rp.submit("authorize", &fields).await.back();
    assert!(to == CALLBACK && said.contains_key("code"));
}
