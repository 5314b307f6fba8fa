//! A message that takes its time to come in: a large one on a slow line.

use std::time::Duration;

use tokio::time::Instant;

/// What is known of the message that is coming in.
#[derive(Debug, Default)]
pub(super) struct Arriving {
    /// How many bytes had come on the connection when this was last looked at.
    bytes: u64,
    /// Since when bytes have come without a message being whole.
    since: Option<Instant>,
    /// A message that took long has become whole since the last tick.
    was_slow: bool,
}

impl Arriving {
    /// On a connection that has just been opened, which so many bytes have been for.
    pub(super) fn after(bytes: u64) -> Self {
        Self {
            bytes,
            ..Self::default()
        }
    }

    /// So many bytes have come altogether, and whether a message has become whole with them; what takes `long` is slow. Gives
    /// whether there was anything new.
    pub(super) fn note(
        &mut self,
        bytes: u64,
        is_whole: bool,
        now: Instant,
        long: Duration,
    ) -> bool {
        let is_new = std::mem::replace(&mut self.bytes, bytes) != bytes;
        if is_whole {
            self.was_slow |= self.is_slow(now, long);
            self.since = None;
        } else if is_new {
            self.since.get_or_insert(now);
        }
        is_new || is_whole
    }

    /// Whether a message has been coming in for `long`, or did until now, so that nothing else could be heard. Asked once
    /// for each tick.
    pub(super) fn fills_tick(&mut self, now: Instant, long: Duration) -> bool {
        let was_slow = std::mem::take(&mut self.was_slow);
        was_slow || self.is_slow(now, long)
    }

    fn is_slow(&self, now: Instant, long: Duration) -> bool {
        self.since
            .is_some_and(|since| now.saturating_duration_since(since) >= long)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_opened_the_connection_is_no_message() {
        let (long, start) = (Duration::from_secs(1), Instant::now());
        let mut arriving = Arriving::after(200);
        assert!(!arriving.note(200, false, start, long));
        assert!(!arriving.fills_tick(start + 5 * long, long));
    }

    #[test]
    fn only_what_takes_long_fills_a_tick() {
        let long = Duration::from_secs(1);
        let start = Instant::now();
        let at = |ms| start + Duration::from_millis(ms);
        let mut arriving = Arriving::default();
        assert!(arriving.note(10, true, at(0), long));
        assert!(!arriving.note(10, false, at(1), long), "nothing has come");
        // Many messages, each cut by the end of what was read.
        for ms in 0..50 {
            assert!(arriving.note(11 + 2 * ms, false, at(100 * ms), long));
            assert!(arriving.note(12 + 2 * ms, true, at(100 * ms + 50), long));
            assert!(!arriving.fills_tick(at(100 * ms + 60), long));
        }
        arriving.note(1000, false, at(10_000), long);
        assert!(!arriving.fills_tick(at(10_900), long));
        assert!(arriving.fills_tick(at(11_900), long));
        arriving.note(2000, true, at(12_000), long);
        assert!(arriving.fills_tick(at(12_100), long), "it has just ended");
        assert!(!arriving.fills_tick(at(13_100), long));
    }
}
