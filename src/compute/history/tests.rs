#![allow(clippy::unwrap_used, reason = "a test may stop at the first surprise")]

use std::collections::BTreeMap;

use proptest::prelude::*;

use super::columns::Chunk;
use super::*;

const MINUTE: i64 = 60_000;

fn bar(minute: i64, close: f64) -> Candle {
    Candle {
        start: UnixMs(minute * MINUTE),
        open: close,
        high: close + 1.0,
        low: close - 1.0,
        close,
        volume: 1.0,
    }
}

fn minutes(history: &BarHistory) -> Vec<i64> {
    history.iter().map(|bar| bar.start.0 / MINUTE).collect()
}

fn history(rows: usize) -> BarHistory {
    BarHistory::new(rows, Arc::new(HistoryBudget::new(u64::MAX)))
}

#[test]
fn bars_are_appended_replaced_and_placed() {
    let mut history = history(100);
    assert_eq!(history.insert(bar(1, 1.0)), Placed::Appended);
    assert_eq!(history.insert(bar(3, 3.0)), Placed::Appended);
    assert_eq!(history.insert(bar(2, 2.0)), Placed::Late);
    assert_eq!(history.insert(bar(2, 2.5)), Placed::Replaced(bar(2, 2.0)));
    assert_eq!(minutes(&history), [1, 2, 3]);
    assert_eq!(history.since(UnixMs(120_000)).next().unwrap().close, 2.5);
    assert_eq!(history.remove(UnixMs(120_000)), Some(bar(2, 2.5)));
    assert_eq!(history.remove(UnixMs(120_000)), None);
    assert_eq!(minutes(&history), [1, 3]);
    assert_eq!(history.newest(), Some(bar(3, 3.0)));
    history.clear();
    assert_eq!((history.len(), history.newest()), (0, None));
    assert_eq!(history.insert(bar(1, 1.0)), Placed::Appended);
}

#[test]
fn a_full_history_lets_the_oldest_go_and_refuses_what_is_older() {
    let mut history = history(3);
    for minute in 1..=5 {
        history.insert(bar(minute, 1.0));
    }
    assert_eq!(minutes(&history), [3, 4, 5]);
    assert_eq!(history.insert(bar(1, 1.0)), Placed::TooOld);
    assert_eq!(minutes(&history), [3, 4, 5]);
    assert_eq!(history.remove(UnixMs(3 * MINUTE)), Some(bar(3, 1.0)));
    assert_eq!(history.insert(bar(1, 1.0)), Placed::Late);
    assert_eq!(minutes(&history), [1, 4, 5]);
}

#[test]
fn bars_of_days_gone_by_go_with_the_newest_and_are_refused() {
    let limits = HistoryLimits {
        rows: 100_000,
        days: Some(2),
    };
    let mut history = BarHistory::with_limits(limits, Arc::new(HistoryBudget::new(u64::MAX)));
    for minute in 0..5 * 1440 {
        history.insert(bar(minute, 1.0));
    }
    assert_eq!(history.len(), 2 * 1440);
    assert_eq!(history.iter().next(), Some(bar(3 * 1440, 1.0)));
    assert_eq!(history.insert(bar(1440, 1.0)), Placed::TooOld);
    history.insert(bar(100 * 1440, 1.0));
    assert_eq!(minutes(&history), [100 * 1440]);
}

#[test]
fn a_million_bars_take_less_than_64_mb_and_many_symbols_with_few_bars_take_little() {
    let budget = Arc::new(HistoryBudget::new(u64::MAX));
    let mut long = BarHistory::new(1_000_000, Arc::clone(&budget));
    for minute in 0..1_000_000 {
        long.insert(bar(minute, 1.0));
    }
    let bytes = long.store.measured_bytes();
    assert_eq!(
        (bytes, bytes),
        (budget.used_bytes(), long.store.taken_bytes())
    );
    assert!(bytes < 50_000_000, "{bytes} bytes");
    for minute in 1_000_000..1_050_000 {
        long.insert(bar(minute, 1.0));
    }
    assert_eq!(long.len(), 1_000_000);
    assert!(long.store.measured_bytes() < 50_000_000);
    let mut short = history(10_000);
    for minute in 0..10 {
        short.insert(bar(minute, 1.0));
    }
    let bytes = short.store.measured_bytes();
    assert!(bytes <= 1024, "{bytes} bytes");
    for minute in 0..100_000 {
        short.insert(bar(minute, 1.0));
    }
    let bytes = short.store.measured_bytes();
    assert!(bytes < 64 * 10_000, "{bytes} bytes");
}

