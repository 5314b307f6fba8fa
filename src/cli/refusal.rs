//! What the command line comes to when there is nothing to do.

use std::fmt;

use clap::error::ErrorKind;

use crate::telemetry::scrub;

/// What the command line comes to when there is nothing to do: a help text, or a mistake.
#[derive(Debug)]
pub struct Refusal {
    pub(super) error: clap::Error,
    /// Whether an argument holds what could steer a terminal, so that the message may not be shown as it is.
    pub(super) is_unsafe: bool,
}

impl Refusal {
    /// Shows it, where it belongs: help on stdout, mistakes on stderr.
    ///
    /// # Errors
    /// When nobody listens.
    pub fn print(&self) -> std::io::Result<()> {
        if self.is_unsafe {
            use std::io::Write;
            return write!(std::io::stderr(), "{self}");
        }
        self.error.print()
    }

    /// The exit code: 0 for help that was asked for, else 2.
    #[must_use]
    pub fn exit_code(&self) -> u8 {
        match self.error.kind() {
            ErrorKind::DisplayHelp | ErrorKind::DisplayVersion => 0,
            _ => 2,
        }
    }
}

impl fmt::Display for Refusal {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&scrub(&self.error.render().to_string()))
    }
}
