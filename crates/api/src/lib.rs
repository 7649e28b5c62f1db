//! The REST interface: JSON in, verb, JSON out. A file for each resource holds its router and its handlers; the contract is
//! written down by the handlers' own descriptions, and `openapi/` is made from them.

mod access;
mod bodies;
mod docs;
mod health;
mod log;
mod oauth;
mod v1;
mod view;

pub use access::{EVALUATIONS_LIMIT, EVALUATIONS_PATH};
pub use health::Readiness;
pub use log::published_keys;
pub use v1::{DECLARATIONS_LIMIT, DECLARATIONS_PATH, DOCUMENTS_LIMIT, DOCUMENTS_PATH};

use axum::{Router, extract::FromRef, middleware};
use std::sync::Arc;
use tillid_edge::{AuthorizationServer, Gate};
use utoipa::{
    Modify, OpenApi,
    openapi::{
        OpenApi as Document,
        security::{HttpAuthScheme, HttpBuilder, SecurityScheme},
    },
};
use utoipa_axum::{router::OpenApiRouter, routes};

/// What the handlers share.
#[derive(Clone)]
pub struct Api {
    /// The verbs, and who may call them.
    pub gate: Gate,
    /// Whether this node can serve.
    pub readiness: Readiness,
    /// Who issues our own tokens.
    pub authorization_server: Arc<AuthorizationServer>,
}

impl FromRef<Api> for Gate {
    fn from_ref(api: &Api) -> Self {
        api.gate.clone()
    }
}

impl FromRef<Api> for Arc<AuthorizationServer> {
    fn from_ref(api: &Api) -> Self {
        api.authorization_server.clone()
    }
}

impl FromRef<Api> for Readiness {
    fn from_ref(api: &Api) -> Self {
        api.readiness.clone()
    }
}

#[derive(OpenApi)]
#[openapi(
    info(
        title = "Tillid",
        description = "Consents (samtykke) and powers of attorney (fuldmagt). Errors are RFC 9457 with a stable `code`. Changes take \
            `Idempotency-Key`; `If-Match` is honoured when sent and never needed. Staff and systems read a person's data with `Lookup-Id`.",
        license(name = "MPL-2.0")
    ),
    modifiers(&Bearer),
    security(("bearer" = []))
)]
struct Contract;

struct Bearer;

impl Modify for Bearer {
    fn modify(&self, document: &mut Document) {
        let scheme =
            HttpBuilder::new().scheme(HttpAuthScheme::Bearer).bearer_format("at+jwt (RFC 9068)").build();
        document
            .components
            .get_or_insert_default()
            .add_security_scheme("bearer", SecurityScheme::Http(scheme));
    }
}

fn routes() -> OpenApiRouter<Api> {
    OpenApiRouter::with_openapi(Contract::openapi())
        .nest("/v1", v1::router())
        .merge(log::router())
        .merge(access::router())
        .merge(oauth::router())
        .merge(v1::receipts::context_router())
}

fn health_routes() -> OpenApiRouter<Api> {
    OpenApiRouter::new().routes(routes!(health::live)).routes(routes!(health::ready))
}

/// Health alone, for the listener that only the operator reaches.
pub fn health_router(api: Api) -> Router {
    health_routes().split_for_parts().0.with_state(api)
}

/// The contract, as OpenAPI 3.1.
pub fn contract() -> Document {
    routes().merge(health_routes()).split_for_parts().1
}

/// The router of the interface, with its contract at `/openapi.json` and pages about it at `/docs`. What else is served under the
/// same roof brings its own contract.
pub fn router(api: Api, others: Vec<Document>) -> Router {
    let (router, _) = routes().split_for_parts();
    let mut document = contract();
    for other in others {
        document.merge(other);
    }
    let clock = middleware::from_fn_with_state(api.readiness.clone(), health::with_right_clock);
    router.layer(clock).with_state(api.clone()).merge(health_router(api)).merge(docs::router(document))
}
