//! Finnhub: trades of US stocks, foreign exchange and crypto, and news.
//!
//! The key is part of the URL. Every symbol is asked for in a message of its own, and none is answered: a symbol counts
//! as subscribed when it has been asked for. What the venue does not take, it says without naming the symbol. A key has
//! one connection with at most 50 symbols; a second connection ends both.
//!
//! - OHLCV: built from trades; the venue sends no bars.
//! - TIMESALE: `trade`. Each message holds many, not in order of time, not even for one symbol; those of one message are
//!   put in order. A trade of size zero is a change of price without a trade, as there are in foreign exchange.
//! - Days: a name with an exchange before it (`BINANCE:BTCUSDT`, `OANDA:EUR_USD`) is no stock, and has the UTC day.
//! - NEWS: of paid plans. All that the venue has is asked for unless `services=` says otherwise; without such a plan
//!   the venue answers with an error, and the trades go on.

#[cfg(test)]
mod tests;

use std::borrow::Cow;
use std::sync::Arc;

use percent_encoding::{NON_ALPHANUMERIC, utf8_percent_encode};
use secrecy::{ExposeSecret, SecretString};
use serde::Deserialize;
use serde_json::value::RawValue;

use super::kept::Kept;
use super::options::{self, Key, Setup, Venue};
use super::reading;
use super::wanted::Wanted;
use super::{Connect, Ending, Endpoint, Incoming, Limits, Notice, Output, Protocol};
use crate::decode::Rejection;
use crate::decode::conditions::{TradeHours, by_finnhub_numbers};
use crate::decode::wire::Exact;
use crate::domain::event::{DataService, Event, Payload, ServiceSet};
use crate::domain::news::News;
use crate::domain::outcome::{ErrorInstance, ErrorKind};
use crate::domain::source::Delivery;
use crate::domain::symbol::{Symbol, SymbolId};
use crate::domain::time::{SessionCalendar, UnixMs};
use crate::domain::trade::{BarRule, TimeAndSale};
use crate::sources::kind::{Example, Rest, SourceKind};

/// The kind as the registry knows it.
pub const KIND: SourceKind = SourceKind {
    name: "finnhub",
    schemes: &[],
    summary: "Finnhub: trades of up to 50 stocks, currencies or crypto pairs, bars made of them, news",
    rest: Rest::Options,
    options: &[
        options::SERVICES,
        options::NO_LEVELS,
        options::MINUTES,
        options::OPEN,
        options::URL,
        options::NO_REST_URL,
        options::INSECURE,
        options::STALE,
        options::SESSION,
    ],
    examples: &[
        Example {
            spec: "finnhub:services=OHLCV,TIMESALE",
            effect: "trades, and bars made of them, as a free key allows",
        },
        Example {
            spec: "finnhub:",
            effect: "the same with news, which needs a paid plan",
        },
    ],
    services: SERVICES,
    delivery: Delivery::Live,
    check: |spec| VENUE.check(spec),
    open: |spec, context| VENUE.open(spec, context),
};

const SERVICES: &[DataService] = &[
    DataService::Ohlcv,
    DataService::TimeAndSales,
    DataService::News,
];

/// The venue as the driver knows it.
pub static VENUE: Venue = Venue {
    kind: &KIND,
    socket_url: "wss://ws.finnhub.io",
    rest_url: None,
    keys: &[Key {
        variable: "FINNHUB_API_KEY",
        alternative: None,
        what: "the account's key, from finnhub.io/dashboard",
        required: true,
    }],
    services: |_| ServiceSet::of(SERVICES),
    calendar: |_| SessionCalendar::ByName,
    intervals: &[],
    limits: |_| Limits {
        symbols_per_connection: SYMBOLS_MAX,
        one_per_account: true,
        ..Limits::default()
    },
    bars_grow: |_| false,
    protocol: |setup| Ok(Box::new(Finnhub::new(setup))),
};

/// Symbols that one connection takes.
const SYMBOLS_MAX: usize = 50;

