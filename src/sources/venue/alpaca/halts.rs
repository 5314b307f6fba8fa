//! Halts from before a connection. The venue tells changes alone, so they may have been lifted in between; what shows it is
//! a trade that counts for the last price. Quotes do not: there are some during a halt.

use serde::{Deserialize, Serialize};

use super::Alpaca;
use crate::domain::Decimal;
use crate::domain::event::{Event, Payload};
use crate::domain::quote::{SymbolFacts, Trading};
use crate::domain::time::UnixMs;
use crate::sources::venue::Output;
use crate::sources::venue::kept::Digits;

/// What is said of a halt that may be over.
const DOUBTED: &str = "told before the connection was lost: it may be over";

/// A halt that has been told.
#[derive(Debug, Clone, Copy, Serialize, Deserialize)]
pub(super) struct Halt {
    since: UnixMs,
    #[serde(default = "halted")]
    trading: Trading,
    /// It was told on an earlier connection, and may have been lifted in between.
    pub(super) is_doubted: bool,
    /// That has been said.
    #[serde(default)]
    is_said: bool,
}

/// What older recordings mean.
fn halted() -> Trading {
    Trading::Halted
}

impl Halt {
    /// What a status says; `None` when that is no halt.
    pub(super) fn of(trading: Trading, since: UnixMs) -> Option<Self> {
        (trading != Trading::Open).then_some(Self {
            since,
            trading,
            is_doubted: false,
            is_said: false,
        })
    }

    /// The same on the next connection.
    pub(super) fn doubted(self) -> Self {
        Self {
            is_doubted: true,
            is_said: false,
            ..self
        }
    }
}

impl Alpaca {
    /// A symbol that was halted when the last connection was lost is traded: its halt has been lifted in between.
    pub(super) fn lift_halt(&mut self, symbol: &str, time: Option<UnixMs>, output: &mut Output) {
        let Some(entry) = self.wanted.get_mut(symbol) else {
            return;
        };
        let is_over =
            |halt: &mut Halt| halt.is_doubted && time.is_none_or(|time| time > halt.since);
        if entry.state.halt.take_if(is_over).is_some() {
            self.doubts = self.doubts.saturating_sub(1);
            let facts = SymbolFacts {
                trading: Some(Trading::Open),
                ..SymbolFacts::default()
            };
            output.events.push(Event {
                symbol: entry.id,
                time,
                payload: Payload::Facts(Box::new(facts)),
            });
        }
    }

    /// Says of a halt that it may be over.
    pub(super) fn doubt_halt(&mut self, symbol: &str, time: UnixMs, output: &mut Output) {
        let entry = self.wanted.get_mut(symbol);
        let Some((id, halt)) = entry.and_then(|entry| Some((entry.id, entry.state.halt.as_mut()?)))
        else {
            return;
        };
        if halt.is_doubted && !std::mem::replace(&mut halt.is_said, true) {
            let facts = SymbolFacts {
                trading: Some(halt.trading),
                reason: Some(DOUBTED.into()),
                ..SymbolFacts::default()
            };
            output.events.push(Event {
                symbol: id,
                time: Some(time),
                payload: Payload::Facts(Box::new(facts)),
            });
        }
    }

    /// The day's last price, which shows a trade when it is another than before on this connection.
    pub(super) fn note_day_close(&mut self, symbol: &str, close: Decimal, output: &mut Output) {
        let Some(entry) = self.wanted.get_mut(symbol) else {
            return;
        };
        let before = entry.state.day_close.replace(Digits(close));
        if self.doubts > 0 && before.is_some_and(|before| before.0 != close) {
            self.lift_halt(symbol, None, output);
        }
    }
}
