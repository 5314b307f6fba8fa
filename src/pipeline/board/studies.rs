//! Indicators along charts: each watched chart has a bank of its own, which follows the candles as they come.

use std::sync::Arc;

use rustc_hash::FxHashMap;

use crate::compute::indicator::{Bank, IndicatorError, IndicatorSet, InputKind, resolve};
use crate::compute::resample::SessionFinder;
use crate::domain::bar::Candle;
use crate::domain::indicator::IndicatorSpec;
use crate::domain::symbol::SymbolId;
use crate::domain::time::{SessionCalendar, Timeframe, UnixMs};

use super::super::snapshot::{ChartView, Study};
use super::Board;

/// Why an indicator cannot be drawn along a chart.
#[derive(Debug, Clone, PartialEq, thiserror::Error)]
pub(in super::super) enum StudyError {
    /// There is no such indicator.
    #[error(transparent)]
    Indicator(#[from] IndicatorError),
    /// Nothing of what it is computed from is kept.
    #[error(
        "{0} follows trades and quotes, of which a chart keeps none; it can be a column of the watchlist"
    )]
    NotOfBars(IndicatorSpec),
}

/// The indicators that charts have, and where each chart's computation stands.
#[derive(Debug, Default)]
pub(super) struct Studies {
    set: IndicatorSet,
    of: FxHashMap<(SymbolId, Timeframe), Follower>,
}

impl Studies {
    /// Forgets the charts that are not kept.
    pub fn retain(&mut self, keeps: impl Fn(SymbolId, Timeframe) -> bool) {
        self.of.retain(|(id, timeframe), _| keeps(*id, *timeframe));
    }

    /// Brings a chart's lines in line with its candles after a change.
    ///
    /// What has been computed of candles that were cut stays in the figures: lines do not move because a chart is full.
    pub fn follow(&mut self, chart: &mut ChartView, change: Change) {
        if self.set.is_empty() {
            return;
        }
        let key = (chart.symbol, chart.timeframe);
        let set = &self.set;
        let follower = self
            .of
            .entry(key)
            .or_insert_with(|| Follower::new(set, chart.calendar));
        follower.follow(set, chart, change);
    }

    /// Computes everything of a chart anew.
    fn begin(&mut self, chart: &mut ChartView) {
        self.of.remove(&(chart.symbol, chart.timeframe));
        chart.studies.clear();
        self.follow(chart, Change::WHOLE);
    }
}

/// What has become of a chart's candles.
#[derive(Debug, Clone, Copy)]
pub(super) struct Change {
    /// How many stand as they did, before any were cut.
    pub kept: usize,
    /// How many behind those are no more, or have been replaced.
    pub removed: usize,
    /// The start of the last that was removed.
    pub removed_start: Option<UnixMs>,
    /// How many of the oldest have gone at the end of the change.
    pub cut: usize,
}

impl Change {
    /// A chart that is new.
    const WHOLE: Self = Self {
        kept: 0,
        removed: 0,
        removed_start: None,
        cut: 0,
    };
}

/// One chart's computation.
#[derive(Debug)]
struct Follower {
    bank: Bank,
    sessions: SessionFinder,
    /// The values after one candle.
    values: Vec<Option<f64>>,
}

impl Follower {
    fn new(set: &IndicatorSet, calendar: SessionCalendar) -> Self {
        Self {
            bank: Bank::of_bars(set, None),
            sessions: SessionFinder::new(calendar),
            values: vec![None; set.names().len()],
        }
    }

    fn follow(&mut self, set: &IndicatorSet, chart: &mut ChartView, change: Change) {
        let candles = Arc::clone(&chart.candles);
        let lines_len = chart.studies.first().and_then(|study| study.lines.first());
        let lines_len = lines_len.map_or(0, |line| line.len());
        let first_new = change.kept.saturating_sub(change.cut);
        let new = candles.get(first_new..).unwrap_or_default();
        // The bank can go on when nothing was taken back, or when only its newest candle is given anew.
        let goes_on = match change.removed {
            0 => true,
            1 => new.first().is_some_and(|candle| {
                Some(candle.start) == change.removed_start && is_finite(candle)
            }),
            _ => false,
        } && change.cut <= change.kept
            && !chart.studies.is_empty()
            && lines_len == change.kept + change.removed;
        if goes_on {
            let is_done = self.extend(chart, change, new);
            if is_done {
                return;
            }
        }
        self.rebuild(set, chart, &candles);
    }

    /// Appends values for `new`; false when the bank cannot take one of them.
    fn extend(&mut self, chart: &mut ChartView, change: Change, new: &[Candle]) -> bool {
        let mut lines: Vec<&mut Vec<Option<f64>>> = chart
            .studies
            .iter_mut()
            .flat_map(|study| study.lines.iter_mut().map(Arc::make_mut))
            .collect();
        for line in &mut lines {
            line.truncate(change.kept);
            line.drain(..change.cut);
        }
        for candle in new {
            let start = self.session_start(candle);
            if !self.bank.take(candle, start) {
                return false;
            }
            self.bank.write(&mut self.values);
            for (line, value) in lines.iter_mut().zip(&self.values) {
                line.push(*value);
            }
        }
        true
    }

    fn rebuild(&mut self, set: &IndicatorSet, chart: &mut ChartView, candles: &[Candle]) {
        self.bank.reset();
        let mut lines: Vec<Vec<Option<f64>>> = (0..set.names().len())
            .map(|_| Vec::with_capacity(candles.len()))
            .collect();
        for candle in candles {
            let start = self.session_start(candle);
            self.bank.take(candle, start);
            self.bank.write(&mut self.values);
            for (line, value) in lines.iter_mut().zip(&self.values) {
                line.push(*value);
            }
        }
        let mut lines = lines.into_iter().map(Arc::new);
        chart.studies = set
            .names()
            .columns()
            .iter()
            .map(|column| Study {
                column: column.clone(),
                lines: lines.by_ref().take(column.outputs.len()).collect(),
            })
            .collect();
    }

    fn session_start(&mut self, candle: &Candle) -> UnixMs {
        let session = self.sessions.session_of(candle.start);
        session.map_or(candle.start, |session| session.start)
    }
}

fn is_finite(candle: &Candle) -> bool {
    [
        candle.open,
        candle.high,
        candle.low,
        candle.close,
        candle.known_volume(),
    ]
    .into_iter()
    .all(f64::is_finite)
}

impl Board {
    /// Lets the charts have these indicators, and no others. Gives back what is wrong with those that cannot be had; the
    /// others are there all the same.
    pub fn watch_indicators(&mut self, specs: Vec<IndicatorSpec>) -> Vec<StudyError> {
        let mut errors = Vec::new();
        let mut taken = Vec::with_capacity(specs.len());
        for spec in specs {
            // It follows the candles of the chart, whatever their length.
            let spec = IndicatorSpec {
                timeframe: None,
                ..spec
            };
            match resolve(&spec) {
                Ok((_, definition)) if definition.input == InputKind::Ticks => {
                    errors.push(StudyError::NotOfBars(spec));
                }
                Ok((spec, _)) => taken.push(spec),
                Err(error) => errors.push(error.into()),
            }
        }
        match IndicatorSet::new(&taken) {
            Ok(set) if set == self.studies.set => {}
            Ok(set) => {
                self.studies.set = set;
                for chart in &mut self.charts {
                    self.studies.begin(Arc::make_mut(chart));
                }
            }
            Err(error) => errors.push(error.into()),
        }
        errors
    }
}

#[cfg(test)]
mod tests;
