//! Numbers, times and texts as JSON.

use chrono::{DateTime, Datelike, Timelike};
use chrono_tz::Tz;

use crate::domain::Decimal;
use crate::domain::symbol::is_visible;
use crate::domain::time::{MINUTE_MS, UnixMs, ZoneClock};

/// Appends a whole number.
pub fn push_integer(buffer: &mut Vec<u8>, value: i64) {
    if value < 0 {
        buffer.push(b'-');
    }
    push_digits(buffer, value.unsigned_abs(), 1);
}

/// Appends a whole number that is not negative.
pub fn push_whole(buffer: &mut Vec<u8>, value: u64) {
    push_digits(buffer, value, 1);
}

/// Appends a number with at least `width` digits.
fn push_digits(buffer: &mut Vec<u8>, mut value: u64, width: usize) {
    let mut digits = [b'0'; 20];
    let mut at = digits.len();
    while value > 0 {
        at -= 1;
        digits[at] = b'0' + (value % 10) as u8;
        value /= 10;
    }
    buffer.extend_from_slice(&digits[at.min(digits.len() - width)..]);
}

/// Appends a decimal with the digits that it came with.
pub fn push_decimal(buffer: &mut Vec<u8>, value: Decimal) {
    let mantissa = value.mantissa();
    if mantissa < 0 || value.is_sign_negative() {
        buffer.push(b'-');
    }
    let Ok(digits) = u64::try_from(mantissa.unsigned_abs()) else {
        // Larger than any price; the slow way will do.
        return buffer.extend_from_slice(value.abs().to_string().as_bytes());
    };
    let scale = value.scale() as usize;
    let Some(unit) = (scale > 0).then(|| 10_u64.checked_pow(scale as u32)) else {
        return push_digits(buffer, digits, 1);
    };
    let (whole, fraction) = match unit {
        Some(unit) => (digits / unit, digits % unit),
        None => (0, digits),
    };
    push_digits(buffer, whole, 1);
    buffer.push(b'.');
    if scale > 20 {
        buffer.extend(std::iter::repeat_n(b'0', scale - 20));
    }
    push_digits(buffer, fraction, scale.min(20));
}

/// Appends a number with as many digits as it takes to read the same one back; `null` for what is no number.
pub fn push_float(buffer: &mut Vec<u8>, value: Option<f64>) {
    match value.and_then(serde_json::Number::from_f64) {
        Some(number) => buffer.extend_from_slice(number.to_string().as_bytes()),
        None => buffer.extend_from_slice(b"null"),
    }
}

/// Appends a text in quotes. What could steer a terminal is escaped, which changes nothing for a reader of JSON.
pub fn push_text(buffer: &mut Vec<u8>, text: &str) {
    buffer.push(b'"');
    let is_plain = |byte: u8| matches!(byte, b' '..=b'~') && byte != b'"' && byte != b'\\';
    if text.bytes().all(is_plain) {
        buffer.extend_from_slice(text.as_bytes());
    } else {
        text.chars().for_each(|c| push_char(buffer, c));
    }
    buffer.push(b'"');
}

fn push_char(buffer: &mut Vec<u8>, c: char) {
    match c {
        '"' => buffer.extend_from_slice(b"\\\""),
        '\\' => buffer.extend_from_slice(b"\\\\"),
        '\n' => buffer.extend_from_slice(b"\\n"),
        '\r' => buffer.extend_from_slice(b"\\r"),
        '\t' => buffer.extend_from_slice(b"\\t"),
        c if is_visible(c) => {
            buffer.extend_from_slice(c.encode_utf8(&mut [0; 4]).as_bytes());
        }
        c => {
            const HEX: &[u8; 16] = b"0123456789abcdef";
            for unit in c.encode_utf16(&mut [0; 2]) {
                buffer.extend_from_slice(b"\\u");
                for shift in [12, 8, 4, 0] {
                    buffer.push(HEX[usize::from(*unit >> shift & 0xf)]);
                }
            }
        }
    }
}

/// Writes times of one zone as RFC 3339, remembering the last: a stream's times repeat from symbol to symbol.
#[derive(Debug)]
pub struct TimeWriter {
    zone: Tz,
    clock: ZoneClock,
    last: Option<UnixMs>,
    last_text: Vec<u8>,
}

impl TimeWriter {
    /// A writer for `zone`.
    pub fn new(zone: Tz) -> Self {
        Self {
            zone,
            clock: ZoneClock::new(zone),
            last: None,
            last_text: Vec::new(),
        }
    }

    /// Appends a time in quotes, with milliseconds only where they are not zero; `null` outside the calendar.
    pub fn push(&mut self, buffer: &mut Vec<u8>, time: UnixMs) {
        if self.last != Some(time) {
            self.last = Some(time);
            self.last_text.clear();
            self.render(time);
        }
        buffer.extend_from_slice(&self.last_text);
    }

