//! Requests over HTTP.

use std::time::{Duration, Instant};

use super::rig::venue_server::Server;
use super::rig::{KEY, Plan, retry_ms};

fn plan(server: &Server) -> Plan {
    let mut plan = Plan::new(server.url());
    plan.rest_url = Some(server.rest_url());
    plan
}

#[test]
fn what_a_protocol_asks_is_answered() {
    let server = Server::start();
    let rig = plan(&server).start();
    let mut peer = server.accept();
    peer.send("ask /depth?symbol=A");
    let call = server.call();
    assert_eq!(call.head.path, "/depth?symbol=A");
    call.answer_json("{}");
    peer.text_with("answer 7 200 2 None");
    // A refusal is an answer too; the next request waits as long as was asked for.
    peer.send("ask /x");
    server
        .call()
        .answer(429, &[("Retry-After", "1")], "slow down");
    peer.text_with("answer 7 429 9 Some(1s)");
    let start = Instant::now();
    peer.send("ask /y");
    server.call().answer_json("[]");
    peer.text_with("answer 7 200 2 None");
    assert!(
        start.elapsed() >= Duration::from_millis(900),
        "{:?}",
        start.elapsed()
    );
    rig.end();
}

#[test]
fn a_request_that_fails_is_an_answer_without_status() {
    let server = Server::start();
    let rig = plan(&server).start();
    let mut peer = server.accept();
    peer.send("ask /x");
    drop(server.call());
    peer.text_with("answer 7 0 ");
    // Nobody is sent elsewhere.
    peer.send("ask /y");
    server
        .call()
        .answer(302, &[("Location", "http://localhost:1/")], "");
    peer.text_with("answer 7 302 0 None");
    rig.end();
}

#[test]
fn a_protocol_may_ask_before_it_connects() {
    let server = Server::start();
    let mut plan = plan(&server);
    plan.own = &[("asks", "")];
    let mut rig = plan.start();
    server.call().answer(500, &[], "oh");
    let error = rig.wait_for("error ConnectionError");
    assert!(error.contains("not connected: no token: 500 oh"), "{error}");
    assert!(retry_ms(&rig.next()) <= 2);
    let call = server.call();
    assert_eq!(call.head.header("x-key"), Some(KEY));
    call.answer(200, &[], "token");
    assert_eq!(server.accept().text(), "sub A,B");
    rig.end();
}
