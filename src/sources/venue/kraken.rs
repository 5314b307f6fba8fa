//! `kraken:`: Kraken's spot market over its websocket, version 2. No key is needed.
//!
//! - Bars: the `ohlc` channel. A row replaces the one before with the same beginning; no row says that it is the last.
//! - Bars from before (`backfill=`): the last 720 of the interval at the most, over HTTP.
//! - Quotes: `ticker`, at every change of the best bid and ask. Its volume is of the last 24 hours.
//! - Trades: `trade`. The last fifty, which come first, are old news on the first connection and are left out; on a
//!   later one those are taken that came while there was no connection.
//! - Books: `book`, cut to the depth and proved by a checksum with every change; what went wrong with one symbol is
//!   mended by subscribing that symbol's book again.

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

use serde::{Deserialize, Serialize};

use crate::decode::Rejection;
use crate::domain::bar::PastBar;
use crate::domain::event::{DataService, ServiceSet};
use crate::domain::source::Delivery;
use crate::domain::symbol::{Symbol, SymbolId};
use crate::domain::time::{MINUTE_MS, SessionCalendar, Timeframe, UnixMs};
use crate::sources::kind::{Example, OptionValue, Rest, SourceKind, SourceOption};

use super::backfill::{Page, PageRequest};
use super::chain::Chain;
use super::options::{self, Setup, Venue};
use super::patience::Patience;
use super::reading::{read, text_of};
use super::wanted::Wanted;
use super::{Connect, Incoming, Limits, Output, Protocol, pairs};

use control::send;
use frames::Frame;

/// The depths that there are, as an option names them and as numbers.
const DEPTH: SourceOption = SourceOption {
    value: OptionValue::Choice(&["10", "25", "100", "500", "1000"]),
    default: "the least that is enough for levels=",
    ..options::DEPTH
};
const DEPTHS: [u32; 5] = [10, 25, 100, 500, 1000];

