#![allow(clippy::unwrap_used, reason = "a test may stop at the first surprise")]

use secrecy::ExposeSecret;

use super::*;
use crate::domain::outcome::Severity;
use crate::sources::spec::SourceSpec;
use crate::sources::venue::Outgoing;
use crate::sources::venue::testing::Workbench;

const TRADES: &str = "symbol=/s&price=/p&size=/q&time=/t&match=/type=trade";

fn bench(options: &str) -> Workbench {
    Workbench::new(&VENUE, &format!("wss://feed.example/v1?{options}"))
}

fn problem(text: &str) -> String {
    text.parse::<SourceSpec>().unwrap_err().to_string()
}

#[test]
fn symbols_are_subscribed_one_by_one_or_as_a_list() {
    let mut one = bench(&format!(
        "subscribe={{\"sub\":\"t.{{symbol}}\"}}&unsubscribe={{\"un\":\"{{symbol}}\"}}&{TRADES}"
    ));
    one.subscribe(&["A", "B\"C"]);
    assert_eq!(one.sent(), Vec::<&str>::new());
    one.open();
    assert_eq!(one.sent(), [r#"{"sub":"t.A"}"#, r#"{"sub":"t.B\"C"}"#]);
    assert!(one.output.notices.contains(&Notice::Ready));
    one.subscribe(&["D"]);
    assert_eq!(one.sent(), [r#"{"sub":"t.D"}"#]);
    one.unsubscribe(0);
    assert_eq!(one.sent(), [r#"{"un":"A"}"#]);
    one.open();
    assert_eq!(one.sent(), [r#"{"sub":"t.B\"C"}"#, r#"{"sub":"t.D"}"#]);

    let mut many = bench(&format!("subscribe={{\"sub\":{{symbols}}}}&{TRADES}"));
    many.open();
    assert_eq!(many.sent(), Vec::<&str>::new());
    many.subscribe(&["A", "B"]);
    assert_eq!(many.sent(), [r#"{"sub":["A","B"]}"#]);

    let mut all = bench(&format!("subscribe=go&unsubscribe=stop&{TRADES}"));
    all.open();
    all.subscribe(&["A"]);
    assert_eq!(all.sent(), ["go"]);
    all.subscribe(&["B"]);
    assert_eq!(all.sent(), Vec::<&str>::new());
    all.unsubscribe(0);
    assert_eq!(all.sent(), Vec::<&str>::new());
    all.unsubscribe(1);
    assert_eq!(all.sent(), ["stop"]);
}

#[test]
fn messages_become_events_and_everything_else_is_counted_or_reported() {
    let mut feed = bench(TRADES);
    feed.subscribe(&["A"]);
    feed.open();
    feed.text(r#"{"type":"trade","s":"A","p":"0.00100000","q":3,"t":1700000000123}"#);
    let event = &feed.output.events[0];
    assert_eq!(event.time, Some(UnixMs(1_700_000_000_123)));
    let Payload::TimeAndSales(trade) = &event.payload else {
        unreachable!("the mapping is one of trades")
    };
    assert_eq!(trade.price.unwrap().to_string(), "0.00100000");
    assert_eq!(feed.output.notices, [Notice::Subscribed(SymbolId(0))]);
    // Without a time of its own, a message happened when it came.
    feed.text(r#"{"type":"trade","s":"A","p":1}"#);
    assert_eq!(feed.output.events[0].time, Some(feed.now));
    assert_eq!(feed.output.notices, []);
    for other in [
        r#"{"type":"ack"}"#,
        r#"{"type":"trade","s":"X","p":1}"#,
        "pong",
        "[]",
        "null",
    ] {
        feed.text(other);
        assert_eq!(
            (
                feed.output.ignored,
                feed.output.events.len(),
                feed.output.notices.len()
            ),
            (1, 0, 0),
            "{other}"
        );
    }
    for bad in [
        "",
        "{",
        r#"{"type":"trade","s":"A","p":NaN}"#,
        r#"{"type":"trade","s":"A","p":1e400}"#,
        r#"{"type":"trade","s":"A","p":"0x10"}"#,
        r#"{"type":"trade","s":"A"}"#,
        r#"{"type":"trade","p":1}"#,
        "not json at all",
    ] {
        feed.text(bad);
        assert!(
            matches!(feed.output.notices[..], [Notice::Rejected(_)]),
            "{bad}: {:?}",
            feed.output.notices
        );
        assert_eq!(feed.output.events.len(), 0);
    }
    feed.give(super::super::venue::session::Input::Message(
        Incoming::Binary(&[0xff, 0xfe]),
    ));
    assert!(matches!(feed.output.notices[..], [Notice::Rejected(_)]));
}

#[test]
fn the_kind_of_a_message_may_stand_beside_its_items_or_in_them() {
    let mut feed = bench("symbol=/s&price=/p&items=/d&match=/type=trade");
    feed.subscribe(&["A"]);
    feed.open();
    for (text, count) in [
        (
            r#"{"type":"trade","d":[{"s":"A","p":1},{"s":"A","p":2}]}"#,
            2,
        ),
        (
            r#"{"d":[{"type":"trade","s":"A","p":1},{"s":"A","p":2}]}"#,
            1,
        ),
        // What stands in the item counts before what stands beside it.
        (
            r#"{"type":"trade","d":[{"type":"quote","s":"A","p":1}]}"#,
            0,
        ),
        (r#"{"type":"quote","d":[{"s":"A","p":1}]}"#, 0),
    ] {
        feed.text(text);
        assert_eq!(feed.output.events.len(), count, "{text}");
    }
}

#[test]
fn a_mapping_that_takes_nothing_is_said_once() {
    let warnings = |feed: &Workbench| {
        let all = feed.output.notices.iter();
        all.filter(|notice| matches!(notice, Notice::Error(error) if error.severity == Severity::Warning && error.kind == ErrorKind::SchemaError))
            .count()
    };
    let mut feed = bench(TRADES);
    feed.subscribe(&["A"]);
    feed.open();
    let mut said = Vec::new();
    for number in 1..=60 {
        feed.text(r#"{"kind":"trade","s":"A","p":1}"#);
        if warnings(&feed) > 0 {
            said.push(number);
        }
    }
    assert_eq!(said, [20]);

    // Where something has been taken, others may come as they like.
    let mut feed = bench(TRADES);
    feed.subscribe(&["A"]);
    feed.open();
    feed.text(r#"{"type":"trade","s":"A","p":1}"#);
    for _ in 0..60 {
        feed.text(r#"{"type":"heartbeat"}"#);
        assert_eq!(warnings(&feed), 0);
    }
}

#[test]
fn login_is_secret_and_subscriptions_may_wait_for_it() {
    let mut feed = bench(&format!(
        "token={{env:FEED TOKEN}}&login={{\"key\":\"{{env:FEED_KEY}}\"}}&ready=/status=ok&error=/error&headers=X-Key: {{env:FEED_KEY}}&subscribe=s:{{symbol}}&{TRADES}"
    ));
    let Connect::Open(endpoint) = feed.session.protocol().connect() else {
        unreachable!("there is nothing to ask first")
    };
    assert_eq!(endpoint.url, "wss://feed.example/v1");
    assert_eq!(
        endpoint.secret_query.unwrap().expose_secret(),
        "token=KEY-FEED%20TOKEN"
    );
    assert_eq!(endpoint.headers[0].0, "X-Key");
    assert_eq!(endpoint.headers[0].1.expose_secret(), "KEY-FEED_KEY");
    assert_eq!(feed.setup.keys.len(), 2);
    assert!(feed.session.protocol().needs_login());
    let mut other = bench(&format!("login=x&{TRADES}"));
    assert!(!other.session.protocol().needs_login(), "nobody knows");
    feed.subscribe(&["A"]);
    feed.open();
    assert!(matches!(feed.output.send[..], [Outgoing::Secret(_)]));
    assert_eq!(feed.sent(), [r#"{"key":"KEY-FEED_KEY"}"#]);
    feed.text(r#"{"error":"wrong key"}"#);
    let [Notice::Error(error)] = &feed.output.notices[..] else {
        unreachable!("it says what went wrong")
    };
    assert_eq!(error.message, "the feed says: wrong key");
    feed.text(r#"{"status":"ok"}"#);
    assert_eq!(feed.sent(), ["s:A"]);
    assert!(!format!("{:?}", feed.setup).contains("KEY-FEED"));
}

#[test]
fn pings_are_sent_from_time_to_time_and_books_begin_anew_when_asked() {
    let mut feed = bench(
        "ping={\"op\":\"ping\"}&ping_s=20&subscribe=+{symbol}&unsubscribe=-{symbol}&symbol=/s&bids=/b&asks=/a&snapshot=/full&depth=5",
    );
    feed.subscribe(&["A"]);
    let start = feed.now;
    feed.open();
    feed.tick(start.plus_ms(19_000));
    assert_eq!(feed.sent(), Vec::<&str>::new());
    feed.tick(start.plus_ms(20_000));
    assert_eq!(feed.sent(), [r#"{"op":"ping"}"#]);
    feed.tick(start.plus_ms(21_000));
    assert_eq!(feed.sent(), Vec::<&str>::new());
    let symbol = (Symbol::new("A").unwrap(), SymbolId(0));
    feed.give(super::super::venue::session::Input::Resync(&symbol));
    assert_eq!(feed.sent(), ["-A", "+A"]);
    // What is asked again and again waits longer each time, and is not forgotten.
    for (at_ms, wait_ms) in [(21_000, 1000), (22_000, 2000), (24_000, 4000)] {
        feed.give(super::super::venue::session::Input::Resync(&symbol));
        feed.give(super::super::venue::session::Input::Resync(&symbol));
        feed.tick(start.plus_ms(at_ms + wait_ms - 1));
        assert_eq!(feed.sent(), Vec::<&str>::new());
        feed.tick(start.plus_ms(at_ms + wait_ms));
        assert_eq!(feed.sent(), ["-A", "+A"]);
    }
    for (text, snapshot, depth) in [
        (r#"{"s":"A","b":[[1,2]],"a":[],"full":true}"#, true, None),
        (r#"{"s":"A","b":[[1,0]]}"#, false, Some(5)),
    ] {
        feed.text(text);
        let Payload::Level2(book) = &feed.output.events[0].payload else {
            unreachable!("the mapping is one of books")
        };
        assert_eq!((book.snapshot, book.depth), (snapshot, depth));
    }
}

#[test]
fn several_kinds_of_messages_are_described_in_a_file() {
    let folder = tempfile::tempdir().unwrap();
    let file = folder.path().join("map.toml");
    let text = "[[mapping]]\nitems=''\nmatch=['/T=t']\nsymbol='/S'\nprice='/p'\n\
                [[mapping]]\nitems=''\nmatch=['/T=q']\nsymbol='/S'\nbid='/bp'\nask='/ap'\n";
    std::fs::write(&file, text).unwrap();
    let mut feed = bench(&format!("map={}", file.display()));
    feed.subscribe(&["A"]);
    feed.open();
    feed.text(r#"[{"T":"q","S":"A","bp":1,"ap":2},{"T":"t","S":"A","p":1.5},{"T":"x"}]"#);
    assert_eq!(feed.output.events.len(), 2);
    let only_trades = format!("map={}&services=TIMESALE", file.display());
    let mut feed = bench(&only_trades);
    feed.subscribe(&["A"]);
    feed.open();
    feed.text(r#"[{"T":"q","S":"A","bp":1,"ap":2},{"T":"t","S":"A","p":1.5}]"#);
    assert_eq!(feed.output.events.len(), 1);
}

#[test]
fn mistakes_are_named() {
    for (text, expected) in [
        ("websocket:", "url is needed"),
        ("wss://a.example/x", "map is needed"),
        ("wss://a.example/x?price=/p", "symbol is needed"),
        (
            "wss://a.example/x?price=p&symbol=/s",
            "price=p: is no JSON pointer",
        ),
        ("ws://a.example/x?price=/p&symbol=/s", "is not encrypted"),
        (
            "websocket:https://a.example/x?price=/p&symbol=/s",
            "must begin with wss:// or ws://",
        ),
        (
            "wss://a.example/{symbol}?price=/p&symbol=/s",
            "symbols belong into subscribe=",
        ),
        (
            "wss://a.example/x?subscrbe=/p&symbol=/s",
            "did you mean 'subscribe'?",
        ),
        (
            "wss://a.example/x?price=/p&symbol=/s&map=Cargo.toml",
            "give no field beside it",
        ),
        (
            "wss://a.example/x?map=/nowhere/at/all.toml",
            "cannot be read",
        ),
        (
            "wss://a.example/x?apikey=0123&price=/p&symbol=/s",
            "'apikey' looks like a key",
        ),
        (
            "wss://a.example/x?price=/p&symbol=/s&headers=x",
            "must be Name: value",
        ),
        (
            "wss://a.example/x?price=/p&symbol=/s&ready=x",
            "no JSON pointer",
        ),
    ] {
        let message = problem(text);
        assert!(message.contains(expected), "{text}: {message}");
        assert!(!message.contains("0123"), "{message}");
    }
    for good in [
        "ws://127.0.0.1:9/x?price=/p&symbol=/s",
        "websocket:wss://a.example/x?price=/p&symbol=/s",
        "websocket:?url=wss%3A//a.example/x%3Fa=b&price=/p&symbol=/s",
        "wss://a.example/x?symbol={symbol}&query.symbol=z&price=/p&symbol=/s",
    ] {
        let spec: Result<SourceSpec, _> = good.parse();
        assert_eq!(spec.is_ok(), !good.contains("{symbol}"), "{good} {spec:?}");
    }
}

#[test]
fn symbols_in_other_letters_are_meant_and_others_are_told_once() {
    let mut feed = bench(&format!("subscribe=+{{symbol}}&{TRADES}"));
    feed.subscribe(&["AAPL"]);
    feed.open();
    let trade = |symbol: &str| format!(r#"{{"type":"trade","s":"{symbol}","p":1}}"#);
    let mut said = Vec::new();
    for at in 1..50 {
        feed.text(&trade("trade.AAPL"));
        for notice in &feed.output.notices {
            let Notice::Error(error) = notice else {
                unreachable!("{notice:?}")
            };
            assert_eq!(error.severity, Severity::Warning);
            said.push((at, error.message.clone()));
        }
    }
    let [(20, text)] = &said[..] else {
        unreachable!("{said:?}")
    };
    assert!(
        text.contains("data come for 'trade.AAPL', asked for are 'AAPL'"),
        "{text}"
    );
    assert_eq!(feed.text(&trade("aapl")).events.len(), 1);
    assert_eq!(feed.text(&trade("AAPL")).events.len(), 1);
    assert_eq!(feed.text(&trade("aapl")).events.len(), 0);

    // A feed that gives everything may give a thousand others first.
    let mut feed = bench(TRADES);
    feed.subscribe(&["AAPL"]);
    feed.open();
    for _ in 0..900 {
        feed.text(&trade("X"));
        assert_eq!(feed.output.notices, []);
    }
    feed.text(&trade("AAPL"));
    for _ in 0..1100 {
        feed.text(&trade("X"));
        assert_eq!(feed.output.notices, []);
    }
}
