//! How a run ends, and what it does while nobody reads.

use std::io::{BufRead, BufReader, Read};
use std::process::Stdio;

use nix::sys::signal::Signal;

use crate::program::{Finished, Home, Program, bar_lines, fixture};
use crate::support::wait_for;

/// A home in which little may wait anywhere, so that what is not bounded shows.
fn narrow() -> Home {
    Home::new()
        .with("STREAMER_TUI_PROCESSING_CAPACITY", "64")
        .with("STREAMER_TUI_RESULTS_CAPACITY", "64")
        .with("STREAMER_TUI_SYMBOL_BACKLOG", "1024")
}

/// Its results are the first ones, each once and in order, and every line is whole.
fn is_a_whole_beginning(run: &Finished, symbol: &str) -> usize {
    let volumes = run.numbers(symbol, "volume");
    let in_order = volumes.iter().copied().eq(0..volumes.len() as i64);
    assert!(in_order, "{} results, not in order", volumes.len());
    volumes.len()
}

#[test]
fn each_signal_lets_what_is_under_way_finish() {
    let home = Home::new();
    let source = home.replay("bars.jsonl", bar_lines(&["AAPL"], 0..2000));
    let source = format!("{source}?loop=true");
    for signal in [Signal::SIGTERM, Signal::SIGINT, Signal::SIGHUP] {
        let mut program = home.start(&["--source", &source, "--speed", "max"]);
        for _ in 0..100 {
            program.next_result("AAPL");
        }
        program.signal(signal);
        let run = program.finish().well();
        let volumes = run.numbers("AAPL", "volume");
        assert!(
            volumes
                .iter()
                .enumerate()
                .all(|(at, &volume)| volume == at as i64 % 2000),
            "{signal}: lost or repeated"
        );
        assert!(home.log().contains("ended"), "{signal}");
    }
}

#[test]
fn a_hangup_is_ignored_where_whoever_started_the_program_wanted_it_so() {
    let home = Home::new();
    let mut command = home.command([] as [&str; 0]);
    let program = command.get_program().to_owned();
    let mut shell = std::process::Command::new("sh");
    shell
        .args(["-c", "trap '' HUP; exec \"$@\"", "sh"])
        .arg(program)
        .args(["--headless", "--source", "sim:symbols=1,rate=50"])
        .env_clear()
        .envs(
            command
                .get_envs()
                .filter_map(|(name, value)| Some((name, value?))),
        )
        .current_dir(home.path(""))
        .stdin(Stdio::piped())
        .stdout(Stdio::piped())
        .stderr(Stdio::piped());
    let mut program = Program::of(shell);
    program.listen();
    program.next_result("SIM00001");
    program.signal(Signal::SIGHUP);
    for _ in 0..20 {
        program.next_result("SIM00001");
    }
    program.signal(Signal::SIGTERM);
    program.finish().well();
    command.stdin(Stdio::null());
}

#[test]
fn a_reader_that_goes_ends_the_run_quietly() {
    let home = Home::new();
    for arguments in [
        vec!["--source", "sim:symbols=5,rate=max", "--speed", "max"],
        vec!["--source", "sim:symbols=1,rate=20"],
    ] {
        let mut program = home.start_unread(&arguments);
        let mut reader = BufReader::new(program.take_stdout());
        let mut line = String::new();
        reader.read_line(&mut line).unwrap();
        assert!(line.ends_with('\n'));
        drop(reader);
        let run = program.finish();
        assert_eq!(
            (run.code, run.stderr.as_str()),
            (Some(0), ""),
            "{arguments:?}"
        );
    }
}

#[test]
fn what_is_printed_to_nobody_is_no_failure() {
    let home = Home::new();
    for arguments in [
        vec!["--help"],
        vec!["--version"],
        vec!["man"],
        vec!["sources"],
        vec!["sources", "--json"],
        vec!["check"],
        vec!["completions", "bash"],
    ] {
        let mut child = home.command(&arguments).spawn().unwrap();
        drop(child.stdout.take());
        let output = child.wait_with_output().unwrap();
        assert_eq!(output.status.code(), Some(0), "{arguments:?}");
        assert!(output.stderr.is_empty(), "{arguments:?}");
    }
}

