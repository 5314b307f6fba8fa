//! A statement as it was written: what kind it is, and which tables and columns it may want.

use std::collections::BTreeSet;
use std::ops::Range;

use super::message::QueryError;
use crate::domain::table::{TABLES, Table};

/// The longest statement that is taken, in bytes: one of any sense is far shorter, and what nests deeper could use up a
/// thread's stack.
const BYTES_MAX: usize = 16 * 1024;

/// The words that a question can begin with.
const QUESTION_WORDS: [&str; 5] = ["SELECT", "WITH", "FROM", "VALUES", "TABLE"];

/// Which columns a statement may want. It may be more than it does, never less.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) struct Wanted {
    is_all: bool,
    names: BTreeSet<String>,
}

/// Every column.
pub(super) const ALL: Wanted = Wanted {
    is_all: true,
    names: BTreeSet::new(),
};

impl Wanted {
    /// Whether a column of this name may be wanted.
    pub fn has(&self, name: &str) -> bool {
        self.is_all || self.names.contains(name)
    }
}

/// What a statement asks for.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) enum Kind {
    /// Rows of a query, or its plan.
    Query,
    /// Which tables there are.
    Tables,
    /// Which columns a table has.
    Columns(String),
}

/// A statement that asks, and changes nothing.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Statement {
    /// As Polars is to read it.
    sql: String,
    kind: Kind,
    wanted: Wanted,
}

impl Statement {
    /// Looks at a statement. Whether it can be answered is seen when it is.
    ///
    /// # Errors
    /// When it is empty, too long, more than one, or anything but a question.
    pub fn new(sql: &str) -> Result<Self, QueryError> {
        let sql = sql.trim();
        if sql.len() > BYTES_MAX {
            return Err(QueryError::TooLong {
                bytes: sql.len(),
                bytes_max: BYTES_MAX,
            });
        }
        let (mut tokens, starts) = tokens(sql);
        while tokens.last() == Some(&Token::Sign(';')) {
            tokens.pop();
        }
        if tokens.contains(&Token::Sign(';')) {
            return Err(QueryError::MoreThanOne);
        }
        let kind = kind_of(&tokens)?;
        let names = tokens.iter().filter_map(Token::name);
        Ok(Self {
            kind,
            wanted: Wanted {
                is_all: wants_all(&tokens),
                names: names.map(str::to_owned).collect(),
            },
            sql: with_casts(sql, &tokens, &starts),
        })
    }

    /// What Polars is to run: what was written, with its functions of dates as casts.
    pub(super) fn sql(&self) -> &str {
        &self.sql
    }

    pub(super) fn kind(&self) -> &Kind {
        &self.kind
    }

    /// The tables that it may name.
    pub(super) fn tables(&self) -> impl Iterator<Item = Table> + '_ {
        TABLES
            .into_iter()
            .filter(|table| self.wanted.names.contains(table.name()))
    }

    /// Whether it may name a table.
    #[must_use]
    pub fn names(&self, table: Table) -> bool {
        self.tables().any(|named| named == table)
    }

    pub(super) fn wanted(&self) -> &Wanted {
        &self.wanted
    }
}

