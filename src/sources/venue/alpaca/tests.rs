#![allow(
    clippy::unwrap_used,
    clippy::panic,
    reason = "a test may stop at the first surprise"
)]

use proptest::prelude::*;

use super::VENUE;
use crate::domain::event::{DataService, ServiceSet};
use crate::domain::outcome::ErrorKind;
use crate::domain::symbol::{Symbol, SymbolId};
use crate::sources::spec::SourceSpec;
use crate::sources::venue::session::Input;
use crate::sources::venue::testing::recorded;
use crate::sources::venue::testing::shown::{events, everything, notices};
use crate::sources::venue::testing::{Workbench, mutate};
use crate::sources::venue::{Connect, Next, Outgoing};

const CONNECTED: &str = r#"[{"T":"success","msg":"connected"}]"#;
const AUTHENTICATED: &str = r#"[{"T":"success","msg":"authenticated"}]"#;

/// A venue that is logged in, with these symbols asked for.
fn ready(spec: &str, symbols: &[&str]) -> Workbench {
    let mut bench = Workbench::new(&VENUE, spec);
    bench.subscribe(symbols);
    bench.open();
    bench.text(CONNECTED);
    bench.text(AUTHENTICATED);
    bench
}

fn error(code: i64, msg: &str) -> String {
    serde_json::json!([{"T": "error", "code": code, "msg": msg}]).to_string()
}

/// The texts of a recorded session that came from the venue.
fn received(session: &str) -> Vec<&str> {
    session
        .lines()
        .filter_map(|line| line.strip_prefix("< "))
        .collect()
}

