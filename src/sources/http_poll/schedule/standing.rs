//! What it means that the endpoint does not give what a request is for.

use std::time::Duration;

use super::Schedule;
use super::job::{Job, Standing};

/// What it means that a request is not allowed.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Denial {
    /// Others work, and this never has: it is about this one.
    OfThis,
    /// Nobody knows yet.
    Open,
    /// It is about all of them.
    OfAll,
}

/// What it means that the endpoint does not have what a request is for.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Refusal {
    /// It has had it before: it may have it again.
    Again,
    /// The symbols are asked for in two requests from now on, to find out which of them it is.
    Split,
    /// It is not asked again.
    Final,
    /// It has nothing of all that was asked for.
    OfAll,
}

/// So many requests that are not allowed, and none that has worked, say that none ever will.
const DENIED_MAX: usize = 3;

/// What has worked is not allowed any more when that has been said so often in a row.
const DENIALS_MIN: u32 = 3;

/// What has worked for many symbols is taken apart when it has been refused so often in a row.
const REFUSALS_MIN: u32 = 3;

/// So many requests may be refused before any has worked.
pub(super) const REFUSALS_MAX: u32 = 16;

impl Schedule {
    /// The endpoint says that a request is not allowed. `can_split` says that it may be about some of its symbols.
    pub fn deny(&mut self, number: u64, can_split: bool) -> Denial {
        let is_worth_splitting = !self.has_worked && self.refusals < REFUSALS_MAX;
        let Some(job) = self.job(number) else {
            return Denial::Open;
        };
        job.denials += 1;
        let has_worked = job.has_worked || job.is_proven;
        if can_split && is_worth_splitting && job.symbols.len() > 1 {
            return Denial::OfThis;
        }
        if has_worked && job.denials < DENIALS_MIN {
            return Denial::Open;
        }
        job.standing = Standing::Denied;
        if self.alive().any(|job| job.standing == Standing::Works) {
            return if has_worked {
                Denial::Open
            } else {
                Denial::OfThis
            };
        }
        let is_denied = |job: &&Job| job.standing == Standing::Denied;
        let denied = self.alive().filter(is_denied).count();
        if denied >= self.alive().count().min(DENIED_MAX) {
            Denial::OfAll
        } else {
            Denial::Open
        }
    }

    /// The endpoint does not have what a request is for.
    pub fn refuse(&mut self, number: u64, can_split: bool, now: Duration) -> Refusal {
        self.refusals += 1;
        let is_hopeless = !self.has_worked && self.refusals >= REFUSALS_MAX;
        let Some(job) = self.job(number) else {
            return Refusal::Final;
        };
        job.refusals += 1;
        let is_for_many = can_split && job.symbols.len() > 1;
        // What has worked may work again, unless it is one of many that has gone.
        let may_have_gone = is_for_many && job.refusals >= REFUSALS_MIN;
        if (job.has_worked && !may_have_gone) || (job.is_proven && job.symbols.len() == 1) {
            return Refusal::Again;
        }
        if is_for_many {
            if is_hopeless {
                return Refusal::OfAll;
            }
            // Asked for together for the first time, they may be too many.
            let too_many = !job.has_worked;
            self.split(number, too_many, now);
            return Refusal::Split;
        }
        job.standing = Standing::Refused;
        self.reopen(number, now);
        if self.has_worked || self.alive().next().is_some() {
            Refusal::Final
        } else {
            Refusal::OfAll
        }
    }
}
