//! Where the bytes of a file come from.

use std::io::{self, Read, Seek, SeekFrom};
use std::path::PathBuf;
use std::sync::Arc;
use std::sync::atomic::{AtomicU64, Ordering};

/// Counts the bytes that are read from the stored file.
pub(super) struct Counted {
    pub(super) inner: Box<dyn Read + Send>,
    pub(super) count: Arc<AtomicU64>,
}

impl Read for Counted {
    fn read(&mut self, buffer: &mut [u8]) -> io::Result<usize> {
        let read = self.inner.read(buffer)?;
        self.count.fetch_add(read as u64, Ordering::Relaxed);
        Ok(read)
    }
}

/// Files on disk, one after the other.
pub(super) struct Parts {
    pub(super) rest: std::vec::IntoIter<PathBuf>,
    pub(super) open: Option<std::fs::File>,
}

impl Read for Parts {
    fn read(&mut self, buffer: &mut [u8]) -> io::Result<usize> {
        loop {
            let file = match &mut self.open {
                Some(file) => file,
                closed => match self.rest.next() {
                    Some(path) => closed.insert(std::fs::File::open(path)?),
                    None => return Ok(0),
                },
            };
            let read = file.read(buffer)?;
            if read > 0 || buffer.is_empty() {
                return Ok(read);
            }
            self.open = None;
        }
    }
}

/// A file on disk, opened when it is first read.
pub(super) struct PathInput {
    pub(super) path: PathBuf,
    pub(super) offset: u64,
    pub(super) open: Option<std::fs::File>,
    pub(super) keep_open: bool,
}

impl Read for PathInput {
    fn read(&mut self, buffer: &mut [u8]) -> io::Result<usize> {
        let mut file = if let Some(file) = self.open.take() {
            file
        } else {
            let mut file = std::fs::File::open(&self.path)?;
            file.seek(SeekFrom::Start(self.offset))?;
            file
        };
        let read = file.read(buffer)?;
        self.offset += read as u64;
        if self.keep_open && read > 0 {
            self.open = Some(file);
        }
        Ok(read)
    }
}
