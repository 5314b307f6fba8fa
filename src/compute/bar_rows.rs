//! A symbol's bars of one length with its indicators, one after the other: never all at once, however many there are.
//!
//! What an indicator is at a bar is the same as in the tables of questions: one without a timeframe follows these bars,
//! and one with a timeframe has the value of the last bar of that length that had closed by then.

use std::iter::Peekable;

use crate::domain::bar::Candle;
use crate::domain::time::{SessionCalendar, Timeframe, UnixMs};

use super::history::columns::{BarColumns, Candles};
use super::indicator::{Bank, IndicatorSet};
use super::resample::{SessionFinder, merge};

/// A bar with what its figures do not say.
#[derive(Debug, Clone, Copy, PartialEq)]
pub struct BarRow {
    /// The bar, by its start.
    pub candle: Candle,
    /// The end of its interval.
    pub end: UnixMs,
    /// The start of its trading day.
    session_start: UnixMs,
    /// When it was over: not before its interval, nor before the last of the bars that it was made of.
    pub closed_at: UnixMs,
}

/// Bars of one length out of a symbol's own.
#[derive(Debug)]
struct Bars<'a> {
    own: Candles<'a>,
    interval: Timeframe,
    /// `None` is the symbol's own bars, as they are.
    longer: Option<Timeframe>,
    sessions: SessionFinder,
    /// A longer bar that may have more to come.
    open: Option<BarRow>,
}

impl<'a> Bars<'a> {
    fn new(own: &'a BarColumns, interval: Timeframe, of: Timeframe, day: SessionCalendar) -> Self {
        Self {
            own: own.candles(),
            interval,
            longer: (of != interval).then_some(of),
            sessions: SessionFinder::new(day),
            open: None,
        }
    }

    /// The next of the symbol's own bars.
    fn next_own(&mut self) -> Option<BarRow> {
        let candle = self.own.next()?;
        Some(self.own_row(candle))
    }

    fn own_row(&mut self, candle: Candle) -> BarRow {
        let session = self.sessions.session_of(candle.start);
        let end = candle.start.plus_ms(self.interval.ms());
        BarRow {
            candle,
            end,
            session_start: session.map_or(candle.start, |session| session.start),
            closed_at: match (self.interval, session) {
                (Timeframe::D1, Some(session)) => session.end,
                _ => end,
            },
        }
    }
}

impl Iterator for Bars<'_> {
    type Item = BarRow;

    fn next(&mut self) -> Option<BarRow> {
        let Some(timeframe) = self.longer else {
            return self.next_own();
        };
        while let Some(own) = self.next_own() {
            let Some(session) = self.sessions.session_of(own.candle.start) else {
                continue;
            };
            let (start, end) = timeframe.interval_of(own.candle.start, &session);
            match &mut self.open {
                // A day's bar holds what is traded after its close too.
                Some(open) if open.candle.start == start => {
                    merge(&mut open.candle, &own.candle);
                    open.closed_at = open.closed_at.max(own.closed_at);
                }
                open => {
                    let next = BarRow {
                        candle: Candle {
                            start,
                            ..own.candle
                        },
                        end,
                        session_start: session.start,
                        closed_at: end.max(own.closed_at),
                    };
                    if let Some(complete) = open.replace(next) {
                        return Some(complete);
                    }
                }
            }
        }
        self.open.take()
    }
}

/// Indicators of a timeframe, and the bars of it that have not been taken yet.
#[derive(Debug)]
struct Followers<'a> {
    bars: Peekable<Bars<'a>>,
    bank: Bank,
}

/// A symbol's bars of one length, oldest first, each with its indicators.
#[derive(Debug)]
pub struct BarRows<'a> {
    bars: Bars<'a>,
    bank: Bank,
    followers: Vec<Followers<'a>>,
    values: Vec<Option<f64>>,
    newest_close: UnixMs,
}

impl<'a> BarRows<'a> {
    /// The bars of the length `timeframe` out of `own`, whose length is `interval`, with the indicators of `set`.
    /// `None` when it would have to be made out of longer ones.
    #[must_use]
    pub fn new(
        own: &'a BarColumns,
        interval: Timeframe,
        timeframe: Timeframe,
        calendar: SessionCalendar,
        set: &IndicatorSet,
    ) -> Option<Self> {
        if timeframe < interval {
            return None;
        }
        let of = |timeframe| Bars::new(own, interval, timeframe, calendar);
        let newest = own.candles().next_back();
        let newest_close = newest.map(|newest| of(interval).own_row(newest).closed_at);
        let known = Timeframe::ALL.into_iter().filter(|it| *it >= interval);
        let followers = known.map(|timeframe| Followers {
            bars: of(timeframe).peekable(),
            bank: Bank::of_bars(set, Some(timeframe)),
        });
        Some(Self {
            bars: of(timeframe),
            bank: Bank::of_bars(set, None),
            followers: followers.filter(|it| !it.bank.is_empty()).collect(),
            values: vec![None; set.names().len()],
            newest_close: newest_close.unwrap_or_default(),
        })
    }

