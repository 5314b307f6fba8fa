//! Figures that are kept with each bar: what came of trades, quotes and books by its close.

use std::sync::Arc;

use crate::domain::time::UnixMs;

use super::budget::{HistoryBudget, Keep};
use super::columns::Columns;
use super::store::Store;

/// One of the figures by the starts of the bars, ascending; NaN stands for what has no value.
pub type ValueColumns = Columns<1>;

/// Some figures for each bar of one symbol, by the start of the bar.
#[derive(Debug)]
pub struct ValueHistory {
    figures: Vec<Store<1>>,
}

impl ValueHistory {
    /// So many figures for each of at most `rows_max` bars.
    #[must_use]
    pub fn new(figures: usize, rows_max: usize, budget: &Arc<HistoryBudget>) -> Self {
        let store = || Store::new(rows_max, Arc::clone(budget), Keep::Bars);
        Self {
            figures: (0..figures).map(|_| store()).collect(),
        }
    }

    /// Whether there are no figures to keep.
    #[must_use]
    pub fn is_empty(&self) -> bool {
        self.figures.is_empty()
    }

    /// Puts the figures of a bar, in their order. What is older than the oldest bar goes.
    pub fn put(&mut self, start: UnixMs, values: &[Option<f64>], oldest_bar: UnixMs) {
        for (store, value) in self.figures.iter_mut().zip(values) {
            store.insert(start.0, [value.unwrap_or(f64::NAN)]);
            while store
                .oldest_time()
                .is_some_and(|oldest| oldest < oldest_bar.0)
            {
                store.drop_oldest();
            }
        }
    }

    /// Takes the figures of a bar out.
    pub fn remove(&mut self, start: UnixMs) {
        for store in &mut self.figures {
            store.remove(start.0);
        }
    }

    /// Forgets all.
    pub fn clear(&mut self) {
        self.figures.iter_mut().for_each(Store::clear);
    }

    /// Each figure's column. It costs the number of chunks, and what is changed later is not in it.
    #[must_use]
    pub fn columns(&self) -> Vec<ValueColumns> {
        self.figures.iter().map(Store::columns).collect()
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn figures_are_kept_as_long_as_their_bars() {
        let budget = Arc::new(HistoryBudget::new(1 << 20));
        let mut values = ValueHistory::new(2, 1000, &budget);
        for start in 0..100 {
            let figures = [Some(start as f64), None];
            values.put(UnixMs(start), &figures, UnixMs(start - 9));
        }
        values.put(UnixMs(95), &[Some(0.5), Some(1.0)], UnixMs(90));
        values.remove(UnixMs(96));
        let columns = values.columns();
        let of = |at: usize| -> Vec<(i64, f64)> {
            let parts = columns[at].parts().iter();
            parts
                .flat_map(|part| part.times().iter().copied().zip(part.column(0).to_vec()))
                .collect()
        };
        let first: Vec<i64> = of(0).iter().map(|row| row.0).collect();
        assert_eq!(first, [90, 91, 92, 93, 94, 95, 97, 98, 99]);
        assert_eq!(of(0)[5], (95, 0.5));
        assert_eq!(of(1)[5], (95, 1.0));
        assert!(of(1)[0].1.is_nan());
        values.clear();
        assert!(values.columns()[0].is_empty());
        assert!(ValueHistory::new(0, 10, &budget).is_empty());
    }
}
