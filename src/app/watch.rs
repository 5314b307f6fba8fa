//! What a person sees of the sources on stderr while a command runs them to their end: the first errors at once, the
//! number of the others at the end, and a line that says how far it is.

use std::fmt::Display;
use std::io::{self, IsTerminal, Write};
use std::sync::atomic::{AtomicI64, AtomicU64, Ordering};
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};

use chrono_tz::Tz;
use crossbeam_channel::{Receiver, Sender, bounded};

use crate::domain::outcome::{ErrorInstance, ResultInstance, Severity, Status, StatusChange};
use crate::domain::source::SourceName;
use crate::domain::symbol::Symbol;
use crate::domain::time::UnixMs;
use crate::pipeline::Snapshot;
use crate::pipeline::sink::{Sink, SinkClosed};
use crate::sources::replay::END_OF_DATA;

use super::exit;

/// Errors that are told one by one; the others are counted.
const TOLD_MAX: u64 = 5;

/// The parts of a bar that shows how far it is.
const BAR_PARTS: usize = 20;

/// Takes the line away that the cursor is in.
const CLEAR_LINE: &str = "\r\u{1b}[K";

/// What has been seen so far. Copies share it.
#[derive(Debug, Clone)]
pub(super) struct Watch(Arc<Seen>);

#[derive(Debug)]
struct Seen {
    /// The zone of the times that are shown.
    zone: Tz,
    results: AtomicU64,
    /// The newest time of any result.
    time: AtomicI64,
    errors: AtomicU64,
    is_terminal: bool,
    /// Whether there is a line of progress on the terminal. Whoever writes holds it.
    has_line: Mutex<bool>,
}

impl Watch {
    /// A watch over so many sources, the sink by which it sees them, and a receiver that is told when all have ended.
    pub fn new(sources: usize, zone: Tz) -> (Self, Box<dyn Sink>, Receiver<()>) {
        let watch = Self(Arc::new(Seen {
            zone,
            results: AtomicU64::new(0),
            time: AtomicI64::new(i64::MIN),
            errors: AtomicU64::new(0),
            is_terminal: io::stderr().is_terminal(),
            has_line: Mutex::new(false),
        }));
        let (sender, ended) = bounded(1);
        let sink = WatchSink {
            watch: watch.clone(),
            running: sources,
            sender,
        };
        (watch, Box::new(sink), ended)
    }

    /// Whether it can be shown how far it is: stderr is a terminal.
    pub fn is_shown(&self) -> bool {
        self.0.is_terminal
    }

    /// Shows how far it is. A snapshot knows what part of their data the sources have given.
    pub fn show(&self, snapshot: Option<&Snapshot>) {
        if !self.is_shown() {
            return;
        }
        let mut has_line = self.line();
        write(&format!("{CLEAR_LINE}{}", self.progress(snapshot)));
        *has_line = true;
    }

    fn progress(&self, snapshot: Option<&Snapshot>) -> String {
        let seen = &self.0;
        let results = seen.results.load(Ordering::Relaxed);
        let results = match results {
            1 => "1 result".to_owned(),
            _ => format!("{results} results"),
        };
        let time = UnixMs(seen.time.load(Ordering::Relaxed)).in_zone(seen.zone);
        let time = time.map(|time| format!(", at {}", time.format("%F %H:%M %Z")));
        let bar = snapshot.and_then(part_of).map(|part| {
            let full = (part * BAR_PARTS as f64).round() as usize;
            let bar = "█".repeat(full) + &"░".repeat(BAR_PARTS.saturating_sub(full));
            format!("{bar} {:3.0} %  ", part * 100.0)
        });
        [bar.unwrap_or_default(), results, time.unwrap_or_default()].concat()
    }

    /// Takes the line of progress away.
    pub fn clear(&self) {
        take_away(&mut self.line());
    }

    /// Says something on stderr, in a line of its own.
    fn say(&self, message: impl Display) {
        let mut has_line = self.line();
        take_away(&mut has_line);
        exit::say(message);
    }

    /// It is over: takes the line of progress away, and says how many more errors there were, and where they are.
    pub fn finish(&self, where_they_are: &str) {
        self.clear();
        let errors = self.0.errors.load(Ordering::Relaxed);
        match errors.saturating_sub(TOLD_MAX) {
            0 => {}
            1 => self.say(format_args!("and 1 more error; {where_they_are}")),
            more => self.say(format_args!("and {more} more errors; {where_they_are}")),
        }
    }

    fn line(&self) -> MutexGuard<'_, bool> {
        let line = self.0.has_line.lock();
        line.unwrap_or_else(PoisonError::into_inner)
    }
}

