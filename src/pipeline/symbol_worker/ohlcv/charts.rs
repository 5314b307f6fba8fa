//! The charts that the board wants of a symbol.

use crate::compute::resample;
use crate::domain::time::{Timeframe, UnixMs};

use super::super::super::outcome::ChartChange;
use super::OhlcvService;

#[derive(Debug)]
pub(super) struct Chart {
    timeframe: Timeframe,
    /// Start of the earliest minute that the board does not know of.
    changed_from: Option<UnixMs>,
}

impl OhlcvService {
    pub fn watch_charts(&mut self, timeframes: &[Timeframe]) {
        self.charts = timeframes
            .iter()
            .map(|&timeframe| Chart {
                timeframe,
                changed_from: Some(UnixMs(i64::MIN)),
            })
            .collect();
    }

    pub(super) fn mark_charts(&mut self, from: UnixMs) {
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
            // Nothing shorter can be made of what comes in.
            let candles = if chart.timeframe < self.interval {
                Vec::new()
            } else {
                resample::candles(
                    self.history.since(from),
                    chart.timeframe,
                    &mut self.sessions,
                )
            };
            put(chart.timeframe, ChartChange { from, candles });
        }
    }
}
