//! The engine's promises, each with a test that fails when it is broken.

use std::collections::HashMap;
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, AtomicU64, Ordering};

use crossbeam_channel::Receiver;
use streamer_tui::domain::clock::SystemClock;
use streamer_tui::domain::outcome::{ErrorInstance, ErrorKind, ResultBody, Status, StatusChange};
use streamer_tui::domain::source::{Delivery, SourceName};
use streamer_tui::pipeline::Command;
use streamer_tui::pipeline::engine::{self, Analysis, EngineHandle, SourcePlan};
use streamer_tui::pipeline::feed::Feed;
use streamer_tui::pipeline::settings::EngineSettings;
use streamer_tui::pipeline::source::Message;

use crate::support::{self, Given, ScriptedSource, bar, collector, id, symbols, wait_for};

pub fn settings() -> EngineSettings {
    EngineSettings {
        stop_when_ended: true,
        processing_capacity: 64,
        ..EngineSettings::default()
    }
}

pub fn start(
    settings: EngineSettings,
    plans: Vec<SourcePlan>,
    analysis: Option<Analysis>,
) -> (EngineHandle, Receiver<Given>) {
    let (sink, given, _) = collector();
    let handle = engine::start(
        settings,
        plans,
        vec![sink],
        Arc::new(SystemClock::default()),
        analysis,
    )
    .unwrap();
    (handle, given)
}

pub fn plan(source: ScriptedSource, names: &[&str]) -> SourcePlan {
    SourcePlan {
        source: Box::new(source),
        symbols: Some(symbols(names)),
    }
}

pub fn finish(handle: EngineHandle) {
    assert!(!handle.join().all_hopeless);
}

pub async fn send(feed: &mut Feed, message: Message) {
    let now = feed.now();
    feed.ready_send(now, message).await.unwrap();
}

pub async fn end(feed: &mut Feed, error: Option<&str>) {
    let error = error.map(|text| Box::new(ErrorInstance::new(ErrorKind::ConnectionError, text)));
    send(
        feed,
        Message::Ended {
            error,
            hopeless: false,
        },
    )
    .await;
}

pub fn volumes_by_symbol(given: impl IntoIterator<Item = Given>) -> HashMap<String, Vec<i64>> {
    let mut all: HashMap<String, Vec<i64>> = HashMap::new();
    for item in given {
        if let Given::Result { symbol, result, .. } = item
            && let ResultBody::Ohlcv { bar, .. } = result.body
        {
            all.entry(symbol)
                .or_default()
                .push(bar.volume.unwrap().try_into().unwrap());
        }
    }
    all
}

#[test]
fn results_of_a_symbol_come_in_the_order_of_arrival_whatever_the_number_of_threads() {
    const SYMBOLS: usize = 40;
    for worker_threads in [1, 3, 64] {
        let names: Vec<String> = (0..SYMBOLS).map(|n| format!("S{n}")).collect();
        let names: Vec<&str> = names.iter().map(String::as_str).collect();
        let owned: Vec<String> = names.iter().map(ToString::to_string).collect();
        let source =
            ScriptedSource::new("script", Delivery::Pausable, move |mut feed| async move {
                let ids: Vec<_> = owned.iter().map(|name| id(&mut feed, name)).collect();
                for minute in 0..500 {
                    send(
                        &mut feed,
                        Message::Data(ids.iter().map(|&id| bar(id, minute, minute)).collect()),
                    )
                    .await;
                }
                end(&mut feed, None).await;
            });
        let settings = EngineSettings {
            worker_threads,
            ..settings()
        };
        let (handle, given) = start(settings, vec![plan(source, &names)], None);
        assert!(!handle.join().all_hopeless);
        let by_symbol = volumes_by_symbol(given);
        assert_eq!(by_symbol.len(), SYMBOLS);
        for (symbol, volumes) in by_symbol {
            let in_order = volumes.iter().copied().eq(0..500);
            assert!(
                in_order,
                "{symbol} on {worker_threads} threads: {} results",
                volumes.len()
            );
        }
    }
}

