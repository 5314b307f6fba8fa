//! Puts the parts together: command line → settings → sources, sinks and engine → screen or JSON lines → exit code.
//!
//! - [`analyst`]: answers questions about the data beside the stream
//! - [`query`]: one question about all that the sources give, answered without a screen
//! - [`exit`]: exit codes, and what is said on stderr
//! - [`paths`]: where configuration, session and log are
//! - [`past`]: reads bars from before the start
//! - [`plan`]: opens the sources and divides the symbols among them
//! - [`shutdown`]: signals, and the deadline of a drain
//! - [`panic_hook`]: gives the terminal back before a panic is shown
//! - [`reload`]: applies a changed configuration
//! - [`export`]: data to files; `exporter` does it beside a screen
//! - [`headless`]: JSON lines out, commands in
//! - [`screen`]: the terminal, with the saved session
//! - [`report`]: `check` and `sources`

#[cfg(feature = "frames")]
pub mod analyst;
#[cfg(feature = "frames")]
mod columns;
pub mod exit;
pub mod export;
mod exporter;
pub mod headless;
pub mod panic_hook;
pub mod past;
pub mod paths;
pub mod plan;
#[cfg(feature = "frames")]
pub mod query;
pub mod reload;
pub mod report;
pub mod screen;
pub mod shutdown;
mod watch;

use std::io::{self, IsTerminal};
use std::path::Path;
use std::process::ExitCode;
use std::sync::Arc;

use crossbeam_channel::Sender;

use crate::bench;
use crate::cli::{self, Invocation, Task};
use crate::config::environment::Environment;
use crate::config::problem::Problems;
use crate::config::settings::Settings;
use crate::config::{ConfigFile, Layers, Loaded, key};
use crate::domain::clock::{Clock, SystemClock};
use crate::domain::outcome::{ErrorInstance, ErrorKind};
use crate::pipeline::Command;
use crate::pipeline::columns::ColumnEngine;
use crate::pipeline::engine::{self, Outputs};
use crate::pipeline::export::Exporter;
use crate::pipeline::question::Analyst;
#[cfg(not(feature = "frames"))]
use crate::pipeline::question::NoAnalyst;
use crate::pipeline::recording::{Recorder, RecordingError};
use crate::sinks::files::{FilesError, FilesHandle};
use crate::stores::recording::{FileRecorder, RecorderSettings};
use crate::telemetry;
use crate::tui::{self, TuiError};

use exit::Exit;
use exporter::FileExporter;
use headless::{HeadlessSink, RunOutcome};
use plan::{OpenFailure, Plan, PlanError, Surroundings};
use shutdown::Shutdown;