#[test]
fn a_disk_that_is_full_ends_the_run_and_is_told() {
    let home = Home::new();
    let mut command = home.command(["--headless", "--source", "sim:symbols=1,rate=max"]);
    let full = std::fs::OpenOptions::new()
        .write(true)
        .open("/dev/full")
        .unwrap();
    let mut child = command.stdout(full).spawn().unwrap();
    let mut stderr = String::new();
    child
        .stderr
        .take()
        .unwrap()
        .read_to_string(&mut stderr)
        .unwrap();
    assert_eq!(child.wait().unwrap().code(), Some(1));
    assert!(stderr.contains("results could not be written"), "{stderr}");
}

#[test]
fn a_replay_waits_for_a_reader_with_bounded_memory_and_loses_nothing() {
    const BARS: i64 = 200_000;
    let home = narrow();
    let input = bar_lines(&["AAPL"], 0..BARS);
    let input_bytes = input.len() as u64;
    let source = home.replay("long.jsonl", input);
    let mut program = home.start_unread(&["--source", &source, "--speed", "max"]);
    program.wait_until_idle();
    let read_bytes = program.proc_number("io", "rchar:");
    assert!(
        read_bytes < input_bytes / 2,
        "{read_bytes} of {input_bytes} bytes were read although nobody takes the results"
    );
    let resident_kib = program.resident_kib();
    assert!(resident_kib < 60 * 1024, "{resident_kib} KiB");
    program.listen();
    let run = program.finish().well();
    assert_eq!(is_a_whole_beginning(&run, "AAPL"), BARS as usize);
}

#[test]
fn a_signal_while_nobody_reads_waits_for_the_reader_and_a_second_ctrl_c_does_not() {
    let home = narrow();
    let source = home.replay("long.jsonl", bar_lines(&["AAPL"], 0..20_000));
    let arguments = ["--source", source.as_str(), "--speed", "max"];

    let mut program = home.start_unread(&arguments);
    program.wait_until_idle();
    program.signal(Signal::SIGTERM);
    wait_for("the signal to be taken", || {
        home.log().contains("received").then_some(())
    });
    program.listen();
    let run = program.finish().well();
    assert!(is_a_whole_beginning(&run, "AAPL") > 500);

    let home = narrow();
    let program = home.start_unread(&arguments);
    program.wait_until_idle();
    program.signal(Signal::SIGINT);
    wait_for("the first Ctrl-C to be taken", || {
        home.log().contains("received").then_some(())
    });
    program.signal(Signal::SIGINT);
    let run = program.finish();
    assert_eq!((run.code, run.stderr.as_str()), (Some(130), ""));
}

#[test]
fn without_a_source_that_opens_it_ends_with_1_and_one_of_two_is_enough() {
    let home = Home::new();
    let run = home.headless(&["--source", "replay:missing.csv"]);
    assert_eq!(run.code, Some(1));
    assert!(run.lines.is_empty());
    assert!(
        run.stderr.contains("no source could be opened") && run.stderr.contains("missing.csv"),
        "{}",
        run.stderr
    );
    home.write("empty/readme.txt", "nothing to play");
    let run = home.headless(&["--source", "replay:empty"]);
    assert_eq!(run.code, Some(1), "{}", run.stderr);

    let run = home
        .headless(&["--source", "replay:missing.csv", "--source", &fixture()])
        .well();
    assert_eq!(run.results().len(), 5);
    let errors = run.errors();
    assert!(
        errors.iter().any(
            |error| error["message"].as_str().unwrap().contains("missing.csv")
                && error["source"] == "replay"
        ),
        "{errors:?}"
    );
    assert!(errors.iter().any(|error| error["source"] == "replay-2"));
}

#[test]
fn a_run_without_a_screen_leaves_a_log_and_nothing_else() {
    let home = Home::new();
    home.headless(&["--source", &fixture()]).well();
    let mut files = Vec::new();
    let mut folders = vec![home.path("")];
    while let Some(folder) = folders.pop() {
        for entry in std::fs::read_dir(folder).unwrap() {
            let path = entry.unwrap().path();
            if path.is_dir() {
                folders.push(path);
            } else {
                files.push(path);
            }
        }
    }
    assert_eq!(files, [home.path("state/streamer-tui/streamer-tui.log")]);
    assert!(home.log().contains("started") && home.log().contains("ended"));
}
