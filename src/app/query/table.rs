//! An answer as an aligned table.

use std::io::{self, Write};

use unicode_width::UnicodeWidthStr;

use crate::compute::query::{AnswerFrame, Cell};
use crate::telemetry::scrub;

/// Digits behind the point that a table shows at most.
const DECIMALS_MAX: usize = 6;
/// From here on a number is written with an exponent.
const PLAIN_MAX: f64 = 1e15;

/// Writes the first rows; with borders where a person looks at it.
pub(super) fn write(
    out: &mut impl Write,
    frame: &AnswerFrame,
    rows_max: usize,
    has_borders: bool,
) -> io::Result<()> {
    let columns = frame.columns();
    let rows: Vec<Vec<Cell>> = frame.rows().take(rows_max).collect();
    let decimals: Vec<usize> = (0..columns.len())
        .map(|at| {
            let cells = rows.iter().filter_map(|row| row.get(at));
            cells.map(decimals_of).max().unwrap_or(0)
        })
        .collect();
    let header: Vec<String> = columns
        .iter()
        .map(|column| one_line(&column.name))
        .collect();
    let lines: Vec<Vec<String>> = rows
        .into_iter()
        .map(|row| {
            let cells = row.into_iter().zip(&decimals);
            cells
                .map(|(cell, decimals)| text_of(cell, *decimals))
                .collect()
        })
        .collect();
    let widths: Vec<usize> = (0..columns.len())
        .map(|at| {
            let all = std::iter::once(&header).chain(&lines);
            let widths = all.filter_map(|line| line.get(at)).map(|text| text.width());
            widths.max().unwrap_or(0)
        })
        .collect();
    let is_right: Vec<bool> = columns.iter().map(|column| column.is_number).collect();
    let frame = Frame {
        widths,
        is_right,
        has_borders,
    };
    frame.rule(out, ['╭', '┬', '╮'])?;
    frame.line(out, &header)?;
    frame.rule(out, ['├', '┼', '┤'])?;
    for line in &lines {
        frame.line(out, line)?;
    }
    frame.rule(out, ['╰', '┴', '╯'])
}

struct Frame {
    widths: Vec<usize>,
    is_right: Vec<bool>,
    has_borders: bool,
}

impl Frame {
    fn rule(&self, out: &mut impl Write, [left, between, right]: [char; 3]) -> io::Result<()> {
        if !self.has_borders {
            return Ok(());
        }
        let parts: Vec<String> = self
            .widths
            .iter()
            .map(|width| "─".repeat(width + 2))
            .collect();
        writeln!(out, "{left}{}{right}", parts.join(&between.to_string()))
    }

    fn line(&self, out: &mut impl Write, cells: &[String]) -> io::Result<()> {
        let mut line = String::new();
        for ((cell, width), is_right) in cells.iter().zip(&self.widths).zip(&self.is_right) {
            let space = " ".repeat(width.saturating_sub(cell.width()));
            let (before, after) = if *is_right {
                (&*space, "")
            } else {
                ("", &*space)
            };
            if self.has_borders {
                line.push_str("│ ");
            } else if !line.is_empty() {
                line.push_str("  ");
            }
            line.push_str(before);
            line.push_str(cell);
            line.push_str(after);
            if self.has_borders {
                line.push(' ');
            }
        }
        if self.has_borders {
            line.push('│');
        }
        writeln!(out, "{}", line.trim_end())
    }
}

/// How many digits behind the point tell a number; none of what has an exponent.
fn decimals_of(cell: &Cell) -> usize {
    let Cell::Float(value) = cell else {
        return 0;
    };
    if value.abs() >= PLAIN_MAX {
        return 0;
    }
    let text = format!("{value:.DECIMALS_MAX$}");
    let text = text.trim_end_matches('0');
    text.split_once('.').map_or(0, |(_, digits)| digits.len())
}

fn text_of(cell: Cell, decimals: usize) -> String {
    match cell {
        Cell::Null => "–".to_owned(),
        Cell::Bool(value) => value.to_string(),
        Cell::Integer(value) => value.to_string(),
        Cell::Float(value) if value.abs() >= PLAIN_MAX => format!("{value:e}"),
        // What is too small for the digits that are shown is not zero.
        Cell::Float(value) if value != 0.0 && value.abs() < 5e-7 => format!("{value:e}"),
        Cell::Float(value) => format!("{value:.decimals$}"),
        Cell::Text(text) | Cell::Time(text) | Cell::Json(text) => one_line(&text),
    }
}

/// A text that stays within its line, and steers no terminal.
fn one_line(text: &str) -> String {
    scrub(text).replace(['\n', '\t'], " ")
}

#[cfg(test)]
#[allow(clippy::unwrap_used, reason = "a test may stop at the first surprise")]
mod tests {
    use super::*;
    use crate::compute::query::{Cancel, Statement, Tables, ask};

    fn shown(sql: &str, rows_max: usize, has_borders: bool) -> String {
        let statement = Statement::new(sql).unwrap();
        let frame = ask(&statement, &Tables::default(), &Cancel::default()).unwrap();
        let mut out = Vec::new();
        write(&mut out, &frame, rows_max, has_borders).unwrap();
        String::from_utf8(out).unwrap()
    }

    const SQL: &str = "SELECT * FROM (VALUES ('AAPL', 1.5, 7), ('名', 20.25, NULL), ('a\u{1b}\nb', 100000000000000000000.0, -1)) AS t(name, price, count)";

    #[test]
    fn numbers_stand_under_one_another() {
        assert_eq!(
            shown(SQL, 2, false),
            "name  price  count\nAAPL   1.50      7\n名    20.25      –\n"
        );
        assert_eq!(
            shown(SQL, 10, true),
            "╭───────────┬───────┬───────╮\n\
             │ name      │ price │ count │\n\
             ├───────────┼───────┼───────┤\n\
             │ AAPL      │  1.50 │     7 │\n\
             │ 名        │ 20.25 │     – │\n\
             │ a\\u{1b} b │  1e20 │    -1 │\n\
             ╰───────────┴───────┴───────╯\n"
        );
    }
}
