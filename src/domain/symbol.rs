//! Names of instruments, and the numbers that stand for them inside the engine.

use std::fmt;
use std::sync::Arc;

use thiserror::Error;

use super::source::SourceName;

/// The longest symbol that is taken, in bytes.
pub const SYMBOL_BYTES_MAX: usize = 64;

/// A symbol as its source writes it (`AAPL`, `BTC/USD`), checked at construction.
#[derive(Clone, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct Symbol(Arc<str>);

/// Why a text is no symbol.
#[derive(Debug, Clone, PartialEq, Eq, Error)]
pub enum SymbolError {
    /// The text is empty.
    #[error("a symbol cannot be empty")]
    Empty,
    /// The text is longer than [`SYMBOL_BYTES_MAX`].
    #[error("a symbol has at most {SYMBOL_BYTES_MAX} bytes, this one has {0}")]
    TooLong(usize),
    /// The text holds a character that no symbol has.
    #[error("a symbol cannot contain {0:?}")]
    Character(char),
}

impl Symbol {
    /// Checks `text` and makes it a symbol.
    ///
    /// # Errors
    /// Empty or over-long texts, and those with white space, control or invisible characters, `,` or `@`.
    pub fn new(text: &str) -> Result<Self, SymbolError> {
        Self::check(text)?;
        Ok(Self(Arc::from(text)))
    }

    fn check(text: &str) -> Result<(), SymbolError> {
        if text.is_empty() {
            return Err(SymbolError::Empty);
        }
        if text.len() > SYMBOL_BYTES_MAX {
            return Err(SymbolError::TooLong(text.len()));
        }
        match text
            .chars()
            .find(|&c| c.is_whitespace() || matches!(c, ',' | '@') || !is_visible(c))
        {
            Some(c) => Err(SymbolError::Character(c)),
            None => Ok(()),
        }
    }

    /// The symbol's text.
    #[must_use]
    pub fn as_str(&self) -> &str {
        &self.0
    }
}

/// Whether a character shows as itself: no control character, bidi override or zero-width mark.
#[must_use]
pub fn is_visible(c: char) -> bool {
    !c.is_control()
        && !matches!(c, '\u{00ad}' | '\u{061c}' | '\u{200b}'..='\u{200f}' | '\u{2028}'..='\u{202e}'
            | '\u{2060}'..='\u{206f}' | '\u{feff}' | '\u{fff9}'..='\u{fffb}' | '\u{e0000}'..='\u{e007f}')
}

impl fmt::Display for Symbol {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.pad(&self.0)
    }
}

impl fmt::Debug for Symbol {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        fmt::Debug::fmt(&*self.0, f)
    }
}

impl std::borrow::Borrow<str> for Symbol {
    fn borrow(&self) -> &str {
        &self.0
    }
}

impl std::str::FromStr for Symbol {
    type Err = SymbolError;
    fn from_str(text: &str) -> Result<Self, SymbolError> {
        Self::new(text)
    }
}

/// What a person types to name a symbol: `AAPL`, or `AAPL@replay` for that source's alone.
#[derive(Debug, Clone, PartialEq, Eq, Hash)]
pub struct SymbolSpec {
    /// The bare symbol.
    pub symbol: Symbol,
    /// The source meant; `None` is every source.
    pub source: Option<SourceName>,
}

impl std::str::FromStr for SymbolSpec {
    type Err = SymbolError;
    fn from_str(text: &str) -> Result<Self, SymbolError> {
        let (symbol, source) = match text.split_once('@') {
            Some((symbol, source)) if !source.is_empty() => (symbol, Some(SourceName::new(source))),
            Some((symbol, _)) => (symbol, None),
            None => (text, None),
        };
        Ok(Self {
            symbol: Symbol::new(symbol)?,
            source,
        })
    }
}

impl fmt::Display for SymbolSpec {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match &self.source {
            Some(source) => write!(f, "{}@{source}", self.symbol),
            None => write!(f, "{}", self.symbol),
        }
    }
}

/// Stands for one subscribed symbol of one source, for as long as it is subscribed.
///
/// Numbers are dense, start at zero and are never used again in one run, so they index tables.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct SymbolId(pub u32);

impl SymbolId {
    /// The place of this symbol in a table.
    #[must_use]
    pub fn index(self) -> usize {
        self.0 as usize
    }
}

/// What a symbol in the data is to the engine.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Resolution {
    /// It is subscribed.
    Subscribed(SymbolId),
    /// Nobody wants it.
    Ignored,
    /// It would be subscribed, but there are as many symbols as there may be.
    Full,
    /// It cannot be a symbol.
    Invalid(SymbolError),
}

#[cfg(test)]
#[allow(clippy::unwrap_used, reason = "a test may stop at the first surprise")]
mod tests {
    use super::*;

    #[test]
    fn symbols_are_checked() {
        for good in ["AAPL", "BTC/USD", "BRK.B", "^GSPC", "../../x", "日経"] {
            assert!(Symbol::new(good).is_ok(), "{good}");
        }
        assert_eq!(Symbol::new(""), Err(SymbolError::Empty));
        assert_eq!(
            Symbol::new(&"A".repeat(10_000)),
            Err(SymbolError::TooLong(10_000))
        );
        for (bad, c) in [
            ("A B", ' '),
            ("A\u{1b}[31m", '\u{1b}'),
            ("A\u{202e}B", '\u{202e}'),
            ("A@B", '@'),
            ("A,B", ','),
        ] {
            assert_eq!(Symbol::new(bad), Err(SymbolError::Character(c)), "{bad:?}");
        }
    }

    #[test]
    fn a_spec_may_name_its_source() {
        let spec: SymbolSpec = "TSLA@sim".parse().unwrap();
        assert_eq!(spec.symbol.as_str(), "TSLA");
        assert_eq!(spec.source.unwrap().as_str(), "sim");
        let bare: SymbolSpec = "TSLA".parse().unwrap();
        assert_eq!(bare.source, None);
    }
}
