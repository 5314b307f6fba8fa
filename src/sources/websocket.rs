//! `websocket:` – any JSON feed over a websocket, by configuration: what is sent to subscribe, and where in a message the
//! data stands.

mod anew;
mod asking;
mod others;

use std::collections::BTreeSet;
use std::sync::{Mutex, PoisonError};
use std::time::Duration;

use secrecy::SecretString;

use super::kind::websocket::KIND;
use super::mapped::{Spellings, Style, Template, Variables, error_pointer, headers, mappings};
use super::venue::options::{OptionProblem, Setup, Venue};
use super::venue::wanted::Wanted;
use super::venue::{Connect, Endpoint, Incoming, Limits, Notice, Output, Protocol};
use crate::decode::pointer::mapping::{Mapping, Row};
use crate::decode::pointer::{self, Condition, Pointer, message};
use crate::domain::event::{Event, Payload, ServiceSet};
use crate::domain::outcome::{ErrorInstance, ErrorKind};
use crate::domain::symbol::{Symbol, SymbolId};
use crate::domain::time::{SessionCalendar, Timeframe, UnixMs};

use anew::{Connection, State};

/// The feed as a venue, for the driver.
pub const VENUE: Venue = Venue {
    kind: &KIND,
    socket_url: "",
    rest_url: None,
    keys: &[],
    services: |_| ServiceSet::ALL,
    calendar: |_| SessionCalendar::UtcDay,
    intervals: &Timeframe::ALL,
    limits,
    bars_grow: |_| true,
    protocol: |setup| Ok(Box::new(Feed::new(setup)?)),
};

/// So many messages may come before it is said that none of them holds data of what is asked for.
const UNTAKEN_MAX: u32 = 20;

/// The same of messages with data of other symbols, where a feed gives everything without being asked.
const OTHERS_MAX: u32 = 1000;

/// The longest answer to a ping that is no JSON.
const WORD_BYTES_MAX: usize = 16;

/// Connections at a time, where there is to be more than one.
const CONNECTIONS_MAX: usize = 100;

fn seconds(setup: &Setup, option: &str) -> Option<Duration> {
    let value: f64 = setup.own.get(option)?.parse().ok()?;
    Duration::try_from_secs_f64(value).ok()
}

fn limits(setup: &Setup) -> Limits {
    let usual = Limits::default();
    let count = |option: &str| setup.own.get(option)?.parse().ok();
    let symbols = count("symbols_per_connection");
    Limits {
        silence: seconds(setup, "silence_s").unwrap_or(Duration::from_secs(60)),
        sends: (count("sends").unwrap_or(usual.sends.0), usual.sends.1),
        symbols_per_connection: symbols
            .map_or(usual.symbols_per_connection, |symbols| symbols as usize),
        connections: if symbols.is_some() {
            CONNECTIONS_MAX
        } else {
            usual.connections
        },
        ..usual
    }
}

struct Feed {
    url: String,
    query: Option<Template>,
    headers: Vec<(&'static str, Template)>,
    login: Option<Template>,
    /// What the feed says when it is ready for subscriptions; `None` when it always is.
    ready: Option<Condition>,
    subscribe: Option<Template>,
    unsubscribe: Option<Template>,
    ping: Option<(String, i64)>,
    mappings: Vec<Mapping>,
    error: Option<Pointer>,
    depth: Option<u32>,
    variables: Variables,
    wanted: Wanted<State>,
    connection: Connection,
    now: UnixMs,
    spellings: Spellings,
}

/// A header's name for as long as the program runs. There are few of them, and each is kept once.
fn lasting(name: String) -> &'static str {
    static NAMES: Mutex<BTreeSet<&'static str>> = Mutex::new(BTreeSet::new());
    let mut names = NAMES.lock().unwrap_or_else(PoisonError::into_inner);
    if let Some(known) = names.get(name.as_str()) {
        return known;
    }
    let name: &'static str = Box::leak(name.into_boxed_str());
    names.insert(name);
    name
}

