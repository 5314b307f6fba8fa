use proptest::prelude::*;

use super::*;
use crate::sources::venue::testing::{agrees, mutate};

const BOOK: &str = r#"{"symbol":"BTC/USD","bids":[{"price":45283.5,"qty":0.10000000},{"price":45283.4,"qty":0}],"asks":[],"checksum":4294967295,"timestamp":"2023-10-06T17:35:55.440295Z"}"#;
const TRADE: &str = r#"{"symbol":"BTC/USD","side":"sell","price":0.5117,"qty":40.00,"ord_type":"market","trade_id":4665906,"timestamp":"2023-09-25T07:49:37.708706Z"}"#;
const TICKER: &str = r#"{"symbol":"BTC/USD","bid":0.10025,"bid_qty":740.0,"ask":0.10036,"ask_qty":1361.44813783,"last":0.10035,"volume":997038.98383185,"vwap":0.10148,"low":0.09979,"high":0.10285,"change":-0.00017,"change_pct":-0.17}"#;
const TIMED: &str = r#"{"symbol":"BTC/USD","bid":1,"bid_qty":1,"ask":2,"ask_qty":1,"last":1,"volume":1,"vwap":1,"low":1,"high":1,"change":0,"change_pct":0,"timestamp":"2023-09-25T07:49:37Z"}"#;

fn agreements(text: &str) -> [bool; 3] {
    [
        agrees(text, book),
        agrees(text, trade),
        agrees(text, ticker),
    ]
}

#[test]
fn each_reader_takes_what_is_usual_for_it() {
    for (at, text) in [(0, BOOK), (1, TRADE), (2, TICKER), (2, TIMED)] {
        let mut expected = [false; 3];
        expected[at] = true;
        assert_eq!(agreements(text), expected, "{text}");
        for other in [
            text.replacen(':', ": ", 1),
            format!("{text} "),
            text.replace("BTC/", "BTC\\/"),
            text.replace("4294967295", "4294967296"),
            text.replace("0.5117", "\"0.5117\""),
        ] {
            assert!(other == text || agreements(&other) == [false; 3], "{other}");
        }
    }
}

proptest! {
    #![proptest_config(mutate::config())]
    #[test]
    fn both_ways_agree_on_damaged_rows(
        frames in proptest::collection::vec(mutate::frames([BOOK, TRADE, TICKER, TIMED].map(str::to_owned).to_vec()), 50),
    ) {
        for frame in &frames {
            if let Ok(text) = std::str::from_utf8(frame) {
                agreements(text);
            }
        }
    }
}
