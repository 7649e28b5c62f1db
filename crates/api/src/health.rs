//! Whether the process lives, and whether it can serve. Neither needs a login nor changes anything.

use axum::{
    extract::{Request, State},
    http::StatusCode,
    middleware::Next,
    response::{IntoResponse, Response},
};
use serde::Serialize;
use std::sync::{
    Arc,
    atomic::{AtomicBool, Ordering},
};
use tillid_edge::{Gate, Json, Protocol};
use utoipa::ToSchema;

/// How far this node's clock may be from the database's, in microseconds.
const MAX_SKEW: i64 = 1_000_000;

/// Whether this node may serve: it is not being stopped, and its clock agrees with the database's.
#[derive(Clone, Default, Debug)]
pub struct Readiness {
    draining: Arc<AtomicBool>,
    clock_off: Arc<AtomicBool>,
}

impl Readiness {
    /// From now on the node says that it is not ready, so that nobody sends it more.
    pub fn drain(&self) {
        self.draining.store(true, Ordering::SeqCst);
    }

    /// Takes note of how far this node's clock is from the database's, in microseconds. A node that is more than a second off
    /// answers 503 until it no longer is: what is valid when would depend on whom one asks.
    pub fn clock_is_off_by(&self, skew: i64) {
        self.clock_off.store(skew > MAX_SKEW, Ordering::SeqCst);
    }
}

/// Refuses every call while this node's clock is off.
pub(crate) async fn with_right_clock(
    State(readiness): State<Readiness>,
    request: Request,
    next: Next,
) -> Response {
    if readiness.clock_off.load(Ordering::SeqCst) {
        Protocol::Unavailable.into_response()
    } else {
        next.run(request).await
    }
}

/// Whether it is well.
#[derive(Serialize, ToSchema)]
pub(crate) struct Health {
    /// `live`, `ready`, `draining`, `database_away`, `database_unsafe`, `clock_off`, `log_behind`, `log_unwitnessed`, or what else is wrong with the log.
    status: &'static str,
}

/// The process runs.
#[utoipa::path(get, path = "/health/live", tag = "operation", security(()), responses((status = 200, body = Health)))]
pub(crate) async fn live() -> Json<Health> {
    Json(Health { status: "live" })
}

/// The node can serve: the database answers, the clocks agree to within a second, the log keeps its promise, and it is not being
/// stopped.
#[utoipa::path(get, path = "/health/ready", tag = "operation", security(()),
    responses((status = 200, body = Health), (status = 503, body = Health)))]
pub(crate) async fn ready(State(gate): State<Gate>, State(readiness): State<Readiness>) -> Response {
    // Said also while it is draining, which it does because of it.
    let status = if gate.service.flush_failed() {
        "database_unsafe"
    } else if readiness.draining.load(Ordering::SeqCst) {
        "draining"
    } else {
        match gate.service.clock_skew().await {
            Ok(skew) => {
                readiness.clock_is_off_by(skew);
                match gate.service.log_trouble() {
                    _ if skew > MAX_SKEW => "clock_off",
                    Some(trouble) => trouble.code(),
                    None => return Json(Health { status: "ready" }).into_response(),
                }
            }
            Err(_) => "database_away",
        }
    };
    (StatusCode::SERVICE_UNAVAILABLE, Json(Health { status })).into_response()
}

#[cfg(test)]
mod tests {
    use super::*;
    use axum::{Router, body::Body, middleware, routing::get};
    use tower::ServiceExt;

    #[tokio::test]
    async fn a_node_whose_clock_is_off_serves_nobody_until_it_is_right_again() {
        let readiness = Readiness::default();
        let clock = middleware::from_fn_with_state(readiness.clone(), with_right_clock);
        let app: Router = Router::new().route("/", get(|| async { "yes" })).layer(clock);
        let status = async || {
            let request = Request::get("/").body(Body::empty()).expect("a request");
            app.clone().oneshot(request).await.expect("an answer").status()
        };
        assert_eq!(status().await, StatusCode::OK);
        readiness.clock_is_off_by(MAX_SKEW + 1);
        assert_eq!(status().await, StatusCode::SERVICE_UNAVAILABLE);
        readiness.clock_is_off_by(MAX_SKEW);
        assert_eq!(status().await, StatusCode::OK);
    }
}
