#![allow(clippy::unwrap_used, reason = "a test may stop at the first surprise")]

use proptest::prelude::*;

use super::VENUE;
use crate::compute::book::{Applied, Book};
use crate::domain::event::Payload;
use crate::domain::outcome::{ErrorKind, Severity};
use crate::domain::symbol::SymbolId;
use crate::domain::time::UnixMs;
use crate::domain::trade::{Side, TradeId};
use crate::sources::spec::SourceSpec;
use crate::sources::venue::testing::{Workbench, mutate, recorded};
use crate::sources::venue::{Ending, Next, Notice, Output};

const NAMES: [&str; 3] = ["BTC/USD", "ETH-USD", "SOLUSD"];

const BOOK: &str = r#"{"channel":"book","type":"snapshot","data":[{"symbol":"BTC/USD","bids":[{"price":45283.5,"qty":0.10000000}],"asks":[{"price":45285.2,"qty":0.00100000}],"checksum":1,"timestamp":"2023-10-06T17:35:55.440295Z"}]}"#;
const CHANGE: &str = r#"{"channel":"book","type":"update","data":[{"symbol":"BTC/USD","bids":[{"price":45283.5,"qty":0}],"asks":[],"checksum":2,"timestamp":"2023-10-06T17:35:56.440295Z"}]}"#;
const TICKER: &str = r#"{"channel":"ticker","type":"update","data":[{"symbol":"BTC/USD","bid":0.10025,"bid_qty":740.0,"ask":0.10036,"ask_qty":1361.44813783,"last":0.10035,"volume":997038.98383185,"vwap":0.10148,"low":0.09979,"high":0.10285,"change":-0.00017,"change_pct":-0.17}]}"#;
const TRADES: &str = r#"{"channel":"trade","type":"update","data":[{"symbol":"BTC/USD","side":"sell","price":0.5117,"qty":40.00,"ord_type":"market","trade_id":4665906,"timestamp":"2023-09-25T07:49:37.708706Z"}]}"#;
const BAR: &str = r#"{"channel":"ohlc","type":"update","timestamp":"2023-10-04T16:26:30.524394914Z","data":[{"symbol":"BTC/USD","open":0.5624,"high":0.5628,"low":0.5622,"close":0.5627,"trades":12,"volume":30927.68066226,"vwap":0.5626,"interval_begin":"2023-10-04T16:25:00.000000000Z","interval":1,"timestamp":"2023-10-04T16:26:00.000000Z"}]}"#;
const ONLINE: &str = r#"{"channel":"status","type":"update","data":[{"api_version":"v2","connection_id":13834774380200032777,"system":"online","version":"2.0.0"}]}"#;

fn open(spec: &str) -> Workbench {
    let mut bench = Workbench::new(&VENUE, spec);
    bench.subscribe(&NAMES);
    bench.open();
    bench
}

fn ack(channel: &str, symbol: &str) -> String {
    format!(
        r#"{{"method":"subscribe","result":{{"channel":"{channel}","symbol":"{symbol}","snapshot":true}},"success":true,"time_in":"2023-09-25T09:04:31.742599Z","time_out":"2023-09-25T09:04:31.742648Z","req_id":1}}"#
    )
}

fn payloads(output: &Output) -> Vec<(u32, &Payload)> {
    let events = output.events.iter();
    events
        .map(|event| (event.symbol.0, &event.payload))
        .collect()
}

fn reason(output: &Output) -> (ErrorKind, String) {
    match output.notices.as_slice() {
        [Notice::Rejected(rejection)] => (rejection.kind, rejection.reason.clone()),
        other => unreachable!("{other:?}"),
    }
}

