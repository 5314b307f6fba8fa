//! `export`: what comes back, what is chosen, what is refused, and what is left when it is broken off.

use nix::sys::signal::Signal;

use crate::program::{Finished, Home, Program, bar_lines, recorded};
use crate::support::venue_server::Server;
use crate::support::wait_for;

use super::{bars, files, names, replay, rows_of};

fn export(home: &Home, to: &str, more: &[&str]) -> Finished {
    home.run(["export", "--to", to].iter().chain(more))
}

/// It ended with 0, and said how many rows there are.
fn wrote(run: &Finished, rows: usize) {
    assert_eq!(run.code, Some(0), "{run:#?}");
    let said = format!("streamer-tui: {rows} rows in ");
    assert!(run.stderr.starts_with(&said), "{run:#?}");
    assert_eq!(run.text(), "");
}

#[test]
fn the_bundled_session_comes_back_equal_from_every_format() {
    let home = Home::new();
    let expected = bars(&home, None);
    for to in ["all.csv", "all.jsonl", "all.parquet", "all.ipc"] {
        wrote(&export(&home, to, &[]), expected.len() - 1);
        let found = bars(&home, Some(&replay(&home.path(to))));
        assert!(found == expected, "{to} is not the same");
    }
}

#[test]
fn a_folder_holds_all_services_and_its_bars_come_back_equal() {
    let home = Home::new();
    let mut expected = bars(&home, None);
    expected.retain(|line| line.starts_with("symbol,") || line.starts_with("AAPL,"));
    let run = export(&home, "data/", &["--format", "csv", "--symbols", "AAPL"]);
    assert_eq!(run.code, Some(0), "{run:#?}");
    let written = names(&home.path("data"));
    for table in ["bars", "depth", "news", "quotes", "trades"] {
        let begin = format!("{table}/date=");
        assert!(
            written.iter().any(|name| name.starts_with(&begin)),
            "{written:?}"
        );
    }
    assert!(
        written
            .iter()
            .all(|name| name.contains("/symbol=") && name.ends_with("/part-0.csv")),
        "{written:?}"
    );
    let source = replay(&home.path("data/bars"));
    assert!(bars(&home, Some(&source)) == expected);
}

#[test]
fn recorded_bars_come_back_equal_with_the_stamps_that_they_had() {
    let Some(folder) = recorded("bars-us-2019-02") else {
        return;
    };
    let home = Home::new();
    let source = format!(
        "{}?stamp=end&start=2019-02-13T04:00&end=2019-02-13T12:00",
        replay(&folder)
    );
    let expected = bars(&home, Some(&source));
    let folder = ["--format", "ipc"];
    for (to, more) in [("week.parquet", &[][..]), ("week/", &folder)] {
        let arguments = [&["--source", &source], more].concat();
        wrote(&export(&home, to, &arguments), expected.len() - 1);
        let from = match to {
            "week/" => "week/bars",
            file => file,
        };
        let back = format!("{}?stamp=end", replay(&home.path(from)));
        assert!(bars(&home, Some(&back)) == expected, "{to}");
    }
}

#[test]
fn symbols_services_times_and_lengths_are_chosen() {
    let home = Home::new();
    // From 04:30 to 05:59 in New York.
    let source = home.replay("bars.jsonl", bar_lines(&["A", "B"], 0..90));
    let mut count = 0;
    let mut rows = |more: &[&str]| {
        count += 1;
        let to = format!("{count}.csv");
        let arguments = [&["--source", source.as_str()], more].concat();
        let run = export(&home, &to, &arguments);
        assert_eq!(run.code, Some(0), "{more:?}: {run:#?}");
        rows_of(&[home.path(&to)])
    };
    let part = [
        "--symbols",
        "B",
        "--from",
        "2019-02-13T05:00",
        "--until",
        "2019-02-13T05:10",
    ];
    let found = rows(&part);
    assert_eq!(found.len(), 10, "{found:#?}");
    let first = "B,1550052000000,2019-02-13T10:00:00.000Z,1.5,1.5,1.5,1.5,30,replay,1m,false,0";
    assert_eq!(found[0], first);
    assert!(found[9].starts_with("B,1550052540000,"), "{found:#?}");
    // Longer bars alone, with an indicator.
    let long = ["--timeframe", "15m", "--indicator", "sma(2)@15m"];
    let found = rows(&[&long[..], &["--symbols", "A"]].concat());
    assert_eq!(found.len(), 6, "{found:#?}");
    let first = "A,1550050200000,2019-02-13T09:30:00.000Z,1.5,1.5,1.5,1.5,105,replay,15m,false,0,";
    assert_eq!(found[0], first);
    assert!(found[1].ends_with(",replay,15m,false,0,1.5"), "{found:#?}");
    // Of the services, one file has one; a folder those that are asked for.
    let tape = "sim:symbols=2,rate=max,seed=1,events=500";
    let run = export(
        &home,
        "tape.jsonl",
        &["--source", tape, "--services", "TIMESALE"],
    );
    assert_eq!(run.code, Some(0), "{run:#?}");
    let trades = rows_of(&[home.path("tape.jsonl")]);
    assert!(
        trades.iter().all(|row| row.contains("\"trade_id\":")),
        "{trades:#?}"
    );
    let services = ["--services", "TIMESALE,OHLCV", "--timeframe", "1m,5m"];
    let run = export(
        &home,
        "some/",
        &[&["--source", tape], &services[..]].concat(),
    );
    assert_eq!(run.code, Some(0), "{run:#?}");
    let mut tables = names(&home.path("some"));
    for name in &mut tables {
        name.truncate(name.find('/').unwrap());
    }
    tables.dedup();
    assert!(tables.contains(&"trades".to_owned()), "{tables:?}");
    assert!(!tables.contains(&"quotes".to_owned()), "{tables:?}");
}

