//! How closely two symbols move together: the correlation of their returns.

use crate::domain::bar::Candle;

/// At most so many candles that both have are looked at, the newest.
pub const COMMON_MAX: usize = 240;
/// With fewer that both have nothing is said.
pub const COMMON_MIN: usize = 10;
/// So many candles of each are looked through for common ones.
const LOOKED_THROUGH_MAX: usize = 2_000;

/// The times of a symbol's newest candles and the logarithms of their closes, oldest first.
#[derive(Debug, Clone, Default, PartialEq)]
pub struct Series {
    points: Vec<(i64, f64)>,
}

impl Series {
    /// Of candles, oldest first. A close that is not above zero has no logarithm: its candle is left out.
    #[must_use]
    pub fn of(candles: &[Candle]) -> Self {
        let newest = &candles[candles.len().saturating_sub(LOOKED_THROUGH_MAX)..];
        let points = newest
            .iter()
            .filter(|candle| candle.close > 0.0 && candle.close.is_finite())
            .map(|candle| (candle.start.0, candle.close.ln()))
            .collect();
        Self { points }
    }
}

/// A correlation and what it was made of.
#[derive(Debug, Clone, Copy, PartialEq)]
pub struct Correlation {
    /// Pearson's coefficient, from −1 to 1.
    pub coefficient: f64,
    /// How many candles both had of those looked at; their returns are one fewer.
    pub common: usize,
}

/// The correlation of the logarithmic returns from each common candle to the next; `None` with fewer than
/// [`COMMON_MIN`] common candles, and where one of the two does not move at all.
#[must_use]
pub fn correlation(one: &Series, other: &Series) -> Option<Correlation> {
    let common = common(&one.points, &other.points);
    if common.len() < COMMON_MIN {
        return None;
    }
    // Newest first; the sign of both returns turns round, and their correlation stays.
    let returns: Vec<(f64, f64)> = common
        .windows(2)
        .map(|pair| (pair[0].0 - pair[1].0, pair[0].1 - pair[1].1))
        .collect();
    let coefficient = pearson(&returns)?;
    Some(Correlation {
        coefficient,
        common: common.len(),
    })
}

/// The values of both at their newest common times, newest first.
fn common(one: &[(i64, f64)], other: &[(i64, f64)]) -> Vec<(f64, f64)> {
    let (mut left, mut right) = (one.iter().rev().peekable(), other.iter().rev().peekable());
    let mut found = Vec::with_capacity(COMMON_MAX);
    while let (Some(a), Some(b)) = (left.peek(), right.peek()) {
        match a.0.cmp(&b.0) {
            std::cmp::Ordering::Greater => {
                left.next();
            }
            std::cmp::Ordering::Less => {
                right.next();
            }
            std::cmp::Ordering::Equal => {
                found.push((a.1, b.1));
                if found.len() == COMMON_MAX {
                    break;
                }
                left.next();
                right.next();
            }
        }
    }
    found
}

/// Pearson's coefficient of pairs; `None` when one side is always the same.
fn pearson(pairs: &[(f64, f64)]) -> Option<f64> {
    let count = pairs.len() as f64;
    let sum = pairs
        .iter()
        .fold((0.0, 0.0), |sum, pair| (sum.0 + pair.0, sum.1 + pair.1));
    let mean = (sum.0 / count, sum.1 / count);
    let (mut xx, mut yy, mut xy) = (0.0, 0.0, 0.0);
    for pair in pairs {
        let (x, y) = (pair.0 - mean.0, pair.1 - mean.1);
        xx += x * x;
        yy += y * y;
        xy += x * y;
    }
    // Equal returns differ in their last digits after the logarithm: what is left of them is no movement.
    let least = 1e-24 * count;
    if xx <= least || yy <= least {
        return None;
    }
    let coefficient = xy / (xx.sqrt() * yy.sqrt());
    coefficient
        .is_finite()
        .then(|| coefficient.clamp(-1.0, 1.0))
}

#[cfg(test)]
#[allow(clippy::unwrap_used, reason = "a test may stop at the first surprise")]
mod tests {
    use super::*;
    use crate::domain::time::{MINUTE_MS, UnixMs};

    /// Candles of these minutes whose logarithms of closes are these.
    fn series(points: impl IntoIterator<Item = (i64, f64)>) -> Series {
        let candles: Vec<Candle> = points
            .into_iter()
            .map(|(minute, log)| Candle {
                start: UnixMs(minute * MINUTE_MS),
                open: 1.0,
                high: 1.0,
                low: 1.0,
                close: log.exp(),
                volume: 0.0,
            })
            .collect();
        Series::of(&candles)
    }

