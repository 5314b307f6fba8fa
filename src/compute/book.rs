//! An order book: levels by exact price, from whole books and changes.

use std::cmp::Ordering;

use crc32fast::Hasher;

use crate::domain::Decimal;
use crate::domain::book::{BookProof, BookTop, BookUpdate, Integrity, Level};

/// Levels of each side that a checksum covers.
const CHECKSUM_LEVELS: usize = 10;

/// Why a book can no longer be relied on.
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
pub enum BookFault {
    /// Somebody would pay more than somebody else asks.
    #[error("the book is crossed: best bid {bid}, best ask {ask}")]
    Crossed {
        /// Best bid.
        bid: Decimal,
        /// Best ask.
        ask: Decimal,
    },
    /// A size or a price is below zero.
    #[error("a level is negative: {size} at {price}")]
    Negative {
        /// Its price.
        price: Decimal,
        /// Its size.
        size: Decimal,
    },
    /// It does not have the checksum that it should have.
    #[error("the book's checksum is {found}, and should be {expected}")]
    Checksum {
        /// What the venue says.
        expected: u32,
        /// What the book has.
        found: u32,
    },
}

/// What became of an update.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Applied {
    /// The book has it.
    Done,
    /// It changes a book that is not known.
    NotWhole,
}

/// One symbol's order book.
#[derive(Debug, Clone, Default)]
pub struct Book {
    bids: BookSide,
    asks: BookSide,
    is_whole: bool,
    depth: Option<u32>,
    integrity: Integrity,
    sequence: Option<u64>,
    /// Whether it has been said that too few levels are left.
    is_used_up_told: bool,
}

/// One side, the best level last: most changes are near the best, where they move little.
#[derive(Debug, Clone, Default)]
struct BookSide {
    levels: Vec<Level>,
    /// The worst price of which something is known: what changes beyond it stands among levels that are not known.
    end: Option<Decimal>,
    /// What the update in hand has done, so that a faulty one leaves nothing behind.
    undo: Vec<Undo>,
    /// The levels before a whole book that is in hand.
    before: Vec<Level>,
    end_before: Option<Decimal>,
}

/// How a step of an update is taken back.
#[derive(Debug, Clone, Copy)]
enum Undo {
    /// A level was put in here.
    Inserted(usize),
    /// This level was here.
    Was(usize, Level),
    /// This level was taken out here.
    Removed(usize, Level),
}

/// Levels for which room is kept for the next whole book.
const ROOM_KEPT_LEVELS: usize = 1024;

impl BookSide {
    /// Puts a level in its place; `order` says how prices stand from worst to best.
    fn set(&mut self, level: Level, order: impl Fn(&Decimal, &Decimal) -> Ordering) {
        if self
            .end
            .is_some_and(|end| order(&level.price, &end) == Ordering::Less)
        {
            return;
        }
        let place = self
            .levels
            .binary_search_by(|known| order(&known.price, &level.price));
        match (place, level.size.is_zero()) {
            (Ok(at), true) => {
                let removed = self.levels.remove(at);
                self.undo.push(Undo::Removed(at, removed));
            }
            (Ok(at), false) => {
                let was = std::mem::replace(&mut self.levels[at], level);
                self.undo.push(Undo::Was(at, was));
            }
            // Removing what is not there is usual: it was beyond the depth.
            (Err(_), true) => {}
            (Err(at), false) => {
                self.levels.insert(at, level);
                self.undo.push(Undo::Inserted(at));
            }
        }
    }

    /// Takes these levels instead of what there is; of two at one price the later counts. Thousands come at a time.
    fn fill(
        &mut self,
        levels: &[Level],
        limit: Option<u32>,
        order: impl Fn(&Decimal, &Decimal) -> Ordering,
    ) {
        std::mem::swap(&mut self.levels, &mut self.before);
        self.levels.clear();
        self.levels.extend(levels.iter().rev());
        self.levels
            .sort_by(|one, other| order(&one.price, &other.price));
        self.levels.dedup_by_key(|level| level.price);
        self.end_before = self.end;
        let goes_on = limit.is_some_and(|limit| levels.len() >= limit as usize);
        self.end = self
            .levels
            .first()
            .filter(|_| goes_on)
            .map(|level| level.price);
        self.levels.retain(|level| !level.size.is_zero());
    }

