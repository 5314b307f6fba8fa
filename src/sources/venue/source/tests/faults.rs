//! What happens on the way between a venue and here.

use std::net::TcpListener;
use std::time::{Duration, Instant};

use super::rig::Plan;
use super::rig::fault_proxy::{Fault, Proxy};
use super::rig::venue_server::{Certificate, Peer, Server};

#[test]
fn a_dead_connection_is_noticed() {
    let server = Server::start();
    let proxy = Proxy::before(server.address());
    let mut plan = Plan::new(proxy.url());
    plan.own = &[("silence", "1000"), ("ping", "200")];
    let mut rig = plan.start();
    let mut peer = server.accept();
    // Pongs are enough to stay: this takes longer than the silence that is allowed.
    for _ in 0..6 {
        peer.ping();
    }
    peer.send("A 1");
    assert_eq!(rig.wait_for("A 1"), "A 1");
    proxy.set(Fault::BlackHole);
    let error = rig.wait_for("error ConnectionError");
    assert!(error.contains("lost: nothing has come for 1"), "{error}");
    proxy.set(Fault::None);
    let mut peer = server.accept();
    assert_eq!(peer.text(), "sub A,B");
    rig.end();
}

#[test]
fn bytes_may_come_one_by_one_and_late() {
    let server = Server::start();
    let proxy = Proxy::before(server.address());
    proxy.set(Fault::Split);
    let mut rig = Plan::new(proxy.url()).start();
    let mut peer = server.accept();
    for number in 0..20 {
        peer.send(format!("A {number}"));
    }
    // In fragments, with a ping between them.
    peer.send_raw(&[0x01, 2, b'B', b' ']);
    peer.send_raw(&[0x89, 0]);
    peer.send_raw(&[0x80, 1, b'7']);
    rig.wait_for("connected");
    for number in 0..20 {
        assert_eq!(rig.next(), format!("A {number}"));
    }
    assert_eq!(rig.next(), "B 7");
    proxy.set(Fault::Delay(Duration::from_millis(50)));
    peer.send("A 99");
    assert_eq!(rig.next(), "A 99");
    rig.end();
}

#[test]
fn a_message_that_takes_long_is_a_sign_of_life_and_stops_the_time() {
    let server = Server::start();
    let mut plan = Plan::new(server.url());
    plan.own = &[("silence", "600"), ("ticks", "yes")];
    let mut rig = plan.start();
    let mut peer = server.accept();
    peer.text_with("tick");
    let mut ticks = 0;
    let mut listen = |peer: &mut Peer, ms| {
        let until = Instant::now() + Duration::from_millis(ms);
        while let Some(left) = until.checked_duration_since(Instant::now()) {
            let left = left.max(Duration::from_millis(1));
            ticks += usize::from(peer.text_within(left).is_some());
        }
    };
    // Altogether more than the silence that is allowed, and forty ticks.
    for byte in [0x81, 3, b'A', b' '] {
        peer.send_raw(&[byte]);
        listen(&mut peer, 200);
    }
    assert!(ticks < 12, "{ticks}");
    peer.send_raw(b"7");
    rig.wait_for("connected");
    assert_eq!(rig.next(), "A 7");
    peer.text_with("tick");
    rig.end();
}

#[test]
fn a_message_that_is_cut_is_no_message() {
    let server = Server::start();
    let proxy = Proxy::before(server.address());
    let mut rig = Plan::new(proxy.url()).start();
    for fault in [Fault::ResetAfter(7), Fault::EndAfter(7)] {
        let mut peer = server.accept();
        peer.send("A 1");
        rig.wait_for("A 1");
        proxy.set(fault);
        // Five bytes each: the second one is cut.
        peer.send("A 2");
        peer.send("A 3");
        assert_eq!(rig.next(), "A 2");
        assert_eq!(rig.next(), "A lost its book");
        proxy.set(Fault::None);
        rig.wait_for("error ConnectionError lost");
    }
    assert_eq!(server.accept().text(), "sub A,B");
    rig.end();
}

