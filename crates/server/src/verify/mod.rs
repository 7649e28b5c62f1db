//! `tillid verify`: from inside, whether the tables and the log are what the journal says; from outside, whether a log, an archive of it or
//! receipts are what was signed.

mod archive;
mod climb;
mod inside;
mod online;
mod receipt;
mod source;
mod trust;
mod verdict;
mod whole;

use crate::installation::Installation;
use anyhow::Result;
use clap::{ArgGroup, Args, ValueEnum};
use receipt::Held;
use std::{
    fs,
    io::{self, IsTerminal, Write},
    path::PathBuf,
    process::ExitCode,
};
use tillid_domain::Language;
use tillid_log::Policy;
use trust::{Basis, Published, Trust};
use verdict::{Says, Verdict};

/// What the program exits with; the worst of several.
const CODES: &str = "\
Exit codes; of several 1 comes first, then 2, then 3:
  0  everything that was asked is proven
  1  something contradicts: it is named
  2  it cannot be told: something is unreachable or unreadable, or keys are missing
  3  nothing contradicts, but witnesses that the policy asks for have not signed, or a receipt has no proof yet";

/// What to verify.
#[derive(Args, Debug)]
#[command(after_help = CODES)]
#[command(group = ArgGroup::new("outside").args(["receipt", "server", "archive"]).multiple(true)
    .conflicts_with_all(["config", "data", "postgres"]))]
pub(crate) struct Verify {
    #[command(flatten)]
    installation: Installation,
    /// A checkpoint of the log that somebody kept, from a witness or a receipt: from inside, the log must begin with its tree
    #[arg(long, value_name = "FILE", num_args = 1.., conflicts_with = "outside")]
    checkpoint: Vec<PathBuf>,
    #[command(flatten)]
    outside: Outside,
}

/// What can be verified without access to the database.
#[derive(Args, Debug)]
#[command(next_help_heading = "From outside")]
struct Outside {
    /// Receipts, as the service answered them; alone they are checked offline
    #[arg(long, num_args = 1.., value_name = "FILE")]
    receipt: Vec<PathBuf>,
    /// The address of a service whose log is to be checked, or of a log that is published elsewhere, ending in /log
    #[arg(long, value_name = "URL", conflicts_with = "archive")]
    server: Option<String>,
    /// A folder that `tillid export` wrote
    #[arg(long, value_name = "FOLDER")]
    archive: Option<PathBuf>,
    /// Which log and which witnesses to believe (C2SP tlog-policy)
    #[arg(long, value_name = "FILE", requires = "outside")]
    policy: Option<PathBuf>,
    /// The keys of the service, saved from its /log/keys
    #[arg(long, value_name = "FILE", requires = "outside")]
    keys: Option<PathBuf>,
    /// Compare with the checkpoint in this file, and keep the new one there
    #[arg(long, value_name = "FILE", requires = "server")]
    remember: Option<PathBuf>,
    /// Fetch every entry and recompute the whole tree; an archive always is
    #[arg(long, requires = "server")]
    all: bool,
    /// Keep checkpoints that contradict in this folder
    #[arg(long, value_name = "DIR", requires = "outside")]
    evidence: Option<PathBuf>,
    /// The language of the sentences; that of LANG unless given
    #[arg(long, requires = "outside")]
    language: Option<Tongue>,
    /// One JSON object for programs instead of sentences
    #[arg(long, requires = "outside")]
    json: bool,
}

#[derive(Clone, Copy, PartialEq, Eq, Debug, ValueEnum)]
enum Tongue {
    /// Danish
    Da,
    /// English
    En,
}

/// Verifies, says what was found, and says so in the exit code.
pub(crate) async fn verify(args: Verify) -> Result<ExitCode> {
    let Verify { installation, checkpoint, outside } = args;
    if outside.server.is_none() && outside.archive.is_none() && outside.receipt.is_empty() {
        return inside::verify(&installation, &checkpoint).await;
    }
    let language = outside.language();
    let verdict = outside.verify(language).await;
    let mut out = io::stdout().lock();
    if outside.json {
        writeln!(out, "{}", verdict.json(language))?;
    } else {
        write!(out, "{}", verdict.lines(language))?;
    }
    Ok(verdict.exit())
}

impl Outside {
    async fn verify(&self, language: Language) -> Verdict {
        let mut verdict = Verdict::new(self.evidence.clone());
        let talks = io::stderr().is_terminal();
        let progress = |done: u64, each_second: u64| {
            if talks {
                let _ = write!(io::stderr(), "\r{}\x1b[K", verdict::progress(done, each_second, language));
            }
        };
        match (&self.server, &self.archive) {
            (Some(address), _) => online::verify(self, address, &progress, &mut verdict).await,
            (None, Some(folder)) => archive::verify(self, folder, &progress, &mut verdict).await,
            (None, None) => online::receipts_alone(self, &mut verdict),
        }
        if talks && (self.all || self.archive.is_some()) {
            let _ = writeln!(io::stderr());
        }
        verdict
    }

    #[expect(clippy::disallowed_methods, reason = "in which language a person is spoken to is theirs to say")]
    fn language(&self) -> Language {
        let named = || {
            let names = ["LC_ALL", "LC_MESSAGES", "LANG"].map(std::env::var);
            names.into_iter().flatten().find(|name| !name.is_empty()).unwrap_or_default()
        };
        match self.language {
            Some(Tongue::Da) => Language::Da,
            Some(Tongue::En) => Language::En,
            None if named().starts_with("da") => Language::Da,
            None => Language::En,
        }
    }

    /// The keys that were saved, if any were; `None` when they cannot be read.
    #[expect(
        clippy::option_option,
        reason = "none given, and none that can be read, lead to different answers"
    )]
    fn keys(&self, verdict: &mut Verdict) -> Option<Option<Published>> {
        let Some(file) = &self.keys else { return Some(None) };
        let keys = fs::read(file).ok().and_then(|bytes| Published::read(&bytes));
        if keys.is_none() {
            verdict.say(Says::KeysUnreadable, &[("what", &file.display().to_string())]);
        }
        keys.map(Some)
    }

    /// Whose signatures under a tree count: what the policy says, or the given keys. Says what that means.
    fn trust(&self, keys: Option<&Published>, basis: Basis, verdict: &mut Verdict) -> Option<Trust> {
        if let Some(file) = &self.policy {
            let policy = fs::read_to_string(file).map_err(|error| error.to_string());
            let policy = policy.and_then(|text| text.parse::<Policy>().map_err(|error| error.to_string()));
            return match policy {
                Ok(policy) => Some(Trust::in_policy(policy)),
                Err(error) => {
                    let shown = file.display().to_string();
                    verdict.say(Says::PolicyUnreadable, &[("what", &shown), ("error", &error)]);
                    None
                }
            };
        }
        let Some(trust) = keys.and_then(|keys| Trust::in_keys(&keys.log, basis)) else {
            verdict.say(Says::LogKeysMissing, &[("what", "")]);
            return None;
        };
        verdict.say(if basis == Basis::FirstUse { Says::FirstUse } else { Says::KeysOfFile }, &[]);
        Some(trust)
    }

    /// The receipts that open and are signed.
    fn receipts(&self, keys: Option<&Published>, verdict: &mut Verdict) -> Vec<Held> {
        if !self.receipt.is_empty() && self.keys.is_none() {
            verdict.say(Says::ReceiptKeysServed, &[]);
        }
        self.receipt.iter().filter_map(|file| receipt::read(file, keys, verdict)).collect()
    }
}
