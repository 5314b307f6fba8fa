//! The rows of a columnar file, written as CSV.

use std::fmt::Write as _;
use std::io::{self, Read};
use std::path::PathBuf;
use std::sync::Arc;
use std::sync::atomic::{AtomicU64, Ordering};

use polars::prelude::{
    ChunkApply, ChunkedArray, Column, DataFrame, DataType, Float64Type, Int64Type, StringChunked,
    TimeUnit,
};

use super::TableFormat;
use super::frames;

/// Rows of a Parquet file that are in memory at a time.
const ROWS_AT_ONCE: usize = 1 << 20;
/// Rows that are written at a time.
const ROWS_WRITTEN: usize = 1024;

const FIGURES: [&str; 5] = ["open", "high", "low", "close", "volume"];

/// The rows as text.
pub(super) struct CsvRows {
    path: PathBuf,
    bytes: u64,
    read_bytes: Arc<AtomicU64>,
    /// Rows of the file before the batch, and all of them; `None` until the file is opened.
    place: Option<(usize, usize)>,
    batch: Option<Batch>,
    text: String,
    /// How much of the text has been given out.
    given: usize,
}

/// Rows in memory.
struct Batch {
    rows: usize,
    next: usize,
    symbols: Option<StringChunked>,
    times: ChunkedArray<Int64Type>,
    figures: [Option<ChunkedArray<Float64Type>>; 5],
}

impl CsvRows {
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

    /// Writes some more rows; whether there were any.
    fn write_some(&mut self) -> io::Result<bool> {
        self.text.clear();
        self.given = 0;
        let (before, all) = match self.place {
            Some(place) => place,
            None => self.open()?,
        };
        let batch = match &mut self.batch {
            Some(batch) if batch.next < batch.rows => batch,
            _ if before >= all => return Ok(!self.text.is_empty()),
            _ => {
                let frame = frames::parquet_slice(&self.path, before, ROWS_AT_ONCE)
                    .map_err(io::Error::other)?;
                if frame.height() == 0 {
                    return Err(io::Error::other("it has fewer rows than it says"));
                }
                self.place = Some((before + frame.height(), all));
                self.batch.insert(Batch::new(&frame)?)
            }
        };
        batch.write(&mut self.text);
        let (before, all) = self.place.unwrap_or_default();
        let done = before - (batch.rows - batch.next).min(before);
        let share = u128::from(self.bytes) * done as u128 / all.max(1) as u128;
        self.read_bytes.store(share as u64, Ordering::Relaxed);
        Ok(true)
    }

    /// Opens the file, and writes the header.
    fn open(&mut self) -> io::Result<(usize, usize)> {
        let name = self.path.file_name().unwrap_or_default().to_string_lossy();
        let (batch, all) = if TableFormat::of(&name) == Some(TableFormat::Ipc) {
            let frame = frames::read(&self.path).map_err(io::Error::other)?;
            let rows = frame.height();
            (Batch::new(&frame)?, rows)
        } else {
            let all = frames::parquet_rows(&self.path).map_err(io::Error::other)?;
            let frame = frames::parquet_slice(&self.path, 0, ROWS_AT_ONCE.min(all.max(1)))
                .map_err(io::Error::other)?;
            (Batch::new(&frame)?, all)
        };
        if batch.symbols.is_some() {
            self.text.push_str("symbol,");
        }
        self.text.push_str("unix_ts,open,high,low,close,volume\n");
        let place = (batch.rows, all);
        self.place = Some(place);
        self.batch = Some(batch);
        Ok(place)
    }
}

impl Read for CsvRows {
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

impl Batch {
    fn new(frame: &DataFrame) -> io::Result<Self> {
        let column = |wanted: &str| {
            let is_it = |column: &&Column| column.name().eq_ignore_ascii_case(wanted);
            frame.columns().iter().find(is_it)
        };
        let missing = |what: &str| io::Error::other(format!("it has no column named {what}"));
        let times = column("unix_ts")
            .or_else(|| column("datetime"))
            .ok_or_else(|| missing("unix_ts or datetime"))?;
        let figures = FIGURES.map(|name| column(name).map(numbers).transpose());
        let [open, high, low, close, volume] = figures;
        let figures = [open?, high?, low?, close?, volume?];
        if figures.iter().all(Option::is_none) {
            return Err(missing("open, high, low, close or volume"));
        }
        let symbols = column("symbol").map(|column| {
            let texts = column.cast(&DataType::String).map_err(io::Error::other)?;
            Ok::<_, io::Error>(texts.str().map_err(io::Error::other)?.clone())
        });
        Ok(Self {
            rows: frame.height(),
            next: 0,
            symbols: symbols.transpose()?,
            times: milliseconds(times)?,
            figures,
        })
    }

    fn write(&mut self, text: &mut String) {
        let until = (self.next + ROWS_WRITTEN).min(self.rows);
        for row in self.next..until {
            if let Some(symbols) = &self.symbols {
                put_text(text, symbols.get(row).unwrap_or_default());
                text.push(',');
            }
            if let Some(time) = self.times.get(row) {
                // Writing to memory does not fail.
                write!(text, "{time}").unwrap_or_default();
            }
            for figure in &self.figures {
                text.push(',');
                let value = figure.as_ref().and_then(|figure| figure.get(row));
                if let Some(value) = value.filter(|value| value.is_finite()) {
                    write!(text, "{value}").unwrap_or_default();
                }
            }
            text.push('\n');
        }
        self.next = until;
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

fn numbers(column: &Column) -> io::Result<ChunkedArray<Float64Type>> {
    let numbers = column.cast(&DataType::Float64).map_err(io::Error::other)?;
    Ok(numbers.f64().map_err(io::Error::other)?.clone())
}

/// Times as milliseconds since 1970.
fn milliseconds(column: &Column) -> io::Result<ChunkedArray<Int64Type>> {
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
        CsvRows::new(path.to_owned(), 1000, Arc::clone(&read)).read_to_string(&mut text)?;
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
