//! The histories of all symbols, for whoever asks for them beside the stream.

use std::sync::Arc;

use crate::compute::history::columns::{BarColumns, QuoteColumns};
use crate::compute::indicator::IndicatorSet;
use crate::domain::source::SourceName;
use crate::domain::symbol::{Symbol, SymbolId};
use crate::domain::time::{SessionCalendar, Timeframe, UnixMs};
use crate::domain::trade::TimeAndSale;

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
    /// Its bars by the start of their intervals, each time once, ascending.
    pub bars: BarColumns,
    /// Its quotes, in the order of arrival.
    pub quotes: QuoteColumns,
    /// Its trades with their times, in the order of arrival.
    pub trades: Arc<Vec<(Option<UnixMs>, Arc<TimeAndSale>)>>,
    /// The indicators that it has.
    pub indicators: IndicatorSet,
}
