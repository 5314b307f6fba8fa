//! Level 1: the best bid and ask, and the last trade.

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
    /// Takes over every field that `newer` carries and keeps the rest.
    pub fn merge(&mut self, newer: &Self) {
        let Self {
            bid,
            bid_size,
            ask,
            ask_size,
            last,
            last_size,
            volume,
        } = newer;
        self.bid = bid.or(self.bid);
        self.bid_size = bid_size.or(self.bid_size);
        self.ask = ask.or(self.ask);
        self.ask_size = ask_size.or(self.ask_size);
        self.last = last.or(self.last);
        self.last_size = last_size.or(self.last_size);
        self.volume = volume.or(self.volume);
    }
}
