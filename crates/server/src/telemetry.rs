//! Logs and metrics. Neither holds personal data: routes are templates, callers are kinds, panics keep their words to themselves.

use anyhow::Result;
use metrics_exporter_prometheus::{Matcher, PrometheusBuilder, PrometheusHandle};
use std::panic;
use tracing_subscriber::EnvFilter;

const BUCKETS: [f64; 14] = [0.005, 0.01, 0.025, 0.05, 0.075, 0.1, 0.25, 0.5, 0.75, 1.0, 2.5, 5.0, 7.5, 10.0];

/// Structured lines on the error stream, at the level that `filter` says.
pub(crate) fn logs(filter: &str) -> Result<()> {
    let filter = EnvFilter::try_new(filter)?;
    tracing_subscriber::fmt().json().with_env_filter(filter).with_writer(std::io::stderr).init();
    // A panic's words may repeat what somebody sent.
    panic::set_hook(Box::new(|info| {
        let place = info.location().map(|l| format!("{}:{}", l.file(), l.line()));
        tracing::error!(place, "a panic");
    }));
    Ok(())
}

/// The recorder of metrics, rendered on the internal listener.
pub(crate) fn metrics() -> Result<PrometheusHandle> {
    let builder = PrometheusBuilder::new()
        .set_buckets_for_metric(Matcher::Suffix("duration_seconds".to_owned()), &BUCKETS)?;
    let handle = builder.install_recorder()?;
    metrics::describe_gauge!("tillid_numbers_to_rekey", "CPR numbers that are not yet under the active key");
    metrics::describe_gauge!("tillid_clock_skew_seconds", "How far this node's clock is from the database's");
    metrics::describe_gauge!(
        "tillid_database_unsafe",
        "1 after a failed flush of SQLite, until the process has ended"
    );
    metrics::describe_gauge!(
        "tillid_database_role_is_owner",
        "1 where the service is connected to PostgreSQL as a role that owns its tables, which it should not be"
    );
    metrics::describe_gauge!(
        "tillid_log_witness_age_seconds",
        "How long ago a witness signed the log last; +Inf if it never has"
    );
    Ok(handle)
}
