//! Bars per second through the whole engine, against decoding the same bytes and nothing else.

use std::fmt::Write as _;
use std::hint::black_box;
use std::sync::Arc;
use std::time::Instant;

use serde::Deserialize;
use serde::de::{MapAccess, Visitor};

use super::rig::Rig;
use super::{Throughput, median};

/// Bars in one turn of either side: long enough to be steady, short enough that both sides see the same machine.
const TURN_BARS: usize = 200_000;
/// Turns of each side; the median is what counts.
const TURNS: usize = 9;

/// Envelopes of `bars_each` bars over `symbols` symbols, minute after minute, as bytes in memory.
pub(super) fn frames(symbols: usize, bars_each: usize, bars: usize) -> Vec<Vec<u8>> {
    let start = 1_720_522_800_000_i64;
    let mut frames = Vec::with_capacity(bars / bars_each);
    let mut next = 0;
    for _ in 0..bars / bars_each {
        let time = start + (next / symbols) as i64 * 60_000;
        let mut line = format!("{{\"timestamp\":{time},\"service\":\"OHLCV\",\"symbols\":{{");
        for at in 0..bars_each {
            let symbol = next % symbols;
            let cents = 10_000 + (next * 7919) % 9_000;
            let comma = if at == 0 { "" } else { "," };
            let (units, rest) = (cents / 100, cents % 100);
            // Writing to a string cannot fail.
            let written = write!(
                line,
                "{comma}\"SIM{symbol:05}\":{{\"open\":{units}.{rest:02},\"high\":{high}.{rest:02},\"low\":{low}.05,\
                 \"close\":{units}.37,\"volume\":{volume},\"datetime\":{time}}}",
                high = units + 1,
                low = units - 1,
                volume = 100 + cents % 5000,
            );
            debug_assert!(written.is_ok());
            next += 1;
        }
        line.push_str("}}");
        frames.push(line.into_bytes());
    }
    frames
}

#[derive(Deserialize)]
struct FloorBar {
    open: f64,
    high: f64,
    low: f64,
    close: f64,
    volume: f64,
    datetime: i64,
}

/// The symbols of a frame in a plain list: the leanest way there is to hold them.
struct FloorSymbols<'a>(Vec<(&'a str, FloorBar)>);

impl<'de: 'a, 'a> Deserialize<'de> for FloorSymbols<'a> {
    fn deserialize<D: serde::Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        struct Symbols;
        impl<'de> Visitor<'de> for Symbols {
            type Value = FloorSymbols<'de>;
            fn expecting(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
                f.write_str("a mapping of symbols to bars")
            }
            fn visit_map<A: MapAccess<'de>>(self, mut map: A) -> Result<Self::Value, A::Error> {
                let mut all = Vec::new();
                while let Some(entry) = map.next_entry()? {
                    all.push(entry);
                }
                Ok(FloorSymbols(all))
            }
        }
        deserializer.deserialize_map(Symbols)
    }
}

#[derive(Deserialize)]
struct FloorFrame<'a> {
    timestamp: i64,
    service: &'a str,
    #[serde(borrow)]
    symbols: FloorSymbols<'a>,
}

/// Decodes every frame on this thread; how many bars per second.
fn floor(frames: &[Vec<u8>]) -> f64 {
    let start = Instant::now();
    let mut bars = 0;
    let mut sum = 0.0;
    for frame in frames {
        let Ok(frame) = serde_json::from_slice::<FloorFrame<'_>>(frame) else {
            continue;
        };
        bars += frame.symbols.0.len();
        black_box((frame.timestamp, frame.service));
        for (symbol, bar) in &frame.symbols.0 {
            sum += bar.open + bar.high + bar.low + bar.close + bar.volume + (bar.datetime as f64);
            black_box(symbol);
        }
    }
    black_box(sum);
    bars as f64 / start.elapsed().as_secs_f64()
}

/// Measures both sides in turns.
pub(super) fn measure(symbols: usize, bars_each: usize) -> anyhow::Result<Throughput> {
    let frames = Arc::new(frames(symbols, bars_each, TURN_BARS));
    let (mut floors, mut engines) = (Vec::new(), Vec::new());
    for _ in 0..TURNS {
        floors.push(floor(&frames));
        let rig = Rig::start(symbols, Arc::clone(&frames))?;
        engines.push(TURN_BARS as f64 / rig.play_all()?.as_secs_f64());
    }
    let (floor, engine) = (median(floors), median(engines));
    Ok(Throughput {
        floor_bars_per_s: floor.round(),
        engine_bars_per_s: engine.round(),
        ratio: engine / floor,
    })
}
