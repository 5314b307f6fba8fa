//! Tables as Parquet and as Arrow files, written by Polars.

use std::io::Write;

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

use super::table::{Table, Values};

/// The table as a frame.
fn frame(table: &Table) -> PolarsResult<DataFrame> {
    let column = |(name, values): &(String, Values)| {
        let name = name.as_str().into();
        let series = match values {
            Values::Text(values) => Series::new(name, values),
            Values::Integer(values) => Series::new(name, values),
            Values::Float(values) => Series::new(name, values),
            Values::Flag(values) => Series::new(name, values),
            Values::Time(values) => {
                let zone = TimeZone::opt_try_new(Some("UTC"))?;
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
}

impl<W: Write + Send> ParquetRows<W> {
    /// Begins a file with the columns of `table`.
    pub fn new(output: W, table: &Table) -> PolarsResult<Self> {
        let schema = frame(table)?;
        let writer = ParquetWriter::new(output)
            .with_compression(ParquetCompression::Zstd(None))
            .set_parallel(false)
            .batched(schema.schema())?;
        Ok(Self { writer })
    }

    pub fn write(&mut self, table: &Table) -> PolarsResult<()> {
        self.writer.write_batch(&frame(table)?)
    }

    pub fn finish(self) -> PolarsResult<()> {
        self.writer.finish().map(drop)
    }
}

/// Writes rows as an Arrow file: each write is a record batch.
pub(super) struct IpcRows<W: Write> {
    writer: IpcBatches<W>,
}

impl<W: Write> IpcRows<W> {
    /// Begins a file with the columns of `table`.
    pub fn new(output: W, table: &Table) -> PolarsResult<Self> {
        let frame = frame(table)?;
        let arrow = frame.schema().to_arrow(CompatLevel::newest());
        let writer = IpcWriter::new(output)
            .with_compression(Some(IpcCompression::LZ4))
            .batched(frame.schema(), default_ipc_fields(arrow.iter_values()))?;
        Ok(Self { writer })
    }

    pub fn write(&mut self, table: &Table) -> PolarsResult<()> {
        self.writer.write_batch(&frame(table)?)
    }

    pub fn finish(mut self) -> PolarsResult<()> {
        self.writer.finish()
    }
}