/// The kind as the registry knows it.
pub const KIND: SourceKind = SourceKind {
    name: "kraken",
    schemes: &[],
    summary: "Kraken's spot market: bars, quotes, books with checksums, trades; no key needed",
    rest: Rest::Options,
    options: &options::all(DEPTH, options::INTERVAL),
    examples: &[
        Example {
            spec: "kraken:",
            effect: "everything that Kraken gives, for the symbols of --symbols BTC/USD,ETH/USD",
        },
        Example {
            spec: "kraken:?services=LEVEL2&depth=100&levels=25",
            effect: "books alone, a hundred levels deep, the best 25 of each side in results",
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
    socket_url: "wss://ws.kraken.com/v2",
    rest_url: Some("https://api.kraken.com"),
    keys: &[],
    services: |_| ServiceSet::of(SERVICES),
    calendar: |_| SessionCalendar::UtcDay,
    intervals: &Timeframe::ALL,
    limits: |_| Limits {
        symbols_per_connection: 500,
        connections: 4,
        sends: (5, std::time::Duration::from_secs(1)),
        // About 150 attempts in ten minutes are taken before an address is shut out for ten.
        attempts: (60, std::time::Duration::from_secs(600)),
        ..Limits::default()
    },
    bars_grow: |_| true,
    protocol: |setup| Ok(Box::new(Kraken::new(setup))),
};

const SERVICES: &[DataService] = &[
    DataService::Ohlcv,
    DataService::Level1,
    DataService::Level2,
    DataService::TimeAndSales,
];
/// Symbols in one request.
const BATCH: usize = 100;
/// Requests that are remembered, to know what an answer is to.
const REQUESTS_MAX: usize = 1024;
/// A ping is sent when nothing has come for so long, in milliseconds; after about 60 s the venue hangs up.
const IDLE_MS: i64 = 30_000;
/// What has not been confirmed for so long, in milliseconds, is asked for again.
const UNCONFIRMED_MS: i64 = 10_000;

/// A channel of the venue's.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
enum Channel {
    Trade,
    Ohlc,
    Ticker,
    Book,
}

impl Channel {
    const ALL: [Self; 4] = [Self::Trade, Self::Ohlc, Self::Ticker, Self::Book];

    fn name(self) -> &'static str {
        match self {
            Self::Trade => "trade",
            Self::Ohlc => "ohlc",
            Self::Ticker => "ticker",
            Self::Book => "book",
        }
    }

    fn from_name(name: &str) -> Option<Self> {
        Self::ALL.into_iter().find(|channel| channel.name() == name)
    }

    fn bit(self) -> u8 {
        1 << self as u8
    }
}

/// What is kept for a symbol.
#[derive(Debug, Default, Serialize, Deserialize)]
#[serde(default)]
struct State {
    /// Channels that have not been confirmed on this connection.
    pending: u8,
    is_confirmed: bool,
    is_refused: bool,
    /// Whether the whole book has come: before it, changes mean nothing.
    is_book_whole: bool,
    /// When the book is to be asked for anew.
    resync_at: Option<UnixMs>,
    patience: Patience,
    /// The newest trade, and bar, so far.
    trades: Chain,
    last_bar: Option<UnixMs>,
    /// The same when the connection was opened.
    seen_trade: Option<u64>,
    seen_bar: Option<UnixMs>,
}

/// A request that is under way.
struct Pending {
    id: u64,
    channel: Channel,
    symbols: Vec<SymbolId>,
}

/// The protocol.
struct Kraken {
    socket_url: String,
    channels: Vec<Channel>,
    depth: u32,
    interval_minutes: i64,
    wanted: Wanted<State>,
    requests: VecDeque<Pending>,
    last_request: u64,
    is_open: bool,
    now: UnixMs,
    heard_at: UnixMs,
    pinged_at: UnixMs,
    /// When what is not confirmed is asked for again.
    repeat_at: UnixMs,
    repeat_wait_ms: i64,
    /// The exchange's state when it is not open for trading as usual.
    trouble: Option<String>,
}

impl Kraken {
    fn new(setup: &Setup) -> Self {
        let levels = setup.products.levels;
        let enough = || DEPTHS.into_iter().find(|depth| *depth >= levels);
        let depth = setup.depth.or_else(enough).unwrap_or(1000);
        Self {
            socket_url: setup.socket_url.clone(),
            channels: setup.channels(Channel::ALL),
            depth,
            interval_minutes: setup.products.interval.ms() / MINUTE_MS,
            wanted: Wanted::new(),
            requests: VecDeque::new(),
            last_request: 0,
            is_open: false,
            now: UnixMs(0),
            heard_at: UnixMs(0),
            pinged_at: UnixMs(0),
            repeat_at: UnixMs(0),
            repeat_wait_ms: UNCONFIRMED_MS,
            trouble: None,
        }
    }

    fn new_state(&self) -> State {
        State {
            pending: self
                .channels
                .iter()
                .fold(0, |all, channel| all | channel.bit()),
            ..State::default()
        }
    }
}

impl Protocol for Kraken {
    fn connect(&mut self) -> Connect {
        self.is_open = false;
        Connect::to(&self.socket_url)
    }

    fn opened(&mut self, now: UnixMs, output: &mut Output) {
        self.is_open = true;
        (self.now, self.heard_at, self.pinged_at) = (now, now, now);
        self.requests.clear();
        self.expect_confirmations();
        let fresh = self.new_state().pending;
        for (_, entry) in self.wanted.iter_mut() {
            entry.state = State {
                pending: fresh,
                trades: entry.state.trades,
                last_bar: entry.state.last_bar,
                seen_trade: entry.state.trades.last(),
                seen_bar: entry.state.last_bar,
                ..State::default()
            };
        }
        let all: Vec<SymbolId> = self.wanted.ids();
        self.call_all(&all, output);
    }

    fn message(&mut self, message: Incoming<'_>, now: UnixMs, output: &mut Output) {
        (self.now, self.heard_at) = (now, now);
        let taken = text_of(message)
            .and_then(|text| read::<Frame<'_>>(text, "a frame"))
            .and_then(|frame| {
                if frame.channel.is_some() {
                    self.data(&frame, output)
                } else if let Some(complaint) = &frame.complaint {
                    self.complaint(complaint, output);
                    Ok(())
                } else {
                    self.answered(&frame, output)
                }
            });
        if let Err(rejection) = taken {
            output.reject(rejection);
        }
    }

    fn subscribe(&mut self, symbols: &[(Symbol, SymbolId)], output: &mut Output) {
        let pending = self.new_state().pending;
        let added = self.wanted.add(symbols, output, |symbol| {
            let state = State {
                pending,
                ..State::default()
            };
            (pairs::kraken(symbol.as_str()), state)
        });
        if self.is_open && !added.is_empty() {
            self.expect_confirmations();
            self.call_all(&added, output);
        }
    }

    fn unsubscribe(&mut self, symbols: &[(Symbol, SymbolId)], output: &mut Output) {
        if self.is_open {
            let gone = self.wanted.known(symbols);
            for channel in self.channels.clone() {
                self.call("unsubscribe", channel, &gone, output);
            }
        }
        self.wanted.remove_all(symbols);
    }

    fn resync(&mut self, symbol: SymbolId, output: &mut Output) {
        self.begin_book(symbol, output);
    }

    fn paused(&mut self, ms: i64) {
        self.repeat_at = self.repeat_at.plus_ms(ms);
    }

    fn ask_past(&self, symbol: SymbolId, page: &Page) -> Option<PageRequest> {
        self.page_request(symbol, page)
    }

    fn read_past(&self, _: SymbolId, body: &str) -> Result<Vec<PastBar>, Rejection> {
        past::bars(body)
    }

    fn tick(&mut self, now: UnixMs, output: &mut Output) {
        self.now = now;
        if !self.is_open {
            return;
        }
        self.resync_due(output);
        self.repeat(output);
        let quiet_since = self.heard_at.max(self.pinged_at);
        if now.0.saturating_sub(quiet_since.0) >= IDLE_MS {
            self.pinged_at = now;
            let id = self.next_request();
            send("ping", None, id, output);
        }
    }
}
