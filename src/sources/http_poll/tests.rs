#![allow(clippy::unwrap_used, reason = "a test may stop at the first surprise")]

mod data;
mod rig;
mod standing;

use std::io::Write;

use rig::{KEY, Reply, Rig, ok, reply};

use super::VENUE;
use super::protocol::{ALL, number_of};
use super::request::BODY_BYTES_MAX;
use crate::domain::event::Payload;
use crate::domain::outcome::{ErrorInstance, ErrorKind, Severity, Status};
use crate::domain::symbol::SymbolId;
use crate::domain::time::UnixMs;
use crate::pipeline::meters::ConnectionState;
use crate::pipeline::source::SourceCommand;
use crate::sources::spec::SourceSpec;
use crate::sources::venue::Notice;
use crate::sources::venue::session::Input;
use crate::sources::venue::testing::Workbench;
use ErrorKind::{ConnectionError, DecodeError, SchemaError};

const QUOTES: &str = "http://127.0.0.1:PORT/q/{symbol}?last=/p&period_ms=2";

fn price(price: usize) -> Reply {
    ok(format!("{{\"p\":{price}.50}}"))
}

#[tokio::test]
async fn what_changes_comes_once_and_what_stays_the_same_does_not() {
    let mut rig = Rig::new(QUOTES, &["A", "B/C"], |path, number, _| match path {
        "/q/A" => price(number / 3),
        _ => price(7),
    })
    .await;
    rig.until(|rig| rig.prices().iter().filter(|(id, _)| *id == 0).count() == 3)
        .await;
    rig.until(|rig| rig.asked("/q/B%2FC") > 5).await;
    let of = |id: u32| {
        let prices = rig.prices().into_iter();
        prices
            .filter(move |(one, _)| *one == id)
            .map(|(_, price)| price)
    };
    assert_eq!(of(0).take(3).collect::<Vec<_>>(), ["0.50", "1.50", "2.50"]);
    assert_eq!(of(1).collect::<Vec<_>>(), ["7.50"]);
    assert!(rig.events.iter().all(|event| event.time.is_some()));
    assert_eq!(rig.statuses[0].status, Status::Connecting);
    assert_eq!(rig.statuses[1].status, Status::Connected);
    assert_eq!(rig.statuses.len(), 2);
    assert!(rig.errors.is_empty(), "{:?}", rig.errors);
    let connection = &rig.control.meters.connections()[0];
    assert_eq!(connection.host, format!("127.0.0.1:{}", rig.port));
    assert_eq!(
        (connection.state, connection.subscriptions),
        (ConnectionState::Connected, 2)
    );

    let repeat = format!("{QUOTES}&repeat=true");
    let mut rig = Rig::new(&repeat, &["A"], |_, _, _| price(7)).await;
    rig.until(|rig| rig.events.len() > 3).await;
}

#[tokio::test]
async fn an_answer_that_is_the_same_need_not_come_again() {
    let tag = "ETag: \"x1\"\r\nLast-Modified: Wed, 21 Oct 2015 07:28:00 GMT\r\n";
    let mut rig = Rig::new(QUOTES, &["A"], move |_, number, head| {
        let knows = head.contains("if-none-match: \"x1\"")
            && head.contains("if-modified-since: wed, 21 oct 2015 07:28:00 gmt");
        match number {
            0 => reply(200, tag, "{\"p\":1.0}"),
            1..4 if knows => reply(304, "", ""),
            1..4 => reply(400, "", ""),
            _ => ok("{\"p\":2.0}"),
        }
    })
    .await;
    rig.until(|rig| rig.events.len() == 2).await;
    assert!(rig.errors.is_empty(), "{:?}", rig.errors);
}

#[tokio::test]
async fn a_failing_endpoint_is_tried_again_until_it_works() {
    let mut rig = Rig::new(QUOTES, &["A"], |_, number, _| match number {
        0 | 2 => reply(500, "", "broken"),
        1 => reply(503, "", ""),
        _ => price(1),
    })
    .await;
    rig.until(|rig| rig.events.len() == 1).await;
    let names: Vec<&str> = rig
        .statuses
        .iter()
        .map(|change| change.status.name())
        .collect();
    assert_eq!(
        names,
        [
            "connecting",
            "reconnecting",
            "reconnecting",
            "reconnecting",
            "connected"
        ]
    );
    assert!(rig.statuses[1].retry_ms.is_some());
    assert_eq!(rig.errors[0].kind, ErrorKind::ConnectionError);
    assert_eq!(rig.errors[0].sample.as_deref(), Some("broken"));
    assert!(
        rig.errors[0].message.contains("HTTP 500"),
        "{}",
        rig.errors[0].message
    );
    let connection = &rig.control.meters.connections()[0];
    assert_eq!((connection.reconnects, connection.next_retry), (3, None));
    assert!(connection.last_error.is_some());
}

