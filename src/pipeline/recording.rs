//! The port through which live sources write down what they receive.

use std::path::{Path, PathBuf};

use crate::domain::source::SourceName;

use super::snapshot::RecordingView;

/// Writes down what sources receive, if a person wants it. Shared by all sources.
pub trait Recorder: Send + Sync {
    /// Counts the times that recording was begun; `None` while nothing is recorded. A source that sees a new number
    /// writes a head first, and what is needed to understand what follows.
    fn session(&self) -> Option<u64>;

    /// Appends a line, given without its line break, to what is recorded of a source. It never waits: what the disk
    /// cannot take is counted as lost.
    fn record(&self, source: &SourceName, line: &[u8]);

    /// Begins to record into a folder, which is made if it is not there; what is in it stays. Recording elsewhere ends.
    ///
    /// # Errors
    /// When the folder cannot be written to.
    fn begin(&self, folder: &Path) -> Result<(), RecordingError>;

    /// Ends recording: everything is written out when this returns.
    fn end(&self);

    /// How the recording stands; `None` while there is none.
    fn view(&self) -> Option<RecordingView>;

    /// What has gone wrong since this was asked the last time.
    fn take_failure(&self) -> Option<String>;
}

/// A recording cannot be written.
#[derive(Debug, thiserror::Error)]
#[error("cannot record to {}: {error}", .folder.display())]
pub struct RecordingError {
    /// Where to.
    pub folder: PathBuf,
    /// What the system says.
    pub error: std::io::Error,
}

/// The recorder of a program that never records.
#[derive(Debug, Clone, Copy, Default)]
pub struct NoRecorder;

impl Recorder for NoRecorder {
    fn session(&self) -> Option<u64> {
        None
    }

    fn record(&self, _: &SourceName, _: &[u8]) {}

    fn begin(&self, folder: &Path) -> Result<(), RecordingError> {
        Err(RecordingError {
            folder: folder.to_owned(),
            error: std::io::Error::other("nothing can be recorded here"),
        })
    }

    fn end(&self) {}

    fn view(&self) -> Option<RecordingView> {
        None
    }

    fn take_failure(&self) -> Option<String> {
        None
    }
}
