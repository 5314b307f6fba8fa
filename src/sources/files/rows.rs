//! The rows of a columnar file, written as text: bars as CSV.

use std::fmt::Write as _;
use std::io::{self, Read};
use std::ops::Range;
use std::path::{Path, PathBuf};
use std::sync::Arc;
use std::sync::atomic::{AtomicU64, Ordering};

use polars::prelude::{
    ChunkApply, ChunkedArray, Column, DataFrame, DataType, Float64Type, Int64Type, StringChunked,
    TimeUnit,
};

use crate::domain::event::DataService;
use crate::domain::file_table::FileTable;

use super::TableFormat;
use super::frames::{self, FrameError};

/// Rows of a Parquet file that are in memory at a time.
const ROWS_AT_ONCE: usize = 1 << 20;
/// Rows that are written at a time.
const ROWS_WRITTEN: usize = 1024;

const FIGURES: [&str; 5] = ["open", "high", "low", "close", "volume"];

/// Rows in memory that can be written as text.
pub(super) trait Batch: Sized {
    /// Takes the columns that are needed.
    fn new(frame: &DataFrame) -> io::Result<Self>;
    /// What stands before the first row.
    fn write_head(&self, text: &mut String);
    /// Writes these rows, each as a line.
    fn write(&self, rows: Range<usize>, text: &mut String) -> io::Result<()>;
}

/// The rows as text.
pub(super) struct Rows<B> {
    path: PathBuf,
    bytes: u64,
    read_bytes: Arc<AtomicU64>,
    /// Rows of the file before the end of the batch, and all of them (of an Arrow file known when it is read); `None`
    /// until the file is opened.
    place: Option<(usize, usize)>,
    /// The rows in memory, and which of them have not been written.
    batch: Option<(B, Range<usize>)>,
    text: String,
    /// How much of the text has been given out.
    given: usize,
}

impl<B: Batch> Rows<B> {
    pub(super) fn new(path: PathBuf, bytes: u64, read_bytes: Arc<AtomicU64>) -> Self {
        Self {
            path,
            bytes,
            read_bytes,
            place: None,
            batch: None,
            text: String::new(),
            given: 0,
        }
    }

    /// Writes some more text; whether there was any.
    fn write_some(&mut self) -> io::Result<bool> {
        self.text.clear();
        self.given = 0;
        let Some((before, all)) = self.place else {
            return self.open();
        };
        let has_rows = matches!(&self.batch, Some((_, rest)) if !rest.is_empty());
        if !has_rows {
            if before >= all {
                return Ok(false);
            }
            let frame = self.next_frame(before).map_err(io::Error::other)?;
            let rows = frame.height();
            let all = if all == usize::MAX { rows } else { all };
            self.place = Some((before + rows, all));
            if rows == 0 && all > 0 {
                return Err(io::Error::other("it has fewer rows than it says"));
            }
            self.batch = Some((B::new(&frame)?, 0..rows));
        }
        if let (Some((batch, rest)), Some((before, all))) = (&mut self.batch, self.place) {
            let until = (rest.start + ROWS_WRITTEN).min(rest.end);
            batch.write(rest.start..until, &mut self.text)?;
            rest.start = until;
            let done = before.saturating_sub(rest.len());
            let share = u128::from(self.bytes) * done as u128 / all.max(1) as u128;
            self.read_bytes.store(share as u64, Ordering::Relaxed);
        }
        Ok(true)
    }

    fn next_frame(&self, before: usize) -> Result<DataFrame, FrameError> {
        match frames::format_of(&self.path)? {
            TableFormat::Ipc => frames::read(&self.path),
            TableFormat::Parquet => frames::parquet_slice(&self.path, before, ROWS_AT_ONCE),
        }
    }

    /// Opens the file, and writes what stands before its rows; whether that is all.
    fn open(&mut self) -> io::Result<bool> {
        let all = frames::rows(&self.path).map_err(io::Error::other)?;
        let head = frames::head(&self.path).map_err(io::Error::other)?;
        B::new(&head)?.write_head(&mut self.text);
        self.place = Some((0, all));
        if self.text.is_empty() {
            return self.write_some();
        }
        Ok(true)
    }
}

