//! Ends and interruptions: the terminal is left as it was, whatever happens.

use std::time::{Duration, Instant};

use rustix::process::{Pid, Signal, kill_process};

use crate::pty::{DEADLINE, Home, Start, Terminal, sequences};

/// A run in which data flows for as long as a test takes.
fn running(home: &Home) -> Terminal {
    let mut terminal = Terminal::start(home, &["--source", &home.day(), "--speed", "300"]);
    terminal.wait_for("AMZN");
    terminal.wait_for("connected");
    terminal
}

#[test]
fn every_wish_to_end_is_met_with_0_and_a_clean_terminal() {
    for signal in [Signal::TERM, Signal::INT, Signal::HUP] {
        let home = Home::new();
        let terminal = running(&home);
        terminal.signal(signal);
        let ended = terminal.end();
        ended.assert_restored(0);
        sequences::check(&ended.bytes);
    }
    for key in ["\x03", "q", ":quit\r"] {
        let home = Home::new();
        let mut terminal = running(&home);
        assert!(!terminal.is_mode_restored());
        terminal.keys(key);
        let ended = terminal.end();
        ended.assert_restored(0);
        sequences::check(&ended.bytes);
    }
}

#[test]
fn a_terminal_that_goes_away_ends_the_run_and_the_session_is_kept() {
    let home = Home::new();
    let mut terminal = running(&home);
    terminal.keys("3");
    terminal.wait_gone("Pipeline");
    assert_eq!(terminal.hang_up().0, 0);
    let session = std::fs::read_to_string(home.path().join("state/streamer-tui/session.json"));
    assert!(session.unwrap().contains("\"chart\""));
}

#[test]
fn a_terminal_that_goes_away_without_a_signal_ends_the_run_just_so() {
    let home = Home::new();
    let start = Start {
        is_controlling: false,
        ..Start::default()
    };
    let source = home.day();
    let arguments = ["--source", &source, "--speed", "300"];
    let mut terminal = Terminal::start_with(&home, &start, &arguments);
    terminal.wait_for("connected");
    terminal.keys("3");
    terminal.wait_gone("Pipeline");
    // Nothing is drawn any more, so that no frame can find out.
    terminal.keys(" ");
    terminal.wait_for("‖");
    terminal.keys("?");
    while !terminal.is_quiet_for(Duration::from_millis(1100)) {}
    let (code, spent) = terminal.hang_up();
    assert_eq!(code, 0);
    assert!(spent < Duration::from_millis(200), "{spent:?}");
    let session = std::fs::read_to_string(home.path().join("state/streamer-tui/session.json"));
    assert!(session.unwrap().contains("\"chart\""));
}

#[test]
fn a_terminal_that_the_shell_above_has_taken_back_ends_the_run_just_so() {
    let home = Home::new();
    let start = Start {
        script: Some(
            r#"set -m; sh -c 'echo $$ > shell; "$0" "$@"; exit' "$0" "$@"; exec cat > /dev/null"#,
        ),
        ..Start::default()
    };
    let source = home.day();
    let arguments = ["--source", &source, "--speed", "300"];
    let mut terminal = Terminal::start_with(&home, &start, &arguments);
    terminal.wait_for("connected");
    terminal.keys("3");
    terminal.wait_gone("Pipeline");
    let shell = std::fs::read_to_string(home.path().join("shell")).unwrap();
    let shell = Pid::from_raw(shell.trim().parse().unwrap()).unwrap();
    kill_process(shell, Signal::KILL).unwrap();
    let session = home.path().join("state/streamer-tui/session.json");
    let deadline = Instant::now() + DEADLINE;
    while !std::fs::read_to_string(&session).is_ok_and(|session| session.contains("\"chart\"")) {
        assert!(Instant::now() < deadline, "it runs on");
        terminal.is_quiet_for(Duration::from_millis(50));
    }
    assert!(!terminal.screen().alternate_screen());
    terminal.signal(Signal::KILL);
}

#[test]
fn waiting_for_a_key_costs_nothing() {
    let home = Home::new();
    let mut terminal = running(&home);
    terminal.keys(" ");
    terminal.wait_for("‖");
    while !terminal.is_quiet_for(Duration::from_millis(1100)) {}
    let threads = ["terminal-input", "terminal-watch"];
    let rests = threads.map(|name| terminal.rests_of(name));
    let begun = Instant::now();
    let end = begun + Duration::from_millis(1500);
    while Instant::now() < end {
        terminal.is_quiet_for(end.saturating_duration_since(Instant::now()));
    }
    let most = begun.elapsed().as_secs();
    for (name, before) in threads.into_iter().zip(rests) {
        let woken = terminal.rests_of(name) - before;
        assert!(woken <= most, "{name} was woken {woken} times");
    }
    // A burst of keys comes through whole.
    terminal.keys(&format!("/{}", "xyz".repeat(300)));
    terminal.wait_for(&"xyz".repeat(5));
    terminal.keys("\x1b");
    terminal.signal(Signal::TERM);
    terminal.end().assert_restored(0);
}