#[test]
fn a_slow_symbol_delays_neither_the_others_nor_the_streamer_and_memory_stays_bounded() {
    let is_held = Arc::new(AtomicBool::new(true));
    let sent = Arc::new(AtomicU64::new(0));
    let analysis: Analysis = {
        let is_held = Arc::clone(&is_held);
        Arc::new(move |symbol, _| {
            if symbol.as_str() == "SLOW" {
                wait_for("the slow symbol's release", || {
                    (!is_held.load(Ordering::SeqCst)).then_some(())
                });
            }
        })
    };
    let source = {
        let sent = Arc::clone(&sent);
        ScriptedSource::new("script", Delivery::Pausable, move |mut feed| async move {
            let (slow, fast) = (id(&mut feed, "SLOW"), id(&mut feed, "FAST"));
            for minute in 0..5000 {
                send(
                    &mut feed,
                    Message::Data(vec![bar(slow, minute, minute), bar(fast, minute, minute)]),
                )
                .await;
                sent.fetch_add(1, Ordering::SeqCst);
            }
            // Beyond the mailbox: the source has to wait now.
            for minute in 5000..20_000 {
                send(&mut feed, Message::Data(vec![bar(slow, minute, minute)])).await;
                sent.fetch_add(1, Ordering::SeqCst);
            }
            end(&mut feed, None).await;
        })
    };
    let settings = EngineSettings {
        symbol_backlog: 6000,
        processing_capacity: 256,
        ..settings()
    };
    let (handle, given) = start(
        settings,
        vec![plan(source, &["SLOW", "FAST"])],
        Some(analysis),
    );
    let mut seen = Vec::new();
    wait_for(
        "all results of the fast symbol while the slow one sleeps",
        || {
            seen.extend(
                given
                    .try_iter()
                    .filter(|item| matches!(item, Given::Result { .. })),
            );
            (seen.len() == 5000).then_some(())
        },
    );
    assert!(!volumes_by_symbol(seen.clone()).contains_key("SLOW"));
    // The streamer got rid of everything that the mailbox and the channel have room for, and then waited.
    let bound = 6000 + 256 + 2 * 256;
    wait_for("the screen to name the symbol that is waited for", || {
        let snapshot = handle.snapshots.recv().ok()?;
        let waits = snapshot.sources[0]
            .waiting_for
            .as_ref()
            .is_some_and(|symbol| symbol.as_str() == "SLOW");
        let is_stuck = snapshot
            .pipeline
            .workers
            .iter()
            .any(|worker| worker.busy.is_some());
        (waits && is_stuck).then_some(())
    });
    assert!(sent.load(Ordering::SeqCst) >= 6000);
    assert!(
        sent.load(Ordering::SeqCst) <= bound,
        "{}",
        sent.load(Ordering::SeqCst)
    );
    is_held.store(false, Ordering::SeqCst);
    finish(handle);
    seen.extend(given.try_iter());
    assert!(
        volumes_by_symbol(seen)["SLOW"]
            .iter()
            .copied()
            .eq(0..20_000)
    );
}

#[test]
fn after_a_stream_ends_in_error_what_is_queued_is_processed_and_the_engine_stays_up() {
    let is_held = Arc::new(AtomicBool::new(true));
    let analysis: Analysis = {
        let is_held = Arc::clone(&is_held);
        Arc::new(move |_, _| {
            wait_for("release", || {
                (!is_held.load(Ordering::SeqCst)).then_some(())
            });
        })
    };
    let source = ScriptedSource::new("script", Delivery::Pausable, move |mut feed| async move {
        let aapl = id(&mut feed, "AAPL");
        for minute in 0..100 {
            send(&mut feed, Message::Data(vec![bar(aapl, minute, minute)])).await;
        }
        end(&mut feed, Some("No more data available from API.")).await;
        while feed.next_command().await.is_some() {}
    });
    let settings = EngineSettings {
        stop_when_ended: false,
        ..settings()
    };
    let (handle, given) = start(settings, vec![plan(source, &["AAPL"])], Some(analysis));
    is_held.store(false, Ordering::SeqCst);
    let mut results = 0;
    loop {
        match given.recv_timeout(support::DEADLINE).unwrap() {
            Given::Result { .. } => results += 1,
            Given::Error(error) => {
                assert_eq!(error.message, "No more data available from API.");
                break;
            }
            Given::Status(_) => {}
        }
    }
    assert_eq!(results, 100, "the error comes after the last result");
    assert!(!handle.is_finished());
    handle.commands.send(Command::Quit).unwrap();
    finish(handle);
}

