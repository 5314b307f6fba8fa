//! What the stream says is what the bars in history say, in whatever order they have come.

use std::collections::{BTreeMap, BTreeSet};

use proptest::prelude::*;

use crate::compute::indicator::{Bank, IndicatorPlan, IndicatorRule};
use crate::compute::resample::{SessionFinder, candles};
use crate::domain::to_f64;

use super::*;

const CALENDAR: SessionCalendar = SessionCalendar::UsEquities;
const TIMEFRAMES: [Timeframe; 4] = [Timeframe::M5, Timeframe::M15, Timeframe::H1, Timeframe::D1];
const SPECS: [&str; 14] = [
    "sma(3)",
    "ema(5)",
    "obv",
    "vwap(2)",
    "rsi(3)",
    "macd(2,4,3)@5m",
    "sma(2)@5m",
    "vwap(2)@5m",
    "obv@5m",
    "obv@15m",
    "vwap(2)@15m",
    "ema(2)@1h",
    "sma(1)@1d",
    "vwap(2)@1d",
];
/// 09:30 in New York on 13 February 2019.
const OPENING: i64 = 1_550_068_200_000;
/// Minutes of one stretch of time.
const STRETCH: usize = 75;
/// Where these begin, in minutes from 09:30: in the day, over its close, before the next day's hours, and in these.
const STRETCHES: [i64; 4] = [350, 590, 1070, 1410];
const MINUTES: usize = STRETCH * STRETCHES.len();

fn start_of(minute: usize) -> UnixMs {
    let (stretch, within) = (minute / STRETCH % STRETCHES.len(), minute % STRETCH);
    UnixMs(OPENING + (STRETCHES[stretch] + within as i64) * MINUTE_MS)
}

/// Something that comes.
#[derive(Debug, Clone)]
enum Step {
    /// Live bars, from this minute on; one of seven is left out.
    Live {
        from: usize,
        count: usize,
    },
    /// One live bar: late, corrected, or the same again.
    One {
        minute: usize,
        version: u32,
    },
    /// One without a close.
    WithoutClose {
        minute: usize,
    },
    /// A page of bars of the past.
    Past {
        from: usize,
        count: usize,
        version: u32,
    },
    /// Everything until the end of this minute has come.
    Clock {
        minute: usize,
    },
    /// Somebody looks.
    Look,
    Panic,
}

fn any_step() -> impl Strategy<Value = Step> {
    let minute = 0..MINUTES;
    prop_oneof![
        3 => (minute.clone(), 1_usize..40).prop_map(|(from, count)| Step::Live { from, count }),
        8 => (minute.clone(), 0_u32..3).prop_map(|(minute, version)| Step::One { minute, version }),
        1 => minute.clone().prop_map(|minute| Step::WithoutClose { minute }),
        2 => (minute, 1_usize..60, 0_u32..2)
            .prop_map(|(from, count, version)| Step::Past { from, count, version }),
        2 => (0..MINUTES).prop_map(|minute| Step::Clock { minute }),
        2 => Just(Step::Look),
        1 => Just(Step::Panic),
    ]
}

/// The bar of a minute, as it was said to be.
fn bar_of(minute: usize, version: u32) -> Ohlcv {
    let drawn = |salt: usize, below: usize| {
        let mixed = (minute * 31 + version as usize * 977 + salt * 131).wrapping_mul(2_654_435_761);
        i64::try_from(mixed / 65_536 % below).unwrap()
    };
    let price = |cents: i64| Some(Decimal::new(10_000 + cents, 2));
    let (open, close) = (drawn(1, 300), drawn(2, 300));
    Ohlcv {
        open: price(open),
        high: price(open.max(close) + drawn(3, 50)),
        low: price(open.min(close) - drawn(4, 50)),
        close: price(close),
        volume: (drawn(5, 6) > 0).then(|| Decimal::new(drawn(6, 90_000), 1)),
    }
}

type Told = BTreeMap<(Timeframe, UnixMs), Ohlcv>;

