//! The newest items of a fixed number, and what they come to together: a sum, a mean with its variance, extremes.
//!
//! Nothing is ever taken away from a sum, so that no error of rounding stays behind: the items are kept in a ring; each
//! time it has gone round, what its items come to from each place to the end is summed anew, and what has come since is
//! summed beside it. The window is always one of the former and the latter: two items are merged for each new one, and a
//! window of the same price has a variance of exactly zero.

use std::fmt;

/// What can be put together, from older to newer.
pub(super) trait Merge: Copy + fmt::Debug {
    /// Both together; `older` comes before `newer`.
    fn merge(older: &Self, newer: &Self) -> Self;
}

/// Nothing where any of them is nothing.
impl<T: Merge> Merge for Option<T> {
    fn merge(older: &Self, newer: &Self) -> Self {
        match (older, newer) {
            (Some(older), Some(newer)) => Some(T::merge(older, newer)),
            _ => None,
        }
    }
}

/// The most places that are made before there is something in them.
const PLACES_AHEAD_MAX: usize = 256;

/// The newest `length` items.
#[derive(Debug, Clone)]
pub(super) struct Window<T> {
    length: usize,
    /// Up to `next`: the items of this round. From there on: what the items of the round before come to, from this one on.
    places: Vec<T>,
    next: usize,
    /// What the items of this round come to.
    round: Option<T>,
}

impl<T: Merge> Window<T> {
    /// A window of `length` items; at least one.
    pub(super) fn new(length: usize) -> Self {
        let length = length.max(1);
        Self {
            length,
            places: Vec::with_capacity(length.min(PLACES_AHEAD_MAX)),
            next: 0,
            round: None,
        }
    }

    /// Takes the next item; the oldest one leaves when the window is full.
    pub(super) fn push(&mut self, item: T) {
        match self.places.get_mut(self.next) {
            Some(place) => *place = item,
            None => self.places.push(item),
        }
        self.round = Some(match &self.round {
            Some(round) => T::merge(round, &item),
            None => item,
        });
        self.next += 1;
        if self.next < self.length {
            return;
        }
        let mut from_here = item;
        for place in self.places.iter_mut().rev().skip(1) {
            from_here = T::merge(place, &from_here);
            *place = from_here;
        }
        self.next = 0;
        self.round = None;
    }

    /// What its items come to; `None` until it is full.
    pub(super) fn total(&self) -> Option<T> {
        if self.places.len() < self.length {
            return None;
        }
        let before = self.places.get(self.next)?;
        Some(match &self.round {
            Some(round) => T::merge(before, round),
            None => *before,
        })
    }

    /// How many items it holds when it is full.
    pub(super) fn length(&self) -> usize {
        self.length
    }

    /// Forgets all items.
    pub(super) fn clear(&mut self) {
        self.places.clear();
        self.next = 0;
        self.round = None;
    }
}

/// A sum.
#[derive(Debug, Clone, Copy)]
pub(super) struct Sum(pub(super) f64);

impl Merge for Sum {
    fn merge(older: &Self, newer: &Self) -> Self {
        Self(older.0 + newer.0)
    }
}

impl Window<Sum> {
    /// The mean of its items; `None` until it is full.
    pub(super) fn mean(&self) -> Option<f64> {
        self.total().map(|sum| sum.0 / self.length as f64)
    }
}

impl Window<Option<Sum>> {
    /// The mean of its items; `None` until it is full of known ones.
    pub(super) fn mean(&self) -> Option<f64> {
        self.total().flatten().map(|sum| sum.0 / self.length as f64)
    }
}

/// The highest and the lowest.
#[derive(Debug, Clone, Copy)]
pub(super) struct Extremes {
    pub(super) highest: f64,
    pub(super) lowest: f64,
}

impl Merge for Extremes {
    fn merge(older: &Self, newer: &Self) -> Self {
        Self {
            highest: older.highest.max(newer.highest),
            lowest: older.lowest.min(newer.lowest),
        }
    }
}

/// A mean, and how far the items are from it.
///
/// They are put together as in Chan, Golub and `LeVeque` (1979), which loses no digits where the mean is large and the
/// variance is small.
#[derive(Debug, Clone, Copy)]
pub(super) struct Moments {
    count: f64,
    pub(super) mean: f64,
    /// The sum of the squared distances from the mean.
    squares: f64,
}

impl Moments {
    /// Those of one item.
    pub(super) fn of(item: f64) -> Self {
        Self {
            count: 1.0,
            mean: item,
            squares: 0.0,
        }
    }

    /// The standard deviation of the items themselves.
    pub(super) fn population_deviation(&self) -> f64 {
        (self.squares / self.count).sqrt()
    }

    /// The standard deviation of what the items are a sample of; there have to be two of them.
    pub(super) fn sample_deviation(&self) -> f64 {
        (self.squares / (self.count - 1.0)).sqrt()
    }
}

impl Merge for Moments {
    fn merge(older: &Self, newer: &Self) -> Self {
        let count = older.count + newer.count;
        let distance = newer.mean - older.mean;
        let share = newer.count / count;
        Self {
            count,
            mean: older.mean + distance * share,
            squares: older.squares + newer.squares + distance * distance * older.count * share,
        }
    }
}

#[cfg(test)]
#[allow(clippy::unwrap_used, reason = "a test may stop at the first surprise")]
mod tests {
    use super::*;

    #[test]
    fn a_window_is_the_sum_of_its_newest_items() {
        for length in 1..8 {
            let mut window = Window::new(length);
            for item in 0_usize..50 {
                assert_eq!(window.total().is_some(), item >= length);
                window.push(Sum(item as f64));
                if item + 1 >= length {
                    let expected: usize = (item + 1 - length..=item).sum();
                    assert!((window.total().unwrap().0 - expected as f64).abs() < 1e-12);
                }
            }
            window.clear();
            assert!(window.total().is_none());
        }
    }

    #[test]
    fn what_has_left_leaves_nothing_behind() {
        let mut window = Window::new(3);
        for item in [1e16, 1.0, 1.0, 1.0] {
            window.push(Moments::of(item));
        }
        let moments = window.total().unwrap();
        assert!(moments.mean.to_bits() == 1.0_f64.to_bits(), "{moments:?}");
        assert!(moments.squares.to_bits() == 0, "{moments:?}");
    }

    #[test]
    fn a_price_that_stays_has_no_deviation() {
        let mut window = Window::new(7);
        for _ in 0..40 {
            window.push(Moments::of(0.1));
        }
        let moments = window.total().unwrap();
        assert!(moments.population_deviation().to_bits() == 0);
        assert!(moments.sample_deviation().to_bits() == 0);
    }

    #[test]
    fn one_unknown_item_makes_the_window_unknown_until_it_leaves() {
        let mut window = Window::new(3);
        let known = |window: &Window<Option<Sum>>| window.mean().is_some();
        for item in [Some(1.0), None, Some(2.0), Some(3.0)] {
            window.push(item.map(Sum));
            assert!(!known(&window));
        }
        window.push(Some(Sum(4.0)));
        assert!(known(&window));
    }
}
