//! The thread that writes files, and how its end is learned of.

use std::collections::BTreeSet;
use std::io::{self, BufWriter, ErrorKind, Write};
use std::path::{Path, PathBuf};
use std::sync::atomic::{AtomicBool, Ordering};
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};
use std::thread::{self, JoinHandle};

use crossbeam_channel::{Receiver, Sender, bounded};

use crate::pipeline::sink::SinkClosed;

use super::layout::Partition;
use super::output::WantedFile;
use super::place::{Keeper, Place};
use super::rows::Kind;
use super::table::Table;
use super::text::{CsvRows, JsonRows};
use super::{FilesError, FilesSettings, Format, Target};

/// Tables that may wait for the disk; when there are as many, the sink waits.
const WAITING_MAX: usize = 4;

/// Rows for a file.
pub(super) struct Job {
    pub partition: Partition,
    pub table: Table,
}

/// What has been written.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct FilesReport {
    /// Rows in files that are complete.
    pub rows: u64,
    /// The files.
    pub files: Vec<PathBuf>,
    /// The names of the tables that they hold.
    pub tables: BTreeSet<String>,
}

#[derive(Debug, Default)]
struct Shared {
    /// The sink has given all that it had.
    is_complete: AtomicBool,
    /// All that it has given is written.
    is_written: AtomicBool,
    /// What is not complete is not wanted any more.
    is_given_up: Arc<AtomicBool>,
    failure: Mutex<Option<FilesError>>,
}

impl Shared {
    fn failure(&self) -> MutexGuard<'_, Option<FilesError>> {
        self.failure.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

/// The sink's end of the thread.
pub(super) struct Writer {
    jobs: Sender<Job>,
    shared: Arc<Shared>,
}

impl Writer {
    pub fn start(settings: &FilesSettings) -> Result<(Self, FilesHandle), FilesError> {
        let (jobs, received) = bounded(WAITING_MAX);
        let (decision, decisions) = bounded(1);
        let shared: Arc<Shared> = Arc::default();
        let files = Files {
            target: settings.target.clone(),
            format: settings.format,
            overwrite: settings.overwrite,
            whole: None,
            is_given_up: Arc::clone(&shared.is_given_up),
            report: FilesReport::default(),
        };
        let of_thread = Arc::clone(&shared);
        let thread = thread::Builder::new()
            .name("file writer".to_owned())
            .spawn(move || files.run(&received, &decisions, &of_thread))
            .map_err(|error| FilesError::write(settings.target.path(), error))?;
        let handle = FilesHandle {
            shared: Arc::clone(&shared),
            decision,
            thread,
        };
        Ok((Self { jobs, shared }, handle))
    }

    /// Hands rows over; waits while the disk is behind.
    pub fn send(&mut self, job: Job) -> Result<(), SinkClosed> {
        // The thread leaves early only when it has failed.
        self.jobs.send(job).or_else(|_| self.failure())
    }

    /// The end that a failure is; `Ok` while there is none.
    pub fn failure(&self) -> Result<(), SinkClosed> {
        match &*self.shared.failure() {
            None => Ok(()),
            Some(error) => Err(SinkClosed::Failed(error.to_string())),
        }
    }

    /// Everything has been sent.
    pub fn complete(&self) {
        self.shared.is_complete.store(true, Ordering::Release);
    }
}

/// How the end of a sink's files is waited for.
#[derive(Debug)]
pub struct FilesHandle {
    shared: Arc<Shared>,
    decision: Sender<bool>,
    thread: JoinHandle<FilesReport>,
}

impl FilesHandle {
    /// Whether the sink has gone and everything is written, or nothing more can be: there is nothing to wait for.
    #[must_use]
    pub fn is_written(&self) -> bool {
        self.shared.is_written.load(Ordering::Relaxed) || self.thread.is_finished()
    }

    /// What is not complete yet is not wanted any more: it is not written on, and the sink need not wait for the disk.
    /// Files that are complete stay.
    pub fn give_up(&self) {
        self.shared.is_given_up.store(true, Ordering::Relaxed);
    }

    /// Waits until the sink has gone and everything is written. A single file stays only if it is wanted: of one that is
    /// broken off no half is left, and what was in its place is as it was.
    ///
    /// # Errors
    /// What could not be written.
    pub fn wait(self, is_wanted: bool) -> Result<FilesReport, FilesError> {
        if !is_wanted {
            self.give_up();
        }
        if self.decision.send(is_wanted).is_err() {
            tracing::debug!("the files have failed, and nobody asks any more");
        }
        let report = self.thread.join().unwrap_or_default();
        match self.shared.failure().take() {
            None => Ok(report),
            Some(error) => Err(error),
        }
    }
}

impl Target {
    pub(super) fn path(&self) -> &Path {
        match self {
            Self::File(path) | Self::Folder(path) => path,
        }
    }
}

/// All files of a sink.
struct Files {
    target: Target,
    format: Format,
    overwrite: bool,
    /// The single file, while it is being written.
    whole: Option<(Kind, Pending)>,
    is_given_up: Arc<AtomicBool>,
    report: FilesReport,
}

impl Files {
    fn run(
        mut self,
        jobs: &Receiver<Job>,
        decision: &Receiver<bool>,
        shared: &Shared,
    ) -> FilesReport {
        let is_given_up = || shared.is_given_up.load(Ordering::Relaxed);
        for job in jobs {
            if is_given_up() {
                continue;
            }
            if let Err(error) = self.take(job)
                && !is_given_up()
            {
                *shared.failure() = Some(error);
                return self.report;
            }
        }
        shared.is_written.store(true, Ordering::Relaxed);
        // Whether a single file is to stay is known only now that all has been said.
        let is_wanted = decision.recv().unwrap_or(false);
        let stays = is_wanted && !is_given_up() && shared.is_complete.load(Ordering::Acquire);
        if let Some((kind, pending)) = self.whole.take()
            && stays
            && let Err(error) = self.complete(pending, &Partition::whole(kind))
        {
            *shared.failure() = Some(error);
        }
        self.report
    }

