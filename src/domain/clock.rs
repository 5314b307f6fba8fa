//! The system clock behind a trait, so that tests set the time.

use std::sync::atomic::{AtomicI64, AtomicU64, Ordering};
use std::time::{Instant, SystemTime, UNIX_EPOCH};

use super::time::UnixMs;

/// Nanoseconds of a monotonic clock since the program began: for ages and latencies, never for dates.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Default)]
pub struct Nanos(pub u64);

impl Nanos {
    /// Nanoseconds in a millisecond.
    pub const PER_MS: u64 = 1_000_000;

    /// The time so much later.
    #[must_use]
    pub fn after(self, duration: std::time::Duration) -> Self {
        let nanos = u64::try_from(duration.as_nanos()).unwrap_or(u64::MAX);
        Self(self.0.saturating_add(nanos))
    }

    /// How long it has been since `earlier`; zero when that is in the future.
    #[must_use]
    pub fn since(self, earlier: Self) -> std::time::Duration {
        std::time::Duration::from_nanos(self.0.saturating_sub(earlier.0))
    }
}

/// Tells the time.
pub trait Clock: Send + Sync {
    /// Time that only goes forward, whatever happens to the date.
    fn monotonic(&self) -> Nanos;
    /// The date and time.
    fn wall(&self) -> UnixMs;
}

/// The machine's clock.
#[derive(Debug)]
pub struct SystemClock {
    start: Instant,
}

impl Default for SystemClock {
    fn default() -> Self {
        Self {
            start: Instant::now(),
        }
    }
}

impl Clock for SystemClock {
    fn monotonic(&self) -> Nanos {
        Nanos(self.start.elapsed().as_nanos() as u64)
    }

    fn wall(&self) -> UnixMs {
        let since = SystemTime::now()
            .duration_since(UNIX_EPOCH)
            .unwrap_or_default();
        UnixMs(since.as_millis() as i64)
    }
}

/// A clock that stands still until it is moved, for tests.
#[derive(Debug, Default)]
pub struct ManualClock {
    monotonic_ns: AtomicU64,
    wall_ms: AtomicI64,
}

impl ManualClock {
    /// A clock that shows `wall`, its monotonic time at zero.
    #[must_use]
    pub fn at(wall: UnixMs) -> Self {
        Self {
            monotonic_ns: AtomicU64::new(0),
            wall_ms: AtomicI64::new(wall.0),
        }
    }

    /// Lets `ms` milliseconds pass.
    pub fn advance_ms(&self, ms: u64) {
        self.monotonic_ns
            .fetch_add(ms * Nanos::PER_MS, Ordering::Relaxed);
        self.wall_ms.fetch_add(ms as i64, Ordering::Relaxed);
    }

    /// Sets the date alone, as an operator or a time service does.
    pub fn jump_to(&self, wall: UnixMs) {
        self.wall_ms.store(wall.0, Ordering::Relaxed);
    }
}

impl Clock for ManualClock {
    fn monotonic(&self) -> Nanos {
        Nanos(self.monotonic_ns.load(Ordering::Relaxed))
    }

    fn wall(&self) -> UnixMs {
        UnixMs(self.wall_ms.load(Ordering::Relaxed))
    }
}
