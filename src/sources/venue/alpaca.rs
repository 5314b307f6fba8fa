//! Alpaca market data: stocks (`alpaca:iex`, `sip`, `delayed_sip`, `test`), `alpaca:crypto` and `alpaca:news`.
//!
//! Every frame is a list. After `connected` the keys are sent, after `authenticated` the symbols are asked for, for all
//! channels at once. The venue answers each request in order, with the whole set of what is subscribed or with an
//! error; a request that it refuses is cut in halves until only the symbols are left that it does not want. Where an answer
//! does not come, or cannot be read, nobody knows what the next ones are to: what has not been confirmed is asked for again.
//!
//! - OHLCV: `bars` (after each minute) and `updatedBars` (half a minute later, when a late trade has changed the last
//!   one: the same time again, which replaces it).
//! - Bars from before (`backfill=`): over HTTP, of the same feed; the delayed feed's are those of SIP, as late.
//! - LEVEL1: `quotes`, with sizes as they come, which for stocks is in round lots; `dailyBars`, sent every minute with
//!   the day's running totals, give `volume`, and `last` where trades are not asked for; `statuses` and `lulds` give halts and price limits.
//!   Only changes are told: a halt from before a connection is over with the first trade on it that counts for the last
//!   price. Where trades are not asked for, the day's last price shows that there was one; until then it is said that the
//!   halt may be over.
//! - TIMESALE: `trades`; corrections and cancels come along by themselves.
//! - LEVEL2: `orderbooks`, of crypto alone. Nothing numbers the changes: after one that cannot be read the book is asked
//!   for anew.
//! - NEWS: of `alpaca:news` alone; one event for each subscribed symbol that a headline names.

mod books;
mod control;
mod data;
mod feed;
mod halts;
mod kept;
mod messages;
mod past;
#[cfg(test)]
mod tests;

use std::collections::VecDeque;
use std::time::Duration;

use secrecy::SecretString;
use serde::{Deserialize, Serialize};
use serde_json::Value;

use self::control::{ANSWER_MS, Asked, Order, REQUEST_BYTES_MAX, request};
use self::feed::Feed;
use self::halts::Halt;
use super::backfill::{Page, PageRequest};
use super::kept::Digits;
use super::options::{self, Key, OptionProblem, Setup, Venue};
use super::patience::Patience;
use super::reading;
use super::wanted::Wanted;
use super::{Connect, Ending, Endpoint, Incoming, Limits, Output, Protocol};
use crate::decode::Rejection;
use crate::decode::conditions::TradeHours;
use crate::domain::bar::PastBar;
use crate::domain::event::{DataService, ServiceSet};
use crate::domain::outcome::ErrorKind;
use crate::domain::source::Delivery;
use crate::domain::symbol::{Symbol, SymbolId};
use crate::domain::time::{SessionCalendar, Timeframe, UnixMs};
use crate::sources::kind::{Example, Rest, SourceKind};

/// More symbols than there are: what an account may have, the venue says.
const SYMBOLS_MAX: usize = 100_000;
/// The kind as the registry knows it.
pub const KIND: SourceKind = SourceKind {
    name: "alpaca",
    schemes: &[],
    summary: "Alpaca market data: US stocks, crypto or news, with the account's keys",
    rest: Rest::Required("iex|sip|delayed_sip|test|crypto|news"),
    options: &[
        options::SERVICES,
        options::WHOLE_DEPTH,
        options::LEVELS,
        options::MINUTES,
        options::BACKFILL,
        options::BARS,
        options::OPEN,
        options::URL,
        options::REST_URL,
        options::INSECURE,
        options::STALE,
        options::SESSION,
    ],
    examples: &[
        Example {
            spec: "alpaca:iex",
            effect: "bars, quotes and trades of the IEX exchange, which every account has",
        },
        Example {
            spec: "alpaca:crypto?services=LEVEL2&levels=20",
            effect: "order books of pairs such as BTC/USD",
        },
        Example {
            spec: "alpaca:news",
            effect: "headlines about the symbols",
        },
    ],
    services: &DataService::ALL,
    delivery: Delivery::Live,
    check: |spec| VENUE.check(spec),
    open: |spec, context| VENUE.open(spec, context),
};

