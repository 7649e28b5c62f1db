//! An installation or a demo that a command reads, without running it.

use crate::{keys, serve};
use anyhow::{Context, Result, bail};
use clap::Args;
use std::path::{Path, PathBuf};
use tillid_service::{Directory, Service, Settings, ambient::Ambient};
use tillid_storage::{Address, Store};

/// Which installation.
#[derive(Args, Debug)]
pub(crate) struct Installation {
    /// The configuration
    #[arg(long, conflicts_with = "data")]
    config: Option<PathBuf>,
    /// The folder of a demo, if it is not tillid-demo
    #[arg(long)]
    data: Option<PathBuf>,
    /// The PostgreSQL connection URL of that demo, where it does not use the SQLite file
    #[arg(long, conflicts_with = "config")]
    postgres: Option<String>,
}

impl Installation {
    fn demo(&self) -> &Path {
        self.data.as_deref().unwrap_or(Path::new("tillid-demo"))
    }

    /// Its database.
    pub(crate) async fn store(&self) -> Result<Store> {
        let ambient = Ambient::system();
        if let Some(config) = &self.config {
            return serve::open(&serve::config(config, true, true)?, &ambient).await;
        }
        let data = self.demo();
        let file = data.join("tillid.db");
        let address = match &self.postgres {
            Some(url) => Address::Postgres(url.clone()),
            None if file.exists() => Address::Sqlite(file),
            None => bail!(
                "{} has no demo; name one with --data, or an installation with --config",
                data.display()
            ),
        };
        let (demo_keys, _) = keys::of_demo(data);
        Ok(Store::open(&address, keys::vault(&demo_keys, &ambient)?).await?)
    }

    /// The service on its database, to read with: no table is made, and no log begun.
    pub(crate) async fn service(&self) -> Result<Service> {
        let store = self.store().await?;
        let ambient = Ambient::system();
        if let Some(config) = &self.config {
            return serve::service_as_is(&serve::config(config, true, true)?, store, ambient);
        }
        let head = store.read().await?.log_head().await?.context("the log has not begun")?;
        let (demo_keys, _) = keys::of_demo(self.demo());
        let log = keys::log(&demo_keys, &head.origin.parse()?, None)?;
        let directory = Directory::new(tillid_sandbox::authorities()?.all().cloned());
        let settings = Settings {
            base_url: format!("http://{}", head.origin),
            turnable_clock: true,
            witness_grace: None,
        };
        Ok(Service::new(store, ambient, directory, keys::receipts(&demo_keys)?, log, settings))
    }
}
