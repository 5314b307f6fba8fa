//! Schwab's streamer: quotes, one-minute bars and order books of US equities.
//!
//! Where the streamer is, and who the client is to it, is asked over HTTP before every connection, with the access token;
//! so a token that has expired in the meantime is found out before a login is tried. After the login every service is
//! told its symbols: the first command replaces what was there (SUBS), later ones add (ADD) or take away (UNSUBS). Each
//! service has one command under way at most, and the next waits for its answer, because the streamer answers commands
//! that overtake one another with nothing. A command that is not answered in time is given up, and given again.
//!
//! - LEVEL1: `LEVELONE_EQUITIES`: a first image and then what changes, with sizes as they come; the close before and
//!   halts come as facts.
//! - OHLCV: `CHART_EQUITY`, whose fields are numbered otherwise than Schwab's guide says: 1 is a sequence number, and
//!   open, high, low, close, volume and time follow. There are no trades to build bars from. That number is the minute of
//!   the day, and tells no more than the time; what the messages' own `seq` counts, of one symbol or of all, Schwab does
//!   not say. So a bar that has not come cannot be told from a minute without trades, and none is called missing.
//! - LEVEL2: `NYSE_BOOK` and `NASDAQ_BOOK`, whole books each time. Both are asked for, because a symbol's listing is not
//!   known; a symbol's book is the one that is first told with levels in it, and the other is left out.

mod control;
mod kept;
mod messages;
mod services;
#[cfg(test)]
mod tests;

use secrecy::{ExposeSecret, SecretString};
use serde::{Deserialize, Serialize};

use self::messages::StreamerInfo;
use self::services::{Command, Service, Subscriptions};
use super::options::{self, Key, Setup, Venue, check_url};
use super::reading;
use super::wanted::Wanted;
use super::{Answer, Connect, Ending, Incoming, Limits, Next, Output, Protocol, Request};
use crate::domain::event::{DataService, ServiceSet};
use crate::domain::outcome::ErrorKind;
use crate::domain::source::Delivery;
use crate::domain::symbol::{Symbol, SymbolId};
use crate::domain::time::{SessionCalendar, Timeframe, UnixMs};
use crate::sources::kind::{Example, Rest, SourceKind};

/// The kind as the registry knows it.
pub const KIND: SourceKind = SourceKind {
    name: "schwab",
    schemes: &[],
    summary: "Schwab's streamer: quotes, bars and order books of US equities, with an access token",
    rest: Rest::Options,
    options: &[
        options::SERVICES,
        options::WHOLE_DEPTH,
        options::LEVELS,
        options::MINUTES,
        options::URL,
        options::REST_URL,
        options::INSECURE,
        options::STALE,
        options::SESSION,
    ],
    examples: &[
        Example {
            spec: "schwab:",
            effect: "quotes, one-minute bars and books",
        },
        Example {
            spec: "schwab:services=LEVEL1",
            effect: "quotes alone",
        },
    ],
    services: SERVICES,
    delivery: Delivery::Live,
    check: |spec| VENUE.check(spec),
    open: |spec, context| VENUE.open(spec, context),
};

const SERVICES: &[DataService] = &[DataService::Ohlcv, DataService::Level1, DataService::Level2];

/// The venue as the driver knows it.
pub static VENUE: Venue = Venue {
    kind: &KIND,
    socket_url: "wss://streamer-api.schwab.com/ws",
    rest_url: Some("https://api.schwabapi.com"),
    keys: &[Key {
        variable: "SCHWAB_ACCESS_TOKEN",
        alternative: None,
        what: "an access token of Schwab's trader API, which lives for 30 minutes; a connection outlives it",
        required: true,
    }],
    services: |_| ServiceSet::of(SERVICES),
    calendar: |_| SessionCalendar::UsEquities,
    intervals: &[Timeframe::M1],
    limits: |_| Limits {
        symbols_per_connection: Limits::ALL_SYMBOLS,
        one_per_account: true,
        ..Limits::default()
    },
    bars_grow: |_| false,
    protocol: |setup| Ok(Box::new(Schwab::new(setup))),
};

/// The number of the only request over HTTP that there is.
const PREFERENCE: u64 = 1;

