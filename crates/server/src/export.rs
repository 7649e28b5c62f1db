//! `tillid export`: the public log as files, as they are served, for any web server and for whoever checks it later.

use crate::{installation::Installation, whole_file};
use anyhow::{Context, Result, bail};
use clap::Args;
use std::{
    fs,
    io::{self, IsTerminal, Write},
    path::{Path, PathBuf},
};
use tillid_log::{Checkpoint, Note, Resource, TileId};
use tillid_service::Service;

/// What to export, and where to.
#[derive(Args, Debug)]
pub(crate) struct Export {
    #[command(flatten)]
    installation: Installation,
    /// The folder for the public log; what it already has of it stays
    #[arg(long, value_name = "FOLDER")]
    log_to: PathBuf,
}

/// Writes the log: keys, tiles and entries that are not there yet, and the checkpoint last, so that whoever reads it finds all of
/// its tree.
pub(crate) async fn export(args: Export) -> Result<()> {
    let folder = args.log_to;
    let service = args.installation.service().await?;
    let note = service.log_checkpoint().await.context("the log has no signed tree")?;
    let checkpoint = Checkpoint::from_text(note.text())?;
    refuse_another(&folder, &checkpoint)?;
    let talks = io::stderr().is_terminal();
    let mut written = 0;
    let entries = widths(0, checkpoint.size).map(|(id, width)| Resource::Entries { index: id.index, width });
    let tiles = (0..8).flat_map(|level| widths(level, checkpoint.size));
    let tiles = tiles.map(|(id, width)| Resource::Tile { id, width });
    for resource in entries.chain(tiles) {
        written += u64::from(write_resource(&service, &folder, resource).await?);
        if talks {
            write!(io::stderr(), "\r{written} ")?;
        }
    }
    whole_file::write(&folder.join("keys"), &serde_json::to_vec(&tillid_api::published_keys(&service))?)?;
    whole_file::write(&folder.join("checkpoint"), note.to_string().as_bytes())?;
    service.close().await;
    let shown = folder.display();
    writeln!(
        io::stdout(),
        "{shown}: {} entries of {}; {written} new files",
        checkpoint.size,
        checkpoint.origin
    )?;
    Ok(())
}

/// A folder holds one log, which only grows.
fn refuse_another(folder: &Path, checkpoint: &Checkpoint) -> Result<()> {
    fs::create_dir_all(folder).with_context(|| format!("{} cannot be made", folder.display()))?;
    let file = folder.join("checkpoint");
    let before = match fs::read_to_string(&file) {
        Ok(text) => text,
        Err(error) if error.kind() == io::ErrorKind::NotFound => return Ok(()),
        Err(error) => return Err(error).with_context(|| file.display().to_string()),
    };
    let before: Note = before.parse().with_context(|| file.display().to_string())?;
    let before = Checkpoint::from_text(before.text()).with_context(|| file.display().to_string())?;
    let shown = folder.display();
    if before.origin != checkpoint.origin {
        bail!("{shown} holds another log: {}", before.origin);
    }
    if before.size > checkpoint.size || before.size == checkpoint.size && before.root != checkpoint.root {
        bail!(
            "{shown} holds a signed tree of {} entries that this database does not have: keep it, and run `tillid verify`",
            before.size
        );
    }
    Ok(())
}

/// The tiles of a level, each with its width.
fn widths(level: u8, size: u64) -> impl Iterator<Item = (TileId, u16)> {
    let tiles = (0..).map(move |index| TileId { level, index });
    tiles.map_while(move |id| Some((id, id.width_at(size)?)))
}

/// Writes a file of the log if it is not there; whether it was not.
async fn write_resource(service: &Service, folder: &Path, resource: Resource) -> Result<bool> {
    let file = folder.join(format!("tile/{resource}"));
    // Files appear whole, and what is published of a log does not change.
    if file.exists() {
        return Ok(false);
    }
    let bytes = service.log_resource(&resource.to_string()).await;
    let bytes = bytes.with_context(|| format!("tile/{resource} cannot be read"))?;
    let parent = file.parent().context("a file of the log is in a folder")?;
    fs::create_dir_all(parent).with_context(|| format!("{} cannot be made", parent.display()))?;
    whole_file::write(&file, &bytes).with_context(|| format!("{} cannot be written", file.display()))?;
    Ok(true)
}
