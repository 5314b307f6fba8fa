//! Alpaca market data: stocks (`alpaca:iex`, `sip`, `delayed_sip`, `test`), `alpaca:crypto` and `alpaca:news`.
//!
//! Every frame is a list. After `connected` the keys are sent, after `authenticated` the symbols are asked for, for all
//! channels at once. The venue answers each request in order, with the whole set of what is subscribed or with an
//! error; a request that it refuses is cut in halves until only the symbols are left that it does not want.
//!
//! - OHLCV: `bars` (after each minute) and `updatedBars` (half a minute later, when a late trade has changed the last
//!   one: the same time again, which replaces it).
//! - LEVEL1: `quotes`, with sizes as they come, which for stocks is in round lots; `dailyBars`, sent every minute with
//!   the day's running totals, give `volume`, and `last` where trades are not asked for; `statuses` and `lulds` give halts and price limits.
//! - TIMESALE: `trades`; corrections and cancels come along by themselves.
//! - LEVEL2: `orderbooks`, of crypto alone.
//! - NEWS: of `alpaca:news` alone; one event for each subscribed symbol that a headline names.

mod messages;
#[cfg(test)]
mod tests;

use std::collections::VecDeque;
use std::time::Duration;

use secrecy::{ExposeSecret, SecretString};
use serde_json::value::RawValue;

use self::messages::Control;
use super::frame::{self, OPTIONS};
use super::options::{Key, OptionProblem, Setup, Venue};
use super::wanted::Wanted;
use super::{Connect, Ending, Endpoint, Incoming, Limits, Next, Notice, Output, Protocol};
use crate::decode::Rejection;
use crate::decode::conditions::TradeHours;
use crate::domain::event::{DataService, ServiceSet};
use crate::domain::outcome::{ErrorInstance, ErrorKind};
use crate::domain::source::Delivery;
use crate::domain::symbol::{Symbol, SymbolId};
use crate::domain::time::{SessionCalendar, Timeframe, UnixMs};
use crate::sources::kind::{Example, Rest, SourceKind};

/// The kind as the registry knows it.
pub const KIND: SourceKind = SourceKind {
    name: "alpaca",
    summary: "Alpaca market data: US stocks, crypto or news, with the account's keys",
    rest: Rest::Required("iex|sip|delayed_sip|test|crypto|news"),
    options: OPTIONS,
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
    rest_url: None,
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
    calendar: SessionCalendar::UsEquities,
    intervals: &[Timeframe::M1],
    limits: |_| Limits {
        symbols_per_connection: usize::MAX,
        connections: 1,
        ping: Some(Duration::from_secs(10)),
        ..Limits::default()
    },
    protocol: |setup| Ok(Box::new(Alpaca::new(setup)?)),
};

/// Texts that are sent stay below this many bytes.
const REQUEST_BYTES_MAX: usize = 14_000;
/// How long the venue keeps a session whose connection was lost.
const OLD_SESSION: Duration = Duration::from_secs(10);

/// What a feed carries.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Feed {
    Stocks,
    /// The stream of one made-up stock, which has fewer channels.
    Test,
    Crypto,
    News,
}

impl Feed {
    fn of(name: &str) -> Option<(Self, String)> {
        match name {
            "iex" | "sip" | "delayed_sip" => Some((Self::Stocks, format!("/v2/{name}"))),
            "test" => Some((Self::Test, "/v2/test".to_owned())),
            "crypto" => Some((Self::Crypto, "/v1beta3/crypto/us".to_owned())),
            "news" => Some((Self::News, "/v1beta1/news".to_owned())),
            _ => None,
        }
    }

    fn services(self) -> ServiceSet {
        use DataService::{Level1, Level2, News, Ohlcv, TimeAndSales};
        match self {
            Self::Stocks | Self::Test => ServiceSet::of(&[Ohlcv, Level1, TimeAndSales]),
            Self::Crypto => ServiceSet::of(&[Ohlcv, Level1, Level2, TimeAndSales]),
            Self::News => ServiceSet::of(&[News]),
        }
    }

    fn is_stocks(self) -> bool {
        matches!(self, Self::Stocks | Self::Test)
    }

    /// The channels that give what is asked for.
    fn channels(self, setup: &Setup) -> Vec<&'static str> {
        let mut channels = Vec::new();
        if setup.needs_trades() {
            channels.push("trades");
        }
        if setup.has(DataService::Level1) {
            channels.push("quotes");
            match self {
                Self::Stocks => channels.extend(["dailyBars", "statuses", "lulds"]),
                Self::Crypto => channels.push("dailyBars"),
                Self::Test | Self::News => {}
            }
        }
        if setup.asks_for_bars() {
            channels.push("bars");
            if self != Self::Test {
                channels.push("updatedBars");
            }
        }
        if setup.has(DataService::Level2) {
            channels.push("orderbooks");
        }
        if setup.has(DataService::News) {
            channels.push("news");
        }
        channels
    }
}

