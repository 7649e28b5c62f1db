//! `tillid verify`: whether the tables are what the journal says.

use crate::{keys, serve};
use anyhow::{Result, bail};
use clap::Args;
use std::{
    io::{self, IsTerminal, Write},
    path::PathBuf,
    process::ExitCode,
};
use tillid_service::ambient::Ambient;
use tillid_storage::{Address, Store};

/// Which installation to verify.
#[derive(Args, Debug)]
pub(crate) struct Verify {
    /// The configuration
    #[arg(long, conflicts_with = "data")]
    config: Option<PathBuf>,
    /// The folder of a demo
    #[arg(long, default_value = "tillid-demo")]
    data: PathBuf,
    /// The PostgreSQL connection URL of that demo, where it does not use the SQLite file
    #[arg(long, conflicts_with = "config")]
    postgres: Option<String>,
}

/// Verifies, prints every row that is not as the journal says, and says so in the exit code.
pub(crate) async fn verify(args: Verify) -> Result<ExitCode> {
    let store = open(&args).await?;
    store.check_keys().await?;
    let mut tx = store.read().await?;
    let talks = io::stderr().is_terminal();
    let audit = tx
        .audit(|events| {
            if talks {
                let _ = write!(io::stderr(), "\r{events} events ");
            }
        })
        .await?;
    drop(tx);
    store.close().await;
    let mut out = io::stdout().lock();
    if talks {
        writeln!(io::stderr())?;
    }
    for finding in &audit.findings {
        writeln!(out, "{finding}")?;
    }
    let (events, things, found) = (audit.events, audit.aggregates, audit.findings.len());
    if found == 0 {
        writeln!(out, "verified: {events} events of {things} things; every table is what they say")?;
        return Ok(ExitCode::SUCCESS);
    }
    writeln!(out, "NOT verified: {found} rows differ from what {events} events of {things} things say")?;
    Ok(ExitCode::from(1))
}

async fn open(args: &Verify) -> Result<Store> {
    let ambient = Ambient::system();
    if let Some(config) = &args.config {
        return serve::open(&serve::config(config, true, true)?, &ambient).await;
    }
    let file = args.data.join("tillid.db");
    let address = match &args.postgres {
        Some(url) => Address::Postgres(url.clone()),
        None if file.exists() => Address::Sqlite(file),
        None => bail!(
            "{} has no demo; name one with --data, or an installation with --config",
            args.data.display()
        ),
    };
    let (demo_keys, _) = keys::of_demo(&args.data);
    Ok(Store::open(&address, keys::vault(&demo_keys, &ambient)?).await?)
}