#[tokio::test]
async fn one_symbol_that_fails_does_not_hold_the_others_up() {
    let mut rig = Rig::new(QUOTES, &["A", "BAD"], |path, number, _| match path {
        "/q/A" => price(number),
        _ => reply(500, "", ""),
    })
    .await;
    rig.until(|rig| rig.events.len() > 3 && rig.asked("/q/BAD") > 2)
        .await;
    let of_bad = |error: &&crate::domain::outcome::ErrorInstance| {
        error
            .symbol
            .as_ref()
            .is_some_and(|symbol| symbol.as_str() == "BAD")
    };
    assert_eq!(rig.errors.iter().filter(of_bad).count(), rig.errors.len());
    // How long it waits each time makes no other error of it.
    for error in &rig.errors {
        assert_eq!(error.message, rig.errors[0].message);
        assert!(
            error
                .next
                .as_deref()
                .unwrap()
                .starts_with("trying again in")
        );
    }
}

#[tokio::test]
async fn retry_after_is_kept_to_and_shown() {
    let mut rig = Rig::new(QUOTES, &["A", "B", "C"], |_, _, _| {
        reply(429, "Retry-After: 3600\r\n", "slow down")
    })
    .await;
    rig.until(|rig| rig.has_status(Status::Reconnecting)).await;
    assert_eq!(rig.errors[0].kind, ErrorKind::RateLimited);
    assert!(!rig.errors[0].message.contains("again"));
    let next = rig.errors[0].next.clone().unwrap();
    assert!(next.starts_with("trying again in 3600."), "{next}");
    assert!(
        rig.statuses[1]
            .retry_ms
            .is_some_and(|wait| wait >= 3_600_000)
    );
    let connection = &rig.control.meters.connections()[0];
    assert_eq!(connection.state, ConnectionState::Reconnecting);
    assert!(connection.next_retry.unwrap().0 > 3_500_000_000_000);
    let asked: usize = rig.asked.lock().unwrap().values().sum();
    assert!(asked <= 3, "{asked}");
    // It can be told to stop meanwhile.
    drop(rig.control);
}

#[tokio::test]
async fn a_refused_key_ends_the_source_and_is_not_shown() {
    let spec = "http://127.0.0.1:PORT/{symbol}?apikey={env:K}&last=/p&headers=X-Key: {env:K}";
    let mut rig = Rig::new(spec, &["A"], |path, _, head| {
        assert!(path.ends_with(&format!("?apikey={KEY}")), "{path}");
        assert!(head.contains(&format!("x-key: {KEY}")));
        reply(401, "", format!("no such key: {KEY}"))
    })
    .await;
    rig.until(|rig| rig.ended.is_some()).await;
    let (error, hopeless) = rig.ended.clone().unwrap();
    let error = error.unwrap();
    assert!(hopeless);
    assert_eq!(error.kind, ErrorKind::AuthError);
    assert_eq!(error.sample.as_deref(), Some("no such key: ***"));
    let shown = format!(
        "{:?} {:?} {:?}",
        rig.statuses,
        error,
        rig.control.meters.connections()
    );
    assert!(!shown.contains(KEY), "{shown}");
    assert_eq!(rig.control.meters.state(), ConnectionState::Failed);
}

#[tokio::test]
async fn a_symbol_that_is_not_there_is_not_asked_for_again() {
    let mut rig = Rig::new(QUOTES, &["A", "NONE"], |path, number, _| match path {
        "/q/A" => price(number),
        _ => reply(404, "", "unknown"),
    })
    .await;
    rig.until(|rig| rig.events.len() > 10 && !rig.errors.is_empty())
        .await;
    assert_eq!(rig.asked("/q/NONE"), 1);
    assert_eq!(rig.errors.len(), 1);
    assert_eq!(rig.errors[0].kind, ErrorKind::ConfigError);
    assert_eq!(rig.errors[0].symbol.as_ref().unwrap().as_str(), "NONE");
    assert_eq!(rig.control.meters.connections()[0].subscriptions, 1);
}

