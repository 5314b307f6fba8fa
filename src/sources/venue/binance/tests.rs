#![allow(clippy::unwrap_used, reason = "a test may stop at the first surprise")]

use std::collections::HashMap;
use std::time::Duration;

use proptest::prelude::*;

use super::VENUE;
use crate::compute::book::{Applied, Book};
use crate::domain::Decimal;
use crate::domain::book::BookProof;
use crate::domain::event::Payload;
use crate::domain::outcome::ErrorKind;
use crate::domain::symbol::SymbolId;
use crate::domain::time::UnixMs;
use crate::domain::trade::Side;
use crate::sources::spec::SourceSpec;
use crate::sources::venue::session::Input;
use crate::sources::venue::testing::{Workbench, mutate, recorded, shown};
use crate::sources::venue::{Next, Notice, Output};

const NAMES: [&str; 2] = ["BNBBTC", "ETH/USDT"];

const TRADE: &str = r#"{"stream":"bnbbtc@trade","data":{"e":"trade","E":1672515782136,"s":"BNBBTC","t":12345,"p":"0.001","q":"100","T":1672515782130,"m":true,"M":true}}"#;
const KLINE: &str = r#"{"stream":"bnbbtc@kline_1m","data":{"e":"kline","E":1672515782136,"s":"BNBBTC","k":{"t":1672515780000,"T":1672515839999,"s":"BNBBTC","i":"1m","f":100,"L":200,"o":"0.0010","c":"0.0020","h":"0.0025","l":"0.0015","v":"1000","n":100,"x":false,"q":"1.0000","V":"500","Q":"0.500","B":"123456"}}}"#;
const TICKER: &str = r#"{"stream":"bnbbtc@bookTicker","data":{"u":400900217,"s":"BNBBTC","b":"25.35190000","B":"31.21000000","a":"25.36520000","A":"40.66000000"}}"#;
const INVALID: &str = r#"{"code":-1121,"msg":"Invalid symbol."}"#;
const WHOLE: &str = r#"{"lastUpdateId":160,"bids":[["0.0024","10"]],"asks":[["0.0026","100"]]}"#;

fn open(spec: &str) -> Workbench {
    let mut bench = Workbench::new(&VENUE, spec);
    bench.subscribe(&NAMES);
    bench.open();
    bench
}

fn diff(symbol: &str, first: u64, last: u64) -> String {
    let lower = symbol.to_ascii_lowercase();
    format!(
        r#"{{"stream":"{lower}@depth@100ms","data":{{"e":"depthUpdate","E":1672515782136,"s":"{symbol}","U":{first},"u":{last},"b":[["0.0024","10"]],"a":[["0.0026","100"]]}}}}"#
    )
}

fn sequences(output: &Output) -> Vec<(u32, Option<u64>)> {
    let of = |payload: &Payload| match payload {
        Payload::Level2(update) => {
            assert_eq!(update.proof, BookProof::Sequence);
            update.sequence
        }
        Payload::BookLost => None,
        other => unreachable!("{other:?}"),
    };
    let events = output.events.iter();
    events
        .map(|event| (event.symbol.0, of(&event.payload)))
        .collect()
}

/// The book of a symbol is live, up to update 160.
fn live(bench: &mut Workbench, symbol: &str) {
    bench.text(&diff(symbol, 150, 155));
    let id = bench.output.ask[0].id;
    bench.answer(id, 200, WHOLE);
    assert_eq!(bench.output.events.len(), 1);
}

