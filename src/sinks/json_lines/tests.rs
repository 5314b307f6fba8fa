#![allow(clippy::unwrap_used, reason = "a test may stop at the first surprise")]

use std::io;
use std::sync::Arc;

use super::*;
use crate::domain::bar::Ohlcv;
use crate::domain::book::{BookTop, Integrity, Level};
use crate::domain::indicator::{ChartPlace, IndicatorNames, IndicatorValues};
use crate::domain::news::News;
use crate::domain::outcome::{ErrorKind, LastPrice, ResultBody, Status};
use crate::domain::quote::{Level1, SymbolFacts, Trading};
use crate::domain::symbol::SymbolId;
use crate::domain::time::Timeframe;
use crate::domain::trade::{Side, TimeAndSale, TradeAction, TradeId};

fn decimal(text: &str) -> Option<Decimal> {
    (!text.is_empty()).then(|| text.parse().unwrap())
}

fn bar(
    values: [&str; 5],
    time: Option<i64>,
    timeframe: Timeframe,
    partial: bool,
) -> ResultInstance {
    let [open, high, low, close, volume] = values.map(decimal);
    ResultInstance {
        symbol: SymbolId(0),
        time: time.map(UnixMs),
        body: ResultBody::Ohlcv {
            bar: Ohlcv {
                open,
                high,
                low,
                close,
                volume,
            },
            timeframe,
            partial,
            indicators: None,
        },
        last: LastPrice::Unchanged,
    }
}

fn lines(write: impl FnOnce(&mut JsonLines<&mut Vec<u8>>)) -> Vec<String> {
    let mut output = Vec::new();
    let mut sink = JsonLines::new(&mut output);
    write(&mut sink);
    sink.flush().unwrap();
    let text = String::from_utf8(output).unwrap();
    assert!(text.is_empty() || text.ends_with('\n'));
    text.lines().map(str::to_owned).collect()
}

fn result_line(result: &ResultInstance, symbol: &str) -> String {
    let symbol = Symbol::new(symbol).unwrap();
    lines(|sink| {
        sink.result(result, &symbol, &SourceName::new("replay"))
            .unwrap();
    })
    .swap_remove(0)
}

#[test]
fn the_reference_messages_are_written_exactly() {
    let minute = |values, ms| bar(values, Some(ms), Timeframe::M1, false);
    for (symbol, result, expected) in [
        (
            "AMZN",
            minute(
                ["199.79", "199.84", "199.79", "199.84", "1521"],
                1_720_522_800_000,
            ),
            r#"{"type":"result","service":"OHLCV","symbol":"AMZN","open":199.79,"high":199.84,"low":199.79,"close":199.84,"volume":1521,"unix_ts":1720522800000,"new_york_datetime":"2024-07-09T07:00:00-04:00","source":"replay"}"#,
        ),
        (
            "AAPL",
            minute(
                ["227.99", "228.0", "227.95", "227.95", "3756"],
                1_720_522_860_000,
            ),
            r#"{"type":"result","service":"OHLCV","symbol":"AAPL","open":227.99,"high":228.0,"low":227.95,"close":227.95,"volume":3756,"unix_ts":1720522860000,"new_york_datetime":"2024-07-09T07:01:00-04:00","source":"replay"}"#,
        ),
        (
            "AMZN",
            minute(
                ["199.8", "199.8", "199.8", "199.8", "1874"],
                1_720_522_920_000,
            ),
            r#"{"type":"result","service":"OHLCV","symbol":"AMZN","open":199.8,"high":199.8,"low":199.8,"close":199.8,"volume":1874,"unix_ts":1720522920000,"new_york_datetime":"2024-07-09T07:02:00-04:00","source":"replay"}"#,
        ),
    ] {
        assert_eq!(result_line(&result, symbol), expected);
    }
}

#[test]
fn indicators_stand_behind_all_else_and_null_is_what_is_not_ready() {
    let mut names = IndicatorNames::default();
    names.push("sma(20)".parse().unwrap(), &[""], ChartPlace::Overlay);
    names.push(
        "bb(20,2)@5m".parse().unwrap(),
        &["upper", "middle", "lower"],
        ChartPlace::Overlay,
    );
    let mut result = bar(["1", "1", "1", "1", "1"], None, Timeframe::M5, false);
    if let ResultBody::Ohlcv { indicators, .. } = &mut result.body {
        *indicators = Some(Arc::new(IndicatorValues {
            names: Arc::new(names),
            values: vec![Some(0.1 + 0.2), Some(3.0), Some(1e-7), None].into(),
        }));
    }
    let line = result_line(&result, "X");
    let expected = r#""timeframe":"5m","indicators":{"sma_20":0.30000000000000004,"bb_20_2@5m":{"upper":3.0,"middle":1e-7,"lower":null}}}"#;
    assert!(line.ends_with(expected), "{line}");
}

