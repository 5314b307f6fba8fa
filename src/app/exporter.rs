//! `:export`: what is kept, to files, beside the stream.
//!
//! It goes the way that results go when they are written: see [`kept`] for how what is kept becomes rows.

mod kept;

use std::fmt;
use std::io;
use std::sync::atomic::{AtomicBool, Ordering};
use std::sync::{Arc, Mutex, PoisonError};
use std::thread::{self, JoinHandle};
use std::time::Duration;

use crossbeam_channel::{SendError, Sender};
use rustc_hash::FxHashMap;

use crate::domain::clock::{Clock, Nanos};
use crate::domain::event::{DataService, ServiceSet};
use crate::domain::time::Timeframe;
use crate::pipeline::Command;
use crate::pipeline::export::{ExportOrder, Exporter};
use crate::pipeline::question::Material;
use crate::sinks::files::{
    self, FileSink, FilesError, FilesReport, FilesSettings, PART_ROWS, Target,
};

use super::export::{TargetError, instant, summary, target_of};

use kept::{Kept, Unfinished};

/// An export that takes longer says that it is under way.
const PATIENCE: Duration = Duration::from_secs(1);
/// And says so again, while it goes on: before what the screen shows of it has gone.
const WORD_EVERY: Duration = Duration::from_millis(3_500);
/// How long the end of the program waits for what is under way.
const END_PATIENCE: Duration = Duration::from_millis(300);
/// How often it looks.
const LOOK_EVERY: Duration = Duration::from_millis(10);

/// Writes files on threads of their own.
pub(super) struct FileExporter {
    clock: Arc<dyn Clock>,
    /// Told to all that are under way.
    is_over: Arc<AtomicBool>,
    /// Each gives what there was to say of it and nobody took.
    running: Mutex<Vec<JoinHandle<Option<String>>>>,
}

impl FileExporter {
    /// An exporter with nothing under way.
    pub fn new(clock: Arc<dyn Clock>) -> Self {
        Self {
            clock,
            is_over: Arc::default(),
            running: Mutex::default(),
        }
    }

    /// The program ends: what is nearly written is waited for, the rest is broken off. What is still to be said, now that
    /// no screen is there any more.
    pub fn finish(&self) -> Vec<String> {
        let running = {
            let mut running = self.running.lock().unwrap_or_else(PoisonError::into_inner);
            std::mem::take(&mut *running)
        };
        let mut waited = Duration::ZERO;
        while waited < END_PATIENCE && running.iter().any(|thread| !thread.is_finished()) {
            thread::sleep(LOOK_EVERY);
            waited += LOOK_EVERY;
        }
        self.is_over.store(true, Ordering::Relaxed);
        let ended = running.into_iter().map(JoinHandle::join);
        ended.filter_map(Result::ok).flatten().collect()
    }

    fn start(
        &self,
        order: ExportOrder,
        material: Material,
        reply: Sender<Command>,
    ) -> io::Result<()> {
        let words = Words {
            clock: Arc::clone(&self.clock),
            next: self.clock.monotonic().after(PATIENCE),
            path: order.path.display().to_string(),
            reply,
        };
        let is_over = Arc::clone(&self.is_over);
        let thread = thread::Builder::new()
            .name("export".to_owned())
            .spawn(move || {
                let reply = words.reply.clone();
                let ended = write(&order, &material, words, &is_over);
                let (text, is_error) = match &ended {
                    Ok(written) => (summary(&written.report, &written.target), false),
                    Err(error) => (error.to_string(), true),
                };
                match reply.send(Command::Tell(text, is_error)) {
                    Err(SendError(Command::Tell(text, _))) => Some(text),
                    _ => None,
                }
            })?;
        let mut running = self.running.lock().unwrap_or_else(PoisonError::into_inner);
        running.retain(|thread| !thread.is_finished());
        running.push(thread);
        Ok(())
    }
}

impl Exporter for FileExporter {
    fn export(&self, order: ExportOrder, material: Material, reply: Sender<Command>) {
        if let Err(error) = self.start(order, material, reply.clone()) {
            let text = format!("nothing can be exported: {error}");
            drop(reply.try_send(Command::Tell(text, true)));
        }
    }
}

/// What an export came to.
#[derive(Debug)]
struct Written {
    report: FilesReport,
    target: Target,
}

/// Why there is nothing, or not everything.
#[derive(Debug, thiserror::Error)]
enum Unwritten {
    #[error(
        "'{0}' is no symbol that is subscribed, and no service ({services}), length (1m, 5m, …), from=, until= or format=",
        services = KEPT.map(DataService::name).join(", ")
    )]
    UnknownSymbol(String),
    #[error("{}", .0.told("export!", "format=csv"))]
    Target(TargetError),
    #[error("{0}")]
    Time(String),
    #[error("{0}")]
    Files(String),
    #[error(
        "there is nothing to export: nothing of these services, symbols, times and lengths is kept"
    )]
    Nothing,
    #[error("the export to {path} was broken off; {left}")]
    BrokenOff { path: String, left: String },
}