#[test]
fn trades_that_are_left_out_are_told_with_their_number() {
    let mut bench = open("binance:services=TIMESALE");
    let trade = |id: u64| TRADE.replace("12345", &id.to_string());
    let gaps = |bench: &mut Workbench, id: u64| -> Vec<String> {
        let notices = &bench.text(&trade(id)).notices;
        let gap = |notice: &Notice| match notice {
            Notice::Gap { reason, .. } => Some(reason.clone()),
            _ => None,
        };
        notices.iter().filter_map(gap).collect()
    };
    assert_eq!(gaps(&mut bench, 100), [""; 0]);
    assert_eq!(gaps(&mut bench, 101), [""; 0]);
    assert_eq!(
        gaps(&mut bench, 1102),
        ["1000 trades are missing, 102 and on: 1102 came"]
    );
    // Those that a lost connection has cost are told as well.
    bench.now = bench.now.plus_ms(1000);
    bench.open();
    assert_eq!(gaps(&mut bench, 1104), ["trade 1103 is missing: 1104 came"]);
}

#[test]
fn streams_are_asked_for_in_small_letters_and_in_batches() {
    let bench = open("binance:");
    assert_eq!(
        bench.sent(),
        [
            r#"{"method":"SUBSCRIBE","params":["bnbbtc@trade","bnbbtc@kline_1m","bnbbtc@bookTicker","bnbbtc@depth@100ms","ethusdt@trade","ethusdt@kline_1m","ethusdt@bookTicker","ethusdt@depth@100ms"],"id":1}"#
        ]
    );
    let limits = (VENUE.limits)(&bench.setup);
    assert_eq!(limits.symbols_per_connection, 256);
    assert!(limits.lifetime < Some(Duration::from_secs(86_400)));
    let mut bench = open("binance:services=LEVEL1");
    assert_eq!((VENUE.limits)(&bench.setup).symbols_per_connection, 1024);
    let names: Vec<String> = (0..130).map(|number| format!("C{number}USDT")).collect();
    bench.subscribe(&names.iter().map(String::as_str).collect::<Vec<_>>());
    assert_eq!(bench.sent().len(), 3);
}