impl<B: Batch> Read for Rows<B> {
    fn read(&mut self, buffer: &mut [u8]) -> io::Result<usize> {
        if self.given >= self.text.len() && !self.write_some()? {
            return Ok(0);
        }
        let rest = self.text.as_bytes().get(self.given..).unwrap_or_default();
        let count = rest.len().min(buffer.len());
        buffer[..count].copy_from_slice(&rest[..count]);
        self.given += count;
        Ok(count)
    }
}

/// Which service's table a file is.
pub(super) fn service_of(path: &Path) -> Option<DataService> {
    let head = frames::head(path).ok()?;
    FileTable::service_of_columns(|name| column(&head, name).is_some())
}

/// The column of a name, in any case.
pub(super) fn column<'a>(frame: &'a DataFrame, name: &str) -> Option<&'a Column> {
    let is_it = |column: &&Column| column.name().eq_ignore_ascii_case(name);
    frame.columns().iter().find(is_it)
}

/// Bars in memory, which become CSV.
pub(super) struct Bars {
    symbols: Option<StringChunked>,
    timeframes: Option<StringChunked>,
    times: ChunkedArray<Int64Type>,
    figures: [Option<ChunkedArray<Float64Type>>; 5],
}

impl Batch for Bars {
    fn new(frame: &DataFrame) -> io::Result<Self> {
        let missing = |what: &str| io::Error::other(format!("it has no column named {what}"));
        let times = column(frame, "unix_ts")
            .or_else(|| column(frame, "datetime"))
            .ok_or_else(|| missing("unix_ts or datetime"))?;
        let figures = FIGURES.map(|name| column(frame, name).map(numbers).transpose());
        let [open, high, low, close, volume] = figures;
        let figures = [open?, high?, low?, close?, volume?];
        if figures.iter().all(Option::is_none) {
            return Err(missing("open, high, low, close or volume"));
        }
        let texts = |name: &str| column(frame, name).map(texts).transpose();
        Ok(Self {
            symbols: texts("symbol")?,
            timeframes: texts("timeframe")?,
            times: milliseconds(times)?,
            figures,
        })
    }

    fn write_head(&self, text: &mut String) {
        if self.symbols.is_some() {
            text.push_str("symbol,");
        }
        if self.timeframes.is_some() {
            text.push_str("timeframe,");
        }
        text.push_str("unix_ts,open,high,low,close,volume\n");
    }

    fn write(&self, rows: Range<usize>, text: &mut String) -> io::Result<()> {
        for row in rows {
            for texts in [&self.symbols, &self.timeframes].into_iter().flatten() {
                put_text(text, texts.get(row).unwrap_or_default());
                text.push(',');
            }
            if let Some(time) = self.times.get(row) {
                write!(text, "{time}").map_err(io::Error::other)?;
            }
            for figure in &self.figures {
                text.push(',');
                let value = figure.as_ref().and_then(|figure| figure.get(row));
                if let Some(value) = value.filter(|value| value.is_finite()) {
                    write!(text, "{value}").map_err(io::Error::other)?;
                }
            }
            text.push('\n');
        }
        Ok(())
    }
}

/// A field, quoted where it needs to be.
fn put_text(text: &mut String, field: &str) {
    if !field.contains([',', '"', '\n', '\r']) {
        text.push_str(field);
        return;
    }
    text.push('"');
    for c in field.chars() {
        match c {
            '"' => text.push_str("\"\""),
            // A row is one line.
            '\n' | '\r' => text.push(' '),
            c => text.push(c),
        }
    }
    text.push('"');
}

pub(super) fn texts(column: &Column) -> io::Result<StringChunked> {
    let texts = column.cast(&DataType::String).map_err(io::Error::other)?;
    Ok(texts.str().map_err(io::Error::other)?.clone())
}

