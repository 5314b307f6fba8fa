//! A symbol's one-minute bars: a ring that grows under a limit shared by all symbols.

pub mod columns;

use std::collections::VecDeque;
use std::sync::Arc;
use std::sync::atomic::{AtomicU64, Ordering};

use crate::domain::bar::Candle;
use crate::domain::time::UnixMs;

/// Bytes that one bar takes.
pub const BAR_BYTES: u64 = size_of::<Candle>() as u64;

/// Rows by which a ring grows at first; later it grows by half.
const GROWTH_ROWS_MIN: usize = 64;

/// The memory that the histories of all symbols may take together.
#[derive(Debug)]
pub struct HistoryBudget {
    limit_bytes: u64,
    used_bytes: AtomicU64,
}

impl HistoryBudget {
    /// A budget of `limit_bytes`.
    #[must_use]
    pub fn new(limit_bytes: u64) -> Self {
        Self {
            limit_bytes,
            used_bytes: AtomicU64::new(0),
        }
    }

    /// Bytes taken now.
    #[must_use]
    pub fn used_bytes(&self) -> u64 {
        self.used_bytes.load(Ordering::Relaxed)
    }

    fn take(&self, bytes: u64) -> bool {
        self.used_bytes
            .fetch_update(Ordering::Relaxed, Ordering::Relaxed, |used| {
                let after = used.checked_add(bytes)?;
                (after <= self.limit_bytes).then_some(after)
            })
            .is_ok()
    }

    fn give_back(&self, bytes: u64) {
        self.used_bytes.fetch_sub(bytes, Ordering::Relaxed);
    }
}

/// Where a bar went.
#[derive(Debug, Clone, Copy, PartialEq)]
pub enum Placed {
    /// Behind the newest: the usual case.
    Appended,
    /// In the place of an earlier bar of the same time, which is returned.
    Replaced(Candle),
    /// Before the newest, where its time belongs.
    Late,
    /// Nowhere: it is older than the oldest that can be kept.
    TooOld,
}

/// The bars of one symbol in order of time, each time once.
///
/// It grows until it holds `rows_max` bars or the budget is used up; from then on the oldest bar goes for each new one.
#[derive(Debug)]
pub struct BarHistory {
    bars: VecDeque<Candle>,
    rows_max: usize,
    budget: Arc<HistoryBudget>,
    reserved_bytes: u64,
}

impl BarHistory {
    /// An empty history of at most `rows_max` bars (at least one).
    #[must_use]
    pub fn new(rows_max: usize, budget: Arc<HistoryBudget>) -> Self {
        Self {
            bars: VecDeque::new(),
            rows_max: rows_max.max(1),
            budget,
            reserved_bytes: 0,
        }
    }

    /// Puts a bar where its start belongs.
    pub fn insert(&mut self, bar: Candle) -> Placed {
        let newest = self.bars.back().map(|newest| newest.start);
        if newest.is_none_or(|newest| newest < bar.start) {
            if !self.has_room() {
                self.bars.pop_front();
            }
            self.bars.push_back(bar);
            return Placed::Appended;
        }
        let at = self.bars.partition_point(|known| known.start < bar.start);
        match self.bars.get_mut(at) {
            Some(known) if known.start == bar.start => {
                return Placed::Replaced(std::mem::replace(known, bar));
            }
            _ => {}
        }
        if self.has_room() {
            self.bars.insert(at, bar);
        } else if at == 0 {
            return Placed::TooOld;
        } else {
            self.bars.pop_front();
            self.bars.insert(at - 1, bar);
        }
        Placed::Late
    }

    /// Whether one more bar fits without another going; the ring grows for it if it may. The first bar always fits: a
    /// symbol without any history would be of no use.
    fn has_room(&mut self) -> bool {
        let rows = self.bars.len();
        if rows < self.bars.capacity().min(self.rows_max) || rows == 0 {
            return true;
        }
        if rows >= self.rows_max {
            return false;
        }
        let more = (rows / 2).max(GROWTH_ROWS_MIN).min(self.rows_max - rows);
        let bytes = more as u64 * BAR_BYTES;
        if !self.budget.take(bytes) {
            return false;
        }
        self.reserved_bytes += bytes;
        self.bars.reserve_exact(more);
        true
    }

    /// Takes the bar of a time out; `None` when there is none.
    pub fn remove(&mut self, start: UnixMs) -> Option<Candle> {
        let at = self.bars.partition_point(|known| known.start < start);
        if self.bars.get(at)?.start != start {
            return None;
        }
        self.bars.remove(at)
    }

    /// Forgets all bars and gives the memory back.
    pub fn clear(&mut self) {
        self.bars = VecDeque::new();
        self.budget.give_back(self.reserved_bytes);
        self.reserved_bytes = 0;
    }

