//! Massive, formerly Polygon: US stocks, in real time or fifteen minutes late.
//!
//! Every frame is a list. After `connected` the key is sent, after `auth_success` the symbols are asked for; the venue
//! confirms each channel by itself. The account has one connection to the cluster, which real-time and delayed share:
//! when another program opens one more, either may be closed (1008), so that the next attempt waits for half a minute.
//!
//! - OHLCV: `AM`, after each minute with a qualifying trade. With `second_bars=true` also `A`, out of which the minute
//!   grows second by second until its own bar replaces it; a minute that was joined midway is short until then.
//! - LEVEL1: `Q`, with sizes as they come, and zeros for a side that is left out; `AM` gives the day's volume, and the last
//!   price where trades are not asked for; `LULD` gives price limits.
//! - TIMESALE: `T`; `ds`, the size with its fraction, is taken where it is given.
//!
//! The numbers in `q` grow with each message of a symbol and kind, but not one by one: that something is missing they do
//! not tell. A quote that is not newer than the one before is left out by them, and so are limits; a trade that is late is
//! one all the same, and one that comes twice is known by its name.

mod control;
mod messages;
mod order;
#[cfg(test)]
mod tests;

use std::time::Duration;

use secrecy::SecretString;
use serde::{Deserialize, Serialize};
use serde_json::Value;
use serde_json::value::RawValue;

use self::control::{UNCONFIRMED_MS, taken};
use self::messages::GrowingBar;
use self::order::Order;
use super::kept::{self, Kept, States};
use super::options::{self, Key, OptionProblem, Setup, Venue};
use super::reading;
use super::wanted::Wanted;
use super::{Connect, Ending, Incoming, Limits, Output, Protocol};
use crate::decode::Rejection;
use crate::decode::conditions::TradeHours;
use crate::domain::event::{DataService, ServiceSet};
use crate::domain::outcome::ErrorKind;
use crate::domain::source::Delivery;
use crate::domain::symbol::{Symbol, SymbolId};
use crate::domain::time::{SessionCalendar, Timeframe, UnixMs};
use crate::sources::kind::{Example, OptionValue, Rest, SourceKind, SourceOption};

/// The kind as the registry knows it.
pub const KIND: SourceKind = SourceKind {
    name: "massive",
    schemes: &[],
    summary: "Massive (Polygon): bars, quotes and trades of US stocks, with the account's key",
    rest: Rest::Options,
    options: &[
        SourceOption {
            name: "feed",
            value: OptionValue::Choice(&["realtime", "delayed"]),
            default: "realtime",
            summary: "Real-time data, or that of fifteen minutes ago, as the plan allows",
        },
        SourceOption {
            name: "second_bars",
            value: OptionValue::Boolean,
            default: "false",
            summary: "Let the minute's bar grow every second",
        },
        options::SERVICES,
        options::MINUTES,
        options::BARS,
        options::OPEN,
        options::URL,
        options::NO_REST_URL,
        options::INSECURE,
        options::STALE,
        options::SESSION,
    ],
    examples: &[
        Example {
            spec: "massive:services=OHLCV",
            effect: "one-minute bars in real time",
        },
        Example {
            spec: "massive:feed=delayed",
            effect: "bars, quotes and trades of fifteen minutes ago",
        },
    ],
    services: SERVICES,
    delivery: Delivery::Live,
    check: |spec| VENUE.check(spec),
    open: |spec, context| VENUE.open(spec, context),
};

const SERVICES: &[DataService] = &[
    DataService::Ohlcv,
    DataService::Level1,
    DataService::TimeAndSales,
];

/// The venue as the driver knows it.
pub static VENUE: Venue = Venue {
    kind: &KIND,
    socket_url: REAL_TIME,
    rest_url: None,
    keys: &[Key {
        variable: "MASSIVE_API_KEY",
        alternative: Some("POLYGON_API_KEY"),
        what: "the account's key, from massive.com/dashboard/keys",
        required: true,
    }],
    services: |_| ServiceSet::of(SERVICES),
    calendar: |_| SessionCalendar::UsEquities,
    intervals: &[Timeframe::M1],
    limits: |setup| Limits {
        symbols_per_connection: Limits::ALL_SYMBOLS,
        one_per_account: true,
        delay: Duration::from_secs(if is_delayed(setup) { 900 } else { 0 }),
        ..Limits::default()
    },
    bars_grow: |spec| spec.option("second_bars") == Some("true"),
    protocol: |setup| Ok(Box::new(Massive::new(setup)?)),
};

fn is_delayed(setup: &Setup) -> bool {
    setup.own.get("feed").is_some_and(|feed| feed == "delayed")
}

const REAL_TIME: &str = "wss://socket.massive.com/stocks";
const DELAYED: &str = "wss://delayed.massive.com/stocks";

/// What is kept for a symbol.
#[derive(Debug, Default, Serialize, Deserialize)]
#[serde(default)]
struct Known {
    /// The venue has confirmed a channel of it on this connection.
    confirmed: bool,
    /// The channels that have been asked for and not been confirmed, a bit for each.
    pending: u8,
    /// The minute that is made of seconds.
    growing: Option<GrowingBar>,
    /// The start of the last minute that is complete.
    complete: Option<UnixMs>,
    quotes: Order,
    limits: Order,
}

/// How far a connection has come.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default, Serialize, Deserialize)]
enum Stage {
    #[default]
    Closed,
    Greeting,
    LoggingIn,
    Ready,
}

