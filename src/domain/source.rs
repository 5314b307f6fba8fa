//! What the rest of the program needs to know about a source.

use std::fmt;
use std::sync::Arc;

use super::event::ServiceSet;
use super::time::{SessionCalendar, Timeframe};

/// The name that results, errors and commands use for an open source (`replay`, `sim`, `replay-2`).
#[derive(Clone, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct SourceName(Arc<str>);

impl SourceName {
    /// Makes a name of a text.
    #[must_use]
    pub fn new(text: &str) -> Self {
        Self(Arc::from(text))
    }

    /// The name's text.
    #[must_use]
    pub fn as_str(&self) -> &str {
        &self.0
    }
}

impl fmt::Display for SourceName {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.pad(&self.0)
    }
}

impl fmt::Debug for SourceName {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        fmt::Debug::fmt(&*self.0, f)
    }
}

/// The place of a source in the engine's list of sources.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, PartialOrd, Ord)]
pub struct SourceIndex(pub u16);

impl SourceIndex {
    /// The place as an index.
    #[must_use]
    pub fn index(self) -> usize {
        usize::from(self.0)
    }
}

/// What happens to a source's data when the engine cannot keep up.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Delivery {
    /// The source waits; nothing is lost.
    Pausable,
    /// The source cannot wait: quotes are conflated, anything else that has to be dropped is counted as an error.
    Live,
}

/// Which end of its interval a bar's time names.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub enum BarStamp {
    /// The time is when the interval starts.
    #[default]
    Start,
    /// The time is when the interval ends.
    End,
}

/// What a source's data is, as shown to a person: live data is never mistaken for anything else.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Origin {
    /// From a venue, now.
    Live,
    /// Recorded earlier, played back.
    Replay,
    /// Made up by the simulator.
    Synthetic,
}

/// A source's fixed properties.
#[derive(Debug, Clone)]
pub struct SourceInfo {
    /// Unique name.
    pub name: SourceName,
    /// What a person gave to open it, without secrets (`replay:bars-us-2019-02`).
    pub label: String,
    /// Live, replayed or synthetic.
    pub origin: Origin,
    /// Whether it can wait.
    pub delivery: Delivery,
    /// Whether it takes pause, speed and seek.
    pub has_transport: bool,
    /// How its bars are stamped.
    pub bar_stamp: BarStamp,
    /// When its trading days begin and end.
    pub calendar: SessionCalendar,
    /// What its symbols' workers make of it.
    pub products: Products,
}

/// What symbol workers make of a source's data.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Products {
    /// The services that give results.
    pub services: ServiceSet,
    /// Where bars come from.
    pub bars: BarOrigin,
    /// The length of the bars that it delivers, or that are built.
    pub interval: Timeframe,
    /// Levels of a side that a LEVEL2 result shows.
    pub levels: u32,
    /// Whether it gives a bar out again and again while that still grows.
    pub bars_grow: bool,
    /// Whether it may send a trade again, as venues do after a connection was lost.
    pub repeats_trades: bool,
}

impl Products {
    /// The length of the bars in history: what is built from trades are minutes.
    #[must_use]
    pub fn bar_interval(&self) -> Timeframe {
        match self.bars {
            BarOrigin::Delivered => self.interval,
            BarOrigin::Trades(_) => Timeframe::M1,
        }
    }
}

impl Default for Products {
    fn default() -> Self {
        Self {
            services: ServiceSet::ALL,
            bars: BarOrigin::Delivered,
            interval: Timeframe::M1,
            levels: 10,
            bars_grow: false,
            repeats_trades: false,
        }
    }
}

/// Where bars come from.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum BarOrigin {
    /// The source delivers them.
    Delivered,
    /// One-minute bars are built from its trades.
    Trades(OpenRule),
}

/// What the open of a bar is that is built from trades. Venues differ: Kraken's is the first trade's price, Bybit's the
/// close of the bar before.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub enum OpenRule {
    /// The price of its first trade.
    #[default]
    FirstTrade,
    /// The close of the bar before; the first trade's price where there is none.
    PreviousClose,
}
