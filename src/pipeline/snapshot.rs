//! The read model: all that a screen or a script can see of the engine.
//!
//! A [`Snapshot`] is cheap to make and to keep: rows live in shared chunks, and only the chunks in which something
//! changed are copied for the next one.

mod rows;
mod tape;

use std::sync::Arc;
use std::time::Duration;

use crate::domain::bar::Candle;
use crate::domain::book::BookTop;
use crate::domain::clock::Nanos;
use crate::domain::event::ServiceSet;
use crate::domain::indicator::IndicatorColumn;
use crate::domain::news::News;
use crate::domain::outcome::{ErrorKind, Severity};
use crate::domain::source::{Origin, SourceName};
use crate::domain::symbol::{Symbol, SymbolId};
use crate::domain::time::{SessionCalendar, Timeframe, UnixMs};

use super::export::Word;
use super::meters::{ConnectionState, TransportView};
use super::question::AnswerView;

pub use rows::{Direction, Row, RowState, Rows, TREND_POINTS, Trend};
pub use tape::{TapeRow, TapeView, TradeFate};

/// The board at one moment.
#[derive(Debug, Clone, Default)]
pub struct Snapshot {
    /// Counts up with every change of the board.
    pub version: u64,
    /// When it was taken, by the monotonic clock.
    pub taken: Nanos,
    /// When it was taken, by the system clock.
    pub wall: UnixMs,
    /// When the oldest data was received that no earlier snapshot showed: what a screen's lag is measured from.
    pub oldest_received: Option<Nanos>,
    /// One row for each subscribed symbol of each source.
    pub rows: Rows,
    /// Errors, newest last; repeats are one row.
    pub errors: Arc<Vec<ErrorRow>>,
    /// How many errors nobody has acknowledged.
    pub errors_unread: usize,
    /// Counts every occurrence of an error since the start, so that a new one can be noticed.
    pub errors_total: u64,
    /// The charts that [`Command::WatchCharts`](super::command::Command::WatchCharts) asked for; one that is not
    /// there yet is still under way.
    pub charts: Vec<Arc<ChartView>>,
    /// The books that [`Command::WatchBooks`](super::command::Command::WatchBooks) asked for.
    pub depths: Vec<Arc<DepthView>>,
    /// The tapes that it asked for.
    pub tapes: Vec<Arc<TapeView>>,
    /// The news of all symbols, newest last: at most [`NEWS_MAX`] of them.
    pub news: Arc<Vec<NewsRow>>,
    /// The last question, and its answer.
    pub answer: Option<Arc<AnswerView>>,
    /// What a person was told last.
    pub word: Option<Arc<Word>>,
    /// What is being recorded.
    pub recording: Option<RecordingView>,
    /// The pipeline's health.
    pub pipeline: Arc<PipelineView>,
    /// The open sources.
    pub sources: Vec<SourceView>,
    /// Whether the engine is shutting down.
    pub stopping: bool,
}

impl Snapshot {
    /// The source of a row.
    #[must_use]
    pub fn source(&self, name: &SourceName) -> Option<&SourceView> {
        self.sources.iter().find(|source| source.name == *name)
    }

    /// The time that a source's data has reached: the replayed clock of a replay, the system clock of live data.
    #[must_use]
    pub fn data_now(&self, name: &SourceName) -> UnixMs {
        match self.source(name) {
            Some(SourceView {
                origin: Origin::Live,
                ..
            })
            | None => self.wall,
            Some(source) => source.data_clock.unwrap_or(self.wall),
        }
    }
}

/// One error on the board, with its repeats.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct ErrorRow {
    /// Its number, for acknowledging.
    pub id: u64,
    /// What kind of trouble.
    pub kind: ErrorKind,
    /// How bad.
    pub severity: Severity,
    /// What happened.
    pub message: String,
    /// What the program does about it, the last time.
    pub next: Option<String>,
    /// Which source.
    pub source: Option<SourceName>,
    /// Which symbol.
    pub symbol: Option<Symbol>,
    /// Where in the input, the last time.
    pub location: Option<String>,
    /// The raw input, the last time. Not safe to draw as it is.
    pub sample: Option<String>,
    /// When it first happened, by the system clock.
    pub first: UnixMs,
    /// When it last happened.
    pub last: UnixMs,
    /// How often.
    pub count: u64,
    /// Whether a person has seen it.
    pub acknowledged: bool,
}