#[test]
fn a_flipped_bit_is_an_error_and_nothing_else() {
    let server = Server::start();
    let proxy = Proxy::before(server.address());
    let mut rig = Plan::new(proxy.url()).start();
    let mut peer = server.accept();
    peer.send("A 1");
    rig.wait_for("A 1");
    proxy.set(Fault::FlipAfter(3));
    peer.send("A 2");
    let error = rig.next();
    assert_eq!(error, "error DecodeError this is no message | A!2");
    peer.send("A 3");
    assert_eq!(rig.next(), "A 3");
    rig.end();
}

#[test]
fn a_giant_message_is_refused() {
    let server = Server::start();
    let mut rig = Plan::new(server.url()).start();
    let mut peer = server.accept();
    let mut head = vec![0x81, 127];
    head.extend_from_slice(&(1_u64 << 30).to_be_bytes());
    peer.send_raw(&head);
    assert_eq!(peer.end(), Some(1009));
    let error = rig.wait_for("error Overload");
    assert!(error.contains("a message of 1073741824 bytes"), "{error}");
    assert_eq!(server.accept().text(), "sub A,B");
    rig.end();
}

#[test]
fn a_text_that_is_none_is_refused() {
    let server = Server::start();
    let mut rig = Plan::new(server.url()).start();
    let mut peer = server.accept();
    peer.send_raw(&[0x81, 4, b'A', b' ', 0xff, 0xfe]);
    assert_eq!(peer.end(), Some(1007));
    let error = rig.wait_for("error DecodeError");
    assert!(error.contains("not UTF-8"), "{error}");
    assert_eq!(server.accept().text(), "sub A,B");
    rig.end();
}

#[test]
fn a_server_that_is_not_there_is_tried_again() {
    let listener = TcpListener::bind("127.0.0.1:0").unwrap();
    let port = listener.local_addr().unwrap().port();
    drop(listener);
    let mut rig = Plan::new(format!("ws://localhost:{port}")).start();
    let error = rig.wait_for("error ConnectionError");
    assert!(
        error.contains("not connected: no connection to localhost"),
        "{error}"
    );
    rig.wait_for("error ConnectionError");
    rig.end();
}

#[test]
fn a_server_that_says_nothing_is_given_up_in_time() {
    let listener = TcpListener::bind("127.0.0.1:0").unwrap();
    let port = listener.local_addr().unwrap().port();
    for (scheme, what) in [
        ("ws", "answer to the opening request"),
        ("wss", "encrypted connection"),
    ] {
        let mut plan = Plan::new(format!("{scheme}://localhost:{port}"));
        plan.dial = Duration::from_millis(200);
        let mut rig = plan.start();
        // A machine that is busy may once not even get as far as that.
        let error = rig.wait_for(&format!("no {what}"));
        assert!(error.starts_with("error ConnectionError"), "{error}");
        assert!(error.contains("within 0.2 s"), "{error}");
        rig.end();
    }
}

#[test]
fn an_encrypted_connection_works_with_an_authority_that_is_trusted() {
    let server = Server::start_tls(Certificate::Good);
    let mut plan = Plan::new(server.url());
    plan.trust = Some(server.authority().to_owned());
    let mut rig = plan.start();
    let mut peer = server.accept();
    assert_eq!(peer.text(), "sub A,B");
    peer.send("A 1");
    assert_eq!(rig.wait_for("A 1"), "A 1");
    peer.cut();
    rig.wait_for("lost:");
    rig.end();
}

#[test]
fn a_certificate_that_cannot_be_trusted_is_refused_and_explained() {
    for (certificate, is_trusted, expected) in [
        (
            Certificate::Good,
            false,
            "an authority that this machine does not know",
        ),
        (Certificate::WrongHost, true, "is for another host"),
        (Certificate::Expired, true, "has expired"),
    ] {
        let server = Server::start_tls(certificate);
        let mut plan = Plan::new(server.url());
        plan.trust = is_trusted.then(|| server.authority().to_owned());
        let mut rig = plan.start();
        let error = rig.wait_for("error ConnectionError");
        assert!(error.contains(expected), "{error}");
        assert!(server.knock_within(Duration::from_millis(50)).is_none());
        rig.end();
    }
}
