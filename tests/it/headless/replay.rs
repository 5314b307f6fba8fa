//! Recorded data played back: all of it, once, in order, cut and resampled as asked.

use std::collections::BTreeMap;
use std::fmt::Write as _;
use std::path::Path;

use chrono::{NaiveDateTime, TimeDelta, TimeZone, Timelike};
use chrono_tz::America::New_York;
use serde_json::Value;
use streamer_tui::domain::Decimal;

use crate::program::{Home, bar_lines, recorded};

/// A row of a table of bars.
#[derive(Debug, Clone, PartialEq)]
struct Bar {
    stamp: NaiveDateTime,
    open: Decimal,
    high: Decimal,
    low: Decimal,
    close: Decimal,
    volume: Decimal,
}

/// Longer bars with the starts of their intervals.
type LongBars = Vec<(NaiveDateTime, Bar)>;

/// The rows of a file, oldest first.
fn rows(text: &str) -> Vec<Bar> {
    let mut bars: Vec<Bar> = text
        .lines()
        .skip(1)
        .map(|line| {
            let fields: Vec<&str> = line.trim().split(',').collect();
            let number = |at: usize| fields[at].parse::<Decimal>().unwrap();
            Bar {
                stamp: NaiveDateTime::parse_from_str(fields[0], "%Y-%m-%d %H:%M:%S").unwrap(),
                open: number(1),
                high: number(2),
                low: number(3),
                close: number(4),
                volume: number(5),
            }
        })
        .collect();
    bars.sort_by_key(|bar| bar.stamp);
    bars
}

fn number(result: &Value, key: &str) -> Decimal {
    result[key].to_string().parse().unwrap()
}

/// A result as a row, its time as New York's clocks show it.
fn row_of(result: &Value) -> Bar {
    let time = result["new_york_datetime"].as_str().unwrap();
    let time = chrono::DateTime::parse_from_rfc3339(time).unwrap();
    assert_eq!(
        result["unix_ts"].as_i64().unwrap(),
        time.timestamp_millis(),
        "{result}"
    );
    let local = time.naive_local();
    assert_eq!(
        New_York.from_local_datetime(&local).unwrap().timestamp(),
        time.timestamp()
    );
    Bar {
        stamp: local,
        open: number(result, "open"),
        high: number(result, "high"),
        low: number(result, "low"),
        close: number(result, "close"),
        volume: number(result, "volume"),
    }
}

#[test]
fn every_row_of_the_recorded_week_comes_once_and_each_symbol_ascends() {
    let Some(folder) = recorded("bars-us-2019-02") else {
        return;
    };
    let source = format!("replay:{}?stamp=end", folder.display());
    let run = Home::new().headless(&["--source", &source]).well();
    let mut by_symbol: BTreeMap<String, Vec<Bar>> = BTreeMap::new();
    for result in run.results() {
        assert_eq!(result["service"], "OHLCV");
        let symbol = result["symbol"].as_str().unwrap().to_owned();
        by_symbol.entry(symbol).or_default().push(row_of(&result));
    }
    let mut symbols = 0;
    for entry in std::fs::read_dir(&folder).unwrap() {
        let path = entry.unwrap().path();
        let name = path.file_name().unwrap().to_str().unwrap().to_owned();
        let Some((symbol, _)) = name.split_once("_1min.csv") else {
            continue;
        };
        symbols += 1;
        let expected = rows(&std::fs::read_to_string(&path).unwrap());
        let got = &by_symbol[symbol];
        assert_eq!(got.len(), expected.len(), "{symbol}");
        assert!(*got == expected, "{symbol}: not every row as it is");
    }
    assert_eq!((symbols, by_symbol.len()), (24, 24));
    assert_eq!(run.errors().len(), 1, "the end, and nothing else");
}