/// A worker with what it has been given, kept in the plainest way.
struct Rig {
    worker: SymbolWorker,
    bars: BTreeMap<UnixMs, Ohlcv>,
    /// The longer bars of which there was a live minute that was news.
    live: BTreeSet<(Timeframe, UnixMs)>,
    told: Told,
    grows: bool,
    /// What the clock has said.
    done: UnixMs,
}

impl Rig {
    fn new(history_rows: usize) -> Self {
        Self::of(history_rows, false)
    }

    fn of(history_rows: usize, bars_grow: bool) -> Self {
        let rule = |text: &&str| IndicatorRule::of_all(text.parse().unwrap());
        let settings = EngineSettings {
            indicators: IndicatorPlan::new(SPECS.iter().map(rule).collect()),
            timeframes: TIMEFRAMES.to_vec(),
            history_rows,
            ..EngineSettings::default()
        };
        let past = PastBars::default();
        let products = Products {
            bars_grow,
            ..Products::default()
        };
        Self {
            worker: worker_in(CALENDAR, products, settings, Origin::Live, past),
            bars: BTreeMap::new(),
            live: BTreeSet::new(),
            told: BTreeMap::new(),
            grows: bars_grow,
            done: UnixMs(i64::MIN),
        }
    }

    fn give(&mut self, time: UnixMs, payload: Payload) {
        let mut out = Vec::new();
        let mut event = Event {
            symbol: SymbolId(0),
            time: Some(time),
            payload,
        };
        self.worker.take(&mut event, false, &mut out);
        for outcome in out {
            if let Outcome::Result(result) = outcome
                && let ResultBody::Ohlcv { bar, timeframe, .. } = result.body
                && timeframe != Timeframe::M1
            {
                self.told.insert((timeframe, result.time.unwrap()), bar);
            }
        }
    }

    fn live(&mut self, minute: usize, bar: Ohlcv) {
        let start = start_of(minute);
        if bar.close.is_some() && self.bars.insert(start, bar) != Some(bar) {
            let session = CALENDAR.session_of(start).unwrap();
            for timeframe in TIMEFRAMES {
                let (long, _) = timeframe.interval_of(start, &session);
                self.live.insert((timeframe, long));
            }
        }
        self.give(start, Payload::Ohlcv(bar));
    }

    fn past(&mut self, minutes: std::ops::Range<usize>, version: u32) {
        let bars: Vec<PastBar> = minutes
            .map(|minute| PastBar {
                start: start_of(minute),
                bar: bar_of(minute, version),
            })
            .collect();
        for past in &bars {
            self.bars.insert(past.start, past.bar);
        }
        self.give(start_of(0), Payload::PastBars(bars.into_boxed_slice()));
    }

    fn take(&mut self, step: &Step) {
        match *step {
            Step::Live { from, count } => {
                for minute in (from..MINUTES).take(count).filter(|minute| minute % 7 != 3) {
                    self.live(minute, bar_of(minute, 0));
                }
            }
            Step::One { minute, version } => self.live(minute, bar_of(minute, version)),
            Step::WithoutClose { minute } => {
                let bar = Ohlcv {
                    close: None,
                    ..bar_of(minute, 9)
                };
                self.live(minute, bar);
            }
            Step::Past {
                from,
                count,
                version,
            } => self.past(from..MINUTES.min(from + count), version),
            Step::Clock { minute } => {
                let time = start_of(minute).plus_ms(MINUTE_MS);
                self.done = self.done.max(time);
                self.give(time, Payload::Clock);
            }
            Step::Look => drop(self.values()),
            Step::Panic => {
                let none = Rig::new(20_000).worker;
                let worker = std::mem::replace(&mut self.worker, none);
                self.worker = worker.restarted(&mut Vec::new());
            }
        }
    }

    fn values(&mut self) -> Vec<Option<f64>> {
        self.worker
            .ohlcv
            .indicator_values()
            .unwrap()
            .values
            .to_vec()
    }

