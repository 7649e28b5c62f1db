//! The program: what it can be told to do.

mod config;
mod demo;
mod import;
mod jobs;
mod keys;
mod providers;
mod run;
mod serve;
mod telemetry;
mod verify;

use anyhow::Result;
use clap::{Parser, Subcommand, ValueEnum};
use std::{path::PathBuf, process::ExitCode};
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
    },
    /// Compare every table with the journal; exits with 1 and names the rows when they differ, with 2 when it cannot tell
    Verify(verify::Verify),
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
    /// Make a key file that only its owner can read
    Keygen {
        /// What for
        kind: KeyKind,
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
    /// Logging people in; the public half, to register at the identity provider, goes to a file beside it, ending in .jwk.json
    Login,
}

#[tokio::main]
async fn main() -> ExitCode {
    match execute(Arguments::parse()).await {
        Ok(code) => code,
        Err(error) => {
            tracing::error!(error = format!("{error:#}"), "stopped");
            complain(&format!("tillid: {error:#}"));
            ExitCode::from(2)
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
        Command::Migrate { config } => {
            let config = serve::config(&config, true, true)?;
            serve::open(&config, &Ambient::system()).await?.migrate().await?;
        }
        Command::Verify(args) => return verify::verify(args).await,
        Command::Import { config, folder } => {
            import::import(&serve::config(&config, true, true)?, &folder).await?;
        }
        Command::Openapi { folder, check } => return import::contract(&folder, check),
        Command::Keygen { kind: KeyKind::PersonNumbers, file } => {
            keys::make_number_key(&file, &Ambient::system())?;
        }
        Command::Keygen { kind: KeyKind::Receipts, file } => keys::make_signing_key(&file)?,
        Command::Keygen { kind: KeyKind::Login, file } => keys::make_login_key(&file)?,
    }
    Ok(ExitCode::SUCCESS)
}

/// Tells whoever started the program; the log may go elsewhere.
#[expect(clippy::print_stderr, reason = "the command line speaks to a person")]
fn complain(text: &str) {
    eprintln!("{text}");
}
