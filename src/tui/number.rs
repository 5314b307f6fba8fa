//! Numbers as they are read: signs, thousands, units, ages.

use super::text::UNKNOWN;

/// A finite number with a fixed number of digits after the point; the minus sign is as wide as the plus.
#[must_use]
pub fn fixed(value: f64, digits: usize) -> String {
    if !value.is_finite() {
        return UNKNOWN.to_owned();
    }
    let text = format!("{:.digits$}", value.abs());
    if value < 0.0 && text.bytes().any(|byte| (b'1'..=b'9').contains(&byte)) {
        format!("−{text}")
    } else {
        text
    }
}

/// The same with a plus before what is above zero.
#[must_use]
pub fn signed(value: f64, digits: usize) -> String {
    let text = fixed(value, digits);
    if value > 0.0 && text.bytes().any(|byte| (b'1'..=b'9').contains(&byte)) {
        format!("+{text}")
    } else {
        text
    }
}

/// A quantity with at most four digits and a unit: `512`, `1.5k`, `21.4M`.
#[must_use]
pub fn compact(value: f64) -> String {
    if !value.is_finite() {
        return UNKNOWN.to_owned();
    }
    let size = value.abs();
    if size < 999.5 {
        let is_whole = size.fract() == 0.0 || size >= 100.0;
        return fixed(value, usize::from(!is_whole));
    }
    for (limit, unit) in [(1e6, "k"), (1e9, "M"), (1e12, "B"), (f64::INFINITY, "T")] {
        if size < limit * 0.999_95 {
            let scale = if limit.is_finite() { limit / 1e3 } else { 1e12 };
            return format!("{}{unit}", fixed(value / scale, 1));
        }
    }
    fixed(value, 0)
}

/// A count with commas: `10,000`.
#[must_use]
pub fn grouped(count: usize) -> String {
    let digits = count.to_string();
    let mut text = String::with_capacity(digits.len() + digits.len() / 3);
    for (at, digit) in digits.chars().enumerate() {
        if at > 0 && (digits.len() - at).is_multiple_of(3) {
            text.push(',');
        }
        text.push(digit);
    }
    text
}

/// Bytes with a unit: `812 B`, `3.1 MB`.
#[must_use]
pub fn bytes(value: f64) -> String {
    let size = value.max(0.0);
    for (limit, unit) in [(1e3, "B"), (1e6, "kB"), (1e9, "MB"), (1e12, "GB")] {
        if size < limit * 0.9995 {
            let scaled = size / (limit / 1e3);
            let digits = usize::from(unit != "B" && scaled < 99.95);
            return format!("{} {unit}", fixed(scaled, digits));
        }
    }
    format!("{} TB", fixed(size / 1e12, 1))
}

/// A latency given in microseconds: `38 µs`, `1.2 ms`, `2.5 s`.
#[must_use]
pub fn latency(us: f64) -> String {
    if !us.is_finite() || us <= 0.0 {
        return UNKNOWN.to_owned();
    }
    if us < 999.5 {
        format!("{us:.0} µs")
    } else if us < 999_500.0 {
        format!("{:.1} ms", us / 1e3)
    } else {
        format!("{:.1} s", us / 1e6)
    }
}

/// An age given in milliseconds, in at most five columns: `now`, `12s`, `4m12`, `3h05`, `2d`.
#[must_use]
pub fn age(ms: i64) -> String {
    let seconds = ms / 1000;
    match seconds {
        i64::MIN..=0 => "now".to_owned(),
        1..=59 => format!("{seconds}s"),
        60..=3_599 => format!("{}m{:02}", seconds / 60, seconds % 60),
        3_600..=86_399 => format!("{}h{:02}", seconds / 3_600, seconds % 3_600 / 60),
        _ => format!("{}d", (seconds / 86_400).min(9_999)),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn counts_have_commas() {
        for (count, text) in [
            (0, "0"),
            (999, "999"),
            (1_000, "1,000"),
            (1_234_567, "1,234,567"),
        ] {
            assert_eq!(grouped(count), text);
        }
    }

    #[test]
    fn signs() {
        assert_eq!(signed(1.305, 2), "+1.30");
        assert_eq!(signed(-4.98, 2), "−4.98");
        assert_eq!(signed(0.0, 2), "0.00");
        assert_eq!(signed(-0.001, 2), "0.00");
        assert_eq!(signed(0.001, 2), "0.00");
        assert_eq!(fixed(f64::NAN, 2), "–");
    }

    #[test]
    fn units() {
        for (value, text) in [
            (0.0, "0"),
            (0.5, "0.5"),
            (512.0, "512"),
            (999.4, "999"),
            (999.9, "1.0k"),
            (1521.0, "1.5k"),
            (21_400_000.0, "21.4M"),
            (999_999.0, "1.0M"),
            (3.1e12, "3.1T"),
            (4e15, "4000.0T"),
        ] {
            assert_eq!(compact(value), text);
        }
        assert_eq!(bytes(812.0), "812 B");
        assert_eq!(bytes(3_100_000.0), "3.1 MB");
        assert_eq!(bytes(999_999.0), "1.0 MB");
        assert_eq!(latency(38.2), "38 µs");
        assert_eq!(latency(1_240.0), "1.2 ms");
        assert_eq!(latency(0.0), "–");
    }

    #[test]
    fn ages() {
        for (ms, text) in [
            (-5, "now"),
            (900, "now"),
            (12_300, "12s"),
            (252_000, "4m12"),
            (11_100_000, "3h05"),
            (200_000_000, "2d"),
            (i64::MAX, "9999d"),
        ] {
            assert_eq!(age(ms), text);
        }
    }
}
