#![allow(clippy::unwrap_used, reason = "a test may stop at the first surprise")]

use std::sync::Arc;

use crate::domain::Decimal;
use crate::domain::book::Level;
use crate::domain::event::ServiceSet;
use crate::domain::news::News;
use crate::domain::outcome::DayStats;
use crate::domain::quote::{Level1, SymbolFacts, Trading};
use crate::domain::source::{
    BarOrigin, BarStamp, Delivery, OpenRule, Origin, Products, SourceName,
};
use crate::domain::time::{MINUTE_MS, SessionCalendar};
use crate::domain::trade::{TimeAndSale, TradeAction, TradeId};

use super::super::histories::{Histories, PastBars};
use super::super::snapshot::BookState;
use super::*;
use crate::domain::bar::{Candle, Ohlcv, PastBar};

fn worker(products: Products) -> SymbolWorker {
    worker_of(products, EngineSettings::default())
}

fn worker_of(products: Products, settings: EngineSettings) -> SymbolWorker {
    worker_with(products, settings, Origin::Live, PastBars::default())
}

fn worker_with(
    products: Products,
    settings: EngineSettings,
    origin: Origin,
    past: PastBars,
) -> SymbolWorker {
    worker_in(SessionCalendar::UtcDay, products, settings, origin, past)
}

fn worker_in(
    calendar: SessionCalendar,
    products: Products,
    settings: EngineSettings,
    origin: Origin,
    past: PastBars,
) -> SymbolWorker {
    let source = Arc::new(SourceInfo {
        name: SourceName::new("venue"),
        label: "venue".to_owned(),
        origin,
        delivery: Delivery::Live,
        has_transport: false,
        bar_stamp: BarStamp::Start,
        calendar,
        products: Products {
            repeats_trades: true,
            ..products
        },
    });
    let settings = Arc::new(settings);
    let symbol = Symbol::new("X").unwrap();
    let histories = Arc::new(Histories::new(Arc::clone(&settings), past));
    SymbolWorker::new(WorkerContext {
        id: SymbolId(0),
        history: histories.enter(SymbolId(0), &symbol, &source),
        symbol,
        source,
        settings,
        meters: Arc::default(),
        analysis: None,
        columns: None,
    })
}

/// Bars of the minutes of the day with which [`give`] begins.
fn past(minutes: std::ops::Range<i64>) -> PastBars {
    let mut past = PastBars::default();
    for minute in minutes {
        let bar = Candle {
            start: UnixMs(86_400_000 + minute * MINUTE_MS),
            open: 1.5,
            high: 2.0,
            low: 1.0,
            close: 1.5,
            volume: 10.0,
        };
        past.insert(&Symbol::new("X").unwrap(), Timeframe::M1, bar);
    }
    past
}

fn starts(worker: &SymbolWorker) -> Vec<i64> {
    let bars = worker.context.history.iter();
    bars.map(|bar| (bar.start.0 - 86_400_000) / MINUTE_MS)
        .collect()
}

#[test]
fn what_was_before_the_start_is_there_before_the_first_data_and_live_bars_follow_it() {
    for products in [Products::default(), built()] {
        let settings = EngineSettings::default();
        let mut worker = worker_with(products, settings, Origin::Live, past(0..5));
        let mut out = Vec::new();
        worker.finish_turn(&mut out);
        let told = match out.pop() {
            Some(Outcome::Primed(primed)) => Some((primed.last, primed.day.volume)),
            _ => None,
        };
        assert_eq!(told, Some((Some(Decimal::new(15, 1)), Some(50.0))));
        assert!(out.is_empty(), "history gives no results");
        assert_eq!(starts(&worker), [0, 1, 2, 3, 4]);
    }
    let mut worker = worker_with(
        Products::default(),
        EngineSettings::default(),
        Origin::Live,
        past(0..5),
    );
    let bar = Ohlcv {
        open: Some(3.into()),
        high: Some(3.into()),
        low: Some(3.into()),
        close: Some(3.into()),
        volume: Some(1.into()),
    };
    for minute in 4..7 {
        give(&mut worker, minute * 60, Payload::Ohlcv(bar));
    }
    assert_eq!(starts(&worker), [0, 1, 2, 3, 4, 5, 6]);
    let closes: Vec<f64> = worker.context.history.iter().map(|bar| bar.close).collect();
    assert_eq!(closes, [1.5, 1.5, 1.5, 1.5, 3.0, 3.0, 3.0]);
}

