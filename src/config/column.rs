//! Columns of a person's own, as the file has them.

use std::cell::RefCell;

use crate::compute::indicator::{DEFINITIONS, IndicatorSet, resolve};
#[cfg(feature = "frames")]
use crate::compute::query::ColumnExpression;
use crate::domain::column::ColumnRule;
use crate::domain::indicator::{IndicatorNames, IndicatorSpec};
use crate::domain::table::TABLES;
#[cfg(feature = "frames")]
use crate::pipeline::columns::with_deep_stack;
use crate::tui::expression::has_meaning;

use super::raw::{Raw, fields, parsed};

/// The longest name, in bytes.
const NAME_MAX: usize = 32;

/// Reads a file's columns, one after the other.
pub(super) struct ColumnReader {
    /// What their expressions can use besides the columns of the bars.
    indicators: IndicatorSet,
    /// The names so far.
    names: RefCell<Vec<String>>,
}

impl ColumnReader {
    /// A reader of columns that can use these indicators.
    pub fn new(indicators: IndicatorSet) -> Self {
        Self {
            indicators,
            names: RefCell::default(),
        }
    }

    /// One column, whose expression can be used.
    pub fn read(&self, raw: Raw<'_>) -> Result<ColumnRule, String> {
        let rule = column_rule(raw)?;
        let mut names = self.names.borrow_mut();
        if names.iter().any(|it| it.eq_ignore_ascii_case(&rule.name)) {
            return Err(format!(
                "there is a column '{}' already; give this one another name",
                rule.name
            ));
        }
        names.push(rule.name.clone());
        check(&rule, &self.indicators)
            .map_err(|error| format!("column '{}': {error}", rule.name))?;
        Ok(rule)
    }
}

/// What is wrong with its expression.
#[cfg(feature = "frames")]
fn check(rule: &ColumnRule, indicators: &IndicatorSet) -> Result<(), String> {
    with_deep_stack(|| ColumnExpression::new(rule, indicators).map(drop))
        .map_err(|error| error.to_string())?
        .map_err(|error| error.to_string())
}

/// What is wrong with its expression: without Polars, that there is one.
#[cfg(not(feature = "frames"))]
fn check(_: &ColumnRule, _: &IndicatorSet) -> Result<(), &'static str> {
    Err("this build has no SQL; build it with the feature 'frames'")
}

/// A name and an expression.
fn column_rule(raw: Raw<'_>) -> Result<ColumnRule, String> {
    let Some(fields) = fields(raw, &["name", "sql"])? else {
        return Err(
            "a column has a name and an expression: name = \"gap\", sql = \"…\"".to_owned(),
        );
    };
    let (mut name, mut sql) = (None, None);
    for (field, value) in fields {
        let text: String = parsed("a text")(value)?;
        match field {
            "name" => name = Some(text),
            _ => sql = Some(text),
        }
    }
    let name = name.ok_or("name is missing")?;
    let sql = sql.ok_or("sql is missing, as in sql = \"high - low\"")?;
    let is_word = |c: char| c.is_ascii_alphanumeric() || c == '_';
    if name.is_empty() || name.len() > NAME_MAX || !name.chars().all(is_word) {
        return Err(format!(
            "'{name}' is no name for a column; it has up to {NAME_MAX} letters, digits and underscores"
        ));
    }
    match taken_by(&name) {
        Some(owner) => Err(format!(
            "'{name}' is {owner} already; give your column another name, such as my_{name}"
        )),
        None => Ok(ColumnRule { name, sql }),
    }
}

/// What has this name already. One that has two meanings would stand for either on screen and in expressions.
fn taken_by(name: &str) -> Option<String> {
    let name = name.to_ascii_lowercase();
    let table = TABLES
        .into_iter()
        .find(|table| table.columns().contains(&name.as_str()));
    if let Some(table) = table {
        return Some(format!("a column of the table {}", table.name()));
    }
    if has_meaning(&name) {
        return Some("a word of the watchlist and its filters".to_owned());
    }
    indicator_named(&name).map(|spec| format!("what the indicator {spec} gives"))
}

/// The indicator one of whose values has this name: whichever it may be, since indicators can be added at any time.
fn indicator_named(name: &str) -> Option<IndicatorSpec> {
    DEFINITIONS.iter().find_map(|definition| {
        let rest = name.strip_prefix(definition.name)?;
        let spec = IndicatorSpec {
            name: definition.name.to_owned(),
            parameters: rest
                .split('_')
                .filter_map(|part| part.parse().ok())
                .collect(),
            timeframe: None,
        };
        let (spec, definition) = resolve(&spec).ok()?;
        let mut names = IndicatorNames::default();
        names.push(spec.clone(), definition.outputs, definition.place);
        names.flat().iter().any(|flat| flat == name).then_some(spec)
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_has_a_meaning_is_no_name_of_a_column() {
        for (name, owner) in [
            ("close", "a column of the table bars"),
            ("Close", "a column of the table bars"),
            ("bid_size", "a column of the table quotes"),
            ("change_percent", "a column of the table results"),
            ("vwap", "a column of the table results"),
            ("age", "a word of the watchlist"),
            ("trend", "a word of the watchlist"),
            ("halted", "a word of the watchlist"),
            ("and", "a word of the watchlist"),
            ("max", "a word of the watchlist"),
            ("obv", "the indicator obv"),
            ("sma_20", "the indicator sma(20)"),
            ("rsi_14", "the indicator rsi(14)"),
            ("bb_20_2_upper", "the indicator bb(20,2)"),
            ("macd_12_26_9_histogram", "the indicator macd(12,26,9)"),
        ] {
            let found = taken_by(name).unwrap_or_default();
            assert!(found.contains(owner), "{name}: {found}");
        }
        for name in ["gap", "spread", "my_close", "sma", "sma_fast", "bb_upper"] {
            assert_eq!(taken_by(name), None, "{name}");
        }
    }
}