    fn cut(&mut self, depth: Option<u32>) {
        let excess = depth.map_or(0, |depth| self.levels.len().saturating_sub(depth as usize));
        let cut = self.levels.drain(..excess);
        self.undo.extend(cut.map(|level| Undo::Removed(0, level)));
    }

    /// An update begins.
    fn begin(&mut self) {
        self.undo.clear();
    }

    /// The update was good.
    fn keep(&mut self) {
        self.undo.clear();
        if self.before.capacity() > ROOM_KEPT_LEVELS {
            self.before = Vec::new();
        }
    }

    /// The update was faulty: everything is as it was before.
    fn take_back(&mut self, is_snapshot: bool) {
        if is_snapshot {
            std::mem::swap(&mut self.levels, &mut self.before);
            self.end = self.end_before;
            return self.keep();
        }
        while let Some(step) = self.undo.pop() {
            match step {
                Undo::Inserted(at) => {
                    self.levels.remove(at);
                }
                Undo::Was(at, level) => self.levels[at] = level,
                Undo::Removed(at, level) => self.levels.insert(at, level),
            }
        }
    }

    fn best_first(&self) -> impl ExactSizeIterator<Item = &Level> {
        self.levels.iter().rev()
    }
}

impl Book {
    /// A book that is known to be empty, so that changes may follow.
    #[must_use]
    pub fn begun_empty() -> Self {
        Self {
            is_whole: true,
            ..Self::default()
        }
    }

    /// Takes an update. After a fault the book is not whole until the next whole one comes; it stays as it was before the
    /// fault, to be looked at.
    ///
    /// # Errors
    /// When the book can no longer be relied on.
    pub fn apply(&mut self, update: &BookUpdate) -> Result<Applied, BookFault> {
        if !update.snapshot && !self.is_whole {
            return Ok(Applied::NotWhole);
        }
        self.is_whole = false;
        for level in update.bids.iter().chain(&update.asks) {
            let Level { price, size } = *level;
            if price.is_sign_negative() || size.is_sign_negative() {
                return Err(BookFault::Negative { price, size });
            }
        }
        self.put(update);
        if let Err(fault) = self.check(update.proof) {
            self.bids.take_back(update.snapshot);
            self.asks.take_back(update.snapshot);
            return Err(fault);
        }
        self.bids.keep();
        self.asks.keep();
        self.depth = update.depth;
        self.integrity = update.proof.into();
        self.sequence = update.sequence;
        self.is_whole = true;
        self.is_used_up_told &= !update.snapshot;
        Ok(Applied::Done)
    }

    fn put(&mut self, update: &BookUpdate) {
        let descending = |one: &Decimal, other: &Decimal| other.cmp(one);
        self.bids.begin();
        self.asks.begin();
        if update.snapshot {
            self.bids.fill(&update.bids, update.limit, Decimal::cmp);
            self.asks.fill(&update.asks, update.limit, descending);
        } else {
            for level in &update.bids {
                self.bids.set(*level, Decimal::cmp);
            }
            for level in &update.asks {
                self.asks.set(*level, descending);
            }
        }
        self.bids.cut(update.depth);
        self.asks.cut(update.depth);
    }

    fn check(&self, proof: BookProof) -> Result<(), BookFault> {
        if let (Some(bid), Some(ask)) = (self.best_bid(), self.best_ask())
            && bid.price > ask.price
        {
            return Err(BookFault::Crossed {
                bid: bid.price,
                ask: ask.price,
            });
        }
        if let BookProof::Crc32(expected) = proof {
            let found = self.checksum();
            if found != expected {
                return Err(BookFault::Checksum { expected, found });
            }
        }
        Ok(())
    }

    /// The book is no longer known: changes mean nothing until the next whole one.
    pub fn lose(&mut self) {
        self.is_whole = false;
    }