#[test]
fn a_replay_sees_nothing_of_the_time_that_it_has_yet_to_play() {
    let mut worker = worker_with(
        Products::default(),
        EngineSettings::default(),
        Origin::Replay,
        past(0..100),
    );
    worker.finish_turn(&mut Vec::new());
    assert_eq!(starts(&worker), [0; 0]);
    give(&mut worker, 3 * 60, Payload::Clock);
    assert_eq!(starts(&worker), [0, 1, 2]);
    worker.reset();
    assert_eq!(starts(&worker), [0; 0]);
    give(&mut worker, 60, Payload::Clock);
    assert_eq!(starts(&worker), [0]);
}

#[test]
fn quotes_and_trades_are_kept_with_what_is_known_of_them() {
    let mut worker = worker(Products::default());
    let quote = |bid: i64| Level1 {
        bid: Some(bid.into()),
        ..Level1::default()
    };
    give(&mut worker, 1, Payload::Level1(quote(10)));
    let ask = Level1 {
        ask: Some(12.into()),
        ..Level1::default()
    };
    give(&mut worker, 2, Payload::Level1(ask));
    give(
        &mut worker,
        3,
        Payload::TimeAndSales(TimeAndSale::default()),
    );
    let history = worker.context.history.snapshot();
    let quotes = &history.quotes.parts()[0];
    assert_eq!(quotes.column(0), [10.0, 10.0]);
    assert!(quotes.column(2)[0].is_nan());
    assert_eq!(quotes.column(2)[1], 12.0);
    assert_eq!(history.trades.len(), 1);
    worker.reset();
    let history = worker.context.history.snapshot();
    assert!(history.quotes.is_empty() && history.trades.is_empty());
}

fn built() -> Products {
    Products {
        bars: BarOrigin::Trades(OpenRule::FirstTrade),
        ..Products::default()
    }
}

fn give(worker: &mut SymbolWorker, seconds: i64, payload: Payload) -> Vec<Outcome> {
    let mut out = Vec::new();
    let mut event = Event {
        symbol: SymbolId(0),
        time: Some(UnixMs(86_400_000 + seconds * 1000)),
        payload,
    };
    worker.take(&mut event, false, &mut out);
    out
}

fn turn_end(worker: &mut SymbolWorker) -> Vec<Outcome> {
    let mut out = Vec::new();
    worker.finish_turn(&mut out);
    out
}

fn trade(id: u64, price: i64) -> Payload {
    Payload::TimeAndSales(TimeAndSale {
        price: Some(price.into()),
        size: Some(1.into()),
        trade_id: Some(TradeId::Number(id)),
        ..TimeAndSale::default()
    })
}

fn book(snapshot: bool, bid: i64, ask: i64) -> Payload {
    let levels = |price: i64| {
        vec![Level {
            price: price.into(),
            size: 1.into(),
        }]
    };
    Payload::Level2(Box::new(BookUpdate {
        bids: levels(bid),
        asks: levels(ask),
        snapshot,
        ..BookUpdate::default()
    }))
}

/// Outcomes in words.
fn told(out: &[Outcome]) -> Vec<String> {
    let show = |value: Option<Decimal>| value.map_or("-".to_owned(), |value| value.to_string());
    let last = |last: LastPrice| match last {
        LastPrice::Unchanged => "-".to_owned(),
        LastPrice::Is(price) => price.to_string(),
        LastPrice::Gone => "gone".to_owned(),
    };
    out.iter()
        .map(|outcome| match outcome {
            Outcome::Result(result) => match &result.body {
                ResultBody::Ohlcv {
                    bar,
                    timeframe,
                    partial,
                    ..
                } => {
                    let minute = (result.time.unwrap().0 - 86_400_000) / MINUTE_MS;
                    let partial = if *partial { " partial" } else { "" };
                    format!(
                        "{timeframe} {minute}: {} {} x{}{partial}",
                        show(bar.open),
                        show(bar.close),
                        show(bar.volume)
                    )
                }
                ResultBody::Level1 { facts, .. } => {
                    let facts = facts.as_ref().and_then(|facts| facts.trading);
                    format!("quote {facts:?}")
                }
                ResultBody::Level2(top) => {
                    format!("book {}", show(top.bids.first().map(|l| l.price)))
                }
                ResultBody::TimeAndSales(trade) => {
                    format!("trade {} last {}", show(trade.price), last(result.last))
                }
                ResultBody::News(news) => format!("news {}", news.headline),
            },
            Outcome::Error(error) => format!("{} {}", error.kind, error.severity.name()),
            Outcome::Status(status) => status.status.name().to_owned(),
            Outcome::Resync(_) => "resync".to_owned(),
            Outcome::Moved(moved) => format!("moved {}", last(moved.last)),
            Outcome::Depth(view) => format!("depth {:?}", view.state),
            Outcome::Tape(tape) => format!("tape {} {}", tape.is_whole, tape.rows.len()),
            other => format!("{other:?}"),
        })
        .collect()
}

