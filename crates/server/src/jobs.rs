//! What the service does by itself: every node does it, and doing it twice does no harm.

use crate::witnessing::Witnesses;
use std::{future::Future, time::Duration};
use tillid_api::Readiness;
use tillid_service::{Postal, Sequenced, Sequencer, Service};
use tokio::{sync::watch, time};

/// How soon an event finds its place in the log.
const PROMPTLY: Duration = Duration::from_millis(250);
const EACH_SECOND: Duration = Duration::from_secs(1);
const OFTEN: Duration = Duration::from_secs(5);
const SELDOM: Duration = Duration::from_mins(10);

/// How long the lease of the log may take to be given back: a database that hangs must not keep the process.
const FAREWELL: Duration = Duration::from_secs(2);

/// Runs the jobs until `stop` changes.
pub(crate) async fn run(
    service: Service,
    witnesses: Witnesses,
    post: Option<Box<dyn Postal>>,
    readiness: Readiness,
    stop: watch::Receiver<bool>,
) {
    tokio::join!(
        every(OFTEN, stop.clone(), || watch_clock(service.clone(), readiness.clone())),
        every(SELDOM, stop.clone(), || purge(service.clone())),
        every(OFTEN, stop.clone(), || rekey(service.clone())),
        every(OFTEN, stop.clone(), || record_birthdays(service.clone())),
        every(OFTEN, stop.clone(), || end_withdrawn(service.clone())),
        every(EACH_SECOND, stop.clone(), || watch_log(service.clone())),
        every(EACH_SECOND, stop.clone(), || notices(service.clone(), post.as_deref())),
        async {
            // What a witness has seen must be known before anything more is signed.
            once(stop.clone(), witnesses.look_back()).await;
            tokio::join!(
                sequence(service.clone(), stop.clone()),
                every(EACH_SECOND, stop, || witnesses.ask())
            );
        },
    );
}

async fn once(mut stop: watch::Receiver<bool>, job: impl Future<Output = ()>) {
    tokio::select! {
        () = job => {}
        _ = stop.changed() => {}
    }
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

/// Extends the log, if no other node does; lets one do it when this one stops.
async fn sequence(service: Service, stop: watch::Receiver<bool>) {
    let sequencer = Sequencer::new(service);
    every(PROMPTLY, stop, || async {
        loop {
            match sequencer.round().await {
                Ok(Sequenced::More { .. }) => {}
                Ok(Sequenced::Done { .. } | Sequenced::Elsewhere) => return,
                Err(error) => return tracing::warn!(%error, cause = ?error, "the log was not extended"),
            }
        }
    })
    .await;
    let left = time::timeout(FAREWELL, sequencer.leave()).await;
    let why = match left {
        Ok(Ok(())) => return,
        Ok(Err(error)) => error.to_string(),
        Err(late) => late.to_string(),
    };
    tracing::warn!(why, "another node extends the log only when this one's lease ends");
}

async fn watch_log(service: Service) {
    match service.watch_log().await {
        Ok(numbers) => {
            for (name, count) in [
                ("tillid_log_size", numbers.size),
                ("tillid_log_waiting", numbers.waiting),
                ("tillid_log_signed", numbers.signed),
                ("tillid_log_witnessed", numbers.witnessed),
            ] {
                #[expect(
                    clippy::cast_precision_loss,
                    reason = "a gauge; fewer than the events of a century"
                )]
                metrics::gauge!(name).set(count as f64);
            }
            metrics::gauge!("tillid_log_in_trouble").set(u8::from(service.log_trouble().is_some()));
        }
        Err(error) => tracing::warn!(%error, "the log cannot be watched"),
    }
}

/// Makes notices of what happened and of what ends, and hands over what waits.
async fn notices(service: Service, post: Option<&dyn Postal>) {
    // Each by itself: what one of them cannot read must not silence the other.
    for made in [service.make_notices().await, service.tell_of_ends().await] {
        if let Err(error) = made {
            tracing::warn!(%error, "notices were not made");
        }
    }
    if let Some(post) = post {
        match service.deliver_notices(post).await {
            Ok(done) => {
                metrics::counter!("tillid_notices_delivered_total").increment(done.delivered);
                metrics::counter!("tillid_notices_failed_total").increment(done.failed);
                metrics::counter!("tillid_notices_dropped_total").increment(done.dropped);
            }
            Err(error) => tracing::warn!(%error, "notices were not handed over"),
        }
    }
    if let Ok(numbers) = service.notice_numbers().await {
        for (name, count) in
            [("tillid_notices_waiting", numbers.waiting), ("tillid_notices_failing", numbers.failing)]
        {
            #[expect(clippy::cast_precision_loss, reason = "a gauge; fewer than the letters of a century")]
            metrics::gauge!(name).set(count as f64);
        }
    }
}

async fn watch_clock(service: Service, readiness: Readiness) {
    if let Ok(skew) = service.clock_skew().await {
        readiness.clock_is_off_by(skew);
        #[expect(clippy::cast_precision_loss, reason = "a gauge; microseconds of a day fit")]
        metrics::gauge!("tillid_clock_skew_seconds").set(skew as f64 / 1e6);
    }
}

/// Records what birthdays have ended, also those on which no node was running.
async fn record_birthdays(service: Service) {
    loop {
        match service.record_birthdays().await {
            Ok(0) => return,
            Ok(ended) => {
                tracing::info!(ended, "consents that birthdays ended were put to whoever decides now");
            }
            Err(error) => return tracing::warn!(%error, "what birthdays ended could not be recorded"),
        }
    }
}

/// Ends what was given under withdrawn packages, also where the node that began with it is gone.
async fn end_withdrawn(service: Service) {
    match service.end_withdrawn().await {
        Ok(0) => {}
        Ok(changed) => tracing::info!(changed, "mandates end because their packages are withdrawn"),
        Err(error) => tracing::warn!(%error, "what was given under withdrawn packages does not end yet"),
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
