//! Answers to events. It is a venue's protocol without a connection: what was asked for is named by a number that follows
//! from the symbol alone, so that a recording needs nothing but the answers.

mod said;
mod whose;

use rustc_hash::FxHashMap;

use super::plan::Plan;
use crate::decode::pointer::mapping::Mapping;
use crate::decode::pointer::{Pointer, message, text_at};
use crate::domain::event::{Event, Payload};
use crate::domain::outcome::{ErrorInstance, ErrorKind};
use crate::domain::symbol::{Symbol, SymbolId};
use crate::domain::time::{Timeframe, UnixMs};
use crate::sources::mapped::Spellings;
use crate::sources::venue::kept::Kept;
use crate::sources::venue::wanted::Wanted;
use crate::sources::venue::{Answer, Connect, Ending, Incoming, Notice, Output, Protocol};

use said::{Said, joined};

/// The number of the request that is for all symbols.
pub const ALL: u64 = 0;

/// The number of a symbol's request: the same in every run.
#[must_use]
pub fn number_of(symbol: &str) -> u64 {
    const BASIS: u64 = 0xcbf2_9ce4_8422_2325;
    const PRIME: u64 = 0x0100_0000_01b3;
    let hash = symbol.bytes().fold(BASIS, |hash, byte| {
        (hash ^ u64::from(byte)).wrapping_mul(PRIME)
    });
    // Every program that reads JSON can keep a number of 52 bits; zero is taken.
    (hash >> 12) | 1
}

/// What is kept for a symbol.
#[derive(Debug, Default)]
struct Told {
    /// Whether data has come for it.
    is_heard: bool,
    /// Whether the endpoint writes it just as it was asked for.
    is_exact: bool,
    said: Said,
}

/// What is known of a request.
#[derive(Debug)]
struct Asked {
    /// The symbol that it is for; `None` when it is for all.
    symbol: Option<(Symbol, SymbolId)>,
    /// Whether it has been reported that an answer held nothing.
    is_empty: bool,
    /// Answers that held other symbols alone; `None` once one has held what was asked for, or it has been said.
    strange: Option<u32>,
}

impl Asked {
    fn new(symbol: Option<(Symbol, SymbolId)>) -> Self {
        Self {
            symbol,
            is_empty: false,
            strange: Some(0),
        }
    }
}

/// A row with whose it is.
type Owned = (SymbolId, Option<UnixMs>, Payload);

/// The protocol.
#[derive(Debug)]
pub struct Answers {
    mappings: Vec<Mapping>,
    error: Option<Pointer>,
    repeat: bool,
    is_for_one: bool,
    /// How long bars are.
    interval: Timeframe,
    depth: Option<u32>,
    wanted: Wanted<Told>,
    spellings: Spellings,
    asked: FxHashMap<u64, Asked>,
}

impl Answers {
    /// The protocol of a plan.
    #[must_use]
    pub fn new(plan: &Plan) -> Self {
        let mut asked = FxHashMap::default();
        if !plan.is_for_one() {
            asked.insert(ALL, Asked::new(None));
        }
        Self {
            mappings: plan.mappings.clone(),
            error: plan.error.clone(),
            repeat: plan.repeat,
            is_for_one: plan.is_for_one(),
            interval: plan.interval,
            depth: plan.depth,
            wanted: Wanted::new(),
            spellings: Spellings::default(),
            asked,
        }
    }

    fn take(&mut self, asked: &mut Asked, body: &[u8], now: UnixMs, output: &mut Output) {
        let symbol = asked.symbol.as_ref().map(|(symbol, _)| symbol.clone());
        // There is no connection to end: that an answer is none is told in the same way.
        let value = match message(body) {
            Ok(value) => value,
            Err(rejection) => return output.end(Ending::retry(rejection.kind, rejection.reason)),
        };
        let error = self.error.as_ref();
        if let Some(text) = error.and_then(|error| text_at(error, value)) {
            let text = format!("the endpoint says: {text}");
            return output.end(Ending::retry(ErrorKind::ConnectionError, text));
        }
        let mut rows = Vec::new();
        for mapping in &self.mappings {
            mapping.read(value, &mut rows);
        }
        if let Some(Err(first)) = rows.first()
            && rows.iter().all(Result::is_err)
        {
            return output.end(Ending::retry(first.kind, first.reason.clone()));
        }
        if rows.is_empty() && !std::mem::replace(&mut asked.is_empty, true) {
            let text = "the endpoint answers, but without any data; check the symbol, and whether its market is open";
            let mut error = ErrorInstance::new(ErrorKind::ConfigError, text).as_warning();
            error.symbol.clone_from(&symbol);
            output.notices.push(Notice::Error(error));
        }
        // Lists of trades and news often begin with the newest.
        rows.sort_by_key(|row| row.as_ref().ok().and_then(|row| row.time));
        let mut found = Vec::new();
        for row in rows {
            match row {
                Ok(row) => found.push(row),
                Err(mut rejection) => {
                    rejection.symbol = rejection.symbol.or_else(|| symbol.clone());
                    output.reject(rejection);
                }
            }
        }
        let (owned, strange) = self.owned(asked, found);
        output.ignored += strange.len() as u64;
        if owned.is_empty() {
            self.count_strange(asked, &strange, output);
        } else {
            // Of many requests under one number another may be empty the next time.
            asked.is_empty &= asked.symbol.is_none();
            asked.strange = None;
            self.give_out(owned, now, output);
        }
    }

