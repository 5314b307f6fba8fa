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
        assert_eq!(value, [Some((2.0 + close) / 2.0)]);
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
