//! Which symbols have gone quiet.

use std::time::Duration;

use chrono::{Datelike, Weekday};

use crate::domain::clock::Nanos;
use crate::domain::symbol::SymbolId;
use crate::domain::time::{SessionCalendar, UnixMs};

/// When each symbol's data came last.
#[derive(Debug)]
pub(super) struct Seen {
    stale_after: Duration,
    calendar: SessionCalendar,
    /// By [`SymbolId`].
    symbols: Vec<Entry>,
}

#[derive(Debug, Clone, Copy, Default)]
struct Entry {
    at: Nanos,
    /// Whether it has been said that nothing has come since.
    is_told: bool,
}

impl Seen {
    pub(super) fn new(stale_after: Duration, calendar: SessionCalendar) -> Self {
        Self {
            stale_after,
            calendar,
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

    /// Whether a symbol that has been asked for since `since` is to be called stale, which is said once for each silence.
    pub(super) fn is_news(&mut self, symbol: SymbolId, since: Nanos, now: Nanos) -> bool {
        let Some(entry) = self.symbols.get_mut(symbol.index()) else {
            return false;
        };
        let is_quiet = now.since(entry.at.max(since)) >= self.stale_after;
        is_quiet && !std::mem::replace(&mut entry.is_told, true)
    }

    /// Whether data is to be expected at all: trading hours on a day of the week that has some. Holidays are not known.
    pub(super) fn is_trading(&self, now: UnixMs) -> bool {
        let Some(session) = self.calendar.session_of(now) else {
            return false;
        };
        let is_weekend = matches!(session.date.weekday(), Weekday::Sat | Weekday::Sun);
        let has_weekends = self.calendar == SessionCalendar::UsEquities;
        session.open <= now && now < session.close && !(is_weekend && has_weekends)
    }

    /// After how long a symbol is stale.
    pub(super) fn stale_after(&self) -> Duration {
        self.stale_after
    }
}

#[cfg(test)]
#[allow(clippy::unwrap_used, reason = "a test may stop at the first surprise")]
mod tests {
    use super::*;

    #[test]
    fn a_silence_is_told_once() {
        let mut seen = Seen::new(Duration::from_nanos(10), SessionCalendar::UtcDay);
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
        let us = Seen::new(Duration::ZERO, SessionCalendar::UsEquities);
        let at = |text: &str| {
            UnixMs::from_local(text.parse().unwrap(), chrono_tz::America::New_York).unwrap()
        };
        assert!(us.is_trading(at("2024-07-09T10:00:00")));
        assert!(us.is_trading(at("2024-07-09T04:00:00")));
        assert!(!us.is_trading(at("2024-07-09T20:00:00")));
        assert!(!us.is_trading(at("2024-07-09T03:59:59")));
        assert!(!us.is_trading(at("2024-07-13T10:00:00")), "a Saturday");
        let everywhere = Seen::new(Duration::ZERO, SessionCalendar::UtcDay);
        assert!(everywhere.is_trading(at("2024-07-13T03:00:00")));
    }
}