#[test]
fn bars_are_built_from_trades_and_go_out_when_their_minute_is_over() {
    let settings = EngineSettings {
        timeframes: vec![Timeframe::M5],
        ..EngineSettings::default()
    };
    let mut worker = worker_of(built(), settings);
    assert_eq!(
        told(&give(&mut worker, 1, trade(1, 10))),
        ["trade 10 last 10"]
    );
    assert_eq!(worker.day().high, Some(10.0), "the growing bar counts");
    give(&mut worker, 2, trade(2, 14));
    give(&mut worker, 3, trade(3, 12));
    assert_eq!(worker.day().high, Some(14.0));
    assert_eq!(worker.day().volume, Some(3.0));
    assert_eq!(
        told(&give(&mut worker, 60, trade(4, 13))),
        ["1m 0: 10 12 x3", "trade 13 last 13"]
    );
    assert_eq!(
        told(&give(&mut worker, 120, Payload::Clock)),
        ["1m 1: 13 13 x1"],
        "the clock itself is no result"
    );
    let cancel = Payload::TimeAndSales(TimeAndSale {
        action: TradeAction::Cancels(TradeId::Number(2)),
        ..TimeAndSale::default()
    });
    assert_eq!(
        told(&give(&mut worker, 121, cancel)),
        ["1m 0: 10 12 x2", "trade - last -"]
    );
    assert_eq!(worker.day().high, Some(13.0), "the day follows");
    give(&mut worker, 122, trade(5, 15));
    let mut out = Vec::new();
    worker.end_of_data(&mut out);
    assert_eq!(
        told(&out),
        ["1m 2: 15 15 x1 partial", "5m 0: 10 15 x4 partial"]
    );
}

#[test]
fn longer_bars_follow_the_corrections_of_their_minutes() {
    let settings = EngineSettings {
        timeframes: vec![Timeframe::M5, Timeframe::M15],
        ..EngineSettings::default()
    };
    let mut worker = worker_of(built(), settings);
    for minute in 0..5_u32 {
        let id = u64::from(minute);
        give(&mut worker, i64::from(minute) * 60, trade(id, 10));
    }
    assert_eq!(
        told(&give(&mut worker, 300, trade(5, 11))),
        ["1m 4: 10 10 x1", "5m 0: 10 10 x5", "trade 11 last 11"]
    );
    assert_eq!(
        told(&give(&mut worker, 299, trade(6, 12))),
        ["1m 4: 10 12 x2", "5m 0: 10 12 x6", "trade 12 last -"],
        "a late trade"
    );
    let cancel = Payload::TimeAndSales(TimeAndSale {
        action: TradeAction::Cancels(TradeId::Number(0)),
        ..TimeAndSale::default()
    });
    assert_eq!(
        told(&give(&mut worker, 301, cancel)),
        ["1m 0: - - x0", "5m 0: 10 12 x5", "trade - last -"]
    );
    let mut out = Vec::new();
    worker.end_of_data(&mut out);
    assert_eq!(
        told(&out),
        [
            "1m 5: 11 11 x1 partial",
            "5m 5: 11 11 x1 partial",
            "15m 0: 10 11 x6 partial"
        ]
    );
}

fn five_minutes() -> EngineSettings {
    EngineSettings {
        timeframes: vec![Timeframe::M5],
        ..EngineSettings::default()
    }
}

fn flat(price: i64) -> Ohlcv {
    let price = Some(Decimal::from(price));
    Ohlcv {
        open: price,
        high: price,
        low: price,
        close: price,
        volume: Some(1.into()),
    }
}

fn bar(price: i64) -> Payload {
    Payload::Ohlcv(flat(price))
}

#[test]
fn longer_bars_of_minutes_that_grow_go_out_when_they_are_over() {
    let products = Products {
        bars_grow: true,
        ..Products::default()
    };
    let mut worker = worker_of(products, five_minutes());
    for minute in 0..5 {
        for price in [10, 11] {
            let out = told(&give(&mut worker, minute * 60, bar(price)));
            assert_eq!(out, [format!("1m {minute}: {price} {price} x1")]);
        }
    }
    assert_eq!(
        told(&give(&mut worker, 360, bar(12))),
        ["1m 6: 12 12 x1", "5m 0: 11 11 x5"],
        "a later one has begun"
    );
    assert_eq!(told(&give(&mut worker, 540, Payload::Clock)), [""; 0]);
    assert_eq!(
        told(&give(&mut worker, 600, Payload::Clock)),
        ["5m 5: 12 12 x1"]
    );
    assert_eq!(told(&give(&mut worker, 660, Payload::Clock)), [""; 0]);
    assert_eq!(
        told(&give(&mut worker, 540, bar(13))),
        ["1m 9: 13 13 x1", "5m 5: 12 13 x2"],
        "it came late"
    );
}

