//! What can stand where a question is being typed: tables, columns, words of SQL, symbols in quotes.

use std::collections::BTreeSet;
use std::sync::Arc;

use crate::domain::table::{TABLES, Table};
use crate::pipeline::Snapshot;

/// More are never offered.
const WORDS_MAX: usize = 200;

/// Words of the language, those that begin a clause first.
#[rustfmt::skip]
const KEYWORDS: &[&str] = &[
    "SELECT", "FROM", "WHERE", "GROUP BY", "ORDER BY", "HAVING", "LIMIT", "OFFSET", "WITH", "DISTINCT",
    "AS", "AND", "OR", "NOT", "IN", "IS NULL", "IS NOT NULL", "BETWEEN", "LIKE", "ILIKE",
    "CASE", "WHEN", "THEN", "ELSE", "END", "ASC", "DESC", "NULLS LAST", "NULLS FIRST",
    "JOIN", "LEFT JOIN", "INNER JOIN", "FULL JOIN", "CROSS JOIN", "ON", "USING", "UNION", "UNION ALL", "EXCEPT", "INTERSECT",
    "OVER", "PARTITION BY", "QUALIFY", "TRUE", "FALSE", "NULL", "DATE", "TIMESTAMP", "INTERVAL", "SHOW TABLES",
];

/// Functions, the ones for many rows first.
#[rustfmt::skip]
const FUNCTIONS: &[&str] = &[
    "count", "sum", "avg", "min", "max", "first", "last", "median", "stddev", "variance", "corr", "covar",
    "quantile_cont", "quantile_disc", "row_number", "rank", "dense_rank", "lag", "lead", "first_value", "last_value",
    "abs", "round", "floor", "ceil", "sign", "sqrt", "ln", "log", "exp", "pow", "mod", "greatest", "least", "div",
    "coalesce", "nullif", "ifnull", "if", "cast", "try_cast", "concat", "upper", "lower", "length", "left", "right", "replace", "substr",
    "starts_with", "ends_with", "strpos", "trim", "date", "date_part", "extract", "strftime", "timestamp",
];

/// The names that the data brings along.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct Names {
    /// Subscribed symbols, each once, in order.
    pub symbols: Vec<String>,
    /// The flat names of the indicators that the symbols have.
    pub indicators: Vec<String>,
    /// The names of the person's own columns.
    pub columns: Vec<String>,
}

impl Names {
    /// The names on a board.
    #[must_use]
    pub fn of(snapshot: &Snapshot) -> Self {
        let symbols: BTreeSet<&str> = snapshot
            .rows
            .iter()
            .map(|row| row.symbol.as_str())
            .collect();
        let mut seen = Vec::new();
        let mut indicators: Vec<String> = Vec::new();
        for values in snapshot
            .rows
            .iter()
            .filter_map(|row| row.indicators.as_ref())
        {
            // Symbols share their names; there are few different sets of them.
            if seen.iter().any(|names| Arc::ptr_eq(names, &values.names)) {
                continue;
            }
            seen.push(Arc::clone(&values.names));
            for name in values.names.flat() {
                if !indicators.contains(name) {
                    indicators.push(name.clone());
                }
            }
            if seen.len() >= WORDS_MAX {
                break;
            }
        }
        Self {
            symbols: symbols.into_iter().map(str::to_owned).collect(),
            indicators,
            columns: snapshot
                .rows
                .iter()
                .find_map(|row| row.columns.as_ref())
                .map_or_else(Vec::new, |values| values.names.to_vec()),
        }
    }
}

/// What can take the place of the end of a text.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct Offer {
    /// How many bytes at the text's end it takes the place of.
    pub replaces: usize,
    /// The possible words, best first; empty when there is nothing to offer.
    pub words: Vec<String>,
}

