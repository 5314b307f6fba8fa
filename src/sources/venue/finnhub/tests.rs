#![allow(
    clippy::unwrap_used,
    clippy::panic,
    reason = "a test may stop at the first surprise"
)]

use proptest::prelude::*;
use secrecy::ExposeSecret;

use super::VENUE;
use crate::domain::outcome::ErrorKind;
use crate::domain::source::{BarOrigin, OpenRule};
use crate::sources::spec::SourceSpec;
use crate::sources::venue::session::Input;
use crate::sources::venue::testing::recorded;
use crate::sources::venue::testing::shown::{events, everything, notices};
use crate::sources::venue::testing::{Workbench, mutate};
use crate::sources::venue::{Connect, Next, Outgoing};

/// A venue whose connection is open, with these symbols asked for.
fn ready(spec: &str, symbols: &[&str]) -> Workbench {
    let mut bench = Workbench::new(&VENUE, spec);
    bench.subscribe(symbols);
    bench.open();
    bench
}

#[test]
fn the_key_is_in_the_query_and_nowhere_else() {
    let mut bench = Workbench::new(&VENUE, "finnhub:");
    let Connect::Open(endpoint) = bench.session.protocol().connect() else {
        panic!("it does not open");
    };
    assert_eq!(endpoint.url, "wss://ws.finnhub.io");
    assert!(!format!("{endpoint:?}").contains("KEY"));
    let query = endpoint.secret_query.unwrap();
    assert_eq!(query.expose_secret(), "token=KEY%2DFINNHUB%5FAPI%5FKEY");
    let output = bench.open();
    assert!(!everything(output).contains("KEY"));
    let spec: SourceSpec = "finnhub:".parse().unwrap();
    let setup = VENUE.setup(&spec, &|_| Some(String::new())).unwrap();
    let mut protocol = (VENUE.protocol)(&setup).unwrap();
    assert!(matches!(
        protocol.connect(),
        Connect::Refuse(ending) if ending.next == Next::Never && ending.message.contains("set FINNHUB_API_KEY")
    ));
    let ending = bench.session.protocol().refused(401, true);
    assert_eq!(
        (ending.kind, ending.next),
        (ErrorKind::AuthError, Next::Never)
    );
    assert!(ending.message.contains("check FINNHUB_API_KEY"));
    assert_eq!(
        bench.session.protocol().refused(429, true).kind,
        ErrorKind::RateLimited
    );
}

#[test]
fn bars_are_built_from_trades_and_the_limits_are_the_venues() {
    let bench = Workbench::new(&VENUE, "finnhub:");
    assert_eq!(
        bench.setup.products.bars,
        BarOrigin::Trades(OpenRule::FirstTrade)
    );
    let limits = (VENUE.limits)(&bench.setup);
    assert_eq!((limits.symbols_per_connection, limits.connections), (50, 1));
    for (spec, expected) in [
        ("finnhub:services=LEVEL1", "there are OHLCV, TIMESALE, NEWS"),
        ("finnhub:bars=venue", "has no option 'bars'"),
    ] {
        let error = spec.parse::<SourceSpec>().unwrap_err().to_string();
        assert!(error.contains(expected), "{error}");
    }
}