#[test]
fn longer_bars_end_by_the_clock_when_no_further_bar_or_trade_comes() {
    let mut delivered = worker_of(Products::default(), five_minutes());
    for minute in 0..3 {
        give(&mut delivered, minute * 60, bar(10));
    }
    assert_eq!(
        told(&give(&mut delivered, 300, Payload::Clock)),
        ["5m 0: 10 10 x3"]
    );
    let mut built = worker_of(built(), five_minutes());
    give(&mut built, 1, trade(1, 10));
    give(&mut built, 61, trade(2, 11));
    assert_eq!(
        told(&give(&mut built, 300, Payload::Clock)),
        ["1m 1: 11 11 x1", "5m 0: 10 11 x2"]
    );
    // A trade says of the time before it what the clock says.
    give(&mut built, 301, trade(3, 12));
    assert_eq!(
        told(&give(&mut built, 700, trade(4, 13))),
        ["1m 5: 12 12 x1", "5m 5: 12 12 x1", "trade 13 last 13"]
    );
}

/// Tells what trades are missed; `at` is in milliseconds.
fn miss(worker: &mut SymbolWorker, at: Option<i64>, payload: Payload) {
    let mut event = Event {
        symbol: SymbolId(0),
        time: at.map(|ms| UnixMs(86_400_000 + ms)),
        payload,
    };
    let mut out = Vec::new();
    worker.take(&mut event, false, &mut out);
    assert_eq!(told(&out), [""; 0]);
}

#[test]
fn bars_that_lack_trades_are_partial_at_every_length() {
    let mut worker = worker_of(built(), five_minutes());
    let missed = |worker: &mut SymbolWorker, from: i64, until: i64| {
        miss(worker, Some(from), Payload::TradesMissed);
        miss(worker, Some(until), Payload::TradesResumed);
    };
    let clock = |worker: &mut SymbolWorker, seconds: i64| {
        let out = give(worker, seconds, Payload::Clock);
        told(&out)
    };
    // It begins in minute 1.
    miss(&mut worker, None, Payload::TradesMissed);
    miss(&mut worker, Some(95_000), Payload::TradesResumed);
    give(&mut worker, 100, trade(1, 10));
    assert_eq!(clock(&mut worker, 120), ["1m 1: 10 10 x1 partial"]);
    give(&mut worker, 130, trade(2, 11));
    assert_eq!(clock(&mut worker, 180), ["1m 2: 11 11 x1"]);
    assert_eq!(clock(&mut worker, 300), ["5m 0: 10 11 x2 partial"]);
    // It breaks off in minute 5, and goes on as minute 6 begins.
    give(&mut worker, 310, trade(3, 12));
    miss(&mut worker, Some(315_000), Payload::TradesMissed);
    assert_eq!(clock(&mut worker, 360), ["1m 5: 12 12 x1 partial"]);
    miss(&mut worker, Some(360_000), Payload::TradesResumed);
    give(&mut worker, 370, trade(4, 13));
    give(&mut worker, 430, trade(5, 14));
    assert_eq!(
        clock(&mut worker, 600),
        ["1m 7: 14 14 x1", "5m 5: 12 14 x3 partial"]
    );
    // Nothing was traded in a minute that lacks what was; the first trade comes long after.
    missed(&mut worker, 610_000, 655_000);
    give(&mut worker, 730, trade(6, 15));
    assert_eq!(clock(&mut worker, 780), ["1m 12: 15 15 x1"]);
    assert_eq!(clock(&mut worker, 900), ["5m 10: 15 15 x1 partial"]);
    // What was missed is fetched.
    missed(&mut worker, 904_000, 909_000);
    give(&mut worker, 910, trade(7, 16));
    assert_eq!(clock(&mut worker, 960), ["1m 15: 16 16 x1 partial"]);
    let whole = PastBar {
        start: UnixMs(86_400_000 + 900_000),
        bar: flat(17),
    };
    give(&mut worker, 965, Payload::PastBars([whole].into()));
    assert_eq!(clock(&mut worker, 1200), ["5m 15: 17 17 x1"]);
}

