//! Whose turn it is. Times count from the beginning of the run.
//!
//! Each request has its own standing and its own waits: one that fails is put off alone. The endpoint as a whole is left
//! alone when it asks for that, when it cannot be reached, or when nothing works; then one request shows whether it is
//! back.

mod groups;
mod job;
mod standing;

use std::time::Duration;

use super::protocol::number_of;
use crate::domain::symbol::{Symbol, SymbolId};
use crate::pipeline::backoff::{Backoff, BackoffSettings};

use job::Standing;
pub use job::{Job, Validators};
pub use standing::{Denial, Refusal};

/// Requests under way at a time, unless `requests` says otherwise.
pub const REQUESTS_MAX: usize = 8;

/// A symbol that is wanted.
pub type Wanted = (Symbol, SymbolId);

/// A turn is much too late by a period, and by so much.
const LATE_MIN: Duration = Duration::from_secs(1);

/// So many turns in a row that come too late are no accident.
const LATE_MAX: u32 = 3;

/// Whether requests may begin.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Gate {
    Open,
    /// None before a time. Who led to that is the last who should find out whether it is over.
    Shut {
        until: Duration,
        culprit: u64,
    },
    /// None but this one, which finds out.
    Probing(u64),
}

/// All requests, and when each is made.
#[derive(Debug)]
pub struct Schedule {
    period: Duration,
    backoff: BackoffSettings,
    requests_max: usize,
    jobs: Vec<Job>,
    last_number: u64,
    under_way: usize,
    gate: Gate,
    /// The most symbols in a request that the endpoint takes, as far as that is known.
    symbols_max: usize,
    has_worked: bool,
    /// Requests that were refused since one has worked.
    refusals: u32,
    /// How far apart turns are that should be a period apart, until that has been told.
    behind: Option<Duration>,
}

impl Schedule {
    /// Nothing to ask yet.
    #[must_use]
    pub fn new(
        period: Duration,
        backoff: BackoffSettings,
        requests_max: usize,
        symbols_max: usize,
    ) -> Self {
        Self {
            period,
            backoff,
            requests_max: requests_max.max(1),
            jobs: Vec::new(),
            last_number: 0,
            under_way: 0,
            gate: Gate::Open,
            symbols_max,
            has_worked: false,
            refusals: 0,
            behind: None,
        }
    }

    /// Adds requests for these symbols each, spread evenly over one period from `now` on.
    pub fn add(&mut self, groups: Vec<Vec<Wanted>>, now: Duration) {
        let count = groups.len();
        for (at, symbols) in groups.into_iter().enumerate() {
            let due = now + self.share_of_period(at, count);
            self.push(symbols, due, false);
        }
    }

    fn push(&mut self, symbols: Vec<Wanted>, due: Duration, is_proven: bool) {
        self.last_number += 1;
        let seed = symbols
            .first()
            .map_or(0, |(symbol, _)| number_of(symbol.as_str()));
        self.jobs.push(Job {
            number: self.last_number,
            symbols,
            validators: Validators::default(),
            due,
            held_until: Duration::ZERO,
            begun: None,
            is_busy: false,
            standing: Standing::Untried,
            has_worked: false,
            is_proven,
            denials: 0,
            refusals: 0,
            late: 0,
            backoff: Backoff::new(self.backoff, seed),
        });
    }

    fn share_of_period(&self, at: usize, count: usize) -> Duration {
        self.period.mul_f64(at as f64 / count.max(1) as f64)
    }

    /// Takes a symbol out, with its request if that is for no other. One that is under way is forgotten when it is answered.
    pub fn remove(&mut self, symbol: SymbolId) {
        for job in &mut self.jobs {
            job.symbols.retain(|(_, id)| *id != symbol);
        }
        self.jobs.retain(|job| !job.symbols.is_empty());
        if let Gate::Probing(number) = self.gate
            && self.job(number).is_none()
        {
            let (until, culprit) = (Duration::ZERO, number);
            self.gate = Gate::Shut { until, culprit };
        }
    }

    /// The request of a number.
    pub fn job(&mut self, number: u64) -> Option<&mut Job> {
        self.jobs.iter_mut().find(|job| job.number == number)
    }

    /// The requests that are not refused.
    pub fn alive(&self) -> impl Iterator<Item = &Job> {
        self.jobs.iter().filter(|job| !job.is_refused())
    }

    /// How many symbols there are that are not refused.
    #[must_use]
    pub fn live(&self) -> usize {
        self.alive().map(|job| job.symbols.len()).sum()
    }

    /// Whether there is any request.
    #[must_use]
    pub fn is_empty(&self) -> bool {
        self.jobs.is_empty()
    }