/// What is kept of the connection.
#[derive(Debug, Default, Serialize, Deserialize)]
#[serde(default)]
struct Connection {
    stage: Stage,
    /// When what has not been confirmed is asked for again; `None` where that leads nowhere.
    repeat_at: Option<UnixMs>,
    /// How often it was asked for since the last symbols came in.
    attempts: u32,
}

/// The venue's protocol.
struct Massive {
    url: String,
    keys: Vec<Option<SecretString>>,
    channels: Vec<&'static str>,
    takes_bars: bool,
    takes_level1: bool,
    takes_trades: bool,
    connection: Connection,
    wanted: Wanted<Known>,
    now: UnixMs,
    hours: TradeHours,
}

impl Massive {
    fn new(setup: &Setup) -> Result<Self, OptionProblem> {
        let own = |name: &str| setup.own.get(name).map(String::as_str);
        let grows = own("second_bars") == Some("true");
        if grows && !setup.asks_for_bars() {
            return Err(OptionProblem {
                option: "second_bars",
                reason: "goes with the venue's own bars, which are not asked for".to_owned(),
            });
        }
        let takes_level1 = setup.has(DataService::Level1);
        let mut channels = Vec::new();
        if setup.asks_for_bars() || takes_level1 {
            channels.push("AM");
        }
        if grows {
            channels.push("A");
        }
        if setup.needs_trades() {
            channels.push("T");
        }
        if takes_level1 {
            channels.extend(["Q", "LULD"]);
        }
        Ok(Self {
            url: if is_delayed(setup) && setup.socket_url == REAL_TIME {
                DELAYED.to_owned()
            } else {
                setup.socket_url.clone()
            },
            keys: setup.keys.clone(),
            channels,
            takes_bars: setup.asks_for_bars(),
            takes_level1,
            takes_trades: setup.needs_trades(),
            connection: Connection::default(),
            wanted: Wanted::new(),
            now: UnixMs(0),
            hours: TradeHours::default(),
        })
    }

    fn take(&mut self, element: &RawValue, output: &mut Output) -> Result<(), Rejection> {
        let text = element.get();
        let kind = match reading::leading(text, "ev") {
            Some(kind) => kind.into(),
            None => messages::kind(text)?,
        };
        if kind == "status" {
            self.status(&reading::read_part(text, "a status")?, output);
            return Ok(());
        }
        self.data(&kind, text, output)
    }
}

impl Kept for Massive {
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

impl Protocol for Massive {
    fn connect(&mut self) -> Connect {
        self.connection.stage = Stage::Closed;
        if !matches!(self.keys.first(), Some(Some(_))) {
            return Connect::Refuse(Ending::never(
                ErrorKind::AuthError,
                "the key is missing; set MASSIVE_API_KEY",
            ));
        }
        Connect::to(&self.url)
    }

    fn renew(&mut self, setup: &Setup) {
        self.keys.clone_from(&setup.keys);
    }

    fn opened(&mut self, now: UnixMs, _: &mut Output) {
        self.now = now;
        self.connection.stage = Stage::Greeting;
        self.connection.repeat_at = None;
        for (_, entry) in self.wanted.iter_mut() {
            entry.state = Known::default();
        }
    }

    fn tick(&mut self, now: UnixMs, output: &mut Output) {
        self.now = now;
        self.repeat(output);
    }

    fn paused(&mut self, ms: i64) {
        self.connection.repeat_at = self.connection.repeat_at.map(|at| at.plus_ms(ms));
    }

    fn message(&mut self, message: Incoming<'_>, now: UnixMs, output: &mut Output) {
        self.now = now;
        let elements = match reading::text_of(message)
            .and_then(|text| reading::elements(text, "a list of messages"))
        {
            Ok(elements) => elements,
            Err(rejection) => return output.reject(rejection),
        };
        for element in elements {
            if let Err(mut rejection) = self.take(element, output) {
                rejection.symbol = reading::text_field(element.get(), "sym")
                    .or_else(|| reading::text_field(element.get(), "T"))
                    .and_then(|name| Some(self.wanted.get(&name)?.symbol.clone()));
                output.reject(rejection);
            }
        }
    }

    fn subscribe(&mut self, symbols: &[(Symbol, SymbolId)], output: &mut Output) {
        let pending = match self.connection.stage {
            Stage::Ready => self.all_channels(),
            _ => 0,
        };
        let mut added = Vec::new();
        for (symbol, id) in symbols {
            let known = Known {
                pending,
                ..Known::default()
            };
            // Case matters here: `BACpL` is a preferred share.
            match self.wanted.insert(symbol.as_str(), symbol, *id, known) {
                Ok(()) => added.push((symbol.as_str(), pending)),
                Err(notice) => output.notices.push(*notice),
            }
        }
        if self.connection.stage == Stage::Ready && !added.is_empty() {
            self.connection.attempts = 1;
            self.connection.repeat_at = Some(self.now.plus_ms(UNCONFIRMED_MS));
            self.ask("subscribe", added.into_iter(), output);
        }
    }

    fn unsubscribe(&mut self, symbols: &[(Symbol, SymbolId)], output: &mut Output) {
        let removed = self.wanted.remove_all(symbols);
        if self.connection.stage == Stage::Ready {
            let all = self.all_channels();
            let names = removed.iter().map(|name| (&**name, all));
            self.ask("unsubscribe", names, output);
        }
    }

    fn closed(&mut self, code: u16, reason: &str) -> Ending {
        match code {
            1008 if reason.is_empty() => taken("close code 1008"),
            1008 => taken(&format!(
                "close code 1008: {}",
                reading::words(reason, &self.keys)
            )),
            _ => Ending::of_close(code, &reading::words(reason, &self.keys)),
        }
    }
}