    /// Gives out what is new of an answer.
    fn give_out(&mut self, owned: Vec<Owned>, now: UnixMs, output: &mut Output) {
        let rows = self.with_whole_bars(owned);
        let mut symbols: Vec<SymbolId> = rows.iter().map(|(id, _, _)| *id).collect();
        symbols.sort_unstable();
        symbols.dedup();
        for id in &symbols {
            if let Some(entry) = self.wanted.entry_mut(*id) {
                entry.state.said.begin();
                if !std::mem::replace(&mut entry.state.is_heard, true) {
                    output.notices.push(Notice::Subscribed(*id));
                }
            }
        }
        for (id, time, mut payload) in rows {
            if let Payload::Level2(book) = &mut payload
                && !book.snapshot
            {
                book.depth = self.depth;
            }
            let Some(entry) = self.wanted.entry_mut(id) else {
                continue;
            };
            if entry.state.said.is_new(time, &payload) || self.repeat {
                output.events.push(Event {
                    symbol: id,
                    time: Some(time.unwrap_or(now)),
                    payload,
                });
            }
        }
        for id in symbols {
            if let Some(entry) = self.wanted.entry_mut(id) {
                entry.state.said.end();
            }
        }
    }

    /// The rows with one for each bar: endpoints add a row with the time of the last trade, which belongs to the bar that
    /// still grows.
    fn with_whole_bars(&self, owned: Vec<Owned>) -> Vec<Owned> {
        let mut rows: Vec<Owned> = Vec::with_capacity(owned.len());
        let mut bars: FxHashMap<(SymbolId, UnixMs), usize> = FxHashMap::default();
        for (id, time, payload) in owned {
            let (Payload::Ohlcv(bar), Some(time)) = (&payload, time) else {
                rows.push((id, time, payload));
                continue;
            };
            let start = self.start_of_bar(time);
            let known = bars.get(&(id, start)).and_then(|at| rows.get_mut(*at));
            if let Some((_, _, Payload::Ohlcv(known))) = known {
                *known = joined(known, bar, time == start);
                continue;
            }
            let said = self
                .wanted
                .entry(id)
                .and_then(|entry| entry.state.said.bar(start));
            let bar = match said {
                // The bar itself is missing from this answer.
                Some(said) if time != start && bar.volume < said.volume => joined(said, bar, false),
                _ => *bar,
            };
            bars.insert((id, start), rows.len());
            rows.push((id, Some(start), Payload::Ohlcv(bar)));
        }
        rows
    }
}

impl Answers {
    /// The start of the bar that is meant: endpoints give the one that still grows the time of its last trade, at which it
    /// would be another bar in each answer. Bars of an hour and more begin with the session, not with the clock.
    fn start_of_bar(&self, time: UnixMs) -> UnixMs {
        let ms = self.interval.ms();
        if self.interval >= Timeframe::H1 {
            return time;
        }
        UnixMs(time.0.div_euclid(ms).saturating_mul(ms))
    }
}

impl Kept for Answers {}

impl Protocol for Answers {
    fn connect(&mut self) -> Connect {
        Connect::Refuse(Ending::never(
            ErrorKind::ConfigError,
            "an endpoint that is polled has no connection",
        ))
    }

    fn confirms(&self) -> bool {
        false
    }

    /// A recording begins: it knows nothing of what was said before. Trades and news are not given out twice for that.
    fn opened(&mut self, _: UnixMs, _: &mut Output) {
        for asked in self.asked.values_mut() {
            *asked = Asked::new(asked.symbol.take());
        }
        for (_, entry) in self.wanted.iter_mut() {
            entry.state.is_heard = false;
            entry.state.is_exact = false;
            entry.state.said.forget_states();
        }
    }

    fn message(&mut self, _: Incoming<'_>, _: UnixMs, output: &mut Output) {
        output.ignored += 1;
    }

    fn answer(&mut self, answer: &Answer<'_>, now: UnixMs, output: &mut Output) {
        let Some(mut asked) = self.asked.remove(&answer.id) else {
            output.ignored += 1;
            return;
        };
        self.take(&mut asked, answer.body, now, output);
        self.asked.insert(answer.id, asked);
    }

    fn subscribe(&mut self, symbols: &[(Symbol, SymbolId)], output: &mut Output) {
        for (symbol, id) in symbols {
            let number = number_of(symbol.as_str());
            let is_taken = self.is_for_one && self.asked.contains_key(&number);
            let name = symbol.as_str();
            if is_taken
                || self
                    .wanted
                    .insert(name, symbol, *id, Told::default())
                    .is_err()
            {
                output.notices.push(Notice::Refused {
                    symbol: *id,
                    reason: "it is subscribed already".to_owned(),
                });
                continue;
            }
            self.spellings.insert(name);
            if self.is_for_one {
                let asked = Asked::new(Some((symbol.clone(), *id)));
                self.asked.insert(number, asked);
            }
        }
    }

    fn unsubscribe(&mut self, symbols: &[(Symbol, SymbolId)], _: &mut Output) {
        for (symbol, id) in symbols {
            if self.wanted.remove(*id).is_some() {
                self.spellings.remove(symbol.as_str());
                self.asked.remove(&number_of(symbol.as_str()));
            }
        }
    }

    /// The next answer gives the whole book again.
    fn resync(&mut self, symbol: SymbolId, _: &mut Output) {
        if let Some(entry) = self.wanted.entry_mut(symbol) {
            entry.state.said.forget_states();
        }
    }
}