    fn next(&self) -> Option<(usize, &Job)> {
        let waiting = self.jobs.iter().enumerate();
        let waiting = waiting.filter(|(_, job)| !job.is_busy && !job.is_refused());
        match self.gate {
            Gate::Open => waiting.min_by_key(|(_, job)| job.ready_at()),
            // What has worked until now is the best witness.
            Gate::Shut { culprit, .. } => waiting.min_by_key(|(_, job)| {
                let is_failing = job.backoff.failures() > 0;
                (job.number == culprit, is_failing, job.due)
            }),
            Gate::Probing(_) => None,
        }
    }

    /// When the next request may begin; `None` when something has to happen first.
    #[must_use]
    pub fn next_due(&self) -> Option<Duration> {
        if self.under_way >= self.requests_max {
            return None;
        }
        let (_, job) = self.next()?;
        Some(match self.gate {
            // How often requests are made at the most is not for a failure to change.
            Gate::Shut { until, .. } => until.max(job.due),
            _ => job.ready_at(),
        })
    }

    /// Begins the request whose turn it is at `now`, if it is anybody's.
    pub fn begin(&mut self, now: Duration) -> Option<&Job> {
        if self.next_due()? > now {
            return None;
        }
        let (at, _) = self.next()?;
        let (period, is_open) = (self.period, self.gate == Gate::Open);
        let job = self.jobs.get_mut(at)?;
        let is_late = is_open && now.saturating_sub(job.ready_at()) > period.max(LATE_MIN);
        job.late = if is_late { job.late + 1 } else { 0 };
        if job.late == LATE_MAX {
            self.behind = job.begun.map(|begun| now.saturating_sub(begun));
        }
        job.is_busy = true;
        job.begun = Some(now);
        // One that comes late does not come twice to make up for it.
        job.due = now + period;
        self.under_way += 1;
        if !is_open {
            self.gate = Gate::Probing(job.number);
        }
        self.jobs.get(at)
    }

    /// How far apart turns are, when they cannot be a period apart.
    pub fn take_behind(&mut self) -> Option<Duration> {
        self.behind.take()
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

    /// A request has led to an answer. Whether the endpoint works is the answer: while it is to be left alone, what was
    /// under way says nothing of that.
    pub fn succeeded(&mut self, number: u64, now: Duration) -> bool {
        self.has_worked = true;
        self.refusals = 0;
        if let Some(job) = self.job(number) {
            job.standing = Standing::Works;
            job.has_worked = true;
            job.is_proven = true;
            job.denials = 0;
            job.refusals = 0;
            job.held_until = Duration::ZERO;
            job.backoff.succeeded();
        }
        self.reopen(number, now);
        self.gate == Gate::Open
    }

    /// Requests may begin, whatever has been waited for.
    pub fn open(&mut self) {
        self.gate = Gate::Open;
    }

    /// The request that was to find out has had an answer of its own: the others go on.
    fn reopen(&mut self, number: u64, now: Duration) {
        if self.gate != Gate::Probing(number) {
            return;
        }
        self.gate = Gate::Open;
        // Not all of them at once, then and ever after.
        let count = self.jobs.len();
        for at in 0..count {
            let turn = now + self.share_of_period(at, count);
            if let Some(job) = self.jobs.get_mut(at) {
                if job.due < turn {
                    job.due = turn;
                }
                job.held_until = job.held_until.min(turn);
            }
        }
    }

    /// Asks nobody for a while, which is given back: until then nothing begins.
    pub fn pause(&mut self, culprit: u64, wait: Duration, now: Duration) -> Duration {
        let until = now.saturating_add(wait);
        self.gate = Gate::Shut { until, culprit };
        self.next_due().unwrap_or(until).saturating_sub(now)
    }

    /// Whether what this request says counts for the endpoint as a whole: not while that is left alone for what another has
    /// said.
    #[must_use]
    pub fn is_witness(&self, number: u64) -> bool {
        self.gate == Gate::Open || self.gate == Gate::Probing(number)
    }

    /// A request failed: it is made again after a wait, which is given back.
    pub fn fail(&mut self, number: u64, now: Duration) -> Duration {
        let Some(job) = self.job(number) else {
            return Duration::ZERO;
        };
        job.held_until = now + job.backoff.next();
        let wait = job.ready_at().saturating_sub(now);
        if !self.is_lost() {
            self.reopen(number, now);
        }
        wait
    }

    /// Whether not one request works.
    #[must_use]
    pub fn is_lost(&self) -> bool {
        let mut alive = self.alive().peekable();
        alive.peek().is_some() && alive.all(|job| job.backoff.failures() > 0)
    }

    /// Makes every request again as if none had been made, from `now` on.
    pub fn begin_anew(&mut self, now: Duration) {
        self.gate = Gate::Open;
        self.has_worked = false;
        self.refusals = 0;
        let count = self.jobs.len();
        for at in 0..count {
            let due = now + self.share_of_period(at, count);
            if let Some(job) = self.jobs.get_mut(at) {
                job.begin_anew(due);
            }
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
mod tests;
