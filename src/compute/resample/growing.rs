//! A longer bar as the bars that are kept make it.

use crate::domain::Decimal;
use crate::domain::bar::{Candle, Ohlcv};
use crate::domain::time::{Session, Timeframe, UnixMs};

use super::{add, merge};

/// A longer bar that grows with each newer bar. The newest of these may come again.
#[derive(Debug, Clone, Copy)]
pub struct GrowingBar {
    /// End of its interval.
    pub end: UnixMs,
    /// Start of its trading day.
    pub session_start: UnixMs,
    /// Start of the newest bar in it.
    newest: UnixMs,
    /// Without the newest bar.
    before: Option<Candle>,
    whole: Candle,
}

impl GrowingBar {
    /// The longer bar that begins with this one.
    #[must_use]
    pub fn new(timeframe: Timeframe, bar: &Candle, session: &Session) -> Self {
        let (start, end) = timeframe.interval_of(bar.start, session);
        Self {
            end,
            session_start: session.start,
            newest: bar.start,
            before: None,
            whole: Candle { start, ..*bar },
        }
    }

    /// Takes in a newer bar of its interval, or the newest again.
    pub fn take(&mut self, bar: &Candle) {
        if bar.start > self.newest {
            self.newest = bar.start;
            self.before = Some(self.whole);
        }
        match self.before {
            Some(before) => {
                self.whole = before;
                merge(&mut self.whole, bar);
            }
            None => {
                self.whole = Candle {
                    start: self.whole.start,
                    ..*bar
                };
            }
        }
    }

    /// The longer bar so far.
    #[must_use]
    pub fn bar(&self) -> Candle {
        self.whole
    }

    /// Whether its interval is over with its newest bar, if that is so long.
    #[must_use]
    pub fn is_over(&self, bar_ms: i64) -> bool {
        self.newest.plus_ms(bar_ms) >= self.end
    }
}

/// What bars of one interval make together, in order of time.
pub fn bar_of(bars: impl Iterator<Item = Candle>) -> Ohlcv {
    let mut whole = Ohlcv::default();
    for bar in bars {
        add(&mut whole, &exact(&bar));
    }
    whole
}

/// The figures as decimals; those that are none are not known.
#[must_use]
pub fn exact(bar: &Candle) -> Ohlcv {
    let figure = |value: f64| Decimal::try_from(value).ok();
    Ohlcv {
        open: figure(bar.open),
        high: figure(bar.high),
        low: figure(bar.low),
        close: figure(bar.close),
        volume: figure(bar.volume),
    }
}

#[cfg(test)]
#[allow(clippy::unwrap_used, reason = "a test may stop at the first surprise")]
mod tests {
    use super::super::{SessionFinder, candles};
    use super::*;
    use crate::domain::time::{MINUTE_MS, SessionCalendar};

    fn bar(minute: i64, close: f64) -> Candle {
        Candle {
            // 09:30 in New York.
            start: UnixMs(1_550_068_200_000 + minute * MINUTE_MS),
            open: close - 0.5,
            high: close + 1.0,
            low: close - 1.0,
            close,
            volume: close * 10.0,
        }
    }

    #[test]
    fn it_is_what_its_bars_make_however_often_the_newest_comes() {
        let mut sessions = SessionFinder::new(SessionCalendar::UsEquities);
        let session = sessions.session_of(bar(0, 1.0).start).unwrap();
        let minutes = [(0, 5.0), (1, 9.0), (3, 2.0), (4, 4.0)].map(|(at, close)| bar(at, close));
        let mut growing = GrowingBar::new(Timeframe::M5, &bar(0, 90.0), &session);
        for (at, minute) in minutes.iter().enumerate() {
            for close in [1.0, 70.0, minute.close] {
                growing.take(&Candle {
                    close,
                    high: close + 1.0,
                    low: close - 1.0,
                    ..*minute
                });
            }
            growing.take(minute);
            let whole = candles(minutes[..=at].iter(), Timeframe::M5, &mut sessions);
            assert_eq!(whole, [growing.bar()]);
            assert_eq!(growing.is_over(MINUTE_MS), at == 3);
        }
        assert_eq!(growing.session_start, session.start);
    }

    #[test]
    fn sums_of_kept_bars_are_exact() {
        let bars = [0.1, 0.2, f64::NAN].map(|volume| Candle {
            volume,
            ..bar(0, 170.105)
        });
        let whole = bar_of(bars.into_iter());
        assert_eq!(whole.volume, Some(Decimal::new(3, 1)));
        assert_eq!(whole.close, Some(Decimal::new(170_105, 3)));
        assert_eq!(bar_of(std::iter::empty()), Ohlcv::default());
    }
}
