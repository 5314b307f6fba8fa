//! What the rest of the program needs to know about a source.

use std::fmt;
use std::sync::Arc;

use super::time::SessionCalendar;

/// The name that results, errors and commands use for an open source (`replay`, `sim`, `replay-2`).
#[derive(Clone, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct SourceName(Arc<str>);

impl SourceName {
    /// Makes a name of a text.
    #[must_use]
    pub fn new(text: &str) -> Self {
        Self(Arc::from(text))
    }

    /// The name's text.
    #[must_use]
    pub fn as_str(&self) -> &str {
        &self.0
    }
}

impl fmt::Display for SourceName {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.pad(&self.0)
    }
}

impl fmt::Debug for SourceName {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        fmt::Debug::fmt(&*self.0, f)
    }
}

/// The place of a source in the engine's list of sources.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, PartialOrd, Ord)]
pub struct SourceIndex(pub u16);

impl SourceIndex {
    /// The place as an index.
    #[must_use]
    pub fn index(self) -> usize {
        usize::from(self.0)
    }
}

/// What happens to a source's data when the engine cannot keep up.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Delivery {
    /// The source waits; nothing is lost.
    Pausable,
    /// The source cannot wait: quotes are conflated, anything else that has to be dropped is counted as an error.
    Live,
}

/// Which end of its interval a bar's time names.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub enum BarStamp {
    /// The time is when the interval starts.
    #[default]
    Start,
    /// The time is when the interval ends.
    End,
}

/// What a source's data is, as shown to a person: live data is never mistaken for anything else.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Origin {
    /// From a venue, now.
    Live,
    /// Recorded earlier, played back.
    Replay,
    /// Made up by the simulator.
    Synthetic,
}

/// A source's fixed properties.
#[derive(Debug, Clone)]
pub struct SourceInfo {
    /// Unique name.
    pub name: SourceName,
    /// What a person gave to open it, without secrets (`replay:bars-us-2019-02`).
    pub label: String,
    /// Live, replayed or synthetic.
    pub origin: Origin,
    /// Whether it can wait.
    pub delivery: Delivery,
    /// Whether it takes pause, speed and seek.
    pub has_transport: bool,
    /// How its bars are stamped.
    pub bar_stamp: BarStamp,
    /// When its trading days begin and end.
    pub calendar: SessionCalendar,
}
