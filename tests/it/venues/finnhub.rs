//! Finnhub: the key is in the query of the URL, and nothing is confirmed.

use crate::support::venue_server::{Peer, Server};

use super::rig::{Case, Live, price, survives};

const KEYS: &[(&str, &str)] = &[("FINNHUB_API_KEY", "CANARY-KEY-9012")];

fn welcome(server: &Server) -> Peer {
    let mut peer = server.accept();
    assert!(
        peer.head.path.contains("token=CANARY"),
        "{}",
        peer.head.path
    );
    for symbol in ["AAPL", "BINANCE:BTCUSDT"] {
        let asked = peer.text();
        assert!(asked.contains(symbol), "{asked}");
    }
    peer
}

fn trade(number: u64) -> String {
    format!(
        r#"{{"data":[{{"c":["1"],"p":{},"s":"AAPL","t":1700060242474,"v":5}}],"type":"trade"}}"#,
        price(number)
    )
}

const CASE: Case = Case {
    source: "finnhub:?services=TIMESALE&url={ws}",
    symbols: "AAPL,BINANCE:BTCUSDT",
    keys: KEYS,
    welcome,
    good: trade,
    finish: str::to_owned,
    unknown: &[r#"{"type":"ping"}"#, r#"{"type":"weather","data":[1]}"#],
    bad: &[
        (
            r#"{"type":"trade","data":[{"p":NaN,"s":"AAPL","t":1,"v":1}]}"#,
            "DecodeError",
        ),
        (
            r#"{"type":"trade","data":[{"p":1e400,"s":"AAPL","t":1,"v":1}]}"#,
            "SchemaError",
        ),
        (r#"{"type":"trade","data":[{"s":"AAPL"}]}"#, "SchemaError"),
        ("nonsense CANARY-KEY-9012", "DecodeError"),
        (
            r#"{"type":"error","msg":"odd CANARY-KEY-9012"}"#,
            "ConnectionError",
        ),
        (
            r#"{"type":"error","msg":"Subscribing to too many symbols"}"#,
            "Overload",
        ),
    ],
};

#[test]
fn strange_frames_and_broken_connections_are_survived() {
    survives(&CASE);
}

#[test]
fn a_wrong_key_ends_the_source_at_the_door_and_behind_it() {
    let live = Live::of(&CASE);
    live.server.knock().refuse(401, &[]);
    live.ends_refused("check FINNHUB_API_KEY");
    let live = Live::of(&CASE);
    let mut peer = live.server.accept();
    peer.send(r#"{"type":"error","msg":"Invalid API key CANARY-KEY-9012"}"#);
    peer.end();
    live.ends_refused("FINNHUB_API_KEY");
}

#[test]
fn a_door_that_is_closed_for_a_while_is_left_alone_for_so_long() {
    let mut live = Live::of(&CASE);
    live.server.knock().refuse(429, &[("Retry-After", "30")]);
    live.error("RateLimited", "HTTP 429");
    let status = live.program.next_status("reconnecting");
    assert!(status["retry_ms"].as_u64().unwrap() >= 30_000, "{status}");
    live.quit();
}

#[test]
fn every_service_gives_its_results() {
    let mut live = Live::start("finnhub:?url={ws}", "AAPL", KEYS);
    let mut peer = live.server.accept();
    peer.text_with("subscribe-news");
    peer.send(trade(1).replace("1001.25", "1001.250"));
    live.expect(&[r#"{"type":"result","service":"TIMESALE","symbol":"AAPL","price":1001.250,"size":5,"side":null,"conditions":["1"],"trade_id":null,"unix_ts":1700060242474,"new_york_datetime":"2023-11-15T09:57:22.474-05:00","source":"finnhub"}"#,]);
    peer.send(r#"{"data":[{"category":"company","datetime":1679059200,"headline":"New","id":1,"image":"","related":"AAPL","source":"Wire","summary":"","url":"https://example.com"}],"type":"news"}"#);
    live.expect(&[r#"{"type":"result","service":"NEWS","symbol":"AAPL","headline":"New","publisher":"Wire","url":"https://example.com","symbols":["AAPL"],"unix_ts":1679059200000,"new_york_datetime":"2023-03-17T09:20:00-04:00","source":"finnhub"}"#,]);
    // The next minute ends the one before, whose bar is made of its trades, of which some may have come too early for us.
    peer.send(trade(2).replace("1700060242474", "1700060302474"));
    live.expect(&[r#"{"type":"result","service":"OHLCV","symbol":"AAPL","open":1001.250,"high":1001.250,"low":1001.250,"close":1001.250,"volume":5,"unix_ts":1700060220000,"new_york_datetime":"2023-11-15T09:57:00-05:00","source":"finnhub","partial":true}"#, r#"{"type":"result","service":"TIMESALE","symbol":"AAPL","price":1002.25,"size":5,"side":null,"conditions":["1"],"trade_id":null,"unix_ts":1700060302474,"new_york_datetime":"2023-11-15T09:58:22.474-05:00","source":"finnhub"}"#,]);
    live.quit_and_replay();
}
