//! What the provider says of itself.

use super::{
    identity::{CLAIMS, SCOPES},
    keys::ALGORITHMS,
};
use crate::Sandbox;
use axum::{
    Json,
    extract::State,
    response::{IntoResponse, Response},
};
use http::header;
use serde_json::{Value, json};

/// OpenID Connect Discovery 1.0.
pub(crate) async fn metadata(State(sandbox): State<Sandbox>) -> Json<Value> {
    let issuer = &sandbox.provider.issuer;
    let at = |path: &str| format!("{issuer}/{path}");
    let levels = ["Low", "Substantial", "High"]
        .map(|level| format!("https://data.gov.dk/concept/core/nsis/loa/{level}"));
    Json(json!({
        "issuer": issuer,
        "authorization_endpoint": at("authorize"),
        "token_endpoint": at("token"),
        "userinfo_endpoint": at("userinfo"),
        "jwks_uri": at("jwks"),
        "pushed_authorization_request_endpoint": at("par"),
        "end_session_endpoint": at("end_session"),
        "response_types_supported": ["code"],
        "response_modes_supported": ["query"],
        "grant_types_supported": ["authorization_code"],
        "subject_types_supported": ["public"],
        "id_token_signing_alg_values_supported": ["ES256"],
        "token_endpoint_auth_methods_supported": ["private_key_jwt"],
        "token_endpoint_auth_signing_alg_values_supported": ALGORITHMS,
        "code_challenge_methods_supported": ["S256"],
        "authorization_response_iss_parameter_supported": true,
        "require_pushed_authorization_requests": false,
        "request_parameter_supported": false,
        "request_uri_parameter_supported": false,
        "claims_parameter_supported": false,
        "backchannel_logout_supported": true,
        "backchannel_logout_session_supported": true,
        "prompt_values_supported": ["none", "login", "consent", "select_account"],
        "acr_values_supported": levels,
        "ui_locales_supported": ["da", "en"],
        "scopes_supported": SCOPES,
        "claims_supported": CLAIMS,
    }))
}

/// The keys of tokens (RFC 7517).
pub(crate) async fn jwks(State(sandbox): State<Sandbox>) -> Response {
    ([(header::CONTENT_TYPE, "application/jwk-set+json")], sandbox.provider.key.jwks().to_string())
        .into_response()
}
