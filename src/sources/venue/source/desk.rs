//! What goes from the connections to the engine, in order, and what is told to people.

use std::collections::VecDeque;
use std::sync::Arc;
use std::time::Duration;

use rustc_hash::FxHashMap;
use tokio::time::Instant;

use crate::decode::Rejection;
use crate::domain::clock::{Clock, Nanos};
use crate::domain::outcome::{ErrorInstance, ErrorKind, Status, StatusChange};
use crate::domain::source::SourceName;
use crate::domain::symbol::{Symbol, SymbolId};
use crate::domain::time::UnixMs;
use crate::pipeline::feed::{EngineGone, Feed};
use crate::pipeline::meters::SourceMeters;
use crate::pipeline::source::Message;
use crate::sources::venue::recorded::Tap;
use crate::sources::venue::secrets::Secrets;
use crate::sources::venue::{Ending, Notice, Output};

use super::seen::Seen;

/// How much of a message an error shows.
const SAMPLE_BYTES_MAX: usize = 200;

/// One moment on all clocks.
#[derive(Debug, Clone, Copy)]
pub(super) struct Moment {
    pub(super) mono: Nanos,
    pub(super) wall: UnixMs,
    pub(super) timer: Instant,
}

/// What the connections share on their way to the engine.
pub(super) struct Desk {
    pub(super) name: SourceName,
    pub(super) clock: Arc<dyn Clock>,
    pub(super) meters: Arc<SourceMeters>,
    pub(super) tap: Tap,
    pub(super) secrets: Secrets,
    pub(super) seen: Seen,
    /// What sessions add to. Events stay here until something else has to follow them.
    pub(super) output: Output,
    /// Each symbol's name and connection.
    pub(super) symbols: FxHashMap<SymbolId, (Symbol, usize)>,
    outbox: VecDeque<(Nanos, Message)>,
}

impl Desk {
    pub(super) fn new(feed: &Feed, tap: Tap, secrets: Secrets, seen: Seen) -> Self {
        Self {
            name: feed.info().name.clone(),
            clock: Arc::clone(feed.clock()),
            meters: Arc::clone(feed.meters()),
            tap,
            secrets,
            seen,
            output: Output::default(),
            symbols: FxHashMap::default(),
            outbox: VecDeque::new(),
        }
    }

    /// Now.
    pub(super) fn moment(&self) -> Moment {
        Moment {
            mono: self.clock.monotonic(),
            wall: self.clock.wall(),
            timer: Instant::now(),
        }
    }

    /// Sees to it that what a session has found to be secret is shown and recorded no more.
    pub(super) fn keep_secrets(&mut self) {
        for secret in self.output.secrets.drain(..) {
            self.secrets.add(&secret);
            self.tap.hide(&secret);
        }
    }

    /// Puts the events that have been made so far on their way.
    pub(super) fn post_events(&mut self, received: Nanos) {
        if self.output.ignored > 0 {
            self.meters
                .ignored
                .add(std::mem::take(&mut self.output.ignored));
        }
        if !self.output.events.is_empty() {
            let room = self.output.events.len();
            let events = std::mem::replace(&mut self.output.events, Vec::with_capacity(room));
            self.outbox.push_back((received, Message::Data(events)));
        }
    }

    fn post(&mut self, received: Nanos, message: Message) {
        self.post_events(received);
        self.outbox.push_back((received, message));
    }

    /// Hands everything to the engine.
    pub(super) async fn hand_over(&mut self, feed: &mut Feed) -> Result<(), EngineGone> {
        while !self.outbox.is_empty() {
            feed.ready().await?;
            if let Some((received, message)) = self.outbox.pop_front() {
                feed.send(received, message)?;
            }
        }
        Ok(())
    }

    /// Reports an error.
    pub(super) fn error(&mut self, mut error: ErrorInstance, moment: Moment) {
        error.message = self.secrets.hide(error.message);
        error.source.get_or_insert_with(|| self.name.clone());
        error.time.get_or_insert(moment.wall);
        self.post(moment.mono, Message::Rejected(Box::new(error)));
    }

    /// Tells a change of status.
    pub(super) fn status(&mut self, mut status: StatusChange, moment: Moment) {
        status.message = status.message.map(|message| self.secrets.hide(message));
        status.time.get_or_insert(moment.wall);
        self.post(moment.mono, Message::Status(Box::new(status)));
    }

