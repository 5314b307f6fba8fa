//! The session that comes with the program, so that there is something to watch without a file or a network.
//!
//! It is synthetic: one trading day of ten symbols made by the simulator from a fixed seed, as JSON lines in the input
//! envelope, compressed with zstd. The bars of the day before come first, so that changes have something to be measured
//! against. Lines are in the order in which their data became known: a bar, stamped with its start, stands where its
//! minute is over, and its envelope's `timestamp` says when that was. `bundled/recipe.rs` makes it, and checks it.

use chrono_tz::Tz;

use crate::domain::source::BarStamp;
use crate::domain::time::UnixMs;

/// The embedded session and what a player has to know about it.
#[derive(Debug, Clone, Copy)]
pub struct BundledSession {
    /// The source's name.
    pub name: &'static str,
    /// What a person is shown.
    pub label: &'static str,
    /// JSON lines, compressed with zstd.
    pub bytes: &'static [u8],
    /// The size of the JSON lines, in bytes.
    pub decompressed_bytes: usize,
    /// The symbols in it.
    pub symbols: [&'static str; 10],
    /// What bars are stamped with.
    pub bar_stamp: BarStamp,
    /// The zone that its times are read in.
    pub zone: Tz,
    /// First bar of the day before, 09:30.
    pub previous_begins_at: UnixMs,
    /// The day's first data, 08:00: where progress counts from.
    pub begins_at: UnixMs,
    /// Where playing starts, 10:30; what is before is history.
    pub opens_at: UnixMs,
    /// The end, 16:00.
    pub ends_at: UnixMs,
    /// How many times faster than the clock it is played when nobody says otherwise.
    pub speed: f64,
}

/// The session of Wednesday, 16 September 2026.
#[must_use]
pub fn session() -> BundledSession {
    BundledSession {
        name: "bundled",
        label: "bundled session 2026-09-16 (synthetic)",
        bytes: include_bytes!("../../assets/session.jsonl.zst"),
        decompressed_bytes: 14_412_899,
        symbols: [
            "AAPL", "AMZN", "MSFT", "NVDA", "TSLA", "GOOGL", "META", "JPM", "SPY", "QQQ",
        ],
        bar_stamp: BarStamp::Start,
        zone: chrono_tz::America::New_York,
        previous_begins_at: UnixMs(1_789_479_000_000),
        begins_at: UnixMs(1_789_560_000_000),
        opens_at: UnixMs(1_789_569_000_000),
        ends_at: UnixMs(1_789_588_800_000),
        speed: 60.0,
    }
}

#[cfg(test)]
mod recipe;
