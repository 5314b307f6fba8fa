//! What is written, to the letter.

use std::collections::BTreeSet;

use serde_json::Value;

use crate::program::{Home, fixture};

#[test]
fn the_fixture_gives_the_five_results_and_the_one_error_of_the_reference() {
    let home = Home::new();
    let source = fixture();
    let run = home
        .headless(&["--source", &source, "--symbols", "AAPL,DUD,AMZN"])
        .well();
    let results: Vec<&String> = run
        .lines
        .iter()
        .filter(|line| line.contains("\"type\":\"result\""))
        .collect();
    let of = |symbol: &str| -> Vec<&str> {
        let mark = format!("\"symbol\":\"{symbol}\"");
        results
            .iter()
            .filter(|line| line.contains(&mark))
            .map(|line| line.as_str())
            .collect()
    };
    assert_eq!(
        of("AAPL"),
        [
            r#"{"type":"result","service":"OHLCV","symbol":"AAPL","open":227.99,"high":228.0,"low":227.95,"close":227.95,"volume":3756,"unix_ts":1720522860000,"new_york_datetime":"2024-07-09T07:01:00-04:00","source":"replay"}"#,
            r#"{"type":"result","service":"OHLCV","symbol":"AAPL","open":227.8,"high":227.8,"low":227.8,"close":227.8,"volume":249,"unix_ts":1720522920000,"new_york_datetime":"2024-07-09T07:02:00-04:00","source":"replay"}"#,
        ]
    );
    assert_eq!(
        of("AMZN"),
        [
            r#"{"type":"result","service":"OHLCV","symbol":"AMZN","open":199.79,"high":199.84,"low":199.79,"close":199.84,"volume":1521,"unix_ts":1720522800000,"new_york_datetime":"2024-07-09T07:00:00-04:00","source":"replay"}"#,
            r#"{"type":"result","service":"OHLCV","symbol":"AMZN","open":199.85,"high":199.85,"low":199.85,"close":199.85,"volume":204,"unix_ts":1720522860000,"new_york_datetime":"2024-07-09T07:01:00-04:00","source":"replay"}"#,
            r#"{"type":"result","service":"OHLCV","symbol":"AMZN","open":199.8,"high":199.8,"low":199.8,"close":199.8,"volume":1874,"unix_ts":1720522920000,"new_york_datetime":"2024-07-09T07:02:00-04:00","source":"replay"}"#,
        ]
    );
    assert_eq!(results.len(), 5);
    let errors: Vec<&String> = run
        .lines
        .iter()
        .filter(|line| line.contains("\"type\":\"error\""))
        .collect();
    let [error] = errors[..] else {
        panic!("{errors:?}")
    };
    let (before_time, time) = error.rsplit_once(",\"unix_ts\":").unwrap();
    assert_eq!(
        before_time,
        r#"{"type":"error","error":"ConnectionError","severity":"error","message":"No more data available from API.","source":"replay""#
    );
    assert!(time.trim_end_matches('}').parse::<i64>().unwrap() > 0);
    // A symbol without data is subscribed, and that is all that is ever said of it.
    let about_dud: Vec<Value> = run
        .statuses()
        .into_iter()
        .filter(|status| status["symbol"] == "DUD")
        .collect();
    assert_eq!(about_dud.len(), 1);
    assert_eq!(about_dud[0]["status"], "subscribed");
    assert_eq!(
        run.lines.iter().filter(|line| line.contains("DUD")).count(),
        1
    );
}

#[test]
fn a_mistyped_symbol_of_a_file_is_an_error_that_names_the_one_that_is_near() {
    let home = Home::new();
    let table = "datetime,open,high,low,close,volume\n2024-07-09T09:30:00,1,1,1,1,1\n".to_owned();
    let source = home.replay("AAPL_1min.csv", &table);
    let run = home
        .headless(&["--source", &source, "--symbols", "AAPL,APPL,DUD"])
        .well();
    assert_eq!(run.results_of("AAPL").len(), 1, "{run:?}");
    let errors = run.errors();
    let [mistyped, end] = &errors[..] else {
        panic!("{errors:?}")
    };
    assert_eq!(mistyped["error"], "ConfigError");
    assert_eq!(mistyped["severity"], "warning");
    assert_eq!(mistyped["symbol"], "APPL");
    assert_eq!(
        mistyped["message"],
        "APPL is not in the data; did you mean AAPL? It holds AAPL"
    );
    assert_eq!(end["error"], "ConnectionError");
}

#[test]
fn the_error_comes_after_every_result_and_the_end_after_the_error() {
    let run = Home::new().headless(&["--source", &fixture()]).well();
    let kinds: Vec<&str> = run
        .lines
        .iter()
        .map(|line| line.split('"').nth(3).unwrap())
        .skip_while(|kind| *kind == "status")
        .collect();
    assert_eq!(&kinds[kinds.len() - 2..], ["error", "status"]);
    assert!(run.lines.last().unwrap().contains("\"status\":\"ended\""));
    let statuses: BTreeSet<String> = run
        .statuses()
        .iter()
        .map(|status| status["status"].as_str().unwrap().to_owned())
        .collect();
    assert!(statuses.contains("connecting") && statuses.contains("connected"));
}