    /// The same of the whole source.
    pub(super) fn tell(&mut self, status: Status, message: &str, moment: Moment) {
        let change = StatusChange::of_source(status, &self.name).with_message(message);
        self.status(change, moment);
    }

    /// A connection's end as an error.
    pub(super) fn error_of(&self, ending: &Ending, message: String) -> ErrorInstance {
        let mut error = ErrorInstance::new(ending.kind, self.secrets.hide(message));
        error.source = Some(self.name.clone());
        error
    }

    fn symbol(&self, id: SymbolId) -> Option<Symbol> {
        self.symbols.get(&id).map(|(symbol, _)| symbol.clone())
    }

    /// Tells what a session wants people to know; `sample` is the message that led to it.
    pub(super) fn notice(&mut self, notice: Notice, sample: Option<&[u8]>, moment: Moment) {
        match notice {
            Notice::Ready => {}
            Notice::Subscribed(id) => {
                if let Some(symbol) = self.symbol(id) {
                    let change = StatusChange::of_source(Status::Subscribed, &self.name);
                    self.status(change.with_symbol(&symbol), moment);
                }
            }
            Notice::Refused { symbol, reason } => {
                let mut error = ErrorInstance::new(ErrorKind::ConfigError, reason);
                error.symbol = self.symbol(symbol);
                error.is_refusal = true;
                self.seen.refuse(symbol);
                self.error(error, moment);
            }
            Notice::Gap {
                symbol,
                kind,
                reason,
            } => {
                let name = self.symbol(symbol);
                let mut error = ErrorInstance::new(kind, reason.clone()).as_warning();
                error.symbol.clone_from(&name);
                self.error(error, moment);
                let mut change = StatusChange::of_source(Status::Gap, &self.name);
                change.symbol = name;
                self.status(change.with_message(reason), moment);
            }
            Notice::Rejected(rejection) => self.reject(rejection, sample, moment),
            Notice::Error(mut error) => {
                // What a message should look like is best told beside one.
                if error.kind == ErrorKind::SchemaError {
                    error.sample = sample.map(|bytes| self.secrets.sample(bytes, SAMPLE_BYTES_MAX));
                }
                self.error(error, moment);
            }
        }
    }

    fn reject(&mut self, rejection: Rejection, sample: Option<&[u8]>, moment: Moment) {
        self.meters.rejected.add(1);
        let mut error = ErrorInstance::new(rejection.kind, rejection.reason);
        error.symbol = rejection.symbol;
        error.sample = sample.map(|bytes| self.secrets.sample(bytes, SAMPLE_BYTES_MAX));
        self.error(error, moment);
    }

    /// Reports the symbols of a connection that have gone quiet since they were asked for.
    pub(super) fn look_for_stale(
        &mut self,
        symbols: &[(Symbol, SymbolId)],
        since: Nanos,
        moment: Moment,
    ) {
        if !self.seen.is_trading(moment.wall) {
            return;
        }
        for (symbol, id) in symbols {
            if self.seen.is_news(*id, since, moment.mono) {
                let quiet = in_words(self.seen.stale_after());
                let message = format!("{symbol}: nothing for {quiet}");
                let mut error = ErrorInstance::new(ErrorKind::Stale, message).as_warning();
                error.symbol = Some(symbol.clone());
                self.error(error, moment);
            }
        }
    }
}

/// A duration as people say it.
pub(super) fn in_words(duration: Duration) -> String {
    let seconds = duration.as_secs_f64();
    match duration.as_secs() {
        0..10 => format!("{} s", (seconds * 10.0).round() / 10.0),
        10..120 => format!("{seconds:.0} s"),
        120..7200 => format!("{:.0} min", seconds / 60.0),
        _ => format!("{:.0} h", seconds / 3600.0),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn durations_are_said_as_people_say_them() {
        for (ms, expected) in [
            (40, "0 s"),
            (400, "0.4 s"),
            (4000, "4 s"),
            (59_900, "60 s"),
            (600_000, "10 min"),
            (10_800_000, "3 h"),
        ] {
            assert_eq!(in_words(Duration::from_millis(ms)), expected);
        }
    }
}
