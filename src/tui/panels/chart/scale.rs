//! From prices to places: the price scale, its round steps, and how numbers are written beside it.

use crate::domain::bar::Candle;

/// Room above and below the visible prices, as a share of their range.
const MARGIN: f64 = 0.05;
/// More decimals than this say nothing on a chart.
const DECIMALS_MAX: usize = 10;
/// Steps that are counted beyond this are no longer exact numbers.
const COUNT_MAX: f64 = 1e12;

/// Maps prices to the height of a plot.
#[derive(Debug, Clone, Copy, PartialEq)]
pub struct PriceScale {
    low: f64,
    high: f64,
}

impl PriceScale {
    /// A scale that shows `low` to `high` with a margin; where there is no range, one is made around the price.
    #[must_use]
    pub fn around(low: f64, high: f64) -> Self {
        // Half of everything: the distance of two finite prices must be finite too.
        let limit = f64::MAX / 8.0;
        let (low, high) = (low.clamp(-limit, limit), high.clamp(-limit, limit));
        let (low, high) = if low.is_nan() || high.is_nan() {
            (0.0, 0.0)
        } else {
            (low.min(high), low.max(high))
        };
        let size = low.abs().max(high.abs());
        let range = high - low;
        let margin = if range > size * 1e-9 {
            range * MARGIN
        } else if size > f64::MIN_POSITIVE * 1e6 {
            size * 1e-3
        } else {
            1.0
        };
        Self {
            low: low - margin,
            high: high + margin,
        }
    }

    /// A scale from zero to `largest`, without a margin.
    #[must_use]
    pub fn from_zero(largest: f64) -> Self {
        Self {
            low: 0.0,
            high: largest.clamp(f64::MIN_POSITIVE, f64::MAX),
        }
    }

    /// A scale from one value to a greater one, without a margin.
    #[must_use]
    pub fn between(low: f64, high: f64) -> Self {
        if low < high {
            Self { low, high }
        } else {
            Self::around(low, high)
        }
    }

    /// The lowest price on the scale.
    #[must_use]
    pub fn low(&self) -> f64 {
        self.low
    }

    /// The highest price on the scale.
    #[must_use]
    pub fn high(&self) -> f64 {
        self.high
    }

    /// Whether `price` is on the scale.
    #[must_use]
    pub fn contains(&self, price: f64) -> bool {
        self.low <= price && price <= self.high
    }

    /// Which of `parts` equal parts of the height holds `price`, counted from the top; prices beyond the scale are
    /// at its ends.
    #[must_use]
    pub fn part(&self, price: f64, parts: u16) -> u16 {
        let from_top = (self.high - price) / (self.high - self.low);
        let part = (from_top * f64::from(parts)).floor();
        // A cast from a float stops at the ends of the range, and takes what is no number as zero.
        (part as u16).min(parts.saturating_sub(1))
    }

    /// The price in the middle of one of `parts` equal parts of the height, counted from the top.
    #[must_use]
    pub fn price_at(&self, part: u16, parts: u16) -> f64 {
        let from_top = (f64::from(part) + 0.5) / f64::from(parts.max(1));
        self.high - from_top * (self.high - self.low)
    }

    /// Round prices (1, 2 or 5 times a power of ten apart) at least `rows_apart` rows from one another.
    #[must_use]
    pub fn ticks(&self, rows: u16, rows_apart: u16) -> Ticks {
        let nothing = Ticks {
            prices: Vec::new(),
            decimals: 0,
        };
        if rows == 0 {
            return nothing;
        }
        let wanted = (self.high - self.low) * f64::from(rows_apart.max(1)) / f64::from(rows);
        let exponent = wanted.log10().floor();
        if !exponent.is_finite() {
            return nothing;
        }
        let (factor, exponent) = [1.0, 2.0, 5.0]
            .into_iter()
            .find(|factor| factor * power_of_ten(exponent) >= wanted)
            .map_or((1.0, exponent + 1.0), |factor| (factor, exponent));
        let step = factor * power_of_ten(exponent);
        // A step that the scale just reaches must not be lost to the last digit of a division.
        let first = (self.low / step - 1e-6).ceil();
        let last = (self.high / step + 1e-6).floor();
        if !first.is_finite() || !last.is_finite() || first.abs().max(last.abs()) > COUNT_MAX {
            return nothing;
        }
        Ticks {
            prices: (first as i64..=last as i64)
                .map(|count| {
                    // Dividing by a power of ten that is exact gives the nearest number to the decimal.
                    if exponent < 0.0 {
                        count as f64 * factor / power_of_ten(-exponent)
                    } else {
                        count as f64 * step
                    }
                })
                .collect(),
            decimals: ((-exponent).max(0.0) as usize).min(DECIMALS_MAX),
        }
    }
}

