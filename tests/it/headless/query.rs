//! `query`: one question about all that the sources give.

use std::process::Stdio;

use nix::sys::signal::Signal;
use serde_json::Value;

use crate::program::{Finished, Home, Program, bar_lines, fixture, recorded};

const HIGHS: &str = "SELECT symbol, max(high) AS high FROM bars GROUP BY symbol ORDER BY symbol";

/// The highest price of each symbol of a file of envelopes, read in another way.
fn highs(path: &str) -> Vec<(String, f64)> {
    let mut highs = std::collections::BTreeMap::new();
    for line in std::fs::read_to_string(path).unwrap().lines() {
        let envelope: Value = serde_json::from_str(line).unwrap();
        for (symbol, bar) in envelope["symbols"].as_object().into_iter().flatten() {
            if let Some(high) = bar["high"].as_f64() {
                let known = highs.entry(symbol.clone()).or_insert(high);
                *known = known.max(high);
            }
        }
    }
    highs.into_iter().collect()
}

fn rows(run: &Finished) -> Vec<Value> {
    let lines = run.lines.iter();
    lines
        .map(|line| serde_json::from_str(line).unwrap())
        .collect()
}

#[test]
fn a_question_is_answered_in_every_format() {
    let home = Home::new();
    let source = fixture();
    let expected = highs(source.strip_prefix("replay:").unwrap());
    assert!(expected.len() > 1);

    let run = home
        .run(["query", HIGHS, "--source", &source, "--format", "json"])
        .well();
    let found: Vec<(String, f64)> = rows(&run)
        .iter()
        .map(|row| {
            (
                row["symbol"].as_str().unwrap().to_owned(),
                row["high"].as_f64().unwrap(),
            )
        })
        .collect();
    assert_eq!(found, expected);

    let run = home
        .run(["query", HIGHS, "--source", &source, "--format", "csv"])
        .well();
    let lines = expected
        .iter()
        .map(|(symbol, high)| format!("{symbol},{high:?}"));
    let whole: Vec<String> = std::iter::once("symbol,high".to_owned())
        .chain(lines)
        .collect();
    assert_eq!(run.lines, whole);

    let run = home.run(["query", HIGHS, "--source", &source]);
    assert_eq!(run.code, Some(0), "{run:?}");
    assert_eq!(run.lines.len(), expected.len() + 1, "{run:?}");
    assert!(run.lines[0].starts_with("symbol  "), "{run:?}");
    assert!(run.lines[0].ends_with(" high"), "{run:?}");
    assert!(!run.text().contains('│'), "borders are for terminals");
    let rows = format!("streamer-tui: {} rows in ", expected.len());
    assert!(run.stderr.starts_with(&rows), "{}", run.stderr);
}

#[test]
fn nothing_that_was_replayed_is_missing() {
    let home = Home::new();
    // More than a screen's history keeps.
    let source = home.replay("long.jsonl", bar_lines(&["A"], 0..10_500));
    let run = home
        .run([
            "query",
            "SELECT count(*) AS rows, sum(volume) AS volume FROM bars",
            "--source",
            &source,
            "--format",
            "json",
        ])
        .well();
    let row = &rows(&run)[0];
    assert_eq!(row["rows"], 10_500);
    assert_eq!(row["volume"], 10_500.0 * 10_499.0 / 2.0);
    // Rows that are not wanted are counted in a table, and only there.
    let sql = "SELECT unix_ts FROM bars ORDER BY unix_ts LIMIT 50";
    let run = home.run(["query", sql, "--source", &source, "--rows", "3"]);
    assert_eq!((run.code, run.lines.len()), (Some(0), 4), "{run:?}");
    assert!(run.stderr.contains("3 of 50 rows"), "{}", run.stderr);
}

