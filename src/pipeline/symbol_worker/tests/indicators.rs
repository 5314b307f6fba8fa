//! Indicators along with bars that come once, again, late and not at all.

use crate::compute::indicator::{Bank, IndicatorPlan, IndicatorRule, IndicatorSet};
use crate::domain::bar::Candle;
use crate::domain::indicator::IndicatorSpec;

use super::*;

const SPECS: [&str; 2] = ["sma(3)", "sma(2)@5m"];

fn worker_with(specs: &[&str]) -> SymbolWorker {
    let rule = |text: &&str| IndicatorRule::of_all(text.parse::<IndicatorSpec>().unwrap());
    worker_of(
        Products::default(),
        EngineSettings {
            indicators: IndicatorPlan::new(specs.iter().map(rule).collect()),
            ..EngineSettings::default()
        },
    )
}

fn bar(close: i64) -> Payload {
    let price = Some(Decimal::from(close));
    Payload::Ohlcv(Ohlcv {
        open: price,
        high: price,
        low: price,
        close: price,
        volume: Some(1.into()),
    })
}

/// The indicators of the last result.
fn values(out: &[Outcome]) -> Vec<Option<f64>> {
    let of_result = |outcome: &Outcome| match outcome {
        Outcome::Result(result) => match &result.body {
            ResultBody::Ohlcv { indicators, .. } => indicators.clone(),
            _ => None,
        },
        _ => None,
    };
    out.iter()
        .rev()
        .find_map(of_result)
        .unwrap()
        .values
        .to_vec()
}

#[test]
fn each_bar_carries_the_indicators_after_it() {
    let mut worker = worker_with(&SPECS);
    let mut last = Vec::new();
    for minute in 0..12 {
        last = values(&give(&mut worker, minute * 60, bar(minute)));
        if minute == 1 {
            assert_eq!(last, [None, None]);
        }
    }
    // Two bars of five minutes are over: they closed at 4 and at 9.
    assert_eq!(last, [Some(10.0), Some(6.5)]);
}

#[test]
fn beside_longer_bars_stand_the_indicators_of_such_bars() {
    let rule = |text: &str| IndicatorRule::of_all(text.parse::<IndicatorSpec>().unwrap());
    let mut worker = worker_of(
        Products::default(),
        EngineSettings {
            indicators: IndicatorPlan::new(vec![rule("sma(2)"), rule("sma(2)@5m")]),
            timeframes: vec![Timeframe::M5],
            ..EngineSettings::default()
        },
    );
    for minute in 0..9 {
        give(&mut worker, minute * 60, bar(minute));
    }
    let out = give(&mut worker, 9 * 60, bar(9));
    // Of five minutes: their closes are 4 and 9. Of the minute: 8 and 9.
    assert_eq!(values(&out), [Some(6.5), Some(6.5)]);
    assert_eq!(values(&out[..1]), [Some(8.5), Some(6.5)]);
    // A correction of the bar before is given out again; what it was then is not known any more.
    give(&mut worker, 10 * 60, bar(10));
    let out = give(&mut worker, 4 * 60, bar(3));
    assert_eq!(values(&out), [None, Some(6.0)]);
    // At the end, the one that is still open goes out with what it makes.
    let mut out = Vec::new();
    worker.end_of_data(&mut out);
    assert_eq!(values(&out), [Some(9.5), Some(6.0)]);
}

#[test]
fn a_bar_that_grows_or_is_corrected_counts_as_it_stands_at_last() {
    let mut worker = worker_with(&SPECS);
    for minute in 0..11 {
        give(&mut worker, minute * 60, bar(minute));
    }
    // The newest grows, several times.
    for close in [20, 30, 40] {
        let now = values(&give(&mut worker, 600, bar(close)));
        assert_eq!(now[0], Some((8.0 + 9.0 + close as f64) / 3.0));
    }
    // An earlier one is corrected: it shows with the next bar at the latest.
    give(&mut worker, 9 * 60, bar(19));
    let now = values(&give(&mut worker, 660, bar(50)));
    assert_eq!(
        now,
        [
            Some((19.0 + 40.0 + 50.0) / 3.0),
            Some(f64::midpoint(4.0, 19.0))
        ]
    );
}

#[test]
fn any_order_of_bars_ends_where_their_own_order_does() {
    let closes = [5, 3, 8, 8, 1, 9, 2, 7, 6, 4, 10, 12, 11, 15, 13];
    let mut order: Vec<usize> = (0..closes.len()).collect();
    // The newest comes last, so that the last result is about it.
    order[..14].reverse();
    order.swap(3, 9);
    let mut worker = worker_with(&SPECS);
    let mut last = Vec::new();
    for &at in &order {
        last = values(&give(&mut worker, at as i64 * 60, bar(closes[at])));
    }
    assert_eq!(last[0], Some((11.0 + 15.0 + 13.0) / 3.0));
}

#[test]
fn a_panic_or_a_seek_leaves_no_wrong_value_behind() {
    let mut worker = worker_with(&SPECS);
    for minute in 0..12 {
        give(&mut worker, minute * 60, bar(minute));
    }
    let mut worker = worker.restarted(&mut Vec::new());
    let now = values(&give(&mut worker, 720, bar(12)));
    assert_eq!(now, [Some(11.0), Some(6.5)]);
    worker.reset();
    let now = values(&give(&mut worker, 780, bar(13)));
    assert_eq!(now, [None, None]);
}

#[test]
fn without_indicators_results_carry_none() {
    let mut worker = worker_with(&[]);
    let out = give(&mut worker, 0, bar(1));
    let is_bare = matches!(
        &out[0],
        Outcome::Result(ResultInstance {
            body: ResultBody::Ohlcv {
                indicators: None,
                ..
            },
            ..
        })
    );
    assert!(is_bare);
}

#[test]
fn named_symbols_have_more_than_the_others() {
    let rule = |text: &str, symbols: Option<&str>| IndicatorRule {
        spec: text.parse().unwrap(),
        symbols: symbols.map(|symbol| vec![symbol.parse().unwrap()]),
    };
    let plan = IndicatorPlan::new(vec![
        rule("sma(3)", None),
        rule("sma(4)", Some("X")),
        rule("sma(5)", Some("X@other")),
    ]);
    let names = |symbol: &str| {
        let set = plan.set_of(&Symbol::new(symbol).unwrap(), &SourceName::new("venue"));
        set.names().flat().to_vec()
    };
    assert_eq!(names("X"), ["sma_3", "sma_4"]);
    assert_eq!(names("Y"), ["sma_3"]);
}

#[test]
fn the_stream_and_the_columns_agree() {
    let mut worker = worker_with(&["sma(3)"]);
    let set = IndicatorSet::new(&["sma(3)".parse().unwrap()]).unwrap();
    let candles: Vec<(Candle, UnixMs)> = (0..50_i64)
        .map(|minute| {
            let price = (minute * 7 % 13) as f64;
            let candle = Candle {
                start: UnixMs(86_400_000 + minute * MINUTE_MS),
                open: price,
                high: price,
                low: price,
                close: price,
                volume: 1.0,
            };
            (candle, UnixMs(86_400_000))
        })
        .collect();
    let columns = Bank::of_bars(&set, None).columns(candles.iter().copied());
    for minute in 0..50 {
        let now = values(&give(&mut worker, minute * 60, bar(minute * 7 % 13)));
        assert_eq!(now[0], columns[0][minute as usize]);
    }
}
