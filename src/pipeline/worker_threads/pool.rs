//! Which threads there are, and which of them is free.

use std::collections::VecDeque;
use std::sync::Arc;
use std::sync::atomic::{AtomicU32, AtomicU64, Ordering};
use std::thread::JoinHandle;

use crossbeam_channel::Sender;

use crate::domain::clock::Nanos;
use crate::domain::symbol::SymbolId;

use super::cell::WorkerCell;

/// What a thread is doing, for whoever wants to know whether it is stuck.
#[derive(Debug, Default)]
pub(crate) struct ThreadMeter {
    /// The symbol that it runs; meaningless while `busy_since` is zero.
    pub(super) symbol: AtomicU32,
    /// When its present turn began, in monotonic nanoseconds; zero between turns.
    pub(super) busy_since: AtomicU64,
}

impl ThreadMeter {
    /// The symbol that it is on, and since when.
    pub fn busy(&self) -> Option<(SymbolId, Nanos)> {
        match self.busy_since.load(Ordering::Relaxed) {
            0 => None,
            since => Some((SymbolId(self.symbol.load(Ordering::Relaxed)), Nanos(since))),
        }
    }
}

pub(super) struct ThreadSlot {
    pub work: Sender<Arc<WorkerCell>>,
    pub meter: Arc<ThreadMeter>,
    pub handle: JoinHandle<()>,
    pub is_idle: bool,
}

#[derive(Default)]
pub(super) struct PoolState {
    pub run_queue: VecDeque<Arc<WorkerCell>>,
    pub threads: Vec<Option<ThreadSlot>>,
    /// Idle threads, the one that became so last at the end; entries may be out of date.
    pub idle: Vec<usize>,
    /// How many threads are idle.
    pub idle_count: usize,
    /// Workers hired and not released.
    pub symbols: usize,
    /// How often a worker has been taken from the run queue, and how often at the last look at it.
    pub taken: u64,
    pub taken_before: u64,
    pub finished: Vec<JoinHandle<()>>,
}

impl PoolState {
    pub fn take_idle(&mut self) -> Option<usize> {
        while let Some(at) = self.idle.pop() {
            if let Some(Some(slot)) = self.threads.get_mut(at)
                && slot.is_idle
            {
                slot.is_idle = false;
                self.idle_count -= 1;
                return Some(at);
            }
        }
        None
    }

    pub fn take_home(&mut self, home: Option<usize>) -> Option<usize> {
        let at = home?;
        let slot = self.threads.get_mut(at)?.as_mut()?;
        let was_idle = std::mem::take(&mut slot.is_idle);
        self.idle_count -= usize::from(was_idle);
        was_idle.then_some(at)
    }

    pub fn running(&self) -> usize {
        self.threads.iter().flatten().count()
    }

    /// Whether there are more symbols than threads, so that they take turns.
    pub fn is_shared(&self) -> bool {
        self.symbols > self.threads.len()
    }

    pub fn set_idle(&mut self, at: usize, meter: &Arc<ThreadMeter>) {
        // The place may have gone to another thread since this one was let go.
        match self.threads.get_mut(at) {
            Some(Some(slot)) if Arc::ptr_eq(&slot.meter, meter) => slot.is_idle = true,
            _ => return,
        }
        self.idle_count += 1;
        if self.idle.len() > 4 * self.threads.len() + 16 {
            let threads = &self.threads;
            let mut seen = vec![false; threads.len()];
            self.idle.retain(|&at| {
                let keep = threads[at].as_ref().is_some_and(|slot| slot.is_idle) && !seen[at];
                seen[at] = true;
                keep
            });
        }
        self.idle.push(at);
    }
}
