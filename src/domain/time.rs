//! Instants, trading sessions and bar intervals.
//!
//! Everything is stored as [`UnixMs`]. New York time is what US equities are read in; daylight saving
//! comes from the time zone database, never from arithmetic.

mod us_days;

use std::fmt;

use chrono::{DateTime, LocalResult, NaiveDate, NaiveDateTime, Offset, TimeZone, Utc};
use chrono_tz::{America::New_York, Tz};

use us_days::UsDay;

/// Milliseconds in a minute.
pub const MINUTE_MS: i64 = 60_000;
const HOUR_MS: i64 = 60 * MINUTE_MS;
/// Milliseconds in a day of 24 hours.
pub const DAY_MS: i64 = 24 * HOUR_MS;

/// Milliseconds since 1970-01-01T00:00:00Z.
#[derive(
    Debug,
    Clone,
    Copy,
    PartialEq,
    Eq,
    PartialOrd,
    Ord,
    Hash,
    Default,
    serde::Serialize,
    serde::Deserialize,
)]
#[serde(transparent)]
pub struct UnixMs(pub i64);

impl UnixMs {
    /// The same instant on New York's clocks; `None` outside the calendar's range (about ±262,000 years).
    #[must_use]
    pub fn new_york(self) -> Option<DateTime<Tz>> {
        self.in_zone(New_York)
    }

    /// The same instant on the clocks of `zone`; `None` outside the calendar's range.
    #[must_use]
    pub fn in_zone(self, zone: Tz) -> Option<DateTime<Tz>> {
        DateTime::<Utc>::from_timestamp_millis(self.0).map(|utc| utc.with_timezone(&zone))
    }

    /// This instant `ms` later (or earlier, when negative), stopping at the ends of the range.
    #[must_use]
    pub fn plus_ms(self, ms: i64) -> Self {
        Self(self.0.saturating_add(ms))
    }

    /// Reads a wall-clock time of `zone`.
    ///
    /// A time that daylight saving skips is taken as that much later; of a time that happens twice the
    /// first is taken.
    #[must_use]
    pub fn from_local(local: NaiveDateTime, zone: Tz) -> Option<Self> {
        let earliest = match zone.from_local_datetime(&local) {
            LocalResult::Single(time) => Some(time),
            LocalResult::Ambiguous(first, _) => Some(first),
            LocalResult::None => {
                let before = zone
                    .from_local_datetime(&(local - chrono::TimeDelta::hours(3)))
                    .earliest()?;
                Some(before + chrono::TimeDelta::hours(3))
            }
        }?;
        Some(Self(earliest.timestamp_millis()))
    }
}

/// Turns instants into times of one zone, remembering the offset of the last hour it was asked about:
/// a stream's times are close together, and the search in the zone's table is what costs.
#[derive(Debug, Clone)]
pub struct ZoneClock {
    zone: Tz,
    hour: i64,
    offset_ms: i64,
}

impl ZoneClock {
    /// A clock for `zone`.
    #[must_use]
    pub fn new(zone: Tz) -> Self {
        Self {
            zone,
            hour: i64::MIN,
            offset_ms: 0,
        }
    }

    /// What has to be added to UTC at `time`, in milliseconds.
    pub fn offset_ms(&mut self, time: UnixMs) -> i64 {
        // No zone changes its offset but at a quarter of an hour.
        let quarter = time.0.div_euclid(15 * MINUTE_MS);
        if quarter != self.hour {
            self.hour = quarter;
            self.offset_ms = time.in_zone(self.zone).map_or(0, |local| {
                i64::from(local.offset().fix().local_minus_utc()) * 1000
            });
        }
        self.offset_ms
    }

    /// The wall clock at `time`, as if it were UTC.
    pub fn local_ms(&mut self, time: UnixMs) -> i64 {
        time.0.saturating_add(self.offset_ms(time))
    }
}

/// When trading days begin and end.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub enum SessionCalendar {
    /// US equities: 04:00 to 20:00 New York, regular hours 09:30 to 16:00, on half days to 13:00, and none on holidays and
    /// weekends; a day is the New York date.
    #[default]
    UsEquities,
    /// Markets that never close: the UTC day.
    UtcDay,
    /// Each symbol's by its name: the UTC day where an exchange stands before it (`BINANCE:BTCUSDT`), else as US equities.
    ByName,
}