    /// The last values and the longer bars, from all bars at once.
    fn batch(&self) -> (Vec<Option<f64>>, Told) {
        let rule = |text: &&str| IndicatorRule::of_all(text.parse().unwrap());
        let plan = IndicatorPlan::new(SPECS.iter().map(rule).collect());
        let set = plan.set_of(&Symbol::new("X").unwrap(), &SourceName::new("venue"));
        let mut values = vec![None; set.names().len()];
        let mut longer = Told::new();
        let Some(newest) = self.bars.keys().next_back() else {
            return (values, longer);
        };
        for timeframe in [None].into_iter().chain(TIMEFRAMES.map(Some)) {
            let mut bars: BTreeMap<UnixMs, (UnixMs, UnixMs, Ohlcv)> = BTreeMap::new();
            for (start, minute) in &self.bars {
                let session = CALENDAR.session_of(*start).unwrap();
                let (start, end) = timeframe.map_or((*start, *start), |timeframe| {
                    timeframe.interval_of(*start, &session)
                });
                if end > self.done.max(newest.plus_ms(MINUTE_MS)) {
                    continue;
                }
                let (_, _, whole) = bars.entry(start).or_insert_with(|| {
                    let none = Ohlcv {
                        open: minute.open,
                        low: minute.low,
                        ..Ohlcv::default()
                    };
                    (end, session.start, none)
                });
                whole.high = whole.high.max(minute.high);
                whole.low = whole.low.min(minute.low);
                whole.close = minute.close;
                if let Some(volume) = minute.volume {
                    whole.volume = Some(whole.volume.unwrap_or_default() + volume);
                }
            }
            let candles = bars.iter().map(|(start, (_, session_start, bar))| {
                let figure = |figure: Option<Decimal>| to_f64(figure.unwrap());
                let candle = Candle {
                    start: *start,
                    open: figure(bar.open),
                    high: figure(bar.high),
                    low: figure(bar.low),
                    close: figure(bar.close),
                    volume: bar.volume.map_or(0.0, to_f64),
                };
                (candle, *session_start)
            });
            let mut bank = Bank::of_bars(&set, timeframe);
            let columns = bank.columns(candles);
            for (value, column) in values.iter_mut().zip(columns) {
                *value = value.or(column.last().copied().flatten());
            }
            if let Some(timeframe) = timeframe {
                let of = bars
                    .into_iter()
                    .map(|(start, it)| ((timeframe, start), it.2));
                longer.extend(of);
            }
        }
        (values, longer)
    }

    /// Whether it is known that nothing more belongs to a longer bar: by its last minute only where these come whole.
    fn is_over(&self, (timeframe, start): (Timeframe, UnixMs)) -> bool {
        let interval = |time: UnixMs| {
            let session = CALENDAR.session_of(time).unwrap();
            timeframe.interval_of(time, &session)
        };
        let end = interval(start).1;
        let newest = self.bars.keys().next_back();
        let has_later = newest.is_some_and(|newest| interval(*newest).0 >= end);
        !self.grows || has_later || self.done >= end
    }

    fn assert_agreement(&mut self) {
        let (expected, longer) = self.batch();
        let found = self.values();
        let names = self.worker.ohlcv.indicator_values().unwrap();
        for ((found, expected), name) in found.iter().zip(&expected).zip(names.names.flat()) {
            let is_equal = match (found, expected) {
                (Some(one), Some(other)) => (one - other).abs() <= 1e-9 * one.abs().max(100.0),
                (one, other) => one.is_none() && other.is_none(),
            };
            assert!(is_equal, "{name}: {found:?}, in one go {expected:?}");
        }
        for (key, told) in &self.told {
            assert_eq!(Some(told), longer.get(key), "{key:?}");
        }
        let is_due = |key: &&(Timeframe, UnixMs)| longer.contains_key(key) && self.is_over(**key);
        for key in self.live.iter().filter(is_due) {
            assert!(self.told.contains_key(key), "{key:?} was not told");
        }
        for timeframe in TIMEFRAMES {
            let mut sessions = SessionFinder::new(CALENDAR);
            let batch = candles(self.worker.context.history.iter(), timeframe, &mut sessions);
            for bar in batch {
                let Some(expected) = longer.get(&(timeframe, bar.start)) else {
                    continue;
                };
                let volume = expected.volume.map(to_f64);
                let known = (!bar.volume.is_nan()).then_some(bar.volume);
                let is_equal = match (volume, known) {
                    (Some(one), Some(other)) => (one - other).abs() <= 1e-9 * one.max(1.0),
                    (one, other) => one.is_none() && other.is_none(),
                };
                assert!(is_equal, "{timeframe} {bar:?}, one by one {expected:?}");
                let close = Decimal::try_from(bar.close).ok();
                assert_eq!(close, expected.close);
            }
        }
    }
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(32))]

    #[test]
    fn any_order_of_bars_ends_with_what_the_bars_are(
        ordinary in 0_usize..200,
        grows in any::<bool>(),
        steps in prop::collection::vec(any_step(), 1..40),
        end in prop::option::of(0_usize..MINUTES),
    ) {
        let mut rig = Rig::of(20_000, grows);
        for minute in 0..ordinary {
            rig.live(minute, bar_of(minute, 0));
        }
        for step in &steps {
            rig.take(step);
        }
        if let Some(minute) = end {
            rig.live(minute, bar_of(minute, 1));
        }
        rig.assert_agreement();
    }
}

