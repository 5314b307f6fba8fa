//! Exit codes, and what is said on stdout and stderr outside a run.

use std::fmt::Display;
use std::io::{self, ErrorKind, Write};
use std::process::ExitCode;

use crate::telemetry::scrub;

/// How the program ends.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Exit {
    /// Every source ended, or it was told to stop, or nobody reads any more.
    Done,
    /// No source could be opened, each stopped for good, or what was asked for did not work.
    Failed,
    /// A mistake on the command line or in the configuration.
    Usage,
    /// A second Ctrl-C.
    Interrupted,
}

impl Exit {
    /// The number that the shell sees.
    #[must_use]
    pub fn code(self) -> u8 {
        match self {
            Self::Done => 0,
            Self::Failed => 1,
            Self::Usage => 2,
            Self::Interrupted => 130,
        }
    }
}

impl From<Exit> for ExitCode {
    fn from(exit: Exit) -> Self {
        Self::from(exit.code())
    }
}

/// Says something on stderr, each line with the program's name, and nothing in it that could steer a terminal.
pub fn say(message: impl Display) {
    let mut text = String::new();
    for line in scrub(&message.to_string()).lines() {
        text.push_str("streamer-tui: ");
        text.push_str(line);
        text.push('\n');
    }
    // There is nobody else to tell when this fails.
    io::stderr().write_all(text.as_bytes()).unwrap_or_default();
}

/// Prints a text. That nobody reads it is no failure.
#[must_use]
pub fn print(text: &[u8]) -> Exit {
    let mut stdout = io::stdout().lock();
    match stdout.write_all(text).and_then(|()| stdout.flush()) {
        Ok(()) => Exit::Done,
        Err(error) if error.kind() == ErrorKind::BrokenPipe => Exit::Done,
        Err(error) => {
            say(format_args!("stdout: {error}"));
            Exit::Failed
        }
    }
}