    fn render(&mut self, time: UnixMs) {
        let offset_ms = self.clock.offset_ms(time);
        let local = DateTime::from_timestamp_millis(time.0.saturating_add(offset_ms));
        let text = &mut self.last_text;
        let (Some(local), Some(zoned)) = (local, time.in_zone(self.zone)) else {
            return text.extend_from_slice(b"null");
        };
        // Years of other than four digits, and the offsets of long ago that hold seconds, are chrono's business.
        if !(0..=9999).contains(&local.year()) || offset_ms % MINUTE_MS != 0 {
            return text.extend_from_slice(format!("\"{}\"", zoned.to_rfc3339()).as_bytes());
        }
        let mut part = |before: u8, value: u32, width: usize| {
            text.push(before);
            push_digits(text, u64::from(value), width);
        };
        part(b'"', local.year().unsigned_abs(), 4);
        part(b'-', local.month(), 2);
        part(b'-', local.day(), 2);
        part(b'T', local.hour(), 2);
        part(b':', local.minute(), 2);
        part(b':', local.second(), 2);
        let ms = local.timestamp_subsec_millis();
        if ms != 0 {
            part(b'.', ms, 3);
        }
        let offset_minutes = (offset_ms / MINUTE_MS).unsigned_abs() as u32;
        part(
            if offset_ms < 0 { b'-' } else { b'+' },
            offset_minutes / 60,
            2,
        );
        part(b':', offset_minutes % 60, 2);
        text.push(b'"');
    }
}

#[cfg(test)]
#[allow(clippy::unwrap_used, reason = "a test may stop at the first surprise")]
mod tests {
    use super::*;
    use chrono_tz::America::New_York;
    use proptest::prelude::*;

    fn written(write: impl FnOnce(&mut Vec<u8>)) -> String {
        let mut buffer = Vec::new();
        write(&mut buffer);
        String::from_utf8(buffer).unwrap()
    }

    fn time(ms: i64) -> String {
        written(|buffer| TimeWriter::new(New_York).push(buffer, UnixMs(ms)))
    }

    #[test]
    fn times_are_new_yorks_with_milliseconds_where_there_are_any() {
        for (ms, expected) in [
            (1_720_522_800_000, "\"2024-07-09T07:00:00-04:00\""),
            (1_720_522_800_007, "\"2024-07-09T07:00:00.007-04:00\""),
            (1_710_053_999_000, "\"2024-03-10T01:59:59-05:00\""),
            (1_710_054_000_000, "\"2024-03-10T03:00:00-04:00\""),
            (1_730_610_000_000, "\"2024-11-03T01:00:00-04:00\""),
            (1_730_613_600_000, "\"2024-11-03T01:00:00-05:00\""),
            (-1, "\"1969-12-31T18:59:59.999-05:00\""),
            (i64::MAX, "null"),
            (i64::MIN, "null"),
        ] {
            assert_eq!(time(ms), expected);
        }
    }

    #[test]
    fn texts_are_escaped() {
        for (text, expected) in [
            ("plain ~", "\"plain ~\""),
            ("a\"b\\c", "\"a\\\"b\\\\c\""),
            (
                "\u{1b}[31m\n\t\r\u{0}\u{7f}",
                "\"\\u001b[31m\\n\\t\\r\\u0000\\u007f\"",
            ),
            ("日本 🦀 é", "\"日本 🦀 é\""),
            ("\u{9b}x\u{202e}", "\"\\u009bx\\u202e\""),
            ("\u{e0001}", "\"\\udb40\\udc01\""),
        ] {
            assert_eq!(written(|buffer| push_text(buffer, text)), expected);
        }
    }

    #[test]
    fn decimals_keep_their_digits() {
        for text in [
            "0",
            "0.00100000",
            "199.79",
            "1521",
            "-3.50",
            "0.0",
            "-0.001",
            "18446744073709551615",
            "79228162514264337593543950335",
            "0.0000000000000000000000000001",
            "-7922816251426433759354395033.5",
            "1.0000000000000000000",
            "0.00000000000000000000000015",
        ] {
            let value: Decimal = text.parse().unwrap();
            assert_eq!(written(|buffer| push_decimal(buffer, value)), text);
        }
    }

    proptest! {
        #[test]
        fn decimals_agree_with_the_library(mantissa in any::<i64>(), scale in 0_u32..=28) {
            let value = Decimal::from_i128_with_scale(i128::from(mantissa), scale);
            prop_assert_eq!(written(|buffer| push_decimal(buffer, value)), value.to_string());
        }

        #[test]
        fn texts_are_read_back_as_they_were(text in any::<String>()) {
            let json = written(|buffer| push_text(buffer, &text));
            prop_assert_eq!(serde_json::from_str::<String>(&json).unwrap(), text);
        }

        #[test]
        fn times_agree_with_the_library(ms in -5_000_000_000_000_i64..5_000_000_000_000) {
            let seconds = ms / 1000 * 1000;
            let expected = UnixMs(seconds).new_york().unwrap().to_rfc3339();
            prop_assert_eq!(time(seconds), format!("\"{expected}\""));
        }
    }
}