    /// When the newest of the symbol's own bars is over: what closes later may have more to come.
    #[must_use]
    pub fn newest_close(&self) -> UnixMs {
        self.newest_close
    }

    /// The next bar, with the values of [`IndicatorNames::flat`](crate::domain::indicator::IndicatorNames::flat); `None`
    /// after the last one.
    pub fn advance(&mut self) -> Option<(BarRow, &[Option<f64>])> {
        let row = self.bars.next()?;
        self.bank.take(&row.candle, row.session_start);
        self.bank.write(&mut self.values);
        for Followers { bars, bank } in &mut self.followers {
            let mut has_closed = false;
            while let Some(closed) = bars.next_if(|bar| bar.closed_at <= row.closed_at) {
                has_closed = true;
                bank.take(&closed.candle, closed.session_start);
            }
            if has_closed {
                bank.write(&mut self.values);
            }
        }
        Some((row, &self.values))
    }
}

#[cfg(test)]
#[allow(clippy::unwrap_used, reason = "a test may stop at the first surprise")]
mod tests {
    use std::sync::Arc;

    use crate::compute::history::columns::{Chunk, Part};
    use crate::compute::resample::candles;
    use crate::domain::time::MINUTE_MS;

    use super::*;

    /// 09:30 in New York.
    const OPENING: i64 = 1_550_068_200_000;

    /// Minutes whose close is their number, with a gap in them and over two days.
    fn minutes() -> BarColumns {
        let starts: Vec<i64> = (0..40)
            .chain(55..100)
            .chain(1440..1500)
            .map(|minute| OPENING + minute * MINUTE_MS)
            .collect();
        let price = |of: f64| -> Vec<f64> { (0..starts.len()).map(|at| at as f64 + of).collect() };
        let values = [price(0.5), price(2.0), price(-1.0), price(1.0), price(10.0)];
        let rows = starts.len();
        let times = starts;
        let chunk = Arc::new(Chunk { times, values });
        BarColumns::new(vec![
            Part::new(Arc::clone(&chunk), 0..33),
            Part::new(chunk, 33..rows),
        ])
    }

    fn set(specs: &[&str]) -> IndicatorSet {
        let specs: Vec<_> = specs.iter().map(|spec| spec.parse().unwrap()).collect();
        IndicatorSet::new(&specs).unwrap()
    }

    fn all(timeframe: Timeframe, set: &IndicatorSet) -> Vec<(BarRow, Vec<Option<f64>>)> {
        let own = minutes();
        let calendar = SessionCalendar::UsEquities;
        let mut rows = BarRows::new(&own, Timeframe::M1, timeframe, calendar, set).unwrap();
        let mut all = Vec::new();
        while let Some((row, values)) = rows.advance() {
            all.push((row, values.to_vec()));
        }
        all
    }

    #[test]
    fn bars_of_every_length_are_those_of_a_chart() {
        let own = minutes();
        for timeframe in Timeframe::ALL {
            let mut sessions = SessionFinder::new(SessionCalendar::UsEquities);
            let expected = candles(own.candles(), timeframe, &mut sessions);
            let rows = all(timeframe, &IndicatorSet::default());
            let found: Vec<Candle> = rows.iter().map(|(row, _)| row.candle).collect();
            assert_eq!(found, expected, "{timeframe}");
        }
        let calendar = SessionCalendar::UsEquities;
        let none = BarRows::new(
            &own,
            Timeframe::M5,
            Timeframe::M1,
            calendar,
            &IndicatorSet::default(),
        );
        assert!(none.is_none(), "minutes cannot be made of longer bars");
    }

    #[test]
    fn an_indicator_follows_the_bars_or_those_of_its_timeframe_that_have_closed() {
        let set = set(&["sma(2)", "sma(1)@5m"]);
        let rows = all(Timeframe::M1, &set);
        let values: Vec<_> = rows.iter().map(|(_, values)| values.as_slice()).collect();
        assert_eq!(values[0], [None, None]);
        assert_eq!(values[3], [Some(3.5), None]);
        // The bar of the first five minutes closes with the fifth.
        assert_eq!(values[4], [Some(4.5), Some(5.0)]);
        assert_eq!(values[8], [Some(8.5), Some(5.0)]);
        assert_eq!(values[9], [Some(9.5), Some(10.0)]);
        // After the gap, the last one before it still counts.
        assert_eq!(values[40], [Some(40.5), Some(40.0)]);
        let fives = all(Timeframe::M5, &set);
        let (row, values) = &fives[1];
        assert_eq!(row.end, UnixMs(OPENING + 10 * MINUTE_MS));
        assert_eq!(*values, [Some(7.5), Some(10.0)]);
    }
}
