//! Bars that may still grow. A source may send a bar again and again while its interval lasts: it is a row once, when a
//! later one has come, or when its interval is known to be over.

use rustc_hash::FxHashMap;

use crate::domain::clock::Nanos;
use crate::domain::source::SourceName;
use crate::domain::symbol::Symbol;
use crate::domain::time::{SessionCalendar, Timeframe, UnixMs};

use super::rows::{BarRecord, FileRow, Record};

/// Bars that follow one another.
type Series = (Symbol, SourceName, Timeframe);

/// A bar that is over may still change for a moment.
const GRACE_NS: u64 = 5_000_000_000;

/// The newest bar of a symbol, source and length.
#[derive(Debug)]
pub(super) struct NewestBar {
    symbol: Symbol,
    source: SourceName,
    calendar: SessionCalendar,
    timeframe: Timeframe,
    time: UnixMs,
    figures: [Option<f64>; 5],
    partial: bool,
    indicators: Vec<Option<f64>>,
    /// Whether it has come more than once.
    has_grown: bool,
    /// When it came the last time.
    since: Nanos,
}

impl NewestBar {
    fn new(row: &FileRow<'_>, bar: &BarRecord<'_>, time: UnixMs, now: Nanos) -> Self {
        Self {
            symbol: row.symbol.clone(),
            source: row.source.clone(),
            calendar: row.calendar,
            timeframe: bar.timeframe,
            time,
            figures: bar.figures,
            partial: bar.partial,
            indicators: bar.indicators.to_vec(),
            has_grown: false,
            since: now,
        }
    }

    /// The latest moment at which its interval can end, whichever end its time names.
    fn end(&self) -> UnixMs {
        match self.timeframe {
            Timeframe::D1 => {
                let session = self.calendar.session_of(self.time);
                session.map_or(self.time, |session| session.close)
            }
            timeframe => self.time.plus_ms(timeframe.ms()),
        }
    }

    /// It as a row.
    pub fn row(&self) -> FileRow<'_> {
        FileRow {
            symbol: &self.symbol,
            source: &self.source,
            calendar: self.calendar,
            time: Some(self.time),
            record: Record::Bar(BarRecord {
                timeframe: self.timeframe,
                figures: self.figures,
                partial: self.partial,
                indicators: &self.indicators,
            }),
        }
    }
}

/// What becomes of a bar that has come.
#[derive(Debug)]
pub(super) enum Taken {
    /// It is kept until it is over.
    Kept,
    /// It is kept, and the one before it is over.
    After(Box<NewestBar>),
    /// It is older than the newest: a row now.
    Late,
}

/// The newest bar of each symbol, source and length: so much is in memory, however many bars come.
#[derive(Debug, Default)]
pub(super) struct Growing {
    newest: FxHashMap<Series, NewestBar>,
    /// The latest time that each source has given anything of.
    clocks: FxHashMap<SourceName, UnixMs>,
}

impl Growing {
    /// A source has given something of this time.
    pub fn clock(&mut self, source: &SourceName, time: UnixMs) {
        match self.clocks.get_mut(source) {
            Some(known) => *known = time.max(*known),
            None => {
                self.clocks.insert(source.clone(), time);
            }
        }
    }

    #[cfg(test)]
    pub fn len(&self) -> usize {
        self.newest.len()
    }

    /// Takes a bar that has a time.
    pub fn take(
        &mut self,
        row: &FileRow<'_>,
        bar: &BarRecord<'_>,
        time: UnixMs,
        now: Nanos,
    ) -> Taken {
        let series = (row.symbol.clone(), row.source.clone(), bar.timeframe);
        let Some(newest) = self.newest.get_mut(&series) else {
            let newest = NewestBar::new(row, bar, time, now);
            self.newest.insert(series, newest);
            return Taken::Kept;
        };
        if time < newest.time {
            return Taken::Late;
        }
        let is_same = time == newest.time;
        let before = std::mem::replace(newest, NewestBar::new(row, bar, time, now));
        if is_same {
            newest.has_grown = true;
            return Taken::Kept;
        }
        Taken::After(Box::new(before))
    }

    /// Takes out those that have been over for a while; `wall_clock` is the time of a live source.
    pub fn take_over(
        &mut self,
        now: Nanos,
        wall_clock: impl Fn(&SourceName) -> Option<UnixMs>,
    ) -> Vec<NewestBar> {
        let clocks = &self.clocks;
        let is_over = |bar: &NewestBar| is_over(bar, clocks, &wall_clock);
        let is_old = |bar: &NewestBar| now.0.saturating_sub(bar.since.0) >= GRACE_NS;
        let taken = self
            .newest
            .extract_if(|_, bar| is_old(bar) && is_over(bar))
            .map(|(_, bar)| bar);
        sorted(taken.collect())
    }

    /// Takes out everything, because nothing more comes: what has grown, or is live, and is not over, is partial.
    pub fn take_all(
        &mut self,
        wall_clock: impl Fn(&SourceName) -> Option<UnixMs>,
    ) -> Vec<NewestBar> {
        let mut all: Vec<NewestBar> = self.newest.drain().map(|(_, bar)| bar).collect();
        for bar in &mut all {
            let may_grow = bar.has_grown || wall_clock(&bar.source).is_some();
            bar.partial |= may_grow && !is_over(bar, &self.clocks, &wall_clock);
        }
        sorted(all)
    }
}

fn is_over(
    bar: &NewestBar,
    clocks: &FxHashMap<SourceName, UnixMs>,
    wall_clock: &impl Fn(&SourceName) -> Option<UnixMs>,
) -> bool {
    let of_data = clocks.get(&bar.source).copied();
    of_data.max(wall_clock(&bar.source)) >= Some(bar.end())
}

/// In an order that is always the same.
fn sorted(mut bars: Vec<NewestBar>) -> Vec<NewestBar> {
    bars.sort_by(|a, b| {
        let key = |bar: &NewestBar| (bar.timeframe, bar.time);
        let by_symbol = || (&a.symbol, &a.source).cmp(&(&b.symbol, &b.source));
        key(a).cmp(&key(b)).then_with(by_symbol)
    });
    bars
}
