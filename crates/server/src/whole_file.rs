//! Files that others read while they are written.

use std::{
    fs::{self, File, OpenOptions},
    io::{self, Write as _},
    os::unix::fs::OpenOptionsExt as _,
    path::{Path, PathBuf},
};

/// Writes a file so that its name stands for the old bytes or for all of the new ones, also after a crash.
pub(crate) fn write(file: &Path, bytes: &[u8]) -> io::Result<()> {
    write_with(file, bytes, 0o666)
}

/// Likewise, a file that only we and our group can read.
pub(crate) fn write_for_our_group(file: &Path, bytes: &[u8]) -> io::Result<()> {
    write_with(file, bytes, 0o640)
}

fn write_with(file: &Path, bytes: &[u8], mode: u32) -> io::Result<()> {
    let mut beside = file.as_os_str().to_owned();
    beside.push(".new");
    let beside = PathBuf::from(beside);
    let mut new = OpenOptions::new().write(true).create(true).truncate(true).mode(mode).open(&beside)?;
    new.write_all(bytes)?;
    new.sync_all()?;
    fs::rename(&beside, file)?;
    let folder = file.parent().filter(|parent| !parent.as_os_str().is_empty());
    File::open(folder.unwrap_or(Path::new(".")))?.sync_all()
}
