#![allow(clippy::unwrap_used, reason = "a test may stop at the first surprise")]

use proptest::prelude::*;

use super::*;
use crate::domain::outcome::ErrorKind;
use crate::domain::symbol::SymbolId;

/// Every symbol is subscribed under the number of its first byte, but those that begin with `X`.
fn resolve(text: &str) -> Resolution {
    match Symbol::new(text) {
        Err(error) => Resolution::Invalid(error),
        Ok(_) if text.starts_with('X') => Resolution::Ignored,
        Ok(_) => Resolution::Subscribed(SymbolId(u32::from(text.as_bytes()[0]))),
    }
}

fn decode(line: &str) -> Result<(Vec<Event>, Line), Rejection> {
    let mut events = Vec::new();
    let line = decode_line(line.as_bytes(), &mut events, &mut resolve)?;
    Ok((events, line))
}

/// The events of a line that is taken whole, in words.
fn told(line: &str) -> Vec<String> {
    let (events, line) = decode(line).unwrap();
    assert_eq!(line.rejections, [], "nothing is rejected");
    events.iter().map(tell).collect()
}

fn tell(event: &Event) -> String {
    let symbol = char::from_u32(event.symbol.0).unwrap();
    let time = event.time.map_or("-".to_owned(), |time| time.0.to_string());
    let show = |values: &[Option<crate::domain::Decimal>]| {
        let texts: Vec<_> = values
            .iter()
            .map(|value| value.map_or("-".to_owned(), |value| value.to_string()))
            .collect();
        texts.join(" ")
    };
    let data = match &event.payload {
        Payload::Ohlcv(b) => show(&[b.open, b.high, b.low, b.close, b.volume]),
        Payload::Level1(q) => show(&[
            q.bid,
            q.bid_size,
            q.ask,
            q.ask_size,
            q.last,
            q.last_size,
            q.volume,
        ]),
        Payload::Level2(book) => {
            let side = |levels: &[crate::domain::book::Level]| {
                let texts: Vec<_> = levels
                    .iter()
                    .map(|level| format!("{}x{}", level.price, level.size))
                    .collect();
                texts.join(" ")
            };
            let further = (book.sequence, book.depth);
            let numbers = match further {
                (None, None) => String::new(),
                (sequence, depth) => format!(" {sequence:?} {depth:?}"),
            };
            format!(
                "{} | {} {}{numbers}",
                side(&book.bids),
                side(&book.asks),
                book.snapshot
            )
        }
        Payload::TimeAndSales(trade) => {
            let further = match (&trade.trade_id, &*trade.conditions, &trade.action) {
                (None, [], crate::domain::trade::TradeAction::New) => String::new(),
                (name, conditions, action) => format!(" {conditions:?} {name:?} {action:?}"),
            };
            let price_size = show(&[trade.price, trade.size]);
            format!("{price_size} {:?}{further}", trade.side)
        }
        Payload::News(news) => {
            let further = match (&news.summary, &*news.symbols) {
                (None, []) => String::new(),
                (summary, symbols) => format!(" {summary:?} {symbols:?}"),
            };
            format!(
                "{} {:?} {:?}{further}",
                news.headline, news.source, news.url
            )
        }
        other => format!("{other:?}"),
    };
    format!("{symbol} {time} {data}")
}

fn refused(line: &str) -> (ErrorKind, String) {
    let rejection = match decode(line) {
        Ok((events, mut line)) => {
            assert_eq!((events.len(), line.rejections.len()), (0, 1), "{line:?}");
            line.rejections.remove(0)
        }
        Err(rejection) => rejection,
    };
    let symbol = rejection.symbol.map(|symbol| format!("{symbol} "));
    (
        rejection.kind,
        format!("{}{}", symbol.unwrap_or_default(), rejection.reason),
    )
}

