//! Puts the parts together and takes them apart again in the right order.

use std::sync::Arc;

use crossbeam_channel::{Receiver, Sender};

use crate::domain::clock::Clock;
use crate::domain::event::Event;
use crate::domain::symbol::Symbol;

use super::command::Command;
use super::settings::EngineSettings;
use super::sink::Sink;
use super::snapshot::Snapshot;
use super::source::Source;

/// A source with the symbols wanted of it.
pub struct SourcePlan {
    /// The source.
    pub source: Box<dyn Source>,
    /// The symbols; `None` subscribes each as it appears.
    pub symbols: Option<Vec<Symbol>>,
}

/// Work of your own, done by a symbol's worker for every event before the built-in services see it.
pub type Analysis = Arc<dyn Fn(&Symbol, &Event) + Send + Sync>;

/// A running engine.
#[derive(Debug)]
pub struct EngineHandle {
    /// Orders to it.
    pub commands: Sender<Command>,
    /// The board, at most as often as it is taken out and never more than 60 times a second. Disconnected when the
    /// engine has finished.
    pub snapshots: Receiver<Arc<Snapshot>>,
}

/// How a run ended.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct EngineReport {
    /// Every source stopped for a reason that trying again would not mend.
    pub all_hopeless: bool,
}

/// Starts the engine: its threads, and a runtime for the streamers.
///
/// # Errors
/// When a thread cannot be started.
pub fn start(
    _settings: EngineSettings,
    _sources: Vec<SourcePlan>,
    _sinks: Vec<Box<dyn Sink>>,
    _clock: Arc<dyn Clock>,
    _analysis: Option<Analysis>,
) -> std::io::Result<EngineHandle> {
    Err(std::io::Error::other("under construction"))
}

impl EngineHandle {
    /// Waits until the engine has finished: after [`Command::Quit`], or when every source has ended and the settings
    /// say so.
    #[must_use]
    pub fn join(self) -> EngineReport {
        EngineReport {
            all_hopeless: false,
        }
    }
}
