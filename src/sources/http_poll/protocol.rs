//! Answers to events. It is a venue's protocol without a connection: what was asked for is named by a number that follows
//! from the symbol alone, so that a recording needs nothing but the answers.

use rustc_hash::FxHashMap;

use super::plan::Plan;
use crate::decode::pointer::mapping::{Mapping, Row};
use crate::decode::pointer::{Pointer, message, text_at};
use crate::domain::event::{Event, Payload};
use crate::domain::outcome::{ErrorInstance, ErrorKind};
use crate::domain::symbol::{Symbol, SymbolId};
use crate::domain::time::{Timeframe, UnixMs};
use crate::sources::venue::wanted::Wanted;
use crate::sources::venue::{Answer, Connect, Ending, Incoming, Notice, Output, Protocol};

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

/// What an answer said of whom and of when.
type Said = FxHashMap<(Option<SymbolId>, Option<UnixMs>), Vec<Payload>>;

/// What is known of a request from its last answer.
#[derive(Debug, Default)]
struct Asked {
    /// The symbol that it is for; `None` when it is for all.
    symbol: Option<(Symbol, SymbolId)>,
    said: Said,
    /// Whether it has been reported that an answer held nothing.
    is_empty: bool,
}

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
    wanted: Wanted<bool>,
    asked: FxHashMap<u64, Asked>,
}

impl Answers {
    /// The protocol of a plan.
    #[must_use]
    pub fn new(plan: &Plan) -> Self {
        let mut asked = FxHashMap::default();
        if !plan.is_for_one() {
            asked.insert(ALL, Asked::default());
        }
        Self {
            mappings: plan.mappings.clone(),
            error: plan.error.clone(),
            repeat: plan.repeat,
            is_for_one: plan.is_for_one(),
            interval: plan.interval,
            depth: plan.depth,
            wanted: Wanted::new(),
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
            error.symbol = symbol;
            output.notices.push(Notice::Error(error));
        }
        // Lists of trades and news often begin with the newest.
        rows.sort_by_key(|row| row.as_ref().ok().and_then(|row| row.time));
        let mut before = std::mem::take(&mut asked.said);
        for row in rows {
            match row {
                Ok(row) => self.take_row(asked, &mut before, row, now, output),
                Err(mut rejection) => {
                    let of_request = asked.symbol.as_ref().map(|(symbol, _)| symbol.clone());
                    rejection.symbol = rejection.symbol.or(of_request);
                    output.reject(rejection);
                }
            }
        }
    }

    fn take_row(
        &mut self,
        asked: &mut Asked,
        before: &mut Said,
        row: Row<'_>,
        now: UnixMs,
        output: &mut Output,
    ) {
        let of_request = asked.symbol.as_ref().map(|(symbol, _)| symbol.as_str());
        // An endpoint may write a symbol in its own way; one that was asked for by name is meant.
        let name = match (&row.symbol, of_request) {
            (_, Some(name)) => name,
            (Some(name), None) => name,
            (None, None) => return output.ignored += 1,
        };
        let Some(entry) = self.wanted.get_mut(name) else {
            return output.ignored += 1;
        };
        asked.is_empty = false;
        let id = entry.id;
        if !std::mem::replace(&mut entry.state, true) {
            output.notices.push(Notice::Subscribed(id));
        }
        let mut payload = row.payload;
        let time = match payload {
            Payload::Ohlcv(_) => row.time.map(|time| self.start_of_bar(time)),
            _ => row.time,
        };
        if let Payload::Level2(book) = &mut payload
            && !book.snapshot
        {
            book.depth = self.depth;
        }
        let key = (Some(id), time);
        let known = before.get_mut(&key).and_then(|known| {
            let at = known.iter().position(|one| *one == payload)?;
            Some(known.swap_remove(at))
        });
        let is_new = known.is_none();
        asked.said.entry(key).or_default().push(payload.clone());
        if is_new || self.repeat {
            output.events.push(Event {
                symbol: id,
                time: Some(time.unwrap_or(now)),
                payload,
            });
        }
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

    /// A recording begins: it knows nothing of what was said before.
    fn opened(&mut self, _: UnixMs, _: &mut Output) {
        for asked in self.asked.values_mut() {
            asked.said.clear();
            asked.is_empty = false;
        }
        for (_, entry) in self.wanted.iter_mut() {
            entry.state = false;
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
            if is_taken
                || self
                    .wanted
                    .insert(symbol.as_str(), symbol, *id, false)
                    .is_err()
            {
                output.notices.push(Notice::Refused {
                    symbol: *id,
                    reason: "it is subscribed already".to_owned(),
                });
            } else if self.is_for_one {
                let asked = Asked {
                    symbol: Some((symbol.clone(), *id)),
                    ..Asked::default()
                };
                self.asked.insert(number, asked);
            }
        }
    }

    fn unsubscribe(&mut self, symbols: &[(Symbol, SymbolId)], _: &mut Output) {
        for (symbol, id) in symbols {
            if self.wanted.remove(*id).is_some() {
                self.asked.remove(&number_of(symbol.as_str()));
            }
            if let Some(all) = self.asked.get_mut(&ALL) {
                all.said.retain(|(said_of, _), _| *said_of != Some(*id));
            }
        }
    }

    /// The next answer gives the whole book again.
    fn resync(&mut self, symbol: SymbolId, _: &mut Output) {
        for asked in self.asked.values_mut() {
            asked
                .said
                .retain(|(said_of, _), _| *said_of != Some(symbol));
        }
    }
}
