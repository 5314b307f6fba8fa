//! Longer bars out of one-minute bars, by trading day.

mod growing;

use std::borrow::Borrow;
use std::collections::VecDeque;

use crate::domain::bar::{Candle, Ohlcv, add_volumes};
use crate::domain::time::{MINUTE_MS, Session, SessionCalendar, Timeframe, UnixMs};

pub use growing::{GrowingBar, bar_of, exact};

/// Minutes of bars that have been given out are kept for as long as a bar is, but at least so many.
const KEPT_MINUTES_MIN: usize = 15;
/// And at most so many: days of ten thousand symbols would be too much.
const KEPT_MINUTES_MAX: usize = 60;
/// With those that come late there may be so many.
const PAST_MAX: usize = 4 * KEPT_MINUTES_MAX;

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

/// Builds the bars of one timeframe from minutes. Each is given out when its interval is over, and again when a minute of
/// it is corrected or comes late and the figures are then others. An interval is over with its last minute, if minutes come
/// whole; else when a later one begins, or the clock says so.
///
/// A minute that comes again takes the place of the earlier one, and a late one is placed where it belongs. The minutes of
/// the last bars that have been given out are kept for that, as they are: at least those of the last bar, but no more than
/// `KEPT_MINUTES_MAX` of its end. A bar to which an older minute comes, or one of an interval that was passed over, is left
/// to whoever keeps all minutes.
///
/// Minutes of the past go into the bars as well. Bars from before the first minute that is told of are not given out.
#[derive(Debug)]
pub struct Resampler {
    timeframe: Timeframe,
    /// Whether a minute comes again and again while it lasts.
    grows: bool,
    /// Intervals that end by then are over, by the clock.
    done: UnixMs,
    interval: Option<(UnixMs, UnixMs)>,
    /// The minutes of the open interval by their start, in order.
    minutes: Vec<(UnixMs, Ohlcv)>,
    /// Start of the oldest bar with a minute that is told of.
    told_from: UnixMs,
    /// The open bar as it was given out before its time.
    given_early: Option<Ohlcv>,
    /// Start of the newest bar that is over.
    closed_to: UnixMs,
    /// The last bars that have been given out, in order.
    closed: VecDeque<ClosedBar>,
    /// Their minutes, in order.
    past: VecDeque<(UnixMs, Ohlcv)>,
}

/// A bar that has been given out.
#[derive(Debug)]
struct ClosedBar {
    start: UnixMs,
    end: UnixMs,
    /// What the minutes make that are not kept, and the start of the first that is.
    base: Ohlcv,
    kept_from: UnixMs,
    /// How many of its minutes are kept.
    kept: usize,
    /// The bar as it was made last.
    bar: Ohlcv,
}

impl Resampler {
    /// A resampler for `timeframe`, whose minutes may come while they still grow.
    #[must_use]
    pub fn new(timeframe: Timeframe, grows: bool) -> Self {
        Self {
            timeframe,
            grows,
            done: UnixMs(i64::MIN),
            interval: None,
            minutes: Vec::new(),
            told_from: UnixMs(i64::MAX),
            given_early: None,
            closed_to: UnixMs(i64::MIN),
            closed: VecDeque::new(),
            past: VecDeque::new(),
        }
    }

    /// The timeframe of its bars.
    #[must_use]
    pub fn timeframe(&self) -> Timeframe {
        self.timeframe
    }

    /// How many minutes of closed bars are kept.
    fn kept_max(&self) -> usize {
        usize::try_from(self.timeframe.ms() / MINUTE_MS)
            .unwrap_or(KEPT_MINUTES_MAX)
            .clamp(KEPT_MINUTES_MIN, KEPT_MINUTES_MAX)
    }

    /// Takes the minute from `start` to `end` in `session`; each bar that this closes or corrects goes to `closed`.
    /// A minute that is not told of is one of the past. Returns whether it is in: if not, the minutes of its bar, which is
    /// over, are no longer known.
    #[must_use]
    pub fn push(
        &mut self,
        (start, end): (UnixMs, UnixMs),
        bar: &Ohlcv,
        session: &Session,
        is_told_of: bool,
        closed: &mut impl FnMut(LongBar),
    ) -> bool {
        let interval = self.timeframe.interval_of(start, session);
        if is_told_of {
            self.told_from = self.told_from.min(interval.0);
        }
        if interval.0 <= self.closed_to {
            return self.correct(interval.0, start, bar, closed);
        }
        if self.interval.is_some_and(|open| interval.1 <= open.0) {
            return false;
        }
        if self.interval.is_some_and(|open| interval.0 >= open.1) {
            self.close(closed);
        }
        self.interval.get_or_insert(interval);
        match self.minutes.binary_search_by_key(&start, |minute| minute.0) {
            Ok(at) => self.minutes[at].1 = *bar,
            Err(at) => self.minutes.insert(at, (start, *bar)),
        }
        let done = if self.grows {
            self.done
        } else {
            self.done.max(end)
        };
        self.close_by(done, closed);
        true
    }

    /// Every minute that ends by then has come: gives out the open bar if its interval is over.
    pub fn clock(&mut self, time: UnixMs, closed: &mut impl FnMut(LongBar)) {
        self.done = self.done.max(time);
        self.close_by(time, closed);
    }

    fn close_by(&mut self, time: UnixMs, closed: &mut impl FnMut(LongBar)) {
        if self.interval.is_some_and(|open| time >= open.1) {
            self.close(closed);
        }
    }

