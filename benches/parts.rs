//! Benchmarks of the parts: `cargo bench --bench parts`, with a name behind it for one of them.
//!
//! Each part is one function that makes its group; adding one is that function and its name in `criterion_group!` at
//! the end. What the whole engine does is measured by `streamer-tui bench`.
#![allow(
    missing_docs,
    reason = "the macros of criterion make items without documentation"
)]
#![allow(
    clippy::expect_used,
    reason = "a benchmark may stop at the first surprise"
)]

use std::hint::black_box;
use std::sync::Arc;
use std::time::Duration;

use chrono_tz::America::New_York;
use criterion::{Criterion, Throughput, criterion_group, criterion_main};

use streamer_tui::compute::history::{BarHistory, HistoryBudget};
use streamer_tui::compute::indicator::{Bank, IndicatorSet};
use streamer_tui::compute::resample::{SessionFinder, candles};
use streamer_tui::decode::csv::Layout;
use streamer_tui::decode::envelope::decode_line;
use streamer_tui::domain::Decimal;
use streamer_tui::domain::bar::{Candle, Ohlcv};
use streamer_tui::domain::event::DataService;
use streamer_tui::domain::indicator::IndicatorSpec;
use streamer_tui::domain::outcome::{ResultBody, ResultInstance};
use streamer_tui::domain::source::SourceName;
use streamer_tui::domain::symbol::{Resolution, Symbol, SymbolId};
use streamer_tui::domain::time::{MINUTE_MS, SessionCalendar, Timeframe, UnixMs};
use streamer_tui::pipeline::sink::Sink;
use streamer_tui::pipeline::snapshot::Row;
use streamer_tui::sinks::json_lines::JsonLines;
use streamer_tui::sources::simulator::model::{MarketModel, ModelSettings};
use streamer_tui::sources::simulator::services::Services;
use streamer_tui::sources::simulator::symbol_name;
use streamer_tui::sources::spec::SourceSpec;
use streamer_tui::sources::venue::session::{Input, Session};
use streamer_tui::sources::venue::{Incoming, Output, binance};
use streamer_tui::tui::expression::{Expression, RowFacts};
use streamer_tui::tui::panels::watchlist::Standing;
use streamer_tui::tui::values::ValueNames;

/// Events in a batch, as the simulator sends them.
const BATCH_EVENTS: usize = 128;

/// The simulated market, by services and number of symbols, in events per second.
fn simulator(criterion: &mut Criterion) {
    let mut group = criterion.benchmark_group("simulator");
    group
        .warm_up_time(Duration::from_millis(500))
        .measurement_time(Duration::from_secs(2))
        .throughput(Throughput::Elements(BATCH_EVENTS as u64));
    let cases = [
        ("level1", Services::of(&[DataService::Level1])),
        ("ohlcv", Services::of(&[DataService::Ohlcv])),
        (
            "ohlcv+level1",
            Services::of(&[DataService::Ohlcv, DataService::Level1]),
        ),
        ("all", Services::ALL),
    ];
    for symbols in [30, 10_000] {
        for (name, services) in cases {
            let mut model = market(services, symbols);
            let mut events = Vec::with_capacity(2 * BATCH_EVENTS);
            group.bench_function(format!("{name}/{symbols} symbols"), |bencher| {
                bencher.iter(|| {
                    events.clear();
                    model.fill(&mut events, BATCH_EVENTS);
                    black_box(events.len())
                });
            });
        }
    }
    group.finish();
}

fn market(services: Services, symbols: u32) -> MarketModel {
    let mut model = MarketModel::new(ModelSettings::new(7, services));
    for number in 1..=symbols {
        let symbol = Symbol::new(&symbol_name(number)).expect("its own names are valid");
        model.add(&symbol, SymbolId(number - 1));
    }
    model
}

/// Bars of one line.
const BARS: usize = 10;

/// Bytes to events: the envelope and a CSV row, in bars per second.
fn decode(criterion: &mut Criterion) {
    let bars: Vec<String> = (0..BARS)
        .map(|symbol| {
            format!(
                r#""SIM{symbol:05}":{{"open":199.79,"high":199.84,"low":199.7,"close":199.84,"volume":1521,"datetime":1720522860000}}"#
            )
        })
        .collect();
    let line = format!(
        r#"{{"timestamp":1720522860000,"service":"OHLCV","symbols":{{{}}}}}"#,
        bars.join(",")
    );
    let mut group = criterion.benchmark_group("decode");
    group.throughput(Throughput::Elements(BARS as u64));
    let mut events = Vec::with_capacity(BARS);
    group.bench_function("envelope of 10 bars", |bencher| {
        bencher.iter(|| {
            events.clear();
            let decoded = decode_line(line.as_bytes(), &mut events, &mut |_| {
                Resolution::Subscribed(SymbolId(0))
            });
            black_box(decoded.is_ok())
        });
    });
    group.throughput(Throughput::Elements(1));
    let mut table =
        Layout::new(b"datetime,open,high,low,close,volume", New_York).expect("a good header");
    group.bench_function("CSV row", |bencher| {
        bencher.iter(|| {
            black_box(
                table
                    .row(b"2019-02-15 15:59:00,170.17,170.25,170.13,170.2461,202717")
                    .is_ok(),
            )
        });
    });
    group.finish();
}

