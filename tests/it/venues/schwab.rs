//! Schwab: the streamer is asked for over HTTP, then a login, then one command after the other, each answered.

use crate::support::venue_server::{Peer, Server};

use super::rig::{Case, Live, price, survives};

const KEYS: &[(&str, &str)] = &[("SCHWAB_ACCESS_TOKEN", "CANARY-TOKEN-1234")];
const PREFERENCE: &str = r#"{"accounts":[],"streamerInfo":[{"streamerSocketUrl":"wss://streamer.example/ws","schwabClientCustomerId":"customer","schwabClientCorrelId":"correl","schwabClientChannel":"N9","schwabClientFunctionId":"APIAPP"}],"offers":[]}"#;

/// Answers the next command with a code; gives the command.
fn answer(peer: &mut Peer, code: u32) -> String {
    let text = peer.text();
    let sent: serde_json::Value = serde_json::from_str(&text).unwrap();
    let request = &sent["requests"][0];
    let response = serde_json::json!({"response": [{
        "service": request["service"], "command": request["command"], "requestid": request["requestid"],
        "SchwabClientCorrelId": "correl", "timestamp": 1_755_118_704_102_i64,
        "content": {"code": code, "msg": "words"},
    }]});
    peer.send(response.to_string());
    text
}

fn login(server: &Server) -> Peer {
    let call = server.call();
    assert_eq!(call.head.path, "/trader/v1/userPreference");
    assert_eq!(
        call.head.header("authorization"),
        Some("Bearer CANARY-TOKEN-1234")
    );
    call.answer_json(PREFERENCE);
    server.accept()
}

fn welcome(server: &Server) -> Peer {
    let mut peer = login(server);
    assert!(answer(&mut peer, 0).contains("LOGIN"));
    let asked = answer(&mut peer, 0);
    assert!(asked.contains(r#""keys":"AAPL,F""#), "{asked}");
    peer
}

fn quote(number: u64) -> String {
    format!(
        r#"{{"data":[{{"service":"LEVELONE_EQUITIES","timestamp":1755118704147,"command":"SUBS","content":[{{"key":"AAPL","1":233.20,"3":{},"35":1755118704010}}]}}]}}"#,
        price(number)
    )
}

const CASE: Case = Case {
    source: "schwab:?services=LEVEL1&url={ws}&rest_url={http}",
    symbols: "AAPL,F",
    keys: KEYS,
    welcome,
    good: quote,
    finish: str::to_owned,
    unknown: &[
        r#"{"notify":[{"heartbeat":"1755118704147"}]}"#,
        r#"{"data":[{"service":"LEVELONE_FUTURES","timestamp":1,"content":[{}]}]}"#,
        r#"{"hello":1}"#,
    ],
    bad: &[
        (
            r#"{"data":[{"service":"LEVELONE_EQUITIES","timestamp":1755118704147,"content":[{"key":"AAPL","1":NaN}]}]}"#,
            "DecodeError",
        ),
        (
            r#"{"data":[{"service":"LEVELONE_EQUITIES","timestamp":1755118704147,"content":[{"key":"AAPL","1":1e400}]}]}"#,
            "SchemaError",
        ),
        (
            r#"{"data":[{"service":"LEVELONE_EQUITIES"}]}"#,
            "SchemaError",
        ),
        ("nonsense CANARY-TOKEN-1234", "DecodeError"),
    ],
};

#[test]
fn strange_frames_and_broken_connections_are_survived() {
    survives(&CASE);
}

#[test]
fn a_wrong_key_ends_the_source_at_either_door() {
    let live = Live::of(&CASE);
    live.server.call().answer(401, &[], "{}");
    live.ends_refused("fresh one into SCHWAB_ACCESS_TOKEN");
    let live = Live::of(&CASE);
    let mut peer = login(&live.server);
    answer(&mut peer, 3);
    peer.end();
    live.ends_refused("fresh");
}

#[test]
fn every_service_gives_its_results_and_what_is_refused_harms_no_other() {
    let source = "schwab:?url={ws}&rest_url={http}";
    let mut live = Live::start(source, "AAPL", KEYS);
    let mut peer = login(&live.server);
    answer(&mut peer, 0);
    // A quote before its confirmation.
    peer.send(quote(1));
    live.expect(&[r#"{"type":"result","service":"LEVEL1","symbol":"AAPL","bid":233.20,"bid_size":null,"ask":null,"ask_size":null,"last":1001.25,"last_size":null,"volume":null,"unix_ts":1755118704010,"new_york_datetime":"2025-08-13T16:58:24.010-04:00","source":"schwab"}"#,]);
    assert!(answer(&mut peer, 0).contains("LEVELONE_EQUITIES"));
    assert!(answer(&mut peer, 0).contains("CHART_EQUITY"));
    assert!(answer(&mut peer, 24).contains("NYSE_BOOK"));
    assert!(answer(&mut peer, 0).contains("NASDAQ_BOOK"));
    live.error("ConnectionError", "NYSE_BOOK: words (code 24)");
    // What has changed alone: the rest of the quote stays.
    peer.send(r#"{"data":[{"service":"LEVELONE_EQUITIES","timestamp":1755118704148,"command":"SUBS","content":[{"key":"AAPL","2":233.30,"5":7,"35":1755118704011}]}]}"#);
    live.expect(&[r#"{"type":"result","service":"LEVEL1","symbol":"AAPL","bid":233.20,"bid_size":null,"ask":233.30,"ask_size":7,"last":1001.25,"last_size":null,"volume":null,"unix_ts":1755118704011,"new_york_datetime":"2025-08-13T16:58:24.011-04:00","source":"schwab"}"#,]);
    peer.send(r#"{"data":[{"service":"CHART_EQUITY","timestamp":1765307100123,"command":"SUBS","content":[{"1":425,"2":221.133,"3":221.18,"4":221.02,"5":221.020,"6":11730,"7":1765307100000,"8":20431,"seq":202,"key":"AAPL"}]}]}"#);
    live.expect(&[r#"{"type":"result","service":"OHLCV","symbol":"AAPL","open":221.133,"high":221.18,"low":221.02,"close":221.020,"volume":11730,"unix_ts":1765307100000,"new_york_datetime":"2025-12-09T14:05:00-05:00","source":"schwab"}"#,]);
    peer.send(r#"{"data":[{"service":"NASDAQ_BOOK","timestamp":1,"command":"SUBS","content":[{"key":"AAPL","1":1765306322349,"2":[{"0":13.12,"1":31600,"2":1,"3":[]}],"3":[{"0":13.130,"1":100,"2":1,"3":[]}]}]}]}"#);
    live.expect(&[r#"{"type":"result","service":"LEVEL2","symbol":"AAPL","bids":[[13.12,31600]],"asks":[[13.130,100]],"integrity":"unverified","sequence":null,"unix_ts":1765306322349,"new_york_datetime":"2025-12-09T13:52:02.349-05:00","source":"schwab"}"#,]);
    live.quit_and_replay();
}

#[test]
fn a_token_that_expires_ends_the_source_when_it_is_needed_again() {
    let mut live = Live::of(&CASE);
    let mut peer = welcome(&live.server);
    live.takes(&CASE, &mut peer, 0);
    peer.cut();
    live.error("ConnectionError", "lost");
    live.server.call().answer(401, &[], "{}");
    live.ends_refused("fresh one into SCHWAB_ACCESS_TOKEN");
}
