//! What a person or a script can tell the engine, and how it is written.

use std::path::PathBuf;

use chrono::{NaiveDateTime, NaiveTime};

use crate::domain::indicator::IndicatorSpec;
use crate::domain::source::SourceName;
use crate::domain::symbol::{SymbolId, SymbolSpec};
use crate::domain::time::{Timeframe, UnixMs};

use super::export::ExportOrder;
use super::question::{Answer, QuestionId};
use super::source::{SeekTarget, Speed, TransportCommand};

/// An order to the engine.
#[derive(Debug, Clone, PartialEq)]
pub enum Command {
    /// Subscribe symbols.
    Add(Vec<SymbolSpec>),
    /// End subscriptions; what has arrived is processed first.
    Remove(Vec<SymbolSpec>),
    /// Let a quarantined symbol's worker start again.
    Release(SymbolSpec),
    /// Control the replay: that of one source, or of all that have such controls.
    Transport {
        /// Which source; `None` is all.
        source: Option<SourceName>,
        /// What to do.
        command: TransportCommand,
    },
    /// Have a live source connect again, with keys that are read anew: one, or all. A source that has given up tries again.
    Reconnect(Option<SourceName>),
    /// Keep these charts on the board from now on, and no others.
    WatchCharts(Vec<(SymbolId, Timeframe)>),
    /// Keep the depth and the tape of these symbols on the board from now on, and no others.
    WatchBooks(Vec<SymbolId>),
    /// Compute these indicators for the charts that are watched, from now on, and no others.
    WatchIndicators(Vec<IndicatorSpec>),
    /// Answer a question about the data: a statement of SQL. The answer is on the board.
    Ask(String),
    /// Give up the question under way.
    CancelQuestion,
    /// A question has been answered. Comes from the [`Analyst`](super::question::Analyst).
    Answered(QuestionId, Box<Answer>),
    /// Write what is kept to files.
    Export(ExportOrder),
    /// Tell the person at the screen something, once; whether something went wrong.
    Tell(String, bool),
    /// Write what live sources receive to this folder from now on, or to none.
    Record(Option<PathBuf>),
    /// Mark errors as seen: one by its number, or all.
    AcknowledgeErrors(Option<u64>),
    /// Forget the errors on the board.
    ClearErrors,
    /// Put an error on the board that arose outside the engine (a configuration that could not be read).
    Report(Box<crate::domain::outcome::ErrorInstance>),
    /// Stop sources, drain, finish.
    Quit,
}

/// Why a command could not be read. The message quotes the command.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub enum CommandError {
    /// No command has this name.
    #[error("unknown command '{line}'; there are {}", Command::NAMES.join(", "))]
    Unknown {
        /// What was given.
        line: String,
    },
    /// The command is known, what follows it is wrong.
    #[error("'{line}': {reason}")]
    Argument {
        /// What was given.
        line: String,
        /// What is wrong with it.
        reason: String,
    },
}

impl Command {
    /// The names that [`Command::parse`] knows.
    pub const NAMES: [&'static str; 11] = [
        "add",
        "remove",
        "release",
        "pause",
        "resume",
        "speed",
        "seek",
        "step",
        "record",
        "reconnect",
        "quit",
    ];

    /// Reads one line of text: a name and what follows it.
    ///
    /// # Errors
    /// Unknown names and wrong arguments.
    pub fn parse(line: &str) -> Result<Self, CommandError> {
        let line = line.trim();
        let (name, rest) = line.split_once(char::is_whitespace).unwrap_or((line, ""));
        let rest = rest.trim();
        let wrong = |reason: String| CommandError::Argument {
            line: line.to_owned(),
            reason,
        };
        let symbols = || -> Result<Vec<SymbolSpec>, CommandError> {
            let specs: Result<Vec<SymbolSpec>, _> = rest
                .split([',', ' '])
                .filter(|text| !text.is_empty())
                .map(str::parse)
                .collect();
            match specs {
                Ok(specs) if !specs.is_empty() => Ok(specs),
                Ok(_) => Err(wrong(format!(
                    "name one symbol or more, as in '{name} TSLA,SPY'"
                ))),
                Err(error) => Err(wrong(error.to_string())),
            }
        };
        let transport = |command| {
            Ok(Self::Transport {
                source: None,
                command,
            })
        };
        let alone = |command: Self| match rest {
            "" => Ok(command),
            _ => Err(wrong(format!("'{name}' takes nothing after it"))),
        };
        match name {
            "add" => Ok(Self::Add(symbols()?)),
            "remove" => Ok(Self::Remove(symbols()?)),
            "release" => Ok(Self::Release(symbols()?.swap_remove(0))),
            "pause" => alone(Self::Transport {
                source: None,
                command: TransportCommand::Pause,
            }),
            "resume" => alone(Self::Transport {
                source: None,
                command: TransportCommand::Resume,
            }),
            "step" if rest == "back" => transport(TransportCommand::StepBack),
            "step" => alone(Self::Transport {
                source: None,
                command: TransportCommand::Step,
            }),
            "speed" => transport(TransportCommand::Speed(
                rest.parse::<Speed>().map_err(wrong)?,
            )),
            "seek" => transport(TransportCommand::Seek(
                rest.parse::<SeekTarget>().map_err(wrong)?,
            )),
            "record" => match rest {
                "" => Err(wrong(
                    "name a folder, as in 'record session-1', or say 'record off'".to_owned(),
                )),
                "off" => Ok(Self::Record(None)),
                folder => Ok(Self::Record(Some(typed_path(folder)))),
            },
            "reconnect" => match rest {
                "" => Ok(Self::Reconnect(None)),
                name if name.contains(char::is_whitespace) => {
                    Err(wrong("name one source, or none for all".to_owned()))
                }
                name => Ok(Self::Reconnect(Some(SourceName::new(name)))),
            },
            "quit" => alone(Self::Quit),
            _ => Err(CommandError::Unknown {
                line: line.to_owned(),
            }),
        }
    }
}

