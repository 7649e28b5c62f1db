//! Where everything is.

use crate::Api;
use axum::{Json, extract::State};
use serde::Serialize;
use utoipa::ToSchema;

/// AuthZEN's metadata (section 9).
#[derive(Serialize, ToSchema)]
pub(crate) struct Configuration {
    policy_decision_point: String,
    access_evaluation_endpoint: String,
    access_evaluations_endpoint: String,
    search_subject_endpoint: String,
    search_resource_endpoint: String,
    search_action_endpoint: String,
}

/// Where decisions are asked for.
#[utoipa::path(get, operation_id = "authzen_configuration", path = "/.well-known/authzen-configuration", tag = "decisions", security(()),
    responses((status = 200, body = Configuration)))]
pub(super) async fn configuration(State(api): State<Api>) -> Json<Configuration> {
    let base = &api.gate.service.settings().base_url;
    let at = |path: &str| format!("{base}/access/v1/{path}");
    Json(Configuration {
        policy_decision_point: base.clone(),
        access_evaluation_endpoint: at("evaluation"),
        access_evaluations_endpoint: at("evaluations"),
        search_subject_endpoint: at("search/subject"),
        search_resource_endpoint: at("search/resource"),
        search_action_endpoint: at("search/action"),
    })
}
