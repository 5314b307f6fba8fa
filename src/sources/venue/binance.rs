//! `binance:`: Binance's spot market over its combined streams. No key is needed.
//!
//! - Bars: `kline`. One is given out again and again until it is over, which the last one says; each takes the place of
//!   the one before.
//! - Bars from before (`backfill=`): `klines` over HTTP, a thousand at a time.
//! - Quotes: `bookTicker`. It carries neither a time nor the last trade: the time of a quote is when it was
//!   received.
//! - Trades: `trade`.
//! - Books: `depth@100ms`, on top of a whole book that is fetched over HTTP; the chain of update numbers is followed, and
//!   a break mends that symbol alone. The time of the whole book is when it was received, that of a change is the venue's.
//!
//! A stream that does not exist is confirmed like any other and stays silent, so a symbol from which nothing comes is
//! looked up over HTTP.

mod answers;
mod book;
mod control;
mod data;
mod frames;
mod kept;
mod past;
#[cfg(test)]
mod tests;
mod usual;

use std::collections::VecDeque;
use std::time::Duration;

use serde::{Deserialize, Serialize};

use crate::decode::Rejection;
use crate::domain::bar::PastBar;
use crate::domain::event::{DataService, ServiceSet};
use crate::domain::outcome::ErrorKind;
use crate::domain::source::Delivery;
use crate::domain::symbol::{Symbol, SymbolId};
use crate::domain::time::{SessionCalendar, Timeframe, UnixMs};
use crate::sources::kind::{Example, Rest, SourceKind, SourceOption};

use super::backfill::{Page, PageRequest};
use super::chain::Chain;
use super::options::{self, OptionProblem, Setup, Venue};
use super::reading::{read, text_of};
use super::wanted::Wanted;
use super::{Answer, Connect, Ending, Incoming, Limits, Next, Output, Protocol, pairs};

use book::Sync;
use frames::Frame;

/// How deep a book begins.
const DEPTH: SourceOption = SourceOption {
    default: "1000",
    summary: "Levels of each side that a book begins with; 100, 500, 1000 or 5000 are asked for, whichever is enough; \
              by default fewer where there are more than 60 symbols",
    ..options::DEPTH
};

/// The kind as the registry knows it.
pub const KIND: SourceKind = SourceKind {
    name: "binance",
    schemes: &[],
    summary: "Binance's spot market: bars, quotes, books followed by number, trades; no key needed",
    rest: Rest::Options,
    options: &options::all(DEPTH, options::INTERVAL),
    examples: &[
        Example {
            spec: "binance:",
            effect: "everything that Binance gives, for the symbols of --symbols BTCUSDT,ETHUSDT",
        },
        Example {
            spec: "binance:?services=LEVEL2,TIMESALE&depth=5000",
            effect: "trades, and books that begin with 5000 levels of each side",
        },
    ],
    services: SERVICES,
    delivery: Delivery::Live,
    check: |spec| VENUE.check(spec),
    open: |spec, context| VENUE.open(spec, context),
};

/// The venue.
pub static VENUE: Venue = Venue {
    kind: &KIND,
    socket_url: "wss://data-stream.binance.vision/stream",
    rest_url: Some("https://data-api.binance.vision"),
    keys: &[],
    services: |_| ServiceSet::of(SERVICES),
    calendar: |_| SessionCalendar::UtcDay,
    intervals: &Timeframe::ALL,
    limits,
    bars_grow: |_| true,
    protocol: |setup| Ok(Box::new(Binance::new(setup)?)),
};

const SERVICES: &[DataService] = &[
    DataService::Ohlcv,
    DataService::Level1,
    DataService::Level2,
    DataService::TimeAndSales,
];
/// Streams on one connection.
const STREAMS_MAX: usize = 1024;
/// Streams in one request.
const BATCH_STREAMS: usize = 60;
/// Requests that are remembered, to know what an answer is to.
const REQUESTS_MAX: usize = 1024;
/// How large a book can be asked for, and the weight of asking.
const BOOK_LIMITS: [(u32, u32); 4] = [(100, 5), (500, 25), (1000, 50), (5000, 250)];
/// Up to so many symbols of a connection begin with that many levels of each side: their books are there within a minute
/// or so, by the weight that may be used. More begin with fewer, and are asked for again when those are used up.
const LEVELS_BY_SYMBOLS: [(usize, u32); 2] = [(60, 1000), (120, 500)];
/// A symbol from which nothing has come for so long, in milliseconds, is looked up.
const SILENT_MS: i64 = 5000;
/// What has not been confirmed for so long, in milliseconds, is asked for again.
const UNCONFIRMED_MS: i64 = 15_000;

