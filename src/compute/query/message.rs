//! What is told of a question that cannot be answered.

use std::any::Any;

use polars::error::PolarsError;
use polars::sql::keywords::all_functions;

use super::tables::Tables;
use crate::domain::table::{TABLES, Table};

/// How much alike a name has to be to one that was perhaps meant, 0 to 1.
const LIKENESS_MIN: f64 = 0.75;
/// The most of Polars' own words that is told, in characters.
const WORDS_MAX: usize = 500;

/// What Polars' SQL does not have, by what it says of it, and what to write instead.
const INSTEAD: [(&str, &str); 8] = [
    ("currently supported; found 'ROWS BETWEEN", LAST_ROWS),
    ("-based window frames are not supported", LAST_ROWS),
    ("subquery comparisons with", ONE_VALUE),
    ("unexpected subquery", ONE_VALUE),
    (
        "cannot compare 'date/datetime/time' to a string",
        TIME_AS_TEXT,
    ),
    ("cannot compare string with numeric type", NUMBER_AS_TEXT),
    ("cannot compare str value to series of type", NUMBER_AS_TEXT),
    ("conversion from `str` to `datetime", TIME_AS_TEXT),
];
const LAST_ROWS: &str = "a window of the last rows cannot be written in Polars' SQL; averages and the like of the last \
    bars are indicators (with --indicator 'sma(20)' there is a column sma_20), and lag(close, 2) OVER (PARTITION BY symbol \
    ORDER BY unix_ts) is the close two rows before; sums over all rows so far need no window of their own";
const ONE_VALUE: &str = "a SELECT cannot be a value in Polars' SQL; join it, as in SELECT symbol, close FROM bars CROSS \
    JOIN (SELECT avg(close) AS mean FROM bars) AS m WHERE close > mean, or write close IN (SELECT max(close) FROM bars) \
    for one that is equal";
const TIME_AS_TEXT: &str = "this is no time, or not compared with a column of times; one is written as in datetime >= \
    '2019-02-15', '2019-02-15 10:00' or '2019-02-15 10:00:30', without an offset, in the column's own zone; a table that is \
    joined to another with a datetime is cut before, as in JOIN (SELECT * FROM bars WHERE datetime >= '2019-02-15') AS b";
const NUMBER_AS_TEXT: &str = "a number is compared with a text in quotes; unix_ts is a number of milliseconds, times are \
    written for datetime, as in datetime >= '2019-02-15 10:00'";

/// Why a question was not answered.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub enum QueryError {
    /// There is nothing to answer.
    #[error(
        "there is no statement; one is written as in SELECT symbol, max(high) FROM bars GROUP BY symbol"
    )]
    Empty,
    /// It is longer than any sensible one.
    #[error("the statement is {bytes} bytes long; at most {bytes_max} are taken")]
    TooLong {
        /// How long it is.
        bytes: usize,
        /// How long it may be.
        bytes_max: usize,
    },
    /// It is more than one statement.
    #[error("one statement is answered at a time")]
    MoreThanOne,
    /// It is something else than a question.
    #[error(
        "'{word}' is not answered here; there are SELECT, WITH, EXPLAIN, SHOW TABLES and DESCRIBE"
    )]
    NotAQuestion {
        /// What it begins with.
        word: String,
    },
    /// It names what is not there, or is not written as SQL is.
    #[error("{0}")]
    Wrong(String),
    /// It could not be carried out on the data.
    #[error("{0}")]
    Failed(String),
    /// It was given up.
    #[error("the question was given up")]
    Cancelled,
}

impl QueryError {
    /// Whether the statement is at fault, whatever the data.
    #[must_use]
    pub fn is_mistake(&self) -> bool {
        !matches!(self, Self::Failed(_) | Self::Cancelled)
    }

    pub(super) fn no_table(name: &str) -> Self {
        let names: Vec<&str> = TABLES.into_iter().map(Table::name).collect();
        Self::Wrong(format!(
            "there is no table '{name}'{}; there are {}",
            hint(name, &names),
            names.join(", ")
        ))
    }

    pub(super) fn no_table_named() -> Self {
        Self::Wrong("name a table, as in DESCRIBE bars".to_owned())
    }

    #[allow(clippy::needless_pass_by_value, reason = "it takes what map_err gives")]
    pub(super) fn of_engine(error: PolarsError) -> Self {
        Self::Failed(words_of(&error))
    }

    pub(super) fn of_panic(panic: &(dyn Any + Send)) -> Self {
        let words = panic
            .downcast_ref::<&str>()
            .copied()
            .or_else(|| panic.downcast_ref::<String>().map(String::as_str))
            .unwrap_or("without a message");
        Self::Failed(format!(
            "Polars gave up on this statement ({}); write it in another way",
            shortened(words)
        ))
    }
}

