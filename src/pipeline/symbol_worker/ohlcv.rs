//! The OHLCV service: bars as delivered or built from trades, history, the trading day so far, longer bars, indicators,
//! and charts.

mod candles;
mod charts;
mod cuts;
mod evaluated;
mod longer;
mod past;
mod recall;

use std::sync::Arc;

use crate::compute::history::Placed;
use crate::compute::resample::{self, LongBar, Resampler, SessionFinder};
use crate::compute::trade_bars::{BuiltBar, Counted, TradeBars};
use crate::domain::Decimal;
use crate::domain::bar::{Candle, Ohlcv};
use crate::domain::column::COLUMN_ROWS;
use crate::domain::indicator::IndicatorValues;
use crate::domain::outcome::DayStats;
use crate::domain::source::{BarOrigin, BarStamp};
use crate::domain::time::{Session, SessionCalendar, Timeframe, UnixMs};
use crate::domain::trade::TimeAndSale;

use super::super::histories::KeptHistory;
use super::super::meters::WorkerMeters;
use super::super::snapshot::{TREND_POINTS, Trend};
use super::WorkerContext;
use super::columns::CORRECTED_MAX;
use super::day::Day;
use super::indicators::IndicatorService;

use candles::{candle, has_changed};
use charts::Chart;
use cuts::Cuts;
use longer::Minute;

pub(super) struct OhlcvService {
    bar_stamp: BarStamp,
    calendar: SessionCalendar,
    /// The length of the bars that come in, or are built.
    interval: Timeframe,
    /// Builds them, where the source delivers none.
    builder: Option<TradeBars>,
    /// Shared with whoever asks for all histories.
    history: KeptHistory,
    sessions: SessionFinder,
    session: Option<Session>,
    day: Day,
    /// The day without its newest bar, which may still grow.
    day_before_newest: Day,
    last: Option<Decimal>,
    resamplers: Vec<Resampler>,
    cuts: Cuts,
    closed: Vec<(Timeframe, LongBar)>,
    indicators: IndicatorService,
    charts: Vec<Chart>,
}

impl OhlcvService {
    pub fn new(context: &WorkerContext) -> Self {
        let settings = &context.settings;
        let products = &context.source.products;
        let (builder, interval) = match products.bars {
            BarOrigin::Delivered => (None, products.interval),
            BarOrigin::Trades(rule) => {
                let builder = TradeBars::new(rule, Arc::clone(context.history.budget()));
                (Some(builder), Timeframe::M1)
            }
        };
        let set = settings
            .indicators
            .set_of(&context.symbol, &context.source.name);
        let recent_rows = context
            .columns
            .as_ref()
            .map_or(0, |_| COLUMN_ROWS + CORRECTED_MAX);
        let indicators = IndicatorService::new(set, interval, &settings.timeframes, recent_rows);
        let mut longer = settings.timeframes.clone();
        longer.retain(|&timeframe| timeframe > interval);
        longer.sort_unstable();
        longer.dedup();
        let grows = products.bars_grow && builder.is_none();
        let resampler = |timeframe| Resampler::new(timeframe, grows);
        Self {
            bar_stamp: context.source.bar_stamp,
            calendar: context.source.calendar,
            interval,
            builder,
            history: context.history.clone(),
            sessions: SessionFinder::new(context.source.calendar),
            session: None,
            day: Day::default(),
            day_before_newest: Day::default(),
            last: None,
            resamplers: longer.into_iter().map(resampler).collect(),
            cuts: Cuts::default(),
            closed: Vec::new(),
            indicators,
            charts: Vec::new(),
        }
    }

    /// The same after a panic: history and the longer bars under way, which nothing but whole bars ever goes into, with
    /// the trading day derived from them again.
    pub fn restarted(mut self) -> Self {
        self.closed.clear();
        self.find_day_again();
        self.indicators.restarted();
        self
    }

