//! `export` and the file sinks: results to files.

use std::io::{self, IsTerminal, Write};
use std::path::Path;
use std::sync::Arc;
use std::time::Duration;

use chrono::NaiveDateTime;
use chrono_tz::{America::New_York, Tz};
use crossbeam_channel::{Receiver, RecvTimeoutError};

use crate::cli::ExportRequest;
use crate::config::Layers;
use crate::config::settings::Settings;
use crate::domain::clock::{Clock, SystemClock};
use crate::domain::event::ServiceSet;
use crate::domain::outcome::{ErrorInstance, ResultInstance, Severity, StatusChange};
use crate::domain::source::{Delivery, SourceName};
use crate::domain::symbol::Symbol;
use crate::domain::time::{SessionCalendar, Timeframe, UnixMs};
use crate::pipeline::Snapshot;
use crate::pipeline::engine::{self, Outputs, SourcePlan};
use crate::pipeline::sink::{Sink, SinkClosed};
use crate::pipeline::source::{SeekTarget, Speed};
use crate::sinks::files::{
    self, FileSink, FilesHandle, FilesReport, FilesSettings, Format, PART_ROWS, Target,
};

use crate::sources::replay::END_OF_DATA;
use crate::sources::spec::SourceSpec;

use super::exit::{self, Exit};
use super::plan::{self, Plan, Surroundings};
use super::shutdown::Shutdown;
use super::{AppError, past, start_log};

/// How often progress is shown.
const PROGRESS_EVERY: Duration = Duration::from_millis(50);

/// Errors that are told one by one; the rest is counted.
const ERRORS_TOLD: u64 = 5;

/// Sinks, and the handles of those that write files.
type SinksWithHandles = (Vec<Box<dyn Sink>>, Vec<FilesHandle>);

/// The sinks of the settings, with the handles by which their ends are waited for.
///
/// # Errors
/// When one cannot be had.
pub(super) fn sinks(
    settings: &Settings,
    sources: &[SourcePlan],
    clock: &Arc<dyn Clock>,
) -> Result<SinksWithHandles, AppError> {
    let (mut sinks, mut handles): SinksWithHandles = (Vec::new(), Vec::new());
    for spec in &settings.sinks {
        let (sink, handle) = FileSink::new(
            FilesSettings {
                target: Target::Folder(spec.folder.clone()),
                format: spec.format,
                services: spec.services,
                timeframes: Vec::new(),
                from: None,
                until: None,
                indicators: settings.engine.indicators.whole().names().flat().to_vec(),
                zone: zone_of(sources),
                overwrite: false,
                part_rows: spec.part_rows,
                part_age: spec.part_age,
            },
            Arc::clone(clock),
        )?;
        sinks.push(Box::new(sink));
        handles.push(handle);
    }
    Ok((sinks, handles))
}

/// The zone in which rows are dated: New York where all sources have its days, else UTC.
fn zone_of(sources: &[SourcePlan]) -> Tz {
    let is_new_york =
        |plan: &SourcePlan| plan.source.info().calendar == SessionCalendar::UsEquities;
    if sources.iter().all(is_new_york) {
        New_York
    } else {
        Tz::UTC
    }
}