pub(super) fn numbers(column: &Column) -> io::Result<ChunkedArray<Float64Type>> {
    let numbers = column.cast(&DataType::Float64).map_err(io::Error::other)?;
    Ok(numbers.f64().map_err(io::Error::other)?.clone())
}

/// Times as milliseconds since 1970.
pub(super) fn milliseconds(column: &Column) -> io::Result<ChunkedArray<Int64Type>> {
    let per_ms = match column.dtype() {
        DataType::Datetime(TimeUnit::Nanoseconds, _) => 1_000_000,
        DataType::Datetime(TimeUnit::Microseconds, _) => 1000,
        _ => 1,
    };
    let numbers = column.cast(&DataType::Int64).map_err(io::Error::other)?;
    let numbers = numbers.i64().map_err(io::Error::other)?;
    Ok(match per_ms {
        1 => numbers.clone(),
        per_ms => numbers.apply_values(|time| time.div_euclid(per_ms)),
    })
}

#[cfg(test)]
#[allow(clippy::unwrap_used, reason = "a test may stop at the first surprise")]
mod tests {
    use std::fs::File;
    use std::path::Path;

    use polars::prelude::{IntoColumn, NamedFrom, ParquetWriter, SerWriter, Series};
    use polars_io::ipc::IpcWriter;

    use super::*;

    fn frame() -> DataFrame {
        let columns = vec![
            Series::new("symbol".into(), ["A", "B,\"C\""]).into_column(),
            Series::new("unix_ts".into(), [60_000_i64, 120_000]).into_column(),
            Series::new("open".into(), [1.5, f64::NAN]).into_column(),
            Series::new("high".into(), [2.0, 0.1 + 0.2]).into_column(),
            Series::new("low".into(), [Some(1.0), None]).into_column(),
            Series::new("close".into(), [1_i64, 2]).into_column(),
            Series::new("volume".into(), [1e6, 0.0]).into_column(),
            Series::new("note".into(), ["x", "y"]).into_column(),
        ];
        DataFrame::new(2, columns).unwrap()
    }

    fn text(path: &Path) -> io::Result<(String, u64)> {
        let read = Arc::new(AtomicU64::new(0));
        let mut text = String::new();
        Rows::<Bars>::new(path.to_owned(), 1000, Arc::clone(&read)).read_to_string(&mut text)?;
        Ok((text, read.load(Ordering::Relaxed)))
    }

    #[test]
    fn both_formats_give_their_rows_as_csv() {
        let folder = tempfile::tempdir().unwrap();
        let parquet = folder.path().join("bars.parquet");
        let ipc = folder.path().join("bars.arrow");
        let mut frame = frame();
        ParquetWriter::new(File::create(&parquet).unwrap())
            .finish(&mut frame)
            .unwrap();
        IpcWriter::new(File::create(&ipc).unwrap())
            .finish(&mut frame)
            .unwrap();
        let expected = "symbol,unix_ts,open,high,low,close,volume\n\
                        A,60000,1.5,2,1,1,1000000\n\
                        \"B,\"\"C\"\"\",120000,,0.30000000000000004,,2,0\n";
        for path in [&parquet, &ipc] {
            assert_eq!(text(path).unwrap(), (expected.to_owned(), 1000));
            assert!(frames::read(path).unwrap().equals_missing(&frame));
        }
    }

    #[test]
    fn what_is_no_such_file_is_an_error_that_says_so() {
        let folder = tempfile::tempdir().unwrap();
        let path = folder.path().join("bars.parquet");
        std::fs::write(&path, "PAR1 but not really").unwrap();
        let error = text(&path).unwrap_err().to_string();
        assert!(error.contains("bars.parquet"), "{error}");
        let other = folder.path().join("other.arrow");
        let mut frame =
            DataFrame::new(1, vec![Series::new("x".into(), [1]).into_column()]).unwrap();
        IpcWriter::new(File::create(&other).unwrap())
            .finish(&mut frame)
            .unwrap();
        let error = text(&other).unwrap_err().to_string();
        assert!(error.contains("unix_ts"), "{error}");
        assert!(text(&folder.path().join("missing.parquet")).is_err());
    }
}
