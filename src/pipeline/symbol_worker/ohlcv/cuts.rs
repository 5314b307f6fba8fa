//! The times of which trades are missed: before the stream began, and where it broke off.

use std::collections::VecDeque;

use crate::domain::time::UnixMs;

/// So many are remembered of a symbol.
const CUTS_MAX: usize = 64;
/// The end of one that goes on.
const OPEN: UnixMs = UnixMs(i64::MAX);

/// The times of which one symbol lacks trades, or may do so: from when on, and until when, in order. Those that end where
/// they begin, or before, are none.
#[derive(Debug, Default)]
pub(super) struct Cuts {
    all: VecDeque<(UnixMs, UnixMs)>,
}

impl Cuts {
    /// Trades are missed from then on.
    pub fn begin(&mut self, from: UnixMs) {
        if self.all.back().is_some_and(|last| last.1 == OPEN) {
            return;
        }
        self.all.retain(|(from, until)| from < until);
        while self.all.len() >= CUTS_MAX {
            self.all.pop_front();
        }
        self.all.push_back((from, OPEN));
    }

    /// Trades are missed no more from then on. What is said last counts.
    pub fn end(&mut self, until: UnixMs) {
        if let Some(last) = self.all.back_mut() {
            last.1 = until;
        }
    }

    /// What was missed between these times has come.
    pub fn fill(&mut self, start: UnixMs, end: UnixMs) {
        for (from, until) in std::mem::take(&mut self.all) {
            if until <= start || end <= from {
                self.all.push_back((from, until));
                continue;
            }
            if from < start {
                self.all.push_back((from, start));
            }
            // It stays the last one even if nothing is left of it: where it ends may be said once more.
            self.all.push_back((from.max(end), until));
        }
    }

    /// Whether anything between these times is missed.
    pub fn is_any(&self, start: UnixMs, end: UnixMs) -> bool {
        let mut all = self.all.iter();
        all.any(|(from, until)| start.max(*from) < end.min(*until))
    }
}
