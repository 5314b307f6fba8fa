//! The OHLCV service: history, the trading day so far, longer bars, and charts.

use crate::compute::history::{BarHistory, Placed};
use crate::compute::resample::{self, LongBar, Resampler, SessionFinder};
use crate::domain::bar::{Candle, Ohlcv};
use crate::domain::outcome::DayStats;
use crate::domain::source::BarStamp;
use crate::domain::time::{MINUTE_MS, Session, Timeframe, UnixMs};
use crate::domain::{Decimal, to_f64};

use super::super::meters::WorkerMeters;
use super::super::outcome::ChartChange;
use super::super::snapshot::{TREND_POINTS, Trend};
use super::WorkerContext;

/// The trading day so far, and what it is made of.
#[derive(Debug, Clone, Copy, Default)]
struct Day {
    stats: DayStats,
    /// Sum of typical price times volume.
    price_volume: f64,
    volume: f64,
    /// Close of the newest bar of the session before.
    previous_close: Option<f64>,
}

impl Day {
    /// A day of which nothing is known but what came before it.
    fn after(previous_close: Option<f64>) -> Self {
        Self {
            previous_close,
            ..Self::default()
        }
    }

    fn add(&mut self, candle: &Candle) {
        let Candle {
            open,
            high,
            low,
            volume,
            ..
        } = *candle;
        let stats = &mut self.stats;
        stats.open = stats.open.or(Some(open));
        stats.high = Some(stats.high.map_or(high, |known| known.max(high)));
        stats.low = Some(stats.low.map_or(low, |known| known.min(low)));
        stats.reference_price = self.previous_close.or(stats.open);
        self.volume += volume;
        self.price_volume += (high + low + candle.close) / 3.0 * volume;
        stats.volume = Some(self.volume);
        stats.vwap = (self.volume > 0.0).then(|| self.price_volume / self.volume);
    }
}

#[derive(Debug)]
struct Chart {
    timeframe: Timeframe,
    /// Start of the earliest minute that the board does not know of.
    changed_from: Option<UnixMs>,
}

pub(super) struct OhlcvService {
    bar_stamp: BarStamp,
    history: BarHistory,
    sessions: SessionFinder,
    session: Option<Session>,
    day: Day,
    last: Option<Decimal>,
    resamplers: Vec<Resampler>,
    closed: Vec<(Timeframe, LongBar)>,
    charts: Vec<Chart>,
}

impl OhlcvService {
    pub fn new(context: &WorkerContext) -> Self {
        let settings = &context.settings;
        Self {
            bar_stamp: context.source.bar_stamp,
            history: BarHistory::new(settings.history_rows, context.budget.clone()),
            sessions: SessionFinder::new(context.source.calendar),
            session: None,
            day: Day::default(),
            last: None,
            resamplers: settings
                .timeframes
                .iter()
                .map(|&timeframe| Resampler::new(timeframe))
                .collect(),
            closed: Vec::new(),
            charts: Vec::new(),
        }
    }

    /// The same after a panic: history and the longer bars under way, which nothing but whole bars ever goes into, with
    /// the trading day derived from them again.
    pub fn restarted(mut self) -> Self {
        self.closed.clear();
        self.session = self
            .history
            .newest()
            .and_then(|newest| self.sessions.session_of(newest.start));
        if let Some(session) = self.session {
            let before = self
                .history
                .iter()
                .rev()
                .find(|bar| bar.start < session.start);
            self.day.previous_close = before.map(|bar| bar.close);
        }
        self.sum_day_again();
        self
    }

