#![allow(
    clippy::float_cmp,
    clippy::panic,
    reason = "a test may compare what is computed the same way, and stop at the first surprise"
)]

mod batch;
mod properties;
mod talib;

use super::*;

fn spec(text: &str) -> IndicatorSpec {
    text.parse().unwrap()
}

fn bars(closes: &[f64]) -> Vec<(Candle, UnixMs)> {
    let bar = |(at, close): (usize, &f64)| Candle {
        start: UnixMs(at as i64 * 60_000),
        open: *close,
        high: *close,
        low: *close,
        close: *close,
        volume: 1.0,
    };
    closes
        .iter()
        .enumerate()
        .map(|each| (bar(each), UnixMs(0)))
        .collect()
}

/// Bars of a day's usual kind, with a trading day after every `session` of them.
fn ordinary_bars(count: usize, session: usize) -> Vec<(Candle, UnixMs)> {
    let mut state = 1_u32;
    let mut draw = move |below: u32| {
        state = state.wrapping_mul(1_664_525).wrapping_add(1_013_904_223);
        f64::from((state >> 8) % below)
    };
    let mut price = 20_000.0;
    let minute = |at: usize| UnixMs(at as i64 * 60_000);
    (0..count)
        .map(|at| {
            let open = price;
            // Pulled back to where it began, so that it stays a price.
            price = (price + draw(101) - 50.0 + (20_000.0 - price) / 500.0).round();
            let candle = Candle {
                start: minute(at),
                open: open / 100.0,
                high: (open.max(price) + draw(30) + 1.0) / 100.0,
                low: (open.min(price) - draw(30) - 1.0) / 100.0,
                close: price / 100.0,
                volume: 100.0 + draw(5000),
            };
            (candle, minute(at / session * session))
        })
        .collect()
}

/// One input of each kind.
fn inputs(bar: &(Candle, UnixMs)) -> [Input<'_>; 4] {
    let (candle, session_start) = bar;
    let side = if candle.close > candle.open {
        Side::Buy
    } else {
        Side::Sell
    };
    [
        Input::Bar {
            candle,
            session_start: *session_start,
        },
        Input::Trade {
            price: candle.close,
            size: candle.volume,
            side: Some(side),
        },
        Input::Quote {
            bid: Some(candle.low),
            bid_size: Some(1.0),
            ask: Some(candle.high),
            ask_size: Some(2.0),
        },
        Input::Book {
            bid_units: candle.volume,
            ask_units: 1000.0,
        },
    ]
}

fn default_parameters(definition: &Definition) -> Vec<f64> {
    let known = definition.parameters.iter();
    known.map(|parameter| parameter.default).collect()
}

/// The values after each of the bars, with a trade, a quote and a book for each.
fn values_after_each(
    indicator: &mut dyn Indicator,
    outputs: usize,
    bars: &[(Candle, UnixMs)],
) -> Vec<Vec<Option<f64>>> {
    let after = |bar| {
        for input in inputs(bar) {
            indicator.update(&input);
        }
        // Whatever was there has to be written over.
        let mut values = vec![Some(f64::NAN); outputs];
        indicator.values(&mut values);
        values
    };
    bars.iter().map(after).collect()
}

#[test]
fn values_are_there_from_the_end_of_the_warm_up_on() {
    let bars = ordinary_bars(200, 1000);
    for definition in DEFINITIONS {
        // Long enough that no window has nothing but equal prices.
        let short = definition.parameters.iter().map(|of| of.min.max(5.0));
        for parameters in [default_parameters(definition), short.collect()] {
            let mut indicator = (definition.build)(&parameters);
            let warm_up = indicator.warm_up();
            let values = values_after_each(&mut *indicator, definition.outputs.len(), &bars);
            for (at, values) in values.iter().enumerate() {
                let is_complete = values.iter().all(Option::is_some);
                assert_eq!(
                    is_complete,
                    at + 1 >= warm_up,
                    "{}{parameters:?} in bar {at}: {values:?}",
                    definition.name
                );
                let finite = values.iter().flatten().all(|value| value.is_finite());
                assert!(finite, "{}: {values:?}", definition.name);
            }
        }
    }
}

#[test]
fn a_reset_forgets_everything() {
    let bars = ordinary_bars(230, 100);
    let (before, after) = bars.split_at(90);
    for definition in DEFINITIONS {
        let outputs = definition.outputs.len();
        let mut fresh = (definition.build)(&default_parameters(definition));
        let mut used = fresh.boxed_clone();
        values_after_each(&mut *used, outputs, before);
        used.reset();
        assert_eq!(
            values_after_each(&mut *used, outputs, after),
            values_after_each(&mut *fresh, outputs, after),
            "{}",
            definition.name
        );
    }
}

