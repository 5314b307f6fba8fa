//! A symbol's quotes and trades, in the order of arrival.

use std::collections::VecDeque;
use std::sync::Arc;
use std::vec::Drain;

use crate::domain::quote::Level1;
use crate::domain::time::UnixMs;
use crate::domain::trade::TimeAndSale;
use crate::domain::{Decimal, to_f64};

use super::budget::{Account, HistoryBudget, Keep};
use super::columns::{QuoteColumns, TradeRow, TradeRows};
use super::store::{Store, next_chunk_rows};

/// The newest quotes of one symbol.
#[derive(Debug)]
pub struct QuoteHistory {
    rows_max: usize,
    store: Store<{ Level1::FIELDS }>,
}

impl QuoteHistory {
    /// An empty history of at most `rows_max` quotes; of none when that is zero.
    #[must_use]
    pub fn new(rows_max: usize, budget: Arc<HistoryBudget>) -> Self {
        Self {
            rows_max,
            store: Store::new(rows_max, budget, Keep::Ticks),
        }
    }

    /// Puts a quote behind the others.
    pub fn push(&mut self, time: UnixMs, quote: &Level1) {
        if self.rows_max == 0 {
            return;
        }
        let number = |value: Option<Decimal>| value.map_or(f64::NAN, to_f64);
        self.store.append(time.0, quote.fields().map(number));
    }

    /// How many quotes there are.
    #[must_use]
    pub fn len(&self) -> usize {
        self.store.len()
    }

    /// Whether there is none.
    #[must_use]
    pub fn is_empty(&self) -> bool {
        self.len() == 0
    }

    /// All quotes. It costs the number of chunks.
    #[must_use]
    pub fn columns(&self) -> QuoteColumns {
        self.store.columns()
    }

    /// Forgets all quotes.
    pub fn clear(&mut self) {
        self.store.clear();
    }

    /// Bytes that the next quote asks for: mostly none.
    #[must_use]
    pub fn bytes_wanted(&self) -> u64 {
        if self.rows_max == 0 {
            return 0;
        }
        self.store.bytes_wanted()
    }

    /// The time of the oldest chunk, if it may go.
    #[must_use]
    pub fn oldest_chunk(&self) -> Option<i64> {
        self.store.oldest_chunk()
    }

    /// Lets the oldest chunk go, unless it is the only one; the bytes that it took.
    pub fn drop_oldest_chunk(&mut self) -> Option<u64> {
        self.store.drop_oldest_chunk()
    }
}

/// What a trade is reckoned to take: itself with its texts, the counters of its `Arc`, and the row that it stands in.
const TRADE_BYTES: usize = size_of::<TimeAndSale>() + 64 + 16 + size_of::<TradeRow>();

const fn trades_bytes(rows: usize) -> u64 {
    (rows * TRADE_BYTES) as u64
}

/// The newest trades of one symbol. Corrections and cancellations are rows of their own.
#[derive(Debug)]
pub struct TradeHistory {
    /// None is empty; the last one takes new rows.
    chunks: VecDeque<Arc<Vec<TradeRow>>>,
    /// Rows at the beginning of the first chunk that have gone.
    skip: usize,
    rows: usize,
    rows_max: usize,
    account: Account,
}

impl TradeHistory {
    /// An empty history of at most `rows_max` trades; of none when that is zero.
    #[must_use]
    pub fn new(rows_max: usize, budget: Arc<HistoryBudget>) -> Self {
        Self {
            chunks: VecDeque::new(),
            skip: 0,
            rows: 0,
            rows_max,
            account: Account::new(budget, Keep::Ticks),
        }
    }