#[test]
fn a_time_without_trades_is_in_every_bar_that_it_touches_and_in_no_other() {
    // From and until, in milliseconds, and which of the minutes 0 to 9 lack trades, and which of the two bars of five.
    for (from, until, minutes, fives) in [
        (299_999, 300_001, [4, 5].as_slice(), [true, true]),
        (299_999, 300_000, &[4], [true, false]),
        (300_000, 300_001, &[5], [false, true]),
        (120_500, 300_000, &[2, 3, 4], [true, false]),
        (119_000, 119_000, &[], [false, false]),
        (130_000, 119_000, &[], [false, false]),
    ] {
        let mut worker = worker_of(built(), five_minutes());
        miss(&mut worker, Some(from), Payload::TradesMissed);
        // It turns out later where it ended.
        miss(&mut worker, Some(from + 500_000), Payload::TradesResumed);
        miss(&mut worker, Some(until), Payload::TradesResumed);
        let mut out = Vec::new();
        for minute in 0..10 {
            out.extend(give(
                &mut worker,
                minute * 60 + 30,
                trade(minute as u64, 10),
            ));
        }
        out.extend(give(&mut worker, 600, Payload::Clock));
        let lines = told(&out);
        let is_partial = |start: &str| {
            let bar = lines.iter().find(|line| line.starts_with(start)).unwrap();
            bar.ends_with("partial")
        };
        for minute in 0..10 {
            let start = format!("1m {minute}:");
            assert_eq!(is_partial(&start), minutes.contains(&minute), "{lines:?}");
        }
        assert_eq!([is_partial("5m 0:"), is_partial("5m 5:")], fives);
    }
}

#[test]
fn where_nobody_says_since_when_trades_are_missed_it_is_since_those_that_are_known() {
    let mut worker = worker_of(built(), five_minutes());
    for minute in 0..7 {
        give(&mut worker, minute * 60, trade(minute as u64, 10));
    }
    // The source begins anew.
    miss(&mut worker, None, Payload::TradesMissed);
    miss(&mut worker, Some(400_000), Payload::TradesResumed);
    let late = told(&give(&mut worker, 200, trade(100, 12)));
    assert_eq!(late[..2], ["1m 3: 10 12 x2", "5m 0: 10 10 x6"]);
    assert_eq!(
        told(&give(&mut worker, 600, Payload::Clock)),
        ["1m 6: 10 10 x1 partial", "5m 5: 10 10 x2 partial"]
    );
}

#[test]
fn bars_that_are_fetched_fill_just_what_they_cover() {
    let mut worker = worker_of(built(), five_minutes());
    let bar_of = |minute: i64| PastBar {
        start: UnixMs(86_400_000 + minute * MINUTE_MS),
        bar: flat(10),
    };
    miss(&mut worker, None, Payload::TradesMissed);
    // Nothing was traded in minute 3.
    let fetched = [2, 4].map(bar_of);
    give(&mut worker, 0, Payload::PastBars(fetched.into()));
    miss(&mut worker, Some(330_000), Payload::TradesResumed);
    let mut out = Vec::new();
    for minute in 1..7 {
        let id = minute as u64;
        out.extend(give(&mut worker, minute * 60 + 40, trade(id, 10)));
    }
    let lines = told(&out);
    let partial = lines.iter().filter(|line| line.ends_with("partial"));
    let partial: Vec<&str> = partial
        .map(|line| line.split(':').next().unwrap())
        .collect();
    assert_eq!(partial, ["1m 1", "5m 0", "5m 0", "1m 5"], "{lines:?}");
}

#[test]
fn bars_that_are_delivered_again_are_given_again_at_every_length() {
    let mut worker = worker_of(Products::default(), five_minutes());
    for minute in 0..4 {
        give(&mut worker, minute * 60, bar(10));
    }
    assert_eq!(
        told(&give(&mut worker, 240, bar(11))),
        ["1m 4: 11 11 x1", "5m 0: 10 11 x5"]
    );
    assert_eq!(
        told(&give(&mut worker, 240, bar(12))),
        ["1m 4: 12 12 x1", "5m 0: 10 12 x5"]
    );
    assert_eq!(
        told(&give(&mut worker, 240, bar(12))),
        ["1m 4: 12 12 x1"],
        "nothing has changed for the longer one"
    );
    let mut again = Event {
        symbol: SymbolId(0),
        time: Some(UnixMs(86_400_000)),
        payload: bar(9),
    };
    let mut out = Vec::new();
    worker.take(&mut again, true, &mut out);
    assert_eq!(told(&out), [""; 0], "history gives no results");
}

#[test]
fn a_trade_that_a_live_source_sends_again_is_no_second_result_and_no_second_row() {
    let mut worker = worker(Products::default());
    worker.watch_book(true);
    turn_end(&mut worker);
    for _ in 0..2 {
        let out = told(&give(&mut worker, 1, trade(1, 10)));
        assert_eq!(out.len(), 1 - worker.context.meters.repeated.get() as usize);
    }
    assert_eq!(worker.context.meters.repeated.get(), 1);
    let mut elsewhere = trade(1, 11);
    if let Payload::TimeAndSales(trade) = &mut elsewhere {
        trade.exchange = Some("V".into());
    }
    assert_eq!(told(&give(&mut worker, 1, elsewhere)), ["trade 11 last 11"]);
    let nameless = || Payload::TimeAndSales(TimeAndSale::default());
    for _ in 0..2 {
        assert_eq!(told(&give(&mut worker, 2, nameless())), ["trade - last -"]);
    }
    assert_eq!(
        told(&turn_end(&mut worker)),
        ["tape false 4"],
        "one row each"
    );
    worker.reset();
    assert_eq!(
        told(&give(&mut worker, 1, trade(1, 10))),
        ["trade 10 last 10"],
        "all is forgotten"
    );
    assert_eq!(worker.context.meters.repeated.get(), 1);
}

