//! Every data service live: books, tapes, news and halts through the whole engine.

use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering};
use std::time::Duration;

use streamer_tui::domain::Decimal;
use streamer_tui::domain::book::{BookUpdate, Level};
use streamer_tui::domain::event::{Event, Payload};
use streamer_tui::domain::news::News;
use streamer_tui::domain::outcome::{ErrorKind, ResultBody, Status, StatusChange};
use streamer_tui::domain::quote::{SymbolFacts, Trading};
use streamer_tui::domain::source::Delivery;
use streamer_tui::domain::symbol::SymbolId;
use streamer_tui::domain::time::UnixMs;
use streamer_tui::domain::trade::{TimeAndSale, TradeAction, TradeId};
use streamer_tui::pipeline::Command;
use streamer_tui::pipeline::engine::Analysis;
use streamer_tui::pipeline::feed::Feed;
use streamer_tui::pipeline::settings::EngineSettings;
use streamer_tui::pipeline::snapshot::{BookState, TradeFate};
use streamer_tui::pipeline::source::{Message, SourceCommand};

use crate::engine::{end, finish, plan, send, settings, start};
use crate::support::{Given, ScriptedSource, id, wait_for};

fn event(symbol: SymbolId, payload: Payload) -> Message {
    Message::Data(vec![Event {
        symbol,
        time: Some(UnixMs(1_550_050_200_000)),
        payload,
    }])
}

fn book(snapshot: bool, sequence: u64, bid: i64) -> Payload {
    let level = |price: i64| Level {
        price: Decimal::from(price),
        size: Decimal::ONE,
    };
    Payload::Level2(Box::new(BookUpdate {
        bids: vec![level(bid)],
        asks: vec![level(100)],
        snapshot,
        sequence: Some(sequence),
        ..BookUpdate::default()
    }))
}

fn trade(name: u64, action: TradeAction) -> Payload {
    Payload::TimeAndSales(TimeAndSale {
        price: Some(Decimal::new(1010, 1)),
        size: Some(Decimal::ONE),
        trade_id: Some(TradeId::Number(name)),
        action,
        ..TimeAndSale::default()
    })
}

fn news() -> Payload {
    Payload::News(Box::new(News {
        headline: "both".to_owned(),
        ..News::default()
    }))
}

async fn resync(feed: &mut Feed, symbol: SymbolId) {
    while let Some(command) = feed.next_command().await {
        if let SourceCommand::Resync(symbols) = command {
            assert_eq!(symbols.len(), 1);
            assert_eq!(symbols[0].1, symbol);
            return;
        }
    }
}

/// What was given of a symbol, in words.
fn told(given: &Given) -> Option<String> {
    match given {
        Given::Result { symbol, result } => Some(match &result.body {
            ResultBody::Level2(top) => format!("{symbol} book {}", top.sequence.unwrap()),
            ResultBody::TimeAndSales(trade) => {
                format!("{symbol} trade {:?}", trade.trade_id.as_ref().unwrap())
            }
            ResultBody::News(news) => format!("{symbol} news {}", news.headline),
            ResultBody::Level1 { facts, .. } => {
                format!("{symbol} {:?}", facts.as_ref().unwrap().trading.unwrap())
            }
            ResultBody::Ohlcv { .. } => format!("{symbol} bar"),
        }),
        Given::Error(error) => Some(error.kind.to_string()),
        Given::Status(status) if status.status == Status::Gap => {
            assert!(status.time.is_some());
            Some(format!("{} gap", status.symbol.as_ref().unwrap()))
        }
        Given::Status(_) => None,
    }
}

