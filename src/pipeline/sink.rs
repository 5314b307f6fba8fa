//! The port that sinks implement.

use crate::domain::column::ColumnValues;
use crate::domain::outcome::{ErrorInstance, ResultInstance, StatusChange};
use crate::domain::source::SourceName;
use crate::domain::symbol::Symbol;
use crate::domain::time::UnixMs;

/// Takes every result, error and status, in order. Called on the administrator's thread: a sink that blocks makes
/// pausable sources wait, and live ones follow their rule.
pub trait Sink: Send {
    /// Takes one result of `symbol` from `source`.
    ///
    /// # Errors
    /// When the sink can take nothing more.
    fn result(
        &mut self,
        result: &ResultInstance,
        symbol: &Symbol,
        source: &SourceName,
    ) -> Result<(), SinkClosed>;

    /// Takes the values of a symbol's own columns at the bar of `time`. They come after the bar's result, when they have
    /// been evaluated.
    ///
    /// # Errors
    /// When the sink can take nothing more.
    fn columns(
        &mut self,
        time: UnixMs,
        values: &ColumnValues,
        symbol: &Symbol,
        source: &SourceName,
    ) -> Result<(), SinkClosed> {
        let (_, _, _, _) = (time, values, symbol, source);
        Ok(())
    }

    /// Takes one error.
    ///
    /// # Errors
    /// When the sink can take nothing more.
    fn error(&mut self, error: &ErrorInstance) -> Result<(), SinkClosed>;

    /// Takes one status change.
    ///
    /// # Errors
    /// When the sink can take nothing more.
    fn status(&mut self, status: &StatusChange) -> Result<(), SinkClosed>;

    /// Nothing more is waiting: what is buffered should go out now.
    ///
    /// # Errors
    /// When the sink can take nothing more.
    fn flush(&mut self) -> Result<(), SinkClosed>;
}

/// The sink can take nothing more.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub enum SinkClosed {
    /// Whoever read it has gone, which ends the program quietly.
    #[error("the reader has gone")]
    ReaderGone,
    /// It failed.
    #[error("{0}")]
    Failed(String),
}
