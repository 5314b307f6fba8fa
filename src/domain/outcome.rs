//! What comes out of the engine: results, errors and status changes.

use std::fmt;
use std::sync::Arc;

use chrono::DateTime;
use chrono_tz::Tz;

use super::Decimal;
use super::bar::Ohlcv;
use super::book::BookTop;
use super::event::DataService;
use super::indicator::IndicatorValues;
use super::news::News;
use super::quote::{Level1, SymbolFacts};
use super::source::SourceName;
use super::symbol::{Symbol, SymbolId};
use super::time::{Timeframe, UnixMs};
use super::trade::TimeAndSale;

/// What a symbol worker made of one event.
#[derive(Debug, Clone, PartialEq)]
pub struct ResultInstance {
    /// Whose result it is.
    pub symbol: SymbolId,
    /// Time of the data; `None` when it had none.
    pub time: Option<UnixMs>,
    /// The data.
    pub body: ResultBody,
    /// What the event makes of the symbol's last price.
    pub last: LastPrice,
}

/// What an event makes of a symbol's last price.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
pub enum LastPrice {
    /// It stays as it was.
    #[default]
    Unchanged,
    /// It is this one now.
    Is(Decimal),
    /// There is none any more: all that gave one has been taken out.
    Gone,
}

impl LastPrice {
    /// What this and a later event make of it together.
    #[must_use]
    pub fn then(self, later: Self) -> Self {
        if later == Self::Unchanged {
            self
        } else {
            later
        }
    }
}

impl From<Option<Decimal>> for LastPrice {
    /// The price that an event brings, if it brings one.
    fn from(brought: Option<Decimal>) -> Self {
        brought.map_or(Self::Unchanged, Self::Is)
    }
}

impl ResultInstance {
    /// Which service the result belongs to.
    #[must_use]
    pub fn service(&self) -> DataService {
        match self.body {
            ResultBody::Ohlcv { .. } => DataService::Ohlcv,
            ResultBody::Level1 { .. } => DataService::Level1,
            ResultBody::Level2(_) => DataService::Level2,
            ResultBody::TimeAndSales(_) => DataService::TimeAndSales,
            ResultBody::News(_) => DataService::News,
        }
    }

    /// The time on New York's clocks.
    #[must_use]
    pub fn new_york_datetime(&self) -> Option<DateTime<Tz>> {
        self.time.and_then(UnixMs::new_york)
    }
}

/// The data of a result.
#[derive(Debug, Clone, PartialEq)]
pub enum ResultBody {
    /// A bar.
    Ohlcv {
        /// Its prices and volume.
        bar: Ohlcv,
        /// The source's own interval is the bar as delivered; longer ones are built from those and closed.
        timeframe: Timeframe,
        /// Whether a bar that is built lacks something: its interval was not over when the data ended, or trades of it may
        /// have been missed, because the stream began or broke off in it.
        partial: bool,
        /// The symbol's indicators after this bar; `None` when it has none.
        indicators: Option<Arc<IndicatorValues>>,
    },
    /// The quote after the event.
    Level1 {
        /// Every field as last known.
        quote: Level1,
        /// What the venue says beside it; `None` while it says nothing.
        facts: Option<Arc<SymbolFacts>>,
    },
    /// The book after an update.
    Level2(Box<BookTop>),
    /// A trade, or what takes its place.
    TimeAndSales(Arc<TimeAndSale>),
    /// A headline.
    News(Box<News>),
}

/// A symbol's trading day so far.
#[derive(Debug, Clone, Copy, Default, PartialEq)]
pub struct DayStats {
    /// What the change is measured against: the previous session's last close, else the venue's, else the session's
    /// first open.
    pub reference_price: Option<f64>,
    /// First price of the session.
    pub open: Option<f64>,
    /// Highest price of the session.
    pub high: Option<f64>,
    /// Lowest price of the session.
    pub low: Option<f64>,
    /// Units traded in the session.
    pub volume: Option<f64>,
    /// Volume-weighted average price of the session: Σ typical price × volume ÷ Σ volume, where a bar's typical
    /// price is (high + low + close) ÷ 3.
    pub vwap: Option<f64>,
}

/// What went wrong, as a person would sort it.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, PartialOrd, Ord)]
pub enum ErrorKind {
    /// A connection or stream ended or could not be opened.
    ConnectionError,
    /// Bytes that could not be read as what they should be.
    DecodeError,
    /// Readable data that breaks its schema.
    SchemaError,
    /// Data is missing between two messages.
    SequenceGap,
    /// A book does not match its checksum.
    ChecksumMismatch,
    /// Nothing has come for too long.
    Stale,
    /// The venue asks for fewer requests.
    RateLimited,
    /// The venue does not accept who we are.
    AuthError,
    /// A symbol worker panicked.
    WorkerPanic,
    /// More came than could be taken.
    Overload,
    /// A sink could not take results.
    SinkError,
    /// A setting or command is wrong.
    ConfigError,
}

