//! The command line. The only place that knows clap.

mod export;
mod query;
mod refusal;

use std::ffi::OsString;
use std::path::PathBuf;

use clap::builder::{PossibleValuesParser, styling};
use clap::error::ErrorKind;
use clap::{Args, CommandFactory, Parser, Subcommand, ValueHint};
use clap_complete::Shell;

use crate::config::key;
use crate::config::reader::Flags;
use crate::config::words;
use crate::sources::KINDS;
use crate::telemetry::scrub;

pub use export::ExportRequest;
pub use query::{Format, QueryRequest};
pub use refusal::Refusal;

/// What the command line asks for.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Invocation {
    /// What to do.
    pub task: Task,
    /// Settings given as flags.
    pub flags: Flags,
    /// The configuration file named by `--config`.
    pub config_path: Option<PathBuf>,
}

/// What to do.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Task {
    /// Run the monitor.
    Run,
    /// Check the configuration and the sources.
    Check {
        /// As JSON.
        json: bool,
    },
    /// Tell which kinds of sources there are.
    Sources {
        /// One kind alone.
        kind: Option<String>,
        /// As JSON.
        json: bool,
    },
    /// Measure.
    Bench {
        /// As JSON.
        json: bool,
    },
    /// Answer a question about the data.
    Query(QueryRequest),
    /// Write data to files.
    Export(ExportRequest),
    /// Print this: completions, or the manual page.
    Print(Vec<u8>),
}

const EXAMPLES: &str = "\
Examples:
  streamer-tui                                     the bundled session
  streamer-tui --symbols AAPL,AMZN                 two of its symbols
  streamer-tui --source replay:bars/ --speed 600   recorded files, 600 times as fast
  streamer-tui --source sim:symbols=100,rate=1000  made-up data
  streamer-tui --headless --speed max | jq .close  results as JSON lines, no screen
  streamer-tui export --to bars.parquet --source replay:bars/
  streamer-tui check                               where does each setting come from?
  streamer-tui query 'SELECT symbol, max(high) FROM bars GROUP BY symbol'

Every flag has a key in the configuration file and an environment variable. A flag wins over
the variable, the variable over the file. A .env file in the working folder adds variables.

Exit codes:
  0    all went well, or it was told to stop
  1    no source could be opened, or each stopped for good
  2    a mistake on the command line or in the configuration
  101  a panic
  130  a second Ctrl-C";

const HEADLESS_HELP: &str = "\
Run without a screen, which is also what happens when stdout is no terminal. Results, errors and statuses go to \
stdout, one JSON object a line. Commands are read from stdin, one a line: add TSLA, remove AMZN, release TSLA, \
pause, resume, speed 10, seek 2019-02-13T10:30, step, step back, record FOLDER, record off, reconnect SOURCE, quit [env: STREAMER_TUI_HEADLESS]";

fn styles() -> styling::Styles {
    styling::Styles::styled()
        .header(styling::AnsiColor::Cyan.on_default().bold())
        .usage(styling::AnsiColor::Cyan.on_default().bold())
        .literal(styling::Style::new().bold())
}

#[derive(Debug, Parser)]
#[allow(clippy::doc_markdown, reason = "these comments are the help text")]
#[command(
    name = "streamer-tui",
    version,
    about = "Live market data in the terminal: any source, every symbol in parallel, with replay and a headless mode",
    after_help = EXAMPLES,
    styles = styles(),
    max_term_width = 120,
    disable_help_subcommand = true
)]
struct CommandLine {
    #[command(flatten)]
    flags: RunFlags,
    /// Read the configuration from this file [env: STREAMER_TUI_CONFIG]
    /// [default: $XDG_CONFIG_HOME/streamer-tui/config.toml]
    #[arg(long, value_name = "FILE", global = true, value_hint = ValueHint::FilePath, help_heading = "Configuration")]
    config: Option<PathBuf>,
    #[command(subcommand)]
    command: Option<Subcommands>,
}

