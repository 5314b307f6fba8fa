//! A protocol with what is the same for all of them: the one thing that a live driver and a recording both talk to, so
//! that both make the same of the same input.

use crate::domain::event::{DataService, Event, Payload};
use crate::domain::source::BarOrigin;
use crate::domain::symbol::{Symbol, SymbolId};
use crate::domain::time::{MINUTE_MS, UnixMs};

use super::backfill::Backfill;
use super::options::Setup;
use super::{Answer, Incoming, Output, Protocol};

/// How long after the end of a minute its trades may still come.
const LATE_TRADES_MS: i64 = 1000;

/// Ticks come about every second; what is much longer was a pause, in milliseconds.
const TICK_MS: i64 = 1000;

/// What a session is told. A recording holds just this, with the time of each.
#[derive(Debug, Clone, Copy)]
pub enum Input<'a> {
    /// The connection is open.
    Opened,
    /// A message has come.
    Message(Incoming<'a>),
    /// A request has been answered.
    Answered(Answer<'a>),
    /// Symbols are wanted.
    Subscribe(&'a [(Symbol, SymbolId)]),
    /// Symbols are wanted no more.
    Unsubscribe(&'a [(Symbol, SymbolId)]),
    /// A symbol's book is to begin anew.
    Resync(&'a (Symbol, SymbolId)),
    /// About a second has passed.
    Tick,
    /// The connection has gone.
    Closed,
}

/// A protocol at work.
pub struct Session {
    protocol: Box<dyn Protocol>,
    symbols: Vec<SymbolId>,
    has_books: bool,
    builds_bars: bool,
    backfill: Option<Backfill>,
    /// The last minute that was said to be over.
    minute: i64,
    /// When it was last told that time passes, or that the connection is open.
    ticked: Option<UnixMs>,
}

impl Session {
    /// A session of a protocol that was made from this.
    #[must_use]
    pub fn new(protocol: Box<dyn Protocol>, setup: &Setup) -> Self {
        Self {
            protocol,
            symbols: Vec::new(),
            has_books: setup.has(DataService::Level2),
            builds_bars: matches!(setup.products.bars, BarOrigin::Trades(_)),
            backfill: Backfill::new(setup),
            minute: 0,
            ticked: None,
        }
    }

    /// The protocol, for what only a driver needs.
    pub fn protocol(&mut self) -> &mut dyn Protocol {
        self.protocol.as_mut()
    }

    /// The symbols that are wanted, in the order in which they came to be.
    #[must_use]
    pub fn symbols(&self) -> &[SymbolId] {
        &self.symbols
    }

    /// Takes an input that came at `now` by the system clock. What is to be done about it is added to `output`.
    pub fn take(&mut self, input: Input<'_>, now: UnixMs, output: &mut Output) {
        if self.backfill.is_none() {
            return self.take_live(input, now, output);
        }
        let before = (output.events.len(), output.notices.len());
        if !self.is_of_the_past(input, now, output) {
            self.take_live(input, now, output);
        }
        if let Some(backfill) = &mut self.backfill {
            backfill.look(before, self.protocol.as_ref(), now, output);
        }
    }

    /// What an input means for the bars from before. Whether that is all it means.
    fn is_of_the_past(&mut self, input: Input<'_>, now: UnixMs, output: &mut Output) -> bool {
        let Some(backfill) = &mut self.backfill else {
            return false;
        };
        match input {
            Input::Opened => backfill.opened(),
            Input::Subscribe(symbols) => backfill.add(symbols),
            Input::Unsubscribe(symbols) => backfill.remove(symbols),
            Input::Tick => backfill.tick(self.protocol.as_ref(), now, output),
            Input::Answered(answer) => {
                return backfill.answered(&answer, self.protocol.as_ref(), now, output);
            }
            Input::Message(_) | Input::Resync(_) | Input::Closed => {}
        }
        false
    }

    fn take_live(&mut self, input: Input<'_>, now: UnixMs, output: &mut Output) {
        match input {
            Input::Opened => {
                self.ticked = Some(now);
                self.protocol.opened(now, output);
            }
            Input::Message(message) => self.protocol.message(message, now, output),
            Input::Answered(answer) => self.protocol.answer(&answer, now, output),
            Input::Subscribe(symbols) => {
                self.symbols.extend(symbols.iter().map(|(_, id)| *id));
                self.protocol.subscribe(symbols, output);
            }
            Input::Unsubscribe(symbols) => {
                self.symbols
                    .retain(|known| !symbols.iter().any(|(_, id)| id == known));
                self.protocol.unsubscribe(symbols, output);
            }
            Input::Resync((_, symbol)) => self.protocol.resync(*symbol, output),
            Input::Tick => {
                self.tell_pause(now);
                self.protocol.tick(now, output);
                self.tell_minutes(now, output);
            }
            Input::Closed => self.lose_books(output),
        }
    }

    /// Ticks have come all the while until now.
    #[cfg(test)]
    pub(crate) fn has_ticked(&mut self, now: UnixMs) {
        self.ticked = Some(now);
    }

    /// Tells the protocol of a time without ticks, by what a recording holds too.
    fn tell_pause(&mut self, now: UnixMs) {
        let last = self.ticked.replace(now).unwrap_or(now);
        let ms = now.0.saturating_sub(last.0);
        if ms >= 2 * TICK_MS {
            self.protocol.paused(ms - TICK_MS);
        }
    }

    /// A minute without a trade after it would otherwise never close.
    fn tell_minutes(&mut self, now: UnixMs, output: &mut Output) {
        let minute = (now.0 - LATE_TRADES_MS).div_euclid(MINUTE_MS);
        if self.builds_bars && minute > self.minute {
            let is_first = std::mem::replace(&mut self.minute, minute) == 0;
            if !is_first {
                let time = UnixMs(minute * MINUTE_MS);
                self.tell_all(time, &Payload::Clock, output);
            }
        }
    }

    fn lose_books(&self, output: &mut Output) {
        if self.has_books {
            for symbol in &self.symbols {
                output.events.push(Event {
                    symbol: *symbol,
                    time: None,
                    payload: Payload::BookLost,
                });
            }
        }
    }

    fn tell_all(&self, time: UnixMs, payload: &Payload, output: &mut Output) {
        for symbol in &self.symbols {
            output.events.push(Event {
                symbol: *symbol,
                time: Some(time),
                payload: payload.clone(),
            });
        }
    }
}
