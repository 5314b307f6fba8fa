//! Which trading day a candle belongs to, asked thousands of times a frame.

use chrono::{DateTime, Datelike};

use crate::domain::time::{Session, SessionCalendar, Timeframe, UnixMs, ZoneClock};

/// Milliseconds in a day of 24 hours.
pub const DAY_MS: i64 = 24 * 60 * 60_000;
const HOUR_MS: i64 = DAY_MS / 24;

/// What separates two neighbouring columns.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Period {
    Day,
    Month,
    Year,
}

/// A calendar for one chart, which remembers the day it was asked about last.
#[derive(Debug, Clone)]
pub struct Days {
    calendar: SessionCalendar,
    clock: ZoneClock,
    session: Option<Session>,
}

impl Days {
    /// Days as `calendar` counts them.
    #[must_use]
    pub fn new(calendar: SessionCalendar) -> Self {
        Self {
            calendar,
            clock: ZoneClock::new(calendar.zone()),
            session: None,
        }
    }

    /// The number of the trading day.
    pub fn day(&mut self, time: UnixMs) -> i64 {
        self.clock.local_ms(time).div_euclid(DAY_MS)
    }

    /// The number of the column that a candle falls into when `merged` intervals share one. Numbers only ever grow
    /// with time, and no column reaches across two days unless its candles are days.
    pub fn bucket(&mut self, time: UnixMs, timeframe: Timeframe, merged: u16) -> (i64, i64) {
        let local = self.clock.local_ms(time);
        let day = local.div_euclid(DAY_MS);
        let merged = i64::from(merged.max(1));
        if timeframe == Timeframe::D1 {
            // 1970-01-05 was a Monday: columns of seven days are weeks.
            return ((day - 4).div_euclid(merged), 0);
        }
        (day, local.rem_euclid(DAY_MS) / (merged * timeframe.ms()))
    }

    /// The instant at which the column of `time` begins.
    pub fn bucket_start(&mut self, time: UnixMs, timeframe: Timeframe, merged: u16) -> UnixMs {
        if timeframe == Timeframe::D1 || merged <= 1 {
            return time;
        }
        let local = self.clock.local_ms(time);
        let within = local.rem_euclid(DAY_MS) % (i64::from(merged) * timeframe.ms());
        time.plus_ms(-within)
    }

    /// The number of the period whose change is worth a separator at this column length: days, then months, then
    /// years.
    pub fn period(&mut self, time: UnixMs, column_ms: i64) -> i64 {
        let local = self.clock.local_ms(time);
        let period = match column_ms {
            ..=7_200_000 => Period::Day,
            _ if column_ms <= 2 * DAY_MS => Period::Month,
            _ => Period::Year,
        };
        if period == Period::Day {
            return local.div_euclid(DAY_MS);
        }
        let Some(date) = DateTime::from_timestamp_millis(local) else {
            return 0;
        };
        let year = i64::from(date.year());
        if period == Period::Year {
            year
        } else {
            year * 12 + i64::from(date.month0())
        }
    }

    /// The trading day of `time`.
    pub fn session(&mut self, time: UnixMs) -> Option<Session> {
        if !self.session.is_some_and(|session| session.contains(time)) {
            self.session = self.calendar.session_of(time);
        }
        self.session
    }

    /// Whether any of the interval lies in regular hours.
    pub fn is_regular(&mut self, start: UnixMs, timeframe: Timeframe) -> bool {
        timeframe == Timeframe::D1
            || self.session(start).is_none_or(|session| {
                start < session.regular_close
                    && session.regular_open < start.plus_ms(timeframe.ms().min(HOUR_MS))
            })
    }
}

#[cfg(test)]
#[allow(clippy::unwrap_used, reason = "a test may stop at the first surprise")]
mod tests {
    use chrono_tz::America::New_York;

    use super::*;

    fn at(text: &str) -> UnixMs {
        UnixMs::from_local(text.parse().unwrap(), New_York).unwrap()
    }

    #[test]
    fn regular_hours_are_right_on_both_sides_of_a_clock_change() {
        let mut days = Days::new(SessionCalendar::UsEquities);
        for (time, timeframe, expected) in [
            ("2026-03-06T09:29:00", Timeframe::M1, false),
            ("2026-03-06T09:30:00", Timeframe::M1, true),
            ("2026-03-09T09:29:00", Timeframe::M1, false),
            ("2026-03-09T09:30:00", Timeframe::M1, true),
            ("2026-03-09T15:59:00", Timeframe::M1, true),
            ("2026-03-09T16:00:00", Timeframe::M1, false),
            ("2026-03-09T09:00:00", Timeframe::H1, true),
            ("2026-03-09T08:00:00", Timeframe::H1, false),
            ("2026-03-09T04:00:00", Timeframe::D1, true),
        ] {
            assert_eq!(days.is_regular(at(time), timeframe), expected, "{time}");
        }
        let mut always = Days::new(SessionCalendar::UtcDay);
        assert!(always.is_regular(at("2026-03-09T04:00:00"), Timeframe::M1));
    }

    #[test]
    fn buckets_do_not_cross_days_and_start_at_round_times() {
        let mut days = Days::new(SessionCalendar::UsEquities);
        let mut bucket = |text| days.bucket(at(text), Timeframe::M1, 5);
        assert_eq!(bucket("2019-02-13T09:30:00"), bucket("2019-02-13T09:34:00"));
        assert_ne!(bucket("2019-02-13T09:34:00"), bucket("2019-02-13T09:35:00"));
        assert!(bucket("2019-02-13T19:59:00") < bucket("2019-02-14T04:00:00"));
        assert_eq!(
            days.bucket_start(at("2019-02-13T09:33:00"), Timeframe::M1, 5),
            at("2019-02-13T09:30:00")
        );
        let mut week = |text| days.bucket(at(text), Timeframe::D1, 7);
        assert_eq!(week("2019-02-11T04:00:00"), week("2019-02-15T04:00:00"));
        assert_ne!(week("2019-02-15T04:00:00"), week("2019-02-18T04:00:00"));
    }

    #[test]
    fn separators_stand_between_days_then_months_then_years() {
        let mut days = Days::new(SessionCalendar::UsEquities);
        let (a, b) = (at("2019-02-28T19:59:00"), at("2019-03-01T04:00:00"));
        let c = at("2020-01-02T04:00:00");
        for (column_ms, changes_ab, changes_bc) in [
            (60_000, true, true),
            (7_200_000, true, true),
            (DAY_MS, true, true),
            (7 * DAY_MS, false, true),
        ] {
            let mut period = |time| days.period(time, column_ms);
            assert_eq!(period(a) != period(b), changes_ab, "{column_ms}");
            assert_eq!(period(b) != period(c), changes_bc, "{column_ms}");
        }
    }
}
