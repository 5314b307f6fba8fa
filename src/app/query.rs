//! `query`: runs the sources to their end without a screen, answers one question about all that they gave, and ends.

mod print;
mod table;

use std::io::{self, IsTerminal, Read};
use std::sync::Arc;
use std::time::Duration;
use std::{process, thread};

use crossbeam_channel::{Receiver, RecvTimeoutError, bounded};
use signal_hook::consts::{SIGINT, SIGTERM};
use signal_hook::iterator::Signals;

use crate::cli::QueryRequest;
use crate::compute::query::{AnswerFrame, Cancel, QueryError, Statement, Tables};
use crate::config::settings::Settings;
use crate::config::{Layers, Loaded};
use crate::domain::clock::{Clock, SystemClock};
use crate::domain::source::Origin;
use crate::domain::table::Table;
use crate::pipeline::Command;
use crate::pipeline::engine::{self, EngineHandle, EngineReport, Outputs, SourcePlan};
use crate::pipeline::question::Material;
use crate::pipeline::source::Speed;
use crate::sources::spec::SourceSpec;

use super::analyst::{tables_of, too_long, work};
use super::exit::{self, Exit};
use super::export::zone_of;
use super::plan::{self, Plan, Surroundings};
use super::watch::Watch;
use super::{AppError, columns, panic_hook, past, start_log};

/// Rows that are kept of each symbol: memory alone is the limit.
const ROWS_MAX: usize = usize::MAX >> 8;
/// Memory of which all but one such part is taken counts as used up: it is freed in smaller ones.
const FULL_PARTS: u64 = 32;
/// How often the progress is shown.
const PROGRESS_EVERY: Duration = Duration::from_millis(250);
/// How long the engine may take to end once everything is known.
const END_MAX: Duration = Duration::from_secs(5);
/// How long to wait for the last state of the board.
const BOARD_MAX: Duration = Duration::from_secs(5);

/// Answers a question, and says how it went.
///
/// # Errors
/// When the configuration is wrong, or no source could be opened.
pub fn run(layers: &Layers, request: &QueryRequest) -> Result<Exit, AppError> {
    let sql = match &request.sql {
        Some(sql) => sql.clone(),
        None => match statement_from_stdin() {
            Ok(sql) => sql,
            Err(message) => return Ok(mistake(&message)),
        },
    };
    let statement = match Statement::new(&sql) {
        Ok(statement) => statement,
        Err(error) => return Ok(mistake(&error)),
    };
    let Loaded { mut settings, .. } = {
        let loaded = layers.load()?;
        start_log(&loaded);
        loaded
    };
    panic_hook::install(|| {});
    keep_everything(&mut settings);
    let empty = Tables {
        indicators: settings.engine.indicators.whole(),
        columns: own_names(&settings),
        ..Tables::default()
    };
    // A statement that is wrong is told before the sources have run for an hour.
    let checked = answer(&statement, move || empty, request.time_max)?;
    if let Err(Unanswered::Query(error)) = &checked
        && error.is_mistake()
    {
        return Ok(mistake(error));
    }

    let surroundings = Surroundings::without_recording(&layers.environment);
    let Plan { sources, failures } = plan::open_all(&settings, &surroundings)?;
    for failure in &failures {
        exit::say(format_args!("{}: {}", failure.name, failure.message));
    }
    for warning in layers.warnings().into_iter().chain(surroundings.warning()) {
        exit::say(warning);
    }
    if let Some(message) = endless(&settings, &sources).filter(|_| request.listen.is_none()) {
        return Ok(mistake(&message));
    }
    let gathered = gather(&settings, sources, request.listen)?;
    if gathered.report.all_hopeless {
        exit::say("every source stopped for good, so there is nothing to ask");
        return Ok(Exit::Failed);
    }
    let indicators = settings.engine.indicators.whole();
    let clock = SystemClock::default();
    let begun = clock.monotonic();
    let mut material = gathered.material;
    if statement.names(Table::Results) {
        evaluate_columns(&settings, &mut material)?;
    }
    let own = own_names(&settings);
    let tables = move || tables_of(&material, &indicators, &own);
    match answer(&statement, tables, request.time_max)? {
        Ok(frame) => {
            let took = clock.monotonic().since(begun);
            Ok(print::print(&frame, request.format, request.rows_max, took))
        }
        Err(unanswered) => {
            exit::say(unanswered.to_string());
            Ok(match unanswered {
                Unanswered::Query(error) if error.is_mistake() => Exit::Usage,
                _ => Exit::Failed,
            })
        }
    }
}

