//! Bars: one interval's open, high, low, close and volume.

use super::Decimal;
use super::time::UnixMs;

/// A bar as it was delivered. What the source left out is `None`.
///
/// The interval that it covers follows from its time and the source's
/// [`BarStamp`](super::source::BarStamp).
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
pub struct Ohlcv {
    /// First price of the interval.
    pub open: Option<Decimal>,
    /// Highest price of the interval.
    pub high: Option<Decimal>,
    /// Lowest price of the interval.
    pub low: Option<Decimal>,
    /// Last price of the interval.
    pub close: Option<Decimal>,
    /// Units traded in the interval.
    pub volume: Option<Decimal>,
}

/// A bar from before the stream began.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct PastBar {
    /// Start of the interval.
    pub start: UnixMs,
    /// The bar.
    pub bar: Ohlcv,
}

/// A complete bar in the form that history, indicators and charts work on.
#[derive(Debug, Clone, Copy, PartialEq)]
pub struct Candle {
    /// Start of the interval.
    pub start: UnixMs,
    /// First price.
    pub open: f64,
    /// Highest price.
    pub high: f64,
    /// Lowest price.
    pub low: f64,
    /// Last price.
    pub close: f64,
    /// Units traded; zero when the source gave none.
    pub volume: f64,
}