    /// How many bars there are.
    #[must_use]
    pub fn len(&self) -> usize {
        self.bars.len()
    }

    /// Whether there is none.
    #[must_use]
    pub fn is_empty(&self) -> bool {
        self.bars.is_empty()
    }

    /// The newest bar.
    #[must_use]
    pub fn newest(&self) -> Option<&Candle> {
        self.bars.back()
    }

    /// All bars, oldest first.
    #[must_use]
    pub fn iter(&self) -> impl DoubleEndedIterator<Item = &Candle> + ExactSizeIterator {
        self.bars.iter()
    }

    /// The bars that start at `from` or later, oldest first.
    #[must_use]
    pub fn since(&self, from: UnixMs) -> impl DoubleEndedIterator<Item = &Candle> {
        let at = self.bars.partition_point(|bar| bar.start < from);
        self.bars.range(at..)
    }
}

impl Drop for BarHistory {
    fn drop(&mut self) {
        self.budget.give_back(self.reserved_bytes);
    }
}

#[cfg(test)]
#[allow(clippy::unwrap_used, reason = "a test may stop at the first surprise")]
mod tests {
    use proptest::prelude::*;

    use super::*;

    fn bar(minute: i64, close: f64) -> Candle {
        Candle {
            start: UnixMs(minute * 60_000),
            open: close,
            high: close,
            low: close,
            close,
            volume: 1.0,
        }
    }

    fn minutes(history: &BarHistory) -> Vec<i64> {
        history.iter().map(|bar| bar.start.0 / 60_000).collect()
    }

    fn history(rows: usize) -> BarHistory {
        BarHistory::new(rows, Arc::new(HistoryBudget::new(u64::MAX)))
    }

    #[test]
    fn bars_are_appended_replaced_and_placed() {
        let mut history = history(100);
        assert_eq!(history.insert(bar(1, 1.0)), Placed::Appended);
        assert_eq!(history.insert(bar(3, 3.0)), Placed::Appended);
        assert_eq!(history.insert(bar(2, 2.0)), Placed::Late);
        assert_eq!(history.insert(bar(2, 2.5)), Placed::Replaced(bar(2, 2.0)));
        assert_eq!(minutes(&history), [1, 2, 3]);
        assert_eq!(history.since(UnixMs(120_000)).next().unwrap().close, 2.5);
        assert_eq!(history.remove(UnixMs(120_000)), Some(bar(2, 2.5)));
        assert_eq!(history.remove(UnixMs(120_000)), None);
        assert_eq!(minutes(&history), [1, 3]);
    }

    #[test]
    fn a_full_ring_lets_the_oldest_go_and_refuses_what_is_older() {
        let mut history = history(3);
        for minute in 1..=5 {
            history.insert(bar(minute, 1.0));
        }
        assert_eq!(minutes(&history), [3, 4, 5]);
        assert_eq!(history.insert(bar(1, 1.0)), Placed::TooOld);
        assert_eq!(minutes(&history), [3, 4, 5]);
    }

    #[test]
    fn the_budget_holds_for_all_symbols_together() {
        let budget = Arc::new(HistoryBudget::new(100 * BAR_BYTES));
        let mut histories: Vec<_> = (0..4)
            .map(|_| BarHistory::new(1000, Arc::clone(&budget)))
            .collect();
        for minute in 0..500 {
            for history in &mut histories {
                history.insert(bar(minute, 1.0));
            }
        }
        assert!(budget.used_bytes() <= 100 * BAR_BYTES);
        for history in &histories {
            assert_eq!(history.newest().unwrap().start, UnixMs(499 * 60_000));
        }
        drop(histories);
        assert_eq!(budget.used_bytes(), 0);
    }

    proptest! {
        #[test]
        fn any_order_of_arrival_gives_the_sorted_newest(order in proptest::collection::vec(0_i64..60, 1..200)) {
            let mut history = history(1000);
            for &minute in &order {
                history.insert(bar(minute, minute as f64));
            }
            let mut expected = order.clone();
            expected.sort_unstable();
            expected.dedup();
            prop_assert_eq!(minutes(&history), expected);
        }

        #[test]
        fn whatever_the_limits_bars_stay_in_order_and_the_newest_is_kept(
            order in proptest::collection::vec(0_i64..300, 1..400),
            rows_max in 1_usize..100,
            budget_rows in 0_u64..100,
        ) {
            let budget = Arc::new(HistoryBudget::new(budget_rows * BAR_BYTES));
            let mut history = BarHistory::new(rows_max, budget);
            for &minute in &order {
                history.insert(bar(minute, minute as f64));
                prop_assert!(history.len() <= rows_max);
            }
            let kept = minutes(&history);
            prop_assert!(kept.windows(2).all(|pair| pair[0] < pair[1]));
            prop_assert_eq!(kept.last(), order.iter().max());
        }
    }
}
