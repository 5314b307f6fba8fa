//! Tables as CSV and as JSON lines.

use std::io::{self, Write};

use chrono::{DateTime, SecondsFormat, Utc};

use super::table::{Table, Values};

/// A time as RFC 3339 in UTC; empty outside the calendar.
fn time_text(ms: i64) -> String {
    DateTime::<Utc>::from_timestamp_millis(ms).map_or_else(String::new, |time| {
        time.to_rfc3339_opts(SecondsFormat::Millis, true)
    })
}

/// Writes rows as CSV; what is null is empty. One row is one line: a line break in a text becomes a blank.
pub(super) struct CsvRows<W: Write> {
    writer: csv::Writer<W>,
    has_head: bool,
}

impl<W: Write> CsvRows<W> {
    pub fn new(writer: W) -> Self {
        Self {
            writer: csv::Writer::from_writer(writer),
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
                self.writer.write_field(cell(values, row))?;
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

fn cell(values: &Values, row: usize) -> String {
    let text = match values {
        Values::Text(values) => values[row]
            .as_ref()
            .map(|text| text.replace(['\r', '\n'], " ")),
        Values::Integer(values) => values[row].map(|value| value.to_string()),
        Values::Float(values) => values[row].map(|value| value.to_string()),
        Values::Time(values) => values[row].map(time_text),
        Values::Flag(values) => values[row].map(|value| value.to_string()),
    };
    text.unwrap_or_default()
}

/// Writes rows as JSON lines, each an object with all columns in their order.
pub(super) struct JsonRows<W: Write> {
    writer: W,
}

impl<W: Write> JsonRows<W> {
    pub fn new(writer: W) -> Self {
        Self { writer }
    }

    pub fn write(&mut self, table: &Table) -> io::Result<()> {
        for row in 0..table.rows() {
            let mut separator = b"{";
            for (name, values) in &table.columns {
                self.writer.write_all(separator)?;
                separator = b",";
                serde_json::to_writer(&mut self.writer, name)?;
                self.writer.write_all(b":")?;
                let writer = &mut self.writer;
                match values {
                    Values::Text(values) => serde_json::to_writer(writer, &values[row])?,
                    Values::Integer(values) => serde_json::to_writer(writer, &values[row])?,
                    Values::Float(values) => serde_json::to_writer(writer, &values[row])?,
                    Values::Time(values) => {
                        serde_json::to_writer(writer, &values[row].map(time_text))?;
                    }
                    Values::Flag(values) => serde_json::to_writer(writer, &values[row])?,
                }
            }
            self.writer.write_all(b"}\n")?;
        }
        Ok(())
    }

    pub fn finish(self) -> W {
        self.writer
    }
}