/// Why the program could not do what it was asked to.
#[derive(Debug, thiserror::Error)]
pub enum AppError {
    /// The configuration is wrong.
    #[error(transparent)]
    Config(#[from] Problems),
    /// The sources and symbols do not go together, or none could be opened.
    #[error(transparent)]
    Plan(#[from] PlanError),
    /// The folder to record into cannot be used.
    #[error(transparent)]
    Recording(#[from] RecordingError),
    /// Files cannot be written.
    #[error(transparent)]
    Files(#[from] FilesError),
    /// What is asked for does not go together.
    #[error("{0}")]
    Usage(String),
    /// The terminal cannot show the screen.
    #[error("this terminal (TERM={0}) cannot show the screen; --headless needs none")]
    Terminal(String),
    /// The screen could not be shown.
    #[error(transparent)]
    Screen(#[from] TuiError),
    /// The system refused something that the program cannot do without.
    #[error("{what}: {source}")]
    System {
        /// What was tried.
        what: &'static str,
        /// Why it failed.
        source: io::Error,
    },
}

impl AppError {
    fn system(what: &'static str) -> impl FnOnce(io::Error) -> Self {
        move |source| Self::System { what, source }
    }

    fn exit(&self) -> Exit {
        match self {
            Self::Config(_)
            | Self::Recording(_)
            | Self::Terminal(_)
            | Self::Usage(_)
            | Self::Files(FilesError::Exists(_) | FilesError::NotBuiltIn(_)) => Exit::Usage,
            Self::Plan(error) => error.exit(),
            Self::Files(FilesError::Write { .. } | FilesError::SeveralTables(..))
            | Self::Screen(_)
            | Self::System { .. } => Exit::Failed,
        }
    }
}

/// Runs the program with the process's arguments and environment.
#[must_use]
pub fn main() -> ExitCode {
    // Before there is any other thread.
    #[cfg(feature = "frames")]
    {
        analyst::use_one_thread();
        crate::compute::query::log_warnings();
    }
    let invocation = match cli::parse(std::env::args_os()) {
        Ok(invocation) => invocation,
        Err(refusal) => {
            return match refusal.print() {
                // Whoever asked has gone: `--help | head`.
                Ok(()) | Err(_) => ExitCode::from(refusal.exit_code()),
            };
        }
    };
    let exit = dispatch(invocation).unwrap_or_else(|error| {
        exit::say(&error);
        error.exit()
    });
    exit.into()
}

fn dispatch(invocation: Invocation) -> Result<Exit, AppError> {
    match invocation.task {
        Task::Print(text) => Ok(exit::print(&text)),
        Task::Sources { kind, json } => Ok(report::sources(kind.as_deref(), json)),
        Task::Bench { json } => Ok(run_bench(json)),
        Task::Check { json } => Ok(report::check(&layers_of(invocation), json)),
        #[cfg(feature = "frames")]
        Task::Query(ref request) => {
            let request = request.clone();
            query::run(&layers_of(invocation), &request)
        }
        #[cfg(not(feature = "frames"))]
        Task::Query(_) => {
            exit::say("this build cannot answer questions; build it with the feature 'frames'");
            Ok(Exit::Usage)
        }
        Task::Export(ref request) => {
            let request = request.clone();
            export::run(&layers_of(invocation), &request)
        }
        Task::Run => run(layers_of(invocation)),
    }
}

/// The layers of the configuration: flags, the process's environment, the file.
fn layers_of(invocation: Invocation) -> Layers {
    let environment = Environment::of_process(Path::new("."));
    let named = invocation
        .config_path
        .or_else(|| environment.get(key::CONFIG_VARIABLE).map(Into::into));
    let file = match named {
        Some(path) => Some(ConfigFile { path, named: true }),
        None => paths::config_file().map(|path| ConfigFile { path, named: false }),
    };
    Layers {
        flags: invocation.flags,
        environment,
        file,
    }
}

fn run_bench(json: bool) -> Exit {
    let progress = |what: &str| exit::say(format_args!("measuring {what}"));
    match bench::run(progress) {
        Ok(report) if json => match serde_json::to_string(&report) {
            Ok(line) => exit::print(format!("{line}\n").as_bytes()),
            Err(error) => fail(&error),
        },
        Ok(report) => exit::print(format!("{report}\n").as_bytes()),
        Err(error) => fail(&error),
    }
}

fn fail(error: &dyn std::fmt::Display) -> Exit {
    exit::say(error);
    Exit::Failed
}

/// Runs the monitor until it ends or is told to.
fn run(layers: Layers) -> Result<Exit, AppError> {
    let mut loaded = layers.load()?;
    let is_headless = loaded.settings.headless || !io::stdout().is_terminal();
    if !is_headless {
        screen::check_terminal(&layers.environment)?;
    }
    start_log(&loaded);
    panic_hook::install(tui::terminal::restore);
    let session = screen::Session::restore(&mut loaded, is_headless);

    // A wrong one is refused before anything is opened or written.
    let columns = columns_of(&loaded.settings)?;

    let clock: Arc<dyn Clock> = Arc::new(SystemClock::default());
    let recorder: Arc<dyn Recorder> = Arc::new(FileRecorder::new(
        Arc::clone(&clock),
        RecorderSettings::default(),
    ));
    let surroundings = Surroundings::new(&layers.environment, Arc::clone(&recorder));
    let Plan { sources, failures } = plan::open_all(&loaded.settings, &surroundings)?;
    let mut warnings = layers.warnings();
    warnings.extend(surroundings.warning());
    warnings.extend(plan::clashes(&loaded.settings.sources));
    warnings.extend(session.warning().map(str::to_owned));
    warnings.extend(plan::not_bundled(&sources));
    if let Some(folder) = &loaded.settings.record {
        recorder.begin(Path::new(folder))?;
        warnings.extend(plan::not_recorded(&sources));
        if !plan::has_live(&sources) {
            recorder.end();
        }
    }
    let mut limits = loaded.settings.engine.clone();
    limits.stop_when_ended = is_headless;
    let (past, past_errors) = past::read(&loaded.settings.history, &limits, &clock);
    let outcome = RunOutcome::default();
    let (mut sinks, files) = export::sinks(&loaded.settings, &sources, &clock)?;
    if is_headless {
        sinks.push(HeadlessSink::on_stdout(&outcome).map_err(AppError::system("stdout"))?);
    }
    let analyst = analyst_of(&loaded.settings, &clock);
    let exporter = Arc::new(FileExporter::new(Arc::clone(&clock)));
    let signals = Shutdown::listen().map_err(AppError::system("signals cannot be received"))?;
    let engine = engine::start(
        limits,
        sources,
        Outputs {
            sinks,
            recorder: Arc::clone(&recorder),
            analyst,
            exporter: Some(Arc::clone(&exporter) as Arc<dyn Exporter>),
            columns,
            troubles: [troubles(&failures, warnings), past_errors].concat(),
            past,
        },
        Arc::clone(&clock),
        None,
    )
    .map_err(AppError::system("the engine could not be started"))?;
    let shutdown = Shutdown::start(signals, engine.commands.clone(), tui::terminal::restore)
        .map_err(AppError::system("nothing can watch for signals"))?;
    if !files.is_empty() {
        shutdown.expect_files();
    }
    outcome.stop_with(shutdown.requester());
    let settings = screen::tui_settings(&loaded.settings, &layers.environment);
    let has_chosen_symbols = loaded.settings.symbols.is_some();
    let (reload, changes) = reload::start(layers, loaded, &engine.commands);

    let exit = if is_headless {
        headless::run(engine, &shutdown, &outcome)
    } else {
        let parts = screen::ScreenParts {
            settings,
            changes,
            session,
            has_chosen_symbols,
            clock,
        };
        screen::run(engine, parts, &shutdown)?
    };
    shutdown.files_are_left();
    drop(reload);
    for message in exporter.finish() {
        exit::say(message);
    }
    recorder.end();
    let written = complete(files);
    shutdown.finish();
    written?;
    tracing::info!(?exit, "ended");
    Ok(exit)
}

/// Waits until the files of all sinks are complete, also when one of them cannot be.
fn complete(files: Vec<FilesHandle>) -> Result<(), FilesError> {
    let mut written = Ok(());
    for files in files {
        match files.wait(true) {
            Ok(report) => {
                tracing::info!(rows = report.rows, files = report.files.len(), "written");
            }
            Err(error) if written.is_ok() => written = Err(error),
            Err(error) => exit::say(&error),
        }
    }
    written
}

/// Who answers questions about the data.
#[cfg(feature = "frames")]
fn analyst_of(settings: &Settings, clock: &Arc<dyn Clock>) -> Arc<dyn Analyst> {
    let indicators = settings.engine.indicators.whole();
    let columns = settings.columns.iter().map(|rule| rule.name.clone());
    Arc::new(analyst::PolarsAnalyst::new(
        Arc::clone(clock),
        indicators,
        columns.collect(),
    ))
}

/// Nobody answers questions about the data without frames.
#[cfg(not(feature = "frames"))]
fn analyst_of(_: &Settings, _: &Arc<dyn Clock>) -> Arc<dyn Analyst> {
    Arc::new(NoAnalyst)
}

/// Who evaluates a person's own columns.
#[cfg(feature = "frames")]
fn columns_of(settings: &Settings) -> Result<Option<Arc<dyn ColumnEngine>>, AppError> {
    columns::engine(settings)
}

/// Who evaluates a person's own columns: nobody, without Polars.
#[cfg(not(feature = "frames"))]
fn columns_of(settings: &Settings) -> Result<Option<Arc<dyn ColumnEngine>>, AppError> {
    if settings.columns.is_empty() {
        return Ok(None);
    }
    Err(AppError::Usage(
        "[[column]]: this build has no SQL; build it with the feature 'frames'".to_owned(),
    ))
}

/// A log that cannot be written is no reason not to run.
fn start_log(loaded: &Loaded) {
    let started = paths::state_folder()
        .ok_or_else(|| io::Error::other("there is no home folder"))
        .and_then(|folder| telemetry::start(&folder, &loaded.settings.log));
    match started {
        Ok(()) => tracing::info!(version = env!("CARGO_PKG_VERSION"), "started"),
        Err(error) => exit::say(format_args!("there will be no log file: {error}")),
    }
}

/// What went wrong before there was a board to put it on.
fn troubles(failures: &[OpenFailure], warnings: Vec<String>) -> Vec<ErrorInstance> {
    let warning =
        |message: String| ErrorInstance::new(ErrorKind::ConfigError, message).as_warning();
    let warnings = warnings.into_iter().map(warning);
    failures
        .iter()
        .map(OpenFailure::to_error)
        .chain(warnings)
        .collect()
}

/// Puts an error on the board.
fn report_error(commands: &Sender<Command>, error: ErrorInstance) {
    if commands.send(Command::Report(Box::new(error))).is_err() {
        tracing::debug!("the engine has ended, and cannot be told of an error");
    }
}
