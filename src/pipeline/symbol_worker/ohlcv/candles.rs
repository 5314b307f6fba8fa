//! Bars as history takes them.

use crate::compute::history::Placed;
use crate::domain::bar::{Candle, Ohlcv};
use crate::domain::time::UnixMs;
use crate::domain::to_f64;

/// The bar as a candle; `None` unless all four prices are there.
pub(in super::super) fn candle(start: UnixMs, bar: &Ohlcv) -> Option<Candle> {
    Some(Candle {
        start,
        open: to_f64(bar.open?),
        high: to_f64(bar.high?),
        low: to_f64(bar.low?),
        close: to_f64(bar.close?),
        volume: bar.volume.map_or(f64::NAN, to_f64),
    })
}

/// Whether history is another since this bar was placed.
pub(super) fn has_changed(placed: Placed, candle: &Candle) -> bool {
    match placed {
        Placed::Appended | Placed::Late => true,
        Placed::Replaced(before) => !before.is_same(candle),
        Placed::TooOld => false,
    }
}
