//! Bars from before the start.

use crate::domain::Decimal;
use crate::domain::bar::{Candle, Ohlcv};

use super::OhlcvService;

impl OhlcvService {
    /// Takes in bars from before the start; whether there were any.
    pub fn recall(&mut self, past: impl Iterator<Item = Candle>) -> bool {
        let mut is_any = false;
        for candle in past {
            let Some(session) = self.sessions.session_of(candle.start) else {
                continue;
            };
            is_any = true;
            let figure = |value: f64| Decimal::try_from(value).ok();
            let bar = Ohlcv {
                open: figure(candle.open),
                high: figure(candle.high),
                low: figure(candle.low),
                close: figure(candle.close),
                volume: figure(candle.volume),
            };
            self.last = bar.close.or(self.last);
            self.resample(candle.start, &bar, &session);
            self.place(candle.start, &bar, session);
        }
        self.forget_closed();
        is_any
    }
}
