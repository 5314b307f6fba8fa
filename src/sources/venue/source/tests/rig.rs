//! A venue that is made up, and everything around a streamer.
//!
//! It speaks texts: `SYMBOL PRICE` is a quote, `sub A,B` and `unsub A` are what it sends, and some words have it do what
//! protocols do.

use std::collections::BTreeMap;
use std::sync::Arc;
use std::time::Duration;

use crossbeam_channel::{Receiver, unbounded};
use rustls::pki_types::pem::PemObject;
use rustls::{ClientConfig, RootCertStore};
use secrecy::{ExposeSecret, SecretString};
use tokio::runtime::Runtime;

use crate::decode::Rejection;
use crate::domain::clock::SystemClock;
use crate::domain::event::{DataService, Event, Payload, ServiceSet};
use crate::domain::outcome::ErrorKind;
use crate::domain::quote::Level1;
use crate::domain::source::{BarStamp, Delivery, Origin, Products, SourceInfo, SourceName};
use crate::domain::symbol::{Symbol, SymbolId};
use crate::domain::time::{SessionCalendar, UnixMs};
use crate::pipeline::backoff::BackoffSettings;
use crate::pipeline::directory::Directory;
use crate::pipeline::feed::{Feed, FeedControl};
use crate::pipeline::recording::NoRecorder;
use crate::pipeline::source::{Envelope, Message, Source, SourceCommand};
use crate::sources::kind::sim;
use crate::sources::venue::connection::tls;
use crate::sources::venue::kept::Kept;
use crate::sources::venue::options::{Key, OptionProblem, Setup, Venue};
use crate::sources::venue::pacing::Paces;
use crate::sources::venue::wanted::Wanted;
use crate::sources::venue::{
    Answer, Connect, Ending, Endpoint, Incoming, Limits, Notice, Output, Protocol, Request,
};

use super::super::{Timings, VenueSource};

#[allow(
    dead_code,
    reason = "what is not needed here, tests of the whole program need"
)]
#[path = "../../../../../tests/it/support/fault_proxy.rs"]
pub(super) mod fault_proxy;
#[allow(
    dead_code,
    reason = "what is not needed here, tests of the whole program need"
)]
#[path = "../../../../../tests/it/support/venue_server.rs"]
pub(super) mod venue_server;

const DEADLINE: Duration = Duration::from_secs(20);

pub(super) const KEY: &str = "CANARY-KEY-4711";
/// What the key is when it is read again.
pub(super) const SECOND_KEY: &str = "CANARY-KEY-0815";

const MADE_UP: Venue = Venue {
    kind: &sim::KIND,
    socket_url: "wss://venue.invalid/ws",
    rest_url: Some("https://venue.invalid"),
    keys: &[Key {
        variable: "MADE_UP_KEY",
        alternative: None,
        what: "the key of a venue that is made up",
        required: true,
    }],
    services: |_| ServiceSet::ALL,
    calendar: |_| SessionCalendar::UtcDay,
    intervals: &[],
    bars_grow: |_| false,
    limits,
    protocol,
};

pub(super) static VENUE: Venue = MADE_UP;

/// One that wants no key, and says itself whether it has to be let in.
pub(super) static KEYLESS: Venue = Venue {
    keys: &[],
    ..MADE_UP
};

/// A venue's limits come from its setup: so a test can set them.
fn limits(setup: &Setup) -> Limits {
    let number = |name: &str| {
        setup
            .own
            .get(name)
            .and_then(|text| text.parse::<u64>().ok())
    };
    let ms = |name: &str| number(name).map(Duration::from_millis);
    let standard = Limits::default();
    Limits {
        symbols_per_connection: number("symbols").map_or(1000, |most| most as usize),
        connections: number("connections").map_or(1, |most| most as usize),
        sends: number("sends").map_or((1000, Duration::from_secs(1)), |most| {
            (most as u32, Duration::from_millis(200))
        }),
        shares_sends: setup.own.contains_key("shares"),
        attempts: (1000, Duration::from_secs(1)),
        request_weight_per_minute: 1000,
        silence: ms("silence").unwrap_or(standard.silence),
        ping: ms("ping"),
        lifetime: ms("lifetime"),
        ..Limits::default()
    }
}

#[allow(
    clippy::unnecessary_wraps,
    reason = "a venue's protocol may be impossible"
)]
fn protocol(setup: &Setup) -> Result<Box<dyn Protocol>, OptionProblem> {
    Ok(Box::new(MadeUp {
        url: setup.socket_url.clone(),
        key: setup.keys.first().cloned().flatten().unwrap(),
        asks: setup.own.contains_key("asks"),
        token: None,
        is_mute: setup.own.contains_key("mute"),
        tells_ticks: setup.own.contains_key("ticks"),
        wanted: Wanted::new(),
        is_open: false,
    }))
}

