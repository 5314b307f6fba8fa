//! What one line holds, and what is needed to decode it.

use crate::domain::event::Event;
use crate::domain::outcome::{ErrorInstance, StatusChange};
use crate::domain::source::{BarStamp, SourceInfo};
use crate::domain::symbol::SymbolId;
use crate::domain::time::UnixMs;
use crate::pipeline::directory::Resolver;
use crate::pipeline::meters::SourceMeters;

use super::admission::Admission;
use super::reader::Reader;

/// How much of a line that could not be taken is shown.
const SAMPLE_BYTES: usize = 200;

/// What one line holds.
#[derive(Debug, Default)]
pub(super) struct Frame {
    /// When it belongs: `i64::MIN` at the beginning of a file whose lines have no times.
    pub(super) pacing: i64,
    pub(super) events: Vec<Event>,
    pub(super) errors: Vec<ErrorInstance>,
    /// What was told of connections and symbols.
    pub(super) changes: Vec<StatusChange>,
    /// How many lines of the file have been passed with this one.
    pub(super) ordinal: u64,
    /// Whether it is a row of a table, so that it may be sent together with others.
    pub(super) is_row: bool,
}

impl Frame {
    /// Whether it holds nothing.
    pub(super) fn is_empty(&self) -> bool {
        self.events.is_empty() && self.errors.is_empty() && self.changes.is_empty()
    }
}

/// What is cut off at both ends.
#[derive(Debug, Clone, Copy)]
pub(super) struct Window {
    pub(super) start: Option<UnixMs>,
    pub(super) end: Option<UnixMs>,
    pub(super) stamp: BarStamp,
}

impl Window {
    /// Whether data of this time is kept.
    pub(super) fn holds(self, time: UnixMs) -> bool {
        match self.stamp {
            BarStamp::Start => {
                self.start.is_none_or(|start| time >= start)
                    && self.end.is_none_or(|end| time < end)
            }
            BarStamp::End => {
                self.start.is_none_or(|start| time > start)
                    && self.end.is_none_or(|end| time <= end)
            }
        }
    }
}

/// What decoding needs besides the lines.
pub(super) struct Context<'a> {
    pub(super) reader: &'a Reader,
    pub(super) resolver: &'a mut Resolver,
    pub(super) admission: &'a mut Admission,
    pub(super) meters: &'a SourceMeters,
    pub(super) info: &'a SourceInfo,
    pub(super) window: Window,
}

/// A track that is read again for symbols that joined later.
#[derive(Debug, Clone)]
pub(super) struct Joining {
    pub(super) symbols: Vec<SymbolId>,
    /// Lines up to this one have been played for the others.
    pub(super) played: u64,
}

/// The beginning of a line, as text.
pub(super) fn sample(line: &[u8]) -> String {
    let line = line.strip_suffix(b"\r").unwrap_or(line);
    let text = String::from_utf8_lossy(&line[..line.len().min(SAMPLE_BYTES)]);
    if line.len() > SAMPLE_BYTES {
        format!("{}…", text.trim_end_matches('\u{fffd}'))
    } else {
        text.into_owned()
    }
}
