//! Columns of a person's own, evaluated at each bar's close on a thread that no worker waits for.
//!
//! Where the source can wait, every bar is evaluated: a queue that is full makes the source wait. Bars of live data for
//! which there is no room are left out, and told. A column that takes longer than its budget is left out for that bar, and
//! given up when that happens [`STRIKES_MAX`] times in a row to one symbol.

use std::collections::HashMap;
use std::sync::Arc;
use std::sync::atomic::{AtomicU64, Ordering};
use std::thread;
use std::time::Duration;

use crossbeam_channel::{Receiver, Sender, bounded};

use crate::domain::clock::Clock;
use crate::domain::column::ColumnValues;
use crate::domain::outcome::{ErrorInstance, ErrorKind};
use crate::domain::symbol::SymbolId;
use crate::domain::time::UnixMs;

use super::histories::{Histories, SymbolHistory};
use super::outcome::{Batch, ColumnsUpdate, Outcome};

/// Bars that may wait to be evaluated.
const WAITING_MAX: usize = 1024;

/// The stack of a thread that evaluates: an expression may nest deeply. Only what is used takes memory.
pub const STACK_BYTES: usize = 256 << 20;

/// How long a column may take for one bar.
pub const BUDGET: Duration = Duration::from_millis(100);

/// How often in a row a column may fail, or take longer than that.
pub const STRIKES_MAX: u32 = 3;

/// Evaluates the columns of a person's own.
pub trait ColumnEngine: Send + Sync {
    /// What they are called.
    fn names(&self) -> Arc<[String]>;

    /// The value of one of them at the newest bar of `history`.
    ///
    /// # Errors
    /// What is wrong with its expression.
    fn evaluate(&self, column: usize, history: &SymbolHistory) -> Result<Option<f64>, String>;
}

/// A bar that has closed, with its symbol's history at that moment.
#[derive(Debug)]
struct Job {
    bar: UnixMs,
    history: SymbolHistory,
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
    /// A bar has closed.
    pub fn on_close(&self, bar: UnixMs) {
        let Some(history) = self.histories.of(self.id) else {
            return;
        };
        let job = Job { bar, history };
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

/// The queue of bars whose columns are to be evaluated; the thread ends with its last owner.
#[derive(Clone)]
pub(crate) struct ColumnQueue {
    queue: Sender<Job>,
    histories: Arc<Histories>,
    left_out: Arc<AtomicU64>,
}

impl ColumnQueue {
    /// Starts the thread.
    pub fn start(
        engine: Arc<dyn ColumnEngine>,
        histories: &Arc<Histories>,
        clock: &Arc<dyn Clock>,
        results: &Sender<Batch>,
    ) -> std::io::Result<Self> {
        let (queue, jobs) = bounded(WAITING_MAX);
        let names = engine.names();
        let left_out: Arc<AtomicU64> = Arc::default();
        let evaluator = Evaluator {
            given_up: vec![false; names.len()],
            strikes: HashMap::new(),
            names,
            engine,
            clock: Arc::clone(clock),
            results: results.clone(),
            left_out: Arc::clone(&left_out),
        };
        thread::Builder::new()
            .name("columns".to_owned())
            .stack_size(STACK_BYTES)
            .spawn(move || evaluator.run(&jobs))?;
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

struct Evaluator {
    names: Arc<[String]>,
    given_up: Vec<bool>,
    /// How often in a row each column has failed for each symbol.
    strikes: HashMap<(usize, SymbolId), u32>,
    engine: Arc<dyn ColumnEngine>,
    clock: Arc<dyn Clock>,
    results: Sender<Batch>,
    left_out: Arc<AtomicU64>,
}

impl Evaluator {
    fn run(mut self, jobs: &Receiver<Job>) {
        for Job { bar, history } in jobs {
            self.tell_left_out();
            let values = (0..self.names.len())
                .map(|column| self.value(column, &history))
                .collect();
            let update = Outcome::Columns(Box::new(ColumnsUpdate {
                id: history.id,
                time: bar,
                values: Arc::new(ColumnValues {
                    names: Arc::clone(&self.names),
                    values,
                }),
            }));
            if self.results.send(Batch::of_engine(update)).is_err() {
                return;
            }
        }
    }

    fn tell_left_out(&self) {
        let count = self.left_out.swap(0, Ordering::Relaxed);
        if count > 0 {
            let message = format!(
                "{count} bars close faster than your own columns can be evaluated, and have none"
            );
            self.tell(ErrorInstance::new(ErrorKind::Overload, message).as_warning());
        }
    }

    fn value(&mut self, column: usize, history: &SymbolHistory) -> Option<f64> {
        if self.given_up[column] {
            return None;
        }
        let began = self.clock.monotonic();
        let evaluated = self.engine.evaluate(column, history);
        let took = self.clock.monotonic().since(began);
        let trouble = match evaluated {
            Ok(value) if took <= BUDGET => {
                self.strikes.remove(&(column, history.id));
                return value.filter(|value| value.is_finite());
            }
            Ok(_) => format!(
                "it takes longer than {} ms and is left out for this bar",
                BUDGET.as_millis()
            ),
            Err(reason) => reason,
        };
        self.strike(column, history, &trouble);
        None
    }

    fn strike(&mut self, column: usize, history: &SymbolHistory, trouble: &str) {
        let strikes = self.strikes.entry((column, history.id)).or_default();
        *strikes += 1;
        let is_last = *strikes >= STRIKES_MAX;
        self.given_up[column] |= is_last;
        let message = format!("column '{}': {trouble}", self.names[column]);
        let mut error = ErrorInstance::new(ErrorKind::ConfigError, message);
        error.source = Some(history.source.clone());
        error.symbol = Some(history.symbol.clone());
        self.tell(if is_last {
            error.then("it is given up until the program starts again")
        } else {
            error.as_warning()
        });
    }

    fn tell(&self, error: ErrorInstance) {
        let told = Batch::of_engine(Outcome::Error(Box::new(error)));
        // While everything is being shut down nobody listens.
        drop(self.results.send(told));
    }
}

#[cfg(test)]
#[path = "columns/tests.rs"]
mod tests;
