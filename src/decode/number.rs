//! Number text to exact decimals.
//!
//! Digits are kept as written, trailing zeros included: `0.00100000` stays so. An exponent is worked in exactly or
//! refused. A decimal has no negative zero: `-0` is read as `0`, `-0.00` as `0.00`.

use crate::domain::Decimal;

/// Significant digits, and decimal places, that an exact decimal holds.
pub const DIGITS_MAX: usize = 28;

/// Why a text is no number that can be kept exactly.
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
pub enum NumberError {
    /// It is no decimal number at all.
    #[error("is no number")]
    NotANumber,
    /// It has more significant digits than are kept.
    #[error("has more than {DIGITS_MAX} significant digits")]
    TooManyDigits,
    /// Its last digit is too far behind the point.
    #[error("has more than {DIGITS_MAX} decimal places")]
    TooManyPlaces,
    /// Its exponent makes it too large.
    #[error("is too large")]
    TooLarge,
}

/// What a number may look like.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Grammar {
    /// As JSON defines it.
    Json,
    /// As spreadsheets write it: also `+1`, `.5`, `1.` and `007`.
    Loose,
}

/// A number found in a text: where it ends, and its value if that can be kept.
pub(super) struct Scanned {
    pub(super) end: usize,
    pub(super) value: Result<Decimal, NumberError>,
}

/// Reads the JSON number that begins at `start`; `None` when there is none.
#[inline]
pub(super) fn scan_json(bytes: &[u8], start: usize) -> Option<Scanned> {
    scan(bytes, start, Grammar::Json)
}

/// Reads a whole text as a number, as JSON writes them.
///
/// # Errors
/// When it is none, or none that can be kept exactly.
pub fn parse_json(text: &str) -> Result<Decimal, NumberError> {
    match scan_json(text.as_bytes(), 0) {
        Some(scanned) if scanned.end == text.len() => scanned.value,
        _ => Err(NumberError::NotANumber),
    }
}

/// Reads a whole text as a number, as spreadsheets write them.
///
/// # Errors
/// When it is none, or none that can be kept exactly.
pub fn parse(text: &str) -> Result<Decimal, NumberError> {
    match scan(text.as_bytes(), 0, Grammar::Loose) {
        Some(scanned) if scanned.end == text.len() => scanned.value,
        _ => Err(NumberError::NotANumber),
    }
}

#[inline]
fn scan(bytes: &[u8], start: usize, grammar: Grammar) -> Option<Scanned> {
    let loose = grammar == Grammar::Loose;
    let mut at = start;
    let negative = match bytes.get(at) {
        Some(b'-') => {
            at += 1;
            true
        }
        Some(b'+') if loose => {
            at += 1;
            false
        }
        _ => false,
    };
    let whole_start = at;
    // Wraps on long numbers, which are read again with care.
    let mut mantissa: u64 = 0;
    at = digits(bytes, at, &mut mantissa);
    let whole = at - whole_start;
    if !loose && (whole == 0 || (whole > 1 && bytes[whole_start] == b'0')) {
        return None;
    }
    let mut places = 0;
    if bytes.get(at) == Some(&b'.') {
        let places_start = at + 1;
        at = digits(bytes, places_start, &mut mantissa);
        places = at - places_start;
        if places == 0 && !loose {
            return None;
        }
    }
    if whole + places == 0 {
        return None;
    }
    if matches!(bytes.get(at), Some(b'e' | b'E')) {
        return scan_exponent(bytes, whole_start, at, places, negative);
    }
    // Every number of 19 digits fits in 64 bits.
    let value = if whole + places <= 19 {
        Ok(Decimal::from_parts(
            mantissa as u32,
            (mantissa >> 32) as u32,
            0,
            negative,
            places as u32,
        ))
    } else {
        exact(&bytes[whole_start..at], places as i64, negative)
    };
    Some(Scanned { end: at, value })
}

#[inline]
fn digits(bytes: &[u8], mut at: usize, mantissa: &mut u64) -> usize {
    while let Some(digit) = bytes.get(at).map(|byte| byte.wrapping_sub(b'0')) {
        if digit > 9 {
            break;
        }
        *mantissa = mantissa.wrapping_mul(10).wrapping_add(u64::from(digit));
        at += 1;
    }
    at
}

/// The exponent at `at`, after a number that began at `number_start` and has `places` decimal places.
#[cold]
fn scan_exponent(
    bytes: &[u8],
    number_start: usize,
    at: usize,
    places: usize,
    negative: bool,
) -> Option<Scanned> {
    let mut end = at + 1;
    let below_one = bytes.get(end) == Some(&b'-');
    if matches!(bytes.get(end), Some(b'-' | b'+')) {
        end += 1;
    }
    let exponent_start = end;
    let mut exponent: i64 = 0;
    while let Some(digit) = bytes.get(end).filter(|byte| byte.is_ascii_digit()) {
        exponent = exponent
            .saturating_mul(10)
            .saturating_add(i64::from(digit - b'0'))
            .min(1_000_000);
        end += 1;
    }
    if end == exponent_start {
        return None;
    }
    let exponent = if below_one { -exponent } else { exponent };
    let value = exact(&bytes[number_start..at], places as i64 - exponent, negative);
    Some(Scanned { end, value })
}