#[test]
fn bars_from_before_reach_the_indicators_of_longer_bars() {
    for live_first in [false, true] {
        let mut rig = Rig::new(20_000);
        if live_first {
            rig.live(100, bar_of(100, 0));
        }
        rig.past(0..50, 0);
        rig.past(50..100, 0);
        rig.live(101, bar_of(101, 0));
        rig.assert_agreement();
        let names = rig.worker.ohlcv.indicator_values().unwrap();
        assert!(names.get("sma_2@5m").is_some());
        assert!(
            rig.told.keys().all(|(_, start)| *start >= start_of(75)),
            "no results of what was before"
        );
    }
}

#[test]
fn a_bar_beyond_what_is_kept_reaches_longer_bars() {
    let mut rig = Rig::new(20_000);
    for minute in (0..75).filter(|minute| !(20..25).contains(minute)) {
        rig.live(minute, bar_of(minute, 0));
    }
    rig.live(3, bar_of(3, 1));
    rig.assert_agreement();
    // One whose interval has been passed over.
    rig.live(22, bar_of(22, 0));
    rig.live(21, bar_of(21, 0));
    rig.assert_agreement();
    rig.live(4, bar_of(4, 1));
    rig.live(74, bar_of(74, 2));
    rig.assert_agreement();
}

#[test]
fn what_is_fetched_again_after_an_outage_corrects_the_bars_that_were_told() {
    let mut rig = Rig::new(20_000);
    for minute in (0..12).chain(33..40) {
        rig.live(minute, bar_of(minute, 0));
    }
    rig.past(8..36, 0);
    rig.assert_agreement();
    let told = rig.told.clone();
    rig.past(0..40, 0);
    assert_eq!(rig.told, told, "the same again");
    rig.assert_agreement();
    let m5 = |minute: usize| (Timeframe::M5, start_of(minute));
    // 15:20 is the first minute.
    assert!(told.contains_key(&m5(10)) && told.contains_key(&m5(20)));
}

#[test]
fn the_last_longer_bar_of_a_day_is_of_that_day() {
    let mut rig = Rig::new(20_000);
    // 20:13 is the last minute of the day.
    for minute in (75..149).chain(225..232) {
        rig.live(minute, bar_of(minute, 0));
        rig.assert_agreement();
    }
}

#[test]
fn with_little_history_corrections_of_it_do_no_harm() {
    let mut rig = Rig::new(30);
    for minute in 0..200 {
        rig.live(minute, bar_of(minute, 0));
        if minute % 3 == 0 {
            rig.live(minute.saturating_sub(40), bar_of(minute, 1));
            rig.live(minute.saturating_sub(5), bar_of(minute, 1));
            rig.values();
        }
    }
    let names = rig.worker.ohlcv.indicator_values().unwrap();
    let closes: Vec<f64> = rig
        .worker
        .context
        .history
        .iter()
        .map(|bar| bar.close)
        .collect();
    let last: f64 = closes.iter().rev().take(3).sum::<f64>() / 3.0;
    assert!((names.get("sma_3").unwrap() - last).abs() < 1e-9);
}
