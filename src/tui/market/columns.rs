//! Exact numbers under each other.

use ratatui::buffer::Buffer;
use ratatui::style::Style;

use super::super::text::{put, width};
use crate::domain::Decimal;

/// How the quantities of one column are written: all with the same unit, and with the decimals that the smallest of them
/// needs, as far as there is room.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
pub struct QuantityFormat {
    /// Which of [`UNITS`].
    unit: usize,
    decimals: u32,
}

const UNITS: [&str; 5] = ["", "k", "M", "B", "T"];
/// Quantities of so many columns are written out.
const EXACT_COLUMNS: u32 = 10;
/// The most columns of those that are rounded, point and all.
const ROUNDED_COLUMNS: u32 = 12;
/// Longer numbers before the point have a unit.
const WHOLE_DIGITS: u32 = 9;
/// Digits that are left of each.
const DIGITS_MIN: i32 = 4;

/// Digits before the point; zero and less when it begins with so many zeros after it.
fn whole_digits(value: Decimal) -> i32 {
    let digits = value.mantissa().unsigned_abs().checked_ilog10();
    digits.map_or(0, |digits| digits as i32 + 1) - value.scale() as i32
}

impl QuantityFormat {
    /// The one for these quantities.
    #[must_use]
    pub fn of(values: impl IntoIterator<Item = Decimal>) -> Self {
        let (mut most, mut least, mut scale) = (1, i32::MAX, 0);
        for value in values {
            let value = value.normalize();
            if value.is_zero() {
                continue;
            }
            most = most.max(whole_digits(value));
            least = least.min(whole_digits(value));
            scale = scale.max(value.scale());
        }
        let whole = most as u32;
        if whole <= WHOLE_DIGITS && (scale == 0 || whole + 1 + scale <= EXACT_COLUMNS) {
            return Self {
                unit: 0,
                decimals: scale,
            };
        }
        let unit = match whole {
            0..=WHOLE_DIGITS => 0,
            // As small as six digits before the point allow.
            longer => ((longer as usize - 4) / 3).min(UNITS.len() - 1),
        };
        let shift = 3 * unit as u32;
        let left = whole.saturating_sub(shift);
        let wanted = (DIGITS_MIN - least.saturating_sub(shift as i32)).max(2) as u32;
        let room = ROUNDED_COLUMNS.saturating_sub(left + 1);
        Self {
            unit,
            decimals: wanted.min(room).min(scale + shift),
        }
    }

    /// A quantity in this format.
    #[must_use]
    pub fn text(self, value: Decimal) -> String {
        let factor = Decimal::from(1_000_u64.pow(self.unit as u32));
        let scaled = value.checked_div(factor).unwrap_or(value);
        let mut rounded = scaled.round_dp(self.decimals);
        let unit = UNITS[self.unit];
        if rounded.is_zero() && !value.is_zero() {
            return format!("<{}{unit}", Decimal::new(1, self.decimals));
        }
        if self.unit == 0 {
            rounded = rounded.normalize();
        } else {
            rounded.rescale(self.decimals);
        }
        format!("{rounded}{unit}")
    }
}

/// Room for numbers that stand under each other at their points. It only grows, so that columns stand still.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
pub struct NumberRoom {
    /// Columns before the point.
    pub whole: usize,
    /// Columns from the point on.
    pub fraction: usize,
}

fn point(text: &str) -> usize {
    text.find('.').unwrap_or(text.len())
}

impl NumberRoom {
    /// Grows so that the number fits.
    pub fn fit(&mut self, text: &str) {
        let at = point(text);
        self.whole = self.whole.max(width(&text[..at]));
        self.fraction = self.fraction.max(width(&text[at..]));
    }

    /// Grows so that a word of so many columns fits above the numbers.
    pub fn fit_word(&mut self, columns: usize) {
        self.whole = self.whole.max(columns.saturating_sub(self.fraction));
    }

    /// Both parts together.
    #[must_use]
    pub fn total(self) -> usize {
        self.whole + self.fraction
    }

    /// Writes a number at its point; one that does not fit is left out, never cut.
    pub fn put(self, buffer: &mut Buffer, x: u16, y: u16, text: &str, style: Style) {
        let at = point(text);
        let before = self.whole.saturating_sub(width(&text[..at]));
        if before + width(text) <= self.total() {
            let room = width(text) as u16;
            put(
                buffer,
                x.saturating_add(before as u16),
                y,
                room,
                text,
                style,
            );
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_quantities_of_a_column_are_written_alike() {
        for (values, expected) in [
            (
                &["0.00100000", "1200.50", "100"][..],
                &["0.001", "1200.5", "100"][..],
            ),
            (
                &["2857.4021648", "1506.71567531", "1224.84", "100"],
                &["2857.4", "1506.72", "1224.84", "100"],
            ),
            (
                &["1506.71567531", "0.00123456"],
                &["1506.715675", "0.001235"],
            ),
            (&["1012345678.9", "432337948.65"], &["1012.35M", "432.34M"]),
            (&["1012345678", "12"], &["1012.345678M", "0.000012M"]),
            (&["123456789012345", "0.1"], &["123456.78901B", "<0.00001B"]),
            (&["1000", "2500", "20000"], &["1000", "2500", "20000"]),
            (&["0.000000000001236", "3"], &["<0.0000000001", "3"]),
            (&["0"], &["0"]),
        ] {
            let values: Vec<Decimal> = values
                .iter()
                .map(|text| text.parse().unwrap_or_default())
                .collect();
            let format = QuantityFormat::of(values.iter().copied());
            let texts: Vec<String> = values.iter().map(|it| format.text(*it)).collect();
            assert_eq!(texts, expected);
        }
        for value in [Decimal::MAX, Decimal::MIN, Decimal::new(1, 28)] {
            let both = [value, Decimal::new(1, 28)];
            for value in both {
                let text = QuantityFormat::of(both).text(value);
                assert!(text.len() < 40, "{text}");
            }
        }
    }
}