#[test]
fn the_shell_gets_its_terminal_back_while_the_program_is_stopped() {
    let home = Home::new();
    let mut terminal = running(&home);
    for stop in ["signal", "key"] {
        let frames = terminal.frames();
        if stop == "key" {
            terminal.keys("\x1a");
        } else {
            terminal.signal(Signal::TSTP);
        }
        terminal.wait_until("the shell's screen", |terminal| {
            !terminal.screen().alternate_screen()
        });
        assert!(!terminal.screen().hide_cursor());
        assert!(terminal.is_mode_restored());
        wait_until_stopped(&terminal);
        terminal.signal(Signal::CONT);
        terminal.wait_until("the screen again", |terminal| {
            terminal.screen().alternate_screen() && terminal.frames() > frames
        });
        terminal.wait_for("q quit");
        assert!(terminal.text().contains("Watchlist"));
        assert!(terminal.screen().hide_cursor());
        assert!(!terminal.is_mode_restored());
    }
    // Keys are taken as before.
    terminal.keys("q");
    let ended = terminal.end();
    ended.assert_restored(0);
    sequences::check(&ended.bytes);
}

#[test]
fn a_storm_of_sizes_ends_in_a_correct_picture() {
    let home = Home::new();
    let mut terminal = running(&home);
    terminal.keys(" ");
    terminal.wait_for("‖");
    let (begun, before) = (Instant::now(), terminal.frames());
    let processor_before = terminal.processor_time().unwrap();
    for step in 0..500_u16 {
        terminal.resize((step * 37) % 150 + 1, (step * 11) % 50 + 1);
    }
    terminal.resize(1, 1);
    terminal.resize(100, 30);
    terminal.wait("the whole picture at its last size", |screen| {
        is_whole(screen, 100, 30)
    });
    let most = begun.elapsed().as_millis() as usize * 60 / 1000 + 10;
    let drawn = terminal.frames() - before;
    assert!(drawn <= most, "{drawn} frames, {most} at most");
    // Once it is over nothing goes on behind the scenes.
    while !terminal.is_quiet_for(Duration::from_millis(300)) {}
    let spent = terminal
        .processor_time()
        .unwrap()
        .saturating_sub(processor_before);
    let limit = begun.elapsed() / 2 + Duration::from_millis(500);
    assert!(
        spent < limit,
        "{spent:?} of processor time, {limit:?} at most"
    );
    terminal.keys("q");
    let ended = terminal.end();
    ended.assert_restored(0);
    sequences::check(&ended.bytes);
}

#[test]
fn every_size_has_a_picture() {
    let home = Home::new();
    let mut terminal = running(&home);
    for (columns, rows) in [(80, 24), (40, 12), (140, 40)] {
        terminal.resize(columns, rows);
        terminal.wait("the whole picture", |screen| {
            is_whole(screen, columns, rows)
        });
    }
    terminal.resize(10, 3);
    terminal.wait("what it needs", |screen| {
        screen.contains("small") || screen.contains('×') || screen.contains('x')
    });
    let frames = terminal.frames();
    terminal.resize(1, 1);
    terminal.wait_until("a frame of one cell", |terminal| terminal.frames() > frames);
    terminal.resize(80, 24);
    terminal.wait("the picture again", |screen| is_whole(screen, 80, 24));
    terminal.keys("q");
    let ended = terminal.end();
    ended.assert_restored(0);
    sequences::check(&ended.bytes);
}

#[test]
fn a_terminal_that_does_not_know_its_size_is_taken_for_an_old_one() {
    let home = Home::new();
    let start = Start {
        columns: 80,
        rows: 24,
        ..Start::default()
    };
    let mut terminal = Terminal::start_with(&home, &start, &["--symbols", "AAPL"]);
    terminal.wait("a picture", |screen| is_whole(screen, 80, 24));
    terminal.claim_size(0, 0);
    terminal.keys("3");
    terminal.wait("a chart of 80 columns", |screen| {
        is_whole(screen, 80, 24) && !screen.contains("Watchlist")
    });
    // Not by a key: the terminal library asks another program for a size that is zero, and that may swallow one.
    terminal.signal(Signal::TERM);
    terminal.end().assert_restored(0);
}

/// Whether header, panels to the last column, and footer are where they belong.
fn is_whole(screen: &str, columns: u16, rows: u16) -> bool {
    let (columns, rows) = (usize::from(columns), usize::from(rows));
    let lines: Vec<Vec<char>> = screen.lines().map(|line| line.chars().collect()).collect();
    let is_header = |line: &[char]| {
        let line: String = line.iter().collect();
        line.contains("REPLAY") || line.contains("SYNTHETIC")
    };
    lines.len() == rows
        && is_header(&lines[0])
        && lines[1].len() == columns
        && lines[1].first() == Some(&'╭')
        && lines[1].last() == Some(&'╮')
        && lines[rows - 2].len() == columns
        && lines[rows - 2].first() == Some(&'╰')
        && lines[rows - 2].last() == Some(&'╯')
        && String::from_iter(&lines[rows - 1])
            .trim_end()
            .ends_with("quit")
}

fn wait_until_stopped(terminal: &Terminal) {
    crate::support::wait_for("the stop", || {
        let path = format!("/proc/{}/stat", terminal.process());
        let line = std::fs::read_to_string(path).unwrap();
        let state = line.rsplit_once(')').unwrap().1.trim_start().chars().next();
        (state == Some('T')).then_some(())
    });
}
