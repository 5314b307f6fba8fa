//! Results as files: Parquet, Arrow, CSV or JSON lines; one file, or a folder with a part for each table, day and symbol.
//!
//! The administrator's thread only puts rows into columns; a thread of the sink's own writes them. A file appears whole
//! or not at all: it is written under a temporary name beside its place, and renamed when it is complete.
//!
//! | table | columns |
//! |---|---|
//! | `bars`, `bars_5m`, … | `symbol unix_ts datetime open high low close volume source timeframe partial part`, then the indicators |
//! | `quotes` | `symbol unix_ts datetime bid bid_size ask ask_size last last_size volume source` |
//! | `depth` | `symbol unix_ts datetime side level price size sequence source`: a row for each level of each book |
//! | `trades` | `symbol unix_ts datetime price size side conditions trade_id exchange corrects cancels source` |
//! | `news` | `symbol unix_ts datetime headline publisher url summary symbols source` |
//!
//! `unix_ts` is in milliseconds since 1970, `datetime` the same moment in UTC, always, so that all parts of a folder fit
//! together. `date=` is the trading day of where a row comes from: New York's date of US equities, else UTC's. Prices and
//! sizes are 64-bit floating-point numbers; what is not known is null. `conditions` and `symbols` are separated by commas.
//!
//! A bar that grows is a row once it is over, or at the end, when `partial` is true where it was not over; so it is where
//! trades were missed. A bar that comes again takes its own place while the part that it is in has not been written. Later it is one more row in a later part
//! (of a single file, in a later batch), whose number stands in `part`: of several rows of the same symbol, source and
//! `unix_ts`, the one with the greatest `part` counts.

#[cfg(feature = "frames")]
mod frames;
mod growing;
mod layout;
mod output;
mod place;
mod rows;
mod table;
mod text;
mod writer;

use std::path::{Path, PathBuf};
use std::sync::Arc;
use std::time::Duration;

use rustc_hash::FxHashMap;

use crate::domain::clock::{Clock, Nanos};
use crate::domain::event::{DataService, ServiceSet};
use crate::domain::outcome::{ErrorInstance, ResultBody, ResultInstance, StatusChange};
use crate::domain::source::SourceName;
use crate::domain::symbol::Symbol;
use crate::domain::time::{SessionCalendar, Timeframe, UnixMs};
use crate::pipeline::sink::{Sink, SinkClosed};

use growing::{Growing, NewestBar, Taken};
use layout::{Partition, Partitions};
use table::Table;
use writer::{Job, Writer};

pub use crate::domain::format::Format;
pub use rows::{BarRecord, FileRow, Record};
pub use writer::{FilesHandle, FilesReport};

/// Where rows go.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Target {
    /// All into one file.
    File(PathBuf),
    /// Into a folder: `TABLE/date=2019-02-13/symbol=AAPL/part-0.parquet`.
    Folder(PathBuf),
}

/// What is written, and how.
#[derive(Debug, Clone)]
pub struct FilesSettings {
    /// Where to.
    pub target: Target,
    /// In which format.
    pub format: Format,
    /// Results of these services.
    pub services: ServiceSet,
    /// Bars of these lengths; empty is all that come.
    pub timeframes: Vec<Timeframe>,
    /// Nothing before this.
    pub from: Option<UnixMs>,
    /// Nothing from this on.
    pub until: Option<UnixMs>,
    /// The flat names of the indicators that any symbol has: columns of bars.
    pub indicators: Vec<String>,
    /// What is known of the sources of results; of others, nothing is.
    pub sources: FxHashMap<SourceName, FileSource>,
    /// Whether a file that is there may be replaced.
    pub overwrite: bool,
    /// Rows after which a part of a folder is written out.
    pub part_rows: usize,
    /// Time after which it is written out in any case.
    pub part_age: Duration,
}

/// What files have to know of a source.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct FileSource {
    /// Its trading days, by which the rows of a folder are parted.
    pub calendar: SessionCalendar,
    /// Whether its bars are of now, so that one may not be over yet.
    pub is_live: bool,
}

/// The most rows of a part, unless it is chosen otherwise.
pub const PART_ROWS: usize = 100_000;
/// Rows of a single file that are written at a time.
const FILE_ROWS: usize = 65_536;