#[test]
fn the_budget_holds_for_all_symbols_together() {
    let limit = 100 * BAR_BYTES + 16 * Chunk::<5>::bytes(0);
    let budget = Arc::new(HistoryBudget::new(limit));
    let mut histories: Vec<_> = (0..4)
        .map(|_| BarHistory::new(1000, Arc::clone(&budget)))
        .collect();
    for minute in 0..500 {
        for history in &mut histories {
            history.insert(bar(minute, 1.0));
        }
        assert!(budget.used_bytes() <= limit);
    }
    for history in &histories {
        assert_eq!(history.newest().unwrap().start, UnixMs(499 * MINUTE));
        assert!(history.len() >= 8);
    }
    drop(histories);
    assert_eq!(budget.used_bytes(), 0);
}

#[test]
fn bars_that_come_backwards_or_behind_live_ones_are_all_kept_in_order() {
    for step in [-1, 1] {
        let mut history = history(100_000);
        for minute in 20_000..20_100 {
            history.insert(bar(minute, 1.0));
        }
        for n in 0..20_000 {
            let minute = if step < 0 { 19_999 - n } else { n };
            assert_eq!(history.insert(bar(minute, 1.0)), Placed::Late);
        }
        assert!(minutes(&history).into_iter().eq(0..20_100));
        let per_bar = history.store.measured_bytes() / 20_100;
        assert!(per_bar < 120, "{per_bar} bytes a bar");
    }
}

#[test]
fn candles_can_be_walked_from_both_ends_and_skipped() {
    let mut history = history(10_000);
    for minute in 0..1000 {
        history.insert(bar(minute, 1.0));
    }
    assert!(history.columns().parts().len() > 3);
    let starts = |bars: &mut dyn Iterator<Item = Candle>| -> Vec<i64> {
        bars.map(|bar| bar.start.0 / MINUTE).collect()
    };
    let all: Vec<i64> = (0..1000).collect();
    let reversed: Vec<i64> = (0..1000).rev().collect();
    assert_eq!(starts(&mut history.iter().rev()), reversed);
    assert_eq!(starts(&mut history.iter().skip(700)), all[700..]);
    assert!(history.iter().nth(1000).is_none());
    assert_eq!(history.iter().len(), 1000);
    let mut both = history.iter();
    for n in 0..500 {
        assert_eq!(both.next().unwrap().start.0, n * MINUTE);
        assert_eq!(both.next_back().unwrap().start.0, (999 - n) * MINUTE);
    }
    assert_eq!((both.next(), both.next_back()), (None, None));
    assert_eq!(starts(&mut history.columns().candles()), all);
}

/// What is done to a history.
#[derive(Debug, Clone)]
enum Step {
    Insert(i64),
    Run(i64, i64),
    Remove(i64),
    Clear,
    Look,
}

fn steps() -> impl Strategy<Value = Vec<Step>> {
    let step = prop_oneof![
        8 => (0_i64..400).prop_map(Step::Insert),
        2 => (0_i64..400, 1_i64..120).prop_map(|(from, count)| Step::Run(from, count)),
        3 => (0_i64..400).prop_map(Step::Remove),
        1 => Just(Step::Look),
    ];
    let rare = prop_oneof![40 => step, 1 => Just(Step::Clear)];
    proptest::collection::vec(rare, 1..150)
}

/// The same rules, said as simply as can be.
struct Model {
    bars: BTreeMap<i64, Candle>,
    rows: usize,
    days: Option<u64>,
}

impl Model {
    fn insert(&mut self, candle: Candle) -> Placed {
        let start = candle.start.0;
        let newest = self.bars.last_key_value().map(|(newest, _)| *newest);
        let age = self.days.map(|days| days as i64 * DAY_MS);
        let is_aged = |start: i64, newest: i64| age.is_some_and(|age| start <= newest - age);
        if newest.is_some_and(|newest| is_aged(start, newest)) {
            return Placed::TooOld;
        }
        if let Some(known) = self.bars.get_mut(&start) {
            return Placed::Replaced(std::mem::replace(known, candle));
        }
        if self.bars.len() == self.rows {
            if self
                .bars
                .first_key_value()
                .is_some_and(|(oldest, _)| start < *oldest)
            {
                return Placed::TooOld;
            }
            self.bars.pop_first();
        }
        self.bars.insert(start, candle);
        if newest.is_none_or(|newest| newest < start) {
            self.bars
                .retain(|&known, _| known == start || !is_aged(known, start));
            return Placed::Appended;
        }
        Placed::Late
    }
}

