//! From inside: whether the tables are what the journal says.

use crate::installation::Installation;
use anyhow::Result;
use std::{
    io::{self, IsTerminal, Write},
    process::ExitCode,
};

/// Verifies, prints every row that is not as the journal says, and says so in the exit code.
pub(super) async fn verify(installation: &Installation) -> Result<ExitCode> {
    let store = installation.store().await?;
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