impl ErrorKind {
    /// The name in results and on screen.
    #[must_use]
    pub fn name(self) -> &'static str {
        match self {
            Self::ConnectionError => "ConnectionError",
            Self::DecodeError => "DecodeError",
            Self::SchemaError => "SchemaError",
            Self::SequenceGap => "SequenceGap",
            Self::ChecksumMismatch => "ChecksumMismatch",
            Self::Stale => "Stale",
            Self::RateLimited => "RateLimited",
            Self::AuthError => "AuthError",
            Self::WorkerPanic => "WorkerPanic",
            Self::Overload => "Overload",
            Self::SinkError => "SinkError",
            Self::ConfigError => "ConfigError",
        }
    }
}

impl fmt::Display for ErrorKind {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.pad(self.name())
    }
}

/// How much an error matters.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub enum Severity {
    /// Worth knowing.
    Info,
    /// Something is worse than it should be.
    Warning,
    /// Something was lost or has stopped.
    Error,
}

impl Severity {
    /// The name in results and on screen.
    #[must_use]
    pub fn name(self) -> &'static str {
        match self {
            Self::Info => "info",
            Self::Warning => "warning",
            Self::Error => "error",
        }
    }
}

/// One thing that went wrong. Texts may hold anything that came in: whoever draws them makes them safe.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct ErrorInstance {
    /// What kind of trouble.
    pub kind: ErrorKind,
    /// How bad.
    pub severity: Severity,
    /// What happened and, where there is something, what to do.
    pub message: String,
    /// What the program does about it (`retrying in 4 s`). It differs from time to time, and does not make an error
    /// another one.
    pub next: Option<String>,
    /// Which source it came from.
    pub source: Option<SourceName>,
    /// Which symbol it is about.
    pub symbol: Option<Symbol>,
    /// Where in the input: `FILE:LINE`.
    pub location: Option<String>,
    /// The raw input, or its beginning.
    pub sample: Option<String>,
    /// When, by the system clock.
    pub time: Option<UnixMs>,
    /// Whether the source says by it that it does not give the symbol.
    pub is_refusal: bool,
}

impl ErrorInstance {
    /// An error of severity [`Severity::Error`] with nothing but its kind and message.
    pub fn new(kind: ErrorKind, message: impl Into<String>) -> Self {
        Self {
            kind,
            severity: Severity::Error,
            message: message.into(),
            next: None,
            source: None,
            symbol: None,
            location: None,
            sample: None,
            time: None,
            is_refusal: false,
        }
    }

    /// The same error with its source named.
    #[must_use]
    pub fn from_source(mut self, source: &SourceName) -> Self {
        self.source = Some(source.clone());
        self
    }

    /// The same error with what happens next.
    #[must_use]
    pub fn then(mut self, next: impl Into<String>) -> Self {
        self.next = Some(next.into());
        self
    }

    /// The same error as a warning.
    #[must_use]
    pub fn as_warning(mut self) -> Self {
        self.severity = Severity::Warning;
        self
    }
}

/// A change in what a source or symbol is doing.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub enum Status {
    /// The source is being opened.
    Connecting,
    /// The source is open.
    Connected,
    /// A symbol's data has been asked for.
    Subscribed,
    /// A symbol has been removed and its worker drained.
    Unsubscribed,
    /// The source is lost and will be tried again.
    Reconnecting,
    /// Data is missing.
    Gap,
    /// A replay has jumped.
    Seek,
    /// The source has nothing more.
    Ended,
    /// A symbol's worker has been stopped after repeated panics.
    Quarantined,
}

impl Status {
    /// The name in results and on screen.
    #[must_use]
    pub fn name(self) -> &'static str {
        match self {
            Self::Connecting => "connecting",
            Self::Connected => "connected",
            Self::Subscribed => "subscribed",
            Self::Unsubscribed => "unsubscribed",
            Self::Reconnecting => "reconnecting",
            Self::Gap => "gap",
            Self::Seek => "seek",
            Self::Ended => "ended",
            Self::Quarantined => "quarantined",
        }
    }
}

/// A status change with what it is about.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct StatusChange {
    /// The new status.
    pub status: Status,
    /// Which source.
    pub source: Option<SourceName>,
    /// Which symbol; `None` when it is about the whole source.
    pub symbol: Option<Symbol>,
    /// More about it, for people.
    pub message: Option<String>,
    /// When the next attempt is made.
    pub retry_ms: Option<u64>,
    /// When, by the system clock.
    pub time: Option<UnixMs>,
}

impl StatusChange {
    /// A status of a source with nothing more to say.
    #[must_use]
    pub fn of_source(status: Status, source: &SourceName) -> Self {
        Self {
            status,
            source: Some(source.clone()),
            symbol: None,
            message: None,
            retry_ms: None,
            time: None,
        }
    }

    /// The same with a message.
    #[must_use]
    pub fn with_message(mut self, message: impl Into<String>) -> Self {
        self.message = Some(message.into());
        self
    }

    /// The same about one symbol.
    #[must_use]
    pub fn with_symbol(mut self, symbol: &Symbol) -> Self {
        self.symbol = Some(symbol.clone());
        self
    }
}
