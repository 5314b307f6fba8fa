//! `coinbase:`: Coinbase's market over the Advanced Trade websocket. No key is needed.
//!
//! - Bars: there are only those of five minutes (`candles`, with `interval=5m`); without that, one-minute bars are built
//!   from trades.
//! - Bars from before (`backfill=`): `candles` over HTTP, which have one-minute bars too.
//! - Quotes: `ticker`. Its volume is of the last 24 hours; its time is the frame's.
//! - Trades: `market_trades`. The venue tells the side of the resting order, and results the other, which took the
//!   initiative. The trades that come first are old news on the first connection and are left out; on a later one those
//!   are taken that came while there was no connection.
//! - Books: `level2`, which comes as `l2_data`: every level of the book. Frames of all channels are counted by one
//!   number; when one is missing, the books begin anew on the same connection, and everything else goes on.

mod book;
mod control;
mod data;
mod frames;
mod past;
#[cfg(test)]
mod tests;

use std::time::Duration;

use serde::{Deserialize, Serialize};
use serde_json::Value;

use crate::decode::Rejection;
use crate::domain::bar::PastBar;
use crate::domain::event::{DataService, ServiceSet};
use crate::domain::source::Delivery;
use crate::domain::symbol::{Symbol, SymbolId};
use crate::domain::time::{SessionCalendar, Timeframe, UnixMs};
use crate::sources::kind::{Example, Rest, SourceKind};

use super::backfill::{Page, PageRequest};
use super::chain::Chain;
use super::kept::{self, Kept, States};
use super::options::{self, Setup, Venue};
use super::patience::Patience;
use super::reading::{read, text_of};
use super::wanted::Wanted;
use super::{Connect, Incoming, Limits, Output, Protocol, pairs};

use control::send;
use frames::Frame;

/// The kind as the registry knows it.
pub const KIND: SourceKind = SourceKind {
    name: "coinbase",
    schemes: &[],
    summary: "Coinbase Advanced Trade: quotes, whole books, trades, and bars built from them or of five minutes; no key needed",
    rest: Rest::Options,
    options: &options::all(options::WHOLE_DEPTH, options::INTERVAL),
    examples: &[
        Example {
            spec: "coinbase:",
            effect: "everything that Coinbase gives, for the symbols of --symbols BTC-USD,ETH-USD",
        },
        Example {
            spec: "coinbase:?services=OHLCV&interval=5m",
            effect: "the venue's own bars of five minutes, and nothing else",
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
    socket_url: "wss://advanced-trade-ws.coinbase.com",
    rest_url: Some("https://api.coinbase.com"),
    keys: &[],
    services: |_| ServiceSet::of(SERVICES),
    calendar: |_| SessionCalendar::UtcDay,
    intervals: &[Timeframe::M5],
    limits: |_| Limits {
        symbols_per_connection: 200,
        connections: 5,
        // Eight a second are taken from one address: as many as come when one second's are late.
        sends: (4, Duration::from_secs(1)),
        shares_sends: true,
        // Heartbeats come every second.
        silence: Duration::from_secs(15),
        // Ten a second are taken from one address.
        request_weight_per_minute: 300,
        ..Limits::default()
    },
    bars_grow: |_| true,
    protocol: |setup| Ok(Box::new(Coinbase::new(setup))),
};

const SERVICES: &[DataService] = &[
    DataService::Ohlcv,
    DataService::Level1,
    DataService::Level2,
    DataService::TimeAndSales,
];
/// Products in one request.
const BATCH: usize = 200;
/// What has not been confirmed for so long, in milliseconds, is asked for again.
const UNCONFIRMED_MS: i64 = 5000;
/// After a complaint that names nobody it is asked for again sooner.
const COMPLAINED_MS: i64 = 1000;
/// A symbol that has not been confirmed after being asked for so often is refused.
const ATTEMPTS_MAX: u32 = 3;
/// Symbols in a request that asks for the second time; the third asks for each by itself.
const BATCH_AGAIN: usize = 15;

/// A channel of the venue's.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Channel {
    Heartbeats,
    MarketTrades,
    Candles,
    Ticker,
    Level2,
}

impl Channel {
    fn name(self) -> &'static str {
        match self {
            Self::Heartbeats => "heartbeats",
            Self::MarketTrades => "market_trades",
            Self::Candles => "candles",
            Self::Ticker => "ticker",
            Self::Level2 => "level2",
        }
    }

    fn bit(self) -> u8 {
        1 << self as u8
    }
}

