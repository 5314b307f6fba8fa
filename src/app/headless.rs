//! A run without a screen: results on stdout, commands from stdin.

mod commands;

use std::fs::File;
use std::io::{self, Write};
use std::os::fd::AsFd;
use std::sync::{Arc, Mutex, MutexGuard, OnceLock, PoisonError};

use crate::domain::column::ColumnValues;
use crate::domain::outcome::{ErrorInstance, ResultInstance, Severity, StatusChange};
use crate::domain::source::SourceName;
use crate::domain::symbol::Symbol;
use crate::domain::time::UnixMs;
use crate::pipeline::engine::EngineHandle;
use crate::pipeline::sink::{Sink, SinkClosed};
use crate::sinks::json_lines::JsonLines;

use super::exit::{self, Exit};
use super::shutdown::{Requester, Shutdown};

/// What has to be known of a run when it is over.
#[derive(Debug, Clone, Default)]
pub struct RunOutcome(Arc<Shared>);

#[derive(Debug, Default)]
struct Shared {
    found: Mutex<Found>,
    requester: OnceLock<Requester>,
}

#[derive(Debug, Default)]
struct Found {
    /// The last error that was no mere warning.
    last_error: Option<String>,
    /// Why results could not be written.
    output_failure: Option<String>,
}

impl RunOutcome {
    /// Lets a run end by `requester` when its results cannot be written.
    pub fn stop_with(&self, requester: Requester) {
        let requester = self.0.requester.get_or_init(|| requester);
        // The first results may have failed before there was anybody to ask.
        if self.found().output_failure.is_some() {
            requester.request();
        }
    }

    fn found(&self) -> MutexGuard<'_, Found> {
        self.0.found.lock().unwrap_or_else(PoisonError::into_inner)
    }

    fn note_error(&self, error: &ErrorInstance) {
        if error.severity == Severity::Error {
            let source = error.source.as_ref().map(|source| format!("{source}: "));
            let message = format!(
                "{}{}: {}",
                source.unwrap_or_default(),
                error.kind,
                error.message
            );
            self.found().last_error = Some(message);
        }
    }

    fn note_closed(&self, closed: &SinkClosed) {
        if let SinkClosed::Failed(message) = closed {
            self.found().output_failure = Some(message.clone());
            // Nobody can be told anything any more: there is no point in going on.
            if let Some(requester) = self.0.requester.get() {
                requester.request();
            }
        }
    }
}

/// JSON lines on stdout, with a note of what the exit code depends on.
#[derive(Debug)]
pub struct HeadlessSink<W> {
    lines: JsonLines<W>,
    outcome: RunOutcome,
}

impl HeadlessSink<File> {
    /// A sink that writes to stdout, past the lock and the line buffer of the standard library.
    ///
    /// # Errors
    /// When there are no file descriptors left.
    pub fn on_stdout(outcome: &RunOutcome) -> io::Result<Box<dyn Sink>> {
        let stdout = File::from(io::stdout().as_fd().try_clone_to_owned()?);
        Ok(Box::new(Self {
            lines: JsonLines::new(stdout),
            outcome: outcome.clone(),
        }))
    }
}

impl<W: Write + Send> HeadlessSink<W> {
    fn watch(&self, written: Result<(), SinkClosed>) -> Result<(), SinkClosed> {
        if let Err(closed) = &written {
            self.outcome.note_closed(closed);
        }
        written
    }
}

impl<W: Write + Send> Sink for HeadlessSink<W> {
    fn result(
        &mut self,
        result: &ResultInstance,
        symbol: &Symbol,
        source: &SourceName,
    ) -> Result<(), SinkClosed> {
        let written = self.lines.result(result, symbol, source);
        self.watch(written)
    }

    fn columns(
        &mut self,
        time: UnixMs,
        values: &ColumnValues,
        symbol: &Symbol,
        source: &SourceName,
    ) -> Result<(), SinkClosed> {
        let written = self.lines.columns(time, values, symbol, source);
        self.watch(written)
    }

    fn error(&mut self, error: &ErrorInstance) -> Result<(), SinkClosed> {
        self.outcome.note_error(error);
        let written = self.lines.error(error);
        self.watch(written)
    }

    fn status(&mut self, status: &StatusChange) -> Result<(), SinkClosed> {
        let written = self.lines.status(status);
        self.watch(written)
    }

    fn flush(&mut self) -> Result<(), SinkClosed> {
        let written = self.lines.flush();
        self.watch(written)
    }
}

/// Runs until the engine has finished, and says how it went.
pub fn run(engine: EngineHandle, shutdown: &Shutdown, outcome: &RunOutcome) -> Exit {
    commands::read_stdin(engine.commands.clone(), shutdown.requester());
    let report = engine.join();
    let mut found = outcome.found();
    if let Some(failure) = found.output_failure.take() {
        exit::say(failure);
        return Exit::Failed;
    }
    if report.all_hopeless {
        let reason = found.last_error.take();
        exit::say(format_args!(
            "every source stopped for good{}",
            reason.map_or_else(String::new, |reason| format!("; {reason}"))
        ));
        return Exit::Failed;
    }
    Exit::Done
}

#[cfg(test)]
#[allow(clippy::unwrap_used, reason = "a test may stop at the first surprise")]
mod tests {
    use super::*;
    use crate::domain::outcome::ErrorKind;
    use crate::pipeline::Command;
    use std::time::Duration;

    struct Broken(io::ErrorKind);

    impl Write for Broken {
        fn write(&mut self, _bytes: &[u8]) -> io::Result<usize> {
            Err(self.0.into())
        }
        fn flush(&mut self) -> io::Result<()> {
            Ok(())
        }
    }

    fn sink(kind: io::ErrorKind, outcome: &RunOutcome) -> HeadlessSink<Broken> {
        HeadlessSink {
            lines: JsonLines::new(Broken(kind)),
            outcome: outcome.clone(),
        }
    }

    #[test]
    fn a_full_disk_ends_the_run_and_is_told_but_a_gone_reader_is_quiet() {
        let (commands, received) = crossbeam_channel::bounded(4);
        let shutdown = Shutdown::start(Shutdown::listen().unwrap(), commands, || {}).unwrap();
        let outcome = RunOutcome::default();
        outcome.stop_with(shutdown.requester());
        let error = ErrorInstance::new(ErrorKind::DecodeError, "bad")
            .from_source(&SourceName::new("replay"));

        let mut gone = sink(io::ErrorKind::BrokenPipe, &outcome);
        gone.error(&error).unwrap();
        assert_eq!(gone.flush(), Err(SinkClosed::ReaderGone));
        assert_eq!(outcome.found().output_failure, None);

        let mut full = sink(io::ErrorKind::StorageFull, &outcome);
        full.error(&error.clone().as_warning()).unwrap();
        full.flush().unwrap_err();
        assert!(outcome.found().output_failure.is_some());
        assert_eq!(
            received.recv_timeout(Duration::from_secs(10)),
            Ok(Command::Quit)
        );
        assert_eq!(
            outcome.found().last_error.as_deref(),
            Some("replay: DecodeError: bad")
        );
        shutdown.finish();
    }
}