impl From<FilesError> for Unwritten {
    fn from(error: FilesError) -> Self {
        Self::Files(match error {
            FilesError::Exists(path) => {
                format!("{} is there already; export! replaces it", path.display())
            }
            other => other.to_string(),
        })
    }
}

/// What is kept of the data as it comes: books are not.
const KEPT: [DataService; 4] = [
    DataService::Ohlcv,
    DataService::Level1,
    DataService::TimeAndSales,
    DataService::News,
];

/// Says how far an export is, when it takes long.
struct Words {
    clock: Arc<dyn Clock>,
    next: Nanos,
    path: String,
    reply: Sender<Command>,
}

impl Words {
    /// So many of all rows have been given to whoever writes them.
    fn on_row(&mut self, done: u64, all: u64) {
        let percent = (done as f64 / all.max(1) as f64 * 100.0).min(100.0);
        self.tell(format_args!("{percent:.0} %"));
    }

    /// All rows have been given, and not all are written yet.
    fn on_wait(&mut self) {
        self.tell(format_args!("the last rows are being written"));
    }

    fn tell(&mut self, what: fmt::Arguments<'_>) {
        let now = self.clock.monotonic();
        if now < self.next {
            return;
        }
        self.next = now.after(WORD_EVERY);
        let text = format!("exporting to {}: {what}", self.path);
        // An engine that is busy has better things to tell.
        drop(self.reply.try_send(Command::Tell(text, false)));
    }
}

fn write(
    order: &ExportOrder,
    material: &Material,
    mut words: Words,
    is_over: &AtomicBool,
) -> Result<Written, Unwritten> {
    let (target, format) =
        target_of(&order.path, order.format, order.overwrite).map_err(Unwritten::Target)?;
    let kept = Kept::new(material, &order.symbols)
        .map_err(|spec| Unwritten::UnknownSymbol(spec.to_string()))?;
    let zone = kept.zone();
    let day = kept.newest_day();
    let time = |target: Option<_>| {
        let time = target.map(|target| instant(target, zone, day));
        time.transpose().map_err(Unwritten::Time)
    };
    let settings = FilesSettings {
        target: target.clone(),
        format,
        services: match order.services.as_slice() {
            [] => files::default_services(&target),
            services => ServiceSet::of(services),
        },
        timeframes: order.timeframes.clone(),
        from: time(order.from)?,
        until: time(order.until)?,
        indicators: kept.indicators(),
        // Each row says itself whose days it has.
        sources: FxHashMap::default(),
        overwrite: order.overwrite,
        part_rows: PART_ROWS,
        part_age: Duration::MAX,
    };
    let (mut sink, handle) = FileSink::new(settings.clone(), Arc::clone(&words.clock))?;
    let now = words.clock.wall();
    let given = kept.give(&settings, now, &mut sink, &mut |done, all| {
        words.on_row(done, all);
        !is_over.load(Ordering::Relaxed)
    });
    // What the files have failed of, the handle tells.
    let mut is_broken_off = matches!(given, Err(Unfinished::BrokenOff));
    if is_broken_off {
        handle.give_up();
    }
    drop(sink);
    while !is_broken_off && !handle.is_written() {
        words.on_wait();
        thread::sleep(LOOK_EVERY);
        is_broken_off = is_over.load(Ordering::Relaxed);
    }
    let report = handle.wait(!is_broken_off)?;
    if is_broken_off {
        return Err(Unwritten::BrokenOff {
            path: words.path,
            left: match report.files.len() {
                0 => "nothing was written".to_owned(),
                1 => "1 complete file has been kept".to_owned(),
                count => format!("{count} complete files have been kept"),
            },
        });
    }
    if report.files.is_empty() {
        return Err(Unwritten::Nothing);
    }
    Ok(Written { report, target })
}

/// The lengths of the bars that are written of a symbol whose own are `interval`.
fn lengths(wanted: &[Timeframe], interval: Timeframe) -> Vec<Timeframe> {
    match wanted {
        [] => vec![interval],
        wanted => {
            let mut lengths = wanted.to_vec();
            lengths.retain(|length| *length >= interval);
            lengths.sort_unstable();
            lengths.dedup();
            lengths
        }
    }
}

#[cfg(test)]
#[allow(clippy::unwrap_used, reason = "a test may stop at the first surprise")]
mod tests;
