//! Symbols and connections come and go.

use std::time::Duration;

use crate::pipeline::meters::ConnectionState;
use crate::pipeline::recording::NoRecorder;
use crate::sources::kind::OpenContext;

use super::super::Timings;
use super::rig::venue_server::Server;
use super::rig::{KEY, Plan, VENUE, retry_ms, trust};

#[test]
fn what_comes_in_goes_to_the_engine_and_what_people_should_know_is_told() {
    let server = Server::start();
    let mut rig = Plan::new(server.url()).start();
    assert_eq!(rig.next(), format!("connecting {}", &server.url()[5..]));
    let mut peer = server.accept();
    assert!(peer.head.path.ends_with(&format!("?key={KEY}")));
    assert_eq!(peer.head.header("x-key"), Some(KEY));
    assert_eq!(peer.text(), "sub A,B");
    assert!(rig.next().starts_with("connected localhost:"));
    for text in [
        "A 1.50", "B 2", "C 3", "A x", "nonsense", "gap B", "refuse A", "A 4",
    ] {
        peer.send(text);
    }
    let told: Vec<String> = (0..8).map(|_| rig.next()).collect();
    assert_eq!(
        told,
        [
            "A 1.50",
            "B 2",
            "error SchemaError the price is none | A x",
            "error DecodeError this is no message | nonsense",
            "warning SequenceGap 5 was expected, and 7 came | ",
            "gap B5 was expected, and 7 came",
            "error ConfigError no such symbol | ",
            "A 4"
        ]
    );
    assert_eq!(rig.meters().ignored.get(), 1);
    assert_eq!(rig.meters().rejected.get(), 2);
    assert_eq!(rig.meters().messages.get(), 8);
    assert_eq!(rig.meters().state(), ConnectionState::Connected);
    let connection = rig.meters().connections().remove(0);
    assert_eq!(connection.state, ConnectionState::Connected);
    assert_eq!(connection.subscriptions, 2);
    assert!(connection.last_message.is_some());
    rig.end();
    assert_eq!(peer.end(), Some(1000));
}

#[test]
fn symbols_that_come_and_go_are_sent_alone() {
    let server = Server::start();
    let mut rig = Plan::new(server.url()).start();
    let mut peer = server.accept();
    assert_eq!(peer.text(), "sub A,B");
    rig.add("C");
    assert_eq!(peer.text(), "sub C");
    rig.remove("A");
    assert_eq!(peer.text(), "unsub A");
    rig.resync("B");
    assert_eq!(peer.text(), "resync B");
    peer.send("B 1");
    rig.wait_for("B 1");
    peer.cut();
    // The next connection asks for those that are left.
    let mut peer = server.accept();
    assert_eq!(peer.text(), "sub B,C");
    rig.end();
}

#[test]
fn symbols_are_spread_over_connections_up_to_what_the_venue_allows() {
    let server = Server::start();
    let mut plan = Plan::new(server.url());
    plan.symbols = &["A", "B", "C", "D", "E"];
    plan.own = &[("symbols", "2"), ("connections", "2")];
    let mut rig = plan.start();
    let (mut one, mut other) = (server.accept(), server.accept());
    let first = one.text();
    let mut texts = [first.clone(), other.text()];
    texts.sort();
    assert_eq!(texts, ["sub A,B", "sub C,D"]);
    let error = rig.wait_for("error Overload");
    assert!(
        error.contains("E: sim takes 4 symbols at a time"),
        "{error}"
    );
    // Whoever leaves makes room.
    rig.remove("A");
    let with_a = if first == "sub A,B" {
        &mut one
    } else {
        &mut other
    };
    with_a.text_with("sub E");
    assert_eq!(rig.meters().connections().len(), 2);
    rig.end();
}

#[test]
fn a_venue_without_symbols_is_left_alone_until_there_are_some() {
    let server = Server::start();
    let mut plan = Plan::new(server.url());
    plan.symbols = &[];
    let rig = plan.start();
    assert!(server.knock_within(Duration::from_millis(100)).is_none());
    rig.add("A");
    assert_eq!(server.accept().text(), "sub A");
    rig.end();
}

