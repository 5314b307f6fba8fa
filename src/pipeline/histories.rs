//! The histories of all symbols, for whoever asks for them beside the stream.
//!
//! A worker puts rows into its own symbol's history, behind a lock that nobody else holds for longer than it takes to
//! copy some pointers. Memory is shared by all: when it is used up, the oldest rows of all symbols go first.

mod kept;
mod past;

use std::cmp::Reverse;
use std::collections::{BTreeMap, BinaryHeap};
use std::fmt;
use std::sync::atomic::{AtomicUsize, Ordering};
use std::sync::{Arc, Mutex, MutexGuard, PoisonError, RwLock};

use crate::compute::history::columns::{BarColumns, QuoteColumns, TradeRows};
use crate::compute::history::{
    BarHistory, HistoryBudget, HistoryLimits, Keep, QuoteHistory, TradeHistory, ValueColumns,
    ValueHistory,
};
use crate::compute::indicator::{Bank, IndicatorSet, RecentOf};
use crate::domain::source::{BarStamp, SourceInfo, SourceName};
use crate::domain::symbol::{Symbol, SymbolId};
use crate::domain::time::{SessionCalendar, Timeframe};

use super::settings::EngineSettings;

pub(crate) use kept::KeptHistory;
pub use past::{PastBars, PastOfSymbol};

/// When memory is used up, so much of it is freed at a time: looking for the oldest rows takes a while.
const RELIEF_PARTS: u64 = 64;

/// What is kept of one symbol, at one moment.
#[derive(Debug, Clone)]
pub struct SymbolHistory {
    /// Whose it is.
    pub id: SymbolId,
    /// The symbol.
    pub symbol: Symbol,
    /// Where it comes from.
    pub source: SourceName,
    /// Its trading days.
    pub calendar: SessionCalendar,
    /// The length of its bars.
    pub interval: Timeframe,
    /// Which end of a bar its time in results names. In [`Self::bars`] it is always the start.
    pub bar_stamp: BarStamp,
    /// Its bars by the start of their intervals, each time once, ascending.
    pub bars: BarColumns,
    /// Its quotes, in the order of arrival. Those of which no time is known are not kept.
    pub quotes: QuoteColumns,
    /// Its trades with their times, in the order of arrival.
    pub trades: TradeRows,
    /// The indicators that it has.
    pub indicators: IndicatorSet,
    /// What the indicators on trades, quotes and books were when each bar closed: a column for each of their values, in
    /// the order of [`Bank::places`].
    pub at_close: Vec<ValueColumns>,
    /// What the indicators on bars were at the newest bars, where that has been kept.
    pub recent: Vec<RecentOf>,
}

/// The histories of all symbols.
pub struct Histories {
    budget: Arc<HistoryBudget>,
    settings: Arc<EngineSettings>,
    past: PastBars,
    symbols: RwLock<BTreeMap<SymbolId, Arc<Kept>>>,
    /// Held by whoever makes room.
    relief: Mutex<()>,
    /// How often not to look for room, after there has been nothing to let go.
    pauses: AtomicUsize,
}

impl fmt::Debug for Histories {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Histories")
            .field("budget", &self.budget)
            .finish_non_exhaustive()
    }
}

/// One symbol's.
struct Kept {
    id: SymbolId,
    symbol: Symbol,
    source: Arc<SourceInfo>,
    indicators: IndicatorSet,
    rows: Mutex<KeptRows>,
}

struct KeptRows {
    bars: BarHistory,
    /// With each bar, the values of the indicators that have no bars.
    at_close: ValueHistory,
    quotes: QuoteHistory,
    trades: TradeHistory,
}

impl Kept {
    /// A worker that has panicked leaves its history as it is.
    fn lock(&self) -> MutexGuard<'_, KeptRows> {
        self.rows.lock().unwrap_or_else(PoisonError::into_inner)
    }

    fn snapshot(&self) -> SymbolHistory {
        let (bars, at_close, quotes, trades) = {
            let rows = self.lock();
            (
                rows.bars.columns(),
                rows.at_close.columns(),
                rows.quotes.columns(),
                rows.trades.rows(),
            )
        };
        SymbolHistory {
            id: self.id,
            symbol: self.symbol.clone(),
            source: self.source.name.clone(),
            calendar: self.source.calendar.of(self.symbol.as_str()),
            interval: self.source.products.bar_interval(),
            bar_stamp: self.source.bar_stamp,
            bars,
            quotes,
            trades,
            indicators: self.indicators.clone(),
            at_close,
            recent: Vec::new(),
        }
    }
}

impl KeptRows {
    /// The time of what would go first.
    fn oldest(&self, keep: Keep) -> Option<i64> {
        match keep {
            Keep::Bars => self.bars.oldest_chunk(),
            Keep::Ticks => {
                let oldest = [self.quotes.oldest_chunk(), self.trades.oldest_chunk()];
                oldest.into_iter().flatten().min()
            }
        }
    }

