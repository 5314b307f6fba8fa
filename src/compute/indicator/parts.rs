//! What several indicators are made of.

use crate::domain::bar::Candle;

/// A quotient; `None` where there is none.
pub(super) fn ratio(numerator: f64, denominator: f64) -> Option<f64> {
    let quotient = numerator / denominator;
    (denominator != 0.0 && quotient.is_finite()).then_some(quotient)
}

/// The mean of a bar's high, low and close.
pub(super) fn typical_price(candle: &Candle) -> f64 {
    (candle.high + candle.low + candle.close) / 3.0
}

/// An average that goes a part of the way to each new item: `average + weight × (item − average)`, which begins as the
/// mean of the first `length` items.
#[derive(Debug, Clone)]
pub(super) struct Smoother {
    length: usize,
    weight: f64,
    seen: usize,
    average: f64,
}

impl Smoother {
    /// The exponential average: a weight of 2 ÷ (length + 1).
    pub(super) fn exponential(length: usize) -> Self {
        Self::new(length, 2.0 / (length as f64 + 1.0))
    }

    /// Wilder's average: a weight of 1 ÷ length.
    pub(super) fn wilder(length: usize) -> Self {
        Self::new(length, 1.0 / length as f64)
    }

    fn new(length: usize, weight: f64) -> Self {
        Self {
            length,
            weight,
            seen: 0,
            average: 0.0,
        }
    }

    /// Takes the next item.
    pub(super) fn push(&mut self, item: f64) {
        let weight = if self.seen < self.length {
            self.seen += 1;
            1.0 / self.seen as f64
        } else {
            self.weight
        };
        self.average += (item - self.average) * weight;
    }

    /// The average; `None` until there have been `length` items.
    pub(super) fn average(&self) -> Option<f64> {
        (self.seen == self.length).then_some(self.average)
    }

    /// How many items it takes until there is an average.
    pub(super) fn length(&self) -> usize {
        self.length
    }

    /// Forgets everything.
    pub(super) fn clear(&mut self) {
        self.seen = 0;
        self.average = 0.0;
    }
}

/// Wilder's true range: from the highest to the lowest of a bar's prices and the close before it.
pub(super) fn true_range(candle: &Candle, close_before: f64) -> f64 {
    candle.high.max(close_before) - candle.low.min(close_before)
}

#[cfg(test)]
#[allow(clippy::unwrap_used, reason = "a test may stop at the first surprise")]
mod tests {
    use super::*;

    #[test]
    fn an_average_is_the_weighted_sum_of_all_items() {
        let items: Vec<f64> = (0_i32..300).map(|at| f64::from(at * 37 % 101)).collect();
        for (mut smoother, weight) in [
            (Smoother::exponential(9), 0.2_f64),
            (Smoother::wilder(9), 1.0 / 9.0),
        ] {
            for (at, item) in items.iter().enumerate() {
                assert_eq!(smoother.average().is_some(), at >= 9);
                smoother.push(*item);
            }
            let mut expected = items[..9].iter().sum::<f64>() / 9.0 * (1.0 - weight).powi(291);
            for (age, item) in items[9..].iter().rev().enumerate() {
                expected += weight * (1.0 - weight).powi(age as i32) * item;
            }
            assert!((smoother.average().unwrap() - expected).abs() < 1e-9);
        }
    }

    #[test]
    fn a_division_by_zero_has_no_value() {
        assert_eq!(ratio(1.0, 0.0), None);
        assert_eq!(ratio(0.0, 0.0), None);
        assert_eq!(ratio(1e300, 1e-300), None);
        assert_eq!(ratio(1.0, 2.0), Some(0.5));
    }

    #[test]
    fn a_true_range_reaches_to_the_close_before() {
        let candle = Candle {
            start: crate::domain::time::UnixMs(0),
            open: 10.0,
            high: 12.0,
            low: 9.0,
            close: 11.0,
            volume: 1.0,
        };
        for (close_before, range) in [(10.0, 3.0), (14.0, 5.0), (7.0, 5.0)] {
            assert!((true_range(&candle, close_before) - range).abs() < 1e-12);
        }
    }
}