#[test]
fn every_service_is_read() {
    for (line, expected) in [
        (
            r#"{"timestamp":1720522860000,"service":"OHLCV","symbols":{"AAPL":{"open":227.99,"high":228.0,"low":227.95,"close":227.95,"volume":3756,"datetime":1720522860000}}}"#,
            "A 1720522860000 227.99 228.0 227.95 227.95 3756",
        ),
        (
            r#"{"service":"LEVEL1","symbols":{"AAPL":{"bid":1.10,"bid_size":2,"ask":1.20,"ask_size":3,"last":1.15,"last_size":4,"volume":5,"datetime":7}}}"#,
            "A 7 1.10 2 1.20 3 1.15 4 5",
        ),
        (
            r#"{"service":"LEVEL2","symbols":{"AAPL":{"bids":[[1.0,2],[0.9,0]],"asks":[[1.1,3]],"snapshot":true,"datetime":7}}}"#,
            "A 7 1.0x2 0.9x0 | 1.1x3 true",
        ),
        (
            r#"{"service":"LEVEL2","symbols":{"AAPL":{"bids":[],"asks":null}}}"#,
            "A -  |  false",
        ),
        (
            r#"{"service":"TIMESALE","symbols":{"AAPL":{"price":0.00100000,"size":2,"side":"Sell","datetime":7}}}"#,
            "A 7 0.00100000 2 Some(Sell)",
        ),
        (
            r#"{"service":"NEWS","symbols":{"AAPL":{"headline":"A \"B\" \u00e9","source":"x","datetime":7}}}"#,
            "A 7 A \"B\" é Some(\"x\") None",
        ),
        (
            r#"{"service":"LEVEL2","symbols":{"AAPL":{"bids":[[1.0,2]],"asks":[],"integrity":"sequenced","sequence":18446744073709551615,"depth":10,"datetime":7}}}"#,
            "A 7 1.0x2 |  false Some(18446744073709551615) Some(10)",
        ),
        (
            r#"{"service":"TIMESALE","symbols":{"AAPL":{"price":1,"size":2,"side":null,"conditions":["@","I",37],"trade_id":52983525029461,"datetime":7}}}"#,
            r#"A 7 1 2 None ["@", "I", "37"] Some(Number(52983525029461)) New"#,
        ),
        (
            r#"{"service":"TIMESALE","symbols":{"AAPL":{"price":1,"conditions":null,"trade_id":"x\u0031","corrects":5}}}"#,
            r#"A - 1 - None [] Some(Text("x1")) Corrects(Number(5))"#,
        ),
        (
            r#"{"service":"TIMESALE","symbols":{"AAPL":{"conditions":[],"trade_id":"","cancels":"a"}}}"#,
            r#"A - - - None [] None Cancels(Text("a"))"#,
        ),
        (
            r#"{"service":"NEWS","symbols":{"AAPL":{"headline":"h","publisher":"p","url":null,"symbols":["AAPL","B"],"source":"x","summary":"s","datetime":7}}}"#,
            r#"A 7 h Some("p") None Some("s") ["AAPL", "B"]"#,
        ),
    ] {
        assert_eq!(told(line), [expected], "{line}");
    }
}

