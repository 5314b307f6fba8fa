//! The end of a turn: what the board should know of a symbol beyond its results.

use crate::domain::Decimal;
use crate::domain::outcome::DayStats;

use super::super::outcome::{ChartUpdate, DayAfter, Moved, Outcome, Primed};
use super::{Past, SymbolWorker, day};

impl SymbolWorker {
    /// The trading day at the end of a turn, if something in it may have changed that.
    pub fn take_day(&mut self) -> Option<DayAfter> {
        (std::mem::take(&mut self.day_news) == day::News::Due).then(|| DayAfter {
            id: self.context.id,
            day: self.day(),
        })
    }

    /// The trading day, from what bars and the venue say.
    pub(super) fn day(&self) -> DayStats {
        let mut day = *self.ohlcv.day();
        day.volume = match (day.volume, self.level1.session_volume()) {
            (Some(bars), Some(quote)) => Some(bars.max(quote)),
            (bars, quote) => bars.or(quote),
        };
        if !self.ohlcv.has_previous_close() {
            day.reference_price = self.level1.previous_close().or(day.reference_price);
        }
        day
    }

    /// The end of a turn: what the board should know beyond the results.
    pub fn finish_turn(&mut self, out: &mut Vec<Outcome>) {
        let id = self.context.id;
        self.context.history.put_trades(&mut self.unkept);
        if self.past == Past::Due {
            self.recall(None);
        }
        if std::mem::take(&mut self.has_moved) {
            out.push(Outcome::Moved(Moved {
                id,
                last: std::mem::take(&mut self.moved_to),
                time: self.time,
            }));
            self.day_news = day::News::Due;
        }
        if self.unannounced {
            self.unannounced = false;
            out.push(self.primed());
        }
        if self.ohlcv.indicators().take_news()
            && let Some(values) = self.ohlcv.indicator_values()
        {
            out.push(Outcome::Indicators(id, values));
        }
        self.ohlcv.chart_changes(|timeframe, change| {
            out.push(Outcome::Chart(Box::new(ChartUpdate {
                id,
                timeframe,
                change,
            })));
        });
        if let Some(view) = self.level2.depth_change(id) {
            out.push(Outcome::Depth(Box::new(view)));
        }
        if let Some(update) = self.trades.tape_change(id) {
            out.push(Outcome::Tape(Box::new(update)));
        }
    }

    /// The last price: of the quote or of the newest trade that stands, whichever is newer, else of a bar.
    pub(super) fn last(&self) -> Option<Decimal> {
        let traded = if self.is_last_of_quote() {
            self.level1.last()
        } else {
            self.trades.last()
        };
        traded.or(self.ohlcv.last())
    }

    pub(super) fn primed(&mut self) -> Outcome {
        Outcome::Primed(Box::new(Primed {
            id: self.context.id,
            last: self.last(),
            quote: *self.level1.quote(),
            facts: self.level1.facts().cloned(),
            time: self.time,
            day: self.day(),
            trend: self.ohlcv.trend(),
            indicators: self.ohlcv.indicator_values(),
        }))
    }
}
