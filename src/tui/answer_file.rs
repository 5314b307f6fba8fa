//! An answer as a file: with all digits, as CSV, JSON lines or a table.

use std::io::{self, Write};

use crate::pipeline::question::{AnswerCell, AnswerTable};

use super::command_line::{AnswerFormat, AnswerOrder};
use super::files::{Written, write_whole};
use super::number::grouped;
use super::text::{safe, width};

/// Writes an answer to the file that is named; says how it went.
pub fn write_file(order: &AnswerOrder, table: &AnswerTable) -> Written {
    let path = order.path.display();
    write_whole(&order.path, order.overwrite, |out| {
        write(table, order.format, out)
    })
    .map_err(|error| format!("cannot write {path}: {error}"))?;
    let count = grouped(table.rows.len());
    Ok(if table.rows_total > table.rows.len() {
        let total = grouped(table.rows_total);
        format!("first {count} of {total} rows written to {path}")
    } else {
        let rows = if table.rows.len() == 1 { "row" } else { "rows" };
        format!("{count} {rows} written to {path}")
    })
}

/// Writes an answer's rows.
///
/// # Errors
/// When they cannot be written.
pub fn write(table: &AnswerTable, format: AnswerFormat, out: &mut dyn Write) -> io::Result<()> {
    match format {
        AnswerFormat::Csv => write_csv(table, out),
        AnswerFormat::JsonLines => write_json_lines(table, out),
        AnswerFormat::Text => write_text(table, out),
    }
}

/// A value as it is, with all of its digits; nothing is an empty text.
#[must_use]
pub fn plain(cell: &AnswerCell) -> String {
    match cell {
        AnswerCell::Null => String::new(),
        AnswerCell::Bool(value) => value.to_string(),
        AnswerCell::Integer(value) => value.to_string(),
        AnswerCell::Float(value) => {
            let size = value.abs();
            if size == 0.0 || (1e-6..1e16).contains(&size) {
                value.to_string()
            } else {
                format!("{value:e}")
            }
        }
        AnswerCell::Text(text) | AnswerCell::Time(text) => text.to_string(),
    }
}

fn write_csv(table: &AnswerTable, out: &mut dyn Write) -> io::Result<()> {
    // A single empty value would be an empty line without quotes.
    let mut csv = csv::WriterBuilder::new().flexible(true).from_writer(out);
    csv.write_record(table.columns.iter().map(|column| &column.name))?;
    for row in &table.rows {
        csv.write_record(row.iter().map(plain))?;
    }
    csv.flush()
}

fn write_json_lines(table: &AnswerTable, out: &mut dyn Write) -> io::Result<()> {
    for row in &table.rows {
        out.write_all(b"{")?;
        for (at, (column, cell)) in table.columns.iter().zip(row).enumerate() {
            if at > 0 {
                out.write_all(b",")?;
            }
            serde_json::to_writer(&mut *out, &column.name)?;
            out.write_all(b":")?;
            match cell {
                AnswerCell::Null => out.write_all(b"null")?,
                AnswerCell::Bool(value) => serde_json::to_writer(&mut *out, value)?,
                AnswerCell::Integer(value) => serde_json::to_writer(&mut *out, value)?,
                AnswerCell::Float(value) => serde_json::to_writer(&mut *out, value)?,
                AnswerCell::Text(text) | AnswerCell::Time(text) => {
                    serde_json::to_writer(&mut *out, text)?;
                }
            }
        }
        out.write_all(b"}\n")?;
    }
    Ok(())
}

fn write_text(table: &AnswerTable, out: &mut dyn Write) -> io::Result<()> {
    // Whoever looks at the file does so on a terminal.
    let text = |cell: &AnswerCell| match cell {
        AnswerCell::Null => "–".to_owned(),
        cell => safe(&plain(cell)).into_owned(),
    };
    let mut widths: Vec<usize> = table
        .columns
        .iter()
        .map(|column| width(&safe(&column.name)))
        .collect();
    for row in &table.rows {
        for (widest, cell) in widths.iter_mut().zip(row) {
            *widest = (*widest).max(width(&text(cell)));
        }
    }
    let mut write_line = |cells: &mut dyn Iterator<Item = String>| {
        let mut line = String::new();
        for ((cell, column), columns) in cells.zip(&table.columns).zip(&widths) {
            let space = " ".repeat(columns.saturating_sub(width(&cell)));
            if column.is_number {
                line.push_str(&space);
                line.push_str(&cell);
            } else {
                line.push_str(&cell);
                line.push_str(&space);
            }
            line.push_str("  ");
        }
        writeln!(out, "{}", line.trim_end())
    };
    write_line(
        &mut table
            .columns
            .iter()
            .map(|column| safe(&column.name).into_owned()),
    )?;
    write_line(&mut widths.iter().map(|columns| "─".repeat(*columns)))?;
    for row in &table.rows {
        write_line(&mut row.iter().map(text))?;
    }
    Ok(())
}

#[cfg(test)]
#[allow(clippy::unwrap_used, reason = "a test may stop at the first surprise")]
mod tests {
    use super::*;
    use crate::pipeline::question::AnswerColumn;

    fn written(format: AnswerFormat) -> String {
        let column = |name: &str, is_number| AnswerColumn {
            name: name.to_owned(),
            is_number,
        };
        let table = AnswerTable {
            columns: vec![
                column("symbol", false),
                column("high", true),
                column("at", false),
            ],
            rows: vec![
                vec![
                    AnswerCell::Text("A,\"B\"\x1b".into()),
                    AnswerCell::Float(0.1 + 0.2),
                    AnswerCell::Time("2019-02-13T10:42:00-05:00".into()),
                ],
                vec![
                    AnswerCell::Null,
                    AnswerCell::Integer(-7),
                    AnswerCell::Bool(true),
                ],
            ],
            rows_total: 2,
            ..AnswerTable::default()
        };
        let mut out = Vec::new();
        write(&table, format, &mut out).unwrap();
        String::from_utf8(out).unwrap()
    }

    #[test]
    fn every_format_keeps_what_it_can() {
        assert_eq!(
            written(AnswerFormat::Csv),
            "symbol,high,at\n\"A,\"\"B\"\"\x1b\",0.30000000000000004,2019-02-13T10:42:00-05:00\n,-7,true\n"
        );
        assert_eq!(
            written(AnswerFormat::JsonLines),
            "{\"symbol\":\"A,\\\"B\\\"\\u001b\",\"high\":0.30000000000000004,\"at\":\"2019-02-13T10:42:00-05:00\"}\n\
             {\"symbol\":null,\"high\":-7,\"at\":true}\n"
        );
        let text = written(AnswerFormat::Text);
        assert!(!text.contains('\x1b'));
        let lines: Vec<&str> = text.lines().collect();
        assert_eq!(lines[0], "symbol                 high  at");
        assert_eq!(lines[3], "–                        -7  true");
    }
}