#[tokio::test]
async fn a_symbol_that_is_not_allowed_leaves_the_others_alone() {
    for status in [401, 403, 451] {
        // Whichever comes first: nobody knows what it means before another has been answered.
        for names in [["A", "PAID"], ["PAID", "A"]] {
            let mut rig = Rig::new(QUOTES, &names, move |path, number, _| match path {
                "/q/A" => price(number),
                _ => reply(status, "", "not in your plan"),
            })
            .await;
            let is_refused = |error: &ErrorInstance| error.kind == ErrorKind::ConfigError;
            rig.until(|rig| rig.events.len() > 10 && rig.errors.iter().any(is_refused))
                .await;
            let refused = rig.errors.iter().find(|error| is_refused(error)).unwrap();
            assert_eq!(refused.symbol.as_ref().unwrap().as_str(), "PAID");
            assert!(refused.message.contains(&status.to_string()), "{refused:?}");
            assert!(rig.ended.is_none());
            assert_eq!(rig.control.meters.connections()[0].subscriptions, 1);
        }
    }
}

#[tokio::test]
async fn an_endpoint_that_allows_nothing_is_given_up() {
    let mut rig = Rig::new(QUOTES, &["A", "B", "C", "D", "E"], |_, _, _| {
        reply(403, "", "no")
    })
    .await;
    rig.until(|rig| rig.ended.is_some()).await;
    let (error, hopeless) = rig.ended.clone().unwrap();
    let error = error.unwrap();
    assert!(hopeless && error.kind == ErrorKind::AuthError, "{error:?}");
    assert!(error.message.contains("check the key"), "{error:?}");
}

#[tokio::test]
async fn what_has_been_given_up_is_tried_again_when_somebody_asks_for_it() {
    let mut rig = Rig::new(QUOTES, &["A"], |_, number, _| {
        if number == 0 {
            reply(401, "", "expired")
        } else {
            price(number)
        }
    })
    .await;
    rig.until(|rig| rig.ended.is_some()).await;
    let (error, _) = rig.ended.clone().unwrap();
    let message = error.unwrap().message;
    assert!(message.contains("reconnect http"), "{message}");
    assert_eq!(rig.asked("/q/A"), 1);
    rig.control.commands.send(SourceCommand::Reconnect).unwrap();
    rig.until(|rig| rig.events.len() > 3).await;
    assert_eq!(rig.control.meters.state(), ConnectionState::Connected);
}

#[tokio::test]
async fn an_answer_that_cannot_be_read_is_a_failure_and_comes_again_whole() {
    let tag = "ETag: \"x1\"\r\n";
    for broken in ["{\"p\":1", "<html>", "{\"Error Message\":\"Limit Reach\"}"] {
        let mut rig = Rig::new(QUOTES, &["A"], move |_, number, head| match number {
            0..3 => reply(200, tag, broken),
            _ if head.contains("if-none-match") => reply(304, "", ""),
            _ => reply(200, tag, "{\"p\":1.0}"),
        })
        .await;
        rig.until(|rig| rig.events.len() == 1).await;
        let names = rig.statuses.iter().map(|change| change.status.name());
        let names: Vec<&str> = names.collect();
        assert_eq!(names[..2], ["connecting", "reconnecting"], "{broken}");
        assert_eq!(names.last(), Some(&"connected"), "{broken}");
        assert!(rig.errors.iter().all(|error| error.next.is_some()));
    }
}

#[tokio::test]
async fn bodies_that_cannot_be_taken_are_reported_and_the_next_is_taken() {
    let mut bomb = flate2::write::GzEncoder::new(Vec::new(), flate2::Compression::fast());
    bomb.write_all(&vec![b' '; BODY_BYTES_MAX + 1]).unwrap();
    let bomb = bomb.finish().unwrap();
    let mut packed = flate2::write::GzEncoder::new(Vec::new(), flate2::Compression::fast());
    packed.write_all(b"{\"p\":9.90}").unwrap();
    let packed = packed.finish().unwrap();
    let mut rig = Rig::new(QUOTES, &["A"], move |_, number, head| {
        assert!(head.contains("accept-encoding: gzip"));
        match number {
            0 => ok("<html>"),
            1 => ok("{\"p\":NaN}"),
            2 => ok(vec![0xff, 0xfe]),
            3 => ok("{\"x\":1}"),
            4 => reply(200, "Content-Encoding: gzip\r\n", bomb.clone()),
            5 => ok(vec![b' '; BODY_BYTES_MAX + 1]),
            6 => Reply {
                never: true,
                ..ok("")
            },
            _ => reply(200, "Content-Encoding: gzip\r\n", packed.clone()),
        }
    })
    .await;
    // The time-out is the usual one; a server that goes away is as good.
    rig.until(|rig| rig.errors.len() >= 6).await;
    let kinds: Vec<ErrorKind> = rig.errors.iter().map(|error| error.kind).collect();
    assert_eq!(
        kinds,
        [
            DecodeError,
            DecodeError,
            DecodeError,
            SchemaError,
            ConnectionError,
            ConnectionError
        ]
    );
    assert_eq!(rig.errors[0].sample.as_deref(), Some("<html>"));
    assert!(rig.errors[4].message.contains("more than 8388608 bytes"));
    assert_eq!(rig.control.meters.rejected.get(), 4);
}

