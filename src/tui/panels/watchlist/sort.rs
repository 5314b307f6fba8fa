//! What the watchlist is sorted by.

use std::fmt;

use serde::{Deserialize, Serialize};

use super::super::super::expression::Expression;
use super::columns::Column;

/// What the watchlist is sorted by.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(try_from = "Stored", into = "Stored")]
pub struct Sort {
    /// What of each row.
    pub key: SortKey,
    /// Whether the largest, or the last of the alphabet, comes first. What is unknown always comes last.
    pub descending: bool,
}

/// What of a row decides its place.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum SortKey {
    /// What stands in a column.
    Column(Column),
    /// What comes out of an expression.
    Expression(Expression),
}

impl SortKey {
    /// The column; `None` when it is an expression.
    #[must_use]
    pub fn column(&self) -> Option<&Column> {
        match self {
            Self::Column(column) => Some(column),
            Self::Expression(_) => None,
        }
    }
}

impl fmt::Display for SortKey {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Column(column) => f.write_str(column.name()),
            Self::Expression(expression) => f.write_str(expression.text()),
        }
    }
}

impl std::str::FromStr for SortKey {
    type Err = String;

    /// The name of a column, else an expression.
    fn from_str(text: &str) -> Result<Self, String> {
        let text = text.trim();
        if let Ok(column) = text.parse() {
            return Ok(Self::Column(column));
        }
        Expression::parse(text)
            .map(Self::Expression)
            .map_err(|error| error.to_string())
    }
}

impl Default for Sort {
    fn default() -> Self {
        Self::by(Column::Symbol)
    }
}

impl Sort {
    /// The usual order of a column.
    #[must_use]
    pub fn by(column: Column) -> Self {
        Self::by_key(SortKey::Column(column))
    }

    /// The usual order: the largest first, but for names and ages.
    #[must_use]
    pub fn by_key(key: SortKey) -> Self {
        Self {
            descending: key.column().is_none_or(Column::sorts_descending),
            key,
        }
    }

    /// The other way round.
    #[must_use]
    pub fn reversed(self) -> Self {
        Self {
            descending: !self.descending,
            ..self
        }
    }
}

/// The form in which it is kept between runs.
#[derive(Serialize, Deserialize)]
struct Stored {
    /// The column or the expression.
    column: String,
    descending: bool,
}

impl TryFrom<Stored> for Sort {
    type Error = String;
    fn try_from(stored: Stored) -> Result<Self, String> {
        Ok(Self {
            key: stored.column.parse()?,
            descending: stored.descending,
        })
    }
}

impl From<Sort> for Stored {
    fn from(sort: Sort) -> Self {
        Self {
            column: sort.key.to_string(),
            descending: sort.descending,
        }
    }
}

#[cfg(test)]
#[allow(clippy::unwrap_used, reason = "a test may stop at the first surprise")]
mod tests {
    use super::*;

    #[test]
    fn what_it_is_sorted_by_is_kept_and_read_again() {
        for text in ["volume", "rsi_14", "sma_20@5m", "(last - vwap) / vwap"] {
            let sort = Sort::by_key(text.parse().unwrap());
            let kept = serde_json::to_string(&sort).unwrap();
            assert!(kept.contains(text), "{kept}");
            assert_eq!(serde_json::from_str::<Sort>(&kept).unwrap(), sort);
        }
        let old = r#"{"column":"change-percent","descending":true}"#;
        let sort: Sort = serde_json::from_str(old).unwrap();
        assert_eq!(sort, Sort::by(Column::ChangePercent));
        assert!(serde_json::from_str::<Sort>(r#"{"column":"((","descending":true}"#).is_err());
    }
}