/// What is kept for a symbol.
#[derive(Debug, Default, Serialize, Deserialize)]
#[serde(default)]
struct Known {
    /// A service has confirmed it on this connection.
    confirmed: bool,
    /// The service that its book comes from.
    book: Option<Service>,
    /// That book's last message.
    book_text: String,
    /// When its last quote and its last trade were: a message carries what has changed.
    quoted_at: Option<UnixMs>,
    traded_at: Option<UnixMs>,
}

/// How far a connection has come.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default, Serialize, Deserialize)]
enum Stage {
    #[default]
    Closed,
    LoggingIn,
    Ready,
}

/// The venue's protocol.
struct Schwab {
    token: Vec<Option<SecretString>>,
    /// The socket's URL that a person gave.
    url: Option<String>,
    info: StreamerInfo,
    /// What is to be done about a connection, once the streamer's whereabouts have been asked for.
    decided: Option<Result<String, Ending>>,
    stage: Stage,
    requests: u64,
    subscriptions: Vec<Subscriptions>,
    wanted: Wanted<Known>,
    now: UnixMs,
}

impl Schwab {
    fn new(setup: &Setup) -> Self {
        let services = [
            (DataService::Level1, Service::Quotes),
            (DataService::Ohlcv, Service::Bars),
            (DataService::Level2, Service::NyseBook),
            (DataService::Level2, Service::NasdaqBook),
        ];
        let subscriptions = services
            .into_iter()
            .filter(|(service, _)| setup.has(*service))
            .map(|(_, service)| Subscriptions::new(service))
            .collect();
        Self {
            token: setup.keys.clone(),
            url: (setup.socket_url != VENUE.socket_url).then(|| setup.socket_url.clone()),
            info: StreamerInfo::default(),
            decided: None,
            stage: Stage::Closed,
            requests: 0,
            subscriptions,
            wanted: Wanted::new(),
            now: UnixMs(0),
        }
    }

    /// Where to connect to, by the answer to the request.
    fn decide(&mut self, answer: &Answer<'_>) -> Result<String, Ending> {
        match answer.status {
            200 => {}
            401 => {
                return Err(Ending::never(
                    ErrorKind::AuthError,
                    "the token has expired (they live 30 minutes); put a fresh one into SCHWAB_ACCESS_TOKEN, in .env if this is to go on with it",
                ));
            }
            0 => {
                let why = reading::words(&String::from_utf8_lossy(answer.body), &self.token);
                return Err(Ending::retry(
                    ErrorKind::ConnectionError,
                    format!("the streamer's address could not be asked for: {why}"),
                ));
            }
            429 => {
                return Err(Ending {
                    next: answer.retry_after.map_or(Next::Retry, Next::RetryAfter),
                    ..Ending::of_status(429, true)
                });
            }
            status => return Err(Ending::of_status(status, true)),
        }
        let info = StreamerInfo::read(answer.body).map_err(|reason| {
            Ending::retry(
                ErrorKind::SchemaError,
                format!("the answer to userPreference cannot be used: {reason}"),
            )
        })?;
        let url = match &self.url {
            Some(url) => url.clone(),
            None => info.url.clone(),
        };
        if self.url.is_none() {
            check_url(&url, false).map_err(|reason| {
                Ending::never(
                    ErrorKind::ConnectionError,
                    format!("the streamer's address {reason}"),
                )
            })?;
        }
        self.info = info;
        Ok(url)
    }

    /// Sends a command. It names the client, which is nobody else's business.
    fn command(
        &mut self,
        service: &str,
        command: &str,
        parameters: &serde_json::Value,
        output: &mut Output,
    ) -> u64 {
        self.requests += 1;
        let text = serde_json::json!({"requests": [{
            "service": service,
            "command": command,
            "requestid": self.requests.to_string(),
            "SchwabClientCustomerId": self.info.customer_id,
            "SchwabClientCorrelId": self.info.correlation_id,
            "parameters": parameters,
        }]});
        output.send_secret(text.to_string());
        self.requests
    }

