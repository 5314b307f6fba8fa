//! What venues' JSON is made of: values that serde reads without losing a digit.
//!
//! They work with `serde_json` alone, because they look at the text of a value. Internally tagged or untagged enums and
//! flattened fields must not hold them: serde keeps those in a tree of its own, in which the text is gone.

use serde::de::{Deserialize, Deserializer, Error};
use serde_json::value::RawValue;

use super::number::{NumberError, parse_json};
use super::quoted;
use crate::domain::Decimal;
use crate::domain::book::Level;
use crate::domain::time::UnixMs;

/// A number with the digits that it came in with, whether it stands in quotes or not. What cannot be kept exactly, and
/// what is no number, is refused.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Exact(pub Decimal);

impl<'de> Deserialize<'de> for Exact {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        let raw = <&RawValue>::deserialize(deserializer)?.get();
        let text = raw
            .strip_prefix('"')
            .and_then(|rest| rest.strip_suffix('"'))
            .unwrap_or(raw);
        number_of(text).map(Self)
    }
}

/// The same of a venue that puts all its numbers in quotes, which are quicker to read.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Quoted(pub Decimal);

impl<'de> Deserialize<'de> for Quoted {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        struct Digits;
        impl serde::de::Visitor<'_> for Digits {
            type Value = Quoted;
            fn expecting(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
                f.write_str("a number in quotes")
            }
            fn visit_str<E: Error>(self, text: &str) -> Result<Quoted, E> {
                number_of(text).map(Quoted)
            }
        }
        deserializer.deserialize_str(Digits)
    }
}

fn number_of<E: Error>(text: &str) -> Result<Decimal, E> {
    parse_json(text).map_err(|error: NumberError| E::custom(format!("{} {error}", quoted(text))))
}

/// A level as most venues write it: a list that begins with price and size.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct PriceSize(pub Level);

impl<'de> Deserialize<'de> for PriceSize {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        struct Pair;
        impl<'de> serde::de::Visitor<'de> for Pair {
            type Value = PriceSize;
            fn expecting(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
                f.write_str("a list of price and size")
            }
            fn visit_seq<A: serde::de::SeqAccess<'de>>(
                self,
                mut list: A,
            ) -> Result<PriceSize, A::Error> {
                let price: Exact = list
                    .next_element()?
                    .ok_or_else(|| A::Error::invalid_length(0, &self))?;
                let size: Exact = list
                    .next_element()?
                    .ok_or_else(|| A::Error::invalid_length(1, &self))?;
                while list.next_element::<serde::de::IgnoredAny>()?.is_some() {}
                Ok(PriceSize(Level {
                    price: price.0,
                    size: size.0,
                }))
            }
        }
        deserializer.deserialize_seq(Pair)
    }
}

/// Epoch milliseconds of an RFC 3339 text; what is finer is cut off. `None` when it is none.
#[must_use]
pub fn rfc3339(text: &str) -> Option<UnixMs> {
    chrono::DateTime::parse_from_rfc3339(text)
        .ok()
        .map(|time| UnixMs(time.timestamp_millis()))
}

#[cfg(test)]
#[allow(clippy::unwrap_used, reason = "a test may stop at the first surprise")]
mod tests {
    use super::*;

    fn exact(text: &str) -> Result<String, serde_json::Error> {
        serde_json::from_str::<Exact>(text).map(|number| number.0.to_string())
    }

    #[test]
    fn numbers_keep_their_digits_in_quotes_and_out_of_them() {
        for (text, expected) in [
            ("0.00100000", "0.00100000"),
            ("\"0.00100000\"", "0.00100000"),
            ("45283.5", "45283.5"),
            ("1e-08", "0.00000001"),
            ("18446744073709551616", "18446744073709551616"),
        ] {
            assert_eq!(exact(text).unwrap(), expected, "{text}");
        }
        for text in [
            "\"\"", "\"x\"", "1e400", "\"NaN\"", "NaN", "null", "true", "[]", "\"0x10\"", "\" 1\"",
        ] {
            assert!(exact(text).is_err(), "{text}");
        }
    }

    #[test]
    fn numbers_that_are_to_stand_in_quotes_keep_their_digits() {
        let read = |text: &str| serde_json::from_str::<Quoted>(text).map(|number| number.0);
        assert_eq!(read("\"0.00100000\"").unwrap().to_string(), "0.00100000");
        for text in ["\"\"", "\"x\"", "\"NaN\"", "\" 1\"", "1.5", "null", "[]"] {
            assert!(read(text).is_err(), "{text}");
        }
        let error = read("\"1x\"").unwrap_err().to_string();
        assert!(error.contains("\"1x\" is no number"), "{error}");
    }

    #[test]
    fn a_level_is_a_list_that_begins_with_price_and_size() {
        let level: PriceSize = serde_json::from_str("[\"10.50\", 3, \"0\", \"1\"]").unwrap();
        assert_eq!(level.0.price.to_string(), "10.50");
        assert_eq!(level.0.size.to_string(), "3");
        assert!(serde_json::from_str::<PriceSize>("[1]").is_err());
        assert!(serde_json::from_str::<PriceSize>("{}").is_err());
    }

    #[test]
    fn times_are_cut_to_milliseconds() {
        assert_eq!(
            rfc3339("1970-01-01T00:00:01.234567891Z"),
            Some(UnixMs(1234))
        );
        assert_eq!(rfc3339("1970-01-01T01:00:00+01:00"), Some(UnixMs(0)));
        assert_eq!(rfc3339("yesterday"), None);
    }
}