impl Feed {
    fn new(setup: &Setup) -> Result<Self, OptionProblem> {
        let problem = |option: &'static str, reason: String| OptionProblem { option, reason };
        let template = |option: &str, style| {
            let text = setup.own.get(option)?;
            Some(Template::new(text, style))
        };
        let mappings = mappings(setup)?;
        if mappings.is_empty() {
            let reason = "is needed, or fields such as price=/p, to say what messages hold";
            return Err(problem("map", reason.to_owned()));
        }
        if mappings.iter().any(|mapping| mapping.symbol.is_none()) {
            let reason = "is needed: where a message says whose data it is";
            return Err(problem("symbol", reason.to_owned()));
        }
        let url = if setup.rest.is_empty() {
            &setup.socket_url
        } else {
            &setup.rest
        };
        let (url, query) = match url.split_once('?') {
            Some((url, query)) => (url, Some(Template::new(query, Style::Url))),
            None => (url.as_str(), None),
        };
        if Template::new(url, Style::Url) != Template::new(&url.replace('{', ""), Style::Url)
            || query
                .as_ref()
                .is_some_and(|query| query.is_for_one() || query.is_for_many())
        {
            let reason = "holds {…} where it cannot be filled; symbols belong into subscribe=, keys into the query";
            return Err(problem("", reason.to_owned()));
        }
        let headers = match setup.own.get("headers") {
            None => Vec::new(),
            Some(text) => headers(text).map_err(|reason| problem("headers", reason))?,
        };
        let ready = setup.own.get("ready").map(|text| Condition::parse(text));
        let ping_ms = seconds(setup, "ping_s")
            .unwrap_or(Duration::from_secs(15))
            .as_millis();
        Ok(Self {
            url: url.to_owned(),
            query,
            headers: headers
                .into_iter()
                .map(|(name, value)| (lasting(name), value))
                .collect(),
            login: template("login", Style::Json),
            ready: ready
                .transpose()
                .map_err(|reason| problem("ready", reason))?,
            subscribe: template("subscribe", Style::Json),
            unsubscribe: template("unsubscribe", Style::Json),
            ping: setup
                .own
                .get("ping")
                .map(|text| (text.clone(), i64::try_from(ping_ms).unwrap_or(i64::MAX))),
            mappings,
            error: error_pointer(setup)?,
            depth: setup.depth,
            variables: Variables::new(setup, &[]),
            wanted: Wanted::new(),
            connection: Connection {
                untaken: Some(0),
                ..Connection::default()
            },
            now: UnixMs(0),
            spellings: Spellings::default(),
        })
    }

    /// Gives out a row. Of one that nobody has asked for the symbol comes back.
    fn take(&mut self, row: Row<'_>, now: UnixMs, output: &mut Output) -> Result<(), String> {
        let name = row.symbol.unwrap_or_default();
        let is_exact = self.wanted.get(&name).is_some();
        let known = if is_exact {
            None
        } else {
            self.in_other_letters(&name).map(str::to_owned)
        };
        let Some(entry) = self.wanted.get_mut(known.as_deref().unwrap_or(&name)) else {
            output.ignored += 1;
            return Err(name.into_owned());
        };
        entry.state.is_exact |= is_exact;
        if !std::mem::replace(&mut entry.state.is_heard, true) {
            output.notices.push(Notice::Subscribed(entry.id));
        }
        let mut payload = row.payload;
        if let Payload::Level2(book) = &mut payload
            && !book.snapshot
        {
            book.depth = self.depth;
        }
        output.events.push(Event {
            symbol: entry.id,
            time: Some(row.time.unwrap_or(now)),
            payload,
        });
        Ok(())
    }
}

/// Whether a text that is no JSON is what feeds answer a ping with, such as `pong`.
fn is_word(bytes: &[u8]) -> bool {
    !bytes.is_empty() && bytes.len() <= WORD_BYTES_MAX && bytes.iter().all(u8::is_ascii_alphabetic)
}

impl Protocol for Feed {
    fn connect(&mut self) -> Connect {
        let query = self
            .query
            .as_ref()
            .map(|query| (query, query.fill(&[], &self.variables)));
        let (url, secret_query) = match query {
            None => (self.url.clone(), None),
            Some((template, query)) if template.is_secret() => {
                (self.url.clone(), Some(SecretString::from(query)))
            }
            Some((_, query)) => (format!("{}?{query}", self.url), None),
        };
        let headers = self.headers.iter();
        Connect::Open(Endpoint {
            url,
            secret_query,
            headers: headers
                .map(|(name, value)| (*name, value.fill(&[], &self.variables).into()))
                .collect(),
        })
    }