/// A week of made-up days, whose rows have holes.
fn made_up() -> String {
    let mut text = "datetime,open,high,low,close,volume\n".to_owned();
    for day in 11..16 {
        for minute in 1..=390 {
            // Some minutes are missing, and half of an hour.
            if minute % 7 == 3 || (120..150).contains(&minute) {
                continue;
            }
            let at = 9 * 60 + 30 + minute;
            let price = 1000 + (day * 37 + minute * 13) % 101;
            writeln!(
                text,
                "2019-02-{day} {:02}:{:02}:00,{}.{:02},{}.5,{}.25,{}.75,{}",
                at / 60,
                at % 60,
                price,
                minute % 100,
                price + 3,
                price - 3,
                price + 1,
                minute * 10
            )
            .unwrap();
        }
    }
    text
}

/// Longer bars, built anew: `key` says when the one begins that a minute belongs to.
fn resampled(bars: &[Bar], key: impl Fn(NaiveDateTime) -> NaiveDateTime) -> LongBars {
    let mut long = LongBars::new();
    for bar in bars {
        let start = key(bar.stamp - TimeDelta::minutes(1));
        match long.last_mut() {
            Some((last, whole)) if *last == start => {
                whole.high = whole.high.max(bar.high);
                whole.low = whole.low.min(bar.low);
                whole.close = bar.close;
                whole.volume += bar.volume;
            }
            _ => long.push((start, bar.clone())),
        }
    }
    long
}

/// Plays a folder that holds `file` and compares the longer bars with those built here.
fn check_longer_bars(folder: &Path, symbol: &str, file: &Path) {
    let source = format!("replay:{}?stamp=end", folder.display());
    let run = Home::new()
        .headless(&[
            "--source",
            &source,
            "--symbols",
            symbol,
            "--timeframes",
            "5m,1h,1d",
        ])
        .well();
    let bars = rows(&std::fs::read_to_string(file).unwrap());
    let mut results = run.results();
    let longer: Vec<Value> = results
        .extract_if(.., |result| result.get("timeframe").is_some())
        .collect();
    let minutes: Vec<Bar> = results.iter().map(row_of).collect();
    assert!(minutes == bars, "the bars as delivered come as well");

    let midnight = |time: NaiveDateTime| time.date().and_hms_opt(0, 0, 0).unwrap();
    let hour = |time: NaiveDateTime| midnight(time) + TimeDelta::hours(i64::from(time.hour()));
    let five_minutes =
        |time: NaiveDateTime| hour(time) + TimeDelta::minutes(i64::from(time.minute()) / 5 * 5);
    // What a bar is stamped with is the end of its interval here: a day's is the end of extended hours.
    let frames: [(&str, LongBars, TimeDelta); 3] = [
        ("5m", resampled(&bars, five_minutes), TimeDelta::minutes(5)),
        ("1h", resampled(&bars, hour), TimeDelta::hours(1)),
        ("1d", resampled(&bars, midnight), TimeDelta::hours(20)),
    ];
    let mut compared = 0;
    for (timeframe, expected, length) in frames {
        let got: Vec<&Value> = longer
            .iter()
            .filter(|result| result["timeframe"] == timeframe)
            .collect();
        assert_eq!(got.len(), expected.len(), "{timeframe}");
        for (got, (start, expected)) in got.into_iter().zip(expected) {
            let expected = Bar {
                stamp: start + length,
                ..expected
            };
            assert_eq!(row_of(got), expected, "{timeframe}");
            // The data may end within the last one.
            let last = bars.last().unwrap().stamp;
            assert_eq!(
                got.get("partial").is_some(),
                expected.stamp > last && timeframe == "1d",
                "{got}"
            );
            compared += 1;
        }
    }
    assert_eq!(compared, longer.len());
}

#[test]
fn longer_bars_are_those_that_the_minutes_make() {
    let home = Home::new();
    let file = home.write("bars/X_1min.csv", made_up());
    check_longer_bars(&home.path("bars"), "X", &file);
    if let Some(folder) = recorded("bars-us-2019-02") {
        check_longer_bars(&folder, "AAPL", &folder.join("AAPL_1min.csv"));
    }
}

