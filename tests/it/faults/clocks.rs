//! F32: the machine's clock jumps. F33: nights with an hour twice or not at all, and days that end early.

use std::fmt::Write;
use std::sync::Arc;

use serde_json::Value;
use streamer_tui::domain::clock::ManualClock;
use streamer_tui::domain::outcome::ResultBody;
use streamer_tui::domain::source::Delivery;
use streamer_tui::domain::time::{Timeframe, UnixMs};
use streamer_tui::pipeline::Command;
use streamer_tui::pipeline::engine;
use streamer_tui::pipeline::settings::EngineSettings;
use streamer_tui::pipeline::source::Message;

use crate::engine::{finish, plan, send, settings};
use crate::program::Home;
use crate::support::{DEADLINE, Given, ScriptedSource, bar, collector, id, wait_for};

const HOUR_MS: i64 = 3_600_000;

#[test]
fn f32_a_jump_of_the_clock_makes_nothing_early_late_or_negative() {
    let began = UnixMs(1_770_000_000_000);
    let clock = Arc::new(ManualClock::at(began));
    let (step, mut steps) = tokio::sync::mpsc::unbounded_channel::<i64>();
    let source = ScriptedSource::new("script", Delivery::Pausable, move |mut feed| async move {
        let aapl = id(&mut feed, "AAPL");
        loop {
            tokio::select! {
                command = feed.next_command() => if command.is_none() { return },
                minute = steps.recv() => match minute {
                    Some(minute) => send(&mut feed, Message::Data(vec![bar(aapl, minute, minute)])).await,
                    None => return,
                },
            }
        }
    });
    let (sink, given, _) = collector();
    let handle = engine::start(
        EngineSettings {
            stop_when_ended: false,
            timeframes: vec![Timeframe::M5],
            ..settings()
        },
        vec![plan(source, &["AAPL"])],
        vec![sink],
        Arc::clone(&clock) as Arc<dyn streamer_tui::domain::clock::Clock>,
        None,
    )
    .unwrap();
    let mut longer = Vec::new();
    for minute in 0..12 {
        // Forward, back, and further back than the start.
        let jump = [0, HOUR_MS, -HOUR_MS, 0, -3 * HOUR_MS, 24 * HOUR_MS][minute as usize % 6];
        clock.jump_to(began.plus_ms(jump));
        clock.advance_ms(40);
        step.send(minute).unwrap();
        wait_for("the minute's result", || {
            for item in given.try_iter() {
                let Given::Result { result, .. } = item else {
                    continue;
                };
                let ResultBody::Ohlcv { timeframe, bar, .. } = result.body else {
                    continue;
                };
                if timeframe == Timeframe::M5 {
                    longer.push((minute, result.time.unwrap()));
                } else {
                    let at = UnixMs(1_550_050_200_000 + minute * 60_000);
                    assert_eq!((result.time, bar.volume), (Some(at), Some(minute.into())));
                    return Some(());
                }
            }
            None
        });
        // Let what the last bar closed come before the next one is sent.
        let snapshot = wait_for("the board", || {
            clock.advance_ms(300);
            let snapshot = handle.snapshots.recv_timeout(DEADLINE).ok()?;
            let row = snapshot.rows.iter().next()?;
            let wanted = minute as u64 + 1 + (minute as u64 + 1) / 5;
            (row.results == wanted).then_some(snapshot)
        });
        for item in given.try_iter() {
            if let Given::Result { result, .. } = item {
                longer.push((minute, result.time.unwrap()));
            }
        }
        let latency = &snapshot.pipeline.latency;
        for value in [latency.p50_us, latency.p99_us, latency.max_us] {
            assert!((0.0..HOUR_MS as f64).contains(&value), "{latency:?}");
        }
        let age = snapshot.sources[0].last_message_age.unwrap_or_default();
        assert!(age.as_secs() < 3600, "{age:?}");
        assert_eq!(snapshot.rows.len(), 1);
    }
    // 04:30 is the beginning of five minutes: they are over with the fifth bar, whatever the clock says.
    let start = |minute: i64| UnixMs(1_550_050_200_000 + minute * 60_000);
    assert_eq!(longer, [(4, start(0)), (9, start(5))]);
    handle.commands.send(Command::Quit).unwrap();
    finish(handle);
}

/// Plays a table of times (with volumes 1, 2, …) and gives each result.
fn played(rows: &[&str], options: &str, more: &[&str]) -> Vec<Value> {
    let home = Home::new();
    let mut table = "datetime,open,high,low,close,volume\n".to_owned();
    for (at, time) in rows.iter().enumerate() {
        let price = at + 1;
        writeln!(table, "{time},{price},{price},{price},{price},{price}").unwrap();
    }
    let source = format!("{}{options}", home.replay("AAPL_1min.csv", table));
    let mut arguments = vec!["--source", source.as_str()];
    arguments.extend(more);
    let run = home.headless(&arguments).well();
    assert_eq!(
        run.errors().len(),
        1,
        "no row is refused: {:?}",
        run.errors()
    );
    run.results()
}