fn candle(minute: i64) -> Candle {
    let close = 100.0 + (minute % 50) as f64;
    Candle {
        start: UnixMs(minute * MINUTE_MS),
        open: close,
        high: close + 1.0,
        low: close - 1.0,
        close,
        volume: 1000.0,
    }
}

/// Messages of a venue through its protocol: written as the venue writes them, and as it might.
fn venue(criterion: &mut Criterion) {
    const DATA: [(&str, &str, &str); 3] = [
        (
            "trade",
            "trade",
            r#""e":"trade","E":1723075200000,"s":"BTCUSDT","t":12345,"p":"104.29000000","q":"0.01230000","T":1723075200000,"m":true,"M":true"#,
        ),
        (
            "quote",
            "bookTicker",
            r#""u":400900217,"s":"BTCUSDT","b":"25.35190000","B":"31.21000000","a":"25.36520000","A":"40.66000000""#,
        ),
        (
            "bar",
            "kline_1m",
            r#""e":"kline","E":1672515782136,"s":"BTCUSDT","k":{"t":1672515780000,"T":1672515839999,"s":"BTCUSDT","i":"1m","f":100,"L":200,"o":"0.0010","c":"0.0020","h":"0.0025","l":"0.0015","v":"1000","n":100,"x":false,"q":"1.0000","V":"500","Q":"0.500","B":"123456"}"#,
        ),
    ];
    let spec: SourceSpec = "binance:".parse().expect("a good specification");
    let setup = binance::VENUE
        .setup(&spec, &|_| None)
        .expect("a good setup");
    let protocol = (binance::VENUE.protocol)(&setup).expect("a good protocol");
    let mut session = Session::new(protocol, &setup);
    let (mut output, now) = (Output::default(), UnixMs(1_723_075_200_000));
    let symbol = (Symbol::new("BTCUSDT").expect("a good symbol"), SymbolId(0));
    session.take(Input::Subscribe(&[symbol]), now, &mut output);
    session.take(Input::Opened, now, &mut output);
    let mut group = criterion.benchmark_group("venue");
    group.throughput(Throughput::Elements(1));
    for (name, stream, data) in DATA {
        for (way, space) in [("as usual", ""), ("otherwise", " ")] {
            let text = format!(r#"{{"stream":"btcusdt@{stream}","data":{{{data}{space}}}}}"#);
            group.bench_function(format!("{name} of Binance, written {way}"), |bencher| {
                bencher.iter(|| {
                    output.clear();
                    let message = Incoming::Text(&text);
                    session.take(Input::Message(message), now, &mut output);
                    black_box(output.events.len())
                });
            });
            assert_eq!(output.events.len(), 1, "{text}");
        }
    }
    group.finish();
}

fn full_history(rows: usize) -> BarHistory {
    let mut bars = BarHistory::new(rows, Arc::new(HistoryBudget::new(u64::MAX)));
    for minute in 0..rows as i64 {
        bars.insert(candle(minute));
    }
    bars
}

/// Keeping bars, and making longer ones of them.
fn history(criterion: &mut Criterion) {
    let mut group = criterion.benchmark_group("history");
    group.throughput(Throughput::Elements(1));
    for rows in [1_000, 1_000_000] {
        let mut bars = full_history(rows);
        let mut minute = rows as i64;
        group.bench_function(format!("append at {rows} rows"), |bencher| {
            bencher.iter(|| {
                minute += 1;
                black_box(bars.insert(candle(minute)))
            });
        });
    }
    group.bench_function("columns of 1000000 rows", |bencher| {
        let bars = full_history(1_000_000);
        bencher.iter(|| black_box(bars.columns().len()));
    });
    #[cfg(feature = "frames")]
    group.bench_function("frame of 1000000 rows", |bencher| {
        let bars = full_history(1_000_000);
        bencher.iter(|| {
            let frame = streamer_tui::compute::history::frame::frame(&bars.columns());
            black_box(frame.expect("columns of one length").height())
        });
    });
    let minutes: Vec<Candle> = (0..10_000).map(candle).collect();
    group.throughput(Throughput::Elements(minutes.len() as u64));
    group.bench_function("10,000 minutes as 5m candles", |bencher| {
        let mut sessions = SessionFinder::new(SessionCalendar::UsEquities);
        bencher.iter(|| black_box(candles(minutes.iter(), Timeframe::M5, &mut sessions).len()));
    });
    group.finish();
}

/// Every indicator of bars, in an order in which the first five are a usual choice.
const INDICATORS: [&str; 20] = [
    "sma",
    "vwap",
    "bb",
    "rsi",
    "macd",
    "ema",
    "wma",
    "atr",
    "stoch",
    "adx",
    "obv",
    "cci",
    "mfi",
    "donchian",
    "keltner",
    "roc",
    "volatility",
    "zscore",
    "rvol",
    "slope",
];

/// What a bar costs with some indicators, after so many bars before it: all of them have to be updated and read.
fn indicators(criterion: &mut Criterion) {
    let mut group = criterion.benchmark_group("indicators");
    group.throughput(Throughput::Elements(1));
    for count in [0, 5, 20] {
        let specs: Vec<IndicatorSpec> = INDICATORS[..count]
            .iter()
            .map(|name| name.parse().expect("a good indicator"))
            .collect();
        let set = IndicatorSet::new(&specs).expect("indicators that there are");
        for rows in [1_000, 1_000_000] {
            let mut bank = Bank::of_bars(&set, None);
            bank.rebuild((0..rows).map(|minute| (candle(minute), UnixMs(0))));
            let mut values = vec![None; set.names().len()];
            let mut minute = rows;
            group.bench_function(format!("{count} after {rows} bars"), |bencher| {
                bencher.iter(|| {
                    bank.take(&candle(minute), UnixMs(0));
                    bank.write(&mut values);
                    minute += 1;
                    black_box(values.last().copied())
                });
            });
        }
    }
    group.finish();
}

/// Results as JSON lines.
fn json_lines(criterion: &mut Criterion) {
    let price = Some(Decimal::new(19_984, 2));
    let result = ResultInstance {
        symbol: SymbolId(0),
        time: Some(UnixMs(1_720_522_860_000)),
        body: ResultBody::Ohlcv {
            bar: Ohlcv {
                open: price,
                high: price,
                low: price,
                close: price,
                volume: Some(Decimal::from(1521)),
            },
            timeframe: Timeframe::M1,
            partial: false,
            indicators: None,
        },
        last: price.into(),
    };
    let (symbol, source) = (
        Symbol::new("AMZN").expect("a good symbol"),
        SourceName::new("replay"),
    );
    let mut sink = JsonLines::new(std::io::sink());
    let mut group = criterion.benchmark_group("json lines");
    group.throughput(Throughput::Elements(1));
    group.bench_function("one result", |bencher| {
        bencher.iter(|| black_box(sink.result(&result, &symbol, &source).is_ok()));
    });
    group.finish();
}

/// A condition put to a watchlist's rows, and an expression to sort them by, in rows per second.
fn expressions(criterion: &mut Criterion) {
    const ROWS: u32 = 10_000;
    let rows: Vec<Row> = (0..ROWS)
        .map(|id| {
            let symbol = Symbol::new(&symbol_name(id + 1)).expect("its own names are valid");
            let mut row = Row::waiting(SymbolId(id), symbol, SourceName::new("sim"));
            row.last = Some(Decimal::new(i64::from(10_000 + id % 500), 2));
            row.day.reference_price = Some(101.0);
            row.day.volume = Some(f64::from(id) * 1e3);
            row.day.vwap = Some(101.5);
            row
        })
        .collect();
    let facts = |row| RowFacts {
        row,
        standing: Standing::default(),
        stale_after_ms: 60_000,
    };
    let names = ValueNames::default();
    let parsed = |text| Expression::parse(text).expect("the shape is right");
    let condition = parsed("change% > 2 or (last > vwap and volume > 1e6 and not halted)")
        .condition(&names)
        .expect("the names are known");
    let number = parsed("(last - vwap) / vwap")
        .number(&names)
        .expect("the names are known");
    let mut group = criterion.benchmark_group("expressions");
    group.throughput(Throughput::Elements(u64::from(ROWS)));
    group.bench_function("condition", |bencher| {
        bencher.iter(|| {
            rows.iter()
                .filter(|row| condition.holds(&facts(row)))
                .count()
        });
    });
    group.bench_function("number", |bencher| {
        bencher.iter(|| {
            rows.iter()
                .filter_map(|row| number.of(&facts(row)))
                .sum::<f64>()
        });
    });
    group.finish();
}

criterion_group!(
    parts,
    decode,
    venue,
    history,
    indicators,
    json_lines,
    simulator,
    expressions
);
criterion_main!(parts);
