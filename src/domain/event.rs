//! What sources produce: one symbol's data of one service.

use std::fmt;

use super::bar::{Ohlcv, PastBar};
use super::book::BookUpdate;
use super::news::News;
use super::quote::{Level1, SymbolFacts};
use super::symbol::SymbolId;
use super::time::UnixMs;
use super::trade::TimeAndSale;

/// The kinds of data.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, PartialOrd, Ord)]
pub enum DataService {
    /// Bars.
    Ohlcv,
    /// Best bid and ask, last trade.
    Level1,
    /// Order book.
    Level2,
    /// Trades.
    TimeAndSales,
    /// Headlines.
    News,
}

impl DataService {
    /// Every service.
    pub const ALL: [Self; 5] = [
        Self::Ohlcv,
        Self::Level1,
        Self::Level2,
        Self::TimeAndSales,
        Self::News,
    ];

    /// The name on the wire, in results and in options.
    #[must_use]
    pub fn name(self) -> &'static str {
        match self {
            Self::Ohlcv => "OHLCV",
            Self::Level1 => "LEVEL1",
            Self::Level2 => "LEVEL2",
            Self::TimeAndSales => "TIMESALE",
            Self::News => "NEWS",
        }
    }

    /// The service of a name on the wire.
    #[must_use]
    pub fn from_name(name: &str) -> Option<Self> {
        Self::ALL.into_iter().find(|service| service.name() == name)
    }
}

impl std::str::FromStr for DataService {
    type Err = String;

    fn from_str(text: &str) -> Result<Self, String> {
        Self::from_name(text).ok_or_else(|| {
            let known = Self::ALL.map(Self::name).join(", ");
            format!("'{text}' is no service; there are {known}")
        })
    }
}

/// Some of the services.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct ServiceSet(u8);

impl ServiceSet {
    /// None of them.
    pub const NONE: Self = Self(0);
    /// All of them.
    pub const ALL: Self = Self((1 << DataService::ALL.len()) - 1);

    /// The services of a list.
    #[must_use]
    pub fn of(services: &[DataService]) -> Self {
        services
            .iter()
            .fold(Self::NONE, |set, service| Self(set.0 | 1 << *service as u8))
    }

    /// Whether a service is among them.
    #[must_use]
    pub fn has(self, service: DataService) -> bool {
        self.0 & 1 << service as u8 != 0
    }

    /// Those that are in both.
    #[must_use]
    pub fn and(self, other: Self) -> Self {
        Self(self.0 & other.0)
    }

    /// Those that are in either.
    #[must_use]
    pub fn or(self, other: Self) -> Self {
        Self(self.0 | other.0)
    }

    /// Those that are in here.
    pub fn iter(self) -> impl Iterator<Item = DataService> {
        DataService::ALL
            .into_iter()
            .filter(move |service| self.has(*service))
    }
}

impl fmt::Display for DataService {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.pad(self.name())
    }
}

/// The data of an event.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Payload {
    /// A bar.
    Ohlcv(Ohlcv),
    /// Bars from before, oldest first, each with its start: they build up the state and give no results.
    PastBars(Box<[PastBar]>),
    /// A quote.
    Level1(Level1),
    /// What the venue says of the symbol beside its quote: halts, limits, the close before. It belongs to LEVEL1.
    Facts(Box<SymbolFacts>),
    /// A book or a change to it.
    Level2(Box<BookUpdate>),
    /// The book is no longer known: changes mean nothing until the next whole book.
    BookLost,
    /// Every trade and bar up to the event's time has come: bars that end by then are complete.
    Clock,
    /// Trades that were made after the event's time, or after the newest known where it has none, are missed: the stream
    /// begins, or has broken off.
    TradesMissed,
    /// Trades that were made at the event's time or later come again. It may be said again, better.
    TradesResumed,
    /// A trade.
    TimeAndSales(TimeAndSale),
    /// A headline.
    News(Box<News>),
}

impl Payload {
    /// Which service the data belongs to.
    #[must_use]
    pub fn service(&self) -> DataService {
        match self {
            Self::Ohlcv(_)
            | Self::PastBars(_)
            | Self::Clock
            | Self::TradesMissed
            | Self::TradesResumed => DataService::Ohlcv,
            Self::Level1(_) | Self::Facts(_) => DataService::Level1,
            Self::Level2(_) | Self::BookLost => DataService::Level2,
            Self::TimeAndSales(_) => DataService::TimeAndSales,
            Self::News(_) => DataService::News,
        }
    }
}

/// One symbol's data of one service, as decoded.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Event {
    /// Whose data it is.
    pub symbol: SymbolId,
    /// When it happened, as the source says; `None` when the source does not say.
    pub time: Option<UnixMs>,
    /// The data.
    pub payload: Payload,
}
