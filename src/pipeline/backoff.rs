//! How long to wait before trying again: exponential backoff with full jitter.
//!
//! The wait is drawn evenly from nothing up to a limit that doubles with every failure, so that many programs that lost the
//! same venue at the same moment do not all come back at the same moment.

use std::time::Duration;

use rand::Rng;
use rand_pcg::Pcg64Mcg;

/// How waits grow.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct BackoffSettings {
    /// The most that is waited after the first failure.
    pub base: Duration,
    /// The most that is ever waited.
    pub cap: Duration,
}

impl Default for BackoffSettings {
    fn default() -> Self {
        Self {
            base: Duration::from_millis(500),
            cap: Duration::from_secs(60),
        }
    }
}

/// The waits of one connection or one poll.
#[derive(Debug, Clone)]
pub struct Backoff {
    settings: BackoffSettings,
    /// Failures since the last success.
    failures: u32,
    chance: Pcg64Mcg,
}

impl Backoff {
    /// Waits that depend on the seed alone. Whoever shares a venue should not share a seed.
    #[must_use]
    pub fn new(settings: BackoffSettings, seed: u64) -> Self {
        let spread = u128::from(seed).wrapping_mul(0x9e37_79b9_7f4a_7c15_f39c_c060_5ced_c835);
        Self {
            settings,
            failures: 0,
            chance: Pcg64Mcg::new(spread),
        }
    }

    /// Counts a failure, and says how long to wait before the next attempt. Never quite nothing: at least a twentieth of
    /// the base, so that an unlucky row of draws is no storm.
    #[allow(
        clippy::should_implement_trait,
        reason = "waits are no sequence to walk through"
    )]
    pub fn next(&mut self) -> Duration {
        let most = self.most();
        self.failures = self.failures.saturating_add(1);
        let share = (self.chance.next_u64() >> 11) as f64 / (1_u64 << 53) as f64;
        most.mul_f64(share).max(self.settings.base / 20).min(most)
    }

    /// The most that the next wait can be.
    #[must_use]
    pub fn most(&self) -> Duration {
        let doubled = 1_u32.checked_shl(self.failures).unwrap_or(u32::MAX);
        self.settings
            .base
            .saturating_mul(doubled)
            .min(self.settings.cap)
    }

    /// Failures since the last success.
    #[must_use]
    pub fn failures(&self) -> u32 {
        self.failures
    }

    /// What was tried has worked: the next failure is the first again. Of a connection that is to be said only when data
    /// has come, because one that opens and is cut at once has not worked.
    pub fn succeeded(&mut self) {
        self.failures = 0;
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn waits_grow_to_the_cap_and_are_spread_over_the_whole_of_it() {
        let settings = BackoffSettings::default();
        let mut sums = [Duration::ZERO; 12];
        for seed in 0..1000 {
            let mut backoff = Backoff::new(settings, seed);
            for (failure, sum) in sums.iter_mut().enumerate() {
                let most = settings.base * (1 << failure);
                assert_eq!(backoff.most(), most.min(settings.cap));
                let wait = backoff.next();
                assert!(
                    wait >= settings.base / 20 && wait <= most.min(settings.cap),
                    "{wait:?}"
                );
                *sum += wait;
            }
        }
        for (failure, sum) in sums.iter().enumerate() {
            let half = (settings.base * (1 << failure)).min(settings.cap) / 2;
            let mean = *sum / 1000;
            assert!(
                mean > half.mul_f64(0.9) && mean < half.mul_f64(1.15),
                "{mean:?}"
            );
        }
    }

    #[test]
    fn success_begins_anew_and_no_number_of_failures_overflows() {
        let mut backoff = Backoff::new(BackoffSettings::default(), 7);
        for _ in 0..100 {
            assert!(backoff.next() <= Duration::from_secs(60));
        }
        assert_eq!(backoff.failures(), 100);
        backoff.succeeded();
        assert_eq!(backoff.most(), Duration::from_millis(500));
    }

    #[test]
    fn the_same_seed_waits_the_same() {
        let waits = |seed| {
            let mut backoff = Backoff::new(BackoffSettings::default(), seed);
            [(); 5].map(|()| backoff.next())
        };
        assert_eq!(waits(1), waits(1));
        assert_ne!(waits(1), waits(2));
    }
}
