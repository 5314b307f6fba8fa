//! F27, F28: more than can be taken, and readers that do not read.

use std::sync::Arc;
use std::sync::atomic::{AtomicBool, AtomicI64, Ordering};
use std::time::{Duration, Instant};

use streamer_tui::domain::Decimal;
use streamer_tui::domain::clock::SystemClock;
use streamer_tui::domain::event::{Event, Payload};
use streamer_tui::domain::outcome::{ErrorKind, ResultBody, Status};
use streamer_tui::domain::quote::Level1;
use streamer_tui::domain::source::Delivery;
use streamer_tui::domain::symbol::SymbolId;
use streamer_tui::domain::time::{Timeframe, UnixMs};
use streamer_tui::pipeline::Command;
use streamer_tui::pipeline::engine::{self, Analysis};
use streamer_tui::pipeline::settings::EngineSettings;
use streamer_tui::pipeline::source::Message;

use crate::engine::{end, finish, plan, send, settings, start, volumes_by_symbol};
use crate::support::{DEADLINE, Given, ScriptedSource, bar, collector, id, wait_for};

/// Little room everywhere.
fn narrow() -> EngineSettings {
    EngineSettings {
        processing_capacity: 8,
        results_capacity: 8,
        symbol_backlog: 500,
        total_backlog: 1000,
        ..settings()
    }
}

/// A source that sends `count` bars of AAPL one by one and counts them.
fn flood(delivery: Delivery, count: i64) -> (ScriptedSource, Arc<AtomicI64>) {
    let sent = Arc::new(AtomicI64::new(0));
    let counted = Arc::clone(&sent);
    let source = ScriptedSource::new("flood", delivery, move |mut feed| async move {
        let aapl = id(&mut feed, "AAPL");
        for minute in 0..count {
            send(&mut feed, Message::Data(vec![bar(aapl, minute, minute)])).await;
            counted.fetch_add(1, Ordering::SeqCst);
        }
        end(&mut feed, None).await;
    });
    (source, sent)
}

/// Waits until a number stays as it is, and gives it.
fn settled(number: &AtomicI64) -> i64 {
    let mut last = (number.load(Ordering::SeqCst), Instant::now());
    wait_for("it to stand still", || {
        let now = number.load(Ordering::SeqCst);
        if now != last.0 {
            last = (now, Instant::now());
        }
        (last.0 > 0 && last.1.elapsed() > Duration::from_millis(300)).then_some(())
    });
    last.0
}

fn dropped(given: &[Given]) -> usize {
    given
        .iter()
        .filter_map(|item| match item {
            Given::Error(error) if error.kind == ErrorKind::Overload => {
                assert_eq!(error.symbol.as_ref().unwrap().as_str(), "AAPL");
                error.message.split(' ').next()?.parse::<usize>().ok()
            }
            _ => None,
        })
        .sum()
}

#[test]
fn f28_a_pausable_source_waits_for_a_sink_that_blocks_and_nothing_is_lost() {
    const COUNT: i64 = 100_000;
    let (source, sent) = flood(Delivery::Pausable, COUNT);
    let (sink, given, gate) = collector();
    let held = gate.lock().unwrap();
    let handle = engine::start(
        narrow(),
        vec![plan(source, &["AAPL"])],
        vec![sink],
        Arc::new(SystemClock::default()),
        None,
    )
    .unwrap();
    let waiting_at = settled(&sent);
    assert!(waiting_at < COUNT / 4, "{waiting_at} were taken");
    drop(held);
    finish(handle);
    assert!(
        volumes_by_symbol(given.try_iter())["AAPL"]
            .iter()
            .copied()
            .eq(0..COUNT)
    );
}

#[test]
fn f28_a_live_source_never_waits_for_a_sink_that_blocks_and_what_is_dropped_is_counted() {
    const COUNT: i64 = 50_000;
    let (source, sent) = flood(Delivery::Live, COUNT);
    let (sink, given, gate) = collector();
    let held = gate.lock().unwrap();
    let handle = engine::start(
        narrow(),
        vec![plan(source, &["AAPL"])],
        vec![sink],
        Arc::new(SystemClock::default()),
        None,
    )
    .unwrap();
    wait_for("the feed to have been taken whole", || {
        (sent.load(Ordering::SeqCst) == COUNT).then_some(())
    });
    drop(held);
    finish(handle);
    let given: Vec<Given> = given.try_iter().collect();
    let volumes = volumes_by_symbol(given.iter().cloned())
        .remove("AAPL")
        .unwrap();
    assert!(volumes.is_sorted_by(|a, b| a < b), "what comes is in order");
    let dropped = dropped(&given);
    assert!(dropped > 0, "little enough room for drops");
    assert_eq!(volumes.len() + dropped, COUNT as usize);
}

fn quote(symbol: SymbolId, number: i64) -> Event {
    Event {
        symbol,
        time: Some(UnixMs(1_550_050_200_000 + number)),
        payload: Payload::Level1(Level1 {
            bid: Some(Decimal::from(number)),
            // Only some messages carry it: what a conflated one carried must not be forgotten.
            bid_size: (number % 1000 == 7).then(|| Decimal::from(number)),
            ..Level1::default()
        }),
    }
}