#[test]
fn what_is_not_live_is_taken_as_it_is() {
    let mut worker = worker(Products::default());
    let source = Arc::make_mut(&mut worker.context.source);
    source.origin = Origin::Replay;
    source.products.repeats_trades = false;
    for _ in 0..2 {
        assert_eq!(
            told(&give(&mut worker, 1, trade(1, 10))),
            ["trade 10 last 10"]
        );
    }
}

#[test]
fn what_the_source_does_not_serve_gives_no_results_but_moves_the_price() {
    let mut worker = worker(Products {
        services: ServiceSet::of(&[DataService::Ohlcv]),
        ..built()
    });
    assert_eq!(told(&give(&mut worker, 1, trade(1, 10))), [""; 0]);
    assert_eq!(told(&give(&mut worker, 2, trade(2, 11))), [""; 0]);
    assert_eq!(told(&turn_end(&mut worker)), ["moved 11"], "once a turn");
    assert_eq!(told(&turn_end(&mut worker)), [""; 0]);
    assert_eq!(told(&give(&mut worker, 3, book(true, 1, 2))), [""; 0]);
    let news = Payload::News(Box::default());
    assert_eq!(told(&give(&mut worker, 3, news)), [""; 0]);
    let quote = Payload::Level1(Level1 {
        last: Some(9.into()),
        ..Level1::default()
    });
    assert_eq!(told(&give(&mut worker, 3, quote)), [""; 0]);
    give(&mut worker, 3, trade(3, 12));
    assert_eq!(
        told(&turn_end(&mut worker)),
        ["moved -"],
        "the quote's last price is as new"
    );
    give(&mut worker, 4, trade(4, 13));
    assert_eq!(told(&turn_end(&mut worker)), ["moved 13"]);
}

#[test]
fn corrections_that_come_too_late_are_told_once_and_counted() {
    let mut worker = worker(built());
    let correction = || {
        Payload::TimeAndSales(TimeAndSale {
            action: TradeAction::Corrects(TradeId::Number(9)),
            ..TimeAndSale::default()
        })
    };
    let first = told(&give(&mut worker, 1, correction()));
    assert_eq!(first, ["SequenceGap info", "trade - last -"]);
    assert_eq!(
        told(&give(&mut worker, 1, correction())),
        ["trade - last -"]
    );
    assert_eq!(worker.context.meters.late.get(), 2);
}

#[test]
fn a_book_gives_a_row_for_each_state_and_a_faulty_one_is_begun_anew() {
    let mut worker = worker(Products::default());
    assert_eq!(told(&give(&mut worker, 1, book(false, 1, 9))), [""; 0]);
    assert_eq!(told(&give(&mut worker, 1, book(true, 1, 9))), ["book 1"]);
    assert_eq!(told(&give(&mut worker, 2, book(false, 3, 8))), ["book 3"]);
    assert_eq!(
        told(&give(&mut worker, 3, book(false, 9, 8))),
        ["SequenceGap warning", "gap", "resync"]
    );
    assert_eq!(told(&give(&mut worker, 4, book(false, 2, 8))), [""; 0]);
    assert_eq!(told(&give(&mut worker, 5, book(true, 2, 8))), ["book 2"]);
    assert_eq!(told(&give(&mut worker, 6, Payload::BookLost)), [""; 0]);
    assert_eq!(told(&give(&mut worker, 7, book(false, 3, 8))), [""; 0]);
    assert_eq!(worker.context.meters.resyncs.get(), 2);
    assert_eq!(
        told(&give(&mut worker, 8, book(true, -1, 8))),
        ["SchemaError warning", "gap", "resync"]
    );
}

#[test]
fn depth_and_tape_go_to_the_board_at_the_end_of_a_turn_while_it_watches() {
    let mut worker = worker(Products::default());
    give(&mut worker, 1, book(true, 1, 9));
    give(&mut worker, 1, trade(1, 5));
    assert_eq!(told(&turn_end(&mut worker)), [""; 0]);
    worker.watch_book(true);
    assert_eq!(told(&turn_end(&mut worker)), ["depth Whole", "tape true 1"]);
    give(&mut worker, 2, book(false, 2, 9));
    give(&mut worker, 2, book(false, 3, 9));
    give(&mut worker, 2, trade(2, 5));
    assert_eq!(
        told(&turn_end(&mut worker)),
        ["depth Whole", "tape false 1"],
        "once a turn"
    );
    worker.reset();
    let told = told(&turn_end(&mut worker));
    assert_eq!(told[1..], ["depth Waiting", "tape true 0"]);
}

