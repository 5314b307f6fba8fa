//! Which rows the watchlist is to show: words to look for, or a condition.

use super::super::super::expression::{Expression, ExpressionError, is_expression};
use crate::pipeline::snapshot::Row;

/// A filter as it was typed.
#[derive(Debug, Clone, Default)]
pub struct Filter {
    text: String,
    kind: Kind,
}

/// What a filter's text is.
#[derive(Debug, Clone)]
pub enum Kind {
    /// Words of which each has to be in the symbol or its source, in lower case; none of them shows everything.
    Words(Vec<String>),
    /// A condition that rows have to meet; everything is shown while its shape is wrong.
    Expression(Result<Expression, ExpressionError>),
}

impl Default for Kind {
    fn default() -> Self {
        Self::Words(Vec::new())
    }
}

impl Filter {
    /// The filter that a text means: a condition when it compares something, else words.
    #[must_use]
    pub fn of(text: &str) -> Self {
        let kind = if is_expression(text) {
            Kind::Expression(Expression::parse(text))
        } else {
            Kind::Words(text.split_whitespace().map(str::to_lowercase).collect())
        };
        Self {
            text: text.to_owned(),
            kind,
        }
    }

    /// As it was typed.
    #[must_use]
    pub fn text(&self) -> &str {
        &self.text
    }

    /// What it is.
    #[must_use]
    pub fn kind(&self) -> &Kind {
        &self.kind
    }

    /// Whether the rows that it shows change with their values.
    #[must_use]
    pub fn is_of_values(&self) -> bool {
        matches!(self.kind, Kind::Expression(Ok(_)))
    }
}

/// Whether a row's symbol or source has each of some words in lower case.
#[must_use]
pub fn has_words(row: &Row, words: &[String]) -> bool {
    words
        .iter()
        .all(|word| contains(row.symbol.as_str(), word) || contains(row.source.as_str(), word))
}

fn contains(text: &str, lower_word: &str) -> bool {
    if text.is_ascii() && lower_word.is_ascii() {
        text.as_bytes()
            .windows(lower_word.len())
            .any(|part| part.eq_ignore_ascii_case(lower_word.as_bytes()))
    } else {
        text.to_lowercase().contains(lower_word)
    }
}
