//! The main way through the program, key by key.

use super::quit;
use crate::pty::{Home, Terminal, clock};

/// A paused replay of two of three symbols, with a row that cannot be read.
fn paused(home: &Home) -> Terminal {
    let source = home.day();
    let rows = std::fs::read_to_string(home.path().join("bars/AAPL_1min.csv")).unwrap();
    let rows = rows.replacen(
        "2019-02-13 09:40:00,170.10",
        "2019-02-13 09:40:00,17O.10",
        1,
    );
    home.write("AAPL_1min.csv", rows);
    let symbols = ["--symbols", "AAPL,AMZN", "--speed", "600"];
    let mut terminal = Terminal::start(home, &[&["--source", &source], &symbols[..]].concat());
    terminal.wait("some data", |screen| {
        clock(screen) >= Some((9 * 60 + 45) * 60)
    });
    terminal.keys(" ");
    terminal.wait_for("‖ 600×");
    terminal
}

/// The watchlist's line of a symbol.
fn row(screen: &str, symbol: &str) -> Option<String> {
    let inside = screen
        .lines()
        .skip(2)
        .take_while(|line| !line.starts_with('╰'));
    inside
        .map(|line| line.split("││").next().unwrap_or_default().to_owned())
        .find(|line| line.split_whitespace().nth(2) == Some(symbol))
}

#[test]
fn symbols_come_and_go() {
    let home = Home::new();
    let mut terminal = paused(&home);
    terminal.wait_for("AAPL · 1m");
    terminal.keys("j");
    terminal.wait_for("AMZN · 1m");
    terminal.keys("k");
    terminal.wait_for("AAPL · 1m");
    terminal.keys("\x1b[B");
    terminal.wait_for("AMZN · 1m");

    terminal.keys("aSPY\r");
    terminal.wait("SPY with a price, selected", |screen| {
        row(screen, "SPY").is_some_and(|line| line.contains("275.")) && screen.contains("SPY · 1m")
    });
    terminal.keys("d");
    terminal.wait("SPY to go", |screen| row(screen, "SPY").is_none());
    assert!(terminal.text().contains("removed SPY · u brings it back"));
    terminal.keys("u");
    terminal.wait("SPY to come back with its price", |screen| {
        row(screen, "SPY").is_some_and(|line| line.contains("275."))
    });

    terminal.keys("/am");
    terminal.wait("the filter", |screen| {
        row(screen, "AAPL").is_none() && row(screen, "AMZN").is_some()
    });
    terminal.keys("\r\x1b");
    terminal.wait("everything again", |screen| row(screen, "AAPL").is_some());
    quit(terminal);
}

#[test]
fn a_row_that_cannot_be_read_is_seen_opened_and_marked() {
    let home = Home::new();
    let mut terminal = paused(&home);
    terminal.wait_for("⚠ 1");
    terminal.keys("e");
    terminal.wait("the errors alone", |screen| {
        !screen.contains("Watchlist") && screen.contains("AAPL_1min.csv:12")
    });
    assert!(terminal.text().contains("1 new"));
    terminal.keys("m");
    terminal.wait("no new error", |screen| {
        !screen.contains("1 new") && !screen.contains('⚠')
    });
    terminal.keys("\r");
    terminal.wait("the raw row", |screen| {
        screen.contains("raw input") && screen.contains("2019-02-13 09:40:00,17O.10,170.15")
    });
    terminal.keys("\x1b");
    terminal.wait_gone("raw input");
    terminal.keys("C");
    terminal.wait_for("no errors");
    terminal.keys("\x1b");
    terminal.wait_for("Watchlist");
    quit(terminal);
}

#[test]
fn views_panels_and_help() {
    let home = Home::new();
    let mut terminal = paused(&home);
    for (key, there, gone) in [
        ("p", "latency", "Watchlist"),
        ("2", "Watchlist", "Pipeline"),
        ("3", "Wed 2019-02-13", "Pipeline"),
        ("4", "AAPL_1min.csv:12", "Watchlist"),
        ("5", "latency", "AAPL_1min.csv:12"),
        ("1", "Watchlist", ""),
    ] {
        terminal.keys(key);
        terminal.wait(&format!("the view of {key}"), |screen| {
            screen.contains(there) && (gone.is_empty() || !screen.contains(gone))
        });
    }
    terminal.keys("\t");
    terminal.wait_for("▸AAPL · 1m");
    terminal.keys("z");
    terminal.wait_gone("Watchlist");
    terminal.keys("z");
    terminal.wait_for("Watchlist");
    terminal.keys("?");
    terminal.wait_for("Help");
    terminal.wait_for("Subscribe symbols");
    // While it is open the keys are its own.
    terminal.keys("q");
    terminal.wait_gone("Help");
    terminal.keys("f");
    terminal.wait_for("FROZEN");
    terminal.keys("f");
    terminal.wait_gone("FROZEN");
    quit(terminal);
}

#[test]
fn the_command_line_completes_and_says_what_was_meant() {
    let home = Home::new();
    let mut terminal = paused(&home);
    terminal.keys(":thme dark\r");
    terminal.wait_for("unknown command 'thme'; did you mean 'theme'?");
    terminal.keys("\x15vie\t");
    terminal.wait_for(":view");
    terminal.keys("er\t\r");
    terminal.wait("the errors alone", |screen| {
        !screen.contains("Watchlist") && screen.contains("AAPL_1min.csv:12")
    });
    terminal.keys(":add SPY\r1");
    terminal.wait("SPY with a price", |screen| {
        row(screen, "SPY").is_some_and(|line| line.contains("275."))
    });
    terminal.keys(":sort last desc\r");
    terminal.wait_for("by last ↓");
    terminal.keys(":remove SPY\r");
    terminal.wait("SPY to go", |screen| row(screen, "SPY").is_none());
    // The lines entered before come back.
    terminal.keys(":\x1b[A\x1b[A");
    terminal.wait_for(":sort last desc");
    terminal.keys("\x1b");
    terminal.wait_gone(":sort last desc");
    // What is pasted is text, never keys.
    terminal.keys("\x1b[200~q\x1b[201~");
    terminal.wait_for("then paste");
    quit(terminal);
}

#[test]
fn the_mouse_selects_sorts_and_opens() {
    let home = Home::new();
    let mut terminal = paused(&home);
    let click = |terminal: &mut Terminal, text: &str| {
        let (y, x) = terminal
            .text()
            .lines()
            .enumerate()
            .find_map(|(y, line)| Some((y, line[..line.find(text)?].chars().count())))
            .unwrap();
        let place = format!("{};{}", x + 1, y + 1);
        terminal.keys(&format!("\x1b[<0;{place}M\x1b[<0;{place}m"));
    };
    click(&mut terminal, " AMZN ");
    terminal.wait_for("AMZN · 1m");
    click(&mut terminal, "Last");
    terminal.wait_for("by last");
    click(&mut terminal, "p pipeline");
    terminal.wait_gone("Watchlist");
    quit(terminal);
}
