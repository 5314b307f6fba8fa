//! `export` and the file sinks: results to files.

use std::path::{Path, PathBuf};
use std::sync::Arc;
use std::thread;
use std::time::Duration;

use chrono::{NaiveDate, NaiveDateTime};
use chrono_tz::{America::New_York, Tz};
use crossbeam_channel::{Receiver, RecvTimeoutError};
use rustc_hash::FxHashMap;

use crate::cli::ExportRequest;
use crate::config::Layers;
use crate::config::settings::Settings;
use crate::domain::clock::{Clock, SystemClock};
use crate::domain::event::ServiceSet;
use crate::domain::source::{Delivery, Origin, SourceName};
use crate::domain::time::{Timeframe, UnixMs};
use crate::pipeline::Snapshot;
use crate::pipeline::engine::{self, Outputs, SourcePlan};
use crate::pipeline::sink::Sink;
use crate::pipeline::source::{SeekTarget, Speed};
use crate::sinks::files::{
    self, FileSink, FileSource, FilesHandle, FilesReport, FilesSettings, Format, PART_ROWS, Target,
};
use crate::sources::spec::SourceSpec;

use super::exit::{self, Exit};
use super::plan::{self, Plan, Surroundings};
use super::shutdown::Shutdown;
use super::watch::Watch;
use super::{AppError, past, start_log};

/// How often progress is shown.
const PROGRESS_EVERY: Duration = Duration::from_millis(50);

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
                sources: known(sources),
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

/// What files have to know of the sources.
fn known(sources: &[SourcePlan]) -> FxHashMap<SourceName, FileSource> {
    let each = sources.iter().map(|plan| {
        let info = plan.source.info();
        let known = FileSource {
            calendar: info.calendar,
            is_live: info.origin == Origin::Live,
        };
        (info.name.clone(), known)
    });
    each.collect()
}

/// The zone in which times are given and shown: New York where all sources have its days, else UTC.
pub(super) fn zone_of(sources: &[SourcePlan]) -> Tz {
    let is_new_york = |plan: &SourcePlan| plan.source.info().calendar.zone() == New_York;
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
    let (target, format) = target_of(&request.to, request.format, request.force)
        .map_err(|error| AppError::Usage(error.told("--force", "--format")))?;
    let surroundings = Surroundings::without_recording(&layers.environment);
    let Plan { sources, failures } = plan::open_all(&loaded.settings, &surroundings)?;
    for failure in &failures {
        exit::say(failure.to_error().message);
    }
    let is_live = sources
        .iter()
        .any(|plan| plan.source.info().delivery == Delivery::Live);
    let zone = zone_of(&sources);
    let time = |target: Option<SeekTarget>| {
        let time = target.map(|target| instant(target, zone, None));
        time.transpose().map_err(AppError::Usage)
    };
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
            sources: known(&sources),
            overwrite: request.force,
            part_rows: PART_ROWS,
            part_age: Duration::MAX,
        },
        Arc::clone(&clock),
    )?;
    let (watch, watching, _) = Watch::new(sources.len(), zone);
    let sinks: Vec<Box<dyn Sink>> = vec![Box::new(sink), watching];
    let (past, troubles) = past::read(&loaded.settings.history, &engine_settings, &clock);
    for trouble in troubles {
        exit::say(trouble.message);
    }
    let outputs = Outputs {
        past,
        ..Outputs::from(sinks)
    };
    let signals = Shutdown::listen().map_err(AppError::system("signals cannot be received"))?;
    let engine = engine::start(engine_settings, sources, outputs, clock, None)
        .map_err(AppError::system("the engine could not be started"))?;
    let shutdown = Shutdown::start(signals, engine.commands.clone(), || {})
        .map_err(AppError::system("nothing can watch for signals"))?;
    shutdown.expect_files();
    let requester = shutdown.requester();
    if is_live {
        exit::say("listening; Ctrl-C ends it and writes what has come");
    }
    show_progress(&watch, &engine.snapshots);
    let report = engine.join();
    watch.finish("the log file has them");
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
    if written.files.is_empty() {
        exit::say("there was nothing to write: no result of these services, times and lengths");
    } else {
        exit::say(summary(written, target));
    }
    if all_hopeless || written.files.is_empty() {
        Exit::Failed
    } else {
        Exit::Done
    }
}