#[allow(clippy::struct_excessive_bools, reason = "each is a test's wish")]
struct MadeUp {
    url: String,
    key: SecretString,
    asks: bool,
    token: Option<String>,
    /// It is let in by `welcome` alone.
    is_mute: bool,
    /// It sends `tick` whenever it is told that time passes.
    tells_ticks: bool,
    wanted: Wanted<()>,
    is_open: bool,
}

impl MadeUp {
    fn list(symbols: &[(Symbol, SymbolId)]) -> String {
        let names: Vec<&str> = symbols.iter().map(|(symbol, _)| symbol.as_str()).collect();
        names.join(",")
    }
}

impl Kept for MadeUp {}

impl Protocol for MadeUp {
    fn connect(&mut self) -> Connect {
        self.is_open = false;
        if self.asks && self.token.is_none() {
            return Connect::Ask(Request {
                id: 1,
                path: "/token".to_owned(),
                headers: vec![("x-key", KEY.into())],
                weight: 1,
            });
        }
        Connect::Open(Endpoint {
            url: self.url.clone(),
            secret_query: Some(format!("key={}", self.key.expose_secret()).into()),
            headers: vec![("x-key", self.key.clone())],
        })
    }

    fn renew(&mut self, setup: &Setup) {
        self.key = setup.keys.first().cloned().flatten().unwrap();
    }

    fn needs_login(&self) -> bool {
        self.is_mute
    }

    fn opened(&mut self, _: UnixMs, output: &mut Output) {
        self.is_open = true;
        if !self.is_mute {
            output.notices.push(Notice::Ready);
        }
        let all: Vec<&str> = self
            .wanted
            .in_order()
            .iter()
            .map(|(wire, _)| *wire)
            .collect();
        output.send(format!("sub {}", all.join(",")));
    }

    fn message(&mut self, message: Incoming<'_>, _: UnixMs, output: &mut Output) {
        let Incoming::Text(text) = message else {
            return output.reject(Rejection::decode("no bytes are taken"));
        };
        match text.split_once(' ') {
            Some(("ask", path)) => output.ask.push(Request {
                id: 7,
                path: path.to_owned(),
                headers: Vec::new(),
                weight: 1,
            }),
            Some(("flood", count)) => {
                for number in 0..count.parse().unwrap() {
                    output.send(format!("n{number}"));
                }
            }
            Some(("end", reason)) => output.end(Ending::retry(ErrorKind::RateLimited, reason)),
            Some(("gap", symbol)) => output.notices.push(Notice::Gap {
                symbol: self.wanted.get(symbol).unwrap().id,
                kind: ErrorKind::SequenceGap,
                reason: "5 was expected, and 7 came".to_owned(),
            }),
            Some(("refuse", symbol)) => output.notices.push(Notice::Refused {
                symbol: self.wanted.get(symbol).unwrap().id,
                reason: "no such symbol".to_owned(),
            }),
            Some((symbol, price)) => match (self.wanted.get(symbol), price.parse()) {
                (Some(entry), Ok(price)) => output.events.push(quote(entry.id, price)),
                (None, _) => output.ignored += 1,
                (_, Err(_)) => output.reject(Rejection::schema("the price is none")),
            },
            None if text == "welcome" => output.notices.push(Notice::Ready),
            None => output.reject(Rejection::decode("this is no message")),
        }
    }

    fn answer(&mut self, answer: &Answer<'_>, _: UnixMs, output: &mut Output) {
        let body = String::from_utf8_lossy(answer.body).into_owned();
        match (answer.id, answer.status) {
            (1, 200) => self.token = Some(body),
            (1, status) => output.end(Ending::retry(
                ErrorKind::ConnectionError,
                format!("no token: {status} {body}"),
            )),
            (_, status) => output.send(format!(
                "answer {} {status} {} {:?}",
                answer.id,
                body.len(),
                answer.retry_after
            )),
        }
    }

    fn subscribe(&mut self, symbols: &[(Symbol, SymbolId)], output: &mut Output) {
        for (symbol, id) in symbols {
            self.wanted
                .insert(symbol.as_str(), symbol, *id, ())
                .unwrap();
        }
        if self.is_open {
            output.send(format!("sub {}", Self::list(symbols)));
        }
    }

    fn unsubscribe(&mut self, symbols: &[(Symbol, SymbolId)], output: &mut Output) {
        for (_, id) in symbols {
            self.wanted.remove(*id).unwrap();
        }
        if self.is_open {
            output.send(format!("unsub {}", Self::list(symbols)));
        }
    }

