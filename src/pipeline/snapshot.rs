//! The read model: all that a screen or a script can see of the engine.
//!
//! A [`Snapshot`] is cheap to make and to keep: rows live in shared chunks, and only the chunks in which something
//! changed are copied for the next one.

use std::sync::Arc;
use std::time::Duration;

use crate::domain::Decimal;
use crate::domain::bar::Candle;
use crate::domain::clock::Nanos;
use crate::domain::outcome::{DayStats, ErrorKind, Severity};
use crate::domain::source::{Origin, SourceName};
use crate::domain::symbol::{Symbol, SymbolId};
use crate::domain::time::{SessionCalendar, Timeframe, UnixMs};

use super::meters::{ConnectionState, TransportView};

/// How many closes a row keeps for its sparkline.
pub const TREND_POINTS: usize = 32;

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

/// How many rows share a chunk: copying one costs about as much as drawing a few lines.
const CHUNK_ROWS: usize = 16;

type Chunk = [Option<Row>; CHUNK_ROWS];

/// The board's rows in the order of subscription, in chunks that snapshots share. A symbol's number says where its row
/// is, so finding it costs the same among ten and among ten thousand.
#[derive(Debug, Clone, Default)]
pub struct Rows {
    chunks: Vec<Option<Arc<Chunk>>>,
    len: usize,
}

fn place(id: SymbolId) -> (usize, usize) {
    (id.index() / CHUNK_ROWS, id.index() % CHUNK_ROWS)
}

impl Rows {
    /// All rows in the order of subscription.
    pub fn iter(&self) -> impl Iterator<Item = &Row> {
        self.chunks
            .iter()
            .flatten()
            .flat_map(|chunk| chunk.iter().flatten())
    }

    /// How many rows there are.
    #[must_use]
    pub fn len(&self) -> usize {
        self.len
    }

    /// Whether there is none.
    #[must_use]
    pub fn is_empty(&self) -> bool {
        self.len == 0
    }

    /// The row of a symbol.
    #[must_use]
    pub fn get(&self, id: SymbolId) -> Option<&Row> {
        let (chunk, within) = place(id);
        self.chunks.get(chunk)?.as_ref()?[within].as_ref()
    }

    /// The row of a symbol, to change it; its chunk is copied if a snapshot still holds it.
    pub fn get_mut(&mut self, id: SymbolId) -> Option<&mut Row> {
        let (chunk, within) = place(id);
        Arc::make_mut(self.chunks.get_mut(chunk)?.as_mut()?)[within].as_mut()
    }

    /// Adds a row; it replaces one of the same symbol.
    pub fn insert(&mut self, row: Row) {
        let (chunk, within) = place(row.id);
        if self.chunks.len() <= chunk {
            self.chunks.resize(chunk + 1, None);
        }
        let rows = self.chunks[chunk].get_or_insert_with(Arc::default);
        if Arc::make_mut(rows)[within].replace(row).is_none() {
            self.len += 1;
        }
    }

    /// Takes a row out.
    pub fn remove(&mut self, id: SymbolId) {
        let (chunk, within) = place(id);
        let Some(Some(rows)) = self.chunks.get_mut(chunk) else {
            return;
        };
        if Arc::make_mut(rows)[within].take().is_some() {
            self.len -= 1;
        }
        if rows.iter().all(Option::is_none) {
            self.chunks[chunk] = None;
        }
    }
}

impl FromIterator<Row> for Rows {
    fn from_iter<I: IntoIterator<Item = Row>>(rows: I) -> Self {
        let mut all = Self::default();
        for row in rows {
            all.insert(row);
        }
        all
    }
}

/// What a symbol's row is doing.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub enum RowState {
    /// Subscribed, no data yet.
    #[default]
    Waiting,
    /// Data has come.
    Active,
    /// Its worker has been stopped after repeated panics.
    Quarantined,
}

/// Where the last price went from the one before.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub enum Direction {
    /// Higher.
    Up,
    /// Lower.
    Down,
    /// The same, or there was none before.
    #[default]
    Unchanged,
}

