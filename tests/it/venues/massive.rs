//! Massive: a greeting, a login, and a confirmation of each channel of each symbol.

use crate::support::venue_server::{Peer, Server};

use super::rig::{Case, Live, price, survives};

const KEYS: &[(&str, &str)] = &[("MASSIVE_API_KEY", "CANARY-KEY-5678")];

fn status(status: &str, message: &str) -> String {
    format!(r#"[{{"ev":"status","status":"{status}","message":"{message}"}}]"#)
}

fn login(server: &Server) -> Peer {
    let mut peer = server.accept();
    peer.send(status("connected", "Connected Successfully"));
    let login = peer.text_with("auth");
    assert!(login.contains(KEYS[0].1));
    peer
}

fn authenticated(server: &Server) -> Peer {
    let mut peer = login(server);
    peer.send(status("auth_success", "authenticated"));
    peer
}

fn welcome(server: &Server) -> Peer {
    let mut peer = authenticated(server);
    let asked = peer.text_with("subscribe");
    assert!(asked.contains("T.MSFT,T.BRK.B"), "{asked}");
    peer.send(status("success", "subscribed to: T.MSFT"));
    peer.send(status("success", "subscribed to: T.BRK.B"));
    peer
}

fn trade(number: u64) -> String {
    format!(
        r#"[{{"ev":"T","sym":"MSFT","x":4,"i":"{number}","z":3,"p":{},"s":100,"c":[0],"t":1536036818784,"q":{number}}}]"#,
        price(number)
    )
}

const CASE: Case = Case {
    source: "massive:?services=TIMESALE&url={ws}",
    symbols: "MSFT,BRK.B",
    keys: KEYS,
    welcome,
    good: trade,
    finish: str::to_owned,
    unknown: &[
        r#"[{"ev":"weather","sym":"MSFT","rain":true}]"#,
        r#"[{"ev":"status","status":"a new one","message":""}]"#,
    ],
    bad: &[
        (
            r#"[{"ev":"T","sym":"MSFT","x":4,"p":NaN,"s":100,"t":1536036818784}]"#,
            "DecodeError",
        ),
        (
            r#"[{"ev":"T","sym":"MSFT","x":4,"p":1e400,"s":100,"t":1536036818784}]"#,
            "SchemaError",
        ),
        (r#"[{"ev":"T","sym":"MSFT"}]"#, "SchemaError"),
        ("nonsense CANARY-KEY-5678", "DecodeError"),
        (
            r#"[{"ev":"status","status":"error","message":"not authorized CANARY-KEY-5678"}]"#,
            "AuthError",
        ),
    ],
};

#[test]
fn strange_frames_and_broken_connections_are_survived() {
    survives(&CASE);
}

#[test]
fn a_wrong_key_ends_the_source() {
    let live = Live::of(&CASE);
    let mut peer = login(&live.server);
    peer.send(status("auth_failed", "no CANARY-KEY-5678"));
    peer.end();
    live.ends_refused("check MASSIVE_API_KEY");
}

#[test]
fn an_eviction_is_explained_and_waits() {
    let mut live = Live::of(&CASE);
    let mut peer = welcome(&live.server);
    live.takes(&CASE, &mut peer, 0);
    peer.close(1008, "");
    live.error("ConnectionError", "another connection of the same account");
    let status = live.program.next_status("reconnecting");
    assert!(status["retry_ms"].as_u64().unwrap() >= 30_000, "{status}");
    live.quit();
}

#[test]
fn every_service_gives_its_results() {
    let mut live = Live::start("massive:?url={ws}", "MSFT", KEYS);
    let mut peer = authenticated(&live.server);
    peer.text_with("AM.MSFT,T.MSFT,Q.MSFT,LULD.MSFT");
    // A trade before its confirmation.
    peer.send(trade(1));
    live.expect(&[r#"{"type":"result","service":"TIMESALE","symbol":"MSFT","price":1001.25,"size":100,"side":null,"conditions":["0"],"trade_id":"1","unix_ts":1536036818784,"new_york_datetime":"2018-09-04T00:53:38.784-04:00","source":"massive","exchange":"4"}"#,]);
    peer.send(status("success", "subscribed to: T.MSFT"));
    peer.send(r#"[{"ev":"Q","sym":"MSFT","bx":4,"bp":114.125,"bs":100,"ax":7,"ap":114.1280,"as":160,"c":0,"i":[604],"t":1536036818785,"q":50385480,"z":3}]"#);
    live.expect(&[r#"{"type":"result","service":"LEVEL1","symbol":"MSFT","bid":114.125,"bid_size":100,"ask":114.1280,"ask_size":160,"last":null,"last_size":null,"volume":null,"unix_ts":1536036818785,"new_york_datetime":"2018-09-04T00:53:38.785-04:00","source":"massive"}"#,]);
    peer.send(r#"[{"ev":"AM","sym":"MSFT","v":4110,"av":9470157,"op":0.4372,"vw":0.4488,"o":0.4488,"c":0.4486,"h":0.44890,"l":0.4486,"a":0.4352,"z":685,"s":1610144640000,"e":1610144700000}]"#);
    live.expect(&[r#"{"type":"result","service":"OHLCV","symbol":"MSFT","open":0.4488,"high":0.44890,"low":0.4486,"close":0.4486,"volume":4110,"unix_ts":1610144640000,"new_york_datetime":"2021-01-08T17:24:00-05:00","source":"massive"}"#, r#"{"type":"result","service":"LEVEL1","symbol":"MSFT","bid":114.125,"bid_size":100,"ask":114.1280,"ask_size":160,"last":null,"last_size":null,"volume":9470157,"unix_ts":1610144700000,"new_york_datetime":"2021-01-08T17:25:00-05:00","source":"massive"}"#,]);
    live.quit_and_replay();
}
