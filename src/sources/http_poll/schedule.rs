//! Whose turn it is. Times count from the beginning of the run.

use std::time::Duration;

use crate::domain::symbol::{Symbol, SymbolId};
use crate::pipeline::backoff::{Backoff, BackoffSettings};

/// Requests under way at a time.
pub const REQUESTS_MAX: usize = 8;

/// A request that is made again and again.
#[derive(Debug)]
pub struct Job {
    /// Its number in the protocol.
    pub number: u64,
    /// The symbol that it is for; `None` when it is for all.
    pub symbol: Option<(Symbol, SymbolId)>,
    /// What the last answer was called, so that the next one need not come if it is the same.
    pub validators: Validators,
    due: Duration,
    is_busy: bool,
    standing: Standing,
    backoff: Backoff,
}

/// What is known of a request.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Standing {
    /// Nothing yet.
    Untried,
    /// It leads to answers.
    Works,
    /// The endpoint says that it is not allowed.
    Denied,
    /// It is not made again.
    Refused,
}

/// What it means that a request is not allowed.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Denial {
    /// Others work: it is about this one.
    OfThis,
    /// Nobody knows yet.
    Open,
    /// It is about all of them.
    OfAll,
}

/// So many requests that are not allowed, and none that has worked, say that none ever will.
const DENIED_MAX: usize = 3;

/// What an answer was called.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct Validators {
    /// `ETag`.
    pub etag: Option<String>,
    /// `Last-Modified`.
    pub last_modified: Option<String>,
}

impl Job {
    fn is_refused(&self) -> bool {
        self.standing == Standing::Refused
    }
}

/// All requests, and when each is made.
#[derive(Debug)]
pub struct Schedule {
    period: Duration,
    backoff: BackoffSettings,
    jobs: Vec<Job>,
    under_way: usize,
    /// Nothing is asked before.
    paused_until: Option<Duration>,
    /// After a pause, one request shows whether the endpoint is back.
    is_probing: bool,
}

impl Schedule {
    /// Nothing to ask yet.
    #[must_use]
    pub fn new(period: Duration, backoff: BackoffSettings) -> Self {
        Self {
            period,
            backoff,
            jobs: Vec::new(),
            under_way: 0,
            paused_until: None,
            is_probing: false,
        }
    }

    /// Adds requests, spread evenly over one period from `now` on.
    pub fn add(&mut self, jobs: &[(u64, Option<(Symbol, SymbolId)>)], now: Duration) {
        let count = u32::try_from(jobs.len()).unwrap_or(u32::MAX).max(1);
        for (at, (number, symbol)) in (0_u32..).zip(jobs) {
            if self.jobs.iter().any(|job| job.number == *number) {
                continue;
            }
            self.jobs.push(Job {
                number: *number,
                symbol: symbol.clone(),
                validators: Validators::default(),
                due: now + self.period.mul_f64(f64::from(at) / f64::from(count)),
                is_busy: false,
                standing: Standing::Untried,
                backoff: Backoff::new(self.backoff, *number),
            });
        }
    }

    /// Takes a request out. One that is under way is forgotten when it is answered.
    pub fn remove(&mut self, number: u64) {
        self.jobs.retain(|job| job.number != number);
    }

    /// The request of a number.
    pub fn job(&mut self, number: u64) -> Option<&mut Job> {
        self.jobs.iter_mut().find(|job| job.number == number)
    }

    /// How many requests there are that are not refused.
    #[must_use]
    pub fn live(&self) -> usize {
        self.jobs.iter().filter(|job| !job.is_refused()).count()
    }

    fn has_room(&self) -> bool {
        self.under_way < if self.is_probing { 1 } else { REQUESTS_MAX }
    }

    fn next(&self) -> Option<usize> {
        let waiting = self.jobs.iter().enumerate();
        waiting
            .filter(|(_, job)| !job.is_busy && !job.is_refused())
            .min_by_key(|(_, job)| job.due)
            .map(|(at, _)| at)
    }

    /// When the next request may begin; `None` when something has to happen first.
    #[must_use]
    pub fn next_due(&self) -> Option<Duration> {
        if !self.has_room() {
            return None;
        }
        let job = self.jobs.get(self.next()?)?;
        Some(
            self.paused_until
                .map_or(job.due, |until| until.max(job.due)),
        )
    }

    /// Begins the request whose turn it is at `now`, if it is anybody's.
    pub fn begin(&mut self, now: Duration) -> Option<&Job> {
        if self.next_due()? > now {
            return None;
        }
        let at = self.next()?;
        let job = self.jobs.get_mut(at)?;
        job.is_busy = true;
        // One that comes late does not come twice to make up for it.
        job.due = now + self.period;
        self.under_way += 1;
        self.paused_until = None;
        Some(job)
    }

    /// A request has been answered, whatever the answer: it may be made again. Whether it is still wanted is the answer.
    pub fn end(&mut self, number: u64) -> bool {
        self.under_way = self.under_way.saturating_sub(1);
        match self.job(number) {
            Some(job) => {
                job.is_busy = false;
                true
            }
            None => false,
        }
    }

    /// The endpoint works.
    pub fn succeeded(&mut self, number: u64) {
        self.is_probing = false;
        if let Some(job) = self.job(number) {
            job.standing = Standing::Works;
            job.backoff.succeeded();
        }
    }

    /// The endpoint says that a request is not allowed.
    pub fn deny(&mut self, number: u64) -> Denial {
        if let Some(job) = self.job(number) {
            job.standing = Standing::Denied;
        }
        let live = || self.jobs.iter().filter(|job| !job.is_refused());
        if live().any(|job| job.standing == Standing::Works) {
            return Denial::OfThis;
        }
        let denied = live()
            .filter(|job| job.standing == Standing::Denied)
            .count();
        if denied >= live().count().min(DENIED_MAX) {
            Denial::OfAll
        } else {
            Denial::Open
        }
    }

