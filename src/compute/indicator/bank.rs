//! All indicators of one symbol that follow the same bars.

mod past;

use std::sync::Arc;

use crate::domain::bar::Candle;
use crate::domain::indicator::IndicatorNames;
use crate::domain::time::{Timeframe, UnixMs};

use super::{Indicator, IndicatorSet, Input, InputKind, RecentValues};

/// The values of one name over many bars; `None` where it is not ready.
pub type ColumnOfValues = Vec<Option<f64>>;

/// They are so many bars apart at least,
const MARK_BARS_MIN: u64 = 64;
/// and so many times the warm-up, so that copying a long window costs each bar little.
const MARK_WARM_UPS: u64 = 2;

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

/// What the bars before the newest have come to.
#[derive(Debug, Clone, Copy)]
enum Settled {
    /// It is not kept.
    Unknown,
    /// There are none.
    Empty,
    /// Each slot has it. This is the newest of them, with the start of its trading day.
    Kept(Candle, UnixMs),
}

/// The values at the newest bars, and room for those of the whole set.
#[derive(Debug)]
struct Recent {
    values: RecentValues,
    all: Vec<Option<f64>>,
}

/// The indicators of a set that follow one timeframe's bars, or trades and quotes, with their state.
///
/// A bar may come again: the newest at the cost of a copy of the state, an earlier one by [`Bank::rewind`] to before it
/// and [`Bank::replay`] of what follows. Once that has happened, the states after a few earlier bars are kept: the older,
/// the farther apart.
#[derive(Debug)]
pub struct Bank {
    slots: Vec<Slot>,
    names: Arc<IndicatorNames>,
    newest: Option<(Candle, UnixMs)>,
    /// The values at the newest bars, where they are wanted.
    recent: Option<Recent>,
    /// How many bars it has taken.
    bars: u64,
    settled: Settled,
    /// Whether the newest bar has come again before, so that the state before it is worth keeping.
    keeps_settled: bool,
    /// Oldest first.
    marks: Vec<past::Mark>,
    /// How many bars they are apart.
    mark_bars: u64,
    /// Whether an earlier bar has changed before, so that marks are worth keeping.
    keeps_marks: bool,
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
        let mut bank = Self {
            slots,
            names: Arc::clone(&set.names),
            newest: None,
            recent: None,
            bars: 0,
            settled: Settled::Empty,
            keeps_settled: false,
            marks: Vec::new(),
            mark_bars: MARK_BARS_MIN,
            keeps_marks: false,
        };
        let warm_up = u64::try_from(bank.warm_up()).unwrap_or(u64::MAX);
        bank.mark_bars = warm_up.saturating_mul(MARK_WARM_UPS).max(MARK_BARS_MIN);
        bank
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

    /// Takes a bar that is newer than all before, or the newest again. Returns whether it could: if not, the bank has to
    /// go back to before it, and be told of this and of what follows.
    pub fn take(&mut self, candle: &Candle, session_start: UnixMs) -> bool {
        let newest = self.newest.map(|(newest, _)| newest.start);
        let Some(candle) = usable(candle) else {
            return newest.is_none_or(|newest| candle.start > newest);
        };
        match newest {
            Some(newest) if candle.start < newest => return false,
            Some(newest) if candle.start == newest => {
                if matches!(self.settled, Settled::Unknown) {
                    // The state before the newest bar was not kept: from now on it will be.
                    self.keeps_settled = true;
                    return false;
                }
                self.restore_settled();
                self.take_in(candle, session_start);
            }
            _ => self.append(candle, session_start, self.keeps_settled),
        }
        true
    }

    /// Takes the next bar, with or without keeping what was before it.
    fn append(&mut self, candle: Candle, session_start: UnixMs, keeps_settled: bool) {
        if self.keeps_marks && self.bars.is_multiple_of(self.mark_bars) {
            self.mark();
        }
        self.settled = match self.newest {
            None => Settled::Empty,
            Some(newest) if keeps_settled => {
                self.settle(&newest);
                Settled::Kept(newest.0, newest.1)
            }
            Some(_) => Settled::Unknown,
        };
        self.bars += 1;
        self.take_in(candle, session_start);
    }

    /// Takes a bar into the state, as the newest.
    fn take_in(&mut self, candle: Candle, session_start: UnixMs) {
        self.newest = Some((candle, session_start));
        self.update(&Input::Bar {
            candle: &candle,
            session_start,
        });
        if let Some(mut recent) = self.recent.take() {
            self.write(&mut recent.all);
            recent.values.put(candle.start, &recent.all);
            self.recent = Some(recent);
        }
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

    /// The start of the newest bar that it holds.
    #[must_use]
    pub fn newest(&self) -> Option<UnixMs> {
        self.newest.map(|(newest, _)| newest.start)
    }

    /// Where its values stand among those of the whole set.
    pub fn places(&self) -> impl Iterator<Item = usize> {
        self.slots
            .iter()
            .flat_map(|slot| slot.first..slot.first + slot.len)
    }

    /// The state before the newest bar.
    fn restore_settled(&mut self) {
        let is_empty = matches!(self.settled, Settled::Empty);
        for slot in &mut self.slots {
            match &slot.settled {
                Some(settled) if !is_empty => slot.current = settled.boxed_clone(),
                _ => slot.current.reset(),
            }
        }
    }

    /// The newest bar is final: the state before the next one includes it.
    fn settle(&mut self, (newest, session_start): &(Candle, UnixMs)) {
        let is_kept = matches!(self.settled, Settled::Kept(..));
        for slot in &mut self.slots {
            match &mut slot.settled {
                Some(settled) if is_kept => settled.update(&Input::Bar {
                    candle: newest,
                    session_start: *session_start,
                }),
                settled => *settled = Some(slot.current.boxed_clone()),
            }
        }
    }

    /// Begins anew with these bars, oldest first, each with the start of its trading day.
    pub fn rebuild(&mut self, bars: impl Iterator<Item = (Candle, UnixMs)>) {
        self.reset();
        self.replay(bars);
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
        self.bars = 0;
        self.settled = Settled::Empty;
        self.marks.clear();
        for slot in &mut self.slots {
            slot.current.reset();
            slot.settled = None;
        }
    }
}

/// The bar as indicators take it: units that are not known are none. A bar with a figure that is no number is left out.
fn usable(candle: &Candle) -> Option<Candle> {
    let candle = Candle {
        volume: candle.known_volume(),
        ..*candle
    };
    let Candle {
        open,
        high,
        low,
        close,
        volume,
        ..
    } = candle;
    let figures = [open, high, low, close, volume];
    let is_finite = figures.into_iter().all(f64::is_finite);
    is_finite.then_some(candle)
}
