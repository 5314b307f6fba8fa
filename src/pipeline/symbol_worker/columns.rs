//! Which bars have the person's own columns evaluated, and when: once they are over, and again when they are corrected.

use crate::domain::time::UnixMs;

use super::SymbolWorker;

/// How many bars back a correction may be for its own bar to be evaluated again: of older ones, not all rows that an
/// expression sees have their indicators at hand.
pub(super) const CORRECTED_MAX: usize = 60;

/// How far a symbol's bars have been evaluated since history came last: what was growing before a jump is behind it.
#[derive(Debug, Default)]
pub(super) struct Evaluated {
    /// The start of the newest bar that is over.
    over: Option<UnixMs>,
    /// The start of the newest bar, where it still grows.
    growing: Option<UnixMs>,
}

impl SymbolWorker {
    /// A bar is about to be taken that was delivered: one that has been growing is over when a later one begins, or by the clock.
    pub(super) fn before_bar(&mut self, time: Option<UnixMs>) {
        let Some(start) = time.map(|time| self.ohlcv.start_of(time)) else {
            return;
        };
        if let Some(growing) = self.evaluated.growing.filter(|growing| start > *growing) {
            self.evaluated.growing = None;
            self.evaluate(growing);
        }
    }

    /// A bar has been taken that was delivered.
    pub(super) fn after_bar(&mut self, time: Option<UnixMs>) {
        let Some(start) = time.map(|time| self.ohlcv.start_of(time)) else {
            return;
        };
        let is_newest = self.evaluated.over.is_none_or(|over| start > over);
        if self.context.source.products.bars_grow && is_newest {
            self.evaluated.growing = Some(start);
        } else {
            self.evaluate(start);
        }
    }

    /// Every bar up to `time` has come: one that has been growing is over if it ends by then.
    pub(super) fn after_clock(&mut self, time: UnixMs) {
        let bar_ms = self.ohlcv.interval().ms();
        let growing = &mut self.evaluated.growing;
        if let Some(over) = growing.take_if(|start| start.plus_ms(bar_ms) <= time) {
            self.evaluate(over);
        }
    }

    /// No further bar will come.
    pub(super) fn after_last_bar(&mut self) {
        if let Some(growing) = self.evaluated.growing.take() {
            self.evaluate(growing);
        }
    }

    /// A bar is over, or has been corrected. After a correction, the columns of the newest bar are others too.
    pub(super) fn evaluate(&mut self, start: UnixMs) {
        let Some(desk) = &self.context.columns else {
            return;
        };
        self.context.history.put_trades(&mut self.unkept);
        let corrected = self.evaluated.over.filter(|over| start < *over);
        self.evaluated.over = self.evaluated.over.max(Some(start));
        let recent = self.ohlcv.recent_values();
        for start in [Some(start), corrected].into_iter().flatten() {
            let since = self.context.history.since(start);
            let is_known = since.len() <= CORRECTED_MAX
                && since.clone().next().is_some_and(|bar| bar.start == start);
            if is_known {
                let end = start.plus_ms(self.ohlcv.interval().ms());
                desk.on_close(self.ohlcv.stamp(start, end), start, recent.clone());
            }
        }
    }
}
