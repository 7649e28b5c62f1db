//! The token endpoint and what is said of whom.

use crate::client::{CALLBACK, Rp, VERIFIER, exchange};
use axum::http::StatusCode;
use serde_json::json;

#[tokio::test]
async fn a_code_needs_its_verifier_and_its_address() {
    let rp = Rp::new().await;
    let wrong = "another-verifier-that-is-long-enough-for-the-rule-0123";
    for (redirect_uri, verifier) in [(CALLBACK, wrong), (CALLBACK, ""), ("https://rp.example/", VERIFIER)] {
        let code = rp.code("anna", &[]).await;
        let answer =
            rp.post("token", &exchange(&code, redirect_uri, verifier), &rp.assertion(&json!({}))).await;
        answer.refused("invalid_grant");
        // One wrong attempt, and the code is used up.
        rp.exchange(&code).await.refused("invalid_grant");
    }
}

#[tokio::test]
async fn a_code_used_twice_ends_what_it_was_exchanged_for() {
    let rp = Rp::new().await;
    let code = rp.code("anna", &[]).await;
    let (_, access_token) = rp.tokens(&code).await;
    assert_eq!(rp.userinfo(&access_token).await.status, StatusCode::OK);
    rp.pass(300);
    rp.exchange(&code).await.refused("invalid_grant");
    let answer = rp.userinfo(&access_token).await;
    assert_eq!(answer.status, StatusCode::UNAUTHORIZED);
    assert_eq!(answer.header("www-authenticate"), "Bearer error=\"invalid_token\"");
    rp.exchange(&code).await.refused("invalid_grant");
}

#[tokio::test]
async fn a_code_is_its_clients_and_soon_too_old() {
    let rp = Rp::new().await;
    let code = rp.code("anna", &[]).await;
    let other = rp.assertion(&json!({"iss": "other", "sub": "other"}));
    rp.exchange_with(&code, &other).await.refused("invalid_grant");
    rp.pass(59);
    rp.tokens(&code).await;
    let code = rp.code("anna", &[]).await;
    rp.pass(60);
    rp.exchange(&code).await.refused("invalid_grant");
    rp.exchange("nothing").await.refused("invalid_grant");
}

#[tokio::test]
async fn an_assertion_is_for_us_alone_short_and_used_once() {
    let rp = Rp::new().await;
    let now = rp.now();
    for instead in [
        json!({"aud": "https://tillid.example/sandbox/mitid/token"}),
        json!({"aud": ["https://tillid.example/sandbox/mitid"]}),
        json!({"exp": now}),
        json!({"exp": now + 311}),
        json!({"exp": null}),
        json!({"iat": now + 60}),
        json!({"nbf": now + 60}),
        json!({"jti": null}),
        json!({"iss": "other"}),
        json!({"sub": "nobody", "iss": "nobody"}),
    ] {
        let code = rp.code("anna", &[]).await;
        let answer = rp.exchange_with(&code, &rp.assertion(&instead)).await;
        assert_eq!(answer.status, StatusCode::UNAUTHORIZED, "{instead}");
        answer.refused("invalid_client");
    }
    let assertion = rp.assertion(&json!({}));
    let code = rp.code("anna", &[]).await;
    assert_eq!(rp.exchange_with(&code, &assertion).await.status, StatusCode::OK);
    let code = rp.code("anna", &[]).await;
    rp.exchange_with(&code, &assertion).await.refused("invalid_client");
    rp.post("par", &[], &assertion).await.refused("invalid_client");
    let mut forged = rp.assertion(&json!({}));
    forged.replace_range(forged.len() - 4.., "AAAA");
    rp.exchange_with(&code, &forged).await.refused("invalid_client");
    // None of these used the code up.
    rp.tokens(&code).await;
}