    /// Puts the first of these trades behind the others, as many as fit into the memory at hand: one at least, unless
    /// there is none for it at all, and then it goes.
    pub fn append(&mut self, trades: &mut Drain<'_, TradeRow>) {
        if self.rows_max == 0 {
            return trades.for_each(drop);
        }
        self.let_go(1);
        if self.chunks.back().is_none_or(|chunk| is_full(chunk)) && !self.make_room() {
            trades.next();
            return;
        }
        let free = |chunk: &Arc<Vec<TradeRow>>| chunk.capacity() - chunk.len();
        let free = self.chunks.back().map_or(0, free).min(self.rows_max);
        let count = free.min(trades.len());
        self.let_go(count);
        let Some(chunk) = self.chunks.back_mut() else {
            return;
        };
        if Arc::get_mut(chunk).is_none() {
            // A snapshot holds it, which is not to change.
            let mut copy = Vec::with_capacity(chunk.capacity());
            copy.extend_from_slice(chunk);
            *chunk = Arc::new(copy);
        }
        Arc::make_mut(chunk).extend(trades.take(count));
        self.rows += count;
    }

    /// Lets the oldest rows go for which so many more, which are not more than there may be, leave no place.
    fn let_go(&mut self, more: usize) {
        let mut excess = (self.rows + more).saturating_sub(self.rows_max);
        while excess > 0
            && let Some(chunk) = self.chunks.front()
        {
            let first = chunk.len() - self.skip;
            let has_room = self.chunks.len() == 1 && !is_full(chunk);
            let gone = excess.min(first);
            self.rows -= gone;
            self.skip += gone;
            excess -= gone;
            if gone == first {
                if has_room {
                    break;
                }
                self.drop_first_chunk();
            }
        }
    }

    fn next_rows(&self) -> usize {
        let last = self.chunks.back().map_or(0, |chunk| chunk.len());
        let budget = self.account.budget();
        next_chunk_rows(last, self.rows_max, trades_bytes(1), budget)
    }

    fn make_room(&mut self) -> bool {
        let rows = self.next_rows();
        while !self.account.take(trades_bytes(rows)) {
            if self.chunks.is_empty() {
                return false;
            }
            self.drop_first_chunk();
        }
        self.chunks.push_back(Arc::new(Vec::with_capacity(rows)));
        true
    }

    fn drop_first_chunk(&mut self) -> u64 {
        let Some(chunk) = self.chunks.pop_front() else {
            return 0;
        };
        self.rows -= chunk.len().saturating_sub(self.skip);
        self.skip = 0;
        let bytes = trades_bytes(chunk.capacity());
        self.account.give_back(bytes);
        bytes
    }

    /// How many trades there are.
    #[must_use]
    pub fn len(&self) -> usize {
        self.rows
    }

    /// Whether there is none.
    #[must_use]
    pub fn is_empty(&self) -> bool {
        self.rows == 0
    }

    /// All trades. It costs the number of chunks.
    #[must_use]
    pub fn rows(&self) -> TradeRows {
        let parts = self.chunks.iter().enumerate().map(|(at, chunk)| {
            let from = if at == 0 { self.skip } else { 0 };
            (Arc::clone(chunk), from..chunk.len())
        });
        TradeRows::new(parts.collect())
    }

    /// Forgets all trades.
    pub fn clear(&mut self) {
        self.chunks = VecDeque::new();
        self.skip = 0;
        self.rows = 0;
        self.account.give_back_all();
    }

    /// Bytes that the next trade asks for: mostly none.
    #[must_use]
    pub fn bytes_wanted(&self) -> u64 {
        match self.chunks.back() {
            _ if self.rows_max == 0 => 0,
            Some(chunk) if !is_full(chunk) => 0,
            _ => trades_bytes(self.next_rows()),
        }
    }

    /// The time of the oldest chunk, if it may go.
    #[must_use]
    pub fn oldest_chunk(&self) -> Option<i64> {
        let (time, _) = self.chunks.front()?.get(self.skip)?;
        (self.chunks.len() > 1).then_some(time.map_or(i64::MIN, |time| time.0))
    }

    /// Lets the oldest chunk go, unless it is the only one; the bytes that it took.
    pub fn drop_oldest_chunk(&mut self) -> Option<u64> {
        (self.chunks.len() > 1).then(|| self.drop_first_chunk())
    }
}

