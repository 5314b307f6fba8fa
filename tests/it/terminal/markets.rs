//! The views of a market, in a run that has none of their data.

use crate::pty::{Home, Terminal, sequences};

#[test]
fn every_view_has_its_key_and_says_what_it_lacks() {
    let home = Home::new();
    let source = home.day();
    let mut terminal = Terminal::start(&home, &["--source", &source, "--symbols", "AAPL,AMZN"]);
    terminal.wait_for("AAPL · 1m");
    terminal.keys("6");
    terminal.wait_for("no depth for AAPL");
    // To the side stands the next symbol.
    terminal.keys("l");
    terminal.wait_for("no depth for AMZN");
    terminal.keys("7");
    terminal.wait_for("no trades for AMZN");
    terminal.keys(":tape min 0.5\r");
    terminal.wait_for("Tape · AMZN · min 0.5");
    terminal.keys("8");
    terminal.wait_for("no news");
    terminal.keys(":view depth\r");
    terminal.wait_for("Depth · AMZN");
    terminal.keys("1");
    terminal.wait_for("AMZN · 1m");
    terminal.keys("q");
    let ended = terminal.end();
    ended.assert_restored(0);
    sequences::check(&ended.bytes);
}
