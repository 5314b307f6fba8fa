//! Keeping to what a venue allows: so much within a time.

use std::collections::{BTreeMap, VecDeque};
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};
use std::time::Duration;

use tokio::time::Instant;

/// So much within any stretch of time of a length. Those that hold a copy keep it together; two that ask at the same moment
/// may both be let through, which is no harm where what is asked for is less than what is allowed.
#[derive(Debug, Clone)]
pub(crate) struct Pace(Arc<Mutex<Used>>);

#[derive(Debug)]
struct Used {
    most: u32,
    period: Duration,
    taken: u32,
    marks: VecDeque<(Instant, u32)>,
}

impl Pace {
    /// At most `most` within `period`. A little time is added, because what is sent evenly may arrive closer together.
    pub(crate) fn new((most, period): (u32, Duration)) -> Self {
        Self(Arc::new(Mutex::new(Used {
            most: most.max(1),
            period: period.saturating_add(period / 20),
            taken: 0,
            marks: VecDeque::new(),
        })))
    }

    /// When something of this weight may be done: `None` is now.
    pub(crate) fn ready_at(&self, weight: u32, now: Instant) -> Option<Instant> {
        self.lock().ready_at(weight, now)
    }

    /// Counts something that is done now.
    pub(crate) fn take(&self, weight: u32, now: Instant) {
        self.lock().take(weight, now);
    }

    fn lock(&self) -> MutexGuard<'_, Used> {
        self.0.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

impl Used {
    fn ready_at(&mut self, weight: u32, now: Instant) -> Option<Instant> {
        while let Some(&(at, weight)) = self.marks.front()
            && now.saturating_duration_since(at) >= self.period
        {
            self.marks.pop_front();
            self.taken = self.taken.saturating_sub(weight);
        }
        // What is heavier than everything together may be done alone.
        let weight = weight.min(self.most);
        let mut left = self.taken;
        if left.saturating_add(weight) <= self.most {
            return None;
        }
        for (at, weight_then) in &self.marks {
            left = left.saturating_sub(*weight_then);
            if left.saturating_add(weight) <= self.most {
                return at.checked_add(self.period);
            }
        }
        None
    }

    fn take(&mut self, weight: u32, now: Instant) {
        let weight = weight.min(self.most);
        self.taken = self.taken.saturating_add(weight);
        self.marks.push_back((now, weight));
    }
}

/// The paces of all sources: venues count what comes from one address, whichever source it is from.
#[derive(Debug, Clone, Default)]
pub struct Paces(Arc<Mutex<BTreeMap<String, Pace>>>);

impl Paces {
    /// The pace that goes by this name, at most `most` within `period`.
    pub(crate) fn of(&self, name: String, limit: (u32, Duration)) -> Pace {
        let mut paces = self.0.lock().unwrap_or_else(PoisonError::into_inner);
        let pace = paces.entry(name).or_insert_with(|| Pace::new(limit));
        pace.clone()
    }
}

#[cfg(test)]
#[allow(clippy::unwrap_used, reason = "a test may stop at the first surprise")]
mod tests {
    use super::*;

    #[test]
    fn no_stretch_of_time_holds_more_than_is_allowed() {
        let second = Duration::from_secs(1);
        let pace = Pace::new((3, second));
        let mut now = Instant::now();
        let mut done = Vec::new();
        while done.len() < 20 {
            match pace.ready_at(1, now) {
                None => {
                    pace.take(1, now);
                    done.push(now);
                }
                Some(later) => {
                    assert!(later > now);
                    now = later;
                }
            }
        }
        for four in done.windows(4) {
            assert!(four[3] - four[0] >= second);
        }
        let whole = done[19] - done[0];
        assert!(whole < second * 7, "{whole:?}");
    }

    #[test]
    fn weights_count_and_the_heaviest_goes_alone() {
        let pace = Pace::new((10, Duration::from_secs(60)));
        let now = Instant::now();
        pace.take(6, now);
        assert_eq!(pace.ready_at(4, now), None);
        assert!(pace.ready_at(5, now).is_some());
        let later = pace.ready_at(100, now).unwrap();
        assert_eq!(pace.ready_at(100, later), None);
    }
    #[test]
    fn what_goes_by_one_name_is_counted_together() {
        let paces = Paces::default();
        let limit = (2, Duration::from_secs(1));
        let now = Instant::now();
        let (one, other) = (
            paces.of("a".to_owned(), limit),
            paces.clone().of("a".to_owned(), limit),
        );
        one.take(1, now);
        assert_eq!(other.ready_at(1, now), None);
        other.take(1, now);
        assert!(one.ready_at(1, now).is_some());
        assert_eq!(paces.of("b".to_owned(), limit).ready_at(1, now), None);
    }
}