#[test]
fn each_channel_is_asked_for_all_symbols_in_krakens_notation() {
    let bench = open("kraken:?depth=25");
    let all = r#""symbol":["BTC/USD","ETH/USD","SOL/USD"]"#;
    let call = |channel: &str, more: &str, id: u64| {
        format!(
            r#"{{"method":"subscribe","params":{{"channel":"{channel}",{all},{more}"snapshot":true}},"req_id":{id}}}"#
        )
    };
    assert_eq!(
        bench.sent(),
        [
            call("trade", "", 1),
            call("ohlc", r#""interval":1,"#, 2),
            call("ticker", r#""event_trigger":"bbo","#, 3),
            call("book", r#""depth":25,"#, 4),
        ]
    );
    let bench = open("kraken:services=OHLCV,bars=trades");
    assert_eq!(bench.sent().len(), 1);
    assert!(bench.sent()[0].contains("\"trade\""));
    let bench = open("kraken:?services=OHLCV&interval=1h");
    assert!(bench.sent()[0].contains("\"interval\":60"));
}

#[test]
fn many_symbols_are_asked_for_in_batches() {
    let mut bench = Workbench::new(&VENUE, "kraken:?services=LEVEL2");
    let names: Vec<String> = (0..250).map(|number| format!("C{number}/USD")).collect();
    bench.subscribe(&names.iter().map(String::as_str).collect::<Vec<_>>());
    assert!(bench.sent().is_empty(), "there is no connection yet");
    bench.open();
    assert_eq!(bench.sent().len(), 3);
}

#[test]
fn a_depth_that_kraken_does_not_have_is_refused_at_once() {
    let error = "kraken:?depth=11"
        .parse::<SourceSpec>()
        .unwrap_err()
        .to_string();
    assert!(error.contains("10, 25, 100, 500, 1000"), "{error}");
    let bench = open("kraken:?levels=20&services=LEVEL2");
    assert!(
        bench.sent()[0].contains("\"depth\":25"),
        "deep enough for the levels shown"
    );
}

#[test]
fn a_symbol_is_confirmed_once_for_all_channels_and_again_on_the_next_connection() {
    let mut bench = open("kraken:");
    for connection in 0..2 {
        let first = bench.text(&ack("book", "BTC/USD"));
        assert_eq!(
            first.notices,
            [Notice::Subscribed(SymbolId(0))],
            "{connection}"
        );
        assert_eq!(bench.text(&ack("ticker", "BTC/USD")).notices, []);
        assert_eq!(
            bench.text(&ack("ticker", "ETH/USD")).notices,
            [Notice::Subscribed(SymbolId(1))]
        );
        bench.open();
    }
    // Data that comes before its confirmation stands for it.
    let output = bench.text(TICKER);
    assert_eq!(output.notices, [Notice::Subscribed(SymbolId(0))]);
    assert_eq!(output.events.len(), 1);
    assert_eq!(bench.text(&ack("ticker", "BTC/USD")).notices, []);
}

#[test]
fn a_symbol_that_is_refused_is_named_once_and_others_go_on() {
    let mut bench = open("kraken:");
    let refusal = r#"{"error":"Currency pair not supported ETH/USD","method":"subscribe","req_id":1,"success":false,"symbol":"ETH/USD","time_in":"2023-09-25T09:04:31.742599Z","time_out":"2023-09-25T09:04:31.742648Z"}"#;
    match bench.text(refusal).notices.as_slice() {
        [Notice::Refused { symbol, reason }] => {
            assert_eq!(*symbol, SymbolId(1));
            assert!(
                reason.starts_with("Currency pair not supported ETH/USD"),
                "{reason}"
            );
        }
        other => unreachable!("{other:?}"),
    }
    assert_eq!(bench.text(refusal).notices, [], "once");
    assert_eq!(bench.text(TICKER).events.len(), 1);
    // A channel that fails for a symbol of which others are given is a warning.
    let depth = r#"{"error":"Subscription depth not supported","method":"subscribe","req_id":4,"success":false}"#;
    let notices = &bench.text(depth).notices;
    let warnings = notices.iter().filter(|notice| matches!(notice, Notice::Error(error) if error.severity == Severity::Warning && error.message.contains("book of BTC/USD")));
    assert_eq!(warnings.count(), 1);
    let refused = notices.iter().filter(|notice| {
        matches!(
            notice,
            Notice::Refused {
                symbol: SymbolId(2),
                ..
            }
        )
    });
    assert_eq!(refused.count(), 1, "{notices:?}");
}

#[test]
fn a_refusal_that_names_its_symbol_in_words_alone_is_for_that_one() {
    let mut bench = open("kraken:");
    let refusal = r#"{"error":"Currency pair not supported SOL/USD","method":"subscribe","req_id":2,"success":false}"#;
    assert!(matches!(
        bench.text(refusal).notices.as_slice(),
        [Notice::Refused {
            symbol: SymbolId(2),
            ..
        }]
    ));
}

#[test]
fn two_notations_of_one_pair_are_one_symbol() {
    let mut bench = open("kraken:");
    let output = bench.subscribe(&["XBT/USD", "ADA/USD"]);
    assert!(
        matches!(&output.notices[0], Notice::Refused { symbol: SymbolId(3), reason } if reason.contains("BTC/USD"))
    );
    assert!(
        bench
            .sent()
            .iter()
            .all(|text| text.contains("[\"ADA/USD\"]"))
    );
    bench.unsubscribe(3);
    assert_eq!(bench.text(TICKER).events.len(), 1, "the first one stays");
    assert_eq!(bench.unsubscribe(0).send.len(), 4);
    assert!(bench.sent()[3].starts_with(
        r#"{"method":"unsubscribe","params":{"channel":"book","symbol":["BTC/USD"],"depth":10}"#
    ));
    let output = bench.text(TICKER);
    assert_eq!((output.events.len(), output.ignored), (0, 1));
    assert_eq!(bench.open().send.len(), 4);
    assert!(
        bench.sent()[0].contains(r#"["ETH/USD","SOL/USD","ADA/USD"]"#),
        "the current set"
    );
}

#[test]
fn data_keeps_its_digits_and_times() {
    let mut bench = open("kraken:");
    let output = bench.text(TRADES);
    let Payload::TimeAndSales(trade) = &output.events[0].payload else {
        unreachable!()
    };
    assert_eq!(output.events[0].time, Some(UnixMs(1_695_628_177_708)));
    assert_eq!(trade.size.unwrap().to_string(), "40.00");
    assert_eq!(
        (trade.side, &trade.trade_id),
        (Some(Side::Sell), &Some(TradeId::Number(4_665_906)))
    );
    let output = bench.text(BAR);
    assert_eq!(
        output.events[0].time,
        Some(UnixMs(1_696_436_700_000)),
        "the beginning"
    );
    let output = bench.text(TICKER);
    let Payload::Level1(quote) = &output.events[0].payload else {
        unreachable!()
    };
    assert_eq!(quote.bid_size.unwrap().to_string(), "740.0");
    let received = Some(bench.now);
    assert_eq!(bench.output.events[0].time, received, "the venue gave none");
}

#[test]
fn trades_that_were_missed_between_connections_are_taken_and_older_ones_are_not() {
    let mut bench = open("kraken:?services=TIMESALE");
    let snapshot = |ids: &[u64]| {
        let row = |id: &u64| {
            format!(
                r#"{{"symbol":"BTC/USD","side":"buy","price":1,"qty":1,"ord_type":"limit","trade_id":{id},"timestamp":"2023-09-25T07:49:37Z"}}"#
            )
        };
        let rows: Vec<String> = ids.iter().map(row).collect();
        format!(
            r#"{{"channel":"trade","type":"snapshot","data":[{}]}}"#,
            rows.join(",")
        )
    };
    assert_eq!(bench.text(&snapshot(&[7, 8, 9])).events, []);
    assert_eq!(bench.text(&TRADES.replace("4665906", "10")).events.len(), 1);
    bench.open();
    let ids: Vec<String> = bench
        .text(&snapshot(&[12, 11, 10, 9]))
        .events
        .iter()
        .map(|event| match &event.payload {
            Payload::TimeAndSales(trade) => trade.trade_id.as_ref().unwrap().to_string(),
            other => unreachable!("{other:?}"),
        })
        .collect();
    assert_eq!(ids, ["11", "12"]);
}

#[test]
fn trades_that_are_left_out_are_told_with_their_number() {
    let mut bench = open("kraken:?services=TIMESALE");
    let trade = |id: u64| TRADES.replace("4665906", &id.to_string());
    assert_eq!(bench.text(&trade(1010)).notices.len(), 1, "it is confirmed");
    assert!(bench.text(&trade(1011)).notices.is_empty());
    assert_eq!(
        bench.text(&trade(1461)).notices,
        [Notice::Gap {
            symbol: SymbolId(0),
            kind: ErrorKind::SequenceGap,
            reason: "449 trades are missing, 1012 and on: 1461 came".to_owned(),
        }]
    );
    assert_eq!(bench.output.events.len(), 1);
    // Over a lost connection: what the snapshot does not reach back to is missing.
    bench.now = bench.now.plus_ms(1000);
    bench.open();
    let snapshot = trade(1510).replace("update", "snapshot");
    bench.text(&snapshot);
    assert!(
        bench.output.notices.iter().any(|notice| matches!(
            notice,
            Notice::Gap { reason, .. } if reason.starts_with("48 trades are missing, 1462")
        )),
        "{:?}",
        bench.output.notices
    );
    assert!(bench.text(&trade(1511)).notices.is_empty());
}

#[test]
fn a_book_begins_anew_alone_and_not_in_a_storm() {
    let mut bench = open("kraken:?services=LEVEL2");
    assert_eq!(bench.text(CHANGE).events, [], "nothing to change yet");
    assert_eq!(payloads(bench.text(BOOK)).len(), 1);
    assert_eq!(payloads(bench.text(CHANGE)).len(), 1);
    let symbol = ("BTC/USD".parse().unwrap(), SymbolId(0));
    let input = crate::sources::venue::session::Input::Resync(&symbol);
    assert_eq!(payloads(bench.give(input)), [(0, &Payload::BookLost)]);
    assert_eq!(
        bench.sent(),
        [
            r#"{"method":"unsubscribe","params":{"channel":"book","symbol":["BTC/USD"],"depth":10},"req_id":2}"#,
            r#"{"method":"subscribe","params":{"channel":"book","symbol":["BTC/USD"],"depth":10,"snapshot":true},"req_id":3}"#,
        ]
    );
    assert_eq!(bench.text(CHANGE).events, [], "of the old subscription");
    assert_eq!(
        bench.text(&BOOK.replace("BTC", "ETH")).events.len(),
        1,
        "another goes on"
    );
    bench.give(input);
    assert!(bench.sent().is_empty(), "it is on its way");
    bench.text(BOOK);
    assert_eq!(
        bench.give(input).send.len(),
        0,
        "it was begun anew just now"
    );
    let now = bench.now;
    assert_eq!(bench.tick(now.plus_ms(999)).send.len(), 0);
    assert_eq!(bench.tick(now.plus_ms(1000)).send.len(), 2);
}

#[test]
fn a_book_that_is_found_wrong_each_time_is_asked_for_each_time_and_ever_more_slowly() {
    let mut bench = open("kraken:?services=LEVEL2");
    let symbol = ("BTC/USD".parse().unwrap(), SymbolId(0));
    let input = crate::sources::venue::session::Input::Resync(&symbol);
    let mut waits_s = Vec::new();
    for _ in 0..10 {
        bench.text(BOOK);
        let mut is_asked = !bench.give(input).send.is_empty();
        let begun = bench.now;
        while !is_asked {
            assert!(bench.now.0 - begun.0 < 120_000, "it is given up");
            is_asked = bench.tick(bench.now.plus_ms(1000)).send.iter().any(
                |sent| matches!(sent, crate::sources::venue::Outgoing::Plain(text) if text.contains("\"subscribe\"") && text.contains("BTC/USD")),
            );
        }
        waits_s.push((bench.now.0 - begun.0) / 1000);
    }
    assert_eq!(waits_s, [0, 1, 2, 4, 8, 16, 32, 60, 60, 60]);
    // On a new connection that is forgotten.
    bench.open();
    bench.text(BOOK);
    assert_eq!(bench.give(input).send.len(), 2);
}

#[test]
fn what_is_not_confirmed_is_asked_for_again() {
    let mut bench = open("kraken:?services=LEVEL1");
    let now = bench.now;
    let complaint = bench.text(r#"{"Error":"Exceeded msg rate"}"#);
    assert!(
        matches!(&complaint.notices[0], Notice::Error(error) if error.kind == ErrorKind::RateLimited)
    );
    bench.text(&ack("ticker", "ETH/USD"));
    assert!(bench.tick(now.plus_ms(9_999)).send.is_empty());
    bench.tick(now.plus_ms(10_000));
    assert_eq!(bench.sent().len(), 1);
    assert!(bench.sent()[0].contains(r#"["BTC/USD","SOL/USD"]"#));
    assert!(
        bench.tick(now.plus_ms(29_999)).send.is_empty(),
        "the wait grows"
    );
    bench.text(&ack("ticker", "BTC/USD"));
    bench.text(&ack("ticker", "SOL/USD"));
    assert!(bench.tick(now.plus_ms(30_000)).send.is_empty());
}

#[test]
fn a_ping_is_sent_when_nothing_comes() {
    let mut bench = open("kraken:?services=LEVEL1");
    for name in ["BTC/USD", "ETH/USD", "SOL/USD"] {
        bench.text(&ack("ticker", name));
    }
    let now = bench.now;
    assert!(bench.tick(now.plus_ms(29_000)).send.is_empty());
    bench.tick(now.plus_ms(30_000));
    assert_eq!(bench.sent(), [r#"{"method":"ping","req_id":2}"#]);
    let pong = r#"{"method":"pong","req_id":2,"time_in":"2023-09-24T14:10:23.799685Z","time_out":"2023-09-24T14:10:23.799703Z"}"#;
    let output = bench.text(pong);
    assert_eq!((output.notices.len(), output.ignored), (0, 0));
    assert!(bench.tick(now.plus_ms(59_000)).send.is_empty());
}

#[test]
fn the_exchanges_state_is_told_when_it_changes() {
    let mut bench = open("kraken:");
    assert_eq!(bench.text(ONLINE).notices, []);
    let maintenance = ONLINE.replace("online", "maintenance");
    assert!(
        matches!(&bench.text(&maintenance).notices[0], Notice::Error(error) if error.severity == Severity::Warning)
    );
    assert_eq!(bench.text(&maintenance).notices, []);
    assert!(
        matches!(&bench.text(ONLINE).notices[0], Notice::Error(error) if error.severity == Severity::Info)
    );
}

#[test]
fn one_bad_row_rejects_only_itself() {
    let mut bench = open("kraken:");
    let good =
        r#"{"symbol":"ETH/USD","bid":1,"bid_qty":1,"ask":2,"ask_qty":1,"last":1,"volume":1}"#;
    for (bad, kind, part) in [
        (
            good.replace("\"bid\":1,", ""),
            ErrorKind::SchemaError,
            "`bid`",
        ),
        (
            good.replace("\"bid\":1,", "\"bid\":null,"),
            ErrorKind::SchemaError,
            "null",
        ),
        (
            good.replace("\"bid\":1,", "\"bid\":1e400,"),
            ErrorKind::SchemaError,
            "too large",
        ),
        (
            good.replace("\"bid\":1,", "\"bid\":1,\"bid\":2,"),
            ErrorKind::SchemaError,
            "duplicate",
        ),
        (
            good.replace("ETH/USD\"", "ETH/USD\",\"timestamp\":\"soon\""),
            ErrorKind::SchemaError,
            "soon",
        ),
    ] {
        let text = format!(r#"{{"channel":"ticker","type":"update","data":[{bad},{good}]}}"#);
        let output = bench.text(&text);
        assert_eq!(output.events.len(), 1, "{bad}");
        let rejection = output.notices.iter().find_map(|notice| match notice {
            Notice::Rejected(rejection) => Some(rejection),
            _ => None,
        });
        let rejection = rejection.unwrap();
        assert_eq!(
            (rejection.kind, rejection.symbol.as_ref().unwrap().as_str()),
            (kind, "ETH-USD")
        );
        assert!(rejection.reason.contains(part), "{rejection}");
    }
    for (text, kind) in [
        ("", ErrorKind::DecodeError),
        ("pong", ErrorKind::DecodeError),
        (&TICKER[..TICKER.len() - 2], ErrorKind::DecodeError),
        (&TICKER.replace("0.10025", "NaN"), ErrorKind::DecodeError),
        ("[]", ErrorKind::SchemaError),
        (r#"{"channel":"ticker","data":[]}"#, ErrorKind::SchemaError),
        (
            r#"{"channel":"ticker","type":"update"}"#,
            ErrorKind::SchemaError,
        ),
        (
            r#"{"channel":"ticker","type":"update","data":{}}"#,
            ErrorKind::SchemaError,
        ),
        (&"[".repeat(100_000), ErrorKind::SchemaError),
    ] {
        let found = reason(bench.text(text));
        assert!(
            found.0 == kind || text.starts_with("[["),
            "{text:.60} {found:?}"
        );
        assert_eq!(bench.output.events, []);
    }
    for text in [
        r#"{"channel":"instrument","type":"snapshot","data":{"assets":[]}}"#,
        r#"{"channel":"ticker","type":"novelty","data":[]}"#,
        r#"{"method":"novelty","result":{},"success":true}"#,
        "{}",
    ] {
        let output = bench.text(text);
        assert_eq!((output.notices.len(), output.ignored), (0, 1), "{text}");
    }
}

#[test]
fn a_change_that_cannot_be_read_begins_the_book_anew() {
    let mut bench = open("kraken:?services=LEVEL2");
    bench.text(BOOK);
    let output = bench.text(&CHANGE.replace("\"checksum\":2", "\"checksum\":-2"));
    assert!(matches!(output.notices[0], Notice::Rejected(_)));
    assert!(matches!(
        output.notices[1],
        Notice::Gap {
            symbol: SymbolId(0),
            ..
        }
    ));
    assert_eq!(payloads(output), [(0, &Payload::BookLost)]);
    assert_eq!(output.send.len(), 2);
}

#[test]
fn close_codes_mean_what_they_mean_everywhere() {
    let mut bench = open("kraken:");
    let protocol = bench.session.protocol();
    assert_eq!(protocol.closed(1012, "").next, Next::AtOnce);
    assert_eq!(protocol.closed(1000, ""), Ending::of_close(1000, ""));
}

#[test]
fn recorded_frames_are_all_taken_and_both_checksums_match() {
    let Some(text) = recorded("kraken-v2/verbatim_frames.jsonl") else {
        return;
    };
    let mut bench = Workbench::new(&VENUE, "kraken:");
    bench.subscribe(&["ETH/BTC", "USDT/USD", "BTC/USD", "NOPE/USD"]);
    bench.open();
    let mut book = Book::default();
    let (mut books, mut events, mut refused, mut subscribed, mut warned) = (0, 0, 0, 0, 0);
    for line in text.lines() {
        let output = bench.text(line);
        // The recorded trades of ETH/USD are nobody's here.
        assert_eq!(
            output.ignored,
            u64::from(line.contains("\"channel\":\"trade\"")),
            "{line}"
        );
        for notice in &output.notices {
            match notice {
                Notice::Refused { symbol, .. } => {
                    assert_eq!(*symbol, SymbolId(3));
                    refused += 1;
                }
                Notice::Subscribed(_) => subscribed += 1,
                Notice::Error(error) => {
                    assert!(error.message.contains("depth not supported"), "{error:?}");
                    warned += 1;
                }
                other => unreachable!("{other:?}"),
            }
        }
        for event in &output.events {
            events += 1;
            if let Payload::Level2(update) = &event.payload {
                assert_eq!(book.apply(update), Ok(Applied::Done));
                books += 1;
            }
        }
    }
    assert_eq!(text.lines().count(), 11);
    assert_eq!(
        (books, events, refused, subscribed, warned),
        (2, 4, 1, 3, 1)
    );
    assert_eq!(book.checksum(), 2_505_869_009);
}

fn seeds() -> Vec<String> {
    let mut seeds: Vec<String> = [
        BOOK,
        CHANGE,
        TICKER,
        TRADES,
        BAR,
        ONLINE,
        r#"{"Error":"Exceeded msg rate"}"#,
    ]
    .map(str::to_owned)
    .to_vec();
    seeds.push(ack("book", "BTC/USD"));
    seeds.push(CHANGE.replace("BTC", "ETH"));
    seeds.push(BOOK.replace("BTC", "ETH"));
    seeds.push(r#"{"error":"Currency pair not supported SOL/USD","method":"subscribe","req_id":1,"success":false,"symbol":"SOL/USD"}"#.to_owned());
    seeds.extend(
        recorded("kraken-v2/verbatim_frames.jsonl")
            .iter()
            .flat_map(|text| text.lines().map(str::to_owned)),
    );
    seeds
}

proptest! {
    #![proptest_config(mutate::config())]
    #[test]
    fn no_input_breaks_it(steps in mutate::steps(seeds()), bars in prop::sample::select(vec!["venue", "trades"])) {
        let mut bench = open(&format!("kraken:bars={bars}"));
        mutate::run(&mut bench, &NAMES, &steps);
    }
}
