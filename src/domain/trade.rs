//! Time and sales: single trades.

use std::fmt;

use super::Decimal;

/// Which side took the initiative in a trade.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Side {
    /// The buyer lifted the ask.
    Buy,
    /// The seller hit the bid.
    Sell,
}

impl Side {
    /// The name in results.
    #[must_use]
    pub fn name(self) -> &'static str {
        match self {
            Self::Buy => "buy",
            Self::Sell => "sell",
        }
    }
}

/// A venue's own name for a trade, unique among a symbol's trades of a day on one exchange. It goes out as it came in: a
/// number as a number, a text as a text.
#[derive(Debug, Clone, PartialEq, Eq, Hash)]
pub enum TradeId {
    /// A number.
    Number(u64),
    /// A text.
    Text(Box<str>),
}

impl fmt::Display for TradeId {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Number(number) => fmt::Display::fmt(number, f),
            Self::Text(text) => f.pad(text),
        }
    }
}

/// What a trade does to the ones before it.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub enum TradeAction {
    /// It is one more.
    #[default]
    New,
    /// It takes the place of the one of this name on the same exchange.
    Corrects(TradeId),
    /// The trade of this name on the same exchange is taken out; the other fields say what it was.
    Cancels(TradeId),
}

/// Which figures of a bar a trade may change; its conditions decide.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct BarRule {
    /// It may be the open or the close.
    pub open_close: bool,
    /// It may be the high or the low.
    pub high_low: bool,
    /// Its units count as volume.
    pub volume: bool,
}

impl BarRule {
    /// A trade that counts for everything.
    pub const ALL: Self = Self {
        open_close: true,
        high_low: true,
        volume: true,
    };
    /// A trade that counts for nothing.
    pub const NONE: Self = Self {
        open_close: false,
        high_low: false,
        volume: false,
    };

    /// What a trade counts for that has both conditions.
    #[must_use]
    pub fn and(self, other: Self) -> Self {
        Self {
            open_close: self.open_close && other.open_close,
            high_low: self.high_low && other.high_low,
            volume: self.volume && other.volume,
        }
    }
}

impl Default for BarRule {
    fn default() -> Self {
        Self::ALL
    }
}

/// One trade.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct TimeAndSale {
    /// Price per unit.
    pub price: Option<Decimal>,
    /// Units traded.
    pub size: Option<Decimal>,
    /// The aggressor, where the source tells.
    pub side: Option<Side>,
    /// The side that the quote of that moment speaks for, where the source tells none. It is no part of results.
    pub inferred: Option<Side>,
    /// The venue's codes for the manner of the trade, in its order.
    pub conditions: Box<[Box<str>]>,
    /// Where it was traded, in the venue's code. Some venues number the trades of each exchange on its own.
    pub exchange: Option<Box<str>>,
    /// The venue's name for the trade.
    pub trade_id: Option<TradeId>,
    /// Whether it is one more, or changes an earlier one.
    pub action: TradeAction,
    /// What it counts for in bars that are built from trades.
    pub bar_rule: BarRule,
}