/// What data there is to be.
#[derive(Debug, Args)]
#[allow(clippy::doc_markdown, reason = "these comments are the help text")]
struct DataFlags {
    /// Symbols to subscribe, separated by commas; SYMBOL@SOURCE asks one source alone. Without it, all that the
    /// sources have [env: STREAMER_TUI_SYMBOLS]
    #[arg(
        long,
        value_name = "LIST",
        value_delimiter = ',',
        help_heading = "What to watch"
    )]
    symbols: Vec<String>,
    /// Where data comes from, as kind:rest?key=value&…; may be given several times. See 'streamer-tui sources'
    /// [env: STREAMER_TUI_SOURCE] [default: the bundled session]
    #[arg(long, value_name = "SPEC", help_heading = "What to watch")]
    source: Vec<String>,
    /// How fast replays run: a factor such as 60, or max [env: STREAMER_TUI_SPEED] [default: 1 for replay:, 60 for
    /// the bundled session]
    #[arg(
        long,
        value_name = "N|max",
        allow_hyphen_values = true,
        help_heading = "What to watch"
    )]
    speed: Option<String>,
    /// An indicator to compute, such as 'sma(20)', 'bb(20,2)' or 'rsi(14)@5m'; may be given several times
    /// [env: STREAMER_TUI_INDICATOR, separated by semicolons]
    #[arg(long, value_name = "SPEC", help_heading = "What to compute")]
    indicator: Vec<String>,
    /// Bars from before the start: a CSV, JSON, Parquet or Arrow file, a recording, or a folder of them, with options as
    /// for replay: (PATH?stamp=end); may be given several times [env: STREAMER_TUI_HISTORY]
    #[arg(long, value_name = "PATH", value_hint = ValueHint::AnyPath, help_heading = "What to watch")]
    history: Vec<String>,
}

#[derive(Debug, Args)]
#[allow(clippy::doc_markdown, reason = "these comments are the help text")]
struct RunFlags {
    #[command(flatten)]
    data: DataFlags,
    /// Longer bars to give out when they close, of 5m, 15m, 1h and 1d, separated by commas
    /// [env: STREAMER_TUI_TIMEFRAMES]
    #[arg(
        long,
        value_name = "LIST",
        value_delimiter = ',',
        help_heading = "Without a screen"
    )]
    timeframes: Vec<String>,
    /// Record what live sources send, into files in this folder; replay: plays them [env: STREAMER_TUI_RECORD]
    #[arg(long, value_name = "PATH", value_hint = ValueHint::DirPath, help_heading = "Recording")]
    record: Option<String>,
    /// Where results go besides, as kind:PATH?key=value&…, with parquet, ipc, csv or jsonl for the kind: a folder of files
    /// by table, day and symbol; may be given several times [env: STREAMER_TUI_SINK, separated by semicolons]
    #[arg(long, value_name = "SPEC", help_heading = "Recording")]
    sink: Vec<String>,
    #[arg(long, help = HEADLESS_HELP, help_heading = "Without a screen")]
    headless: bool,
    /// What is shown at first [env: STREAMER_TUI_VIEW]
    #[arg(long, value_name = "VIEW", value_parser = PossibleValuesParser::new(words::VIEWS), help_heading = "Screen")]
    view: Option<String>,
    /// Colours [env: STREAMER_TUI_THEME]
    #[arg(long, value_name = "THEME", value_parser = PossibleValuesParser::new(words::THEMES), help_heading = "Screen")]
    theme: Option<String>,
    /// Neither restore the saved session nor save this one [env: STREAMER_TUI_SESSION=false]
    #[arg(long, help_heading = "Screen")]
    no_session: bool,
    /// What the log file holds: off, error, warn, info, debug, trace, or by module [env: STREAMER_TUI_LOG]
    /// [default: info]
    #[arg(long, value_name = "LEVEL", help_heading = "Configuration")]
    log_level: Option<String>,
}

#[derive(Debug, Subcommand)]
enum Subcommands {
    /// Check the configuration and the sources without running, and show which value comes from where
    Check {
        #[command(flatten)]
        flags: Box<RunFlags>,
        /// As JSON
        #[arg(long)]
        json: bool,
    },
    /// List the kinds of sources, or explain one
    Sources {
        /// The kind to explain
        #[arg(value_parser = PossibleValuesParser::new(KINDS.iter().map(|kind| kind.name)))]
        kind: Option<String>,
        /// As JSON
        #[arg(long)]
        json: bool,
    },
    /// Answer a question in SQL about all that the sources give, and end
    Query {
        #[command(flatten)]
        request: query::QueryFlags,
        #[command(flatten)]
        flags: Box<DataFlags>,
    },
    /// Measure the engine on this machine
    Bench {
        /// As JSON
        #[arg(long)]
        json: bool,
    },
    /// Write data to files: one file, or a folder of files by table, day and symbol
    Export {
        #[command(flatten)]
        request: Box<ExportRequest>,
        #[command(flatten)]
        flags: Box<DataFlags>,
    },
    /// Print a completion script
    Completions {
        /// For this shell
        shell: Shell,
    },
    /// Print the manual page
    Man,
}

