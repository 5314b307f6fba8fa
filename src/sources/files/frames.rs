//! Columnar files as Polars frames.

use std::fs::File;
use std::path::{Path, PathBuf};

use polars::prelude::{DataFrame, ParquetReader, PolarsError, SerReader};
use polars_io::ipc::IpcReader;

use super::TableFormat;

/// Why a columnar file cannot be read.
#[derive(Debug, thiserror::Error)]
pub enum FrameError {
    /// It cannot be opened.
    #[error("{}: cannot be opened: {error}", .path.display())]
    Unreadable {
        /// The file.
        path: PathBuf,
        /// What the system says.
        #[source]
        error: std::io::Error,
    },
    /// Its name does not say how it is written.
    #[error("{}: its name should end in .parquet, .arrow, .ipc or .feather", .0.display())]
    UnknownFormat(PathBuf),
    /// It is damaged, or not what its name says.
    #[error("{}: cannot be read: {error}", .path.display())]
    Damaged {
        /// The file.
        path: PathBuf,
        /// What Polars says.
        #[source]
        error: PolarsError,
    },
}

/// Reads a whole file.
///
/// # Errors
/// When it cannot be opened, or is no such file.
pub fn read(path: &Path) -> Result<DataFrame, FrameError> {
    let format = format_of(path)?;
    let file = open(path)?;
    let frame = match format {
        TableFormat::Parquet => ParquetReader::new(file).finish(),
        TableFormat::Ipc => IpcReader::new(file).finish(),
    };
    frame.map_err(damaged(path))
}

/// The number of rows of a file; [`usize::MAX`] of an Arrow file, which does not tell.
pub(super) fn rows(path: &Path) -> Result<usize, FrameError> {
    match format_of(path)? {
        TableFormat::Parquet => ParquetReader::new(open(path)?)
            .num_rows()
            .map_err(damaged(path)),
        TableFormat::Ipc => Ok(usize::MAX),
    }
}

/// The first row of a file, for its columns.
pub(super) fn head(path: &Path) -> Result<DataFrame, FrameError> {
    let frame = match format_of(path)? {
        TableFormat::Parquet => return parquet_slice(path, 0, 1),
        TableFormat::Ipc => IpcReader::new(open(path)?).with_n_rows(Some(1)).finish(),
    };
    frame.map_err(damaged(path))
}

/// The format that a file's name says.
pub(super) fn format_of(path: &Path) -> Result<TableFormat, FrameError> {
    let name = path.file_name();
    name.and_then(|name| TableFormat::of(&name.to_string_lossy()))
        .ok_or_else(|| FrameError::UnknownFormat(path.to_owned()))
}

/// So many rows of a Parquet file, from one on.
pub(super) fn parquet_slice(
    path: &Path,
    from: usize,
    rows: usize,
) -> Result<DataFrame, FrameError> {
    ParquetReader::new(open(path)?)
        .with_slice(Some((from, rows)))
        .finish()
        .map_err(damaged(path))
}

fn open(path: &Path) -> Result<File, FrameError> {
    File::open(path).map_err(|error| FrameError::Unreadable {
        path: path.to_owned(),
        error,
    })
}

fn damaged(path: &Path) -> impl FnOnce(PolarsError) -> FrameError {
    move |error| FrameError::Damaged {
        path: path.to_owned(),
        error,
    }
}
