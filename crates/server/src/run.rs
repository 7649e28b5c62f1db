//! Puts the parts together and runs them until the process is told to stop.

use crate::{jobs, telemetry};
use anyhow::{Context, Result};
use axum::{Router, routing::get};
use std::{net::SocketAddr, sync::Arc, time::Duration};
use tillid_api::{Api, Readiness};
use tillid_edge::{Gate, Issuer, Limits, Settings as LayerSettings, Verifier, layers, serve};
use tillid_sandbox::{Broker, Sandbox};
use tillid_service::Service;
use tokio::{
    net::TcpListener,
    signal::unix::{SignalKind, signal},
    sync::watch,
};

/// How long the node says that it is not ready before it stops to accept, so that a proxy can notice.
const NOTICE: Duration = Duration::from_millis(500);
/// How long the database may take to say farewell; every answer has been given by then.
const FAREWELL: Duration = Duration::from_secs(3);

/// Everything that runs.
pub(crate) struct Parts {
    pub(crate) service: Service,
    pub(crate) issuers: Vec<Issuer>,
    pub(crate) sandbox: Option<Broker>,
    pub(crate) listen: SocketAddr,
    pub(crate) internal_listen: SocketAddr,
}

/// Runs until SIGTERM or SIGINT; `ready` is told the addresses once both listeners are bound.
pub(crate) async fn run(parts: Parts, ready: impl FnOnce(SocketAddr, SocketAddr)) -> Result<()> {
    let Parts { service, issuers, sandbox, listen, internal_listen } = parts;
    let metrics = telemetry::metrics()?;
    let verifier = Arc::new(Verifier::new(issuers)?);
    let readiness = Readiness::default();
    let api = Api { gate: Gate { service: service.clone(), verifier }, readiness: readiness.clone() };
    let app = app(api.clone(), sandbox);
    let internal = tillid_api::health_router(api).route("/metrics", get(async move || metrics.render()));

    let listener = TcpListener::bind(listen).await.with_context(|| format!("cannot listen on {listen}"))?;
    let internal_listener = TcpListener::bind(internal_listen)
        .await
        .with_context(|| format!("cannot listen on {internal_listen}"))?;
    let (stop, stopped) = watch::channel(false);
    let jobs = tokio::spawn(jobs::run(service.clone(), readiness.clone(), stopped.clone()));
    ready(listener.local_addr()?, internal_listener.local_addr()?);

    let until = |mut stopped: watch::Receiver<bool>| async move {
        let _ = stopped.changed().await;
    };
    let public = tokio::spawn(serve(listener, app, Limits::default(), until(stopped.clone())));
    let operations = tokio::spawn(serve(internal_listener, internal, Limits::default(), until(stopped)));
    asked_to_stop().await?;
    tracing::info!("stopping");
    readiness.drain();
    tokio::time::sleep(NOTICE).await;
    stop.send_replace(true);
    public.await??;
    operations.await??;
    jobs.await?;
    if tokio::time::timeout(FAREWELL, service.close()).await.is_err() {
        tracing::warn!("the database did not let go of its connections");
    }
    Ok(())
}

fn app(api: Api, sandbox: Option<Broker>) -> Router {
    let service = api.gate.service.clone();
    let router = match sandbox {
        Some(broker) => {
            let sandbox = Sandbox { service: service.clone(), broker: Arc::new(broker) };
            tillid_api::router(api, vec![tillid_sandbox::contract()]).merge(tillid_sandbox::router(sandbox))
        }
        None => tillid_api::router(api, Vec::new()),
    };
    layers(router, LayerSettings::new(move || service.ambient().id().to_string()))
}

async fn asked_to_stop() -> Result<()> {
    let mut terminate = signal(SignalKind::terminate())?;
    let mut interrupt = signal(SignalKind::interrupt())?;
    tokio::select! {
        _ = terminate.recv() => {}
        _ = interrupt.recv() => {}
    }
    Ok(())
}
