//! An instrument's order book: a few price levels on each side, and what changed since it was last published.

use crate::domain::Decimal;
use crate::domain::book::{BookUpdate, Level};

use super::dice::mix;
use super::profile::PRICE_SCALE;

/// The most levels on each side.
pub const LEVELS_MAX: usize = 10;

/// How many prices keep their size apart from one another.
const SLOTS: usize = 64;

/// Units in a round lot.
const LOT_UNITS: u64 = 100;

/// One side of the book, best level first: prices in ticks and units.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
struct Ladder {
    levels: [(i64, u64); LEVELS_MAX],
    count: usize,
}

impl Ladder {
    fn levels(&self) -> &[(i64, u64)] {
        &self.levels[..self.count]
    }
}

/// What rests at each price, and what the world has been told of it.
#[derive(Debug, Clone)]
pub struct Book {
    salt: u64,
    /// Changed whenever something happens at one of the prices that share the slot: sizes follow from it.
    versions: [u16; SLOTS],
    lots: u64,
    gap_ticks: i64,
    published: Option<(Ladder, Ladder)>,
}

impl Book {
    /// A book whose levels are `gap_ticks` apart and hold about `lots` round lots.
    #[must_use]
    pub fn new(salt: u64, lots: u64, gap_ticks: i64) -> Self {
        Self {
            salt,
            versions: [0; SLOTS],
            lots: lots.max(1),
            gap_ticks: gap_ticks.max(1),
            published: None,
        }
    }

    /// Units that rest at a price.
    #[must_use]
    pub fn units_at(&self, price_ticks: i64) -> u64 {
        let version = u64::from(self.versions[slot(price_ticks)]);
        let bits = mix(self.salt ^ (price_ticks as u64) ^ (version << 40));
        LOT_UNITS * (1 + bits % (2 * self.lots))
    }

    /// Somebody traded, placed or took back an order at this price.
    pub fn touch(&mut self, price_ticks: i64) {
        let version = &mut self.versions[slot(price_ticks)];
        *version = version.wrapping_add(1);
    }

    /// Forgets what has been published, so that the next update is a whole book.
    pub fn forget(&mut self) {
        self.published = None;
    }

    /// The book as an update: whole the first time, then only what has changed; `None` when nothing has.
    pub fn publish(&mut self, bid_ticks: i64, ask_ticks: i64, levels: usize) -> Option<BookUpdate> {
        let bids = self.ladder(bid_ticks, -1, levels);
        let asks = self.ladder(ask_ticks, 1, levels);
        let before = self.published.replace((bids, asks));
        let (old_bids, old_asks) = before.unwrap_or_default();
        let update = BookUpdate {
            bids: changes(&old_bids, &bids),
            asks: changes(&old_asks, &asks),
            snapshot: before.is_none(),
            ..BookUpdate::default()
        };
        (update.snapshot || !update.bids.is_empty() || !update.asks.is_empty()).then_some(update)
    }

    /// The levels of one side: the best price, then the grid beyond it.
    fn ladder(&self, best_ticks: i64, direction: i64, levels: usize) -> Ladder {
        let mut ladder = Ladder::default();
        let mut price = best_ticks;
        for level in ladder.levels.iter_mut().take(levels.min(LEVELS_MAX)) {
            if price <= 0 {
                break;
            }
            *level = (price, self.units_at(price));
            ladder.count += 1;
            let cell = price.div_euclid(self.gap_ticks);
            price = if direction > 0 {
                (cell + 1) * self.gap_ticks
            } else if price % self.gap_ticks == 0 {
                price - self.gap_ticks
            } else {
                cell * self.gap_ticks
            };
        }
        ladder
    }
}

fn slot(price_ticks: i64) -> usize {
    price_ticks.rem_euclid(SLOTS as i64) as usize
}

/// What turns one ladder into the other: removed levels with size zero, then new and changed ones, best first.
fn changes(old: &Ladder, new: &Ladder) -> Vec<Level> {
    let gone = old
        .levels()
        .iter()
        .filter(|(price, _)| !new.levels().iter().any(|(kept, _)| kept == price))
        .map(|&(price, _)| (price, 0));
    let fresh = new
        .levels()
        .iter()
        .filter(|level| !old.levels().contains(level))
        .copied();
    gone.chain(fresh)
        .map(|(price, units)| Level {
            price: Decimal::new(price, PRICE_SCALE),
            size: Decimal::from(units),
        })
        .collect()
}

#[cfg(test)]
#[allow(clippy::unwrap_used, reason = "a test may stop at the first surprise")]
mod tests {
    use std::collections::BTreeMap;

    use super::*;

    fn apply(side: &mut BTreeMap<Decimal, Decimal>, levels: &[Level]) {
        for level in levels {
            if level.size.is_zero() {
                assert!(
                    side.remove(&level.price).is_some(),
                    "removes what is not there"
                );
            } else {
                side.insert(level.price, level.size);
            }
        }
    }

    #[test]
    fn deltas_lead_from_the_snapshot_to_the_book() {
        let mut book = Book::new(3, 4, 5);
        let (mut bids, mut asks) = (BTreeMap::new(), BTreeMap::new());
        for step in 0..500_i64 {
            let bid = 1_000 + (step * 7) % 23;
            book.touch(bid - 5);
            let update = book.publish(bid, bid + 2, 5).unwrap();
            assert_eq!(update.snapshot, step == 0);
            apply(&mut bids, &update.bids);
            apply(&mut asks, &update.asks);
            assert_eq!((bids.len(), asks.len()), (5, 5));
            let best = *bids.keys().next_back().unwrap();
            assert_eq!(best, Decimal::new(bid, 2));
            assert_eq!(bids[&best], Decimal::from(book.units_at(bid)));
            assert_eq!(*asks.keys().next().unwrap(), Decimal::new(bid + 2, 2));
        }
        assert_eq!(
            book.publish(1_000 + (499 * 7) % 23, 1_000 + (499 * 7) % 23 + 2, 5),
            None
        );
    }

    #[test]
    fn a_book_near_zero_has_fewer_levels() {
        let update = Book::new(1, 1, 1).publish(2, 3, 10).unwrap();
        assert_eq!((update.bids.len(), update.asks.len()), (2, 10));
    }
}
