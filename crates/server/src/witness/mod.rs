//! `tillid witness`: cosigns the logs of others (C2SP tlog-witness), so that none of them can show two histories.

mod evidence;
mod page;
mod routes;
mod state;

use crate::{
    keys,
    run::{asked_to_stop, listen},
};
use anyhow::{Context, Result, bail};
use clap::Args;
pub(crate) use state::origin_hash;
use state::{Asked, Log, State};
use std::{
    io::{self, Write},
    net::SocketAddr,
    path::PathBuf,
    sync::Arc,
};
use tillid_edge::{Limits, Settings, layers, serve};
use tillid_log::{AddCheckpoint, KeyName, NoteSignature, Policy, Refusal, Signer, VerifierKey, judge};
use tillid_service::ambient::Ambient;
use tokio::sync::Notify;

/// What can be said about a witness.
#[derive(Args, Debug)]
pub(crate) struct WitnessArgs {
    /// Where it listens; 0 takes a free port. A proxy in front of it ends TLS
    #[arg(long, default_value = "127.0.0.1:8090")]
    listen: SocketAddr,
    /// The name of the witness and of all its keys
    #[arg(long)]
    name: KeyName,
    /// A key of `tillid keygen witness`; every key signs every checkpoint
    #[arg(long, required = true)]
    key: Vec<PathBuf>,
    /// The logs to watch: a C2SP tlog-policy file; a log with several keys has a line for each
    #[arg(long)]
    logs: PathBuf,
    /// The folder that remembers what was cosigned; no other process may use it
    #[arg(long)]
    state: PathBuf,
    /// Begin with nothing for each log that the folder does not know. Never after a loss: what was forgotten could be signed
    /// otherwise
    #[arg(long)]
    init: bool,
}

/// A witness: its keys, and what it has cosigned.
pub(crate) struct Witness {
    name: KeyName,
    signers: Vec<Signer>,
    state: State,
    ambient: Ambient,
    /// Told when the disk did not keep what was written.
    broken: Notify,
}

/// Why no signature was given.
#[derive(Debug, PartialEq, Eq, Clone, Copy)]
pub(crate) enum Declined {
    /// The request is not one to sign.
    Refused(Refusal),
    /// The witness cannot sign now; the log of the process says why.
    Unable,
}

/// Runs a witness until it is told to stop, or its disk fails.
pub(crate) async fn run(args: WitnessArgs) -> Result<()> {
    let ambient = Ambient::system();
    let signers = args.key.iter().map(|path| keys::cosigner(&args.name, path)).collect::<Result<Vec<_>>>()?;
    let policy: Policy = keys::text_of(&args.logs)?;
    let logs: Vec<VerifierKey> = policy.logs().iter().map(|log| log.key.clone()).collect();
    if logs.is_empty() {
        bail!("{} has no log to watch", args.logs.display());
    }
    let own: Vec<VerifierKey> = signers.iter().map(Signer::verifier).collect();
    let state = State::open(&args.state, args.init, &own, &logs, seconds(&ambient))?;
    let witness =
        Witness { name: args.name, signers, state, ambient: ambient.clone(), broken: Notify::new() };
    let witness = Arc::new(witness);
    let listener = listen(args.listen).await?;
    let asked = asked_to_stop()?;
    // Without somebody to read it, the witness still runs.
    let _ = greet(listener.local_addr()?, &own);
    let app = layers(routes::router(witness.clone())?, Settings::new(move || ambient.id().to_string()));
    let stop = async {
        tokio::select! {
            () = asked => {}
            () = witness.broken.notified() => {}
        }
    };
    serve(listener, app, Limits::default(), stop).await?;
    witness.state.sound().context("the disk did not keep the state; nothing more was signed")
}

/// The address, and the keys to give to the operators of logs.
fn greet(address: SocketAddr, own: &[VerifierKey]) -> io::Result<()> {
    let mut out = io::stdout().lock();
    writeln!(out, "witness  http://{address}")?;
    own.iter().try_for_each(|key| writeln!(out, "key  {key}"))?;
    out.flush()
}

fn seconds(ambient: &Ambient) -> u64 {
    u64::try_from(ambient.now().as_micros() / 1_000_000).unwrap_or(0)
}

impl Witness {
    /// Answers the body of `add-checkpoint`: the signature lines, given out only when the checkpoint is on the disk. It waits for the
    /// disk, and for whoever asks for the same log.
    fn add(&self, body: &[u8]) -> Result<String, Declined> {
        let malformed = Declined::Refused(Refusal::Malformed);
        let body = std::str::from_utf8(body).map_err(|_| malformed)?;
        let request: AddCheckpoint = body.parse().map_err(Declined::Refused)?;
        let origin = request.checkpoint.text().split('\n').next().unwrap_or_default();
        let Some(log) = self.state.log(origin) else {
            return Err(Declined::Refused(
                judge(&request, &[], None).err().unwrap_or(Refusal::UnknownOrigin),
            ));
        };
        let asked = Asked { request: &request, body };
        let answer = log.cosign(&asked, |held| self.sign(log, &request, held));
        answer.map_err(|error| match error {
            state::Error::Refused(refusal) => Declined::Refused(refusal),
            state::Error::Unable(error) => {
                tracing::error!(origin = log.origin(), error = format!("{error:#}"), "nothing was signed");
                if self.state.sound().is_err() {
                    self.broken.notify_one();
                }
                Declined::Unable
            }
        })
    }

    fn sign(&self, log: &Log, request: &AddCheckpoint, earlier: Option<u64>) -> Result<Vec<NoteSignature>> {
        let now = seconds(&self.ambient);
        if earlier.is_some_and(|earlier| now < earlier) {
            bail!("the clock is before a time that was signed for {}", log.origin());
        }
        let signatures = self.signers.iter().map(|signer| signer.cosign_note(&request.checkpoint, now));
        Ok(signatures.collect::<Result<_, _>>()?)
    }
}