#[test]
fn books_trades_news_and_halts_are_results_and_stand_on_the_board() {
    let source = ScriptedSource::new("venue", Delivery::Live, |mut feed| async move {
        let (aapl, amzn) = (id(&mut feed, "AAPL"), id(&mut feed, "AMZN"));
        let halt = SymbolFacts {
            trading: Some(Trading::Halted),
            ..SymbolFacts::default()
        };
        let correction = TradeAction::Corrects(TradeId::Number(7));
        for payload in [
            book(false, 1, 90),
            book(true, 2, 90),
            book(false, 3, 91),
            trade(7, TradeAction::New),
            trade(8, correction),
            Payload::Facts(Box::new(halt)),
            news(),
            // Crossed: the symbol is asked for again, and nothing is said of it until it comes.
            book(false, 4, 101),
            book(false, 5, 92),
        ] {
            send(&mut feed, event(aapl, payload)).await;
        }
        send(&mut feed, event(amzn, news())).await;
        resync(&mut feed, aapl).await;
        for payload in [
            book(false, 6, 92),
            book(true, 7, 93),
            Payload::BookLost,
            book(false, 8, 94),
            book(true, 9, 95),
        ] {
            send(&mut feed, event(aapl, payload)).await;
        }
        while feed.next_command().await.is_some() {}
    });
    let settings = EngineSettings {
        stop_when_ended: false,
        ..settings()
    };
    let (handle, given) = start(settings, vec![plan(source, &["AAPL", "AMZN"])], None);
    let mut all = Vec::new();
    wait_for("the last book", || {
        all.extend(given.try_iter().filter_map(|given| told(&given)));
        (all.contains(&"AAPL book 9".to_owned()) && all.contains(&"AMZN news both".to_owned()))
            .then_some(())
    });
    let of_aapl: Vec<&str> = all
        .iter()
        .map(String::as_str)
        .filter(|text| !text.starts_with("AMZN"))
        .collect();
    assert_eq!(
        of_aapl,
        [
            "AAPL book 2",
            "AAPL book 3",
            "AAPL trade Number(7)",
            "AAPL trade Number(8)",
            "AAPL Halted",
            "AAPL news both",
            "SequenceGap",
            "AAPL gap",
            "AAPL book 7",
            "AAPL book 9",
        ]
    );
    let snapshot = handle.snapshots.recv().unwrap();
    let row = snapshot.rows.iter().next().unwrap();
    assert_eq!(row.last, Some(Decimal::new(1010, 1)), "trades make it live");
    let facts = row.facts.as_ref().unwrap();
    assert_eq!(facts.trading, Some(Trading::Halted));
    assert_eq!(snapshot.news.len(), 1, "one item for two symbols");
    assert_eq!(snapshot.news[0].symbols.len(), 2);
    assert!(snapshot.depths.is_empty() && snapshot.tapes.is_empty());

    let symbol = row.id;
    handle
        .commands
        .send(Command::WatchBooks(vec![symbol]))
        .unwrap();
    let snapshot = wait_for("depth and tape", || {
        let snapshot = handle.snapshots.recv().ok()?;
        (!snapshot.depths.is_empty() && !snapshot.tapes.is_empty()).then_some(snapshot)
    });
    let depth = &snapshot.depths[0];
    assert_eq!((depth.symbol, &depth.state), (symbol, &BookState::Whole));
    assert_eq!((depth.updates, depth.resyncs), (4, 2));
    assert_eq!(depth.book.sequence, Some(9));
    let fates: Vec<TradeFate> = snapshot.tapes[0].rows.iter().map(|row| row.fate).collect();
    assert_eq!(fates, [TradeFate::Corrected, TradeFate::Stands]);
    handle.commands.send(Command::Quit).unwrap();
    finish(handle);
}

