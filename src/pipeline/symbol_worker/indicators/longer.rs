//! Indicators that follow longer bars than those that a symbol has.

use crate::compute::indicator::Bank;
use crate::compute::resample::{GrowingBar, SessionFinder};
use crate::domain::bar::Candle;
use crate::domain::time::{Session, Timeframe, UnixMs};

use super::super::super::histories::KeptHistory;

/// Indicators that follow longer bars. These are what the symbol's bars in history make, and count from when their interval
/// is over: as the newest bar in history says, as in the tables of questions, or the clock.
#[derive(Debug)]
pub(super) struct LongFollowers {
    timeframe: Timeframe,
    /// The length of the symbol's bars.
    bar_ms: i64,
    bank: Bank,
    /// The longer bar that holds the newest bar.
    open: Option<GrowingBar>,
    /// Whether the bank has it as it is.
    is_taken: bool,
    /// From here on bars have changed that are not the newest.
    changed_from: Option<UnixMs>,
    /// Bars that end by then are over.
    done: UnixMs,
}

impl LongFollowers {
    pub(super) fn new(bank: Bank, timeframe: Timeframe, interval: Timeframe) -> Self {
        Self {
            timeframe,
            bar_ms: interval.ms(),
            bank,
            open: None,
            is_taken: false,
            changed_from: None,
            done: UnixMs(i64::MIN),
        }
    }

    pub(super) fn timeframe(&self) -> Timeframe {
        self.timeframe
    }

    pub(super) fn bank(&self) -> &Bank {
        &self.bank
    }

    /// Takes the newest bar, or the newest again.
    pub(super) fn take(&mut self, candle: &Candle, session: &Session) {
        if self.changed_from.is_some() {
            // It is taken from history with the others.
            return;
        }
        let was_taken = std::mem::take(&mut self.is_taken);
        let (start, _) = self.timeframe.interval_of(candle.start, session);
        match &mut self.open {
            Some(open) if open.bar().start == start => open.take(candle),
            open => {
                let next = GrowingBar::new(self.timeframe, candle, session);
                if let Some(complete) = open.replace(next)
                    && !was_taken
                {
                    self.put(&complete);
                }
            }
        }
    }

    /// Puts a bar that is over into the bank.
    fn put(&mut self, bar: &GrowingBar) {
        let candle = bar.bar();
        if !self.bank.take(&candle, bar.session_start) {
            self.on_change(candle.start);
        }
    }

    pub(super) fn on_change(&mut self, start: UnixMs) {
        self.changed_from = Some(self.changed_from.map_or(start, |known| known.min(start)));
    }

    /// Every bar up to `time` has come. Whether that makes one more bar count.
    pub(super) fn clock(&mut self, time: UnixMs) -> bool {
        self.done = self.done.max(time);
        let is_over = |open: GrowingBar| open.end <= self.done;
        !self.is_taken && self.open.is_some_and(is_over)
    }

    pub(super) fn forget_clock(&mut self) {
        self.done = UnixMs(i64::MIN);
    }

    /// Makes the bank hold every bar that is over.
    pub(super) fn catch_up(&mut self, history: &KeptHistory, sessions: &mut SessionFinder) {
        // The second time the newest has changed, and then the bank can go back to before it.
        for _ in 0..2 {
            if let Some(changed) = self.changed_from.take() {
                self.replay(changed, history, sessions);
            }
            if !self.is_taken
                && let Some(open) = self.open
                && (open.is_over(self.bar_ms) || open.end <= self.done)
            {
                self.is_taken = true;
                self.put(&open);
            }
        }
    }

    /// Writes the values at the bar that begins at `start`; they are not known unless it is the newest, over or not.
    pub(super) fn write_at(
        &mut self,
        start: UnixMs,
        values: &mut [Option<f64>],
        history: &KeptHistory,
        sessions: &mut SessionFinder,
    ) {
        self.catch_up(history, sessions);
        if let Some(open) = self.open.filter(|open| open.bar().start == start)
            && !self.is_taken
        {
            // It goes out before it is over, because nothing more comes.
            self.is_taken = true;
            self.put(&open);
            self.catch_up(history, sessions);
        }
        if self.bank.newest() == Some(start) {
            return self.bank.write(values);
        }
        for place in self.bank.places() {
            if let Some(value) = values.get_mut(place) {
                *value = None;
            }
        }
    }

    /// Takes everything from `changed` on from history.
    fn replay(&mut self, changed: UnixMs, history: &KeptHistory, sessions: &mut SessionFinder) {
        (self.open, self.is_taken) = (None, false);
        let Some(newest) = history.newest() else {
            return self.bank.reset();
        };
        let timeframe = self.timeframe;
        let mut span = |time: UnixMs| {
            let session = sessions.session_of(time)?;
            let (start, end) = timeframe.interval_of(time, &session);
            // What is traded after a day's close is in its bar too.
            let is_day = timeframe == Timeframe::D1;
            Some((start, if is_day { session.end } else { end }))
        };
        // The newest one is open, whether its interval is over or not.
        let from = span(changed.min(newest.start)).map_or(UnixMs(i64::MIN), |span| span.0);
        let kept = self.bank.rewind(from, history.oldest()).and_then(span);
        let mut bars = if let Some((_, end)) = kept {
            history.since(end)
        } else {
            self.bank.reset();
            history.iter()
        };
        let mut open: Option<GrowingBar> = None;
        let complete = std::iter::from_fn(|| {
            for bar in bars.by_ref() {
                let Some(session) = sessions.session_of(bar.start) else {
                    continue;
                };
                let (start, _) = timeframe.interval_of(bar.start, &session);
                match &mut open {
                    Some(open) if open.bar().start == start => open.take(&bar),
                    open => {
                        let next = GrowingBar::new(timeframe, &bar, &session);
                        if let Some(complete) = open.replace(next) {
                            return Some((complete.bar(), complete.session_start));
                        }
                    }
                }
            }
            None
        });
        self.bank.replay(complete);
        self.open = open;
    }

    pub(super) fn reset(&mut self) {
        self.bank.reset();
        (self.open, self.is_taken) = (None, false);
        self.changed_from = None;
    }
}
