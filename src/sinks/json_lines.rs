//! JSON lines: every result, error and status as one object a line.
//!
//! The order of keys is part of the format: scripts and eyes rely on it. Objects are written straight into a buffer;
//! there is no tree of values in between.

mod body;
mod text;

use std::io::{ErrorKind, Write};

use chrono_tz::America::New_York;

use crate::domain::Decimal;
use crate::domain::column::ColumnValues;
use crate::domain::outcome::{ErrorInstance, ResultInstance, StatusChange};
use crate::domain::source::SourceName;
use crate::domain::symbol::Symbol;
use crate::domain::time::UnixMs;
use crate::pipeline::sink::{Sink, SinkClosed};

use text::{TimeWriter, push_decimal, push_float, push_integer, push_text};

/// What is buffered goes out at the latest when there is so much of it, in bytes.
const BUFFER_BYTES: usize = 64 * 1024;

/// Writes JSON lines to `W`.
#[derive(Debug)]
pub struct JsonLines<W> {
    output: W,
    buffer: Vec<u8>,
    times: TimeWriter,
}

impl<W: Write + Send> JsonLines<W> {
    /// A sink that writes to `output`, which needs no buffer of its own.
    #[must_use]
    pub fn new(output: W) -> Self {
        Self {
            output,
            buffer: Vec::with_capacity(BUFFER_BYTES + 4096),
            times: TimeWriter::new(New_York),
        }
    }

    fn end_line(&mut self) -> Result<(), SinkClosed> {
        self.buffer.extend_from_slice(b"}\n");
        if self.buffer.len() >= BUFFER_BYTES {
            self.write_out()?;
        }
        Ok(())
    }

    fn write_out(&mut self) -> Result<(), SinkClosed> {
        let outcome = self.output.write_all(&self.buffer);
        self.buffer.clear();
        outcome.map_err(|error| match error.kind() {
            ErrorKind::BrokenPipe => SinkClosed::ReaderGone,
            _ => SinkClosed::Failed(format!("results could not be written: {error}")),
        })
    }

    fn key(&mut self, name: &str) {
        self.buffer.extend_from_slice(b",\"");
        self.buffer.extend_from_slice(name.as_bytes());
        self.buffer.extend_from_slice(b"\":");
    }

    fn text(&mut self, name: &str, value: &str) {
        self.key(name);
        push_text(&mut self.buffer, value);
    }

    fn optional_text(&mut self, name: &str, value: Option<&str>) {
        if let Some(value) = value {
            self.text(name, value);
        }
    }

    fn optional_time(&mut self, value: Option<UnixMs>) {
        if let Some(time) = value {
            self.key("unix_ts");
            push_integer(&mut self.buffer, time.0);
        }
    }

    fn decimal(&mut self, name: &str, value: Option<Decimal>) {
        self.key(name);
        match value {
            Some(value) => push_decimal(&mut self.buffer, value),
            None => self.buffer.extend_from_slice(b"null"),
        }
    }

    /// Both times of a result.
    fn times(&mut self, time: Option<UnixMs>) {
        match time {
            Some(time) => {
                self.key("unix_ts");
                push_integer(&mut self.buffer, time.0);
                self.key("new_york_datetime");
                self.times.push(&mut self.buffer, time);
            }
            None => self
                .buffer
                .extend_from_slice(b",\"unix_ts\":null,\"new_york_datetime\":null"),
        }
    }
}

impl<W: Write + Send> Sink for JsonLines<W> {
    fn result(
        &mut self,
        result: &ResultInstance,
        symbol: &Symbol,
        source: &SourceName,
    ) -> Result<(), SinkClosed> {
        self.buffer
            .extend_from_slice(b"{\"type\":\"result\",\"service\":\"");
        self.buffer
            .extend_from_slice(result.service().name().as_bytes());
        self.buffer.extend_from_slice(b"\"");
        self.text("symbol", symbol.as_str());
        self.body(&result.body);
        self.times(result.time);
        self.text("source", source.as_str());
        self.further(&result.body);
        self.end_line()
    }

    fn columns(
        &mut self,
        time: UnixMs,
        values: &ColumnValues,
        symbol: &Symbol,
        source: &SourceName,
    ) -> Result<(), SinkClosed> {
        self.buffer.extend_from_slice(b"{\"type\":\"columns\"");
        self.text("symbol", symbol.as_str());
        self.key("columns");
        let mut separator = b'{';
        for (name, value) in values.names.iter().zip(&values.values) {
            self.buffer.push(separator);
            separator = b',';
            push_text(&mut self.buffer, name);
            self.buffer.push(b':');
            push_float(&mut self.buffer, *value);
        }
        self.buffer.push(b'}');
        self.times(Some(time));
        self.text("source", source.as_str());
        self.end_line()
    }

    fn error(&mut self, error: &ErrorInstance) -> Result<(), SinkClosed> {
        self.buffer
            .extend_from_slice(b"{\"type\":\"error\",\"error\":\"");
        self.buffer.extend_from_slice(error.kind.name().as_bytes());
        self.buffer.extend_from_slice(b"\"");
        self.text("severity", error.severity.name());
        self.text("message", &error.message);
        self.optional_text("next", error.next.as_deref());
        self.optional_text("source", error.source.as_ref().map(SourceName::as_str));
        self.optional_text("symbol", error.symbol.as_ref().map(Symbol::as_str));
        self.optional_text("location", error.location.as_deref());
        self.optional_text("sample", error.sample.as_deref());
        self.optional_time(error.time);
        self.end_line()
    }

    fn status(&mut self, status: &StatusChange) -> Result<(), SinkClosed> {
        self.buffer
            .extend_from_slice(b"{\"type\":\"status\",\"status\":\"");
        self.buffer
            .extend_from_slice(status.status.name().as_bytes());
        self.buffer.extend_from_slice(b"\"");
        self.optional_text("source", status.source.as_ref().map(SourceName::as_str));
        self.optional_text("symbol", status.symbol.as_ref().map(Symbol::as_str));
        self.optional_text("message", status.message.as_deref());
        if let Some(retry_ms) = status.retry_ms {
            self.key("retry_ms");
            push_integer(&mut self.buffer, retry_ms.min(i64::MAX as u64) as i64);
        }
        self.optional_time(status.time);
        self.end_line()
    }

    fn flush(&mut self) -> Result<(), SinkClosed> {
        if !self.buffer.is_empty() {
            self.write_out()?;
        }
        Ok(())
    }
}

#[cfg(test)]
mod tests;