/// How far a connection has come.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Stage {
    Closed,
    Greeting,
    LoggingIn,
    Ready,
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
    /// Each symbol, and whether the venue has confirmed it on this connection.
    wanted: Wanted<bool>,
    /// Requests that have not been answered, each with the symbols that it adds.
    pending: VecDeque<Vec<SymbolId>>,
    hours: TradeHours,
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
        let mut setup = setup.clone();
        let lacking: Vec<&str> = setup
            .services
            .iter()
            .filter(|service| !feed.services().has(*service))
            .map(DataService::name)
            .collect();
        if setup.services != ServiceSet::ALL && !lacking.is_empty() {
            let has: Vec<&str> = feed.services().iter().map(DataService::name).collect();
            return Err(OptionProblem {
                option: "services",
                reason: format!(
                    "asks for {}; alpaca:{} has {}",
                    lacking.join(", "),
                    setup.rest,
                    has.join(", ")
                ),
            });
        }
        setup.services = setup.services.and(feed.services());
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
            channels: feed.channels(&setup),
            takes_bars: setup.asks_for_bars(),
            takes_trades: setup.needs_trades(),
            keys: setup.keys,
            stage: Stage::Closed,
            wanted: Wanted::new(),
            pending: VecDeque::new(),
            hours: TradeHours::default(),
        })
    }

    /// The venue's name for a symbol.
    fn wire(&self, symbol: &Symbol) -> String {
        let upper = symbol.as_str().to_uppercase();
        if self.feed != Feed::Crypto || upper.contains('/') {
            return upper;
        }
        if upper.contains('-') {
            return upper.replacen('-', "/", 1);
        }
        let quoted = ["USDT", "USDC", "USD", "BTC"];
        let base = quoted
            .iter()
            .find_map(|quote| Some((upper.strip_suffix(quote)?, quote)))
            .filter(|(base, _)| !base.is_empty());
        match base {
            Some((base, quote)) => format!("{base}/{quote}"),
            None => upper,
        }
    }

    fn log_in(&mut self, output: &mut Output) {
        let key = |place: usize| {
            let key = self.keys.get(place).and_then(Option::as_ref);
            key.map_or("", ExposeSecret::expose_secret)
        };
        let text = serde_json::json!({"action": "auth", "key": key(0), "secret": key(1)});
        output.send_secret(text.to_string());
        self.stage = Stage::LoggingIn;
    }

    /// Asks for symbols, in as many texts as it takes.
    fn ask_for(&mut self, symbols: &[SymbolId], output: &mut Output) {
        let mut rest = symbols;
        while !rest.is_empty() {
            let mut bytes = 0;
            let fits = rest.iter().take_while(|id| {
                let name = self.wanted.wire(**id).map_or(0, str::len);
                bytes += (name + 3) * self.channels.len();
                bytes <= REQUEST_BYTES_MAX
            });
            let (now, later) = rest.split_at(fits.count().clamp(1, rest.len()));
            let names: Vec<&str> = now.iter().filter_map(|id| self.wanted.wire(*id)).collect();
            if !names.is_empty() {
                output.send(request("subscribe", &self.channels, &names));
                self.pending.push_back(now.to_vec());
            }
            rest = later;
        }
    }

    fn ask_for_all(&mut self, output: &mut Output) {
        let all: Vec<SymbolId> = self
            .wanted
            .in_order()
            .iter()
            .map(|(_, entry)| entry.id)
            .collect();
        self.ask_for(&all, output);
    }

    /// The venue refuses a request: the symbols that it would take all the same are asked for again, in halves.
    fn refuse(&mut self, reason: &str, output: &mut Output) {
        let mut symbols = self.pending.pop_front().unwrap_or_default();
        symbols.retain(|id| self.wanted.wire(*id).is_some());
        match symbols.as_slice() {
            [] => output.notices.push(Notice::Error(ErrorInstance::new(
                ErrorKind::ConfigError,
                format!("the venue refused a request: {reason}"),
            ))),
            [symbol] => output.notices.push(Notice::Refused {
                symbol: *symbol,
                reason: reason.to_owned(),
            }),
            several => {
                let (first, second) = several.split_at(several.len() / 2);
                self.ask_for(first, output);
                self.ask_for(second, output);
            }
        }
    }

    fn take(&mut self, element: &RawValue, output: &mut Output) -> Result<(), Rejection> {
        let text = element.get();
        let kind = match frame::leading(text, "T") {
            Some(kind) => kind.into(),
            None => messages::kind(text)?,
        };
        match &*kind {
            "success" => self.success(frame::read(text, "a success")?, output),
            "subscription" => self.subscription(&frame::read(text, "a subscription")?, output),
            "error" => self.error(&frame::read(text, "an error")?, output),
            _ => return self.data(&kind, text, output),
        }
        Ok(())
    }

    fn success(&mut self, control: Control<'_>, output: &mut Output) {
        match (self.stage, &*control.msg) {
            (Stage::Greeting, "connected") => self.log_in(output),
            (Stage::LoggingIn, "authenticated") => {
                self.stage = Stage::Ready;
                output.notices.push(Notice::Ready);
                self.ask_for_all(output);
            }
            _ => output.ignored += 1,
        }
    }

    /// The whole set of what is subscribed, whatever it was that was asked for.
    fn subscription(&mut self, subscription: &messages::Subscription<'_>, output: &mut Output) {
        self.pending.pop_front();
        for name in subscription.names() {
            if let Some(entry) = self.wanted.get_mut(name)
                && !entry.state
            {
                entry.state = true;
                output.notices.push(Notice::Subscribed(entry.id));
            }
        }
    }

    fn error(&mut self, error: &messages::Failure<'_>, output: &mut Output) {
        let said = frame::words(
            error.msg.as_deref().unwrap_or("no reason given"),
            &self.keys,
        );
        let said = format!("{said} (code {})", error.code);
        let is_ready = self.stage == Stage::Ready;
        match error.code {
            400 if is_ready => self.refuse(&format!("{said}; check how the symbol is written"), output),
            405 if is_ready => self.refuse(
                &format!("{said}: the plan allows no more symbols; remove some, or take services=OHLCV, whose number has no limit"),
                output,
            ),
            410 if is_ready => self.refuse(&format!("{said}: this feed does not have the channel; choose services="), output),
            402 => output.end(Ending::never(
                ErrorKind::AuthError,
                format!("{said}: check APCA_API_KEY_ID and APCA_API_SECRET_KEY"),
            )),
            409 => output.end(Ending::never(
                ErrorKind::AuthError,
                format!("{said}: the account's plan does not have this feed; choose alpaca:iex"),
            )),
            // Logging in twice changes nothing.
            403 => output.ignored += 1,
            406 => output.end(Ending {
                kind: ErrorKind::ConnectionError,
                message: format!(
                    "{said}: the account has another connection open, or the venue has not given up the last one yet; close other programs that use it"
                ),
                next: Next::RetryAfter(OLD_SESSION),
            }),
            407 => output.notices.push(Notice::Error(ErrorInstance::new(
                ErrorKind::Overload,
                format!("{said}: too much comes for this connection, and the venue will drop it; take fewer symbols or services"),
            ))),
            401 | 404 => output.end(Ending::retry(ErrorKind::AuthError, said)),
            _ => output.end(Ending::retry(ErrorKind::ConnectionError, said)),
        }
    }
}

