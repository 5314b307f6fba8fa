//! Indicators, and columns of one's own, in results.

use serde_json::{Value, json};

use crate::program::{Finished, Home};

const BEGIN: i64 = 1_550_050_200_000;

fn line(time: i64, service: &str, symbol: &str, payload: &Value) -> String {
    let mut payload = payload.clone();
    payload["datetime"] = time.into();
    let envelope = json!({"timestamp": time, "service": service, "symbols": {symbol: payload}});
    format!("{envelope}\n")
}

fn bar(symbol: &str, minute: i64, open: f64, close: f64) -> String {
    let (high, low) = (open.max(close) + 1., open.min(close) - 1.);
    let payload = json!({"open": open, "high": high, "low": low, "close": close, "volume": 10});
    line(BEGIN + minute * 60_000, "OHLCV", symbol, &payload)
}

/// Bars of `A` and `B`, whose closes go up and down.
fn bars(minutes: i64) -> String {
    let close = |minute: i64| (minute * 7 % 11) as f64 + 100.;
    (0..minutes)
        .flat_map(|minute| {
            let open = close(minute - 1) + 0.5;
            ["A", "B"].map(|symbol| bar(symbol, minute, open, close(minute)))
        })
        .collect()
}

/// The closes of a symbol's results, and their values of an indicator.
fn values(run: &Finished, symbol: &str, name: &str) -> (Vec<f64>, Vec<Option<f64>>) {
    let results = run.results_of(symbol).into_iter();
    results
        .map(|result| {
            let value = &result["indicators"][name];
            assert!(value.is_null() || value.is_f64(), "{result}");
            (result["close"].as_f64().unwrap(), value.as_f64())
        })
        .unzip()
}

fn mean(values: &[f64]) -> f64 {
    values.iter().sum::<f64>() / values.len() as f64
}

/// What each bar's mean of the last `length` closes is.
fn means(closes: &[f64], length: usize) -> Vec<Option<f64>> {
    (1..=closes.len())
        .map(|count| (count >= length).then(|| mean(&closes[count - length..count])))
        .collect()
}

fn assert_near(found: &[Option<f64>], expected: &[Option<f64>]) {
    assert_eq!(found.len(), expected.len());
    for (found, expected) in found.iter().zip(expected) {
        let is_near = match (found, expected) {
            (Some(found), Some(expected)) => (found - expected).abs() < 1e-9,
            (found, expected) => found == expected,
        };
        assert!(is_near, "{found:?} is not {expected:?}");
    }
}

#[test]
fn flags_and_configuration_give_indicators_to_all_symbols_or_to_some() {
    let home = Home::new();
    let source = home.replay("bars.jsonl", bars(30));
    let run = home
        .headless(&[
            "--source",
            &source,
            "--indicator",
            "sma(3)",
            "--indicator",
            "bb(5,2)",
            "--indicator",
            "sma(2)@5m",
        ])
        .well();
    for symbol in ["A", "B"] {
        let (closes, found) = values(&run, symbol, "sma_3");
        assert_eq!(closes.len(), 30);
        assert_near(&found, &means(&closes, 3));
        let last = run.results_of(symbol).pop().unwrap();
        let keys: Vec<&String> = last["indicators"].as_object().unwrap().keys().collect();
        assert_eq!(keys, ["bb_5_2", "sma_2@5m", "sma_3"], "{last}");
        let band = &last["indicators"]["bb_5_2"];
        assert_eq!(band["middle"].as_f64(), means(&closes, 5)[29], "{last}");
        assert!(band["upper"].as_f64() > band["lower"].as_f64(), "{last}");
        // Of the five minutes that were over by then.
        let (closes, found) = values(&run, symbol, "sma_2@5m");
        assert_eq!(found[8], None);
        assert_eq!(found[10], Some(mean(&[closes[4], closes[9]])));
    }
    let config = home.write(
        "own.toml",
        "[[indicator]]\nspec = \"sma(3)\"\n\n[[indicator]]\nspec = \"roc(2)\"\nsymbols = [\"A\"]\n",
    );
    let config = config.to_str().unwrap();
    let run = home
        .headless(&["--source", &source, "--config", config])
        .well();
    let (closes, found) = values(&run, "B", "sma_3");
    assert_near(&found, &means(&closes, 3));
    let last = |symbol: &str| run.results_of(symbol).pop().unwrap()["indicators"].clone();
    assert_eq!(last("A").as_object().unwrap().len(), 2);
    assert_eq!(last("B").as_object().unwrap().len(), 1);
    let change = (closes[29] / closes[27] - 1.) * 100.;
    assert!((last("A")["roc_2"].as_f64().unwrap() - change).abs() < 1e-9);
}

