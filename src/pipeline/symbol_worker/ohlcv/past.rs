//! Bars from before the stream began, or of a time without one.

use crate::domain::bar::PastBar;

use super::{OhlcvService, candle};

impl OhlcvService {
    /// Takes bars from before, each in the place of its time, where it replaces one that is there. No result comes of
    /// them; longer bars and the trading day take them in.
    pub fn take_past(&mut self, bars: &[PastBar]) {
        let mut first = None;
        for past in bars {
            let (start, bar) = (past.start, &past.bar);
            let Some(session) = self.sessions.session_of(start) else {
                continue;
            };
            self.resample(start, bar, &session);
            if let Some(candle) = candle(start, bar) {
                self.history.insert(candle);
                first = first.or(Some(start));
            }
        }
        self.closed.clear();
        let newest = self.history.newest().map(|newest| newest.start);
        if self.last.is_none()
            && let Some(past) = bars.iter().rfind(|past| Some(past.start) == newest)
        {
            self.last = past.bar.close;
        }
        if let Some(first) = first {
            self.find_day_again();
            self.indicators.on_change_of_the_past();
            self.mark_charts(first);
        }
    }
}
