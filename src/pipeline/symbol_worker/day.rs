//! A symbol's trading day.

use crate::domain::bar::Candle;
use crate::domain::outcome::DayStats;

/// Whether the board has to be told of the trading day.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub(super) enum News {
    #[default]
    None,
    Due,
}

/// The trading day so far, and what it is made of.
#[derive(Debug, Clone, Copy, Default)]
pub(super) struct Day {
    pub stats: DayStats,
    /// Sum of typical price times volume.
    price_volume: f64,
    volume: f64,
    /// Close of the newest bar of the session before.
    pub previous_close: Option<f64>,
}

impl Day {
    /// A day of which nothing is known but what came before it.
    pub fn after(previous_close: Option<f64>) -> Self {
        Self {
            previous_close,
            ..Self::default()
        }
    }

    pub fn add(&mut self, candle: &Candle) {
        let Candle {
            open, high, low, ..
        } = *candle;
        let stats = &mut self.stats;
        stats.open = stats.open.or(Some(open));
        stats.high = Some(stats.high.map_or(high, |known| known.max(high)));
        stats.low = Some(stats.low.map_or(low, |known| known.min(low)));
        stats.reference_price = self.previous_close.or(stats.open);
        if candle.volume.is_nan() {
            return;
        }
        let volume = candle.volume;
        self.volume += volume;
        self.price_volume += (high + low + candle.close) / 3.0 * volume;
        stats.volume = Some(self.volume);
        stats.vwap = (self.volume > 0.0).then(|| self.price_volume / self.volume);
    }
}
