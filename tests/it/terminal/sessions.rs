//! What is remembered from one run to the next.

use crate::pty::{Home, Terminal};

#[test]
fn symbols_view_and_order_come_back_and_flags_win() {
    let home = Home::new();
    let source = home.day();
    let session = home.path().join("state/streamer-tui/session.json");
    let start = |more: &[&str]| {
        let basics = ["--source", &source, "--speed", "600"];
        Terminal::start(&home, &[&basics[..], more].concat())
    };
    let quit = |mut terminal: Terminal| {
        terminal.keys("q");
        terminal.end().assert_restored(0);
    };

    let mut terminal = start(&["--symbols", "AAPL,AMZN"]);
    terminal.wait_for("Watchlist · 2");
    terminal.keys("aSPY\r:sort last desc\r2");
    terminal.wait("what was chosen", |screen| {
        screen.contains("Watchlist · 3 · by last ↓") && !screen.contains("Pipeline")
    });
    quit(terminal);

    let mut terminal = start(&[]);
    terminal.wait("the same", |screen| {
        screen.contains("Watchlist · 3 · by last ↓") && !screen.contains("Pipeline")
    });
    quit(terminal);

    let mut terminal = start(&["--symbols", "AMZN", "--view", "overview"]);
    terminal.wait("what the flags say", |screen| {
        screen.contains("Watchlist · 1 · by last ↓") && screen.contains("Pipeline")
    });
    quit(terminal);

    let before = std::fs::read_to_string(&session).unwrap();
    let mut terminal = start(&["--no-session"]);
    terminal.wait("the defaults", |screen| {
        screen.contains("Watchlist · 3 · by symbol ↑") && screen.contains("Pipeline")
    });
    quit(terminal);
    assert_eq!(std::fs::read_to_string(&session).unwrap(), before);
}

#[test]
fn a_broken_session_is_said_and_put_aside() {
    let home = Home::new();
    let source = home.day();
    let folder = home.path().join("state/streamer-tui");
    std::fs::create_dir_all(&folder).unwrap();
    std::fs::write(folder.join("session.json"), "{ \x1b]0;owned\x07").unwrap();
    let mut terminal = Terminal::start(&home, &["--source", &source]);
    terminal.wait_for("⚠ 1");
    terminal.keys("e");
    terminal.wait_for("saved session");
    terminal.keys("q");
    let ended = terminal.end();
    ended.assert_restored(0);
    crate::pty::sequences::check(&ended.bytes);
    assert!(folder.join("session.unreadable.json").exists());
}
