//! From inside: whether the tables are what the journal says, and the log what both say.

use crate::installation::Installation;
use anyhow::{Context, Result};
use std::{
    fs,
    io::{self, IsTerminal, Write},
    path::{Path, PathBuf},
    process::ExitCode,
};
use tillid_log::Note;

/// Verifies, prints every row that is not as the journal says, and says so in the exit code. `held` are files with checkpoints that
/// somebody kept outside: the log must contain the trees that they are of.
pub(super) async fn verify(installation: &Installation, held: &[PathBuf]) -> Result<ExitCode> {
    let held = held.iter().map(|path| checkpoint(path)).collect::<Result<Vec<_>>>()?;
    let store = installation.store().await?;
    store.check_keys().await?;
    store.close().await;
    let service = installation.service().await?;
    let talks = io::stderr().is_terminal();
    let audit = service
        .audit(&held, |done| {
            if talks {
                let _ = write!(io::stderr(), "\r{done} events and entries ");
            }
        })
        .await?;
    service.close().await;
    let mut out = io::stdout().lock();
    if talks {
        writeln!(io::stderr())?;
    }
    for finding in &audit.findings {
        writeln!(out, "{finding}")?;
    }
    let (events, things, entries) = (audit.events, audit.aggregates, audit.entries);
    let found = audit.findings.len();
    if found == 0 {
        writeln!(out, "verified: {events} events of {things} things; every table is what they say")?;
        writeln!(out, "the log has {entries} of them, and every signed tree is a beginning of it")?;
        return Ok(ExitCode::SUCCESS);
    }
    writeln!(out, "NOT verified: {found} rows differ from what {events} events of {things} things say")?;
    Ok(ExitCode::from(1))
}

fn checkpoint(path: &Path) -> Result<Note> {
    let text = fs::read_to_string(path).with_context(|| format!("{} cannot be read", path.display()))?;
    text.parse().with_context(|| format!("{} is no signed checkpoint", path.display()))
}
