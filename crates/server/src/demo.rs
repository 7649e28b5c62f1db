//! `tillid demo`: a complete service with invented people, on one file.

use crate::{
    config::{Unsafe, check_sandbox},
    keys,
    providers::client_key,
    run::{Parts, World, listen, run},
    serve::origin_of,
};
use anyhow::{Context, Result};
use clap::Args;
use serde_json::json;
use std::{
    fs::DirBuilder,
    io::{self, Write},
    net::{IpAddr, SocketAddr},
    os::unix::fs::DirBuilderExt,
    path::{Path, PathBuf},
};
use tillid_domain::{Localized, actor::Assurance};
use tillid_edge::{
    AllowanceSettings, ClaimNames, ClientAuth, Dialect, Issuer, Lifetime, Provider, SpeaksFor,
};
use tillid_sandbox::{Broker, Client};
use tillid_service::{Directory, SandboxPost, Service, Settings, ambient::Ambient};
use tillid_storage::{Address, Store};

/// What can be said about a demo.
#[derive(Args, Debug)]
pub(crate) struct Demo {
    /// Where the service listens; 0 takes a free port
    #[arg(long, default_value = "127.0.0.1:8080")]
    listen: SocketAddr,
    /// Where metrics and health are served
    #[arg(long, default_value = "127.0.0.1:9090")]
    internal_listen: SocketAddr,
    /// The folder of the demo: its SQLite file and its keys
    #[arg(long, default_value = "tillid-demo")]
    data: PathBuf,
    /// A PostgreSQL connection URL, to use instead of the SQLite file
    #[arg(long)]
    postgres: Option<String>,
    /// Ask these witnesses to sign the log too (a C2SP tlog-policy file with their addresses)
    #[arg(long)]
    log_policy: Option<PathBuf>,
    /// How many look-ups an employee has in ten minutes
    #[arg(long, default_value_t = AllowanceSettings::default().lookups)]
    lookups: usize,
    /// Believe the proxy at this address when it tells of a client's certificate (RFC 9440)
    #[arg(long, value_name = "IP")]
    client_cert_from: Vec<IpAddr>,
    /// Let others than this machine reach the demo, where anyone can be anyone
    #[arg(long)]
    allow_public_sandbox: bool,
}

/// Sets the demo world up, where it is not yet, and runs it.
pub(crate) async fn demo(args: Demo) -> Result<()> {
    check_sandbox(args.listen, true, args.allow_public_sandbox)?;
    if !args.internal_listen.ip().is_loopback() {
        return Err(Unsafe::InternalListenerPublic.into());
    }
    say("Tillid: setting up the demo ...")?;
    DirBuilder::new()
        .recursive(true)
        .mode(0o700)
        .create(&args.data)
        .with_context(|| format!("{} cannot be made", args.data.display()))?;
    let ambient = Ambient::system();
    keys::make_for_demo(&args.data, &ambient)?;
    let (demo_keys, broker_key) = keys::of_demo(&args.data);
    let address = match &args.postgres {
        Some(url) => Address::Postgres(url.clone()),
        None => Address::Sqlite(args.data.join("tillid.db")),
    };
    let store = Store::open(&address, keys::vault(&demo_keys, &ambient)?).await?;
    store.migrate().await?;
    crate::serve::settle(&store).await?;
    store.check_keys().await.context("the keys of the demo's folder do not fit its database")?;

    // The addresses of a demo are known only now; nobody outside it relies on them.
    let (listener, internal_listener) = (listen(args.listen).await?, listen(args.internal_listen).await?);
    let base_url = format!("http://{}", listener.local_addr()?);
    let authorities = tillid_sandbox::authorities()?;
    let directory = Directory::new(authorities.all().cloned());
    let broker = Broker::new(&base_url, &keys::secret(&broker_key)?, authorities)?;
    let world = world(broker, &base_url, &keys::login_of_demo(&args.data))?;
    let login = login(&world, &keys::login_of_demo(&args.data))?;
    // The log keeps its name, also when the demo moves to another port.
    let origin = match store.read().await?.log_head().await? {
        Some(head) => head.origin.parse()?,
        None => origin_of(&base_url)?,
    };
    let log = keys::log(&demo_keys, &origin, args.log_policy.as_deref())?;
    let settings = Settings { base_url, turnable_clock: true, witness_grace: None };
    let service = Service::new(store, ambient, directory, keys::receipts(&demo_keys)?, log, settings);
    service.begin_log().await?;
    tillid_sandbox::set_up(&service, &world.broker).await?;
    let systems = tillid_sandbox::systems().map(|system| {
        let key = client_key(&keys::system_of_demo(&args.data, system), Some(system.to_owned()))?;
        Ok((system.to_owned(), json!({"keys": [key.public_jwk()]})))
    });
    let systems = systems.collect::<Result<_>>()?;
    tillid_sandbox::register_systems(&service, &world.broker, &systems).await?;
    let issuer = issuer(&world.broker)?;
    let data = args.data.display().to_string();
    let on = if args.postgres.is_some() { "PostgreSQL".to_owned() } else { format!("{data}/tillid.db") };
    let parts = Parts {
        service,
        role: None,
        issuers: vec![issuer],
        tokens: (keys::tokens(&demo_keys)?, Lifetime::USUAL),
        pairwise: keys::pairwise(&demo_keys)?,
        allowances: AllowanceSettings { lookups: args.lookups, ..AllowanceSettings::default() },
        client_cert_from: args.client_cert_from,
        providers: vec![login],
        sandbox: Some(world),
        post: Some(Box::new(SandboxPost)),
        listener,
        internal_listener,
    };
    run(parts, |public, internal| {
        // Without somebody to read it, the demo still runs.
        let _ = say(&welcome(public, internal, &on, &data));
    })
    .await
}