#[test]
fn what_is_there_stays_unless_told_and_what_makes_no_sense_is_refused() {
    let home = Home::new();
    let source = home.replay("bars.jsonl", bar_lines(&["A"], 0..10));
    let source = ["--source", source.as_str()];
    let run = |to: &str, more: &[&str]| export(&home, to, &[&source[..], more].concat());
    wrote(&run("a.csv", &[]), 10);
    let before = std::fs::read(home.path("a.csv")).unwrap();
    home.write("full/other.txt", "mine");
    for (to, more, code, part) in [
        ("a.csv", &[][..], 2, "a.csv is there already; --force"),
        ("full", &[], 2, "holds something already; --force"),
        ("full/", &[], 2, "holds something already; --force"),
        ("bars.txt", &[], 2, "end the name with .parquet"),
        ("bars", &[], 2, "end the name with .parquet"),
        ("b.csv", &["--format", "xlsx"], 2, "'xlsx' is no format"),
        ("b.csv", &["--services", "BARS"], 2, "BARS"),
        ("b.csv", &["--timeframe", "7m"], 2, "7m"),
        ("b.csv", &["--from", "soon"], 2, "soon"),
        ("b.csv", &["--from", "10:30"], 2, "needs its day"),
        ("b.csv", &["--symbols", "NONE"], 1, "nothing to write"),
        ("b.csv", &["--from", "2020-01-01"], 1, "nothing to write"),
        ("b.csv", &["--timeframe", "1m,5m"], 1, "export to a folder"),
        ("/dev/null/b.csv", &[], 1, "cannot be written"),
        (
            "b.csv",
            &["--source", "replay:missing.csv"],
            0,
            "missing.csv",
        ),
    ] {
        let done = run(to, more);
        assert_eq!(done.code, Some(code), "{to} {more:?}: {done:#?}");
        assert!(done.stderr.contains(part), "{to} {more:?}: {done:#?}");
        if code != 0 {
            assert!(!home.path("b.csv").exists(), "{more:?}");
        }
    }
    let gone = export(&home, "c.csv", &["--source", "replay:missing.csv"]);
    assert_eq!(gone.code, Some(1), "{gone:#?}");
    assert_eq!(std::fs::read(home.path("a.csv")).unwrap(), before);
    // Told to, it takes the file's place, and adds to the folder.
    wrote(&run("a.csv", &["--force", "--timeframe", "5m"]), 2);
    assert_eq!(rows_of(&[home.path("a.csv")]).len(), 2);
    let csv = ["--format", "csv"];
    wrote(&run("parts/", &csv), 10);
    wrote(&run("parts", &["--format", "csv", "--force"]), 10);
    let of = |part: u8| format!("bars/date=2019-02-13/symbol=A/part-{part}.csv");
    assert_eq!(names(&home.path("parts")), [of(0), of(1)]);
}

#[test]
fn an_export_that_is_broken_off_leaves_nothing_half() {
    let home = Home::new();
    home.write("out/there.csv", "what was there\n");
    for to in ["out/new.csv", "out/there.csv", "out/new.parquet"] {
        let endless = "sim:symbols=3,rate=max,seed=1,services=OHLCV";
        let arguments = ["export", "--to", to, "--force", "--source", endless];
        let mut program = Program::of(home.command(arguments));
        program.listen();
        // Under its own name when it is complete, which this one never is.
        wait_for("rows to be written", || {
            (files(&home.path("out")).len() > 1).then_some(())
        });
        program.signal(Signal::SIGINT);
        let run = program.finish();
        assert_eq!(run.code, Some(130), "{run:#?}");
        assert!(run.stderr.contains("nothing was written"), "{run:#?}");
        assert_eq!(names(&home.path("out")), ["there.csv"]);
        let kept = std::fs::read_to_string(home.path("out/there.csv")).unwrap();
        assert_eq!(kept, "what was there\n");
    }
}

#[test]
fn a_live_export_ends_when_told_and_keeps_what_has_come() {
    let home = Home::new();
    let server = Server::start();
    let source = format!("{}/v1?match=/t=1&symbol=/s&price=/p&size=/q", server.url());
    let arguments = [
        "--source",
        &source,
        "--symbols",
        "A",
        "--services",
        "TIMESALE",
    ];
    let mut program =
        Program::of(home.command(["export", "--to", "a.csv"].iter().chain(&arguments)));
    program.listen();
    let mut peer = server.accept();
    for size in 1..=20 {
        peer.send(format!(r#"{{"t":1,"s":"A","p":5,"q":{size}}}"#));
    }
    // Who comes again has taken all that came before the end.
    peer.cut();
    let peer = server.accept();
    program.signal(Signal::SIGINT);
    let run = program.finish();
    drop(peer);
    assert_eq!(run.code, Some(0), "{run:#?}");
    let rows = rows_of(&[home.path("a.csv")]);
    assert_eq!(rows.len(), 20, "{run:#?}");
    assert!(rows[19].contains(",5,20,"), "{rows:#?}");
}
