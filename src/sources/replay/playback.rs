//! The replay's clock: when data of a given time is due.

use std::time::Duration;

use tokio::time::Instant;

use crate::pipeline::source::Speed;

/// A wait longer than this is a gap.
const GAP: Duration = Duration::from_secs(2);
/// When data comes later than this, the replay's clock waits for it instead of hurrying afterwards.
const LATE_MAX: Duration = Duration::from_millis(250);
/// Longer than anybody waits; keeps additions from overflowing.
const WAIT_MAX: Duration = Duration::from_secs(365 * 24 * 3600);

/// The replay's clock.
#[derive(Debug)]
pub(super) struct Playback {
    speed: Speed,
    paused: bool,
    /// The data has ended.
    halted: bool,
    gaps: bool,
    /// The clock shows `data_ms` at `wall`; `None` before there is any data.
    anchor: Option<Anchor>,
}

#[derive(Debug, Clone, Copy)]
struct Anchor {
    /// Epoch milliseconds, with their fraction.
    data_ms: f64,
    wall: Instant,
}

impl Playback {
    pub(super) fn new(speed: Speed, gaps: bool) -> Self {
        Self {
            speed,
            paused: false,
            halted: false,
            gaps,
            anchor: None,
        }
    }

    pub(super) fn speed(&self) -> Speed {
        self.speed
    }

    pub(super) fn is_paused(&self) -> bool {
        self.paused
    }

    /// Whether data is played as fast as it is taken.
    pub(super) fn is_unpaced(&self) -> bool {
        self.speed == Speed::Max
    }

    /// What the clock shows, in epoch milliseconds.
    pub(super) fn shows(&self, now: Instant) -> Option<i64> {
        let anchor = self.anchor?;
        let passed = match self.speed {
            Speed::Factor(factor) if !self.paused && !self.halted => {
                now.saturating_duration_since(anchor.wall).as_secs_f64() * 1000.0 * factor
            }
            _ => 0.0,
        };
        Some((anchor.data_ms + passed) as i64)
    }

    /// Sets the clock.
    pub(super) fn set(&mut self, data_ms: i64, now: Instant) {
        self.anchor = Some(Anchor {
            data_ms: data_ms as f64,
            wall: now,
        });
    }

    /// The clock shows nothing until data comes.
    pub(super) fn forget(&mut self) {
        self.anchor = None;
    }

    pub(super) fn pause(&mut self, paused: bool, now: Instant) {
        if let Some(shown) = self.shows(now) {
            self.set(shown, now);
        }
        self.paused = paused;
    }

    /// Stops the clock at the end of the data, or lets it go on.
    pub(super) fn halt(&mut self, halted: bool, now: Instant) {
        if let Some(shown) = self.shows(now) {
            self.set(shown, now);
        }
        self.halted = halted;
    }

    pub(super) fn set_speed(&mut self, speed: Speed, now: Instant) {
        if let Some(shown) = self.shows(now) {
            self.set(shown, now);
        }
        self.speed = speed;
    }

    /// When data of `data_ms` is due. A clock that shows nothing begins here; a gap is passed over, unless it is to be
    /// waited for: the clock jumps to shortly before the data.
    pub(super) fn due(&mut self, data_ms: i64, now: Instant) -> Instant {
        let Speed::Factor(factor) = self.speed else {
            return now;
        };
        let Some(anchor) = self.anchor else {
            self.set(data_ms, now);
            return now;
        };
        let seconds = (data_ms as f64 - anchor.data_ms) / 1000.0 / factor;
        if seconds <= 0.0 {
            return anchor.wall;
        }
        let wait = Duration::try_from_secs_f64(seconds).unwrap_or(WAIT_MAX);
        let due = anchor.wall + wait.min(WAIT_MAX);
        if !self.gaps && due.saturating_duration_since(now) > GAP {
            self.anchor = Some(Anchor {
                data_ms: data_ms as f64 - GAP.as_secs_f64() * 1000.0 * factor,
                wall: now,
            });
            return now + GAP;
        }
        due
    }

    /// Data of `data_ms`, due at `due`, is played now.
    pub(super) fn played(&mut self, data_ms: i64, due: Instant, now: Instant) {
        let late = now.saturating_duration_since(due) > LATE_MAX;
        if self.is_unpaced() || self.paused || late {
            self.set(data_ms, now);
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    const MINUTE: i64 = 60_000;

    #[test]
    fn the_clock_runs_at_its_speed_and_stands_when_paused() {
        let start = Instant::now();
        let at = |ms: u64| start + Duration::from_millis(ms);
        let mut playback = Playback::new(Speed::Factor(60.0), false);
        assert_eq!(playback.shows(start), None);
        assert_eq!(playback.due(MINUTE, start), start);
        assert_eq!(playback.due(2 * MINUTE, start), at(1000));
        assert_eq!(playback.shows(at(500)), Some(MINUTE + MINUTE / 2));
        playback.pause(true, at(500));
        assert_eq!(playback.shows(at(9000)), Some(MINUTE + MINUTE / 2));
        playback.pause(false, at(9000));
        assert_eq!(playback.due(2 * MINUTE, at(9000)), at(9500));
        playback.set_speed(Speed::Factor(30.0), at(9000));
        assert_eq!(playback.due(2 * MINUTE, at(9000)), at(10_000));
    }

    #[test]
    fn gaps_are_passed_over_unless_they_are_wanted() {
        let start = Instant::now();
        let mut playback = Playback::new(Speed::Factor(1.0), false);
        playback.set(0, start);
        assert_eq!(playback.due(3_600_000, start), start + GAP);
        assert_eq!(
            playback.due(3_600_000, start),
            start + GAP,
            "asking again changes nothing"
        );
        assert_eq!(playback.shows(start + GAP), Some(3_600_000));
        let mut playback = Playback::new(Speed::Factor(1.0), true);
        playback.set(0, start);
        assert_eq!(
            playback.due(3_600_000, start),
            start + Duration::from_secs(3600)
        );
        assert!(playback.due(i64::MAX, start) > start);
    }

    #[test]
    fn a_late_replay_does_not_hurry_afterwards() {
        let start = Instant::now();
        let mut playback = Playback::new(Speed::Factor(60.0), false);
        playback.set(0, start);
        let due = playback.due(MINUTE, start);
        let late = start + Duration::from_secs(30);
        playback.played(MINUTE, due, late);
        assert_eq!(
            playback.due(2 * MINUTE, late),
            late + Duration::from_secs(1)
        );
    }
}