/// The New York times of the delivered bars, by their volumes.
fn times(results: &[Value]) -> Vec<(i64, String)> {
    let mut times: Vec<(i64, String)> = results
        .iter()
        .filter(|result| result.get("timeframe").is_none())
        .map(|result| {
            let time = result["new_york_datetime"].as_str().unwrap();
            (result["volume"].as_i64().unwrap(), time.to_owned())
        })
        .collect();
    times.sort();
    times
}

fn check_times(rows: &[&str], options: &str, expected: &[&str]) {
    let got = times(&played(rows, options, &[]));
    let expected: Vec<(i64, String)> = (1..)
        .zip(expected)
        .map(|(number, time)| (number, (*time).to_owned()))
        .collect();
    assert_eq!(got, expected);
}

#[test]
fn f33_an_hour_that_does_not_exist_is_read_with_the_offset_before_it() {
    check_times(
        &[
            "2026-03-08 01:59:00",
            "2026-03-08 02:30:00",
            "2026-03-08 03:45:00",
        ],
        "",
        &[
            "2026-03-08T01:59:00-05:00",
            "2026-03-08T03:30:00-04:00",
            "2026-03-08T03:45:00-04:00",
        ],
    );
    // London's clocks go forward at 01:00, which is 21:00 of the day before in New York.
    check_times(
        &[
            "2026-03-29 00:59:00",
            "2026-03-29 01:30:00",
            "2026-03-29 02:45:00",
        ],
        "?tz=Europe/London",
        &[
            "2026-03-28T20:59:00-04:00",
            "2026-03-28T21:30:00-04:00",
            "2026-03-28T21:45:00-04:00",
        ],
    );
}

#[test]
fn f33_an_hour_that_comes_twice_is_the_first_one() {
    check_times(
        &[
            "2026-11-01 00:59:00",
            "2026-11-01 01:30:00",
            "2026-11-01 02:00:00",
        ],
        "",
        &[
            "2026-11-01T00:59:00-04:00",
            "2026-11-01T01:30:00-04:00",
            "2026-11-01T02:00:00-05:00",
        ],
    );
    check_times(
        &[
            "2026-10-25 00:59:00",
            "2026-10-25 01:30:00",
            "2026-10-25 02:00:00",
        ],
        "?tz=Europe/London",
        &[
            "2026-10-24T19:59:00-04:00",
            "2026-10-24T20:30:00-04:00",
            "2026-10-24T22:00:00-04:00",
        ],
    );
    // Whoever means the second says so with an offset.
    check_times(
        &["2026-11-01T01:30:00-04:00", "2026-11-01T01:30:00-05:00"],
        "",
        &["2026-11-01T01:30:00-04:00", "2026-11-01T01:30:00-05:00"],
    );
}

#[test]
fn f33_longer_bars_are_right_on_days_that_are_longer_shorter_or_end_early() {
    let longer = |rows: &[&str], timeframe: &str| -> Vec<(String, i64, bool)> {
        played(rows, "", &["--timeframes", timeframe])
            .iter()
            .filter(|result| result.get("timeframe").is_some())
            .map(|result| {
                let time = result["new_york_datetime"].as_str().unwrap();
                (
                    time.to_owned(),
                    result["volume"].as_i64().unwrap(),
                    result.get("partial").is_some(),
                )
            })
            .collect()
    };
    // The day after Thanksgiving ends at 13:00, and the next one is a Monday.
    let half_day = [
        "2025-11-28 12:00:00",
        "2025-11-28 12:58:00",
        "2025-11-28 12:59:00",
        "2025-12-01 09:30:00",
    ];
    assert_eq!(
        longer(&half_day, "1h"),
        [
            ("2025-11-28T12:00:00-05:00".to_owned(), 6, false),
            ("2025-12-01T09:00:00-05:00".to_owned(), 4, true),
        ]
    );
    assert_eq!(
        longer(&half_day, "1d"),
        [
            ("2025-11-28T04:00:00-05:00".to_owned(), 6, false),
            ("2025-12-01T04:00:00-05:00".to_owned(), 4, true),
        ]
    );
    // An hour bar on each side of the hour that is not there, and the same hour of the clock twice.
    assert_eq!(
        longer(&["2026-03-08 01:59:00", "2026-03-08 03:00:00"], "1h"),
        [
            ("2026-03-08T01:00:00-05:00".to_owned(), 1, false),
            ("2026-03-08T03:00:00-04:00".to_owned(), 2, true),
        ]
    );
    assert_eq!(
        longer(
            &["2026-11-01T01:30:00-04:00", "2026-11-01T01:30:00-05:00"],
            "1h"
        ),
        [
            ("2026-11-01T01:00:00-04:00".to_owned(), 1, false),
            ("2026-11-01T01:00:00-05:00".to_owned(), 2, true),
        ]
    );
}
