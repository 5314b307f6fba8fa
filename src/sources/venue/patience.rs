//! How long to wait before something is asked of a venue again: not at all at first, longer each time.
//!
//! A protocol's waits follow from the times of its messages alone, without chance, so that a recording leads to the same.
//! Those between connections are for [`Backoff`](crate::pipeline::backoff::Backoff), which spreads them.

use serde::{Deserialize, Serialize};

use crate::domain::time::UnixMs;

/// The first wait that is one, in milliseconds.
const WAIT_MIN_MS: i64 = 1000;
/// The longest wait, in milliseconds.
const WAIT_MAX_MS: i64 = 60_000;
/// What was asked so long ago, in milliseconds, has nothing to do with what is asked now.
const FORGOTTEN_MS: i64 = 120_000;

/// The waits between attempts at one thing.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq, Serialize, Deserialize)]
pub struct Patience {
    wait_ms: i64,
    last: Option<UnixMs>,
}

impl Patience {
    /// When the next attempt may be made: now, unless there was one lately. Each call counts as an attempt at the time
    /// that it gives.
    pub fn next(&mut self, now: UnixMs) -> UnixMs {
        let quiet_since = |last: UnixMs| now.0.saturating_sub(last.0) >= FORGOTTEN_MS;
        let at = match self.last {
            Some(last) if !quiet_since(last) => {
                self.wait_ms = (self.wait_ms * 2).clamp(WAIT_MIN_MS, WAIT_MAX_MS);
                UnixMs(now.0.max(last.0)).plus_ms(self.wait_ms)
            }
            _ => {
                self.wait_ms = 0;
                now
            }
        };
        // A clock that was set back does not make the wait longer than the longest.
        let at = UnixMs(at.0.min(now.0.saturating_add(WAIT_MAX_MS)));
        self.last = Some(at);
        at
    }

    /// The attempt has led to what was wanted, some time ago: the next one waits for nothing.
    pub fn forget(&mut self) {
        *self = Self::default();
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn waits_grow_and_are_forgotten() {
        let mut patience = Patience::default();
        let now = UnixMs(1_000_000);
        assert_eq!(patience.next(now), now);
        assert_eq!(patience.next(now), now.plus_ms(1000));
        let later = now.plus_ms(1000);
        assert_eq!(patience.next(later), later.plus_ms(2000));
        for _ in 0..20 {
            assert!(patience.next(later).0 <= later.0 + WAIT_MAX_MS);
        }
        let much_later = later.plus_ms(WAIT_MAX_MS + FORGOTTEN_MS);
        assert_eq!(patience.next(much_later), much_later);
        let set_back = UnixMs(0);
        assert!(patience.next(set_back).0 <= WAIT_MAX_MS);
        patience.forget();
        assert_eq!(patience.next(set_back), set_back);
    }
}