    fn renew(&mut self, setup: &Setup) {
        self.variables = Variables::new(setup, &[]);
    }

    /// What `ready=` names is the answer to the login. Without it nobody knows what an answer looks like, or whether one comes.
    fn needs_login(&self) -> bool {
        self.ready.is_some()
    }

    fn confirms(&self) -> bool {
        false
    }

    fn opened(&mut self, now: UnixMs, output: &mut Output) {
        self.connection.is_ready = false;
        self.now = now;
        self.connection.pinged = Some(now);
        for (_, entry) in self.wanted.iter_mut() {
            entry.state = State::default();
        }
        if let Some(login) = &self.login {
            self.send(login, &[], output);
        }
        if self.ready.is_none() {
            self.begin(output);
        }
    }

    fn message(&mut self, incoming: Incoming<'_>, now: UnixMs, output: &mut Output) {
        self.now = now;
        let bytes = incoming.bytes();
        let value = match message(bytes) {
            Ok(value) => value,
            Err(_) if is_word(bytes) => {
                output.ignored += 1;
                return;
            }
            Err(rejection) => return output.reject(rejection),
        };
        if !self.connection.is_ready && self.ready.as_ref().is_some_and(|ready| ready.holds(value))
        {
            self.begin(output);
        }
        let error = self.error.as_ref();
        if let Some(text) = error.and_then(|error| pointer::text_at(error, value)) {
            let error =
                ErrorInstance::new(ErrorKind::ConnectionError, format!("the feed says: {text}"));
            output.notices.push(Notice::Error(error));
            return;
        }
        let mut rows = Vec::new();
        let mut is_known = false;
        for mapping in &self.mappings {
            is_known |= mapping.read(value, &mut rows);
        }
        output.ignored += u64::from(!is_known);
        let (mut others, mut is_taken) = (Vec::new(), false);
        for row in rows {
            match row.map(|row| self.take(row, now, output)) {
                Ok(Ok(())) => is_taken = true,
                Ok(Err(other)) => others.push(other),
                Err(rejection) => {
                    // It has been told what is wrong.
                    is_taken = true;
                    output.reject(rejection);
                }
            }
        }
        if is_taken {
            self.connection.untaken = None;
        } else {
            self.count_untaken(&others, output);
        }
    }

    fn subscribe(&mut self, symbols: &[(Symbol, SymbolId)], output: &mut Output) {
        let was_empty = self.wanted.is_empty();
        let mut added = Vec::new();
        for (symbol, id) in symbols {
            match self
                .wanted
                .insert(symbol.as_str(), symbol, *id, State::default())
            {
                Ok(()) => {
                    self.spellings.insert(symbol.as_str());
                    added.push(symbol.as_str());
                }
                Err(notice) => output.notices.push(*notice),
            }
        }
        if self.connection.is_ready {
            self.ask(self.subscribe.as_ref(), &added, was_empty, output);
        }
    }

    fn unsubscribe(&mut self, symbols: &[(Symbol, SymbolId)], output: &mut Output) {
        let removed = self.wanted.remove_all(symbols);
        let names: Vec<&str> = removed.iter().map(AsRef::as_ref).collect();
        for name in &names {
            self.spellings.remove(name);
        }
        if self.connection.is_ready {
            let is_all = self.wanted.is_empty();
            self.ask(self.unsubscribe.as_ref(), &names, is_all, output);
        }
    }

    fn resync(&mut self, symbol: SymbolId, output: &mut Output) {
        self.begin_book(symbol, output);
    }

    fn tick(&mut self, now: UnixMs, output: &mut Output) {
        self.now = now;
        if self.connection.is_ready {
            self.resync_due(output);
        }
        if let Some((text, every_ms)) = &self.ping
            && self
                .connection
                .pinged
                .is_none_or(|last| now.0.saturating_sub(last.0) >= *every_ms)
        {
            self.connection.pinged = Some(now);
            output.send(text.clone());
        }
    }
}

#[cfg(test)]
mod tests;
