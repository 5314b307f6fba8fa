//! The watchlist's columns: names, order, what is dropped first when there is little room.

use std::fmt;
use std::sync::Arc;

use serde::{Deserialize, Serialize};

use super::super::super::values::is_name;

/// A column of the watchlist.
#[derive(Debug, Clone, PartialEq, Eq, Hash, Serialize, Deserialize)]
#[serde(try_from = "String", into = "String")]
pub enum Column {
    /// The symbol.
    Symbol,
    /// Where it comes from; shown when there are several sources.
    Source,
    /// Last price.
    Last,
    /// Change since the reference price.
    Change,
    /// The same as a percentage.
    ChangePercent,
    /// Best bid.
    Bid,
    /// Units at the best bid.
    BidSize,
    /// Best ask.
    Ask,
    /// Units at the best ask.
    AskSize,
    /// First price of the session.
    Open,
    /// Highest price of the session.
    High,
    /// Lowest price of the session.
    Low,
    /// Units traded in the session.
    Volume,
    /// Volume-weighted average price of the session.
    Vwap,
    /// The last closes as a small chart.
    Trend,
    /// How old the last update is, by the data's own clock.
    Age,
    /// A named value of the rows, such as the indicator `rsi_14`.
    Value(Arc<str>),
}

impl Column {
    /// Every column that rows have of themselves, in the usual order.
    pub const ALL: [Self; 16] = [
        Self::Symbol,
        Self::Source,
        Self::Last,
        Self::Change,
        Self::ChangePercent,
        Self::Bid,
        Self::BidSize,
        Self::Ask,
        Self::AskSize,
        Self::Open,
        Self::High,
        Self::Low,
        Self::Volume,
        Self::Vwap,
        Self::Trend,
        Self::Age,
    ];

    /// What is shown when nothing else is said.
    pub const DEFAULT: [Self; 13] = [
        Self::Symbol,
        Self::Source,
        Self::Last,
        Self::Change,
        Self::ChangePercent,
        Self::Bid,
        Self::BidSize,
        Self::Ask,
        Self::AskSize,
        Self::Volume,
        Self::Vwap,
        Self::Trend,
        Self::Age,
    ];

    /// The names of [`ALL`](Self::ALL) in commands and the configuration.
    pub const NAMES: [&'static str; 16] = [
        "symbol",
        "source",
        "last",
        "change",
        "change-percent",
        "bid",
        "bid-size",
        "ask",
        "ask-size",
        "open",
        "high",
        "low",
        "volume",
        "vwap",
        "trend",
        "age",
    ];

    /// The column of rows themselves that has this name, or one that people write for it.
    #[must_use]
    pub fn known(text: &str) -> Option<Self> {
        let name = match text {
            "chg" => "change",
            "chg%" | "change%" => "change-percent",
            "sparkline" => "trend",
            name => name,
        };
        let is_same = |known: &str| {
            known.len() == name.len()
                && known
                    .bytes()
                    .zip(name.bytes())
                    .all(|(a, b)| a == b || (a == b'-' && b == b'_'))
        };
        let at = Self::NAMES.into_iter().position(is_same)?;
        Self::ALL.into_iter().nth(at)
    }

    /// The name in commands and the configuration.
    #[must_use]
    pub fn name(&self) -> &str {
        match self {
            Self::Symbol => "symbol",
            Self::Source => "source",
            Self::Last => "last",
            Self::Change => "change",
            Self::ChangePercent => "change-percent",
            Self::Bid => "bid",
            Self::BidSize => "bid-size",
            Self::Ask => "ask",
            Self::AskSize => "ask-size",
            Self::Open => "open",
            Self::High => "high",
            Self::Low => "low",
            Self::Volume => "volume",
            Self::Vwap => "vwap",
            Self::Trend => "trend",
            Self::Age => "age",
            Self::Value(name) => name,
        }
    }

    /// The heading.
    #[must_use]
    pub fn heading(&self) -> &str {
        match self {
            Self::Symbol => "Symbol",
            Self::Source => "Source",
            Self::Last => "Last",
            Self::Change => "Chg",
            Self::ChangePercent => "Chg%",
            Self::Bid => "Bid",
            Self::BidSize => "BSize",
            Self::Ask => "Ask",
            Self::AskSize => "ASize",
            Self::Open => "Open",
            Self::High => "High",
            Self::Low => "Low",
            Self::Volume => "Volume",
            Self::Vwap => "VWAP",
            Self::Trend => "Trend",
            Self::Age => "Age",
            Self::Value(name) => name,
        }
    }

    /// Whether its text begins at the left.
    #[must_use]
    pub fn is_text(&self) -> bool {
        matches!(self, Self::Symbol | Self::Source | Self::Trend)
    }

    /// Whether it is sorted with the largest first when it is chosen.
    #[must_use]
    pub fn sorts_descending(&self) -> bool {
        !matches!(self, Self::Symbol | Self::Source | Self::Age)
    }

    /// The lower, the longer it stays when the room gets less. Columns of the same number stay and go together: one
    /// side of a quote alone is misleading. A value, which was asked for, stays longer than what is there anyway; of
    /// several the first, by where they stand among the columns. Columns without anything in them go before all others.
    pub(super) fn dispensability(&self, at: usize) -> (u8, usize) {
        let rank = match self {
            Self::Symbol => 0,
            Self::Last => 1,
            Self::ChangePercent => 2,
            Self::Value(_) => return (3, at),
            Self::Change => 4,
            Self::Bid | Self::Ask => 5,
            Self::Age => 6,
            Self::Trend => 7,
            Self::Volume => 8,
            Self::Source => 9,
            Self::BidSize | Self::AskSize => 10,
            Self::Vwap => 11,
            Self::High => 12,
            Self::Low => 13,
            Self::Open => 14,
        };
        (rank, 0)
    }
}

impl fmt::Display for Column {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.pad(self.name())
    }
}

impl std::str::FromStr for Column {
    type Err = String;

    /// A name that rows do not have of themselves is taken for that of a value, if it can be one.
    fn from_str(text: &str) -> Result<Self, String> {
        if let Some(column) = Self::known(text) {
            return Ok(column);
        }
        if is_name(text) {
            return Ok(Self::Value(text.into()));
        }
        Err(format!(
            "'{text}' is no column; there are {}, and the names of indicators such as rsi_14",
            Self::NAMES.join(", ")
        ))
    }
}

impl TryFrom<String> for Column {
    type Error = String;
    fn try_from(text: String) -> Result<Self, String> {
        text.parse()
    }
}

impl From<Column> for String {
    fn from(column: Column) -> Self {
        column.name().to_owned()
    }
}