/// One trading day.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Session {
    /// The date that names it.
    pub date: NaiveDate,
    /// The date's first instant, before trading hours where there are such.
    pub start: UnixMs,
    /// The next date's first instant.
    pub end: UnixMs,
    /// When trading opens.
    pub open: UnixMs,
    /// When trading closes.
    pub close: UnixMs,
    /// Start of regular hours; equal to `open` where there are no others, and to `regular_close` on a day without any.
    pub regular_open: UnixMs,
    /// End of regular hours; equal to `close` where there are no others.
    pub regular_close: UnixMs,
}

impl Session {
    /// Whether `time` belongs to this day, hours outside trading included.
    #[must_use]
    pub fn contains(&self, time: UnixMs) -> bool {
        self.start <= time && time < self.end
    }

    /// Whether anything is traded on this day.
    #[must_use]
    pub fn is_trading_day(&self) -> bool {
        self.regular_open < self.regular_close
    }
}

impl SessionCalendar {
    /// That of a symbol.
    #[must_use]
    pub fn of(self, symbol: &str) -> Self {
        match self {
            Self::ByName if symbol.contains(':') => Self::UtcDay,
            Self::ByName => Self::UsEquities,
            known => known,
        }
    }

    /// The zone in which the calendar's days are dates.
    #[must_use]
    pub fn zone(self) -> Tz {
        match self {
            Self::UsEquities | Self::ByName => New_York,
            Self::UtcDay => Tz::UTC,
        }
    }

    /// The trading day of `time`: an instant outside trading hours belongs to its date all the same.
    /// `None` only at the ends of the calendar's range.
    #[must_use]
    pub fn session_of(self, time: UnixMs) -> Option<Session> {
        let zone = self.zone();
        let date = time.in_zone(zone)?.date_naive();
        let at =
            |hour: u32, minute: u32| UnixMs::from_local(date.and_hms_opt(hour, minute, 0)?, zone);
        let start = at(0, 0)?;
        let end = UnixMs::from_local(date.succ_opt()?.and_hms_opt(0, 0, 0)?, zone)?;
        let (open, close, regular_open, regular_close) = match self {
            Self::UsEquities | Self::ByName => {
                let regular_open = at(9, 30)?;
                let regular_close = match UsDay::of(date) {
                    UsDay::Whole => at(16, 0)?,
                    UsDay::Half => at(13, 0)?,
                    UsDay::Closed => regular_open,
                };
                (at(4, 0)?, at(20, 0)?, regular_open, regular_close)
            }
            Self::UtcDay => (start, end, start, end),
        };
        Some(Session {
            date,
            start,
            end,
            open,
            close,
            regular_open,
            regular_close,
        })
    }
}

/// The length of a bar.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash, Default)]
pub enum Timeframe {
    /// One minute.
    #[default]
    M1,
    /// Five minutes.
    M5,
    /// Fifteen minutes.
    M15,
    /// One hour.
    H1,
    /// One trading day.
    D1,
}

impl Timeframe {
    /// Every timeframe, shortest first.
    pub const ALL: [Self; 5] = [Self::M1, Self::M5, Self::M15, Self::H1, Self::D1];

    /// How people write it (`5m`).
    #[must_use]
    pub fn label(self) -> &'static str {
        match self {
            Self::M1 => "1m",
            Self::M5 => "5m",
            Self::M15 => "15m",
            Self::H1 => "1h",
            Self::D1 => "1d",
        }
    }

    /// Its length in milliseconds; a day counts 24 hours.
    #[must_use]
    pub fn ms(self) -> i64 {
        match self {
            Self::M1 => MINUTE_MS,
            Self::M5 => 5 * MINUTE_MS,
            Self::M15 => 15 * MINUTE_MS,
            Self::H1 => HOUR_MS,
            Self::D1 => DAY_MS,
        }
    }

    /// The interval of this length that holds `time`, as start and end.
    ///
    /// Intervals count from the trading day's start, so none reaches across two days.
    #[must_use]
    pub fn interval_of(self, time: UnixMs, session: &Session) -> (UnixMs, UnixMs) {
        if self == Self::D1 {
            return (session.open, session.close);
        }
        let steps = (time.0 - session.start.0).div_euclid(self.ms());
        let start = session.start.plus_ms(steps * self.ms());
        (start, start.plus_ms(self.ms()))
    }

    /// The start of the interval of this length that ends at `end`. A day's is its opening, whichever of its hours are
    /// traded.
    #[must_use]
    pub fn start_before(self, end: UnixMs, calendar: SessionCalendar) -> UnixMs {
        let before = end.plus_ms(-self.ms());
        if self != Self::D1 {
            return before;
        }
        let session = calendar.session_of(end.plus_ms(-1));
        session.map_or(before, |session| session.open)
    }
}

