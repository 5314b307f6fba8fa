//! Level 2: an order book's levels.

use super::Decimal;

/// One level: a price and the units resting there. Size zero removes the level.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Level {
    /// Price per unit.
    pub price: Decimal,
    /// Units resting at that price.
    pub size: Decimal,
}

/// A whole book or a change to one.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct BookUpdate {
    /// Buy levels, in the order that the source gave them.
    pub bids: Vec<Level>,
    /// Sell levels, in the order that the source gave them.
    pub asks: Vec<Level>,
    /// Whether the levels replace the book instead of changing it.
    pub snapshot: bool,
}
