//! Which rows the watchlist shows, and in which order.
//!
//! The order is kept until it is due again: rows that overtake one another with every price would not be readable,
//! and ten thousand of them need not be sorted for every frame.

use std::cmp::Ordering;
use std::collections::HashSet;

use crate::domain::clock::Nanos;
use crate::domain::symbol::{Symbol, SymbolId, SymbolSpec};
use crate::domain::time::UnixMs;
use crate::pipeline::Snapshot;
use crate::pipeline::snapshot::Row;

use super::super::super::expression::{Condition, ExpressionError, NumberOf, RowFacts};
use super::super::super::market::joined_rows;
use super::super::super::values::{ValueFinder, ValueNames};
use super::cells::SourceStates;
use super::columns::Column;
use super::filter::{Filter, Kind, has_words};
use super::sort::{Sort, SortKey};

/// Rows are sorted again this long after the last time.
const SORT_EVERY_MS: u64 = 1_000;
/// No row moves this long after the user has moved among them.
const SORT_REST_MS: u64 = 2_000;

/// The rows in their order.
#[derive(Debug, Default)]
pub struct RowOrder {
    ids: Vec<SymbolId>,
    members: Option<(usize, Option<SymbolId>)>,
    sorted: Nanos,
    touched: Option<Nanos>,
    is_due: bool,
    filter_error: Option<ExpressionError>,
    sort_error: Option<ExpressionError>,
    /// Names that several rows have.
    twins: HashSet<Symbol>,
    /// Rows that stand with others.
    joined: HashSet<SymbolId>,
}

/// What decides the order besides the data.
#[derive(Debug, Clone, Copy)]
pub struct OrderBy<'a> {
    /// What it is sorted by.
    pub sort: &'a Sort,
    /// Which rows are shown.
    pub filter: &'a Filter,
    /// The named list that is shown; `None` shows everything.
    pub list: Option<&'a [SymbolSpec]>,
    /// Data older than this, in milliseconds of the data's own time, is stale.
    pub stale_after_ms: i64,
}

/// The names that several rows have: they are of several sources.
fn twins(snapshot: &Snapshot, joined: &HashSet<SymbolId>) -> HashSet<Symbol> {
    if snapshot.sources.len() < 2 {
        return HashSet::new();
    }
    let mut names = HashSet::with_capacity(snapshot.rows.len());
    let rows = snapshot.rows.iter();
    let symbols = rows
        .filter(|row| !joined.contains(&row.id))
        .map(|row| &row.symbol);
    symbols
        .filter(|name| !names.insert(*name))
        .cloned()
        .collect()
}

/// What of a row decides its place.
enum Key {
    Symbol,
    Source,
    Column(Column),
    Value(ValueFinder),
    Number(NumberOf),
}

impl RowOrder {
    /// The rows as they were ordered last.
    #[must_use]
    pub fn ids(&self) -> &[SymbolId] {
        &self.ids
    }

    /// How many rows there are to be shown, if nothing is left out.
    #[must_use]
    pub fn total(&self, snapshot: &Snapshot) -> usize {
        snapshot.rows.len().saturating_sub(self.joined.len())
    }

    /// Whether another row has this one's name.
    #[must_use]
    pub fn is_twin(&self, row: &Row) -> bool {
        self.twins.contains(&row.symbol)
    }

    /// What is wrong with the filter, since it was put to the board; everything is shown then.
    #[must_use]
    pub fn filter_error(&self) -> Option<&ExpressionError> {
        self.filter_error.as_ref()
    }

    /// What is wrong with the expression that decides the order; the order is that of the symbols then.
    #[must_use]
    pub fn sort_error(&self) -> Option<&ExpressionError> {
        self.sort_error.as_ref()
    }

    /// Makes the next [`refresh`](Self::refresh) order anew, because what decides it has changed.
    pub fn invalidate(&mut self) {
        self.is_due = true;
    }

