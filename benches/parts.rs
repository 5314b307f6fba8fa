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
use std::time::Duration;

use criterion::{Criterion, Throughput, criterion_group, criterion_main};

use streamer_tui::domain::event::DataService;
use streamer_tui::domain::symbol::{Symbol, SymbolId};
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

criterion_group!(parts, simulator);
criterion_main!(parts);
