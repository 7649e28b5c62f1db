//! `/access/v1`: decisions, as OpenID AuthZEN Authorization API 1.0 has them.

mod body;
mod error;
mod evaluate;
mod metadata;
mod question;
mod search;
mod view;

pub(crate) use view::ReasonView;

use crate::Api;
use utoipa_axum::{router::OpenApiRouter, routes};

/// The batches, which may be larger than other bodies.
pub const EVALUATIONS_PATH: &str = "/access/v1/evaluations";
/// The largest body there, in bytes: a thousand questions with room for what callers state beside them.
pub const EVALUATIONS_LIMIT: usize = 2 * 1024 * 1024;

pub(crate) fn router() -> OpenApiRouter<Api> {
    OpenApiRouter::new()
        .routes(routes!(evaluate::evaluation))
        .routes(routes!(evaluate::evaluations))
        .routes(routes!(search::subject))
        .routes(routes!(search::resource))
        .routes(routes!(search::action))
        .routes(routes!(metadata::configuration))
}