/// The venue's protocol.
struct Finnhub {
    url: String,
    keys: Vec<Option<SecretString>>,
    takes_trades: bool,
    takes_news: bool,
    is_open: bool,
    wanted: Wanted<()>,
    hours: TradeHours,
}

#[derive(Deserialize)]
struct Message<'a> {
    #[serde(rename = "type", borrow)]
    kind: Cow<'a, str>,
    #[serde(borrow)]
    data: Option<Vec<&'a RawValue>>,
    #[serde(borrow)]
    msg: Option<Cow<'a, str>>,
}

#[derive(Deserialize)]
struct Trade<'a> {
    #[serde(borrow)]
    s: Cow<'a, str>,
    p: Exact,
    t: i64,
    v: Exact,
    c: Option<Box<[Box<str>]>>,
}

#[derive(Deserialize)]
struct Article<'a> {
    headline: String,
    datetime: i64,
    #[serde(borrow)]
    related: Cow<'a, str>,
    source: Option<String>,
    summary: Option<String>,
    url: Option<String>,
}

impl Finnhub {
    fn new(setup: &Setup) -> Self {
        Self {
            url: setup.socket_url.clone(),
            keys: setup.keys.clone(),
            takes_trades: setup.needs_trades(),
            takes_news: setup.has(DataService::News),
            is_open: false,
            wanted: Wanted::new(),
            hours: TradeHours::default(),
        }
    }

    /// Sends a symbol's requests, one for each kind of data.
    fn ask(&self, verb: &str, name: &str, output: &mut Output) {
        let kinds = [
            (self.takes_trades, verb.to_owned()),
            (self.takes_news, format!("{verb}-news")),
        ];
        for (_, kind) in kinds.iter().filter(|(is_asked, _)| *is_asked) {
            output.send(serde_json::json!({"type": kind, "symbol": name}).to_string());
        }
    }

    fn take(&mut self, text: &str, output: &mut Output) -> Result<(), Rejection> {
        let message: Message<'_> = reading::read(text, "a message")?;
        match (&*message.kind, message.data) {
            ("trade" | "news", None) => {
                let reason = format!("{}: missing field `data`", message.kind);
                return Err(Rejection::schema(reason));
            }
            ("trade", Some(trades)) => self.trades(&trades, output),
            ("news", Some(headlines)) => {
                for headline in headlines {
                    if let Err(rejection) = self.headline(headline.get(), output) {
                        output.reject(rejection);
                    }
                }
            }
            ("ping", _) => {}
            ("error", _) => self.error(message.msg.as_deref().unwrap_or_default(), output),
            _ => output.ignored += 1,
        }
        Ok(())
    }

    fn trades(&mut self, trades: &[&RawValue], output: &mut Output) {
        let before = output.events.len();
        for trade in trades {
            if let Err(mut rejection) = self.trade(trade.get(), output) {
                rejection.symbol = reading::text_field(trade.get(), "s")
                    .and_then(|name| Some(self.wanted.get(&name)?.symbol.clone()));
                output.reject(rejection);
            }
        }
        if let Some(events) = output.events.get_mut(before..) {
            events.sort_by_key(|event| event.time);
        }
    }

    fn trade(&mut self, text: &str, output: &mut Output) -> Result<(), Rejection> {
        let trade: Trade<'_> = reading::read_part(text, "a trade")?;
        let time = reading::time_of_ms(trade.t, "t")?;
        let Some(entry) = self.wanted.get(&trade.s) else {
            output.ignored += 1;
            return Ok(());
        };
        let bar_rule = match &trade.c {
            Some(codes) => {
                by_finnhub_numbers(codes.iter().map(AsRef::as_ref), self.hours.is_regular(time))
            }
            None => BarRule::ALL,
        };
        output.events.push(Event {
            symbol: entry.id,
            time: Some(time),
            payload: Payload::TimeAndSales(TimeAndSale {
                price: Some(trade.p.0),
                size: Some(trade.v.0),
                conditions: trade.c.unwrap_or_default(),
                bar_rule,
                ..TimeAndSale::default()
            }),
        });
        Ok(())
    }

