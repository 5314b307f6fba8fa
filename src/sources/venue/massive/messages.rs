//! Massive's messages, and what is made of those that carry data.

use std::borrow::Cow;

use serde::{Deserialize, Serialize};

use super::{Known, Massive};
use crate::decode::Rejection;
use crate::decode::conditions::by_massive_numbers;
use crate::decode::wire::Exact;
use crate::domain::Decimal;
use crate::domain::bar::Ohlcv;
use crate::domain::event::{Event, Payload};
use crate::domain::quote::{Level1, SymbolFacts};
use crate::domain::time::{MINUTE_MS, UnixMs};
use crate::domain::trade::{TimeAndSale, TradeAction, TradeId};
use crate::sources::venue::{Output, kept, reading};

/// A message's type, when it does not stand first.
pub(super) fn kind(text: &str) -> Result<Cow<'_, str>, Rejection> {
    #[derive(Deserialize)]
    struct Kind<'a> {
        #[serde(borrow)]
        ev: Cow<'a, str>,
    }
    reading::read_part(text, "a message").map(|kind: Kind<'_>| kind.ev)
}

/// What the venue says of a connection or a request.
#[derive(Deserialize)]
pub(super) struct Status<'a> {
    #[serde(borrow)]
    pub(super) status: Cow<'a, str>,
    #[serde(borrow)]
    pub(super) message: Option<Cow<'a, str>>,
}

#[derive(Deserialize)]
struct Bar<'a> {
    #[serde(borrow)]
    sym: Cow<'a, str>,
    #[serde(rename = "o")]
    open: Exact,
    #[serde(rename = "h")]
    high: Exact,
    #[serde(rename = "l")]
    low: Exact,
    #[serde(rename = "c")]
    close: Exact,
    #[serde(rename = "v")]
    volume: Exact,
    #[serde(rename = "av")]
    day_volume: Option<Exact>,
    #[serde(rename = "s")]
    start: i64,
    #[serde(rename = "e")]
    end: i64,
}

#[derive(Deserialize)]
struct Trade<'a> {
    #[serde(borrow)]
    sym: Cow<'a, str>,
    #[serde(rename = "i", borrow)]
    id: Option<Cow<'a, str>>,
    #[serde(rename = "x")]
    exchange: Option<i64>,
    #[serde(rename = "trfi")]
    facility: Option<i64>,
    #[serde(rename = "p")]
    price: Exact,
    #[serde(rename = "s")]
    size: Exact,
    #[serde(rename = "ds")]
    decimal_size: Option<Exact>,
    #[serde(rename = "c", default)]
    conditions: Option<Vec<i64>>,
    #[serde(rename = "t")]
    time: i64,
}

#[derive(Deserialize)]
struct Quote<'a> {
    #[serde(borrow)]
    sym: Cow<'a, str>,
    #[serde(rename = "bp")]
    bid: Option<Exact>,
    #[serde(rename = "bs")]
    bid_size: Option<Exact>,
    #[serde(rename = "ap")]
    ask: Option<Exact>,
    #[serde(rename = "as")]
    ask_size: Option<Exact>,
    #[serde(rename = "t")]
    time: i64,
    #[serde(rename = "q")]
    number: Option<u64>,
}

#[derive(Deserialize)]
struct PriceLimits<'a> {
    #[serde(rename = "T", borrow)]
    ticker: Cow<'a, str>,
    #[serde(rename = "h")]
    upper: Exact,
    #[serde(rename = "l")]
    lower: Exact,
    #[serde(rename = "t")]
    time: i64,
    #[serde(rename = "q")]
    number: Option<u64>,
}

/// An exchange's number; behind it that of the facility that a trade off the exchanges was reported to, each of which has
/// names for trades of its own.
fn exchange(exchange: Option<i64>, facility: Option<i64>) -> Option<Box<str>> {
    match (exchange, facility) {
        (Some(exchange), Some(facility)) => Some(format!("{exchange}/{facility}").into()),
        (Some(exchange), None) => Some(exchange.to_string().into()),
        (None, _) => None,
    }
}

/// A minute that grows second by second.
#[derive(Debug, Clone, Copy, Serialize, Deserialize)]
pub(super) struct GrowingBar {
    start: UnixMs,
    #[serde(with = "kept::digits")]
    open: Decimal,
    #[serde(with = "kept::digits")]
    high: Decimal,
    #[serde(with = "kept::digits")]
    low: Decimal,
    #[serde(with = "kept::digits")]
    close: Decimal,
    #[serde(with = "kept::digits")]
    volume: Decimal,
}

impl GrowingBar {
    fn begun(start: UnixMs, second: &Bar<'_>) -> Self {
        Self {
            start,
            open: second.open.0,
            high: second.high.0,
            low: second.low.0,
            close: second.close.0,
            volume: second.volume.0,
        }
    }

    /// With one second more; `None` when the volume is more than a number holds.
    fn grown(self, second: &Bar<'_>) -> Option<Self> {
        Some(Self {
            high: self.high.max(second.high.0),
            low: self.low.min(second.low.0),
            close: second.close.0,
            volume: self.volume.checked_add(second.volume.0)?,
            ..self
        })
    }

    fn bar(&self) -> Ohlcv {
        Ohlcv {
            open: Some(self.open),
            high: Some(self.high),
            low: Some(self.low),
            close: Some(self.close),
            volume: Some(self.volume),
        }
    }
}

impl Massive {
    /// Takes a message that carries data.
    pub(super) fn data(
        &mut self,
        kind: &str,
        text: &str,
        output: &mut Output,
    ) -> Result<(), Rejection> {
        match kind {
            "AM" => self.minute(&reading::read_part(text, "AM")?, output),
            "A" => self.second(&reading::read_part(text, "A")?, output),
            "T" => self.trade(reading::read_part(text, "T")?, output),
            "Q" => self.quote(&reading::read_part(text, "Q")?, output),
            "LULD" => self.limits(&reading::read_part(text, "LULD")?, output),
            _ => {
                output.ignored += 1;
                Ok(())
            }
        }
    }