/// Does the steps to a history; calls `check` after each.
fn play(
    history: &mut BarHistory,
    scale: i64,
    steps: &[Step],
    mut each: impl FnMut(&mut BarHistory, Option<(Candle, Placed)>, &Step),
) {
    let mut close = 0.0;
    for step in steps {
        match *step {
            Step::Insert(minute) => {
                close += 1.0;
                let bar = bar(minute * scale, close);
                let placed = history.insert(bar);
                each(history, Some((bar, placed)), step);
            }
            Step::Run(from, count) => {
                for minute in from..from + count {
                    close += 1.0;
                    let bar = bar(minute * scale, close);
                    let placed = history.insert(bar);
                    each(history, Some((bar, placed)), step);
                }
            }
            Step::Remove(_) | Step::Clear | Step::Look => each(history, None, step),
        }
    }
}

proptest! {
    #[test]
    fn any_order_of_changes_gives_what_a_sorted_map_gives(
        steps in steps(),
        rows in prop_oneof![1_usize..40, Just(100_000)],
        days in proptest::option::of(1_u64..6),
    ) {
        let limits = HistoryLimits { rows, days };
        let mut history = BarHistory::with_limits(limits, Arc::new(HistoryBudget::new(u64::MAX)));
        let mut model = Model { bars: BTreeMap::new(), rows, days };
        let mut looks: Vec<(BarColumns, Vec<Candle>)> = Vec::new();
        // Half an hour between bars: 400 of them are more than eight days.
        play(&mut history, 30, &steps, |history, placed, step| {
            if let Some((bar, placed)) = placed {
                assert_eq!(placed, model.insert(bar));
            }
            match *step {
                Step::Remove(minute) => {
                    let start = minute * 30 * MINUTE;
                    assert_eq!(history.remove(UnixMs(start)), model.bars.remove(&start));
                }
                Step::Clear => {
                    history.clear();
                    model.bars.clear();
                }
                Step::Look => looks.push((history.columns(), model.bars.values().copied().collect())),
                Step::Insert(_) | Step::Run(..) => {}
            }
            assert_eq!(history.len(), model.bars.len());
            assert_eq!(history.newest(), model.bars.values().last().copied());
        });
        let expected: Vec<Candle> = model.bars.values().copied().collect();
        prop_assert_eq!(history.iter().collect::<Vec<_>>(), expected.clone());
        prop_assert_eq!(history.columns().candles().collect::<Vec<_>>(), expected);
        prop_assert_eq!(history.columns().len(), history.len());
        for from in [0, 100, 250, 500] {
            let from = UnixMs(from * 30 * MINUTE);
            let expected: Vec<Candle> = model.bars.range(from.0..).map(|(_, bar)| *bar).collect();
            prop_assert_eq!(history.since(from).collect::<Vec<_>>(), expected);
        }
        for (columns, expected) in looks {
            prop_assert_eq!(columns.candles().collect::<Vec<_>>(), expected);
        }
        prop_assert_eq!(history.store.measured_bytes(), history.store.taken_bytes());
    }

    #[test]
    fn whatever_the_memory_bars_stay_in_order_and_the_newest_are_kept(
        steps in steps(),
        rows in 1_usize..200,
        budget_rows in 0_u64..200,
    ) {
        let limit = budget_rows * BAR_BYTES;
        let budget = Arc::new(HistoryBudget::new(limit));
        let mut history = BarHistory::new(rows, Arc::clone(&budget));
        // So many rows are kept although there is no memory.
        let limit = limit.max(Chunk::<5>::bytes(4));
        let mut known = BTreeMap::new();
        play(&mut history, 1, &steps, |history, placed, step| {
            match (placed, step) {
                (Some((bar, placed)), _) => {
                    known.insert(bar.start.0, bar);
                    if placed != Placed::TooOld {
                        assert!(history.since(bar.start).next() == Some(bar));
                    }
                }
                (None, Step::Remove(minute)) => {
                    history.remove(UnixMs(minute * MINUTE));
                    known.remove(&(minute * MINUTE));
                }
                (None, Step::Clear) => {
                    history.clear();
                    known.clear();
                }
                (None, _) => {}
            }
            assert!(history.len() <= rows);
            assert!(budget.used_bytes() <= limit, "{} of {limit}", budget.used_bytes());
            if let (Step::Run(..), Some((bar, _))) = (step, placed)
                && bar.start.0 % (16 * MINUTE) != 0
            {
                return;
            }
            let kept: Vec<Candle> = history.iter().collect();
            assert!(kept.windows(2).all(|pair| pair[0].start < pair[1].start));
            assert!(kept.iter().all(|bar| known.get(&bar.start.0) == Some(bar)));
            if let Some((bar, Placed::Appended)) = placed {
                assert_eq!(history.newest(), Some(bar));
            }
        });
        prop_assert_eq!(history.store.measured_bytes(), budget.used_bytes());
        drop(history);
        prop_assert_eq!(budget.used_bytes(), 0);
    }
}