#[test]
fn a_whole_book_is_as_large_as_asked_for() {
    for (spec, path, weight) in [
        ("binance:", "/api/v3/depth?symbol=BNBBTC&limit=1000", 50),
        (
            "binance:?depth=10",
            "/api/v3/depth?symbol=BNBBTC&limit=100",
            5,
        ),
        (
            "binance:?depth=101",
            "/api/v3/depth?symbol=BNBBTC&limit=500",
            25,
        ),
        (
            "binance:?depth=5000",
            "/api/v3/depth?symbol=BNBBTC&limit=5000",
            250,
        ),
    ] {
        let mut bench = open(spec);
        let output = bench.text(&diff("BNBBTC", 1, 2));
        assert_eq!(
            (output.ask[0].path.as_str(), output.ask[0].weight),
            (path, weight)
        );
    }
    assert!("binance:?depth=5001".parse::<SourceSpec>().is_err());
    let mut bench = Workbench::new(&VENUE, "binance:");
    bench.subscribe(&["../&x=日"]);
    bench.open();
    let now = bench.now;
    bench.text(r#"{"result":null,"id":1}"#);
    let output = bench.tick(now.plus_ms(5000));
    assert_eq!(
        output.ask[0].path,
        "/api/v3/depth?symbol=%2E%2E%26X%3D%E6%97%A5&limit=1000"
    );
}

#[test]
fn data_means_the_same_however_the_message_is_written() {
    for message in [TRADE, TICKER, KLINE] {
        let expected = shown::events(open("binance:").text(message));
        assert_eq!(expected.len(), 1, "{message}");
        let (stream, data) = message
            .strip_prefix("{")
            .and_then(|rest| rest.strip_suffix('}'))
            .and_then(|rest| rest.split_once(','))
            .unwrap();
        for other in [
            format!("{{{data},{stream}}}"),
            format!("{{ {stream},{data}}}"),
            format!("{{{stream},{data},\"more\":[]}}"),
        ] {
            assert_eq!(shown::events(open("binance:").text(&other)), expected);
        }
        for bad in [
            format!("{{{stream},{data}}}}}"),
            format!("{{{stream},{data},{data}}}"),
            format!("{{{stream},{data},}}"),
            format!("{{{stream},{}}}", data.replace("\"s\":", "\"x\":")),
        ] {
            let mut bench = open("binance:");
            let output = bench.text(&bad);
            assert!(output.events.is_empty(), "{bad}");
            assert!(
                matches!(output.notices[..], [Notice::Rejected(_)]),
                "{bad}: {:?}",
                output.notices
            );
        }
    }
}

#[test]
fn data_keeps_its_digits_and_times() {
    let mut bench = open("binance:");
    let output = bench.text(TRADE);
    assert_eq!(
        output.notices,
        [Notice::Subscribed(SymbolId(0))],
        "data stands for a confirmation"
    );
    let Payload::TimeAndSales(trade) = &output.events[0].payload else {
        unreachable!()
    };
    assert_eq!(
        trade.side,
        Some(Side::Sell),
        "the buyer's order was resting"
    );
    assert_eq!(output.events[0].time, Some(UnixMs(1_672_515_782_130)));
    let output = bench.text(KLINE);
    let Payload::Ohlcv(bar) = &output.events[0].payload else {
        unreachable!()
    };
    assert_eq!(bar.open.unwrap().to_string(), "0.0010");
    assert_eq!(output.events[0].time, Some(UnixMs(1_672_515_780_000)));
    let now = bench.now;
    let output = bench.text(TICKER);
    let Payload::Level1(quote) = &output.events[0].payload else {
        unreachable!()
    };
    assert_eq!(quote.ask_size.unwrap().to_string(), "40.66000000");
    assert_eq!(output.events[0].time, Some(now), "when it was received");
    let last = KLINE.replace("\"x\":false", "\"x\":true");
    let over = crate::domain::event::Event {
        symbol: SymbolId(0),
        time: Some(UnixMs(1_672_515_840_000)),
        payload: Payload::Clock,
    };
    let output = bench.text(&last);
    assert_eq!(
        (output.events.len(), output.events.last()),
        (2, Some(&over))
    );
    let other = KLINE.replace("\"i\":\"1m\"", "\"i\":\"5m\"");
    assert_eq!(
        (bench.text(&other).events.len(), bench.output.ignored),
        (0, 1)
    );
}

#[test]
fn confirmations_may_come_after_data_and_name_each_symbol_once() {
    let mut bench = open("binance:");
    for _ in 0..2 {
        bench.text(TRADE);
        let all = bench.text(r#"{"result":null,"id":1}"#);
        // The second connection's request is the second.
        if all.notices.is_empty() {
            let all = bench.text(r#"{"result":null,"id":2}"#);
            assert_eq!(all.notices, [Notice::Subscribed(SymbolId(1))]);
        }
        assert_eq!(bench.text(r#"{"result":null,"id":1}"#).notices, []);
        assert_eq!(bench.open().send.len(), 1);
    }
}

#[test]
fn a_book_follows_its_chain_and_a_gap_begins_it_anew_alone() {
    let mut bench = open("binance:");
    live(&mut bench, "BNBBTC");
    live(&mut bench, "ETHUSDT");
    assert_eq!(
        sequences(bench.text(&diff("BNBBTC", 157, 162))),
        [(0, Some(162))]
    );
    assert_eq!(
        sequences(bench.text(&diff("BNBBTC", 163, 165))),
        [(0, Some(165))]
    );
    assert_eq!(
        sequences(bench.text(&diff("BNBBTC", 163, 165))),
        [],
        "twice"
    );
    let output = bench.text(&diff("BNBBTC", 167, 168));
    assert_eq!(sequences(output), [(0, None)]);
    assert!(
        matches!(&output.notices[0], Notice::Gap { symbol: SymbolId(0), kind: ErrorKind::SequenceGap, reason } if reason.contains("166") && reason.contains("167"))
    );
    assert_eq!(output.ask.len(), 0, "it was fetched just now");
    // Swapped, and too late.
    assert_eq!(sequences(bench.text(&diff("BNBBTC", 166, 166))), []);
    assert_eq!(
        sequences(bench.text(&diff("ETHUSDT", 161, 161))),
        [(1, Some(161))],
        "another goes on"
    );
    let now = bench.now;
    let output = bench.tick(now.plus_ms(1000));
    assert_eq!(output.ask.len(), 1);
    let id = output.ask[0].id;
    let newer = WHOLE.replace("160", "168");
    assert_eq!(sequences(bench.answer(id, 200, &newer)), [(0, Some(168))]);
    assert_eq!(
        sequences(bench.answer(id, 200, &newer)),
        [],
        "nobody waits for it"
    );
    assert_eq!(
        sequences(bench.text(&diff("BNBBTC", 169, 169))),
        [(0, Some(169))]
    );
}

#[test]
fn a_book_that_is_too_old_or_broken_is_fetched_again_with_growing_waits() {
    let mut bench = open("binance:services=LEVEL2");
    bench.text(&diff("BNBBTC", 170, 171));
    let id = bench.output.ask[0].id;
    let mut now = bench.now;
    for (status, body, wait_ms) in [
        (200, WHOLE, 1000),
        (200, "{\"lastUpdateId\":1}", 2000),
        (0, "no route", 4000),
        (503, "", 8000),
        (429, "", 30_000),
    ] {
        let output = bench.answer(id, status, body);
        assert_eq!(output.events, []);
        let is_limit = matches!(output.notices.as_slice(), [Notice::Error(error)] if error.kind == ErrorKind::RateLimited);
        assert_eq!(is_limit, status == 429, "{:?}", bench.output.notices);
        assert!(
            bench.tick(now.plus_ms(wait_ms - 1)).ask.is_empty(),
            "{status}"
        );
        now = now.plus_ms(wait_ms);
        assert_eq!(bench.tick(now).ask.len(), 1, "{status}");
    }
    assert_eq!(
        bench
            .answer(id, 200, &WHOLE.replace("160", "169"))
            .events
            .len(),
        2
    );
}

#[test]
fn a_silent_symbol_is_looked_up_and_refused_when_it_is_not_there() {
    for (spec, path) in [
        ("binance:", "/api/v3/depth?symbol=BNBBTC&limit=1000"),
        (
            "binance:services=LEVEL1",
            "/api/v3/ticker/price?symbol=BNBBTC",
        ),
    ] {
        let mut bench = open(spec);
        bench.text(r#"{"result":null,"id":1}"#);
        bench.text(
            &TICKER
                .replace("BNBBTC", "ETHUSDT")
                .replace("bnbbtc", "ethusdt"),
        );
        let now = bench.now;
        let output = bench.tick(now.plus_ms(5000));
        assert_eq!(output.ask[0].path, path);
        let id = output.ask[0].id;
        match bench.answer(id, 400, INVALID).notices.as_slice() {
            [
                Notice::Refused {
                    symbol: SymbolId(0),
                    reason,
                },
            ] => assert!(
                reason.starts_with("Invalid symbol. (code -1121)"),
                "{reason}"
            ),
            other => unreachable!("{other:?}"),
        }
        assert_eq!(bench.answer(id, 400, INVALID).notices, []);
        assert!(
            bench
                .tick(now.plus_ms(400_000))
                .ask
                .iter()
                .all(|request| !request.path.contains("BNBBTC"))
        );
    }
    // An answer to what was asked before a recording began is as good as another.
    let mut bench = open("binance:");
    bench.text(&diff("ETHUSDT", 150, 155));
    let id = bench.output.ask[0].id;
    bench.open();
    assert_eq!(sequences(bench.answer(id, 200, WHOLE)), [(1, Some(160))]);
    assert_eq!(
        sequences(bench.text(&diff("ETHUSDT", 163, 163))),
        [(1, None)],
        "it was too old"
    );
    // A quiet symbol that is there has its book all the same.
    let mut bench = open("binance:");
    bench.text(r#"{"result":null,"id":1}"#);
    let now = bench.now;
    let id = bench.tick(now.plus_ms(5000)).ask[0].id;
    assert_eq!(sequences(bench.answer(id, 200, WHOLE)), [(0, Some(160))]);
}

#[test]
fn a_request_that_is_refused_is_cut_in_halves_until_the_culprit_is_alone() {
    let mut bench = open("binance:services=LEVEL1");
    bench.subscribe(&["FOO$BAR", "SOLUSDT", "XRPUSDT"]);
    let refusal =
        |id: u64| format!(r#"{{"code":2,"msg":"Invalid request: invalid stream","id":{id}}}"#);
    assert_eq!(bench.text(&refusal(2)).notices, []);
    let asked = |bench: &Workbench, at: usize| {
        let names = ["foo$bar", "solusdt", "xrpusdt"];
        let asked = names.map(|name| bench.sent()[at].contains(name));
        asked.iter().filter(|is_asked| **is_asked).count()
    };
    assert_eq!((asked(&bench, 0), asked(&bench, 1)), (1, 2));
    match bench.text(&refusal(3)).notices.as_slice() {
        [
            Notice::Refused {
                symbol: SymbolId(2),
                reason,
            },
        ] => {
            assert!(reason.contains("invalid stream (code 2)"), "{reason}");
        }
        other => unreachable!("{other:?}"),
    }
    let confirmed = bench.text(r#"{"result":null,"id":4}"#).notices.len();
    assert_eq!(confirmed, 2);
    // Too much at a time says nothing against a symbol.
    let limit = bench.text(r#"{"code":-1003,"msg":"Too many requests","id":1}"#);
    assert!(
        matches!(&limit.notices[..], [Notice::Error(error)] if error.kind == ErrorKind::RateLimited)
    );
    assert!(limit.send.is_empty());
    let now = bench.now;
    assert_eq!(bench.tick(now.plus_ms(15_000)).send.len(), 1);
    let other = bench.text(r#"{"error":{"code":3,"msg":"Invalid JSON"},"id":null}"#);
    assert!(
        matches!(&other.notices[0], Notice::Error(error) if error.message.contains("Invalid JSON"))
    );
}

#[test]
fn what_is_not_confirmed_is_asked_for_again() {
    let mut bench = open("binance:");
    let now = bench.now;
    bench.text(TRADE);
    assert!(bench.tick(now.plus_ms(14_999)).send.is_empty());
    bench.tick(now.plus_ms(15_000));
    assert_eq!(bench.sent().len(), 1);
    assert!(bench.sent()[0].contains("ethusdt@trade") && !bench.sent()[0].contains("bnb"));
}

#[test]
fn symbols_come_and_go_on_an_open_connection() {
    let mut bench = open("binance:services=TIMESALE");
    bench.subscribe(&["solusdt", "BNB-BTC"]);
    assert_eq!(
        bench.sent(),
        [r#"{"method":"SUBSCRIBE","params":["solusdt@trade"],"id":2}"#]
    );
    assert!(matches!(
        &bench.output.notices[0],
        Notice::Refused {
            symbol: SymbolId(3),
            ..
        }
    ));
    bench.unsubscribe(0);
    assert_eq!(
        bench.sent(),
        [r#"{"method":"UNSUBSCRIBE","params":["bnbbtc@trade"],"id":3}"#]
    );
    let output = bench.text(TRADE);
    assert_eq!((output.events.len(), output.ignored), (0, 1));
    bench.open();
    assert_eq!(
        bench.sent(),
        [r#"{"method":"SUBSCRIBE","params":["ethusdt@trade","solusdt@trade"],"id":4}"#]
    );
}

#[test]
fn a_reopened_connection_begins_every_book_anew() {
    let mut bench = open("binance:services=LEVEL2");
    live(&mut bench, "BNBBTC");
    assert_eq!(sequences(bench.give(Input::Closed)), [(0, None), (1, None)]);
    bench.open();
    // What was asked on the connection before makes nobody wait.
    let output = bench.text(&diff("BNBBTC", 161, 161));
    assert_eq!(sequences(output), [], "not yet");
    let id = bench.output.ask[0].id;
    assert_eq!(
        sequences(bench.answer(id, 200, WHOLE)),
        [(0, Some(160)), (0, Some(161))]
    );
    let symbol = ("BNBBTC".parse().unwrap(), SymbolId(0));
    assert_eq!(sequences(bench.give(Input::Resync(&symbol))), [(0, None)]);
    assert_eq!(sequences(bench.text(&diff("BNBBTC", 162, 162))), []);
}

#[test]
fn the_end_that_the_venue_announces_is_followed_at_once() {
    let mut bench = open("binance:");
    for text in [
        r#"{"stream":"!serverShutdown","data":{"e":"serverShutdown","E":1770123456789}}"#,
        r#"{"e":"serverShutdown","E":1770123456789}"#,
    ] {
        assert_eq!(bench.text(text).ending.as_ref().unwrap().next, Next::AtOnce);
    }
    let protocol = bench.session.protocol();
    assert_eq!(
        protocol.closed(1008, "Too many requests").kind,
        ErrorKind::RateLimited
    );
    assert_eq!(protocol.closed(1006, "").next, Next::Retry);
    assert_eq!(protocol.refused(451, false).next, Next::Never);
    assert_eq!(protocol.refused(429, false).next, Next::Retry);
}

#[test]
fn bad_data_rejects_only_itself_and_begins_only_its_book_anew() {
    let mut bench = open("binance:");
    live(&mut bench, "BNBBTC");
    live(&mut bench, "ETHUSDT");
    for (text, kind, part) in [
        (
            TICKER.replace("\"b\":\"25.35190000\",", ""),
            ErrorKind::SchemaError,
            "`b`",
        ),
        (
            TICKER.replace("25.35190000", "1e400"),
            ErrorKind::SchemaError,
            "too large",
        ),
        (
            TICKER.replace("25.35190000", "NaN"),
            ErrorKind::SchemaError,
            "NaN",
        ),
        (
            TICKER.replace("\"25.35190000\"", "NaN"),
            ErrorKind::DecodeError,
            "line",
        ),
        (TRADE.replace("12345,", "-1,"), ErrorKind::SchemaError, "-1"),
        (
            TICKER.replace("\"data\"", "\"date\""),
            ErrorKind::SchemaError,
            "`data`",
        ),
    ] {
        let output = bench.text(&text);
        assert_eq!(output.events, [], "{text}");
        match output.notices.as_slice() {
            [Notice::Rejected(rejection)] => {
                assert_eq!(rejection.kind, kind, "{rejection}");
                assert!(rejection.reason.contains(part), "{rejection}");
            }
            other => unreachable!("{other:?}"),
        }
    }
    let output = bench.text(&diff("BNBBTC", 162, 161));
    assert!(
        matches!(&output.notices[..], [Notice::Gap { symbol: SymbolId(0), .. }, Notice::Rejected(rejection)] if rejection.symbol.as_ref().unwrap().as_str() == "BNBBTC"),
        "{:?}",
        output.notices
    );
    assert_eq!(sequences(output), [(0, None)]);
    assert_eq!(
        sequences(bench.text(&diff("ETHUSDT", 161, 161))),
        [(1, Some(161))]
    );
    for text in [
        "{}",
        r#"{"stream":"bnbbtc@aggTrade","data":{}}"#,
        r#"{"stream":"x","data":{}}"#,
    ] {
        let output = bench.text(text);
        assert_eq!((output.notices.len(), output.ignored), (0, 1), "{text}");
    }
}

#[test]
fn the_recorded_book_has_an_unbroken_chain_and_the_top_that_was_quoted() {
    type Top = (Decimal, Decimal, Decimal, Decimal);
    let Some(text) = recorded("binance-spot-2024-08/ethusdt_20240808.gz") else {
        return;
    };
    let mut bench = Workbench::new(&VENUE, "binance:");
    bench.subscribe(&["ETH/USDT"]);
    bench.open();
    let mut book = Book::default();
    let mut asked = None;
    let mut quotes: HashMap<u64, Top> = HashMap::new();
    let mut tops: HashMap<u64, Top> = HashMap::new();
    let (mut changes, mut trades, mut quotations) = (0, 0, 0);
    for line in text.lines() {
        let (time_ns, json) = line.split_once(' ').unwrap();
        bench.now = UnixMs(time_ns.parse::<i64>().unwrap() / 1_000_000);
        if json.starts_with("{\"lastUpdateId\"") {
            bench.answer(asked.unwrap(), 200, json);
        } else {
            bench.text(json);
        }
        asked = asked.or(bench.output.ask.first().map(|request| request.id));
        let said = &bench.output.notices;
        assert!(
            said.iter()
                .all(|notice| matches!(notice, Notice::Subscribed(_))),
            "{said:?}"
        );
        assert_eq!(
            (bench.output.ignored, bench.output.ask.len()),
            (
                0,
                usize::from(asked.is_some() && changes == 0 && !bench.output.ask.is_empty())
            )
        );
        for event in &bench.output.events {
            match &event.payload {
                Payload::Level2(update) => {
                    assert_eq!(book.apply(update), Ok(Applied::Done));
                    let (bid, ask) = (book.best_bid().unwrap(), book.best_ask().unwrap());
                    tops.insert(
                        update.sequence.unwrap(),
                        (bid.price, bid.size, ask.price, ask.size),
                    );
                    changes += usize::from(!update.snapshot);
                }
                Payload::Level1(quote) => {
                    let id = json
                        .split("\"u\":")
                        .nth(1)
                        .unwrap()
                        .split(',')
                        .next()
                        .unwrap();
                    let top = (
                        quote.bid.unwrap(),
                        quote.bid_size.unwrap(),
                        quote.ask.unwrap(),
                        quote.ask_size.unwrap(),
                    );
                    quotes.insert(id.parse().unwrap(), top);
                    quotations += 1;
                }
                Payload::TimeAndSales(_) => trades += 1,
                other => unreachable!("{other:?}"),
            }
        }
    }
    assert_eq!((changes, quotations, trades), (3432, 24_077, 6106));
    let both: Vec<u64> = tops
        .keys()
        .copied()
        .filter(|id| quotes.contains_key(id))
        .collect();
    assert_eq!(both.len(), 577);
    for id in both {
        assert_eq!(tops[&id], quotes[&id], "update {id}");
    }
}

fn seeds() -> Vec<String> {
    let mut seeds: Vec<String> = [
        TRADE,
        KLINE,
        TICKER,
        INVALID,
        WHOLE,
        r#"{"result":null,"id":1}"#,
        r#"{"code":2,"msg":"Invalid request","id":1}"#,
    ]
    .map(str::to_owned)
    .to_vec();
    for (first, last) in [(150, 155), (156, 161), (162, 162), (164, 170)] {
        seeds.push(diff("BNBBTC", first, last));
        seeds.push(diff("ETHUSDT", first, last));
    }
    if let Some(text) = recorded("binance-spot-2024-08/ethusdt_20240808.gz") {
        let lines = text
            .lines()
            .take(40)
            .filter_map(|line| Some(line.split_once(' ')?.1.to_owned()));
        seeds.extend(lines.filter(|line| line.len() < 4000));
    }
    seeds
}

proptest! {
    #![proptest_config(mutate::config())]
    #[test]
    fn no_input_breaks_it(steps in mutate::steps(seeds()), bars in prop::sample::select(vec!["venue", "trades"])) {
        let mut bench = open(&format!("binance:bars={bars}"));
        mutate::run(&mut bench, &NAMES, &steps);
    }
}