#[test]
fn what_is_missing_is_null_and_digits_stay_as_they_came() {
    let home = Home::new();
    let lines = concat!(
        r#"{"timestamp":5,"service":"OHLCV","symbols":{"A":{"open":0.00100000,"high":228.0,"volume":12.50}}}"#,
        "\n",
        r#"{"timestamp":6,"service":"OHLCV","symbols":{"A":{"open":1,"high":null,"low":1.10,"close":1.5000,"volume":0,"datetime":0}}}"#,
        "\n",
        r#"{"A":{"open":1,"high":1,"low":1,"close":1,"volume":1,"datetime":1710054000000}}"#,
        "\n",
        r#"{"timestamp":7,"service":"LEVEL1","symbols":{"A":{"bid":1.10,"bid_size":300,"datetime":1710053999000}}}"#,
        "\n",
        r#"{"timestamp":8,"service":"LEVEL1","symbols":{"A":{"ask":1.20,"datetime":1710054000000}}}"#,
        "\n",
    );
    let source = home.replay("nulls.jsonl", lines);
    let run = home.headless(&["--source", &source]).well();
    let results: Vec<&String> = run
        .lines
        .iter()
        .filter(|line| line.contains("\"type\":\"result\""))
        .collect();
    // Lines without a time of their own come where their envelope's time says, which is first.
    let expected = [
        r#"{"type":"result","service":"OHLCV","symbol":"A","open":0.00100000,"high":228.0,"low":null,"close":null,"volume":12.50,"unix_ts":null,"new_york_datetime":null,"source":"replay"}"#,
        r#"{"type":"result","service":"OHLCV","symbol":"A","open":1,"high":null,"low":1.10,"close":1.5000,"volume":0,"unix_ts":null,"new_york_datetime":null,"source":"replay"}"#,
        r#"{"type":"result","service":"OHLCV","symbol":"A","open":1,"high":1,"low":1,"close":1,"volume":1,"unix_ts":1710054000000,"new_york_datetime":"2024-03-10T03:00:00-04:00","source":"replay"}"#,
        r#"{"type":"result","service":"LEVEL1","symbol":"A","bid":1.10,"bid_size":300,"ask":null,"ask_size":null,"last":null,"last_size":null,"volume":null,"unix_ts":1710053999000,"new_york_datetime":"2024-03-10T01:59:59-05:00","source":"replay"}"#,
        r#"{"type":"result","service":"LEVEL1","symbol":"A","bid":1.10,"bid_size":300,"ask":1.20,"ask_size":null,"last":null,"last_size":null,"volume":null,"unix_ts":1710054000000,"new_york_datetime":"2024-03-10T03:00:00-04:00","source":"replay"}"#,
    ];
    assert_eq!(results, expected);
}

#[test]
fn a_bad_row_is_an_error_with_its_place_and_sample_and_the_rest_is_read() {
    let home = Home::new();
    let source = home.replay(
        "AAPL_1min.csv",
        "datetime,open,high,low,close,volume\n\
         2019-02-13 09:30:00,1,1,1,1,10\n\
         2019-02-13 09:31:00,1,nonsense\u{1b}[31m,1,1,11\n\
         2019-02-13 09:32:00,1,1,1,1,12\n",
    );
    let run = home.headless(&["--source", &source]).well();
    assert_eq!(run.numbers("AAPL", "volume"), [10, 12]);
    let errors = run.errors();
    assert_eq!(errors.len(), 2, "{errors:?}");
    assert!(
        errors[0]["location"]
            .as_str()
            .unwrap()
            .ends_with("AAPL_1min.csv:3")
    );
    assert!(errors[0]["sample"].as_str().unwrap().contains("nonsense"));
    assert_eq!(errors[0]["source"], "replay");
    assert!(!run.text().contains('\u{1b}'), "escapes are escaped");
}

#[test]
fn several_sources_may_carry_one_symbol_and_results_name_theirs() {
    let home = Home::new();
    let one = home.replay("one.jsonl", crate::program::bar_lines(&["AAPL"], 0..3));
    let two = home.replay("two.jsonl", crate::program::bar_lines(&["AAPL"], 100..104));
    let by_source = |run: &crate::program::Finished, source: &str| -> Vec<i64> {
        run.results_of("AAPL")
            .iter()
            .filter(|result| result["source"] == source)
            .map(|result| result["volume"].as_i64().unwrap())
            .collect()
    };
    let run = home
        .headless(&["--source", &one, "--source", &two, "--symbols", "AAPL"])
        .well();
    assert_eq!(by_source(&run, "replay"), [0, 1, 2]);
    assert_eq!(by_source(&run, "replay-2"), [100, 101, 102, 103]);
    assert_eq!(run.errors().len(), 2, "each source ends");

    let run = home
        .headless(&[
            "--source",
            &one,
            "--source",
            &two,
            "--symbols",
            "AAPL@replay-2",
        ])
        .well();
    assert_eq!(by_source(&run, "replay"), [] as [i64; 0]);
    assert_eq!(by_source(&run, "replay-2"), [100, 101, 102, 103]);

    let run = home.headless(&["--source", &one, "--symbols", "AAPL@replya"]);
    assert_eq!(run.code, Some(2));
    assert!(
        run.stderr.contains("did you mean 'replay'"),
        "{}",
        run.stderr
    );
}

#[test]
fn the_simulator_gives_the_same_for_a_seed_and_as_much_as_was_asked_for() {
    let run = |seed: u32| {
        let source = format!("sim:symbols=4,rate=max,seed={seed},events=2000,services=OHLCV");
        Home::new().headless(&["--source", &source]).well()
    };
    let (first, second, other) = (run(7), run(7), run(8));
    assert_eq!(first.results().len(), 2000);
    let mut prices = Vec::new();
    for run in [&first, &second, &other] {
        let closes: Vec<String> = run
            .results_of("SIM00001")
            .iter()
            .map(|result| result["close"].to_string())
            .collect();
        prices.push(closes);
    }
    assert_eq!(prices[0], prices[1]);
    assert_ne!(prices[0], prices[2]);
}