#[test]
fn indicators_are_columns() {
    let home = Home::new();
    let source = home.replay("bars.jsonl", bar_lines(&["A"], 0..12));
    let run = home
        .run([
            "query",
            "SELECT close, sma_3, \"sma_1@5m\", datetime FROM bars",
            "--source",
            &source,
            "--indicator",
            "sma(3)",
            "--indicator",
            "sma(1)@5m",
            "--format",
            "json",
        ])
        .well();
    let rows = rows(&run);
    assert_eq!(rows.len(), 12);
    assert_eq!(
        (&rows[1]["sma_3"], &rows[2]["sma_3"]),
        (&Value::Null, &Value::from(1.5))
    );
    assert_eq!(rows[0]["sma_1@5m"], Value::Null);
    assert_eq!(rows[11]["sma_1@5m"], 1.5);
    assert!(
        rows[0]["datetime"].as_str().unwrap().ends_with("-05:00"),
        "{:?}",
        rows[0]
    );
}

#[test]
fn lists_and_dates_are_json_and_warnings_stay_in_the_log() {
    let home = Home::new();
    let source = home.replay("bars.jsonl", bar_lines(&["A"], 0..3));
    let sql = "SELECT array_agg(close) AS closes, min(CAST('2019-02-13' AS DATE)) AS day FROM bars \
        WHERE date >= DATE '2000-01-01'";
    let run = home
        .run(["query", sql, "--source", &source, "--format", "json"])
        .well();
    let row = &rows(&run)[0];
    assert_eq!(row["closes"], serde_json::json!([0.0, 1.0, 2.0]));
    assert_eq!(row["day"], "2019-02-13");
    assert!(!run.stderr.contains("eprecat"), "{}", run.stderr);
}

#[test]
fn columns_of_a_persons_own_are_in_results_and_wrong_ones_are_told_with_their_place() {
    let home = Home::new();
    let source = home.replay("bars.jsonl", bar_lines(&["A", "B"], 0..12));
    let config = "indicator = ['sma(3)']\n[[column]]\nname = 'gap'\nsql = 'close - sma_3'\n";
    let good = home.write("good.toml", config);
    let good = good.to_str().unwrap();
    let sql = "SELECT symbol, gap FROM results ORDER BY symbol";
    let run = home.run([
        "query", sql, "--source", &source, "--format", "json", "--config", good,
    ]);
    let found = rows(&run.well());
    assert_eq!(
        (&found[0]["symbol"], &found[0]["gap"]),
        (&"A".into(), &1.0.into())
    );
    assert_eq!(found.len(), 2);
    home.run(["check", "--source", &source, "--config", good])
        .well();
    for (more, place, part) in [
        (
            "[[column]]\nname = 'gap'\nsql = 'close'\n",
            "bad.toml:5:1",
            "'gap' already",
        ),
        (
            "[[column]]\nname = 'x'\nsql = 'clsoe'\n",
            "bad.toml:5:1",
            "did you mean 'close'",
        ),
        (
            "[[column]]\nname = 'x'\nsql = 'symbol'\n",
            "bad.toml:5:1",
            "a column is a number",
        ),
    ] {
        let bad = home.write("bad.toml", format!("{config}{more}"));
        let bad = bad.to_str().unwrap();
        for arguments in [
            vec!["check", "--source", &source, "--config", bad],
            vec!["query", sql, "--source", &source, "--config", bad],
            vec!["--headless", "--source", &source, "--config", bad],
        ] {
            let run = home.run(arguments);
            let text = format!("{}{}", run.lines.join("\n"), run.stderr);
            assert_eq!(run.code, Some(2), "{text}");
            assert!(text.contains(place) && text.contains(part), "{text}");
        }
    }
}

