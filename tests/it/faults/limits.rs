//! Many symbols, and little memory.

use streamer_tui::domain::source::Delivery;
use streamer_tui::domain::time::Timeframe;
use streamer_tui::pipeline::Command;
use streamer_tui::pipeline::settings::EngineSettings;
use streamer_tui::pipeline::source::Message;

use crate::engine::{end, finish, plan, send, settings, start, volumes_by_symbol};
use crate::support::{DEADLINE, ScriptedSource, bar, id, wait_for};

/// A source that sends `minutes` bars of each of `count` symbols, and then waits.
fn many(count: usize, minutes: i64) -> (ScriptedSource, Vec<String>) {
    let names: Vec<String> = (0..count).map(|number| format!("S{number:05}")).collect();
    let owned = names.clone();
    let source = ScriptedSource::new("many", Delivery::Pausable, move |mut feed| async move {
        let ids: Vec<_> = owned.iter().map(|name| id(&mut feed, name)).collect();
        for minute in 0..minutes {
            for some in ids.chunks(100) {
                let events = some.iter().map(|&id| bar(id, minute, minute)).collect();
                send(&mut feed, Message::Data(events)).await;
            }
        }
        end(&mut feed, None).await;
        while feed.next_command().await.is_some() {}
    });
    (source, names)
}

#[test]
fn ten_thousand_symbols_have_each_their_results_in_order() {
    const SYMBOLS: usize = 10_000;
    let (source, names) = many(SYMBOLS, 5);
    let names: Vec<&str> = names.iter().map(String::as_str).collect();
    let (handle, given) = start(settings(), vec![plan(source, &names)], None);
    let report = handle.join();
    assert_eq!(report.results, 5 * SYMBOLS as u64);
    let by_symbol = volumes_by_symbol(given.try_iter());
    assert_eq!(by_symbol.len(), SYMBOLS);
    for (symbol, volumes) in by_symbol {
        assert_eq!(volumes, [0, 1, 2, 3, 4], "{symbol}");
    }
}

#[test]
fn histories_stay_under_their_limit_together_and_each_keeps_its_newest_bars() {
    const LIMIT: u64 = 1 << 20;
    const MINUTES: i64 = 1000;
    // Without a limit it would be four times as much.
    let (source, names) = many(100, MINUTES);
    let names: Vec<&str> = names.iter().map(String::as_str).collect();
    let settings = EngineSettings {
        history_bytes: LIMIT,
        stop_when_ended: false,
        ..settings()
    };
    let (handle, given) = start(settings, vec![plan(source, &names)], None);
    let rows = wait_for("all results", || {
        let snapshot = handle.snapshots.recv_timeout(DEADLINE).ok()?;
        assert!(
            snapshot.pipeline.history_bytes <= LIMIT,
            "{} bytes",
            snapshot.pipeline.history_bytes
        );
        (snapshot.pipeline.results_total == 100 * MINUTES as u64
            && snapshot.pipeline.history_bytes > LIMIT / 2)
            .then(|| snapshot.rows.clone())
    });
    let charts = rows.iter().map(|row| (row.id, Timeframe::M1)).collect();
    handle.commands.send(Command::WatchCharts(charts)).unwrap();
    let charts = wait_for("the charts", || {
        let snapshot = handle.snapshots.recv_timeout(DEADLINE).ok()?;
        (snapshot.charts.len() == 100).then(|| snapshot.charts.clone())
    });
    let mut kept = 0;
    for chart in charts {
        let newest = chart.candles.last().unwrap();
        assert_eq!(newest.volume as i64, MINUTES - 1);
        let starts: Vec<i64> = chart.candles.iter().map(|candle| candle.start.0).collect();
        assert!(starts.windows(2).all(|pair| pair[1] - pair[0] == 60_000));
        kept += chart.candles.len();
    }
    assert!(kept < 100 * MINUTES as usize / 2, "{kept}");
    handle.commands.send(Command::Quit).unwrap();
    finish(handle);
    let by_symbol = volumes_by_symbol(given.try_iter());
    assert!(
        by_symbol
            .values()
            .all(|volumes| volumes.iter().copied().eq(0..MINUTES))
    );
}
