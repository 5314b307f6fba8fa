#![allow(clippy::unwrap_used, reason = "a test may stop at the first surprise")]

use proptest::prelude::*;

use super::VENUE;
use crate::compute::book::{Applied, Book};
use crate::domain::event::Payload;
use crate::domain::outcome::ErrorKind;
use crate::domain::source::BarOrigin;
use crate::domain::symbol::SymbolId;
use crate::domain::time::{Timeframe, UnixMs};
use crate::domain::trade::Side;
use crate::sources::venue::session::Input;
use crate::sources::venue::testing::{Workbench, mutate};
use crate::sources::venue::{Notice, Output};

const NAMES: [&str; 2] = ["BTC-USD", "ETHUSD"];
const TIME: &str = "2023-02-09T20:32:50.714964855Z";

fn open(spec: &str) -> Workbench {
    let mut bench = Workbench::new(&VENUE, spec);
    bench.subscribe(&NAMES);
    bench.open();
    bench
}

fn frame(channel: &str, sequence: u64, events: &str) -> String {
    format!(
        r#"{{"channel":"{channel}","client_id":"","timestamp":"{TIME}","sequence_num":{sequence},"events":[{events}]}}"#
    )
}

fn book(sequence: u64, product: &str, kind: &str) -> String {
    let updates = r#"{"side":"bid","event_time":"1970-01-01T00:00:00Z","price_level":"21921.73","new_quantity":"0.06317902"},{"side":"offer","event_time":"1970-01-01T00:00:00Z","price_level":"21921.74","new_quantity":"0.0200"}"#;
    frame(
        "l2_data",
        sequence,
        &format!(r#"{{"type":"{kind}","product_id":"{product}","updates":[{updates}]}}"#),
    )
}

fn ticker(sequence: u64, product: &str) -> String {
    frame(
        "ticker",
        sequence,
        &format!(
            r#"{{"type":"update","tickers":[{{"type":"ticker","product_id":"{product}","price":"21932.98","volume_24_h":"16038.28770938","low_24_h":"21835.29","high_24_h":"23011.18","low_52_w":"15460","high_52_w":"48240","price_percent_chg_24_h":"-4.15775596190603","best_bid":"21931.98","best_bid_quantity":"8000.21","best_ask":"21933.98","best_ask_quantity":"8038.07770938"}}]}}"#
        ),
    )
}

fn trades(sequence: u64, kind: &str, ids: &[u64]) -> String {
    let row = |id: &u64| {
        format!(
            r#"{{"trade_id":"{id}","product_id":"ETH-USD","price":"1260.01","size":"0.3","side":"BUY","time":"2019-08-14T20:42:27.265Z"}}"#
        )
    };
    let rows: Vec<String> = ids.iter().map(row).collect();
    frame(
        "market_trades",
        sequence,
        &format!(r#"{{"type":"{kind}","trades":[{}]}}"#, rows.join(",")),
    )
}

fn candles(sequence: u64, kind: &str, starts: &[u64]) -> String {
    let row = |start: &u64| {
        format!(
            r#"{{"start":"{start}","high":"1867.72","low":"1865.63","open":"1867.38","close":"1866.81","volume":"0.20269406","product_id":"ETH-USD"}}"#
        )
    };
    let rows: Vec<String> = starts.iter().map(row).collect();
    frame(
        "candles",
        sequence,
        &format!(r#"{{"type":"{kind}","candles":[{}]}}"#, rows.join(",")),
    )
}

fn heartbeat(sequence: u64) -> String {
    frame(
        "heartbeats",
        sequence,
        r#"{"current_time":"2023-06-23 20:31:56.121961769 +0000 UTC m=+91717.525857105","heartbeat_counter":3049}"#,
    )
}

fn subscriptions(sequence: u64) -> String {
    frame(
        "subscriptions",
        sequence,
        r#"{"subscriptions":{"heartbeats":["heartbeats"],"level2":["BTC-USD"],"ticker":["BTC-USD"]}}"#,
    )
}

fn of_books(output: &Output) -> Vec<(u32, Option<u64>)> {
    let of = |payload: &Payload| match payload {
        Payload::Level2(update) => update.sequence,
        Payload::BookLost => None,
        other => unreachable!("{other:?}"),
    };
    let events = output.events.iter();
    events
        .map(|event| (event.symbol.0, of(&event.payload)))
        .collect()
}

#[test]
fn one_channel_is_asked_for_at_a_time_and_heartbeats_always() {
    let bench = open("coinbase:");
    let call = |channel: &str| {
        format!(
            r#"{{"type":"subscribe","product_ids":["BTC-USD","ETH-USD"],"channel":"{channel}"}}"#
        )
    };
    let heartbeats = r#"{"type":"subscribe","product_ids":[],"channel":"heartbeats"}"#.to_owned();
    assert_eq!(
        bench.sent(),
        [
            heartbeats,
            call("market_trades"),
            call("ticker"),
            call("level2")
        ]
    );
    assert!(
        matches!(bench.setup.products.bars, BarOrigin::Trades(_)),
        "there are no one-minute bars"
    );
    let bench = open("coinbase:services=OHLCV,interval=5m");
    assert_eq!(bench.sent()[1..], [call("candles")]);
    assert_eq!(bench.setup.products.interval, Timeframe::M5);
    let cut = Workbench::new(&VENUE, "coinbase:?depth=5");
    assert_eq!(cut.setup.products.levels, 5, "books come whole");
    let empty = Workbench::new(&VENUE, "coinbase:").open().send.len();
    assert_eq!(empty, 1, "heartbeats keep a connection without symbols");
}

#[test]
fn a_book_may_come_before_its_confirmation() {
    let mut bench = open("coinbase:");
    let output = bench.text(&book(0, "BTC-USD", "snapshot"));
    assert_eq!(output.notices, [Notice::Subscribed(SymbolId(0))]);
    assert_eq!(output.events[0].time, Some(UnixMs(1_675_974_770_714)));
    let mut whole = Book::default();
    for event in bench.output.events.clone() {
        let Payload::Level2(update) = event.payload else {
            unreachable!()
        };
        assert_eq!(whole.apply(&update), Ok(Applied::Done));
    }
    assert_eq!(whole.best_ask().unwrap().size.to_string(), "0.0200");
    assert_eq!(bench.text(&subscriptions(1)).notices, []);
    assert_eq!(
        of_books(bench.text(&book(2, "BTC-USD", "update"))),
        [(0, Some(2))]
    );
}

#[test]
fn a_missing_frame_begins_all_books_anew_on_the_same_connection() {
    let mut bench = open("coinbase:");
    bench.text(&book(0, "BTC-USD", "snapshot"));
    bench.text(&book(1, "ETH-USD", "snapshot"));
    assert_eq!(bench.text(&heartbeat(2)).notices, []);
    let output = bench.text(&ticker(4, "BTC-USD"));
    assert_eq!(
        output.events.len(),
        3,
        "both books are lost, and the quote is taken"
    );
    let gaps = output.notices.iter().filter(|notice| matches!(notice, Notice::Gap { kind: ErrorKind::SequenceGap, reason, .. } if reason.contains("frame 3")));
    assert_eq!(gaps.count(), 2);
    assert_eq!(
        bench.sent(),
        [
            r#"{"type":"unsubscribe","product_ids":["BTC-USD","ETH-USD"],"channel":"level2"}"#,
            r#"{"type":"subscribe","product_ids":["BTC-USD","ETH-USD"],"channel":"level2"}"#,
        ]
    );
    assert_eq!(
        of_books(bench.text(&book(5, "BTC-USD", "update"))),
        [],
        "of the old subscription"
    );
    assert_eq!(
        of_books(bench.text(&book(6, "BTC-USD", "snapshot"))),
        [(0, Some(6))]
    );
    // The frame that was missing comes after all, and one comes twice.
    for late in [3, 6] {
        let output = bench.text(&book(late, "BTC-USD", "update"));
        assert_eq!((output.events.len(), output.ignored), (0, 1));
    }
    // Another gap so soon waits, and a storm of them says nothing new.
    assert_eq!(bench.text(&heartbeat(8)).send.len(), 0);
    assert_eq!(bench.output.notices.len(), 2);
    assert_eq!(bench.text(&heartbeat(10)).notices, []);
    let now = bench.now;
    assert_eq!(bench.tick(now.plus_ms(1000)).send.len(), 2);
    // A count that begins anew is a gap as well.
    assert_eq!(bench.text(&heartbeat(0)).notices.len(), 2);
    assert_eq!(bench.text(&heartbeat(1)).notices, []);
}

#[test]
fn a_gap_without_books_is_told_once() {
    let mut bench = open("coinbase:services=TIMESALE");
    bench.text(&heartbeat(0));
    let output = bench.text(&heartbeat(2));
    assert!(
        matches!(&output.notices[..], [Notice::Error(error)] if error.kind == ErrorKind::SequenceGap)
    );
    assert!(output.send.is_empty());
}

#[test]
fn trades_are_in_order_and_on_the_aggressors_side() {
    let mut bench = open("coinbase:services=TIMESALE");
    let ids = |output: &Output| -> Vec<String> {
        let id = |payload: &Payload| match payload {
            Payload::TimeAndSales(trade) => {
                assert_eq!(trade.side, Some(Side::Sell), "the venue tells the maker's");
                trade.trade_id.as_ref().unwrap().to_string()
            }
            other => unreachable!("{other:?}"),
        };
        output
            .events
            .iter()
            .map(|event| id(&event.payload))
            .collect()
    };
    assert_eq!(
        ids(bench.text(&trades(0, "snapshot", &[9, 8, 7]))),
        [""; 0],
        "old news"
    );
    assert_eq!(
        ids(bench.text(&trades(1, "update", &[11, 10]))),
        ["10", "11"]
    );
    assert_eq!(bench.output.events[0].time, Some(UnixMs(1_565_815_347_265)));
    bench.open();
    assert_eq!(
        ids(bench.text(&trades(0, "snapshot", &[13, 12, 11]))),
        ["12", "13"],
        "missed"
    );
}

#[test]
fn trades_that_are_left_out_are_told_and_late_ones_are_taken() {
    let mut bench = open("coinbase:services=TIMESALE,LEVEL2");
    bench.text(&trades(0, "update", &[899]));
    let output = bench.text(&trades(2, "update", &[901]));
    let gaps: Vec<&str> = output
        .notices
        .iter()
        .filter_map(|notice| match notice {
            Notice::Gap { reason, .. } if reason.contains("trade") => Some(reason.as_str()),
            _ => None,
        })
        .collect();
    assert_eq!(gaps, ["trade 900 is missing: 901 came"]);
    let output = bench.text(&trades(1, "update", &[900]));
    assert_eq!(output.events.len(), 1);
    assert!(output.notices.is_empty(), "{:?}", output.notices);
}

#[test]
fn what_a_large_message_has_kept_waiting_is_not_asked_for_again() {
    let mut bench = open("coinbase:services=LEVEL2");
    let start = bench.now;
    bench.tick(start.plus_ms(1000));
    // No ticks while it came in; then the answer has its time all the same.
    assert!(bench.tick_alone(start.plus_ms(20_000)).send.is_empty());
    assert!(bench.tick(start.plus_ms(22_000)).send.is_empty());
    assert!(!bench.tick(start.plus_ms(24_000)).send.is_empty());
}

#[test]
fn bars_of_five_minutes_come_with_their_start_in_seconds() {
    let mut bench = open("coinbase:services=OHLCV,interval=5m");
    let times = |output: &Output| -> Vec<i64> {
        output
            .events
            .iter()
            .map(|event| event.time.unwrap().0 / 1000)
            .collect()
    };
    assert_eq!(
        times(bench.text(&candles(0, "snapshot", &[900, 600, 300]))),
        [300, 600, 900]
    );
    bench.open();
    assert_eq!(
        times(bench.text(&candles(0, "snapshot", &[1200, 900, 600]))),
        [900, 1200]
    );
}

#[test]
fn usdc_is_answered_as_usd() {
    let mut bench = Workbench::new(&VENUE, "coinbase:services=LEVEL1");
    let output = bench.subscribe(&["BTC-USDC", "BTC-USD"]);
    assert!(matches!(
        &output.notices[..],
        [Notice::Refused {
            symbol: SymbolId(1),
            ..
        }]
    ));
    bench.open();
    assert!(bench.sent()[1].contains("[\"BTC-USDC\"]"));
    assert_eq!(
        bench.text(&ticker(0, "BTC-USD")).events[0].symbol,
        SymbolId(0)
    );
    assert_eq!(
        bench.text(&ticker(1, "BTC-USDC")).events[0].symbol,
        SymbolId(0)
    );
}

#[test]
fn what_is_not_confirmed_is_asked_for_alone_and_refused_in_the_end() {
    let mut bench = open("coinbase:services=LEVEL1");
    let now = bench.now;
    bench.text(&ticker(0, "BTC-USD"));
    let complaint = bench.text(r#"{"type":"error","message":"failed to subscribe"}"#);
    assert!(matches!(&complaint.notices[..], [Notice::Error(_)]));
    bench.tick(now.plus_ms(1000));
    assert_eq!(
        bench.sent(),
        [r#"{"type":"subscribe","product_ids":["ETH-USD"],"channel":"ticker"}"#]
    );
    assert!(bench.tick(now.plus_ms(5999)).send.is_empty());
    assert_eq!(bench.tick(now.plus_ms(6000)).send.len(), 1);
    match bench.tick(now.plus_ms(11_000)).notices.as_slice() {
        [
            Notice::Refused {
                symbol: SymbolId(1),
                reason,
            },
        ] => assert!(reason.starts_with("failed to subscribe"), "{reason}"),
        other => unreachable!("{other:?}"),
    }
    assert!(bench.tick(now.plus_ms(60_000)).send.is_empty());
    bench.open();
    assert_eq!(bench.sent().len(), 2);
    let named = bench.text(r#"{"type":"error","message":"invalid product: ETH-USD, check it"}"#);
    assert!(matches!(
        &named.notices[..],
        [Notice::Refused {
            symbol: SymbolId(1),
            ..
        }]
    ));
    let login = bench.text(r#"{"type":"error","message":"authentication failure"}"#);
    assert!(
        matches!(&login.notices[..], [Notice::Error(error)] if error.kind == ErrorKind::AuthError)
    );
}

#[test]
fn a_channel_that_is_not_confirmed_is_asked_for_again_ever_more_slowly() {
    let mut bench = open("coinbase:services=LEVEL1,LEVEL2");
    let now = bench.now;
    bench.text(&ticker(0, "BTC-USD"));
    bench.text(&ticker(1, "ETH-USD"));
    bench.text(&book(2, "BTC-USD", "snapshot"));
    let missing = [r#"{"type":"subscribe","product_ids":["ETH-USD"],"channel":"level2"}"#];
    for (ms, is_asked) in [
        (4999, false),
        (5000, true),
        (14_999, false),
        (15_000, true),
        (34_999, false),
        (35_000, true),
    ] {
        let output = bench.tick(now.plus_ms(ms));
        assert_eq!(output.notices, [], "its quotes come");
        let expected: &[&str] = if is_asked { &missing } else { &[] };
        assert_eq!(bench.sent(), expected, "{ms}");
    }
    bench.text(&book(3, "ETH-USD", "snapshot"));
    assert!(bench.tick(now.plus_ms(1_000_000)).send.is_empty());
}

#[test]
fn what_a_limit_has_left_out_is_asked_for_again_and_refused_by_nobody() {
    let mut bench = open("coinbase:services=LEVEL1,LEVEL2");
    let mut now = bench.now;
    for wait_ms in [5000, 10_000, 20_000, 40_000, 80_000, 120_000] {
        let output = bench.text(r#"{"type":"error","message":"rate limit exceeded"}"#);
        assert!(
            matches!(&output.notices[..], [Notice::Error(error)] if error.kind == ErrorKind::RateLimited)
        );
        assert!(bench.tick(now.plus_ms(wait_ms - 1)).send.is_empty());
        now = now.plus_ms(wait_ms);
        assert_eq!(bench.tick(now).notices, []);
        assert_eq!(bench.sent().len(), 3, "{:?}", bench.sent());
        assert!(bench.sent()[0].contains("heartbeats"));
        assert!(bench.sent()[2].contains(r#"["BTC-USD","ETH-USD"],"channel":"level2""#));
        // They are sent one after the other.
        now = now.plus_ms(500);
    }
}

#[test]
fn a_symbol_that_spoils_a_request_is_found_in_ever_smaller_ones() {
    let names: Vec<String> = (0..40).map(|number| format!("A{number}-USD")).collect();
    let names: Vec<&str> = names.iter().map(String::as_str).collect();
    let mut bench = Workbench::new(&VENUE, "coinbase:services=LEVEL1,LEVEL2");
    bench.subscribe(&names);
    assert_eq!(bench.open().send.len(), 3);
    let mut now = bench.now.plus_ms(5000);
    assert_eq!(
        bench.tick(now).send.len(),
        3,
        "15 and 15 and 10, on one channel"
    );
    for (sequence, name) in names[..30].iter().enumerate() {
        bench.text(&ticker(sequence as u64, name));
    }
    now = now.plus_ms(5500);
    assert_eq!(
        bench.tick(now).send.len(),
        11,
        "ten alone, and books of the others"
    );
    assert!(bench.sent()[10].contains("level2"));
}

#[test]
fn symbols_come_and_go_on_an_open_connection() {
    let mut bench = open("coinbase:services=LEVEL1,LEVEL2");
    bench.subscribe(&["sol/usd"]);
    assert_eq!(bench.sent().len(), 2);
    assert!(
        bench
            .sent()
            .iter()
            .all(|text| text.contains("[\"SOL-USD\"]"))
    );
    bench.unsubscribe(0);
    assert_eq!(
        bench.sent()[0],
        r#"{"type":"unsubscribe","product_ids":["BTC-USD"],"channel":"ticker"}"#
    );
    let output = bench.text(&ticker(0, "BTC-USD"));
    assert_eq!((output.events.len(), output.ignored), (0, 1));
    bench.open();
    assert!(bench.sent()[1].contains(r#"["ETH-USD","SOL-USD"]"#));
}

#[test]
fn a_book_that_somebody_else_found_wrong_begins_anew_alone() {
    let mut bench = open("coinbase:services=LEVEL2");
    bench.text(&book(0, "BTC-USD", "snapshot"));
    bench.text(&book(1, "ETH-USD", "snapshot"));
    let symbol = ("BTC-USD".parse().unwrap(), SymbolId(0));
    assert_eq!(of_books(bench.give(Input::Resync(&symbol))), [(0, None)]);
    assert!(
        bench
            .sent()
            .iter()
            .all(|text| text.contains("[\"BTC-USD\"]"))
    );
    assert_eq!(
        of_books(bench.text(&book(2, "ETH-USD", "update"))),
        [(1, Some(2))]
    );
    bench.text(&book(3, "BTC-USD", "snapshot"));
    assert_eq!(bench.give(Input::Resync(&symbol)).send.len(), 0, "too soon");
    let now = bench.now;
    assert_eq!(bench.tick(now.plus_ms(1000)).send.len(), 2, "not forgotten");
    // On a new connection nothing has been asked lately.
    bench.open();
    bench.text(&book(0, "BTC-USD", "snapshot"));
    assert_eq!(bench.give(Input::Resync(&symbol)).send.len(), 2);
}

#[test]
fn bad_parts_reject_only_themselves() {
    let mut bench = open("coinbase:services=LEVEL1,LEVEL2,TIMESALE");
    bench.text(&book(0, "BTC-USD", "snapshot"));
    bench.text(&book(1, "ETH-USD", "snapshot"));
    let bad = trades(2, "update", &[1, 2]).replacen("1260.01", "1e400", 1);
    let output = bench.text(&bad);
    assert_eq!(output.events.len(), 1);
    assert!(
        matches!(&output.notices[..], [Notice::Rejected(rejection)] if rejection.symbol.as_ref().unwrap().as_str() == "ETHUSD"),
        "{:?}",
        output.notices
    );
    let output = bench.text(&book(3, "BTC-USD", "update").replacen("\"bid\"", "\"middle\"", 1));
    assert_eq!(of_books(output), [(0, None)]);
    assert!(output.notices.iter().any(|notice| matches!(
        notice,
        Notice::Gap {
            symbol: SymbolId(0),
            ..
        }
    )));
    assert!(output.notices.iter().any(|notice| matches!(notice, Notice::Rejected(rejection) if rejection.reason.contains("middle"))));
    assert_eq!(
        of_books(bench.text(&book(4, "ETH-USD", "update"))),
        [(1, Some(4))],
        "another goes on"
    );
    for (text, kind, part) in [
        (
            ticker(5, "BTC-USD").replace("\"price\":\"21932.98\",", ""),
            ErrorKind::SchemaError,
            "`price`",
        ),
        (
            ticker(6, "BTC-USD").replace("\"sequence_num\":6,", ""),
            ErrorKind::SchemaError,
            "`sequence_num`",
        ),
        (
            ticker(6, "BTC-USD").replace(TIME, "soon"),
            ErrorKind::SchemaError,
            "soon",
        ),
        (
            candles(7, "update", &[1]).replace("\"1\"", "\"soon\""),
            ErrorKind::SchemaError,
            "soon",
        ),
        (
            candles(8, "update", &[u64::MAX]),
            ErrorKind::SchemaError,
            "start",
        ),
        (
            trades(9, "update", &[1]).replace("BUY", "HOLD"),
            ErrorKind::SchemaError,
            "HOLD",
        ),
        (
            "{\"type\":\"error\"}".to_owned(),
            ErrorKind::SchemaError,
            "`message`",
        ),
        (
            "{\"channel\":\"ticker\",".to_owned(),
            ErrorKind::DecodeError,
            "line",
        ),
        (String::new(), ErrorKind::DecodeError, "line"),
    ] {
        let output = bench.text(&text);
        assert_eq!(output.events, [], "{text}");
        let rejections: Vec<_> = output
            .notices
            .iter()
            .filter_map(|notice| match notice {
                Notice::Rejected(rejection) => Some(rejection),
                _ => None,
            })
            .collect();
        assert_eq!(rejections.len(), 1, "{text}");
        assert_eq!(rejections[0].kind, kind, "{text}");
        assert!(rejections[0].reason.contains(part), "{}", rejections[0]);
    }
    for text in [
        frame("novelty", 10, "{}"),
        "{}".to_owned(),
        book(11, "BTC-USD", "novelty"),
    ] {
        let output = bench.text(&text);
        assert_eq!((output.notices.len(), output.ignored), (0, 1), "{text}");
    }
}

fn seeds() -> Vec<String> {
    let mut seeds = vec![
        r#"{"type":"error","message":"authentication failure"}"#.to_owned(),
        r#"{"type":"error","message":"invalid product ETH-USD"}"#.to_owned(),
    ];
    for sequence in 0..3 {
        seeds.extend([
            book(sequence, "BTC-USD", "snapshot"),
            book(sequence, "ETH-USD", "update"),
            ticker(sequence, "BTC-USD"),
            trades(sequence, "update", &[sequence, 2]),
            trades(sequence, "snapshot", &[5, 4, sequence]),
            candles(sequence, "snapshot", &[300, 600]),
            heartbeat(sequence),
            subscriptions(sequence),
        ]);
    }
    seeds
}

proptest! {
    #![proptest_config(mutate::config())]
    #[test]
    fn no_input_breaks_it(steps in mutate::steps(seeds())) {
        for spec in ["coinbase:", "coinbase:?interval=5m"] {
            let mut bench = open(spec);
            mutate::run(&mut bench, &NAMES, &steps);
        }
    }
}
