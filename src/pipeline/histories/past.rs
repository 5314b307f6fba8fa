//! Bars that were read from files before the start.

use std::sync::Arc;

use rustc_hash::FxHashMap;

use crate::compute::history::columns::{BarColumns, Candles};
use crate::compute::history::{BarHistory, HistoryBudget, HistoryLimits};
use crate::domain::bar::Candle;
use crate::domain::symbol::Symbol;
use crate::domain::time::{Timeframe, UnixMs};

use super::super::settings::EngineSettings;

/// Bars by symbol and length, from which each worker takes what is its own when it begins: also one whose symbol is
/// subscribed later, or after a replay has jumped. They are kept for that as long as the engine runs, beside what the
/// workers keep, within the same limits.
#[derive(Debug)]
pub struct PastBars {
    limits: HistoryLimits,
    budget: Arc<HistoryBudget>,
    symbols: FxHashMap<(Symbol, Timeframe), BarHistory>,
}

impl Default for PastBars {
    fn default() -> Self {
        Self::new(&EngineSettings::default())
    }
}

impl PastBars {
    /// None yet, under the limits of these settings.
    #[must_use]
    pub fn new(settings: &EngineSettings) -> Self {
        Self {
            limits: HistoryLimits {
                rows: settings.history_rows,
                days: settings.history_days,
            },
            budget: Arc::new(HistoryBudget::new(settings.history_bytes)),
            symbols: FxHashMap::default(),
        }
    }

    /// Takes a bar; one of the same symbol, length and start takes the place of an earlier one.
    pub fn insert(&mut self, symbol: &Symbol, interval: Timeframe, bar: Candle) {
        let key = (symbol.clone(), interval);
        let history = self
            .symbols
            .entry(key)
            .or_insert_with(|| BarHistory::with_limits(self.limits, Arc::clone(&self.budget)));
        history.insert(bar);
    }

    /// How many bars there are.
    #[must_use]
    pub fn len(&self) -> usize {
        self.symbols.values().map(BarHistory::len).sum()
    }

    /// Whether there is none.
    #[must_use]
    pub fn is_empty(&self) -> bool {
        self.symbols.is_empty()
    }

    /// The bars of a symbol that have this length and start before `until`, oldest first.
    #[must_use]
    pub fn of(&self, symbol: &Symbol, interval: Timeframe, until: Option<UnixMs>) -> PastOfSymbol {
        let history = self.symbols.get(&(symbol.clone(), interval));
        PastOfSymbol {
            bars: history
                .map_or_else(BarColumns::default, BarHistory::columns)
                .into_candles(),
            until,
        }
    }
}

/// A symbol's bars from before the start.
#[derive(Debug)]
pub struct PastOfSymbol {
    bars: Candles<'static>,
    until: Option<UnixMs>,
}

impl Iterator for PastOfSymbol {
    type Item = Candle;

    fn next(&mut self) -> Option<Candle> {
        let bar = self.bars.next()?;
        self.until
            .is_none_or(|until| bar.start < until)
            .then_some(bar)
    }
}
