//! One symbol's history for its worker.

use std::sync::{Arc, MutexGuard};

use crate::compute::history::columns::{Candles, TradeRows};
use crate::compute::history::{HistoryBudget, Keep, Placed};
use crate::domain::bar::Candle;
use crate::domain::quote::Level1;
use crate::domain::time::UnixMs;
use crate::domain::trade::TimeAndSale;

#[cfg(test)]
use super::SymbolHistory;
use super::{Histories, Kept, KeptRows, PastOfSymbol};

/// One symbol's history, as its worker holds it. It outlives a worker that panics.
#[derive(Clone)]
pub(crate) struct KeptHistory {
    pub(super) kept: Arc<Kept>,
    pub(super) histories: Arc<Histories>,
}

impl KeptHistory {
    /// The rows, with room for one more where there can be such.
    fn rows(&self, keep: Keep, wanted: impl Fn(&KeptRows) -> u64) -> MutexGuard<'_, KeptRows> {
        let rows = self.kept.lock();
        let bytes = wanted(&rows);
        if bytes == 0 || self.histories.budget.has_room(bytes) {
            return rows;
        }
        // Nobody waits for another history with one in hand.
        drop(rows);
        self.histories.relieve(keep, bytes);
        self.kept.lock()
    }

    /// Puts a bar where its start belongs.
    pub fn insert(&self, bar: Candle) -> Placed {
        let mut rows = self.rows(Keep::Bars, |rows| rows.bars.bytes_wanted());
        rows.bars.insert(bar)
    }

    /// Takes the bar of a time out; `None` when there is none.
    pub fn remove(&self, start: UnixMs) -> Option<Candle> {
        let mut rows = self.kept.lock();
        rows.at_close.remove(start);
        rows.bars.remove(start)
    }

    /// Keeps what the indicators on trades, quotes and books were when a bar closed.
    pub fn keep_at_close(&self, start: UnixMs, values: &[Option<f64>]) {
        let mut rows = self.kept.lock();
        if let Some(oldest) = rows.bars.oldest() {
            rows.at_close.put(start, values, oldest);
        }
    }

    /// The memory that all histories share.
    pub fn budget(&self) -> &Arc<HistoryBudget> {
        &self.histories.budget
    }

    /// How many bars there are.
    pub fn len(&self) -> usize {
        self.kept.lock().bars.len()
    }

    /// The start of the oldest bar.
    pub fn oldest(&self) -> Option<UnixMs> {
        self.kept.lock().bars.oldest()
    }

    /// The newest bar.
    pub fn newest(&self) -> Option<Candle> {
        self.kept.lock().bars.newest()
    }

    /// All bars as they are now, oldest first.
    pub fn iter(&self) -> Candles<'static> {
        let columns = self.kept.lock().bars.columns();
        columns.into_candles()
    }

    /// The bars that start at `from` or later, as they are now, oldest first.
    pub fn since(&self, from: UnixMs) -> Candles<'static> {
        self.kept.lock().bars.since(from)
    }

    /// What is known of the symbol from before the start: bars that start before `until`.
    pub fn past(&self, until: Option<UnixMs>) -> PastOfSymbol {
        let Kept { symbol, source, .. } = &*self.kept;
        self.histories
            .past
            .of(symbol, source.products.bar_interval(), until)
    }

    /// Whether anything is known from before the start.
    pub fn has_past(&self) -> bool {
        !self.histories.past.is_empty()
    }

    /// Everything as it is now.
    #[cfg(test)]
    pub fn snapshot(&self) -> SymbolHistory {
        self.kept.snapshot()
    }

    /// Puts a quote behind the others; one without any time is not kept.
    pub fn put_quote(&self, time: Option<UnixMs>, quote: &Level1) {
        let Some(time) = time.filter(|_| self.histories.settings.quote_rows > 0) else {
            return;
        };
        let mut rows = self.rows(Keep::Ticks, |rows| rows.quotes.bytes_wanted());
        rows.quotes.push(time, quote);
    }

    /// Puts a trade behind the others.
    pub fn put_trade(&self, time: Option<UnixMs>, trade: &Arc<TimeAndSale>) {
        if self.histories.settings.trade_rows == 0 {
            return;
        }
        let mut rows = self.rows(Keep::Ticks, |rows| rows.trades.bytes_wanted());
        rows.trades.push(time, trade);
    }

    /// The trades as they are now, oldest first.
    pub fn trades(&self) -> TradeRows {
        self.kept.lock().trades.rows()
    }

    /// Forgets all bars, quotes and trades.
    pub fn clear(&self) {
        let mut rows = self.kept.lock();
        rows.bars.clear();
        rows.at_close.clear();
        rows.quotes.clear();
        rows.trades.clear();
    }
}