#[tokio::test]
async fn an_answer_that_does_not_come_is_given_up() {
    let spec = format!("{QUOTES}&timeout_ms=40");
    let mut rig = Rig::new(&spec, &["A"], |_, number, _| Reply {
        never: number == 0,
        ..price(3)
    })
    .await;
    rig.until(|rig| rig.events.len() == 1).await;
    assert!(
        rig.errors[0].message.contains("no answer came in time"),
        "{:?}",
        rig.errors
    );
    assert!(rig.has_status(Status::Reconnecting) && rig.has_status(Status::Connected));
}

#[tokio::test]
async fn a_server_that_is_not_there_is_tried_again() {
    let listener = std::net::TcpListener::bind("127.0.0.1:0").unwrap();
    let port = listener.local_addr().unwrap().port();
    drop(listener);
    let spec = QUOTES.replace("PORT", &port.to_string());
    let mut rig = Rig::new(&spec, &["A"], |_, _, _| price(1)).await;
    rig.until(|rig| rig.errors.len() > 2).await;
    assert!(
        rig.errors
            .iter()
            .all(|error| error.kind == ErrorKind::ConnectionError)
    );
    assert!(
        !rig.errors[0].message.contains("/q/"),
        "{}",
        rig.errors[0].message
    );
}

#[tokio::test]
async fn symbols_come_and_go() {
    let mut rig = Rig::new(QUOTES, &["A"], |_, number, _| price(number)).await;
    rig.until(|rig| rig.events.len() > 2).await;
    let (a, b) = (rig.symbol("A"), rig.symbol("B"));
    rig.control
        .commands
        .send(SourceCommand::Subscribe(vec![b.clone()]))
        .unwrap();
    rig.until(|rig| rig.asked("/q/B") > 2).await;
    rig.control
        .commands
        .send(SourceCommand::Unsubscribe(vec![a]))
        .unwrap();
    rig.until(|rig| rig.control.meters.connections()[0].subscriptions == 1)
        .await;
    let (before, others) = (rig.asked("/q/A"), rig.asked("/q/B"));
    rig.until(|rig| rig.asked("/q/B") > others + 5).await;
    assert!(rig.asked("/q/A") <= before + 1);
    assert!(rig.prices().iter().any(|(id, _)| SymbolId(*id) == b.1));
}

#[tokio::test]
async fn one_request_may_be_for_all_symbols() {
    let spec =
        "http://127.0.0.1:PORT/all?list={symbols}&items=@message&symbol=/s&last=/p&period_ms=2";
    let mut rig = Rig::new(spec, &["A", "B"], |path, number, _| {
        assert_eq!(path, "/all?list=A,B");
        let later = number + 5;
        ok(format!(
            "[{{\"s\":\"A\",\"p\":1}},{{\"s\":\"B\",\"p\":{later}}},{{\"s\":\"C\",\"p\":1}}]"
        ))
    })
    .await;
    rig.until(|rig| rig.events.len() >= 4).await;
    let prices = rig.prices();
    let firsts: Vec<_> = prices[..3]
        .iter()
        .map(|(id, price)| (*id, price.as_str()))
        .collect();
    assert_eq!(firsts, [(0, "1"), (1, "5"), (1, "6")]);
    assert!(rig.control.meters.ignored.get() > 0);
}