/// The venue as the driver knows it.
pub static VENUE: Venue = Venue {
    kind: &KIND,
    socket_url: "wss://stream.data.alpaca.markets",
    rest_url: Some("https://data.alpaca.markets"),
    keys: &[
        Key {
            variable: "APCA_API_KEY_ID",
            alternative: None,
            what: "the key's id, from the account's overview at app.alpaca.markets",
            required: true,
        },
        Key {
            variable: "APCA_API_SECRET_KEY",
            alternative: None,
            what: "the key's secret, shown once when the key is made",
            required: true,
        },
    ],
    // A feed that there is not is for the protocol to complain of.
    services: |rest| Feed::of(rest).map_or(ServiceSet::ALL, |(feed, _)| feed.services()),
    calendar: |feed| match feed {
        "crypto" => SessionCalendar::UtcDay,
        _ => SessionCalendar::UsEquities,
    },
    intervals: &[Timeframe::M1],
    bars_grow: |_| false,
    limits: |setup| Limits {
        symbols_per_connection: SYMBOLS_MAX,
        connections: 1,
        one_per_account: true,
        ping: Some(Duration::from_secs(10)),
        // 200 are taken from an account without a plan.
        request_weight_per_minute: 150,
        delay: Duration::from_secs(if setup.rest == "delayed_sip" { 900 } else { 0 }),
        // IEX is open from 08:00 to 17:00.
        hours: (setup.rest == "iex")
            .then_some([8, 17].map(|hour| Duration::from_secs(hour * 3600))),
        ..Limits::default()
    },
    protocol: |setup| Ok(Box::new(Alpaca::new(setup)?)),
};

/// How far a connection has come.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default, Serialize, Deserialize)]
enum Stage {
    #[default]
    Closed,
    Greeting,
    LoggingIn,
    Ready,
}

/// What is kept for a symbol.
#[derive(Debug, Default, Serialize, Deserialize)]
#[serde(default)]
struct Known {
    /// The venue has confirmed it on this connection.
    is_confirmed: bool,
    /// The venue does not want it.
    is_refused: bool,
    /// Why it is not traded.
    halt: Option<Halt>,
    /// The day's last price as it was told last.
    day_close: Option<Digits>,
    /// Its book begins anew: changes mean nothing until it has come whole.
    is_book_lost: bool,
    /// When the book is to be asked for anew.
    resync_at: Option<UnixMs>,
    patience: Patience,
}

/// The venue's protocol.
struct Alpaca {
    feed: Feed,
    url: String,
    keys: Vec<Option<SecretString>>,
    channels: Vec<&'static str>,
    takes_bars: bool,
    takes_trades: bool,
    stage: Stage,
    wanted: Wanted<Known>,
    now: UnixMs,
    /// Requests that have not been answered.
    pending: VecDeque<Asked>,
    /// Since when the first of them has been the next to be answered.
    awaited_since: UnixMs,
    /// How long it may take, in milliseconds.
    answer_ms: i64,
    order: Order,
    /// Symbols at the most whose halt is in doubt.
    doubts: usize,
    hours: TradeHours,
    /// How requests name the feed.
    history_feed: &'static str,
    is_delayed: bool,
}

impl Alpaca {
    fn new(setup: &Setup) -> Result<Self, OptionProblem> {
        let Some((feed, path)) = Feed::of(&setup.rest) else {
            return Err(OptionProblem {
                option: "",
                reason: format!(
                    "'{}' is no feed; there are iex, sip, delayed_sip, test, crypto and news",
                    setup.rest
                ),
            });
        };
        let has_path = setup
            .socket_url
            .split_once("://")
            .is_some_and(|(_, rest)| rest.contains('/'));
        let url = if has_path {
            setup.socket_url.clone()
        } else {
            format!("{}{path}", setup.socket_url)
        };
        Ok(Self {
            feed,
            url,
            channels: feed.channels(setup),
            takes_bars: setup.asks_for_bars(),
            takes_trades: setup.needs_trades(),
            keys: setup.keys.clone(),
            stage: Stage::Closed,
            wanted: Wanted::new(),
            now: UnixMs(0),
            pending: VecDeque::new(),
            awaited_since: UnixMs(0),
            answer_ms: ANSWER_MS,
            order: Order::Known,
            doubts: 0,
            hours: TradeHours::default(),
            history_feed: if setup.rest == "iex" {
                "&feed=iex"
            } else {
                "&feed=sip"
            },
            is_delayed: setup.rest == "delayed_sip",
        })
    }
}

impl Protocol for Alpaca {
    fn connect(&mut self) -> Connect {
        self.stage = Stage::Closed;
        if self.keys.iter().any(Option::is_none) {
            return Connect::Refuse(Ending::never(
                ErrorKind::AuthError,
                "the keys are missing; set APCA_API_KEY_ID and APCA_API_SECRET_KEY",
            ));
        }
        Connect::Open(Endpoint {
            url: self.url.clone(),
            secret_query: None,
            headers: Vec::new(),
        })
    }

