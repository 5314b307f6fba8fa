//! Binance: one answer confirms many streams, whole books come over HTTP, and the venue announces its end.

use std::time::Duration;

use crate::support::venue_server::{Peer, Server};

use super::rig::{Case, Live, price, survives};

fn confirm(peer: &mut Peer) -> String {
    let asked = peer.text_with("SUBSCRIBE");
    let value: serde_json::Value = serde_json::from_str(&asked).unwrap();
    peer.send(format!(r#"{{"result":null,"id":{}}}"#, value["id"]));
    asked
}

fn welcome(server: &Server) -> Peer {
    let mut peer = server.accept();
    let asked = confirm(&mut peer);
    assert!(
        asked.contains(r#"["btcusdt@trade","ethusdt@trade"]"#),
        "{asked}"
    );
    peer
}

fn trade(number: u64) -> String {
    format!(
        r#"{{"stream":"btcusdt@trade","data":{{"e":"trade","E":1672515782136,"s":"BTCUSDT","t":{number},"p":"{}","q":"100.000","T":1672515782130,"m":true,"M":true}}}}"#,
        price(number)
    )
}

const CASE: Case = Case {
    source: "binance:?services=TIMESALE&url={ws}&rest_url={http}",
    symbols: "BTCUSDT,ETH/USDT",
    keys: &[],
    welcome,
    good: trade,
    finish: str::to_owned,
    unknown: &[
        r#"{"stream":"btcusdt@weather","data":{"e":"weather","E":1,"s":"BTCUSDT"}}"#,
        r#"{"stream":"dogeusdt@trade","data":{"e":"trade","E":1672515782136,"s":"DOGEUSDT","t":1,"p":"1","q":"1","T":1672515782130,"m":true,"M":true}}"#,
    ],
    bad: &[
        (
            r#"{"stream":"btcusdt@trade","data":{"e":"trade","E":1672515782136,"s":"BTCUSDT","t":1,"p":NaN,"q":"1","T":1672515782130,"m":true,"M":true}}"#,
            "DecodeError",
        ),
        (
            r#"{"stream":"btcusdt@trade","data":{"e":"trade","E":1672515782136,"s":"BTCUSDT","t":1,"p":"1e400","q":"1","T":1672515782130,"m":true,"M":true}}"#,
            "SchemaError",
        ),
        (
            r#"{"stream":"btcusdt@trade","data":{"e":"trade","s":"BTCUSDT"}}"#,
            "SchemaError",
        ),
        (r#"{"stream":"btcusdt@trade","data":{}"#, "DecodeError"),
    ],
};

#[test]
fn strange_frames_and_broken_connections_are_survived() {
    survives(&CASE);
}

#[test]
fn an_end_that_is_announced_is_followed_at_once() {
    let mut live = Live::of(&CASE);
    let mut peer = welcome(&live.server);
    live.takes(&CASE, &mut peer, 0);
    peer.send(r#"{"e":"serverShutdown","E":1770123456789}"#);
    let status = live.program.next_status("reconnecting");
    assert_eq!(status["retry_ms"], 0, "{status}");
    assert_eq!(peer.end(), Some(1000));
    let mut peer = welcome(&live.server);
    live.takes(&CASE, &mut peer, 1);
    let run = live.quit();
    assert!(run.errors().is_empty(), "{run:#?}");
}

fn diff(symbol: &str, first: u64, last: u64) -> String {
    format!(
        r#"{{"stream":"{}@depth@100ms","data":{{"e":"depthUpdate","E":1672515782136,"s":"{symbol}","U":{first},"u":{last},"b":[["0.0024","{last}"]],"a":[]}}}}"#,
        symbol.to_ascii_lowercase()
    )
}

fn whole(last: u64) -> String {
    format!(r#"{{"lastUpdateId":{last},"bids":[["0.0024","10"]],"asks":[["0.0026","100"]]}}"#)
}

#[test]
fn every_service_gives_its_results_and_a_refused_symbol_harms_no_other() {
    let source = "binance:?url={ws}&rest_url={http}";
    let mut live = Live::start(source, "BNBBTC", &[]);
    let mut peer = live.server.accept();
    // A book's changes, and a trade, before the confirmation.
    peer.text_with("bnbbtc@depth@100ms");
    peer.send(diff("BNBBTC", 159, 161));
    peer.send(
        trade(5)
            .replace("btcusdt", "bnbbtc")
            .replace("BTCUSDT", "BNBBTC"),
    );
    live.expect(&[r#"{"type":"result","service":"TIMESALE","symbol":"BNBBTC","price":1005.25,"size":100.000,"side":"sell","conditions":[],"trade_id":5,"unix_ts":1672515782130,"new_york_datetime":"2022-12-31T14:43:02.130-05:00","source":"binance"}"#,]);
    let call = live.server.call();
    assert!(call.head.path.contains("BNBBTC"), "{}", call.head.path);
    call.answer_json(&whole(160));
    live.expect(&[r#"{"type":"result","service":"LEVEL2","symbol":"BNBBTC","bids":[[0.0024,10]],"asks":[[0.0026,100]],"integrity":"sequenced","sequence":160,"unix_ts":NOW,"new_york_datetime":NOW,"source":"binance"}"#, r#"{"type":"result","service":"LEVEL2","symbol":"BNBBTC","bids":[[0.0024,161]],"asks":[[0.0026,100]],"integrity":"sequenced","sequence":161,"unix_ts":1672515782136,"new_york_datetime":"2022-12-31T14:43:02.136-05:00","source":"binance"}"#,]);
    peer.send(r#"{"result":null,"id":1}"#);
    peer.send(r#"{"stream":"bnbbtc@kline_1m","data":{"e":"kline","E":1672515782136,"s":"BNBBTC","k":{"t":1672515780000,"T":1672515839999,"s":"BNBBTC","i":"1m","f":100,"L":200,"o":"0.0010","c":"0.0020","h":"0.0025","l":"0.0015","v":"1000","n":100,"x":true,"q":"1.0000","V":"500","Q":"0.500","B":"123456"}}}"#);
    live.expect(&[r#"{"type":"result","service":"OHLCV","symbol":"BNBBTC","open":0.0010,"high":0.0025,"low":0.0015,"close":0.0020,"volume":1000,"unix_ts":1672515780000,"new_york_datetime":"2022-12-31T14:43:00-05:00","source":"binance"}"#,]);
    peer.send(r#"{"stream":"bnbbtc@bookTicker","data":{"u":400900217,"s":"BNBBTC","b":"25.35190000","B":"31.21000000","a":"25.36520000","A":"40.66000000"}}"#);
    live.expect(&[r#"{"type":"result","service":"LEVEL1","symbol":"BNBBTC","bid":25.35190000,"bid_size":31.21000000,"ask":25.36520000,"ask_size":40.66000000,"last":null,"last_size":null,"volume":null,"unix_ts":NOW,"new_york_datetime":NOW,"source":"binance"}"#,]);
    live.program.tell("add NOPE");
    assert!(peer.text().contains("nope@depth"));
    peer.send(r#"{"id":2,"error":{"code":-1121,"msg":"Invalid symbol."}}"#);
    let error = live.error("ConfigError", "Invalid symbol");
    assert_eq!(error["symbol"], "NOPE");
    live.quit_and_replay();
}

#[test]
fn a_hole_in_a_chain_begins_one_book_anew() {
    let source = "binance:?services=LEVEL2&url={ws}&rest_url={http}";
    let mut live = Live::start(source, "BNBBTC,ETHUSDT", &[]);
    let mut peer = live.server.accept();
    confirm(&mut peer);
    for symbol in ["BNBBTC", "ETHUSDT"] {
        peer.send(diff(symbol, 150, 161));
        let call = live.server.call();
        assert!(call.head.path.contains(symbol), "{}", call.head.path);
        call.answer_json(&whole(160));
        live.program
            .next_where("a book up to 161", |line| line["sequence"] == 161);
    }
    let sequence = |live: &mut Live, symbol: &str| {
        live.program.next_where("a result", |line| {
            assert!(
                line["type"] != "result" || line["symbol"] == symbol,
                "{line}"
            );
            line["type"] == "result"
        })["sequence"]
            .to_string()
    };
    peer.send(diff("BNBBTC", 162, 163));
    assert_eq!(sequence(&mut live, "BNBBTC"), "163");
    // Twice, and then with a hole.
    peer.send(diff("BNBBTC", 162, 163));
    peer.send(diff("BNBBTC", 165, 166));
    let error = live.error("SequenceGap", "164");
    assert_eq!(error["symbol"], "BNBBTC");
    assert_eq!(live.program.next_status("gap")["symbol"], "BNBBTC");
    // What was missing comes too late; the other book goes on.
    peer.send(diff("BNBBTC", 164, 164));
    peer.send(diff("ETHUSDT", 162, 170));
    assert_eq!(sequence(&mut live, "ETHUSDT"), "170");
    let call = live.server.call();
    assert!(call.head.path.contains("BNBBTC"), "{}", call.head.path);
    call.answer_json(&whole(166));
    let recovered = live.program.next_result("BNBBTC");
    assert_eq!(recovered["sequence"], 166);
    live.quit();
}

#[test]
fn who_asks_for_patience_gets_it_and_the_rest_goes_on() {
    let source = "binance:?services=LEVEL2,TIMESALE&url={ws}&rest_url={http}";
    let mut live = Live::start(source, "BTCUSDT", &[]);
    let mut peer = live.server.accept();
    confirm(&mut peer);
    peer.send(diff("BTCUSDT", 150, 161));
    let call = live.server.call();
    call.answer(429, &[("Retry-After", "30")], "");
    let error = live.error("RateLimited", "HTTP 429");
    assert_eq!(error["next"], "trying again in 30 s");
    assert!(!error["message"].to_string().contains("30"), "{error}");
    live.takes(&CASE, &mut peer, 0);
    assert!(live.server.call_within(Duration::ZERO).is_none());
    live.quit();
}

/// An answer with bars of one minute each.
fn klines(starts: &[i64]) -> String {
    let row = |start: &i64| {
        format!(
            r#"[{start},"{}.5","90","0.5","2","10",0,"0",1,"0","0","0"]"#,
            start / 60_000 % 1000
        )
    };
    format!("[{}]", starts.iter().map(row).collect::<Vec<_>>().join(","))
}

fn kline(start: i64, close: u32) -> String {
    format!(
        r#"{{"stream":"btcusdt@kline_1m","data":{{"e":"kline","E":1,"s":"BTCUSDT","k":{{"t":{start},"s":"BTCUSDT","i":"1m","o":"1","c":"{close}","h":"80","l":"1","v":"5","x":true}}}}}}"#
    )
}

#[test]
fn bars_from_before_and_those_of_a_lost_connection_are_part_of_longer_ones() {
    const MINUTE: i64 = 60_000;
    let now = std::time::SystemTime::now().duration_since(std::time::UNIX_EPOCH);
    let now = i64::try_from(now.unwrap().as_millis()).unwrap();
    // Of two intervals of five minutes that are over.
    let begin = now - now % (5 * MINUTE) - 10 * MINUTE;
    let minutes = |range: std::ops::Range<i64>| -> Vec<i64> {
        range.map(|count| begin + count * MINUTE).collect()
    };
    let source = "binance:?services=OHLCV&backfill=20&url={ws}&rest_url={http}";
    let mut live = Live::start_with(source, "BTCUSDT", &[], &["--timeframes", "5m"]);
    let mut peer = live.server.accept();
    confirm(&mut peer);
    let call = live.server.call();
    let path = &call.head.path;
    assert!(
        path.starts_with("/api/v3/klines?symbol=BTCUSDT&interval=1m&endTime="),
        "{path}"
    );
    assert!(path.ends_with("&limit=20"), "{path}");
    call.answer_json(&klines(&minutes(0..4)));
    // The answer comes on another connection, so that the bar may be given out without it first, and then again.
    let five = |live: &mut Live, peer: &mut Peer, begin: i64| {
        peer.send(kline(begin + 4 * MINUTE, 3));
        // The last minute of the five may grow until there is a later one.
        peer.send(kline(begin + 5 * MINUTE, 3));
        let bar = live.program.next_where("five minutes", |line| {
            let is_it = line["timeframe"] == "5m" && line["unix_ts"] == begin;
            is_it && line["volume"] == 45
        });
        assert_eq!(bar["close"], 3, "{bar}");
        let open = format!("{}.5", begin / MINUTE % 1000);
        assert_eq!(bar["open"].to_string(), open, "{bar}");
        assert_eq!(bar["high"], 90, "{bar}");
    };
    five(&mut live, &mut peer, begin);
    drop(peer);
    let mut peer = live.server.accept();
    confirm(&mut peer);
    let call = live.server.call();
    assert!(
        call.head.path.starts_with("/api/v3/klines?"),
        "{}",
        call.head.path
    );
    call.answer(503, &[("Retry-After", "1")], "not now");
    let error = live.error(
        "ConnectionError",
        "bars from before could not be fetched (HTTP 503",
    );
    assert_eq!(error["symbol"], "BTCUSDT");
    // A symbol from which nothing has come is looked up meanwhile.
    let mut call = live.server.call();
    while !call.head.path.starts_with("/api/v3/klines?") {
        call.answer_json(r#"{"symbol":"BTCUSDT","price":"1"}"#);
        call = live.server.call();
    }
    call.answer_json(&klines(&minutes(4..9)));
    five(&mut live, &mut peer, begin + 5 * MINUTE);
    live.quit_and_replay();
}