fn limits(setup: &Setup) -> Limits {
    let streams = streams(setup).len().max(1);
    Limits {
        symbols_per_connection: STREAMS_MAX / streams,
        connections: 5,
        // Five a second with pings and pongs.
        sends: (4, Duration::from_secs(1)),
        // 300 in five minutes are allowed for one address.
        attempts: (100, Duration::from_secs(300)),
        // 6000 are allowed for one address.
        request_weight_per_minute: 3000,
        // The venue pings every 20 s.
        silence: Duration::from_secs(50),
        ping: None,
        // It cuts after 24 hours.
        lifetime: Some(Duration::from_secs(23 * 3600 + 50 * 60)),
        ..Limits::default()
    }
}

/// The limit, and its weight, with which so many levels can be asked for.
fn book_request(levels: u32) -> Option<(u32, u32)> {
    BOOK_LIMITS.into_iter().find(|(limit, _)| *limit >= levels)
}

/// What stands behind a symbol's name in the names of its streams.
fn streams(setup: &Setup) -> Vec<String> {
    setup.channels([
        "trade".to_owned(),
        format!("kline_{}", setup.products.interval.label()),
        "bookTicker".to_owned(),
        "depth@100ms".to_owned(),
    ])
}

/// What is kept for a symbol.
#[derive(Debug, Default, Serialize, Deserialize)]
#[serde(default)]
struct State {
    is_confirmed: bool,
    is_refused: bool,
    /// Whether data has come on this connection.
    is_heard: bool,
    /// When it was looked up because nothing came.
    looked_up_at: Option<UnixMs>,
    /// When it was asked for.
    asked_at: UnixMs,
    sync: Sync,
    trades: Chain,
}

/// A request that is under way.
struct Pending {
    id: u64,
    symbols: Vec<SymbolId>,
}

/// The protocol.
struct Binance {
    socket_url: String,
    streams: Vec<String>,
    interval: Timeframe,
    has_books: bool,
    /// Levels of each side with which books begin; `None` as many as can be had soon.
    book_levels: Option<u32>,
    /// Levels of each side that are shown.
    levels: u32,
    wanted: Wanted<State>,
    requests: VecDeque<Pending>,
    last_request: u64,
    is_open: bool,
    now: UnixMs,
}

impl Binance {
    fn new(setup: &Setup) -> Result<Self, OptionProblem> {
        let levels = setup.products.levels;
        if book_request(setup.depth.unwrap_or(levels)).is_none() {
            return Err(OptionProblem {
                option: "depth",
                reason: "is more than the 5000 levels that Binance gives".to_owned(),
            });
        }
        Ok(Self {
            socket_url: setup.socket_url.clone(),
            streams: streams(setup),
            interval: setup.products.interval,
            has_books: setup.has(DataService::Level2),
            book_levels: setup.depth,
            levels,
            wanted: Wanted::new(),
            requests: VecDeque::new(),
            last_request: 0,
            is_open: false,
            now: UnixMs(0),
        })
    }

    fn take(&mut self, text: &str, output: &mut Output) -> Result<(), Rejection> {
        if self.data_at_once(text, output) {
            return Ok(());
        }
        let frame: Frame<'_> = read(text, "a message")?;
        if let Some(stream) = &frame.stream {
            self.data(stream, &frame, output)
        } else if frame.event.as_deref() == Some("serverShutdown") {
            output.end(shutdown());
            Ok(())
        } else if frame.id.is_some() || frame.code.is_some() || frame.error.is_some() {
            self.answered(&frame, output)
        } else {
            output.ignored += 1;
            Ok(())
        }
    }
}