#[test]
fn every_symbol_is_asked_for_by_itself_and_counts_as_subscribed() {
    let mut bench = Workbench::new(&VENUE, "finnhub:services=TIMESALE");
    assert!(
        bench
            .subscribe(&["aapl", "BINANCE:BTCUSDT"])
            .notices
            .is_empty()
    );
    let output = bench.open();
    assert!(
        output
            .send
            .iter()
            .all(|text| matches!(text, Outgoing::Plain(_)))
    );
    assert_eq!(notices(output), ["ready", "subscribed #0", "subscribed #1"]);
    assert_eq!(
        bench.sent(),
        [
            r#"{"symbol":"AAPL","type":"subscribe"}"#,
            r#"{"symbol":"BINANCE:BTCUSDT","type":"subscribe"}"#,
        ]
    );
    assert_eq!(notices(bench.subscribe(&["F", "f"]))[0], "subscribed #2");
    assert_eq!(bench.sent(), [r#"{"symbol":"F","type":"subscribe"}"#]);
    assert!(notices(&bench.output)[1].starts_with("refused #3: f is the same as F"));
    bench.unsubscribe(0);
    assert_eq!(bench.sent(), [r#"{"symbol":"AAPL","type":"unsubscribe"}"#]);
    bench.give(Input::Closed);
    bench.session.protocol().connect();
    assert!(bench.subscribe(&["G"]).send.is_empty());
    let output = bench.open();
    assert_eq!(
        notices(output),
        ["ready", "subscribed #1", "subscribed #2", "subscribed #4"]
    );
    assert_eq!(bench.sent().len(), 3);
}

#[test]
fn news_are_asked_for_unless_the_services_say_otherwise() {
    for (spec, kinds) in [
        ("finnhub:", "subscribe subscribe-news"),
        ("finnhub:services=NEWS", "subscribe-news"),
        ("finnhub:services=OHLCV", "subscribe"),
        ("finnhub:services=OHLCV,TIMESALE", "subscribe"),
    ] {
        let bench = ready(spec, &["A"]);
        let sent: Vec<String> = bench
            .sent()
            .iter()
            .map(|text| {
                let sent: serde_json::Value = serde_json::from_str(text).unwrap();
                sent["type"].as_str().unwrap().to_owned()
            })
            .collect();
        assert_eq!(sent.join(" "), kinds, "{spec}");
    }
}

#[test]
fn a_batch_is_put_in_order_of_time() {
    let mut bench = ready("finnhub:services=TIMESALE", &["XOM", "A"]);
    let frame = r#"{"data":[{"c":["1"],"p":110.10,"s":"XOM","t":1700060242474,"v":5},{"c":["1","8"],"p":110.2,"s":"XOM","t":1700060242333,"v":100},{"c":null,"p":1,"s":"A","t":1700060242333,"v":0},{"c":["1"],"p":9,"s":"NOBODY","t":1,"v":1}],"type":"trade"}"#;
    let output = bench.text(frame);
    assert_eq!(
        events(output),
        [
            "#0 @1700060242333 trade 110.2x100 [1 8] lhv",
            "#1 @1700060242333 trade 1x0 [] lhv",
            "#0 @1700060242474 trade 110.10x5 [1] lhv",
        ]
    );
    assert_eq!(output.ignored, 1);
}

#[test]
fn a_headline_goes_to_the_symbols_that_it_is_related_to() {
    let mut bench = ready("finnhub:", &["AAPL", "F"]);
    let frame = r#"{"data":[{"category":"company","datetime":1679059200,"headline":"New","id":1,"image":"","related":"AAPL","source":"Wire","summary":"","url":"https://example.com"},{"datetime":1679059201,"headline":"Two","related":"F,AAPL, F"},{"datetime":1679059201,"headline":"None","related":""},{"headline":"x","related":"F"},{"datetime":9223372036854775807,"headline":"x","related":"F"}],"type":"news"}"#;
    let output = bench.text(frame);
    assert_eq!(
        events(output),
        [
            "#0 @1679059200000 news \"New\" AAPL",
            "#1 @1679059201000 news \"Two\" F,AAPL,F",
            "#0 @1679059201000 news \"Two\" F,AAPL,F",
        ]
    );
    assert_eq!(output.ignored, 1);
    let said = notices(output);
    assert!(
        said[0].starts_with("SchemaError: news: missing field `datetime`"),
        "{said:?}"
    );
    assert!(said[1].starts_with("SchemaError: datetime: "), "{said:?}");
}

#[test]
fn errors_say_what_to_do() {
    let error = |msg: &str| format!(r#"{{"type":"error","msg":"{msg}"}}"#);
    let mut bench = ready("finnhub:", &["A"]);
    for (msg, expected) in [
        (
            "Subscribing to too many symbols",
            "Overload: Subscribing to too many symbols: a connection takes 50 symbols",
        ),
        (
            "You don't have access to this resource.",
            "AuthError: You don't have access to this resource.: the plan does not have it; without news, services=OHLCV,TIMESALE",
        ),
        (
            "odd KEY-FINNHUB_API_KEY",
            "ConnectionError: the venue says: odd ***",
        ),
    ] {
        let output = bench.text(&error(msg));
        assert!(
            notices(output)[0].starts_with(expected),
            "{:?}",
            notices(output)
        );
        assert!(output.ending.is_none());
    }
    let ending = bench
        .text(&error("Invalid API key"))
        .ending
        .clone()
        .unwrap();
    assert_eq!(
        (ending.kind, ending.next),
        (ErrorKind::AuthError, Next::Never)
    );
    let output = bench.text(r#"{"type":"ping"}"#);
    assert_eq!(
        (output.ignored, output.notices.len(), output.send.len()),
        (0, 0, 0)
    );
}

#[test]
fn a_bad_trade_rejects_itself_alone() {
    let mut bench = ready("finnhub:services=TIMESALE", &["A"]);
    let good = r#"{"c":["1"],"p":9.35,"s":"A","t":1618845539775,"v":50}"#;
    for (bad, expected) in [
        (
            good.replace(r#","v":50"#, ""),
            "SchemaError A: a trade: missing field `v`",
        ),
        (
            good.replace("9.35", "1e400"),
            "SchemaError A: a trade: \"1e400\" is too large",
        ),
        (
            good.replace("9.35", "\"NaN\""),
            "SchemaError A: a trade: \"NaN\" is no number",
        ),
        (
            good.replace("1618845539775", "-1"),
            "SchemaError A: t: -1 is no time in milliseconds",
        ),
        ("null".to_owned(), "SchemaError: a trade: invalid type"),
    ] {
        let output = bench.text(&format!(r#"{{"type":"trade","data":[{bad},{good}]}}"#));
        assert_eq!(output.events.len(), 1, "{bad}");
        let said = notices(output);
        assert!(said.len() == 1 && said[0].starts_with(expected), "{said:?}");
    }
    for (frame, expected) in [
        ("", "DecodeError"),
        ("{\"type\":\"trade\",\"data\":[NaN]}", "DecodeError"),
        ("[]", "SchemaError"),
        ("{}", "SchemaError: a message: missing field `type`"),
        (
            r#"{"type":"trade"}"#,
            "SchemaError: trade: missing field `data`",
        ),
    ] {
        assert!(
            notices(bench.text(frame))[0].starts_with(expected),
            "{frame}"
        );
    }
    assert_eq!(bench.text(r#"{"type":"new kind","data":[1]}"#).ignored, 1);
}

#[test]
fn every_recorded_frame_is_taken() {
    let Some(frames) = recorded("finnhub/flipn_readme_trades_2022-12-29.jsonl") else {
        return;
    };
    let names = ["TSLA", "AAPL", "CLOV", "AMZN", "BINANCE:BTCUSDT"];
    let mut bench = ready("finnhub:services=TIMESALE", &names);
    let mut came = Vec::new();
    for line in frames.lines() {
        let output = bench.text(line);
        assert_eq!((output.ignored, output.notices.len()), (0, 0));
        came.extend(events(output));
    }
    assert_eq!(came.len(), 9);
    assert_eq!(came[0], "#0 @1672348887195 trade 122.1x1 [1 8 24 12] --v");
    assert_eq!(came[8], "#1 @1672348887785 trade 129.575x1 [1 24 12] --v");
    let frames = recorded("finnhub/frames_quoted.jsonl").unwrap();
    let mut came = Vec::new();
    let mut said = Vec::new();
    for line in frames.lines() {
        let output = bench.text(line);
        assert_eq!(output.ignored, 0, "{line}");
        came.extend(events(output));
        said.extend(notices(output));
    }
    assert_eq!(
        came,
        [
            "#1 @1618417965944 trade 133.22x13 [1 8 12] --v",
            "#1 @1618417965944 trade 133.22x87 [1 12] --v",
            "#1 @1618417966633 trade 133.22x1 [1 12] --v",
            "#1 @1618417966750 trade 133.215x50 [1 12] --v",
            "#2 @1618845539775 trade 9.35x50 [1 8 12] --v",
            "#2 @1618845539982 trade 9.355x800 [1] lhv",
            "#2 @1618845540010 trade 9.359x16 [1 12] --v",
            "#2 @1618845540324 trade 9.3581x1 [1 12] --v",
            "#2 @1618845540674 trade 9.3583x600 [1] lhv",
            "#3 @1626732221656 trade 3557.25x2 [1 24 12] --v",
            "#0 @1685567484229 trade 203.04x1 [1 24 12] --v",
            "#0 @1685567484403 trade 203.05x1 [1 24 12] --v",
            "#4 @1721555886208 trade 66972.77x0.01559 [] lhv",
        ]
    );
    assert_eq!(said.len(), 1);
    assert!(said[0].starts_with("Overload: Subscribing to too many symbols"));
}

/// Frames of every kind.
fn seeds() -> Vec<String> {
    [
        r#"{"type":"ping"}"#,
        r#"{"msg":"Subscribing to too many symbols","type":"error"}"#,
        r#"{"data":[{"c":["1","24","12"],"p":129.58,"s":"AAPL","t":1672348887666,"v":1},{"c":null,"p":66972.77,"s":"BINANCE:BTCUSDT","t":1721555886208,"v":0.01559}],"type":"trade"}"#,
        r#"{"data":[{"category":"company","datetime":1679059200,"headline":"New","id":1,"related":"AAPL","source":"Wire","summary":"x","url":"https://example.com"}],"type":"news"}"#,
    ]
    .map(str::to_owned)
    .to_vec()
}

proptest! {
    #![proptest_config(mutate::config())]

    #[test]
    fn nothing_that_comes_breaks_it(steps in mutate::steps(seeds())) {
        let names = ["AAPL", "BINANCE:BTCUSDT"];
        let mut bench = ready("finnhub:", &names);
        mutate::run(&mut bench, &names, &steps);
    }
}
