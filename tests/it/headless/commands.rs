//! Commands on stdin.

use std::time::Duration;

use crate::program::{Home, Program, bar_lines};

/// A day of bars of four symbols, played at a pace that lets commands come in between.
fn playing(home: &Home, speed: &str, symbols: &str) -> Program {
    let source = home.replay(
        "day.jsonl",
        bar_lines(&["AAPL", "AMZN", "SPY", "TSLA"], 0..5000),
    );
    home.start(&["--source", &source, "--speed", speed, "--symbols", symbols])
}

#[test]
fn symbols_come_and_go() {
    let home = Home::new();
    let mut program = playing(&home, "6000", "AAPL");
    program.next_result("AAPL");
    program.tell("add TSLA, SPY");
    let first = program.next_result("TSLA")["volume"].as_i64().unwrap();
    assert!(
        first > 0,
        "a symbol that joins begins where the replay stands"
    );
    program.tell("remove TSLA");
    let gone = program.next_status("unsubscribed");
    assert_eq!(gone["symbol"], "TSLA");
    let spy = program.next_result("SPY")["volume"].as_i64().unwrap();
    assert!(spy >= first);
    program.tell("add TSLA@replay");
    program.next_result("TSLA");
    program.tell("quit");
    let run = program.finish().well();
    let aapl = run.numbers("AAPL", "volume");
    assert!(
        aapl.iter().copied().eq(0..aapl.len() as i64),
        "nothing lost, nothing twice"
    );
    assert!(run.results_of("AMZN").is_empty());
}

#[test]
fn a_replay_is_paused_stepped_resumed_and_sought() {
    let home = Home::new();
    let mut program = playing(&home, "600", "AAPL");
    program.next_result("AAPL");
    program.tell("pause");
    program.settle();
    assert!(program.is_silent_for(Duration::from_millis(300)));
    program.tell("step");
    let stepped = program.next_result("AAPL")["volume"].as_i64().unwrap();
    program.tell("step");
    assert_eq!(program.next_result("AAPL")["volume"], stepped + 1);
    assert!(program.is_silent_for(Duration::from_millis(200)));
    program.tell("speed 36000");
    program.tell("resume");
    assert_eq!(program.next_result("AAPL")["volume"], stepped + 2);
    // The first bar is of 04:30 in New York, so that 10:30 is six hours after it.
    program.tell("pause");
    program.settle();
    program.tell("seek 2019-02-13T10:30");
    program.next_status("seek");
    program.tell("step");
    assert_eq!(program.next_result("AAPL")["volume"], 360);
    program.tell("speed max");
    program.tell("resume");
    program.next_error("No more data available");
    let run = program.finish().well();
    assert_eq!(run.numbers("AAPL", "volume").last(), Some(&4999));
}

#[test]
fn what_is_no_command_is_answered_with_a_quotation_and_the_stream_goes_on() {
    let home = Home::new();
    let mut program = playing(&home, "6000", "AAPL");
    for (line, part) in [
        (
            b"frobnicate the feed".as_slice(),
            "unknown command 'frobnicate the feed'",
        ),
        (b"speed fast", "'speed fast': 'fast' is no speed"),
        (b"seek soon", "'seek soon'"),
        (b"add", "'add': name one symbol or more"),
        (b"add \xff\xfe", "not UTF-8"),
        ("x".repeat(1 << 20).as_bytes(), "'xxxxxxxx"),
        (b"\x1b[2Jclear", "[2Jclear"),
    ] {
        program.tell(line);
        let error = program.next_error(part);
        assert_eq!(error["error"], "ConfigError");
        assert!(error.to_string().len() < 10_000);
    }
    program.tell("");
    program.next_result("AAPL");
    program.tell("quit");
    let run = program.finish().well();
    assert_eq!(run.errors().len(), 7, "{:?}", run.errors());
    assert!(!run.text().contains('\u{1b}'));
    let aapl = run.numbers("AAPL", "volume");
    assert!(aapl.iter().copied().eq(0..aapl.len() as i64));
}

#[test]
fn the_end_of_stdin_is_no_command() {
    let home = Home::new();
    let mut program = playing(&home, "6000", "AAPL");
    program.close_stdin();
    for _ in 0..20 {
        program.next_result("AAPL");
    }
    drop(program);
    // Nothing on stdin at all: the whole replay all the same.
    let source = home.replay("short.jsonl", bar_lines(&["AAPL"], 0..100));
    let run = home.headless(&["--source", &source]).well();
    assert_eq!(run.results().len(), 100);
}

#[test]
fn an_open_stdin_keeps_nothing_alive() {
    let home = Home::new();
    let source = home.replay("short.jsonl", bar_lines(&["AAPL"], 0..100));
    let program = home.start(&["--source", &source, "--speed", "max"]);
    // Its stdin is open until it has ended by itself.
    let run = program.finish().well();
    assert_eq!(run.results().len(), 100);
}

#[test]
fn a_command_without_a_newline_at_the_end_of_stdin_is_obeyed() {
    use std::io::Write;
    let home = Home::new();
    let mut command = home.command(["--headless", "--source", "sim:symbols=1,rate=10"]);
    command.stdin(std::process::Stdio::piped());
    let mut child = command.spawn().unwrap();
    child.stdin.take().unwrap().write_all(b"quit").unwrap();
    let output = child.wait_with_output().unwrap();
    assert_eq!(output.status.code(), Some(0));
    assert!(output.stderr.is_empty());
}
