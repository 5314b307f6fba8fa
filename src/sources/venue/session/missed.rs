//! Which trades are missed: those from before a symbol is subscribed, and those of the time without a connection. Both ends
//! are told by the clock of trades, which are late, so that whoever builds bars knows the ones that lack some.

use std::collections::BTreeMap;

use serde::{Deserialize, Serialize};
use serde_json::Value;

use crate::decode::Rejection;
use crate::domain::event::{Event, Payload};
use crate::domain::symbol::SymbolId;
use crate::domain::time::UnixMs;
use crate::domain::trade::TradeAction;

use super::super::{Notice, Output, kept};

/// A trade that is older by so much, in milliseconds, than the first one that can be expected was sent along: a venue gives
/// the last ones before the new ones.
const SENT_ALONG_MS: i64 = 1000;

/// A symbol's trades that are missed, as long as the end of that is not told for good.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(default)]
struct Gap {
    /// Since when the venue gives trades again, by this machine's clock; `None` while it does not.
    since: Option<UnixMs>,
    /// The oldest trade that was sent along: with it the gap ends sooner.
    sent_along: Option<UnixMs>,
    /// The end as it has been told.
    told: Option<UnixMs>,
}

impl Gap {
    /// Where it ends, when trades are so late.
    fn end(&self, late_ms: i64) -> Option<UnixMs> {
        let end = self.since?.plus_ms(-late_ms);
        Some(self.sent_along.map_or(end, |first| first.min(end)))
    }
}

/// What is missed of all symbols.
#[derive(Debug)]
pub(super) struct Missed {
    /// Whether the venue says when it gives a symbol's trades. Else that is when it has been asked to.
    confirms: bool,
    /// In the order in which they are told, which is the same in a replay.
    gaps: BTreeMap<SymbolId, Gap>,
}

impl Missed {
    pub(super) fn new(confirms: bool) -> Self {
        Self {
            confirms,
            gaps: BTreeMap::new(),
        }
    }

    /// Symbols are wanted: what was traded before that is not known.
    pub(super) fn add(
        &mut self,
        symbols: impl Iterator<Item = SymbolId>,
        now: UnixMs,
        output: &mut Output,
    ) {
        let gap = Gap {
            since: (!self.confirms).then_some(now),
            ..Gap::default()
        };
        for symbol in symbols {
            self.gaps.insert(symbol, gap);
            tell_one(symbol, None, Payload::TradesMissed, output);
        }
    }

    /// Symbols are wanted no more.
    pub(super) fn remove(&mut self, symbols: impl Iterator<Item = SymbolId>) {
        for symbol in symbols {
            self.gaps.remove(&symbol);
        }
    }

    /// The connection has gone; what was traded up to `until` had come. What is being missed already stays so.
    pub(super) fn lose(
        &mut self,
        symbols: impl Iterator<Item = SymbolId>,
        until: Option<UnixMs>,
        output: &mut Output,
    ) {
        for symbol in symbols {
            let before = self.gaps.insert(symbol, Gap::default());
            if before.is_none_or(|gap| gap.told.is_some()) {
                tell_one(symbol, until, Payload::TradesMissed, output);
            }
        }
    }

    /// What the venue has told: it can be asked for symbols, or has confirmed one.
    pub(super) fn look(&mut self, notices: &[Notice], now: UnixMs) {
        for notice in notices {
            match notice {
                Notice::Ready if !self.confirms => {
                    for gap in self.gaps.values_mut().filter(|gap| gap.told.is_none()) {
                        gap.since = Some(now);
                    }
                }
                Notice::Subscribed(symbol) if self.confirms => {
                    if let Some(gap) = self.gaps.get_mut(symbol) {
                        gap.since.get_or_insert(now);
                    }
                }
                _ => {}
            }
        }
    }

    /// Events have come, from `first` on. The first trade of a symbol tells, before it is taken, where the gap ends; how late
    /// trades are is known by now.
    pub(super) fn take(&mut self, first: usize, late_ms: i64, now: UnixMs, output: &mut Output) {
        if self.gaps.is_empty() {
            return;
        }
        let mut ended = Vec::new();
        for event in output.events.get(first..).unwrap_or_default() {
            let (Payload::TimeAndSales(trade), Some(time)) = (&event.payload, event.time) else {
                continue;
            };
            let Some(gap) = self.gaps.get_mut(&event.symbol) else {
                continue;
            };
            if gap.told.is_some() {
                continue;
            }
            let since = *gap.since.get_or_insert(now);
            // One that is reported late says nothing of others.
            let counts = trade.action == TradeAction::New && trade.bar_rule.open_close;
            let oldest = since.plus_ms(-late_ms).plus_ms(-SENT_ALONG_MS);
            gap.sent_along = Some(time).filter(|time| counts && *time < oldest);
            gap.told = gap.end(late_ms);
            ended.push(Event {
                symbol: event.symbol,
                time: gap.told,
                payload: Payload::TradesResumed,
            });
        }
        output.events.splice(first..first, ended);
    }

    /// A minute is over: how late trades are is known better now than by the first of them. Gaps are told for good.
    pub(super) fn settle(&mut self, late_ms: i64, output: &mut Output) {
        self.gaps.retain(|symbol, gap| {
            let end = gap.end(late_ms);
            if end.is_some() && end != gap.told {
                tell_one(*symbol, end, Payload::TradesResumed, output);
            }
            end.is_none()
        });
    }

    /// What is known of a symbol's gap, for a recording.
    pub(super) fn kept(&self, symbol: SymbolId) -> Value {
        self.gaps.get(&symbol).map_or(Value::Null, kept::written)
    }

    /// A recording that begins in mid-run has the trades of every symbol from then on, unless [`Missed::keep`] says
    /// otherwise.
    pub(super) fn resume_all(&mut self, since: UnixMs, output: &mut Output) {
        for symbol in std::mem::take(&mut self.gaps).into_keys() {
            tell_one(symbol, Some(since), Payload::TradesResumed, output);
        }
    }

    /// Takes what a recording, which begins at `from`, holds of a symbol's gap: that goes on then.
    pub(super) fn keep(
        &mut self,
        symbol: SymbolId,
        known: Value,
        from: UnixMs,
        output: &mut Output,
    ) -> Result<(), Rejection> {
        if !known.is_null() {
            let gap: Gap = kept::read(known)?;
            tell_one(symbol, Some(from), Payload::TradesMissed, output);
            if gap.told.is_some() {
                tell_one(symbol, gap.told, Payload::TradesResumed, output);
            }
            self.gaps.insert(symbol, gap);
        }
        Ok(())
    }
}

fn tell_one(symbol: SymbolId, time: Option<UnixMs>, payload: Payload, output: &mut Output) {
    output.events.push(Event {
        symbol,
        time,
        payload,
    });
}

#[cfg(test)]
#[allow(clippy::unwrap_used, reason = "a test may stop at the first surprise")]
#[path = "missed/tests.rs"]
mod tests;
