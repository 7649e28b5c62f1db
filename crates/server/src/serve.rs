//! `tillid serve` and the commands that need its configuration.

use crate::{
    config::{Config, IssuerConfig},
    demo, keys,
    postal::PostFolder,
    providers::ProviderConfig,
    role,
    run::{Parts, World, listen, run},
};
use anyhow::{Context, Result, bail};
use std::{fs, path::Path};
use tillid_edge::{Issuer, Lifetime, SpeaksFor};
use tillid_log::KeyName;
use tillid_sandbox::Broker;
use tillid_service::{Authority, Directory, Postal, SandboxPost, Service, Settings, ambient::Ambient};
use tillid_storage::{Address, Standing, Store};

/// Reads a configuration and refuses what is unsafe.
pub(crate) fn config(path: &Path, allow_sandbox: bool, allow_public: bool) -> Result<Config> {
    let shown = path.display();
    let text = fs::read_to_string(path).with_context(|| format!("{shown} cannot be read"))?;
    let config: Config = toml::from_str(&text).with_context(|| format!("{shown} is not a configuration"))?;
    config.check(allow_sandbox, allow_public).with_context(|| format!("{shown} is not safe to run"))?;
    Ok(config)
}

/// Opens the configured database.
pub(crate) async fn open(config: &Config, ambient: &Ambient) -> Result<Store> {
    let address = match (&config.database.sqlite, &config.database.postgres_url_file) {
        (Some(path), _) => Address::Sqlite(path.clone()),
        (None, Some(file)) => {
            let url = keys::secret(file)?;
            Address::Postgres(String::from_utf8(url.to_vec())?.trim().to_owned())
        }
        (None, None) => bail!("no database is configured"),
    };
    Ok(Store::open(&address, keys::vault(&config.keys, ambient)?).await?)
}

/// The service on the configured database, with its tables at this version.
pub(crate) async fn service(config: &Config) -> Result<Service> {
    let ambient = Ambient::system();
    let (store, _) = migrated(config, &ambient).await?;
    service_on(config, store, ambient).await
}

/// The configured database, with its tables at this version, and how our role there stands.
async fn migrated(config: &Config, ambient: &Ambient) -> Result<(Store, Option<Standing>)> {
    let store = open(config, ambient).await?;
    let role = role::look(&store).await?;
    if config.database.migrate_on_start {
        store.migrate().await?;
    } else if !store.is_migrated().await? {
        bail!(
            "the database is not at this version: run `tillid migrate` first, or set database.migrate_on_start"
        );
    }
    settle(&store).await?;
    store.check_keys().await.context("the keys of person_numbers do not fit the database")?;
    Ok((store, role))
}

/// Makes sure of what is in the database, before anybody is told of it.
pub(crate) async fn settle(store: &Store) -> Result<()> {
    if !store.settle().await? {
        tracing::warn!("somebody else reads the database: what was written ahead was not flushed again");
    }
    Ok(())
}

async fn service_on(config: &Config, store: Store, ambient: Ambient) -> Result<Service> {
    let service = service_as_is(config, store, ambient)?;
    let origin = service.log_origin();
    service.begin_log().await.with_context(|| format!("the log cannot go on as {origin}"))?;
    Ok(service)
}

/// The service on a database that is only read: nothing is migrated, and no log begun.
pub(crate) fn service_as_is(config: &Config, store: Store, ambient: Ambient) -> Result<Service> {
    let known = config.authorities.iter().map(|a| Authority {
        cvr: a.cvr,
        name: a.name.clone(),
        dpo_contact: a.dpo_contact.clone(),
    });
    let directory = match config.sandbox {
        Some(_) => Directory::new(tillid_sandbox::authorities()?.all().cloned().chain(known)),
        None => Directory::new(known),
    };
    let settings = Settings {
        base_url: config.base_url.clone(),
        turnable_clock: config.sandbox.is_some(),
        witness_grace: config.log.witness_grace_hours.map(|hours| i64::from(hours) * 3600),
    };
    let origin = match &config.log.origin {
        Some(origin) => origin.parse()?,
        None => origin_of(&config.base_url)?,
    };
    let log = keys::log(&config.keys, &origin, config.log.policy.as_deref())?;
    Ok(Service::new(store, ambient, directory, keys::receipts(&config.keys)?, log, settings))
}

