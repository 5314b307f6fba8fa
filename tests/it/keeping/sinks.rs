//! `--sink`: results as files while the program runs, and what is there when it ends in any way.

use std::path::PathBuf;

use nix::sys::signal::Signal;
use serde_json::Value;
use streamer_tui::sources::files::frames;

use crate::program::{Finished, Home, bar_lines, fixture};
use crate::support::venue_server::{Peer, Server};
use crate::support::wait_for;

use super::{bars, files, names, replay, rows_of};

/// A feed of trades.
fn feed(server: &Server) -> String {
    format!("{}/v1?match=/t=1&symbol=/s&price=/p&size=/q", server.url())
}

fn send(peer: &mut Peer, sizes: std::ops::RangeInclusive<u32>) {
    for size in sizes {
        peer.send(format!(r#"{{"t":1,"s":"A","p":5,"q":{size}}}"#));
    }
}

/// The sizes in results.
fn sizes_of(results: &[Value]) -> Vec<i64> {
    let size = |result: &Value| result["size"].as_i64().unwrap();
    results.iter().map(size).collect()
}

/// The sizes in files of CSV, whose rows are whole.
fn sizes_in(paths: &[PathBuf]) -> Vec<i64> {
    rows_of(paths)
        .iter()
        .map(|row| {
            let cells: Vec<&str> = row.split(',').collect();
            assert_eq!(cells.len(), 12, "{row}");
            cells[4].parse().unwrap()
        })
        .collect()
}

/// The sizes in files of Parquet.
fn sizes_in_frames(paths: &[PathBuf]) -> Vec<i64> {
    let mut sizes = Vec::new();
    for path in paths {
        let frame = frames::read(path).unwrap();
        let column = frame.column("size").unwrap().f64().unwrap().clone();
        sizes.extend(column.iter().map(|size| size.unwrap() as i64));
    }
    sizes
}

#[test]
fn a_replay_is_written_in_every_format_beside_its_results() {
    let home = Home::new();
    let source = fixture();
    let run = home
        .headless(&[
            "--source",
            &source,
            "--sink",
            "csv:out/csv",
            "--sink",
            "jsonl:out/jsonl",
            "--sink",
            "parquet:out/parquet",
            "--sink",
            "ipc:out/ipc",
        ])
        .well();
    let results = run.results();
    assert_eq!(results.len(), 5);
    let expected = bars(&home, Some(&source));
    for format in ["csv", "jsonl", "parquet", "ipc"] {
        let folder = home.path("out").join(format).join("bars");
        let of = |symbol: &str| format!("date=2024-07-09/symbol={symbol}/part-0.{format}");
        assert_eq!(
            names(&folder),
            [of("AAPL"), of("AMZN"), of("DUD")][..2],
            "{run:#?}"
        );
        let found = bars(&home, Some(&replay(&folder)));
        assert_eq!(found, expected, "{format}");
    }
}

#[test]
fn what_has_come_live_is_in_whole_files_after_a_signal() {
    let home = Home::new();
    let server = Server::start();
    let arguments = [
        "--source",
        &feed(&server),
        "--symbols",
        "A",
        "--record",
        "tapes",
        "--sink",
        "parquet:out/parquet?rows=8&services=TIMESALE",
        "--sink",
        "csv:out/csv?rows=1000",
        "--sink",
        "jsonl:out/none?services=NEWS",
    ];
    let mut program = home.start(&arguments);
    let mut peer = server.accept();
    send(&mut peer, 1..=20);
    program.next_where("the last trade", |line| line["size"] == 20);
    program.signal(Signal::SIGTERM);
    let run = program.finish();
    drop(peer);
    assert_eq!(run.code, Some(0), "{run:#?}");
    let sizes = sizes_of(&run.results());
    let csv = files(&home.path("out/csv/trades"));
    let parquet = files(&home.path("out/parquet"));
    assert_eq!((csv.len(), parquet.len()), (1, 3), "{csv:?} {parquet:?}");
    assert_eq!(sizes_in(&csv), sizes);
    assert_eq!(sizes_in_frames(&parquet), sizes);
    assert!(!home.path("out/none").exists());
    // What was recorded gives the same files again, behind those that are there.
    let again = |home: &Home| -> Finished {
        let source = replay(&home.path("tapes"));
        let sink = "csv:out/csv?services=TIMESALE";
        home.headless(&["--source", &source, "--sink", sink]).well()
    };
    assert_eq!(sizes_of(&again(&home).results()), sizes);
    let csv = files(&home.path("out/csv/trades"));
    assert_eq!(csv.len(), 2, "{csv:?}");
    let text = |path: &PathBuf| std::fs::read_to_string(path).unwrap();
    assert_eq!(
        text(&csv[0]),
        // A recording alone is called so.
        text(&csv[1]).replace(",replay", ",websocket")
    );
}

#[test]
fn however_many_files_there_are_a_signal_waits_for_them() {
    let home = Home::new();
    let source = "sim:symbols=100,rate=5000,seed=1,services=TIMESALE";
    let mut program = home.start(&["--source", source, "--sink", "csv:out"]);
    for _ in 0..1000 {
        program.next_where("a trade", |line| line["type"] == "result");
    }
    program.signal(Signal::SIGTERM);
    let run = program.finish();
    assert_eq!((run.code, run.stderr.as_str()), (Some(0), ""));
    let written = files(&home.path("out"));
    assert!(written.len() > 50, "{}", written.len());
    assert_eq!(rows_of(&written).len(), run.results().len());
}

#[test]
fn a_program_that_is_killed_loses_the_part_under_way_and_no_other() {
    let home = Home::new();
    let server = Server::start();
    let arguments = [
        "--source",
        &feed(&server),
        "--symbols",
        "A",
        "--sink",
        "parquet:out?rows=10&seconds=3600&services=TIMESALE",
    ];
    let whole = || -> Vec<PathBuf> {
        let mut files = files(&home.path("out"));
        files.retain(|path| path.extension().is_some_and(|it| it == "parquet"));
        files
    };
    for run in 1..=2 {
        let mut program = home.start(&arguments);
        let mut peer = server.accept();
        send(&mut peer, 1..=25);
        program.next_where("the last trade", |line| line["size"] == 25);
        wait_for("two parts", || (whole().len() == 2 * run).then_some(()));
        program.signal(Signal::SIGKILL);
        assert_eq!(program.finish().code, None);
        // Both parts of each run, whole; five trades of each have gone with it.
        let expected: Vec<i64> = (1..=20).cycle().take(20 * run).collect();
        assert_eq!(sizes_in_frames(&whole()), expected);
    }
}

#[test]
fn a_sink_that_cannot_write_ends_nothing_but_is_told() {
    let home = Home::new();
    home.write("out", "a file where a folder should be");
    let source = home.replay("bars.jsonl", bar_lines(&["A"], 0..10));
    let run = home.headless(&["--source", &source, "--sink", "csv:out"]);
    assert_eq!(run.results().len(), 10, "{run:#?}");
    assert_eq!(run.code, Some(1), "{run:#?}");
    assert!(run.stderr.contains("out/bars/"), "{run:#?}");
    for (sink, part) in [
        ("csv", "write it as kind:FOLDER"),
        ("xlsx:out", "'xlsx' is no format"),
        ("csv:out?rows=0", "rows has to be"),
    ] {
        let run = home.headless(&["--source", &source, "--sink", sink]);
        assert_eq!(run.code, Some(2), "{run:#?}");
        assert!(run.stderr.contains(part), "{run:#?}");
    }
}
