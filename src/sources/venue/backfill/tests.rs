#![allow(clippy::unwrap_used, reason = "a test may stop at the first surprise")]

use std::time::Duration;

use secrecy::ExposeSecret;

use super::super::session::Input;
use super::super::testing::Workbench;
use super::super::testing::shown::{events, notices};
use super::super::{alpaca, binance, coinbase, kraken};
use super::past::RETRIES_MAX;
use super::*;
use crate::domain::time::MINUTE_MS;
use crate::sources::spec::SourceSpec;

/// The minute in which the workbench's clock stands.
const OPEN: i64 = 1_699_999_980_000;

/// When everything begins.
const BEGUN: i64 = 1_700_000_000_000;

fn minute(count: i64) -> i64 {
    OPEN + count * MINUTE_MS
}

/// The paths that the last input had asked for.
fn paths(bench: &Workbench) -> Vec<&str> {
    bench
        .output
        .ask
        .iter()
        .map(|ask| ask.path.as_str())
        // A silent symbol is looked up.
        .filter(|path| !path.contains("ticker"))
        .collect()
}

fn binance(spec: &str) -> Workbench {
    let mut bench = Workbench::new(&binance::VENUE, spec);
    bench.now = UnixMs(BEGUN);
    bench.subscribe(&["BNBBTC"]);
    bench.open();
    bench.text(r#"{"result":null,"id":1}"#);
    bench
}

/// An answer of Binance with a bar for each minute.
fn klines(minutes: impl IntoIterator<Item = i64>) -> String {
    let row = |count: i64| {
        let start = minute(count);
        format!(
            r#"[{start},"1.0","3.0","0.5","2.{}","10",{},"0",1,"0","0","0"]"#,
            count.unsigned_abs(),
            start + 59_999
        )
    };
    let rows: Vec<String> = minutes.into_iter().map(row).collect();
    format!("[{}]", rows.join(","))
}

fn kline(count: i64) -> String {
    let start = minute(count);
    format!(
        r#"{{"stream":"bnbbtc@kline_1m","data":{{"e":"kline","E":1,"s":"BNBBTC","k":{{"t":{start},"s":"BNBBTC","i":"1m","o":"1","c":"9","h":"9","l":"1","v":"5","x":false}}}}}}"#
    )
}

fn past(minutes: &[i64]) -> String {
    let bars = minutes
        .iter()
        .map(|count| format!("{}=2.{}", minute(*count), count.unsigned_abs()));
    format!("#0 @- past {}", bars.collect::<Vec<_>>().join(" "))
}

#[test]
fn a_span_is_a_number_of_bars_or_a_time() {
    for (text, span) in [
        ("1", Span::Bars(1)),
        ("50000", Span::Bars(50_000)),
        ("90m", Span::Time(5_400_000)),
        ("12h", Span::Time(43_200_000)),
        ("31d", Span::Time(31 * DAY_MS)),
    ] {
        assert_eq!(text.parse(), Ok(span), "{text}");
    }
    for text in [
        "",
        "0",
        "0d",
        "-1",
        "50001",
        "32d",
        "d",
        "1w",
        "5 d",
        "9999999999999999d",
        "1½d",
    ] {
        let reason = text.parse::<Span>().unwrap_err();
        assert!(
            reason.contains("500") || reason.contains("50000"),
            "{reason}"
        );
    }
    let error = "binance:?backfill=no".parse::<SourceSpec>();
    let error = error.unwrap_err().to_string();
    assert!(error.contains("neither a number of bars"), "{error}");
}

#[test]
fn nothing_is_asked_for_unless_it_is_wanted() {
    assert!(paths(&binance("binance:?services=OHLCV")).is_empty());
    assert!(paths(&binance("binance:?services=TIMESALE&backfill=10")).is_empty());
}

#[test]
fn what_is_before_the_stream_is_history_and_what_is_in_it_is_left_to_it() {
    let mut bench = binance("binance:?services=OHLCV&backfill=3");
    let end = minute(1) - 1;
    let path = format!("/api/v3/klines?symbol=BNBBTC&interval=1m&endTime={end}&limit=3");
    assert_eq!(paths(&bench), [path]);
    assert_eq!(bench.output.ask[0].weight, 2);
    let id = bench.output.ask[0].id;
    // The open bar comes before the answer, which holds it too, as it was.
    bench.text(&kline(0));
    bench.answer(id, 200, &klines([-2, -1, 0]));
    assert_eq!(events(&bench.output), [past(&[-2, -1])]);
    assert!(paths(&bench).is_empty() && notices(&bench.output).is_empty());
    // The same again is not awaited any more, and does no harm.
    bench.answer(id, 200, &klines([-1]));
    assert_eq!(events(&bench.output), [past(&[-1])]);
}

#[test]
fn without_a_bar_of_the_stream_the_open_one_is_taken_as_it_is() {
    let mut bench = binance("binance:?services=OHLCV&backfill=2");
    let id = bench.output.ask[0].id;
    bench.answer(id, 200, &klines([-1, 0]));
    assert_eq!(events(&bench.output), [past(&[-1, 0])]);
}

#[test]
fn a_long_span_is_asked_for_page_by_page_until_there_is_no_more() {
    let mut bench = binance("binance:?services=OHLCV&backfill=1d");
    let id = bench.output.ask[0].id;
    bench.text(&kline(0));
    let first = klines(-999..=0);
    bench.answer(id, 200, &first);
    let end = minute(-999) - 1;
    let path = format!("/api/v3/klines?symbol=BNBBTC&interval=1m&endTime={end}&limit=441");
    assert_eq!(paths(&bench), [path]);
    // The venue has no more than this.
    bench.answer(id, 200, &klines([-1001, -1000]));
    assert_eq!(events(&bench.output), [past(&[-1001, -1000])]);
    assert!(paths(&bench).is_empty());
    // A venue that repeats itself leads nowhere.
    let mut bench = binance("binance:?services=OHLCV&backfill=5000");
    for _ in 0..2 {
        bench.answer(id, 200, &first);
    }
    assert!(paths(&bench).is_empty());
}

#[test]
fn a_lost_connection_costs_no_bar() {
    let mut bench = binance("binance:?services=OHLCV&backfill=2");
    let id = bench.output.ask[0].id;
    bench.answer(id, 200, &klines([-2, -1]));
    bench.text(&kline(0));
    bench.give(Input::Closed);
    bench.now = UnixMs(minute(3) + 5000);
    bench.open();
    assert!(paths(&bench).is_empty());
    bench.text(r#"{"result":null,"id":2}"#);
    let end = minute(4) - 1;
    let path = format!("/api/v3/klines?symbol=BNBBTC&interval=1m&endTime={end}&limit=4");
    assert_eq!(paths(&bench), [path]);
    bench.text(&kline(3));
    bench.answer(id, 200, &klines(-1..=3));
    assert_eq!(events(&bench.output), [past(&[0, 1, 2])]);
    // Back within the same minute nothing is missing.
    bench.open();
    bench.text(r#"{"result":null,"id":3}"#);
    assert!(paths(&bench).is_empty());
}

#[test]
fn a_failure_is_told_and_asked_for_again_unless_that_is_hopeless() {
    let mut bench = binance("binance:?services=OHLCV&backfill=2");
    let id = bench.output.ask[0].id;
    let start = bench.now;
    let body = "slow down";
    bench.give(Input::Answered(Answer {
        id,
        status: 429,
        retry_after: Some(Duration::from_secs(20)),
        body: body.as_bytes(),
    }));
    assert_eq!(
        notices(&bench.output),
        ["RateLimited: the bars from before could not be fetched (HTTP 429: slow down)"]
    );
    bench.tick(start.plus_ms(19_000));
    assert!(paths(&bench).is_empty());
    bench.tick(start.plus_ms(20_000));
    assert_eq!(paths(&bench).len(), 1);
    // What cannot be read is tried again too, but not for ever.
    for retry in 1..=RETRIES_MAX {
        bench.answer(id, 200, r#"[[1699999980000,"1"]]"#);
        assert!(
            notices(&bench.output)[0].contains("too few figures"),
            "{retry}"
        );
        bench.tick(bench.now.plus_ms(3_600_000));
    }
    assert!(paths(&bench).is_empty());
    // Live data has gone on, and the next connection tries again.
    assert_eq!(bench.text(&kline(0)).events.len(), 1);
    bench.open();
    bench.text(r#"{"result":null,"id":2}"#);
    assert_eq!(paths(&bench).len(), 1);
    bench.answer(id, 403, "no");
    assert!(notices(&bench.output)[0].starts_with("AuthError"));
    bench.tick(bench.now.plus_ms(3_600_000));
    assert!(paths(&bench).is_empty());
    bench.unsubscribe(0);
    bench.answer(id, 200, &klines([-1]));
    assert!(events(&bench.output).is_empty());
}

#[test]
fn kraken_gives_what_it_has_in_one_answer() {
    let mut bench = Workbench::new(&kraken::VENUE, "kraken:?services=OHLCV&backfill=2");
    bench.now = UnixMs(BEGUN);
    bench.subscribe(&["BTC/USD"]);
    bench.open();
    bench.text(r#"{"method":"subscribe","result":{"channel":"ohlc","symbol":"BTC/USD","snapshot":true},"success":true,"req_id":1}"#);
    let since = (OPEN - 6 * MINUTE_MS) / 1000 - 1;
    let path = format!("/0/public/OHLC?pair=XBTUSD&interval=1&since={since}");
    assert_eq!(paths(&bench), [path]);
    let id = bench.output.ask[0].id;
    let rows: Vec<String> = (-3..=0)
        .map(|count| {
            let (seconds, close) = (minute(count) / 1000, count.unsigned_abs());
            format!(r#"[{seconds},"1.0","3.0","0.5","2.{close}","1.5","10",7]"#)
        })
        .collect();
    let rows = rows.join(",");
    bench.answer(
        id,
        200,
        &format!(r#"{{"error":[],"result":{{"XXBTZUSD":[{rows}],"last":1}}}}"#),
    );
    assert_eq!(events(&bench.output), [past(&[-1, 0])]);
    assert!(paths(&bench).is_empty());
    bench.answer(id, 200, r#"{"error":["EQuery:Unknown asset pair"]}"#);
    assert!(notices(&bench.output)[0].contains("Kraken says EQuery:Unknown asset pair"));
}

#[test]
fn coinbases_bars_replace_the_minutes_that_were_joined_midway() {
    let mut bench = Workbench::new(&coinbase::VENUE, "coinbase:?services=OHLCV&backfill=400");
    bench.now = UnixMs(BEGUN);
    bench.subscribe(&["BTC-USD"]);
    bench.open();
    bench.text(r#"{"channel":"subscriptions","timestamp":"2023-11-14T22:13:20Z","sequence_num":0,"events":[{"subscriptions":{"market_trades":["BTC-USD"]}}]}"#);
    let asked = |from: i64, until: i64| {
        let (start, end) = (minute(from) / 1000, minute(until) / 1000 - 1);
        format!(
            "/api/v3/brokerage/market/products/BTC%2DUSD/candles?start={start}&end={end}&granularity=ONE_MINUTE"
        )
    };
    assert_eq!(paths(&bench), [asked(-340, 0)]);
    let id = bench.output.ask[0].id;
    let candle = |count: i64| {
        let (seconds, close) = (minute(count) / 1000, count.unsigned_abs());
        format!(
            r#"{{"candles":[{{"start":"{seconds}","low":"1","high":"3","open":"1","close":"2.{close}","volume":"10"}}]}}"#
        )
    };
    bench.answer(id, 200, &candle(-1));
    // What was built of it is given out before.
    let clock = format!("#0 @{} clock", minute(0));
    assert_eq!(events(&bench.output), [clock, past(&[-1])]);
    assert_eq!(paths(&bench), [asked(-680, -340)]);
    bench.answer(id, 200, r#"{"candles":[]}"#);
    assert_eq!(paths(&bench), [asked(-1020, -680)]);
    bench.answer(id, 200, r#"{"candles":[]}"#);
    bench.answer(id, 200, r#"{"candles":[]}"#);
    assert!(paths(&bench).is_empty());
    // The minute that was joined midway is asked for when it is over.
    bench.tick(UnixMs(minute(1) + 4000));
    assert!(paths(&bench).is_empty());
    bench.tick(UnixMs(minute(1) + 5000));
    assert_eq!(paths(&bench), [asked(0, 1)]);
    bench.answer(id, 200, &candle(0));
    let clock = format!("#0 @{} clock", minute(1));
    assert_eq!(events(&bench.output), [clock, past(&[0])]);
    assert!(paths(&bench).is_empty());
}

#[test]
fn alpaca_is_asked_with_its_keys_for_the_feed_at_hand() {
    for (spec, symbol, path) in [
        (
            "alpaca:iex?services=OHLCV&backfill=1h",
            "AAPL",
            "/v2/stocks/bars?symbols=AAPL&timeframe=1Min&start=2023-11-14T21:13:00.000Z&end=2023-11-14T22:13:59.999Z&limit=61&sort=desc&feed=iex",
        ),
        (
            "alpaca:delayed_sip?services=OHLCV&backfill=1h",
            "AAPL",
            "/v2/stocks/bars?symbols=AAPL&timeframe=1Min&start=2023-11-14T21:13:00.000Z&end=2023-11-14T21:57:59.999Z&limit=61&sort=desc&feed=sip",
        ),
        (
            "alpaca:crypto?services=OHLCV&backfill=1h",
            "BTC/USD",
            "/v1beta3/crypto/us/bars?symbols=BTC%2FUSD&timeframe=1Min&start=2023-11-14T21:13:00.000Z&end=2023-11-14T22:13:59.999Z&limit=61&sort=desc",
        ),
    ] {
        let mut bench = Workbench::new(&alpaca::VENUE, spec);
        bench.now = UnixMs(BEGUN);
        bench.subscribe(&[symbol]);
        bench.open();
        bench.text(r#"[{"T":"success","msg":"connected"}]"#);
        bench.text(r#"[{"T":"success","msg":"authenticated"}]"#);
        bench.text(&format!(r#"[{{"T":"subscription","bars":["{symbol}"]}}]"#));
        assert_eq!(paths(&bench), [path], "{spec}");
        let ask = &bench.output.ask[0];
        let headers = ask
            .headers
            .iter()
            .map(|(name, key)| (*name, key.expose_secret()));
        assert_eq!(
            headers.collect::<Vec<_>>(),
            [
                ("APCA-API-KEY-ID", "KEY-APCA_API_KEY_ID"),
                ("APCA-API-SECRET-KEY", "KEY-APCA_API_SECRET_KEY")
            ]
        );
        assert!(!format!("{ask:?}").contains("KEY-APCA_API_KEY"));
        let id = ask.id;
        bench.answer(id, 200, r#"{"bars":null,"next_page_token":null}"#);
        assert!(events(&bench.output).is_empty() && notices(&bench.output).is_empty());
        let body = format!(
            r#"{{"bars":{{"{symbol}":[{{"t":"2023-11-14T22:12:00Z","o":1,"h":3,"l":0.5,"c":2.1,"v":10,"n":3,"vw":1.5}}]}},"next_page_token":null}}"#
        );
        bench.answer(id, 200, &body);
        assert_eq!(events(&bench.output), [past(&[-1])]);
    }
}
