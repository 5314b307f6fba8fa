//! F43: messages that break the worker, or hold it.

use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering};
use std::time::Duration;

use crossbeam_channel::Receiver;
use streamer_tui::domain::outcome::{ErrorKind, Status};
use streamer_tui::domain::source::Delivery;
use streamer_tui::domain::time::Timeframe;
use streamer_tui::pipeline::engine::{Analysis, EngineHandle};
use streamer_tui::pipeline::settings::EngineSettings;
use streamer_tui::pipeline::snapshot::{RowState, Snapshot, WorkerState};
use streamer_tui::pipeline::source::Message;
use streamer_tui::pipeline::{Command, snapshot::Row};

use crate::engine::{finish, plan, send, settings, start, volumes_by_symbol};
use crate::support::{DEADLINE, Given, ScriptedSource, bar, id, wait_for};

/// An engine with the symbols BAD and GOOD, which get a bar each for every minute that is sent to it.
fn fed(
    analysis: Analysis,
) -> (
    EngineHandle,
    Receiver<Given>,
    tokio::sync::mpsc::UnboundedSender<std::ops::Range<i64>>,
) {
    let (sender, mut ranges) = tokio::sync::mpsc::unbounded_channel::<std::ops::Range<i64>>();
    let source = ScriptedSource::new("script", Delivery::Pausable, move |mut feed| async move {
        let (bad, good) = (id(&mut feed, "BAD"), id(&mut feed, "GOOD"));
        loop {
            tokio::select! {
                command = feed.next_command() => if command.is_none() { return },
                range = ranges.recv() => {
                    let Some(range) = range else { return };
                    for minute in range {
                        let events = vec![bar(bad, minute, minute), bar(good, minute, minute)];
                        send(&mut feed, Message::Data(events)).await;
                    }
                }
            }
        }
    });
    let settings = EngineSettings {
        stop_when_ended: false,
        ..settings()
    };
    let (handle, given) = start(
        settings,
        vec![plan(source, &["BAD", "GOOD"])],
        Some(analysis),
    );
    (handle, given, sender)
}

/// The first snapshot of which something is true.
fn snapshot_where(
    handle: &EngineHandle,
    what: &str,
    wanted: impl Fn(&Snapshot) -> bool,
) -> Arc<Snapshot> {
    wait_for(what, || {
        let snapshot = handle.snapshots.recv_timeout(DEADLINE).ok()?;
        wanted(&snapshot).then_some(snapshot)
    })
}

fn row<'a>(snapshot: &'a Snapshot, symbol: &str) -> &'a Row {
    let mut rows = snapshot.rows.iter();
    rows.find(|row| row.symbol.as_str() == symbol).unwrap()
}