#[test]
fn texts_are_sent_as_slowly_as_the_venue_wants_them() {
    let server = Server::start();
    let mut plan = Plan::new(server.url());
    plan.own = &[("sends", "5")];
    let rig = plan.start();
    let mut peer = server.accept();
    assert_eq!(peer.text(), "sub A,B");
    let start = std::time::Instant::now();
    peer.send("flood 14");
    for number in 0..14 {
        assert_eq!(peer.text(), format!("n{number}"));
    }
    // Fifteen texts, five in each fifth of a second.
    assert!(
        start.elapsed() >= Duration::from_millis(350),
        "{:?}",
        start.elapsed()
    );
    rig.end();
}

#[test]
fn connections_from_one_address_keep_its_pace_together_and_take_turns() {
    let server = Server::start();
    let mut plan = Plan::new(server.url());
    plan.own = &[
        ("sends", "5"),
        ("shares", ""),
        ("symbols", "1"),
        ("connections", "2"),
    ];
    let rig = plan.start();
    let (mut one, mut other) = (server.accept(), server.accept());
    for peer in [&mut one, &mut other] {
        assert!(peer.text().starts_with("sub "));
    }
    let start = std::time::Instant::now();
    one.send("flood 12");
    other.send("flood 3");
    for number in 0..3 {
        assert_eq!(other.text(), format!("n{number}"));
    }
    let few = start.elapsed();
    for number in 0..12 {
        assert_eq!(one.text(), format!("n{number}"));
    }
    // Seventeen texts, five in each fifth of a second.
    let all = start.elapsed();
    assert!(all >= Duration::from_millis(500), "{all:?}");
    assert!(few + Duration::from_millis(100) <= all, "{few:?} {all:?}");
    rig.end();
}

#[test]
fn a_connection_is_opened_anew_before_the_venue_cuts_it() {
    let server = Server::start();
    let mut plan = Plan::new(server.url());
    plan.own = &[("lifetime", "100")];
    let mut rig = plan.start();
    let _peer = server.accept();
    let told = loop {
        let told = rig.next();
        assert!(!told.contains("error"), "{told}");
        if told.starts_with("reconnecting") {
            break told;
        }
    };
    assert_eq!(retry_ms(&told), 0, "{told}");
    assert_eq!(server.accept().text(), "sub A,B");
    rig.end();
}

#[test]
fn a_symbol_without_data_is_told_once() {
    let server = Server::start();
    let mut plan = Plan::new(server.url());
    plan.stale = Duration::from_millis(200);
    plan.symbols = &["A"];
    let mut rig = plan.start();
    let mut peer = server.accept();
    peer.send("A 1");
    let quiet = "warning Stale A: nothing for 0.2 s";
    rig.wait_for(quiet);
    peer.send("A 2");
    assert_eq!(rig.next(), "A 2");
    rig.wait_for(quiet);
    rig.end();
}

#[test]
fn the_silence_of_a_symbol_that_is_refused_is_no_news() {
    let server = Server::start();
    let mut plan = Plan::new(server.url());
    plan.stale = Duration::from_millis(200);
    plan.symbols = &["A", "B"];
    let mut rig = plan.start();
    let mut peer = server.accept();
    peer.send("refuse A");
    loop {
        let told = rig.next();
        assert!(!told.contains("Stale A"), "{told}");
        if told.contains("Stale B") {
            break;
        }
    }
    rig.end();
}

#[test]
fn a_key_that_is_missing_is_named() {
    let spec = "sim:".parse().unwrap();
    let context = OpenContext {
        name: crate::domain::source::SourceName::new("made-up"),
        speed: None,
        environment: std::sync::Arc::new(|_| None),
        recorder: std::sync::Arc::new(NoRecorder),
    };
    let error = match VENUE.prepare(&spec, &context, trust(None), Timings::default()) {
        Ok(_) => panic!("there is no key"),
        Err(error) => error.to_string(),
    };
    assert_eq!(
        error,
        "sim: MADE_UP_KEY is not set: the key of a venue that is made up. Set it in the environment or in .env"
    );
}
