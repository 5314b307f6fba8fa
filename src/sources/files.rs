//! Columnar files of bars: Parquet, and Arrow IPC (also called Feather). They have the columns `symbol`, `unix_ts`
//! (milliseconds since 1970) or `datetime`, `open`, `high`, `low`, `close` and `volume`; others are passed over. A file
//! without a column `symbol` is about the symbol that its name says.
//!
//! Reading them takes the feature `frames`; without it, opening one says so.

#[cfg(feature = "frames")]
pub mod frames;
#[cfg(feature = "frames")]
mod rows;

#[cfg(not(feature = "frames"))]
use std::io;
use std::io::Read;
use std::path::PathBuf;
use std::sync::Arc;
use std::sync::atomic::AtomicU64;

/// How a columnar file is written.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum TableFormat {
    /// Parquet.
    Parquet,
    /// Arrow IPC, as a file.
    Ipc,
}

impl TableFormat {
    /// The format that a file's name says; `None` when it is no columnar file.
    #[must_use]
    pub fn of(name: &str) -> Option<Self> {
        match name.rsplit_once('.')?.1.to_ascii_lowercase().as_str() {
            "parquet" => Some(Self::Parquet),
            "arrow" | "ipc" | "feather" => Some(Self::Ipc),
            _ => None,
        }
    }
}

/// A columnar file's rows as text: a table of bars with a header, as CSV. The file is opened when it is first read. How
/// many of its `bytes` have been read so far stands in `read_bytes`.
#[must_use]
pub fn as_csv(path: PathBuf, bytes: u64, read_bytes: Arc<AtomicU64>) -> Box<dyn Read + Send> {
    #[cfg(feature = "frames")]
    return Box::new(rows::CsvRows::new(path, bytes, read_bytes));
    #[cfg(not(feature = "frames"))]
    {
        drop((path, bytes, read_bytes));
        Box::new(Unreadable)
    }
}

#[cfg(not(feature = "frames"))]
struct Unreadable;

#[cfg(not(feature = "frames"))]
impl Read for Unreadable {
    fn read(&mut self, _: &mut [u8]) -> io::Result<usize> {
        Err(io::Error::other(
            "this build reads no Parquet and no Arrow files; build it with the feature 'frames'",
        ))
    }
}
