//! How connections end, and what follows.

use std::time::{Duration, Instant};

use crate::pipeline::meters::ConnectionState;

use super::rig::venue_server::Server;
use super::rig::{KEY, KEYLESS, Plan, SECOND_KEY, retry_ms};

/// No sooner than that would anybody try again.
const A_WHILE: Duration = Duration::from_millis(300);

#[test]
fn a_drop_is_told_and_everything_is_asked_for_again() {
    let server = Server::start();
    let mut rig = Plan::new(server.url()).start();
    let mut peer = server.accept();
    peer.send("A 1");
    rig.wait_for("A 1");
    peer.cut();
    assert_eq!(rig.next(), "A lost its book");
    assert_eq!(rig.next(), "B lost its book");
    let error = rig.next();
    assert!(error.starts_with("error ConnectionError lost: "), "{error}");
    assert!(error.contains("; retrying in 0 s"), "{error}");
    let status = rig.next();
    assert!(status.starts_with("reconnecting ["), "{status}");
    assert!(rig.next().starts_with("connecting "));
    let mut peer = server.accept();
    assert_eq!(peer.text(), "sub A,B");
    assert!(rig.next().starts_with("connected "));
    peer.send("B 2");
    assert_eq!(rig.next(), "B 2");
    let connection = rig.meters().connections().remove(0);
    assert_eq!(connection.reconnects, 1);
    assert_eq!(connection.next_retry, None);
    assert!(connection.last_error.is_some());
    assert_eq!(rig.meters().reconnects.get(), 1);
    rig.end();
}

#[test]
fn waits_grow_until_data_has_flowed_for_a_while() {
    let server = Server::start();
    let mut plan = Plan::new(server.url());
    plan.settled = Duration::from_millis(100);
    plan.backoff.cap = Duration::from_millis(100);
    let mut rig = plan.start();
    let mut longest = 0;
    for number in 0..12 {
        // Opening alone is no success, nor is the snapshot that every connection begins with.
        let mut peer = server.accept();
        peer.send(format!("A {number}"));
        rig.wait_for(&format!("A {number}"));
        peer.cut();
        longest = longest.max(retry_ms(&rig.wait_for("reconnecting")));
    }
    // The first wait is at most 2 ms.
    assert!(longest > 8, "{longest}");
    let mut peer = server.accept();
    let start = Instant::now();
    while start.elapsed() < Duration::from_millis(250) {
        peer.send("A 1");
        rig.wait_for("A 1");
    }
    peer.cut();
    let wait = retry_ms(&rig.wait_for("reconnecting"));
    assert!(wait <= 2, "{wait}");
    rig.end();
}

#[test]
fn a_venue_that_names_no_real_wait_is_left_alone_for_longer_and_longer() {
    let server = Server::start();
    let mut plan = Plan::new(server.url());
    plan.backoff.cap = Duration::from_millis(100);
    let mut rig = plan.start();
    let mut longest = 0;
    for _ in 0..12 {
        server.knock().refuse(503, &[("Retry-After", "0")]);
        longest = longest.max(retry_ms(&rig.wait_for("reconnecting")));
    }
    // The first wait is at most 2 ms.
    assert!(longest > 8, "{longest}");
    rig.end();
}

#[test]
fn a_login_that_is_not_answered_is_given_up() {
    login_is_not_answered(Plan::new);
    login_is_not_answered(|url| Plan {
        venue: &KEYLESS,
        ..Plan::new(url)
    });
}

fn login_is_not_answered(plan: impl FnOnce(String) -> Plan) {
    let server = Server::start();
    let mut plan = plan(server.url());
    plan.own = &[("mute", "yes"), ("ping", "100")];
    plan.login = Duration::from_millis(300);
    let mut rig = plan.start();
    let mut peer = server.accept();
    // Signs of life are no answer.
    peer.ping();
    let error = rig.wait_for("error ConnectionError");
    assert!(
        error.contains("has not let this connection in within 0.3 s; retrying"),
        "{error}"
    );
    let mut peer = server.accept();
    peer.send("welcome");
    rig.wait_for("connected");
    // Who has been let in may be quiet.
    assert!(server.knock_within(A_WHILE * 2).is_none());
    peer.send("A 1");
    rig.wait_for("A 1");
    rig.end();
}

