//! Trades as the screen shows them.

use std::sync::Arc;

use crate::domain::symbol::SymbolId;
use crate::domain::time::UnixMs;
use crate::domain::trade::{Side, TimeAndSale};

/// A symbol's last trades.
#[derive(Debug, Clone, PartialEq)]
pub struct TapeView {
    /// Whose trades.
    pub symbol: SymbolId,
    /// Oldest first.
    pub rows: Arc<Vec<TapeRow>>,
}

/// One trade on a tape.
#[derive(Debug, Clone, PartialEq)]
pub struct TapeRow {
    /// Counts a symbol's trades, so that a row can be found again.
    pub number: u64,
    /// When it happened.
    pub time: Option<UnixMs>,
    /// The trade.
    pub trade: Arc<TimeAndSale>,
    /// What has become of it since.
    pub fate: TradeFate,
}

impl TapeRow {
    /// The side that took the initiative, told or inferred.
    #[must_use]
    pub fn side(&self) -> Option<Side> {
        self.trade.side.or(self.trade.inferred)
    }
}

/// What has become of a trade.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub enum TradeFate {
    /// It stands.
    #[default]
    Stands,
    /// Another has taken its place.
    Corrected,
    /// It has been taken out.
    Cancelled,
}
