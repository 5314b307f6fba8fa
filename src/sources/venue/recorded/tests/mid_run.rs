//! Recordings that are begun in mid-run: from there on, the replay makes the same of everything as the live run did. The
//! workbench looks at that with every input; what is known by what came before has to be there from the beginning.

use crate::domain::time::UnixMs;
use crate::sources::http_poll;
use crate::sources::venue::options::Venue;
use crate::sources::venue::session::Input;
use crate::sources::venue::testing::Workbench;
use crate::sources::venue::testing::shown::{events, notices};
use crate::sources::venue::{alpaca, binance, coinbase, finnhub, kraken, massive, schwab};
use crate::sources::websocket;

/// A venue's protocol, open, that has been told this.
fn told(venue: &Venue, spec: &str, symbols: &[&str], texts: &[&str]) -> Workbench {
    let mut bench = Workbench::new(venue, spec);
    bench.subscribe(symbols);
    bench.open();
    for text in texts {
        bench.text(text);
    }
    bench
}

/// What a replay shows at its beginning.
fn shown(bench: &mut Workbench) -> Vec<String> {
    let (_, output) = bench.begin_recording(true);
    assert!(output.notices.iter().all(|notice| {
        use crate::sources::venue::Notice;
        matches!(notice, Notice::Ready | Notice::Subscribed(_))
    }));
    events(&output)
}

fn schwab_response(service: &str, command: &str, request: u64, code: i64) -> String {
    format!(
        r#"{{"response":[{{"service":"{service}","command":"{command}","requestid":"{request}","timestamp":1,"content":{{"code":{code},"msg":"words"}}}}]}}"#
    )
}

fn schwab_quote(content: &str) -> String {
    format!(
        r#"{{"data":[{{"service":"LEVELONE_EQUITIES","timestamp":1755118704147,"command":"SUBS","content":[{{"key":"AAPL",{content}}}]}}]}}"#
    )
}