/// A request for these symbols on these channels.
fn request(action: &str, channels: &[&str], names: &[&str]) -> String {
    let mut request = serde_json::Map::new();
    request.insert("action".to_owned(), action.into());
    for channel in channels {
        request.insert((*channel).to_owned(), names.into());
    }
    serde_json::Value::Object(request).to_string()
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

    fn opened(&mut self, _: UnixMs, _: &mut Output) {
        self.stage = Stage::Greeting;
        self.pending.clear();
        for (_, entry) in self.wanted.iter_mut() {
            entry.state = false;
        }
    }

    fn message(&mut self, message: Incoming<'_>, _: UnixMs, output: &mut Output) {
        let elements = match frame::text_of(&message).and_then(frame::elements) {
            Ok(elements) => elements,
            Err(rejection) => return output.reject(rejection),
        };
        for element in elements {
            if let Err(mut rejection) = self.take(element, output) {
                rejection.symbol = messages::symbol(element.get())
                    .and_then(|name| Some(self.wanted.get(&name)?.symbol.clone()));
                output.reject(rejection);
            }
        }
    }

    fn subscribe(&mut self, symbols: &[(Symbol, SymbolId)], output: &mut Output) {
        let mut added = Vec::new();
        for (symbol, id) in symbols {
            let wire = self.wire(symbol);
            match self.wanted.insert(&wire, symbol, *id, false) {
                Ok(()) => added.push(*id),
                Err(other) => output.notices.push(Notice::Refused {
                    symbol: *id,
                    reason: format!("{symbol} is the same as {other}, which is subscribed already"),
                }),
            }
        }
        if self.stage == Stage::Ready {
            self.ask_for(&added, output);
        }
    }

    fn unsubscribe(&mut self, symbols: &[(Symbol, SymbolId)], output: &mut Output) {
        let removed: Vec<Box<str>> = symbols
            .iter()
            .filter_map(|(_, id)| self.wanted.remove(*id))
            .collect();
        if self.stage != Stage::Ready {
            return;
        }
        let bytes = |name: &str| (name.len() + 3) * self.channels.len().max(1);
        let longest = removed.iter().map(|name| bytes(name)).max().unwrap_or(1);
        for part in removed.chunks((REQUEST_BYTES_MAX / longest).max(1)) {
            let names: Vec<&str> = part.iter().map(AsRef::as_ref).collect();
            output.send(request("unsubscribe", &self.channels, &names));
            self.pending.push_back(Vec::new());
        }
    }

    fn resync(&mut self, symbol: SymbolId, output: &mut Output) {
        let Some(name) = self.wanted.wire(symbol) else {
            return;
        };
        if self.stage == Stage::Ready && self.channels.contains(&"orderbooks") {
            output.send(request("unsubscribe", &["orderbooks"], &[name]));
            output.send(request("subscribe", &["orderbooks"], &[name]));
            self.pending.extend([Vec::new(), vec![symbol]]);
        }
    }
}
