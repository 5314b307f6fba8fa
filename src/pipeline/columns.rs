//! Columns of a person's own, evaluated at each bar's close on a thread that no worker waits for.
//!
//! A symbol stands in the queue once: when bars close faster than they can be evaluated, the newest counts. A column that
//! takes longer than its budget is left out for that bar, and given up after [`STRIKES_MAX`] times.

use std::sync::Arc;
use std::sync::atomic::{AtomicBool, AtomicI64, Ordering};
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

/// Symbols that may wait to be evaluated.
const WAITING_MAX: usize = 16_384;

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

/// A symbol's place in the queue.
#[derive(Debug)]
struct Ticket {
    id: SymbolId,
    /// Whether it waits already.
    is_waiting: AtomicBool,
    /// The time of its newest bar in results.
    bar: AtomicI64,
}

/// How a worker has its symbol's columns evaluated.
#[derive(Debug, Clone)]
pub(crate) struct ColumnDesk {
    ticket: Arc<Ticket>,
    queue: Sender<Arc<Ticket>>,
}

impl ColumnDesk {
    /// A bar has closed.
    pub fn on_close(&self, bar: UnixMs) {
        self.ticket.bar.store(bar.0, Ordering::Release);
        if !self.ticket.is_waiting.swap(true, Ordering::AcqRel)
            && self.queue.try_send(Arc::clone(&self.ticket)).is_err()
        {
            // Too many are waiting: the next bar will ask again.
            self.ticket.is_waiting.store(false, Ordering::Release);
        }
    }
}

/// The queue of symbols whose columns are to be evaluated; the thread ends with its last owner.
#[derive(Debug, Clone)]
pub(crate) struct ColumnQueue(Sender<Arc<Ticket>>);

impl ColumnQueue {
    /// Starts the thread.
    pub fn start(
        engine: Arc<dyn ColumnEngine>,
        histories: &Arc<Histories>,
        clock: &Arc<dyn Clock>,
        results: &Sender<Batch>,
    ) -> std::io::Result<Self> {
        let (queue, tickets) = bounded(WAITING_MAX);
        let names = engine.names();
        let evaluator = Evaluator {
            strikes: vec![0; names.len()],
            names,
            engine,
            histories: Arc::clone(histories),
            clock: Arc::clone(clock),
            results: results.clone(),
        };
        thread::Builder::new()
            .name("columns".to_owned())
            .spawn(move || evaluator.run(&tickets))?;
        Ok(Self(queue))
    }

    /// The desk of one symbol.
    pub fn desk(&self, id: SymbolId) -> ColumnDesk {
        ColumnDesk {
            ticket: Arc::new(Ticket {
                id,
                is_waiting: AtomicBool::new(false),
                bar: AtomicI64::new(0),
            }),
            queue: self.0.clone(),
        }
    }
}

struct Evaluator {
    names: Arc<[String]>,
    /// How often in a row each has failed; at [`STRIKES_MAX`] it is given up.
    strikes: Vec<u32>,
    engine: Arc<dyn ColumnEngine>,
    histories: Arc<Histories>,
    clock: Arc<dyn Clock>,
    results: Sender<Batch>,
}

impl Evaluator {
    fn run(mut self, tickets: &Receiver<Arc<Ticket>>) {
        for ticket in tickets {
            // From here on a further bar is a further turn.
            ticket.is_waiting.store(false, Ordering::Release);
            let bar = UnixMs(ticket.bar.load(Ordering::Acquire));
            let Some(history) = self.histories.of(ticket.id) else {
                continue;
            };
            let values = (0..self.names.len())
                .map(|column| self.value(column, &history))
                .collect();
            let update = Outcome::Columns(Box::new(ColumnsUpdate {
                id: ticket.id,
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

    fn value(&mut self, column: usize, history: &SymbolHistory) -> Option<f64> {
        if self.strikes[column] >= STRIKES_MAX {
            return None;
        }
        let began = self.clock.monotonic();
        let evaluated = self.engine.evaluate(column, history);
        let took = self.clock.monotonic().since(began);
        let trouble = match evaluated {
            Ok(value) if took <= BUDGET => {
                self.strikes[column] = 0;
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
        self.strikes[column] += 1;
        let name = &self.names[column];
        let is_last = self.strikes[column] >= STRIKES_MAX;
        let message = format!("column '{name}': {trouble}");
        let mut error = ErrorInstance::new(ErrorKind::ConfigError, message);
        error.source = Some(history.source.clone());
        error.symbol = Some(history.symbol.clone());
        if is_last {
            error = error.then("it is given up until the program starts again");
        } else {
            error = error.as_warning();
        }
        let told = Batch::of_engine(Outcome::Error(Box::new(error)));
        // While everything is being shut down nobody listens.
        drop(self.results.send(told));
    }
}

#[cfg(test)]
#[path = "columns/tests.rs"]
mod tests;
