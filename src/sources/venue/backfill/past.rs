//! One symbol's bars from before: what is known, what is being asked for, and what an answer means.

use serde::{Deserialize, Serialize};

use super::super::reading::shortened;
use super::super::{Answer, Notice, Output, Protocol, Request};
use super::Page;
use crate::decode::Rejection;
use crate::domain::bar::PastBar;
use crate::domain::event::{Event, Payload};
use crate::domain::outcome::{ErrorInstance, ErrorKind};
use crate::domain::symbol::{Symbol, SymbolId};
use crate::domain::time::UnixMs;

/// Answers that are asked for one after the other at the most.
const PAGES_MAX: u32 = 250;
/// How often a request is made anew after a failure.
pub(super) const RETRIES_MAX: u32 = 4;
/// The first wait before that; it doubles.
const RETRY_MS: i64 = 5000;

/// What is being asked for of a symbol.
#[derive(Debug, Clone, Copy, Serialize, Deserialize)]
pub(super) struct Task {
    from: UnixMs,
    until: UnixMs,
    left: u32,
    pages: u32,
    retries: u32,
    pub(super) retry_at: Option<UnixMs>,
    covers_from: UnixMs,
    full: Option<u32>,
    /// Whether all that is wanted will have come with it.
    is_whole: bool,
}

/// What is known of a symbol's bars.
#[derive(Debug)]
pub(super) struct Past {
    pub(super) symbol: Symbol,
    pub(super) id: SymbolId,
    /// Start of the newest bar known, which may not have been over.
    pub(super) newest: Option<UnixMs>,
    /// Start of the first bar that the stream of this connection has given.
    pub(super) first_live: Option<UnixMs>,
    /// A minute that was joined midway.
    pub(super) joined: Option<UnixMs>,
    /// Whether all that is wanted has come.
    pub(super) is_filled: bool,
    pub(super) task: Option<Task>,
}

/// The number of a symbol's requests: FNV-1a of its name, so that an answer means the same in a recording that begins in
/// the middle of things.
pub(super) fn number(symbol: &Symbol) -> u64 {
    let name = "past of ".bytes().chain(symbol.as_str().bytes());
    name.fold(0xcbf2_9ce4_8422_2325_u64, |hash, byte| {
        (hash ^ u64::from(byte)).wrapping_mul(0x0100_0000_01b3)
    })
}

impl Task {
    pub(super) fn new(from: UnixMs, until: UnixMs, left: u32, is_whole: bool) -> Self {
        Self {
            from,
            until,
            left,
            pages: 0,
            retries: 0,
            retry_at: None,
            covers_from: from,
            full: None,
            is_whole,
        }
    }
}

impl Past {
    pub(super) fn ask(&mut self, mut task: Task, protocol: &dyn Protocol, output: &mut Output) {
        let page = Page {
            from: task.from,
            until: task.until,
            rows: task.left,
        };
        let Some(request) = protocol.ask_past(self.id, &page) else {
            self.task = None;
            return;
        };
        task.covers_from = request.covers_from;
        task.full = request.full;
        task.retry_at = None;
        self.task = Some(task);
        output.ask.push(Request {
            id: number(&self.symbol),
            path: request.path,
            headers: request.headers,
            weight: request.weight,
        });
    }

    /// Takes the bars of an answer; gives what is to be asked for next.
    pub(super) fn take(
        &mut self,
        mut bars: Vec<PastBar>,
        (builds, interval_ms): (bool, i64),
        output: &mut Output,
    ) -> Option<Task> {
        bars.sort_by_key(|bar| bar.start);
        bars.dedup_by_key(|bar| bar.start);
        let (count, oldest) = (bars.len(), bars.first().map(|bar| bar.start));
        // A recording that begins in the middle holds answers to what was asked before.
        let task = self.task.take();
        if let Some(task) = task {
            bars.retain(|bar| task.from <= bar.start && bar.start < task.until);
            let left = usize::try_from(task.left).unwrap_or(usize::MAX);
            bars.drain(..bars.len().saturating_sub(left));
        }
        let taken = u32::try_from(bars.len()).unwrap_or(u32::MAX);
        if let Some(first_live) = self.first_live.filter(|_| !builds) {
            bars.retain(|bar| bar.start < first_live);
        }
        if let Some(newest) = bars.last().map(|bar| bar.start) {
            self.newest = self.newest.max(Some(newest));
            let mut give = |time, payload| {
                output.events.push(Event {
                    symbol: self.id,
                    time,
                    payload,
                });
            };
            if builds {
                // What was built of them so far is given out first, and then replaced.
                give(Some(newest.plus_ms(interval_ms)), Payload::Clock);
            }
            give(None, Payload::PastBars(bars.into_boxed_slice()));
        }
        let mut task = task?;
        let is_full = task.full.is_some_and(|full| count >= full as usize);
        let until = oldest.filter(|_| is_full).unwrap_or(task.covers_from);
        task.left = task.left.saturating_sub(taken);
        task.pages += 1;
        task.retries = 0;
        if task.left > 0 && task.from < until && until < task.until && task.pages < PAGES_MAX {
            task.until = until;
            return Some(task);
        }
        self.is_filled |= task.is_whole;
        None
    }

    pub(super) fn failed(
        &mut self,
        answer: &Answer<'_>,
        rejection: Option<&Rejection>,
        now: UnixMs,
        output: &mut Output,
    ) {
        let words = shortened(&String::from_utf8_lossy(answer.body));
        let (kind, words) = match (rejection, answer.status) {
            (Some(rejection), _) => (rejection.kind, rejection.reason.clone()),
            (None, 0) => (ErrorKind::ConnectionError, words),
            (None, status) => {
                let kind = match status {
                    401 | 403 => ErrorKind::AuthError,
                    418 | 429 => ErrorKind::RateLimited,
                    _ => ErrorKind::ConnectionError,
                };
                (kind, format!("HTTP {status}: {words}"))
            }
        };
        let is_hopeless = matches!(answer.status, 400..=417 | 419..=428 | 430..=499);
        let retry_ms = answer
            .retry_after
            .and_then(|wait| i64::try_from(wait.as_millis()).ok());
        let next = match &mut self.task {
            Some(task) if !is_hopeless && task.retries < RETRIES_MAX => {
                let wait_ms = retry_ms.unwrap_or(0).max(RETRY_MS << task.retries);
                task.retries += 1;
                task.retry_at = Some(now.plus_ms(wait_ms));
                format!("live data goes on; asking again in {} s", wait_ms / 1000)
            }
            task => {
                *task = None;
                "live data goes on; check what the account may ask for, rest_url= and backfill=; it is tried again with the next connection"
                    .to_owned()
            }
        };
        let message = format!("the bars from before could not be fetched ({words})");
        let mut error = ErrorInstance::new(kind, message).as_warning().then(next);
        error.symbol = Some(self.symbol.clone());
        output.notices.push(Notice::Error(error));
    }
}
