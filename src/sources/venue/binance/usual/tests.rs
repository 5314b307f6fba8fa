use proptest::prelude::*;

use super::*;
use crate::sources::venue::testing::{agrees, mutate};

const TRADE: &str = r#"{"e":"trade","E":1672515782136,"s":"BNBBTC","t":12345,"p":"0.00100000","q":"100","T":1672515782130,"m":true,"M":true}"#;
const TICKER: &str = r#"{"u":400900217,"s":"BNBBTC","b":"25.35190000","B":"31.21000000","a":"25.36520000","A":"40.66000000"}"#;
const DEPTH: &str = r#"{"e":"depthUpdate","E":1672515782136,"s":"BNBBTC","U":157,"u":160,"b":[["0.0024","10"],["0.0023","0.00000000"]],"a":[]}"#;
const KLINE: &str = r#"{"e":"kline","E":1672515782136,"s":"BNBBTC","k":{"t":1672515780000,"T":1672515839999,"s":"BNBBTC","i":"1m","f":100,"L":200,"o":"0.0010","c":"0.0020","h":"0.0025","l":"0.0015","v":"1000","n":100,"x":false,"q":"1.0000","V":"500","Q":"0.500","B":"123456"}}"#;

fn agreements(text: &str) -> [bool; 4] {
    [
        agrees(text, trade),
        agrees(text, book_ticker),
        agrees(text, depth),
        agrees(text, kline),
    ]
}

#[test]
fn each_reader_takes_what_is_usual_for_it() {
    for (at, text) in [TRADE, TICKER, DEPTH, KLINE].into_iter().enumerate() {
        let mut expected = [false; 4];
        expected[at] = true;
        assert_eq!(agreements(text), expected, "{text}");
        for other in [
            text.replacen(':', ": ", 1),
            format!("{text} "),
            format!("{{\"new\":1,{}", text.trim_start_matches('{')),
            text.replace("BNBBTC", "BNB\\u0042TC"),
            text.replace("\"0.00", "\"00.00"),
        ] {
            assert!(other == text || agreements(&other) == [false; 4], "{other}");
        }
    }
}

proptest! {
    #![proptest_config(mutate::config())]
    #[test]
    fn both_ways_agree_on_damaged_data(
        frames in proptest::collection::vec(mutate::frames([TRADE, TICKER, DEPTH, KLINE].map(str::to_owned).to_vec()), 50),
    ) {
        for frame in &frames {
            if let Ok(text) = std::str::from_utf8(frame) {
                agreements(text);
            }
        }
    }
}
