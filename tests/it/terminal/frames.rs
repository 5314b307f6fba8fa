//! The first frame, what a frame is made of, and terminals that can show none.

use std::process::{Command, Stdio};
use std::time::Duration;

use crate::pty::{Home, Start, Terminal, sequences};

/// What every full layout has, whatever data there is.
const PANELS: [&str; 4] = ["Watchlist", "Chart", "Errors", "Pipeline"];

#[test]
fn the_first_frame_is_the_full_layout_and_waits_for_nothing() {
    let home = Home::new();
    // A symbol that never has data: the screen has to come without any.
    let source = home.day();
    let mut terminal = Terminal::start(&home, &["--source", &source, "--symbols", "DUD"]);
    terminal.wait_until("the first frame", |terminal| terminal.frames() >= 1);
    let first = terminal.text();
    for panel in PANELS {
        assert!(first.contains(panel), "no {panel} in:\n{first}");
    }
    assert_eq!(first.lines().count(), 40, "{first}");
    assert!(first.contains("q quit"), "{first}");
    terminal.keys("q");
    let ended = terminal.end();
    ended.assert_restored(0);
    assert!(sequences::check(&ended.bytes).frames >= 1);
}

#[test]
fn two_symbols_alone_show_the_bundled_session_at_once() {
    let home = Home::new();
    let mut terminal = Terminal::start(&home, &["--symbols", "AAPL,AMZN"]);
    terminal.wait("both symbols with prices and a chart", |screen| {
        let has_price = |symbol: &str| {
            screen
                .lines()
                .any(|line| line.contains(&format!(" {symbol} ")) && line.contains('%'))
        };
        has_price("AAPL") && has_price("AMZN") && screen.contains('┃')
    });
    let text = terminal.text();
    assert!(text.contains("SYNTHETIC"), "{text}");
    assert!(text.contains("60×"), "{text}");
    // It lives: the clock goes on by itself.
    let clock = terminal.line(0);
    terminal.wait("a later clock", |screen| !screen.starts_with(&clock));
    terminal.keys("q");
    let ended = terminal.end();
    ended.assert_restored(0);
    let found = sequences::check(&ended.bytes);
    assert!(found.has_color);
    assert_eq!(found.clipboard, Vec::<String>::new());
}

#[test]
fn nothing_is_drawn_while_nothing_changes() {
    let home = Home::new();
    let source = home.day();
    let arguments = ["--source", &source, "--symbols", "AAPL", "--speed", "600"];
    let mut terminal = Terminal::start(&home, &arguments);
    terminal.wait_for("connected");
    terminal.keys(" ");
    terminal.wait_for("‖");
    let mut quiet = 0;
    // The rates fall to zero, the last flash ends; then there is nothing left to draw.
    while !terminal.is_quiet_for(Duration::from_millis(700)) {
        quiet += 1;
        assert!(quiet < 200, "it never comes to rest");
    }
    terminal.keys("q");
    terminal.end().assert_restored(0);
}

#[test]
fn without_colour_the_same_is_said_in_other_looks() {
    let home = Home::new();
    let source = home.day();
    let arguments = [
        "--source",
        &source,
        "--speed",
        "max",
        "--view",
        "watchlist",
        "--no-session",
    ];
    let show = |variables: &[(&str, &str)]| {
        let start = Start {
            variables,
            ..Start::default()
        };
        let mut terminal = Terminal::start_with(&home, &start, &arguments);
        terminal.wait("the last bar", |screen| {
            ["ended", "173.91", "278.91", "1643.91"]
                .iter()
                .all(|part| screen.contains(part))
        });
        // Columns keep the greatest width that they have had, which is not the same each time.
        let text = terminal.text();
        let rows: Vec<String> = text
            .lines()
            .skip(1)
            .map(|line| line.split_whitespace().collect::<Vec<_>>().join(" "))
            .collect();
        terminal.keys("q");
        let ended = terminal.end();
        ended.assert_restored(0);
        (rows, sequences::check(&ended.bytes).has_color)
    };
    let (colored, has_color) = show(&[]);
    assert!(has_color);
    let (plain, has_color) = show(&[("NO_COLOR", "1")]);
    assert!(!has_color);
    assert_eq!(colored, plain);
}

#[test]
fn a_plain_locale_gets_plain_characters() {
    let home = Home::new();
    let source = home.day();
    let start = Start {
        variables: &[("LANG", "C")],
        ..Start::default()
    };
    let arguments = ["--source", &source, "--symbols", "AAPL", "--speed", "600"];
    let mut terminal = Terminal::start_with(&home, &start, &arguments);
    terminal.wait_for("170.1");
    terminal.keys("?");
    terminal.wait_for("Everywhere");
    terminal.keys("q");
    terminal.wait_gone("Everywhere");
    for (key, title) in [
        ("2", "Watchlist"),
        ("4", "Errors"),
        ("5", "latency"),
        ("3", "O 17"),
    ] {
        terminal.keys(key);
        terminal.wait_for(title);
    }
    terminal.keys("q");
    let ended = terminal.end();
    ended.assert_restored(0);
    sequences::check(&ended.bytes);
    let odd: Vec<char> = String::from_utf8(ended.bytes)
        .unwrap()
        .chars()
        .filter(|c| !c.is_ascii())
        .collect();
    assert!(odd.is_empty(), "{odd:?}");
}

#[test]
fn a_terminal_that_can_show_nothing_is_refused_with_a_way_out() {
    let home = Home::new();
    let start = Start {
        variables: &[("TERM", "dumb")],
        ..Start::default()
    };
    let ended = Terminal::start_with(&home, &start, &[]).end();
    assert_eq!(ended.code, 2);
    assert!(ended.text.contains("--headless"), "{}", ended.text);
    assert!(!ended.bytes.contains(&0x1b), "{:?}", ended.text);
}

#[test]
fn what_is_no_terminal_gets_no_escape_codes() {
    let home = Home::new();
    let source = home.day();
    home.write(
        "BAD_1min.csv",
        "datetime,open,high,low,close,volume\n2019-02-13 09:30:00,\x1b[31m,1,1,1,1\n",
    );
    let output = Command::new(env!("CARGO_BIN_EXE_streamer-tui"))
        .args(["--source", &source, "--speed", "max"])
        .env_clear()
        .envs(home.variables())
        .stdin(Stdio::null())
        .output()
        .unwrap();
    assert!(output.status.success(), "{:?}", output.status);
    let lines = String::from_utf8(output.stdout.clone())
        .unwrap()
        .lines()
        .count();
    assert!(lines > 3 * 390, "{lines}");
    assert!(!output.stdout.contains(&0x1b));
    assert!(!output.stderr.contains(&0x1b));
}
