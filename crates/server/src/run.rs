//! Puts the parts together and runs them until the process is told to stop.

use crate::{jobs, telemetry, witnessing::Witnesses};
use anyhow::{Context, Result};
use axum::{Router, routing::get};
use std::{
    net::{IpAddr, SocketAddr},
    sync::Arc,
    time::Duration,
};
use tillid_api::{Api, Readiness};
use tillid_edge::{
    AllowanceSettings, AuthorizationServer, Door, Gate, Issuer, Lifetime, Limits, Pairwise, Provider,
    RelyingParty, Settings as LayerSettings, TokenKeys, Verifier, guarded, layers, login_router, serve,
};
use tillid_sandbox::{Broker, Sandbox};
use tillid_service::{Postal, Service};
use tillid_storage::Standing;
use tillid_web::Web;
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
    /// How the role that the database is used as stands, where that is looked at.
    pub(crate) role: Option<Standing>,
    pub(crate) issuers: Vec<Issuer>,
    /// What our own tokens are signed with, and how long they hold.
    pub(crate) tokens: (TokenKeys, Lifetime),
    /// What makes the names that persons have towards other systems.
    pub(crate) pairwise: Option<Pairwise>,
    /// How much callers may ask.
    pub(crate) allowances: AllowanceSettings,
    /// The proxies that are believed when they tell of a certificate.
    pub(crate) client_cert_from: Vec<IpAddr>,
    pub(crate) providers: Vec<Provider>,
    pub(crate) sandbox: Option<World>,
    /// Who sends messages; without anybody, they wait.
    pub(crate) post: Option<Box<dyn Postal>>,
    pub(crate) listener: TcpListener,
    pub(crate) internal_listener: TcpListener,
}

/// The demo world.
pub(crate) struct World {
    pub(crate) broker: Broker,
    pub(crate) provider: tillid_sandbox::Provider,
}

/// The database's disk did not keep what was written. The process ends, so that another one begins from what is there.
#[derive(Debug, thiserror::Error)]
#[error("a flush of the database failed: nothing more is written, and the process ends; look at the disk")]
pub(crate) struct FlushFailed;

/// A listener; bound before anything else, because a demo's addresses follow from it.
pub(crate) async fn listen(on: SocketAddr) -> Result<TcpListener> {
    TcpListener::bind(on).await.with_context(|| format!("cannot listen on {on}"))
}

/// Runs until SIGTERM or SIGINT, or until a flush of the database fails, which is [`FlushFailed`]; `ready` is told the addresses once
/// both listeners are bound.
pub(crate) async fn run(parts: Parts, ready: impl FnOnce(SocketAddr, SocketAddr)) -> Result<()> {
    let Parts { service, role, mut issuers, tokens, pairwise, allowances, client_cert_from, .. } = parts;
    let Parts { providers, sandbox, post, listener, internal_listener, .. } = parts;
    let witnesses = Witnesses::new(service.clone())?;
    let metrics = telemetry::metrics()?;
    if let Some(role) = role {
        metrics::gauge!("tillid_database_role_is_owner").set(f64::from(u8::from(role.is_owner)));
    }
    let (token_keys, lifetime) = tokens;
    // Our own tokens are checked like anyone's.
    issuers.push(token_keys.issuer(&service.settings().base_url)?);
    let readiness = Readiness::default();
    let gate = Gate::new(service.clone(), Verifier::new(issuers)?, allowances);
    let mut authorization_server = AuthorizationServer::new(gate.clone(), token_keys, lifetime)?;
    if let Some(pairwise) = pairwise {
        authorization_server = authorization_server.with_pairwise(pairwise);
    }
    let authorization_server = Arc::new(authorization_server);
    let api = Api { gate: gate.clone(), readiness: readiness.clone(), authorization_server };
    let relying_party = Arc::new(RelyingParty::new(service.clone(), providers)?);
    let app = app(api.clone(), Door { gate, relying_party }, sandbox, client_cert_from);
    let internal = tillid_api::health_router(api).route("/metrics", get(async move || metrics.render()));

    let (stop, stopped) = watch::channel(false);
    let jobs = tokio::spawn(jobs::run(service.clone(), witnesses, post, readiness.clone(), stopped.clone()));
    let asked = asked_to_stop()?;
    ready(listener.local_addr()?, internal_listener.local_addr()?);

    let until = |mut stopped: watch::Receiver<bool>| async move {
        let _ = stopped.changed().await;
    };
    let public = tokio::spawn(serve(listener, app, Limits::default(), until(stopped.clone())));
    let operations = tokio::spawn(serve(internal_listener, internal, Limits::default(), until(stopped)));
    let lost = tokio::select! {
        () = asked => false,
        () = service.until_flush_fails() => true,
    };
    if lost {
        metrics::gauge!("tillid_database_unsafe").set(1);
        tracing::error!("{FlushFailed}");
    } else {
        tracing::info!("stopping");
    }
    readiness.drain();
    tokio::time::sleep(NOTICE).await;
    stop.send_replace(true);
    public.await??;
    operations.await??;
    jobs.await?;
    if lost {
        // Nothing is flushed any more, also not on closing.
        return Err(FlushFailed.into());
    }
    if tokio::time::timeout(FAREWELL, service.close()).await.is_err() {
        tracing::warn!("the database did not let go of its connections");
    }
    Ok(())
}

fn app(api: Api, door: Door, sandbox: Option<World>, client_cert_from: Vec<IpAddr>) -> Router {
    let service = api.gate.service.clone();
    let web = Web { gate: api.gate.clone(), logins: door.relying_party.options() };
    let router = match sandbox {
        Some(World { broker, provider }) => {
            let sandbox =
                Sandbox { service: service.clone(), broker: Arc::new(broker), provider: Arc::new(provider) };
            tillid_api::router(api, vec![tillid_sandbox::contract()]).merge(tillid_sandbox::router(sandbox))
        }
        None => tillid_api::router(api, Vec::new()),
    };
    let pages = guarded(tillid_web::router(web), &service.settings().base_url);
    let mut settings = LayerSettings::new(move || service.ambient().id().to_string());
    settings.large_bodies = &[
        (tillid_api::EVALUATIONS_PATH, tillid_api::EVALUATIONS_LIMIT),
        (tillid_api::DOCUMENTS_PATH, tillid_api::DOCUMENTS_LIMIT),
        (tillid_web::UPLOAD_PATHS[0], tillid_web::UPLOAD_LIMIT),
        (tillid_web::UPLOAD_PATHS[1], tillid_web::UPLOAD_LIMIT),
        (tillid_web::UPLOAD_PATHS[2], tillid_web::UPLOAD_LIMIT),
        (tillid_web::UPLOAD_PATHS[3], tillid_web::UPLOAD_LIMIT),
        (tillid_api::DECLARATIONS_PATH, tillid_api::DECLARATIONS_LIMIT),
    ];
    settings.page = Some(tillid_web::problem_page());
    settings.client_cert_from = client_cert_from.into();
    layers(router.merge(pages).merge(login_router(door)), settings)
}

/// Until SIGTERM or SIGINT. They are listened for from this call on, so it comes before anybody is told that the process is there: who hears of it
/// can end it in order.
pub(crate) fn asked_to_stop() -> Result<impl Future<Output = ()>> {
    let mut terminate = signal(SignalKind::terminate())?;
    let mut interrupt = signal(SignalKind::interrupt())?;
    Ok(async move {
        tokio::select! {
            _ = terminate.recv() => {}
            _ = interrupt.recv() => {}
        }
    })
}
