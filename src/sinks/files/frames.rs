//! Tables as Parquet and as Arrow files, written by Polars.

use std::io::Write;

use chrono_tz::Tz;
use polars::prelude::{
    Column, CompatLevel, DataFrame, DataType, IntoColumn, NamedFrom, PolarsResult, SchemaExt,
    Series, TimeUnit, TimeZone,
};
use polars_arrow::io::ipc::write::default_ipc_fields;
use polars_io::SerWriter;
use polars_io::ipc::{BatchedWriter as IpcBatches, IpcCompression, IpcWriter};
use polars_io::parquet::write::{
    BatchedWriter as ParquetBatches, ParquetCompression, ParquetWriter,
};

use super::rows::{Table, Values};

/// The table as a frame.
fn frame(table: &Table, zone: Tz) -> PolarsResult<DataFrame> {
    let column = |(name, values): &(String, Values)| {
        let name = name.as_str().into();
        let series = match values {
            Values::Text(values) => Series::new(name, values),
            Values::Integer(values) => Series::new(name, values),
            Values::Float(values) => Series::new(name, values),
            Values::Time(values) => {
                let zone = TimeZone::opt_try_new(Some(zone.name()))?;
                let datetime = DataType::Datetime(TimeUnit::Milliseconds, zone);
                Series::new(name, values).cast(&datetime)?
            }
        };
        Ok(series.into_column())
    };
    let columns: PolarsResult<Vec<Column>> = table.columns.iter().map(column).collect();
    DataFrame::new(table.rows(), columns?)
}

/// Writes rows as Parquet: each write is a row group.
pub(super) struct ParquetRows<W: Write> {
    writer: ParquetBatches<W>,
    zone: Tz,
}

impl<W: Write + Send> ParquetRows<W> {
    /// Begins a file with the columns of `table`.
    pub fn new(output: W, table: &Table, zone: Tz) -> PolarsResult<Self> {
        let schema = frame(table, zone)?;
        let writer = ParquetWriter::new(output)
            .with_compression(ParquetCompression::Zstd(None))
            .set_parallel(false)
            .batched(schema.schema())?;
        Ok(Self { writer, zone })
    }

    pub fn write(&mut self, table: &Table) -> PolarsResult<()> {
        self.writer.write_batch(&frame(table, self.zone)?)
    }

    pub fn finish(self) -> PolarsResult<()> {
        self.writer.finish().map(drop)
    }
}

/// Writes rows as an Arrow file: each write is a record batch.
pub(super) struct IpcRows<W: Write> {
    writer: IpcBatches<W>,
    zone: Tz,
}

impl<W: Write> IpcRows<W> {
    /// Begins a file with the columns of `table`.
    pub fn new(output: W, table: &Table, zone: Tz) -> PolarsResult<Self> {
        let frame = frame(table, zone)?;
        let arrow = frame.schema().to_arrow(CompatLevel::newest());
        let writer = IpcWriter::new(output)
            .with_compression(Some(IpcCompression::LZ4))
            .batched(frame.schema(), default_ipc_fields(arrow.iter_values()))?;
        Ok(Self { writer, zone })
    }

    pub fn write(&mut self, table: &Table) -> PolarsResult<()> {
        self.writer.write_batch(&frame(table, self.zone)?)
    }

    pub fn finish(mut self) -> PolarsResult<()> {
        self.writer.finish()
    }
}
