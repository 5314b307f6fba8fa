//! The watchlist's columns: names, order, what is dropped first when there is little room.

use std::fmt;

use serde::{Deserialize, Serialize};

/// A column of the watchlist.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case")]
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
}

impl Column {
    /// Every column, in the usual order.
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

    /// The name in commands and the configuration.
    #[must_use]
    pub fn name(self) -> &'static str {
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
        }
    }

    /// The heading.
    #[must_use]
    pub fn heading(self) -> &'static str {
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
        }
    }

    /// Whether its text begins at the left.
    #[must_use]
    pub fn is_text(self) -> bool {
        matches!(self, Self::Symbol | Self::Source | Self::Trend)
    }

    /// Whether it is sorted with the largest first when it is chosen.
    #[must_use]
    pub fn sorts_descending(self) -> bool {
        !matches!(self, Self::Symbol | Self::Source | Self::Age)
    }

    /// The lower, the longer it stays when the room gets less. Columns of the same number stay and go together: one
    /// side of a quote alone is misleading.
    pub(super) fn dispensability(self) -> u8 {
        match self {
            Self::Symbol => 0,
            Self::Last => 1,
            Self::ChangePercent => 2,
            Self::Change => 3,
            Self::Trend => 4,
            Self::Volume => 5,
            Self::Age => 6,
            Self::Source => 7,
            Self::Vwap => 8,
            Self::Bid | Self::Ask => 9,
            Self::BidSize | Self::AskSize => 10,
            Self::High => 11,
            Self::Low => 12,
            Self::Open => 13,
        }
    }
}

impl fmt::Display for Column {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.pad(self.name())
    }
}

impl std::str::FromStr for Column {
    type Err = String;
    fn from_str(text: &str) -> Result<Self, String> {
        let name = match text {
            "chg" => "change",
            "chg%" | "change%" => "change-percent",
            "sparkline" => "trend",
            name => name,
        };
        Self::ALL
            .into_iter()
            .find(|column| column.name() == name)
            .ok_or_else(|| {
                format!(
                    "'{text}' is no column; there are {}",
                    Self::ALL.map(Self::name).join(", ")
                )
            })
    }
}

/// What the watchlist is sorted by.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
pub struct Sort {
    /// The column.
    pub column: Column,
    /// Whether the largest, or the last of the alphabet, comes first. What is unknown always comes last.
    pub descending: bool,
}

impl Default for Sort {
    fn default() -> Self {
        Self::by(Column::Symbol)
    }
}

impl Sort {
    /// The usual order of a column.
    #[must_use]
    pub fn by(column: Column) -> Self {
        Self {
            column,
            descending: column.sorts_descending(),
        }
    }

    /// The other way round.
    #[must_use]
    pub fn reversed(self) -> Self {
        Self {
            descending: !self.descending,
            ..self
        }
    }
}