#[test]
fn the_statement_may_come_from_stdin() {
    let home = Home::new();
    let source = fixture();
    for arguments in [vec!["query", "-"], vec!["query"]] {
        let mut command = home.command(
            arguments
                .iter()
                .copied()
                .chain(["--source", &source, "--format", "csv"]),
        );
        command.stdin(Stdio::piped());
        let mut program = Program::of(command);
        program.listen();
        program.tell("SELECT count(DISTINCT symbol) AS symbols\nFROM bars;");
        program.close_stdin();
        let run = program.finish().well();
        assert_eq!(run.lines.len(), 2, "{run:?}");
        assert_eq!(run.lines[0], "symbols");
    }
    let run = home.run(["query", "--source", &source]);
    assert_eq!(run.code, Some(2), "{run:?}");
}

#[test]
fn a_wrong_statement_is_told_before_anything_is_run() {
    let home = Home::new();
    for (sql, part) in [
        ("SELECT clsoe FROM bars", "did you mean 'close'?"),
        ("SELECT * FROM barz", "did you mean 'bars'?"),
        ("DROP TABLE bars", "'DROP' is not answered here"),
        ("SELECT * FROM bars WHERE", "Expected"),
        ("SELECT 1; SELECT 2", "one statement"),
        ("SELECT sma_20 FROM bars", "there is no column 'sma_20'"),
    ] {
        // The source would fail: it is not even looked at.
        let run = home.run(["query", sql, "--source", "replay:missing.jsonl"]);
        assert_eq!(run.code, Some(2), "{sql}: {run:?}");
        assert!(run.stderr.contains(part), "{sql}: {}", run.stderr);
        assert_eq!(run.text(), "");
    }
    let run = home.run([
        "query",
        "SELECT 1 AS one",
        "--source",
        "replay:missing.jsonl",
    ]);
    assert_eq!(run.code, Some(1), "{run:?}");
    assert!(run.stderr.contains("missing.jsonl"), "{}", run.stderr);
    let run = home.run(["--view", "chart", "query", "SELECT 1 AS one"]);
    assert_eq!(run.code, Some(2), "{run:?}");
    assert!(
        run.stderr.contains("--view has no meaning"),
        "{}",
        run.stderr
    );
}

#[test]
fn what_never_ends_has_to_be_given_a_time() {
    let home = Home::new();
    let endless = "sim:symbols=3,rate=500,seed=1";
    let run = home.run(["query", HIGHS, "--source", endless]);
    assert_eq!(run.code, Some(2), "{run:?}");
    assert!(run.stderr.contains("--for 10s"), "{}", run.stderr);
    let sql = "SELECT count(*) AS n FROM results WHERE updates > 0";
    let run = home
        .run([
            "query", sql, "--source", endless, "--for", "500ms", "--format", "csv",
        ])
        .well();
    assert_eq!(run.lines, ["n", "3"]);
    let whole = "sim:symbols=3,rate=max,seed=1,events=3000";
    let sql = "SELECT count(*) > 100 AS many FROM trades";
    let run = home
        .run(["query", sql, "--source", whole, "--format", "csv"])
        .well();
    assert_eq!(run.lines, ["many", "true"]);
}

#[test]
fn errors_of_the_data_are_told_and_can_be_asked_for() {
    let home = Home::new();
    let mut lines = bar_lines(&["A"], 0..3);
    lines.push_str("this is no JSON\n");
    let source = home.replay("bad.jsonl", lines);
    let sql = "SELECT kind, count FROM errors WHERE kind = 'DecodeError'";
    let run = home.run(["query", sql, "--source", &source, "--format", "csv"]);
    assert_eq!(run.code, Some(0), "{run:?}");
    assert_eq!(run.lines, ["kind,count", "DecodeError,1"]);
    assert!(run.stderr.contains("bad.jsonl:4"), "{}", run.stderr);
}