    /// Gives a symbol's event out, or counts it when nobody wants it or `is_news` says that it is none.
    fn give(
        &mut self,
        symbol: &str,
        time: UnixMs,
        payload: Payload,
        is_news: impl FnOnce(&mut Known) -> bool,
        output: &mut Output,
    ) {
        if let Some(entry) = self.wanted.get_mut(symbol)
            && is_news(&mut entry.state)
        {
            output.events.push(Event {
                symbol: entry.id,
                time: Some(time),
                payload,
            });
        } else {
            output.ignored += 1;
        }
    }

    fn minute(&mut self, bar: &Bar<'_>, output: &mut Output) -> Result<(), Rejection> {
        let start = reading::time_of_ms(bar.start, "s")?;
        let end = reading::time_of_ms(bar.end, "e")?;
        let grows = self.channels.contains(&"A");
        let Some(entry) = self.wanted.get_mut(&bar.sym) else {
            output.ignored += 1;
            return Ok(());
        };
        entry.state.complete = entry.state.complete.max(Some(start));
        if entry.state.growing.is_some_and(|bar| bar.start <= start) {
            entry.state.growing = None;
        }
        let symbol = entry.id;
        let mut give = |time, payload| {
            output.events.push(Event {
                symbol,
                time: Some(time),
                payload,
            });
        };
        if self.takes_bars {
            give(start, Payload::Ohlcv(GrowingBar::begun(start, bar).bar()));
            if grows {
                give(start.plus_ms(MINUTE_MS), Payload::Clock);
            }
        }
        let day = Level1 {
            // Trades tell the last price sooner.
            last: (!self.takes_trades).then_some(bar.close.0),
            volume: bar.day_volume.map(|volume| volume.0),
            ..Level1::default()
        };
        if self.takes_level1 && day != Level1::default() {
            give(end, Payload::Level1(day));
        }
        Ok(())
    }

    fn second(&mut self, bar: &Bar<'_>, output: &mut Output) -> Result<(), Rejection> {
        let time = reading::time_of_ms(bar.start, "s")?;
        let start = UnixMs(time.0 - time.0.rem_euclid(MINUTE_MS));
        let Some(entry) = self.wanted.get_mut(&bar.sym) else {
            output.ignored += 1;
            return Ok(());
        };
        let state = &mut entry.state;
        let is_late = state.complete >= Some(start)
            || state.growing.is_some_and(|growing| growing.start > start);
        if is_late {
            output.ignored += 1;
            return Ok(());
        }
        let grown = match state.growing {
            Some(growing) if growing.start == start => growing.grown(bar).ok_or_else(|| {
                Rejection::schema("v: the minute's volume is more than a number holds")
            })?,
            _ => GrowingBar::begun(start, bar),
        };
        state.growing = Some(grown);
        output.events.push(Event {
            symbol: entry.id,
            time: Some(start),
            payload: Payload::Ohlcv(grown.bar()),
        });
        Ok(())
    }

    fn trade(&mut self, trade: Trade<'_>, output: &mut Output) -> Result<(), Rejection> {
        let time = reading::time_of_ms(trade.time, "t")?;
        let conditions = trade.conditions.unwrap_or_default();
        let in_regular_hours = self.hours.is_regular(time);
        let codes = conditions
            .iter()
            .map(|code| code.to_string().into_boxed_str());
        let sale = TimeAndSale {
            price: Some(trade.price.0),
            size: Some(trade.decimal_size.unwrap_or(trade.size).0),
            side: None,
            conditions: codes.collect(),
            exchange: exchange(trade.exchange, trade.facility),
            trade_id: trade.id.map(|id| TradeId::Text(id.into())),
            action: TradeAction::New,
            bar_rule: by_massive_numbers(conditions.iter().copied(), in_regular_hours),
        };
        let payload = Payload::TimeAndSales(sale);
        self.give(&trade.sym, time, payload, |_| true, output);
        Ok(())
    }

    fn quote(&mut self, quote: &Quote<'_>, output: &mut Output) -> Result<(), Rejection> {
        let time = reading::time_of_ms(quote.time, "t")?;
        if quote.bid.is_none() && quote.ask.is_none() {
            return Err(Rejection::schema("Q: missing field `bp` or `ap`"));
        }
        // A quote is whole: where a side is left out there is nobody, as other venues say with zeros.
        let number = |field: Option<Exact>| Some(field.map_or(Decimal::ZERO, |number| number.0));
        let payload = Payload::Level1(Level1 {
            bid: number(quote.bid),
            bid_size: number(quote.bid.and(quote.bid_size)),
            ask: number(quote.ask),
            ask_size: number(quote.ask.and(quote.ask_size)),
            ..Level1::default()
        });
        let is_news = |known: &mut Known| known.quotes.is_newer(quote.number, time);
        self.give(&quote.sym, time, payload, is_news, output);
        Ok(())
    }

    fn limits(&mut self, limits: &PriceLimits<'_>, output: &mut Output) -> Result<(), Rejection> {
        let time = reading::time_of_ms(limits.time, "t")?;
        let facts = SymbolFacts {
            lower_limit: Some(limits.lower.0),
            upper_limit: Some(limits.upper.0),
            ..SymbolFacts::default()
        };
        let payload = Payload::Facts(Box::new(facts));
        let is_news = |known: &mut Known| known.limits.is_newer(limits.number, time);
        self.give(&limits.ticker, time, payload, is_news, output);
        Ok(())
    }
}
