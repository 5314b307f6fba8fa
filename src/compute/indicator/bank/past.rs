//! How a bank goes back to an earlier bar.

use crate::domain::bar::Candle;
use crate::domain::time::UnixMs;

use super::super::Indicator;
use super::{Bank, Settled, usable};

/// How many earlier states are kept at most.
const MARKS_MAX: usize = 8;

/// The state after an earlier bar.
#[derive(Debug)]
pub(super) struct Mark {
    newest: Candle,
    session_start: UnixMs,
    /// How many bars are in it.
    bars: u64,
    states: Vec<Box<dyn Indicator>>,
}

impl Bank {
    /// Keeps the state as it is.
    #[cold]
    pub(super) fn mark(&mut self) {
        let Some((newest, session_start)) = self.newest else {
            return;
        };
        if self.marks.last().is_some_and(|mark| mark.bars >= self.bars) {
            // It has just been gone back to.
            return;
        }
        if self.marks.len() >= MARKS_MAX {
            self.thin_out();
        }
        let states = self.slots.iter().map(|slot| slot.current.boxed_clone());
        self.marks.push(Mark {
            newest,
            session_start,
            bars: self.bars,
            states: states.collect(),
        });
    }

    /// Lets the mark go whose place leaves the smallest gap for its age.
    fn thin_out(&mut self) {
        let bars = |at: usize| self.marks.get(at).map_or(self.bars, |mark| mark.bars);
        let gap = |at: usize| {
            let before = at.checked_sub(1).map_or(0, bars);
            let age = self.bars - bars(at + 1) + self.mark_bars;
            (bars(at + 1) - before) as f64 / age as f64
        };
        let least = (0..self.marks.len()).min_by(|one, other| gap(*one).total_cmp(&gap(*other)));
        if let Some(least) = least {
            self.marks.remove(least);
        }
    }

    /// Goes back to a state that holds no bar of `from` or later; the start of the newest bar in it, or `None` when there
    /// is none. Whatever is newer has to be told again, with [`Bank::replay`]. What came before the bar of `oldest` can no
    /// longer be told: no state from before that is of use.
    pub fn rewind(&mut self, from: UnixMs, oldest: Option<UnixMs>) -> Option<UnixMs> {
        let (newest, _) = self.newest?;
        if newest.start < from {
            return Some(newest.start);
        }
        self.keeps_settled |= newest.start == from;
        self.keeps_marks |= newest.start > from;
        let is_of_use =
            |start: UnixMs| start < from && oldest.is_some_and(|oldest| oldest <= start);
        if let Settled::Kept(before, session_start) = self.settled
            && is_of_use(before.start)
        {
            self.restore_settled();
            self.newest = Some((before, session_start));
            self.bars -= 1;
            self.settled = Settled::Unknown;
            self.forget_recent(before.start);
            return Some(before.start);
        }
        self.marks.retain(|mark| is_of_use(mark.newest.start));
        let Some(mark) = self.marks.last() else {
            self.reset();
            return None;
        };
        for (slot, state) in self.slots.iter_mut().zip(&mark.states) {
            slot.current = state.boxed_clone();
        }
        let newest = mark.newest.start;
        self.newest = Some((mark.newest, mark.session_start));
        self.bars = mark.bars;
        self.settled = Settled::Unknown;
        self.forget_recent(newest);
        Some(newest)
    }

    /// The values after the bar of `newest` are no longer true.
    fn forget_recent(&mut self, newest: UnixMs) {
        if let Some(recent) = &mut self.recent {
            recent.values.cut(newest.plus_ms(1));
        }
    }

    /// Takes the bars after a [`Bank::rewind`], oldest first, each with the start of its trading day.
    pub fn replay(&mut self, bars: impl Iterator<Item = (Candle, UnixMs)>) {
        let usable = |(bar, session_start): (Candle, UnixMs)| Some((usable(&bar)?, session_start));
        let mut bars = bars.filter_map(usable).peekable();
        while let Some((candle, session_start)) = bars.next() {
            // Of use is only the state before the last one.
            let keeps_settled = self.keeps_settled && bars.peek().is_none();
            self.append(candle, session_start, keeps_settled);
        }
    }
}