    /// Sends each service's next command, unless one is under way.
    fn advance(&mut self, output: &mut Output) {
        if self.stage != Stage::Ready {
            return;
        }
        for place in 0..self.subscriptions.len() {
            let Some(subscriptions) = self.subscriptions.get_mut(place) else {
                return;
            };
            let service = subscriptions.service;
            let Some(next) = subscriptions.next(&self.wanted, self.now) else {
                continue;
            };
            let mut parameters = serde_json::json!({"keys": next.keys});
            if next.command != Command::Remove
                && let Some(map) = parameters.as_object_mut()
            {
                map.insert("fields".to_owned(), service.fields().into());
            }
            let request = self.command(service.name(), next.command.name(), &parameters, output);
            if let Some(subscriptions) = self.subscriptions.get_mut(place) {
                subscriptions.sent(request, next, self.now);
            }
        }
    }
}

impl Protocol for Schwab {
    fn connect(&mut self) -> Connect {
        self.stage = Stage::Closed;
        let Some(Some(token)) = self.token.first() else {
            return Connect::Refuse(Ending::never(
                ErrorKind::AuthError,
                "the access token is missing; put one into SCHWAB_ACCESS_TOKEN",
            ));
        };
        match self.decided.take() {
            None => Connect::Ask(Request {
                id: PREFERENCE,
                path: "/trader/v1/userPreference".to_owned(),
                headers: vec![(
                    "Authorization",
                    format!("Bearer {}", token.expose_secret()).into(),
                )],
                weight: 1,
            }),
            Some(Ok(url)) => Connect::to(&url),
            Some(Err(ending)) => Connect::Refuse(ending),
        }
    }

    fn answer(&mut self, answer: &Answer<'_>, _: UnixMs, output: &mut Output) {
        if answer.id == PREFERENCE {
            self.decided = Some(self.decide(answer));
            // The streamer repeats them.
            for id in [&self.info.customer_id, &self.info.correlation_id] {
                output.secrets.push(id.as_str().into());
            }
        }
    }

    fn recorded_body(&self, answer: &Answer<'_>) -> Option<Vec<u8>> {
        // A person's accounts, names and identifiers are no market data.
        (answer.id == PREFERENCE).then(|| StreamerInfo::recorded(answer.body))
    }

    fn renew(&mut self, setup: &Setup) {
        self.token.clone_from(&setup.keys);
    }

    fn opened(&mut self, now: UnixMs, output: &mut Output) {
        self.now = now;
        self.stage = Stage::LoggingIn;
        for (_, entry) in self.wanted.iter_mut() {
            entry.state = Known::default();
        }
        let all: Vec<SymbolId> = self.wanted.ids();
        for subscriptions in &mut self.subscriptions {
            subscriptions.begin(&all);
        }
        let token = self.token.first().and_then(Option::as_ref);
        let parameters = serde_json::json!({
            "Authorization": token.map_or("", ExposeSecret::expose_secret),
            "SchwabClientChannel": self.info.channel,
            "SchwabClientFunctionId": self.info.function_id,
        });
        self.command("ADMIN", "LOGIN", &parameters, output);
    }

    fn tick(&mut self, now: UnixMs, output: &mut Output) {
        self.now = now;
        self.ask_again(output);
    }

    fn paused(&mut self, ms: i64) {
        for subscriptions in &mut self.subscriptions {
            subscriptions.paused(ms);
        }
    }

    fn message(&mut self, message: Incoming<'_>, now: UnixMs, output: &mut Output) {
        self.now = now;
        let text = match reading::text_of(message) {
            Ok(text) => text,
            Err(rejection) => return output.reject(rejection),
        };
        self.take(text, output);
    }

    fn subscribe(&mut self, symbols: &[(Symbol, SymbolId)], output: &mut Output) {
        for (symbol, id) in symbols {
            let wire = symbol.as_str().to_uppercase();
            match self.wanted.insert(&wire, symbol, *id, Known::default()) {
                Ok(()) => {
                    for subscriptions in &mut self.subscriptions {
                        subscriptions.add(*id);
                    }
                }
                Err(notice) => output.notices.push(*notice),
            }
        }
        self.advance(output);
    }

    fn unsubscribe(&mut self, symbols: &[(Symbol, SymbolId)], output: &mut Output) {
        for (_, id) in symbols {
            if let Some(wire) = self.wanted.remove(*id) {
                for subscriptions in &mut self.subscriptions {
                    subscriptions.remove(*id, &wire);
                }
            }
        }
        self.advance(output);
    }
}
