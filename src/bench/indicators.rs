//! What a bar costs: put into history, with indicators after it, at the beginning and after a million others.

use std::hint::black_box;
use std::sync::Arc;
use std::time::Instant;

use crate::compute::history::{BarHistory, HistoryBudget, HistoryLimits};
use crate::compute::indicator::{Bank, IndicatorSet};
use crate::domain::bar::Candle;
use crate::domain::indicator::IndicatorSpec;
use crate::domain::time::{DAY_MS, MINUTE_MS, UnixMs};

use super::{BarCost, History, Indicators, median};

/// The five that the baseline in Python computes too.
const FIVE: [&str; 5] = ["sma(20)", "ema(20)", "rsi(14)", "bb(20,2)", "macd(12,26,9)"];
/// With those, twenty.
const FIFTEEN: [&str; 15] = [
    "sma(50)",
    "wma(20)",
    "vwap",
    "atr(14)",
    "stoch",
    "adx(14)",
    "obv",
    "cci(20)",
    "mfi(14)",
    "donchian(20)",
    "keltner",
    "roc(12)",
    "volatility(20)",
    "zscore(20)",
    "slope(20)",
];
/// Bars that are timed.
const TIMED: usize = 2_000;
/// Turns of each; the median is what counts.
const TURNS: usize = 7;
const MILLION: usize = 1_000_000;

fn candle(at: usize) -> Candle {
    let wave = ((at * 7919) % 1000) as f64 / 100.0;
    let close = 100.0 + wave;
    Candle {
        start: UnixMs(at as i64 * MINUTE_MS),
        open: close - 0.1,
        high: close + 0.2,
        low: close - 0.3,
        close,
        volume: 100.0 + wave,
    }
}

fn session_start(candle: &Candle) -> UnixMs {
    UnixMs(candle.start.0 - candle.start.0.rem_euclid(DAY_MS))
}

fn history_of(rows: usize) -> BarHistory {
    let limits = HistoryLimits {
        rows: usize::MAX >> 8,
        days: None,
    };
    let mut history = BarHistory::with_limits(limits, Arc::new(HistoryBudget::new(u64::MAX)));
    for at in 0..rows {
        history.insert(candle(at));
    }
    history
}

/// Nanoseconds for each of the bars that come after `rows` others.
fn ns_per_bar(specs: &[IndicatorSpec], rows: usize) -> anyhow::Result<f64> {
    let set = IndicatorSet::new(specs)?;
    let mut history = history_of(rows);
    let mut bank = Bank::of_bars(&set, None);
    for at in 0..rows {
        let candle = candle(at);
        bank.take(&candle, session_start(&candle));
    }
    let mut values = vec![None; set.names().len()];
    let mut turns = Vec::with_capacity(TURNS);
    let mut next = rows;
    for _ in 0..TURNS {
        let began = Instant::now();
        for at in next..next + TIMED {
            let candle = candle(at);
            black_box(history.insert(candle));
            bank.take(&candle, session_start(&candle));
            bank.write(&mut values);
            black_box(&values);
        }
        turns.push(began.elapsed().as_nanos() as f64 / TIMED as f64);
        next += TIMED;
    }
    Ok(median(turns))
}

/// The cost of a bar with none, five and twenty indicators.
pub(super) fn measure_indicators() -> anyhow::Result<Indicators> {
    let read = |texts: &[&str]| -> anyhow::Result<Vec<IndicatorSpec>> {
        texts.iter().map(|text| Ok(text.parse()?)).collect()
    };
    let five = read(&FIVE)?;
    let twenty = [five.clone(), read(&FIFTEEN)?].concat();
    let cost = |specs: &[IndicatorSpec]| -> anyhow::Result<BarCost> {
        Ok(BarCost {
            at_1000_ns: ns_per_bar(specs, 1000)?,
            at_1000000_ns: ns_per_bar(specs, MILLION)?,
        })
    };
    Ok(Indicators {
        none: cost(&[])?,
        five: cost(&five)?,
        twenty: cost(&twenty)?,
        five_at_10000_ns: ns_per_bar(&five, 10_000)?,
    })
}

fn us_each(mut work: impl FnMut() -> anyhow::Result<()>) -> anyhow::Result<f64> {
    let mut turns = Vec::with_capacity(TURNS);
    for _ in 0..TURNS {
        let began = Instant::now();
        work()?;
        turns.push(began.elapsed().as_nanos() as f64 / 1000.0);
    }
    Ok(median(turns))
}

/// A million bars: their memory, and what it costs to look at them.
pub(super) fn measure_history() -> anyhow::Result<History> {
    let budget = Arc::new(HistoryBudget::new(u64::MAX));
    let limits = HistoryLimits {
        rows: usize::MAX >> 8,
        days: None,
    };
    let mut history = BarHistory::with_limits(limits, Arc::clone(&budget));
    for at in 0..MILLION {
        history.insert(candle(at));
    }
    let columns_us = us_each(|| {
        black_box(history.columns());
        Ok(())
    })?;
    #[cfg(feature = "frames")]
    let frame_us = Some(us_each(|| {
        black_box(crate::compute::history::frame::frame(&history.columns())?);
        Ok(())
    })?);
    #[cfg(not(feature = "frames"))]
    let frame_us = None;
    Ok(History {
        mb_per_million_bars: budget.used_bytes() as f64 / 1e6,
        columns_us,
        frame_us,
    })
}
