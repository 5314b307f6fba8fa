//! One request, and what is known of it.

use std::time::Duration;

use super::Wanted;
use crate::pipeline::backoff::Backoff;

/// A request that is made again and again.
#[derive(Debug)]
pub struct Job {
    /// Its number here, which no other has.
    pub number: u64,
    /// The symbols that it is for.
    pub symbols: Vec<Wanted>,
    /// What the last answer was called, so that the next one need not come if it is the same.
    pub validators: Validators,
    /// When its period is over.
    pub(super) due: Duration,
    /// After a failure it is not made before.
    pub(super) held_until: Duration,
    pub(super) begun: Option<Duration>,
    pub(super) is_busy: bool,
    pub(super) standing: Standing,
    /// Whether it has led to an answer, in this form.
    pub(super) has_worked: bool,
    /// Whether each of its symbols has been in a request that led to an answer.
    pub(super) is_proven: bool,
    /// How often in a row it was not allowed.
    pub(super) denials: u32,
    /// How often in a row the endpoint did not have what it is for.
    pub(super) refusals: u32,
    /// How often in a row its turn came much too late.
    pub(super) late: u32,
    pub(super) backoff: Backoff,
}

/// What is known of a request.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Standing {
    /// Nothing yet.
    Untried,
    /// It leads to answers.
    Works,
    /// The endpoint says that it is not allowed.
    Denied,
    /// It is not made again.
    Refused,
}

/// What an answer was called.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct Validators {
    /// `ETag`.
    pub etag: Option<String>,
    /// `Last-Modified`.
    pub last_modified: Option<String>,
}

impl Job {
    pub(super) fn is_refused(&self) -> bool {
        self.standing == Standing::Refused
    }

    pub(super) fn ready_at(&self) -> Duration {
        self.due.max(self.held_until)
    }

    pub(super) fn begin_anew(&mut self, due: Duration) {
        self.due = due;
        self.held_until = Duration::ZERO;
        self.standing = Standing::Untried;
        self.has_worked = false;
        self.denials = 0;
        self.refusals = 0;
        self.late = 0;
        self.validators = Validators::default();
        self.backoff.succeeded();
    }
}