/// Runs the sources to their end, and writes what they give.
pub(super) fn run(layers: &Layers, request: &ExportRequest) -> Result<Exit, AppError> {
    let mut loaded = layers.load()?;
    start_log(&loaded);
    loaded.settings.speed = loaded.settings.speed.or(Some(Speed::Max));
    play_whole_days(&mut loaded.settings.sources);
    let (target, format) = target_of(&request.to, request.format, request.force)?;
    let surroundings = Surroundings::without_recording(&layers.environment);
    let Plan { sources, failures } = plan::open_all(&loaded.settings, &surroundings)?;
    for failure in &failures {
        exit::say(failure.to_error().message);
    }
    let is_live = sources
        .iter()
        .any(|plan| plan.source.info().delivery == Delivery::Live);
    let zone = zone_of(&sources);
    let time = |target: Option<SeekTarget>| target.map(|target| instant(target, zone)).transpose();
    let clock: Arc<dyn Clock> = Arc::new(SystemClock::default());
    let mut engine_settings = loaded.settings.engine.clone();
    engine_settings.stop_when_ended = true;
    engine_settings.timeframes = request
        .timeframe
        .iter()
        .copied()
        .filter(|timeframe| *timeframe != Timeframe::M1)
        .collect();
    let services = match request.services.as_slice() {
        [] => files::default_services(&target),
        services => ServiceSet::of(services),
    };
    let (sink, handle) = FileSink::new(
        FilesSettings {
            target: target.clone(),
            format,
            services,
            timeframes: request.timeframe.clone(),
            from: time(request.from)?,
            until: time(request.until)?,
            indicators: engine_settings.indicators.whole().names().flat().to_vec(),
            zone,
            overwrite: request.force,
            part_rows: PART_ROWS,
            part_age: Duration::MAX,
        },
        Arc::clone(&clock),
    )?;
    let sinks: Vec<Box<dyn Sink>> = vec![Box::new(sink), Box::new(Told::default())];
    let (past, troubles) = past::read(&loaded.settings.history, &engine_settings, &clock);
    for trouble in troubles {
        exit::say(trouble.message);
    }
    let outputs = Outputs {
        past,
        ..Outputs::from(sinks)
    };
    let engine = engine::start(engine_settings, sources, outputs, clock, None)
        .map_err(AppError::system("the engine could not be started"))?;
    let shutdown = Shutdown::start(engine.commands.clone(), || {})
        .map_err(AppError::system("signals cannot be received"))?;
    shutdown.expect_files();
    let requester = shutdown.requester();
    if is_live {
        exit::say("listening; Ctrl-C ends it and writes what has come");
    }
    show_progress(&engine.snapshots);
    let report = engine.join();
    shutdown.files_are_left();
    // What a person breaks off of a replay is not what was asked for: no file is better than a part of one.
    let was_broken_off = requester.was_requested() && !is_live;
    let written = handle.wait(!was_broken_off)?;
    shutdown.finish();
    if was_broken_off {
        exit::say(match written.files.len() {
            0 => "broken off; nothing was written".to_owned(),
            count => format!("broken off; {count} complete files have been kept"),
        });
        return Ok(Exit::Interrupted);
    }
    Ok(tell(&written, &target, report.all_hopeless))
}

/// Says what has been written.
fn tell(written: &FilesReport, target: &Target, all_hopeless: bool) -> Exit {
    let FilesReport { rows, files } = written;
    match (target, files.as_slice()) {
        (_, []) => {
            exit::say("there was nothing to write: no result of these services, times and lengths");
        }
        (Target::File(path), _) => {
            exit::say(format_args!("{rows} rows in {}", path.display()));
        }
        (Target::Folder(path), files) => exit::say(format_args!(
            "{rows} rows in {} files in {}",
            files.len(),
            path.display()
        )),
    }
    if all_hopeless || files.is_empty() {
        Exit::Failed
    } else {
        Exit::Done
    }
}

/// A day whose morning would be history on the screen is exported from its first minute.
fn play_whole_days(sources: &mut [SourceSpec]) {
    for source in sources {
        if source.kind().name == "bundled"
            && source.option("whole").is_none()
            && let Ok(whole) = source.with_option("whole", "true")
        {
            *source = whole;
        }
    }
}

/// Where to and in which format.
pub(super) fn target_of(
    path: &Path,
    format: Option<Format>,
    force: bool,
) -> Result<(Target, Format), AppError> {
    let is_folder = path.is_dir() || path.as_os_str().as_encoded_bytes().ends_with(b"/");
    if is_folder {
        if !force && has_entries(path) {
            return Err(AppError::Usage(format!(
                "{} holds something already; --force adds to it",
                path.display()
            )));
        }
        let format = format.unwrap_or(if cfg!(feature = "frames") {
            Format::Parquet
        } else {
            Format::Csv
        });
        return Ok((Target::Folder(path.to_owned()), format));
    }
    match format.or_else(|| Format::of_path(path)) {
        Some(format) => Ok((Target::File(path.to_owned()), format)),
        None => Err(AppError::Usage(format!(
            "{}: end the name with .parquet, .ipc, .csv or .jsonl, or with / for a folder, or give --format",
            path.display()
        ))),
    }
}

