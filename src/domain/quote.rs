//! Level 1: the best bid and ask, the last trade, and whether the symbol may be traded.

use serde::{Deserialize, Serialize};

use super::Decimal;

/// A quote, or the part of one that changed: `None` means "not in this message".
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
pub struct Level1 {
    /// Best bid price.
    pub bid: Option<Decimal>,
    /// Units wanted at the best bid.
    pub bid_size: Option<Decimal>,
    /// Best ask price.
    pub ask: Option<Decimal>,
    /// Units offered at the best ask.
    pub ask_size: Option<Decimal>,
    /// Price of the last trade.
    pub last: Option<Decimal>,
    /// Units of the last trade.
    pub last_size: Option<Decimal>,
    /// Units traded in the session so far.
    pub volume: Option<Decimal>,
}

impl Level1 {
    /// How many fields it has.
    pub const FIELDS: usize = 7;

    /// Takes over every field that `newer` carries and keeps the rest.
    pub fn merge(&mut self, newer: &Self) {
        for (known, newer) in self.fields_mut().into_iter().zip(newer.fields()) {
            *known = newer.or(*known);
        }
    }

    /// Its fields, in the order in which they are declared.
    #[must_use]
    pub fn fields(&self) -> [Option<Decimal>; Self::FIELDS] {
        let Self {
            bid,
            bid_size,
            ask,
            ask_size,
            last,
            last_size,
            volume,
        } = *self;
        [bid, bid_size, ask, ask_size, last, last_size, volume]
    }

    /// Its fields in the same order, to change them.
    pub fn fields_mut(&mut self) -> [&mut Option<Decimal>; Self::FIELDS] {
        let Self {
            bid,
            bid_size,
            ask,
            ask_size,
            last,
            last_size,
            volume,
        } = self;
        [bid, bid_size, ask, ask_size, last, last_size, volume]
    }
}

/// Whether a symbol may be traded.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub enum Trading {
    /// It may.
    #[default]
    Open,
    /// The venue has halted it.
    Halted,
    /// It is paused for its volatility, for minutes.
    Paused,
    /// Orders are taken, but nothing is traded: before an opening or after a halt.
    QuotesOnly,
    /// The market is closed.
    Closed,
}

impl Trading {
    /// The name in results and on screen.
    #[must_use]
    pub fn name(self) -> &'static str {
        match self {
            Self::Open => "open",
            Self::Halted => "halted",
            Self::Paused => "paused",
            Self::QuotesOnly => "quotes-only",
            Self::Closed => "closed",
        }
    }
}

/// What a venue says of a symbol beside its quote: `None` means "not in this message".
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct SymbolFacts {
    /// Whether it may be traded.
    pub trading: Option<Trading>,
    /// Why it may not, in the venue's words.
    pub reason: Option<Box<str>>,
    /// Close of the session before, in the venue's own reckoning.
    pub previous_close: Option<Decimal>,
    /// The lowest price at which it may be traded now.
    pub lower_limit: Option<Decimal>,
    /// The highest price at which it may be traded now.
    pub upper_limit: Option<Decimal>,
}

impl SymbolFacts {
    /// Takes over every field that `newer` carries and keeps the rest. A reason belongs to the trading state that it came
    /// with.
    pub fn merge(&mut self, newer: &Self) {
        if newer.trading.is_some() {
            self.trading = newer.trading;
            self.reason.clone_from(&newer.reason);
        }
        self.previous_close = newer.previous_close.or(self.previous_close);
        self.lower_limit = newer.lower_limit.or(self.lower_limit);
        self.upper_limit = newer.upper_limit.or(self.upper_limit);
    }
}
