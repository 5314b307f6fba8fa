//! Expressions over a row's values: `rsi < 30 and volume > 1e6`, `(last - vwap) / vwap`.
//!
//! From weakest to strongest bind `or`, `and`, `not`, comparisons, `+` and `-`, `*` and `/`, a sign. Names are the
//! watchlist's columns and the named values that the board has; what is unknown of a row makes a number unknown and a
//! comparison false. Text of `symbol` and `source` can be compared for equality.
//!
//! [`Expression::parse`] knows the shape alone, so that a line can be kept while nothing is known of the board yet;
//! [`Expression::condition`] and [`Expression::number`] look its names up and give the form that rows are put to.

mod compile;
mod lexer;
mod parser;

#[cfg(test)]
mod tests;

use std::fmt;
use std::sync::Arc;

use super::panels::watchlist::Column;
use super::values::ValueNames;

pub use compile::{Condition, NumberOf, RowFacts, near_name};
use parser::Node;

/// An expression whose shape has been understood; its names have not been looked up yet.
#[derive(Clone)]
pub struct Expression {
    text: Arc<str>,
    tree: Arc<Node>,
}

/// What is wrong with an expression, and where.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
#[error("column {}: {message}", .at + 1)]
pub struct ExpressionError {
    /// Characters before the place.
    pub at: usize,
    /// What is wrong there.
    pub message: String,
    /// Whether it only has not been typed to its end yet.
    pub is_unfinished: bool,
}

impl ExpressionError {
    fn new(at: usize, message: impl Into<String>) -> Self {
        Self {
            at,
            message: message.into(),
            is_unfinished: false,
        }
    }
}

impl Expression {
    /// Reads an expression.
    ///
    /// # Errors
    /// What is wrong, and at which character.
    pub fn parse(text: &str) -> Result<Self, ExpressionError> {
        Ok(Self {
            text: text.into(),
            tree: Arc::new(parser::parse(text)?),
        })
    }

    /// As it was written.
    #[must_use]
    pub fn text(&self) -> &str {
        &self.text
    }

    /// As something that holds for a row or does not.
    ///
    /// # Errors
    /// Names that neither the watchlist nor the board has, and an expression that is a number.
    pub fn condition(&self, names: &ValueNames) -> Result<Condition, ExpressionError> {
        compile::condition(&self.tree, names)
    }

    /// As a number that every row has, or has not yet.
    ///
    /// # Errors
    /// Names that neither the watchlist nor the board has, and an expression that is no number.
    pub fn number(&self, names: &ValueNames) -> Result<NumberOf, ExpressionError> {
        compile::number(&self.tree, names)
    }
}

impl fmt::Debug for Expression {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_tuple("Expression").field(&self.text).finish()
    }
}

impl PartialEq for Expression {
    fn eq(&self, other: &Self) -> bool {
        self.text == other.text
    }
}

impl Eq for Expression {}

/// Whether a word stands for something already: a column of the watchlist, a state, a function, a word that joins.
#[must_use]
pub fn has_meaning(word: &str) -> bool {
    let states = compile::FLAGS.iter().map(|(name, _)| *name);
    let mut words = states.chain(compile::FUNCTIONS).chain(["and", "or", "not"]);
    words.any(|known| word.eq_ignore_ascii_case(known))
        || Column::known(&word.to_ascii_lowercase()).is_some()
}

/// Whether a filter's text is an expression and not words to look for: it compares something, or is made of the words
/// for a row's state alone (`halted or stale`).
#[must_use]
pub fn is_expression(text: &str) -> bool {
    if text.contains(['<', '>', '=', '≤', '≥', '≠']) {
        return true;
    }
    let mut has_flag = false;
    let is_made_of_states = text
        .split(|c: char| c.is_whitespace() || matches!(c, '(' | ')'))
        .filter(|word| !word.is_empty())
        .all(|word| {
            let is_flag = compile::FLAGS
                .iter()
                .any(|(name, _)| word.eq_ignore_ascii_case(name));
            has_flag |= is_flag;
            is_flag
                || ["and", "or", "not"]
                    .iter()
                    .any(|known| word.eq_ignore_ascii_case(known))
        });
    is_made_of_states && has_flag
}

/// What is wrong with a filter; `None` for words and for a condition that can be put to rows.
#[must_use]
pub fn filter_error(text: &str, names: &ValueNames) -> Option<ExpressionError> {
    if !is_expression(text) {
        return None;
    }
    let mut error = Expression::parse(text)
        .and_then(|expression| expression.condition(names))
        .err()?;
    // The word that is wrong may be one that is still being typed.
    let mut rest = text.chars().skip(error.at).peekable();
    error.is_unfinished |= rest.peek().is_some() && rest.all(lexer::is_of_name);
    Some(error)
}

/// The words that can stand in an expression beside columns and named values, for completion.
pub const WORDS: [&str; 9] = [
    "and",
    "or",
    "not",
    "abs",
    "min",
    "max",
    "halted",
    "stale",
    "quarantined",
];