    fn tick(&mut self, _: UnixMs, output: &mut Output) {
        if self.tells_ticks {
            output.send("tick");
        }
    }

    fn resync(&mut self, symbol: SymbolId, output: &mut Output) {
        let wire = self.wanted.wire(symbol).unwrap().to_owned();
        output.send(format!("resync {wire}"));
    }
}

fn quote(symbol: SymbolId, price: crate::domain::Decimal) -> Event {
    Event {
        symbol,
        time: None,
        payload: Payload::Level1(Level1 {
            last: Some(price),
            ..Level1::default()
        }),
    }
}

/// A streamer with an engine that only listens.
pub(super) struct Rig {
    control: Option<FeedControl>,
    directory: Arc<Directory>,
    index: crate::domain::source::SourceIndex,
    messages: Receiver<Vec<Envelope>>,
    /// What has come and not been looked at.
    pub(super) told: std::collections::VecDeque<String>,
    runtime: Runtime,
    streamer: tokio::task::JoinHandle<()>,
}

/// How a streamer is to be set up.
pub(super) struct Plan {
    pub(super) venue: &'static Venue,
    pub(super) url: String,
    pub(super) rest_url: Option<String>,
    pub(super) own: &'static [(&'static str, &'static str)],
    pub(super) symbols: &'static [&'static str],
    /// The authority to trust, as PEM text.
    pub(super) trust: Option<String>,
    pub(super) stale: Duration,
    pub(super) dial: Duration,
    pub(super) login: Duration,
    pub(super) settled: Duration,
    pub(super) backoff: BackoffSettings,
}

impl Plan {
    pub(super) fn new(url: String) -> Self {
        Self {
            venue: &VENUE,
            url,
            rest_url: None,
            own: &[],
            symbols: &["A", "B"],
            trust: None,
            stale: Duration::from_secs(3600),
            dial: Duration::from_secs(10),
            login: Duration::from_secs(10),
            settled: Duration::from_secs(30),
            backoff: BackoffSettings {
                base: Duration::from_millis(2),
                cap: Duration::from_secs(1),
            },
        }
    }

    pub(super) fn start(self) -> Rig {
        Rig::start(&self)
    }
}

fn setup(plan: &Plan) -> Setup {
    let services = ServiceSet::of(&[DataService::Level1, DataService::Level2]);
    Setup {
        rest: String::new(),
        services,
        depth: None,
        products: Products {
            services,
            ..Products::default()
        },
        backfill: None,
        calendar: SessionCalendar::UtcDay,
        socket_url: plan.url.clone(),
        rest_url: plan.rest_url.clone(),
        stale_after: plan.stale,
        keys: vec![Some(KEY.into())],
        variables: Vec::new(),
        map: None,
        own: plan
            .own
            .iter()
            .map(|(name, value)| (*name, (*value).to_owned()))
            .collect::<BTreeMap<_, _>>(),
    }
}

pub(super) fn trust(authority: Option<&str>) -> Arc<ClientConfig> {
    let mut roots = RootCertStore::empty();
    if let Some(pem) = authority {
        let certificate = rustls::pki_types::CertificateDer::from_pem_slice(pem.as_bytes());
        roots.add(certificate.unwrap()).unwrap();
    }
    Arc::new(tls::trusting(roots).unwrap())
}

impl Rig {
    fn start(plan: &Plan) -> Self {
        let setup = setup(plan);
        let source = VenueSource {
            info: Arc::new(SourceInfo {
                name: SourceName::new("made-up"),
                label: "made-up:".to_owned(),
                origin: Origin::Live,
                delivery: Delivery::Live,
                has_transport: false,
                bar_stamp: BarStamp::Start,
                calendar: SessionCalendar::UtcDay,
                products: setup.products,
            }),
            venue: plan.venue,
            renew: {
                let mut renewed = setup.clone();
                renewed.keys = vec![Some(SECOND_KEY.into())];
                Box::new(move || Ok(renewed.clone()))
            },
            setup,
            recorder: Arc::new(NoRecorder),
            paces: Paces::default(),
            trust: trust(plan.trust.as_deref()),
            timings: Timings {
                dial: plan.dial,
                login: plan.login,
                settled: plan.settled,
                tick: Duration::from_millis(20),
                meters: Duration::ZERO,
                backoff: plan.backoff,
            },
        };
        let directory = Arc::new(Directory::new(1000));
        let index = directory.add_source(false);
        for name in plan.symbols {
            directory
                .subscribe(index, &Symbol::new(name).unwrap())
                .unwrap();
        }
        let (sender, messages) = unbounded();
        let (feed, control) = Feed::new(
            index,
            source.info(),
            Arc::clone(&directory),
            Arc::new(SystemClock::default()),
            sender,
            1_000_000,
        );
        let runtime = tokio::runtime::Builder::new_multi_thread()
            .worker_threads(1)
            .enable_all()
            .build()
            .unwrap();
        let streamer = runtime.spawn(Box::new(source).run(feed));
        Self {
            control: Some(control),
            directory,
            index,
            messages,
            told: std::collections::VecDeque::new(),
            runtime,
            streamer,
        }
    }