impl Protocol for Binance {
    fn connect(&mut self) -> Connect {
        self.is_open = false;
        Connect::to(&self.socket_url)
    }

    fn opened(&mut self, now: UnixMs, output: &mut Output) {
        self.is_open = true;
        self.now = now;
        self.requests.clear();
        for (_, entry) in self.wanted.iter_mut() {
            let mut sync = std::mem::take(&mut entry.state.sync);
            sync.begin_connection();
            entry.state = State {
                asked_at: now,
                sync,
                trades: entry.state.trades,
                ..State::default()
            };
        }
        let all: Vec<SymbolId> = self.wanted.ids();
        self.call("SUBSCRIBE", &all, output);
    }

    fn message(&mut self, message: Incoming<'_>, now: UnixMs, output: &mut Output) {
        self.now = now;
        if let Err(rejection) = text_of(message).and_then(|text| self.take(text, output)) {
            output.reject(rejection);
        }
    }

    fn answer(&mut self, answer: &Answer<'_>, now: UnixMs, output: &mut Output) {
        self.now = now;
        self.take_answer(answer, output);
    }

    fn subscribe(&mut self, symbols: &[(Symbol, SymbolId)], output: &mut Output) {
        let now = self.now;
        let added = self.wanted.add(symbols, output, |symbol| {
            let state = State {
                asked_at: now,
                ..State::default()
            };
            (pairs::binance(symbol.as_str()), state)
        });
        if self.is_open {
            self.call("SUBSCRIBE", &added, output);
        }
    }

    fn unsubscribe(&mut self, symbols: &[(Symbol, SymbolId)], output: &mut Output) {
        if self.is_open {
            let gone = self.wanted.known(symbols);
            self.call("UNSUBSCRIBE", &gone, output);
        }
        self.wanted.remove_all(symbols);
    }

    fn resync(&mut self, symbol: SymbolId, output: &mut Output) {
        let (has_books, is_open, now) = (self.has_books, self.is_open, self.now);
        let Some(entry) = self.wanted.entry_mut(symbol).filter(|_| has_books) else {
            return;
        };
        output.lose_book(symbol);
        // A book that is not live is begun anew already.
        entry.state.sync.give_up_changes();
        if is_open && entry.state.sync.is_live() {
            entry.state.sync.begin(now);
            self.fetch_due(output);
        }
    }

    fn tick(&mut self, now: UnixMs, output: &mut Output) {
        self.now = now;
        if self.is_open {
            self.look_after_symbols(output);
            self.fetch_due(output);
        }
    }

    fn paused(&mut self, ms: i64) {
        for (_, entry) in self.wanted.iter_mut() {
            entry.state.asked_at = entry.state.asked_at.plus_ms(ms);
        }
    }

    fn ask_past(&self, symbol: SymbolId, page: &Page) -> Option<PageRequest> {
        self.page_request(symbol, page)
    }

    fn read_past(&self, _: SymbolId, body: &str) -> Result<Vec<PastBar>, Rejection> {
        past::bars(body)
    }

    fn closed(&mut self, code: u16, reason: &str) -> Ending {
        let ending = Ending::of_close(code, reason);
        if code != 1008 {
            return ending;
        }
        // There is no key whose rights could be in question: too much was sent.
        Ending {
            kind: ErrorKind::RateLimited,
            next: Next::RetryAfter(Duration::from_secs(30)),
            ..ending
        }
    }

    fn refused(&mut self, status: u16, has_key: bool) -> Ending {
        if status == 451 {
            let message = "Binance does not serve the place that this connection comes from (HTTP 451); \
                           where Binance.US does, give its addresses as url= and rest_url=";
            return Ending::never(ErrorKind::ConnectionError, message);
        }
        Ending::of_status(status, has_key)
    }
}

/// The venue has announced that this connection ends.
fn shutdown() -> Ending {
    Ending {
        kind: ErrorKind::ConnectionError,
        message: "Binance is about to end the connection (serverShutdown)".to_owned(),
        next: Next::AtOnce,
    }
}
