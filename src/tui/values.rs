//! The named values that rows have beside the watchlist's own columns: their indicators, and the person's own columns.
//!
//! A further kind of named numbers is one more entry of `sets`, and its names are columns and words of expressions.

use std::cell::Cell;
use std::collections::BTreeSet;
use std::sync::Arc;

use crate::domain::indicator::{ChartPlace, IndicatorNames};
use crate::pipeline::Snapshot;
use crate::pipeline::snapshot::Row;

/// How many kinds of named values there are.
const KINDS: usize = 2;
/// The longest name that is taken, in bytes.
const NAME_MAX: usize = 64;

/// Names, and the value that each of them has; `None` is not known yet.
type ValueSet<'a> = (&'a [String], &'a [Option<f64>]);

/// The named values of a row, one set for each kind.
fn sets(row: &Row) -> [Option<ValueSet<'_>>; KINDS] {
    let indicators = row.indicators.as_deref();
    let columns = row.columns.as_deref();
    [
        indicators.map(|it| (it.names.flat(), &it.values[..])),
        columns.map(|it| (&it.names[..], &it.values[..])),
    ]
}

/// A value of a row, found by its name.
#[derive(Debug, Clone, Copy, PartialEq)]
pub struct Found {
    /// The value; `None` while it is not ready.
    pub value: Option<f64>,
    /// Whether it is a price and has as many digits as the row's prices.
    pub is_price: bool,
}

/// The value of this name of a row; `None` when the row has none of it.
#[must_use]
pub fn find(row: &Row, name: &str) -> Option<Found> {
    let (kind, at, value) = sets(row).iter().enumerate().find_map(|(kind, set)| {
        let (names, values) = (*set)?;
        let at = names.iter().position(|known| known == name)?;
        Some((kind, at, values.get(at).copied().flatten()))
    })?;
    let is_price = kind == 0
        && row
            .indicators
            .as_deref()
            .is_some_and(|it| is_price(&it.names, at));
    Some(Found { value, is_price })
}

fn is_price(names: &IndicatorNames, at: usize) -> bool {
    names
        .columns()
        .iter()
        .rfind(|column| column.first <= at)
        .is_some_and(|column| column.place == ChartPlace::Overlay)
}

/// Finds the value of one name in many rows. Where it stood is remembered: rows of the same names need no search.
#[derive(Debug)]
pub struct ValueFinder {
    name: Arc<str>,
    places: [Cell<Place>; KINDS],
}

/// Where a name stands among some names, which are known by where they are in memory.
#[derive(Debug, Clone, Copy, Default)]
struct Place {
    names: usize,
    at: Option<usize>,
}

impl ValueFinder {
    /// For rows of one snapshot: where names stand is remembered for as long as it lives.
    #[must_use]
    pub fn new(name: &Arc<str>) -> Self {
        Self {
            name: Arc::clone(name),
            places: Default::default(),
        }
    }

    /// The value of a row; `None` when it has none, or it is not ready.
    #[must_use]
    pub fn get(&self, row: &Row) -> Option<f64> {
        sets(row).iter().zip(&self.places).find_map(|(set, place)| {
            let (names, values) = (*set)?;
            let address = names.as_ptr() as usize;
            let known = place.get();
            // An address can come again for other names; what stands at the place tells.
            let is_known = known.names == address
                && known
                    .at
                    .is_none_or(|at| names.get(at).is_some_and(|name| **name == *self.name));
            let at = if is_known {
                known.at
            } else {
                let at = names.iter().position(|name| **name == *self.name);
                place.set(Place { names: address, at });
                at
            };
            values.get(at?).copied().flatten()
        })
    }
}

/// Why a word is no name of a value.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Unresolved {
    /// Nothing has this name, or begins with it.
    Unknown,
    /// Several begin with it.
    Ambiguous(Vec<Arc<str>>),
}

/// The names of all values on the board.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct ValueNames {
    names: Vec<Arc<str>>,
}

impl ValueNames {
    /// Those of a snapshot's rows.
    #[must_use]
    pub fn of(snapshot: &Snapshot) -> Self {
        let mut seen: Vec<&[String]> = Vec::new();
        for (names, _) in snapshot.rows.iter().flat_map(sets).flatten() {
            // Rows of one plan share their names; the others mostly have the same.
            if !seen
                .iter()
                .any(|known| std::ptr::eq(*known, names) || *known == names)
            {
                seen.push(names);
            }
        }
        let names: BTreeSet<&str> = seen.into_iter().flatten().map(String::as_str).collect();
        Self {
            names: names.into_iter().map(Arc::from).collect(),
        }
    }

    /// In the order of the alphabet.
    pub fn iter(&self) -> impl Iterator<Item = &str> {
        self.names.iter().map(AsRef::as_ref)
    }

