//! The program: what it can be told to do.

mod config;
mod demo;
mod export;
mod import;
mod installation;
mod jobs;
mod keys;
mod postal;
mod providers;
mod role;
mod run;
mod serve;
mod telemetry;
mod verify;
mod whole_file;
mod witness;
mod witnessing;

use anyhow::{Result, bail};
use clap::{Parser, Subcommand, ValueEnum};
use keys::LogKeyUse;
use std::{
    path::{Path, PathBuf},
    process::ExitCode,
};
use tillid_log::KeyName;
use tillid_service::ambient::Ambient;

/// Consents and powers of attorney that nobody has to take on trust.
#[derive(Parser)]
#[command(name = "tillid", version)]
struct Arguments {
    #[command(subcommand)]
    command: Command,
    /// What is logged, such as `info` or `tillid=debug`
    #[arg(long, global = true, default_value = "warn")]
    log: String,
}

#[derive(Subcommand)]
enum Command {
    /// Run a complete demo on one SQLite file, with invented people
    Demo(demo::Demo),
    /// Run the service
    Serve {
        /// The configuration
        #[arg(long)]
        config: PathBuf,
        /// Mean it when the configuration has a sandbox, where anyone can be anyone
        #[arg(long)]
        allow_sandbox: bool,
        /// Mean it when that sandbox listens outside this machine
        #[arg(long)]
        allow_public_sandbox: bool,
    },
    /// Bring the database to this version; forward only
    Migrate {
        /// The configuration
        #[arg(long)]
        config: PathBuf,
        /// A file with the PostgreSQL connection URL of the tables' owner, to use instead of the configuration's
        #[arg(long)]
        owner_url_file: Option<PathBuf>,
        /// The role that the service connects as: gets what the service needs, and nothing else; PostgreSQL only
        #[arg(long)]
        grant_to: Option<String>,
    },
    /// Compare every table with the journal; or check a log, an archive of it, or receipts from outside
    Verify(verify::Verify),
    /// Write the public log into a folder, as it is served: for any web server, and for `tillid verify --archive`
    Export(export::Export),
    /// Bring catalogue files into use: authorities from the configuration, definitions from TOML files in a folder
    Import {
        /// The configuration
        #[arg(long)]
        config: PathBuf,
        /// The folder; its subfolders are read too
        folder: PathBuf,
    },
    /// Write the contract into a folder, or check that the folder has it
    Openapi {
        /// The folder
        #[arg(default_value = "openapi")]
        folder: PathBuf,
        /// Change nothing; exit with 1 when the files differ
        #[arg(long)]
        check: bool,
    },
    /// Watch logs of others and sign what continues what was seen before (C2SP tlog-witness)
    Witness(witness::WitnessArgs),
    /// Make a key file that only its owner can read
    Keygen {
        /// What for
        kind: KeyKind,
        /// The name of the key: of a log its origin, of a witness its own
        #[arg(long, required_if_eq_any([("kind", "log"), ("kind", "witness")]))]
        name: Option<KeyName>,
        /// ML-DSA-44 (FIPS 204) instead of Ed25519, for a log or a witness
        #[arg(long)]
        post_quantum: bool,
        /// Where to; an existing file is never overwritten
        file: PathBuf,
    },
}

#[derive(Clone, Copy, ValueEnum)]
enum KeyKind {
    /// CPR numbers at rest
    PersonNumbers,
    /// Receipts; the public half goes to a file beside it, ending in .pub
    Receipts,
    /// The log; the verifier key goes to a file beside it, ending in .vkey
    Log,
    /// Witnessing the logs of others; the verifier key goes to a file beside it, ending in .vkey
    Witness,
    /// Logging people in; the public half, to register at the identity provider, goes to a file beside it, ending in .jwk.json
    Login,
    /// Our own tokens; the public half goes to a file beside it, ending in .jwk.json
    Tokens,
    /// The names that persons have towards other systems: one key, for good
    Pairwise,
}

/// The exit code after a failed flush: whoever supervises the process is to start it again.
const FLUSH_FAILED: u8 = 70;

#[tokio::main]
async fn main() -> ExitCode {
    match execute(Arguments::parse()).await {
        Ok(code) => code,
        Err(error) => {
            tracing::error!(error = format!("{error:#}"), "stopped");
            complain(&format!("tillid: {error:#}"));
            ExitCode::from(if error.is::<run::FlushFailed>() { FLUSH_FAILED } else { 2 })
        }
    }
}

async fn execute(arguments: Arguments) -> Result<ExitCode> {
    telemetry::logs(&arguments.log)?;
    match arguments.command {
        Command::Demo(args) => demo::demo(args).await?,
        Command::Serve { config, allow_sandbox, allow_public_sandbox } => {
            serve::serve(serve::config(&config, allow_sandbox, allow_public_sandbox)?).await?;
        }
        Command::Migrate { config, owner_url_file, grant_to } => {
            let config = serve::config(&config, true, true)?;
            role::migrate(config, owner_url_file, grant_to.as_deref()).await?;
        }
        Command::Verify(args) => return verify::verify(args).await,
        Command::Export(args) => export::export(args).await?,
        Command::Import { config, folder } => {
            import::import(&serve::config(&config, true, true)?, &folder).await?;
        }
        Command::Openapi { folder, check } => return import::contract(&folder, check),
        Command::Witness(args) => witness::run(args).await?,
        Command::Keygen { kind, name, post_quantum, file } => {
            keygen(kind, name.as_ref(), post_quantum, &file)?;
        }
    }
    Ok(ExitCode::SUCCESS)
}

fn keygen(kind: KeyKind, name: Option<&KeyName>, post_quantum: bool, file: &Path) -> Result<()> {
    match (kind, name) {
        (KeyKind::PersonNumbers | KeyKind::Pairwise, _) => keys::make_number_key(file, &Ambient::system()),
        (KeyKind::Receipts, _) => keys::make_signing_key(file),
        (KeyKind::Login | KeyKind::Tokens, _) => keys::make_login_key(file),
        (KeyKind::Log, Some(name)) => keys::make_log_key(file, name, LogKeyUse::Log, post_quantum),
        (KeyKind::Witness, Some(name)) => keys::make_log_key(file, name, LogKeyUse::Witness, post_quantum),
        (KeyKind::Log | KeyKind::Witness, None) => bail!("a key of a log or witness has a name: give --name"),
    }
}

/// Tells whoever started the program; the log may go elsewhere.
#[expect(clippy::print_stderr, reason = "the command line speaks to a person")]
fn complain(text: &str) {
    eprintln!("{text}");
}
