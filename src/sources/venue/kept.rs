//! What is known by what came before, and later messages do not repeat: quotes that come as changes, halts, the numbers
//! that the next trades follow. A recording that begins in mid-run holds it as JSON, in lines of its own, so that its
//! replay goes on from there as the live run did. What is missing in it is as it is at the beginning of a session.

use rustc_hash::FxHashMap;
use serde::de::DeserializeOwned;
use serde::{Deserialize, Deserializer, Serialize, Serializer};
use serde_json::Value;

use crate::decode::Rejection;
use crate::decode::number::parse_json;
use crate::domain::Decimal;
use crate::domain::event::{Event, Payload};
use crate::domain::quote::{Level1, SymbolFacts, Trading};
use crate::domain::symbol::{Symbol, SymbolId};
use crate::domain::time::{SessionCalendar, UnixMs};

/// Writes what a protocol keeps.
#[must_use]
pub fn written<T: Serialize>(kept: &T) -> Value {
    // None of these types fails to become JSON.
    serde_json::to_value(kept).unwrap_or_default()
}

/// Reads it back.
///
/// # Errors
/// What is wrong with it.
pub fn read<T: DeserializeOwned>(kept: Value) -> Result<T, Rejection> {
    serde_json::from_value(kept).map_err(wrong)
}

pub(super) fn wrong(error: impl std::fmt::Display) -> Rejection {
    Rejection::schema(format!("what was known before cannot be read: {error}"))
}

/// A number with all its digits.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Digits(pub Decimal);

impl Serialize for Digits {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        serializer.collect_str(&self.0)
    }
}

impl<'de> Deserialize<'de> for Digits {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        let text = String::deserialize(deserializer)?;
        parse_json(&text)
            .map(Self)
            .map_err(|error| serde::de::Error::custom(format!("{text:?} {error}")))
    }
}

/// [`Digits`] for fields that are decimals.
pub mod digits {
    use serde::{Deserialize, Deserializer, Serialize, Serializer};

    use super::{Decimal, Digits};

    /// Writes all its digits.
    ///
    /// # Errors
    /// Those of the serializer.
    pub fn serialize<S: Serializer>(number: &Decimal, serializer: S) -> Result<S::Ok, S::Error> {
        Digits(*number).serialize(serializer)
    }

    /// Reads them back.
    ///
    /// # Errors
    /// When they are none.
    pub fn deserialize<'de, D: Deserializer<'de>>(deserializer: D) -> Result<Decimal, D::Error> {
        Digits::deserialize(deserializer).map(|digits| digits.0)
    }
}

/// What a recording holds of a symbol.
#[derive(Debug, Default, Serialize, Deserialize)]
#[serde(default)]
pub(super) struct OfSymbol {
    /// When the quote came to be what it is.
    quote_at: Option<UnixMs>,
    bid: Option<Digits>,
    bid_size: Option<Digits>,
    ask: Option<Digits>,
    ask_size: Option<Digits>,
    last: Option<Digits>,
    last_size: Option<Digits>,
    volume: Option<Digits>,
    /// When the last of these was said.
    facts_at: Option<UnixMs>,
    trading: Option<String>,
    reason: Option<Box<str>>,
    previous_close: Option<Digits>,
    lower_limit: Option<Digits>,
    upper_limit: Option<Digits>,
    /// The protocol's own.
    pub(super) own: Value,
    /// That of the bars from before.
    pub(super) past: Value,
    /// Which of its trades are missed.
    pub(super) missed: Value,
    /// What is missing and has not been told.
    pub(super) gaps: Value,
}

/// What a recording holds of a connection.
#[derive(Debug, Default, Serialize, Deserialize)]
#[serde(default)]
pub(super) struct OfConnection {
    pub(super) ticked: Option<UnixMs>,
    pub(super) heard: Option<UnixMs>,
    /// The last minute that was said to be over, and how late trades are.
    pub(super) minute: Option<i64>,
    pub(super) lateness: Value,
    /// What is missing and has not been told.
    pub(super) gaps: Value,
    /// The protocol's own.
    pub(super) own: Value,
}

/// The text of one of these; `None` when nothing is known.
pub(super) fn text(kept: &impl Serialize) -> Option<String> {
    let Value::Object(mut known) = written(kept) else {
        return None;
    };
    known.retain(|_, value| !value.is_null());
    (!known.is_empty()).then(|| Value::Object(known).to_string())
}

