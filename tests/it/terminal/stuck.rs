//! A terminal that takes nothing, as behind a connection that hangs.

use rustix::process::Signal;

use crate::pty::{Home, Terminal, skipped};
use crate::support::wait_for;

/// A run whose terminal has stopped taking anything, and that has come to wait for it.
///
/// `None` where the system does not tell what a thread waits for.
fn stuck(home: &Home) -> Option<Terminal> {
    let mut terminal = Terminal::start(home, &["--source", &home.day(), "--speed", "300"]);
    terminal.wait_for("connected");
    if !terminal.tells_what_threads_wait_for() {
        skipped("the system does not tell what a thread waits for");
        return None;
    }
    terminal.hold();
    wait_for("the screen to be stuck", || {
        // Each draws the whole picture anew.
        terminal.keys("\x0c");
        terminal.is_stuck().then_some(())
    });
    Some(terminal)
}

#[test]
fn the_replay_goes_on_and_the_screen_catches_up() {
    let home = Home::new();
    let Some(mut terminal) = stuck(&home) else {
        return;
    };
    let before = terminal.clock().unwrap();
    // The thread of a symbol rests after each bar; nothing else is to be seen from outside meanwhile.
    let begun = terminal.rests_of("AAPL");
    wait_for("ten bars", || {
        (terminal.rests_of("AAPL") >= begun + 10).then_some(())
    });
    assert!(terminal.is_stuck());
    terminal.release();
    terminal.wait_until("a later clock", |terminal| {
        terminal.clock() >= Some(before + 10 * 60)
    });
    terminal.keys("q");
    terminal.end().assert_restored(0);
}

#[test]
fn a_signal_ends_the_run_all_the_same() {
    for signal in [Signal::TERM, Signal::HUP, Signal::INT] {
        let home = Home::new();
        let Some(terminal) = stuck(&home) else {
            return;
        };
        terminal.signal(signal);
        let ended = terminal.end();
        assert_eq!(ended.code, 0, "{}", ended.text);
        assert!(ended.is_mode_restored);
    }
}

#[test]
fn a_second_ctrl_c_leaves_at_once() {
    let home = Home::new();
    let Some(terminal) = stuck(&home) else {
        return;
    };
    terminal.signal(Signal::INT);
    // Two signals of a kind that come at once are one: the second waits until the first has been taken.
    wait_for("the drain", || terminal.has_thread("drain").then_some(()));
    terminal.signal(Signal::INT);
    let ended = terminal.end();
    assert_eq!(ended.code, 130, "{}", ended.text);
    assert!(ended.is_mode_restored);
}