#[test]
fn extreme_bars_give_no_value_rather_than_one_that_is_no_number() {
    let specs: Vec<IndicatorSpec> = DEFINITIONS.iter().map(|known| spec(known.name)).collect();
    let set = IndicatorSet::new(&specs).unwrap();
    let extremes = [0.0, 1e308, -1e308, 1e-308, -37.63, f64::MAX, f64::MIN, 0.0];
    let mut history = ordinary_bars(400, 100);
    for (at, (candle, _)) in history.iter_mut().enumerate() {
        let extreme = extremes[at / 3 % extremes.len()];
        candle.close = extreme;
        if at % 2 == 0 {
            candle.high = extreme;
            candle.low = extreme;
            candle.volume = extreme.abs();
        }
    }
    let columns = Bank::of_bars(&set, None).columns(history.into_iter());
    let values = columns.iter().flatten().flatten();
    assert!(values.clone().count() > 0);
    for value in values {
        assert!(value.is_finite());
    }
}

#[test]
fn the_longest_windows_are_taken() {
    let bars = ordinary_bars(1000, 100);
    for definition in DEFINITIONS {
        let longest: Vec<f64> = definition
            .parameters
            .iter()
            .map(|known| known.max)
            .collect();
        let mut indicator = (definition.build)(&longest);
        for bar in &bars {
            for input in inputs(bar) {
                indicator.update(&input);
            }
        }
        assert!(indicator.warm_up() <= 3 * LENGTH_MAX as usize);
    }
}

#[test]
fn names_follow_one_another_in_the_registry() {
    let names: Vec<&str> = DEFINITIONS.iter().map(|known| known.name).collect();
    assert!(names.is_sorted(), "{names:?}");
}

#[test]
fn what_is_left_out_is_filled_in() {
    let (resolved, _) = resolve(&spec("sma")).unwrap();
    assert_eq!(resolved.key(), "sma_20");
    let set = IndicatorSet::new(&[spec("sma"), spec("sma(20)"), spec("sma(5)@5m")]).unwrap();
    assert_eq!(set.names().flat(), ["sma_20", "sma_5@5m"]);
}

#[test]
fn what_makes_no_sense_is_refused_with_what_would() {
    for (text, message) in [
        (
            "smaa(20)",
            "there is no indicator 'smaa', did you mean 'sma'?",
        ),
        (
            "sma(0)",
            "sma(0): length has to be a whole number from 1 to 100000",
        ),
        ("sma(2.5)", "sma(2.5): length has to be a whole number"),
        ("sma(1,2)", "sma(1,2): sma takes length"),
    ] {
        let error = resolve(&spec(text)).unwrap_err().to_string();
        assert!(error.contains(message), "{error}");
    }
}

#[test]
fn the_newest_bar_may_come_again_and_an_older_one_asks_for_a_rebuild() {
    let set = IndicatorSet::new(&[spec("sma(2)")]).unwrap();
    let mut bank = Bank::of_bars(&set, None);
    let history = bars(&[1.0, 2.0, 3.0, 4.0]);
    let mut value = [None];
    for (candle, session) in &history[..3] {
        assert!(bank.take(candle, *session));
    }
    bank.write(&mut value);
    assert_eq!(value, [Some(2.5)]);
    // The first time it has to be told of the bars again; from then on it keeps what it needs.
    let again = Candle {
        close: 5.0,
        ..history[2].0
    };
    assert!(!bank.take(&again, UnixMs(0)));
    bank.rebuild([history[0], history[1], (again, UnixMs(0))].into_iter());
    bank.write(&mut value);
    assert_eq!(value, [Some(3.5)]);
    for close in [6.0, 7.0] {
        let again = Candle { close, ..again };
        assert!(bank.take(&again, UnixMs(0)));
        bank.write(&mut value);
        assert_eq!(value, [Some(f64::midpoint(2.0, close))]);
    }
    assert!(bank.take(&history[3].0, UnixMs(0)));
    bank.write(&mut value);
    assert_eq!(value, [Some(5.5)]);
    assert!(!bank.take(&history[1].0, UnixMs(0)));
}

#[test]
fn columns_are_what_bar_by_bar_gives() {
    let set = IndicatorSet::new(&[spec("sma(3)")]).unwrap();
    let columns = Bank::of_bars(&set, None).columns(bars(&[1.0, 2.0, 3.0, 4.0]).into_iter());
    assert_eq!(columns, [vec![None, None, Some(2.0), Some(3.0)]]);
}
