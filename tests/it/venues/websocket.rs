//! Any JSON feed by configuration.

use crate::support::venue_server::{Peer, Server};

use super::rig::{Case, Live, price, survives};

const KEYS: &[(&str, &str)] = &[("FEED_KEY", "CANARY-KEY-3456")];
const SOURCE: &str = "{ws}/v1?token={env:FEED_KEY}&headers=X-Key: {env:FEED_KEY}&login={\"key\":\"{env:FEED_KEY}\"}&ready=/status=ok&error=/error&subscribe={\"sub\":{symbols}}&match=/type=trade&symbol=/s&price=/p&size=/q&time=/t";

fn login(server: &Server) -> Peer {
    let mut peer = server.accept();
    assert!(
        peer.head.path.contains("token=CANARY"),
        "{}",
        peer.head.path
    );
    assert_eq!(peer.head.header("x-key"), Some("CANARY-KEY-3456"));
    assert_eq!(peer.text(), r#"{"key":"CANARY-KEY-3456"}"#);
    peer
}

fn welcome(server: &Server) -> Peer {
    let mut peer = login(server);
    peer.send(r#"{"status":"ok"}"#);
    assert_eq!(peer.text(), r#"{"sub":["A","B"]}"#);
    peer
}

fn trade(number: u64) -> String {
    format!(
        r#"{{"type":"trade","s":"A","p":"{}","q":0.00100000,"t":1700000000123}}"#,
        price(number)
    )
}

const CASE: Case = Case {
    source: SOURCE,
    symbols: "A,B",
    keys: KEYS,
    welcome,
    good: trade,
    finish: str::to_owned,
    unknown: &[r#"{"type":"weather","s":"A"}"#, "pong", "[]"],
    bad: &[
        (
            r#"{"type":"trade","s":"A","p":NaN,"q":1,"t":1}"#,
            "DecodeError",
        ),
        (
            r#"{"type":"trade","s":"A","p":1e400,"q":1,"t":1}"#,
            "SchemaError",
        ),
        (r#"{"type":"trade","s":"A"}"#, "SchemaError"),
        (r#"{"error":"odd CANARY-KEY-3456"}"#, "ConnectionError"),
        ("nonsense CANARY-KEY-3456", "DecodeError"),
    ],
};

#[test]
fn strange_frames_and_broken_connections_are_survived() {
    survives(&CASE);
}

#[test]
fn a_wrong_key_ends_the_source_at_the_door() {
    let live = Live::of(&CASE);
    live.server.knock().refuse(403, &[]);
    live.ends_refused("HTTP 403");
}

#[test]
fn a_mapping_gives_results() {
    let mut live = Live::of(&CASE);
    let mut peer = welcome(&live.server);
    peer.send(trade(1));
    live.expect(&[r#"{"type":"result","service":"TIMESALE","symbol":"A","price":1001.25,"size":0.00100000,"side":null,"conditions":[],"trade_id":null,"unix_ts":1700000000123,"new_york_datetime":"2023-11-14T17:13:20.123-05:00","source":"websocket"}"#,]);
    live.quit_and_replay();
}

#[test]
fn a_key_that_is_said_again_is_hidden_however_it_is_written() {
    let keys = &[("FEED_KEY", "CANARY/4 \"7+é")];
    let source = "{ws}/v1?token={env:FEED_KEY}&error=/error&symbol=/s&price=/p";
    let mut live = Live::start(source, "A", keys);
    let mut peer = live.server.accept();
    for said in [
        r#"nonsense CANARY/4 "7+é"#,
        r"nonsense CANARY%2F4%20%227%2B%C3%A9",
        r"nonsense CANARY%2f4%20%227%2b%c3%a9",
        r"nonsense CANARY%2F4+%227%2B%C3%A9",
        r#"nonsense CANARY/4 \"7+é"#,
        r#"nonsense CANARY\/4 \"7+\u00e9"#,
        r#"{"error":"CANARY/4 \"7+é"}"#,
        r#"{"error":"CANARY\/4 \"7+\u00e9"}"#,
        r#"{"s":"CANARY/4 \"7+é","p":[]}"#,
    ] {
        peer.send(said);
        live.program
            .next_where(said, |line| line["type"] == "error");
    }
    live.quit();
}

#[test]
fn a_mapping_that_takes_nothing_is_told_once_with_a_message_that_it_does_not_take() {
    let mut live = Live::start(SOURCE, "A,B", KEYS);
    let mut peer = welcome(&live.server);
    for number in 0..30 {
        peer.send(format!(
            r#"{{"kind":"trade","s":"A","p":{number},"key":"CANARY-KEY-3456"}}"#
        ));
    }
    let warning = live.error("SchemaError", "none of them has held data of");
    assert_eq!(warning["severity"], "warning", "{warning}");
    let sample = warning["sample"].as_str().unwrap();
    assert!(sample.contains(r#""kind":"trade""#), "{sample}");
    live.takes(&CASE, &mut peer, 0);
    live.quit();
}