/// The value of digits with at most one point among them, the last digit `places` behind the point (negative: before).
#[cold]
fn exact(digits: &[u8], places: i64, negative: bool) -> Result<Decimal, NumberError> {
    let mut significant = 0_usize;
    let mut mantissa: u128 = 0;
    for byte in digits.iter().filter(|byte| byte.is_ascii_digit()) {
        if significant == 0 && *byte == b'0' {
            continue;
        }
        significant += 1;
        if significant > DIGITS_MAX {
            return Err(NumberError::TooManyDigits);
        }
        mantissa = mantissa * 10 + u128::from(byte - b'0');
    }
    if mantissa == 0 {
        let places = places.max(0);
        let places = if places > DIGITS_MAX as i64 {
            0
        } else {
            places
        };
        return Ok(Decimal::from_parts(0, 0, 0, false, places as u32));
    }
    if places > DIGITS_MAX as i64 {
        return Err(NumberError::TooManyPlaces);
    }
    let scale = places.max(0) as u32;
    let zeros = (-places).max(0) as usize;
    if significant + zeros > DIGITS_MAX {
        return Err(NumberError::TooLarge);
    }
    mantissa *= 10_u128.pow(zeros as u32);
    Ok(Decimal::from_parts(
        mantissa as u32,
        (mantissa >> 32) as u32,
        (mantissa >> 64) as u32,
        negative,
        scale,
    ))
}

#[cfg(test)]
#[allow(clippy::unwrap_used, reason = "a test may stop at the first surprise")]
mod tests {
    use super::*;
    use proptest::prelude::*;

    fn json(text: &str) -> Option<Result<String, NumberError>> {
        let scanned = scan_json(text.as_bytes(), 0)?;
        (scanned.end == text.len()).then(|| scanned.value.map(|value| value.to_string()))
    }

    #[test]
    fn digits_are_kept() {
        for (text, expected) in [
            ("0", "0"),
            ("228.0", "228.0"),
            ("0.00100000", "0.00100000"),
            ("-12.50", "-12.50"),
            ("-0", "0"),
            ("-0.00", "0.00"),
            ("9999999999999999999", "9999999999999999999"),
            ("18446744073709551616.5", "18446744073709551616.5"),
            (
                "1234567890123456789012345678",
                "1234567890123456789012345678",
            ),
            (
                "0.1234567890123456789012345678",
                "0.1234567890123456789012345678",
            ),
            ("1e3", "1000"),
            ("1.5E+2", "150"),
            ("1.50e1", "15.0"),
            ("2e-8", "0.00000002"),
            ("0e400", "0"),
            ("0e-400", "0"),
        ] {
            assert_eq!(json(text), Some(Ok(expected.to_owned())), "{text}");
        }
    }

    #[test]
    fn what_cannot_be_kept_exactly_is_refused() {
        for (text, expected) in [
            ("12345678901234567890123456789", NumberError::TooManyDigits),
            ("1.2345678901234567890123456789", NumberError::TooManyDigits),
            (
                "0.00000000000000000000000000001",
                NumberError::TooManyPlaces,
            ),
            ("1e-400", NumberError::TooManyPlaces),
            ("1e400", NumberError::TooLarge),
            ("1e99999999999999999999", NumberError::TooLarge),
            ("5e28", NumberError::TooLarge),
        ] {
            assert_eq!(json(text), Some(Err(expected)), "{text}");
        }
        for text in [
            "", "-", "+1", "01", ".5", "1.", "1e", "1e+", "0x10", "NaN", "1_000", "1,5",
        ] {
            assert_eq!(json(text), None, "{text}");
        }
    }

    #[test]
    fn spreadsheets_may_write_a_little_more() {
        for (text, expected) in [("+1.5", "1.5"), (".5", "0.5"), ("1.", "1"), ("007", "7")] {
            assert_eq!(parse(text).unwrap().to_string(), expected, "{text}");
        }
        for text in [
            "", ".", "-", "NaN", "inf", "1 000", "1,5", "0x10", "1e400", "٣",
        ] {
            assert!(parse(text).is_err(), "{text}");
        }
    }

    proptest! {
        #[test]
        fn numbers_go_through_digit_by_digit(
            whole in "0|[1-9][0-9]{0,13}",
            fraction in proptest::option::of("[0-9]{1,14}"),
            negative: bool,
        ) {
            let sign = if negative { "-" } else { "" };
            let text = match &fraction {
                Some(fraction) => format!("{sign}{whole}.{fraction}"),
                None => format!("{sign}{whole}"),
            };
            let is_zero = text.bytes().all(|byte| !(b'1'..=b'9').contains(&byte));
            let expected = if is_zero { text.trim_start_matches('-').to_owned() } else { text.clone() };
            prop_assert_eq!(json(&text), Some(Ok(expected)));
        }

        #[test]
        fn exponents_give_the_value_that_they_mean(mantissa in 1..100_000_000_i64, places in 0..9_u32, exponent in -9..9_i32) {
            let written = format!("{}e{exponent}", Decimal::new(mantissa, places));
            let plain = if exponent < 0 {
                Decimal::new(mantissa, places + exponent.unsigned_abs())
            } else {
                Decimal::new(mantissa, places) * Decimal::from(10_i64.pow(exponent.unsigned_abs()))
            };
            prop_assert_eq!(scan_json(written.as_bytes(), 0).unwrap().value, Ok(plain));
        }
    }
}
