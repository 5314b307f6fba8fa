//! Writes an answer to stdout.

use std::fmt::Write as _;
use std::io::{self, BufWriter, ErrorKind, IsTerminal, Write};
use std::time::Duration;

use crate::cli::Format;
use crate::compute::query::{AnswerFrame, Cell};
use crate::telemetry::scrub;

use super::super::exit::{self, Exit};
use super::table;

/// Rows of a table, where nothing else is said: it is measured before it is written.
const TABLE_ROWS_MAX: usize = 1000;

/// Writes the answer, and for people how long it took. That nobody reads it is no failure.
pub(super) fn print(
    frame: &AnswerFrame,
    format: Format,
    rows_max: Option<usize>,
    took: Duration,
) -> Exit {
    let stdout = io::stdout();
    let is_terminal = stdout.is_terminal();
    let mut out = BufWriter::new(stdout.lock());
    let rows_max = rows_max.unwrap_or(match format {
        Format::Table => TABLE_ROWS_MAX,
        Format::Csv | Format::Json => usize::MAX,
    });
    let written = match format {
        Format::Table => table::write(&mut out, frame, rows_max, is_terminal),
        Format::Csv => csv(&mut out, frame, rows_max, is_terminal),
        Format::Json => json(&mut out, frame, rows_max, is_terminal),
    };
    match written.and_then(|()| out.flush()) {
        Ok(()) => {}
        Err(error) if error.kind() == ErrorKind::BrokenPipe => return Exit::Done,
        Err(error) => {
            exit::say(format_args!("stdout: {error}"));
            return Exit::Failed;
        }
    }
    if format == Format::Table {
        exit::say(summary(frame.len(), rows_max, took));
    }
    Exit::Done
}

fn summary(rows: usize, rows_max: usize, took: Duration) -> String {
    let noun = if rows == 1 { "row" } else { "rows" };
    let ms = took.as_millis();
    if rows > rows_max {
        return format!("{rows_max} of {rows} {noun} in {ms} ms; --rows shows more");
    }
    format!("{rows} {noun} in {ms} ms")
}

fn csv(
    out: &mut impl Write,
    frame: &AnswerFrame,
    rows_max: usize,
    is_terminal: bool,
) -> io::Result<()> {
    let safe = |text: String| if is_terminal { scrub(&text) } else { text };
    let mut writer = csv::WriterBuilder::new()
        .terminator(csv::Terminator::CRLF)
        .from_writer(out);
    let names = frame.columns().into_iter().map(|column| safe(column.name));
    writer.write_record(names).map_err(io_error)?;
    for row in frame.rows().take(rows_max) {
        let cells = row.into_iter().map(|cell| safe(text_of(cell)));
        writer.write_record(cells).map_err(io_error)?;
    }
    writer.flush()
}

/// The error as the system gave it, so that a reader who has gone is told from a full disk.
fn io_error(error: csv::Error) -> io::Error {
    match error.into_kind() {
        csv::ErrorKind::Io(error) => error,
        other => io::Error::other(format!("{other:?}")),
    }
}

/// A cell as plain text; nothing is empty.
fn text_of(cell: Cell) -> String {
    match cell {
        Cell::Null => String::new(),
        Cell::Bool(value) => value.to_string(),
        Cell::Integer(value) => value.to_string(),
        // The shortest digits that give the same number again.
        Cell::Float(value) => format!("{value:?}"),
        Cell::Text(text) | Cell::Time(text) | Cell::Json(text) => text.into(),
    }
}

/// JSON that steers no terminal: what could is written as JSON escapes it.
fn escaped(json: &str) -> String {
    let mut safe = String::with_capacity(json.len());
    for c in json.chars() {
        if scrub(c.encode_utf8(&mut [0; 4])).starts_with(c) {
            safe.push(c);
            continue;
        }
        for unit in c.encode_utf16(&mut [0; 2]) {
            // Writing to memory does not fail.
            write!(safe, "\\u{unit:04x}").unwrap_or_default();
        }
    }
    safe
}

fn json(
    out: &mut impl Write,
    frame: &AnswerFrame,
    rows_max: usize,
    is_terminal: bool,
) -> io::Result<()> {
    let quoted = |text: &str| {
        if is_terminal {
            serde_json::to_string(&scrub(text))
        } else {
            serde_json::to_string(text)
        }
    };
    let mut names = Vec::new();
    for column in frame.columns() {
        names.push(quoted(&column.name)?);
    }
    let mut line = String::new();
    for row in frame.rows().take(rows_max) {
        line.clear();
        for (name, cell) in names.iter().zip(row) {
            line.push(if line.is_empty() { '{' } else { ',' });
            let value = match cell {
                Cell::Null => "null".to_owned(),
                Cell::Text(text) | Cell::Time(text) => quoted(&text)?,
                // What steers a terminal is written as JSON escapes it, and must not be escaped once more.
                Cell::Json(text) if is_terminal => escaped(&text),
                cell => text_of(cell),
            };
            // Writing to memory does not fail.
            write!(line, "{name}:{value}").unwrap_or_default();
        }
        if line.is_empty() {
            line.push('{');
        }
        line.push_str("}\n");
        out.write_all(line.as_bytes())?;
    }
    Ok(())
}