    /// Whether it can be relied on.
    #[must_use]
    pub fn is_whole(&self) -> bool {
        self.is_whole
    }

    /// Whether a side has fewer than `levels` levels left, although there are more of which nothing is known: prices have
    /// moved on since the whole book came. It is said once of each whole book.
    #[must_use]
    pub fn take_used_up(&mut self, levels: usize) -> bool {
        let is_used_up = [&self.bids, &self.asks]
            .into_iter()
            .any(|side| side.end.is_some() && side.levels.len() < levels);
        is_used_up && !std::mem::replace(&mut self.is_used_up_told, true)
    }

    /// Levels of each side that the source speaks of; `None` when of all.
    #[must_use]
    pub fn depth(&self) -> Option<u32> {
        self.depth
    }

    /// Buy levels, highest price first.
    #[must_use]
    pub fn bids(&self) -> impl ExactSizeIterator<Item = &Level> {
        self.bids.best_first()
    }

    /// Sell levels, lowest price first.
    #[must_use]
    pub fn asks(&self) -> impl ExactSizeIterator<Item = &Level> {
        self.asks.best_first()
    }

    /// The highest buy level.
    #[must_use]
    pub fn best_bid(&self) -> Option<&Level> {
        self.bids.levels.last()
    }

    /// The lowest sell level.
    #[must_use]
    pub fn best_ask(&self) -> Option<&Level> {
        self.asks.levels.last()
    }

    /// The best `levels` levels of each side.
    #[must_use]
    pub fn top(&self, levels: usize) -> BookTop {
        BookTop {
            bids: self.bids().take(levels).copied().collect(),
            asks: self.asks().take(levels).copied().collect(),
            integrity: self.integrity,
            sequence: self.sequence,
        }
    }

    /// Kraken's checksum of version 2: CRC-32 over the best ten asks and then the best ten bids, of each level the digits
    /// of the price and those of the size as they came, without point and without zeros in front.
    /// Source: docs.kraken.com, "Spot Websockets (v2) - Book Checksum".
    #[must_use]
    pub fn checksum(&self) -> u32 {
        let mut hasher = Hasher::new();
        let mut digits = Digits::default();
        let sides = [&self.asks, &self.bids];
        for level in sides
            .into_iter()
            .flat_map(|side| side.best_first().take(CHECKSUM_LEVELS))
        {
            hasher.update(digits.of(level.price));
            hasher.update(digits.of(level.size));
        }
        hasher.finalize()
    }
}

/// A decimal's digits as text, without point and without zeros in front.
#[derive(Default)]
struct Digits([u8; 32]);

impl Digits {
    fn of(&mut self, value: Decimal) -> &[u8] {
        // A decimal has 29 digits at the most.
        let mut rest = value.mantissa().unsigned_abs();
        let mut at = self.0.len();
        while rest > 0 && at > 0 {
            at -= 1;
            self.0[at] = b'0' + (rest % 10) as u8;
            rest /= 10;
        }
        &self.0[at..]
    }
}

#[cfg(test)]
#[allow(clippy::unwrap_used, reason = "a test may stop at the first surprise")]
mod tests {
    use std::collections::BTreeMap;

    use proptest::prelude::*;

    use super::*;

    fn level(price: &str, size: &str) -> Level {
        Level {
            price: price.parse().unwrap(),
            size: size.parse().unwrap(),
        }
    }

    fn update(snapshot: bool, bids: &[(&str, &str)], asks: &[(&str, &str)]) -> BookUpdate {
        let levels = |side: &[(&str, &str)]| side.iter().map(|(p, s)| level(p, s)).collect();
        BookUpdate {
            bids: levels(bids),
            asks: levels(asks),
            snapshot,
            ..BookUpdate::default()
        }
    }

