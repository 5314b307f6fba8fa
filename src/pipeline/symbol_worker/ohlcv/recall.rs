//! Bars from before the start.

use crate::compute::history::Placed;
use crate::compute::resample;
use crate::domain::bar::Candle;

use super::OhlcvService;
use super::longer::Minute;

impl OhlcvService {
    /// Takes in bars from before the start; whether there were any.
    pub fn recall(&mut self, past: impl Iterator<Item = Candle>) -> bool {
        let mut is_any = false;
        for candle in past {
            let Some(session) = self.sessions.session_of(candle.start) else {
                continue;
            };
            is_any = true;
            let bar = resample::exact(&candle);
            self.last = bar.close.or(self.last);
            if self.place(candle, session) != Placed::TooOld {
                let minute = Minute {
                    is_told_of: false,
                    is_news: true,
                };
                self.resample(candle.start, &bar, &session, minute);
            }
        }
        self.forget_closed();
        is_any
    }
}
