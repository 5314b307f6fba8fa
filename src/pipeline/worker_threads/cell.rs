//! One symbol's worker with its mailbox, and the count of what is under way.

use std::sync::atomic::{AtomicBool, AtomicU64, Ordering};
use std::sync::{Arc, Mutex};

use crate::domain::clock::Nanos;
use crate::domain::source::SourceIndex;

use super::super::mailbox::Mailbox;
use super::super::symbol_worker::{SymbolWorker, WorkerContext};
use super::lock;

/// How many of a source's events have been handed to workers and not yet been answered for.
#[derive(Debug, Default)]
pub(crate) struct InFlight {
    events: AtomicU64,
    /// Tell the process supervisor when no more than this many are left; `u64::MAX` is "do not".
    notify_at: AtomicU64,
}

impl InFlight {
    pub fn new() -> Self {
        Self {
            events: AtomicU64::new(0),
            notify_at: AtomicU64::new(u64::MAX),
        }
    }

    pub fn add(&self, events: u64) {
        self.events.fetch_add(events, Ordering::SeqCst);
    }

    pub fn get(&self) -> u64 {
        self.events.load(Ordering::SeqCst)
    }

    /// Asks for word when at most `level` are left. `true` when that is so already, and then no word comes for it.
    pub fn notify_at(&self, level: u64) -> bool {
        self.notify_at.store(level, Ordering::SeqCst);
        // Whoever takes the request back answers it: this, or the worker that got there first.
        self.get() <= level && self.take_request(level)
    }

    fn take_request(&self, level: u64) -> bool {
        self.notify_at
            .compare_exchange(level, u64::MAX, Ordering::SeqCst, Ordering::SeqCst)
            .is_ok()
    }

    /// Answers for `events`, which have been processed, merged or dropped; `true` when word has to be sent.
    pub fn finish(&self, events: u64) -> bool {
        let left = self.events.fetch_sub(events, Ordering::SeqCst) - events;
        let level = self.notify_at.load(Ordering::SeqCst);
        level != u64::MAX && left <= level && self.take_request(level)
    }
}

/// One symbol's worker with its mailbox.
pub(crate) struct WorkerCell {
    pub context: WorkerContext,
    pub source: SourceIndex,
    pub(super) in_flight: Arc<InFlight>,
    pub(super) inbox: Mutex<Inbox>,
    pub(super) state: Mutex<WorkerState>,
    /// The thread that is this symbol's own.
    pub(super) home: Option<usize>,
    /// Whether the process supervisor waits for room.
    pub(super) room_wanted: AtomicBool,
}

pub(super) struct Inbox {
    pub mailbox: Mailbox,
    pub is_scheduled: bool,
}

pub(super) struct WorkerState {
    /// `None` for a moment while it is replaced, and after the symbol has been removed.
    pub worker: Option<SymbolWorker>,
    pub panics: Vec<Nanos>,
    pub is_quarantined: bool,
}

impl WorkerCell {
    /// Puts things into the mailbox. Whether the cell has to be scheduled now.
    #[must_use]
    pub fn with_mailbox(&self, put: impl FnOnce(&mut Mailbox)) -> bool {
        let mut inbox = lock(&self.inbox);
        put(&mut inbox.mailbox);
        self.context.meters.backlog.set(inbox.mailbox.len() as u64);
        if inbox.mailbox.is_empty() || inbox.is_scheduled {
            return false;
        }
        inbox.is_scheduled = true;
        true
    }

    pub fn want_room(&self) {
        self.room_wanted.store(true, Ordering::SeqCst);
    }
}