/// Why files cannot be written.
#[derive(Debug, thiserror::Error)]
pub enum FilesError {
    /// There is something already.
    #[error("{} is there already; --force replaces it", .0.display())]
    Exists(PathBuf),
    /// The program was built without what the format needs.
    #[error(
        "this build cannot write {0}; build it with the feature 'frames', or choose csv or jsonl"
    )]
    NotBuiltIn(Format),
    /// One file can hold one table.
    #[error(
        "one file can hold {0} alone, not {1} too; export to a folder, or choose one service and one timeframe"
    )]
    SeveralTables(String, String),
    /// The system or the format refuses.
    #[error("{} cannot be written: {reason}", .path.display())]
    Write {
        /// Which file.
        path: PathBuf,
        /// Why.
        reason: String,
    },
}

impl FilesError {
    fn write(path: &Path, reason: impl std::fmt::Display) -> Self {
        Self::Write {
            path: path.to_owned(),
            reason: reason.to_string(),
        }
    }
}

/// The sink.
pub struct FileSink {
    settings: FilesSettings,
    clock: Arc<dyn Clock>,
    partitions: Partitions,
    writer: Writer,
    next_look: Nanos,
    growing: Growing,
    /// The indicators of the bar in hand.
    values: Vec<Option<f64>>,
}

impl FileSink {
    /// A sink with a thread that writes, and the handle by which its end is waited for. Nothing is there before the first
    /// row, but a place that cannot be written to is refused now.
    ///
    /// # Errors
    /// When the target is there already and may not be replaced, or the format is not built in.
    pub fn new(
        settings: FilesSettings,
        clock: Arc<dyn Clock>,
    ) -> Result<(Self, FilesHandle), FilesError> {
        refuse(&settings)?;
        let (writer, handle) = Writer::start(&settings)?;
        Ok((
            Self {
                partitions: Partitions::default(),
                next_look: clock.monotonic(),
                growing: Growing::default(),
                values: Vec::new(),
                settings,
                clock,
                writer,
            },
            handle,
        ))
    }

    fn is_wanted(&self, row: &FileRow<'_>) -> bool {
        let settings = &self.settings;
        if !settings.services.has(row.record.service()) {
            return false;
        }
        if let Record::Bar(bar) = &row.record
            && !settings.timeframes.is_empty()
            && !settings.timeframes.contains(&bar.timeframe)
        {
            return false;
        }
        match row.time {
            Some(time) => {
                settings.from.is_none_or(|from| from <= time)
                    && settings.until.is_none_or(|until| time < until)
            }
            None => settings.from.is_none() && settings.until.is_none(),
        }
    }

    /// Takes what is to be a row, or of a book several; what is not wanted is passed over.
    ///
    /// # Errors
    /// When nothing more can be written; the handle tells why.
    pub fn put(&mut self, row: &FileRow<'_>) -> Result<(), SinkClosed> {
        if !self.is_wanted(row) {
            return self.writer.failure();
        }
        let now = self.clock.monotonic();
        if let (Record::Bar(bar), Some(time)) = (&row.record, row.time) {
            match self.growing.take(row, bar, time, now) {
                Taken::Kept => {}
                Taken::After(before) => self.append(&before.row(), now)?,
                Taken::Late => self.append(row, now)?,
            }
        } else {
            self.append(row, now)?;
        }
        if now >= self.next_look {
            self.look(now)?;
        }
        Ok(())
    }

    /// Appends a row to its table.
    fn append(&mut self, row: &FileRow<'_>, now: Nanos) -> Result<(), SinkClosed> {
        let kind = row.record.table();
        let (partition, rows_max) = match &self.settings.target {
            Target::File(_) => (Partition::whole(kind), FILE_ROWS),
            Target::Folder(_) => (
                Partition::of(kind, row.symbol, row.time, row.calendar),
                self.settings.part_rows,
            ),
        };
        // The last day of a symbol is over when its next one begins.
        if let Some((partition, table)) = self.partitions.finished_by(&partition) {
            self.send(partition, table)?;
        }
        let table = self.partitions.table(&partition, now, || {
            Table::new(kind, &self.settings.indicators)
        });
        table.append(row);
        if table.rows() >= rows_max
            && let Some(table) = self.partitions.take(&partition)
        {
            self.send(partition, table)?;
        }
        Ok(())
    }

    /// Appends bars that do not grow any more.
    fn append_bars(&mut self, bars: &[NewestBar]) -> Result<(), SinkClosed> {
        let now = self.clock.monotonic();
        bars.iter().try_for_each(|bar| self.append(&bar.row(), now))
    }

    /// The newest bars, because nothing more comes.
    fn last_bars(&mut self) -> Vec<NewestBar> {
        let wall_clock = wall_clock(&self.settings, &*self.clock);
        self.growing.take_all(wall_clock)
    }

