//! `streamer-tui bench`: how fast the engine and the screen are on this machine, as ratios to what the machine can do.

mod latency;
mod rig;
mod throughput;

use std::time::Duration;

use serde::Serialize;

/// Everything that was measured.
#[derive(Debug, Serialize)]
struct Report {
    symbols_10: Throughput,
    symbols_10000: Throughput,
    idle_latency_us: IdleLatency,
    peak_rss_mb: Option<f64>,
}

#[derive(Debug, Serialize)]
struct Throughput {
    floor_bars_per_s: f64,
    engine_bars_per_s: f64,
    ratio: f64,
}

#[derive(Debug, Serialize)]
struct IdleLatency {
    p50: f64,
    p99: f64,
    floor_p50: f64,
    floor_p99: f64,
}

fn quantile_us(samples: &mut [Duration], quantile: f64) -> f64 {
    samples.sort_unstable();
    let at = ((samples.len() as f64 - 1.0) * quantile).round() as usize;
    samples
        .get(at)
        .map_or(0.0, |sample| sample.as_nanos() as f64 / 1000.0)
}

/// Measures and gives the report as JSON.
///
/// # Errors
/// When the engine cannot be started or does not come to an end.
pub fn run() -> anyhow::Result<String> {
    let report = Report {
        symbols_10: throughput::measure(10, 10)?,
        symbols_10000: throughput::measure(10_000, 100)?,
        idle_latency_us: latency::measure()?,
        peak_rss_mb: None,
    };
    Ok(serde_json::to_string(&report)?)
}