fn has_entries(folder: &Path) -> bool {
    folder
        .read_dir()
        .is_ok_and(|mut entries| entries.next().is_some())
}

/// The moment that a person means, in the zone of the data.
fn instant(target: SeekTarget, zone: Tz) -> Result<UnixMs, AppError> {
    let local = |local: NaiveDateTime| {
        UnixMs::from_local(local, zone)
            .ok_or_else(|| AppError::Usage(format!("{local} is not on the calendar of {zone}")))
    };
    match target {
        SeekTarget::At(time) => Ok(time),
        SeekTarget::Local(time) => local(time),
        SeekTarget::TimeOfDay(time) => Err(AppError::Usage(format!(
            "{time} needs its day, as in 2019-02-13T{time}"
        ))),
    }
}

/// Shows how far the sources are until the engine has finished.
fn show_progress(snapshots: &Receiver<Arc<Snapshot>>) {
    let is_terminal = io::stderr().is_terminal();
    let mut shown = false;
    loop {
        match snapshots.recv_timeout(PROGRESS_EVERY) {
            Ok(snapshot) if is_terminal => {
                shown = true;
                draw(&snapshot);
            }
            Ok(_) | Err(RecvTimeoutError::Timeout) => {}
            Err(RecvTimeoutError::Disconnected) => break,
        }
        // Snapshots are made as fast as they are taken, which nobody needs here.
        std::thread::sleep(PROGRESS_EVERY);
    }
    if shown {
        write_stderr("\r\x1b[K");
    }
}

fn draw(snapshot: &Snapshot) {
    let of = snapshot.sources.iter();
    let parts: Vec<f64> = of
        .filter_map(|source| source.transport.as_ref())
        .map(|transport| transport.progress)
        .collect();
    let results = snapshot.pipeline.results_total;
    if parts.is_empty() {
        return write_stderr(&format!("\r\x1b[K{results} results"));
    }
    let part = parts.iter().sum::<f64>() / parts.len() as f64;
    let full = (part * 30.0).round().clamp(0.0, 30.0) as usize;
    write_stderr(&format!(
        "\r\x1b[K{}{} {:3.0}%  {results} results",
        "█".repeat(full),
        "░".repeat(30 - full),
        part * 100.0
    ));
}

fn write_stderr(text: &str) {
    // Progress that cannot be shown is no reason to stop.
    io::stderr().write_all(text.as_bytes()).unwrap_or_default();
}

/// Tells the first errors on stderr, and how many there were.
#[derive(Debug, Default)]
struct Told {
    errors: u64,
}

impl Sink for Told {
    fn result(&mut self, _: &ResultInstance, _: &Symbol, _: &SourceName) -> Result<(), SinkClosed> {
        Ok(())
    }

    fn error(&mut self, error: &ErrorInstance) -> Result<(), SinkClosed> {
        if error.severity == Severity::Error && error.message != END_OF_DATA {
            self.errors += 1;
            if self.errors <= ERRORS_TOLD {
                let place = error.location.as_ref().map(|place| format!(" ({place})"));
                let place = place.unwrap_or_default();
                exit::say(format_args!("{}: {}{place}", error.kind, error.message));
            }
        }
        Ok(())
    }

    fn status(&mut self, _: &StatusChange) -> Result<(), SinkClosed> {
        Ok(())
    }

    fn flush(&mut self) -> Result<(), SinkClosed> {
        Ok(())
    }
}

impl Drop for Told {
    fn drop(&mut self) {
        if self.errors > ERRORS_TOLD {
            let more = self.errors - ERRORS_TOLD;
            exit::say(format_args!(
                "and {more} more errors; the log file has them"
            ));
        }
    }
}