fn trimmed(values: Vec<String>) -> Vec<String> {
    let trimmed = values.into_iter().map(|value| value.trim().to_owned());
    trimmed.filter(|value| !value.is_empty()).collect()
}

impl DataFlags {
    fn into_flags(self) -> Flags {
        let mut flags = Flags::default();
        flags.set(&key::SYMBOLS, "--symbols", trimmed(self.symbols));
        flags.set(&key::SOURCES, "--source", self.source);
        flags.set(&key::SPEED, "--speed", self.speed.into_iter().collect());
        flags.set(&key::HISTORY, "--history", self.history);
        flags.set(&key::INDICATORS, "--indicator", trimmed(self.indicator));
        flags
    }
}

impl RunFlags {
    fn into_flags(self) -> Flags {
        let mut flags = self.data.into_flags();
        let one = |value: Option<String>| value.into_iter().collect();
        flags.set(&key::TIMEFRAMES, "--timeframes", trimmed(self.timeframes));
        flags.set(&key::SINKS, "--sink", self.sink);
        flags.set(&key::RECORD, "--record", one(self.record));
        flags.set(
            &key::HEADLESS,
            "--headless",
            one(self.headless.then(|| "true".to_owned())),
        );
        flags.set(&key::VIEW, "--view", one(self.view));
        flags.set(&key::THEME, "--theme", one(self.theme));
        flags.set(
            &key::SESSION,
            "--no-session",
            one(self.no_session.then(|| "false".to_owned())),
        );
        flags.set(&key::LOG_LEVEL, "--log-level", one(self.log_level));
        flags
    }
}

/// Reads the command line; the first argument is the program's own name.
///
/// # Errors
/// Help that was asked for, and mistakes.
pub fn parse(arguments: impl IntoIterator<Item = OsString>) -> Result<Invocation, Refusal> {
    let arguments: Vec<OsString> = arguments.into_iter().collect();
    let refuse = |error| Refusal {
        error,
        is_unsafe: arguments.iter().any(|argument| {
            let text = argument.to_string_lossy();
            scrub(&text) != text
        }),
    };
    let line = CommandLine::try_parse_from(&arguments).map_err(refuse)?;
    let mut flags = line.flags.into_flags();
    let task = match line.command {
        None => Task::Run,
        Some(Subcommands::Check { flags: more, json }) => {
            flags.merge(more.into_flags());
            Task::Check { json }
        }
        Some(Subcommands::Query {
            flags: more,
            request,
        }) => {
            flags.merge(more.into_flags());
            if let Some(flag) = flags.any_of(&query::MEANINGLESS) {
                return Err(refuse(meaningless(flag)));
            }
            Task::Query(request.into_request())
        }
        Some(Subcommands::Export {
            flags: more,
            request,
        }) => {
            flags.merge(more.into_flags());
            Task::Export(*request)
        }
        Some(other) => {
            if let Some(flag) = flags.first() {
                return Err(refuse(meaningless(flag)));
            }
            match other {
                Subcommands::Sources { kind, json } => Task::Sources { kind, json },
                Subcommands::Bench { json } => Task::Bench { json },
                Subcommands::Completions { shell } => Task::Print(completions(shell)),
                Subcommands::Man => Task::Print(manual()),
                // These have been dealt with.
                Subcommands::Check { json, .. } => Task::Check { json },
                Subcommands::Query { request, .. } => Task::Query(request.into_request()),
                Subcommands::Export { request, .. } => Task::Export(*request),
            }
        }
    };
    Ok(Invocation {
        task,
        flags,
        config_path: line.config,
    })
}

fn meaningless(flag: &str) -> clap::Error {
    let message = format!("{flag} has no meaning for this command");
    CommandLine::command().error(ErrorKind::ArgumentConflict, message)
}

fn completions(shell: Shell) -> Vec<u8> {
    let mut script = Vec::new();
    let mut command = CommandLine::command();
    let name = command.get_name().to_owned();
    clap_complete::generate(shell, &mut command, name, &mut script);
    script
}

fn manual() -> Vec<u8> {
    let mut page = Vec::new();
    // Writing to memory does not fail.
    clap_mangen::Man::new(CommandLine::command())
        .render(&mut page)
        .unwrap_or_default();
    page
}

#[cfg(test)]
mod tests;