/// One symbol on the board.
#[derive(Debug, Clone, PartialEq)]
pub struct Row {
    /// Whose row it is.
    pub id: SymbolId,
    /// The symbol.
    pub symbol: Symbol,
    /// The source that it comes from.
    pub source: SourceName,
    /// What it is doing.
    pub state: RowState,
    /// Last price, as it came.
    pub last: Option<Decimal>,
    /// Best bid.
    pub bid: Option<Decimal>,
    /// Units at the best bid.
    pub bid_size: Option<Decimal>,
    /// Best ask.
    pub ask: Option<Decimal>,
    /// Units at the best ask.
    pub ask_size: Option<Decimal>,
    /// The trading day so far.
    pub day: DayStats,
    /// Closes of the last minutes, oldest first.
    pub trend: Trend,
    /// Where the last price went.
    pub direction: Direction,
    /// When the last price changed, by the monotonic clock: what a flash is timed by.
    pub price_changed: Nanos,
    /// The data's own time when the row was last updated.
    pub updated: Option<UnixMs>,
    /// Results so far.
    pub results: u64,
}

impl Row {
    /// A row without data.
    #[must_use]
    pub fn waiting(id: SymbolId, symbol: Symbol, source: SourceName) -> Self {
        Self {
            id,
            symbol,
            source,
            state: RowState::Waiting,
            last: None,
            bid: None,
            bid_size: None,
            ask: None,
            ask_size: None,
            day: DayStats::default(),
            trend: Trend::default(),
            direction: Direction::Unchanged,
            price_changed: Nanos(0),
            updated: None,
            results: 0,
        }
    }
}

/// The last closes of a symbol, in place.
#[derive(Debug, Clone, Copy, PartialEq)]
pub struct Trend {
    points: [f32; TREND_POINTS],
    len: u8,
}

impl Default for Trend {
    fn default() -> Self {
        Self {
            points: [0.0; TREND_POINTS],
            len: 0,
        }
    }
}

impl Trend {
    /// Adds a close; the oldest goes when there are [`TREND_POINTS`] already.
    pub fn push(&mut self, close: f32) {
        let len = usize::from(self.len);
        if len == TREND_POINTS {
            self.points.copy_within(1.., 0);
            self.points[TREND_POINTS - 1] = close;
        } else {
            self.points[len] = close;
            self.len += 1;
        }
    }

    /// Oldest first.
    #[must_use]
    pub fn points(&self) -> &[f32] {
        &self.points[..usize::from(self.len)]
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
    /// Events of services that no worker takes yet.
    pub unserved: u64,
    /// Bars that replaced one of the same time in history.
    pub replaced: u64,
    /// Bars that came late and were placed in history.
    pub late: u64,
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

#[cfg(test)]
#[allow(clippy::unwrap_used, reason = "a test may stop at the first surprise")]
mod tests {
    use super::*;

    fn row(id: u32) -> Row {
        Row::waiting(
            SymbolId(id),
            Symbol::new(&format!("S{id}")).unwrap(),
            SourceName::new("sim"),
        )
    }

    #[test]
    fn a_change_copies_one_chunk_of_a_shared_table() {
        let mut rows: Rows = (0..1000).map(row).collect();
        let before = rows.clone();
        rows.get_mut(SymbolId(500)).unwrap().results = 7;
        assert_eq!(before.get(SymbolId(500)).unwrap().results, 0);
        let copied = rows
            .chunks
            .iter()
            .zip(&before.chunks)
            .filter(|(now, then)| !Arc::ptr_eq(now.as_ref().unwrap(), then.as_ref().unwrap()))
            .count();
        assert_eq!(copied, 1);
    }

    #[test]
    fn rows_come_and_go_in_the_order_of_subscription() {
        let mut rows: Rows = (0..100).map(row).collect();
        for id in (0..100).filter(|id| id % 3 == 0) {
            rows.remove(SymbolId(id));
        }
        rows.insert(row(100));
        let ids: Vec<u32> = rows.iter().map(|row| row.id.0).collect();
        let expected: Vec<u32> = (0..=100)
            .filter(|id| id % 3 != 0 || *id == 100)
            .filter(|id| *id != 99)
            .collect();
        assert_eq!(ids, expected);
        assert_eq!(rows.len(), ids.len());
        for id in 0..=100 {
            assert_eq!(rows.get(SymbolId(id)).is_some(), ids.contains(&id), "{id}");
        }
    }

    #[test]
    fn a_trend_keeps_the_newest_points() {
        let mut trend = Trend::default();
        for point in 0..TREND_POINTS + 5 {
            trend.push(point as f32);
        }
        assert_eq!(trend.points().len(), TREND_POINTS);
        assert_eq!(trend.points()[0], 5.0);
    }
}
