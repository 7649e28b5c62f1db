//! `/v1/clients`: an authority's system administrator registers its systems, changes what they may, and stops them.

use super::with_etag;
use crate::{
    Api,
    bodies::{Part, next},
    view::{ClientView, PageView, directory},
};
use axum::{
    extract::State,
    http::StatusCode,
    response::{IntoResponse, Response},
};
use serde::Deserialize;
use std::collections::BTreeSet;
use tillid_domain::{
    actor::Purpose,
    client::{Binding, Client, HttpsUri, KeySet, Keys, Quota, Registration, Scopes},
    id::RegistrationId,
    text::{ClientId, Name},
};
use tillid_edge::{Bare, Caller, Flaw, Gate, Json, Path, Problem, Protocol, Query, Sent};
use tillid_service::NewClient;
use utoipa::ToSchema;
use utoipa_axum::{router::OpenApiRouter, routes};

const LIST: &str = "clients";

pub(super) fn router() -> OpenApiRouter<Api> {
    OpenApiRouter::new()
        .routes(routes!(list, register))
        .routes(routes!(read, change))
        .routes(routes!(stop))
        .routes(routes!(resume))
}

/// What an authority says of a system of its own, in the names of RFC 7591 where it has one.
#[derive(Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
struct ClientBody {
    /// What it calls itself: at most 64 letters, digits and `-_.`; chosen here when not said. It never changes.
    #[schema(value_type = Option<String>)]
    client_id: Option<ClientId>,
    /// What people call it.
    #[schema(value_type = String)]
    client_name: Name,
    /// What it may ask for at all, with a space between: `decide`, `search`, `look_up`, `ask`, `register`, `represent`.
    #[schema(value_type = String, example = "decide search")]
    scope: Scopes,
    /// What it may look people up for.
    #[serde(default)]
    #[schema(value_type = Vec<String>)]
    purposes: BTreeSet<Purpose>,
    /// Its public keys (RFC 7517), one to eight, each with a `kid`: P-256, Ed25519, or RSA from 2048 bits. This or `jwks_uri`.
    #[schema(value_type = Option<Object>)]
    jwks: Option<KeySet>,
    /// Where it publishes them: `https`, a host with a name that leads to public addresses alone.
    #[schema(value_type = Option<String>)]
    jwks_uri: Option<HttpsUri>,
    /// What its tokens are bound to: `dpop` (RFC 9449), `mutual_tls` (RFC 8705), or `bearer` for nothing, which must be meant.
    #[schema(value_type = String)]
    token_binding: Binding,
    /// How many requests it may send in a minute, 1 to 6000000; 6000 when not said.
    #[schema(value_type = Option<u32>)]
    quota: Option<Quota>,
    /// The address of its own interface, if tokens for acting on somebody's behalf are to be for it (RFC 8707).
    #[schema(value_type = Option<String>)]
    resource: Option<HttpsUri>,
}

impl ClientBody {
    fn read(self) -> Result<NewClient, Problem> {
        let flawed = |flaw: Flaw, at: &str| Problem::from(Protocol::Unprocessable).with_error(flaw.at(at));
        let keys = match (self.jwks, self.jwks_uri) {
            (Some(jwks), None) => Keys::Jwks(jwks),
            (None, Some(uri)) => Keys::JwksUri(uri),
            (None, None) => return Err(flawed(Flaw::Missing, "#/jwks")),
            (Some(_), Some(_)) => return Err(flawed(Flaw::InvalidValue, "#/jwks_uri")),
        };
        let registration = Registration {
            name: self.client_name,
            scopes: self.scope,
            purposes: self.purposes,
            keys,
            binding: self.token_binding,
            quota: self.quota.unwrap_or(Quota::USUAL),
            resource: self.resource,
        };
        Ok(NewClient { client: self.client_id, registration })
    }
}

/// The systems of your authority, the newest first.
#[utoipa::path(get, operation_id = "list_clients", path = "/clients", tag = "clients", params(Part),
    responses((status = 200, body = PageView<ClientView>), (status = 403)))]
async fn list(
    State(gate): State<Gate>,
    caller: Caller,
    Query(part): Query<Part>,
) -> Result<Response, Problem> {
    let (below, limit) = (part.after(LIST)?, part.limit()?);
    let page =
        gate.service.list_clients(&caller.read(), below, limit).await.map_err(|e| caller.problem(&e))?;
    let items = page.items.into_iter().map(|client| view(&gate, client)).collect();
    Ok(Json(PageView { items, next: next(LIST, page.next) }).into_response())
}