#[test]
fn a_restarted_worker_asks_for_the_book_again_and_keeps_the_rest() {
    let mut worker = worker(Products::default());
    give(&mut worker, 1, book(true, 1, 9));
    give(&mut worker, 1, trade(1, 5));
    let mut out = Vec::new();
    let mut worker = worker.restarted(&mut out);
    assert_eq!(told(&out), ["resync"]);
    worker.watch_book(true);
    let out = turn_end(&mut worker);
    let Some(Outcome::Depth(view)) = out.get(1) else {
        unreachable!("{out:?}")
    };
    assert!(matches!(view.state, BookState::Lost(_)));
    assert_eq!(told(&out)[2], "tape true 1");
    assert_eq!(told(&give(&mut worker, 2, book(false, 2, 9))), [""; 0]);
    assert_eq!(told(&give(&mut worker, 2, book(true, 2, 9))), ["book 2"]);
}

#[test]
fn halts_are_results_and_the_venues_close_is_what_change_is_measured_against() {
    let mut worker = worker(Products::default());
    let facts = SymbolFacts {
        trading: Some(Trading::Halted),
        previous_close: Some(50.into()),
        ..SymbolFacts::default()
    };
    let event = || Payload::Facts(Box::new(facts.clone()));
    let out = give(&mut worker, 1, event());
    assert_eq!(told(&out), ["quote Some(Halted)"]);
    let after = worker.take_day().unwrap();
    assert_eq!(after.day.reference_price, Some(50.0));
    assert!(worker.take_day().is_none(), "it is told once");
    assert_eq!(told(&give(&mut worker, 2, event())), [""; 0], "nothing new");
    let bar = |price: i64| {
        let price = Some(price.into());
        Payload::Ohlcv(Ohlcv {
            open: price,
            high: price,
            low: price,
            close: price,
            volume: None,
        })
    };
    give(&mut worker, 60, bar(51));
    assert_eq!(worker.day().reference_price, Some(50.0));
    give(&mut worker, 86_400, bar(52));
    assert_eq!(
        worker.day().reference_price,
        Some(51.0),
        "our own close of the day before"
    );
}

#[test]
fn longer_bars_as_delivered_have_their_own_length() {
    let settings = EngineSettings {
        timeframes: vec![Timeframe::M5, Timeframe::H1],
        ..EngineSettings::default()
    };
    let products = Products {
        interval: Timeframe::M5,
        ..Products::default()
    };
    let mut worker = worker_of(products, settings);
    let mut all = Vec::new();
    for minute in (0..60).step_by(5) {
        let price = Some(Decimal::from(minute));
        let bar = Ohlcv {
            open: price,
            high: price,
            low: price,
            close: price,
            volume: price,
        };
        all.extend(told(&give(&mut worker, minute * 60, Payload::Ohlcv(bar))));
    }
    assert_eq!(all.len(), 13, "{all:?}");
    assert_eq!(all[11..], ["5m 55: 55 55 x55", "1h 0: 0 55 x330"]);
    worker.watch_charts(&[Timeframe::M1, Timeframe::M5, Timeframe::M15]);
    let lengths: Vec<usize> = turn_end(&mut worker)
        .iter()
        .filter_map(|outcome| match outcome {
            Outcome::Chart(update) => Some(update.change.candles.len()),
            _ => None,
        })
        .collect();
    assert_eq!(lengths, [0, 12, 4]);
}

#[test]
fn news_are_results() {
    let mut worker = worker(Products::default());
    let news = News {
        headline: "h".to_owned(),
        ..News::default()
    };
    let news = Payload::News(Box::new(news));
    assert_eq!(told(&give(&mut worker, 1, news.clone())), ["news h"]);
    // Of what a replay has passed over, they are listed all the same.
    let mut out = Vec::new();
    let mut event = Event {
        symbol: SymbolId(0),
        time: Some(UnixMs(1)),
        payload: news,
    };
    worker.take(&mut event, true, &mut out);
    let is_listed = |outcome: &Outcome| matches!(outcome, Outcome::PastNews { news, .. } if news.headline == "h");
    assert!(out.iter().any(is_listed));
    assert!(
        !out.iter()
            .any(|outcome| matches!(outcome, Outcome::Result(_)))
    );
}

#[test]
fn events_and_results_stay_small() {
    // Each is moved several times on its way: from the decoder to the worker, and from there to a sink.
    assert!(size_of::<Event>() <= 176, "{}", size_of::<Event>());
    let result = size_of::<ResultInstance>();
    assert!(result <= 200, "{result}");
}