#[test]
fn f43_a_worker_that_panics_goes_on_with_its_history_is_quarantined_and_can_be_released() {
    const POISON: [i64; 3] = [10, 20, 30];
    let analysis: Analysis = Arc::new(|symbol, event| {
        let minute = (event.time.unwrap().0 - 1_550_050_200_000) / 60_000;
        assert!(
            !(symbol.as_str() == "BAD" && POISON.contains(&minute)),
            "poison"
        );
    });
    let (handle, given, ranges) = fed(analysis);
    ranges.send(0..25).unwrap();
    let snapshot = snapshot_where(&handle, "the first bars", |snapshot| {
        snapshot.rows.len() == 2
            && row(snapshot, "GOOD").results == 25
            && row(snapshot, "BAD").results == 23
            && snapshot.pipeline.restarts == 2
    });
    let bad = row(&snapshot, "BAD");
    assert_eq!(bad.state, RowState::Active, "two panics are not three");
    let wanted = vec![(bad.id, Timeframe::M1)];
    handle.commands.send(Command::WatchCharts(wanted)).unwrap();
    let snapshot = snapshot_where(&handle, "the chart", |snapshot| !snapshot.charts.is_empty());
    let minutes: Vec<i64> = snapshot.charts[0]
        .candles
        .iter()
        .map(|candle| candle.volume as i64)
        .collect();
    let whole: Vec<i64> = (0..25).filter(|minute| !POISON.contains(minute)).collect();
    assert_eq!(minutes, whole, "the history outlives the panics");

    ranges.send(25..40).unwrap();
    let snapshot = snapshot_where(&handle, "the quarantine", |snapshot| {
        row(snapshot, "BAD").state == RowState::Quarantined && row(snapshot, "GOOD").results == 40
    });
    assert_eq!(row(&snapshot, "GOOD").state, RowState::Active);
    let worker = snapshot_where(&handle, "it in the pipeline view", |snapshot| {
        snapshot.pipeline.workers.iter().any(|worker| {
            worker.symbol.as_str() == "BAD" && worker.state == WorkerState::Quarantined
        })
    });
    drop(worker);

    handle
        .commands
        .send(Command::Release("BAD".parse().unwrap()))
        .unwrap();
    snapshot_where(&handle, "the release", |snapshot| {
        row(snapshot, "BAD").state != RowState::Quarantined
    });
    ranges.send(40..50).unwrap();
    snapshot_where(&handle, "results after the release", |snapshot| {
        row(snapshot, "GOOD").results == 50
    });
    handle.commands.send(Command::Quit).unwrap();
    finish(handle);

    let given: Vec<Given> = given.try_iter().collect();
    let by_symbol = volumes_by_symbol(given.iter().cloned());
    assert_eq!(by_symbol["GOOD"], (0..50).collect::<Vec<i64>>());
    let mut expected: Vec<i64> = (0..30).filter(|minute| !POISON.contains(minute)).collect();
    expected.extend(40..50);
    assert_eq!(by_symbol["BAD"], expected);
    let panics: Vec<_> = given
        .iter()
        .filter_map(|item| match item {
            Given::Error(error) if error.kind == ErrorKind::WorkerPanic => Some(error),
            _ => None,
        })
        .collect();
    assert_eq!(panics.len(), 3);
    for error in panics {
        assert_eq!(error.symbol.as_ref().unwrap().as_str(), "BAD");
        assert!(error.message.contains("poison"), "{}", error.message);
    }
    let quarantines = given
        .iter()
        .filter(
            |item| matches!(item, Given::Status(status) if status.status == Status::Quarantined),
        )
        .count();
    assert_eq!(quarantines, 1);
}

#[test]
fn f43_a_worker_that_is_stuck_is_shown_after_a_second_and_its_neighbours_go_on() {
    let is_held = Arc::new(AtomicBool::new(true));
    let analysis: Analysis = {
        let is_held = Arc::clone(&is_held);
        Arc::new(move |symbol, _| {
            if symbol.as_str() == "BAD" {
                wait_for("release", || {
                    (!is_held.load(Ordering::SeqCst)).then_some(())
                });
            }
        })
    };
    let (handle, given, ranges) = fed(analysis);
    ranges.send(0..100).unwrap();
    let snapshot = snapshot_where(&handle, "the worker to be called stuck", |snapshot| {
        snapshot
            .pipeline
            .workers
            .iter()
            .any(|worker| worker.state == WorkerState::Stuck)
    });
    for worker in &snapshot.pipeline.workers {
        let is_bad = worker.symbol.as_str() == "BAD";
        assert_eq!(worker.state == WorkerState::Stuck, is_bad, "{worker:?}");
        if is_bad {
            assert!(worker.busy.unwrap() >= Duration::from_secs(1));
            assert!(worker.backlog > 0, "{worker:?}");
        }
    }
    assert_eq!(row(&snapshot, "GOOD").results, 100);
    assert_eq!(row(&snapshot, "BAD").results, 0);
    is_held.store(false, Ordering::SeqCst);
    snapshot_where(&handle, "it to be well again", |snapshot| {
        row(snapshot, "BAD").results == 100
            && snapshot
                .pipeline
                .workers
                .iter()
                .all(|worker| worker.state == WorkerState::Running)
    });
    handle.commands.send(Command::Quit).unwrap();
    finish(handle);
    let by_symbol = volumes_by_symbol(given.try_iter());
    assert!(
        by_symbol
            .values()
            .all(|volumes| volumes.iter().copied().eq(0..100))
    );
}
