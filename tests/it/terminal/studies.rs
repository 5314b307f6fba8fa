//! Indicators, several charts, movers, correlations and pictures, on screens of every size.

use std::path::Path;

use super::quit;
use crate::pty::{Home, Start, Terminal};

/// A day of three symbols that has been played to its end, with indicators.
fn played(home: &Home, columns: u16, rows: u16) -> Terminal {
    let source = home.day();
    let start = Start {
        columns,
        rows,
        ..Start::default()
    };
    let arguments = [
        "--source",
        &source,
        "--speed",
        "max",
        "--indicator",
        "rsi(14)",
        "--indicator",
        "sma(20)",
    ];
    let mut terminal = Terminal::start_with(home, &start, &arguments);
    terminal.wait("the end", |screen| {
        screen.contains("REPLAY") && screen.contains("173.91")
    });
    terminal
}

#[test]
fn the_views_of_many_symbols_are_readable_at_every_size() {
    let home = Home::new();
    for (columns, rows) in [(120, 40), (80, 24), (40, 12)] {
        let mut terminal = played(&home, columns, rows);
        // Where there is no room for its name, the line itself is there.
        let average = if columns > 40 { "SMA 20" } else { "⠒" };
        for (keys, texts) in [
            (":select AAPL\r3", &["AAPL · 1m", "173.9"][..]),
            ("i", &["Indicators", "sma(20)"]),
            ("\x1b", &["AAPL · 1m", "? help"]),
            (":indicator sma(20)\r", &[average]),
            (":indicator off\rx", &["Compare · 1m", "AAPL"]),
            ("x9", &["Charts · 1m", "AAPL", "173.9"]),
            ("0", &["Movers · 3", "Gainers", "AAPL"]),
            ("X", &["Correlation · 1m", "AAPL", "AMZN"]),
            ("Q", &["Query", "sql ›"]),
        ] {
            terminal.keys(keys);
            terminal.wait(&format!("{keys:?} at {columns}x{rows}"), |screen| {
                texts.iter().all(|text| screen.contains(text))
                    && screen.lines().count() == usize::from(rows)
            });
        }
        terminal.keys("\x1b");
        terminal.wait_gone("Tab complete");
        terminal.keys("1");
        terminal.wait_for("AAPL");
        quit(terminal);
    }
}

#[test]
fn the_watchlist_is_filtered_by_what_indicators_say() {
    let home = Home::new();
    let mut terminal = played(&home, 140, 40);
    terminal.keys("2:columns symbol,last,rsi_14,volume\r");
    terminal.wait_for("rsi_14");
    // Every bar is above the one before.
    terminal.keys("/rsi_14 > 70 and volume > 1e5");
    terminal.wait("all of them", |screen| {
        screen.contains("3 of 3") || screen.contains("Watchlist · 3")
    });
    terminal.keys("\x15rsi_14 < 30 and volume > 1e5");
    terminal.wait_for("0 of 3");
    terminal.keys("\x15last > 200 and rsi_14 > 30");
    terminal.wait("one without AAPL", |screen| {
        screen.contains("2 of 3") && !screen.contains("AAPL")
    });
    terminal.keys("\x15rsi_15 < 30");
    terminal.wait_for("rsi_15");
    terminal.wait_for("did you mean 'rsi_14'?");
    terminal.keys("\x1b");
    terminal.wait_gone("rsi_15");
    quit(terminal);
}

fn written(terminal: &mut Terminal, path: &Path) -> Vec<u8> {
    terminal.wait(&path.display().to_string(), |_| path.exists());
    std::fs::read(path).unwrap()
}

#[test]
fn the_chart_and_the_screen_are_written_as_pictures() {
    let home = Home::new();
    let mut terminal = played(&home, 100, 30);
    terminal.keys(":select AAPL\r3");
    terminal.wait("the chart", |screen| {
        screen.contains("AAPL · 1m") && screen.contains("C 173.91")
    });
    terminal.keys(":screenshot chart chart.svg\r");
    let svg = written(&mut terminal, &home.path().join("chart.svg"));
    let svg = String::from_utf8(svg).unwrap();
    assert!(svg.starts_with("<svg") || svg.starts_with("<?xml"), "{svg}");
    assert!(
        svg.trim_end().ends_with("</svg>") && svg.contains(">AAPL<"),
        "{svg}"
    );
    #[cfg(feature = "png")]
    {
        terminal.keys(":screenshot chart chart.png\r");
        let png = written(&mut terminal, &home.path().join("chart.png"));
        assert!(png.starts_with(b"\x89PNG\r\n\x1a\n"));
        assert!(
            png.ends_with(b"IEND\xae\x42\x60\x82"),
            "{} bytes",
            png.len()
        );
    }
    terminal.keys(":screenshot all.txt\r");
    let text = written(&mut terminal, &home.path().join("all.txt"));
    let text = String::from_utf8(text).unwrap();
    assert_eq!(text.lines().count(), 30, "{text}");
    assert!(text.contains("REPLAY"), "{text}");
    // What is there stays unless told; what cannot be written is told.
    terminal.keys(":screenshot all.txt\r");
    terminal.wait_for("it is there already");
    terminal.keys(":screenshot picture.gif\r");
    terminal.wait_for("picture.gif");
    terminal.wait_for(".svg");
    terminal.keys("\x1b");
    terminal.wait_gone("picture.gif");
    quit(terminal);
}
