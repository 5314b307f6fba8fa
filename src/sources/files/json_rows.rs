//! The rows of any table as JSON lines, with the names of their columns.

use std::fmt::Write as _;
use std::io;
use std::ops::Range;

use polars::prelude::{
    ChunkedArray, Column, DataFrame, DataType, Float64Type, Int64Type, StringChunked,
};

use super::rows::{Batch, column, milliseconds, numbers, texts};

/// Rows in memory, which become JSON lines.
pub(super) struct JsonRows {
    columns: Vec<(String, Cells)>,
}

enum Cells {
    Text(StringChunked),
    Integer(ChunkedArray<Int64Type>),
    Float(ChunkedArray<Float64Type>),
}

impl Batch for JsonRows {
    fn new(frame: &DataFrame) -> io::Result<Self> {
        let has_unix_ts = column(frame, "unix_ts").is_some();
        let mut columns = Vec::with_capacity(frame.width());
        for column in frame.columns() {
            let mut name = column.name().to_ascii_lowercase();
            if name == "datetime" {
                // The same once more.
                if has_unix_ts {
                    continue;
                }
                "unix_ts".clone_into(&mut name);
            }
            let key = serde_json::to_string(&name).map_err(io::Error::other)?;
            if let Some(cells) = cells(&name, column)? {
                columns.push((key, cells));
            }
        }
        Ok(Self { columns })
    }

    fn write_head(&self, _: &mut String) {}

    fn write(&self, rows: Range<usize>, text: &mut String) -> io::Result<()> {
        for row in rows {
            let mut separator = '{';
            for (key, cells) in &self.columns {
                text.push(separator);
                separator = ',';
                text.push_str(key);
                text.push(':');
                cells.write(row, text).map_err(io::Error::other)?;
            }
            text.push_str(if separator == '{' { "{}\n" } else { "}\n" });
        }
        Ok(())
    }
}

/// The cells of a column; `None` of what no table has.
fn cells(name: &str, column: &Column) -> io::Result<Option<Cells>> {
    Ok(Some(match column.dtype() {
        _ if name == "unix_ts" => Cells::Integer(milliseconds(column)?),
        DataType::String => Cells::Text(texts(column)?),
        kind if kind.is_integer() => {
            let numbers = column.cast(&DataType::Int64).map_err(io::Error::other)?;
            Cells::Integer(numbers.i64().map_err(io::Error::other)?.clone())
        }
        kind if kind.is_float() => Cells::Float(numbers(column)?),
        _ => return Ok(None),
    }))
}

impl Cells {
    /// Writes a value, or `null`.
    fn write(&self, row: usize, text: &mut String) -> std::fmt::Result {
        match self {
            Self::Text(values) => {
                let quoted = serde_json::to_string(&values.get(row));
                text.push_str(&quoted.map_err(|_| std::fmt::Error)?);
                Ok(())
            }
            Self::Integer(values) => match values.get(row) {
                Some(value) => write!(text, "{value}"),
                None => write!(text, "null"),
            },
            Self::Float(values) => match values.get(row).filter(|value| value.is_finite()) {
                Some(value) => write!(text, "{value}"),
                None => write!(text, "null"),
            },
        }
    }
}