#[path = "tests/agreement.rs"]
mod agreement;
#[path = "tests/columns.rs"]
mod columns;
#[path = "tests/indicators.rs"]
mod indicators;
#[path = "tests/last_price.rs"]
mod last_price;
#[path = "tests/onwards.rs"]
mod onwards;
#[path = "tests/quotes.rs"]
mod quotes;

#[test]
fn bars_from_before_give_no_results_and_everything_that_follows_takes_them_in() {
    let bar = |price: i64| Ohlcv {
        open: Some(price.into()),
        high: Some(price.into()),
        low: Some(price.into()),
        close: Some(price.into()),
        volume: Some(5.into()),
    };
    let past = |bars: &[(i64, i64)]| {
        let bars = bars.iter().map(|(minute, price)| PastBar {
            start: UnixMs(86_400_000 + minute * MINUTE_MS),
            bar: bar(*price),
        });
        Payload::PastBars(bars.collect())
    };
    let settings = EngineSettings {
        timeframes: vec![Timeframe::M5],
        ..EngineSettings::default()
    };
    let mut worker = worker_of(Products::default(), settings);
    let live = give(&mut worker, 12 * 60, Payload::Ohlcv(bar(12)));
    assert_eq!(told(&live), ["1m 12: 12 12 x5"]);
    // The day before, this day, and the minute that the stream has begun with.
    let out = give(
        &mut worker,
        0,
        past(&[(-1, 40), (10, 10), (11, 11), (12, 13)]),
    );
    assert!(out.is_empty());
    let out = turn_end(&mut worker);
    let [Outcome::Primed(primed)] = out.as_slice() else {
        unreachable!("one word of what has changed");
    };
    assert_eq!(primed.day.reference_price, Some(40.0));
    assert_eq!(primed.day.open, Some(10.0));
    assert_eq!(primed.day.volume, Some(15.0));
    assert_eq!(primed.last, Some(12.into()));
    give(&mut worker, 13 * 60, Payload::Ohlcv(bar(14)));
    let live = give(&mut worker, 14 * 60, Payload::Ohlcv(bar(15)));
    assert_eq!(told(&live), ["1m 14: 15 15 x5", "5m 10: 10 15 x25"]);
    // What a lost connection has cost is no result, but the longer bars that have been given out are given again.
    let again = give(&mut worker, 0, past(&[(13, 99), (14, 17)]));
    assert_eq!(told(&again), ["5m 10: 10 17 x25"]);
    assert!(give(&mut worker, 0, past(&[(13, 99), (14, 17)])).is_empty());
    let live = give(&mut worker, 14 * 60, Payload::Ohlcv(bar(16)));
    assert!(matches!(live.first(), Some(Outcome::Result(_))));
    assert_eq!(worker.take_day().unwrap().day.high, Some(99.0));
}

#[test]
fn without_volumes_the_day_has_none() {
    let bar = |volume: Option<i64>| {
        let price = Some(Decimal::from(10));
        Payload::Ohlcv(Ohlcv {
            open: price,
            high: price,
            low: price,
            close: price,
            volume: volume.map(Decimal::from),
        })
    };
    let mut worker = worker(Products::default());
    give(&mut worker, 0, bar(None));
    let day = worker.day();
    assert_eq!((day.high, day.volume, day.vwap), (Some(10.0), None, None));
    give(&mut worker, 60, bar(Some(3)));
    give(&mut worker, 120, bar(None));
    let day = worker.day();
    assert_eq!((day.volume, day.vwap), (Some(3.0), Some(10.0)));
    let bars = worker.context.history.snapshot().bars;
    let volume = bars.parts()[0].column(4);
    assert!(volume[0].is_nan() && volume[2].is_nan());
}

#[test]
fn bars_from_before_take_the_place_of_what_was_built_midway() {
    let mut worker = worker(built());
    give(&mut worker, 30, trade(1, 10));
    give(&mut worker, 0, Payload::Clock);
    let past = PastBar {
        start: UnixMs(86_400_000),
        bar: Ohlcv {
            open: Some(8.into()),
            high: Some(11.into()),
            low: Some(7.into()),
            close: Some(10.into()),
            volume: Some(9.into()),
        },
    };
    let closed = give(&mut worker, 60, Payload::Clock);
    assert_eq!(closed.len(), 1);
    assert!(give(&mut worker, 61, Payload::PastBars(Box::new([past]))).is_empty());
    let out = give(&mut worker, 62, trade(2, 12));
    assert!(matches!(out.last(), Some(Outcome::Result(_))));
    let day = worker.take_day().unwrap().day;
    assert_eq!((day.open, day.volume), (Some(8.0), Some(10.0)));
}