fn kind_of(tokens: &[Token<'_>]) -> Result<Kind, QueryError> {
    let mut words = tokens
        .iter()
        .filter(|token| **token != Token::Sign('('))
        .map(|token| match token {
            Token::Word(word) => word.to_ascii_uppercase(),
            Token::Quoted(_) | Token::Value | Token::Sign(_) => String::new(),
        });
    let Some(first) = words.next() else {
        return Err(QueryError::Empty);
    };
    let second = words.next().unwrap_or_default();
    let refused = |word: &str| {
        Err(QueryError::NotAQuestion {
            word: word.to_owned(),
        })
    };
    let named = |at: usize| tokens.get(at).and_then(Token::name).map(str::to_owned);
    match (first.as_str(), second.as_str()) {
        ("EXPLAIN", word) if QUESTION_WORDS.contains(&word) => Ok(Kind::Query),
        ("EXPLAIN", "") => refused("EXPLAIN without a SELECT"),
        ("EXPLAIN", word) => refused(&format!("EXPLAIN {word}")),
        (word, _) if QUESTION_WORDS.contains(&word) => Ok(Kind::Query),
        ("SHOW", "TABLES") => Ok(Kind::Tables),
        ("SHOW", "COLUMNS") => named(3)
            .map(Kind::Columns)
            .ok_or_else(QueryError::no_table_named),
        ("SHOW", word) => refused(&format!("SHOW {word}")),
        ("DESCRIBE" | "DESC", word) => named(if word == "TABLE" { 2 } else { 1 })
            .map(Kind::Columns)
            .ok_or_else(QueryError::no_table_named),
        ("", _) => match tokens.first() {
            Some(Token::Quoted(name)) => refused(name),
            _ => Err(QueryError::Empty),
        },
        (word, _) => refused(word),
    }
}

/// What may follow a `*` that stands for columns.
const AFTER_COLUMNS: [&str; 16] = [
    "FROM",
    "EXCLUDE",
    "EXCEPT",
    "ILIKE",
    "RENAME",
    "REPLACE",
    "WHERE",
    "GROUP",
    "HAVING",
    "ORDER",
    "LIMIT",
    "OFFSET",
    "UNION",
    "INTERSECT",
    "QUALIFY",
    "WINDOW",
];

/// Whether it may want every column: by a `*` that does not multiply, by a FROM without a SELECT, or by a word that stands
/// for columns.
fn wants_all(tokens: &[Token<'_>]) -> bool {
    let stars = tokens.iter().enumerate().any(|(at, token)| {
        let before = at.checked_sub(1).and_then(|before| tokens.get(before));
        *token == Token::Sign('*') && stands_for_columns(before, tokens.get(at + 1))
    });
    let words = ["COLUMNS", "TABLE", "NATURAL"];
    stars || has_bare_from(tokens) || tokens.iter().any(|token| token.is_any(&words))
}

/// Whether a `*` between these two stands for columns: it counts rows only in `(*)`, and multiplies only between two values.
fn stands_for_columns(before: Option<&Token<'_>>, after: Option<&Token<'_>>) -> bool {
    let is_value = |token: &Token<'_>| matches!(token, Token::Quoted(_) | Token::Value);
    let multiplies = |before: &Token<'_>, after: &Token<'_>| {
        let follows = match before {
            Token::Word(_) => !before.is_any(&["SELECT", "DISTINCT", "ALL"]),
            Token::Sign(sign) => matches!(sign, ')' | ']'),
            _ => is_value(before),
        };
        let leads = match after {
            Token::Word(_) => !after.is_any(&AFTER_COLUMNS),
            Token::Sign(sign) => matches!(sign, '(' | '-' | '+' | '['),
            _ => is_value(after),
        };
        follows && leads
    };
    match (before, after) {
        (Some(Token::Sign('(')), Some(Token::Sign(')'))) => false,
        (Some(before), Some(after)) => !multiplies(before, after),
        _ => true,
    }
}

/// Whether a FROM begins a question, which then has every column.
fn has_bare_from(tokens: &[Token<'_>]) -> bool {
    // Whether a SELECT has come, within each of the parentheses that are open.
    let mut selects = vec![false];
    let mut before: Option<&Token<'_>> = None;
    for token in tokens {
        match token {
            Token::Sign('(') => selects.push(false),
            Token::Sign(')') if selects.len() > 1 => drop(selects.pop()),
            token if token.is_any(&["SELECT"]) => {
                if let Some(has_select) = selects.last_mut() {
                    *has_select = true;
                }
            }
            token if token.is_any(&["FROM"]) => {
                let begins = match before {
                    None | Some(Token::Sign('(')) => true,
                    Some(Token::Sign(')')) => selects.last() == Some(&false),
                    Some(word) => {
                        word.is_any(&["EXPLAIN", "UNION", "ALL", "EXCEPT", "INTERSECT", "NAME"])
                    }
                };
                if begins {
                    return true;
                }
            }
            _ => {}
        }
        before = Some(token);
    }
    false
}

/// The statement with `date(x)` as `CAST(x AS DATE)`, and so with times: these functions of Polars take texts alone, and
/// what is there are times.
fn with_casts(sql: &str, tokens: &[Token<'_>], starts: &[usize]) -> String {
    // Bytes that others take the place of.
    let mut changes: Vec<(Range<usize>, String)> = Vec::new();
    for at in 0..tokens.len() {
        let is_called = tokens.get(at + 1) == Some(&Token::Sign('('));
        let before = at.checked_sub(1).and_then(|before| tokens.get(before));
        let is_type = before.is_some_and(|before| {
            matches!(before, Token::Sign('.' | ':')) || before.is_any(&["AS"])
        });
        let kind = match &tokens[at] {
            word if word.is_any(&["DATE"]) => "DATE",
            word if word.is_any(&["TIMESTAMP", "DATETIME"]) => "TIMESTAMP",
            _ => continue,
        };
        let end = one_argument(tokens, at + 2).filter(|_| is_called && !is_type);
        if let (Some(end), Some(open)) = (end.and_then(|end| starts.get(end)), starts.get(at + 1)) {
            changes.push((starts[at]..open + 1, "CAST(".to_owned()));
            changes.push((*end..*end, format!(" AS {kind}")));
        }
    }
    changes.sort_by_key(|(range, _)| range.start);
    let (mut changed, mut from) = (String::with_capacity(sql.len()), 0);
    for (range, text) in changes {
        changed.push_str(sql.get(from..range.start).unwrap_or_default());
        changed.push_str(&text);
        from = range.end;
    }
    changed.push_str(sql.get(from..).unwrap_or_default());
    changed
}

/// Where the parenthesis ends that opens before `first`, if there is one argument in it that is more than a text.
fn one_argument(tokens: &[Token<'_>], first: usize) -> Option<usize> {
    let mut depth = 0_usize;
    let arguments = tokens.get(first..)?;
    let end = arguments.iter().position(|token| {
        match token {
            Token::Sign('(') => depth += 1,
            Token::Sign(',' | ')') if depth == 0 => return true,
            Token::Sign(')') => depth -= 1,
            _ => {}
        }
        false
    })?;
    let is_text = matches!(arguments.get(..end), Some([] | [Token::Value]));
    (!is_text && arguments.get(end) == Some(&Token::Sign(')'))).then_some(first + end)
}

/// A piece of a statement.
#[derive(Debug, Clone, PartialEq, Eq)]
enum Token<'a> {
    /// A keyword or a name without quotes.
    Word(&'a str),
    /// A name in quotes.
    Quoted(String),
    /// A text or a number.
    Value,
    /// Anything else.
    Sign(char),
}

impl Token<'_> {
    fn name(&self) -> Option<&str> {
        match self {
            Self::Word(word) => Some(word),
            Self::Quoted(name) => Some(name),
            Self::Value | Self::Sign(_) => None,
        }
    }

    /// Whether it is one of these keywords.
    fn is_any(&self, words: &[&str]) -> bool {
        let Self::Word(word) = self else {
            return false;
        };
        words.iter().any(|known| word.eq_ignore_ascii_case(known))
    }
}

fn is_part_of_word(character: char) -> bool {
    character.is_alphanumeric() || matches!(character, '_' | '@' | '$' | '#')
}

/// Takes a statement apart: its pieces, and where each begins. What the grammar would refuse is taken as it comes: that is
/// for the parser to tell.
fn tokens(sql: &str) -> (Vec<Token<'_>>, Vec<usize>) {
    let mut tokens = Vec::new();
    let mut starts = Vec::new();
    let mut rest = sql;
    while let Some(first) = rest.chars().next() {
        let start = sql.len() - rest.len();
        let after = rest.get(first.len_utf8()..).unwrap_or_default();
        if first.is_whitespace() {
            rest = after;
        } else if rest.starts_with("--") {
            rest = rest.split_once('\n').map_or("", |(_, next)| next);
        } else if rest.starts_with("/*") {
            rest = past_comment(rest);
        } else if matches!(first, '\'' | '"' | '`') {
            // Only in texts that are marked so does a backslash keep a quote from ending them.
            let escapes = first == '\'' && matches!(tokens.last(), Some(Token::Word("e" | "E")));
            let (text, next) = quoted(after, first, escapes);
            tokens.push(if first == '\'' {
                Token::Value
            } else {
                Token::Quoted(text)
            });
            rest = next;
        } else if is_part_of_word(first) {
            let end = rest.find(|c| !is_part_of_word(c)).unwrap_or(rest.len());
            let (word, next) = rest.split_at(end);
            tokens.push(if first.is_ascii_digit() {
                Token::Value
            } else {
                Token::Word(word)
            });
            rest = next;
        } else {
            tokens.push(Token::Sign(first));
            rest = after;
        }
        // What is between them is no piece.
        starts.resize(tokens.len(), start);
    }
    (tokens, starts)
}

/// What follows a comment, which may hold others.
fn past_comment(text: &str) -> &str {
    let mut depth = 0_usize;
    let mut rest = text;
    while !rest.is_empty() {
        if let Some(next) = rest.strip_prefix("/*") {
            depth += 1;
            rest = next;
        } else if let Some(next) = rest.strip_prefix("*/") {
            depth = depth.saturating_sub(1);
            rest = next;
            if depth == 0 {
                return rest;
            }
        } else {
            let mut characters = rest.chars();
            characters.next();
            rest = characters.as_str();
        }
    }
    rest
}

/// What stands before the quote that ends it, and what follows. A doubled quote is one of the text.
fn quoted(text: &str, quote: char, escapes: bool) -> (String, &str) {
    let mut content = String::new();
    let mut characters = text.chars();
    while let Some(character) = characters.next() {
        if escapes && character == '\\' {
            content.extend(characters.next());
        } else if character != quote {
            content.push(character);
        } else if let Some(next) = characters.as_str().strip_prefix(quote) {
            content.push(quote);
            characters = next.chars();
        } else {
            return (content, characters.as_str());
        }
    }
    (content, "")
}

#[cfg(test)]
#[allow(clippy::unwrap_used, reason = "a test may stop at the first surprise")]
mod tests {
    use super::*;

    fn tables(sql: &str) -> Vec<&'static str> {
        let statement = Statement::new(sql).unwrap();
        statement.tables().map(Table::name).collect()
    }

    #[test]
    fn tables_are_found_wherever_they_are_named() {
        for (sql, expected) in [
            ("SELECT 1", vec![]),
            ("SELECT * FROM bars;", vec!["bars"]),
            (
                "select a from\n(select * from \"bars_5m\") x, `news`",
                vec!["bars_5m", "news"],
            ),
            ("SELECT 'bars' FROM quotes -- trades\n", vec!["quotes"]),
            (
                "SELECT 'it''s bars' /* /* trades */ errors */ FROM results",
                vec!["results"],
            ),
            ("SELECT E'\\' bars' FROM errors", vec!["errors"]),
            (
                "WITH t AS (SELECT bars.close FROM bars) SELECT * FROM t",
                vec!["bars"],
            ),
            ("EXPLAIN SELECT bars_1dx FROM bars_1d", vec!["bars_1d"]),
        ] {
            assert_eq!(tables(sql), expected, "{sql}");
        }
    }

    #[test]
    fn a_star_that_multiplies_wants_no_columns() {
        for (sql, is_all) in [
            ("SELECT * FROM bars", true),
            ("SELECT DISTINCT * FROM bars", true),
            ("SELECT 1, * FROM bars", true),
            ("SELECT b.* FROM bars b", true),
            ("FROM bars", true),
            ("TABLE bars", true),
            ("SELECT COLUMNS('sma.*') FROM bars", true),
            ("SELECT DISTINCT ON (symbol) * FROM bars", true),
            (
                "SELECT DISTINCT ON (symbol) * EXCLUDE (close) FROM bars",
                true,
            ),
            ("WITH t AS (FROM bars) SELECT close FROM t", true),
            ("WITH t AS (SELECT close FROM bars) FROM t", true),
            ("SELECT close FROM news UNION ALL FROM bars", true),
            ("SELECT close FROM (FROM bars) AS b", true),
            ("EXPLAIN FROM bars", true),
            ("SELECT *, close * 2 FROM bars", true),
            ("SELECT a.close FROM bars a NATURAL JOIN bars_5m b", true),
            ("SELECT (close) * (open) FROM bars", false),
            (
                "SELECT close * -1 FROM (SELECT close FROM bars) AS b",
                false,
            ),
            (
                "SELECT max(close) FROM bars WHERE EXTRACT(hour FROM datetime) > 9",
                false,
            ),
            (
                "WITH t AS (SELECT close FROM bars) SELECT close FROM t",
                false,
            ),
            (
                "SELECT close FROM bars WHERE open IS DISTINCT FROM close",
                false,
            ),
            ("SELECT count(*) FROM bars", false),
            (
                "SELECT close * volume, (a) * 2, 2 * a, \"x\" * 'y' FROM bars",
                false,
            ),
            ("SELECT sum(close*volume) FROM bars", false),
        ] {
            assert_eq!(Statement::new(sql).unwrap().wanted.is_all, is_all, "{sql}");
        }
        let named = Statement::new("SELECT sma_20@5m, \"bb_20_2.5_upper\" FROM bars").unwrap();
        assert!(named.wanted.has("sma_20@5m") && named.wanted.has("bb_20_2.5_upper"));
        assert!(!named.wanted.has("rsi_14"));
    }

    #[test]
    fn functions_of_dates_become_casts() {
        for (sql, expected) in [
            ("SELECT date(datetime)", "SELECT CAST(datetime AS DATE)"),
            (
                "SELECT Date ( lag(datetime, 1) ), 'date(x)'",
                "SELECT CAST( lag(datetime, 1)  AS DATE), 'date(x)'",
            ),
            (
                "SELECT timestamp(date(x)) -- date(x)",
                "SELECT CAST(CAST(x AS DATE) AS TIMESTAMP) -- date(x)",
            ),
            ("SELECT date('2019-02-13')", "SELECT date('2019-02-13')"),
            ("SELECT date(x, '%Y')", "SELECT date(x, '%Y')"),
            ("SELECT x::timestamp(3)", "SELECT x::timestamp(3)"),
            (
                "SELECT CAST(x AS timestamp(y))",
                "SELECT CAST(x AS timestamp(y))",
            ),
            ("SELECT date(", "SELECT date("),
            ("SELECT date()", "SELECT date()"),
            (
                "SELECT date, DATE 'é' FROM bars",
                "SELECT date, DATE 'é' FROM bars",
            ),
        ] {
            assert_eq!(Statement::new(sql).unwrap().sql(), expected);
        }
    }

    #[test]
    fn only_questions_are_taken() {
        for sql in [
            "CREATE TABLE x AS SELECT 1",
            "drop table bars",
            "INSERT INTO bars VALUES (1)",
            "DELETE FROM bars",
            "TRUNCATE bars",
            "UPDATE bars SET close = 1",
            "EXPLAIN DROP TABLE bars",
            "SHOW FUNCTIONS",
            "\"SELECT\"",
        ] {
            let error = Statement::new(sql).unwrap_err().to_string();
            assert!(
                error.contains("SELECT, WITH, EXPLAIN, SHOW TABLES"),
                "{error}"
            );
        }
        for (sql, expected) in [
            ("", QueryError::Empty),
            (" ; ", QueryError::Empty),
            ("-- nothing", QueryError::Empty),
            ("1", QueryError::Empty),
            ("SELECT 1; SELECT 2", QueryError::MoreThanOne),
        ] {
            assert_eq!(Statement::new(sql), Err(expected), "{sql}");
        }
        assert!(Statement::new("DESCRIBE").is_err());
        let long = format!("SELECT {}", "a+".repeat(BYTES_MAX));
        assert!(matches!(
            Statement::new(&long),
            Err(QueryError::TooLong { .. })
        ));
        for (sql, kind) in [
            ("SHOW TABLES", Kind::Tables),
            ("show columns from bars", Kind::Columns("bars".to_owned())),
            ("DESCRIBE TABLE \"news\";", Kind::Columns("news".to_owned())),
            ("desc bars", Kind::Columns("bars".to_owned())),
            ("(SELECT 1) UNION (SELECT 2)", Kind::Query),
        ] {
            assert_eq!(Statement::new(sql).unwrap().kind, kind, "{sql}");
        }
    }
}
