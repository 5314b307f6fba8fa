//! The tables that can be asked, and their columns.

use super::time::Timeframe;

/// A table.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Table {
    /// Bars as their sources give them.
    Bars,
    /// Longer bars.
    LongBars(Timeframe),
    /// Quotes.
    Quotes,
    /// Trades.
    Trades,
    /// Headlines.
    News,
    /// The newest state of every symbol.
    Results,
    /// Errors.
    Errors,
}

/// Every table.
pub const TABLES: [Table; 10] = [
    Table::Bars,
    Table::LongBars(Timeframe::M5),
    Table::LongBars(Timeframe::M15),
    Table::LongBars(Timeframe::H1),
    Table::LongBars(Timeframe::D1),
    Table::Quotes,
    Table::Trades,
    Table::News,
    Table::Results,
    Table::Errors,
];

#[rustfmt::skip]
const BARS: &[&str] = &[
    "symbol", "unix_ts", "datetime", "open", "high", "low", "close", "volume", "source", "date",
];
#[rustfmt::skip]
const QUOTES: &[&str] = &[
    "symbol", "unix_ts", "datetime", "bid", "bid_size", "ask", "ask_size", "last", "last_size", "volume", "source", "date",
];
#[rustfmt::skip]
const TRADES: &[&str] = &[
    "symbol", "unix_ts", "datetime", "price", "size", "side", "conditions", "trade_id", "exchange", "source", "date",
];
#[rustfmt::skip]
const NEWS: &[&str] = &[
    "unix_ts", "datetime", "headline", "publisher", "url", "symbols", "source", "summary",
];
#[rustfmt::skip]
const RESULTS: &[&str] = &[
    "symbol", "unix_ts", "datetime", "last", "change", "change_percent", "bid", "bid_size", "ask", "ask_size", "volume",
    "vwap", "high", "low", "open", "updates", "source",
];
#[rustfmt::skip]
const ERRORS: &[&str] = &[
    "unix_ts", "datetime", "kind", "severity", "message", "source", "symbol", "location", "count",
];

impl Table {
    /// Its name in statements.
    #[must_use]
    pub fn name(self) -> &'static str {
        match self {
            Self::Bars | Self::LongBars(Timeframe::M1) => "bars",
            Self::LongBars(Timeframe::M5) => "bars_5m",
            Self::LongBars(Timeframe::M15) => "bars_15m",
            Self::LongBars(Timeframe::H1) => "bars_1h",
            Self::LongBars(Timeframe::D1) => "bars_1d",
            Self::Quotes => "quotes",
            Self::Trades => "trades",
            Self::News => "news",
            Self::Results => "results",
            Self::Errors => "errors",
        }
    }

    /// The table of a name.
    #[must_use]
    pub fn of_name(name: &str) -> Option<Self> {
        TABLES.into_iter().find(|table| table.name() == name)
    }

    /// The names of the columns that it always has, in their order. Indicators come after them.
    #[must_use]
    pub fn columns(self) -> &'static [&'static str] {
        match self {
            Self::Bars | Self::LongBars(_) => BARS,
            Self::Quotes => QUOTES,
            Self::Trades => TRADES,
            Self::News => NEWS,
            Self::Results => RESULTS,
            Self::Errors => ERRORS,
        }
    }

    /// Whether the symbols' indicators are columns of it.
    #[must_use]
    pub fn has_indicators(self) -> bool {
        matches!(self, Self::Bars | Self::LongBars(_) | Self::Results)
    }
}
