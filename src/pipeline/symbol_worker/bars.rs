//! What a worker makes of bars, and of trades that bars are built from.

use std::sync::Arc;

use crate::compute::trade_bars::{BuiltBar, Counted};
use crate::domain::bar::Ohlcv;
use crate::domain::event::DataService;
use crate::domain::outcome::{ErrorKind, ResultBody, Severity};
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
        // Trades are newer than the bar that they are in.
        let last = bar.close.filter(|_| self.trades.last().is_none());
        self.put(time, body, last, out);
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
        let last = self.trades.take(time, &trade);
        self.trades.judge(&trade, self.level1.quote());
        let last = last.filter(|_| self.level1.last().is_none());
        if is_history {
            return;
        }
        if self.serves(DataService::TimeAndSales) {
            self.put(time, ResultBody::TimeAndSales(trade), last, out);
        } else {
            self.has_moved = true;
            self.moved_to = last.or(self.moved_to);
        }
    }

    fn on_too_old(&mut self, out: &mut Vec<Outcome>) {
        self.context.meters.late.add(1);
        if std::mem::replace(&mut self.has_told_late, true) {
            return;
        }
        let mut error = self.error(
            ErrorKind::SequenceGap,
            "a trade, or the correction of one, came too late to be worked into its bar, which stays as it is; later ones are counted only",
        );
        error.severity = Severity::Info;
        out.push(Outcome::Error(Box::new(error)));
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
                self.put_closed(false, out);
            }
        }
        self.ohlcv.forget_closed();
        built.clear();
        self.built = built;
    }

    fn put_minute(&mut self, built: &BuiltBar, partial: bool, out: &mut Vec<Outcome>) {
        let timeframe = self.ohlcv.interval();
        let end = built.start.plus_ms(timeframe.ms());
        let body = ResultBody::Ohlcv {
            bar: built.bar,
            timeframe,
            partial,
            indicators: self.ohlcv.indicator_values(),
        };
        // The last price has come with its trade.
        let time = self.ohlcv.stamp(built.start, end);
        self.put(Some(time), body, None, out);
        self.evaluate(built.start);
    }

    /// Gives out the longer bars that bars of the past have made others.
    pub(super) fn put_corrected(&mut self, is_history: bool, out: &mut Vec<Outcome>) {
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
                partial,
                indicators: self.ohlcv.values_at(timeframe, long.start),
            };
            let time = self.ohlcv.stamp(long.start, long.end);
            self.put(Some(time), body, None, out);
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
