//! What the service does by itself: every node does it, and doing it twice does no harm.

use std::{future::Future, time::Duration};
use tillid_api::Readiness;
use tillid_service::Service;
use tokio::{sync::watch, time};

const OFTEN: Duration = Duration::from_secs(5);
const SELDOM: Duration = Duration::from_mins(10);

/// Runs the jobs until `stop` changes.
pub(crate) async fn run(service: Service, readiness: Readiness, stop: watch::Receiver<bool>) {
    tokio::join!(
        every(OFTEN, stop.clone(), || watch_clock(service.clone(), readiness.clone())),
        every(SELDOM, stop.clone(), || purge(service.clone())),
        every(OFTEN, stop, || rekey(service.clone())),
    );
}

async fn every<F: Future<Output = ()>>(
    period: Duration,
    mut stop: watch::Receiver<bool>,
    job: impl Fn() -> F,
) {
    let mut ticks = time::interval(period);
    ticks.set_missed_tick_behavior(time::MissedTickBehavior::Delay);
    // A job that is given up rolls back; one that waits for a database that hangs must not keep the process.
    let rounds = async {
        loop {
            ticks.tick().await;
            job().await;
        }
    };
    tokio::select! {
        () = rounds => {}
        _ = stop.changed() => {}
    }
}

async fn watch_clock(service: Service, readiness: Readiness) {
    if let Ok(skew) = service.clock_skew().await {
        readiness.clock_is_off_by(skew);
        #[expect(clippy::cast_precision_loss, reason = "a gauge; microseconds of a day fit")]
        metrics::gauge!("tillid_clock_skew_seconds").set(skew as f64 / 1e6);
    }
}

async fn purge(service: Service) {
    if let Err(error) = service.purge().await {
        tracing::warn!(%error, "ended sessions and old keys could not be removed");
    }
}

/// Brings numbers under the active key, a hundred at a time, and gives way to callers between the rounds.
async fn rekey(service: Service) {
    loop {
        match service.rekey().await {
            Ok((done, left)) => {
                #[expect(
                    clippy::cast_precision_loss,
                    reason = "a gauge; fewer than the people of the world"
                )]
                metrics::gauge!("tillid_numbers_to_rekey").set(left as f64);
                if done == 0 {
                    return;
                }
                tracing::info!(done, "numbers were brought under the active key");
                tokio::task::yield_now().await;
            }
            Err(error) => {
                tracing::error!(%error, "numbers could not be brought under the active key");
                return;
            }
        }
    }
}
