//! The transport of a replay, and the recorded bars of a real week.

use crate::pty::{Home, Terminal, clock, sequences, skipped};

#[test]
fn a_replay_is_a_tape_deck() {
    let home = Home::new();
    let source = home.day();
    let mut terminal = Terminal::start(&home, &["--source", &source, "--speed", "60"]);
    terminal.wait("the replay", |screen| {
        screen.contains("REPLAY") && screen.contains("▶ 60×")
    });
    terminal.keys("]");
    terminal.wait("a higher speed", |screen| {
        screen.contains('▶') && !screen.contains("▶ 60×")
    });
    terminal.keys("[");
    terminal.wait_for("▶ 60×");
    terminal.keys(" ");
    terminal.wait_for("‖ 60×");
    let begin = clock(&terminal.text()).unwrap();
    terminal.keys(">");
    terminal.wait("a later time", |screen| {
        clock(screen).is_some_and(|now| now >= begin + 14 * 60)
    });
    let later = clock(&terminal.text()).unwrap();
    terminal.keys("<");
    terminal.wait("an earlier time", |screen| {
        clock(screen).is_some_and(|now| now < later)
    });
    terminal.keys(":seek 12:00\r");
    terminal.wait("noon", |screen| {
        clock(screen).is_some_and(|now| (11 * 3600 + 3540..=12 * 3600).contains(&now))
    });
    let noon = clock(&terminal.text()).unwrap();
    // The first step plays the minute that has been sought.
    terminal.keys(".");
    terminal.wait_for("171.52");
    terminal.keys(".");
    terminal.wait("one minute more", |screen| {
        clock(screen).is_some_and(|now| now > noon)
    });
    assert!(
        terminal.text().contains("‖ 60×"),
        "stepping does not resume"
    );
    terminal.keys(":speed max\r ");
    terminal.wait("the end", |screen| {
        screen.contains("ended") && screen.contains("No more data")
    });
    terminal.keys("q");
    let ended = terminal.end();
    ended.assert_restored(0);
    sequences::check(&ended.bytes);
}

#[test]
fn a_frozen_picture_stays_while_data_goes_on() {
    let home = Home::new();
    let source = home.day();
    let mut terminal = Terminal::start(&home, &["--source", &source, "--speed", "600"]);
    terminal.wait("some data", |screen| {
        clock(screen) >= Some((9 * 60 + 40) * 60)
    });
    terminal.keys("f");
    terminal.wait_for("FROZEN");
    let clock_then = clock(&terminal.text()).unwrap();
    terminal.wait("two seconds and more", |screen| {
        (2..=9).any(|seconds| screen.contains(&format!("FROZEN {seconds}s")))
    });
    assert_eq!(clock(&terminal.text()), Some(clock_then));
    terminal.keys("f");
    terminal.wait("the present", |screen| {
        clock(screen).is_some_and(|now| now >= clock_then + 10 * 60)
    });
    terminal.keys("q");
    terminal.end().assert_restored(0);
}

#[test]
fn a_real_week_of_bars() {
    let Ok(data) = std::env::var("STREAMER_TUI_TEST_DATA") else {
        skipped("STREAMER_TUI_TEST_DATA is not set");
        return;
    };
    let home = Home::new();
    let source = format!("replay:{data}/bars-us-2019-02");
    let arguments = ["--source", &source, "--speed", "600", "--symbols"];
    let mut terminal = Terminal::start(&home, &[&arguments[..], &["AAPL,AMZN,TSLA"]].concat());
    terminal.wait("three prices", |screen| {
        ["▲", "▼", "●"]
            .map(|mark| screen.matches(mark).count())
            .iter()
            .sum::<usize>()
            >= 3
            && screen.contains("TSLA")
    });
    terminal.keys("aSPY\r");
    terminal.wait_for("SPY · 1m");
    terminal.keys(":select TSLA\r");
    terminal.wait_for("TSLA · 1m");
    terminal.keys("d");
    terminal.wait_for("Watchlist · 3");
    for (key, title) in [("e", "Errors"), ("p", "Pipeline"), ("1", "Watchlist")] {
        terminal.keys(key);
        terminal.wait_for(title);
    }
    terminal.resize(80, 24);
    terminal.wait("24 lines", |screen| {
        screen.lines().count() == 24 && screen.ends_with("quit")
    });
    terminal.keys("q");
    let ended = terminal.end();
    ended.assert_restored(0);
    sequences::check(&ended.bytes);
}