/// Where a text ends.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Place<'a> {
    /// In a text in single quotes: what has been typed of it.
    Text(&'a str),
    /// In a name in double quotes.
    Name(&'a str),
    /// In a word, perhaps an empty one.
    Word(&'a str),
}

/// What can stand at the end of `before`; `after` is the rest of the statement.
#[must_use]
pub fn offer(before: &str, after: &str, names: &Names) -> Offer {
    match place(before) {
        Place::Text(typed) => matching(typed, names.symbols.iter().cloned()),
        Place::Name(typed) => matching(typed, columns(before, after, names)),
        Place::Word(word) => {
            // What stands behind a point is a column of the table before it.
            let is_number = word.starts_with(|c: char| c.is_ascii_digit());
            if is_number {
                return Offer::default();
            }
            if let Some((_, typed)) = word.rsplit_once('.') {
                return matching(typed, columns(before, after, names).map(quoted));
            }
            let head = before[..before.len() - word.len()].trim_end();
            let tables = TABLES.iter().map(|table| table.name().to_owned());
            if names_a_table(head) {
                return matching(word, tables);
            }
            let is_small = !word.is_empty() && !word.contains(|c: char| c.is_ascii_uppercase());
            let keyword = |word: &&str| {
                if is_small {
                    word.to_ascii_lowercase()
                } else {
                    (*word).to_owned()
                }
            };
            let keywords = KEYWORDS.iter().map(keyword);
            if head.is_empty() {
                return matching(word, keywords);
            }
            let functions = FUNCTIONS.iter().map(|name| format!("{name}("));
            let columns = columns(before, after, names).map(quoted);
            matching(word, columns.chain(keywords).chain(functions).chain(tables))
        }
    }
}

fn place(text: &str) -> Place<'_> {
    let mut open: Option<(char, usize)> = None;
    for (at, c) in text.char_indices() {
        match (open, c) {
            (None, '\'' | '"') => open = Some((c, at + 1)),
            (Some((quote, _)), c) if c == quote => open = None,
            _ => {}
        }
    }
    match open {
        Some(('"', start)) => Place::Name(&text[start..]),
        Some((_, start)) => Place::Text(&text[start..]),
        None => {
            let is_word = |c: char| c.is_alphanumeric() || matches!(c, '_' | '@' | '.');
            let start = text
                .char_indices()
                .rev()
                .find(|(_, c)| !is_word(*c))
                .map_or(0, |(at, c)| at + c.len_utf8());
            Place::Word(&text[start..])
        }
    }
}

/// Whether a table's name has to follow.
fn names_a_table(head: &str) -> bool {
    let last = head
        .rsplit(|c: char| !c.is_ascii_alphanumeric() && c != '_')
        .next();
    last.is_some_and(|word| word.eq_ignore_ascii_case("from") || word.eq_ignore_ascii_case("join"))
}

/// The columns of the tables that the statement names; of all of them while it names none.
fn columns<'a>(
    before: &'a str,
    after: &'a str,
    names: &'a Names,
) -> impl Iterator<Item = String> + 'a {
    let is_named = |table: &str| {
        [before, after].into_iter().any(|text| {
            text.split(|c: char| !c.is_ascii_alphanumeric() && c != '_')
                .any(|word| word.eq_ignore_ascii_case(table))
        })
    };
    let mut tables = TABLES.to_vec();
    tables.retain(|table| is_named(table.name()));
    if tables.is_empty() {
        tables = TABLES.into();
    }
    let has_indicators = tables.iter().any(|table| table.has_indicators());
    let indicators = names
        .indicators
        .iter()
        .filter(move |_| has_indicators)
        .cloned();
    let has_own = tables.contains(&Table::Results);
    let own = names.columns.iter().filter(move |_| has_own).cloned();
    let columns = tables.into_iter().flat_map(|table| table.columns().iter());
    columns
        .map(|name| (*name).to_owned())
        .chain(indicators)
        .chain(own)
}

/// A name as a statement has it: in quotes where it is more than a word.
fn quoted(name: String) -> String {
    let is_plain = name.chars().all(|c| c.is_ascii_alphanumeric() || c == '_');
    if is_plain {
        name
    } else {
        format!("\"{name}\"")
    }
}

/// Those that begin as the word does, whatever the case, each once. What is complete already needs no offer.
fn matching(word: &str, candidates: impl IntoIterator<Item = String>) -> Offer {
    let typed = word.to_lowercase();
    let mut words: Vec<String> = Vec::new();
    for candidate in candidates {
        let lower = candidate.trim_start_matches('"').to_lowercase();
        if lower.starts_with(&typed) && !words.contains(&candidate) {
            words.push(candidate);
            if words.len() >= WORDS_MAX {
                break;
            }
        }
    }
    if matches!(words.as_slice(), [only] if *only == word) {
        words.clear();
    }
    Offer {
        replaces: word.len(),
        words,
    }
}
