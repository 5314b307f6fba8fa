//! Columnar files: Parquet, and Arrow IPC (also called Feather). Bars have the columns `symbol`, `unix_ts` (milliseconds
//! since 1970) or `datetime`, `open`, `high`, `low`, `close`, `volume` and `timeframe`; others are passed over. A file of
//! bars without a column `symbol` is about the symbol that its name says. Files of quotes, trades and news have the columns
//! that they have when this program writes them.
//!
//! Reading them takes the feature `frames`; without it, opening one says so.

#[cfg(feature = "frames")]
pub mod frames;
#[cfg(feature = "frames")]
mod json_rows;
#[cfg(feature = "frames")]
mod rows;

#[cfg(not(feature = "frames"))]
use std::io;
use std::io::Read;
use std::path::{Path, PathBuf};
use std::sync::Arc;
use std::sync::atomic::AtomicU64;

use crate::domain::event::DataService;

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

/// How the rows of a columnar file are given as text.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum RowFormat {
    /// Bars as CSV, under a header.
    Csv,
    /// Rows of any table as JSON lines, each an object with all columns.
    JsonLines,
}

/// A columnar file's rows as text. The file is opened when it is first read. How many of its `bytes` have been read so far
/// stands in `read_bytes`.
#[must_use]
pub fn as_text(
    path: PathBuf,
    format: RowFormat,
    bytes: u64,
    read_bytes: Arc<AtomicU64>,
) -> Box<dyn Read + Send> {
    #[cfg(feature = "frames")]
    return match format {
        RowFormat::Csv => Box::new(rows::Rows::<rows::Bars>::new(path, bytes, read_bytes)),
        RowFormat::JsonLines => Box::new(rows::Rows::<json_rows::JsonRows>::new(
            path, bytes, read_bytes,
        )),
    };
    #[cfg(not(feature = "frames"))]
    {
        drop((path, format, bytes, read_bytes));
        Box::new(Unreadable)
    }
}

/// Which service's table a columnar file is, by its columns; `None` when it cannot be read, or is none.
#[must_use]
pub fn service_of(path: &Path) -> Option<DataService> {
    #[cfg(feature = "frames")]
    return rows::service_of(path);
    #[cfg(not(feature = "frames"))]
    {
        let _ = path;
        None
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