/// The name of the simulated provider in our addresses.
const MITID: &str = "test-mitid";
const CLIENT: &str = "tillid";

/// The demo world, whose provider knows us as a client.
pub(crate) fn world(broker: Broker, base_url: &str, key: &Path) -> Result<World> {
    let client = Client {
        id: CLIENT.to_owned(),
        redirect_uris: vec![format!("{base_url}/login/{MITID}/callback")],
        post_logout_redirect_uris: vec![format!("{base_url}/logged-out")],
        backchannel_logout_uri: Some(format!("{base_url}/login/{MITID}/backchannel-logout")),
        keys: json!({"keys": [client_key(key, None)?.public_jwk()]}),
    };
    let provider = tillid_sandbox::Provider::new(base_url, vec![client])?;
    Ok(World { broker, provider })
}

/// The simulated provider as a provider like any other.
pub(crate) fn login(world: &World, key: &Path) -> Result<Provider> {
    let scopes = ["openid", "mitid", "ssn", "nemlogin", "roles"].map(str::to_owned);
    Ok(Provider {
        key: MITID.to_owned(),
        name: Localized { da: "Test-MitID".parse()?, en: "Test-MitID".parse()? },
        issuer: world.provider.issuer().to_owned(),
        client_id: CLIENT.to_owned(),
        auth: ClientAuth::Key(Box::new(client_key(key, None)?)),
        dialect: Dialect::Signaturgruppen,
        scopes: Some(scopes.to_vec()),
        claims: ClaimNames::default(),
        least_assurance: Assurance::Substantial,
        speaks_for: SpeaksFor::Everyone,
        roles: Broker::roles(),
        single_sign_on: false,
        require_par: true,
    })
}

/// The simulated broker as an issuer like any other.
pub(crate) fn issuer(broker: &Broker) -> Result<Issuer> {
    Ok(Issuer {
        issuer: broker.issuer().to_owned(),
        audience: broker.audience().to_owned(),
        keys: serde_json::from_value(broker.jwks())?,
        roles: Broker::roles(),
        speaks_for: SpeaksFor::Everyone,
        citizens_issuer: None,
    })
}

fn say(text: &str) -> io::Result<()> {
    let mut out = io::stdout().lock();
    writeln!(out, "{text}")?;
    out.flush()
}

fn welcome(public: SocketAddr, internal: SocketAddr, on: &str, data: &str) -> String {
    format!(
        "\
Tillid is ready.

  service      http://{public}           the contract: /docs and /openapi.json
  operations   http://{internal}           /metrics, /health/ready
  data         {on}

Open http://{public}/ in a browser and log in as one of them, or ask for a token (they are all invented, see /sandbox/people):
  citizens     anna, bo, clara, dorte, erik, finn, gitte
  employees    hans, jens (caseworkers), inge, niels (registrars), karin, ole (catalogues), lars (data protection);
               mona (caseworker of the neighbouring municipality)
  systems      fagsystem, naboby (registered with the keys {data}/keys/fagsystem.pem and {data}/keys/naboby.pem)

Try:
  log in as hans (for Eksempel Kommune), look anna up by the CPR number of /sandbox/people, ask for C02; log in as anna
  curl -s http://{public}/v1/consent-types/C02
  curl -s http://{public}/sandbox/tokens -H 'content-type: application/json' -d '{{\"person\":\"anna\"}}'
  curl -s http://{public}/v1/overview -H \"authorization: Bearer $TOKEN\"

The README walks through the whole journey. Stop with Ctrl-C; the data stays."
    )
}
