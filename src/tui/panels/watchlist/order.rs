//! Which rows the watchlist shows, and in which order.
//!
//! The order is kept until it is due again: rows that overtake one another with every price would not be readable,
//! and ten thousand of them need not be sorted for every frame.

use std::cmp::Ordering;
use std::collections::HashSet;

use crate::domain::clock::Nanos;
use crate::domain::symbol::{SymbolId, SymbolSpec};
use crate::domain::time::UnixMs;
use crate::pipeline::Snapshot;
use crate::pipeline::snapshot::Row;

use super::columns::{Column, Sort};

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
}

/// What decides the order besides the data.
#[derive(Debug, Clone, Copy)]
pub struct OrderBy<'a> {
    /// The column.
    pub sort: Sort,
    /// Words of which each has to be in the symbol or its source.
    pub filter: &'a str,
    /// The named list that is shown; `None` shows everything.
    pub list: Option<&'a [SymbolSpec]>,
}

impl RowOrder {
    /// The rows as they were ordered last.
    #[must_use]
    pub fn ids(&self) -> &[SymbolId] {
        &self.ids
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
            if matches!(by.sort.column, Column::Symbol | Column::Source) {
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
        self.members = members;
        self.is_due = false;
        self.sorted = now;
        self.ids = ordered(snapshot, by);
        changed
    }
}

fn ordered(snapshot: &Snapshot, by: OrderBy<'_>) -> Vec<SymbolId> {
    let words: Vec<String> = by
        .filter
        .split_whitespace()
        .map(str::to_lowercase)
        .collect();
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
    let rows = snapshot
        .rows
        .iter()
        .filter(|row| in_list(row) && matches(row, &words));
    match by.sort.column {
        Column::Symbol | Column::Source => {
            let mut rows: Vec<&Row> = rows.collect();
            rows.sort_by(|a, b| {
                let texts = if by.sort.column == Column::Source {
                    a.source
                        .cmp(&b.source)
                        .then_with(|| a.symbol.cmp(&b.symbol))
                } else {
                    a.symbol
                        .cmp(&b.symbol)
                        .then_with(|| a.source.cmp(&b.source))
                };
                directed(texts, by.sort)
            });
            rows.into_iter().map(|row| row.id).collect()
        }
        column => {
            let mut keyed: Vec<(Option<f64>, &Row)> =
                rows.map(|row| (number(row, column), row)).collect();
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
    }
}

fn directed(ordering: Ordering, sort: Sort) -> Ordering {
    if sort.descending {
        ordering.reverse()
    } else {
        ordering
    }
}

fn matches(row: &Row, words: &[String]) -> bool {
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

/// What a column sorts by; `None` for what is unknown.
fn number(row: &Row, column: Column) -> Option<f64> {
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
        Column::Symbol | Column::Source => None,
    }
}