    #[test]
    fn changes_meet_their_level_whatever_zeros_it_is_written_with() {
        let mut book = Book::default();
        let whole = update(true, &[("10.5", "1"), ("10.4", "2")], &[("10.6", "3")]);
        assert_eq!(book.apply(&whole), Ok(Applied::Done));
        let change = update(false, &[("10.50", "0"), ("9", "0")], &[("10.60", "4.0")]);
        assert_eq!(book.apply(&change), Ok(Applied::Done));
        let top = book.top(10);
        assert_eq!(top.bids, [level("10.4", "2")]);
        assert_eq!(top.asks, [level("10.60", "4.0")]);
        assert_eq!(top.asks[0].size.to_string(), "4.0");
    }

    #[test]
    fn a_faulty_book_takes_no_changes_until_a_whole_one_comes() {
        let mut book = Book::default();
        let change = update(false, &[("10", "1")], &[]);
        assert_eq!(book.apply(&change), Ok(Applied::NotWhole));
        book.apply(&update(true, &[("10", "1")], &[("11", "1")]))
            .unwrap();
        let crossing = update(false, &[("12", "1")], &[]);
        assert!(matches!(
            book.apply(&crossing),
            Err(BookFault::Crossed { .. })
        ));
        assert!(!book.is_whole());
        assert_eq!(book.top(9).bids, [level("10", "1")], "the last good one");
        assert_eq!(book.apply(&change), Ok(Applied::NotWhole));
        let negative = update(true, &[("10", "-1")], &[]);
        assert!(matches!(
            book.apply(&negative),
            Err(BookFault::Negative { .. })
        ));
        let locked = update(true, &[("10", "1")], &[("10", "1")]);
        assert_eq!(book.apply(&locked), Ok(Applied::Done), "locked is legal");
        book.lose();
        assert_eq!(book.apply(&change), Ok(Applied::NotWhole));
    }

    #[test]
    fn what_lies_beyond_the_depth_is_cut_off_after_each_update() {
        let mut book = Book::default();
        let mut whole = update(
            true,
            &[("10", "1"), ("9", "1"), ("8", "1")],
            &[("11", "1"), ("12", "1")],
        );
        whole.depth = Some(2);
        book.apply(&whole).unwrap();
        let mut change = update(false, &[("9.5", "1")], &[("11.5", "1"), ("13", "1")]);
        change.depth = Some(2);
        book.apply(&change).unwrap();
        assert_eq!(book.top(9).bids, [level("10", "1"), level("9.5", "1")]);
        assert_eq!(book.top(9).asks, [level("11", "1"), level("11.5", "1")]);
    }

    #[test]
    fn beyond_the_levels_that_were_asked_for_nothing_is_known() {
        let mut book = Book::default();
        let mut whole = update(
            true,
            &[("99", "1"), ("98", "1")],
            &[("101", "1"), ("102", "1")],
        );
        whole.limit = Some(2);
        book.apply(&whole).unwrap();
        assert!(!book.take_used_up(2));
        let far = update(
            false,
            &[("90", "5"), ("99", "0")],
            &[("100", "3"), ("200", "9")],
        );
        book.apply(&far).unwrap();
        let top = book.top(10);
        let prices = |levels: &[Level]| {
            levels
                .iter()
                .map(|level| level.price.to_string())
                .collect::<Vec<_>>()
        };
        assert_eq!(
            prices(&top.bids),
            ["98"],
            "what lies between 98 and 90 is not known"
        );
        assert_eq!(prices(&top.asks), ["100", "101", "102"]);
        assert!(!book.take_used_up(1));
        assert!(book.take_used_up(2));
        assert!(!book.take_used_up(2), "it has been said");
        // A faulty whole book leaves what was known, and how far.
        assert!(
            book.apply(&update(true, &[("9", "1")], &[("8", "1")]))
                .is_err()
        );
        assert_eq!(book.top(10), top);
        book.apply(&whole).unwrap();
        book.apply(&far).unwrap();
        assert!(book.take_used_up(2), "of each whole book");
        // One that has fewer levels than were asked for has them all.
        whole.limit = Some(3);
        book.apply(&whole).unwrap();
        book.apply(&far).unwrap();
        assert_eq!(prices(&book.top(10).bids), ["98", "90"]);
        assert!(!book.take_used_up(9));
    }