    /// Gives out the open bar as it is, because nothing more may come. If more comes all the same, the bar goes on.
    pub fn give_open(&mut self, given: &mut impl FnMut(LongBar)) {
        let Some((start, end)) = self.interval else {
            return;
        };
        let mut bar = Ohlcv::default();
        for (_, minute) in &self.minutes {
            add(&mut bar, minute);
        }
        if self.tells(start) && self.given_early.replace(bar) != Some(bar) {
            given(LongBar { start, end, bar });
        }
    }

    /// Gives out the open bar, whose interval is over. One of which all minutes have been taken out is none.
    fn close(&mut self, closed: &mut impl FnMut(LongBar)) {
        let Some((start, end)) = self.interval.take() else {
            return;
        };
        self.closed_to = start;
        let was_given = self.given_early.take().is_some();
        let kept_max = self.kept_max();
        let folded = self.minutes.len().saturating_sub(kept_max);
        let mut base = Ohlcv::default();
        for (_, minute) in self.minutes.drain(..folded) {
            add(&mut base, &minute);
        }
        let mut bar = base;
        for (_, minute) in &self.minutes {
            add(&mut bar, minute);
        }
        let kept_from = match self.minutes.first() {
            Some(first) if folded > 0 => first.0,
            _ => UnixMs(i64::MIN),
        };
        self.closed.push_back(ClosedBar {
            start,
            end,
            base,
            kept_from,
            kept: self.minutes.len(),
            bar,
        });
        self.past.extend(self.minutes.drain(..));
        while self.past.len() > kept_max
            && self.closed.len() > 1
            && let Some(oldest) = self.closed.pop_front()
        {
            self.past.drain(..oldest.kept.min(self.past.len()));
        }
        if self.tells(start) && (was_given || bar.close.is_some()) {
            closed(LongBar { start, end, bar });
        }
    }

    /// Whether the bar that starts then is given out.
    #[must_use]
    pub fn tells(&self, start: UnixMs) -> bool {
        self.told_from <= start
    }

    /// Works a minute into the bar of its interval, which begins at `interval` and is over; whether it could.
    #[cold]
    fn correct(
        &mut self,
        interval: UnixMs,
        start: UnixMs,
        minute: &Ohlcv,
        closed: &mut impl FnMut(LongBar),
    ) -> bool {
        let Ok(at) = self.closed.binary_search_by_key(&interval, |bar| bar.start) else {
            return false;
        };
        let first: usize = self.closed.iter().take(at).map(|bar| bar.kept).sum();
        let bar = &mut self.closed[at];
        let of_bar = self.past.range(first..first + bar.kept);
        let place = first + of_bar.take_while(|known| known.0 < start).count();
        let has_room = self.past.len() < PAST_MAX;
        match self.past.get_mut(place) {
            Some(known) if place < first + bar.kept && known.0 == start => known.1 = *minute,
            // Only bars that do not keep to minutes can be so many.
            _ if start < bar.kept_from || !has_room => {
                // From now on the rest would not be the whole bar.
                self.past.drain(first..first + bar.kept);
                self.closed.remove(at);
                return false;
            }
            _ => {
                self.past.insert(place, (start, *minute));
                bar.kept += 1;
            }
        }
        let mut whole = bar.base;
        for (_, minute) in self.past.range(first..first + bar.kept) {
            add(&mut whole, minute);
        }
        let has_changed = std::mem::replace(&mut bar.bar, whole) != whole;
        let long = LongBar {
            start: bar.start,
            end: bar.end,
            bar: whole,
        };
        if has_changed && self.tells(long.start) {
            closed(long);
        }
        true
    }

    /// Forgets everything.
    pub fn reset(&mut self) {
        *self = Self::new(self.timeframe, self.grows);
    }
}

/// Adds a minute to the bar of those before it.
fn add(whole: &mut Ohlcv, minute: &Ohlcv) {
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

/// Adds a minute to a longer candle that starts with it or holds it.
pub(super) fn merge(into: &mut Candle, minute: &Candle) {
    into.high = into.high.max(minute.high);
    into.low = into.low.min(minute.low);
    into.close = minute.close;
    into.volume = add_volumes(into.volume, minute.volume);
}

/// Candles of `timeframe` out of shorter ones, or of those themselves, in order of time; the last may be incomplete.
pub fn candles(
    minutes: impl Iterator<Item = impl Borrow<Candle>>,
    timeframe: Timeframe,
    sessions: &mut SessionFinder,
) -> Vec<Candle> {
    let mut all: Vec<Candle> = Vec::new();
    let mut end = UnixMs(i64::MIN);
    for minute in minutes {
        let minute = minute.borrow();
        if timeframe == Timeframe::M1 {
            all.push(*minute);
            continue;
        }
        if minute.start < end
            && let Some(open) = all.last_mut()
        {
            merge(open, minute);
            continue;
        }
        let Some(session) = sessions.session_of(minute.start) else {
            continue;
        };
        let interval = timeframe.interval_of(minute.start, &session);
        end = interval.1;
        match all.last_mut() {
            // A day's candle holds what is traded after its close too.
            Some(open) if open.start == interval.0 => merge(open, minute),
            _ => all.push(Candle {
                start: interval.0,
                ..*minute
            }),
        }
    }
    all
}

#[cfg(test)]
#[path = "resample/tests.rs"]
mod tests;
