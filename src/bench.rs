//! `streamer-tui bench`: how fast the engine and the screen are on this machine, as ratios to what the machine can do.

mod frame;
mod indicators;
mod latency;
mod load;
#[cfg(feature = "frames")]
mod questions;
mod rig;
mod socket;
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
    indicators: Indicators,
    history: History,
    #[cfg(feature = "frames")]
    questions: Questions,
    socket: Socket,
    books: Books,
    quotes: Quotes,
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

/// What a bar costs with so many indicators, in nanoseconds.
#[derive(Debug, Serialize)]
struct Indicators {
    none: BarCost,
    five: BarCost,
    twenty: BarCost,
    /// The five at 10,000 rows, which the baseline in Python has too.
    five_at_10000_ns: f64,
}

/// What a bar costs with so many rows of history before it.
#[derive(Debug, Serialize)]
struct BarCost {
    at_1000_ns: f64,
    at_1000000_ns: f64,
}

/// A history of a million bars.
#[derive(Debug, Serialize)]
struct History {
    mb_per_million_bars: f64,
    /// Its columns at one moment.
    columns_us: f64,
    /// The same as a frame of Polars; `None` without the feature.
    frame_us: Option<f64>,
}

/// The engine with questions beside it, one after the other.
#[cfg(feature = "frames")]
#[derive(Debug, Serialize)]
struct Questions {
    alone_bars_per_s: f64,
    beside_bars_per_s: f64,
    ratio: f64,
    answered: u64,
}

/// Frames of a venue on a local websocket, from the wire to the administrator.
#[derive(Debug, Serialize)]
struct Socket {
    floor_frames_per_s: f64,
    engine_frames_per_s: f64,
    ratio: f64,
}

/// Book updates on a local websocket, each with a checksum that is compared.
#[derive(Debug, Serialize)]
struct Books {
    updates_per_s: f64,
}

/// What the program costs while the quotes of 500 symbols come in.
#[derive(Debug, Serialize)]
struct Quotes {
    messages_per_s: f64,
    seconds: u32,
    /// Of one processor.
    cpu_percent: f64,
    rss_mb: Option<f64>,
}

fn median(mut values: Vec<f64>) -> f64 {
    values.sort_by(f64::total_cmp);
    values.get(values.len() / 2).copied().unwrap_or(0.0)
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
    process_status_mb(std::process::id(), field)
}

fn process_status_mb(process: u32, field: &str) -> Option<f64> {
    let status = std::fs::read_to_string(format!("/proc/{process}/status")).ok()?;
    let line = status
        .lines()
        .find_map(|line| line.strip_prefix(field)?.strip_prefix(':'))?;
    let kilobytes: f64 = line.split_whitespace().next()?.parse().ok()?;
    Some(kilobytes / 1024.0)
}

/// How long a process has kept processors busy so far.
fn process_busy(process: u32) -> anyhow::Result<Duration> {
    let stat = std::fs::read_to_string(format!("/proc/{process}/stat"))?;
    // The second field is the name in brackets, which may hold blanks; user and system time are the 14th and 15th.
    let after_name = stat.rsplit_once(')').map_or("", |(_, after)| after);
    let ticks: u64 = after_name
        .split_whitespace()
        .skip(11)
        .take(2)
        .map(|field| field.parse::<u64>().unwrap_or(0))
        .sum();
    let ticks_per_s = rustix::param::clock_ticks_per_second().max(1);
    Ok(Duration::from_millis(ticks * 1000 / ticks_per_s))
}

fn resident_mb() -> Option<f64> {
    status_mb("VmRSS")
}

/// Measures everything; takes about a minute. `progress` is told what comes next.
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
    progress("indicators");
    let indicators = indicators::measure_indicators()?;
    progress("a million bars of history");
    let history = indicators::measure_history()?;
    #[cfg(feature = "frames")]
    let questions = {
        progress("questions beside the stream");
        questions::measure()?
    };
    progress("frames from a websocket");
    let socket = socket::measure_frames()?;
    progress("books from a websocket");
    let books = socket::measure_books()?;
    progress("500 symbols of quotes from a websocket");
    let quotes = socket::measure_quotes()?;
    Ok(Report {
        symbols_10,
        symbols_10000,
        idle_latency_us,
        frame_us,
        load,
        indicators,
        history,
        #[cfg(feature = "frames")]
        questions,
        socket,
        books,
        quotes,
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
        for (name, cost) in [
            ("bar, no indicator", &self.indicators.none),
            ("bar, 5 indicators", &self.indicators.five),
            ("bar, 20 indicators", &self.indicators.twenty),
        ] {
            writeln!(
                f,
                "{name:<22}{:>12.0} ns at 1,000 rows, {:.0} ns at 1,000,000: {:.2}×",
                cost.at_1000_ns,
                cost.at_1000000_ns,
                cost.at_1000000_ns / cost.at_1000_ns
            )?;
        }
        writeln!(
            f,
            "{:<22}{:>12.0} ns; benches/polars_baseline.py has the same from data frames",
            "the 5 at 10,000 rows", self.indicators.five_at_10000_ns
        )?;
        let history = &self.history;
        let frame = history
            .frame_us
            .map_or(String::new(), |us| format!(", {us:.0} µs as a frame"));
        writeln!(
            f,
            "{:<22}{:>12.0} MB; {:.0} µs as columns{frame}",
            "a million bars", history.mb_per_million_bars, history.columns_us
        )?;
        #[cfg(feature = "frames")]
        writeln!(
            f,
            "{:<22}{:>12.0} bars/s, {:.2} of without ({} answered)",
            "beside questions",
            self.questions.beside_bars_per_s,
            self.questions.ratio,
            self.questions.answered
        )?;
        writeln!(
            f,
            "{:<22}{:>12.0} frames/s, {:.2} of only reading them ({:.0} frames/s)",
            "trades, websocket",
            self.socket.engine_frames_per_s,
            self.socket.ratio,
            self.socket.floor_frames_per_s
        )?;
        writeln!(
            f,
            "{:<22}{:>12.0} updates/s, each with its checksum",
            "books, websocket", self.books.updates_per_s
        )?;
        let quotes = &self.quotes;
        writeln!(
            f,
            "{:<22}{:>12.0} messages/s; {:.0} % of a processor, {}",
            "quotes, 500 symbols",
            quotes.messages_per_s,
            quotes.cpu_percent,
            megabytes(quotes.rss_mb)
        )?;
        write!(
            f,
            "{:<22}{:>12}",
            "most memory",
            megabytes(self.peak_rss_mb)
        )
    }
}
