//! Bars: one interval's open, high, low, close and volume.

use super::Decimal;
use super::time::UnixMs;

/// A bar as it was delivered. What the source left out is `None`.
///
/// The interval that it covers follows from its time and the source's
/// [`BarStamp`](super::source::BarStamp).
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
pub struct Ohlcv {
    /// First price of the interval.
    pub open: Option<Decimal>,
    /// Highest price of the interval.
    pub high: Option<Decimal>,
    /// Lowest price of the interval.
    pub low: Option<Decimal>,
    /// Last price of the interval.
    pub close: Option<Decimal>,
    /// Units traded in the interval.
    pub volume: Option<Decimal>,
}

/// A bar from before the stream began.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct PastBar {
    /// Start of the interval.
    pub start: UnixMs,
    /// The bar.
    pub bar: Ohlcv,
}

/// A complete bar in the form that history, indicators and charts work on.
#[derive(Debug, Clone, Copy, PartialEq)]
pub struct Candle {
    /// Start of the interval.
    pub start: UnixMs,
    /// First price.
    pub open: f64,
    /// Highest price.
    pub high: f64,
    /// Lowest price.
    pub low: f64,
    /// Last price.
    pub close: f64,
    /// Units traded; NaN when the source gave none.
    pub volume: f64,
}

impl Candle {
    /// Units traded, as far as they are known: what is summed up.
    #[must_use]
    pub fn known_volume(&self) -> f64 {
        if self.volume.is_nan() {
            0.0
        } else {
            self.volume
        }
    }

    /// Whether the other says the same. What both do not know is the same.
    #[must_use]
    pub fn is_same(&self, other: &Self) -> bool {
        let figures = |it: &Self| [it.open, it.high, it.low, it.close, it.volume];
        let is_equal = |(one, other): (f64, f64)| {
            one.to_bits() == other.to_bits() || (one.is_nan() && other.is_nan())
        };
        let mut pairs = figures(self).into_iter().zip(figures(other));
        self.start == other.start && pairs.all(is_equal)
    }
}

/// Two volumes together; NaN, which is not known, only when neither is known.
#[must_use]
pub fn add_volumes(one: f64, other: f64) -> f64 {
    match (one.is_nan(), other.is_nan()) {
        (true, _) => other,
        (_, true) => one,
        _ => one + other,
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_is_not_known_adds_nothing_and_is_the_same_as_itself() {
        for (one, other, both) in [
            (1.0, 2.0, Some(3.0)),
            (f64::NAN, 2.0, Some(2.0)),
            (1.0, f64::NAN, Some(1.0)),
            (f64::NAN, f64::NAN, None),
        ] {
            let sum = add_volumes(one, other);
            assert_eq!((!sum.is_nan()).then_some(sum), both);
        }
        let bar = |volume: f64| Candle {
            start: UnixMs(0),
            open: 1.0,
            high: 1.0,
            low: 1.0,
            close: 1.0,
            volume,
        };
        assert!(bar(f64::NAN).is_same(&bar(f64::NAN)));
        assert!(!bar(f64::NAN).is_same(&bar(0.0)));
        assert!(bar(1.0).is_same(&bar(1.0)) && !bar(1.0).is_same(&bar(2.0)));
        let other = Candle {
            close: 2.0,
            ..bar(1.0)
        };
        assert!(!bar(1.0).is_same(&other));
    }
}
