//! Longer bars out of one-minute bars, by trading day.

use crate::domain::bar::{Candle, Ohlcv};
use crate::domain::time::{Session, SessionCalendar, Timeframe, UnixMs};

/// Finds the trading day of a time, remembering the last one: the search in the calendar is what costs.
#[derive(Debug, Clone)]
pub struct SessionFinder {
    calendar: SessionCalendar,
    last: Option<Session>,
}

impl SessionFinder {
    /// A finder for `calendar`.
    #[must_use]
    pub fn new(calendar: SessionCalendar) -> Self {
        Self {
            calendar,
            last: None,
        }
    }

    /// The trading day of `time`; `None` only at the ends of the calendar's range.
    pub fn session_of(&mut self, time: UnixMs) -> Option<Session> {
        match self.last {
            Some(session) if session.contains(time) => Some(session),
            _ => {
                self.last = self.calendar.session_of(time);
                self.last
            }
        }
    }
}

/// A longer bar.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct LongBar {
    /// Start of its interval.
    pub start: UnixMs,
    /// End of its interval.
    pub end: UnixMs,
    /// Open of the first, highest high, lowest low, close of the last, sum of the volumes of its minutes.
    pub bar: Ohlcv,
}

/// Builds the bars of one timeframe from minutes and gives each out once, when its interval is over.
///
/// A minute that comes again before that replaces the earlier one, and a late one is placed. A minute of an interval that
/// is over, because it has been given out or because a later one has begun, makes no bar any more.
#[derive(Debug)]
pub struct Resampler {
    timeframe: Timeframe,
    interval: Option<(UnixMs, UnixMs)>,
    /// The minutes of the open interval by their start, in order.
    minutes: Vec<(UnixMs, Ohlcv)>,
    /// Up to where bars have been given out.
    done: UnixMs,
}

impl Resampler {
    /// A resampler for `timeframe`.
    #[must_use]
    pub fn new(timeframe: Timeframe) -> Self {
        Self {
            timeframe,
            interval: None,
            minutes: Vec::new(),
            done: UnixMs(i64::MIN),
        }
    }

    /// The timeframe of its bars.
    #[must_use]
    pub fn timeframe(&self) -> Timeframe {
        self.timeframe
    }

    /// Takes the minute from `start` to `end` in `session`; each bar that this closes goes to `closed`.
    pub fn push(
        &mut self,
        start: UnixMs,
        end: UnixMs,
        bar: &Ohlcv,
        session: &Session,
        closed: &mut impl FnMut(LongBar),
    ) {
        if start < self.done {
            return;
        }
        let interval = self.timeframe.interval_of(start, session);
        if self.interval.is_some_and(|open| interval.1 <= open.0) {
            return;
        }
        if self.interval.is_some_and(|open| interval.0 >= open.1) {
            self.flush(closed);
        }
        self.interval.get_or_insert(interval);
        match self.minutes.binary_search_by_key(&start, |minute| minute.0) {
            Ok(at) => self.minutes[at].1 = *bar,
            Err(at) => self.minutes.insert(at, (start, *bar)),
        }
        if self.interval.is_some_and(|open| end >= open.1) {
            self.flush(closed);
        }
    }

    /// Gives out the open bar as it is.
    pub fn flush(&mut self, closed: &mut impl FnMut(LongBar)) {
        let Some((start, end)) = self.interval.take() else {
            return;
        };
        self.done = end;
        let mut whole = Ohlcv::default();
        for (_, minute) in self.minutes.drain(..) {
            whole.open = whole.open.or(minute.open);
            whole.high = whole.high.max(minute.high);
            whole.low = match (whole.low, minute.low) {
                (Some(a), Some(b)) => Some(a.min(b)),
                (a, b) => a.or(b),
            };
            whole.close = minute.close.or(whole.close);
            whole.volume = match (whole.volume, minute.volume) {
                (Some(a), Some(b)) => a.checked_add(b),
                (a, b) => a.or(b),
            };
        }
        closed(LongBar {
            start,
            end,
            bar: whole,
        });
    }

    /// Forgets everything.
    pub fn reset(&mut self) {
        *self = Self::new(self.timeframe);
    }
}

/// Adds a minute to a longer candle that starts with it or holds it.
fn merge(into: &mut Candle, minute: &Candle) {
    into.high = into.high.max(minute.high);
    into.low = into.low.min(minute.low);
    into.close = minute.close;
    into.volume += minute.volume;
}

/// Candles of `timeframe` out of shorter ones, or of those themselves, in order of time; the last may be incomplete.
pub fn candles<'a>(
    minutes: impl Iterator<Item = &'a Candle>,
    timeframe: Timeframe,
    sessions: &mut SessionFinder,
) -> Vec<Candle> {
    let mut all: Vec<Candle> = Vec::new();
    let mut end = UnixMs(i64::MIN);
    for minute in minutes {
        if timeframe == Timeframe::M1 {
            all.push(*minute);
            continue;
        }
        match all.last_mut() {
            Some(open) if minute.start < end => merge(open, minute),
            _ => {
                let Some(session) = sessions.session_of(minute.start) else {
                    continue;
                };
                let interval = timeframe.interval_of(minute.start, &session);
                end = interval.1;
                all.push(Candle {
                    start: interval.0,
                    ..*minute
                });
            }
        }
    }
    all
}

