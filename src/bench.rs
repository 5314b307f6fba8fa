//! `streamer-tui bench`: how fast the engine and the screen are on this machine, as ratios to what the machine can do.

mod frame;
mod latency;
mod load;
mod rig;
mod throughput;

use std::fmt;
use std::time::Duration;

use serde::Serialize;

/// Everything that was measured.
#[derive(Debug, Serialize)]
pub struct Report {
    symbols_10: Throughput,
    symbols_10000: Throughput,
    idle_latency_us: IdleLatency,
    frame_us: Quantiles,
    load: Load,
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

#[derive(Debug, Serialize)]
struct Quantiles {
    p50: f64,
    p99: f64,
}

#[derive(Debug, Serialize)]
struct Load {
    events_per_s: f64,
    screen_lag_ms_p99: f64,
    key_ms_p99: f64,
    rss_mb_start: Option<f64>,
    rss_mb_end: Option<f64>,
}

fn quantile_us(samples: &mut [Duration], quantile: f64) -> f64 {
    samples.sort_unstable();
    let at = ((samples.len() as f64 - 1.0) * quantile).round() as usize;
    samples
        .get(at)
        .map_or(0.0, |sample| sample.as_nanos() as f64 / 1000.0)
}

/// A figure of the process's memory from the system, in megabytes; `None` where the system does not tell.
fn status_mb(field: &str) -> Option<f64> {
    let status = std::fs::read_to_string("/proc/self/status").ok()?;
    let line = status
        .lines()
        .find_map(|line| line.strip_prefix(field)?.strip_prefix(':'))?;
    let kilobytes: f64 = line.split_whitespace().next()?.parse().ok()?;
    Some(kilobytes / 1024.0)
}

fn resident_mb() -> Option<f64> {
    status_mb("VmRSS")
}

/// Measures everything; takes about half a minute. `progress` is told what comes next.
///
/// # Errors
/// When the engine cannot be started or does not come to an end.
pub fn run(progress: impl Fn(&str)) -> anyhow::Result<Report> {
    progress("throughput, 10 symbols");
    let symbols_10 = throughput::measure(10, 10)?;
    progress("throughput, 10,000 symbols");
    let symbols_10000 = throughput::measure(10_000, 100)?;
    progress("latency of single bars");
    let idle_latency_us = latency::measure()?;
    progress("drawing");
    let frame_us = frame::measure()?;
    progress("load with a screen");
    let load = load::measure()?;
    Ok(Report {
        symbols_10,
        symbols_10000,
        idle_latency_us,
        frame_us,
        load,
        peak_rss_mb: status_mb("VmHWM"),
    })
}

impl fmt::Display for Report {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let megabytes =
            |value: Option<f64>| value.map_or("–".to_owned(), |value| format!("{value:.0} MB"));
        for (name, throughput) in [
            ("10 symbols", &self.symbols_10),
            ("10,000 symbols", &self.symbols_10000),
        ] {
            writeln!(
                f,
                "{name:<22}{:>12.0} bars/s, {:.2} of decoding alone ({:.0} bars/s)",
                throughput.engine_bars_per_s, throughput.ratio, throughput.floor_bars_per_s
            )?;
        }
        let idle = &self.idle_latency_us;
        writeln!(
            f,
            "{:<22}{:>12.1} µs p50, {:.1} µs p99; bare channels {:.1} and {:.1} µs",
            "one bar, idle", idle.p50, idle.p99, idle.floor_p50, idle.floor_p99
        )?;
        writeln!(
            f,
            "{:<22}{:>12.0} µs p50, {:.0} µs p99",
            "one frame, 1,000 rows", self.frame_us.p50, self.frame_us.p99
        )?;
        let load = &self.load;
        writeln!(
            f,
            "{:<22}{:>12.0} events/s; screen {:.0} ms behind p99, keys {:.0} ms p99, memory {} to {}",
            "load, 30 symbols",
            load.events_per_s,
            load.screen_lag_ms_p99,
            load.key_ms_p99,
            megabytes(load.rss_mb_start),
            megabytes(load.rss_mb_end)
        )?;
        write!(
            f,
            "{:<22}{:>12}",
            "most memory",
            megabytes(self.peak_rss_mb)
        )
    }
}
