//! The memory that all histories take together.

use std::sync::Arc;
use std::sync::atomic::{AtomicU64, Ordering};

/// What memory is taken for. Each kind is sure of half of the budget, and may use what the other leaves.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Keep {
    /// Bars.
    Bars,
    /// Quotes and trades.
    Ticks,
}

/// The memory that the histories of all symbols may take together.
#[derive(Debug)]
pub struct HistoryBudget {
    limit_bytes: u64,
    used_bytes: AtomicU64,
    tick_bytes: AtomicU64,
    /// Histories that hold something.
    stores: AtomicU64,
}

impl HistoryBudget {
    /// A budget of `limit_bytes`.
    #[must_use]
    pub fn new(limit_bytes: u64) -> Self {
        Self {
            limit_bytes,
            used_bytes: AtomicU64::new(0),
            tick_bytes: AtomicU64::new(0),
            stores: AtomicU64::new(0),
        }
    }

    /// Bytes taken now.
    #[must_use]
    pub fn used_bytes(&self) -> u64 {
        self.used_bytes.load(Ordering::Relaxed)
    }

    /// The most bytes that may be taken.
    #[must_use]
    pub fn limit_bytes(&self) -> u64 {
        self.limit_bytes
    }

    /// Whether so many bytes more may be taken.
    #[must_use]
    pub fn has_room(&self, bytes: u64) -> bool {
        self.used_bytes().saturating_add(bytes) <= self.limit_bytes
    }

    /// What has to give way when `keep` needs memory and there is none: the other, when that has more than its half.
    #[must_use]
    pub fn gives_way(&self, keep: Keep) -> Keep {
        let ticks = self.tick_bytes.load(Ordering::Relaxed);
        let half = self.limit_bytes / 2;
        match keep {
            Keep::Bars if ticks > half => Keep::Ticks,
            Keep::Ticks if self.used_bytes().saturating_sub(ticks) > half => Keep::Bars,
            keep => keep,
        }
    }

    /// What each history could have if all had the same, in bytes.
    pub(super) fn share_bytes(&self) -> u64 {
        self.limit_bytes / self.stores.load(Ordering::Relaxed).max(1)
    }
}

/// What one history has taken of the budget. Dropping it gives everything back.
#[derive(Debug)]
pub(in super::super) struct Account {
    budget: Arc<HistoryBudget>,
    keep: Keep,
    taken_bytes: u64,
}

impl Account {
    pub fn new(budget: Arc<HistoryBudget>, keep: Keep) -> Self {
        Self {
            budget,
            keep,
            taken_bytes: 0,
        }
    }

    pub fn budget(&self) -> &Arc<HistoryBudget> {
        &self.budget
    }

    /// Takes memory if there is enough; whether there was.
    pub fn take(&mut self, bytes: u64) -> bool {
        let budget = &self.budget;
        let taken = budget
            .used_bytes
            .fetch_update(Ordering::Relaxed, Ordering::Relaxed, |used| {
                let after = used.checked_add(bytes)?;
                (after <= budget.limit_bytes).then_some(after)
            });
        if taken.is_ok() {
            self.note_taken(bytes);
        }
        taken.is_ok()
    }

    /// Takes memory whether there is enough or not.
    pub(super) fn take_anyway(&mut self, bytes: u64) {
        self.budget.used_bytes.fetch_add(bytes, Ordering::Relaxed);
        self.note_taken(bytes);
    }

    fn note_taken(&mut self, bytes: u64) {
        if self.keep == Keep::Ticks {
            self.budget.tick_bytes.fetch_add(bytes, Ordering::Relaxed);
        }
        if self.taken_bytes == 0 && bytes > 0 {
            self.budget.stores.fetch_add(1, Ordering::Relaxed);
        }
        self.taken_bytes += bytes;
    }

    /// Gives memory back.
    pub fn give_back(&mut self, bytes: u64) {
        let bytes = bytes.min(self.taken_bytes);
        if bytes == 0 {
            return;
        }
        self.taken_bytes -= bytes;
        self.budget.used_bytes.fetch_sub(bytes, Ordering::Relaxed);
        if self.keep == Keep::Ticks {
            self.budget.tick_bytes.fetch_sub(bytes, Ordering::Relaxed);
        }
        if self.taken_bytes == 0 {
            self.budget.stores.fetch_sub(1, Ordering::Relaxed);
        }
    }

    pub(super) fn give_back_all(&mut self) {
        self.give_back(self.taken_bytes);
    }

    pub fn taken_bytes(&self) -> u64 {
        self.taken_bytes
    }
}

impl Drop for Account {
    fn drop(&mut self) {
        self.give_back_all();
    }
}