impl fmt::Display for Timeframe {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.pad(self.label())
    }
}

impl std::str::FromStr for Timeframe {
    type Err = String;
    fn from_str(text: &str) -> Result<Self, String> {
        Self::ALL
            .into_iter()
            .find(|timeframe| timeframe.label() == text)
            .ok_or_else(|| format!("'{text}' is no timeframe; there are 1m, 5m, 15m, 1h and 1d"))
    }
}

#[cfg(test)]
#[allow(clippy::unwrap_used, reason = "a test may stop at the first surprise")]
mod tests {
    use super::*;

    #[test]
    fn new_york_time_is_right_on_both_sides_of_both_changes() {
        for (ms, expected) in [
            (1_720_522_920_000, "2024-07-09T07:02:00-04:00"),
            (1_710_053_999_000, "2024-03-10T01:59:59-05:00"),
            (1_710_054_000_000, "2024-03-10T03:00:00-04:00"),
            (1_730_610_000_000, "2024-11-03T01:00:00-04:00"),
            (1_730_613_600_000, "2024-11-03T01:00:00-05:00"),
            (0, "1969-12-31T19:00:00-05:00"),
        ] {
            assert_eq!(UnixMs(ms).new_york().unwrap().to_rfc3339(), expected);
        }
    }

    #[test]
    fn the_remembering_clock_agrees_with_the_calendar_around_every_change() {
        let mut clock = ZoneClock::new(New_York);
        for change in [
            1_710_054_000_000_i64,
            1_730_613_600_000,
            1_774_767_600_000,
            1_792_994_400_000,
        ] {
            for step in -200..200 {
                let time = UnixMs(change + step * 7 * MINUTE_MS + 1);
                let expected =
                    i64::from(time.new_york().unwrap().offset().fix().local_minus_utc()) * 1000;
                assert_eq!(clock.offset_ms(time), expected, "{time:?}");
            }
        }
    }

    #[test]
    fn local_times_are_read_with_the_offset_of_their_day() {
        let at = |text: &str| {
            UnixMs::from_local(text.parse().unwrap(), New_York)
                .unwrap()
                .new_york()
                .unwrap()
                .to_rfc3339()
        };
        assert_eq!(at("2019-02-15T16:00:00"), "2019-02-15T16:00:00-05:00");
        assert_eq!(at("2026-07-01T09:30:00"), "2026-07-01T09:30:00-04:00");
        // Skipped by daylight saving, and happening twice.
        assert_eq!(at("2026-03-08T02:30:00"), "2026-03-08T03:30:00-04:00");
        assert_eq!(at("2026-11-01T01:30:00"), "2026-11-01T01:30:00-04:00");
    }

    #[test]
    fn sessions_and_intervals() {
        let time = UnixMs::from_local("2019-02-13T10:42:00".parse().unwrap(), New_York).unwrap();
        let session = SessionCalendar::UsEquities.session_of(time).unwrap();
        let clock = |time: UnixMs| time.new_york().unwrap().format("%F %H:%M").to_string();
        assert_eq!(clock(session.open), "2019-02-13 04:00");
        assert_eq!(clock(session.close), "2019-02-13 20:00");
        assert_eq!(clock(session.regular_open), "2019-02-13 09:30");
        let interval = |timeframe: Timeframe| {
            let (start, end) = timeframe.interval_of(time, &session);
            format!("{}-{}", &clock(start)[11..], &clock(end)[11..])
        };
        assert_eq!(interval(Timeframe::M5), "10:40-10:45");
        assert_eq!(interval(Timeframe::M15), "10:30-10:45");
        assert_eq!(interval(Timeframe::H1), "10:00-11:00");
        assert_eq!(interval(Timeframe::D1), "04:00-20:00");

        for calendar in [SessionCalendar::UsEquities, SessionCalendar::UtcDay] {
            let session = calendar.session_of(time).unwrap();
            for timeframe in Timeframe::ALL {
                let (start, end) = timeframe.interval_of(time, &session);
                assert_eq!(timeframe.start_before(end, calendar), start, "{timeframe}");
            }
        }

        let night = UnixMs::from_local("2019-02-13T22:10:00".parse().unwrap(), New_York).unwrap();
        let session = SessionCalendar::UsEquities.session_of(night).unwrap();
        assert_eq!(session.date.to_string(), "2019-02-13");
        assert!(session.contains(night));
        let early = UnixMs::from_local("2019-02-13T01:10:00".parse().unwrap(), New_York).unwrap();
        assert!(
            SessionCalendar::UsEquities
                .session_of(early)
                .unwrap()
                .contains(early)
        );
    }
}
