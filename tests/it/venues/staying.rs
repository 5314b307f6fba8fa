//! A live source from its first connection to its last.

use std::time::Duration;

use crate::program::Home;
use crate::support::fault_proxy::{Fault, Proxy};
use crate::support::venue_server::{Peer, Server};

fn source(url: &str) -> String {
    format!("kraken:?services=TIMESALE&url={url}")
}

/// Answers Kraken's request for trades.
fn confirm(peer: &mut Peer, symbol: &str) {
    let request = peer.text_with("\"trade\"");
    assert!(request.contains(symbol), "{request}");
    peer.send(format!(
        "{{\"method\":\"subscribe\",\"result\":{{\"channel\":\"trade\",\"snapshot\":true,\"symbol\":\"{symbol}\"}},\"success\":true,\
         \"time_in\":\"2024-07-09T11:00:00.000000Z\",\"time_out\":\"2024-07-09T11:00:00.000001Z\"}}"
    ));
}

fn trade(symbol: &str, id: u64) -> String {
    format!(
        "{{\"channel\":\"trade\",\"type\":\"update\",\"data\":[{{\"symbol\":\"{symbol}\",\"side\":\"buy\",\"price\":58000.10,\"qty\":0.00100000,\
         \"ord_type\":\"market\",\"trade_id\":{id},\"timestamp\":\"2024-07-09T11:00:00.123456Z\"}}]}}"
    )
}

#[test]
fn a_venue_asks_for_its_symbols() {
    let home = Home::new();
    for arguments in [
        vec!["--headless", "--source", "kraken:"],
        vec!["check", "--source", "kraken:"],
    ] {
        let run = home.run(&arguments);
        assert_eq!(run.code, Some(2), "{run:#?}");
        let said = format!("{}{}", run.text(), run.stderr);
        assert!(said.contains("kraken: name the symbols"), "{said}");
    }
}

#[test]
fn a_drop_is_shown_at_once_and_everything_comes_back() {
    let server = Server::start();
    let home = Home::new();
    let mut program = home.start(&["--source", &source(&server.url()), "--symbols", "BTC/USD"]);
    program.next_status("connecting");
    let mut peer = server.accept();
    confirm(&mut peer, "BTC/USD");
    program.next_status("connected");
    assert_eq!(program.next_status("subscribed")["symbol"], "BTC/USD");
    peer.send(trade("BTC/USD", 1));
    let result = program.next_result("BTC/USD");
    assert_eq!(result["service"], "TIMESALE");
    assert_eq!(result["trade_id"].to_string().trim_matches('"'), "1");
    program.tell("add ETH/USD\n");
    confirm(&mut peer, "ETH/USD");
    peer.send(trade("ETH/USD", 2));
    program.next_result("ETH/USD");

    peer.cut();
    let error = program.next_error("lost: ");
    assert_eq!(error["error"], "ConnectionError");
    let status = program.next_status("reconnecting");
    assert!(status["retry_ms"].is_u64(), "{status}");
    let mut peer = server.accept();
    let request = peer.text_with("\"trade\"");
    assert!(
        request.contains("BTC/USD") && request.contains("ETH/USD"),
        "{request}"
    );
    peer.send(trade("BTC/USD", 3));
    let result = program.next_result("BTC/USD");
    assert_eq!(result["trade_id"].to_string().trim_matches('"'), "3");
    program.tell("quit\n");
    assert_eq!(program.finish().code, Some(0));
    assert_eq!(peer.end(), Some(1000));
}

#[test]
fn whatever_happens_on_the_way_the_data_is_the_same() {
    let server = Server::start();
    let proxy = Proxy::before(server.address());
    let home = Home::new();
    let mut program = home.start(&["--source", &source(&proxy.url()), "--symbols", "BTC/USD"]);
    for (round, fault) in [
        Fault::Split,
        Fault::Delay(Duration::from_millis(10)),
        Fault::ResetAfter(100),
        Fault::EndAfter(100),
        Fault::None,
    ]
    .into_iter()
    .enumerate()
    {
        let mut peer = server.accept();
        proxy.set(Fault::None);
        confirm(&mut peer, "BTC/USD");
        let id = round as u64 * 10;
        peer.send(trade("BTC/USD", id));
        let result = program.next_result("BTC/USD");
        assert_eq!(
            result["trade_id"].to_string().trim_matches('"'),
            id.to_string()
        );
        proxy.set(fault);
        peer.send(trade("BTC/USD", id + 1));
        if matches!(fault, Fault::ResetAfter(_) | Fault::EndAfter(_)) {
            // It is cut in its middle: half a trade is none.
            program.next_error("lost: ");
            continue;
        }
        let result = program.next_result("BTC/USD");
        assert_eq!(
            result["trade_id"].to_string().trim_matches('"'),
            (id + 1).to_string()
        );
        peer.cut();
        program.next_error("lost: ");
    }
    program.tell("quit\n");
    assert_eq!(program.finish().code, Some(0));
}