#[tokio::test]
async fn presets_ask_what_their_endpoints_want() {
    let spec = "http:?preset=fmp&url=http%3A//127.0.0.1:PORT&period_ms=2";
    let mut rig = Rig::new(spec, &["AAPL"], |path, _, _| {
        assert_eq!(
            path,
            format!("/stable/quote-short?symbol=AAPL&apikey={KEY}")
        );
        ok(r#"[{"symbol":"AAPL","price":232.80,"change":4.2,"volume":44489128}]"#)
    })
    .await;
    rig.until(|rig| rig.events.len() == 1).await;
    assert_eq!(rig.prices(), [(0, "232.80".to_owned())]);
    let spec = "http:?preset=fmp-legacy&url=http%3A//127.0.0.1:PORT";
    let mut rig = Rig::new(spec, &["AAPL"], |path, _, _| {
        assert_eq!(path, format!("/api/v3/quote-short/AAPL?apikey={KEY}"));
        reply(403, "", r#"{"Error Message":"Legacy Endpoint"}"#)
    })
    .await;
    rig.until(|rig| rig.ended.is_some()).await;
}

#[test]
fn bars_of_a_chart_come_once_and_again_when_they_change() {
    let mut bench = Workbench::new(&VENUE, "http:?preset=yahoo");
    bench.subscribe(&["AAPL", "NONE"]);
    let chart = |last: &str, volume: u32| {
        format!(
            r#"{{"chart":{{"result":[{{"meta":{{"symbol":"AAPL"}},"timestamp":[1700000040,1700000100,1700000160],
            "indicators":{{"quote":[{{"open":[1.10,null,3],"high":[1.2,null,3.5],"low":[1,null,3],"close":[1.15,null,{last}],
            "volume":[100,null,{volume}]}}]}}}}],"error":null}}}}"#
        )
    };
    let number = number_of("AAPL");
    let bars = |output: &crate::sources::venue::Output| -> Vec<(i64, String)> {
        let bar = |event: &crate::domain::event::Event| match &event.payload {
            Payload::Ohlcv(bar) => (event.time.unwrap().0, bar.close.unwrap().to_string()),
            other => unreachable!("{other:?}"),
        };
        output.events.iter().map(bar).collect()
    };
    let first = bars(bench.answer(number, 200, &chart("3.20", 7)));
    assert_eq!(
        first,
        [
            (1_700_000_040_000, "1.15".to_owned()),
            (1_700_000_160_000, "3.20".to_owned())
        ]
    );
    assert_eq!(bench.output.notices, [Notice::Subscribed(SymbolId(0))]);
    assert_eq!(bars(bench.answer(number, 200, &chart("3.20", 7))), []);
    let changed = bars(bench.answer(number, 200, &chart("3.30", 8)));
    assert_eq!(changed, [(1_700_000_160_000, "3.30".to_owned())]);
    // The bar that grows has the time of its last trade.
    let growing = chart("3.40", 9).replace("1700000160", "1700000177");
    let grown = bars(bench.answer(number, 200, &growing));
    assert_eq!(grown, [(1_700_000_160_000, "3.40".to_owned())]);
    assert_eq!(bars(bench.answer(number, 200, &chart("3.40", 9))), []);
    // A recording that begins is given all bars again.
    bench.open();
    assert_eq!(bars(bench.answer(number, 200, &chart("3.40", 9))).len(), 2);

    let nothing = r#"{"chart":{"result":[{"meta":{},"indicators":{"quote":[{}]}}],"error":null}}"#;
    bench.answer(number_of("NONE"), 200, nothing);
    let [Notice::Error(error)] = &bench.output.notices[..] else {
        unreachable!("it is reported that there is nothing")
    };
    assert_eq!(
        (error.kind, error.severity),
        (ErrorKind::ConfigError, Severity::Warning)
    );
    bench.answer(number_of("NONE"), 200, nothing);
    assert_eq!(bench.output.notices, []);
    let error =
        r#"{"chart":{"result":null,"error":{"code":"Not Found","description":"No data found"}}}"#;
    bench.answer(number_of("NONE"), 200, error);
    let ending = bench.output.ending.take().unwrap();
    assert_eq!(ending.message, "the endpoint says: No data found");
    assert_eq!(bench.answer(ALL, 200, "[]").ignored, 1);
}

