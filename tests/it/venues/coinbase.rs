//! Coinbase: one channel at a time, and one sequence for the whole connection.

use std::cell::Cell;

use crate::support::venue_server::{Peer, Server};

use super::rig::{Case, Live, price, survives};

fn frame(channel: &str, sequence: u64, events: &str) -> String {
    format!(
        r#"{{"channel":"{channel}","client_id":"","timestamp":"2023-02-09T20:32:50.714964855Z","sequence_num":{sequence},"events":[{events}]}}"#
    )
}

thread_local! {
    /// The number of the next frame on the connection of the test that runs in this thread.
    static NEXT: Cell<u64> = const { Cell::new(0) };
}

/// Numbers a frame that holds `{next}`.
fn number(text: &str) -> String {
    if !text.contains("{next}") {
        return text.to_owned();
    }
    let next = NEXT.get();
    NEXT.set(next + 1);
    text.replace("{next}", &next.to_string())
}

fn trade(number: u64) -> String {
    frame(
        "market_trades",
        0,
        &format!(
            r#"{{"type":"update","trades":[{{"trade_id":"{number}","product_id":"BTC-USD","price":"{}","size":"0.30","side":"BUY","time":"2019-08-14T20:42:27.265Z"}}]}}"#,
            price(number)
        ),
    )
    .replace(r#""sequence_num":0"#, r#""sequence_num":{next}"#)
}

fn confirm(peer: &mut Peer) {
    NEXT.set(1);
    peer.send(frame(
        "subscriptions",
        0,
        r#"{"subscriptions":{"heartbeats":["heartbeats"],"market_trades":["BTC-USD","ETH-USD"]}}"#,
    ));
}

fn welcome(server: &Server) -> Peer {
    let mut peer = server.accept();
    peer.text_with("heartbeats");
    let asked = peer.text_with("market_trades");
    assert!(asked.contains(r#"["BTC-USD","ETH-USD"]"#), "{asked}");
    confirm(&mut peer);
    peer
}

#[test]
fn strange_frames_and_broken_connections_are_survived() {
    survives(&Case {
        source: "coinbase:?services=TIMESALE&url={ws}",
        symbols: "BTC-USD,ETH/USD",
        keys: &[],
        welcome,
        good: trade,
        finish: number,
        unknown: &[
            r#"{"channel":"weather","timestamp":"2023-02-09T20:32:50Z","sequence_num":{next},"events":[{"type":"update"}]}"#,
        ],
        bad: &[
            (
                r#"{"channel":"market_trades","timestamp":"2023-02-09T20:32:50Z","events":[{"type":"update","trades":[{"trade_id":"1","product_id":"BTC-USD","price":NaN,"size":"0.3","side":"BUY","time":"2019-08-14T20:42:27Z"}]}]}"#,
                "DecodeError",
            ),
            (
                r#"{"channel":"market_trades","timestamp":"2023-02-09T20:32:50Z","sequence_num":{next},"events":[{"type":"update","trades":[{"trade_id":"1","product_id":"BTC-USD","price":"1e400","size":"0.3","side":"BUY","time":"2019-08-14T20:42:27Z"}]}]}"#,
                "SchemaError",
            ),
            (
                r#"{"channel":"market_trades","timestamp":"2023-02-09T20:32:50Z","sequence_num":{next},"events":[{"type":"update","trades":[{}]}]}"#,
                "SchemaError",
            ),
            (r#"{"channel":"market_trades","ev"#, "DecodeError"),
            (
                r#"{"type":"error","message":"rate limit exceeded"}"#,
                "RateLimited",
            ),
        ],
    });
}

fn book(sequence: u64, product: &str, kind: &str) -> String {
    frame(
        "l2_data",
        sequence,
        &format!(
            r#"{{"type":"{kind}","product_id":"{product}","updates":[{{"side":"bid","event_time":"1970-01-01T00:00:00Z","price_level":"21921.73","new_quantity":"0.06317902"}},{{"side":"offer","event_time":"1970-01-01T00:00:00Z","price_level":"21921.74","new_quantity":"0.0200"}}]}}"#
        ),
    )
}

#[test]
fn every_service_gives_its_results_and_a_refused_symbol_harms_no_other() {
    let mut live = Live::start("coinbase:?url={ws}", "BTC-USD,NOPE-USD", &[]);
    let mut peer = live.server.accept();
    for channel in ["heartbeats", "market_trades", "ticker", "level2"] {
        peer.text_with(&format!("\"channel\":\"{channel}\""));
    }
    // The book before its confirmation.
    peer.send(book(0, "BTC-USD", "snapshot"));
    live.expect(&[r#"{"type":"result","service":"LEVEL2","symbol":"BTC-USD","bids":[[21921.73,0.06317902]],"asks":[[21921.74,0.0200]],"integrity":"sequenced","sequence":0,"unix_ts":1675974770714,"new_york_datetime":"2023-02-09T15:32:50.714-05:00","source":"coinbase"}"#,]);
    peer.send(frame("ticker", 1, r#"{"type":"update","tickers":[{"type":"ticker","product_id":"BTC-USD","price":"21932.98","volume_24_h":"16038.28770938","low_24_h":"21835.29","high_24_h":"23011.18","low_52_w":"15460","high_52_w":"48240","price_percent_chg_24_h":"-4.15775596190603","best_bid":"21931.98","best_bid_quantity":"8000.21","best_ask":"21933.98","best_ask_quantity":"8038.07770938"}]}"#));
    live.expect(&[r#"{"type":"result","service":"LEVEL1","symbol":"BTC-USD","bid":21931.98,"bid_size":8000.21,"ask":21933.98,"ask_size":8038.07770938,"last":21932.98,"last_size":null,"volume":16038.28770938,"unix_ts":1675974770714,"new_york_datetime":"2023-02-09T15:32:50.714-05:00","source":"coinbase"}"#,]);
    peer.send(frame("market_trades", 2, r#"{"type":"update","trades":[{"trade_id":"7","product_id":"BTC-USD","price":"1260.01","size":"0.30","side":"BUY","time":"2019-08-14T20:42:27.265Z"}]}"#));
    live.expect(&[r#"{"type":"result","service":"TIMESALE","symbol":"BTC-USD","price":1260.01,"size":0.30,"side":"sell","conditions":[],"trade_id":"7","unix_ts":1565815347265,"new_york_datetime":"2019-08-14T16:42:27.265-04:00","source":"coinbase"}"#,]);
    peer.send(r#"{"type":"error","message":"invalid product: NOPE-USD"}"#);
    let error = live.error("ConfigError", "invalid product");
    assert_eq!(error["symbol"], "NOPE-USD");
    live.quit();
}

#[test]
fn a_frame_that_is_missing_begins_the_books_anew_and_not_the_connection() {
    let source = "coinbase:?services=LEVEL2&url={ws}";
    let mut live = Live::start(source, "BTC-USD", &[]);
    let mut peer = live.server.accept();
    peer.text_with("level2");
    peer.send(book(0, "BTC-USD", "snapshot"));
    live.program.next_result("BTC-USD");
    // Twice is nothing; after the first one comes the third.
    peer.send(book(0, "BTC-USD", "update"));
    peer.send(book(2, "BTC-USD", "update"));
    live.error("SequenceGap", "frame 1");
    assert_eq!(live.program.next_status("gap")["symbol"], "BTC-USD");
    for method in ["\"unsubscribe\"", "\"subscribe\""] {
        let asked = peer.text_with(method);
        assert!(asked.contains("level2"), "{asked}");
    }
    // The one that was missing comes after all, and one of the old subscription.
    peer.send(book(1, "BTC-USD", "update"));
    peer.send(book(3, "BTC-USD", "update"));
    peer.send(book(4, "BTC-USD", "snapshot"));
    let result = live.program.next_result("BTC-USD");
    assert_eq!(result["sequence"], 4);
    live.quit();
}