    /// Takes one delivered bar. A bar without a time, or without all its prices, is a result but no history.
    pub fn take(&mut self, time: Option<UnixMs>, bar: &Ohlcv, meters: &WorkerMeters) {
        if bar.close.is_some() {
            self.last = bar.close;
        }
        let Some(time) = time else { return };
        let start = match self.bar_stamp {
            BarStamp::Start => time,
            BarStamp::End => time.plus_ms(-MINUTE_MS),
        };
        let Some(session) = self.sessions.session_of(start) else {
            return;
        };
        if !self.resamplers.is_empty() {
            let closed = &mut self.closed;
            for resampler in &mut self.resamplers {
                let timeframe = resampler.timeframe();
                resampler.push(
                    start,
                    start.plus_ms(MINUTE_MS),
                    bar,
                    &session,
                    &mut |long| {
                        closed.push((timeframe, long));
                    },
                );
            }
        }
        let Some(candle) = candle(start, bar) else {
            return;
        };
        let newest_close = self.history.newest().map(|newest| newest.close);
        match self.history.insert(candle) {
            Placed::Appended => {
                if self.session != Some(session) {
                    self.begin_day(session, newest_close);
                }
                self.day.add(&candle);
                self.mark_charts(start);
                return;
            }
            Placed::Replaced(_) => meters.replaced.add(1),
            Placed::Late | Placed::TooOld => meters.late.add(1),
        }
        if self.session.is_some_and(|session| session.start <= start) {
            self.sum_day_again();
        }
        self.mark_charts(start);
    }

    fn begin_day(&mut self, session: Session, newest_close: Option<f64>) {
        self.session = Some(session);
        self.day = Day::after(newest_close.or(self.day.previous_close));
    }

    /// The day from the bars in history, after one of them has changed.
    fn sum_day_again(&mut self) {
        let Some(session) = self.session else { return };
        self.day = Day::after(self.day.previous_close);
        for bar in self.history.since(session.start) {
            self.day.add(bar);
        }
    }

    pub fn day(&self) -> &DayStats {
        &self.day.stats
    }

    pub fn last(&self) -> Option<Decimal> {
        self.last
    }

    pub fn session_of(&mut self, time: UnixMs) -> Option<Session> {
        self.sessions.session_of(time)
    }

    pub fn trend(&self) -> Trend {
        let mut trend = Trend::default();
        let skip = self.history.len().saturating_sub(TREND_POINTS);
        for bar in self.history.iter().skip(skip) {
            trend.push(bar.close as f32);
        }
        trend
    }

    /// The longer bars that have closed since the last call.
    pub fn take_closed(&mut self) -> Vec<(Timeframe, LongBar)> {
        std::mem::take(&mut self.closed)
    }

    pub fn forget_closed(&mut self) {
        self.closed.clear();
    }

    /// Closes what is open, because nothing more will come.
    pub fn close_all(&mut self) {
        let closed = &mut self.closed;
        for resampler in &mut self.resamplers {
            let timeframe = resampler.timeframe();
            resampler.flush(&mut |long| closed.push((timeframe, long)));
        }
    }

    pub fn reset(&mut self) {
        self.history.clear();
        self.session = None;
        self.day = Day::default();
        self.last = None;
        self.resamplers.iter_mut().for_each(Resampler::reset);
        self.closed.clear();
        self.mark_charts(UnixMs(i64::MIN));
    }

    pub fn watch_charts(&mut self, timeframes: &[Timeframe]) {
        self.charts = timeframes
            .iter()
            .map(|&timeframe| Chart {
                timeframe,
                changed_from: Some(UnixMs(i64::MIN)),
            })
            .collect();
    }

    fn mark_charts(&mut self, from: UnixMs) {
        for chart in &mut self.charts {
            chart.changed_from = Some(chart.changed_from.map_or(from, |known| known.min(from)));
        }
    }

    /// Hands out what has changed in the watched charts since the last call.
    pub fn chart_changes(&mut self, mut put: impl FnMut(Timeframe, ChartChange)) {
        for chart in &mut self.charts {
            let Some(changed) = chart.changed_from.take() else {
                continue;
            };
            // A longer candle has to be built from its first minute.
            let from = match self.sessions.session_of(changed) {
                Some(session) if chart.timeframe == Timeframe::D1 => session.start,
                Some(session) => chart.timeframe.interval_of(changed, &session).0,
                None => changed,
            };
            let candles = resample::candles(
                self.history.since(from),
                chart.timeframe,
                &mut self.sessions,
            );
            put(chart.timeframe, ChartChange { from, candles });
        }
    }
}

/// The bar as a candle; `None` unless all four prices are there.
fn candle(start: UnixMs, bar: &Ohlcv) -> Option<Candle> {
    Some(Candle {
        start,
        open: to_f64(bar.open?),
        high: to_f64(bar.high?),
        low: to_f64(bar.low?),
        close: to_f64(bar.close?),
        volume: bar.volume.map_or(0.0, to_f64),
    })
}
