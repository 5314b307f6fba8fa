//! Plain types that every layer shares: no I/O, no clock, no threads.
//!
//! Prices and sizes are exact decimals that keep the digits they arrived with (`0.00100000` stays so);
//! times are epoch milliseconds in UTC ([`time::UnixMs`]) until somebody wants to read them.

pub mod bar;
pub mod book;
pub mod clock;
pub mod column;
pub mod event;
pub mod file_table;
pub mod format;
pub mod indicator;
pub mod news;
pub mod outcome;
pub mod quote;
pub mod source;
pub mod symbol;
pub mod table;
pub mod time;
pub mod trade;

/// An exact decimal with up to 28 significant digits that keeps its trailing zeros.
pub use rust_decimal::Decimal;

/// The nearest floating-point number to an exact decimal: right to the last bit for up to fifteen digits, which is
/// what analysis and drawing need. Faster than the decimal's own conversion, which every bar would pay five times.
#[must_use]
pub fn to_f64(decimal: Decimal) -> f64 {
    /// All powers of ten that a floating-point number holds exactly.
    const POWERS_OF_TEN: [f64; 23] = [
        1e0, 1e1, 1e2, 1e3, 1e4, 1e5, 1e6, 1e7, 1e8, 1e9, 1e10, 1e11, 1e12, 1e13, 1e14, 1e15, 1e16,
        1e17, 1e18, 1e19, 1e20, 1e21, 1e22,
    ];
    let parts = decimal.unpack();
    let magnitude = match (parts.hi, POWERS_OF_TEN.get(parts.scale as usize)) {
        (0, Some(power)) => ((u64::from(parts.mid) << 32) | u64::from(parts.lo)) as f64 / power,
        _ => decimal.mantissa().unsigned_abs() as f64 / 10f64.powi(parts.scale.cast_signed()),
    };
    if parts.negative {
        -magnitude
    } else {
        magnitude
    }
}

#[cfg(test)]
#[allow(clippy::unwrap_used, reason = "a test may stop at the first surprise")]
mod tests {
    use proptest::prelude::*;

    use super::*;

    proptest! {
        #[test]
        fn conversion_agrees_with_reading_the_text(mantissa in -999_999_999_999_999_i64..=999_999_999_999_999, scale in 0_u32..=15) {
            let decimal = Decimal::new(mantissa, scale);
            let read: f64 = decimal.to_string().parse().unwrap();
            prop_assert_eq!(to_f64(decimal), read);
        }
    }

    #[test]
    fn numbers_beyond_that_are_close() {
        for text in [
            "1234567890123456789012345678",
            "0.0000000000000000000000000001",
            "-79228162514264337593543950335",
        ] {
            let exact: f64 = text.parse().unwrap();
            let converted = to_f64(text.parse().unwrap());
            assert!(
                ((converted - exact) / exact).abs() < 1e-14,
                "{text}: {converted}"
            );
        }
    }
}
