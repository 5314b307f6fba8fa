//! Reading JSON of which it is known how its writer usually writes it: keys in one order, no white space, no escapes.
//!
//! A [`Usual`] goes over such a text once and builds nothing on the way. Each step gives `None` where the text goes on in
//! any other way, valid or not: then it is to be read anew by somebody who takes everything. What a step does give is
//! exactly what that reader would find there.

use super::number::scan_json;
use crate::domain::Decimal;

/// Digits that a whole number has at the most here: any number of so many fits into 63 bits.
const WHOLE_DIGITS_MAX: usize = 18;

/// A place in a text.
#[derive(Debug, Clone)]
pub struct Usual<'a> {
    text: &'a str,
    at: usize,
}

impl<'a> Usual<'a> {
    /// At the beginning of a text.
    #[must_use]
    pub fn new(text: &'a str) -> Self {
        Self { text, at: 0 }
    }

    /// Passes exactly this.
    #[inline]
    pub fn pass(&mut self, expected: &str) -> Option<()> {
        let end = self.at.checked_add(expected.len())?;
        let found = self.text.as_bytes().get(self.at..end)?;
        (found == expected.as_bytes()).then(|| self.at = end)
    }

    /// Passes exactly this if it comes next; whether it did.
    #[inline]
    pub fn takes(&mut self, expected: &str) -> bool {
        self.pass(expected).is_some()
    }

    /// The text up to the next quote, which is passed too. It holds no escape, and nothing that needs one.
    #[inline]
    pub fn text(&mut self) -> Option<&'a str> {
        let rest = self.text.as_bytes().get(self.at..)?;
        let is_special = |byte: &u8| matches!(byte, b'"' | b'\\' | 0..=0x1f);
        let length = rest.iter().position(is_special)?;
        if rest.get(length) != Some(&b'"') {
            return None;
        }
        let start = self.at;
        self.at += length + 1;
        self.text.get(start..start + length)
    }

    /// A number as JSON writes it, if it can be kept exactly.
    #[inline]
    pub fn number(&mut self) -> Option<Decimal> {
        let scanned = scan_json(self.text.as_bytes(), self.at)?;
        self.at = scanned.end;
        scanned.value.ok()
    }

    /// The same up to a quote, which is passed too.
    #[inline]
    pub fn quoted_number(&mut self) -> Option<Decimal> {
        let number = self.number()?;
        self.pass("\"")?;
        Some(number)
    }

    /// A whole number that is not negative, of at most 18 digits.
    #[inline]
    pub fn whole(&mut self) -> Option<u64> {
        let rest = self.text.as_bytes().get(self.at..)?;
        let mut value = 0;
        let mut length = 0;
        while let Some(digit) = rest.get(length).map(|byte| byte.wrapping_sub(b'0')) {
            if digit > 9 {
                break;
            }
            if length == WHOLE_DIGITS_MAX {
                return None;
            }
            value = value * 10 + u64::from(digit);
            length += 1;
        }
        let has_leading_zero = length > 1 && rest.first() == Some(&b'0');
        // Not a number with a fraction or an exponent, which is another one.
        let goes_on = matches!(rest.get(length), Some(b'.' | b'e' | b'E'));
        if length == 0 || has_leading_zero || goes_on {
            return None;
        }
        self.at += length;
        Some(value)
    }

    /// The same, signed.
    #[inline]
    pub fn whole_signed(&mut self) -> Option<i64> {
        i64::try_from(self.whole()?).ok()
    }

    /// `true` or `false`.
    #[inline]
    pub fn flag(&mut self) -> Option<bool> {
        if self.takes("true") {
            return Some(true);
        }
        self.pass("false").map(|()| false)
    }

    /// Everything that follows.
    #[inline]
    #[must_use]
    pub fn rest(&self) -> Option<&'a str> {
        self.text.get(self.at..)
    }

    /// Nothing more may follow.
    #[inline]
    #[must_use]
    pub fn end(&self) -> Option<()> {
        (self.at == self.text.len()).then_some(())
    }
}

#[cfg(test)]
#[allow(clippy::unwrap_used, reason = "a test may stop at the first surprise")]
mod tests {
    use proptest::prelude::*;

    use super::*;

    #[test]
    fn an_object_is_read_in_its_usual_order() {
        let mut usual = Usual::new(r#"{"s":"é","p":"1.50","t":7,"m":true,"n":false}"#);
        usual.pass("{\"s\":\"").unwrap();
        assert_eq!(usual.text(), Some("é"));
        usual.pass(",\"p\":\"").unwrap();
        assert_eq!(usual.quoted_number().unwrap().to_string(), "1.50");
        assert!(!usual.takes(",\"x\":") && usual.takes(",\"t\":"));
        assert_eq!(usual.whole(), Some(7));
        usual.pass(",\"m\":").unwrap();
        assert_eq!(usual.flag(), Some(true));
        usual.pass(",\"n\":").unwrap();
        assert_eq!(usual.flag(), Some(false));
        assert_eq!(usual.end(), None);
        usual.pass("}").unwrap();
        assert_eq!(usual.end(), Some(()));
        assert_eq!(usual.pass("}"), None);
        assert_eq!(usual.text(), None);
    }

    #[test]
    fn what_is_written_otherwise_is_left_to_others() {
        for text in ["a", "a\\\"b\"", "a\nb\"", "", "é"] {
            assert_eq!(Usual::new(text).text(), None, "{text:?}");
        }
        for text in [
            "",
            "-1",
            "01",
            "1.0",
            "1e3",
            "1E3",
            "+1",
            "x",
            "1234567890123456789",
        ] {
            assert_eq!(Usual::new(text).whole(), None, "{text:?}");
        }
        assert_eq!(
            Usual::new("999999999999999999").whole_signed(),
            Some(999_999_999_999_999_999)
        );
        for text in ["", "\"", "1", "1 \"", "NaN\"", "1e400\"", "0x1\"", " 1\""] {
            assert_eq!(Usual::new(text).quoted_number(), None, "{text:?}");
        }
        for text in ["", "True", "tru", "null", "1"] {
            assert_eq!(Usual::new(text).flag(), None, "{text:?}");
        }
    }

    proptest! {
        #[test]
        fn what_is_found_is_what_serde_finds(text in "[-0-9.eE]{1,22}", string in ".{0,12}") {
            let mut usual = Usual::new(&text);
            if let (Some(number), Some(())) = (usual.whole(), usual.end()) {
                prop_assert_eq!(serde_json::from_str::<u64>(&text).unwrap(), number);
            }
            let written = serde_json::to_string(&string).unwrap();
            let mut usual = Usual::new(&written);
            usual.pass("\"").unwrap();
            if let (Some(found), Some(())) = (usual.text(), usual.end()) {
                prop_assert_eq!(found, string);
            }
        }
    }
}