/// What is wrong, in words that name what is there instead.
pub(super) fn explain(error: &PolarsError, asked: &[Table], tables: &Tables) -> QueryError {
    let error = innermost(error);
    let words = error.to_string();
    let instead = INSTEAD.iter().find(|(sign, _)| words.contains(sign));
    if let Some((_, instead)) = instead {
        return QueryError::Wrong((*instead).to_owned());
    }
    match error {
        PolarsError::ColumnNotFound(_) | PolarsError::SchemaFieldNotFound(_) => {
            match first_quoted(&words) {
                Some(name) => no_column(name, asked, tables),
                None => QueryError::Wrong(shortened(&words)),
            }
        }
        PolarsError::SQLInterface(_) | PolarsError::SQLSyntax(_) => {
            let name = first_quoted(&words);
            match name {
                Some(name) if words.starts_with("relation ") => QueryError::no_table(name),
                Some(name) if words.starts_with("no column named") => {
                    no_column(name, asked, tables)
                }
                Some(name)
                    if words.starts_with("no table or")
                        && !words.starts_with("no table or struct") =>
                {
                    QueryError::no_table(name)
                }
                Some(name) if words.contains("is not a supported table function") => {
                    QueryError::Wrong(format!(
                        "'{name}' is no table; files are read by a source, as in --source replay:FOLDER"
                    ))
                }
                Some(name) if words.starts_with("unsupported function") => {
                    let functions = all_functions();
                    QueryError::Wrong(format!(
                        "there is no function '{name}'{}",
                        hint(&name.to_ascii_lowercase(), &functions)
                    ))
                }
                _ => QueryError::Wrong(shortened(&words)),
            }
        }
        PolarsError::Duplicate(_) => QueryError::Wrong(match first_quoted(&words) {
            Some(name) => format!(
                "two columns of the answer are named '{name}': give one another name, as in min(low) AS lowest"
            ),
            None => shortened(&words),
        }),
        PolarsError::SchemaMismatch(_) | PolarsError::InvalidOperation(_) => {
            QueryError::Wrong(shortened(&words))
        }
        _ => QueryError::Failed(shortened(&words)),
    }
}

fn no_column(name: &str, asked: &[Table], tables: &Tables) -> QueryError {
    let of_each: Vec<(Table, Vec<String>)> = asked
        .iter()
        .map(|table| (*table, tables.columns_of(*table)))
        .collect();
    let all: Vec<&str> = of_each
        .iter()
        .flat_map(|(_, columns)| columns.iter().map(String::as_str))
        .collect();
    // What is there, but not where it was asked for, is a matter of the statement's own parts.
    let hint = if all.contains(&name) {
        " at this place of the statement".to_owned()
    } else {
        hint(name, &all)
    };
    let has: Vec<String> = of_each
        .iter()
        .map(|(table, columns)| format!("{} has {}", table.name(), columns.join(", ")))
        .collect();
    let has = if has.is_empty() {
        String::new()
    } else {
        format!("; {}", has.join("; "))
    };
    QueryError::Wrong(format!("there is no column '{name}'{hint}{has}"))
}

/// `, did you mean 'x'?` where something looks alike.
fn hint(name: &str, candidates: &[&str]) -> String {
    candidates
        .iter()
        .map(|candidate| (strsim::jaro_winkler(name, candidate), *candidate))
        .filter(|(likeness, _)| *likeness >= LIKENESS_MIN)
        .max_by(|a, b| a.0.total_cmp(&b.0))
        .map_or_else(String::new, |(_, near)| format!(", did you mean '{near}'?"))
}

/// The error without what Polars wraps around it: how far its plan had got.
fn innermost(error: &PolarsError) -> &PolarsError {
    match error {
        PolarsError::Context { error, .. } | PolarsError::ExprContext { error, .. } => {
            innermost(error)
        }
        error => error,
    }
}

fn words_of(error: &PolarsError) -> String {
    shortened(&innermost(error).to_string())
}

/// The first paragraph of what Polars says, and no more than can be read.
fn shortened(words: &str) -> String {
    let words = words
        .split("\n\n")
        .find(|part| !part.trim().is_empty())
        .unwrap_or_default();
    let words: Vec<&str> = words.split_whitespace().collect();
    let words = words.join(" ");
    match words.char_indices().nth(WORDS_MAX) {
        Some((end, _)) => format!("{}…", words.get(..end).unwrap_or_default()),
        None => words,
    }
}

/// What stands in the first pair of quotes.
fn first_quoted(text: &str) -> Option<&str> {
    let start = text.find(['\'', '"', '`'])?;
    let quote = text.get(start..)?.chars().next()?;
    let inner = text.get(start + quote.len_utf8()..)?;
    inner.split_once(quote).map(|(name, _)| name)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_is_told_is_short_and_names_what_is_near() {
        assert_eq!(
            shortened(&format!("a\nb\n\nplan {}", "x".repeat(999))),
            "a b"
        );
        assert_eq!(shortened(&"ä".repeat(999)).chars().count(), WORDS_MAX + 1);
        assert_eq!(hint("clsoe", &["open", "close"]), ", did you mean 'close'?");
        assert_eq!(hint("zzz", &["open", "close"]), "");
        assert_eq!(
            first_quoted("unable to find column \"x'y\"; z"),
            Some("x'y")
        );
        assert_eq!(first_quoted("no quote"), None);
    }
}