fn is_full(chunk: &Vec<TradeRow>) -> bool {
    chunk.len() == chunk.capacity()
}

#[cfg(test)]
#[allow(clippy::unwrap_used, reason = "a test may stop at the first surprise")]
mod tests {
    use std::collections::VecDeque;

    use proptest::prelude::*;

    use super::*;

    fn trade(price: i64) -> Arc<TimeAndSale> {
        Arc::new(TimeAndSale {
            price: Some(price.into()),
            ..TimeAndSale::default()
        })
    }

    fn put(trades: &mut TradeHistory, mut rows: Vec<TradeRow>) {
        let mut rows = rows.drain(..);
        while rows.len() > 0 {
            trades.append(&mut rows);
        }
    }

    fn prices(rows: &TradeRows) -> Vec<Decimal> {
        rows.iter().map(|(_, trade)| trade.price.unwrap()).collect()
    }

    #[test]
    fn quotes_keep_what_is_known_and_nan_for_the_rest() {
        let budget = Arc::new(HistoryBudget::new(1 << 20));
        let mut quotes = QuoteHistory::new(100, Arc::clone(&budget));
        for n in 0..250 {
            let quote = Level1 {
                bid: Some(n.into()),
                volume: Some(Decimal::new(15, 1)),
                ..Level1::default()
            };
            // A venue's clock may go back: the order of arrival stays.
            quotes.push(UnixMs(1000 - n), &quote);
        }
        let columns = quotes.columns();
        assert_eq!((quotes.len(), columns.len()), (100, 100));
        let first = &columns.parts()[0];
        assert_eq!((first.times()[0], first.column(0)[0]), (850, 150.0));
        assert!(first.column(2)[0].is_nan());
        assert_eq!(first.column(6)[0], 1.5);
        let mut none = QuoteHistory::new(0, Arc::clone(&budget));
        none.push(UnixMs(1), &Level1::default());
        assert!(none.is_empty());
        quotes.clear();
        assert_eq!(budget.used_bytes(), 0);
    }

    #[test]
    fn trades_without_memory_keep_the_newest_that_they_can() {
        let budget = Arc::new(HistoryBudget::new(trades_bytes(40)));
        let mut trades = TradeHistory::new(10_000, Arc::clone(&budget));
        for n in 0..1000 {
            put(&mut trades, vec![(None, trade(n))]);
            assert!(budget.used_bytes() <= budget.limit_bytes());
            assert_eq!(prices(&trades.rows()).last(), Some(&n.into()));
        }
        assert!(trades.len() <= 40);
        drop(trades);
        assert_eq!(budget.used_bytes(), 0);
        let mut none = TradeHistory::new(0, budget);
        put(&mut none, vec![(None, trade(1))]);
        assert!(none.is_empty());
    }

    proptest! {
        #[test]
        fn the_newest_trades_are_kept_and_a_snapshot_stays_as_it_is(
            rows_max in 1_usize..200,
            together in 1_usize..100,
            steps in proptest::collection::vec(1_usize..60, 1..12),
        ) {
            let budget = Arc::new(HistoryBudget::new(u64::MAX));
            let mut trades = TradeHistory::new(rows_max, budget);
            let mut model = VecDeque::new();
            let mut seen = Vec::new();
            let mut n = 0;
            for step in steps {
                let mut rows = Vec::new();
                for _ in 0..step {
                    n += 1;
                    rows.push((Some(UnixMs(n)), trade(n)));
                    if rows.len() >= together {
                        put(&mut trades, std::mem::take(&mut rows));
                    }
                    model.push_back(Decimal::from(n));
                    if model.len() > rows_max {
                        model.pop_front();
                    }
                }
                put(&mut trades, rows);
                let expected: Vec<_> = model.iter().copied().collect();
                let rows = trades.rows();
                prop_assert_eq!(rows.len(), expected.len());
                prop_assert_eq!(&prices(&rows), &expected);
                seen.push((rows, expected));
            }
            for (rows, expected) in seen {
                prop_assert_eq!(prices(&rows), expected);
            }
        }
    }
}
