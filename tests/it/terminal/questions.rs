//! Questions in SQL on the screen, and what is kept for them.

use super::quit;
use crate::pty::{Home, Terminal};

/// A day of three symbols that has been played to its end.
fn played(home: &Home, more: &[&str]) -> Terminal {
    let source = home.day();
    let basics = ["--source", &source, "--speed", "max"];
    let mut terminal = Terminal::start(home, &[&basics[..], more].concat());
    terminal.wait("the end", |screen| {
        screen.contains("ended") && screen.contains("No more data")
    });
    terminal
}

/// Whether a line of the screen holds these words in this order, and nothing between them but space.
fn has_row(screen: &str, words: &[&str]) -> bool {
    let words = words.join(" ");
    screen.lines().any(|line| {
        let inside: Vec<&str> = line.split_whitespace().collect();
        inside.join(" ").contains(&words)
    })
}

#[test]
fn a_question_is_typed_with_completion_answered_and_written() {
    let home = Home::new();
    let mut terminal = played(&home, &[]);
    terminal.keys("Q");
    terminal.wait_for("╭ Query");
    terminal.wait_for("Enter asks");
    terminal.keys("SELECT symbol, count(*) AS n, max(hig");
    terminal.wait_for("max(hig");
    terminal.keys("\t");
    terminal.wait_for("max(high");
    terminal.keys(") FROM bar");
    terminal.wait_for("bars_15m");
    terminal.keys("s GROUP BY symbol ORDER BY symbol\r");
    terminal.wait("the answer", |screen| {
        has_row(screen, &["AAPL", "390", "173.94"]) && has_row(screen, &["SPY", "390", "278.94"])
    });
    terminal.keys(":answer answer.csv\r");
    terminal.wait_for("answer.csv");
    let written = home.path().join("answer.csv");
    terminal.wait("the file", |_| written.exists());
    let text = std::fs::read_to_string(&written).unwrap();
    let lines: Vec<&str> = text.lines().collect();
    assert_eq!(lines.len(), 4, "{text}");
    assert!(lines[0].starts_with("symbol,n,"), "{text}");
    assert!(lines[1].starts_with("AAPL,390,173.94"), "{text}");
    // What is there is not replaced unless told.
    terminal.keys(":answer answer.csv\r");
    terminal.wait_for("it is there already");
    terminal.keys(":answer answer.jsonl\r");
    let written = home.path().join("answer.jsonl");
    terminal.wait("the other file", |_| written.exists());
    let text = std::fs::read_to_string(&written).unwrap();
    let first: serde_json::Value = serde_json::from_str(text.lines().next().unwrap()).unwrap();
    assert_eq!(
        (&first["symbol"], &first["n"]),
        (&"AAPL".into(), &390.into())
    );
    // From anywhere, and what is wrong says so.
    terminal.keys("1:sql SELECT clsoe FROM bars\r");
    terminal.wait_for("did you mean 'close'?");
    terminal.keys(":sql SELECT min(low) AS lowest FROM bars WHERE symbol = 'SPY'\r");
    terminal.wait("the answer", |screen| {
        screen.contains("lowest") && screen.contains("274.95")
    });
    quit(terminal);
}

#[test]
fn a_question_that_takes_long_is_given_up_and_the_next_is_answered() {
    let home = Home::new();
    let mut terminal = played(&home, &[]);
    let sql = "SELECT count(*) FROM bars a CROSS JOIN bars b WHERE a.close + b.close > 1";
    terminal.keys(&format!(":sql {sql}\r"));
    terminal.wait_for("CROSS JOIN");
    terminal.keys("\x1b");
    // It may have been quicker than the key.
    terminal.wait("the end of it", |screen| {
        screen.contains("given up") || screen.contains("1 row ")
    });
    terminal.keys(":sql SELECT max(high) AS highest FROM bars WHERE symbol = 'SPY'\r");
    terminal.wait("the next answer", |screen| {
        screen.contains("highest") && screen.contains("278.94")
    });
    // The screen goes on beside it.
    terminal.keys("1");
    terminal.wait_for("Watchlist · 3");
    quit(terminal);
}

#[test]
fn what_is_kept_is_as_much_as_is_wanted() {
    let home = Home::new();
    let mut lines = String::new();
    let begin = 1_549_981_800_000_i64;
    // Five days of bars every ten minutes, with a quote and a trade for each.
    for count in 0..5 * 144_i64 {
        let time = begin + count * 600_000;
        for (service, payload) in [
            ("OHLCV", r#""open":1,"high":1,"low":1,"close":1,"volume":1"#),
            ("LEVEL1", r#""bid":1,"ask":2"#),
            ("TIMESALE", r#""price":1,"size":1"#),
        ] {
            let line = format!(
                "{{\"timestamp\":{time},\"service\":\"{service}\",\"symbols\":{{\"A\":{{{payload},\"datetime\":{time}}}}}}}\n"
            );
            lines.push_str(&line);
        }
    }
    home.write("days.jsonl", lines);
    let config = home.path().join("few.toml");
    std::fs::write(
        &config,
        "[engine]\nhistory_days = 2\nquote_rows = 100\ntrade_rows = 50\n",
    )
    .unwrap();
    let source = home.source();
    let config = config.to_str().unwrap();
    let arguments = ["--source", &source, "--speed", "max", "--config", config];
    let mut terminal = Terminal::start(&home, &arguments);
    terminal.wait("the end", |screen| {
        screen.contains("ended") && screen.contains("No more data")
    });
    for (table, rows) in [("bars", "288"), ("quotes", "100"), ("trades", "50")] {
        let last = begin + (5 * 144 - 1) * 600_000;
        let sql =
            format!("SELECT '{table}' AS kept, count(*) AS n, max(unix_ts) AS last FROM {table}");
        terminal.keys(&format!(":sql {sql}\r"));
        terminal.wait(&format!("{rows} {table}"), |screen| {
            has_row(screen, &[table, rows, &last.to_string()])
        });
    }
    quit(terminal);
}
