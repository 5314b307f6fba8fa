//! Requests for many symbols at a time: which of them are asked for together.

use std::time::Duration;

use super::{Schedule, Wanted};

impl Schedule {
    /// The most symbols in one request that the endpoint takes, as far as that is known.
    #[must_use]
    pub fn symbols_max(&self) -> usize {
        self.symbols_max
    }

    /// Adds a symbol to the one request that is for all.
    pub fn add_to_all(&mut self, symbols: Vec<Wanted>, now: Duration) {
        match self.jobs.first_mut() {
            Some(job) => job.symbols.extend(symbols),
            None => self.add(vec![symbols], now),
        }
    }

    /// Asks for a request's symbols in two requests from now on, because there are too many of them, or because of one of
    /// them. Whether there is more than one is the answer.
    pub fn split(&mut self, number: u64, too_many: bool, now: Duration) -> bool {
        let count = self.job(number).map_or(0, |job| job.symbols.len());
        let half = count.div_ceil(2);
        if half == count {
            return false;
        }
        self.reopen(number, now);
        let Some(job) = self.job(number) else {
            return false;
        };
        let others = job.symbols.split_off(half);
        let is_proven = job.is_proven;
        job.begin_anew(now);
        self.push(others, now, is_proven);
        if is_proven && too_many {
            self.symbols_max = self.symbols_max.min(half);
        }
        true
    }

    /// Asks for the symbols of a request together with those of another, when both have worked and `fits` says of all of them
    /// that one request has room.
    pub fn join(&mut self, number: u64, fits: impl Fn(&[Wanted]) -> bool) {
        let can_join = |job: &super::Job| job.has_worked && !job.is_busy;
        let Some(at) = self.jobs.iter().position(|job| job.number == number) else {
            return;
        };
        let Some(joining) = self.jobs.get(at).filter(|job| can_join(job)) else {
            return;
        };
        let other = self.jobs.iter().position(|job| {
            let count = job.symbols.len() + joining.symbols.len();
            job.number != number && can_join(job) && count <= self.symbols_max && {
                let both = job.symbols.iter().chain(&joining.symbols);
                fits(&both.cloned().collect::<Vec<_>>())
            }
        });
        let Some(other) = other else { return };
        let symbols = self.jobs.remove(at).symbols;
        let other = if other > at { other - 1 } else { other };
        if let Some(job) = self.jobs.get_mut(other) {
            job.symbols.extend(symbols);
            job.validators = super::Validators::default();
            // As a whole it is yet to be seen whether it does.
            job.has_worked = false;
        }
    }
}