/// A chart's data.
#[derive(Debug, Clone, PartialEq)]
pub struct ChartView {
    /// Whose chart.
    pub symbol: SymbolId,
    /// The length of its candles.
    pub timeframe: Timeframe,
    /// When the symbol's trading days begin and end.
    pub calendar: SessionCalendar,
    /// Oldest first; the last one may still be growing.
    pub candles: Arc<Vec<Candle>>,
    /// The indicators that [`Command::WatchIndicators`](super::command::Command::WatchIndicators) asked for, computed from
    /// these candles.
    pub studies: Vec<Study>,
}

/// An indicator along a chart.
#[derive(Debug, Clone, PartialEq)]
pub struct Study {
    /// Which indicator. Its timeframe says nothing: it is computed from the chart's candles.
    pub column: IndicatorColumn,
    /// A line for each of [`IndicatorColumn::outputs`], with a value for each candle; `None` where it is not ready.
    pub lines: Vec<Arc<Vec<Option<f64>>>>,
}

/// One open source.
#[derive(Debug, Clone, PartialEq)]
pub struct SourceView {
    /// Its name in results.
    pub name: SourceName,
    /// What was given to open it, without secrets.
    pub label: String,
    /// Live, replayed or synthetic.
    pub origin: Origin,
    /// What it is doing.
    pub state: ConnectionState,
    /// Since when, by the monotonic clock.
    pub state_since: Nanos,
    /// The calendar of its trading days.
    pub calendar: SessionCalendar,
    /// The services that it gives.
    pub services: ServiceSet,
    /// A replay's controls; `None` for other sources.
    pub transport: Option<TransportView>,
    /// The time that its data has reached.
    pub data_clock: Option<UnixMs>,
    /// Messages per second, over the last second.
    pub messages_per_s: f64,
    /// Bytes per second, over the last second.
    pub bytes_per_s: f64,
    /// How long ago the last message came; `None` before the first.
    pub last_message_age: Option<Duration>,
    /// Times that it had to be opened again.
    pub reconnects: u64,
    /// Messages in all.
    pub messages: u64,
    /// Events of symbols that nobody subscribed to.
    pub ignored: u64,
    /// Input that could not be taken.
    pub rejected: u64,
    /// The symbol whose full mailbox the source waits for.
    pub waiting_for: Option<Symbol>,
    /// Its connections; empty for sources that have none.
    pub connections: Vec<ConnectionView>,
}

/// One connection of a source.
#[derive(Debug, Clone, PartialEq)]
pub struct ConnectionView {
    /// What it is connected to: host and port, without path or key.
    pub host: String,
    /// What it is doing.
    pub state: ConnectionState,
    /// For how long.
    pub state_age: Duration,
    /// How long ago the last message came; `None` before the first.
    pub last_message_age: Option<Duration>,
    /// Times that it had to be opened again.
    pub reconnects: u64,
    /// How long ago and why it was lost the last time.
    pub last_error: Option<(Duration, String)>,
    /// How long until the next attempt; `None` while none is waited for.
    pub next_retry: Option<Duration>,
    /// How many symbols are subscribed on it.
    pub subscriptions: usize,
    /// From the venue's own time stamp to here, of late; `None` where the venue gives no time.
    pub latency: Option<Duration>,
}

/// The most news that the board keeps.
pub const NEWS_MAX: usize = 1000;

/// A book's state on screen.
#[derive(Debug, Clone, PartialEq, Eq, Default)]
pub enum BookState {
    /// No whole book has come yet.
    #[default]
    Waiting,
    /// It can be relied on as far as [`BookTop::integrity`] says.
    Whole,
    /// It is being asked for again; what is shown is how it was. Says why.
    Lost(String),
}

