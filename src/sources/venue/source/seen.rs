//! Which symbols have gone quiet.

use std::time::Duration;

use crate::domain::clock::Nanos;
use crate::domain::symbol::SymbolId;
use crate::domain::time::{MINUTE_MS, SessionCalendar, UnixMs};

use super::super::Limits;

/// US equities are traded for so long after regular hours.
const LATE_TRADING_MS: i64 = 4 * 60 * MINUTE_MS;

/// When each symbol's data came last.
#[derive(Debug)]
pub(super) struct Seen {
    stale_after: Duration,
    calendar: SessionCalendar,
    /// See [`Limits::delay`] and [`Limits::hours`].
    delay: Duration,
    hours: Option<[Duration; 2]>,
    /// By [`SymbolId`].
    symbols: Vec<Entry>,
}

#[derive(Debug, Clone, Copy, Default)]
struct Entry {
    at: Nanos,
    /// Whether it has been said that nothing has come since, or that nothing will.
    is_told: bool,
}

impl Seen {
    pub(super) fn new(stale_after: Duration, calendar: SessionCalendar, limits: &Limits) -> Self {
        Self {
            stale_after,
            calendar,
            delay: limits.delay,
            hours: limits.hours,
            symbols: Vec::new(),
        }
    }

    /// Makes room for a symbol.
    pub(super) fn add(&mut self, symbol: SymbolId) {
        if self.symbols.len() <= symbol.index() {
            self.symbols.resize(symbol.index() + 1, Entry::default());
        }
    }

    /// Data of a symbol has come.
    pub(super) fn mark(&mut self, symbol: SymbolId, now: Nanos) {
        if let Some(entry) = self.symbols.get_mut(symbol.index()) {
            *entry = Entry {
                at: now,
                is_told: false,
            };
        }
    }

    /// The venue does not give a symbol: its silence is no news.
    pub(super) fn refuse(&mut self, symbol: SymbolId) {
        if let Some(entry) = self.symbols.get_mut(symbol.index()) {
            entry.is_told = true;
        }
    }

    /// Whether a symbol that has been asked for since `since` is to be called stale, which is said once for each silence.
    pub(super) fn is_news(&mut self, symbol: SymbolId, since: Nanos, now: Nanos) -> bool {
        let Some(entry) = self.symbols.get_mut(symbol.index()) else {
            return false;
        };
        let is_quiet = now.since(entry.at.max(since)) >= self.stale_after;
        is_quiet && !std::mem::replace(&mut entry.is_told, true)
    }

    /// Whether a silence means anything: there are trading hours, and they have lasted for as long.
    pub(super) fn is_trading(&self, now: UnixMs) -> bool {
        let now = now.plus_ms(-ms(self.delay));
        let Some(session) = self.calendar.session_of(now) else {
            return false;
        };
        if self.calendar == SessionCalendar::UtcDay {
            return true;
        }
        let mut open = session.open;
        let mut close = session.regular_close.plus_ms(LATE_TRADING_MS);
        if let Some([from, until]) = self.hours {
            open = open.max(session.start.plus_ms(ms(from)));
            close = close.min(session.start.plus_ms(ms(until)));
        }
        session.is_trading_day() && open.plus_ms(ms(self.stale_after)) <= now && now < close
    }

    /// After how long a symbol is stale.
    pub(super) fn stale_after(&self) -> Duration {
        self.stale_after
    }
}

fn ms(duration: Duration) -> i64 {
    i64::try_from(duration.as_millis()).unwrap_or(i64::MAX)
}

#[cfg(test)]
#[allow(clippy::unwrap_used, reason = "a test may stop at the first surprise")]
mod tests {
    use super::*;

    #[test]
    fn a_silence_is_told_once() {
        let limits = Limits::default();
        let mut seen = Seen::new(Duration::from_nanos(10), SessionCalendar::UtcDay, &limits);
        let id = SymbolId(3);
        seen.add(id);
        assert!(!seen.is_news(id, Nanos(100), Nanos(109)));
        assert!(seen.is_news(id, Nanos(100), Nanos(110)));
        assert!(!seen.is_news(id, Nanos(100), Nanos(200)));
        seen.mark(id, Nanos(210));
        assert!(!seen.is_news(id, Nanos(100), Nanos(219)));
        assert!(seen.is_news(id, Nanos(100), Nanos(220)));
        // Data of a symbol that nobody knows is no reason to panic.
        seen.mark(SymbolId(70), Nanos(1));
        assert!(!seen.is_news(SymbolId(70), Nanos(0), Nanos(100)));
    }

    #[test]
    fn a_closed_market_is_not_stale() {
        let us = |stale_s, limits: &Limits| {
            let stale_after = Duration::from_secs(stale_s);
            Seen::new(stale_after, SessionCalendar::UsEquities, limits)
        };
        let usual = Limits::default();
        let late = us(60, &usual);
        let us_of = us;
        let us = us(0, &usual);
        let at = |text: &str| {
            UnixMs::from_local(text.parse().unwrap(), chrono_tz::America::New_York).unwrap()
        };
        assert!(us.is_trading(at("2024-07-09T10:00:00")));
        assert!(us.is_trading(at("2024-07-09T04:00:00")));
        assert!(!us.is_trading(at("2024-07-09T20:00:00")));
        assert!(!us.is_trading(at("2024-07-09T03:59:59")));
        assert!(!us.is_trading(at("2024-07-13T10:00:00")), "a Saturday");
        for (time, expected) in [
            ("2025-11-27T11:00:00", false),
            ("2025-11-28T12:00:00", true),
            ("2025-11-28T16:59:00", true),
            ("2025-11-28T17:00:00", false),
        ] {
            assert_eq!(us.is_trading(at(time)), expected, "{time}");
        }
        assert!(!late.is_trading(at("2024-07-09T04:00:59")), "a silence");
        assert!(late.is_trading(at("2024-07-09T04:01:00")));
        let delayed = Limits {
            delay: Duration::from_secs(900),
            ..Limits::default()
        };
        let delayed = us_of(0, &delayed);
        assert!(!delayed.is_trading(at("2024-07-09T04:14:59")));
        assert!(delayed.is_trading(at("2024-07-09T04:15:00")));
        assert!(delayed.is_trading(at("2024-07-09T20:14:59")));
        let hours = |hour: u64| Duration::from_secs(hour * 3600);
        let own = Limits {
            hours: Some([hours(8), hours(17)]),
            ..Limits::default()
        };
        let own = us_of(0, &own);
        assert!(!own.is_trading(at("2024-07-09T07:59:59")));
        assert!(own.is_trading(at("2024-07-09T08:00:00")));
        assert!(!own.is_trading(at("2024-07-09T17:00:00")));
        let everywhere = Seen::new(Duration::ZERO, SessionCalendar::UtcDay, &usual);
        assert!(everywhere.is_trading(at("2024-07-13T03:00:00")));
    }
}