    /// Asks nobody before `until`.
    pub fn pause(&mut self, until: Duration) {
        self.paused_until = Some(until);
        self.is_probing = true;
    }

    /// Whether requests that began before have to be let go without a new pause for each.
    #[must_use]
    pub fn is_paused(&self) -> bool {
        self.paused_until.is_some()
    }

    /// A request failed: it is made again after a wait, which is given back.
    pub fn fail(&mut self, number: u64, now: Duration) -> Duration {
        let Some(job) = self.job(number) else {
            return Duration::ZERO;
        };
        let wait = job.backoff.next();
        job.due = job.due.max(now + wait);
        job.due.saturating_sub(now)
    }

    /// Whether not one request works.
    #[must_use]
    pub fn is_lost(&self) -> bool {
        let mut live = self.jobs.iter().filter(|job| !job.is_refused()).peekable();
        live.peek().is_some() && live.all(|job| job.backoff.failures() > 0)
    }

    /// Makes every request again as if none had been made, from `now` on.
    pub fn begin_anew(&mut self, now: Duration) {
        self.paused_until = None;
        self.is_probing = false;
        let count = u32::try_from(self.jobs.len()).unwrap_or(u32::MAX).max(1);
        for (at, job) in (0_u32..).zip(&mut self.jobs) {
            job.due = now + self.period.mul_f64(f64::from(at) / f64::from(count));
            job.standing = Standing::Untried;
            job.validators = Validators::default();
            job.backoff.succeeded();
        }
    }

    /// Does not make a request again.
    pub fn refuse(&mut self, number: u64) {
        if let Some(job) = self.job(number) {
            job.standing = Standing::Refused;
        }
    }

    /// Forgets what the answers were called: the next ones come whole.
    pub fn forget_answers(&mut self) {
        for job in &mut self.jobs {
            job.validators = Validators::default();
        }
    }
}

#[cfg(test)]
#[allow(clippy::unwrap_used, reason = "a test may stop at the first surprise")]
mod tests {
    use super::*;

    const fn ms(ms: u64) -> Duration {
        Duration::from_millis(ms)
    }

    fn schedule(count: u64) -> Schedule {
        let mut schedule = Schedule::new(ms(1000), BackoffSettings::default());
        let jobs: Vec<_> = (1..=count).map(|number| (number, None)).collect();
        schedule.add(&jobs, ms(0));
        schedule
    }

    fn begin(schedule: &mut Schedule, now: u64) -> Option<u64> {
        schedule.begin(ms(now)).map(|job| job.number)
    }

    #[test]
    fn requests_are_spread_over_the_period_and_come_again_a_period_after_they_began() {
        let mut schedule = schedule(4);
        let mut began = Vec::new();
        for now in (0..2500).step_by(50) {
            while let Some(number) = begin(&mut schedule, now) {
                began.push((now, number));
                schedule.end(number);
            }
        }
        let expected: Vec<(u64, u64)> = (0..10).map(|at| (at * 250, at % 4 + 1)).collect();
        assert_eq!(began, expected);
    }

    #[test]
    fn a_request_is_never_made_twice_at_a_time_and_a_late_one_not_twice_in_a_row() {
        let mut schedule = schedule(1);
        assert_eq!(begin(&mut schedule, 0), Some(1));
        assert_eq!(begin(&mut schedule, 5000), None);
        assert_eq!(schedule.next_due(), None);
        assert!(schedule.end(1));
        assert_eq!(begin(&mut schedule, 5000), Some(1));
        schedule.end(1);
        assert_eq!(begin(&mut schedule, 5999), None);
        assert_eq!(schedule.next_due(), Some(ms(6000)));
    }

    #[test]
    fn there_are_never_more_under_way_than_allowed() {
        let mut schedule = schedule(20);
        for _ in 0..REQUESTS_MAX {
            assert!(begin(&mut schedule, 2000).is_some());
        }
        assert_eq!(begin(&mut schedule, 2000), None);
        schedule.remove(1);
        assert!(!schedule.end(1));
        assert_eq!(begin(&mut schedule, 2000), Some(9));
    }

    #[test]
    fn after_a_pause_one_request_shows_whether_the_endpoint_is_back() {
        let mut schedule = schedule(3);
        let first = begin(&mut schedule, 1000).unwrap();
        schedule.end(first);
        schedule.pause(ms(4000));
        assert!(schedule.is_paused());
        assert_eq!(begin(&mut schedule, 3999), None);
        assert_eq!(schedule.next_due(), Some(ms(4000)));
        let probe = begin(&mut schedule, 4000).unwrap();
        assert_eq!(begin(&mut schedule, 4000), None);
        schedule.end(probe);
        schedule.succeeded(probe);
        assert!(begin(&mut schedule, 4000).is_some());
        assert!(begin(&mut schedule, 4000).is_some());
    }

    #[test]
    fn failures_put_one_request_off_and_all_of_them_make_the_endpoint_lost() {
        let mut schedule = schedule(2);
        for number in [1, 2] {
            assert!(!schedule.is_lost());
            begin(&mut schedule, 2000).unwrap();
            schedule.end(number);
            assert!(schedule.fail(number, ms(2000)) >= ms(1000));
        }
        assert!(schedule.is_lost());
        schedule.succeeded(2);
        assert!(!schedule.is_lost());
        schedule.refuse(2);
        assert!(schedule.is_lost());
        assert_eq!(schedule.live(), 1);
        schedule.refuse(1);
        assert!(!schedule.is_lost());
        assert_eq!(schedule.next_due(), None);
    }
}