    /// Says that the user is moving among the rows.
    pub fn touch(&mut self, now: Nanos) {
        self.touched = Some(now);
    }

    /// Brings the order up to date, when that is due; tells whether it has changed which rows there are.
    pub fn refresh(&mut self, snapshot: &Snapshot, by: OrderBy<'_>, now: Nanos) -> bool {
        let rows = &snapshot.rows;
        // Numbers are never used again, so what came or went shows in the count or in the newest number.
        let members = Some((rows.len(), rows.iter().last().map(|row| row.id)));
        let changed = self.is_due || members != self.members;
        if !changed {
            // Names do not change: an order by name stays right as long as the same rows are there.
            let is_by_name = matches!(
                by.sort.key,
                SortKey::Column(Column::Symbol | Column::Source)
            );
            if is_by_name && !by.filter.is_of_values() {
                return false;
            }
            let since = |then: Nanos| now.since(then).as_millis() as u64;
            let resting = self
                .touched
                .is_some_and(|touched| since(touched) < SORT_REST_MS);
            if resting || since(self.sorted) < SORT_EVERY_MS {
                return false;
            }
        }
        if members != self.members {
            self.joined = joined_rows(snapshot);
            self.twins = twins(snapshot, &self.joined);
        }
        self.members = members;
        self.is_due = false;
        self.sorted = now;
        self.order(snapshot, by);
        changed
    }

    fn order(&mut self, snapshot: &Snapshot, by: OrderBy<'_>) {
        let is_named = matches!(by.sort.key, SortKey::Expression(_)) || by.filter.is_of_values();
        let names = if is_named {
            ValueNames::of(snapshot)
        } else {
            ValueNames::default()
        };
        let (filter, filter_error) = parted(match by.filter.kind() {
            Kind::Words(words) => Ok(Shown::Words(words)),
            Kind::Expression(Ok(expression)) => expression.condition(&names).map(Shown::Condition),
            Kind::Expression(Err(error)) => Err(error.clone()),
        });
        let (key, sort_error) = parted(match &by.sort.key {
            SortKey::Column(Column::Symbol) => Ok(Key::Symbol),
            SortKey::Column(Column::Source) => Ok(Key::Source),
            SortKey::Column(Column::Value(name)) => Ok(Key::Value(ValueFinder::new(name))),
            SortKey::Column(column) => Ok(Key::Column(column.clone())),
            SortKey::Expression(expression) => expression.number(&names).map(Key::Number),
        });
        self.filter_error = filter_error;
        self.sort_error = sort_error;
        let filter = filter.unwrap_or(Shown::All);
        self.ids = ordered(snapshot, by, &filter, &key.unwrap_or(Key::Symbol));
        self.ids.retain(|id| !self.joined.contains(id));
    }
}

/// Gives the number that a row is sorted by.
type NumberOfRow<'a> = dyn Fn(&Row) -> Option<f64> + 'a;

/// Which rows are shown.
enum Shown<'a> {
    All,
    Words(&'a [String]),
    Condition(Condition),
}

fn parted<T>(result: Result<T, ExpressionError>) -> (Option<T>, Option<ExpressionError>) {
    match result {
        Ok(value) => (Some(value), None),
        Err(error) => (None, Some(error)),
    }
}