#[test]
fn the_keys_are_sent_after_the_greeting_and_never_in_plain() {
    let mut bench = Workbench::new(&VENUE, "alpaca:iex?services=LEVEL1");
    assert!(matches!(
        bench.session.protocol().connect(),
        Connect::Open(endpoint) if endpoint.url == "wss://stream.data.alpaca.markets/v2/iex"
            && endpoint.secret_query.is_none()
    ));
    assert!(bench.subscribe(&["aapl", "AMD"]).send.is_empty());
    assert!(bench.open().send.is_empty());
    let output = bench.text(CONNECTED);
    assert!(matches!(output.send.as_slice(), [Outgoing::Secret(_)]));
    assert!(!everything(output).contains("KEY-"));
    assert_eq!(
        bench.sent(),
        [r#"{"action":"auth","key":"KEY-APCA_API_KEY_ID","secret":"KEY-APCA_API_SECRET_KEY"}"#]
    );
    let output = bench.text(AUTHENTICATED);
    assert_eq!(notices(output), ["ready"]);
    assert_eq!(
        bench.sent(),
        [
            r#"{"action":"subscribe","dailyBars":["AAPL","AMD"],"lulds":["AAPL","AMD"],"quotes":["AAPL","AMD"],"statuses":["AAPL","AMD"]}"#
        ]
    );
}

#[test]
fn each_feed_has_its_address_and_its_channels() {
    for (spec, url, channels) in [
        (
            "alpaca:sip",
            "/v2/sip",
            "bars,dailyBars,lulds,quotes,statuses,trades,updatedBars",
        ),
        ("alpaca:iex?bars=trades&services=OHLCV", "/v2/iex", "trades"),
        (
            "alpaca:delayed_sip?services=OHLCV",
            "/v2/delayed_sip",
            "bars,updatedBars",
        ),
        ("alpaca:test", "/v2/test", "bars,quotes,trades"),
        (
            "alpaca:crypto",
            "/v1beta3/crypto/us",
            "bars,dailyBars,orderbooks,quotes,trades,updatedBars",
        ),
        ("alpaca:news", "/v1beta1/news", "news"),
    ] {
        let mut bench = ready(spec, &["X"]);
        let sent: serde_json::Value = serde_json::from_str(bench.sent()[0]).unwrap();
        let names: Vec<&str> = sent
            .as_object()
            .unwrap()
            .keys()
            .map(String::as_str)
            .filter(|key| *key != "action")
            .collect();
        assert_eq!(names.join(","), channels, "{spec}");
        let Connect::Open(endpoint) = bench.session.protocol().connect() else {
            panic!("{spec}");
        };
        let expected = format!("wss://stream.data.alpaca.markets{url}");
        assert_eq!(endpoint.url, expected);
    }
    for (spec, url) in [
        ("alpaca:iex?url=ws://127.0.0.1:1", "ws://127.0.0.1:1/v2/iex"),
        ("alpaca:iex?url=ws://127.0.0.1:1/x", "ws://127.0.0.1:1/x"),
    ] {
        let mut bench = Workbench::new(&VENUE, spec);
        assert!(matches!(
            bench.session.protocol().connect(),
            Connect::Open(endpoint) if endpoint.url == url
        ));
    }
}

#[test]
fn what_a_feed_does_not_have_is_refused_before_anything_is_opened() {
    for (spec, expected) in [
        ("alpaca:", "iex|sip|delayed_sip|test|crypto|news"),
        ("alpaca:opra", "'opra' is no feed"),
        (
            "alpaca:iex?services=NEWS",
            "holds 'NEWS'; there are OHLCV, LEVEL1, TIMESALE",
        ),
        ("alpaca:sip?services=OHLCV,LEVEL2", "holds 'LEVEL2'"),
        ("alpaca:news?services=OHLCV", "there are NEWS"),
        ("alpaca:opra?services=NEWS", "'opra' is no feed"),
        ("alpaca:iex?interval=1h", "is not among the venue's: 1m"),
    ] {
        let error = spec.parse::<SourceSpec>().unwrap_err().to_string();
        assert!(error.contains(expected), "{error}");
    }
    assert!(
        "alpaca:crypto?services=LEVEL2"
            .parse::<SourceSpec>()
            .is_ok()
    );
    for (spec, expected) in [
        (
            "alpaca:test",
            &[
                DataService::Ohlcv,
                DataService::Level1,
                DataService::TimeAndSales,
            ][..],
        ),
        ("alpaca:news", &[DataService::News]),
    ] {
        let setup = Workbench::new(&VENUE, spec).setup;
        assert_eq!(setup.services, ServiceSet::of(expected), "{spec}");
        assert_eq!(setup.products.services, setup.services, "{spec}");
    }
}

#[test]
fn missing_keys_are_asked_for() {
    let spec: SourceSpec = "alpaca:iex".parse().unwrap();
    let setup = VENUE.setup(&spec, &|_| None).unwrap();
    let mut protocol = (VENUE.protocol)(&setup).unwrap();
    assert!(matches!(
        protocol.connect(),
        Connect::Refuse(ending) if ending.next == Next::Never
            && ending.message.contains("set APCA_API_KEY_ID and APCA_API_SECRET_KEY")
    ));
}

#[test]
fn a_refused_login_says_what_to_do() {
    for (code, kind, next, words) in [
        (
            402,
            ErrorKind::AuthError,
            Next::Never,
            "check APCA_API_KEY_ID",
        ),
        (409, ErrorKind::AuthError, Next::Never, "choose alpaca:iex"),
        (404, ErrorKind::AuthError, Next::Retry, "code 404"),
        (401, ErrorKind::AuthError, Next::Retry, "code 401"),
        (
            406,
            ErrorKind::ConnectionError,
            Next::RetryAfter(std::time::Duration::from_secs(10)),
            "another connection",
        ),
        (500, ErrorKind::ConnectionError, Next::Retry, "code 500"),
    ] {
        let mut bench = Workbench::new(&VENUE, "alpaca:iex");
        bench.open();
        bench.text(CONNECTED);
        let output = bench.text(&error(code, "no: KEY-APCA_API_SECRET_KEY"));
        let ending = output.ending.clone().unwrap();
        assert_eq!((ending.kind, ending.next), (kind, next), "{code}");
        assert!(ending.message.contains(words), "{}", ending.message);
        assert!(!everything(output).contains("KEY-"), "{code}");
    }
}

#[test]
fn errors_that_end_nothing_end_nothing() {
    let mut bench = ready("alpaca:iex", &["AAPL"]);
    let output = bench.text(&error(403, "already authenticated"));
    assert_eq!((output.ending.is_none(), output.notices.len()), (true, 0));
    let output = bench.text(&error(407, "slow client"));
    assert!(output.ending.is_none());
    assert!(notices(output)[0].starts_with("Overload: slow client (code 407)"));
}

#[test]
fn an_acknowledgement_names_every_symbol_once_and_may_come_after_data() {
    let mut bench = ready("alpaca:test", &["FAKEPACA", "B"]);
    let quote = r#"[{"T":"q","S":"FAKEPACA","bx":"O","bp":133.85,"bs":4,"ax":"R","ap":135.770,"as":5,"c":["R"],"z":"A","t":"2024-07-24T07:56:53.639713735Z"}]"#;
    assert_eq!(
        events(bench.text(quote)),
        ["#0 @1721807813639 quote bid=133.85 bid_size=4 ask=135.770 ask_size=5"]
    );
    let all =
        r#"[{"T":"subscription","trades":["B"],"quotes":["FAKEPACA","B","OTHER"],"bars":["*"]}]"#;
    let first = r#"[{"T":"subscription","trades":[],"quotes":["FAKEPACA"]}]"#;
    assert_eq!(notices(bench.text(first)), ["subscribed #0"]);
    assert_eq!(notices(bench.text(all)), ["subscribed #1"]);
    assert!(bench.text(all).notices.is_empty());
}

#[test]
fn changes_go_out_as_differences_and_a_new_connection_asks_for_all() {
    let mut bench = ready("alpaca:iex?services=OHLCV", &["A", "B"]);
    bench.subscribe(&["C"]);
    assert_eq!(
        bench.sent(),
        [r#"{"action":"subscribe","bars":["C"],"updatedBars":["C"]}"#]
    );
    bench.unsubscribe(0);
    assert_eq!(
        bench.sent(),
        [r#"{"action":"unsubscribe","bars":["A"],"updatedBars":["A"]}"#]
    );
    let bar = r#"[{"T":"b","S":"A","o":1,"h":1,"l":1,"c":1,"v":1,"t":"2021-02-22T19:15:00Z"}]"#;
    let output = bench.text(bar);
    assert_eq!((output.events.len(), output.ignored), (0, 1));
    bench.subscribe(&["A"]);
    bench.give(Input::Closed);
    bench.session.protocol().connect();
    assert!(bench.subscribe(&["D"]).send.is_empty());
    bench.open();
    bench.text(CONNECTED);
    bench.text(AUTHENTICATED);
    assert_eq!(
        bench.sent(),
        [r#"{"action":"subscribe","bars":["B","C","A","D"],"updatedBars":["B","C","A","D"]}"#]
    );
    let ack = r#"[{"T":"subscription","bars":["A","B","C","D"]}]"#;
    assert_eq!(
        notices(bench.text(ack)),
        [
            "subscribed #3",
            "subscribed #1",
            "subscribed #2",
            "subscribed #4"
        ]
    );
}

#[test]
fn a_refused_request_is_cut_in_halves_until_the_culprit_is_alone() {
    let mut bench = ready("alpaca:iex?services=LEVEL1", &["A", "B", "C!", "D"]);
    let quotes = |bench: &Workbench| -> Vec<String> {
        bench
            .sent()
            .iter()
            .map(|text| {
                serde_json::from_str::<serde_json::Value>(text).unwrap()["quotes"].to_string()
            })
            .collect()
    };
    bench.text(&error(400, "invalid syntax"));
    assert_eq!(quotes(&bench), [r#"["A","B"]"#, r#"["C!","D"]"#]);
    let ack = |names: &str| format!(r#"[{{"T":"subscription","quotes":[{names}]}}]"#);
    assert_eq!(
        notices(bench.text(&ack(r#""A","B""#))),
        ["subscribed #0", "subscribed #1"]
    );
    bench.text(&error(400, "invalid syntax"));
    assert_eq!(quotes(&bench), [r#"["C!"]"#, r#"["D"]"#]);
    let output = bench.text(&error(400, "invalid syntax"));
    assert_eq!(
        notices(output),
        ["refused #2: invalid syntax (code 400); check how the symbol is written"]
    );
    assert_eq!(
        notices(bench.text(&ack(r#""A","B","D""#))),
        ["subscribed #3"]
    );

    let mut bench = ready("alpaca:iex?services=LEVEL1", &["A"]);
    let output = bench.text(&error(405, "symbol limit exceeded"));
    assert!(notices(output)[0].contains("#0: symbol limit exceeded (code 405): the plan allows"));
    let output = bench.text(&error(400, "invalid syntax"));
    assert!(notices(output)[0].starts_with("ConfigError: the venue refused a request"));
}

#[test]
fn after_an_answer_that_cannot_be_read_all_is_asked_for_again() {
    let mut bench = ready("alpaca:iex?services=LEVEL1", &["AAPL", "MSFT"]);
    bench.subscribe(&["BAD"]);
    let start = bench.now;
    for garbage in ["?", r#"[{"T":"subscription","quotes":7}]"#] {
        assert!(!bench.text(garbage).notices.is_empty());
        // It is to another request than the first that has not been answered.
        let said = notices(bench.text(&error(400, "invalid syntax")));
        assert!(said[0].contains("not known which"), "{said:?}");
        assert!(bench.sent().is_empty());
    }
    assert!(bench.tick(start.plus_ms(14_999)).send.is_empty());
    bench.tick(start.plus_ms(15_000));
    assert_eq!(bench.sent().len(), 1);
    assert!(bench.sent()[0].contains(r#""quotes":["AAPL","MSFT","BAD"]"#));
    bench.text(&error(400, "invalid syntax"));
    let ack = |names: &str| format!(r#"[{{"T":"subscription","quotes":[{names}]}}]"#);
    bench.text(&ack(r#""AAPL""#));
    bench.text(&error(400, "invalid syntax"));
    assert_eq!(
        notices(bench.text(&ack(r#""AAPL","MSFT""#))),
        ["subscribed #1"]
    );
    let said = notices(bench.text(&error(400, "invalid syntax")));
    assert!(said[0].starts_with("refused #2"), "{said:?}");
    assert!(bench.tick(start.plus_ms(300_000)).send.is_empty());
}

#[test]
fn a_request_that_is_not_answered_is_made_again_ever_more_slowly() {
    let mut bench = ready("alpaca:iex?services=LEVEL1", &["AAPL"]);
    let start = bench.now;
    for (second, is_asked) in [
        (14, false),
        (15, true),
        (44, false),
        (45, true),
        (105, true),
    ] {
        let output = bench.tick(start.plus_ms(second * 1000));
        assert_eq!(
            (output.send.len(), output.notices.len()),
            (is_asked.into(), is_asked.into())
        );
    }
    let output = bench.text(r#"[{"T":"subscription","quotes":["AAPL"]}]"#);
    assert_eq!(notices(output), ["subscribed #0"]);
    assert!(bench.tick(start.plus_ms(500_000)).notices.is_empty());
}

#[test]
fn a_channel_that_the_feed_does_not_have_is_found_and_left_out() {
    let mut bench = ready("alpaca:iex?services=LEVEL1", &["A", "B"]);
    bench.subscribe(&["C"]);
    bench.text(&error(410, "invalid subscribe action"));
    let channels = ["quotes", "dailyBars", "statuses", "lulds"];
    let expected =
        channels.map(|channel| format!(r#"{{"action":"subscribe","{channel}":["A","B"]}}"#));
    assert_eq!(bench.sent(), expected);
    assert!(
        bench
            .text(&error(410, "invalid subscribe action"))
            .send
            .is_empty(),
        "of C"
    );
    let ack = r#"[{"T":"subscription","quotes":["A","B"]}]"#;
    assert_eq!(notices(bench.text(ack)), ["subscribed #0", "subscribed #1"]);
    bench.text(ack);
    bench.text(ack);
    let said = notices(bench.text(&error(410, "invalid subscribe action")));
    assert!(
        said[0].starts_with("ConfigError: the venue does not give lulds"),
        "{said:?}"
    );
    assert_eq!(said.len(), 1);
    let without = r#"{"action":"subscribe","dailyBars":["C"],"quotes":["C"],"statuses":["C"]}"#;
    assert_eq!(bench.sent(), [without]);
    // Where nothing is left there is nothing to be had.
    let mut bench = ready("alpaca:iex?services=TIMESALE", &["A"]);
    let said = notices(bench.text(&error(410, "invalid subscribe action")));
    assert!(said[0].starts_with("refused #0"), "{said:?}");
}

#[test]
fn a_halt_from_before_a_connection_is_over_with_the_first_trade_on_it() {
    let trade = |minute: u32, conditions: &str| {
        format!(
            r#"[{{"T":"t","S":"AAPL","i":1,"x":"V","p":1,"s":1,"c":[{conditions}],"z":"C","t":"2021-02-22T19:{minute}:00Z"}}]"#
        )
    };
    let status = |code: &str| {
        format!(
            r#"[{{"T":"s","S":"AAPL","sc":"{code}","rc":"T12","t":"2021-02-22T19:15:00Z","z":"C"}}]"#
        )
    };
    let quote = r#"[{"T":"q","S":"AAPL","bx":"O","bp":1,"bs":4,"ax":"R","ap":2,"as":5,"c":["R"],"z":"C","t":"2021-02-22T19:50:00Z"}]"#;
    let mut bench = ready("alpaca:sip", &["AAPL"]);
    let reopen = |bench: &mut Workbench| {
        bench.give(Input::Closed);
        bench.session.protocol().connect();
        bench.open();
        bench.text(CONNECTED);
        bench.text(AUTHENTICATED);
    };
    bench.text(&status("H"));
    assert_eq!(
        bench.text(&trade(16, r#""@""#)).events.len(),
        1,
        "told late"
    );
    reopen(&mut bench);
    assert_eq!(bench.text(quote).events.len(), 1);
    assert_eq!(
        bench.text(&trade(14, r#""@""#)).events.len(),
        1,
        "from before"
    );
    assert_eq!(
        bench.text(&trade(20, r#""@","Z""#)).events.len(),
        1,
        "out of sequence"
    );
    let told = events(bench.text(&trade(20, r#""@""#)));
    assert!(told[0].ends_with("facts trading=open"), "{told:?}");
    assert_eq!(
        (told.len(), bench.text(&trade(21, r#""@""#)).events.len()),
        (2, 1)
    );
    // It is halted on this connection: nothing is in doubt.
    bench.text(&status("H"));
    reopen(&mut bench);
    bench.text(&status("H"));
    assert_eq!(bench.text(&trade(22, r#""@""#)).events.len(), 1);
    // Where trades are not asked for, the day's last price shows that there was one. Quotes show nothing.
    let day = |close: u32| {
        format!(
            r#"[{{"T":"d","S":"AAPL","o":1,"h":9,"l":1,"c":{close},"v":5,"n":1,"vw":1,"t":"2021-02-22T05:00:00Z"}}]"#
        )
    };
    for code in ["H", "Q"] {
        let mut bench = ready("alpaca:sip?services=LEVEL1", &["AAPL"]);
        bench.text(&status(code));
        bench.text(&day(1));
        assert_eq!(bench.text(quote).events.len(), 1);
        reopen(&mut bench);
        bench.begin_recording(true);
        let told = events(bench.text(quote));
        let name = if code == "H" { "halted" } else { "quotes-only" };
        let doubted = format!(
            "facts trading={name} reason=\"told before the connection was lost: it may be over\""
        );
        assert!(told[0].ends_with(&doubted), "{told:?}");
        assert_eq!((told.len(), bench.text(quote).events.len()), (2, 1));
        assert_eq!(bench.text(&day(2)).events.len(), 1, "from before, maybe");
        assert_eq!(bench.text(&day(2)).events.len(), 1);
        let told = events(bench.text(&day(3)));
        assert!(told[0].ends_with("facts trading=open"), "{told:?}");
        assert_eq!((told.len(), bench.text(&day(4)).events.len()), (2, 1));
    }
}

#[test]
fn many_symbols_go_in_texts_that_the_venue_takes() {
    let names: Vec<String> = (0..2000).map(|number| format!("S{number:05}")).collect();
    let names: Vec<&str> = names.iter().map(String::as_str).collect();
    let mut bench = ready("alpaca:sip", &names);
    assert!(bench.sent().len() > 5);
    assert!(bench.sent().iter().all(|text| text.len() < 16_000));
    let asked: usize = bench
        .sent()
        .iter()
        .map(|text| {
            serde_json::from_str::<serde_json::Value>(text).unwrap()["bars"]
                .as_array()
                .unwrap()
                .len()
        })
        .sum();
    assert_eq!(asked, 2000);
    let removed: Vec<(Symbol, SymbolId)> = (0..2000_u32)
        .map(|id| (Symbol::new(names[id as usize]).unwrap(), SymbolId(id)))
        .collect();
    bench.give(Input::Unsubscribe(&removed));
    assert!(bench.sent().iter().all(|text| text.len() < 16_000));
}

#[test]
fn trades_are_corrected_and_cancelled() {
    let mut bench = ready("alpaca:sip", &["EEM", "GOOGL", "AAPL"]);
    let frame = r#"[{"T":"t","i":96921,"S":"AAPL","x":"D","p":126.550,"s":1,"t":"2021-02-22T15:51:44.208Z","c":["@","I"],"z":"C"},
        {"T":"t","i":96922,"S":"EEM","x":"D","p":39.1,"s":100,"t":"2021-02-22T15:51:44.209Z","c":[" ","B"],"z":"B"},
        {"T":"c","S":"EEM","x":"M","oi":52983525033527,"op":39.1582,"os":440000,"oc":[" ","7"],"ci":52983525034326,"cp":39.1809,"cs":440000,"cc":[" ","7"],"z":"B","t":"2023-04-06T14:25:06.542305024Z"},
        {"T":"x","S":"GOOGL","i":465,"x":"D","p":105.31,"s":300,"a":"C","z":"C","t":"2023-04-06T13:15:42.83540958Z"}]"#;
    assert_eq!(
        events(bench.text(frame)),
        [
            "#2 @1614009104208 trade 126.550x1 [@ I] --v id 96921 on D",
            "#0 @1614009104209 trade 39.1x100 [  B] --v id 96922 on D",
            "#0 @1680791106542 trade 39.1809x440000 [  7] --v id 52983525034326 on M corrects 52983525033527",
            "#1 @1680786942835 trade 105.31x300 [] lhv id 465 on D cancels 465",
        ]
    );
}

#[test]
fn lists_that_are_null_are_missing() {
    let mut bench = ready("alpaca:sip", &["AAPL"]);
    let frame = r#"[{"T":"t","i":1,"S":"AAPL","x":"D","p":126.5,"s":1,"t":"2021-02-22T15:51:44.208Z","c":null,"z":"C"},
        {"T":"t","i":2,"S":"AAPL","x":"D","p":126.5,"s":1,"t":"2021-02-22T15:51:44.208Z","z":"C"},
        {"T":"c","S":"AAPL","x":"D","oi":2,"op":1,"os":4,"oc":null,"ci":3,"cp":39.5,"cs":4,"cc":null,"z":"C","t":"2021-02-22T15:51:44.208Z"}]"#;
    let output = bench.text(frame);
    assert_eq!(
        events(output),
        [
            "#0 @1614009104208 trade 126.5x1 [] lhv id 1 on D",
            "#0 @1614009104208 trade 126.5x1 [] lhv id 2 on D",
            "#0 @1614009104208 trade 39.5x4 [] lhv id 3 on D corrects 2",
        ]
    );
    assert_eq!(output.notices, []);
}

#[test]
fn an_updated_bar_has_the_time_of_the_one_it_replaces_and_daily_bars_tell_the_volume() {
    let mut bench = ready("alpaca:iex?services=OHLCV,LEVEL1", &["SPY"]);
    let bar = |kind: &str, close: &str| {
        format!(
            r#"[{{"T":"{kind}","S":"SPY","o":388.985,"h":389.13,"l":388.975,"c":{close},"v":49378,"n":461,"vw":389.062639,"t":"2021-02-22T19:15:00Z"}}]"#
        )
    };
    assert_eq!(
        events(bench.text(&bar("b", "389.120"))),
        ["#0 @1614021300000 bar 388.985 389.13 388.975 389.120 49378"]
    );
    assert_eq!(
        events(bench.text(&bar("u", "389.1"))),
        ["#0 @1614021300000 bar 388.985 389.13 388.975 389.1 49378"]
    );
    assert_eq!(
        events(bench.text(&bar("d", "389"))),
        ["#0 @- quote last=389 volume=49378"]
    );
    let mut bench = ready("alpaca:iex", &["SPY"]);
    assert_eq!(
        events(bench.text(&bar("d", "389"))),
        ["#0 @- quote volume=49378"]
    );
}

#[test]
fn halts_and_limits_are_told_by_the_codes_of_each_tape() {
    for (code, reason, tape, expected) in [
        ("H", "T12", "C", "halted"),
        ("H", "LUDP", "C", "paused"),
        ("P", "T5", "C", "paused"),
        ("Q", "T3", "C", "quotes-only"),
        ("2", "P", "A", "halted"),
        ("2", "M", "B", "paused"),
    ] {
        let mut bench = ready("alpaca:sip", &["AAPL"]);
        let frame = format!(
            r#"[{{"T":"s","S":"AAPL","sc":"{code}","sm":"Trading Halt","rc":"{reason}","rm":"why","t":"2021-02-22T19:15:00Z","z":"{tape}"}}]"#
        );
        let expected = format!("#0 @1614021300000 facts trading={expected} reason=\"why\"");
        assert_eq!(events(bench.text(&frame)), [expected], "{code} {tape}");
    }
    let mut bench = ready("alpaca:sip", &["AAPL"]);
    for (code, tape) in [("T", "C"), ("3", "A")] {
        let frame = format!(
            r#"[{{"T":"s","S":"AAPL","sc":"{code}","sm":"Resume","rc":"","rm":"","t":"2021-02-22T19:15:00Z","z":"{tape}"}}]"#
        );
        assert_eq!(
            events(bench.text(&frame)),
            ["#0 @1614021300000 facts trading=open"]
        );
    }
    // The letters of one tape mean nothing on the other.
    let frame = r#"[{"T":"s","S":"AAPL","sc":"H","t":"2021-02-22T19:15:00Z","z":"A"}]"#;
    assert_eq!(
        (bench.text(frame).events.len(), bench.output.ignored),
        (0, 1)
    );
    let frame = r#"[{"T":"l","S":"AAPL","u":3.24,"d":2.650,"i":"B","t":"2023-04-06T13:34:45.565004401Z","z":"C"}]"#;
    assert_eq!(
        events(bench.text(frame)),
        ["#0 @1680788085565 facts lower=2.650 upper=3.24"]
    );
}

#[test]
fn crypto_has_books_sides_and_names_with_a_stroke() {
    let mut bench = ready(
        "alpaca:crypto",
        &["BTC/USD", "eth-usd", "SOLUSDT", "BTCUSD"],
    );
    assert!(bench.sent()[0].contains(r#""orderbooks":["BTC/USD","ETH/USD","SOL/USDT"]"#));
    let frame = r#"[{"T":"o","S":"BTC/USD","t":"2024-03-12T10:38:50.79613221Z","b":[{"p":71859.53,"s":0.27994}],"a":[{"p":71939.7,"s":0.83953},{"p":71940,"s":0}],"r":true},
        {"T":"o","S":"BTC/USD","t":"2024-03-12T10:38:50.8Z","b":[{"p":71859.53,"s":0}],"a":[]},
        {"T":"t","S":"ETH/USD","p":3970.10,"s":0.010,"t":"2024-03-12T10:39:03Z","i":1,"tks":"S"}]"#;
    assert_eq!(
        events(bench.text(frame)),
        [
            "#0 @1710239930796 book bids 71859.53x0.27994 asks 71939.7x0.83953,71940x0",
            "#0 @1710239930800 change bids 71859.53x0 asks ",
            "#1 @1710239943000 trade 3970.10x0.010 sell[] lhv id 1",
        ]
    );
    let list = r#"[{"T":"o","S":"BTC/USD","t":"2024-03-12T10:38:50.8Z","b":[[1,2]],"a":[]}]"#;
    let said = notices(bench.text(list));
    assert!(
        said[0].contains("invalid type: sequence, expected an object"),
        "{said:?}"
    );
    let symbol = (Symbol::new("BTC/USD").unwrap(), SymbolId(0));
    bench.give(Input::Resync(&symbol));
    assert_eq!(
        bench.sent(),
        [
            r#"{"action":"unsubscribe","orderbooks":["BTC/USD"]}"#,
            r#"{"action":"subscribe","orderbooks":["BTC/USD"]}"#,
        ]
    );
}

#[test]
fn a_change_to_a_book_that_cannot_be_read_begins_that_book_anew() {
    let mut bench = ready("alpaca:crypto?services=LEVEL2", &["BTC/USD", "ETH/USD"]);
    let book = |name: &str, size: &str, is_whole: bool| {
        format!(
            r#"{{"T":"o","S":"{name}","t":"2024-03-12T10:38:50Z","b":[{{"p":7,"s":{size}}}],"a":[],"r":{is_whole}}}"#
        )
    };
    let list = |elements: &[String]| format!("[{}]", elements.join(","));
    bench.text(&list(&[
        book("BTC/USD", "1", true),
        book("ETH/USD", "1", true),
    ]));
    let frame = list(&[
        book("BTC/USD", "1e400", false),
        book("BTC/USD", "2", false),
        book("ETH/USD", "2", false),
    ]);
    let output = bench.text(&frame);
    assert_eq!(
        events(output),
        ["#0 @- book lost", "#1 @1710239930000 change bids 7x2 asks "]
    );
    let said = notices(output);
    assert!(said[0].starts_with("SchemaError BTC/USD"), "{said:?}");
    assert!(
        said[1].contains("SequenceGap") && said[1].contains("#0"),
        "{said:?}"
    );
    assert_eq!(said.len(), 2, "{said:?}");
    assert_eq!(
        bench.sent(),
        [
            r#"{"action":"unsubscribe","orderbooks":["BTC/USD"]}"#,
            r#"{"action":"subscribe","orderbooks":["BTC/USD"]}"#,
        ]
    );
    // The whole book cannot be read either: it is asked for again, after a while.
    let output = bench.text(&list(&[book("BTC/USD", "1e400", true)]));
    assert_eq!((events(output).len(), notices(output).len()), (0, 1));
    assert!(bench.sent().is_empty());
    bench.tick(bench.now.plus_ms(1000));
    assert_eq!(bench.sent().len(), 2);
    let output = bench.text(&list(&[book("BTC/USD", "3", true)]));
    assert_eq!(events(output), ["#0 @1710239930000 book bids 7x3 asks "]);
    // A frame of which nobody knows what it was about.
    let said = notices(bench.text("[{"));
    assert_eq!(said.len(), 3, "{said:?}");
}

#[test]
fn one_symbol_under_two_names_is_taken_once() {
    let mut bench = Workbench::new(&VENUE, "alpaca:crypto");
    let output = bench.subscribe(&["BTC/USD", "BTCUSD"]);
    assert_eq!(
        notices(output),
        ["refused #1: BTCUSD is the same as BTC/USD, which is subscribed already"]
    );
    bench.unsubscribe(1);
    bench.open();
    bench.text(CONNECTED);
    bench.text(AUTHENTICATED);
    assert!(bench.sent()[0].contains(r#""bars":["BTC/USD"]"#));
}

#[test]
fn a_headline_goes_to_each_subscribed_symbol_that_it_names() {
    let mut bench = ready("alpaca:news", &["AAPL", "TSLA", "MSFT"]);
    let frame = r#"[{"T":"n","id":24918784,"headline":"Two \u001b[31m makers","summary":"","author":"A","created_at":"2022-01-05T22:00:37Z","updated_at":"2022-01-05T22:00:38Z","url":"https://example.com/1","content":"<p>x</p>","symbols":["TSLA","AAPL","TSLA","F"],"source":"benzinga"},
        {"T":"n","id":1,"headline":"Other","created_at":"2022-01-05T22:00:37Z","symbols":["F"]}]"#;
    let output = bench.text(frame);
    assert_eq!(
        events(output),
        [
            "#1 @1641420037000 news \"Two \\u{1b}[31m makers\" TSLA,AAPL,TSLA,F",
            "#0 @1641420037000 news \"Two \\u{1b}[31m makers\" TSLA,AAPL,TSLA,F",
        ]
    );
    assert_eq!(output.ignored, 1);
}

#[test]
fn a_bad_element_rejects_itself_alone() {
    let mut bench = ready("alpaca:sip", &["AAPL"]);
    let good = r#"{"T":"q","S":"AAPL","bp":1,"bs":1,"ap":2,"as":1,"t":"2021-02-22T19:15:00Z"}"#;
    for (bad, expected) in [
        (
            good.replace(r#""bp":1,"#, ""),
            "SchemaError AAPL: a quote (q): missing field `bp`",
        ),
        (
            good.replace(r#""bp":1"#, r#""bp":1e400"#),
            "SchemaError AAPL: a quote (q): \"1e400\" is too large",
        ),
        (
            good.replace(r#""bp":1"#, r#""bp":"NaN""#),
            "SchemaError AAPL: a quote (q): \"NaN\" is no number",
        ),
        (
            good.replace("2021-02-22", "soon"),
            "SchemaError AAPL: t: \"soonT19:15:00Z\" is no RFC 3339 time",
        ),
        (
            good.replace(r#""T":"q","#, ""),
            "SchemaError AAPL: a message: missing field `T`",
        ),
        ("7".to_owned(), "SchemaError: a message: invalid type"),
    ] {
        let output = bench.text(&format!("[{bad},{good}]"));
        assert_eq!(output.events.len(), 1, "{bad}");
        let said = notices(output);
        assert!(said.len() == 1 && said[0].starts_with(expected), "{said:?}");
    }
    for (frame, kind) in [
        (good.replace(r#""bp":1"#, r#""bp":NaN"#), "DecodeError"),
        (good[..20].to_owned(), "DecodeError"),
        (
            good.to_owned(),
            "SchemaError: a list of messages: invalid type: map",
        ),
    ] {
        let frame = if kind.len() > 12 {
            frame
        } else {
            format!("[{frame}]")
        };
        let output = bench.text(&frame);
        assert!(
            notices(output)[0].starts_with(kind),
            "{:?}",
            notices(output)
        );
        assert!(output.events.is_empty());
    }
    let output = bench.text(r#"[{"T":"i","S":"AAPL","p":9.12},{"T":"new kind"}]"#);
    assert_eq!((output.ignored, output.notices.len()), (2, 0));
}

#[test]
fn the_documented_sessions_are_taken_as_they_stand() {
    let Some(session) = recorded("alpaca/docs_wscat_sip_2023-04-06.txt") else {
        return;
    };
    let mut bench = Workbench::new(&VENUE, "alpaca:sip");
    bench.subscribe(&["AAPL", "AMD", "CLDR", "VOO"]);
    bench.open();
    let mut came = Vec::new();
    let mut said = Vec::new();
    for text in received(&session) {
        let output = bench.text(text);
        came.extend(events(output));
        said.extend(notices(output));
        assert_eq!(output.ignored, 0, "{text}");
    }
    assert_eq!(
        said,
        [
            "ready",
            "subscribed #0",
            "subscribed #1",
            "subscribed #2",
            "subscribed #3"
        ]
    );
    assert_eq!(
        came,
        [
            "#1 @1680782061670 quote bid=91.95 bid_size=2 ask=91.98 ask_size=1",
            "#0 @1680782066838 trade 162.92x3 [@ F T I] --v id 628 on K",
            "#0 @1680782066838 trade 162.92x3 [@ F T I] --v id 75 on Z",
            "#0 @1680782066839 trade 162.91x71 [@ F T I] --v id 1465 on P",
            "#1 @1680782067924 quote bid=91.9 bid_size=1 ask=91.98 ask_size=1",
        ]
    );
    let session = recorded("alpaca/docs_wscat_test_stream_2024-07-24.txt").unwrap();
    let mut bench = Workbench::new(&VENUE, "alpaca:test");
    bench.subscribe(&["FAKEPACA"]);
    bench.open();
    let mut came = Vec::new();
    for text in received(&session) {
        came.extend(events(bench.text(text)));
    }
    assert_eq!(
        came,
        [
            "#0 @1721807813639 quote bid=133.85 bid_size=4 ask=135.77 ask_size=5",
            "#0 @1721807818641 quote bid=133.85 bid_size=4 ask=135.77 ask_size=5",
            "#0 @1721807760000 bar 132.65 136 132.12 134.65 205",
        ]
    );
}

#[test]
fn the_documented_messages_are_taken_one_by_one() {
    let Some(examples) = recorded("alpaca/docs_message_examples.jsonl") else {
        return;
    };
    let names = ["AAPL", "AMD", "SPY", "EEM", "GOOGL", "IONM", "INAQU"];
    let mut bench = ready("alpaca:sip", &names);
    let mut came = Vec::new();
    let mut ignored = 0;
    let mut endings = Vec::new();
    for line in examples.lines() {
        let output = bench.text(&format!("[{line}]"));
        assert!(output.notices.is_empty(), "{line}");
        came.extend(events(output));
        ignored += output.ignored;
        endings.extend(output.ending.clone());
    }
    assert_eq!(
        came,
        [
            "#0 @1614009104208 trade 126.55x1 [@ I] --v id 96921 on D",
            "#1 @1614009105335 quote bid=87.66 bid_size=1 ask=87.68 ask_size=4",
            "#2 @1614021300000 bar 388.985 389.13 388.975 389.12 49378",
            "#3 @1680791106542 trade 39.1809x440000 [  7] --v id 52983525034326 on M corrects 52983525033527",
            "#4 @1680786942835 trade 105.31x300 [] lhv id 465 on D cancels 465",
            "#5 @1680788085565 facts lower=2.65 upper=3.24",
            "#0 @1614021300000 facts trading=halted reason=\"Trading Halted; For information requested by NASDAQ\"",
        ]
    );
    assert_eq!(ignored, 1);
    assert_eq!(endings.len(), 1);
}

/// Frames of every kind.
fn seeds() -> Vec<String> {
    [
        CONNECTED,
        AUTHENTICATED,
        r#"[{"T":"subscription","trades":["AAPL"],"quotes":["BTC/USD"],"bars":["*"],"corrections":["AAPL"]}]"#,
        r#"[{"T":"error","code":405,"msg":"symbol limit exceeded"},{"T":"error","code":400,"msg":"invalid syntax"}]"#,
        r#"[{"T":"t","S":"AAPL","i":628,"x":"K","p":162.92,"s":3,"c":["@","F","T","I"],"z":"C","t":"2023-04-06T11:54:26.838232225Z"},{"T":"x","S":"AAPL","i":465,"x":"D","p":105.31,"s":300,"a":"C","z":"C","t":"2023-04-06T13:15:42.83540958Z"}]"#,
        r#"[{"T":"c","S":"AAPL","x":"M","oi":1,"op":39.1,"os":4,"oc":[" "],"ci":2,"cp":39.2,"cs":4,"cc":[" ","7"],"z":"B","t":"2023-04-06T14:25:06.54Z"}]"#,
        r#"[{"T":"q","S":"AAPL","bx":"K","bp":91.95,"bs":2,"ax":"Q","ap":91.98,"as":1,"c":["R"],"z":"C","t":"2023-04-06T11:54:21.67Z"}]"#,
        r#"[{"T":"b","S":"AAPL","o":388.985,"h":389.13,"l":388.975,"c":389.12,"v":49378,"t":"2021-02-22T19:15:00Z"},{"T":"d","S":"AAPL","o":1,"h":1,"l":1,"c":1,"v":9,"t":"2021-02-22T05:00:00Z"}]"#,
        r#"[{"T":"s","S":"AAPL","sc":"H","sm":"Trading Halt","rc":"T12","rm":"x","t":"2021-02-22T19:15:00Z","z":"C"},{"T":"l","S":"AAPL","u":3.24,"d":2.65,"i":"B","t":"2023-04-06T13:34:45Z","z":"C"}]"#,
        r#"[{"T":"o","S":"BTC/USD","t":"2024-03-12T10:38:50.79613221Z","b":[{"p":71859.53,"s":0.27994}],"a":[{"p":71939.7,"s":0.83953}],"r":true}]"#,
        r#"[{"T":"n","id":1,"headline":"h","summary":"s","created_at":"2022-01-05T22:00:37Z","symbols":["AAPL","BTC/USD"],"source":"b"}]"#,
    ]
    .map(str::to_owned)
    .to_vec()
}

proptest! {
    #![proptest_config(mutate::config())]

    #[test]
    fn nothing_that_comes_breaks_it(steps in mutate::steps(seeds()), feed in 0..3_usize) {
        let spec = ["alpaca:sip", "alpaca:crypto", "alpaca:news"][feed];
        let names = ["AAPL", "BTC/USD", "MSFT"];
        let mut bench = ready(spec, &names);
        mutate::run(&mut bench, &names, &steps);
    }
}
