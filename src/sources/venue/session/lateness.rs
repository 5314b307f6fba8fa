//! When bars are over: how much later than they happen things come here.

use serde::{Deserialize, Serialize};

use crate::domain::event::{DataService, Event, Payload};
use crate::domain::source::BarOrigin;
use crate::domain::time::{MINUTE_MS, UnixMs};

use super::Setup;

/// What says how late a bar's data are.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Bars {
    /// Trades, of which bars are built.
    Built,
    /// Bars of so many milliseconds that come when they are over.
    Whole(i64),
    /// Bars that come as soon as they begin.
    Growing,
}

impl Bars {
    /// What a source gives of these; `None` when nothing.
    pub(super) fn of(setup: &Setup) -> Option<Self> {
        let products = &setup.products;
        match products.bars {
            BarOrigin::Trades(_) => Some(Self::Built),
            BarOrigin::Delivered if !setup.has(DataService::Ohlcv) => None,
            BarOrigin::Delivered if products.bars_grow => Some(Self::Growing),
            BarOrigin::Delivered => Some(Self::Whole(products.interval.ms())),
        }
    }

    /// How long after its end something of a bar may still come, when nothing is late for other reasons, in milliseconds.
    fn grace_ms(self) -> i64 {
        match self {
            Self::Built => 1000,
            Self::Growing => 2000,
            // One symbol's comes some seconds after another's.
            Self::Whole(_) => 30_000,
        }
    }

    /// Up to when everything has come by `now`, if data are so late. What seems to come from the future comes at once.
    pub(super) fn all_until(self, now: UnixMs, late_ms: i64) -> UnixMs {
        let late_ms = late_ms.max(0).saturating_add(self.grace_ms());
        UnixMs(now.0.saturating_sub(late_ms))
    }
}

/// How late data are: the least of it lately, because single ones may be older, as those are that a connection begins with.
#[derive(Debug, Default, Serialize, Deserialize)]
pub(super) struct Lateness {
    /// In milliseconds, in the minute that this is being noted for.
    now: Option<i64>,
    /// The same of the last minute that had any data.
    before: Option<i64>,
    minute: i64,
    /// Start of the newest bar that has begun to grow.
    #[serde(default)]
    begun: Option<UnixMs>,
}

impl Lateness {
    fn turn(&mut self, now: UnixMs) {
        let minute = now.0.div_euclid(MINUTE_MS);
        if std::mem::replace(&mut self.minute, minute) != minute {
            self.before = self.now.take().or(self.before);
        }
    }

    /// Notes what has come at `now`.
    pub(super) fn note(&mut self, bars: Bars, events: &[Event], now: UnixMs) {
        for event in events {
            let Some(time) = event.time else { continue };
            let happened = match (bars, &event.payload) {
                (Bars::Built, Payload::TimeAndSales(_)) => time,
                (Bars::Whole(bar_ms), Payload::Ohlcv(_)) => time.plus_ms(bar_ms),
                // Only the first word of a bar says when it began.
                (Bars::Growing, Payload::Ohlcv(_)) if self.begun < Some(time) => {
                    self.begun = Some(time);
                    time
                }
                _ => continue,
            };
            self.turn(now);
            let ms = now.0.saturating_sub(happened.0);
            self.now = Some(self.now.map_or(ms, |least| least.min(ms)));
        }
    }

    /// The least of it, in milliseconds; `None` before the first data.
    pub(super) fn least_ms(&mut self, now: UnixMs) -> Option<i64> {
        self.turn(now);
        self.now.into_iter().chain(self.before).min()
    }
}