    /// The trading day of the newest bar, from the bars in history.
    fn find_day_again(&mut self) {
        self.session = self
            .history
            .newest()
            .and_then(|newest| self.sessions.session_of(newest.start));
        if let Some(session) = self.session {
            let mut bars = self.history.iter().rev();
            let before = bars.find(|bar| bar.start < session.start);
            self.day.previous_close = before.map(|bar| bar.close).or(self.day.previous_close);
        }
        self.sum_day_again();
    }

    /// Takes one delivered bar. A bar without a time, or without all its prices, is a result but no history.
    pub fn take(&mut self, time: Option<UnixMs>, bar: &Ohlcv, meters: &WorkerMeters) {
        if bar.close.is_some() {
            self.last = bar.close;
        }
        let Some(time) = time else { return };
        let start = self.start_of(time);
        let Some(session) = self.sessions.session_of(start) else {
            return;
        };
        // What is no history is in no longer bar either.
        let Some(candle) = candle(start, bar) else {
            return;
        };
        let placed = self.place(candle, session);
        match placed {
            Placed::Appended => {}
            Placed::Replaced(_) => meters.replaced.add(1),
            Placed::Late | Placed::TooOld => meters.late.add(1),
        }
        if placed != Placed::TooOld {
            let minute = Minute {
                is_told_of: true,
                is_news: has_changed(placed, &candle),
            };
            self.resample(start, bar, &session, minute);
        }
    }

    /// Whether bars are built from trades.
    pub fn builds(&self) -> bool {
        self.builder.is_some()
    }

    /// Takes a trade where bars are built from them; the bars that this changes or closes go to `built`, and each has
    /// to be taken in with [`Self::take_built`].
    pub fn take_trade(
        &mut self,
        time: Option<UnixMs>,
        trade: &TimeAndSale,
        built: &mut Vec<BuiltBar>,
    ) -> Counted {
        let Some(builder) = &mut self.builder else {
            return Counted::Nowhere;
        };
        builder.take(time, trade, &mut |bar| built.push(bar))
    }

    /// Every trade up to `time` has come: bars that are over go to `built`, as with [`Self::take_trade`].
    pub fn clock(&mut self, time: UnixMs, built: &mut Vec<BuiltBar>) {
        if let Some(builder) = &mut self.builder {
            builder.clock(time, &mut |bar| built.push(bar));
        }
    }

    /// Trades are missed that were made after `from`, or after what is known.
    pub fn miss_trades(&mut self, from: Option<UnixMs>) {
        let newest = || self.history.newest().map(|newest| newest.start);
        let from = from.or_else(newest).unwrap_or(UnixMs(i64::MIN));
        self.cuts.begin(from);
    }

    /// Trades that were made at `until` or later come again.
    pub fn resume_trades(&mut self, until: Option<UnixMs>) {
        if let Some(until) = until {
            self.cuts.end(until);
        }
    }

    /// The bars under way, because nothing more will come.
    pub fn open_bars(&self) -> Vec<BuiltBar> {
        self.builder
            .as_ref()
            .map_or(Vec::new(), |builder| builder.open_bars().collect())
    }

    /// Takes in a bar that has been built. A growing one is in history and charts at once; longer bars are made of those
    /// that are over.
    pub fn take_built(&mut self, built: &BuiltBar, is_over: bool) {
        let BuiltBar { start, bar, .. } = built;
        let Some(session) = self.sessions.session_of(*start) else {
            return;
        };
        // One that has been growing is in history already.
        let minute = Minute {
            is_told_of: true,
            is_news: true,
        };
        if let Some(candle) = candle(*start, bar) {
            let placed = self.place(candle, session);
            if placed == Placed::Appended {
                // The minutes before it are over.
                self.close_longer(*start);
            }
            if placed != Placed::TooOld && is_over {
                self.resample(*start, bar, &session, minute);
            }
        } else if self.history.remove(*start).is_some() {
            // All of its trades have been taken out.
            self.find_day_again();
            self.indicators.on_change_of_the_past(*start);
            self.mark_charts(*start);
            if is_over {
                self.resample(*start, &Ohlcv::default(), &session, minute);
            }
        }
    }

