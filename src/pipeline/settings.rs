//! The engine's limits. Each has a key of the same name in the configuration.

use std::time::Duration;

use crate::compute::indicator::IndicatorPlan;
use crate::domain::time::Timeframe;

/// The engine's limits and options.
#[derive(Debug, Clone, PartialEq)]
pub struct EngineSettings {
    /// Symbols that have a worker thread of their own; beyond it symbols take turns.
    pub worker_threads: usize,
    /// Events that may wait for one symbol.
    pub symbol_backlog: usize,
    /// Events that may wait for all symbols together.
    pub total_backlog: usize,
    /// One-minute bars kept for each symbol.
    pub history_rows: usize,
    /// How many days of bars are kept, counted back from each symbol's newest; `None` is no limit.
    pub history_days: Option<u64>,
    /// Quotes kept for each symbol.
    pub quote_rows: usize,
    /// Trades kept for each symbol.
    pub trade_rows: usize,
    /// Bytes of bars, quotes and trades kept for all symbols together.
    pub history_bytes: u64,
    /// Envelopes that may wait for the process supervisor.
    pub processing_capacity: usize,
    /// Batches that may wait for the administrator.
    pub results_capacity: usize,
    /// Symbols that may be subscribed at a time, over all sources.
    pub symbols_max: usize,
    /// Longer bars that are given out as results when they close; one minute needs no mention.
    pub timeframes: Vec<Timeframe>,
    /// Which symbols have which indicators.
    pub indicators: IndicatorPlan,
    /// Rows of an answer that are kept.
    pub answer_rows: usize,
    /// How long a question may take.
    pub answer_time: Duration,
    /// Whether the engine finishes when every source has ended, instead of waiting for commands.
    pub stop_when_ended: bool,
}

impl Default for EngineSettings {
    fn default() -> Self {
        Self {
            worker_threads: 64,
            symbol_backlog: 65_536,
            total_backlog: 1 << 18,
            history_rows: 10_000,
            history_days: None,
            quote_rows: 10_000,
            trade_rows: 10_000,
            history_bytes: 1 << 30,
            processing_capacity: 1024,
            results_capacity: 1024,
            symbols_max: 100_000,
            timeframes: Vec::new(),
            answer_rows: 10_000,
            answer_time: Duration::from_secs(30),
            indicators: IndicatorPlan::default(),
            stop_when_ended: false,
        }
    }
}