    fn headline(&mut self, text: &str, output: &mut Output) -> Result<(), Rejection> {
        let headline: Article<'_> = reading::read_part(text, "news")?;
        let ms = headline.datetime.saturating_mul(1000);
        let time = reading::time_of_ms(ms, "datetime")?;
        let given = |text: Option<String>| text.filter(|text| !text.is_empty());
        let symbols: Vec<String> = headline
            .related
            .split(',')
            .map(|name| name.trim().to_owned())
            .filter(|name| !name.is_empty())
            .collect();
        let news = News {
            headline: headline.headline,
            source: given(headline.source),
            url: given(headline.url),
            summary: given(headline.summary),
            symbols: Arc::from(symbols),
        };
        self.wanted.give_news(&news, time, output);
        Ok(())
    }

    fn error(&self, said: &str, output: &mut Output) {
        let lower = said.to_lowercase();
        let said = reading::words(said, &self.keys);
        let (kind, message) = if lower.contains("too many symbols") {
            let advice = format!(
                "{said}: a connection takes {SYMBOLS_MAX} symbols, and the venue does not say which it left out; remove some"
            );
            (ErrorKind::Overload, advice)
        } else if lower.contains("api key") {
            return output.end(Ending::never(
                ErrorKind::AuthError,
                format!("{said}: check FINNHUB_API_KEY"),
            ));
        } else if lower.contains("access") || lower.contains("permission") {
            let advice = format!(
                "{said}: the plan does not have it; without news, services=OHLCV,TIMESALE asks for less"
            );
            (ErrorKind::AuthError, advice)
        } else {
            (
                ErrorKind::ConnectionError,
                format!("the venue says: {said}"),
            )
        };
        output
            .notices
            .push(Notice::Error(ErrorInstance::new(kind, message)));
    }
}

impl Kept for Finnhub {}

impl Protocol for Finnhub {
    fn connect(&mut self) -> Connect {
        self.is_open = false;
        let Some(Some(key)) = self.keys.first() else {
            return Connect::Refuse(Ending::never(
                ErrorKind::AuthError,
                "the key is missing; set FINNHUB_API_KEY",
            ));
        };
        let key = utf8_percent_encode(key.expose_secret(), NON_ALPHANUMERIC);
        Connect::Open(Endpoint {
            url: self.url.clone(),
            secret_query: Some(format!("token={key}").into()),
            headers: Vec::new(),
        })
    }

    fn renew(&mut self, setup: &Setup) {
        self.keys.clone_from(&setup.keys);
    }

    fn opened(&mut self, _: UnixMs, output: &mut Output) {
        self.is_open = true;
        output.notices.push(Notice::Ready);
        for (name, entry) in self.wanted.in_order() {
            self.ask("subscribe", name, output);
            output.notices.push(Notice::Subscribed(entry.id));
        }
    }

    fn message(&mut self, message: Incoming<'_>, _: UnixMs, output: &mut Output) {
        let taken = reading::text_of(message).and_then(|text| self.take(text, output));
        if let Err(rejection) = taken {
            output.reject(rejection);
        }
    }

    fn subscribe(&mut self, symbols: &[(Symbol, SymbolId)], output: &mut Output) {
        for (symbol, id) in symbols {
            let wire = symbol.as_str().to_uppercase();
            if let Err(notice) = self.wanted.insert(&wire, symbol, *id, ()) {
                output.notices.push(*notice);
            } else if self.is_open {
                self.ask("subscribe", &wire, output);
                output.notices.push(Notice::Subscribed(*id));
            }
        }
    }

    fn unsubscribe(&mut self, symbols: &[(Symbol, SymbolId)], output: &mut Output) {
        for (_, id) in symbols {
            if let Some(wire) = self.wanted.remove(*id)
                && self.is_open
            {
                self.ask("unsubscribe", &wire, output);
            }
        }
    }

    fn refused(&mut self, status: u16, has_key: bool) -> Ending {
        match status {
            401 => Ending::never(
                ErrorKind::AuthError,
                "the venue refused the key (HTTP 401); check FINNHUB_API_KEY",
            ),
            _ => Ending::of_status(status, has_key),
        }
    }
}
