//! Massive, formerly Polygon: US stocks, in real time or fifteen minutes late.
//!
//! Every frame is a list. After `connected` the key is sent, after `auth_success` the symbols are asked for; the venue
//! confirms each channel by itself. The account has one connection to the cluster, which real-time and delayed share:
//! when another program opens one more, either may be closed (1008), so that the next attempt waits for half a minute.
//!
//! - OHLCV: `AM`, after each minute with a qualifying trade. With `second_bars=true` also `A`, out of which the minute
//!   grows second by second until its own bar replaces it; a minute that was joined midway is short until then.
//! - LEVEL1: `Q`, with sizes as they come; `AM` gives the day's volume, and the last price where trades are not asked
//!   for; `LULD` gives price limits.
//! - TIMESALE: `T`; `ds`, the size with its fraction, is taken where it is given.

mod kept;
mod messages;
#[cfg(test)]
mod tests;

use std::time::Duration;

use secrecy::{ExposeSecret, SecretString};
use serde::{Deserialize, Serialize};
use serde_json::Value;
use serde_json::value::RawValue;

use self::messages::{GrowingBar, Status};
use super::options::{self, Key, OptionProblem, Setup, Venue};
use super::reading;
use super::wanted::Wanted;
use super::{Connect, Ending, Endpoint, Incoming, Limits, Next, Notice, Output, Protocol};
use crate::decode::Rejection;
use crate::decode::conditions::TradeHours;
use crate::domain::event::{DataService, ServiceSet};
use crate::domain::outcome::{ErrorInstance, ErrorKind};
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
        symbols_per_connection: SYMBOLS_MAX,
        connections: 1,
        delay: Duration::from_secs(if is_delayed(setup) { 900 } else { 0 }),
        ..Limits::default()
    },
    bars_grow: |spec| spec.option("second_bars") == Some("true"),
    protocol: |setup| Ok(Box::new(Massive::new(setup)?)),
};

fn is_delayed(setup: &Setup) -> bool {
    setup.own.get("feed").is_some_and(|feed| feed == "delayed")
}

/// More symbols than there are: what an account may have, the venue says.
const SYMBOLS_MAX: usize = 100_000;
const REAL_TIME: &str = "wss://socket.massive.com/stocks";
const DELAYED: &str = "wss://delayed.massive.com/stocks";
/// Texts that are sent stay below this many bytes.
const REQUEST_BYTES_MAX: usize = 8000;
/// How long to leave the account's one connection to whoever has taken it.
const TAKEN: Duration = Duration::from_secs(30);