#[test]
fn start_and_end_cut_and_an_end_stamp_belongs_to_the_interval_that_it_closes() {
    let home = Home::new();
    let table = "time,open,high,low,close,volume\n\
                 2019-02-13 09:29,1,1,1,1,29\n\
                 2019-02-13 09:30,1,1,1,1,30\n\
                 2019-02-13 09:31,1,1,1,1,31\n\
                 2019-02-13 09:32,1,1,1,1,32\n";
    let source = home.replay("AAPL_1min.csv", table);
    let volumes = |options: &str| {
        let source = format!("{source}?{options}");
        let run = home.headless(&["--source", &source]).well();
        run.numbers("AAPL", "volume")
    };
    let cut = "start=2019-02-13T09:30&end=2019-02-13T09:32";
    assert_eq!(volumes(cut), [30, 31]);
    assert_eq!(volumes(&format!("{cut}&stamp=end")), [31, 32]);
    assert_eq!(volumes("start=2019-02-13T14:31:00Z"), [31, 32]);
    assert_eq!(volumes("end=2019-02-13T09:30"), [29]);
    assert_eq!(volumes("start=2020-01-01"), [] as [i64; 0]);
    // The time itself stays as it is in the file.
    let ended = format!("{source}?stamp=end");
    let run = home.headless(&["--source", &ended]).well();
    assert_eq!(
        run.results()[0]["new_york_datetime"],
        "2019-02-13T09:29:00-05:00"
    );
    let run = home.headless(&["--source", &format!("{source}?start=soon")]);
    assert_eq!(run.code, Some(2));
    assert!(run.stderr.contains("start"), "{}", run.stderr);
}

#[test]
fn a_loop_begins_again_with_a_status_and_goes_on_until_it_is_told_to_quit() {
    let home = Home::new();
    let source = home.replay("loop.jsonl", bar_lines(&["AAPL"], 0..50));
    let source = format!("{source}?loop=true");
    let mut program = home.start(&["--source", &source, "--speed", "max"]);
    for _ in 0..3 {
        program.next_status("seek");
        assert_eq!(program.next_result("AAPL")["volume"], 0);
    }
    program.tell("quit");
    let run = program.finish().well();
    let volumes = run.numbers("AAPL", "volume");
    assert!(
        volumes
            .iter()
            .enumerate()
            .all(|(at, &volume)| volume == at as i64 % 50),
        "each round is whole, but for the last"
    );
    assert!(run.errors().is_empty(), "{:?}", run.errors());
}

#[test]
fn a_folder_is_merged_by_time_packed_or_not_and_what_is_no_data_is_ignored() {
    use std::io::Write;
    let home = Home::new();
    home.write("mix/a.jsonl", bar_lines(&["A"], 0..20));
    let mut gzip = flate2::write::GzEncoder::new(Vec::new(), flate2::Compression::fast());
    gzip.write_all(bar_lines(&["B"], 0..20).as_bytes()).unwrap();
    home.write("mix/b.ndjson.gz", gzip.finish().unwrap());
    let packed = zstd::encode_all(bar_lines(&["C"], 0..20).as_bytes(), 1).unwrap();
    home.write("mix/c.json.zst", packed);
    home.write("mix/readme.txt", "not data");
    home.write("mix/deeper/d.jsonl", bar_lines(&["D"], 0..20));
    let source = format!("replay:{}", home.path("mix").display());
    let run = home
        .headless(&["--source", &source, "--timeframes", "5m"])
        .well();
    for symbol in ["A", "B", "C"] {
        let mut results = run.results_of(symbol);
        results.retain(|result| result.get("timeframe").is_none());
        assert_eq!(results.len(), 20, "{symbol}");
    }
    assert!(run.results_of("D").is_empty());
    assert!(home.log().contains("readme.txt"), "{}", home.log());
    assert_eq!(run.errors().len(), 1);
}
