//! Strings, whose escapes are worked out only when somebody wants the value.

use std::borrow::Cow;

use super::Syntax;

/// A string as it stands in the text.
#[derive(Debug, Clone, Copy)]
pub(in super::super) struct Text<'a> {
    pub(super) raw: &'a str,
    pub(super) at: usize,
    pub(super) escaped: bool,
}

impl<'a> Text<'a> {
    /// The string's value. Borrowed unless it holds escapes.
    #[inline]
    pub(in super::super) fn value(self) -> Result<Cow<'a, str>, Syntax> {
        if self.escaped {
            self.unescape().map(Cow::Owned)
        } else {
            Ok(Cow::Borrowed(self.raw))
        }
    }

    /// The escapes themselves have been checked by the scanner; only surrogates can still be wrong.
    #[cold]
    fn unescape(self) -> Result<String, Syntax> {
        let surrogate = Syntax {
            at: self.at,
            reason: "a string holds half of a surrogate pair",
        };
        let mut value = String::with_capacity(self.raw.len());
        let mut rest = self.raw;
        while let Some((plain, after)) = rest.split_once('\\') {
            value.push_str(plain);
            let mut chars = after.chars();
            match chars.next() {
                Some('b') => value.push('\u{8}'),
                Some('f') => value.push('\u{c}'),
                Some('n') => value.push('\n'),
                Some('r') => value.push('\r'),
                Some('t') => value.push('\t'),
                Some('u') => {
                    let unit = |text: &str| {
                        text.get(..4)
                            .and_then(|hex| u32::from_str_radix(hex, 16).ok())
                    };
                    let first = unit(chars.as_str()).ok_or(surrogate)?;
                    chars.nth(3);
                    let code = if (0xd800..0xdc00).contains(&first) {
                        let low = chars.as_str().strip_prefix("\\u").and_then(unit);
                        let low = low
                            .filter(|low| (0xdc00..0xe000).contains(low))
                            .ok_or(surrogate)?;
                        chars.nth(5);
                        0x10000 + ((first - 0xd800) << 10) + (low - 0xdc00)
                    } else {
                        first
                    };
                    value.push(char::from_u32(code).ok_or(surrogate)?);
                }
                Some(other) => value.push(other),
                None => return Err(surrogate),
            }
            rest = chars.as_str();
        }
        value.push_str(rest);
        Ok(value)
    }
}
