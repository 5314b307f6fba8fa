//! What is seen of the sources while they run.

use std::io::{self, IsTerminal, Write};
use std::sync::atomic::{AtomicBool, AtomicI64, AtomicU64, Ordering};
use std::sync::{Arc, Mutex, PoisonError};

use crossbeam_channel::{Receiver, Sender, bounded};

use crate::domain::outcome::{ErrorInstance, ResultInstance, Severity, Status, StatusChange};
use crate::domain::source::SourceName;
use crate::domain::symbol::Symbol;
use crate::domain::time::UnixMs;
use crate::pipeline::sink::{Sink, SinkClosed};
use crate::sources::replay::END_OF_DATA;

/// Errors that are told one by one; the others are counted.
const TOLD_MAX: usize = 3;

/// What has been seen so far.
#[derive(Debug, Clone)]
pub(super) struct Watch(Arc<Seen>);

#[derive(Debug, Default)]
struct Seen {
    results: AtomicU64,
    /// The newest time of any result.
    time: AtomicI64,
    errors: AtomicU64,
    first_errors: Mutex<Vec<String>>,
}

impl Watch {
    /// A watch over so many sources; the receiver is told when all have ended.
    pub fn new(sources: usize) -> (Self, Box<dyn Sink>, Receiver<()>) {
        let watch = Self(Arc::default());
        let (sender, ended) = bounded(1);
        let sink = WatchSink {
            seen: Arc::clone(&watch.0),
            running: sources,
            sender,
        };
        (watch, Box::new(sink), ended)
    }

    /// What there is to say of errors.
    pub fn told(&self) -> Vec<String> {
        let count = self.0.errors.load(Ordering::Relaxed);
        let mut told = self
            .0
            .first_errors
            .lock()
            .unwrap_or_else(PoisonError::into_inner)
            .clone();
        let more = count.saturating_sub(told.len() as u64);
        if more > 0 {
            told.push(format!(
                "and {more} more errors; SELECT * FROM errors shows what is known of them"
            ));
        }
        told
    }
}

struct WatchSink {
    seen: Arc<Seen>,
    running: usize,
    sender: Sender<()>,
}

impl Sink for WatchSink {
    fn result(
        &mut self,
        result: &ResultInstance,
        _: &Symbol,
        _: &SourceName,
    ) -> Result<(), SinkClosed> {
        self.seen.results.fetch_add(1, Ordering::Relaxed);
        if let Some(time) = result.time {
            self.seen.time.fetch_max(time.0, Ordering::Relaxed);
        }
        Ok(())
    }

    fn error(&mut self, error: &ErrorInstance) -> Result<(), SinkClosed> {
        if error.severity == Severity::Info || error.message == END_OF_DATA {
            return Ok(());
        }
        let before = self.seen.errors.fetch_add(1, Ordering::Relaxed);
        if before < TOLD_MAX as u64 {
            let source = error.source.as_ref().map(|source| format!("{source}: "));
            let symbol = error.symbol.as_ref().map(|symbol| format!("{symbol}: "));
            let place = error.location.as_ref().map(|place| format!(" ({place})"));
            let told = format!(
                "{}{}{}: {}{}",
                source.unwrap_or_default(),
                symbol.unwrap_or_default(),
                error.kind,
                error.message,
                place.unwrap_or_default()
            );
            let first = self.seen.first_errors.lock();
            first.unwrap_or_else(PoisonError::into_inner).push(told);
        }
        Ok(())
    }

    fn status(&mut self, status: &StatusChange) -> Result<(), SinkClosed> {
        if status.status == Status::Ended && status.symbol.is_none() {
            self.running = self.running.saturating_sub(1);
            if self.running == 0 {
                // It is said once; nobody waits any more when there is no room.
                self.sender.try_send(()).unwrap_or_default();
            }
        }
        Ok(())
    }

    fn flush(&mut self) -> Result<(), SinkClosed> {
        Ok(())
    }
}

/// A line on stderr that says how far the sources are, where stderr is a terminal.
#[derive(Debug, Clone)]
pub(super) struct Progress {
    seen: Arc<Seen>,
    is_shown: Arc<AtomicBool>,
}

impl Progress {
    pub fn new(watch: &Watch) -> Self {
        Self {
            seen: Arc::clone(&watch.0),
            is_shown: Arc::default(),
        }
    }

    pub fn show(&self) {
        if !io::stderr().is_terminal() {
            return;
        }
        let results = self.seen.results.load(Ordering::Relaxed);
        let time = UnixMs(self.seen.time.load(Ordering::Relaxed));
        let time = time.new_york().filter(|_| time.0 > 0);
        let time = time.map(|time| format!(", now at {} New York", time.format("%F %H:%M")));
        let time = time.unwrap_or_default();
        let line = format!("\r\u{1b}[Kstreamer-tui: {results} results{time}");
        self.is_shown.store(true, Ordering::Relaxed);
        write(&line);
    }

    /// Takes the line away.
    pub fn clear(&self) {
        if self.is_shown.swap(false, Ordering::Relaxed) {
            write("\r\u{1b}[K");
        }
    }
}

fn write(line: &str) {
    let mut stderr = io::stderr().lock();
    // There is nobody else to tell when this fails.
    let written = stderr.write_all(line.as_bytes());
    written.and_then(|()| stderr.flush()).unwrap_or_default();
}
