//! The clipboard.

use crate::pty::{Home, Terminal, sequences};

#[test]
fn what_is_selected_goes_to_the_clipboard() {
    let home = Home::new();
    let source = home.day();
    home.write(
        "AAPL_1min.csv",
        "datetime,open,high,low,close,volume\n2019-02-13 09:30:00,oops,1,1,1,1\n",
    );
    let mut terminal = Terminal::start(&home, &["--source", &source, "--speed", "max"]);
    terminal.wait_for("278.91");
    terminal.keys(":select SPY\ry");
    terminal.wait_for("copied");
    terminal.keys("4");
    terminal.wait_gone("Watchlist");
    terminal.keys("Gy");
    terminal.wait_for("copied");
    terminal.keys("q");
    let ended = terminal.end();
    ended.assert_restored(0);
    let clipboard = sequences::check(&ended.bytes).clipboard;
    assert_eq!(clipboard.len(), 2, "{clipboard:?}");
    assert!(clipboard[0].contains("SPY"), "{clipboard:?}");
    assert!(clipboard[0].contains("278.91"), "{clipboard:?}");
    assert!(clipboard[1].contains("AAPL_1min.csv:2"), "{clipboard:?}");
    assert!(clipboard[1].contains("oops"), "{clipboard:?}");
}
