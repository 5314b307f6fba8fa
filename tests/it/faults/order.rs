//! F23: bars out of order, late and twice.

use std::sync::Arc;

use streamer_tui::domain::Decimal;
use streamer_tui::domain::clock::SystemClock;
use streamer_tui::domain::event::Payload;
use streamer_tui::domain::outcome::ErrorInstance;
use streamer_tui::domain::source::Delivery;
use streamer_tui::domain::time::Timeframe;
use streamer_tui::pipeline::Command;
use streamer_tui::pipeline::engine;
use streamer_tui::pipeline::settings::EngineSettings;
use streamer_tui::pipeline::source::Message;

use crate::engine::{end, finish, plan, send, settings, volumes_by_symbol};
use crate::support::{DEADLINE, ScriptedSource, bar, collector, id, wait_for};

/// Minute and volume of every bar, as they arrive.
const ARRIVALS: [(i64, i64); 12] = [
    (0, 100),
    (1, 101),
    (2, 102),
    // One is missing.
    (5, 105),
    // The same minute again: a correction, then the same once more.
    (5, 205),
    (5, 205),
    // Late ones, the first of them before everything.
    (-1, 99),
    (4, 104),
    (3, 103),
    // An old minute corrected.
    (1, 201),
    (7, 107),
    (6, 106),
];

#[test]
fn f23_results_keep_the_order_of_arrival_and_history_is_put_right_and_counted() {
    let source = ScriptedSource::new("script", Delivery::Pausable, |mut feed| async move {
        let aapl = id(&mut feed, "AAPL");
        for (minute, volume) in ARRIVALS {
            let mut event = bar(aapl, minute, volume);
            if let Payload::Ohlcv(bar) = &mut event.payload {
                // Prices of its own, so that the chart shows which of two bars it holds.
                let price = Some(Decimal::from(volume));
                (bar.open, bar.high, bar.low, bar.close) = (price, price, price, price);
            }
            send(&mut feed, Message::Data(vec![event])).await;
        }
        end(&mut feed, None).await;
        while feed.next_command().await.is_some() {}
    });
    let (sink, given, _) = collector();
    let handle = engine::start(
        EngineSettings {
            stop_when_ended: false,
            ..settings()
        },
        vec![plan(source, &["AAPL"])],
        vec![sink],
        Arc::new(SystemClock::default()),
        None,
    )
    .unwrap();
    let aapl = wait_for("the row", || {
        Some(
            handle
                .snapshots
                .recv_timeout(DEADLINE)
                .ok()?
                .rows
                .iter()
                .next()?
                .id,
        )
    });
    handle
        .commands
        .send(Command::WatchCharts(vec![(aapl, Timeframe::M1)]))
        .unwrap();
    let snapshot = wait_for("the chart and the counters", || {
        let snapshot = handle.snapshots.recv_timeout(DEADLINE).ok()?;
        let chart = snapshot.charts.first()?;
        let pipeline = &snapshot.pipeline;
        (chart.candles.len() == 9 && pipeline.replaced + pipeline.late == 7).then_some(snapshot)
    });
    // 5 twice more and 1 once more; -1, 4, 3 and 6 after later ones.
    assert_eq!((snapshot.pipeline.replaced, snapshot.pipeline.late), (3, 4));
    let closes: Vec<i64> = snapshot.charts[0]
        .candles
        .iter()
        .map(|candle| candle.close as i64)
        .collect();
    assert_eq!(closes, [99, 100, 201, 102, 103, 104, 205, 106, 107]);
    let starts: Vec<i64> = snapshot.charts[0]
        .candles
        .iter()
        .map(|candle| candle.start.0)
        .collect();
    assert!(starts.is_sorted_by(|a, b| a < b), "each time once");
    // The day is that of the bars in history, whatever the way they came.
    let day = snapshot.rows.iter().next().unwrap().day;
    assert_eq!(
        (day.open, day.high, day.low),
        (Some(99.0), Some(205.0), Some(99.0))
    );
    let volume: i64 = closes.iter().sum();
    assert_eq!(day.volume, Some(volume as f64));

    handle.commands.send(Command::Quit).unwrap();
    finish(handle);
    let expected: Vec<i64> = ARRIVALS.iter().map(|(_, volume)| *volume).collect();
    assert_eq!(volumes_by_symbol(given.try_iter())["AAPL"], expected);
}

#[test]
fn f45_only_when_every_source_is_hopeless_the_run_is() {
    let source = |name: &str, hopeless: bool| {
        ScriptedSource::new(name, Delivery::Pausable, move |mut feed| async move {
            let error = ErrorInstance::new(
                streamer_tui::domain::outcome::ErrorKind::AuthError,
                "not let in",
            );
            let message = Message::Ended {
                error: Some(Box::new(error)),
                hopeless,
            };
            send(&mut feed, message).await;
        })
    };
    for (first, second, expected) in [(true, true, true), (true, false, false)] {
        let (handle, _given) = crate::engine::start(
            settings(),
            vec![
                plan(source("a", first), &[]),
                plan(source("b", second), &[]),
            ],
            None,
        );
        assert_eq!(handle.join().all_hopeless, expected);
    }
}