impl OfSymbol {
    /// The symbol's events that say all of it.
    pub(super) fn events(&self, symbol: SymbolId, events: &mut Vec<Event>) {
        let number = |digits: Option<Digits>| digits.map(|digits| digits.0);
        let facts = SymbolFacts {
            trading: self.trading.as_deref().and_then(trading),
            reason: self.reason.clone(),
            previous_close: number(self.previous_close),
            lower_limit: number(self.lower_limit),
            upper_limit: number(self.upper_limit),
        };
        let quote = Level1 {
            bid: number(self.bid),
            bid_size: number(self.bid_size),
            ask: number(self.ask),
            ask_size: number(self.ask_size),
            last: number(self.last),
            last_size: number(self.last_size),
            volume: number(self.volume),
        };
        let mut give = |time, payload| {
            events.push(Event {
                symbol,
                time,
                payload,
            });
        };
        if facts != SymbolFacts::default() {
            give(self.facts_at, Payload::Facts(Box::new(facts)));
        }
        if quote != Level1::default() {
            give(self.quote_at, Payload::Level1(quote));
        }
    }
}

fn trading(name: &str) -> Option<Trading> {
    [
        Trading::Open,
        Trading::Halted,
        Trading::Paused,
        Trading::QuotesOnly,
        Trading::Closed,
    ]
    .into_iter()
    .find(|trading| trading.name() == name)
}

/// What symbols' quotes and facts have come to.
#[derive(Debug)]
pub(super) struct Shown {
    calendar: SessionCalendar,
    symbols: FxHashMap<SymbolId, One>,
}

#[derive(Debug, Default)]
struct One {
    quote: Level1,
    quoted: Option<UnixMs>,
    /// When the volume was told, which is that of a session.
    volume_at: Option<UnixMs>,
    stated: Option<Box<Stated>>,
}

#[derive(Debug, Default)]
struct Stated {
    facts: SymbolFacts,
    at: Option<UnixMs>,
    /// When these were told, which are a session's too.
    close_at: Option<UnixMs>,
    limits_at: Option<UnixMs>,
}

impl Shown {
    pub(super) fn new(calendar: SessionCalendar) -> Self {
        Self {
            calendar,
            symbols: FxHashMap::default(),
        }
    }

    /// Takes over what events say.
    pub(super) fn note(&mut self, events: &[Event]) {
        for event in events {
            match &event.payload {
                Payload::Level1(change) => {
                    let one = self.symbols.entry(event.symbol).or_default();
                    let is_older = event.time.is_some() && event.time < one.quoted;
                    if is_older {
                        // It tells no more than what is not known yet.
                        let newer = std::mem::replace(&mut one.quote, *change);
                        one.quote.merge(&newer);
                    } else {
                        one.quote.merge(change);
                        one.quoted = event.time.or(one.quoted);
                    }
                    if !is_older && change.volume.is_some() {
                        one.volume_at = one.quoted;
                    }
                }
                Payload::Facts(facts) => {
                    let one = self.symbols.entry(event.symbol).or_default();
                    let stated = one.stated.get_or_insert_default();
                    stated.facts.merge(facts);
                    stated.at = event.time.or(stated.at);
                    if facts.previous_close.is_some() {
                        stated.close_at = stated.at;
                    }
                    if facts.lower_limit.is_some() || facts.upper_limit.is_some() {
                        stated.limits_at = stated.at;
                    }
                }
                _ => {}
            }
        }
    }

    /// These symbols are wanted no more.
    pub(super) fn forget(&mut self, symbols: &[(Symbol, SymbolId)]) {
        for (_, id) in symbols {
            self.symbols.remove(id);
        }
    }

    /// What a symbol shows now. What belongs to a session that is over is not shown any more.
    pub(super) fn of(&self, symbol: SymbolId) -> OfSymbol {
        let Some(one) = self.symbols.get(&symbol) else {
            return OfSymbol::default();
        };
        let stated = one.stated.as_deref();
        let newest = one.quoted.max(stated.and_then(|stated| stated.at));
        let session = |time: Option<UnixMs>| self.calendar.session_of(time?);
        let is_over = |at: Option<UnixMs>| at.is_some() && session(at) != session(newest);
        let digits = |number: Option<Decimal>| number.map(Digits);
        let quote = &one.quote;
        let mut kept = OfSymbol {
            quote_at: one.quoted,
            bid: digits(quote.bid),
            bid_size: digits(quote.bid_size),
            ask: digits(quote.ask),
            ask_size: digits(quote.ask_size),
            last: digits(quote.last),
            last_size: digits(quote.last_size),
            volume: digits(quote.volume).filter(|_| !is_over(one.volume_at)),
            ..OfSymbol::default()
        };
        if let Some(Stated {
            facts,
            at,
            close_at,
            limits_at,
        }) = stated
        {
            let has_limits = !is_over(*limits_at);
            kept.facts_at = *at;
            kept.trading = facts.trading.map(|trading| trading.name().to_owned());
            kept.reason.clone_from(&facts.reason);
            kept.previous_close = digits(facts.previous_close).filter(|_| !is_over(*close_at));
            kept.lower_limit = digits(facts.lower_limit).filter(|_| has_limits);
            kept.upper_limit = digits(facts.upper_limit).filter(|_| has_limits);
        }
        kept
    }
}
