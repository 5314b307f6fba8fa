//! Tables as CSV and as JSON lines.

use std::io::{self, Write};

use chrono::SecondsFormat;
use chrono_tz::Tz;
use serde_json::{Map, Value};

use crate::domain::time::UnixMs;

use super::rows::{Table, Values};

/// A time as RFC 3339 in `zone`; empty outside the calendar.
fn time_text(ms: i64, zone: Tz) -> String {
    UnixMs(ms).in_zone(zone).map_or_else(String::new, |time| {
        time.to_rfc3339_opts(SecondsFormat::Millis, false)
    })
}

/// Writes rows as CSV; what is null is empty.
pub(super) struct CsvRows<W: Write> {
    writer: csv::Writer<W>,
    zone: Tz,
    has_head: bool,
}

impl<W: Write> CsvRows<W> {
    pub fn new(writer: W, zone: Tz) -> Self {
        Self {
            writer: csv::Writer::from_writer(writer),
            zone,
            has_head: false,
        }
    }

    pub fn write(&mut self, table: &Table) -> io::Result<()> {
        if !std::mem::replace(&mut self.has_head, true) {
            let names = table.columns.iter().map(|(name, _)| name);
            self.writer.write_record(names)?;
        }
        for row in 0..table.rows() {
            for (_, values) in &table.columns {
                self.writer.write_field(cell(values, row, self.zone))?;
            }
            self.writer.write_record(None::<&[u8]>)?;
        }
        Ok(())
    }

    pub fn finish(self) -> io::Result<W> {
        self.writer
            .into_inner()
            .map_err(csv::IntoInnerError::into_error)
    }
}

fn cell(values: &Values, row: usize, zone: Tz) -> String {
    let text = match values {
        Values::Text(values) => values[row].clone(),
        Values::Integer(values) => values[row].map(|value| value.to_string()),
        Values::Float(values) => values[row].map(|value| value.to_string()),
        Values::Time(values) => values[row].map(|value| time_text(value, zone)),
    };
    text.unwrap_or_default()
}

/// Writes rows as JSON lines, each an object with all columns.
pub(super) struct JsonRows<W: Write> {
    writer: W,
    zone: Tz,
}

impl<W: Write> JsonRows<W> {
    pub fn new(writer: W, zone: Tz) -> Self {
        Self { writer, zone }
    }

    pub fn write(&mut self, table: &Table) -> io::Result<()> {
        for row in 0..table.rows() {
            let cells = table.columns.iter().map(|(name, values)| {
                let value = match values {
                    Values::Text(values) => values[row].clone().map(Value::from),
                    Values::Integer(values) => values[row].map(Value::from),
                    Values::Float(values) => values[row].map(Value::from),
                    Values::Time(values) => {
                        values[row].map(|ms| Value::from(time_text(ms, self.zone)))
                    }
                };
                (name.clone(), value.unwrap_or(Value::Null))
            });
            let object: Map<String, Value> = cells.collect();
            serde_json::to_writer(&mut self.writer, &object)?;
            self.writer.write_all(b"\n")?;
        }
        Ok(())
    }

    pub fn finish(self) -> W {
        self.writer
    }
}
