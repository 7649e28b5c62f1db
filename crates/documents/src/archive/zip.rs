//! A ZIP that is written into memory and taken from there as it grows.

use std::{
    io::{self, Write},
    mem,
    sync::{Arc, Mutex, PoisonError},
};
use zip::{CompressionMethod, ZipWriter, result::ZipError, write::SimpleFileOptions, write::StreamWriter};

/// The archive could not be written.
#[derive(Debug, thiserror::Error)]
#[error("the archive could not be written")]
pub struct NotWritten(#[from] ZipError);

impl From<io::Error> for NotWritten {
    fn from(error: io::Error) -> Self {
        Self(error.into())
    }
}

/// What has been written and not yet been taken.
#[derive(Clone, Default)]
struct Tray(Arc<Mutex<Vec<u8>>>);

impl Tray {
    fn take(&self) -> Vec<u8> {
        mem::take(&mut *self.0.lock().unwrap_or_else(PoisonError::into_inner))
    }
}

impl Write for Tray {
    fn write(&mut self, bytes: &[u8]) -> io::Result<usize> {
        self.0.lock().unwrap_or_else(PoisonError::into_inner).extend_from_slice(bytes);
        Ok(bytes.len())
    }

    fn flush(&mut self) -> io::Result<()> {
        Ok(())
    }
}

/// An archive that is being written.
pub struct Archive {
    zip: ZipWriter<StreamWriter<Tray>>,
    tray: Tray,
}

impl Default for Archive {
    fn default() -> Self {
        let tray = Tray::default();
        Self { zip: ZipWriter::new_stream(tray.clone()), tray }
    }
}

impl Archive {
    /// Begins a file; what is written from now on is in it.
    pub fn begin(&mut self, name: &str) -> Result<(), NotWritten> {
        let options = SimpleFileOptions::default().compression_method(CompressionMethod::Deflated);
        Ok(self.zip.start_file(name, options)?)
    }

    /// Goes on with the file.
    pub fn write(&mut self, bytes: &[u8]) -> Result<(), NotWritten> {
        Ok(self.zip.write_all(bytes)?)
    }

    /// A whole file.
    pub fn file(&mut self, name: &str, bytes: &[u8]) -> Result<(), NotWritten> {
        self.begin(name)?;
        self.write(bytes)
    }

    /// How much there is to take.
    pub fn waiting(&self) -> usize {
        self.tray.0.lock().unwrap_or_else(PoisonError::into_inner).len()
    }

    /// What there is of the archive since it was last asked.
    pub fn take(&mut self) -> Vec<u8> {
        self.tray.take()
    }

    /// The rest of the archive.
    pub fn finish(self) -> Result<Vec<u8>, NotWritten> {
        self.zip.finish()?;
        Ok(self.tray.take())
    }
}
