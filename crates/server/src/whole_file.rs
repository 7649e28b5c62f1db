//! Files that others read while they are written.

use std::{
    fs::{self, File, OpenOptions, Permissions},
    io::{self, Write as _},
    os::unix::fs::{OpenOptionsExt as _, PermissionsExt as _},
    path::{Path, PathBuf},
};

/// Writes a file so that its name stands for the old bytes or for all of the new ones, also after a crash.
pub(crate) fn write(file: &Path, bytes: &[u8]) -> io::Result<()> {
    let beside = beside(file);
    finish(File::create(&beside)?, &beside, file, bytes)
}

/// Likewise, a file that only we and our group can read, whatever is usual for files of ours.
pub(crate) fn write_for_our_group(file: &Path, bytes: &[u8]) -> io::Result<()> {
    let beside = beside(file);
    let new = OpenOptions::new().write(true).create(true).truncate(true).mode(0o600).open(&beside)?;
    new.set_permissions(Permissions::from_mode(0o640))?;
    finish(new, &beside, file, bytes)
}

fn beside(file: &Path) -> PathBuf {
    let mut beside = file.as_os_str().to_owned();
    beside.push(".new");
    PathBuf::from(beside)
}

fn finish(mut new: File, beside: &Path, file: &Path, bytes: &[u8]) -> io::Result<()> {
    new.write_all(bytes)?;
    new.sync_all()?;
    fs::rename(beside, file)?;
    let folder = file.parent().filter(|parent| !parent.as_os_str().is_empty());
    File::open(folder.unwrap_or(Path::new(".")))?.sync_all()
}