    #[test]
    fn a_whole_book_may_come_in_any_order() {
        let mut book = Book::default();
        let whole = update(
            true,
            &[("9", "1"), ("10", "1"), ("8", "0"), ("9.0", "7")],
            &[("12", "1"), ("11", "1")],
        );
        book.apply(&whole).unwrap();
        assert_eq!(book.top(9).bids, [level("10", "1"), level("9.0", "7")]);
        assert_eq!(book.top(9).asks, [level("11", "1"), level("12", "1")]);
    }

    #[test]
    fn a_checksum_is_of_the_digits_as_they_came() {
        let mut book = Book::default();
        book.apply(&update(true, &[("0.05", "0.00000500")], &[("0.051", "2")]))
            .unwrap();
        assert_eq!(book.checksum(), crc32fast::hash(b"5125500"));
        let mut wrong = update(false, &[], &[]);
        wrong.proof = BookProof::Crc32(1);
        assert_eq!(
            book.apply(&wrong),
            Err(BookFault::Checksum {
                expected: 1,
                found: crc32fast::hash(b"5125500")
            })
        );
    }

    proptest! {
        #[test]
        fn a_faulty_update_leaves_the_last_good_book(
            good in proptest::collection::vec((any::<bool>(), 0..30_i64, 0..4_i64), 0..40),
            bad in proptest::collection::vec((any::<bool>(), 0..30_i64, 0..4_i64), 0..20),
            depth in proptest::option::of(1..8_u32),
            is_whole: bool,
        ) {
            let update = |rows: &[(bool, i64, i64)], snapshot| {
                let mut update = BookUpdate { snapshot, depth, ..BookUpdate::default() };
                for (is_bid, step, size) in rows {
                    let price = Decimal::from(if *is_bid { 50 + step } else { 101 + step });
                    let side = if *is_bid { &mut update.bids } else { &mut update.asks };
                    side.push(Level { price, size: Decimal::from(*size) });
                }
                update
            };
            let mut book = Book::default();
            book.apply(&update(&good, true)).unwrap();
            let before = book.top(usize::MAX);
            let mut faulty = update(&bad, is_whole);
            faulty.sequence = Some(7);
            faulty.depth = Some(9);
            // Of no book whose checksum is that of the digits that it holds.
            let mut twin = book.clone();
            twin.apply(&faulty).unwrap();
            faulty.proof = BookProof::Crc32(!twin.checksum());
            let is_found = matches!(book.apply(&faulty), Err(BookFault::Checksum { .. }));
            prop_assert!(is_found);
            prop_assert_eq!(book.top(usize::MAX), before);
            prop_assert_eq!(book.depth(), depth);
            // And it goes on from a whole one.
            faulty.proof = BookProof::None;
            faulty.snapshot = true;
            prop_assert_eq!(book.apply(&faulty), Ok(Applied::Done));
        }

        #[test]
        fn a_book_is_a_map_of_prices(changes in proptest::collection::vec((any::<bool>(), 0..50_i64, 0..4_i64), 0..200)) {
            let mut book = Book::default();
            book.apply(&update(true, &[], &[])).unwrap();
            let mut bids = BTreeMap::new();
            let mut asks = BTreeMap::new();
            for (is_bid, step, size) in changes {
                // Bids below 100 and asks above it never cross.
                let price = Decimal::from(if is_bid { 50 + step } else { 101 + step });
                let level = Level { price, size: Decimal::from(size) };
                let mut change = BookUpdate::default();
                let side = if is_bid { change.bids.push(level); &mut bids } else { change.asks.push(level); &mut asks };
                if size == 0 { side.remove(&price); } else { side.insert(price, level.size); }
                prop_assert_eq!(book.apply(&change), Ok(Applied::Done));
            }
            let flat = |levels: Vec<&Level>| levels.into_iter().map(|level| (level.price, level.size)).collect::<Vec<_>>();
            prop_assert_eq!(flat(book.bids().collect()), bids.into_iter().rev().collect::<Vec<_>>());
            prop_assert_eq!(flat(book.asks().collect()), asks.into_iter().collect::<Vec<_>>());
        }
    }
}
