//! What sources produce: one symbol's data of one service.

use std::fmt;

use super::bar::Ohlcv;
use super::book::BookUpdate;
use super::news::News;
use super::quote::Level1;
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
    /// A quote.
    Level1(Level1),
    /// A book or a change to it.
    Level2(Box<BookUpdate>),
    /// A trade.
    TimeAndSales(Box<TimeAndSale>),
    /// A headline.
    News(Box<News>),
}

impl Payload {
    /// Which service the data belongs to.
    #[must_use]
    pub fn service(&self) -> DataService {
        match self {
            Self::Ohlcv(_) => DataService::Ohlcv,
            Self::Level1(_) => DataService::Level1,
            Self::Level2(_) => DataService::Level2,
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
