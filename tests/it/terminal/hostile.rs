//! Data that would like to steer the terminal.

use std::fmt::Write as _;

use crate::pty::{Home, Start, Terminal, sequences};

/// What a row may hold that must never be drawn as it is.
const TRICKS: [&str; 8] = [
    "\x1b]52;c;c3RvbGVu\x07",
    "\x1b[2J\x1b[6n",
    "\u{9b}31m",
    "\u{202e}detrever\u{2066}",
    "zero\u{200b}width\u{feff}",
    "\u{1f468}\u{200d}\u{1f469}\u{200d}\u{1f467}日本",
    "\x1bP+q544e\x1b\\",
    "bell\x07back\x08\x7f",
];

#[test]
fn nothing_in_the_data_steers_the_terminal() {
    let home = Home::new();
    let source = home.day();
    let mut rows = String::from("datetime,open,high,low,close,volume\n");
    for (minute, trick) in TRICKS.iter().enumerate() {
        writeln!(rows, "2019-02-13 09:3{minute}:00,{trick},1,1,1,1").unwrap();
    }
    // A file's name is data as well.
    home.write("AAPL_\x1b]0;owned\x07\u{202e}.csv", rows);
    let raw = b"datetime,open,high,low,close,volume\n2019-02-13 09:30:00,\xff\xfe\x9b31m,1,1,1,1\n";
    home.write("AMZN_\u{9d}raw.csv", raw);
    let arguments = [
        "--source",
        &source,
        "--speed",
        "max",
        "--log-level",
        "trace",
    ];
    let mut terminal = Terminal::start(&home, &arguments);
    terminal.wait_for("ended");
    // What a source is doing is told at once; its last errors may still be on their way.
    terminal.wait_for(&format!("⚠ {}", TRICKS.len() + 2));
    terminal.keys("4G");
    terminal.wait_gone("Watchlist");
    // Every error in turn, opened and copied.
    for _ in 0..TRICKS.len() + 2 {
        terminal.keys("\r");
        terminal.wait("the detail", |screen| {
            screen.contains("y copies") && screen.contains("severity")
        });
        terminal.keys("y");
        terminal.wait_for("copied");
        terminal.keys("\x1b");
        terminal.wait_gone("severity  ");
        terminal.keys("k");
    }
    let text = terminal.text();
    assert!(
        text.contains("u{1b}") || text.contains('\u{fffd}'),
        "{text}"
    );
    // What is typed and pasted is no better.
    terminal.keys(":\x1b[200~thm\u{202e}\u{9b}31m\x07\x1b[201~\r");
    terminal.wait_for("unknown command");
    terminal.keys("\x1b");
    terminal.wait_gone(":thm");
    terminal.keys("q");
    let ended = terminal.end();
    ended.assert_restored(0);
    let found = sequences::check(&ended.bytes);
    // The clipboard has what a person copied, not what the data wanted there.
    assert!(!found.clipboard.is_empty());
    assert!(found.clipboard.iter().all(|text| text != "stolen"));
}

#[test]
fn a_refused_command_line_does_not_steer_it_either() {
    let home = Home::new();
    let trick = "\x1b]0;owned\x07\u{9b}31m\u{202e}";
    for arguments in [
        vec!["--source".to_owned(), format!("replay:{trick}")],
        vec!["--symbols".to_owned(), trick.to_owned()],
        vec!["--theme".to_owned(), trick.to_owned()],
        vec![trick.to_owned()],
    ] {
        let arguments: Vec<&str> = arguments.iter().map(String::as_str).collect();
        let start = Start {
            variables: &[("NO_COLOR", "1")],
            ..Start::default()
        };
        let ended = Terminal::start_with(&home, &start, &arguments).end();
        assert!(matches!(ended.code, 1 | 2), "{} {}", ended.code, ended.text);
        let text = String::from_utf8(ended.bytes).unwrap();
        for forbidden in ["\x1b]", "\u{9b}", "\u{202e}", "\x07"] {
            assert!(!text.contains(forbidden), "{arguments:?}: {text:?}");
        }
    }
}
