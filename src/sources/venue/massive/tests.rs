#![allow(clippy::unwrap_used, reason = "a test may stop at the first surprise")]

use std::time::Duration;

use proptest::prelude::*;

use super::VENUE;
use crate::domain::outcome::ErrorKind;
use crate::sources::spec::SourceSpec;
use crate::sources::venue::session::Input;
use crate::sources::venue::testing::shown::{events, everything, notices};
use crate::sources::venue::testing::{Workbench, mutate};
use crate::sources::venue::{Connect, Next, Outgoing};

const CONNECTED: &str =
    r#"[{"ev":"status","status":"connected","message":"Connected Successfully"}]"#;

fn status(status: &str, message: &str) -> String {
    serde_json::json!([{"ev": "status", "status": status, "message": message}]).to_string()
}

/// A venue that is logged in, with these symbols asked for.
fn ready(spec: &str, symbols: &[&str]) -> Workbench {
    let mut bench = Workbench::new(&VENUE, spec);
    bench.subscribe(symbols);
    bench.open();
    bench.text(CONNECTED);
    bench.text(&status("auth_success", "authenticated"));
    bench
}

#[test]
fn the_key_is_sent_after_the_greeting_and_never_in_plain() {
    let mut bench = Workbench::new(&VENUE, "massive:services=OHLCV");
    assert!(bench.subscribe(&["AAPL", "BRK.B"]).send.is_empty());
    assert!(bench.open().send.is_empty());
    let output = bench.text(CONNECTED);
    assert!(matches!(output.send.as_slice(), [Outgoing::Secret(_)]));
    assert!(!everything(output).contains("KEY-"));
    assert_eq!(
        bench.sent(),
        [r#"{"action":"auth","params":"KEY-MASSIVE_API_KEY"}"#]
    );
    let output = bench.text(&status("auth_success", "authenticated"));
    assert_eq!(notices(output), ["ready"]);
    assert_eq!(
        bench.sent(),
        [r#"{"action":"subscribe","params":"AM.AAPL,AM.BRK.B"}"#]
    );
}

#[test]
fn the_other_name_of_the_key_is_taken_too() {
    let spec: SourceSpec = "massive:".parse().unwrap();
    let old = |name: &str| (name == "POLYGON_API_KEY").then(|| "old".to_owned());
    let setup = VENUE.setup(&spec, &old).unwrap();
    let mut protocol = (VENUE.protocol)(&setup).unwrap();
    assert!(matches!(protocol.connect(), Connect::Open(_)));
    let setup = VENUE.setup(&spec, &|_| None).unwrap();
    let mut protocol = (VENUE.protocol)(&setup).unwrap();
    assert!(matches!(
        protocol.connect(),
        Connect::Refuse(ending) if ending.next == Next::Never && ending.message.contains("set MASSIVE_API_KEY")
    ));
}

#[test]
fn the_options_choose_host_and_channels() {
    for (spec, url, channels) in [
        (
            "massive:",
            "wss://socket.massive.com/stocks",
            "AM.X,T.X,Q.X,LULD.X",
        ),
        (
            "massive:feed=delayed",
            "wss://delayed.massive.com/stocks",
            "AM.X,T.X,Q.X,LULD.X",
        ),
        (
            "massive:feed=delayed,services=TIMESALE?url=ws://127.0.0.1:1",
            "ws://127.0.0.1:1/stocks",
            "T.X",
        ),
        (
            "massive:services=LEVEL1",
            "wss://socket.massive.com/stocks",
            "AM.X,Q.X,LULD.X",
        ),
        (
            "massive:services=OHLCV,second_bars=true",
            "wss://socket.massive.com/stocks",
            "AM.X,A.X",
        ),
        (
            "massive:services=OHLCV,bars=trades",
            "wss://socket.massive.com/stocks",
            "T.X",
        ),
    ] {
        let mut bench = ready(spec, &["X"]);
        let expected = format!(r#"{{"action":"subscribe","params":"{channels}"}}"#);
        assert_eq!(bench.sent(), [expected], "{spec}");
        assert!(matches!(
            bench.session.protocol().connect(),
            Connect::Open(endpoint) if endpoint.url == url
        ));
    }
    for (spec, expected) in [
        ("massive:services=NEWS", "there are OHLCV, LEVEL1, TIMESALE"),
        ("massive:feed=iex", "must be one of realtime, delayed"),
        (
            "massive:second_bars=true,bars=trades",
            "goes with the venue's own bars",
        ),
    ] {
        let error = spec.parse::<SourceSpec>().unwrap_err().to_string();
        assert!(error.contains(expected), "{error}");
    }
}

#[test]
fn every_status_means_what_it_means() {
    let half_a_minute = Next::RetryAfter(Duration::from_secs(30));
    for (name, kind, next, words) in [
        (
            "auth_failed",
            ErrorKind::AuthError,
            Next::Never,
            "check MASSIVE_API_KEY",
        ),
        (
            "auth_timeout",
            ErrorKind::AuthError,
            Next::Retry,
            "took too long",
        ),
        (
            "max_connections",
            ErrorKind::ConnectionError,
            half_a_minute,
            "another connection of the same account took its place",
        ),
    ] {
        let mut bench = Workbench::new(&VENUE, "massive:");
        bench.open();
        bench.text(CONNECTED);
        let output = bench.text(&status(name, "no KEY-MASSIVE_API_KEY"));
        let ending = output.ending.clone().unwrap();
        assert_eq!((ending.kind, ending.next), (kind, next), "{name}");
        assert!(ending.message.contains(words), "{}", ending.message);
        assert!(!everything(output).contains("KEY-"), "{name}");
    }
    let mut bench = ready("massive:", &["X"]);
    let ending = bench.session.protocol().closed(1008, "");
    assert_eq!(
        (ending.kind, ending.next),
        (ErrorKind::ConnectionError, half_a_minute)
    );
    assert!(
        ending
            .message
            .contains("another connection of the same account")
    );
    assert_eq!(bench.session.protocol().closed(1011, "x").next, Next::Retry);
    let output = bench.text(&status("error", "not authorized"));
    assert!(output.ending.is_none());
    assert!(
        notices(output)[0].starts_with("AuthError: the venue refused a request (not authorized)")
    );
    assert_eq!(bench.text(&status("a new one", "")).ignored, 1);
}

#[test]
fn each_channel_is_confirmed_and_each_symbol_once() {
    let mut bench = ready("massive:", &["AAPL", "BRK.B"]);
    let ack = |message: &str| status("success", message);
    assert_eq!(
        notices(bench.text(&ack("subscribed to: T.BRK.B"))),
        ["subscribed #1"]
    );
    assert!(
        bench
            .text(&ack("subscribed to: AM.BRK.B"))
            .notices
            .is_empty()
    );
    assert_eq!(
        notices(bench.text(&ack("subscribed to: AM.AAPL,Q.AAPL"))),
        ["subscribed #0"]
    );
    for strange in [
        "subscribed to: AAPL",
        "subscribed to:",
        "done",
        "subscribed to: X.Y.Z",
    ] {
        let output = bench.text(&ack(strange));
        assert!(
            output.notices.is_empty() && output.ending.is_none(),
            "{strange}"
        );
    }
}

#[test]
fn a_channel_that_is_not_confirmed_is_asked_for_again_some_times() {
    let mut bench = ready("massive:", &["AAPL", "MSFT"]);
    let start = bench.now;
    bench.text(&status(
        "success",
        "subscribed to: AM.AAPL,T.AAPL,Q.AAPL,LULD.AAPL,AM.MSFT,T.MSFT,LULD.MSFT",
    ));
    let again = [r#"{"action":"subscribe","params":"Q.MSFT"}"#];
    for (second, is_asked) in [
        (14, false),
        (15, true),
        (44, false),
        (45, true),
        (104, false),
    ] {
        assert!(bench.tick(start.plus_ms(second * 1000)).notices.is_empty());
        let expected: &[&str] = if is_asked { &again } else { &[] };
        assert_eq!(bench.sent(), expected, "{second}");
    }
    let said = notices(bench.tick(start.plus_ms(105_000)));
    assert_eq!(
        said,
        ["ConnectionError: the venue has not confirmed all channels of MSFT"]
    );
    assert!(bench.tick(start.plus_ms(500_000)).notices.is_empty());
    // What the venue has refused it would refuse again.
    let mut bench = ready("massive:", &["AAPL"]);
    bench.text(&status("error", "not in your plan"));
    let now = bench.now;
    assert!(bench.tick(now.plus_ms(15_000)).send.is_empty());
}

#[test]
fn changes_go_out_as_differences_and_a_new_connection_asks_for_all() {
    let mut bench = ready("massive:services=TIMESALE", &["A", "B"]);
    bench.subscribe(&["C"]);
    assert_eq!(bench.sent(), [r#"{"action":"subscribe","params":"T.C"}"#]);
    bench.unsubscribe(0);
    assert_eq!(bench.sent(), [r#"{"action":"unsubscribe","params":"T.A"}"#]);
    bench.give(Input::Closed);
    bench.session.protocol().connect();
    assert!(bench.subscribe(&["D"]).send.is_empty());
    bench.open();
    bench.text(CONNECTED);
    bench.text(&status("auth_success", "authenticated"));
    assert_eq!(
        bench.sent(),
        [r#"{"action":"subscribe","params":"T.B,T.C,T.D"}"#]
    );
    let names: Vec<String> = (0..3000).map(|number| format!("S{number}")).collect();
    let names: Vec<&str> = names.iter().map(String::as_str).collect();
    bench.subscribe(&names);
    assert!(bench.sent().len() > 1);
    assert!(bench.sent().iter().all(|text| text.len() < 8100));
    let asked: usize = bench
        .sent()
        .iter()
        .map(|text| text.matches("T.S").count())
        .sum();
    assert_eq!(asked, 3000);
}

#[test]
fn documented_messages_become_events() {
    let mut bench = ready("massive:", &["GTE", "MSFT"]);
    let frame = r#"[{"ev":"AM","sym":"GTE","v":4110,"av":9470157,"op":0.4372,"vw":0.4488,"o":0.4488,"c":0.4486,"h":0.44890,"l":0.4486,"a":0.4352,"z":685,"s":1610144640000,"e":1610144700000},
        {"ev":"T","sym":"MSFT","x":4,"i":"12345","z":3,"p":114.1250,"s":100,"c":[0,12],"t":1536036818784,"q":3681328},
        {"ev":"T","sym":"MSFT","x":4,"i":"12346","z":3,"p":114.13,"s":0,"ds":"0.5","c":[37],"t":1536073200000,"q":3681329,"trfi":202,"trft":1536073199999},
        {"ev":"T","sym":"MSFT","x":4,"z":3,"p":114.14,"s":3,"c":null,"t":1536073200001,"q":3681330},
        {"ev":"Q","sym":"MSFT","bx":4,"bp":114.125,"bs":100,"ax":7,"ap":114.128,"as":160,"c":0,"i":[604],"t":1536036818784,"q":50385480,"z":3},
        {"ev":"Q","sym":"MSFT","bx":4,"bp":114.1,"bs":1,"c":0,"t":1536036818785,"q":50385481,"z":3},
        {"ev":"LULD","T":"MSFT","h":218.94,"l":205.980,"i":[17],"z":3,"t":1611682818365,"q":1615869},
        {"ev":"FMV","sym":"MSFT","fmv":189.22,"t":1678220098130}]"#;
    let output = bench.text(frame);
    assert_eq!(
        events(output),
        [
            "#0 @1610144640000 bar 0.4488 0.44890 0.4486 0.4486 4110",
            "#0 @1610144700000 quote volume=9470157",
            "#1 @1536036818784 trade 114.1250x100 [0 12] lhv id 12345 on 4",
            "#1 @1536073200000 trade 114.13x0.5 [37] --v id 12346 on 4/202",
            "#1 @1536073200001 trade 114.14x3 [] lhv on 4",
            "#1 @1536036818784 quote bid=114.125 bid_size=100 ask=114.128 ask_size=160",
            "#1 @1536036818785 quote bid=114.1 bid_size=1 ask=0 ask_size=0",
            "#1 @1611682818365 facts lower=205.980 upper=218.94",
        ]
    );
    assert_eq!((output.ignored, output.notices.len()), (1, 0));
    let mut bench = ready("massive:services=LEVEL1", &["GTE"]);
    let frame = r#"[{"ev":"AM","sym":"GTE","v":4110,"av":9470157,"o":0.4488,"c":0.4486,"h":0.4489,"l":0.4486,"s":1610144640000,"e":1610144700000}]"#;
    assert_eq!(
        events(bench.text(frame)),
        ["#0 @1610144700000 quote last=0.4486 volume=9470157"]
    );
}

#[test]
fn a_minute_grows_by_seconds_until_its_own_bar_comes() {
    let mut bench = ready("massive:services=OHLCV,second_bars=true", &["A"]);
    let bar = |kind: &str, start: i64, prices: [&str; 4], volume: &str| {
        let [open, high, low, close] = prices;
        format!(
            r#"[{{"ev":"{kind}","sym":"A","o":{open},"h":{high},"l":{low},"c":{close},"v":{volume},"s":{start},"e":{}}}]"#,
            start + 1000
        )
    };
    let minute = 1_610_144_640_000;
    assert_eq!(
        events(bench.text(&bar("A", minute + 5000, ["10", "12", "9", "11"], "100"))),
        ["#0 @1610144640000 bar 10 12 9 11 100"]
    );
    assert_eq!(
        events(bench.text(&bar("A", minute + 9000, ["11", "13", "10", "12"], "50.5"))),
        ["#0 @1610144640000 bar 10 13 9 12 150.5"]
    );
    assert_eq!(
        events(bench.text(&bar("AM", minute, ["10", "13", "8", "12"], "160"))),
        [
            "#0 @1610144640000 bar 10 13 8 12 160",
            "#0 @1610144700000 clock"
        ]
    );
    // The minute is complete: what comes late does not spoil it.
    assert_eq!(
        bench
            .text(&bar("A", minute + 59_000, ["1", "1", "1", "1"], "1"))
            .ignored,
        1
    );
    assert_eq!(
        events(bench.text(&bar("A", minute + 60_000, ["12", "12", "12", "12"], "1"))),
        ["#0 @1610144700000 bar 12 12 12 12 1"]
    );
    let huge = "79228162514264337593543950335";
    let output = bench.text(&bar(
        "A",
        minute + 61_000,
        ["12", "12", "12", "12"],
        &huge[..28],
    ));
    assert_eq!(output.events.len(), 1);
    for second in 62..80 {
        let text = bar(
            "A",
            minute + second * 1000,
            ["12", "12", "12", "12"],
            &huge[..28],
        );
        bench.text(&text);
    }
    assert!(notices(&bench.output)[0].contains("the minute's volume is more than a number holds"));
}

#[test]
fn a_bad_element_rejects_itself_alone() {
    let mut bench = ready("massive:", &["MSFT"]);
    let good =
        r#"{"ev":"T","sym":"MSFT","x":4,"i":"1","p":114.125,"s":100,"c":[0],"t":1536036818784}"#;
    for (bad, expected) in [
        (
            good.replace(r#""p":114.125,"#, ""),
            "SchemaError MSFT: T: missing field `p`",
        ),
        (
            good.replace("114.125", "1e400"),
            "SchemaError MSFT: T: \"1e400\" is too large",
        ),
        (
            good.replace("1536036818784", "-5"),
            "SchemaError MSFT: t: -5 is no time in milliseconds",
        ),
        (
            good.replace("[0]", "[\"@\"]"),
            "SchemaError MSFT: T: invalid type",
        ),
        (
            r#"{"ev":"Q","sym":"MSFT","t":1}"#.to_owned(),
            "SchemaError MSFT: Q: missing field `bp` or `ap`",
        ),
        (
            r#"{"sym":"MSFT"}"#.to_owned(),
            "SchemaError MSFT: a message: missing field `ev`",
        ),
        ("[]".to_owned(), "SchemaError: a message: "),
    ] {
        let output = bench.text(&format!("[{bad},{good}]"));
        assert_eq!(output.events.len(), 1, "{bad}");
        let said = notices(output);
        assert!(said.len() == 1 && said[0].starts_with(expected), "{said:?}");
    }
    assert!(notices(bench.text("[NaN]"))[0].starts_with("DecodeError"));
    assert!(notices(bench.text("{}"))[0].starts_with("SchemaError"));
}

#[test]
fn quotes_and_limits_that_are_not_newer_are_left_out() {
    let quote = |number: u64, ms: i64, bid: u64| {
        format!(
            r#"[{{"ev":"Q","sym":"AAPL","bp":{bid},"bs":1,"t":{},"q":{number}}}]"#,
            1_536_036_818_784 + ms
        )
    };
    let mut bench = ready("massive:", &["AAPL"]);
    for (number, ms, is_taken) in [
        (100, 0, true),
        // Numbers are left out, and nothing is missing.
        (150, 5, true),
        (150, 5, false),
        (120, 2, false),
        (120, 5, false),
        (151, 5, true),
        // The next day's numbers begin anew.
        (3, 80_000_000, true),
        (2, 80_000_000, false),
        (4, 80_000_001, true),
    ] {
        let output = bench.text(&quote(number, ms, number));
        let expected = (usize::from(is_taken), u64::from(!is_taken));
        assert_eq!((output.events.len(), output.ignored), expected, "{number}");
        assert!(output.notices.is_empty());
    }
    let limits = r#"[{"ev":"LULD","T":"AAPL","h":218.94,"l":205.98,"i":[17],"z":3,"t":1611682818365,"q":1615869}]"#;
    assert_eq!(bench.text(limits).events.len(), 1);
    assert_eq!(bench.text(limits).events.len(), 0);
    // Late trades are trades, and without a number nobody knows.
    let trade = r#"[{"ev":"T","sym":"AAPL","x":4,"i":"1","z":3,"p":114.125,"s":100,"c":[0],"t":1536036818784,"q":7}]"#;
    assert_eq!(bench.text(trade).events.len(), 1);
    assert_eq!(bench.text(&trade.replace(":7", ":5")).events.len(), 1);
    let plain = quote(5, 0, 5).replace(r#","q":5"#, "");
    assert_eq!(bench.text(&plain).events.len(), 1);
    bench.open();
    assert_eq!(
        bench.text(&quote(1, 0, 1)).events.len(),
        1,
        "a new connection"
    );
}

/// Frames of every kind.
fn seeds() -> Vec<String> {
    let mut seeds = vec![
        CONNECTED.to_owned(),
        status("auth_success", "authenticated"),
        status("success", "subscribed to: AM.AAPL"),
        status("error", "not authorized"),
    ];
    seeds.extend([
        r#"[{"ev":"AM","sym":"AAPL","v":4110,"av":9470157,"op":0.4372,"o":0.4488,"c":0.4486,"h":0.4489,"l":0.4486,"s":1610144640000,"e":1610144700000},{"ev":"A","sym":"AAPL","v":4,"o":0.4488,"c":0.4486,"h":0.4489,"l":0.4486,"s":1610144701000,"e":1610144702000}]"#,
        r#"[{"ev":"T","sym":"AAPL","x":4,"i":"12345","z":3,"p":114.125,"s":100,"ds":"100.5","c":[0,12],"t":1536036818784,"q":3681328}]"#,
        r#"[{"ev":"Q","sym":"BRK.B","bx":4,"bp":114.125,"bs":100,"ax":7,"ap":114.128,"as":160,"c":0,"i":[604],"t":1536036818784,"q":50385480,"z":3}]"#,
        r#"[{"ev":"LULD","T":"AAPL","h":218.94,"l":205.98,"i":[17],"z":3,"t":1611682818365,"q":1615869}]"#,
    ].map(str::to_owned));
    seeds
}

proptest! {
    #![proptest_config(mutate::config())]

    #[test]
    fn nothing_that_comes_breaks_it(steps in mutate::steps(seeds()), by_seconds: bool) {
        let names = ["AAPL", "BRK.B"];
        let mut bench = ready(&format!("massive:second_bars={by_seconds}"), &names);
        mutate::run(&mut bench, &names, &steps);
    }
}