#[test]
fn a_wrong_indicator_is_refused_and_says_why() {
    let home = Home::new();
    let source = home.replay("bars.jsonl", bars(1));
    for (spec, part) in [
        ("smaa(20)", "did you mean 'sma'?"),
        ("sma(0)", "has to be a whole number from 1"),
        ("sma(2.5)", "has to be a whole number"),
        ("sma(20", "')' is missing"),
        ("sma(20,3)", "takes"),
        ("sma(x)", "'x' is no number"),
        ("sma(20)@7m", "7m"),
        ("spread@5m", "has no timeframe"),
        ("(20)", "a name of letters"),
    ] {
        let run = home.headless(&["--source", &source, "--indicator", spec]);
        assert_eq!(run.code, Some(2), "{spec}: {run:#?}");
        assert!(run.stderr.contains(part), "{spec}: {}", run.stderr);
        assert_eq!(run.text(), "");
    }
    for (rule, part) in [
        ("spec = \"rsi(1000000000)\"", "own.toml:1:1: rsi"),
        ("spec = \"rsi(14)\"\nsymbol = [\"A\"]", "symbols"),
        ("symbols = [\"A\"]", "spec is missing"),
    ] {
        let config = home.write("own.toml", format!("[[indicator]]\n{rule}\n"));
        let config = config.to_str().unwrap();
        let run = home.headless(&["--source", &source, "--config", config]);
        assert_eq!(run.code, Some(2), "{rule}: {run:#?}");
        assert!(run.stderr.contains(part), "{rule}: {}", run.stderr);
    }
}

#[test]
fn indicators_of_trades_quotes_and_books_are_in_the_results_of_bars() {
    let home = Home::new();
    let at = |second: i64| BEGIN + second * 1000;
    let quote = |second, bid: f64, ask: f64| {
        let payload = json!({"bid": bid, "bid_size": 1, "ask": ask, "ask_size": 1});
        line(at(second), "LEVEL1", "A", &payload)
    };
    let trade = |second, size: i64, side: &str| {
        let payload = json!({"price": 10, "size": size, "side": side});
        line(at(second), "TIMESALE", "A", &payload)
    };
    let book = json!({"bids": [[9, 30], [8, 30]], "asks": [[11, 20]], "snapshot": true});
    let text = [
        bar("A", 0, 10., 10.),
        trade(61, 5, "sell"),
        trade(62, 30, "buy"),
        trade(63, 10, "sell"),
        quote(64, 9., 11.),
        quote(65, 9.5, 10.5),
        line(at(66), "LEVEL2", "A", &book),
        bar("A", 2, 10., 10.),
    ]
    .concat();
    let source = home.replay("tape.jsonl", text);
    let run = home
        .headless(&[
            "--source",
            &source,
            "--indicator",
            "trade_imbalance(2)",
            "--indicator",
            "spread(2)",
            "--indicator",
            "book_imbalance",
        ])
        .well();
    let mut results = run.results();
    results.retain(|result| result["service"] == "OHLCV");
    assert_eq!(results.len(), 2, "{run:#?}");
    let nothing = json!({
        "trade_imbalance_2": null, "spread_2": {"value": null, "average": null}, "book_imbalance": null
    });
    assert_eq!(results[0]["indicators"], nothing);
    let all = json!({
        "trade_imbalance_2": 0.5, "spread_2": {"value": 1.0, "average": 1.5}, "book_imbalance": 0.5
    });
    assert_eq!(results[1]["indicators"], all);
}

/// Own columns in a configuration.
#[cfg(feature = "frames")]
fn columns(home: &Home, columns: &[(&str, &str)]) -> String {
    use std::fmt::Write;

    let mut text = String::new();
    for (name, sql) in columns {
        writeln!(text, "[[column]]\nname = \"{name}\"\nsql = \"{sql}\"").unwrap();
    }
    home.write("own.toml", text).to_str().unwrap().to_owned()
}