/// What the person's own columns are called.
fn own_names(settings: &Settings) -> Vec<String> {
    let names = settings.columns.iter().map(|rule| rule.name.clone());
    names.collect()
}

/// Puts the values of the person's own columns at each symbol's newest bar into its result: while the sources ran, nobody
/// wanted them.
fn evaluate_columns(settings: &Settings, material: &mut Material) -> Result<(), AppError> {
    let Some(engine) = columns::engine(settings)? else {
        return Ok(());
    };
    for (id, values) in columns::newest(&*engine, &material.histories) {
        if let Some(row) = material.rows.get_mut(id) {
            row.columns = Some(values);
        }
    }
    Ok(())
}

fn mistake(message: &impl std::fmt::Display) -> Exit {
    exit::say(message);
    Exit::Usage
}

fn statement_from_stdin() -> Result<String, String> {
    let mut stdin = io::stdin().lock();
    if stdin.is_terminal() {
        return Err(QueryError::Empty.to_string());
    }
    let mut sql = String::new();
    stdin
        .read_to_string(&mut sql)
        .map_err(|error| format!("stdin: {error}"))?;
    Ok(sql)
}

/// All that the sources give is to be asked of, as fast as it comes.
fn keep_everything(settings: &mut Settings) {
    settings.speed.get_or_insert(Speed::Max);
    settings.engine.stop_when_ended = false;
    settings.engine.history_rows = ROWS_MAX;
    settings.engine.history_days = None;
    settings.engine.quote_rows = ROWS_MAX;
    settings.engine.trade_rows = ROWS_MAX;
}

/// What there is to say of sources that never end by themselves.
fn endless(settings: &Settings, sources: &[SourcePlan]) -> Option<String> {
    let infos = sources.iter().map(|plan| plan.source.info());
    let live: Vec<String> = infos
        .filter(|info| info.origin == Origin::Live)
        .map(|info| info.name.to_string())
        .collect();
    let made: Vec<String> = plan::expanded(&settings.sources)
        .iter()
        .filter(|spec| has_no_end(spec))
        .map(ToString::to_string)
        .collect();
    let names = [live, made].concat();
    (!names.is_empty()).then(|| {
        format!(
            "{} would never end: say how long to listen, as in --for 10s",
            names.join(", ")
        )
    })
}

fn has_no_end(spec: &SourceSpec) -> bool {
    let is_endless_sim = spec.kind().name == "sim"
        && spec.option("events").is_none()
        && spec.option("seconds").is_none();
    is_endless_sim || spec.option("loop").is_some_and(|value| value == "true")
}

/// What the sources gave.
struct Gathered {
    material: Material,
    report: EngineReport,
}