    /// The next thing that the streamer tells; events one by one, as `A 1`.
    pub(super) fn next(&mut self) -> String {
        while self.told.is_empty() {
            let batch = self
                .messages
                .recv_timeout(DEADLINE)
                .expect("something told");
            for envelope in batch {
                self.told.extend(tell(&envelope.message));
            }
        }
        self.told.pop_front().unwrap()
    }

    /// Passes over everything up to what holds this text.
    pub(super) fn wait_for(&mut self, part: &str) -> String {
        let mut passed = Vec::new();
        loop {
            let told = self.next();
            if told.contains(part) {
                return told;
            }
            passed.push(told);
            assert!(passed.len() < 10_000, "'{part}' does not come: {passed:?}");
        }
    }

    pub(super) fn meters(&self) -> &crate::pipeline::meters::SourceMeters {
        &self.control.as_ref().unwrap().meters
    }

    fn send(&self, command: SourceCommand) {
        self.control
            .as_ref()
            .unwrap()
            .commands
            .send(command)
            .unwrap();
    }

    pub(super) fn add(&self, name: &str) {
        let symbol = Symbol::new(name).unwrap();
        let (id, _) = self.directory.subscribe(self.index, &symbol).unwrap();
        self.send(SourceCommand::Subscribe(vec![(symbol, id)]));
    }

    pub(super) fn remove(&self, name: &str) {
        let symbol = Symbol::new(name).unwrap();
        let id = self.directory.unsubscribe(self.index, &symbol).unwrap();
        self.send(SourceCommand::Unsubscribe(vec![(symbol, id)]));
    }

    pub(super) fn reconnect(&self) {
        self.send(SourceCommand::Reconnect);
    }

    pub(super) fn resync(&self, name: &str) {
        let symbol = Symbol::new(name).unwrap();
        let id = self.directory.find(self.index, &symbol).unwrap();
        self.send(SourceCommand::Resync(vec![(symbol, id)]));
    }

    /// Asks the streamer to return, and waits until it has.
    pub(super) fn end(mut self) {
        self.control = None;
        self.returned();
    }

    /// Waits until the streamer has returned.
    pub(super) fn returned(self) {
        let streamer = self.streamer;
        let ended = self
            .runtime
            .block_on(async { tokio::time::timeout(DEADLINE, streamer).await });
        ended.unwrap().unwrap();
    }
}

fn tell(message: &Message) -> Vec<String> {
    match message {
        Message::Data(events) => events.iter().map(tell_event).collect(),
        Message::Status(status) => {
            let symbol = status.symbol.as_ref().map_or("", Symbol::as_str);
            let retry = status
                .retry_ms
                .map_or(String::new(), |ms| format!("[{ms}] "));
            let message = status.message.as_deref().unwrap_or_default();
            vec![format!("{} {symbol}{retry}{message}", status.status.name())]
        }
        Message::Rejected(error) => {
            let sample = error.sample.as_deref().unwrap_or_default();
            let next = error
                .next
                .as_ref()
                .map_or_else(String::new, |next| format!("; {next}"));
            vec![format!(
                "{} {} {}{next} | {sample}",
                error.severity.name(),
                error.kind.name(),
                error.message
            )]
        }
        Message::Ended { error, hopeless } => {
            let message = error.as_ref().map_or("", |error| error.message.as_str());
            vec![format!("ended {hopeless} {message}")]
        }
        Message::History(_) | Message::Reset => vec![format!("{message:?}")],
    }
}

fn tell_event(event: &Event) -> String {
    let id = event.symbol.0;
    let name = char::from(b'A' + u8::try_from(id).unwrap());
    match &event.payload {
        Payload::Level1(quote) => format!("{name} {}", quote.last.unwrap()),
        Payload::BookLost => format!("{name} lost its book"),
        other => format!("{name} {other:?}"),
    }
}

/// The wait that a status names.
pub(super) fn retry_ms(told: &str) -> u64 {
    let (_, rest) = told.split_once('[').unwrap();
    rest.split_once(']').unwrap().0.parse().unwrap()
}