#[test]
fn after_a_jump_back_news_and_tapes_are_those_of_before_it() {
    const BASE_MS: i64 = 1_550_050_200_000;
    let seen_all = Arc::new(tokio::sync::Notify::new());
    let source = {
        let seen_all = Arc::clone(&seen_all);
        ScriptedSource::new("venue", Delivery::Pausable, move |mut feed| async move {
            let aapl = id(&mut feed, "AAPL");
            let data = |minute: i64, payload: Payload| Event {
                symbol: aapl,
                time: Some(UnixMs(BASE_MS + minute * 60_000)),
                payload,
            };
            for minute in 0..4 {
                let name = u64::try_from(minute).unwrap();
                let both = vec![
                    data(minute, trade(name, TradeAction::New)),
                    data(minute, news()),
                ];
                send(&mut feed, Message::Data(both)).await;
            }
            // What has been sent goes on its way only while the source waits for commands.
            tokio::select! {
                () = seen_all.notified() => {}
                command = feed.next_command() => assert!(command.is_none(), "{command:?}"),
            }
            send(&mut feed, Message::Reset).await;
            let history = vec![data(0, trade(0, TradeAction::New)), data(0, news())];
            send(&mut feed, Message::History(history)).await;
            feed.meters().set_data_clock(UnixMs(BASE_MS + 60_000));
            let status = StatusChange::of_source(Status::Seek, &feed.info().name.clone());
            send(&mut feed, Message::Status(Box::new(status))).await;
            let both = vec![data(1, trade(1, TradeAction::New)), data(1, news())];
            send(&mut feed, Message::Data(both)).await;
            while feed.next_command().await.is_some() {}
        })
    };
    let settings = EngineSettings {
        stop_when_ended: false,
        ..settings()
    };
    let (handle, given) = start(settings, vec![plan(source, &["AAPL"])], None);
    let symbol = wait_for("the symbol", || {
        let snapshot = handle.snapshots.recv().ok()?;
        snapshot.rows.iter().next().map(|row| row.id)
    });
    handle
        .commands
        .send(Command::WatchBooks(vec![symbol]))
        .unwrap();
    // How many news there are, and the times of the trades on the tape, in minutes.
    let seen = || {
        let snapshot = handle.snapshots.recv().ok()?;
        let rows = snapshot.tapes.first()?.rows.iter();
        let minutes: Vec<i64> = rows
            .map(|row| (row.time.unwrap().0 - BASE_MS) / 60_000)
            .collect();
        Some((snapshot.news.len(), minutes))
    };
    wait_for("all four", || {
        (seen()? == (4, vec![0, 1, 2, 3])).then_some(())
    });
    seen_all.notify_one();
    wait_for("what is before the jump", || {
        (seen()? == (2, vec![0, 1])).then_some(())
    });
    handle.commands.send(Command::Quit).unwrap();
    finish(handle);
    drop(given);
}

#[test]
fn a_live_book_whose_changes_overflow_is_asked_for_again_once_and_never_has_a_hole() {
    const CHANGES: u64 = 60;
    let is_held = Arc::new(AtomicBool::new(true));
    let has_room = Arc::new(AtomicBool::new(false));
    let analysis: Analysis = {
        let is_held = Arc::clone(&is_held);
        let has_room = Arc::clone(&has_room);
        Arc::new(move |_, event| {
            if matches!(&event.payload, Payload::Level2(book) if book.sequence == Some(100)) {
                has_room.store(true, Ordering::SeqCst);
            }
            wait_for("the release", || {
                (!is_held.load(Ordering::SeqCst)).then_some(())
            });
        })
    };
    let source = ScriptedSource::new("venue", Delivery::Live, move |mut feed| async move {
        let aapl = id(&mut feed, "AAPL");
        send(&mut feed, event(aapl, book(true, 1, 90))).await;
        for sequence in 2..=CHANGES {
            send(&mut feed, event(aapl, book(false, sequence, 90))).await;
        }
        resync(&mut feed, aapl).await;
        is_held.store(false, Ordering::SeqCst);
        send(&mut feed, event(aapl, book(true, 100, 90))).await;
        // Handed over, and taken out of the mailbox with everything before it.
        let command = tokio::time::timeout(Duration::ZERO, feed.next_command()).await;
        assert!(command.is_err(), "asked once");
        wait_for("the whole book to be taken", || {
            has_room.load(Ordering::SeqCst).then_some(())
        });
        send(&mut feed, event(aapl, book(false, 101, 91))).await;
        end(&mut feed, None).await;
    });
    let settings = EngineSettings {
        symbol_backlog: 8,
        ..settings()
    };
    let (handle, given) = start(settings, vec![plan(source, &["AAPL"])], Some(analysis));
    finish(handle);
    let (mut sequences, mut dropped) = (Vec::new(), 0);
    for given in given {
        match given {
            Given::Result { result, .. } => {
                if let ResultBody::Level2(top) = result.body {
                    sequences.push(top.sequence.unwrap());
                }
            }
            Given::Error(error) if error.kind == ErrorKind::Overload => {
                let count = error.message.split(' ').next().unwrap();
                dropped += count.parse::<u64>().unwrap();
            }
            _ => {}
        }
    }
    let before = sequences.len() as u64 - 2;
    assert!(before < CHANGES, "{sequences:?}");
    let expected: Vec<u64> = (1..=before).chain([100, 101]).collect();
    assert_eq!(sequences, expected);
    assert_eq!(dropped, CHANGES - before);
}
