//! Real recorded bars, read where they are.
#![allow(clippy::print_stderr, reason = "a skipped test says so")]

use std::collections::BTreeMap;

use super::*;

fn recorded(folder: &str) -> Option<PathBuf> {
    let Some(root) = std::env::var_os("STREAMER_TUI_TEST_DATA") else {
        eprintln!("skipped: STREAMER_TUI_TEST_DATA is not set");
        return None;
    };
    Some(Path::new(&root).join(folder))
}

/// Times of all bars by symbol, in the order in which they came, and how many errors there were.
async fn play(path: &Path, settings: ReplaySettings) -> (BTreeMap<String, Vec<i64>>, usize) {
    let mut rig = Rig::start(ReplaySource::open(path, settings).unwrap(), &[]);
    let mut times: BTreeMap<String, Vec<i64>> = BTreeMap::new();
    let mut errors = 0;
    loop {
        match rig.next().await {
            Message::Data(events) => {
                for event in events {
                    let symbol = rig.symbol(event.symbol);
                    times.entry(symbol).or_default().push(event.time.unwrap().0);
                }
            }
            Message::Ended { .. } => return (times, errors),
            Message::Status(_) => {}
            other => {
                eprintln!("{}", rig.tell_of(&other));
                errors += 1;
            }
        }
    }
}

#[tokio::test(start_paused = true)]
async fn every_row_of_the_recorded_week_comes_once_and_in_order() {
    let Some(path) = recorded("bars-us-2019-02") else {
        return;
    };
    let settings = ReplaySettings {
        bar_stamp: BarStamp::End,
        ..at_max()
    };
    let (times, errors) = play(&path, settings).await;
    assert_eq!(errors, 0);
    assert_eq!(times.len(), 24);
    for (symbol, times) in times {
        let text = std::fs::read_to_string(path.join(format!("{symbol}_1min.csv"))).unwrap();
        let rows: Vec<&str> = text.lines().skip(1).filter(|row| !row.is_empty()).collect();
        assert_eq!(times.len(), rows.len(), "{symbol}");
        assert!(times.is_sorted(), "{symbol}");
        for (row, &time) in rows.iter().rev().zip(&times) {
            let shown = UnixMs(time).new_york().unwrap().format("%F %T").to_string();
            assert_eq!(row.split(',').next().unwrap(), shown, "{symbol}");
        }
    }
}

#[tokio::test(start_paused = true)]
async fn times_with_offsets_are_read() {
    let Some(path) = recorded("bars-aapl-2025-09") else {
        return;
    };
    let (times, errors) = play(&path, at_max()).await;
    assert_eq!((errors, times["AAPL"].len()), (0, 960));
    let first = UnixMs(times["AAPL"][0]).new_york().unwrap().to_rfc3339();
    assert_eq!(first, "2025-09-26T04:00:00-04:00");
}

#[tokio::test(start_paused = true)]
async fn a_clock_that_begins_before_the_data_waits_for_it() {
    let folder = folder(&[("a.jsonl", &lines(&[1.5, 2.5], &["A"]))]);
    let settings = ReplaySettings {
        clock_from: Some(UnixMs(BEGIN)),
        ..at_sixty()
    };
    let mut rig = Rig::start(open(&folder, settings), &["A"]);
    let begun = rig.at;
    rig.tell_next(3).await;
    let waited = (rig.at - begun).as_millis();
    assert!(waited.abs_diff(1500) <= 5, "{waited}");
    rig.next().await;
    let waited = (rig.at - begun).as_millis();
    assert!(waited.abs_diff(2500) <= 5, "{waited}");
}