fn ordered(snapshot: &Snapshot, by: OrderBy<'_>, shown: &Shown<'_>, key: &Key) -> Vec<SymbolId> {
    let listed: Option<HashSet<&str>> = by
        .list
        .map(|list| list.iter().map(|spec| spec.symbol.as_str()).collect());
    let in_list = |row: &Row| match (&listed, by.list) {
        (Some(names), Some(list)) => {
            names.contains(row.symbol.as_str())
                && list.iter().any(|spec| {
                    spec.symbol == row.symbol
                        && spec.source.as_ref().is_none_or(|name| *name == row.source)
                })
        }
        _ => true,
    };
    let sources = SourceStates::of(snapshot);
    let stale_after_ms = by.stale_after_ms;
    let is_shown = |row: &Row| match shown {
        Shown::All => true,
        Shown::Words(words) => has_words(row, words),
        Shown::Condition(condition) => condition.holds(&facts(row, &sources, stale_after_ms)),
    };
    let rows = snapshot
        .rows
        .iter()
        .filter(|row| in_list(row) && is_shown(row));
    let by_number: Box<NumberOfRow<'_>> = match key {
        Key::Symbol | Key::Source => {
            let mut rows: Vec<&Row> = rows.collect();
            rows.sort_by(|a, b| {
                let sources = match key {
                    Key::Source => a.source.cmp(&b.source),
                    _ => Ordering::Equal,
                };
                let texts = sources
                    .then_with(|| a.symbol.cmp(&b.symbol))
                    .then_with(|| a.source.cmp(&b.source));
                directed(texts, by.sort)
            });
            return rows.into_iter().map(|row| row.id).collect();
        }
        Key::Column(column) => Box::new(|row| number(row, column)),
        Key::Value(finder) => Box::new(|row| finder.get(row)),
        Key::Number(of) => Box::new(|row| of.of(&facts(row, &sources, stale_after_ms))),
    };
    let mut keyed: Vec<(Option<f64>, &Row)> = rows.map(|row| (by_number(row), row)).collect();
    keyed.sort_by(|(a, row_a), (b, row_b)| {
        let numbers = match (a, b) {
            (Some(a), Some(b)) => directed(a.total_cmp(b), by.sort),
            (Some(_), None) => Ordering::Less,
            (None, Some(_)) => Ordering::Greater,
            (None, None) => Ordering::Equal,
        };
        // Equal values stand by name, so that they never change places.
        numbers.then_with(|| row_a.symbol.cmp(&row_b.symbol))
    });
    keyed.into_iter().map(|(_, row)| row.id).collect()
}

fn facts<'a>(row: &'a Row, sources: &SourceStates<'_>, stale_after_ms: i64) -> RowFacts<'a> {
    RowFacts {
        row,
        standing: sources.standing(row),
        stale_after_ms,
    }
}

fn directed(ordering: Ordering, sort: &Sort) -> Ordering {
    if sort.descending {
        ordering.reverse()
    } else {
        ordering
    }
}

/// The change of a row's last price against its reference price.
#[must_use]
pub fn change(row: &Row) -> Option<f64> {
    let last: f64 = row.last?.try_into().ok()?;
    Some(last - row.day.reference_price?)
}

/// The same as a percentage of the reference price.
#[must_use]
pub fn change_percent(row: &Row) -> Option<f64> {
    let reference = row.day.reference_price.filter(|price| *price != 0.0)?;
    Some(change(row)? / reference.abs() * 100.0)
}

/// What a column sorts by; `None` for what is unknown, and for names and named values.
#[must_use]
pub fn number(row: &Row, column: &Column) -> Option<f64> {
    let decimal = |value: Option<crate::domain::Decimal>| value.and_then(|it| it.try_into().ok());
    match column {
        Column::Last => decimal(row.last),
        Column::Change => change(row),
        Column::ChangePercent | Column::Trend => change_percent(row),
        Column::Bid => decimal(row.bid),
        Column::BidSize => decimal(row.bid_size),
        Column::Ask => decimal(row.ask),
        Column::AskSize => decimal(row.ask_size),
        Column::Open => row.day.open,
        Column::High => row.day.high,
        Column::Low => row.day.low,
        Column::Volume => row.day.volume,
        Column::Vwap => row.day.vwap,
        // The oldest update has the greatest age.
        Column::Age => row.updated.map(|UnixMs(ms)| -(ms as f64)),
        Column::Symbol | Column::Source | Column::Value(_) => None,
    }
}