/// A symbol's order book.
#[derive(Debug, Clone, PartialEq)]
pub struct DepthView {
    /// Whose book.
    pub symbol: SymbolId,
    /// Its levels, as many as a screen can use, whatever results show.
    pub book: BookTop,
    /// Levels of each side that the source speaks of; `None` when of all.
    pub depth: Option<u32>,
    /// Whether it can be relied on.
    pub state: BookState,
    /// The data's own time of the last update.
    pub time: Option<UnixMs>,
    /// Updates so far.
    pub updates: u64,
    /// Times that it had to be begun anew.
    pub resyncs: u64,
}

/// A headline on the board.
#[derive(Debug, Clone, PartialEq)]
pub struct NewsRow {
    /// Counts up, so that a screen knows which ones it has shown.
    pub id: u64,
    /// When it was published.
    pub time: Option<UnixMs>,
    /// When it came, by the system clock.
    pub received: UnixMs,
    /// The source that it came from.
    pub source: SourceName,
    /// The subscribed symbols that it came for.
    pub symbols: Vec<SymbolId>,
    /// What it says.
    pub news: Arc<News>,
}

/// How a recording stands.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct RecordingView {
    /// The folder that it goes to.
    pub folder: String,
    /// Bytes written, compressed.
    pub bytes: u64,
    /// Inputs that could not be written because the disk was too slow.
    pub lost: u64,
}

/// The pipeline's health; rates and gauges are brought up to date once a second.
#[derive(Debug, Clone, Default, PartialEq)]
pub struct PipelineView {
    /// Envelopes waiting for the process supervisor.
    pub processing: ChannelView,
    /// Batches waiting for the administrator.
    pub results: ChannelView,
    /// Worker threads that are running.
    pub threads: usize,
    /// One for each symbol, busiest first.
    pub workers: Vec<WorkerView>,
    /// Events taken by workers per second.
    pub events_per_s: f64,
    /// Results per second.
    pub results_per_s: f64,
    /// Results in all.
    pub results_total: u64,
    /// From receiving the bytes to the board, over the last ten seconds at most.
    pub latency: LatencyView,
    /// Quotes replaced by newer ones before they were processed.
    pub conflated: u64,
    /// Events dropped because a live symbol's mailbox was full.
    pub dropped: u64,
    /// Books that could no longer be relied on and had to be begun anew.
    pub resyncs: u64,
    /// Bars that replaced one of the same time in history.
    pub replaced: u64,
    /// Bars that came late and were placed in history, trades that came too late for any bar, and quotes that were older
    /// than what is known.
    pub late: u64,
    /// Trades that live sources sent once more, which were left out.
    pub repeated: u64,
    /// Worker restarts after panics.
    pub restarts: u64,
    /// Bytes of bar history over all symbols.
    pub history_bytes: u64,
}

/// A channel's fill.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
pub struct ChannelView {
    /// What is in it.
    pub depth: usize,
    /// What it can hold.
    pub capacity: usize,
}

/// Latency figures in microseconds.
#[derive(Debug, Clone, Copy, Default, PartialEq)]
pub struct LatencyView {
    /// Half were faster.
    pub p50_us: f64,
    /// All but one in a hundred were faster.
    pub p99_us: f64,
    /// The slowest.
    pub max_us: f64,
}

/// What a symbol worker is doing.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub enum WorkerState {
    /// Nothing is waiting, or it is being worked on.
    #[default]
    Running,
    /// On one event for over a second.
    Stuck,
    /// Stopped after repeated panics.
    Quarantined,
}

/// One symbol worker.
#[derive(Debug, Clone, PartialEq)]
pub struct WorkerView {
    /// Whose worker.
    pub id: SymbolId,
    /// The symbol.
    pub symbol: Symbol,
    /// The source.
    pub source: SourceName,
    /// What it is doing.
    pub state: WorkerState,
    /// Events per second, over the last second.
    pub events_per_s: f64,
    /// Events waiting for it.
    pub backlog: u64,
    /// How long it has been on its present event, when it is stuck.
    pub busy: Option<Duration>,
    /// Restarts after panics.
    pub restarts: u64,
    /// Quotes conflated.
    pub conflated: u64,
    /// Events dropped.
    pub dropped: u64,
}