#[test]
fn lists_of_trades_come_in_order_and_only_what_is_new() {
    let spec = "https://a.example/t/{symbol}?items=/t&price=/p&time=/T&trade_id=/i";
    let mut bench = Workbench::new(&VENUE, spec);
    bench.subscribe(&["A"]);
    let number = number_of("A");
    let trade = |time: u32| format!("{{\"p\":1,\"T\":{time}}}");
    let list = |times: &[u32]| {
        let trades: Vec<String> = times.iter().copied().map(trade).collect();
        format!("{{\"t\":[{}]}}", trades.join(","))
    };
    let times = |output: &crate::sources::venue::Output| -> Vec<i64> {
        output
            .events
            .iter()
            .map(|event| event.time.unwrap().0)
            .collect()
    };
    assert_eq!(
        times(bench.answer(number, 200, &list(&[3, 2, 2, 1]))),
        [1, 2, 2, 3]
    );
    assert_eq!(
        times(bench.answer(number, 200, &list(&[4, 3, 3, 2, 2]))),
        [3, 4]
    );
    bench.now = UnixMs(99);
    assert_eq!(
        times(bench.answer(number, 200, "{\"t\":[{\"p\":5}]}")),
        [99]
    );
    assert_eq!(
        times(bench.answer(number, 200, "{\"t\":[{\"p\":5}]}")),
        Vec::<i64>::new()
    );
    let symbol = (
        crate::domain::symbol::Symbol::new("A").unwrap(),
        SymbolId(0),
    );
    bench.give(Input::Resync(&symbol));
    assert_eq!(
        times(bench.answer(number, 200, "{\"t\":[{\"p\":5}]}")),
        [99]
    );
    bench.unsubscribe(0);
    assert_eq!(bench.answer(number, 200, "{\"t\":[{\"p\":5}]}").ignored, 1);
}

#[test]
fn urls_are_specifications_and_mistakes_are_named() {
    let parse = |text: &str| text.parse::<SourceSpec>();
    let spec =
        parse("https://a.example/q/{symbol}?exchange=US&period_ms=500&last=/p&query.last=x&a")
            .unwrap();
    assert_eq!(spec.kind().name, "http");
    assert_eq!(
        spec.rest(),
        "https://a.example/q/{symbol}?exchange=US&last=x&a"
    );
    assert_eq!(spec.option("period_ms"), Some("500"));
    for good in [
        "http://127.0.0.1:80/{symbol}?last=/p",
        "http:https://a.example/?symbol={symbol}&last=/p",
        "http:?url=https%3A//a.example/%7Bsymbol%7D%3Fa%3Db&last=/p",
        "http:?preset=yahoo",
        "https://a.example/{symbol}?apikey=demo&last=%2Fa%20b",
        "https://a.example/{symbol}?token={env:T}&last=/p",
    ] {
        assert_eq!(
            parse(good).map(|spec| spec.kind().name),
            Ok("http"),
            "{good}"
        );
    }
    for (bad, expected) in [
        ("http:", "url is needed"),
        ("http://a.example/{symbol}?last=/p", "is not encrypted"),
        (
            "https://a.example/{symbol}?perid_ms=5&last=/p",
            "did you mean 'period_ms'? What belongs to the URL itself is written query.perid_ms=",
        ),
        (
            "https://a.example/{symbol}?period_ms=0&last=/p",
            "whole number from 1",
        ),
        ("https://a.example/{symbol}", "map is needed"),
        ("https://a.example/?last=/p", "symbol is needed"),
        (
            "https://a.example/{symbol}?last=p",
            "last=p: is no JSON pointer",
        ),
        ("https://a.example/{symbol}?last=/p&last=/q", "given twice"),
        ("https://a.example/{symbol}?last=%ff", "not UTF-8"),
        (
            "https://a.example/{symbol}?token=0123456789&last=/p",
            "'token' looks like a key",
        ),
        (
            "https://a.example/{symbol}?preset=fmp",
            "preset=fmp: knows its URL",
        ),
        ("http:?preset=fmp&last=/p", "knows its mapping"),
        (
            "http:?preset=bloomberg",
            "must be one of fmp, fmp-legacy, yahoo",
        ),
        ("https://a.example/{symbol}#x?last=/p", "holds a '#'"),
        (
            "https://user:pw@a.example/{symbol}?last=/p",
            "holds a name or password",
        ),
    ] {
        let message = parse(bad).unwrap_err().to_string();
        assert!(message.contains(expected), "{bad}: {message}");
        assert!(!message.contains("0123456789"), "{message}");
    }
}

#[test]
fn no_two_symbols_of_a_list_share_a_number() {
    let mut numbers: Vec<u64> = (0..20_000).map(|at| number_of(&format!("S{at}"))).collect();
    numbers.sort_unstable();
    numbers.dedup();
    // Odd numbers of 52 bits: among so many there may hardly be a pair.
    assert!(numbers.len() >= 19_999);
    assert!(
        numbers
            .iter()
            .all(|number| *number != ALL && *number < 1 << 53)
    );
}
