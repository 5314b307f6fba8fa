//! An answer's rows.

use chrono::{DateTime, NaiveDate, TimeDelta, Utc};
use chrono_tz::Tz;
use polars::prelude::{AnyValue, DataFrame, TimeUnit, TimeZone};

/// A column of an answer.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Column {
    /// Its name.
    pub name: String,
    /// Whether it holds numbers.
    pub is_number: bool,
}

/// One value of an answer.
#[derive(Debug, Clone, PartialEq)]
pub enum Cell {
    /// Nothing, or a number that is none.
    Null,
    /// Yes or no.
    Bool(bool),
    /// A whole number.
    Integer(i64),
    /// A number; always finite.
    Float(f64),
    /// A text, as it came in.
    Text(Box<str>),
    /// A moment or a date, in RFC 3339.
    Time(Box<str>),
}

/// An answer: so many rows of cells.
#[derive(Debug, Clone)]
pub struct AnswerFrame {
    frame: DataFrame,
}

impl AnswerFrame {
    pub(super) fn new(mut frame: DataFrame) -> Self {
        // A row is found by its number: that is quick only within one chunk.
        frame.rechunk_mut();
        Self { frame }
    }

    /// Its columns.
    #[must_use]
    pub fn columns(&self) -> Vec<Column> {
        self.frame
            .columns()
            .iter()
            .map(|column| Column {
                name: column.name().to_string(),
                is_number: column.dtype().is_primitive_numeric() || column.dtype().is_decimal(),
            })
            .collect()
    }

    /// Whether every column holds numbers, truth values or nothing.
    #[must_use]
    pub fn gives_numbers(&self) -> bool {
        self.frame.columns().iter().all(|column| {
            let kind = column.dtype();
            kind.is_primitive_numeric() || kind.is_bool() || kind.is_null()
        })
    }

    /// How many rows there are.
    #[must_use]
    pub fn len(&self) -> usize {
        self.frame.height()
    }

    /// Whether there is none.
    #[must_use]
    pub fn is_empty(&self) -> bool {
        self.len() == 0
    }

    /// The rows, each with a cell for each column.
    pub fn rows(&self) -> impl DoubleEndedIterator<Item = Vec<Cell>> + ExactSizeIterator + '_ {
        let columns: Vec<_> = self
            .frame
            .columns()
            .iter()
            .map(polars::prelude::Column::as_materialized_series)
            .collect();
        (0..self.len()).map(move |row| {
            columns
                .iter()
                .map(|column| column.get(row).map_or(Cell::Null, cell))
                .collect()
        })
    }
}

fn cell(value: AnyValue<'_>) -> Cell {
    match value {
        AnyValue::Null => Cell::Null,
        AnyValue::Boolean(value) => Cell::Bool(value),
        AnyValue::String(text) => Cell::Text(text.into()),
        AnyValue::StringOwned(text) => Cell::Text(text.as_str().into()),
        AnyValue::Float64(value) => float(value),
        AnyValue::Float32(value) => float(f64::from(value)),
        AnyValue::UInt64(value) => i64::try_from(value).map_or(float(value as f64), Cell::Integer),
        AnyValue::Datetime(time, unit, zone) => moment(time, unit, zone),
        AnyValue::DatetimeOwned(time, unit, zone) => moment(time, unit, zone.as_deref()),
        AnyValue::Date(days) => date(days),
        value if value.is_integer() => value.extract::<i64>().map_or(Cell::Null, Cell::Integer),
        value if value.is_primitive_numeric() => value.extract::<f64>().map_or(Cell::Null, float),
        value => Cell::Text(value.to_string().into()),
    }
}

fn float(value: f64) -> Cell {
    if value.is_finite() {
        Cell::Float(value)
    } else {
        Cell::Null
    }
}

fn moment(time: i64, unit: TimeUnit, zone: Option<&TimeZone>) -> Cell {
    let utc: Option<DateTime<Utc>> = match unit {
        TimeUnit::Milliseconds => DateTime::from_timestamp_millis(time),
        TimeUnit::Microseconds => DateTime::from_timestamp_micros(time),
        TimeUnit::Nanoseconds => Some(DateTime::from_timestamp_nanos(time)),
    };
    let Some(utc) = utc else {
        return Cell::Null;
    };
    let zone: Option<Option<Tz>> = zone.map(|zone| zone.as_str().parse().ok());
    let text = match zone {
        Some(Some(zone)) => utc.with_timezone(&zone).to_rfc3339(),
        Some(None) => utc.to_rfc3339(),
        // A time without a zone is one of a clock on a wall.
        None => utc.naive_utc().format("%Y-%m-%dT%H:%M:%S%.f").to_string(),
    };
    Cell::Time(text.into())
}

fn date(days: i32) -> Cell {
    let epoch = NaiveDate::default();
    let date = epoch.checked_add_signed(TimeDelta::days(i64::from(days)));
    date.map_or(Cell::Null, |date| Cell::Time(date.to_string().into()))
}
