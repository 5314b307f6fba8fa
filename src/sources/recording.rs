//! What a replay needs to know of a recording. It plays the lines without knowing what they mean; a venue does, and
//! does not know who plays them.

use std::fmt;
use std::sync::Arc;

use crate::decode::Rejection;
use crate::domain::event::Event;
use crate::domain::outcome::{ErrorInstance, StatusChange};
use crate::domain::source::Products;
use crate::domain::symbol::{Symbol, SymbolId};
use crate::domain::time::{SessionCalendar, UnixMs};

/// What recordings' names end with.
pub const ENDING: &str = ".rec.zst";

/// A recording whose head has been read.
pub trait Recording: fmt::Debug + Send + Sync {
    /// The kind of source that was recorded.
    fn kind(&self) -> &str;

    /// The name that the source went by, as its head says.
    fn source(&self) -> &str;

    /// When the recording began.
    fn started(&self) -> UnixMs;

    /// When its trading days begin and end.
    fn calendar(&self) -> SessionCalendar;

    /// What workers make of its data.
    fn products(&self) -> Products;

    /// When a line was written, whichever it is; `None` where it does not say so.
    fn time_of(&self, line: &[u8]) -> Option<UnixMs>;

    /// Begins to play it, from its first line on.
    fn player(&self) -> Box<dyn RecordingPlayer>;
}

/// A recording being played. Lines have to be given in their order, from the first one on.
pub trait RecordingPlayer: Send {
    /// Takes a line. What it holds is added to `played`.
    ///
    /// # Errors
    /// When it cannot be read; the next one can be taken nevertheless.
    fn take(&mut self, line: &[u8], played: &mut Played) -> Result<(), Rejection>;

    /// Lines are missing between those that were taken and those that follow: what the symbols have to be told is added to
    /// `played`.
    fn miss(&mut self, played: &mut Played);

    /// The symbol that a number in [`Played::events`] stands for.
    fn symbol(&self, id: SymbolId) -> Option<&Symbol>;
}

/// What lines of a recording hold.
#[derive(Debug, Default)]
pub struct Played {
    /// When the line was recorded.
    pub time: Option<UnixMs>,
    /// Symbols' data. The numbers are the recording's own.
    pub events: Vec<Event>,
    /// Input that could not be taken, which the line's place and text are to be added to.
    pub rejections: Vec<Rejection>,
    /// What else went wrong.
    pub errors: Vec<ErrorInstance>,
    /// What was told of the connections and of symbols, but for the source's name.
    pub changes: Vec<StatusChange>,
    /// Data of symbols that nobody wanted.
    pub ignored: u64,
}

/// Makes sense of a recording's first line.
///
/// # Errors
/// Why it is none, or cannot be played: a whole sentence without its beginning, the file's name.
pub type ReadHead = fn(&[u8]) -> Result<Arc<dyn Recording>, String>;