#[test]
fn f27_quotes_of_a_live_flood_are_conflated_to_the_newest_and_counted() {
    const COUNT: i64 = 20_000;
    let is_held = Arc::new(AtomicBool::new(true));
    let analysis: Analysis = {
        let is_held = Arc::clone(&is_held);
        Arc::new(move |_, _| {
            wait_for("release", || {
                (!is_held.load(Ordering::SeqCst)).then_some(())
            });
        })
    };
    let sent = Arc::new(AtomicBool::new(false));
    let source = {
        let sent = Arc::clone(&sent);
        ScriptedSource::new("flood", Delivery::Live, move |mut feed| async move {
            let aapl = id(&mut feed, "AAPL");
            for number in 1..=COUNT {
                send(&mut feed, Message::Data(vec![quote(aapl, number)])).await;
            }
            sent.store(true, Ordering::SeqCst);
            end(&mut feed, None).await;
            while feed.next_command().await.is_some() {}
        })
    };
    let settings = EngineSettings {
        stop_when_ended: false,
        ..narrow()
    };
    let (handle, given) = start(settings, vec![plan(source, &["AAPL"])], Some(analysis));
    wait_for("the whole flood to be taken", || {
        sent.load(Ordering::SeqCst).then_some(())
    });
    is_held.store(false, Ordering::SeqCst);
    let conflated = wait_for(
        "results and conflated ones to be as many as were sent",
        || {
            let pipeline = Arc::clone(&handle.snapshots.recv_timeout(DEADLINE).ok()?.pipeline);
            assert_eq!(
                pipeline.dropped, 0,
                "a quote is never dropped while one waits"
            );
            (pipeline.conflated + pipeline.results_total == COUNT as u64)
                .then_some(pipeline.conflated)
        },
    );
    assert!(conflated > COUNT as u64 / 2, "{conflated}");
    handle.commands.send(Command::Quit).unwrap();
    finish(handle);
    let quotes: Vec<Level1> = given
        .try_iter()
        .filter_map(|item| match item {
            Given::Result { result, .. } => match result.body {
                ResultBody::Level1 { quote, .. } => Some(quote),
                _ => None,
            },
            _ => None,
        })
        .collect();
    assert_eq!(quotes.len() as u64 + conflated, COUNT as u64);
    let bids: Vec<_> = quotes.iter().map(|quote| quote.bid.unwrap()).collect();
    assert!(bids.is_sorted_by(|a, b| a < b));
    let last = quotes.last().unwrap();
    assert_eq!(last.bid, Some(Decimal::from(COUNT)));
    assert_eq!(last.bid_size, Some(Decimal::from(COUNT - 1000 + 7)));
}

#[test]
fn f28_a_screen_that_does_not_look_holds_nobody_up_and_sees_the_newest_when_it_does() {
    const COUNT: i64 = 50_000;
    let (source, sent) = flood(Delivery::Pausable, COUNT);
    let handle = engine::start(
        EngineSettings {
            stop_when_ended: false,
            ..narrow()
        },
        vec![plan(source, &["AAPL"])],
        Vec::new(),
        Arc::new(SystemClock::default()),
        None,
    )
    .unwrap();
    // One look, and then none until all has been sent.
    let first = handle.snapshots.recv_timeout(DEADLINE).unwrap();
    wait_for("the flood to pass without a look", || {
        (sent.load(Ordering::SeqCst) == COUNT).then_some(())
    });
    let row = wait_for("the newest on the board", || {
        let snapshot = handle.snapshots.recv_timeout(DEADLINE).ok()?;
        assert!(snapshot.version > first.version);
        let row = snapshot.rows.iter().next()?.clone();
        (row.results == COUNT as u64).then_some(row)
    });
    assert_eq!(
        row.updated,
        Some(UnixMs(1_550_050_200_000 + (COUNT - 1) * 60_000))
    );
    handle.commands.send(Command::Quit).unwrap();
    finish(handle);
}

#[test]
fn an_engine_that_serves_a_screen_outlives_streamers_that_return() {
    let (source, _) = flood(Delivery::Pausable, 10);
    let settings = EngineSettings {
        stop_when_ended: false,
        ..narrow()
    };
    let (handle, given) = start(settings, vec![plan(source, &["AAPL"])], None);
    wait_for("the end of the source", || {
        given
            .try_iter()
            .any(|item| matches!(item, Given::Status(status) if status.status == Status::Ended))
            .then_some(())
    });
    // A board that nobody serves any more would have no answer to this.
    let row = handle.snapshots.recv_timeout(DEADLINE).unwrap();
    handle
        .commands
        .send(Command::WatchCharts(vec![(
            row.rows.iter().next().unwrap().id,
            Timeframe::M1,
        )]))
        .unwrap();
    wait_for("the chart of a source that has ended", || {
        let snapshot = handle.snapshots.recv_timeout(DEADLINE).ok()?;
        (snapshot.charts.first()?.candles.len() == 10).then_some(())
    });
    assert!(!handle.is_finished());
    handle.commands.send(Command::Quit).unwrap();
    finish(handle);
}