    /// The time that a bar has in results.
    pub fn stamp(&self, start: UnixMs, end: UnixMs) -> UnixMs {
        match self.bar_stamp {
            BarStamp::Start => start,
            BarStamp::End => end,
        }
    }

    pub fn interval(&self) -> Timeframe {
        self.interval
    }

    /// Puts a bar into history and works it into the day.
    fn place(&mut self, candle: Candle, session: Session) -> Placed {
        let start = candle.start;
        let newest = self.history.newest();
        let placed = self.history.insert(candle);
        let is_newest = newest.is_some_and(|newest| newest.start == start);
        if !has_changed(placed, &candle) {
            return placed;
        }
        if placed == Placed::Appended {
            if self.session != Some(session) {
                self.begin_day(session, newest.map(|newest| newest.close));
            }
            self.day_before_newest = self.day;
            self.day.add(&candle);
        } else if is_newest && self.session == Some(session) {
            // By far the most bars that come again are the newest, which grows.
            self.day = self.day_before_newest;
            self.day.add(&candle);
        } else if self.session.is_some_and(|today| today.start <= start) {
            self.sum_day_again();
        } else {
            // It may be the last of the day before.
            self.find_day_again();
        }
        if placed == Placed::Appended || is_newest {
            self.indicators.take(&candle, &session);
            if let Some(values) = self.indicators.of_ticks() {
                self.history.keep_at_close(start, &values);
            }
        } else {
            self.indicators.on_change_of_the_past(start);
        }
        self.mark_charts(start);
        placed
    }

    /// The indicators as they are now; `None` when the symbol has none.
    pub fn indicator_values(&mut self) -> Option<Arc<IndicatorValues>> {
        self.indicators.values(&self.history, &mut self.sessions)
    }

    /// The indicators at a longer bar that goes out.
    pub fn values_at(&mut self, of: Timeframe, start: UnixMs) -> Option<Arc<IndicatorValues>> {
        let (history, sessions) = (&self.history, &mut self.sessions);
        self.indicators.values_at(of, start, history, sessions)
    }

    /// The indicators, for what is no bar.
    pub fn indicators(&mut self) -> &mut IndicatorService {
        &mut self.indicators
    }

    fn begin_day(&mut self, session: Session, newest_close: Option<f64>) {
        self.session = Some(session);
        self.day = Day::after(newest_close.or(self.day.previous_close));
    }

    /// The day from the bars in history, after one of them has changed.
    fn sum_day_again(&mut self) {
        self.day = Day::after(self.day.previous_close);
        self.day_before_newest = self.day;
        let Some(session) = self.session else { return };
        for bar in self.history.since(session.start) {
            self.day_before_newest = self.day;
            self.day.add(&bar);
        }
    }

    pub fn day(&self) -> &DayStats {
        &self.day.stats
    }

    /// Whether the close of the session before is known.
    pub fn has_previous_close(&self) -> bool {
        self.day.previous_close.is_some()
    }

    /// The close of the bar that came last; of those that are built, of the newest that stands.
    pub fn last(&self) -> Option<Decimal> {
        if !self.builds() {
            return self.last;
        }
        let newest = self.history.newest()?;
        resample::exact(&newest).close
    }

    pub fn session_of(&mut self, time: UnixMs) -> Option<Session> {
        self.sessions.session_of(time)
    }

    pub fn trend(&self) -> Trend {
        let mut trend = Trend::default();
        let skip = self.history.len().saturating_sub(TREND_POINTS);
        for bar in self.history.iter().skip(skip) {
            let time = self.stamp(bar.start, bar.start.plus_ms(self.interval.ms()));
            trend.push_bar(Some(time), bar.close as f32);
        }
        trend
    }

    pub fn reset(&mut self) {
        self.history.clear();
        if let Some(builder) = &mut self.builder {
            builder.reset();
        }
        self.session = None;
        self.day = Day::default();
        self.day_before_newest = Day::default();
        self.last = None;
        self.resamplers.iter_mut().for_each(Resampler::reset);
        self.cuts = Cuts::default();
        self.indicators.reset();
        self.closed.clear();
        self.mark_charts(UnixMs(i64::MIN));
    }
}