    /// Whether the board has no such values.
    #[must_use]
    pub fn is_empty(&self) -> bool {
        self.names.is_empty()
    }

    /// The value that a word means: the one of that name in any case, else the only one that begins with it, as `rsi`
    /// means `rsi_14` where that is the only `rsi`.
    ///
    /// # Errors
    /// When there is none, and when there are several.
    pub fn resolve(&self, word: &str) -> Result<Arc<str>, Unresolved> {
        let begins = |name: &str| {
            let rest = name.get(word.len()..).unwrap_or("");
            name.get(..word.len())
                .is_some_and(|start| start.eq_ignore_ascii_case(word))
                && (rest.is_empty() || rest.starts_with(['_', '@']))
        };
        let found: Vec<&Arc<str>> = self.names.iter().filter(|name| begins(name)).collect();
        match found.as_slice() {
            [] => Err(Unresolved::Unknown),
            [only] => Ok(Arc::clone(only)),
            several => several
                .iter()
                .find(|name| name.len() == word.len())
                .map(|name| Arc::clone(name))
                .ok_or_else(|| {
                    Unresolved::Ambiguous(several.iter().map(|name| Arc::clone(name)).collect())
                }),
        }
    }
}

/// Whether a text could be the name of a value, as far as its shape goes.
#[must_use]
pub fn is_name(text: &str) -> bool {
    text.len() <= NAME_MAX
        && text.starts_with(|c: char| c.is_ascii_alphabetic())
        && text
            .chars()
            .all(|c| c.is_ascii_alphanumeric() || matches!(c, '_' | '.' | '@'))
}

#[cfg(test)]
#[allow(clippy::unwrap_used, reason = "a test may stop at the first surprise")]
mod tests {
    use super::super::fixture::{full, with_indicators};
    use super::*;
    use crate::domain::column::ColumnValues;
    use crate::domain::symbol::SymbolId;

    #[test]
    fn names_are_those_of_all_rows_once() {
        assert!(ValueNames::of(&full()).is_empty());
        let names = ValueNames::of(&with_indicators());
        let all: Vec<&str> = names.iter().collect();
        assert_eq!(
            all,
            [
                "bb_20_2_lower",
                "bb_20_2_middle",
                "bb_20_2_upper",
                "rsi_14",
                "sma_20",
                "sma_20@5m"
            ]
        );
    }

    #[test]
    fn a_word_means_a_value_while_it_is_the_only_one() {
        let names = ValueNames::of(&with_indicators());
        for (word, meant) in [
            ("rsi", "rsi_14"),
            ("RSI_14", "rsi_14"),
            ("sma_20", "sma_20"),
            ("sma_20@5m", "sma_20@5m"),
            ("bb_20_2_up", ""),
            ("bb_20_2_upper", "bb_20_2_upper"),
            ("rs", ""),
            ("", ""),
            ("é", ""),
        ] {
            let found = names.resolve(word);
            assert_eq!(found.as_deref().unwrap_or(""), meant, "{word}");
        }
        assert_eq!(names.resolve("macd"), Err(Unresolved::Unknown));
        let Err(Unresolved::Ambiguous(several)) = names.resolve("bb") else {
            unreachable!("there are three");
        };
        assert_eq!(several.len(), 3);
    }

    #[test]
    fn values_are_found_in_rows_of_any_names() {
        let snapshot = with_indicators();
        let finder = ValueFinder::new(&"rsi_14".into());
        for row in snapshot.rows.iter().chain(snapshot.rows.iter()) {
            let direct = row.indicators.as_ref().and_then(|it| it.get("rsi_14"));
            assert_eq!(finder.get(row), direct, "{}", row.symbol);
            let found = find(row, "rsi_14").and_then(|found| found.value);
            assert_eq!(found, direct, "{}", row.symbol);
        }
        let first = snapshot.rows.get(SymbolId(0)).unwrap();
        let mut own = first.clone();
        own.columns = Some(Arc::new(ColumnValues {
            names: vec!["gap".to_owned(), "rsi_14".to_owned()].into(),
            values: vec![Some(0.5), Some(1.0)].into(),
        }));
        assert_eq!(ValueFinder::new(&"gap".into()).get(&own), Some(0.5));
        assert_eq!(ValueFinder::new(&"gap".into()).get(first), None);
        assert_eq!(find(&own, "gap").unwrap().value, Some(0.5));
        // An indicator comes before a column of the same name.
        assert_eq!(finder.get(&own), Some(71.5));
        assert!(find(first, "sma_20").unwrap().is_price);
        assert!(!find(first, "rsi_14").unwrap().is_price);
        assert_eq!(find(first, "obv"), None);
        assert_eq!(ValueFinder::new(&"obv".into()).get(first), None);
    }
}