/// Register a system of your authority. It gets its tokens at `/oauth2/token`, with an assertion that it signs with a key of its own.
#[utoipa::path(post, operation_id = "register_client", path = "/clients", tag = "clients", request_body = ClientBody,
    responses((status = 201, body = ClientView), (status = 401), (status = 403), (status = 422)))]
async fn register(
    State(gate): State<Gate>,
    caller: Caller,
    sent: Sent<ClientBody>,
) -> Result<Response, Problem> {
    let call = caller.change(sent.fingerprint);
    let done = gate.service.register_client(&call, &sent.value.read()?).await;
    Ok(shown(&gate, StatusCode::CREATED, done.map_err(|e| caller.problem(&e))?.value))
}

/// One system of your authority.
#[utoipa::path(get, operation_id = "read_client", path = "/clients/{id}", tag = "clients", params(("id" = uuid::Uuid, Path)),
    responses((status = 200, body = ClientView), (status = 403), (status = 404)))]
async fn read(
    State(gate): State<Gate>,
    caller: Caller,
    Path(id): Path<RegistrationId>,
) -> Result<Response, Problem> {
    let client = gate.service.read_client(&caller.read(), id).await.map_err(|e| caller.problem(&e))?;
    Ok(shown(&gate, StatusCode::OK, client))
}

/// Say something else of a system: all of it, as when it was registered. What it loses by it, it loses at once, also with tokens that it
/// has. A key that is replaced proves nothing from then on.
#[utoipa::path(put, operation_id = "change_client", path = "/clients/{id}", tag = "clients", params(("id" = uuid::Uuid, Path)), request_body = ClientBody,
    responses((status = 200, body = ClientView), (status = 401), (status = 403), (status = 404), (status = 412), (status = 422)))]
async fn change(
    State(gate): State<Gate>,
    caller: Caller,
    Path(id): Path<RegistrationId>,
    sent: Sent<ClientBody>,
) -> Result<Response, Problem> {
    let call = caller.change(sent.fingerprint);
    let NewClient { client, registration } = sent.value.read()?;
    if let Some(named) = client {
        // RFC 7592, section 2.2: it may be sent along, and is not changed.
        let client = gate.service.read_client(&call, id).await.map_err(|e| caller.problem(&e))?;
        if client.client != named {
            let flaw = Flaw::InvalidValue.at("#/client_id");
            return Err(Problem::from(Protocol::Unprocessable).with_error(flaw));
        }
    }
    let done = gate.service.change_client(&call, id, &registration).await;
    Ok(shown(&gate, StatusCode::OK, done.map_err(|e| caller.problem(&e))?.value))
}

/// Stop a system. From this answer on it gets no token, and those that it has count for nothing, on every node.
#[utoipa::path(post, operation_id = "stop_client", path = "/clients/{id}/stop", tag = "clients", params(("id" = uuid::Uuid, Path)),
    responses((status = 200, body = ClientView), (status = 403), (status = 404), (status = 409), (status = 412)))]
async fn stop(
    State(gate): State<Gate>,
    caller: Caller,
    Path(id): Path<RegistrationId>,
    bare: Bare,
) -> Result<Response, Problem> {
    let done = gate.service.stop_client(&caller.change(bare.fingerprint), id).await;
    Ok(shown(&gate, StatusCode::OK, done.map_err(|e| caller.problem(&e))?.value))
}

/// Let a system go on that was stopped. Replace its keys first, if they are why.
#[utoipa::path(post, operation_id = "resume_client", path = "/clients/{id}/resume", tag = "clients", params(("id" = uuid::Uuid, Path)),
    responses((status = 200, body = ClientView), (status = 401), (status = 403), (status = 404), (status = 409), (status = 412)))]
async fn resume(
    State(gate): State<Gate>,
    caller: Caller,
    Path(id): Path<RegistrationId>,
    bare: Bare,
) -> Result<Response, Problem> {
    let done = gate.service.resume_client(&caller.change(bare.fingerprint), id).await;
    Ok(shown(&gate, StatusCode::OK, done.map_err(|e| caller.problem(&e))?.value))
}

fn shown(gate: &Gate, status: StatusCode, client: Client) -> Response {
    with_etag(status, client.revision, view(gate, client))
}

fn view(gate: &Gate, client: Client) -> ClientView {
    let alarm = gate.allowances.has_alarm(&client.client, client.revision, gate.service.security_now());
    ClientView::new(client, directory(&gate.service), alarm)
}
