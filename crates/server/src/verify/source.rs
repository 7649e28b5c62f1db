//! Where a log is read: over HTTP, or in a folder that `tillid export` wrote.

use super::verdict::{Says, Verdict};
use reqwest::{Client, StatusCode, Url, header, redirect::Policy};
use std::{
    fs,
    io::{self, Read as _},
    path::PathBuf,
    sync::Arc,
    time::Duration,
};
use tillid_log::Resource;

/// How long the server may take to be reached, and how long it may say nothing.
const PATIENCE: Duration = Duration::from_secs(10);

/// A checkpoint, keys or a proof are never longer.
pub(super) const TEXT: usize = 1 << 20;
/// 256 entries of the largest length.
const BUNDLE: usize = 256 * (2 + 65_535);
/// More than a tile has: what is too long is told as that.
const TILE: usize = 2 * 256 * 32;

/// A log that can be read.
#[derive(Clone, Debug)]
pub(super) enum Source {
    Server { client: Client, log: Arc<str> },
    Folder(PathBuf),
}

/// Why something could not be read.
#[derive(Debug, thiserror::Error)]
pub(super) enum Unread {
    #[error("{0} cannot be reached: {1}")]
    Away(String, String),
    #[error("{0} answers {1}")]
    Status(String, StatusCode),
    #[error("{0} is longer than it can be")]
    TooLarge(String),
    #[error("{0}: {1}")]
    File(String, io::Error),
}

impl Unread {
    /// Says so.
    pub(super) fn tell(&self, verdict: &mut Verdict) {
        match self {
            Self::Away(from, error) => verdict.say(Says::Unreachable, &[("from", from), ("error", error)]),
            Self::Status(from, status) => {
                verdict.say(Says::Status, &[("from", from), ("status", status.as_str())]);
            }
            Self::TooLarge(from) => verdict.say(Says::TooLarge, &[("from", from)]),
            Self::File(from, error) => {
                verdict.say(Says::NoFile, &[("from", from), ("error", &error.to_string())]);
            }
        }
    }
}

/// Why an address is not asked.
#[derive(Debug, thiserror::Error)]
pub(super) enum NotSafe {
    #[error("not an https address (http is for this machine alone)")]
    Address,
    #[error(transparent)]
    Client(#[from] reqwest::Error),
}

impl Source {
    /// The log of a service, which is at `/log` below its address; or a log that is published elsewhere, whose own address ends in
    /// `/log`.
    pub(super) fn server(address: &str) -> Result<Self, NotSafe> {
        let url: Url = address.parse().map_err(|_| NotSafe::Address)?;
        let here = matches!(url.host_str(), Some("127.0.0.1" | "localhost" | "[::1]"));
        if !(url.scheme() == "https" || url.scheme() == "http" && here) || url.query().is_some() {
            return Err(NotSafe::Address);
        }
        let address = url.as_str().trim_end_matches('/');
        let log = if url.path().trim_end_matches('/').ends_with("/log") {
            address.into()
        } else {
            format!("{address}/log").into()
        };
        let client =
            Client::builder().redirect(Policy::none()).connect_timeout(PATIENCE).read_timeout(PATIENCE);
        Ok(Self::Server { client: client.build()?, log })
    }

    /// What stands at a path below the log, such as `checkpoint`.
    pub(super) async fn get(&self, path: &str, most: usize) -> Result<Vec<u8>, Unread> {
        match self {
            Self::Server { client, log } => ask(client, &format!("{log}/{path}"), most).await,
            Self::Folder(folder) => read(folder.join(path), most),
        }
    }

    /// A tile or a bundle of entries.
    pub(super) async fn resource(&self, resource: Resource) -> Result<Vec<u8>, Unread> {
        let most = match resource {
            Resource::Tile { .. } => TILE,
            Resource::Entries { .. } => BUNDLE,
        };
        self.get(&format!("tile/{resource}"), most).await
    }

    /// In which other widths a folder still has a tile or a bundle: what was published while it was not full.
    pub(super) fn narrower(&self, resource: Resource) -> Vec<Resource> {
        let Self::Folder(folder) = self else { return Vec::new() };
        let full = match resource {
            Resource::Tile { id, .. } => Resource::Tile { id, width: 256 },
            Resource::Entries { index, .. } => Resource::Entries { index, width: 256 },
        };
        let files = fs::read_dir(folder.join(format!("tile/{full}.p"))).into_iter().flatten();
        let names = files.filter_map(|file| file.ok()?.file_name().into_string().ok());
        let resources = names.filter_map(|name| format!("{full}.p/{name}").parse().ok());
        resources.filter(|narrow| *narrow != resource).collect()
    }
}

async fn ask(client: &Client, url: &str, most: usize) -> Result<Vec<u8>, Unread> {
    let away = |error: reqwest::Error| Unread::Away(url.to_owned(), causes(&error.without_url()));
    let request = client.get(url).header(header::CACHE_CONTROL, "no-cache");
    let mut answer = request.send().await.map_err(away)?;
    if answer.status() != StatusCode::OK {
        return Err(Unread::Status(url.to_owned(), answer.status()));
    }
    let mut body = Vec::new();
    while let Some(chunk) = answer.chunk().await.map_err(away)? {
        if body.len() + chunk.len() > most {
            return Err(Unread::TooLarge(url.to_owned()));
        }
        body.extend_from_slice(&chunk);
    }
    Ok(body)
}

fn read(path: PathBuf, most: usize) -> Result<Vec<u8>, Unread> {
    let shown = path.display().to_string();
    let mut bytes = Vec::new();
    let limit = u64::try_from(most).unwrap_or(u64::MAX).saturating_add(1);
    let read = fs::File::open(path).and_then(|file| file.take(limit).read_to_end(&mut bytes));
    match read {
        Ok(_) if bytes.len() > most => Err(Unread::TooLarge(shown)),
        Ok(_) => Ok(bytes),
        Err(error) => Err(Unread::File(shown, error)),
    }
}

/// An error with what caused it: the first alone seldom says why.
fn causes(error: &dyn std::error::Error) -> String {
    let chain = std::iter::successors(error.source(), |error| error.source());
    chain.fold(error.to_string(), |said, cause| format!("{said}: {cause}"))
}
