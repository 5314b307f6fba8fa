//! An answer's values as texts, and how much room they need.

use std::borrow::Cow;

use crate::pipeline::question::AnswerCell;

use super::super::super::market::{NumberRoom, beginning};
use super::super::super::text::{UNKNOWN, width};

/// No column gets wider, whatever stands in it.
pub const COLUMNS_MAX: usize = 400;
/// The most digits after the point.
const DECIMALS_MAX: usize = 6;
/// Digits that a number of double precision has for certain.
const DIGITS: usize = 15;

/// Room that a column's values need.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
pub struct Room {
    /// Of its numbers, which stand under each other at their points.
    pub numbers: NumberRoom,
    /// Of everything else.
    pub texts: usize,
}

impl Room {
    /// Grows so that a value fits.
    pub fn fit(&mut self, cell: &AnswerCell) {
        let (whole, fraction) = match cell {
            AnswerCell::Null => (1, 0),
            AnswerCell::Integer(value) => (integer_columns(*value), 0),
            AnswerCell::Float(value) => {
                let Some(parts) = Parts::of(*value) else {
                    self.numbers.fit(&float_text(*value));
                    return;
                };
                parts.columns()
            }
            AnswerCell::Bool(value) => {
                self.texts = self.texts.max(if *value { 4 } else { 5 });
                return;
            }
            AnswerCell::Text(text) | AnswerCell::Time(text) => {
                self.texts = self.texts.max(text_columns(text));
                return;
            }
        };
        self.numbers.whole = self.numbers.whole.max(whole);
        self.numbers.fraction = self.numbers.fraction.max(fraction);
    }

    /// All of it.
    #[must_use]
    pub fn total(self) -> usize {
        self.numbers.total().max(self.texts)
    }
}

/// A value as a text that is safe to draw, in at most so many columns.
#[must_use]
pub fn cell_text(cell: &AnswerCell, columns: usize) -> Cow<'static, str> {
    match cell {
        AnswerCell::Null => Cow::Borrowed(UNKNOWN),
        AnswerCell::Bool(true) => Cow::Borrowed("true"),
        AnswerCell::Bool(false) => Cow::Borrowed("false"),
        AnswerCell::Integer(value) if *value < 0 => {
            Cow::Owned(format!("−{}", value.unsigned_abs()))
        }
        AnswerCell::Integer(value) => Cow::Owned(value.to_string()),
        AnswerCell::Float(value) => Cow::Owned(float_text(*value)),
        AnswerCell::Text(text) | AnswerCell::Time(text) => Cow::Owned(beginning(text, columns)),
    }
}

/// Whether a value stands at its point.
#[must_use]
pub fn is_number(cell: &AnswerCell) -> bool {
    matches!(cell, AnswerCell::Integer(_) | AnswerCell::Float(_))
}

/// A number with at most six digits after the point, as long as it is of a usual size.
#[must_use]
pub fn float_text(value: f64) -> String {
    if !value.is_finite() {
        return UNKNOWN.to_owned();
    }
    let text = match Parts::of(value) {
        Some(parts) => parts.text(),
        None => format!("{:e}", rounded(value.abs())),
    };
    if value < 0.0 && text != "0" {
        format!("−{text}")
    } else {
        text
    }
}

/// With as many digits as are certain.
fn rounded(value: f64) -> f64 {
    let rounded = format!("{value:.9e}").parse().unwrap_or(value);
    // The largest number of all would become too large.
    if f64::is_finite(rounded) {
        rounded
    } else {
        value
    }
}

/// A number of a usual size, split at its point.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
struct Parts {
    is_negative: bool,
    whole: u64,
    fraction: u64,
    /// Digits of the fraction, without zeros at the end.
    decimals: usize,
}

impl Parts {
    /// `None` for what is better written with an exponent, and for what is no number.
    fn of(value: f64) -> Option<Self> {
        let size = value.abs();
        if size == 0.0 {
            return Some(Self {
                is_negative: false,
                whole: 0,
                fraction: 0,
                decimals: 0,
            });
        }
        if !(1e-4..1e15).contains(&size) {
            return None;
        }
        let digits = DIGITS.saturating_sub(digits(size as u64));
        let mut decimals = DECIMALS_MAX.min(digits);
        let mut scale = 10_u64.pow(decimals as u32);
        let mut scaled = (size * scale as f64).round() as u64;
        while decimals > 0 && scaled.is_multiple_of(10) {
            scaled /= 10;
            scale /= 10;
            decimals -= 1;
        }
        Some(Self {
            is_negative: value < 0.0,
            whole: scaled / scale,
            fraction: scaled % scale,
            decimals,
        })
    }

    fn columns(self) -> (usize, usize) {
        let point = usize::from(self.decimals > 0);
        (
            digits(self.whole) + usize::from(self.is_negative),
            self.decimals + point,
        )
    }

    /// Without the sign.
    fn text(self) -> String {
        let Self {
            whole,
            fraction,
            decimals,
            ..
        } = self;
        if decimals == 0 {
            whole.to_string()
        } else {
            format!("{whole}.{fraction:0decimals$}")
        }
    }
}

fn digits(value: u64) -> usize {
    value.checked_ilog10().map_or(1, |log| log as usize + 1)
}

fn integer_columns(value: i64) -> usize {
    digits(value.unsigned_abs()) + usize::from(value < 0)
}

fn text_columns(text: &str) -> usize {
    if text.len() <= COLUMNS_MAX && text.bytes().all(|byte| (0x20..0x7f).contains(&byte)) {
        text.len()
    } else {
        width(&beginning(text, COLUMNS_MAX))
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn numbers_are_short_and_measured_without_being_written() {
        for (value, text) in [
            (0.0, "0"),
            (-0.0, "0"),
            (170.42, "170.42"),
            (-170.5, "−170.5"),
            (0.1 + 0.2, "0.3"),
            (1.0 / 3.0, "0.333333"),
            (999.999_999_9, "1000"),
            (0.001, "0.001"),
            (0.000_012_34, "1.234e-5"),
            (-0.000_012_34, "−1.234e-5"),
            (123_456_789_012.345, "123456789012.345"),
            (99_999_999_999_999.0, "99999999999999"),
            (1e15, "1e15"),
            (1.234_567_890_123e20, "1.23456789e20"),
            (f64::MAX, "1.7976931348623157e308"),
            (f64::NAN, "–"),
        ] {
            assert_eq!(float_text(value), text);
            let mut measured = Room::default();
            measured.fit(&AnswerCell::Float(value));
            let mut written = Room::default();
            written.numbers.fit(text);
            assert_eq!(measured, written, "{text}");
        }
        for value in [0, 9, 10, -1, -10, i64::MAX, i64::MIN] {
            let cell = AnswerCell::Integer(value);
            let mut room = Room::default();
            room.fit(&cell);
            assert_eq!(room.total(), width(&cell_text(&cell, 80)), "{value}");
        }
    }

    #[test]
    fn texts_are_safe_and_bounded() {
        let hostile = AnswerCell::Text("\x1b[2J\u{202e}日本".repeat(10_000).into());
        let mut room = Room::default();
        room.fit(&hostile);
        assert!(room.total() <= COLUMNS_MAX);
        let text = cell_text(&hostile, 20);
        assert!(width(&text) <= 20 && !text.contains('\x1b'));
        assert_eq!(cell_text(&AnswerCell::Null, 5), "–");
    }
}
