//! Bars from before the stream began, or of a time without one.

use crate::compute::history::Placed;
use crate::domain::bar::PastBar;

use super::longer::Minute;
use super::{OhlcvService, candle, has_changed};

impl OhlcvService {
    /// Takes bars from before, each in the place of its time, where it replaces one that is there. No result comes of
    /// them; the trading day and longer bars take them in. The latter go out, but for those from before the first result.
    pub fn take_past(&mut self, bars: &[PastBar]) {
        // Between two of them there is none where nothing was traded.
        if let [oldest, .., newest] | [oldest @ newest] = bars {
            let end = newest.start.plus_ms(self.interval.ms());
            self.cuts.fill(oldest.start, end);
        }
        let mut first = None;
        for past in bars {
            let (start, bar) = (past.start, &past.bar);
            let (Some(session), Some(candle)) =
                (self.sessions.session_of(start), candle(start, bar))
            else {
                continue;
            };
            let newest = self.history.newest();
            let placed = if newest.is_none_or(|newest| newest.start < start) {
                self.place(candle, session)
            } else {
                self.history.insert(candle)
            };
            if placed == Placed::TooOld {
                continue;
            }
            let is_news = has_changed(placed, &candle);
            if is_news && placed != Placed::Appended {
                first = Some(first.map_or(start, |first| start.min(first)));
            }
            let minute = Minute {
                is_told_of: false,
                is_news,
            };
            self.resample(start, bar, &session, minute);
        }
        self.settle_closed();
        let newest = self.history.newest().map(|newest| newest.start);
        if self.last.is_none()
            && let Some(past) = bars.iter().rfind(|past| Some(past.start) == newest)
        {
            self.last = past.bar.close;
        }
        if let Some(first) = first {
            self.find_day_again();
            self.indicators.on_change_of_the_past(first);
            self.mark_charts(first);
        }
    }
}