#[cfg(test)]
#[allow(clippy::unwrap_used, reason = "a test may stop at the first surprise")]
mod tests {
    use crate::domain::Decimal;
    use crate::domain::time::MINUTE_MS;

    use super::*;

    const CALENDAR: SessionCalendar = SessionCalendar::UsEquities;

    fn at(clock: &str) -> UnixMs {
        UnixMs::from_local(
            format!("2019-02-13T{clock}:00").parse().unwrap(),
            CALENDAR.zone(),
        )
        .unwrap()
    }

    fn minute(price: i64, volume: i64) -> Ohlcv {
        let price = Some(Decimal::new(price, 2));
        Ohlcv {
            open: price,
            high: price,
            low: price,
            close: price,
            volume: Some(Decimal::from(volume)),
        }
    }

    fn feed(resampler: &mut Resampler, minutes: &[(&str, i64)]) -> Vec<(String, Ohlcv)> {
        let mut sessions = SessionFinder::new(CALENDAR);
        let mut out = Vec::new();
        for &(clock, price) in minutes {
            let start = at(clock);
            let session = sessions.session_of(start).unwrap();
            resampler.push(
                start,
                start.plus_ms(MINUTE_MS),
                &minute(price, 10),
                &session,
                &mut |long| {
                    out.push((
                        long.start.new_york().unwrap().format("%H:%M").to_string(),
                        long.bar,
                    ));
                },
            );
        }
        out
    }

    #[test]
    fn a_bar_closes_with_its_last_minute_or_with_the_next_interval() {
        let mut resampler = Resampler::new(Timeframe::M5);
        let out = feed(
            &mut resampler,
            &[
                ("09:30", 100),
                ("09:31", 105),
                ("09:32", 95),
                ("09:33", 99),
                ("09:34", 101),
                ("09:35", 102),
                ("09:41", 90),
            ],
        );
        assert_eq!(out.len(), 2);
        assert_eq!(out[0].0, "09:30");
        assert_eq!(
            out[0].1,
            Ohlcv {
                open: minute(100, 0).open,
                high: minute(105, 0).high,
                low: minute(95, 0).low,
                close: minute(101, 0).close,
                volume: Some(Decimal::from(50))
            }
        );
        assert_eq!(out[1].0, "09:35", "closed by a minute of a later interval");
    }

    #[test]
    fn repeated_minutes_replace_and_late_ones_are_placed() {
        let mut resampler = Resampler::new(Timeframe::M5);
        let out = feed(
            &mut resampler,
            &[
                ("09:30", 100),
                ("09:32", 103),
                ("09:31", 200),
                ("09:32", 104),
                ("09:34", 101),
                ("09:33", 999),
            ],
        );
        assert_eq!(out.len(), 1);
        assert_eq!(
            out[0].1.volume,
            Some(Decimal::from(40)),
            "09:32 counts once, 09:33 came too late"
        );
        assert_eq!(out[0].1.high, Some(Decimal::new(200, 2)));
    }

    #[test]
    fn a_minute_of_a_passed_interval_does_not_touch_the_open_one() {
        let mut resampler = Resampler::new(Timeframe::M5);
        let out = feed(
            &mut resampler,
            &[
                ("09:45", 15),
                ("09:37", 7),
                ("09:46", 16),
                ("09:47", 17),
                ("09:48", 18),
                ("09:49", 19),
            ],
        );
        assert_eq!(out.len(), 1);
        assert_eq!(out[0].0, "09:45");
        assert_eq!(out[0].1.open, minute(15, 0).open);
        assert_eq!(out[0].1.volume, Some(Decimal::from(50)));
    }

    #[test]
    fn days_do_not_run_into_one_another() {
        let bars: Vec<Candle> = [
            "2019-02-13T15:58:00",
            "2019-02-13T15:59:00",
            "2019-02-14T09:30:00",
        ]
        .iter()
        .map(|text| Candle {
            start: UnixMs::from_local(text.parse().unwrap(), CALENDAR.zone()).unwrap(),
            open: 1.0,
            high: 2.0,
            low: 0.5,
            close: 1.5,
            volume: 3.0,
        })
        .collect();
        let days = candles(
            bars.iter(),
            Timeframe::D1,
            &mut SessionFinder::new(CALENDAR),
        );
        assert_eq!(
            days.iter().map(|day| day.volume).collect::<Vec<_>>(),
            [6.0, 3.0]
        );
        let hours = candles(
            bars.iter(),
            Timeframe::H1,
            &mut SessionFinder::new(CALENDAR),
        );
        assert_eq!(
            hours[1].start.new_york().unwrap().to_string(),
            "2019-02-14 09:00:00 EST"
        );
    }
}