/// Runs the sources until all have ended, or for as long as they are to be listened to.
fn gather(
    settings: &Settings,
    sources: Vec<SourcePlan>,
    listen: Option<Duration>,
) -> Result<Gathered, AppError> {
    let (watch, sink, ended) = Watch::new(sources.len(), zone_of(&sources));
    end_on_signals(&watch)?;
    let clock: Arc<dyn Clock> = Arc::new(SystemClock::default());
    let (past, troubles) = past::read(&settings.history, &settings.engine, &clock);
    for trouble in troubles {
        exit::say(trouble.message);
    }
    let outputs = Outputs {
        past,
        ..Outputs::from(vec![sink])
    };
    let engine = engine::start(
        settings.engine.clone(),
        sources,
        outputs,
        Arc::clone(&clock),
        None,
    )
    .map_err(AppError::system("the engine could not be started"))?;
    let begun = clock.monotonic();
    let mut last_seen = None;
    loop {
        let spent = clock.monotonic().since(begun);
        let left = listen.map(|listen| listen.saturating_sub(spent));
        if left == Some(Duration::ZERO) || engine.is_finished() {
            break;
        }
        let wait = left.map_or(PROGRESS_EVERY, |left| left.min(PROGRESS_EVERY));
        match ended.recv_timeout(wait) {
            Ok(()) | Err(RecvTimeoutError::Disconnected) => break,
            Err(RecvTimeoutError::Timeout) if !watch.is_shown() => {}
            Err(RecvTimeoutError::Timeout) => {
                last_seen = engine.snapshots.try_recv().ok().or(last_seen);
                watch.show(last_seen.as_deref());
            }
        }
    }
    watch.finish("SELECT * FROM errors shows what is known of them");
    let board = engine.snapshots.recv_timeout(BOARD_MAX).ok();
    let board = board.or(last_seen).unwrap_or_default();
    let material = Material {
        histories: engine.histories.all(),
        rows: board.rows.clone(),
        news: Arc::clone(&board.news),
        errors: Arc::clone(&board.errors),
    };
    let budget = engine.histories.budget();
    if budget.used_bytes() >= budget.limit_bytes() / FULL_PARTS * (FULL_PARTS - 1) {
        exit::say(
            "the memory for histories was used up, so the oldest rows are missing from the answer; \
             engine.history_memory_mb allows more",
        );
    }
    Ok(Gathered {
        material,
        report: end(engine),
    })
}

/// Has the engine end. One that takes long is not waited for: nothing of it is needed any more.
fn end(engine: EngineHandle) -> EngineReport {
    let (sender, report) = bounded(1);
    if engine.commands.send(Command::Quit).is_err() {
        tracing::debug!("the engine has ended by itself");
    }
    let joined = thread::Builder::new()
        .name("end".to_owned())
        .spawn(move || sender.send(engine.join()).unwrap_or_default());
    match joined {
        Ok(_) => report.recv_timeout(END_MAX).unwrap_or_default(),
        Err(_) => EngineReport::default(),
    }
}

/// Ends the program when it is told to: there is nothing that would have to be kept.
fn end_on_signals(watch: &Watch) -> Result<(), AppError> {
    let mut signals =
        Signals::new([SIGINT, SIGTERM]).map_err(AppError::system("signals cannot be received"))?;
    let watch = watch.clone();
    thread::Builder::new()
        .name("signals".to_owned())
        .spawn(move || {
            if let Some(signal) = signals.forever().next() {
                watch.clear();
                process::exit(128 + signal);
            }
        })
        .map_err(AppError::system("signals cannot be received"))?;
    Ok(())
}

/// Why there is no answer.
#[derive(Debug, thiserror::Error)]
enum Unanswered {
    #[error(transparent)]
    Query(#[from] QueryError),
    #[error("{0}")]
    TooLong(String),
}

/// Works on a statement, for so long at most.
fn answer(
    statement: &Statement,
    tables: impl FnOnce() -> Tables + Send + 'static,
    time_max: Duration,
) -> Result<Result<AnswerFrame, Unanswered>, AppError> {
    let cancel = Cancel::default();
    let answers: Receiver<_> = work(statement.clone(), tables, cancel.clone(), true, ())
        .map_err(AppError::system("the system gives no thread"))?;
    Ok(match answers.recv_timeout(time_max) {
        Ok(answer) => answer.map_err(Unanswered::from),
        Err(RecvTimeoutError::Timeout) => {
            cancel.cancel();
            Err(Unanswered::TooLong(too_long(time_max)))
        }
        Err(RecvTimeoutError::Disconnected) => Err(QueryError::Cancelled.into()),
    })
}