/// What is kept for a symbol.
#[derive(Debug, Default, Serialize, Deserialize)]
#[serde(default)]
struct State {
    /// The name under which it is asked for; the data's may be another.
    asked_as: String,
    /// Whether any channel has been confirmed.
    is_confirmed: bool,
    /// The channels that have been asked for and not been confirmed, by their bits.
    pending: u8,
    is_refused: bool,
    /// How often it was asked for on this connection.
    attempts: u32,
    /// When that was last.
    asked_at: UnixMs,
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

/// What is kept of the connection.
#[derive(Debug, Default, Serialize, Deserialize)]
#[serde(default)]
struct Connection {
    /// The number of the last frame.
    last_sequence: Option<u64>,
    /// When what is not confirmed is asked for again.
    repeat_at: UnixMs,
    /// How long it waited for that, in milliseconds.
    repeat_wait_ms: i64,
    /// What the venue complained of last.
    complaint: Option<String>,
    /// Whether that was how much is asked for: nobody knows what it has left out.
    is_limited: bool,
    /// Whether heartbeats come.
    is_beating: bool,
}

/// The protocol.
struct Coinbase {
    socket_url: String,
    channels: Vec<Channel>,
    interval: Timeframe,
    wanted: Wanted<State>,
    connection: Connection,
    is_open: bool,
    now: UnixMs,
}

impl Coinbase {
    fn new(setup: &Setup) -> Self {
        Self {
            socket_url: setup.socket_url.clone(),
            channels: setup.channels([
                Channel::MarketTrades,
                Channel::Candles,
                Channel::Ticker,
                Channel::Level2,
            ]),
            interval: setup.products.interval,
            wanted: Wanted::new(),
            connection: Connection::default(),
            is_open: false,
            now: UnixMs(0),
        }
    }

    fn has_books(&self) -> bool {
        self.channels.contains(&Channel::Level2)
    }
}

impl Kept for Coinbase {
    fn connection_kept(&self) -> Value {
        kept::written(&self.connection)
    }

    fn keep_connection(&mut self, known: Value) -> Result<(), Rejection> {
        self.connection = kept::read(known)?;
        Ok(())
    }

    fn states(&mut self) -> Option<&mut dyn States> {
        Some(&mut self.wanted)
    }
}

impl Protocol for Coinbase {
    fn connect(&mut self) -> Connect {
        self.is_open = false;
        Connect::to(&self.socket_url)
    }

    fn opened(&mut self, now: UnixMs, output: &mut Output) {
        self.is_open = true;
        self.now = now;
        self.connection = Connection::default();
        self.expect_confirmations();
        for (_, entry) in self.wanted.iter_mut() {
            let state = &mut entry.state;
            *state = State {
                asked_as: std::mem::take(&mut state.asked_as),
                trades: state.trades,
                last_bar: state.last_bar,
                seen_trade: state.trades.last(),
                seen_bar: state.last_bar,
                ..State::default()
            };
        }
        // A connection on which nothing is asked for within five seconds is closed.
        send("subscribe", Channel::Heartbeats, &[], output);
        let all: Vec<SymbolId> = self.wanted.ids();
        self.call_all(&all, output);
    }

    fn message(&mut self, message: Incoming<'_>, now: UnixMs, output: &mut Output) {
        self.now = now;
        let taken = text_of(message)
            .and_then(|text| read::<Frame<'_>>(text, "a frame"))
            .and_then(|frame| {
                if let Some(channel) = &frame.channel {
                    return self.data(channel, &frame, output);
                }
                if frame.kind.as_deref() != Some("error") {
                    output.ignored += 1;
                    return Ok(());
                }
                let words = frame.message.as_deref();
                let words =
                    words.ok_or_else(|| Rejection::schema("an error: missing field `message`"))?;
                self.complained(words, output);
                Ok(())
            });
        if let Err(rejection) = taken {
            output.reject(rejection);
        }
    }

    fn subscribe(&mut self, symbols: &[(Symbol, SymbolId)], output: &mut Output) {
        let added = self.wanted.add(symbols, output, |symbol| {
            let asked_as = pairs::coinbase(symbol.as_str());
            let name = pairs::coinbase_answer(&asked_as).into_owned();
            let state = State {
                asked_as,
                ..State::default()
            };
            (name, state)
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
        self.connection.repeat_at = self.connection.repeat_at.plus_ms(ms);
    }

    fn ask_past(&self, symbol: SymbolId, page: &Page) -> Option<PageRequest> {
        self.page_request(symbol, page)
    }

    fn read_past(&self, _: SymbolId, body: &str) -> Result<Vec<PastBar>, Rejection> {
        past::bars(body)
    }

    fn tick(&mut self, now: UnixMs, output: &mut Output) {
        self.now = now;
        if self.is_open {
            self.resync_due(output);
            self.repeat(output);
        }
    }
}
