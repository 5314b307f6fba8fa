//! What is kept of a symbol: bars, quotes and trades, as columns in chunks, under limits of rows, age and memory.
//!
//! - `columns`: a history at one moment, shared without copying
//! - `store`: rows in chunks, of which the last one takes new rows
//! - `ticks`: quotes and trades
//! - `values`: figures that are kept with each bar
//! - `budget`: the memory of all histories together
//! - `frame`: columns as Polars frames, with the feature `frames`

mod budget;
pub mod columns;
#[cfg(feature = "frames")]
pub mod frame;
mod store;
mod ticks;
mod values;

use std::sync::Arc;

use crate::domain::bar::Candle;
use crate::domain::time::UnixMs;

use columns::{BarColumns, Candles};
use store::{Put, Store};

pub(super) use budget::Account;
pub use budget::{HistoryBudget, Keep};
pub use ticks::{QuoteHistory, TradeHistory};
pub use values::{ValueColumns, ValueHistory};

/// Bytes that one bar takes.
pub const BAR_BYTES: u64 = size_of::<Candle>() as u64;

/// Milliseconds of a day of [`HistoryLimits::days`].
const DAY_MS: i64 = 86_400_000;

/// How much is kept of one symbol's bars.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct HistoryLimits {
    /// The most bars; at least one.
    pub rows: usize,
    /// Bars that start this many days before the newest one, or earlier, go; `None` is no limit.
    pub days: Option<u64>,
}

/// Where a bar went.
#[derive(Debug, Clone, Copy, PartialEq)]
pub enum Placed {
    /// Behind the newest: the usual case.
    Appended,
    /// In the place of an earlier bar of the same time, which is returned.
    Replaced(Candle),
    /// Before the newest, where its time belongs.
    Late,
    /// Nowhere: it is older than the oldest that can be kept.
    TooOld,
}

/// The bars of one symbol in order of time, each time once.
///
/// It grows until a limit is reached or the budget is used up; from then on the oldest bars go for new ones. Adding a bar
/// costs the same whatever the number of bars.
#[derive(Debug)]
pub struct BarHistory {
    store: Store<5>,
    age_ms_max: Option<i64>,
    /// Whether there may be bars whose volume is not known.
    may_lack_volume: bool,
}

impl BarHistory {
    /// An empty history of at most `rows_max` bars (at least one).
    #[must_use]
    pub fn new(rows_max: usize, budget: Arc<HistoryBudget>) -> Self {
        let limits = HistoryLimits {
            rows: rows_max,
            days: None,
        };
        Self::with_limits(limits, budget)
    }

    /// An empty history with these limits.
    #[must_use]
    pub fn with_limits(limits: HistoryLimits, budget: Arc<HistoryBudget>) -> Self {
        let days = |days: u64| i64::try_from(days).unwrap_or(i64::MAX);
        Self {
            store: Store::new(limits.rows, budget, Keep::Bars),
            age_ms_max: limits.days.map(|count| days(count).saturating_mul(DAY_MS)),
            may_lack_volume: false,
        }
    }

    /// Puts a bar where its start belongs.
    pub fn insert(&mut self, bar: Candle) -> Placed {
        let Candle {
            start: UnixMs(start),
            open,
            high,
            low,
            close,
            volume,
        } = bar;
        if self.cutoff().is_some_and(|cutoff| start <= cutoff) {
            return Placed::TooOld;
        }
        self.may_lack_volume |= volume.is_nan();
        match self.store.insert(start, [open, high, low, close, volume]) {
            Put::Appended => {
                self.drop_aged();
                Placed::Appended
            }
            Put::Replaced(before) => Placed::Replaced(candle(start, before)),
            Put::Late => Placed::Late,
            Put::TooOld => Placed::TooOld,
        }
    }

    /// The time up to which bars are too old.
    fn cutoff(&self) -> Option<i64> {
        let age = self.age_ms_max?;
        Some(self.store.newest_time()?.saturating_sub(age))
    }

    fn drop_aged(&mut self) {
        let Some(cutoff) = self.cutoff() else { return };
        while self
            .store
            .oldest_time()
            .is_some_and(|oldest| oldest <= cutoff)
            && self.len() > 1
        {
            self.store.drop_oldest();
        }
    }

    /// Takes the bar of a time out; `None` when there is none.
    pub fn remove(&mut self, start: UnixMs) -> Option<Candle> {
        let row = self.store.remove(start.0)?;
        Some(candle(start.0, row))
    }

    /// Forgets all bars and gives the memory back.
    pub fn clear(&mut self) {
        self.store.clear();
        self.may_lack_volume = false;
    }

    /// How many bars there are.
    #[must_use]
    pub fn len(&self) -> usize {
        self.store.len()
    }

    /// Whether there is none.
    #[must_use]
    pub fn is_empty(&self) -> bool {
        self.len() == 0
    }

    /// The start of the oldest bar.
    #[must_use]
    pub fn oldest(&self) -> Option<UnixMs> {
        self.store.oldest_time().map(UnixMs)
    }

    /// The newest bar.
    #[must_use]
    pub fn newest(&self) -> Option<Candle> {
        let (start, row) = self.store.newest()?;
        Some(candle(start, row))
    }

    /// All bars, oldest first, as they are now.
    #[must_use]
    pub fn iter(&self) -> Candles<'static> {
        self.columns().into_candles()
    }

    /// The bars that start at `from` or later, oldest first, as they are now.
    #[must_use]
    pub fn since(&self, from: UnixMs) -> Candles<'static> {
        self.store.columns_since(from.0).into_candles()
    }

    /// All bars as columns. It costs the number of chunks, and what is changed later is not in it.
    #[must_use]
    pub fn columns(&self) -> BarColumns {
        let columns = self.store.columns();
        if self.may_lack_volume {
            columns
        } else {
            columns.with_all_known()
        }
    }

    /// Bytes that the next bar asks for: mostly none.
    #[must_use]
    pub fn bytes_wanted(&self) -> u64 {
        self.store.bytes_wanted()
    }

    /// The time of the oldest chunk, if it may go.
    #[must_use]
    pub fn oldest_chunk(&self) -> Option<i64> {
        self.store.oldest_chunk()
    }

    /// Lets the oldest chunk go, unless it is the only one; the bytes that it took.
    pub fn drop_oldest_chunk(&mut self) -> Option<u64> {
        self.store.drop_oldest_chunk()
    }
}

impl IntoIterator for &BarHistory {
    type Item = Candle;
    type IntoIter = Candles<'static>;

    fn into_iter(self) -> Self::IntoIter {
        self.iter()
    }
}

fn candle(start: i64, row: [f64; 5]) -> Candle {
    let [open, high, low, close, volume] = row;
    Candle {
        start: UnixMs(start),
        open,
        high,
        low,
        close,
        volume,
    }
}

#[cfg(test)]
mod tests;
