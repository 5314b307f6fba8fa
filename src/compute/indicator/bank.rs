//! All indicators of one symbol that follow the same bars.

use std::sync::Arc;

use crate::domain::bar::Candle;
use crate::domain::indicator::IndicatorNames;
use crate::domain::time::{Timeframe, UnixMs};

use super::{Indicator, IndicatorSet, Input, InputKind, RecentValues};

/// The values of one name over many bars; `None` where it is not ready.
pub type ColumnOfValues = Vec<Option<f64>>;

/// One indicator with the places of its values.
#[derive(Debug)]
struct Slot {
    first: usize,
    len: usize,
    /// With all bars.
    current: Box<dyn Indicator>,
    /// With all bars but the newest, where that one has changed before.
    settled: Option<Box<dyn Indicator>>,
}

/// The values at the newest bars, and room for those of the whole set.
#[derive(Debug)]
struct Recent {
    values: RecentValues,
    all: Vec<Option<f64>>,
}

/// The indicators of a set that follow one timeframe's bars, or trades and quotes, with their state.
///
/// A bar may come again: the newest at the cost of a copy of the state, an earlier one by [`Bank::rebuild`].
#[derive(Debug)]
pub struct Bank {
    slots: Vec<Slot>,
    names: Arc<IndicatorNames>,
    newest: Option<(Candle, UnixMs)>,
    /// The values at the newest bars, where they are wanted.
    recent: Option<Recent>,
    /// Whether the newest bar has come again before, so that the state before it is worth keeping.
    keeps_settled: bool,
}

impl Bank {
    /// The indicators of `set` that follow bars of `timeframe`; `None` are the bars as the source gives them.
    #[must_use]
    pub fn of_bars(set: &IndicatorSet, timeframe: Option<Timeframe>) -> Self {
        Self::new(set, |input, of| input == InputKind::Bars && of == timeframe)
    }

    /// The indicators of `set` that follow trades and quotes.
    #[must_use]
    pub fn of_ticks(set: &IndicatorSet) -> Self {
        Self::new(set, |input, _| input == InputKind::Ticks)
    }

    fn new(set: &IndicatorSet, is_wanted: impl Fn(InputKind, Option<Timeframe>) -> bool) -> Self {
        let slots = set
            .names
            .columns()
            .iter()
            .zip(&set.definitions)
            .filter(|(column, definition)| is_wanted(definition.input, column.spec.timeframe))
            .map(|(column, definition)| Slot {
                first: column.first,
                len: column.outputs.len(),
                current: (definition.build)(&column.spec.parameters),
                settled: None,
            })
            .collect();
        Self {
            slots,
            names: Arc::clone(&set.names),
            newest: None,
            recent: None,
            keeps_settled: false,
        }
    }

    /// Whether it has no indicator.
    #[must_use]
    pub fn is_empty(&self) -> bool {
        self.slots.is_empty()
    }

    /// The most bars that any of its indicators needs until all its values are ready.
    #[must_use]
    pub fn warm_up(&self) -> usize {
        let of_each = self.slots.iter().map(|slot| slot.current.warm_up());
        of_each.max().unwrap_or(0)
    }

    /// Takes a bar that is newer than all before, or the newest again. Returns whether it could: for an older one, the
    /// bank has to be rebuilt.
    pub fn take(&mut self, candle: &Candle, session_start: UnixMs) -> bool {
        if !is_finite(candle) {
            return true;
        }
        match self.newest {
            Some((newest, _)) if candle.start < newest.start => return false,
            Some((newest, _)) if candle.start == newest.start => {
                if !self.keeps_settled {
                    // The state before the newest bar was not kept: from now on it will be.
                    self.keeps_settled = true;
                    return false;
                }
                for slot in &mut self.slots {
                    if let Some(settled) = &slot.settled {
                        slot.current = settled.boxed_clone();
                    } else {
                        slot.current.reset();
                    }
                }
            }
            newest if self.keeps_settled => self.settle(newest),
            _ => {}
        }
        self.newest = Some((*candle, session_start));
        self.update(&Input::Bar {
            candle,
            session_start,
        });
        if let Some(mut recent) = self.recent.take() {
            self.write(&mut recent.all);
            recent.values.put(candle.start, &recent.all);
            self.recent = Some(recent);
        }
        true
    }

    /// Keeps the values at the newest bars from now on, at least so many.
    pub fn keep_recent(&mut self, rows: usize) {
        self.recent = Some(Recent {
            values: RecentValues::new(self.places().collect(), rows),
            all: vec![None; self.names.len()],
        });
    }

    /// The values at the newest bars, where they are kept.
    #[must_use]
    pub fn recent(&self) -> Option<&RecentValues> {
        self.recent.as_ref().map(|recent| &recent.values)
    }

    /// Where its values stand among those of the whole set.
    pub fn places(&self) -> impl Iterator<Item = usize> {
        self.slots
            .iter()
            .flat_map(|slot| slot.first..slot.first + slot.len)
    }

    /// The newest bar is final: the state before the next one includes it.
    fn settle(&mut self, newest: Option<(Candle, UnixMs)>) {
        for slot in &mut self.slots {
            match (&mut slot.settled, newest) {
                (Some(settled), Some((candle, session_start))) => settled.update(&Input::Bar {
                    candle: &candle,
                    session_start,
                }),
                (settled, _) => *settled = Some(slot.current.boxed_clone()),
            }
        }
    }

    /// Begins anew with these bars, oldest first, each with the start of its trading day.
    pub fn rebuild(&mut self, bars: impl Iterator<Item = (Candle, UnixMs)>) {
        self.reset();
        for (candle, session_start) in bars {
            self.take(&candle, session_start);
        }
    }

    /// Takes a trade, a quote or a book.
    pub fn take_tick(&mut self, input: &Input<'_>) {
        self.update(input);
    }

    fn update(&mut self, input: &Input<'_>) {
        for slot in &mut self.slots {
            slot.current.update(input);
        }
    }

    /// Writes the values of its indicators to their places among those of the whole set.
    pub fn write(&self, values: &mut [Option<f64>]) {
        for slot in &self.slots {
            if let Some(places) = values.get_mut(slot.first..slot.first + slot.len) {
                slot.current.values(places);
                // What a formula makes of extreme figures is no value either.
                for value in places {
                    *value = value.filter(|value| value.is_finite());
                }
            }
        }
    }

    /// The values at every one of these bars, oldest first: a column for each of [`IndicatorNames::flat`], empty for those
    /// that this bank does not have. It begins anew for it.
    #[must_use]
    pub fn columns(&mut self, bars: impl Iterator<Item = (Candle, UnixMs)>) -> Vec<ColumnOfValues> {
        let mut columns = vec![ColumnOfValues::new(); self.names.len()];
        let mut values = vec![None; self.names.len()];
        self.reset();
        for (candle, session_start) in bars {
            self.take(&candle, session_start);
            self.write(&mut values);
            for slot in &self.slots {
                for at in slot.first..slot.first + slot.len {
                    columns[at].push(values[at]);
                }
            }
        }
        columns
    }

    /// Forgets everything.
    pub fn reset(&mut self) {
        self.newest = None;
        if let Some(recent) = &mut self.recent {
            recent.values.clear();
        }
        for slot in &mut self.slots {
            slot.current.reset();
            slot.settled = None;
        }
    }
}

fn is_finite(candle: &Candle) -> bool {
    let Candle {
        start: _,
        open,
        high,
        low,
        close,
        volume,
    } = candle;
    [open, high, low, close, volume]
        .into_iter()
        .all(|figure| figure.is_finite())
}