fn power_of_ten(exponent: f64) -> f64 {
    10_f64.powi(exponent as i32)
}

/// Round prices along an axis.
#[derive(Debug, Clone, PartialEq)]
pub struct Ticks {
    /// Lowest first.
    pub prices: Vec<f64>,
    /// Decimals that tell them apart.
    pub decimals: usize,
}

/// The decimals that these prices have: nearly all of them, or cents where most are in cents.
///
/// Average prices and midpoints among prices in cents do not make every number longer.
#[must_use]
pub fn decimals_of(candles: &[Candle]) -> usize {
    let prices = || {
        candles
            .iter()
            .flat_map(|candle| [candle.open, candle.close])
    };
    let count = prices().count();
    let exact = |decimals: usize| {
        let factor = power_of_ten(decimals as f64);
        prices()
            .map(|price| price * factor)
            .filter(|scaled| (scaled - scaled.round()).abs() <= scaled.abs() * 1e-9 + 1e-6)
            .count()
    };
    let needed = (0..8)
        .find(|&decimals| exact(decimals) * 50 >= count * 49)
        .unwrap_or(8);
    let has_cents = prices().all(|price| price.abs() >= 1.0) && exact(2) * 5 >= count * 3;
    if has_cents { needed.min(2) } else { needed }
}

/// The decimals of an axis: enough for its steps, and cents where prices have them.
#[must_use]
pub fn axis_decimals(step_decimals: usize, price_decimals: usize, size: f64) -> usize {
    if size < 1.0 {
        step_decimals.max(price_decimals)
    } else if size < 10_000.0 {
        step_decimals.max(price_decimals.min(2))
    } else {
        step_decimals
    }
}

/// A number with its sign as it is shown (`−0.42`), never a negative zero.
#[must_use]
pub fn signed(value: f64, decimals: usize, minus: char) -> String {
    let digits = format!("{:.decimals$}", value.abs());
    if digits.bytes().all(|byte| matches!(byte, b'0' | b'.')) {
        digits
    } else if value < 0.0 {
        format!("{minus}{digits}")
    } else {
        format!("+{digits}")
    }
}

/// A price as it is shown, never a negative zero.
#[must_use]
pub fn price_text(price: f64, decimals: usize) -> String {
    let text = format!("{price:.decimals$}");
    match text.strip_prefix('-') {
        Some(digits) if digits.bytes().all(|byte| matches!(byte, b'0' | b'.')) => digits.to_owned(),
        _ => text,
    }
}

/// A volume in three digits or so: `0.0123`, `427`, `1.52K`, `21.4M`.
#[must_use]
pub fn volume_text(volume: f64) -> String {
    const UNITS: [(f64, &str); 5] = [(1.0, ""), (1e3, "K"), (1e6, "M"), (1e9, "B"), (1e12, "T")];
    let size = volume.abs();
    if size >= 999.5e12 {
        return format!("{volume:.0e}");
    }
    let (unit, name) = UNITS
        .into_iter()
        .rev()
        .find(|(unit, _)| size >= unit * 0.9995)
        .unwrap_or(UNITS[0]);
    let scaled = volume / unit;
    let decimals = match scaled.abs() {
        ..0.0995 => 4,
        ..9.995 => 2,
        ..99.95 => 1,
        _ => 0,
    };
    let text = format!("{scaled:.decimals$}");
    if name.is_empty() && decimals > 0 {
        let digits = text.trim_end_matches('0').trim_end_matches('.');
        return if digits.is_empty() { "0" } else { digits }.to_owned();
    }
    text + name
}

#[cfg(test)]
#[path = "scale_tests.rs"]
mod tests;