#[test]
fn what_is_missing_is_null() {
    assert_eq!(
        result_line(
            &bar(["", "1.10", "", "", ""], None, Timeframe::M1, false),
            "X"
        ),
        r#"{"type":"result","service":"OHLCV","symbol":"X","open":null,"high":1.10,"low":null,"close":null,"volume":null,"unix_ts":null,"new_york_datetime":null,"source":"replay"}"#
    );
}

#[test]
fn longer_bars_say_how_long_and_whether_they_were_cut() {
    let values = ["1", "2", "1", "2", "9"];
    let whole = result_line(
        &bar(values, Some(1_720_522_800_000), Timeframe::M5, false),
        "X",
    );
    assert!(
        whole.ends_with(r#""source":"replay","timeframe":"5m"}"#),
        "{whole}"
    );
    let cut = result_line(
        &bar(values, Some(1_720_522_800_000), Timeframe::H1, true),
        "X",
    );
    assert!(
        cut.ends_with(r#""source":"replay","timeframe":"1h","partial":true}"#),
        "{cut}"
    );
}

#[test]
fn quotes_have_their_own_keys() {
    let result = ResultInstance {
        symbol: SymbolId(0),
        time: Some(UnixMs(1_720_522_800_250)),
        body: ResultBody::Level1 {
            quote: Level1 {
                bid: decimal("0.00100000"),
                bid_size: decimal("5"),
                ask: decimal("0.00100100"),
                ..Level1::default()
            },
            facts: None,
        },
        last: LastPrice::Unchanged,
    };
    assert_eq!(
        result_line(&result, "BTC/USD"),
        r#"{"type":"result","service":"LEVEL1","symbol":"BTC/USD","bid":0.00100000,"bid_size":5,"ask":0.00100100,"ask_size":null,"last":null,"last_size":null,"volume":null,"unix_ts":1720522800250,"new_york_datetime":"2024-07-09T07:00:00.250-04:00","source":"replay"}"#
    );
}

fn result(body: ResultBody) -> ResultInstance {
    ResultInstance {
        symbol: SymbolId(0),
        time: Some(UnixMs(1_720_522_800_000)),
        body,
        last: LastPrice::Unchanged,
    }
}

/// What stands between the symbol and the times, and what stands after the source.
fn parts(body: ResultBody) -> (String, String) {
    let line = result_line(&result(body), "X");
    let value: serde_json::Value = serde_json::from_str(&line).unwrap();
    assert_eq!(value["source"], "replay", "{line}");
    let (_, rest) = line.split_once(r#""symbol":"X","#).unwrap();
    let times = r#","unix_ts":1720522800000,"new_york_datetime":"2024-07-09T07:00:00-04:00","source":"replay""#;
    let (before, after) = rest.split_once(times).unwrap();
    (before.to_owned(), after.to_owned())
}

#[test]
fn facts_are_told_while_a_symbol_is_not_open() {
    let body = |trading, reason: Option<&str>| ResultBody::Level1 {
        quote: Level1::default(),
        facts: Some(Arc::new(SymbolFacts {
            trading,
            reason: reason.map(Into::into),
            previous_close: decimal("1"),
            ..SymbolFacts::default()
        })),
    };
    for (trading, reason, expected) in [
        (
            Some(Trading::Halted),
            Some("T1"),
            r#","trading":"halted","reason":"T1"}"#,
        ),
        (
            Some(Trading::QuotesOnly),
            None,
            r#","trading":"quotes-only"}"#,
        ),
        (Some(Trading::Open), Some("T3"), "}"),
        (None, None, "}"),
    ] {
        assert_eq!(parts(body(trading, reason)).1, expected);
    }
    let limits = |trading, lower: &str, upper: &str| ResultBody::Level1 {
        quote: Level1::default(),
        facts: Some(Arc::new(SymbolFacts {
            trading,
            lower_limit: decimal(lower),
            upper_limit: decimal(upper),
            ..SymbolFacts::default()
        })),
    };
    for (trading, lower, upper, expected) in [
        (
            None,
            "98.10",
            "108.40",
            r#","lower_limit":98.10,"upper_limit":108.40}"#,
        ),
        (
            Some(Trading::Halted),
            "",
            "108.40",
            r#","trading":"halted","upper_limit":108.40}"#,
        ),
    ] {
        assert_eq!(parts(limits(trading, lower, upper)).1, expected);
    }
}

#[test]
fn books_are_lists_of_levels_that_keep_their_digits() {
    let level = |price, size| Level {
        price: decimal(price).unwrap(),
        size: decimal(size).unwrap(),
    };
    let book = BookTop {
        bids: vec![level("0.00100000", "5.0"), level("0.0009", "1")],
        asks: vec![level("0.0011", "7")],
        integrity: Integrity::Sequenced,
        sequence: Some(u64::MAX),
    };
    assert_eq!(
        parts(ResultBody::Level2(Box::new(book))).0,
        r#""bids":[[0.00100000,5.0],[0.0009,1]],"asks":[[0.0011,7]],"integrity":"sequenced","sequence":18446744073709551615"#
    );
    assert_eq!(
        parts(ResultBody::Level2(Box::default())).0,
        r#""bids":[],"asks":[],"integrity":"unverified","sequence":null"#
    );
}

#[test]
fn trades_say_what_they_change() {
    let trade = TimeAndSale {
        price: decimal("10.50"),
        size: decimal("3"),
        side: Some(Side::Sell),
        conditions: Box::new(["@".into(), "\"I".into()]),
        trade_id: Some(TradeId::Number(7)),
        ..TimeAndSale::default()
    };
    let (before, after) = parts(ResultBody::TimeAndSales(Arc::new(trade.clone())));
    assert_eq!(
        before,
        r#""price":10.50,"size":3,"side":"sell","conditions":["@","\"I"],"trade_id":7"#
    );
    assert_eq!(after, "}");
    let correction = TimeAndSale {
        action: TradeAction::Corrects(TradeId::Text("a\u{1b}".into())),
        ..trade
    };
    let (_, after) = parts(ResultBody::TimeAndSales(Arc::new(correction)));
    assert_eq!(after, r#","corrects":"a\u001b"}"#);
    let cancel = TimeAndSale {
        action: TradeAction::Cancels(TradeId::Number(7)),
        exchange: Some("D\"".into()),
        ..TimeAndSale::default()
    };
    let (before, after) = parts(ResultBody::TimeAndSales(Arc::new(cancel)));
    assert_eq!(
        before,
        r#""price":null,"size":null,"side":null,"conditions":[],"trade_id":null"#
    );
    assert_eq!(after, r#","cancels":7,"exchange":"D\""}"#);
}

#[test]
fn the_publisher_of_news_is_not_taken_for_the_source_of_the_result() {
    let news = News {
        headline: "A \u{202e}\"B\"".to_owned(),
        source: Some("Wire".to_owned()),
        summary: Some("short".to_owned()),
        symbols: vec!["X".to_owned(), "Y".to_owned()].into(),
        ..News::default()
    };
    let (before, after) = parts(ResultBody::News(Box::new(news)));
    assert_eq!(
        before,
        r#""headline":"A \u202e\"B\"","publisher":"Wire","url":null,"symbols":["X","Y"]"#
    );
    assert_eq!(after, r#","summary":"short"}"#);
}

#[test]
fn errors_and_statuses_carry_what_is_known() {
    let replay = SourceName::new("replay");
    let ended = ErrorInstance::new(
        ErrorKind::ConnectionError,
        "No more data available from API.",
    )
    .from_source(&replay);
    let full = ErrorInstance {
        symbol: Some(Symbol::new("AAPL").unwrap()),
        location: Some("bars/x.csv:7".to_owned()),
        sample: Some("a,\u{1b}b".to_owned()),
        time: Some(UnixMs(5)),
        ..ErrorInstance::new(ErrorKind::DecodeError, "no \"price\"")
            .from_source(&replay)
            .as_warning()
    };
    let plain = StatusChange::of_source(Status::Connected, &replay);
    let rich = StatusChange {
        retry_ms: Some(4000),
        time: Some(UnixMs(6)),
        ..StatusChange::of_source(Status::Reconnecting, &replay)
            .with_message("again")
            .with_symbol(&Symbol::new("SPY").unwrap())
    };
    let lines = lines(|sink| {
        sink.error(&ended).unwrap();
        sink.error(&full).unwrap();
        sink.status(&plain).unwrap();
        sink.status(&rich).unwrap();
    });
    assert_eq!(
        lines,
        [
            r#"{"type":"error","error":"ConnectionError","severity":"error","message":"No more data available from API.","source":"replay"}"#,
            r#"{"type":"error","error":"DecodeError","severity":"warning","message":"no \"price\"","source":"replay","symbol":"AAPL","location":"bars/x.csv:7","sample":"a,\u001bb","unix_ts":5}"#,
            r#"{"type":"status","status":"connected","source":"replay"}"#,
            r#"{"type":"status","status":"reconnecting","source":"replay","symbol":"SPY","message":"again","retry_ms":4000,"unix_ts":6}"#,
        ]
    );
}

/// Takes so many bytes and then fails.
struct Full(usize, ErrorKindOf);
type ErrorKindOf = io::ErrorKind;

impl Write for Full {
    fn write(&mut self, bytes: &[u8]) -> io::Result<usize> {
        if self.0 == 0 {
            return Err(self.1.into());
        }
        let taken = self.0.min(bytes.len());
        self.0 -= taken;
        Ok(taken)
    }
    fn flush(&mut self) -> io::Result<()> {
        Ok(())
    }
}

#[test]
fn a_reader_that_goes_is_told_from_a_failure() {
    let status = StatusChange::of_source(Status::Connected, &SourceName::new("sim"));
    let outcome = |kind| {
        let mut sink = JsonLines::new(Full(70, kind));
        sink.status(&status).unwrap();
        sink.status(&status).unwrap();
        sink.flush().unwrap_err()
    };
    assert_eq!(outcome(io::ErrorKind::BrokenPipe), SinkClosed::ReaderGone);
    assert!(matches!(
        outcome(io::ErrorKind::StorageFull),
        SinkClosed::Failed(_)
    ));
}

#[test]
fn what_is_buffered_has_a_bound() {
    let mut output = Vec::new();
    let mut sink = JsonLines::new(&mut output);
    let status = StatusChange::of_source(Status::Connected, &SourceName::new("sim"));
    for _ in 0..10_000 {
        sink.status(&status).unwrap();
        assert!(sink.buffer.len() < BUFFER_BYTES);
    }
    sink.flush().unwrap();
    assert_eq!(String::from_utf8(output).unwrap().lines().count(), 10_000);
}

#[test]
fn the_readme_names_every_key() {
    let readme = include_str!("../../../README.md");
    let keys_in = |name: &str| -> Vec<&str> {
        let start = format!("| {name} |");
        let row = readme.lines().find(|line| line.starts_with(&start));
        row.unwrap().split('`').collect()
    };
    let facts = SymbolFacts {
        trading: Some(Trading::Halted),
        reason: Some("T1".into()),
        ..SymbolFacts::default()
    };
    let trade = |action| {
        ResultBody::TimeAndSales(Arc::new(TimeAndSale {
            action,
            exchange: Some("D".into()),
            ..TimeAndSale::default()
        }))
    };
    let news = News {
        summary: Some("short".to_owned()),
        ..News::default()
    };
    let mut lines = vec![result_line(
        &bar(["1"; 5], Some(0), Timeframe::M5, true),
        "X",
    )];
    let bodies = [
        ResultBody::Level1 {
            quote: Level1::default(),
            facts: Some(Arc::new(facts)),
        },
        ResultBody::Level2(Box::default()),
        trade(TradeAction::Corrects(TradeId::Number(1))),
        trade(TradeAction::Cancels(TradeId::Number(1))),
        ResultBody::News(Box::new(news)),
    ];
    lines.extend(bodies.map(|body| result_line(&result(body), "X")));
    for line in lines {
        let line: serde_json::Map<String, serde_json::Value> = serde_json::from_str(&line).unwrap();
        let service = format!("`{}`", line["service"].as_str().unwrap());
        let mut known = keys_in("every `result`");
        known.extend(keys_in(&service));
        for key in line.keys() {
            assert!(known.contains(&key.as_str()), "{service}: {key}");
        }
    }
}