/// The path that a person has typed where no shell reads it: `~` at its beginning is the home folder.
#[must_use]
pub fn typed_path(text: &str) -> PathBuf {
    let below = match text {
        "~" => Some(""),
        _ => text.strip_prefix("~/"),
    };
    match (below, std::env::home_dir()) {
        (Some(below), Some(home)) => home.join(below),
        _ => PathBuf::from(text),
    }
}

impl std::str::FromStr for SeekTarget {
    type Err = String;
    fn from_str(text: &str) -> Result<Self, String> {
        if let Ok(time) = chrono::DateTime::parse_from_rfc3339(text) {
            return Ok(Self::At(UnixMs(time.timestamp_millis())));
        }
        for format in [
            "%Y-%m-%dT%H:%M:%S%.f",
            "%Y-%m-%d %H:%M:%S%.f",
            "%Y-%m-%dT%H:%M",
            "%Y-%m-%d %H:%M",
        ] {
            if let Ok(time) = NaiveDateTime::parse_from_str(text, format) {
                return Ok(Self::Local(time));
            }
        }
        if let Ok(date) = chrono::NaiveDate::parse_from_str(text, "%Y-%m-%d") {
            return Ok(Self::Local(date.and_time(NaiveTime::MIN)));
        }
        for format in ["%H:%M:%S", "%H:%M"] {
            if let Ok(time) = NaiveTime::parse_from_str(text, format) {
                return Ok(Self::TimeOfDay(time));
            }
        }
        Err(format!(
            "'{text}' is no time; give one such as 2019-02-13T10:30 or 10:30"
        ))
    }
}

#[cfg(test)]
#[allow(clippy::unwrap_used, reason = "a test may stop at the first surprise")]
mod tests {
    use super::*;

    #[test]
    fn commands_are_read() {
        assert_eq!(Command::parse("reconnect"), Ok(Command::Reconnect(None)));
        assert_eq!(
            Command::parse("reconnect schwab"),
            Ok(Command::Reconnect(Some(SourceName::new("schwab"))))
        );
        assert!(Command::parse("reconnect a b").is_err());
        assert_eq!(
            Command::parse("add TSLA"),
            Ok(Command::Add(vec!["TSLA".parse().unwrap()]))
        );
        assert_eq!(
            Command::parse(" add TSLA, SPY@sim "),
            Ok(Command::Add(vec![
                "TSLA".parse().unwrap(),
                "SPY@sim".parse().unwrap()
            ]))
        );
        assert_eq!(
            Command::parse("seek 2019-02-13T10:30"),
            Ok(Command::Transport {
                source: None,
                command: TransportCommand::Seek(SeekTarget::Local(
                    "2019-02-13T10:30:00".parse().unwrap()
                ))
            })
        );
        assert_eq!(
            Command::parse("record my sessions/one "),
            Ok(Command::Record(Some(PathBuf::from("my sessions/one"))))
        );
        assert_eq!(Command::parse("record off"), Ok(Command::Record(None)));
        assert_eq!(Command::parse("quit"), Ok(Command::Quit));
    }

    #[test]
    fn a_path_may_begin_at_home() {
        let home = std::env::home_dir().unwrap();
        assert_eq!(typed_path("~/tapes"), home.join("tapes"));
        assert_eq!(typed_path("~"), home);
        for text in ["tapes", "~x/tapes", "a/~/b", "/tmp"] {
            assert_eq!(typed_path(text), PathBuf::from(text));
        }
    }

    #[test]
    fn what_cannot_be_read_is_quoted() {
        for line in [
            "frobnicate",
            "add",
            "add A\u{7}",
            "speed fast",
            "seek soon",
            "pause now",
            "record",
        ] {
            let message = Command::parse(line).unwrap_err().to_string();
            assert!(message.contains(line), "{message}");
        }
    }
}