/// What part of their data the sources have given, 0 to 1, where they know it.
fn part_of(snapshot: &Snapshot) -> Option<f64> {
    let of = snapshot.sources.iter();
    let parts: Vec<f64> = of
        .filter_map(|source| source.transport.as_ref())
        .map(|transport| transport.progress)
        .collect();
    let part = parts.iter().sum::<f64>() / parts.len() as f64;
    (!parts.is_empty()).then(|| part.clamp(0.0, 1.0))
}

fn take_away(has_line: &mut bool) {
    if std::mem::take(has_line) {
        write(CLEAR_LINE);
    }
}

fn write(text: &str) {
    let mut stderr = io::stderr().lock();
    // There is nobody else to tell when this fails.
    let written = stderr.write_all(text.as_bytes());
    written.and_then(|()| stderr.flush()).unwrap_or_default();
}

struct WatchSink {
    watch: Watch,
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
        let seen = &self.watch.0;
        seen.results.fetch_add(1, Ordering::Relaxed);
        if let Some(time) = result.time {
            seen.time.fetch_max(time.0, Ordering::Relaxed);
        }
        Ok(())
    }

    fn error(&mut self, error: &ErrorInstance) -> Result<(), SinkClosed> {
        if error.severity == Severity::Info || error.message == END_OF_DATA {
            return Ok(());
        }
        let before = self.watch.0.errors.fetch_add(1, Ordering::Relaxed);
        if before < TOLD_MAX {
            self.watch.say(told(error));
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

/// An error in one line.
fn told(error: &ErrorInstance) -> String {
    let source = error.source.as_ref().map(|source| format!("{source}: "));
    let symbol = error.symbol.as_ref().map(|symbol| format!("{symbol}: "));
    let place = error.location.as_ref().map(|place| format!(" ({place})"));
    format!(
        "{}{}{}: {}{}",
        source.unwrap_or_default(),
        symbol.unwrap_or_default(),
        error.kind,
        error.message,
        place.unwrap_or_default()
    )
}

#[cfg(test)]
#[allow(clippy::unwrap_used, reason = "a test may stop at the first surprise")]
mod tests {
    use std::time::Duration;

    use crate::domain::bar::Ohlcv;
    use crate::domain::outcome::{ErrorKind, LastPrice, ResultBody};
    use crate::domain::symbol::SymbolId;
    use crate::domain::time::Timeframe;

    use super::*;

    #[test]
    fn progress_says_how_much_has_come_and_of_when() {
        let (watch, mut sink, _) = Watch::new(1, chrono_tz::America::New_York);
        assert_eq!(watch.progress(None), "0 results");
        let (symbol, source) = (Symbol::new("A").unwrap(), SourceName::new("replay"));
        for time in [Some(1_550_077_260_000), Some(1_550_077_200_000), None] {
            let result = ResultInstance {
                symbol: SymbolId(0),
                time: time.map(UnixMs),
                body: ResultBody::Ohlcv {
                    bar: Ohlcv::default(),
                    timeframe: Timeframe::M1,
                    partial: false,
                    indicators: None,
                },
                last: LastPrice::Unchanged,
            };
            sink.result(&result, &symbol, &source).unwrap();
        }
        let found = watch.progress(Some(&Snapshot::default()));
        assert_eq!(found, "3 results, at 2019-02-13 12:01 EST");
    }

    #[test]
    fn the_end_of_the_last_source_is_told_once_and_infos_are_no_errors() {
        let (watch, mut sink, ended) = Watch::new(2, Tz::UTC);
        let end = |name: &str| StatusChange::of_source(Status::Ended, &SourceName::new(name));
        sink.status(&end("a")).unwrap();
        let symbol = Symbol::new("X").unwrap();
        sink.status(&end("a").with_symbol(&symbol)).unwrap();
        assert!(ended.try_recv().is_err());
        sink.status(&end("b")).unwrap();
        ended.recv_timeout(Duration::from_secs(1)).unwrap();

        let mut error = ErrorInstance::new(ErrorKind::DecodeError, "no JSON");
        error.location = Some("bad.jsonl:4".to_owned());
        error.symbol = Some(symbol);
        let error = error.from_source(&SourceName::new("replay"));
        assert_eq!(
            told(&error),
            "replay: X: DecodeError: no JSON (bad.jsonl:4)"
        );
        let info = ErrorInstance {
            severity: Severity::Info,
            ..error.clone()
        };
        sink.error(&info).unwrap();
        sink.error(&ErrorInstance::new(ErrorKind::ConnectionError, END_OF_DATA))
            .unwrap();
        assert_eq!(watch.0.errors.load(Ordering::Relaxed), 0);
        sink.error(&error).unwrap();
        assert_eq!(watch.0.errors.load(Ordering::Relaxed), 1);
    }
}