#[test]
fn whoever_is_not_let_in_stops_trying_and_says_what_to_do() {
    for status in [401, 403, 404] {
        let server = Server::start();
        let mut rig = Plan::new(server.url()).start();
        server.knock().refuse(status, &[]);
        let told = rig.wait_for("ended true");
        assert!(told.contains(&format!("HTTP {status}); check")), "{told}");
        assert_eq!(rig.meters().state(), ConnectionState::Failed);
        assert!(server.knock_within(A_WHILE).is_none());
        rig.end();
    }
}

#[test]
fn what_has_been_given_up_is_tried_again_when_somebody_asks_for_it() {
    let server = Server::start();
    let mut rig = Plan::new(server.url()).start();
    server.knock().refuse(401, &[]);
    let told = rig.wait_for("ended true");
    assert!(told.contains("until told to: reconnect made-up"), "{told}");
    // A symbol that comes meanwhile is no reason to try again, and is not forgotten.
    rig.add("C");
    rig.remove("B");
    assert!(server.knock_within(A_WHILE).is_none());
    rig.reconnect();
    rig.wait_for("connecting again, as asked");
    let knock = server.knock();
    assert_eq!(knock.head.header("x-key"), Some(SECOND_KEY));
    let mut peer = knock.accept();
    assert_eq!(peer.text(), "sub A,C");
    rig.wait_for("connected");
    // One that is connected is connected again, at once and without an error.
    rig.reconnect();
    let mut peer = server.accept();
    assert_eq!(peer.text(), "sub A,C");
    peer.send("C 3");
    loop {
        let told = rig.next();
        assert!(!told.starts_with("error"), "{told}");
        if told == "C 3" {
            break;
        }
    }
    rig.end();
}

#[test]
fn a_venue_that_asks_for_patience_gets_it() {
    let server = Server::start();
    let mut rig = Plan::new(server.url()).start();
    server.knock().refuse(429, &[("Retry-After", "3")]);
    let error = rig.wait_for("error RateLimited");
    assert!(error.contains("retrying in 3 s"), "{error}");
    let wait = retry_ms(&rig.next());
    assert!((3000..3400).contains(&wait), "{wait}");
    assert!(server.knock_within(A_WHILE).is_none());
    rig.end();

    let mut rig = Plan::new(server.url()).start();
    server.knock().refuse(503, &[("Retry-After", "2")]);
    let wait = retry_ms(&rig.wait_for("reconnecting"));
    assert!((2000..2400).contains(&wait), "{wait}");
    rig.end();
}

#[test]
fn close_codes_mean_what_they_mean() {
    let server = Server::start();
    let mut rig = Plan::new(server.url()).start();
    for code in [1000, 1001, 1011] {
        server.accept().close(code, "so long");
        let error = rig.wait_for("error ConnectionError");
        assert!(
            error.contains(&format!("with code {code}: so long; retrying")),
            "{error}"
        );
    }
    // A restart: at once, but only once.
    let mut peer = server.accept();
    peer.send("A 1");
    rig.wait_for("A 1");
    peer.close(1012, "restart");
    assert_eq!(retry_ms(&rig.wait_for("reconnecting")), 0);
    server.accept().close(1012, "restart");
    rig.wait_for("error ConnectionError");
    server.accept().close(1013, "");
    let wait = retry_ms(&{
        rig.wait_for("error RateLimited");
        rig.next()
    });
    assert!(wait >= 10_000, "{wait}");
    rig.end();

    let mut rig = Plan::new(server.url()).start();
    server.accept().close(1008, "no");
    let told = rig.wait_for("ended true");
    assert!(told.contains("code 1008: no; not trying again"), "{told}");
    rig.end();
}

#[test]
fn a_protocol_may_leave() {
    let server = Server::start();
    let mut rig = Plan::new(server.url()).start();
    let mut peer = server.accept();
    peer.send("end too many symbols");
    assert_eq!(peer.end(), Some(1000));
    let error = rig.wait_for("error RateLimited");
    assert!(
        error.contains("lost: too many symbols; retrying"),
        "{error}"
    );
    server.accept();
    rig.end();
}

#[test]
fn keys_are_never_told() {
    let server = Server::start();
    let mut rig = Plan::new(server.url()).start();
    let mut peer = server.accept();
    peer.send(format!("bad{KEY}"));
    let error = rig.wait_for("DecodeError");
    assert!(error.ends_with("| bad***"), "{error}");
    peer.close(1011, &format!("key={KEY}"));
    let error = rig.wait_for("error ConnectionError");
    assert!(
        error.contains("1011: ***") && !error.contains(KEY),
        "{error}"
    );
    let connection = rig.meters().connections().remove(0);
    assert!(!format!("{connection:?}").contains(KEY), "{connection:?}");
    rig.end();
}