    fn renew(&mut self, setup: &Setup) {
        self.keys.clone_from(&setup.keys);
    }

    fn opened(&mut self, now: UnixMs, _: &mut Output) {
        self.now = now;
        self.stage = Stage::Greeting;
        self.pending.clear();
        self.answer_ms = ANSWER_MS;
        self.order = Order::Known;
        self.doubts = 0;
        for (_, entry) in self.wanted.iter_mut() {
            let halt = entry.state.halt.map(Halt::doubted);
            self.doubts += usize::from(halt.is_some());
            entry.state = Known {
                halt,
                ..Known::default()
            };
        }
    }

    fn message(&mut self, message: Incoming<'_>, now: UnixMs, output: &mut Output) {
        self.now = now;
        let elements = match reading::text_of(message)
            .and_then(|text| reading::elements(text, "a list of messages"))
        {
            Ok(elements) => elements,
            Err(rejection) => {
                output.reject(rejection);
                // Nobody knows what it was about.
                self.lose_order();
                return self.doubt_all_books(output);
            }
        };
        for element in elements {
            if let Err(mut rejection) = self.take(element, output) {
                let named = reading::text_field(element.get(), "S");
                let entry = named.as_ref().and_then(|name| self.wanted.get(name));
                let symbol = entry.map(|entry| entry.id);
                rejection.symbol = entry.map(|entry| entry.symbol.clone());
                output.reject(rejection);
                let kind = reading::text_field(element.get(), "T");
                if matches!(kind.as_deref(), None | Some("subscription" | "error")) {
                    self.lose_order();
                }
                if kind.as_deref() == Some("o") {
                    match (named, symbol) {
                        (None, _) => self.doubt_all_books(output),
                        (Some(_), Some(symbol)) => self.doubt_books(&[symbol], output),
                        (Some(_), None) => {}
                    }
                }
            }
        }
    }

    fn kept(&self, symbol: Option<SymbolId>) -> Value {
        symbol.map_or_else(|| self.connection_kept(), |id| self.wanted.kept(id))
    }

    fn keep(
        &mut self,
        symbol: Option<SymbolId>,
        kept: Value,
        _: &mut Output,
    ) -> Result<(), Rejection> {
        match symbol {
            Some(id) => {
                self.wanted.keep(id, kept)?;
                let halt = self.wanted.entry(id).and_then(|entry| entry.state.halt);
                self.doubts += usize::from(halt.is_some_and(|halt| halt.is_doubted));
                Ok(())
            }
            None => self.keep_connection(kept),
        }
    }

    fn tick(&mut self, now: UnixMs, output: &mut Output) {
        self.now = now;
        self.look_for_answers(output);
        self.resync_due(output);
    }

    fn paused(&mut self, ms: i64) {
        self.awaited_since = self.awaited_since.plus_ms(ms);
        if let Order::Lost { until } = &mut self.order {
            *until = until.plus_ms(ms);
        }
    }

    fn subscribe(&mut self, symbols: &[(Symbol, SymbolId)], output: &mut Output) {
        let feed = self.feed;
        let added = self.wanted.add(symbols, output, |symbol| {
            (feed.wire(symbol), Known::default())
        });
        if self.stage == Stage::Ready {
            self.ask_for(&added, output);
        }
    }

    fn unsubscribe(&mut self, symbols: &[(Symbol, SymbolId)], output: &mut Output) {
        let removed = self.wanted.remove_all(symbols);
        if self.stage != Stage::Ready {
            return;
        }
        let bytes = |name: &str| (name.len() + 3) * self.channels.len().max(1);
        let longest = removed.iter().map(|name| bytes(name)).max().unwrap_or(1);
        for part in removed.chunks((REQUEST_BYTES_MAX / longest).max(1)) {
            let names: Vec<&str> = part.iter().map(AsRef::as_ref).collect();
            output.send(request("unsubscribe", &self.channels, &names));
            self.await_answer(self.channels.clone(), Vec::new());
        }
    }

    fn ask_past(&self, symbol: SymbolId, page: &Page) -> Option<PageRequest> {
        self.page_request(symbol, page)
    }

    fn read_past(&self, _: SymbolId, body: &[u8]) -> Result<Vec<PastBar>, Rejection> {
        past::bars(reading::text_of(Incoming::Binary(body))?)
    }

    fn resync(&mut self, symbol: SymbolId, output: &mut Output) {
        if self.stage == Stage::Ready && self.has_books() {
            self.lose_book(symbol, output);
            if let Some(entry) = self.wanted.entry_mut(symbol) {
                entry.state.resync_at = Some(self.now);
            }
            self.resync_due(output);
        }
    }
}