#[test]
fn the_first_errors_are_told_and_the_others_counted() {
    let home = Home::new();
    let source = home.replay(
        "bad.jsonl",
        bar_lines(&["A"], 0..3) + &"no JSON\n".repeat(8),
    );
    for (command, where_they_are) in [
        (&["query", "SELECT 1 AS one"][..], "SELECT * FROM errors"),
        (&["export", "--to", "bars.csv"], "the log file has them"),
    ] {
        let run = home.run(command.iter().copied().chain(["--source", &source]));
        assert_eq!(run.code, Some(0), "{run:?}");
        let lines: Vec<&str> = run.stderr.lines().collect();
        assert_eq!(lines.len(), 5 + 1 + 1, "{lines:#?}");
        assert!(lines[4].contains("bad.jsonl:8"), "{lines:#?}");
        let rest = format!("streamer-tui: and 3 more errors; {where_they_are}");
        assert!(lines[5].starts_with(&rest), "{lines:#?}");
    }
}

#[test]
fn an_interrupted_question_says_so() {
    let home = Home::new();
    let mut command = home.command([
        "query",
        HIGHS,
        "--source",
        "sim:symbols=3,rate=500,seed=1",
        "--for",
        "1h",
    ]);
    command.stdin(Stdio::null());
    let mut program = Program::of(command);
    program.listen();
    // The engine runs when its log says that the program has started and nothing else comes before.
    crate::support::wait_for("the start", || home.log().contains("started").then_some(()));
    program.settle();
    program.signal(Signal::SIGINT);
    let run = program.finish();
    // Before it has taken the signal over, the system ends the program.
    assert!(matches!(run.code, Some(130) | None), "{run:?}");
    assert_eq!(run.text(), "");
}

/// A day of a recorded file: first open, highest high, lowest low, last close, all volume.
fn days_of(path: &std::path::Path) -> Vec<(String, [f64; 5])> {
    let text = std::fs::read_to_string(path).unwrap();
    let mut lines: Vec<&str> = text
        .lines()
        .skip(1)
        .filter(|line| !line.is_empty())
        .collect();
    lines.reverse();
    let mut days: Vec<(String, [f64; 5])> = Vec::new();
    for line in lines {
        let cells: Vec<&str> = line.split(',').collect();
        let of = |at: usize| cells[at].parse::<f64>().unwrap();
        let date = cells[0][..10].to_owned();
        match days.last_mut() {
            Some((known, day)) if *known == date => {
                *day = [
                    day[0],
                    day[1].max(of(2)),
                    day[2].min(of(3)),
                    of(4),
                    day[4] + of(5),
                ];
            }
            _ => days.push((date, [of(1), of(2), of(3), of(4), of(5)])),
        }
    }
    days
}

#[test]
fn days_of_a_recorded_week_equal_a_plain_resample() {
    let Some(folder) = recorded("bars-us-2019-02") else {
        return;
    };
    let home = Home::new();
    let source = format!("replay:{}?stamp=end", folder.display());
    let sql = "SELECT symbol, strftime(datetime, '%Y-%m-%d') AS day, open, high, low, close, volume FROM bars_1d \
               ORDER BY symbol, day";
    let run = home.run(["query", sql, "--source", &source, "--format", "json"]);
    assert_eq!(run.code, Some(0), "{run:?}");
    let found: Vec<(String, String, [f64; 5])> = rows(&run)
        .iter()
        .map(|row| {
            let text = |name: &str| row[name].as_str().unwrap().to_owned();
            let figures = ["open", "high", "low", "close", "volume"];
            (
                text("symbol"),
                text("day"),
                figures.map(|name| row[name].as_f64().unwrap()),
            )
        })
        .collect();
    let mut expected = Vec::new();
    for entry in std::fs::read_dir(&folder).unwrap() {
        let path = entry.unwrap().path();
        let name = path.file_name().unwrap().to_string_lossy().into_owned();
        if let Some(symbol) = name.strip_suffix("_1min.csv") {
            let days = days_of(&path).into_iter();
            expected.extend(days.map(|(day, figures)| (symbol.to_owned(), day, figures)));
        }
    }
    expected.sort_by(|a, b| (&a.0, &a.1).cmp(&(&b.0, &b.1)));
    assert!(expected.len() > 100);
    assert_eq!(found, expected);
}
