//! `throwaway-postgres -- COMMAND ARGS...` runs a command with a PostgreSQL cluster that lives as long as it does.

use std::process::{Command, ExitCode};
use tillid_testkit::{Cluster, URL};

fn main() -> ExitCode {
    let mut words = std::env::args_os().skip(1).skip_while(|word| word == "--");
    let Some(program) = words.next() else {
        eprintln!("usage: throwaway-postgres -- COMMAND ARGS...");
        return ExitCode::from(2);
    };
    let cluster = Cluster::start();
    let done = Command::new(&program).args(words).env(URL, &cluster.url).status();
    drop(cluster);
    match done {
        // A signal has no code of its own.
        Ok(status) => ExitCode::from(status.code().and_then(|code| u8::try_from(code).ok()).unwrap_or(1)),
        Err(error) => {
            eprintln!("{}: {error}", program.to_string_lossy());
            ExitCode::from(127)
        }
    }
}
