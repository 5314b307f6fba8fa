//! Time and sales: single trades.

use super::Decimal;

/// Which side took the initiative in a trade.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Side {
    /// The buyer lifted the ask.
    Buy,
    /// The seller hit the bid.
    Sell,
}

/// One trade.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct TimeAndSale {
    /// Price per unit.
    pub price: Option<Decimal>,
    /// Units traded.
    pub size: Option<Decimal>,
    /// The aggressor, where the source tells.
    pub side: Option<Side>,
}
