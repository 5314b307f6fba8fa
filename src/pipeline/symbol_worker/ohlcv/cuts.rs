//! Minutes of which trades may have been missed: the stream began in them, or broke off.

use std::collections::VecDeque;

use crate::compute::trade_bars::{Counted, minute_of};
use crate::domain::time::{MINUTE_MS, UnixMs};

/// So many minutes are remembered of a symbol.
const CUTS_MAX: usize = 64;

/// What is known of the time in which trades are missed.
#[derive(Debug, Clone, Copy, Default)]
enum Gap {
    /// There is none.
    #[default]
    Over,
    /// Nothing has come since it began. A trade is of the minute in which it ends.
    Open,
    /// It ended before this minute began, or as it did.
    Before(UnixMs),
}

/// The minutes of one symbol that lack trades, or may do so.
#[derive(Debug, Default)]
pub(super) struct Cuts {
    gap: Gap,
    minutes: VecDeque<UnixMs>,
}

impl Cuts {
    /// Trades are missed from now on; these minutes are open.
    pub fn begin(&mut self, open: impl Iterator<Item = UnixMs>) {
        self.gap = Gap::Open;
        for start in open {
            add(&mut self.minutes, start);
        }
    }

    /// A trade has come.
    pub fn trade(&mut self, time: Option<UnixMs>, counted: Counted) {
        match (self.gap, time) {
            (Gap::Over, _) | (_, None) => {}
            (_, Some(time)) if counted == Counted::Done => {
                add(&mut self.minutes, minute_of(time));
                self.gap = Gap::Over;
            }
            _ => {}
        }
    }

    /// Every trade up to `time` has come. A minute that begins after that is whole even if its trade is the first.
    pub fn clock(&mut self, time: UnixMs) {
        self.gap = match self.gap {
            Gap::Over => return,
            Gap::Open => Gap::Before(time),
            Gap::Before(end) => {
                // Longer bars lack what was traded before.
                add(&mut self.minutes, end.plus_ms(-MINUTE_MS));
                Gap::Over
            }
        };
    }

    /// A bar has come that lacks nothing.
    pub fn fill(&mut self, start: UnixMs) {
        self.minutes.retain(|known| *known != start);
    }

    /// Whether any of the minutes lies between these times.
    pub fn is_any(&self, start: UnixMs, end: UnixMs) -> bool {
        self.minutes
            .iter()
            .any(|minute| start <= *minute && *minute < end)
    }
}

fn add(minutes: &mut VecDeque<UnixMs>, start: UnixMs) {
    if minutes.contains(&start) {
        return;
    }
    if minutes.len() >= CUTS_MAX {
        minutes.pop_front();
    }
    minutes.push_back(start);
}
