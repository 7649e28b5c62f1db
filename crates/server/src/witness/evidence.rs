//! What logs signed that does not fit what they signed before.

use std::{
    fs::{self, DirBuilder, OpenOptions},
    io::{self, Write},
    os::unix::fs::{DirBuilderExt, OpenOptionsExt},
    path::{Path, PathBuf},
};

/// How many pieces are kept of a log.
const MOST: usize = 16;
/// Anybody can send a true checkpoint with a wrong proof. What may be no more than that leaves room for what is a fork by itself.
const MOST_UNPROVED: usize = MOST / 2;

/// What a request shows.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub(crate) enum Shows {
    /// Another root for a size that was cosigned: a fork.
    Fork,
    /// No proof that the tree begins with the one that was cosigned.
    Unproved,
}

/// Where the evidence against one log is kept.
#[derive(Debug)]
pub(crate) struct Evidence {
    folder: PathBuf,
    /// How the names of its files begin.
    log: String,
}

impl Evidence {
    /// Below the folder of the state; `log` is the hash of its origin.
    pub(crate) fn new(state: &Path, log: &str) -> Self {
        Self { folder: state.join("evidence"), log: log.to_owned() }
    }

    /// The files with requests, in order.
    pub(crate) fn files(&self) -> Vec<PathBuf> {
        (1..=MOST).map(|n| self.path(n, "")).take_while(|path| path.exists()).collect()
    }

    /// Keeps a request as it came, and beside it the checkpoint that it was held against. The same checkpoint is kept once.
    pub(crate) fn keep(
        &self,
        shows: Shows,
        request: &str,
        held: Option<&str>,
    ) -> io::Result<Option<PathBuf>> {
        let files = self.files();
        let most = if shows == Shows::Fork { MOST } else { MOST_UNPROVED };
        if files.len() >= most {
            return Ok(None);
        }
        for file in &files {
            if text_of_note(&fs::read_to_string(file)?) == text_of_note(request) {
                return Ok(None);
            }
        }
        DirBuilder::new().recursive(true).mode(0o700).create(&self.folder)?;
        let number = files.len() + 1;
        if let Some(held) = held {
            write(&self.path(number, ".held"), held)?;
        }
        let path = self.path(number, "");
        write(&path, request)?;
        Ok(Some(path))
    }

    fn path(&self, number: usize, what: &str) -> PathBuf {
        self.folder.join(format!("{}-{number}{what}.txt", self.log))
    }
}

/// The text of the checkpoint in a request: what the log signed, whatever proof and signatures come with it.
fn text_of_note(request: &str) -> Option<&str> {
    request.split("\n\n").nth(1)
}

fn write(path: &Path, text: &str) -> io::Result<()> {
    let mut file = OpenOptions::new().write(true).create(true).truncate(true).mode(0o600).open(path)?;
    file.write_all(text.as_bytes())?;
    file.sync_all()
}

#[cfg(test)]
mod tests {
    use super::*;

    fn request(text: &str) -> String {
        format!("old 1\n\n{text}\n\n\u{2014} a AAAAAAAA\n")
    }

    #[test]
    fn the_same_checkpoint_is_kept_once_and_never_too_many() {
        let dir = tempfile::tempdir().expect("a folder");
        let evidence = Evidence::new(dir.path(), "0f");
        let first = evidence.keep(Shows::Unproved, &request("one"), Some("held")).expect("kept");
        assert_eq!(fs::read_to_string(first.expect("a file")).expect("it"), request("one"));
        assert_eq!(fs::read_to_string(dir.path().join("evidence/0f-1.held.txt")).expect("it"), "held");
        let again = request("one").replace("old 1", "old 2");
        assert_eq!(evidence.keep(Shows::Unproved, &again, None).expect("no error"), None);
        for n in 0..40 {
            evidence.keep(Shows::Unproved, &request(&format!("unproved {n}")), None).expect("no error");
        }
        assert_eq!(evidence.files().len(), MOST_UNPROVED);
        for n in 0..40 {
            evidence.keep(Shows::Fork, &request(&format!("fork {n}")), None).expect("no error");
        }
        assert_eq!(evidence.files().len(), MOST);
        assert!(Evidence::new(dir.path(), "0e").files().is_empty());
    }
}
