//! An answer's rows.

use chrono::{DateTime, NaiveDate, NaiveDateTime, TimeDelta, Utc};
use chrono_tz::Tz;
use polars::prelude::{AnyValue, DataFrame, TimeUnit, TimeZone};
use serde_json::Value;

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
    /// A list, or fields with names, as JSON.
    Json(Box<str>),
}

/// An answer: so many rows of cells.
#[derive(Debug, Clone)]
pub struct AnswerFrame {
    frame: DataFrame,
    /// The zone of times that do not say theirs.
    zone: Option<Tz>,
}

impl AnswerFrame {
    pub(super) fn new(mut frame: DataFrame) -> Self {
        // A row is found by its number: that is quick only within one chunk.
        frame.rechunk_mut();
        Self { frame, zone: None }
    }

    /// The same, with its times shown as those of a zone.
    pub(super) fn in_zone(self, zone: Tz) -> Self {
        Self {
            zone: Some(zone),
            ..self
        }
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
                .map(|column| column.get(row).map_or(Cell::Null, |it| cell(it, self.zone)))
                .collect()
        })
    }
}

fn cell(value: AnyValue<'_>, zone: Option<Tz>) -> Cell {
    match value {
        AnyValue::Null => Cell::Null,
        AnyValue::Boolean(value) => Cell::Bool(value),
        AnyValue::String(text) => Cell::Text(text.into()),
        AnyValue::StringOwned(text) => Cell::Text(text.as_str().into()),
        AnyValue::Float64(value) => float(value),
        AnyValue::Float32(value) => float(f64::from(value)),
        AnyValue::UInt64(value) => i64::try_from(value).map_or(float(value as f64), Cell::Integer),
        AnyValue::Datetime(time, unit, own) => moment(time, unit, own, zone),
        AnyValue::DatetimeOwned(time, unit, own) => moment(time, unit, own.as_deref(), zone),
        AnyValue::Date(days) => date(days),
        value @ (AnyValue::List(_) | AnyValue::Struct(..) | AnyValue::StructOwned(_)) => {
            Cell::Json(json(value, zone).to_string().into())
        }
        value if value.is_integer() => value.extract::<i64>().map_or(Cell::Null, Cell::Integer),
        value if value.is_primitive_numeric() => value.extract::<f64>().map_or(Cell::Null, float),
        value => Cell::Text(value.to_string().into()),
    }
}

/// A value as JSON, whatever is in it.
fn json(value: AnyValue<'_>, zone: Option<Tz>) -> Value {
    match value {
        AnyValue::List(list) => list.iter().map(|it| json(it, zone)).collect(),
        AnyValue::Struct(_, _, fields) => {
            let names = fields.iter().map(|field| field.name().to_string());
            let names: Vec<String> = names.collect();
            let values = value._iter_struct_av().map(|it| json(it, zone));
            Value::Object(names.into_iter().zip(values).collect())
        }
        AnyValue::StructOwned(owned) => {
            let (values, fields) = *owned;
            let names = fields.iter().map(|field| field.name().to_string());
            let values = values.into_iter().map(|it| json(it, zone));
            Value::Object(names.zip(values).collect())
        }
        value => match cell(value, zone) {
            Cell::Null => Value::Null,
            Cell::Bool(value) => value.into(),
            Cell::Integer(value) => value.into(),
            Cell::Float(value) => value.into(),
            Cell::Text(text) | Cell::Time(text) | Cell::Json(text) => String::from(text).into(),
        },
    }
}

fn float(value: f64) -> Cell {
    if value.is_finite() {
        Cell::Float(value)
    } else {
        Cell::Null
    }
}

/// A moment; one without a zone of its own is of a clock on a wall in `zone`.
fn moment(time: i64, unit: TimeUnit, own: Option<&TimeZone>, zone: Option<Tz>) -> Cell {
    let utc: Option<DateTime<Utc>> = match unit {
        TimeUnit::Milliseconds => DateTime::from_timestamp_millis(time),
        TimeUnit::Microseconds => DateTime::from_timestamp_micros(time),
        TimeUnit::Nanoseconds => Some(DateTime::from_timestamp_nanos(time)),
    };
    let Some(utc) = utc else {
        return Cell::Null;
    };
    let own: Option<Option<Tz>> = own.map(|zone| zone.as_str().parse().ok());
    let local = utc.naive_utc();
    let text = match (own, zone) {
        (Some(Some(own)), _) => utc.with_timezone(&own).to_rfc3339(),
        (Some(None), _) => utc.to_rfc3339(),
        (None, Some(zone)) => match local.and_local_timezone(zone).earliest() {
            Some(moment) => moment.to_rfc3339(),
            // An hour that the clock leaves out.
            None => wall(local),
        },
        (None, None) => wall(local),
    };
    Cell::Time(text.into())
}

fn wall(time: NaiveDateTime) -> String {
    time.format("%Y-%m-%dT%H:%M:%S%.f").to_string()
}

fn date(days: i32) -> Cell {
    let epoch = NaiveDate::default();
    let date = epoch.checked_add_signed(TimeDelta::days(i64::from(days)));
    date.map_or(Cell::Null, |date| Cell::Time(date.to_string().into()))
}