#[test]
fn a_symbol_without_data_gives_nothing_and_one_nobody_wants_is_ignored() {
    let source = ScriptedSource::new("script", Delivery::Pausable, |mut feed| async move {
        let aapl = id(&mut feed, "AAPL");
        assert_eq!(
            feed.resolve("MSFT"),
            streamer_tui::pipeline::directory::Resolution::Ignored
        );
        send(&mut feed, Message::Data(vec![bar(aapl, 0, 1)])).await;
        end(&mut feed, None).await;
    });
    let (handle, given) = start(settings(), vec![plan(source, &["AAPL", "DUD"])], None);
    finish(handle);
    let given: Vec<_> = given.try_iter().collect();
    assert_eq!(
        volumes_by_symbol(given.clone()).keys().collect::<Vec<_>>(),
        ["AAPL"]
    );
    assert!(
        !given.iter().any(|item| matches!(item, Given::Error(_))),
        "{given:?}"
    );
}

#[test]
fn a_panic_is_reported_and_survived_and_the_third_in_a_minute_means_quarantine() {
    let analysis: Analysis = Arc::new(|symbol, event| {
        let is_third = event.time.is_some_and(|time| time.0 / 60_000 % 3 == 0);
        assert!(
            !(symbol.as_str() == "BAD" && is_third),
            "cannot do this one"
        );
    });
    let source = ScriptedSource::new("script", Delivery::Pausable, |mut feed| async move {
        let (bad, good) = (id(&mut feed, "BAD"), id(&mut feed, "GOOD"));
        for minute in 0..30 {
            send(
                &mut feed,
                Message::Data(vec![bar(bad, minute, minute), bar(good, minute, minute)]),
            )
            .await;
        }
        end(&mut feed, None).await;
        while feed.next_command().await.is_some() {}
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
    let mut all = Vec::new();
    wait_for("the end", || {
        all.extend(given.try_iter());
        all.iter()
            .any(|item| matches!(item, Given::Status(status) if status.status == Status::Ended))
            .then_some(())
    });
    let by_symbol = volumes_by_symbol(all.clone());
    assert_eq!(by_symbol["GOOD"], (0..30).collect::<Vec<i64>>());
    assert!(by_symbol["BAD"].len() < 10, "{:?}", by_symbol["BAD"]);
    let panics = all
        .iter()
        .filter(|item| matches!(item, Given::Error(error) if error.kind == ErrorKind::WorkerPanic))
        .count();
    assert_eq!(panics, 3);
    assert!(
        all.iter().any(
            |item| matches!(item, Given::Status(status) if status.status == Status::Quarantined)
        )
    );
    handle.commands.send(Command::Quit).unwrap();
    finish(handle);
}

#[test]
fn symbols_come_and_go_while_data_flows_without_a_lost_or_repeated_result_for_the_others() {
    let rounds = Arc::new(AtomicU64::new(0));
    let may_end = Arc::new(AtomicBool::new(false));
    let source = {
        let (rounds, may_end) = (Arc::clone(&rounds), Arc::clone(&may_end));
        ScriptedSource::new("script", Delivery::Pausable, move |mut feed| async move {
            let stay = id(&mut feed, "STAY");
            let mut minute = 0;
            while !may_end.load(Ordering::SeqCst) {
                let mut events = vec![bar(stay, minute, minute)];
                if let streamer_tui::pipeline::directory::Resolution::Subscribed(guest) =
                    feed.resolve("GUEST")
                {
                    events.push(bar(guest, minute, minute));
                }
                send(&mut feed, Message::Data(events)).await;
                minute += 1;
                rounds.store(minute as u64, Ordering::SeqCst);
            }
            end(&mut feed, None).await;
        })
    };
    let (handle, given) = start(settings(), vec![plan(source, &["STAY"])], None);
    let mut all = Vec::new();
    for _ in 0..20 {
        handle
            .commands
            .send(Command::Add(vec!["GUEST".parse().unwrap()]))
            .unwrap();
        wait_for("a result of the guest", || {
            let fresh: Vec<_> = given.try_iter().collect();
            let found = fresh
                .iter()
                .any(|item| matches!(item, Given::Result { symbol, .. } if symbol == "GUEST"));
            all.extend(fresh);
            found.then_some(())
        });
        handle
            .commands
            .send(Command::Remove(vec!["GUEST".parse().unwrap()]))
            .unwrap();
        wait_for("the guest to be gone", || {
            let fresh: Vec<_> = given.try_iter().collect();
            let found = fresh
                .iter()
                .any(|item| matches!(item, Given::Status(status) if status.status == Status::Unsubscribed));
            all.extend(fresh);
            found.then_some(())
        });
    }
    may_end.store(true, Ordering::SeqCst);
    finish(handle);
    all.extend(given.try_iter());
    let by_symbol = volumes_by_symbol(all);
    let sent = rounds.load(Ordering::SeqCst) as i64;
    assert!(by_symbol["STAY"].iter().copied().eq(0..sent));
    assert!(
        by_symbol["GUEST"].windows(2).all(|pair| pair[0] < pair[1]),
        "ascending, none twice"
    );
}

#[test]
fn a_live_flood_is_bounded_counted_and_keeps_the_newest() {
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
        ScriptedSource::new("script", Delivery::Live, move |mut feed| async move {
            let aapl = id(&mut feed, "AAPL");
            for minute in 0..10_000 {
                send(&mut feed, Message::Data(vec![bar(aapl, minute, minute)])).await;
            }
            sent.store(true, Ordering::SeqCst);
            end(&mut feed, None).await;
        })
    };
    let settings = EngineSettings {
        processing_capacity: 16,
        symbol_backlog: 1000,
        ..settings()
    };
    let (handle, given) = start(settings, vec![plan(source, &["AAPL"])], Some(analysis));
    wait_for("a live source to be taken from without waiting", || {
        sent.load(Ordering::SeqCst).then_some(())
    });
    is_held.store(false, Ordering::SeqCst);
    finish(handle);
    let given: Vec<_> = given.try_iter().collect();
    let results = volumes_by_symbol(given.clone())["AAPL"].len();
    let dropped: usize = given
        .iter()
        .filter_map(|item| match item {
            Given::Error(error) if error.kind == ErrorKind::Overload => {
                error.message.split(' ').next()?.parse::<usize>().ok()
            }
            _ => None,
        })
        .sum();
    assert_eq!(
        results + dropped,
        10_000,
        "what is not a result is a counted drop"
    );
    assert!(results <= 1000 + 2 * 256 + 64, "{results}");
}

#[test]
fn a_live_flood_over_many_symbols_is_bounded_as_a_whole_while_the_sink_blocks() {
    const SYMBOLS: usize = 200;
    const FRAMES: i64 = 500;
    let names: Vec<String> = (0..SYMBOLS).map(|n| format!("S{n}")).collect();
    let owned = names.clone();
    let sent = Arc::new(AtomicBool::new(false));
    let source = {
        let sent = Arc::clone(&sent);
        ScriptedSource::new("script", Delivery::Live, move |mut feed| async move {
            let ids: Vec<_> = owned.iter().map(|name| id(&mut feed, name)).collect();
            for minute in 0..FRAMES {
                let bars = ids.iter().map(|&id| bar(id, minute, minute)).collect();
                send(&mut feed, Message::Data(bars)).await;
            }
            sent.store(true, Ordering::SeqCst);
            end(&mut feed, None).await;
        })
    };
    let settings = EngineSettings {
        total_backlog: 10_000,
        results_capacity: 4,
        ..settings()
    };
    let (sink, given, gate) = collector();
    let held = gate.lock().unwrap();
    let names: Vec<&str> = names.iter().map(String::as_str).collect();
    let handle = engine::start(
        settings,
        vec![plan(source, &names)],
        vec![sink],
        Arc::new(SystemClock::default()),
        None,
    )
    .unwrap();
    wait_for(
        "a live source to be taken from although nothing goes out",
        || sent.load(Ordering::SeqCst).then_some(()),
    );
    drop(held);
    finish(handle);
    let (mut results, mut dropped) = (0, 0);
    for item in given {
        match item {
            Given::Result { .. } => results += 1,
            Given::Error(error) if error.kind == ErrorKind::Overload => {
                dropped += error
                    .message
                    .split(' ')
                    .next()
                    .unwrap()
                    .parse::<usize>()
                    .unwrap();
            }
            _ => {}
        }
    }
    assert_eq!(results + dropped, SYMBOLS * FRAMES as usize);
    assert!(dropped > SYMBOLS * FRAMES as usize / 2, "{dropped}");
}

#[test]
fn no_result_overtakes_the_status_of_the_jump_before_it() {
    const JUMPS: usize = 300;
    let source = ScriptedSource::new("script", Delivery::Pausable, |mut feed| async move {
        let ids = [id(&mut feed, "A"), id(&mut feed, "B")];
        for _ in 0..JUMPS {
            send(&mut feed, Message::Reset).await;
            let name = feed.info().name.clone();
            let status = StatusChange::of_source(Status::Seek, &name);
            send(&mut feed, Message::Status(Box::new(status))).await;
            for minute in 0..4 {
                let bars = ids.iter().map(|&id| bar(id, minute, minute)).collect();
                send(&mut feed, Message::Data(bars)).await;
            }
        }
        end(&mut feed, None).await;
    });
    let settings = EngineSettings {
        results_capacity: 1,
        ..settings()
    };
    let (handle, given) = start(settings, vec![plan(source, &["A", "B"])], None);
    finish(handle);
    let mut jumps = 0;
    let mut since: HashMap<String, i64> = HashMap::new();
    for item in given {
        match item {
            Given::Status(status) if status.status == Status::Seek => {
                assert!(
                    jumps == 0 || since.values().all(|seen| *seen == 4),
                    "a result came late"
                );
                since.clear();
                jumps += 1;
            }
            Given::Result { symbol, .. } => *since.entry(symbol).or_default() += 1,
            _ => {}
        }
    }
    assert_eq!(jumps, JUMPS);
    assert_eq!(since["A"], 4);
}

#[test]
fn a_symbol_that_is_removed_as_soon_as_it_is_added_is_told_of_and_gone() {
    let source = ScriptedSource::new("script", Delivery::Pausable, |mut feed| async move {
        while feed.next_command().await.is_some() {}
    });
    let settings = EngineSettings {
        stop_when_ended: false,
        ..settings()
    };
    let (handle, given) = start(settings, vec![plan(source, &[])], None);
    for n in 0..20 {
        let spec: Vec<_> = vec![format!("T{n}").parse().unwrap()];
        handle.commands.send(Command::Add(spec.clone())).unwrap();
        handle.commands.send(Command::Remove(spec)).unwrap();
    }
    wait_for("an empty board", || {
        let snapshot = handle.snapshots.recv().ok()?;
        (snapshot.version > 1 && snapshot.rows.is_empty()).then_some(())
    });
    handle.commands.send(Command::Quit).unwrap();
    finish(handle);
    let statuses: Vec<Status> = given
        .iter()
        .filter_map(|item| match item {
            Given::Status(status) => Some(status.status),
            _ => None,
        })
        .collect();
    let count = |wanted: Status| statuses.iter().filter(|status| **status == wanted).count();
    assert_eq!(
        (count(Status::Subscribed), count(Status::Unsubscribed)),
        (20, 20)
    );
}

#[test]
fn a_command_that_is_refused_is_answered_each_time() {
    let source = ScriptedSource::new("script", Delivery::Pausable, |mut feed| async move {
        while feed.next_command().await.is_some() {}
    });
    let settings = EngineSettings {
        stop_when_ended: false,
        ..settings()
    };
    let (handle, _given) = start(settings, vec![plan(source, &[])], None);
    let nope = Command::Reconnect(Some(SourceName::new("nope")));
    let orders = [
        nope.clone(),
        nope,
        Command::Record(Some("afile".into())),
        Command::Add(vec!["X@nope".parse().unwrap()]),
    ];
    for (id, order) in (1..).zip(orders) {
        handle.commands.send(order).unwrap();
        let word = wait_for("an answer", || {
            let word = handle.snapshots.recv().ok()?.word.clone()?;
            (word.id == id).then_some(word)
        });
        assert!(word.is_error, "{word:?}");
    }
    handle.commands.send(Command::Quit).unwrap();
    finish(handle);
}
