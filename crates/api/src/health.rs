//! Whether the process lives, and whether it can serve. Neither needs a login nor changes anything.

use axum::{
    extract::State,
    http::StatusCode,
    response::{IntoResponse, Response},
};
use serde::Serialize;
use std::sync::{
    Arc,
    atomic::{AtomicBool, Ordering},
};
use tillid_edge::{Gate, Json};
use utoipa::ToSchema;

/// How far this node's clock may be from the database's, in microseconds.
const MAX_SKEW: i64 = 1_000_000;

/// Whether this node is being stopped.
#[derive(Clone, Default, Debug)]
pub struct Readiness {
    draining: Arc<AtomicBool>,
}

impl Readiness {
    /// From now on the node says that it is not ready, so that nobody sends it more.
    pub fn drain(&self) {
        self.draining.store(true, Ordering::SeqCst);
    }
}

/// Whether it is well.
#[derive(Serialize, ToSchema)]
pub(crate) struct Health {
    /// `live`, `ready`, `draining`, `database_away` or `clock_off`.
    status: &'static str,
}

/// The process runs.
#[utoipa::path(get, path = "/health/live", tag = "operation", security(()), responses((status = 200, body = Health)))]
pub(crate) async fn live() -> Json<Health> {
    Json(Health { status: "live" })
}

/// The node can serve: the database answers, the clocks agree to within a second, and it is not being stopped.
#[utoipa::path(get, path = "/health/ready", tag = "operation", security(()),
    responses((status = 200, body = Health), (status = 503, body = Health)))]
pub(crate) async fn ready(State(gate): State<Gate>, State(readiness): State<Readiness>) -> Response {
    let status = if readiness.draining.load(Ordering::SeqCst) {
        "draining"
    } else {
        match gate.service.clock_skew().await {
            Ok(skew) if skew <= MAX_SKEW => return Json(Health { status: "ready" }).into_response(),
            Ok(_) => "clock_off",
            Err(_) => "database_away",
        }
    };
    (StatusCode::SERVICE_UNAVAILABLE, Json(Health { status })).into_response()
}