#[test]
fn quotes_that_come_as_changes_and_quiet_books_are_there() {
    let login = schwab_response("ADMIN", "LOGIN", 1, 0);
    let book = r#"{"data":[{"service":"NASDAQ_BOOK","timestamp":1,"command":"SUBS","content":[{"1":1755118704147,"2":[{"0":233.1,"1":100}],"3":[{"0":233.30,"1":200}],"key":"AAPL"}]}]}"#;
    let other = book.replace("NASDAQ", "NYSE");
    let first = schwab_quote(
        r#""1":233.1,"2":233.3,"3":233.20,"4":1,"5":2,"8":1000,"12":230.5,"32":"Halted""#,
    );
    let mut bench = told(
        &schwab::VENUE,
        "schwab:",
        &["AAPL"],
        &[
            &login,
            &first,
            &schwab_quote(r#""3":233.25,"8":1001"#),
            book,
        ],
    );
    assert_eq!(
        shown(&mut bench),
        [
            "#0 @1755118704147 facts trading=halted close=230.5",
            "#0 @1755118704147 quote bid=233.1 bid_size=1 ask=233.3 ask_size=2 last=233.25 volume=1001",
            "#0 @1755118704147 book bids 233.1x100 asks 233.30x200",
        ]
    );
    // A book of the other exchange is left out, as before.
    assert_eq!(bench.text(&other).ignored, 1);
    assert_eq!(bench.text(book).events.len(), 1);
    // Commands go on with their numbers, and answers find them: 2 to 5 told each service its first symbol.
    assert_eq!(
        bench
            .text(&schwab_response("LEVELONE_EQUITIES", "SUBS", 2, 0))
            .notices
            .len(),
        1
    );
    bench.subscribe(&["IBM"]);
    assert_eq!(bench.sent().len(), 1, "the others wait for their answers");
    let refused = bench.text(&schwab_response("LEVELONE_EQUITIES", "ADD", 6, 19));
    assert!(
        notices(refused)
            .iter()
            .any(|notice| notice.starts_with("refused #1"))
    );
    let later = bench.now.plus_ms(20_000);
    assert!(
        !bench.tick(later).notices.is_empty(),
        "commands without an answer"
    );
}

#[test]
fn what_belongs_to_a_session_that_is_over_is_not() {
    let login = schwab_response("ADMIN", "LOGIN", 1, 0);
    let yesterday = schwab_quote(r#""1":233.1,"8":1000,"12":230,"32":"Halted","34":1755118704147"#);
    let today = schwab_quote(r#""2":233.3,"34":1755205104147"#);
    let spec = "schwab:?services=LEVEL1";
    let mut bench = told(
        &schwab::VENUE,
        spec,
        &["AAPL"],
        &[&login, &yesterday, &today],
    );
    assert_eq!(
        shown(&mut bench),
        [
            "#0 @1755118704147 facts trading=halted",
            "#0 @1755118704147 quote bid=233.1",
            "#0 @1755205104147 quote ask=233.3",
        ]
    );
}

#[test]
fn each_part_of_a_quote_keeps_its_time() {
    let connected = r#"[{"ev":"status","status":"connected","message":"Connected Successfully"}]"#;
    let let_in = r#"[{"ev":"status","status":"auth_success","message":"authenticated"}]"#;
    let quote = |time: i64, bid: &str| {
        format!(r#"[{{"ev":"Q","sym":"AAPL",{bid}"ap":233.3,"as":2,"t":{time}}}]"#)
    };
    let minute = |end: i64| {
        format!(
            r#"[{{"ev":"AM","sym":"AAPL","o":1,"h":1,"l":1,"c":233.2,"v":5,"av":1000,"s":{},"e":{end}}}]"#,
            end - 60_000
        )
    };
    let (minute_end, quoted) = (1_755_118_680_000, 1_755_118_704_147);
    let mut bench = told(
        &massive::VENUE,
        "massive:services=LEVEL1",
        &["AAPL"],
        &[
            connected,
            let_in,
            &quote(quoted, r#""bp":233.1,"bs":1,"#),
            // The day so far is told later, and is of an earlier time.
            &minute(minute_end),
            &quote(quoted + 1, ""),
            &quote(quoted, r#""bp":233.1,"bs":1,"#),
        ],
    );
    let expected = [
        "#0 @1755118680000 quote last=233.2 volume=1000",
        "#0 @1755118704148 quote bid=0 bid_size=0 ask=233.3 ask_size=2",
    ];
    assert_eq!(shown(&mut bench), expected);
    // The replay would begin a recording in the same way; and one of before, in which a quote had one time, is taken too.
    let before = r#"{"quote_at":5,"ask":"2","last":"3"}"#;
    let symbol = ("AAPL".parse().unwrap(), crate::domain::symbol::SymbolId(0));
    let output = bench.give(Input::Kept(Some(&symbol), before));
    assert_eq!(events(output), ["#0 @5 quote ask=2 last=3"]);
}

#[test]
fn halts_limits_and_open_requests_are_there() {
    let spec = "alpaca:sip?services=LEVEL1,OHLCV";
    let mut bench = told(
        &alpaca::VENUE,
        spec,
        &["AAPL", "MSFT"],
        &[
            r#"[{"T":"success","msg":"connected"}]"#,
            r#"[{"T":"success","msg":"authenticated"}]"#,
            r#"[{"T":"s","S":"AAPL","sc":"H","sm":"Trading Halt","rc":"T1","rm":"news pending","t":"2021-02-22T19:15:00Z","z":"C"}]"#,
            r#"[{"T":"l","S":"AAPL","u":3.24,"d":2.65,"i":"B","t":"2021-02-22T19:15:01Z","z":"C"}]"#,
            r#"[{"T":"d","S":"MSFT","o":1,"h":1,"l":1,"c":1.5,"v":70,"n":1,"vw":1,"t":"2021-02-22T05:00:00Z"}]"#,
        ],
    );
    assert_eq!(
        shown(&mut bench),
        [
            "#0 @1614021301000 facts trading=halted reason=\"news pending\" lower=2.65 upper=3.24",
            "#1 @- quote last=1.5 volume=70",
        ]
    );
    // The request was for both symbols; it is cut in halves.
    bench.text(r#"[{"T":"error","code":405,"msg":"symbol limit exceeded"}]"#);
    assert_eq!(bench.sent().len(), 2);
    let refused = bench.text(r#"[{"T":"error","code":405,"msg":"symbol limit exceeded"}]"#);
    assert!(notices(refused)[0].starts_with("refused #0"));
}

#[test]
fn a_book_begins_anew_in_both() {
    let spec = "alpaca:crypto?services=LEVEL2";
    let change = |reset: bool| {
        format!(
            r#"[{{"T":"o","S":"BTC/USD","t":"2021-02-22T19:15:00Z","b":[{{"p":1,"s":2}}],"a":[],"r":{reset}}}]"#
        )
    };
    let mut bench = told(
        &alpaca::VENUE,
        spec,
        &["BTC/USD"],
        &[
            r#"[{"T":"success","msg":"connected"}]"#,
            r#"[{"T":"success","msg":"authenticated"}]"#,
            &change(true),
        ],
    );
    assert!(shown(&mut bench).is_empty());
    assert_eq!(bench.sent().len(), 2, "given up, and asked for");
    assert!(bench.text(&change(false)).events.is_empty());
    assert_eq!(bench.text(&change(true)).events.len(), 1);
    assert_eq!(bench.text(&change(false)).events.len(), 1);
}

#[test]
fn trades_go_on_with_their_numbers() {
    let kraken_trade = |number: u64| {
        format!(
            r#"{{"channel":"trade","type":"update","data":[{{"symbol":"BTC/USD","side":"sell","price":0.5117,"qty":40.00,"ord_type":"market","trade_id":{number},"timestamp":"2023-09-25T07:49:37.708706Z"}}]}}"#
        )
    };
    let binance_trade = |number: u64| {
        format!(
            r#"{{"stream":"btcusdt@trade","data":{{"e":"trade","E":1,"s":"BTCUSDT","t":{number},"p":"0.001","q":"100","T":1672515782130,"m":true,"M":true}}}}"#
        )
    };
    let coinbase_trade = |number: u64| {
        format!(
            r#"{{"channel":"market_trades","timestamp":"2023-02-09T20:32:50.714964855Z","sequence_num":{number},"events":[{{"type":"update","trades":[{{"trade_id":"{number}","product_id":"BTC-USD","price":"1.5","size":"2","side":"BUY","time":"2023-02-09T20:32:50.714964Z"}}]}}]}}"#
        )
    };
    let trades: [&dyn Fn(u64) -> String; 3] = [&kraken_trade, &binance_trade, &coinbase_trade];
    let venues: [(&Venue, &str, &str); 3] = [
        (&kraken::VENUE, "kraken:?services=TIMESALE", "BTC/USD"),
        (&binance::VENUE, "binance:?services=TIMESALE", "BTCUSDT"),
        (&coinbase::VENUE, "coinbase:?services=TIMESALE", "BTC-USD"),
    ];
    for ((venue, spec, symbol), trade) in venues.into_iter().zip(trades) {
        let mut bench = told(venue, spec, &[symbol], &[&trade(100)]);
        bench.begin_recording(true);
        assert!(bench.text(&trade(101)).notices.is_empty(), "{spec}");
        let mut bench = told(venue, spec, &[symbol], &[&trade(100)]);
        bench.begin_recording(true);
        let output = bench.text(&trade(103));
        assert!(!output.notices.is_empty(), "{spec}: two are missing");
        // It is so after a lost connection too, and where the recording was begun without one.
        bench.give(Input::Closed);
        bench.begin_recording(false);
        bench.open();
        bench.text(&trade(107));
    }
}

#[test]
fn a_minute_that_grows_goes_on() {
    let second = |number: i64| {
        let start = 1_610_144_640_000 + number * 1000;
        format!(
            r#"[{{"ev":"A","sym":"AAPL","v":4,"o":{number}.4488,"c":0.4486,"h":{number}.4489,"l":0.4486,"s":{start},"e":{}}}]"#,
            start + 1000
        )
    };
    let login = [
        r#"[{"ev":"status","status":"connected","message":""}]"#,
        r#"[{"ev":"status","status":"auth_success","message":""}]"#,
    ];
    let mut bench = told(
        &massive::VENUE,
        "massive:second_bars=true",
        &["AAPL"],
        &login,
    );
    bench.text(&second(1));
    bench.begin_recording(true);
    let grown = events(bench.text(&second(2)));
    assert_eq!(
        grown,
        ["#0 @1610144640000 bar 1.4488 2.4489 0.4486 0.4486 8"]
    );
}

#[test]
fn minutes_of_a_late_feed_close_as_late() {
    let mut bench = told(&finnhub::VENUE, "finnhub:services=OHLCV", &["AAPL"], &[]);
    let start = bench.now;
    let mut clocks = 0;
    for second in 0..200 {
        let now = start.plus_ms(second * 1000);
        clocks += bench.tick(now).events.len();
        if second == 100 {
            bench.begin_recording(true);
        }
        // From then on it is quiet: how late the trades were is all that is known.
        if second < 100 {
            let time = now.0 - 900_000;
            bench.text(&format!(
                r#"{{"type":"trade","data":[{{"s":"AAPL","p":1,"t":{time},"v":1,"c":null}}]}}"#
            ));
        }
    }
    assert!(clocks >= 2, "{clocks}");
}

#[test]
fn feeds_by_configuration_go_on() {
    let spec = "wss://feed.example/v1?symbol=/s&bid=/b&ask=/a&ready=/ok=1&subscribe={symbol}";
    let mut bench = told(
        &websocket::VENUE,
        spec,
        &["A"],
        &[
            r#"{"ok":1}"#,
            r#"{"s":"A","b":"1.50"}"#,
            r#"{"s":"A","a":2}"#,
        ],
    );
    let time = bench.now.0;
    assert_eq!(
        shown(&mut bench),
        [format!("#0 @{time} quote bid=1.50 ask=2")]
    );
    // It is known that the mapping takes something.
    for _ in 0..30 {
        bench.text(r#"{"other":1}"#);
    }
    bench.subscribe(&["B"]);
    assert_eq!(bench.sent(), ["B"]);
}

#[test]
fn what_an_endpoint_said_last_is_there() {
    let spec = "https://api.example/{symbol}?last=/price&period_ms=3600000";
    let mut bench = told(&http_poll::VENUE, spec, &["A"], &[]);
    let number = http_poll::protocol::number_of("A");
    bench.answer(number, 200, r#"{"price":1.50}"#);
    // The driver begins the session anew, because the recording has nothing to compare with.
    bench.open();
    let time = bench.now.0;
    assert_eq!(shown(&mut bench), [format!("#0 @{time} quote last=1.50")]);
    assert_eq!(
        bench.answer(number, 200, r#"{"price":1.50}"#).events.len(),
        1
    );
    assert_eq!(
        bench.answer(number, 200, r#"{"price":1.50}"#).events.len(),
        0
    );
}

#[test]
fn bars_from_before_go_on() {
    let mut bench = Workbench::new(&kraken::VENUE, "kraken:?services=OHLCV&backfill=10");
    bench.now = UnixMs(1_700_000_000_000);
    bench.subscribe(&["BTC/USD"]);
    bench.open();
    let bar = r#"{"channel":"ohlc","type":"update","timestamp":"2023-11-14T22:13:30Z","data":[{"symbol":"BTC/USD","open":1,"high":1,"low":1,"close":1,"trades":12,"volume":3,"vwap":1,"interval_begin":"2023-11-14T22:13:00.000000000Z","interval":1,"timestamp":"2023-11-14T22:14:00.000000Z"}]}"#;
    bench.text(bar);
    let asked = bench.output.ask[0].id;
    bench.begin_recording(true);
    let body = r#"{"error":[],"result":{"BTC/USD":[[1699999920,"1","2","1","2","1.5","7",3],[1699999980,"5","5","5","5","5","9",9]],"last":1}}"#;
    let came = events(bench.answer(asked, 200, body));
    // The newest one is left to the stream.
    assert_eq!(came.len(), 1, "{came:?}");
    assert!(!came[0].contains("1699999980000"), "{came:?}");
    bench.give(Input::Closed);
    bench.open();
    bench.now = UnixMs(bench.now.0 + 600_000);
    bench.text(bar);
    assert_eq!(bench.output.ask.len(), 1);
}

#[test]
fn what_cannot_be_read_is_said_and_the_rest_goes_on() {
    let mut bench = told(&kraken::VENUE, "kraken:", &["BTC/USD"], &[]);
    for bad in [
        "",
        "{\"own\":7}",
        "{\"bid\":\"x\"}",
        "{\"bid\":1}",
        "{\"own\":{\"trades\":[]}}",
    ] {
        let symbol = (
            "BTC/USD".parse().unwrap(),
            crate::domain::symbol::SymbolId(0),
        );
        let output = bench.give(Input::Kept(Some(&symbol), bad));
        assert_eq!(output.notices.len(), 1, "{bad}");
    }
    assert!(
        bench
            .give(Input::Kept(None, "{\"newer\":1}"))
            .notices
            .is_empty()
    );
}