/// What there is to say of what has been written.
pub(super) fn summary(written: &FilesReport, target: &Target) -> String {
    let count = |number: u64, what: &str| match number {
        1 => format!("1 {what}"),
        _ => format!("{number} {what}s"),
    };
    let rows = count(written.rows, "row");
    let tables: Vec<&str> = written.tables.iter().map(String::as_str).collect();
    let tables = tables.join(", ");
    match target {
        Target::File(path) => format!("{rows} in {} ({tables})", path.display()),
        Target::Folder(path) => {
            let files = count(written.files.len() as u64, "file");
            format!("{rows} in {files} in {} ({tables})", path.display())
        }
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

/// Why nothing can be written to a path as it was given.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) enum TargetError {
    /// The folder holds something, and may not be added to.
    HoldsSomething(PathBuf),
    /// Nothing says the format.
    NoFormat(PathBuf),
}

impl TargetError {
    /// What a person is told, with what allows to add to a folder and what names a format.
    pub(super) fn told(&self, force: &str, format: &str) -> String {
        match self {
            Self::HoldsSomething(path) => {
                format!(
                    "{} holds something already; {force} adds to it",
                    path.display()
                )
            }
            Self::NoFormat(path) => format!(
                "{}: end the name with .parquet, .ipc, .csv or .jsonl, or with / for a folder, or give {format}",
                path.display()
            ),
        }
    }
}

/// Where to and in which format.
pub(super) fn target_of(
    path: &Path,
    format: Option<Format>,
    force: bool,
) -> Result<(Target, Format), TargetError> {
    let is_folder = path.is_dir() || path.as_os_str().as_encoded_bytes().ends_with(b"/");
    if is_folder {
        if !force && has_entries(path) {
            return Err(TargetError::HoldsSomething(path.to_owned()));
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
        None => Err(TargetError::NoFormat(path.to_owned())),
    }
}

fn has_entries(folder: &Path) -> bool {
    folder
        .read_dir()
        .is_ok_and(|mut entries| entries.next().is_some())
}

/// The moment that a person means, in the zone of the data; a time of day alone is one of `day`.
///
/// # Errors
/// What is wrong with it.
pub(super) fn instant(
    target: SeekTarget,
    zone: Tz,
    day: Option<NaiveDate>,
) -> Result<UnixMs, String> {
    let local = |local: NaiveDateTime| {
        UnixMs::from_local(local, zone)
            .ok_or_else(|| format!("{local} is not on the calendar of {zone}"))
    };
    match (target, day) {
        (SeekTarget::At(time), _) => Ok(time),
        (SeekTarget::Local(time), _) => local(time),
        (SeekTarget::TimeOfDay(time), Some(day)) => local(day.and_time(time)),
        (SeekTarget::TimeOfDay(time), None) => {
            Err(format!("{time} needs its day, as in 2019-02-13T{time}"))
        }
    }
}

/// Shows how far the sources are until the engine has finished.
fn show_progress(watch: &Watch, snapshots: &Receiver<Arc<Snapshot>>) {
    loop {
        match snapshots.recv_timeout(PROGRESS_EVERY) {
            Ok(snapshot) => watch.show(Some(&snapshot)),
            Err(RecvTimeoutError::Timeout) => {}
            Err(RecvTimeoutError::Disconnected) => break,
        }
        // Snapshots are made as fast as they are taken, which nobody needs here.
        thread::sleep(PROGRESS_EVERY);
    }
}

#[cfg(test)]
#[allow(clippy::unwrap_used, reason = "a test may stop at the first surprise")]
mod round_trip;