#[cfg(feature = "frames")]
#[test]
fn own_columns_follow_the_results_of_their_bars() {
    let home = Home::new();
    let source = home.replay("bars.jsonl", bars(12));
    let gap = "(open - lag(close) OVER (ORDER BY unix_ts)) / lag(close) OVER (ORDER BY unix_ts)";
    let config = columns(&home, &[("gap", gap), ("is_over", "close > sma_3")]);
    let arguments = [
        "--source",
        &source,
        "--config",
        &config,
        "--indicator",
        "sma(3)",
    ];
    let run = home.headless(&arguments).well();
    let lines: Vec<Value> = run
        .lines
        .iter()
        .map(|line| serde_json::from_str(line).unwrap())
        .collect();
    // On a machine that is busy with other things one can take too long; it is told, and has no value.
    let told = run.errors().len() - 1;
    let mut missing = 0;
    for symbol in ["A", "B"] {
        let of = |kind: &str| -> Vec<&Value> {
            let lines = lines.iter();
            lines
                .filter(|line| line["type"] == kind && line["symbol"] == symbol)
                .collect()
        };
        let (bars, found) = (of("result"), of("columns"));
        assert_eq!((bars.len(), found.len()), (12, 12), "{run:#?}");
        for (at, (bar, line)) in bars.iter().zip(&found).enumerate() {
            for key in ["unix_ts", "new_york_datetime", "source"] {
                assert_eq!(bar[key], line[key]);
            }
            let place = |wanted: &&Value| lines.iter().position(|line| line == *wanted);
            assert!(place(bar) < place(line));
            let gap = (at > 0).then(|| {
                let close = bars[at - 1]["close"].as_f64().unwrap();
                (bar["open"].as_f64().unwrap() - close) / close
            });
            let mean = bar["indicators"]["sma_3"].as_f64();
            let over = mean.map(|mean| f64::from(u8::from(bar["close"].as_f64() > Some(mean))));
            for (name, expected) in [("gap", gap), ("is_over", over)] {
                match (line["columns"][name].as_f64(), expected) {
                    (None, Some(_)) => missing += 1,
                    (found, expected) => assert_near(&[found], &[expected]),
                }
            }
        }
    }
    assert!(missing == 0 || told > 0, "{run:#?}");
}

#[cfg(feature = "frames")]
#[test]
fn a_wrong_column_is_refused_before_anything_is_run() {
    let home = Home::new();
    for (name, sql, part) in [
        ("gap", "opne - close", "column 'gap': "),
        ("gap", "opne - close", "did you mean 'open'?"),
        ("gap", "close - ", "column 'gap': "),
        ("gap", "symbol", "it gives a text"),
        ("gap", "close, open", "column 'gap': "),
        ("gap", "close) AS a, (open", "more than one value"),
        ("gap", "(SELECT max(price) FROM trades)", "bars alone"),
        ("two words", "close", "is no name for a column"),
    ] {
        let config = columns(&home, &[(name, sql)]);
        // The source would fail: it is not even looked at.
        let run = home.headless(&["--source", "replay:missing.csv", "--config", &config]);
        assert_eq!(run.code, Some(2), "{sql}: {run:#?}");
        assert!(run.stderr.contains(part), "{sql}: {}", run.stderr);
        assert_eq!(run.text(), "");
        let check = home.run(["check", "--config", &config]);
        assert_eq!(check.code, Some(2), "{sql}: {check:#?}");
        let told = check.text() + &check.stderr;
        assert!(told.contains(part), "{sql}: {told}");
    }
}

#[cfg(feature = "frames")]
#[test]
fn a_long_column_is_no_danger() {
    let home = Home::new();
    let source = home.replay("bars.jsonl", bar("A", 0, 1., 1.));
    // Each term lies deeper than the one before.
    let config = columns(&home, &[("sum_of_many", &["close"; 100].join(" + "))]);
    let run = home.headless(&["--source", &source, "--config", &config]);
    assert_eq!(run.code, Some(0), "{run:#?}");
    let is_column = |line: &&String| line.contains("\"type\":\"columns\"");
    assert_eq!(run.lines.iter().filter(is_column).count(), 1, "{run:#?}");
}

#[cfg(feature = "frames")]
#[test]
fn a_column_that_fails_is_told_and_given_up_and_the_others_go_on() {
    let home = Home::new();
    let source = home.replay("bars.jsonl", bars(8));
    // What cannot be told from the expression alone.
    let fails = "CAST(CONCAT('x', CAST(close AS VARCHAR)) AS DOUBLE)";
    let config = columns(&home, &[("fails", fails), ("width", "high - low")]);
    let arguments = ["--source", &source, "--config", &config, "--symbols", "A"];
    let run = home.headless(&arguments).well();
    let errors = run.errors().into_iter();
    let told: Vec<Value> = errors
        .filter(|error| error["message"].to_string().contains("column 'fails'"))
        .collect();
    let severities: Vec<&Value> = told.iter().map(|error| &error["severity"]).collect();
    assert_eq!(severities, ["warning", "warning", "error"], "{run:#?}");
    assert_eq!(
        told[2]["next"],
        "it is given up until the program starts again"
    );
    assert_eq!(
        (&told[2]["symbol"], &told[2]["source"]),
        (&"A".into(), &"replay".into())
    );
    let lines = run.lines.iter();
    let found: Vec<&String> = lines
        .filter(|line| line.contains("\"type\":\"columns\""))
        .collect();
    assert_eq!(found.len(), 8, "{run:#?}");
    assert!(
        found
            .iter()
            .any(|line| line.contains("\"width\":") && line.contains("\"fails\":null"))
    );
}