    fn take(&mut self, job: Job) -> Result<(), FilesError> {
        let Job {
            partition,
            mut table,
        } = job;
        if let Some(folder) = partition.folder(&self.target) {
            let place = Place::part(&folder, self.format)?;
            table.finish(place.number);
            let mut pending = self.begin(place, &table)?;
            pending.write(&table)?;
            return self.complete(pending, &partition);
        }
        let (kind, mut pending) = if let Some(open) = self.whole.take() {
            open
        } else {
            let place = Place::of(self.target.path())?;
            (table.kind, self.begin(place, &table)?)
        };
        if kind != table.kind {
            let several = (kind.to_string(), table.kind.to_string());
            return Err(FilesError::SeveralTables(several.0, several.1));
        }
        table.finish(pending.batches);
        pending.write(&table)?;
        self.whole = Some((kind, pending));
        Ok(())
    }

    fn begin(&self, place: Place, table: &Table) -> Result<Pending, FilesError> {
        let Place { path, keeper, .. } = place;
        let fail = |error: io::Error| FilesError::write(&path, error);
        let file = keeper.open().map_err(fail)?;
        let output = BufWriter::new(WantedFile {
            file,
            is_given_up: Arc::clone(&self.is_given_up),
        });
        let rows = match self.format {
            Format::Csv => Rows::Csv(CsvRows::new(output)),
            Format::JsonLines => Rows::Json(JsonRows::new(output)),
            #[cfg(feature = "frames")]
            Format::Parquet => Rows::Parquet(
                super::frames::ParquetRows::new(output, table)
                    .map_err(|error| FilesError::write(&path, error))?,
            ),
            #[cfg(feature = "frames")]
            Format::Ipc => Rows::Ipc(
                super::frames::IpcRows::new(output, table)
                    .map_err(|error| FilesError::write(&path, error))?,
            ),
            #[cfg(not(feature = "frames"))]
            format => {
                let _ = table;
                return Err(FilesError::NotBuiltIn(format));
            }
        };
        Ok(Pending {
            path,
            keeper,
            rows,
            count: 0,
            batches: 0,
        })
    }

    fn complete(&mut self, pending: Pending, partition: &Partition) -> Result<(), FilesError> {
        let Pending {
            path,
            mut keeper,
            rows,
            count,
            ..
        } = pending;
        rows.finish(&path)?;
        // A part never takes the place of another.
        let may_replace = self.overwrite && matches!(self.target, Target::File(_));
        if let Err(error) = keeper.place(&path, may_replace) {
            return Err(match error.kind() {
                ErrorKind::AlreadyExists => FilesError::Exists(path),
                _ => FilesError::write(&path, error),
            });
        }
        self.report.rows += count;
        self.report.files.push(path);
        self.report.tables.insert(partition.kind.to_string());
        Ok(())
    }
}

/// A file that is being written.
struct Pending {
    path: PathBuf,
    keeper: Keeper,
    rows: Rows,
    count: u64,
    /// Tables that have been written.
    batches: u32,
}

impl Pending {
    fn write(&mut self, table: &Table) -> Result<(), FilesError> {
        let written = match &mut self.rows {
            Rows::Csv(rows) => rows.write(table).map_err(|error| error.to_string()),
            Rows::Json(rows) => rows.write(table).map_err(|error| error.to_string()),
            #[cfg(feature = "frames")]
            Rows::Parquet(rows) => rows.write(table).map_err(|error| error.to_string()),
            #[cfg(feature = "frames")]
            Rows::Ipc(rows) => rows.write(table).map_err(|error| error.to_string()),
        };
        written.map_err(|error| FilesError::write(&self.path, error))?;
        self.count += table.rows() as u64;
        self.batches = self.batches.saturating_add(1);
        Ok(())
    }
}

type Output = BufWriter<WantedFile>;

/// A file's rows in one of the formats.
#[allow(
    clippy::large_enum_variant,
    reason = "there is one for each file that is being written, which is one at a time"
)]
enum Rows {
    Csv(CsvRows<Output>),
    Json(JsonRows<Output>),
    #[cfg(feature = "frames")]
    Parquet(super::frames::ParquetRows<Output>),
    #[cfg(feature = "frames")]
    Ipc(super::frames::IpcRows<Output>),
}

impl Rows {
    /// Writes what is still buffered, and the format's own end.
    fn finish(self, path: &Path) -> Result<(), FilesError> {
        let flushed = match self {
            Self::Csv(rows) => rows.finish().and_then(|mut output| output.flush()),
            Self::Json(rows) => rows.finish().flush(),
            // Their writers flush at the end.
            #[cfg(feature = "frames")]
            Self::Parquet(rows) => {
                return rows
                    .finish()
                    .map_err(|error| FilesError::write(path, error));
            }
            #[cfg(feature = "frames")]
            Self::Ipc(rows) => {
                return rows
                    .finish()
                    .map_err(|error| FilesError::write(path, error));
            }
        };
        flushed.map_err(|error| FilesError::write(path, error))
    }
}
