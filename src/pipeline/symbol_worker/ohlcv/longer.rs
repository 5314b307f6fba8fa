//! Longer bars as results.

use std::collections::BTreeSet;

use crate::compute::resample::{self, LongBar};
use crate::domain::bar::Ohlcv;
use crate::domain::time::{Session, Timeframe, UnixMs};

use super::super::super::histories::KeptHistory;
use super::OhlcvService;

/// Among so many of the bars that are to go out a bar is looked for, so that each minute of it does not add one.
const DUE_NEAR: usize = 8;

/// A bar that goes into longer ones.
#[derive(Debug, Clone, Copy)]
pub(super) struct Minute {
    /// Whether a result tells of it: those of the past have none.
    pub is_told_of: bool,
    /// Whether history had it otherwise before, or not at all.
    pub is_news: bool,
}

impl OhlcvService {
    /// Works a bar that is in history into the longer ones. What this closes or corrects goes out with the next
    /// [`Self::take_closed`].
    pub(super) fn resample(
        &mut self,
        start: UnixMs,
        bar: &Ohlcv,
        session: &Session,
        minute: Minute,
    ) {
        let span = (start, start.plus_ms(self.interval.ms()));
        let is_told_of = minute.is_told_of && minute.is_news;
        let (closed, history) = (&mut self.closed, &self.history);
        for resampler in &mut self.resamplers {
            let timeframe = resampler.timeframe();
            let is_in = resampler.push(span, bar, session, is_told_of, &mut |long| {
                closed.push((timeframe, long));
            });
            let (whole, _) = timeframe.interval_of(start, session);
            if is_in || !minute.is_news || !resampler.tells(whole) {
                continue;
            }
            // Many bars of the past come at once: they are made of them all in the end.
            let is_due =
                |(of, known): &(Timeframe, LongBar)| (*of, known.start) == (timeframe, whole);
            if minute.is_told_of || !closed.iter().rev().take(DUE_NEAR).any(is_due) {
                closed.push((timeframe, long_of(history, timeframe, start, session)));
            }
        }
    }

    /// Makes the longer bars that are to go out of what is in history now, each once.
    pub(super) fn settle_closed(&mut self) {
        let all = std::mem::take(&mut self.closed);
        let due: BTreeSet<(Timeframe, UnixMs)> = all
            .iter()
            .map(|(timeframe, long)| (*timeframe, long.start))
            .collect();
        for (timeframe, start) in due {
            if let Some(session) = self.sessions.session_of(start) {
                let long = long_of(&self.history, timeframe, start, &session);
                self.closed.push((timeframe, long));
            }
        }
    }

    /// The longer bars that have closed, or changed after that, since the last call.
    pub fn take_closed(&mut self) -> Vec<(Timeframe, LongBar)> {
        std::mem::take(&mut self.closed)
    }

    pub fn forget_closed(&mut self) {
        self.closed.clear();
    }

    /// Every bar up to `time` has come: longer ones that are over by then go out with the next [`Self::take_closed`].
    pub fn close_longer(&mut self, time: UnixMs) {
        let closed = &mut self.closed;
        for resampler in &mut self.resamplers {
            let timeframe = resampler.timeframe();
            resampler.clock(time, &mut |long| closed.push((timeframe, long)));
        }
        self.indicators.clock(time);
    }

    /// Whether the bar from `start` to `end` may lack trades that were made in it.
    pub fn is_cut(&self, start: UnixMs, end: UnixMs) -> bool {
        self.cuts.is_any(start, end)
    }

    /// Gives out what is open, because nothing more will come.
    pub fn give_open_bars(&mut self) {
        let closed = &mut self.closed;
        for resampler in &mut self.resamplers {
            let timeframe = resampler.timeframe();
            resampler.give_open(&mut |long| closed.push((timeframe, long)));
        }
    }
}

/// The longer bar that holds a time, as the bars in history make it.
#[cold]
fn long_of(
    history: &KeptHistory,
    timeframe: Timeframe,
    time: UnixMs,
    session: &Session,
) -> LongBar {
    let (start, end) = timeframe.interval_of(time, session);
    // What is traded outside a day's hours is in its bar too.
    let (from, until) = match timeframe {
        Timeframe::D1 => (session.start, session.end),
        _ => (start, end),
    };
    let bars = history.since(from).take_while(|bar| bar.start < until);
    LongBar {
        start,
        end,
        bar: resample::bar_of(bars),
    }
}