#[tokio::test]
async fn the_number_goes_out_only_with_its_scope() {
    let rp = Rp::new().await;
    let (claims, user) = rp.person("clara", &[("scope", "openid mitid")]).await;
    assert!(!claims.contains_key("dk.cpr") && !user.contains_key("dk.cpr"));
    assert_eq!(user["mitid.identity_name"], "Clara Holm");
    assert_eq!(user["mitid.age"], "14");
    let people = rp
        .ask(axum::http::Request::get("/sandbox/people").body(axum::body::Body::empty()).expect("it"))
        .await;
    let people = people.json();
    let clara =
        people["items"].as_array().expect("items").iter().find(|p| p["key"] == "clara").expect("clara");
    assert_eq!(user["mitid.date_of_birth"], clara["born"]);
    let (claims, user) = rp.person("clara", &[("scope", "openid ssn")]).await;
    assert_eq!(user["dk.cpr"], clara["cpr"]);
    assert!(!user.contains_key("mitid.uuid"));
    let number = clara["cpr"].as_str().expect("a number");
    assert!(!serde_json::to_string(&claims).expect("JSON").contains(number));
    let (_, user) = rp.person("inge:professional", &[("scope", "openid nemlogin")]).await;
    assert!(!user.contains_key("nemlogin.cpr"));
    let (_, user) = rp.person("inge:professional", &[("scope", "openid nemlogin ssn")]).await;
    assert!(user.contains_key("nemlogin.cpr") && !user.contains_key("dk.cpr"));
}

#[tokio::test]
async fn inge_is_another_at_each_authority_and_in_private() {
    let rp = Rp::new().await;
    let scope = [("scope", "openid mitid nemlogin roles"), ("acr_values", "high")];
    let (here, user_here) = rp.person("inge:professional", &scope).await;
    let (there, user_there) = rp.person("inge:professional:99173009", &scope).await;
    let (private, user_private) = rp.person("inge", &scope).await;
    assert_eq!(
        (&user_here["nemlogin.cvr"], &user_there["nemlogin.cvr"]),
        (&json!("99100001"), &json!("99173009"))
    );
    assert_eq!(user_here["nemlogin.org_name"], "Eksempel Kommune");
    let id = "nemlogin.persistent_professional_id";
    assert_ne!(user_here[id], user_there[id]);
    assert!(here["sub"] != there["sub"] && here["sub"] != private["sub"] && there["sub"] != private["sub"]);
    for claims in [&here, &there] {
        assert_eq!(
            (&claims["identity_type"], &claims["idp"]),
            (&json!("professional"), &json!("mitid_erhverv"))
        );
        assert_eq!(claims["acr"], "https://data.gov.dk/concept/core/nsis/loa/Substantial");
        assert_eq!((&claims["roles"], &claims["kle"]), (&json!(["betroetmedarbejder"]), &json!(["*"])));
        assert_eq!(claims["sensitivity"], "special");
    }
    assert_eq!(private["acr"], "https://data.gov.dk/concept/core/nsis/loa/High");
    assert!(!private.contains_key("roles") && !user_private.contains_key("nemlogin.cvr"));
    assert!(!user_here.contains_key("mitid.uuid"));
    let (claims, _) = rp.person("inge:professional", &[]).await;
    assert!(!claims.contains_key("roles"));
}

#[tokio::test]
async fn the_sandboxs_own_tokens_are_as_they_were() {
    let rp = Rp::new().await;
    let body = axum::body::Body::from(r#"{"person": "inge"}"#);
    let request = axum::http::Request::post("/sandbox/tokens").header("content-type", "application/json");
    let said = rp.ask(request.body(body).expect("a request")).await.json();
    let claims = crate::client::payload(said["access_token"].as_str().expect("a token"));
    assert_eq!((&claims["cvr"], &claims["person"]), (&json!("99100001"), &json!("inge")));
    assert_eq!(claims["sub"], "5a4d0000-0000-8000-8000-000000000008");
    assert_eq!(claims["roles"], json!(["betroetmedarbejder"]));
}