    /// Lets that go; the bytes that it took.
    fn drop_oldest(&mut self, keep: Keep) -> u64 {
        let dropped = match keep {
            Keep::Bars => self.bars.drop_oldest_chunk(),
            Keep::Ticks => match (self.quotes.oldest_chunk(), self.trades.oldest_chunk()) {
                (Some(quote), Some(trade)) if quote <= trade => self.quotes.drop_oldest_chunk(),
                (Some(_), None) => self.quotes.drop_oldest_chunk(),
                _ => self.trades.drop_oldest_chunk(),
            },
        };
        dropped.unwrap_or(0)
    }
}

impl Histories {
    /// No histories yet, with the limits of these settings. Each will begin with what `past` has of it.
    #[must_use]
    pub fn new(settings: Arc<EngineSettings>, past: PastBars) -> Self {
        Self {
            budget: Arc::new(HistoryBudget::new(settings.history_bytes)),
            settings,
            past,
            symbols: RwLock::default(),
            relief: Mutex::default(),
            pauses: AtomicUsize::new(0),
        }
    }

    /// The memory that they take.
    #[must_use]
    pub fn budget(&self) -> &Arc<HistoryBudget> {
        &self.budget
    }

    /// All of them as they are now, in the order of subscription. It costs the number of their chunks.
    #[must_use]
    pub fn all(&self) -> Vec<SymbolHistory> {
        let all = self.kept();
        all.iter().map(|kept| kept.snapshot()).collect()
    }

    /// One symbol's as it is now; `None` when there is none.
    #[must_use]
    pub fn of(&self, id: SymbolId) -> Option<SymbolHistory> {
        let symbols = self.symbols.read().unwrap_or_else(PoisonError::into_inner);
        let kept = symbols.get(&id).cloned();
        drop(symbols);
        Some(kept?.snapshot())
    }

    fn kept(&self) -> Vec<Arc<Kept>> {
        let symbols = self.symbols.read().unwrap_or_else(PoisonError::into_inner);
        symbols.values().cloned().collect()
    }

    /// A new history, for the worker of this symbol.
    pub(crate) fn enter(
        self: &Arc<Self>,
        id: SymbolId,
        symbol: &Symbol,
        source: &Arc<SourceInfo>,
    ) -> KeptHistory {
        let settings = &self.settings;
        let limits = HistoryLimits {
            rows: settings.history_rows,
            days: settings.history_days,
        };
        let budget = || Arc::clone(&self.budget);
        let indicators = settings.indicators.set_of(symbol, &source.name);
        let at_close = Bank::of_ticks(&indicators).places().count();
        let kept = Arc::new(Kept {
            id,
            symbol: symbol.clone(),
            source: Arc::clone(source),
            indicators,
            rows: Mutex::new(KeptRows {
                bars: BarHistory::with_limits(limits, budget()),
                at_close: ValueHistory::new(at_close, limits.rows, &self.budget),
                quotes: QuoteHistory::new(settings.quote_rows, budget()),
                trades: TradeHistory::new(settings.trade_rows, budget()),
            }),
        });
        let mut symbols = self.symbols.write().unwrap_or_else(PoisonError::into_inner);
        symbols.insert(id, Arc::clone(&kept));
        drop(symbols);
        KeptHistory {
            kept,
            histories: Arc::clone(self),
        }
    }

    /// A symbol is no longer subscribed.
    pub(crate) fn leave(&self, id: SymbolId) {
        let mut symbols = self.symbols.write().unwrap_or_else(PoisonError::into_inner);
        let gone = symbols.remove(&id);
        drop(symbols);
        drop(gone);
    }

    /// Makes room for so many bytes: the oldest rows of all symbols go.
    fn relieve(&self, keep: Keep, bytes: u64) {
        let may_pause = |pauses: usize| pauses.checked_sub(1);
        if self
            .pauses
            .fetch_update(Ordering::Relaxed, Ordering::Relaxed, may_pause)
            .is_ok()
        {
            return;
        }
        let _alone = self.relief.lock().unwrap_or_else(PoisonError::into_inner);
        if self.budget.has_room(bytes) {
            return;
        }
        let goal = bytes.max(self.budget.limit_bytes() / RELIEF_PARTS);
        let gives = self.budget.gives_way(keep);
        let all = self.kept();
        let mut oldest: BinaryHeap<Reverse<(i64, usize)>> = all
            .iter()
            .enumerate()
            .filter_map(|(at, kept)| Some(Reverse((kept.lock().oldest(gives)?, at))))
            .collect();
        let mut freed = 0;
        while freed < goal
            && let Some(Reverse((_, at))) = oldest.pop()
        {
            let mut rows = all[at].lock();
            freed += rows.drop_oldest(gives);
            if let Some(time) = rows.oldest(gives) {
                oldest.push(Reverse((time, at)));
            }
        }
        if freed == 0 {
            self.pauses.store(all.len(), Ordering::Relaxed);
        }
    }
}

#[cfg(test)]
mod tests;