/// What a log calls itself when nobody says: where it is fetched, without the scheme (C2SP tlog-tiles).
pub(crate) fn origin_of(base_url: &str) -> Result<KeyName> {
    let place = base_url.split_once("://").map_or(base_url, |(_, place)| place);
    Ok(format!("{place}/log").parse()?)
}

/// Runs the service.
pub(crate) async fn serve(config: Config) -> Result<()> {
    let ambient = Ambient::system();
    let (store, role) = migrated(&config, &ambient).await?;
    let service = service_on(&config, store, ambient).await?;
    let mut issuers = config.issuers.iter().map(issuer).collect::<Result<Vec<_>>>()?;
    let mut providers = config.providers.iter().map(ProviderConfig::read).collect::<Result<Vec<_>>>()?;
    let world = match &config.sandbox {
        Some(sandbox) => {
            let broker =
                Broker::new(&config.base_url, &keys::secret(&sandbox.key)?, tillid_sandbox::authorities()?)?;
            tillid_sandbox::set_up(&service, &broker).await?;
            issuers.push(demo::issuer(&broker)?);
            match &sandbox.login_key {
                Some(key) => {
                    let world = demo::world(broker, &config.base_url, key)?;
                    providers.push(demo::login(&world, key)?);
                    Some(world)
                }
                None => Some(World {
                    broker,
                    provider: tillid_sandbox::Provider::new(&config.base_url, Vec::new())?,
                }),
            }
        }
        None => None,
    };
    let post = post(&config)?;
    let parts = Parts {
        service,
        role,
        issuers,
        tokens: (keys::tokens(&config.keys)?, lifetime(&config)?),
        pairwise: keys::pairwise(&config.keys)?,
        allowances: config.limits.allowances(),
        client_cert_from: config.client_cert_from,
        providers,
        sandbox: world,
        post,
        listener: listen(config.listen).await?,
        internal_listener: listen(config.internal_listen).await?,
    };
    run(parts, |public, internal| tracing::info!(%public, %internal, "ready")).await
}

/// Who sends messages: the configured folder; in the sandbox, its own post.
fn post(config: &Config) -> Result<Option<Box<dyn Postal>>> {
    Ok(match (&config.notices.folder, &config.sandbox) {
        (Some(folder), _) => {
            let shown = folder.display();
            let folder =
                PostFolder::new(folder.clone()).with_context(|| format!("notices.folder: {shown}"))?;
            Some(Box::new(folder))
        }
        (None, Some(_)) => Some(Box::new(SandboxPost)),
        (None, None) => None,
    })
}

fn lifetime(config: &Config) -> Result<Lifetime> {
    let seconds = config.tokens.lifetime_seconds;
    seconds
        .map_or(Ok(Lifetime::USUAL), |seconds| Lifetime::try_from(seconds).context("tokens.lifetime_seconds"))
}

fn issuer(config: &IssuerConfig) -> Result<Issuer> {
    let shown = config.jwks_file.display();
    let keys = fs::read(&config.jwks_file).with_context(|| format!("{shown} cannot be read"))?;
    Ok(Issuer {
        issuer: config.issuer.clone(),
        audience: config.audience.clone(),
        keys: serde_json::from_slice(&keys).with_context(|| format!("{shown} is not a JWK set"))?,
        roles: config.roles.clone(),
        speaks_for: if config.everyone {
            SpeaksFor::Everyone
        } else {
            SpeaksFor::Authorities(config.authorities.clone())
        },
        citizens_issuer: config.citizens_issuer.clone(),
    })
}
