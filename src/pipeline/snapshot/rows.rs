//! The board's rows: one for each symbol, in chunks that snapshots share.

use std::sync::Arc;

use crate::domain::Decimal;
use crate::domain::clock::Nanos;
use crate::domain::column::ColumnValues;
use crate::domain::indicator::IndicatorValues;
use crate::domain::outcome::DayStats;
use crate::domain::quote::SymbolFacts;
use crate::domain::source::SourceName;
use crate::domain::symbol::{Symbol, SymbolId};
use crate::domain::time::UnixMs;

/// How many closes a row keeps for its sparkline.
pub const TREND_POINTS: usize = 32;

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
    /// Its source does not give it, and no data has come.
    Refused,
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
    /// Why its source does not give it, when that is so.
    pub refusal: Option<Arc<str>>,
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
    /// What the venue says of the symbol beside its quote; `None` while it says nothing.
    pub facts: Option<Arc<SymbolFacts>>,
    /// The trading day so far.
    pub day: DayStats,
    /// The symbol's indicators after its last bar; `None` when it has none, or no bar has come.
    pub indicators: Option<Arc<IndicatorValues>>,
    /// The person's own columns after the last bar that they have been evaluated for.
    pub columns: Option<Arc<ColumnValues>>,
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
            refusal: None,
            last: None,
            bid: None,
            bid_size: None,
            ask: None,
            ask_size: None,
            facts: None,
            day: DayStats::default(),
            indicators: None,
            columns: None,
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
    /// Time of the newest bar.
    newest: Option<UnixMs>,
}

impl Default for Trend {
    fn default() -> Self {
        Self {
            points: [0.0; TREND_POINTS],
            len: 0,
            newest: None,
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

    /// Takes the close of a bar: one of the time of the newest takes that one's place, and an older one is left out.
    pub fn push_bar(&mut self, time: Option<UnixMs>, close: f32) {
        match (time, self.newest) {
            (Some(time), Some(newest)) if time < newest => {}
            (Some(time), Some(newest)) if time == newest && self.len > 0 => {
                self.points[usize::from(self.len) - 1] = close;
            }
            _ => {
                self.newest = time.or(self.newest);
                self.push(close);
            }
        }
    }

    /// Oldest first.
    #[must_use]
    pub fn points(&self) -> &[f32] {
        &self.points[..usize::from(self.len)]
    }
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
    fn a_bar_that_comes_again_is_one_point() {
        let mut trend = Trend::default();
        for (time, close) in [(1, 1.0), (2, 2.0), (2, 3.0), (1, 9.0), (3, 4.0)] {
            trend.push_bar(Some(UnixMs(time)), close);
        }
        trend.push_bar(None, 5.0);
        assert_eq!(trend.points(), [1.0, 3.0, 4.0, 5.0]);
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