/// What is kept for a symbol.
#[derive(Debug, Default, Serialize, Deserialize)]
#[serde(default)]
struct Known {
    /// The venue has confirmed a channel of it on this connection.
    confirmed: bool,
    /// The minute that is made of seconds.
    growing: Option<GrowingBar>,
    /// The start of the last minute that is complete.
    complete: Option<UnixMs>,
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

/// The venue's protocol.
struct Massive {
    url: String,
    keys: Vec<Option<SecretString>>,
    channels: Vec<&'static str>,
    takes_bars: bool,
    takes_level1: bool,
    takes_trades: bool,
    stage: Stage,
    wanted: Wanted<Known>,
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
            stage: Stage::Closed,
            wanted: Wanted::new(),
            hours: TradeHours::default(),
        })
    }

    /// Sends a request for all channels of these symbols, in as many texts as it takes.
    fn ask(&self, action: &str, names: &[&str], output: &mut Output) {
        let mut list = String::new();
        let mut send = |list: &mut String| {
            if !list.is_empty() {
                let text = serde_json::json!({"action": action, "params": list});
                output.send(text.to_string());
                list.clear();
            }
        };
        for name in names {
            for channel in &self.channels {
                if list.len() + channel.len() + name.len() + 2 > REQUEST_BYTES_MAX {
                    send(&mut list);
                }
                if !list.is_empty() {
                    list.push(',');
                }
                list.push_str(channel);
                list.push('.');
                list.push_str(name);
            }
        }
        send(&mut list);
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

    fn status(&mut self, status: &Status<'_>, output: &mut Output) {
        let message = status.message.as_deref().unwrap_or_default();
        let said = reading::words(message, &self.keys);
        match &*status.status {
            "connected" if self.stage == Stage::Greeting => {
                let key = self.keys.first().and_then(Option::as_ref);
                let key = key.map_or("", ExposeSecret::expose_secret);
                let text = serde_json::json!({"action": "auth", "params": key});
                output.send_secret(text.to_string());
                self.stage = Stage::LoggingIn;
            }
            "auth_success" if self.stage == Stage::LoggingIn => {
                self.stage = Stage::Ready;
                output.notices.push(Notice::Ready);
                let all = self.wanted.in_order();
                let names: Vec<&str> = all.iter().map(|(name, _)| *name).collect();
                self.ask("subscribe", &names, output);
            }
            "success" => self.confirm(message, output),
            "auth_failed" => output.end(Ending::never(
                ErrorKind::AuthError,
                format!("the venue refused the key ({said}); check MASSIVE_API_KEY"),
            )),
            "auth_timeout" => output.end(Ending::retry(
                ErrorKind::AuthError,
                format!("the login took too long ({said})"),
            )),
            "max_connections" => output.end(taken(&said)),
            "error" | "not_authorized" => output.notices.push(Notice::Error(ErrorInstance::new(
                ErrorKind::AuthError,
                format!("the venue refused a request ({said}); the plan may not have it: choose services=, or feed=delayed"),
            ))),
            _ => output.ignored += 1,
        }
    }

    /// A channel is confirmed: `subscribed to: AM.AAPL`.
    fn confirm(&mut self, message: &str, output: &mut Output) {
        let Some(list) = message.strip_prefix("subscribed to:") else {
            return;
        };
        for channel in list.split(',') {
            let name = channel.trim().split_once('.').map(|(_, name)| name);
            if let Some(entry) = name.and_then(|name| self.wanted.get_mut(name))
                && !entry.state.confirmed
            {
                entry.state.confirmed = true;
                output.notices.push(Notice::Subscribed(entry.id));
            }
        }
    }
}

/// The account's connection is somebody else's now.
fn taken(said: &str) -> Ending {
    Ending {
        kind: ErrorKind::ConnectionError,
        message: format!(
            "another connection of the same account took its place ({said}); real-time and delayed data share one: close other programs that use it"
        ),
        next: Next::RetryAfter(TAKEN),
    }
}

impl Protocol for Massive {
    fn connect(&mut self) -> Connect {
        self.stage = Stage::Closed;
        if !matches!(self.keys.first(), Some(Some(_))) {
            return Connect::Refuse(Ending::never(
                ErrorKind::AuthError,
                "the key is missing; set MASSIVE_API_KEY",
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

    fn opened(&mut self, _: UnixMs, _: &mut Output) {
        self.stage = Stage::Greeting;
        for (_, entry) in self.wanted.iter_mut() {
            entry.state = Known::default();
        }
    }

    fn message(&mut self, message: Incoming<'_>, _: UnixMs, output: &mut Output) {
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
        let mut added = Vec::new();
        for (symbol, id) in symbols {
            // Case matters here: `BACpL` is a preferred share.
            match self
                .wanted
                .insert(symbol.as_str(), symbol, *id, Known::default())
            {
                Ok(()) => added.push(symbol.as_str()),
                Err(notice) => output.notices.push(*notice),
            }
        }
        if self.stage == Stage::Ready {
            self.ask("subscribe", &added, output);
        }
    }

    fn unsubscribe(&mut self, symbols: &[(Symbol, SymbolId)], output: &mut Output) {
        let removed = self.wanted.remove_all(symbols);
        if self.stage == Stage::Ready {
            let names: Vec<&str> = removed.iter().map(AsRef::as_ref).collect();
            self.ask("unsubscribe", &names, output);
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
            Some(id) => self.wanted.keep(id, kept),
            None => self.keep_connection(kept),
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
