//! Kraken: symbols are confirmed one by one, and books are proved by a checksum.

use crate::support::venue_server::{Peer, Server};

use super::rig::{Case, Live, price, survives};

fn ack(channel: &str, symbol: &str) -> String {
    format!(
        r#"{{"method":"subscribe","result":{{"channel":"{channel}","snapshot":true,"symbol":"{symbol}"}},"success":true,"time_in":"2024-07-09T11:00:00.000000Z","time_out":"2024-07-09T11:00:00.000001Z"}}"#
    )
}

fn refusal(symbol: &str) -> String {
    format!(
        r#"{{"error":"Currency pair not supported {symbol}","method":"subscribe","success":false,"symbol":"{symbol}","time_in":"2024-07-09T11:00:00.000000Z","time_out":"2024-07-09T11:00:00.000001Z"}}"#
    )
}

fn welcome(server: &Server) -> Peer {
    let mut peer = server.accept();
    let asked = peer.text_with("\"trade\"");
    assert!(asked.contains(r#"["BTC/USD","ETH/USD"]"#), "{asked}");
    peer.send(ack("trade", "BTC/USD"));
    peer.send(ack("trade", "ETH/USD"));
    peer
}

fn trade(number: u64) -> String {
    format!(
        r#"{{"channel":"trade","type":"update","data":[{{"symbol":"BTC/USD","side":"buy","price":{},"qty":0.00100000,"ord_type":"market","trade_id":{number},"timestamp":"2024-07-09T11:00:00.123456Z"}}]}}"#,
        price(number)
    )
}

#[test]
fn strange_frames_and_broken_connections_are_survived() {
    survives(&Case {
        source: "kraken:?services=TIMESALE&url={ws}",
        symbols: "BTC/USD,ETH/USD",
        keys: &[],
        welcome,
        good: trade,
        finish: str::to_owned,
        unknown: &[
            r#"{"channel":"heartbeat"}"#,
            r#"{"channel":"weather","type":"update","data":[{"rain":true}]}"#,
            r#"{"method":"dance","success":true}"#,
        ],
        bad: &[
            // A field twice, of another type, and a time that is none.
            (
                r#"{"channel":"trade","type":"update","data":[{"symbol":"BTC/USD","side":"buy","price":1,"price":2,"qty":1,"ord_type":"market","trade_id":1,"timestamp":"2024-07-09T11:00:00Z"}]}"#,
                "SchemaError",
            ),
            (
                r#"{"channel":"trade","type":"update","data":[{"symbol":"BTC/USD","side":"buy","price":[1],"qty":1,"ord_type":"market","trade_id":1,"timestamp":"2024-07-09T11:00:00Z"}]}"#,
                "SchemaError",
            ),
            (
                r#"{"channel":"trade","type":"update","data":[{"symbol":"BTC/USD","side":"buy","price":"0x10","qty":1,"ord_type":"market","trade_id":1,"timestamp":"2024-07-09T11:00:00Z"}]}"#,
                "SchemaError",
            ),
            (
                r#"{"channel":"trade","type":"update","data":[{"symbol":"BTC/USD","side":"buy","price":1,"qty":null,"ord_type":"market","trade_id":1,"timestamp":"2024-07-09T11:00:00Z"}]}"#,
                "SchemaError",
            ),
            (
                r#"{"channel":"trade","type":"update","data":[{"symbol":"BTC/USD","side":"buy","price":1,"qty":1,"ord_type":"market","trade_id":1,"timestamp":"2024-13-09T11:00:00Z"}]}"#,
                "SchemaError",
            ),
            (
                r#"{"channel":"trade","type":"update","data":[{"symbol":"BTC/USD","side":"buy","price":NaN,"qty":1,"ord_type":"market","trade_id":1,"timestamp":"2024-07-09T11:00:00Z"}]}"#,
                "DecodeError",
            ),
            (
                r#"{"channel":"trade","type":"update","data":[{"symbol":"BTC/USD","side":"buy","price":1e400,"qty":1,"ord_type":"market","trade_id":1,"timestamp":"2024-07-09T11:00:00Z"}]}"#,
                "SchemaError",
            ),
            (
                r#"{"channel":"trade","type":"update","data":[{"symbol":"BTC/USD"}]}"#,
                "SchemaError",
            ),
            (r#"{"channel":"trade""#, "DecodeError"),
            (r#"{"Error":"Exceeded msg rate"}"#, "RateLimited"),
        ],
    });
}

/// The checksum as Kraken defines it, of a book with one level a side: digits without point and leading zeros, asks first.
fn checksum(ask: (&str, &str), bid: (&str, &str)) -> u32 {
    let digits = |text: &str| {
        let digits = text.replace('.', "");
        digits.trim_start_matches('0').to_owned()
    };
    let text = [ask.0, ask.1, bid.0, bid.1].map(digits).concat();
    !text.bytes().fold(u32::MAX, |crc, byte| {
        (0..8).fold(crc ^ u32::from(byte), |crc, _| {
            (crc >> 1) ^ (0xedb8_8320 & (crc & 1).wrapping_neg())
        })
    })
}

fn book(kind: &str, symbol: &str, bid: (&str, &str), checksum: u32) -> String {
    let asks = if kind == "snapshot" {
        r#"{"price":45285.2,"qty":0.00100000}"#
    } else {
        ""
    };
    format!(
        r#"{{"channel":"book","type":"{kind}","data":[{{"symbol":"{symbol}","bids":[{{"price":{},"qty":{}}}],"asks":[{asks}],"checksum":{checksum},"timestamp":"2023-10-06T17:35:55.440295Z"}}]}}"#,
        bid.0, bid.1
    )
}

const ASK: (&str, &str) = ("45285.2", "0.00100000");
const BID: (&str, &str) = ("45283.5", "0.10000000");
const LARGER: (&str, &str) = ("45283.5", "0.20000000");

#[test]
fn every_service_gives_its_results_and_a_refused_symbol_harms_no_other() {
    let mut live = Live::start("kraken:?url={ws}", "BTC/USD,NOPE/USD", &[]);
    let mut peer = live.server.accept();
    for channel in ["trade", "ohlc", "ticker", "book"] {
        let asked = peer.text_with(&format!("\"{channel}\""));
        assert!(asked.contains(r#"["BTC/USD","NOPE/USD"]"#), "{asked}");
    }
    // Data before its confirmation.
    peer.send(book("snapshot", "BTC/USD", BID, checksum(ASK, BID)));
    live.expect(&[r#"{"type":"result","service":"LEVEL2","symbol":"BTC/USD","bids":[[45283.5,0.10000000]],"asks":[[45285.2,0.00100000]],"integrity":"verified","sequence":null,"unix_ts":1696613755440,"new_york_datetime":"2023-10-06T13:35:55.440-04:00","source":"kraken"}"#,]);
    for channel in ["trade", "ohlc", "ticker", "book"] {
        peer.send(ack(channel, "BTC/USD"));
        peer.send(refusal("NOPE/USD"));
    }
    let error = live.error("ConfigError", "Currency pair not supported");
    assert_eq!(error["symbol"], "NOPE/USD");
    peer.send(trade(7));
    peer.send(r#"{"channel":"ticker","type":"update","data":[{"symbol":"BTC/USD","bid":0.10025,"bid_qty":740.0,"ask":0.10036,"ask_qty":1361.44813783,"last":0.10035,"volume":997038.98383185,"vwap":0.10148,"low":0.09979,"high":0.10285,"change":-0.00017,"change_pct":-0.17}]}"#);
    peer.send(r#"{"channel":"ohlc","type":"update","timestamp":"2023-10-04T16:26:30.524394914Z","data":[{"symbol":"BTC/USD","open":0.5624,"high":0.5628,"low":0.5622,"close":0.5627,"trades":12,"volume":30927.68066226,"vwap":0.5626,"interval_begin":"2023-10-04T16:25:00.000000000Z","interval":1,"timestamp":"2023-10-04T16:26:00.000000Z"}]}"#);
    live.expect(&[r#"{"type":"result","service":"TIMESALE","symbol":"BTC/USD","price":1007.25,"size":0.00100000,"side":"buy","conditions":[],"trade_id":7,"unix_ts":1720522800123,"new_york_datetime":"2024-07-09T07:00:00.123-04:00","source":"kraken"}"#, r#"{"type":"result","service":"LEVEL1","symbol":"BTC/USD","bid":0.10025,"bid_size":740.0,"ask":0.10036,"ask_size":1361.44813783,"last":0.10035,"last_size":null,"volume":997038.98383185,"unix_ts":NOW,"new_york_datetime":NOW,"source":"kraken"}"#, r#"{"type":"result","service":"OHLCV","symbol":"BTC/USD","open":0.5624,"high":0.5628,"low":0.5622,"close":0.5627,"volume":30927.68066226,"unix_ts":1696436700000,"new_york_datetime":"2023-10-04T12:25:00-04:00","source":"kraken"}"#,]);
    live.quit_and_replay();
}

#[test]
fn a_book_that_fails_its_checksum_begins_anew_alone() {
    let source = "kraken:?services=LEVEL2&url={ws}";
    let mut live = Live::start(source, "BTC/USD,ETH/USD", &[]);
    let mut peer = live.server.accept();
    peer.text_with("\"book\"");
    for symbol in ["BTC/USD", "ETH/USD"] {
        peer.send(ack("book", symbol));
        peer.send(book("snapshot", symbol, BID, checksum(ASK, BID)));
        live.program.next_result(symbol);
    }
    peer.send(book("update", "BTC/USD", LARGER, 4711));
    let error = live.error("ChecksumMismatch", "");
    assert_eq!(error["symbol"], "BTC/USD");
    for method in ["\"unsubscribe\"", "\"subscribe\""] {
        let asked = peer.text_with(method);
        assert!(asked.contains(r#""symbol":["BTC/USD"]"#), "{asked}");
    }
    // A change to what was given up is no picture; the other book goes on.
    peer.send(book("update", "BTC/USD", LARGER, checksum(ASK, LARGER)));
    peer.send(book("update", "ETH/USD", LARGER, checksum(ASK, LARGER)));
    live.program
        .next_where("a result of ETH/USD alone", |line| {
            assert!(
                line["type"] != "result" || line["symbol"] == "ETH/USD",
                "{line}"
            );
            line["type"] == "result"
        });
    peer.send(ack("book", "BTC/USD"));
    peer.send(book("snapshot", "BTC/USD", LARGER, checksum(ASK, LARGER)));
    let result = live.program.next_result("BTC/USD");
    assert_eq!(result["integrity"], "verified");
    let run = live.quit();
    let gaps = run
        .statuses()
        .into_iter()
        .filter(|line| line["status"] == "gap");
    assert_eq!(
        gaps.map(|line| line["symbol"].clone()).collect::<Vec<_>>(),
        ["BTC/USD"]
    );
}
