//! Columns of a person's own, evaluated at each bar's close on threads that no worker waits for.
//!
//! Where the source can wait, every bar is evaluated: a queue that is full makes the source wait. Bars of live data for
//! which there is no room are left out, and told. The bars of one symbol are evaluated one after the other, and their
//! values are told in that order; different symbols are evaluated beside one another.
//!
//! A column that takes longer than its budget has no value for that bar. That is told while it is still at work, and its
//! thread is left to itself: another one takes its place, so that nobody else waits for it. A column is given up when it
//! has failed or taken too long [`STRIKES_MAX`] times in a row for one symbol, or when `LOST_MAX` of its evaluations are
//! still at work although each is over its budget: so many threads, and those few that are at it by then, are all that a
//! column which never comes to an end can take.

mod evaluator;
mod foreman;

use std::sync::Arc;
use std::sync::atomic::{AtomicU64, Ordering};
use std::thread;
use std::time::Duration;

use crossbeam_channel::{Sender, bounded};

use crate::compute::indicator::RecentOf;
use crate::domain::clock::Clock;
use crate::domain::column::SQL_STACK_BYTES;
use crate::domain::symbol::SymbolId;
use crate::domain::time::UnixMs;

use super::histories::{Histories, SymbolHistory};
use super::outcome::Batch;

use foreman::Foreman;

/// Bars that may wait to be evaluated.
const WAITING_MAX: usize = 1024;

/// The most threads that evaluate at a time.
const THREADS_MAX: usize = 4;

/// How long a column may take for one bar.
pub const BUDGET: Duration = Duration::from_millis(100);

/// How often in a row a column may fail, or take longer than that.
pub const STRIKES_MAX: u32 = 3;

/// How many evaluations of a column may be over its budget at the same time. It takes more than one turn of all threads
/// to get there, so that a machine that stands still for a moment is not taken for it.
const LOST_MAX: usize = 2 * THREADS_MAX;

/// Does something on a thread with room for SQL that nests deeply, and waits for it.
///
/// # Errors
/// When the system gives no thread, or the work panics.
pub fn with_deep_stack<T: Send>(work: impl FnOnce() -> T + Send) -> std::io::Result<T> {
    thread::scope(|scope| {
        thread::Builder::new()
            .name("sql".to_owned())
            .stack_size(SQL_STACK_BYTES)
            .spawn_scoped(scope, work)?
            .join()
            .map_err(|_| std::io::Error::other("the thread has panicked"))
    })
}

/// Evaluates the columns of a person's own.
pub trait ColumnEngine: Send + Sync {
    /// What they are called.
    fn names(&self) -> Arc<[String]>;

    /// The value of one of them at the newest bar of `history`. Several threads ask at the same time.
    ///
    /// # Errors
    /// What is wrong with its expression.
    fn evaluate(&self, column: usize, history: &SymbolHistory) -> Result<Option<f64>, String>;
}

/// How many threads evaluate columns: half of those that the machine has, and a few at most.
fn threads() -> usize {
    let of_machine = thread::available_parallelism().map_or(1, usize::from);
    (of_machine / 2).clamp(1, THREADS_MAX)
}

/// A bar that has closed, with its symbol's history at that moment.
#[derive(Debug)]
struct Job {
    bar: UnixMs,
    history: Arc<SymbolHistory>,
}

/// How a worker has its symbol's columns evaluated.
#[derive(Clone)]
pub(crate) struct ColumnDesk {
    id: SymbolId,
    may_wait: bool,
    queue: Sender<Job>,
    histories: Arc<Histories>,
    left_out: Arc<AtomicU64>,
}

impl ColumnDesk {
    /// A bar has closed, or a closed one has been corrected: `bar` is its time in results, and `recent` what the symbol's
    /// indicators are at its newest bars.
    pub fn on_close(&self, bar: UnixMs, start: UnixMs, recent: Vec<RecentOf>) {
        let Some(mut history) = self.histories.of(self.id) else {
            return;
        };
        history.bars = history.bars.until(start);
        history.recent = recent;
        let job = Job {
            bar,
            history: Arc::new(history),
        };
        let has_room = if self.may_wait {
            self.queue.send(job).is_ok()
        } else {
            self.queue.try_send(job).is_ok()
        };
        if !has_room {
            self.left_out.fetch_add(1, Ordering::Relaxed);
        }
    }
}

/// The queue of bars whose columns are to be evaluated; its threads end with its last owner.
#[derive(Clone)]
pub(crate) struct ColumnQueue {
    queue: Sender<Job>,
    histories: Arc<Histories>,
    left_out: Arc<AtomicU64>,
}

impl ColumnQueue {
    /// Starts the threads.
    pub fn start(
        engine: Arc<dyn ColumnEngine>,
        histories: &Arc<Histories>,
        clock: &Arc<dyn Clock>,
        results: &Sender<Batch>,
    ) -> std::io::Result<Self> {
        Self::start_on(threads(), engine, histories, clock, results)
    }

    /// One thread that hands out the work, and up to `threads` that do it at a time.
    fn start_on(
        threads: usize,
        engine: Arc<dyn ColumnEngine>,
        histories: &Arc<Histories>,
        clock: &Arc<dyn Clock>,
        results: &Sender<Batch>,
    ) -> std::io::Result<Self> {
        let (queue, jobs) = bounded(WAITING_MAX);
        let left_out: Arc<AtomicU64> = Arc::default();
        let foreman = Foreman::new(
            engine,
            threads,
            Arc::clone(clock),
            results.clone(),
            Arc::clone(&left_out),
        )?;
        thread::Builder::new()
            .name("columns".to_owned())
            .spawn(move || foreman.run(&jobs))?;
        Ok(Self {
            queue,
            histories: Arc::clone(histories),
            left_out,
        })
    }

    /// The desk of one symbol; whether its source can wait.
    pub fn desk(&self, id: SymbolId, may_wait: bool) -> ColumnDesk {
        ColumnDesk {
            id,
            may_wait,
            queue: self.queue.clone(),
            histories: Arc::clone(&self.histories),
            left_out: Arc::clone(&self.left_out),
        }
    }
}

#[cfg(test)]
#[path = "columns/tests.rs"]
mod tests;