    fn summed(returns: &[f64]) -> Vec<(i64, f64)> {
        let mut log = 3.0;
        let mut points = vec![(0, log)];
        for (at, step) in returns.iter().enumerate() {
            log += step / 100.0;
            points.push((at as i64 + 1, log));
        }
        points
    }

    #[test]
    fn it_is_what_comes_out_by_hand() {
        // The returns 1…10 and these: Σx = 55, Σy = 39, Σxx = 385, Σyy = 197, Σxy = 263, so that
        // r = (10·263 − 55·39) / √((10·385 − 55²)(10·197 − 39²)) = 485 / √(825 · 449) = 0.796878.
        let x = [1.0, 2.0, 3.0, 4.0, 5.0, 6.0, 7.0, 8.0, 9.0, 10.0];
        let y = [2.0, 1.0, 4.0, 3.0, 2.0, 4.0, 5.0, 3.0, 8.0, 7.0];
        let expected = 485.0 / (825.0_f64 * 449.0).sqrt();
        let found = correlation(&series(summed(&x)), &series(summed(&y))).unwrap();
        assert!((found.coefficient - expected).abs() < 1e-9, "{found:?}");
        assert!((expected - 0.796_878).abs() < 1e-6, "{expected}");
        assert_eq!(found.common, 11);
        let back = correlation(&series(summed(&y)), &series(summed(&x))).unwrap();
        assert!((back.coefficient - expected).abs() < 1e-9);
    }

    #[test]
    fn a_symbol_and_itself_and_its_mirror() {
        let wave: Vec<f64> = (0..60).map(|at| f64::from(at * 7 % 11) - 5.0).collect();
        let mirror: Vec<f64> = wave.iter().map(|step| -2.0 * step).collect();
        let one = series(summed(&wave));
        let same = correlation(&one, &one).unwrap().coefficient;
        let turned = correlation(&one, &series(summed(&mirror)))
            .unwrap()
            .coefficient;
        assert!((same - 1.0).abs() < 1e-12 && (turned + 1.0).abs() < 1e-12);
    }

    #[test]
    fn only_candles_that_both_have_count() {
        let wave: Vec<f64> = (0..60).map(|at| f64::from(at * 7 % 11) - 5.0).collect();
        let all = summed(&wave);
        // The returns between what is left are the same of both.
        let odd = series(all.iter().copied().filter(|(minute, _)| minute % 3 != 1));
        let found = correlation(&series(all), &odd).unwrap();
        assert!((found.coefficient - 1.0).abs() < 1e-12, "{found:?}");
        assert_eq!(found.common, 41);
    }

    #[test]
    fn too_few_and_what_stands_still_say_nothing() {
        let wave: Vec<f64> = (0..8).map(|at| f64::from(at * 7 % 5)).collect();
        let nine = series(summed(&wave));
        assert_eq!(correlation(&nine, &nine), None);
        let wave: Vec<f64> = (0..9).map(|at| f64::from(at * 7 % 5)).collect();
        let ten = series(summed(&wave));
        assert_eq!(correlation(&ten, &ten).unwrap().common, 10);
        let still = series((0..60).map(|minute| (minute, 2.0)));
        let even = series((0..60).map(|minute| (minute, 2.0 + minute as f64 / 100.0)));
        let wave: Vec<f64> = (0..60).map(|at| f64::from(at * 7 % 11)).collect();
        let moving = series(summed(&wave));
        assert_eq!(correlation(&still, &moving), None);
        assert_eq!(correlation(&even, &moving), None);
        assert_eq!(correlation(&Series::default(), &moving), None);
    }

    #[test]
    fn the_newest_are_looked_at_and_impossible_prices_are_not() {
        let wave: Vec<f64> = (0..1_000).map(|at| f64::from(at * 7 % 11) - 5.0).collect();
        let mut mirror = wave.clone();
        // Before the newest 240 they moved against each other.
        for step in &mut mirror[..700] {
            *step = -*step;
        }
        let found = correlation(&series(summed(&wave)), &series(summed(&mirror))).unwrap();
        assert!((found.coefficient - 1.0).abs() < 1e-9, "{found:?}");
        assert_eq!(found.common, COMMON_MAX);
        let candle = |close| Candle {
            start: UnixMs(0),
            open: 1.0,
            high: 1.0,
            low: 1.0,
            close,
            volume: 0.0,
        };
        for close in [0.0, -37.63, f64::NAN, f64::INFINITY] {
            assert_eq!(Series::of(&[candle(close)]), Series::default());
        }
    }
}