    /// A table of a symbol is complete: what waits for a folder is written out now, so that it takes no memory while the
    /// next symbols come.
    ///
    /// # Errors
    /// When nothing more can be written; the handle tells why.
    pub fn end_of_table(&mut self) -> Result<(), SinkClosed> {
        let bars = self.last_bars();
        self.append_bars(&bars)?;
        if matches!(self.settings.target, Target::Folder(_)) {
            for (partition, table) in self.partitions.take_all() {
                self.send(partition, table)?;
            }
        }
        Ok(())
    }

    fn send(&mut self, partition: Partition, table: Table) -> Result<(), SinkClosed> {
        self.writer.send(Job { partition, table })
    }

    /// Writes out the parts that have waited for long enough.
    fn look(&mut self, now: Nanos) -> Result<(), SinkClosed> {
        self.next_look = Nanos(now.0 + Nanos::PER_MS * 500);
        let wall_clock = wall_clock(&self.settings, &*self.clock);
        let bars = self.growing.take_over(now, wall_clock);
        self.append_bars(&bars)?;
        if matches!(self.settings.target, Target::Folder(_)) {
            for (partition, table) in self.partitions.older_than(self.settings.part_age, now) {
                self.send(partition, table)?;
            }
        }
        Ok(())
    }
}

impl Sink for FileSink {
    fn result(
        &mut self,
        result: &ResultInstance,
        symbol: &Symbol,
        source: &SourceName,
    ) -> Result<(), SinkClosed> {
        if let Some(time) = result.time {
            self.growing.clock(source, time);
        }
        if !self.settings.services.has(result.service()) {
            return self.writer.failure();
        }
        let known = self.settings.sources.get(source);
        let calendar = known.map_or(SessionCalendar::UtcDay, |known| known.calendar);
        let calendar = calendar.of(symbol.as_str());
        let mut values = std::mem::take(&mut self.values);
        values.clear();
        if let ResultBody::Ohlcv {
            indicators: Some(known),
            ..
        } = &result.body
        {
            let names = self.settings.indicators.iter();
            values.extend(names.map(|name| known.get(name)));
        }
        let taken = self.put(&FileRow::of_result(
            result, symbol, source, calendar, &values,
        ));
        self.values = values;
        taken
    }

    fn error(&mut self, _: &ErrorInstance) -> Result<(), SinkClosed> {
        self.writer.failure()
    }

    fn status(&mut self, _: &StatusChange) -> Result<(), SinkClosed> {
        self.writer.failure()
    }

    fn flush(&mut self) -> Result<(), SinkClosed> {
        let now = self.clock.monotonic();
        if now >= self.next_look {
            self.look(now)?;
        }
        self.writer.failure()
    }
}

impl Drop for FileSink {
    fn drop(&mut self) {
        let bars = self.last_bars();
        if self.append_bars(&bars).is_err() {
            // The handle tells why.
            return;
        }
        for (partition, table) in self.partitions.take_all() {
            if self.send(partition, table).is_err() {
                // The handle tells why.
                return;
            }
        }
        self.writer.complete();
    }
}

/// The time of live sources.
fn wall_clock<'a>(
    settings: &'a FilesSettings,
    clock: &'a dyn Clock,
) -> impl Fn(&SourceName) -> Option<UnixMs> + use<'a> {
    |source| {
        let known = settings.sources.get(source);
        known.filter(|known| known.is_live).map(|_| clock.wall())
    }
}

/// Whether a target can be written at all.
fn refuse(settings: &FilesSettings) -> Result<(), FilesError> {
    let needs_frames = matches!(settings.format, Format::Parquet | Format::Ipc);
    if needs_frames && cfg!(not(feature = "frames")) {
        return Err(FilesError::NotBuiltIn(settings.format));
    }
    match &settings.target {
        Target::File(path) if path.exists() && !settings.overwrite => {
            Err(FilesError::Exists(path.clone()))
        }
        Target::File(_) | Target::Folder(_) => Ok(()),
    }
}

/// The services that become tables when none is named: all of them in a folder, bars in a file.
#[must_use]
pub fn default_services(target: &Target) -> ServiceSet {
    match target {
        Target::File(_) => ServiceSet::of(&[DataService::Ohlcv]),
        Target::Folder(_) => ServiceSet::ALL,
    }
}

#[cfg(test)]
#[allow(clippy::unwrap_used, reason = "a test may stop at the first surprise")]
pub(crate) mod tests;
