//! What a worker makes of bars, and of trades that bars are built from.

use std::sync::Arc;

use crate::compute::trade_bars::{BuiltBar, Counted};
use crate::domain::bar::Ohlcv;
use crate::domain::event::DataService;
use crate::domain::outcome::{LastPrice, ResultBody};
use crate::domain::time::UnixMs;
use crate::domain::trade::TimeAndSale;

use super::super::outcome::Outcome;
use super::SymbolWorker;

impl SymbolWorker {
    pub(super) fn take_bar(
        &mut self,
        time: Option<UnixMs>,
        bar: &Ohlcv,
        is_history: bool,
        out: &mut Vec<Outcome>,
    ) {
        if self.ohlcv.builds() {
            // Two kinds of bars would contradict one another.
            return;
        }
        if !is_history {
            self.before_bar(time);
        }
        self.ohlcv.take(time, bar, &self.context.meters);
        if is_history || !self.serves(DataService::Ohlcv) {
            return self.ohlcv.forget_closed();
        }
        let body = ResultBody::Ohlcv {
            bar: *bar,
            timeframe: self.ohlcv.interval(),
            partial: false,
            indicators: self.ohlcv.indicator_values(),
        };
        // Trades are newer than the bar that they are in, and so are the last prices of quotes.
        let has_newer = self.trades.last().is_some() || self.level1.last().is_some();
        let last = bar.close.filter(|_| !has_newer);
        self.put(time, body, last.into(), out);
        self.put_closed(false, out);
        self.after_bar(time);
    }

    pub(super) fn take_trade(
        &mut self,
        time: Option<UnixMs>,
        trade: Arc<TimeAndSale>,
        is_history: bool,
        out: &mut Vec<Outcome>,
    ) {
        let may_repeat = self.context.source.products.repeats_trades;
        if may_repeat && self.trades.is_repeat(time, &trade) {
            return self.context.meters.repeated.add(1);
        }
        self.ohlcv.indicators().take_trade(&trade);
        self.context.history.put_trade(time, &trade);
        if self.ohlcv.builds() {
            let counted = self.ohlcv.take_trade(time, &trade, &mut self.built);
            self.put_built(is_history, out);
            if counted == Counted::TooOld && !is_history {
                self.on_too_old(out);
            }
        }
        let was_of_quote = self.is_last_of_quote();
        let last = match self.trades.take(time, &trade) {
            LastPrice::Unchanged => LastPrice::Unchanged,
            _ if was_of_quote && self.is_last_of_quote() => LastPrice::Unchanged,
            _ => self.last().map_or(LastPrice::Gone, LastPrice::Is),
        };
        if is_history {
            return;
        }
        if self.serves(DataService::TimeAndSales) {
            self.put(time, ResultBody::TimeAndSales(trade), last, out);
        } else {
            self.has_moved = true;
            self.moved_to = self.moved_to.then(last);
        }
    }

    fn on_too_old(&mut self, out: &mut Vec<Outcome>) {
        self.context.meters.late.add(1);
        if !std::mem::replace(&mut self.told.late_trades, true) {
            self.put_info("a trade, or the correction of one, came too late to be worked into its bar, which stays as it is; later ones are counted only", out);
        }
    }

    /// Every bar and trade up to `time` has come.
    pub(super) fn take_clock(
        &mut self,
        time: Option<UnixMs>,
        is_history: bool,
        out: &mut Vec<Outcome>,
    ) {
        let Some(time) = time else { return };
        self.ohlcv.clock(time, &mut self.built);
        self.put_built(is_history, out);
        self.ohlcv.close_longer(time);
        self.put_longer(is_history, out);
        self.after_clock(time);
    }

    /// Takes in what has become of the bars that are built, and gives out those that are over.
    pub(super) fn put_built(&mut self, is_history: bool, out: &mut Vec<Outcome>) {
        if self.built.is_empty() {
            return;
        }
        let mut built = std::mem::take(&mut self.built);
        let gives = !is_history && self.serves(DataService::Ohlcv);
        for bar in &built {
            self.ohlcv.take_built(bar, bar.is_closed);
            if bar.is_closed && gives {
                self.put_minute(bar, false, out);
            }
            self.put_longer(is_history, out);
            // One that has gone leaves the board's trend, too.
            self.unannounced |= bar.bar.close.is_none();
        }
        built.clear();
        self.built = built;
    }

    fn put_minute(&mut self, built: &BuiltBar, partial: bool, out: &mut Vec<Outcome>) {
        let timeframe = self.ohlcv.interval();
        let end = built.start.plus_ms(timeframe.ms());
        let body = ResultBody::Ohlcv {
            bar: built.bar,
            timeframe,
            partial: partial || self.ohlcv.is_cut(built.start, end),
            indicators: self.ohlcv.indicator_values(),
        };
        // The last price has come with its trade.
        let time = self.ohlcv.stamp(built.start, end);
        self.put(Some(time), body, LastPrice::Unchanged, out);
        self.evaluate(built.start);
    }

    /// Gives out the longer bars that are over, or that have become others.
    pub(super) fn put_longer(&mut self, is_history: bool, out: &mut Vec<Outcome>) {
        if is_history || !self.serves(DataService::Ohlcv) {
            return self.ohlcv.forget_closed();
        }
        self.put_closed(false, out);
    }

    fn put_closed(&mut self, partial: bool, out: &mut Vec<Outcome>) {
        for (timeframe, long) in self.ohlcv.take_closed() {
            let body = ResultBody::Ohlcv {
                bar: long.bar,
                timeframe,
                partial: partial || self.ohlcv.is_cut(long.start, long.end),
                indicators: self.ohlcv.values_at(timeframe, long.start),
            };
            let time = self.ohlcv.stamp(long.start, long.end);
            self.put(Some(time), body, LastPrice::Unchanged, out);
        }
    }

    /// The source has ended: bars that are still open go out as they are.
    pub fn end_of_data(&mut self, out: &mut Vec<Outcome>) {
        let gives = self.serves(DataService::Ohlcv);
        for open in self.ohlcv.open_bars() {
            self.ohlcv.take_built(&open, true);
            if gives {
                self.put_minute(&open, true, out);
                self.put_closed(true, out);
            }
        }
        self.after_last_bar();
        self.ohlcv.give_open_bars();
        if gives {
            self.put_closed(true, out);
        }
        self.ohlcv.forget_closed();
    }
}
