//! `/oauth2`: tokens of our own, for systems. Requests are forms and errors are those of RFC 6749.

use crate::Api;
use axum::{
    extract::State,
    http::{HeaderName, HeaderValue, header},
    response::{IntoResponse, Response},
};
use std::sync::Arc;
use tillid_edge::{AuthorizationServer, Json, OAuthError, TokenAnswer, TokenRequest};
use utoipa::ToSchema;
use utoipa_axum::{router::OpenApiRouter, routes};

pub(crate) fn router() -> OpenApiRouter<Api> {
    OpenApiRouter::new().routes(routes!(token)).routes(routes!(jwks)).routes(routes!(metadata))
}

/// What a token is asked for with.
#[derive(ToSchema)]
#[expect(dead_code, reason = "the contract says what the edge reads")]
struct TokenForm {
    /// `client_credentials`, or `urn:ietf:params:oauth:grant-type:token-exchange` (RFC 8693).
    grant_type: String,
    /// `urn:ietf:params:oauth:client-assertion-type:jwt-bearer`.
    client_assertion_type: String,
    /// A JWT that the client has signed with a registered key (ES256, EdDSA or PS256): `iss` and `sub` its id, `aud` the issuer of the
    /// metadata as a text by itself, `iat`, `exp` at most five minutes later, and a `jti` that is used once.
    client_assertion: String,
    /// The client's id; need not be said.
    client_id: Option<String>,
    /// A part of the scopes that the client is registered for; all of them when not said. Not for an exchange.
    scope: Option<String>,
    /// Of an exchange: the representative's own access token, or the mandate token that it was exchanged for.
    subject_token: Option<String>,
    /// `urn:ietf:params:oauth:token-type:access_token`, or `urn:ietf:params:oauth:token-type:jwt` for a mandate token.
    subject_token_type: Option<String>,
    /// With a mandate token: the representative's own access token.
    actor_token: Option<String>,
    /// `urn:ietf:params:oauth:token-type:access_token`.
    actor_token_type: Option<String>,
    /// `urn:ietf:params:oauth:token-type:jwt` to get a mandate token; an access token when not said.
    requested_token_type: Option<String>,
    /// Of an exchange: one `{"type": "dk_mandate", "identifier": "...", "privileges": [...]}` in a JSON list (RFC 9396); without
    /// privileges, all that mean something there. Needed to get a mandate token.
    authorization_details: Option<String>,
    /// For whom the access token is to be (RFC 8707): this service's address, or the `resource` that the client is registered with.
    resource: Option<String>,
}

/// A token.
#[derive(ToSchema)]
#[expect(dead_code, reason = "the contract says what the edge answers")]
struct TokenView {
    /// A JWT of type `at+jwt` (RFC 9068); verify it with `/oauth2/jwks`.
    access_token: String,
    /// Of an exchange: what kind of token it is.
    issued_token_type: Option<String>,
    /// `DPoP` where the token is bound to a key, else `Bearer`; `N_A` of a mandate token.
    token_type: String,
    /// For how many seconds it can be used.
    expires_in: i64,
    /// What it permits.
    scope: Option<String>,
    /// What a token for acting permits: the mandate with the privileges (RFC 9396).
    #[schema(value_type = Option<Vec<Object>>)]
    authorization_details: Option<()>,
}

/// Why there is no token.
#[derive(ToSchema)]
#[expect(dead_code, reason = "the contract says what the edge answers")]
struct TokenErrorView {
    /// A code of RFC 6749 or one that builds upon it.
    error: String,
    /// What is wrong.
    error_description: String,
    /// The code of our own reason, where there is one.
    reason: Option<String>,
}

/// Get a token. `Idempotency-Key` means nothing here: each assertion is used once.
#[utoipa::path(post, operation_id = "get_token", path = "/oauth2/token", tag = "tokens", security(()),
    params(("DPoP" = Option<String>, Header, description = "needed by clients whose tokens are bound to a key (RFC 9449)")),
    request_body(content = TokenForm, content_type = "application/x-www-form-urlencoded"),
    responses((status = 200, body = TokenView), (status = 400, body = TokenErrorView), (status = 401, body = TokenErrorView), (status = 429, body = TokenErrorView)))]
async fn token(
    State(server): State<Arc<AuthorizationServer>>,
    request: TokenRequest,
) -> Result<TokenAnswer, OAuthError> {
    server.token(&request).await
}

/// The public keys of our own tokens (RFC 7517).
#[utoipa::path(get, operation_id = "token_keys", path = "/oauth2/jwks", tag = "tokens", security(()), responses((status = 200, body = Object)))]
async fn jwks(State(server): State<Arc<AuthorizationServer>>) -> Response {
    (FOR_A_WHILE, Json(server.jwks())).into_response()
}

/// What the token endpoint can do (RFC 8414).
#[utoipa::path(get, operation_id = "authorization_server", path = "/.well-known/oauth-authorization-server", tag = "tokens", security(()),
    responses((status = 200, body = Object)))]
async fn metadata(State(server): State<Arc<AuthorizationServer>>) -> Response {
    (FOR_A_WHILE, Json(server.metadata())).into_response()
}

/// A key is published for longer than this before it signs: see docs/operations.md.
const FOR_A_WHILE: [(HeaderName, HeaderValue); 1] =
    [(header::CACHE_CONTROL, HeaderValue::from_static("public, max-age=300"))];
