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
use streamer_tui::compute::resample::{SessionFinder, candles};
use streamer_tui::decode::csv::Layout;
use streamer_tui::decode::envelope::decode_line;
use streamer_tui::domain::Decimal;
use streamer_tui::domain::bar::{Candle, Ohlcv};
use streamer_tui::domain::event::DataService;
use streamer_tui::domain::outcome::{DayStats, ResultBody, ResultInstance};
use streamer_tui::domain::source::SourceName;
use streamer_tui::domain::symbol::{Resolution, Symbol, SymbolId};
use streamer_tui::domain::time::{MINUTE_MS, SessionCalendar, Timeframe, UnixMs};
use streamer_tui::pipeline::sink::Sink;
use streamer_tui::sinks::json_lines::JsonLines;
use streamer_tui::sources::simulator::model::{MarketModel, ModelSettings};
use streamer_tui::sources::simulator::services::Services;
use streamer_tui::sources::simulator::symbol_name;

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
        last: price,
        day: DayStats::default(),
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

criterion_group!(parts, decode, history, json_lines, simulator);
criterion_main!(parts);