#[test]
fn a_row_of_a_table_tells_its_service_by_its_keys() {
    for (line, expected) in [
        (
            r#"{"symbol":"AAPL","unix_ts":7,"datetime":"2019-02-13T17:00:00.000Z","open":1,"high":2,"low":null,"close":1.5,"volume":3,"source":"x","sma_20":null}"#,
            "A 7 1 2 - 1.5 3",
        ),
        (
            r#"{"close":1.5,"symbol":"AAPL","datetime":"1970-01-01T01:00:00.007+01:00"}"#,
            "A 7 - - - 1.5 -",
        ),
        (
            r#"{"symbol":"AAPL","datetime":7,"bid":1,"volume":2}"#,
            "A 7 1 - - - - - 2",
        ),
        (
            r#"{"type":"result","service":"OHLCV","symbol":"AAPL","volume":2,"unix_ts":null}"#,
            "A - - - - - 2",
        ),
        (
            r#"{"symbol":"AAPL","unix_ts":7,"price":1,"size":2,"side":"sell","conditions":"@,I","trade_id":"12","cancels":"a","source":"x"}"#,
            r#"A 7 1 2 Some(Sell) ["@", "I"] Some(Number(12)) Cancels(Text("a"))"#,
        ),
        (
            r#"{"symbol":"AAPL","unix_ts":7,"headline":"h","publisher":null,"symbols":"AAPL,B","source":"x"}"#,
            r#"A 7 h None None None ["AAPL", "B"]"#,
        ),
    ] {
        assert_eq!(told(line), [expected], "{line}");
    }
    for (line, reason) in [
        (
            r#"{"symbol":"A","x":1}"#,
            "the row has no fields of bars, quotes, trades or news",
        ),
        (
            r#"{"symbol":"A","symbol":"B","open":1}"#,
            "symbol: comes twice",
        ),
        (
            r#"{"symbol":"A","datetime":"2019-02-13 09:30","open":1}"#,
            "A datetime: \"2019-02-13 09:30\" is no time with an offset",
        ),
        (
            r#"{"symbol":"A","open":1,"timeframe":"7m"}"#,
            "A timeframe: '7m' is no timeframe; there are 1m, 5m, 15m, 1h and 1d",
        ),
        (
            r#"{"symbol":"A","side":"bid","level":1,"price":1,"size":2}"#,
            "A levels of books in tables are not played; books come back from recordings (--record)",
        ),
    ] {
        assert_eq!(
            refused(line),
            (ErrorKind::SchemaError, reason.to_owned()),
            "{line}"
        );
    }
    // A symbol of this name is one all the same.
    assert_eq!(told(r#"{"symbol":{"close":1}}"#), ["s - - - - 1 -"]);
    let ignored = decode(r#"{"symbol":"XA","open":1}"#).unwrap();
    assert_eq!((ignored.0.len(), ignored.1.ignored), (0, 1));
}

#[test]
fn an_exchange_is_a_text_or_a_number() {
    let exchange = |value: &str| {
        let line = format!(
            r#"{{"service":"TIMESALE","symbols":{{"A":{{"price":1,"exchange":{value}}}}}}}"#
        );
        let mut events = Vec::new();
        let taken = decode_line(line.as_bytes(), &mut events, &mut |_| {
            Resolution::Subscribed(SymbolId(0))
        });
        match events.pop().map(|event| event.payload) {
            Some(Payload::TimeAndSales(trade)) => {
                trade.exchange.as_deref().unwrap_or("none").to_owned()
            }
            _ => taken.unwrap().rejections.remove(0).reason,
        }
    };
    for (value, expected) in [
        ("\"D\"", "D"),
        ("\"4/202\"", "4/202"),
        ("4", "4"),
        ("\"\"", "none"),
        ("null", "none"),
        (
            "[]",
            "exchange: expected a string or a number, found a list",
        ),
    ] {
        assert_eq!(exchange(value), expected, "{value}");
    }
}

#[test]
fn keys_come_in_any_order_and_unknown_ones_are_passed() {
    let expected = ["A 7 - - - 1.50 -", "B 8 - - - 2 -"];
    for line in [
        r#"{"symbols":{"A":{"close":1.50,"datetime":7},"B":{"datetime":8,"close":2}},"x":{"open":[{}]},"service":"OHLCV"}"#,
        r#"{"A":{"close":1.50,"datetime":7,"extra":[1,{"open":3}]},"B":{"datetime":8,"close":2}}"#,
        " { \"service\" : \"OHLCV\" , \"symbols\" : { \"A\" : { \"close\" : 1.50 , \"datetime\" : 7 } , \"B\" : { \"datetime\":8,\t\"close\":2\n} } }\r",
        r#"{"service":"OHLCV","symbols":{"\u0041":{"cl\u006fse":1.50,"datetime":7},"B":{"datetime":8,"close":2}}}"#,
    ] {
        assert_eq!(told(line), expected, "{line}");
    }
}

#[test]
fn what_is_missing_stays_unknown() {
    assert_eq!(told(r#"{"A":{"open":null,"close":1}}"#), ["A - - - - 1 -"]);
    assert_eq!(told(r#"{"A":{"datetime":0,"close":1}}"#), ["A - - - - 1 -"]);
    assert_eq!(
        told(r#"{"A":{"datetime":null,"open":-0}}"#),
        ["A - 0 - - - -"]
    );
    for nothing in [
        "",
        "  ",
        "{}",
        r#"{"A":{}}"#,
        r#"{"A":null}"#,
        r#"{"timestamp":5}"#,
    ] {
        assert_eq!(told(nothing), [""; 0], "{nothing}");
    }
}

#[test]
fn the_time_of_a_line_is_its_payloads_or_the_envelopes() {
    let time = |line: &str| decode(line).unwrap().1.time.map(|time| time.0);
    assert_eq!(
        time(r#"{"timestamp":5,"A":{"datetime":7},"B":{"datetime":6}}"#),
        Some(7)
    );
    assert_eq!(time(r#"{"timestamp":5,"A":{"close":7}}"#), Some(5));
    assert_eq!(time(r#"{"timestamp":0,"A":{"close":7}}"#), None);
    assert_eq!(time(r#"{"A":{"datetime":7.0}}"#), Some(7));
    assert_eq!(time(r#"{"A":{"datetime":-7}}"#), Some(-7));
    assert_eq!(time(r#"{"A":{"datetime":1e3}}"#), Some(1000));
}

#[test]
fn a_bad_symbol_is_rejected_alone() {
    for (value, reason) in [
        (
            "\"0x10\"",
            "A open: expected a number, found the string \"0x10\"",
        ),
        ("true", "A open: expected a number, found true"),
        ("[1]", "A open: expected a number, found a list"),
        ("NaN", "A open: expected a number, found NaN"),
        ("-Infinity", "A open: expected a number, found -Infinity"),
        ("1e400", "A open: \"1e400\" is too large"),
        (
            "1e-400",
            "A open: \"1e-400\" has more than 28 decimal places",
        ),
        (
            "12345678901234567890123456789",
            "A open: \"12345678901234567890123456789\" has more than 28 significant digits",
        ),
        ("1,\"open\":2", "A open: comes twice"),
        (
            "1,\"datetime\":1.5",
            "A datetime: \"1.5\" is no whole number of milliseconds",
        ),
        (
            "1,\"datetime\":99999999999999999",
            "A datetime: \"99999999999999999\" is outside the calendar",
        ),
        (
            "1,\"datetime\":\"2024\"",
            "A datetime: expected a number, found the string \"2024\"",
        ),
    ] {
        let line = format!(
            r#"{{"service":"OHLCV","symbols":{{"A":{{"open":{value},"low":[]}},"B":{{"close":1}}}}}}"#
        );
        let (events, line) = decode(&line).unwrap();
        assert_eq!(
            events.iter().map(tell).collect::<Vec<_>>(),
            ["B - - - - 1 -"]
        );
        let rejection = &line.rejections[0];
        let told = format!(
            "{} {}",
            rejection.symbol.as_ref().unwrap(),
            rejection.reason
        );
        assert_eq!(
            (told.as_str(), rejection.kind),
            (reason, ErrorKind::SchemaError)
        );
    }
}

#[test]
fn other_payloads_say_what_is_wrong_too() {
    for (service, payload, reason) in [
        (
            "LEVEL2",
            r#"{"bids":[[1,2],[3]]}"#,
            "A bids: level 2 is no [price, size]",
        ),
        (
            "LEVEL2",
            r#"{"bids":[[1,null]]}"#,
            "A bids: level 1 is no [price, size]",
        ),
        (
            "LEVEL2",
            r#"{"asks":[[1,-2]]}"#,
            "A asks: level 1 has the negative size -2",
        ),
        (
            "LEVEL2",
            r#"{"asks":5}"#,
            "A asks: expected a list, found a number",
        ),
        (
            "LEVEL2",
            r#"{"snapshot":1}"#,
            "A snapshot: expected true or false, found a number",
        ),
        (
            "TIMESALE",
            r#"{"side":"up"}"#,
            "A side: expected \"buy\" or \"sell\", found \"up\"",
        ),
        (
            "LEVEL2",
            r#"{"sequence":-1}"#,
            "A sequence: \"-1\" is no whole number from zero up",
        ),
        (
            "TIMESALE",
            r#"{"trade_id":1.5}"#,
            "A trade_id: \"1.5\" is no whole number from zero up",
        ),
        (
            "TIMESALE",
            r#"{"trade_id":[1]}"#,
            "A trade_id: expected a string or a number, found a list",
        ),
        (
            "TIMESALE",
            r#"{"conditions":["a",{}],"price":1}"#,
            "A conditions: expected strings or numbers, found an object",
        ),
        (
            "TIMESALE",
            r#"{"corrects":1,"cancels":2}"#,
            "A cancels: a trade is corrected or cancelled, not both",
        ),
        (
            "NEWS",
            r#"{"headline":"x","symbols":[1]}"#,
            "A symbols: expected strings, found a number",
        ),
        ("NEWS", r#"{"url":"x"}"#, "A headline: is missing"),
        (
            "OHLCV",
            "5",
            "A expected an object of fields, found a number",
        ),
    ] {
        let line = format!(r#"{{"service":"{service}","symbols":{{"A":{payload}}}}}"#);
        assert_eq!(
            refused(&line),
            (ErrorKind::SchemaError, reason.to_owned()),
            "{line}"
        );
    }
    let symbol = refused(r#"{"A B":{"open":1}}"#);
    assert_eq!(symbol.1, "symbol \"A B\": a symbol cannot contain ' '");
}

#[test]
fn a_line_that_breaks_the_schema_is_rejected_whole() {
    for (line, reason) in [
        (
            r#"{"service":"FOO","symbols":{"A":{}}}"#,
            "service: \"FOO\" is unknown; there are OHLCV, LEVEL1, LEVEL2, TIMESALE, NEWS",
        ),
        (r#"{"symbols":{"A":{}}}"#, "service: is missing"),
        (r#"{"service":"OHLCV"}"#, "symbols: is missing"),
        (
            r#"{"service":1,"symbols":{}}"#,
            "service: expected a string, found a number",
        ),
        (
            r#"{"service":"OHLCV","symbols":[]}"#,
            "symbols: expected an object, found a list",
        ),
        (
            r#"{"service":"OHLCV","service":"OHLCV","symbols":{}}"#,
            "service: comes twice",
        ),
        (
            r#"{"timestamp":"now","A":{"open":1}}"#,
            "timestamp: expected a number, found the string \"now\"",
        ),
        ("[1,2]", "expected an object, found a list"),
        ("5", "expected an object, found a number"),
    ] {
        assert_eq!(
            refused(line),
            (ErrorKind::SchemaError, reason.to_owned()),
            "{line}"
        );
    }
}

#[test]
fn what_is_no_json_is_rejected_whole() {
    let deep = "[".repeat(100_000);
    let deep_objects = r#"{"A":"#.repeat(100_000);
    for line in [
        r#"{"service":"OHLCV","symbols":{"A":{"open":1},"B":{"open":"#,
        r#"{"A":{"open":1}} {"A":{"open":1}}"#,
        r#"{"A":{"open":01}}"#,
        r#"{"A":{"open":0x10}}"#,
        r#"{"A":{"open":1,}}"#,
        r#"{"A":{"open" 1}}"#,
        r#"{"A":{open:1}}"#,
        r"{'A':{}}",
        "{\"A\u{1}\":{}}",
        "\u{feff}{}",
        "{",
        "no json",
        &deep,
        &deep_objects,
    ] {
        let (kind, reason) = refused(line);
        assert_eq!(kind, ErrorKind::DecodeError, "{reason}");
        assert!(reason.starts_with("no JSON: "), "{reason}");
    }
    let mut events = Vec::new();
    let utf8 = decode_line(b"{\"A\":\"\xff\"}", &mut events, &mut resolve).unwrap_err();
    assert_eq!(utf8.reason, "byte 7 is no UTF-8");
}

#[test]
fn symbols_that_nobody_wants_are_passed_but_checked() {
    let (events, line) =
        decode(r#"{"XA":{"open":"any",  "x":[{}]},"A":{"open":1},"XB":{}}"#).unwrap();
    assert_eq!((events.len(), line.ignored), (1, 2));
    assert!(decode(r#"{"XA":{"open":tru},"A":{"open":1}}"#).is_err());
}

#[test]
fn a_torn_line_leaves_no_events_behind() {
    let mut events = Vec::new();
    decode_line(br#"{"A":{"open":1}}"#, &mut events, &mut resolve).unwrap();
    let whole = r#"{"service":"OHLCV","symbols":{"A":{"open":1},"B":{"open":2}}}"#;
    for end in 1..whole.len() {
        assert!(decode_line(&whole.as_bytes()[..end], &mut events, &mut resolve).is_err());
        assert_eq!(events.len(), 1);
    }
}

const FRAMES: [&str; 7] = [
    r#"{"timestamp":1720522860000,"service":"OHLCV","symbols":{"AAPL":{"open":227.99,"high":228.0,"volume":3756,"datetime":1720522860000},"XYZ":{"open":1},"BZ":{"low":1e2}}}"#,
    r#"{"service":"LEVEL1","symbols":{"AAPL":{"bid":1.10,"ask_size":3,"datetime":7}}}"#,
    r#"{"service":"LEVEL2","symbols":{"AAPL":{"bids":[[1.0,2],[0.9,0]],"asks":[],"snapshot":true}}}"#,
    r#"{"symbols":{"A":{"price":0.001,"side":"buy"}},"service":"TIMESALE"}"#,
    r#"{"service":"NEWS","symbols":{"AAPL":{"headline":"\u00e9\"","url":null}}}"#,
    r#"{"service":"TIMESALE","symbols":{"AAPL":{"price":1,"conditions":["@",37],"trade_id":7}}}"#,
    r#"{"service":"NEWS","symbols":{"AAPL":{"headline":"h","symbols":["AAPL","B"],"summary":""}}}"#,
];

proptest! {
    #![proptest_config(ProptestConfig::with_cases(2000))]

    #[test]
    fn damaged_frames_are_judged_as_serde_json_does(
        frame in 0..FRAMES.len(),
        damage in prop::collection::vec((any::<prop::sample::Index>(), any::<u8>(), 0..3_usize), 0..4),
        printable: bool,
    ) {
        let mut bytes = FRAMES[frame].as_bytes().to_vec();
        for (place, byte, drop) in damage {
            let at = place.index(bytes.len() + 1);
            let end = (at + drop).min(bytes.len());
            let byte = if printable { b"{}[]:,\"\\0-9eE.tn xu"[usize::from(byte) % 19] } else { byte };
            bytes.splice(at..end, [byte]);
        }
        let valid = serde_json::from_slice::<serde::de::IgnoredAny>(&bytes).is_ok();
        let mut events = Vec::new();
        match decode_line(&bytes, &mut events, &mut resolve) {
            Ok(_) => {
                let blank = bytes.iter().all(u8::is_ascii_whitespace);
                prop_assert!(valid || blank, "taken, but serde_json refuses it: {:?}", String::from_utf8_lossy(&bytes));
            }
            Err(rejection) if rejection.kind == ErrorKind::DecodeError => {
                // An object with half a surrogate in a key is valid until somebody reads it.
                let surrogate = rejection.reason.contains("surrogate") || rejection.reason.contains("UTF-8");
                prop_assert!(!valid || surrogate, "{rejection}: {:?}", String::from_utf8_lossy(&bytes));
                prop_assert_eq!(events.len(), 0);
            }
            Err(_) => prop_assert!(valid, "{:?}", String::from_utf8_lossy(&bytes)),
        }
    }

    #[test]
    fn any_bytes_at_all_are_survived(bytes in prop::collection::vec(any::<u8>(), 0..200)) {
        let mut events = Vec::new();
        prop_assert!(decode_line(&bytes, &mut events, &mut resolve).is_ok_and(|_| events.is_empty())
            || events.is_empty());
    }
}

#[test]
fn a_row_of_bars_is_taken_as_exports_write_it() {
    let row = r#"{"symbol":"A","unix_ts":1550077200000,"datetime":"2019-02-13T12:00:00.000-05:00","open":1.5,"high":2,"low":null,"close":1.75,"volume":1e3,"source":"replay","sma_20":1.2}"#;
    assert_eq!(told(row), ["A 1550077200000 1.5 2 - 1.75 1000"]);
    // In any order, and without a time.
    assert_eq!(told(r#"{"close":1,"symbol":"A"}"#), ["A - - - - 1 -"]);
    assert_eq!(told(r#"{"close":1,"symbol":"X"}"#), [] as [&str; 0]);
    // A symbol of that name is one all the same.
    assert_eq!(told(r#"{"symbol":{"close":1}}"#), ["s - - - - 1 -"]);
    for (line, reason) in [
        (r#"{"symbol":"A","close":"1"}"#, "close: expected a number"),
        (r#"{"symbol":"","close":1}"#, "symbol"),
    ] {
        let (events, taken) = decode(line).unwrap();
        assert!(events.is_empty(), "{line}");
        assert_eq!(taken.rejections.len(), 1, "{line}");
        assert!(taken.rejections[0].reason.contains(reason), "{taken:?}");
    }
    let neither = decode(r#"{"symbol":"A","price":1}"#).unwrap_err();
    assert!(neither.reason.contains("no fields"), "{neither:?}");
    let twice = decode(r#"{"symbol":"A","symbol":"B","close":1}"#).unwrap_err();
    assert!(twice.reason.contains("symbol: comes twice"), "{twice:?}");
}
