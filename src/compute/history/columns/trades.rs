//! Trades, which are rows of their own and not columns.

use std::ops::Range;
use std::sync::Arc;

use crate::domain::time::UnixMs;
use crate::domain::trade::TimeAndSale;

/// A trade with its time.
pub type TradeRow = (Option<UnixMs>, Arc<TimeAndSale>);

/// Trades at one moment, in the order of arrival. Making and copying it costs the number of its parts.
#[derive(Debug, Clone, Default)]
pub struct TradeRows {
    parts: Vec<(Arc<Vec<TradeRow>>, Range<usize>)>,
}

impl TradeRows {
    pub(in super::super) fn new(parts: Vec<(Arc<Vec<TradeRow>>, Range<usize>)>) -> Self {
        Self { parts }
    }

    /// The trades, oldest first.
    pub fn iter(&self) -> impl Iterator<Item = &TradeRow> {
        self.parts
            .iter()
            .flat_map(|(rows, range)| rows.get(range.clone()).unwrap_or_default())
    }

    /// The trade that came last.
    #[must_use]
    pub fn newest(&self) -> Option<&TradeRow> {
        let (rows, range) = self.parts.last()?;
        rows.get(range.clone())?.last()
    }

    /// How many there are.
    #[must_use]
    pub fn len(&self) -> usize {
        self.parts.iter().map(|(_, range)| range.len()).sum()
    }

    /// Whether there is none.
    #[must_use]
    pub fn is_empty(&self) -> bool {
        self.len() == 0
    }
}

impl From<Vec<TradeRow>> for TradeRows {
    fn from(rows: Vec<TradeRow>) -> Self {
        let range = 0..rows.len();
        Self::new(vec![(Arc::new(rows), range)])
    }
}
